"""What was answered while the store could not be used: a file beside it, until it is back.

Each entry is a line, on disk before its reply goes out, so nothing that was acknowledged is lost.
All processes of a machine share the file: an opt-out in it is obeyed at once, and the same message
again gets the same reply. When the store is back its entries are taken up in order, each once, as
the store knows messages by their id.
"""

import fcntl
import logging
import os
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from bot.model import Reply
from bot.store import Post

LARGEST: Final = 64 * 1024 * 1024
"""Bytes that the file may have; further messages are answered, and kept only where something
has to follow: opt-outs, wishes to be forgotten, replies that are still to be sent."""

HEAD: Final = b"# "
"""Begins the first line, which has a mark of its own: another file may be of the same size."""

log = logging.getLogger(__name__)


class Entry(msgspec.Struct, frozen=True, omit_defaults=True):
    """A message answered without the store; `opted_out` is None where it did not change.

    `former` is the contact's hash under the key before this one, if there was one; `posts` are for
    the outbox.
    """

    message: str
    contact: bytes
    at: int
    reply: Reply
    opted_out: bool | None = None
    former: bytes = b""
    posts: tuple[Post, ...] = ()


class Spool:
    """The entries of one file. Safe from several processes and threads at once."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._seen = (b"", 0)
        self._end = 0
        self._entries: dict[str, Entry] = {}
        self._opted_out: dict[bytes, bool] = {}

    def keep(self, entry: Entry) -> None:
        """Write an entry and wait until it is on disk; OSError where it cannot be."""
        with self._locked() as file:
            size = os.fstat(file).st_size
            needed = entry.opted_out is not None or entry.posts or entry.reply.label == "forget"
            if size > LARGEST and not needed:
                return
            line = msgspec.json.encode(entry) + b"\n"
            if not size:
                line = HEAD + secrets.token_hex(8).encode() + b"\n" + line
            elif os.pread(file, 1, size - 1) != b"\n":  # cut off by a crash: never confirmed
                line = b"\n" + line
            if os.write(file, line) != len(line):
                os.ftruncate(file, size)
                raise OSError(f"{self.path}: the disk is full")
            os.fsync(file)

    def pending(self) -> bool:
        """Tell whether there is any entry; a look at the file's size."""
        return self.size() > 0

    def size(self) -> int:
        """Give the bytes that wait in the file."""
        try:
            return self.path.stat().st_size
        except OSError:
            return 0

    def can_keep(self) -> bool:
        """Tell whether an entry could be written: the folder is there, and has room."""
        folder = self.path.parent
        try:
            return os.access(folder, os.W_OK) and os.statvfs(folder).f_bavail > 0
        except OSError:
            return False

    def find(self, message: str) -> Entry | None:
        """Give the entry of a message that was answered already."""
        self._refresh()
        return self._entries.get(message)

    def opted_out(self, contact: bytes) -> bool | None:
        """Tell what a contact asked for while the store was away; None for nothing."""
        self._refresh()
        return self._opted_out.get(contact)

    def drain(self, take: Callable[[Entry], None]) -> int:
        """Hand every entry over, in order, and forget those that were taken; give how many.

        Where `take` raises, what is left stays. One process drains at a time: others do nothing.
        """
        with self._draining() as alone:
            if not alone:
                return 0
            taken = end = 0
            try:
                for entry, end_of_line in self._lines():
                    if entry is not None:
                        take(entry)
                        taken += 1
                    end = end_of_line
            finally:
                if end:
                    self._cut(end)
            return taken

    # --- within ---

    def _refresh(self) -> None:
        """Take up what any process has written since, or forget what was drained."""
        content, grown = b"", False
        try:
            with self.path.open("rb") as file:
                seen = (file.readline(), os.fstat(file.fileno()).st_size)
                if seen == self._seen:
                    return
                grown = seen[0] == self._seen[0] and seen[1] > self._seen[1]
                file.seek(self._end if grown else 0)
                content = file.read()
        except OSError:
            seen = (b"", 0)
        if not grown:
            self._entries, self._opted_out, self._end = {}, {}, 0
        for entry, end in self._entries_of(content, self._end):
            self._end = end
            if entry is not None:
                self._entries[entry.message] = entry
                if entry.opted_out is not None:
                    self._opted_out[entry.contact] = entry.opted_out
        self._seen = seen

    def _lines(self) -> Iterator[tuple[Entry | None, int]]:
        """Yield each entry of the file, with the place where its line ends."""
        try:
            content = self.path.read_bytes()
        except OSError:
            return
        yield from self._entries_of(content, 0)

    def _entries_of(self, content: bytes, start: int) -> Iterator[tuple[Entry | None, int]]:
        """Yield each entry, with where in the file its line ends; None for a line that is none."""
        end = start
        *lines, _ = content.split(b"\n")  # the last is being written, or was never confirmed
        for line in lines:
            end += len(line) + 1
            if not line.strip() or line.startswith(HEAD):
                yield None, end
                continue
            try:
                yield _ENTRY.decode(line), end
            except (ValueError, RecursionError):  # also of what is not UTF-8
                log.error("%s: a line at byte %d is no entry and is left out", self.path, end)
                yield None, end

    def _cut(self, end: int) -> None:
        """Leave out the first bytes of the file, never losing what was added behind them."""
        with self._locked() as file:
            size = os.fstat(file).st_size
            rest = os.pread(file, size - end, end)
            if not rest:
                self.path.unlink()
                return
            new = self.path.with_suffix(".new")
            with new.open("wb") as out:
                out.write(HEAD + secrets.token_hex(8).encode() + b"\n" + rest)
                out.flush()
                os.fsync(out.fileno())
            new.chmod(0o600)
            new.replace(self.path)

    @contextmanager
    def _locked(self) -> Iterator[int]:
        """Open the file for writing, with nobody else; it may have been replaced meanwhile."""
        while True:
            file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX)
                if self._is_same(file):
                    yield file
                    return
            finally:
                os.close(file)

    def _is_same(self, file: int) -> bool:
        try:
            return os.fstat(file).st_ino == self.path.stat().st_ino
        except OSError:
            return False

    @contextmanager
    def _draining(self) -> Iterator[bool]:
        file = os.open(self.path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT, 0o600)
        try:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                yield False
                return
            yield True
        finally:
            os.close(file)


_ENTRY: Final = msgspec.json.Decoder(Entry)
