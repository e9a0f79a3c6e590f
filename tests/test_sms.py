"""What a text costs, what may be sent, where a page ends."""

import json
import time
import xml.etree.ElementTree as ET
from collections.abc import Callable, Iterator
from pathlib import Path
from xml.sax.saxutils import escape

import pytest
import regex
from hypothesis import example, given
from hypothesis import strategies as st

from bot import sms
from bot.sms import Budget, Size

FIXTURES = Path(__file__).parent / "fixtures" / "segments.jsonl"

# Where we count a segment more or less than the reference, which knows graphemes by Unicode 10, of
# 2017: what is one grapheme for one of us only lies across the end of a full segment.
UNLIKE_REFERENCE = {
    "ж" * 64
    + "🧑‍🤝‍🧑"
    + "ж" * 62: 1,  # two persons of any gender and a handshake, joined since 2018
    "ж" * 64 + "🏴‍☠️" + "ж" * 65: 1,  # a flag and a sign, joined since 2018
    "ж" * 66 + "a🏽" + "ж" * 65: 1,  # a skin tone after what has no skin, joined since 2018
    "ж" * 66 + "অ\u09fe" + "ж" * 66: 1,  # a Bengali mark of 2018
    "ж" * 65 + "a\u200d❤" + "ж" * 66: -1,  # a letter and an emoji, joined until 2018
}


def fixtures() -> Iterator[tuple[str, Size]]:
    with FIXTURES.open(encoding="utf-8") as lines:
        for line in lines:
            case = json.loads(line)
            text = "".join(string * times for string, times in case.get("runs", []))
            size = Size(case["encoding"], case["units"], case["segments"])
            yield case.get("text", text), size


def up_to(limit: int) -> Callable[[str], bool]:
    return lambda page: len(page) <= limit


def graphemes(text: str) -> list[str]:
    """The graphemes of a text that are not white space."""
    return [grapheme for grapheme in regex.findall(r"\X", text) if not grapheme.isspace()]


def pages(text: str, fits: Callable[[str], bool]) -> list[str]:
    found = []
    while text:
        page, text = sms.cut(text, fits)
        found.append(page)
    return found


# --- measure -------------------------------------------------------------------------------------


def test_measure_counts_as_the_reference_does() -> None:
    cases = list(fixtures())
    differing = {
        text: (expected, sms.measure(text))
        for text, expected in cases
        if sms.measure(text) != expected
    }
    unknown = [
        f"{text!a}: reference {expected}, ours {ours}"
        for text, (expected, ours) in differing.items()
        if text not in UNLIKE_REFERENCE
    ]
    assert len(cases) > 10_000
    assert not unknown, "\n".join(unknown)
    assert differing.keys() == UNLIKE_REFERENCE.keys()
    for text, (expected, ours) in differing.items():
        segments = expected.segments + UNLIKE_REFERENCE[text]
        assert ours == Size(expected.encoding, expected.units, segments)


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("", Size("GSM-7", 0, 1)),
        ("a" * 160, Size("GSM-7", 160, 1)),
        ("a" * 161, Size("GSM-7", 161, 2)),
        ("a" * 307, Size("GSM-7", 307, 3)),
        ("€" * 80, Size("GSM-7", 160, 1)),
        ("a" * 152 + "€" + "a" * 152, Size("GSM-7", 306, 3)),
        ("a\r\nb", Size("GSM-7", 4, 1)),
        ("`", Size("UCS-2", 1, 1)),
        ("ê" * 70, Size("UCS-2", 70, 1)),
        ("ê" * 71, Size("UCS-2", 71, 2)),
        ("ê" * 66 + "😀" + "ê" * 66, Size("UCS-2", 134, 3)),
        ("ê" * 66 + "\r\n" + "ê" * 66, Size("UCS-2", 134, 2)),
        ("e\u0301", Size("UCS-2", 2, 1)),
        ("\ud800", Size("UCS-2", 1, 1)),
        ("e" + "\u0301" * 100, Size("UCS-2", 101, 2)),
    ],
)
def test_measure(text: str, size: Size) -> None:
    assert sms.measure(text) == size


ANY_CHARACTER = st.one_of(
    st.characters(exclude_categories=()),
    st.sampled_from("aé€^’ê\r\n\t \u00a0.,?。，\u0301\u200c\u200d\u0600\ud83d\ude00🇨🇦👩🏽⚕क्षि한ᄒ"),
)
ANY_TEXT = st.text(ANY_CHARACTER, max_size=400)


@given(ANY_TEXT)
def test_measure_takes_any_text(text: str) -> None:
    size = sms.measure(text)
    assert size.units >= len(text)
    assert 1 <= size.segments <= max(1, size.units)
    assert (size.encoding == "GSM-7") == (not sms.costly(text))


# --- fits ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "budget", "expected"),
    [
        ("", Budget(1, 1), True),
        ("a" * 306, Budget(), True),
        ("a" * 307, Budget(), False),
        ("ê" * 268, Budget(), True),
        ("ê" * 269, Budget(), False),
        ("a" * 160, Budget(gsm7=1, ucs2=1), True),
        ("a" * 161, Budget(gsm7=1, ucs2=4), False),
        ("a" * 161 + "ê", Budget(gsm7=1, ucs2=4), True),  # more text, and it fits
        ("e" + "\u0301" * 400, Budget(), False),  # overfull, whatever the count of segments says
    ],
)
def test_fits(text: str, budget: Budget, expected: bool) -> None:
    assert sms.fits(text, budget) is expected


@given(ANY_TEXT, st.builds(Budget, st.integers(1, 5), st.integers(1, 5)))
def test_what_fits_keeps_within_the_budget(text: str, budget: Budget) -> None:
    size = sms.measure(text)
    gsm7 = size.encoding == "GSM-7"
    within = size.segments <= (budget.gsm7 if gsm7 else budget.ucs2)
    holds = size.units <= (160 * budget.gsm7 if gsm7 else 70 * budget.ucs2)
    assert sms.fits(text, budget) == (within and holds)


# --- clean and costly ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ""),
        ("plain, é 化疗", "plain, é 化疗"),
        ("e\u0301", "é"),
        ("e\x00\u0301", "é"),
        ("a\r\nb\rc\nd\u2028e\u2029f\x85g", "a\nb\nc\nd\ne\nf\ng"),
        ("a\r\r\n\nb", "a\n\n\nb"),
        ("a\tb", "a b"),
        ("\x00\x07\x0b\x0c\x1b\x1fa\x7f\x80\x9f", "a"),
        ("\ud800a\udfff", "a"),
        ("\ufdd0a\ufdef\ufffe\uffff\U0001fffe\U0010ffff", "a"),
        ("\ufdcf\ufdf0\ufffd\U0001fffd\U0010fffd", "\ufdcf\ufdf0\ufffd\U0001fffd\U0010fffd"),
        ("می\u200cخواهم", "می\u200cخواهم"),
        (
            "\u2066Besponsa\u2069 \u200e\u200f क्\u200dष",
            "\u2066Besponsa\u2069 \u200e\u200f क्\u200dष",
        ),
    ],
)
def test_clean(text: str, expected: str) -> None:
    assert sms.clean(text) == expected


@given(ANY_TEXT)
def test_cleaning_twice_changes_nothing(text: str) -> None:
    assert sms.clean(sms.clean(text)) == sms.clean(text)


@given(ANY_TEXT)
def test_a_clean_text_survives_xml(text: str) -> None:
    cleaned = sms.clean(text)
    message = ET.fromstring(f"<Message>{escape(cleaned)}</Message>".encode())
    assert (message.text or "") == cleaned


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", ()),
        ("Où est l'hôpital ? À Québec, [là] €", ("ô", "À")),
        ("« Oui » — « l’os »", ("«", "»", "—", "’")),
        ("e\u0301", ("\u0301",)),
        ("化疗化疗`", ("化", "疗", "`")),
    ],
)
def test_costly(text: str, expected: tuple[str, ...]) -> None:
    assert sms.costly(text) == expected


# --- cut -----------------------------------------------------------------------------------------

NAME = "inotuzumab ozogamicin (Besponsa)"


@pytest.mark.parametrize(
    ("text", "limit", "page", "rest"),
    [
        # All of it.
        ("", 0, "", ""),
        (" All of it. ", 12, " All of it. ", ""),
        (" All of it. ", 10, "All of it.", ""),
        (" \n \t", 2, "", ""),
        # At the end of a sentence.
        ("One day. Two days. Three days.", 29, "One day. Two days.", "Three days."),
        ("One day! Two days? Three days.", 29, "One day! Two days?", "Three days."),
        ("Wait… Then go on… Come back.", 26, "Wait… Then go on…", "Come back."),
        ('He said "Go on." Then he left.', 29, 'He said "Go on."', "Then he left."),
        ("Go on (or stay.) Then leave now.", 30, "Go on (or stay.)", "Then leave now."),
        ("« Vraiment ? » Il est parti hier.", 30, "« Vraiment ? »", "Il est parti hier."),
        ("Really?! Then we all go home.", 25, "Really?!", "Then we all go home."),
        (
            "Adults and children\nCall us on any day",
            35,
            "Adults and children",
            "Call us on any day",
        ),
        ("1. Leukemia\n2. Lymphoma\n3. Myeloma", 32, "1. Leukemia\n2. Lymphoma", "3. Myeloma"),
        # Full-width stops need no space; nor do they begin a page.
        (
            "什么是化疗？化疗是一种治疗。请致电我们",
            18,
            "什么是化疗？化疗是一种治疗。",
            "请致电我们",
        ),
        ("他说“我们走吧。”然后他离开了这里", 14, "他说“我们走吧。”", "然后他离开了这里"),
        # Danda, the Urdu full stop, the Arabic question mark.
        ("यह एक इलाज है। फिर आप घर जाएं।", 28, "यह एक इलाज है।", "फिर आप घर जाएं।"),
        ("یہ ایک علاج ہے۔ پھر گھر جائیں۔", 28, "یہ ایک علاج ہے۔", "پھر گھر جائیں۔"),
        ("ما هو العلاج؟ ثم اذهب إلى البيت", 28, "ما هو العلاج؟", "ثم اذهب إلى البيت"),
        # A full stop that ends no sentence.
        ("Some drugs, e.g. Besponsa work well", 30, "Some drugs, e.g. Besponsa work", "well"),
        ("It may take approx. nine full days", 30, "It may take approx. nine full", "days"),
        ("We asked Dr. Osler for his advice", 30, "We asked Dr. Osler for his", "advice"),
        ("The level was 9.5 in all of them", 29, "The level was 9.5 in all of", "them"),
        ("See lls.ca.about for the whole page", 30, "See lls.ca.about for the whole", "page"),
        ("1. Something of the list", 22, "1. Something of the", "list"),
        ("ڈی۔این۔اے کا ٹیسٹ ہوگا کل صبح", 25, "ڈی۔این۔اے کا ٹیسٹ ہوگا کل", "صبح"),
        # A sentence that leaves the page nearly empty: after a word instead.
        (
            "Yes. The treatment takes months and years",
            36,
            "Yes. The treatment takes months and",
            "years",
        ),
        # At a word, a comma.
        ("aaaa bbbb, cccc dddd", 12, "aaaa bbbb,", "cccc dddd"),
        ("aaaa  \t bbbb", 10, "aaaa", "bbbb"),
        ("aaaa,bbbb;cccc:dddd", 16, "aaaa,bbbb;cccc:", "dddd"),
        ("aaaa 10\u00a0mg daily", 8, "aaaa", "10\u00a0mg daily"),
        ("Est-ce vrai ? Oui", 12, "Est-ce", "vrai ? Oui"),
        ("il dit « oui » et non", 12, "il dit", "« oui » et non"),
        ("化疗使用药物，可以杀死癌细胞的", 10, "化疗使用药物，", "可以杀死癌细胞的"),
        # A script without spaces; a comma that is too early; no page begins with a comma.
        ("化疗使用药物杀死癌细胞", 5, "化疗使用药", "物杀死癌细胞"),
        ("是，化疗使用药物杀死癌细胞", 9, "是，化疗使用药物杀", "死癌细胞"),
        ("化疗使用药物，杀死", 6, "化疗使用药", "物，杀死"),
        ("接受CAR-T治疗的人", 4, "接", "受CAR-T治疗的人"),
        ("ยาเคมีบำบัด", 5, "ยาเค", "มีบำบัด"),
        # Numbers, phone numbers and links.
        ("call us 1-888-939-3333 today", 16, "call us", "1-888-939-3333 today"),
        ("call us (888) 939-3333 today", 16, "call us", "(888) 939-3333 today"),
        ("call us +1 888 939 3333 today", 16, "call us", "+1 888 939 3333 today"),
        ("environ 1 000 personnes", 10, "environ", "1 000 personnes"),
        ("environ 85 % des cas", 10, "environ", "85 % des cas"),
        ("说明1,000人", 4, "说", "明1,000人"),
        ("see https://lls.ca/a,b;c?d=1. Then", 20, "see", "https://lls.ca/a,b;c?d=1. Then"),
        ("see www.lls.ca/a,b today", 15, "see", "www.lls.ca/a,b today"),
        ("go on: see https://lls.ca/a. Then go", 34, "go on: see https://lls.ca/a.", "Then go"),
        ("详见https://lls.ca/a。然后请致电我们", 24, "详见https://lls.ca/a。", "然后请致电我们"),
        # Names in keep.
        (f"ask about {NAME} today", 30, "ask about", f"{NAME} today"),
        (f"ask about {NAME}. Then go", 46, f"ask about {NAME}.", "Then go"),
        # What does not fit by itself is cut between graphemes, but not inside what would fit.
        ("hospitalization", 8, "hospital", "ization"),
        ("aaa99999", 6, "aaa", "99999"),
        ("1-888-939-3333", 8, "1-888-93", "9-3333"),
        ("https://lls.ca/aaa", 10, "https://ll", "s.ca/aaa"),
        (NAME, 20, "inotuzumab ozogamici", "n (Besponsa)"),
        ("e\u0301e\u0301e\u0301", 5, "e\u0301e\u0301", "e\u0301"),
        ("🇨🇦🇫🇷🇮🇳", 5, "🇨🇦🇫🇷", "🇮🇳"),
        ("ab \u0301c", 3, "ab", " \u0301c"),
    ],
)
def test_cut(text: str, limit: int, page: str, rest: str) -> None:
    assert sms.cut(text, up_to(limit), keep=("", NAME)) == (page, rest)


def test_cut_knows_that_more_text_may_take_less() -> None:
    budget = Budget(gsm7=1, ucs2=4)
    text = "word " * 40 + "fête " * 40
    page, _ = sms.cut(text, lambda page: sms.fits(page, budget))
    assert page.endswith("fête")


@pytest.mark.parametrize(
    ("text", "limit"), [("word", 0), ("  e\u0301 ", 1), ("e" + "\u0301" * 10, 10)]
)
def test_cut_refuses_a_page_without_room_for_one_grapheme(text: str, limit: int) -> None:
    with pytest.raises(ValueError, match="not even the first grapheme fits"):
        sms.cut(text, up_to(limit))


@pytest.mark.parametrize(
    "text",
    [
        pattern * (1600 // len(pattern))
        for pattern in (
            *(
                "a",
                "化",
                "Ж",
                "1",
                ".",
                "!",
                " .",
                ". ",
                "1.",
                "1-",
                "100 ",
                "(",
                ",",
                ". »",
                "a\n",
            ),
            *("https://", "e\u0301", "🇨🇦", "\n1. ", "\u0600a", "क्षि"),
            *("." + ")" * 799, "a" + " " * 799, "\n" + " " * 398 + "1.", "https://" + "." * 792),
        )
    ],
    ids=lambda text: ascii(text[:9]),
)
def test_cut_is_quick(text: str) -> None:
    began = time.perf_counter()
    sms.cut(text, lambda page: sms.fits(page, Budget()), keep=(NAME, "a" * 800))
    assert time.perf_counter() - began < 1


@given(ANY_TEXT, st.integers(0, 80))
@example(" \u0301" * 5, 3)
def test_cut_loses_and_tears_nothing(text: str, limit: int) -> None:
    fits = up_to(limit)
    try:
        page, rest = sms.cut(text, fits)
    except ValueError:
        assert len(graphemes(text)[0]) > limit
        return
    assert fits(page)
    assert page or not graphemes(text)
    assert graphemes(page) + graphemes(rest) == graphemes(text)


PIECES = st.sampled_from(
    [
        NAME,
        "https://lls.ca/a,b. ",
        "1-888-939-3333",
        "9.5",
        "Yes.",
        "word, ",
        "化疗。",
        " ",
        "\n",
        "é",
        "x",
    ]
)


@given(st.lists(PIECES, max_size=40).map("".join), st.integers(len(NAME), 90))
def test_cut_keeps_whole_what_fits(text: str, limit: int) -> None:
    text = text.strip()
    page, _ = sms.cut(text, up_to(limit), keep=[NAME])
    for match in regex.finditer(regex.escape(NAME), text):
        assert not match.start() < len(page) < match.end()


@given(ANY_TEXT, st.builds(Budget, st.integers(1, 3), st.integers(1, 5)))
@example("नमस्ते। " * 50, Budget(1, 1))
def test_every_page_fits_the_budget(text: str, budget: Budget) -> None:
    def fits(page: str) -> bool:
        return sms.fits(page, budget)

    text = sms.clean(text)
    try:
        found = pages(text, fits)
    except ValueError:
        assert not all(map(fits, graphemes(text)))
        return
    assert all(map(fits, found))
    assert [grapheme for page in found for grapheme in graphemes(page)] == graphemes(text)
