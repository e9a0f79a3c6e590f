"""Every word that the line knows, in every language, and what each can mean."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.library import Keyword
from bot.understanding.fold import tokens
from bot.understanding.intent import Intent
from bot.understanding.lexicon import Lexicon
from bot.understanding.runs import GAP, HEAD, follow
from bot.understanding.slips import Slips
from bot.understanding.weights import Weights
from bot.understanding.writing import Writing

MOST_MET: Final = 2000
"""Texts whose meaning is remembered."""


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a word stands for: `kind` and `value` as in Keyword, and the language it belongs to."""

    kind: str
    value: str
    language: str


@dataclass(frozen=True, slots=True)
class Sign:
    """Words that mean something where they stand in one text in this order, not far apart."""

    pieces: tuple[str, ...]
    meaning: Meaning


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Meanings by folded word. A word is its tokens joined, so that `car t` is `cart`.

    `reach` tells, by how a word begins, how long the longest one is that begins so: past that no
    further token need be joined. `crisis` is the same for crisis words alone, and `alone` has those
    of them that are one token: as they are looked for inside of sentences, they are never joined
    from two (the French `sur dose` is no `surdose`). `writing` tells the language of a text that is
    not in Latin script. `signs` are keywords with a GAP, by their first piece. `met` are intents
    of short texts that known words settled, whatever went before.
    """

    meanings: Mapping[str, tuple[Meaning, ...]]
    reach: Mapping[str, int]
    crisis: Mapping[str, int]
    alone: frozenset[str]
    writing: Writing = field(default_factory=Writing)
    signs: Mapping[str, tuple[Sign, ...]] = field(default_factory=dict)
    sign_reach: Mapping[str, int] = field(default_factory=dict)
    lexicon: Lexicon = field(default_factory=Lexicon)
    weights: Weights = field(default_factory=Weights)
    slips: Slips = field(default_factory=Slips)
    met: dict[str, Intent] = field(default_factory=dict, compare=False, repr=False)

    @classmethod
    def of(cls, keywords: Iterable[Keyword], writing: Writing | None = None) -> "Vocabulary":
        """Gather keywords; the order of a word's meanings is that of the keywords."""
        shared: dict[Meaning, Meaning] = {}  # there are few, of tens of thousands of words
        found: dict[str, dict[Meaning, None]] = {}
        crisis: dict[str, int] = {}
        signs: dict[str, list[Sign]] = {}
        for keyword in keywords:
            meaning = Meaning(keyword.kind, keyword.value, keyword.language)
            if GAP in keyword.text:
                pieces = tuple("".join(tokens(piece)) for piece in keyword.text.split(GAP))
                if all(pieces):
                    signs.setdefault(pieces[0], []).append(Sign(pieces, meaning))
                continue
            words = tokens(keyword.text)
            joined = "".join(words)
            found.setdefault(joined, {})[shared.setdefault(meaning, meaning)] = None
            if keyword.kind == "crisis":
                crisis[joined] = max(len(words), crisis.get(joined, 0))
        found.pop("", None)
        together: dict[tuple[Meaning, ...], tuple[Meaning, ...]] = {}
        meanings = {word: tuple(all) for word, all in found.items()}
        return cls(
            meanings={word: together.setdefault(all, all) for word, all in meanings.items()},
            reach=_reach(found),
            slips=Slips.of(found),
            crisis=_reach(crisis),
            alone=frozenset(word for word, count in crisis.items() if count == 1),
            writing=writing or Writing(),
            signs={first: tuple(all) for first, all in signs.items()},
            sign_reach=_reach(signs),
        )

    def meet(self, text: str, intent: Intent) -> None:
        """Remember what a text asks for, and forget all of them when they get many."""
        if len(self.met) >= MOST_MET:
            self.met.clear()
        self.met[text] = intent

    def spans(
        self, words: list[str], start: int, reach: Mapping[str, int]
    ) -> Iterator[tuple[int, tuple[Meaning, ...]]]:
        """Yield (end, meanings) of each known word that stands at `start`, the shortest first."""
        for end, joined in _runs(words, start, reach):
            if meanings := self.meanings.get(joined):
                yield end, meanings

    def found(self, words: list[str]) -> Iterator[tuple[Sign, int, int]]:
        """Yield each sign that stands in a text, with where it starts and ends."""
        for start in range(len(words)):
            for end, first in _runs(words, start, self.sign_reach):
                for sign in self.signs.get(first, ()):
                    if stop := follow(words, end, sign.pieces[1:]):
                        yield sign, start, stop

    def longest(self, words: list[str], start: int) -> tuple[int, tuple[Meaning, ...]] | None:
        """Give the longest known word that stands at `start`, as (end, meanings)."""
        found = None
        for found in self.spans(words, start, self.reach):  # noqa: B007 - the last counts
            pass
        return found


def _runs(words: list[str], start: int, reach: Mapping[str, int]) -> Iterator[tuple[int, str]]:
    """Yield (end, joined words) from `start` on as long as a known word may begin so."""
    joined = ""
    for end in range(start, len(words)):
        joined += words[end]
        if len(joined) > reach.get(joined[:HEAD], 0):
            return
        yield end + 1, joined


def _reach(words: Iterable[str]) -> dict[str, int]:
    reach: dict[str, int] = {}
    for word in words:
        for end in range(1, HEAD + 1):
            head = word[:end]
            reach[head] = max(len(word), reach.get(head, 0))
    return reach
