"""Clients of one API server, with a connection each, and with the login of a kubeconfig.

The pool of the client library asks each idle connection at every call whether it still lives, and closes all idle ones
above a number of its own. Calls come in bursts here, so both would cost more than the calls. With one connection for
each client there is nothing to search, and there are as many as there were calls at once.

The only module that knows how the client library is set up.
"""

from __future__ import annotations

import ssl
from collections.abc import Callable, Generator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx2
import msgspec
import yaml
from httpcore2 import AsyncNetworkStream
from lightkube import ConfigError, KubeConfig, SingleConfig
from lightkube.config.client_adapter import ConnectionParams

from alula.core.errors import FailedPrecondition
from alula.server.executors.kubernetes.options import KubernetesOptions

TIMEOUT_S = 30.0
IDLE_S = 30.0
"""The time after which an idle connection is not used again: servers and what is before them close theirs some time."""


class Clients:
    """Clients that are made as they are needed, and used again. The caller limits how many calls are under way."""

    def __init__(self, make: Callable[[], httpx2.AsyncClient]) -> None:
        self._make = make
        self._free = [make()]
        self._made = self._free.copy()

    @contextmanager
    def one(self) -> Generator[httpx2.AsyncClient]:
        """A client for one call: the one that was used last, whose connection is open most likely."""
        if self._free:
            client = self._free.pop()
        else:
            client = self._make()
            self._made.append(client)
        try:
            yield client
        finally:
            self._free.append(client)

    async def close(self) -> None:
        for client in self._made:
            await client.aclose()


def clients_of(options: KubernetesOptions) -> tuple[Clients, str]:
    """Clients of the cluster that the settings name, and the namespace of its context. Raises `FailedPrecondition`."""
    try:
        config = _config(options)
        params = ConnectionParams(timeout=httpx2.Timeout(TIMEOUT_S))
        settings: dict[str, Any] = params.httpx_params(config)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
        settings["limits"] = httpx2.Limits(max_connections=1, keepalive_expiry=IDLE_S)
        settings["event_hooks"] = {"request": [_close_what_is_not_made]}
        return Clients(lambda: httpx2.AsyncClient(**settings)), config.namespace
    except (
        ConfigError,
        OSError,
        AttributeError,
        KeyError,
        TypeError,
        ValueError,
        msgspec.MsgspecError,
        ssl.SSLError,
        yaml.YAMLError,
    ) as error:
        raise FailedPrecondition(
            "ClusterNotConfigured",
            f"the Kubernetes executor does not know its cluster: {error}",
            fix="set `executors.kubernetes.kubeconfig` and `.context`, or KUBECONFIG",
        ) from error


def _config(options: KubernetesOptions) -> SingleConfig:
    path = options.kubeconfig
    found = KubeConfig.from_file(Path(path).expanduser()) if path else KubeConfig.from_env()
    config = found.get(options.context or None)
    assert config is not None, "without a default there is one, or an error"
    return config if config.user is not None else config._replace(user=_nobody())


def _nobody() -> Any:
    from lightkube.config.models import User

    return User()


async def _close_what_is_not_made(request: httpx2.Request) -> None:
    """Close the socket of a connection that is given up while TLS begins, which the client library leaves open if that
    is by a cancellation."""
    opened: list[AsyncNetworkStream] = []

    async def heard(event: str, told: Mapping[str, Any]) -> None:
        if event.endswith("connect_tcp.complete"):
            opened.append(told["return_value"])
        elif event.endswith("start_tls.failed"):
            for stream in opened:
                await stream.aclose()

    request.extensions["trace"] = heard
