"""How the line is: /healthz for anyone, /readyz and /metrics for those whom the operator lets."""

import hmac
import logging

from flask import Blueprint, Response, abort, request

from bot.config import PUBLIC, Config
from bot.outbox import dead, waiting
from bot.store import StoreError
from bot.turn import Turns

log = logging.getLogger(__name__)


def blueprint(config: Config, turns: Turns) -> Blueprint:
    """Make the routes; metrics are counted only where somebody may see them."""
    routes = Blueprint("status", __name__)

    @routes.get("/healthz")
    def healthz() -> Response:
        """Tell that the process answers."""
        return plain("ok")

    if not config.status:
        return routes

    @routes.before_request
    def let_in() -> None:
        if request.path == "/healthz" or config.status == PUBLIC:
            return
        brought = request.headers.get("Authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(brought.encode("utf-8", "replace"), config.status.encode()):
            abort(401, "Bring ANSWERLINE_STATUS as the bearer token.")

    def store_up() -> bool:
        try:
            turns.store.ping()
        except StoreError as error:
            log.error("the database does not answer: %s", error)
            return False
        return True

    def spool_up() -> bool:
        return turns.spool is not None and turns.spool.can_keep()

    @routes.get("/readyz")
    def readyz() -> Response:
        """Tell whether messages are answered in full, from the content alone, or not to be sent."""
        if store_up():
            return plain("ready")
        if spool_up():
            return plain("degraded: the database is away; answers come from the content alone")
        return plain("down: neither the database nor the spool can be written", 503)

    from bot.metrics import CONTENT_TYPE, Metrics  # noqa: PLC0415 - only where they are seen

    def outbox() -> tuple[int, ...]:
        try:
            return waiting(turns.store), len(dead(turns.store))
        except StoreError:
            return ()

    turns.metrics = Metrics(store_up, lambda: turns.spool.size() if turns.spool else 0, outbox)

    @routes.get("/metrics")
    def metrics() -> Response:
        """Write what was counted in Prometheus's text format."""
        assert turns.metrics is not None  # noqa: S101 - set above
        return Response(turns.metrics.written(), content_type=CONTENT_TYPE)

    return routes


def plain(text: str, status: int = 200) -> Response:
    """Answer with a line of text."""
    return Response(text + "\n", status=status, mimetype="text/plain")
