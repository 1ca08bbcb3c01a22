"""The OpenAPI document tells all routes and nothing else, and answers are as it says."""

from __future__ import annotations

import json
import re
from typing import Any, cast

import pytest
from jsonschema import Draft202012Validator
from openapi_spec_validator import validate
from starlette.routing import Route
from starlette.types import ASGIApp
from tests import flyte_specs as specs
from tests.unit.server.api.asking import LOCAL, ask

from alula.server.api.gate import trusted
from alula.server.api.gateway import Gateway, bindings_of
from alula.server.api.grpc.server import services_of
from alula.server.api.http import make_app, make_routes
from alula.server.api.objects import object_routes
from alula.server.blobs.file import FileBlobs
from alula.server.identity import Caller
from alula.server.services.platform import Platform
from alula.server.services.register import Registrant, create_task

pytestmark = pytest.mark.anyio
JSON = "application/json"
IN_BRACES = re.compile(r"\{[^}]*\}")


@pytest.fixture
def routes(platform: Platform, caller: Caller) -> list[Any]:
    return make_routes(platform, object_routes(cast(FileBlobs, platform.blobs), platform.clock))


@pytest.fixture
def app(routes: list[Any]) -> ASGIApp:
    return make_app(routes, trusted(()), LOCAL)


@pytest.fixture
async def document(app: ASGIApp, anyio_backend: str) -> dict[str, Any]:
    return json.loads((await ask(app, "GET", "/openapi.json")).body)


async def test_the_document_is_valid(document: dict[str, Any]) -> None:
    validate(document)
    operations = [operation for path in document["paths"].values() for operation in path.values()]
    assert len({operation["operationId"] for operation in operations}) == len(operations)


async def test_it_tells_every_route_that_is_offered(
    document: dict[str, Any], routes: list[Any], platform: Platform, caller: Caller
) -> None:
    there = {
        (method, IN_BRACES.sub("{}", route.path))
        for group in routes
        for route in (group.routes if isinstance(group, Gateway) else [cast(Route, group)])
        for method in route.methods or ()
        if method != "HEAD"
    }
    missing = {
        (binding.verb, IN_BRACES.sub("{}", binding.path))
        for binding in bindings_of(services_of(platform))
        if binding.method is None
    }
    told = {(verb.upper(), IN_BRACES.sub("{}", path)) for path, verbs in document["paths"].items() for verb in verbs}
    assert told == there - missing


async def test_an_answer_of_an_rpc_is_as_the_document_says(
    app: ASGIApp, document: dict[str, Any], platform: Platform, caller: Caller
) -> None:
    await create_task(platform, caller, specs.task("t"), Registrant())
    task = f"{specs.PROJECT}/{specs.DOMAIN}/t/v1"
    for path, template in (
        ("/api/v1/projects", "/api/v1/projects"),
        (f"/api/v1/tasks/{task}", "/api/v1/tasks/{id.project}/{id.domain}/{id.name}/{id.version}"),
    ):
        answer = await ask(app, "GET", path)
        assert answer.status == 200
        conforms(document, template, "get", "200", json.loads(answer.body))


@pytest.mark.parametrize(
    ("path", "template", "status"),
    [
        ("/api/v1/alula/cache/p/development", "/api/v1/alula/cache/{project}/{domain}", 200),
        ("/api/v1/alula/reasons/p/development/nothing", "/api/v1/alula/reasons/{project}/{domain}/{name}", 404),
        ("/api/v1/projects?limit=many", "/api/v1/projects", 400),
    ],
)
async def test_answers_and_refusals_are_as_the_document_says(
    app: ASGIApp, document: dict[str, Any], path: str, template: str, status: int
) -> None:
    answer = await ask(app, "GET", path)
    assert answer.status == status, answer.body
    conforms(document, template, "get", "200" if status == 200 else "default", json.loads(answer.body))


def conforms(document: dict[str, Any], path: str, verb: str, status: str, answer: Any) -> None:
    schema = document["paths"][path][verb]["responses"][status]["content"][JSON]["schema"]
    Draft202012Validator({**schema, "components": document["components"]}).validate(answer)
