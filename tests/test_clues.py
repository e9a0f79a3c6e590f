"""The clues in a text: words, stems, gaps, slips, languages, ages."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.line import Line
from bot.understanding.clues import read
from bot.understanding.lexicon import Lexicon, parts

GROUPS = {
    "transplant": "treatment", "brain": "illness", "effects": "beyond", "stop": "line",
    "child": "whom", "adult": "whom", "teen": "whom", "alarm": "alarm",
}  # fmt: skip
LISTS = {
    "en": {
        "transplant": "transplant*, stem cell, bone marrow",
        "brain": "brain",
        "effects": "brain fog, hair",
        "stop": "stop .. texts, unsubscribe, .. ?!",
        "child": "son, kid, baby*",
        "adult": "mom, man",
        "teen": "teen*",
        "age_after": "year old, yo",
        "age_before": "im, is",
        "months_after": "months old",
        "no_age": "after, since, cycles",
        "common": "the, my, of, for, is, a, in",
    },
    "es": {
        "transplant": "trasplante*",
        "child": "hijo",
        "common": "son, los, de, mi, son cuales",
        "age_after": "anos",
        "no_age": "hace",
    },
    "zh_Hans": {"transplant": "移植", "child": "孩子, 儿子", "age_after": "岁", "common": "的"},
    "xx": {"common": ""},
}
LEXICON = Lexicon.of(LISTS, GROUPS, frozenset({"treatment", "beyond", "whom"}))


def names(text: str, current: str = "") -> set[str]:
    silent = {"age_before", "age_after", "months_after", "no_age"}
    return set(read(text, LEXICON, (), current).clues) - silent


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("my transplanted stem cells", "transplant"),
        ("STEM-CELL", "transplant"),
        ("the brain", "brain"),
        ("brain fog", "effects"),  # the longer entry wins
        ("stop sending me the texts", "stop"),
        ("stop the chemo", ""),
        ("stop a b c d e f g texts", ""),  # too far apart
        ("transplantations de mi hijo", "transplant child"),
        ("the stems cell", ""),
        ("cuales son los trasplantes", "transplant"),  # son is no child in Spanish
        ("my son", "child"),
        ("transplamt of brian", "transplant"),  # a slip; short words and first letters are kept
        ("ransplant", ""),
        ("unsubscribr", ""),  # what ends the texts is never guessed
        ("孩子能移植吗", "child transplant"),
        ("", ""),
    ],
)
def test_clues(text: str, wanted: str) -> None:
    assert names(text) == set(wanted.split())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("8 year old", "child"),
        ("8yo", "child"),
        ("im 23", "adult"),
        ("he is 16", "teen"),
        ("6 months old", "child"),
        ("my son is 24", "adult"),  # an age tells more than a relation
        ("mom of a 7 year old", "child"),
        ("after 3 years", ""),
        ("im 3 cycles in", ""),
        ("4 since then", ""),
        ("im 200", ""),
        ("孩子三岁", "child"),
        ("他二十岁", "adult"),
        ("hace 8 anos", ""),
        ("8 anos de mi", "child"),
    ],
)
def test_ages(text: str, wanted: str) -> None:
    assert names(text) == set(wanted.split())


@pytest.mark.parametrize(
    ("text", "current", "likely"),
    [
        ("cuales son los de mi", "", ("es",)),
        ("the transplant of my son", "", ("en",)),
        ("transplant", "", ()),  # one word tells no language
        ("son de", "es", ("es",)),
        ("xyz", "", ()),
    ],
)
def test_language_of_free_text(text: str, current: str, likely: tuple[str, ...]) -> None:
    assert read(text, LEXICON, (), current).likely == likely


def test_the_script_narrows_the_languages() -> None:
    assert read("son de mi hijo", LEXICON, ("en",)).languages == ("en",)


def test_what_is_counted() -> None:
    reading = read("transplamt xyz 8 the", LEXICON)
    assert (reading.guessed, reading.unknown, len(reading.words)) == (1, 1, 4)
    assert reading.groups == {"treatment": 1}


def test_a_number_parts_from_the_letters_after_it() -> None:
    assert parts("8yo B12 12") == ["8", "yo", "b12", "12"]


@given(st.text(max_size=300))
def test_no_text_raises(text: str) -> None:
    read(text, LEXICON)


def test_relations_and_ages_of_every_language(line: Line) -> None:
    """One sentence a language: a child by relation, a child and an adult by age."""
    for language, child, by_age, adult in [
        ("fr", "ma fille a une greffe", "il a 7 ans", "j'ai 40 ans"),
        ("es", "mi hijo necesita trasplante", "tiene 7 años", "tengo 40 años"),
        ("tl", "transplant ng anak ko", "7 taong gulang", "40 taong gulang na ako"),
        ("vi", "ghép cho con trai tôi", "bé 7 tuổi", "tôi 40 tuổi"),
        ("zh_Hans", "我儿子移植", "7岁", "我40岁"),
        ("zh_Hant", "我個仔移植", "7歲", "我40歲"),
        ("pa", "ਮੇਰੇ ਪੁੱਤਰ ਦਾ ਟ੍ਰਾਂਸਪਲਾਂਟ", "7 ਸਾਲ ਦਾ", "40 ਸਾਲ ਦਾ"),
        ("hi", "मेरे बेटे का ट्रांसप्लांट", "7 साल का", "40 साल का"),
        ("ur", "میرے بیٹے کا ٹرانسپلانٹ", "7 سال کا", "40 سال کا"),
        ("fa", "پیوند پسرم", "7 سالشه", "40 سالمه"),
        ("ar", "زراعة لابني", "عمره 7 سنين", "عمري 40 سنة"),
    ]:
        for text, whom in ((child, "child"), (by_age, "child"), (adult, "adult")):
            found = read(text, line.vocabulary.lexicon, (), language).clues
            assert whom in found, (language, text, dict(found))
