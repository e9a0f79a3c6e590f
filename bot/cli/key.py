"""`key`: who may use the API."""

import click

from bot.api.keys import SCOPES, USUAL_RATE, Keys
from bot.config import Config
from bot.store import open_store
from bot.turn import now


@click.group()
def key() -> None:
    """Care for the keys of the API."""


@key.command()
@click.argument("name")
@click.option(
    "--scope", "scopes", multiple=True, type=click.Choice(SCOPES),
    help="What it is good for; may be given again.  [default: all]",
)  # fmt: skip
@click.option("--rate", default=USUAL_RATE, show_default=True, help="How many calls, and in what.")
@click.pass_obj
def add(config: Config, name: str, scopes: tuple[str, ...], rate: str) -> None:
    """Make a key called NAME, and show it: it is kept as a hash, so this is the only time."""
    try:
        made = _keys(config).add(name, scopes or SCOPES, rate)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    click.echo(made)


@key.command()
@click.argument("name")
@click.pass_obj
def revoke(config: Config, name: str) -> None:
    """Revoke the key called NAME; it is refused from the next call on."""
    if not _keys(config).revoke(name):
        raise click.ClickException(f"there is no key {name!r}")
    click.echo(f"{name} is revoked")


@key.command("list")
@click.pass_obj
def list_keys(config: Config) -> None:
    """Show every key's name, what it is good for, and how often."""
    for one in _keys(config).all():
        click.echo(f"{one.name:32} {','.join(one.scopes):18} {one.rate}")


def _keys(config: Config) -> Keys:
    store = open_store(config.database)
    if not store.current():
        store.migrate()
    return Keys(store, now)
