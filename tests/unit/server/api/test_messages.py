"""Messages as JSON: what is none is refused, and what JSON can't say makes no answer unreadable."""

from __future__ import annotations

import json
from typing import Any

import pytest
from flyteidl.admin import common_pb2, execution_pb2, task_pb2

from alula.core.errors import InvalidInput
from alula.server.api.messages import as_json, decoded, parsed


@pytest.mark.parametrize(
    "body", [b"", b"{", b'"\xff"', b'{"a":"\xc3\x28"}', b"[" * 100_000, b"\xef\xbb\xbf{}", b"nan", b"[]", b"null", b"1"]
)
def test_what_is_no_json_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidInput) as caught:
        decoded(body)
    assert caught.value.code == "InvalidBody"


@pytest.mark.parametrize(
    "plain",
    [
        {"name": "\ud800"},
        {"name": 1},
        {"spec": {"max_parallelism": 1 << 70}},
        {"spec": {"metadata": {"mode": "NONE_SUCH"}}},
        {"spec": {"metadata": {"scheduled_at": "0000-99-99"}}},
        {"spec": {"metadata": {"scheduled_at": "9" * 5_000}}},
        {"inputs": {"literals": {"x": {"scalar": {"primitive": {"duration": "1e999s"}}}}}},
    ],
)
def test_data_that_is_not_the_message_is_refused(plain: dict[str, Any]) -> None:
    with pytest.raises(InvalidInput) as caught:
        parsed(plain, execution_pb2.ExecutionCreateRequest())
    assert caught.value.code == "InvalidBody"


def test_what_json_can_not_say_is_left_out_and_nothing_else() -> None:
    bad, good = task_pb2.Task(short_description="bad"), task_pb2.Task(short_description="good")
    template = bad.closure.compiled_task.template
    template.metadata.timeout.seconds = 1 << 62
    template.metadata.discovery_version = "kept"
    template.custom["a"] = float("nan")
    good.closure.created_at.seconds = 1
    told = json.loads(as_json(task_pb2.TaskList(tasks=[bad, good], token="next")))
    assert told["token"] == "next"
    first, second = told["tasks"]
    assert first["closure"]["compiled_task"]["template"]["metadata"]["discovery_version"] == "kept"
    assert "timeout" not in first["closure"]["compiled_task"]["template"]["metadata"]
    assert second["closure"]["created_at"] == "1970-01-01T00:00:01Z"


def test_unset_fields_are_told() -> None:
    assert json.loads(as_json(common_pb2.NamedEntityIdentifier(name="n")))["project"] == ""
