"""What the chances of labels lead to: what is answered, asked back, obeyed or refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.understanding.clues import Reading
from bot.understanding.intent import Intent, Known
from bot.understanding.judge import judge
from bot.understanding.weights import Weights, features, whom

NOTHING = Known()
SHOWN = Known("en", "adult", "adult.cart")
UNKNOWN = Intent("unknown")


def weights(**scores: float) -> Weights:
    """Give any text these scores, whatever it says: adult_cart stands for adult.cart."""
    every = dict.fromkeys(("adult.chemo", "child.chemo", "adult.cart", "child.cart"), 0.0)
    named = {label.replace("_", ".", 1): score for label, score in scores.items()}
    return Weights.of({"any text": {**every, "crisis": 0.0, "stop": 0.0, **named}})


def reading(words: str = "some words here", **clues: str) -> Reading:
    groups = {
        "chemo": "treatment", "hair": "beyond", "pills": "alarm", "stop": "line",
        "messages": "line", "sending": "line", "child": "whom", "adult": "whom", "teen": "whom",
    }  # fmt: skip
    counted: dict[str, int] = {}
    for name in clues:
        group = groups.get(name, "")
        counted[group] = counted.get(group, 0) + 1
    return Reading(("en",), ("en",), clues, counted, tuple(words.split()))


@pytest.mark.parametrize(
    ("scores", "clues", "kind", "value"),
    [
        ({"adult_chemo": 9}, {"chemo": "chemo"}, "topic", "adult.chemo"),
        ({"adult_chemo": 9}, {}, "unknown", ""),  # about nothing of the pages
        ({"adult_chemo": 9}, {"chemo": "chemo", "child": "son"}, "unknown", ""),
        ({"adult_chemo": 9, "child_chemo": 9}, {"chemo": "c"}, "topic", "adult.chemo child.chemo"),
        ({"adult_chemo": 9, "child_cart": 9}, {"chemo": "c"}, "topic", "adult.chemo child.cart"),
        ({"adult_chemo": 9, "adult_cart": 9}, {"chemo": "c"}, "unknown", ""),  # one of two
        ({"adult_chemo": 1.7}, {"chemo": "c"}, "topic", "adult.chemo"),
        ({"adult_chemo": 1.5}, {"chemo": "c", "hair": "hair"}, "unknown", ""),
        ({"crisis": 9}, {"pills": "all my pills"}, "crisis", ""),
        ({"crisis": 9}, {}, "unknown", ""),
        ({"stop": 9}, {"stop": "leave me alone"}, "command", "stop"),
        ({"stop": 4}, {"stop": "end"}, "unknown", ""),  # "is this the end"
        ({"stop": 9}, {"stop": "end"}, "command", "stop"),
        ({"stop": 9}, {"stop": "end", "hair": "hair"}, "unknown", ""),
        ({"stop": 9}, {"stop": "stop it now", "chemo": "chemo"}, "unknown", ""),
        ({"stop": 9}, {"stop": "some"}, "command", "stop"),  # it begins with the word
        ({"stop": 9}, {"stop": "end", "messages": "texts"}, "command", "stop"),
        ({"stop": 9}, {"stop": "end", "sending": "number"}, "command", "stop"),
        ({"stop": 9}, {"messages": "texts"}, "command", "stop"),
        ({"stop": 2.6}, {"messages": "texts"}, "unknown", ""),  # "this is a long message"
        ({"stop": 3.7}, {"messages": "texts"}, "command", "stop"),
        ({"stop": 2.6}, {"messages": "texts", "again_start": "back"}, "unknown", ""),
        ({"stop": 2.6}, {}, "unknown", ""),  # no word for it
        ({"stop": 2.6}, {"unsubscribe": "unsub", "stop": "unsub"}, "command", "stop"),
        ({"stop": 2.6}, {"stop": "leave me"}, "command", "stop"),
        ({"stop": 9}, {"messages": "texts", "sending": "send"}, "command", "stop"),
        ({"stop": 2.6}, {"stop": "stop it now", "chemo": "chemo"}, "unknown", ""),
        ({"stop": 9}, {"stop": "退订"}, "command", "stop"),
        ({"support": 9}, {}, "command", "support"),
        ({"disclaimer": 9}, {}, "command", "about"),
        ({"language": 9}, {}, "command", "language"),
        ({"same": 9}, {}, "unknown", ""),  # nothing was shown
    ],
)
def test_decisions(scores: dict[str, float], clues: dict[str, str], kind: str, value: str) -> None:
    intent = judge(reading(**clues), weights(**scores), NOTHING, UNKNOWN)
    assert (intent.kind, intent.value or " ".join(intent.targets)) == (kind, value)


def test_after_an_answer() -> None:
    child = reading(child="son")
    assert judge(child, weights(), SHOWN, UNKNOWN).kind == "audience"
    asked = judge(reading(child="son", chemo="c"), weights(audience=9), SHOWN, UNKNOWN)
    assert (asked.kind, asked.value) == ("audience", "child")
    same = judge(reading(), weights(same=9), SHOWN, UNKNOWN)
    assert (same.kind, same.targets) == ("topic", ("adult.cart",))


def test_a_teenager_may_be_either() -> None:
    one = reading(teen="teen", chemo="chemo")
    intent = judge(one, weights(adult_chemo=9, child_chemo=9), SHOWN, UNKNOWN)
    assert intent.either
    assert intent.targets == ("adult.chemo", "child.chemo")
    assert whom(reading(child="son", adult="mom")) == "either"
    assert whom(reading(adult="mom")) == "adult"


@pytest.mark.parametrize(
    ("words", "near"),
    [
        ("chemo or cart", ("adult.chemo", "adult.cart")),
        ("a b c d e f", ("adult.chemo", "adult.cart", "adult.cns", "adult.trials")),
    ],
)
def test_several_topics_are_asked_about(words: str, near: tuple[str, ...]) -> None:
    named = Intent("unknown", near=near)
    intent = judge(reading(words, chemo="c"), weights(adult_chemo=3), NOTHING, named)
    assert intent.kind == "unknown"
    assert intent.near[0] == "adult.chemo"


def test_what_is_offered_where_nothing_is_answered() -> None:
    named = Intent("unknown", near=("adult.cns",))
    unsure = judge(reading(chemo="c"), weights(adult_chemo=1.4, adult_cart=1.3), NOTHING, named)
    assert unsure.near[:2] == ("adult.chemo", "adult.cart")
    not_ours = judge(reading(chemo="c"), weights(out_of_scope=9), NOTHING, named)
    assert not_ours.near == ("adult.cns",)


def test_the_trace_tells_clues_chances_and_what_they_need() -> None:
    told: list[str] = []
    one = Reading(("en",), ("en",), {"child": "son", "chemo": "chemo"}, {"": 2}, ("a",), 1, 0)
    judge(one, weights(child_chemo=9), NOTHING, UNKNOWN, told.append)
    assert told[:5] == [
        "read as en", "clue child: son", "clue chemo: chemo", "of 1 words 1 unknown, 0 guessed",
        "about: child",
    ]  # fmt: skip
    assert told[5].startswith("chance 1.00 child.chemo (needs 0.")
    told.clear()
    judge(Reading(), weights(stop=1), NOTHING, UNKNOWN, told.append)
    assert told[0] == "read as no language"
    assert any(one.endswith("stop (needs 0.60)") for one in told)


def test_nothing_learned_means_nothing_is_likely() -> None:
    assert Weights().chances(["any text"]) == {}


@given(st.dictionaries(st.text(max_size=8), st.text(max_size=8), max_size=40))
@settings(max_examples=50)
def test_chances_are_chances(clues: dict[str, str]) -> None:
    found = features(reading(" ".join(clues), **clues), SHOWN)
    chances = weights(adult_chemo=3).chances(found)
    assert abs(sum(chances.values()) - 1) < 1e-6
    assert len(found) < 400
