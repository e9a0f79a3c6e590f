"""`text` and `channel check`: speak to a running server as a platform does, correctly signed."""

import secrets
import time
from contextlib import ExitStack
from dataclasses import replace
from queue import Empty, SimpleQueue
from shlex import quote
from typing import Final
from urllib.parse import urlsplit

import click
import httpx

from bot import sms
from bot.channels import CHANNELS
from bot.channels.channel import Channel
from bot.cli.phone import bubble
from bot.cli.stand_in import Answer, standing_in
from bot.config import LOOPBACK, Config
from bot.keys import beside_database
from bot.samples import SAMPLES
from bot.samples.sample import Case, Request, Sample, Sent, Texted, Try

WAIT: Final = 15.0
"""Seconds that a server has to answer, and a reply to come to the stand-in."""


@click.command()
@click.argument("body")
@click.option(
    "--channel", type=click.Choice(sorted(SAMPLES)), default="twilio", show_default=True,
    help="The platform to text as.",
)  # fmt: skip
@click.option("--from", "sender", help="Who texts: an address on that channel.")
@click.option(
    "--id", "--sid", "message",
    help="The message's id; the same one again gets the same reply.  [default: new]",
)  # fmt: skip
@click.option("--url", help="The server or its webhook.  [default: this machine's, on PORT]")
@click.pass_obj
def text(
    config: Config, body: str, channel: str, sender: str | None, message: str | None,
    url: str | None,
) -> None:  # fmt: skip
    """Send one correctly signed message to a running server, and show the reply.

    Where the platform gets replies by a call of its own and its settings name this machine, that
    call is taken here and shown; the server sends it elsewhere otherwise.
    """
    try:
        body.encode()
    except UnicodeEncodeError as error:
        raise click.BadParameter("is not UTF-8 text", param_hint="BODY") from error
    sample, config = SAMPLES[channel], _with_settings(config, channel)
    message = message or f"{'SM' if channel == 'twilio' else ''}{secrets.token_hex(16)}"
    texted = Texted(body, sender or sample.contact, message)
    url = url or f"http://127.0.0.1:{config.port}"
    _looked_at(url)
    path = sample.request(config, "", texted).path.partition("?")[0]
    server = url.rstrip("/").removesuffix(path)
    request = sample.request(config, config.public_base_url or server, texted)
    arrived: SimpleQueue[Sent] = SimpleQueue()
    with ExitStack() as stack:
        here = _stand_in(stack, config, sample, arrived)
        began = time.perf_counter()
        answer = _send(server, request)
        if not answer.is_success:
            raise click.ClickException(answer.text.strip() or f"status {answer.status_code}")
        reply = _reply(sample, answer, server, arrived if here else None)
        took = (time.perf_counter() - began) * 1000
    status = f"{answer.status_code} {answer.reason_phrase}"
    if reply is None:
        click.echo(f"{status}: the reply goes to {_host(sample, config)}, {message}")
        return
    click.echo(bubble(reply.text))
    if reply.words:
        click.echo("  ".join(f"[{word}]" for word in reply.words))
    click.echo(f"{status}: {_cost(CHANNELS[channel], reply.text)}, {took:.0f} ms, {message}")


@click.group()
def channel() -> None:
    """Look after the channels."""


@channel.command()
@click.argument("name", type=click.Choice(sorted(SAMPLES)))
@click.option("--port", default=8099, show_default=True, help="Where replies go, on this machine.")
def settings(name: str, port: int) -> None:
    """Make up settings to try a channel with, as lines for a shell; replies go to this machine."""
    for setting, value in SAMPLES[name].settings(f"http://127.0.0.1:{port}").items():
        click.echo(f"export {setting}={quote(value)}")


@channel.command()
@click.argument("url")
@click.option("--channel", "only", type=click.Choice(sorted(SAMPLES)), help="Only this one.")
@click.option("--contact", help="Whom accepted messages come from: an address of your own.")
@click.pass_obj
def check(config: Config, url: str, only: str | None, contact: str | None) -> None:
    """Play each channel's table of cases against the server at URL; status 1 if any goes wrong.

    Run it with the server's settings: what comes in is signed with them. Messages that are taken
    are answered to the contact, so name one of your own, and with it one --channel.
    """
    if contact and not only:
        raise click.BadParameter("goes with one --channel", param_hint="--contact")
    _looked_at(url)
    server, wrong, count = url.rstrip("/"), 0, 0
    for name in [only] if only else sorted(SAMPLES):
        if not only and not CHANNELS[name].is_there(config):
            click.echo(f"{name}: has no settings here, so it is left out")
            continue
        sample, settings = SAMPLES[name], _with_settings(config, name)
        base_url = config.public_base_url or server
        attempt = Try(base_url, contact or sample.contact, secrets.token_hex(6))
        for case in sample.cases(settings, attempt):
            count += 1
            said = _played(server, case)
            wrong += bool(said)
            click.echo(f"{name}: {case.name}: {said or 'right'}")
    if wrong:
        raise click.ClickException(f"{wrong} of {count} cases went wrong")
    click.echo(f"{count} cases, all right")


def _played(server: str, case: Case) -> str:
    """Play one case; say what is wrong, or nothing."""
    first = _send(server, case.request)
    if first.status_code != case.status:
        return f"WRONG: status {first.status_code} instead of {case.status}"
    if case.twice:
        again = _send(server, case.request)
        if (again.status_code, again.content) != (first.status_code, first.content):
            return "WRONG: the same message again is answered otherwise"
    return ""


def _stand_in(
    stack: ExitStack, config: Config, sample: Sample, arrived: "SimpleQueue[Sent]"
) -> bool:
    """Take what is sent to the platform's API, where the settings say that it is this machine."""
    if sample.sent is None or sample.api_url is None:
        return False
    read, place = sample.sent, urlsplit(sample.api_url(config))
    if place.hostname not in LOOPBACK or not place.port:
        return False

    def answer(request: Request) -> Answer:
        if (one := read(request)) is not None:
            arrived.put(one)
        return 200, sample.accepted

    try:
        stack.enter_context(standing_in(answer, str(place.hostname), place.port))
    except OSError as error:
        raise click.ClickException(
            f"the platform's address in the settings, port {place.port}: {error.strerror}"
        ) from error
    return True


def _reply(
    sample: Sample, answer: httpx.Response, server: str, arrived: "SimpleQueue[Sent] | None"
) -> Sent | None:
    if sample.replied is not None:
        try:
            return Sent("", sample.replied(answer.content))
        except ValueError as error:
            raise click.ClickException(f"{server} does not answer as it should: {error}") from error
    if arrived is None:
        return None
    try:
        return arrived.get(timeout=WAIT)
    except Empty:
        raise click.ClickException(
            f"the message was taken, but no reply came within {WAIT:.0f} s; see: answerline outbox"
        ) from None


def _send(server: str, request: Request) -> httpx.Response:
    try:
        return httpx.request(
            request.method, f"{server}{request.path}", content=request.body,
            headers=dict(request.headers), timeout=WAIT, trust_env=False,
        )  # fmt: skip
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise click.ClickException(
            f"{server}{request.path} does not answer ({error}); "
            "start a server with: answerline serve"
        ) from error


def _looked_at(url: str) -> None:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises ValueError on a port that is none
    except ValueError as error:
        raise click.BadParameter(str(error), param_hint="URL") from error
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise click.BadParameter(
            f"{url!r} is no address such as http://127.0.0.1:8000", param_hint="URL"
        )


def _cost(channel: Channel, text: str) -> str:
    if not text:
        return "no message"
    size = sms.measure(text)
    if channel.medium == "chat":
        return f"{len(text)} characters"
    return f"{size.encoding}, {size.units} units, {size.segments} segments"


def _host(sample: Sample, config: Config) -> str:
    return urlsplit(sample.api_url(config) if sample.api_url else "").netloc


def _with_settings(config: Config, channel: str) -> Config:
    """Give settings that a message of this channel can be signed with."""
    if channel == "twilio" and not config.twilio_auth_token:
        return replace(config, twilio_auth_token=_own_token(config))
    if not CHANNELS[channel].is_there(config):
        raise click.ClickException(
            f"the channel {channel} has no settings here: it needs those of the server"
        )
    return config


def _own_token(config: Config) -> str:
    path = beside_database(config, "token")
    try:
        return path.read_text(encoding="ascii").strip()
    except (OSError, ValueError) as error:
        raise click.ClickException(
            f"TWILIO_AUTH_TOKEN is not set, and no readable {path}: "
            "run this where `answerline serve` was started"
        ) from error
