"""The Pythons that filterviz runs on are the same wherever they are named, and each has its tested versions."""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement

ROOT = Path(__file__).parents[1]
PYTHONS = (ROOT / ".ci" / "pythons").read_text(encoding="utf-8").split()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
HERE = "{}.{}".format(*sys.version_info)


def locked(purpose: str, python: str) -> dict[str, str]:
    """What a lock file installs with a Python on this system: name -> version."""
    text = (ROOT / ".ci" / "lock" / f"{purpose}-{python}.txt").read_text(encoding="utf-8")
    pins = [line.removesuffix(" \\") for line in text.splitlines() if line[:1] not in ("#", " ", "")]
    assert text.count("--hash=sha256:") >= len(pins)
    wanted = [Requirement(pin) for pin in pins]
    versions = {"python_version": python, "python_full_version": f"{python}.0"}
    found = [item for item in wanted if item.marker is None or item.marker.evaluate(versions)]
    assert len({item.name for item in found}) == len(found)
    return {item.name: str(item.specifier).removeprefix("==") for item in found}


def asked() -> list[Requirement]:
    """What ``requirements.txt`` asks for."""
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    return [Requirement(line) for line in lines if line and not line.startswith("#")]


def test_the_pythons_are_those_of_the_package_the_readme_and_the_message() -> None:
    first, last = PYTHONS[0], PYTHONS[-1]
    following = f"3.{int(last.split('.')[1]) + 1}"
    assert PROJECT["requires-python"] == f">={first},<{following}"
    named = [
        item.rpartition(" ")[2] for item in PROJECT["classifiers"] if "Programming Language :: Python :: 3." in item
    ]
    assert named == PYTHONS
    words = f"{', '.join(PYTHONS[:-1])} {{}} {last}"
    assert f"With Python {words.format('or')} on Linux or macOS" in (ROOT / "README.md").read_text(encoding="utf-8")
    package = (ROOT / "filterviz" / "__init__.py").read_text(encoding="utf-8")
    assert f"filterviz runs on Python {words.format('and')}" in package
    assert f"sys.version_info >= ({following.replace('.', ', ')})" in package


@pytest.mark.parametrize("python", PYTHONS)
def test_every_python_has_its_tested_versions(python: str) -> None:
    run, test = locked("run", python), locked("test", python)
    assert {item.name for item in asked() if item.marker is None or item.marker.evaluate()} <= run.keys()
    assert run.items() <= test.items()
    assert {Requirement(item).name for item in PROJECT["optional-dependencies"]["test"]} <= test.keys()


def test_every_requirement_has_an_upper_bound() -> None:
    assert all(any(bound.operator == "<" for bound in item.specifier) for item in asked())


@pytest.mark.skipif(Path(sys.prefix).name == ".venv-newest", reason="the newest versions are installed, not the tested")
def test_what_is_installed_is_what_is_written_down() -> None:
    different = {
        name: (version, installed)
        for name, version in locked("test", HERE).items()
        if (installed := version_of(name)) not in (version, None)
    }
    assert different == {}
    assert version_of("keras") is not None


def version_of(name: str) -> str | None:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def find_python(version: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """The search, offered one Python that calls itself by another version."""
    other = folder / "python"
    claim = (
        f"import sys; sys.version_info = ({version.replace('.', ', ')}, 0, 'final', 0); sys.version = '{version}.0 x'"
    )
    other.write_text(f'#!/bin/sh\nshift\ncode=$1\nshift\nexec {sys.executable} -c "{claim}\n$code" "$@"\n')
    other.chmod(0o755)
    return subprocess.run(
        [ROOT / ".ci" / "find-python"],
        env={**os.environ, "PYTHON": str(other)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("version", PYTHONS)
def test_a_supported_python_is_found(version: str, tmp_path: Path) -> None:
    found = find_python(version, tmp_path)
    assert found.returncode == 0, found.stderr
    assert Path(found.stdout.strip()).resolve() == Path(sys.executable).resolve()


@pytest.mark.parametrize(("version", "why"), [("3.14", "which is too new: TensorFlow is not yet"), ("3.10", "too old")])
def test_another_python_gets_a_sentence(version: str, why: str, tmp_path: Path) -> None:
    refused = find_python(version, tmp_path)
    assert refused.returncode == 1
    assert refused.stdout == ""
    assert "filterviz needs a 64-bit Python 3.11, 3.12 or 3.13" in refused.stderr
    assert why in refused.stderr


def test_a_python_that_is_too_new_is_told_so_by_the_package() -> None:
    program = "import sys, numpy; sys.version_info = (3, 14, 0, 'final', 0); import filterviz"
    done = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ImportError: filterviz runs on Python 3.11, 3.12 and 3.13, and this is" in done.stderr
