"""The plugins that the page on extending shows: each built as a wheel, and installed in an environment of its own."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import pytest
from tests.integration.platform import RunningPlatform
from tests.plugin_packages import environment, run_remotely

PAGE = (Path(__file__).parents[3] / "docs/extending.md").read_text()
ALULA = "import sys; from alula.cli.main import main; sys.argv[0] = 'alula'; main()"
FLOW = """
from fractions import Fraction
from alula import Deck, current_context, task, workflow

@task(enable_deck=True)
def halve(whole: float) -> str:
    deck = Deck("Half").show(Fraction(whole) / 2)
    return deck.html

@workflow
def flow(whole: float = 1.0) -> str:
    return halve(whole=whole)
"""


def build(heading: str, folder: Path) -> Path:
    """The wheel of the package in a section of the page."""
    section = PAGE.partition(f"\n## {heading}\n")[2].partition("\n## ")[0]
    (project,) = re.findall(r"^```toml\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    (module,) = re.findall(r"^```python\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    source = folder / heading.replace(" ", "-")
    source.mkdir()
    (source / "pyproject.toml").write_text(project)
    name = module.partition("\n")[0].removeprefix("# ")
    package = source / name.removesuffix(".py")
    package.mkdir()
    (package / "__init__.py").write_text(module)
    uv = [sys.executable, "-m", "uv", "build", "--quiet", "--offline", "--wheel", "--no-build-isolation"]
    subprocess.run([*uv, "--out-dir", str(source), str(source), "--python", sys.executable], check=True)
    (wheel,) = source.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has both wheels and, of this one, all that is installed."""
    folder = tmp_path_factory.mktemp("wheels")
    made = environment(tmp_path_factory.mktemp("environment"))
    wheels = [str(build(heading, folder)) for heading in ("A renderer for decks", "A command")]
    uv = [sys.executable, "-m", "uv", "pip", "install", "--quiet", "--offline", "--no-deps"]
    subprocess.run([*uv, "--python", str(made.python), *wheels], check=True)
    return made.python


def alula(python: Path, *words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([str(python), "-c", ALULA, *words], text=True, capture_output=True, check=False)


def test_a_value_is_shown_by_the_renderer_of_a_package(platform: RunningPlatform, python: Path, tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(FLOW)
    shown = run_remotely(python, platform.grpc, tmp_path, "flow.py", "flow")
    assert "<p>Fraction 1/2</p>" in shown
    assert "width: 50%" in shown


def test_a_command_of_a_package_is_one_of_alula(platform: RunningPlatform, python: Path, tmp_path: Path) -> None:
    (tmp_path / "flow.py").write_text(FLOW)
    words = ["run", "--remote", "--wait", "--name", "shown", "--endpoint", platform.grpc]
    assert alula(python, *words, str(tmp_path / "flow.py"), "flow").returncode == 0
    asked = alula(python, "phase", "shown", "--endpoint", platform.grpc)
    assert (asked.returncode, asked.stdout) == (0, "SUCCEEDED\n")
    refused = alula(python, "phase", "shown", "--endpoint", platform.grpc, "--must-be", "failed")
    assert refused.returncode == 2
    assert "error[OtherPhase]: run `shown` is SUCCEEDED" in refused.stderr
    missing = alula(python, "phase", "nothing", "--endpoint", platform.grpc)
    assert "error[ExecutionNotFound]" in missing.stderr
    assert "phase" in alula(python, "--help").stdout.partition("Commands of packages:")[2]
