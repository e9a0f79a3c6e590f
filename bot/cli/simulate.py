"""`chat`: talk to the line without a phone, through the same turn as the webhook."""

import json
import secrets
import sys
from collections.abc import Iterator

import click
from msgspec.structs import replace

from bot import sms
from bot.cli.phone import bubble
from bot.config import Config
from bot.languages import PSEUDO
from bot.making import make_line
from bot.model import Inbound, Reply
from bot.store.sqlite import SqliteStore
from bot.turn import Turns, contact_key


@click.command()
@click.option(
    "--language",
    help="Language the contact has chosen, such as fr; en_XA shows what is not translated.",
)
@click.option("--from", "sender", default="+15145550123", show_default=True, help="The contact.")
@click.option("--database", default=":memory:", help="Keep the conversation in this SQLite file.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def chat(config: Config, language: str | None, sender: str, database: str, as_json: bool) -> None:
    """Talk to the line in the terminal, or pipe in one message a line."""
    line = make_line(config, pseudo=language == PSEUDO)
    editions = line.library.editions
    codes = {code.casefold(): code for code in editions}
    language = codes.get((language or "").replace("-", "_").casefold(), language)
    if language and language not in editions:
        raise click.BadParameter(
            f"{language!r} is none of {', '.join(editions)}", param_hint="--language"
        )
    store = SqliteStore(database)
    if not store.current():
        store.migrate()
    turns = Turns(line, store, config.key.encode() or secrets.token_bytes(32))
    run = secrets.token_hex(8)
    if language:
        contact = contact_key(turns.key, Inbound("chat", sender, "", ""))
        store.turn(
            f"chat:{run}", contact, turns.clock(),
            lambda before: (Reply("start"), replace(before, language=language, chosen=True)),
        )  # fmt: skip
    for number, text in enumerate(_typed()):
        inbound = Inbound("chat", sender, f"{run}-{number}", text)
        trace: list[str] = []
        reply = turns.take(inbound, trace.append)
        click.echo(_as_json(text, reply, trace) if as_json else bubble(reply.text))
    store.close()


def _typed() -> Iterator[str]:
    """Yield what is typed at a prompt, or each line of piped input."""
    if not _at_a_terminal():
        for line in sys.stdin.buffer if sys.stdin else ():
            yield line.decode("utf-8", "replace").rstrip("\r\n")
        return
    click.echo("Text the line: MENU, CART, GREFFE ... Ctrl-D ends.", err=True)
    while True:
        try:
            yield click.prompt(">", prompt_suffix=" ", default="", show_default=False)
        except (click.Abort, EOFError):
            click.echo()
            return


def _at_a_terminal() -> bool:
    return sys.stdin is not None and sys.stdin.isatty()


def _as_json(text: str, reply: Reply, trace: list[str]) -> str:
    size = sms.measure(reply.text)
    sent = bool(reply.text)
    said = {
        "inbound": text,
        "reply": reply.text,
        "language": reply.language,
        "label": reply.label,
        "topic": reply.topic,
        "audience": reply.audience,
        "encoding": size.encoding if sent else "",
        "segments": size.segments if sent else 0,
        "units": size.units,
        "why": trace,
    }
    return json.dumps(said, ensure_ascii=False)
