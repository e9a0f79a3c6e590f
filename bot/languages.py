"""What CLDR knows of languages: their names, in each other and in themselves, and their direction.

Nothing here lists the languages of the line: those are there because their catalogs are.
"""

import pickle
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Final

from babel import Locale, UnknownLocaleError, localedata
from babel.core import get_global
from babel.languages import get_official_languages

PSEUDO: Final = "en_XA"
"""CLDR's code for the pseudo-locale; it is no language and never sent to anyone."""

SHORTEST_ABSENT: Final = 4
"""Letters that the name of a language that is not there must have, so that no word is taken for it:
there are languages called Ga, Ewe and Vai."""


@lru_cache
def right_to_left(language: str) -> bool:
    """Tell whether a language is written from right to left."""
    return language != PSEUDO and _data(_locale(language)).order == "right-to-left"


def language_names(languages: list[str]) -> dict[str, list[str]]:
    """Name each language in itself (first) and in every language of the line, from CLDR."""
    names: dict[str, list[str]] = {}
    for language in languages:
        own = _display_name(language, language)
        others = [_display_name(language, other) for other in languages]
        if "_" in language:  # by the name of the language alone, whatever the script
            others += [
                _display_name(language.partition("_")[0], of) for of in (language, *languages)
            ]
        names[language] = list(dict.fromkeys([own[:1].upper() + own[1:], *others]))
    return names


def _display_name(language: str, of: str) -> str:
    """Name a language, with its script where the code has one; a territory is nobody's language."""
    if language == PSEUDO:
        return PSEUDO
    subtag, _, script = language.partition("_")
    reader = _data("en" if of == PSEUDO else _locale(of))
    name = reader.languages.get(subtag) or reader.languages.get(_locale(subtag))
    tail = reader.scripts.get(script, script)
    return f"{name or subtag} ({tail})" if script else name or subtag


def _locale(language: str) -> str:
    """Give CLDR's own code for a language: Tagalog (tl) is kept as Filipino (fil)."""
    locale = Locale.parse(language)
    return f"{locale.language}_{locale.script}" if locale.script else locale.language


@dataclass(frozen=True, slots=True)
class Names:
    """What one locale calls languages and scripts, and its direction."""

    languages: Mapping[str, str]
    scripts: Mapping[str, str]
    order: str


@lru_cache
def _data(locale: str) -> Names:
    """Read these few of a locale's thousands of entries from Babel's own file.

    Babel would keep all of them, with what they inherit: a megabyte and 11 ms for each language.
    """
    with Path(localedata.resolve_locale_filename(locale)).open("rb") as file:
        data = pickle.load(file)  # noqa: S301 - part of the package, as its code is
    languages, scripts = dict(data.get("languages", {})), dict(data.get("scripts", {}))
    language, script, _ = locale.partition("_")
    if script:  # what differs in this script; the rest stands with the language
        base = _data(language)
        languages, scripts = {**base.languages, **languages}, {**base.scripts, **scripts}
    return Names(languages, scripts, str(data.get("character_order", "left-to-right")))


def absent_languages(languages: Iterable[str]) -> tuple[str, ...]:
    """Name the world's other languages, in English, in French, and in themselves.

    In Latin script of at least SHORTEST_ABSENT letters. From CLDR: those that it has a locale for,
    and of them in their own name those that are official somewhere.
    """
    known = {one for one in localedata.locale_identifiers() if "_" not in one}
    known -= {Locale.parse(one).language for one in languages if one != PSEUDO}
    readers = (_data("en").languages, _data("fr").languages)
    found = [reader[one] for reader in readers for one in sorted(known) if one in reader]
    own = _own_names()
    found += [own[one] for one in sorted(known & set(own))]
    names = dict.fromkeys(found)
    return tuple(name for name in names if len(name) >= SHORTEST_ABSENT or not name.isascii())


def negotiated(tag: str, languages: Iterable[str]) -> str:
    """Give the one of these languages that a device's tag (`fr-CA`, `zh-TW`, `fil`) stands for.

    Empty where it is none of them, or says nothing.
    """
    try:
        wanted = Locale.parse(tag.replace("-", "_"))
    except (ValueError, UnknownLocaleError):
        return ""
    for one in languages:
        there = Locale.parse(one)
        if there.language == wanted.language and there.script in (None, wanted.script):
            return one
    return ""


@lru_cache
def _own_names() -> Mapping[str, str]:
    """Name the official languages of the world, each in itself."""
    official = {
        language.partition("_")[0]
        for territory in get_global("territory_languages")
        for language in get_official_languages(territory, regional=True, de_facto=True)
    }
    return {
        one: _data.__wrapped__(one).languages.get(one, "")  # most of it is not needed again
        for one in official
        if localedata.exists(one)
    }


def link_tag(language: str) -> str:
    """Shorten a language code for a link: `fr`, `zht` for `zh_Hant` (a script's last letter)."""
    code, _, script = language.partition("_")
    return code + script[-1:].lower()
