"""PURE: the reply to one intent: which answer, for whom, in which language, and what to remember.

Who is told what follows one rule: an audience that was told gets its own answers and no other's.
"""

from datetime import date
from typing import Final

from msgspec.structs import replace

from bot.library import ENGLISH, MENU, audience_of
from bot.line import Line
from bot.model import AUDIENCES, Conversation, Reply
from bot.pages import LANGUAGES, NO_LANGUAGE, OTHER, joined, next_page
from bot.understanding import Intent

MOST_CHOICES: Final = 3

UNINTRODUCED: Final = frozenset({"help", "stop", "start", "crisis", "disclaimer", "forget"})
"""Labels whose reply never carries the lines of an opening: short by rule, or saying it all."""

WHOLE: Final = frozenset({"crisis", "stop", "start"})
"""Labels whose reply is one message whatever it takes: after it there may be no MORE."""


class Speaker:
    """Writes the reply to one intent, in the language that it calls for."""

    def __init__(self, line: Line, conversation: Conversation, intent: Intent, today: date) -> None:
        self.line = line
        self.today = today
        self.before = replace(
            conversation, audience=intent.audience or conversation.audience, rest=""
        )
        self.rest = conversation.rest
        self.intent = intent
        self.language = self._language()

    def _language(self) -> str:
        """Choose: a language chosen by name, else that of the text, else the one in use.

        The words that carriers prescribe are answered in their own language whatever was chosen
        (STOP in English, ARRET in French: CWTA's rules for Canadian short codes).
        """
        likely, current, carrier = self._likely(), self.before.language, self.intent.prescribed
        chosen = current or (likely[0] if likely else ENGLISH)
        if likely and current not in likely and (carrier or not self.before.chosen):
            chosen = likely[0]
        return self.line.library.edition(chosen).language

    def _likely(self) -> tuple[str, ...]:
        """Give the languages that a text may be in, by its words and by its script and letters."""
        return self._narrowed(self.intent.languages) or self.intent.written

    def _narrowed(self, languages: tuple[str, ...]) -> tuple[str, ...]:
        """Keep those languages that the text may be written in, or all if that says nothing."""
        return tuple(one for one in languages if one in self.intent.written) or languages

    def _unclear(self) -> tuple[str, ...]:
        """Give the languages to ask about: a text that may be in several and in none known of.

        Two ways to write one language are near enough to answer in either.
        """
        greeted = (self.intent.kind, self.intent.value) == ("command", "greeting")
        if not greeted and self.intent.kind not in ("topic", "audience", "unknown"):
            return ()
        likely, current = self._likely(), self.before.language
        several = len({one.partition("_")[0] for one in likely}) > 1
        if self.before.chosen or current in likely or not several:
            return ()
        # In Latin script a word of several languages is so common that one in use decides; and
        # English or French are known to most.
        known = bool(current) or bool(set(likely) & set(self.line.library.prescribed))
        return () if known and not self.intent.written else likely

    def answer(self) -> tuple[Reply, Conversation]:
        """Answer the intent, and give what to remember."""
        intent = self.intent
        if unclear := self._unclear():
            return self._ask_language(unclear)
        match intent.kind:
            case "no_language":
                return self._show(NO_LANGUAGE, 0, "out_of_scope", asked=())
            case "command":
                return self._command(intent.value)
            case "audience":
                return self._audience(intent.value)
            # There it is an ordinary word; but EN is what replies in a draft language tell to text.
            case "language" if self.before.language in intent.languages and intent.value != ENGLISH:
                return self._unknown()
            case "language":
                named = self._narrowed(intent.targets)
                if len(named) == 1:
                    return self._speak(named[0])
                return self._ask_language(named, LANGUAGES, MENU)
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
        """Say one phrase, with what a first reply says besides as far as it fits."""
        edition = self.line.library.edition(self.language)
        if name in edition.in_english and label not in UNINTRODUCED:
            extras = (edition.say("in_english"), *extras)
        return self._said(edition.say(name, **slots), label, *extras)

    def _said(self, text: str, label: str, *extras: str) -> tuple[Reply, Conversation]:
        layout, rest = self.line.layout, ""
        if not (label in WHOLE or layout.fits(text)):
            text, rest = layout.begun(text, self.language)
        opening = () if label in UNINTRODUCED else self._opening()
        text = layout.lines([text], *opening, *filter(None, extras))
        after = replace(self._told(text), language=self._remembered(), rest=rest)
        return Reply(label, text, self.language), after

    def _opening(self) -> tuple[str, ...]:
        """Give what this contact has not yet been told: what the line is, that this is a draft."""
        edition = self.line.library.edition(self.language)
        intro, *draft = self.line.layout.opening_lines(edition)
        told = self.before.introduced, edition.language in self.before.drafts
        return (*(() if told[0] else (intro,)), *(() if told[1] else draft))

    def _told(self, text: str) -> Conversation:
        """Note which lines of an opening a text carries."""
        edition = self.line.library.edition(self.language)
        intro, *draft = self.line.layout.opening_lines(edition)
        told = [edition.language] if any(f"\n{line}" in text for line in draft) else []
        return replace(
            self.before,
            introduced=self.before.introduced or f"\n{intro}" in text,
            drafts=tuple(dict.fromkeys((*self.before.drafts, *told))),
        )

    def _remembered(self) -> str:
        """Keep the language in use where the reply's own was prescribed, or nothing told it."""
        if self.intent.prescribed or not self._likely():
            return self.before.language
        return self.language

    def _ask_language(
        self,
        languages: tuple[str, ...],
        phrase: str = "which_language",
        label: str = "out_of_scope",
    ) -> tuple[Reply, Conversation]:
        """Ask which of several languages a text is in; what it asked for is shown after that."""
        self.language = languages[0]
        edition = self.line.library.edition(self.language)
        names = [self.line.library.edition(one).name for one in languages]
        choices = [edition.say("choice", number=n, title=one) for n, one in enumerate(names, 1)]
        reply, after = self._said("\n".join((edition.say(phrase), *choices)), label)
        offered = tuple(f"language:{one}" for one in languages)
        asked = self.intent.targets if self.intent.kind == "topic" else ()
        return reply, replace(
            after, language=self.before.language, offered=offered, asked=asked, screen="", page=0
        )

    def _show(
        self, screen: str, page: int, label: str, **changes: object
    ) -> tuple[Reply, Conversation]:
        """Show a page of a screen and remember it; `changes` go into the conversation.

        An answer that is held back is not shown: the person is told that it is being checked.
        """
        if self.line.library.is_held_back(screen, self.today):
            return self._checking(screen, **changes)
        extras = self._opening() if page == 0 else ()
        same = (self.before.screen, self.before.read_in) == (screen, self.language)
        opening = bool(extras) if page == 0 else same and self.before.opening
        shown = self.line.layout.screen(screen, self.language, opening)
        after = replace(self.before, **changes)
        audience, _, topic = screen.partition(".")
        answer = audience in AUDIENCES
        switch = not after.audience and (not answer or self._has_other(screen, after.asked))
        text = self.line.layout.show(
            screen, self.language, page, opening=opening, switch=switch, extras=extras
        )
        after = replace(
            replace(self._told(text), **changes),
            language=self.language,
            screen=screen,
            read_in=self.language,
            page=page,
            opening=opening,
            offered=shown.offered or self.before.offered,
        )
        shown_for = audience if answer else topic
        about = (topic if answer else "", shown_for, page + 1, len(shown.pages))
        return Reply(label, text, self.language, *about), after

    def _checking(self, label: str, **changes: object) -> tuple[Reply, Conversation]:
        """Say that an answer is being checked, with its page and the support line."""
        edition, layout = self.line.library.edition(self.language), self.line.layout
        audience, _, topic = label.partition(".")
        title = edition.titles[topic]
        text = "\n".join(
            (
                joined(edition.say(f"for_{audience}"), edition.say("checking", title=title)),
                layout.link_line(label, edition),
                edition.say("call"),
            )
        )
        reply, after = self._said(text, "checking")
        changes = {"asked": self.before.asked, **changes}
        changes["asked"] = changes["asked"] or (label,)
        after = replace(after, **changes)
        return (
            replace(reply, topic=topic, audience=audience),
            replace(after, language=self.language, screen="", page=0),
        )

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
            case "stop" if self._is_ordinary():
                return self._unknown()
            case "stop":
                reply, after = self.phrase("stopped", "stop")
                return reply, replace(after, opted_out=True)
            case "start":
                reply, after = self.phrase("started", "start")
                return reply, replace(after, opted_out=False)
            case "about":
                return self._about()
            case "forget":
                return self.phrase("forgotten", "forget")
            case "greeting":
                return self.phrase("greeting", "greeting", self._other_languages())
            case _:
                return self.phrase(command, command)

    def _about(self) -> tuple[Reply, Conversation]:
        """Say what the line is, and whose page was last answered from, or how old all are."""
        library, label = self.line.library, self.before.screen
        edition = library.edition(self.language)
        if audience_of(label):
            document, topic = library.document(label), label.partition(".")[2]
            source = library.editions[ENGLISH].answers[label].sources[0]
            # Where the page is not in the reader's language, its English heading leads there.
            own = self.language != ENGLISH and self.language in document.titles
            heading = library.documents[source.document].sections[source.section].heading
            said = edition.say(
                "about_answer",
                title=edition.titles[topic],
                source=document.titles.get(self.language) or document.titles[ENGLISH],
                publisher=document.publishers.get(self.language) or document.publishers[ENGLISH],
                section=edition.titles[topic] if own else heading,
                date=document.compared.isoformat(),
            )
        else:
            oldest = min(document.compared for document in library.documents.values())
            said = edition.say("about_pages", date=oldest.isoformat())
        lines = (said, edition.say("about")) if audience_of(label) else (edition.say("about"), said)
        return self._said("\n".join(lines), "disclaimer", edition.say("reply_forget"))

    def _is_ordinary(self) -> bool:
        """Tell whether a word to stop is one of another language, and nothing of the one in use.

        `basta` ends the texts in Spanish and is an everyday word in Tagalog. The words of the
        languages that carriers prescribe count everywhere.
        """
        intent, current = self.intent, self.before.language
        everywhere = intent.prescribed or set(intent.languages) & set(self.line.library.prescribed)
        return bool(current and not everywhere and current not in intent.languages)

    def _menu(self, audience: str = "", label: str = "menu") -> tuple[Reply, Conversation]:
        told, there = audience or self.before.audience, self.line.library.audiences
        shown = told if told in there else there[0]
        return self._show(f"{MENU}.{shown}", 0, label, audience=told, asked=())

    def _more(self) -> tuple[Reply, Conversation]:
        before = self.before
        if self.rest:
            return self._said(self.rest, "more")
        if not before.screen:
            return self._menu(label="more")
        if self.intent.audience and self.intent.audience != audience_of(before.screen):
            return self._audience(self.intent.audience)
        read = (before.read_in or ENGLISH, before.opening)
        now = (self.language, before.opening and self.language == before.read_in)
        page = next_page(self.line.layout, before.screen, before.page, read, now)
        if page < len(self.line.layout.screen(before.screen, *now).pages):
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
        if audience_of(self.before.screen):
            reply, after = self._show(self.before.screen, 0, label)
            return reply, replace(after, chosen=True)
        if self.before.asked:  # before it was clear in which language
            reply, after = self._go(self.before.asked, self.before.audience)
            return reply, replace(after, language=language, chosen=True)
        edition = self.line.library.edition(language)
        # In English this would tell the wrong language; then the name alone is said.
        known = "language_set" not in edition.in_english
        said = edition.say("language_set") if known else edition.name
        reply, after = self._said(said, label, edition.say("reply_menu"))
        return reply, replace(after, language=language, chosen=True)

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
        if self.intent.either and len(self.intent.targets) > 1:
            return self._ask_audience(self.intent.targets)
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

    def _ask_audience(self, targets: tuple[str, ...]) -> tuple[Reply, Conversation]:
        """Ask whether it is about a child or an adult, where the text tells neither surely."""
        edition = self.line.library.edition(self.language)
        title = edition.titles[targets[0].partition(".")[2]]
        text = "\n".join((f"{title}?", edition.say("reply_child"), edition.say("reply_adult")))
        reply, after = self._said(text, "clarify", edition.say("call"))
        return reply, replace(after, audience="", asked=targets, screen="", page=0)

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
