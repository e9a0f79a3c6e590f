"""PURE: what the line can say: pages it is drawn from, answers, phrases, words, by language.

The English originals are one edition among others; a text that a catalog lacks stands in English
in that language's edition and says so (`Answer.language`). Nothing here knows a file or a format.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from functools import cached_property
from typing import Final

from bot.model import AUDIENCES, Audience

ENGLISH: Final = "en"
MENU: Final = "menu"
"""Stands for the menu where a topic has no answer of its own for an audience (`see = "menu"`)."""


@dataclass(frozen=True, slots=True)
class Claim:
    """What is kept of a sentence of a page, or of an item of a list: its facts, how many hedges."""

    facts: frozenset[str]
    hedges: int


@dataclass(frozen=True, slots=True)
class Paragraph:
    """What is kept of a paragraph of a page: a fingerprint, and its sentences' claims."""

    fingerprint: str
    claims: tuple[Claim, ...]


@dataclass(frozen=True, slots=True)
class Section:
    """A section of a page: its heading, and its paragraphs from the top."""

    heading: str
    paragraphs: tuple[Paragraph, ...]


@dataclass(frozen=True, slots=True)
class Document:
    """A source page as it was when last `compared`, section by section.

    `subject` are facts that all of it is about. `leave_out` are beginnings of paragraphs that say
    nothing of that, `ends_at` is the heading where the page's own text is over.
    """

    id: str
    audience: str
    publishers: Mapping[str, str]
    titles: Mapping[str, str]
    urls: Mapping[str, str]
    sections: Mapping[str, Section]
    compared: date
    subject: frozenset[str] = frozenset()
    leave_out: tuple[str, ...] = ()
    ends_at: str = ""


@dataclass(frozen=True, slots=True)
class Source:
    """A citation: paragraphs `first` to `last`, counted from 1, of a document's section.

    Of one paragraph it may cite only the sentences from `begin` to `end`; 0 is all of them.
    """

    document: str
    section: str
    first: int
    last: int
    begin: int = 0
    end: int = 0

    def __str__(self) -> str:
        """Write it as it stands in a topic: `adult-all#car-t:2.1`."""
        paragraphs = f"{self.first}-{self.last}" if self.last > self.first else str(self.first)
        sentences = f"{self.begin}-{self.end}" if self.end > self.begin else str(self.begin)
        return f"{self.document}#{self.section}:{paragraphs}" + (f".{sentences}" * bool(self.begin))


@dataclass(frozen=True, slots=True)
class Sentence:
    """An English sentence of an answer, and what says so.

    `firm` tells that the page says this part without a hedge though it hedges elsewhere in what is
    cited.
    """

    text: str
    sources: tuple[Source, ...]
    firm: bool = False


@dataclass(frozen=True, slots=True)
class Answer:
    """One topic for one audience in one language: the gist, then what MORE sends.

    `document` is the page that it is drawn from; `sentences` are those of the English, by page,
    with their citations. `state` tells how far its translation is (`reviewed`, `draft`, `stale` or
    `missing`), also where it is sent in English (see `language`); it is empty for the original.
    """

    label: str
    language: str
    document: str
    gist: str
    more: tuple[str, ...]
    sentences: tuple[tuple[Sentence, ...], ...]
    state: str = ""

    @property
    def sources(self) -> tuple[Source, ...]:
        """All that it cites, each once."""
        cited = (one for page in self.sentences for sentence in page for one in sentence.sources)
        return tuple(dict.fromkeys(cited))

    @property
    def texts(self) -> tuple[str, ...]:
        """What it says: the gist, then each page that MORE sends."""
        return (self.gist, *self.more)

    def places(self) -> Iterator[tuple[str, str, int]]:
        """Yield each paragraph that it rests on: document, section, number."""
        for source in self.sources:
            for paragraph in range(source.first, source.last + 1):
                yield source.document, source.section, paragraph


@dataclass(frozen=True, slots=True)
class Review:
    """What editors have said of an answer, and whether its source or text is another since."""

    withdrawn: date | None = None
    because: str = ""
    review_by: date | None = None
    signed_off_by: str = ""
    signed_off_on: date | None = None
    source_moved: bool = False
    text_changed: bool = False

    def held_back(self, today: date) -> bool:
        """Tell whether the answer is not to be sent."""
        overdue = self.review_by is not None and self.review_by < today
        return self.withdrawn is not None or self.source_moved or overdue


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
    `in_english` names the phrases that it has to say in English, `words` are those to reply with
    for a command.
    """

    language: str
    tag: str
    name: str
    titles: Mapping[str, str]
    answers: Mapping[str, Answer]
    phrases: Mapping[str, str]
    draft: bool = False
    right_to_left: bool = False
    words: Mapping[str, str] = field(default_factory=dict)
    in_english: frozenset[str] = frozenset()

    def texts(self) -> list[str]:
        """Give all that is said in this language itself."""
        own = [answer for answer in self.answers.values() if answer.language == self.language]
        said = (text for answer in own for text in answer.texts)
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
    """Everything, read once at start. `editions` begins with English, `topics` is in menu order.

    `revision` tells which content it is: a fingerprint of its files.
    """

    documents: Mapping[str, Document]
    topics: Mapping[str, Topic]
    editions: Mapping[str, Edition]
    keywords: tuple[Keyword, ...]
    support_line: str
    free_text: FreeText = field(default_factory=FreeText)
    reviews: Mapping[str, Review] = field(default_factory=dict)
    revision: str = ""

    def is_held_back(self, label: str, today: date) -> bool:
        """Tell whether an answer is being checked and not to be sent today."""
        return label in self.reviews and self.reviews[label].held_back(today)

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

    @cached_property
    def audiences(self) -> tuple[Audience, ...]:
        """Give the audiences that there is an answer for."""
        return tuple(one for one in AUDIENCES if self.labels(one))

    @cached_property
    def offers(self) -> frozenset[str]:
        """Give all that a number may stand for: answers, menus and languages."""
        menus = (f"{audience}.{MENU}" for audience in AUDIENCES)
        languages = (f"language:{language}" for language in self.editions)
        return frozenset((*self.editions[ENGLISH].answers, *menus, *languages))

    @cached_property
    def crisis_replies(self) -> frozenset[str]:
        """Give what is said to someone in danger, in every language."""
        return frozenset(edition.say("crisis") for edition in self.editions.values())

    def document(self, label: str) -> Document:
        """Give the page that an answer is drawn from."""
        return self.documents[self.editions[ENGLISH].answers[label].document]

    def url(self, label: str, language: str) -> str:
        """Give an answer's full page in a language, or the English one where there is none."""
        urls = self.document(label).urls
        return urls.get(language) or urls[ENGLISH]

    @cached_property
    def _by_link(self) -> dict[str, str]:
        answers = self.editions[ENGLISH].answers
        return {f"{one[0]}{self.topics[one.partition('.')[2]].link}": one for one in answers}

    def linked(self, code: str) -> str | None:
        """Give the label that a short link's code stands for: `acart` is adult.cart."""
        return self._by_link.get(code)

    def tagged(self, tag: str) -> str:
        """Give the language that a short link's tag stands for, English where it is unknown."""
        return next((e.language for e in self.editions.values() if e.tag == tag), ENGLISH)


def audience_of(label: str) -> str:
    """Tell whom a label's answer is for; empty for a label that is no answer."""
    audience = label.partition(".")[0]
    return audience if audience in AUDIENCES else ""
