"""The page starts from the package alone, with the options and the theme of the checkout."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path
from typing import Any

from filterviz.ui import launch

ROOT = Path(__file__).parents[2]
CHECKOUT = ROOT / ".streamlit" / "config.toml"
PACKAGED = launch.APP.parent / ".streamlit" / "config.toml"

INSTEAD_OF_SERVING = """
import json, sys
from pathlib import Path
from streamlit import config
from streamlit.web import bootstrap
from filterviz.ui import launch

def run(script, *_rest):
    options = {name: config.get_option(name) for name in json.loads(sys.argv[1])}
    print(json.dumps({"script": script, "options": options}))

bootstrap.run_asgi_app = run
launch.serve("127.0.0.1", 8765, browser=False)
"""


def flat(table: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """The options of a file by their full names."""
    found: dict[str, Any] = {}
    for name, value in table.items():
        found.update(flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value})
    return found


def test_the_package_carries_the_options_of_the_checkout() -> None:
    assert PACKAGED.read_bytes() == CHECKOUT.read_bytes()


def test_the_packaged_page_is_served_with_these_options_wherever_it_is_started(tmp_path: Path) -> None:
    wanted = {
        **flat(tomllib.loads(CHECKOUT.read_text(encoding="utf-8"))),
        "server.address": "127.0.0.1",
        "server.port": 8765,
        "server.headless": True,
    }
    assert len(wanted) > 20
    started = subprocess.run(
        [sys.executable, "-c", INSTEAD_OF_SERVING, json.dumps(list(wanted))],
        cwd=tmp_path,
        env={"HOME": str(tmp_path), "PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode == 0, started.stderr
    found = json.loads(started.stdout)
    assert Path(found["script"]) == launch.APP
    assert found["options"] == wanted


def test_a_wheel_holds_everything_that_the_page_reads(tmp_path: Path) -> None:
    source = tmp_path / "source"
    source.mkdir()
    for name in ("pyproject.toml", "requirements.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / name, source)
    ignored = shutil.ignore_patterns("__pycache__", "bundled")
    shutil.copytree(ROOT / "filterviz", source / "filterviz", ignore=ignored)
    command = [sys.executable, "-m", "pip", "wheel", "--quiet", "--no-deps", "--no-build-isolation", "--no-index"]
    built = subprocess.run([*command, "--wheel-dir", tmp_path, source], capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stderr
    (wheel,) = tmp_path.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        packed = set(archive.namelist())
    page = [path for path in (source / "filterviz").rglob("*") if path.is_file() and path.suffix != ".po"]
    assert {str(path.relative_to(source)) for path in page} <= packed
    assert "filterviz/ui/entry/app.py" in packed
    assert "filterviz/ui/entry/.streamlit/config.toml" in packed
