"""A platform to be fuzzed, which has to be alive afterwards, with nothing of its own in its log, and to start again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from flyteidl.admin import version_pb2
from tests.fuzz.corpus import fill
from tests.integration.api.clients import Client
from tests.integration.platform import Platforms, RunningPlatform


@pytest.fixture
def fuzzed(tmp_path: Path) -> Iterator[RunningPlatform]:
    """With a task, a workflow, a launch plan and a run (see `corpus`)."""
    platforms = Platforms(tmp_path)
    platform = platforms.start()
    with Client(platform.grpc) as client:
        fill(client)
    yield platform
    try:
        assert "Traceback" not in platform.log(), platform.log()[:20_000]
        _answers(platform)
        platform.stop()
        again = platforms.start()
        _answers(again)
        assert "Traceback" not in again.log(), again.log()[:20_000]
    finally:
        platforms.close()


def _answers(platform: RunningPlatform) -> None:
    with Client(platform.grpc) as client:
        client.GetVersion(version_pb2.GetVersionRequest())
