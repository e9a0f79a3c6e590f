"""What a turn costs when the line has grown: `python -m tests.benchmarks.grown`.

    python -m tests.benchmarks.grown [--contacts 2000000] [--turns 4000] [--store SQLite|PostgreSQL]

The same turns with ten thousand contacts and with as many as asked for, in turn and in one process:
the processor's time of a turn, the median time it takes, and the longest while the sweep goes
through all contacts. The ratio is what counts.
"""

import argparse
import json
import random
import statistics
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Final

import psycopg

from bot.config import Config
from bot.line import Line
from bot.making import make_line
from bot.model import Conversation, Inbound
from bot.store import ContactRow, Store, open_store
from bot.store.rows import DAY
from bot.tidy import PAUSE, STEP
from bot.turn import Turns, contact_key
from tests.pg import postgres

FEW: Final = 10_000
BATCH: Final = 100_000
ROUNDS: Final = 10
NOW: Final = 1_800_000_000
STATE: Final = Conversation(language="en", screen="adult.cart", introduced=True, heard=NOW)
KEY: Final = b"a key for benchmarks only"

Figures = tuple[float, float, float]


def inbound(number: int, id: str, text: str = "CART") -> Inbound:
    """Give a message of a contact."""
    return Inbound("twilio", f"+1{number:010}", id, text)


def fill(store: Store, contacts: int, url: str = "") -> None:
    """Keep so many contacts, in the order of their hashes."""
    hashes = sorted(contact_key(KEY, inbound(number, "")) for number in range(contacts))
    state = STATE.to_json()
    for start in range(0, contacts, BATCH):
        rows = [ContactRow(one, False, NOW, state) for one in hashes[start : start + BATCH]]
        if not url:
            store.take_contacts(rows)
            continue
        copy = "COPY contacts(contact, opted_out, heard, state) FROM STDIN"
        with psycopg.connect(url) as db, db.cursor().copy(copy) as out:
            for row in rows:
                out.write_row(row)
    if url:
        with psycopg.connect(url, autocommit=True) as db:
            db.execute("VACUUM ANALYZE contacts")


def turns(line: Line, store: Store, contacts: int, count: int, seed: str) -> Figures:
    """Take turns of contacts picked at random: CPU µs a turn, median and longest µs."""
    chance, took = random.Random(seed), []
    take = Turns(line, store, KEY, clock=lambda: NOW).take
    began = time.thread_time()
    for _ in range(count):
        at = time.perf_counter()
        take(inbound(chance.randrange(contacts), f"{seed}:{chance.getrandbits(64):x}"))
        took.append(time.perf_counter() - at)
    spent = (time.thread_time() - began) / count * 1e6
    return spent, statistics.median(took) * 1e6, max(took) * 1e6


def measured(line: Line, stores: dict[int, Store], count: int) -> Iterator[tuple[int, Figures]]:
    """Take turns with each store, one after the other, several times; the first to warm up."""
    for number in range(ROUNDS + 1):
        for contacts, store in stores.items():
            found = turns(line, store, contacts, count // ROUNDS, f"{number}")
            if number:
                yield contacts, found


def while_swept(line: Line, store: Store, contacts: int, count: int) -> float:
    """Give the longest turn, in ms, while the sweep goes through all contacts again and again."""
    ended = threading.Event()

    def sweep() -> None:  # as `Tidy.sweep` does, but to be ended at any step
        place: bytes | None = b""
        while not ended.is_set():
            place = store.sweep(place or b"", NOW - 30 * DAY, STEP)
            time.sleep(PAUSE)

    thread = threading.Thread(target=sweep, daemon=True)
    thread.start()
    longest = turns(line, store, contacts, count, "swept")[2]
    ended.set()
    thread.join()
    return longest / 1000


def compared(line: Line, name: str, contacts: int, count: int) -> dict[str, float]:
    """Measure one kind of store: few contacts and many."""
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="answerline-")))
        stores: dict[int, Store] = {}
        for number in (FEW, contacts):
            url, place = "", f"{folder}/{number}.db"
            if name == "PostgreSQL":
                url = place = stack.enter_context(postgres(folder / str(number)))
            store = stores[number] = open_store(place)
            store.migrate()
            fill(store, number, url)
        found: dict[int, list[Figures]] = {FEW: [], contacts: []}
        for number, figures in measured(line, stores, count):
            found[number].append(figures)
        swept = while_swept(line, stores[contacts], contacts, count)
        for store in stores.values():
            store.close()

    def median(number: int, column: int) -> float:
        return round(statistics.median(row[column] for row in found[number]), 1)

    return {
        "cpu_us_few": median(FEW, 0), "cpu_us_many": median(contacts, 0),
        "cpu_ratio": round(median(contacts, 0) / median(FEW, 0), 3),
        "us_few": median(FEW, 1), "us_many": median(contacts, 1),
        "ratio": round(median(contacts, 1) / median(FEW, 1), 3),
        "longest_ms_while_swept": round(swept, 1),
    }  # fmt: skip


def main() -> None:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--contacts", type=int, default=2_000_000)
    parser.add_argument("--turns", type=int, default=4000)
    parser.add_argument("--store", choices=("SQLite", "PostgreSQL"), action="append")
    options = parser.parse_args()
    write: Callable[[str], int] = sys.stdout.write
    line = make_line(Config.from_env({}))
    for name in options.store or ("SQLite", "PostgreSQL"):
        write(
            json.dumps({"store": name, **compared(line, name, options.contacts, options.turns)})
            + "\n"
        )


if __name__ == "__main__":
    main()
