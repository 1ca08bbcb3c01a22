"""Commands of packages beside Alula's own."""

from __future__ import annotations

from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from tests.plugin_packages import install

from alula.cli import installed
from alula.cli.main import cli
from alula.core.errors import InvalidInput
from alula.sdk.plugins import Entries

MODULE = """
import click

@click.command()
def hello():
    click.echo("hello")

text = "no command"
"""
ENTRIES = """
[alula.commands]
hello = greeting:hello
run = greeting:hello
text = greeting:text
gone = greeting:gone
"""


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder of modules in which a package with commands is."""
    install(tmp_path, name="greeting", module="", entries=ENTRIES)
    (tmp_path / "greeting.py").write_text(MODULE)
    monkeypatch.syspath_prepend(tmp_path)
    monkeypatch.setattr(installed, "_ENTRIES", Entries("alula.commands"))
    return tmp_path


def called(*words: str) -> Result:
    return CliRunner().invoke(cli, list(words), catch_exceptions=True)


@pytest.mark.usefixtures("packages")
def test_a_command_of_a_package_is_called_by_its_name():
    assert called("hello").output == "hello\n"


@pytest.mark.usefixtures("packages")
def test_the_help_says_which_there_are_and_which_are_hidden():
    words = called("--help").output.partition("Commands of packages:")[2].split()
    assert " ".join(words).startswith(
        "gone Of package `greeting`. hello Of package `greeting`. run Of package `greeting`, hidden by the command of"
    )
    assert "A task or workflow" not in called("run", "--help").output
    assert "Run a task, workflow or launch plan" in called("run", "--help").output


@pytest.mark.usefixtures("packages")
@pytest.mark.parametrize(
    ("name", "why"), [("text", "is a str, not a command of click"), ("gone", "does not load: AttributeError")]
)
def test_what_is_no_command_is_refused_with_its_entry_point(name: str, why: str):
    refused = called(name).exception
    assert isinstance(refused, InvalidInput)
    assert refused.code == "PluginUnloadable"
    assert why in refused.message


def test_two_packages_with_one_name_are_a_conflict(packages: Path):
    install(packages, name="other", module="", entries="[alula.commands]\nhello = other:hello\n")
    refused = called("hello").exception
    assert isinstance(refused, InvalidInput)
    assert refused.code == "PluginConflict"


def test_without_packages_nothing_is_shown_of_them(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(installed, "_ENTRIES", Entries("nobody has this group"))
    assert "Commands of packages" not in called("--help").output
    assert isinstance(cli.get_command(click.Context(cli), "nothing"), type(None))
