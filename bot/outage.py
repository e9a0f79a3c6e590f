"""While the store is away: that it is, whether it can still be read, and the last replies."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Final

from bot.model import Reply

LOOK_EVERY: Final = 1.0
"""Seconds between two looks for a store that is away."""

RECENT: Final = 500
"""Replies that a process remembers besides."""


class Outage:
    """Whether the store is away, and the thread that looks whether it is back.

    `readable` tells that it can still be read, as where its disk is full.
    """

    def __init__(self) -> None:
        self.lasts = False
        self.readable = True
        self._lock = threading.Lock()

    def begin(self, is_back: Callable[[], bool], *, readable: bool) -> None:
        """Note that the store is away, and look for it from now on."""
        with self._lock:
            if self.lasts:
                return
            self.lasts, self.readable = True, readable
            threading.Thread(target=self._look, args=(is_back,), daemon=True).start()

    def _look(self, is_back: Callable[[], bool]) -> None:
        while True:
            time.sleep(LOOK_EVERY)
            if is_back():
                self.lasts = False
                return


class Recent:
    """The last replies of this process, for messages that come again while the store is away."""

    def __init__(self) -> None:
        self._replies: OrderedDict[str, Reply] = OrderedDict()
        self._lock = threading.Lock()

    def note(self, message: str, reply: Reply) -> None:
        """Take note of a reply, and forget the oldest."""
        with self._lock:
            self._replies[message] = reply
            if len(self._replies) > RECENT:
                self._replies.popitem(last=False)

    def find(self, message: str) -> Reply | None:
        """Give the reply to a message, if it is one of the last."""
        return self._replies.get(message)
