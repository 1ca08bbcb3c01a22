"""Runs for consoles over HTTP: lists, skeletons, changes, items, reasons; what they say and how they are sent."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from random import Random
from typing import Any, cast

import pytest
from flyteidl.admin import execution_pb2
from starlette.types import ASGIApp
from tests.contract.store.records import WORKFLOW, audit, commit, execution, execution_id, node, running
from tests.contract.store.test_changes import some_rows
from tests.unit.server.api.asking import LOCAL, Answer, ask
from tests.unit.server.api.test_openapi import conforms

from alula.core.engine.records import (
    AttemptPhase,
    AttemptRecord,
    CacheStatus,
    ExecutionChange,
    ExecutionPhase,
    ItemRecord,
    NodePhase,
    Reason,
    SignalRecord,
)
from alula.core.errors import TaskError
from alula.core.ids import ExecutionId
from alula.server.api.gate import trusted
from alula.server.api.http import make_app, make_routes
from alula.server.api.objects import object_routes
from alula.server.blobs.file import FileBlobs
from alula.server.services.console import skeleton
from alula.server.services.platform import Platform

pytestmark = pytest.mark.anyio
ID = execution_id("r1")
OWN = "/api/v1/alula"
RUNS = f"{OWN}/runs/flytesnacks/development"
T0 = 1_000_000
HOST = ("host", "127.0.0.1:8088")
SPEC = execution_pb2.ExecutionSpec().SerializeToString()


@pytest.fixture
def app(platform: Platform) -> ASGIApp:
    routes = make_routes(platform, object_routes(cast(FileBlobs, platform.blobs), platform.clock))
    return make_app(routes, trusted(()), LOCAL)


async def get(app: ASGIApp, path: str, *headers: tuple[str, str], status: int = 200) -> Answer:
    answer = await ask(app, "GET", path, (HOST, *headers))
    assert answer.status == status, answer.body
    return answer


async def read(app: ASGIApp, path: str) -> Any:
    return json.loads((await get(app, path)).body)


async def launch(platform: Platform, name: str = "r1", **more: Any) -> ExecutionId:
    record = execution(name, created_at=more.pop("created_at", T0), spec=more.pop("spec", SPEC), **more)
    assert await platform.store.executions.create(record, b"created", audit())
    return record.id


def attempt(node_id: str, number: int = 0, phase: AttemptPhase = AttemptPhase.SUCCEEDED, **more: Any) -> AttemptRecord:
    return AttemptRecord(node_id, number, phase, 20, **more)


async def described(app: ASGIApp) -> dict[str, Any]:
    return json.loads((await get(app, "/openapi.json")).body)


# Runs


async def test_the_platform_says_what_it_is(app: ASGIApp) -> None:
    told = await read(app, f"{OWN}/about")
    assert (told["principal"], told["login"], told["domains"]) == (
        "ada",
        None,
        ["development", "staging", "production"],
    )
    assert "changes" in told["features"]
    assert told["limits"] == {"list": 1000, "nodes": 20_000, "changes": 20_000}
    conforms(await described(app), f"{OWN}/about", "get", "200", told)


async def test_a_run_is_listed_with_what_one_wants_to_know_of_it(app: ASGIApp, platform: Platform) -> None:
    spec = execution_pb2.ExecutionSpec()
    parent = spec.metadata.parent_node_execution
    parent.node_id = "n3"
    parent.execution_id.project, parent.execution_id.domain, parent.execution_id.name = "p", "d", "above"
    await launch(platform, spec=spec.SerializeToString(), labels={"team": "blue"})
    error = TaskError("OOMKilled", "2.1 GiB of 2 GiB\nTraceback", "USER")
    end = ExecutionChange(ExecutionPhase.FAILED, 90, started_at=T0 + 5, ended_at=T0 + 9, error=error)
    nodes = [node("n0"), node("n1", NodePhase.FAILED), node("n2")]
    await platform.store.log.commit([commit(ID, 1, b"a", b"b", execution=end, nodes=nodes)])
    page = await read(app, RUNS)
    [run] = page["runs"]
    assert (run["name"], run["seq"], run["phase"], run["labels"]) == ("r1", 3, 6, {"team": "blue"})
    assert (run["created_at"], run["started_at"], run["ended_at"]) == (T0, T0 + 5, T0 + 9)
    assert run["workflow"] == dict(zip(("project", "domain", "name", "version"), WORKFLOW, strict=True))
    assert run["parent"] == {"project": "p", "domain": "d", "name": "above", "node_id": "n3"}
    assert run["reason"] == {"code": "OOMKilled", "message": "2.1 GiB of 2 GiB"}
    assert run["nodes"] == [0, 0, 2, 0, 0, 1, 0, 0, 0, 0, 0]
    conforms(await described(app), f"{OWN}/runs/{{project}}/{{domain}}", "get", "200", page)


async def test_runs_that_ask_are_named_and_those_whose_retries_are_spent_say_their_last_error(
    app: ASGIApp, platform: Platform
) -> None:
    await launch(platform)
    await launch(platform, "r2")
    other = ID._replace(name="r2")
    asked = [SignalRecord("s", "n0"), SignalRecord("t", "n0")]
    await platform.store.log.commit([commit(ID, 1, b"a", nodes=[node("n0")], signals=asked)])
    error = TaskError("RetriesExhausted|ExitCode", "[2/2] currentAttempt done. Last Error: USER::status 7\nmore")
    end = ExecutionChange(ExecutionPhase.FAILED, 90, error=error)
    await platform.store.log.commit([commit(other, 1, b"a", execution=end, signals=asked[:1], nodes=[node("n0")])])
    page = await read(app, RUNS)
    assert page["questions"] == {"r1": 2}
    reasons = {run["name"]: run["reason"] for run in page["runs"]}
    assert reasons == {"r1": None, "r2": {"code": "RetriesExhausted|ExitCode", "message": "status 7"}}


async def test_an_aborted_run_says_why(app: ASGIApp, platform: Platform) -> None:
    await launch(platform)
    end = ExecutionChange(ExecutionPhase.ABORTED, 90, abort_cause="enough\nof it", abort_principal="bob")
    await platform.store.log.commit([commit(ID, 1, b"a", execution=end)])
    assert (await read(app, RUNS))["runs"][0]["reason"] == {"code": "Aborted", "message": "enough"}


async def test_runs_are_paged_by_key_so_that_new_ones_shift_nothing(app: ASGIApp, platform: Platform) -> None:
    for number in range(5):
        await launch(platform, f"r{number}", created_at=number)
    first = await read(app, f"{RUNS}?limit=2")
    await launch(platform, "r9", created_at=9)
    second = await read(app, f"{RUNS}?limit=2&cursor={first['next']}")
    third = await read(app, f"{RUNS}?limit=2&cursor={second['next']}")
    names = [[run["name"] for run in page["runs"]] for page in (first, second, third)]
    assert (names, third["next"]) == ([["r4", "r3"], ["r2", "r1"], ["r0"]], "")
    oldest = await read(app, f"{RUNS}?sort=created_at&limit=1&filters=ne(name,r0)")
    assert [run["name"] for run in oldest["runs"]] == ["r1"]


async def test_archived_runs_are_listed_only_if_asked_for(app: ASGIApp, platform: Platform) -> None:
    await launch(platform)
    await platform.store.executions.set_archived(ID, archived=True, audit=audit())
    assert (await read(app, RUNS))["runs"] == []
    [run] = (await read(app, f"{RUNS}?filters=eq(state,EXECUTION_ARCHIVED)"))["runs"]
    assert run["archived"] is True


@pytest.mark.parametrize("query", ["limit=0", "limit=x", f"limit={2**70}", "cursor=x", "sort=color", "filters=eq(x"])
async def test_a_list_that_can_not_be_is_refused(app: ASGIApp, query: str) -> None:
    await get(app, f"{RUNS}?{query}", status=400)


# Skeletons and changes


async def test_a_skeleton_has_all_nodes_as_columns(app: ASGIApp, platform: Platform) -> None:
    await launch(platform)
    error = TaskError("USER:E", "line one\nline two", "USER")
    rows = {
        "nodes": [
            node(
                "n0", NodePhase.SUCCEEDED, spec_node_id="n0", created_at=T0, started_at=T0 + 3_999, ended_at=T0 + 40_000
            ),
            node("n1", NodePhase.FAILED, spec_node_id="n1", created_at=T0 - 5_000, error=error, child="child-run"),
            node("n2", spec_node_id="n2", is_array=True, is_parent=True, cache_status=CacheStatus.MISS),
            node("n2-0-a", NodePhase.QUEUED, spec_node_id="a", parent_id="n2", deck_uri="d"),
        ],
        "attempts": [
            attempt("n0"),
            attempt("n1", 0, AttemptPhase.RETRYABLE_FAILED, created_at=T0 + 1_000),
            attempt("n1", 1, AttemptPhase.FAILED),
            attempt("n2", phase=AttemptPhase.RUNNING, size=7),
        ],
        "items": [ItemRecord("n2", i, 0, AttemptPhase.RUNNING, 9) for i in range(3)],
        "signals": [SignalRecord("n9-ok", "n9", created_at=T0 + 7, value=b"v", principal="bob")],
    }
    await platform.store.log.commit([commit(ID, 1, b"a", execution=running(), **rows)])
    told = await read(app, f"{RUNS}/r1/skeleton")
    conforms(await described(app), f"{OWN}/runs/{{project}}/{{domain}}/{{name}}/skeleton", "get", "200", told)
    assert (told["seq"], told["t0"], told["partial"], told["next"]) == (2, T0, False, "")
    assert told["run"]["nodes"][:6] == [0, 1, 1, 1, 0, 1]
    assert told["nodes"] == {
        "id": ["n0", "n1", "n2", "n2-0-a"],
        "spec": ["", "", "", "a"],
        "parent": ["", "", "", "n2"],
        "phase": [3, 5, 2, 1],
        "created": [0, 0, -1, -1],
        "started": [3, -1, -1, -1],
        "ended": [40, -1, -1, -1],
        "tries": [1, 2, 1, 0],
        "cache": [0, 0, 1, 0],
        "flags": [0, 0, 5, 8],
    }
    assert told["children"] == {"n1": "child-run"}
    assert told["errors"] == {"n1": {"code": "USER:E", "message": "line one"}}
    assert told["attempts"]["node"] == ["n1", "n1", "n2"]
    assert told["attempts"]["created"] == [1, -1, -1]
    assert told["arrays"] == {"n2": {"size": 7, "phases": [0, 0, 3, 0, 0, 0, 0, 0, 0]}}
    assert told["signals"] == [
        {"id": "n9-ok", "node": "n9", "created_at": T0 + 7, "principal": "bob", "answered": True}
    ]


async def test_a_skeleton_that_is_known_is_not_sent_again(app: ASGIApp, platform: Platform) -> None:
    await launch(platform)
    tag = (await get(app, f"{RUNS}/r1/skeleton")).headers["etag"]
    again = await get(app, f"{RUNS}/r1/skeleton", ("if-none-match", f'"x", {tag}'), status=304)
    assert (again.body, again.headers["etag"]) == (b"", tag)
    await platform.store.log.commit([commit(ID, 1, b"a")])
    await get(app, f"{RUNS}/r1/skeleton", ("if-none-match", tag))
    await get(app, f"{RUNS}/none/skeleton", status=404)


async def test_large_runs_are_read_by_parent_and_window(
    app: ASGIApp, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skeleton, "NODES_MAX", 4)
    await launch(platform)
    nodes = [node("n0"), node("n1", is_parent=True), *(node(f"n1-0-{i}", parent_id="n1") for i in range(5))]
    await platform.store.log.commit([commit(ID, 1, b"a", nodes=nodes)])
    top = await read(app, f"{RUNS}/r1/skeleton")
    assert (top["partial"], top["nodes"]["id"], top["next"]) == (True, ["n0", "n1"], "")
    inside = await read(app, f"{RUNS}/r1/skeleton?parent=n1&limit=3")
    rest = await read(app, f"{RUNS}/r1/skeleton?parent=n1&limit=3&cursor={inside['next']}")
    assert inside["nodes"]["id"] + rest["nodes"]["id"] == [f"n1-0-{i}" for i in range(5)]
    assert (inside["partial"], rest["next"]) == (False, "")


async def test_changes_are_what_is_new_since(app: ASGIApp, platform: Platform) -> None:
    await launch(platform)
    items = [ItemRecord("n1", i, 0, AttemptPhase.RUNNING, 9) for i in range(3)]
    array = attempt("n1", phase=AttemptPhase.RUNNING, size=5)
    await platform.store.log.commit(
        [commit(ID, 1, b"a", nodes=[node("n0"), node("n1")], attempts=[array], items=items)]
    )
    done = ItemRecord("n1", 1, 0, AttemptPhase.SUCCEEDED, 10)
    await platform.store.log.commit([commit(ID, 2, b"b", nodes=[node("n0", NodePhase.SUCCEEDED)], items=[done])])
    told = await read(app, f"{RUNS}/r1/changes?since=2")
    conforms(await described(app), f"{OWN}/runs/{{project}}/{{domain}}/{{name}}/changes", "get", "200", told)
    assert (told["since"], told["seq"], told["reset"]) == (2, 3, False)
    assert (told["nodes"]["id"], told["nodes"]["phase"]) == (["n0"], [3])
    assert told["items"] == {"n1": {"index": [1], "phase": [3]}}
    assert told["arrays"] == {"n1": {"size": 5, "phases": [0, 0, 2, 1, 0, 0, 0, 0, 0]}}
    nothing = await read(app, f"{RUNS}/r1/changes?since=3")
    assert (nothing["nodes"]["id"], nothing["arrays"], nothing["items"], nothing["reset"]) == ([], {}, {}, False)
    assert nothing["run"]["seq"] == 3


@pytest.mark.parametrize("since", [0, -1, 99])
async def test_changes_since_what_never_was_are_a_reason_to_begin_anew(
    app: ASGIApp, platform: Platform, since: int
) -> None:
    await launch(platform)
    told = await read(app, f"{RUNS}/r1/changes?since={since}")
    assert (told["reset"], told["nodes"]["id"], told["seq"]) == (True, [], 1)


async def test_more_changes_than_an_answer_holds_are_a_reason_to_begin_anew(
    app: ASGIApp, platform: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(skeleton, "CHANGED_MAX", 3)
    await launch(platform)
    await platform.store.log.commit([commit(ID, 1, b"a", nodes=[node(f"n{i}") for i in range(3)])])
    assert (await read(app, f"{RUNS}/r1/changes?since=1"))["reset"] is False
    items = [ItemRecord("n1", i, 0, AttemptPhase.RUNNING, 9) for i in range(4)]
    await platform.store.log.commit([commit(ID, 2, b"b", attempts=[attempt("n1", size=9)], items=items)])
    told = await read(app, f"{RUNS}/r1/changes?since=2")
    assert (told["reset"], told["items"], told["arrays"]["n1"]["phases"][2]) == (False, {"n1": None}, 4)
    await platform.store.log.commit([commit(ID, 3, b"c", nodes=[node(f"n{i}") for i in range(4)])])
    assert (await read(app, f"{RUNS}/r1/changes?since=3"))["reset"] is True


@pytest.mark.parametrize("seed", range(5))
async def test_changes_laid_over_a_skeleton_of_any_time_give_the_skeleton_of_now(
    app: ASGIApp, platform: Platform, seed: int
) -> None:
    await launch(platform)
    random, seq = Random(seed), 1
    arrays = [attempt(f"n{n}", size=9) for n in range(5)]
    await platform.store.log.commit([commit(ID, seq, b"e", attempts=arrays, nodes=[node(f"n{n}") for n in range(5)])])
    known = [await read(app, f"{RUNS}/r1/skeleton")]
    for seq in range(2, 10):
        await platform.store.log.commit([commit(ID, seq, b"e", **some_rows(random))])
        known.append(await read(app, f"{RUNS}/r1/skeleton"))
    for then in known:
        changes = await read(app, f"{RUNS}/r1/changes?since={then['seq']}")
        assert laid(then, changes) == laid(known[-1], changes)


def laid(skeleton: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """As a console does it; attempts aside that it knows of the column of their nodes."""
    nodes = {line["id"]: line for columns in (skeleton["nodes"], changes["nodes"]) for line in lines(columns)}
    signals = {each["id"]: each for each in (*skeleton["signals"], *changes["signals"])}
    return {
        "seq": changes["seq"],
        "nodes": nodes,
        "arrays": skeleton["arrays"] | changes["arrays"],
        "errors": skeleton["errors"] | changes["errors"],
        "children": skeleton["children"] | changes["children"],
        "signals": signals,
    }


def lines(columns: dict[str, list[Any]]) -> Iterator[dict[str, Any]]:
    for line in zip(*columns.values(), strict=True):
        yield dict(zip(columns, line, strict=True))


# Items


async def array(platform: Platform, *items: ItemRecord, size: int = 10) -> None:
    await launch(platform)
    rows = {"nodes": [node("n1", is_array=True)], "attempts": [attempt("n1", size=size)], "items": list(items)}
    await platform.store.log.commit([commit(ID, 1, b"a", **rows)])


def item(index: int, phase: AttemptPhase, **more: Any) -> ItemRecord:
    return ItemRecord("n1", index, 0, phase, 10 + index, **more)


async def test_the_phase_of_each_item_is_a_byte(app: ASGIApp, platform: Platform) -> None:
    hit = item(2, AttemptPhase.SUCCEEDED, cache_status=CacheStatus.HIT)
    await array(platform, item(0, AttemptPhase.FAILED), hit, item(7, AttemptPhase.RUNNING))
    answer = await get(app, f"{RUNS}/r1/items/n1/phases")
    assert answer.body == bytes([5, 0, 0x83, 0, 0, 0, 0, 2, 0, 0])
    assert (answer.headers["content-type"], answer.headers["alula-seq"]) == ("application/octet-stream", "2")
    await get(app, f"{RUNS}/r1/items/n1/phases", ("if-none-match", answer.headers["etag"]), status=304)
    refused = await get(app, f"{RUNS}/r1/items/n0/phases", status=404)
    assert refused.code == "ArrayNotFound"


async def test_items_are_read_in_windows_and_found_by_phase_and_error(app: ASGIApp, platform: Platform) -> None:
    broken = TaskError("USER:Bad", "No such Thing\nmore", "USER")
    rows = [item(i, AttemptPhase.SUCCEEDED, started_at=T0 + 1_000 * i, ended_at=T0 + 9_000) for i in range(8)]
    rows[3] = item(3, AttemptPhase.FAILED, error=broken)
    rows[5] = item(5, AttemptPhase.FAILED, error=TaskError("OOMKilled", "too large", "SYSTEM"))
    await array(platform, *rows)
    page = await read(app, f"{RUNS}/r1/items/n1?from=2&limit=3")
    conforms(await described(app), f"{OWN}/runs/{{project}}/{{domain}}/{{name}}/items/{{node_id}}", "get", "200", page)
    assert (page["size"], [each["index"] for each in page["items"]]) == (10, [2, 3, 4])
    assert page["items"][0] == {
        "index": 2, "phase": 3, "attempt": 0, "started": 2, "ended": 9, "cache": 0, "error": None
    }  # fmt: skip
    assert page["items"][1]["error"] == {"code": "USER:Bad", "message": "No such Thing"}
    rest = await read(app, f"{RUNS}/r1/items/n1?from=2&limit=9&cursor={page['next']}")
    assert ([each["index"] for each in rest["items"]], rest["next"]) == ([5, 6, 7], "")
    for query, wanted in (
        ("phase=5", [3, 5]),
        ("phase=5,2&sort=-index", [5, 3]),
        ("q=THING", [3]),
        ("q=oom", [5]),
        ("q=nothing", []),
        ("sort=-updated_at&limit=2", [7, 6]),
    ):
        found = await read(app, f"{RUNS}/r1/items/n1?{query}")
        assert [each["index"] for each in found["items"]] == wanted, query
    first = await read(app, f"{RUNS}/r1/items/n1?q=o&limit=1")
    second = await read(app, f"{RUNS}/r1/items/n1?q=o&limit=1&cursor={first['next']}")
    assert [page["items"][0]["index"] for page in (first, second)] == [3, 5]
    await get(app, f"{RUNS}/r1/items/n1?sort=color", status=400)
    await get(app, f"{RUNS}/r1/items/n1?phase=x", status=400)


async def test_an_array_is_summed_up(app: ASGIApp, platform: Platform) -> None:
    def at(ms: int) -> int:
        return T0 + ms * 1_000

    bad = TaskError("USER:Bad", "same\nbut here", "USER")
    rows = [
        item(0, AttemptPhase.SUCCEEDED, started_at=at(0), ended_at=at(40)),
        item(1, AttemptPhase.SUCCEEDED, started_at=at(10), ended_at=at(30)),
        item(2, AttemptPhase.FAILED, started_at=at(20), ended_at=at(99), error=bad),
        item(3, AttemptPhase.FAILED, started_at=at(20), ended_at=at(50), error=bad),
        item(4, AttemptPhase.QUEUED),
    ]
    await array(platform, *rows)
    end = ExecutionChange(ExecutionPhase.FAILED, 90, ended_at=at(99))
    await platform.store.log.commit([commit(ID, 2, b"b", execution=end)])
    told = await read(app, f"{RUNS}/r1/items/n1/summary?bins=10")
    path = f"{OWN}/runs/{{project}}/{{domain}}/{{name}}/items/{{node_id}}/summary"
    conforms(await described(app), path, "get", "200", told)
    assert (told["from_ms"], told["bin_ms"], told["size"]) == (0, 10, 10)
    assert told["running"] == [1, 2, 4, 3, 2, 1, 1, 1, 1, 1]
    assert told["done"] == [0, 0, 0, 1, 1, 0, 0, 0, 0, 0]
    assert told["failed"] == [0, 0, 0, 0, 0, 1, 0, 0, 0, 1]
    assert told["phases"] == [0, 1, 0, 2, 0, 2, 0, 0, 0]
    assert told["durations_ms"] == {"p50": 30, "p90": 40, "p95": 40, "p99": 40, "max": 79}
    assert told["slowest"][:2] == [{"index": 2, "ms": 79}, {"index": 0, "ms": 40}]
    assert told["errors"] == [{"code": "USER:Bad", "message": "same", "count": 2, "indexes": [2, 3]}]


async def test_an_array_of_which_nothing_has_begun_is_summed_up(app: ASGIApp, platform: Platform) -> None:
    await array(platform)
    told = await read(app, f"{RUNS}/r1/items/n1/summary")
    assert (told["durations_ms"], told["errors"], sum(told["running"])) == (None, [], 0)


# Reasons


async def test_reasons_are_paged_and_chosen(app: ASGIApp, platform: Platform) -> None:
    await launch(platform)
    reasons = [Reason(i, f"n{i % 2}", 0, i, "Odd" if i % 2 else "Even", f"{i}") for i in range(7)]
    await platform.store.log.commit([commit(ID, 1, b"a", reasons=reasons)])
    path = f"{OWN}/reasons/flytesnacks/development/r1"
    whole = await get(app, path)
    assert len(json.loads(whole.body)) == 7 and "alula-next" not in whole.headers
    texts, cursor = list[str](), "0"
    while cursor:
        page = await get(app, f"{path}?limit=3&cursor={cursor}")
        texts += [reason["text"] for reason in json.loads(page.body)]
        cursor = page.headers.get("alula-next", "")
    assert texts == [str(i) for i in range(7)]
    for query, wanted in (("node_id=n1", "135"), ("code=Even", "0246"), ("index=4", "4"), ("code=Odd&limit=1", "1")):
        assert "".join(reason["text"] for reason in await read(app, f"{path}?{query}")) == wanted


# Compression


async def test_json_is_compressed_for_those_that_take_it(app: ASGIApp, platform: Platform) -> None:
    await launch(platform)
    await platform.store.log.commit([commit(ID, 1, b"a", nodes=[node(f"n{i}") for i in range(300)])])
    path = f"{RUNS}/r1/skeleton"
    plain = await get(app, path)
    assert "content-encoding" not in plain.headers
    for accepted in ("gzip", "br, GZIP ; q=0.5", "deflate,gzip"):
        answer = await get(app, path, ("accept-encoding", accepted))
        assert answer.headers["content-encoding"] == "gzip"
        assert int(answer.headers["content-length"]) == len(answer.body) < len(plain.body) / 4
        assert "Accept-Encoding" in answer.headers["vary"]
        assert json.loads(gzip.decompress(answer.body))["nodes"] == json.loads(plain.body)["nodes"]
    for accepted in ("br", "gzip;q=0", "gzip; q=0.0", "identity"):
        assert "content-encoding" not in (await get(app, path, ("accept-encoding", accepted))).headers
    small = await get(app, f"{OWN}/about", ("accept-encoding", "gzip"))
    assert "content-encoding" not in small.headers
    text = await get(app, "/healthcheck", ("accept-encoding", "gzip"))
    assert text.body == b"ok"
