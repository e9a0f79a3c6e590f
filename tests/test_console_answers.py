"""The console's pages about content: what is said, where it comes from, what it costs."""

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime
from html import unescape

import pytest
from flask import Flask
from flask.testing import FlaskClient
from markupsafe import escape
from selectolax.lexbor import LexborHTMLParser as HTMLParser
from selectolax.lexbor import LexborNode as Node

from bot import sms
from bot.config import Config
from bot.console import answers
from bot.console.app import create_console
from bot.console.costs import costs_anyway
from bot.console.staff import Staff
from bot.library import ENGLISH, Library, Review
from bot.line import Line
from bot.store.sqlite import SqliteStore
from bot.turn import Turns
from tests.conftest import ROOT

TODAY = date(2026, 12, 1)
NOW = int(datetime(2026, 12, 1, 12, tzinfo=UTC).timestamp())
LANGUAGES = ("en", "fr", "ar", "es", "fa", "hi", "pa", "tl", "ur", "vi", "zh_Hans", "zh_Hant")
RIGHT_TO_LEFT = {"ar", "fa", "ur"}
LARGEST = 300_000

WITHDRAWN, OVERDUE, SIGNED, CHANGED = "adult.cart", "child.cns", "adult.trials", "adult.chemo"
MISSING, STALE = ("adult.supportive", "fa"), ("adult.targeted", "es")


@pytest.fixture(scope="module")
def turns(line: Line) -> Turns:
    store = SqliteStore(":memory:")
    store.migrate()
    return Turns(line, store, b"key", lambda: NOW)


@pytest.fixture(scope="module")
def app(turns: Turns, tmp_path_factory: pytest.TempPathFactory) -> Flask:
    database = tmp_path_factory.mktemp("console") / "answerline.db"
    config = Config(content=ROOT, database=str(database), key="a key for tests, long enough")
    app = create_console(config, turns)
    Staff(turns.store, turns.clock).add("tester", "a password for tests", "tester")
    return app


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    """Somebody for whom every page is open, as if signed in."""
    app.config["LOGIN_DISABLED"] = True
    yield app.test_client()
    app.config["LOGIN_DISABLED"] = False


@pytest.fixture(scope="module")
def other_line(line: Line) -> Line:
    """Content in all states: reviewed and held back answers, translations that cannot be sent."""
    library = line.library
    editions = dict(library.editions)
    for (label, language), state in ((MISSING, "missing"), (STALE, "stale")):
        english = replace(editions[ENGLISH].answers[label], state=state)
        answers = {**editions[language].answers, label: english}
        editions[language] = replace(editions[language], answers=answers)
    french = editions["fr"]
    answers = {label: replace(one, state="reviewed") for label, one in french.answers.items()}
    editions["fr"] = replace(french, draft=False, answers=answers)
    signed = {"signed_off_by": "Ann O'Hara", "signed_off_on": date(2026, 11, 1)}
    reviews = {
        WITHDRAWN: Review(withdrawn=TODAY, because="the page <moved>"),
        OVERDUE: Review(review_by=date(2026, 11, 30), **signed),
        SIGNED: Review(review_by=TODAY, **signed),
        CHANGED: Review(text_changed=True, **signed),
    }
    library = replace(library, editions=editions, reviews=reviews, revision="another")
    return replace(line, library=library, layout=replace(line.layout, library=library))


@pytest.fixture
def other(line: Line, other_line: Line, turns: Turns) -> Iterator[Library]:
    """That content, as what the console shows."""
    turns.line = other_line
    yield other_line.library
    turns.line = line


def read(client: FlaskClient, path: str, status: int = 200) -> HTMLParser:
    answer = client.get(path)
    assert answer.status_code == status, (path, answer.text)
    assert len(answer.data) < LARGEST
    assert "style=" not in answer.text
    assert "<script>" not in answer.text
    return HTMLParser(answer.text)


def shown(client: FlaskClient, query: str = "") -> dict[tuple[str, str], tuple[str, int, bool]]:
    """Read the matrix: by label and language its state, segments, and whether it is held back."""
    found = {}
    for link in read(client, f"/answers/?{query}").css("td a"):
        label, language = str(link.attributes["href"]).split("/")[-2:]
        cell = link.parent
        assert cell is not None
        state = link.text().partition(":")[0]
        segments = re.search(r"(\d+) segment", cell.text())
        assert segments
        found[label, language] = (state, int(segments[1]), "held back" in cell.text())
    return found


def counted(line: Line, label: str, language: str) -> int:
    count = len(line.layout.screen(label, language).pages)
    texts = [line.layout.show(label, language, page) for page in range(count)]
    return sum(sms.measure(text).segments for text in texts)


def test_nobody_reads_content_without_signing_in(app: Flask) -> None:
    for path in ("/answers/", "/answers/adult.cart/fr", "/answers/menu/fr"):
        answer = app.test_client().get(path)
        assert (answer.status_code, answer.location) == (302, "/sign-in")


def test_every_answer_in_every_language_has_a_cell(client: FlaskClient, line: Line) -> None:
    all = answers.labels(line.library)
    assert len(all) == 21
    assert set(all) == set(line.library.editions[ENGLISH].answers)
    assert tuple(line.library.editions) == LANGUAGES
    found = shown(client)
    assert list(found) == [(label, language) for label in all for language in LANGUAGES]
    for (label, language), cell in found.items():
        assert line.library.editions[language].answers[label].language == language
        assert cell == ("draft", counted(line, label, language), False)
    page = read(client, "/answers/")
    titles = [one.text() for one in page.css("tbody th small")]
    english = line.library.editions[ENGLISH].titles
    assert titles == [english[label.partition(".")[2]] for label in all]
    assert len(page.css("thead th")) == 13
    total = sum(segments for _, segments, _ in found.values())
    none = "0 stale, 0 missing, 0 sent in English, 0 held back"
    assert f"252 answers: 0 reviewed, 252 draft, {none}; {total:,} segments" in page.text()


def test_states_and_what_is_held_back_are_told(client: FlaskClient, other: Library) -> None:
    found = shown(client)
    assert len(found) == 252
    for (label, language), (state, _, held_back) in found.items():
        assert held_back == other.is_held_back(label, TODAY)
        assert held_back == (label in {WITHDRAWN, OVERDUE})
        if (label, language) == MISSING:
            wanted = "missing"
        elif (label, language) == STALE:
            wanted = "stale"
        elif language == ENGLISH:
            wanted = "reviewed" if label in {SIGNED, OVERDUE} else "draft"
        else:
            wanted = "reviewed" if language == "fr" else "draft"
        assert state == wanted, (label, language)
    counts = "23 reviewed, 227 draft, 1 stale, 1 missing, 2 sent in English, 24 held back"
    page = read(client, "/answers/")
    assert f"252 answers: {counts}" in page.text()
    assert len(page.css("td em")) == 2


@pytest.mark.parametrize(
    ("query", "state", "language", "more_than", "count"),
    [
        ("state=reviewed", "reviewed", "", 0, 23),
        ("state=draft", "draft", "", 0, 227),
        ("state=stale", "stale", "", 0, 1),
        ("state=missing&language=fa", "missing", "fa", 0, 1),
        ("state=sent+in+English", "sent in English", "", 0, 2),
        ("state=held+back", "held back", "", 0, 24),
        ("language=fr", "", "fr", 0, 21),
        ("language=ar&more_than=10", "", "ar", 10, None),
        ("more_than=+12+", "", "", 12, None),
        ("state=held+back&language=ur&more_than=10", "held back", "ur", 10, 1),
        ("state=&language=&more_than=&sort=", "", "", 0, 252),
        ("more_than=9999", "", "", 9999, 0),
    ],
)
def test_filters_narrow_to_what_the_library_has(
    client: FlaskClient, other: Library, turns: Turns,
    query: str, state: str, language: str, more_than: int, count: int | None,
) -> None:  # fmt: skip
    wanted = {
        (label, one)
        for label in other.editions[ENGLISH].answers
        for one in other.editions
        if language in ("", one)
        and counted(turns.line, label, one) > more_than
        and (
            other.is_held_back(label, TODAY)
            if state == "held back"
            else (label, one) in (MISSING, STALE)
            if state == "sent in English"
            else state in ("", answers.state_of(other, label, one))
        )
    }
    found = shown(client, query)
    assert set(found) == wanted
    assert count in (None, len(wanted))
    text = read(client, f"/answers/?{query}").text()
    if 0 < len(wanted) < 252:
        total = sum(segments for _, segments, _ in found.values())
        assert f"Shown: {len(wanted)} answer{'s' * (len(wanted) > 1)}: " in text
        assert f"; {total:,} segments." in text
    assert ("No answer is like that" in text) == (not wanted)


def test_the_most_segments_come_first_if_wanted(client: FlaskClient) -> None:
    found = [segments for _, segments, _ in shown(client, "language=fa&sort=segments").values()]
    assert found == sorted(found, reverse=True) != sorted(found)
    rows: dict[str, int] = {}
    for (label, _), (_, segments, _) in shown(client, "sort=segments").items():
        rows[label] = max(rows.get(label, 0), segments)
    assert list(rows.values()) == sorted(rows.values(), reverse=True)


def test_the_form_keeps_what_was_asked(client: FlaskClient) -> None:
    page = read(client, "/answers/?state=draft&language=zh_Hans&more_than=3&sort=segments")
    selected = [one.attributes.get("value", one.text()) for one in page.css("option[selected]")]
    assert selected == ["draft", "zh_Hans", "segments"]
    more_than = page.css_first("#more_than")
    assert more_than is not None
    assert more_than.attributes["value"] == "3"


@pytest.mark.parametrize(
    "query", ["state=best", "language=xx", "more_than=ten", "more_than=-1", "more_than=12345"]
)
def test_a_filter_that_is_none_is_refused(client: FlaskClient, query: str) -> None:
    read(client, f"/answers/?{query}", 400)


def test_segments_are_counted_once_for_each_content(line: Line, other_line: Line) -> None:
    costs = answers.Costs()
    first = costs.of(line)
    assert costs.of(line) is first
    other = costs.of(other_line)
    assert other is not first
    assert {key for key, count in other.items() if count != first[key]} == {MISSING, STALE}


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_answer_is_shown_whole_with_its_sources(
    client: FlaskClient, line: Line, language: str
) -> None:
    library, edition = line.library, line.library.editions[language]
    for label, english in library.editions[ENGLISH].answers.items():
        page = read(client, f"/answers/{label}/{language}")
        text = page.text()
        source = unescape(str(page.html))
        for sentence in (one for part in english.sentences for one in part):
            assert sentence.text in text
            assert sentence.sources
            for cited in sentence.sources:
                heading = library.documents[cited.document].sections[cited.section].heading
                assert f"{cited} ({heading})" in text
        for url in library.document(label).urls.values():
            assert f'href="{url}"' in source
        direction = "rtl" if language in RIGHT_TO_LEFT else "ltr"
        own = page.css(f'div.row p[lang="{language.replace("_", "-")}"]')
        texts = edition.answers[label].texts if language != ENGLISH else ()
        own = own if language != ENGLISH else []  # its sentences are those of the sources
        assert [one.text() for one in own] == list(texts)
        sent = page.css("p.bubble")
        count = len(line.layout.screen(label, language).pages)
        assert [one.text() for one in sent] == [
            line.layout.show(label, language, number) for number in range(count)
        ]
        for one in (*own, *sent):
            assert one.attributes["dir"] == direction
        assert f"All pages: {counted(line, label, language)} segment" in text
        topic = label.partition(".")[2]
        file = "locales/{0}/LC_MESSAGES/messages.po" if language != ENGLISH else "topics/{1}.toml"
        assert file.format(language, topic) in text
        assert f"answerline documents sign-off {label} --by NAME" in text
        assert f"answerline documents withdraw {label} --because WHY" in text
        review = f'answerline locales review {language} --by NAME --only "topics/{topic}.toml: '
        assert (review in text) == (language != ENGLISH)


def test_the_places_that_are_named_are_in_the_files(line: Line) -> None:
    for label, answer in line.library.editions[ENGLISH].answers.items():
        audience = label.partition(".")[0]
        for language in LANGUAGES:
            how = answers.changing(answer, label, language)
            file = (ROOT / how.file).read_text(encoding="utf-8").splitlines()
            remark = "" if language == ENGLISH else "#. "
            assert all(f"{remark}{place}" in file for place in how.places)
            assert len(how.places) == (1 if language == ENGLISH else len(answer.texts))
            assert audience in how.places[0]


def test_letters_that_cost_are_marked(client: FlaskClient, line: Line) -> None:
    marked = 0
    anyway = {one for one in LANGUAGES if costs_anyway(line.library.editions[one])}
    assert anyway == set(LANGUAGES) - {"en", "fr", "es", "tl"}
    for label in answers.labels(line.library):
        page = read(client, f"/answers/{label}/pa")
        assert not page.css("mark")  # nothing could be written without them
        for one in read(client, f"/answers/{label}/fr").css("p.bubble"):
            costs = [mark.text() for mark in one.css("mark")]
            assert bool(costs) == (sms.measure(one.text()).encoding == "UCS-2")
            assert set("".join(costs)) == set(sms.costly(one.text()))
            marked += len(costs)
    assert marked


def test_review_is_told(client: FlaskClient, other: Library) -> None:
    def review(label: str, language: str) -> str:
        section: Node | None = read(client, f"/answers/{label}/{language}").css_first(
            'section[aria-label="Review"]'
        )
        assert section is not None
        return section.text()

    assert "Nobody has signed off" in review("adult.definition", "es")
    assert other.reviews[WITHDRAWN].because == "the page <moved>"
    for said in ("Withdrawn on 2026-12-01", "Because: the page <moved>"):
        assert said in review(WITHDRAWN, "fr")
    assert "signed off by Ann O'Hara on 2026-11-01" in review(SIGNED, ENGLISH)
    assert "To be reviewed by 2026-12-01\n" in review(SIGNED, ENGLISH)
    assert "To be reviewed by 2026-11-30: that day is over" in review(OVERDUE, "zh_Hant")
    assert "Its English is not what was signed off" in review(CHANGED, "vi")
    assert "Part of it is not translated" in review(*MISSING)
    assert "has changed since it was translated" in review(*STALE)
    for label, language in (MISSING, STALE):
        assert "English is sent" in review(label, language)
    for label in answers.labels(other):
        text = client.get(f"/answers/{label}/ur").text
        assert ("Held back: this answer is not sent" in text) == other.is_held_back(label, TODAY)


def test_a_missing_translation_is_said_to_be_missing(client: FlaskClient, other: Library) -> None:
    label, language = MISSING
    page = read(client, f"/answers/{label}/{language}")
    count = len(other.editions[ENGLISH].answers[label].texts)
    assert page.text().count("no translation: English is sent") == count
    assert not page.css(f'div.row p[lang="{language}"]')


def test_readability_counts_words_and_long_words() -> None:
    found = answers.Readability.of(["The cat sat.", "Chemotherapy isn't B-cell 25."], 2)
    assert (found.words_a_sentence, round(found.long_words), round(found.lix)) == (3.5, 14, 18)
    assert found.means == "very easy"
    assert answers.Readability.of([], 0) == answers.Readability(0, 0, 0)
    said = [answers.Readability(0, 0, lix).means for lix in (29, 30, 40, 50, 60)]
    assert said == ["very easy", "easy", "medium", "hard", "very hard"]


@pytest.mark.parametrize("language", LANGUAGES)
def test_menus_lead_to_their_answers(client: FlaskClient, line: Line, language: str) -> None:
    page = read(client, f"/answers/menu/{language}")
    sent = page.css("p.bubble")
    screens = [line.layout.screen(f"menu.{one}", language) for one in line.library.audiences]
    assert [one.text() for one in sent] == [
        line.layout.show(screen.label, language, number)
        for screen in screens
        for number in range(len(screen.pages))
    ]
    assert {one.attributes["dir"] for one in sent} == {
        "rtl" if language in RIGHT_TO_LEFT else "ltr"
    }
    links = [one.attributes["href"] for one in page.css("p.bubble a")]
    assert links == [f"/answers/{label}/{language}" for one in screens for label in one.offered]
    titles = line.library.editions[language].titles
    for link, label in zip(page.css("p.bubble a"), answers.labels(line.library), strict=True):
        assert titles[label.partition(".")[2]] in link.text()


def test_a_menu_of_several_pages_goes_on_counting(line: Line) -> None:
    english = {ENGLISH: line.library.editions[ENGLISH]}
    library = replace(line.library, editions=english)
    small = replace(line.layout, library=library, budget=sms.Budget(1, 1), cut=None)
    found = list(answers.menu_pages(small, "adult", "en"))
    assert len(found) > 1
    assert [page.number for page in found] == list(range(1, len(found) + 1))
    choices = [one for page in found for one in page.choices]
    assert tuple(label for label, _ in choices) == line.library.labels("adult")
    assert [int(said.split()[0]) for _, said in choices] == list(range(1, len(choices) + 1))


@pytest.mark.parametrize(
    "path",
    ["adult.nothing/fr", "adult.cart/xx", "adult.factors/en", "menu/xx", "menu.adult/en", "x/<b>"],
)
def test_what_is_not_there_is_not_found(client: FlaskClient, path: str) -> None:
    text = read(client, f"/answers/{path}", 404).text()
    assert "There is no such" in text
    assert "Pick " in text
    assert str(escape("<b>")) not in text
