"""WhatsApp: what pywa, an SDK of its own, reads in our samples and would send in our stead."""

import base64
import hmac
import json
import logging
import re
import sqlite3
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pywa import WhatsApp
from pywa.types import (
    Button,
    CallbackButton,
    CallbackSelection,
    Message,
    Section,
    SectionList,
    SectionRow,
)

from bot.app import create_app
from bot.channels import CHANNELS, senders
from bot.channels.whatsapp import (
    GIVEN_UP,
    LONGEST_ABOVE_BUTTONS,
    PUT_OFF,
    Back,
    content_of,
    label_of,
    read,
    row_of,
)
from bot.cli.stand_in import standing_in
from bot.config import Config
from bot.line import Line
from bot.model import Choice, Reply
from bot.outbox import Later, Never, Outbox, Outcome, Sent, dead
from bot.posts import Outgoing
from bot.samples import SAMPLES
from bot.samples.sample import Case, Request, Try
from bot.samples.whatsapp import CONTACT, NUMBER, changes, sent, signed, value

from .conftest import BASE_URL, ROOT

SAMPLE = SAMPLES["whatsapp"]
API = "https://graph.facebook.com/v26.0"
KEY = b"the app's secret"
BACK = json.dumps({"phone_number_id": NUMBER, "to": CONTACT})
MORE, MENU = Choice("MORE", "MORE"), Choice("MENU", "MENU")


def config_of(folder: Path, api_url: str = API) -> Config:
    settings = {
        "ANSWERLINE_KEY": "a key for tests, long enough",
        "DATABASE_URL": f"sqlite:///{folder}/answerline.db",
        "PUBLIC_BASE_URL": BASE_URL,
        "ANSWERLINE_CONTENT": str(ROOT),
        **SAMPLE.settings(api_url),
    }
    return Config.from_env(settings)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    return config_of(tmp_path)


@pytest.fixture
def cases(config: Config) -> dict[str, Case]:
    return {one.name: one for one in SAMPLE.cases(config, Try(BASE_URL, CONTACT, "run"))}


Answerer = Callable[[httpx.Request], httpx.Response]


def send(config: Config, reply: Reply, answer: Answerer, back: str = BACK) -> Outcome:
    sender = CHANNELS["whatsapp"].sender
    assert sender is not None
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        return sender(config)(client, Outgoing("whatsapp", "wamid.1", "CA.1514", reply, back))


def asked(config: Config, reply: Reply, back: str = BACK) -> httpx.Request:
    """Give the call that sends a reply."""
    calls: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return httpx.Response(200, content=SAMPLE.accepted)

    assert send(config, reply, answer, back) == Sent()
    (call,) = calls
    return call


@pytest.fixture(scope="module")
def sdk() -> Iterator[WhatsApp]:
    with httpx.Client() as session:
        yield WhatsApp(phone_id=NUMBER, token="token", server=None, session=session)


# --- what comes in, as pywa reads it ---

READ_BY = {
    "a message": (Message, "text"),
    "from someone who hides their number": (Message, "text"),
    "a picture with a caption": (Message, "caption"),
    "a video with a caption": (Message, "caption"),
    "a file with a caption": (Message, "caption"),
    "a picture without a word": (Message, "caption"),
    "a sticker": (Message, "caption"),
    "a voice message": (Message, "caption"),
    "a location": (Message, "text"),
    "something that the API does not know": (Message, "text"),
    "a tapped button": (CallbackButton, "data"),
    "a button of a template": (CallbackButton, "data"),
    "a row of a list": (CallbackSelection, "data"),
}


@pytest.mark.parametrize("name", READ_BY)
def test_pywa_reads_the_same_in_our_samples(
    sdk: WhatsApp, cases: dict[str, Case], name: str
) -> None:
    kind, field = READ_BY[name]
    body = json.loads(cases[name].request.body)
    body["entry"][0]["changes"][0]["value"]["messages"][0]["context"] = {"from": "1", "id": "x"}
    theirs = kind.from_update(sdk, body)
    (ours,) = read(json.dumps(body).encode(), KEY)
    assert (getattr(theirs, field) or "") == ours.text == cases[name].taken[0]
    assert ours.id == hmac.digest(KEY, theirs.id.encode(), "sha256").hex()[:32]
    assert theirs.from_user.bsuid == ours.contact
    back = json.loads(ours.back)
    assert theirs.metadata.phone_number_id == back["phone_number_id"] == NUMBER
    assert (theirs.from_user.wa_id or "") == back.get("to", "")


def test_a_number_inside_whatsapp_s_id_goes_no_further(cases: dict[str, Case]) -> None:
    """It is there in base64: in our samples as in real ones."""
    messages = json.loads(cases["a message"].request.body)["entry"][0]["changes"][0]["value"]
    id = messages["messages"][0]["id"].removeprefix("wamid.")
    assert CONTACT.encode() in base64.b64decode(id)
    (inbound,) = read(cases["a message"].request.body, KEY)
    assert set(inbound.id) <= set("0123456789abcdef")


def test_every_case_that_is_taken_says_who_it_goes_back_to(cases: dict[str, Case]) -> None:
    for case in cases.values():
        if case.status != 200 or case.request.method != "POST":
            continue
        for inbound in read(case.request.body, KEY):
            assert inbound.medium == "chat"
            assert inbound.contact == f"CA.{CONTACT}"
            assert json.loads(inbound.back)["phone_number_id"] == NUMBER
            assert not inbound.handoff
            assert not inbound.hint


def only(**fields: Any) -> list[tuple[str, str, int]]:
    one = {"from": CONTACT, "id": "wamid.1", "type": "text", "text": {"body": "CART"}, **fields}
    body = json.dumps(changes(value(one))).encode()
    return [(inbound.contact, inbound.text, inbound.media) for inbound in read(body, KEY)]


@pytest.mark.parametrize(
    ("fields", "wanted"),
    [
        ({}, [(CONTACT, "CART", 0)]),
        ({"from_user_id": None}, [(CONTACT, "CART", 0)]),
        ({"from_user_id": ""}, [(CONTACT, "CART", 0)]),
        ({"from_user_id": "CA.1"}, [("CA.1", "CART", 0)]),
        ({"from": None, "from_user_id": "CA.1"}, [("CA.1", "CART", 0)]),
        ({"from": None}, []),
        ({"id": ""}, []),
        ({"group_id": ""}, [(CONTACT, "CART", 0)]),
        ({"text": None}, [(CONTACT, "", 0)]),
        ({"type": "button", "button": {"text": "MENU"}}, [(CONTACT, "MENU", 0)]),
        ({"type": "interactive"}, []),
        ({"type": "image"}, [(CONTACT, "", 1)]),
        ({"type": "image", "image": {"caption": None}}, [(CONTACT, "", 1)]),
        ({"type": "unsupported"}, [(CONTACT, "", 1)]),
        ({"type": "unknown"}, [(CONTACT, "", 1)]),
        ({"type": "request_welcome"}, []),
    ],
)
def test_who_and_what(fields: dict[str, Any], wanted: list[tuple[str, str, int]]) -> None:
    assert only(**fields) == wanted


@pytest.mark.parametrize("number", ["", "1/../2", "1 2", "١٢", "1\n", "12?x=", "x", 106, None])
def test_a_number_that_could_bend_the_path_of_a_call_is_left_out(number: object) -> None:
    one = value({"from": CONTACT, "id": "1", "type": "text", "text": {"body": "CART"}})
    one["metadata"]["phone_number_id"] = number
    assert list(read(json.dumps(changes(one)).encode(), KEY)) == []


def test_nor_does_one_get_into_a_call_by_what_was_kept(config: Config) -> None:
    with pytest.raises(ValueError, match="phone_number_id"):
        asked(config, Reply("menu", "x"), json.dumps({"phone_number_id": "1/2"}))
    assert Back(NUMBER, CONTACT).to == CONTACT


def test_names_places_and_texts_stand_in_no_store_and_no_log(
    config: Config, cases: dict[str, Case], line: Line, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG), create_app(config, line).test_client() as client:
        for case in cases.values():
            body, headers = case.request.body, dict(case.request.headers)
            client.open(case.request.path, method=case.request.method, headers=headers, data=body)
    db = sqlite3.connect(config.database)
    dump = "\n".join(db.iterdump())
    db.close()
    for secret in (CONTACT, "A. Person", "mine.pdf", "45.5", config.whatsapp.app_secret):  # type: ignore[union-attr]
        assert secret not in dump + caplog.text


# --- what goes out, as pywa would send it ---


@pytest.mark.parametrize(
    ("choices", "buttons"),
    [
        ((), None),
        ((MORE, MENU), [Button("MORE", "MORE"), Button("MENU", "MENU")]),
        (
            (*(Choice(str(n), f"topic {n}") for n in range(1, 12)), MENU),
            SectionList(
                "1–9, MENU",
                [
                    Section(
                        "1–9, MENU",
                        [SectionRow(f"topic {n}", str(n)) for n in range(1, 10)]
                        + [SectionRow("MENU", "MENU")],
                    )
                ],
            ),
        ),
        (
            (Choice("1", "Trasplante de células madre"),),
            SectionList(
                "1", [Section("1", [SectionRow("Trasplante de células", "1", "madre")])]
            ),
        ),
    ],
)  # fmt: skip
@pytest.mark.parametrize("hidden", [False, True])
def test_replies_go_as_pywa_sends_them(
    config: Config, choices: tuple[Choice, ...], buttons: Any, hidden: bool
) -> None:
    calls: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        contacts = [{"input": "1", "wa_id": "1"}]
        return httpx.Response(200, json={**json.loads(SAMPLE.accepted), "contacts": contacts})

    token = config.whatsapp.access_token  # type: ignore[union-attr]
    with httpx.Client(transport=httpx.MockTransport(answer)) as session:
        sdk = WhatsApp(NUMBER, token, server=None, session=session, api_version="26.0")
        sdk.send_message("CA.1514" if hidden else CONTACT, "What it says.", buttons=buttons)
    (theirs,) = calls
    back = json.dumps({"phone_number_id": NUMBER}) if hidden else BACK
    ours = asked(config, Reply("menu", "What it says.", choices=choices), back)
    assert ours.url == theirs.url
    assert json.loads(ours.content) == json.loads(theirs.content)
    assert ours.headers["Authorization"] == theirs.headers["Authorization"] == f"Bearer {token}"


LONG = "Word after word. " * 70


@pytest.mark.parametrize(
    ("reply", "kind"),
    [
        (Reply("x", "short"), "text"),
        (Reply("x", LONG), "text"),
        (Reply("x", "short", choices=(MORE, MENU)), "button"),
        (Reply("x", LONG, choices=(MORE, MENU)), "list"),
        (Reply("x", "short", choices=(Choice("2", "x" * 20), MORE)), "button"),
        (Reply("x", "short", choices=(Choice("2", "x" * 21), MORE)), "list"),
        (Reply("x", "short", choices=(*map(Choice, "12", "12"), MORE, MENU)), "list"),
    ],
)
def test_buttons_where_they_have_room_else_a_list(reply: Reply, kind: str) -> None:
    content = content_of(reply)
    assert content[content["type"]].get("type", "text") == kind
    if kind != "text":
        words = sent(Request("POST", "/", {}, json.dumps({"to": "1", **content}).encode())).words
        assert words == tuple(one.word for one in reply.choices)


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


TITLES = st.text("aé化ב 🙂क्", min_size=1, max_size=120).filter(str.strip)


@given(
    text=st.text("aé化ב 🙂\n.", min_size=1, max_size=5000).filter(str.strip),
    titles=st.lists(TITLES, max_size=14),
    named=st.integers(0, 3),
)
def test_no_limit_is_ever_passed(text: str, titles: list[str], named: int) -> None:
    choices = tuple(
        Choice(f"W{n}" if n < named else str(n), title) for n, title in enumerate(titles)
    )
    content = content_of(Reply("menu", text, choices=choices))
    if content["type"] == "text":
        assert not choices
        assert 0 < units(content["text"]["body"]) <= 4096
        return
    interactive = content["interactive"]
    body, action = interactive["body"]["text"], interactive["action"]
    if interactive["type"] == "button":
        replies = [one["reply"] for one in action["buttons"]]
        assert units(body) <= LONGEST_ABOVE_BUTTONS
        assert 0 < len(replies) <= 3
        assert all(0 < units(one["title"]) <= 20 for one in replies)
        ids = [one["id"] for one in replies]
    else:
        ((section),) = action["sections"]
        rows = section["rows"]
        assert 0 < units(body) <= 4096
        assert 0 < units(action["button"]) <= 20
        assert 0 < units(section["title"]) <= 24
        assert 0 < len(rows) <= 10
        assert all(0 < units(row["title"]) <= 24 for row in rows)
        assert all(units(row.get("description", "")) <= 72 for row in rows)
        ids = [row["id"] for row in rows]
    assert len(ids) == len(set(ids))


@pytest.mark.parametrize(
    ("words", "label"),
    [
        ("1 2 3", "1–3"),
        ("1", "1"),
        ("1 2 CHILD", "1–2, CHILD"),
        ("MORE CHILD MENU", "MORE, CHILD, MENU"),
        ("PLUS ENFANT ADULTE MENU", "PLUS, ENFANT,…"),
    ],
)
def test_what_opens_a_list_says_what_is_in_it(words: str, label: str) -> None:
    assert label_of(tuple(Choice(word, word) for word in words.split())) == label


# --- our texts ---

# faq.whatsapp.com: bold, italic, struck, monospace; lists and quotes at the start of a line
FORMATTED = re.compile(r"[*_~`]|^(?:[-*>] |\d+\. )", re.MULTILINE)


def test_no_text_of_any_language_would_be_bold_or_a_list_by_accident(line: Line) -> None:
    """Links may have such a mark: one alone formats nothing."""
    links = re.compile(r"https?://\S+")
    for language, edition in line.library.editions.items():
        for text in (*edition.texts(), *edition.phrases.values(), *edition.words.values()):
            assert not FORMATTED.search(links.sub("", text)), (language, text)
    for (label, language, _), screen in line.chat_layout.screens.items():
        for page in screen.pages:
            assert not FORMATTED.search(links.sub("", page.text)), (language, label)


def test_titles_stay_apart_when_they_are_cut(line: Line) -> None:
    for language, edition in line.library.editions.items():
        rows = [row_of(Choice("1", title)) for title in edition.titles.values()]
        assert len({row["title"] for row in rows}) == len(rows), language


# --- when it goes wrong ---


@pytest.mark.parametrize(
    ("status", "code", "kind", "says"),
    [
        (400, 131047, Never, "24 hours"),
        (400, 131026, Never, "cannot be delivered"),
        (400, 131030, Never, "test number"),
        (401, 190, Never, "token"),
        (403, 131031, Never, "locked"),
        (403, 368, Never, "blocked the account"),
        (400, 131042, Never, "paid"),
        (400, 133010, Never, "registered"),
        (429, 130429, Later, "too much at once"),
        (400, 131056, Later, "one person"),
        (400, 80007, Later, "too many calls"),
        (400, 4, Later, "too many calls"),
        (500, 131000, Later, "fault"),
        (503, 131016, Later, "away"),
        (500, 131057, Later, "maintenance"),
        (400, 100, Never, "wrong"),
    ],
)
def test_what_an_error_means(
    config: Config, status: int, code: int, kind: type[Outcome], says: str
) -> None:
    error = {"message": f"(#{code}) to {CONTACT}", "code": code, "fbtrace_id": "x"}
    outcome = send(config, Reply("x", "x"), lambda _: httpx.Response(status, json={"error": error}))
    assert isinstance(outcome, kind)
    assert says in outcome.why  # type: ignore[union-attr]
    assert str(code) in outcome.why  # type: ignore[union-attr]
    assert CONTACT not in outcome.why  # type: ignore[union-attr]
    assert code in {**PUT_OFF, **GIVEN_UP, 190: "", 368: "", 4: "", 100: ""}


def test_a_number_of_someone_else_is_told_by_its_subcode(config: Config) -> None:
    error = {"code": 100, "error_subcode": 33}
    outcome = send(config, Reply("x", "x"), lambda _: httpx.Response(400, json={"error": error}))
    assert outcome == Never(f"{GIVEN_UP[33]} (error 100, 33)")


def test_a_reply_that_is_refused_is_kept_for_an_operator_and_the_next_one_goes(
    tmp_path: Path, line: Line
) -> None:
    answers = iter([(400, 131047), (400, 131000)])
    calls: list[str] = []

    def answer(call: Request) -> tuple[int, bytes]:
        calls.append(call.path)
        status, code = next(answers, (200, 0))
        return status, json.dumps({"error": {"code": code}}).encode() if code else SAMPLE.accepted

    with standing_in(answer) as api_url:
        config = config_of(tmp_path, api_url)
        app = create_app(config, line)
        turns = app.extensions["answerline"]
        outbox = Outbox(turns.store, turns.seal, senders(config), turns.clock)
        turns.wake = outbox.wake
        outbox.start()
        with app.test_client() as client:
            for number in range(2):
                texted = {"from": CONTACT, "id": f"wamid.{number}", "type": "text",
                          "text": {"body": "CART"}}  # fmt: skip
                request = signed(config, changes(value(texted)))
                headers = dict(request.headers)
                assert client.post(request.path, data=request.body, headers=headers).data == b""
        for _ in range(200):
            if len(calls) >= 3 and not turns.store.rows(
                "SELECT number FROM outbox WHERE failed = ''"
            ):
                break
            time.sleep(0.05)
        (letter,) = dead(turns.store)
        outbox.end()
    assert calls == [f"/{NUMBER}/messages"] * 3
    assert config.whatsapp is not None
    known_by = hmac.digest(config.whatsapp.app_secret.encode(), b"wamid.0", "sha256").hex()[:32]
    assert letter.message == f"whatsapp:{known_by}"
    assert "24 hours" in letter.failed


def test_time_that_runs_out_is_tried_again(config: Config) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("too slow", request=request)

    with pytest.raises(httpx.TransportError):  # which the outbox takes as a reason to try again
        send(config, Reply("x", "x"), answer)
