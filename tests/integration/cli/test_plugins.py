"""A package that extends the SDK, installed in an environment of its own: its types and kinds work on a platform."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.integration.platform import RunningPlatform
from tests.plugin_packages import USE, environment, install, run_remotely


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
    shown = run_remotely(python, platform.grpc, tmp_path, "use.py", "pipeline")
    assert '["here1", "here2"]' in shown
    assert "84" in shown
