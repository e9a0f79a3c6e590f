"""Decide what a text asks for: crisis, whole messages, numbers, then words that fill a text."""

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from bot.library import audience_of
from bot.model import AUDIENCES, LONGEST_TEXT
from bot.understanding.clues import read
from bot.understanding.fold import number, tokens
from bot.understanding.intent import Intent, Known, Note
from bot.understanding.judge import judge
from bot.understanding.words import Meaning, Vocabulary

WHOLE_MESSAGE_ONLY: Final = frozenset({"stop", "start", "help"})
"""Commands that are never read out of a longer text: "stop the chemo" opts nobody out."""

NOTHING_KNOWN: Final = Known()

LONGEST_MET: Final = 30
"""Characters of a text whose meaning is remembered: keywords, which come again and again."""


def understand(
    text: str, vocabulary: Vocabulary, note: Note = None, known: Known = NOTHING_KNOWN
) -> Intent:
    """Tell what a text asks for. Any text is accepted; what makes no sense is `unknown`.

    `note` is called with what each rule found, in the order of the rules; `known` is what went
    before, in whose light free words are read ("and for kids?").
    """
    if note is None and (met := vocabulary.met.get(text)) is not None:
        return met
    text = text[:LONGEST_TEXT]
    written = vocabulary.writing.read(text)
    if note and written.script:
        note(f"written in {written.script}: {', '.join(written.languages) or 'no language here'}")
    intent = _meant(text, vocabulary, note)
    settled = intent.kind != "unknown"
    if not settled:
        intent = _judged(text, vocabulary, note, known, intent, written.languages)
    unread = written.letters > 1 and not written.languages  # one is a sign: 5 µg
    if intent.kind == "unknown" and not intent.near and unread:
        intent = Intent("no_language")
    elif written.languages:
        intent = replace(intent, written=written.languages)
    if note:
        note(f"asks for: {_asked(intent)}")
    elif settled and len(text) <= LONGEST_MET:
        vocabulary.meet(text, intent)
    return intent


def _asked(intent: Intent) -> str:
    told = ", ".join(filter(None, (intent.value, *intent.targets, intent.audience)))
    return " ".join(filter(None, (intent.kind, told)))


def _judged(
    text: str,
    vocabulary: Vocabulary,
    note: Note,
    known: Known,
    named: Intent,
    written: tuple[str, ...],
) -> Intent:
    """Read a text that no word or number settles by its clues; keep the topics that it names."""
    if not vocabulary.weights.labels:
        return named
    reading = read(text, vocabulary.lexicon, written, known.language)
    if reading.unknown or reading.guessed:
        named = _misspelt(text, vocabulary, note) or named
        if named.kind != "unknown" or named.refused:
            return named
    intent = judge(reading, vocabulary.weights, known, named, note)
    if intent.value == "language":
        return _named(_names(tokens(text), vocabulary)) or intent
    return intent


def _misspelt(text: str, vocabulary: Vocabulary, note: Note) -> Intent | None:
    """Take a message for the topic's keyword that it is one slip away from.

    Where it is as near to keywords of several topics, it is asked which; where it is as near to
    another word of the line, such as one that ends the texts, nothing is guessed.
    """
    near = vocabulary.slips.near("".join(tokens(text)))
    meanings = [meaning for word in near for meaning in vocabulary.meanings[word]]
    if not meanings or any(meaning.kind != "topic" for meaning in meanings):
        return None
    if note:
        note(f"one slip away from: {', '.join(near)}")
    targets = {_targets(vocabulary.meanings[word]) for word in near}
    if len(targets) == 1:
        return Intent("topic", targets=targets.pop(), languages=_languages(meanings))
    labels = tuple(dict.fromkeys(meaning.value for meaning in meanings))
    return Intent("unknown", near=labels, refused=True)


def _meant(text: str, vocabulary: Vocabulary, note: Note) -> Intent:
    words = tokens(text)
    if note:
        note(f"words: {' '.join(words)}")
    crisis = _crisis(words, vocabulary, note)
    if crisis:
        return Intent("crisis", languages=_languages(crisis))
    asked = _sign("stop", words, vocabulary, note)
    whole = vocabulary.meanings.get("".join(words), ())
    if danger := [meaning for meaning in whole if meaning.kind == "crisis"]:
        if note:
            note(f"the whole message is a word of danger ({_told(danger)})")
        return Intent("crisis", languages=_languages(danger))
    known = _whole(whole)
    if known is None and asked:
        return Intent("command", "stop", languages=_languages(asked))
    if known is not None:
        if note:
            note(f"the whole message is a word: {_told(whole)}")
        return known
    digits = number(text)
    if digits is not None:
        if note:
            note(f"the whole message is the number {digits}")
        return Intent("number", number=digits)
    return _filled(words, vocabulary, note) or _not_understood(words, vocabulary, note)


def _told(meanings: Iterable[Meaning]) -> str:
    """Write meanings down: `topic adult.cart (en, fr)`."""
    languages: dict[str, list[str]] = {}
    for one in meanings:
        what = one.kind if one.value in ("", one.kind) else f"{one.kind} {one.value}"
        languages.setdefault(what, []).append(one.language or "any")
    return "; ".join(f"{what} ({', '.join(those)})" for what, those in languages.items())


def _crisis(words: list[str], vocabulary: Vocabulary, note: Note) -> list[Meaning]:
    for start in range(len(words)):
        longest: list[Meaning] = []  # which tells best in which language it is
        for end, meanings in vocabulary.spans(words, start, vocabulary.crisis):
            if end - start > 1 and "".join(words[start:end]) in vocabulary.alone:
                continue
            if crisis := [meaning for meaning in meanings if meaning.value == "crisis"]:
                longest = crisis
                if note:
                    note(f"crisis: {' '.join(words[start:end])} ({_told(crisis)})")
        if longest:
            return longest
    return _sign("crisis", words, vocabulary, note)


def _sign(value: str, words: list[str], vocabulary: Vocabulary, note: Note) -> list[Meaning]:
    """Find words with a gap: `took .. pills`, `stop .. texting`."""
    found = [one for one in vocabulary.found(words) if one[0].meaning.value == value]
    if note:
        for sign, start, end in found:
            note(f"{value}: {' .. '.join(sign.pieces)} in: {' '.join(words[start:end])}")
    return [sign.meaning for sign, _, _ in found]


def _whole(meanings: tuple[Meaning, ...]) -> Intent | None:
    """Read a word that is the whole message; the carriers' words come before all others."""
    for kind in ("carrier", "command"):
        found = [meaning for meaning in meanings if meaning.kind == kind]
        if found:
            command, languages = (
                found[0].value,
                _languages([meaning for meaning in found if meaning.value == found[0].value]),
            )
            if command in ("adult", "child"):
                return Intent("audience", command, languages=languages)
            carriers = kind == "carrier"
            return Intent("command", command, languages=languages, prescribed=carriers)
    topics = [meaning for meaning in meanings if meaning.kind == "topic"]
    if topics:
        return Intent("topic", targets=_targets(topics), languages=_languages(topics))
    named = _named([meaning for meaning in meanings if meaning.kind == "language"])
    # Where it is an ordinary word too: "hindi" is Tagalog for no.
    ordinary = [meaning for meaning in meanings if meaning.kind == "filler"]
    return replace(named, languages=_languages(ordinary)) if named and ordinary else named


def _named(named: list[Meaning]) -> Intent | None:
    """Read a language by its name; one without a code is known, and not there.

    Several languages may go by one name (Chinese): all of them are targets.
    """
    if not named:
        return None
    there = tuple(dict.fromkeys(meaning.value for meaning in named if meaning.value))
    return Intent("language", there[0], targets=there) if there else Intent("no_language")


def _filled(words: list[str], vocabulary: Vocabulary, note: Note) -> Intent | None:
    """Read a text that known words fill to the last: `cart child`, `menu please`, `in French`."""
    spans = _spans(words, vocabulary, note)
    if spans is None:
        return None
    if note:
        note("every word is known")
    topics: list[tuple[Meaning, ...]] = []
    audiences: dict[str, list[Meaning]] = {}
    commands: dict[str, list[Meaning]] = {}
    named: list[Meaning] = []
    for meanings in spans:
        kinds = {meaning.kind for meaning in meanings}
        if "filler" in kinds:
            continue
        if "topic" in kinds:
            topics.append(tuple(m for m in meanings if m.kind == "topic"))
        elif "command" in kinds or "carrier" in kinds:
            said = [m for m in meanings if m.kind in ("command", "carrier")]
            where = audiences if said[0].value in ("adult", "child") else commands
            where.setdefault(said[0].value, []).extend(said)
        else:  # a language: by its name, as its code may be a word (Italian is `it`)
            named += [m for m in meanings if m.kind == "language" and m.language == ""]
    audience = next(iter(audiences), "")
    several = len({_targets(one) for one in topics}) > 1  # a topic may be named twice
    if len(audiences) > 1 or several or WHOLE_MESSAGE_ONLY & set(commands):
        if note:
            note("but they ask for several things, or for what only a whole message asks for")
        near = tuple(dict.fromkeys(meaning.value for one in topics for meaning in one))
        return Intent("unknown", near=near, audience=audience, several=True)
    told = audiences.get(audience, [])
    if topics and not commands and not named:
        return Intent(
            "topic", targets=_targets(topics[0]), audience=audience,
            languages=_languages(topics[0], told),
        )  # fmt: skip
    if len(commands) == 1 and not topics and not named:
        ((command, said),) = commands.items()
        return Intent("command", command, audience=audience, languages=_languages(said, told))
    if audience and not topics and not commands and not named:
        return Intent("audience", audience, languages=_languages(told))
    if named and not topics and not commands and not audience:
        return _named(named)
    return None


def _names(words: list[str], vocabulary: Vocabulary) -> list[Meaning]:
    """Find the languages that a text names."""
    named: list[Meaning] = []
    start = 0
    while start < len(words):
        start, meanings = vocabulary.longest(words, start) or (start + 1, ())
        named += [m for m in meanings if m.kind == "language" and m.language == ""]
    return named


def _spans(
    words: list[str], vocabulary: Vocabulary, note: Note
) -> list[tuple[Meaning, ...]] | None:
    """Cut the words in the longest known ones from the left; None if any word is left over."""
    spans: list[tuple[Meaning, ...]] = []
    start = 0
    while start < len(words):
        found = vocabulary.longest(words, start)
        if found is None:
            if note:
                note(f"not known: {words[start]}")
            return None
        if note:
            note(f"known: {' '.join(words[start : found[0]])} ({_told(found[1])})")
        start, meanings = found
        spans.append(meanings)
    return spans


def _not_understood(words: list[str], vocabulary: Vocabulary, note: Note) -> Intent:
    """Note what a text names all the same: topics, in its order, and whom it is about."""
    near: dict[str, None] = {}
    audiences: set[str] = set()
    start = 0
    while start < len(words):
        start, meanings = vocabulary.longest(words, start) or (start + 1, ())
        near.update(dict.fromkeys(m.value for m in meanings if m.kind == "topic"))
        audiences |= {m.value for m in meanings if m.kind == "command"} & set(AUDIENCES)
    audience = audiences.pop() if len(audiences) == 1 else ""
    if note:
        note(f"not understood; it names: {', '.join(filter(None, (*near, audience))) or 'nothing'}")
    return Intent("unknown", near=tuple(near), audience=audience)


def _targets(meanings: list[Meaning] | tuple[Meaning, ...]) -> tuple[str, ...]:
    """Keep one label an audience: the first."""
    targets: dict[str, str] = {}
    for meaning in meanings:
        targets.setdefault(audience_of(meaning.value), meaning.value)
    return tuple(targets.values())


def _languages(*groups: list[Meaning] | tuple[Meaning, ...]) -> tuple[str, ...]:
    """Give the languages that all the groups share, or else those of the first.

    None where the first is nobody's word in particular, such as a drug's name.
    """
    telling = [group for group in groups if group and all(meaning.language for meaning in group)]
    sets = [list(dict.fromkeys(meaning.language for meaning in group)) for group in telling]
    shared = [one for one in sets[0] if all(one in other for other in sets[1:])] if sets else []
    return tuple(shared or (sets[0] if sets else ()))
