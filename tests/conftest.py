"""What tests share: the project's own content, one line for it, and copies of it to break."""

import shutil
from collections.abc import Callable, Iterator
from functools import lru_cache
from pathlib import Path

import pytest
from flask import Flask
from flask.testing import FlaskClient

from bot.app import create_app
from bot.config import Config
from bot.content import Content, read
from bot.line import Line
from bot.making import make_line

ROOT = Path(__file__).resolve().parent.parent
SHARED = ROOT.parent / "shared"
BASE_URL = "https://answer.example.ca"
"""25 characters, as long as the budgets are meant for."""

assert len(BASE_URL) == 25


@pytest.fixture(scope="session")
def content() -> Content:
    return read(ROOT)


@pytest.fixture(scope="session")
def line(content: Content) -> Line:
    line = Line.of(content.library, BASE_URL)
    assert line.layout.screens  # cut now, and not within the time of whichever test is first
    return line


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """A copy of messages/ and of two languages' catalogs that a test may break."""
    shutil.copytree(ROOT / "messages", tmp_path / "messages")
    (tmp_path / "locales").mkdir()
    for template in ("messages.pot", "console.pot"):
        shutil.copy(ROOT / "locales" / template, tmp_path / "locales")
    for language in ("fr", "zh_Hans"):
        shutil.copytree(ROOT / "locales" / language, tmp_path / "locales" / language)
    return tmp_path


@pytest.fixture
def edit(copy: Path) -> Callable[[str, str, str], Path]:
    """Replace a text in a file of the copy, once; the text must be there."""

    def replace(name: str, old: str, new: str) -> Path:
        path = copy / name
        text = path.read_text(encoding="utf-8")
        assert old in text, f"{old!r} is not in {name}"
        path.write_text(text.replace(old, new, 1), encoding="utf-8")
        return copy

    return replace


@lru_cache
def _made(config: Config) -> Line:
    return make_line(config)


@pytest.fixture
def one_line(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set up a line once for each way of setting one up: twelve languages take a second to read."""

    def shared(config: Config, *, pseudo: bool = False) -> Line:
        if pseudo or config.content != ROOT:
            return make_line(config, pseudo=pseudo)
        alike = Config(
            content=ROOT,
            public_base_url=config.public_base_url,
            translations=config.translations,
            gsm7_segments=config.gsm7_segments,
            ucs2_segments=config.ucs2_segments,
            fold=config.fold,
        )
        return _made(alike)

    monkeypatch.setattr("bot.app.line_of", shared)
    for module in ("simulate", "classify", "explain", "evaluate", "learn"):
        monkeypatch.setattr(f"bot.cli.{module}.make_line", shared)


@pytest.fixture
def config(tmp_path: Path) -> Config:
    """Settings for an app of its own, with a database in a folder of its own."""
    return Config(
        content=ROOT,
        database=str(tmp_path / "answerline.db"),
        key="a key for tests, long enough",
        twilio_auth_token="token",
        public_base_url=BASE_URL,
    )


@pytest.fixture
def app(config: Config) -> Flask:
    return create_app(config)


@pytest.fixture
def client(app: Flask) -> Iterator[FlaskClient]:
    with app.test_client() as client:
        yield client
