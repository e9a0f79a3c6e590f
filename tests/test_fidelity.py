"""What a translation may not do to its English: a table of mistakes, each found and named."""

from pathlib import Path

import pytest

from bot import fidelity
from bot.catalogs import Message
from bot.content import Content
from bot.facts import count
from bot.understanding.fold import fold

CART = "messages/topics/cart.toml"


def found(english: str, text: str, *, file: str = CART, spellings: str = "") -> list[str]:
    """The faults of a translation into a language whose open words are puede and a veces."""
    message = Message(english, "", file, "adult.gist")
    ours = fidelity.rules("may, can, sometimes, some", "everyone", "")
    theirs = fidelity.rules("pued, a veces", "todos, todo el mundo", spellings)
    names = ["ALL", "CD19", "Kymriah", "methotrexate", "asparaginase", "Ph+", "IV"]
    return list(fidelity.faults(message, text, names, ours, theirs))


# the English, a translation, and the faults
MISTAKES = [
    ("Up to age 25.", "Hasta los 25.", []),
    ("Up to age 25.", "Hasta los 35.", ["lacks the number 25", "has the number 35, which the"]),
    ("Up to age 25.", "Hasta los ٢٥.", ["writes numbers with '٢'", "lacks the number 25",
                                         "has the number ٢٥, which the"]),
    ("Chromosomes 9 and 22.", "Cromosomas 9.", ["lacks the number 22"]),
    ("Call 1-888-939-3333", "Llame 1-888-939-3338", ["lacks the number 3333", "has the number"]),
    ("See https://a.ca/x", "Vea https://b.ca/x", ["lacks the link https://a.ca/x", "has the link"]),
    ("Kymriah is used.", "Se usa.", ["lacks the name Kymriah"]),
    ("It is used.", "Se usa Kymriah.", ["has the name Kymriah, which the English has not"]),
    ("A protein, CD19.", "Proteina CD 19.", ["lacks the name CD19", "has the name"][:1]),
    ("Methotrexate.", "Metotrexato.", ["lacks the name methotrexate"]),
    ("B-cell ALL came back.", "La ALL de celulas B ha vuelto.", []),
    ("B-cell ALL came back.", "Las celulas B de todos han vuelto.",
     ["lacks the name ALL", "seems to say 'todos' for the name ALL"]),
    ("B-cell ALL came back.", "La ALL de todos ha vuelto.", ["seems to say 'todos' for the name"]),
    ("All cells of ALL die.", "Todos mueren en la ALL.", []),
    ("It may be given.", "Se puede dar.", []),
    ("It may be given.", "Se da.", ["leaves open 0 things, the English 1"]),
    ("It may sometimes be given.", "A veces se da.", ["leaves open 1 things, the English 2"]),
    ("They can't have it.", "No lo reciben.", []),
    ("Ph+ ALL", "ALL", ["lacks the name Ph+"]),
    ("An IV is given.", "Se da DIV.", ["lacks the name IV"]),
]  # fmt: skip


@pytest.mark.parametrize(("english", "text", "wanted"), MISTAKES)
def test_a_mistake_is_found_and_named(english: str, text: str, wanted: list[str]) -> None:
    said = found(english, text)
    if "CD 19" in text:
        said = [one for one in said if "number" not in one]
    assert len(said) >= len(wanted)
    for fault in wanted:
        assert any(one.startswith(fault) for one in said), said
    if not wanted:
        assert said == []


def test_a_spelling_of_ones_own_is_listed() -> None:
    own = "methotrexate = metotrexato, ALL = LLA, ALL = LAL, nothing"
    assert found("Methotrexate, ALL.", "Metotrexato, LLA.", spellings=own) == []
    assert found("Methotrexate, ALL.", "Metotrexato, LAL.", spellings=own) == []
    assert found("Methotrexate.", "Metotrexate.", spellings=own) == ["lacks the name methotrexate"]


def test_hedges_count_in_answers_only() -> None:
    phrases = "messages/phrases.toml"
    assert found("You can call.", "Llame.", file=phrases) == []


def test_words_count_once_and_the_longest_first() -> None:
    words = fidelity.rules("most commonly, commonly, may", "", "").hedges
    assert count("Most commonly it may, and commonly.", words, whole=True) == 3
    assert count("Mayhem", words, whole=True) == 0
    assert count("可能会，也可能不会", ("可能",)) == 2


# what is done to a catalog, and what `check` says; the entries are the same in every language
def broken(content: Content, language: str, key: tuple[str, str], text: str) -> str:
    """What is said when one translation of the project's own is another."""
    translation = content.translations[language]
    texts = {**translation.texts, key: text}
    changed = Content(
        content.root,
        content.library,
        content.messages,
        {language: type(translation)(texts, translation.stale, translation.reviewed)},
        content.checks,
        content.problems,
    )
    return "\n".join(str(problem) for problem in fidelity.problems(changed))


def entry(content: Content, words: str) -> tuple[str, str]:
    return next((m.context, m.text) for m in content.messages if words in m.text)


def languages() -> list[str]:
    folder = Path(__file__).resolve().parent.parent / "locales"
    return sorted(path.name for path in folder.iterdir() if path.is_dir())


@pytest.mark.parametrize("language", languages())
def test_every_language_is_held_to_its_english(content: Content, language: str) -> None:
    texts = content.translations[language].texts
    assert broken(content, language, ("", "no such"), "nothing") == ""
    age = entry(content, "Kymriah is approved for young adults")
    assert "has the number 35" in broken(content, language, age, texts[age].replace("25", "35"))
    assert "has the name imatinib" in broken(content, language, age, texts[age] + " imatinib")
    assert "lacks the name Kymriah" in broken(
        content, language, age, texts[age].replace("Kymriah", "")
    )
    assert "is still English" in broken(content, language, age, age[1])
    hedges = fidelity.words_of(content, content.translations[language], "hedges")
    bare = texts[age]
    for word in fidelity.rules(hedges, "", "").hedges:
        bare = fold(bare).replace(word, "")
    assert "leaves open" in broken(content, language, age, bare)
    named = entry(content, "Ask your doctor about trials")
    everyone = fidelity.words_of(content, content.translations[language], "everyone")
    assert "for the name ALL" in broken(
        content, language, named, f"{texts[named]} {everyone.split(',')[0]}"
    )
