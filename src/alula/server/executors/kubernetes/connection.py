"""Calls of the API server: one try each, with the connection and the login of a kubeconfig.

A refusal is a `Refused` with the server's own words; a server that can't be reached, or cuts an answer off, is `Away`.
"""

from __future__ import annotations

import contextlib
from collections.abc import AsyncGenerator, Generator, Mapping
from typing import Any, TypeVar

import httpx2
import msgspec
from lightkube import ConfigError

from alula.server.executors.calls import CallFailed
from alula.server.executors.kubernetes.clients import TIMEOUT_S, Clients, clients_of
from alula.server.executors.kubernetes.events import Events
from alula.server.executors.kubernetes.objects import (
    EVENTS,
    PODS,
    Change,
    Key,
    Kinds,
    Manifest,
    Object,
    ObjectList,
    Resource,
    Status,
)
from alula.server.executors.kubernetes.options import KubernetesOptions

WATCH_TIMEOUT_S = 600
"""The server ends a watch after this time, which is begun again then."""
WATCH_SILENCE_S = 150.0
"""A watch that gives nothing for so long is dead: the server sends a bookmark each minute."""
PAGE = 500
"""The number of objects in a page of a list."""
LOG_PIECE_BYTES = 256 * 1024
MERGE = {"Content-Type": "application/merge-patch+json"}
APPLY = {"Content-Type": "application/apply-patch+yaml"}
MANAGER = "alula"
"""The name under which Kubernetes notes which fields the platform has set."""
_Kind = TypeVar("_Kind")
# `Any`: parameters of a query.
_Query = dict[str, Any]


class Away(CallFailed):
    """The API server can't be reached, or did not answer to the end."""


class Refused(CallFailed):
    """The API server's refusal."""

    def __init__(self, status: int, reason: str, message: str, retry_after_s: float = 0.0) -> None:
        super().__init__(f"{message} ({status} {reason})")
        self.status = status
        self.reason = reason
        self.message = message
        self.retry_after_s = retry_after_s

    @property
    def passes(self) -> bool:
        """True if the same may work later: too many requests, trouble of the server, or a login that has run out."""
        return self.status in (401, 408, 429) or self.status >= 500


class Gone(Exception):
    """A watch can't go on where it was: what there is has to be listed again."""


class Connection:
    """All calls of one API server; used on one event loop, until it is closed."""

    def __init__(self, clients: Clients, namespace: str) -> None:
        self._clients = clients
        self.namespace = namespace
        """That of the context."""

    async def close(self) -> None:
        await self._clients.close()

    async def create(self, resource: Resource, manifest: Manifest) -> Object:
        path = resource.path(manifest["metadata"]["namespace"])
        return await self._call(Object, "POST", path, body=manifest)

    async def get(self, resource: Resource, key: Key) -> Object | None:
        return await self._call_if_there(Object, "GET", resource.path(*key))

    async def document(self, resource: Resource, key: Key) -> Manifest | None:
        """An object with all that it has."""
        return await self._call_if_there(Manifest, "GET", resource.path(*key))

    async def patch(self, resource: Resource, key: Key, patch: Manifest) -> Object | None:
        return await self._call_if_there(Object, "PATCH", resource.path(*key), body=patch, headers=MERGE)

    async def apply(self, resource: Resource, manifest: Manifest) -> None:
        """Have there be what an object says, made or changed; what others have added stays."""
        metadata = manifest["metadata"]
        path = resource.path(metadata.get("namespace", ""), metadata["name"])
        query = {"fieldManager": MANAGER, "force": "true"}
        await self._call(msgspec.Raw, "PATCH", path, query=query, body=manifest, headers=APPLY)

    async def kind(self, api: str, kind: str) -> tuple[Resource, bool] | None:
        """The objects of a kind, and whether they are in namespaces; None if the cluster knows no such kind."""
        root = "api" if "/" not in api else "apis"
        known = await self._call_if_there(Kinds, "GET", f"/{root}/{api}")
        for each in known.resources if known is not None else ():
            if each.kind == kind and "/" not in each.name:
                return Resource(api, each.name), each.namespaced
        return None

    async def delete(self, resource: Resource, found: Object, *, grace_s: int) -> None:
        """Ask for the deletion of an object as it was found. One that is gone is left alone; one that has changed is
        `Refused` with 409, as is another of its name."""
        metadata = found.metadata
        preconditions = {"uid": metadata.uid, "resourceVersion": metadata.resource_version}
        body = {"preconditions": preconditions, "gracePeriodSeconds": grace_s}
        await self._call_if_there(msgspec.Raw, "DELETE", resource.path(*found.key), body=body)

    async def list(self, resource: Resource, namespace: str, query: _Query) -> tuple[list[Object], str]:
        """All objects that a selector fits, and the version of the cluster at that time."""
        found: list[Object] = []
        position = ""
        while True:
            asked = {**query, "limit": PAGE, **({"continue": position} if position else {})}
            page = await self._call(ObjectList, "GET", resource.path(namespace), query=asked)
            found += page.items
            position = page.metadata.continue_
            if not position:
                return found, page.metadata.resource_version

    async def watch(
        self, resource: Resource, namespace: str, selector: str, version: str
    ) -> AsyncGenerator[tuple[str, Object]]:
        """The changes after a version, by type, until the server ends the watch. Bookmarks are among them. Raises
        `Gone`."""
        query = {
            "labelSelector": selector,
            "watch": "true",
            "allowWatchBookmarks": "true",
            "resourceVersion": version,
            "timeoutSeconds": WATCH_TIMEOUT_S,
        }
        timeout = httpx2.Timeout(TIMEOUT_S, read=WATCH_SILENCE_S)
        with _reported(), self._clients.one() as client:
            async with client.stream("GET", resource.path(namespace), params=query, timeout=timeout) as answer:
                if answer.status_code == 410:
                    raise Gone
                await _check(answer)
                async for line in answer.aiter_lines():
                    if line.strip():
                        yield _change(line)

    async def events(self, namespace: str, selector: str, position: str = "") -> Events:
        """A page of what has happened in a namespace, from its beginning on or from where the page before ends."""
        asked = {"fieldSelector": selector, "limit": PAGE, **({"continue": position} if position else {})}
        return await self._call(Events, "GET", EVENTS.path(namespace), query=asked)

    async def log(self, key: Key, container: str, *, limit_bytes: int = 0) -> AsyncGenerator[bytes]:
        """What a container has written so far; nothing if it is not there, or has not begun."""
        query: _Query = {"container": container, **({"limitBytes": limit_bytes} if limit_bytes else {})}
        with _reported(), self._clients.one() as client:
            path = f"{PODS.path(*key)}/log"
            async with client.stream("GET", path, params=query) as answer:
                if answer.status_code in (400, 404):
                    await answer.aread()  # so that the connection can be used again
                    return
                await _check(answer)
                async for piece in answer.aiter_bytes(LOG_PIECE_BYTES):
                    yield piece

    async def _call_if_there(self, kind: type[_Kind], method: str, path: str, **rest: Any) -> _Kind | None:
        try:
            return await self._call(kind, method, path, **rest)
        except Refused as refused:
            if refused.status == 404:
                return None
            raise

    async def _call(
        self,
        kind: type[_Kind],
        method: str,
        path: str,
        *,
        query: _Query | None = None,
        body: Manifest | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> _Kind:
        content = msgspec.json.encode(body) if body is not None else None
        sent = {"Content-Type": "application/json", **(headers or {})} if body is not None else {}
        with _reported(), self._clients.one() as client:
            answer = await client.request(method, path, params=query, content=content, headers=sent)
            await _check(answer)
            return msgspec.json.decode(answer.content, type=kind)


def connect(options: KubernetesOptions) -> Connection:
    """A connection to the cluster that the settings name. Raises `FailedPrecondition`."""
    return Connection(*clients_of(options))


@contextlib.contextmanager
def _reported() -> Generator[None]:
    """Report errors of the connection and of what came over it as `Away`."""
    try:
        yield
    except httpx2.HTTPError as error:
        raise Away(f"{type(error).__name__}: {error}" if str(error) else type(error).__name__) from error
    except (msgspec.MsgspecError, OSError, ConfigError) as error:
        raise Away(f"the answer can't be read, or not be asked for: {error}") from error


async def _check(answer: httpx2.Response) -> None:
    if answer.is_success:
        return
    text = await answer.aread()
    try:
        status = msgspec.json.decode(text, type=Status)
    except msgspec.MsgspecError:
        status = Status(message=text[:500].decode(errors="replace").strip() or answer.reason_phrase)
    after = answer.headers.get("Retry-After", "")
    raise Refused(answer.status_code, status.reason, status.message, float(after) if after.isdecimal() else 0.0)


def _change(line: str) -> tuple[str, Object]:
    change = msgspec.json.decode(line, type=Change)
    if change.type == "ERROR":
        status = msgspec.json.decode(change.object, type=Status)
        if status.code == 410:
            raise Gone
        raise Refused(status.code, status.reason, status.message)
    return change.type, msgspec.json.decode(change.object, type=Object)
