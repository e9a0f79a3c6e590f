"""The settings: read from the environment here and nowhere else, checked before anything starts."""

import re
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import MISSING, dataclass, field, fields, replace
from pathlib import Path
from typing import Any, Final, Literal, TypeVar, get_args
from urllib.parse import urlsplit

OptOutBy = Literal["app", "twilio"]
Translations = Literal["all", "reviewed"]
Synchronous = Literal["normal", "full"]
Logged = Literal["warnings", "turns"]
Sending = Literal["inside", "apart"]
Handoff = Literal["support", "crisis"]

LONGEST_BASE_URL: Final = 60
SHORTEST_KEY: Final = 16
SHORTEST_SECRET: Final = 8
TELEGRAM_TOKEN: Final = re.compile(rf"[A-Za-z0-9_-]{{{SHORTEST_SECRET},256}}")

PUBLIC: Final = "public"
"""As ANSWERLINE_STATUS: /readyz and /metrics are open to anyone."""

BESIDE: Final = (".candidate", ".key", ".line", ".link", ".lock", ".new", ".spool", ".token")
"""How the names of files end that are kept beside the database: it can have none of them."""

LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
OWN_HOSTS: Final = ("localhost", "127.0.0.1", "[::1]")


class ConfigError(Exception):
    """A setting that the line cannot start with; the text begins with the setting's name."""


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


@dataclass(frozen=True, slots=True)
class Config:
    """Every setting, typed. Secrets are kept out of `repr`.

    `database` is a file, `:memory:`, or an address of PostgreSQL, which may hold a password.
    `content` is the folder with messages/ and locales/. `gsm7_segments` and `ucs2_segments` are the
    segments that a page may take. `translations` says which are sent, and `fold` names the
    languages that are sent without the accents that cost. `spool` is the file where answers are
    kept while the database is away. `status` opens /readyz and /metrics: to whoever brings this
    word, to anyone if it is PUBLIC, to nobody if it is empty. `hosts` are the names by which the
    line may be called, any if there are none. A platform is None where its settings are not there:
    its channel does not exist then. `sending` says whether serving processes empty the outbox too,
    or only `answerline worker` does; `handoff` names what people are told of.
    """

    content: Path
    database: str = field(default="answerline.db", repr=False)
    key: str = field(default="", repr=False)
    former_key: str = field(default="", repr=False)
    twilio_auth_token: str = field(default="", repr=False)
    twilio_signing_key: str = field(default="", repr=False)
    twilio_opt_out: OptOutBy = "app"
    public_base_url: str = ""
    gsm7_segments: int = 2
    ucs2_segments: int = 4
    translations: Translations = "all"
    fold: tuple[str, ...] = ()
    spool: Path | None = None
    synchronous: Synchronous = "normal"
    retention_days: int = 30
    unmatched_days: int = 0
    status: str = field(default="", repr=False)
    hosts: tuple[str, ...] = ()
    logged: Logged = "warnings"
    whatsapp: WhatsApp | None = None
    messenger: Messenger | None = None
    telegram: Telegram | None = None
    vonage: Vonage | None = None
    rapidpro: RapidPro | None = None
    chatwoot: Chatwoot | None = None
    handoff: tuple[Handoff, ...] = ()
    wanted: Wanted | None = None
    sending: Sending = "inside"
    port: int = 8000
    workers: int = 2

    @classmethod
    def from_env(cls, environ: Mapping[str, str]) -> "Config":
        """Read the settings; raise ConfigError naming the first that is wrong."""
        for name in SETTINGS:
            try:
                environ.get(name, "").encode()
            except UnicodeEncodeError as error:
                raise ConfigError(f"{name}: is not UTF-8 text") from error
        segments = _whole(environ, "ANSWERLINE_PAGE_SEGMENTS", 0, 2, 10)
        key = _key(environ, "ANSWERLINE_KEY")
        base_url = _base_url(environ.get("PUBLIC_BASE_URL", ""))
        return cls(
            content=_content(environ),
            database=database(environ.get("DATABASE_URL", "")),
            key=key,
            former_key=_key(environ, "ANSWERLINE_KEY_OLD"),
            twilio_auth_token=environ.get("TWILIO_AUTH_TOKEN", "").strip(),
            twilio_signing_key=environ.get("TWILIO_SIGNING_KEY", "").strip(),
            twilio_opt_out=_one_of(environ, "TWILIO_OPT_OUT", OptOutBy),
            public_base_url=base_url,
            gsm7_segments=segments or 2,
            ucs2_segments=segments or 4,
            translations=_one_of(environ, "ANSWERLINE_TRANSLATIONS", Translations),
            fold=_listed(environ, "ANSWERLINE_FOLD"),
            spool=Path(spool) if (spool := environ.get("ANSWERLINE_SPOOL", "")) else None,
            synchronous=_one_of(environ, "ANSWERLINE_SYNCHRONOUS", Synchronous),
            retention_days=_whole(environ, "ANSWERLINE_RETENTION_DAYS", 30, 1, 3650),
            unmatched_days=_whole(environ, "ANSWERLINE_UNMATCHED_DAYS", 0, 0, 365),
            status=_status(environ),
            hosts=_hosts(environ, base_url),
            logged=_one_of(environ, "ANSWERLINE_LOG", Logged),
            whatsapp=_platform(environ, "WHATSAPP", WhatsApp),
            messenger=_platform(environ, "MESSENGER", Messenger),
            telegram=_telegram(environ),
            vonage=_vonage(environ),
            rapidpro=_platform(environ, "RAPIDPRO", RapidPro),
            chatwoot=_platform(environ, "CHATWOOT", Chatwoot),
            handoff=_handoff(environ),
            wanted=_wanted(environ),
            sending=_one_of(environ, "ANSWERLINE_SENDING", Sending),
            port=_whole(environ, "PORT", 8000, 1, 65535),
            workers=_whole(environ, "WEB_CONCURRENCY", 2, 1, 64),
        )


SETTINGS: Final = (
    "ANSWERLINE_CONTENT", "ANSWERLINE_FOLD", "ANSWERLINE_HANDOFF", "ANSWERLINE_HOSTS",
    "ANSWERLINE_KEY", "ANSWERLINE_KEY_OLD", "ANSWERLINE_LOG", "ANSWERLINE_PAGE_SEGMENTS",
    "ANSWERLINE_RETENTION_DAYS", "ANSWERLINE_SENDING", "ANSWERLINE_SPOOL", "ANSWERLINE_STATUS",
    "ANSWERLINE_SYNCHRONOUS", "ANSWERLINE_TRANSLATIONS", "ANSWERLINE_UNMATCHED_DAYS",
    "DATABASE_URL", "PORT", "PUBLIC_BASE_URL", "TWILIO_AUTH_TOKEN", "TWILIO_OPT_OUT",
    "TWILIO_SIGNING_KEY", "WEB_CONCURRENCY",
    *(f"{prefix}_{one.name.upper()}" for prefix, of in PLATFORMS.items() for one in fields(of)),
)  # fmt: skip
"""The names of all settings, for the README's table."""


def _content(environ: Mapping[str, str]) -> Path:
    named = environ.get("ANSWERLINE_CONTENT", "")
    if named:
        folder = Path(named)
        if not (folder / "messages").is_dir():
            raise ConfigError(f"ANSWERLINE_CONTENT: there is no folder {folder / 'messages'}")
        return folder
    package = Path(__file__).resolve().parent
    beside = package.parent  # a checkout; an installed wheel carries the folders inside the package
    return beside if (beside / "messages").is_dir() else package


def _one_of(environ: Mapping[str, str], name: str, choices: Any) -> Any:
    """Read one of a few words; the first of them where nothing is set."""
    words = get_args(choices)
    word = environ.get(name, "").strip().lower() or words[0]
    if word not in words:
        raise ConfigError(f"{name}: is {word!r}; use {' or '.join(words)}")
    return word


def _platform(environ: Mapping[str, str], prefix: str, kind: type[Platform]) -> Platform | None:
    """Read a platform's settings: all that it needs, or none of them."""
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


def _telegram(environ: Mapping[str, str]) -> Telegram | None:
    telegram = _platform(environ, "TELEGRAM", Telegram)
    if telegram and not TELEGRAM_TOKEN.fullmatch(telegram.secret_token):
        raise ConfigError(
            f"TELEGRAM_SECRET_TOKEN: use {SHORTEST_SECRET} to 256 of A-Z, a-z, 0-9, _ and -, "
            "as Telegram takes no others"
        )
    return telegram


def _vonage(environ: Mapping[str, str]) -> Vonage | None:
    vonage = _platform(environ, "VONAGE", Vonage)
    if vonage is None:
        return None
    return replace(vonage, private_key=_pem("VONAGE_PRIVATE_KEY", vonage.private_key))


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


_PRIVATE_KEY: Final = re.compile(
    r"-----BEGIN ((?:RSA )?PRIVATE KEY)-----\n[A-Za-z0-9+/=\s]+\n-----END \1-----"
)


def _wanted(environ: Mapping[str, str]) -> Wanted | None:
    wanted = _platform(environ, "ANSWERLINE_HANDOFF", Wanted)
    if wanted:
        try:
            b64decode(wanted.secret.removeprefix("whsec_"), validate=True)
        except ValueError as error:
            raise ConfigError(
                "ANSWERLINE_HANDOFF_SECRET: is no base64, such as `openssl rand -base64 32` gives"
            ) from error
    return wanted


def _handoff(environ: Mapping[str, str]) -> tuple[Handoff, ...]:
    words = _listed(environ, "ANSWERLINE_HANDOFF")
    for word in words:
        if word not in get_args(Handoff):
            raise ConfigError(f"ANSWERLINE_HANDOFF: is {word!r}; use support, crisis, or both")
    return words  # type: ignore[return-value] # looked at one by one


def _listed(environ: Mapping[str, str], name: str) -> tuple[str, ...]:
    return tuple(filter(None, map(str.strip, environ.get(name, "").split(","))))


def _status(environ: Mapping[str, str]) -> str:
    word = environ.get("ANSWERLINE_STATUS", "").strip()
    if word and word != PUBLIC and len(word) < SHORTEST_KEY:
        raise ConfigError(
            f"ANSWERLINE_STATUS: use {PUBLIC}, or a secret of at least {SHORTEST_KEY} characters"
        )
    return word


def _hosts(environ: Mapping[str, str], base_url: str) -> tuple[str, ...]:
    """Give the hosts that are set; else that of the public address, and this machine itself."""
    named = _listed(environ, "ANSWERLINE_HOSTS")
    for host in named:
        if "/" in host or (":" in host.strip("[]") and not host.startswith("[")):
            raise ConfigError(f"ANSWERLINE_HOSTS: {host!r} is no host such as line.example.ca")
    own = urlsplit(base_url).hostname
    return (*named, own, *OWN_HOSTS) if own else named


def _key(environ: Mapping[str, str], name: str) -> str:
    key = environ.get(name, "")
    if key and len(key) < SHORTEST_KEY:
        raise ConfigError(f"{name}: is shorter than {SHORTEST_KEY} characters")
    return key


def database(url: str, name: str = "DATABASE_URL") -> str:
    """Read where conversations are kept; ConfigError, naming the setting, for what is no place."""
    if not url:
        return "answerline.db"
    scheme, _, rest = url.partition(":")
    if scheme in ("postgresql", "postgres"):
        if not rest.startswith("//") or len(rest) < 4:
            raise ConfigError(f"{name}: name a database, postgresql://user:word@host/name")
        return url
    if scheme != "sqlite" or not rest.startswith("///") or not rest[3:]:
        raise ConfigError(
            f"{name}: {scheme!r} is not supported; use sqlite:///file.db, "
            "sqlite:////folder/file.db for a path from the root, or postgresql://host/name"
        )
    path = rest[3:]
    if path == ":memory:" or path.endswith(BESIDE):
        raise ConfigError(f"{name}: {path!r} cannot be the database; name a file such as x.db")
    return path


def _base_url(url: str) -> str:
    url = url.strip().rstrip("/")
    if not url:
        return ""
    try:
        parts = urlsplit(url)
        parts.port  # noqa: B018 - raises ValueError on a port that is none
    except ValueError as error:
        raise ConfigError(f"PUBLIC_BASE_URL: {error}") from error
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query or parts.fragment:
        raise ConfigError(f"PUBLIC_BASE_URL: {url!r} is no address such as https://line.example.ca")
    if len(url) > LONGEST_BASE_URL or not url.isascii() or any(map(str.isspace, url)):
        raise ConfigError(
            f"PUBLIC_BASE_URL: at most {LONGEST_BASE_URL} plain characters, "
            "as it stands in every answer"
        )
    return url


def _whole(environ: Mapping[str, str], name: str, default: int, least: int, most: int) -> int:
    text = environ.get(name, "").strip()
    if not text:
        return default
    if not (text.isascii() and text.isdigit() and len(text) < 10 and least <= int(text) <= most):
        raise ConfigError(f"{name}: is {text!r}; use a whole number from {least} to {most}")
    return int(text)
