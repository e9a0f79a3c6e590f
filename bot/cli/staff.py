"""`staff`: who may use the console."""

import time

import click

from bot.config import Config
from bot.console.staff import ROLES, Staff
from bot.store import open_store


@click.group()
def staff() -> None:
    """Care for the accounts of the console."""


@staff.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), default="tester", show_default=True)
@click.password_option(help="The password; asked for where it is not given.")
@click.pass_obj
def add(config: Config, name: str, role: str, password: str) -> None:
    """Make the account NAME, or give it another password or role."""
    accounts = _accounts(config)
    try:
        accounts.add(name, password, role)
    except ValueError as error:
        raise click.ClickException(str(error)) from error
    accounts.note(name, f"was given the role {role}")
    click.echo(f"{name} may sign in at /console, role {role}")


@staff.command()
@click.argument("name")
@click.pass_obj
def remove(config: Config, name: str) -> None:
    """Delete the account NAME, and end its sessions."""
    accounts = _accounts(config)
    if not accounts.remove(name):
        raise click.ClickException(f"there is no account {name!r}")
    accounts.note(name, "was removed")
    click.echo(f"{name} may no longer sign in")


@staff.command("list")
@click.pass_obj
def list_accounts(config: Config) -> None:
    """Show every account and its role."""
    for account in _accounts(config).all():
        click.echo(f"{account.name:32} {account.role}")


def _accounts(config: Config) -> Staff:
    store = open_store(config.database)
    if not store.current():
        store.migrate()
    return Staff(store, lambda: int(time.time()))
