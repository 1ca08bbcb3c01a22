"""Retention over HTTP: the rules, which run is kept, and what takes the disk."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from starlette.types import ASGIApp
from tests.unit.server.api.asking import LOCAL, ask
from tests.unit.server.api.test_openapi import conforms
from tests.unit.server.api.test_run_routes import OWN, described, get, launch, read

from alula.core.policy.retention import RetentionRule
from alula.server.api.gate import trusted
from alula.server.api.http import make_app, make_routes
from alula.server.disk import Disk, DiskUse
from alula.server.services.platform import Platform

pytestmark = pytest.mark.anyio
RULES = (RetentionRule("failures", phases=("FAILED",), keep_days=0.5), RetentionRule("rest", keep_last=20))
USE = DiskUse(database=1, objects=2, other=3, free=4, environments=2)
JSON_HEADERS = (("host", "127.0.0.1:8088"), ("content-type", "application/json"))
RUN = "flytesnacks/development/r1"


def app_of(platform: Platform, **more: Any) -> ASGIApp:
    return make_app(make_routes(dataclasses.replace(platform, **more), []), trusted(()), LOCAL)


async def test_rules_are_told_in_their_order(platform: Platform) -> None:
    app = app_of(platform, retention_rules=RULES)
    found = await read(app, f"{OWN}/retention/rules")
    conforms(await described(app), f"{OWN}/retention/rules", "get", "200", found)
    assert [(rule["name"], rule["phases"], rule["keep_days"], rule["keep_last"]) for rule in found] == [
        ("failures", ["FAILED"], 0.5, 0),
        ("rest", [], None, 20),
    ]


async def test_a_run_says_whether_somebody_keeps_it(platform: Platform) -> None:
    app = app_of(platform)
    await launch(platform)
    for verb, kept in (("", False), ("keep", True), ("unkeep", False)):
        if verb:
            assert (await ask(app, "POST", f"{OWN}/{verb}/{RUN}", JSON_HEADERS)).status == 200
        told = await read(app, f"{OWN}/keep/{RUN}")
        conforms(await described(app), f"{OWN}/keep/{{project}}/{{domain}}/{{name}}", "get", "200", told)
        assert told == {"kept": kept}
    assert (await get(app, f"{OWN}/keep/{RUN}x", status=404)).code == "ExecutionNotFound"


async def test_the_disk_is_told_with_what_is_wrong_with_it(platform: Platform) -> None:
    app = app_of(platform, disk_use=lambda: USE, disk_trouble=lambda: "little room is left")
    told = await read(app, f"{OWN}/disk")
    conforms(await described(app), f"{OWN}/disk", "get", "200", told)
    sizes = {"database": 1, "objects": 2, "other": 3, "free": 4, "environments": 2}
    assert told == {**sizes, "trouble": "little room is left"}


async def test_a_data_folder_that_is_gone_is_a_refusal(platform: Platform, tmp_path: Any) -> None:
    answer = await ask(app_of(platform, disk_use=Disk(tmp_path / "gone", 0).use), "GET", f"{OWN}/disk")
    assert (answer.status, answer.code) == (412, "DataFolderGone")
