"""Every word that the line knows, in every language, and what each can mean."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field

from bot.library import Keyword
from bot.understanding.fold import tokens
from bot.understanding.writing import Writing


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a word stands for: `kind` and `value` as in Keyword, and the language it belongs to."""

    kind: str
    value: str
    language: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """Meanings by folded word. A word is its tokens joined, so that `car t` is `cart`.

    `beginnings` has every beginning of every word: where joined tokens begin no word, no further
    token need be looked at. `crisis` has the beginnings of the crisis words alone, and `alone`
    those of them that are one token: as they are looked for inside of sentences, they are never
    joined from two (the French `sur dose` is no `surdose`). `writing` tells the language of a text
    that is not in Latin script.
    """

    meanings: Mapping[str, tuple[Meaning, ...]]
    beginnings: frozenset[str]
    crisis: frozenset[str]
    alone: frozenset[str]
    writing: Writing = field(default_factory=Writing)

    @classmethod
    def of(cls, keywords: Iterable[Keyword], writing: Writing | None = None) -> "Vocabulary":
        """Gather keywords; the order of a word's meanings is that of the keywords."""
        found: dict[str, dict[Meaning, None]] = {}
        crisis: dict[str, int] = {}
        for keyword in keywords:
            words = tokens(keyword.text)
            joined = "".join(words)
            meaning = Meaning(keyword.kind, keyword.value, keyword.language)
            found.setdefault(joined, {})[meaning] = None
            if keyword.kind == "crisis":
                crisis[joined] = max(len(words), crisis.get(joined, 0))
        found.pop("", None)
        return cls(
            meanings={word: tuple(all) for word, all in found.items()},
            beginnings=_beginnings(found),
            crisis=_beginnings(crisis),
            alone=frozenset(word for word, count in crisis.items() if count == 1),
            writing=writing or Writing(),
        )

    def spans(
        self, words: list[str], start: int, beginnings: frozenset[str]
    ) -> Iterator[tuple[int, tuple[Meaning, ...]]]:
        """Yield (end, meanings) of each known word that stands at `start`, the shortest first."""
        joined = ""
        for end in range(start, len(words)):
            joined += words[end]
            if joined not in beginnings:
                return
            if meanings := self.meanings.get(joined):
                yield end + 1, meanings

    def longest(self, words: list[str], start: int) -> tuple[int, tuple[Meaning, ...]] | None:
        """Give the longest known word that stands at `start`, as (end, meanings)."""
        found = None
        for found in self.spans(words, start, self.beginnings):  # noqa: B007 - the last counts
            pass
        return found


def _beginnings(words: Iterable[str]) -> frozenset[str]:
    return frozenset(word[:end] for word in words for end in range(1, len(word) + 1))
