"""Namespaces that are made ready for pods, by templates: before the first pod of a project's domain, and again from
time to time, so that what was changed here or there becomes what the templates say."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Coroutine, Mapping
from pathlib import Path
from typing import TypeAlias

from alula.core.errors import AlulaError, FailedPrecondition, InvalidInput
from alula.server import incidents
from alula.server.executors.back_off import back_off_s
from alula.server.executors.calls import CallFailed, Calls
from alula.server.executors.followed import now_us
from alula.server.executors.kubernetes.attempt import Attempt
from alula.server.executors.kubernetes.connection import Connection
from alula.server.executors.kubernetes.objects import Manifest, Resource
from alula.server.executors.kubernetes.options import KubernetesOptions
from alula.server.executors.kubernetes.templates import Template, filled, templates_in
from alula.server.executors.progress import Waits

RETRY_MAX_S = 30.0
LOOK_S = 60.0
SETTLES_S = 15.0
"""The time in which Kubernetes makes the service accounts of a new namespace."""
Values: TypeAlias = Callable[[str, str], Awaitable[Mapping[str, str]]]
"""The values that the settings of a project and domain have for templates."""
_log = logging.getLogger(__name__)


async def no_values(_project: str, _domain: str) -> Mapping[str, str]:
    return {}


class _Namespace:
    """The namespace of a project's domain."""

    def __init__(self, name: str, project: str, domain: str) -> None:
        self.name = name
        self.project = project
        self.domain = domain
        self.ready_at: float | None = None
        """The time, of the event loop, at which all was there first."""
        self.trouble = ""
        self.waiting: set[Attempt] = set()

    def tell(self, trouble: str) -> None:
        """Replace what is wrong; empty for nothing. Those that wait hear of it."""
        if trouble != self.trouble:
            self.trouble = trouble
            if trouble:
                _log.warning("namespace %s: %s", self.name, trouble)
            else:
                _log.info("namespace %s is as its templates say", self.name)
        for attempt in self.waiting:
            attempt.nudge()


class Namespaces:
    """The namespaces of one cluster. `spawn` runs what goes on as long as the executor does."""

    def __init__(
        self,
        connection: Connection,
        calls: Calls,
        options: KubernetesOptions,
        values: Values,
        spawn: Callable[[Coroutine[object, object, None]], object],
    ) -> None:
        self._connection = connection
        self._calls = calls
        self._options = options
        self._values = values
        self._spawn = spawn
        self._known: dict[tuple[str, str], _Namespace] = {}
        self._kinds: dict[tuple[str, str], tuple[Resource, bool]] = {}

    async def start(self) -> None:
        """Read the templates once. Raises `FailedPrecondition`."""
        if self._options.cluster_resources:
            try:
                await asyncio.to_thread(self._templates)
            except (InvalidInput, OSError) as error:
                raise FailedPrecondition("ClusterResourcesInvalid", str(error)) from error

    async def prepare(self, attempt: Attempt, tell: Callable[[Waits], None]) -> None:
        """Wait until the namespace of an attempt is ready, or the attempt is let go of."""
        if not self._options.cluster_resources:
            return
        project, domain, _ = attempt.spec.id.execution
        found = self._known.get((project, domain))
        if found is None:
            found = self._known[project, domain] = _Namespace(attempt.key[0], project, domain)
            self._spawn(self._keep(found))
        found.waiting.add(attempt)
        try:
            while attempt.is_followed and found.ready_at is None:
                if found.trouble:
                    tell(Waits("QUEUED", now_us(), f"namespace {found.name} is not ready: {found.trouble}"))
                await attempt.pause(LOOK_S)
        finally:
            found.waiting.discard(attempt)

    def settles(self, attempt: Attempt) -> bool:
        """True if the namespace of an attempt is so new that Kubernetes has yet to add to it."""
        found = self._known.get(attempt.spec.id.execution[:2])
        now = asyncio.get_running_loop().time()
        return found is not None and found.ready_at is not None and now < found.ready_at + SETTLES_S

    def trouble(self) -> str:
        """What is wrong with namespaces; empty for nothing."""
        wrong = [each for each in self._known.values() if each.trouble]
        if not wrong:
            return ""
        others = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
        return f"namespace {wrong[0].name}{others} is not as its templates say: {wrong[0].trouble}"

    async def _keep(self, namespace: _Namespace) -> None:
        """Have a namespace be as its templates say, without end."""
        failures = 0
        while True:
            try:
                await self._apply(namespace)
            except (AlulaError, CallFailed, OSError) as error:
                failures += 1
                namespace.tell(str(error))
            except Exception as error:  # noqa: BLE001 - attempts that wait have to hear of it
                failures += 1
                namespace.tell(f"incident {incidents.report(error, f'in namespace {namespace.name}')}")
            else:
                failures = 0
                if namespace.ready_at is None:
                    namespace.ready_at = asyncio.get_running_loop().time()
                namespace.tell("")
            await asyncio.sleep(
                back_off_s(failures, RETRY_MAX_S) if failures else self._options.cluster_resources_refresh_s
            )

    async def _apply(self, namespace: _Namespace) -> None:
        """Raises `InvalidInput` for templates, OSError, and what the cluster or the store of settings refuses."""
        templates = await asyncio.to_thread(self._templates)
        given = await self._values(namespace.project, namespace.domain)
        own = {"namespace": namespace.name, "project": namespace.project, "domain": namespace.domain}
        values = {**self._options.values_of(namespace.project, namespace.domain), **given, **own}
        for each in [filled(template, values) for template in templates]:
            try:
                await self._calls.patiently(lambda each=each: self._put(each, namespace), troubled=namespace.tell)
            except CallFailed as failed:
                raise InvalidInput(
                    "ClusterResourceRefused", f"the cluster refuses {each.kind} {each.name} of {each.file}: {failed}"
                ) from failed

    async def _put(self, template: Template, namespace: _Namespace) -> None:
        key = template.api, template.kind
        if key not in self._kinds:
            found = await self._connection.kind(*key)
            if found is None:
                raise InvalidInput(
                    "ClusterResourcesInvalid",
                    f"the cluster knows no {template.kind} of {template.api}, which {template.file} has",
                )
            self._kinds[key] = found
        resource, is_in_namespace = self._kinds[key]
        document: Manifest = {**template.document, "metadata": {**template.document["metadata"]}}
        if is_in_namespace:
            document["metadata"].setdefault("namespace", namespace.name)
        await self._connection.apply(resource, document)

    def _templates(self) -> list[Template]:
        """All templates, namespaces first. Raises `InvalidInput`, OSError."""
        folder = Path(self._options.cluster_resources)
        files = sorted(each for each in folder.iterdir() if each.suffix in (".yaml", ".yml"))
        if not files:
            raise InvalidInput("ClusterResourcesInvalid", f"{folder} has no files with templates of cluster resources")
        found = [template for file in files for template in templates_in(file.name, _text(file))]
        return sorted(found, key=lambda each: each.kind != "Namespace")


def _text(file: Path) -> str:
    try:
        return file.read_text()
    except UnicodeDecodeError as error:
        raise InvalidInput("ClusterResourcesInvalid", f"{file.name} is no text in UTF-8") from error
