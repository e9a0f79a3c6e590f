"""The real program: `answerline serve` in its own process, texted as an integrator would."""

import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from bot.config import SETTINGS
from tests.benchmarks.loadgen import run

from .conftest import ROOT

PATIENCE = 60
LOGGED = (
    "channel", "event", "label", "language", "level", "logger", "message_id", "ms", "revision",
    "sent", "timestamp",
)  # fmt: skip
AGAIN = 10


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(**settings: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in SETTINGS and not k.startswith("COV")}
    return {**kept, "PYTHONPATH": str(ROOT), **settings}


@contextmanager
def serving(command: list[str], port: int, folder: Path, **settings: str) -> Iterator[Path]:
    """Run a server in a folder until it answers, and end it after."""
    log = folder / "server.log"
    with log.open("wb") as out:
        server = subprocess.Popen(
            command, cwd=folder, env=environment(**settings), stdout=out, stderr=out
        )
    try:
        deadline = time.monotonic() + PATIENCE
        while True:
            try:
                httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False).raise_for_status()
                break
            except httpx.HTTPError:
                assert server.poll() is None, log.read_text()
                assert time.monotonic() < deadline, log.read_text()
                time.sleep(0.05)
        yield log
    finally:
        _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    """End a server; granian can miss a signal that comes while a worker is still starting."""
    for _ in range(PATIENCE // AGAIN):
        server.send_signal(signal.SIGTERM)
        try:
            server.wait(AGAIN)
        except subprocess.TimeoutExpired:
            continue
        return
    server.kill()
    server.wait()
    raise AssertionError("the server did not end")


def answerline(*args: str) -> list[str]:
    return [sys.executable, "-m", "bot", *args]


def text(folder: Path, port: int, *args: str, **settings: str) -> subprocess.CompletedProcess[str]:
    url = f"http://127.0.0.1:{port}/twilio/messages"
    return subprocess.run(
        answerline("text", *args, "--url", url), cwd=folder, env=environment(**settings),
        capture_output=True, text=True, check=False, timeout=PATIENCE,
    )  # fmt: skip


def test_a_first_run_needs_no_setting(tmp_path: Path) -> None:
    port = free_port()
    with serving(answerline("serve", "--port", str(port)), port, tmp_path) as log:
        done = text(tmp_path, port, "CART")
        assert done.returncode == 0, done.stderr
        assert "https://cancer.ca/en/" in done.stdout
        assert "1-888-939-3333" in done.stdout
        assert re.search(r"200 OK: GSM-7, \d+ units, \d segments, \d+ ms, SM\w{32}", done.stdout)
        # Another token is refused, and nothing is open without one.
        done = text(tmp_path, port, "CART", TWILIO_AUTH_TOKEN="another")
        assert done.returncode == 1
        assert done.stderr.startswith("Error: 403 Forbidden: The signature does not match")
        said = log.read_text()
        assert f"http://127.0.0.1:{port}" in said
        for name in ("key", "token"):
            file = tmp_path / f"answerline.{name}"
            assert file.stat().st_mode & 0o777 == 0o600
            assert file.read_text().strip() not in said
    # Started again, it knows the contact: the key and the token are the same.
    with serving(answerline("serve", "--port", str(port)), port, tmp_path):
        assert re.search(r"│ Adults 2/\d", text(tmp_path, port, "MORE").stdout)


SERVERS = {
    "granian": lambda port: answerline("serve", "--port", str(port)),
    "gunicorn": lambda port: [
        sys.executable, "-m", "gunicorn", "-w", "2", "-b", f"127.0.0.1:{port}",
        "bot.app:create_app()",
    ],
}  # fmt: skip


@pytest.mark.parametrize("server", SERVERS)
def test_2000_messages_of_500_contacts(tmp_path: Path, server: str) -> None:
    port, base = free_port(), "https://answer.example.ca"
    counted = tmp_path / "counted"
    counted.mkdir()
    settings = {
        "TWILIO_AUTH_TOKEN": "token", "PUBLIC_BASE_URL": base, "ANSWERLINE_KEY": "k" * 32,
        "ANSWERLINE_STATUS": "public", "ANSWERLINE_LOG": "turns",
    }  # fmt: skip
    if server == "gunicorn":
        settings["PROMETHEUS_MULTIPROC_DIR"] = str(counted)
    with serving(SERVERS[server](port), port, tmp_path, **settings) as log:
        result = run(
            f"http://127.0.0.1:{port}/twilio/messages", "token", 2000, senders=500,
            concurrency=8, repeat=0.1, signed_url=f"{base}/twilio/messages",
        )  # fmt: skip
        assert (result.answered, result.good, result.errors) == (2000, 2000, {})
        assert result.repeats["ids sent again"] > 100
        assert result.repeats["same message again"] == result.repeats["ids sent again"]
        assert "Traceback" not in log.read_text()
        assert "+1514" not in log.read_text()
        # Both workers count together, whichever is asked; and each logs every message it answered.
        for _ in range(5):
            metrics = httpx.get(f"http://127.0.0.1:{port}/metrics", trust_env=False).text
            turns = re.findall(r"^answerline_turns_total{.*} (\d+)", metrics, re.MULTILINE)
            assert sum(map(int, turns)) == 2000
            assert "+1514" not in metrics
        lines = [one for one in log.read_text().splitlines() if one.startswith("{")]
        answered = [one for line in lines if (one := json.loads(line))["event"] == "answered"]
        assert len(answered) == 2000
        assert {tuple(sorted(one)) for one in answered} == {tuple(sorted(LOGGED))}
    for file in tmp_path.glob("answerline.db*"):
        assert b"+1514" not in file.read_bytes()


def test_no_token_beyond_loopback_is_said_and_refused(tmp_path: Path) -> None:
    port = free_port()
    command = answerline("serve", "--port", str(port), "--host", "0.0.0.0", "--workers", "1")
    with serving(command, port, tmp_path) as log:
        done = text(tmp_path, port, "CART", TWILIO_AUTH_TOKEN="any")
        assert "503 Service Unavailable: TWILIO_AUTH_TOKEN is not set" in done.stderr
        assert "every message is refused with 503" in log.read_text()


def test_a_graceful_end(tmp_path: Path) -> None:
    port = free_port()
    with serving(answerline("serve", "--port", str(port), "--workers", "1"), port, tmp_path):
        assert text(tmp_path, port, "MENU").returncode == 0
    with pytest.raises(httpx.HTTPError):
        httpx.get(f"http://127.0.0.1:{port}/healthz", trust_env=False)
