"""Every adapter, for every test of the suite."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.contract.executor.outside import Clusters, Lives, Outside, Processes, Routed

ADAPTERS = {"processes": Processes, "memory": Clusters, "routed": Routed}


@pytest.fixture(params=ADAPTERS)
def outside(request: pytest.FixtureRequest, tmp_path: Path) -> Outside:
    return ADAPTERS[request.param](tmp_path)


@pytest.fixture
def lives(outside: Outside) -> Lives:
    return Lives(outside)
