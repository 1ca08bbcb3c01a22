"""The DNS of a cluster, which knows its services and nothing else: `dns.py ADDRESS SERVER TOKEN`, a program of its own.

A service is found under the names that pods try, with or without the domain of the cluster; one without an address of
its own (headless) is not there.
"""

from __future__ import annotations

import json
import socket
import ssl
import struct
import sys
import urllib.error
import urllib.request

DOMAIN = "cluster.local"
ADDRESS, INTERNET = 1, 1
ANSWER, NO_SUCH_NAME = 0x8580, 3
TTL_S = 1


def main(address: str, server: str, token: str) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asked:
        asked.bind((address, 53))
        while True:
            query, client = asked.recvfrom(4096)
            asked.sendto(answer(query, server, token), client)


def answer(query: bytes, server: str, token: str) -> bytes:
    """The answer to a query of one question."""
    end = 12
    labels: list[str] = []
    while size := query[end]:
        labels.append(query[end + 1 : end + 1 + size].decode().lower())
        end += size + 1
    question, kind = query[12 : end + 5], struct.unpack_from("!H", query, end + 1)[0]
    found = address_of(".".join(labels), server, token)
    entry = b""
    if found and kind == ADDRESS:
        entry = struct.pack("!HHHIH", 0xC00C, ADDRESS, INTERNET, TTL_S, 4) + socket.inet_aton(found)
    status = ANSWER | (0 if found else NO_SUCH_NAME)
    return query[:2] + struct.pack("!HHHHH", status, 1, bool(entry), 0, 0) + question + entry


def address_of(name: str, server: str, token: str) -> str:
    """The address of a service, by `SERVICE.NAMESPACE.svc.cluster.local`; empty if there is none."""
    service, _, rest = name.removesuffix(f".svc.{DOMAIN}").partition(".")
    if not name.endswith(f".svc.{DOMAIN}") or not rest or "." in rest:
        return ""
    url = f"{server}/api/v1/namespaces/{rest}/services/{service}"
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {token}"})
    try:
        with urllib.request.urlopen(request, timeout=5, context=ssl._create_unverified_context()) as found:
            return json.load(found)["spec"]["clusterIP"].replace("None", "")
    except urllib.error.HTTPError as error:
        if error.code == 404:
            return ""
        raise


if __name__ == "__main__":
    main(*sys.argv[1:])
