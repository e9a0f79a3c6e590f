"""Samples of what platforms send, correctly signed: SAMPLES is the table of them, by channel."""

from collections.abc import Mapping
from typing import Final

from bot.samples import chatwoot, messenger, rapidpro, telegram, twilio, vonage, whatsapp
from bot.samples.sample import Sample

SAMPLES: Final[Mapping[str, Sample]] = {
    "twilio": twilio.SAMPLE,
    "rapidpro": rapidpro.SAMPLE,
    "chatwoot": chatwoot.SAMPLE,
    "telegram": telegram.SAMPLE,
    "whatsapp": whatsapp.SAMPLE,
    "messenger": messenger.SAMPLE,
    "vonage": vonage.SAMPLE,
}
