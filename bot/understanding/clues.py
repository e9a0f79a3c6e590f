"""Find the clues in a text: what its words tell in its language, and whom it is about.

A clue decides nothing alone; what it is worth is learned (`weights.py`).
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final

from bot.library import ENGLISH
from bot.understanding.fold import HAN_NUMERALS, number
from bot.understanding.lexicon import COMMON, Lexicon, Span, parts

FEWEST_WORDS: Final = 2
"""Words that tell in which language to answer."""
CLOSE: Final = 0.75
"""Share of the likeliest language's words with which another one is looked at too."""

WHOM: Final = ("child", "adult", "teen")
"""The lists that tell whom a text is about."""
YOUNGEST_TEEN: Final = 15
YOUNGEST_ADULT: Final = 18
OLDEST: Final = 110


@dataclass(frozen=True, slots=True)
class Heard:
    """What a span tells in the languages of the text."""

    start: int
    end: int
    names: frozenset[str]


@dataclass(frozen=True, slots=True)
class Reading:
    """What a text tells: the clues in it, with the words they stand in.

    `languages` are those it may be in, whose clues were looked for; `likely` the likeliest.
    `groups` counts the clues of each group of lists. `unknown` counts the `words` that none of
    those languages knows, `guessed` those taken for another.
    """

    languages: tuple[str, ...] = ()
    likely: tuple[str, ...] = ()
    clues: Mapping[str, str] = field(default_factory=dict)
    groups: Mapping[str, int] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    unknown: int = 0
    guessed: int = 0


def read(text: str, lexicon: Lexicon, likely: Iterable[str] = (), current: str = "") -> Reading:
    """Find the clues of a text in its languages and in English, which all mix in.

    `likely` are the only languages that the script allows, if it tells; `current` is the one
    that the contact is answered in.
    """
    words = parts(text)
    spans = list(lexicon.spans(words))
    languages, likeliest = _languages(words, spans, frozenset(likely), current)
    heard = [one for one in (_heard(span, languages) for span in spans) if one.names]
    outer = _outer(heard)
    clues: dict[str, str] = {}
    for one in outer:
        for name in sorted(one.names - {COMMON}):
            clues.setdefault(name, " ".join(words[one.start : one.end]))
    unknown = guessed = 0
    meant = (*(languages or tuple(likely) or lexicon.languages), ENGLISH)
    covered = {place for one in outer for place in range(one.start, one.end)}
    for place, word in enumerate(words):
        if place not in covered and not word.isdecimal():
            names = lexicon.guess(word, meant)
            clues |= {name: word for name in names if name not in clues}
            guessed += bool(names)
            unknown += not names
    for name, where in lexicon.with_gaps(words, (*languages, ENGLISH)):
        clues.setdefault(name, where)
    if told := _age(words, heard):
        clues = {name: said for name, said in clues.items() if name not in WHOM} | told
    groups = Counter(lexicon.groups.get(name, "") for name in clues)
    return Reading(languages, likeliest, clues, groups, tuple(words), unknown, guessed)


def _languages(
    words: list[str], spans: list[Span], likely: frozenset[str], current: str
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Give the languages that know nearly most of the words, and those that know most."""
    known: list[set[str]] = [set() for _ in words]
    for span in spans:
        for language, _ in span.entries:
            for place in range(span.start, span.end):
                known[place].add(language)
    points: dict[str, float] = defaultdict(float)
    for one in known:
        for language in one:
            if not likely or language in likely:
                points[language] += 1
    if current in points:
        points[current] += 1
    best = max(points.values(), default=0)
    near = [one for one, got in points.items() if got >= best * CLOSE]
    near.sort(key=lambda one: (-points[one], one != current, one != ENGLISH, one))
    likeliest = [one for one in near if points[one] == best >= FEWEST_WORDS]
    return tuple(near), tuple(likeliest)


def _heard(span: Span, languages: tuple[str, ...]) -> Heard:
    """Keep what a span tells in the text's languages, or else in English, which all mix in."""
    own = frozenset(name for language, name in span.entries if language in languages)
    english = (name for language, name in span.entries if language == ENGLISH)
    return Heard(span.start, span.end, own or frozenset(english))


def _outer(heard: Iterable[Heard]) -> list[Heard]:
    """Leave out what stands inside a longer entry: `brain fog` is no `brain`."""
    kept: list[Heard] = []
    for one in sorted(heard, key=lambda one: (one.start, -one.end)):
        if not kept or one.end > kept[-1].end:
            kept.append(one)
    return kept


def _age(words: list[str], heard: Iterable[Heard]) -> dict[str, str]:
    """Read an age: a number beside a word that makes it one, and beside none that makes it time."""
    from_here: dict[int, list[Heard]] = defaultdict(list)
    up_to_here: dict[int, list[Heard]] = defaultdict(list)
    for one in heard:
        from_here[one.start].append(one)
        up_to_here[one.end].append(one)

    def says(what: Iterable[Heard], *names: str) -> bool:
        return any(not one.names.isdisjoint(names) for one in what)

    for start, end, value in _numbers(words):
        before, after = up_to_here[start], from_here[end]
        units = [one for one in after if says([one], "age_after", "months_after")]
        unit = max((one.end for one in units), default=0)
        if says((*before, *from_here[unit or end]), "no_age"):
            continue
        if not (unit or says(before, "age_before")):
            continue
        years = 0 if says(units, "months_after") and not says(units, "age_after") else value
        whom = "child" if years < YOUNGEST_TEEN else "teen" if years < YOUNGEST_ADULT else "adult"
        return {whom: " ".join(words[max(0, start - 1) : unit or end])}
    return {}


def _numbers(words: list[str]) -> Iterator[tuple[int, int, int]]:
    """Yield (start, end, value) of the numbers that an age may be, Chinese ones too."""
    start = 0
    while start < len(words):
        end = start + 1
        if words[start] in HAN_NUMERALS:
            while end < len(words) and words[end] in HAN_NUMERALS:
                end += 1
        if words[start][0].isdecimal() or words[start] in HAN_NUMERALS:
            value = number("".join(words[start:end]))
            if value is not None and 0 < value < OLDEST:
                yield start, end, value
        start = end
