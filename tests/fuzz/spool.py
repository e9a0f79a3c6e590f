"""The spool's file, whatever a crash, a full disk or an editor left in it.

An input is rows: whole entries, lines that are none, marks, and ends without a line feed. Whatever
the others are, each entry that stands whole on a line of its own is found, and taken up in order.
"""

from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec

from bot.line import Line
from bot.model import Reply
from bot.spool import HEAD, Entry, Spool
from tests.fuzz.shapes import PART, fields, taken, text

AWAY = "away again"


def words(_: Callable[[], Line]) -> Iterable[bytes]:
    """Give what stands in a file: keys, marks, values of other types."""
    found = (
        '{"message":"', '","contact":"Yw==","at":', ',"reply":{"label":"menu"', ',"text":"',
        ',"opted_out":true', ',"opted_out":null', ',"former":""', "}}", "# ", "\n", "\r\n",
        "\\ud800", "1e400", "[[[[", "null", "-0", "9223372036854775808",
    )  # fmt: skip
    return (one.encode() for one in found)


def make(folder: Path, _: Callable[[], Line]) -> Callable[[bytes], None]:
    """Make the target, with one file in a folder."""
    path = folder / "spool"
    return lambda data: check(path, data)


def check(path: Path, data: bytes) -> None:
    """Write a file, read it as another process would, write to it and take it up."""
    (breaks_after, kept), data = taken(data, 2)
    content, made = _file(data)
    path.write_bytes(content)
    spool = Spool(path)
    before = wanted = _whole(content)
    assert _in_order(made, wanted), "an entry cannot be read back"
    _found(spool, wanted)
    added = Entry("added", b"contact", kept, Reply("stop"), (True, False, None)[kept % 3])
    if kept % 2:
        spool.keep(added)
        wanted = _whole(path.read_bytes())
        assert wanted[-1] == added, "what was kept last is not there"
        assert wanted[: len(before)] == before, "keeping one changed others"
        _found(spool, wanted)
    _taken_up(spool, wanted, breaks_after)


def _taken_up(spool: Spool, wanted: list[Entry], breaks_after: int) -> None:
    """Take all up, in two goes where the store goes away between them."""
    got: list[Entry] = []

    def take(entry: Entry) -> None:
        if len(got) == breaks_after:
            raise ConnectionError(AWAY)
        got.append(entry)

    try:
        count = spool.drain(take)
        assert count == len(wanted), "the count is wrong"
    except ConnectionError:
        assert got == wanted[:breaks_after], "entries were passed over"
        _found(spool, wanted[breaks_after:])
        assert spool.drain(got.append) == len(wanted) - breaks_after
    assert got == wanted, "entries were lost, doubled or moved"
    if wanted:
        _found(spool, [])
        assert spool.drain(got.append) == 0, "an entry was taken twice"


def _found(spool: Spool, wanted: list[Entry]) -> None:
    """Ask for every message and contact; the last entry of each counts."""
    for message, entry in {one.message: one for one in wanted}.items():
        assert spool.find(message) == entry, "a message is not found"
    asked = {one.contact: one.opted_out for one in wanted if one.opted_out is not None}
    for entry in wanted:
        assert spool.opted_out(entry.contact) is asked.get(entry.contact), "an opt-out is not known"
    assert spool.find("never sent") is None
    assert not wanted or spool.pending()


def _file(data: bytes) -> tuple[bytes, list[Entry]]:
    """Make a file's bytes, and give the entries that stand whole on lines of their own."""
    content, made, whole = b"", [], True
    for row in fields(data):
        (kind,), row = taken(row, 1)
        if kind % 4 == 0:
            entry = _entry(row)
            line = msgspec.json.encode(entry)
            if whole:
                made.append(entry)
            content += line + b"\n"
            whole = True
        elif kind % 4 == 1:
            content += row + b"\n"
            whole = True
        elif kind % 4 == 2:
            content += row  # the next one begins in the middle of this
            whole = content.endswith(b"\n") or not content
        else:
            content += HEAD + row + b"\n"
            whole = True
    return content, made


def _entry(data: bytes) -> Entry:
    (at, opted_out), data = taken(data, 2)
    parts = [text(one).encode("utf-8", "replace") for one in fields(data, PART, 4)]
    message, contact, label, said = (*parts, b"", b"", b"", b"")[:4]
    return Entry(
        message.decode(), contact, (at - 128) ** 9 // 2, Reply(label.decode(), said.decode()),
        (None, True, False)[opted_out % 3], contact if opted_out & 4 else b"",
    )  # fmt: skip


def _whole(content: bytes) -> list[Entry]:
    """Read a file as simply as can be: what lies between two line feeds, if it is an entry."""
    found = []
    for line in content.split(b"\n")[:-1]:
        if not line.startswith(HEAD):
            try:
                found.append(msgspec.json.decode(line, type=Entry))
            except (msgspec.MsgspecError, ValueError, RecursionError):
                continue
    return found


def _in_order(some: list[Entry], every: list[Entry]) -> bool:
    rest = iter(every)
    return all(one in rest for one in some)
