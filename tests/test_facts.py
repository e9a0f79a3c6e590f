"""Every number and name of an answer, in every language, stands in the paragraphs that it cites.

Needs the two pages, which are not part of the project: skipped where they are not beside it.
"""

import re
import unicodedata

import pytest

from bot.content import Content
from bot.library import ENGLISH, Source
from bot.speaker import Line

from .conftest import SHARED

DOCUMENTS = {
    "adult-all": SHARED / "documents/adult-relapsed-refractory-all.txt",
    "childhood-all": SHARED / "documents/childhood-recurrent-refractory-all.txt",
}
HEADINGS = {
    "adult-all": {
        "introduction": "Treatments for relapsed or refractory acute lymphoblastic leukemia",
        "immunotherapy": "Immunotherapy", "monoclonal-antibodies": "Monoclonal antibodies",
        "car-t": "CAR T-cell therapy", "chemotherapy": "Chemotherapy",
        "transplant": "Stem cell transplant",
        "cns": "Central nervous system prophylaxis or treatment",
        "radiation": "Radiation therapy", "targeted": "Targeted therapy",
        "supportive": "Supportive therapy", "trials": "Clinical trials",
    },
    "childhood-all": {
        "introduction": "Treatments for recurrent or refractory childhood ALL",
        "reinduction": "Reinduction chemotherapy", "transplant": "Stem cell transplant",
        "targeted": "Targeted therapy", "immunotherapy": "Immunotherapy",
        "radiation": "Radiation therapy", "trials": "Clinical trials",
    },
}  # fmt: skip

pytestmark = pytest.mark.skipif(
    not all(path.is_file() for path in DOCUMENTS.values()),
    reason="the two pages are not in ../shared/documents",
)

NAMES = (
    "blinatumomab Blincyto inotuzumab ozogamicin Besponsa tisagenlecleucel Kymriah methotrexate "
    "cytarabine Cytosar prednisone imatinib Gleevec dasatinib Sprycel ponatinib Iclusig "
    "vincristine Oncovin pegaspargase Oncaspar asparaginase Kidrolase erwinia Erwinase "
    "crisantaspase Rylaze doxorubicin Adriamycin daunorubicin Cerubidine daunomycin "
    "cyclophosphamide Procytox etoposide Vepesid VP-16 teniposide Vumon dexamethasone Decadron "
    "Dexasone mitoxantrone CD19 CD22 BCR-ABL Ommaya Philadelphia Ph+"
).split()


def paragraphs(document: str) -> dict[tuple[str, int], str]:
    """Read a page as sections and numbered paragraphs, as documents.toml counts them."""
    headings = {text: id for id, text in HEADINGS[document].items()}
    section, number, found = "", 0, {}
    for block in re.split(r"\n\s*\n", DOCUMENTS[document].read_text(encoding="utf-8")):
        block = block.strip()
        if block == "Expert review and references":
            break
        if block in headings:
            section, number = headings[block], 0
        elif block.startswith("•"):
            found[section, number] += "\n" + block
        elif block and block != "Last medical review:" and not block.startswith("Find out more"):
            number += 1
            found[section, number] = block
    return found


def cited(sources: tuple[Source, ...]) -> str:
    return "\n".join(
        paragraphs(one.document)[one.section, number]
        for one in sources
        for number in range(one.first, one.last + 1)
    )


def folded(text: str) -> str:
    """Compare names without accents and case (étoposide is etoposide), and in one spelling."""
    marks = unicodedata.normalize("NFKD", text)
    plain = "".join(c for c in marks if not unicodedata.combining(c)).casefold()
    return plain.replace("philadelphie", "philadelphia")


def test_documents_toml_counts_the_paragraphs_as_they_are(content: Content) -> None:
    for id, document in content.library.documents.items():
        counted: dict[str, int] = {}
        for section, number in paragraphs(id):
            counted[section] = max(counted.get(section, 0), number)
        assert counted == dict(document.sections)


def test_every_paragraph_is_cited(content: Content) -> None:
    """So that nothing that a reader would miss was forgotten."""
    wanted = {(id, *key) for id in DOCUMENTS for key in paragraphs(id)}
    there = {
        (one.document, one.section, number)
        for answer in content.library.editions[ENGLISH].answers.values()
        for one in answer.sources
        for number in range(one.first, one.last + 1)
    }
    assert wanted - there == set()


def test_numbers_and_names_stand_in_what_is_cited(line: Line) -> None:
    for language, edition in line.library.editions.items():
        for label, answer in edition.answers.items():
            text, source = " ".join((answer.gist, *answer.more)), cited(answer.sources)
            where = f"{language} {label}"
            for figure in re.findall(r"\d+", text):
                assert re.search(rf"(?<!\d){figure}(?!\d)", source), f"{where}: {figure}"
            for name in NAMES:
                if folded(name) in folded(text):
                    assert folded(name) in folded(source), f"{where}: {name}"


def test_all_drugs_of_the_pages_are_told(line: Line) -> None:
    for audience, document in (("adult", "adult-all"), ("child", "childhood-all")):
        page = folded("\n".join(paragraphs(document).values()))
        answers = line.library.editions[ENGLISH].answers
        said = folded(
            " ".join(
                part
                for label, answer in answers.items()
                if label.startswith(audience)
                for part in (answer.gist, *answer.more)
            )
        )
        missing = [name for name in NAMES if folded(name) in page and folded(name) not in said]
        assert missing == []


def test_no_sentence_of_the_pages_is_ours(content: Content) -> None:
    def words(text: str) -> str:
        return " ".join(re.findall(r"\w+", text.casefold()))

    ours = words("\n".join(message.text for message in content.messages))
    for path in DOCUMENTS.values():
        text = path.read_text(encoding="utf-8")
        for sentence in re.split(r"(?<=[.!?])\s+|\n", text):
            if len(sentence.split()) >= 9:
                assert words(sentence) not in ours, sentence
