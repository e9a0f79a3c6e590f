"""What a sample is: requests as a platform signs them, to try a channel with or without it.

`answerline text --channel` sends one to a server, `answerline channel check` a whole table of them,
and the tests all of it.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from bot.config import Config


class Request(NamedTuple):
    """A request to a server, or to a platform's API; `path` begins with a slash, with its query."""

    method: str
    path: str
    headers: Mapping[str, str]
    body: bytes


class Texted(NamedTuple):
    """What somebody texts: the contact's address, and the platform's id for the message."""

    text: str
    contact: str
    id: str


class Sent(NamedTuple):
    """What a platform's API was asked to send: to whom, which text, which buttons' words."""

    contact: str
    text: str
    words: tuple[str, ...] = ()


class Try(NamedTuple):
    """Where and as whom a table is played.

    `base_url` is the public address, which a signature may cover; `run` makes ids unlike those of
    another time.
    """

    base_url: str
    contact: str
    run: str


class Case(NamedTuple):
    """A row of a channel's table: what comes in, which status it gets, which texts are taken.

    `taken` are the texts, in order, that reach the line from it; none for what is refused or is
    nobody's message. `twice` sends it twice, which takes them once.
    """

    name: str
    request: Request
    status: int
    taken: Sequence[str] = ()
    twice: bool = False


@dataclass(frozen=True, slots=True)
class Sample:
    """How to speak as a platform does.

    `contact` is an address for trying out, `settings` are some to try with, by name, the platform's
    API being at an address of this machine. `request` writes a signed message (to a public address,
    which a signature may cover), `cases` the table of what has to be taken, refused or left alone,
    both from a configuration with this channel's settings.
    Where the reply stands in the response, `replied` reads its text (empty: none was sent). Where
    it goes by a call of its own, `sent` reads that call (None: a call of another kind), `accepted`
    is what the platform's API answers, and `api_url` where the settings say that it is.
    """

    contact: str
    settings: Callable[[str], Mapping[str, str]]
    request: Callable[[Config, str, Texted], Request]
    cases: Callable[[Config, Try], Sequence[Case]]
    replied: Callable[[bytes], str] | None = None
    sent: Callable[[Request], Sent | None] | None = None
    accepted: bytes = b"{}"
    api_url: Callable[[Config], str] | None = None
