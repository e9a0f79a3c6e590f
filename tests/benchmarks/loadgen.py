"""Send signed Twilio webhooks to a server on loopback, check the answers, and tell what they cost.

    python -m tests.benchmarks.loadgen http://127.0.0.1:8000/twilio/messages --token TOKEN

Every message is built and signed before the clock starts. One thread and one selector send them
over kept connections, so that the generator takes as little as it can of the processors that the
server needs. It talks to loopback only, and ends after its last answer or after `--max-seconds`.
"""

import argparse
import hashlib
import ipaddress
import json
import os
import random
import selectors
import socket
import sys
import time
import xml.etree.ElementTree as ET
from collections import Counter, defaultdict, deque
from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Final
from urllib.parse import urlencode, urlsplit

from twilio.request_validator import RequestValidator

MIX: Final = {
    "CART": 4, "CNS": 3, "GREFFE": 2, "MENU": 4, "1": 4, "MORE": 4, "FR": 1, "EN": 1,
    "xqzv blorp 77": 2, "сколько стоит?": 1,
}  # fmt: skip
"""What people text, with weights. The last two are understood by nobody."""

MOST_MESSAGES: Final = 100_000
LONGEST: Final = 600.0
"""Seconds: no run takes longer, whatever is asked for."""
REPEAT_WINDOW: Final = 50
"""A repeat is of one of the last so many messages, some of which are not answered yet."""


@dataclass(frozen=True, slots=True)
class Message:
    """One HTTP request, ready to send."""

    wire: bytes
    sid: str


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a run. Times are in milliseconds, CPU in microseconds a message.

    `empty` counts good answers without a message in them. `repeats` tells how ids that were sent
    more than once were answered; `cpu_us` and `pss_mib` are 0 where no process was named.
    """

    sent: int
    answered: int
    good: int
    empty: int
    errors: dict[str, int]
    repeats: dict[str, int]
    seconds: float
    per_second: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    mean_bytes: float
    generator_us: float
    cpu_us: float = 0.0
    pss_mib: float = 0.0


def run(
    url: str,
    token: str,
    n: int = 2000,
    *,
    senders: int = 200,
    concurrency: int = 8,
    repeat: float = 0.0,
    rate: float = 0.0,
    signed_url: str = "",
    refused: str = "",
    pid: int = 0,
    seed: int = 1,
    timeout: float = 15.0,
    max_seconds: float = 60.0,
) -> Result:
    """Send `n` messages and count what comes back.

    `rate` sends at so many a second whether or not answers keep up (latency then counts from the
    moment a message was due); else each of `concurrency` connections sends its next message when
    the last is answered. `repeat` is the share of messages that repeat an earlier one's id.
    `refused` is a text that no good answer holds, such as an apology. `pid` is the server's.
    """
    address = loopback(url)
    messages = build(url, token, min(n, MOST_MESSAGES), senders, repeat, signed_url or url, seed)
    tally = Tally(refused)
    pids = process_tree(pid) if pid else []
    cpu, own = cpu_seconds(pids), time.process_time()
    drive = Drive(address, tally, timeout)
    seconds = drive.run(messages, concurrency, rate, min(max_seconds, LONGEST))
    own, cpu = time.process_time() - own, cpu_seconds(pids) - cpu
    late = sorted(tally.latencies)
    answered = max(1, len(late))
    return Result(
        sent=len(messages),
        answered=len(late),
        good=tally.good,
        empty=tally.empty,
        errors=dict(tally.errors),
        repeats=tally.repeats(),
        seconds=round(seconds, 3),
        per_second=round(len(late) / seconds, 1),
        p50_ms=percentile(late, 0.5),
        p99_ms=percentile(late, 0.99),
        max_ms=percentile(late, 1),
        mean_bytes=round(tally.size / answered, 1),
        generator_us=round(own / answered * 1e6, 1),
        cpu_us=round(cpu / answered * 1e6, 1),
        pss_mib=pss_mib(process_tree(pid)) if pid else 0.0,
    )


# --- messages ---


def fields(sid: str, sender: str, body: str) -> dict[str, str]:
    """Give the form that Twilio sends for a text message."""
    return {
        "ToCountry": "CA", "ToState": "QC", "SmsMessageSid": sid, "NumMedia": "0",
        "ToCity": "MONTREAL", "FromZip": "", "SmsSid": sid, "FromState": "QC",
        "SmsStatus": "received", "FromCity": "MONTREAL", "Body": body, "FromCountry": "CA",
        "To": "+15145550100", "ToZip": "", "NumSegments": "1", "MessageSid": sid,
        "AccountSid": "AC" + "0" * 32, "From": sender, "ApiVersion": "2010-04-01",
    }  # fmt: skip


def build(
    url: str, token: str, n: int, senders: int, repeat: float, signed_url: str, seed: int
) -> list[Message]:
    """Make the messages: the same for the same seed, except for their ids."""
    validator = RequestValidator(token)
    chance, run_id = random.Random(seed), os.urandom(8).hex()
    target, host = urlsplit(url).path or "/", urlsplit(signed_url).netloc
    bodies, weights = list(MIX), list(MIX.values())
    messages: list[Message] = []
    first: deque[Message] = deque(maxlen=REPEAT_WINDOW)
    for number in range(n):
        if first and chance.random() < repeat:
            messages.append(chance.choice(first))
            continue
        sid = scattered(run_id, number)
        sender = f"+1514{5_000_000 + chance.randrange(senders):07d}"
        form = fields(sid, sender, chance.choices(bodies, weights)[0])
        body = urlencode(form).encode()
        signature = validator.compute_signature(signed_url, form)
        head = (
            f"POST {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: TwilioProxy/1.1\r\n"
            "Accept: */*\r\nContent-Type: application/x-www-form-urlencoded; charset=utf-8\r\n"
            f"Content-Length: {len(body)}\r\nX-Twilio-Signature: {signature}\r\n"
            f"I-Twilio-Idempotency-Token: {sid}\r\nConnection: keep-alive\r\n\r\n"
        )
        messages.append(Message(head.encode() + body, sid))
        first.append(messages[-1])
    return messages


def scattered(run_id: str, number: int) -> str:
    """Give a message id, in no order, as real ones: in order they spare a database its work."""
    return f"SM{hashlib.md5(f'{run_id}{number}'.encode()).hexdigest()}"


# --- answers ---


@dataclass(slots=True)
class Tally:
    """Counts answers and remembers what each message id was answered with."""

    refused: str = ""
    latencies: list[float] = field(default_factory=list)
    errors: Counter[str] = field(default_factory=Counter)
    good: int = 0
    empty: int = 0
    size: int = 0
    by_sid: defaultdict[str, list[bytes]] = field(default_factory=lambda: defaultdict(list))

    def take(self, message: Message, head: bytes, body: bytes, seconds: float) -> None:
        """Count one answer."""
        self.latencies.append(seconds)
        self.size += len(body)
        problem = self.problem(head, body)
        if problem:
            self.errors[problem] += 1
            return
        self.good += 1
        said = b"<Message" in body
        self.empty += not said
        self.by_sid[message.sid].append(body if said else b"")

    def problem(self, head: bytes, body: bytes) -> str:
        """Say what is wrong with an answer; empty where nothing is."""
        if head[9:12] != b"200":
            return f"status {head[9:12].decode('latin-1')}"
        if b"xml" not in header(head, b"content-type"):
            return "not XML by its content type"
        if self.refused and self.refused.encode() in body:
            return "an apology"
        if self.good % 20:  # parsing each would make the generator what is measured
            return "" if b"<Response" in body else "no <Response>"
        try:
            return "" if ET.fromstring(body).tag == "Response" else "the root is not <Response>"
        except ET.ParseError:
            return "not well-formed"

    def repeats(self) -> dict[str, int]:
        """Tell how each id that was answered more than once was answered, over all its answers."""
        kinds: Counter[str] = Counter()
        for answers in self.by_sid.values():
            if len(answers) > 1:
                kinds["ids sent again"] += 1
                said = [answer for answer in answers if answer]
                if not said:
                    kinds["never a message"] += 1
                elif len(said) == 1:
                    kinds["one message, then nothing"] += 1
                else:
                    same = len(set(said)) == 1
                    kinds["same message again" if same else "different messages"] += 1
        return dict(kinds)


def header(head: bytes, name: bytes) -> bytes:
    """Give a header's value in small letters; empty where the head has none."""
    _, found, rest = head.lower().partition(b"\r\n" + name + b":")
    return rest.partition(b"\r\n")[0].strip() if found else b""


def percentile(ordered: Sequence[float], share: float) -> float:
    """Give a percentile of seconds, in milliseconds."""
    return round(ordered[round(share * (len(ordered) - 1))] * 1e3, 3) if ordered else 0.0


# --- sending ---


class Connection:
    """One connection, and the message in flight on it."""

    def __init__(self, address: tuple[str, int], timeout: float) -> None:
        self.socket = socket.create_connection(address, timeout)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.buffer = b""
        self.used = 0
        self.message: Message | None = None
        self.due = self.written = 0.0

    def send(self, message: Message, due: float) -> None:
        """Write a message; `due` is when it should have gone."""
        self.message, self.due, self.buffer, self.written = message, due, b"", time.perf_counter()
        self.used += 1
        self.socket.sendall(message.wire)

    def receive(self) -> tuple[bytes, bytes] | None:
        """Read what is there; the head and the body once both are whole."""
        data = self.socket.recv(65536)
        if not data:
            raise ConnectionResetError
        self.buffer += data
        head, found, body = self.buffer.partition(b"\r\n\r\n")
        if not found or len(body) < int(header(head, b"content-length") or 0):
            return None
        return head, body


class Drive:
    """Keeps messages in flight until all are answered or the time is over."""

    def __init__(self, address: tuple[str, int], tally: Tally, timeout: float) -> None:
        self.address, self.tally, self.timeout = address, tally, timeout
        self.selector = selectors.DefaultSelector()
        self.idle: list[Connection] = []
        self.busy: set[Connection] = set()

    def run(
        self, messages: Iterable[Message], concurrency: int, rate: float, max_seconds: float
    ) -> float:
        """Send everything; return the seconds that it took."""
        queue, clock = deque(messages), time.perf_counter
        start, number, checked = clock(), 0, 0.0
        while (queue or self.busy) and (now := clock()) < start + max_seconds:
            while queue and len(self.busy) < concurrency:
                due = start + number / rate if rate else now
                if due > now:
                    break
                self.send(queue.popleft(), due)
                number += 1
            wait = 0.25
            if rate and queue and len(self.busy) < concurrency:
                wait = min(wait, max(0.0, start + number / rate - clock()))
            for key, _ in self.selector.select(wait):
                self.receive(key.data)
            if now - checked > 0.25:
                checked = now
                for late in [one for one in self.busy if now - one.written > self.timeout]:
                    self.drop(late, "no answer in time")
        seconds = clock() - start
        for connection in [*self.busy]:
            self.drop(connection, "unanswered at the end")
        for connection in [*self.idle]:
            self.drop(connection)
        self.tally.errors.update({"not sent": len(queue)} if queue else {})
        self.selector.close()
        return seconds

    def send(self, message: Message, due: float) -> None:
        """Send on a kept connection, else on a new one."""
        connection = None
        try:
            connection = self.idle.pop() if self.idle else self.connect()
            self.busy.add(connection)
            connection.send(message, due)
        except OSError as error:
            self.failed(connection, error)

    def connect(self) -> Connection:
        connection = Connection(self.address, self.timeout)
        self.selector.register(connection.socket, selectors.EVENT_READ, connection)
        return connection

    def receive(self, connection: Connection) -> None:
        """Take what came on a connection."""
        try:
            answer = connection.receive()
        except OSError as error:
            self.failed(connection, error)
            return
        if answer is None or connection.message is None:
            return
        seconds = time.perf_counter() - connection.due
        self.tally.take(connection.message, *answer, seconds)
        connection.message = None
        if header(answer[0], b"connection") == b"close":
            self.drop(connection)
        else:
            self.busy.discard(connection)
            self.idle.append(connection)

    def failed(self, connection: Connection | None, error: OSError) -> None:
        """Count an error; but send again where a server closed a kept connection as we used it."""
        if connection is None:
            self.tally.errors[type(error).__name__] += 1
            return
        message, again = connection.message, connection.used > 1 and not connection.buffer
        self.drop(connection, "" if again or message is None else type(error).__name__)
        if again and message is not None:
            self.send(message, connection.due)

    def drop(self, connection: Connection, error: str = "") -> None:
        self.busy.discard(connection)
        if connection in self.idle:
            self.idle.remove(connection)
        self.selector.unregister(connection.socket)
        connection.socket.close()
        if error:
            self.tally.errors[error] += 1


def loopback(url: str) -> tuple[str, int]:
    """Give the address to connect to; ValueError if it is not this machine's own."""
    parts = urlsplit(url)
    host, port = parts.hostname or "", parts.port or 80
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    if parts.scheme != "http" or not all(ipaddress.ip_address(a[4][0]).is_loopback for a in found):
        raise ValueError(f"{url}: only http:// to a loopback address")
    return host, port


# --- what the server spent (Linux) ---


def process_tree(pid: int) -> list[int]:
    """List a process and all below it."""
    below: defaultdict[int, list[int]] = defaultdict(list)
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            below[int(stat.read_text().rpartition(")")[2].split()[1])].append(int(stat.parent.name))
        except OSError:
            continue
    tree = [pid]
    for one in tree:
        tree += below[one]
    return tree


def cpu_seconds(pids: Iterable[int]) -> float:
    """Sum the user and system time of processes, in steps of 10 ms."""
    ticks = 0
    for pid in pids:
        try:
            parts = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        ticks += int(parts[11]) + int(parts[12])
    return ticks / os.sysconf("SC_CLK_TCK")


def pss_mib(pids: Iterable[int]) -> float:
    """Sum the memory of processes, with what they share counted once."""
    kib = 0
    for pid in pids:
        try:
            lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
        except OSError:
            continue
        kib += sum(int(line.split()[1]) for line in lines if line.startswith("Pss:"))
    return round(kib / 1024, 1)


def main() -> int:
    """Run from the command line; 1 if any answer was wrong or missing."""
    summary, _, details = (__doc__ or "").partition("\n")
    parser = argparse.ArgumentParser(description=summary, epilog=details)
    parser.add_argument("url", help="where to send to: http:// and a loopback address")
    parser.add_argument("--token", default=os.environ.get("TWILIO_AUTH_TOKEN", "test-token"))
    parser.add_argument("-n", type=int, default=2000, help="how many messages")
    parser.add_argument("--senders", type=int, default=200, help="how many telephone numbers")
    parser.add_argument("-c", "--concurrency", type=int, default=8)
    parser.add_argument("--repeat", type=float, default=0.0, help="share that repeats a message")
    parser.add_argument("--rate", type=float, default=0.0, help="messages a second, come what may")
    parser.add_argument("--signed-url", default="", help="the address signed, if not URL")
    parser.add_argument("--refused", default="", help="a text that no good answer holds")
    parser.add_argument("--pid", type=int, default=0, help="the server's, to tell what it spent")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--timeout", type=float, default=15.0, help="seconds, as long as Twilio's")
    parser.add_argument("--max-seconds", type=float, default=60.0)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = vars(parser.parse_args())
    as_json = options.pop("json")
    result = run(options.pop("url"), options.pop("token"), **options)
    if as_json:
        print(json.dumps(asdict(result)))
    else:
        for name, value in asdict(result).items():
            print(f"{name:>14}  {value}")
    return int(result.good < result.sent)


if __name__ == "__main__":
    sys.exit(main())
