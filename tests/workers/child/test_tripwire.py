"""The tripwire lets opening a network pass and ends everything else before it happens."""

from __future__ import annotations

import json
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from filterviz.workers.wire.protocol import TRIPPED

ROOT = Path(__file__).resolve().parents[3]


def run(code: str, folder: Path, *, record: Path | None = None) -> subprocess.CompletedProcess[str]:
    """Run code behind a tripwire for ``folder/model.h5``, its private folder being ``folder/private``."""
    model, private = folder / "model.h5", folder / "private"
    model.write_bytes(b"weights")
    private.mkdir(exist_ok=True)
    head = f"""
import sys; sys.path.append({str(ROOT)!r})
import ctypes, linecache, marshal, mmap, os, pickle, shutil, socket, subprocess, tempfile, threading, traceback
from pathlib import Path
from filterviz.workers.child import tripwire
code = compile("1 + 1", "<string>", "eval")
wire = tripwire.Tripwire(model=Path({str(model)!r}), private=Path({str(private)!r}))
tripwire.arm(wire, {f"os.open({str(record)!r}, os.O_WRONLY | os.O_CREAT)" if record else None})
"""
    return subprocess.run(
        [sys.executable, "-I", "-c", head + textwrap.dedent(code)],
        cwd=private,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize(
    "code",
    [
        "open('../model.h5', 'rb').read()",
        "Path('../model.h5').resolve().read_bytes(); Path('../model.h5').stat()",
        "file = open('../model.h5', 'rb'); mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)",
        "open('scratch', 'w').write('x'); os.remove('scratch')",
        "tempfile.TemporaryFile(dir='.').write(b'x')",
        "import importlib; importlib.import_module('encodings.cp437')",
        "threading.Thread(target=print).start()",
        "os.fdopen(os.dup(2), 'wb').write(b'x')",
        "import ast; ast.parse('1 + 1')",
        "try:\n  (1).x + 1 / 0\nexcept Exception:\n  pass\ntry:\n  Path(1)\nexcept TypeError:\n  traceback.print_exc()",
        "try:\n  1 / 0\nexcept ZeroDivisionError:\n  traceback.print_exc()",
    ],
)
def test_what_is_needed_passes(tmp_path: Path, code: str) -> None:
    done = run(code + "\nprint('passed')", tmp_path)
    assert done.returncode == 0, done.stderr
    assert "passed" in done.stdout


@pytest.mark.parametrize(
    "code",
    [
        "open('/etc/passwd')",
        "open('../other.h5', 'rb')",
        "os.open('/etc/passwd', os.O_RDONLY)",
        "open('../model.h5', 'r+b')",
        "open('../model.h5', 'ab')",
        "open('../new', 'w')",
        "open(sys.prefix + '/lib/evil.py', 'w')",
        "os.symlink('/etc/passwd', 'link')",
        "os.remove('../model.h5')",
        "os.rename('../model.h5', 'mine')",
        "os.chmod('../model.h5', 0)",
        "os.mkdir('../folder')",
        "os.listdir('/etc')",
        "os.listdir('..')",
        "os.scandir('/')",
        "shutil.rmtree('..')",
        "os.system('true')",
        "subprocess.run(['true'])",
        "os.execv('/bin/true', ['true'])",
        "os.posix_spawn('/bin/true', ['true'], {})",
        "os.fork()",
        "os.kill(os.getppid(), 0)",
        "os.putenv('LD_PRELOAD', 'x')",
        "socket.socket()",
        "socket.getaddrinfo('localhost', 80)",
        "ctypes.CDLL(None)",
        "ctypes.string_at(id(code))",
        "import antigravity",
        "import this",
        "__import__('webbrowser')",
        "eval('1')",
        "exec('x = 1')",
        "eval(code)",
        "exec(code)",
        "import ast; exec(compile(ast.parse('1'), ast.__file__, 'exec'))",
        "compile('1', '/usr/lib/python3/os.py', 'eval')",
        "marshal.loads(marshal.dumps(code))",
        "pickle.loads(b'cposix\\nsystem\\n(S\"true\"\\ntR.')",
        "sys.addaudithook(print)",
        "sys.settrace(print)",
        "import resource; resource.setrlimit(resource.RLIMIT_CORE, (0, 0))",
    ],
)
def test_what_is_not_needed_ends_the_process_before_it_happens(tmp_path: Path, code: str) -> None:
    done = run(code + "\nprint('passed')", tmp_path)
    assert done.returncode == TRIPPED, (done.returncode, done.stderr)
    assert "passed" not in done.stdout
    assert "tripwire: " in done.stderr
    assert (tmp_path / "model.h5").read_bytes() == b"weights"


def test_a_link_in_the_private_folder_leads_nowhere(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir()
    (private / "link").symlink_to("/etc/passwd")
    assert run("open('link')", tmp_path).returncode == TRIPPED


def test_nothing_in_python_catches_it(tmp_path: Path) -> None:
    done = run("try:\n  open('/etc/passwd')\nexcept BaseException:\n  pass\nprint('passed')", tmp_path)
    assert done.returncode == TRIPPED
    assert done.stdout == ""


def test_recording_writes_everything_down_and_ends_nothing(tmp_path: Path) -> None:
    record = tmp_path / "record"
    done = run("open('../model.h5', 'rb'); open('/etc/hostname'); print('passed')", tmp_path, record=record)
    assert done.returncode == 0, done.stderr
    events = [json.loads(line) for line in record.read_text().splitlines()]
    assert ["open", True] in [[event, allowed] for event, text, allowed in events if "model.h5" in text]
    assert ["open", False] in [[event, allowed] for event, text, allowed in events if "hostname" in text]
