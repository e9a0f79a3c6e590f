"""`replies`, `check` and `locales`: for those who care for the content."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

import click

from bot import catalogs, checks, sms
from bot.config import Config
from bot.content import Content, read
from bot.editions import ContentError, Problem
from bot.library import ENGLISH
from bot.speaker import Line


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that the line can say, with what it costs and how far its translation is."""

    kind: str
    key: str
    language: str
    page: int
    pages: int
    text: str
    encoding: str
    units: int
    segments: int
    fits: bool
    state: str


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array, an object a line.")
@click.pass_obj
def replies(config: Config, as_json: bool) -> None:
    """Show every page of every answer, and every phrase, in every language.

    Each is shown in its longest form: as the first reply to a contact, with every hint.
    """
    content, line, _ = _content(config)
    rows = list(_rows(content, line))
    if as_json:
        body = ",\n".join(json.dumps(asdict(row), ensure_ascii=False) for row in rows)
        click.echo(f"[\n{body}\n]")
        return
    for row in rows:
        over = "" if row.fits else "  OVER ITS BUDGET"
        page = f" {row.page}/{row.pages}" if row.pages > 1 else ""
        size = f"{row.encoding} {row.units} units, {row.segments} segments"
        click.echo(f"{row.language} {row.key}{page} ({row.state}; {size}){over}")
        click.echo("".join(f"    {part}\n" for part in row.text.split("\n")))


@click.command()
@click.pass_obj
def check(config: Config) -> None:
    """Find everything that can be wrong with content and catalogs; exit status 1 if anything is."""
    try:
        content, line, left_out = _content(config)
        found = [*checks.problems(content, line), *left_out]
    except ContentError as error:
        found, notices = error.problems, []
    else:
        notices = checks.notices(line)
    for notice in notices:
        click.echo(notice)
    for problem in found:
        click.echo(problem, err=True)
    if found:
        raise click.ClickException(f"{len(found)} to mend")
    languages = ", ".join(line.library.editions)
    click.echo(f"Nothing to mend: {len(line.layout.screens)} screens in {languages}.")


@click.group()
def locales() -> None:
    """Care for the translations under locales/."""


@locales.command()
@click.pass_obj
def refresh(config: Config) -> None:
    """Extract messages.pot from messages/ and bring every catalog up to it."""
    content = read(config.content)
    changed = catalogs.refresh(config.content / "locales", content.messages)
    for path in changed:
        click.echo(f"wrote {path.relative_to(config.content)}")
    if not changed:
        click.echo("nothing to do")


def _content(config: Config) -> tuple[Content, Line, list[Problem]]:
    content = read(config.content)
    budget = sms.Budget(config.gsm7_segments, config.ucs2_segments)
    return content, *checks.set_up(content, config.public_base_url, budget)


def _rows(content: Content, line: Line) -> Iterator[Row]:
    originals = {m.text for m in content.messages}
    for (label, language), screen in line.layout.screens.items():
        edition = line.library.editions[language]
        answer = edition.answers.get(label)
        state = "draft" if language != ENGLISH else "original"
        if answer and answer.language != language:
            state = "in English"
        for page in range(len(screen.pages)):
            text = line.layout.show(label, language, page, intro=True)
            kind = "answer" if answer else "list"
            yield _row(kind, label, language, page, len(screen.pages), text, state, line)
    for language, edition in line.library.editions.items():
        for key, text in edition.phrases.items():
            same = language != ENGLISH and text in originals
            state = "original" if language == ENGLISH else "in English" if same else "draft"
            longest = max(edition.titles.values(), key=len)
            said = edition.say(key, title=longest, number=99, page=9, pages=9)
            yield _row("phrase", key, language, 0, 1, said, state, line)


def _row(
    kind: str, key: str, language: str, page: int, pages: int, text: str, state: str, line: Line
) -> Row:
    size = sms.measure(text)
    return Row(
        kind, key, language, page + 1, pages, text,
        size.encoding, size.units, size.segments, line.layout.fits(text), state,
    )  # fmt: skip
