"""The embedded store: one SQLite file, one kept connection a thread, write-ahead log.

Every transaction begins IMMEDIATE: one that reads first and then writes fails at once when another
process writes in between, however long the timeout.
"""

import os
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, LiteralString

from bot.model import Conversation, Reply
from bot.store import ContactRow, Failure, MessageRow, Posting, Step, StoreError, Unmatched
from bot.store.rows import DAY, OPTED_OUT, POSTED, kept_for_a_time, kept_reply, kept_state

SCHEMA: Final = 8
"""How many migrations this release has; kept in the file as its user_version."""

WAIT: Final = 5.0
"""Seconds to wait for another process's transaction: well under a carrier's 15."""

_READ: Final = """
SELECT (SELECT CAST(reply AS BLOB) FROM messages WHERE message = ?), CAST(c.state AS BLOB),
c.opted_out FROM (SELECT 1) LEFT JOIN contacts c ON c.contact = ?
"""

_POLL: Final = 0.0001
"""Seconds between two tries to begin."""


class SqliteStore:
    """A `Store` in one file; `path` may be `:memory:` for one thread of one process.

    `synchronous` is SQLite's own: FULL waits for the disk at every turn, NORMAL (in which a power
    cut may take the last turns, and never damages the file) only where somebody opts out or in.
    """

    skip_locked: LiteralString = ""  # nobody else changes anything meanwhile

    def __init__(self, path: str, *, synchronous: str = "normal") -> None:
        self.path, self.synchronous = path, synchronous
        self._local = threading.local()

    def turn(
        self,
        message: str,
        contact: bytes,
        now: int,
        step: Step,
        former: bytes = b"",
        posting: Posting | None = None,
    ) -> Reply:
        """Take one message: see `Store.turn`."""
        try:
            return self._turn(self._connection(), message, contact, now, step, former, posting)
        except sqlite3.Error as error:
            raise StoreError(f"DATABASE_URL: the database {self.path} failed: {error}") from error

    def reply_to(self, message: str) -> Reply | None:
        """Give the reply to a message: see `Store.reply_to`."""
        try:
            return self._kept(self._connection(), message)
        except sqlite3.Error as error:
            raise StoreError(f"DATABASE_URL: the database {self.path} failed: {error}") from error

    def correct(self, message: str, reply: Reply) -> None:
        """Keep another reply to a message: see `Store.correct`."""
        query = "UPDATE messages SET reply = ? WHERE message = ?"
        self._many(query, [(reply.to_json(), message)])

    def delivered(self, message: str, status: str, code: int, now: int) -> bool:
        """Note once what became of a reply: see `Store.delivered`."""
        with self._writing() as db:
            new = db.execute(
                "INSERT INTO deliveries(message, status, at) VALUES(?, ?, ?) "
                "ON CONFLICT DO NOTHING",
                (message, status, now),
            ).rowcount
            if new and code:
                db.execute(
                    "INSERT INTO failures(day, code, count) VALUES(?, ?, 1) "
                    "ON CONFLICT(day, code) DO UPDATE SET count = count + 1",
                    (now // DAY, code),
                )
        return bool(new)

    def failures(self) -> list[Failure]:
        """Give the failures of replies: see `Store.failures`."""
        query = "SELECT day, code, count FROM failures ORDER BY day DESC, count DESC, code"
        return [Failure(*row) for row in self._rows(query, ())]

    def unmatched(self) -> list[Unmatched]:
        """Give texts that were not understood: see `Store.unmatched`."""
        query = "SELECT day, language, text FROM unmatched ORDER BY day DESC, number DESC"
        return [Unmatched(*row) for row in self._rows(query, ())]

    def note_unmatched(self, text: Unmatched) -> None:
        """Keep a text that was not understood: see `Store.note_unmatched`."""
        self._many("INSERT INTO unmatched(day, language, text) VALUES(?, ?, ?)", [text])

    def contact(self, contact: bytes) -> ContactRow | None:
        """Give what is kept of a contact: see `Store.contact`."""
        rows = self._rows(
            "SELECT contact, opted_out, heard, CAST(state AS TEXT) FROM contacts WHERE contact = ?",
            (contact,),
        )
        return ContactRow(rows[0][0], bool(rows[0][1]), *rows[0][2:]) if rows else None

    def erase(self, contact: bytes, *, opt_out_too: bool = False) -> bool:
        """Forget a contact: see `Store.erase`."""
        gone = "DELETE FROM contacts WHERE contact = ? AND (? OR NOT opted_out)"
        left = "UPDATE contacts SET state = ?, heard = 0 WHERE contact = ?"
        with self._writing() as db:
            unsent = db.execute("DELETE FROM outbox WHERE contact = ?", (contact,)).rowcount
            unsent += db.execute("DELETE FROM concatenated WHERE contact = ?", (contact,)).rowcount
            if db.execute(gone, (contact, opt_out_too)).rowcount:
                return True
            return bool(db.execute(left, (OPTED_OUT, contact)).rowcount or unsent)

    def purge(self, now: int, unmatched_days: int, count: int) -> int:
        """Delete what is past its time: see `Store.purge`."""
        with self._writing() as db:
            return sum(
                db.execute(
                    f"DELETE FROM {table} WHERE {column} < ? AND number IN "  # noqa: S608 - ours
                    f"(SELECT number FROM {table} ORDER BY number LIMIT ?)",
                    (before, count),
                ).rowcount
                for table, column, before in kept_for_a_time(now, unmatched_days)
            )

    def sweep(self, after: bytes, before: int, count: int) -> bytes | None:
        """Forget contacts not heard for long: see `Store.sweep`."""
        where = "contact > ? AND contact <= ? AND heard < ?"
        found = self._rows(
            "SELECT contact FROM contacts WHERE contact > ? ORDER BY contact LIMIT ?",
            (after, count),
        )
        if not found:
            return None
        last: bytes = found[-1][0]
        with self._writing() as db:
            these = (after, last, before)
            db.execute(f"DELETE FROM contacts WHERE {where} AND NOT opted_out", these)  # noqa: S608
            db.execute(
                f"UPDATE contacts SET state = ? WHERE {where} AND opted_out AND state <> ?",  # noqa: S608
                (OPTED_OUT, *these, OPTED_OUT),
            )
        return last if len(found) == count else None

    def opted_out(self, contact: bytes) -> bool:
        """Tell whether a contact has opted out."""
        try:
            row = self._connection().execute(
                "SELECT opted_out FROM contacts WHERE contact = ?", (contact,)
            )
            return bool((row.fetchone() or (0,))[0])
        except sqlite3.Error as error:
            raise StoreError(f"DATABASE_URL: the database {self.path} failed: {error}") from error

    def ping(self) -> None:
        """Check that it can be read and written: see `Store.ping`."""
        try:
            # A newer release may have added to it meanwhile; steps only ever add.
            if not self._is_there() or self._version() < SCHEMA:
                raise StoreError(
                    f"DATABASE_URL: the database {self.path} has no schema; run: answerline migrate"
                )
            db = self._connection()
            _patiently(db, "BEGIN IMMEDIATE")
            db.execute("ROLLBACK")
        except sqlite3.Error as error:
            raise StoreError(f"DATABASE_URL: the database {self.path} failed: {error}") from error

    def contacts(self, after: bytes, count: int) -> list[ContactRow]:
        """Give contacts in the order of their hashes: see `Store.contacts`."""
        rows = self._rows(
            "SELECT contact, opted_out, heard, CAST(state AS TEXT) FROM contacts "
            "WHERE contact > ? ORDER BY contact LIMIT ?", (after, count),
        )  # fmt: skip
        return [ContactRow(row[0], bool(row[1]), row[2], row[3]) for row in rows]

    def messages(self, after: int, count: int) -> list[MessageRow]:
        """Give messages in the order they came: see `Store.messages`."""
        rows = self._rows(
            "SELECT number, message, at, CAST(reply AS TEXT) FROM messages "
            "WHERE number > ? ORDER BY number LIMIT ?", (after, count),
        )  # fmt: skip
        return [MessageRow(*row) for row in rows]

    def take_contacts(self, rows: Sequence[ContactRow]) -> None:
        """Keep contacts of another store: see `Store.take_contacts`."""
        self._many(
            "INSERT INTO contacts(contact, opted_out, heard, state) VALUES(?, ?, ?, ?) "
            "ON CONFLICT(contact) DO UPDATE SET opted_out = excluded.opted_out, "
            "heard = excluded.heard, state = excluded.state WHERE excluded.heard >= heard",
            rows,
        )

    def take_messages(self, rows: Sequence[MessageRow]) -> None:
        """Keep messages of another store: see `Store.take_messages`."""
        self._many(
            "INSERT INTO messages(message, at, reply) VALUES(?, ?, ?) ON CONFLICT DO NOTHING",
            [row[1:] for row in rows],
        )

    def rows(self, query: LiteralString, *values: object) -> list[Any]:
        """Give the rows of a query: see `Store.rows`."""
        return self._rows(query, values)

    def change(self, query: LiteralString, *values: object) -> int:
        """Do one statement: see `Store.change`."""
        with self._writing() as db:
            return db.execute(query, values).rowcount

    def changed(self, query: LiteralString, *values: object) -> list[Any]:
        """Do one statement, and give what it returns: see `Store.changed`."""
        with self._writing() as db:
            return db.execute(query, values).fetchall()

    def close(self) -> None:
        """Close the connection of this thread."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is not None:
            self._local.connection = None
            connection.close()

    def current(self) -> bool:
        """Tell whether the file is there with this release's schema; StoreError if newer."""
        if not self._is_there():
            return False
        try:
            version = self._version()
        except sqlite3.Error as error:
            raise StoreError(
                f"DATABASE_URL: the database {self.path} cannot be read: {error}"
            ) from error
        if version > SCHEMA:
            raise StoreError(
                f"DATABASE_URL: the database {self.path} is of a newer release: "
                f"its schema is {version}, this release knows {SCHEMA}"
            )
        return bool(version == SCHEMA)

    def migrate(self) -> list[str]:
        """Make the file if it is not there and bring its schema up to date; name what was done.

        Raises StoreError, for an operator, where that cannot be.
        """
        from bot.store.migrations import migrate  # noqa: PLC0415 - 22 MB workers do without

        folder = Path(self.path).resolve().parent
        if self.path != ":memory:" and not folder.is_dir():
            raise StoreError(f"DATABASE_URL: there is no folder {folder}")
        try:
            self._make()
            return migrate(self._connection(), WAIT)
        except LookupError as error:
            raise StoreError(
                f"DATABASE_URL: the database {self.path} is of a newer release: {error}"
            ) from error
        except sqlite3.Error as error:
            raise StoreError(
                f"DATABASE_URL: the database {self.path} cannot be written: {error}"
            ) from error

    # --- within ---

    def _is_there(self) -> bool:
        return self.path == ":memory:" or Path(self.path).exists()

    def _version(self) -> int:
        (version,) = self._connection().execute("PRAGMA user_version").fetchone()
        return int(version)

    def _rows(self, query: str, values: tuple[object, ...]) -> list[Any]:
        try:
            return self._connection().execute(query, values).fetchall()
        except (sqlite3.Error, OverflowError) as error:
            raise StoreError(f"DATABASE_URL: the database {self.path} failed: {error}") from error

    def _many(self, query: str, rows: Sequence[tuple[object, ...]]) -> None:
        with self._writing() as db:
            db.executemany(query, rows)

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        """Give a connection in a transaction of its own, which is all or nothing."""
        try:
            db = self._connection()
            try:
                _patiently(db, "BEGIN IMMEDIATE")
                yield db
                db.execute("COMMIT")
            finally:
                if db.in_transaction:
                    db.execute("ROLLBACK")
        except (sqlite3.Error, OverflowError) as error:
            raise StoreError(f"DATABASE_URL: the database {self.path} failed: {error}") from error

    def _make(self) -> None:
        """Make the file, if it is not there, for its owner alone: opt-outs are in it."""
        if self.path != ":memory:":
            try:
                os.close(os.open(self.path, os.O_CREAT | os.O_RDWR, 0o600))
            except OSError as error:
                raise StoreError(f"DATABASE_URL: {self.path}: {error.strerror}") from error

    def _turn(
        self,
        db: sqlite3.Connection,
        message: str,
        contact: bytes,
        now: int,
        step: Step,
        former: bytes,
        posting: Posting | None,
    ) -> Reply:
        # The write lock is taken at once, so between looking for the message and keeping it nobody
        # else can have taken it: a repeat is answered by what is kept, in any process.
        asked = False
        _patiently(db, "BEGIN IMMEDIATE")
        try:
            answer, state, opted_out = db.execute(_READ, (message, contact)).fetchone()
            kept = None if answer is None else kept_reply(answer)
            if kept is not None:
                reply = kept
            else:
                if former:
                    db.execute(
                        "UPDATE OR IGNORE contacts SET contact = ? WHERE contact = ?",
                        (contact, former),
                    )
                    state, opted_out = db.execute(_READ, (message, contact)).fetchone()[1:]
                before = Conversation() if state is None else kept_state(state, bool(opted_out))
                reply, conversation = step(before)
                db.execute(
                    "INSERT OR REPLACE INTO messages(message, at, reply) VALUES(?, ?, ?)",
                    (message, now, reply.to_json()),
                )
                db.execute(
                    "INSERT INTO contacts(contact, opted_out, heard, state) VALUES(?, ?, ?, ?) "
                    "ON CONFLICT(contact) DO UPDATE SET opted_out = excluded.opted_out, "
                    "heard = excluded.heard, state = excluded.state",
                    (
                        contact,
                        conversation.opted_out,
                        conversation.heard,
                        conversation.to_json(),
                    ),
                )
                for post in posting(reply) if posting else ():
                    db.execute(POSTED, (message, contact, now, now, *post))
                asked = conversation.opted_out != before.opted_out
            db.execute("COMMIT")
            if asked:
                self._on_disk()
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        return reply

    def _on_disk(self) -> None:
        """Wait until all that was committed is on disk.

        A power cut may take the last turns of a line, but no opt-out that was confirmed.
        """
        with suppress(FileNotFoundError):  # all of it is in the database already, or in memory
            log = os.open(f"{self.path}-wal", os.O_RDONLY)
            try:
                os.fsync(log)
            finally:
                os.close(log)

    def _kept(self, db: sqlite3.Connection, message: str) -> Reply | None:
        """Give the reply to a message that was taken before; a damaged one counts as not taken."""
        row = db.execute(
            "SELECT CAST(reply AS BLOB) FROM messages WHERE message = ?", (message,)
        ).fetchone()
        return None if row is None else kept_reply(row[0])

    def _connection(self) -> sqlite3.Connection:
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = sqlite3.connect(self.path, timeout=WAIT, isolation_level=None)
            _patiently(connection, "PRAGMA journal_mode=WAL")
            connection.execute(f"PRAGMA synchronous={self.synchronous}")
            # Fewer, larger checkpoints: a third off the slowest turns, for 16 MB of log at most.
            connection.execute("PRAGMA wal_autocheckpoint=4000")
            connection.execute("PRAGMA busy_timeout=0")  # from here on `_patiently` waits
            self._local.connection = connection
        return connection


def _patiently(db: sqlite3.Connection, statement: str) -> None:
    """Execute what needs a lock, waiting up to WAIT seconds for another process to let go of it.

    SQLite's own waiting sleeps 1, 2, 5, 10 ... ms, while a turn takes a tenth of the first: under
    load the workers would sleep most of the time (measured: 1.3 times the messages a second). And
    for a change of the journal's mode it does not wait at all.
    """
    deadline = time.monotonic() + WAIT
    while True:
        try:
            db.execute(statement)
            return
        except sqlite3.OperationalError as error:
            # The low byte: there are kinds of busy, after a crash for one.
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
        time.sleep(_POLL)
