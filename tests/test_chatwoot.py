"""The Chatwoot channel: signatures, what is read of an event, what goes back, and people."""

import json
import logging
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from queue import SimpleQueue
from typing import Any

import httpx
import msgspec
import pytest
from flask.testing import FlaskClient

from bot.app import NAME as APP
from bot.app import create_app
from bot.channels import senders
from bot.channels.chatwoot import (
    LONGEST,
    LONGEST_ELSEWHERE,
    LONGEST_WORD,
    NAME,
    OLDEST,
    PATH,
    SIGNATURE,
    TIMESTAMP,
    Back,
    inbound_of,
    sender,
    sign,
)
from bot.channels.chatwoot_events import STALE, Said, moment, read
from bot.cli.stand_in import Answer, standing_in
from bot.config import Config
from bot.model import Choice, Inbound, Reply
from bot.outbox import Later, Never, Outbox, Outcome, Sent, dead, waiting
from bot.platforms import Chatwoot
from bot.posts import Kind, Outgoing
from bot.samples.chatwoot import CONTACT, TAPPED, event, signed
from bot.samples.sample import Request, Texted
from bot.turn import NotTakenError, Turns

from .conftest import ROOT

pytestmark = pytest.mark.usefixtures("one_line")

SECRET, TOKEN = "a secret of Chatwoot's", "a-bot's-token"
SOURCE = CONTACT.rpartition("/")[2]

Fields = dict[str, Any]


def config_of(url: str = "https://chat.example.ca", folder: Path = ROOT, **more: str) -> Config:
    return Config.from_env(
        {
            "ANSWERLINE_KEY": "a key for tests, long enough",
            "ANSWERLINE_CONTENT": str(ROOT),
            "DATABASE_URL": f"sqlite:///{folder}/answerline.db",
            "CHATWOOT_SECRET": SECRET,
            "CHATWOOT_TOKEN": TOKEN,
            "CHATWOOT_URL": url,
            **more,
        }
    )


def said(conversation: Fields | None = None, text: str = "CART", **others: Any) -> Said | None:
    fields = event(Texted(text, CONTACT, "5"), conversation, **others)
    return read(json.dumps(fields).encode(), int(time.time()))


# --- What comes in ---


def test_a_signature_is_what_openssl_makes_of_it() -> None:
    """`printf '1796000000.{...}' | openssl dgst -sha256 -hmac 'w3-hush hush'`."""
    body = '{"event":"message_created","content":"Ménu"}'.encode()
    assert sign(b"w3-hush hush", "1796000000", body) == (
        "sha256=be420ee981884772ce5c1fd59d35868d58909f086ba4422f4f89bfb72e897aba"
    )


@pytest.fixture
def taken() -> list[Inbound]:
    return []


@pytest.fixture
def client(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: list[Inbound]
) -> Iterator[FlaskClient]:
    take = Turns.take

    def taking(turns: Turns, inbound: Inbound, *args: object) -> Reply:
        taken.append(inbound)
        return take(turns, inbound, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Turns, "take", taking)
    with create_app(config_of(folder=tmp_path)).test_client() as client:
        yield client


def now_and(seconds: int) -> str:
    return str(int(time.time()) + seconds)


@pytest.mark.parametrize(
    ("timestamp", "change", "status"),
    [
        (lambda: now_and(0), lambda right: right, 200),
        (lambda: now_and(5 - OLDEST), lambda right: right, 200),
        (lambda: now_and(OLDEST - 5), lambda right: right, 200),
        (lambda: now_and(-OLDEST - 5), lambda right: right, 403),
        (lambda: now_and(OLDEST + 5), lambda right: right, 403),
        (lambda: "", lambda right: right, 403),
        (lambda: "-5", lambda right: right, 403),
        (lambda: "1e9", lambda right: right, 403),
        (lambda: "9" * 400, lambda right: right, 403),
        (lambda: now_and(0), lambda right: right.removeprefix("sha256="), 403),
        (lambda: now_and(0), lambda right: right.upper(), 403),
        (lambda: now_and(0), lambda right: right[:-1], 403),
        (lambda: now_and(0), lambda _: "", 403),
        (lambda: now_and(0), lambda _: "sha256=é", 403),
    ],
)
def test_what_is_not_signed_just_now_is_refused(
    client: FlaskClient,
    taken: list[Inbound],
    timestamp: Callable[[], str],
    change: Callable[[str], str],
    status: int,
) -> None:
    body, at = json.dumps(event(Texted("CART", CONTACT, "5"))).encode(), timestamp()
    headers = {TIMESTAMP: at, SIGNATURE: change(sign(SECRET.encode(), at, body))}
    for token in ("", SECRET):  # what is signed wrongly is not let in by a token
        answer = client.post(PATH, query_string={"token": token}, headers=headers, data=body)
        assert answer.status_code == status
    assert bool(taken) is (status == 200)


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("token=a%20secret%20of%20Chatwoot's", 200), ("token=a%20secret", 403), ("token=", 403),
        ("", 403), ("token=x&token=a%20secret%20of%20Chatwoot's", 403), ("token=%C3%A9%ED%A0", 403),
        ("TOKEN=a%20secret%20of%20Chatwoot's", 403), ("token=a-bot's-token", 403),
    ],
)  # fmt: skip
def test_before_4_13_the_secret_stands_in_the_address(
    client: FlaskClient, query: str, status: int, caplog: pytest.LogCaptureFixture
) -> None:
    answer = client.post(f"{PATH}?{query}", json=event(Texted("CART", CONTACT, "5")))
    assert answer.status_code == status
    assert SECRET not in caplog.text + answer.text


def test_what_cannot_be_taken_is_asked_for_again(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a 500 Chatwoot sends it again; after a 503 it would give up."""

    def failing(*_: object) -> Reply:
        raise NotTakenError

    monkeypatch.setattr(Turns, "_take", failing)
    request = signed(config_of(), json.dumps(event(Texted("CART", CONTACT, "5"))).encode())
    answer = client.post(PATH, headers=dict(request.headers), data=request.body)
    assert (answer.status_code, "Send it again" in answer.text) == (500, True)


@pytest.mark.parametrize(
    ("conversation", "source", "medium"),
    [
        ({"channel": "Channel::WebWidget"}, SOURCE, "chat"),
        ({"channel": "Channel::Sms"}, "+15145550123", "sms"),
        ({"channel": "Channel::TwilioSms"}, "+15145550123", "sms"),
        ({"channel": "Channel::TwilioSms"}, "whatsapp:+15145550123", "chat"),
        ({"channel": "Channel::Whatsapp"}, "15145550123", "chat"),
        ({"channel": "Channel::Email"}, "a.person@example.ca", "chat"),
        ({"channel": "Channel::Instagram"}, "17841400000000000", "sms"),
        ({"channel": "Channel::FacebookPage"}, "7000000000000000", "chat"),
        (
            {
                "channel": "Channel::FacebookPage",
                "additional_attributes": {"type": "instagram_direct_message"},
            },
            "17841400000000000", "sms",
        ),
        ({"channel": None}, "1", "chat"),
        ({"channel": "Channel::Tomorrow", "additional_attributes": None}, "1", "chat"),
    ],
)  # fmt: skip
def test_the_medium_is_the_inboxs(conversation: Fields, source: str, medium: str) -> None:
    found = said({"contact_inbox": {"source_id": source}, **conversation})
    assert found is not None
    assert found.medium == medium
    assert found.contact == f"1/2/{source}"


@pytest.mark.parametrize(
    ("attributes", "person", "hint"),
    [
        ({"browser_language": "fr"}, {}, "fr"),
        ({"browser": {"browser_language": "zh-TW"}}, {}, "zh-TW"),
        ({"browser_language": None, "browser": "Firefox"}, {"language_code": "fa"}, "fa"),
        ({"browser_language": "fr"}, {"language_code": "fa"}, "fr"),
        ({"browser_language": 5}, {"language_code": ["fa"]}, ""),
        (None, None, ""),
        ({"browser_language": "x" * 99}, {}, "x" * 35),
    ],
)
def test_the_hint_is_the_browsers_language_or_telegrams(
    attributes: Fields | None, person: Fields | None, hint: str
) -> None:
    meta = {"sender": {"id": 7, "additional_attributes": person}}
    found = said({"additional_attributes": attributes, "meta": meta})
    assert found is not None
    assert found.hint == hint


def test_the_hint_leads_to_an_answer_in_that_language(
    client: FlaskClient, taken: list[Inbound]
) -> None:
    fields = event(
        Texted("???", CONTACT, "5"), {"additional_attributes": {"browser_language": "fr"}}
    )
    request = signed(config_of(), json.dumps(fields).encode())
    assert client.post(PATH, headers=dict(request.headers), data=request.body).status_code == 200
    turns: Turns = client.application.extensions[APP]
    reply = turns.store.reply_to("chatwoot:5")
    assert [one.hint for one in taken] == ["fr"]
    assert reply is not None
    assert reply.language == "fr"


@pytest.mark.parametrize(
    ("created_at", "answered"),
    [
        ("2026-11-29T12:00:00.000Z", True), ("2026-11-28T12:00:01.000Z", True),
        ("2026-11-28T11:59:59Z", False), ("2026-11-28 11:59:59 UTC", False),
        ("2026-11-28T11:59:59", False), (1795953600, True), (1795867199, False),
        (1795867199.5, False), (None, True), ("long ago", True), ("9999-12-31T23:59:59Z", True),
    ],
)  # fmt: skip
def test_a_message_of_another_day_is_left_alone(created_at: Any, answered: bool) -> None:
    now = int(moment("2026-11-29T12:00:00.000Z", 0))
    assert now == 1795953600
    fields = event(Texted("CART", CONTACT, "5"), created_at=created_at)
    assert bool(read(json.dumps(fields).encode(), now)) is answered
    assert moment("2026-11-28T12:00:00Z", 0) == now - STALE


@pytest.mark.parametrize(
    "change",
    [
        {"meta": {"sender": {"identifier": "120363000000000001@g.us"}}},
        {"contact_inbox": {"source_id": "120363000000000001@g.us"}},
        {"status": "resolved"}, {"status": "bot"}, {"status": ""},
    ],
)  # fmt: skip
def test_groups_and_what_is_not_the_bots_turn_are_left_alone(change: Fields) -> None:
    assert said(change) is None
    assert said(change, **TAPPED) is None


@pytest.mark.parametrize(
    "values",
    [None, [], {}, "2", [{}], [{"value": ""}], [{"value": 2}], ["2"], [[]], {"value": "2"}],
)
def test_a_survey_or_an_empty_form_is_no_tap(values: Any) -> None:
    assert said(**{**TAPPED, "content_attributes": {"submitted_values": values}}) is None


def test_a_tap_is_the_contacts_though_the_bot_is_named_as_its_sender() -> None:
    found = said(**TAPPED)
    assert found is not None
    assert (found.text, found.contact, found.id) == ("2", CONTACT, "5:tap")


def test_a_contact_is_the_same_in_one_inbox_and_another_in_another() -> None:
    def contact(**change: Any) -> str:
        found = said(**change)
        assert found is not None
        return found.contact

    mine = contact()
    other_talk = {"id": 12, "meta": {"sender": {"id": 99}}}
    assert contact(conversation=other_talk, sender={"id": 99, "type": "contact"}) == mine
    assert contact(conversation={"inbox_id": 3}) != mine
    assert contact(account={"id": 3}) != mine
    assert contact(conversation={"contact_inbox": {"source_id": "another"}}) != mine


def test_nothing_personal_is_passed_on() -> None:
    found = said(attachments=[{"file_type": "image", "data_url": "https://example.ca/me.jpg"}])
    assert found is not None
    inbound = inbound_of(found)
    passed = msgspec.json.encode(inbound).decode()
    for personal in ("Person", "example.ca", "referer", "image"):
        assert personal not in passed
    assert inbound.text == "CART"
    assert inbound.media == 0
    assert inbound.handoff
    assert json.loads(inbound.back) == {"account": 1, "conversation": 999999999, "buttons": True}


@pytest.mark.parametrize("id", [0, -1, 2**63, 2**70, 1.5, True, "7", "7/../8", None])
@pytest.mark.parametrize("where", ["conversation", "account", "inbox", "message"])
def test_no_number_but_a_number_comes_into_an_address(id: Any, where: str) -> None:
    change: Fields = {
        "conversation": {"conversation": {"id": id}},
        "account": {"account": {"id": id}},
        "inbox": {"conversation": {"inbox_id": id}},
        "message": {"id": id},
    }[where]
    with pytest.raises(msgspec.ValidationError):
        said(**change)


def test_a_wrong_event_is_refused_in_one_line_that_quotes_nothing(
    client: FlaskClient, caplog: pytest.LogCaptureFixture
) -> None:
    for change in (
        {"content": {"secret words": 1}},
        {"conversation": {"status": ["secret words"]}},
    ):
        request = signed(
            config_of(), json.dumps(event(Texted("a", CONTACT, "5"), **change)).encode()
        )
        answer = client.post(PATH, headers=dict(request.headers), data=request.body)
        assert answer.status_code == 400
        assert answer.text.count("\n") <= 1
        assert "This is no event of Chatwoot's: Expected `str" in answer.text
        assert "secret words" not in answer.text + caplog.text


# --- What goes back ---

CHOICES = (Choice("2", "CAR T cells"), Choice("MORE", "MORE"))
BACK = Back(account=4, conversation=17)


def outgoing(
    text: str = "Hello.", back: Back = BACK, kind: Kind = "reply", choices: tuple[Choice, ...] = ()
) -> Outgoing:
    reply = Reply("menu", text, choices=choices)
    return Outgoing(NAME, "5", CONTACT, reply, msgspec.json.encode(back).decode(), kind)


def sent_with(
    answer: Callable[[httpx.Request], httpx.Response], post: Outgoing, url: str = "https://c.ca/in/"
) -> tuple[Outcome, list[httpx.Request]]:
    calls: list[httpx.Request] = []

    def respond(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return answer(request)

    with httpx.Client(transport=httpx.MockTransport(respond)) as client:
        return sender(config_of(url))(client, post), calls


def good(_: httpx.Request) -> httpx.Response:
    return httpx.Response(200, json={"id": 1})


def test_a_reply_is_sent_as_the_api_has_it() -> None:
    done, (call,) = sent_with(good, outgoing("Hello.\u0007\r\nMORE", choices=CHOICES))
    assert done == Sent()
    assert call.method == "POST"
    assert str(call.url) == "https://c.ca/in/api/v1/accounts/4/conversations/17/messages"
    assert call.headers["Api-Access-Token"] == TOKEN
    assert call.headers["Content-Type"] == "application/json"
    wanted = {"content": "Hello.\nMORE", "message_type": "outgoing", "private": False}
    assert json.loads(call.content) == wanted


def test_buttons_are_sent_where_the_inbox_shows_them() -> None:
    long = Choice("é" * (LONGEST_WORD // 2 + 1), "too long a word")
    shown = Back(4, 17, buttons=True)
    _, (call,) = sent_with(good, outgoing("Hello.", shown, choices=(*CHOICES, long)))
    body = json.loads(call.content)
    assert body["content_type"] == "input_select"
    assert body["content_attributes"] == {
        "items": [{"title": "CAR T cells", "value": "2"}, {"title": "MORE", "value": "MORE"}]
    }
    for none in ((), (long,)):  # Chatwoot refuses a list without items
        _, (call,) = sent_with(good, outgoing("Hello.", shown, choices=none))
        assert "content_type" not in json.loads(call.content)


@pytest.mark.parametrize(
    ("channel", "buttons", "longest"),
    [
        ("Channel::WebWidget", True, LONGEST_ELSEWHERE), ("Channel::Telegram", True, 4000),
        ("Channel::Whatsapp", False, 4000), ("Channel::TwilioSms", False, 1600),
        ("Channel::Instagram", False, 1000), ("Channel::FacebookPage", False, 2000),
        ("Channel::Sms", False, 4000), ("Channel::Email", False, 4000), ("", False, 4000),
        ("Channel::Api", False, 4000), ("Channel::Line", False, 4000),
    ],
)  # fmt: skip
def test_each_inbox_has_its_limits(channel: str, buttons: bool, longest: int) -> None:
    found = said({"channel": channel})
    assert found is not None
    back = msgspec.json.decode(inbound_of(found).back, type=Back)
    assert back == Back(1, 999999999, buttons, longest)
    text = "This is a sentence. " * 400
    _, (call,) = sent_with(good, outgoing(text, back))
    content = json.loads(call.content)["content"]
    assert longest - 20 < len(content) <= longest
    assert content.endswith("sentence.")
    assert set(LONGEST.values()) <= {1000, 1600, 2000}


def test_handing_over_opens_the_conversation() -> None:
    done, (call,) = sent_with(good, outgoing(kind="handoff"))
    assert done == Sent()
    assert call.url.path == "/in/api/v1/accounts/4/conversations/17/toggle_status"
    assert json.loads(call.content) == {"status": "open"}
    assert call.headers["Api-Access-Token"] == TOKEN


FULL = {"error": "Validation failed: Too many messages"}


@pytest.mark.parametrize("kind", ["reply", "handoff"])
@pytest.mark.parametrize(
    ("response", "kept"),
    [
        (httpx.Response(429, headers={"Retry-After": "42"}), Later("status 429", 42)),
        (httpx.Response(429), Later("status 429", 0)),
        (httpx.Response(500), Later("status 500", 0)),
        (httpx.Response(502, text="<html>"), Later("status 502", 0)),
        (
            httpx.Response(422, json=FULL),
            Later("more messages in a minute than Chatwoot takes", 60),
        ),
        (httpx.Response(422, json={"error": "no"}), Never("status 422")),
        (
            httpx.Response(401, json={"error": "Invalid Access Token"}),
            Never("status 401: the token was refused; mend it, then replay"),
        ),
        (
            httpx.Response(404, json={"error": "Resource could not be found"}),
            Never("status 404: the conversation is gone, or CHATWOOT_URL is not Chatwoot's"),
        ),
        (
            httpx.Response(301, headers={"Location": "https://c.ca/"}),
            Never("status 301: CHATWOOT_URL leads elsewhere; is it https?"),
        ),
    ],
)
def test_what_chatwoot_says_to_a_call(response: httpx.Response, kept: Outcome, kind: Kind) -> None:
    assert sent_with(lambda _: response, outgoing(kind=kind))[0] == kept


def test_a_silent_chatwoot_is_a_reason_to_try_again() -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    with pytest.raises(httpx.TransportError):  # which the outbox keeps for later
        sent_with(silent, outgoing())


# --- The whole of it, with people ---


class House:
    """A line with an outbox, and a stand-in for Chatwoot that keeps the calls."""

    def __init__(self, client: FlaskClient, turns: Turns, config: Config) -> None:
        self.client, self.turns, self.config = client, turns, config
        self.calls: SimpleQueue[tuple[str, Fields]] = SimpleQueue()
        self.failing = 0
        self.ids = iter(range(1000, 2000))

    def answer(self, call: Request) -> Answer:
        if self.failing:
            self.failing -= 1
            return 502, b""
        self.calls.put((call.path.rpartition("/")[2], json.loads(call.body)))
        return 200, b"{}"

    def text(self, words: str, status: str = "pending", **others: Any) -> list[tuple[str, Fields]]:
        """Text the line, and give all the calls that come of it."""
        texted = Texted(words, CONTACT, str(next(self.ids)))
        body = json.dumps(event(texted, {"status": status}, **others)).encode()
        request = signed(self.config, body)
        for _ in range(2):  # Chatwoot may send an event twice
            answer = self.client.post(PATH, headers=dict(request.headers), data=request.body)
            assert (answer.status_code, answer.data) == (200, b"")
        until = time.monotonic() + 20
        while waiting(self.turns.store) and time.monotonic() < until:
            time.sleep(0.002)
        return [self.calls.get() for _ in range(self.calls.qsize())]


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    houses: list[House] = []

    def answer(call: Request) -> Answer:
        return houses[0].answer(call)

    with standing_in(answer) as url:
        config = config_of(url, tmp_path, ANSWERLINE_HANDOFF="support,crisis")
        app = create_app(config)
        turns: Turns = app.extensions[APP]
        outbox = Outbox(turns.store, turns.seal, senders(config), turns.clock)
        turns.wake = outbox.wake
        with app.test_client() as client:
            houses.append(House(client, turns, config))
            outbox.start()
            yield houses[0]
        outbox.end()


def test_who_asks_for_people_is_told_so_and_then_they_see_it(house: House) -> None:
    first, then = house.text("SUPPORT")
    told = house.turns.line.library.editions["en"].say("handed_over")
    assert first[0] == "messages"
    assert told in first[1]["content"]
    assert then == ("toggle_status", {"status": "open"})
    # From then on people have it, until it is the bot's turn again.
    assert house.text("CART", status="open") == []
    assert house.text("", status="open", **TAPPED) == []
    ((path, reply),) = house.text("CART")
    assert (path, reply["message_type"]) == ("messages", "outgoing")
    assert "CAR T" in reply["content"]


def test_people_see_it_only_when_the_reply_has_gone(house: House) -> None:
    house.failing = 1
    assert [path for path, _ in house.text("SUPPORT")] == ["messages", "toggle_status"]
    assert dead(house.turns.store) == []


def test_who_is_in_danger_is_answered_first_and_then_handed_over(house: House) -> None:
    first, then = house.text("I want to die")
    assert "9-8-8" in first[1]["content"]
    assert then[0] == "toggle_status"


def test_a_tapped_button_is_answered_once(house: House) -> None:
    ((_, menu),) = house.text("MENU")
    items = menu["content_attributes"]["items"]
    assert all(one["title"] and one["value"] for one in items)
    second = {"items": items, "submitted_values": [items[1]]}
    ((_, reply),) = house.text("", **{**TAPPED, "content_attributes": second})
    assert items[1]["title"].split()[0].lower() in reply["content"].lower()


def test_what_the_words_only_line_gets_without_words(house: House) -> None:
    ((_, reply),) = house.text("", content=None, attachments=[{"file_type": "audio"}])
    assert house.turns.line.library.editions["en"].say("words_only") in reply["content"]


def test_no_text_and_no_address_in_the_log(house: House, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG, "bot")
    house.failing = 1
    assert house.text("what is cart")
    for hidden in (SOURCE, CONTACT, "what is cart", "Person", "CAR T", TOKEN, SECRET):
        assert hidden not in caplog.text
    assert "message chatwoot:1000" in caplog.text


def test_the_settings_are_read_together(tmp_path: Path) -> None:
    chatwoot = config_of("https://chat.example.ca/", tmp_path).chatwoot
    assert chatwoot == Chatwoot(SECRET, TOKEN, "https://chat.example.ca")
