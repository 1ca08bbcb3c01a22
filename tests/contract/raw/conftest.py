"""Every adapter that runs containers of any language, for every test of the suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import msgspec
import pytest
from tests.containers.boxes import Boxes
from tests.containers.engine import Podman, running
from tests.contract.executor.outside import Lives
from tests.kubernetes.pods import Pods
from tests.kubernetes.task_image import IMAGE, load_task_image

IN_ONE_CLUSTER = pytest.mark.xdist_group("platform")


@pytest.fixture(scope="module")
def podman() -> Iterator[Podman]:
    yield from running()


@pytest.fixture(params=["containers", pytest.param("kubernetes", marks=IN_ONE_CLUSTER)])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Boxes | Pods]:
    if request.param == "containers":
        found = Boxes(tmp_path, request.getfixturevalue("podman"))
    else:
        found = Pods(tmp_path)
        load_task_image(found.namespace.cluster)
        found.options = msgspec.structs.replace(found.options, copilot_image=IMAGE)
    yield found
    found.close()


@pytest.fixture
def objects(tmp_path: Path) -> Path:
    """A folder of the store with what another attempt has left."""
    folder = tmp_path / "objects/data/p/d/aa/other"
    (folder / "folder/deep").mkdir(parents=True)
    (folder / "file").write_text("of a file")
    (folder / "folder/deep/part").write_text("of a folder")
    return folder


@pytest.fixture
def lives(world: Boxes | Pods) -> Lives:
    return Lives(world)
