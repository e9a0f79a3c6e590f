"""Which content it is: a fingerprint of every file of it, told with each reply."""

import hashlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Final

APART: Final = frozenset({"console.po", "console.pot"})
"""Files under locales/ that are no content: the words of the console."""


def revision_of(content: Path) -> str:
    """Give a fingerprint of messages/ and locales/ under a folder, as 64 hexadecimal digits."""
    folders = (content / "messages", content / "locales")
    paths = (path for folder in folders for path in folder.rglob("*.*"))
    return fingerprint(content, (path for path in paths if path.name not in APART))


def fingerprint(root: Path, paths: Iterable[Path]) -> str:
    """Give a fingerprint of files, by their names under `root` and what is in them."""
    found = hashlib.sha256()
    for path in sorted(paths):
        with suppress(OSError):  # what cannot be read is reported by whoever needs it
            content = path.read_bytes()
            found.update(f"{path.relative_to(root)}\0{len(content)}\0".encode())
            found.update(content)
    return found.hexdigest()
