"""What `serve` makes its workers of: one line, and how all of them take up changed content.

Workers are never ended for that: each has a listening socket of its own, and connections that wait
in it would be reset with it.
"""

import gc
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from contextlib import suppress

import click
from flask import Flask

from bot.app import create_app, take_up
from bot.config import Config
from bot.line import Line
from bot.prepared import is_kept, line_of, stamp_of
from bot.problems import ConfigError, ContentError
from bot.store import StoreError, open_store

TO_WORKERS = signal.SIGUSR1
"""Tells a worker to read the content again."""


class Loader:
    """Makes each worker's app from one line, set up before workers are forked from this process.

    So a worker starts at once, and workers share the memory of what is never written to.
    """

    def __init__(self) -> None:
        self.line: Line | None = None
        self.made_from = b""

    def __call__(self) -> Flask:
        """Make a worker's app; a signal to end that comes meanwhile ends the worker."""
        for one in (signal.SIGINT, signal.SIGTERM):
            signal.signal(one, signal.SIG_DFL)
        app = create_app(line=self.line)

        read = _on(TO_WORKERS, lambda line: take_up(app, line))
        if self.made_from not in (b"", stamp_of(Config.from_env(os.environ))):
            read()  # the content has changed while this worker was starting, and could not hear it
        return app

    def __getstate__(self) -> dict[str, object]:
        """Leave the line behind where workers are not forked: they read the content themselves."""
        return {"line": None, "made_from": b""}

    def read(self, config: Config) -> None:
        """Take up the line that was prepared; where none is kept, set it up here."""
        self.made_from, self.line = stamp_of(config), line_of(config)
        gc.collect()
        gc.freeze()  # the collector would write to what workers share

    def listen(self, workers: Callable[[], list[int]]) -> None:
        """Take up changed content on a hangup signal, here and then in each of the workers.

        Content with faults is taken up nowhere. Called in the first process, before it forks.
        """

        def keep(line: Line) -> None:
            # for workers that are started later
            self.made_from, self.line = stamp_of(Config.from_env(os.environ)), line
            click.echo("Reload: the content was read again.", err=True)
            for pid in workers():
                with suppress(ProcessLookupError):
                    os.kill(pid, TO_WORKERS)

        signal.signal(TO_WORKERS, signal.SIG_IGN)  # in a worker that does not listen yet
        _on(signal.SIGHUP, keep)


def prepare_apart(config: Config) -> None:
    """Have a process of its own make the database and the line ready, where they are not.

    What that takes (memory, and libraries that the workers do without) goes with it. Raises
    ClickException with what it said where it could not.
    """
    if open_store(config.database).current() and is_kept(config):
        return
    command = [sys.executable, "-m", "bot", "prepare"]
    done = subprocess.run(command, stderr=subprocess.PIPE, text=True, check=False)  # noqa: S603
    if done.returncode:
        raise click.ClickException(done.stderr.removeprefix("Error: ").strip())
    click.echo(done.stderr, nl=False, err=True)


def _on(signal_: signal.Signals, keep: Callable[[Line], None]) -> Callable[[], None]:
    """Read the content at a signal, in a thread; one reading after the other, so the last wins.

    Gives what begins such a reading without a signal.
    """
    one_at_a_time = threading.Lock()

    def read() -> None:
        with one_at_a_time:
            _read_again(keep)

    def begin() -> None:
        threading.Thread(target=read).start()

    signal.signal(signal_, lambda *_: begin())
    return begin


def _read_again(keep: Callable[[Line], None]) -> None:
    try:
        config = Config.from_env(os.environ)
        prepare_apart(config)
        line = line_of(config)
    except (click.ClickException, ContentError, ConfigError, StoreError) as error:
        said = f"Reload: the content is left as it was, as it has faults:\n{error}"
        click.echo(said, err=True)
        return
    keep(line)
