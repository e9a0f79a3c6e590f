"""One gettext file: read strictly, brought up to a template, written the same each time.

What a tool would read otherwise than it stands there is named by its line, and never guessed at.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import regex
from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as BabelMessage
from babel.messages.pofile import PoFileError, PoFileParser, unescape, write_po

ENGLISH: Final = "en"

# A date that never moves: a catalog that nothing changed must come out the same.
_NO_DATE: Final = datetime(2026, 1, 1, tzinfo=UTC)


class BrokenCatalogError(Exception):
    """A catalog that cannot be read; the text says the file, the line and why."""


def files(folder: Path, domain: str) -> dict[str, Path]:
    """Find a domain's catalogs: language code to file, in the order of the codes."""
    found = sorted(folder.glob(f"*/LC_MESSAGES/{domain}.po"))
    return {path.parent.parent.name: path for path in found}


def behind(folder: Path, domain: str, template: Catalog, header: str = "") -> dict[Path, bytes]:
    """Give what a domain's template and catalogs should hold, where they hold something else.

    `header` is the remark at the top of each; without one they keep their own.
    """
    wanted = {folder / f"{domain}.pot": written(template)}
    for language, path in files(folder, domain).items():
        try:
            catalog = _updated(parse(path, language), template)
        except BrokenCatalogError:
            continue  # whoever reads it names it; its translator mends it first
        catalog.header_comment = header or catalog.header_comment
        wanted[path] = written(catalog)
    return {
        path: new for path, new in wanted.items() if not path.exists() or path.read_bytes() != new
    }


def write(wanted: Mapping[Path, bytes]) -> list[Path]:
    """Write files as `behind` gives them; return which."""
    for path, new in wanted.items():
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(new)
    return list(wanted)


def begin(folder: Path, domain: str, language: str, template: Catalog, header: str) -> Path:
    """Make an empty catalog; raise BrokenCatalogError for a code that is none, or is there."""
    path = folder / language / "LC_MESSAGES" / f"{domain}.po"
    if path.exists():
        raise BrokenCatalogError(f"{path}: is there already")
    try:
        if not CODE.fullmatch(language):
            raise ValueError(language)
        if Locale.parse(language).language == ENGLISH:
            raise BrokenCatalogError(
                f"{language!r} needs no catalog: English is what is translated"
            )
    except (UnknownLocaleError, ValueError) as error:
        raise BrokenCatalogError(
            f"{language!r} is no language code such as pt or sr_Latn"
        ) from error
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(written(_updated(empty(header, language), template)))
    return path


def empty(header: str, language: str | None = None) -> Catalog:
    """Make a catalog of no entries."""
    return Catalog(
        locale=language, project="answerline", charset="utf-8", header_comment=header,
        fuzzy=False, creation_date=_NO_DATE, revision_date=_NO_DATE, last_translator="Answerline",
    )  # fmt: skip


def _updated(catalog: Catalog, template: Catalog) -> Catalog:
    catalog.update(template, update_creation_date=False)
    for entry in catalog:
        _restore_previous(entry)
    return catalog


_PLURAL: Final = "| msgid_plural"


def _restore_previous(entry: BabelMessage) -> None:
    """Put a fuzzy entry's former English back where Babel keeps it; elsewhere drop it.

    Babel writes `#| msgid` lines but reads them as a translator's remarks, which would pile up.
    """
    former = [line for line in entry.user_comments if line.startswith("|")]
    entry.user_comments = [line for line in entry.user_comments if line not in former]
    if not entry.fuzzy or entry.previous_id:
        return
    one, plural, other = "\n".join(former).partition(_PLURAL)
    said = [_quoted(one), *([_quoted(other)] if plural else [])]
    if said[0]:
        entry.previous_id = said


def _quoted(lines: str) -> str:
    """Give what stands in quotes, put together."""
    return "".join(map(unescape, regex.findall(r'"(?:[^"\\]|\\.)*"', lines)))


# Babel reads a string that lacks its closing quote and drops the letter before the line's end; a
# fact lost so would not be noticed. Every line that is no remark must end in a whole string.
_LINE: Final = regex.compile(
    r"""\s*+ (?: \# .*+ | (?: (?:msgctxt|msgid|msgid_plural|msgstr(?:\[\d\])?+) \s++ )?+
        " (?: [^"\\] | \\. )*+ " \s*+ )?+""",
    regex.VERBOSE,
)


_NO_WRAPPING: Final = 1_000_000
_BREAKS: Final = regex.compile(r"[\v\f\x1c-\x1e\x85\u2028\u2029]")
"""What Babel takes for the end of a line in the comment at the top, and no reader does."""
_GENERATED_BY: Final = regex.compile(rb'^"Generated-By: .*\n', regex.MULTILINE)


class _DuplicateError(Exception):
    """An entry with the same English and context as one before it; the text is its line."""


class _Unique(Catalog):
    """A catalog that does not merge entries which are there twice, as Babel's does silently."""

    parsed = False
    headed = False

    def __setitem__(self, id: Any, message: BabelMessage) -> None:
        there = self.get(id, message.context) is not None if id else self.headed
        if there and not self.parsed:
            raise _DuplicateError(message.lineno)
        self.headed = self.headed or not id
        super().__setitem__(id, message)


CODE: Final = regex.compile(r"(?!und)[a-z]{2,3}(?:_[A-Z][a-z]{3})?")
"""A language and perhaps its script. A territory would make two languages of one name."""


def _check_header(path: Path, language: str) -> None:
    """Raise BrokenCatalogError unless the header says what every tool needs to know."""
    header = path.read_text(encoding="utf-8").partition("\n\n")[0]
    line = header.partition('msgid ""')[0].count("\n") + 1
    for wanted in ("Content-Type: text/plain; charset=utf-8", f"Language: {language}"):
        if f'"{wanted}\\n"'.casefold() not in header.casefold():
            raise BrokenCatalogError(f"{path}:{line}: the header lacks {wanted!r}")


def parse(path: Path, language: str) -> Catalog:
    """Read a file; raise BrokenCatalogError with the line where there is one."""
    try:
        if not CODE.fullmatch(language):
            raise BrokenCatalogError(f"{path}: {language!r} is no code such as pt or sr_Latn")
        Locale.parse(language)
        for number, line in enumerate(path.read_bytes().splitlines(), 1):
            try:
                good = _LINE.fullmatch(line.decode("utf-8"))
            except UnicodeDecodeError as error:
                raise BrokenCatalogError(f"{path}:{number}: is not UTF-8") from error
            if not good:
                raise BrokenCatalogError(f"{path}:{number}: is no line of a catalog")
        _check_header(path, language)
        catalog = _Unique(locale=language)
        with path.open("rb") as file:
            PoFileParser(catalog, abort_invalid=True).parse(file)
        catalog.parsed = True
        return catalog
    except _DuplicateError as error:
        raise BrokenCatalogError(f"{path}:{error}: is there twice; keep one of the two") from error
    except PoFileError as error:
        raise BrokenCatalogError(f"{path}:{error.lineno + 1}: {error}") from error
    except (UnknownLocaleError, ValueError, LookupError, OSError) as error:
        raise BrokenCatalogError(f"{path}: {error}") from error


def written(catalog: Catalog) -> bytes:
    """Write a catalog as it stands in its file, the same each time."""
    out = BytesIO()
    catalog.header_comment = _BREAKS.sub(" ", catalog.header_comment)
    # One line a text: Babel wraps a former English (`#| msgid`) as prose, which no tool reads back.
    write_po(out, catalog, width=_NO_WRAPPING, include_previous=True)
    # The writer names its own release, so that another one would change every file.
    return _GENERATED_BY.sub(b"", out.getvalue(), count=1)
