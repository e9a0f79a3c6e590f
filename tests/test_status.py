"""What operators see of a line: whether it is ready, numbers, and its log."""

import json
import logging
import sqlite3
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient
from prometheus_client.parser import text_string_to_metric_families

from bot import logs
from bot.app import create_app
from bot.config import Config
from bot.model import Delivery, Inbound
from bot.store import StoreError
from bot.store.rows import DAY, KEEP_REPLIES
from bot.tidy import Tidy

WORD = "a word for those who watch"
OPEN = {"Authorization": f"Bearer {WORD}"}

pytestmark = pytest.mark.usefixtures("one_line")


@pytest.fixture
def app(config: Config) -> Flask:
    return create_app(replace(config, status=WORD, unmatched_days=7))


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def take(app: Flask, id: str, text: str, contact: str = "+15145550123") -> str:
    return str(app.extensions["answerline"].take(Inbound("twilio", contact, id, text)).text)


def ours(client: FlaskClient) -> str:
    """Give what the line itself tells, without what the library tells of the process."""
    lines = client.get("/metrics", headers=OPEN).text.splitlines(keepends=True)
    return "".join(line for line in lines if "answerline_" in line)


def counted(client: FlaskClient) -> dict[tuple[str, ...], float]:
    found = {}
    for family in text_string_to_metric_families(ours(client)):
        for sample in family.samples:
            found[(sample.name, *sample.labels.values())] = sample.value
    return found


@pytest.mark.parametrize("path", ["/readyz", "/metrics"])
def test_only_who_brings_the_word_is_let_in(client: FlaskClient, config: Config, path: str) -> None:
    assert client.get(path, headers=OPEN).status_code == 200
    for wrong in ("", WORD, f"Bearer {WORD}x", "Bearer ", "Bearer \xff", f"Basic {WORD}"):
        answer = client.get(path, headers={"Authorization": wrong} if wrong else {})
        assert (answer.status_code, WORD in answer.text) == (200 if wrong == WORD else 401, False)
    anyone = create_app(replace(config, status="public")).test_client()
    assert anyone.get(path).status_code == 200
    assert client.get("/healthz").status_code == 200


def test_ready_degraded_down(client: FlaskClient, config: Config, tmp_path: Path) -> None:
    assert client.get("/readyz", headers=OPEN).text == "ready\n"
    db = sqlite3.connect(config.database)
    db.execute("PRAGMA user_version=0")
    db.close()
    degraded = client.get("/readyz", headers=OPEN)
    assert (degraded.status_code, degraded.text.partition(":")[0]) == (200, "degraded")
    nowhere = replace(config, status=WORD, spool=tmp_path / "none" / "spool")
    broken = create_app(nowhere)
    broken.extensions["answerline"].store.path = str(tmp_path / "none" / "line.db")
    broken.extensions["answerline"].store.close()
    down = broken.test_client().get("/readyz", headers=OPEN)
    assert (down.status_code, down.text.partition(":")[0]) == (503, "down")


def test_metrics_count_turns_and_tell_nothing_of_anyone(app: Flask, client: FlaskClient) -> None:
    before = counted(client)
    take(app, "m1", "CART")
    take(app, "m2", "GREFFE")
    take(app, "m3", "my name is Rajesh 604 555 0123 zzz")
    turns = app.extensions["answerline"]
    turns.report(Delivery("twilio", "+15145550123", "SM1", "failed", 30003))
    after = counted(client)

    def more(*name: str) -> float:
        return after.get(name, 0) - before.get(name, 0)

    assert more("answerline_turns_total", "twilio", "adult.cart", "en") == 1
    assert more("answerline_turns_total", "twilio", "adult.transplant", "fr") == 1
    assert more("answerline_turns_total", "twilio", "out_of_scope", "en") == 1
    assert more("answerline_segments_total", "GSM-7", "en") >= 3
    assert more("answerline_turn_seconds_count", "twilio") == 3
    assert more("answerline_failed_replies_total", "twilio", "30003") == 1
    assert after["answerline_store_up",] == 1
    assert after["answerline_spool_bytes",] == 0
    text = ours(client)
    for secret in ("5145550123", "604 555", "6045550123", "Rajesh", "zzz", WORD):
        assert secret not in text


def test_metrics_of_a_store_that_is_away(app: Flask, client: FlaskClient, config: Config) -> None:
    before = counted(client)
    db = sqlite3.connect(config.database)
    db.execute("DROP TABLE contacts")
    db.close()
    take(app, "m1", "STOP")
    after = counted(client)
    fault = ("answerline_faults_total", "store")
    assert after[fault] - before.get(fault, 0) == 1
    assert after["answerline_spool_bytes",] > 0


def test_texts_are_kept_scrubbed_where_they_may_be(app: Flask, config: Config) -> None:
    store = app.extensions["answerline"].store
    take(app, "m1", "Hello this is Mark Chan, whats the dose of blina for Milo? 604-555-0123")
    take(app, "m1", "Hello this is Mark Chan, whats the dose of blina for Milo? 604-555-0123")
    take(app, "m2", "CART")
    take(app, "m3", "i want to die")
    (kept,) = store.unmatched()
    assert (kept.language, kept.text) == ("en", "Hello this is …, whats the dose of blina for …? #")
    take(create_app(config), "m4", "whats the dose")
    assert store.unmatched() == [kept]


def test_what_is_past_its_time_goes_by_itself(app: Flask) -> None:
    turns = app.extensions["answerline"]
    now = turns.clock()
    for number in range(1200):
        take(app, f"m{number}", "HELP", f"+1604555{number:04}")
    later = now + KEEP_REPLIES + 60
    Tidy(turns.store, lambda: later, 30, 7).purge()
    assert turns.store.messages(0, 9) == []
    assert len(turns.store.contacts(b"", 9999)) == 1200
    Tidy(turns.store, lambda: now + 29 * DAY, 30, 7).sweep()
    assert len(turns.store.contacts(b"", 9999)) == 1200
    Tidy(turns.store, lambda: now + 31 * DAY, 30, 7).sweep()
    assert turns.store.contacts(b"", 9999) == []


def test_tidying_goes_on_after_a_fault(
    app: Flask, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    turns = app.extensions["answerline"]
    monkeypatch.setattr("bot.tidy.PURGE_EVERY", 0.01)
    tried = []

    def broken(*_: object) -> int:
        tried.append(1)
        raise (KeyError("x") if len(tried) % 2 else StoreError("away"))

    monkeypatch.setattr(turns.store, "purge", broken)
    Tidy(turns.store, turns.clock, 30, 7).start()
    deadline = time.monotonic() + 10
    while len(tried) < 5:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert "was not deleted (KeyError)" in caplog.text
    monkeypatch.setattr("bot.tidy.PURGE_EVERY", 3600)


def test_what_staff_try_out_is_not_counted(app: Flask, client: FlaskClient) -> None:
    before = counted(client)
    app.extensions["answerline"].take(Inbound("console", "a phone", "m1", "CART"))
    assert counted(client) == before


@pytest.mark.usefixtures("logged")
def test_an_exception_is_logged_by_where_and_not_by_what(
    app: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    logs.configure("warnings", lambda: app.name)
    try:
        int("what somebody wrote")
    except ValueError:
        logging.getLogger("bot.x").exception("broke")
    said = json.loads(capsys.readouterr().err)
    assert said["exception"] == "ValueError"
    assert "test_status.py" in said["where"]
    assert "somebody wrote" not in said["where"].replace('int("what somebody wrote")', "")


@pytest.fixture
def logged(app: Flask, capsys: pytest.CaptureFixture[str]) -> Iterator[None]:
    del app, capsys
    root = logging.getLogger("bot")
    before = (root.handlers[:], root.level, root.propagate)
    yield
    root.handlers[:], root.propagate = before[0], before[2]
    root.setLevel(before[1])


@pytest.mark.usefixtures("logged")
def test_the_log_is_lines_of_json_that_tell_nothing_of_anyone(
    app: Flask, capsys: pytest.CaptureFixture[str]
) -> None:
    turns = app.extensions["answerline"]
    logs.configure("turns", lambda: turns.line.library.revision)
    take(app, "SM77", "my name is Rajesh")
    turns.report(Delivery("twilio", "+15145550123", "SM78", "failed", 30003))
    answered, failed = map(json.loads, capsys.readouterr().err.splitlines())
    assert answered["event"] == "answered"
    assert (answered["message_id"], answered["label"]) == ("SM77", "out_of_scope")
    assert len(answered["revision"]) == 12
    assert failed["level"] == "warning"
    assert "SM78" in failed["event"]
    assert "Rajesh" not in str(answered)
    assert "5145550123" not in str(answered) + str(failed)
    logs.configure("warnings", lambda: "")
    take(app, "SM79", "CART")
    assert capsys.readouterr().err == ""


def test_only_known_hosts_are_answered(config: Config) -> None:
    named = replace(config, hosts=("line.example.ca", "localhost"))
    client = create_app(named).test_client()
    assert client.get("/healthz", headers={"Host": "line.example.ca"}).status_code == 200
    assert client.get("/healthz", headers={"Host": "localhost:8000"}).status_code == 200
    refused = client.get("/healthz", headers={"Host": "evil.example.com"})
    assert (refused.status_code, "not trusted" in refused.text) == (400, True)
