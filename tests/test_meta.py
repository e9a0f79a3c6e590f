"""What WhatsApp and Messenger share: the signature, the handshake, the Graph API's answers."""

import hashlib
import logging

import httpx
import msgspec
import pytest
from flask import Flask
from flask.testing import FlaskClient
from hypothesis import given
from hypothesis import strategies as st
from pywa.utils import webhook_updates_validator
from werkzeug.exceptions import HTTPException

from bot.channels import CHANNELS, messenger, meta, whatsapp
from bot.model import Choice, Inbound
from bot.outbox import Later, Never, Outcome, Sent
from bot.turn import NotTakenError

SECRET = "the app's own secret"
WORD = "our own word"
PUT_OFF, GIVEN_UP = {130429: "too fast"}, {131047: "too late", 2018278: "window"}


def independent(key: bytes, body: bytes) -> str:
    """HMAC-SHA256 as RFC 2104 writes it, with nothing but the hash."""
    block = (hashlib.sha256(key).digest() if len(key) > 64 else key).ljust(64, b"\0")
    inner = hashlib.sha256(bytes(one ^ 0x36 for one in block) + body).digest()
    return hashlib.sha256(bytes(one ^ 0x5C for one in block) + inner).hexdigest()


# RFC 4231, test cases 1, 2, 6 and 7
VECTORS = [
    (
        b"\x0b" * 20, b"Hi There",
        "b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7",
    ),
    (
        b"Jefe", b"what do ya want for nothing?",
        "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843",
    ),
    (
        b"\xaa" * 131, b"Test Using Larger Than Block-Size Key - Hash Key First",
        "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54",
    ),
    (
        b"\xaa" * 131,
        (
            b"This is a test using a larger than block-size key and a larger than block-size data. "
            b"The key needs to be hashed before being used by the HMAC algorithm."
        ),
        "9b09ffa71b942fcb27635fbcd5b0e944bfdc63644f0713938a7f51535c3a35e2",
    ),
]  # fmt: skip


@pytest.mark.parametrize(("key", "body", "wanted"), VECTORS)
def test_known_signatures(key: bytes, body: bytes, wanted: str) -> None:
    assert meta.sign(key, body) == f"sha256={wanted}"
    assert independent(key, body) == wanted


@given(key=st.binary(min_size=1, max_size=200), body=st.binary(max_size=300))
def test_signatures_agree_with_another_way_to_compute_them(key: bytes, body: bytes) -> None:
    signature = meta.sign(key, body)
    assert signature == f"sha256={independent(key, body)}"
    assert meta.is_right(key, body, signature)
    assert not meta.is_right(key, body + b" ", signature)
    assert not meta.is_right(key + b"x", body, signature)


@given(secret=st.text(min_size=1, max_size=80), body=st.binary(max_size=300))
def test_pywa_finds_our_signatures_right(secret: str, body: bytes) -> None:
    key = secret.encode(errors="replace")
    assert webhook_updates_validator(key.decode(), body, meta.sign(key, body))


@pytest.mark.parametrize(
    "signature",
    ["", "sha256=", "sha1=" + "0" * 40, "0" * 64, "sha256=" + "0" * 64, "é", "sha256=\ud800"],
)
def test_what_is_no_signature(signature: str) -> None:
    assert not meta.is_right(b"k", b"body", signature)


@pytest.fixture
def taken() -> list[Inbound]:
    return []


@pytest.fixture
def client(taken: list[Inbound]) -> FlaskClient:
    def take(inbound: Inbound) -> None:
        if inbound.text == "refuse":
            raise NotTakenError
        taken.append(inbound)

    app = Flask(__name__)
    app.config["MAX_CONTENT_LENGTH"] = 1024 * 1024
    routes = meta.webhook("whatsapp", SECRET, WORD, lambda raw: whatsapp.read(raw, b"k"), take)  # type: ignore[arg-type]
    app.register_blueprint(routes)
    app.register_error_handler(NotTakenError, lambda _: ("", 503))
    return app.test_client()


def test_the_handshake_gives_the_challenge_back_as_text(client: FlaskClient) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": WORD, "hub.challenge": "<b>1</b>"}
    answer = client.get("/whatsapp/messages", query_string=query)
    assert (answer.status_code, answer.text, answer.mimetype) == (200, "<b>1</b>", "text/plain")


@pytest.mark.parametrize("word", ["", "our own wor", "our own word ", "é", "%ff"])
def test_a_handshake_with_another_word_is_refused(client: FlaskClient, word: str) -> None:
    query = {"hub.mode": "subscribe", "hub.verify_token": word, "hub.challenge": "1158"}
    answer = client.get("/whatsapp/messages", query_string=query)
    assert answer.status_code == 403
    assert "1158" not in answer.text


def test_a_forged_post_is_told_once_a_minute_and_takes_nothing(
    client: FlaskClient,
    taken: list[Inbound],
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr("bot.channels.channel._warned", {})
    for _ in range(4):
        answer = client.post("/whatsapp/messages", data=batch("CART"))
        assert answer.status_code == 403
    assert caplog.text.count("WHATSAPP_APP_SECRET") == 1
    assert not taken
    assert "CART" not in caplog.text


def batch(*texts: str) -> bytes:
    messages = [
        {"from": "15145550123", "id": f"wamid.{n}", "type": "text", "text": {"body": text}}
        for n, text in enumerate(texts)
    ]
    value = {"metadata": {"phone_number_id": "1"}, "messages": messages}
    entry = {"changes": [{"field": "messages", "value": value}]}
    return msgspec.json.encode({"object": "whatsapp_business_account", "entry": [entry]})


def signed_post(client: FlaskClient, body: bytes) -> int:
    headers = {"X-Hub-Signature-256": meta.sign(SECRET.encode(), body)}
    return client.post("/whatsapp/messages", data=body, headers=headers).status_code


def test_a_batch_larger_than_other_requests_is_taken(
    client: FlaskClient, taken: list[Inbound]
) -> None:
    texts = [*("x" * 4000 for _ in range(400)), "CART"]
    assert len(batch(*texts)) > 1024 * 1024
    assert signed_post(client, batch(*texts)) == 200
    assert [one.text for one in taken] == texts


def test_what_cannot_be_kept_has_to_come_again(client: FlaskClient, taken: list[Inbound]) -> None:
    assert signed_post(client, batch("CART", "refuse", "MENU")) == 503
    assert [one.text for one in taken] == ["CART"]


def test_escaped_and_plain_letters_are_the_same_text(
    client: FlaskClient, taken: list[Inbound]
) -> None:
    plain = batch("化疗 é 🙂")
    escaped = plain.decode().encode("ascii", "backslashreplace")
    escaped = escaped.replace(b"\\xe9", b"\\u00e9").replace(b"\\U0001f642", b"\\ud83d\\ude42")
    assert signed_post(client, plain) == signed_post(client, escaped) == 200
    assert [one.text for one in taken] == ["化疗 é 🙂"] * 2


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["object", "entry", "changes", "value", "messages", "messaging", "id"])
            | st.text(max_size=4),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@given(
    said=JSON,
    where=st.sampled_from(["body", "entry", "change", "value", "message"]),
    product=st.sampled_from([whatsapp.PRODUCT, messenger.PRODUCT]),
)
def test_any_json_is_read_or_refused_and_never_breaks(
    said: object, where: str, product: str
) -> None:
    metadata = {"phone_number_id": "1"}
    body = {
        "body": said,
        "entry": {"object": product, "entry": [said]},
        "change": {"object": product, "entry": [{"changes": [said], "messaging": [said]}]},
        "value": {
            "object": product,
            "entry": [{"changes": [{"field": "messages", "value": said}], "messaging": said}],
        },
        "message": {
            "object": product,
            "entry": [
                {
                    "changes": [
                        {
                            "field": "messages",
                            "value": {"metadata": metadata, "messages": [said]},
                        }
                    ],
                    "messaging": [{"sender": {"id": "1"}, "message": said}],
                }
            ],
        },
    }[where]
    raw, codes = msgspec.json.encode(body), set()
    for read in (lambda raw: whatsapp.read(raw, b"k"), lambda raw: messenger.read(raw, b"k")):
        try:
            messages = list(read(raw))
        except HTTPException as error:
            messages = []
            codes.add(error.code)
        assert all(isinstance(one, Inbound) for one in messages)
    assert codes <= {400}


@pytest.mark.parametrize(
    "bad",
    [b'{"id": "\xff"}', b'{"id": 1}', b"null", b'{"id": "1", "text": []}'],
)
def test_a_bad_message_does_not_lose_the_others(
    client: FlaskClient, taken: list[Inbound], caplog: pytest.LogCaptureFixture, bad: bytes
) -> None:
    body = batch("CART", "MENU").replace(b'"messages":[', b'"messages":[' + bad + b",")
    with caplog.at_level(logging.DEBUG):
        assert signed_post(client, body) == 200
    assert [one.text for one in taken] == ["CART", "MENU"]
    assert [one.getMessage() for one in caplog.records] == [
        "left out a part of a post that cannot be read"
    ]


def test_half_an_emoji_loses_no_message(client: FlaskClient, taken: list[Inbound]) -> None:
    body = batch("CART", "half", "MENU 化").replace(b"half", b"CHILD \\ud83d")
    assert signed_post(client, body) == 200
    assert [one.text for one in taken] == ["CART", "CHILD ?", "MENU 化"]


@pytest.mark.parametrize("body", [b"", b"[" * 100_000, b'{"entry": {}}', b'"x"', b"\xff"])
def test_what_is_no_batch_is_refused_in_one_line(client: FlaskClient, body: bytes) -> None:
    headers = {"X-Hub-Signature-256": meta.sign(SECRET.encode(), body)}
    answer = client.post("/whatsapp/messages", data=body, headers=headers)
    assert answer.status_code == 400
    assert "The body is no JSON with a list of entries" in answer.text


def answered(status: int, error: object = None, headers: dict[str, str] | None = None) -> Outcome:
    content = {"error": error} if error is not None else {}
    response = httpx.Response(status, json=content, headers=headers)
    return meta.outcome(response, PUT_OFF, GIVEN_UP)


@pytest.mark.parametrize(
    ("status", "error", "wanted"),
    [
        (200, None, Sent()),
        (400, {"code": 131047}, Never("too late (error 131047)")),
        (500, {"code": 131047}, Never("too late (error 131047)")),
        (400, {"code": 130429}, Later("too fast (error 130429)")),
        (400, {"code": 10, "error_subcode": 2018278}, Never("window (error 10, 2018278)")),
        (400, {"code": 10, "error_subcode": 5}, Never(f"{meta.PERMISSION} (error 10, 5)")),
        (403, {"code": 299}, Never(f"{meta.PERMISSION} (error 299)")),
        (401, {"code": 190, "error_subcode": 463}, Never(f"{meta.REFUSED} (error 190, 463)")),
        (400, {"code": "190"}, Never(f"{meta.REFUSED} (error 190)")),
        (400, {"code": 4}, Later("the app makes too many calls (error 4)")),
        (500, {"code": 2}, Later("Meta's service is away for a while (error 2)")),
        (400, {"code": 7, "is_transient": True}, Later("status 400, error 7")),
        (503, {"code": 7}, Later("status 503, error 7")),
        (400, {"code": 7}, Never("status 400, error 7")),
        (400, {"code": 0}, Never("status 400")),
        (401, {"code": 0}, Never("status 401: the token was refused; mend it, then replay")),
        (500, None, Later("status 500")),
        (404, "no object", Never("status 404")),
        (400, {"code": []}, Never("status 400")),
        (302, None, Never("status 302")),
    ],
)
def test_what_the_graph_api_answers(status: int, error: object, wanted: Outcome) -> None:
    assert answered(status, error) == wanted


def test_a_wait_that_is_asked_for_is_kept() -> None:
    headers = {"Retry-After": "30"}
    assert answered(429, {"code": 130429}, headers) == Later("too fast (error 130429)", 30)
    assert answered(429, {"code": 7}, headers) == Later("status 429, error 7", 30)
    assert answered(503, None, headers) == Later("status 503", 30)


def test_an_answer_that_is_no_json_is_read_by_its_status() -> None:
    page = httpx.Response(502, text="<html>Bad Gateway</html>")
    assert meta.outcome(page, PUT_OFF, GIVEN_UP) == Later("status 502")


def test_no_reason_tells_what_the_api_said_of_somebody() -> None:
    error = {"code": 131026, "message": "15145550123", "error_data": {"details": "15145550123"}}
    response = httpx.Response(400, json={"error": error})
    said = meta.outcome(response, whatsapp.PUT_OFF, whatsapp.GIVEN_UP)
    assert isinstance(said, Never)
    assert "15145550123" not in said.why


@pytest.mark.parametrize("module", [whatsapp, messenger])
def test_no_code_is_both_put_off_and_given_up(module: object) -> None:
    assert not vars(module)["PUT_OFF"].keys() & vars(module)["GIVEN_UP"].keys()
    assert not meta.PUT_OFF.keys() & meta.GIVEN_UP.keys()


NUMBERS = tuple(Choice(str(number), f"topic {number}") for number in range(1, 15))
CHILD, MENU = Choice("CHILD", "CHILD"), Choice("MENU", "MENU")


@pytest.mark.parametrize(
    ("choices", "most", "words"),
    [
        ((), 3, ""),
        ((CHILD, MENU), 3, "CHILD MENU"),
        ((*NUMBERS[:2], CHILD), 3, "1 2 CHILD"),
        ((*NUMBERS[:11], CHILD), 10, "1 2 3 4 5 6 7 8 9 CHILD"),
        ((*NUMBERS[:12],), 10, "1 2 3 4 5 6 7 8 9 10"),
        ((*NUMBERS[:12], CHILD), 13, "1 2 3 4 5 6 7 8 9 10 11 12 CHILD"),
        ((*NUMBERS, CHILD, MENU), 1, "CHILD"),
    ],
)
def test_numbers_leave_room_for_words(choices: tuple[Choice, ...], most: int, words: str) -> None:
    assert " ".join(one.word for one in meta.chosen(choices, most)) == words


@given(text=st.text(max_size=60), longest=st.integers(25, 40))
def test_a_shortened_title_fits(text: str, longest: int) -> None:
    said = meta.shortened(text, longest)
    assert len(said.encode("utf-16-le", "surrogatepass")) // 2 <= longest
    assert said == text or said.endswith("…")


def test_neither_channel_hands_over_or_keeps_an_address_that_is_not_needed() -> None:
    assert all(CHANNELS[name].sender for name in ("whatsapp", "messenger"))
    (inbound,) = whatsapp.read(batch("CART"), b"k")
    assert not inbound.handoff
