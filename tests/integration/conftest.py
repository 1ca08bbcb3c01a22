"""Real platforms for all integration tests."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.integration.platform import Platforms, RunningPlatform


@pytest.fixture
def platforms(tmp_path: Path) -> Iterator[Platforms]:
    """Starts platforms for one test, which may stop and kill them as it likes."""
    platforms = Platforms(tmp_path)
    yield platforms
    platforms.close()


@pytest.fixture(scope="module")
def platform(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPlatform]:
    """A platform that the tests of a module share: they leave it running, and name what they make apart."""
    platforms = Platforms(tmp_path_factory.mktemp("platform"))
    yield platforms.start()
    platforms.close()
