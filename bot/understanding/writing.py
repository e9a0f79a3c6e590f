"""Tell which language a text is written in, by its script, its letters and its words.

What is known of a language is what its catalog shows: no model, no list of languages. Latin script
tells nothing here, as all languages are typed in it; there the words decide (`words.py`).
Simplified and traditional Chinese differ in characters that a catalog shows too few of: for them
the national character sets decide, which hold the one and not the other.
"""

import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from bot.library import Edition, Keyword
from bot.understanding.fold import tokens

LATIN: Final = "LATIN"
_CHARACTER_SETS: Final = {"Hans": "gb2312", "Hant": "big5hkscs"}
"""By the script subtag of a language's code: what holds its characters."""


@dataclass(frozen=True, slots=True)
class Hand:
    """How one language looks: its script, its letters as typed, and its folded words."""

    script: str
    letters: frozenset[str]
    words: frozenset[str]
    character_set: str = ""


@dataclass(frozen=True, slots=True)
class Written:
    """What a text is written in: its script (empty for Latin or none), and the likeliest languages.

    More than one where they cannot be told apart, none where no language here has the script.
    `letters` counts those of the script.
    """

    script: str = ""
    languages: tuple[str, ...] = ()
    letters: int = 0


@dataclass(frozen=True, slots=True)
class Writing:
    """The hands of all languages but those in Latin script."""

    hands: Mapping[str, Hand] = field(default_factory=dict)

    @classmethod
    def of(cls, editions: Iterable[Edition], keywords: Iterable[Keyword]) -> "Writing":
        """Look at what each edition says and listens for."""
        heard: dict[str, list[str]] = {}
        for keyword in keywords:
            heard.setdefault(keyword.language, []).append(keyword.text)
        hands = {}
        for edition in editions:
            texts = edition.texts()
            script = script_of("".join(texts))
            if script not in (LATIN, ""):
                hands[edition.language] = _hand(
                    edition.language, script, "\n".join(texts), heard.get(edition.language, [])
                )
        return cls(hands)

    def read(self, text: str) -> Written:
        """Tell the script and the languages of a text."""
        text = unicodedata.normalize("NFKC", text)
        script = script_of(text)
        if script in (LATIN, ""):
            return Written()
        letters = {char for char in set(text) if script_of_letter(char) == script}
        words = set(tokens(text))
        scores = {
            language: _score(hand, letters, words)
            for language, hand in self.hands.items()
            if hand.script == script
        }
        best = max(scores.values(), default=(0, 0))
        likely = tuple(one for one, score in scores.items() if score == best)
        return Written(script, likely, sum(script_of_letter(char) == script for char in text))


def _hand(language: str, script: str, said: str, heard: Iterable[str]) -> Hand:
    letters = frozenset(char for char in set(said) if script_of_letter(char) == script)
    words = frozenset(tokens("\n".join((said, *heard))))
    charset = next((c for tag, c in _CHARACTER_SETS.items() if f"_{tag}" in language), "")
    return Hand(script, letters, words, charset)


def _score(hand: Hand, letters: set[str], words: set[str]) -> tuple[int, int]:
    """Count for known words and against foreign letters; then by letters that were seen."""
    if hand.character_set:
        foreign = sum(not _holds(hand.character_set, letter) for letter in letters)
        return -foreign, len(letters & hand.letters)
    return len(words & hand.words) - len(letters - hand.letters), 0


def _holds(character_set: str, letter: str) -> bool:
    try:
        letter.encode(character_set)
    except UnicodeEncodeError:
        return False
    return True


def script_of(text: str) -> str:
    """Name the script that most letters of a text are in, another than Latin first; empty if none.

    A text that names drugs in Latin letters is still Chinese; one Greek letter in an English one is
    no Greek text. So another script counts where it has more than an eighth of the letters.
    """
    if text.isascii():
        return LATIN if any(map(str.isalpha, text)) else ""
    found: Counter[str] = Counter()
    for char, times in Counter(text).items():
        if script := script_of_letter(char):
            found[script] += times
    other, count = max(
        ((s, n) for s, n in found.items() if s != LATIN), key=lambda one: one[1], default=("", 0)
    )
    return other if count * 8 > found.total() else (LATIN if found else "")


@lru_cache(maxsize=4096)
def script_of_letter(char: str) -> str:
    """Name a letter's script: the first word of its Unicode name; empty for what is no letter."""
    name = unicodedata.name(char, "").partition(" ")[0] if char.isalpha() else ""
    return "" if name == "MODIFIER" else name
