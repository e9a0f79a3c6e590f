"""The console's own words, in every language: marked in its code, translated in gettext catalogs.

The template and the catalogs (`console.pot`, `console.po`) stand under locales/ beside those of the
content, and are read when the console is made: there is nothing to compile. What is missing, stale
(gettext says fuzzy) or has other slots than the English is said in English.
"""

import logging
from collections.abc import Iterator, Mapping
from io import BytesIO
from pathlib import Path
from typing import Any, Final

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import DEFAULT_KEYWORDS, extract_from_file
from babel.messages.mofile import write_mo
from babel.support import Translations

from bot import po_files
from bot.po_files import BrokenCatalogError
from bot.problems import Problem

DOMAIN: Final = "console"
HEADER: Final = """\
# The words of Answerline's console, which its staff read.
# Nobody qualified has reviewed this translation: it is a draft.
#"""

KEYWORDS: Final = {**DEFAULT_KEYWORDS, "to_translate": None}

_MARKUP: Final = frozenset("<>&")

_PACKAGE: Final = Path(__file__).resolve().parents[1]
SOURCES: Final = (("console/**/*.html", "jinja2"), ("console/**/*.py", "python"),
                  ("channels/**/*.py", "python"), ("reviews.py", "python"))  # fmt: skip
"""Where words that staff read stand in the package, and what finds them."""

log = logging.getLogger(__name__)


def read(locales: Path) -> dict[str, Translations]:
    """Read every catalog of the console; one that cannot be read is logged and left out."""
    found = {}
    for language, path in po_files.files(locales, DOMAIN).items():
        try:
            catalog = po_files.parse(path, language)
        except BrokenCatalogError as error:
            log.warning("console: %s", error)
            continue
        found[language] = _translations(catalog)
    return found


def _translations(catalog: Catalog) -> Translations:
    for entry in list(catalog):
        if entry.id and fault(entry):
            catalog.delete(entry.id, entry.context)
    compiled = BytesIO()
    write_mo(compiled, catalog)
    compiled.seek(0)
    return Translations(compiled, domain=DOMAIN)


def template() -> Catalog:
    """Find every text that is marked in the package's source."""
    found = po_files.empty(HEADER)
    for pattern, method in SOURCES:
        for path in sorted(_PACKAGE.glob(pattern)):
            name = str(path.relative_to(_PACKAGE.parent))
            for _, text, _, context in extract_from_file(method, path, KEYWORDS):
                place: Any = [(name, None)]
                found.add(text, locations=place, context=context)
    return found


def refresh(locales: Path) -> list[Path]:
    """Write the template anew and bring every catalog up to it; return the files that changed.

    A folder that has neither is left alone: a line of its own may do with English.
    """
    return po_files.write(_behind(locales))


def new(locales: Path, language: str) -> Path:
    """Make an empty catalog; raise BrokenCatalogError for a code that is none, or is there."""
    return po_files.begin(locales, DOMAIN, language, template(), HEADER)


def problems(root: Path) -> Iterator[Problem]:
    """Find what is wrong with the catalogs under a folder."""
    for language, path in po_files.files(root / "locales", DOMAIN).items():
        file = str(path.relative_to(root))
        try:
            catalog = po_files.parse(path, language)
        except BrokenCatalogError as error:
            yield Problem(str(error).replace(f"{root}/", ""), "", "", fatal=False)
            continue
        for entry in catalog:
            said = fault(entry) if entry.id else ""
            if said:
                text = _forms(entry.id)[0]
                yield Problem(f"{file}:{entry.lineno}", text[:60], said, fatal=False)
    if _behind(root / "locales"):
        said = "is behind bot/console; run: answerline locales refresh"
        yield Problem("locales/", "", said, fatal=False)


def fault(entry: Message) -> str:
    """Say why an entry is not shown, or nothing."""
    english, own = _forms(entry.id), _forms(entry.string)
    if entry.fuzzy:
        return "is stale: the English changed"
    if not all(own):
        return "is missing"
    wanted = {name for text in english for name in _slots(text)}
    for text in own:
        try:
            found = _slots(text)
        except (ValueError, TypeError) as error:
            return f"cannot be filled in: {error}"
        if found != wanted:
            return "has other %(slots)s than the English"
        if (_MARKUP & set(text)) - set(english[0]):
            return "has markup"
    return ""


def _behind(locales: Path) -> Mapping[Path, bytes]:
    there = (locales / f"{DOMAIN}.pot").exists() or po_files.files(locales, DOMAIN)
    return po_files.behind(locales, DOMAIN, template()) if there else {}


def _forms(text: Any) -> tuple[str, ...]:
    return (text,) if isinstance(text, str) else tuple(text)


class _Named(dict[str, int]):
    """Takes down what a text asks for."""

    def __missing__(self, name: str) -> int:
        self[name] = 0
        return 0


def _slots(text: str) -> set[str]:
    """Name what is filled in; raise ValueError or TypeError where that could not be done."""
    named = _Named()
    _ = text % named
    return set(named)
