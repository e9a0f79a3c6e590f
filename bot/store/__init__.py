"""Where conversations are kept. One turn is one transaction; a message is answered once.

A store knows contacts only by a keyed hash, and nothing of what a text means. `sqlite` keeps them
in a file of one machine, `postgres` in a database that machines share.
"""

from collections.abc import Callable, Sequence
from typing import Any, LiteralString, NamedTuple, Protocol

from bot.model import Conversation, Reply

Step = Callable[[Conversation], tuple[Reply, Conversation]]
"""What a turn does with what was remembered: the reply, and what to remember now."""


class Post(NamedTuple):
    """Something to send by a call of its own: through which channel, and what, sealed."""

    channel: str
    sealed: str


Posting = Callable[[Reply], Sequence[Post]]
"""What has to be sent besides, once there is a reply."""


class StoreError(Exception):
    """The store cannot do what was asked; the text says why in one line, for an operator."""


class ContactRow(NamedTuple):
    """A contact as it is kept: its hash, and its state as JSON."""

    contact: bytes
    opted_out: bool
    heard: int
    state: str


class MessageRow(NamedTuple):
    """A message that was taken, as it is kept: `number` tells the order, the reply is JSON."""

    number: int
    message: str
    at: int
    reply: str


class Failure(NamedTuple):
    """How many replies failed on a day (days since 1970, UTC) with a carrier's error code."""

    day: int
    code: int
    times: int


class Unmatched(NamedTuple):
    """A text that the line could not answer, scrubbed, with the day and language it came in."""

    day: int
    language: str
    text: str


class Store(Protocol):
    """What every store does."""

    skip_locked: LiteralString
    """Ends a query for rows to change, so that it leaves out those that others are changing."""

    def turn(
        self,
        message: str,
        contact: bytes,
        now: int,
        step: Step,
        former: bytes = b"",
        posting: Posting | None = None,
    ) -> Reply:
        """Take one message of one contact through `step`, in one transaction.

        What `posting` gives is put in the outbox in that transaction.

        `former` is the contact's hash under the key before this one, if there was one: what is kept
        under it becomes the contact's.

        `message` is the channel's own id for it, unique over channels. If it was taken before, by
        this process or another, `step` is not called and the same reply comes back. `now` is Unix
        seconds. Raises StoreError where the transaction could not be done; nothing is kept then.
        """

    def reply_to(self, message: str) -> Reply | None:
        """Give the reply to a message that was taken; StoreError where that cannot be read."""

    def correct(self, message: str, reply: Reply) -> None:
        """Keep another reply to a message that was taken: the one that was really sent."""

    def delivered(self, message: str, status: str, code: int, now: int) -> bool:
        """Note once what became of a reply; tell whether that is new. `code` 0 is no failure."""

    def failures(self) -> list[Failure]:
        """Give the failures of replies, the latest days first."""

    def unmatched(self) -> list[Unmatched]:
        """Give the texts kept for improving understanding, the latest days first."""

    def note_unmatched(self, text: Unmatched) -> None:
        """Keep a scrubbed text that was not understood."""

    def contact(self, contact: bytes) -> ContactRow | None:
        """Give all that is kept of a contact."""

    def erase(self, contact: bytes, *, opt_out_too: bool = False) -> bool:
        """Forget a contact, but for its opt-out; tell whether anything was known.

        What still waits in the outbox for it goes too.
        """

    def purge(self, now: int, unmatched_days: int, count: int) -> int:
        """Delete what is kept for a time only and is older, up to `count` of each; give how many.

        Replies and what became of them are kept for 48 hours.
        """

    def sweep(self, after: bytes, before: int, count: int) -> bytes | None:
        """Forget those of the next `count` contacts that were not heard since `before`.

        Opt-outs are kept, without anything else. Give where to go on, and None at the end: no
        index has to be kept for it, and no transaction takes longer than a few turns.
        """

    def opted_out(self, contact: bytes) -> bool:
        """Tell whether a contact has opted out; StoreError where that cannot be read."""

    def current(self) -> bool:
        """Tell whether it is there with this release's schema; StoreError if with a newer one's."""

    def migrate(self) -> list[str]:
        """Make it, or bring it up to date; name what was done. StoreError where it cannot be."""

    def ping(self) -> None:
        """Raise StoreError unless it can be read and written with this release's schema."""

    def contacts(self, after: bytes, count: int) -> list[ContactRow]:
        """Give up to `count` contacts whose hash comes after this one, in order."""

    def messages(self, after: int, count: int) -> list[MessageRow]:
        """Give up to `count` messages whose number comes after this one, in order."""

    def take_contacts(self, rows: Sequence[ContactRow]) -> None:
        """Keep contacts of another store; of one in both, the one that was heard later."""

    def take_messages(self, rows: Sequence[MessageRow]) -> None:
        """Keep messages of another store that are not there."""

    def rows(self, query: LiteralString, *values: object) -> list[Any]:
        """Give the rows of a query, for rooms with tables of their own; `?` stands for a value."""

    def change(self, query: LiteralString, *values: object) -> int:
        """Do one statement in a transaction of its own; give how many rows it changed."""

    def changed(self, query: LiteralString, *values: object) -> list[Any]:
        """Do one statement in a transaction of its own; give the rows that it returns."""

    def close(self) -> None:
        """Let go of connections."""


def open_store(database: str, synchronous: str = "normal") -> Store:
    """Open the store that a setting names: a PostgreSQL address, or a file.

    `synchronous` (normal, full) is a file's; PostgreSQL has a setting of its own.
    """
    if is_address(database):
        try:
            from bot.store.postgres import PostgresStore  # noqa: PLC0415 - 21 MB, not for a file
        except ImportError as error:
            raise StoreError(
                f"DATABASE_URL: {error}: pip install 'answerline[postgres]'"
            ) from error
        return PostgresStore(database)
    from bot.store.sqlite import SqliteStore  # noqa: PLC0415

    return SqliteStore(database, synchronous=synchronous)


def is_address(database: str) -> bool:
    """Tell whether a setting names a database server, and no file."""
    return database.startswith(("postgresql://", "postgres://"))
