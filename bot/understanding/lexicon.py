"""Every clue word of every language, and where they stand in a text.

Clues are lists of words (messages/words.toml, and those beside the catalogs): a quarter of a
million, which tries keep in a few megabytes.
"""

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final

import regex
from marisa_trie import Trie
from rapidfuzz.distance import OSA
from rapidfuzz.process import extractOne

from bot.understanding.fold import fold, tokens_of
from bot.understanding.runs import GAP, follow

COMMON: Final = "common"
"""The list of a language's ordinary words: they tell which language it is, and no more."""
STEM: Final = "*"
"""Stands at the end of an entry for any ending."""
LONGEST_RUN: Final = 10
"""Words that one entry may have."""
LONGEST_ENDING: Final = 8
"""Letters that a stem's ending may have."""
HAN: Final = "\u2e80"
"""Where the letters begin that stand without spaces."""

SHORTEST_GUESSED: Final = 5
"""Letters below which a word is never taken for a misspelt one."""
LONG: Final = 7
"""Letters from which on a word may be two slips away from the one that is meant."""

_NUMBER_FIRST: Final = regex.compile(r"(\d{1,3})(\p{L}.*)")

Entry = tuple[str, str]
"""A language, and the name of a clue in it."""
Row = tuple[Entry, ...]
"""What one word tells, in each language that has it."""
Gap = tuple[tuple[str, ...], Entry]
"""The pieces of an entry with a gap, and what it tells."""


@dataclass(frozen=True, slots=True)
class Span:
    """A known word in a text: tokens `start` to `end`, and its clues by language."""

    start: int
    end: int
    entries: tuple[Entry, ...]


class Table:
    """Rows by number: there are few, as most words tell one thing."""

    def __init__(self) -> None:
        self.rows: list[Row] = [()]
        self._numbers: dict[Row, int] = {(): 0}

    def with_entries(self, number: int, entries: Iterable[Entry]) -> int:
        """Give the number of the row that has these entries besides."""
        row = self.rows[number]
        row = (*row, *(entry for entry in entries if entry not in row))
        found = self._numbers.setdefault(row, len(self.rows))
        if found == len(self.rows):
            self.rows.append(row)
        return found


@dataclass(frozen=True, slots=True)
class Words:
    """Words in a trie, each with the number of its row in `table`."""

    trie: Trie = field(default_factory=Trie)
    numbers: Sequence[int] = ()
    table: Sequence[Row] = ()

    @classmethod
    def of(cls, found: Mapping[str, int], table: Table) -> "Words":
        """Keep words with the numbers of their rows."""
        trie = Trie(found)
        numbers = array("L", bytes(array("L").itemsize * len(trie)))
        for word, row in found.items():
            numbers[trie[word]] = row
        return cls(trie, numbers, table.rows)

    @classmethod
    def joined(cls, several: Sequence["Words"], table: Table) -> "Words":
        """Join the words of several languages, never holding all of them as strings."""
        trie = Trie(word for words in several for word in words.trie.iterkeys())
        numbers = array("L", bytes(array("L").itemsize * len(trie)))
        for words in several:
            for word, own in words.trie.iteritems():
                row, place = words.numbers[own], trie[word]
                there = numbers[place]
                numbers[place] = table.with_entries(there, table.rows[row]) if there else row
        return cls(trie, numbers, table.rows)

    def at(self, text: str) -> Iterator[tuple[int, Row]]:
        """Yield (length, what it tells) of each word that begins a text, the shortest first."""
        for word in self.trie.prefixes(text):
            yield len(word), self.table[self.numbers[self.trie[word]]]

    def exactly(self, word: str) -> Row:
        """Give what one word tells."""
        return self.table[self.numbers[self.trie[word]]] if word in self.trie else ()


@dataclass(frozen=True, slots=True)
class Lexicon:
    """Words, stems, and words with a gap by their first token.

    `guesses` are the words that a misspelt one may stand for, by language, letter and length, with
    spaces between. `groups` and `guessed` are as in FreeText; `languages` are those of the lists.
    """

    words: Words = field(default_factory=Words)
    stems: Words = field(default_factory=Words)
    gaps: Mapping[str, Sequence[Gap]] = field(default_factory=dict)
    guesses: Mapping[tuple[str, str, int], str] = field(default_factory=dict)
    groups: Mapping[str, str] = field(default_factory=dict)
    guessed: frozenset[str] = frozenset()
    languages: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        lists: Mapping[str, Mapping[str, str]],
        groups: Mapping[str, str] = MappingProxyType({}),
        guessed: frozenset[str] = frozenset(),
    ) -> "Lexicon":
        """Gather lists: by language, by name, words with commas; `groups` by name.

        The words of `guessed` groups are known with a slip in them too.
        """
        table = Table()
        gaps: dict[str, list[Gap]] = defaultdict(list)
        guesses: dict[tuple[str, str, int], str] = {}
        own = [
            _of_language(language, by_name, groups, guessed, table, gaps, guesses)
            for language, by_name in lists.items()
        ]
        return cls(
            Words.joined([words for words, _ in own], table),
            Words.joined([stems for _, stems in own], table),
            dict(gaps),
            guesses,
            groups,
            guessed,
            tuple(lists),
        )

    def spans(self, words: list[str]) -> Iterator[Span]:
        """Yield each known word of a text, from left to right, the shorter first."""
        for start in range(len(words)):
            joined, ends = "", {}
            for end in range(start, min(start + LONGEST_RUN, len(words))):
                joined = append(joined, words[end])
                ends[len(joined)] = end + 1
            found: dict[int, Row] = {}
            for length, row in self.stems.at(joined):
                reached = next(one for one in ends if one >= length)
                if reached - length <= LONGEST_ENDING:
                    _put(found, ends[reached], row)
            for length, row in self.words.at(joined):
                if end := ends.get(length, 0):
                    _put(found, end, row)
            for end, row in sorted(found.items()):
                yield Span(start, end, row)

    def guess(self, word: str, languages: Iterable[str]) -> list[str]:
        """Give the clues of the word that an unknown one is a slip or two away from."""
        if len(word) < SHORTEST_GUESSED or word >= HAN:
            return []
        most = 2 if len(word) >= LONG else 1
        best, meant = most + 1, ("", "")
        for language in languages:
            for length in range(len(word) - most, len(word) + most + 1):
                near = self.guesses.get((language, word[0], length), "").split()
                found = extractOne(word, near, scorer=OSA.distance, score_cutoff=best - 1)
                if found:
                    best, meant = found[1], (language, found[0])
        row = (*self.words.exactly(meant[1]), *self.stems.exactly(meant[1])) if meant[1] else ()
        return [
            name
            for language, name in row
            if language == meant[0] and self.groups.get(name) in self.guessed
        ]

    def with_gaps(self, words: list[str], languages: tuple[str, ...]) -> Iterator[tuple[str, str]]:
        """Yield (clue, the words it stands in) of each entry with a gap."""
        for start, word in enumerate(words):
            for pieces, (language, name) in self.gaps.get(word, ()):
                if language in languages and (stop := follow(words, start, pieces, window=0)):
                    yield name, " ".join(words[start:stop])


def _of_language(
    language: str,
    by_name: Mapping[str, str],
    groups: Mapping[str, str],
    guessed: frozenset[str],
    table: Table,
    gaps: dict[str, list[Gap]],
    guesses: dict[tuple[str, str, int], str],
) -> tuple[Words, Words]:
    """Give one language's words and stems, and put its gaps and guesses with the others'."""
    words: dict[str, int] = {}
    stems: dict[str, int] = {}
    near: dict[tuple[str, str, int], list[str]] = defaultdict(list)
    for name, listed in by_name.items():
        entry = (language, name)
        alone = table.with_entries(0, (entry,))
        can_guess = groups.get(name) in guessed
        for text in fold(listed).split(","):
            if GAP in text:
                pieces = [_parted(piece) for piece in text.split(GAP)]
                if all(pieces):
                    gaps[pieces[0][0]].append((tuple(map("".join, pieces)), entry))
            elif word := spaced(_parted(text)):
                into = stems if text.rstrip().endswith(STEM) else words
                there = into.get(word)
                into[word] = alone if there is None else table.with_entries(there, (entry,))
                if can_guess and len(word) >= SHORTEST_GUESSED and " " not in word:
                    near[language, word[0], len(word)].append(word)
    guesses.update((key, " ".join(all)) for key, all in near.items())
    return Words.of(words, table), Words.of(stems, table)


def spaced(words: Iterable[str]) -> str:
    """Join tokens by spaces, Chinese ones without."""
    joined = ""
    for word in words:
        joined = append(joined, word)
    return joined


def append(joined: str, word: str) -> str:
    """Add a token to others."""
    return (
        joined + word if not joined or (word >= HAN and joined[-1] >= HAN) else f"{joined} {word}"
    )


def _put(found: dict[int, Row], end: int, row: Row) -> None:
    """Put what a nearer fit tells in place of what the language's others told, if it tells much."""
    languages = {language for language, name in row if name != COMMON}
    found[end] = (*row, *(one for one in found.get(end, ()) if one[0] not in languages))


def parts(text: str) -> list[str]:
    """Split a text in tokens, a number from the letters that follow it: 8yo is 8 yo."""
    return _parted(fold(text))


def _parted(folded: str) -> list[str]:
    found: list[str] = []
    for token in tokens_of(folded):
        if token[0].isdecimal() and (match := _NUMBER_FIRST.fullmatch(token)):
            found += match.groups()
        else:
            found.append(token)
    return found
