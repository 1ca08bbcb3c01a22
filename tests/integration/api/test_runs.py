"""Runs as a console reads them, from a real platform."""

from __future__ import annotations

import gzip
import json
import time
import urllib.request
from typing import Any

from flyteidl.core import identifier_pb2
from tests import flyte_specs as specs
from tests.integration.api.clients import Client
from tests.integration.api.test_executions import launch, register
from tests.integration.platform import RunningPlatform

ENDED = (4, 6, 7, 8)


def read(platform: RunningPlatform, path: str) -> Any:
    request = urllib.request.Request(f"{platform.http}/api/v1/alula/{path}", headers={"Accept-Encoding": "gzip"})
    with urllib.request.urlopen(request, timeout=30) as answer:
        body = answer.read()
        return json.loads(gzip.decompress(body) if answer.headers["Content-Encoding"] == "gzip" else body)


def lines(columns: dict[str, list[Any]]) -> dict[str, dict[str, Any]]:
    rows = (dict(zip(columns, line, strict=True)) for line in zip(*columns.values(), strict=True))
    return {row["id"]: row for row in rows}


def test_a_run_is_followed_by_what_changes_in_it(client: Client, platform: RunningPlatform) -> None:
    plan: identifier_pb2.Identifier = register(client, "feed.plan", command=("sleep", "0.3"))
    id = launch(client, specs.execution("", plan))
    run = f"runs/{id.project}/{id.domain}/{id.name}"
    known = read(platform, f"{run}/skeleton")
    nodes, seq, until = lines(known["nodes"]), known["seq"], time.monotonic() + 30
    changes = known
    while changes["run"]["phase"] not in ENDED:
        assert time.monotonic() < until
        changes = read(platform, f"{run}/changes?since={seq}")
        assert not changes["reset"]
        nodes |= lines(changes["nodes"])
        seq = changes["seq"]
    end = read(platform, f"{run}/skeleton")
    assert (end["seq"], lines(end["nodes"])) == (seq, nodes)
    assert end["nodes"]["tries"] == [1 if node == "n0" else 0 for node in end["nodes"]["id"]]
    listed = {each["name"]: each for each in read(platform, f"runs/{id.project}/{id.domain}?limit=1000")["runs"]}
    assert listed[id.name] == end["run"]


def test_the_platform_says_what_it_can(platform: RunningPlatform) -> None:
    told = read(platform, "about")
    assert "changes" in told["features"] and told["version"]
