"""Where the console's pages meet: settings of sessions, who is let in, headers, errors."""

import hmac
import logging
from datetime import timedelta
from typing import Final

from flask import Flask, Response, render_template
from flask_bootstrap import Bootstrap5
from flask_login import LoginManager
from flask_wtf.csrf import CSRFError, CSRFProtect
from werkzeug.exceptions import HTTPException, SecurityError

from bot.config import Config
from bot.console import answers, asked, language, records, signing_in, simulator, transcripts
from bot.console.language import gettext
from bot.console.staff import Staff
from bot.keys import contact_secret
from bot.marking import to_translate
from bot.store import StoreError
from bot.turn import Turns

PURPOSE: Final = b"answerline: sessions of the console"
SESSION: Final = timedelta(hours=12)
LARGEST_REQUEST: Final = 256 * 1024
"""Bytes of a form or an uploaded transcript."""

POLICY: Final = (
    "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
"""Everything comes from this server, and nothing is written inside a page."""


FAULTS: Final = {
    400: to_translate("Something that was sent is wrong. Go back and try again."),
    404: to_translate("There is no such page."),
    405: to_translate("This address takes something else. Go back and try again."),
    413: to_translate("That is too large. Send less."),
}
"""What is said where nothing else is, by status."""

FAULT: Final = to_translate("That did not work.")

log = logging.getLogger(__name__)


def create_console(config: Config, turns: Turns) -> Flask:
    """Make the console's app; `turns` are the line's own."""
    app = Flask(__name__)
    app.config.update(
        SECRET_KEY=hmac.digest(contact_secret(config), PURPOSE, "sha256"),
        PERMANENT_SESSION_LIFETIME=SESSION,
        SESSION_COOKIE_NAME="console",
        SESSION_COOKIE_PATH="/console",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        SESSION_COOKIE_SECURE=config.public_base_url.startswith("https:"),
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        MAX_FORM_MEMORY_SIZE=LARGEST_REQUEST,
        TRUSTED_HOSTS=list(config.hosts) or None,
        BOOTSTRAP_SERVE_LOCAL=True,
        WTF_CSRF_TIME_LIMIT=None,
        WTF_CSRF_SSL_STRICT=False,  # it wants a Referer, which our own headers forbid to send
    )
    staff = Staff(turns.store, turns.clock)
    Bootstrap5(app)
    CSRFProtect(app)
    login = LoginManager(app)
    login.session_protection = "strong"
    login.user_loader(lambda key: signing_in.loaded(config, staff, key))
    login.unauthorized_handler(signing_in.ask)
    language.set_up(app, config.content / "locales")
    app.register_blueprint(signing_in.blueprint(config, staff))
    app.register_blueprint(simulator.blueprint(turns, staff))
    app.register_blueprint(transcripts.blueprint(config, turns, staff))
    app.register_blueprint(answers.blueprint(turns))
    app.register_blueprint(asked.blueprint(config, turns))
    app.register_blueprint(records.blueprint(turns, staff))
    app.after_request(_guarded)
    app.register_error_handler(HTTPException, _error)
    app.register_error_handler(StoreError, _away)
    return app


def _guarded(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers.setdefault("Cache-Control", "no-store")
    return response


def _error(error: HTTPException) -> tuple[str, int]:
    """Say what is wrong and what to do, on a page."""
    if isinstance(error, SecurityError):  # of another host: no page can be written for it
        return gettext("This address is not known here."), 400
    said = error.description or ""
    if said in ("", type(error).description):  # the framework's own, in English
        said = gettext(FAULTS.get(error.code or 0, FAULT))
    if isinstance(error, CSRFError):
        said = gettext(
            "This form is too old, or did not come from this console. Go back and try again."
        )
    return render_template("error.html", said=said), error.code or 500


def _away(error: StoreError) -> tuple[str, int]:
    """Say so where the database is away, on no page, as each asks it who is signed in."""
    log.error("the console could not be used: %s", error)
    return gettext("The database does not answer, or refused this. Try again in a minute."), 503
