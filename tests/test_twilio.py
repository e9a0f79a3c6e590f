"""The Twilio channel: a table of requests and what each gets, with the real SDK's signatures."""

import logging
import sqlite3
import xml.etree.ElementTree as ET
from dataclasses import replace
from urllib.parse import urlencode

import pytest
from flask.testing import FlaskClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace as replace_
from twilio.request_validator import RequestValidator
from twilio.twiml.messaging_response import MessagingResponse
from werkzeug.datastructures import MultiDict
from werkzeug.test import TestResponse

from bot import sms
from bot.app import create_app
from bot.channels.twilio import (
    ANSWERED_BY_TWILIO,
    ERRORS,
    FORM,
    LONGEST_FORM,
    PATH,
    STATUS_PATH,
    is_person,
    is_right,
    shortened,
    verified,
    writer,
)
from bot.config import Config
from bot.content import read
from bot.model import Inbound, Reply
from bot.turn import contact_key

from .conftest import BASE_URL, ROOT

pytestmark = pytest.mark.usefixtures("one_line")

TOKEN = "token"
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=60)
ENGLISH = read(ROOT).library.editions["en"]
WORDS_ONLY, UNKNOWN = ENGLISH.phrases["words_only"], ENGLISH.phrases["unknown"]
FIELDS = {
    "MessageSid": "SM1", "From": "+15145550123", "To": "+15145550100", "Body": "CART",
    "NumMedia": "0", "FromCity": "MONTREAL", "FromZip": "", "ProfileName": "A. Person",
}  # fmt: skip


def post(
    client: FlaskClient,
    fields: dict[str, str] | list[tuple[str, str]] | None = None,
    *,
    token: str = TOKEN,
    query: str = "",
    base: str = BASE_URL,
    algorithm: str = "",
    path: str = PATH,
    **headers: str,
) -> TestResponse:
    """Post a form signed as Twilio signs it."""
    fields = FIELDS if fields is None else fields
    pairs = list(fields.items()) if isinstance(fields, dict) else fields
    params: dict[str, object] = {}
    for name, value in pairs:
        params.setdefault(name, []).append(value)  # type: ignore[attr-defined]
    url = base + path + (f"?{query}" if query else "")
    signature = RequestValidator(token).compute_signature(url, Many(params), algorithm or None)
    sent = {"X-Twilio-Signature": signature, **{k.replace("_", "-"): v for k, v in headers.items()}}
    if algorithm:
        sent["X-Twilio-Webhooks-Signature-Settings"] = f"key=k1,algorithm={algorithm}"
    return client.post(
        path + (f"?{query}" if query else ""),
        data=urlencode(pairs),
        content_type=FORM,
        headers=sent,
    )


class Many(dict):  # type: ignore[type-arg]
    """What the SDK takes repeated keys from."""

    def getlist(self, name: str) -> list[str]:
        return list(self[name])


def message(response: TestResponse) -> str:
    assert response.status_code == 200, response.text
    assert response.mimetype == "text/xml"
    root = ET.fromstring(response.data)
    assert root.tag == "Response"
    assert [child.tag for child in root] in ([], ["Message"])
    return root.findtext("Message", "")


def test_a_signed_message_is_answered(client: FlaskClient) -> None:
    text = message(post(client))
    assert f"\n{BASE_URL}/acart/en\n" in text
    assert "1-888-939-3333" in text


def test_hmac_sha256_where_the_header_says_so(config: Config) -> None:
    client = create_app(replace(config, twilio_signing_key="shared")).test_client()
    assert post(client, token="shared", algorithm="HMAC_SHA256").status_code == 200
    assert post(client, token=TOKEN).status_code == 200
    assert post(client, token=TOKEN, algorithm="HMAC_SHA256").status_code == 403
    assert post(client, token="shared").status_code == 403
    assert post(client, token="shared", algorithm="HMAC_SHA1").status_code == 200


def test_hmac_sha256_with_the_account_token(client: FlaskClient) -> None:
    assert post(client, algorithm="HMAC_SHA256").status_code == 200


@pytest.mark.parametrize("settings", ["algorithm=HMAC_MD5", "key=x,algorithm=", "=,=,", "é"])
def test_an_unknown_algorithm_is_refused(client: FlaskClient, settings: str) -> None:
    response = client.post(
        PATH,
        data=FIELDS,
        headers={"X-Twilio-Signature": "x", "X-Twilio-Webhooks-Signature-Settings": settings},
    )
    assert response.status_code == 403


@pytest.mark.parametrize(
    "fields",
    [
        {**FIELDS, "Body": "  CART  "},
        {**FIELDS, "Body": "CART\r\n"},
        {**FIELDS, "Empty": "", "AddOns": '{"x": ["y"]}', "Später": "ü é 化"},
        [*FIELDS.items(), ("MediaUrl", "b"), ("MediaUrl", "a"), ("MediaUrl", "a")],
        {**FIELDS, "From": "whatsapp:+15145550123"},
        {**FIELDS, "From": "messenger:1234567890"},
        {**FIELDS, "From": "CA.1234567890"},
        {**FIELDS, "NumMedia": "x"},
    ],
)
def test_what_must_not_break_validation(
    client: FlaskClient, fields: dict[str, str] | list[tuple[str, str]]
) -> None:
    assert "/acart/en" in message(post(client, fields))


@pytest.mark.parametrize(
    ("query", "status"),
    [("a=%20b", 200), ("a=%7Eb+c&d=%C3%A9", 200), ("bodySHA256=" + "0" * 64, 200)],
)
def test_the_raw_query_is_signed(client: FlaskClient, query: str, status: int) -> None:
    assert post(client, query=query).status_code == status


def test_an_address_with_a_port_or_without(config: Config) -> None:
    client = create_app(replace(config, public_base_url="https://a.example.ca:8443")).test_client()
    assert post(client, base="https://a.example.ca:8443").status_code == 200
    assert post(client, base="https://a.example.ca").status_code == 200
    assert post(client, base="https://b.example.ca").status_code == 403


def test_a_path_before_ours_is_signed_too(config: Config) -> None:
    client = create_app(replace(config, public_base_url="https://a.example.ca/x")).test_client()
    assert post(client, base="https://a.example.ca/x").status_code == 200


def test_without_a_public_address_the_requests_own_is_signed(config: Config) -> None:
    client = create_app(replace(config, public_base_url="")).test_client()
    assert post(client, base="http://localhost").status_code == 200
    assert post(client, base="http://localhost", Host="localhost:99999").status_code in (400, 403)
    assert post(client, base="http://localhost", Host="[::1").status_code in (400, 403)


def test_a_raw_path_that_the_server_hands_over_is_signed(client: FlaskClient) -> None:
    raw = PATH.replace("e", "%65")
    signature = RequestValidator(TOKEN).compute_signature(BASE_URL + raw, FIELDS)
    answer = client.post(
        PATH,
        data=FIELDS,
        headers={"X-Twilio-Signature": signature},
        environ_overrides={"RAW_URI": f"{raw}?"},
    )
    assert answer.status_code == 200


# how the request is made, and the status it gets; nothing may be stored by any
REFUSED = {
    "no signature": (dict(data=FIELDS), 403),
    "wrong signature": (dict(data=FIELDS, headers={"X-Twilio-Signature": "bm8="}), 403),
    "no base64": (dict(data=FIELDS, headers={"X-Twilio-Signature": "no base64 at all"}), 403),
    "empty signature": (dict(data=FIELDS, headers={"X-Twilio-Signature": ""}), 403),
    "json": (dict(json=FIELDS), 415),
    "no body": (dict(), 415),
    "multipart": (dict(data=FIELDS, content_type="multipart/form-data; boundary=x"), 415),
    "text": (dict(data="CART", content_type="text/plain"), 415),
    "1 MB": (dict(data="Body=" + "x" * 1_000_000, content_type=FORM), 413),
    "just too long": (dict(data="x" * (LONGEST_FORM + 1), content_type=FORM), 413),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused(client: FlaskClient, config: Config, case: str) -> None:
    request, status = REFUSED[case]
    answer = client.post(PATH, **request)
    assert answer.status_code == status
    assert answer.mimetype == "text/plain"
    assert len(answer.text.splitlines()) == 1
    assert "Traceback" not in answer.text
    assert stored(config) == 0


def test_another_accounts_token_is_refused(client: FlaskClient, config: Config) -> None:
    assert post(client, token="another").status_code == 403
    assert stored(config) == 0


def test_a_changed_field_is_refused(client: FlaskClient, config: Config) -> None:
    signature = RequestValidator(TOKEN).compute_signature(BASE_URL + PATH, FIELDS)
    changed = {**FIELDS, "From": "+15145550199"}
    answer = client.post(PATH, data=changed, headers={"X-Twilio-Signature": signature})
    assert answer.status_code == 403
    assert stored(config) == 0


def test_no_token_is_said_and_never_open(config: Config) -> None:
    client = create_app(replace(config, twilio_auth_token="")).test_client()
    for answer in (post(client, token=""), post(client), client.post(PATH)):
        assert answer.status_code == 503
        assert "TWILIO_AUTH_TOKEN" in answer.text


@pytest.mark.parametrize("missing", ["MessageSid", "From"])
def test_a_form_without_id_or_sender(client: FlaskClient, config: Config, missing: str) -> None:
    assert post(client, {k: v for k, v in FIELDS.items() if k != missing}).status_code == 400
    assert stored(config) == 0


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", PATH, 405), ("PUT", PATH, 405), ("GET", "/nowhere", 404), ("POST", "/", 405),
        ("GET", PATH + "/", 404), ("POST", "/twilio", 404), ("GET", "/../etc/passwd", 404),
    ],
)  # fmt: skip
def test_other_addresses(client: FlaskClient, method: str, path: str, status: int) -> None:
    answer = client.open(path, method=method)
    assert (answer.status_code, answer.mimetype) == (status, "text/plain")
    assert len(answer.text.splitlines()) == 1


def stored(config: Config) -> int:
    db = sqlite3.connect(config.database)
    (count,) = db.execute(
        "SELECT (SELECT count(*) FROM messages) + (SELECT count(*) FROM contacts)"
    )
    db.close()
    return int(count[0])


def test_the_same_message_again_is_the_same_reply(client: FlaskClient) -> None:
    first = post(client).data
    assert post(client).data == first
    again = post(client, {**FIELDS, "MessageSid": "SM2"}).data
    assert again != first  # a turn of its own: the introduction came once


@pytest.mark.parametrize("kind", ["STOP", "stop", "START", "HELP"])
def test_what_the_carrier_answered_is_not_answered_again(client: FlaskClient, kind: str) -> None:
    fields = {**FIELDS, "Body": "STOP", "OptOutType": kind}
    assert message(post(client, fields)) == ""
    after = message(post(client, {**FIELDS, "MessageSid": "SM2"}))
    assert bool(after) == (kind.upper() != "STOP")


def test_without_the_carriers_answer_stop_is_ours(client: FlaskClient) -> None:
    assert ENGLISH.phrases["stopped"] == message(post(client, {**FIELDS, "Body": "STOP"}))


@pytest.mark.parametrize("word", [*ANSWERED_BY_TWILIO, "stop", " Stop "])
def test_words_that_twilio_answers(config: Config, word: str) -> None:
    client = create_app(replace(config, twilio_opt_out="twilio")).test_client()
    assert message(post(client, {**FIELDS, "Body": word})) == ""


def test_words_that_twilio_does_not_answer(config: Config) -> None:
    client = create_app(replace(config, twilio_opt_out="twilio")).test_client()
    for number, (word, wanted) in enumerate(
        [("AIDE", "1-888-939-3333"), ("CART", "/acart/"), ("ARRET", "DEBUT")]
    ):
        fields = {**FIELDS, "MessageSid": f"SM{number}", "Body": word}
        assert wanted in message(post(client, fields))


def test_our_own_number_is_not_answered(client: FlaskClient, config: Config) -> None:
    assert message(post(client, {**FIELDS, "From": FIELDS["To"]})) == ""
    assert stored(config) == 0


@pytest.mark.parametrize(
    ("body", "media", "wanted"),
    [
        ("", "1", WORDS_ONLY),
        ("  ", "2", WORDS_ONLY),
        ("", "0", UNKNOWN),
        ("\u200f\u200b", "0", UNKNOWN),
        ("😀", "0", UNKNOWN),
        ("CART", "1", "/acart/en"),
        ("\x00\x01CART\x0b", "0", "/acart/en"),
        ("x" * 1600, "0", UNKNOWN),
        ("\ufffe\uffff", "0", UNKNOWN),
    ],
)
def test_texts_of_every_kind(client: FlaskClient, body: str, media: str, wanted: str) -> None:
    assert wanted in message(post(client, {**FIELDS, "Body": body, "NumMedia": media}))


@settings(
    suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=60
)
@given(body=st.text(st.characters(exclude_categories=["Cs"]), max_size=1600), sid=st.uuids())
def test_any_body_is_answered_with_sound_xml(client: FlaskClient, body: str, sid: object) -> None:
    fields = {**FIELDS, "Body": body, "MessageSid": str(sid), "From": str(sid)}
    assert message(post(client, fields))


def test_a_reply_never_has_what_xml_forbids_and_is_never_too_long() -> None:
    text = "\x00\ud800<&> \ufffe" + "Word after word. " * 200
    sent = message_of(writer()(Reply("menu", text)).data)
    assert sent.startswith("<&> Word after word.")
    assert len(sent.encode("utf-16-le")) // 2 <= 1600
    assert sent.endswith(".")
    assert shortened("short") == "short"


def message_of(data: bytes) -> str:
    return ET.fromstring(data).findtext("Message", "")


def test_a_broken_store_apologises_and_logs_only_the_id(
    client: FlaskClient, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    db = sqlite3.connect(config.database)
    db.execute("DROP TABLE messages")
    db.close()
    with caplog.at_level(logging.DEBUG):
        text = message(post(client))
        crisis = message(post(client, {**FIELDS, "MessageSid": "SM2", "Body": "i want to die"}))
    assert "1-888-939-3333" in text
    assert "9-8-8" in crisis
    assert "message SM1 was not taken" in caplog.text
    for secret in (FIELDS["From"], "CART", TOKEN, "MONTREAL", "A. Person"):
        assert secret not in caplog.text


def test_a_fault_of_ours_apologises_and_logs_where_but_not_what(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError(f"the text was CART from {FIELDS['From']}")

    monkeypatch.setattr("bot.turn.respond", broken)
    assert "1-888-939-3333" in message(post(client))
    assert "message SM1 failed with RuntimeError" in caplog.text
    assert "test_twilio.py" in caplog.text
    assert "+15145550123" not in caplog.text


def test_who_opted_out_gets_no_apology(client: FlaskClient, config: Config) -> None:
    post(client, {**FIELDS, "Body": "STOP"})
    db = sqlite3.connect(config.database)
    db.execute("DROP TABLE messages")
    db.close()
    assert message(post(client, {**FIELDS, "MessageSid": "SM2"})) == ""
    assert "9-8-8" in message(post(client, {**FIELDS, "MessageSid": "SM3", "Body": "suicide"}))
    other = {**FIELDS, "MessageSid": "SM4", "From": "+15145550177"}
    assert "1-888-939-3333" in message(post(client, other))
    assert message(post(client, {**other, "MessageSid": "SM5", "OptOutType": "HELP"})) == ""


def test_a_key_is_changed_and_nobody_is_forgotten(client: FlaskClient, config: Config) -> None:
    post(client, {**FIELDS, "Body": "STOP"})
    changed = replace(config, key="another key for tests", former_key=config.key)
    again = create_app(changed).test_client()
    assert message(post(again, {**FIELDS, "MessageSid": "SM2"})) == ""
    assert "opted in" in message(post(again, {**FIELDS, "MessageSid": "SM3", "Body": "START"}))
    assert message(post(again, {**FIELDS, "MessageSid": "SM4"}))


def test_a_refused_signature_is_told_once_a_minute(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("bot.channels.channel._warned", {})
    for _ in range(5):
        post(client, token="another")
    assert caplog.text.count("signature does not match") == 1
    assert FIELDS["From"] not in caplog.text


def test_one_id_on_two_channels_is_two_messages_of_two_contacts() -> None:
    inbound = Inbound("a", "+1", "SM1", "CART")
    assert contact_key(b"k", inbound) != contact_key(b"k", replace_(inbound, channel="b"))
    assert contact_key(b"k", inbound) != contact_key(b"l", inbound)


def test_nothing_personal_is_stored(client: FlaskClient, config: Config) -> None:
    post(client, {**FIELDS, "Body": "my very own words"})
    db = sqlite3.connect(config.database)
    dump = "\n".join(db.iterdump())
    db.close()
    for secret in ("5145550123", "very own", "MONTREAL", "A. Person"):
        assert secret not in dump
    assert "SM1" in dump


@pytest.mark.parametrize("path", ["/bcart/en", "/a/en", "/acart", "/acart/english", "/a<x>/en"])
def test_what_is_no_link(client: FlaskClient, path: str) -> None:
    assert client.get(path).status_code == 404


@pytest.mark.parametrize("path", ["/agone/fr", "/cart/en"])
def test_a_link_that_was_once_or_never_names_both_pages(client: FlaskClient, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert answer.text.count("https://cancer.ca/en/") == 2


def test_health_is_for_anyone_and_the_rest_for_nobody(client: FlaskClient) -> None:
    assert client.get("/healthz").text == "ok\n"
    assert "machines" in client.get("/").text
    for path in ("/readyz", "/metrics"):
        assert client.get(path).status_code == 404


STATUS = {"MessageSid": "SM9", "MessageStatus": "delivered", "To": "+15145550123"}


def failures(config: Config) -> list[tuple[int, int]]:
    db = sqlite3.connect(config.database)
    rows = db.execute("SELECT code, count FROM failures ORDER BY code").fetchall()
    db.close()
    return rows


def test_each_reply_asks_to_be_told_what_became_of_it(client: FlaskClient, config: Config) -> None:
    found = ET.fromstring(post(client).data).find("Message")
    assert found is not None
    assert found.get("action") == f"{BASE_URL}{STATUS_PATH}"
    # Without a public address there is none to tell it to.
    bare = create_app(replace(config, public_base_url="")).test_client()
    found = ET.fromstring(post(bare, base="http://localhost").data).find("Message")
    assert found is not None
    assert found.get("action") is None


def test_failures_are_counted_once_whatever_the_order(
    client: FlaskClient, config: Config, caplog: pytest.LogCaptureFixture
) -> None:
    told = [
        {"MessageStatus": "delivered"},  # of SM9: before it is said to be sent
        {"MessageStatus": "sent"},
        {"MessageSid": "SM8", "MessageStatus": "undelivered", "ErrorCode": "30003"},
        {"MessageSid": "SM8", "MessageStatus": "undelivered", "ErrorCode": "30003"},
        {"MessageSid": "SM7", "MessageStatus": "failed", "ErrorCode": "30003"},
        {"MessageSid": "SM6", "MessageStatus": "failed", "ErrorCode": "30007"},
        {"MessageSid": "SM5", "MessageStatus": "failed", "ErrorCode": "what"},
        {"MessageSid": "SM4", "MessageStatus": "failed", "ErrorCode": "9" * 40},
    ]
    for fields in told:
        answer = post(client, {**STATUS, **fields}, path=STATUS_PATH)
        assert (answer.status_code, answer.data) == (204, b"")
    assert failures(config) == [(30003, 2), (30007, 1)]
    assert "reply SM8 failed: error 30003" in caplog.text
    assert STATUS["To"] not in caplog.text
    assert {30003, 30007, 21610} <= ERRORS.keys()


def test_who_opted_out_with_the_carrier_has_with_us(client: FlaskClient) -> None:
    assert message(post(client))
    refused = {**STATUS, "MessageStatus": "failed", "ErrorCode": "21610"}
    for _ in range(2):
        assert post(client, refused, path=STATUS_PATH).status_code == 204
    assert message(post(client, {**FIELDS, "MessageSid": "SM2"})) == ""
    assert "opted in" in message(post(client, {**FIELDS, "MessageSid": "SM3", "Body": "START"}))
    # Told late once more, it is nothing new.
    post(client, refused, path=STATUS_PATH)
    assert message(post(client, {**FIELDS, "MessageSid": "SM4"}))


@pytest.mark.parametrize(
    ("fields", "token", "status"),
    [(STATUS, "another", 403), ({"MessageSid": "SM1"}, TOKEN, 400), ({"To": "+1"}, TOKEN, 400)],
)
def test_a_status_that_is_none_is_refused(
    client: FlaskClient, config: Config, fields: dict[str, str], token: str, status: int
) -> None:
    assert post(client, fields, token=token, path=STATUS_PATH).status_code == status
    assert failures(config) == []


@pytest.mark.parametrize(
    ("sender", "person"),
    [
        ("+15145550123", True), ("whatsapp:+15145550123", True), ("messenger:1234567", True),
        ("+447700900123", True), ("12345", False), ("686868", False), ("Rogers", False),
        ("MY-BANK", False), ("Canada Post", False), ("0800123456", True),
    ],
)  # fmt: skip
def test_no_machine_is_answered(client: FlaskClient, sender: str, person: bool) -> None:
    assert is_person(sender) is person
    assert bool(message(post(client, {**FIELDS, "From": sender}))) is person


@pytest.mark.parametrize("path", ["/", "/healthz", "/readyz", "/nothing", "/acart/en", PATH])
def test_every_answer_is_guarded(client: FlaskClient, path: str) -> None:
    headers = client.get(path).headers
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert headers["Referrer-Policy"] == "no-referrer"


@given(
    names=st.lists(st.tuples(TEXT, TEXT), max_size=8),
    path=st.text("abc/%20é?&=:", max_size=20),
    token=st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=40),
)
def test_our_own_check_agrees_with_the_sdk(
    names: list[tuple[str, str]], path: str, token: str
) -> None:
    """Repeated names too; and what is changed in any part is no longer right."""
    url = f"https://line.example.ca/{path}"
    form = MultiDict(names)
    signature = RequestValidator(token).compute_signature(url, form)
    assert is_right(token.encode(), url, form, signature)
    assert not is_right(token.encode(), url + "x", form, signature)
    assert not is_right(token.encode() + b"x", url, form, signature)
    assert not is_right(token.encode(), url, MultiDict([*names, ("a", "b")]), signature) or (
        ("a", "b") in names
    )
    assert not is_right(token.encode(), url, form, "")


@given(text=TEXT, address=st.sampled_from(["", "https://a.example.ca/status?a=1&b='\"<"]))
def test_replies_are_written_as_the_sdk_writes_them(text: str, address: str) -> None:
    reply = Reply("menu", text)
    twiml = MessagingResponse()
    if said := shortened(sms.clean(text)):
        twiml.message(said, action=address or None)
    assert writer(address)(reply).get_data(as_text=True) == str(twiml)


def test_a_message_signed_with_sha256_or_with_a_port_is_left_to_the_sdk() -> None:
    form = MultiDict({"Body": "CART"})
    url = "https://line.example.ca/twilio/messages"
    with_port = RequestValidator("t").compute_signature(url.replace(".ca/", ".ca:443/"), form)
    assert not is_right(b"t", url, form, with_port)
    assert verified(RequestValidator("t"), url, form, with_port, "")
    sha256 = RequestValidator("t").compute_signature(url, form, "HMAC_SHA256")
    assert not is_right(b"t", url, form, sha256)
    assert verified(RequestValidator("t"), url, form, sha256, "algorithm=HMAC_SHA256")
