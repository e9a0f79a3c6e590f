"""What a monitoring system is told, in numbers: never an address, and never a word of a text.

Several processes count together where PROMETHEUS_MULTIPROC_DIR names a folder when this is first
imported (`serve` makes one): prometheus-client adds up what each has written there.
"""

import os
from collections.abc import Callable, Iterator
from typing import Final

from prometheus_client import REGISTRY, CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.multiprocess import MultiProcessCollector
from prometheus_client.registry import Collector

from bot.counts import cost
from bot.model import Delivery, Inbound, Reply

MULTIPROC: Final = "PROMETHEUS_MULTIPROC_DIR"
CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"

BUCKETS: Final = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5, 1, 2, 5, 10)
"""Seconds: from what a turn takes to what a carrier does not wait for."""

_turns = Counter(
    "answerline_turns", "Messages that were answered.", ("channel", "language", "label")
)
_segments = Counter(
    "answerline_segments", "Segments of the replies, which is what they cost.",
    ("encoding", "language"),
)  # fmt: skip
_seconds = Histogram(
    "answerline_turn_seconds", "How long a turn takes.", ("channel",), buckets=BUCKETS
)
_faults = Counter(
    "answerline_faults",
    "Turns without the store (store), or that failed and got an apology (turn).",
    ("kind",),
)
_failed = Counter(
    "answerline_failed_replies", "Replies that the carrier could not deliver.", ("channel", "code")
)


_posts = Counter(
    "answerline_posts", "Tries to send what waited in the outbox.", ("channel", "outcome")
)
_links = Counter(
    "answerline_links", "Links of replies that were opened, by the answer.", ("label", "language")
)


class Metrics:
    """Counts turns; what it is given tells, when asked, how things stand.

    `outbox` gives how many posts wait and how many were given up, or nothing where that cannot be
    known.
    """

    def __init__(
        self,
        store_up: Callable[[], bool],
        spool_bytes: Callable[[], int],
        outbox: Callable[[], tuple[int, ...]] = tuple,
    ) -> None:
        self._now = _Now(store_up, spool_bytes, outbox)

    def turn(self, inbound: Inbound, reply: Reply, seconds: float) -> None:
        """Count a turn and its reply."""
        _turns.labels(inbound.channel, reply.language, reply.label).inc()
        _seconds.labels(inbound.channel).observe(seconds)
        if reply.text and inbound.medium == "sms":
            encoding, segments = cost(reply.text)
            _segments.labels(encoding, reply.language).inc(segments)

    def fault(self, kind: str) -> None:
        """Count a turn that did not go as it should: `store` or `turn`."""
        _faults.labels(kind).inc()

    def failed(self, delivery: Delivery) -> None:
        """Count a reply that was not delivered."""
        _failed.labels(delivery.channel, str(delivery.code)).inc()

    def posted(self, channel: str, outcome: str) -> None:
        """Count a try to send a post: `sent`, `later` or `never`."""
        _posts.labels(channel, outcome).inc()

    def link(self, label: str, language: str) -> None:
        """Count that somebody opened an answer's link; nothing tells who."""
        _links.labels(label, language).inc()

    def written(self) -> bytes:
        """Write all of it in Prometheus's text format."""
        registry = REGISTRY
        if os.environ.get(MULTIPROC):  # the library's own name for it, read by it too
            registry = CollectorRegistry()
            MultiProcessCollector(registry)  # type: ignore[no-untyped-call]
        now = CollectorRegistry()
        now.register(self._now)
        return generate_latest(registry) + generate_latest(now)


class _Now(Collector):
    """What is not counted but looked at when it is asked for."""

    def __init__(
        self,
        store_up: Callable[[], bool],
        spool_bytes: Callable[[], int],
        outbox: Callable[[], tuple[int, ...]],
    ) -> None:
        self._store_up, self._spool_bytes, self._outbox = store_up, spool_bytes, outbox

    def collect(self) -> Iterator[Metric]:
        """Look."""
        yield GaugeMetricFamily(
            "answerline_store_up", "Whether the database answers.", float(self._store_up())
        )
        yield GaugeMetricFamily(
            "answerline_spool_bytes",
            "What was answered without the database and waits for it.",
            float(self._spool_bytes()),
        )
        for state, count in zip(("waiting", "given_up"), self._outbox(), strict=False):
            yield GaugeMetricFamily(
                f"answerline_outbox_{state}", f"Replies in the outbox: {state}.", float(count)
            )
