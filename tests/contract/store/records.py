"""Small records for tests of stores, with every field that the test at hand does not care about filled in."""

from __future__ import annotations

from typing import Any

from alula.core.engine.records import (
    CacheEntry,
    Changes,
    ExecutionChange,
    ExecutionPhase,
    NodePhase,
    NodeRecord,
)
from alula.core.ids import EntityId, ExecutionId
from alula.core.policy.backfilling import Counts, Rules
from alula.core.policy.cache_key import CacheKey
from alula.server.store.audits import Audit
from alula.server.store.backfill_records import BackfillRecord
from alula.server.store.entities import EntityRecord
from alula.server.store.executions import ExecutionRecord
from alula.server.store.log import Commit
from alula.server.store.query import Filter, Operator, Query

WORKFLOW = EntityId("flytesnacks", "development", "etl", "v1")


def execution_id(name: str, *, project: str = "flytesnacks", domain: str = "development") -> ExecutionId:
    return ExecutionId(project, domain, name)


def audit(action: str = "launch", *, at: int = 1, target: str = "thing", **more: Any) -> Audit:
    return Audit(at=at, principal="ada", action=action, target=target, **more)


def execution(name: str | ExecutionId, *, created_at: int = 10, **more: Any) -> ExecutionRecord:
    given: dict[str, Any] = {
        "id": execution_id(name) if isinstance(name, str) else name,
        "spec": b"spec",
        "inputs": b"inputs",
        "user_inputs": b"user inputs",
        "workflow": WORKFLOW,
        "launch_entity": "launch_plan",
        "launch_plan": WORKFLOW,
        "principal": "ada",
        "mode": 0,
        "created_at": created_at,
        "updated_at": created_at,
    }
    return ExecutionRecord(**{**given, **more})


def entity(name: str = "etl", version: str = "v1", *, kind: Any = "workflow", **more: Any) -> EntityRecord:
    given: dict[str, Any] = {
        "kind": kind,
        "id": EntityId("flytesnacks", "development", name, version),
        "digest": b"digest",
        "spec": b"spec",
        "closure": b"closure",
        "created_at": 10,
    }
    return EntityRecord(**{**given, **more})


def backfill(name: str = "january", **more: Any) -> BackfillRecord:
    given: dict[str, Any] = {
        "id": execution_id(name),
        "plan": WORKFLOW,
        "principal": "ada",
        "created_at": 50,
        "first": 5,
        "until": 40,
        "cron": "@daily",
        "kickoff": "day",
        "rules": Rules(3, newest_first=True, reprocess="failed", stops=False),
        "counts": Counts(waiting=2, there=1),
    }
    return BackfillRecord(**{**given, **more})


def running(at: int = 20, **more: Any) -> ExecutionChange:
    return ExecutionChange(ExecutionPhase.RUNNING, at, **more)


def node(node_id: str = "n0", phase: NodePhase = NodePhase.RUNNING, at: int = 20, **more: Any) -> NodeRecord:
    return NodeRecord(node_id, phase, at, **more)


def commit(id: ExecutionId, first_seq: int, *events: bytes, **more: Any) -> Commit:
    changes = more.pop("changes", None) or Changes(
        **{
            key: more.pop(key)
            for key in ("execution", "nodes", "attempts", "items", "signals", "jobs", "reasons", "published")
            if key in more
        }
    )
    return Commit(id, first_seq, events, changes, **more)


def cache_key(digest: str = "d1", *, project: str = "flytesnacks") -> CacheKey:
    return CacheKey(project, "development", "train", "1", "interface", {"x": "hash"}, digest)


def cache_entry(digest: str = "d1", *, outputs: bytes = b"outputs", **more: Any) -> CacheEntry:
    return CacheEntry(cache_key(digest, **more), outputs, "flytesnacks/development/a/n0/0", 30)


def where(field: str, operator: Operator, *values: str) -> Filter:
    return Filter(field, operator, values)


def query(*filters: Filter, limit: int = 100, **more: Any) -> Query:
    return Query(limit=limit, filters=filters, **more)
