"""Where the API meets: who may, how often, the specification (OpenAPI 3.1) and its page."""

from pathlib import Path
from typing import Final

import flask_swagger_ui
from flask import Flask, Response, abort, current_app, g, render_template, request
from flask import send_from_directory as send
from flask_limiter import Limiter
from flask_limiter.util import get_remote_address
from flask_smorest import Api
from werkzeug.exceptions import HTTPException

from bot.api import views
from bot.api.keys import Keys
from bot.api.problems import MEDIA_TYPE, Problem, from_exception, problem
from bot.config import Config
from bot.store import StoreError
from bot.turn import NotTakenError, Turns

LARGEST_REQUEST: Final = 64 * 1024
STRANGERS: Final = "60/minute"
"""Calls without a key that is one, from one address."""

POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
DIST: Final = Path(flask_swagger_ui.__file__).parent / "dist"
SHOWN: Final = ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png")


class Described(Api):  # type: ignore[misc] # the library has no types
    """The specification, with every error as RFC 9457 has it."""

    ERROR_SCHEMA = Problem

    def _register_responses(self) -> None:
        self.DEFAULT_RESPONSE_CONTENT_TYPE: str = MEDIA_TYPE
        super()._register_responses()
        del self.DEFAULT_RESPONSE_CONTENT_TYPE

    def handle_http_exception(self, error: HTTPException) -> Response:
        """Write an error."""
        return from_exception(error)


def create_api(config: Config, turns: Turns, keys: Keys) -> Flask:
    """Make the API's app; `turns` are the line's own."""
    app = Flask(__name__)
    app.config.update(
        API_TITLE="Answerline",
        API_VERSION="v1",
        OPENAPI_VERSION="3.1.0",
        OPENAPI_URL_PREFIX="/v1",
        OPENAPI_JSON_PATH="openapi.json",
        MAX_CONTENT_LENGTH=LARGEST_REQUEST,
        TRUSTED_HOSTS=list(config.hosts) or None,
        API_SPEC_OPTIONS={
            "info": {
                "description": "Health information on relapsed or refractory acute lymphoblastic "
                "leukemia, one inbound message at a time. Send what a person texted, and send back "
                "the text that comes.",
                "license": {"name": "MIT", "identifier": "MIT"},
            },
            "servers": [{"url": f"{config.public_base_url}/api"}],
            "security": [{"key": []}],
            "components": {
                "securitySchemes": {
                    "key": {
                        "type": "http",
                        "scheme": "bearer",
                        "description": "A key that `answerline key add` has made.",
                    }
                }
            },
        },
    )
    app.after_request(_guarded)  # runs after what is registered later
    app.before_request(lambda: _known(keys))
    limiter = Limiter(
        lambda: g.key.name if g.key else get_remote_address(),
        app=app,
        default_limits=[lambda: g.key.rate if g.key else STRANGERS],
        headers_enabled=True,
        storage_uri="memory://",
    )
    app.before_request(_let_in)
    described = Described(app)
    described.register_blueprint(views.blueprint(turns))
    _documented(app, limiter)
    app.register_error_handler(StoreError, lambda _: _away())
    app.register_error_handler(NotTakenError, lambda _: _away())
    return app


def _known(keys: Keys) -> None:
    """Find out whose key came with a request."""
    kind, _, key = request.headers.get("Authorization", "").partition(" ")
    g.key = keys.find(key.strip()) if kind.lower() == "bearer" else None


def _let_in() -> Response | None:
    """Refuse who has no key for this; the specification and its page are open."""
    scope = getattr(current_app.view_functions.get(request.endpoint or ""), "scope", None)
    if scope is None:
        return None
    if g.key is None:
        refused = problem(401, "Bring a key as the bearer token: answerline key add NAME")
        refused.headers["WWW-Authenticate"] = 'Bearer realm="answerline"'
        return refused
    if scope not in g.key.scopes:
        return problem(403, f"This key is not good for this: it needs the scope {scope}.")
    if request.method == "POST" and not request.is_json:
        return problem(415, "Send JSON, with Content-Type: application/json.")
    return None


def _documented(app: Flask, limiter: Limiter) -> None:
    @app.get("/")
    @app.get("/v1/")
    @limiter.exempt
    def page() -> str:
        """Show the specification on a page."""
        return render_template("docs.html")

    @app.get("/v1/shown/<path:name>")
    @limiter.exempt
    def shown(name: str) -> Response:
        if name not in SHOWN:
            abort(404)
        return send(DIST, name)


def _away() -> Response:
    response = problem(503, "The line cannot take this now. Send it again in a minute.")
    response.headers["Retry-After"] = "60"
    return response


def _guarded(response: Response) -> Response:
    response.headers["Content-Security-Policy"] = POLICY
    response.headers["X-Robots-Tag"] = "noindex, nofollow"
    response.headers.setdefault("Cache-Control", "no-store")
    if response.status_code not in (429, 503):
        response.headers.pop("Retry-After", None)  # the limiter says it each time
    return response
