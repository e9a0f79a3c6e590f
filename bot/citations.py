"""Holds every sentence of an answer, in every language, against the paragraphs that it cites.

A number, a name or a word for children in a sentence must be among the facts of what it cites (or
of its page's subject); what the page leaves open, the sentence leaves open too.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import chain

from bot import facts
from bot.content import Content
from bot.facts import CHILDREN, Wanted
from bot.fidelity import alike, wanted
from bot.library import ENGLISH, Answer, Claim, Document, Sentence, Source, audience_of
from bot.problems import Problem


@dataclass(frozen=True, slots=True)
class Coverage:
    """How one paragraph of a page is used: the answers that cite it."""

    document: str
    section: str
    paragraph: int
    labels: tuple[str, ...]


def problems(content: Content) -> Iterator[Problem]:
    """Find what no cited paragraph says, by file and key."""
    for language, edition in content.library.editions.items():
        for answer in edition.answers.values():
            if answer.language == language:
                yield from of_answer(content, answer)
    yield from _mixed(content)


def of_answer(content: Content, answer: Answer) -> Iterator[Problem]:
    """Find what is wrong with one answer, in the language that it is in."""
    original = content.library.editions[ENGLISH].answers[answer.label]
    translation = content.translations.get(answer.language)
    words = wanted(content, translation)
    for number, text in enumerate(answer.texts):
        place = _key(answer.label, number)
        where, key = place
        if translation:
            where = translation.where(answer.language, ("", original.texts[number]))
            key = ": ".join(place)
        for fault in _faults(text, answer.sentences[number], words, content.library.documents):
            yield Problem(where, key, fault, fatal=False)


def coverage(content: Content) -> Iterator[Coverage]:
    """Tell for each paragraph of each page which answers cite it."""
    cited: dict[tuple[str, str, int], list[str]] = defaultdict(list)
    for answer in content.library.editions[ENGLISH].answers.values():
        for place in dict.fromkeys(answer.places()):
            cited[place].append(answer.label)
    for document in content.library.documents.values():
        for name, section in document.sections.items():
            for number in range(1, len(section.paragraphs) + 1):
                place = (document.id, name, number)
                yield Coverage(*place, tuple(cited[place]))


def claims(source: Source, documents: Mapping[str, Document]) -> tuple[Claim, ...]:
    """Give what the sentences that are cited say."""
    paragraphs = documents[source.document].sections[source.section].paragraphs
    cited = paragraphs[source.first - 1 : source.last]
    if source.begin:
        return cited[0].claims[source.begin - 1 : source.end]
    return tuple(chain.from_iterable(one.claims for one in cited))


def _faults(
    text: str,
    cited: tuple[Sentence, ...],
    words: Wanted,
    documents: Mapping[str, Document],
) -> Iterator[str]:
    """Say what is wrong with a page: sentence by sentence, where it has as many as the English."""
    for said, sentences in _aligned(text, cited):
        sources = dict.fromkeys(chain.from_iterable(one.sources for one in sentences))
        found = [claim for source in sources for claim in claims(source, documents)]
        about = (documents[one.document].subject for one in sources)
        allowed = frozenset().union(*about, *(claim.facts for claim in found))
        places = ", ".join(map(_place, sources))
        for fact in sorted(facts.facts(said, words) - allowed):
            what = "speaks of children" if fact == CHILDREN else f"has {fact}"
            yield f"{what}, which {places} has not: {said[:40]!r}"
        firm = any(one.firm for one in sentences)
        open_ = any(claim.hedges for claim in found) and not firm
        if open_ and words.hedges and not facts.count(said, words.hedges, whole=words.whole):
            yield f"says for certain what {places} leaves open: {said[:40]!r}"


def _aligned(text: str, cited: tuple[Sentence, ...]) -> Iterator[tuple[str, tuple[Sentence, ...]]]:
    """Pair sentences of a page with the English ones, or the whole page where they are not as many.

    A citation may stand for several sentences.
    """
    parts = facts.sentences(text)
    counts = [len(facts.sentences(one.text)) for one in cited]
    if len(parts) != sum(counts):
        yield text, cited
        return
    for one, count in zip(cited, counts, strict=True):
        yield " ".join(parts[:count]), (one,)
        parts = parts[count:]


def _place(source: Source) -> str:
    return str(source).partition("#")[2]


def _mixed(content: Content) -> Iterator[Problem]:
    """Find sentences that a translation has for both audiences, where the English has other ones.

    A fact may have no number and no name, and be told by a translator in the wrong place.
    """
    english = content.library.editions[ENGLISH].answers
    for language, translation in content.translations.items():
        edition = content.library.editions.get(language)
        pages = [
            (one.label, number, text)
            for one in (edition.answers.values() if edition else ())
            if one.language == language
            for number, text in enumerate(one.texts)
        ]
        by_sentence: dict[str, list[tuple[str, int]]] = defaultdict(list)
        for label, number, text in pages:
            for sentence in map(facts.normalised, facts.sentences(text)):
                by_sentence[sentence].append((label, number))
        for sentence, places in by_sentence.items():
            originals = {place: english[place[0]].texts[place[1]] for place in places}
            for (label, number), original in originals.items():
                audience = audience_of(label)
                others = [text for (o, _), text in originals.items() if audience_of(o) != audience]
                if others and not any(alike(original, other) for other in others):
                    yield Problem(
                        translation.where(language, ("", original)),
                        ": ".join(_key(label, number)),
                        f"has a sentence of an answer for the other audience: {sentence[:40]!r}",
                        fatal=False,
                    )


def _key(label: str, number: int) -> tuple[str, str]:
    """Name the file and the key of a page of an answer."""
    audience, _, topic = label.partition(".")
    page = f"more[{number - 1}]" if number else "gist"
    return f"messages/topics/{topic}.toml", f"{audience}.{page}"
