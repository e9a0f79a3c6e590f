"""The channels: one file each, which verifies a request, reads an Inbound and writes a Reply.

A channel knows its platform, `turn.Take` and `turn.Report`, and no other channel. CHANNELS is the
table of them.
"""

from collections.abc import Callable, Mapping
from typing import Final

from flask import Blueprint

from bot.channels import twilio
from bot.config import Config
from bot.turn import Report, Take

CHANNELS: Final[Mapping[str, Callable[[Config, Take, Report], Blueprint]]] = {
    twilio.NAME: twilio.blueprint,
}
