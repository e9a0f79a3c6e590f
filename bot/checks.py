"""What can be wrong with content that reads well: words that clash, and texts that cost too much.

`problems` are faults; a fatal one (English content) stops the line's start as well. `notices` are
things an editor wants to know and that nobody has to mend.
"""

from collections import defaultdict
from collections.abc import Iterator
from typing import Final

from bot import catalogs, sms
from bot.content import Content
from bot.editions import Problem
from bot.library import ENGLISH, Edition, Keyword, audience_of
from bot.pages import Layout
from bot.speaker import Line
from bot.understanding.fold import tokens

ONE_SEGMENT: Final = ("help", "stopped", "started")
"""Replies to the words that carriers prescribe: at most 160 characters in one segment (CWTA's
guidelines for Canadian short codes), in the languages that have such words."""

MANDATORY_CHARACTERS: Final = 160


def problems(content: Content, line: Line) -> list[Problem]:
    """Find everything wrong; what reading the files already found comes first."""
    return [
        *content.problems,
        *_clashes(content.library.keywords),
        *_sizes(line),
        *_translations(content),
    ]


def stops_start(content: Content, line: Line) -> list[Problem]:
    """Find the faults on which the line must not start."""
    found = (*_clashes(content.library.keywords), *_sizes(line))
    return [problem for problem in found if problem.fatal]


def notices(line: Line) -> list[str]:
    """Name, in languages whose pages are mostly GSM-7, the texts and letters that cost more."""
    found = []
    for language, edition in line.library.editions.items():
        pages = [
            (f"{label} page {n + 1}", line.layout.show(label, language, n, intro=True))
            for (label, of), screen in line.layout.screens.items()
            for n in range(len(screen.pages))
            if of == language
        ]
        texts = [*pages, *edition.phrases.items()]
        costly = [(where, sms.costly(text)) for where, text in texts if sms.costly(text)]
        if len(costly) * 2 < len(texts):
            found += [
                f"{language}: {where}: {' '.join(letters)} cost the whole text double"
                for where, letters in costly
            ]
    return found


def _clashes(keywords: tuple[Keyword, ...]) -> Iterator[Problem]:
    """Find words that two topics claim for one audience, or that stand for two commands."""
    claims: dict[tuple[str, str], Keyword] = {}
    reserved = {"".join(tokens(k.text)): k for k in keywords if k.kind == "carrier"}
    for keyword in keywords:
        word = "".join(tokens(keyword.text))
        file, _, key = keyword.origin.partition(": ")
        fatal = keyword.language == ENGLISH
        if not word:
            yield Problem(file, key, f"{keyword.text!r} has no letter or digit to match", fatal)
            continue
        if keyword.kind in ("filler", "crisis", "carrier"):
            continue
        other = reserved.get(word)
        if other is not None and other.value != keyword.value:
            text = f"{keyword.text!r} is reserved by carriers for {other.value.upper()}"
            yield Problem(file, key, text, fatal)
            continue
        # A topic's word may be one thing for adults and another for children.
        scopes = [audience_of(keyword.value)] if keyword.kind == "topic" else ["adult", "child"]
        for scope in scopes:
            first = claims.setdefault((scope, word), keyword)
            if first.value != keyword.value:
                text = f"{keyword.text!r} is also a word for {first.value} ({first.origin})"
                yield Problem(file, key, text, fatal)
                break


def _sizes(line: Line) -> Iterator[Problem]:
    layout = line.layout
    carriers = {k.language for k in line.library.keywords if k.kind == "carrier"}
    for language, edition in line.library.editions.items():
        fatal = language == ENGLISH
        for label, answer in edition.answers.items():
            if answer.language != language:
                continue
            file = f"messages/topics/{label.partition('.')[2]}.toml"
            key = f"{audience_of(label)}.gist"
            if layout.budget == sms.Budget() and not _gist_is_whole(layout, label, language):
                yield _problem(edition, file, key, "does not fit on the first page", fatal)
        for (label, of), screen in layout.screens.items():
            for page in range(len(screen.pages)):
                if of == language and not layout.fits(layout.show(label, of, page, intro=True)):
                    text = f"page {page + 1} of {label} takes too many segments"
                    yield _problem(edition, "messages/phrases.toml", "", text, fatal)
        for name, phrase in edition.phrases.items():
            if not layout.fits(phrase):
                text = f"takes {sms.measure(phrase).segments} segments"
                yield _problem(edition, "messages/phrases.toml", name, text, fatal)
        for name in ONE_SEGMENT if language in carriers else ():
            phrase = edition.phrases[name]
            if len(phrase) > MANDATORY_CHARACTERS or sms.measure(phrase).segments > 1:
                text = f"has {len(phrase)} characters: carriers want one segment of at most 160"
                yield _problem(edition, "messages/phrases.toml", name, text, fatal)


def _problem(edition: Edition, file: str, key: str, text: str, fatal: bool) -> Problem:
    if fatal:
        return Problem(file, key, text)
    catalog = f"locales/{edition.language}/LC_MESSAGES/messages.po"
    return Problem(catalog, ": ".join(part for part in (file, key) if part), text, fatal=False)


def _gist_is_whole(layout: Layout, label: str, language: str) -> bool:
    return sum(page.part == 0 for page in layout.screen(label, language).pages) == 1


def _translations(content: Content) -> Iterator[Problem]:
    keys: dict[str, set[catalogs.Key]] = defaultdict(set)
    for language, translation in content.translations.items():
        file = f"locales/{language}/LC_MESSAGES/messages.po"
        for message in content.messages:
            key = (message.context, message.text)
            if key in translation.texts or key in keys[language]:
                continue
            keys[language].add(key)
            state = "stale: the English changed" if key in translation.fuzzy else "missing"
            yield Problem(file, f"{message.file}: {message.key}", f"is {state}", fatal=False)
    folder = content.root / "locales"
    if content.translations and catalogs.outdated(folder, content.messages):
        yield Problem(
            "locales/", "", "is behind messages/; run: answerline locales refresh", fatal=False
        )
