"""What the line can say, for staff to read: every answer in every language, and the menus.

Nothing is changed here: content lives in files, and each page says which file and command change
it.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any, Final

from flask import Blueprint, abort, render_template, request
from flask_login import login_required

from bot import sms
from bot.catalogs import DRAFT, REVIEWED, STATES
from bot.console.costs import marked
from bot.console.language import gettext
from bot.library import ENGLISH, MENU, Answer, Library, Review, Source
from bot.line import Line
from bot.marking import to_translate
from bot.pages import Layout
from bot.turn import Turns

SHOWN_STATES: Final = (
    to_translate("reviewed"),
    to_translate("draft"),
    to_translate("stale"),
    to_translate("missing"),
)
"""Those of STATES, to be found for the catalogs."""

IN_ENGLISH, HELD_BACK = to_translate("sent in English"), to_translate("held back")
BESIDES: Final = (IN_ENGLISH, HELD_BACK)
"""What is said of an answer besides its state."""

MOST_DIGITS: Final = 4
"""Digits of a number of segments that is asked for."""

WORD: Final = re.compile(r"[^\W_]+(?:['\u2019-][^\W_]+)*")

LONG: Final = 8
LONG_BY_LIX: Final = 6
"""Letters above which a word counts as long: by our own measure, and by LIX."""

NO_ANSWER: Final = to_translate("There is no such answer. Pick one from the list under Content.")
NO_MENU: Final = to_translate("There is no such menu. Pick a language from the list under Content.")

VERY_HARD: Final = to_translate("very hard")


@dataclass(frozen=True, slots=True)
class Cell:
    """One answer in one language: how far it is, and what all its pages cost."""

    label: str
    language: str
    state: str
    in_english: bool
    held_back: bool
    segments: int


@dataclass(frozen=True, slots=True)
class Row:
    """One answer in all languages that were asked for; None where a filter leaves one out."""

    label: str
    title: str
    cells: tuple[Cell | None, ...]

    @property
    def most(self) -> int:
        """Give the segments of the longest that is shown."""
        return max((cell.segments for cell in self.cells if cell), default=0)


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which cells to show, and in which order; empty is all, in menu order."""

    state: str = ""
    language: str = ""
    more_than: int | None = None
    by_segments: bool = False

    def takes(self, cell: Cell) -> bool:
        """Tell whether a cell is to be shown."""
        besides = {IN_ENGLISH: cell.in_english, HELD_BACK: cell.held_back}
        has_state = besides.get(self.state, cell.state == self.state)
        return (
            (not self.state or has_state)
            and self.language in ("", cell.language)
            and (self.more_than is None or cell.segments > self.more_than)
        )


@dataclass(frozen=True, slots=True)
class Totals:
    """How many cells there are in each state, and their segments."""

    cells: int
    states: tuple[tuple[str, int], ...]
    segments: int

    @classmethod
    def of(cls, cells: Iterable[Cell]) -> "Totals":
        """Count cells."""
        there = list(cells)
        states = [(state, sum(one.state == state for one in there)) for state in STATES]
        states.append((IN_ENGLISH, sum(one.in_english for one in there)))
        states.append((HELD_BACK, sum(one.held_back for one in there)))
        return cls(len(there), tuple(states), sum(one.segments for one in there))


class Costs:
    """Counts the segments of every answer in every language, once for each content."""

    def __init__(self) -> None:
        self._counted: tuple[str, dict[tuple[str, str], int]] | None = None

    def of(self, line: Line) -> dict[tuple[str, str], int]:
        """Give the segments of all pages of each answer, by label and language."""
        counted, library = self._counted, line.library
        if counted is None or counted[0] != library.revision:
            segments = {
                (label, language): sum(
                    sms.measure(text).segments for text in sent(line, label, language)
                )
                for language in library.editions
                for label in labels(library)
            }
            counted = self._counted = library.revision, segments
        return counted[1]


@dataclass(frozen=True, slots=True)
class Shown:
    """One page as it is sent: what it costs, and its text in runs, with whether they make it."""

    text: str
    size: sms.Size
    marked: tuple[tuple[str, bool], ...]

    @property
    def costly(self) -> tuple[str, ...]:
        """Give each letter that makes the text cost double, where it could do without."""
        return tuple(dict.fromkeys(char for run, costs in self.marked if costs for char in run))


@dataclass(frozen=True, slots=True)
class Cited:
    """A citation: as it stands in the file, the heading there, and the page's address."""

    source: str
    heading: str
    url: str


@dataclass(frozen=True, slots=True)
class Said:
    """An English sentence, what says so, and whether the page says it without a hedge."""

    text: str
    cited: tuple[Cited, ...]
    firm: bool


@dataclass(frozen=True, slots=True)
class Part:
    """The gist (0) or what a MORE sends: English by sentence, and the language's own text."""

    number: int
    sentences: tuple[Said, ...]
    text: str


@dataclass(frozen=True, slots=True)
class Readability:
    """How hard a text is to read, by counting alone.

    LIX (Bjornsson, 1968) is words a sentence plus the percentage of words of more than 6 letters.
    """

    words_a_sentence: float
    long_words: float
    lix: float

    @classmethod
    def of(cls, texts: Iterable[str], sentences: int) -> "Readability":
        """Measure texts of so many sentences."""
        words = [word for text in texts for word in WORD.findall(text)]
        lengths = [sum(map(str.isalpha, word)) for word in words]
        count = max(len(words), 1)
        long = 100 * sum(length > LONG for length in lengths) / count
        by_lix = 100 * sum(length > LONG_BY_LIX for length in lengths) / count
        a_sentence = len(words) / max(sentences, 1)
        return cls(a_sentence, long, a_sentence + by_lix)

    @property
    def means(self) -> str:
        """Say in words what the LIX stands for."""
        steps = (
            (30, to_translate("very easy")),
            (40, to_translate("easy")),
            (50, to_translate("medium")),
            (60, to_translate("hard")),
        )
        return next((said for under, said in steps if self.lix < under), VERY_HARD)


@dataclass(frozen=True, slots=True)
class Changing:
    """How an answer is changed: the file, the places in it, the commands that follow.

    The last two commands are an editor's, and for all languages: to stand for it, or to stop it.
    """

    file: str
    places: tuple[str, ...]
    commands: tuple[str, ...]
    sign_off: str
    withdraw: str


@dataclass(frozen=True, slots=True)
class MenuPage:
    """One page of a menu: what stands around its choices, and the label behind each of them."""

    audience: str
    number: int
    before: str
    choices: tuple[tuple[str, str], ...]
    after: str
    size: sms.Size


def labels(library: Library) -> tuple[str, ...]:
    """Give the label of every answer, in the order of the menus."""
    return tuple(label for audience in library.audiences for label in library.labels(audience))


def state_of(library: Library, label: str, language: str) -> str:
    """Tell how far an answer is in a language; in English, whether an editor stands for it."""
    if language != ENGLISH:
        return library.editions[language].answers[label].state
    review = library.reviews.get(label, Review())
    changed = review.text_changed or review.source_moved
    return REVIEWED if review.signed_off_on and not changed else DRAFT


def sent(line: Line, label: str, language: str) -> Iterator[str]:
    """Give an answer's pages as they are sent to someone who has texted before."""
    for number in range(len(line.layout.screen(label, language, opening=False).pages)):
        yield line.layout.show(label, language, number, opening=False)


def pages(line: Line, label: str, language: str) -> Iterator[Shown]:
    """Give an answer's pages with what each costs, and by which letters."""
    edition = line.library.editions[language]
    for text in sent(line, label, language):
        yield Shown(text, sms.measure(text), marked(text, edition))


def cells(line: Line, segments: dict[tuple[str, str], int], today: date) -> dict[str, list[Cell]]:
    """Give every cell of the matrix, by label."""
    library = line.library
    return {
        label: [
            Cell(
                label,
                language,
                state_of(library, label, language),
                library.editions[language].answers[label].language != language,
                library.is_held_back(label, today),
                segments[label, language],
            )
            for language in library.editions
        ]
        for label in labels(library)
    }


def rows(library: Library, matrix: dict[str, list[Cell]], wanted: Wanted) -> list[Row]:
    """Give the rows that have something to show."""
    found = []
    for label, row in matrix.items():
        asked = [cell for cell in row if wanted.language in ("", cell.language)]
        kept = tuple(cell if wanted.takes(cell) else None for cell in asked)
        if any(kept):
            found.append(Row(label, title(library, label, ENGLISH), kept))
    return sorted(found, key=lambda row: -row.most) if wanted.by_segments else found


def title(library: Library, label: str, language: str) -> str:
    """Give what a menu calls an answer."""
    return library.editions[language].titles[label.partition(".")[2]]


def parts(library: Library, label: str, language: str) -> list[Part]:
    """Put each part of the English, sentence by sentence, beside the language's own text."""
    english = library.editions[ENGLISH].answers[label]
    own = library.editions[language].answers[label]
    has_own = own.language == language != ENGLISH
    return [
        Part(
            number,
            tuple(
                Said(one.text, tuple(_cited(library, source) for source in one.sources), one.firm)
                for one in sentences
            ),
            text if has_own else "",
        )
        for number, (sentences, text) in enumerate(zip(english.sentences, own.texts, strict=True))
    ]


def readability(answer: Answer) -> Readability:
    """Measure an answer's English."""
    return Readability.of(answer.texts, sum(len(page) for page in answer.sentences))


def changing(answer: Answer, label: str, language: str) -> Changing:
    """Say how to change an answer in a language; `answer` tells how many parts it has."""
    audience, _, topic = label.partition(".")
    file = f"messages/topics/{topic}.toml"
    keys = ("gist", *(f"more[{number}]" for number in range(len(answer.more))))
    if language == ENGLISH:
        places: tuple[str, ...] = (f"[{audience}]",)
        first: tuple[str, ...] = ("answerline locales refresh", "answerline check")
    else:
        places = tuple(f"{file}: {audience}.{key}" for key in keys)
        only = f"topics/{topic}.toml: {audience}."
        reviewed = f'answerline locales review {language} --by NAME --only "{only}"'
        file = f"locales/{language}/LC_MESSAGES/messages.po"
        first = ("answerline check", reviewed)
    return Changing(
        file,
        places,
        first,
        sign_off=f"answerline documents sign-off {label} --by NAME",
        withdraw=f"answerline documents withdraw {label} --because WHY",
    )


def menu_pages(layout: Layout, audience: str, language: str) -> Iterator[MenuPage]:
    """Give a menu's pages as they are shown, with the answer behind each choice."""
    label = f"{MENU}.{audience}"
    screen = layout.screen(label, language)
    offered = iter(screen.offered)
    for number, page in enumerate(screen.pages):
        text = layout.show(label, language, number)
        before, body, after = text.partition(page.text)
        choices = tuple((next(offered), choice) for choice in body.split("\n"))
        yield MenuPage(audience, number + 1, before, choices, after, sms.measure(text))


def _cited(library: Library, source: Source) -> Cited:
    document = library.documents[source.document]
    return Cited(str(source), document.sections[source.section].heading, document.urls[ENGLISH])


def _wanted(library: Library) -> Wanted:
    """Read the filters of the form; refuse what it could not have sent."""
    state, language = request.args.get("state", ""), request.args.get("language", "")
    if state not in ("", *STATES, *BESIDES):
        states = ", ".join(map(gettext, (*STATES, *BESIDES)))
        abort(400, gettext("A state is one of %(states)s.", states=states))
    if language and language not in library.editions:
        codes = ", ".join(library.editions)
        abort(400, gettext("A language is one of %(codes)s.", codes=codes))
    number = request.args.get("more_than", "").strip()
    if number and not (number.isdecimal() and len(number) <= MOST_DIGITS):
        abort(400, gettext("A number of segments is a whole number such as 10."))
    by_segments = request.args.get("sort") == "segments"
    return Wanted(state, language, int(number) if number else None, by_segments)


def blueprint(turns: Turns) -> Blueprint:
    """Make the routes."""
    routes = Blueprint("answers", __name__, url_prefix="/answers")
    costs = Costs()

    def this_day() -> date:
        return datetime.fromtimestamp(turns.clock(), UTC).date()

    def shared(library: Library) -> dict[str, Any]:
        """Give what each page needs to write languages: names, tags, directions."""
        editions = library.editions
        return {
            "editions": list(editions.values()),
            "rtl": {one.language for one in editions.values() if one.right_to_left},
            "tags": {one: one.replace("_", "-") for one in editions},
        }

    @routes.get("/")
    @login_required  # type: ignore[untyped-decorator]
    def index() -> str:
        """Show how far every answer is in every language, and what it costs."""
        line = turns.line
        library, wanted = line.library, _wanted(line.library)
        matrix = cells(line, costs.of(line), this_day())
        found = rows(library, matrix, wanted)
        return render_template(
            "answers.html", rows=found, wanted=wanted, states=(*STATES, *BESIDES),
            columns=[one for one in library.editions if wanted.language in ("", one)],
            all=Totals.of(cell for row in matrix.values() for cell in row),
            shown=Totals.of(cell for row in found for cell in row.cells if cell),
            revision=library.revision, **shared(library),
        )  # fmt: skip

    @routes.get("/<label>/<language>")
    @login_required  # type: ignore[untyped-decorator]
    def answer(label: str, language: str) -> str:
        """Show an answer beside its English and its sources, and how to change it."""
        line = turns.line
        library = line.library
        known = labels(library)
        if label not in known or language not in library.editions:
            abort(404, gettext(NO_ANSWER))
        english = library.editions[ENGLISH].answers[label]
        at = known.index(label)
        return render_template(
            "answers_one.html", label=label, edition=library.editions[language],
            own=library.editions[language].answers[label],
            title=title(library, label, ENGLISH), own_title=title(library, label, language),
            state=state_of(library, label, language), review=library.reviews.get(label),
            held_back=library.is_held_back(label, this_day()), today=this_day(),
            parts=parts(library, label, language), pages=list(pages(line, label, language)),
            document=library.document(label), readability=readability(english), long=LONG,
            changing=changing(english, label, language),
            before=known[at - 1] if at else None, after=next(iter(known[at + 1 :]), None),
            **shared(library),
        )  # fmt: skip

    @routes.get("/menu/<language>")
    @login_required  # type: ignore[untyped-decorator]
    def menu(language: str) -> str:
        """Show the menus of a language, each choice with its answer behind it."""
        line = turns.line
        library = line.library
        if language not in library.editions:
            abort(404, gettext(NO_MENU))
        shown = [
            page
            for audience in library.audiences
            for page in menu_pages(line.layout, audience, language)
        ]
        return render_template(
            "answers_menu.html", edition=library.editions[language], pages=shown, **shared(library)
        )

    return routes
