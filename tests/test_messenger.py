"""Messenger: what is read of an event, what goes back, and what its errors mean."""

import json
import logging
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.app import create_app
from bot.channels import CHANNELS
from bot.channels.messenger import content_of, read
from bot.config import Config
from bot.line import Line
from bot.model import Choice, Reply
from bot.outbox import Later, Never, Outcome, Sent
from bot.posts import Outgoing
from bot.samples import SAMPLES
from bot.samples.messenger import CONTACT, PAGE, batch, event
from bot.samples.sample import Try

from .conftest import BASE_URL, ROOT

SAMPLE = SAMPLES["messenger"]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    settings = {
        "ANSWERLINE_KEY": "a key for tests, long enough",
        "DATABASE_URL": f"sqlite:///{tmp_path}/answerline.db",
        "PUBLIC_BASE_URL": BASE_URL,
        "ANSWERLINE_CONTENT": str(ROOT),
        **SAMPLE.settings("https://graph.facebook.com/v26.0"),
    }
    return Config.from_env(settings)


Answerer = Callable[[httpx.Request], httpx.Response]


def send(config: Config, reply: Reply, answer: Answerer) -> Outcome:
    sender = CHANNELS["messenger"].sender
    assert sender is not None
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        return sender(config)(client, Outgoing("messenger", "m_1", CONTACT, reply, PAGE))


def only(**what: Any) -> list[tuple[str, str, int]]:
    body = json.dumps(batch(event(CONTACT, **what))).encode()
    return [(inbound.id, inbound.text, inbound.media) for inbound in read(body, b"k")]


@pytest.mark.parametrize(
    ("message", "wanted"),
    [
        ({"mid": "m", "text": "CART"}, [("m", "CART", 0)]),
        ({"mid": "m", "text": ""}, [("m", "", 1)]),
        ({"mid": "m"}, [("m", "", 1)]),
        ({"mid": ""}, []),
        ({"mid": "m", "text": None, "attachments": None}, [("m", "", 1)]),
        ({"mid": "m", "text": "CART", "attachments": [{"type": "fallback"}]}, [("m", "CART", 1)]),
        ({"mid": "m", "text": "x", "quick_reply": {"payload": "4"}}, [("m", "4", 0)]),
        ({"mid": "m", "text": "x", "quick_reply": {}}, [("m", "x", 0)]),
        ({"mid": "m", "text": "x", "is_echo": True}, []),
        ({"mid": "m", "is_deleted": True}, []),
    ],
)
def test_what_a_message_says(message: object, wanted: list[tuple[str, str, int]]) -> None:
    assert only(message=message) == wanted


def test_a_tap_without_an_id_gets_one_that_is_the_same_again_and_names_nobody() -> None:
    postback = {"payload": "MENU"}

    def id_of(contact: str, at: object, key: bytes = b"k") -> str:
        tapped = {**event(contact, postback=postback), "timestamp": at}
        (inbound,) = read(json.dumps(batch(tapped)).encode(), key)
        assert inbound.contact == contact
        return inbound.id

    first = id_of(CONTACT, 1458692752478)
    assert first == id_of(CONTACT, 1458692752478) == id_of(CONTACT, "1458692752478")
    others = {id_of(CONTACT, 1458692752479), id_of("2", 1458692752478), id_of(CONTACT, 1, b"x")}
    assert len({first, *others}) == 4
    assert CONTACT not in first


def test_a_reply_needs_no_more_than_is_kept() -> None:
    (inbound,) = read(json.dumps(batch(event(CONTACT, message={"mid": "m"}))).encode(), b"k")
    assert (inbound.contact, inbound.back, inbound.medium) == (CONTACT, PAGE, "chat")
    assert (inbound.handoff, inbound.hint) == (False, "")
    nameless = {"sender": {"id": CONTACT}, "message": {"mid": "m", "text": "CART"}}
    body = json.dumps({"object": "page", "entry": [{"messaging": [nameless]}]}).encode()
    (inbound,) = read(body, b"k")
    assert inbound.back


def test_a_reply_goes_as_the_send_api_takes_it(config: Config) -> None:
    calls: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(200, content=SAMPLE.accepted)

    choices = (Choice("1", "Quimioterapia intensificada"), Choice("MENU", "MENU"))
    assert send(config, Reply("menu", "What it says.\x00", choices=choices), answer) == Sent()
    assert send(config, Reply("stop", "Bye."), answer) == Sent()
    first, second = calls
    assert str(first.url) == "https://graph.facebook.com/v26.0/me/messages"
    token = config.messenger.access_token  # type: ignore[union-attr]
    assert first.headers["Authorization"] == f"Bearer {token}"
    assert json.loads(first.content) == {
        "recipient": {"id": CONTACT},
        "messaging_type": "RESPONSE",
        "message": {
            "text": "What it says.",
            "quick_replies": [
                {"content_type": "text", "title": "Quimioterapia…", "payload": "1"},
                {"content_type": "text", "title": "MENU", "payload": "MENU"},
            ],
        },
    }
    assert json.loads(second.content)["message"] == {"text": "Bye."}


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


@given(
    text=st.text("aé化ב 🙂\n.", min_size=1, max_size=3000).filter(str.strip),
    titles=st.lists(st.text("aé化 🙂क्", min_size=1, max_size=60).filter(str.strip), max_size=20),
)
def test_no_limit_is_ever_passed(text: str, titles: list[str]) -> None:
    choices = tuple(Choice(str(n), title) for n, title in enumerate(titles))
    message = content_of(Reply("menu", text, choices=choices))
    assert 0 < units(message["text"]) <= 2000
    quick = message.get("quick_replies", [])
    assert len(quick) == min(len(titles), 13)
    assert all(0 < units(one["title"]) <= 20 for one in quick)


def test_every_choice_of_every_language_is_a_quick_reply(line: Line) -> None:
    for language, edition in line.library.editions.items():
        choices = tuple(Choice(str(n), title) for n, title in enumerate(edition.titles.values()))
        quick = content_of(Reply("menu", "x", choices=choices[:13]))["quick_replies"]
        titles = [one["title"] for one in quick]
        assert len(set(titles)) == len(titles), language


@pytest.mark.parametrize(
    ("status", "error", "kind", "says"),
    [
        (400, {"code": 10, "error_subcode": 2018278}, Never, "24 hours"),
        (403, {"code": 10}, Never, "permission"),
        (400, {"code": 551, "error_subcode": 1545041}, Never, "cannot be written to"),
        (400, {"code": 551}, Never, "cannot be written to"),
        (400, {"code": 100, "error_subcode": 2018001}, Never, "nobody has this id"),
        (400, {"code": 190}, Never, "token"),
        (400, {"code": 4}, Later, "too many calls"),
        (400, {"code": 613}, Later, "too many calls"),
        (400, {"code": 80006}, Later, "too much at once"),
        (400, {"code": 1200}, Later, "away"),
        (500, {"code": 2}, Later, "away"),
        (500, {}, Later, "status 500"),
        (429, {"code": 5}, Later, "status 429"),
    ],
)
def test_what_an_error_means(
    config: Config, status: int, error: dict[str, int], kind: type[Outcome], says: str
) -> None:
    told = {**error, "message": f"of {CONTACT}"}
    outcome = send(config, Reply("x", "x"), lambda _: httpx.Response(status, json={"error": told}))
    assert isinstance(outcome, kind)
    assert says in outcome.why  # type: ignore[union-attr]
    assert CONTACT not in outcome.why  # type: ignore[union-attr]


def test_a_wait_that_is_asked_for_is_kept(config: Config) -> None:
    answer = httpx.Response(429, json={"error": {"code": 613}}, headers={"Retry-After": "7"})
    outcome = send(config, Reply("x", "x"), lambda _: answer)
    assert isinstance(outcome, Later)
    assert outcome.after == 7


def test_no_address_stands_in_a_store_or_a_log(
    config: Config, line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), create_app(config, line).test_client() as client:
        for case in SAMPLE.cases(config, Try(BASE_URL, CONTACT, "run")):
            body, headers = case.request.body, dict(case.request.headers)
            client.open(case.request.path, method=case.request.method, headers=headers, data=body)
    db = sqlite3.connect(config.database)
    dump = "\n".join(db.iterdump())
    db.close()
    for secret in (CONTACT, "45.5", "example.ca/1.jpg", config.messenger.app_secret):  # type: ignore[union-attr]
        assert secret not in dump + caplog.text
