"""The schema of the SQLite store, as numbered steps that sqlite-utils applies and records.

A step that has been released is never changed; the next one is added below it. A step only adds:
processes of the release before go on with what it made. This module is
imported only where a schema is made: sqlite-utils is kept out of the workers' memory.
"""

import sqlite3

from sqlite_utils import Database
from sqlite_utils.migrations import Migrations

migrations = Migrations("answerline")


@migrations()
def m001_contacts_and_messages(db: Database) -> None:
    """Contacts by keyed hash; messages by id, with the reply that a repeat of one gets."""
    db.execute(
        "CREATE TABLE contacts("
        "contact BLOB PRIMARY KEY, opted_out INTEGER NOT NULL, heard INTEGER NOT NULL, "
        "state TEXT NOT NULL) WITHOUT ROWID"
    )
    db.execute(
        "CREATE TABLE messages("
        "number INTEGER PRIMARY KEY, message TEXT NOT NULL UNIQUE, at INTEGER NOT NULL, "
        "reply TEXT NOT NULL)"
    )


@migrations()
def m002_deliveries(db: Database) -> None:
    """Note what a carrier has told of each reply, once; count failures by day and code."""
    db.execute(
        "CREATE TABLE deliveries("
        "number INTEGER PRIMARY KEY, message TEXT NOT NULL, status TEXT NOT NULL, "
        "at INTEGER NOT NULL, UNIQUE(message, status))"
    )
    db.execute(
        "CREATE TABLE failures("
        "day INTEGER NOT NULL, code INTEGER NOT NULL, count INTEGER NOT NULL, "
        "PRIMARY KEY(day, code)) WITHOUT ROWID"
    )


@migrations()
def m003_unmatched(db: Database) -> None:
    """Keep scrubbed texts that were not understood, where an operator has allowed it."""
    db.execute(
        "CREATE TABLE unmatched("
        "number INTEGER PRIMARY KEY, day INTEGER NOT NULL, language TEXT NOT NULL, "
        "text TEXT NOT NULL)"
    )


@migrations()
def m004_console(db: Database) -> None:
    """Keep what staff need: accounts, what they did, the phones they simulate, what they found."""
    db.execute(
        "CREATE TABLE staff("
        "name TEXT PRIMARY KEY, password TEXT NOT NULL, role TEXT NOT NULL, "
        "added INTEGER NOT NULL, failures INTEGER NOT NULL, locked_until INTEGER NOT NULL)"
    )
    db.execute(
        "CREATE TABLE audit("
        "number INTEGER PRIMARY KEY, at INTEGER NOT NULL, staff TEXT NOT NULL, what TEXT NOT NULL)"
    )
    db.execute(
        "CREATE TABLE simulated("
        "number INTEGER PRIMARY KEY, at INTEGER NOT NULL, phone TEXT NOT NULL, "
        "said TEXT NOT NULL, reply TEXT NOT NULL, why TEXT NOT NULL)"
    )
    db.execute("CREATE INDEX simulated_phone ON simulated(phone)")
    db.execute(
        "CREATE TABLE remarks("
        "number INTEGER PRIMARY KEY, at INTEGER NOT NULL, staff TEXT NOT NULL, "
        "said TEXT NOT NULL, reply TEXT NOT NULL, remark TEXT NOT NULL)"
    )


@migrations()
def m005_transcripts_and_counts(db: Database) -> None:
    """Keep conversations for staff, and how many turns of each kind there were, by hour."""
    db.execute(
        "CREATE TABLE transcripts("
        "name TEXT PRIMARY KEY, at INTEGER NOT NULL, staff TEXT NOT NULL, text TEXT NOT NULL)"
    )
    db.execute(
        "CREATE TABLE counts("
        "day INTEGER NOT NULL, hour INTEGER NOT NULL, channel TEXT NOT NULL, "
        "language TEXT NOT NULL, label TEXT NOT NULL, turns INTEGER NOT NULL, "
        "segments INTEGER NOT NULL, PRIMARY KEY(day, hour, channel, language, label)"
        ") WITHOUT ROWID"
    )


@migrations()
def m006_outbox(db: Database) -> None:
    """Keep what is to be sent by a call of its own, sealed, until it is sent."""
    db.execute(
        "CREATE TABLE outbox("
        "number INTEGER PRIMARY KEY AUTOINCREMENT, message TEXT NOT NULL, contact BLOB NOT NULL, "
        "at INTEGER NOT NULL, next_at INTEGER NOT NULL, channel TEXT NOT NULL, "
        "sealed TEXT NOT NULL, tries INTEGER NOT NULL, lease INTEGER NOT NULL, "
        "holder TEXT NOT NULL, failed TEXT NOT NULL)"
    )
    db.execute("CREATE INDEX outbox_waiting ON outbox(contact, channel, number) WHERE failed = ''")


@migrations()
def m007_keys(db: Database) -> None:
    """Keep who may use the API: a hash of each key, and what it is good for."""
    db.execute(
        "CREATE TABLE keys("
        "name TEXT PRIMARY KEY, hash TEXT NOT NULL UNIQUE, scopes TEXT NOT NULL, "
        "rate TEXT NOT NULL, added INTEGER NOT NULL)"
    )


@migrations()
def m008_concatenated(db: Database) -> None:
    """Keep parts of longer texts, sealed, until all of a text have come."""
    db.execute(
        "CREATE TABLE concatenated("
        "number INTEGER PRIMARY KEY, whole BLOB NOT NULL, part INTEGER NOT NULL, "
        "contact BLOB NOT NULL, at INTEGER NOT NULL, sealed TEXT NOT NULL, UNIQUE(whole, part))"
    )


def migrate(connection: sqlite3.Connection, wait: float) -> list[str]:
    """Apply what is missing and name it; LookupError for a schema newer than this release.

    Safe from several processes at once: all of it is one immediate transaction, which waits up to
    `wait` seconds for another's.
    """
    db = Database(connection)
    connection.execute(f"PRAGMA busy_timeout={int(wait * 1000)}")
    connection.execute("BEGIN IMMEDIATE")
    try:
        unknown = {one.name for one in migrations.applied(db)} - set(names())
        if unknown:
            raise LookupError(
                f"it has {', '.join(sorted(unknown))}, which this release does not know"
            )
        missing = [one.name for one in migrations.pending(db)]
        if missing:
            migrations.apply(db)
        connection.execute(f"PRAGMA user_version={len(names())}")
        connection.execute("COMMIT")
    except BaseException:
        if connection.in_transaction:
            connection.execute("ROLLBACK")
        raise
    finally:
        connection.execute("PRAGMA busy_timeout=0")
    return missing


def names() -> list[str]:
    """Name every step of this release, in order."""
    return [one.name for one in migrations._migrations]  # noqa: SLF001 - it has no public list
