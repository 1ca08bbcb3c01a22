"""Alula's own operations, those that no RPC of Flyte stands behind, as OpenAPI tells them.

Owns their words and parameters; a test holds the table to the routes of the application.
"""

from __future__ import annotations

from typing import Any

import msgspec

from alula.server.api.answers import (
    CacheEntry,
    Evicted,
    ForkBody,
    LinkAnswer,
    PhaseLine,
    ReasonAnswer,
    RunName,
)

JSON = "application/json"
OCTETS = "application/octet-stream"


class Parameter(msgspec.Struct, frozen=True):
    """A parameter in the query."""

    name: str
    description: str
    type: type = str
    default: Any = ""
    required: bool = False


class Operation(msgspec.Struct, frozen=True):
    """One verb of one path. The parts of the path in braces are texts."""

    verb: str
    path: str
    id: str
    summary: str
    answer: Any = None
    """The type of the answer, None for one that is no JSON."""
    media: str = JSON
    parameters: tuple[Parameter, ...] = ()
    body: Any = None
    """The type of a JSON body, `bytes` for one that is none, None for no body."""


_RUN = "{project}/{domain}/{name}"
_OWN = "/api/v1/alula"
_SIGNATURE = (Parameter("signature", "The rest of the query is as the platform signed it.", required=True),)
_CACHE_FILTERS = (
    Parameter("task", "Name of the task; empty for all."),
    Parameter("version", "Its cache version; empty for all."),
    Parameter("source", "The run, or run and node, that computed the result; empty for all."),
)

OPERATIONS = (
    Operation("GET", "/healthcheck", "health", "Tell that the platform answers.", media="text/plain"),
    Operation("GET", "/openapi.json", "openapi", "This document.", answer=dict[str, Any]),
    Operation("GET", "/metrics", "metrics", "Tell figures of the platform to Prometheus.", media="text/plain"),
    Operation(
        "GET",
        f"{_OWN}/watch/{_RUN}",
        "watchRun",
        "Follow a run: a line at once and one after each change, until its end.",
        answer=PhaseLine,
        media="application/x-ndjson",
    ),
    Operation(
        "GET",
        f"{_OWN}/logs/{_RUN}/{{node_id}}/{{attempt}}",
        "readLog",
        "Read the log of an attempt.",
        media="text/plain",
        parameters=(
            Parameter("index", "The item of a map task.", int, -1),
            Parameter("offset", "How many bytes to leave out, as they are known.", int, 0),
            Parameter("follow", "1 to go on until the attempt ends.", int, 0),
        ),
    ),
    Operation(
        "GET",
        f"{_OWN}/reasons/{_RUN}",
        "listReasons",
        "List what happened in a run and why, in order.",
        answer=list[ReasonAnswer],
        parameters=(Parameter("node_id", "Only of this node."),),
    ),
    Operation(
        "GET",
        f"{_OWN}/explain/{_RUN}",
        "explainRun",
        "Explain why a run, a node or an item is as it is, down to the first cause.",
        answer=LinkAnswer,
        parameters=(
            Parameter("node_id", "The node; empty for the run."),
            Parameter("index", "The item of a map task.", int, -1),
        ),
    ),
    Operation(
        "POST",
        f"{_OWN}/fork/{_RUN}",
        "forkRun",
        "Run again from chosen nodes on, with changes, and take over all else.",
        answer=RunName,
        body=ForkBody,
    ),
    Operation(
        "GET",
        f"{_OWN}/cache/{{project}}/{{domain}}",
        "listCache",
        "List the results that the cache holds.",
        answer=list[CacheEntry],
        parameters=(
            *_CACHE_FILTERS,
            Parameter("limit", "How many at most.", int, 100),
            Parameter("offset", "How many to skip.", int, 0),
        ),
    ),
    Operation(
        "DELETE",
        f"{_OWN}/cache/{{project}}/{{domain}}",
        "evictCache",
        "Forget results, so that they are computed again.",
        answer=Evicted,
        parameters=_CACHE_FILTERS,
    ),
    Operation(
        "PUT",
        "/objects/{path}",
        "uploadObject",
        "Upload to a URL that the platform signed.",
        media="",
        parameters=_SIGNATURE,
        body=bytes,
    ),
    Operation(
        "GET",
        "/objects/{path}",
        "downloadObject",
        "Download from a URL that the platform signed.",
        media=OCTETS,
        parameters=_SIGNATURE,
    ),
)
