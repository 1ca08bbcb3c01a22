"""Limits on a duration: no less than no time, and no longer than protobuf has numbers for."""

from __future__ import annotations

from google.protobuf import duration_pb2

from alula.core.compiler.errors import Code, Findings
from alula.core.literals.soundness import is_duration


def check_duration(span: duration_pb2.Duration, what: str, node_id: str, findings: Findings) -> None:
    """Report a duration that can't be one."""
    if span.seconds < 0 or span.nanos < 0:
        findings.add(Code.INVALID_VALUE, node_id, f"{what} is negative; give a positive duration")
    elif not is_duration(span):
        findings.add(Code.INVALID_VALUE, node_id, f"{what} is no duration of at most 10,000 years; give another")
