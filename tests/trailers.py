"""What a refusal over gRPC carries beside its status."""

from __future__ import annotations

from typing import Any

import grpc


def trailers(error: grpc.RpcError) -> dict[str, str]:
    """The trailing metadata by name."""
    pairs: Any = error.trailing_metadata()  # its stub knows neither that these are pairs nor that they are texts
    return dict(pairs or ())
