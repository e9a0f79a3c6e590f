"""What waits to be sent: in order, at least once, with patience, and for nobody else to read."""

import base64
import hashlib
import json
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
import standardwebhooks

from bot.app import NAME, create_app
from bot.channels import handoff
from bot.cli.stand_in import standing_in
from bot.config import Config
from bot.keys import contact_secret
from bot.line import Line
from bot.model import Conversation, Inbound, Reply
from bot.outbox import (
    ABREAST,
    GIVE_UP_AFTER,
    LEASE,
    LONGEST_WAIT,
    Later,
    Never,
    Outbox,
    Outcome,
    Row,
    Sent,
    backed_off,
    dead,
    outcome_of,
    replay,
    waiting,
)
from bot.patient import Patient
from bot.platforms import Wanted
from bot.posts import Outgoing, Seal, UnreadableError
from bot.samples.sample import Request
from bot.spool import Spool
from bot.store import Post, Store, StoreError, open_store
from bot.turn import NotTakenError, Turns, contact_key
from tests.faults import outbox as fault
from tests.pg import postgres

NOW = 1_800_000_000
KEY = b"a key for tests, long enough"


@pytest.fixture(scope="session")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with postgres(tmp_path_factory.mktemp("postgres")) as address:
        yield address


@pytest.fixture(params=["sqlite", "postgresql"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    place = str(tmp_path / "line.db")
    if request.param == "postgresql":
        place = request.getfixturevalue("address")
    store = open_store(place)
    store.migrate()
    store.change("DELETE FROM outbox")
    store.change("DELETE FROM messages")
    store.change("DELETE FROM contacts")
    yield store
    store.close()


class Platform:
    """A platform that takes posts, and says what it is told to about some."""

    def __init__(self) -> None:
        self.taken: list[str] = []
        self.says: dict[str, list[Outcome | Exception]] = {}
        self.slow = 0.0
        self.now = NOW
        self._lock = threading.Lock()

    def send(self, _: httpx.Client, outgoing: Outgoing) -> Outcome:
        time.sleep(self.slow)
        with self._lock:
            said = self.says.get(outgoing.message) or [Sent()]
            one = said.pop(0)
            if isinstance(one, Exception):
                raise one
            if isinstance(one, Sent):
                self.taken.append(outgoing.message)
            return one


@pytest.fixture
def platform() -> Platform:
    return Platform()


def post(
    store: Store, contact: str, message: str, seal: Seal | None = None, channel: str = "test"
) -> None:
    """Take a turn whose reply goes by a call of its own."""
    reply = Reply("menu", "text")
    outgoing = Outgoing("test", message, contact, reply, "-", at=NOW)
    sealed = Post(channel, (seal or Seal(KEY)).closed(outgoing))
    hashed = hashlib.sha256(contact.encode()).digest()
    store.turn(
        message,
        hashed,
        NOW,
        lambda _: (reply, Conversation()),
        posting=lambda _: [sealed],
    )


def outbox(store: Store, platform: Platform, seal: Seal | None = None) -> Outbox:
    return Outbox(store, seal or Seal(KEY), {"test": platform.send}, lambda: platform.now)


def run(*boxes: Outbox, until: Callable[[], bool]) -> None:
    """Let outboxes send until something is so."""
    for box in boxes:
        box.start()
    deadline = time.monotonic() + 30
    while not until():
        assert time.monotonic() < deadline
        time.sleep(0.01)
        for box in boxes:
            box.wake()
    for box in boxes:
        box.end()
        assert box._thread is not None
        box._thread.join(20)


def empty(store: Store) -> Callable[[], bool]:
    return lambda: waiting(store) == 0


def test_what_one_contact_gets_keeps_its_order(store: Store, platform: Platform) -> None:
    for number in range(40):
        post(store, f"person {number % 4}", f"{number:02}")
    run(outbox(store, platform), until=empty(store))
    assert sorted(platform.taken) == [f"{number:02}" for number in range(40)]
    for person in range(4):
        own = [one for one in platform.taken if int(one) % 4 == person]
        assert own == sorted(own)


def test_what_cannot_go_through_one_channel_holds_up_no_other(
    store: Store, platform: Platform
) -> None:
    platform.says["1"] = [Later("status 500", 3000)]
    post(store, "ann", "1")
    post(store, "ann", "2", channel="other")
    post(store, "ann", "3")
    box = Outbox(store, Seal(KEY), dict.fromkeys(("test", "other"), platform.send), lambda: NOW)
    run(box, until=lambda: platform.taken == ["2"])
    assert waiting(store) == 2


def test_a_clock_that_was_set_back_keeps_nothing_waiting(store: Store, platform: Platform) -> None:
    post(store, "ann", "1")
    platform.now = NOW - 100_000
    run(outbox(store, platform), until=empty(store))
    assert platform.taken == ["1"]


@pytest.mark.parametrize("way", ["drips", "pours"])
def test_an_answer_that_does_not_end_is_not_waited_for(
    way: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("bot.patient.STEP", 0.3)

    def endless() -> Iterator[bytes]:
        while True:
            time.sleep(0.05 if way == "drips" else 0)
            yield b"x" * (1 if way == "drips" else 65_536)

    answer = httpx.MockTransport(lambda _: httpx.Response(200, content=endless()))
    with Patient(transport=answer) as client, pytest.raises(httpx.ReadTimeout):
        client.get("https://example.ca")
    said = httpx.MockTransport(lambda _: httpx.Response(429, json={"a": 1}, headers={"x": "y"}))
    with Patient(transport=said) as client:
        response = client.get("https://example.ca")
    assert (response.status_code, response.json(), response.headers["x"]) == (429, {"a": 1}, "y")


def test_a_post_that_was_taken_when_the_process_ends_is_noted(
    store: Store, platform: Platform
) -> None:
    """The thread that sends it notes it, and is waited for."""
    platform.slow = 0.5
    post(store, "ann", "1")
    box = outbox(store, platform)
    box.start()
    deadline = time.monotonic() + 20
    while box._free == ABREAST:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    box.end()
    assert box._thread is not None
    box._thread.join(20)
    assert (platform.taken, waiting(store)) == (["1"], 0)


def test_a_fault_of_our_own_does_not_end_the_outbox(
    store: Store, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    box, faults = outbox(store, platform), iter([OSError("no space")])
    take = box._taken

    def failing(count: int) -> list[Row]:
        for fault_ in faults:
            raise fault_
        return take(count)

    monkeypatch.setattr(box, "_taken", failing)
    post(store, "ann", "1")
    run(box, until=empty(store))
    assert platform.taken == ["1"]


def test_several_send_nothing_twice(store: Store, platform: Platform) -> None:
    platform.slow = 0.005
    for number in range(60):
        post(store, f"person {number % 20}", str(number))
    run(*(outbox(store, platform) for _ in range(3)), until=empty(store))
    assert sorted(platform.taken, key=int) == [str(number) for number in range(60)]


def test_the_same_message_again_is_posted_once(store: Store) -> None:
    post(store, "ann", "1")
    post(store, "ann", "1")
    assert waiting(store) == 1


def test_a_turn_that_fails_posts_nothing(store: Store) -> None:
    def fail(_: Conversation) -> tuple[Reply, Conversation]:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.turn("1", b"ann", NOW, fail, posting=lambda _: [Post("test", "x")])
    assert waiting(store) == 0


@pytest.mark.parametrize("said", [Later("status 500"), httpx.ConnectTimeout("")])
def test_what_can_be_tried_again_is_and_the_next_waits_for_it(
    store: Store, platform: Platform, said: Outcome | Exception
) -> None:
    platform.says["1"] = [said, said, Sent()]
    for message in ("1", "2"):
        post(store, "ann", message)
    post(store, "bob", "3")

    def gone_on() -> bool:
        platform.now += 5
        return waiting(store) == 0

    run(outbox(store, platform), until=gone_on)
    assert platform.taken == ["3", "1", "2"]
    assert not dead(store)


def test_a_platform_is_asked_again_when_it_says(store: Store, platform: Platform) -> None:
    platform.says["1"] = [Later("status 429", 100)]
    post(store, "ann", "1")
    run(outbox(store, platform), until=lambda: not platform.says["1"])
    ((due,),) = store.rows("SELECT next_at FROM outbox")
    assert due >= NOW + 100


@pytest.mark.parametrize(
    ("said", "why"),
    [
        (Never("blocked"), "blocked"),
        (ValueError("a word of somebody's"), "sending failed with ValueError"),
    ],
)
def test_what_cannot_be_sent_is_kept_with_the_reason_and_holds_nobody_up(
    store: Store, platform: Platform, said: Outcome | Exception, why: str
) -> None:
    platform.says["1"] = [said]
    post(store, "ann", "1")
    post(store, "ann", "2")
    run(outbox(store, platform), until=empty(store))
    assert platform.taken == ["2"]
    (letter,) = dead(store)
    assert (letter.message, letter.channel, letter.tries, letter.failed) == ("1", "test", 1, why)
    assert replay(store, letter.number + 1, NOW) == 0
    assert replay(store, letter.number, NOW) == 1
    run(outbox(store, platform), until=empty(store))
    assert platform.taken == ["2", "1"]
    assert replay(store, None, NOW) == 0


def test_what_could_not_be_sent_for_a_day_is_given_up(store: Store, platform: Platform) -> None:
    platform.says["1"] = [Later("status 500")]
    post(store, "ann", "1")
    platform.now += GIVE_UP_AFTER
    run(outbox(store, platform), until=empty(store))
    assert [one.failed for one in dead(store)] == ["it could not be sent for a day (status 500)"]
    store.purge(NOW + 6 * 24 * 3600, 0, 100)
    assert dead(store)
    store.purge(NOW + 8 * 24 * 3600, 0, 100)
    assert not dead(store)


def test_who_dies_while_sending_leaves_it_to_the_next(store: Store, platform: Platform) -> None:
    """It may be sent again: nobody knows whether it was."""
    post(store, "ann", "1")
    killed = outbox(store, platform)
    assert [row.message for row in killed._taken(8)] == ["1"]
    other = outbox(store, platform)
    assert other._taken(8) == []
    platform.now += LEASE
    run(other, until=empty(store))
    assert platform.taken == ["1"]
    # And whoever was only slow, and comes back, changes nothing any more.
    post(store, "ann", "2")
    slow = outbox(store, platform)
    (row,) = slow._taken(8)
    platform.now += LEASE
    (_,) = other._taken(8)
    slow._settle(row, Sent())
    assert waiting(store) == 1


def test_a_channel_without_its_settings_sends_nothing(store: Store, platform: Platform) -> None:
    post(store, "ann", "1")
    run(Outbox(store, Seal(KEY), {}, lambda: NOW), until=empty(store))
    assert [one.failed for one in dead(store)] == ["the channel test has no settings here"]
    assert platform.taken == []


def test_a_store_that_is_away_for_a_moment(
    store: Store, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was sent is noted as soon as it can be, and not sent again."""
    post(store, "ann", "1")
    change, failures = store.change, iter([StoreError("away")])

    def failing(query: str, *values: object) -> int:
        for error in failures:
            raise error
        return change(query, *values)  # type: ignore[arg-type]

    monkeypatch.setattr(store, "change", failing)
    run(outbox(store, platform), until=empty(store))
    assert platform.taken == ["1"]


def test_waiting_grows_and_has_an_end() -> None:
    for tries, most in ((0, 2), (1, 4), (5, 64), (20, LONGEST_WAIT), (10_000, LONGEST_WAIT)):
        waits = [backed_off(tries) for _ in range(200)]
        assert most / 2 <= min(waits) < max(waits) <= most


@pytest.mark.parametrize(
    ("status", "headers", "outcome"),
    [
        (200, {}, Sent()),
        (202, {}, Sent()),
        (429, {"Retry-After": "7"}, Later("status 429", 7)),
        (429, {"Retry-After": "999999"}, Later("status 429", 3600)),
        (503, {"Retry-After": "Sun, 06 Nov 2094 08:49:37 GMT"}, Later("status 503")),
        (408, {}, Later("status 408")),
        (500, {}, Later("status 500")),
        (401, {}, Never("status 401: the token was refused; mend it, then replay")),
        (404, {}, Never("status 404")),
    ],
)
def test_what_a_status_means(status: int, headers: dict[str, str], outcome: Outcome) -> None:
    assert outcome_of(httpx.Response(status, headers=headers)) == outcome


# --- sealed ---


def test_nothing_of_anyone_can_be_read_while_it_waits(tmp_path: Path) -> None:
    store = open_store(str(tmp_path / "line.db"))
    store.migrate()
    post(store, "+15145550123", "1")
    store.close()
    kept = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    assert b"outbox" in kept
    for word in (b"5145550123", base64.b64encode(b"+15145550123")[:12]):
        assert word not in kept


def test_a_key_that_was_changed_still_opens() -> None:
    outgoing = Outgoing("test", "1", "ann", Reply("menu", "text"), "-", "handoff", NOW)
    sealed = Seal(KEY).closed(outgoing)
    assert Seal(b"another key, as long as it", KEY).opened(sealed) == outgoing
    for other in (Seal(b"another key, as long as it"), Seal(KEY, b"")):
        with pytest.raises(UnreadableError):
            other.opened(sealed[:-4] + "AAAA")


def test_what_cannot_be_opened_is_given_up(store: Store, platform: Platform) -> None:
    post(store, "ann", "1", Seal(b"a key that nobody has any more"))
    run(outbox(store, platform), until=empty(store))
    assert "sealed under another key" in dead(store)[0].failed


# --- a turn and its posts ---


@pytest.fixture
def turns(line: Line, store: Store, tmp_path: Path) -> Turns:
    return Turns(line, store, KEY, lambda: NOW, Spool(tmp_path / "spool"))


def texted(text: str, id: str = "1", **others: object) -> Inbound:
    return Inbound("test", "ann", id, text, back="-", medium="chat", **others)  # type: ignore[arg-type]


def sealed_posts(store: Store) -> list[Outgoing]:
    return [
        Seal(KEY).opened(one) for (one,) in store.rows("SELECT sealed FROM outbox ORDER BY number")
    ]


def test_a_reply_is_posted_in_its_turn(turns: Turns) -> None:
    woken: list[int] = []
    turns.wake = lambda: woken.append(1)
    reply = turns.take(texted("menu"))
    assert turns.take(texted("menu")) == reply
    (one,) = sealed_posts(turns.store)
    assert (one.channel, one.message, one.contact, one.back, one.kind) == (
        "test", "1", "ann", "-", "reply",
    )  # fmt: skip
    assert one.reply == reply
    assert woken


def test_silence_is_not_posted(turns: Turns) -> None:
    turns.take(texted("STOP"))
    turns.take(texted("cart", "2"))
    assert [one.message for one in sealed_posts(turns.store)] == ["1"]


def let_back(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    """Undo what keeps the store away, and wait until that is found out."""
    monkeypatch.undo()
    deadline = time.monotonic() + 20
    while turns.outage.lasts:
        assert time.monotonic() < deadline
        time.sleep(0.02)


def test_a_reply_without_a_store_waits_for_it(
    turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = turns.store

    def away(*_: object, **__: object) -> Reply:
        raise StoreError("away")

    monkeypatch.setattr(store, "turn", away)
    monkeypatch.setattr(store, "ping", away)
    assert turns.take(texted("cart")).topic == "cart"
    assert turns.take(texted("cart")).topic == "cart"
    let_back(turns, monkeypatch)
    turns.take(texted("menu", "2"))
    assert [one.message for one in sealed_posts(store)] == ["1", "2"]


@pytest.mark.parametrize("taken", [True, False])
def test_a_reply_is_sent_while_the_store_is_away_and_not_once_more_after_that(
    turns: Turns, platform: Platform, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    """If the platform does not take it, it waits for the store; nobody in danger waits for that."""
    store = turns.store
    box = outbox(store, platform)
    turns.offer = box.offer

    def away(*_: object, **__: object) -> Reply:
        raise StoreError("away")

    monkeypatch.setattr(store, "turn", away)
    monkeypatch.setattr(store, "ping", away)
    platform.says["1"] = [Sent() if taken else Later("status 500")]
    turns.take(texted("I want to die"))
    assert box._apart is not None
    box._apart.submit(lambda: None).result(20)
    assert platform.taken == ["1"] * taken
    let_back(turns, monkeypatch)
    turns.take(texted("menu", "2"))
    assert [one.message for one in sealed_posts(store)] == (["2"] if taken else ["1", "2"])
    box.end()


def test_a_reply_that_can_wait_nowhere_is_asked_for_again(
    line: Line, store: Store, monkeypatch: pytest.MonkeyPatch, config: Config
) -> None:
    def away(*_: object, **__: object) -> Reply:
        raise StoreError("away")

    monkeypatch.setattr(store, "turn", away)
    monkeypatch.setattr(store, "ping", away)
    turns = Turns(line, store, KEY, lambda: NOW)
    with pytest.raises(NotTakenError):
        turns.take(texted("cart"))
    let_back(turns, monkeypatch)
    app = create_app(config, line)
    with app.test_request_context():
        response = app.handle_user_exception(NotTakenError())
    assert response.status_code == 503


def test_an_apology_is_posted_too(turns: Turns, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr("bot.turn.respond", broken)
    turns.take(texted("cart"))
    (one,) = sealed_posts(turns.store)
    assert "Sorry, something went wrong" in one.reply.text


def test_who_wants_to_be_forgotten_leaves_no_letter_behind(turns: Turns) -> None:
    turns.take(texted("cart"))
    turns.store.change("UPDATE outbox SET failed = 'blocked'")
    turns.take(texted("FORGET ME", "2"))
    assert [one.message for one in sealed_posts(turns.store)] == ["2"]


# --- people ---


@pytest.mark.parametrize(
    ("labels", "channel_can", "wanted", "posts"),
    [
        (("support",), True, False, [("test", "reply"), ("test", "handoff")]),
        (("support",), False, True, [("test", "reply"), ("handoff", "handoff")]),
        (("support",), False, False, [("test", "reply")]),
        (("crisis",), True, True, [("test", "reply")]),
        ((), True, True, [("test", "reply")]),
    ],
)
def test_people_are_told_of_who_asks_for_them(
    turns: Turns,
    labels: tuple[str, ...],
    channel_can: bool,
    wanted: bool,
    posts: list[tuple[str, str]],
) -> None:
    turns.handoff, turns.wanted = frozenset(labels), wanted
    reply = turns.take(texted("SUPPORT", handoff=channel_can))
    rows = turns.store.rows("SELECT channel FROM outbox ORDER BY number")
    kinds = [one.kind for one in sealed_posts(turns.store)]
    assert list(zip([one for (one,) in rows], kinds, strict=True)) == posts
    told = "We told our support team" in reply.text
    assert told == (len(posts) == 2)


def test_without_a_store_people_are_told_and_said_to_be_told_just_the_same(
    turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> Reply:
        raise StoreError("away")

    monkeypatch.setattr(turns.store, "turn", away)
    monkeypatch.setattr(turns.store, "ping", away)
    assert "We told" not in turns.take(texted("SUPPORT", handoff=True)).text
    turns.handoff, turns.wanted = frozenset({"support"}), True
    assert "We told" in turns.take(texted("SUPPORT", "2")).text
    let_back(turns, monkeypatch)


def test_a_full_disk_keeps_nobody_in_danger_without_a_reply(
    line: Line, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """People cannot be told then; the person is told 9-1-1 and 9-8-8 all the same."""

    def away(*_: object, **__: object) -> Reply:
        raise StoreError("away")

    monkeypatch.setattr(store, "turn", away)
    monkeypatch.setattr(store, "ping", away)
    turns = Turns(line, store, KEY, lambda: NOW, Spool(Path("/nowhere/spool")))
    turns.handoff, turns.wanted = frozenset({"crisis"}), True
    assert "9-8-8" in turns.take(Inbound("twilio", "ann", "1", "I want to die")).text
    with pytest.raises(NotTakenError):
        turns.take(texted("I want to die", "2"))
    let_back(turns, monkeypatch)


def test_a_wish_to_be_forgotten_is_fulfilled_when_the_store_is_back(
    turns: Turns, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(*_: object, **__: object) -> Reply:
        raise StoreError("away")

    turns.take(texted("greffe"))
    monkeypatch.setattr(turns.store, "turn", away)
    monkeypatch.setattr(turns.store, "ping", away)
    assert turns.take(texted("FORGET ME", "2")).label == "forget"
    let_back(turns, monkeypatch)
    turns.take(Inbound("test", "bob", "3", "menu"))
    row = turns.store.contact(contact_key(KEY, texted("")))
    assert row is not None
    assert Conversation.from_json(row.state) == Conversation()


def test_an_opt_out_outlasts_a_turn_that_fails_while_the_key_is_changed(
    line: Line, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    Turns(line, store, KEY, lambda: NOW).take(texted("STOP"))
    new = Turns(line, store, b"another key, as long as it", lambda: NOW, former_key=KEY)

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    with monkeypatch.context() as patch:
        patch.setattr("bot.turn.respond", broken)
        new.take(texted("cart", "2"))
    assert new.take(texted("cart", "3")).text == ""


@pytest.mark.parametrize("id", ["a\0b", "\ud800"], ids=["nul", "half"])
def test_an_id_that_no_store_can_keep_stops_nothing(turns: Turns, id: str) -> None:
    assert turns.take(texted("cart", id)).topic == "cart"
    assert turns.take(texted("cart", id)).topic == "cart"
    assert not turns.outage.lasts


def test_people_are_told_of_a_crisis_on_any_channel(turns: Turns) -> None:
    """Also where the reply itself goes back at once."""
    turns.handoff, turns.wanted = frozenset({"crisis"}), True
    inbound = replace_back(texted("I want to die"))
    assert "9-8-8" in turns.take(inbound).text
    assert [(one.kind, one.reply.label) for one in sealed_posts(turns.store)] == [
        ("handoff", "crisis")
    ]


def replace_back(inbound: Inbound) -> Inbound:
    return Inbound("twilio", inbound.contact, inbound.id, inbound.text)


def test_phones_that_staff_simulate_call_nobody(turns: Turns) -> None:
    turns.handoff, turns.wanted = frozenset({"support"}), True
    reply = turns.take(Inbound("console", "phone", "1", "SUPPORT", handoff=True))
    assert "We told" not in reply.text
    assert sealed_posts(turns.store) == []


def test_an_operator_s_webhook_is_told_and_can_check_who_tells_it(config: Config) -> None:
    secret = "whsec_" + base64.b64encode(b"a secret for tests").decode()
    seen: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        seen.append(request)
        return httpx.Response(204)

    send = handoff.sender(replace(config, wanted=Wanted("https://example.ca/people", secret)))
    outgoing = Outgoing(
        "twilio", "SM-é\n", "+15145550123", Reply("crisis", "9-1-1", "fr"), "", "handoff", NOW
    )
    with httpx.Client(transport=httpx.MockTransport(answer)) as client:
        assert send(client, outgoing) == Sent()
    (request,) = seen
    told = standardwebhooks.Webhook(secret).verify(request.content, dict(request.headers))
    assert told == json.loads(request.content) == {
        "type": "handoff", "id": "SM-é\n", "channel": "twilio", "contact": "+15145550123",
        "label": "crisis", "language": "fr", "at": NOW,
    }  # fmt: skip
    with pytest.raises(standardwebhooks.WebhookVerificationError):
        standardwebhooks.Webhook(secret).verify(request.content + b" ", dict(request.headers))


def test_the_app_sends_by_itself(
    config: Config, line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As it does where it serves: the settings come from the environment."""
    taken: list[Request] = []
    started: list[Outbox] = []
    start = Outbox.start
    monkeypatch.setattr(Outbox, "start", lambda box: (started.append(box), start(box)))
    monkeypatch.setattr("bot.app.logs.configure", lambda *_: None)
    monkeypatch.setattr("bot.app.Tidy.start", lambda _: None)

    def answer(request: Request) -> tuple[int, bytes]:
        taken.append(request)
        return 200, b"{}"

    with standing_in(answer) as url:
        settings = {
            "DATABASE_URL": f"sqlite:///{config.database}", "ANSWERLINE_KEY": config.key,
            "TWILIO_AUTH_TOKEN": "token", "ANSWERLINE_HANDOFF": "support",
            "ANSWERLINE_HANDOFF_URL": url,
            "ANSWERLINE_HANDOFF_SECRET": "YSBzZWNyZXQgZm9yIHRlc3Rz",
        }  # fmt: skip
        for name, value in settings.items():
            monkeypatch.setenv(name, value)
        app = create_app(line=line)
        turns: Turns = app.extensions[NAME]
        turns.take(Inbound("twilio", "ann", "1", "SUPPORT"))
        deadline = time.monotonic() + 20
        while not taken or waiting(turns.store):
            assert time.monotonic() < deadline
            time.sleep(0.01)
    (box,) = started
    box.end()
    assert box._thread is not None
    box._thread.join(20)
    assert json.loads(taken[0].body)["contact"] == "ann"
    assert contact_secret(config)


def test_nothing_is_lost_while_workers_are_killed_and_the_platform_fails(tmp_path: Path) -> None:
    """A short run of `python -m tests.faults.outbox`."""
    result = fault.run(250, f"sqlite:///{tmp_path}/line.db", tmp_path, kill=False)
    assert result.is_clean, result
    assert result.refused
    lost = replace(result, arrived=result.arrived - 1)
    assert not lost.is_clean
    assert not replace(result, twice=result.explained.total() + 1).is_clean
