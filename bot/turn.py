"""One turn: an inbound message through one transaction of the store. Every channel enters here.

While the store cannot be used a message is answered from the content alone, at once, and kept in
the spool; a thread looks for the store meanwhile, so that no message waits for it.
"""

import hmac
import logging
import threading
import time
import traceback
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Final

from msgspec.structs import replace

from bot.conversation import apologise, respond
from bot.counts import Counts
from bot.languages import negotiated
from bot.line import Line
from bot.model import Conversation, Delivery, Inbound, Part, Reply
from bot.outage import Outage, Recent
from bot.parts import Parts, whole_key
from bot.posts import Outgoing, Seal
from bot.spool import Entry, Spool
from bot.store import Post, Posting, Store, StoreError, Unmatched
from bot.store.rows import DAY
from bot.understanding import Note, understand
from bot.understanding.scrub import scrubbed

if TYPE_CHECKING:
    from bot.metrics import Metrics

QUICK: Final = 0.5
"""Seconds within which a store fails that may still be read: one that hangs is not asked again."""

CONSOLE: Final = "console"
"""The channel of phones that staff simulate."""

HANDOFF: Final = "handoff"
"""The channel through which an operator's own webhook is told that people are wanted."""

LITTLE: Final = 32 * 1024
"""Bytes of a spool that are taken up while somebody waits: a few dozen answers."""

NEEDS_STATE: Final = frozenset({"more", "out_of_scope"})
"""Labels of replies that make no sense without what went before: better an apology."""

log = logging.getLogger(__name__)

Take = Callable[[Inbound], Reply]
"""What a channel does with a message that it has read."""


class NotTakenError(Exception):
    """A message whose reply would have to wait can be kept nowhere: it has to come again."""


Report = Callable[[Delivery], None]
"""What a channel does with what it was told of a reply."""


def now() -> int:
    """Unix seconds."""
    return int(time.time())


@dataclass
class Turns:
    """Takes turns with one line, one store, one key for hashing contacts, and one clock.

    `line` may be replaced while it runs: a turn that has begun may see either.
    `spool` is where answers are kept while the store is away; without one they are not.
    `former_key` is the key before this one: what is kept under it is found, and moved. Texts that
    were not understood are kept, scrubbed, if there are `unmatched_days`; `metrics` and `counts`
    count, but not what staff try out. `handoff` names labels of replies that
    people are told of: where the message's channel can, there, else through the channel HANDOFF if
    that is there (`wanted`). `wake` is told of posts; `offer` sends some while the store is away.
    """

    line: Line
    store: Store
    key: bytes
    clock: Callable[[], int] = now
    spool: Spool | None = None
    former_key: bytes = b""
    unmatched_days: int = 0
    metrics: "Metrics | None" = None
    counts: Counts | None = None
    handoff: frozenset[str] = frozenset()
    wanted: bool = False
    wake: Callable[[], None] | None = None
    offer: Callable[[Sequence[Post], Callable[[], None]], None] | None = None
    outage: Outage = field(default_factory=Outage)
    recent: Recent = field(default_factory=Recent)
    _one_at_a_time: threading.Lock = field(default_factory=threading.Lock)

    def take(self, inbound: Inbound, note: Note = None) -> Reply:
        """Answer a message once; the same message again gets the same reply.

        `note` takes down why, rule by rule; nothing keeps it. If the turn fails, the person gets
        what the content alone answers, or an apology with the support line, and the operator a log
        line with the message's id: never an address, never a text. A part of a text waits for the
        others; whichever comes last is answered for all. Raises NotTakenError where the reply, or a
        part, has to wait, and there is no place for it.
        """
        if not (inbound.id.isascii() and inbound.id.isprintable()):
            inbound = replace(inbound, id=storable(inbound.id))
        if inbound.part:
            return self._take_part(inbound, inbound.part, note)
        begun = time.perf_counter()
        if inbound.hint:
            editions = self.line.library.editions
            inbound = replace(inbound, hint=negotiated(inbound.hint, editions))
        reply = self._take(inbound, note)
        took = time.perf_counter() - begun
        if inbound.channel != CONSOLE:
            if self.metrics:
                self.metrics.turn(inbound, reply, took)
            if self.counts:
                self.counts.note(inbound, reply, self.clock())
        if log.isEnabledFor(logging.INFO):
            told = {
                "message_id": inbound.id, "channel": inbound.channel, "label": reply.label,
                "language": reply.language, "sent": bool(reply.text), "ms": round(took * 1000, 2),
            }  # fmt: skip
            log.info("answered", extra=told)
        return reply

    def _take_part(self, inbound: Inbound, part: Part, note: Note) -> Reply:
        """Keep a part, and answer the whole where all of it is there."""
        if self.outage.lasts:
            raise NotTakenError
        contact, at, begun = contact_key(self.key, inbound), self.clock(), time.monotonic()
        try:
            whole = self._parts.joined(inbound, part, contact, at)
        except StoreError as error:
            log.error("a part, message %s, was not kept: %s", inbound.id, error)
            self._count_fault("store")
            self.outage.begin(self.is_back, readable=time.monotonic() - begun < QUICK)
            raise NotTakenError from error
        if whole is None:
            if understand(inbound.text, self.line.vocabulary).kind == "crisis":
                return self.take(replace(inbound, part=None), note)  # it waits for nothing
            return Reply("")
        reply = self.take(whole, note)
        with suppress(StoreError):  # else they are overdue later, and known as answered
            self._parts.forget(whole_key(part, contact))
        return reply

    def take_overdue(self) -> None:
        """Answer texts of which some parts have not come, as far as they have."""
        try:
            for whole, inbound in self._parts.overdue(self.clock()):
                if inbound is None:
                    log.error("parts of a text could not be read, and are left out")
                else:
                    self.take(inbound)
                self._parts.forget(whole)
        except (StoreError, NotTakenError) as error:
            log.warning("what came of texts in parts is answered later (%s)", type(error).__name__)

    def _take(self, inbound: Inbound, note: Note) -> Reply:
        at, message = self.clock(), f"{inbound.channel}:{inbound.id}"
        contact = contact_key(self.key, inbound)
        pending = self.spool is not None and self.spool.pending()
        if self.spool and pending:
            if not self.outage.lasts:
                self._take_up_soon()
            if entry := self.spool.find(message):
                return entry.reply
        if not self.outage.lasts:
            begun = time.monotonic()
            try:
                return self._turn(inbound, message, contact, at, note, pending)
            except StoreError as error:
                log.error("message %s was not taken: %s", inbound.id, error)
                self._count_fault("store")
                self.outage.begin(self.is_back, readable=time.monotonic() - begun < QUICK)
            except Exception as error:  # noqa: BLE001 - silence is worst: whatever broke, apologise
                where = "".join(traceback.format_tb(error.__traceback__))
                log.error("message %s failed with %s\n%s", inbound.id, type(error).__name__, where)
                self._count_fault("turn")
                apology = apologise(inbound, self.line, self._opted_out(contact, inbound))
                return self._apologised(inbound, message, contact, at, apology)
        return self._without_store(inbound, message, contact, at)

    def _apologised(
        self, inbound: Inbound, message: str, contact: bytes, at: int, apology: Reply
    ) -> Reply:
        """Give the apology back, or put it in the outbox where that is the way."""
        posting = self._posting(inbound, at)
        if posting and inbound.back:
            former = self._former(inbound)
            try:
                self.store.turn(message, contact, at, lambda was: (apology, was), former, posting)
            except StoreError as error:
                log.error("message %s was not taken: %s", inbound.id, error)
                raise NotTakenError from error
            self._wake()
        return apology

    def report(self, delivery: Delivery) -> None:
        """Note what became of a reply; who has opted out with the carrier has with us too.

        The same again is nothing new, and nobody tells it twice: what the store cannot note is lost
        but for an opt-out, which the spool keeps.
        """
        at = self.clock()
        message = f"{delivery.channel}:{delivery.id}"
        begun = time.monotonic()
        try:
            if self.outage.lasts:
                log.error("what became of reply %s was not noted", delivery.id)
            elif not self.store.delivered(message, delivery.status, delivery.code, at):
                return
        except StoreError as error:
            log.error("what became of reply %s was not noted: %s", delivery.id, error)
            self.outage.begin(self.is_back, readable=time.monotonic() - begun < QUICK)
        if delivery.code:
            log.warning("reply %s failed: error %d", delivery.id, delivery.code)
            if self.metrics:
                self.metrics.failed(delivery)
        if delivery.refused:
            self.take(
                Inbound(
                    delivery.channel, delivery.contact, f"{delivery.id}:refused", "",
                    carrier_answered="stop",
                )
            )  # fmt: skip

    def _turn(
        self,
        inbound: Inbound,
        message: str,
        contact: bytes,
        at: int,
        note: Note,
        pending: bool,
    ) -> Reply:
        not_understood = False

        def step(before: Conversation) -> tuple[Reply, Conversation]:
            nonlocal not_understood
            if pending:
                before = self._as_asked(contact, before)
            said = self._respond(inbound, before, at, note)
            not_understood = said[0].label == "out_of_scope" and bool(said[0].text)
            return said

        posting = self._posting(inbound, at)
        reply = self.store.turn(message, contact, at, step, self._former(inbound), posting)
        self.recent.note(message, reply)
        if posting:
            if reply.label == "forget":
                self.store.change("DELETE FROM outbox WHERE contact = ? AND failed <> ''", contact)
                self.store.change("DELETE FROM concatenated WHERE contact = ?", contact)
            self._wake()
        if not_understood and self.unmatched_days and inbound.channel != CONSOLE:
            self._note_unmatched(inbound, reply, at)
        return reply

    def _respond(
        self, inbound: Inbound, before: Conversation, at: int, note: Note
    ) -> tuple[Reply, Conversation]:
        """Find the reply; it says that people are told only where they are."""
        passed_on = "support" in self.handoff and self._has_people(inbound)
        if passed_on != inbound.handoff:
            inbound = replace(inbound, handoff=passed_on)
        return respond(inbound, before, self.line, at, note)

    def _note_unmatched(self, inbound: Inbound, reply: Reply, at: int) -> None:
        """Keep what was not understood, as far as it tells nothing of who wrote it."""
        text = scrubbed(inbound.text, self.line.vocabulary)
        try:
            self.store.note_unmatched(Unmatched(at // DAY, reply.language, text))
        except StoreError as error:
            log.warning("a text that was not understood was not kept: %s", error)

    def _posting(self, inbound: Inbound, at: int) -> Posting | None:
        """Give what says which posts a reply needs; None where none of its replies needs one."""
        if not (inbound.back or self.handoff):
            return None

        def posting(reply: Reply) -> list[Post]:
            outgoing = Outgoing(
                inbound.channel, inbound.id, storable(inbound.contact), reply, inbound.back, at=at
            )
            posts = []
            if inbound.back and reply.text:
                posts.append(Post(inbound.channel, self.seal.closed(outgoing)))
            if reply.text and reply.label in self.handoff and self._has_people(inbound):
                through = inbound.channel if inbound.handoff else HANDOFF
                posts.append(Post(through, self.seal.closed(replace(outgoing, kind="handoff"))))
            return posts

        return posting

    def _has_people(self, inbound: Inbound) -> bool:
        """Tell whether people can be told of this contact; of phones that staff simulate, never."""
        return inbound.channel != CONSOLE and (inbound.handoff or self.wanted)

    @cached_property
    def seal(self) -> Seal:
        """Give what seals posts."""
        return Seal(self.key, self.former_key)

    @cached_property
    def _parts(self) -> Parts:
        return Parts(self.store, self.seal)

    def _wake(self) -> None:
        if self.wake:
            self.wake()

    def _count_fault(self, kind: str) -> None:
        if self.metrics:
            self.metrics.fault(kind)

    def _former(self, inbound: Inbound) -> bytes:
        return contact_key(self.former_key, inbound) if self.former_key else b""

    def _answered_before(self, message: str) -> Reply | None:
        """Give the reply that a message got before the store was away, as far as it is known."""
        if reply := self.recent.find(message):
            return reply
        begun = time.monotonic()
        try:
            return self.store.reply_to(message) if self.outage.readable else None
        except StoreError:
            self.outage.readable = time.monotonic() - begun < QUICK
            return None

    def _without_store(self, inbound: Inbound, message: str, contact: bytes, at: int) -> Reply:
        """Answer from the content alone, and keep that until the store is back.

        What the contact asked for since is obeyed; whether it had opted out before is known only
        where the store can still be read. An opt-out that cannot be kept is not confirmed.
        """
        if before := self._answered_before(message):
            return before
        asked_since = self.spool.opted_out(contact) if self.spool else None
        opted_out = self._opted_out(contact, inbound) if asked_since is None else asked_since
        reply, after = self._respond(inbound, Conversation(opted_out=opted_out), at, None)
        asked = after.opted_out != opted_out or reply.label in CONFIRMED
        changed = after.opted_out if asked else None
        if reply.label in NEEDS_STATE and not inbound.carrier_answered:
            reply = apologise(inbound, self.line, opted_out)
        log.warning("message %s was answered from the content alone (%s)", inbound.id, reply.label)
        posting = self._posting(inbound, at)
        posts = tuple(posting(reply)) if posting else ()
        entry = Entry(message, contact, at, reply, changed, self._former(inbound), posts)
        try:
            if self.spool is None:
                raise OSError("there is no spool")
            self.spool.keep(entry)
        except OSError as error:
            log.error("message %s was not kept: %s", inbound.id, error)
            if inbound.back and posts:
                raise NotTakenError from error
            if posts:
                log.error("message %s: people were not told of it", inbound.id)
            if changed is not None or reply.label == "forget":
                return apologise(inbound, self.line, opted_out)
            return reply
        if posts and self.offer:
            self.offer(posts, lambda: self._note_sent(entry))
        return reply

    def _note_sent(self, entry: Entry) -> None:
        """Note in the spool that an entry's posts need not wait for the store any more."""
        if self.spool and self.spool.pending():
            try:
                self.spool.keep(replace(entry, posts=()))
            except OSError as error:
                log.warning("a reply may be sent twice: %s", error)

    def _as_asked(self, contact: bytes, before: Conversation) -> Conversation:
        """Put what a contact asked for while the store was away in what the store remembers."""
        asked = self.spool.opted_out(contact) if self.spool and self.spool.pending() else None
        return before if asked is None else replace(before, opted_out=asked)

    def _take_up_soon(self) -> None:
        """Hand what was answered meanwhile to the store: at once if it is little.

        Else beside the turns, which need not wait for it: opt-outs in it are obeyed anyway.
        """
        assert self.spool is not None  # noqa: S101 - asked for only where there is one
        if self.spool.size() <= LITTLE:
            self._take_up()
        elif self._one_at_a_time.acquire(blocking=False):
            threading.Thread(target=self._take_up_beside, daemon=True).start()

    def _take_up_beside(self) -> None:
        try:
            self._take_up()
        finally:
            self._one_at_a_time.release()

    def _take_up(self) -> None:
        assert self.spool is not None  # noqa: S101 - asked for only where there is one
        try:
            if taken := self.spool.drain(self._hand_over):
                log.warning("%d messages that were answered meanwhile were taken up", taken)
        except (StoreError, OSError) as error:
            log.error("what was answered meanwhile was not taken up: %s", error)

    def _hand_over(self, entry: Entry) -> None:
        def step(before: Conversation) -> tuple[Reply, Conversation]:
            if entry.reply.label == "forget" and before.heard <= entry.at:
                return entry.reply, Conversation(
                    opted_out=before.opted_out, asked_at=before.asked_at
                )
            if entry.opted_out is None or before.asked_at > entry.at:  # asked otherwise since
                return entry.reply, before
            heard = max(before.heard, entry.at)
            return entry.reply, replace(
                before, opted_out=entry.opted_out, asked_at=entry.at, heard=heard
            )

        last = self.spool.find(entry.message) if self.spool else None
        posts = entry.posts if last is None else last.posts
        kept = self.store.turn(
            entry.message, entry.contact, entry.at, step, entry.former, lambda _: posts
        )
        if posts:
            self._wake()
        # It was taken after all, and that could not be known any more. Where the reply went by a
        # call of its own, that of the outbox was sent.
        if kept != entry.reply and not entry.posts:
            self.store.correct(entry.message, entry.reply)

    def is_back(self) -> bool:
        """Tell whether the store, which was away, answers again."""
        try:
            self.store.ping()
        except StoreError:
            return False
        log.warning("the store is back")
        return True

    def _opted_out(self, contact: bytes, inbound: Inbound) -> bool:
        known_by = filter(None, (contact, self._former(inbound)))
        try:
            return self.outage.readable and any(map(self.store.opted_out, known_by))
        except StoreError:
            self.outage.readable = False  # the next ones need not wait to find that out
            return False  # not known: an answer too many is better than silence


CONFIRMED: Final = frozenset({"stop", "start"})
"""Labels whose reply tells that an opt-out or opt-in was taken: it is kept, or not confirmed."""


def storable(said: str) -> str:
    """Write a platform's id so that every store can keep it: no NUL, no half of a character."""
    return said.encode("utf-8", "replace").decode().replace("\0", "?")


def contact_key(key: bytes, inbound: Inbound) -> bytes:
    """Hash a contact's address on its channel with HMAC-SHA256, so that no address is stored."""
    return hmac.digest(
        key, f"{inbound.channel}:{inbound.contact}".encode(errors="surrogatepass"), "sha256"
    )
