"""What the files would answer to the transcripts that staff keep, before they are taken up.

A process of its own reads the files, as that takes seconds in which a worker could answer nobody.
It writes what came into a file beside the database, which it holds locked until it ends: so every
worker knows whether it still reads. Nothing that it makes answers anyone, and the line that is kept
for the next start stays as it is.
"""

import fcntl
import logging
import os
import subprocess
import sys
import threading
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final, Literal

import msgspec

from bot.config import Config, Translations
from bot.keys import beside_database
from bot.making import set_up
from bot.prepared import stamp_of
from bot.problems import ConfigError, ContentError
from bot.transcripts import NoTranscriptError, play
from bot.turn import now as clock

SUFFIX: Final = "candidate"
"""Ends the name of the file, beside the database."""

SHOWN_SECONDS: Final = 60 * 60
"""After which the file is deleted by whoever looks."""

LONGEST: Final = 10 * 60
"""Seconds after which a process that does not end is ended."""

Status = Literal["nothing", "reading", "failed"]

log = logging.getLogger(__name__)


class Job(msgspec.Struct, frozen=True):
    """What the process is told: where the files are, how a line is made of them, what to play."""

    content: str
    public_base_url: str
    gsm7_segments: int
    ucs2_segments: int
    translations: Translations
    fold: tuple[str, ...]
    texts: tuple[str, ...]

    @property
    def config(self) -> Config:
        """Give the settings, without those that a line is not made from."""
        return Config(
            content=Path(self.content), public_base_url=self.public_base_url,
            gsm7_segments=self.gsm7_segments, ucs2_segments=self.ucs2_segments,
            translations=self.translations, fold=self.fold,
        )  # fmt: skip


class Found(msgspec.Struct, frozen=True):
    """What the files say: which they are, what is wrong, and each transcript as it plays on them.

    Without a `revision` they could not be read.
    """

    made_from: str
    problems: tuple[str, ...]
    revision: str = ""
    played: Mapping[str, str] = {}


class Candidate:
    """The content as it stands in the files, for whoever compares it with what is live."""

    def __init__(self, config: Config) -> None:
        self._config = config
        self._file = beside_database(config, SUFFIX)

    def begin(self, texts: Iterable[str]) -> bool:
        """Have the files read, and transcripts played; tell whether that has begun just now."""
        config = self._config
        job = Job(
            str(config.content.resolve()), config.public_base_url, config.gsm7_segments,
            config.ucs2_segments, config.translations, config.fold, tuple(texts),
        )  # fmt: skip
        told = msgspec.json.encode(job)
        handle = self._own()
        if handle is None:
            return False
        try:
            os.ftruncate(handle, 0)
            command = [sys.executable, "-m", "bot.console.candidate", str(handle)]
            process = subprocess.Popen(  # noqa: S603 - our own program
                command, pass_fds=(handle,), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
            )  # fmt: skip
        finally:
            os.close(handle)  # the lock goes on with the process
        threading.Thread(target=_wait, args=(process, told), daemon=True).start()
        return True

    def look(self) -> Found | Status:
        """Give what was found, or how far that is; what is an hour old is deleted."""
        try:
            file = self._file.open("rb")
        except OSError:
            return "nothing"
        with file:
            if not _locked(file.fileno(), fcntl.LOCK_SH):
                return "reading"
            if os.fstat(file.fileno()).st_mtime < clock() - SHOWN_SECONDS:
                self._file.unlink(missing_ok=True)
                return "nothing"
            try:
                return msgspec.json.decode(file.read(), type=Found)
            except msgspec.DecodeError:
                return "failed"

    def is_current(self, found: Found) -> bool:
        """Tell whether the files are still those that were read."""
        return found.made_from == _stamp(self._config)

    def _own(self) -> int | None:
        """Open and lock the file, for its owner alone; None where another holds it."""
        while True:
            flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
            handle = os.open(self._file, flags, 0o600)
            if not _locked(handle, fcntl.LOCK_EX):
                os.close(handle)
                return None
            if os.fstat(handle).st_nlink:
                os.fchmod(handle, 0o600)
                return handle
            os.close(handle)  # it was deleted meanwhile


def _locked(handle: int, how: int) -> bool:
    try:
        fcntl.flock(handle, how | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _wait(process: subprocess.Popen[bytes], told: bytes) -> None:
    """Tell the process what to do, and see it end."""
    try:
        _, said = process.communicate(told, LONGEST)
    except subprocess.TimeoutExpired:
        process.kill()
        _, said = process.communicate()
    if process.returncode:
        last = said.decode(errors="replace").strip().rpartition("\n")[2]
        log.error("the files could not be compared with what is live: %s", last)


def _stamp(config: Config) -> str:
    return stamp_of(config).decode()


def _found(job: Job) -> Found:
    """Read the files and play the transcripts."""
    config = job.config
    made_from = _stamp(config)
    try:
        line, problems = set_up(config)
    except ContentError as error:
        return Found(made_from, tuple(map(str, error.problems)))
    except ConfigError as error:
        return Found(made_from, (str(error),))
    played = {}
    for text in job.texts:
        try:
            played[text] = play(text, line)
        except NoTranscriptError:
            continue  # whoever compares finds that too
    return Found(made_from, tuple(map(str, problems)), line.library.revision, played)


def main(handle: int) -> None:
    """Do what standard input says, and write what was found."""
    job = msgspec.json.decode(sys.stdin.buffer.read(), type=Job)
    with os.fdopen(handle, "wb") as out:
        out.write(msgspec.json.encode(_found(job)))


if __name__ == "__main__":
    main(int(sys.argv[1]))
