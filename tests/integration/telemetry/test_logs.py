"""The log of a real platform, as JSON."""

from __future__ import annotations

import json

import pytest
from tests.integration.platform import Platforms


def test_every_line_that_a_platform_writes_is_an_object(platforms: Platforms) -> None:
    running = platforms.start("--log-format", "json", "--log-level", "DEBUG")
    running.stop()
    lines = [json.loads(line) for line in running.log().splitlines()]
    assert len(lines) > 1 and all({"time", "level", "logger", "message"} <= line.keys() for line in lines)
    assert any(line["message"].startswith("Alula is ready: gRPC ") for line in lines)


@pytest.mark.parametrize(("option", "value"), [("--log-format", "xml"), ("--log-level", "LOUD")])
def test_a_format_or_level_that_there_is_not_is_refused(platforms: Platforms, option: str, value: str) -> None:
    running = platforms.start(option, value, ready=False)
    assert running.process.wait(timeout=60) == 2
    assert "BadSetting" in running.log() and "must be one of" in running.log()
