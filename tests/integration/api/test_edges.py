"""How failures look on the wire, and what every client may ask."""

from __future__ import annotations

import hashlib
import re
import socket
import urllib.error
import urllib.request
from pathlib import Path
from urllib.parse import urlsplit

import grpc
import pytest
from flyteidl.admin import common_pb2, event_pb2, project_pb2, version_pb2
from flyteidl.core import identifier_pb2
from flyteidl.service import auth_pb2, dataproxy_pb2, identity_pb2
from grpc_health.v1 import health_pb2
from tests import flyte_specs as specs
from tests.integration.api.clients import Client
from tests.integration.platform import RunningPlatform
from tests.present import present
from tests.trailers import trailers


def send(request: str | urllib.request.Request) -> tuple[int, bytes]:
    """Status and body of the answer, whatever the status."""
    try:
        with urllib.request.urlopen(request, timeout=10) as response:
            return response.status, response.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read()


def put(url: str, data: bytes, headers: dict[str, str] | None = None) -> int:
    typed = {"Content-Type": "application/octet-stream", **(headers or {})}
    return send(urllib.request.Request(url, data=data, headers=typed, method="PUT"))[0]


def test_the_version_tells_where_http_is(client: Client, platform: RunningPlatform) -> None:
    told = client.initial_metadata("GetVersion", version_pb2.GetVersionRequest())
    assert told["alula-http-endpoint"] == platform.http


def test_it_is_healthy(platform: RunningPlatform) -> None:
    assert send(f"{platform.http}/healthcheck") == (200, b"ok")


def test_the_caller_is_the_configured_anonymous_identity(client: Client) -> None:
    assert client.UserInfo(identity_pb2.UserInfoRequest()).subject == "anonymous"


@pytest.mark.parametrize(
    ("rpc", "request_"),
    [
        ("GetOAuth2Metadata", auth_pb2.OAuth2MetadataRequest()),
        ("GetPublicClientConfig", auth_pb2.PublicClientAuthConfigRequest()),
    ],
)
def test_what_is_not_offered_says_so_and_why(client: Client, rpc: str, request_: object) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        getattr(client, rpc)(request_)
    assert caught.value.code() is grpc.StatusCode.UNIMPLEMENTED
    assert re.fullmatch(rf".* does not offer {rpc}: .+", present(caught.value.details()))


@pytest.mark.parametrize(
    ("rpc", "request_"),
    [
        ("CreateWorkflowEvent", event_pb2.WorkflowExecutionEventRequest()),
        ("CreateNodeEvent", event_pb2.NodeExecutionEventRequest()),
        ("CreateTaskEvent", event_pb2.TaskExecutionEventRequest()),
    ],
)
def test_nobody_outside_reports_what_happens_to_an_execution(client: Client, rpc: str, request_: object) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        getattr(client, rpc)(request_)
    assert caught.value.code() is grpc.StatusCode.FAILED_PRECONDITION
    assert trailers(caught.value)["alula-code"] == "EngineIsInside"


def test_a_probe_learns_that_it_serves(client: Client) -> None:
    check = client.stub("/grpc.health.v1.Health/Check", health_pb2.HealthCheckResponse)
    for service in ("", "flyteadmin"):
        assert check(health_pb2.HealthCheckRequest(service=service)).status == health_pb2.HealthCheckResponse.SERVING
    with pytest.raises(grpc.RpcError) as caught:
        check(health_pb2.HealthCheckRequest(service="other"))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_the_grpc_port_does_not_speak_what_browsers_do(platform: RunningPlatform) -> None:
    host, port = platform.grpc.split(":")
    with socket.create_connection((host, int(port)), timeout=30) as connection:
        connection.sendall(
            b"POST /flyteidl.service.AdminService/CreateExecution HTTP/1.1\r\nHost: localhost\r\n"
            b"Content-Type: application/grpc\r\nContent-Length: 5\r\n\r\n\0\0\0\0\0"
        )
        assert not connection.recv(1000).startswith(b"HTTP/1.1 2")


def test_an_unknown_thing_is_not_found_with_a_stable_code(client: Client) -> None:
    id = specs.identifier(identifier_pb2.TASK, "no.such.task")
    with pytest.raises(grpc.RpcError) as caught:
        client.GetTask(common_pb2.ObjectGetRequest(id=id))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND
    told = trailers(caught.value)
    assert told["alula-code"] == "TaskNotFound"
    assert told["alula-message"] in present(caught.value.details())


def test_a_request_that_is_no_message_is_an_invalid_argument(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.GetTask(b"\xff\xff\xff\xff")
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_an_error_with_a_long_text_still_arrives(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.GetTask(common_pb2.ObjectGetRequest(id=specs.identifier(identifier_pb2.TASK, "ä" * 20_000)))
    assert caught.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_new_platform_has_the_project_of_flyte_clients(client: Client) -> None:
    listed = client.ListProjects(project_pb2.ProjectListRequest())
    assert "flytesnacks" in [project.id for project in listed.projects]
    assert [d.id for d in client.GetDomains(project_pb2.GetDomainRequest()).domains] == [
        "development",
        "staging",
        "production",
    ]


def upload(client: Client, data: bytes, **more: object) -> dataproxy_pb2.CreateUploadLocationResponse:
    return client.CreateUploadLocation(
        dataproxy_pb2.CreateUploadLocationRequest(
            project=specs.PROJECT,
            domain=specs.DOMAIN,
            content_md5=hashlib.md5(data).digest(),
            **more,  # type: ignore[arg-type]
        )
    )


def test_an_object_is_uploaded_by_signed_url_and_downloaded_again(client: Client) -> None:
    data = b"some bytes" * 100_000
    location = upload(client, data, filename="code.tar.gz", add_content_md5_metadata=True)
    assert location.native_url.endswith("/code.tar.gz")
    assert put(location.signed_url, data, dict(location.headers)) == 200
    download = client.CreateDownloadLocation(
        dataproxy_pb2.CreateDownloadLocationRequest(native_url=location.native_url)
    )
    assert send(download.signed_url) == (200, data)


@pytest.mark.parametrize("name", ["?x=1#y", "%0a%00", "a b+c;d&e=f", "\\", "caf\u00e9", "x" * 255, "a/b/c"])
def test_an_object_with_any_name_that_is_taken_can_be_downloaded(client: Client, name: str) -> None:
    location = upload(client, b"data", filename=name)
    assert put(location.signed_url, b"data", dict(location.headers)) == 200
    asked = dataproxy_pb2.CreateDownloadLocationRequest(native_url=location.native_url)
    assert send(client.CreateDownloadLocation(asked).signed_url) == (200, b"data")


@pytest.mark.parametrize("name", ["a\nb", "a\0b", "\x1b[31m", "\u202e", "..", "x" * 256, "/".join(["x" * 200] * 25)])
def test_a_name_that_no_object_can_have_is_refused_before_anything_is_sent(client: Client, name: str) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        upload(client, b"data", filename=name)
    assert caught.value.code() is grpc.StatusCode.INVALID_ARGUMENT


def test_what_a_task_has_written_under_an_odd_name_can_be_downloaded(client: Client) -> None:
    location = upload(client, b"data", filename="beside")
    path = Path(location.native_url).with_name("two\nlines\n")
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"odd")
    asked = dataproxy_pb2.CreateDownloadLocationRequest(native_url=str(path))
    assert send(client.CreateDownloadLocation(asked).signed_url) == (200, b"odd")


def test_an_upload_without_md5_or_headers_works(client: Client) -> None:
    location = client.CreateUploadLocation(
        dataproxy_pb2.CreateUploadLocationRequest(project=specs.PROJECT, domain=specs.DOMAIN, filename_root="00000")
    )
    assert put(location.signed_url, b"frame") == 200


def test_other_content_than_announced_is_refused_and_not_kept(client: Client) -> None:
    location = upload(client, b"announced", filename="announced")
    assert put(location.signed_url, b"something else") == 400
    with pytest.raises(grpc.RpcError) as missing:
        client.CreateDownloadLocation(dataproxy_pb2.CreateDownloadLocationRequest(native_url=location.native_url))
    assert missing.value.code() is grpc.StatusCode.NOT_FOUND


def test_a_changed_signature_opens_nothing(client: Client) -> None:
    location = upload(client, b"x", filename="x")
    assert put(location.signed_url.replace("/x?", "/y?"), b"x") == 403


def test_other_content_under_the_same_name_already_exists(client: Client) -> None:
    first = upload(client, b"one", filename="f", filename_root="shared")
    put(first.signed_url, b"one", dict(first.headers))
    again = upload(client, b"one", filename="f", filename_root="shared")
    assert put(again.signed_url, b"one", dict(again.headers)) == 200
    with pytest.raises(grpc.RpcError) as caught:
        upload(client, b"two", filename="f", filename_root="shared")
    assert caught.value.code() is grpc.StatusCode.ALREADY_EXISTS


@pytest.mark.parametrize("path", ["watch/p/d/e", "logs/p/d/e/n0/0", "reasons/p/d/e"])
def test_streams_of_an_unknown_execution_are_not_found(platform: RunningPlatform, path: str) -> None:
    status, body = send(f"{platform.http}/api/v1/alula/{path}")
    assert status == 404
    assert b"ExecutionNotFound" in body


PROJECTS = "/api/v1/projects"
FORMS = "Content-Type: text/plain\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}"


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (f"GET {PROJECTS} HTTP/1.1\r\nHost: OWN\r\nHost: evil.example\r\n\r\n", 400),
        (f"GET {PROJECTS} HTTP/1.1\r\nHost: evil.example\r\nHost: OWN\r\n\r\n", 400),
        (f"GET http://OWN{PROJECTS} HTTP/1.1\r\nHost: evil.example\r\n\r\n", 403),
        (f"GET {PROJECTS} HTTP/1.0\r\n\r\n", 403),
        (f"GET {PROJECTS} HTTP/1.0\r\nHost: evil.example\r\n\r\n", 403),
        (f"GET {PROJECTS}?_method=POST HTTP/1.1\r\nHost: OWN\r\nX-HTTP-Method-Override: POST\r\n\r\n", 400),
        (f"POST {PROJECTS} HTTP/1.1\r\nHost: OWN\r\n{FORMS}", 400),
        (f"POST {PROJECTS} HTTP/1.0\r\nHost: OWN\r\n{FORMS}", 400),
        (f"GET {PROJECTS} HTTP/1.1\r\nHost: OWN\r\nOrigin: http://OWN\r\nOrigin: http://evil.example\r\n\r\n", 403),
        (
            f"GET {PROJECTS} HTTP/1.1\r\nHost: OWN\r\nOrigin: null\r\nUpgrade: websocket\r\n\r\n",
            403,
        ),
    ],
)
def test_no_form_of_a_request_gets_round_the_gate(platform: RunningPlatform, request_: str, status: int) -> None:
    parts = urlsplit(platform.http)
    assert parts.hostname and parts.port
    with socket.create_connection((parts.hostname, parts.port), timeout=30) as connection:
        connection.sendall(request_.replace("OWN", parts.netloc).encode())
        assert connection.recv(4096).split()[1] == str(status).encode()
