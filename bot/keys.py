"""Secrets that a first run makes for itself: files beside the database, for their owner only."""

import logging
import os
import secrets
import tempfile
from pathlib import Path

from bot.config import SHORTEST_KEY, Config
from bot.store import StoreError, is_address

log = logging.getLogger(__name__)


def own_secret(path: Path) -> tuple[str, bool]:
    """Read the secret in a file, or make it; tells also whether it was made now.

    Made once, also by several processes at the same instant: the file is written elsewhere and
    linked to its name, which fails for all but the first. Raises OSError where the folder cannot
    be written, and ValueError for a file that others may read.
    """
    made = False
    if not path.exists():
        handle, name = tempfile.mkstemp(dir=path.parent)  # mode 0600
        try:
            with os.fdopen(handle, "w", encoding="ascii") as file:
                file.write(secrets.token_hex(32) + "\n")
            os.link(name, path)
            made = True
        except FileExistsError:
            pass
        finally:
            os.unlink(name)
    if path.stat().st_mode & 0o077:
        raise ValueError(f"{path} can be read by others; run: chmod 600 {path}")
    secret = path.read_text(encoding="ascii").strip()
    if len(secret) < SHORTEST_KEY:
        raise ValueError(f"{path} holds no secret; remove it, and a new one is made")
    return secret, made


def contact_secret(config: Config) -> bytes:
    """Give the key that contacts are hashed with: the setting, or one made beside the database."""
    if config.key:
        return config.key.encode()
    if is_address(config.database):
        raise StoreError(
            "ANSWERLINE_KEY is not set: all machines that share a database need the same one"
        )
    path = beside_database(config, "key")
    try:
        secret, made = own_secret(path)
    except (OSError, ValueError) as error:
        raise StoreError(f"ANSWERLINE_KEY is not set, and no key could be kept: {error}") from error
    if made:
        log.warning(
            "ANSWERLINE_KEY is not set: made a key in %s. Keep it with the database; without it "
            "no contact, and no opt-out, is known again.", path,
        )  # fmt: skip
    return secret.encode()


def beside_database(config: Config, suffix: str) -> Path:
    """Name a file beside the database: `answerline.db` and `key` give `answerline.key`."""
    file = "answerline.db" if is_address(config.database) else config.database
    return Path(file).with_suffix(f".{suffix}")
