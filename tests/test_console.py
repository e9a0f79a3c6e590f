"""The staff's pages: who is let in, the simulator, transcripts, counts; and what is refused."""

import csv
import html
import io
import re
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from bot.app import create_app
from bot.channels import CHANNELS
from bot.cli import main
from bot.config import SETTINGS, Config
from bot.console.app import create_console
from bot.console.simulator import CHATS
from bot.console.staff import LOCKED_SECONDS, MOST_FAILURES, Staff
from bot.keys import own_secret
from bot.model import Inbound
from bot.transcripts import play
from bot.turn import Turns

pytestmark = pytest.mark.usefixtures("one_line")

PASSWORD = "a long enough password"
SCRIPT = "<script>alert(1)</script>"


class Browser:
    """Follows links and fills in forms, with the token that each page gives."""

    def __init__(self, client: FlaskClient) -> None:
        self.client, self.token = client, ""

    def get(self, path: str) -> TestResponse:
        return self._seen(self.client.get(f"/console{path}", follow_redirects=True))

    def post(self, path: str, **form: object) -> TestResponse:
        data = {"csrf_token": self.token, **form}
        return self._seen(self.client.post(f"/console{path}", data=data, follow_redirects=True))

    def sign_in(self, name: str, password: str = PASSWORD) -> TestResponse:
        self.get("/sign-in")
        return self.post("/sign-in", name=name, password=password)

    def phones(self) -> list[str]:
        return re.findall(r'id="phone-([0-9a-f]+)"', self.get("/").text)

    def _seen(self, answer: TestResponse) -> TestResponse:
        if found := re.search(r'name="csrf_token" value="([^"]+)"', answer.text):
            self.token = found[1]
        return answer


@pytest.fixture
def app(config: Config) -> Flask:
    app = create_app(config)
    turns: Turns = app.extensions["answerline"]
    staff = Staff(turns.store, turns.clock)
    staff.add("tess", PASSWORD, "tester")
    staff.add("ed", PASSWORD, "editor")
    return app


@pytest.fixture
def turns(app: Flask) -> Turns:
    turns: Turns = app.extensions["answerline"]
    return turns


@pytest.fixture
def browser(app: Flask) -> Browser:
    return Browser(app.test_client())


@pytest.fixture
def ed(browser: Browser) -> Browser:
    assert "Simulator" in browser.sign_in("ed").text
    return browser


@pytest.fixture
def tess(app: Flask) -> Browser:
    browser = Browser(app.test_client())
    assert "Simulator" in browser.sign_in("tess").text
    return browser


# --- who is let in


def test_without_an_account_there_is_no_console(config: Config) -> None:
    client = create_app(config).test_client()
    for path in ("/console", "/console/", "/console/sign-in", "/console/asked/", "/console/x"):
        assert client.get(path, follow_redirects=True).status_code == 404


def test_while_the_database_is_away_nobody_waits_for_it(ed: Browser, turns: Turns) -> None:
    turns.outage.lasts = True
    assert ed.get("/").status_code == 404
    turns.outage.lasts = False
    turns.store.change("DROP TABLE audit")
    away = ed.get("/records/")
    assert (away.status_code, "The database does not answer" in away.text) == (503, True)


def test_strangers_cannot_keep_the_line_busy(browser: Browser) -> None:
    browser.get("/sign-in")
    answers = [
        browser.post("/sign-in", name=f"x{number}", password="x").status_code
        for number in range(12)
    ]
    assert answers.count(429) >= 2
    assert set(answers) == {403, 429}
    began = time.process_time()
    assert browser.client.get("/a" + "/" * 60_000).status_code in (404, 308)
    assert browser.client.get("/console" + "/" * 60_000).status_code in (302, 308, 404)
    assert time.process_time() - began < 1


def test_another_host_is_refused_in_a_line(app: Flask, config: Config) -> None:
    del app
    client = create_app(replace(config, hosts=("line.example.ca",))).test_client()
    answer = client.get("/console/", headers={"Host": "evil.example.com"})
    assert (answer.status_code, answer.text) == (400, "This address is not known here.")


def test_an_account_is_locked_anew_only_by_as_many_wrong_passwords(turns: Turns) -> None:
    now = [turns.clock()]
    staff = Staff(turns.store, lambda: now[0])
    for _ in range(MOST_FAILURES):
        staff.sign_in("ed", "wrong")
    assert staff.sign_in("ed", PASSWORD) is None
    now[0] += LOCKED_SECONDS
    staff.sign_in("ed", "wrong")
    assert staff.sign_in("ed", PASSWORD) is not None


@pytest.mark.parametrize(
    "path", ["/", "/transcripts/", "/transcripts/play", "/answers/", "/asked/", "/records/"]
)
def test_whoever_is_not_signed_in_is_asked_to(browser: Browser, path: str) -> None:
    answer = browser.get(path)
    assert (answer.status_code, answer.request.path) == (200, "/console/sign-in")
    browser.token = "forged"
    assert browser.post("/text", text="CART").status_code == 400


def test_wrong_passwords_lock_an_account_for_a_while(turns: Turns, browser: Browser) -> None:
    now = turns.clock()
    staff = Staff(turns.store, lambda: now)
    for wrong in range(MOST_FAILURES):
        assert staff.sign_in("ed", f"{PASSWORD}{wrong}") is None
    assert staff.sign_in("ed", PASSWORD) is None
    refused = browser.sign_in("ed")
    assert (refused.status_code, "do not go together" in refused.text) == (403, True)
    later = Staff(turns.store, lambda: now + LOCKED_SECONDS)
    assert later.sign_in("ed", PASSWORD) is not None
    assert later.sign_in("nobody", PASSWORD) is None
    assert later.sign_in("ed", "x" * 1_000_000) is None


def test_passwords_are_kept_hashed(turns: Turns) -> None:
    ((kept,),) = turns.store.rows("SELECT password FROM staff WHERE name = ?", "ed")
    assert kept.startswith("$argon2id$")
    assert PASSWORD not in kept


def test_another_password_or_a_removed_account_ends_sessions(ed: Browser, turns: Turns) -> None:
    staff = Staff(turns.store, turns.clock)
    staff.add("ed", "another long password", "editor")
    assert ed.get("/").request.path == "/console/sign-in"
    ed.sign_in("ed", "another long password")
    assert staff.remove("ed")
    assert ed.get("/").request.path == "/console/sign-in"


def test_signing_out(ed: Browser) -> None:
    ed.get("/")
    ed.post("/sign-out")
    assert ed.get("/").request.path == "/console/sign-in"


def test_pages_for_editors_are_refused_to_testers(tess: Browser) -> None:
    shown = tess.get("/").text
    assert "What people ask" not in shown
    for path in ("/asked/", "/asked/labels.csv", "/records/", "/records/remarks.csv"):
        refused = tess.get(path)
        assert (refused.status_code, "for editors" in refused.text) == (403, True)


def test_the_link_of_development_works_once(config: Config) -> None:
    token, _ = own_secret(Path(config.database).with_suffix(".token"))
    word, _ = own_secret(Path(config.database).with_suffix(".link"))
    app = create_app(replace(config, twilio_auth_token=token))
    browser = Browser(app.test_client())
    assert browser.get("/enter/wrong").status_code == 404
    assert "Simulator" in browser.get(f"/enter/{word}").text
    assert Browser(app.test_client()).get(f"/enter/{word}").status_code == 404
    assert browser.get("/asked/").status_code == 200
    # In production, with the account's own token, neither link nor session is worth anything.
    own_secret(Path(config.database).with_suffix(".link"))
    served = create_app(config)
    assert Browser(served.test_client()).get(f"/enter/{word}").status_code == 404


@pytest.mark.parametrize("path", ["/", "/transcripts/", "/asked/", "/records/", "/answers/", "/x"])
def test_headers_of_every_page(ed: Browser, path: str) -> None:
    answer = ed.get(path)
    (policy,) = answer.headers.getlist("Content-Security-Policy")
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert answer.headers["Cache-Control"] == "no-store"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert not re.search(r"<script(?! src=)|<style| on\w+=| style=", answer.text)
    for address in re.findall(r'(?:src|href|action)="([^"]*)"', answer.text):
        assert address.startswith(("/console/", "#", "https://cancer.ca/"))


# --- the simulator


def test_a_conversation_in_every_language(ed: Browser, turns: Turns) -> None:
    library = turns.line.library
    for language, edition in library.editions.items():
        ed.get("/")
        ed.post("/phones", language=language, audience="child")
        shown = re.sub(r"</?mark[^>]*>", "", ed.post("/text", text="CART").text)
        assert edition.answers["child.cart"].gist[:20].strip() in shown.replace("&#39;", "'")
        assert f'lang="{language.replace("_", "-")}"' in shown
        assert ('dir="rtl"' in shown) == (language in ("ar", "fa", "ur"))
        (phone,) = ed.phones()
        ed.post(f"/phones/{phone}/remove")
        assert ed.phones() == []


def test_it_is_the_turn_of_the_webhook_and_never_counted(ed: Browser, turns: Turns) -> None:
    ed.get("/")
    ed.post("/phones")
    ed.post("/text", text="cart child")
    shown = ed.post("/text", text="MORE").text
    real = [
        turns.take(Inbound("twilio", "+15145550123", f"m{number}", text)).text
        for number, text in enumerate(("cart child", "MORE"))
    ]
    for reply in real:
        assert reply.split("\n")[0] in shown.replace("&#39;", "'")
    assert "childhood-all#immunotherapy:1.2-4 (Immunotherapy)" in re.sub(r"<[^>]*>", "", shown)
    assert "asks for: topic" in shown
    assert turns.line.library.revision in shown
    assert turns.counts is not None
    turns.counts.write(turns.store)
    rows = turns.store.rows("SELECT channel, label, turns FROM counts ORDER BY label")
    assert [tuple(row) for row in rows] == [("twilio", "child.cart", 1), ("twilio", "more", 1)]


def test_several_phones_get_the_same_text(ed: Browser) -> None:
    ed.get("/")
    for language in ("en", "fr", "pa"):
        ed.post("/phones", language=language)
    shown = ed.post("/text", text="GREFFE").text
    assert shown.count('Texted: </span><span translate="no">GREFFE</span>') == 3
    for _ in range(3):
        ed.post("/phones")
    refused = ed.post("/phones")
    assert (refused.status_code, "There are 6 phones already" in refused.text) == (400, True)


def test_letters_that_cost_are_marked_and_priced(ed: Browser) -> None:
    ed.get("/")
    ed.post("/price", price="0.5")
    ed.post("/phones", language="es")
    shown = ed.post("/text", text="QUIMIO").text
    assert re.search(r'<mark class="costly"[^>]*>[áíóú]', shown)
    assert re.search(r"UCS-2</span> · (\d) segments · (\d)\.\d0", shown)
    for wrong in ("", "free", "1e9", "-1", "9" * 20, "\u00b2"):
        assert ed.post("/price", price=wrong).status_code == 400


def test_the_state_of_the_answer_is_told(ed: Browser, turns: Turns) -> None:
    line = turns.line
    french = line.library.editions["fr"]
    english = line.library.editions["en"].answers["adult.chemo"]
    changed = {
        "adult.cart": replace(french.answers["adult.cart"], state="reviewed"),
        "adult.chemo": replace(english, state="stale"),
    }
    edition = replace(french, answers=french.answers | changed)
    editions = {**line.library.editions, "fr": edition}
    turns.line = replace(line, library=replace(line.library, editions=editions))
    ed.get("/")
    ed.post("/phones", language="fr")
    for said, told in (
        ("CART", "nobody has signed off this answer; reviewed translation"),
        ("CHIMIO", "nobody has signed off this answer; stale translation; sent in English"),
        ("GREFFE", "nobody has signed off this answer; draft translation"),
        ("MENU", '<p class="m-0">draft translation'),
    ):
        assert told in ed.post("/text", text=said).text
    turns.line = line


def test_what_a_person_would_text_next(ed: Browser) -> None:
    ed.get("/")
    ed.post("/phones", language="fr")
    shown = ed.post("/text", text="MENU").text
    buttons = re.findall(r'name="text" value="([^"]+)"', shown)
    assert buttons[:2] == ["1", "2"]
    assert {"PLUS", "ENFANT", "MENU"} <= set(buttons)
    stopped = ed.post("/text", text="ARRET").text
    assert re.findall(r'name="text" value="([^"]+)"', stopped)[-1] == "DEBUT"


def test_a_phone_is_on_any_channel(ed: Browser, turns: Turns) -> None:
    page = ed.get("/").text
    for name, channel in CHANNELS.items():
        assert (name in CHATS) == (f'<option value="{name}"' in page), name
        assert (name in CHATS) == (channel.medium == "chat"), name
    titles = [one.title for one in CHATS.values()]
    assert titles == ["Chatwoot", "Telegram", "WhatsApp", "Messenger"]
    for name in CHATS:
        ed.post("/phones", channel=name)
    for other in ("", "twilio"):
        ed.post("/phones", channel=other)
    shown = ed.post("/text", text="MENU").text
    for title in titles:
        assert shown.count(f'<span><span translate="no">{title}</span></span>') == 1
    assert shown.count("<span>Text message</span>") == 2
    assert shown.count("no segments: a chat</summary>") == len(CHATS)
    assert shown.count("segments · ") == 2
    assert turns.counts is not None
    turns.counts.write(turns.store)
    assert turns.store.rows("SELECT * FROM counts") == []
    assert turns.store.rows("SELECT * FROM outbox") == []


def test_a_chat_is_answered_as_on_its_channel_with_its_buttons(ed: Browser, turns: Turns) -> None:
    ed.get("/")
    ed.post("/phones", channel="whatsapp")
    (phone,) = ed.phones()
    for number, text in enumerate(("MENU", "1", "MORE")):
        real = turns.take(Inbound("whatsapp", "15145550123", f"m{number}", text, medium="chat"))
        shown = ed.post("/text", phone=phone, text=text).text
        assert real.text in html.unescape(shown)
        assert real.choices
        wanted = CHATS["whatsapp"].shown(real.choices)
        assert buttons(shown)[-len(wanted) :] == [(one.word, one.title) for one in wanted]
    assert buttons(shown)[0] == ("1", turns.line.library.editions["en"].titles["definition"])
    assert "What a person would text next" not in shown
    assert "<mark" not in ed.post("/text", phone=phone, text="QUIMIO").text


@pytest.mark.parametrize(
    ("channel", "first", "count"),
    [
        ("whatsapp", "What it is", 10),
        ("messenger", "What it is", 12),
        ("telegram", "1 · What it is", 12),
        ("chatwoot", "What it is", 12),
    ],
)
def test_buttons_are_as_a_channel_has_room(
    ed: Browser, channel: str, first: str, count: int
) -> None:
    ed.get("/")
    ed.post("/phones", channel=channel)
    found = buttons(ed.post("/text", text="MENU").text)
    assert (found[0], len(found)) == (("1", first), count)
    (phone,) = ed.phones()
    assert "[11] [CHILD]" in ed.get(f"/phones/{phone}/transcript").text


def buttons(page: str) -> list[tuple[str, str]]:
    """Give each button that texts a word, and what it shows."""
    found = re.findall(r'name="text" value="([^"]+)"[^>]*>([^<]*)</button>', page)
    return [(html.unescape(word), html.unescape(title)) for word, title in found]


def test_sessions_of_before_have_text_messages(config: Config, turns: Turns) -> None:
    console = create_console(config, turns)
    console.config.update(WTF_CSRF_ENABLED=False, SESSION_COOKIE_PATH="/")
    client = console.test_client()
    client.post("/sign-in", data={"name": "ed", "password": PASSWORD})
    client.post("/phones", data={"channel": "telegram"})
    client.post("/phones")
    assert client.get("/").text.count("<span>Text message</span>") == 1
    with client.session_transaction() as session:
        del session["channels"]
    client.post("/text", data={"text": "MENU"})
    assert client.get("/").text.count("<span>Text message</span>") == 2
    with client.session_transaction() as session:
        session["channels"] = dict.fromkeys(session["phones"], "pigeon")
    assert client.get("/").text.count("<span>Text message</span>") == 2
    with client.session_transaction() as session:
        first, second = session["phones"]
        del session["channels"]
    client.post(f"/phones/{first}/remove")
    assert f"phone-{second}" in client.get("/").text


def test_one_tester_sees_nothing_of_another(ed: Browser, tess: Browser) -> None:
    ed.get("/")
    ed.post("/text", text="CART")
    (phone,) = ed.phones()
    assert tess.phones() == []
    assert tess.get(f"/phones/{phone}/transcript").status_code == 404
    assert tess.post("/text", phone=phone, text="MORE").status_code == 404
    assert tess.post("/transcripts/", name="x1", phone=phone).status_code == 404
    assert tess.post("/remarks", number="1", remark="x").status_code == 400


def test_odd_names_and_numbers_are_refused(ed: Browser, browser: Browser) -> None:
    ed.get("/")
    for number in ("9" * 30, "-1", "x", "\u00b2"):
        assert ed.post("/remarks", number=number, remark="x").status_code in (400, 503)
    for path in ("/transcripts/%00.txt", "/transcripts/..%2fx.txt"):
        assert ed.get(path).status_code == 404
    assert ed.post("/transcripts/%00/remove").status_code == 404
    other = Browser(browser.client.application.test_client())
    assert other.sign_in("\0").status_code == 403
    assert other.sign_in("x" * 10_000).status_code == 403


@pytest.mark.parametrize("text", [SCRIPT, "", "\0", "\ud800", "x" * 100_000, "=cmd()", '"><b>'])
def test_whatever_is_texted_is_shown_as_text(ed: Browser, text: str) -> None:
    ed.get("/")
    answer = ed.post("/text", text=text.encode("utf-8", "surrogatepass"))
    assert answer.status_code == 200
    assert SCRIPT not in answer.text
    assert "<b>" not in answer.text


def test_a_paste_of_a_megabyte_is_refused(ed: Browser) -> None:
    ed.get("/")
    assert ed.post("/text", text="x" * 1_000_000).status_code == 413
    assert ed.phones() == []


# --- transcripts and remarks


def test_a_conversation_is_kept_played_and_found_changed(ed: Browser, turns: Turns) -> None:
    ed.get("/")
    ed.post("/phones", language="fa")
    ed.post("/text", text="CART")
    (phone,) = ed.phones()
    text = ed.get(f"/phones/{phone}/transcript").text
    assert play(text, turns.line) == text
    assert "farsi-cart" in ed.post("/transcripts/", name="farsi-cart", phone=phone).text
    assert ed.get("/transcripts/farsi-cart.txt").text == text
    assert "Nothing has changed" in ed.get("/transcripts/play").text
    line = turns.line
    held = line.library.reviews | {"adult.cart": _withdrawn()}
    turns.line = replace(line, library=replace(line.library, reviews=held))
    shown = ed.get("/transcripts/play").text
    assert "changed: 1" in shown
    turns.line = line
    ed.post("/transcripts/farsi-cart/remove")
    assert ed.get("/transcripts/farsi-cart.txt").status_code == 404


def test_a_chat_is_kept_and_plays_as_it_was(ed: Browser, turns: Turns) -> None:
    ed.get("/")
    ed.post("/phones", language="fr", audience="child", channel="telegram")
    for said in ("MENU", "2", "PLUS", "", "ARRET", "ARRET", "ARRET", "ARRET"):
        ed.post("/text", text=said)
    (phone,) = ed.phones()
    text = ed.get(f"/phones/{phone}/transcript").text
    assert text.startswith("@ chat\n> Français\n< ")
    assert "\n= [1] [2] " in text
    assert "\n= nothing" in text
    assert play(text, turns.line) == text
    ed.post("/transcripts/", name="french-chat", phone=phone)
    assert ed.get("/transcripts/french-chat.txt").text == text
    assert "Nothing has changed" in ed.get("/transcripts/play").text
    # Without that direction, other replies come: those of text messages.
    assert play(text.removeprefix("@ chat\n"), turns.line) != text


def _withdrawn() -> object:
    from datetime import date  # noqa: PLC0415

    from bot.library import Review  # noqa: PLC0415

    return Review(withdrawn=date(2026, 1, 1), because="x")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"hello\n", "not a line of a transcript"),
        (b"@ tomorrow\n", "not a direction of a transcript"),
        (b"\x89PNG\r\n\x1a\n\xff", "no UTF-8 text"),
        (b"", "choose a text file"),
        (b"> a\0\n", "choose a text file"),
        (b"> a\n" * 3000, "more than 2,000 lines"),
        (SCRIPT.encode(), "no line of it begins with"),
    ],
)
def test_a_file_that_is_no_transcript(ed: Browser, content: bytes, says: str) -> None:
    ed.get("/transcripts/")
    refused = ed.post("/transcripts/", name="x1", file=(io.BytesIO(content), "x.txt"))
    assert (refused.status_code, says in refused.text) == (400, True)
    assert SCRIPT not in refused.text
    assert "None yet" in ed.get("/transcripts/").text


def test_a_name_of_a_transcript(ed: Browser) -> None:
    ed.get("/transcripts/")
    for wrong in ("", "../x", "a b", SCRIPT, "x" * 61):
        refused = ed.post("/transcripts/", name=wrong, file=(io.BytesIO(b"> hi\n"), "x.txt"))
        assert refused.status_code == 400


def test_a_wrong_reply_is_remarked_on_and_exported(ed: Browser, tess: Browser) -> None:
    tess.get("/")
    shown = tess.post("/text", text="=CART").text
    number = re.search(r'name="number" value="(\d+)"', shown)
    assert number
    tess.post("/remarks", number=number[1], remark=f"=too long {SCRIPT}")
    assert tess.post("/remarks", number=number[1], remark=" ").status_code == 400
    assert "too long &lt;script" in ed.get("/records/").text
    rows = list(csv.reader(io.StringIO(ed.get("/records/remarks.csv").text)))
    assert rows[0][0] == "when"
    assert rows[1][1:3] == ["tess", "'=CART"]
    assert rows[1][-1].startswith("'=too long")
    assert "tess</td><td>remarked on a reply" in ed.get("/records/").text
    kept = re.search(r'name="number" value="(\d+)"', ed.get("/records/").text)
    assert kept
    assert "None." in ed.post("/records/remarks/remove", number=kept[1]).text


# --- what people ask


def test_replies_that_could_not_be_sent_are_told_by_channel_and_reason(
    ed: Browser, turns: Turns
) -> None:
    for number, why in enumerate(["the 24 hours are over"] * 6 + ["blocked"] * 2 + [""]):
        turns.store.change(
            "INSERT INTO outbox(message, contact, at, next_at, channel, sealed, tries, lease, "
            "holder, failed) VALUES(?, ?, 0, 0, 'whatsapp', 'x', 1, 0, '', ?)",
            f"whatsapp:{number}", b"contact", why,
        )  # fmt: skip
    shown = re.sub(r"<[^>]+>", "", ed.get("/asked/").text)
    assert "whatsapp: 6, the 24 hours are over" in shown
    assert "whatsapp: &lt;5, blocked" in shown
    assert "Waiting to be sent: 1" in shown


def test_what_people_ask_is_counted_and_small_counts_are_not_told(
    ed: Browser, turns: Turns
) -> None:
    for number in range(7):
        turns.take(Inbound("twilio", f"+1514555{number:04}", f"a{number}", "CART"))
    for number in range(4):
        turns.take(Inbound("twilio", f"+1514555{number:04}", f"b{number}", "GREFFE"))
    shown = ed.get("/asked/").text
    assert "11 messages in the last 7 days" in shown
    assert re.search(r"adult.cart</th><td>7</td>", shown)
    assert re.search(r"adult.transplant</th><td>&lt;5</td>", shown)
    assert re.search(r"twilio</th><td>11</td>", shown)
    rows = list(csv.reader(io.StringIO(ed.get("/asked/labels.csv?days=1").text)))
    assert rows == [["answer", "messages"], ["adult.cart", "7"], ["adult.transplant", "<5"]]
    assert ed.get("/asked/nothing.csv").status_code == 404
    assert ed.get("/asked/?days=365").status_code == 400


def test_counts_that_could_not_be_written_are_kept(turns: Turns) -> None:
    class Away:
        def change(self, *_: object) -> int:
            raise OSError("away")

    assert turns.counts is not None
    turns.take(Inbound("twilio", "+15145550123", "a", "CART"))
    with pytest.raises(OSError, match="away"):
        turns.counts.write(Away())  # type: ignore[arg-type]
    turns.counts.write(turns.store)
    turns.counts.write(turns.store)
    ((turns_, segments),) = turns.store.rows("SELECT turns, segments FROM counts")
    assert (turns_, segments) == (1, 2)


def test_a_hundred_thousand_turns_are_shown_in_time(ed: Browser, turns: Turns) -> None:
    """Counts are kept by hour, so a page reads few rows however many turns there were."""
    day = turns.clock() // 86400
    for hour in range(24):
        for label in ("adult.cart", "child.cart", "menu", "out_of_scope"):
            for language in turns.line.library.editions:
                turns.store.change(
                    "INSERT INTO counts(day, hour, channel, language, label, turns, segments) "
                    "VALUES(?, ?, ?, ?, ?, ?, ?)", day, hour, "twilio", language, label, 90, 200,
                )  # fmt: skip
    shown = ed.get("/asked/")
    assert "103,680 messages" in shown.text
    assert len(shown.data) < 100_000


# --- accounts, by the command


@pytest.fixture
def run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    for name in SETTINGS:
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return lambda *args: CliRunner().invoke(main, ["staff", *args])


def test_accounts_are_made_and_removed(run: Callable[..., Result]) -> None:
    made = run("add", "ann", "--role", "editor", "--password", PASSWORD)
    assert made.output == "ann may sign in at /console, role editor\n"
    assert "ann" in run("list").output
    for args, says in (
        (("add", "Ann B", "--password", PASSWORD), "a name has 2 to 32"),
        (("add", "bob", "--password", "short"), "at least 12 characters"),
        (("remove", "bob"), "there is no account 'bob'"),
    ):
        refused = run(*args)
        assert refused.exit_code == 1
        assert says in refused.output
    assert run("remove", "ann").output == "ann may no longer sign in\n"
    assert run("list").output == ""
