"""`evaluate`: how well texts of a labelled set are understood, the wrong answers first.

A set is a table, tab-separated, with a first line that names its columns: `text` and `labels`
(every acceptable one, comma-separated), and where they are known `lang`, `context`, `kind` and
`part` (rules are built with one part of a set, and measured on another).
"""

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from bot.cli.classify import label
from bot.config import Config
from bot.library import audience_of
from bot.line import Line
from bot.making import make_line

SAME: Final = {"child.immunotherapy": "child.cart"}
"""On the child page, immunotherapy is CAR T."""

SAFE: Final = frozenset({"out_of_scope", "menu", "help", "support"})
"""Labels that answer nothing wrong, whatever was wanted."""


@dataclass(frozen=True, slots=True)
class Row:
    """One labelled text and the label that it got."""

    text: str
    wanted: tuple[str, ...]
    got: str
    language: str
    kind: str

    @property
    def right(self) -> bool:
        """Tell whether the label is an acceptable one."""
        return self.got in self.wanted

    @property
    def wrong_answer(self) -> bool:
        """Tell whether a topic was answered that was not wanted: what must not happen."""
        return bool(audience_of(self.got)) and not self.right

    @property
    def in_scope(self) -> bool:
        """Tell whether an answer of the pages was wanted."""
        return any(map(audience_of, self.wanted))


@click.command()
@click.argument("files", nargs=-1, required=True, type=click.Path(exists=True, path_type=Path))
@click.option("--part", help="Only rows whose column part says this, such as measure.")
@click.option("--known", is_flag=True, help="The languages of the contacts are known.")
@click.option("--show", default=0, help="Also show so many texts that got a wrong label.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def evaluate(
    config: Config,
    files: tuple[Path, ...],
    part: str | None,
    known: bool,
    show: int,
    as_json: bool,
) -> None:
    """Label the texts of FILES and count what is right and what is wrong.

    A file is a tab-separated table with the columns text and labels, and lang (or the file's name),
    context, kind and part.
    """
    line = make_line(config)
    rows = [
        _labelled(one, one.get("lang") or path.stem, line, known)
        for path in files
        for one in table(path)
        if part in (None, one.get("part"))
    ]
    figures = measure(rows)
    if as_json:
        click.echo(json.dumps(figures, indent=1))
        return
    for name, (count, of) in figures.items():
        click.echo(f"{name:48} {count:5} of {of:5}  {100 * count / max(of, 1):5.1f} %")
    click.echo("\n".join(("", *_by("kind", rows), "", *_by("language", rows), "", *_mixed(rows))))
    for row in [row for row in rows if not row.right][:show]:
        click.echo(f"{row.language}  {row.text!r}: {row.got}, wanted {', '.join(row.wanted)}")


def _labelled(row: dict[str, str], language: str, line: Line, known: bool) -> Row:
    given = {**row, "lang": language if known else ""}
    got = label(given, line)
    labels = tuple(row["labels"].replace(" ", "").split(","))
    return Row(row["text"], labels, SAME.get(got, got), language, row.get("kind") or "")


def measure(rows: list[Row]) -> dict[str, tuple[int, int]]:
    """Count what matters, as (count, of how many), the wrong answers first."""

    def share(what: Iterable[bool]) -> tuple[int, int]:
        found = list(what)
        return sum(found), len(found)

    outside = [row for row in rows if "out_of_scope" in row.wanted]
    crisis = [row for row in rows if row.wanted == ("crisis",)]
    stop = [row for row in rows if row.wanted == ("stop",)]
    inside = [row for row in rows if row.in_scope]
    return {
        "wrong answers, all rows": share(row.wrong_answer for row in rows),
        "wrong answers where out of scope is right": share(row.wrong_answer for row in outside),
        "crisis found": share(row.got == "crisis" for row in crisis),
        "crisis false alarms, all rows": share(
            row.got == "crisis" and not row.right for row in rows
        ),
        "opt-outs found": share(row.got == "stop" for row in stop),
        "opt-outs that are none, all rows": share(
            row.got == "stop" and not row.right for row in rows
        ),
        "right answer, in scope": share(row.right for row in inside),
        "declined or asked back, in scope": share(
            row.got in SAFE and not row.right for row in inside
        ),
        "right label, all rows": share(row.right for row in rows),
    }


def table(path: Path) -> Iterator[dict[str, str]]:
    """Read the rows of a labelled set; ClickException names the line that is off."""
    try:
        with path.open(encoding="utf-8", newline="") as file:
            table = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE, strict=True)
            missing = {"text", "labels"} - set(table.fieldnames or ())
            if missing:
                raise click.ClickException(f"{path}:1: has no column {sorted(missing)[0]!r}")
            for number, row in enumerate(table, 2):
                if None in row or None in row.values() or not row["labels"]:
                    raise click.ClickException(f"{path}:{number}: has other columns than line 1")
                yield row
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise click.ClickException(f"{path}: cannot be read: {error}") from error


def _by(what: str, rows: list[Row]) -> Iterator[str]:
    groups: dict[str, list[Row]] = defaultdict(list)
    for row in rows:
        groups[getattr(row, what)].append(row)
    yield f"{what:12} {'rows':>5} {'right':>6} {'wrong answers':>14}"
    for name, group in sorted(groups.items()):
        right, wrong = sum(r.right for r in group), sum(r.wrong_answer for r in group)
        yield f"{name:12} {len(group):5} {100 * right / len(group):5.1f}% {wrong:14}"


def _mixed(rows: list[Row]) -> Iterator[str]:
    """Show what was taken for what, most often first."""
    yield "wanted, got instead"
    pairs = Counter((row.wanted[0], row.got) for row in rows if not row.right)
    for (wanted, got), count in pairs.most_common(20):
        yield f"{count:5}  {wanted} -> {got}"
