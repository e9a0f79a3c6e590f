"""How many turns of each kind there were: counted here, and written to the store now and then.

By day, hour, channel, language and label; nothing of anyone. What a process that is killed has not
written yet is not counted.
"""

import threading
from collections import Counter
from functools import lru_cache
from typing import Final

from bot import sms
from bot.model import Inbound, Reply
from bot.store import Store
from bot.store.rows import DAY

HOUR: Final = 3600

_ADD: Final = (
    "INSERT INTO counts(day, hour, channel, language, label, turns, segments) "
    "VALUES(?, ?, ?, ?, ?, ?, ?) ON CONFLICT(day, hour, channel, language, label) DO UPDATE "
    "SET turns = counts.turns + excluded.turns, segments = counts.segments + excluded.segments"
)

Kind = tuple[int, int, str, str, str]


class Counts:
    """The turns of one process that are not in the store yet."""

    def __init__(self) -> None:
        self._turns: Counter[Kind] = Counter()
        self._segments: Counter[Kind] = Counter()
        self._lock = threading.Lock()

    def note(self, inbound: Inbound, reply: Reply, at: int) -> None:
        """Count a turn; `at` is Unix seconds."""
        kind = (at // DAY, at % DAY // HOUR, inbound.channel, reply.language, reply.label)
        with self._lock:
            self._turns[kind] += 1
            if reply.text and inbound.medium == "sms":
                self._segments[kind] += cost(reply.text)[1]

    def write(self, store: Store) -> None:
        """Add what was counted to the store; StoreError where that cannot be, and it is kept."""
        with self._lock:
            turns, self._turns = self._turns, Counter()
            segments, self._segments = self._segments, Counter()
        kinds = list(turns)
        while kinds:
            kind = kinds[-1]
            try:
                store.change(_ADD, *kind, turns[kind], segments[kind])
            except BaseException:
                with self._lock:
                    for one in kinds:
                        self._turns[one] += turns[one]
                        self._segments[one] += segments[one]
                raise
            kinds.pop()


@lru_cache(4096)
def cost(text: str) -> tuple[str, int]:
    """Give a text's encoding and segments; counted once, as the same texts are sent again."""
    size = sms.measure(text)
    return size.encoding, size.segments
