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
from tests import settings_table

ROOT = Path(__file__).parents[1]
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
    if name in {"cache_dir", "model_memory", "workers", "vgg16_weights"}:
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
    assert all(hasattr(filterviz, name) for name in re.findall(r"filterviz\.([a-z]\w+)\(", README))


@pytest.mark.parametrize("document", ["README.md", "SECURITY.md", "CHANGELOG.md"])
def test_no_link_leads_nowhere(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    targets = [target for target in re.findall(r"\]\(([^)]+)\)", text) if "://" not in target]
    assert [target for target in targets if not (ROOT / target).exists()] == []


@pytest.mark.parametrize("name", re.findall(r"^make (\w+)", README, flags=re.MULTILINE))
def test_the_commands_of_make_are_there(name: str) -> None:
    assert f"\n{name}:" in (ROOT / "Makefile").read_text(encoding="utf-8")


def test_security_counts_the_hostile_files() -> None:
    from tests.hostile import TABLE

    text = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
    assert f"builds {len(TABLE)} files" in text
