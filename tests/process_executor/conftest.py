from pathlib import Path

import pytest
from tests.attempts.bundle import make_bundle


@pytest.fixture
def bundle(tmp_path: Path) -> str:
    """The path of a packed task's code."""
    return make_bundle(tmp_path / "code.tar.gz")
