"""The Python of a registering client, so that its tasks can run on the same one.

Alula's client says it in metadata. Of any other client on this machine the kernel knows: the loopback
connection's socket belongs to a process, whose executable and environment tell. Linux only; elsewhere, and for
clients of other machines, nothing is known and nothing is guessed. Reads /proc and nothing else.
"""

from __future__ import annotations

import asyncio
import ipaddress
import os
import socket
import sys
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from urllib.parse import unquote

from alula.server.services.register import Registrant

CACHED_PEERS_MAX = 512
_TOLD_MAX_CHARS = 4096
_PROC = Path("/proc")


UNKNOWN = Registrant()


class Peers:
    """Answers for connections, each looked up once."""

    def __init__(self, proc: Path = _PROC) -> None:
        self._proc = proc
        self._known: OrderedDict[str, Registrant] = OrderedDict()

    async def registrant(self, peer: str, headers: Mapping[str, str]) -> Registrant:
        """The Python of the client at `peer` (gRPC's spelling), from its own words or from the kernel."""
        if interpreter := headers.get("alula-interpreter", ""):
            return Registrant(interpreter[:_TOLD_MAX_CHARS], headers.get("alula-host", "")[:_TOLD_MAX_CHARS])
        if peer not in self._known:
            self._known[peer] = await asyncio.to_thread(self._look_up, peer)
            if len(self._known) > CACHED_PEERS_MAX:
                self._known.popitem(last=False)
        return self._known[peer]

    def _look_up(self, peer: str) -> Registrant:
        address = loopback_address(peer)
        if address is None or sys.platform != "linux":
            return UNKNOWN
        try:
            inode = _socket_inode(self._proc, *address)
            process = _owner(self._proc, inode) if inode else None
            path = _python_of(process) if process else ""
        except OSError:
            return UNKNOWN  # the client has gone, or belongs to another user
        return Registrant(path, host_id()) if path else UNKNOWN


def host_id() -> str:
    """An id that tells this machine from others: its machine id, else its name."""
    try:
        return Path("/etc/machine-id").read_text().strip() or socket.gethostname()
    except OSError:
        return socket.gethostname()


def loopback_address(peer: str) -> tuple[ipaddress.IPv4Address | ipaddress.IPv6Address, int] | None:
    """Address and port of a peer on this machine's loopback, None for any other.

    >>> loopback_address("ipv6:%5B::1%5D:4711")
    (IPv6Address('::1'), 4711)
    """
    kind, _, rest = unquote(peer).partition(":")
    host, _, port = rest.rpartition(":")
    if kind not in ("ipv4", "ipv6") or not port.isdigit():
        return None
    try:
        address = ipaddress.ip_address(host.strip("[]"))
    except ValueError:
        return None
    return (address, int(port)) if address.is_loopback else None


def _socket_inode(proc: Path, address: ipaddress.IPv4Address | ipaddress.IPv6Address, port: int) -> str:
    """The inode of the client's end of the connection, from the kernel's tables of sockets."""
    places = [("tcp6", address)]
    if address.version == 4:  # gRPC clients speak IPv4 through sockets of the other family
        places = [("tcp", address), ("tcp6", ipaddress.IPv6Address(f"::ffff:{address}"))]
    for table, place in places:
        wanted = f"{_kernel_hex(place)}:{port:04X}"
        for line in (proc / "net" / table).read_text().splitlines()[1:]:
            columns = line.split()
            if len(columns) > 9 and columns[1] == wanted and columns[9] != "0":
                return columns[9]
    return ""


def _kernel_hex(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> str:
    """As /proc writes it: each 32-bit word in the machine's byte order."""
    packed = address.packed
    words = [packed[at : at + 4] for at in range(0, len(packed), 4)]
    return "".join(f"{int.from_bytes(word, sys.byteorder):08X}" for word in words)


def _owner(proc: Path, inode: str) -> Path | None:
    """The process that holds a socket."""
    link = f"socket:[{inode}]"
    for process in proc.iterdir():
        if not process.name.isdigit() or int(process.name) == os.getpid():
            continue
        try:
            if any(os.readlink(fd) == link for fd in (process / "fd").iterdir()):
                return process
        except OSError:
            continue  # gone meanwhile, or of another user
    return None


def _python_of(process: Path) -> str:
    """The interpreter by which the process was started: a virtual environment's own path, not its link's target."""
    started = (process / "cmdline").read_bytes().split(b"\0")[0].decode(errors="replace")
    if not Path(os.readlink(process / "exe")).name.startswith("python"):
        return ""
    environment = dict(
        pair.split("=", 1)
        for pair in (process / "environ").read_bytes().decode(errors="replace").split("\0")
        if "=" in pair
    )
    if started.startswith("/"):
        return started
    found = _relative(process, started) or _on_path(environment.get("PATH", ""), started)
    in_environment = Path(environment.get("VIRTUAL_ENV", "")) / "bin" / "python"
    if not found and environment.get("VIRTUAL_ENV") and in_environment.exists():
        return str(in_environment)
    return found


def _relative(process: Path, started: str) -> str:
    if "/" not in started:
        return ""
    path = Path(os.path.normpath(Path(os.readlink(process / "cwd")) / started))
    return str(path) if path.exists() else ""


def _on_path(search: str, name: str) -> str:
    for folder in search.split(":"):
        if folder.startswith("/") and os.access(Path(folder) / name, os.X_OK):
            return str(Path(folder) / name)
    return ""
