"""The stores as a task uses them: with nothing but what the environment says."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest
from tests.objects.servers import SERVERS, fresh

from alula.sdk import objects
from alula.server.blobs.options import ObjectOptions
from alula.server.blobs.stores import variables_for_tasks


@pytest.fixture(params=SERVERS)
def prefix(
    request: pytest.FixtureRequest, served: Callable[[str], ObjectOptions], monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    """An empty prefix of a store that this process may use."""
    options = fresh(served(request.param))
    for name, value in variables_for_tasks(options, {}).items():
        monkeypatch.setenv(name, value)
    objects.buckets.cache_clear()
    yield options.url
    objects.buckets.cache_clear()
