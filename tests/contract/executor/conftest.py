"""Every adapter, for every test of the suite."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.connectors.serving import Served
from tests.containers.boxes import Boxes
from tests.containers.engine import Podman, running
from tests.contract.executor.outside import Clusters, Connectors, Lives, Named, Outside, Processes, Routed, Staged
from tests.kubernetes.pods import Pods

ADAPTERS = {
    "processes": Processes,
    "staged": Staged,
    "memory": Clusters,
    "named": Named,
    "routed": Routed,
    "kubernetes": Pods,
}


@pytest.fixture(scope="module")
def podman() -> Iterator[Podman]:
    yield from running()


@pytest.fixture(scope="session")
def connector(flytekit_bin: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    served = Served(flytekit_bin, tmp_path_factory.mktemp("connector"))
    served.start()
    yield served
    served.close()


@pytest.fixture(params=[*ADAPTERS, "containers", "connectors"])
def outside(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Outside]:
    if request.param == "containers":
        world = Boxes(tmp_path, request.getfixturevalue("podman"))
    elif request.param == "connectors":
        world = Connectors(tmp_path, request.getfixturevalue("connector").address)
    else:
        world = ADAPTERS[request.param](tmp_path)
    yield world
    if isinstance(world, Pods | Boxes):
        world.close()


@pytest.fixture
def lives(outside: Outside) -> Lives:
    return Lives(outside)
