"""Decide what a text in free words asks for, by the chances of its labels.

A wrong answer is worse than none: an answer needs ANSWER, what ends the texts needs LEAVE. Below,
what comes near is offered, or the line says that it does not have that.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Final

from bot.library import audience_of
from bot.model import AUDIENCES
from bot.understanding.clues import Reading
from bot.understanding.intent import Intent, Known, Note
from bot.understanding.lexicon import HAN
from bot.understanding.weights import EITHER, LANGUAGE, OTHER, SAME, Weights, features, whom

ANSWER: Final = 0.55
"""The chance from which on a topic is answered."""
SURELY: Final = 0.65
"""The same where the text has a word for what is not on the pages, as for a side effect."""
VERY_SURELY: Final = 0.9
"""The same where the text is hardly more than the keywords of several topics."""
FEW: Final = 4
"""Words of such a text."""
MOST_TOPICS: Final = 3
"""Topics above which a text of any length asks for too much at once."""
BESIDE: Final = 0.3
"""The share of the likelier label's chance from which on the other audience's stands beside it."""
LEAVE: Final = 0.6
"""The chance from which on a sentence ends the texts; it must also have a word for that."""
LEAVE_LIKELY: Final = 0.75
"""The same where its only word is one for texts."""
LEAVE_SURELY: Final = 0.9
"""The same where the text is about an illness or a treatment or coming back too, or has no word
for it."""
LEAVE_ALONE: Final = 0.95
"""The same where one word for that stands somewhere in the text."""
DANGER: Final = 0.4
"""The chance from which on a text is a crisis."""
COMMAND: Final = 0.5
"""The chance from which on a command is obeyed."""
NEAR: Final = 0.08
"""The chance from which on a topic is offered."""
DANGEROUS: Final = frozenset({"alarm", "danger"})
"""Groups of clues without which nothing is a crisis."""
SUBJECT: Final = frozenset({"illness", "treatment", "asked"})
"""Groups of clues without which a text is about none of the topics."""

NOTHING_ELSE: Final = frozenset({"whom", "line", "manner", "danger", ""})
"""Groups of clues that ask for nothing new: "no, it is for a child please"."""

COMMANDS: Final = {
    "disclaimer": "about",
    **{one: one for one in ("menu", "help", "more", "start", "support", "thanks", "greeting")},
    LANGUAGE: "language",
}


def judge(
    reading: Reading, weights: Weights, known: Known, named: Intent, note: Note = None
) -> Intent:
    """Decide for the likeliest label, if it is likely enough for what it would do.

    `named` has the topics whose keywords stand in the text, which are offered where no others are.
    """
    told = whom(reading)
    about = told if told in AUDIENCES else ""
    audience = about or ("" if told else known.audience)
    chances = weights.chances(features(reading, known))
    if note:
        _tell(reading, chances, told or audience, named, note)
    groups = set(reading.groups)

    def is_likely(label: str, enough: float = COMMAND) -> bool:
        return chances.get(label, 0.0) >= enough

    asked = Intent("unknown", audience=about, languages=reading.likely)
    if is_likely("crisis", DANGER) and DANGEROUS & groups:
        return replace(asked, kind="crisis")
    if is_likely("stop", LEAVE) and _leaves(reading, chances["stop"]):
        return replace(asked, kind="command", value="stop")
    if about and audience_of(known.shown) and (groups <= NOTHING_ELSE or is_likely(OTHER)):
        return replace(asked, kind="audience", value=about)
    enough = _enough(reading, named)
    if SUBJECT & groups and (targets := _answered(chances, audience, enough)):
        return replace(asked, kind="topic", targets=targets, either=told == EITHER)
    if audience_of(known.shown) and is_likely(SAME):
        return replace(asked, kind="topic", targets=(known.shown,))
    for label, command in COMMANDS.items():
        if is_likely(label):
            return replace(asked, kind="command", value=command)
    return replace(asked, near=_near(chances, audience, named.near))


def _enough(reading: Reading, named: Intent) -> float:
    """Give the chance that an answer needs, by what else the text names."""
    topics = {label.partition(".")[2] for label in named.near}
    few = len(topics) > 1 and len(reading.words) <= FEW
    if named.several or few or len(topics) > MOST_TOPICS:
        return VERY_SURELY
    return SURELY if "beyond" in reading.groups else ANSWER


def _leaves(reading: Reading, chance: float) -> bool:
    """Tell whether a text asks for no more texts: one word for it inside of it is not enough.

    "Is this the end" has one; "should we stop the chemo" has one, and is about something else.
    """
    words, groups = reading.clues.get("stop", ""), set(reading.groups)
    other = groups & (SUBJECT | {"beyond"})
    surely = not reading.clues.keys().isdisjoint(("unsubscribe", "messages", "sending"))
    if words and not (" " in words or words >= HAN or surely):
        begins = words == reading.words[0] and groups <= NOTHING_ELSE - {"whom"}
        return begins or (chance >= LEAVE_ALONE and not other)
    if other and not surely:
        return False
    if other or "again_start" in reading.clues or not (words or surely):
        return chance >= LEAVE_SURELY
    # "This is a long message" names what would end, and has no word for ending it.
    ending = words or not reading.clues.keys().isdisjoint(("unsubscribe", "sending"))
    return chance >= (LEAVE if ending else LEAVE_LIKELY)


def _answered(chances: Mapping[str, float], audience: str, enough: float) -> tuple[str, ...]:
    """Give the labels to answer, one an audience; none where no topic is likely `enough`.

    Where nobody told the audience, the adult and the child answer on a topic share its chance; and
    where they are on two topics (a drug that each page has elsewhere), each counts as if the text
    were about its audience.
    """
    own = {label: c for label, c in chances.items() if audience_of(label)}
    if audience:
        label = _likeliest(own, audience)
        return (label,) if label and own[label] >= enough else ()
    topics: dict[str, float] = defaultdict(float)
    for label, chance in own.items():
        topics[label.partition(".")[2]] += chance
    topic = max(topics, key=lambda one: topics[one], default="")
    labels = [label for label in own if label.partition(".")[2] == topic]
    if topics.get(topic, 0.0) < enough:
        labels = [label for one in AUDIENCES if (label := _if_about(own, one, enough))]
    most = max((own[label] for label in labels), default=0.0)
    return tuple(label for label in labels if own[label] >= most * BESIDE)


def _if_about(own: Mapping[str, float], audience: str, enough: float) -> str:
    """Give an audience's likeliest label, if it is likely enough were the text about it."""
    label = _likeliest(own, audience)
    others = sum(chance for one, chance in own.items() if audience_of(one) != audience)
    return label if label and own[label] >= enough * (1 - others) else ""


def _likeliest(own: Mapping[str, float], audience: str) -> str:
    """Give an audience's likeliest label, or nothing where there is no answer for it."""
    labels = [one for one in own if audience_of(one) == audience]
    return max(labels, key=lambda one: own[one], default="")


def _near(chances: Mapping[str, float], audience: str, named: tuple[str, ...]) -> tuple[str, ...]:
    """Give the topics that come near: those that the text names first, then the likeliest."""
    if chances.get("out_of_scope", 0.0) >= ANSWER:
        return named
    near = [
        label
        for label, chance in chances.items()
        if chance >= NEAR and audience_of(label) in ((audience,) if audience else AUDIENCES)
    ]
    near.sort(key=lambda one: (named.index(one) if one in named else len(named), -chances[one]))
    return tuple(near) or named


def _tell(
    reading: Reading,
    chances: Mapping[str, float],
    told: str,
    named: Intent,
    note: Callable[[str], None],
) -> None:
    note(f"read as {', '.join(reading.languages) or 'no language'}")
    for name, words in reading.clues.items():
        note(f"clue {name}: {words}")
    if reading.unknown or reading.guessed:
        note(f"of {len(reading.words)} words {reading.unknown} unknown, {reading.guessed} guessed")
    if told:
        note(f"about: {told}")
    for label, chance in sorted(chances.items(), key=lambda one: -one[1])[:4]:
        note(f"chance {chance:.2f} {label} (needs {_needed(label, reading, named):.2f})")


def _needed(label: str, reading: Reading, named: Intent) -> float:
    if audience_of(label):
        return _enough(reading, named)
    return {"crisis": DANGER, "stop": LEAVE}.get(label, COMMAND)
