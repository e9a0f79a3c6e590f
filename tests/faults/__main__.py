"""Break things in the middle of a load, and count what became of the messages.

    python -m tests.faults [--messages 10000] [--only WORDS]

Prints a table for the README: no message may be lost, answered in two ways, or its opt-out lost.
Exit status 1 where any is, or where a fault broke nothing; 2 where this machine cannot do what a
row needs, so that it is skipped. Servers, and a PostgreSQL from a wheel, run on loopback and are
ended.
"""

import argparse
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.faults.breaking import FAULTS, LOGGED, OLDER, SET_CLOCK, SPOOL_ON_DISK, Fault
from tests.faults.people import TURNS, Crowd
from tests.faults.servers import (
    NotBrokenError,
    Scene,
    Server,
    SkippedError,
    older_release,
    serving,
    small_disk,
)
from tests.pg import postgres

SMALL = {"SQLite": 64, "PostgreSQL": 512}
"""Megabytes of a small disk: more than a whole load needs."""
NOBODY = 9_999_999
SKIPPED = "skipped: "


@contextmanager
def scene_of(store: str, fault: Fault, messages: int) -> Iterator[Scene]:
    """Set up what a row needs; SkippedError where this machine cannot."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        kind = store.partition(",")[0]
        disk = clock = None
        data = folder
        if "small disk" in store:
            disk = stack.enter_context(small_disk(folder / "small", SMALL[kind]))
            data = disk.folder
        database = f"sqlite:///{data}/line.db"
        if kind != "SQLite":
            database = stack.enter_context(postgres(data / "pg"))
        if fault in SET_CLOCK:
            clock = folder / "clock"
        spools = [data / "spool" if fault in SPOOL_ON_DISK else folder / "spool"] * 2
        if "2 machines" in store:
            spools[1] = folder / "spool of the other"
        servers: list[Server] = []
        stack.enter_context(serving(servers))
        if "2 releases" in store:
            older = older_release(OLDER, folder / "older")
            servers.append(Server(folder, database, release=older))
            spools = []
        elif "2" not in store:
            spools.pop()
        servers += [Server(folder, database, spool=one, clock=clock) for one in spools]
        crowd = Crowd([one.port for one in servers], messages // TURNS, TURNS)
        yield Scene(folder, database, servers, crowd, disk, clock)


def run(store: str, fault: Fault, messages: int) -> list[str]:
    """Break one thing once; give the row of the table."""
    named = [store, (fault.__doc__ or "").strip()]
    try:
        with scene_of(store, fault, messages) as scene:
            told = scene.crowd.text(lambda: _break(scene, fault))
            time.sleep(2)
            kept_out = scene.crowd.opt_outs_lost()
            lost = told.lost + _never_taken_up(scene)
            _check(scene, fault)
    except SkippedError as why:
        return [*named, f"{SKIPPED}{why}", *[""] * 5]
    except NotBrokenError as why:
        return [*named, f"nothing was broken: {why}", *[""] * 5]
    return [
        *named, str(len(told.sent)), str(told.answered), str(lost), str(told.twice),
        f"{kept_out} of {len(told.opted_out)}", f"{told.slowest:.1f}",
    ]  # fmt: skip


def is_clean(row: list[str]) -> bool:
    """Tell whether nothing was lost, answered in two ways, or sent to someone who opted out."""
    return row[2] == row[3] and row[4:6] == ["0", "0"] and row[6].startswith("0 of ")


def _never_taken_up(scene: Scene) -> int:
    """Count what is still in the spool although the store is back and people text."""
    for n in range(20):
        left = [one for one in scene.servers if one.spool.exists() and one.spool.stat().st_size]
        if not left:
            return 0
        for server in left:
            scene.crowd.text_once(NOBODY, f"SMlast{n}x{server.port}", "MENU", server.port)
        time.sleep(0.5)
    spools = {server.spool.read_bytes() for server in left}
    return sum(spool.count(b'{"message"') for spool in spools)


def _break(scene: Scene, fault: Fault) -> None:
    fault(scene)
    if fault in LOGGED and scene.crowd.is_over():
        raise NotBrokenError("the load was over before the fault was: take more messages")


def _check(scene: Scene, fault: Fault) -> None:
    """Make sure that it was broken, and that every server was there: a row must be able to fail."""
    if (words := LOGGED.get(fault, "")) not in scene.logs():
        raise NotBrokenError(f"no server logged {words!r}")
    if unused := {one.port for one in scene.servers} - scene.crowd.told.ports:
        raise NotBrokenError(f"{len(unused)} of the servers answered nothing")


def main() -> None:
    """Break everything, one thing after the other."""
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--messages", type=int, default=10_000, help="for each server")
    options.add_argument("--only", default="", help="words of a store and a fault")
    told = options.parse_args()
    print("| store | fault | messages | answered | lost | two ways | opt-outs lost | slowest, s |")
    print("|---|---|---|---|---|---|---|---|", flush=True)
    rows = []
    for store, faults in FAULTS.items():
        for fault in faults:
            if told.only in f"{store} {fault.__doc__}":
                rows.append(run(store, fault, told.messages * (2 if "2" in store else 1)))
                print(f"| {' | '.join(rows[-1])} |", flush=True)
    skipped = [row for row in rows if row[2].startswith(SKIPPED)]
    if skipped:
        print(f"\n{len(skipped)} of {len(rows)} rows were skipped: they say nothing.")
    if not all(is_clean(row) for row in rows if row not in skipped):
        sys.exit(1)
    sys.exit(2 if skipped else 0)


if __name__ == "__main__":
    main()
