"""Search, figures, grids and the audit trail over HTTP."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flyteidl.admin import execution_pb2
from flyteidl.core import literals_pb2
from starlette.types import ASGIApp
from tests import flyte_specs as specs
from tests.contract.store.records import commit, entity, execution_id, node, query
from tests.unit.server.api.asking import ask
from tests.unit.server.api.test_openapi import conforms
from tests.unit.server.api.test_run_routes import OWN, described, get, launch, read
from tests.unit.server.api.test_run_routes import app as app  # noqa: PLC0414 - a fixture

from alula.core.engine.records import (
    AttemptPhase,
    AttemptRecord,
    CacheStatus,
    ExecutionChange,
    ExecutionPhase,
    NodePhase,
)
from alula.core.ids import EntityId
from alula.server.identity import Caller
from alula.server.services.console import compare, stats
from alula.server.services.platform import Platform
from alula.server.services.register import Registrant, create_task

pytestmark = pytest.mark.anyio
HERE = "flytesnacks/development"
HOUR = 3_600_000_000


async def ended(platform: Platform, name: str, phase: ExecutionPhase, *, at: int, took_ms: int, **more: Any) -> None:
    id = await launch(platform, name, created_at=at, **more.pop("given", {}))
    change = ExecutionChange(phase, at, ended_at=at + took_ms * 1_000)
    assert await platform.store.log.commit([commit(id, 1, b"a", execution=change, **more)]) == [True]


def literal(value: int) -> literals_pb2.Literal:
    return literals_pb2.Literal(scalar=literals_pb2.Scalar(primitive=literals_pb2.Primitive(integer=value)))


def literals(**values: literals_pb2.Literal) -> bytes:
    return literals_pb2.LiteralMap(literals=values).SerializeToString()


async def registered(platform: Platform, *entities: Any) -> None:
    await platform.store.entities.register(entities, platform.audit(Caller("ada"), "register", "things"))


async def test_names_are_told_with_their_newest_version(app: ASGIApp, platform: Platform) -> None:
    await registered(platform, *(entity("wine", version, created_at=at) for version, at in (("b", 1), ("a", 2))))
    found = await read(app, f"{OWN}/newest/{HERE}?kind=workflow&first=wine&last=wine")
    assert found == {"versions": [{"name": "wine", "version": "a", "created_at": 2}]}
    conforms(await described(app), f"{OWN}/newest/{{project}}/{{domain}}", "get", "200", found)
    assert await read(app, f"{OWN}/newest/{HERE}?kind=task") == {"versions": []}
    refused = await get(app, f"{OWN}/newest/{HERE}?kind=run", status=400)
    assert b"InvalidParameter" in refused.body


async def test_names_that_begin_with_the_text_are_found_before_those_that_have_it(
    app: ASGIApp, platform: Platform
) -> None:
    for name, at in (("wine-1", 1), ("red-wine", 9), ("beer", 5)):
        await launch(platform, name, created_at=at)
    await launch(platform, "other", created_at=3, labels={"drink": "wine"})
    hidden = entity("wine.hidden", hidden=True)
    await registered(platform, entity("wine.train", created_at=4), hidden, entity("a.wine", kind="task", created_at=2))
    told = await read(app, f"{OWN}/search?q=wine")
    conforms(await described(app), f"{OWN}/search", "get", "200", told)
    assert [(hit["kind"], hit["name"]) for hit in told["hits"]] == [
        ("workflow", "wine.train"),
        ("run", "wine-1"),
        ("run", "red-wine"),
        ("run", "other"),
        ("task", "a.wine"),
    ]
    few = await read(app, f"{OWN}/search?q=wine&limit=1&project=flytesnacks&domain=development")
    assert [hit["name"] for hit in few["hits"]] == ["wine.train"]
    assert (await read(app, f"{OWN}/search?q=wine&project=flytesnacks&domain=staging"))["hits"] == []
    await get(app, f"{OWN}/search?q=", status=400)


async def test_ends_and_durations_of_runs_are_told_over_time(
    app: ASGIApp, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    good, bad = ExecutionPhase.SUCCEEDED, ExecutionPhase.FAILED
    await ended(platform, "r1", good, at=0 * HOUR + 1, took_ms=100)
    await ended(platform, "r2", good, at=0 * HOUR + 2, took_ms=300)
    await ended(platform, "r3", good, at=2 * HOUR + 1, took_ms=200)
    await ended(platform, "r4", bad, at=2 * HOUR + 1, took_ms=50)
    await ended(platform, "r5", ExecutionPhase.ABORTED, at=1 * HOUR + 1, took_ms=50)
    await launch(platform, "r6", created_at=1 * HOUR + 1)
    await launch(platform, "late", created_at=3 * HOUR + 1)
    await launch(
        platform, "other", created_at=1 * HOUR + 1 + 1, workflow=EntityId("flytesnacks", "development", "other", "v1")
    )
    path = f"{OWN}/stats/{HERE}?workflow=etl&from=1&to={3 * HOUR + 1}&bins=3"
    told = await read(app, path)
    conforms(await described(app), f"{OWN}/stats/{{project}}/{{domain}}", "get", "200", told)
    assert {name: told[name] for name in ("succeeded", "failed", "aborted", "open")} == {
        "succeeded": [2, 0, 1],
        "failed": [0, 0, 1],
        "aborted": [0, 1, 0],
        "open": [0, 1, 0],
    }
    assert (told["p50_ms"], told["p95_ms"], told["usual_ms"]) == ([100, None, 200], [100, None, 200], 200)
    assert told["partial"] is False
    monkeypatch.setattr(stats, "RUNS_MAX", 2)
    assert (await read(app, path))["partial"] is True
    await get(app, f"{OWN}/stats/{HERE}?from=5&to=5", status=400)


async def test_the_runs_of_a_workflow_are_a_grid(app: ASGIApp, platform: Platform) -> None:
    good, bad = NodePhase.SUCCEEDED, NodePhase.FAILED
    first = [
        node("b", good, created_at=2, started_at=5_000, ended_at=9_000),
        node("a", good, created_at=1, started_at=1_000, ended_at=2_000),
        node("a-0-x", good, parent_id="a"),
    ]
    await ended(platform, "r1", ExecutionPhase.SUCCEEDED, at=1, took_ms=1, nodes=first)
    await ended(platform, "r2", ExecutionPhase.FAILED, at=2, took_ms=1, nodes=[node("a", bad, created_at=10)])
    path = f"{OWN}/grid/{HERE}/etl"
    told = await read(app, path)
    conforms(await described(app), f"{OWN}/grid/{{project}}/{{domain}}/{{workflow}}", "get", "200", told)
    assert [run["name"] for run in told["runs"]] == ["r2", "r1"]
    assert (told["nodes"], told["phase"], told["ms"]) == (["a", "b"], [[5, 0], [3, 3]], [[-1, -1], [1, 4]])
    newest = await read(app, f"{path}?runs=1")
    older = await read(app, f"{path}?runs=1&cursor={newest['next']}")
    assert ([run["name"] for run in older["runs"]], older["next"]) == (["r1"], "")


async def test_two_runs_are_compared(app: ASGIApp, platform: Platform) -> None:
    same, other = literal(1), literal(2)
    spec = execution_pb2.ExecutionSpec(max_parallelism=4, labels={"values": {"k": "v"}}).SerializeToString()
    given = {"x": same, "y": same, "only": same}
    await launch(platform, "r1", inputs=literals(**given), spec=spec)
    await launch(platform, "r2", inputs=literals(x=same, y=other))
    nodes = [
        node("a", NodePhase.SUCCEEDED, started_at=2_000_000, ended_at=2_009_000),
        node("a-0-b", NodePhase.SUCCEEDED, spec_node_id="b", parent_id="a"),
    ]
    await platform.store.log.commit([commit(execution_id("r1"), 1, b"a", nodes=nodes)])
    failed = [node("a", NodePhase.FAILED, started_at=2_000_000, ended_at=2_004_000), node("c")]
    await platform.store.log.commit([commit(execution_id("r2"), 1, b"a", nodes=failed)])
    path = f"{OWN}/compare/{HERE}"
    told = await read(app, f"{path}?a=r1&b=r2")
    conforms(await described(app), f"{OWN}/compare/{{project}}/{{domain}}", "get", "200", told)
    assert (told["a"]["name"], told["b"]["name"], told["partial"]) == ("r1", "r2", False)
    assert [(each["name"], each["a"], each["b"], each["same"]) for each in told["inputs"]] == [
        ("only", "1", None, False),
        ("x", "1", "1", True),
        ("y", "1", "2", False),
    ]
    assert [(each["name"], each["a"], each["b"]) for each in told["settings"]] == [
        ("labels.values.k", "v", None),
        ("max_parallelism", "4", None),
    ]
    assert told["nodes"] == {
        "id": ["a", "a-0-b", "c"],
        "spec": ["", "b", ""],
        "parent": ["", "a", ""],
        "a_phase": [NodePhase.SUCCEEDED, NodePhase.SUCCEEDED, 0],
        "b_phase": [NodePhase.FAILED, 0, NodePhase.RUNNING],
        "a_ms": [9, -1, -1],
        "b_ms": [4, -1, -1],
        "a_cache": [0, 0, 0],
        "b_cache": [0, 0, 0],
    }
    await get(app, f"{path}?a=r1&b=none", status=404)


async def test_a_result_leads_to_those_who_have_taken_it(app: ASGIApp, platform: Platform) -> None:
    for number, name in enumerate(("made", "taker", "later", "other")):
        await launch(platform, name, created_at=number)
    tries = [
        AttemptRecord("n0", number, phase, 9)
        for number, phase in enumerate((AttemptPhase.RETRYABLE_FAILED, AttemptPhase.SUCCEEDED))
    ]
    await platform.store.log.commit([commit(execution_id("made"), 1, b"a", nodes=[node("n0")], attempts=tries)])
    for at, name in enumerate(("taker", "later"), 30):
        hit = node("n1", NodePhase.SUCCEEDED, at, cache_status=CacheStatus.HIT, cache_source=f"{HERE}/made/n0/1")
        await platform.store.log.commit([commit(execution_id(name), 1, b"a", nodes=[hit])])
    path = f"{OWN}/takers/{HERE}/made/n0"
    told = await read(app, path)
    conforms(await described(app), f"{OWN}/takers/{{project}}/{{domain}}/{{name}}/{{node_id}}", "get", "200", told)
    assert [(each["name"], each["node_id"]) for each in told["takers"]] == [("later", "n1"), ("taker", "n1")]
    assert told["next"] == ""
    first = await read(app, f"{path}?limit=1")
    rest = await read(app, f"{path}?limit=1&cursor={first['next']}")
    assert (first["takers"] + rest["takers"], rest["next"]) == (told["takers"], "")
    assert (await read(app, f"{OWN}/takers/{HERE}/made/n1"))["takers"] == []
    assert (await ask(app, "GET", f"{OWN}/takers/{HERE}/nothing/n0")).status == 404


async def test_large_runs_are_compared_at_the_top_level(
    app: ASGIApp, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compare, "NODES_MAX", 2)
    nodes = [node("a"), *(node(f"a-0-{number}", parent_id="a") for number in range(2))]
    for name, of in (("r1", nodes), ("r2", nodes[:2])):
        await launch(platform, name, inputs=b"")
        await platform.store.log.commit([commit(execution_id(name), 1, b"a", nodes=of)])
    told = await read(app, f"{OWN}/compare/{HERE}?a=r1&b=r2")
    assert (told["nodes"]["id"], told["partial"]) == (["a"], True)


async def test_values_that_differ_after_their_cut_are_not_the_same(app: ASGIApp, platform: Platform) -> None:
    for name, last in (("r1", 1), ("r2", 2)):
        many = literals_pb2.LiteralCollection(literals=[literal(number) for number in [*[7] * 2_000, last]])
        await launch(platform, name, inputs=literals(xs=literals_pb2.Literal(collection=many)))
    [pair] = (await read(app, f"{OWN}/compare/{HERE}?a=r1&b=r2"))["inputs"]
    assert (pair["a"] == pair["b"], pair["same"]) == (True, False)


async def test_the_audit_trail_is_listed_by_place_principal_and_target(app: ASGIApp, platform: Platform) -> None:
    for number in range(3):
        audit = platform.audit(
            Caller("bob"), "archive", f"execution {HERE}/r{number}", project="flytesnacks", domain="development"
        )
        await launch(platform, f"r{number}")
        await platform.store.executions.set_archived(execution_id(f"r{number}"), archived=True, audit=audit)
    first = await read(app, f"{OWN}/audit?principal=bob&limit=2")
    conforms(await described(app), f"{OWN}/audit", "get", "200", first)
    rest = await read(app, f"{OWN}/audit?principal=bob&limit=2&cursor={first['next']}")
    targets = [each["target"][-2:] for page in (first, rest) for each in page["audits"]]
    assert (targets, rest["next"]) == (["r2", "r1", "r0"], "")
    one = await read(app, f"{OWN}/audit?target=/r1&action=archive&project=flytesnacks&domain=development")
    assert [each["principal"] for each in one["audits"]] == ["bob"]


async def test_all_that_is_wrong_with_a_launch_is_told_with_its_place(
    app: ASGIApp, platform: Platform, caller: Caller
) -> None:
    await create_task(platform, caller, specs.task("t"), Registrant())
    await launch(platform, "taken")
    request = {
        "project": "flytesnacks",
        "domain": "development",
        "name": "taken",
        "spec": {
            "launch_plan": {"resource_type": "TASK", "project": "flytesnacks", "domain": "development", "name": "t"},
            "max_parallelism": -1,
        },
        "inputs": {"literals": {"y": {"scalar": {"primitive": {"integer": "1"}}}}},
    }
    request["spec"]["launch_plan"]["version"] = "v1"
    told = await post(app, f"{OWN}/launch/check", request)
    conforms(await described(app), f"{OWN}/launch/check", "post", "200", told)
    assert [(problem["path"], problem["code"]) for problem in told["problems"]] == [
        ("name", "ExecutionExists"),
        ("spec.max_parallelism", "InvalidParallelism"),
        ("inputs.y", "UnknownInput"),
        ("inputs.x", "MissingInput"),
    ]
    request |= {"name": "", "inputs": {"literals": {"x": {"scalar": {"primitive": {"integer": "1"}}}}}}
    request["spec"]["max_parallelism"] = 0
    assert await post(app, f"{OWN}/launch/check", request) == {"problems": []}
    assert len(await platform.store.executions.page(query())) == 1
    nothing = await post(app, f"{OWN}/launch/check", request | {"domain": "moon", "spec": {}})
    assert [problem["path"] for problem in nothing["problems"]] == ["project", "spec.launch_plan"]


async def test_many_runs_are_acted_on_each_by_itself(app: ASGIApp, platform: Platform) -> None:
    await launch(platform, "r1")
    given = {"user_inputs": b"", "inputs": b""}
    await ended(platform, "r2", ExecutionPhase.SUCCEEDED, at=2, took_ms=1, given=given)
    aborted = await post(app, f"{OWN}/bulk/{HERE}", {"action": "abort", "names": ["r1", "r2", "r1"], "cause": "enough"})
    conforms(await described(app), f"{OWN}/bulk/{{project}}/{{domain}}", "post", "200", aborted)
    assert [(each["name"], each["code"]) for each in aborted["outcomes"]] == [("r1", ""), ("r2", "ExecutionEnded")]
    assert len(await platform.store.inbox.read([execution_id("r1")])) == 1
    archived = await post(app, f"{OWN}/bulk/{HERE}", {"action": "archive", "names": ["r2", "none"]})
    assert [each["code"] for each in archived["outcomes"]] == ["", "ExecutionNotFound"]
    again = await post(app, f"{OWN}/bulk/{HERE}", {"action": "relaunch", "names": ["r2"]})
    assert again["outcomes"][0]["code"] == "IncompleteIdentifier"  # it was not launched by a client
    for body in ({"action": "explode", "names": ["r1"]}, {"action": "abort", "names": []}, {}):
        await post(app, f"{OWN}/bulk/{HERE}", body, status=400)


async def post(app: ASGIApp, path: str, body: Any, *, status: int = 200) -> Any:
    headers = (("host", "127.0.0.1:8088"), ("content-type", "application/json"))
    answer = await ask(app, "POST", path, headers, (json.dumps(body).encode(),))
    assert answer.status == status, answer.body
    return json.loads(answer.body)
