"""The messages between the web process and a child, and how they look on the wire.

A frame is a fixed head (magic, version, two lengths), a JSON header, and the raw bytes of the arrays the header
declares::

    FVZ 1 | header length, 4 bytes | payload length, 8 bytes | {"Progress": {...}} | bytes

Never pickle: whoever unpickles what a child sends runs what a child sends.
"""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from filterviz.errors import RefusalCode
from filterviz.settings import MIB, Settings
from filterviz.spec import DEFAULT_LOAD, LoadOptions, ModelSpec, Pattern, Progress, Request
from filterviz.workers.wire.codec import Malformed, chunks, flatten, learn, rebuild

HEAD = struct.Struct("!3sBIQ")
MAGIC = b"FVZ"
VERSION = 1
MAX_HEADER = 16 * MIB
MAX_PAYLOAD = 1024 * MIB


class Role(StrEnum):
    """What a child is for. A ``READER`` never imports TensorFlow; a ``MODEL`` child keeps one network open."""

    READER = "reader"
    MODEL = "model"


class FailureKind(StrEnum):
    """What became of a question that was not answered.

    ``REQUEST``: it does not fit the model. ``MEMORY``: it did not fit the machine. ``ENGINE``: the computation broke.
    """

    REQUEST = "request"
    MEMORY = "memory"
    ENGINE = "engine"


@dataclass(frozen=True, slots=True)
class Hello:
    """To a child, first: what it is for, and its limits.

    Attributes:
        role: what it is for.
        settings: the limits.
        record: a file to write every audit event to in place of ending at a forbidden one; for tests.
    """

    role: Role
    settings: Settings
    record: Path | None = None


@dataclass(frozen=True, slots=True)
class Open:
    """To a child: read this file. Once in a child's life; answered by ``Opened``, ``Refusal`` or ``Failed``."""

    path: Path
    load_options: LoadOptions = DEFAULT_LOAD


@dataclass(frozen=True, slots=True, eq=False)
class Run:
    """To a model child: make these patterns. Answered by progress and patterns, then ``Done`` or a failure."""

    ticket: int
    request: Request
    start: NDArray[np.float32] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Compute:
    """To a model child: run the whole network. Answered by ``Outputs``, then ``Done`` or a failure.

    Attributes:
        ticket: of this run.
        inputs: an array for each input of the network, in the file's order and layout, batch first.
    """

    ticket: int
    inputs: tuple[NDArray[np.float32], ...]


@dataclass(frozen=True, slots=True)
class Halt:
    """To a model child: stop between two steps of the run with this ticket. Without meaning once that has ended."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Ready:
    """From a child: limits are set and imports done. ``holds`` names the limits that hold on this system."""

    holds: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Opened:
    """From a child: what is in the file."""

    spec: ModelSpec


@dataclass(frozen=True, slots=True, eq=False)
class Outputs:
    """From a child: what the network computes for the next so many examples of a run.

    Attributes:
        ticket: of the run.
        arrays: one for each output that can be computed, in the file's order and layout, batch first.
    """

    ticket: int
    arrays: tuple[NDArray[np.float32], ...]


@dataclass(frozen=True, slots=True)
class Done:
    """From a child: every pattern of the run, or every output, has been sent."""

    ticket: int


@dataclass(frozen=True, slots=True)
class Halted:
    """From a child: the run was halted; what was finished has been sent."""

    ticket: int
    sentence: str


@dataclass(frozen=True, slots=True)
class Refusal:
    """From a child: the file will not be opened. The parts of :class:`filterviz.errors.Refused`."""

    code: RefusalCode
    what: str
    where: str
    hint: str


@dataclass(frozen=True, slots=True)
class Failed:
    """From a child: no answer, and the sentence to show."""

    kind: FailureKind
    sentence: str


Question = Hello | Open | Run | Compute | Halt
Answer = Ready | Opened | Progress | Pattern | Outputs | Done | Halted | Refusal | Failed

QUESTIONS: dict[str, type[Question]] = {kind.__name__: kind for kind in (Hello, Open, Run, Compute, Halt)}
ANSWERS: dict[str, type[Answer]] = {
    kind.__name__: kind for kind in (Ready, Opened, Progress, Pattern, Outputs, Done, Halted, Refusal, Failed)
}

for _kind in (*QUESTIONS.values(), *ANSWERS.values()):
    learn(_kind)


def write_message(stream: IO[bytes], message: Question | Answer) -> None:
    """Send one message.

    Raises:
        OSError: the other end is gone.
        Malformed: the message is too large.
    """
    arrays: list[NDArray[Any]] = []
    header = json.dumps({type(message).__name__: flatten(message, arrays)}, separators=(",", ":")).encode()
    length = sum(array.nbytes for array in arrays)
    if len(header) > MAX_HEADER or length > MAX_PAYLOAD:
        reason = f"a message of {len(header)} + {length} bytes"
        raise Malformed(reason)
    stream.write(HEAD.pack(MAGIC, VERSION, len(header), length) + header)
    for chunk in chunks(arrays):
        stream.write(chunk)
    stream.flush()


def read_question(stream: IO[bytes]) -> Question | None:
    """The next message to a child; ``None`` at the end of the stream. For errors see :func:`read_answer`."""
    frame = _read_frame(stream, MAX_PAYLOAD)
    return None if frame is None else _decode(QUESTIONS, *frame)


def read_answer(stream: IO[bytes], max_payload: int = MAX_PAYLOAD) -> Answer | None:
    """The next message from a child, ``None`` at the end of the stream.

    Args:
        stream: blocking; its ``read(n)`` returns less than ``n`` bytes only at the end.
        max_payload: the most bytes of arrays to accept.

    Raises:
        Malformed: the bytes are no message from a child. The stream cannot be read any further.
        OSError: the stream broke.
    """
    frame = _read_frame(stream, max_payload)
    return None if frame is None else _decode(ANSWERS, *frame)


def _read_frame(stream: IO[bytes], max_payload: int) -> tuple[bytes, bytes] | None:
    head = stream.read(HEAD.size)
    if not head:
        return None
    if len(head) < HEAD.size:
        reason = "the stream ends within a frame's head"
        raise Malformed(reason)
    magic, version, header_length, payload_length = HEAD.unpack(head)
    if magic != MAGIC or version != VERSION:
        reason = f"{head[:4]!r} does not begin a frame"
        raise Malformed(reason)
    if header_length > MAX_HEADER or payload_length > max_payload:
        reason = f"a frame of {header_length} + {payload_length} bytes is too long"
        raise Malformed(reason)
    header, payload = stream.read(header_length), stream.read(payload_length)
    if len(header) < header_length or len(payload) < payload_length:
        reason = "the stream ends within a frame"
        raise Malformed(reason)
    return header, payload


def _decode(kinds: dict[str, Any], header: bytes, payload: bytes) -> Any:
    try:
        data = json.loads(header)
    except (ValueError, RecursionError) as error:
        reason = f"the header is not JSON: {str(error)[:200]}"
        raise Malformed(reason) from None
    if not isinstance(data, dict) or len(data) != 1:
        reason = "the header does not hold one message"
        raise Malformed(reason)
    ((name, content),) = data.items()
    if name not in kinds:
        reason = f"there is no message {name[:80]!r}"
        raise Malformed(reason)
    return rebuild(kinds[name], content, memoryview(payload))
