"""Backfills by REST: shown, started, looked at, paused, resumed and cancelled."""

from __future__ import annotations

import json
from typing import Any

import pytest
from starlette.types import ASGIApp
from tests import flyte_specs as specs
from tests.unit.server.api.asking import LOCAL, Answer, ask

from alula.server.api.gate import trusted
from alula.server.api.http import make_app, make_routes
from alula.server.identity import Caller
from alula.server.services.platform import Platform
from alula.server.services.register import Registrant, create_launch_plan, create_task, create_workflow

pytestmark = pytest.mark.anyio
URL = f"/api/v1/alula/backfills/{specs.PROJECT}/{specs.DOMAIN}"
HEADERS = (("host", "127.0.0.1:8088"), ("content-type", "application/json"))
ASKED = {"plan": "p", "first": "2023-01-01T00:00:00", "until": "2023-01-01T03:00:00Z", "name": "three"}


@pytest.fixture
async def app(platform: Platform, caller: Caller) -> ASGIApp:
    await create_task(platform, caller, specs.task("t"), Registrant())
    await create_workflow(platform, caller, specs.workflow("w", "t"))
    request = specs.launch_plan("p", "w", fixed=specs.literal_map(x=specs.integer(1)))
    request.spec.entity_metadata.schedule.cron_schedule.schedule = "0 * * * *"
    await create_launch_plan(platform, caller, request)
    return make_app(make_routes(platform, []), trusted(()), LOCAL)


async def post(app: ASGIApp, path: str = "", **asked: Any) -> Answer:
    return await ask(app, "POST", f"{URL}{path}", HEADERS, [json.dumps(asked).encode() if asked else b""])


async def get(app: ASGIApp, path: str = "") -> Any:
    answer = await ask(app, "GET", f"{URL}{path}")
    assert answer.status == 200, answer.body
    return json.loads(answer.body)


async def test_a_preview_tells_each_slot_and_starts_nothing(app: ASGIApp) -> None:
    preview = json.loads((await post(app, "/preview", **ASKED)).body)
    assert [(slot["at"], slot["state"]) for slot in preview["slots"]] == [
        (f"2023-01-01T0{hour}:00:00Z", "WAITING") for hour in range(3)
    ]
    assert preview["inputs"] == {"x": "1"} and preview["backfill"]["slots"]["waiting"] == 3
    assert await get(app) == []


async def test_one_is_started_looked_at_and_changed(app: ASGIApp) -> None:
    more: dict[str, Any] = {"order": "newest", "at_once": 2, "reprocess": "failed", "on_failure": "continue"}
    started = json.loads((await post(app, **ASKED, **more)).body)
    assert {name: started[name] for name in more} == more
    assert (started["name"], started["plan"], started["version"], started["state"]) == ("three", "p", "v1", "RUNNING")
    assert await get(app) == [started] and await get(app, "/three") == started
    assert await get(app, "?plan=p") == [started] and await get(app, "?plan=q") == []
    assert len(await get(app, "/three/slots")) == 3
    assert [slot["at"] for slot in await get(app, "/three/slots?limit=1&offset=1")] == ["2023-01-01T01:00:00Z"]
    assert await get(app, "/three/slots?state=FAILED") == []
    for action, state in (("pause", "PAUSED"), ("resume", "RUNNING"), ("cancel", "CANCELLED")):
        assert json.loads((await post(app, f"/three/{action}")).body)["state"] == state


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"plan": "p"}, "InvalidBody"),
        ({**ASKED, "first": "yesterday"}, "InvalidBody"),
        ({**ASKED, "order": "any"}, "InvalidBody"),
        ({**ASKED, "at_once": 0}, "BadBackfill"),
        ({**ASKED, "until": ASKED["first"]}, "BadBackfill"),
        ({**ASKED, "plan": "nothing"}, "LaunchPlanNotFound"),
    ],
)
async def test_what_can_not_be_is_refused(app: ASGIApp, asked: dict[str, Any], code: str) -> None:
    for path in ("", "/preview"):
        assert (await post(app, path, **asked)).code == code


async def test_pages_are_limited(app: ASGIApp) -> None:
    await post(app, **ASKED)
    for path in ("?limit=1001", "/three/slots?limit=0", "/three/slots?state=any"):
        assert (await ask(app, "GET", f"{URL}{path}")).status == 400
