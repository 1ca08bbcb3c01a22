"""Every route, with any method, path, query, headers and body; and what is no HTTP."""

from __future__ import annotations

import http.client
import json
import re
import socket
from random import Random
from urllib.parse import quote, urlsplit

from google.protobuf.json_format import MessageToDict, SerializeToJsonError
from google.protobuf.message import Message
from tests.fuzz.cases import cases
from tests.fuzz.corpus import KNOWN, good_requests
from tests.fuzz.values import TEXTS, Maker
from tests.integration.api.clients import SERVICES
from tests.integration.platform import RunningPlatform

from alula.server.api.gateway import bindings_of

TIMEOUT_S = 60.0
METHODS = ["GET", "GET", "POST", "POST", "PUT", "DELETE", "PATCH", "HEAD", "OPTIONS", "TRACE", "BREW"]
TYPES = [
    *["application/json"] * 6,
    *["application/octet-stream"] * 3,
    "text/plain",
    "",
    "application/json; charset=latin-1",
]
OWN = [
    ("GET", "/healthcheck", None),
    ("GET", "/openapi.json", None),
    *(
        ("GET", f"/api/v1/alula/{what}", None)
        for what in (
            "watch/{project}/{domain}/{name}",
            "logs/{project}/{domain}/{name}/{node}/{attempt}",
            "reasons/{project}/{domain}/{name}",
            "explain/{project}/{domain}/{name}",
            "cache/{project}/{domain}",
        )
    ),
    ("DELETE", "/api/v1/alula/cache/{project}/{domain}", None),
    ("POST", "/api/v1/alula/fork/{project}/{domain}/{name}", None),
    ("GET", "/objects/{path}", None),
    ("PUT", "/objects/{path}", None),
]
RPCS = [(binding.verb, binding.path, binding.rpc) for binding in bindings_of((service, ()) for service in SERVICES)]
GOOD = good_requests()
PARAMETERS = ["index", "follow", "node_id", "task", "version", "source", "limit", "offset", "signature", "expires"]
JSONS = [
    *(b"", b"{}", b"[]", b"null", b"1e999", b"{", b'"\xff"', b'{"a":"\\ud800"}'),
    b"[" * 5000,
    b'{"id":' * 300 + b"1" + b"}" * 300,
]
ODD_QUERIES = ["&%ff=%ff", "&a=%ed%a0%80", "&=", "&&&", "&limit=1&limit=2", "&a.b.c.d=1", "&source=%f4%8f%bf%bf"]
HEADERS = ["Accept", "Content-MD5", "Origin", "Expect", "X-Y", "Upgrade", "Cookie"]


def target(random: Random, maker: Maker, path: str, names: list[str]) -> str:
    """A path with its variables filled in, and a query."""
    filled = re.sub(r"\{[^}]*\}", lambda _: quote(maker.text(), safe=random.choice(["", "/"])), path)
    query = "&".join(
        f"{quote(random.choice(names))}={quote(maker.text()[:2000])}" for _ in range(random.choice([0, 0, 1, 2, 3]))
    )
    if random.random() < 0.05:
        query += random.choice(ODD_QUERIES)
    return filled + (f"?{query}" if query else "")


def as_json(message: Message) -> bytes:
    """As JSON, and where it has no form in JSON a message with nothing in it."""
    try:
        return json.dumps(MessageToDict(message)).encode()
    except (SerializeToJsonError, ValueError, OverflowError, TypeError):
        return b"{}"


def exchange(place: tuple[str, int], data: bytes) -> int | None:
    """Send that, and give the status of the answer, None where the connection was closed without one."""
    with socket.create_connection(place, timeout=TIMEOUT_S) as connection:
        try:
            connection.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            return None
        response = http.client.HTTPResponse(connection)
        try:
            response.begin()
        except (http.client.BadStatusLine, ConnectionResetError):
            return None
        finally:
            response.close()
        return response.status


def well_formed(random: Random, place: tuple[str, int]) -> bytes:
    """A request that is HTTP, whatever it asks."""
    maker = Maker(random, KNOWN)
    verb, path, rpc = random.choice(RPCS) if random.random() < 0.7 else random.choice(OWN)
    if random.random() < 0.1:
        verb = random.choice(METHODS)
    names = PARAMETERS + ([field.name for field in rpc.input_type.fields] * 3 if rpc else [])
    names += [f"{name}.{inner}" for name in names[-2:] for inner in ("project", "seconds", "key")]
    kind = random.choice(TYPES)
    body = random.choice(JSONS)
    if rpc and random.random() < 0.7:
        message = maker.mutated(random.choice(GOOD[rpc.name])) if rpc.name in GOOD else maker.message(rpc.input_type)
        body = message.SerializeToString() if "octet" in kind else as_json(message)
    if random.random() < 0.1:
        body = maker.garbled(body)
    if verb == "GET" and random.random() < 0.9:
        body = b""
    lines = [f"{verb} {target(random, maker, path, names)} HTTP/1.1", f"Host: {place[0]}:{place[1]}"]
    lines += [f"Content-Type: {kind}"] if kind else []
    if random.random() < 0.3:
        value = quote(random.choice(TEXTS)[:200], safe=" ,;/=*.")
        lines.append(f"{random.choice(HEADERS)}: {value}")
    if random.random() < 0.03:
        lines.append("Content-MD5: \xfcber")
    lines += ["Connection: close", f"Content-Length: {len(body)}", "", ""]
    return "\r\n".join(lines).encode("latin-1") + body


def test_rest_no_route_fails_by_itself(fuzzed: RunningPlatform) -> None:
    parts = urlsplit(fuzzed.http)
    assert parts.hostname and parts.port
    place = (parts.hostname, parts.port)
    numbered = cases("rest")
    for number, random in numbered:
        data = well_formed(random, place)
        with numbered.told(number):
            status = exchange(place, data)
            assert status is not None and status != 500, (status, data[:3000])


def test_sockets_that_send_no_http_harm_nobody(fuzzed: RunningPlatform) -> None:
    parts = urlsplit(fuzzed.http)
    assert parts.hostname and parts.port
    place = (parts.hostname, parts.port)
    numbered = cases("sockets")
    for number, random in numbered:
        data = Maker(random).garbled(well_formed(random, place)[: random.choice([20, 200, 100_000])])
        with numbered.told(number):
            with socket.create_connection(place, timeout=TIMEOUT_S) as connection:
                try:
                    connection.sendall(data)
                    if random.random() < 0.5:
                        connection.settimeout(0.01)
                        connection.recv(1000)
                except OSError:
                    pass  # it hung up, or waits for the rest
            if number % 20 == 0:
                health = f"GET /healthcheck HTTP/1.1\r\nHost: {place[0]}\r\nConnection: close\r\n\r\n"
                assert exchange(place, health.encode()) == 200
