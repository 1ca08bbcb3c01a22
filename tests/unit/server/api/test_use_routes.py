"""What attempts have used, over HTTP: known figures alone, beside what each attempt asked for and could have."""

from __future__ import annotations

from typing import Any

import pytest
from flyteidl.admin import execution_pb2
from flyteidl.core import tasks_pb2, workflow_pb2
from starlette.types import ASGIApp
from tests import graphs
from tests.contract.store.records import commit, entity, node
from tests.unit.server.api.test_openapi import conforms
from tests.unit.server.api.test_run_routes import ID, OWN, RUNS, attempt, described, get, item, launch, read
from tests.unit.server.api.test_run_routes import app as app  # noqa: PLC0414 - a fixture

from alula.core.engine.records import AttemptPhase, Reason
from alula.core.engine.recovery import Recovery, encode
from alula.core.engine.usage import Figure, Usage
from alula.core.policy.memory_growth import FACTOR_KEY
from alula.server.identity import Caller
from alula.server.services import layout
from alula.server.services.platform import Platform

pytestmark = pytest.mark.anyio
PATH = f"{OWN}/runs/{{project}}/{{domain}}/{{name}}/use/{{node_id}}"
MIB = 1 << 20


def memory(amount: str) -> tasks_pb2.Resources:
    entries = [tasks_pb2.Resources.ResourceEntry(name=tasks_pb2.Resources.MEMORY, value=amount)]
    return tasks_pb2.Resources(requests=entries, limits=entries)


async def started(platform: Platform, **more: Any) -> None:
    """A run of a task whose 100 MiB double, once as it is, once with 300 MiB, and of a map task."""
    single = graphs.task("t")
    mapped = graphs.task("m", inputs={"x": graphs.list_of(graphs.INT)})
    for task in (single, mapped):
        task.container.resources.CopyFrom(memory("100Mi"))
    single.config[FACTOR_KEY] = "2"
    larger = graphs.task_node("n1", single, x=".n")
    larger.task_node.overrides.resources.CopyFrom(memory("300Mi"))
    nodes = [graphs.task_node("n0", single, x=".n"), larger, graphs.map_node("n2", mapped, x=".x")]
    inputs = {"x": graphs.list_of(graphs.INT), "n": graphs.INT}
    closure = graphs.compiled(graphs.workflow("etl", nodes, inputs=inputs), [single, mapped])
    workflow = entity(closure=closure.SerializeToString())
    await platform.store.entities.register([workflow], platform.audit(Caller("ada"), "register", "things"))
    await launch(platform, **more)


def tried(*node_ids: str) -> dict[str, Any]:
    """Rows of nodes with an attempt each."""
    rows = [node(id, spec_node_id=id) for id in node_ids]
    return {"nodes": rows, "attempts": [attempt(id) for id in node_ids]}


async def limits(app: ASGIApp, node_id: str) -> list[int]:
    told = await read(app, f"{RUNS}/r1/use/{node_id}")
    assert [each["requests"] for each in told["attempts"]] == [each["limits"] for each in told["attempts"]]
    return [each["limits"]["memory_bytes"] // MIB for each in told["attempts"]]


async def test_what_is_known_is_told_and_the_rest_is_null(app: ASGIApp, platform: Platform) -> None:
    await started(platform)
    usage = Usage(cpu_us=Figure(0, "rusage"), peak_memory_bytes=Figure(MIB, "smaps", "sampled", 100))
    rows = [attempt("n0", started_at=10, ended_at=25, usage=usage)]
    await platform.store.log.commit([commit(ID, 1, b"a", nodes=[node("n0", spec_node_id="n0")], attempts=rows)])
    told = await read(app, f"{RUNS}/r1/use/n0")
    conforms(await described(app), PATH, "get", "200", told)
    (only,) = told["attempts"]
    assert {name: only[name] for name in ("attempt", "phase", "took_us", "written_bytes")} == {
        "attempt": 0, "phase": 3, "took_us": 15, "written_bytes": None
    }  # fmt: skip
    assert only["cpu_us"] == {"value": 0, "source": "rusage", "accuracy": "exact", "every_ms": 0}
    assert only["peak_memory_bytes"] == {"value": MIB, "source": "smaps", "accuracy": "sampled", "every_ms": 100}


async def test_a_node_has_what_it_asks_for_itself(app: ASGIApp, platform: Platform) -> None:
    await started(platform)
    await platform.store.log.commit([commit(ID, 1, b"a", **tried("n0", "n1"))])
    assert (await limits(app, "n0"), await limits(app, "n1")) == ([100], [300])


async def test_an_attempt_after_one_that_ran_out_of_memory_had_more(app: ASGIApp, platform: Platform) -> None:
    await started(platform)
    rows = [attempt("n0", number, AttemptPhase.RETRYABLE_FAILED) for number in range(3)]
    reasons = [
        Reason(30, "n0", 0, -1, "Retried", "again", {"error": "OOMKilled", "memory": "2"}),
        Reason(40, "n0", 1, -1, "Retried", "again", {"error": "USER:Bad"}),
    ]
    changed = {"nodes": [node("n0", spec_node_id="n0")], "attempts": rows, "reasons": reasons}
    await platform.store.log.commit([commit(ID, 1, b"a", **changed)])
    assert await limits(app, "n0") == [100, 200, 200]


async def test_an_item_has_its_own_and_the_array_none(app: ASGIApp, platform: Platform) -> None:
    await started(platform)
    changed = {"nodes": [node("n2", spec_node_id="n2", is_array=True)], "attempts": [attempt("n2", size=2)]}
    used = item(1, AttemptPhase.SUCCEEDED, usage=Usage(written_bytes=Figure(7, "cgroup")))
    used.node_id = "n2"
    await platform.store.log.commit([commit(ID, 1, b"a", items=[used], **changed)])
    assert (await read(app, f"{RUNS}/r1/use/n2"))["attempts"] == []
    (one,) = (await read(app, f"{RUNS}/r1/use/n2?index=1"))["attempts"]
    assert (one["written_bytes"]["value"], one["limits"]["memory_bytes"]) == (7, 100 * MIB)
    assert (await read(app, f"{RUNS}/r1/use/n2?index=0"))["attempts"] == []


async def test_what_a_fork_changes_holds_for_what_it_runs_again(app: ASGIApp, platform: Platform) -> None:
    await started(platform, mode=execution_pb2.ExecutionMetadata.RECOVERED)
    overrides = workflow_pb2.TaskNodeOverrides(resources=memory("700Mi")).SerializeToString()
    kept = encode(Recovery("flytesnacks/development/r0", again=("n1",), overrides=overrides))
    await platform.blobs.put(layout.recovery_uri(platform.blobs, ID), kept)
    await platform.store.log.commit([commit(ID, 1, b"a", **tried("n0", "n1"))])
    assert (await limits(app, "n0"), await limits(app, "n1")) == ([100], [700])


async def test_a_node_that_is_not_there_is_named(app: ASGIApp, platform: Platform) -> None:
    await started(platform)
    assert (await get(app, f"{RUNS}/r1/use/n9", status=404)).code == "NodeExecutionNotFound"
