"""The messages between the parent and a worker process, and their form on the wire.

A frame is a fixed head (magic, version, two lengths), a JSON header, and the raw bytes of the arrays that the header
declares::

    FVZ 1 | header length, 4 bytes | payload length, 8 bytes | {"Progress": {...}} | bytes

Pickle is never used: unpickling data from a worker process would run whatever code the process put into it.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any, TypeVar, get_args

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import RefusalCode
from filterviz.settings import MIB, Settings
from filterviz.spec import DEFAULT_LOAD, LoadOptions, ModelSpec, Pattern, Progress, Request, Unfinished
from filterviz.workers.wire.codec import Malformed, decode, decoder_for, encode

M = TypeVar("M")

HEAD = struct.Struct("!3sBIQ")
MAGIC = b"FVZ"
VERSION = 1
MAX_HEADER = 16 * MIB
MAX_PAYLOAD = 1024 * MIB

TRIPPED = 86
"""The exit status of a worker process that the tripwire ended."""


class Role(StrEnum):
    """The task of a worker process.

    A ``READER`` reads one file and never imports TensorFlow. A ``MODEL`` worker keeps one network open and computes.
    """

    READER = "reader"
    MODEL = "model"


class FailureKind(StrEnum):
    """Why a question was not answered.

    ``REQUEST``: it does not fit the model. ``MEMORY``: memory ran out. ``ENGINE``: the computation failed.
    """

    REQUEST = "request"
    MEMORY = "memory"
    ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Hello:
    """To a worker, as the first message: its role and its limits. Answered by ``Ready``.

    ``record`` is for tests: a file to which the tripwire writes every audit event instead of ending the process.
    """

    role: Role
    settings: Settings
    record: Path | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """To a worker, once in its life: read this file. Answered by ``Opened``, ``Refusal`` or ``Failed``."""

    path: Path
    load_options: LoadOptions = DEFAULT_LOAD


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """To a model worker: make these patterns. Answered by progress and patterns, then ``Done`` or a failure.

    ``resume`` holds tiles of the same request that an earlier run has left.
    """

    ticket: int
    request: Request
    start: NDArray[np.float32] | None = None
    resume: tuple[Unfinished, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Compute:
    """To a model worker: run the whole network. Answered by ``Outputs``, then ``Done`` or a failure.

    ``inputs`` holds an array for each input of the network, in the file's order and layout, batch first.
    """

    ticket: int
    inputs: tuple[NDArray[np.float32], ...]


@dataclass(frozen=True, slots=True)
class Halt:
    """To a model worker: stop the run with this ticket at the next step. Ignored once that run has ended."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Pause:
    """To a model worker: leave the run with this ticket at the next step, for later.

    Answered by an ``Unfinished`` for each tile that was begun, then ``Halted``. Ignored once that run has ended.
    """

    ticket: int


@dataclass(frozen=True, slots=True)
class Ready:
    """From a worker: its imports are done. ``holds`` names the limits in force so far."""

    holds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """From a worker: the network that the file holds. ``missing`` names the limits that were not in force."""

    spec: ModelSpec
    missing: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """From a worker: the outputs of the network for the next batch of a run.

    ``arrays`` holds one for each output that can be computed, in the file's order and layout, batch first.
    """

    ticket: int
    arrays: tuple[NDArray[np.float32], ...]


@dataclass(frozen=True, slots=True)
class Done:
    """From a worker: every pattern or every output of the run has been sent."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Halted:
    """From a worker: the run was halted, and everything that was finished has been sent."""

    ticket: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """From a worker: the file will not be opened. Holds the parts of :class:`filterviz.errors.Refused`."""

    code: RefusalCode
    what: str
    where: str
    hint: str


@dataclass(frozen=True, slots=True)
class Failed:
    """From a worker: the question could not be answered. ``sentence`` is for the user."""

    kind: FailureKind
    sentence: str


Question = Hello | Open | Run | Compute | Halt | Pause
Answer = Ready | Opened | Progress | Pattern | Unfinished | Outputs | Done | Halted | Refusal | Failed

QUESTIONS: dict[str, type[Question]] = {kind.__name__: kind for kind in get_args(Question)}
ANSWERS: dict[str, type[Answer]] = {kind.__name__: kind for kind in get_args(Answer)}

# Annotations are stored as text, and resolving them evaluates code, which the tripwire forbids in a worker process that
# has opened its file. So the decoders are built now; a kind that cannot be decoded then fails at once.
for _kind in (*get_args(Question), *get_args(Answer)):
    decoder_for(_kind)


def write_message(stream: IO[bytes], message: Question | Answer) -> None:
    """Write one message as a frame and flush the stream.

    Raises:
        OSError: The other end has closed the stream.
        Malformed: The message is larger than a frame may be.
    """
    arrays: list[NDArray[Any]] = []
    header = json.dumps({type(message).__name__: encode(message, arrays)}, separators=(",", ":")).encode()
    length = sum(array.nbytes for array in arrays)
    if len(header) > MAX_HEADER or length > MAX_PAYLOAD:
        raise Malformed(f"a message of {len(header)} + {length} bytes")
    stream.write(HEAD.pack(MAGIC, VERSION, len(header), length) + header)
    for array in arrays:
        if array.size:
            stream.write(array.data.cast("B"))  # A view that shares the array's memory.
    stream.flush()


def read_question(stream: IO[bytes]) -> Question | None:
    """Read the next message to a worker; ``None`` at the end of the stream. For errors see :func:`read_answer`."""
    return _read_message(stream, QUESTIONS, MAX_PAYLOAD)


def read_answer(stream: IO[bytes], max_payload: int = MAX_PAYLOAD) -> Answer | None:
    """Read the next message from a worker; ``None`` at the end of the stream.

    The stream must be a blocking one, whose ``read(n)`` returns fewer than ``n`` bytes only at its end. The arrays may
    have up to ``max_payload`` bytes.

    Raises:
        Malformed: The bytes are not a message from a worker. Nothing more can be read from the stream.
        OSError: Reading failed.
    """
    return _read_message(stream, ANSWERS, max_payload)


def _read_message(stream: IO[bytes], kinds: dict[str, type[M]], max_payload: int) -> M | None:
    head = stream.read(HEAD.size)
    if not head:
        return None
    if len(head) < HEAD.size:
        raise Malformed("the stream ends within a frame's head")
    magic, version, header_length, payload_length = HEAD.unpack(head)
    if magic != MAGIC or version != VERSION:
        raise Malformed(f"{head[:4]!r} is not the beginning of a frame")
    if header_length > MAX_HEADER or payload_length > max_payload:
        raise Malformed(f"a frame of {header_length} + {payload_length} bytes is too long")
    header, payload = stream.read(header_length), stream.read(payload_length)
    if len(header) < header_length or len(payload) < payload_length:
        raise Malformed("the stream ends within a frame")
    try:
        data = json.loads(header)
    except (ValueError, RecursionError) as error:
        raise Malformed(f"the header is not JSON: {str(error)[:200]}") from None
    if not isinstance(data, dict) or len(data) != 1:
        raise Malformed("the header does not hold exactly one message")
    ((name, content),) = data.items()
    if name not in kinds:
        raise Malformed(f"unknown message {name[:80]!r}")
    return decode(kinds[name], content, memoryview(payload))
