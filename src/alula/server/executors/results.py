"""The results that an attempt leaves under its output prefix: their names and limits, and what they mean.

One executor reads files and another objects. What it has read means the same: `core.policy.outcome` decides it, and
what it is told of an attempt is said here, once.
"""

from __future__ import annotations

import msgspec

from alula.core.policy.outcome import Outcome, interpret
from alula.server.executor import AttemptSpec

OUTPUTS, ERROR, FUTURES, DECK = "outputs.pb", "error.pb", "futures.pb", "deck.html"
ERROR_MAX_BYTES = 64 << 20
"""The limit of an error document. The beginning and the end of its message are kept."""
FUTURES_MAX_BYTES = 64 << 20
"""The limit of the graph that a dynamic task makes: as much as a registration may have."""
RESULT_MAX_BYTES = 512 << 20


class Results(msgspec.Struct, frozen=True):
    """The contents of result files, each None if there is none."""

    error: bytes | None = None
    outputs: bytes | None = None
    futures: bytes | None = None
    unreadable: str = ""
    """The reason why there are results that can't be read."""


def interpreted(
    spec: AttemptSpec,
    results: Results,
    *,
    exit_code: int | None,
    signal: int | None = None,
    out_of_memory: bool = False,
    last_log_line: str = "",
    error_uri: str = "",
) -> Outcome:
    """The outcome of an attempt by its results and the end of its command. Takes its time with large results: not for
    an event loop. `error_uri` is the place of its error document, if that is not where the specification says."""
    return interpret(
        exit_code=exit_code,
        signal=signal,
        error_document=results.error,
        outputs=results.outputs,
        futures=results.futures,
        unreadable=results.unreadable,
        declared=spec.task.interface.outputs.variables,
        of_item=spec.id.index >= 0,
        offload=spec.offload,
        out_of_memory=out_of_memory,
        last_log_line=last_log_line,
        document_uri=error_uri or f"{spec.output_prefix}/{ERROR}",
    )
