"""Signing in and out; and, in development on this machine, by a link that works once."""

import hmac
from typing import Final

from flask import Blueprint, abort, redirect, render_template, request, session, url_for
from flask_login import UserMixin, current_user, login_user, logout_user
from limits import parse
from limits.storage import MemoryStorage
from limits.strategies import FixedWindowRateLimiter
from werkzeug.wrappers import Response as BaseResponse

from bot.config import Config
from bot.console import LINK, in_development
from bot.console.language import gettext, start_anew
from bot.console.staff import Account, Role, Staff
from bot.keys import beside_database

MOST_TRIES: Final = parse("5 per 5 seconds")
"""Passwords that a process checks, whosever: each takes a fifth of a second in which no text is
answered."""

DEVELOPER: Final = "developer@here"
"""Who comes by the link that `serve` prints: no name that an account can have."""


class User(UserMixin):  # type: ignore[misc]
    """Who is signed in: an account, as Flask-Login wants it."""

    def __init__(self, account: Account) -> None:
        self.name, self.role = account.name, account.role
        self.id = f"{account.name}:{account.mark}"


def loaded(config: Config, staff: Staff, id: str) -> User | None:
    """Give who a session belongs to, if the account is there with the same password."""
    name, _, mark = id.partition(":")
    if name == DEVELOPER:
        return User(Account(DEVELOPER, "editor")) if in_development(config) else None
    account = staff.find(name)
    return User(account) if account and hmac.compare_digest(account.mark, mark) else None


def ask() -> BaseResponse:
    """Send whoever is not signed in to do so; a form that was sent is not kept."""
    return redirect(url_for("signing_in.sign_in"))


def blueprint(config: Config, staff: Staff) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("signing_in", __name__)
    limiter = FixedWindowRateLimiter(MemoryStorage())

    @routes.route("/sign-in", methods=["GET", "POST"])
    def sign_in() -> BaseResponse | str | tuple[str, int]:
        if current_user.is_authenticated:
            return redirect(url_for("simulator.index"))
        if request.method == "GET":
            return render_template("sign_in.html", wrong=False)
        if not limiter.hit(MOST_TRIES):
            abort(429, gettext("Too many people are signing in. Try again in a few seconds."))
        account = staff.sign_in(request.form.get("name", ""), request.form.get("password", ""))
        if account is None:
            return render_template("sign_in.html", wrong=True), 403
        _let_in(account)
        return redirect(url_for("simulator.index"))

    @routes.get("/enter/<word>")
    def enter(word: str) -> BaseResponse:
        """Let in whoever has the link that `serve` printed, once."""
        file = beside_database(config, LINK)
        try:
            wanted = file.read_text(encoding="ascii").strip()
            if not in_development(config) or not hmac.compare_digest(
                wanted.encode(), word.encode("utf-8", "replace")
            ):
                abort(404)
            file.unlink()  # whoever deletes it first is let in
        except OSError:
            abort(404, gettext("This link has been used. Start the server again for a new one."))
        _let_in(Account(DEVELOPER, "editor"))
        return redirect(url_for("simulator.index"))

    @routes.post("/sign-out")
    def sign_out() -> BaseResponse:
        logout_user()
        start_anew()
        return redirect(url_for("signing_in.sign_in"))

    def _let_in(account: Account) -> None:
        start_anew()
        session.permanent = True
        login_user(User(account))
        staff.note(account.name, "signed in")

    return routes


def needs(role: Role) -> None:
    """Refuse whoever has another role: an editor may do all that a tester may."""
    if role == "editor" and current_user.role != "editor":
        abort(403, gettext("This page is for editors. Ask an editor, or sign in as one."))
