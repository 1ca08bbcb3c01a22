"""An API server in memory that keeps pods, and fails as a test says. Nobody runs its pods but the test."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable
from datetime import UTC, datetime
from typing import Any
from uuid import uuid4

import httpx2

from alula.server.executors.kubernetes.clients import Clients
from alula.server.executors.kubernetes.connection import Connection

Answer = httpx2.Response | Exception
Fault = Callable[[httpx2.Request], Answer | None]


class ApiServer(httpx2.AsyncBaseTransport):
    """The server, as the transport of a client."""

    def __init__(self) -> None:
        self.pods: dict[str, dict[str, Any]] = {}
        self.requests: list[tuple[str, str]] = []
        self.faults: list[Fault] = []
        """Each is asked about every request, until it answers; then it is spent."""
        self.lost_answers: list[str] = []
        """Methods whose next request is done and not answered."""
        self.forgotten = 0
        """The version up to which nobody can watch any more."""
        self.holds_answers: asyncio.Event | None = None
        """If set, pods that are made are answered for when this is so."""
        self.logs: dict[str, bytes] = {}
        self.events: list[dict[str, Any]] = []
        """What has happened, oldest first; two make a page."""
        self.holds_events: asyncio.Event | None = None
        """If set, questions about events are answered when this is so."""
        self._version = 1
        self._changes: list[tuple[int, str, dict[str, Any]]] = []
        self._changed = asyncio.Event()
        self._watches: set[asyncio.Event] = set()

    def connection(self, _: object = None) -> Connection:
        clients = Clients(lambda: httpx2.AsyncClient(transport=self, base_url="http://cluster.test"))
        return Connection(clients, "n")

    # What tests do

    def fails(
        self, method: str, answer: Callable[[], Answer], *, times: int = 1, watch: bool = False, part: str = ""
    ) -> None:
        """Answer the next requests of a kind so."""

        def fault(request: httpx2.Request) -> Answer | None:
            is_watch = "watch" in request.url.params
            is_meant = request.method == method and is_watch == watch and request.url.path.endswith(part)
            return answer() if is_meant else None

        self.faults += [fault] * times

    def change(self, name: str, **status: Any) -> None:
        """The node tells of a pod."""
        self.pods[name]["status"].update(status)
        self._store("MODIFIED", self.pods[name])

    def run(self, name: str) -> None:
        self._state(name, "Running", running={"startedAt": now()})

    def end(self, name: str, code: int = 0, reason: str = "") -> None:
        state = {"exitCode": code, "reason": reason, "startedAt": now(), "finishedAt": now()}
        self._state(name, "Failed" if code else "Succeeded", terminated=state)

    def _state(self, name: str, phase: str, **state: Any) -> None:
        primary = self.pods[name]["metadata"]["annotations"]["primary_container_name"]
        self.change(name, phase=phase, containerStatuses=[{"name": primary, "state": state}])

    def put(self, pod: dict[str, Any]) -> None:
        """A pod that somebody else has made."""
        metadata = pod["metadata"]
        metadata.update(uid=uuid4().hex, creationTimestamp=now(), namespace="n")
        pod.setdefault("status", {"phase": "Pending"})
        self.pods[metadata["name"]] = pod
        self._store("ADDED", pod)

    def delete(self, name: str) -> None:
        """Somebody deletes a pod."""
        pod = self.pods[name]
        pod["metadata"].setdefault("deletionTimestamp", now())
        self._settle(pod)

    def cut(self) -> None:
        """End all watches in the middle."""
        for each in self._watches:
            each.set()
        self._changed.set()

    def forget(self) -> None:
        """Forget all changes so far, so that nobody can go on watching from there."""
        self._version += 1
        self.forgotten = self._version
        self._changes.clear()

    def asked(self, method: str) -> int:
        return sum(each == method for each, _ in self.requests)

    # What the client sees

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        await asyncio.sleep(0)
        self.requests.append((request.method, request.url.path))
        for fault in self.faults:
            answer = fault(request)
            if answer is not None:
                self.faults.remove(fault)
                if isinstance(answer, Exception):
                    raise answer
                return answer
        if request.url.path.endswith("/events"):
            if self.holds_events is not None:
                await self.holds_events.wait()
            return self._page_of_events(int(request.url.params.get("continue", 0)))
        answer = self._answer(request, json.loads(request.content or b"null"))
        if request.method == "POST" and self.holds_answers is not None:
            await self.holds_answers.wait()
        if request.method in self.lost_answers:
            self.lost_answers.remove(request.method)
            raise httpx2.ReadError("cut off")
        return answer

    def _answer(self, request: httpx2.Request, body: Any) -> httpx2.Response:
        query = request.url.params
        name, _, part = request.url.path.partition("/pods")[2].strip("/").partition("/")
        if not name:
            if request.method == "POST":
                return self._create(body)
            return self._watch(query) if "watch" in query else self._list(query)
        pod = self.pods.get(name)
        if pod is None:
            return refusal(404, "NotFound")
        if part == "log":
            return httpx2.Response(200, content=self.logs.get(name, b""))
        metadata = pod["metadata"]
        if request.method == "PATCH":
            wanted = body["metadata"].pop("resourceVersion", None)
            if wanted not in (None, metadata["resourceVersion"]):
                return refusal(409, "Conflict")
            for word, value in body["metadata"].items():
                metadata[word] = {**metadata.get(word, {}), **value} if isinstance(value, dict) else value or []
            self._settle(pod)
        elif request.method == "DELETE":
            wanted = body["preconditions"]
            if any(metadata[word] != value for word, value in wanted.items()):
                return refusal(409, "Conflict")
            self.delete(name)
        return httpx2.Response(200, json=pod)

    def _create(self, pod: dict[str, Any]) -> httpx2.Response:
        if pod["metadata"]["name"] in self.pods:
            return refusal(409, "AlreadyExists")
        self.put(pod)
        return httpx2.Response(201, json=pod)

    def _list(self, query: httpx2.QueryParams) -> httpx2.Response:
        found = [pod for pod in self.pods.values() if selected(pod, query["labelSelector"])]
        return httpx2.Response(200, json={"metadata": {"resourceVersion": str(self._version)}, "items": found})

    def _page_of_events(self, start: int) -> httpx2.Response:
        end = start + 2
        metadata = {"continue": str(end)} if end < len(self.events) else {}
        return httpx2.Response(200, json={"metadata": metadata, "items": self.events[start:end]})

    def _watch(self, query: httpx2.QueryParams) -> httpx2.Response:
        since = int(query["resourceVersion"])
        if since < self.forgotten:
            return httpx2.Response(200, content=line("ERROR", {"code": 410, "reason": "Expired"}))
        return httpx2.Response(200, stream=Stream(self._lines(since, query["labelSelector"])))

    async def _lines(self, since: int, selector: str) -> AsyncIterator[bytes]:
        cut = asyncio.Event()
        self._watches.add(cut)
        try:
            while True:
                self._changed.clear()
                for version, type, pod in self._changes:
                    if version > since and selected(pod, selector):
                        since = version
                        yield line(type, pod)
                if cut.is_set():
                    raise httpx2.ReadError("cut off")
                await self._changed.wait()
        finally:
            self._watches.discard(cut)

    def _settle(self, pod: dict[str, Any]) -> None:
        """Store a pod, or remove it if it is to go and nobody keeps it."""
        metadata = pod["metadata"]
        if "deletionTimestamp" in metadata and not metadata.get("finalizers"):
            del self.pods[metadata["name"]]
            self._store("DELETED", pod)
        else:
            self._store("MODIFIED", pod)

    def _store(self, type: str, pod: dict[str, Any]) -> None:
        self._version += 1
        pod["metadata"]["resourceVersion"] = str(self._version)
        self._changes.append((self._version, type, json.loads(json.dumps(pod))))
        self._changed.set()


class Stream(httpx2.AsyncByteStream):
    def __init__(self, lines: AsyncIterator[bytes]) -> None:
        self._lines = lines

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self._lines


def selected(pod: dict[str, Any], selector: str) -> bool:
    labels = pod["metadata"].get("labels", {})
    return all(labels.get(name) == value for name, value in (each.split("=") for each in selector.split(",")))


def line(type: str, found: dict[str, Any]) -> bytes:
    return json.dumps({"type": type, "object": found}).encode() + b"\n"


def refusal(status: int, reason: str, message: str = "", **headers: str) -> httpx2.Response:
    told = {"kind": "Status", "code": status, "reason": reason, "message": message or reason}
    return httpx2.Response(status, json=told, headers=headers)


def now() -> str:
    return datetime.now(UTC).isoformat().replace("+00:00", "Z")
