"""The documentation holds: links lead somewhere, and the commands, settings and tests that it names exist."""

from __future__ import annotations

import importlib
import re
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from alula.cli.main import cli
from alula.cli.run_options import launch_options, run_options
from alula.server.settings.sources import FIELDS

ROOT = Path(__file__).parents[2]
PAGES = sorted([*ROOT.glob("*.md"), *ROOT.glob("docs/*.md"), *ROOT.glob("examples/*.md")])
FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
pages = pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))


def prose(page: Path) -> str:
    return FENCE.sub("", page.read_text())


def anchors(page: Path) -> set[str]:
    """The anchors of the headings, as code hosts make them."""
    headings = re.findall(r"^#+ (.+)$", prose(page), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


@pages
def test_links_lead_somewhere(page: Path) -> None:
    broken: list[str] = []
    for link in re.findall(r"\]\(([^)\s]+)\)", prose(page)):
        if "://" in link:
            continue
        path, _, anchor = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in anchors(target)):
            broken.append(link)
    assert broken == []


@pages
def test_python_compiles_and_uses_names_that_exist(page: Path) -> None:
    alula = importlib.import_module("alula")
    for language, code in FENCE.findall(page.read_text()):
        if language == "python":
            compile(code, str(page), "exec")
            for names in re.findall(r"^from alula import (.+)$", code, re.MULTILINE):
                for name in names.split(", "):
                    assert hasattr(alula, name), name


def commands(page: Path) -> Iterator[list[str]]:
    """The words of each `alula ...` that a page shows, in code blocks and in the text."""
    text = page.read_text()
    shown = [line for _, block in FENCE.findall(text) for line in block.splitlines()]
    inline = re.findall(r"`(alula [^`\n]+)`", FENCE.sub("", text))
    for line in [*shown, *inline]:
        found = re.match(r"(?:\$ )?alula ((?!run\b.*@)[^#]*)", line.strip())
        if found and not found[1].startswith("is ready"):
            yield re.split(r"\s{2,}|;", found[1])[0].split()


@pages
def test_commands_and_their_options_exist(page: Path) -> None:
    context = click.Context(cli)
    for words in commands(page):
        if not words or not re.match(r"[a-z]", words[0]):
            continue
        command = cli.get_command(context, words[0])
        assert command is not None, words
        if isinstance(command, click.Group) and len(words) > 1:
            _, command, _ = command.resolve_command(context, words[1:])
            assert command is not None, words
        of_a_run = {"run": run_options, "launch": launch_options}.get(words[0], list)
        parameters = [*of_a_run(), *command.params]
        known = {spelling for option in parameters for spelling in (*option.opts, *option.secondary_opts)} | {"--help"}
        # After NAME, `run` and `launch` have an option for each input.
        at_inputs = next((n for n, word in enumerate(words) if re.search(r"\.py$|^FILE$|^\w+\.\w+$", word)), len(words))
        of_the_command = words[1:at_inputs] if words[0] in ("run", "launch") else words[1:]
        given = [word.strip("[]").partition("=")[0] for word in of_the_command if word.startswith(("-", "[-"))]
        assert [word for word in given if word not in known] == [], words


@pages
def test_tests_that_are_named_exist(page: Path) -> None:
    for file, name in re.findall(r"`([\w/]+\.py)::(\w+)`", page.read_text()):
        path = ROOT / "tests" / file
        assert path.exists(), file
        assert f"def {name}(" in path.read_text(), f"{file}::{name}"


def test_every_setting_is_documented() -> None:
    text = "".join(page.read_text() for page in PAGES)
    documented = set(re.findall(r"^\| `([\w.]+)` \|", text, re.MULTILINE))
    assert sorted(FIELDS.keys() - documented) == []


def test_every_command_is_documented() -> None:
    text = (ROOT / "docs/cli.md").read_text()
    assert [name for name in cli.list_commands(click.Context(cli)) if f"alula {name}" not in text] == []


def test_no_page_shows_a_path_of_the_machine_it_was_written_on() -> None:
    assert [page.name for page in PAGES if re.search(r"/work/|/tmp/|/root/", page.read_text())] == []
