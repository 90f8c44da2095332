"""The limits hold: each is tried out in a process of its own."""

from __future__ import annotations

import socket
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import pytest

from filterviz.workers.child.limits import Limit
from filterviz.workers.parent.process import clean_environment

ROOT = Path(__file__).resolve().parents[3]
CONFINED = (
    "import sys; sys.path.append({root!r}); from pathlib import Path; from filterviz.workers.child import limits; "
    "held = limits.confine(Path.cwd())"
)
linux = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="what holds elsewhere is less, and documented")


def run(code: str, folder: Path) -> str:
    """What a confined process prints; ``limits`` and ``held`` are at hand."""
    head = f"{CONFINED.format(root=str(ROOT))}\n"
    done = subprocess.run(
        [sys.executable, "-I", "-c", head + textwrap.dedent(code)],
        cwd=folder,
        env=clean_environment(folder),
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    return done.stdout.strip()


@linux
def test_what_holds_on_linux(tmp_path: Path) -> None:
    held = set(run("print(*held, sep='|')", tmp_path).split("|"))
    allowed = {limit.value for limit in Limit}
    assert held <= allowed
    # Containers may forbid new namespaces, and old kernels have no Landlock; everything else is always to be had.
    assert held >= allowed - {Limit.NO_NETWORK, Limit.FENCED_IN, Limit.MEMORY, Limit.PROCESSOR_TIME}


@linux
def test_the_system_agrees(tmp_path: Path) -> None:
    status = run("print(open('/proc/self/status').read())", tmp_path)
    assert "NoNewPrivs:\t1" in status
    assert "CapEff:\t0000000000000000" in status
    granted = run("print(open('/proc/self/limits').read())", tmp_path)
    rows = {line[:26].strip(): line[26:].split()[:2] for line in granted.splitlines()}
    assert rows["Max open files"] == ["256", "256"]
    assert rows["Max file size"] == ["16777216", "16777216"]
    assert rows["Max core file size"] == ["0", "0"]


@linux
def test_memory(tmp_path: Path) -> None:
    code = """
        print(limits.limit_memory(300 << 20))
        try:
            bytearray(400 << 20)
        except MemoryError:
            print("refused")
        try:
            import resource
            resource.setrlimit(resource.RLIMIT_AS, (1 << 40, 1 << 40))
        except ValueError:
            print("for good")
    """
    assert run(code, tmp_path).split("\n") == ["True", "refused", "for good"]


@linux
def test_processor_time(tmp_path: Path) -> None:
    code = """
        import signal
        print(limits.limit_processor_time(0.1), flush=True)
        while True: pass
    """
    with pytest.raises(subprocess.CalledProcessError) as death:
        run(code, tmp_path)
    assert -death.value.returncode in (24, 9)  # SIGXCPU, or SIGKILL where soft and hard limit meet
    assert death.value.stdout.strip() == "True"


def test_no_large_files(tmp_path: Path) -> None:
    code = """
        try:
            with open("large", "wb") as file:
                file.write(bytes(17 << 20))
        except OSError as error:
            print(error.errno)
    """
    assert run(code, tmp_path) == "27"  # EFBIG


@linux
def test_no_network(tmp_path: Path) -> None:
    """Not even this machine can be reached, which listens."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        socket.create_connection(("127.0.0.1", port), 5).close()
        code = f"""
            import socket
            try:
                socket.create_connection(("127.0.0.1", {port}), 5)
                print("reached")
            except OSError:
                print("cut off" if limits.Limit.NO_NETWORK in held else "refused")
            if limits.Limit.NO_NETWORK not in held:
                print("not to be had")
        """
        outcome = run(code, tmp_path)
    if outcome.endswith("not to be had"):
        pytest.skip("this system gives no network namespace to ordinary processes")
    assert outcome == "cut off"


@linux
def test_it_dies_with_its_parent() -> None:
    """A parent that is killed, with nobody to close the child's input, takes the child with it."""
    child = f"{CONFINED.format(root=str(ROOT))}; import time; print('up', flush=True); time.sleep(600)"
    parent = (
        "import subprocess, sys, time; "
        "child = subprocess.Popen([sys.executable, '-I', '-c', sys.argv[1]], stdout=subprocess.PIPE); "
        "child.stdout.readline(); print(child.pid, flush=True); time.sleep(600)"
    )
    with subprocess.Popen([sys.executable, "-c", parent, child], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        pid = int(process.stdout.readline())
        process.kill()
    deadline = time.monotonic() + 10
    while _runs(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not _runs(pid)


def _runs(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
