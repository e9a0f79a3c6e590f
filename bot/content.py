"""Read messages/ and locales/ into a Library, naming every fault by file and key.

A fault in the English content is fatal: the line does not start on it. A catalog that cannot be
read is not: that language is left out and the others go on.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final, TypeVar

import msgspec

from bot import catalogs, clue_files, reviews
from bot.catalogs import Message, Translation
from bot.editions import LONGEST_TEXT, Editor, Originals, Sending
from bot.languages import PSEUDO
from bot.library import ENGLISH, MENU, Document, Library, Source
from bot.model import AUDIENCES
from bot.po_files import BrokenCatalogError
from bot.problems import ContentError, Problem
from bot.revision import revision_of
from bot.schema import (
    COMMANDS,
    LINK_CODE,
    NAMED_COMMANDS,
    PHRASES,
    ChecksFile,
    CommandFile,
    DocumentFile,
    Part,
    TopicFile,
    document,
    parts,
    plain,
    sentences,
)
from bot.understanding.fold import tokens

Shape = TypeVar("Shape")

REVISION: Final = 12
"""Digits of the fingerprint that tell one content from another."""


@dataclass(frozen=True, slots=True)
class Content:
    """The library, every English message that a catalog translates, each catalog, and faults."""

    root: Path
    library: Library
    messages: tuple[Message, ...]
    translations: Mapping[str, Translation]
    checks: ChecksFile
    problems: tuple[Problem, ...]


def read(root: Path, sending: Sending | None = None, *, pseudo: bool = False) -> Content:
    """Read the content under `root`; raise ContentError, with all faults, if the English has any.

    Faults of catalogs are in the content's `problems`. `pseudo` adds the pseudo-locale.
    """
    content = _Reader(root).read(sending or Sending(), pseudo)
    if any(problem.fatal for problem in content.problems):
        raise ContentError(list(content.problems))
    return content


def read_checks(root: Path) -> ChecksFile:
    """Read messages/checks.toml alone, where the rest may not be written yet."""
    reader = _Reader(root)
    checks = reader.checks()
    if checks is None:
        raise ContentError(reader.problems)
    return checks


class _Reader:
    """Collects problems while it reads, so that an editor sees all of them at once."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.problems: list[Problem] = []
        self.messages: list[Message] = []
        self.withdrawn = reviews.withdrawn(root)
        self.named: frozenset[str] = frozenset()

    def read(self, sending: Sending, pseudo: bool) -> Content:
        support_line, documents = self._documents()
        topics = dict(sorted(self._topics().items(), key=lambda item: (item[1].order, item[0])))
        checks = self.checks()
        names = frozenset("".join(tokens(name)) for name in (checks.names if checks else ()))
        commands, phrases = self._commands(), self._phrases()
        originals = Originals(support_line, documents, topics, commands, phrases, names)
        self._check_topics(topics, documents)
        if checks is None or any(problem.fatal for problem in self.problems):
            raise ContentError(self.problems)
        translations = self._translations()
        if pseudo:
            translations[PSEUDO] = catalogs.pseudo(self.messages)
        editor = Editor(originals, sending, self.problems)
        library = editor.library(translations)
        free_text = clue_files.read(self.root, translations, self._problem)
        answers = library.editions[ENGLISH].answers
        said = reviews.read(self.root, answers, documents, self._problem)
        revision = revision_of(self.root)[:REVISION]
        library = replace(library, free_text=free_text, reviews=said, revision=revision)
        return Content(
            self.root, library, tuple(self.messages), translations, checks, tuple(self.problems)
        )

    # --- files ---

    def _problem(self, file: str, key: str, text: str, fatal: bool = True) -> None:
        self.problems.append(Problem(file, key, text, fatal))

    def _toml(self, name: str) -> dict[str, Any] | None:
        path = self.root / "messages" / name
        try:
            return tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError:
            self._problem(f"messages/{name}", "", f"is not there (looked in {self.root})")
        except (ValueError, RecursionError, OSError) as error:
            self._problem(f"messages/{name}", "", f"cannot be read: {error}")
        return None

    def _shaped(self, file: str, key: str, data: Any, shape: type[Shape]) -> Shape | None:
        try:
            return msgspec.convert(data, shape)
        except msgspec.ValidationError as error:
            text, _, path = str(error).partition(" - at `$")
            path = path.replace("[...]", "")
            where = ".".join(part for part in (key, path.rstrip("`").lstrip(".")) if part)
            text = text.replace("Object contains an", "has an").replace(
                "Object contains", "has the"
            )
            self._problem(file, where, text.replace("Object missing", "lacks the"))
            return None

    def _message(self, text: str, context: str, file: str, key: str) -> None:
        if not text.strip():
            self._problem(file, key, "is empty")
        if not context and len(text) > LONGEST_TEXT:
            self._problem(file, key, f"has {len(text)} characters: at most {LONGEST_TEXT}")
        self.messages.append(Message(text, context, file, key))

    def _documents(self) -> tuple[str, dict[str, Document]]:
        data, file = self._toml("documents.toml"), "messages/documents.toml"
        if data is None:
            return "", {}
        support_line = data.pop("support_line", "")
        if not isinstance(support_line, str) or not support_line.strip():
            self._problem(file, "support_line", "is missing: the number that every answer gives")
        elif set("{}") & set(support_line):
            self._problem(file, "support_line", "has braces")
        documents: dict[str, Document] = {}
        self.named = frozenset(data)
        for id, table in data.items():
            shaped = self._shaped(file, id, table, DocumentFile)
            if shaped is None:
                continue
            if shaped.audience not in AUDIENCES:
                self._problem(file, f"{id}.audience", f"is none of {', '.join(AUDIENCES)}")
            for what, by_language in (
                ("publisher", shaped.publisher), ("title", shaped.title), ("url", shaped.url),
            ):  # fmt: skip
                if not by_language.get(ENGLISH):
                    self._problem(file, f"{id}.{what}.{ENGLISH}", "is missing")
            try:
                documents[id] = document(id, shaped)
            except ValueError as error:
                self._problem(file, f"{id}.sections", str(error))
        if not documents:
            self._problem(file, "", "names no page")
        return str(support_line), documents

    def _topics(self) -> dict[str, TopicFile]:
        topics: dict[str, TopicFile] = {}
        folder = self.root / "messages" / "topics"
        for path in sorted(folder.glob("*.toml")):
            file, id = f"messages/topics/{path.name}", path.stem
            data = self._toml(f"topics/{path.name}")
            if id == MENU:
                self._problem(file, "", "cannot be a topic: it is the menu's own name")
            topic = None if data is None else self._shaped(file, "", data, TopicFile)
            if topic is None:
                continue
            topics[id] = topic
            self._message(topic.title, "title", file, "title")
            if topic.keywords:
                self._message(topic.keywords, "keywords", file, "keywords")
            elif not all(part.keywords for _, part in parts(topic)):
                self._problem(file, "keywords", "are missing: what people text for it")
            for audience, part in parts(topic):
                if part.keywords:
                    self._message(part.keywords, "keywords", file, f"{audience}.keywords")
                if part.see:
                    continue
                self._message(plain(part.gist), "", file, f"{audience}.gist")
                for number, text in enumerate(part.more):
                    self._message(plain(text), "", file, f"{audience}.more[{number}]")
        if not topics:
            self._problem("messages/topics/", "", f"has no topic (looked in {folder})")
        return topics

    def _commands(self) -> dict[str, CommandFile]:
        data, file = self._toml("commands.toml"), "messages/commands.toml"
        commands: dict[str, CommandFile] = {}
        if data is None:
            return commands
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
        for name in COMMANDS:
            if name not in commands:
                self._problem(file, name, "is missing")
            elif name in NAMED_COMMANDS and not commands[name].word:
                self._problem(file, f"{name}.word", "is missing: replies name this command by it")
        return commands

    def _phrases(self) -> dict[str, str]:
        data, file = self._toml("phrases.toml"), "messages/phrases.toml"
        if data is None:
            return {}
        shaped = {key: self._shaped(file, key, text, str) or "" for key, text in data.items()}
        for name, text in shaped.items():
            if name not in PHRASES:
                self._problem(file, name, "is no phrase of the line")
            self._message(text, "", file, name)
        for name in PHRASES:
            if name not in shaped:
                self._problem(file, name, "is missing")
        return shaped

    def checks(self) -> ChecksFile | None:
        """Read messages/checks.toml; None, with what is wrong in `problems`, where it cannot be."""
        data, file = self._toml("checks.toml"), "messages/checks.toml"
        checks = None if data is None else self._shaped(file, "", data, ChecksFile)
        if checks is not None:
            for context, text in msgspec.structs.asdict(checks.languages).items():
                self._message(text, context, file, f"languages.{context}")
        return checks

    def _translations(self) -> dict[str, Translation]:
        translations: dict[str, Translation] = {}
        for language, path in catalogs.files(self.root / "locales").items():
            if language == ENGLISH:
                name = str(path.relative_to(self.root))
                self._problem(name, "", "is not used: English stands in messages/", fatal=False)
                continue
            try:
                translations[language] = catalogs.read(path, language)
                self._check_lengths(path, translations[language])
            except BrokenCatalogError as error:
                self._problem(str(error).replace(f"{self.root}/", ""), "", "", fatal=False)
        return translations

    def _check_lengths(self, path: Path, translation: Translation) -> None:
        for (context, english), text in translation.texts.items():
            if not context and len(text) > LONGEST_TEXT:
                name = str(path.relative_to(self.root))
                said = f"has {len(text)} characters: at most {LONGEST_TEXT}"
                self._problem(name, f"{english[:40]}...", said, fatal=False)

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
                    self._check_source(file, audience, part, documents)

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
        self, file: str, audience: str, part: Part, documents: Mapping[str, Document]
    ) -> None:
        if part.source not in documents:
            if part.source not in self.named:  # else it is there, and its own fault is told
                said = f"{part.source!r} is no document of documents.toml"
                self._problem(file, f"{audience}.source", said)
            return
        keys = ("gist", *(f"more[{number}]" for number in range(len(part.more))))
        for key, text in zip(keys, (part.gist, *part.more), strict=True):
            try:
                cited = sentences(text, part.source)
            except ValueError as error:
                self._problem(file, f"{audience}.{key}", str(error))
                continue
            # One that is held back may wait for its citations: the rest of the line goes on.
            fatal = f"{audience}.{Path(file).stem}" not in self.withdrawn
            for sentence in cited:
                if not sentence.sources:
                    said = f"{sentence.text[:40]!r} cites nothing"
                    self._problem(file, f"{audience}.{key}", said, fatal)
            for one in dict.fromkeys(one for sentence in cited for one in sentence.sources):
                if fault := _unfounded(one, audience, documents):
                    self._problem(file, f"{audience}.{key}", fault, fatal)


def _unfounded(source: Source, audience: str, documents: Mapping[str, Document]) -> str:
    """Say what is wrong with a citation, or nothing."""
    document = documents.get(source.document)
    if document is None:
        return f"{source}: {source.document!r} is no document of documents.toml"
    if document.audience != audience:
        return f"{source}: {source.document} is not a page for {audience}"
    section = document.sections.get(source.section)
    if section is None:
        return f"{source}: {source.document} has no section {source.section!r}"
    count = len(section.paragraphs)
    if not 1 <= source.first <= source.last <= count:
        return f"{source}: {source.section!r} has paragraphs 1 to {count} only"
    sentences = len(section.paragraphs[source.first - 1].claims)
    if source.begin and not 1 <= source.begin <= source.end <= sentences:
        return f"{source}: that paragraph has sentences 1 to {sentences} only"
    return ""
