"""In which language the console speaks: what its reader chose, else the browser's, else English.

A language is there because its catalog is there (see `wording`). Dates and numbers are written as
in Canada, where that language is known there.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Final

import flask_babel
from babel import Locale, UnknownLocaleError
from babel.support import NullTranslations, Translations
from flask import Blueprint, Flask, Response, abort, current_app, g, redirect, request, session
from flask_babel import Babel, Domain
from werkzeug.wrappers import Response as BaseResponse

from bot.console import wording
from bot.languages import language_names, right_to_left
from bot.library import ENGLISH

TERRITORY: Final = "CA"
CHOSEN: Final = "language"
"""Under which a session keeps what its reader chose."""

NAME: Final = "answerline-words"


class Words(Domain):  # type: ignore[misc]
    """The console's words, in each language that it has."""

    def __init__(self, known: Mapping[str, Translations]) -> None:
        super().__init__(domain=wording.DOMAIN)
        self.known, self.english = known, NullTranslations()
        self.names = {code: own[0] for code, own in language_names([ENGLISH, *known]).items()}

    def get_translations(self) -> NullTranslations:
        """Give the words for whoever asks now."""
        return self.known.get(current(), self.english)


def set_up(app: Flask, locales: Path) -> None:
    """Let an app speak every language that there is a catalog for."""
    words = Words(wording.read(locales))
    babel = Babel(app, locale_selector=lambda: regional(current()))
    babel.domain_instance = words
    app.extensions[NAME] = words
    app.jinja_env.globals.update(segments=segments, number=number, day=day)
    app.jinja_env.filters["said"] = gettext
    app.context_processor(lambda: {"interface": _around(words)})
    app.register_blueprint(_blueprint(words))
    app.after_request(_named)


def current() -> str:
    """Give the language of the page that is made now."""
    if "language" not in g:
        words: Words = current_app.extensions[NAME]
        chosen = session.get(CHOSEN) if session else None
        g.language = chosen if chosen in words.names else _accepted(words)
    return str(g.language)


def regional(language: str) -> str:
    """Give the locale by whose customs dates and numbers are written."""
    try:
        return str(Locale.parse(f"{language}_{TERRITORY}"))
    except UnknownLocaleError:
        return language


def gettext(text: str, **slots: object) -> str:
    """Say a marked text in the reader's language; what is no marked text stays as it is."""
    return str(flask_babel.gettext(text, **slots))


def ngettext(one: str, several: str, count: int, **slots: object) -> str:
    """Say a text for a count, which stands in it as %(num)s."""
    said = flask_babel.get_translations().ungettext(one, several, count)
    return str(said % {"num": number(count), **slots})


def segments(count: int) -> str:
    """Say how many segments."""
    return ngettext("%(num)s segment", "%(num)s segments", count)


def number(value: float, pattern: str | None = None) -> str:
    """Write a number as the reader does."""
    return str(flask_babel.format_decimal(value, pattern))


def day(on: date) -> str:
    """Write a day as the reader does, in digits."""
    return str(flask_babel.format_date(on, "short", rebase=False))


def moment(at: int) -> str:
    """Write Unix seconds as the reader does, in UTC."""
    return str(flask_babel.format_datetime(datetime.fromtimestamp(at, UTC), "short"))


def start_anew() -> None:
    """Empty the session, but for the language that was chosen."""
    chosen = session.get(CHOSEN)
    session.clear()
    if chosen:
        session[CHOSEN] = chosen


def _accepted(words: Words) -> str:
    """Give the first language that a browser asks for and the console has; en-CA asks for en."""
    by_tag = {_tag(code).casefold(): code for code in words.names}
    for asked, quality in request.accept_languages if request else ():
        tag = asked.casefold()
        while tag and quality:
            if tag in by_tag:
                return by_tag[tag]
            tag = tag.rpartition("-")[0]
    return ENGLISH


def _tag(language: str) -> str:
    return language.replace("_", "-")


def _around(words: Words) -> dict[str, Any]:
    """Give what a page needs to say its language, and to offer the others."""
    back = request.full_path.rstrip("?") if request.method == "GET" else ""
    return {
        "tag": _tag(current()),
        "dir": "rtl" if right_to_left(current()) else "ltr",
        "choices": [
            (code, _tag(code), name, code == current()) for code, name in words.names.items()
        ],
        "back": back,
    }


def _blueprint(words: Words) -> Blueprint:
    routes = Blueprint("language", __name__)

    @routes.post("/language")
    def choose() -> BaseResponse:
        """Take the language that was chosen, and lead back to the same page."""
        chosen, back = request.form.get("language", ""), request.form.get("back", "")
        if chosen not in words.names:
            abort(400, gettext("There is no such language here."))
        session[CHOSEN] = chosen
        g.language = chosen
        own = back.startswith("/") and not set("\\\r\n\t") & set(back) and back[1:2] != "/"
        return redirect(request.script_root + (back if own else "/"), 303)

    return routes


def _named(response: Response) -> Response:
    """Say in which language a page is, and by what that was decided."""
    if response.mimetype == "text/html":
        response.content_language.add(_tag(current()))
        response.vary.update(("Accept-Language", "Cookie"))
    return response
