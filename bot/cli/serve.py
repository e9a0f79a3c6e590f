"""`serve`: the line in production, and on a developer's machine with no setting."""

import ipaddress
import os
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import click

from bot.cli.loader import Loader, prepare_apart
from bot.config import Config
from bot.console import LINK
from bot.console import PATH as CONSOLE
from bot.keys import beside_database, contact_secret, own_secret
from bot.prepared import line_of
from bot.store import StoreError, open_store

KILL_SECONDS = 20
"""After which a worker that does not end is killed: more than a carrier waits for an answer."""


@click.command()
@click.option("--host", default="127.0.0.1", show_default=True, help="Address to listen on.")
@click.option("--port", type=click.IntRange(1, 65535), help="Port to listen on.  [default: PORT]")
@click.option(
    "--workers", type=click.IntRange(1, 64), help="Processes.  [default: WEB_CONCURRENCY, else 2]"
)
@click.option(
    "--pid-file",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Write the process id there.",
)
@click.pass_obj
def serve(
    config: Config, host: str, port: int | None, workers: int | None, pid_file: Path | None
) -> None:
    """Serve the webhook. Needs no setting on this machine.

    SIGHUP takes up changed content without dropping a request; SIGTERM ends it when what has come
    in is answered.
    """
    from granian import Granian  # noqa: PLC0415 - only this command needs a server
    from granian.constants import Interfaces  # noqa: PLC0415

    port = port or config.port
    loader = Loader()
    prepare_apart(config)
    contact_secret(config)
    loader.read(config)
    if not config.twilio_auth_token:
        _own_token(config, host)
    _refuse_used_port(host, port)
    shown = f"[{host}]" if ":" in host else host
    click.echo(f"Answerline listens on http://{shown}:{port} (Ctrl-C ends it).")
    if not config.twilio_auth_token and _loopback(host):
        command = sys.argv[0] if sys.argv[0].endswith("answerline") else "python -m bot"
        click.echo(f"Text it: {command} text CART --url http://{shown}:{port}/twilio/messages")
        click.echo(f"Or try it here: http://{shown}:{port}{_console_link(config)} (works once)")
    sys.stdout.flush()
    server = Granian(
        "bot.app:create_app",
        address=host,
        port=port,
        interface=Interfaces.WSGI,
        # Measured: two workers of one thread beat any number of threads (tests/benchmarks/).
        workers=workers or config.workers,
        blocking_threads=1,
        log_level="warning",  # type: ignore[arg-type]
        websockets=False,
        respawn_failed_workers=True,
        workers_kill_timeout=KILL_SECONDS,
        pid_file=pid_file,
    )
    server.on_startup(
        lambda: loader.listen(lambda: [pid for one in server.wrks if (pid := _pid(one))])
    )
    with _counting_together(config):
        server.serve(target_loader=loader, wrap_loader=False)


@contextmanager
def _counting_together(config: Config) -> Iterator[None]:
    """Give workers a folder in which they count together, where somebody may see it."""
    if not config.status:
        yield
        return
    if named := os.environ.get("PROMETHEUS_MULTIPROC_DIR"):
        if not Path(named).is_dir():
            raise click.ClickException(f"PROMETHEUS_MULTIPROC_DIR: there is no folder {named}")
        yield
        return
    with TemporaryDirectory(prefix="answerline-") as folder:
        os.environ["PROMETHEUS_MULTIPROC_DIR"] = folder
        yield


@click.command()
@click.pass_obj
def prepare(config: Config) -> None:
    """Make the database and read the content, so that `serve` starts at once."""
    store = open_store(config.database)
    if not store.current():
        store.migrate()
    store.close()
    line_of(config)


def _pid(worker: Any) -> int:
    return int(worker.inner.pid or 0)


def _console_link(config: Config) -> str:
    """Make a new link into the console, which works once; a word of its own opens it."""
    file = beside_database(config, LINK)
    file.unlink(missing_ok=True)
    word, _ = own_secret(file)
    return f"{CONSOLE}/enter/{word}"


def _own_token(config: Config, host: str) -> None:
    """Sign with a token of our own, which `answerline text` finds; on loopback only."""
    if not _loopback(host):
        click.echo(
            "Warning: TWILIO_AUTH_TOKEN is not set, so every message is refused with 503.", err=True
        )
        return
    path = beside_database(config, "token")
    try:
        token, made = own_secret(path)
    except (OSError, ValueError) as error:
        raise StoreError(f"TWILIO_AUTH_TOKEN is not set, and {error}") from error
    os.environ["TWILIO_AUTH_TOKEN"] = token  # for the workers, which read the environment anew
    note = "made one for this machine in" if made else "using this machine's own in"
    click.echo(f"Warning: TWILIO_AUTH_TOKEN is not set: {note} {path}.", err=True)


def _loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _refuse_used_port(host: str, port: int) -> None:
    try:
        family, *_, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except OSError as error:
        reason = error.strerror or error
        raise click.ClickException(f"--host {host} --port {port}: {reason}") from error
