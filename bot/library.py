"""PURE: what the line can say: pages it is drawn from, answers, phrases, words, by language.

The English originals are one edition among others; a text that a catalog lacks stands in English
in that language's edition and says so (`Answer.language`). Nothing here knows a file or a format.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

from bot.model import AUDIENCES

ENGLISH: Final = "en"
MENU: Final = "menu"
"""Stands for the menu where a topic has no answer of its own for an audience (`see = "menu"`)."""


@dataclass(frozen=True, slots=True)
class Document:
    """A source page. `sections` counts the paragraphs of each of its sections."""

    id: str
    audience: str
    publisher: str
    titles: Mapping[str, str]
    urls: Mapping[str, str]
    sections: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Source:
    """A citation: paragraphs `first` to `last`, counted from 1, of a document's section."""

    document: str
    section: str
    first: int
    last: int


@dataclass(frozen=True, slots=True)
class Answer:
    """One topic for one audience in one language: the gist, then what MORE sends."""

    label: str
    language: str
    gist: str
    more: tuple[str, ...]
    sources: tuple[Source, ...]


@dataclass(frozen=True, slots=True)
class Topic:
    """`targets` maps an audience to the label that answers it: its own, another's, or a menu."""

    id: str
    order: int
    link: str
    targets: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Keyword:
    """A word that people text. `kind` is topic, command, carrier, language, crisis or filler.

    `value` is a label for a topic (`adult.cart`), a command's name, or a language's code; `origin`
    is the file and key it stands in, for whoever has to mend it.
    """

    text: str
    kind: str
    value: str
    language: str
    origin: str = ""


@dataclass(frozen=True, slots=True)
class Edition:
    """What the line says in one language. `tag` is the language in a short link.

    Phrases have their command words and the support line filled in; what is left in braces is
    filled in when they are said. `draft` tells that something in it has not been reviewed,
    `in_english` names the phrases that it has to say in English.
    """

    language: str
    tag: str
    name: str
    titles: Mapping[str, str]
    answers: Mapping[str, Answer]
    phrases: Mapping[str, str]
    draft: bool = False
    in_english: frozenset[str] = frozenset()

    def texts(self) -> list[str]:
        """Give all that is said in this language itself."""
        own = [answer for answer in self.answers.values() if answer.language == self.language]
        said = (text for answer in own for text in (answer.gist, *answer.more))
        return [*self.phrases.values(), *self.titles.values(), *said]

    def say(self, phrase: str, **slots: object) -> str:
        """Say a phrase with its slots filled in; KeyError for a phrase that does not exist."""
        text = self.phrases[phrase]
        return text.format_map(slots) if slots else text


@dataclass(frozen=True, slots=True)
class FreeText:
    """By what texts in free words are understood.

    `clues` are words with commas, by language and list; `groups` tell a list's group, and `guessed`
    are the groups whose words are known with a slip in them too; `weights` tell by clue what it is
    worth for each label.
    """

    clues: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    guessed: frozenset[str] = frozenset()
    weights: Mapping[str, Mapping[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class Library:
    """Everything, read once at start. `editions` begins with English, `topics` is in menu order."""

    documents: Mapping[str, Document]
    topics: Mapping[str, Topic]
    editions: Mapping[str, Edition]
    keywords: tuple[Keyword, ...]
    support_line: str
    free_text: FreeText = field(default_factory=FreeText)

    @cached_property
    def prescribed(self) -> tuple[str, ...]:
        """Give the languages that carriers prescribe words in, in which anyone can be answered."""
        return tuple(dict.fromkeys(k.language for k in self.keywords if k.kind == "carrier"))

    def edition(self, language: str) -> Edition:
        """Give a language's edition, or the English one where there is none."""
        return self.editions.get(language) or self.editions[ENGLISH]

    def labels(self, audience: str) -> tuple[str, ...]:
        """Give the labels of the answers for an audience, in menu order."""
        own = (f"{audience}.{topic}" for topic in self.topics)
        return tuple(label for label in own if label in self.editions[ENGLISH].answers)

    def document_for(self, audience: str) -> Document:
        """Give the page of an audience."""
        return next(d for d in self.documents.values() if d.audience == audience)

    def url(self, audience: str, language: str) -> str:
        """Give the full page's address in a language, or the English one where there is none."""
        urls = self.document_for(audience).urls
        return urls.get(language) or urls[ENGLISH]

    def tagged(self, tag: str) -> str:
        """Give the language that a short link's tag stands for, English where it is unknown."""
        return next((e.language for e in self.editions.values() if e.tag == tag), ENGLISH)


def audience_of(label: str) -> str:
    """Tell whom a label's answer is for; empty for a label that is no answer."""
    audience = label.partition(".")[0]
    return audience if audience in AUDIENCES else ""
