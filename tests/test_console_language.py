"""The console's own words: found, translated, shown in the reader's language, or in English."""

import re
from collections.abc import Callable
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import pytest
from click.testing import CliRunner, Result
from flask import Flask
from flask.testing import FlaskClient

from bot import po_files
from bot.channels.twilio import ERRORS
from bot.cli import main
from bot.config import SETTINGS, Config
from bot.console import language, wording
from bot.console.app import create_console
from bot.console.candidate import Found
from bot.console.staff import DEEDS, ROLES, SHOWN_ROLES, Staff, deed
from bot.line import Line
from bot.model import Inbound
from bot.revision import revision_of
from bot.store.sqlite import SqliteStore
from bot.turn import Turns

from .conftest import ROOT

Edit = Callable[[str, str, str], Path]

FRENCH = "locales/fr/LC_MESSAGES/console.po"
PASSWORD = "a long enough password"
KEPT = "> CART\n< Something else\n"

PAGES = (
    "/", "/sign-in", "/transcripts/", "/transcripts/play", "/transcripts/compare", "/answers/",
    "/answers/?state=reviewed",
    "/answers/?state=best", "/answers/?language=xx", "/answers/?more_than=ten",
    "/answers/adult.cart/fa", "/answers/adult.cart/en", "/answers/no/fr", "/answers/menu/ur",
    "/answers/menu/xx", "/asked/", "/asked/?days=1", "/asked/?days=30", "/asked/?days=5",
    "/asked/nothing.csv", "/records/", "/nothing", "/phones/x/transcript", "/transcripts/no.txt",
)  # fmt: skip


def locale(folder: Path, code: str, said: Callable[[str], str]) -> Path:
    """Make a language of the console whose every text is what `said` makes of the English."""
    path = wording.new(folder, code)
    catalog = po_files.parse(path, code)
    for entry in catalog:
        if entry.id:
            one = isinstance(entry.id, str)
            forms = (entry.id,) if one else entry.id
            count = 1 if one else catalog.num_plurals
            own = tuple(said(forms[min(n, len(forms) - 1)]) for n in range(count))
            entry.string = own[0] if one else own
    path.write_bytes(po_files.written(catalog))
    return path


def console(turns: Turns, content: Path, folder: Path) -> Flask:
    config = Config(
        content=content, database=str(folder / "answerline.db"), key="a key for tests, long enough",
        unmatched_days=3,
    )  # fmt: skip
    found = Found("another", ("messages/x.toml: is wrong",), "another", {KEPT: "> CART\n< New\n"})
    (folder / "answerline.candidate").write_bytes(msgspec.json.encode(found))
    app = create_console(config, turns)
    app.config["CANDIDATE"] = str(folder / "answerline.candidate")
    app.config.update(WTF_CSRF_ENABLED=False, SESSION_COOKIE_PATH="/")
    return app


@pytest.fixture(scope="module")
def turns(line: Line) -> Turns:
    store = SqliteStore(":memory:")
    store.migrate()
    turns = Turns(line, store, b"key", lambda: 1_800_000_000)
    staff = Staff(store, turns.clock)
    staff.add("ed", PASSWORD, "editor")
    for number, said in enumerate(DEEDS):
        staff.note("ed", said.replace("%(what)s", ("tester", "x-1")[number % 2]))
    for number, label in enumerate(("adult.cart", "crisis", "out_of_scope")):
        store.change(
            "INSERT INTO counts(day, hour, channel, language, label, turns, segments) "
            "VALUES(?, 1, 'twilio', 'fr', ?, ?, 20)", 1_800_000_000 // 86400, label, 2 + 7 * number,
        )  # fmt: skip
    for name, text in (("kept", KEPT), ("odd", "hello\n"), ("later", "> HELP\n")):
        store.change(
            "INSERT INTO transcripts(name, at, staff, text) VALUES(?, 1, 'ed', ?)", name, text
        )
    for number, code in enumerate(ERRORS):
        message = f"twilio:{number}"
        turns.take(Inbound("twilio", f"+1514555{number:04}", str(number), "HELP"))
        store.delivered(message, "failed", code, turns.clock())
    store.delivered("twilio:x", "failed", 12345, turns.clock())
    return turns


def signed_in(app: Flask) -> FlaskClient:
    client = app.test_client()
    assert client.post("/sign-in", data={"name": "ed", "password": PASSWORD}).status_code == 302
    return client


def talking(client: FlaskClient) -> None:
    """Have phones with all that a conversation may show, and a remark."""
    client.post("/phones", data={"language": "es", "audience": "child"})
    client.post("/phones")
    client.post("/phones", data={"channel": "whatsapp"})
    for said in ("QUIMIO", "MENU", "", "STOP", "STOP"):
        client.post("/text", data={"text": said})
    number = re.search(r'name="number" value="(\d+)"', client.get("/").text)
    assert number
    client.post("/remarks", data={"number": number[1], "remark": "too long"})


class Said(HTMLParser):
    """Collects what a page says itself, where: no content, no code, no name."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.found: list[tuple[str, str]] = []
        self.left_out: list[bool] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        for name in ("aria-label", "placeholder", "title", "alt"):
            said = values.get(name) or ""
            if said and said != "CART":
                self.found.append((f"{tag} {name}", said))
        if tag not in ("meta", "link", "input", "br", "img"):
            own = values.get("translate") == "no" or ("lang" in values and tag != "html")
            self.left_out.append(own or bool(self.left_out and self.left_out[-1]))

    def handle_endtag(self, tag: str) -> None:
        del tag
        self.left_out.pop()

    def handle_data(self, data: str) -> None:
        if not self.left_out or not self.left_out[-1]:
            self.found.append(("text", data.removesuffix(" - Answerline")))


def unmarked(page: str) -> list[str]:
    """Give what a page says outside of brackets."""
    found, depth = [], 0
    for where, said in Said(page).found:
        for char in said:
            depth += (char == "\u27e6") - (char == "\u27e7")
            if char.isalpha() and not depth:
                found.append(f"{where}: {said}")
                break
    assert depth == 0
    return found


@pytest.fixture(scope="module")
def pseudo(turns: Turns, tmp_path_factory: pytest.TempPathFactory) -> FlaskClient:
    """Somebody who reads a language that is English in brackets."""
    folder = tmp_path_factory.mktemp("pseudo")
    locale(folder / "locales", "eo", lambda text: f"\u27e6{text}\u27e7")
    client = signed_in(console(turns, folder, folder))
    client.post("/language", data={"language": "eo"})
    talking(client)
    return client


@pytest.mark.parametrize("path", PAGES)
def test_no_word_is_left_unmarked(pseudo: FlaskClient, path: str) -> None:
    page = pseudo.get(path, follow_redirects=True)
    assert '<html lang="eo"' in page.text
    assert unmarked(page.text) == []


def test_what_is_unmarked_would_be_found(pseudo: FlaskClient) -> None:
    page = pseudo.get("/transcripts/").text
    for said in ("<p>a word</p>", '<input placeholder="a word">', "<p>\u27e6x\u27e7 y</p>"):
        assert len(unmarked(page.replace("</main>", f"{said}</main>"))) == 1


@pytest.mark.parametrize(
    "found",
    [b"", msgspec.json.encode(Found("x", ("messages/x.toml: is wrong",))), None],
    ids=["failed", "faulty", "nothing"],
)
def test_what_the_files_would_change_is_told_in_words_of_the_reader(
    pseudo: FlaskClient, found: bytes | None
) -> None:
    file = Path(pseudo.application.config["CANDIDATE"])
    before = file.read_bytes()
    if found is None:
        file.unlink()
    else:
        file.write_bytes(found)
    assert unmarked(pseudo.get("/transcripts/compare").text) == []
    file.write_bytes(before)


@pytest.mark.parametrize(
    ("path", "form"),
    [
        ("/language", {"language": "xx"}), ("/price", {"price": "free"}), ("/remarks", {}),
        ("/text", {"phone": "x"}), ("/transcripts/", {"name": "A B"}),
        ("/transcripts/", {"name": "x", "phone": "x"}), ("/transcripts/", {"name": "x"}),
        ("/answers/", {}), ("/records/remarks/remove", {"number": "x" * 300_000}),
    ],
)  # fmt: skip
def test_what_is_refused_is_refused_in_words_of_the_reader(
    pseudo: FlaskClient, path: str, form: dict[str, str]
) -> None:
    refused = pseudo.post(path, data=form)
    assert refused.status_code >= 400
    assert unmarked(refused.text) == []


@pytest.fixture
def client(turns: Turns, tmp_path: Path) -> FlaskClient:
    return console(turns, ROOT, tmp_path).test_client()


def catalog() -> dict[str, tuple[str, ...]]:
    return {
        entry.id if isinstance(entry.id, str) else entry.id[0]: entry.string
        if isinstance(entry.string, tuple)
        else (entry.string,)
        for entry in po_files.parse(ROOT / FRENCH, "fr")
        if entry.id
    }


def test_the_french_is_whole_and_says_that_it_is_a_draft() -> None:
    text = (ROOT / FRENCH).read_text(encoding="utf-8")
    assert "it is a draft" in text.partition("msgid")[0]
    found = catalog()
    assert len(found) > 200
    assert list(wording.problems(ROOT)) == []
    for said in (one for forms in found.values() for one in forms):
        assert "'" not in said, said
        assert not re.search(
            r"[^\u00a0]:(?!\d)| [:;%\u00bb]|\u00ab(?!\u00a0)", said.replace("%(", "(")
        )


@pytest.mark.parametrize("path", PAGES)
def test_every_page_is_in_french(turns: Turns, tmp_path: Path, path: str) -> None:
    """Nothing that the French says otherwise is shown in English."""
    client = signed_in(console(turns, ROOT, tmp_path))
    talking(client)
    page = client.get(path, headers={"Accept-Language": "fr-CA"}, follow_redirects=True)
    assert '<html lang="fr" dir="ltr">' in page.text
    assert page.headers["Content-Language"] == "fr"
    assert {"Accept-Language", "Cookie"} <= set(page.vary)
    english = {one for one, (said, *_) in catalog().items() if "%" not in one and said != one}
    assert not english & {said.strip() for _, said in Said(page.text).found}


# --- which language it is


def lang(client: FlaskClient, **headers: str) -> str:
    found = re.search(r'<html lang="([^"]+)"', client.get("/sign-in", headers=headers).text)
    assert found
    return found[1]


@pytest.mark.parametrize(
    ("accepted", "wanted"),
    [
        ("", "en"), ("fr", "fr"), ("fr-CA, fr;q=0.9, en;q=0.8", "fr"), ("fr-FR", "fr"),
        ("en-CA, fr;q=0.5", "en"), ("es, fr;q=0.5", "fr"), ("de", "en"), ("*", "en"), (";;", "en"),
    ],
)  # fmt: skip
def test_a_browser_tells_which_language(client: FlaskClient, accepted: str, wanted: str) -> None:
    assert lang(client, **{"Accept-Language": accepted}) == wanted


def test_a_choice_is_kept_through_signing_in_and_out(turns: Turns, tmp_path: Path) -> None:
    client = console(turns, ROOT, tmp_path).test_client()
    page = client.get("/sign-in")
    assert re.search(r'value="fr" lang="fr" aria-pressed="false">Français</button>', page.text)
    client.post("/language", data={"language": "fr"})
    assert lang(client) == "fr"
    client.post("/sign-in", data={"name": "ed", "password": PASSWORD})
    assert "Se déconnecter" in client.get("/").text
    client.post("/sign-out")
    assert lang(client, **{"Accept-Language": "en"}) == "fr"
    client.post("/language", data={"language": "en"})
    assert lang(client, **{"Accept-Language": "fr"}) == "en"


@pytest.mark.parametrize(
    ("back", "leads_to"),
    [
        ("/answers/?state=draft", "/answers/?state=draft"), ("", "/"), ("//evil.example", "/"),
        ("https://evil.example", "/"), ("/\\evil.example", "/"), ("/\t/evil.example", "/"),
    ],
)  # fmt: skip
def test_a_choice_leads_back_to_the_same_page(
    client: FlaskClient, back: str, leads_to: str
) -> None:
    answer = client.post("/language", data={"language": "fr", "back": back})
    assert (answer.status_code, answer.location) == (303, leads_to)
    asked = client.get("/sign-in?x=1").text
    assert 'name="back" value="/sign-in?x=1"' in asked


def test_numbers_and_days_are_written_as_the_reader_does(turns: Turns, tmp_path: Path) -> None:
    client = signed_in(console(turns, ROOT, tmp_path))
    client.post("/price", data={"price": "0,0083"})
    client.post("/phones")
    client.post("/text", data={"text": "CART"})
    french = {"Accept-Language": "fr"}
    assert "0,0166" in client.get("/", headers=french).text
    assert 'value="0,0083"' in client.get("/", headers=french).text
    assert "0.0166" in client.get("/").text
    assert "(59,3\u00a0%)" in client.get("/asked/?days=30", headers=french).text
    assert "2027-01-15 08 h 00" in client.get("/records/", headers=french).text
    assert "language,messages" in client.get("/asked/languages.csv", headers=french).text
    with client.application.test_request_context(headers=french):
        assert language.number(2163) == "2\u00a0163"
    assert language.regional("es") == "es"


# --- catalogs


def test_a_stale_or_faulty_entry_is_shown_in_english(turns: Turns, edit: Edit) -> None:
    root = edit(FRENCH, 'msgid "Sign in"', '#, fuzzy\nmsgid "Sign in"')
    root = edit(FRENCH, 'msgstr "Mot de passe"', 'msgstr "Mot %(de)s passe"')
    root = edit(FRENCH, 'msgstr "Nom"', 'msgstr "<b>Nom</b>"')
    root = edit(FRENCH, 'msgstr "Passer au contenu"', 'msgstr ""')
    said = [str(one) for one in wording.problems(root)]
    assert [re.sub(r":\d+:", ":", one.removeprefix(f"{FRENCH}")) for one in said] == [
        ": Skip to the content: is missing",
        ": Sign in: is stale: the English changed",
        ": Name: has markup",
        ": Password: has other %(slots)s than the English",
    ]
    page = (
        console(turns, root, root).test_client().get("/sign-in", headers={"Accept-Language": "fr"})
    )
    for english in ("Sign in", "Password", "Name", "Skip to the content"):
        assert f">{english}<" in page.text
    assert '<html lang="fr"' in page.text


def test_a_catalog_that_cannot_be_read_leaves_the_others(turns: Turns, copy: Path) -> None:
    (copy / FRENCH).write_text("nonsense\n", encoding="utf-8")
    (problem,) = wording.problems(copy)
    assert "is no line of a catalog" in str(problem)
    client = console(turns, copy, copy).test_client()
    assert lang(client, **{"Accept-Language": "fr"}) == "en"
    assert "Français" not in client.get("/sign-in").text


def run(root: Path, *args: str) -> Result:
    settings = dict.fromkeys(SETTINGS, "") | {"ANSWERLINE_CONTENT": str(root)}
    return CliRunner().invoke(main, args, env=settings)


def test_a_refresh_is_a_fixed_point_and_makes_what_changed_stale(
    edit: Edit, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert wording.refresh(ROOT / "locales") == []
    root = edit(FRENCH, 'msgid "Transcript file"', 'msgid "A transcript file"')
    assert "is behind bot/console" in run(root, "check").stderr
    done = run(root, "locales", "refresh")
    assert done.stdout == f"wrote {FRENCH}\n"
    text = (root / FRENCH).read_text(encoding="utf-8")
    assert '#, fuzzy\n#| msgid "A transcript file"\nmsgid "Transcript file"' in text
    assert wording.refresh(root / "locales") == []
    assert "Transcript file: is stale" in run(root, "check").stderr
    plural = edit(FRENCH, 'msgid "%(num)s unit"', 'msgid "%(num)s units of it"')
    wording.refresh(plural / "locales")
    once = (root / FRENCH).read_bytes()
    assert b'#| msgid_plural "%(num)s units"\n' in once
    assert wording.refresh(root / "locales") == []
    monkeypatch.setattr(wording, "SOURCES", ())
    assert wording.refresh(root / "locales")


def test_a_new_language_is_one_new_file(turns: Turns, copy: Path) -> None:
    done = run(copy, "locales", "new", "es", "--console")
    assert re.match(r"wrote locales/es/LC_MESSAGES/console.po: \d{3} to translate", done.stdout)
    assert wording.refresh(copy / "locales") == []
    client = console(turns, copy, copy).test_client()
    assert lang(client, **{"Accept-Language": "es"}) == "es"
    assert ">Sign in<" in client.get("/sign-in", headers={"Accept-Language": "es"}).text
    again = run(copy, "locales", "new", "es", "--console")
    assert (again.exit_code, "is there already" in again.stderr) == (1, True)
    assert run(copy, "locales", "new", "es").exit_code == 0  # the content's, beside it


def test_a_line_of_its_own_does_without(turns: Turns, copy: Path, tmp_path: Path) -> None:
    before = revision_of(copy)
    (copy / FRENCH).unlink()
    (copy / "locales/console.pot").unlink()
    assert revision_of(copy) == before
    assert wording.refresh(copy / "locales") == []
    assert list(wording.problems(copy)) == []
    page = console(turns, copy, tmp_path).test_client().get("/sign-in")
    assert "Sign in" in page.text
    assert "/language" not in page.text


def test_roles_and_deeds_are_known() -> None:
    assert SHOWN_ROLES == ROLES
    for known in DEEDS:
        assert deed(known.replace("%(what)s", "a b")) == (known, "a b" * ("%" in known))
    assert deed("did something") == ("did something", "")
    assert replace(Config(content=ROOT), port=1).port == 1
