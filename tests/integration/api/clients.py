"""A gRPC client of the platform, made from the specification's descriptors."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any

import grpc
from flyteidl.cacheservice import cacheservice_pb2
from flyteidl.datacatalog import datacatalog_pb2
from flyteidl.service import admin_pb2, auth_pb2, dataproxy_pb2, identity_pb2, signal_pb2
from google.protobuf.descriptor import ServiceDescriptor
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass

SERVICES = [
    service
    for module in (admin_pb2, dataproxy_pb2, identity_pb2, auth_pb2, signal_pb2, datacatalog_pb2)
    for service in module.DESCRIPTOR.services_by_name.values()
]
CACHE_SERVICE = [cacheservice_pb2.DESCRIPTOR.services_by_name["CacheService"]]
"""Apart, as two of its RPCs are called as two of DataCatalog."""


class Client:
    """`client.CreateTask(request)` and so on; a failing call raises `grpc.RpcError`."""

    def __init__(self, address: str, services: Sequence[ServiceDescriptor] = SERVICES) -> None:
        self.channel = grpc.insecure_channel(address)
        self._methods = {
            method.name: (f"/{service.full_name}/{method.name}", GetMessageClass(method.output_type))
            for service in services
            for method in service.methods
        }

    def __getattr__(self, rpc: str) -> Any:
        path, answer = self._methods[rpc]

        def call(request: Message | bytes, timeout: float | None = 30, metadata: Any = None) -> Any:
            return self.stub(path, answer)(request, timeout=timeout, metadata=metadata)

        return call

    def stub(self, path: str, answer: type[Message]) -> Any:
        return self.channel.unary_unary(
            path,
            request_serializer=lambda message: message if isinstance(message, bytes) else message.SerializeToString(),
            response_deserializer=answer.FromString,
        )

    def initial_metadata(self, rpc: str, request: Message) -> dict[str, str]:
        path, answer = self._methods[rpc]
        _, call = self.stub(path, answer).with_call(request, timeout=30)
        return dict(call.initial_metadata())

    def __enter__(self) -> Client:
        return self

    def __exit__(self, _: type | None, __: BaseException | None, ___: TracebackType | None) -> None:
        self.channel.close()
