"""The README says what is so: it lags no setting, code, command or dependency."""

from __future__ import annotations

import re
from dataclasses import fields
from pathlib import Path

import pytest

import filterviz
from filterviz import cli
from filterviz.cli import program
from filterviz.errors import RefusalCode
from filterviz.settings import Settings
from filterviz.spec import Flag
from filterviz.workers.child.limits import Limit
from tests import settings_table

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "filterviz"
README = (ROOT / "README.md").read_text(encoding="utf-8")


def rows(heading: str) -> dict[str, list[str]]:
    """The rows of the table under a heading, by the name in their first column."""
    section = README.split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    table = [[cell.strip() for cell in line.strip("|").split("|")] for line in section.splitlines() if line[:1] == "|"]
    return {re.sub(r"[`\[\]]|\(.*\)", "", first): rest for first, *rest in table[2:]}


def test_every_setting_stands_there_and_no_other() -> None:
    assert list(rows("Settings")) == [f"FILTERVIZ_{field.name.upper()}" for field in fields(Settings)]


def test_the_table_of_settings_is_written_from_the_settings() -> None:
    assert settings_table.standing() == settings_table.table(), "run `make settings`"


@pytest.mark.parametrize("name", [field.name for field in fields(Settings)])
def test_the_defaults_are_those_of_the_program(name: str) -> None:
    stated, default = rows("Settings")[f"FILTERVIZ_{name.upper()}"][0], getattr(Settings(), name)
    if name in {"cache_dir", "model_memory", "workers", "person_seconds", "vgg16_weights"}:
        # These depend on the machine and are described; tests/test_settings.py compares them with their words.
        assert "`" not in stated
    else:
        text = re.fullmatch("`(.+)`", stated)
        assert text is not None
        assert getattr(Settings.from_environment({f"FILTERVIZ_{name.upper()}": text[1]}), name) == default


def test_every_refusal_code_stands_there_and_no_other() -> None:
    assert set(rows("When a file is refused")) == set(RefusalCode)


def test_every_command_stands_there_and_no_other() -> None:
    actions = [action for action in program.parser()._actions if action.dest == "command"]
    assert actions[0].choices is not None
    assert {name.split(" ")[0] for name in rows("From the command line")} == set(actions[0].choices)


def test_every_exit_code_stands_there() -> None:
    line = next(line for line in README.split("\n\n") if "Exit codes" in line)
    assert re.findall(r"\d+", line.split("Exit codes:")[1]) == [
        str(code) for code in (cli.DONE, cli.USAGE, cli.REFUSED, cli.FAILED, cli.STOPPED, cli.UNREAD)
    ]


def test_every_flag_stands_there() -> None:
    assert all(f"`{flag}`" in README for flag in Flag)


def test_every_dependency_has_its_reason_licence_and_size() -> None:
    lines = (ROOT / "requirements.txt").read_text(encoding="utf-8").splitlines()
    required = {re.split(r"[^\w-]", line)[0] for line in lines if line and not line.startswith("#")}
    table = rows("What it is built on")
    assert set(table) == required
    assert all(len(row) == 3 and all(row) for row in table.values())


def test_what_python_is_offered_exists() -> None:
    named = set(re.findall(r"filterviz\.([a-z]\w+)\(", README))
    assert named == {name for name in filterviz.__all__ if callable(getattr(filterviz, name)) and name.islower()}


DOCUMENTS = sorted(path.relative_to(ROOT).as_posix() for path in [*ROOT.glob("*.md"), *ROOT.glob("docs/*.md")])


def test_the_documents_are_those_there_should_be() -> None:
    named = ["CHANGELOG.md", "CONTRIBUTING.md", "README.md", "SECURITY.md", "docs/ARCHITECTURE.md"]
    assert set(DOCUMENTS) >= set(named)


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_link_leads_nowhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    folder = (ROOT / document).parent
    targets = [target.partition("#")[0] for target in re.findall(r"\]\(([^)]+)\)", text) if "://" not in target]
    assert [target for target in targets if target and not (folder / target).exists()] == []


@pytest.mark.parametrize("document", ["CONTRIBUTING.md", "README.md", "SECURITY.md", "docs/ARCHITECTURE.md"])
def test_every_file_that_is_named_exists(document: str) -> None:
    """Paths in backticks: from the top, from the package, or inside one room of it. What a user makes is left out."""
    text = (ROOT / document).read_text(encoding="utf-8")
    places = [ROOT, PACKAGE, *(folder for folder in PACKAGE.rglob("*") if (folder / "__init__.py").is_file())]
    paths = re.findall(r"`((?:[\w.]+/)*[\w.-]+\.(?:py|md|toml|txt|yml|yaml)|(?:[\w.]+/)+)`", text)
    assert paths
    of_users = {"labels.txt"}
    assert [
        path for path in paths if path not in of_users and not any((place / path).exists() for place in places)
    ] == []


def parts() -> set[str]:
    """The rooms and modules of the package, as a listing names them: ``spec/``, ``errors.py``."""
    rooms = {f"{path.name}/" for path in PACKAGE.iterdir() if path.is_dir() and path.name != "__pycache__"}
    return rooms | {path.name for path in PACKAGE.glob("*.py")}


def test_where_things_are_names_every_room() -> None:
    listing = README.split("\n## Where things are\n", 1)[1].split("```")[1]
    inside = re.search(r"^filterviz/\n((?:  .*\n)+)", listing, flags=re.MULTILINE)
    assert inside is not None
    named = set(re.findall(r"[\w.]+(?:/|\.py)(?=[, ])", " ".join(line[:22] for line in inside[1].splitlines())))
    named |= set(re.findall(r"written in (\w+\.py)", inside[1]))
    assert named == parts()
    folders = {f"{path.name}/" for path in ROOT.iterdir() if path.is_dir() and (path / "__init__.py").is_file()}
    assert {name for name in folders if f"\n{name} " not in listing} - {"filterviz/"} == set()


def test_the_architecture_explains_every_room() -> None:
    text = (ROOT / "docs" / "ARCHITECTURE.md").read_text(encoding="utf-8")
    table = text.split("| room | knows |\n|---|---|\n", 1)[1].split("\n\n", 1)[0]
    named = {f"{name}/" for line in table.splitlines() for name in re.findall(r"`(\w+)`", line.split("|")[1])}
    assert named == {part for part in parts() if part.endswith("/")}


def test_the_fast_part_names_tests_that_exist() -> None:
    named = (ROOT / ".ci" / "fast-tests").read_text(encoding="utf-8").split()
    assert named
    assert [path for path in named if not (ROOT / path).exists()] == []


def test_the_hooks_before_a_commit_are_those_of_make_lint() -> None:
    hooks = re.findall(r"entry: \.venv/bin/(.+)", (ROOT / ".pre-commit-config.yaml").read_text(encoding="utf-8"))
    lint = (ROOT / "Makefile").read_text(encoding="utf-8").split("\nlint:")[1].split("\n\n")[0]
    assert len(hooks) == 3
    assert all(f"$(BIN)/{hook.removesuffix(' --fix')}" in lint for hook in hooks)


def test_the_commands_of_make_are_there() -> None:
    makefile = (ROOT / "Makefile").read_text(encoding="utf-8")
    documents = README + (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = set(re.findall(r"(?:^|`)make ([\w-]+)", documents, flags=re.MULTILINE))
    assert named >= {"run", "test", "lint", "lock"}
    assert {name for name in named if f"\n{name}:" not in makefile} == set()


def test_security_counts_the_hostile_files() -> None:
    from tests.hostile import TABLE

    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert f"builds {len(TABLE)} files" in text


def test_every_limit_that_can_be_required_is_named() -> None:
    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert all(f"`{limit}`" in text for limit in Limit)
