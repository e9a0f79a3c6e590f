"""Which language a text is in, by script, letters and words; digits and letters of every hand."""

import pytest

from bot.conversation import QUIET_DAY, respond
from bot.languages import absent_languages, language_names, right_to_left
from bot.library import ENGLISH
from bot.line import Line
from bot.model import Conversation, Inbound
from bot.understanding import Writing, understand
from bot.understanding.fold import fold, number, tokens
from bot.understanding.writing import Written, script_of

from .test_conversation import talk

# a text as people write it, and the languages that it may be in
HANDS = [
    ("什么是白血病", ["zh_Hans"]),
    ("我儿子复发了", ["zh_Hans"]),
    ("我個仔復發咗", ["zh_Hant"]),
    ("醫生話要換骨髓", ["zh_Hant"]),
    ("ਮੇਰੇ ਪੁੱਤਰ ਨੂੰ ਲਿਊਕੀਮੀਆ ਹੈ", ["pa"]),
    ("मेरे बेटे को ल्यूकेमिया है", ["hi"]),
    ("ما هو العلاج المناعي لابني؟", ["ar"]),
    ("پسرم دوباره مریض شده چه کار کنم", ["fa"]),
    ("میرے بیٹے کو دوبارہ کینسر ہو گیا ہے", ["ur"]),
    ("شیمی درمانی چیست", ["fa"]),
    ("کیموتھراپی کیا ہے", ["ur"]),
    ("ماذا أفعل", ["ar"]),
    ("chemo für meinen Sohn", []),
    ("CAR T", []),
    ("ＣＡＲＴ", []),
    ("12345 !?", []),
    ("", []),
    ("Kymriah 是什么 blinatumomab", ["zh_Hans"]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "languages"), HANDS)
def test_a_text_shows_its_language(line: Line, text: str, languages: list[str]) -> None:
    assert list(line.vocabulary.writing.read(text).languages) == languages


@pytest.mark.parametrize(
    ("text", "script"),
    [
        ("помогите", "CYRILLIC"), ("도와주세요", "HANGUL"), ("ช่วยด้วย", "THAI"),
        ("תעזרו לי", "HEBREW"),
        ("ʻŌlelo", "LATIN"), ("the Greek letter β here", "LATIN"), ("👍", ""), ("hello", "LATIN"),
    ],
)  # fmt: skip
def test_a_script_is_told_by_its_letters(text: str, script: str) -> None:
    assert script_of(text) == script


def test_what_is_in_no_language_of_the_line_says_so(line: Line) -> None:
    for text in (
        "помогите",
        "도와주세요",
        "Somali",
        "soomaali",
        "русский",
        "in Swahili",
        "somali please",
    ):
        (reply,) = talk(line, text)
        assert reply.label == "out_of_scope", text
        first, second, call, *names = reply.text.split("\n")
        assert "not here yet" in first
        assert "pas encore" in second
        assert call.endswith("1-888-939-3333")
        assert "1 English" in names


def test_a_number_picks_from_the_languages_shown(line: Line) -> None:
    replies = talk(line, "русский", "MORE", "1")
    assert replies[-1].label == f"language:{ENGLISH}"


def test_a_script_of_several_languages_is_asked_about() -> None:
    """Where letters and words tell nothing, several languages are as likely."""
    writing = Writing()
    assert writing.read("سلام") == Written("ARABIC", (), 4)


def test_a_text_that_could_be_in_two_languages_is_asked_about(line: Line) -> None:
    likely = line.vocabulary.writing.read("باب").languages
    assert len(likely) > 1
    reply, *_ = talk(line, "باب")
    assert reply.label == "out_of_scope"
    assert [row[0] for row in reply.text.split("\n") if row[:1].isdigit()] == ["1", "2", "3"][
        : len(likely)
    ]


def test_what_was_asked_is_shown_once_the_language_is_clear(line: Line) -> None:
    asked = [
        (k.text, k.value) for k in line.library.keywords
        if k.kind == "topic" and k.language == "ur" and not k.text.isascii()
        and len({m.language for m in line.vocabulary.meanings["".join(tokens(k.text))]}) > 1
        and len(set(line.vocabulary.writing.read(k.text).languages)) > 1
    ]  # fmt: skip
    assert len(asked) >= 5
    for text, label in asked[:5]:
        first, second = talk(line, text, "1")
        assert first.text.count("\n") >= 2, text
        assert second.topic == label.partition(".")[2], text
        assert second.language in line.vocabulary.writing.read(text).languages


def test_a_name_of_two_languages_is_asked_about(line: Line) -> None:
    first, second = talk(line, "Chinese", "2")
    assert "简体" in first.text
    assert "繁體" in first.text
    assert second.label.startswith("language:zh_")
    assert talk(line, "简体中文")[0].label == "language:zh_Hans"
    assert talk(line, "繁體中文")[0].label == "language:zh_Hant"


def test_every_language_is_chosen_by_its_names_and_code(line: Line) -> None:
    names = language_names(list(line.library.editions))
    for language, known in names.items():
        for name in {known[0], *known[1:3], language}:
            intent = understand(name, line.vocabulary)
            if intent.kind == "language":
                assert language in intent.targets, name
            else:  # a code that is a word: Hindi is `hi`, which is a greeting
                assert name == language
                assert intent.kind == "command"


def test_a_language_chosen_by_name_outlasts_what_is_detected(line: Line) -> None:
    replies = talk(line, "ਪੰਜਾਬੀ", "什么是白血病", "cart")
    assert [reply.language for reply in replies] == ["pa", "pa", "pa"]
    replies = talk(line, "ਕੀਮੋਥੈਰੇਪੀ", "化疗")
    assert [reply.language for reply in replies] == ["pa", "zh_Hans"]


def test_absent_languages_are_long_enough_to_be_no_word(line: Line) -> None:
    names = absent_languages(line.library.editions)
    assert {"Somali", "somali", "Soomaali", "Kiswahili", "Türkçe"} <= set(names)
    assert not {"English", "Hindi", "Vietnamese"} & set(names)
    assert min(len(name) for name in names if name.isascii()) >= 4
    assert "日本語" in names
    assert right_to_left("he")
    assert not right_to_left("en_XA")


NUMBERS = [
    ("3", 3), ("٣", 3), ("۳", 3), ("३", 3), ("੩", 3), ("３", 3), ("三", 3), ("③", 3), ("3.", 3),
    ("#11", 11), ("十", 10), ("十一", 11), ("二十", 20), ("二十一", 21), ("੧੧", 11), ("〇", 0),
    ("十十", None), ("三三", None), ("百", None), ("1000", None), ("3 4", None), ("²", 2),
    ("½", None),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), NUMBERS)
def test_numbers_of_every_hand(text: str, value: int | None) -> None:
    assert number(text) == value


# two ways to type one word
SAME = [
    ("العلاج الكيميائي", "علاج كيميائى"), ("أشعة", "اشعه"), ("مُساعدة", "مساعدة"),
    ("مـــساعدة", "مساعدة"),
    ("شیمی‌درمانی", "شیمی درمانی"), ("شيمي درماني", "شیمی درمانی"), ("کودک", "كودك"),
    ("ਪੁੱਤਰ", "ਪੁਤਰ"), ("ਫ਼ੋਨ", "ਫੋਨ"), ("ਖ਼ੂਨ", "ਖੂਨ"), ("ज़रूर", "जरूर"), ("हाँ", "हां"),
    ("ghép tủy", "ghep tuy"), ("đau", "dau"), ("hoá trị", "hóa trị"), ("ＣＡＲ　Ｔ", "car t"),
    ("TRASPLANTE", "trasplánte"), ("niño", "NIÑO"), ("بچے", "بچے"), ("میں", "مین"),
]  # fmt: skip


@pytest.mark.parametrize(("one", "other"), SAME)
def test_spellings_of_a_word_are_one(one: str, other: str) -> None:
    assert "".join(tokens(one)) == "".join(tokens(other))


def test_folding_twice_changes_nothing(line: Line) -> None:
    for keyword in line.library.keywords:
        assert fold(fold(keyword.text)) == fold(keyword.text)


def test_a_quiet_day_later_the_language_is_kept(line: Line) -> None:
    state = Conversation()
    for at, text in ((0, "Español"), (QUIET_DAY + 1, "cart")):
        reply, state = respond(Inbound("test", "+1", text, text), state, line, at)
    assert reply.language == "es"


# what is texted, in turn, and the language of each reply: a language in use is left only by a word
# that is clearly another's
STAYS = [
    (["trasplante", "STOP", "START", "MENU"], ["es", "en", "en", "es"]),
    (["AYUDA", "MENU"], ["es", "es"]),
    (["GREFFE", "Kymriah", "CNS", "Ph+", "MORE"], ["fr"] * 5),
    (["ਕੀਮੋਥੈਰੇਪੀ", "MENU", "MORE", "0", "੦"], ["pa"] * 5),
    (["cart", "greffe", "chemo"], ["en", "fr", "en"]),
    (["english", "باب", "علاج"], ["en", "en", "en"]),
    (["tagalog", "chemo", "hindi", "basta"], ["tl"] * 4),
    (["español", "basta"], ["es", "es"]),
    (["MENU"], ["en"]),
    (["Kymriah"], ["en"]),
]  # fmt: skip


@pytest.mark.parametrize(("texts", "languages"), STAYS)
def test_the_language_in_use_stays(line: Line, texts: list[str], languages: list[str]) -> None:
    assert [reply.language for reply in talk(line, *texts)] == languages


def test_a_stop_word_of_another_language_stops_nothing_where_it_is_ordinary(line: Line) -> None:
    assert talk(line, "tagalog", "basta")[-1].label == "out_of_scope"
    assert talk(line, "español", "basta")[-1].label == "stop"
    assert talk(line, "ਪੰਜਾਬੀ", "please stop texting me")[-1].label == "stop"
    assert talk(line, "tagalog", "hindi")[-1].label == "out_of_scope"
    assert talk(line, "hindi")[-1].label == "language:hi"


# what is danger, and what only looks so
DANGER = [
    ("tự tử", True), ("uống từ từ có được không", False), ("tôi muốn tự tử", True),
    ("behosh", True), ("kya lumbar puncture me behosh karte hain", False),
    ("وأريد أن أموت", True), ("i live 300 kms away", False), ("took the whole box of pills", True),
    ("my leukemia is not responding", False), ("中風", True), ("這是中風險嗎", False),
]  # fmt: skip


@pytest.mark.parametrize(("text", "danger"), DANGER)
def test_danger_is_told_from_what_looks_like_it(line: Line, text: str, danger: bool) -> None:
    assert (understand(text, line.vocabulary).kind == "crisis") == danger


@pytest.mark.parametrize("text", ["5 µg", "β", "ж"])
def test_one_letter_of_another_script_is_a_sign_and_no_language(line: Line, text: str) -> None:
    assert understand(text, line.vocabulary).kind == "unknown"
