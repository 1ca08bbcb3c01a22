"""Triggers over HTTP: what waits for what, what the end of a run has started, and what a run says of its start."""

from __future__ import annotations

import dataclasses
from typing import Any

import pytest
from starlette.types import ASGIApp
from tests import flyte_specs as specs
from tests.policies import NobodyMay
from tests.unit.server.api.asking import LOCAL, ask
from tests.unit.server.api.test_openapi import conforms
from tests.unit.server.api.test_run_routes import OWN, RUNS, described, read
from tests.unit.server.api.test_run_routes import app as app  # noqa: PLC0414 - a fixture
from tests.unit.server.test_triggers import end, launch, register
from tests.unit.server.test_triggers import ready as ready  # noqa: PLC0414 - a fixture

from alula.server.api.gate import trusted
from alula.server.api.http import make_app, make_routes
from alula.server.identity import Caller
from alula.server.services.platform import Platform

pytestmark = pytest.mark.anyio
HERE = f"{specs.PROJECT}/{specs.DOMAIN}"
FIXED = specs.literal_map(x=specs.integer(1))
ENDED = {"project": specs.PROJECT, "domain": specs.DOMAIN, "name": "a"}


async def run_of(app: ASGIApp, name: str) -> Any:
    return next(run for run in (await read(app, RUNS))["runs"] if run["name"] == name)


async def test_a_run_names_the_run_whose_end_has_started_it(app: ASGIApp, ready: Platform, caller: Caller) -> None:
    await register(ready, caller, "report")
    await end(ready, await launch(ready, caller, "a"))
    (firing,) = await read(app, f"{OWN}/runs/{HERE}/a/firings")
    assert (firing["state"], firing["ended"]) == ("STARTED", ENDED)
    assert (await run_of(app, firing["run"]))["cause"] == {"text": f"run {HERE}/a ended: SUCCEEDED", "run": ENDED}
    assert (await run_of(app, "a"))["cause"] is None
    conforms(await described(app), f"{OWN}/triggers/{{project}}/{{domain}}/{{name}}/firings", "get", "200", [firing])
    conforms(await described(app), f"{OWN}/runs/{{project}}/{{domain}}", "get", "200", await read(app, RUNS))


async def test_triggers_are_found_by_what_they_wait_for(app: ASGIApp, ready: Platform, caller: Caller) -> None:
    await register(ready, caller, "report")
    await register(ready, caller, "alarm", of="report")
    found = await read(app, f"{OWN}/triggers?waits_for=launch_plan%20{HERE}/report")
    assert [(each["name"], each["waits_for"]) for each in found] == [("alarm", f"launch_plan {HERE}/report")]
    conforms(await described(app), f"{OWN}/triggers", "get", "200", found)
    assert [each["name"] for each in await read(app, f"{OWN}/triggers")] == ["alarm", "report"]


async def test_triggers_tell_the_phases_of_the_runs_that_they_wait_for(
    app: ASGIApp, ready: Platform, caller: Caller
) -> None:
    await register(ready, caller, "report")
    await register(ready, caller, "alarm", phases=["FAILED", "TIMED_OUT"], inputs={}, fixed=FIXED)
    expected = {"alarm": ["FAILED", "TIMED_OUT"], "report": ["SUCCEEDED"]}
    for path in (f"{OWN}/triggers", f"{OWN}/triggers/{HERE}"):
        assert {each["name"]: each["phases"] for each in await read(app, path)} == expected
    assert (await read(app, f"{OWN}/triggers/{HERE}/alarm"))["phases"] == ["FAILED", "TIMED_OUT"]


async def test_triggers_of_all_places_are_for_those_who_may_view_some(ready: Platform) -> None:
    forbidding = dataclasses.replace(ready, access=NobodyMay())
    answer = await ask(make_app(make_routes(forbidding, []), trusted(()), LOCAL), "GET", f"{OWN}/triggers")
    assert (answer.status, answer.code) == (403, "NotAllowed")
