"""Texts that become values in the rows of a run, where every database must be able to keep them."""

from __future__ import annotations

from alula.core.compiler.errors import Code, Findings


def check_text(text: str, what: str, node_id: str, findings: Findings) -> None:
    """Report a text with a NUL character: PostgreSQL has none in texts."""
    if "\0" in text:
        findings.add(Code.INVALID_VALUE, node_id, f"{what} has a NUL character, which can't be kept; leave it out")
