"""Where everything meets: settings, content, store, turns and channels become one Flask app."""

import logging
import os
from pathlib import Path
from typing import Final

from flask import Flask, Response, abort, redirect
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as BaseResponse

from bot import catalogs, checks
from bot.channels import CHANNELS
from bot.config import Config, ConfigError
from bot.content import read
from bot.editions import ContentError, Sending
from bot.keys import own_secret
from bot.library import ENGLISH
from bot.line import Line
from bot.sms import Budget
from bot.spool import Spool
from bot.store import Store, StoreError, is_address, open_store
from bot.turn import Turns

NAME: Final = "answerline"

LARGEST_REQUEST: Final = 1024 * 1024
"""Bytes of any request; a channel allows less."""

GUARDS: Final = (
    ("X-Content-Type-Options", "nosniff"),
    ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ("Referrer-Policy", "no-referrer"),
)

log = logging.getLogger(__name__)


def create_app(config: Config | None = None, line: Line | None = None) -> Flask:
    """Make the app; settings come from the environment where none are given.

    `line` is one that was set up before, so that processes can share it. Raises ConfigError,
    ContentError or StoreError, each with lines an operator can act on.
    """
    config = config or Config.from_env(os.environ)
    line = line or make_line(config)
    store = open_store(config.database)
    if not store.current():
        store.migrate()
    spool = Spool(config.spool or beside_database(config, "spool"))
    former = config.former_key.encode()
    turns = Turns(line, store, contact_secret(config), spool=spool, former_key=former)
    app = Flask(__name__, static_folder=None)
    app.config["ANSWERLINE"] = config
    for blueprint in CHANNELS.values():
        app.register_blueprint(blueprint(config, turns.take, turns.report))
    _health(app, store)
    _links(app, turns)
    app.extensions[NAME] = turns
    app.register_error_handler(HTTPException, _error)
    app.config["MAX_CONTENT_LENGTH"] = LARGEST_REQUEST
    app.after_request(_guarded)
    return app


def take_up(app: Flask, line: Line) -> None:
    """Let an app answer from another line from now on."""
    app.extensions[NAME].line = line


def make_line(config: Config, *, pseudo: bool = False) -> Line:
    """Read the content and set the line up as configured; ContentError where it must not start.

    Catalogs that are left out are logged, as the other languages go on. `pseudo` adds the
    pseudo-locale, for trying things out.
    """
    budget = Budget(config.gsm7_segments, config.ucs2_segments)
    content = read(config.content, sending(config), pseudo=pseudo)
    line, left_out = checks.set_up(content, config.public_base_url, budget)
    if faults := checks.stops_start(line):
        raise ContentError(faults)
    for problem in (*content.problems, *left_out):
        log.warning("content: %s", problem)
    return line


def sending(config: Config) -> Sending:
    """Give how translations are sent; ConfigError for a language that has no catalog."""
    there = catalogs.files(config.content / "locales")
    for language in config.fold:
        if language not in there:
            raise ConfigError(
                f"ANSWERLINE_FOLD: there is no language {language!r}; there are {', '.join(there)}"
            )
    return Sending(config.translations == "reviewed", frozenset(config.fold))


def contact_secret(config: Config) -> bytes:
    """Give the key that contacts are hashed with: the setting, or one made beside the database."""
    if config.key:
        return config.key.encode()
    if is_address(config.database):
        raise StoreError(
            "ANSWERLINE_KEY is not set: all machines that share a database need the same one"
        )
    path = beside_database(config, "key")
    try:
        secret, made = own_secret(path)
    except (OSError, ValueError) as error:
        raise StoreError(f"ANSWERLINE_KEY is not set, and no key could be kept: {error}") from error
    if made:
        log.warning(
            "ANSWERLINE_KEY is not set: made a key in %s. Keep it with the database; without it "
            "no contact, and no opt-out, is known again.", path,
        )  # fmt: skip
    return secret.encode()


def beside_database(config: Config, suffix: str) -> Path:
    """Name a file beside the database: `answerline.db` and `key` give `answerline.key`."""
    file = "answerline.db" if is_address(config.database) else config.database
    return Path(file).with_suffix(f".{suffix}")


def _health(app: Flask, store: Store) -> None:
    @app.get("/healthz")
    def healthz() -> Response:
        """Tell that the process answers."""
        return _plain("ok")

    @app.get("/readyz")
    def readyz() -> Response:
        """Tell whether the store answers too, so that messages can be taken."""
        try:
            store.ping()
        except StoreError as error:
            log.error("not ready: %s", error)
            return _plain("the store does not answer", 503)
        return _plain("ready")

    @app.get("/")
    def home() -> Response:
        return _plain("Answerline answers text messages. This address is for machines.")


def _links(app: Flask, turns: Turns) -> None:
    @app.get("/<any(a,c):letter><string(maxlength=6):code>/<string(maxlength=4):tag>")
    def short_link(letter: str, code: str, tag: str) -> BaseResponse:
        """Lead from an answer to its full page in the reader's language."""
        library = turns.line.library
        label = library.linked(f"{letter}{code}")
        if label is None:
            answers = library.editions[ENGLISH].answers
            pages = ", ".join(dict.fromkeys(library.url(one, ENGLISH) for one in answers))
            abort(404, f"There is no such link. The full pages are: {pages}")
        return redirect(library.url(label, library.tagged(tag)), 302)


def _guarded(response: Response) -> Response:
    """Say that nothing here is to be run, framed or guessed at by a browser (OWASP's headers)."""
    response.headers.extend(GUARDS)
    return response


def _error(error: HTTPException) -> Response:
    """Say what is wrong in one line of text, with no page and no trace."""
    return _plain(f"{error.code} {error.name}: {error.description}", error.code or 500)


def _plain(text: str, status: int = 200) -> Response:
    return Response(text + "\n", status=status, mimetype="text/plain")
