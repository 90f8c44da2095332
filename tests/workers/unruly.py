"""A child that behaves badly in one way, named on its command line: for the tests of what the parent makes of it.

``python unruly.py ROOT MANNER``. It greets like a real child and then answers every question in its manner.
"""

from __future__ import annotations

import faulthandler
import os
import signal
import sys
import time
from dataclasses import replace
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def program(manner: str) -> list[str]:
    """The command for a child of this manner."""
    return [sys.executable, "-I", __file__, str(ROOT), manner]


def main() -> None:
    sys.path.append(sys.argv[1])
    manner = sys.argv[2]

    import numpy as np

    from filterviz.spec import ModelSpec, Pattern, Precision, Progress, Unfinished
    from filterviz.workers.wire import protocol as wire

    questions, answers = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")

    def say(answer: wire.Answer) -> None:
        wire.write_message(answers, answer)

    def pattern(layer: str, number: int) -> Pattern:
        tile = np.full((4, 4, 3), number % 256, np.uint8)
        kernel = {"weighty": np.zeros((32, 32, 3), np.float32), "nan": np.full((3, 3, 3), np.nan, np.float32)}
        weights = kernel.get(manner)
        said = {"talkative": (1.0,), "taciturn": (1.0,) * 3, "undivided": (1.0,) * 4}.get(manner, ())
        made = Pattern(layer, number, tile, 0.0, 1.0, (0.0, 1.0), (), 0, 0.1, Precision.FLOAT32, kernel=weights)
        return replace(made, tile=tile[:3] if manner == "undivided" else tile, responses=said)

    if manner == "stillborn":
        sys.exit("no such library")
    wire.read_question(questions)
    say(wire.Ready(()))
    while (question := wire.read_question(questions)) is not None:
        if manner == "segfault":
            faulthandler._sigsegv()  # type: ignore[attr-defined]
        if manner == "bad-alloc":
            os.write(2, b"terminate called after throwing an instance of 'std::bad_alloc'\n")
            os.abort()
        if manner == "killed":
            os.kill(os.getpid(), signal.SIGKILL)
        if manner == "tripped":
            os._exit(86)
        if manner == "hang":
            time.sleep(600)
        if manner == "mute":
            os.close(answers.fileno())
            os.close(1)
            time.sleep(600)
        if manner == "garbage":
            os.write(answers.fileno(), os.urandom(4096))
        if manner == "huge":
            os.write(answers.fileno(), wire.HEAD.pack(wire.MAGIC, wire.VERSION, 2, 1 << 60))
        if manner == "pickle":
            os.write(answers.fileno(), b"\x80\x04\x95\x1a\x00\x00\x00\x00\x00\x00\x00\x8c\x05posix\x94\x8c\x06system")
        if isinstance(question, wire.Open):
            say(wire.Opened(ModelSpec("unruly", (), (), (), ())))
        if isinstance(question, wire.Compute):
            ticket, rows = question.ticket, len(question.inputs[0])
            shapes: dict[str, list[tuple[int, ...]]] = {
                "too many rows": [(rows + 1, 2)],
                "no rows": [(0, 2)],
                "another width": [(rows, 3)],
                "another rank": [(rows, 2, 1)],
                "no axes": [()],
                "an output more": [(rows, 2), (rows, 2)],
                "no outputs": [],
            }
            given = shapes.get(manner, [(rows, 2)])
            if manner == "a change of mind":
                say(wire.Outputs(ticket, (np.zeros((1, 2, 5), np.float32),)))
                given = [(rows - 1, 2, 6)]
            if manner == "stranger":
                ticket += 1
            if manner == "memory":
                say(wire.Failed(wire.FailureKind.MEMORY, "This took more memory than there is."))
                continue
            if manner != "hasty":
                say(wire.Outputs(ticket, tuple(np.zeros(shape, np.float32) for shape in given)))
            if manner == "never enough":
                say(wire.Outputs(ticket, tuple(np.zeros(shape, np.float32) for shape in given)))
            if manner == "an image":
                say(pattern("conv", 0))
            say(wire.Done(question.ticket))
        if isinstance(question, wire.Run):
            layer, filters = question.request.layer, question.request.filters
            if manner == "stranger":
                say(pattern("another_layer", filters[0]))
            if manner == "misshapen":
                say(Progress(filters, 1, 2, np.zeros((len(filters), 4, 4, 7), np.uint8), 0.1))
            if manner == "leaving":
                say(Unfinished(filters[0], np.zeros(2, np.float32), 0.1, ()))
            if manner == "hasty":
                say(wire.Done(question.ticket))
            if manner == "memory":
                say(wire.Failed(wire.FailureKind.MEMORY, "This took more memory than there is."))
                continue
            if manner == "stubborn":
                for step in range(100_000):
                    say(Progress(filters, min(step, 9), 10, np.zeros((len(filters), 4, 4, 3), np.uint8), 0.1))
                    time.sleep(0.02)
            if manner in ("halting", "late"):
                for step in range(9 if manner == "halting" else 1):
                    say(Progress(filters, step, 10, np.zeros((len(filters), 4, 4, 3), np.uint8), 0.1))
                    time.sleep(0.02)
                while not isinstance(halt := wire.read_question(questions), wire.Halt):
                    pass
                time.sleep(0.6 if manner == "late" else 0)
                say(wire.Halted(halt.ticket, "Stopped after 9 of 10 steps."))
                continue
            for number in filters:
                say(pattern(layer, number))
            say(wire.Done(question.ticket))


if __name__ == "__main__":
    main()
