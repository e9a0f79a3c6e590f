"""The channels: one file each, which verifies a request, reads an Inbound and writes a Reply.

A channel knows its platform, `turn.Take` and `turn.Report`, and no other channel. CHANNELS is the
table of them.
"""

from collections.abc import Mapping
from typing import Final

from bot.channels import chatwoot, handoff, messenger, rapidpro, telegram, twilio, vonage, whatsapp
from bot.channels.channel import Channel
from bot.channels.vonage.naming import ERRORS as VONAGE_ERRORS
from bot.config import Config
from bot.outbox import Send

CHANNELS: Final[Mapping[str, Channel]] = {
    one.name: one
    for one in (
        twilio.CHANNEL,
        rapidpro.CHANNEL,
        chatwoot.CHANNEL,
        telegram.CHANNEL,
        whatsapp.CHANNEL,
        messenger.CHANNEL,
        vonage.CHANNEL,
        handoff.CHANNEL,
    )
}  # fmt: skip

ERRORS: Final[Mapping[int, str]] = {**twilio.ERRORS, **VONAGE_ERRORS}
"""What carriers' error codes mean: Twilio's have five digits, Vonage's four."""


def senders(config: Config) -> dict[str, Send]:
    """Give what sends, by channel: of those that are there and send by calls of their own."""
    return {
        name: one.sender(config)
        for name, one in CHANNELS.items()
        if one.sender and one.is_there(config)
    }
