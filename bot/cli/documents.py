"""`documents`: the pages that answers come from, and who stands for each answer."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import click

from bot import citations, page_files, records, reviews
from bot.compare import Comparison, compare, likeness
from bot.config import Config
from bot.content import Content, read, read_checks
from bot.facts import Wanted, paragraph
from bot.fidelity import wanted, wanted_in_english
from bot.library import ENGLISH, Answer, Document, Review, Section
from bot.model import AUDIENCES
from bot.page_files import Part, UnreadableError

ID = re.compile(r"[a-z0-9]+(-[a-z0-9]+)*")
FETCH_SECONDS = 20
CHANGED, UNREADABLE = 1, 2
"""Exit statuses of `compare`."""


@dataclass(frozen=True, slots=True)
class Found:
    """A page as it stands: where it was read, which recorded one it is, and what has changed."""

    where: str
    document: Document
    comparison: Comparison


@click.group()
def documents() -> None:
    """Care for the pages that answers come from: messages/documents.toml."""


@documents.command("compare")
@click.argument("paths", nargs=-1, type=click.Path(exists=True, path_type=Path))
@click.option("--live", is_flag=True, help="Fetch each page from its English address.")
@click.option("--accept", is_flag=True, help="Record the pages so, and hold touched answers back.")
@click.pass_obj
def compare_pages(config: Config, paths: tuple[Path, ...], live: bool, accept: bool) -> None:
    """Compare pages as they stand with what is recorded of them.

    PATHS are files saved from a browser as text or HTML, or folders of them. Ends with status 0
    where nothing has changed, 1 where something has, and 2 where a page could not be read.
    """
    if bool(paths) == live:
        raise click.UsageError("name files or folders, or --live")
    content = read(config.content)
    try:
        found = list(_live(content) if live else _saved(content, paths))
    except UnreadableError as error:
        click.echo(f"Error: {error}", err=True)
        raise SystemExit(UNREADABLE) from error
    missing = content.library.documents.keys() - {one.document.id for one in found}
    for one in found:
        _tell(one, content)
    for id in sorted(missing):
        click.echo(f"{id}: not compared")
    if accept:
        for one in found:
            _accept(one, content)
    if any(one.comparison.changes for one in found):
        raise SystemExit(CHANGED)


@documents.command("sign-off")
@click.argument("answer")
@click.option("--by", required=True, help="Who stands for it; the name is kept in the content.")
@click.option("--review-by", type=click.DateTime(["%Y-%m-%d"]), help="Hold it back after this day.")
@click.pass_obj
def sign_off(config: Config, answer: str, by: str, review_by: datetime | None) -> None:
    """Note that an editor stands for ANSWER, such as adult.cart, as it is; it is sent again."""
    content = read(config.content)
    _known(content, answer)
    if not by.strip() or "\n" in by:
        raise click.BadParameter("names nobody", param_hint="--by")
    until = review_by.date() if review_by else None
    if until and until < _today():
        raise click.BadParameter(f"{until} is over", param_hint="--review-by")
    own = answers_of(content)[answer]
    editions = content.library.editions.items()
    said = [one.answers[answer] for code, one in editions if one.answers[answer].language == code]
    unfounded = [problem for one in said for problem in citations.of_answer(content, one)]
    if unfounded:
        raise click.ClickException("\n".join(map(str, unfounded)))
    reviews.sign_off(config.content, own, content.library.documents, by.strip(), _today(), until)
    if _overdue(content.library.reviews.get(answer)) and until is None:
        click.echo(f"{answer} stays held back: set another day with --review-by", err=True)
    click.echo(f"{answer} is signed off by {by.strip()}, {_today()}: {reviews.FILE}")


@documents.command()
@click.argument("answer")
@click.option("--because", required=True, help="Why; it is kept in the content.")
@click.pass_obj
def withdraw(config: Config, answer: str, because: str) -> None:
    """Hold ANSWER back: whoever asks is told that it is being checked."""
    _known(read(config.content), answer)
    reviews.withdraw(config.content, [answer], because, _today())
    click.echo(f"{answer} is withdrawn: {reviews.FILE}")


@documents.command()
@click.pass_obj
def status(config: Config) -> None:
    """Show who stands for each answer, what is held back, and which paragraphs none cites."""
    content = read(config.content)
    for label in content.library.editions[ENGLISH].answers:
        review = content.library.reviews.get(label)
        page = content.library.document(label)
        click.echo(f"{label:22} {_state(review):40} {page.id}, compared {page.compared}")
    rows = list(citations.coverage(content))
    left = [one for one in rows if not one.labels]
    for one in left:
        click.echo(f"no answer cites {one.document}#{one.section}:{one.paragraph}")
    click.echo(f"{len(rows) - len(left)} of {len(rows)} paragraphs are cited.")


@documents.command()
@click.argument("page", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--id", "id", required=True, help="A short name for it: small letters and dashes.")
@click.option("--audience", required=True, type=click.Choice(AUDIENCES), help="Whom it is for.")
@click.option("--url", "urls", multiple=True, required=True, help="LANGUAGE=ADDRESS, en first.")
@click.option("--publisher", "publishers", multiple=True, required=True, help="LANGUAGE=NAME.")
@click.option("--title", "titles", multiple=True, help="LANGUAGE=TITLE, beside the English one.")
@click.option("--leave-out", multiple=True, help="How paragraphs begin that are to be left out.")
@click.option("--ends-at", default="", help="The heading where the page's own text is over.")
@click.pass_obj
def add(config: Config, /, page: Path, id: str, **told: Any) -> None:
    """Record PAGE, saved as text or HTML, and write an empty topic for each of its sections."""
    words = wanted_in_english(read_checks(config.content))
    if not ID.fullmatch(id):
        raise click.BadParameter(f"{id!r} is no name such as adult-all", param_hint="--id")
    try:
        parts = page_files.read(page, told["leave_out"], told["ends_at"])
    except UnreadableError as error:
        raise click.ClickException(str(error)) from error
    titles = {ENGLISH: parts[0].heading, **_by_language(told["titles"], "--title")}
    new = records.NewPage(
        id, told["audience"], _by_language(told["publishers"], "--publisher"),
        _by_language(told["urls"], "--url"), titles, told["leave_out"], told["ends_at"],
    )  # fmt: skip
    for name, texts in (("--publisher", new.publisher), ("--url", new.url)):
        if ENGLISH not in texts:
            raise click.BadParameter("lacks the English one, en=...", param_hint=name)
    try:
        written = records.add(config.content, new, records.named(_recorded(parts, words)), _today())
    except records.ThereAlreadyError as error:
        raise click.BadParameter(str(error), param_hint="--id") from error
    for path in written:
        click.echo(f"wrote {path.relative_to(config.content)}")
    click.echo("Write titles, keywords and texts there; `answerline check` names what is missing.")


def _saved(content: Content, paths: tuple[Path, ...]) -> Iterator[Found]:
    for path in paths:
        files = [path]
        if path.is_dir():
            there = sorted(path.iterdir())
            files = [one for one in there if one.suffix.lower() in page_files.SUFFIXES]
            if not files:
                raise UnreadableError(f"{path}: has no {' or '.join(page_files.SUFFIXES)} file")
        for file in files:
            yield _matched(content, file)


def _matched(content: Content, file: Path) -> Found:
    """Tell which recorded page a file is: the one that it shares most with."""
    words = wanted(content, None)
    known = content.library.documents.values()
    tried = []
    for document in known:
        parts = _recorded(page_files.read(file, document.leave_out, document.ends_at), words)
        tried.append((likeness(document, parts), document, parts))
    most, document, parts = max(tried, key=lambda one: one[0])
    if not most:
        raise UnreadableError(f"{file}: is none of the pages {', '.join(d.id for d in known)}")
    return Found(str(file), document, compare(document, parts))


def _live(content: Content) -> Iterator[Found]:
    import httpx  # noqa: PLC0415 - only this fetches anything

    for document in content.library.documents.values():
        url = document.urls[ENGLISH]
        try:
            answer = httpx.get(url, timeout=FETCH_SECONDS, follow_redirects=True)
            answer.raise_for_status()
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            raise UnreadableError(f"{url}: {error}") from error
        parts = page_files.parts(answer.text, "page.html", document.leave_out, document.ends_at)
        yield Found(url, document, compare(document, _recorded(parts, wanted(content, None))))


def _recorded(parts: tuple[Part, ...], words: Wanted) -> tuple[Section, ...]:
    return tuple(
        Section(one.heading, tuple(paragraph(text, words) for text in one.paragraphs))
        for one in parts
    )


def _tell(found: Found, content: Content) -> None:
    count = sum(len(one.paragraphs) for one in found.comparison.sections.values())
    if not found.comparison.changes:
        click.echo(f"{found.document.id}: unchanged, {count} paragraphs ({found.where})")
        if found.comparison.outdated:
            click.echo(
                "  its names are others in messages/checks.toml now: record it with --accept"
            )
        return
    click.echo(f"{found.document.id}: changed ({found.where})")
    for change in found.comparison.changes:
        click.echo(f"  {change}")
    editions = content.library.editions.items()
    for label, changes in found.comparison.touched(answers_of(content)).items():
        there = [code for code, one in editions if one.answers[label].language == code]
        places = ", ".join(dict.fromkeys(str(one).split(" ")[0] for one in changes))
        click.echo(f"  touches {label} ({' '.join(there)}): {places}")


def answers_of(content: Content) -> Mapping[str, Answer]:
    """Give the English answers, whose citations every language shares."""
    return content.library.editions[ENGLISH].answers


def _accept(found: Found, content: Content) -> None:
    touched = found.comparison.touched(answers_of(content))
    for path in records.accept(content.root, found.document, found.comparison, _today()):
        click.echo(f"wrote {path.relative_to(content.root)}: its citations follow")
    for label, changes in touched.items():
        reviews.withdraw(content.root, [label], "; ".join(map(str, changes)), _today())
        click.echo(f"{label} is withdrawn until it is signed off")
    click.echo(f"{found.document.id}: recorded as of {_today()}")


def _known(content: Content, answer: str) -> None:
    there = content.library.editions[ENGLISH].answers
    if answer not in there:
        raise click.BadParameter(f"{answer!r} is none of {', '.join(there)}", param_hint="ANSWER")


def _state(review: Review | None) -> str:
    if review is None:
        return "not signed off"
    if review.held_back(_today()):
        return f"HELD BACK: {review.because or f'review was due {review.review_by}'}"
    said = f"signed off {review.signed_off_on} by {review.signed_off_by}"
    said = said if review.signed_off_on else "not signed off"
    said += ", text changed since" if review.text_changed else ""
    return f"{said}, review by {review.review_by}" if review.review_by else said


def _overdue(review: Review | None) -> bool:
    return bool(review and review.review_by and review.review_by < _today())


def _by_language(pairs: tuple[str, ...], option: str) -> dict[str, str]:
    found = dict(pair.partition("=")[::2] for pair in pairs)
    if not all(code and text for code, text in found.items()):
        raise click.BadParameter("is LANGUAGE=TEXT, such as en=...", param_hint=option)
    return found


def _today() -> date:
    return datetime.now(UTC).date()
