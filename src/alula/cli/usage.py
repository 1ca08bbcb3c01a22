"""The resources that an attempt has used, in one line, from the platform's figures beside it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from google.protobuf.struct_pb2 import Struct

from alula.cli.output import format_duration
from alula.core.size_text import text_of_bytes

_FIGURES: tuple[tuple[str, str, Callable[[int], str]], ...] = (
    ("cpu_us", "CPU", lambda value: format_duration(value / 1_000_000)),
    ("peak_memory_bytes", "memory", text_of_bytes),
    ("written_bytes", "written", text_of_bytes),
)


def usage_text(told: Struct) -> str:
    """`CPU 0.31s · memory 50.2 MiB (sampled every 100 ms) · written 1 MiB`; empty if nothing is known."""
    if "usage" not in told:
        return ""
    usage = told.fields["usage"].struct_value.fields
    return " · ".join(
        f"{name} {shown(int(figure['value'].number_value))}{_how(figure)}"
        for key, name, shown in _FIGURES
        if key in usage and (figure := usage[key].struct_value.fields)
    )


def _how(figure: Any) -> str:
    """The accuracy of a figure, in brackets; empty if it is exact."""
    match figure["accuracy"].string_value:
        case "sampled":
            return f" (sampled every {figure['every_ms'].number_value:.0f} ms)"
        case "exact":
            return ""
        case other:
            return f" ({other.replace('_', ' ')})"
