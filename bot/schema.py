"""The shapes of the files under messages/: which keys there are, and which phrases the line needs.

What is in a file but not here is a fault, so that a misspelt key is found and not passed over.
"""

import re
from collections.abc import Mapping
from string import Formatter
from typing import Final

import msgspec

from bot.library import Source


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
    spellings: str
    known: str


class ChecksFile(msgspec.Struct, forbid_unknown_fields=True):
    """messages/checks.toml: what a translation is held against; that file says what each is."""

    names: list[str]
    languages: ByLanguage


class DocumentFile(msgspec.Struct, forbid_unknown_fields=True):
    """One page of messages/documents.toml; `sections` counts the paragraphs of each."""

    audience: str
    publisher: str
    title: dict[str, str]
    url: dict[str, str]
    sections: dict[str, int]


LINK_CODE: Final = re.compile(r"[a-z0-9]{1,6}")
"""A topic's part of a short link, which is at most 12 characters with audience and language."""
_SOURCE: Final = re.compile(
    r"(?P<document>[\w-]+)#(?P<section>[\w-]+):(?P<first>\d+)(-(?P<last>\d+))?"
)


COMMANDS: Final = (
    "menu", "more", "adult", "child", "language", "help", "stop", "start", "support", "about",
    "greeting", "thanks", "crisis", "filler", "this_language",
    "danger", "leave",
)  # fmt: skip
NAMED_COMMANDS: Final = COMMANDS[:10]
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
    **dict.fromkeys(("help", "stopped", "started", "support", "about", "greeting"), _NONE),
    **dict.fromkeys(("thanks", "crisis", "unknown", "unknown_near", "unknown_pause"), _NONE),
    **dict.fromkeys(("words_only", "no_more", "apology"), _NONE),
    "no_such_number": frozenset({"number"}),
    **dict.fromkeys(("not_for_adult", "not_for_child"), frozenset({"title"})),
}
"""Every phrase that the line says, with the slots that are filled in when it is said."""


def slots(text: str) -> set[str]:
    """Name the {slots} of a text; ValueError where braces do not match or hold more than a name."""
    if "{{" in text or "}}" in text:
        raise ValueError("has braces that are no {slot}")
    found = [part for part in Formatter().parse(text) if part[1] is not None]
    if not all(name and name.isidentifier() and not (spec or how) for _, name, spec, how in found):
        raise ValueError("has braces that are no {slot}")
    return {str(name) for _, name, _, _ in found}


def sources(text: str) -> tuple[Source, ...]:
    """Read citations, `adult-all#car-t:1-2, adult-all#trials:1`; ValueError says what is off."""
    found = []
    for part in text.split(","):
        match = _SOURCE.fullmatch(part.strip())
        if match is None:
            raise ValueError(f"{part.strip()!r} is not <document>#<section>:<paragraph>[-<last>]")
        first = int(match["first"])
        found.append(
            Source(match["document"], match["section"], first, int(match["last"] or first))
        )
    return tuple(found)


def parts(topic: TopicFile) -> list[tuple[str, Part]]:
    """Give a topic's parts with their audience, the adult one first."""
    both: list[tuple[str, Part | None]] = [("adult", topic.adult), ("child", topic.child)]
    return [(audience, part) for audience, part in both if part is not None]
