"""The JSON API: what v1 promises, who may, and that it says what the other channels say."""

import json
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from werkzeug.serving import make_server
from werkzeug.test import TestResponse

from bot.api.keys import Keys
from bot.app import NAME, create_app
from bot.config import Config
from bot.line import Line
from bot.store import StoreError
from bot.transcripts import play
from bot.turn import Turns
from tests.conftest import ROOT

PROMISES = ROOT / "tests" / "fixtures" / "api-v1.json"
"""Every operation, field and status of v1: what a client of it may rely on."""


class Client:
    """One who has a key."""

    def __init__(self, client: FlaskClient, key: str) -> None:
        self.client, self.headers = client, {"Authorization": f"Bearer {key}"}

    def get(self, path: str) -> TestResponse:
        return self.client.get(f"/api/v1{path}", headers=self.headers)

    def post(self, **said: Any) -> TestResponse:
        return self.client.post("/api/v1/messages", json=said, headers=self.headers)

    def text(self, text: str, id: str = "1", **others: Any) -> dict[str, Any]:
        response = self.post(id=id, contact="ann", text=text, **others)
        assert response.status_code == 200, response.text
        said: dict[str, Any] = response.json
        return said


@pytest.fixture
def app(config: Config, line: Line) -> Flask:
    return create_app(config, line)


@pytest.fixture
def turns(app: Flask) -> Turns:
    turns: Turns = app.extensions[NAME]
    return turns


@pytest.fixture
def keys(turns: Turns) -> Keys:
    return Keys(turns.store, turns.clock)


@pytest.fixture
def ann(client: FlaskClient, keys: Keys) -> Client:
    return Client(client, keys.add("ann"))


# --- what it answers ---


def test_a_message_gets_the_reply_and_all_that_is_known_of_it(ann: Client) -> None:
    said = ann.text("cart", "m-1")
    assert said["text"].startswith("For adults: CAR T-cell therapy changes T cells")
    told = ("id", "label", "topic", "audience", "page", "pages", "language", "draft", "encoding")
    assert [said[one] for one in told] == [
        "m-1", "adult.cart", "cart", "adult", 1, 4, "en", False, "GSM-7",
    ]  # fmt: skip
    assert said["segments"] == 2
    assert said["link"] == "https://answer.example.ca/acart/en"
    assert said["support_line"] == "1-888-939-3333"
    first = said["sources"][0]
    assert (first["document"], first["section"]) == ("adult-all", "CAR T-cell therapy")
    assert first["paragraphs"] == "1"
    assert said["revision"]
    assert ann.text("more", "m-2")["page"] == 2


def test_a_chat_gets_a_long_page_and_quick_replies(ann: Client) -> None:
    said = ann.text("menu", medium="chat")
    assert {"word": "4", "title": "CAR T cells"} in said["quick_replies"]
    said = ann.text("4", "2", medium="chat")
    assert (said["pages"], said["quick_replies"][-1]["word"]) == (1, "MENU")


def test_the_same_id_gets_the_same_reply(ann: Client) -> None:
    first = ann.text("menu")
    assert ann.text("cart") == first
    assert ann.text("more", "2") != first


def test_each_key_has_contacts_and_ids_of_its_own(
    ann: Client, client: FlaskClient, keys: Keys
) -> None:
    bob = Client(client, keys.add("bob"))
    assert ann.text("STOP")["label"] == "stop"
    assert bob.text("cart")["text"].startswith("For adults")
    assert ann.text("cart", "2")["text"] == ""


def test_it_says_what_a_golden_transcript_says(ann: Client, line: Line, turns: Turns) -> None:
    clock = iter(range(1_800_000_000, 1_900_000_000, 20))
    turns.clock = lambda: next(clock)
    rows = (ROOT / "tests/transcripts/04-menu-and-numbers.txt").read_text(encoding="utf-8")
    said = [row[2:] for row in rows.splitlines() if row.startswith("> ")]
    wanted = play("".join(f"> {one}\n" for one in said), line)
    out = []
    for number, one in enumerate(said):
        text = ann.text(one, str(number))["text"]
        out += [f"> {one}", *(f"< {part}".rstrip() for part in text.split("\n"))]
    assert "\n".join(out) + "\n" == wanted


def test_a_hint_and_what_the_carrier_has_settled(ann: Client) -> None:
    assert ann.text("cart", hint="fr-CA")["language"] == "fr"
    settled = ann.text("STOP", "2", settled="stop")
    assert (settled["label"], settled["text"], settled["segments"]) == ("stop", "", 0)
    assert ann.text("cart", "3")["text"] == ""


def test_the_content_can_be_read(ann: Client) -> None:
    languages = ann.get("/languages").json["languages"]
    assert [one["language"] for one in languages][:2] == ["en", "fr"]
    assert {one["language"] for one in languages if one["right_to_left"]} == {"ar", "fa", "ur"}
    topics = ann.get("/topics?language=fr").json["topics"]
    title = "SNC (cerveau, colonne)"
    assert {"topic": "cns", "title": title, "audiences": ["adult", "child"]} in topics
    assert len([a for one in topics for a in one["audiences"]]) == 21
    answer = ann.get("/answers/cart?language=fa&audience=child").json
    assert (answer["language"], answer["draft"]) == ("fa", True)
    assert answer["paragraphs"][0]
    assert answer["sources"]


# --- who may ---


def test_without_any_key_there_is_no_api(client: FlaskClient) -> None:
    response = client.get("/api/v1/openapi.json")
    assert (response.status_code, response.mimetype) == (404, "text/plain")


@pytest.mark.parametrize("header", ["", "Bearer", "Bearer x", "Basic YTpi", "Bearer answerline_"])
@pytest.mark.usefixtures("ann")
def test_who_has_no_key_is_refused(client: FlaskClient, header: str) -> None:
    headers = {"Authorization": header} if header else {}
    for response in (
        client.post("/api/v1/messages", json={"id": "1"}, headers=headers),
        client.get("/api/v1/topics", headers=headers),
    ):
        _is_problem(response, 401)
        assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_a_key_is_good_for_its_scopes_only(client: FlaskClient, keys: Keys) -> None:
    reader = Client(client, keys.add("reader", ("content",)))
    assert reader.get("/languages").status_code == 200
    _is_problem(reader.post(id="1", contact="a", text="cart"), 403)
    texter = Client(client, keys.add("texter", ("messages",)))
    assert texter.text("cart")
    _is_problem(texter.get("/languages"), 403)


def test_a_revoked_key_is_refused_from_the_next_call_on(ann: Client, keys: Keys) -> None:
    keys.add("another")
    assert ann.get("/languages").status_code == 200
    assert keys.revoke("ann")
    _is_problem(ann.get("/languages"), 401)
    assert not keys.revoke("ann")


def test_where_the_last_key_is_revoked_there_is_no_api(
    ann: Client, keys: Keys, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.api.keys.ASKED_EVERY", -1.0)
    assert ann.get("/languages").status_code == 200
    keys.revoke("ann")
    assert ann.get("/languages").mimetype == "text/plain"


def test_strangers_make_no_work_for_the_store(
    client: FlaskClient, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert client.get("/api/v1/").status_code == 404

    def asked(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(turns.store, "rows", asked)
    turns.outage.lasts = True
    for _ in range(3):
        assert client.get("/api/v1/").status_code == 404
    turns.outage.lasts = False


def test_a_key_is_kept_as_a_hash(ann: Client, config: Config) -> None:
    secret = ann.headers["Authorization"].partition("_")[2].encode()
    kept = b"".join(file.read_bytes() for file in Path(config.database).parent.iterdir())
    assert b"ann" in kept
    assert secret not in kept


def test_more_calls_than_its_rate_are_refused(client: FlaskClient, keys: Keys) -> None:
    slow = Client(client, keys.add("slow", rate="2/minute"))
    quick = Client(client, keys.add("quick"))
    told = [slow.get("/languages") for _ in range(3)]
    assert [one.status_code for one in told] == [200, 200, 429]
    assert [one.headers["X-RateLimit-Remaining"] for one in told] == ["1", "0", "0"]
    assert "Retry-After" not in told[0].headers
    assert 0 < int(told[2].headers["Retry-After"]) <= 60
    _is_problem(told[2], 429)
    assert quick.get("/languages").status_code == 200


@pytest.mark.parametrize(
    ("name", "scopes", "rate", "said"),
    [
        ("A b", ("content",), "1/minute", "a name has"),
        ("ann", ("all",), "1/minute", "a scope is one of"),
        ("ann", (), "1/minute", "a scope is one of"),
        ("ann", ("content",), "often", "a rate is"),
        ("ann", ("content",), "0/minute", "a rate is"),
    ],
)
def test_a_key_that_cannot_be(
    keys: Keys, name: str, scopes: tuple[str, ...], rate: str, said: str
) -> None:
    with pytest.raises(ValueError, match=said):
        keys.add(name, scopes, rate)


def test_a_name_has_one_key(keys: Keys) -> None:
    keys.add("ann")
    with pytest.raises(ValueError, match="revoke it first"):
        keys.add("ann")


# --- bad input ---


@pytest.mark.parametrize(
    ("said", "status", "errors"),
    [
        ({"contact": "a", "text": "x"}, 422, ["/id"]),
        ({"id": "", "contact": "a"}, 422, ["/id"]),
        ({"id": "1", "contact": "a" * 201}, 422, ["/contact"]),
        ({"id": "1", "contact": "a", "text": 5, "words": "x"}, 422, ["/text", "/words"]),
        ({"id": "1", "contact": "a", "text": "a" * 10_001}, 422, ["/text"]),
        ({"id": "1", "contact": "a", "media": -1}, 422, ["/media"]),
        ({"id": "1", "contact": "a", "media": True}, 422, ["/media"]),
        ({"id": "1", "contact": "a", "media": 1.5}, 422, ["/media"]),
        ({"id": "1", "contact": "a", "medium": "fax"}, 422, ["/medium"]),
        ([1], 422, [""]),
    ],
)
def test_wrong_fields_are_named(ann: Client, said: object, status: int, errors: list[str]) -> None:
    response = ann.client.post("/api/v1/messages", json=said, headers=ann.headers)
    _is_problem(response, status)
    assert [one["pointer"] for one in response.json["errors"]] == errors


@pytest.mark.parametrize(
    ("body", "kind", "status"),
    [
        (b"{", "application/json", 400),
        (b"\xff", "application/json", 400),
        (b"{}", "text/plain", 415),
        (b"a=b", "application/x-www-form-urlencoded", 415),
        (b'{"text": "' + b"a" * 70_000 + b'"}', "application/json", 413),
    ],
)
def test_what_is_no_json_is_refused(ann: Client, body: bytes, kind: str, status: int) -> None:
    response = ann.client.post(
        "/api/v1/messages", data=body, headers={**ann.headers, "Content-Type": kind}
    )
    _is_problem(response, status)


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/answers/nothing", 404),
        ("/answers/factors", 404),
        ("/answers/cart?language=xx", 404),
        ("/answers/cart?audience=all", 422),
        ("/topics?language=x", 422),
        ("/nowhere", 404),
    ],
)
def test_what_is_not_there(ann: Client, path: str, status: int) -> None:
    """`factors` is on the page about children only."""
    _is_problem(ann.get(path), status)


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e400"])
def test_what_is_no_number_is_named(ann: Client, number: str) -> None:
    body = f'{{"id": "1", "contact": "a", "media": {number}}}'
    response = ann.client.post(
        "/api/v1/messages", data=body, headers={**ann.headers, "Content-Type": "application/json"}
    )
    assert response.status_code in (400, 422)


@pytest.mark.parametrize(
    "id", ["a\0", "a\n", "\ud800", "\x7f"], ids=["nul", "line", "half", "delete"]
)
def test_an_id_that_no_store_can_keep_is_refused(ann: Client, id: str) -> None:
    for said in ({"id": id, "contact": "a"}, {"id": "1", "contact": id}):
        _is_problem(ann.post(**said), 422)
    assert ann.text("cart", "é - 1")["topic"] == "cart"


@pytest.mark.parametrize("text", ["\0", "\ud800", "a\0b", "\u202e", ""], ids=range(5))
def test_odd_texts_are_answered(ann: Client, text: str) -> None:
    assert ann.text(text)["label"]


def test_a_store_that_is_away(ann: Client, turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    """A key that was used is still known; one that was not cannot be."""
    assert ann.text("menu")["label"] == "menu"

    def away(*_: object, **__: object) -> None:
        raise StoreError("away")

    for name in ("rows", "turn", "reply_to", "opted_out", "ping"):
        monkeypatch.setattr(turns.store, name, away)
    assert ann.text("cart", "2")["text"].startswith("For adults: CAR T")
    stranger = Client(ann.client, "answerline_" + "0" * 64)
    response = stranger.post(id="1", contact="a", text="cart")
    _is_problem(response, 503)
    assert response.headers["Retry-After"] == "60"


def _is_problem(response: TestResponse, status: int) -> None:
    """An error as RFC 9457 has it."""
    assert (response.status_code, response.mimetype) == (status, "application/problem+json")
    assert response.json["status"] == status
    assert response.json["type"] == "about:blank"
    assert response.json["title"]
    assert response.json["detail"]


# --- the specification ---


def test_what_v1_promises(ann: Client) -> None:
    """Fields may be added: what a client may rely on stays."""
    spec = ann.get("/openapi.json").json
    assert spec["openapi"] == "3.1.0"
    now = _promised(spec)
    wanted = json.loads(PROMISES.read_text(encoding="utf-8"))
    assert {**now, **wanted} == now, "something that v1 promised is gone or another now"


def _promised(spec: dict[str, Any]) -> dict[str, Any]:
    """Each operation's statuses, each field's type, and which fields a request must have."""
    found: dict[str, Any] = {}
    for path, operations in spec["paths"].items():
        for method, operation in operations.items():
            if method != "parameters":
                for status in operation["responses"]:
                    found[f"{method} {path} {status}"] = operation["operationId"]
    for name, schema in spec["components"]["schemas"].items():
        for field, of in schema.get("properties", {}).items():
            found[f"{name}.{field}"] = [of.get("type"), field in schema.get("required", [])]
    return found


def test_the_specification_has_a_page_of_its_own(ann: Client) -> None:
    page = ann.client.get("/api/v1/")
    assert "openapi.json" in page.text
    assert "script-src 'self'" in page.headers["Content-Security-Policy"]
    for name in ("swagger-ui.css", "swagger-ui-bundle.js", "favicon-32x32.png"):
        with ann.client.get(f"/api/v1/shown/{name}") as response:
            assert response.status_code == 200
    assert ann.client.get("/api/v1/shown/../app.py").status_code == 404
    assert ann.client.get("/api/v1/shown/LICENSE").status_code == 404


@pytest.mark.filterwarnings("ignore")
def test_schemathesis_finds_nothing(
    ann: Client, app: Flask, turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every operation, with what the specification allows and with what it does not."""
    monkeypatch.setattr("bot.api.app.STRANGERS", "1000000/minute")
    turns.store.change("UPDATE keys SET rate = '1000000/minute'")
    schema = schemathesis.openapi.from_wsgi("/api/v1/openapi.json", app)
    operations = [one.ok() for one in schema.get_all_operations()]
    assert len(operations) == 4
    for operation in operations:
        _tried(operation, ann.headers)


def _tried(operation: Any, headers: dict[str, str]) -> None:
    seen = []

    @given(case=operation.as_strategy())
    @settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
    def tried(case: Any) -> None:
        if len(case.path_parameters.get("topic", "-")) % 2 == 0:
            case.path_parameters["topic"] = "cart"  # chance alone never finds one
        response = case.call(headers=headers)
        seen.append(response.status_code)
        case.validate_response(response, headers=headers)

    tried()
    assert 200 in seen


@pytest.mark.filterwarnings("ignore")
def test_a_generated_client_asks(app: Flask, ann: Client, tmp_path: Path) -> None:
    """A public generator makes a client of the specification, which asks CART over the network."""
    spec = tmp_path / "openapi.json"
    spec.write_text(json.dumps(ann.get("/openapi.json").json), encoding="utf-8")
    made = subprocess.run(
        [
            sys.executable, "-m", "openapi_python_client", "generate", "--path", str(spec),
            "--meta", "none", "--output-path", str(tmp_path / "answerline_client"),
        ],
        cwd=tmp_path, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert made.returncode == 0, made.stdout + made.stderr
    with _served(app) as url:
        script = f"""
from answerline_client import AuthenticatedClient
from answerline_client.api.v1 import take_message
from answerline_client.models import MessageIn
client = AuthenticatedClient({url + "/api"!r}, {ann.headers["Authorization"].split()[1]!r})
said = take_message.sync(client=client, body=MessageIn(id="1", contact="ann", text="CART"))
print(said.text)
"""
        asked = subprocess.run(
            [sys.executable, "-c", script],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
        )
    assert asked.stdout.startswith("For adults: CAR T-cell therapy changes"), asked.stderr


class _served:  # noqa: N801 - reads as a context
    def __init__(self, app: Flask) -> None:
        self._server = make_server("127.0.0.1", 0, app)
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)

    def __enter__(self) -> str:
        self._thread.start()
        return f"http://127.0.0.1:{self._server.server_port}"

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
