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
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from urllib.parse import urlencode

from twilio.request_validator import RequestValidator

TEXTS = ("CART", "MORE", "MORE", "CHILD", "MORE", "GREFFE", "PLUS", "MENU", "3", "CNS", "EN", "1")
"""What each of them texts, again and again."""
STOPS_AT = 17
"""The message of every fifth contact that is STOP."""
EVERY = 5
AGAIN = 0.03
"""The share of messages that come again although they were answered."""
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
    if number % EVERY == 0 and turn >= STOPS_AT:
        return "STOP" if turn == STOPS_AT else "CART"
    return TEXTS[turn % len(TEXTS)]


class Crowd:
    """Contacts, shared out among threads; each message goes to any of the ports."""

    def __init__(self, ports: Sequence[int], contacts: int, turns: int, threads: int = 8) -> None:
        self.ports, self.contacts, self.turns, self.threads = ports, contacts, turns, threads
        self.told = Told()
        self.validator = RequestValidator(TOKEN)

    def text(self, meanwhile: Callable[[Callable[[float], None]], None] | None = None) -> Told:
        """Text until all is said; `meanwhile` breaks things, given a wait for a share of it."""
        threads = [
            threading.Thread(target=self._some, args=(range(n, self.contacts, self.threads), n))
            for n in range(self.threads)
        ]
        for thread in threads:
            thread.start()
        if meanwhile:
            meanwhile(self._wait_for)
        for thread in threads:
            thread.join()
        return self.told

    def opt_outs_lost(self) -> int:
        """Count those whose opt-out was confirmed and who are answered all the same."""
        connections: dict[int, http.client.HTTPConnection] = {}
        lost = sum(
            self._until_answered(connections, number, f"SMend{number}", "CART", self.ports[0]) != ""
            for number in sorted(self.told.opted_out)
        )
        _close(connections)
        return lost

    def _wait_for(self, share: float) -> None:
        while len(self.told.replies) < share * self.contacts * self.turns:
            time.sleep(0.01)

    def _some(self, numbers: range, seed: int) -> None:
        chance = random.Random(seed)
        connections: dict[int, http.client.HTTPConnection] = {}
        for turn in range(self.turns):
            for number in numbers:
                sid, text = f"SM{number}x{turn}", text_of(number, turn)
                self.told.sent.add(sid)
                for _ in range(1 + (chance.random() < AGAIN)):
                    port = chance.choice(self.ports)
                    reply = self._until_answered(connections, number, sid, text, port)
                    if reply is None:
                        break
                    self.told.replies[sid].append(reply)
                    if text == "STOP" and "opted out" in reply:
                        self.told.opted_out.add(number)
        _close(connections)

    def _until_answered(
        self,
        connections: dict[int, http.client.HTTPConnection],
        number: int,
        sid: str,
        text: str,
        port: int,
    ) -> str | None:
        form = {
            "MessageSid": sid, "From": contact(number), "To": "+15145550100", "Body": text,
        }  # fmt: skip
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
