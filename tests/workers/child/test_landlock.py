"""The kernel holds a confined process to its files, whatever it tries."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.workers.child.test_limits import linux, run


def fenced(code: str, folder: Path) -> list[str]:
    """What each statement of a fenced-in process came to: ``done``, or the name of the error."""
    trial = """
        import os, subprocess
        if limits.Limit.FENCED_IN not in held:
            print("no landlock")
            sys.exit()
        for statement in {statements!r}:
            try:
                exec(statement)
                print("done")
            except OSError as error:
                print(type(error).__name__)
    """
    statements = [line.strip() for line in code.strip().splitlines()]
    lines = run(trial.format(statements=statements), folder).splitlines()
    if lines == ["no landlock"]:
        pytest.skip("this kernel has no Landlock")
    return lines


@linux
def test_nothing_outside_its_folder_can_be_changed_and_no_program_started(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir()
    (tmp_path / "model.h5").write_bytes(b"weights")
    assert (
        fenced(
            """
        open("scratch", "w").write("x")
        os.remove("scratch")
        open("/dev/null", "w").write("x")
        open("../model.h5", "rb").read()
        open("../model.h5", "r+b")
        open("../new", "w")
        os.remove("../model.h5")
        os.mkdir("../folder")
        os.symlink("/etc/passwd", "../link")
        subprocess.run(["/bin/true"])
        """,
            private,
        )
        == ["done"] * 4 + ["PermissionError"] * 6
    )
    assert (tmp_path / "model.h5").read_bytes() == b"weights"


@linux
def test_nothing_but_the_model_can_be_read_once_it_is_known(tmp_path: Path) -> None:
    private = tmp_path / "private"
    private.mkdir()
    for name in ("model.h5", "other.h5"):
        (tmp_path / name).write_bytes(b"weights")
    assert (
        fenced(
            """
        open("/etc/passwd").read()
        assert limits.limit_reading(Path("../model.h5"), Path.cwd())
        open("../model.h5", "rb").read()
        open(os.__file__).read()
        open("scratch", "w").write("x")
        open("/etc/passwd")
        open("../other.h5", "rb")
        os.listdir("..")
        open("../model.h5", "ab")
        open(f"/proc/{os.getppid()}/environ")
        """,
            private,
        )
        == ["done"] * 5 + ["PermissionError"] * 5
    )
