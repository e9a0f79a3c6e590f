"""RapidPro's samples: what an External API channel sends, as a form or JSON, and what it receives.

What the bodies look like is what courier's own table of cases for this channel has.
"""

import json
import secrets
from collections.abc import Sequence
from typing import Final
from urllib.parse import parse_qs, urlencode
from uuid import uuid4

from bot.channels.channel import LONGEST_BODY
from bot.channels.rapidpro import FORM, JSON, PATH
from bot.config import Config
from bot.samples.sample import Case, Request, Sample, Sent, Texted, Try

LINE: Final = "+15145550100"
CONTACT: Final = "+15145550123"
ACCEPTED: Final = b'{"message":"Message Accepted","data":[{"type":"msg"}]}'


def fields(texted: Texted) -> dict[str, str]:
    """Write what RapidPro's own template for the body has."""
    return {
        "uuid": texted.id, "text": texted.text,
        "to": texted.contact, "to_no_plus": texted.contact.lstrip("+"),
        "from": LINE, "from_no_plus": LINE.lstrip("+"),
        "channel": "8eb23e93-5ecb-45ba-b726-3b064e0c56ab",
    }  # fmt: skip


def posted(config: Config, said: dict[str, str], scheme: str = "Token ") -> Request:
    """Write a call as a form."""
    assert config.rapidpro is not None  # noqa: S101 - made only where it is there
    headers = {"Content-Type": FORM, "Authorization": f"{scheme}{config.rapidpro.secret}"}
    return Request("POST", PATH, headers, urlencode(said).encode())


def in_json(request: Request, body: str) -> Request:
    """Write a call as JSON."""
    return request._replace(headers={**request.headers, "Content-Type": JSON}, body=body.encode())


def request(config: Config, _: str, texted: Texted) -> Request:
    """Write a message."""
    return posted(config, fields(texted))


def sent(call: Request) -> Sent | None:
    """Read what RapidPro was asked to receive."""
    said = parse_qs(call.body.decode())
    if not call.path.endswith("/receive") or not {"from", "text"} <= said.keys():
        return None
    return Sent(said["from"][0], said["text"][0])


def cases(config: Config, attempt: Try) -> Sequence[Case]:
    """Give the table of this channel."""
    _, contact, run = attempt

    def message(name: str, text: str = "MENU") -> dict[str, str]:
        return fields(Texted(text, contact, f"{run}-{name.replace(' ', '-')}"))

    def one(name: str, *taken: str, status: int = 200, **others: str) -> Case:
        said = {**message(name), **others}
        return Case(name, posted(config, said), status, taken)

    def json_case(name: str, body: str, *taken: str, status: int = 200) -> Case:
        return Case(name, in_json(good, body), status, taken)

    def without(name: str, *missing: str, taken: Sequence[str] = (), status: int = 400) -> Case:
        said = {key: value for key, value in message(name).items() if key not in missing}
        return Case(name, posted(config, said), status, taken)

    good = posted(config, message("good"))
    picture, place = "https://example.org/a.jpg", "45.5017,-73.5673"
    parts = [message("parts", text) for text in ("I would like to know what", "MENU")]
    old = {**message("old"), "id": f"{run}-1241244", "uuid": "{{uuid}}"}
    template = '{"uuid":%s, "to":%s, "text":%s, "from":"2020", "quick_replies":["One"]}'
    ours = json.dumps(contact)
    return (
        one("a message", "MENU"),
        Case("the same message again", good, 200, ("MENU",), twice=True),
        Case("a part of a long message", posted(config, parts[0]), 200, (parts[0]["text"],)),
        Case("another part with its id", posted(config, parts[1]), 200, ("MENU",)),
        Case("all parts again", posted(config, parts[0]), 200, (parts[0]["text"],), twice=True),
        one("letters of every kind", '☺ "hi!" + & = 化疗', text='☺ "hi!" + & = 化疗'),
        one("no words", "", text=""),
        one("a picture with words", "MENU", text=f"MENU\n{picture}"),
        one("a picture without words", "", text=f"\n{picture}"),
        one("two pictures without words", "", text=f"{picture}\n{picture}"),
        one("a link among words", f"see {picture}", text=f"see {picture}"),
        one("a place", "", text=f"\n{place}"),
        one("quick replies beside it", "MENU", quick_reply="One", session_status="W"),
        one("the number of an older release", "MENU", id="1241244", uuid=""),
        Case("a variable that an older release leaves", posted(config, old), 200, ("MENU",)),
        without("only the plain address", "to", taken=("MENU",), status=200),
        one("our own echo", to=LINE),
        one("our own echo without its plus", to=LINE.lstrip("+")),
        json_case("JSON", template % (f'"{run}-json"', ours, '"MENU"'), "MENU"),
        json_case("JSON with a number for an id", template % (1241245, ours, '"MENU"'), "MENU"),
        json_case("wrong JSON", '{"uuid": ', status=400),
        json_case("JSON that is a list", "[]", status=400),
        json_case("wrong types", template % ("[1]", ours, '"MENU"'), status=400),
        json_case("no text in JSON", template % (f'"{run}-null"', ours, "null"), status=400),
        json_case("deep JSON", '{"a":' + "[" * 9000 + "]" * 9000 + "}", status=400),
        json_case("half a letter", template % (f'"{run}-half"', ours, '"\\ud83d"'), status=400),
        without("no id", "uuid"),
        without("no address", "to", "to_no_plus"),
        without("no text", "text"),
        one("an id that is none", uuid="what a person wrote", status=400),
        one("an address that is a variable", to="{{to}}", status=400),
        one("too many fields", status=400, **{f"x{number}": "1" for number in range(200)}),
        Case("a secret alone", posted(config, message("alone"), ""), 200, ("MENU",)),
        Case("a bearer", posted(config, message("bearer"), "Bearer "), 200, ("MENU",)),
        Case("another secret", posted(config, message("forged"), "Token x"), 403),
        Case("no secret", good._replace(headers={"Content-Type": FORM}), 403),
        Case(
            "a form with its letters named",
            good._replace(headers={**good.headers, "Content-Type": f"{FORM}; charset=utf-8"}),
            200, ("MENU",),
        ),
        Case("XML", good._replace(headers={**good.headers, "Content-Type": "text/xml"}), 415),
        Case("too long", good._replace(body=b"a=" + b"a" * LONGEST_BODY), 413),
        Case("by GET", good._replace(method="GET", body=b""), 405),
    )  # fmt: skip


def settings(api_url: str) -> dict[str, str]:
    """Make settings to try with."""
    return {
        "RAPIDPRO_SECRET": secrets.token_hex(16),
        "RAPIDPRO_RECEIVE_URL": f"{api_url}/c/ex/{uuid4()}/receive",
    }


def api_url(config: Config) -> str:
    """Give where replies go."""
    assert config.rapidpro is not None  # noqa: S101 - made only where it is there
    return config.rapidpro.receive_url


SAMPLE: Final = Sample(
    CONTACT, settings, request, cases, sent=sent, accepted=ACCEPTED, api_url=api_url
)
