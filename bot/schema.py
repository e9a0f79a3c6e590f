"""The shapes of the files under messages/: which keys there are, and which phrases the line needs.

What is in a file but not here is a fault, so that a misspelt key is found and not passed over.
"""

import re
from collections.abc import Mapping
from datetime import date
from string import Formatter
from typing import Final

import msgspec

from bot.library import Claim, Document, Paragraph, Section, Sentence, Source


class Part(msgspec.Struct, forbid_unknown_fields=True):
    """One audience of a topic: an answer, or `see`: which topic (or the menu) answers instead."""

    see: str = ""
    source: str = ""
    gist: str = ""
    more: list[str] = []
    keywords: str = ""


class TopicFile(msgspec.Struct, forbid_unknown_fields=True):
    """messages/topics/<id>.toml: `order` is its place in menus, `link` its part of links."""

    title: str
    order: int
    link: str
    keywords: str = ""
    adult: Part | None = None
    child: Part | None = None


class CommandFile(msgspec.Struct, forbid_unknown_fields=True):
    """One table of messages/commands.toml; that file says what each key means."""

    keywords: str
    word: str = ""
    carrier: str = ""


class ByLanguage(msgspec.Struct, forbid_unknown_fields=True):
    """The table [languages] of messages/checks.toml, which each catalog writes anew."""

    hedges: str
    everyone: str
    children: str
    spellings: str
    known: str


class ChecksFile(msgspec.Struct, forbid_unknown_fields=True):
    """messages/checks.toml: what a translation is held against; that file says what each is."""

    names: list[str]
    languages: ByLanguage


class ParagraphFile(msgspec.Struct, forbid_unknown_fields=True):
    """A paragraph: for each of its sentences the facts, with commas, and how many hedges."""

    fingerprint: str
    facts: list[str]
    hedges: list[int]


class SectionFile(msgspec.Struct, forbid_unknown_fields=True):
    """A section, by a name that citations use."""

    id: str
    heading: str
    paragraphs: list[ParagraphFile]


class DocumentFile(msgspec.Struct, forbid_unknown_fields=True):
    """One page of messages/documents.toml; that file says what each key means."""

    audience: str
    publisher: dict[str, str]
    title: dict[str, str]
    url: dict[str, str]
    compared: date
    sections: list[SectionFile]
    subject: list[str] = []
    leave_out: list[str] = []
    ends_at: str = ""


LINK_CODE: Final = re.compile(r"[a-z0-9]{1,6}")
"""A topic's part of a short link, which is at most 12 characters with audience and language."""
_SOURCE: Final = re.compile(
    r"((?P<document>[\w-]+)#)?(?P<section>[\w-]+):(?P<first>\d+)"
    r"(-(?P<last>\d+)|\.(?P<begin>\d+)(-(?P<end>\d+))?)?"
)
_CITED: Final = re.compile(r"\s*(?P<text>[^\[\]]*?)\s*\[(?P<sources>[^\[\]]*)\]\s*")
CITATION: Final = re.compile(r"\[(?P<sources>[^\[\]]*)\]")
FIRM: Final = "firm"
"""Stands in a citation where the page says this part without a hedge."""


COMMANDS: Final = (
    "menu", "more", "adult", "child", "language", "help", "stop", "start", "support", "about",
    "forget", "greeting", "thanks", "crisis", "filler", "this_language",
    "danger", "leave",
)  # fmt: skip
NAMED_COMMANDS: Final = COMMANDS[:11]
"""Those that have a word of their own, shown in replies."""

_PAGE: Final = frozenset({"page", "pages"})
_NONE: Final[frozenset[str]] = frozenset()
PHRASES: Final[Mapping[str, frozenset[str]]] = {
    **dict.fromkeys(("for_adult", "for_child", "reply_more", "reply_child", "reply_adult"), _NONE),
    **dict.fromkeys(("reply_menu", "call", "intro", "in_english", "other_languages"), _NONE),
    "link_in_english": _NONE,
    "draft": frozenset({"english"}),
    **dict.fromkeys(("which_language", "no_such_language"), _NONE),
    **dict.fromkeys(("page_adult", "page_child"), _PAGE),
    **dict.fromkeys(("menu_adult", "menu_child", "languages", "language_set"), _NONE),
    "choice": frozenset({"number", "title"}),
    **dict.fromkeys(("help", "stopped", "started", "support", "handed_over"), _NONE),
    **dict.fromkeys(("about", "forgotten"), _NONE),
    "about_answer": frozenset({"title", "source", "publisher", "section", "date"}),
    "about_pages": frozenset({"date"}),
    **dict.fromkeys(("reply_forget", "greeting"), _NONE),
    "checking": frozenset({"title"}),
    **dict.fromkeys(("thanks", "crisis", "unknown", "unknown_near", "unknown_pause"), _NONE),
    **dict.fromkeys(("words_only", "no_more", "apology"), _NONE),
    "no_such_number": frozenset({"number"}),
    **dict.fromkeys(("web_english", "web_french", "web_text_back", "web_draft", "web_gone"), _NONE),
    "web_source": frozenset({"source", "publisher"}),
    **dict.fromkeys(("not_for_adult", "not_for_child"), frozenset({"title"})),
}
"""Every phrase that the line says, with the slots that are filled in when it is said."""


def document(id: str, file: DocumentFile) -> Document:
    """Read the record of a page; ValueError where a paragraph's lists do not go together."""
    sections: dict[str, Section] = {}
    for one in file.sections:
        if one.id in sections:
            raise ValueError(f"has two sections {one.id!r}")
        for number, kept in enumerate(one.paragraphs, 1):
            if len(kept.facts) != len(kept.hedges):
                raise ValueError(f"{one.id}:{number} has not as many facts as hedges")
        sections[one.id] = Section(one.heading, tuple(map(_paragraph, one.paragraphs)))
    return Document(
        id, file.audience, file.publisher, file.title, file.url, sections, file.compared,
        frozenset(file.subject), tuple(file.leave_out), file.ends_at,
    )  # fmt: skip


def _paragraph(kept: ParagraphFile) -> Paragraph:
    claims = [
        Claim(frozenset(filter(None, facts.split(", "))), hedges)
        for facts, hedges in zip(kept.facts, kept.hedges, strict=True)
    ]
    return Paragraph(kept.fingerprint, tuple(claims))


def slots(text: str) -> set[str]:
    """Name the {slots} of a text; ValueError where braces do not match or hold more than a name."""
    if "{{" in text or "}}" in text:
        raise ValueError("has braces that are no {slot}")
    found = [part for part in Formatter().parse(text) if part[1] is not None]
    if not all(name and name.isidentifier() and not (spec or how) for _, name, spec, how in found):
        raise ValueError("has braces that are no {slot}")
    return {str(name) for _, name, _, _ in found}


def sentences(text: str, document: str) -> tuple[Sentence, ...]:
    """Read sentences, each with its citation: `It may help. [car-t:2.1, other-page#trials:1]`.

    `document` is the page that a citation without one means. ValueError says what is off.
    """
    found, end = [], 0
    while match := _CITED.match(text, end):
        cited = [part.strip() for part in match["sources"].split(",") if part.strip()]
        firm = FIRM in cited
        from_where = tuple(source(one, document) for one in cited if one != FIRM)
        found.append(Sentence(match["text"], from_where, firm))
        end = match.end()
    if rest := text[end:].strip():
        raise ValueError(f"{rest[:40]!r} cites nothing: end each sentence with [section:paragraph]")
    return tuple(found)


def source(text: str, document: str = "") -> Source:
    """Read a citation, `car-t:2`, `car-t:1-2`, or `car-t:2.1` for one sentence of a paragraph."""
    match = _SOURCE.fullmatch(text)
    if match is None or not (match["document"] or document):
        raise ValueError(f"{text!r} is not <section>:<paragraph>[-<last>] or .<sentence>[-<last>]")
    first, begin = int(match["first"]), int(match["begin"] or 0)
    return Source(
        match["document"] or document, match["section"], first, int(match["last"] or first),
        begin, int(match["end"] or begin),
    )  # fmt: skip


def plain(text: str) -> str:
    """Leave the citations out of a text: what is said, and what catalogs translate."""
    return " ".join(CITATION.sub(" ", text).split())


def parts(topic: TopicFile) -> list[tuple[str, Part]]:
    """Give a topic's parts with their audience, the adult one first."""
    both: list[tuple[str, Part | None]] = [("adult", topic.adult), ("child", topic.child)]
    return [(audience, part) for audience, part in both if part is not None]
