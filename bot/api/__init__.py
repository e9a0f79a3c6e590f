"""The JSON API, under /api: an app of its own beside the webhooks, there if there is a key for it.

It enters at the same turn as every channel, so nothing is answered otherwise here.
"""

from typing import TYPE_CHECKING, Final

from bot import mounting
from bot.api.keys import Keys
from bot.config import Config
from bot.turn import Turns

if TYPE_CHECKING:
    from _typeshed.wsgi import WSGIApplication

PATH: Final = "/api"
CHANNEL: Final = "api"
"""The channel of its contacts."""


def mounted(wsgi: "WSGIApplication", config: Config, turns: Turns) -> "WSGIApplication":
    """Serve the API below PATH where there is a key for it, and everything else as before."""
    keys = Keys(turns.store, turns.clock)

    def make() -> "WSGIApplication":
        from bot.api.app import create_api  # noqa: PLC0415 - see `mounting`

        return create_api(config, turns, keys).wsgi_app

    return mounting.mounted(wsgi, PATH, lambda: keys.any(ask=not turns.outage.lasts), make)
