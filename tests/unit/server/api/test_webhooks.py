"""Signed messages start runs, once each; whatever is wrong with one is told by one refusal."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from flyteidl.admin import launch_plan_pb2
from flyteidl.core import identifier_pb2, literals_pb2
from google.protobuf import struct_pb2
from starlette.types import ASGIApp
from tests import flyte_specs as specs
from tests.policies import ByHeader
from tests.unit.server.api.asking import Answer, ask

from alula.core.errors import FailedPrecondition, InvalidInput
from alula.core.policy.signing import signature
from alula.core.policy.triggering import trigger_cause
from alula.server.api.gate import trusted
from alula.server.api.http import make_app, make_routes
from alula.server.identity import Caller
from alula.server.services.activation import update_launch_plan
from alula.server.services.platform import Platform
from alula.server.services.register import Registrant, create_launch_plan, create_task, create_workflow
from alula.server.services.trigger_options import TriggerOptions, WebhookSecret
from alula.server.store.query import Query
from alula.server.store.trigger_records import FiringRecord, FiringState

pytestmark = pytest.mark.anyio
NOW_S = 1_800_000_000
URL = f"/api/v1/alula/webhooks/{specs.PROJECT}/{specs.DOMAIN}/hooked"
BODY = {"head": {"numbers": [3, 4]}}


class Scene:
    """A platform with a launch plan that waits for messages; nobody is logged in."""

    def __init__(self, platform: Platform, folder: Path) -> None:
        self.keys = [folder / "one", folder / "two"]
        self.keys[0].write_text("first key\n")
        places = tuple(f"file:{path}" for path in self.keys)
        options = TriggerOptions(body_max_bytes=1_000, secrets=(WebhookSecret("git", places),))
        self.platform = dataclasses.replace(platform, triggers=options, clock=lambda: NOW_S * 1_000_000)
        self.app: ASGIApp = make_app(make_routes(self.platform, []), trusted([]), ByHeader())

    async def register(self, *, activate: bool = True, open_max: int = 0, **fields: Any) -> None:
        request, declared = specs.launch_plan("hooked", "w"), struct_pb2.Struct()
        declared.update({"kind": "webhook", "secret": "git", "inputs": {"x": "body.head.numbers.1"}, **fields})
        request.spec.entity_metadata.launch_conditions.Pack(declared)
        request.spec.concurrency_policy.max = open_max
        await create_launch_plan(self.platform, Caller("ada"), request)
        if activate:
            await self.set_state(launch_plan_pb2.ACTIVE)

    async def set_state(self, state: Any) -> None:
        id = specs.identifier(identifier_pb2.LAUNCH_PLAN, "hooked")
        update = launch_plan_pb2.LaunchPlanUpdateRequest(id=id, state=state)
        await update_launch_plan(self.platform, Caller("ada"), update)

    async def send(
        self,
        body: object = BODY,
        *,
        key: str = "first key",
        at: int = NOW_S,
        headers: Mapping[str, str | None] | None = None,
        url: str = URL,
    ) -> Answer:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        said: dict[str, str | None] = {
            "host": "127.0.0.1:8088",
            "content-type": "application/json",
            "alula-id": "m1",
            "alula-timestamp": str(at),
            "alula-signature": signature(key, at, content),
            **(headers or {}),
        }
        given = [(name, value) for name, value in said.items() if value is not None]
        return await ask(self.app, "POST", url, given, (content,))

    async def firings(self) -> list[FiringRecord]:
        return await self.platform.store.triggers.firings(Query(limit=100))

    async def runs(self) -> list[Any]:
        return await self.platform.store.executions.page(Query(limit=100), with_values=True)


@pytest.fixture
async def scene(platform: Platform, tmp_path: Path) -> Scene:
    scene = Scene(platform, tmp_path)
    await create_task(scene.platform, Caller("ada"), specs.task("t"), Registrant())
    await create_workflow(scene.platform, Caller("ada"), specs.workflow("w", "t"))
    return scene


async def test_a_message_starts_a_run_with_parts_of_its_body(scene: Scene) -> None:
    await scene.register()
    answer = await scene.send()
    assert answer.status == 200
    (run,) = await scene.runs()
    assert json.loads(answer.body)["name"] == run.id.name
    assert literals_pb2.LiteralMap.FromString(run.inputs) == specs.literal_map(x=specs.integer(4))
    assert run.principal == "ada"
    from flyteidl.admin import execution_pb2

    assert trigger_cause(execution_pb2.ExecutionSpec.FromString(run.spec)) == "message m1"


async def test_a_message_that_comes_again_starts_nothing(scene: Scene) -> None:
    await scene.register()
    first = await scene.send()
    name = json.loads(first.body)["name"]
    for again in (await scene.send(), await scene.send(at=NOW_S + 1)):  # as it was, and sent again by its sender
        assert (again.status, again.code) == (409, "WebhookSeen")
        assert f"has started {name}".encode() in again.body
    for id in ("m2", None):  # recorded on its way, under another name or none
        replayed = await scene.send(headers={"alula-id": id})
        assert (replayed.status, replayed.code) == (409, "WebhookSeen")
    resent = await scene.send(at=NOW_S + 1, headers={"alula-id": "m3"})
    assert (resent.status, resent.code) == (409, "WebhookSeen")
    assert len(await scene.runs()) == 1


async def test_messages_without_ids_differ_by_their_signatures(scene: Scene) -> None:
    await scene.register()
    for at in (NOW_S, NOW_S + 1):
        assert (await scene.send(at=at, headers={"alula-id": None})).status == 200
    assert len(await scene.runs()) == 2


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        ({"key": "another key"}, 401, "BadSignature"),
        ({"key": ""}, 401, "BadSignature"),
        ({"headers": {"alula-signature": "v1=00"}}, 401, "BadSignature"),
        ({"headers": {"alula-signature": "v1=\xe4"}}, 401, "BadSignature"),
        ({"headers": {"alula-signature": None}}, 400, "WebhookUnsigned"),
        ({"headers": {"alula-timestamp": None}}, 400, "WebhookUnsigned"),
        ({"headers": {"alula-timestamp": "soon"}}, 400, "WebhookUnsigned"),
        ({"headers": {"alula-timestamp": "-1"}}, 400, "WebhookUnsigned"),
        ({"headers": {"alula-id": "x" * 201}}, 400, "WebhookUnsigned"),
        ({"headers": {"alula-timestamp": str(NOW_S + 1)}}, 401, "BadSignature"),
        ({"at": NOW_S - 301}, 401, "WebhookExpired"),
        ({"at": NOW_S + 301}, 401, "WebhookExpired"),
        ({"body": b"x" * 1_001}, 400, "RequestTooLarge"),
        ({"body": b"{"}, 400, "InvalidBody"),
        ({"body": b"\xff"}, 400, "InvalidBody"),
        ({"body": b"[" * 900}, 400, "InvalidBody"),
        ({"body": {"head": {"numbers": [3, "4"]}}}, 400, "TriggerInputs"),
        ({"body": {}}, 400, "MissingInput"),
        ({"body": {"head": {"numbers": [0, 10**30]}}}, 400, "TriggerInputs"),
        ({"url": URL.replace("hooked", "a%00b")}, 401, "BadSignature"),
        ({"url": URL.replace("hooked", "unknown")}, 401, "BadSignature"),
        ({"headers": {"content-type": "text/plain"}}, 400, "UnknownContentType"),
        ({"headers": {"origin": "https://evil.example"}}, 403, "ForeignOrigin"),
    ],
)
async def test_what_is_wrong_with_a_message_is_one_refusal(
    scene: Scene, sent: dict[str, Any], status: int, code: str
) -> None:
    await scene.register()
    answer = await scene.send(**sent)
    assert (answer.status, answer.code) == (status, code)
    assert await scene.runs() == []


async def test_only_what_was_signed_is_noted(scene: Scene) -> None:
    await scene.register()
    await scene.send(key="another key")
    assert await scene.firings() == []
    await scene.send({"head": {}})
    (refused,) = await scene.firings()
    assert refused.state is FiringState.REFUSED and refused.detail.startswith("MissingInput: ")


async def test_a_key_is_replaced_while_messages_arrive(scene: Scene) -> None:
    await scene.register()
    scene.keys[1].write_text("second key")
    for number, key in enumerate(("first key", "second key")):
        assert (await scene.send(key=key, headers={"alula-id": f"a{number}"})).status == 200
    scene.keys[0].unlink()
    assert (await scene.send(headers={"alula-id": "b"}, at=NOW_S + 2)).code == "BadSignature"
    assert (await scene.send(key="second key", headers={"alula-id": "c"}, at=NOW_S + 3)).status == 200


async def test_without_any_key_nothing_is_taken(scene: Scene) -> None:
    await scene.register()
    for text in ("", "\n"):
        scene.keys[0].write_text(text)
        answer = await scene.send(key="")
        assert (answer.status, answer.code) == (503, "WebhookSecretMissing")
    scene.keys[0].unlink()
    assert (await scene.send()).code == "WebhookSecretMissing"
    assert await scene.runs() == []


async def test_a_plan_that_is_not_active_takes_no_message_and_does_not_say_so(scene: Scene) -> None:
    await scene.register(activate=False)
    assert (await scene.send()).code == "BadSignature"
    await scene.set_state(launch_plan_pb2.ACTIVE)
    await scene.set_state(launch_plan_pb2.INACTIVE)
    assert (await scene.send()).code == "BadSignature"


async def test_a_message_for_which_there_is_no_room_may_come_again(scene: Scene) -> None:
    await scene.register(open_max=1)
    assert (await scene.send()).status == 200
    answer = await scene.send(headers={"alula-id": "m2"}, at=NOW_S + 1)
    assert (answer.status, answer.code) == (429, "ConcurrencyLimit")
    assert len(await scene.firings()) == 1


async def test_a_secret_that_the_platform_does_not_have_is_told_at_the_activation(scene: Scene) -> None:
    with pytest.raises(FailedPrecondition, match="the settings have git") as refused:
        await scene.register(secret="svn")
    assert refused.value.code == "UnknownSecret"


@pytest.mark.parametrize(
    ("fields", "why"),
    [
        ({"inputs": {"x": "delivery.id"}}, "not of type str"),
        ({"inputs": {"x": "body..a"}}, "no source"),
        ({"inputs": {"x": "outputs.o0"}}, "no source"),
        ({"inputs": {}}, "unbound: x"),
        ({"secret": ""}, "no secret"),
        ({"secret": "a\0"}, "no secret"),
        ({"phases": ["FAILED"]}, "phases"),
    ],
)
async def test_a_trigger_that_can_not_be_is_not_registered(scene: Scene, fields: dict[str, Any], why: str) -> None:
    with pytest.raises(InvalidInput, match=why):
        await scene.register(**fields)


def test_keys_are_named_by_their_places() -> None:
    given = (WebhookSecret("a", ("secret itself",)), WebhookSecret("a", ()), WebhookSecret("", ("env:A",)))
    problems = [text for _, text in TriggerOptions(secrets=given, tolerance_s=0).problems()]
    assert len(problems) == 5
    assert not any("secret itself" in text for text in problems)
