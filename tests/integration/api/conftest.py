from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.integration.api.clients import Client
from tests.integration.platform import RunningPlatform


@pytest.fixture
def client(platform: RunningPlatform) -> Iterator[Client]:
    with Client(platform.grpc) as client:
        yield client
