"""Read messages/ and locales/ into a Library, naming every fault by file and key.

A fault in the English content is fatal: the line does not start on it. A catalog that cannot be
read is not: that language is left out and the others go on.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from bot import catalogs
from bot.catalogs import BrokenCatalogError, Message, Translation
from bot.editions import Editor, Originals, Problem
from bot.library import ENGLISH, MENU, Document
from bot.model import AUDIENCES
from bot.schema import (
    COMMANDS,
    LINK_CODE,
    NAMED_COMMANDS,
    PHRASES,
    CommandFile,
    DocumentFile,
    Part,
    TopicFile,
    parts,
    sources,
)

Shape = TypeVar("Shape")


class ContentError(Exception):
    """Content that the line must not start on. `problems` has all that was found."""

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__("\n".join(map(str, problems)))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Content:
    """The library, every English message that a catalog translates, each catalog, and faults."""

    root: Path
    library: Library
    messages: tuple[Message, ...]
    translations: Mapping[str, Translation]
    problems: tuple[Problem, ...]


def read(root: Path) -> Content:
    """Read the content under `root`; raise ContentError, with all faults, if the English has any.

    Faults of catalogs are in the content's `problems`.
    """
    content = _Reader(root).read()
    if any(problem.fatal for problem in content.problems):
        raise ContentError(list(content.problems))
    return content


class _Reader:
    """Collects problems while it reads, so that an editor sees all of them at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.problems: list[Problem] = []
        self.messages: list[Message] = []

    def read(self) -> Content:
        support_line, documents = self._documents()
        topics = dict(sorted(self._topics().items(), key=lambda item: (item[1].order, item[0])))
        originals = Originals(support_line, documents, topics, self._commands(), self._phrases())
        self._check_topics(topics, documents)
        if any(problem.fatal for problem in self.problems):
            raise ContentError(self.problems)
        translations = self._translations()
        editor = Editor(originals, self.problems)
        library = editor.library(translations)
        return Content(self.root, library, tuple(self.messages), translations, tuple(self.problems))

    # --- files ---

    def _problem(self, file: str, key: str, text: str, fatal: bool = True) -> None:
        self.problems.append(Problem(file, key, text, fatal))

    def _toml(self, name: str) -> dict[str, Any]:
        path = self.root / "messages" / name
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self._problem(f"messages/{name}", "", f"is not there (looked in {self.root})")
        except (tomllib.TOMLDecodeError, UnicodeDecodeError, OSError) as error:
            self._problem(f"messages/{name}", "", f"cannot be read: {error}")
        return {}

    def _shaped(self, file: str, key: str, data: Any, shape: type[Shape]) -> Shape | None:
        try:
            return msgspec.convert(data, shape)
        except msgspec.ValidationError as error:
            text, _, path = str(error).partition(" - at `$")
            where = ".".join(part for part in (key, path.rstrip("`").lstrip(".")) if part)
            self._problem(file, where, text.replace("Object", "it"))
            return None

    def _message(self, text: str, context: str, file: str, key: str) -> None:
        if not text.strip():
            self._problem(file, key, "is empty")
        self.messages.append(Message(text, context, file, key))

    def _documents(self) -> tuple[str, dict[str, Document]]:
        data, file = self._toml("documents.toml"), "messages/documents.toml"
        support_line = data.pop("support_line", "")
        if data and (not isinstance(support_line, str) or not support_line.strip()):
            self._problem(file, "support_line", "is missing: the number that every answer gives")
        documents: dict[str, Document] = {}
        for id, table in data.items():
            shaped = self._shaped(file, id, table, DocumentFile)
            if shaped is None:
                continue
            if shaped.audience not in AUDIENCES:
                self._problem(file, f"{id}.audience", f"is none of {', '.join(AUDIENCES)}")
            for what, by_language in (("title", shaped.title), ("url", shaped.url)):
                if not by_language.get(ENGLISH):
                    self._problem(file, f"{id}.{what}.{ENGLISH}", "is missing")
            documents[id] = Document(
                id, shaped.audience, shaped.publisher, shaped.title, shaped.url, shaped.sections
            )
        for audience in AUDIENCES:
            if data and sum(d.audience == audience for d in documents.values()) != 1:
                self._problem(file, "", f"needs exactly one page for the audience {audience}")
        return str(support_line), documents

    def _topics(self) -> dict[str, TopicFile]:
        topics: dict[str, TopicFile] = {}
        folder = self.root / "messages" / "topics"
        for path in sorted(folder.glob("*.toml")):
            file, id = f"messages/topics/{path.name}", path.stem
            topic = self._shaped(file, "", self._toml(f"topics/{path.name}"), TopicFile)
            if topic is None:
                continue
            topics[id] = topic
            self._message(topic.title, "title", file, "title")
            if topic.keywords:
                self._message(topic.keywords, "keywords", file, "keywords")
            for audience, part in parts(topic):
                if part.keywords:
                    self._message(part.keywords, "keywords", file, f"{audience}.keywords")
                if part.see:
                    continue
                self._message(part.gist, "", file, f"{audience}.gist")
                for number, text in enumerate(part.more):
                    self._message(text, "", file, f"{audience}.more[{number}]")
        if not topics:
            self._problem("messages/topics/", "", f"has no topic (looked in {folder})")
        return topics

    def _commands(self) -> dict[str, CommandFile]:
        data, file = self._toml("commands.toml"), "messages/commands.toml"
        commands: dict[str, CommandFile] = {}
        for name, table in data.items():
            command = self._shaped(file, name, table, CommandFile)
            if command is None:
                continue
            if name not in COMMANDS:
                self._problem(file, name, f"is no command; they are {', '.join(COMMANDS)}")
            commands[name] = command
            for context, text in (("command", command.word), ("carrier", command.carrier)):
                if text:
                    self._message(text, context, file, f"{name}.{context}")
            self._message(command.keywords, "keywords", file, f"{name}.keywords")
        for name in COMMANDS if data else ():
            if name not in commands:
                self._problem(file, name, "is missing")
            elif name in NAMED_COMMANDS and not commands[name].word:
                self._problem(file, f"{name}.word", "is missing: replies name this command by it")
        return commands

    def _phrases(self) -> dict[str, str]:
        data, file = self._toml("phrases.toml"), "messages/phrases.toml"
        shaped = self._shaped(file, "", data, dict[str, str]) or {}
        for name, text in shaped.items():
            if name not in PHRASES:
                self._problem(file, name, "is no phrase of the line")
            self._message(text, "", file, name)
        for name in PHRASES if data else ():
            if name not in shaped:
                self._problem(file, name, "is missing")
        return shaped

    def _translations(self) -> dict[str, Translation]:
        translations: dict[str, Translation] = {}
        for language, path in catalogs.files(self.root / "locales").items():
            try:
                translations[language] = catalogs.read(path, language)
            except BrokenCatalogError as error:
                self._problem(str(error).replace(f"{self.root}/", ""), "", "", fatal=False)
        return translations

    # --- what the files say ---

    def _check_topics(
        self, topics: Mapping[str, TopicFile], documents: Mapping[str, Document]
    ) -> None:
        links: dict[str, str] = {}
        for id, topic in topics.items():
            file = f"messages/topics/{id}.toml"
            if not LINK_CODE.fullmatch(topic.link):
                self._problem(file, "link", "is not one to six small letters or digits")
            if links.setdefault(topic.link, id) != id:
                self._problem(file, "link", f"{topic.link!r} is also {links[topic.link]}'s")
            if not any(parts(topic)):
                self._problem(file, "", "has neither [adult] nor [child]")
            for audience, part in parts(topic):
                if part.see:
                    self._check_see(file, audience, part, topics)
                else:
                    self._check_source(file, audience, part.source, documents)

    def _check_see(
        self, file: str, audience: str, part: Part, topics: Mapping[str, TopicFile]
    ) -> None:
        if part.source or part.gist or part.more:
            self._problem(file, f"{audience}.see", "stands beside an answer; keep one of the two")
        target = topics.get(part.see)
        own = dict(parts(target)).get(audience) if target else None
        if part.see != MENU and (own is None or own.see):
            self._problem(
                file, f"{audience}.see", f"{part.see!r} is no topic with an answer for {audience}"
            )

    def _check_source(
        self, file: str, audience: str, source: str, documents: Mapping[str, Document]
    ) -> None:
        key = f"{audience}.source"
        try:
            cited = sources(source)
        except ValueError as error:
            self._problem(file, key, str(error))
            return
        for one in cited:
            document = documents.get(one.document)
            if document is None:
                self._problem(file, key, f"{one.document!r} is no document of documents.toml")
            elif document.audience != audience:
                self._problem(file, key, f"{one.document} is not the page for {audience}")
            elif one.section not in document.sections:
                self._problem(file, key, f"{one.document} has no section {one.section!r}")
            elif not 1 <= one.first <= one.last <= document.sections[one.section]:
                count = document.sections[one.section]
                self._problem(file, key, f"{one.section!r} has paragraphs 1 to {count} only")

    def _answers(
        self, topics: Mapping[str, TopicFile], texts: "_Texts"
    ) -> Iterator[tuple[str, Answer]]:
        for id, topic in topics.items():
            for audience, part in parts(topic):
                if part.see:
                    continue
                own = texts
                if not all(texts.has(text) for text in (part.gist, *part.more)):
                    own = _Texts(ENGLISH, None)  # an answer is whole in one language, or not at all
                label = f"{audience}.{id}"
                yield (
                    label,
                    Answer(
                        label=label,
                        language=own.language,
                        gist=own.get(part.gist),
                        more=tuple(own.get(text) for text in part.more),
                        sources=_sources_or_none(part.source),
                    ),
                )

    def _filled(
        self, phrases: Mapping[str, str], words: Mapping[str, str], texts: "_Texts"
    ) -> dict[str, str]:
        filled: dict[str, str] = {}
        for name, english in phrases.items():
            text = texts.get(english)
            try:
                if slots(text) != slots(english):
                    raise ValueError("has other {slots} than the English")
                if unknown := slots(text) - set(words) - PHRASES.get(name, frozenset()):
                    raise ValueError(f"{{{sorted(unknown)[0]}}} is nothing that can be filled in")
            except ValueError as error:
                file = "messages/phrases.toml" if texts.language == ENGLISH else texts.file
                self._problem(file, name, str(error), fatal=texts.language == ENGLISH)
                text = english
            filled[name] = text.format_map(_Kept(words)) if _sound(text) else text
        return filled


class _Kept(dict[str, str]):
    """Leaves a slot that is not filled in yet as it stands."""

    def __missing__(self, key: str) -> str:
        return "{" + key + "}"


class _Texts:
    """Looks an English text up in one language; English itself for a text that is missing."""

    def __init__(self, language: str, translation: Translation | None) -> None:
        self.language = language
        self.file = f"locales/{language}/LC_MESSAGES/messages.po"
        self._texts = translation.texts if translation else None

    def has(self, text: str, context: str = "") -> bool:
        return self._texts is None or (context, text) in self._texts

    def get(self, text: str, context: str = "") -> str:
        return text if self._texts is None else self._texts.get((context, text), text)


def _sound(text: str) -> bool:
    try:
        slots(text)
    except ValueError:
        return False
    return True


def _sources_or_none(text: str) -> tuple[Source, ...]:
    try:
        return sources(text)
    except ValueError:
        return ()


def _topic(id: str, topic: TopicFile) -> Topic:
    targets = {audience: f"{audience}.{part.see or id}" for audience, part in parts(topic)}
    return Topic(id, topic.order, topic.link, targets)


def _keywords(
    topics: Mapping[str, TopicFile], commands: Mapping[str, CommandFile], texts: "_Texts"
) -> Iterator[Keyword]:
    def words(text: str, context: str, kind: str, value: str, where: str) -> Iterator[Keyword]:
        if text and texts.has(text, context):
            origin = where if texts.language == ENGLISH else f"{texts.file}: {where}"
            for word in texts.get(text, context).split(","):
                if word.strip():
                    yield Keyword(word.strip(), kind, value, texts.language, origin)

    for id, topic in topics.items():
        file = f"messages/topics/{id}.toml"
        for audience, target in _topic(id, topic).targets.items():
            own = dict(parts(topic))[audience].keywords
            yield from words(topic.keywords, "keywords", "topic", target, f"{file}: keywords")
            yield from words(own, "keywords", "topic", target, f"{file}: {audience}.keywords")
    for name, command in commands.items():
        file = f"messages/commands.toml: {name}"
        kind = name if name in ("crisis", "filler") else "command"
        yield from words(command.carrier, "carrier", "carrier", name, f"{file}.carrier")
        yield from words(command.word, "command", kind, name, f"{file}.word")
        yield from words(command.keywords, "keywords", kind, name, f"{file}.keywords")


def _language_names(languages: list[str]) -> dict[str, list[str]]:
    """Name each language in itself (first), by its code, and in every language of the line."""
    names: dict[str, list[str]] = {}
    for language in languages:
        locale = Locale.parse(language)
        own = locale.get_display_name(language) or language
        others = [locale.get_display_name(other) or language for other in languages]
        codes = [language, language.replace("_", "-")]
        names[language] = list(dict.fromkeys([own[:1].upper() + own[1:], *codes, *others]))
    return names


def link_tag(language: str) -> str:
    """Shorten a language code for a link: `fr`, and `zht` for `zh_Hant` (a script's last letter)."""
    code, _, script = language.partition("_")
    return code + script[-1:].lower()
