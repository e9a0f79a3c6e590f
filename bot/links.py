"""Where a reply's link leads: to the full page, or to our own in the reader's language.

Readers of a language that the full page is written in are led straight to it. For all others there
is a light page: the whole answer, whom it is for, the support line, the full pages, how to ask on.
"""

import hashlib
from base64 import b64encode
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Final

from flask import Blueprint, Response, redirect, render_template
from werkzeug.wrappers import Response as BaseResponse

from bot.library import ENGLISH, Document, Edition, Library, audience_of
from bot.turn import Turns

FRENCH: Final = "fr"

STYLE: Final = (Path(__file__).parent / "templates" / "answer.css").read_text(encoding="utf-8")
_HASH: Final = b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()

HEADERS: Final = {
    "Content-Security-Policy": f"default-src 'none'; style-src 'sha256-{_HASH}'; base-uri 'none'; "
    "form-action 'none'; frame-ancestors 'none'",
    "X-Robots-Tag": "noindex, nofollow",
    "Cache-Control": "public, max-age=300",
}
"""Nothing is loaded from anywhere, nothing kept on the reader's phone, no search engine has it."""


def blueprint(turns: Turns) -> Blueprint:
    """Make the route of short links: `/acart/fa`, audience, topic and language."""
    routes = Blueprint("links", __name__)

    @routes.get("/<any(a,c):letter><string(maxlength=6):code>/<string(maxlength=4):tag>")
    def short_link(letter: str, code: str, tag: str) -> BaseResponse:
        """Lead from an answer to its full page, or show it in the reader's language."""
        library = turns.line.library
        edition = library.edition(library.tagged(tag))
        label = library.linked(f"{letter}{code}")
        if turns.metrics:
            turns.metrics.link(label or "gone", edition.language)
        if label is None:
            return _shown(gone(library, edition), 404)
        if edition.language in library.document(label).urls:
            return redirect(library.url(label, edition.language), 302)
        today = datetime.fromtimestamp(turns.clock(), UTC).date()
        return _shown(answer(library, edition, label, today))

    return routes


def answer(library: Library, edition: Edition, label: str, today: date) -> dict[str, object]:
    """Give what the page of an answer shows; a held-back one is not shown, and it says so."""
    document, said = library.document(label), edition.answers[label]
    title = edition.titles[label.partition(".")[2]]
    held_back = library.is_held_back(label, today)
    whom = edition.say(f"for_{audience_of(label)}").strip().rstrip(":\uff1a").strip()
    return {
        **_around(library, edition, [document]),
        "title": f"{title} ({whom})",
        "text_lang": _tag(edition.language if held_back else said.language),
        "paragraphs": [edition.say("checking", title=title)] if held_back else said.texts,
        "foot": (
            edition.say("web_text_back"),
            edition.say(
                "web_source",
                source=document.titles.get(edition.language) or document.titles[ENGLISH],
                publisher=document.publishers.get(edition.language)
                or document.publishers[ENGLISH],
            ),
        ),
    }  # fmt: skip


def gone(library: Library, edition: Edition) -> dict[str, object]:
    """Give what is shown for a link that leads nowhere (any more): the full pages."""
    return {
        **_around(library, edition, list(library.documents.values())),
        "title": "Answerline",
        "text_lang": _tag(edition.language),
        "paragraphs": [edition.say("web_gone")],
        "foot": (edition.say("web_text_back"),),
    }


def _around(library: Library, edition: Edition, documents: list[Document]) -> dict[str, object]:
    """Give what stands around any text: language, support line, links to full pages."""
    several = len(documents) > 1
    links = [
        {
            "url": document.urls[language],
            "language": language,
            "said": document.titles[language] if several else edition.say(phrase),
        }
        for document in documents
        for language, phrase in ((ENGLISH, "web_english"), (FRENCH, "web_french"))
        if language in document.urls
    ]
    return {
        "lang": _tag(edition.language),
        "dir": "rtl" if edition.right_to_left else "ltr",
        "style": STYLE,
        "draft": edition.say("web_draft") if edition.draft else "",
        "phone": library.support_line,
        "call": edition.say("call"),
        "links": links,
    }


def _shown(values: dict[str, object], status: int = 200) -> Response:
    return Response(render_template("answer.html", **values), status, HEADERS)


def _tag(language: str) -> str:
    """Write a language as HTML has it: zh-Hans."""
    return language.replace("_", "-")
