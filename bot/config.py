"""The settings: read from the environment here and nowhere else, checked before anything starts."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, Final, Literal, get_args
from urllib.parse import urlsplit

from bot import platforms
from bot.platforms import Chatwoot, Messenger, RapidPro, Telegram, Vonage, Wanted, WhatsApp
from bot.problems import ConfigError

OptOutBy = Literal["app", "twilio"]
Translations = Literal["all", "reviewed"]
Synchronous = Literal["normal", "full"]
Logged = Literal["warnings", "turns"]
Sending = Literal["inside", "apart"]
Handoff = Literal["support", "crisis"]

LONGEST_BASE_URL: Final = 60
SHORTEST_KEY: Final = 16

PUBLIC: Final = "public"
"""As ANSWERLINE_STATUS: /readyz and /metrics are open to anyone."""

BESIDE: Final = (".candidate", ".key", ".line", ".link", ".lock", ".new", ".spool", ".token")
"""How the names of files end that are kept beside the database: it can have none of them."""

LOOPBACK: Final = ("localhost", "127.0.0.1", "::1")
OWN_HOSTS: Final = ("localhost", "127.0.0.1", "[::1]")


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
            whatsapp=platforms.read(environ, "WHATSAPP", WhatsApp),
            messenger=platforms.read(environ, "MESSENGER", Messenger),
            telegram=platforms.telegram(environ),
            vonage=platforms.vonage(environ),
            rapidpro=platforms.read(environ, "RAPIDPRO", RapidPro),
            chatwoot=platforms.read(environ, "CHATWOOT", Chatwoot),
            handoff=_handoff(environ),
            wanted=platforms.wanted(environ),
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
    *(
        f"{prefix}_{one.name.upper()}"
        for prefix, kind in platforms.PLATFORMS.items()
        for one in fields(kind)
    ),
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
