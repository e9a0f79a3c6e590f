"""Respond: what holds for every text in every state, and the cases that no transcript shows."""

import json
import xml.etree.ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from bot import sms
from bot.conversation import (
    BURST_LIMIT,
    LOOP_LIMIT,
    LOOP_LIMITS,
    QUIET_DAY,
    apologise,
    respond,
)
from bot.library import ENGLISH
from bot.line import Line
from bot.model import SYSTEM_LABELS, Conversation, Inbound, Reply

NOW = 1_800_000_000


def said(text: str, line: Line, before: Conversation | None = None) -> tuple[Reply, Conversation]:
    before = before or Conversation(introduced=True, heard=NOW)
    return respond(Inbound("test", "+1", "1", text), before, line, NOW)


def talk(line: Line, *texts: str) -> list[Reply]:
    """Text one after the other, as fast as people do: every three seconds."""
    conversation, replies = Conversation(), []
    for number, text in enumerate(texts):
        inbound = Inbound("test", "+1", "1", text)
        reply, conversation = respond(inbound, conversation, line, NOW + 3 * number)
        replies.append(reply)
    return replies


WORDS = st.sampled_from(
    "cart CHILD menu 3 ੩ more plus stop START greffe language fr english aide should the kymriah "
    "want to die kill myself 99 radiation ADULTE transplant thanks 0 treatment factors".split()
)
TEXTS = st.one_of(
    st.lists(WORDS, max_size=6).map(" ".join),
    st.text(max_size=200),
    st.text(st.characters(categories=["Cs", "Cc", "Cf", "Mn", "So", "Lo"]), max_size=40),
)
STATES = st.builds(
    Conversation,
    language=st.sampled_from(["", "en", "fr", "xx"]),
    chosen=st.booleans(),
    audience=st.sampled_from(["", "adult", "child", "robot"]),
    screen=st.sampled_from(
        ["", "adult.cart", "child.factors", "menu.adult", "menu.child", "languages", "gone.topic"]
    ),
    page=st.integers(-5, 50),
    offered=st.lists(
        st.sampled_from(["adult.cart", "child.chemo", "language:fr", "language:xx", "gone.topic"])
    ).map(tuple),
    opted_out=st.booleans(),
    introduced=st.booleans(),
    label=st.sampled_from([*SYSTEM_LABELS, "adult.cart", ""]),
    streak=st.integers(0, 40),
    heard=st.sampled_from([0, NOW, NOW - 60, NOW - QUIET_DAY * 2, NOW + 5000]),
)
INBOUND = st.builds(
    Inbound,
    channel=st.just("test"),
    contact=st.just("+15145550123"),
    id=st.just("1"),
    text=TEXTS,
    media=st.integers(0, 2),
    carrier_answered=st.sampled_from(["", "", "", "stop", "start", "help"]),
)


@given(INBOUND, STATES)
def test_any_text_in_any_state_gets_a_sound_reply(
    line: Line, inbound: Inbound, before: Conversation
) -> None:
    reply, after = respond(inbound, before, line, NOW)
    assert line.layout.fits(reply.text)
    assert "{" not in reply.text
    assert reply.label in SYSTEM_LABELS or reply.label.startswith(("adult.", "child.", "language:"))
    assert reply.language in ("", *line.library.editions)
    ET.fromstring(f"<a>{sms.clean(reply.text).replace('&', '&amp;').replace('<', '&lt;')}</a>")
    assert Conversation.from_json(after.to_json()) == after
    json.dumps(after.to_json())
    # The same again is the same: nothing depends on what ran before.
    assert respond(inbound, before, line, NOW) == (reply, after)


@given(INBOUND, STATES)
def test_an_opt_out_is_left_only_by_start(
    line: Line, inbound: Inbound, before: Conversation
) -> None:
    before = replace(before, opted_out=True)
    reply, after = respond(inbound, before, line, NOW)
    if after.opted_out:
        assert not reply.text or reply.label == "crisis"
    else:
        assert reply.label == "start"


@pytest.mark.parametrize("text", ["cart", "fr", "english", "menu", "1", "child", "asdf", "more"])
def test_who_opted_out_hears_nothing(line: Line, text: str) -> None:
    before = Conversation(opted_out=True, introduced=True, offered=("adult.cart",), heard=NOW)
    reply, after = said(text, line, before)
    assert (reply.text, after.opted_out) == ("", True)


@given(st.lists(st.lists(WORDS, max_size=4).map(" ".join), min_size=1, max_size=8))
def test_adult_and_child_never_mix(line: Line, texts: list[str]) -> None:
    """Once told, an audience gets only its own answers, whatever is asked."""
    for audience, other in (("child", "adult"), ("adult", "child")):
        _, shown = said("menu", line)
        conversation = replace(shown, audience=audience)
        for text in texts:
            reply, conversation = said(text, line, conversation)
            if conversation.audience != audience:
                break  # the contact said ADULT or CHILD
            assert reply.audience != other


def test_every_number_picks_what_it_stood_beside(line: Line) -> None:
    for audience in ("adult", "child"):
        labels = line.library.labels(audience)
        for number, label in enumerate(labels, 1):
            assert talk(line, audience, str(number))[1].label == label


@pytest.mark.parametrize("budget", [(2, 4), (2, 2), (3, 3), (10, 10)])
def test_more_reads_every_answer_to_its_end(line: Line, budget: tuple[int, int]) -> None:
    tight = Line.of(line.library, "https://answer.example.ca", sms.Budget(*budget))
    for (label, language, opening), screen in tight.layout.screens.items():
        answer = tight.library.editions[language].answers.get(label)
        if answer is None:
            continue
        conversation = Conversation(
            language=language, chosen=True, introduced=True, heard=NOW, audience=label[:5],
            screen=label, read_in=language, opening=opening,
        )  # fmt: skip
        read = screen.pages[0].text
        for _ in screen.pages[1:]:
            reply, conversation = said(more(tight, language), tight, conversation)
            assert tight.layout.fits(reply.text)
            page = screen.pages[conversation.page].text
            assert page in reply.text
            read += page
        assert squeezed(read) == squeezed("".join((answer.gist, *answer.more)))
        last = said(more(tight, language), tight, conversation)[0].text
        assert last.startswith(tight.library.editions[language].phrases["no_more"])


def more(line: Line, language: str) -> str:
    """The word for MORE that a language shows."""
    words = (k for k in line.library.keywords if k.value == "more" and k.language == language)
    return next(words).text


def squeezed(text: str) -> str:
    return "".join(text.split())


@pytest.mark.parametrize("name", ["help", "about", "support", "greeting", "unknown"])
def test_a_phrase_that_no_page_holds_goes_on_with_more(line: Line, name: str) -> None:
    """Two segments hold 134 characters of Hindi; a crisis reply is never cut."""
    tight = Line.of(line.library, "https://answer.example.ca", sms.Budget(2, 2))
    edition = tight.library.editions["hi"]
    words = {k.value: k.text for k in tight.library.keywords if k.language == "hi"}
    words["unknown"] = "कल बारिश होगी"
    screen = "languages" if name == "about" else "adult.cart"  # then it names the answer's page too
    state = Conversation(
        language="hi", chosen=True, introduced=True, drafts=("hi",), heard=NOW, screen=screen
    )
    read, text = "", words[name]
    for _ in range(4):
        reply, state = said(text, tight, state)
        assert tight.layout.fits(reply.text)
        read += reply.text.removesuffix("\n" + edition.phrases["reply_more"])
        text = more(tight, "hi")
        if not state.rest:
            break
    assert squeezed(read).startswith(squeezed(edition.phrases[name]))
    assert name == "about" or squeezed(read) == squeezed(edition.phrases[name])
    assert not state.rest
    reply, state = said("मैं मरना चाहता हूँ", tight, replace(state, rest="x"))
    assert reply.text == edition.phrases["crisis"]
    assert not state.rest


def test_loops_end(line: Line) -> None:
    for text, label in (("asdf", "out_of_scope"), ("thanks", "thanks"), ("hello", "greeting")):
        limit = LOOP_LIMITS.get(label, LOOP_LIMIT)
        replies = talk(line, *[text] * (limit + 5))
        assert all(reply.text for reply in replies[:limit])
        assert not any(reply.text for reply in replies[limit:])


def test_a_person_who_gets_on_is_never_taken_for_a_machine(line: Line) -> None:
    for texts in (["menu", "child", "adult", "language", "menu"], ["cart", "child", "adult"]):
        assert all(reply.text for reply in talk(line, *texts * 6))
    questions = ["does chemo hurt", "and radiation hurt", "transplant pain"]
    assert all(reply.text for reply in talk(line, *questions * 4))


def test_a_person_who_goes_on_is_answered_again_after_the_window(line: Line) -> None:
    conversation, answered = Conversation(), []
    for minute in range(0, 60, 2):
        inbound = Inbound("test", "+1", str(minute), "asdf")
        reply, conversation = respond(inbound, conversation, line, NOW + minute * 60)
        answered.append(bool(reply.text))
    assert answered[:6] == [True] * 4 + [False] * 2
    assert answered.count(True) >= 12


def test_a_number_from_a_list_for_others_is_answered_for_those_told(line: Line) -> None:
    replies = talk(line, "menu", "cart child", "5", "3", "more")
    assert [reply.label for reply in replies[2:]] == ["child.chemo", "out_of_scope", "more"]
    assert "no part on this (Antibodies)" in replies[3].text
    assert replies[4].audience == "child"


def test_a_crisis_and_help_outlast_the_guard_against_loops(line: Line) -> None:
    for text in ("i want to die", "HELP"):
        assert all(reply.text for reply in talk(line, *[text] * 60))


def test_machines_that_vary_what_they_say_come_to_an_end(line: Line) -> None:
    replies = talk(line, *["thanks", "merci"] * 40)
    assert sum(bool(reply.text) for reply in replies) == BURST_LIMIT


@pytest.mark.parametrize("gap", [0.1, 0.3, 0.5, 1, 1.7])
@pytest.mark.parametrize("texts", [["HELP"], ["i want to die"], ["cart", "more", "FORGET ME"]])
def test_nobody_gets_so_many_replies_that_a_carrier_sees_a_loop(
    line: Line, texts: list[str], gap: float
) -> None:
    """Twilio blocks two sides that exchange 30 messages within 30 seconds."""
    conversation, times = Conversation(), []
    for number in range(600):
        at = NOW + int(number * gap)
        inbound = Inbound("test", "+1", "1", texts[number % len(texts)])
        reply, conversation = respond(inbound, conversation, line, at)
        times += [number * gap] if reply.text else []
    assert max(sum(at <= one < at + 30 for one in times) for at in times) < 30
    assert times[-1] > 600 * gap - 60  # and goes on


def test_forget_me(line: Line) -> None:
    french = [k.text for k in line.library.keywords if k.value == "forget" and k.language == "fr"]
    for text in ("FORGET ME", "delete my data", "effacez mes données", french[0]):
        _, before = said("cart child", line)
        reply, after = said(text, line, before)
        assert reply.label == "forget"
        assert "1-888-939-3333" in reply.text
        assert after == Conversation(rush=2, rushed=NOW)
        assert said("more", line, after)[0].label == "more"  # and not page 2 of anything
        assert "General info" in said("cart", line, after)[0].text  # a first reply again


def test_forget_me_keeps_an_opt_out_and_sends_nothing(line: Line) -> None:
    _, before = said("STOP", line, said("greffe", line)[1])
    reply, after = said("forget me", line, before)
    assert reply == Reply("forget")
    assert after == Conversation(opted_out=True, asked_at=NOW, rush=3, rushed=NOW)
    assert not said("cart", line, after)[0].text
    assert said("START", line, after)[0].label == "start"


@pytest.mark.parametrize("text", ["forget it", "i forget my meds", "dont forget me", "forget"])
def test_what_only_looks_like_forget_me(line: Line, text: str) -> None:
    assert said(text, line)[0].label != "forget"


# what was texted before, the text, and the label that it gets
WHOM = [
    (["treatment child"], "ADULT", "menu", "adult"),
    (["treatment child", "adult"], "child", "menu", "child"),
    (["does chemo hurt my child"], "1", "child.chemo", "child"),
    (["la chimio fait-elle mal à mon enfant"], "1", "child.chemo", "child"),
    (["support for my child"], "cart", "child.cart", "child"),
    (["chemo"], "more for my child", "child.chemo", "child"),
    (["kymriah for my daughter"], "more adult", "adult.cart", "adult"),
    (["cart child"], "more for my child", "more", "child"),
    (["antibodies child"], "more", "more", "child"),
    (["Blincyto"], "child", "child.targeted", "child"),
    (["inotuzumab"], "child", "out_of_scope", ""),
    (["tbi"], "child", "child.radiation", "child"),
    (["menu for kids"], "cns", "child.cns", "child"),
    (["cart", "menu"], "child", "menu", "child"),
]


def test_a_teenager_is_asked_about(line: Line) -> None:
    asked, told = talk(line, "my teen is 17, can he get a stem cell transplant", "child")
    assert asked.label == "clarify"
    assert "CHILD" in asked.text
    assert "ADULT" in asked.text
    assert (told.label, told.audience) == ("child.transplant", "child")


@pytest.mark.parametrize(("before", "text", "label", "audience"), WHOM)
def test_who_is_told_what(
    line: Line, before: list[str], text: str, label: str, audience: str
) -> None:
    reply = talk(line, *before, text)[-1]
    assert (reply.label, reply.audience) == (label, audience)


def test_more_loses_nothing_when_the_language_changes(line: Line) -> None:
    """Where pages differ, an unfinished part begins again in the other language."""
    tight = Line.of(line.library, "https://answer.example.ca", sms.Budget(2, 2))
    for label in tight.library.editions["en"].answers:
        for first, second in (("en", "fr"), ("fr", "zh_Hans"), ("en", "tl"), ("tl", "fr")):
            for stop in range(len(tight.layout.screen(label, first).pages)):
                state = Conversation(
                    language=first, introduced=True, heard=NOW, screen=label, read_in=first,
                    page=stop, audience=label[:5],
                )  # fmt: skip
                read = tight.layout.screen(label, first).pages[stop].last
                parts: set[int] = set()
                shown = tight.layout.screen(label, second).pages
                while True:
                    reply, state = said(more(tight, second), tight, state)
                    if not reply.topic:
                        break
                    shown = tight.layout.screen(label, second, state.opening).pages
                    page = shown[state.page]
                    parts |= set(range(page.first, page.last + 1))
                last = shown[-1].last
                assert parts >= set(range(read + 1, last + 1)), (label, first, stop)


def test_the_word_that_a_draft_tells_to_text_works_in_every_language(line: Line) -> None:
    """EN is an ordinary word in French and Spanish, and what the notice of a draft says."""
    for language, edition in line.library.editions.items():
        before = Conversation(language=language, chosen=True, screen="adult.cart", heard=1)
        assert language == "en" or "EN" in edition.say("draft", english="EN")
        reply, after = respond(Inbound("test", "+1", "1", "EN"), before, line, 2)
        assert (reply.label, after.language) == ("language:en", "en"), language


def test_thanks_in_another_language_do_not_move_the_page(line: Line) -> None:
    replies = talk(line, "greffe", "thank you", "more")
    assert replies[2].language == "en"
    assert replies[2].text.count("A stem cell transplant replaces stem cells") <= 1
    assert "complex treatment with many risks" in replies[2].text


def test_state_of_another_release_is_forgiven(line: Line) -> None:
    """Two releases may run side by side: what this one does not know is forgotten, not believed."""
    before = Conversation(language="xx", chosen=True, screen="adult.gone", offered=("x.y",), page=9)
    reply, after = said("more", line, before)
    assert (reply.label, reply.language) == ("more", ENGLISH)
    assert (after.screen, after.offered) == ("menu.adult", line.library.labels("adult"))


def test_an_apology_is_in_both_languages_but_a_crisis_is_answered(line: Line) -> None:
    sorry = apologise(Inbound("test", "+1", "1", "CART"), line)
    assert "1-888-939-3333" in sorry.text
    assert sorry.text.count("\n") == 1
    crisis = apologise(Inbound("test", "+1", "1", "je vais me tuer"), line)
    assert (crisis.label, crisis.language) == ("crisis", "fr")
    settled = apologise(Inbound("test", "+1", "1", "kill myself", carrier_answered="stop"), line)
    assert settled == Reply("stop")
    assert apologise(Inbound("test", "+1", "1", "hello"), line, opted_out=True).text == ""
    assert apologise(Inbound("test", "+1", "1", "suicide"), line, opted_out=True).text


def test_without_a_base_the_full_page_is_linked_in_its_language(line: Line) -> None:
    bare = Line.of(line.library)
    for audience in ("adult", "child"):
        for language in line.library.editions:
            label = f"{audience}.cart"
            url = line.library.url(label, language)
            edition = line.library.editions[language]
            shown = bare.layout.show(
                label, language, opening=True, extras=bare.layout.opening_lines(edition)
            )
            own = language in line.library.document(label).urls
            (row,) = [row for row in shown.split("\n") if row.endswith(url)]
            assert row.removesuffix(url).strip() == ("" if own else edition.say("link_in_english"))
            assert bare.layout.fits(shown)
            assert f"cancer.ca/{language if own else 'en'}/" in url


@pytest.mark.parametrize(
    "text",
    [
        '{"language":1}', '{"offered":"x"}', "[]", '"x"', "{", "", '{"streak":"1"}',
        '{"opted_out":1}', '{"offered":{"a":1}}',
    ],
)  # fmt: skip
def test_a_damaged_state_is_noticed(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        Conversation.from_json(text)


def test_an_unknown_key_of_a_state_is_left_out() -> None:
    assert Conversation.from_json('{"later":1,"page":2}') == Conversation(page=2)


def test_the_crisis_reply_that_comes_back_goes_round_no_more(line: Line) -> None:
    """It names what it is about; where it comes back, no person has texted it."""
    for text in ("I want to die", "je veux mourir", "我想死"):
        reply, state = respond(Inbound("x", "y", "1", text), Conversation(), line, 1_000)
        assert reply.label == "crisis"
        again, _ = respond(Inbound("x", "y", "2", f"{reply.text}\n"), state, line, 1_001)
        assert again.text == ""
