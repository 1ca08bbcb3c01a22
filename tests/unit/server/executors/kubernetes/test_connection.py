"""The connection to a cluster, and the settings that name it."""

from __future__ import annotations

import asyncio
import contextlib
import json
from pathlib import Path

import pytest

from alula.core.errors import FailedPrecondition
from alula.server.executors.kubernetes.connection import connect
from alula.server.executors.kubernetes.objects import PODS
from alula.server.executors.kubernetes.options import KubernetesOptions


@pytest.mark.parametrize("content", ["", "- a list", "just words", "clusters: 7", "{"])
def test_a_kubeconfig_that_is_none_is_named(tmp_path: Path, content: str) -> None:
    path = tmp_path / "kubeconfig"
    path.write_text(content)
    with pytest.raises(FailedPrecondition) as raised:
        connect(KubernetesOptions(kubeconfig=str(path)))
    assert raised.value.code == "ClusterNotConfigured"


@pytest.mark.anyio
async def test_a_call_that_is_cancelled_while_it_connects_leaves_no_socket_open(tmp_path: Path) -> None:
    has_begun, has_ended = asyncio.Event(), asyncio.Event()

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(1)  # of the client's first words of TLS
        has_begun.set()
        await reader.read()
        has_ended.set()
        writer.close()

    async with await asyncio.start_server(say_nothing, "127.0.0.1") as server, asyncio.timeout(20):
        port = server.sockets[0].getsockname()[1]
        connection = connect(KubernetesOptions(kubeconfig=str(kubeconfig(tmp_path, f"https://127.0.0.1:{port}"))))
        call = asyncio.create_task(connection.get(PODS, ("n", "p")))
        await has_begun.wait()
        call.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await call
        await has_ended.wait()
        await connection.close()


def kubeconfig(folder: Path, server: str) -> Path:
    cluster = {"server": server, "insecure-skip-tls-verify": True}
    document = {
        "clusters": [{"name": "c", "cluster": cluster}],
        "users": [{"name": "u", "user": {"token": "t"}}],
        "contexts": [{"name": "x", "context": {"cluster": "c", "user": "u"}}],
        "current-context": "x",
    }
    path = folder / "kubeconfig"
    path.write_text(json.dumps(document))
    return path
