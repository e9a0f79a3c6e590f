"""People who text, each one message after the other, and what became of their messages.

A message that is not answered is sent again with its id, as a carrier may; some are sent again
although they were answered. All of it on loopback.
"""

import http.client
import random
import threading
import time
import xml.etree.ElementTree as ET
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

TEXTS = ("CART", "MORE", "MORE", "CHILD", "MORE", "GREFFE", "PLUS", "MENU", "3", "CNS", "EN", "1")
"""What each of them texts, again and again."""
EVERY = 5
STOPS = range(2, 8)
"""The messages at which every fifth contact texts STOP, each of them at one."""
TURNS = 10
"""Messages of each: few enough in half a minute not to be taken for a machine's."""
AGAIN = 0.03
"""The share of messages that come again although they were answered."""
PACE = 0.02
"""Seconds between two messages of a thread, at least: a load must outlast what is broken in it."""
PATIENCE = 90.0
"""Seconds for which a message is sent again before it counts as lost."""
SIGNED = "https://line.example.ca/twilio/messages"
TOKEN = "token"


@dataclass
class Told:
    """What came of all messages: replies by id, in the order in which they came."""

    replies: dict[str, list[str]] = field(default_factory=lambda: defaultdict(list))
    sent: set[str] = field(default_factory=set)
    opted_out: set[int] = field(default_factory=set)
    ports: set[int] = field(default_factory=set)
    slowest: float = 0.0

    @property
    def answered(self) -> int:
        """Messages that got an answer, be it an empty one."""
        return len(self.replies)

    @property
    def lost(self) -> int:
        """Messages that never got one."""
        return len(self.sent - self.replies.keys())

    @property
    def twice(self) -> int:
        """Messages that got two different answers."""
        return sum(len(set(replies)) > 1 for replies in self.replies.values())


def contact(number: int) -> str:
    """Give the address of a contact."""
    return f"+1604{number:07}"


def text_of(number: int, turn: int) -> str:
    """Give what a contact texts at a turn."""
    stops_at = STOPS[number // EVERY % len(STOPS)]
    if number % EVERY == 0 and turn >= stops_at:
        return "STOP" if turn == stops_at else "CART"
    return TEXTS[(number + turn) % len(TEXTS)]


class Crowd:
    """Contacts, shared out among threads; each message goes to any of the ports.

    A port may be added while they text.
    """

    def __init__(
        self,
        ports: list[int],
        contacts: int,
        turns: int,
        threads: int = 8,
        text_of: Callable[[int, int], str] = text_of,
        first: int = 0,
    ) -> None:
        self.ports, self.contacts, self.turns, self.threads = ports, contacts, turns, threads
        self.text_of, self.first = text_of, first
        self.told = Told()
        self.validator = RequestValidator(TOKEN)
        self._texting: list[threading.Thread] = []

    def text(self, meanwhile: Callable[[], None] | None = None) -> Told:
        """Text until all is said; `meanwhile` breaks things."""
        self._texting = [
            threading.Thread(target=self._some, args=(range(n, self.contacts, self.threads), n))
            for n in range(self.threads)
        ]
        for thread in self._texting:
            thread.start()
        try:
            if meanwhile:
                meanwhile()
        finally:
            for thread in self._texting:
                thread.join()
        return self.told

    def wait_for(self, share: float) -> None:
        """Wait for a share of it; no longer than anybody texts."""
        while len(self.told.replies) < share * self.contacts * self.turns and not self.is_over():
            time.sleep(0.01)

    def is_over(self) -> bool:
        """Tell whether nobody texts any more."""
        return not any(thread.is_alive() for thread in self._texting)

    def text_once(self, number: int, sid: str, text: str, port: int) -> None:
        """Text one message more, until it is answered."""
        connections: dict[int, http.client.HTTPConnection] = {}
        self._until_answered(connections, number, sid, text, port)
        _close(connections)

    def opt_outs_lost(self) -> int:
        """Count those whose opt-out was confirmed and who are answered all the same.

        They ask for help, which is answered also where they have asked for one thing again and
        again, unless they opted out; somebody who did not must be answered, or it says nothing.
        """
        if not self._is_answered(EVERY - 1):
            raise AssertionError("who did not opt out gets no help either")
        return sum(map(self._is_answered, sorted(self.told.opted_out)))

    def _is_answered(self, number: int) -> bool:
        """Tell whether any of the servers answers a contact."""
        replies = []
        for port in self.ports:
            connections: dict[int, http.client.HTTPConnection] = {}  # new: any worker may take it
            sid = f"SMend{number}x{port}"
            replies.append(self._until_answered(connections, number, sid, "HELP", port))
            _close(connections)
        return any(replies)

    def _some(self, numbers: range, seed: int) -> None:
        chance = random.Random(seed)
        connections: dict[int, http.client.HTTPConnection] = {}
        for turn in range(self.turns):
            for number in numbers:
                due = time.monotonic() + PACE
                sid, text = f"SM{number}x{turn}", self.text_of(number, turn)
                self.told.sent.add(sid)
                for _ in range(1 + (chance.random() < AGAIN)):
                    port = chance.choice(self.ports)
                    reply = self._until_answered(connections, number, sid, text, port)
                    if reply is None:
                        break
                    self.told.replies[sid].append(reply)
                    if text == "STOP" and "opted out" in reply:
                        self.told.opted_out.add(number)
                time.sleep(max(0.0, due - time.monotonic()))
        _close(connections)

    def _until_answered(
        self,
        connections: dict[int, http.client.HTTPConnection],
        number: int,
        sid: str,
        text: str,
        port: int,
    ) -> str | None:
        sender = contact(self.first + number)
        form = {"MessageSid": sid, "From": sender, "To": "+15145550100", "Body": text}
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Twilio-Signature": self.validator.compute_signature(SIGNED, form),
        }
        begun = time.monotonic()
        while time.monotonic() - begun < PATIENCE:
            connection = connections.get(port)
            sent = time.monotonic()
            try:
                if connection is None:
                    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=15)
                    connections[port] = connection
                connection.request("POST", "/twilio/messages", urlencode(form), headers)
                answer = connection.getresponse()
                body = answer.read()
                if answer.status == 200:
                    self.told.ports.add(port)
                    self.told.slowest = max(self.told.slowest, time.monotonic() - sent)
                    return ET.fromstring(body).findtext("Message", "")
            except (OSError, http.client.HTTPException):
                if gone := connections.pop(port, None):
                    gone.close()
            time.sleep(0.05)
            port = random.choice(self.ports)
        return None


def _close(connections: dict[int, http.client.HTTPConnection]) -> None:
    for one in connections.values():
        one.close()
