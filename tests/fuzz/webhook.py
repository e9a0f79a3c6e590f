"""Signed forms of any content: each gets sound TwiML or a refusal, and never a fault.

An input is requests, one a field. A request's first bytes say where it goes, who sends it and
whether the store is away; then the form's values follow, or its body as it stands.
"""

import logging
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import quote_from_bytes

from flask import Flask
from twilio.request_validator import RequestValidator
from werkzeug import Request
from werkzeug.datastructures import MultiDict
from werkzeug.test import EnvironBuilder, TestResponse

from bot.app import NAME, create_app
from bot.channels.twilio import FORM, LONGEST_FORM, LONGEST_REPLY, PATH, STATUS_PATH
from bot.config import Config
from bot.line import Line
from bot.model import Reply
from bot.outage import Outage, Recent
from bot.spool import Spool
from bot.store import Posting, Step, StoreError
from bot.store.sqlite import SqliteStore
from bot.turn import Turns
from tests.fuzz.shapes import PART, fields, taken, text

BASE_URL: Final = "https://answer.example.ca"
TOKEN: Final = "token"
NOW: Final = 1_800_000_000
NAMES: Final = (
    "Body", "NumMedia", "OptOutType", "To", "From", "MessageSid", "MessageStatus", "ErrorCode",
)  # fmt: skip
SETTINGS_HEADER: Final = "X-Twilio-Webhooks-Signature-Settings"
ALGORITHMS: Final = (None, None, None, "HMAC_SHA256")


def words(line: Callable[[], Line]) -> Iterable[bytes]:
    """Give the names and values of forms, and some of the words that people text."""
    found = (
        *NAMES, "STOP", "START", "HELP", "ARRET", "AIDE", "21610", "30003", "undelivered", "failed",
        "delivered", "whatsapp:+15145550123", "+15145550100", "12345", "%ED%A0%80", "%00", "%FF",
        "&", "=", "+", "%", "CART", "MENU", "MORE", "CHILD", "ADULT", "français", "中文", "3",
        "i want to die", "je vais me tuer", "0", "999999999",
    )  # fmt: skip
    yield from (one.encode() for one in found)
    for keyword in line().library.keywords[::7]:
        yield keyword.text.encode()


class Away(SqliteStore):
    """A store that can be taken away: for all, or for writing only."""

    away = readable = False

    def turn(
        self,
        message: str,
        contact: bytes,
        now: int,
        step: Step,
        former: bytes = b"",
        posting: Posting | None = None,
    ) -> Reply:
        """Fail while it is away."""
        self._fail(self.away)
        return super().turn(message, contact, now, step, former, posting)

    def opted_out(self, contact: bytes) -> bool:
        """Fail while it cannot be read."""
        self._fail(self.away and not self.readable)
        return super().opted_out(contact)

    def reply_to(self, message: str) -> Reply | None:
        """Fail while it cannot be read."""
        self._fail(self.away and not self.readable)
        return super().reply_to(message)

    def delivered(self, message: str, status: str, code: int, now: int) -> bool:
        """Fail while it is away."""
        self._fail(self.away)
        return super().delivered(message, status, code, now)

    def _fail(self, fails: bool) -> None:
        if fails:
            raise StoreError("away")

    def forget_all(self) -> None:
        """Empty the tables: what an input does must not depend on the ones before."""
        self.away = False
        db = self._connection()
        tables = db.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
        for (table,) in tables:
            if not table.startswith(("sqlite_", "_")):
                db.execute(f"DELETE FROM {table}")


class Held(Outage):
    """An outage that lasts until it is said to be over: no thread looks."""

    def begin(self, is_back: Callable[[], bool], *, readable: bool) -> None:
        """Note that the store is away."""
        del is_back
        if not self.lasts:
            self.lasts, self.readable = True, readable


class Faults(logging.Handler):
    """Notes what was caught inside and hidden behind an apology."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what tells of an exception that nobody expected."""
        said = record.getMessage()
        if record.exc_info or " failed with " in said:
            self.found.append(said)


@dataclass
class Desk:
    """An app with a store that can be taken away, and a clock that goes as it is told."""

    app: Flask
    spool: Path
    faults: Faults
    now: int = NOW
    store: Away = field(default_factory=lambda: Away(":memory:"))

    def __post_init__(self) -> None:
        self.app.testing = True  # an exception comes out, and not a page that hides it
        self.client = self.app.test_client()
        self.turns: Turns = self.app.extensions[NAME]
        self.store.migrate()
        self.turns.store, self.turns.clock = self.store, lambda: self.now

    def reset(self) -> None:
        """Begin anew."""
        self.store.forget_all()
        self.spool.unlink(missing_ok=True)
        self.turns.spool, self.turns.recent = Spool(self.spool), Recent()
        self.turns.outage, self.now = Held(), NOW
        self.faults.found.clear()

    def take_away(self, away: int) -> None:
        """Let the store be there (0), away (1), or away but for reading (2)."""
        self.store.away, self.store.readable = bool(away), away == 2
        if not away:
            self.turns.outage.lasts, self.turns.outage.readable = False, True


def make(folder: Path, line: Callable[[], Line]) -> Callable[[bytes], None]:
    """Make the target: one app that answers opt-outs itself, one behind a carrier that does."""
    faults = Faults()
    desks = []
    for name, opt_out in (("app", "app"), ("twilio", "twilio")):
        config = Config(
            content=Path(), database=":memory:", key="a key for tests, long enough",
            twilio_auth_token=TOKEN, public_base_url=BASE_URL, spool=folder / name,
            unmatched_days=30, twilio_opt_out=opt_out,  # type: ignore[arg-type]
        )  # fmt: skip
        desks.append(Desk(create_app(config, line()), folder / name, faults))
    return lambda data: check(desks, data)


def check(desks: list[Desk], data: bytes) -> None:
    """Send one row of requests, some of them twice, as a carrier may."""
    (which,), data = taken(data, 1)
    desk = desks[which & 1]
    desk.reset()
    log = logging.getLogger("bot")
    log.addHandler(desk.faults)
    try:
        _sent(desk, data)
    finally:
        log.removeHandler(desk.faults)


def _sent(desk: Desk, data: bytes) -> None:
    for number, request in enumerate(fields(data, most=8)):
        (kind, away, tells), request = taken(request, 3)
        desk.now += (0, 0, 60, 700, 90_000)[(kind >> 4) % 5]
        desk.take_away((away % 8) % 3)
        path = STATUS_PATH if kind & 1 else PATH
        body = request if kind & 2 else form(request, number, status=bool(kind & 1))
        query = "" if tells < 224 else "a=%20b&bodySHA256=" + f"{tells:02x}" * (tells & 15)
        wrong, twice = kind & 12 == 12, kind & 12 == 4
        first = answer(desk, path, body, query, ALGORITHMS[tells & 3], wrong=wrong)
        if twice:
            again = answer(desk, path, body, query, ALGORITHMS[tells & 3], wrong=wrong)
            assert first == again, "the same message again got another reply"


def form(data: bytes, number: int, *, status: bool) -> bytes:
    """Write a form: the text first, then further values, named by a byte or by a text."""
    said, *more = fields(data, PART)
    pairs = [
        ("MessageSid", f"SM{number}".encode()),
        ("To" if status else "From", b"+15145550123"),
        ("MessageStatus", b"failed") if status else ("To", b"+15145550100"),
    ]
    given = {} if not said else {"ErrorCode" if status else "Body": said}
    pairs += [(name, _utf8(value)) for name, value in given.items()]
    for one in more:
        (name,), value = taken(one, 1)
        if name < len(NAMES):
            # What is given twice is read where it stands first.
            pairs.insert(0, (NAMES[name], _utf8(value)))
        else:
            pairs.append((text(value[:8]), _utf8(value[8:])))
    return "&".join(
        f"{quote_from_bytes(_utf8_of(name))}={quote_from_bytes(value)}" for name, value in pairs
    ).encode()


def _utf8(data: bytes) -> bytes:
    return _utf8_of(text(data))


def _utf8_of(read: str) -> bytes:
    return read.encode("utf-8", "surrogatepass")


def answer(
    desk: Desk, path: str, body: bytes, query: str, algorithm: str | None, *, wrong: bool
) -> tuple[int, bytes]:
    """Post a body, signed as what the server will read in it, and look at the answer."""
    builder = EnvironBuilder(path, method="POST", query_string=query, data=body, content_type=FORM)
    read = Request(builder.get_environ()).form
    url = f"{BASE_URL}{path}?{query}" if query else f"{BASE_URL}{path}"
    signature = RequestValidator(TOKEN).compute_signature(url, _Many(read), algorithm)
    headers = {"X-Twilio-Signature": signature[::-1] if wrong else signature}
    if algorithm:
        headers[SETTINGS_HEADER] = f"key=k1,algorithm={algorithm}"
    response = desk.client.post(
        path, query_string=query, data=body, content_type=FORM, headers=headers
    )
    assert not desk.faults.found, f"hidden behind an apology: {desk.faults.found[0]}"
    wanted = 413 if len(body) > LONGEST_FORM else 403 if wrong else _wanted(path, read)
    assert response.status_code == wanted, f"{response.status_code} and not {wanted}"
    if wanted == 200:
        _is_twiml(response)
    elif wanted == 204:
        assert response.data == b""
    else:
        assert response.mimetype == "text/plain"
        assert len(response.text.splitlines()) == 1, "a refusal is one line"
        assert "Traceback" not in response.text
    return response.status_code, response.data


def _wanted(path: str, read: MultiDict[str, str]) -> int:
    """Tell what a form deserves: an answer where it says which message it is, and whose."""
    other = "MessageStatus" if path == STATUS_PATH else "From"
    there = read.get("MessageSid", "").strip() and read.get(other, "").strip()
    return (204 if path == STATUS_PATH else 200) if there else 400


def _is_twiml(response: TestResponse) -> None:
    assert response.mimetype == "text/xml"
    root = ET.fromstring(response.data)
    assert root.tag == "Response"
    assert [child.tag for child in root] in ([], ["Message"]), "more than one message"
    said = root.findtext("Message", "")
    assert len(said.encode("utf-16-le")) // 2 <= LONGEST_REPLY
    for child in root:
        assert said.strip(), "a message of nothing"
        assert child.attrib == {"action": f"{BASE_URL}{STATUS_PATH}"}


class _Many(dict[str, list[str]]):
    """A form as the SDK takes repeated names from it."""

    def __init__(self, read: MultiDict[str, str]) -> None:
        super().__init__(read.lists())

    def getlist(self, name: str) -> list[str]:
        """Give all values of a name."""
        return list(self[name])
