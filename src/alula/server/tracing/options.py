"""The settings of traces."""

from __future__ import annotations

from typing import Literal

import msgspec


class TracingOptions(msgspec.Struct, frozen=True):
    """Settings of tracing."""

    exporter: Literal["off", "otlp"] = "off"
    """`otlp` to tell a collector of requests and runs, as the variables `OTEL_*` say."""
