"""Forgets what is past its time, by itself: a thread beside the turns, in steps that hold up none.

It also writes down what was counted. Replies go after 48 hours, contacts after as many days without
a message as the operator sets; of those who opted out only that is kept.
"""

import logging
import threading
import time
from collections.abc import Callable
from typing import Final

from bot.counts import Counts
from bot.store import Store, StoreError
from bot.store.rows import DAY

PURGE_EVERY: Final = 60.0
SWEEP_EVERY: Final = 3600.0
"""Seconds between two purges of replies, and between two sweeps through all contacts."""

STEP: Final = 500
"""Rows that one transaction deletes or looks at: a few milliseconds."""
PAUSE: Final = 0.02
"""Seconds that turns have to themselves between two steps."""

log = logging.getLogger(__name__)


class Tidy:
    """What keeps one store tidy. Any number of processes may, each by itself.

    `also` is done as often as replies are purged.
    """

    def __init__(
        self,
        store: Store,
        clock: Callable[[], int],
        retention_days: int,
        unmatched_days: int,
        counts: Counts | None = None,
        also: Callable[[], None] | None = None,
    ) -> None:
        self.store, self.clock, self.counts, self.also = store, clock, counts, also
        self.retention_days, self.unmatched_days = retention_days, unmatched_days

    def start(self) -> None:
        """Go on for as long as the process runs."""
        threading.Thread(target=self._go_on, daemon=True, name="tidy").start()

    def purge(self) -> None:
        """Delete replies, and texts that were not understood, that are past their time."""
        while self.store.purge(self.clock(), self.unmatched_days, STEP) >= STEP:
            time.sleep(PAUSE)

    def sweep(self) -> None:
        """Forget contacts that have not texted for long."""
        before = self.clock() - self.retention_days * DAY
        place = self.store.sweep(b"", before, STEP)
        while place is not None:
            time.sleep(PAUSE)
            place = self.store.sweep(place, before, STEP)

    def _go_on(self) -> None:
        swept = -SWEEP_EVERY
        while True:
            time.sleep(PURGE_EVERY)
            try:
                if self.counts:
                    self.counts.write(self.store)
                if self.also:
                    self.also()
                self.purge()
                if time.monotonic() - swept >= SWEEP_EVERY:
                    self.sweep()
                    swept = time.monotonic()
            except StoreError as error:
                log.warning("what is past its time is deleted later: %s", error)
            except Exception as error:  # noqa: BLE001 - or nothing would ever be deleted again
                log.error("what is past its time was not deleted (%s)", type(error).__name__)
