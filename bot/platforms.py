"""The settings of platforms: what each needs to be a channel, and how it is read.

All that a platform needs is there, or nothing of it: a channel with half of its settings would be
open, or mute.
"""

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Final, TypeVar
from urllib.parse import urlsplit

from bot.problems import ConfigError

SHORTEST_SECRET: Final = 8
TELEGRAM_TOKEN: Final = re.compile(rf"[A-Za-z0-9_-]{{{SHORTEST_SECRET},256}}")


_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN ((?:RSA )?PRIVATE KEY)-----\n[A-Za-z0-9+/=\s]+\n-----END \1-----"
)


@dataclass(frozen=True, slots=True)
class WhatsApp:
    """WhatsApp's Cloud API: the app's secret, our word for its handshake, a system user's token."""

    app_secret: str = field(repr=False)
    verify_token: str = field(repr=False)
    access_token: str = field(repr=False)
    api_url: str = "https://graph.facebook.com/v26.0"


@dataclass(frozen=True, slots=True)
class Messenger:
    """Messenger: the app's secret, our word for its handshake, and the page's token."""

    app_secret: str = field(repr=False)
    verify_token: str = field(repr=False)
    access_token: str = field(repr=False)
    api_url: str = "https://graph.facebook.com/v26.0"


@dataclass(frozen=True, slots=True)
class Telegram:
    """Telegram: the word that its webhook brings; replies need no token of the bot."""

    secret_token: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Vonage:
    """Vonage: the account's signature secret, and an application with its private key.

    The key is PEM; in the environment it may be the name of a file instead.
    """

    signature_secret: str = field(repr=False)
    application_id: str
    private_key: str = field(repr=False)
    api_url: str = "https://api.nexmo.com"


@dataclass(frozen=True, slots=True)
class RapidPro:
    """A RapidPro external channel: the word that it brings, and where it receives."""

    secret: str = field(repr=False)
    receive_url: str = field(repr=False)


@dataclass(frozen=True, slots=True)
class Chatwoot:
    """A Chatwoot agent bot: its webhook's secret, its access token, and where Chatwoot is."""

    secret: str = field(repr=False)
    token: str = field(repr=False)
    url: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """A webhook of the operator's that is told when people are wanted, and how that is signed."""

    url: str
    secret: str = field(repr=False)


Platform = TypeVar("Platform", WhatsApp, Messenger, Telegram, Vonage, RapidPro, Chatwoot, Wanted)

PLATFORMS: Final[Mapping[str, type]] = {
    "WHATSAPP": WhatsApp,
    "MESSENGER": Messenger,
    "TELEGRAM": Telegram,
    "VONAGE": Vonage,
    "RAPIDPRO": RapidPro,
    "CHATWOOT": Chatwoot,
    "ANSWERLINE_HANDOFF": Wanted,
}
"""How the names of a platform's settings begin: `WHATSAPP` and `app_secret` are one name."""


def read(environ: Mapping[str, str], prefix: str, kind: type[Platform]) -> Platform | None:
    """Read a platform's settings: all that it needs, or None; ConfigError names what is missing.

    `prefix` is how their names begin.
    """
    names = {one.name: f"{prefix}_{one.name.upper()}" for one in fields(kind)}
    found = {key: said for key, name in names.items() if (said := environ.get(name, "").strip())}
    needed = [one.name for one in fields(kind) if one.default is MISSING]
    if not found.keys() & set(needed):
        return None
    for key in needed:
        if key not in found:
            raise ConfigError(f"{names[key]}: is needed beside {names[next(iter(found))]}")
    for key, said in found.items():
        if key.endswith("url"):
            # An address of our own making goes on behind it; any other is taken as it stands.
            begins = key == "api_url" or kind is Chatwoot
            found[key] = _address(names[key], said.rstrip("/") if begins else said)
        elif key.endswith("secret") and len(said) < SHORTEST_SECRET:
            raise ConfigError(f"{names[key]}: is shorter than {SHORTEST_SECRET} characters")
    return kind(**found)


def _address(name: str, url: str) -> str:
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises ValueError on a port that is none
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or not url.isascii():
        raise ConfigError(f"{name}: is no address such as https://example.ca")
    return url


def telegram(environ: Mapping[str, str]) -> Telegram | None:
    """Read Telegram's, whose word has letters that a header of Telegram's can have."""
    found = read(environ, "TELEGRAM", Telegram)
    if found and not TELEGRAM_TOKEN.fullmatch(found.secret_token):
        raise ConfigError(
            f"TELEGRAM_SECRET_TOKEN: use {SHORTEST_SECRET} to 256 of A-Z, a-z, 0-9, _ and -, "
            "as Telegram takes no others"
        )
    return found


def vonage(environ: Mapping[str, str]) -> Vonage | None:
    """Read Vonage's, with the private key itself."""
    found = read(environ, "VONAGE", Vonage)
    if found is None:
        return None
    return replace(found, private_key=_pem("VONAGE_PRIVATE_KEY", found.private_key))


def _pem(name: str, said: str) -> str:
    r"""Read a private key: PEM, with line ends as they are or written as \n, or a file of it."""
    if not said.startswith("-----BEGIN"):
        try:
            said = Path(said).read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            raise ConfigError(f"{name}: is no key in PEM, and no file that can be read") from error
    pem = said.replace("\\n", "\n").replace("\r", "")
    if not _PRIVATE_KEY.fullmatch(pem):
        raise ConfigError(
            f"{name}: is no private key in PEM, from -----BEGIN PRIVATE KEY----- to its -----END"
        )
    return f"{pem}\n"


def wanted(environ: Mapping[str, str]) -> Wanted | None:
    """Read the operator's own webhook, whose secret is base64."""
    found = read(environ, "ANSWERLINE_HANDOFF", Wanted)
    if found:
        try:
            b64decode(found.secret.removeprefix("whsec_"), validate=True)
        except ValueError as error:
            raise ConfigError(
                "ANSWERLINE_HANDOFF_SECRET: is no base64, such as `openssl rand -base64 32` gives"
            ) from error
    return found
