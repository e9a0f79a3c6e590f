"""PURE: the line: all that a reply is made from, built once at start and shared by every turn."""

from dataclasses import dataclass, replace
from typing import Final

from bot import sms
from bot.library import ENGLISH, FreeText, Library, audience_of
from bot.model import Medium
from bot.pages import Layout
from bot.understanding import COMMON, Lexicon, Vocabulary, Weights, Writing
from bot.understanding.fold import tokens

CHAT: Final = sms.Budget(units=1600)
"""What a page of a chat may have: Twilio's limit for WhatsApp, and well under the others'."""


@dataclass(frozen=True, slots=True)
class Line:
    """All that a reply is made from: built once at start, shared by every turn.

    `layout` cuts for text messages, `chat_layout` for chats.
    """

    library: Library
    vocabulary: Vocabulary
    layout: Layout
    chat_layout: Layout

    @classmethod
    def of(cls, library: Library, base_url: str = "", budget: sms.Budget | None = None) -> "Line":
        """Set a line up for one address of short links and one budget."""
        free = library.free_text
        # First, as gathering the words takes memory that the rest can use after it.
        lexicon = Lexicon.of(_with_own_words(library), free.groups, free.guessed)
        layouts = (Layout(library, base_url, one) for one in (budget or sms.Budget(), CHAT))
        writing = Writing.of(library.editions.values(), library.keywords)
        words = Vocabulary.of(library.keywords, writing)
        weights = Weights.of(_of_answers(library))
        vocabulary = replace(words, lexicon=lexicon, weights=weights)
        return cls(library, vocabulary, *layouts)

    def in_medium(self, medium: Medium) -> "Line":
        """Give the line as it answers in a medium: one whose `layout` is the right one."""
        return self if medium == "sms" else replace(self, layout=self.chat_layout)

    def light(self) -> "Line":
        """Give the line without what only setting it up needs, and with every screen cut."""
        library = self.library
        carriers = tuple(one for one in library.keywords if one.kind == "carrier")
        light = replace(library, keywords=carriers, free_text=FreeText())
        layouts = (
            Layout(light, one.base_url, one.budget, cut=one.screens)
            for one in (self.layout, self.chat_layout)
        )
        return Line(light, self.vocabulary, *layouts)


def _of_answers(library: Library) -> dict[str, dict[str, float]]:
    """Give the weights without labels of answers that this content does not have."""
    there = library.editions[ENGLISH].answers
    return {
        clue: {label: one for label, one in row.items() if label in there or not audience_of(label)}
        for clue, row in library.free_text.weights.items()
    }


def _with_own_words(library: Library) -> dict[str, dict[str, str]]:
    """Give the lists of clue words; what a language's texts say is common in it besides."""
    lists = {language: dict(own) for language, own in library.free_text.clues.items()}
    english = {word for words in lists.get(ENGLISH, {}).values() for word in tokens(words)}
    for language in lists.keys() - {ENGLISH}:
        edition = library.editions.get(language)
        said = {word for text in edition.texts() for word in tokens(text)} if edition else set()
        own = (lists[language].get(COMMON, ""), *sorted(said - english))
        lists[language][COMMON] = ", ".join(own)
    return lists
