"""The faults: each breaks one thing in the middle of a load. Their docstrings are the table's."""

import os
import signal
import sqlite3
import time
from collections.abc import Callable
from contextlib import suppress
from typing import Final

import psycopg

from tests.faults.servers import NotBrokenError, Scene, Server, locked

Fault = Callable[[Scene], None]

ALONE: Final = "answered from the content alone"
"""What a server logs of each message that it answers while the store is away."""
STOPPED_ALONE: Final = f"{ALONE} (stop)"
NOT_KEPT: Final = "was not kept: "
READ_AGAIN: Final = "the content was read again"

OLDER: Final = "1a57bd4"
"""The commit of a release that servers of this one may meet on a database."""
HOUR: Final = 3600


def kill_a_worker(scene: Scene) -> None:
    """kill -9 of a worker, three times"""
    for share in (0.2, 0.4, 0.6):
        scene.wait(share)
        os.kill(scene.servers[0].workers()[0], signal.SIGKILL)
        time.sleep(6)  # granian takes two deaths within 5.5 s for a crash loop, and ends


def kill_all(scene: Scene) -> None:
    """kill -9 of the whole server, twice, started again"""
    for share in (0.3, 0.6):
        scene.wait(share)
        scene.servers[0].kill()
        scene.servers[0].start()


def hang_up(scene: Scene) -> None:
    """content taken up anew (hangup signal), twice"""
    for share in (0.2, 0.5):
        scene.wait(share)
        scene.servers[0].process.send_signal(signal.SIGHUP)
        time.sleep(8)


def lock(scene: Scene) -> None:
    """database locked by another program for 12 s"""
    scene.wait(0.4)
    with locked(scene.file):
        time.sleep(12)


def full_disk(scene: Scene) -> None:
    """disk of the database full for 10 s"""
    assert scene.disk is not None
    scene.wait(0.25)
    with scene.disk.full():
        scene.wait_until_logged(ALONE)  # a database may go on for a while in what it has
        time.sleep(10)
        scene.wait_until_logged(STOPPED_ALONE)
    if not _is_file(scene):
        _start_again(scene)


def full_disk_of_all(scene: Scene) -> None:
    """disk of the database and of the spool full for 10 s"""
    assert scene.disk is not None
    scene.wait(0.25)
    with scene.disk.full():
        scene.wait_until_logged(NOT_KEPT)
        time.sleep(10)
        scene.wait_until_logged(STOPPED_ALONE)
    if not _is_file(scene):
        _start_again(scene)


def clock(scene: Scene) -> None:
    """clock of the servers set back by 3 h, later forward by 3 days"""
    begun = int(time.time())
    scene.wait(0.3)
    scene.set_clock(-3 * HOUR)
    _until_kept(scene, f"at < {begun - 2 * HOUR}")
    scene.wait(0.6)
    scene.set_clock(69 * HOUR)
    _until_kept(scene, f"at > {begun + 68 * HOUR}")


def clock_while_away(scene: Scene) -> None:
    """clock of the servers set back by 3 h while the database is away for 12 s"""
    begun = int(time.time())
    scene.wait_for_opt_outs()
    with locked(scene.file) if _is_file(scene) else scene.cluster.stopped("fast"):
        scene.set_clock(-3 * HOUR)  # so whoever opts out now was heard later, as the clock has it
        time.sleep(12)
        scene.wait_until_logged(STOPPED_ALONE)
    _until_kept(scene, f"at < {begun - 2 * HOUR}")


def cut(scene: Scene) -> None:
    """PostgreSQL ends every connection, ten times"""
    for n in range(10):
        scene.wait(0.1 + n * 0.06)
        with psycopg.connect(scene.database, autocommit=True) as db:
            ended = db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE pid <> pg_backend_pid() AND application_name = 'answerline'"
            ).fetchall()
        if not ended:
            raise NotBrokenError("there was no connection to end")


def restart(scene: Scene) -> None:
    """PostgreSQL stopped for 6 s, twice: as in a crash, and by its operator"""
    scene.wait(0.1)
    with scene.cluster.stopped("immediate"):
        time.sleep(6)
        scene.wait_until_logged(ALONE)
    scene.wait_for_opt_outs()
    with scene.cluster.stopped("fast"):
        time.sleep(6)
        scene.wait_until_logged(STOPPED_ALONE)


def freeze(scene: Scene) -> None:
    """PostgreSQL stops answering for 12 s"""
    scene.wait(0.4)
    with psycopg.connect(scene.database, autocommit=True) as db:
        found = db.execute("SELECT pid FROM pg_stat_activity").fetchall()
    pids = [pid for (pid,) in found]
    for pid in pids:
        _signal(pid, signal.SIGSTOP)
    time.sleep(12)
    for pid in pids:
        _signal(pid, signal.SIGCONT)


def read_only(scene: Scene) -> None:
    """PostgreSQL can only be read for 10 s"""
    scene.wait(0.3)
    for value in ("on", "off"):
        with psycopg.connect(scene.database, autocommit=True) as db:
            db.execute("SET default_transaction_read_only = off")
            db.execute(f"ALTER SYSTEM SET default_transaction_read_only = {value}")
            db.execute("SELECT pg_reload_conf()")
        if value == "on":
            time.sleep(10)


def no_room(scene: Scene) -> None:
    """PostgreSQL has no connection left for 10 s"""
    scene.wait(0.3)
    held: list[psycopg.Connection] = []
    with psycopg.connect(scene.database, autocommit=True) as db:
        until = time.monotonic() + 10
        while time.monotonic() < until:
            with suppress(psycopg.Error):
                while True:
                    held.append(psycopg.connect(scene.database))
            # Only now, and again whenever a server was quicker: else it keeps the one that it has.
            db.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                "WHERE application_name = 'answerline'"
            )
    for one in held:
        one.close()


def nothing(scene: Scene) -> None:
    """none: two servers on one database, messages to either"""
    scene.wait(0.1)


def join(scene: Scene) -> None:
    """none: this release joins an older one, messages to either"""
    scene.wait(0.1)
    _join(scene)


def join_and_restart(scene: Scene) -> None:
    """this release joins an older one, then PostgreSQL stopped for 6 s, twice"""
    scene.wait(0.02)
    _join(scene)
    restart(scene)


FAULTS: Final[dict[str, tuple[Fault, ...]]] = {
    "SQLite": (kill_a_worker, kill_all, hang_up, lock, clock, clock_while_away),
    "SQLite, small disk": (full_disk, full_disk_of_all),
    "PostgreSQL": (
        kill_a_worker, kill_all, cut, restart, freeze, read_only, no_room, clock, clock_while_away,
    ),
    "PostgreSQL, small disk": (full_disk, full_disk_of_all),
    "PostgreSQL, 2 servers": (nothing, cut, restart),
    "PostgreSQL, 2 machines": (restart,),
    "PostgreSQL, 2 releases": (join, join_and_restart),
}  # fmt: skip
"""What is broken for each store. A small disk needs root, two releases the git repository.

Two servers share a spool, as on one machine; two machines have one each.
"""

SET_CLOCK: Final = frozenset({clock, clock_while_away})
"""Faults whose servers read a clock that can be set."""

SPOOL_ON_DISK: Final = frozenset({full_disk_of_all})
"""Faults whose servers have their spool on the small disk too."""

LOGGED: Final[dict[Fault, str]] = {
    hang_up: READ_AGAIN,
    lock: STOPPED_ALONE,
    full_disk: STOPPED_ALONE,
    full_disk_of_all: NOT_KEPT,
    clock_while_away: STOPPED_ALONE,
    restart: STOPPED_ALONE,
    freeze: STOPPED_ALONE,
    read_only: STOPPED_ALONE,
    no_room: STOPPED_ALONE,
    join_and_restart: STOPPED_ALONE,
}
"""What servers must have logged after a fault: else nothing was broken."""


def _is_file(scene: Scene) -> bool:
    return scene.database.startswith("sqlite:")


def _start_again(scene: Scene) -> None:
    """Start PostgreSQL again as an operator would, if the full disk was the end of it."""

    def is_up() -> bool:
        try:
            psycopg.connect(scene.database, connect_timeout=2).close()
        except psycopg.Error:
            if not scene.cluster.is_running():
                scene.cluster.start()
            return False
        return True

    scene.until(is_up, "PostgreSQL did not start again")


def _until_kept(scene: Scene, condition: str) -> None:
    """Wait until a message was kept with such a time: the clock was really set."""
    query = f"SELECT count(*) FROM messages WHERE {condition}"

    def kept() -> bool:
        if _is_file(scene):
            db = sqlite3.connect(scene.file, timeout=10)
        else:
            db = psycopg.connect(scene.database)
        try:
            return bool(db.execute(query).fetchone()[0])
        finally:
            db.close()

    scene.until(kept, "no message was kept with the time that was set")


def _join(scene: Scene) -> None:
    """Start a server of this release beside the older one."""
    older = scene.servers[0]
    newer = Server(scene.folder, scene.database)
    scene.servers.append(newer)
    scene.crowd.ports.append(newer.port)
    if older.code() == newer.code():
        raise NotBrokenError("both servers are of one release")


def _signal(pid: int, what: signal.Signals) -> None:
    try:
        os.kill(pid, what)
    except ProcessLookupError:
        return
