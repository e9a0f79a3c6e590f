"""`replies`, `check` and `locales`: for those who care for the content."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import asdict, dataclass
from datetime import UTC, datetime

import click

from bot import catalogs, checks, sms
from bot.config import Config
from bot.console import wording
from bot.content import Content, read
from bot.library import ENGLISH, Answer, Edition
from bot.line import Line
from bot.making import sending
from bot.po_files import BrokenCatalogError
from bot.problems import ContentError, Problem


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that the line can say, with what it costs and how far its translation is.

    `opening` tells that it is cut, and shown, as the first reply to a contact.
    """

    kind: str
    key: str
    language: str
    opening: bool
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

    Each is shown in its longest form, with every hint: first pages also as the first reply to a
    contact, which says more besides. With --json all pages are, as they end elsewhere then.
    """
    content, line, _ = _content(config)
    rows = list(_rows(content, line))
    if as_json:
        body = ",\n".join(json.dumps(asdict(row), ensure_ascii=False) for row in rows)
        click.echo(f"[\n{body}\n]")
        return
    for row in rows:
        if row.opening and row.page > 1:
            continue
        over = "" if row.fits else "  OVER ITS BUDGET"
        over += "  (first reply)" if row.opening else ""
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
        found = [*checks.problems(content, line), *left_out, *wording.problems(config.content)]
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
    click.echo(_table(_status(content, line)))
    click.echo(f"Nothing to mend: {len(line.layout.screens)} screens.")


@click.group()
def locales() -> None:
    """Care for the translations under locales/."""


@locales.command()
@click.pass_obj
def refresh(config: Config) -> None:
    """Bring every catalog up to the English texts.

    messages.pot is extracted from messages/, and console.pot, where the console has catalogs, from
    the code.
    """
    content, folder = read(config.content), config.content / "locales"
    changed = [*catalogs.refresh(folder, content.messages), *wording.refresh(folder)]
    for path in changed:
        click.echo(f"wrote {path.relative_to(config.content)}")
    if not changed:
        click.echo("nothing to do")
    _name_unread(content)


@locales.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON array, an object a line.")
@click.pass_obj
def status(config: Config, as_json: bool) -> None:
    """Show how far each language is, and what its pages cost."""
    content, line, _ = _content(config)
    rows = list(_status(content, line))
    click.echo(json.dumps([asdict(row) for row in rows], indent=1) if as_json else _table(rows))
    _name_unread(content)


def _name_unread(content: Content) -> None:
    """End with status 1 where a catalog could not be read, naming it: the others were."""
    unread = [str(problem) for problem in content.problems if not problem.key]
    if unread:
        raise click.ClickException("\n".join(unread))


@locales.command()
@click.argument("language")
@click.option("--console", is_flag=True, help="One for the words of the console, not the content.")
@click.pass_obj
def new(config: Config, language: str, console: bool) -> None:
    """Make an empty catalog for LANGUAGE, a code such as pt or sr_Latn."""
    folder = config.content / "locales"
    try:
        if console:
            path, count = wording.new(folder, language), len(wording.template())
        else:
            messages = read(config.content).messages
            path, count = catalogs.new(folder, language, messages), len(messages)
    except BrokenCatalogError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"wrote {path.relative_to(config.content)}: {count} to translate")


@locales.command()
@click.argument("language")
@click.option("--by", required=True, help="Who has reviewed it; it stands in the catalog.")
@click.option("--only", default="", help="Only entries of this place, such as cart.toml: child.")
@click.pass_obj
def review(config: Config, language: str, by: str, only: str) -> None:
    """Note that a person has reviewed the translations of LANGUAGE as they stand now.

    The note names the person and the day, and holds for just this English and this translation:
    an entry of which either changes is a draft, or stale, again.
    """
    path = catalogs.files(config.content / "locales").get(language)
    if path is None:
        raise click.BadParameter(f"there is no catalog for {language!r}", param_hint="LANGUAGE")
    if not by.strip() or set("[]\n") & set(by):
        raise click.BadParameter("names nobody", param_hint="--by")
    try:
        today = datetime.now(UTC).date()
        count = catalogs.review(path, language, by.strip(), today, only)
    except BrokenCatalogError as error:
        raise click.ClickException(str(error)) from error
    click.echo(f"{count} newly reviewed in {path.relative_to(config.content)}")


@dataclass(frozen=True, slots=True)
class Status:
    """How far one language is: messages by state, and the mean segments of its answers' pages."""

    language: str
    name: str
    reviewed: int
    draft: int
    stale: int
    missing: int
    pages: int
    mean_segments: float


def _status(content: Content, line: Line) -> Iterator[Status]:
    if not line.layout.base_url:  # full addresses would be most of what is counted
        line = Line.of(line.library, checks.REFERENCE_BASE, line.layout.budget)
    unique = {(m.context, m.text): m for m in content.messages}.values()
    editions = line.library.editions
    for language in dict.fromkeys((*editions, *content.translations)):
        states = Counter({"reviewed": len(unique)} if language == ENGLISH else {})
        if language != ENGLISH:
            states.update(catalogs.state(m, content.translations[language]) for m in unique)
        segments = [
            sms.measure(line.layout.show(label, language, page)).segments
            for label in (editions[language].answers if language in editions else ())
            for page in range(len(line.layout.screen(label, language).pages))
        ]
        name = editions[language].name if language in editions else "(not offered yet)"
        yield Status(
            language, name, states["reviewed"], states["draft"], states["stale"],
            states["missing"], len(segments), round(sum(segments) / max(len(segments), 1), 2),
        )  # fmt: skip


def _table(rows: Iterable[Status]) -> str:
    head = f"{'language':10} {'reviewed':>8} {'draft':>6} {'stale':>6} {'missing':>8}"
    lines = [f"{head} {'pages':>6} {'segments a page':>16}  name"]
    for row in rows:
        counts = f"{row.draft:6} {row.stale:6} {row.missing:8} {row.pages:6}"
        reviewed = "original" if row.language == ENGLISH else str(row.reviewed)
        lines.append(
            f"{row.language:10} {reviewed:>8} {counts} {row.mean_segments:16.2f}  {row.name}"
        )
    return "\n".join(lines)


def _content(config: Config) -> tuple[Content, Line, list[Problem]]:
    content = read(config.content, sending(config))
    budget = sms.Budget(config.gsm7_segments, config.ucs2_segments)
    return content, *checks.set_up(content, config.public_base_url, budget)


def _rows(content: Content, line: Line) -> Iterator[Row]:
    for (label, language, opening), screen in line.layout.screens.items():
        edition = line.library.editions[language]
        answer = edition.answers.get(label)
        extras = line.layout.opening_lines(edition) if opening else ()
        for page in range(len(screen.pages)):
            text = line.layout.show(label, language, page, opening=opening, extras=extras)
            kind, state = "list", _draft(edition)
            if answer:
                kind, state = "answer", _answer_state(edition, answer)
            about = (kind, label, language, opening, page, len(screen.pages))
            yield _row(*about, text=text, state=state, line=line)
    for language, edition in line.library.editions.items():
        english = {m.key: m for m in content.messages if m.file == "messages/phrases.toml"}
        for key in edition.phrases:
            longest = max(edition.titles.values(), key=len)
            said = edition.say(key, **_slots(line, language, longest))
            state = "original"
            if language != ENGLISH:
                state = catalogs.state(english[key], content.translations[language])
            shown = [said] if key in checks.IN_ONE_MESSAGE else _in_pages(said, language, line)
            for page, text in enumerate(shown):
                about = ("phrase", key, language, False, page, len(shown))
                yield _row(*about, text=text, state=state, line=line)


def _slots(line: Line, language: str, title: str) -> dict[str, object]:
    """Fill in the longest of what phrases have room for."""
    documents = line.library.documents.values()
    titles = [one.titles.get(language) or one.titles[ENGLISH] for one in documents]
    publishers = [one.publishers.get(language) or one.publishers[ENGLISH] for one in documents]
    headings = [one.heading for document in documents for one in document.sections.values()]
    return {
        "title": title, "number": 99, "page": 9, "pages": 9, "english": "EN",
        "source": max(titles, key=len), "publisher": max(publishers, key=len),
        "section": max(headings, key=len), "date": "2026-12-31",
    }  # fmt: skip


def _in_pages(text: str, language: str, line: Line) -> list[str]:
    """Cut a phrase as MORE would say it."""
    pages = []
    while not line.layout.fits(text):
        page, text = line.layout.begun(text, language)
        pages.append(page)
    return [*pages, text]


def _draft(edition: Edition) -> str:
    if edition.language == ENGLISH:
        return "original"
    return catalogs.DRAFT if edition.draft else catalogs.REVIEWED


def _answer_state(edition: Edition, answer: Answer) -> str:
    """Give the state of an answer, and whether it is sent in English for that."""
    if edition.language == ENGLISH:
        return "original"
    return answer.state if answer.language == edition.language else f"{answer.state}, in English"


def _row(
    kind: str, key: str, language: str, opening: bool, page: int, pages: int,
    *, text: str, state: str, line: Line,
) -> Row:  # fmt: skip
    size = sms.measure(text)
    return Row(
        kind, key, language, opening, page + 1, pages, text,
        size.encoding, size.units, size.segments, line.layout.fits(text), state,
    )  # fmt: skip
