from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import bot.config
from bot.config import SETTINGS, Config
from bot.keys import own_secret
from bot.problems import ConfigError

from .conftest import ROOT


def test_nothing_set() -> None:
    config = Config.from_env({})
    assert (config.database, config.twilio_opt_out, config.port) == ("answerline.db", "app", 8000)
    assert (config.gsm7_segments, config.ucs2_segments, config.workers) == (2, 4, 2)
    assert config.content == ROOT


@pytest.mark.parametrize(
    ("name", "value", "field", "wanted"),
    [
        ("DATABASE_URL", "sqlite:///line.db", "database", "line.db"),
        ("DATABASE_URL", "sqlite:////var/line.db", "database", "/var/line.db"),
        ("PUBLIC_BASE_URL", "https://a.example.ca/", "public_base_url", "https://a.example.ca"),
        ("PUBLIC_BASE_URL", " http://[::1]:80/x ", "public_base_url", "http://[::1]:80/x"),
        ("TWILIO_OPT_OUT", "Twilio", "twilio_opt_out", "twilio"),
        ("TWILIO_AUTH_TOKEN", " t ", "twilio_auth_token", "t"),
        ("TWILIO_SIGNING_KEY", "k", "twilio_signing_key", "k"),
        ("ANSWERLINE_PAGE_SEGMENTS", "3", "ucs2_segments", 3),
        ("PORT", "80", "port", 80),
        ("WEB_CONCURRENCY", "4", "workers", 4),
        ("ANSWERLINE_KEY", "x" * 16, "key", "x" * 16),
        ("ANSWERLINE_CONTENT", str(ROOT), "content", ROOT),
    ],
)
def test_a_setting(name: str, value: str, field: str, wanted: object) -> None:
    assert getattr(Config.from_env({name: value}), field) == wanted
    assert name in SETTINGS


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://user:secret@host/db"),
        ("DATABASE_URL", "postgresql:"),
        ("DATABASE_URL", "line.db"),
        ("DATABASE_URL", "sqlite:///"),
        ("DATABASE_URL", "sqlite:///:memory:"),
        ("DATABASE_URL", "sqlite:///x.key"),
        ("PUBLIC_BASE_URL", "https://:443"),
        ("ANSWERLINE_KEY", "\udcff" * 20),
        ("PORT", "1" * 5000),
        ("PUBLIC_BASE_URL", "line.example.ca"),
        ("PUBLIC_BASE_URL", "ftp://line.example.ca"),
        ("PUBLIC_BASE_URL", "https://line.example.ca?x=1"),
        ("PUBLIC_BASE_URL", "https://line.example.ca:99999"),
        ("PUBLIC_BASE_URL", "https://" + "x" * 60 + ".ca"),
        ("PUBLIC_BASE_URL", "https://é.example.ca"),
        ("PUBLIC_BASE_URL", "https://a b.ca"),
        ("TWILIO_OPT_OUT", "nobody"),
        ("ANSWERLINE_PAGE_SEGMENTS", "1"),
        ("ANSWERLINE_PAGE_SEGMENTS", "two"),
        ("ANSWERLINE_PAGE_SEGMENTS", "²"),
        ("ANSWERLINE_CONTENT", "/nowhere"),
        ("ANSWERLINE_KEY", "short"),
        ("PORT", "0"),
        ("PORT", "-1"),
        ("WEB_CONCURRENCY", "many"),
    ],
)
def test_a_wrong_setting_is_named_and_no_secret_is_told(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name}: ") as caught:
        Config.from_env({name: value})
    assert "secret" not in str(caught.value)


def test_secrets_are_not_in_the_repr() -> None:
    """All that is named so, and every platform's."""
    names = ("TOKEN", "KEY", "SECRET", "KEY_OLD", "STATUS")
    secrets = {name: "hush" * 4 for name in SETTINGS if name.endswith(names)}
    addresses = {name: "https://example.ca" for name in SETTINGS if name.endswith("_URL")}
    pem = "-----BEGIN PRIVATE KEY-----\nhushhush\n-----END PRIVATE KEY-----"
    others = {"VONAGE_APPLICATION_ID": "app", "VONAGE_PRIVATE_KEY": pem, "DATABASE_URL": ""}
    config = Config.from_env({**secrets, **addresses, **others})
    assert all((config.whatsapp, config.messenger, config.telegram, config.vonage))
    assert all((config.rapidpro, config.chatwoot, config.wanted))
    assert "hush" not in repr(config)


@pytest.mark.parametrize(
    ("settings", "said"),
    [
        ({"WHATSAPP_APP_SECRET": "long enough"}, "WHATSAPP_VERIFY_TOKEN: is needed beside WHATS"),
        (
            {"TELEGRAM_SECRET_TOKEN": "long_enough", "CHATWOOT_URL": "x"},
            "CHATWOOT_SECRET: is needed",
        ),
        (
            {"ANSWERLINE_HANDOFF_URL": "ftp://x", "ANSWERLINE_HANDOFF_SECRET": "c2VjcmV0IHdvcmQ="},
            "ANSWERLINE_HANDOFF_URL: is no address",
        ),
        (
            {"ANSWERLINE_HANDOFF_URL": "https://x", "ANSWERLINE_HANDOFF_SECRET": "no base 64!"},
            "ANSWERLINE_HANDOFF_SECRET: is no base64",
        ),
        ({"ANSWERLINE_HANDOFF": "support, all"}, "ANSWERLINE_HANDOFF: is 'all'; use support,"),
        ({"TELEGRAM_SECRET_TOKEN": "long enough"}, "TELEGRAM_SECRET_TOKEN: use 8 to 256 of A-Z"),
        ({"TELEGRAM_SECRET_TOKEN": "abc-DEF"}, "TELEGRAM_SECRET_TOKEN: use 8 to 256 of A-Z"),
        ({"TELEGRAM_SECRET_TOKEN": "a" * 257}, "TELEGRAM_SECRET_TOKEN: use 8 to 256 of A-Z"),
        ({"TELEGRAM_SECRET_TOKEN": ""}, ""),
        ({"META_API_URL": "x"}, ""),
    ],
)
def test_a_platform_has_all_its_settings_or_none(settings: dict[str, str], said: str) -> None:
    if not said:
        assert Config.from_env(settings).telegram is None
        return
    with pytest.raises(ConfigError, match=said):
        Config.from_env(settings)


def test_an_installed_package_finds_its_content(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "site" / "bot"
    package.mkdir(parents=True)
    monkeypatch.setattr(bot.config, "__file__", str(package / "config.py"))
    assert Config.from_env({}).content == package


def test_an_own_secret_is_made_once_and_for_its_owner(tmp_path: Path) -> None:
    path = tmp_path / "answerline.key"
    secret, made = own_secret(path)
    assert made
    assert len(secret) == 64
    assert path.stat().st_mode & 0o777 == 0o600
    assert own_secret(path) == (secret, False)
    assert list(tmp_path.iterdir()) == [path]
    path.chmod(0o640)
    with pytest.raises(ValueError, match="can be read by others; run: chmod 600"):
        own_secret(path)


def test_an_empty_secret_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "answerline.key"
    path.touch(0o600)
    with pytest.raises(ValueError, match="holds no secret"):
        own_secret(path)


def test_an_own_secret_made_by_many_at_once_is_one(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: own_secret(tmp_path / "k"), range(32)))
    assert len({secret for secret, _ in found}) == 1
    assert sum(made for _, made in found) == 1
