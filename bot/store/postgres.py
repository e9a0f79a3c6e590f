"""The store for many machines: PostgreSQL, by psycopg and its pool.

A turn takes two round trips. The first locks the contact (an advisory lock on its hash, so that
its messages are taken one after the other and nobody else's wait) and reads; the second writes and
commits. A message that came twice is known by the unique key of its id, on whatever machine.
"""

import os
import socket
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib import resources
from typing import Any, Final, LiteralString

import psycopg
from psycopg import sql
from psycopg_pool import ConnectionPool, PoolTimeout

from bot.model import Conversation, Reply
from bot.store import ContactRow, Failure, MessageRow, Posting, Step, StoreError, Unmatched
from bot.store.rows import DAY, OPTED_OUT, POSTED, kept_for_a_time, kept_reply, kept_state

WAIT: Final = 4.0
"""Seconds to wait for a connection, or for another's lock: well under a carrier's 15."""

LOOK_EVERY: Final = 0.5
"""Seconds between two looks for connections that are overdue."""

AGAIN_WITHIN: Final = 1.0
"""Seconds within which a turn whose connection broke is tried again."""

CONNECTIONS: Final = 4
"""Connections that one process may hold: one for each of its threads, which are few."""

_READ: Final = """
SELECT (SELECT reply FROM messages WHERE message = %(message)s), c.state, c.opted_out
FROM (SELECT 1) one LEFT JOIN contacts c ON c.contact = %(contact)s
"""
_RENAME: Final = """
UPDATE contacts SET contact = %(contact)s WHERE contact = %(former)s
AND NOT EXISTS (SELECT FROM contacts WHERE contact = %(contact)s)
"""
_KEEP_CONTACT: Final = """
INSERT INTO contacts(contact, opted_out, heard, state) VALUES(%s, %s, %s, %s)
ON CONFLICT(contact) DO UPDATE
SET opted_out = excluded.opted_out, heard = excluded.heard, state = excluded.state
"""
_KEEP_MESSAGE: Final = "INSERT INTO messages(message, at, reply) VALUES(%s, %s, %s)"
_KEEP_POST: Final = POSTED.replace("?", "%s")
_FORGET_THESE: Final = """
DELETE FROM contacts WHERE NOT opted_out AND contact IN (
SELECT contact FROM contacts WHERE contact > %s AND contact <= %s AND heard < %s
FOR UPDATE SKIP LOCKED)
"""
_STRIP_THESE: Final = """
UPDATE contacts SET state = %s WHERE opted_out AND contact IN (
SELECT contact FROM contacts WHERE contact > %s AND contact <= %s AND heard < %s AND state <> %s
FOR UPDATE SKIP LOCKED)
"""
"""Both leave out the contacts that a turn is at."""


class PostgresStore:
    """A `Store` in a PostgreSQL database, shared by any number of processes and machines."""

    skip_locked: LiteralString = "FOR UPDATE SKIP LOCKED"

    def __init__(self, url: str) -> None:
        self._url = url
        self._pool: ConnectionPool[psycopg.Connection[Any]] | None = None
        self._lock = threading.Lock()
        self._watch = Watch()

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
        begun = time.monotonic()
        while True:
            try:
                with self._connection() as db:
                    return self._turn(db, message, contact, now, step, former, posting)
            except psycopg.errors.UniqueViolation:  # taken meanwhile, for another contact
                continue
            except (psycopg.OperationalError, PoolTimeout) as error:
                # Whether it was committed cannot be known; once more finds out, as a message that
                # was taken is not taken again.
                if time.monotonic() - begun > AGAIN_WITHIN or not _is_broken(error):
                    raise _failed(error) from error
                with suppress(PoolTimeout, psycopg.Error):
                    self._opened().check()
            except psycopg.Error as error:
                raise _failed(error) from error

    def reply_to(self, message: str) -> Reply | None:
        """Give the reply to a message: see `Store.reply_to`."""
        row = self._row("SELECT reply FROM messages WHERE message = %s", (message,))
        return kept_reply(row[0]) if row else None

    def correct(self, message: str, reply: Reply) -> None:
        """Keep another reply to a message: see `Store.correct`."""
        query = "UPDATE messages SET reply = %s WHERE message = %s"
        self._many(query, [(reply.to_json(), message)])

    def delivered(self, message: str, status: str, code: int, now: int) -> bool:
        """Note once what became of a reply: see `Store.delivered`."""
        with self._writing() as db:
            new = db.execute(
                "INSERT INTO deliveries(message, status, at) VALUES(%s, %s, %s) "
                "ON CONFLICT DO NOTHING",
                (message, status, now),
            ).rowcount
            if new and code:
                db.execute(
                    "INSERT INTO failures(day, code, count) VALUES(%s, %s, 1) "
                    "ON CONFLICT(day, code) DO UPDATE SET count = failures.count + 1",
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
        self._many("INSERT INTO unmatched(day, language, text) VALUES(%s, %s, %s)", [text])

    def contact(self, contact: bytes) -> ContactRow | None:
        """Give what is kept of a contact: see `Store.contact`."""
        query = "SELECT contact, opted_out, heard, state FROM contacts WHERE contact = %s"
        row = self._row(query, (contact,))
        return ContactRow(bytes(row[0]), bool(row[1]), row[2], row[3]) if row else None

    def erase(self, contact: bytes, *, opt_out_too: bool = False) -> bool:
        """Forget a contact: see `Store.erase`."""
        gone = "DELETE FROM contacts WHERE contact = %s AND (%s OR NOT opted_out)"
        left = "UPDATE contacts SET state = %s, heard = 0 WHERE contact = %s"
        with self._writing() as db:
            unsent = db.execute("DELETE FROM outbox WHERE contact = %s", (contact,)).rowcount
            unsent += db.execute("DELETE FROM concatenated WHERE contact = %s", (contact,)).rowcount
            if db.execute(gone, (contact, opt_out_too)).rowcount:
                return True
            return bool(db.execute(left, (OPTED_OUT, contact)).rowcount or unsent)

    def purge(self, now: int, unmatched_days: int, count: int) -> int:
        """Delete what is past its time: see `Store.purge`."""
        with self._writing() as db:
            return sum(
                db.execute(
                    sql.SQL(
                        "DELETE FROM {0} WHERE {1} < %s AND number IN "
                        "(SELECT number FROM {0} ORDER BY number LIMIT %s FOR UPDATE SKIP LOCKED)"
                    ).format(sql.Identifier(table), sql.Identifier(column)),
                    (before, count),
                ).rowcount
                for table, column, before in kept_for_a_time(now, unmatched_days)
            )

    def sweep(self, after: bytes, before: int, count: int) -> bytes | None:
        """Forget contacts not heard for long: see `Store.sweep`."""
        found = self._rows(
            "SELECT contact FROM contacts WHERE contact > %s ORDER BY contact LIMIT %s",
            (after, count),
        )
        if not found:
            return None
        last = bytes(found[-1][0])
        with self._writing() as db:
            these = (after, last, before)
            db.execute(_FORGET_THESE, these)
            db.execute(_STRIP_THESE, (OPTED_OUT, *these, OPTED_OUT))
        return last if len(found) == count else None

    def opted_out(self, contact: bytes) -> bool:
        """Tell whether a contact has opted out."""
        row = self._row("SELECT opted_out FROM contacts WHERE contact = %s", (contact,))
        return bool((row or (False,))[0])

    def ping(self) -> None:
        """Check that it can be read and written: see `Store.ping`."""
        with suppress(PoolTimeout):
            self._opened().check()  # a server that was started again has closed them all
        # A newer release may have added to it meanwhile; steps only ever add.
        if not self._applied() >= set(steps()):
            raise StoreError("DATABASE_URL: the database has no schema; run: answerline migrate")
        row = self._row("SELECT current_setting('transaction_read_only')", ())
        if row and row[0] == "on":
            raise StoreError("DATABASE_URL: the database can only be read")

    def contacts(self, after: bytes, count: int) -> list[ContactRow]:
        """Give contacts in the order of their hashes: see `Store.contacts`."""
        rows = self._rows(
            "SELECT contact, opted_out, heard, state FROM contacts "
            "WHERE contact > %s ORDER BY contact LIMIT %s", (after, count),
        )  # fmt: skip
        return [ContactRow(bytes(row[0]), bool(row[1]), row[2], row[3]) for row in rows]

    def messages(self, after: int, count: int) -> list[MessageRow]:
        """Give messages in the order they came: see `Store.messages`."""
        rows = self._rows(
            "SELECT number, message, at, reply FROM messages "
            "WHERE number > %s ORDER BY number LIMIT %s", (after, count),
        )  # fmt: skip
        return [MessageRow(*row) for row in rows]

    def take_contacts(self, rows: Sequence[ContactRow]) -> None:
        """Keep contacts of another store: see `Store.take_contacts`."""
        self._many(
            "INSERT INTO contacts(contact, opted_out, heard, state) VALUES(%s, %s, %s, %s) "
            "ON CONFLICT(contact) DO UPDATE SET opted_out = excluded.opted_out, "
            "heard = excluded.heard, state = excluded.state WHERE excluded.heard >= contacts.heard",
            rows,
        )

    def take_messages(self, rows: Sequence[MessageRow]) -> None:
        """Keep messages of another store: see `Store.take_messages`."""
        self._many(
            "INSERT INTO messages(message, at, reply) VALUES(%s, %s, %s) ON CONFLICT DO NOTHING",
            [row[1:] for row in rows],
        )

    def rows(self, query: LiteralString, *values: object) -> list[Any]:
        """Give the rows of a query: see `Store.rows`."""
        return self._rows(query.replace("?", "%s"), values)

    def change(self, query: LiteralString, *values: object) -> int:
        """Do one statement: see `Store.change`."""
        with self._writing() as db:
            return db.execute(query.replace("?", "%s"), values).rowcount

    def changed(self, query: LiteralString, *values: object) -> list[Any]:
        """Do one statement, and give what it returns: see `Store.changed`."""
        with self._writing() as db:
            return db.execute(query.replace("?", "%s"), values).fetchall()

    def close(self) -> None:
        """Close every connection of this process."""
        with self._lock:
            if self._pool is not None:
                self._pool.close(timeout=1)
                self._pool = None

    def current(self) -> bool:
        """Tell whether the schema is this release's; StoreError if it is a newer one's."""
        applied = self._applied()
        if unknown := applied - set(steps()):
            raise StoreError(
                "DATABASE_URL: the database is of a newer release: it has "
                f"{', '.join(sorted(unknown))}, which this release does not know"
            )
        return applied == set(steps())

    def migrate(self) -> list[str]:
        """Bring the schema up to date, safe from several machines at once; name what was done."""
        import yoyo  # noqa: PLC0415 - workers do without

        try:
            if self.current():
                return []
            backend = yoyo.get_backend(f"postgresql+psycopg://{self._url.partition('://')[2]}")
            with backend.lock(), resources.as_file(_folder()) as folder:
                missing = backend.to_apply(yoyo.read_migrations(str(folder)))
                done = [one.id for one in missing]
                backend.apply_migrations(missing)
            backend.connection.close()
        except psycopg.Error as error:
            raise _failed(error) from error
        return done

    # --- within ---

    def _turn(
        self,
        db: psycopg.Connection[Any],
        message: str,
        contact: bytes,
        now: int,
        step: Step,
        former: bytes,
        posting: Posting | None,
    ) -> Reply:
        wanted = {"message": message, "contact": contact}
        # All in one pipeline: BEGIN goes with the reading, COMMIT with the writing.
        with db.pipeline(), db.transaction():
            db.execute("SELECT pg_advisory_xact_lock(%s)", (_lock_key(contact),))
            if former:
                db.execute(_RENAME, {"contact": contact, "former": former})
            found = db.execute(_READ, wanted).fetchone()
            reply, state, opted_out = found or (None, None, None)
            if reply is not None:
                if (kept := kept_reply(reply)) is not None:
                    return kept
                db.execute("DELETE FROM messages WHERE message = %s", (message,))
            before = Conversation() if state is None else kept_state(state, bool(opted_out))
            answer, after = step(before)
            db.execute(_KEEP_MESSAGE, (message, now, answer.to_json()))
            db.execute(_KEEP_CONTACT, (contact, after.opted_out, after.heard, after.to_json()))
            for post in posting(answer) if posting else ():
                db.execute(_KEEP_POST, (message, contact, now, now, *post))
        return answer

    def _applied(self) -> set[str]:
        """Name the steps that were applied."""
        there = self._row("SELECT to_regclass('_yoyo_migration') IS NOT NULL", ())
        if not (there and there[0]):
            return set()
        row = self._row("SELECT array_agg(migration_id) FROM _yoyo_migration", ())
        return set((row or ([],))[0] or ())

    def _rows(self, query: LiteralString, values: tuple[object, ...]) -> list[Any]:
        try:
            with self._connection() as db:
                return db.execute(query, values).fetchall()
        except (psycopg.Error, PoolTimeout) as error:
            raise _failed(error) from error

    def _many(self, query: LiteralString, rows: Sequence[tuple[object, ...]]) -> None:
        with self._writing() as db, db.cursor() as cursor:
            cursor.executemany(query, rows)

    @contextmanager
    def _writing(self) -> "Iterator[psycopg.Connection[Any]]":
        """Give a connection in a transaction of its own, which is all or nothing."""
        try:
            with self._connection() as db, db.transaction():
                yield db
        except (psycopg.Error, PoolTimeout) as error:
            raise _failed(error) from error

    def _row(self, query: Any, values: tuple[object, ...]) -> tuple[Any, ...] | None:
        try:
            with self._connection() as db:
                return db.execute(query, values).fetchone()
        except (psycopg.Error, PoolTimeout) as error:
            raise _failed(error) from error

    @contextmanager
    def _connection(self) -> "Iterator[psycopg.Connection[Any]]":
        """Give a connection that is broken off where the server does not answer in time."""
        with self._opened().connection() as db, self._watch.over(db.fileno()):
            yield db

    def _opened(self) -> "ConnectionPool[psycopg.Connection[Any]]":
        """Open the pool at the first use: after a worker was forked, never before."""
        with self._lock:
            if self._pool is None:
                wait = int(WAIT * 1000)
                self._pool = ConnectionPool(
                    self._url,
                    min_size=1,
                    max_size=CONNECTIONS,
                    timeout=WAIT,
                    reconnect_timeout=WAIT,
                    kwargs={
                        "autocommit": True,
                        "connect_timeout": int(WAIT),
                        "application_name": "answerline",
                        "options": f"-c lock_timeout={wait} -c statement_timeout={wait} "
                        f"-c idle_in_transaction_session_timeout={2 * wait}",
                    },
                    open=True,
                )
            return self._pool


class Watch:
    """Breaks off connections whose server does not answer: nothing else ends such a wait.

    `statement_timeout` is the server's own, and a server that hangs does not look at it.
    """

    def __init__(self) -> None:
        self._due: dict[int, float] = {}
        self._thread: threading.Thread | None = None

    @contextmanager
    def over(self, file: int) -> Iterator[None]:
        """Watch over a connection's socket while something is asked of it."""
        if self._thread is None:
            self._thread = threading.Thread(target=self._look, daemon=True)
            self._thread.start()
        self._due[file] = time.monotonic() + WAIT + LOOK_EVERY
        try:
            yield
        finally:
            self._due.pop(file, None)

    def _look(self) -> None:
        while True:
            time.sleep(LOOK_EVERY)
            now = time.monotonic()
            for file, due in list(self._due.items()):
                if now > due:
                    self._due.pop(file, None)
                    with suppress(OSError), socket.socket(fileno=os.dup(file)) as link:
                        link.shutdown(socket.SHUT_RDWR)


def steps() -> list[str]:
    """Name every step of the schema of this release, in order."""
    return sorted(
        one.name.removesuffix(".sql") for one in _folder().iterdir() if one.name.endswith(".sql")
    )


def _folder() -> Any:
    return resources.files("bot.store") / "schema"


def _lock_key(contact: bytes) -> int:
    return int.from_bytes(contact[:8].ljust(8, b"\0"), "big", signed=True)


def _is_broken(error: Exception) -> bool:
    """Tell whether the connection broke, so that another one may do."""
    state = getattr(error, "sqlstate", None) or ""
    return isinstance(error, psycopg.OperationalError) and state in ("", "57P01", "57P02", "57P03")


def _failed(error: Exception) -> StoreError:
    """Say what PostgreSQL says, in one line; the address, which has a password, stays out of it."""
    said = " ".join(str(error).split()) or type(error).__name__
    return StoreError(f"DATABASE_URL: PostgreSQL failed: {said}")
