"""Workers that behave in one manner each, for the tests of what the parent makes of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filterviz.settings import Settings
from filterviz.spec import Request
from filterviz.workers.parent.client import WorkerClient
from filterviz.workers.parent.process import WorkerProcess
from filterviz.workers.wire.protocol import Role
from tests.workers.unruly import program

REQUEST = Request("conv", (3, 1, 2))
SETTINGS = Settings(tile_seconds=20.0, reader_seconds=20.0)


def is_alive(process: WorkerProcess) -> bool:
    """Asked anew each time, which a type checker does not believe of an attribute."""
    return process.alive


@contextmanager
def worker(manner: str, folder: Path, settings: Settings = SETTINGS) -> Iterator[tuple[WorkerProcess, WorkerClient]]:
    """A process that is ready, and its client."""
    with WorkerProcess(Role.MODEL, settings, folder, program=program(manner)) as process:
        client = WorkerClient(process, settings)
        client.await_ready()
        yield process, client
