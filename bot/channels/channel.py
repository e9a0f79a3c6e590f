"""What every channel is: routes that are there if its settings are, and perhaps a way to send.

A channel verifies a request, reads an Inbound, takes the turn and writes the Reply; or it says in
`Inbound.back` what it needs to send the reply later, and has a `sender` for that.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from flask import Blueprint, Request, abort

from bot.config import Config
from bot.model import Choice, Medium
from bot.outbox import Send
from bot.turn import Report, Take

LONGEST_BODY: Final = 256 * 1024
"""Bytes of a request to a channel: a batch of 100 messages takes less."""


@dataclass(frozen=True, slots=True)
class Channel:
    """One platform.

    `title` is what people call it. `is_there` tells whether its settings are; `routes` makes its
    webhooks and `sender` what sends a post, both only where it is there; either may be missing.
    `medium` is what its replies are cut for, where a message does not tell otherwise. `shown` gives
    a reply's choices as its buttons show them: those that there is room for, titled as there.
    """

    name: str
    title: str
    is_there: Callable[[Config], bool]
    routes: Callable[[Config, Take, Report], Blueprint] | None
    sender: Callable[[Config], Send] | None = None
    medium: Medium = "sms"
    shown: Callable[[tuple[Choice, ...]], tuple[Choice, ...]] = tuple


_warned: dict[str, int] = {}


def warn_of_stranger(name: str, log: logging.Logger, hint: str) -> None:
    """Tell the operator of a request that is not the platform's, once a minute at most.

    Anyone can send what is refused. `hint` says what to check if the platform did.
    """
    minute = int(time.monotonic() // 60)
    if _warned.get(name) != minute:
        _warned[name] = minute
        log.warning("refused what came to %s: %s", name, hint)


def raw_body(request: Request, longest: int = LONGEST_BODY) -> bytes:
    """Read a request's body as it was signed; one that is too long is refused before that."""
    request.max_content_length = longest
    if request.content_length is not None and request.content_length > longest:
        abort(413)
    return request.get_data(cache=True)
