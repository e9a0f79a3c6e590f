"""A page as it stands against its record: what is a change, what is none, and what it touches.

The page is one that these tests have, on another subject: saved as text, and as HTML.
"""

from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot import page_files
from bot.compare import compare, likeness, section_id
from bot.facts import Wanted, count, facts, fingerprint, listed, paragraph, sentences
from bot.library import Document, Section
from bot.page_files import UnreadableError
from bot.records import named

PAGES = Path(__file__).parent / "fixtures" / "pages"
PAGE = (PAGES / "rest.txt").read_text(encoding="utf-8")
HTML = (PAGES / "rest.html").read_text(encoding="utf-8")
LEFT_OUT, ENDS_AT = ("Find out more", "Last medical review"), "References"
NAMES = (
    "melatonin", "Restoral", "modafinil", "Alertec", "methylphenidate", "Ritalin", "MAO",
    "zopiclone",
)  # fmt: skip
WORDS = Wanted(
    {name: (name,) for name in NAMES},
    listed("may, can, sometimes, usual, usually, some, often"),
    listed("child, children"),
    whole=True,
)


def sections(text: str, name: str = "page.txt") -> tuple[Section, ...]:
    parts = page_files.parts(text, name, LEFT_OUT, ENDS_AT)
    return tuple(
        Section(one.heading, tuple(paragraph(text, WORDS) for text in one.paragraphs))
        for one in parts
    )


RECORD = Document(
    "rest", "adult", {"en": "X"}, {"en": "T"}, {"en": "https://a.ca"}, named(sections(PAGE)),
    date(2026, 1, 1),
)  # fmt: skip


def test_text_and_html_are_read_alike() -> None:
    assert sections(HTML, "page.html") == sections(PAGE)
    heads = [(one.heading, len(one.paragraphs)) for one in sections(PAGE)]
    assert heads == [
        ("Resting well after treatment", 2), ("What can help", 2), ("Medicines", 3),
        ("When to call", 2),
    ]  # fmt: skip
    assert list(RECORD.sections) == ["introduction", "what-can-help", "medicines", "when-to-call"]


def test_a_page_is_unchanged() -> None:
    for text, name in ((PAGE, "a.txt"), (HTML, "a.html")):
        found = compare(RECORD, sections(text, name))
        assert found.changes == ()
        assert all(old == new for old, new in found.now.items())


WALK = "a short walk, 20 minutes a day"
WATER = "Drinking “enough” water usually helps. Coffee after noon can keep you awake."
MODAFINIL = "Modafinil (Alertec) may be given in the morning. The usual age is 18 to 65."
RITALIN = "Methylphenidate (Ritalin) is not given with MAO inhibitors. It can raise the pulse."
FAINT = "Call 9-1-1 if you faint."
FEVER = "Call if tiredness lasts more than 12 weeks, or if you have a fever of 38.5 degrees."

GONE = "no longer has 18, 65, Alertec, modafinil"
REWORDED = "medicines:2 changed: other words"

# what is replaced on the page, by what, and the changes that are told: none, or one a line
MUTATIONS = [
    # a number
    ("6 weeks", "8 weeks", "introduction:1 changed: no longer has 6; now has 8"),
    ("20 minutes", "30 minutes", "what-can-help:1 changed: no longer has 20; now has 30"),
    ("18 or older", "16 or older", "what-can-help:1 changed: no longer has 18; now has 16"),
    ("18 to 65", "18 to 70", "medicines:1 changed: no longer has 65; now has 70"),
    ("12 weeks", "2 weeks", "when-to-call:1 changed: no longer has 12; now has 2"),
    ("38.5", "38.0", "when-to-call:1 changed: no longer has 38.5; now has 38.0"),
    ("38.5", "39", "when-to-call:1 changed: no longer has 38.5; now has 39"),
    ("9-1-1", "9-8-8", "when-to-call:2 changed: no longer has 1; now has 8"),
    ("feel very tired", "feel very tired for 3 months", "introduction:1 changed: now has 3"),
    # a drug
    ("Modafinil (Alertec)", "Zopiclone (Alertec)",
     "medicines:1 changed: no longer has modafinil; now has zopiclone"),
    ("(Ritalin)", "", "medicines:2 changed: no longer has Ritalin"),
    ("melatonin (Restoral)", "zopiclone",
     "what-can-help:1 changed: no longer has Restoral, melatonin; now has zopiclone"),
    ("MAO inhibitors", "other drugs", "medicines:2 changed: no longer has MAO"),
    ("MAO inhibitors", "MAO inhibitors or SSRI", "medicines:2 changed: now has SSRI"),
    ("water usually", "water or melatonin usually", "what-can-help:2 changed: now has melatonin"),
    # a hedge
    ("It may last", "It lasts", "introduction:1 changed: leaves open 1 fewer"),
    ("and sometimes longer", "and longer", "introduction:1 changed: leaves open 1 fewer"),
    ("A nurse may suggest", "A nurse suggests", "what-can-help:1 changed: leaves open 4 fewer"),
    ("water usually helps", "water helps", "what-can-help:2 changed: leaves open 1 fewer"),
    ("can keep", "will keep", "what-can-help:2 changed: leaves open 1 fewer"),
    ("may be given in", "is given in", "medicines:1 changed: leaves open 1 fewer"),
    ("The usual age", "The age", "medicines:1 changed: leaves open 1 fewer"),
    ("It can raise", "It raises", "medicines:2 changed: leaves open 1 fewer"),
    ("treatment failed", "treatment may have failed", "introduction:2 changed: leaves open 1 more"),
    # who it is about, and words that are no fact
    ("Children can", "Others can", "medicines:3 changed: no longer has children"),
    ("you faint", "your child faints", "when-to-call:2 changed: now has children"),
    ("is not a sign", "is a sign", "introduction:2 changed: other words"),
    ("is not given with", "is given with", "medicines:2 changed: other words"),
    ("very tired", "tired", "introduction:1 changed: other words"),
    ("a regular bedtime", "a Regular bedtime", "what-can-help:1 changed: other words"),
    # paragraphs that go, come and move
    (f"{FAINT}\n\n", "", "when-to-call:2 removed: a paragraph with 1, 9"),
    (f"{WATER}\n\n", "", "what-can-help:2 removed: a paragraph"),
    (f"  • {WALK}\n", "", "what-can-help:1 changed: no longer has 20; leaves open 1 fewer"),
    (FAINT, f"{FAINT}\n\nKeep this page for 30 days.", "when-to-call:3 added: a paragraph with 30"),
    (MODAFINIL, f"Ask first.\n\n{MODAFINIL}", "medicines:1 added: a paragraph"),
    (f"{MODAFINIL}\n\n{RITALIN}", RITALIN.replace("can", "may") + "\n\nZopiclone can be given.",
     f"medicines:1 changed: {GONE}; now has zopiclone; leaves open 1 fewer\n{REWORDED}"),
    ("References", "Sleep aids\n\nZopiclone is another one.\n\nReferences",
     "sleep-aids:1 added: a paragraph with zopiclone"),
    (f"{WATER}\n\nFind out more about sleep.\n\nMedicines\n\n", f"Medicines\n\n{WATER}\n\n",
     "what-can-help:2 moved: to medicines"),
    ("What can help", "What may help you",
     "what-can-help heading: is now 'What may help you'"),
    # none of these is a change
    (f"{MODAFINIL}\n\n{RITALIN}", f"{RITALIN}\n\n{MODAFINIL}", ""),
    (f"{FEVER}\n\n{FAINT}", f"{FAINT}\n\n{FEVER}", ""),
    ("What can help", "WHAT CAN HELP", ""),
    ("When to call", "when to call", ""),
    ("Resting well after treatment", "Resting Well After Treatment", ""),
    ("“enough”", '"enough"', ""),
    ("“enough”", "„enough‟", ""),
    ("6 weeks", "6\N{NO-BREAK SPACE}weeks", ""),
    ("  • ", "- ", ""),
    ("9-1-1", "9‑1‑1", ""),
    ("after treatment. It", "after treatment.\nIt", ""),
    ("Last medical review: June", "Last medical review: July", ""),
    ("Find out more about sleep.", "Find out more about rest.", ""),
    ("A study of 400", "A study of 500", ""),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "wanted"), MUTATIONS)
def test_a_change_is_told_and_nothing_else(old: str, new: str, wanted: str) -> None:
    assert old in PAGE
    found = compare(RECORD, sections(PAGE.replace(old, new)))
    told = "\n".join(str(change).removeprefix("rest#") for change in found.changes)
    assert told == wanted


def test_enough_mutations() -> None:
    assert len(MUTATIONS) >= 40
    assert {bool(wanted) for _, _, wanted in MUTATIONS} == {True, False}


def test_where_each_paragraph_stands_now() -> None:
    found = compare(RECORD, sections(PAGE.replace(MODAFINIL, f"Ask first.\n\n{MODAFINIL}")))
    assert [found.now["medicines", n] for n in (1, 2, 3)] == [("medicines", n) for n in (2, 3, 4)]
    found = compare(RECORD, sections(PAGE.replace(f"{MODAFINIL}\n\n", "")))
    assert ("medicines", 1) not in found.now
    assert found.now["medicines", 2] == ("medicines", 1)


def test_sections_in_another_order_are_no_change() -> None:
    head, help_, medicines, rest = (
        PAGE.split("What can help")[0],
        "What can help" + PAGE.split("What can help")[1].split("Medicines")[0],
        "Medicines" + PAGE.split("Medicines")[1].split("When to call")[0],
        "When to call" + PAGE.split("When to call")[1],
    )
    assert compare(RECORD, sections(head + medicines + help_ + rest)).changes == ()


@given(st.permutations(list(RECORD.sections.values())))
def test_whatever_the_order_nothing_is_lost(page: list[Section]) -> None:
    found = compare(RECORD, page)
    assert found.changes == ()
    assert len(set(found.now.values())) == sum(len(one.paragraphs) for one in page)


@given(st.sets(st.sampled_from([(id, n) for id, s in RECORD.sections.items()
                                for n in range(len(s.paragraphs))]), max_size=5))  # fmt: skip
def test_each_paragraph_is_accounted_for_once(gone: set[tuple[str, int]]) -> None:
    """Whatever is left out, as many are told of as are gone."""
    page = [
        Section(one.heading, tuple(p for n, p in enumerate(one.paragraphs) if (id, n) not in gone))
        for id, one in RECORD.sections.items()
    ]
    found = compare(RECORD, page)
    assert sum(change.kind == "removed" for change in found.changes) == len(gone)


def test_another_page_shares_nothing() -> None:
    assert likeness(RECORD, sections("Something else\n\nQuite another text.")) == 0
    assert likeness(RECORD, sections(HTML, "x.html")) == 4 + 9


@pytest.mark.parametrize(
    ("text", "name", "wanted"),
    [
        ("", "a.txt", "a.txt: has no heading with a paragraph below it"),
        ("One paragraph, and that is all.", "a.txt", "has no heading"),
        ("<html><body><nav><h1>A</h1><p>B</p></nav>", "a.html", "has no heading"),
        ("A heading\n\nA\0B", "a.txt", "is no text"),
    ],
)
def test_what_cannot_be_read_is_named(text: str, name: str, wanted: str) -> None:
    with pytest.raises(UnreadableError, match=wanted):
        page_files.parts(text, name)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    (tmp_path / "latin.txt").write_bytes("Déjà".encode("latin-1"))
    (tmp_path / "large.txt").write_bytes(b"a" * (page_files.LARGEST + 1))
    for name in ("latin.txt", "large.txt", "none.txt"):
        with pytest.raises(UnreadableError, match=name):
            page_files.read(tmp_path / name)


@given(st.text(max_size=400))
def test_any_text_is_read_or_refused(text: str) -> None:
    for name in ("a.txt", "a.html"):
        try:
            assert all(part.paragraphs for part in page_files.parts(text, name))
        except UnreadableError:
            continue


def test_facts_of_a_text() -> None:
    found = facts("Methylphenidate at 18.5 for 2 kids (CNS, CD19); the MAO ALL.", WORDS)
    assert found == {"methylphenidate", "18.5", "2", "CNS", "CD19", "MAO", "ALL"}
    assert facts("A child of 1,000 days", WORDS) == {"children", "1,000"}
    assert facts("A-B-C and a NASA-2 test", WORDS) >= {"NASA-2"}
    assert count("It may, can and sometimes will; mayhem.", WORDS.hedges, whole=True) == 3
    assert fingerprint("“A” – b…") == fingerprint('"A" - b...')
    assert fingerprint("a") != fingerprint("A")


def test_sentences_in_any_script() -> None:
    assert sentences("One. Two (2.5 mg)! Three?") == ["One.", "Two (2.5 mg)!", "Three?"]
    assert sentences("第一句。第二句！") == ["第一句。", "第二句！"]
    assert sentences("یہ ہے۔ وہ ہے؟ ہاں") == ["یہ ہے۔", "وہ ہے؟", "ہاں"]
    assert sentences("यह है। वह है।") == ["यह है।", "वह है।"]


def test_names_of_sections() -> None:
    assert section_id("CAR T-cell therapy", []) == "car-t-cell-therapy"
    assert section_id("Wann anrufen?", ["wann-anrufen"]) == "wann-anrufen-2"
    assert section_id("何时", []) == "section"
