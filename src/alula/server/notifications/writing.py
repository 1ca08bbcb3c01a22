"""Writing messages: a template, the facts of the run, the first cause of a failure, and the last lines of its log."""

from __future__ import annotations

import contextlib
import html
import re
from collections.abc import Mapping
from datetime import UTC, datetime

import msgspec

from alula.core.engine.causes import first_cause
from alula.core.errors import AlulaError
from alula.core.ids import AttemptId
from alula.core.policy.notifying import Rule
from alula.server.identity import SYSTEM
from alula.server.log import LogSource
from alula.server.services.explain import explain_execution
from alula.server.services.notices import Body
from alula.server.services.platform import Platform
from alula.server.store.executions import ExecutionRecord
from alula.server.store.notices import Notice
from alula.server.store.query import Query

SUBJECT = "{{ phase }}: {{ what }}"
TEXT = """{{ what }}: {{ phase }}, {{ at }}
{{ text }}
workflow: {{ workflow.name }}@{{ workflow.version }}
cause: {{ cause }}
{{ url }}

{{ log }}
"""
LOG_LINES = 20
LOG_BYTES = 16_384
_VARIABLE = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")


class Message(msgspec.Struct, frozen=True):
    """A notice as it is delivered."""

    id: str
    subject: str
    text: str
    facts: dict[str, str]
    """All that templates may name."""
    to: tuple[str, ...] = ()
    html: str = ""
    """The text in another form, for mail; empty for none."""
    run: ExecutionRecord | None = None
    """The run that it is about, if it is there."""


async def write(platform: Platform, notice: Notice, rule: Rule | None) -> Message:
    """The message of a notice. What can't be found out any more is left empty."""
    body = msgspec.msgpack.decode(notice.body, type=Body)
    facts = {"what": notice.subject, "phase": body.occasion, "text": body.text, "at": _time(body.at)}
    facts["time"] = datetime.fromtimestamp(body.at // 1_000_000, UTC).isoformat()
    facts |= {"project": notice.project, "domain": notice.domain, "id": notice.id, "rule": notice.rule}
    record = await platform.store.executions.get(body.execution) if body.execution is not None else None
    if record is not None:
        facts |= await _facts(platform, record, body)
    subject, text, rich = (rule.subject, rule.text, rule.html) if rule is not None else ("", "", "")
    return Message(
        notice.id,
        filled(subject or SUBJECT, facts),
        filled(text or TEXT, facts),
        facts,
        body.to,
        html=filled(rich, {name: html.escape(value) for name, value in facts.items()}),
        run=record,
    )


def filled(template: str, facts: Mapping[str, str]) -> str:
    """A template with its variables; lines in which nothing but empty ones stand go."""
    lines: list[str] = []
    for line in template.splitlines():
        names = _VARIABLE.findall(line)
        if names and not any(facts.get(name) for name in names):
            continue
        lines.append(_VARIABLE.sub(lambda found: facts.get(found[1], ""), line))
    return "\n".join(lines).strip()


async def _facts(platform: Platform, record: ExecutionRecord, body: Body) -> dict[str, str]:
    facts = {"name": record.id.name, "error": record.error.message if record.error is not None else ""}
    for kind, id in (("workflow", record.workflow), ("launch_plan", record.launch_plan)):
        facts |= {f"{kind}.{part}": value for part, value in id._asdict().items()}
    place = f"{record.id.project}/domains/{record.id.domain}/executions/{record.id.name}"
    facts["url"] = f"{platform.http_endpoint}/console/projects/{place}"
    facts["principal"] = record.principal
    if record.error is not None:
        with contextlib.suppress(AlulaError):
            first = first_cause(await explain_execution(platform, SYSTEM, record.id))
            facts["cause"] = f"{first.node_id}: {first.text}" if first.node_id else first.text
            facts["log"] = await _log(platform, record, first.node_id or record.error.node_id)
    facts["node"] = body.node_id
    return facts


async def _log(platform: Platform, record: ExecutionRecord, node_id: str) -> str:
    """The last lines of a node's last attempt."""
    attempts = await platform.store.attempts.page(record.id, node_id, Query(limit=1000)) if node_id else []
    if not attempts:
        return ""
    attempt = AttemptId(record.id, node_id, max(each.attempt for each in attempts), -1)
    source = LogSource(attempt, record.incarnation)
    begin = max(0, await platform.logs.size(source) - LOG_BYTES)
    last = b"".join([piece async for piece in platform.logs.read(source, offset=begin)])
    return "\n".join(last.decode(errors="replace").splitlines()[-LOG_LINES:])


def _time(at: int) -> str:
    return datetime.fromtimestamp(at // 1_000_000, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
