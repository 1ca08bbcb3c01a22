"""A package that extends the SDK, installed in an environment of its own: its types and kinds work on a platform."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from tests.integration.platform import RunningPlatform
from tests.plugin_packages import USE, environment, install


@pytest.fixture(scope="module")
def python(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The interpreter of an environment that has the package and, of this one, all that is installed."""
    made = environment(tmp_path_factory.mktemp("environment"))
    install(made.packages)
    return made.python


def test_a_type_and_a_kind_of_an_installed_package_run_on_a_platform(
    platform: RunningPlatform, python: Path, tmp_path: Path
) -> None:
    (tmp_path / "use.py").write_text(USE)
    command = "import sys; from alula.cli.main import main; sys.argv[0] = 'alula'; main()"
    words = ["run", "--remote", "--wait", "--endpoint", platform.grpc, "use.py", "pipeline"]
    done = subprocess.run(
        [str(python), "-c", command, *words], cwd=tmp_path, text=True, capture_output=True, check=False
    )
    assert done.returncode == 0, done.stderr
    assert '["here1", "here2"]' in done.stdout, done.stdout
    assert "84" in done.stdout
