"""PURE: what can be told of a text without its words: a fingerprint, its facts, its hedges.

Facts are what must not change on the way from a page to an answer: numbers, names (drugs, proteins,
short names such as CNS), and whether it speaks of children. Hedges are words that leave a thing
open (may, sometimes). Both are kept of a source page, whose sentences are not ours to keep.
"""

import hashlib
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

import regex

from bot.library import Claim, Paragraph
from bot.understanding.fold import fold

LONGEST_SYMBOL: Final = 4
"""Letters up to which a name is a symbol (ALL, IV): written in just these letters and this case."""

CHILDREN: Final = "children"
"""The fact that a text speaks of children."""

NUMBER: Final = regex.compile(r"\d+(?:[.,]\d+)*")
_SYMBOL: Final = regex.compile(r"(?<![\w-])(?=[\w-]*[A-Z][\w-]*[A-Z0-9])[A-Z][A-Z0-9-]+\+?(?!\w)")
"""A short name in capitals: CNS, CD19, VP-16."""
_TYPOGRAPHIC: Final = str.maketrans(
    {**dict.fromkeys("‘’‚‛′", "'"), **dict.fromkeys("“”„‟″«»", '"'), **dict.fromkeys("‐‑‒–—−", "-")}  # noqa: RUF001
)
_ITEM: Final = regex.compile(r"(?m)^\s*[•·▪◦*-]\s+")
_SENTENCE: Final = regex.compile(r"(?<=[.!?؟।۔])\s+(?=[\p{L}\p{N}(])|(?<=[。！？])\s*|\n")  # noqa: RUF001


@dataclass(frozen=True, slots=True)
class Wanted:
    """What counts as a fact or a hedge in one language.

    `names` maps each name as it stands in English to how this language spells it; `hedges` and
    `children` are words, folded, the longest first. `whole` words must stand alone; else they are
    stems, as a translator gives them.
    """

    names: Mapping[str, tuple[str, ...]]
    hedges: tuple[str, ...] = ()
    children: tuple[str, ...] = ()
    whole: bool = False


def paragraph(text: str, wanted: Wanted) -> Paragraph:
    """Record a paragraph of a page; a list belongs to the paragraph that introduces it.

    What leaves the introduction of a list open (may include:) leaves each of its items open.
    """
    introduction, *items = _ITEM.split(text)
    said = [claim(one, wanted) for one in sentences(introduction)]
    open_too = said[-1].hedges if said and items else 0
    said += [Claim(one.facts, one.hedges + open_too) for one in (claim(i, wanted) for i in items)]
    return Paragraph(fingerprint(text), tuple(said))


def claim(text: str, wanted: Wanted) -> Claim:
    """Record a sentence."""
    return Claim(facts(text, wanted), count(text, wanted.hedges, whole=wanted.whole))


def sentences(text: str) -> list[str]:
    """Split a text in sentences, in any script."""
    return [one for one in map(str.strip, _SENTENCE.split(text)) if one]


def fingerprint(text: str) -> str:
    """Tell a text from every other, whatever its quotes, dashes, bullets and line ends."""
    return hashlib.sha256(normalised(text).encode()).hexdigest()[:16]


def normalised(text: str) -> str:
    """Write a text with plain quotes and dashes, single spaces, and no bullets."""
    text = _ITEM.sub("", unicodedata.normalize("NFKC", text.translate(_TYPOGRAPHIC)))
    return " ".join(text.split())


def facts(text: str, wanted: Wanted) -> frozenset[str]:
    """Name the facts of a text: numbers, names in their English form, and CHILDREN."""
    text = normalised(text)
    names = {name for name, spellings in wanted.names.items() if has(text, spellings)}
    spelled = {spelling for name in names for spelling in wanted.names[name]}
    rest = text
    for one in sorted((*spelled, *wanted.names), key=len, reverse=True):
        rest = name_pattern(one).sub(" ", rest)  # CD19 is a name, and no number 19
    symbols = set(_SYMBOL.findall(rest)) if wanted.whole else set()
    numbers = set(NUMBER.findall(_SYMBOL.sub(" ", rest)))
    about = {CHILDREN} if count(text, wanted.children, whole=wanted.whole) else set()
    return frozenset(names | symbols | numbers | about)


def count(text: str, words: tuple[str, ...], *, whole: bool = False) -> int:
    """Count words in a text, the longest first and none twice.

    A translator's words may be stems: in Latin script they count where a word begins so, elsewhere
    (where no spaces stand, or endings and beginnings hang on) anywhere. English ones are `whole`.
    """
    text, found = fold(text), 0
    for word in words:
        text, times = _pattern(word, whole).subn(" ", text)
        found += times
    return found


def listed(words: str) -> tuple[str, ...]:
    """Read words with commas: folded, the longest first."""
    folded = (fold(word.strip()) for word in words.split(","))
    return tuple(sorted(filter(None, folded), key=len, reverse=True))


def has(text: str, spellings: Iterable[str]) -> bool:
    """Tell whether a name stands in a text in one of its spellings."""
    return any(name_pattern(one).search(text) for one in spellings)


@lru_cache(maxsize=4096)
def _pattern(word: str, whole: bool) -> regex.Pattern[str]:
    end = r"\b(?!'t)" if whole else ""
    start = r"\b" if word[:1].isascii() else ""
    return regex.compile(f"{start}{regex.escape(word)}{end}")


@lru_cache(maxsize=4096)
def name_pattern(name: str) -> regex.Pattern[str]:
    """Match a name, a symbol in its own case only."""
    exact = len(name) <= LONGEST_SYMBOL or name.isupper()
    ends = r"(?![A-Za-z0-9])" if name[-1:].isalnum() else ""
    starts = r"(?<![A-Za-z0-9])" if name[:1].isascii() else ""
    return regex.compile(f"{starts}{regex.escape(name)}{ends}", 0 if exact else regex.IGNORECASE)
