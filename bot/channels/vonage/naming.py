"""What Vonage calls things: its channels, their limits, and its errors."""

from collections.abc import Mapping
from typing import Final

NAME: Final = "vonage"

LONGEST: Final[Mapping[str, int]] = {
    "sms": 1000, "whatsapp": 4096, "messenger": 640, "viber_service": 1000, "rcs": 3072,
}  # fmt: skip
"""Vonage's channels, and the characters of a text that each takes."""

CHATS: Final = ("whatsapp", "rcs")
"""Channels that take a chat's long page. Messenger and Viber do not, so they get short ones."""

OPTED_OUT: Final = 1240
"""Vonage's error for a message to someone who has opted out with the carrier."""

ERRORS: Final[Mapping[int, str]] = {
    1000: "the account sends more than it may at once",
    1020: "a value was not accepted",
    1040: "the message or its number was not understood",
    1050: "the number is barred",
    1060: "the account is barred",
    1070: "the account has no credit",
    1100: "the message could not be handed on",
    1120: "the sender is not allowed there",
    1140: "the account may not do that",
    1160: "the number is not on the account's list of allowed ones",
    1170: "the number is missing or is none",
    1180: "the phone cannot be reached: off, or out of reach",
    1190: "the number is no longer in use",
    1200: "the number changed its carrier, and that is not settled",
    1210: "filtered by the carrier as unwanted: check links and the programme's registration",
    1220: "the phone was busy",
    1230: "the network failed",
    OPTED_OUT: "the contact has opted out with the carrier: noted as an opt-out here too",
    1241: "too many messages to that number",
    1250: "there is no route to that number",
    1260: "the number cannot be reached",
    1270: "blocked by the carrier for the contact's age",
    1280: "blocked by the carrier",
    1290: "the contact's plan has no money left",
    1300: "the number or id is nobody's there",
    1310: "the device cannot receive it",
    1330: "failed for a reason that the carrier does not tell",
    1331: "the provider does not answer",
    1340: "the time within which a chat may be answered is over",
    1370: "the page's access has ended: link it with Vonage again",
}
"""Vonage's error codes that a line of answers meets, and what they mean for it."""
