"""What machine code could still do behind Landlock is refused by the kernel: each call is really made."""

from __future__ import annotations

import ctypes
import errno
import platform
import re
import subprocess
import sys
from pathlib import Path

import pytest

from filterviz.workers.child import seccomp
from tests.workers.child.test_limits import linux, run

HEADER = Path("/usr/include/asm-generic/unistd.h"), Path("/usr/include/x86_64-linux-gnu/asm/unistd_64.h")

ATTEMPTS = {
    "chmod": "os.chmod(outside, 0o777)",
    "utime": "os.utime(outside, (0, 0))",
    "setxattr": "os.setxattr(outside, b'user.mark', b'1')",
    "chown": "os.chown(outside, os.getuid(), os.getgid())",
    "mknod": "os.mkfifo('pipe')",
    "socket of a path": "socket.socket(socket.AF_UNIX).connect(sys.argv[1])",
    "socket": "socket.socket(socket.AF_INET)",
    "fork": "os.fork()",
    "a program": "subprocess.run(['/bin/true'])",
    "spawn": "os.posix_spawn('/bin/true', ['true'], {})",
    "a signal": "os.kill(os.getppid(), 0)",
    "limits of another": "resource.prlimit(os.getppid(), resource.RLIMIT_CORE)",
    "shared memory": "open('/dev/shm/filterviz-test', 'wb')",
    "old shared memory": "called('shmget', 0, 4096, 0o1600)",
    "a pidfd": "os.pidfd_open(os.getppid())",
    "a namespace": "called('unshare', 0x10000000)",
    "ptrace": "called('ptrace', 16, os.getppid(), 0, 0)",
    "io_uring": "called('syscall', 425, 8, 0)",
}
"""What is tried, and how."""

HEAD = """
import ctypes, os, resource, socket, subprocess, sys
outside = "../outside"
def called(function, *arguments):
    if getattr(ctypes.CDLL(None, use_errno=True), function)(*arguments) < 0:
        raise OSError(ctypes.get_errno(), "")
"""


@pytest.fixture
def private(tmp_path: Path) -> Path:
    (tmp_path / "outside").write_text("not to be touched")
    folder = tmp_path / "private"
    folder.mkdir()
    return folder


def tried(attempt: str, private: Path) -> str:
    code = f"{HEAD}\nif limits.Limit.FEW_CALLS not in held: print('not to be had')\n"
    code += f"try:\n    {attempt}\n    print('done')\nexcept OSError as error:\n    print(error.errno)\n"
    return run(code, private)


@linux
@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_what_is_refused(attempt: str, private: Path) -> None:
    outcome = tried(attempt, private)
    if "not to be had" in outcome:
        pytest.skip("this system has no seccomp")
    assert int(outcome) in (errno.EPERM, errno.EACCES, errno.ENOSYS)


@linux
@pytest.mark.parametrize("attempt", ATTEMPTS.values(), ids=ATTEMPTS)
def test_without_the_filter_it_would_be_done_or_fail_otherwise(attempt: str, private: Path) -> None:
    """Otherwise the test above would hold of anything."""
    if "namespace" in attempt or "unshare" in attempt or "ptrace" in attempt:
        pytest.skip("a container may forbid it to everyone")
    code = f"{HEAD}\ntry:\n    {attempt}\n    print('done')\nexcept OSError as error:\n    print(error.errno)\n"
    done = subprocess.run(
        [sys.executable, "-c", code, "/nowhere"], cwd=private, capture_output=True, text=True, check=True, timeout=60
    )
    Path("/dev/shm/filterviz-test").unlink(missing_ok=True)
    assert not {line for line in done.stdout.split() if line in {str(errno.EPERM), str(errno.EACCES)}}


@linux
def test_what_computing_needs_is_allowed(private: Path) -> None:
    code = """
        import mmap, os, signal, tempfile, threading
        threading.Thread(target=print, args=("a thread",)).start()
        with tempfile.NamedTemporaryFile(dir=".") as file:
            file.write(b"its own files")
        mmap.mmap(-1, 4096)
        os.sched_getaffinity(0)
        signal.signal(signal.SIGUSR1, lambda *_: print("its own signal"))
        os.kill(os.getpid(), signal.SIGUSR1)
        print(limits.limit_memory(1 << 40), limits.limit_processor_time(60))
    """
    assert set(run(code, private).split("\n")) == {"a thread", "its own signal", "True True"}


@pytest.mark.parametrize("machine", seccomp.MACHINES)
def test_every_call_has_its_answer(machine: str) -> None:
    """The filter is run here, as the kernel runs it."""
    at = list(seccomp.MACHINES).index(machine)
    mine = seccomp.program(machine, 4711)

    def answer(number: int, argument: int = 0, kind: int = seccomp.MACHINES[machine]) -> int:
        words = {seccomp.NUMBER: number, seccomp.MACHINE: kind, seccomp.FIRST_ARGUMENT: argument}
        place = value = 0
        while True:
            code, yes, no, operand = mine[place]
            place += 1
            if code == seccomp.LOAD:
                value = words[operand]
            elif code == seccomp.RETURN:
                return operand
            else:
                holds = {
                    seccomp.EQUAL: value == operand,
                    seccomp.AT_LEAST: value >= operand,
                    seccomp.ANY_BIT: bool(value & operand),
                }[code]
                place += yes if holds else no

    denied = seccomp.REFUSE | errno.EPERM
    special = {seccomp.CLONE[machine], seccomp.CLONE3, *(numbers[at] for numbers in seccomp.ONLY_ITSELF.values())}
    refused = {numbers[at] for numbers in seccomp.REFUSED.values()} - {None}
    assert not special & refused
    for number in range(500):
        if number not in special:
            assert answer(number) == (denied if number in refused else seccomp.ALLOW)
    assert answer(seccomp.CLONE[machine], seccomp.CLONE_THREAD | 0x100) == seccomp.ALLOW
    assert answer(seccomp.CLONE[machine], 17) == denied
    assert answer(seccomp.CLONE3) == seccomp.REFUSE | errno.ENOSYS
    for numbers in seccomp.ONLY_ITSELF.values():
        assert [answer(numbers[at], process) for process in (4711, 0, 1)] == [seccomp.ALLOW, seccomp.ALLOW, denied]
    assert answer(0, kind=0x40000003) == denied, "calls of another machine"
    assert answer(seccomp.OTHER_NUMBERS + 1) == denied


@pytest.mark.skipif(not HEADER[1].exists(), reason="the kernel's headers are not installed")
def test_the_numbers_are_those_of_the_kernel() -> None:
    names = dict(re.findall(r"__NR_(\w+)\s+(\d+)", HEADER[1].read_text()))
    for name, (number, _) in {**seccomp.REFUSED, **seccomp.ONLY_ITSELF}.items():
        assert int(names.get(name, number or 0)) == number
    assert (int(names["clone"]), int(names["clone3"])) == (seccomp.CLONE["x86_64"], seccomp.CLONE3)
    generic = dict(re.findall(r"__NR3?2?6?4?_?(\w+)\s+(\d+)", HEADER[0].read_text()))
    for name, (_, number) in {**seccomp.REFUSED, **seccomp.ONLY_ITSELF}.items():
        if number is not None and name in generic:
            assert int(generic[name]) == number
    assert int(generic["clone"]) == seccomp.CLONE["aarch64"]


def test_a_machine_whose_numbers_are_not_known_has_no_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(platform, "machine", lambda: "riscv64")
    with pytest.raises(OSError, match="riscv64 are not known"):
        seccomp.refuse_calls()
    assert ctypes.sizeof(seccomp._Instruction) == 8
