"""A line that was set up, kept in a file beside the database, so that the next start takes it.

The file is stamped with all that the line was made from (content, settings, code, libraries), and
it is signed with the key that contacts are hashed with: reading it runs what stands in it, so a
file that somebody else wrote is never read.
"""

import hashlib
import hmac
import logging
import os
import pickle
import platform
import tempfile
from contextlib import suppress
from importlib.metadata import version
from pathlib import Path
from typing import Final

from bot.config import Config
from bot.keys import beside_database, contact_secret
from bot.line import Line
from bot.revision import fingerprint, revision_of

PURPOSE: Final = b"answerline: a line that was set up"
"""Keeps this use of the key apart from others."""

LIBRARIES: Final = ("babel", "marisa-trie", "msgspec", "rapidfuzz", "regex")
"""Those whose objects or data are in a line."""

_PACKAGE: Final = Path(__file__).resolve().parent
_MARK, _STAMP = 32, 64

log = logging.getLogger(__name__)


def line_of(config: Config) -> Line:
    """Give the line that the settings describe: the one that is kept, or one made now and kept.

    Raises what `making.make_line` raises.
    """
    return kept(config) or prepare(config)


def kept(config: Config) -> Line | None:
    """Give the line that is kept, if it was made from just this."""
    body = _body(config)
    if body is None:
        return None
    line: Line = pickle.loads(body)  # noqa: S301 - signed by ourselves, and just checked
    return line


def is_kept(config: Config) -> bool:
    """Tell whether a line is kept that was made from just this."""
    return _body(config) is not None


def prepare(config: Config) -> Line:
    """Make a line, and keep it for the next start where that can be."""
    from bot.making import make_line  # noqa: PLC0415 - most starts do without reading content

    before = stamp_of(config)
    line = make_line(config).light()
    if stamp_of(config) == before:
        _keep(config, before + pickle.dumps(line, pickle.HIGHEST_PROTOCOL))
    return line


def stamp_of(config: Config) -> bytes:
    """Give a fingerprint of all that a line is made from: 64 characters."""
    parts = [
        revision_of(config.content), fingerprint(_PACKAGE, _PACKAGE.rglob("*.py")),
        platform.python_version(), *(f"{name} {version(name)}" for name in LIBRARIES),
        config.public_base_url, str(config.gsm7_segments), str(config.ucs2_segments),
        config.translations, ",".join(config.fold),
    ]  # fmt: skip
    return hashlib.sha256("\0".join(parts).encode()).hexdigest().encode()


def _body(config: Config) -> memoryview | None:
    """Give what is kept, if we have written it ourselves, from just this."""
    try:
        data = memoryview(_file(config).read_bytes())
    except OSError:
        return None
    signed = data[_MARK:]
    if not hmac.compare_digest(data[:_MARK], _mark(config, signed)):
        return None
    return signed[_STAMP:] if signed[:_STAMP] == stamp_of(config) else None


def _keep(config: Config, data: bytes) -> None:
    """Write the file for its owner alone, whole or not at all."""
    path = _file(config)
    name = ""
    try:
        handle, name = tempfile.mkstemp(dir=path.parent)  # mode 0600
        with os.fdopen(handle, "wb") as file:
            file.write(_mark(config, data) + data)
        os.replace(name, path)
    except OSError as error:
        with suppress(OSError):
            os.unlink(name)
        log.warning("%s: the line could not be kept, so each start takes longer: %s", path, error)


def _file(config: Config) -> Path:
    return beside_database(config, "line")


def _mark(config: Config, data: bytes | memoryview) -> bytes:
    return hmac.digest(hmac.digest(contact_secret(config), PURPOSE, "sha256"), data, "sha256")
