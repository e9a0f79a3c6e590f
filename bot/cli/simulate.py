"""`chat` and `text`: try the line without a phone, through the same turn as the webhook."""

import json
import secrets
import sys
import time
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from pathlib import Path
from textwrap import wrap
from urllib.parse import urlsplit

import click
from msgspec.structs import replace

from bot import sms
from bot.channels.twilio import PATH
from bot.config import Config
from bot.keys import beside_database
from bot.languages import PSEUDO
from bot.making import make_line
from bot.model import Inbound, Reply
from bot.store.sqlite import SqliteStore
from bot.turn import Turns, contact_key

PHONE_WIDTH = 44


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
        click.echo(_as_json(text, reply, trace) if as_json else _as_phone(reply.text))
    store.close()


@click.command()
@click.argument("body")
@click.option("--from", "sender", default="+15145550123", show_default=True, help="Who texts.")
@click.option("--to", default="+15145550100", show_default=True, help="The line's number.")
@click.option("--sid", help="MessageSid; the same one again gets the same reply.  [default: new]")
@click.option("--url", help="The server or its webhook.  [default: this machine's, on PORT]")
@click.pass_obj
def text(config: Config, body: str, sender: str, to: str, sid: str | None, url: str | None) -> None:
    """Post one correctly signed Twilio webhook to a running server, and show the reply."""
    import httpx  # noqa: PLC0415 - only this command sends anything
    from twilio.request_validator import RequestValidator  # noqa: PLC0415

    url = url or f"http://127.0.0.1:{config.port}"
    url = url if url.rstrip("/").count("/") > 2 else url.rstrip("/") + PATH
    sid = sid or f"SM{secrets.token_hex(16)}"
    try:
        body.encode()
    except UnicodeEncodeError as error:
        raise click.BadParameter("is not UTF-8 text", param_hint="BODY") from error
    form = {"MessageSid": sid, "From": sender, "To": to, "Body": body, "NumMedia": "0"}
    try:
        parts = urlsplit(url)
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="--url") from error
    path = parts.path + (f"?{parts.query}" if parts.query else "")
    signed = f"{config.public_base_url}{path}" if config.public_base_url else url
    signature = RequestValidator(_token(config)).compute_signature(signed, form)
    began = time.perf_counter()
    try:
        answer = httpx.post(
            url, data=form, headers={"X-Twilio-Signature": signature}, timeout=15, trust_env=False
        )
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise click.ClickException(
            f"{url} does not answer ({error}); start a server with: answerline serve"
        ) from error
    took = (time.perf_counter() - began) * 1000
    if answer.status_code != 200:
        raise click.ClickException(answer.text.strip() or f"status {answer.status_code}")
    try:
        reply = ET.fromstring(answer.content).findtext("Message", "")  # noqa: S314 - our own server
    except ET.ParseError as error:
        raise click.ClickException(f"{url} does not answer with TwiML ({error})") from error
    click.echo(_as_phone(reply))
    size = sms.measure(reply)
    cost = (
        f"{size.encoding}, {size.units} units, {size.segments} segments" if reply else "no message"
    )
    click.echo(f"{answer.status_code} {answer.reason_phrase}: {cost}, {took:.0f} ms, {sid}")


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


def _as_phone(text: str) -> str:
    """Draw a message as a bubble; a link is never broken, so that it can be followed."""
    if not text:
        return "(nothing is sent)"
    lines = [
        part
        for line in text.split("\n")
        for part in wrap(line, PHONE_WIDTH, break_long_words=False, break_on_hyphens=False) or [""]
    ]
    return "\n".join(("╭", *(f"│ {line}" for line in lines), "╰"))


def _token(config: Config) -> str:
    if config.twilio_auth_token:
        return config.twilio_auth_token
    path: Path = beside_database(config, "token")
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise click.ClickException(
            f"TWILIO_AUTH_TOKEN is not set, and no readable {path}: "
            "run this where `answerline serve` was started"
        ) from error
