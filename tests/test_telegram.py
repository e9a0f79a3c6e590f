"""The Telegram channel, by python-telegram-bot: what it parses, and what it would have sent."""

import asyncio
import json
import logging
import sqlite3
from contextlib import suppress
from dataclasses import replace
from itertools import count
from typing import Any

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from telegram import Bot, LinkPreviewOptions, ReplyKeyboardMarkup, ReplyKeyboardRemove, Update
from telegram.constants import MessageLimit
from telegram.request import BaseRequest, RequestData
from werkzeug.test import TestResponse

from bot.app import NAME, create_app
from bot.channels.telegram import (
    ABREAST,
    GREETED_WITH,
    LONGEST_LABEL,
    LONGEST_REPLY,
    PATH,
    ROOM,
    SECRET_HEADER,
    columns,
    keyboard,
    label,
    meant,
    read,
    write,
)
from bot.config import Config
from bot.content import read as read_content
from bot.conversation import respond
from bot.line import Line
from bot.model import Choice, Conversation, Inbound, Reply
from bot.platforms import Telegram
from bot.samples import SAMPLES
from bot.samples.sample import Case, Try
from bot.samples.telegram import CONTACT, PHOTO, message
from bot.turn import Turns

from .conftest import BASE_URL, ROOT

pytestmark = pytest.mark.usefixtures("one_line")

TOKEN = "a-word_of-Telegrams"
LIBRARY = read_content(ROOT).library
LANGUAGES = sorted(LIBRARY.editions)
TABLE = SAMPLES["telegram"].cases(
    Config(ROOT, telegram=Telegram(TOKEN)), Try(BASE_URL, CONTACT, "run")
)
READABLE = [case for case in TABLE if case.status == 200]
COUNT = iter(range(1, 100_000))


@pytest.fixture
def config(config: Config) -> Config:
    return replace(config, telegram=Telegram(TOKEN))


def post(client: FlaskClient, update: object, word: str = TOKEN) -> TestResponse:
    return client.post(
        PATH, data=json.dumps(update), headers={SECRET_HEADER: word}, base_url=BASE_URL,
        content_type="application/json",
    )  # fmt: skip


def said(
    client: FlaskClient, text: str, language: str = "", id: int = 0, contact: str = CONTACT
) -> dict[str, Any]:
    """Text the line from an app in this language; give the call that comes back."""
    fields = message(contact, text=text)
    fields["from"]["language_code"] = language
    response = post(client, {"update_id": id or next(COUNT), "message": fields})
    assert (response.status_code, response.mimetype) == (200, "application/json")
    call: dict[str, Any] = response.json
    return call


def buttons(call: dict[str, Any]) -> list[str]:
    return [key["text"] for row in call["reply_markup"].get("keyboard", []) for key in row]


def units(text: str) -> int:
    return len(text.encode("utf-16-le")) // 2


# --- what Telegram sends, as the SDK reads it ---


@pytest.mark.parametrize("case", READABLE, ids=lambda case: case.name)
def test_what_the_table_sends_is_what_telegram_sends(case: Case) -> None:
    """Every sample parses, and what is taken of it is what the SDK finds there."""
    update = Update.de_json(json.loads(case.request.body))
    taken = read(case.request.body)
    assert [one.text for one in taken] == list(case.taken)
    if not taken:
        return
    inbound, sender, chat = taken[-1], update.effective_user, update.effective_chat
    assert sender is not None
    assert chat is not None
    assert (chat.type, sender.is_bot) == ("private", False)
    assert (inbound.contact, inbound.id) == (str(chat.id), str(update.update_id))
    assert inbound.hint == sender.language_code == "en"
    assert inbound.medium == "chat"
    assert not inbound.back
    if tap := update.callback_query:
        assert inbound.text == tap.data
    else:
        assert update.message is not None
        assert inbound.media == (update.message.text is None)


def test_the_table_has_every_kind_of_update_that_is_left_alone() -> None:
    left = [case for case in READABLE if not case.taken]
    kinds = {kind for case in left for kind in json.loads(case.request.body)} - {"update_id"}
    wanted = {
        Update.MESSAGE, Update.EDITED_MESSAGE, Update.CHANNEL_POST, Update.BUSINESS_MESSAGE,
        Update.MESSAGE_REACTION, Update.INLINE_QUERY, Update.CALLBACK_QUERY, Update.MY_CHAT_MEMBER,
    }  # fmt: skip
    assert wanted <= kinds


# --- what goes back, as the SDK would have sent it ---


class Noted(BaseRequest):
    """Takes down what a bot of the SDK sends, and sends nothing."""

    read_timeout = 1

    def __init__(self) -> None:
        self.called: list[tuple[str, dict[str, object]]] = []

    async def initialize(self) -> None:
        pass

    async def shutdown(self) -> None:
        pass

    async def do_request(
        self, url: str, *_: Any, request_data: RequestData | None = None, **__: Any
    ) -> tuple[int, bytes]:
        assert request_data is not None
        self.called.append((url.rpartition("/")[2], dict(request_data.parameters)))
        sent = {"message_id": 1, "date": 1, "chat": {"id": 1, "type": "private"}}
        return 200, json.dumps({"ok": True, "result": sent}).encode()


def sent_by_the_sdk(
    text: str, markup: ReplyKeyboardMarkup | ReplyKeyboardRemove
) -> tuple[str, dict[str, object]]:
    noted = Noted()
    bot = Bot("1:a", request=noted, get_updates_request=noted)
    preview = LinkPreviewOptions(is_disabled=True)
    asyncio.run(
        bot.send_message(int(CONTACT), text, link_preview_options=preview, reply_markup=markup)
    )
    return noted.called[0]


@pytest.mark.parametrize("text", ["MENU", "CART", "LANGUAGE", "GREFFE", "化疗", "i want to die"])
def test_a_reply_is_the_call_that_the_sdk_would_make(client: FlaskClient, text: str) -> None:
    call = said(client, text)
    shown = buttons(call)
    markup: ReplyKeyboardMarkup | ReplyKeyboardRemove = (
        ReplyKeyboardMarkup(
            [[key["text"] for key in row] for row in call["reply_markup"]["keyboard"]],
            resize_keyboard=True,
        )
        if shown
        else ReplyKeyboardRemove()
    )
    assert call["text"]
    method = call.pop("method")
    assert (method, call) == sent_by_the_sdk(call["text"], markup)


def test_a_text_is_never_longer_than_telegram_takes() -> None:
    assert LONGEST_REPLY == MessageLimit.MAX_TEXT_LENGTH
    long = json.loads(write("1", Reply("menu", "Word after word 🙂. " * 400)))["text"]
    assert long.endswith("word 🙂.")
    assert LONGEST_REPLY - 40 < units(long) <= LONGEST_REPLY
    assert json.loads(write("1", Reply("menu", "\x00a\r\nb\ud800")))["text"] == "a\nb"


# --- buttons ---


def line_in(language: str, line: Line, word: str) -> tuple[Reply, Conversation]:
    before = Conversation(language=language, chosen=True)
    return respond(Inbound(NAME, "1", "1", word, medium="chat"), before, line, 1_800_000_000)


@pytest.mark.parametrize("word", ["MENU", "LANGUAGE"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_a_tap_says_what_its_word_says(language: str, word: str, line: Line) -> None:
    """In every language and script: the button's text comes back as its word, for one answer."""
    reply, after = line_in(language, line, word)
    shown = [key["text"] for row in keyboard(reply.choices)["keyboard"] for key in row]
    assert [meant(text) for text in shown] == [choice.word for choice in reply.choices]
    assert all(choice.title in text for choice, text in zip(reply.choices, shown, strict=True))
    labels = set()
    for text in shown:
        tapped = Inbound(NAME, "1", text, meant(text), medium="chat")
        labels.add(respond(tapped, after, line, 1_800_000_020)[0].label)
    assert "out_of_scope" not in labels
    assert len(labels) == len(shown) > 10


@pytest.mark.parametrize("language", LANGUAGES)
def test_rows_hold_what_a_small_phone_shows(language: str, line: Line) -> None:
    reply, _ = line_in(language, line, "MENU")
    rows = keyboard(reply.choices)["keyboard"]
    assert len(rows) < len(reply.choices)
    for row in rows:
        assert len(row) <= ABREAST
        for key in row:
            assert len(row) == 1 or columns(key["text"]) <= ROOM / len(row)
            assert columns(key["text"]) <= ROOM
            assert units(key["text"]) <= LONGEST_LABEL


def test_buttons_of_one_word_share_a_row() -> None:
    words = tuple(Choice(word, word) for word in ("MORE", "CHILD", "MENU", "HELP"))
    assert keyboard(words)["keyboard"] == [
        [{"text": "MORE"}, {"text": "CHILD"}, {"text": "MENU"}], [{"text": "HELP"}],
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("CAR T cells", "3 · CAR T cells"),
        ("word " * 40, "3 · word word word word word word word word word"),
        ("x" * 200, "3 ·"),
        ("👩🏽‍⚕️" * 20, "3 ·"),
        ("中" * 60, "3 · " + "中" * 44),
        ("two\nlines", "3 · two lines"),
        ("", "3 ·"),
    ],
)
def test_a_title_that_is_too_long_is_cut_and_understood(title: str, shown: str) -> None:
    cut = label(Choice("3", title))
    assert cut.strip() == shown
    assert units(cut) <= LONGEST_LABEL
    assert meant(cut) == "3"


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("5", "5"), (" 12 · 中文 (繁體) ", "12"), ("٥ · دواء", "٥ · دواء"),
        ("1. What it is", "1. What it is"), ("5 - 6", "5 - 6"), ("5·6", "5·6"),
        ("is 5 · 6 a dose", "is 5 · 6 a dose"), ("2026 · CART", "2026 · CART"),
        ("/menu", "menu"), ("/MENU@answerbot", "MENU"), ("/forget_me", "forget_me"),
        ("/कीमो", "कीमो"), ("/cart child", "cart child"), ("/cart\nchild", "cart\nchild"),
        ("/", "/"), ("//x", "//x"), ("/a/b", "/a/b"), ("/@x", "/@x"), ("a /cart", "a /cart"),
        ("/start i want to die", "start i want to die"), ("", ""),
    ],
)  # fmt: skip
def test_what_a_text_means(text: str, said: str) -> None:
    assert meant(text) == said


def test_buttons_go_where_nothing_is_offered(client: FlaskClient) -> None:
    assert buttons(said(client, "CART")) == ["CHILD", "MENU"]
    for text in ("i want to die", "STOP"):
        assert said(client, text)["reply_markup"] == {"remove_keyboard": True}
    assert said(client, "CART") == {}


# --- who starts ---


@pytest.mark.parametrize("text", ["/start", "/start poster_7-a", "/start@answerbot", "/start "])
def test_start_shows_the_menu_in_the_language_of_the_app(client: FlaskClient, text: str) -> None:
    for language, word in (("fa", "ایمونوتراپی"), ("fr-CA", "Greffe"), ("zh-hans", "化疗")):
        call = said(client, text, language, contact=f"77{len(word)}{ord(word[0])}")
        assert word in call["text"]
        assert len(buttons(call)) > 10


def test_a_link_s_word_is_what_is_asked(client: FlaskClient) -> None:
    assert "CAR T-cell therapy" in said(client, "/start CART")["text"]
    assert "9-8-8" in said(client, "/start suicide")["text"]


def test_start_is_a_return_for_who_had_opted_out(client: FlaskClient, config: Config) -> None:
    assert said(client, "STOP")["text"] == LIBRARY.editions["en"].phrases["stopped"]
    assert said(client, "CART") == {}
    first = said(client, "/start", id=123456)
    assert "1 What it is" in first["text"]
    assert said(client, "/start", id=123456) == first
    assert said(client, "CART")["text"]
    db = sqlite3.connect(config.database)
    ids = [id for (id,) in db.execute("SELECT message FROM messages WHERE message LIKE '%123456%'")]
    db.close()
    assert sorted(ids) == ["telegram:123456", "telegram:123456:start"]


def test_a_word_that_only_begins_as_start_does_is_a_text(client: FlaskClient) -> None:
    assert "9-8-8" in said(client, "/start i want to die")["text"]
    assert "opted in" in said(client, "START")["text"]


@pytest.mark.parametrize(
    ("tag", "language"),
    [
        ("en", "en"), ("fr-CA", "fr"), ("zh-hans", "zh_Hans"), ("zh-TW", "zh_Hant"),
        ("fil", "tl"), ("fa", "fa"), ("de", "en"), ("", "en"), ("!", "en"),
    ],
)  # fmt: skip
def test_the_language_of_the_app_is_a_hint(client: FlaskClient, tag: str, language: str) -> None:
    title = LIBRARY.editions[language].titles["supportive"]
    assert title in said(client, GREETED_WITH, tag)["text"]
    greffe = said(client, "GREFFE", tag, contact="8")["text"]
    assert greffe.startswith("Adultes :")


# --- what is refused, what is kept ---


@pytest.mark.parametrize(
    "word", ["", "x", TOKEN[:-1], f"{TOKEN}x", TOKEN.lower(), "é", f"{TOKEN}é"]
)
def test_another_word_is_refused_and_nothing_is_read(
    client: FlaskClient, config: Config, word: str
) -> None:
    response = post(client, {"update_id": 1, "message": message(CONTACT, text="CART")}, word)
    assert response.status_code == 403
    assert TOKEN not in response.text
    db = sqlite3.connect(config.database)
    assert db.execute("SELECT COUNT(*) FROM messages").fetchone() == (0,)
    db.close()


@pytest.mark.parametrize(
    "case", [case for case in TABLE if case.status >= 400], ids=lambda case: case.name
)
def test_what_is_wrong_is_said_in_one_line(client: FlaskClient, case: Case) -> None:
    response = client.post(PATH, data=case.request.body, headers=dict(case.request.headers))
    assert response.status_code == case.status
    assert len(response.text.splitlines()) == 1
    assert "CART" not in response.text


def test_nothing_personal_is_stored_or_logged(
    client: FlaskClient, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        said(client, "my very own words", "fa")
        fields = message(CONTACT, photo=PHOTO, caption="my very own words")
        post(client, {"update_id": next(COUNT), "message": fields})
    db = sqlite3.connect(config.database)
    dump = "\n".join(db.iterdump())
    db.close()
    for secret in (CONTACT, "very own", "Person", "a_person", TOKEN):
        assert secret not in dump
        assert secret not in caplog.text


def test_a_broken_store_apologises(client: FlaskClient, config: Config) -> None:
    db = sqlite3.connect(config.database)
    db.execute("DROP TABLE messages")
    db.close()
    assert "1-888-939-3333" in said(client, "CART")["text"]
    assert "1 What it is" in said(client, "/start")["text"]
    assert "9-8-8" in said(client, "i want to die")["text"]


def test_what_people_are_told_when_they_cannot_be_read(client: FlaskClient) -> None:
    for number, case in enumerate(case for case in READABLE if list(case.taken) == [""]):
        update = json.loads(case.request.body)
        update["message"]["chat"]["id"] = 900 + number
        assert LIBRARY.editions["en"].phrases["words_only"] in post(client, update).json["text"]


def test_a_hundred_people_at_once_get_each_their_own_reply(config: Config) -> None:
    app = create_app(config)
    turns: Turns = app.extensions[NAME]
    with app.test_client() as client:
        for contact in range(1, 101):
            call = said(client, "CART", contact=str(contact))
            assert (call["chat_id"], call["method"]) == (contact, "sendMessage")
    assert turns.store.rows("SELECT COUNT(*) FROM contacts") == [(100,)]


STRANGERS = count(2**52 - 1_000_000)


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(text=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=4096))
def test_any_text_is_answered_with_a_sound_call(client: FlaskClient, text: str) -> None:
    """Each from somebody else: who says the same again and again is no longer answered."""
    contact = next(STRANGERS)
    call = said(client, text, contact=str(contact))
    assert call["chat_id"] == contact
    assert 0 < units(call["text"]) <= LONGEST_REPLY


@settings(deadline=None)
@given(
    body=st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=4),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(
                    ["update_id", "message", "callback_query", "chat", "id", "type", "from", "text"]
                ),
                inner,
                max_size=5,
            )
        ),
        max_leaves=20,
    )
)
def test_any_json_is_read_or_refused(body: object) -> None:
    with suppress(ValueError):
        read(json.dumps(body).encode())
