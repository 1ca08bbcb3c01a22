"""Making the object of an attempt, or adopting it if it is there and ours."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping

from alula.core.errors import FailedPrecondition, TaskError
from alula.server.blob import Blobs
from alula.server.executor import AttemptSpec
from alula.server.executors.back_off import back_off_s
from alula.server.executors.calls import Calls
from alula.server.executors.followed import Taken
from alula.server.executors.kubernetes import naming
from alula.server.executors.kubernetes.attempt import Attempt
from alula.server.executors.kubernetes.connection import Connection, Refused
from alula.server.executors.kubernetes.namespaces import Namespaces
from alula.server.executors.kubernetes.objects import POD_TEMPLATES, Key, Manifest, Object
from alula.server.executors.kubernetes.options import KubernetesOptions
from alula.server.executors.kubernetes.plugin import Plugin, Setting
from alula.server.executors.kubernetes.refusals import failure_of_refusal, lacks_account, waits_for_quota
from alula.server.executors.kubernetes.shared_folder import SharedFolder
from alula.server.executors.progress import Waits
from alula.server.executors.stored_inputs import StoredInputs

ENDING_RETRY_S = 0.5
"""The interval at which the end of an earlier object of the same name is looked for, should the watch not tell."""
QUOTA_RETRY_MAX_S = 30.0
TEMPLATE_KEPT_S = 30.0
"""The time after which a template is read again."""

Tell = Callable[[Waits], None]


class NotMade(Exception):
    """An attempt can't have an object; carries the failure to report."""

    def __init__(self, failure: TaskError) -> None:
        super().__init__(failure.message)
        self.failure = failure


class Maker:
    """Makes the objects of one executor."""

    def __init__(
        self,
        connection: Connection,
        calls: Calls,
        plugin: Plugin,
        options: KubernetesOptions,
        blobs: Blobs,
        shared: SharedFolder | None,
        variables: Mapping[str, str],
        namespaces: Namespaces,
    ) -> None:
        self._namespaces = namespaces
        self._connection = connection
        self._calls = calls
        self._plugin = plugin
        self._options = options
        self._shared = shared
        self._variables = dict(variables)
        self._templates: dict[Key, tuple[float, Manifest]] = {}
        self._inputs = StoredInputs(blobs)

    async def make(self, attempt: Attempt, *, owner: str, now: Callable[[], int], tell: Tell) -> Object | None:
        """The object of an attempt, which is there and belongs to `owner`; None if the attempt was let go of before.

        Raises `NotMade`, `Taken`, and the errors of the store and of the plugin.
        """
        resource, failures = self._plugin.resource, 0
        await self._namespaces.prepare(attempt, tell)
        if not attempt.is_followed:
            return None
        manifest = await self._manifest(attempt.spec, attempt.key, owner)

        def troubled(why: str) -> None:
            tell(Waits("QUEUED", now(), why))

        while attempt.is_followed:
            try:
                return await self._calls.patiently(
                    lambda: self._connection.create(resource, manifest), troubled=troubled
                )
            except Refused as refused:
                if refused.status == 409:
                    found = await self._adopted(attempt, owner, tell=tell, now=now)
                    if found is not None:
                        return found
                elif why := waits_for_quota(refused):
                    failures += 1
                    tell(Waits("WAITING_FOR_RESOURCES", now(), why))
                    await attempt.pause(back_off_s(failures, QUOTA_RETRY_MAX_S))
                elif lacks_account(refused) and self._namespaces.settles(attempt):
                    await attempt.pause(ENDING_RETRY_S)
                else:
                    raise NotMade(failure_of_refusal(refused)) from refused
        return None

    async def _adopted(self, attempt: Attempt, owner: str, *, tell: Tell, now: Callable[[], int]) -> Object | None:
        """The object that has the attempt's name, if it is to be the attempt's; None if it is going, or gone."""
        resource = self._plugin.resource
        found = await self._calls.patiently(lambda: self._connection.get(resource, attempt.key))
        if found is None:
            return None
        if not naming.is_of(found, attempt.identity):
            name = "/".join(attempt.key)
            message = f"the cluster has an object {name} that is not this attempt's"
            raise NotMade(TaskError("NameTaken", message, "SYSTEM", recoverable=True))
        claim = naming.claim_of(found)
        if claim > attempt.spec.claim:
            raise Taken(claim)
        is_kept, is_going = naming.FINALIZER in found.metadata.finalizers, found.metadata.deletion_timestamp is not None
        if is_going and not is_kept:
            tell(Waits("QUEUED", now(), "an earlier start of the attempt is being stopped"))
            await attempt.pause(ENDING_RETRY_S)
            return None
        if is_kept and (naming.owner_of(found), claim) == (owner, attempt.spec.claim):
            return found
        patch = naming.adoption(found, owner, attempt.spec.claim)
        try:
            return await self._calls.patiently(lambda: self._connection.patch(resource, attempt.key, patch))
        except Refused as refused:
            if refused.status == 409:  # somebody has changed it meanwhile
                return None
            raise NotMade(failure_of_refusal(refused)) from refused

    async def _manifest(self, spec: AttemptSpec, key: Key, owner: str) -> Manifest:
        await self._inputs.put(spec)
        shared = self._shared
        setting = Setting(
            options=self._options,
            namespace=key[0],
            owner=owner,
            template=await self._template(spec, key[0]),
            mounts=await asyncio.to_thread(shared.prepare, spec) if shared is not None else (),
            run_as=shared.owner() if shared is not None else None,
            variables=self._variables,
        )
        return self._plugin.build(spec, setting)

    async def _template(self, spec: AttemptSpec, namespace: str) -> Manifest | None:
        """The `PodTemplate` of a task: that which it names, which must be there, or the default one, if it is there."""
        wanted = spec.task.metadata.pod_template_name
        name = wanted or self._options.pod_template
        if not name:
            return None
        key, now = (namespace, name), asyncio.get_running_loop().time()
        kept_until, template = self._templates.get(key, (0.0, None))
        if now > kept_until:
            template = await self._calls.patiently(lambda: self._connection.document(POD_TEMPLATES, key))
            if template is not None:
                self._templates[key] = now + TEMPLATE_KEPT_S, template
        if template is None and wanted:
            raise FailedPrecondition(
                "PodTemplateNotFound",
                f"the namespace {namespace} has no PodTemplate `{wanted}`, which task {spec.task.id.name} names",
                fix="make it there, or name another",
            )
        return template
