"""A catalog as tools, merges and editors may leave it: read whole, or named as broken.

An input is the file's bytes. Its first byte says whether a sound header is put before them, as few
of them would have one, and what is done with what was read.
"""

import re
from collections.abc import Callable, Iterable
from datetime import date
from pathlib import Path
from typing import Final

from bot import catalogs
from bot.catalogs import NOTES, STATES, Message, Translation
from bot.line import Line
from bot.po_files import BrokenCatalogError
from tests.fuzz.shapes import taken

HEADER: Final = b"""\
# Translations
msgid ""
msgstr ""
"Language: fr\\n"
"Plural-Forms: nplurals=2; plural=(n > 1);\\n"
"Content-Type: text/plain; charset=utf-8\\n"

"""
_PLACE: Final = re.compile(r".*?\.po:(?:\d+:)? ")
DAY: Final = date(2026, 11, 28)


def words(_: Callable[[], Line]) -> Iterable[bytes]:
    """Give what catalogs are made of, and what their headers and tools may say."""
    found = (
        'msgid "', 'msgstr "', 'msgctxt "', 'msgid_plural "', 'msgstr[0] "', 'msgstr[1] "', '"\n',
        "\n\n", "#, fuzzy\n", "#| msgid ", "#~ msgid ", "#~ msgstr ", "#. topics/cart.toml: a\n",
        "#: topics/cart.toml\n", "# reviewed: 2026-11-28 by A. Reviewer [01234567]\n", '\\"', "\\n",
        "\\\\", "\r\n", "\u2028", "\ufeff", "Content-Type: text/plain; charset=", "utf-16", "rot13",
        "Plural-Forms: nplurals=", "plural=", "Language: ", "POT-Creation-Date: ", "#, c-format\n",
        "title", "keywords", "carrier", "command", "{call}", "#~| msgid ", "MIME-Version: ",
    )  # fmt: skip
    return (one.encode() for one in found)


def make(folder: Path, _: Callable[[], Line]) -> Callable[[bytes], None]:
    """Make the target, with a catalog of its own in a folder."""
    path = folder / "locales" / "fr" / "LC_MESSAGES" / "messages.po"
    path.parent.mkdir(parents=True)
    return lambda data: check(folder / "locales", path, data)


def check(folder: Path, path: Path, data: bytes) -> None:
    """Read a catalog; review it, and bring it up to the English that it has already."""
    (kind,), data = taken(data, 1)
    path.write_bytes(HEADER + data if kind & 1 else data)
    broken, read = "", Translation({})
    try:
        read = catalogs.read(path, "fr")
    except BrokenCatalogError as error:
        broken = str(error)
    if broken:
        assert broken.startswith(f"{path}:"), "it is not said which file is broken"
        return
    _sound(read)
    if kind & 2:
        _reviewed(path, read)
    if kind & 4:
        _refreshed(folder, path, read)


def _sound(read: Translation) -> None:
    assert read.texts.keys() | read.stale | read.reviewed | read.heard.keys() <= read.lines.keys()
    assert not read.stale & read.reviewed, "what is stale counts as reviewed"
    assert all(text.strip() for text in (*read.texts.values(), *read.heard.values()))
    for context, english in read.lines:
        found = catalogs.state(Message(english, context, "file", "key"), read)
        assert found in (*STATES, "")
        assert read.where("fr", (context, english)).startswith("locales/fr/")


def _reviewed(path: Path, read: Translation) -> None:
    """Review it twice: no text may change, and the second time nothing is left to do."""
    try:
        count = catalogs.review(path, "fr", "A. Reviewer", DAY)
    except BrokenCatalogError:
        return  # nothing in it says where it comes from
    after = _again(path, "a review")
    assert after.texts == read.texts, "a review changed a text"
    assert after.heard == read.heard, "a review changed a word that is listened for"
    assert after.stale == read.stale, "a review changed what is stale"
    assert after.reviewed >= read.reviewed, "a review was lost"
    assert len(after.reviewed - read.reviewed) <= count
    plurals = b"msgid_plural" in path.read_bytes()  # which are reviewed, and never read
    again = catalogs.review(path, "fr", "A. Reviewer", DAY)
    assert again == 0 or plurals, "a review does not hold"


def _again(path: Path, done: str) -> Translation:
    """Read what was written: whoever has a sound file must still have one."""
    broken = ""
    try:
        return catalogs.read(path, "fr")
    except BrokenCatalogError as error:
        broken = _PLACE.sub("", str(error)).partition(" '")[0]  # and not which or what
    raise AssertionError(f"after {done} it cannot be read: {broken}")


def _refreshed(folder: Path, path: Path, read: Translation) -> None:
    """Refresh it twice with its own English: what is translated stays, the second does nothing."""
    messages = [
        Message(english, context, "messages/phrases.toml", "key")
        for context, english in read.lines
        if context in NOTES
    ]
    kept = {(one.context, one.text) for one in messages}
    before = catalogs.read(path, "fr")  # it may have been reviewed meanwhile
    catalogs.refresh(folder, messages)
    after = _again(path, "refreshing")
    for key in kept:
        assert after.texts.get(key) == before.texts.get(key), "refreshing changed a text"
        assert after.heard.get(key) == before.heard.get(key), "refreshing changed a heard word"
    assert after.reviewed >= before.reviewed & kept, "refreshing lost a review"
    assert catalogs.refresh(folder, messages) == [], "refreshing twice is not refreshing once"
