"""Sends what waits in the outbox: at least once, in order for each contact, with patience.

A row is put there in the transaction of its turn, and is gone when the platform has taken it. Who
sends holds it for a while, so that others leave it alone; whoever dies while sending leaves it to
the next, which may send it again. What cannot be sent is kept with the reason, for an operator.

No library does this on both stores: those for PostgreSQL have no embedded one, those for SQLite no
transaction to share with a turn, and none keeps the order for each contact.
"""

import logging
import random
import secrets
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Final, LiteralString, NamedTuple

from bot.posts import Outgoing, Seal, UnreadableError
from bot.store import Post, Store, StoreError

if TYPE_CHECKING:
    import httpx

    from bot.metrics import Metrics

ABREAST: Final = 8
"""Posts, each for another contact, that one process sends at the same time."""

LOOK_EVERY: Final = 1.0
"""Seconds between two looks for what other processes put there, or what is due again."""

LEASE: Final = 60
"""Seconds for which a post is left to whoever took it: more than sending one takes. Clocks of
machines that share a database must not differ by more."""

LONGEST_ASKED: Final = 3600
"""Seconds that a platform may ask for; what is due later is there by a clock that was set back."""

DUE: Final = "failed = '' AND (next_at <= ? OR next_at > ?) AND (lease <= ? OR lease > ?)"
ANY_DUE: Final = f"SELECT number FROM outbox WHERE {DUE} LIMIT 1"  # noqa: S608 - our own words
TAKE: Final = (
    "UPDATE outbox SET lease = ?, holder = ?, tries = tries + 1 WHERE number IN ("  # noqa: S608
    f"SELECT number FROM outbox o WHERE {DUE} "
    "AND NOT EXISTS (SELECT number FROM outbox p WHERE p.contact = o.contact "
    "AND p.channel = o.channel AND p.number < o.number AND p.failed = '') "
    "ORDER BY number LIMIT ? "
)
RETURNED: Final = ") RETURNING number, message, channel, at, tries, sealed"

LONGEST_WAIT: Final = 300
"""Seconds between two tries at most."""

GIVE_UP_AFTER: Final = 24 * 3600
"""Seconds after which an answer is no longer sent: it is old, and chats have closed by then."""

TOO_LATE: Final = "it could not be sent for a day"

log = logging.getLogger(__name__)


class Sent(NamedTuple):
    """The platform has taken it."""


class Later(NamedTuple):
    """It may go another time; `after` is how many seconds the platform asks for, if it does."""

    why: str
    after: float = 0


class Never(NamedTuple):
    """It cannot be sent as things are; `why` is for an operator and names nobody."""

    why: str


Outcome = Sent | Later | Never
Send = Callable[["httpx.Client", Outgoing], Outcome]
"""Sends one post through a platform. What `httpx` raises is a reason to try again."""


class Row(NamedTuple):
    """A post as it was taken from the outbox: `tries` is how often it was tried before."""

    number: int
    message: str
    channel: str
    at: int
    tries: int
    sealed: str


class Letter(NamedTuple):
    """A post that was not sent, as an operator sees it: no address, no text."""

    number: int
    message: str
    channel: str
    at: int
    tries: int
    failed: str


class Outbox:
    """What waits in one store, and the thread that sends it. Any number of processes may."""

    def __init__(
        self,
        store: Store,
        seal: Seal,
        senders: Mapping[str, Send],
        clock: Callable[[], int],
        metrics: "Metrics | None" = None,
    ) -> None:
        self.store, self.seal, self.senders, self.clock = store, seal, senders, clock
        self.metrics = metrics
        self._holder = secrets.token_hex(8)
        self._something = threading.Event()
        self._free, self._lock = ABREAST, threading.Lock()
        self.ended = False  # no event, which a signal's handler could not set safely
        self._thread: threading.Thread | None = None
        self._apart: ThreadPoolExecutor | None = None

    def start(self) -> None:
        """Send for as long as the process runs."""
        self._thread = threading.Thread(target=self.run, daemon=True, name="outbox")
        self._thread.start()

    def wake(self) -> None:
        """Tell that something was put there, so that it need not be looked for."""
        self._something.set()

    def offer(self, posts: Sequence[Post], sent: Callable[[], None]) -> None:
        """Send posts now, one after the other, past a store that is away.

        `sent` is told once all are taken; whatever is not waits where the caller has kept it.
        """
        if self._apart is None:
            self._apart = ThreadPoolExecutor(1, "apart")
        self._apart.submit(self._send_apart, posts, sent)

    def end(self) -> None:
        """Take nothing more; what is under way is finished."""
        self.ended = True
        if self._apart is not None:
            self._apart.shutdown(cancel_futures=True)

    def run(self) -> None:
        """Take what is due and send it, until it is to end.

        What becomes of a post is noted by the thread that has sent it: such threads are waited for
        at the end of a process, so that no post that was taken goes out once more.
        """
        from bot.patient import Patient  # noqa: PLC0415 - httpx, only where something is sent

        with Patient() as client, ThreadPoolExecutor(ABREAST, "send") as pool:
            while not self.ended:
                self._something.clear()
                try:
                    for row in self._taken(self._free):
                        self._change_free(-1)
                        pool.submit(self._deliver, client, row)
                except StoreError as error:
                    log.warning("what waits to be sent waits longer: %s", error)
                    time.sleep(LOOK_EVERY)
                except Exception as error:  # noqa: BLE001 - or nothing would ever be sent again
                    log.error("the outbox could not go on (%s)", type(error).__name__)
                    time.sleep(LOOK_EVERY)
                self._something.wait(LOOK_EVERY)

    # --- within ---

    def _taken(self, count: int) -> list[Row]:
        """Take up to `count` posts that are due, the oldest of each contact and channel."""
        now = self.clock()
        due = now, now + LONGEST_ASKED, now, now + LONGEST_ASKED
        if count <= 0 or not self.store.rows(ANY_DUE, *due):
            return []
        query = TAKE + self.store.skip_locked + RETURNED
        rows = self.store.changed(query, now + LEASE, self._holder, *due, count)
        return [
            Row(number, message, channel, at, tries - 1, sealed)
            for number, message, channel, at, tries, sealed in sorted(rows)
        ]

    def _change_free(self, by: int) -> None:
        with self._lock:
            self._free += by

    def _deliver(self, client: "httpx.Client", row: Row) -> None:
        """Send a post and note what became of it, as soon as that can be noted."""
        try:
            outcome = self._sent(client, row.channel, row.sealed)
            until = time.monotonic() + LEASE  # then it is anybody's
            while True:
                try:
                    self._settle(row, outcome)
                    break
                except StoreError as error:
                    if self.ended or time.monotonic() > until:
                        log.error("message %s: its reply may be sent twice: %s", row.message, error)
                        break
                    time.sleep(LOOK_EVERY)
        finally:
            self._change_free(1)
            self._something.set()

    def _send_apart(self, posts: Sequence[Post], sent: Callable[[], None]) -> None:
        from bot.patient import Patient  # noqa: PLC0415

        with Patient() as client:
            if all(isinstance(self._sent(client, *post), Sent) for post in posts):
                sent()

    def _sent(self, client: "httpx.Client", channel: str, sealed: str) -> Outcome:
        import httpx  # noqa: PLC0415

        send = self.senders.get(channel)
        if send is None:
            return Never(f"the channel {channel} has no settings here")
        try:
            return send(client, self.seal.opened(sealed))
        except UnreadableError as error:
            return Never(str(error))
        except (httpx.TransportError, httpx.InvalidURL) as error:
            return Later(type(error).__name__)
        except Exception as error:  # noqa: BLE001 - or nothing would ever be sent again
            return Never(f"sending failed with {type(error).__name__}")

    def _settle(self, row: Row, outcome: Outcome) -> None:
        """Note what became of a post, unless somebody else has it by now."""
        mine = (row.number, self._holder)
        at = self.clock()
        if isinstance(outcome, Later) and at - row.at >= GIVE_UP_AFTER:
            outcome = Never(f"{TOO_LATE} ({outcome.why})")
        match outcome:
            case Sent():
                self.store.change("DELETE FROM outbox WHERE number = ? AND holder = ?", *mine)
            case Later(why, after):
                wait = max(after, backed_off(row.tries))
                log.warning("message %s: its reply is tried again (%s)", row.message, why)
                self.store.change(
                    "UPDATE outbox SET next_at = ?, lease = 0 WHERE number = ? AND holder = ?",
                    at + round(wait), *mine,
                )  # fmt: skip
            case Never(why):
                log.error("message %s: its reply was not sent: %s", row.message, why)
                self.store.change(
                    "UPDATE outbox SET failed = ?, lease = 0 WHERE number = ? AND holder = ?",
                    why, *mine,
                )  # fmt: skip
        if self.metrics:
            self.metrics.posted(row.channel, type(outcome).__name__.lower())


def backed_off(tries: int) -> float:
    """Give the seconds to wait after `tries` earlier tries: each time twice as many, or less.

    By chance, so that those that failed together do not all come back together ("equal jitter").
    """
    most = min(LONGEST_WAIT, 2.0 ** min(tries + 1, 20))
    return most / 2 + random.random() * most / 2  # noqa: S311 - no secret


def waiting(store: Store) -> int:
    """Count the posts that are still to be sent."""
    ((count,),) = store.rows("SELECT COUNT(*) FROM outbox WHERE failed = ''")
    return int(count)


def dead(store: Store) -> list[Letter]:
    """Give the posts that were given up, the oldest first."""
    rows = store.rows(
        "SELECT number, message, channel, at, tries, failed FROM outbox WHERE failed <> '' "
        "ORDER BY number"
    )
    return [Letter(*row) for row in rows]


def replay(store: Store, number: int | None, now: int) -> int:
    """Have posts that were given up tried again: one of them, or all; give how many."""
    query: LiteralString = (
        "UPDATE outbox SET failed = '', next_at = ?, at = ?, lease = 0, tries = 0 "
        "WHERE failed <> ''"
    )
    if number is None:
        return store.change(query, now, now)
    return store.change(query + " AND number = ?", now, now, number)


def outcome_of(response: "httpx.Response") -> Outcome:
    """Read what most platforms mean by a status: taken, later, or never."""
    status = response.status_code
    if response.is_success:
        return Sent()
    why = f"status {status}"
    if status in (408, 425, 429) or status >= 500:
        return Later(why, _seconds(response.headers.get("Retry-After", "")))
    if status in (401, 403):
        return Never(f"{why}: the token was refused; mend it, then replay")
    return Never(why)


def _seconds(told: str) -> float:
    """Read a Retry-After in seconds; a date is left to our own waiting."""
    return min(float(told), float(LONGEST_ASKED)) if told.isascii() and told.isdigit() else 0
