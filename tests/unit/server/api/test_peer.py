"""Finding the Python of a client on this machine by its connection."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from alula.server.api.peer import UNKNOWN, Peers, host_id, loopback_address

pytestmark = [
    pytest.mark.anyio,
    pytest.mark.skipif(sys.platform != "linux", reason="only Linux has /proc"),
]
CONNECT = "import socket,sys; s=socket.create_connection((sys.argv[1], int(sys.argv[2]))); s.recv(1)"


async def found(
    executable: str, environment: dict[str, str], *, host: str = "127.0.0.1", cwd: Path | None = None
) -> str:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.create_server((host, 0), family=family) as server:
        port = server.getsockname()[1]
        with subprocess.Popen([executable, "-c", CONNECT, host, str(port)], env=environment, cwd=cwd) as client:
            connection, address = server.accept()
            with connection:
                spelled = f"ipv6:%5B{host}%5D:{address[1]}" if ":" in host else f"ipv4:{host}:{address[1]}"
                registrant = await Peers().registrant(spelled, {})
            client.wait(timeout=10)
    assert registrant.host in ("", host_id())
    return registrant.interpreter


@pytest.mark.parametrize("host", ["127.0.0.1", "::1"])
async def test_the_python_that_holds_the_connection_is_found(host: str) -> None:
    assert await found(sys.executable, dict(os.environ), host=host) == sys.executable


async def test_a_python_that_was_found_in_path_is_named_in_full(tmp_path: Path) -> None:
    (tmp_path / "python3").symlink_to(sys.executable)
    environment = {**os.environ, "PATH": str(tmp_path)}
    command = (
        "exec python3 -c 'import socket,sys; s=socket.create_connection((\"127.0.0.1\", int(sys.argv[1]))); s.recv(1)' "
    )
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with subprocess.Popen(["/bin/sh", "-c", command + str(port)], env=environment) as client:
            connection, address = server.accept()
            with connection:
                registrant = await Peers().registrant(f"ipv4:127.0.0.1:{address[1]}", {})
            client.wait(timeout=10)
    assert registrant.interpreter == str(tmp_path / "python3")


async def test_a_relative_python_is_named_in_full(tmp_path: Path) -> None:
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin" / "python").symlink_to(sys.executable)
    assert await found("bin/python", dict(os.environ), cwd=tmp_path) == str(tmp_path / "bin" / "python")


async def test_a_clients_own_words_come_first() -> None:
    registrant = await Peers().registrant(
        "ipv4:10.0.0.1:5", {"alula-interpreter": "/their/python", "alula-host": "their-host"}
    )
    assert (registrant.interpreter, registrant.host) == ("/their/python", "their-host")


@pytest.mark.parametrize("peer", ["ipv4:10.0.0.1:4711", "unix:/tmp/x", "ipv4:127.0.0.1:1", "nonsense", ""])
async def test_of_any_other_peer_nothing_is_known(peer: str) -> None:
    assert await Peers().registrant(peer, {}) == UNKNOWN


def test_addresses_are_read_as_grpc_writes_them() -> None:
    assert loopback_address("ipv4:127.0.0.1:80") is not None
    assert loopback_address("ipv6:[::1]:80") is not None
    assert loopback_address("ipv6:%5B2001:db8::1%5D:80") is None
