"""One connection to a platform: typed calls over gRPC, each with a deadline, failures as Alula's errors.

Owns the channel and the translation of statuses. Knows no use case. gRPC loads with this module, so
whatever must start fast imports it late.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any, cast

import grpc

from alula.core.errors import AlulaError, FailedPrecondition, InvalidInput, Unauthenticated, Unavailable
from alula.core.policy.trace_context import ENVIRONMENT, TRACEPARENT, parse
from alula.core.statuses import BY_GRPC
from alula.sdk.client.endpoint import Endpoint
from alula.sdk.client.rpcs import GET_VERSION, Answer, Request, Rpc

CALL_TIMEOUT_S = 30.0
FIRST_CALL_TIMEOUT_S = 10.0
HTTP_ENDPOINT_KEY = "alula-http-endpoint"

_OPTIONS: tuple[tuple[str, Any], ...] = (
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
    ("grpc.max_metadata_size", 32 * 1024),
    ("grpc.keepalive_time_ms", 30_000),
    ("grpc.keepalive_timeout_ms", 10_000),
    ("grpc.keepalive_permit_without_calls", 1),
    ("grpc.http2.max_pings_without_data", 0),
    # A restarted platform is found again within a second, not after gRPC's two minutes.
    ("grpc.initial_reconnect_backoff_ms", 100),
    ("grpc.max_reconnect_backoff_ms", 1_000),
)


class Connection:
    """A channel to one platform. Use as a context manager; may be shared by threads.

    with Connection(find_endpoint(None)) as connection:
        version = connection.call(GET_VERSION, version_pb2.GetVersionRequest())
    """

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint = endpoint
        self._http = endpoint.http
        self._timeout_s = FIRST_CALL_TIMEOUT_S
        self._channel: Any = _open(endpoint)

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self._channel.close()

    def call(
        self,
        rpc: Rpc[Request, Answer],
        request: Request,
        *,
        timeout_s: float | None = None,
        metadata: Sequence[tuple[str, str]] = (),
    ) -> Answer:
        """Make one call. Raises the platform's error, or `Unavailable` when it does not answer in time."""
        return self._call(rpc, request, timeout_s, metadata)[0]

    def http_endpoint(self) -> str:
        """Base URL of the platform's HTTP side; empty where it does not tell (another Flyte platform)."""
        if not self._http:
            _, initial = self._call(GET_VERSION, GET_VERSION.request(), None, ())
            self._http = initial.get(HTTP_ENDPOINT_KEY, "").rstrip("/")
        return self._http

    def _call(
        self,
        rpc: Rpc[Request, Answer],
        request: Request,
        timeout_s: float | None,
        metadata: Sequence[tuple[str, str]],
    ) -> tuple[Answer, dict[str, str]]:
        multicallable: Any = self._channel.unary_unary(
            rpc.path,
            request_serializer=rpc.request.SerializeToString,
            response_deserializer=rpc.answer.FromString,
        )
        try:
            answer, call = multicallable.with_call(
                request, timeout=timeout_s or self._timeout_s, metadata=(*metadata, *_trace()) or None
            )
        except grpc.RpcError as error:
            raise self._translated(rpc.name, error) from error
        self._timeout_s = CALL_TIMEOUT_S
        return cast(Answer, answer), _texts(call.initial_metadata())

    def _translated(self, name: str, error: Any) -> AlulaError:
        """The Alula error for a failed call; its stable code travels in the trailing metadata."""
        status: grpc.StatusCode = error.code()
        details: str = error.details() or status.name
        kind = BY_GRPC.get(status.value[0])
        told = _texts(error.trailing_metadata())
        if "alula-code" in told:
            return (kind or AlulaError)(
                told["alula-code"], told.get("alula-message", details), fix=told.get("alula-fix", "")
            )
        where = f"{self.endpoint.address} (from {self.endpoint.source})"
        if kind is Unavailable:
            reason = "it did not answer in time" if status is grpc.StatusCode.DEADLINE_EXCEEDED else _short(details)
            return Unavailable(
                "PlatformUnreachable",
                f"the platform at {where} can't be reached: {reason}",
                fix="start it with `alula up`, or name another with --endpoint HOST:PORT",
            )
        if status is grpc.StatusCode.UNAUTHENTICATED:
            return Unauthenticated("Unauthenticated", f"{where} asks for a login: {details}")
        if status is grpc.StatusCode.UNIMPLEMENTED:
            return FailedPrecondition("Unimplemented", f"{where} does not offer {name}")
        if kind is None:
            return AlulaError("PlatformError", f"{where} failed in {name}: {details}", fix="look into its log")
        return kind(kind.__name__, details)


def _open(endpoint: Endpoint) -> Any:
    options = [
        *_OPTIONS,
        ("grpc.primary_user_agent", f"alula python/{sys.version_info[0]}.{sys.version_info[1]}"),
    ]
    if not endpoint.tls:
        return grpc.insecure_channel(endpoint.address, options=options)
    certificate: bytes | None = None
    if endpoint.ca_certificate:
        try:
            certificate = Path(endpoint.ca_certificate).read_bytes()
        except OSError as error:
            raise InvalidInput(
                "BadCertificate", f"the certificate {endpoint.ca_certificate} can't be read: {error}"
            ) from error
    credentials = grpc.ssl_channel_credentials(root_certificates=certificate)
    return grpc.secure_channel(endpoint.address, credentials, options=options)


def _trace() -> list[tuple[str, str]]:
    """The trace in which this process runs, if it has been told of one: what is launched here belongs there, too."""
    context = parse(os.environ.get(ENVIRONMENT, ""))
    return [] if context is None else [(TRACEPARENT, str(context))]


def _texts(metadata: Any) -> dict[str, str]:
    return {key: value for key, value in metadata or () if isinstance(value, str)}


def _short(details: str) -> str:
    """gRPC's connection errors say the useful part last (`...: Connection refused (111)`)."""
    return details.rsplit(": ", 2)[-1] if "Failed to connect" in details else details
