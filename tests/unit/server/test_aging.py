"""What goes by its age: old rows, and old code that nothing names; whatever a process that dies leaves."""

from __future__ import annotations

import dataclasses
import hashlib
from typing import Any

import msgspec
import pytest
from tests.contract.store.records import audit, cache_entry, commit, entity, execution, query, where
from tests.unit.server.test_retention import NOW, OPTIONS, apply, data_of, naming, ran, retained

from alula.core.errors import Unavailable
from alula.core.policy.retention import DAY_US, RetentionRule
from alula.core.policy.watching import Seen
from alula.server.identity import Caller
from alula.server.retention import aging
from alula.server.services import layout
from alula.server.services.aged import Going
from alula.server.services.data_proxy import create_upload
from alula.server.services.platform import Platform
from alula.server.services.retention import preview

__all__ = ["retained"]
pytestmark = pytest.mark.anyio
CODE = RetentionRule("code", "code", keep_days=30)
CACHE = RetentionRule("cache", "cache", keep_days=5)
ADA = Caller("ada")


class Aging:
    """Objects whose age is what a test says: what it does not tell of has just been written."""

    def __init__(self, blobs: Any) -> None:
        self._blobs = blobs
        self.ages: dict[str, float] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._blobs, name)

    async def look(self, folder: str, **page: Any) -> list[Seen]:
        found = await self._blobs.look(folder, **page)
        return [
            msgspec.structs.replace(each, changed_at=NOW - round(self.ages.get(each.uri, 0) * DAY_US)) for each in found
        ]


def with_rules(platform: Platform, *rules: RetentionRule) -> Platform:
    return dataclasses.replace(platform, retention_rules=rules, blobs=Aging(platform.blobs))


async def uploaded(platform: Platform, folder: str, *, age: float, name: str = "code.tar.gz") -> str:
    uri = platform.blobs.uri(layout.UPLOADS, "flytesnacks", "development", folder, name)
    await platform.blobs.put(uri, b"code")
    assert isinstance(platform.blobs, Aging)
    platform.blobs.ages[uri] = age
    return uri


async def is_there(platform: Platform, uri: str) -> bool:
    return await platform.blobs.size(uri) is not None


async def ask(platform: Platform, folder: str) -> None:
    named: dict[str, Any] = {
        "project": "flytesnacks",
        "domain": "development",
        "filename": "code.tar.gz",
        "filename_root": folder,
    }
    digest = hashlib.md5(b"code", usedforsecurity=False).digest()
    await create_upload(platform, ADA, **named, content_md5=digest)


async def publish(platform: Platform, at: int, outputs: bytes = b"outputs") -> None:
    """Keep a result in the cache, of a run that stays."""
    record = execution("open", created_at=NOW)
    assert await platform.store.executions.create(record, b"created", audit(at=NOW))
    entry = msgspec.structs.replace(cache_entry(outputs=outputs), created_at=at)
    assert await platform.store.log.commit([commit(record.id, 1, b"more", published=[entry])]) == [True]


async def test_old_code_goes_that_nothing_names(retained: Platform) -> None:
    platform = with_rules(retained, CODE)
    gone, young = await uploaded(platform, "A" * 26, age=31), await uploaded(platform, "B" * 26, age=29)
    named, data = await uploaded(platform, "C" * 26, age=99), await uploaded(platform, "D", age=99, name="data.csv")
    await platform.store.entities.register([entity(spec=b"--code " + named.encode() + b" --more")], audit())
    assert (await preview(platform, ADA)).by_age == [Going("code", "code", 1, 4)]
    await apply(platform, OPTIONS)
    assert [await is_there(platform, uri) for uri in (gone, young, named, data)] == [False, True, True, True]
    (told,) = await platform.store.audits.page(query(where("action", "eq", "remove")))
    assert (told.target, told.detail, told.project) == (f"code {gone}", "rule code", "flytesnacks")
    assert (await preview(platform, ADA)).by_age == []


async def test_code_stays_that_is_the_input_of_a_run(retained: Platform) -> None:
    platform = with_rules(retained, CODE)
    uri = await uploaded(platform, "A", age=99)
    await ran(platform, "user", ended_at=None, inputs=naming(uri))
    await apply(platform)
    assert await is_there(platform, uri)


async def test_code_that_a_client_is_about_to_register_again_stays(retained: Platform) -> None:
    platform = with_rules(retained, CODE)
    uri = await uploaded(platform, "A", age=99)
    await ask(platform, "A")
    await apply(platform)
    assert await is_there(platform, uri)
    later = dataclasses.replace(platform, clock=lambda: NOW + 31 * DAY_US)
    await apply(later)
    assert not await is_there(platform, uri)
    await ask(platform, "A")


async def test_code_that_a_process_that_died_was_removing_is_not_given_until_it_is_gone(
    retained: Platform, monkeypatch: pytest.MonkeyPatch
) -> None:
    platform = with_rules(retained, CODE)
    uri = await uploaded(platform, "A", age=99)

    async def die(*_: Any) -> None:
        raise Unavailable("Away", "the store of objects is away")

    with monkeypatch.context() as dying:
        dying.setattr(platform.blobs, "delete", die, raising=False)
        with pytest.raises(Unavailable, match="is away"):
            await apply(platform)
    assert await is_there(platform, uri)
    with pytest.raises(Unavailable, match="being removed") as refused:
        await ask(platform, "A")
    assert refused.value.code == "UploadGoes"
    await apply(platform)
    assert not await is_there(platform, uri)
    await ask(platform, "A")


async def test_rows_go_by_the_rule_for_their_place(retained: Platform) -> None:
    platform = with_rules(retained, RetentionRule("short", "audits", projects=("flytesnacks",), keep_days=5))
    for project, days in (("flytesnacks", 6), ("flytesnacks", 4), ("other", 6)):
        told = audit("evict", at=NOW - days * DAY_US, project=project)
        await platform.store.catalog.evict([], told)
    assert next(each for each in (await preview(platform, ADA)).by_age if each.of == "audits").count == 1
    duty = await apply(platform)
    left = await platform.store.audits.page(query(where("action", "eq", "evict")))
    assert sorted((each.project, (NOW - each.at) // DAY_US) for each in left) == [("flytesnacks", 4), ("other", 6)]
    (told,) = await platform.store.audits.page(query(where("action", "eq", "remove")))
    assert (told.target, told.detail) == ("audits of flytesnacks", "rule short")
    assert [reading.values[("audits",)] for reading in duty.measure() if reading.metric is aging.REMOVED] == [1]


async def test_data_that_an_entry_of_the_cache_has_named_goes_with_it(retained: Platform) -> None:
    platform = with_rules(retained, RetentionRule("old", keep_days=7), CACHE)
    id = await ran(platform, "a")
    uri = f"{data_of(platform, id, attempt=1)}/file"
    await publish(platform, NOW - 4 * DAY_US, naming(uri))
    await apply(platform)
    assert await platform.store.executions.get(id) is None
    assert await is_there(platform, uri)
    later = dataclasses.replace(platform, clock=lambda: NOW + 2 * DAY_US)
    await apply(later)
    assert await platform.store.catalog.page(query()) == []
    assert not await is_there(platform, uri)
