"""`worker` and `outbox`: send what waits, and look after what could not be sent."""

import os
import signal
from datetime import UTC, datetime

import click

from bot import logs
from bot.channels import senders
from bot.config import Config
from bot.keys import contact_secret
from bot.outbox import Outbox, dead, replay, waiting
from bot.posts import Seal
from bot.store import Store, open_store
from bot.turn import now


@click.command()
@click.pass_obj
def worker(config: Config) -> None:
    """Send what waits in the outbox, until SIGTERM; what is under way is finished first.

    Serving processes do it besides, unless ANSWERLINE_SENDING is apart. Several may run.
    """
    sending = senders(config)
    if not sending:
        raise click.ClickException("no channel that sends has its settings here: see README.md")
    logs.configure(config.logged, str)
    seal = Seal(contact_secret(config), config.former_key.encode())
    outbox = Outbox(_store(config), seal, sending, now)
    for one in (signal.SIGTERM, signal.SIGINT):
        signal.signal(one, lambda *_: outbox.end())
    click.echo(f"Sending for {', '.join(sorted(sending))} (process {os.getpid()}).")
    outbox.run()


@click.group(invoke_without_command=True)
@click.pass_context
def outbox(context: click.Context) -> None:
    """Show how many replies wait to be sent, and those that were given up with the reason."""
    if context.invoked_subcommand is None:
        store = _store(context.obj)
        letters = dead(store)
        click.echo(f"{waiting(store)} to be sent, {len(letters)} given up")
        for one in letters:
            day = datetime.fromtimestamp(one.at, UTC).isoformat(sep=" ", timespec="seconds")
            click.echo(f"{one.number}  {day}  {one.message}  {one.tries} tries: {one.failed}")


@outbox.command(name="replay")
@click.argument("number", type=int, required=False)
@click.pass_obj
def replay_(config: Config, number: int | None) -> None:
    """Have replies that were given up tried again: the one of this NUMBER, or all."""
    count = replay(_store(config), number, now())
    if not count and number is not None:
        raise click.BadParameter(f"there is none of number {number}", param_hint="NUMBER")
    click.echo(f"{count} to be tried again")


def _store(config: Config) -> Store:
    store = open_store(config.database, config.synchronous)
    if not store.current():
        store.migrate()
    return store
