"""Apps beside the webhooks, each below a path of its own and made at the first request for it.

So workers that only answer texts stay small. Where an app is not there, its path is as unknown as
any other.
"""

import threading
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment


def mounted(
    wsgi: "WSGIApplication",
    path: str,
    is_there: Callable[[], bool],
    make: "Callable[[], WSGIApplication]",
) -> "WSGIApplication":
    """Serve what `make` makes below `path` where it is there, and everything else as before."""
    made: list[WSGIApplication] = []
    lock = threading.Lock()

    def either(environ: "WSGIEnvironment", start: "StartResponse") -> Iterable[bytes]:
        asked = environ.get("PATH_INFO", "")
        if not (asked == path or asked.startswith(f"{path}/")) or not is_there():
            return wsgi(environ, start)
        with lock:
            if not made:
                made.append(make())
        environ["SCRIPT_NAME"] = environ.get("SCRIPT_NAME", "") + path
        environ["PATH_INFO"] = asked.removeprefix(path)
        return made[0](environ, start)

    return either
