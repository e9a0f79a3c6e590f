"""`migrate` and `store`: for those who care for what is kept of conversations."""

from datetime import UTC, datetime

import click

from bot.channels import ERRORS
from bot.config import Config, database
from bot.outbox import waiting
from bot.store import copying, open_store
from bot.store.rows import DAY, FEWEST


@click.command()
@click.pass_obj
def migrate(config: Config) -> None:
    """Make the database, or bring it up to this release."""
    store = open_store(config.database)
    done = store.migrate()
    store.close()
    click.echo("\n".join(f"applied {name}" for name in done) or "nothing to do")


@click.group()
def store() -> None:
    """Care for what is kept of conversations."""


@store.command("copy")
@click.argument("source", metavar="FROM")
@click.pass_obj
def copy_store(config: Config, source: str) -> None:
    """Copy what FROM, such as sqlite:///answerline.db, remembers of contacts to DATABASE_URL.

    Contacts, opt-outs and the replies that repeats get; not staff's things, nor keys of the API.
    Copying again takes up what came since: copy while the line runs, stop it, copy once more.
    """
    there = open_store(database(source, "FROM"))
    if not there.current():
        raise click.BadParameter("is no database of a line", param_hint="FROM")
    target = open_store(config.database)
    target.migrate()
    contacts, messages = copying.copy(there, target)
    left = waiting(there)
    there.close()
    target.close()
    click.echo(f"copied {contacts} contacts and {messages} messages")
    if left:
        click.echo(f"{left} replies still wait in FROM: `answerline worker` there sends them")


@store.command()
@click.pass_obj
def failures(config: Config) -> None:
    """Show which replies the carrier could not deliver: by day, error code and its meaning.

    Counts under 5 are not told, as they may point at a person.
    """
    kept = open_store(config.database)
    rows = kept.failures()
    kept.close()
    for row in rows:
        day = datetime.fromtimestamp(row.day * DAY, UTC).date()
        times = str(row.times) if row.times >= FEWEST else f"<{FEWEST}"
        click.echo(f"{day}  {row.code:6} {times:>6}  {ERRORS.get(row.code, 'see the carrier')}")
    if not rows:
        click.echo("no reply has failed")
