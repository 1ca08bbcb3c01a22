"""The settings of the addresses on which the platform listens."""

from __future__ import annotations

import re
from collections.abc import Iterator

import msgspec

PORT_MAX = 65_535
_HOST = re.compile(r"[A-Za-z0-9]([-A-Za-z0-9_.]*[A-Za-z0-9])?\.?|\[?[0-9A-Fa-f:.]+\]?")
_HTTP_URL = re.compile(r"https?://[^\s/?#@]+(/[^\s?#]*)?")


class GrpcOptions(msgspec.Struct, frozen=True):
    """Settings of gRPC."""

    port: int = 8089
    """0 takes a free one."""

    def problems(self) -> Iterator[tuple[str, str]]:
        return _of_port(self.port)


class HttpOptions(msgspec.Struct, frozen=True):
    """Settings of HTTP."""

    port: int = 8088
    """0 takes a free one."""
    url: str = ""
    """The URL by which clients reach the HTTP side, if it is not `http://host:port`."""
    hosts: tuple[str, ...] = ()
    """Names under which the HTTP side is asked, beside those of the loopback, the address that it listens on and the
    host of `url`. A request that names another host is refused."""

    def problems(self) -> Iterator[tuple[str, str]]:
        yield from _of_port(self.port)
        for host in self.hosts:
            if not _HOST.fullmatch(host):
                yield "hosts", f"wants names or addresses without a port, not `{host}`"
        if self.url and not _HTTP_URL.fullmatch(self.url):
            yield "url", f"wants http:// or https:// and a host, not `{self.url}`"


class MetricsOptions(msgspec.Struct, frozen=True):
    """Settings of metrics."""

    address: str = ""
    """`HOST:PORT` of a listener for `/metrics` and `/healthcheck` alone, which asks for no login and no right; empty
    for none."""

    def problems(self) -> Iterator[tuple[str, str]]:
        if self.address and not _is_address(self.address):
            yield "address", f"wants HOST:PORT, not `{self.address}`"


def _of_port(port: int) -> Iterator[tuple[str, str]]:
    if not 0 <= port <= PORT_MAX:
        yield "port", f"must be from 0 to {PORT_MAX}, not {port}"


def _is_address(text: str) -> bool:
    host, _, port = text.rpartition(":")
    return bool(_HOST.fullmatch(host)) and port.isascii() and port.isdigit() and int(port) <= PORT_MAX
