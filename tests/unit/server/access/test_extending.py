"""The policy, the login and the consumer of docs/extending.md do what the page says of them."""

from __future__ import annotations

import re
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.contract.store.records import audit, commit, execution, execution_id

from alula.core.engine.records import ExecutionChange, ExecutionPhase
from alula.core.errors import TaskError, Unauthenticated
from alula.core.ids import Place
from alula.server.access import Action, covers
from alula.server.identity import Caller
from alula.server.stores.memory.adapter import MemoryStore

pytestmark = pytest.mark.anyio
PAGE = Path(__file__).parents[4] / "docs/extending.md"
PLACES = [Place(), *(Place(p, d) for p in ("flytesnacks", "forecasts", "x") for d in ("", "development", "production"))]


@pytest.fixture(scope="module")
def page() -> dict[str, Any]:
    names: dict[str, Any] = {}
    for code in re.findall(r"^```python\n(.*?)^```", PAGE.read_text(), re.MULTILINE | re.DOTALL):
        exec(code, names)
    return names


async def test_the_login_takes_the_proxys_word(page: dict[str, Any]) -> None:
    login = page["ByProxy"]()
    assert await login.caller({"x-forwarded-user": "ada"}, "ipv4:127.0.0.1:1") == Caller("ada")
    with pytest.raises(Unauthenticated):
        await login.caller({}, "ipv4:127.0.0.1:1")


@pytest.mark.parametrize("principal", ["ada", "bob", "grace", "eve"])
async def test_what_the_policy_lists_is_what_it_lets_view(page: dict[str, Any], principal: str) -> None:
    policy, caller = page["ByTeam"](), Caller(principal)
    viewable = await policy.viewable(caller)
    for place in PLACES:
        assert await policy.may(caller, Action.VIEW, place) is covers(viewable, place)


async def test_the_policy_lets_teams_launch_in_development_alone(page: dict[str, Any]) -> None:
    policy = page["ByTeam"]()
    allowed = [place for place in PLACES if await policy.may(Caller("bob"), Action.LAUNCH, place)]
    assert allowed == [Place("forecasts", "development")]
    assert not await policy.may(Caller("bob"), Action.MANAGE, Place("forecasts"))


async def test_the_consumer_tells_of_failed_runs_alone(page: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    store, told = MemoryStore(), list[str]()

    async def tell(_number: int, text: str) -> None:
        told.append(text)

    monkeypatch.setitem(page, "tell", tell)
    subscription = page["failures"](SimpleNamespace(store=store))
    await store.outbox.register(subscription.consumer)
    error = TaskError("Full", "there is no room", "USER")
    ends = {"good": ExecutionChange(ExecutionPhase.SUCCEEDED, 2), "bad": ExecutionChange(ExecutionPhase.FAILED, 2)}
    ends["bad"].error = error
    for name, end in ends.items():
        await store.executions.create(execution(name), b"event", audit())
        await store.log.commit([commit(execution_id(name), 1, b"end", execution=end)])
    await subscription.deliver(await store.outbox.claim("failures", limit=10, lease_us=1))
    assert told == ["flytesnacks/development/bad failed: there is no room"]
