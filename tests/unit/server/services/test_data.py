from __future__ import annotations

import base64
import hashlib
from typing import Any

import msgspec
import pytest
from flyteidl.admin import task_execution_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2
from flyteidl.event import event_pb2
from google.protobuf import duration_pb2, json_format
from tests import flyte_specs as specs
from tests.contract.store.records import audit, execution

from alula.cli.usage import usage_text
from alula.core.engine.attempt_info import AttemptInfo, ExternalResource, LogLink
from alula.core.engine.records import (
    AttemptPhase,
    AttemptRecord,
    CacheStatus,
    Changes,
    ItemRecord,
    NodePhase,
    NodeRecord,
    Reason,
)
from alula.core.engine.usage import Figure, Usage
from alula.core.errors import AlreadyExists, InvalidInput, NotFound, TaskError
from alula.core.ids import AttemptId, EntityId, ExecutionId
from alula.server.blob import SignedUrl
from alula.server.identity import Caller
from alula.server.services import layout, messages, nodes
from alula.server.services.data_proxy import create_upload, get_data
from alula.server.services.flyte_url import parse_flyte_url
from alula.server.services.logs import open_log
from alula.server.services.messages.names import node_identifier
from alula.server.services.platform import Platform
from alula.server.store.log import Commit

pytestmark = pytest.mark.anyio
ID = ExecutionId(specs.PROJECT, specs.DOMAIN, "run")
INPUTS = specs.literal_map(x=specs.integer(1))
OUTPUTS = specs.literal_map(o0=specs.text("done"))
USED = Usage(Figure(1_230_000, "rusage"), Figure(50 << 20, "smaps", "sampled", 100))


@pytest.fixture
async def ran(platform: Platform) -> Platform:
    """A platform with a run of node `n0` (two attempts, the second succeeded) and array node `n1` of 3 items."""
    await platform.store.executions.create(execution(ID, spec=b"", inputs=b"", user_inputs=b""), b"created", audit())
    task = EntityId(specs.PROJECT, specs.DOMAIN, "t", "v1")
    deck = layout.output_prefix(platform.blobs, AttemptId(ID, "n0", 1)) + "/deck.html"
    await platform.blobs.put(deck, b"<html>")
    given, gave = INPUTS.SerializeToString(), OUTPUTS.SerializeToString()
    changes = Changes(
        nodes=[
            NodeRecord(
                "n0",
                NodePhase.SUCCEEDED,
                30,
                spec_node_id="n0",
                parent_id="",
                deck_uri=deck,
                inputs=given,
                outputs=gave,
            ),
            NodeRecord("n1", NodePhase.RUNNING, 30, spec_node_id="n1", parent_id="", is_array=True),
        ],
        attempts=[
            AttemptRecord("n0", 0, AttemptPhase.FAILED, 20, task=task, error=TaskError("USER:E", "x" * 500)),
            AttemptRecord(
                "n0", 1, AttemptPhase.SUCCEEDED, 30, task=task, started_at=20, ended_at=30, is_interruptible=True
            ),
            AttemptRecord("n1", 0, AttemptPhase.RUNNING, 30, task=task, size=7),
        ],
        items=[ItemRecord("n1", index, 0, AttemptPhase.RUNNING, 30) for index in range(3)],
        reasons=[Reason(20, "n0", 0, -1, "Failed", "it failed"), Reason(21, "n0", 1, -1, "Retried", "once more")],
    )
    assert await platform.store.log.commit([Commit(ID, 1, [b"event"], changes)]) == [True]
    return platform


async def test_an_upload_stands_under_the_base32_of_its_md5(platform: Platform, caller: Caller) -> None:
    md5 = hashlib.md5(b"data").digest()
    upload = await create_upload(
        platform, caller, project=specs.PROJECT, domain=specs.DOMAIN, filename="f.tar.gz", content_md5=md5
    )
    root = base64.b32encode(md5).decode()
    assert upload.native_url.endswith(f"/{specs.PROJECT}/{specs.DOMAIN}/{root}/f.tar.gz")
    assert root.endswith("====")


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"content_md5": b"short"},
        {"filename_root": "..", "filename": "x"},
        {"filename_root": "r", "filename": "../../x"},
        {"filename_root": "r", "ttl": duration_pb2.Duration(seconds=3601)},
        {"filename_root": "r", "ttl": duration_pb2.Duration(seconds=-1)},
        {"filename_root": "r", "ttl": duration_pb2.Duration(seconds=2**62)},
        {"filename_root": "r", "ttl": duration_pb2.Duration(seconds=-(2**62), nanos=1)},
        {"filename_root": "r", "ttl": duration_pb2.Duration(seconds=3600, nanos=1)},
        {"filename_root": "r", "filename": "a\nb"},
        {"filename_root": "r\r", "filename": "a"},
        {"filename_root": "r", "filename": "a\0"},
        {"filename_root": "r", "filename": "a\u202eb"},
        {"filename_root": "r", "project": "nowhere"},
    ],
)
async def test_an_upload_that_can_not_be_is_refused(platform: Platform, caller: Caller, wrong: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput):
        await create_upload(platform, caller, **{"project": specs.PROJECT, "domain": specs.DOMAIN, **wrong})


async def test_other_content_under_a_given_root_is_refused(platform: Platform, caller: Caller) -> None:
    place: dict[str, Any] = {"project": specs.PROJECT, "domain": specs.DOMAIN, "filename_root": "r", "filename": "f"}
    upload = await create_upload(platform, caller, **place)
    await platform.blobs.put(upload.native_url, b"one")
    await create_upload(platform, caller, content_md5=hashlib.md5(b"one").digest(), **place)
    with pytest.raises(AlreadyExists):
        await create_upload(platform, caller, content_md5=hashlib.md5(b"two").digest(), **place)


async def test_flyte_urls_name_inputs_outputs_and_the_deck(ran: Platform, caller: Caller) -> None:
    base = f"flyte://v1/{ID}/n0"
    assert await get_data(ran, caller, f"{base}/i") == INPUTS
    assert await get_data(ran, caller, f"{base}/1/o") == OUTPUTS
    assert await get_data(ran, caller, f"{base}/o/o0") == specs.text("done")
    deck = await get_data(ran, caller, f"{base}/d")
    assert isinstance(deck, SignedUrl)
    assert deck.url.startswith("http://test/objects/")
    for missing in (f"{base}/0/o", f"{base}/o/o1", f"flyte://v1/{ID}/n9/i", f"flyte://v1/{ID}/n1/d"):
        with pytest.raises(NotFound):
            await get_data(ran, caller, missing)


@pytest.mark.parametrize("text", ["", "s3://x", "flyte://v1/p/d/e/n0", "flyte://v1/p/d/e/n0/q", "flyte://v1/p//e/n0/i"])
async def test_a_malformed_flyte_url_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput):
        parse_flyte_url(text)


async def test_attempts_are_paged_and_their_errors_trimmed_in_lists(ran: Platform, caller: Caller) -> None:
    request = task_execution_pb2.TaskExecutionListRequest(node_execution_id=node_identifier(ID, "n0"), limit=1)
    first = await nodes.list_task_executions(ran, caller, request)
    (attempt,) = first.task_executions
    assert (attempt.id.retry_attempt, bool(first.token), len(attempt.closure.error.message)) == (0, True, 103)
    assert attempt.closure.reason == "it failed"
    request.token = first.token
    (second,) = (await nodes.list_task_executions(ran, caller, request)).task_executions
    assert second.closure.reason == "once more"
    full = await nodes.get_task_execution(ran, caller, attempt.id)
    assert len(full.closure.error.message) == 500


async def test_an_attempt_tells_whether_it_may_be_interrupted(ran: Platform, caller: Caller) -> None:
    request = task_execution_pb2.TaskExecutionListRequest(node_execution_id=node_identifier(ID, "n0"), limit=9)
    attempts = (await nodes.list_task_executions(ran, caller, request)).task_executions
    kinds = event_pb2.TaskExecutionMetadata
    assert [each.closure.metadata.instance_class for each in attempts] == [kinds.DEFAULT, kinds.INTERRUPTIBLE]


async def test_an_array_is_one_attempt_with_its_items(ran: Platform, caller: Caller) -> None:
    request = task_execution_pb2.TaskExecutionListRequest(node_execution_id=node_identifier(ID, "n1"), limit=10)
    (attempt,) = (await nodes.list_task_executions(ran, caller, request)).task_executions
    items = attempt.closure.metadata.external_resources
    assert [item.index for item in items] == [0, 1, 2]
    assert items[2].logs[0].uri == f"http://test/api/v1/alula/logs/{ID}/n1/0?index=2"
    assert json_format.MessageToDict(attempt.closure.custom_info) == {"array": {"size": 7, "phases": {"RUNNING": 3}}}


def test_what_an_executor_tells_of_an_attempt_is_where_clients_look_for_it() -> None:
    logs = (LogLink("driver", "https://logs/1", "JSON"),)
    info = AttemptInfo({"stage": 2, "query": {"id": "q"}}, (ExternalResource("job-7", "RUNNING", logs),))
    record = AttemptRecord("n0", 0, AttemptPhase.WAITING_FOR_RESOURCES, 30, executor="connector", logs=logs, info=info)
    closure = messages.runs.task_execution(record, ID, input_uri="", log_uri="http://own").closure
    assert closure.phase == core_execution_pb2.TaskExecution.WAITING_FOR_RESOURCES
    assert closure.metadata.plugin_identifier == "connector"
    assert [(log.name, log.uri) for log in closure.logs] == [("driver", "https://logs/1"), ("log", "http://own")]
    assert closure.logs[0].message_format == core_execution_pb2.TaskLog.JSON
    assert json_format.MessageToDict(closure.custom_info) == {"stage": 2, "query": {"id": "q"}}
    (job,) = closure.metadata.external_resources
    assert (job.external_id, job.phase) == ("job-7", core_execution_pb2.TaskExecution.RUNNING)
    assert job.logs == closure.logs[:1]


def test_what_an_attempt_has_used_is_told_with_it() -> None:
    record = AttemptRecord("n0", 0, AttemptPhase.SUCCEEDED, 30, info=AttemptInfo({"stage": 2}), usage=USED)
    closure = messages.runs.task_execution(record, ID, input_uri="", log_uri="").closure
    assert json_format.MessageToDict(closure.custom_info) == {
        "stage": 2,
        "usage": {
            "cpu_us": {"value": 1_230_000, "source": "rusage", "accuracy": "exact", "every_ms": 0},
            "peak_memory_bytes": {"value": 50 << 20, "source": "smaps", "accuracy": "sampled", "every_ms": 100},
        },
    }
    assert usage_text(closure.custom_info) == "CPU 1.2s · memory 50 MiB (sampled every 100 ms)"


def test_an_item_has_the_links_that_its_executor_gave_and_the_platforms_own() -> None:
    logs = (LogLink("driver", "https://logs/1"),)
    item = ItemRecord("n1", 0, 0, AttemptPhase.RUNNING, 30, logs=logs, info=AttemptInfo({"stage": 2}))
    record = AttemptRecord("n1", 0, AttemptPhase.RUNNING, 30, size=1)
    message = messages.runs.task_execution(record, ID, input_uri="", log_uri="", items=[item], item_log_uris=["own"])
    (shown,) = message.closure.metadata.external_resources
    assert [log.uri for log in shown.logs] == ["https://logs/1", "own"]
    assert json_format.MessageToDict(shown.custom_info) == {"stage": 2}


def test_errors_of_items_fit_into_one_message() -> None:
    error = TaskError("USER:E", "x" * 100_000)
    item = ItemRecord("n1", 0, 0, AttemptPhase.FAILED, 30, error=error, usage=USED)
    items = [msgspec.structs.replace(item, index=index) for index in range(nodes.ITEMS_SHOWN_MAX)]
    record = AttemptRecord("n1", 0, AttemptPhase.FAILED, 30, size=len(items))
    for trim in (False, True):
        message = messages.runs.task_execution(
            record, ID, input_uri="", log_uri="", items=items, item_log_uris=[""] * len(items), trim=trim
        )
        assert message.ByteSize() < 4 * 1024 * 1024


async def test_a_cache_hit_names_the_attempt_that_it_stands_for(ran: Platform, caller: Caller) -> None:
    source = "flytesnacks/development/earlier/n3[2]/1"
    hit = NodeRecord("n2", NodePhase.SUCCEEDED, 40, parent_id="", cache_status=CacheStatus.HIT, cache_source=source)
    assert await ran.store.log.commit([Commit(ID, 2, [b"event"], Changes(nodes=[hit]))]) == [True]
    node = await nodes.get_node_execution(ran, caller, node_identifier(ID, "n2"))
    found = node.closure.task_node_metadata.catalog_key.source_task_execution
    assert (found.node_execution_id.execution_id.name, found.node_execution_id.node_id) == ("earlier", "n3")
    assert found.retry_attempt == 1


async def test_only_the_attempt_that_succeeded_has_outputs(ran: Platform, caller: Caller) -> None:
    for number, outputs in ((0, {}), (1, {"o0"})):
        id = identifier_pb2.TaskExecutionIdentifier(node_execution_id=node_identifier(ID, "n0"), retry_attempt=number)
        data = await nodes.get_task_execution_data(ran, caller, id)
        assert set(data.full_outputs.literals) == set(outputs)
        assert data.full_inputs == INPUTS


async def test_a_log_is_read_as_far_as_it_is_written(ran: Platform, caller: Caller) -> None:
    attempt = AttemptId(ID, "n0", 1)
    assert b"".join([piece async for piece in (await open_log(ran, caller, attempt, follow=True)).pieces]) == b""
    await ran.blobs.put(layout.log_uri(ran.blobs, attempt), b"hello\n")
    assert b"".join([piece async for piece in (await open_log(ran, caller, attempt, follow=True)).pieces]) == b"hello\n"
    with pytest.raises(NotFound):
        await open_log(ran, caller, AttemptId(ID, "n0", 2), follow=False)
    with pytest.raises(NotFound):
        await open_log(ran, caller, AttemptId(ID, "n1", 0, 7), follow=False)
