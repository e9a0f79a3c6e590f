"""The Vonage channel: its SDK signs and checks, parts come in any order, its API says no."""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from flask.testing import FlaskClient
from vonage_jwt import JwtClient, verify_signature

from bot.app import NAME, create_app
from bot.channels import channel
from bot.channels.vonage import MESSAGES_PATH, SMS_PATH, STATUS_PATH, reading, signed
from bot.channels.vonage.naming import ERRORS, LONGEST
from bot.channels.vonage.sending import LASTS, RENEWED, sender, shortened, tokens, told
from bot.config import Config
from bot.model import Choice, Inbound, Reply
from bot.outbox import Later, Never, Outcome, Sent
from bot.parts import OVERDUE
from bot.platforms import Vonage
from bot.posts import Outgoing
from bot.problems import ConfigError
from bot.samples import vonage as sample
from bot.samples.sample import Request, Texted
from bot.store import StoreError
from bot.store.rows import KEEP_PARTS
from bot.turn import Turns

from .conftest import BASE_URL, ROOT

pytestmark = pytest.mark.usefixtures("one_line")

SETTINGS = sample.settings("https://vonage.example")
PHONE = "15145550123"
LONG = "Could you tell me please what CAR T-cell therapy is, and "


@pytest.fixture
def config(tmp_path: Path) -> Config:
    own = {
        "ANSWERLINE_KEY": "a key for tests, long enough", "PUBLIC_BASE_URL": BASE_URL,
        "DATABASE_URL": f"sqlite:///{tmp_path}/line.db", "ANSWERLINE_CONTENT": str(ROOT),
    }  # fmt: skip
    return Config.from_env({**own, **SETTINGS})


@pytest.fixture
def line(config: Config) -> Iterator[SimpleNamespace]:
    """An app, and what its turns took."""
    app = create_app(config)
    turns: Turns = app.extensions[NAME]
    taken: list[Inbound] = []
    take = turns._take
    turns._take = lambda inbound, note: (taken.append(inbound), take(inbound, note))[1]
    with app.test_client() as client:
        yield SimpleNamespace(client=client, turns=turns, taken=taken, config=config)


def ask(client: FlaskClient, request: Request) -> int:
    answer = client.open(
        request.path, method=request.method, headers=dict(request.headers), data=request.body,
        base_url=BASE_URL,
    )  # fmt: skip
    assert len(answer.text.splitlines()) <= 1
    return answer.status_code


def vonage(config: Config) -> Vonage:
    assert config.vonage is not None
    return config.vonage


# --- signed ---


def test_vonages_own_check_takes_what_the_sample_signs_and_so_do_we(config: Config) -> None:
    secret, body = vonage(config).signature_secret, b'{"text": "CART"}'
    token = sample.token(config, body)
    assert verify_signature(token, secret)
    assert not verify_signature(token, "another secret, just as long as it")
    assert signed.body_is(secret, f"Bearer {token}", body)
    assert signed.body_is(secret, f"bearer  {token}", body)
    assert not signed.body_is("another secret, just as long as it", f"Bearer {token}", body)
    assert not signed.body_is(secret, f"Bearer {token}", body + b" ")


@pytest.mark.parametrize(
    "claims",
    [
        {}, {"payload_hash": None}, {"payload_hash": 7}, {"payload_hash": "é"},
        {"iat": None}, {"iat": "now"}, {"iat": 1e400}, {"iat": -1},
    ],
    ids=str,
)  # fmt: skip
def test_a_token_that_is_not_over_this_body_and_of_this_minute_is_refused(
    config: Config, claims: dict[str, object]
) -> None:
    own = {"iat": int(time.time()), "payload_hash": "0" * 64, **claims}
    token = jwt.encode(own, vonage(config).signature_secret, algorithm="HS256")
    assert not signed.body_is(vonage(config).signature_secret, f"Bearer {token}", b"{}")


@pytest.mark.parametrize("algorithm", ["none", "HS384", "HS512", "RS256"])
def test_no_other_algorithm_is_taken(config: Config, algorithm: str) -> None:
    good = jwt.decode(sample.token(config, b"{}"), options={"verify_signature": False})
    key = {"none": None, "RS256": vonage(config).private_key}.get(
        algorithm, vonage(config).signature_secret * 2
    )
    token = jwt.encode(good, key, algorithm=algorithm)
    assert not signed.body_is(vonage(config).signature_secret * 2, f"Bearer {token}", b"{}")


@pytest.mark.parametrize(
    "header", ["Bearer", "Bearer ", "Bearer a.b.c", "Bearer é", "x", "Bearer ."]
)
def test_what_is_no_token_is_refused(config: Config, header: str) -> None:
    assert not signed.body_is(vonage(config).signature_secret, header, b"{}")


def test_the_sig_is_that_of_vonages_own_sdk() -> None:
    """The digest is a fact from the tests of Vonage's SDK for Python."""
    values = {"param1": "value1", "param2": "value2", "timestamp": "1234567890"}
    wanted = "280c4320703dbc98bfa22db676655ed2acfbfe8792b062ff7622e67f1183c287"
    assert signed.sign("signature_secret", values) == wanted
    assert signed.sign("signature_secret", {**values, "sig": "x"}) == wanted
    special = signed.sign("s", {"a": "1&b=2"})
    assert special == signed.sign("s", {"a": "1_b_2"})


@pytest.mark.parametrize(
    "timestamp", ["", "x", "²", "9" * 30, "1", str(int(time.time()) + 3600)], ids=range(6)
)
def test_a_sig_of_no_time_or_another_day_is_refused(timestamp: str) -> None:
    values = {"text": "CART", "timestamp": timestamp}
    assert not signed.values_are("secret", {**values, "sig": signed.sign("secret", values)})
    values["timestamp"] = str(int(time.time()))
    right = signed.sign("secret", values)
    assert signed.values_are("secret", {**values, "sig": right.upper()})
    assert not signed.values_are("secret", {**values, "sig": "é"})
    assert not signed.values_are("secret", {**values, "sig": right, "text": "MENU"})


# --- read ---


@pytest.mark.parametrize(
    ("contact", "medium"),
    [
        (f"sms:{PHONE}", "sms"), (f"whatsapp:{PHONE}", "chat"), (f"rcs:{PHONE}", "chat"),
        ("messenger:0123", "sms"), (f"viber_service:{PHONE}", "sms"), ("whatsapp:CA.1abc", "chat"),
    ],
)  # fmt: skip
def test_channels_do_not_mix_and_nothing_personal_is_read(contact: str, medium: str) -> None:
    said = sample.message(Texted("CART", contact, "1"))
    channel = contact.partition(":")[0]
    back = json.dumps({"channel": channel, "number": sample.LINE}, separators=(",", ":"))
    assert reading.message(json.dumps(said).encode()) == Inbound(
        "vonage", contact, "1", "CART", medium=medium, back=back  # type: ignore[arg-type]
    )  # fmt: skip


def test_a_picture_by_mms_is_answered_by_sms() -> None:
    said = sample.message(Texted("", f"mms:{PHONE}", "1"), message_type="image")
    inbound = reading.message(json.dumps(said).encode())
    assert inbound is not None
    assert (inbound.contact, inbound.media) == (f"sms:{PHONE}", 1)
    assert json.loads(inbound.back)["channel"] == "sms"


@pytest.mark.parametrize(
    ("fields", "code", "refused"),
    [
        ({"error": {"type": "https://x/api-errors/messages#1180", "title": 1180}}, 1180, False),
        ({"error": {"title": "1240"}}, 1240, True),
        ({"error": {"title": 1240}, "channel": "mms"}, 1240, True),
        ({"error": {"title": 1240}, "channel": "whatsapp"}, 1240, False),
        ({"error": {"title": 1240}, "to": ""}, 1240, False),
        ({"error": {"type": "x#1020", "title": "Rejected"}}, 1020, False),
        ({"error": {"title": "soon"}, "status": "undeliverable"}, 0, False),
        ({"error": None, "channel": None, "to": None}, 0, False),
        ({}, 0, False),
    ],
)
def test_failures_are_read_with_vonages_code(
    fields: dict[str, object], code: int, refused: bool
) -> None:
    said = {"message_uuid": "7", "channel": "sms", "to": PHONE, "status": "rejected", **fields}
    delivery = reading.status(json.dumps(said).encode())
    assert delivery is not None
    assert (delivery.id, delivery.code, delivery.refused) == ("7", code, refused)


@pytest.mark.parametrize("status", ["submitted", "delivered", "read", "something new"])
def test_other_statuses_are_left_alone(status: str) -> None:
    said = {"message_uuid": "7", "channel": "sms", "to": PHONE, "status": status}
    assert reading.status(json.dumps(said).encode()) is None


def test_who_opted_out_with_the_carrier_has_with_us(
    line: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    said = {"message_uuid": "7", "channel": "sms", "to": PHONE, "status": "rejected"}
    refused = sample.signed(line.config, {**said, "error": {"title": 1240}}, STATUS_PATH)
    assert [ask(line.client, refused) for _ in range(2)] == [200, 200]
    assert [row.code for row in line.turns.store.failures()] == [1240]
    assert (
        ask(line.client, sample.request(line.config, "", Texted("CART", f"sms:{PHONE}", "2")))
        == 200
    )
    assert line.turns.store.rows("SELECT number FROM outbox") == []
    assert "reply 7 failed: error 1240" in caplog.text
    assert PHONE not in caplog.text


def test_what_is_refused_is_told_once_a_minute_without_what_it_says(
    line: SimpleNamespace, caplog: pytest.LogCaptureFixture
) -> None:
    channel._warned.clear()
    request = sample.request(line.config, "", Texted("CART", f"sms:{PHONE}", "2"))
    for path in (MESSAGES_PATH, STATUS_PATH, SMS_PATH):
        bare = request._replace(path=path, headers=sample.JSON, body=b'{"text": "CART"}')
        assert ask(line.client, bare) in (403, 503)
    assert caplog.text.count("VONAGE_SIGNATURE_SECRET") == 1
    assert "CART" not in caplog.text
    assert line.taken == []


@pytest.mark.parametrize("path", [MESSAGES_PATH, STATUS_PATH, SMS_PATH])
def test_nothing_is_taken_by_get(line: SimpleNamespace, path: str) -> None:
    """The SMS API's default: texts would stand in the logs of whatever is in between."""
    assert line.client.get(f"{path}?text=CART").status_code == 405


def test_the_sms_api_may_send_a_form(line: SimpleNamespace) -> None:
    request = sample.sms(line.config, Texted("où & = 化疗", f"sms:{PHONE}", "1"))
    form = httpx.QueryParams(json.loads(request.body))
    as_form = request._replace(headers={"Content-Type": reading.FORM}, body=str(form).encode())
    assert ask(line.client, as_form) == 200
    assert [one.text for one in line.taken] == ["où & = 化疗"]


def test_values_that_are_no_words_are_signed_as_they_stand() -> None:
    said = b'{"a": 1, "b": true, "c": null, "d": "x"}'
    assert reading.values(said, "application/json") == {
        "a": "1",
        "b": "true",
        "c": "null",
        "d": "x",
    }


# --- parts ---


def part(line: SimpleNamespace, number: int, text: str, **others: str) -> Request:
    values = {"concat": "true", "concat-ref": "7", "concat-total": "3"}
    texted = Texted(text, f"sms:{PHONE}", f"id{number}")
    return sample.sms(line.config, texted, **{**values, "concat-part": str(number), **others})


TEXTS = {1: LONG, 2: LONG.upper(), 3: "how long it takes?"}


@pytest.mark.parametrize(
    "order", [[1, 2, 3], [3, 2, 1], [2, 3, 1], [3, 3, 1, 1, 2], [1, 2, 3, 3], [1, 2, 3, 1, 2, 3]],
    ids=str,
)  # fmt: skip
def test_parts_in_any_order_are_one_message(line: SimpleNamespace, order: list[int]) -> None:
    assert {ask(line.client, part(line, number, TEXTS[number])) for number in order} == {200}
    assert {(one.id, one.text) for one in line.taken} == {("id1", "".join(TEXTS.values()))}
    assert len(line.turns.store.rows("SELECT number FROM outbox")) == 1
    if len(order) == 3:
        assert line.turns.store.rows("SELECT number FROM concatenated") == []


def test_a_part_that_never_comes_is_waited_for_only_so_long(line: SimpleNamespace) -> None:
    began = line.turns.clock()
    ask(line.client, part(line, 1, TEXTS[1]))
    ask(line.client, part(line, 2, TEXTS[2]))
    line.turns.clock = lambda: began + KEEP_PARTS + 1
    ask(line.client, part(line, 3, TEXTS[3]))
    assert line.taken == []
    line.turns.store.purge(line.turns.clock(), 0, 500)
    assert len(line.turns.store.rows("SELECT number FROM concatenated")) == 1
    # Brought again, they are the message after all.
    ask(line.client, part(line, 1, TEXTS[1]))
    ask(line.client, part(line, 2, TEXTS[2]))
    assert [one.text for one in line.taken] == ["".join(TEXTS.values())]


def test_nobody_in_danger_waits_for_the_rest_of_their_text(line: SimpleNamespace) -> None:
    ask(line.client, part(line, 2, "I want to kill myself, I cannot go on"))
    assert [one.text for one in line.taken] == ["I want to kill myself, I cannot go on"]
    ((sealed,),) = line.turns.store.rows("SELECT sealed FROM outbox")
    assert line.turns.seal.opened(sealed).reply.label == "crisis"


def test_what_has_come_is_answered_after_a_while(line: SimpleNamespace) -> None:
    ask(line.client, part(line, 1, "what is cart"))
    line.turns.take_overdue()
    assert line.taken == []
    began = line.turns.clock()
    line.turns.clock = lambda: began + OVERDUE
    line.turns.take_overdue()
    line.turns.take_overdue()
    assert [(one.id, one.text) for one in line.taken] == [("id1", "what is cart")]
    assert len(line.turns.store.rows("SELECT number FROM outbox")) == 1


@pytest.mark.parametrize(
    "other",
    [{"msisdn": "15145550124"}, {"to": "15145550199"}, {"concat-ref": "8"}, {"concat-total": "4"}],
    ids=str,
)
def test_parts_of_another_text_do_not_mix(line: SimpleNamespace, other: dict[str, str]) -> None:
    ask(line.client, part(line, 1, TEXTS[1]))
    ask(line.client, part(line, 2, TEXTS[2], **other))
    ask(line.client, part(line, 3, TEXTS[3]))
    assert line.taken == []
    ask(line.client, part(line, 2, TEXTS[2]))
    assert len(line.taken) == 1


def test_a_reference_that_comes_again_is_another_text(line: SimpleNamespace) -> None:
    for run in ("a", "b"):
        for number in (1, 2, 3):
            ask(line.client, part(line, number, f"{run}{number}", messageId=f"{run}{number}"))
    assert [(one.id, one.text) for one in line.taken] == [("a1", "a1a2a3"), ("b1", "b1b2b3")]


@pytest.mark.parametrize(
    "wrong",
    [
        {"concat": "false"}, {"concat-part": "0"}, {"concat-part": "4"}, {"concat-part": "x"},
        {"concat-total": ""}, {"concat-total": "256", "concat-part": "2"},
    ],
    ids=str,
)  # fmt: skip
def test_what_counts_wrong_is_a_message_of_its_own(
    line: SimpleNamespace, wrong: dict[str, str]
) -> None:
    ask(line.client, part(line, 2, "CART", **wrong))
    assert [one.text for one in line.taken] == ["CART"]


def test_a_waiting_part_tells_nobody_what_it_says(line: SimpleNamespace, tmp_path: Path) -> None:
    ask(line.client, part(line, 1, "a word of mine"))
    for path in tmp_path.glob("line.db*"):
        kept = path.read_bytes()
        assert b"a word of mine" not in kept
        assert PHONE.encode() not in kept


def test_a_part_that_cannot_be_kept_comes_again(
    line: SimpleNamespace, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def away(*_: object) -> int:
        raise StoreError("away")

    with monkeypatch.context() as patched:
        patched.setattr(line.turns.store, "change", away)
        patched.setattr(line.turns, "is_back", lambda: True)
        assert ask(line.client, part(line, 1, TEXTS[1])) == 503
    assert "a part, message id1, was not kept" in caplog.text
    line.turns.outage.lasts = True
    assert ask(line.client, part(line, 1, TEXTS[1])) == 503
    line.turns.outage.lasts = False
    assert ask(line.client, part(line, 1, TEXTS[1])) == 200
    assert line.taken == []


# --- sent ---


def outgoing(contact: str, text: str = "Yes.", *choices: str) -> Outgoing:
    channel = contact.partition(":")[0]
    back = json.dumps({"channel": channel, "number": sample.LINE})
    buttons = tuple(Choice(word, f"title of {word}") for word in choices)
    return Outgoing("vonage", "1", contact, Reply("menu", text, choices=buttons), back)


def sent_by(
    config: Config, post: Outgoing, answer: Callable[[httpx.Request], httpx.Response] | None = None
) -> tuple[Outcome, list[httpx.Request]]:
    calls: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        calls.append(request)
        return answer(request) if answer else httpx.Response(202, json={"message_uuid": "1"})

    with httpx.Client(transport=httpx.MockTransport(handle)) as client:
        return sender(config)(client, post), calls


def test_a_reply_goes_with_a_token_like_that_of_vonages_own_sdk(config: Config) -> None:
    outcome, (call,) = sent_by(config, outgoing(f"sms:{PHONE}"))
    assert outcome == Sent()
    assert (call.method, str(call.url)) == ("POST", "https://vonage.example/v1/messages")
    assert json.loads(call.content) == {
        "channel": "sms", "message_type": "text", "to": PHONE, "from": sample.LINE, "text": "Yes.",
    }  # fmt: skip
    public = load_pem_private_key(vonage(config).private_key.encode(), None).public_key()
    scheme, _, token = call.headers["Authorization"].partition(" ")
    ours = jwt.decode(token, public, algorithms=["RS256"])  # type: ignore[arg-type]
    sdk = JwtClient(vonage(config).application_id, vonage(config).private_key)
    theirs = jwt.decode(sdk.generate_application_jwt(), public, algorithms=["RS256"])  # type: ignore[arg-type]
    assert scheme == "Bearer"
    assert ours.keys() == theirs.keys() == {"application_id", "iat", "exp", "jti"}
    assert ours["application_id"] == theirs["application_id"]
    assert ours["exp"] - ours["iat"] == theirs["exp"] - theirs["iat"] == LASTS
    assert jwt.get_unverified_header(token) == {"alg": "RS256", "typ": "JWT"}


def test_a_token_is_kept_until_shortly_before_its_end(config: Config) -> None:
    now = [1_000_000.0]
    token = tokens(vonage(config), lambda: now[0])
    first = token()
    now[0] += LASTS - RENEWED - 1
    assert token() == first
    now[0] += 2
    second = token()
    assert second != first
    now[0] -= 86_400  # a clock may be set back
    assert token() not in (first, second)


ERROR = "https://developer.vonage.com/api-errors/messages#"


@pytest.mark.parametrize(
    ("status", "body", "outcome"),
    [
        (202, b"{}", Sent()),
        (200, b"", Sent()),
        (401, b"{}", Never("status 401: the token was refused: check VONAGE_APPLICATION_ID and "
                           "VONAGE_PRIVATE_KEY, then replay")),
        (401, f'{{"type": "{ERROR}unauthorized"}}'.encode(), None),
        (402, b"", Never("status 402: the account has no credit: top it up, then replay")),
        (403, b"[]", Never("status 403: the account or application may not send this")),
        (404, b"no JSON", Never("status 404: there is no such address: check VONAGE_API_URL")),
        (422, b"\xff", Never("status 422: a value was not accepted")),
        (422, f'{{"type": "{ERROR}1340"}}'.encode(), Never(f"status 422: {ERRORS[1340]}")),
        (422, f'{{"type": "{ERROR}9999", "detail": "{PHONE}"}}'.encode(), None),
        (418, b"", Never("status 418: it was not accepted")),
        (429, b"", Later("status 429", 7)),
        (429, f'{{"type": "{ERROR}1000"}}'.encode(), Later(f"status 429: {ERRORS[1000]}", 7)),
        (500, b"<html>", Later("status 500", 7)),
        (503, b"", Later("status 503", 7)),
    ],
)  # fmt: skip
def test_what_vonage_says_to_a_reply(status: int, body: bytes, outcome: Outcome | None) -> None:
    said = told(httpx.Response(status, content=body, headers={"Retry-After": "7"}))
    assert said == outcome or (outcome is None and isinstance(said, Never))
    assert PHONE not in str(said)


def test_silence_is_left_to_the_outbox(config: Config) -> None:
    def silent(request: httpx.Request) -> httpx.Response:
        raise httpx.ReadTimeout("", request=request)

    with pytest.raises(httpx.TransportError):
        sent_by(config, outgoing(f"sms:{PHONE}"), silent)


def test_a_key_that_cannot_sign_is_said_and_nothing_is_sent(config: Config) -> None:
    pem = "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n"
    broken = replace(config, vonage=replace(vonage(config), private_key=pem))
    outcome, calls = sent_by(broken, outgoing(f"sms:{PHONE}"))
    assert isinstance(outcome, Never)
    assert outcome.why.startswith("VONAGE_PRIVATE_KEY cannot sign")
    assert calls == []


def body_of(config: Config, post: Outgoing) -> dict[str, object]:
    _, (call,) = sent_by(config, post)
    return dict(json.loads(call.content))


@pytest.mark.parametrize("channel", LONGEST)
def test_each_channel_gets_a_text_within_its_limit(config: Config, channel: str) -> None:
    text = "One sentence of an answer. " * 300
    body = body_of(config, outgoing(f"{channel}:1", text, "MENU"))
    said = str(body["text"])
    assert LONGEST[channel] - 30 < len(said) <= LONGEST[channel]
    assert said.endswith("answer.")
    assert ("suggestions" in body) is (channel == "rcs")


def test_whatsapp_shows_up_to_three_buttons(config: Config) -> None:
    whatsapp = f"whatsapp:{PHONE}"
    body = body_of(config, outgoing(whatsapp, "Yes.", "MORE", "CHILD", "a very long one"))
    titles = ["title of MORE", "title of CHILD", "title of a very long"]
    words = ["MORE", "CHILD", "a very long one"]
    assert body == {
        "channel": "whatsapp", "to": PHONE, "from": sample.LINE, "message_type": "custom",
        "custom": {"type": "interactive", "interactive": {
            "type": "button", "body": {"text": "Yes."}, "action": {"buttons": [
                {"type": "reply", "reply": {"id": word, "title": title}}
                for word, title in zip(words, titles, strict=True)
            ]},
        }},
    }  # fmt: skip
    for plain in (
        outgoing(whatsapp, "Yes.", "1", "2", "3", "4"),
        outgoing(whatsapp, "Yes. " * 300, "MORE"),
        outgoing(whatsapp, "Yes."),
        outgoing(f"sms:{PHONE}", "Yes.", "MORE"),
        outgoing("messenger:1", "Yes.", "MORE"),
    ):
        assert body_of(config, plain)["message_type"] == "text"


def test_rcs_shows_up_to_eleven_suggestions(config: Config) -> None:
    words = [str(number) for number in range(1, 14)]
    body = body_of(config, outgoing(f"rcs:{PHONE}", "Yes.", *words))
    assert body["suggestions"] == [
        {"type": "reply", "text": f"title of {word}", "postback_data": word} for word in words[:11]
    ]


@pytest.mark.parametrize(
    ("title", "shown"),
    [
        ("short", "short"),
        ("é" * 30, "é" * 20),
        ("👩‍👧" * 9, "👩‍👧" * 4),
        ("a" * 19 + "👍", "a" * 19),
        ("", ""),
    ],
)
def test_a_title_is_cut_between_graphemes(title: str, shown: str) -> None:
    assert shortened(title, 20) == shown


# --- settings ---


def test_a_private_key_may_have_written_line_ends_or_be_a_file(tmp_path: Path) -> None:
    written = SETTINGS["VONAGE_PRIVATE_KEY"]
    assert "\n" not in written
    path = tmp_path / "private.key"
    path.write_text(written.replace("\\n", "\r\n"), encoding="ascii", newline="")
    ways = (written, written.replace("\\n", "\n") + "\n", str(path))
    keys = {
        vonage(Config.from_env({**SETTINGS, "VONAGE_PRIVATE_KEY": way})).private_key for way in ways
    }
    assert len(keys) == 1
    assert load_pem_private_key(keys.pop().encode(), None)


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("/nowhere/private.key", "is no key in PEM, and no file"),
        ("MIIEvQ", "is no key in PEM, and no file"),
        ("x" * 5000, "is no key in PEM, and no file"),
        ("-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----", "is no private key in PEM"),
        ("-----BEGIN PRIVATE KEY-----\nAAAA", "is no private key in PEM"),
        (str(ROOT / "LICENSE"), "is no private key in PEM"),
    ],
)
def test_what_is_no_private_key_is_said_at_start_and_never_told(key: str, said: str) -> None:
    with pytest.raises(ConfigError, match=f"^VONAGE_PRIVATE_KEY: {said}") as caught:
        Config.from_env({**SETTINGS, "VONAGE_PRIVATE_KEY": key})
    assert key not in str(caught.value)


def test_workers_without_the_channel_load_nothing_for_it() -> None:
    heavy = "sorted({'jwt', 'httpx', 'cryptography'} & set(__import__('sys').modules))"
    code = f"import bot.channels; print({heavy})"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "[]\n"
