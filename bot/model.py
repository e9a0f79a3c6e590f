"""What passes between the rooms: frozen values, and nothing that acts.

A *label* names what a message was about and is the same word everywhere (replies, JSON, tests):
`adult.cart` or `child.cart` for an answer, else one of SYSTEM_LABELS or `language:<code>`.
"""

from typing import Final, Literal, get_args

import msgspec

Audience = Literal["adult", "child"]
AUDIENCES: Final[tuple[Audience, ...]] = get_args(Audience)
"""In the order of preference where a text does not tell: the adult answer comes first."""

OptOut = Literal["", "stop", "start", "help"]

SYSTEM_LABELS: Final = (
    "menu", "more", "help", "stop", "start", "support", "disclaimer", "forget",
    "crisis", "thanks", "greeting", "out_of_scope", "clarify", "checking",
)  # fmt: skip

Medium = Literal["sms", "chat"]
"""What a reply is cut for: segments that are paid for each, or one long message of a chat."""

LONGEST_TEXT: Final = 1600
"""Characters of an inbound text that are read: a carrier's longest concatenated message."""


class Part(msgspec.Struct, frozen=True):
    """Which part of a longer text a message is: the `number`-th, from 1, of `total`.

    `whole` is alike in all parts of one text of a contact, and in no other for a while.
    """

    whole: str
    number: int
    total: int


class Inbound(msgspec.Struct, frozen=True):
    """One message as a channel read it, already verified.

    `contact` is the person's address on that channel; it is hashed before it is stored and stands
    in no log. `carrier_answered` says that the carrier has already replied to an opt-out, opt-in or
    help word, so that we only take note of it. `hint` is the language of the person's device, such
    as `fr-CA`, for a text that does not tell. `handoff` says that people can take over. Where the
    reply goes by a call of its own, `back` is what the channel needs for it besides the contact;
    the reply is then put in the outbox. A `part` of a text waits for the others.
    """

    channel: str
    contact: str
    id: str
    text: str
    media: int = 0
    carrier_answered: OptOut = ""
    medium: Medium = "sms"
    hint: str = ""
    handoff: bool = False
    back: str = ""
    part: Part | None = None


class Delivery(msgspec.Struct, frozen=True):
    """What a carrier tells of a reply: what became of it, and why not where it failed.

    `contact` is whom it was for; `code` is the carrier's for a failure, or 0. `refused` says that
    the contact has opted out with the carrier.
    """

    channel: str
    contact: str
    id: str
    status: str
    code: int = 0
    refused: bool = False


class Choice(msgspec.Struct, frozen=True):
    """Something to text next: `word` is what is texted, `title` what a button shows for it."""

    word: str
    title: str


class Reply(msgspec.Struct, frozen=True, omit_defaults=True):
    """What goes back. An empty `text` means that nothing is sent.

    `topic` and `audience` tell what was shown (`cart` and `adult`, also for a page that MORE gave),
    and which page of how many it is, from 1.
    `choices` are what a chat may show as buttons; each of them is named in the text too.
    """

    label: str
    text: str = ""
    language: str = ""
    topic: str = ""
    audience: str = ""
    page: int = 0
    pages: int = 0
    choices: tuple[Choice, ...] = ()

    def to_json(self) -> str:
        """Write a reply to keep for a repeat of its message."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> "Reply":
        """Read what `to_json` wrote; ValueError where the text is something else."""
        try:
            return _REPLY.decode(text)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ValueError(str(error)) from error


class Conversation(msgspec.Struct, frozen=True, omit_defaults=True):
    """All that is remembered of a contact.

    `screen` is what was last shown in pages (`adult.cart`, `menu.child`, `languages`), `page` how
    far, from 0, in the language `read_in` and cut as an `opening` or not; `asked` are the labels
    that the last topic word could mean, one an audience, for a CHILD or ADULT that follows;
    `offered` is what numbers pick from; `rest` is what MORE still has to say of a phrase.
    `introduced` and `drafts` (languages) tell what a first reply has already said.
    `streak` counts replies of one label in a row, `burst` all replies since `began`, and `rush`
    those since `rushed`, for the guards against loops. `heard`, `began` and `rushed` are Unix
    seconds; so is `asked_at`, when the contact last opted out or in.
    """

    language: str = ""
    chosen: bool = False
    audience: str = ""
    screen: str = ""
    read_in: str = ""
    page: int = 0
    opening: bool = False
    asked: tuple[str, ...] = ()
    offered: tuple[str, ...] = ()
    rest: str = ""
    opted_out: bool = False
    introduced: bool = False
    drafts: tuple[str, ...] = ()
    label: str = ""
    streak: int = 0
    burst: int = 0
    began: int = 0
    asked_at: int = 0
    rush: int = 0
    rushed: int = 0
    heard: int = 0

    def to_json(self) -> str:
        """Write only what differs from a new conversation, so that rows stay small."""
        return msgspec.json.encode(self).decode()

    @classmethod
    def from_json(cls, text: str | bytes) -> "Conversation":
        """Read what `to_json` wrote; keys that this release does not know are left out.

        Raises ValueError where the text is not a JSON object or a value has another type, so that
        a damaged row is noticed and not half believed.
        """
        try:
            return _CONVERSATION.decode(text)
        except (msgspec.MsgspecError, RecursionError) as error:
            raise ValueError(str(error)) from error


_REPLY: Final = msgspec.json.Decoder(Reply)
_CONVERSATION: Final = msgspec.json.Decoder(Conversation)
