"""Where links lead: readers get the full page, or ours in their language, and nothing is kept."""

import hashlib
import re
from base64 import b64encode
from dataclasses import replace
from datetime import date
from html.parser import HTMLParser

import pytest
from flask import Flask
from flask.testing import FlaskClient

from bot.app import create_app
from bot.config import Config
from bot.library import Library, Review
from bot.line import Line

from .conftest import BASE_URL

pytestmark = pytest.mark.usefixtures("one_line")

LARGEST = 30_000
TAGS = ["ar", "es", "fa", "hi", "pa", "tl", "ur", "vi", "zhs", "zht"]


@pytest.fixture
def library(app: Flask) -> Library:
    line: Line = app.extensions["answerline"].line
    return line.library


class Page(HTMLParser):
    """What a page says and where it leads; every element that is opened is closed."""

    EMPTY = frozenset({"meta"})

    def __init__(self, html: str) -> None:
        super().__init__()
        self.said, self.links, self.tags, self._open = "", [], [], []
        self.attributes: dict[str, dict[str, str | None]] = {}
        self.feed(html)
        self.close()
        assert not self._open

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes[tag] = dict(attrs)
        self.links += [value for name, value in attrs if name in ("href", "src")]
        if tag not in self.EMPTY:
            self._open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self._open and self._open[-1] != "style":
            self.said += data


def test_every_language_is_led_to_a_page_or_has_one(library: Library) -> None:
    assert sorted(edition.tag for edition in library.editions.values()) == sorted(
        [*TAGS, "en", "fr"]
    )


@pytest.mark.parametrize("tag", ["en", "fr", "xx", "toolong"])
def test_readers_of_the_full_page_are_led_straight_to_it(
    client: FlaskClient, library: Library, tag: str
) -> None:
    for label in library.editions["en"].answers:
        audience, _, topic = label.partition(".")
        answer = client.get(f"/{audience[0]}{library.topics[topic].link}/{tag}")
        if tag == "toolong":
            assert answer.status_code == 404
            continue
        urls = library.document(label).urls
        assert (answer.status_code, answer.location) == (302, urls.get(tag) or urls["en"])


@pytest.mark.parametrize("tag", TAGS)
def test_others_get_the_whole_answer_in_their_language(
    client: FlaskClient, library: Library, tag: str
) -> None:
    edition = library.edition(library.tagged(tag))
    for label, said in edition.answers.items():
        audience, _, topic = label.partition(".")
        answer = client.get(f"/{audience[0]}{library.topics[topic].link}/{tag}")
        assert answer.status_code == 200
        assert len(answer.data) < LARGEST
        assert "Set-Cookie" not in answer.headers
        assert answer.headers["X-Robots-Tag"] == "noindex, nofollow"
        page = Page(answer.text)
        for text in said.texts:
            assert text in page.said
        whom = edition.say(f"for_{audience}").strip(" :\uff1a")
        assert page.said.count(f"{edition.titles[topic]} ({whom})") == 2  # title and heading
        urls = library.document(label).urls
        assert page.links == ["tel:1-888-939-3333", urls["en"], urls["fr"]]
        assert page.attributes["html"] == {
            "lang": edition.language.replace("_", "-"),
            "dir": "rtl" if tag in ("ar", "fa", "ur") else "ltr",
        }
        for phrase in ("call", "web_english", "web_french", "web_text_back", "web_draft"):
            assert edition.say(phrase) in page.said


def test_what_stands_in_the_reply_leads_there(client: FlaskClient, app: Flask) -> None:
    line: Line = app.extensions["answerline"].line
    link = line.layout.link("child.cart", "pa")
    assert len(link.removeprefix(BASE_URL + "/")) <= 12
    assert client.get(link.removeprefix(BASE_URL)).status_code == 200


def test_nothing_is_run_or_loaded(client: FlaskClient) -> None:
    answer = client.get("/acart/fa")
    page = Page(answer.text)
    assert not {"script", "img", "link", "iframe", "form"} & set(page.tags)
    style = re.search("<style>(.*?)</style>", answer.text, re.DOTALL)
    assert style
    allowed = b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policies = answer.headers.getlist("Content-Security-Policy")
    assert len(policies) == 1
    assert f"style-src 'sha256-{allowed}'" in policies[0]
    assert "default-src 'none'" in policies[0]
    assert answer.headers["X-Content-Type-Options"] == "nosniff"


@pytest.mark.parametrize("path", ["/aold/pa", "/czzzzzz/fa", "/azzz/xx", "/acar/en"])
def test_a_link_that_leads_nowhere_shows_the_full_pages(
    client: FlaskClient, library: Library, path: str
) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    edition = library.edition(library.tagged(path.rpartition("/")[2]))
    page = Page(answer.text)
    assert edition.say("web_gone") in page.said
    urls = [url for document in library.documents.values() for url in document.urls.values()]
    assert sorted(page.links) == sorted(["tel:1-888-939-3333", *urls])


def test_an_answer_that_is_being_checked_is_not_shown(
    client: FlaskClient, app: Flask, library: Library
) -> None:
    checked = {"adult.cart": Review(withdrawn=date(2026, 1, 1), because="x")}
    turns = app.extensions["answerline"]
    turns.line = replace(turns.line, library=replace(library, reviews=checked))
    edition = library.edition("fa")
    page = Page(client.get("/acart/fa").text)
    assert edition.say("checking", title=edition.titles["cart"]) in page.said
    assert edition.answers["adult.cart"].gist not in page.said
    assert library.document("adult.cart").urls["en"] in page.links


def test_opened_links_are_counted_without_anyone(config: Config) -> None:
    client = create_app(replace(config, status="public")).test_client()
    row = 'answerline_links_total{label="child.cart",language="hi"}'

    def counted() -> float:
        found = re.search(re.escape(row) + r" ([\d.]+)", client.get("/metrics").text)
        return float(found[1]) if found else 0

    before = counted()
    client.get("/ccart/hi")
    assert counted() == before + 1
