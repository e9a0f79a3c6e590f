"""Kill workers and make a platform fail at random, while many replies wait to be sent.

    python -m tests.faults.outbox [--posts 10000] [--store sqlite|postgresql] [--seed 1]

Each post must reach the platform at least once, and those of one contact in order. Duplicates are
counted by what explains them: the platform took a post and said otherwise, or a worker was killed
between sending a post and noting that. Exit status 1 where a post is lost, out of order, or a
duplicate is explained by nothing.
"""

import argparse
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from bot.cli.stand_in import Answer, standing_in
from bot.model import Conversation, Reply
from bot.outbox import ABREAST, waiting
from bot.posts import Outgoing, Seal
from bot.samples.sample import Request
from bot.store import Post, Store, open_store
from tests.pg import postgres

KEY: Final = "a key for tests, long enough"
WORKERS: Final = 2
CONTACTS: Final = 500
FAILS: Final = ((0.06, 500), (0.04, 503), (0.04, 429))
"""How often the platform refuses a post, before it has looked at it, and with which status."""
TAKEN_AND_FAILS: Final = 0.02
"""How often it takes a post and answers 500 all the same."""
KILL_EVERY: Final = (1.0, 3.0)
"""Seconds between two kills of a worker."""
UNHEARD: Final = ("(ReadTimeout)", "(RemoteProtocolError)", "(ReadError)")
"""What a worker's log says where it did not hear whether a post was taken."""
LONGEST: Final = 1200.0
"""Seconds after which what has not come is lost."""


@dataclass
class Platform:
    """What a stand-in for a platform took: per contact, in order; and what it did wrong."""

    chance: random.Random
    taken: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))
    denied: set[tuple[str, int]] = field(default_factory=set)
    refused: Counter[int] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def answer(self, request: Request) -> Answer:
        """Take a post, or fail."""
        said = json.loads(request.body)
        contact, number = said["contact"], int(said["id"])
        with self.lock:
            luck = self.chance.random()
            for share, status in FAILS:
                luck -= share
                if luck < 0:
                    self.refused[status] += 1
                    return status, b"{}"
            self.taken[contact].append(number)
            if luck - TAKEN_AND_FAILS < 0:
                self.denied.add((contact, number))
                return 500, b"{}"
        return 200, b"{}"

    @property
    def count(self) -> int:
        """How many posts it has taken, each once."""
        with self.lock:
            return sum(len(set(numbers)) for numbers in self.taken.values())


@dataclass
class Result:
    """What became of the posts."""

    posts: int
    arrived: int
    out_of_order: int
    twice: int
    explained: Counter[str]
    left: int
    dead: int
    kills: int
    refused: int
    seconds: float

    @property
    def is_clean(self) -> bool:
        """Tell whether nothing is lost or out of order, and each duplicate is explained."""
        lost = self.posts - self.arrived
        unexplained = self.twice - sum(self.explained.values())
        return not (lost or self.out_of_order or unexplained > 0 or self.left or self.dead)


def run(posts: int, database: str, folder: Path, seed: int = 1, kill: bool = True) -> Result:
    """Send posts, with everything going wrong."""
    chance = random.Random(seed)
    store = open_store(database.removeprefix("sqlite:///"))
    store.migrate()
    _fill(store, posts, chance)
    platform, kills, began = Platform(random.Random(seed + 1)), 0, time.monotonic()
    with standing_in(platform.answer) as url, _workers(database, url, folder) as workers:
        due = time.monotonic() + chance.uniform(*KILL_EVERY)
        while waiting(store) and time.monotonic() - began < LONGEST:
            if kill and time.monotonic() > due:
                victim = chance.randrange(WORKERS)
                workers[victim].send_signal(signal.SIGKILL)
                workers[victim].wait()
                workers[victim] = _worker(database, url, folder)
                kills += 1
                due = time.monotonic() + chance.uniform(*KILL_EVERY)
            time.sleep(0.05)
    ((dead,),) = store.rows("SELECT COUNT(*) FROM outbox WHERE failed <> ''")
    log = (folder / "worker.log").read_text(encoding="utf-8")
    result = _judged(platform, posts, kills, sum(map(log.count, UNHEARD)))
    result.left, result.dead = waiting(store), int(dead)
    result.seconds = time.monotonic() - began
    store.close()
    return result


def _fill(store: Store, posts: int, chance: random.Random) -> None:
    """Take turns whose replies go by calls of their own, as a channel would."""
    seal, at = Seal(KEY.encode()), int(time.time())
    numbers: Counter[int] = Counter()
    for one in range(posts):
        person = chance.randrange(min(CONTACTS, posts))
        numbers[person] += 1
        outgoing = Outgoing(
            "test", str(numbers[person]), f"person-{person}", Reply("support", "x"), "-",
            kind="handoff", at=at,
        )  # fmt: skip
        post = Post("handoff", seal.closed(outgoing))
        store.turn(
            f"test:{one}", f"{person:032}".encode(), at,
            lambda _: (Reply("support", "x"), Conversation()),
            posting=lambda _, post=post: [post],
        )  # fmt: skip


def _judged(platform: Platform, posts: int, kills: int, unheard: int) -> Result:
    out_of_order = twice = 0
    explained: Counter[str] = Counter()
    for contact, numbers in platform.taken.items():
        first = list(dict.fromkeys(numbers))
        out_of_order += first != sorted(first)
        for number, times in Counter(numbers).items():
            if times > 1:
                twice += times - 1
                denied = (contact, number) in platform.denied
                explained["the platform took it and said otherwise"] += denied * (times - 1)
    others = twice - explained.total()
    explained["its answer did not come in time"] = min(others, unheard)
    others -= min(others, unheard)
    # Each worker that is killed has at most so many under way.
    explained["a worker was killed before it was noted"] = min(others, kills * ABREAST)
    return Result(
        posts, platform.count, out_of_order, twice, explained, 0, 0, kills,
        platform.refused.total() + len(platform.denied), 0.0,
    )  # fmt: skip


@contextmanager
def _workers(database: str, url: str, folder: Path) -> Iterator[list["subprocess.Popen[bytes]"]]:
    workers = [_worker(database, url, folder) for _ in range(WORKERS)]
    try:
        yield workers
    finally:
        for worker in workers:
            worker.terminate()
        for worker in workers:
            worker.wait(30)


def _worker(database: str, url: str, folder: Path) -> "subprocess.Popen[bytes]":
    settings = {
        "DATABASE_URL": database,
        "ANSWERLINE_KEY": KEY,
        "ANSWERLINE_HANDOFF": "support",
        "ANSWERLINE_HANDOFF_URL": f"{url}/wanted",
        "ANSWERLINE_HANDOFF_SECRET": "whsec_YSBzZWNyZXQgZm9yIHRlc3Rz",
        "PYTHONPATH": str(Path(__file__).resolve().parents[2]),
    }
    with (folder / "worker.log").open("ab") as log:
        return subprocess.Popen(
            [sys.executable, "-m", "bot", "worker"], cwd=folder, stdout=log, stderr=log,
            env={**os.environ, **settings},
        )  # fmt: skip


def main() -> None:
    """Run it, and print what became of the posts."""
    said = argparse.ArgumentParser(description=__doc__)
    said.add_argument("--posts", type=int, default=10_000)
    said.add_argument("--store", choices=("sqlite", "postgresql"), default="sqlite")
    said.add_argument("--seed", type=int, default=1)
    given = said.parse_args()
    with ExitStack() as stack:
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        database = f"sqlite:///{folder}/line.db"
        if given.store == "postgresql":
            database = stack.enter_context(postgres(folder / "pg"))
        result = run(given.posts, database, folder, given.seed)
    print(
        f"{result.posts} posts, {result.arrived} arrived, {result.posts - result.arrived} lost, "
        f"{result.out_of_order} contacts out of order, {result.left} left, {result.dead} given up; "
        f"{result.kills} workers killed, {result.refused} times refused, {result.seconds:.0f} s"
    )
    print(f"{result.twice} duplicates: {dict(result.explained)}")
    sys.exit(not result.is_clean)


if __name__ == "__main__":
    main()
