"""The gate between requests and routes: one layer in front of every route, those that are added later included.

There is no login, so a request is trusted for where it comes from. A browser on this machine can reach the platform
for any web page that it shows. Such a page can be told from a client of ours by three things that it can't choose:

    Host            the name that it was loaded from, also where that name was made to lead here (DNS rebinding)
    Origin          its own origin, with each request that is not a plain GET, and `null` where it has none
    Sec-Fetch-Site  its relation to the platform, also with a plain GET

And without being asked by the browser first, which nothing here ever allows, it can only send GET, HEAD, and POST
with a content type of forms or plain text, or with none. Owns that decision, and the headers that keep answers from
being used by other pages.
"""

from __future__ import annotations

import ipaddress
from collections.abc import Iterable
from urllib.parse import urlsplit

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from alula.core.errors import AlulaError, InvalidInput, PermissionDenied
from alula.server.api.framing import Headers, check_framing, values_of

JSON = "application/json"
OCTETS = "application/octet-stream"
_READING = ("GET", "HEAD", "OPTIONS")
_WILDCARDS = {"0.0.0.0", "::", ""}
"""Addresses on which a server listens, but to which no client can go."""
_PORTS = {"http": 80, "https": 443}
_ANSWER_HEADERS: Headers = (
    (b"x-content-type-options", b"nosniff"),
    (b"content-security-policy", b"default-src 'none'; frame-ancestors 'none'; sandbox"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"referrer-policy", b"no-referrer"),
)
"""Headers of every answer that does not say otherwise: data, that no page may show, embed or run."""


class Place(msgspec.Struct, frozen=True):
    """A host, lower-case and without a port, and its port."""

    host: str
    port: int


class Trusted(msgspec.Struct, frozen=True):
    """The names by which this platform may be asked, beside those of the loopback."""

    hosts: frozenset[str] = frozenset()
    origins: frozenset[Place] = frozenset()
    """Of `http_url`: behind a proxy, Host may be another name than the one that the browser knows."""


def trusted(hosts: Iterable[str], http_url: str = "") -> Trusted:
    """The names that an operator trusts: hosts, and the URL under which clients reach the platform."""
    public = _origin(http_url) if http_url else None
    names = {_plain(host) for host in hosts} - _WILDCARDS
    if public is None:
        return Trusted(frozenset(names))
    return Trusted(frozenset(names | {public.host}), frozenset({public}))


class Gate:
    """ASGI middleware: answers requests that may not come in, and passes on the rest."""

    def __init__(self, app: ASGIApp, trust: Trusted, *, uploads: str = "") -> None:
        """`uploads`: the path below which PUT needs no content type, as Flyte's clients send none to signed URLs."""
        self._app = app
        self._trust = trust
        self._uploads = uploads

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            raise RuntimeError(f"nothing here speaks `{scope['type']}`")  # the server offers nothing else

        async def send_guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                said = {name.lower() for name, _ in message["headers"]}
                message["headers"] = [*message["headers"], *(each for each in _ANSWER_HEADERS if each[0] not in said)]
            await send(message)

        try:
            self._check(scope, scope["headers"])
        except AlulaError as error:
            from alula.server.api.refusals import refusal  # lazy: an idle platform refuses nothing

            await refusal(error)(scope, receive, send_guarded)
        else:
            await self._app(scope, receive, send_guarded)

    def _check(self, scope: Scope, headers: Headers) -> None:
        is_upload = scope["method"] == "PUT" and bool(self._uploads) and scope["path"].startswith(self._uploads)
        check_framing(headers, scope.get("http_version", "1.1"), is_upload=is_upload)
        host = _checked_host(self._trust, values_of(headers, b"host"), _local_address(scope))
        self._check_origin(host, values_of(headers, b"origin"))
        _check_site(scope["method"], headers)
        if scope["method"] not in _READING:
            _check_type(values_of(headers, b"content-type"), may_miss=is_upload)

    def _check_origin(self, host: str, origins: list[str]) -> None:
        """A page of the platform itself may ask; its origin is the host that it asks."""
        for text in origins:
            origin = _origin(text)
            if origin is None or (origin not in self._trust.origins and origin != _asked(host, text)):
                raise PermissionDenied(
                    "ForeignOrigin",
                    f"a page of `{text}` may not use this platform",
                    fix="behind a proxy: set `http.url` to the URL that browsers know",
                )


def _checked_host(trust: Trusted, hosts: list[str], local: str) -> str:
    """The Host header, if it is one by which the platform may be asked. A port may be any: it can be forwarded."""
    fix = "ask under an address of the platform, or add the name to the setting `http.hosts`"
    if len(hosts) != 1:
        raise PermissionDenied("ForeignHost", "the request has no Host header, or several", fix=fix)
    name = _host(hosts[0])
    if not name or not (_is_loopback(name) or name == local or name in trust.hosts):
        raise PermissionDenied("ForeignHost", f"this platform is not `{hosts[0]}`", fix=fix)
    return hosts[0]


def _check_site(method: str, headers: Headers) -> None:
    """Check the page that asks, by the browser's word. A link to the platform may be followed from anywhere."""
    site = ", ".join(dict.fromkeys(values_of(headers, b"sec-fetch-site"))) or "none"
    if site in ("none", "same-origin"):
        return
    mode, shown_as = (values_of(headers, name)[:1] for name in (b"sec-fetch-mode", b"sec-fetch-dest"))
    followed = mode == ["navigate"] and shown_as == ["document"]
    if not (followed and method in ("GET", "HEAD")):
        raise PermissionDenied("ForeignOrigin", f"a page of another site may not use this platform ({site})")


def _check_type(types: list[str], *, may_miss: bool) -> None:
    """Check the content type. It is required also without a body: everything may stand in the query."""
    if may_miss and not types:
        return
    if len(types) != 1 or types[0].partition(";")[0].strip().lower() not in (JSON, OCTETS):
        said = f"said to be `{', '.join(types)}`" if types else "not said to be anything"
        raise InvalidInput(
            "UnknownContentType",
            f"the request's content is {said}",
            fix=f"send the header `Content-Type: {JSON}` or `{OCTETS}`",
        )


def _local_address(scope: Scope) -> str:
    """The address of this machine that the client has connected to, whatever it listens on."""
    server = scope.get("server")
    return _plain(server[0]) if server else ""


def _asked(host: str, origin: str) -> Place | None:
    """The place that Host names, with the port of the origin's scheme where it has none."""
    return _origin(f"{origin.partition(':')[0]}://{host}")


def _origin(text: str) -> Place | None:
    """Host and port of an origin or URL over HTTP; None for anything else, `null` included."""
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    if parts.scheme not in _PORTS or not parts.hostname:
        return None
    return Place(_plain(parts.hostname), _PORTS[parts.scheme] if port is None else port)


def _host(header: str) -> str:
    """The host of a Host header; empty if it is malformed."""
    if any(char in header for char in "/?#@\\") or not header.isascii():
        return ""
    found = _origin(f"http://{header}")
    return found.host if found else ""


def _plain(host: str) -> str:
    """One spelling of a name or address: lower-case, no final dot, no brackets, no zone."""
    name = host.strip("[]").lower().removesuffix(".")
    if ":" in name:  # only an address of IPv6 has a zone
        name = name.partition("%")[0]
    try:
        return str(ipaddress.ip_address(name))
    except ValueError:
        return name


def _is_loopback(name: str) -> bool:
    if name == "localhost":
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False
