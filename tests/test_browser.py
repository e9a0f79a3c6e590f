"""A real browser against a real server: what staff and readers see, press and wait for.

Every page that is opened here is watched: what it may not do, what goes wrong in it, and whatever
it asks of another machine fails the test that opened it.
"""

import json
import re
import shutil
import sqlite3
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.api.keys import Keys
from bot.line import Line
from bot.store.sqlite import SqliteStore

from .test_serve import PATIENCE, answerline, environment, free_port, serving, text

try:
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import (
        Browser,
        BrowserContext,
        ConsoleMessage,
        Locator,
        Page,
        Request,
        StorageState,
        ViewportSize,
        expect,
        sync_playwright,
    )
except ModuleNotFoundError as missing:
    pytest.skip(
        f"{missing}: pip install playwright axe-playwright-python, and apt-get install chromium",
        allow_module_level=True,
    )

PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
CHROMIUM = next(filter(None, map(shutil.which, PROGRAMS)), None)

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="no Chromium: apt-get install chromium")

EDITOR, PASSWORD = "ed", "a long enough password"
LANGUAGES = ("en", "fr", "ar", "es", "fa", "hi", "pa", "tl", "ur", "vi", "zh_Hans", "zh_Hant")
RIGHT_TO_LEFT = {"ar", "fa", "ur"}
ODD = "bicycle"
"""A word that the line knows, and has no answer to: what is kept of it is the whole text."""

PUBLIC = "http://answer.example.ca"
"""What stands in replies. Not https: a session's cookie would not come back over plain http."""

WIDE: ViewportSize = {"width": 1280, "height": 800}
NARROW: ViewportSize = {"width": 320, "height": 640}
SLOWEST = 5_000
"""Milliseconds for a page: five times what it may take, as this machine may be busy."""
MOST_ACTIONS = 5
MOST_STOPS = 60

DAYS, TURNS_AN_HOUR = 30, 12
LABELS = ("adult.cart", "child.cart", "adult.chemo", "menu", "more", "out_of_scope", "clarify")

TELL_BREACHES = """addEventListener("securitypolicyviolation", breach =>
    console.error(`policy: ${breach.violatedDirective} ${breach.blockedURI}`))"""

FOCUS_IS_SEEN = """() => {
    const style = getComputedStyle(document.activeElement);
    const outlined = style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0;
    return outlined || style.boxShadow !== "none";
}"""

BREACHES = {
    "img-src": "void document.body.append(Object.assign(new Image(), {src: '//192.0.2.1/x'}))",
    "script-src-attr": "document.body.setAttribute('onclick', 'alert()')",
}
"""What the console's policy forbids, by the part of it that does."""

LOADED = """() => {
    const [load] = performance.getEntriesByType("navigation");
    return load.loadEventEnd > 0 && load.duration;
}"""


@dataclass
class Watch:
    """What went wrong in the pages of one browser context, and whom they asked."""

    allowed: str
    wrong: list[str] = field(default_factory=list)
    documents: set[str] = field(default_factory=set)
    not_loaded: list[str] = field(default_factory=list)

    def over(self, page: Page) -> None:
        page.on("console", self._said)
        page.on("pageerror", lambda error: self.wrong.append(f"error: {error}"))
        page.on("request", self._asked)

    def found(self) -> list[str]:
        """Give what went wrong; that a page itself was refused is for its test to judge."""
        return self.wrong + [url for url in self.not_loaded if url not in self.documents]

    def _said(self, message: ConsoleMessage) -> None:
        if message.text.startswith("Failed to load resource"):
            self.not_loaded.append(message.location["url"])
        elif message.type == "error" or "Refused to" in message.text:
            self.wrong.append(f"console: {message.text}")

    def _asked(self, request: Request) -> None:
        if request.is_navigation_request():
            self.documents.add(request.url)
        if not request.url.startswith((self.allowed, "data:")):
            self.wrong.append(f"asked {request.url}")


@dataclass
class Site:
    """A server with an editor's account, and the browser to open its pages in."""

    base: str
    browser: Browser
    folder: Path
    signed_in: StorageState | None = None

    @contextmanager
    def opened(self, *, signed_in: bool = True, scripts: bool = True) -> Iterator[Page]:
        """Give a page in a context of its own; nothing may have gone wrong in it at the end."""
        with self.watched(signed_in=signed_in, scripts=scripts) as (page, watch):
            yield page
            page.evaluate("0")  # what was said before is heard before this is answered
            assert watch.found() == []

    @contextmanager
    def watched(self, *, signed_in: bool, scripts: bool) -> Iterator[tuple[Page, Watch]]:
        context: BrowserContext = self.browser.new_context(
            base_url=self.base,
            viewport=WIDE,
            color_scheme="light",
            reduced_motion="reduce",
            java_script_enabled=scripts,
            storage_state=self.signed_in if signed_in else None,
        )
        context.set_default_timeout(PATIENCE * 1000)
        context.add_init_script(TELL_BREACHES)
        watch = Watch(self.base)
        context.on("page", watch.over)
        try:
            yield context.new_page(), watch
        finally:
            context.close()


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    expect.set_options(timeout=PATIENCE * 1000)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(chromium: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    with served(chromium, tmp_path_factory.mktemp("site")) as site:
        yield site


@contextmanager
def served(chromium: Browser, folder: Path) -> Iterator[Site]:
    """Serve with an account, many turns counted, and one text that was not understood."""
    port = free_port()
    base = f"http://127.0.0.1:{port}"
    settings = {
        "ANSWERLINE_KEY": "k" * 32, "TWILIO_AUTH_TOKEN": "token", "PUBLIC_BASE_URL": PUBLIC,
        "ANSWERLINE_UNMATCHED_DAYS": "7",
    }  # fmt: skip
    account = answerline("staff", "add", EDITOR, "--role", "editor", "--password", PASSWORD)
    subprocess.run(account, cwd=folder, env=environment(**settings), check=True, timeout=PATIENCE)
    count_turns(folder / "answerline.db")
    with serving(answerline("serve", "--port", str(port)), port, folder, **settings):
        asked = text(folder, port, ODD, **settings)
        assert asked.returncode == 0, asked.stderr
        site = Site(base, chromium, folder)
        with site.opened(signed_in=False) as page:
            page.goto("/console/sign-in")
            sign_in(page)
            site.signed_in = page.context.storage_state()
        yield site


def count_turns(database: Path) -> None:
    """Have a hundred thousand turns counted, over the last month."""
    today = int(time.time()) // 86400
    rows = [
        (day, hour, language, LABELS[(hour + place) % len(LABELS)], TURNS_AN_HOUR)
        for day in range(today - DAYS + 1, today + 1)
        for hour in range(24)
        for place, language in enumerate(LANGUAGES)
    ]
    with sqlite3.connect(database) as store:
        store.executemany("INSERT INTO counts VALUES(?, ?, 'twilio', ?, ?, ?, 20)", rows)
        (turns,) = store.execute("SELECT SUM(turns) FROM counts").fetchone()
    store.close()
    assert len(rows) > 5_000
    assert turns >= 100_000


# --- what is done on the pages


def sign_in(page: Page, password: str = PASSWORD) -> None:
    page.get_by_label("Name").fill(EDITOR)
    page.get_by_label("Password").fill(password)
    press(page, "Sign in")


def press(page: Page, name: str) -> None:
    """Press a button that sends a form, and wait for the page that follows."""
    with page.expect_navigation():
        page.get_by_role("button", name=name, exact=True).first.click()


def add_phone(page: Page, language: str, channel: str = "") -> None:
    page.get_by_label("Language").select_option(language)
    page.get_by_label("Channel").select_option(channel)
    press(page, "Add a phone")


def text_all(page: Page, said: str) -> None:
    field = page.locator("#to-all")
    field.fill(said)
    with page.expect_navigation():
        field.press("Enter")


def last_reply(phone: Locator) -> Locator:
    return phone.locator("p.bubble:not(.said)").last


def keep(page: Page, name: str) -> None:
    """Keep the conversation of the first phone."""
    page.get_by_role("link", name="Keep").first.click()
    page.get_by_label("Name").fill(name)
    press(page, "Keep the conversation of this phone")


# --- the first run, and conversations


def test_a_first_run_leads_to_a_conversation_in_punjabi(chromium: Browser, tmp_path: Path) -> None:
    port = free_port()
    site = Site(f"http://127.0.0.1:{port}", chromium, tmp_path)
    with serving(answerline("serve", "--port", str(port)), port, tmp_path) as log:
        printed = re.search(r"^Or try it here: (http://\S+)", log.read_text(), re.MULTILINE)
        assert printed
        with site.opened(signed_in=False) as page:
            page.goto(printed[1])
            expect(page).to_have_title("Simulator - Answerline")
            add_phone(page, "pa")
            for said in ("CART", "MENU"):
                text_all(page, said)
                reply = last_reply(page.locator(".phone"))
                expect(reply).to_have_attribute("lang", "pa")
                expect(reply).to_contain_text(re.compile("[\u0a00-\u0a7f]{3}"))
        with site.opened(signed_in=False) as page:
            answer = page.goto(printed[1])
            assert answer
            assert answer.status == 404
            expect(page.get_by_role("alert")).to_contain_text("This link has been used")


@pytest.mark.parametrize("languages", [LANGUAGES[:6], LANGUAGES[6:]], ids=" ".join)
def test_a_conversation_in_every_language(
    site: Site, line: Line, languages: tuple[str, ...]
) -> None:
    with site.opened() as page:
        page.goto("/console/")
        for language in languages:
            add_phone(page, language)
        text_all(page, "CART")
        phones = page.locator(".phone")
        expect(phones).to_have_count(len(languages))
        for language, phone in zip(languages, phones.all(), strict=True):
            reply = last_reply(phone)
            expect(reply).to_have_attribute("lang", language.replace("_", "-"))
            gist = line.library.editions[language].answers["adult.cart"].gist
            assert gist[:20].strip() in reply.inner_text(), language
            direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
            expect(reply).to_have_css("direction", direction)


def test_a_transcript_is_found_again_and_nothing_has_changed(site: Site) -> None:
    with site.opened() as page:
        page.goto("/console/")
        add_phone(page, "ur")
        text_all(page, "CART")
        keep(page, "urdu-cart")
    with site.opened() as page:
        page.goto("/console/")
        page.get_by_role("link", name="Transcripts").click()
        expect(page.get_by_role("rowheader", name="urdu-cart")).to_be_visible()
        page.get_by_role("link", name="Play urdu-cart", exact=True).click()
        expect(page.get_by_text("Played: 1, changed: 0, faulty: 0")).to_be_visible()
        expect(page.get_by_text("Nothing has changed.")).to_be_visible()


def test_a_chat_has_buttons_and_plays_as_it_was(site: Site, line: Line) -> None:
    title = line.library.editions["en"].titles["definition"]
    with site.opened() as page:
        page.goto("/console/")
        add_phone(page, "", "whatsapp")
        phone = page.locator(".phone")
        expect(phone.locator(".card-header")).to_contain_text("WhatsApp")
        text_all(page, "MENU")
        expect(phone.locator("summary")).to_contain_text("no segments: a chat")
        shown = phone.get_by_role("group", name="Buttons below this reply").get_by_role("button")
        expect(shown.first).to_have_text(title)
        press(page, title)
        expect(phone.locator(".said").last).to_have_text("Texted: 1")
        expect(last_reply(phone)).to_contain_text(
            line.library.editions["en"].answers["adult.definition"].gist
        )
        press(page, "CHILD")
        assert faults(page) == []
        keep(page, "a-chat")
        page.get_by_role("link", name="Play a-chat", exact=True).click()
        expect(page.get_by_text("Played: 1, changed: 0, faulty: 0")).to_be_visible()
        page.goto("/console/transcripts/")
        with page.expect_download() as download:
            page.get_by_role("link", name="Download a-chat", exact=True).click()
        kept = download.value.path().read_text(encoding="utf-8")
        assert kept.startswith("@ chat\n> MENU\n")


# --- the API's page


def test_the_api_shows_its_operations_and_asks_nobody_else(site: Site) -> None:
    """At its public address: on this machine Swagger's pages ask less of others than elsewhere."""
    store = SqliteStore(str(site.folder / "answerline.db"))
    Keys(store, lambda: int(time.time())).add("ann")
    store.close()
    with site.watched(signed_in=False, scripts=True) as (page, watch):
        watch.allowed = PUBLIC
        page.route(
            f"{PUBLIC}/**",
            lambda route: route.fulfill(
                response=route.fetch(url=route.request.url.replace(PUBLIC, site.base))
            ),
        )
        answer = page.goto(f"{PUBLIC}/api/v1/")
        assert answer
        assert "default-src 'none'" in answer.headers["content-security-policy"]
        paths = page.request.get("/api/v1/openapi.json").json()["paths"]
        methods = {"get", "post", "put", "patch", "delete"}
        wanted = [(method, path) for path, one in paths.items() for method in methods & set(one)]
        assert len(wanted) > 1
        shown = page.locator(".opblock")
        expect(shown).to_have_count(len(wanted))
        for method, path in wanted:
            row = shown.filter(has=page.locator(f'[data-path="{path}"]'))
            expect(row.filter(has_text=re.compile(f"^{method}", re.IGNORECASE))).to_be_visible()
        shown.first.locator("button").first.click()
        expect(shown.first.locator(".opblock-body")).to_be_visible()
        page.evaluate("0")  # what was said before is heard before this is answered
        assert watch.found() == []


# --- with the keyboard alone


def tab_to(page: Page, wanted: Locator, key: str = "Tab") -> None:
    """Press Tab until something has the focus, which must be seen wherever it stops."""
    element = wanted.element_handle()
    for _ in range(MOST_STOPS):
        page.keyboard.press(key)
        page.wait_for_function(FOCUS_IS_SEEN)
        if element.evaluate("one => one === document.activeElement"):
            return
    raise AssertionError(f"{key} does not lead to {wanted}")


def enter(page: Page) -> None:
    with page.expect_navigation():
        page.keyboard.press("Enter")


def test_all_is_done_with_the_keyboard(site: Site) -> None:
    with site.opened(signed_in=False) as page:
        page.goto("/console/sign-in")
        tab_to(page, page.get_by_label("Name"))
        page.keyboard.type(EDITOR)
        tab_to(page, page.get_by_label("Password"))
        page.keyboard.type(PASSWORD)
        enter(page)
        tab_to(page, page.get_by_role("link", name="Skip to the content"))
        page.keyboard.press("Enter")
        field = page.locator("#to-all")
        page.keyboard.press("Tab")
        expect(field).to_be_focused()
        page.keyboard.type("CART")
        enter(page)
        tab_to(page, page.locator("summary"))
        why = page.locator("details ol")
        expect(why).to_be_hidden()
        page.keyboard.press("Enter")
        expect(why).to_be_visible()
        tab_to(page, page.get_by_role("button", name="Sign out"), "Shift+Tab")
        enter(page)
        expect(page).to_have_title("Sign in - Answerline")


# --- every page


def at(path: str) -> Callable[[Page], None]:
    def go(page: Page) -> None:
        page.goto(path)

    return go


def refused(page: Page) -> None:
    page.goto("/console/sign-in")
    sign_in(page, "a wrong long password")


def talking(page: Page) -> None:
    """Show phones with all that a conversation may have: marked letters, nothing sent, reasons."""
    page.goto("/console/")
    for language in ("es", "fa"):
        add_phone(page, language)
    add_phone(page, "ur", "telegram")
    for said in ("QUIMIO", "MENU", ODD, "STOP", "STOP"):
        text_all(page, said)
    page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")


def played(page: Page) -> None:
    """Show a transcript that is as it was, and one that is not."""
    page.goto("/console/")
    add_phone(page, "vi")
    text_all(page, "CART")
    keep(page, "kept")
    page.get_by_label("Name").fill("changed")
    page.get_by_label("Transcript file").set_input_files(
        {"name": "x.txt", "mimeType": "text/plain", "buffer": b"> CART\n< Something else.\n"}
    )
    press(page, "Keep this file")
    page.get_by_role("link", name="Play all").click()
    expect(page.get_by_text("changed: 1, faulty: 0")).to_be_visible()


def remarked(page: Page) -> None:
    page.goto("/console/")
    text_all(page, "CART")
    page.locator("summary").click()
    page.get_by_label("What is wrong with this reply").fill("Too long")
    press(page, "Mark as wrong")
    page.get_by_role("link", name="Remarks and staff").click()


PAGES: dict[str, Callable[[Page], None]] = {
    "sign-in": at("/console/sign-in"),
    "sign-in, refused": refused,
    "simulator": talking,
    "transcripts": played,
    "answers": at("/console/answers/"),
    "answer in Farsi": at("/console/answers/adult.cart/fa"),
    "answer in Spanish": at("/console/answers/child.chemo/es"),
    "answer in English": at("/console/answers/adult.cart/en"),
    "menu": at("/console/answers/menu/ur"),
    "what people ask": at("/console/asked/?days=30"),
    "records": remarked,
    "error": at("/console/answers/no/answer"),
    "reader in Farsi": at("/acart/fa"),
    "reader in Spanish": at("/acart/es"),
    "reader, no page": at("/aold/pa"),
}
SIGNED_OUT = {"sign-in", "sign-in, refused"} | {name for name in PAGES if "reader" in name}


def violations(page: Page) -> list[str]:
    """Run axe-core with all its rules."""
    found = Axe().run(page).response["violations"]
    return [f"{one['id']}: {node['html']}" for one in found for node in one["nodes"]]


def faults(page: Page) -> list[str]:
    """Give what axe-core finds and what is too wide: light and dark, each wide and narrow."""
    found = []
    for scheme in ("light", "dark"):
        for size in (WIDE, NARROW):
            page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
            page.set_viewport_size(size)
            where = f"{scheme}, {size['width']}: "
            if page.evaluate("document.documentElement.scrollWidth") > size["width"]:
                found.append(f"{where}too wide")
            found += [where + one for one in violations(page)]
    return found


@pytest.mark.parametrize("name", PAGES)
def test_every_page_is_for_everyone(site: Site, name: str) -> None:
    """No fault that axe-core finds, no page wider than its screen; in time."""
    with site.opened(signed_in=name not in SIGNED_OUT) as page:
        PAGES[name](page)
        took = page.wait_for_function(LOADED).json_value()
        print(f"{name}: {took:.0f} ms")
        assert took < SLOWEST
        assert faults(page) == []


SPEAKING = [name for name in PAGES if "reader" not in name]


@pytest.mark.parametrize("name", SPEAKING)
def test_every_page_of_the_console_is_for_everyone_in_french(site: Site, name: str) -> None:
    """The same page, in the other language, by one press of a button."""
    with site.opened(signed_in=name not in SIGNED_OUT) as page:
        PAGES[name](page)
        english = page.locator("h1").inner_text()
        press(page, "Français")
        page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        expect(page.locator("html")).to_have_attribute("lang", "fr")
        expect(page.get_by_role("button", name="Français")).to_have_attribute(
            "aria-pressed", "true"
        )
        assert page.locator("h1").inner_text() != english
        assert faults(page) == []


def test_a_browser_in_french_is_spoken_to_in_french(site: Site) -> None:
    context = site.browser.new_context(base_url=site.base, locale="fr-CA")
    page = context.new_page()
    page.goto("/console/sign-in")
    expect(page.get_by_role("heading", name="Se connecter")).to_be_visible()
    page.get_by_label("Nom").fill(EDITOR)
    page.get_by_label("Mot de passe").fill(PASSWORD)
    press(page, "Se connecter")
    page.get_by_role("link", name="Contenu", exact=True).click()
    page.get_by_label("État").select_option("draft")
    press(page, "Afficher")
    expect(page.locator("td a").first).to_contain_text("ébauche")
    page.locator("td a").nth(4).click()
    expect(page.locator("h1 bdi")).to_have_attribute("lang", "fa")
    press(page, "English")
    expect(page.locator("h1")).to_contain_text("adult.definition in ")
    page.get_by_role("link", name="Simulator").click()
    expect(page.locator("html")).to_have_attribute("lang", "en")
    context.close()


def test_what_the_files_would_change(site: Site) -> None:
    """Read by a real server, looked at again, and with replies that differ, for everyone."""
    with site.opened() as page:
        page.goto("/console/")
        text_all(page, "CART")
        keep(page, "compared")
        press(page, "Compare with the files")
        expect(page.get_by_role("status")).to_contain_text("being read")
        assert faults(page) == []
        again = page.get_by_role("link", name="Look again")
        deadline = time.monotonic() + PATIENCE
        while again.count():
            assert time.monotonic() < deadline
            page.wait_for_timeout(500)
            page.reload()
        expect(page.get_by_text("Nothing would change.")).to_be_visible()
        expect(page.get_by_text("They are the same.")).to_be_visible()
        file = site.folder / "answerline.candidate"
        found = json.loads(file.read_text(encoding="utf-8"))
        found["played"] = {
            text: said.replace("For adults", "For all") for text, said in found["played"].items()
        }
        file.write_text(json.dumps(found), encoding="utf-8")
        page.reload()
        row = page.get_by_role("row").filter(has_text="CART").first
        expect(row.locator("p.reply").first).to_contain_text("For adults")
        expect(row.locator("p.reply").last).to_contain_text("For all")
        assert faults(page) == []
        press(page, "Français")
        assert faults(page) == []


def test_what_is_watched_for_would_be_seen(site: Site) -> None:
    with site.watched(signed_in=True, scripts=True) as (page, watch):
        page.goto("/console/")
        assert watch.found() == []
        for directive, breach in BREACHES.items():
            with page.expect_console_message(
                lambda one, said=f"policy: {directive} ": said in one.text
            ):
                page.evaluate(breach)
        with page.expect_event("pageerror"):
            page.evaluate("void setTimeout(() => { throw new Error('thrown') })")
        assert len([one for one in watch.found() if one.startswith("console: policy")]) == 2
        assert "error: thrown" in watch.found()
        with site.watched(signed_in=True, scripts=True) as (other, elsewhere):
            other.route("http://192.0.2.1/", lambda route: route.fulfill(body="another machine"))
            other.goto("http://192.0.2.1/")
            assert elsewhere.found() == ["asked http://192.0.2.1/"]
        page.evaluate("document.querySelector('main').innerHTML = '<p><input>'")
        assert any(one.startswith("label: ") for one in violations(page))


# --- readers


def test_a_reader_needs_no_script(site: Site, line: Line) -> None:
    answer = line.library.editions["fa"].answers["adult.cart"]
    with site.opened(signed_in=False, scripts=False) as page:
        page.goto("/acart/fa")
        for said in answer.texts:
            expect(page.get_by_role("main")).to_contain_text(said)
        call = page.locator(f'a[href="tel:{line.library.support_line}"]')
        expect(call).to_be_visible()
        expect(page.locator("html")).to_have_css("direction", "rtl")
        printed = page.pdf()
        assert printed.startswith(b"%PDF")
        assert len(printed) > 1000


# --- what staff do, in a few actions


class Hand:
    """Does what a person does, and counts it: a click, a choice in a list, a text and Enter."""

    def __init__(self, page: Page) -> None:
        self.page, self.actions = page, 0
        page.goto("/console/")

    def click(self, name: str) -> None:
        """Follow a link, or press a button."""
        self.actions += 1
        either = self.page.get_by_role("link", name=name, exact=True).or_(
            self.page.get_by_role("button", name=name, exact=True)
        )
        with self.page.expect_navigation():
            either.first.click()

    def choose(self, label: str, value: str) -> None:
        self.actions += 1
        self.page.get_by_label(label, exact=True).select_option(value)

    def write(self, label: str, said: str) -> None:
        self.actions += 1
        field = self.page.get_by_label(label, exact=True)
        field.fill(said)
        with self.page.expect_navigation():
            field.press("Enter")


@pytest.fixture
def hand(site: Site) -> Iterator[Hand]:
    with site.opened() as page:
        hand = Hand(page)
        yield hand
        assert 0 < hand.actions <= MOST_ACTIONS


def test_task_try_a_flow_in_farsi(hand: Hand) -> None:
    hand.choose("Language", "fa")
    hand.click("Add a phone")
    hand.write("Text from the phone", "CART")
    reply = last_reply(hand.page.locator(".phone"))
    expect(reply).to_have_attribute("lang", "fa")
    expect(reply).to_be_visible()


def test_task_find_expensive_drafts(hand: Hand) -> None:
    hand.click("Content")
    hand.choose("State", "draft")
    hand.choose("Order", "segments")
    hand.write("More than this many segments", "12")
    cells = hand.page.locator("td:has(a)").all_inner_texts()
    assert cells
    for cell in cells:
        found = re.match(r"draft\D*(\d+)", cell)
        assert found, cell
        assert int(found[1]) > 12


def test_task_find_what_was_not_understood_last_week(hand: Hand) -> None:
    hand.click("What people ask")
    expect(hand.page.get_by_text("the last 7 days").first).to_be_visible()
    expect(hand.page.get_by_role("listitem").filter(has_text=ODD)).to_be_visible()


def test_task_keep_a_regression(hand: Hand) -> None:
    hand.write("Text from the phone", "CART")
    hand.click("Keep")
    hand.write("Name", "asks-for-cart")
    expect(hand.page.get_by_role("rowheader", name="asks-for-cart")).to_be_visible()
