"""A namespace of a real cluster for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.executor.outside import Lives
from tests.kubernetes.pods import Pods


@pytest.fixture
def pods(tmp_path: Path) -> Iterator[Pods]:
    world = Pods(tmp_path)
    yield world
    world.close()


@pytest.fixture
def lives(pods: Pods) -> Lives:
    return Lives(pods)
