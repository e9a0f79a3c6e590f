"""Holds a translation against its English: nothing in it that the English has not, and all of that.

Names, numbers and links stand in both; words that leave a thing open are no fewer; the short name
ALL has not become a word for everyone; no English sentence was left. What the words for this are in
a language stands in its catalog (contexts `hedges`, `everyone`, `spellings`, `known`).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import regex

from bot.catalogs import Message, Translation
from bot.content import Content
from bot.facts import Wanted, count, has, listed, name_pattern
from bot.problems import Problem
from bot.schema import ChecksFile

SENT: Final = frozenset({"", "title"})
"""Contexts of the texts that people read."""

COPIED: Final = 5
"""English words in a row that make a sentence that was not translated."""

_DIGITS: Final = regex.compile(r"\d+")
_LINK: Final = regex.compile(r"https?://\S+|\bwww\.\S+")
_WORDS: Final = regex.compile(r"[A-Za-z]+")
_ALL_OF: Final = regex.compile(r"\b(?:all|every\w*)\b", regex.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Rules:
    """What one language is held to; all words folded."""

    hedges: tuple[str, ...]
    everyone: tuple[str, ...]
    spellings: Mapping[str, tuple[str, ...]]


def problems(content: Content) -> Iterator[Problem]:
    """Find what a translation adds, loses or changes, by catalog and key."""
    own = content.checks.languages
    english = rules(own.hedges, own.everyone, "")
    documents = content.library.documents.values()
    publishers = tuple({name for one in documents for name in one.publishers.values()})
    for language, translation in content.translations.items():
        theirs = _rules_of(content, translation)
        for message in content.messages:
            key = (message.context, message.text)
            if message.context not in SENT or key in translation.stale:
                continue
            text = translation.texts.get(key)
            if text is None:
                continue
            file, where = translation.where(language, key), f"{message.file}: {message.key}"
            names = content.checks.names
            for fault in faults(message, text, names, english, theirs):
                yield Problem(file, where, fault, fatal=False)
            if copied := _copied(message.text, text, (*names, *publishers)):
                yield Problem(file, where, f"is still English: {copied!r}", fatal=False)


def faults(
    message: Message, text: str, names: list[str], english: Rules, theirs: Rules
) -> Iterator[str]:
    """Say what is wrong with one translation of a message."""
    if native := next((d for d in text if d.isdecimal() and not d.isascii()), ""):
        yield f"writes numbers with {native!r}; use 0 to 9"
    for what, pattern in (("the number", _DIGITS), ("the link", _LINK)):
        ours, there = Counter(pattern.findall(message.text)), Counter(pattern.findall(text))
        yield from (f"lacks {what} {one}" for one in ours - there)
        yield from (f"has {what} {one}, which the English has not" for one in there - ours)
    for name in names:
        named = has(message.text, (name,))
        if named and not has(text, theirs.spellings.get(name, (name,))):
            yield f"lacks the name {name}"
        elif not named and has(text, theirs.spellings.get(name, (name,))):
            yield f"has the name {name}, which the English has not"
    if message.file.startswith("messages/topics/"):
        wanted = count(message.text, english.hedges, whole=True)
        found = count(text, theirs.hedges)
        if found < wanted:
            yield f"leaves open {found} things, the English {wanted} (may, can, sometimes ...)"
    short = has(message.text, ("ALL",)) and not _ALL_OF.search(message.text.replace("ALL", ""))
    if short and (word := next((one for one in theirs.everyone if count(text, (one,))), "")):
        yield f"seems to say {word!r} for the name ALL"


def rules(hedges: str, everyone: str, spellings: str) -> Rules:
    """Read the lists of a language; a pair of `spellings` without `=` says nothing."""
    written: dict[str, tuple[str, ...]] = {}
    for pair in spellings.split(","):
        name, equals, own = (part.strip() for part in pair.partition("="))
        if equals:
            written[name] = (*written.get(name, (name,)), own)
    return Rules(listed(hedges), listed(everyone), written)


def words_of(content: Content, translation: Translation, context: str) -> str:
    """Give a language's list of one of the contexts that only checks read; empty if it has none."""
    english: str = getattr(content.checks.languages, context)
    return translation.texts.get((context, english), "")


def names_of(content: Content, translation: Translation | None) -> set[str]:
    """Give the names that stand in texts of a language, in all their spellings."""
    own = _rules_of(content, translation).spellings.values() if translation else ()
    return {*content.checks.names, *(spelling for spellings in own for spelling in spellings)}


def _rules_of(content: Content, translation: Translation) -> Rules:
    lists = (words_of(content, translation, one) for one in ("hedges", "everyone", "spellings"))
    return rules(*lists)


def wanted_in_english(checks: ChecksFile) -> Wanted:
    """Give what counts as a fact or a hedge in the originals and in the pages."""
    spelled: dict[str, tuple[str, ...]] = {name: (name,) for name in checks.names}
    own = checks.languages
    return Wanted(spelled, listed(own.hedges), listed(own.children), whole=True)


def wanted(content: Content, translation: Translation | None) -> Wanted:
    """Give what counts as a fact or a hedge in a language, or in English."""
    if translation is None:
        return wanted_in_english(content.checks)
    theirs = _rules_of(content, translation)
    names = {name: theirs.spellings.get(name, (name,)) for name in content.checks.names}
    return Wanted(names, theirs.hedges, listed(words_of(content, translation, "children")))


def _copied(english: str, text: str, names: Iterable[str]) -> str:
    """Give the first words in a row of the English that stand in its translation, if any do."""
    for name in names:  # which may stand as they are: a list of drugs is no sentence
        english, text = (name_pattern(name).sub(".", one) for one in (english, text))
    run = _shared(english, text)
    return " ".join(run)


def alike(one: str, other: str) -> bool:
    """Tell whether two English texts have words in a row in common: they say the same somewhere."""
    return bool(_shared(one, other))


def _shared(one: str, other: str) -> tuple[str, ...]:
    ours, theirs = (_WORDS.findall(text.lower()) for text in (one, other))
    runs = {tuple(ours[n : n + COPIED]) for n in range(len(ours) - COPIED + 1)}
    for n in range(len(theirs) - COPIED + 1):
        if (run := tuple(theirs[n : n + COPIED])) in runs:
            return run
    return ()
