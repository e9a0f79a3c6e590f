"""The RapidPro channel: courier's published cases as facts, parts and retries, refusals, loops."""

import json
import logging
import sqlite3
import time
from collections import Counter
from dataclasses import replace
from urllib.parse import parse_qs, urlencode

import httpx
import pytest
from flask.testing import FlaskClient

from bot.app import NAME as LINE
from bot.app import create_app
from bot.channels.rapidpro import (
    FORM,
    JSON,
    NAME,
    PATH,
    PATIENCE,
    called,
    is_right,
    read,
    sender,
    told,
)
from bot.config import Config
from bot.model import Inbound, Reply
from bot.outbox import Later, Never, Outbox, Outcome, Sent
from bot.platforms import RapidPro
from bot.posts import Outgoing
from bot.turn import NotTakenError, Turns

pytestmark = pytest.mark.usefixtures("one_line")

SECRET = "a word of RapidPro's"
RECEIVE = "https://rapidpro.example.org/c/ex/8eb23e93-5ecb-45ba-b726-3b064e0c56ab/receive"
UUID = "019a0719-ac96-7eb9-a837-cac215164834"
PERSON = "+15145550123"


@pytest.fixture
def config(config: Config) -> Config:
    return replace(config, rapidpro=RapidPro(SECRET, RECEIVE))


def call(
    client: FlaskClient, text: str, uuid: str = UUID, to: str = PERSON, **headers: str
) -> tuple[int, str]:
    body = urlencode({"uuid": uuid, "to": to, "text": text, "from": "2020"})
    answer = client.post(
        PATH, data=body, content_type=FORM,
        headers={"Authorization": f"Token {SECRET}", **headers},
    )  # fmt: skip
    return answer.status_code, answer.text


def take_out(client: FlaskClient) -> list[Outgoing]:
    """Take what waits to be sent out of the outbox, as a sender would."""
    turns: Turns = client.application.extensions[LINE]
    rows = turns.store.rows("SELECT sealed FROM outbox ORDER BY number")
    turns.store.change("DELETE FROM outbox")
    return [turns.seal.opened(sealed) for (sealed,) in rows]


# --- what courier's table of cases for this channel says that it sends, and what is read of it ---


@pytest.mark.parametrize(
    ("mimetype", "body", "contact", "text", "media"),
    [
        (FORM, "to=%2B250788383383&text=Simple+Message&from=2020", "+250788383383",
         "Simple Message", 0),
        (FORM, "to=%2B250788383383&text=%E2%98%BA&from=2020", "+250788383383", "☺", 0),
        (FORM, "to=%2B250788383383&text=My+pic%21%0Ahttps%3A%2F%2Ffoo.bar%2Fimage.jpg&from=2020",
         "+250788383383", "My pic!", 1),
        (FORM, "to=%2B250788383383&text=Some+message&from=2020&quick_reply=One&quick_reply=Two",
         "+250788383383", "Some message", 0),
        (FORM, "to=250788383383&text=Simple+Message&from=2020", "250788383383",
         "Simple Message", 0),
        (FORM, "to=788383383&text=Simple+Message&from=2020", "788383383", "Simple Message", 0),
        (JSON, '{ "to":"+250788383383", "text":"☺ \\"hi!\\"", "from":"2020", "quick_replies":[] }',
         "+250788383383", '☺ "hi!"', 0),
        (JSON, '{ "to":"+250788383383", "text":"My pic!\\nhttps://foo.bar/a.jpg", "from":"2020" }',
         "+250788383383", "My pic!", 1),
    ],
)  # fmt: skip
def test_what_courier_sends_is_read(
    mimetype: str, body: str, contact: str, text: str, media: int
) -> None:
    with_id = f"{body}&uuid={UUID}" if mimetype == FORM else f'{{"uuid":"{UUID}",{body[1:]}'
    inbound = read(called(mimetype, with_id.encode()), SECRET.encode())
    assert inbound is not None
    assert inbound.id.startswith(f"{UUID}:")
    wanted = Inbound(NAME, contact, inbound.id, text, media, medium="sms", back="receive")
    assert inbound == wanted


def test_nothing_else_is_kept_of_a_call() -> None:
    said = {"uuid": UUID, "to": PERSON, "text": "CART", "contact_name": "A. Person", "x": "Quebec"}
    inbound = read(called(JSON, json.dumps(said).encode()), SECRET.encode())
    assert "Person" not in repr(inbound)
    assert "Quebec" not in repr(inbound)


@pytest.mark.parametrize(
    ("text", "words", "media"),
    [
        ("", "", 0),
        ("CART", "CART", 0),
        ("CART\n", "CART\n", 0),
        ("see https://a.example", "see https://a.example", 0),
        ("https://a.example", "", 1),
        ("\nhttps://a.example/1.jpg\nhttp://a.example/2.jpg", "", 2),
        ("one\ntwo\nhttps://a.example/1.jpg", "one\ntwo", 1),
        ("https://a.example\nwhat is this?", "https://a.example\nwhat is this?", 0),
        ("CART\n-1.29,36.82", "CART", 1),
        ("CART\n1,2", "CART\n1,2", 0),
        ("my number is\n1-888-939-3333", "my number is\n1-888-939-3333", 0),
    ],
)
def test_attachments_are_told_from_words(text: str, words: str, media: int) -> None:
    assert told(text)[0].strip() == words.strip()
    assert told(text)[1] == media


@pytest.mark.parametrize(
    ("header", "right"),
    [
        (f"Token {SECRET}", True),
        (f"token  {SECRET} ", True),
        (f"Bearer {SECRET}", True),
        (SECRET, True),
        (f"Basic {SECRET}", False),
        (f"Token {SECRET}x", False),
        (f"Token {SECRET[:-1]}", False),
        ("Token", False),
        ("", False),
        ("Token é", False),
        ("Token ☺", False),
    ],
)
def test_the_authorization_header(header: str, right: bool) -> None:
    assert is_right(SECRET.encode(), header) is right


def test_a_secret_with_accents_is_compared_as_its_bytes_come() -> None:
    assert is_right("clé secrète".encode(), "Token clé secrète".encode().decode("latin-1"))


# --- parts of one message, and calls that come again ---

LONG = ("Good morning, I would like to know what", "cart is and for whom it", "is not meant")
"""A message as a short max length cuts it, at spaces."""


def test_each_part_is_taken_once_whatever_comes_again(client: FlaskClient) -> None:
    """The second call fails on its way back, so courier begins again with the first part."""
    for part in (LONG[0], LONG[1], *LONG, *LONG):
        assert call(client, part) == (200, "taken\n")
    sent = take_out(client)
    assert len(sent) == len({one.message for one in sent}) == len(LONG)


def test_a_crisis_in_any_part_is_answered_at_once(client: FlaskClient) -> None:
    call(client, "I have been reading about cart for a while and nobody listens and")
    take_out(client)
    call(client, "i want to die")
    (reply,) = take_out(client)
    assert reply.reply.label == "crisis"
    assert "9-8-8" in reply.reply.text


def test_the_same_text_in_another_message_is_another(client: FlaskClient) -> None:
    call(client, "CART", uuid="1")
    call(client, "CART", uuid="2")
    call(client, "CART", uuid="2")
    assert len(take_out(client)) == 2


def test_ids_tell_no_text() -> None:
    """The hash has a key: who sees an id in a log cannot try keywords on it."""
    one, other = (read(called(FORM, b"uuid=1&to=2&text=CART"), key) for key in (b"k", b"l"))
    assert one is not None
    assert other is not None
    assert one.id != other.id


def test_where_a_message_cannot_be_kept_rapidpro_is_to_send_it_again(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, config: Config
) -> None:
    def full(*_: object) -> Reply:
        raise NotTakenError

    monkeypatch.setattr(Turns, "take", full)
    with create_app(config).test_client() as broken:
        assert call(broken, "CART")[0] == 503  # a 4xx would be the end of it
    assert call(client, "CART")[0] == 200


def test_nothing_personal_is_logged_or_stored(
    client: FlaskClient, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        call(client, "my very own words")
        call(client, "my very own words", Authorization="Token another")
        call(client, "my very own words", uuid="my very own words")
        call(client, "my very own words", to="")
    db = sqlite3.connect(config.database)
    dump = "\n".join(db.iterdump())
    db.close()
    assert UUID in dump
    for secret in (PERSON, "5145550123", "very own", "very+own", SECRET):
        assert secret not in dump
        assert secret not in caplog.text


def test_what_is_wrong_is_said_in_one_line(client: FlaskClient) -> None:
    for said in (
        call(client, "CART", to=""),
        call(client, "CART", uuid=""),
        call(client, "CART", Authorization=""),
        call(client, "CART", uuid="{{uuid}}"),
    ):
        assert 400 <= said[0] < 500
        assert said[1].count("\n") == 1
        assert PERSON not in said[1]
        assert "CART" not in said[1]


# --- what goes back: courier's rules for what it receives, as its table has them ---


class Courier:
    """Receives as courier does: `from` before `sender`, and 400 for what its table refuses.

    `seen` forgets a text when something is sent to the contact, or after a few seconds.
    """

    def __init__(self) -> None:
        self.received: list[tuple[str, str]] = []
        self.seen: dict[str, str] = {}

    def __call__(self, request: httpx.Request) -> httpx.Response:
        assert request.method == "POST"
        assert request.headers["Content-Type"] == FORM
        said = {key: value[0] for key, value in parse_qs(request.content.decode()).items()}
        contact = said.get("from") or said.get("sender", "")
        if not contact:
            return refused("must have one of 'sender' or 'from' set")
        if not contact.lstrip("+").isdigit():
            return refused("not a possible number")
        if self.seen.get(contact) != said["text"]:
            self.received.append((contact, said["text"]))
        self.seen[contact] = said["text"]
        return httpx.Response(200, json={"message": "Message Accepted", "data": []})


def refused(why: str) -> httpx.Response:
    return httpx.Response(400, json={"message": "Error", "data": [{"type": "error", "error": why}]})


def outgoing(contact: str = PERSON, text: str = "An answer.", at: int = 0) -> Outgoing:
    return Outgoing(NAME, f"{UUID}:0", contact, Reply("menu", text), "receive", at=at)


def sending(config: Config, answer: object, post: Outgoing) -> Outcome:
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:  # type: ignore[arg-type]
        return sender(config)(client, post)


@pytest.mark.parametrize("contact", ["+2349067554729", "2349067554729", "788383383"])
def test_a_reply_comes_from_the_address_that_the_message_went_to(
    config: Config, contact: str
) -> None:
    courier = Courier()
    assert sending(config, courier, outgoing(contact, "a\x00 ☺ & é\r\n化疗")) == Sent()
    assert courier.received == [(contact, "a ☺ & é\n化疗")]


def test_a_reply_that_is_sent_twice_at_once_arrives_once(config: Config) -> None:
    courier = Courier()
    for _ in range(2):
        assert sending(config, courier, outgoing()) == Sent()
    assert len(courier.received) == 1


@pytest.mark.parametrize(
    ("answer", "wanted"),
    [
        (httpx.Response(200), Sent),
        (httpx.Response(201), Sent),
        (httpx.Response(429, headers={"Retry-After": "7"}), Later("status 429", 7)),
        (httpx.Response(500), Later),
        (httpx.Response(502), Later),
        (httpx.Response(503, headers={"Retry-After": "60"}), Later("status 503", 60)),
        (httpx.Response(302, headers={"Location": "/login"}), Never),
        (httpx.Response(403), Never),
        (httpx.Response(404), Never),
        (httpx.Response(405), Never),
        (refused("channel not found"), Never),
        (refused("channel type wrong"), Never),
        (refused("the phone number supplied is not a possible number"), Never),
        (refused("must have one of 'sender' or 'from' set"), Never),
        (refused("pq: the database system is starting up"), Later("status 400")),
        (httpx.Response(400, content=b"\xff"), Later("status 400")),
    ],
)
def test_what_rapidpro_answers(config: Config, answer: httpx.Response, wanted: object) -> None:
    outcome = sending(config, lambda _: answer, outgoing(at=int(time.time())))
    if isinstance(wanted, type):
        assert isinstance(outcome, wanted)
    else:
        assert outcome == wanted
    if isinstance(outcome, Never):
        assert PERSON not in outcome.why
        assert "answer" not in outcome.why


def test_a_refusal_without_a_known_reason_ends_in_time(config: Config) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        return refused("anything")

    at = int(time.time())
    assert isinstance(sending(config, answer, outgoing(at=at - PATIENCE + 60)), Later)
    assert isinstance(sending(config, answer, outgoing(at=at - PATIENCE - 1)), Never)


@pytest.mark.parametrize("error", [httpx.ConnectTimeout, httpx.ReadTimeout, httpx.ConnectError])
def test_a_network_that_fails_is_tried_again(
    client: FlaskClient, config: Config, error: type[httpx.TransportError]
) -> None:
    def answer(_: httpx.Request) -> httpx.Response:
        raise error("no")

    call(client, "CART")
    turns: Turns = client.application.extensions[LINE]
    outbox = Outbox(turns.store, turns.seal, {NAME: sender(config)}, turns.clock)
    (row,) = outbox._taken(1)
    with httpx.Client(transport=httpx.MockTransport(answer)) as http:
        assert outbox._sent(http, row.channel, row.sealed) == Later(error.__name__)


# --- a flow that sends our reply back to us ---

REPEATS, WINDOW = 20, 300
"""RapidPro fails a text that it sent to one contact so often within a window of so many seconds."""


def rounds(client: FlaskClient, config: Config, first: str, seconds: int) -> tuple[int, int]:
    """Count the replies to a flow that sends on whatever it receives, until one does not come.

    The second number is how many RapidPro would have let pass.
    """
    turns: Turns = client.application.extensions[LINE]
    text, replies, passed, sent = first, 0, 0, Counter[tuple[int, str]]()
    courier = Courier()
    for number, now in enumerate(range(1_700_000_000, 1_800_000_000, seconds)):
        sent[now // WINDOW, text] += 1
        if sent[now // WINDOW, text] > REPEATS:
            passed = passed or replies
        turns.clock = lambda now=now: now  # type: ignore[misc]
        courier.seen.clear()  # sending forgets what was received
        assert call(client, text, uuid=f"loop-{number}")[0] == 200
        if not (posts := take_out(client)) or replies == 60:
            break
        assert sending(config, courier, posts[0]) == Sent()
        text, replies = courier.received[-1][1], replies + len(posts)
    return replies, passed or replies


@pytest.mark.parametrize("seconds", [1, 5, 20, 120])
@pytest.mark.parametrize(
    "first", ["CART", "MENU", "HELP", "STOP", "START", "LANGUAGE", "SUPPORT", "hello", "xyzzy"]
)
def test_a_loop_comes_to_its_end(
    client: FlaskClient, config: Config, first: str, seconds: int
) -> None:
    replies, _ = rounds(client, config, first, seconds)
    assert 1 <= replies <= 14


@pytest.mark.parametrize("first", ["i want to die", "je veux mourir", "我想死"])
@pytest.mark.parametrize("seconds", [1, 2, 7])
def test_a_crisis_begins_no_loop(
    client: FlaskClient, config: Config, first: str, seconds: int
) -> None:
    """A crisis is answered however often; the reply to it, sent back, is known."""
    assert rounds(client, config, first, seconds) == (1, 1)
