"""The RPCs over REST: curl's JSON, and a console's octet-stream."""

from __future__ import annotations

import json
import urllib.request
from typing import Any
from urllib.parse import urlencode

import pytest
from flyteidl.admin import execution_pb2, project_pb2, task_pb2
from flyteidl.core import identifier_pb2
from google.protobuf import json_format
from google.protobuf.message import Message
from tests import flyte_specs as specs
from tests.integration.api.clients import Client
from tests.integration.api.test_edges import send
from tests.integration.platform import RunningPlatform

PLACE = f"{specs.PROJECT}/{specs.DOMAIN}"
OCTETS = "application/octet-stream"


def call(
    platform: RunningPlatform,
    verb: str,
    path: str,
    body: Message | dict[str, Any] | bytes | None = None,
    *,
    accept: str = "application/json",
    **query: str,
) -> tuple[int, bytes]:
    """A message is sent as octets, a dictionary as JSON."""
    data = body.SerializeToString() if isinstance(body, Message) else body
    if isinstance(data, dict):
        data = json.dumps(data).encode()
    kind = OCTETS if isinstance(body, Message) else "application/json"
    url = f"{platform.http}{path}" + (f"?{urlencode(query)}" if query else "")
    headers = {"Accept": accept, "Content-Type": kind}
    return send(urllib.request.Request(url, data=data, headers=headers, method=verb))


def get(platform: RunningPlatform, path: str, **query: str) -> Any:
    status, answer = call(platform, "GET", path, None, **query)
    assert status == 200, answer
    return json.loads(answer)


def test_json_has_the_names_of_the_specification_and_what_is_not_set(platform: RunningPlatform) -> None:
    found = get(platform, "/api/v1/projects", limit="5", **{"sort_by.key": "name", "sort_by.direction": "ASCENDING"})
    assert found["token"] == ""
    [project] = found["projects"]
    assert (project["id"], project["state"], "description" in project) == (specs.PROJECT, "ACTIVE", True)
    assert get(platform, "/me")["preferred_username"] == "anonymous"
    assert "control_plane_version" in get(platform, "/api/v1/version")


def test_a_task_is_registered_launched_followed_and_aborted(platform: RunningPlatform) -> None:
    task = specs.task("rest", command=("sleep", "60"), outputs=False)
    plain = json_format.MessageToDict(task, preserving_proto_field_name=True)
    assert call(platform, "POST", "/api/v1/tasks", plain) == (200, b"{}")
    assert call(platform, "POST", "/api/v1/tasks", task)[0] == 409
    got = get(platform, f"/api/v1/tasks/{PLACE}/rest/v1")
    assert got["closure"]["compiled_task"]["template"]["container"]["args"] == ["sleep", "60"]
    assert get(platform, f"/api/v1/task_ids/{PLACE}", limit="10")["entities"][0]["name"] == "rest"

    id = specs.identifier(identifier_pb2.TASK, "rest")
    launch = specs.execution("by-rest", id, specs.literal_map(x=specs.integer(1)))
    status, answer = call(platform, "POST", "/api/v1/executions", launch, accept=OCTETS)
    assert status == 200, answer
    assert execution_pb2.ExecutionCreateResponse.FromString(answer).id.name == "by-rest"
    run = f"/api/v1/executions/{PLACE}/by-rest"
    assert get(platform, run)["spec"]["launch_plan"]["name"] == "rest"
    listed = get(platform, f"/api/v1/executions/{PLACE}", limit="10", filters="eq(name,by-rest)")
    assert [one["id"]["name"] for one in listed["executions"]] == ["by-rest"]
    assert call(platform, "DELETE", run, {"cause": "enough"}) == (200, b"{}")
    assert get(platform, f"/api/v1/data{run.removeprefix('/api/v1')}")["full_inputs"]["literals"]["x"]


def test_octets_are_the_messages_themselves(platform: RunningPlatform, client: Client) -> None:
    client.CreateTask(specs.task("octets"))
    path = f"/api/v1/tasks/{PLACE}/octets/v1"
    status, answer = call(platform, "GET", path, accept=OCTETS)
    assert status == 200
    assert task_pb2.Task.FromString(answer).id == specs.identifier(identifier_pb2.TASK, "octets")
    settings = {"attributes": {"matching_attributes": {"workflow_execution_config": {"max_parallelism": 3}}}}
    place = f"/api/v1/project_domain_attributes/{PLACE}"
    assert call(platform, "PUT", place, settings) == (200, b"{}")
    found = get(platform, place, resource_type="WORKFLOW_EXECUTION_CONFIG")
    assert found["attributes"]["domain"] == specs.DOMAIN
    assert call(platform, "DELETE", place, {"resource_type": "WORKFLOW_EXECUTION_CONFIG"})[0] == 200
    assert call(platform, "GET", place, resource_type="6")[0] == 404


def test_a_project_is_made_and_changed(platform: RunningPlatform) -> None:
    assert call(platform, "POST", "/api/v1/projects", {"project": {"id": "rest", "name": "Rest"}}) == (200, b"{}")
    update = project_pb2.Project(id="ignored", description="by REST")
    assert call(platform, "PUT", "/api/v1/projects/rest", update)[0] == 200
    assert get(platform, "/api/v1/projects/rest")["description"] == "by REST"


@pytest.mark.parametrize(
    ("verb", "path", "body", "status", "code"),
    [
        ("GET", f"/api/v1/tasks/{PLACE}/none/v1", None, 404, "TaskNotFound"),
        ("GET", f"/api/v1/tasks/{PLACE}", None, 400, "LimitRequired"),
        ("GET", f"/api/v1/tasks/{PLACE}?limit=many", None, 400, "InvalidBody"),
        ("GET", f"/api/v1/tasks/{PLACE}?limits=1", None, 400, "InvalidParameter"),
        ("GET", f"/api/v1/tasks/{PLACE}?sort_by.way.key=1", None, 400, "InvalidParameter"),
        ("POST", "/api/v1/executions", b"{", 400, "InvalidBody"),
        ("POST", "/api/v1/executions", b"[1]", 400, "InvalidBody"),
        ("POST", "/api/v1/executions", b'{"project": 1}', 400, "InvalidBody"),
        ("POST", "/api/v1/executions", b'{"name": null, "what": 1}', 400, "InvalidBody"),
        ("POST", "/api/v1/executions", b'{"a":' * 20_000 + b"1" + b"}" * 20_000, 400, "InvalidBody"),
        ("POST", "/api/v1/executions", b'{"inputs":' + b'{"a":' * 900 + b"1" + b"}" * 901, 400, "InvalidBody"),
        (
            "POST",
            "/api/v1/alula/fork/p/d/x",
            b'{"inputs":' + b'{"a":' * 20_000 + b"1" + b"}" * 20_001,
            400,
            "InvalidBody",
        ),
        ("POST", "/api/v1/executions/recover", b"{}", 400, "IncompleteIdentifier"),
        ("GET", "/config/v1/flyte_client", None, 501, "Unimplemented"),
        ("PATCH", "/api/v1/executions", b"{}", 405, "NoSuchRoute"),
        ("GET", "/api/v1/nothing", None, 404, "NoSuchRoute"),
    ],
)
def test_what_can_not_be_is_refused(
    platform: RunningPlatform, verb: str, path: str, body: bytes | None, status: int, code: str
) -> None:
    got, answer = call(platform, verb, path, body)
    assert (got, json.loads(answer)["code"]) == (status, code)


@pytest.mark.parametrize(
    ("kind", "body", "code"),
    [
        (OCTETS, b"\xff\xff", "InvalidBody"),
        ("text/plain", b"{}", "UnknownContentType"),
        ("application/x-www-form-urlencoded", b"{}", "UnknownContentType"),
    ],
)
def test_a_body_is_what_it_is_said_to_be(platform: RunningPlatform, kind: str, body: bytes, code: str) -> None:
    url = f"{platform.http}/api/v1/tasks"
    request = urllib.request.Request(url, data=body, headers={"Content-Type": kind}, method="POST")
    status, answer = send(request)
    assert (status, json.loads(answer)["code"]) == (400, code)
