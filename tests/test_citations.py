"""Every sentence of every answer, in every language, against the paragraphs that it cites.

What is put into a text here is what a tired translator might: `check` must see it.
"""

from dataclasses import replace
from itertools import chain

import pytest

from bot import citations, facts, page_files
from bot.catalogs import Translation
from bot.compare import compare
from bot.content import Content
from bot.facts import paragraph
from bot.fidelity import wanted, words_of
from bot.library import ENGLISH, Answer, Section, audience_of

from .conftest import ROOT, SHARED

LANGUAGES = [ENGLISH, *sorted(path.name for path in (ROOT / "locales").iterdir() if path.is_dir())]
PAGES = {
    "adult-all": SHARED / "documents/adult-relapsed-refractory-all.txt",
    "childhood-all": SHARED / "documents/childhood-recurrent-refractory-all.txt",
}
there = all(path.is_file() for path in PAGES.values())
needs_pages = pytest.mark.skipif(not there, reason="the two pages are not in ../shared/documents")


def said(content: Content, language: str, label: str, **changes: object) -> list[str]:
    """The faults of one answer of one language, were it another."""
    answer = content.library.editions[language].answers[label]
    changed = replace(answer, **changes)  # type: ignore[arg-type]
    return [str(one) for one in citations.of_answer(content, changed)]


def pages(answer: Answer) -> list[str]:
    return [answer.gist, *answer.more]


def with_page(answer: Answer, number: int, text: str) -> dict[str, object]:
    own = pages(answer)
    own[number] = text
    return {"gist": own[0], "more": tuple(own[1:])}


def test_the_content_has_no_fault(content: Content) -> None:
    assert list(citations.problems(content)) == []


def test_every_paragraph_is_cited(content: Content) -> None:
    """So that nothing that a reader would miss was forgotten."""
    rows = list(citations.coverage(content))
    assert len(rows) > 40
    assert [row for row in rows if not row.labels] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_wrong_age_is_found(content: Content, language: str) -> None:
    answer = content.library.editions[language].answers["adult.cart"]
    number = next(n for n, text in enumerate(pages(answer)) if "25" in text)
    for wrong in ("35", "18", "2"):
        text = pages(answer)[number].replace("25", wrong)
        found = said(content, language, "adult.cart", **with_page(answer, number, text))
        assert any(f"has {wrong}, which car-t:2" in one for one in found)
        where = "messages/topics/cart.toml: adult."
        assert all(where in one for one in found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_drug_of_another_paragraph_is_found(content: Content, language: str) -> None:
    """In every answer: a drug that its page, or the other one, has elsewhere."""
    edition = content.library.editions[language]
    spellings = wanted(content, content.translations.get(language)).names
    documents = content.library.documents
    for label, answer in edition.answers.items():
        cited = [claim for s in answer.sources for claim in citations.claims(s, documents)]
        known = frozenset(chain.from_iterable(claim.facts for claim in cited))
        for drug in ("blinatumomab", "imatinib", "vincristine", "Kymriah", "methotrexate"):
            if drug not in known:
                text = f"{answer.gist} {spellings[drug][-1]}"
                found = said(content, language, label, gist=text)
                assert any(f"has {drug}, which" in one for one in found), (label, drug)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_for_children_is_found_in_an_adult_answer(content: Content, language: str) -> None:
    edition = content.library.editions[language]
    adult = [one for one in edition.answers.values() if audience_of(one.label) == "adult"]
    child = [one for one in edition.answers.values() if audience_of(one.label) == "child"]
    words = wanted(content, content.translations.get(language))
    for_children = [
        sentence
        for answer in child
        for text in pages(answer)
        for sentence in facts.sentences(text)
        if facts.CHILDREN in facts.facts(sentence, words)
    ]
    assert len(for_children) >= 5
    for sentence in for_children:
        answer = adult[hash(len(sentence)) % len(adult)]
        found = said(content, language, answer.label, gist=f"{answer.gist} {sentence}")
        assert any("speaks of children" in one for one in found), sentence
    # A fact without a number, a name or a word for children, in another topic's answer.
    sentence = facts.sentences(edition.answers["child.factors"].more[1])[-1]
    if language != ENGLISH:
        answers = {
            **edition.answers,
            "adult.trials": replace(edition.answers["adult.trials"], gist=sentence),
        }
        editions = {**content.library.editions, language: replace(edition, answers=answers)}
        library = replace(content.library, editions=editions)
        one = {language: content.translations[language]}
        changed = replace(content, library=library, translations=one)
        found = [str(one) for one in citations.problems(changed)]
        assert any("has a sentence of an answer for the other audience" in one for one in found)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_dropped_hedge_is_found(content: Content, language: str) -> None:
    """Each sentence that must leave something open, said for certain."""
    translation: Translation | None = content.translations.get(language)
    if translation is not None:
        assert words_of(content, translation, "hedges")
    words = wanted(content, translation)
    documents = content.library.documents
    dropped = 0
    for label, answer in content.library.editions[language].answers.items():
        for number, text in enumerate(pages(answer)):
            sentences = answer.sentences[number]
            if not all(
                any(c.hedges for s in one.sources for c in citations.claims(s, documents))
                and not one.firm
                for one in sentences
            ):
                continue
            bare = text
            for word in words.hedges:
                bare = facts._pattern(word, words.whole).sub("", facts.fold(bare))
            found = said(content, language, label, **with_page(answer, number, bare))
            assert any("says for certain what" in one for one in found), (label, number)
            dropped += 1
    assert dropped >= 15


def test_citing_the_other_page_or_a_hedge_of_ones_own(content: Content) -> None:
    answer = content.library.editions[ENGLISH].answers["adult.trials"]
    ((sentence,), *_) = answer.sentences
    (cited,) = sentence.sources
    elsewhere = replace(
        sentence, sources=(replace(cited, section="radiation", first=4, last=4, begin=0),)
    )
    found = said(content, ENGLISH, "adult.trials", sentences=((elsewhere,), *answer.sentences[1:]))
    assert any("says for certain what radiation:4 leaves open" in one for one in found)
    firm = replace(elsewhere, firm=True)
    assert said(content, ENGLISH, "adult.trials", sentences=((firm,), *answer.sentences[1:])) == []


@needs_pages
@pytest.mark.parametrize("id", PAGES)
def test_the_pages_are_as_they_were_recorded(content: Content, id: str) -> None:
    document = content.library.documents[id]
    parts = page_files.read(PAGES[id], document.leave_out, document.ends_at)
    words = wanted(content, None)
    page = [Section(p.heading, tuple(paragraph(t, words) for t in p.paragraphs)) for p in parts]
    found = compare(document, page)
    assert found.changes == ()
    kept = [one for section in document.sections.values() for one in section.paragraphs]
    assert kept == [one for section in page for one in section.paragraphs]  # facts and hedges too


@needs_pages
def test_all_drugs_of_the_pages_are_told(content: Content) -> None:
    drugs = [name for name in content.checks.names if name.islower() or name.istitle()]
    answers = content.library.editions[ENGLISH].answers
    words = wanted(content, None)
    for id, path in PAGES.items():
        document = content.library.documents[id]
        parts = page_files.read(path, document.leave_out, document.ends_at)
        page = "\n".join(text for part in parts for text in part.paragraphs)
        own = [one for one in answers.values() if audience_of(one.label) == document.audience]
        told = facts.facts("\n".join(text for one in own for text in pages(one)), words)
        assert (facts.facts(page, words) & set(drugs)) - told == set()


@needs_pages
def test_no_sentence_of_the_pages_is_ours(content: Content) -> None:
    def plain(text: str) -> str:
        return " ".join("".join(c if c.isalnum() else " " for c in text.casefold()).split())

    ours = plain("\n".join(message.text for message in content.messages))
    for path in PAGES.values():
        for sentence in facts.sentences(path.read_text(encoding="utf-8")):
            if len(sentence.split()) >= 9:
                assert plain(sentence) not in ours, sentence
