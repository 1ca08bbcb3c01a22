"""The live stream, and logs in parts, over HTTP."""

from __future__ import annotations

import asyncio
import gc
import json
from collections.abc import AsyncGenerator
from typing import Any

import pytest
from starlette.types import ASGIApp
from tests.contract.store.records import commit, execution_id, node, running
from tests.unit.server.api.asking import Answer, ask
from tests.unit.server.api.test_run_routes import OWN, attempt, get, launch, read
from tests.unit.server.api.test_run_routes import app as app  # noqa: PLC0414 - a fixture

from alula.core.engine.records import AttemptPhase, ExecutionChange, ExecutionPhase
from alula.core.ids import AttemptId
from alula.server.identity import Caller
from alula.server.services import layout
from alula.server.services.console import stream
from alula.server.services.console.topics import RunsTopic, RunTopic
from alula.server.services.platform import Platform

pytestmark = pytest.mark.anyio
ID = execution_id("r1")
HEADERS = (("host", "127.0.0.1:8088"), ("content-type", "application/json"))
RUN = {"kind": "run", "project": "flytesnacks", "domain": "development", "name": "r1"}
LOG = {**RUN, "kind": "log", "node_id": "n0", "attempt": 0}
END = ExecutionChange(ExecutionPhase.SUCCEEDED, 90, ended_at=90)
ADA = Caller("ada")


async def streamed(app: ASGIApp, *topics: dict[str, Any], status: int = 200) -> list[Any]:
    body = json.dumps({"subscribe": topics, "interval_ms": 100}).encode()
    answer = await ask(app, "POST", f"{OWN}/stream", HEADERS, (body,))
    assert answer.status == status, answer.body
    return [json.loads(line) for line in answer.body.splitlines()]


async def opened(platform: Platform, *topics: Any) -> AsyncGenerator[Any, None]:
    async for line in await stream.open_stream(platform, ADA, topics, 100):
        yield json.loads(line)


async def test_a_run_that_has_ended_is_told_and_ends_the_stream(app: ASGIApp, platform: Platform) -> None:
    await launch(platform)
    await platform.store.log.commit([commit(ID, 1, b"a", nodes=[node("n0")])])
    await platform.store.log.commit([commit(ID, 2, b"b", execution=END, nodes=[node("n1")])])
    heartbeat, changes, end = await streamed(app, {**RUN, "sub": "a", "since": 2})
    assert heartbeat["kind"] == "heartbeat" and heartbeat["now"] > 0
    assert (changes["sub"], changes["kind"], changes["data"]["nodes"]["id"]) == ("a", "changes", ["n1"])
    assert changes["data"] | {"now": 0} == await read(app, _changes(2)) | {"now": 0}
    assert end == {"kind": "end", "sub": "a"}
    assert [line["kind"] for line in await streamed(app, {**RUN, "sub": "a", "since": 3})] == ["heartbeat", "end"]


async def test_each_commit_reaches_the_stream(platform: Platform) -> None:
    await launch(platform)
    lines = opened(platform, RunTopic("a", *ID, since=1))
    async with asyncio.timeout(20):
        assert (await anext(lines))["kind"] == "heartbeat"
        await asyncio.sleep(0)
        await platform.store.log.commit([commit(ID, 1, b"a", execution=running(), nodes=[node("n0")])])
        assert (await anext(lines))["data"]["nodes"]["id"] == ["n0"]
        await platform.store.log.commit([commit(ID, 2, b"b", nodes=[node("n1")])])
        await platform.store.log.commit([commit(ID, 3, b"c", execution=END, nodes=[node("n2")])])
        told = [line async for line in lines]
    ids = [id for line in told if line["kind"] == "changes" for id in line["data"]["nodes"]["id"]]
    assert (set(ids), told[-1]["kind"]) == ({"n1", "n2"}, "end")


async def test_an_error_ends_one_topic_and_no_other(app: ASGIApp, platform: Platform) -> None:
    await launch(platform)
    await platform.store.log.commit([commit(ID, 1, b"a", execution=END)])
    lines = await streamed(app, {**RUN, "sub": "a", "since": 1}, {**RUN, "sub": "b", "name": "none"})
    of = {sub: [line["kind"] for line in lines if line.get("sub") == sub] for sub in "ab"}
    assert of == {"a": ["changes", "end"], "b": ["error"]}
    [error] = [line["data"] for line in lines if line["kind"] == "error"]
    assert (error["code"], "none" in error["message"]) == ("ExecutionNotFound", True)


async def test_a_fault_of_the_platform_ends_its_topic_as_an_incident(
    app: ASGIApp, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def break_down(*_: Any, **__: Any) -> None:
        raise RuntimeError("broken")

    await launch(platform)
    await platform.store.log.commit([commit(ID, 1, b"a", execution=END)])
    monkeypatch.setattr(platform.store.nodes, "columns", break_down)
    _, error = await streamed(app, {**RUN, "sub": "a", "since": 1})
    assert (error["kind"], error["data"]["code"], "incident" in error["data"]["message"]) == ("error", "Internal", True)


async def test_a_list_hears_of_runs_that_are_new_or_have_changed_and_of_those_that_left_it(platform: Platform) -> None:
    await launch(platform, "r1")
    lines = opened(platform, RunsTopic("b", "flytesnacks", "development", "eq(phase,RUNNING)"))
    async with asyncio.timeout(20):
        assert (await anext(lines))["kind"] == "heartbeat"
        told = asyncio.ensure_future(anext(lines))
        await asyncio.sleep(0.01)
        await platform.store.log.commit([commit(ID, 1, b"a", execution=running())])
        first = (await told)["data"]
        await platform.store.log.commit([commit(ID, 2, b"b", execution=END)])
        second = (await anext(lines))["data"]
        platform.hub.miss()
        third = await anext(lines)
    assert ([run["name"] for run in first["runs"]], first["gone"]) == (["r1"], [])
    assert (second["runs"], second["gone"]) == ([], ["r1"])
    assert third == {"kind": "reset", "sub": "b"}
    await lines.aclose()


async def test_a_list_is_brought_up_from_the_time_at_which_it_was_read(platform: Platform) -> None:
    now = 10**15
    await launch(platform, "old", created_at=now - 10**9)
    await launch(platform, "new", created_at=now + 1)
    lines = opened(platform, RunsTopic("b", "flytesnacks", "development", since=now))
    async with asyncio.timeout(20):
        await anext(lines)
        assert [run["name"] for run in (await anext(lines))["data"]["runs"]] == ["new"]
    await lines.aclose()


async def test_a_stream_that_is_left_leaves_no_watcher(platform: Platform) -> None:
    await launch(platform)
    lines = opened(platform, RunTopic("a", *ID, since=1), RunsTopic("b", "flytesnacks", "development"))
    await anext(lines)
    await asyncio.sleep(0.01)
    assert len(platform.hub._subscriptions) == 2
    await lines.aclose()
    await asyncio.sleep(0.01)
    assert platform.hub._subscriptions == {}


async def test_a_stream_that_is_left_complains_of_nothing(platform: Platform) -> None:
    complaints: list[str] = []
    asyncio.get_running_loop().set_exception_handler(lambda _, told: complaints.append(told["message"]))
    await launch(platform)
    lines = await stream.open_stream(platform, ADA, [RunTopic("a", *ID, since=1)], 100)
    assert isinstance(lines, AsyncGenerator)
    await anext(lines)
    asking = asyncio.create_task(anext(lines))
    await asyncio.sleep(0.01)
    asking.cancel()
    await asyncio.wait((asking,))
    await lines.aclose()
    await asyncio.sleep(0.01)
    del lines, asking
    gc.collect()
    assert complaints == []


async def test_streams_end_when_the_platform_stops(platform: Platform) -> None:
    await launch(platform)
    lines = opened(platform, RunTopic("a", *ID, since=1), RunsTopic("b", "flytesnacks", "development"))
    await anext(lines)
    await asyncio.sleep(0.01)
    platform.hub.close()
    async with asyncio.timeout(20):
        assert [line async for line in lines] == []


async def test_silence_is_broken_by_heartbeats(platform: Platform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stream, "HEARTBEAT_S", 0.01)
    await launch(platform)
    lines = opened(platform, RunTopic("a", *ID, since=1))
    assert [(await anext(lines))["kind"] for _ in range(3)] == ["heartbeat"] * 3
    await lines.aclose()


@pytest.mark.parametrize(
    "body",
    [
        b"{}",
        b"nonsense",
        b'{"subscribe": [{"kind": "weather", "sub": "a"}]}',
        json.dumps({"subscribe": [{**RUN, "sub": "a"}], "interval_ms": 5}).encode(),
        json.dumps({"subscribe": [{**RUN, "sub": "a"}, {**RUN, "sub": "a"}]}).encode(),
        json.dumps({"subscribe": [{**RUN, "sub": str(n)} for n in range(101)]}).encode(),
    ],
)
async def test_a_stream_that_can_not_be_is_refused(app: ASGIApp, body: bytes) -> None:
    assert (await ask(app, "POST", f"{OWN}/stream", HEADERS, (body,))).status == 400


# Logs


async def logged(platform: Platform, data: bytes, *, ended: bool = True) -> None:
    await launch(platform)
    phase = AttemptPhase.SUCCEEDED if ended else AttemptPhase.RUNNING
    await platform.store.log.commit([commit(ID, 1, b"a", nodes=[node("n0")], attempts=[attempt("n0", phase=phase)])])
    await platform.blobs.put(layout.log_uri(platform.blobs, AttemptId(ID, "n0", 0), incarnation=""), data)


LOGS = f"{OWN}/logs/flytesnacks/development/r1/n0/0"


async def test_a_log_is_read_in_parts(app: ASGIApp, platform: Platform) -> None:
    await logged(platform, b"0123456789")
    for query, wanted, offset in (
        ("", b"0123456789", 0),
        ("?offset=3&limit=4", b"3456", 3),
        ("?tail=4", b"6789", 6),
        ("?tail=99", b"0123456789", 0),
        ("?tail=0", b"", 10),
        ("?offset=99", b"", 99),
        ("?follow=1&limit=2", b"01", 0),
    ):
        answer = await get(app, LOGS + query)
        headers = [answer.headers[f"alula-log-{name}"] for name in ("offset", "size", "ended")]
        assert (answer.body, headers) == (wanted, [str(offset), "10", "1"]), query
    for query in ("?offset=-1", "?limit=-1", "?tail=-1", f"?tail={2**61}"):
        await get(app, LOGS + query, status=400)


async def test_the_growth_of_a_log_is_streamed(app: ASGIApp, platform: Platform) -> None:
    await logged(platform, b"0123456789")
    lines = await streamed(app, {**LOG, "sub": "c"})
    assert lines[1:] == [
        {"kind": "log", "sub": "c", "data": {"size": 10, "ended": True}},
        {"kind": "end", "sub": "c"},
    ]


async def test_a_text_is_found_in_the_logs_of_a_run(app: ASGIApp, platform: Platform) -> None:
    await logged(platform, b"one\nNeedle two\nthree\nneedle four")
    path = LOGS.replace("/logs/", "/log-search/")
    lines = found(await get(app, f"{path}?q=needle"))
    assert lines == [
        {"offset": 4, "line": 2, "text": "Needle two"},
        {"offset": 21, "line": 4, "text": "needle four"},
        {"searched": 32, "more": False, "done": True},
    ]
    assert found(await get(app, f"{path}?q=needle&case=1"))[0]["line"] == 4
    assert found(await get(app, f"{path}?q=needle&limit=1"))[-1]["more"] is True
    of_run = found(await get(app, f"{path.removesuffix('/n0/0')}?q=three"))
    assert of_run[0] == {"offset": 15, "line": 3, "text": "three", "node_id": "n0", "attempt": 0}
    await get(app, f"{path}?q=", status=400)
    for among, lines in (("node_id=n0", 2), ("node_id=n9", 1), ("attempt=0", 2), ("attempt=1", 1), ("index=3", 1)):
        assert len(found(await get(app, f"{path.removesuffix('/n0/0')}?q=three&{among}"))) == lines, among


def found(answer: Answer) -> list[Any]:
    return [json.loads(line) for line in answer.body.splitlines()]


def _changes(since: int) -> str:
    return f"{OWN}/runs/flytesnacks/development/r1/changes?since={since}"
