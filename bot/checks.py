"""What can be wrong with content that reads well: words that clash, and texts that cost too much.

`problems` are faults; a fatal one (English content) stops the line's start as well. `notices` are
things an editor wants to know and that nobody has to mend.
"""

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import replace
from typing import Final

import regex

from bot import catalogs, citations, fidelity, sms
from bot.content import Content
from bot.library import ENGLISH, Edition, Keyword, Library, audience_of
from bot.line import Line
from bot.pages import LANGUAGES, NO_LANGUAGE, Layout
from bot.problems import ConfigError, Problem
from bot.understanding.fold import tokens
from bot.understanding.runs import GAP

ONE_SEGMENT: Final = ("help", "stopped", "started")
"""Replies to the words that carriers prescribe: at most 160 characters in one segment (CWTA's
guidelines for Canadian short codes), in the languages that have such words."""

SHORTEST_NAME: Final = 3
"""Letters above which a name can be told from another by one of them."""

SOME: Final = 0.1
"""The share of texts in GSM-7 from which on it is worth knowing what keeps the others out of it."""

IN_ONE_MESSAGE: Final = ("crisis", "stopped", "started", "which_language", "apology")
"""Phrases after which there may be no MORE; a longer one of the others is sent in two."""

MANDATORY_CHARACTERS: Final = 160

REFERENCE_BASE: Final = "https://answer.example.ca"
"""25 characters: the length of address for which a gist must fit whole on its first page. Behind a
longer one it goes on to the next page, which is no fault of the content."""


def set_up(content: Content, base_url: str, budget: sms.Budget) -> tuple[Line, list[Problem]]:
    """Set a line up, without the languages in which some text leaves a page no room.

    Raises ConfigError where even English has none: then it is the settings that leave none.
    """
    line = Line.of(content.library, base_url, budget)
    try:
        _ = line.layout.screens
    except ValueError:
        return _set_up_without(content.library, base_url, budget)
    return line, []


def _set_up_without(
    library: Library, base_url: str, budget: sms.Budget
) -> tuple[Line, list[Problem]]:
    kept: dict[str, Edition] = {}
    found: list[Problem] = []
    for language, edition in library.editions.items():
        one = {ENGLISH: library.editions[ENGLISH], language: edition}
        try:
            _ = Layout(replace(library, editions=one), base_url, budget).screens
            kept[language] = edition
        except ValueError as error:
            if language == ENGLISH:
                raise ConfigError(
                    f"ANSWERLINE_PAGE_SEGMENTS, PUBLIC_BASE_URL: pages have no room ({error})"
                ) from error
            file = f"locales/{language}/LC_MESSAGES/messages.po"
            text = f"some text leaves its page no room, so the language is left out: {error}"
            found.append(Problem(file, "", text, fatal=False))
    # Its words are still known, and answered in English: nobody in danger goes unheard.
    words = tuple(
        replace(k, value="") if k.kind == "language" and k.value not in kept else k
        for k in library.keywords
    )
    return Line.of(replace(library, editions=kept, keywords=words), base_url, budget), found


def problems(content: Content, line: Line) -> list[Problem]:
    """Find everything wrong; what reading the files already found comes first."""
    return [
        *content.problems,
        *_clashes(line.library.keywords),
        *_alike(content, line.library.keywords),
        *_sizes(line.layout),
        *_named_words(content, line.library),
        *_translations(content),
        *fidelity.problems(content),
        *citations.problems(content),
    ]


def stops_start(line: Line) -> list[Problem]:
    """Find the faults on which the line must not start: those of the English content."""
    keywords = tuple(k for k in line.library.keywords if k.language == ENGLISH)
    editions = {ENGLISH: line.library.editions[ENGLISH]}
    english = replace(line.library, editions=editions, keywords=keywords)
    found = (*_clashes(keywords), *_sizes(replace(line.layout, library=english)))
    return [problem for problem in found if problem.fatal]


def notices(line: Line) -> list[str]:
    """Name the texts and letters that cost more than they would without.

    One by one in languages whose texts are mostly GSM-7, in a line where some of them are; in the
    others every text costs double, whatever its letters.
    """
    found = []
    for (label, language, opening), screen in line.layout.screens.items():
        if audience_of(label) and not opening and not screen.gist_is_whole:
            found.append(f"{language}: {label}: the gist takes more than its first page here")
    for language, edition in line.library.editions.items():
        pages = [
            (f"{label} page {n + 1}", line.layout.show(label, language, n))
            for (label, of, opening), screen in line.layout.screens.items()
            for n in range(len(screen.pages))
            if of == language and not opening and label not in (LANGUAGES, NO_LANGUAGE)
        ]
        texts = [*pages, *edition.phrases.items()]
        costly = [(where, sms.costly(text)) for where, text in texts if sms.costly(text)]
        if len(costly) * 2 < len(texts):
            found += [
                f"{language}: {where}: {' '.join(letters)} cost the whole text double"
                for where, letters in costly
            ]
        elif len(costly) < len(texts) * (1 - SOME):
            by_letter = Counter(letter for _, letters in costly for letter in letters)
            counts = ", ".join(f"{one} {count}" for one, count in by_letter.most_common())
            found.append(
                f"{language}: {len(costly)} of {len(texts)} texts cost double, by {counts}"
            )
    return found


def _clashes(keywords: tuple[Keyword, ...]) -> Iterator[Problem]:
    """Find words that two topics claim for one audience, or that stand for two commands."""
    claims: dict[tuple[str, str], Keyword] = {}
    reserved = {"".join(tokens(k.text)): k for k in keywords if k.kind == "carrier"}
    for keyword in keywords:
        word = "".join(tokens(keyword.text))
        file, _, key = keyword.origin.partition(": ")
        fatal = keyword.language == ENGLISH
        if not all(map(tokens, keyword.text.split(GAP))):
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
            if first.value != keyword.value and {first.kind, keyword.kind} != {"language"}:
                text = f"{keyword.text!r} is also a word for {first.value} ({first.origin})"
                yield Problem(file, key, text, fatal)
                break


def _alike(content: Content, keywords: tuple[Keyword, ...]) -> Iterator[Problem]:
    """Find words one letter from a word that ends the texts, or from another topic's drug.

    A slip of the finger must not turn one into the other; those that an editor has looked at are
    listed as `known` (messages/checks.toml, and each catalog).
    """
    known = {"".join(tokens(word)) for word in content.checks.languages.known.split(",")}
    for translation in content.translations.values():
        words = fidelity.words_of(content, translation, "known").split(",")
        known |= {"".join(tokens(word)) for word in words}
    names = {"".join(tokens(name)) for name in content.checks.names}
    stops: set[str] = set()
    drugs: dict[str, set[str]] = {}
    for keyword in keywords:
        word = "".join(tokens(keyword.text))
        if keyword.value == "stop" and len(tokens(keyword.text)) == 1 <= len(word) - 2:
            stops.add(word)
        elif keyword.kind == "topic" and word in names and len(word) > SHORTEST_NAME:
            drugs.setdefault(word, set()).add(keyword.value.partition(".")[2])
    for keyword in keywords:
        word = "".join(tokens(keyword.text))
        if keyword.kind not in ("topic", "command") or word in known or len(word) < SHORTEST_NAME:
            continue
        file, _, key = keyword.origin.partition(": ")
        for stop in sorted(stops):
            if keyword.value != "stop" and word != stop and _one_edit(word, stop):
                yield Problem(file, key, f"{keyword.text!r} is one letter from {stop!r}", False)
        for drug, topics in drugs.items():
            other = keyword.kind != "topic" or keyword.value.partition(".")[2] not in topics
            if other and word != drug and _one_edit(word, drug):
                yield Problem(file, key, f"{keyword.text!r} is one letter from {drug!r}", False)


_CAPITALS: Final = regex.compile(r"(?<!\p{L})\p{Lu}{2,}(?:[ -]\p{Lu}{2,})*+(?!\p{L})")
_QUOTED: Final = regex.compile(r'[«“「"]([^«»“”「」"]+)[»”」"]')
"""How texts show a word to reply with: in capitals, or between quotation marks."""


def _named_words(content: Content, library: Library) -> Iterator[Problem]:
    """Find words that a phrase tells people to reply with, and that are none of its language."""
    heard: dict[str, set[str]] = defaultdict(set)
    for keyword in library.keywords:
        own = "" if keyword.kind == "language" else keyword.language
        heard[own].add("".join(tokens(keyword.text)))
    phrases = {m.key: m for m in content.messages if m.file == "messages/phrases.toml"}
    for language, edition in library.editions.items():
        translation = content.translations.get(language)
        names = fidelity.names_of(content, translation)
        known = heard[language] | heard[""] | {"".join(tokens(name)) for name in names}
        for name, text in edition.phrases.items():
            if name in edition.in_english:
                continue
            for word in (*_CAPITALS.findall(text), *_QUOTED.findall(text)):
                if "".join(tokens(word)) not in known and not word.startswith("{"):
                    where = f"messages/phrases.toml: {name}"
                    said = f"names {word!r}, which is no word of this language that is answered"
                    if translation is None:
                        yield Problem("messages/phrases.toml", name, said)
                    else:
                        key = ("", phrases[name].text)
                        yield Problem(translation.where(language, key), where, said, fatal=False)


def _one_edit(one: str, other: str) -> bool:
    """Tell whether one letter more, less or another turns one word into the other."""
    if abs(len(one) - len(other)) > 1:
        return False
    start = next((n for n, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), None)
    if start is None:
        return True
    return (
        one[start + 1 :] in (other[start:], other[start + 1 :]) or one[start:] == other[start + 1 :]
    )


def _sizes(layout: Layout) -> Iterator[Problem]:
    library, reference = layout.library, Layout(layout.library, REFERENCE_BASE)
    for language, edition in library.editions.items():
        fatal = language == ENGLISH
        for label, answer in edition.answers.items():
            if answer.language != language:
                continue
            file = f"messages/topics/{label.partition('.')[2]}.toml"
            key = f"{audience_of(label)}.gist"
            for opening in (False, True):
                missing = _missing_at_first(reference, label, edition, opening)
                if missing:
                    yield _problem(edition, file, key, missing, fatal)
                    break
        for (label, of, opening), screen in layout.screens.items():
            for page in range(len(screen.pages)):
                shown = layout.show(label, of, page, opening=opening) if of == language else ""
                if not layout.fits(shown):
                    text = f"page {page + 1} of {label} takes too many segments"
                    yield _problem(edition, "messages/phrases.toml", "", text, fatal)
        for name in IN_ONE_MESSAGE:
            phrase = edition.phrases[name]
            if not layout.fits(phrase):
                text = f"takes {sms.measure(phrase).segments} segments"
                yield _problem(edition, "messages/phrases.toml", name, text, fatal)
        for name in ONE_SEGMENT if language in library.prescribed else ():
            phrase = edition.phrases[name]
            if len(phrase) > MANDATORY_CHARACTERS or sms.measure(phrase).segments > 1:
                text = f"has {len(phrase)} characters: carriers want one segment of at most 160"
                yield _problem(edition, "messages/phrases.toml", name, text, fatal)


def _problem(edition: Edition, file: str, key: str, text: str, fatal: bool) -> Problem:
    if fatal:
        return Problem(file, key, text)
    catalog = f"locales/{edition.language}/LC_MESSAGES/messages.po"
    return Problem(catalog, ": ".join(part for part in (file, key) if part), text, fatal=False)


def _missing_at_first(layout: Layout, label: str, edition: Edition, opening: bool) -> str:
    """Say what the first page of an answer has no room for: its gist, or a line of an opening."""
    if not layout.screen(label, edition.language, opening).gist_is_whole:
        return "does not fit on the first page"
    lines = layout.opening_lines(edition) if opening else ()
    shown = layout.show(label, edition.language, opening=opening, extras=lines)
    lacks = [line for line in lines if f"\n{line}" not in shown]
    return f"leaves no room on the first page for {lacks[0]!r}" if lacks else ""


def _translations(content: Content) -> Iterator[Problem]:
    keys: dict[str, set[catalogs.Key]] = defaultdict(set)
    for language, translation in content.translations.items():
        for message in content.messages:
            key = (message.context, message.text)
            state = catalogs.state(message, translation)
            if state not in (catalogs.STALE, catalogs.MISSING) or key in keys[language]:
                continue
            keys[language].add(key)
            state += ": the English changed" if state == catalogs.STALE else ""
            file, where = translation.where(language, key), f"{message.file}: {message.key}"
            yield Problem(file, where, f"is {state}", fatal=False)
    folder = content.root / "locales"
    if content.translations and catalogs.outdated(folder, content.messages):
        yield Problem(
            "locales/", "", "is behind messages/; run: answerline locales refresh", fatal=False
        )
