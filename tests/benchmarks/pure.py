"""Measure where the time of one message goes, in one process and without a server.

    python -m tests.benchmarks.pure [--json]

Medians in microseconds. The pure rooms first, then a turn with its store, then what the channel
and the framework add, and last a whole request through the app: what a server and its load add to
that is for `tests.benchmarks.run` to say.
"""

import argparse
import io
import itertools
import json
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

from flask import Flask, Request
from msgspec.structs import replace
from twilio.request_validator import RequestValidator

from bot import sms
from bot.app import create_app
from bot.channels import twilio
from bot.config import Config
from bot.conversation import respond
from bot.keys import contact_secret
from bot.line import Line
from bot.making import make_line
from bot.model import Conversation, Inbound, Reply
from bot.store.sqlite import SqliteStore
from bot.turn import Turns, contact_key
from tests.benchmarks import loadgen
from tests.benchmarks.run import BASE_URL, PATH, ROOT, SENDERS, TOKEN

BATCHES: Final = 31
BATCH_SECONDS: Final = 0.005

NOW: Final = 1_800_000_000
READING: Final = Conversation(
    language="en", screen="adult.cart", offered=("adult.cart", "adult.chemo"), introduced=True,
    label="adult.cart", streak=1, heard=NOW - 60,
)  # fmt: skip
"""Somebody in the middle of a conversation."""

LONG: Final = ("My mother was told about leukemia, and we do not know whom to ask. " * 24)[:1600]
TEXTS: Final = {
    "known keyword": "CART", "menu number": "1", "MORE": "MORE", "unknown short text": "xqzv blorp",
    "not Latin": "сколько стоит?", "1,600 characters": LONG,
}  # fmt: skip

Measured = Iterator[tuple[str, float]]


def main() -> int:
    """Run from the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    as_json = parser.parse_args().json
    with settings() as config:
        line = make_line(config)
        parts = itertools.chain(rooms(line), turns(line, config), channel(config))
        found = {}
        for name, microseconds in parts:
            found[name] = round(microseconds, 1)
            if not as_json:
                print(f"{microseconds:8.1f}  {name}")
    if as_json:
        print(json.dumps(found, ensure_ascii=False))
    return 0


def median(work: Callable[[], object]) -> float:
    """Give the median over some batches of what one call takes, in microseconds."""
    calls, took = 1, 0.0
    while True:  # as many calls a batch as take a few milliseconds
        took = batch(work, calls)
        if took >= BATCH_SECONDS or calls >= 1_000_000:
            break
        calls *= 2
    return statistics.median(batch(work, calls) for _ in range(BATCHES)) / calls * 1e6


def batch(work: Callable[[], object], calls: int) -> float:
    """Give the seconds that so many calls take."""
    began = time.perf_counter()
    for _ in range(calls):
        work()
    return time.perf_counter() - began


# --- the parts ---


def rooms(line: Line) -> Measured:
    """Measure what is pure."""
    inbound = Inbound("twilio", "+15145550100", "SM0", "CART")
    for name, text in TEXTS.items():
        said = replace(inbound, text=text)
        yield f"respond: {name}", median(partial(respond, said, READING, line, NOW))
    first = partial(respond, inbound, Conversation(), line, NOW)
    yield "respond: known keyword, first message", median(first)
    answer = respond(inbound, READING, line, NOW)[0].text
    yield f"sms.measure: GSM-7, {len(answer)} characters", median(lambda: sms.measure(answer))
    chinese = "白血病是血液和骨髓的癌症。" * 20
    yield f"sms.measure: UCS-2, {len(chinese)} characters", median(lambda: sms.measure(chinese))
    yield "sms.clean: an answer", median(lambda: sms.clean(answer))
    yield "Conversation.to_json", median(READING.to_json)
    state = READING.to_json()
    yield "Conversation.from_json", median(lambda: Conversation.from_json(state))
    yield "contact_key", median(lambda: contact_key(b"a key for benchmarks", inbound))


def turns(line: Line, config: Config) -> Measured:
    """Measure a turn with SQLite, and the store without the turn."""
    store = SqliteStore(config.database)
    store.migrate()
    take = Turns(line, store, contact_secret(config)).take
    number = itertools.count()

    def one(text: str, senders: int = 100_003) -> Inbound:
        n = next(number)
        return Inbound("twilio", f"+1514{n % senders:07d}", loadgen.scattered("pure", n), text)

    # Nobody gets one kind of reply so often that the guard against loops falls silent.
    texts = itertools.cycle(("CART", "1", "MORE", "MENU"))
    yield "Turns.take: keywords in turn", median(lambda: take(one(next(texts))))
    yield "Turns.take: unknown, new contacts", median(lambda: take(one("xqzv blorp", 10_000_000)))
    again = one("CART")
    take(again)
    yield "Turns.take: the same message again", median(lambda: take(again))
    reply = respond(again, READING, line, NOW)[0]

    def kept() -> Reply:
        message = one("CART")
        contact = message.contact.encode()
        return store.turn(message.id, contact, int(time.time()), lambda _: (reply, READING))

    yield "the store alone", median(kept)
    store.close()


def channel(config: Config) -> Measured:
    """Measure what reads and writes webhooks, and whole requests through the app."""
    app = create_app(config)
    (message,) = loadgen.build(f"http://127.0.0.1{PATH}", TOKEN, 1, 1, 0, BASE_URL + PATH, 1)
    environ = environ_of(message.wire)
    form = Request(environ_of(message.wire)).form
    signature = environ["HTTP_X_TWILIO_SIGNATURE"]
    url = BASE_URL + PATH
    validator = RequestValidator(TOKEN)
    assert twilio.verified(validator, url, form, signature, "")
    reply = Reply("adult.cart", "For adults: " + "a sentence of an answer. " * 10)

    body = message.wire.partition(b"\r\n\r\n")[2]

    def parsed() -> object:
        return Request({**environ, "wsgi.input": io.BytesIO(body)}).form

    yield "twilio: form parse (werkzeug)", median(parsed)
    token = TOKEN.encode()
    assert twilio.is_right(token, url, form, signature)
    yield (
        "twilio: signature check",
        median(lambda: twilio.is_right(token, url, form, signature)),
    )
    yield (
        "twilio: signature check (SDK)",
        median(lambda: twilio.verified(validator, url, form, signature, "")),
    )
    yield "twilio: read", median(lambda: twilio.read(form, False))
    write = twilio.writer("https://answer.example.ca/twilio/status")
    yield "twilio: write", median(lambda: write(reply))
    health = {**environ, "REQUEST_METHOD": "GET", "PATH_INFO": "/healthz", "CONTENT_LENGTH": "0"}
    yield "Flask: GET /healthz", median(lambda: call(app, dict(health)))
    made = loadgen.build(f"http://127.0.0.1{PATH}", TOKEN, 4000, SENDERS, 0, url, 2)
    spent, said = [], 0
    for request in [environ_of(one.wire) for one in made]:
        began = time.perf_counter()
        answer = call(app, request)
        spent.append(time.perf_counter() - began)
        said += b"</Message>" in answer
    assert said > 0.95 * len(made), f"only {said} of {len(made)} were answered"
    yield "whole request: the mix of the load", statistics.median(spent) * 1e6


def call(app: Flask, environ: dict[str, Any]) -> bytes:
    """Send one request through the app as a server does."""
    answer = app.wsgi_app(environ, lambda *_: lambda _: None)
    return b"".join(answer)


def environ_of(wire: bytes) -> dict[str, Any]:
    """Give the WSGI environ of a request as it goes over the wire."""
    head, _, body = wire.partition(b"\r\n\r\n")
    environ: dict[str, Any] = {
        "REQUEST_METHOD": "POST", "PATH_INFO": PATH, "SCRIPT_NAME": "", "QUERY_STRING": "",
        "SERVER_NAME": "127.0.0.1", "SERVER_PORT": "80", "SERVER_PROTOCOL": "HTTP/1.1",
        "wsgi.version": (1, 0), "wsgi.url_scheme": "http", "wsgi.input": io.BytesIO(body),
        "wsgi.errors": sys.stderr, "wsgi.multithread": False, "wsgi.multiprocess": True,
        "wsgi.run_once": False,
    }  # fmt: skip
    for row in head.decode().split("\r\n")[1:]:
        name, _, value = row.partition(": ")
        name = name.upper().replace("-", "_")
        environ[name if name.startswith("CONTENT_") else f"HTTP_{name}"] = value
    return environ


@contextmanager
def settings() -> Iterator[Config]:
    """Give settings with a database in a folder of its own."""
    with tempfile.TemporaryDirectory(prefix="answerline-") as folder:
        yield Config(
            content=ROOT,
            database=str(Path(folder, "answerline.db")),
            key="a key for benchmarks only",
            twilio_auth_token=TOKEN,
            public_base_url=BASE_URL,
        )


if __name__ == "__main__":
    sys.exit(main())
