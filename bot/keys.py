"""Secrets that a first run makes for itself: files beside the database, for their owner only."""

import os
import secrets
import tempfile
from pathlib import Path

from bot.config import SHORTEST_KEY


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
