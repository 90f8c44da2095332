"""The folder is the architecture: who may import whom, and what the web process never loads."""

from __future__ import annotations

import ast
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "filterviz"

RUNS_WHAT_A_FILE_NAMES = {
    "__import__",
    "clone_model",
    "deserialize",
    "deserialize_keras_object",
    "eval",
    "exec",
    "from_config",
    "layer_from_config",
    "load_model",
    "model_from_config",
    "model_from_json",
    "enable_unsafe_deserialization",
}
"""Functions that turn text from a file into code or into an object of a class that the text names."""


def contracts() -> list[dict[str, list[str]]]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    return list(project["tool"]["importlinter"]["contracts"])


def test_the_contracts_hold() -> None:
    done = subprocess.run(
        [Path(sys.executable).with_name("lint-imports"), "--no-cache"],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert f"Contracts: {len(contracts())} kept, 0 broken." in done.stdout


COMPUTING = {"filterviz.layers", "filterviz.reader", "filterviz.engine"}
"""The parts of the package that worker processes load."""

SHARED = {"filterviz.spec", "filterviz.settings", "filterviz.errors", "filterviz._version"}
"""The parts that both sides load and that import nothing."""


def parts(folder: Path = PACKAGE, package: str = "filterviz") -> set[str]:
    """The modules and packages that lie in a folder."""
    found = {path.stem for path in folder.glob("*.py")} - {"__init__", "__main__"}
    return {f"{package}.{name}" for name in found | {path.parent.name for path in folder.glob("*/__init__.py")}}


def test_every_part_stands_under_the_contracts() -> None:
    layered = {name for line in contracts()[0]["layers"] for name in line.split(" | ")} - {"filterviz.__main__"}
    assert layered == parts()
    sides = parts(PACKAGE / "workers", "filterviz.workers")
    sources = {str(contract["id"]): set(contract.get("source_modules", ())) for contract in contracts()}
    assert sources["only-the-engine-computes"] == parts() - {"filterviz.engine"}
    assert sources["only-the-page-is-streamlit"] == parts() - {"filterviz.ui"}
    parsing = COMPUTING | {"filterviz.workers.child", "filterviz.workers"}
    assert sources["only-the-child-reads"] == (parts() | sides) - parsing - SHARED


def modules(folder: Path = PACKAGE) -> list[Path]:
    return sorted(folder.rglob("*.py"))


@pytest.mark.parametrize("path", modules(), ids=lambda path: str(path.relative_to(ROOT)))
def test_nothing_is_looked_up_by_a_name_from_a_file(path: Path) -> None:
    tree = ast.parse(path.read_text(encoding="utf-8"))
    called = {name_of(node.func) for node in ast.walk(tree) if isinstance(node, ast.Call)}
    assert not called & RUNS_WHAT_A_FILE_NAMES


def name_of(function: ast.expr) -> str:
    if isinstance(function, ast.Attribute):
        return function.attr
    return function.id if isinstance(function, ast.Name) else ""


@pytest.mark.parametrize(
    "module", ["filterviz.cli", "filterviz.api", "filterviz.service.workspace", "filterviz.ui.page"]
)
def test_the_web_process_loads_neither_tensorflow_nor_a_parser(module: str) -> None:
    program = f"import sys, {module}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    packages = {name.partition(".")[0] for name in loaded.stdout.split()}
    assert not packages & {"tensorflow", "keras", "tf_keras", "h5py", "pyfive", "numcodecs"}
    assert module.endswith("page") or "streamlit" not in packages
