"""Gettext catalogs under locales/: read, extracted and refreshed with Babel.

The English text is the msgid. Contexts tell apart what a translator treats differently: `title`,
`command` (the word shown), `carrier` (words that carriers prescribe), `keywords` (what people text,
comma-separated) and those that only `check` reads; running text has none.

An entry is *reviewed* if a translator's remark above it says so, by whom and when, for just this
English and this translation (a fingerprint tells); else a *draft*; *stale*, which gettext calls
fuzzy, where the English changed since, and then never sent. All of it is standard: msgmerge, Poedit
and Weblate keep remarks and flags.
"""

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import regex
from babel import Locale, UnknownLocaleError
from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as BabelMessage
from babel.messages.pofile import PoFileError, PoFileParser, unescape, write_po

from bot.library import ENGLISH

TEMPLATE: Final = "messages.pot"
_HEADER: Final = """\
# Translations of Answerline. Translations that no qualified person has reviewed are drafts.
#"""

# A date that never moves: a catalog that nothing changed must come out the same.
_NO_DATE: Final = datetime(2026, 1, 1, tzinfo=UTC)

NOTES: Final[Mapping[str, str]] = {
    "": "Sent as a text message: plain words, short. Keep the {words in braces}.",
    "title": "An entry of the menu: a few words.",
    "command": "The word that people reply with, shown in capitals: one short word.",
    "carrier": "Words that carriers prescribe in this language; leave empty if there are none.",
    "keywords": "What people text, comma-separated: write your own, do not translate. Also without "
    "accents, in Latin letters, and as it is often misspelt.",
    "hedges": "Only checked with, never sent: all words that leave a thing open, comma-separated.",
    "everyone": "Only checked with, never sent: words for all people or all things.",
    "children": "Only checked with, never sent: words for children, childhood, boys and girls.",
    "spellings": "Only checked with, never sent: names that your language writes otherwise, as "
    "English = yours, comma-separated.",
    "known": "Only checked with, never sent: words kept although they look like another.",
}
"""What a translator should know, by context; it stands above each entry."""

HEARD: Final = frozenset({"keywords", "carrier", "command"})
"""Contexts of words that are listened for, whatever the state of their translation: someone was
shown them once, and a line that no longer knows its own STOP would be deaf."""

MATCHED: Final = frozenset(NOTES) - {"", "title", "command"}
"""Contexts of words that are looked for and never sent: a fuzzy list of them still counts, or one
more English word for a crisis would make the line deaf to all the others in every language."""

OPTIONAL: Final = frozenset({"carrier"})
"""Contexts whose entries a language may leave empty."""

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
    """One language's texts that are not stale, and which of its entries are stale or reviewed.

    `heard` are the words that are listened for, stale ones too; `lines` tells where in the file
    each entry stands.
    """

    texts: Mapping[Key, str]
    stale: frozenset[Key] = frozenset()
    reviewed: frozenset[Key] = frozenset()
    heard: Mapping[Key, str] = field(default_factory=dict)
    lines: Mapping[Key, int] = field(default_factory=dict, compare=False)

    def where(self, language: str, key: Key) -> str:
        """Name the file and line of an entry, or the file alone where it has none."""
        line = self.lines.get(key)
        file = f"locales/{language}/LC_MESSAGES/messages.po"
        return f"{file}:{line}" if line else file


REVIEWED: Final = "reviewed"
DRAFT: Final = "draft"
STALE: Final = "stale"
MISSING: Final = "missing"
STATES: Final = (REVIEWED, DRAFT, STALE, MISSING)


def state(message: Message, translation: Translation) -> str:
    """Tell how far a message is in a language; empty for one that the language may leave out."""
    key = (message.context, message.text)
    if key in translation.stale:
        return STALE
    if key in translation.reviewed:
        return REVIEWED
    if key in translation.texts:
        return DRAFT
    return "" if message.context in OPTIONAL else MISSING


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
    stale: set[Key] = set()
    reviewed: set[Key] = set()
    lines: dict[Key, int] = {}
    heard: dict[Key, str] = {}
    for entry in catalog:
        if not entry.id or not isinstance(entry.id, str) or not isinstance(entry.string, str):
            continue
        key = (entry.context or "", entry.id)
        lines[key] = entry.lineno or 0
        if entry.fuzzy:
            stale.add(key)
        elif _is_reviewed(entry):
            reviewed.add(key)
        if entry.string.strip() and key[0] in HEARD:
            heard[key] = entry.string
        if entry.string.strip() and (not entry.fuzzy or key[0] in MATCHED):
            texts[key] = entry.string
    return Translation(texts, frozenset(stale), frozenset(reviewed), heard, lines)


_REVIEW: Final = regex.compile(r"reviewed: (\d{4}-\d\d-\d\d) by (.+) \[(\w+)\]")


def review(path: Path, language: str, by: str, on: date, only: str = "") -> int:
    """Note in a catalog that a person has reviewed its texts; return how many were not yet.

    `only` limits it to entries whose place (such as `topics/cart.toml: child.gist`) contains it.
    Stale entries are left out: they are to be translated again first. Raises BrokenCatalogError
    where there is no such entry.
    """
    catalog, count = _parse(path, language), 0
    there = [one for one in catalog if any(only in comment for comment in one.auto_comments)]
    if not there:
        raise BrokenCatalogError(f"{path}: has no entry of {only!r}")
    for entry in there:
        if not (entry.id and entry.string) or entry.fuzzy or _is_reviewed(entry):
            continue
        kept = [line for line in entry.user_comments if not _REVIEW.fullmatch(line)]
        entry.user_comments = [*kept, f"reviewed: {on} by {by} [{_fingerprint(entry)}]"]
        count += 1
    if count:
        path.write_bytes(_written(catalog))
    return count


def _is_reviewed(entry: BabelMessage) -> bool:
    reviews = map(_REVIEW.fullmatch, entry.user_comments)
    return any(one[3] == _fingerprint(entry) for one in reviews if one)


def _fingerprint(entry: BabelMessage) -> str:
    """Tell this English with this translation from every other, so that no change goes unseen."""
    said = "\0".join((entry.context or "", str(entry.id), str(entry.string)))
    return hashlib.sha256(said.encode()).hexdigest()[:8]


def new(folder: Path, language: str, messages: Iterable[Message]) -> Path:
    """Make an empty catalog; raise BrokenCatalogError for a code that is none, or is there."""
    path = folder / language / "LC_MESSAGES" / "messages.po"
    if path.exists():
        raise BrokenCatalogError(f"{path}: is there already")
    try:
        if not _CODE.fullmatch(language):
            raise ValueError(language)
        if Locale.parse(language).language == ENGLISH:
            raise BrokenCatalogError(f"{language!r} needs no catalog: English is in messages/")
    except (UnknownLocaleError, ValueError) as error:
        raise BrokenCatalogError(
            f"{language!r} is no language code such as pt or sr_Latn"
        ) from error
    path.parent.mkdir(parents=True)
    path.write_bytes(_written(_updated(_empty(language), _template(messages))))
    return path


def pseudo(messages: Iterable[Message]) -> Translation:
    """Translate into no language: accented, bracketed and a third longer, to find what is not.

    What shows without brackets is not translated, what has no closing bracket was cut off. Words
    that people text stay as they are.
    """
    texts = {}
    for message in messages:
        sent = message.context in ("", "title")
        texts[message.context, message.text] = _pseudo(message.text) if sent else message.text
    return Translation(texts, heard={key: t for key, t in texts.items() if key[0] in HEARD})


def _pseudo(text: str) -> str:
    parts = regex.split(r"(\{\w+\})", text)
    plain = "".join(p if p.startswith("{") else p.translate(_ACCENTED) for p in parts)
    return f"[{plain}{'~' * (len(text) // 3)}]"


_ACCENTED: Final = str.maketrans("aceinouyACEINOUY", "àçéîñôûýÀÇÉÎÑÔÛÝ")


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
    text = " ".join(line.removeprefix("|").strip() for line in former)
    quoted = regex.findall(r'"(?:[^"\\]|\\.)*"', text)
    if entry.fuzzy and quoted and not entry.previous_id:
        entry.previous_id = ["".join(unescape(part) for part in quoted)]


def _empty(language: str | None = None) -> Catalog:
    return Catalog(
        locale=language, project="answerline", charset="utf-8", header_comment=_HEADER,
        fuzzy=False, creation_date=_NO_DATE, revision_date=_NO_DATE, last_translator="Answerline",
    )  # fmt: skip


def _template(messages: Iterable[Message]) -> Catalog:
    template = _empty()
    for message in messages:
        template.add(
            message.text,
            locations=[(message.file, None)],  # type: ignore[list-item]
            auto_comments=[f"{message.file}: {message.key}", NOTES[message.context]],
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


_CODE: Final = regex.compile(r"(?!und)[a-z]{2,3}(?:_[A-Z][a-z]{3})?")
"""A language and perhaps its script. A territory would make two languages of one name."""


def _check_header(path: Path, language: str) -> None:
    """Raise BrokenCatalogError unless the header says what every tool needs to know."""
    header = path.read_text(encoding="utf-8").partition("\n\n")[0]
    line = header.partition('msgid ""')[0].count("\n") + 1
    for wanted in ("Content-Type: text/plain; charset=utf-8", f"Language: {language}"):
        if f'"{wanted}\\n"'.casefold() not in header.casefold():
            raise BrokenCatalogError(f"{path}:{line}: the header lacks {wanted!r}")


def _parse(path: Path, language: str) -> Catalog:
    try:
        if not _CODE.fullmatch(language):
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


def _written(catalog: Catalog) -> bytes:
    out = BytesIO()
    catalog.header_comment = _BREAKS.sub(" ", catalog.header_comment)
    # One line a text: Babel wraps a former English (`#| msgid`) as prose, which no tool reads back.
    write_po(out, catalog, width=_NO_WRAPPING, include_previous=True)
    # The writer names its own release, so that another one would change every file.
    return _GENERATED_BY.sub(b"", out.getvalue(), count=1)
