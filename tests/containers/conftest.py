"""A container runtime for the tests of a file, and a world for each of them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.containers.boxes import Boxes
from tests.containers.engine import Podman, running
from tests.contract.executor.outside import Lives


@pytest.fixture(scope="module")
def podman() -> Iterator[Podman]:
    yield from running()


@pytest.fixture
def boxes(tmp_path: Path, podman: Podman) -> Iterator[Boxes]:
    world = Boxes(tmp_path, podman)
    yield world
    world.close()


@pytest.fixture
def lives(boxes: Boxes) -> Lives:
    return Lives(boxes)
