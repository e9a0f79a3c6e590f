"""PURE: the reply to one intent: which answer, for whom, in which language, and what to remember.

Who is told what follows one rule: an audience that was told gets its own answers and no other's.
"""

from dataclasses import dataclass
from typing import Final

from msgspec.structs import replace

from bot import sms
from bot.library import ENGLISH, MENU, Library, audience_of
from bot.model import AUDIENCES, Conversation, Reply
from bot.pages import LANGUAGES, OTHER, Layout, next_page
from bot.understanding import Intent, Vocabulary

MOST_CHOICES: Final = 3

UNINTRODUCED: Final = frozenset({"help", "stop", "start", "crisis", "disclaimer"})
"""Labels whose reply never carries the introduction: short by rule, or saying it themselves."""


@dataclass(frozen=True, slots=True)
class Line:
    """All that a reply is made from: built once at start, shared by every turn."""

    library: Library
    vocabulary: Vocabulary
    layout: Layout

    @classmethod
    def of(cls, library: Library, base_url: str = "", budget: sms.Budget | None = None) -> "Line":
        """Set a line up for one address of short links and one budget."""
        layout = Layout(library, base_url, budget or sms.Budget())
        return cls(library, Vocabulary.of(library.keywords), layout)


class Speaker:
    """Writes the reply to one intent, in the language that it calls for."""

    def __init__(self, line: Line, conversation: Conversation, intent: Intent) -> None:
        self.line = line
        self.before = replace(conversation, audience=intent.audience or conversation.audience)
        self.intent = intent
        self.language = self._language()

    def _language(self) -> str:
        """Choose: a language chosen by name, else that of the words used, else the one in use.

        The words that carriers prescribe are answered in their own language whatever was chosen
        (STOP in English, ARRET in French: CWTA's rules for Canadian short codes).
        """
        words, current = self.intent.languages, self.before.language
        carrier = self.intent.kind == "command" and self.intent.value in ("stop", "help")
        if words and current not in words and (carrier or not self.before.chosen):
            return words[0]
        return current or (words[0] if words else ENGLISH)

    def answer(self) -> tuple[Reply, Conversation]:
        """Answer the intent, and give what to remember."""
        intent = self.intent
        match intent.kind:
            case "command":
                return self._command(intent.value)
            case "audience":
                return self._audience(intent.value)
            case "language":
                return self._speak(intent.value)
            case "number":
                return self._number(intent.number)
            case "topic":
                return self._topic()
            case _:
                return self._unknown()

    # --- replies ---

    def phrase(
        self, name: str, label: str, *extras: str, **slots: object
    ) -> tuple[Reply, Conversation]:
        """Say one phrase, with the introduction if the contact has not had it and it fits."""
        edition = self.line.library.edition(self.language)
        return self._said(edition.say(name, **slots), label, *extras)

    def _said(self, text: str, label: str, *extras: str) -> tuple[Reply, Conversation]:
        intro = ""
        if not self.before.introduced and label not in UNINTRODUCED:
            intro = self.line.library.edition(self.language).say("intro")
        more = [extra for extra in (intro, *extras) if extra]
        text = self.line.layout.lines([text], *more)
        introduced = self.before.introduced or bool(intro and f"\n{intro}" in text)
        after = replace(self.before, language=self._remembered(), introduced=introduced)
        return Reply(label, text, self.language), after

    def _remembered(self) -> str:
        """Keep the language in use where the reply's own was prescribed, or nothing told it."""
        if self.intent.value in ("stop", "help") or not self.intent.languages:
            return self.before.language
        return self.language

    def _show(
        self, screen: str, page: int, label: str, **changes: object
    ) -> tuple[Reply, Conversation]:
        """Show a page of a screen and remember it; `changes` go into the conversation."""
        after = replace(self.before, **changes)
        shown = self.line.layout.screen(screen, self.language)
        audience, _, topic = screen.partition(".")
        answer = audience in AUDIENCES
        switch = not after.audience and (not answer or self._has_other(screen, after.asked))
        text = self.line.layout.show(
            screen, self.language, page, switch=switch, intro=not self.before.introduced
        )
        after = replace(
            after,
            language=self.language,
            screen=screen,
            read_in=self.language,
            page=page,
            introduced=self.before.introduced or page == 0,
            offered=shown.offered or self.before.offered,
        )
        shown_for = audience if answer else topic
        return Reply(label, text, self.language, topic if answer else "", shown_for), after

    def _has_other(self, label: str, asked: tuple[str, ...]) -> bool:
        """Tell whether what was asked, or its topic, has something for the other audience."""
        return OTHER[audience_of(label)] in self._by_audience(asked[0] if asked else label, asked)

    def _by_audience(self, label: str, asked: tuple[str, ...]) -> dict[str, str]:
        """Give the labels for each audience: those of the word asked, else of the topic shown."""
        topic = self.line.library.topics.get(label.partition(".")[2])  # none for `adult.menu`
        own = topic.targets if topic else {}
        return {**own, **{audience_of(one): one for one in asked}}

    # --- commands ---

    def _command(self, command: str) -> tuple[Reply, Conversation]:
        match command:
            case "menu":
                return self._menu()
            case "more":
                return self._more()
            case "language":
                return self._show(LANGUAGES, 0, "menu", asked=())
            case "stop":
                reply, after = self.phrase("stopped", "stop")
                return reply, replace(after, opted_out=True)
            case "start":
                reply, after = self.phrase("started", "start")
                return reply, replace(after, opted_out=False)
            case "about":
                return self.phrase("about", "disclaimer")
            case "greeting":
                return self.phrase("greeting", "greeting", self._other_languages())
            case _:
                return self.phrase(command, command)

    def _menu(self, audience: str = "", label: str = "menu") -> tuple[Reply, Conversation]:
        told = audience or self.before.audience
        return self._show(f"{MENU}.{told or AUDIENCES[0]}", 0, label, audience=told, asked=())

    def _more(self) -> tuple[Reply, Conversation]:
        before = self.before
        if not before.screen:
            return self._menu(label="more")
        if self.intent.audience and self.intent.audience != audience_of(before.screen):
            return self._audience(self.intent.audience)
        page = next_page(
            self.line.layout, before.screen, before.page, before.read_in or ENGLISH, self.language
        )
        if page < len(self.line.layout.screen(before.screen, self.language).pages):
            return self._show(before.screen, page, "more")
        return self.phrase("no_more", "more")

    def _audience(self, audience: str) -> tuple[Reply, Conversation]:
        """Give the open answer for another audience, or that audience's menu."""
        before = self.before
        if not before.asked and not audience_of(before.screen):
            return self._menu(audience)
        label = before.asked[0] if before.asked else before.screen
        return self._go(tuple(self._by_audience(label, before.asked).values()), audience)

    def _speak(self, language: str) -> tuple[Reply, Conversation]:
        """Take a language chosen by name, and say in it what is open, if anything is."""
        self.language = language
        label = f"language:{language}"
        chosen = replace(self.before, language=language, chosen=True)
        if audience_of(self.before.screen):
            reply, after = self._show(self.before.screen, 0, label)
            return reply, replace(after, chosen=True)
        edition = self.line.library.edition(language)
        reply, after = self._said(edition.say("language_set"), label, edition.say("reply_menu"))
        return reply, replace(chosen, introduced=after.introduced)

    # --- topics ---

    def _number(self, number: int) -> tuple[Reply, Conversation]:
        if not 1 <= number <= len(self.before.offered):
            return self.phrase("no_such_number", "out_of_scope", number=number)
        label = self.before.offered[number - 1]
        if label.startswith("language:"):
            return self._speak(label.partition(":")[2])
        told = self.before.audience
        if told and told != audience_of(label):  # the list was shown before the audience was told
            return self._go(tuple(self._by_audience(label, ()).values()), told)
        return self._show(label, 0, label, asked=())

    def _topic(self) -> tuple[Reply, Conversation]:
        return self._go(self.intent.targets, self.before.audience)

    def _go(self, targets: tuple[str, ...], told: str) -> tuple[Reply, Conversation]:
        """Answer for the audience told; one audience's answer is never given for another's."""
        by_audience = {audience_of(target): target for target in targets}
        if told and told not in by_audience:
            return self._not_for(told, by_audience[OTHER[told]])
        audience = told or next(one for one in AUDIENCES if one in by_audience)
        label = by_audience[audience]
        if label.partition(".")[2] == MENU:
            return self._menu(told)
        return self._show(label, 0, label, audience=told, asked=targets)

    def _not_for(self, audience: str, other: str) -> tuple[Reply, Conversation]:
        """Say that a topic is not on the page for an audience; the other's word then shows it."""
        title = self.line.library.edition(self.language).titles[other.partition(".")[2]]
        reply, after = self.phrase(f"not_for_{audience}", "out_of_scope", title=title)
        return reply, replace(after, audience=audience, asked=(other,), screen="", page=0)

    def _unknown(self) -> tuple[Reply, Conversation]:
        near = self._near()
        if not near:
            return self.phrase("unknown", "out_of_scope", self._other_languages())
        text, offered = self.line.layout.near(near, self.language)
        reply, after = self._said(text, "out_of_scope")
        return reply, replace(after, offered=offered or after.offered)

    def _near(self) -> list[str]:
        """Pick the answers to offer for topics named in a text: one a topic, for this audience."""
        answers = self.line.library.editions[ENGLISH].answers
        picked: dict[str, str] = {}
        wanted = [self.before.audience] if self.before.audience else list(AUDIENCES)
        for audience in wanted:
            for label in self.intent.near:
                if audience_of(label) == audience and label in answers:
                    picked.setdefault(label.partition(".")[2], label)
        in_order = [label.partition(".")[2] for label in self.intent.near]
        topics = sorted(picked, key=in_order.index)
        return [picked[topic] for topic in topics][:MOST_CHOICES]

    def _other_languages(self) -> str:
        """Point at the other languages as long as nothing has told which one this contact reads."""
        if self.before.language:
            return ""
        return self.line.library.edition(self.language).say("other_languages")
