"""Every channel by one table: what platforms send, what reaches the line, what goes back."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from queue import SimpleQueue

import pytest
from flask.testing import FlaskClient

from bot.app import NAME, create_app
from bot.channels import CHANNELS, senders
from bot.cli.stand_in import Answer, standing_in
from bot.config import Config
from bot.line import Line
from bot.model import Inbound, Reply
from bot.outbox import Outbox, waiting
from bot.samples import SAMPLES
from bot.samples.sample import Case, Request, Sample, Sent, Texted, Try
from bot.transcripts import play
from bot.turn import Turns
from tests.conftest import BASE_URL, ROOT

TRANSCRIPTS = [
    path
    for path in sorted((ROOT / "tests" / "transcripts").glob("*.txt"))
    if path.name[:2] in ("01", "04", "06", "14", "23", "27", "47", "58")
]
"""Some of the golden conversations; what the others say does not depend on a channel."""


@dataclass
class Platform:
    """An app with one channel, and a stand-in for its platform."""

    name: str
    config: Config
    client: FlaskClient
    turns: Turns
    taken: dict[str, str]
    sent: "SimpleQueue[Sent]"
    numbers: Iterator[int] = field(default_factory=count)

    @property
    def sample(self) -> Sample:
        return SAMPLES[self.name]

    def ask(self, request: Request) -> tuple[int, bytes]:
        response = self.client.open(
            request.path, method=request.method, headers=dict(request.headers), data=request.body,
            base_url=BASE_URL,
        )  # fmt: skip
        return response.status_code, response.data

    def text(self, words: str) -> str:
        """Text the line, and give what comes back; empty if nothing does."""
        id = f"{next(self.numbers):08}"
        request = self.sample.request(self.config, BASE_URL, Texted(words, self.sample.contact, id))
        status, body = self.ask(request)
        assert 200 <= status < 300, (status, body)
        if self.sample.replied:
            return self.sample.replied(body)
        until = time.monotonic() + 20
        while waiting(self.turns.store) and time.monotonic() < until:
            time.sleep(0.002)
        return "" if self.sent.empty() else self.sent.get().text


def settings(sample: Sample, api_url: str, folder: Path) -> dict[str, str]:
    return {
        "ANSWERLINE_KEY": "a key for tests, long enough",
        "DATABASE_URL": f"sqlite:///{folder}/answerline.db",
        "PUBLIC_BASE_URL": BASE_URL,
        "ANSWERLINE_CONTENT": str(ROOT),
        **sample.settings(api_url),
    }


@pytest.fixture(params=sorted(SAMPLES))
def platform(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, line: Line
) -> Iterator[Platform]:
    sample = SAMPLES[request.param]
    sent: SimpleQueue[Sent] = SimpleQueue()

    def answer(call: Request) -> Answer:
        assert sample.sent is not None
        if (one := sample.sent(call)) is not None:
            sent.put(one)
        return 200, sample.accepted

    taken: dict[str, str] = {}
    take = Turns.take

    def taking(turns: Turns, inbound: Inbound, *args: object) -> Reply:
        taken[inbound.id] = inbound.text
        return take(turns, inbound, *args)  # type: ignore[arg-type]

    monkeypatch.setattr(Turns, "take", taking)
    with standing_in(answer) as api_url:
        config = Config.from_env(settings(sample, api_url, tmp_path))
        app = create_app(config, line)
        turns: Turns = app.extensions[NAME]
        outbox = None
        if sending := senders(config):
            outbox = Outbox(turns.store, turns.seal, sending, turns.clock)
            turns.wake = outbox.wake
            outbox.start()
        with app.test_client() as client:
            yield Platform(request.param, config, client, turns, taken, sent)
        if outbox:
            outbox.end()


def test_every_channel_with_a_webhook_has_a_sample() -> None:
    assert set(SAMPLES) == {name for name, channel in CHANNELS.items() if channel.routes}


def test_the_table_of_cases(platform: Platform) -> None:
    """What is taken reaches the line once; the rest is refused or left alone."""
    attempt = Try(BASE_URL, platform.sample.contact, "run")
    cases = platform.sample.cases(platform.config, attempt)
    assert len({case.name for case in cases}) == len(cases) > 5
    wrong = [said for case in cases if (said := _wrong(platform, case))]
    assert not wrong


def _wrong(platform: Platform, case: Case) -> str:
    platform.taken.clear()
    status, body = platform.ask(case.request)
    if case.twice:
        again = platform.ask(case.request)
        if again != (status, body):
            return f"{case.name}: the second time {again}"
    if status != case.status or list(platform.taken.values()) != list(case.taken):
        return f"{case.name}: {status} {body[:200]!r}, taken {platform.taken}"
    return ""


def test_a_channel_without_its_settings_is_not_there(
    platform: Platform, tmp_path: Path, line: Line
) -> None:
    if platform.name == "twilio":
        pytest.skip("it is there, and says with 503 which setting is missing")
    (tmp_path / "bare").mkdir()
    bare = Config.from_env(
        {
            "ANSWERLINE_KEY": "a key for tests, long enough",
            "DATABASE_URL": f"sqlite:///{tmp_path}/bare/answerline.db",
            "ANSWERLINE_CONTENT": str(ROOT),
        }
    )
    with create_app(bare, line).test_client() as client:
        texted = Texted("CART", platform.sample.contact, "1")
        request = platform.sample.request(platform.config, BASE_URL, texted)
        response = client.open(
            request.path, method=request.method, headers=dict(request.headers), data=request.body
        )
        assert response.status_code == 404


@pytest.mark.parametrize("path", TRANSCRIPTS, ids=lambda path: path.stem)
def test_golden_transcripts_say_the_same_through_every_channel(
    platform: Platform, path: Path, line: Line
) -> None:
    clock = iter(range(1_700_000_000, 1_800_000_000, 20))
    platform.turns.clock = lambda: next(clock)
    rows = [row for row in path.read_text(encoding="utf-8").splitlines() if row[:1] in (">", "@")]
    rows = [row for row in rows if row != "@ chat"]
    assert not any(row.startswith("@") for row in rows)
    chat = ["@ chat"] if CHANNELS[platform.name].medium == "chat" else []
    wanted = play("\n".join([*chat, *rows]), line)
    assert _said(platform, rows) == [
        row for row in wanted.splitlines() if row[:1] != "@" and row[:3] != "= ["
    ]


def _said(platform: Platform, rows: list[str]) -> list[str]:
    out = []
    for row in rows:
        out.append(row)
        reply = platform.text(row[1:].removeprefix(" "))
        out += [f"< {part}".rstrip() for part in reply.split("\n")] if reply else ["= nothing"]
    return out
