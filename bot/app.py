"""Where everything meets: settings, content, store, turns and channels become one Flask app."""

import os
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any, Final

from flask import Flask, Response
from werkzeug.exceptions import HTTPException

from bot import api, console, links, logs, status
from bot.channels import CHANNELS, senders
from bot.config import Config
from bot.counts import Counts
from bot.keys import beside_database, contact_secret
from bot.line import Line
from bot.outbox import Outbox
from bot.prepared import line_of
from bot.spool import Spool
from bot.status import plain
from bot.store import open_store
from bot.tidy import Tidy
from bot.turn import NotTakenError, Turns

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

NAME: Final = "answerline"

LARGEST_REQUEST: Final = 1024 * 1024
"""Bytes of any request; a channel allows less."""

GUARDS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
)


def create_app(config: Config | None = None, line: Line | None = None) -> Flask:
    """Make the app; settings come from the environment where none are given.

    With settings from the environment it is one that serves: it logs as they say, and keeps its
    store tidy. `line` is one that was set up before, so that processes can share it. Raises
    ConfigError, ContentError or StoreError, each with lines an operator can act on.
    """
    serves = config is None
    config = config or Config.from_env(os.environ)
    line = line or line_of(config)
    store = open_store(config.database, config.synchronous)
    if not store.current():
        store.migrate()
    spool = Spool(config.spool or beside_database(config, "spool"))
    turns = Turns(
        line, store, contact_secret(config), spool=spool, former_key=config.former_key.encode(),
        unmatched_days=config.unmatched_days, counts=Counts(),
        handoff=frozenset(config.handoff), wanted=config.wanted is not None,
    )  # fmt: skip
    app = Flask(__name__, static_folder=None)
    app.config["ANSWERLINE"] = config
    for channel in CHANNELS.values():
        if channel.routes and channel.is_there(config):
            app.register_blueprint(channel.routes(config, turns.take, turns.report))
    app.register_blueprint(status.blueprint(config, turns))
    app.register_blueprint(links.blueprint(turns))
    _home(app)
    app.extensions[NAME] = turns
    app.register_error_handler(HTTPException, _error)
    app.register_error_handler(NotTakenError, _not_taken)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST
    app.config["TRUSTED_HOSTS"] = list(config.hosts) or None
    app.wsgi_app = _guarded(_mounted(app.wsgi_app, config, turns))  # type: ignore[method-assign, assignment]
    if serves:
        logs.configure(config.logged, lambda: turns.line.library.revision)
        days = config.retention_days, config.unmatched_days
        Tidy(store, turns.clock, *days, turns.counts, turns.take_overdue).start()
        if config.sending == "inside" and (sending := senders(config)):
            outbox = Outbox(store, turns.seal, sending, turns.clock, turns.metrics)
            turns.wake, turns.offer = outbox.wake, outbox.offer
            outbox.start()
    return app


def take_up(app: Flask, line: Line) -> None:
    """Let an app answer from another line from now on."""
    app.extensions[NAME].line = line


def _mounted(wsgi: "WSGIApplication", config: Config, turns: Turns) -> "WSGIApplication":
    return console.mounted(api.mounted(wsgi, config, turns), config, turns)


def _home(app: Flask) -> None:
    @app.get("/")
    def home() -> Response:
        return plain("Answerline answers text messages. This address is for machines.")


def _guarded(wsgi: "WSGIApplication") -> "WSGIApplication":
    """Say that nothing here is to be run, framed or guessed at by a browser (OWASP's headers).

    What an answer says of that itself holds. Here, and not by Flask's `after_request`, as the
    console's answers pass here too.
    """

    def guarded(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        def begin(status: str, headers: list[tuple[str, str]], *error: Any) -> Any:
            there = {name for name, _ in headers}
            return start(status, headers + [g for g in GUARDS if g[0] not in there], *error)

        return wsgi(environ, begin)

    return guarded


def _not_taken(_: NotTakenError) -> Response:
    """Have the platform send the message again."""
    return plain("The message cannot be taken now. Send it again in a minute.", 503)


def _error(error: HTTPException) -> Response:
    """Say what is wrong in one line of text, with no page and no trace."""
    return plain(f"{error.code} {error.name}: {error.description}", error.code or 500)
