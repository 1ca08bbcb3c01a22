"""Alula's own operations, those that no RPC of Flyte stands behind, as OpenAPI tells them.

Owns their words and parameters; a test holds the table to the routes of the application.
"""

from __future__ import annotations

from typing import Any

import msgspec

from alula.server.api.answers import (
    BackfillAnswer,
    BackfillBody,
    BackfillPreview,
    CacheEntry,
    DiskAnswer,
    Evicted,
    FiringAnswer,
    ForkBody,
    ImportAnswer,
    KeptAnswer,
    LinkAnswer,
    NoticeAnswer,
    PhaseLine,
    ReasonAnswer,
    RetentionAnswer,
    RetentionRuleAnswer,
    RunName,
    ScheduleAnswer,
    SlotAnswer,
    StreamBody,
    TriggerAnswer,
    TriggerBody,
)
from alula.server.services.about import About
from alula.server.services.console.audit_trail import AuditPage
from alula.server.services.console.bulk import Bulk, Outcomes
from alula.server.services.console.compare import Comparison
from alula.server.services.console.graph_form import Graph
from alula.server.services.console.grid import Grid
from alula.server.services.console.items import ItemPage, Summary
from alula.server.services.console.log_search import LogLine
from alula.server.services.console.newest import NewestVersions
from alula.server.services.console.runs import Runs
from alula.server.services.console.search import Hits
from alula.server.services.console.skeleton import NODES_MAX, Changes, Skeleton
from alula.server.services.console.stats import Stats
from alula.server.services.console.stream import Line
from alula.server.services.console.takers import Takers
from alula.server.services.console.use import Use
from alula.server.services.launch_check import LaunchCheck

JSON = "application/json"
NDJSON = "application/x-ndjson"
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
_PLACE = "{project}/{domain}"
_OWN = "/api/v1/alula"
_PAGE = (
    Parameter("limit", "How many at most.", int, 100),
    Parameter("offset", "How many to skip.", int, 0),
)
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
        media=NDJSON,
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
            Parameter("tail", "Only so many bytes at the end; then there is no offset.", int, None),
            Parameter("limit", "How many bytes at most.", int, None),
            Parameter("follow", "1 to go on until the attempt ends.", int, 0),
        ),
    ),
    Operation(
        "GET",
        f"{_OWN}/reasons/{_RUN}",
        "listReasons",
        "List what happened in a run and why, in order.",
        answer=list[ReasonAnswer],
        parameters=(
            Parameter("node_id", "Only of this node.", default=None),
            Parameter("index", "Only of this item; -1 for the array as a whole.", int, None),
            Parameter("code", "Only with this code."),
            Parameter("limit", "How many at most; all if it is left out. Header `Alula-Next`: the cursor.", int, None),
            Parameter("cursor", "Where the page before ended.", int, 0),
        ),
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
        f"{_OWN}/export/{_RUN}",
        "exportRun",
        "Write a run to a file, with its children and all it needs. Header `Alula-Export-Bytes`: its size, unpacked.",
        media="application/zip",
        parameters=(Parameter("data", "0 to leave out the files and data sets that values refer to.", int, 1),),
    ),
    Operation(
        "POST",
        f"{_OWN}/import/{_PLACE}",
        "importRun",
        "Keep the run of a file that was exported elsewhere. It is not gone on with.",
        answer=ImportAnswer,
        body=bytes,
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
        "GET",
        f"{_OWN}/log-search/{_RUN}",
        "searchLogsOfRun",
        "Look for a text in the logs of a run. The last line says how far it went.",
        answer=LogLine,
        media=NDJSON,
        parameters=(
            Parameter("q", "The text.", required=True),
            Parameter("case", "1 if capital letters differ from small ones.", int, 0),
            Parameter("limit", "How many lines at most.", int, 1000),
            Parameter("node_id", "Only of this node.", default=None),
            Parameter("attempt", "Only of attempts with this number, from 0 on.", int, default=None),
            Parameter("index", "Only of this item of map tasks.", int, default=None),
        ),
    ),
    Operation(
        "GET",
        f"{_OWN}/log-search/{_RUN}/{{node_id}}/{{attempt}}",
        "searchLog",
        "Look for a text in the log of an attempt. The last line says how far it went.",
        answer=LogLine,
        media=NDJSON,
        parameters=(
            Parameter("index", "The item of a map task.", int, -1),
            Parameter("q", "The text.", required=True),
            Parameter("case", "1 if capital letters differ from small ones.", int, 0),
            Parameter("limit", "How many lines at most.", int, 1000),
        ),
    ),
    Operation(
        "POST",
        f"{_OWN}/stream",
        "stream",
        "Follow runs, lists of runs and logs in one answer, a line for each thing that is new.",
        answer=Line,
        media=NDJSON,
        body=StreamBody,
    ),
    Operation(
        "GET",
        f"{_OWN}/search",
        "search",
        "Find runs, workflows, tasks and launch plans by name, and runs by label.",
        answer=Hits,
        parameters=(
            Parameter("q", "A text in the name.", required=True),
            Parameter("project", "Only of this project."),
            Parameter("domain", "Only of this domain."),
            Parameter("limit", "How many at most.", int, 20),
        ),
    ),
    Operation(
        "GET",
        f"{_OWN}/newest/{{project}}/{{domain}}",
        "listNewestVersions",
        "List the newest version of each workflow, task or launch plan, by name.",
        answer=NewestVersions,
        parameters=(
            Parameter("kind", "`workflow`, `task` or `launch_plan`.", required=True),
            Parameter("first", "The first name."),
            Parameter("last", "The last name."),
        ),
    ),
    Operation(
        "GET",
        f"{_OWN}/stats/{{project}}/{{domain}}",
        "readStats",
        "Tell how runs have ended over time, and how long they took.",
        answer=Stats,
        parameters=(
            Parameter("workflow", "Only of this workflow."),
            Parameter("from", "Microseconds since the epoch; a day before the end if it is left out.", int, None),
            Parameter("to", "Microseconds since the epoch; now if it is left out.", int, None),
            Parameter("bins", "The number of parts of the time.", int, 60),
        ),
    ),
    Operation(
        "GET",
        f"{_OWN}/grid/{{project}}/{{domain}}/{{workflow}}",
        "readGrid",
        "Show the last runs of a workflow against its nodes.",
        answer=Grid,
        parameters=(
            Parameter("runs", "How many runs at most.", int, 50),
            Parameter("cursor", "`next` of the page before."),
        ),
    ),
    Operation(
        "GET",
        f"{_OWN}/takers/{_RUN}/{{node_id}}",
        "listTakers",
        "List the nodes that have taken the outputs of a node from the cache, the newest first.",
        answer=Takers,
        parameters=(
            Parameter("limit", "How many at most.", int, 100),
            Parameter("cursor", "`next` of the page before."),
        ),
    ),
    Operation(
        "GET",
        f"{_OWN}/compare/{{project}}/{{domain}}",
        "compareRuns",
        "Show two runs beside each other: values, settings, and nodes by phase and time.",
        answer=Comparison,
        parameters=(
            Parameter("a", "The name of the one.", required=True),
            Parameter("b", "The name of the other.", required=True),
        ),
    ),
    Operation(
        "POST",
        f"{_OWN}/launch/check",
        "checkLaunch",
        "Tell all that is wrong with a launch, without making it. The body is that of `CreateExecution`.",
        answer=LaunchCheck,
        body=dict[str, Any],
    ),
    Operation(
        "POST",
        f"{_OWN}/bulk/{{project}}/{{domain}}",
        "actOnRuns",
        "Abort, archive or relaunch runs, each by itself.",
        answer=Outcomes,
        body=Bulk,
    ),
    Operation(
        "GET",
        f"{_OWN}/audit",
        "listAudits",
        "List which principal has changed what, the newest first.",
        answer=AuditPage,
        parameters=(
            Parameter("project", "Only of this project."),
            Parameter("domain", "Only of this domain."),
            Parameter("principal", "Only by this one."),
            Parameter("action", "Only this action."),
            Parameter("target", "A text in what was changed."),
            Parameter("limit", "How many at most.", int, 100),
            Parameter("cursor", "`next` of the page before."),
        ),
    ),
    Operation("GET", f"{_OWN}/about", "about", "Tell what this platform is.", answer=About),
    Operation(
        "GET",
        f"{_OWN}/runs/{{project}}/{{domain}}",
        "listRuns",
        "List runs, each in a few words.",
        answer=Runs,
        parameters=(
            Parameter("filters", "As in Flyte's lists: `eq(phase,FAILED)+contains(workflow.name,wine)`."),
            Parameter("sort", "A field, with `-` in front for the greatest first.", default="-created_at"),
            Parameter("limit", "How many at most.", int, 100),
            Parameter("cursor", "`next` of the page before."),
        ),
    ),
    Operation(
        "GET",
        f"{_OWN}/runs/{_RUN}/skeleton",
        "readSkeleton",
        "Read a run with all its nodes, as columns. It has an ETag.",
        answer=Skeleton,
        parameters=(
            Parameter("parent", "Only nodes inside of this one; empty for the top level. Without it, all."),
            Parameter("limit", "How many nodes at most.", int, NODES_MAX),
            Parameter("cursor", "`next` of the page before."),
        ),
    ),
    Operation(
        "GET",
        f"{_OWN}/runs/{_RUN}/changes",
        "readChanges",
        "Read what has changed in a run since.",
        answer=Changes,
        parameters=(Parameter("since", "The `seq` of what is known.", int, 0),),
    ),
    Operation(
        "GET",
        f"{_OWN}/runs/{_RUN}/graph",
        "readGraph",
        "Read the graph of a run as far as it is drawn. It has an ETag.",
        answer=Graph,
        parameters=(Parameter("node_id", "The graph that this dynamic node has made, not that of the run."),),
    ),
    Operation(
        "GET",
        f"{_OWN}/runs/{_RUN}/use/{{node_id}}",
        "readUse",
        "Read which resources the attempts of a node have used, asked for and could have.",
        answer=Use,
        parameters=(Parameter("index", "The item of an array node, at its newest attempt.", int, -1),),
    ),
    Operation(
        "GET",
        f"{_OWN}/runs/{_RUN}/items/{{node_id}}",
        "listItems",
        "List items of an array node that have begun.",
        answer=ItemPage,
        parameters=(
            Parameter("from", "The lowest index.", int, 0),
            Parameter("phase", "Only in these phases, as numbers with commas between."),
            Parameter("q", "Only with this text in the code or message of the error, in any case."),
            Parameter("sort", "`index` or `updated_at`, with `-` in front for the greatest first.", default="index"),
            Parameter("limit", "How many at most.", int, 200),
            Parameter("cursor", "`next` of the page before."),
        ),
    ),
    Operation(
        "GET",
        f"{_OWN}/runs/{_RUN}/items/{{node_id}}/phases",
        "readPhases",
        "Read the phase of each item of an array node, one byte each; 128 is added for a result of the cache.",
        media=OCTETS,
    ),
    Operation(
        "GET",
        f"{_OWN}/runs/{_RUN}/items/{{node_id}}/summary",
        "summarizeItems",
        "Read an array node in figures.",
        answer=Summary,
        parameters=(Parameter("bins", "The number of parts of its time, at most.", int, 600),),
    ),
    Operation(
        "GET",
        f"{_OWN}/schedules/{{project}}/{{domain}}",
        "listSchedules",
        "List the schedules of active launch plans, by name.",
        answer=list[ScheduleAnswer],
        parameters=_PAGE,
    ),
    Operation(
        "GET",
        f"{_OWN}/schedules/{_RUN}",
        "getSchedule",
        "Tell how far the schedule of an active launch plan has been followed.",
        answer=ScheduleAnswer,
    ),
    Operation(
        "POST",
        f"{_OWN}/schedules/{_RUN}/pause",
        "pauseSchedule",
        "Start no run by the clock until the schedule is resumed.",
        answer=ScheduleAnswer,
    ),
    Operation(
        "POST",
        f"{_OWN}/schedules/{_RUN}/resume",
        "resumeSchedule",
        "Follow a schedule again, from now on.",
        answer=ScheduleAnswer,
    ),
    Operation(
        "POST",
        f"{_OWN}/schedules/{_RUN}/trigger",
        "triggerSchedule",
        "Start a run of a scheduled launch plan at once.",
        answer=RunName,
        body=TriggerBody,
    ),
    Operation(
        "GET",
        f"{_OWN}/triggers",
        "listTriggersEverywhere",
        "List the triggers of all places that the caller may view, by name.",
        answer=list[TriggerAnswer],
        parameters=(
            Parameter("waits_for", "Only those that wait for this: `workflow flytesnacks/development/load`."),
            *_PAGE,
        ),
    ),
    Operation(
        "GET",
        f"{_OWN}/triggers/{_PLACE}",
        "listTriggers",
        "List the triggers of active launch plans, by name.",
        answer=list[TriggerAnswer],
        parameters=_PAGE,
    ),
    Operation(
        "GET",
        f"{_OWN}/triggers/{_RUN}",
        "getTrigger",
        "Tell what the trigger of an active launch plan has done.",
        answer=TriggerAnswer,
    ),
    Operation(
        "GET",
        f"{_OWN}/triggers/{_RUN}/firings",
        "listFirings",
        "List what became of the causes of a trigger, the newest first.",
        answer=list[FiringAnswer],
        parameters=_PAGE,
    ),
    Operation(
        "POST",
        f"{_OWN}/webhooks/{_RUN}",
        "receiveWebhook",
        "Start a run of a launch plan by a signed message. Headers `Alula-Timestamp`, `Alula-Signature`, `Alula-Id`.",
        answer=RunName,
        body=Any,
    ),
    Operation(
        "GET",
        f"{_OWN}/runs/{_RUN}/firings",
        "listStarted",
        "List what the end of a run has started by triggers, and what it could not start.",
        answer=list[FiringAnswer],
        parameters=_PAGE,
    ),
    Operation(
        "GET",
        f"{_OWN}/backfills/{_PLACE}",
        "listBackfills",
        "List backfills, newest first.",
        answer=list[BackfillAnswer],
        parameters=(Parameter("plan", "Only those of this launch plan."), *_PAGE),
    ),
    Operation(
        "POST",
        f"{_OWN}/backfills/{_PLACE}",
        "startBackfill",
        "Run a launch plan for times in the past.",
        answer=BackfillAnswer,
        body=BackfillBody,
    ),
    Operation(
        "POST",
        f"{_OWN}/backfills/{_PLACE}/preview",
        "previewBackfill",
        "Show what a backfill would do with each slot. Nothing is changed.",
        answer=BackfillPreview,
        body=BackfillBody,
    ),
    Operation(
        "GET",
        f"{_OWN}/backfills/{_RUN}",
        "getBackfill",
        "Tell how far a backfill is.",
        answer=BackfillAnswer,
    ),
    Operation(
        "GET",
        f"{_OWN}/backfills/{_RUN}/slots",
        "listBackfillSlots",
        "List the slots of a backfill with their runs, by time.",
        answer=list[SlotAnswer],
        parameters=(Parameter("state", "Only those in this state."), *_PAGE),
    ),
    Operation(
        "POST",
        f"{_OWN}/backfills/{_RUN}/pause",
        "pauseBackfill",
        "Start no further slot until the backfill is resumed; runs that are open go on.",
        answer=BackfillAnswer,
    ),
    Operation(
        "POST",
        f"{_OWN}/backfills/{_RUN}/resume",
        "resumeBackfill",
        "Go on with a backfill that is paused.",
        answer=BackfillAnswer,
    ),
    Operation(
        "POST",
        f"{_OWN}/backfills/{_RUN}/cancel",
        "cancelBackfill",
        "Start no further slot, and abort the runs that are open.",
        answer=BackfillAnswer,
    ),
    Operation(
        "GET",
        f"{_OWN}/notices",
        "listNotices",
        "List what people and programs were told or are to be told, newest first.",
        answer=list[NoticeAnswer],
        parameters=(
            Parameter("state", "Only those of a state."),
            Parameter("rule", "Only those of a rule."),
            *_PAGE,
        ),
    ),
    Operation("POST", f"{_OWN}/notices/{{id}}/resend", "resendNotice", "Deliver a notice once more.", answer=list[str]),
    Operation(
        "POST",
        f"{_OWN}/rules/{{rule}}/test",
        "testRule",
        "Deliver a message to each channel of a rule, and tell the ids of the notices.",
        answer=list[str],
    ),
    Operation(
        "GET",
        f"{_OWN}/retention",
        "previewRetention",
        "Show what the rules of retention would remove now, and why other runs stay. Nothing is changed.",
        answer=RetentionAnswer,
    ),
    Operation(
        "GET",
        f"{_OWN}/retention/rules",
        "listRetentionRules",
        "List the rules of retention in their order: the first that fits a run decides.",
        answer=list[RetentionRuleAnswer],
    ),
    Operation(
        "GET",
        f"{_OWN}/disk",
        "readDisk",
        "Tell how much of the disk the data folder takes, by a look at each file.",
        answer=DiskAnswer,
    ),
    Operation(
        "GET",
        f"{_OWN}/keep/{_RUN}",
        "isRunKept",
        "Tell whether somebody keeps a run, whatever the rules of retention say.",
        answer=KeptAnswer,
    ),
    Operation(
        "POST",
        f"{_OWN}/retention/run",
        "runRetention",
        "Have the rules of retention applied at once, and tell their names.",
        answer=list[str],
    ),
    Operation(
        "POST",
        f"{_OWN}/keep/{_RUN}",
        "keepRun",
        "Have a run stay, whatever the rules of retention say.",
        answer=RunName,
    ),
    Operation(
        "POST",
        f"{_OWN}/unkeep/{_RUN}",
        "unkeepRun",
        "Have a run stay no longer than the rules of retention say.",
        answer=RunName,
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
