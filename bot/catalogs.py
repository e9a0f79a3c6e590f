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
from datetime import date
from pathlib import Path
from typing import Final

import regex
from babel.messages.catalog import Catalog
from babel.messages.catalog import Message as BabelMessage

from bot import po_files
from bot.po_files import BrokenCatalogError

DOMAIN: Final = "messages"
_HEADER: Final = """\
# Translations of Answerline. Translations that no qualified person has reviewed are drafts.
#"""

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
    return state_of((message.context, message.text), translation)


def lowest(texts: Iterable[str], translation: Translation) -> str:
    """Tell how far texts are that are sent together: as far as the one that lacks most."""
    return max((state_of(("", text), translation) for text in texts), key=STATES.index)


def state_of(key: Key, translation: Translation) -> str:
    """Tell how far an entry is; empty for one that a language may leave out."""
    if key in translation.stale:
        return STALE
    if key in translation.reviewed:
        return REVIEWED
    if key in translation.texts:
        return DRAFT
    return "" if key[0] in OPTIONAL else MISSING


def files(folder: Path) -> dict[str, Path]:
    """Find the catalogs: language code to file, in the order of the codes."""
    return po_files.files(folder, DOMAIN)


def read(path: Path, language: str) -> Translation:
    """Read one catalog; raise BrokenCatalogError with the line where there is one."""
    catalog = po_files.parse(path, language)
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
    catalog, count = po_files.parse(path, language), 0
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
        path.write_bytes(po_files.written(catalog))
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
    return po_files.begin(folder, DOMAIN, language, _template(messages), _HEADER)


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
    return po_files.write(po_files.behind(folder, DOMAIN, _template(messages), _HEADER))


def outdated(folder: Path, messages: Iterable[Message]) -> list[Path]:
    """Name the files that `refresh` would change."""
    return list(po_files.behind(folder, DOMAIN, _template(messages), _HEADER))


def _template(messages: Iterable[Message]) -> Catalog:
    template = po_files.empty(_HEADER)
    for message in messages:
        template.add(
            message.text,
            locations=[(message.file, None)],  # type: ignore[list-item]
            auto_comments=[f"{message.file}: {message.key}", NOTES[message.context]],
            context=message.context or None,
        )
    return template
