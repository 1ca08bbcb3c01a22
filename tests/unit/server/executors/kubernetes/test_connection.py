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


@pytest.mark.anyio
async def test_bursts_of_calls_use_the_same_connections_again_also_those_that_are_refused(tmp_path: Path) -> None:
    at_once, opened, body = 30, 0, json.dumps({"code": 404, "reason": "NotFound"})
    all_there = asyncio.Barrier(at_once)

    async def refuse(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        nonlocal opened
        opened += 1
        with contextlib.suppress(asyncio.IncompleteReadError):
            while True:
                await reader.readuntil(b"\r\n\r\n")
                await all_there.wait()
                writer.write(f"HTTP/1.1 404 Not Found\r\nContent-Length: {len(body)}\r\n\r\n{body}".encode())
        writer.close()

    async with await asyncio.start_server(refuse, "127.0.0.1") as server, asyncio.timeout(20):
        port = server.sockets[0].getsockname()[1]
        connection = connect(KubernetesOptions(kubeconfig=str(kubeconfig(tmp_path, f"http://127.0.0.1:{port}"))))

        async def read_log() -> None:
            assert [piece async for piece in connection.log(("n", "p"), "c")] == []

        for _ in range(3):
            await asyncio.gather(*(connection.get(PODS, ("n", "p")) for _ in range(at_once)))
            await asyncio.gather(*(read_log() for _ in range(at_once)))
        assert opened == at_once
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
