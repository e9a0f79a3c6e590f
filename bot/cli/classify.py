"""`classify`: labels for texts, JSON lines in and out, by what the line itself would answer."""

import json
import sys
from typing import Any

import click

from bot.config import Config
from bot.conversation import respond
from bot.library import audience_of
from bot.line import Line
from bot.making import make_line
from bot.model import Conversation, Inbound, Reply
from bot.understanding import Note


@click.command()
@click.pass_obj
def classify(config: Config) -> None:
    """Read {"id", "text", "lang", "context"} a line and write {"id", "label"} a line.

    `lang` is the contact's language and `context` the label answered just before; both may be
    absent. A line that cannot be read is named on stderr, and the exit status is 1.
    """
    line = make_line(config)
    bad = 0
    for number, raw in enumerate(sys.stdin.buffer if sys.stdin else (), 1):
        if not raw.strip():
            continue
        try:
            row = _row(raw)
        except (ValueError, RecursionError) as error:
            click.echo(f"line {number}: {error}", err=True)
            bad += 1
            continue
        said = {"id": row.get("id"), "label": label(row, line)}
        click.echo(json.dumps(said))
    if bad:
        raise click.ClickException(f"{bad} lines were not read")


def label(row: dict[str, Any], line: Line) -> str:
    """Label one text as a contact of that language, after that answer, would have it answered."""
    language = str(row.get("lang") or "").replace("-", "_")
    if language not in line.library.editions:  # hi-Latn: Hindi, in Latin letters
        language = language.partition("_")[0]
    got = answered(row["text"], line, language, str(row.get("context") or "")).label
    return got.replace("_", "-") if got.startswith("language:") else got


def answered(
    text: str,
    line: Line,
    language: str = "",
    context: str = "",
    audience: str = "",
    note: Note = None,
) -> Reply:
    """Answer a text of a contact who is answered in a language and was just given an answer."""
    before = Conversation(
        language=language,
        audience=audience or audience_of(context),
        screen=context,
        introduced=True,
    )
    return respond(Inbound("classify", "", "", text), before, line, 0, note)[0]


def _row(raw: bytes) -> dict[str, Any]:
    row: Any = json.loads(raw.decode("utf-8"))
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        raise ValueError('is not an object with a "text"')
    return row
