"""Break things in the middle of a load, and count what became of the messages.

    python -m tests.faults [--messages 10000] [--only WORDS]

Prints a table for the README: no message may be lost, answered in two ways, or its opt-out lost.
Exit status 1 where any is. Servers, and a PostgreSQL from a wheel, run on loopback and are ended.
"""

import argparse
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import psycopg

from bot.config import SETTINGS
from tests.faults.people import SIGNED, TOKEN, Crowd
from tests.pg import postgres

ROOT = Path(__file__).resolve().parent.parent.parent
CONTACTS = 250
START = 60.0

Wait = Callable[[float], None]


class Server:
    """One `answerline serve` of two workers."""

    def __init__(self, folder: Path, database: str, content: Path = ROOT) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = int(probe.getsockname()[1])
        kept = {k: v for k, v in os.environ.items() if k not in SETTINGS}
        self.environment = {
            **kept, "PYTHONPATH": str(ROOT), "DATABASE_URL": database, "ANSWERLINE_KEY": "k" * 32,
            "TWILIO_AUTH_TOKEN": TOKEN, "PUBLIC_BASE_URL": SIGNED.rpartition("/twilio")[0],
            "ANSWERLINE_SPOOL": str(folder / "spool"), "ANSWERLINE_CONTENT": str(content),
        }  # fmt: skip
        self.folder = folder
        self.log = (folder / f"server-{self.port}.log").open("wb")
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
        raise TimeoutError("the server does not answer")

    def workers(self) -> list[int]:
        """Give the process ids of its workers."""
        listed = subprocess.run(
            ["ps", "-o", "pid=", "--ppid", str(self.process.pid)],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        return [int(pid) for pid in listed.stdout.split()]

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
def serving(folder: Path, database: str, count: int = 1) -> Iterator[list[Server]]:
    """Run servers on one database."""
    servers = [Server(folder, database) for _ in range(count)]
    try:
        yield servers
    finally:
        for server in servers:
            server.end()


# --- faults: each is given the servers, where the database is, and a wait for a share of the load


def kill_a_worker(servers: list[Server], _: str, wait: Wait) -> None:
    """kill -9 of a worker, three times"""
    for share in (0.2, 0.4, 0.6):
        wait(share)
        os.kill(servers[0].workers()[0], signal.SIGKILL)
        time.sleep(6)  # granian takes two deaths within 5.5 s for a crash loop, and ends


def kill_all(servers: list[Server], _: str, wait: Wait) -> None:
    """kill -9 of the whole server, twice, started again"""
    for share in (0.3, 0.6):
        wait(share)
        servers[0].kill()
        servers[0].start()


def hang_up(servers: list[Server], _: str, wait: Wait) -> None:
    """content taken up anew (hangup signal), twice"""
    for share in (0.2, 0.5):
        wait(share)
        servers[0].process.send_signal(signal.SIGHUP)
        time.sleep(8)


def lock(_: list[Server], database: str, wait: Wait) -> None:
    """database locked by another program for 12 s"""
    wait(0.4)
    db = sqlite3.connect(database.removeprefix("sqlite:///"), timeout=60, isolation_level=None)
    db.execute("BEGIN EXCLUSIVE")
    time.sleep(12)
    db.execute("ROLLBACK")
    db.close()


def restart(_: list[Server], database: str, wait: Wait) -> None:
    """PostgreSQL ends every connection, ten times"""
    for n in range(10):
        wait(0.1 + n * 0.06)
        with psycopg.connect(database, autocommit=True) as db:
            db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND application_name = 'answerline'"
            )


def freeze(_: list[Server], database: str, wait: Wait) -> None:
    """PostgreSQL stops answering for 12 s"""
    wait(0.4)
    with psycopg.connect(database, autocommit=True) as db:
        found = db.execute("SELECT pid FROM pg_stat_activity").fetchall()
    pids = [pid for (pid,) in found]
    for pid in pids:
        _signal(pid, signal.SIGSTOP)
    time.sleep(12)
    for pid in pids:
        _signal(pid, signal.SIGCONT)


def read_only(_: list[Server], database: str, wait: Wait) -> None:
    """PostgreSQL can only be read for 10 s"""
    wait(0.3)
    for value in ("on", "off"):
        with psycopg.connect(database, autocommit=True) as db:
            db.execute("SET default_transaction_read_only = off")
            db.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
            db.execute("SELECT pg_reload_conf()")
        if value == "on":
            time.sleep(10)


def no_room(_: list[Server], database: str, wait: Wait) -> None:
    """PostgreSQL has no connection left for 10 s"""
    wait(0.3)
    held = []
    with psycopg.connect(database, autocommit=True) as db:
        db.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'answerline'"
        )
        try:
            while len(held) < 300:
                held.append(psycopg.connect(database))
        except psycopg.Error:
            time.sleep(10)
    for one in held:
        one.close()


def nothing(_: list[Server], __: str, wait: Wait) -> None:
    """none: two servers on one database, messages to either"""
    wait(0.1)


def _signal(pid: int, what: signal.Signals) -> None:
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        return


FAULTS = {
    "SQLite": (kill_a_worker, kill_all, hang_up, lock),
    "PostgreSQL": (kill_a_worker, kill_all, restart, freeze, read_only, no_room),
    "PostgreSQL, 2 servers": (nothing, restart),
}


def run(store: str, fault: Callable[[list[Server], str, Wait], None], messages: int) -> list[str]:
    """Break one thing once; give the row of the table."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = f"sqlite:///{folder}/line.db"
        if store != "SQLite":
            database = stack.enter_context(postgres(folder / "pg"))
        servers = stack.enter_context(serving(folder, database, 2 if "2" in store else 1))
        contacts = min(CONTACTS * len(servers), max(20, messages // 20))
        crowd = Crowd([one.port for one in servers], contacts, messages // contacts)
        told = crowd.text(lambda wait: fault(servers, database, wait))
        time.sleep(2)
        kept_out = crowd.opt_outs_lost()
        said = [
            str(len(told.sent)), str(told.answered), str(told.lost), str(told.twice),
            f"{kept_out} of {len(told.opted_out)}", f"{told.slowest:.1f}",
        ]  # fmt: skip
    return [store, (fault.__doc__ or "").strip(), *said]


def is_clean(row: list[str]) -> bool:
    """Tell whether nothing was lost, answered in two ways, or sent to someone who opted out."""
    return row[2] == row[3] and row[4:6] == ["0", "0"] and row[6].startswith("0 of ")


def main() -> None:
    """Break everything, one thing after the other."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--messages", type=int, default=10_000)
    options.add_argument("--only", default="", help="words of a store and a fault")
    told = options.parse_args()
    print("| store | fault | messages | answered | lost | two ways | opt-outs lost | slowest, s |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    rows = []
    for store, faults in FAULTS.items():
        for fault in faults:
            if told.only in f"{store} {fault.__doc__}":
                rows.append(run(store, fault, told.messages))
                print(f"| {' | '.join(rows[-1])} |", flush=True)
    sys.exit(not all(map(is_clean, rows)))


if __name__ == "__main__":
    main()
