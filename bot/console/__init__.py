"""The staff's web pages, under /console: an app of its own beside the webhooks.

It is made at the first request for it, so that workers which only answer texts stay small. Without
an account (`answerline staff add`), and outside of development on this machine, it is not there.
"""

import hmac
from typing import TYPE_CHECKING, Final

from bot import mounting
from bot.config import Config
from bot.keys import beside_database
from bot.store import StoreError
from bot.turn import Turns

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PATH: Final = "/console"

LINK: Final = "link"
"""Ends the name of the file, beside the database, with the word of the link that works once."""


def mounted(wsgi: "WSGIApplication", config: Config, turns: Turns) -> "WSGIApplication":
    """Serve the console below PATH where there is one, and everything else as before."""

    def make() -> "WSGIApplication":
        from bot.console.app import create_console  # noqa: PLC0415 - see above

        return create_console(config, turns).wsgi_app

    return mounting.mounted(wsgi, PATH, lambda: is_there(config, turns), make)


def is_there(config: Config, turns: Turns) -> bool:
    """Tell whether anybody may use a console here; while the store is away nobody can."""
    if turns.outage.lasts:
        return False
    try:
        there = bool(turns.store.rows("SELECT name FROM staff LIMIT 1"))
    except StoreError:
        turns.outage.begin(turns.is_back, readable=False)  # no text is to wait for it either
        return False
    return there or in_development(config)


def in_development(config: Config) -> bool:
    """Tell whether `serve` runs on this machine alone, with a token that it made itself."""
    try:
        own = beside_database(config, "token").read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return False
    return bool(own) and hmac.compare_digest(own, config.twilio_auth_token)
