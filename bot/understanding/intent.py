"""What a text asks for, and what is known before it is read."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "crisis", "command", "audience", "language", "no_language", "topic", "number", "unknown"
]

Note = Callable[[str], None] | None
"""Takes down, in a few words, what a rule found: the trace of a decision; None for most texts."""


@dataclass(frozen=True, slots=True)
class Intent:
    """What a text asks for.

    `value` is a command's name, an audience or a language code; `targets` are the labels that a
    topic's word can mean, one an audience, or the languages that go by one name; `audience` is what
    the text itself told; `languages` are those that the deciding words belong to; `near` are labels
    of topics that a text not understood may be about. `prescribed` tells that it is a word of the
    carriers. `written` are the likeliest languages of a text that is not in Latin script.
    `no_language` is a language that is asked for, or written in, and not there. `either` tells that
    the text is about someone who may be a child or an adult, `several` that known words fill it and
    ask for more than one thing, `refused` that nothing is to be read out of it.
    """

    kind: Kind
    value: str = ""
    targets: tuple[str, ...] = ()
    audience: str = ""
    languages: tuple[str, ...] = ()
    number: int = 0
    near: tuple[str, ...] = ()
    prescribed: bool = False
    written: tuple[str, ...] = ()
    either: bool = False
    several: bool = False
    refused: bool = False


@dataclass(frozen=True, slots=True)
class Known:
    """What the conversation knew before a text: the language in use, audience, label last shown."""

    language: str = ""
    audience: str = ""
    shown: str = ""
