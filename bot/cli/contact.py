"""`contact` and `unmatched`: what is kept of one person, and what was not understood."""

import json
from collections import Counter
from datetime import UTC, datetime

import click

from bot.api import CHANNEL as API
from bot.channels import CHANNELS
from bot.config import Config
from bot.keys import contact_secret
from bot.model import Inbound
from bot.store import Store, open_store
from bot.store.rows import DAY
from bot.turn import contact_key

ON = click.option(
    "--channel",
    type=click.Choice([API, *(name for name, one in CHANNELS.items() if one.routes)]),
    default="twilio",
    show_default=True,
    help="Where the contact texts; one of the API's is KEY:CONTACT.",
)


@click.group()
def contact() -> None:
    """Show or erase what is kept of one person, by the number or address that they text from."""


@contact.command()
@click.argument("number")
@ON
@click.pass_obj
def export(config: Config, number: str, channel: str) -> None:
    """Print what is kept of the contact NUMBER, as JSON."""
    store = open_store(config.database)
    rows = [row for key in _keys(config, number, channel) if (row := store.contact(key))]
    told = [
        {
            "contact": row.contact.hex(),
            "opted_out": row.opted_out,
            "last_message": datetime.fromtimestamp(row.heard, UTC).isoformat() if row.heard else "",
            "remembered": json.loads(row.state),
            "in_outbox": _in_outbox(store, row.contact),
        }
        for row in rows
    ]
    store.close()
    click.echo(json.dumps(told, ensure_ascii=False, indent=2))


@contact.command()
@click.argument("number")
@ON
@click.option(
    "--opt-out-too",
    is_flag=True,
    help="Forget that the contact has opted out, too: it may get texts again.",
)
@click.pass_obj
def erase(config: Config, number: str, channel: str, opt_out_too: bool) -> None:
    """Erase what is kept of the contact NUMBER, but for its opt-out.

    What still waits to be sent to it goes too. Replies that were given are kept for 48 hours
    without whom they were for, and go then.
    """
    store = open_store(config.database)
    found = [store.erase(key, opt_out_too=opt_out_too) for key in _keys(config, number, channel)]
    left = any(store.opted_out(key) for key in _keys(config, number, channel))
    store.close()
    if not any(found):
        click.echo("nothing was kept")
    else:
        click.echo("erased, but for the opt-out" if left else "erased")


def _in_outbox(store: Store, contact: bytes) -> int:
    """Count the replies that wait to be sent to a contact, or could not be."""
    ((count,),) = store.rows("SELECT COUNT(*) FROM outbox WHERE contact = ?", contact)
    return int(count)


def _keys(config: Config, number: str, channel: str) -> list[bytes]:
    """Hash an address under the key, and under the one before it."""
    if not number.strip() or (number[0].isdigit() and channel == "twilio"):
        raise click.BadParameter("write it as it comes in: +16045550123", param_hint="NUMBER")
    inbound = Inbound(channel, number.strip(), "", "")
    former = [config.former_key.encode()] if config.former_key else []
    return [contact_key(key, inbound) for key in (contact_secret(config), *former)]


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def unmatched(config: Config, as_json: bool) -> None:
    """Show the texts that were not understood, where ANSWERLINE_UNMATCHED_DAYS has them kept.

    Only words that the line itself knows are in them: names, numbers and links are left out.
    """
    if not config.unmatched_days:
        raise click.ClickException("ANSWERLINE_UNMATCHED_DAYS is 0: no such text is kept")
    store = open_store(config.database)
    rows = store.unmatched()
    store.close()
    for row, times in Counter(rows).items():
        day = datetime.fromtimestamp(row.day * DAY, UTC).date().isoformat()
        if as_json:
            told = {"day": day, "language": row.language, "text": row.text, "times": times}
            click.echo(json.dumps(told, ensure_ascii=False))
        else:
            click.echo(f"{day}  {row.language:8} {times:4}  {row.text}")
    if not rows and not as_json:
        click.echo("nothing was kept yet")
