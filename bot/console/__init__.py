"""The staff's web pages, under /console: an app of its own beside the webhooks.

It is made at the first request for it, so that workers which only answer texts stay small. Without
an account (`answerline staff add`), and outside of development on this machine, it is not there.
"""

import threading
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

from werkzeug.middleware.dispatcher import DispatcherMiddleware

from bot.config import Config
from bot.turn import Turns

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

PATH: Final = "/console"

LINK: Final = "link"
"""Ends the name of the file, beside the database, with the word of the link that works once."""


def mounted(wsgi: "WSGIApplication", config: Config, turns: Turns) -> "WSGIApplication":
    """Serve the console below PATH, and everything else as before."""
    made: list[WSGIApplication] = []
    lock = threading.Lock()

    def console(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        with lock:
            if not made:
                from bot.console.app import create_console  # noqa: PLC0415 - see above

                made.append(create_console(config, turns).wsgi_app)
        return made[0](environ, start)

    return DispatcherMiddleware(wsgi, {PATH: console})
