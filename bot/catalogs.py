"""Gettext catalogs under locales/: read, extracted and refreshed with Babel.

The English text is the msgid. Contexts tell apart what a translator treats differently: `title`,
`command` (the word shown), `carrier` (words that carriers prescribe) and `keywords` (what people
text, comma-separated); running text has none. A fuzzy entry (its English changed) is never sent.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Final

import regex
from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as BabelMessage
from babel.messages.pofile import PoFileError, read_po, unescape, write_po

TEMPLATE: Final = "messages.pot"
_HEADER: Final = """\
# Translations of Answerline. Translations that no qualified person has reviewed are drafts.
#"""

# A date that never moves: a catalog that nothing changed must come out the same.
_NO_DATE: Final = datetime(2026, 1, 1, tzinfo=UTC)

MATCHED: Final = frozenset({"keywords", "carrier"})
"""Contexts of words that are looked for and never sent: a fuzzy list of them still counts, or one
more English word for a crisis would make the line deaf to all the others in every language."""

Key = tuple[str, str]
"""A message's context (empty for none) and its English text."""


@dataclass(frozen=True, slots=True)
class Message:
    """An English text, where it stands, and what kind of text it is (its context)."""

    text: str
    context: str
    file: str
    key: str


@dataclass(frozen=True, slots=True)
class Translation:
    """One language's texts that may be sent, and how many of its entries are fuzzy."""

    texts: Mapping[Key, str]
    fuzzy: frozenset[Key]


class BrokenCatalogError(Exception):
    """A catalog that cannot be read; the text says the file, the line and why."""


def files(folder: Path) -> dict[str, Path]:
    """Find the catalogs: language code to file, in the order of the codes."""
    found = sorted(folder.glob("*/LC_MESSAGES/messages.po"))
    return {path.parent.parent.name: path for path in found}


def read(path: Path, language: str) -> Translation:
    """Read one catalog; raise BrokenCatalogError with the line where there is one."""
    catalog = _parse(path, language)
    texts: dict[Key, str] = {}
    fuzzy: set[Key] = set()
    for entry in catalog:
        if not entry.id or not isinstance(entry.id, str) or not isinstance(entry.string, str):
            continue
        key = (entry.context or "", entry.id)
        if entry.fuzzy:
            fuzzy.add(key)
        if entry.string.strip() and (not entry.fuzzy or key[0] in MATCHED):
            texts[key] = entry.string
    return Translation(texts, frozenset(fuzzy))


def refresh(folder: Path, messages: Iterable[Message]) -> list[Path]:
    """Write messages.pot anew and bring every catalog up to it; return the files that changed."""
    changed = _outdated(folder, messages)
    folder.mkdir(exist_ok=True)
    for path, new in changed.items():
        path.write_bytes(new)
    return list(changed)


def outdated(folder: Path, messages: Iterable[Message]) -> list[Path]:
    """Name the files that `refresh` would change."""
    return list(_outdated(folder, messages))


def _outdated(folder: Path, messages: Iterable[Message]) -> dict[Path, bytes]:
    template = _template(messages)
    wanted = {folder / TEMPLATE: _written(template)}
    for language, path in files(folder).items():
        try:
            wanted[path] = _written(_updated(_parse(path, language), template))
        except BrokenCatalogError:
            continue  # reading the content names it; its translator mends it first
    return {
        path: new for path, new in wanted.items() if not path.exists() or path.read_bytes() != new
    }


def _updated(catalog: Catalog, template: Catalog) -> Catalog:
    catalog.update(template, update_creation_date=False)
    for entry in catalog:
        _restore_previous(entry)
    catalog.header_comment = _HEADER
    return catalog


def _restore_previous(entry: BabelMessage) -> None:
    """Put a fuzzy entry's former English back where Babel keeps it; elsewhere drop it.

    Babel writes `#| msgid` lines but reads them as a translator's remarks, which would pile up.
    """
    former = [line for line in entry.user_comments if line.startswith("|")]
    entry.user_comments = [line for line in entry.user_comments if line not in former]
    # It also wraps them as prose: where a line ends there was a space.
    text = " ".join(line.removeprefix("|").strip() for line in former)
    quoted = regex.findall(r'"(?:[^"\\]|\\.)*"', text)
    if entry.fuzzy and quoted and not entry.previous_id:
        entry.previous_id = ["".join(unescape(part) for part in quoted)]


def _template(messages: Iterable[Message]) -> Catalog:
    template = Catalog(
        project="answerline", charset="utf-8", header_comment=_HEADER, fuzzy=False,
        creation_date=_NO_DATE, revision_date=_NO_DATE,
    )  # fmt: skip
    for message in messages:
        template.add(
            message.text,
            locations=[(message.file, None)],  # type: ignore[list-item]
            auto_comments=[f"{message.file}: {message.key}"],
            context=message.context or None,
        )
    return template


# Babel reads a string that lacks its closing quote and drops the letter before the line's end; a
# fact lost so would not be noticed. Every line that is no remark must end in a whole string.
_LINE: Final = regex.compile(
    r"""\s*+ (?: \# .*+ | (?: (?:msgctxt|msgid|msgid_plural|msgstr(?:\[\d\])?+) \s++ )?+
        " (?: [^"\\] | \\. )*+ " \s*+ )?+""",
    regex.VERBOSE,
)


_GENERATED_BY: Final = regex.compile(rb'^"Generated-By: .*\n', regex.MULTILINE)


def _parse(path: Path, language: str) -> Catalog:
    try:
        Locale.parse(language)
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            if not _LINE.fullmatch(line.decode("utf-8", "replace")):
                raise BrokenCatalogError(f"{path}:{number}: is no line of a catalog")
        with path.open("rb") as file:
            return read_po(file, locale=language, abort_invalid=True)
    except PoFileError as error:
        raise BrokenCatalogError(f"{path}:{error.lineno + 1}: {error}") from error
    except (UnknownLocaleError, ValueError, LookupError, OSError) as error:
        raise BrokenCatalogError(f"{path}: {error}") from error


def _written(catalog: Catalog) -> bytes:
    out = BytesIO()
    write_po(out, catalog, width=100, include_previous=True)
    # The writer names its own release, so that another one would change every file.
    return _GENERATED_BY.sub(b"", out.getvalue(), count=1)
