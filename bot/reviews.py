"""What editors have said of each answer: messages/reviews.toml, read and written.

An answer is held back while it is `withdrawn`, once its `review_by` date has passed, or when what
it cites is recorded otherwise than when it was signed off; a person who asks is told that it is
being checked. Nothing else of it changes, so one line brings it back.
"""

import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from pathlib import Path
from typing import Final

import msgspec
import tomlkit
from tomlkit.items import SingleKey, Table

from bot.facts import fingerprint
from bot.library import Answer, Document, Review
from bot.marking import to_translate

FILE: Final = "messages/reviews.toml"
MOVED: Final = to_translate("its source is not what was signed off")
HEADER: Final = """\
What editors have said of each answer; one stands here once it was signed off or withdrawn.
`answerline documents sign-off`, `withdraw` and `compare --accept` write it. An answer that is
withdrawn, or whose review_by date has passed, is not sent: whoever asks is told that it is being
checked.
"""

Problem = Callable[[str, str, str, bool], None]
"""Takes down a fault: file, key, what is wrong, whether the line must not start on it."""


class SignedOff(msgspec.Struct, forbid_unknown_fields=True):
    """Who has signed an answer off, when, and marks of what it said and what its source was."""

    by: str
    on: date
    text: str
    source: str


class ReviewFile(msgspec.Struct, forbid_unknown_fields=True):
    """One answer of messages/reviews.toml."""

    withdrawn: date | None = None
    because: str = ""
    review_by: date | None = None
    signed_off: SignedOff | None = None


def read(
    root: Path,
    answers: Mapping[str, Answer],
    documents: Mapping[str, Document],
    problem: Problem,
) -> dict[str, Review]:
    """Read what has been said of the answers; nothing where the file is not there.

    A fault is fatal: what was held back must not be sent because a line could not be read.
    """
    try:
        data = tomllib.loads((root / FILE).read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (ValueError, RecursionError, OSError) as error:
        problem(FILE, "", f"cannot be read: {error}", True)
        return {}
    found: dict[str, Review] = {}
    for label, table in data.items():
        if label not in answers:
            problem(FILE, label, "is no answer such as adult.cart", True)
            continue
        try:
            one = msgspec.convert(table, ReviewFile)
        except msgspec.ValidationError as error:
            problem(FILE, label, str(error), True)
            continue
        signed = one.signed_off
        moved = signed is not None and signed.source != source_mark(answers[label], documents)
        found[label] = Review(
            withdrawn=one.withdrawn,
            because=one.because or (MOVED if moved else ""),
            review_by=one.review_by,
            signed_off_by=signed.by if signed else "",
            signed_off_on=signed.on if signed else None,
            source_moved=moved,
            text_changed=signed is not None and signed.text != text_mark(answers[label]),
        )
    return found


def withdrawn(root: Path) -> frozenset[str]:
    """Name the answers that are withdrawn; none where the file cannot be read (see `read`)."""
    try:
        data = tomllib.loads((root / FILE).read_text(encoding="utf-8"))
    except (ValueError, RecursionError, OSError):
        return frozenset()
    return frozenset(
        label for label, one in data.items() if isinstance(one, dict) and "withdrawn" in one
    )


def withdraw(root: Path, labels: Iterable[str], because: str, on: date) -> None:
    """Hold answers back from now on."""
    file = _open(root)
    for label in labels:
        table = _table(file, label)
        table["withdrawn"] = on
        table["because"] = because
    _save(root, file)


def sign_off(
    root: Path,
    answer: Answer,
    documents: Mapping[str, Document],
    by: str,
    on: date,
    review_by: date | None,
) -> None:
    """Note that an editor stands for an answer as it is, and send it again."""
    file = _open(root)
    table = _table(file, answer.label)
    for name in ("withdrawn", "because", *(("review_by",) if review_by else ())):
        table.pop(name, None)
    if review_by:
        table["review_by"] = review_by
    signed = tomlkit.inline_table()
    signed.update(
        {"by": by, "on": on, "text": text_mark(answer), "source": source_mark(answer, documents)}
    )
    table["signed_off"] = signed
    _save(root, file)


def text_mark(answer: Answer) -> str:
    """Tell what an answer says in English from every other."""
    return fingerprint("\n".join(answer.texts))


def source_mark(answer: Answer, documents: Mapping[str, Document]) -> str:
    """Tell the paragraphs that an answer cites, as recorded, from every other."""
    marks = []
    for source in answer.sources:
        paragraphs = documents[source.document].sections[source.section].paragraphs
        marks += [one.fingerprint for one in paragraphs[source.first - 1 : source.last]]
    return fingerprint(" ".join(sorted(set(marks))))


def _open(root: Path) -> tomlkit.TOMLDocument:
    path = root / FILE
    if path.exists():
        return tomlkit.parse(path.read_text(encoding="utf-8"))
    file = tomlkit.document()
    for line in HEADER.splitlines():
        file.add(tomlkit.comment(line))
    return file


def _table(file: tomlkit.TOMLDocument, label: str) -> Table:
    if label not in file:
        file.add(tomlkit.nl())
        file.add(SingleKey(label), tomlkit.table())
    table = file[label]
    assert isinstance(table, Table)  # noqa: S101 - `read` takes nothing else
    return table


def _save(root: Path, file: tomlkit.TOMLDocument) -> None:
    (root / FILE).write_text(tomlkit.dumps(file), encoding="utf-8")
