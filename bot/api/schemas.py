"""What goes in and comes out, as v1 promises it: fields may be added, and none is taken away."""

from typing import Final

import marshmallow as ma
from marshmallow import fields, validate

from bot.model import AUDIENCES

LONGEST_ID: Final = 200
LONGEST_TEXT: Final = 10_000
"""Characters of a text that are accepted; the line reads the first 1,600."""


PLAIN: Final = validate.Regexp(
    r"^[^\x00-\x1F\x7F]*$(?!\n)", error="Control characters cannot be in it."
)


def whole_characters(said: str) -> None:
    """Refuse half of a character: a surrogate without its partner."""
    if any("\ud800" <= char <= "\udfff" for char in said):
        raise ma.ValidationError("There is half of a character in it.")


def _said(text: str, **others: object) -> dict[str, object]:
    """Give what the specification says of a field."""
    return {"description": text, **others}


class Whole(fields.Integer):
    """A whole number as JSON Schema has it: 2.0 is one; true and "2" are not."""

    def _validated(self, value: object) -> int:
        whole = isinstance(value, int) or (isinstance(value, float) and value.is_integer())
        if isinstance(value, bool) or not whole:
            raise self.make_error("invalid", input=value)
        return int(value)  # type: ignore[call-overload, no-any-return]


class MessageIn(ma.Schema):
    """One inbound message of one contact."""

    id = fields.String(
        required=True,
        validate=(validate.Length(1, LONGEST_ID), PLAIN, whole_characters),
        metadata=_said(
            "Your id for the message. The same id again gets the same reply.", example="m-1"
        ),
    )
    contact = fields.String(
        required=True,
        validate=(validate.Length(1, LONGEST_ID), PLAIN, whole_characters),
        metadata=_said(
            "Your id for the person: any word that stays the same. It is kept as a keyed hash.",
            example="person-7",
        ),
    )
    text = fields.String(
        load_default="",
        validate=validate.Length(max=LONGEST_TEXT),
        metadata=_said("What was texted; the first 1,600 characters are read.", example="CART"),
    )
    media = Whole(
        load_default=0,
        validate=validate.Range(0, 100),
        metadata=_said("How many pictures or other files came with it; they are not read."),
    )
    medium = fields.String(
        load_default="sms",
        validate=validate.OneOf(("sms", "chat")),
        metadata=_said(
            "What the reply is cut for: segments of a text message, or one long message."
        ),
    )
    hint = fields.String(
        load_default="",
        validate=validate.Length(max=35),
        metadata=_said(
            "The language of the person's device (BCP 47), for a text that does not tell."
        ),
    )
    settled = fields.String(
        load_default="",
        validate=validate.OneOf(("", "stop", "start", "help")),
        metadata=_said(
            "The carrier has answered this opt-out, opt-in or help word itself: it is noted, "
            "and nothing is to be sent."
        ),
    )


class Out(ma.Schema):
    """What comes out: clients are to leave alone what they do not know."""

    class Meta:
        """Further fields may come."""

        unknown = ma.INCLUDE


class QuickReply(Out):
    """Something to text next."""

    word = fields.String(required=True, metadata=_said("What is texted."))
    title = fields.String(required=True, metadata=_said("What a button for it shows."))


class Source(Out):
    """A part of a page that an answer rests on."""

    document = fields.String(required=True, metadata=_said("The page's id."))
    title = fields.String(required=True)
    publisher = fields.String(required=True)
    url = fields.String(
        required=True, metadata=_said("The page in the reader's language, or in English.")
    )
    section = fields.String(
        required=True, metadata=_said("The heading of the part, as it stands there.")
    )
    paragraphs = fields.String(required=True, metadata=_said("Which, from the top.", example="2-3"))
    compared = fields.Date(required=True, metadata=_said("When the page was last compared."))


class MessageOut(Out):
    """The reply to one message."""

    id = fields.String(required=True)
    text = fields.String(required=True, metadata=_said("What is to be sent; empty: nothing is."))
    label = fields.String(
        required=True, metadata=_said("What the message was about.", example="adult.cart")
    )
    topic = fields.String(required=True)
    audience = fields.String(required=True, validate=validate.OneOf(("", *AUDIENCES)))
    page = fields.Integer(
        required=True, metadata=_said("Which page of an answer this is; 0: of none.")
    )
    pages = fields.Integer(required=True)
    language = fields.String(required=True)
    draft = fields.Boolean(
        required=True, metadata=_said("Something in this language is not reviewed.")
    )
    encoding = fields.String(required=True, validate=validate.OneOf(("", "GSM-7", "UCS-2")))
    segments = fields.Integer(required=True, metadata=_said("What it costs as a text message."))
    quick_replies = fields.List(fields.Nested(QuickReply), required=True)
    link = fields.String(required=True, metadata=_said("The full page of an answer."))
    support_line = fields.String(required=True)
    sources = fields.List(fields.Nested(Source), required=True)
    revision = fields.String(required=True, metadata=_said("Which content this is."))


class ContentQuery(ma.Schema):
    """In which language, and for whom."""

    language = fields.String(
        load_default="en",
        validate=validate.Length(2, 20),
        metadata=_said("A code of /languages, such as fr or zh_Hans."),
    )


class AnswerQuery(ContentQuery):
    """Which answer to a topic."""

    audience = fields.String(load_default="adult", validate=validate.OneOf(AUDIENCES))


class Topic(Out):
    """What can be asked about."""

    topic = fields.String(required=True)
    title = fields.String(required=True)
    audiences = fields.List(
        fields.String(validate=validate.OneOf(AUDIENCES)),
        required=True,
        metadata=_said("Who has an answer of their own; their content never mixes."),
    )


class Topics(Out):
    """Every topic, in the order of the menu."""

    language = fields.String(required=True)
    topics = fields.List(fields.Nested(Topic), required=True)
    revision = fields.String(required=True)


class Language(Out):
    """A language of the line."""

    language = fields.String(required=True, metadata=_said("Its code.", example="zh_Hans"))
    name = fields.String(required=True, metadata=_said("In itself."))
    draft = fields.Boolean(required=True)
    right_to_left = fields.Boolean(required=True)


class Languages(Out):
    """Every language, English first."""

    languages = fields.List(fields.Nested(Language), required=True)
    revision = fields.String(required=True)


class AnswerOut(Out):
    """A whole answer."""

    topic = fields.String(required=True)
    audience = fields.String(required=True, validate=validate.OneOf(AUDIENCES))
    language = fields.String(
        required=True, metadata=_said("Of this text: English where it is missing.")
    )
    title = fields.String(required=True)
    paragraphs = fields.List(fields.String(), required=True)
    draft = fields.Boolean(required=True)
    link = fields.String(required=True)
    support_line = fields.String(required=True)
    sources = fields.List(fields.Nested(Source), required=True)
    revision = fields.String(required=True)
