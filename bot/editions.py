"""Turn what the files say into the Library: one edition for English and one for each catalog."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Final

from bot import bidi, sms
from bot.catalogs import MATCHED, Key, Translation, lowest
from bot.languages import absent_languages, language_names, link_tag, right_to_left
from bot.library import ENGLISH, Answer, Document, Edition, Keyword, Library, Topic
from bot.problems import Problem
from bot.schema import PHRASES, CommandFile, TopicFile, parts, plain, sentences, slots
from bot.understanding.fold import tokens

LONGEST_TEXT: Final = 2000
"""Characters that an answer's gist or page may have in any language."""

LONGEST: Final = 3
"""Times as long as the English that a phrase's translation may be; one longer leaves no room."""


WHOLE: Final = "="
"""Stands before a word of danger that is one only as the whole message: inside of sentences it
would be found in ordinary words (Vietnamese "tự tử" is typed as "từ từ" is)."""

LONGEST_WORD, LONGEST_TITLE = 20, 60
"""Characters of a command's word and of a topic's title; a longer one is said in English."""

KINDS: Final[Mapping[str, tuple[str, str]]] = {
    "crisis": ("crisis", "crisis"),
    "danger": ("crisis", "crisis"),
    "leave": ("command", "stop"),
    "filler": ("filler", "filler"),
}
"""What the words of a table of commands.toml mean where that is not its own name."""


@dataclass(frozen=True, slots=True)
class Sending:
    """Which translations are sent, and how: `reviewed` ones only; `fold`ed, in these languages."""

    reviewed: bool = False
    fold: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Originals:
    """The English content as read, topics in menu order; `names` are folded (drugs, brands)."""

    support_line: str
    documents: Mapping[str, Document]
    topics: Mapping[str, TopicFile]
    commands: Mapping[str, CommandFile]
    phrases: Mapping[str, str]
    names: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Texts:
    """Looks an English text up in one language; English itself for a text that is missing."""

    language: str = ENGLISH
    texts: Mapping[Key, str] | None = None
    fold: bool = False
    found: Translation | None = None

    @classmethod
    def of(cls, language: str, found: Translation | None, sending: Sending) -> "Texts":
        """Take from a translation what may be sent."""
        if found is None:
            return cls(language)
        texts = {
            key: text
            for key, text in found.texts.items()
            if not sending.reviewed or key in found.reviewed
        }
        return cls(language, texts, language in sending.fold, found)

    def has(self, text: str, context: str = "") -> bool:
        """Tell whether this language says the text itself."""
        return self.texts is None or (context, text) in self.texts

    def get(self, text: str, context: str = "") -> str:
        """Give the text in this language, or as it is; as it is sent, but for its slots."""
        # Cleaned here: cleaning later could make a text longer than its page (NFC parts some).
        own = sms.clean(text if self.texts is None else self.texts.get((context, text), text))
        return sms.unaccented(own) if self.fold else own

    def marked(self, text: str) -> str:
        """Put direction marks in a text of this language that has no slots left."""
        return bidi.mark(text) if right_to_left(self.language) else text

    def heard(self, text: str, context: str) -> str:
        """Give the words that are listened for in place of an English list, or nothing."""
        own = text if self.found is None else self.found.heard.get((context, text), "")
        return sms.clean(own if self.found or self.language == ENGLISH else "")

    def origin(self, where: str, text: str, context: str = "") -> str:
        """Say where a text stands: in the English file, or in the catalog's entry for it."""
        if self.found is None:
            return where
        return f"{self.found.where(self.language, (context, text))}: {where}"


@dataclass(slots=True)
class Editor:
    """Builds a library and collects what it finds wrong."""

    originals: Originals
    sending: Sending = Sending()
    problems: list[Problem] = field(default_factory=list)

    def library(self, translations: Mapping[str, Translation]) -> Library:
        """Make every edition, and the words of all of them; English comes first.

        A language has no edition before all its phrases and one answer may be sent, so that nobody
        is spoken to in two; what is stale since is said in English. Its words are known all the
        same, and answered in English.
        """
        # Those with carriers' words first: a word of several languages is taken for theirs.
        known = sorted(translations, key=lambda one: (not _prescribed(translations[one]), one))
        names = language_names([ENGLISH, *known])
        editions: dict[str, Edition] = {}
        keywords: list[Keyword] = []
        for language in names:
            found = translations.get(language)
            texts = Texts.of(language, found, self.sending)
            edition = self._edition(texts, names[language][0], found)
            whole = all(
                texts.has(text) or (found and ("", text) in found.stale)
                for text in self.originals.phrases.values()
            )
            if whole and any(one.language == language for one in edition.answers.values()):
                editions[language] = edition
            keywords += _keywords(self.originals, texts)
        keywords = [
            replace(k, value="") if k.kind == "language" and k.value not in editions else k
            for k in keywords
        ]
        keywords += _language_words(names, editions, keywords)
        return Library(
            documents=self.originals.documents,
            topics={id: _topic(id, file) for id, file in self.originals.topics.items()},
            editions=editions,
            keywords=tuple(keywords),
            support_line=self.originals.support_line,
        )

    def _edition(self, texts: Texts, name: str, found: Translation | None) -> Edition:
        commands = self.originals.commands.items()
        words = {id: texts.get(c.word, "command") for id, c in commands if c.word}
        for id, word in words.items():
            english = self.originals.commands[id].word
            fault = "has braces" if set("{}") & set(word) else _too_long(word, LONGEST_WORD)
            if fault:
                where = texts.origin(f"messages/commands.toml: {id}.word", english, "command")
                self._problem(where, fault, fatal=texts.texts is None)
                words[id] = english.strip("{}")[:LONGEST_WORD]
        topics = self.originals.topics.items()
        return Edition(
            language=texts.language,
            tag=link_tag(texts.language),
            name=name,
            titles={id: self._title(topic.title, texts) for id, topic in topics},
            answers={answer.label: answer for answer in _answers(self.originals, texts)},
            phrases=self._phrases(texts, words | {"phone": self.originals.support_line}),
            draft=found is not None and any(
                key not in found.reviewed for key in texts.texts or () if key[0] not in MATCHED
            ),
            right_to_left=right_to_left(texts.language),
            words=words,
            in_english=frozenset(
                name for name, text in self.originals.phrases.items() if not texts.has(text)
            ),
        )  # fmt: skip

    def _title(self, english: str, texts: Texts) -> str:
        """Give a topic's title; one that is not translated says that it is English."""
        title = texts.get(english, "title")
        if fault := _too_long(title, LONGEST_TITLE):
            where = texts.origin("messages/topics/: title", english, "title")
            self._problem(where, fault, fatal=texts.texts is None)
            title = english[:LONGEST_TITLE]
        elif texts.has(english, "title"):
            return title
        if texts.texts is None:
            return title
        return f"{title} {texts.get(self.originals.phrases['in_english'])}"

    def _problem(self, where: str, text: str, fatal: bool) -> None:
        file, _, key = where.partition(": ")
        self.problems.append(Problem(file, key, text, fatal))

    def _phrases(self, texts: Texts, words: Mapping[str, str]) -> dict[str, str]:
        """Fill in the words of commands; a translation whose slots are off is left in English."""
        phrases: dict[str, str] = {}
        for name, english in self.originals.phrases.items():
            text = texts.get(english)
            fault = _fault(text, english, set(words) | PHRASES.get(name, frozenset()))
            if fault:
                where = texts.origin(f"messages/phrases.toml: {name}", english)
                self._problem(where, fault, fatal=text == english)
                text = "" if text == english else english
            phrases[name] = texts.marked(text.format_map(_Kept(words)))
        return phrases


def _too_long(text: str, most: int) -> str:
    return f"has {len(text)} characters: at most {most}" if len(text) > most else ""


def _prescribed(translation: Translation) -> bool:
    """Tell whether carriers prescribe words in a language."""
    return any(context == "carrier" for context, _ in translation.texts)


class _Kept(dict[str, str]):
    """Leaves a slot that is not filled in yet as it stands."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


def _fault(text: str, english: str, known: set[str]) -> str:
    """Say what is wrong with the {slots} of a text, or nothing."""
    try:
        found = slots(text)
        if len(text) > LONGEST * len(english) + 40:
            return f"has {len(text)} characters, the English {len(english)}: far too long"
        if unknown := sorted(found - known):
            return f"{{{unknown[0]}}} is nothing that can be filled in"
        return (
            ""
            if text == english or found == slots(english)
            else "has other {slots} than the English"
        )
    except ValueError as error:
        return str(error)


def _answers(originals: Originals, texts: Texts) -> Iterator[Answer]:
    """Give every answer: whole in this language, or whole in English."""
    for id, topic in originals.topics.items():
        for audience, part in parts(topic):
            if part.see:
                continue
            pages = [plain(text) for text in (part.gist, *part.more)]
            own_texts = [texts.get(text) for text in pages if texts.has(text)]
            # A text that no editor would write could take minutes to cut; `read` names it.
            sound = all(len(text) <= LONGEST_TEXT for text in own_texts)
            own = texts if sound and len(own_texts) == len(pages) else Texts()
            gist, *more = (own.marked(own.get(text)) for text in pages)
            yield Answer(
                label=f"{audience}.{id}",
                language=own.language,
                document=part.source,
                gist=gist,
                more=tuple(more),
                sentences=tuple(sentences(text, part.source) for text in (part.gist, *part.more)),
                state=lowest(pages, texts.found) if texts.found else "",
            )


def _topic(id: str, topic: TopicFile) -> Topic:
    targets = {audience: f"{audience}.{part.see or id}" for audience, part in parts(topic)}
    return Topic(id, topic.order, topic.link, targets)


def _keywords(originals: Originals, texts: Texts) -> Iterator[Keyword]:
    def words(text: str, context: str, kind: str, value: str, where: str) -> Iterator[Keyword]:
        origin = texts.origin(where, text, context)
        for written in filter(None, map(str.strip, texts.heard(text, context).split(","))):
            whole = kind == "crisis" and written.startswith(WHOLE)
            word = written.removeprefix(WHOLE).strip() if whole else written
            yield Keyword(word, kind, "whole" if whole else value, language(word, context), origin)

    def language(word: str, context: str) -> str:
        """Tell whose word it is; nobody's a name, a number, or a word that English replies show."""
        joined = "".join(tokens(word))
        shown = context == "command" and texts.language == ENGLISH
        return "" if shown or joined.isdecimal() or joined in originals.names else texts.language

    for id, topic in originals.topics.items():
        file = f"messages/topics/{id}.toml"
        for audience, target in _topic(id, topic).targets.items():
            own = dict(parts(topic))[audience].keywords
            yield from words(topic.keywords, "keywords", "topic", target, f"{file}: keywords")
            yield from words(own, "keywords", "topic", target, f"{file}: {audience}.keywords")
    for name, command in originals.commands.items():
        where = f"messages/commands.toml: {name}"
        if name == "this_language":
            for one in words(command.keywords, "keywords", "language", "", f"{where}.keywords"):
                yield replace(one, value=texts.language, language="")
            continue
        kind, value = KINDS.get(name, ("command", name))
        yield from words(command.carrier, "carrier", "carrier", name, f"{where}.carrier")
        yield from words(command.word, "command", kind, value, f"{where}.word")
        yield from words(command.keywords, "keywords", kind, value, f"{where}.keywords")


def _language_words(
    names: Mapping[str, list[str]], editions: Mapping[str, Edition], keywords: list[Keyword]
) -> Iterator[Keyword]:
    """Give the words that choose a language: names, which belong to no language, and codes.

    A code that is a word already (Hindi is `hi`) stays that word. A language that is not there has
    its name with no code behind it.
    """
    claimed = {k.text.casefold() for k in keywords if k.kind in ("topic", "command", "carrier")}
    for language, known in names.items():
        there = language if language in editions else ""
        claimed |= {name.casefold() for name in known}
        for name in known:
            yield Keyword(name, "language", there, "", "names")
        base = language.partition("_")[0]
        for code in dict.fromkeys((language, language.replace("_", "-"), base)):
            if code.casefold() not in claimed:
                yield Keyword(code, "language", there, language, "names")
    for name in absent_languages(names):
        if name.casefold() not in claimed:
            yield Keyword(name, "language", "", "", "names")
