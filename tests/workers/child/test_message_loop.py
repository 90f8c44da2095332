"""The messages of a worker process, tried out in a process of its own, as it ends the process."""

from __future__ import annotations

import io
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from filterviz.workers.wire import protocol as wire

ROOT = Path(__file__).resolve().parents[3]
HEAD = """
import os, sys, time; sys.path.append(sys.argv[1])
from filterviz.workers.child.message_loop import MessageLoop
from filterviz.workers.wire import protocol as wire
loop = MessageLoop(os.fdopen(0, "rb"), os.fdopen(1, "wb"))
"""


def start(code: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-I", "-c", HEAD + textwrap.dedent(code), str(ROOT)]
    return subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)


def conversation(code: str, *questions: wire.Question) -> list[wire.Answer]:
    """What a loop answers before its input ends and it with it."""
    stream = io.BytesIO()
    for question in questions:
        wire.write_message(stream, question)
    with start(code) as process:
        output, _ = process.communicate(stream.getvalue(), timeout=30)
    assert process.returncode == 0
    answers, received = [], io.BytesIO(output)
    while (answer := wire.read_answer(received)) is not None:
        answers.append(answer)
    return answers


def test_questions_are_answered_one_after_another() -> None:
    code = """
        def answer(question):
            loop.send(wire.Ready((f"asked {question.ticket}",)))
            return wire.Done(question.ticket)
        loop.serve(answer)
    """
    with start(code) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        for ticket in (1, 2):
            wire.write_message(process.stdin, wire.Compute(ticket, ()))
            assert wire.read_answer(process.stdout) == wire.Ready((f"asked {ticket}",))
            assert wire.read_answer(process.stdout) == wire.Done(ticket)
        process.stdin.close()
        assert process.wait(30) == 0
        assert wire.read_answer(process.stdout) is None


@pytest.mark.parametrize(
    ("question", "asked", "other"),
    [(wire.Halt(4), "is_halted", "is_paused"), (wire.Pause(4), "is_paused", "is_halted")],
    ids=["halt", "pause"],
)
def test_a_halt_or_a_pause_arrives_while_a_question_is_being_answered(
    question: wire.Question, asked: str, other: str
) -> None:
    code = f"""
        def answer(question):
            loop.send(wire.Ready(()))
            while not loop.{asked}(question.ticket):
                time.sleep(0.001)
            assert not loop.{asked}(question.ticket + 1)
            assert not loop.{other}(question.ticket)
            return wire.Halted(question.ticket, "Stopped.")
        loop.serve(answer)
    """
    with start(code) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        wire.write_message(process.stdin, wire.Compute(4, ()))
        assert wire.read_answer(process.stdout) == wire.Ready(())
        wire.write_message(process.stdin, question)
        assert wire.read_answer(process.stdout) == wire.Halted(4, "Stopped.")
        process.stdin.close()
        assert process.wait(30) == 0


def test_the_end_of_the_input_ends_it_in_the_middle_of_an_answer() -> None:
    code = "loop.serve(lambda question: time.sleep(600))"
    assert conversation(code, wire.Compute(1, ())) == []


def test_a_parent_that_does_not_listen_ends_it() -> None:
    code = """
        import itertools
        for number in itertools.count():
            loop.send(wire.Done(number))
    """
    with start(code) as process:
        assert process.stdout is not None
        process.stdout.close()
        assert process.wait(30) == 0
