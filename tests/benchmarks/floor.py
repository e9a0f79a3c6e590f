"""The least that the whole job can cost: servers to compare the product with.

All answer the same webhooks with texts of the product's length: signature, form, keyword, one
transaction a message that takes an id once and keeps a little of the sender, TwiML. `best` does
each step in the cheapest way that Flask allows, `pg` does so with PostgreSQL, and `lib` checks and
writes with Twilio's SDK. None stores its answers, hashes a number, knows a language or counts a
segment.

    FLOOR_DATABASE=floor.db granian --interface wsgi --factory tests.benchmarks.floor:best

Settings: TWILIO_AUTH_TOKEN, PUBLIC_BASE_URL, FLOOR_DATABASE.
"""

import base64
import hmac
import os
import sqlite3
import threading
import time
import unicodedata
from collections.abc import Callable, Mapping
from typing import Any, Final
from xml.sax.saxutils import escape

from flask import Flask, Response, abort, request

PATH: Final = "/twilio/messages"

_TOPIC = (
    "For adults: a summary of about this length stands here for the measurement. It says what the "
    "treatment is and how it is done, in one or two sentences.\nReply MORE. "
    "For a child: CHILD.\nhttps://answer.example.ca/atopic/en\nCall 1-888-939-3333"
)
_LANGUAGE = (
    "You will get English from now on, and what was open is said again.\n"
    + _TOPIC.partition("\n")[0]
)
ANSWERS: Final[Mapping[str, str]] = {
    "cart": _TOPIC,
    "cns": _TOPIC,
    "greffe": _TOPIC,
    "1": _TOPIC,
    "more": "Adults 2/4: " + _TOPIC.partition("\n")[0] + "\nReply MORE.",
    "menu": "Adults: a list. Reply a number:\n"
    + "\n".join(f"{number} The title of one" for number in range(1, 12)),
    "fr": _LANGUAGE,
    "en": _LANGUAGE,
}
UNKNOWN: Final = (
    "Sorry, I can't answer that. I only know one subject, which is named here. Reply MENU for "
    "topics. To talk to someone: 1-888-939-3333"
)
SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS seen(sid TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS sender(phone TEXT PRIMARY KEY, topic TEXT, page INTEGER NOT NULL,
  at INTEGER NOT NULL) WITHOUT ROWID;
"""

Check = Callable[[str, Mapping[str, str], str], bool]


def best() -> Flask:
    """Do everything by hand."""
    database = os.environ["FLOOR_DATABASE"]
    connect(database).executescript(SCHEMA)
    return _app(_by_hand(), _plainly, connect, remember)


def _by_hand() -> Check:
    token = os.environ["TWILIO_AUTH_TOKEN"].encode()

    def check(url: str, form: Mapping[str, str], signature: str) -> bool:
        signed = url + "".join(name + form[name] for name in sorted(form))
        expected = base64.b64encode(hmac.digest(token, signed.encode(), "sha1"))
        return hmac.compare_digest(expected, signature.encode())

    return check


def _plainly(text: str) -> str:
    head = '<?xml version="1.0" encoding="UTF-8"?><Response><Message>'
    return f"{head}{escape(text)}</Message></Response>"


def pg() -> Flask:
    """Do everything by hand, with one transaction in PostgreSQL."""
    import psycopg  # noqa: PLC0415 - its memory is counted

    def opened(database: str) -> "psycopg.Connection[tuple[int]]":
        return psycopg.connect(database, autocommit=True)

    def take(db: "psycopg.Connection[tuple[int]]", sid: str, phone: str, word: str) -> bool:
        now = int(time.time())
        with db.transaction():
            new = db.execute(
                "INSERT INTO seen VALUES(%s, %s) ON CONFLICT DO NOTHING", (sid, now)
            ).rowcount
            if new:
                row = db.execute("SELECT page FROM sender WHERE phone = %s", (phone,)).fetchone()
                page = row[0] + 1 if row and word == "more" else 0
                db.execute(
                    "INSERT INTO sender VALUES(%s, %s, %s, %s) ON CONFLICT(phone) DO UPDATE SET "
                    "topic = excluded.topic, page = excluded.page, at = excluded.at",
                    (phone, word, page, now),
                )
        return bool(new)

    with opened(os.environ["FLOOR_DATABASE"]) as db:
        db.execute("SELECT pg_advisory_lock(1)")  # workers begin together
        for statement in SCHEMA.replace(" WITHOUT ROWID", "").strip().split(";")[:-1]:
            db.execute(statement)
    return _app(_by_hand(), _plainly, opened, take)


def lib() -> Flask:
    """Check and write with Twilio's SDK."""
    from twilio.request_validator import RequestValidator  # noqa: PLC0415 - its memory is counted
    from twilio.twiml.messaging_response import MessagingResponse  # noqa: PLC0415

    def write(text: str) -> str:
        response = MessagingResponse()
        response.message(text)
        return str(response)

    connect(os.environ["FLOOR_DATABASE"]).executescript(SCHEMA)
    check = RequestValidator(os.environ["TWILIO_AUTH_TOKEN"]).validate
    return _app(check, write, connect, remember)


def _app(
    check: Check,
    write: Callable[[str], str],
    opened: Callable[[str], Any],
    take: Callable[[Any, str, str, str], bool],
) -> Flask:
    url = os.environ["PUBLIC_BASE_URL"] + PATH
    database = os.environ["FLOOR_DATABASE"]
    app, local = Flask(__name__, static_folder=None), threading.local()

    @app.post(PATH)
    def messages() -> Response:
        form = request.form.to_dict()
        if not check(url, form, request.headers.get("X-Twilio-Signature", "")):
            abort(403)
        word = fold(form["Body"])
        db = getattr(local, "db", None)
        if db is None:
            db = local.db = opened(database)
        if not take(db, form["MessageSid"], form["From"], word):
            return Response("<Response/>", mimetype="text/xml")
        return Response(write(ANSWERS.get(word, UNKNOWN)), mimetype="text/xml")

    return app


def fold(text: str) -> str:
    """Make a word comparable."""
    folded = unicodedata.normalize("NFKD", text.strip().casefold())
    return "".join(char for char in folded if not unicodedata.combining(char))


def connect(database: str) -> sqlite3.Connection:
    """Open the database as the product does."""
    db = sqlite3.connect(database, timeout=5, isolation_level=None)
    db.execute("PRAGMA journal_mode=WAL")
    db.execute("PRAGMA synchronous=NORMAL")
    return db


def remember(db: sqlite3.Connection, sid: str, phone: str, word: str) -> bool:
    """Take a message id once and keep where its sender is; False if the id was taken before."""
    now = int(time.time())
    db.execute("BEGIN IMMEDIATE")
    try:
        fresh = db.execute("INSERT OR IGNORE INTO seen VALUES(?, ?)", (sid, now)).rowcount
        if fresh:
            row = db.execute("SELECT page FROM sender WHERE phone = ?", (phone,)).fetchone()
            page = row[0] + 1 if row and word == "more" else 0
            db.execute(
                "INSERT INTO sender VALUES(?, ?, ?, ?) ON CONFLICT(phone) DO UPDATE SET "
                "topic = excluded.topic, page = excluded.page, at = excluded.at",
                (phone, word, page, now),
            )
        db.execute("COMMIT")
    except BaseException:
        db.execute("ROLLBACK")
        raise
    return bool(fresh)
