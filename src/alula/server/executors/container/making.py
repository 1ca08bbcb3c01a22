"""Making the container of an attempt, or adopting it if it is there and ours."""

from __future__ import annotations

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping
from functools import partial

import msgspec

from alula.core.errors import AlreadyExists
from alula.core.policy.security import FOLDER_VARIABLE, SECRETS_FOLDER
from alula.server.blob import Blobs
from alula.server.executor import AttemptSpec
from alula.server.executors.command import template_path
from alula.server.executors.container import naming
from alula.server.executors.container.attempt import Attempt
from alula.server.executors.container.build import Mount, Setting, build, variables_of
from alula.server.executors.container.folders import Folders
from alula.server.executors.container.machine import Machine
from alula.server.executors.container.needed import needed
from alula.server.executors.container.options import ContainerOptions
from alula.server.executors.container.raw import RawFiles
from alula.server.executors.container.runtime import Runtime
from alula.server.executors.container.status import Container
from alula.server.executors.followed import Taken
from alula.server.executors.raw.task import is_raw
from alula.server.executors.secret_files import Place, handed


class Maker:
    """Makes the containers of one executor."""

    def __init__(
        self,
        runtime: Runtime,
        options: ContainerOptions,
        blobs: Blobs,
        folders: Folders,
        raw: RawFiles,
        machine: Machine,
        variables: Mapping[str, str],
    ) -> None:
        self._runtime = runtime
        self._options = options
        self._blobs = blobs
        self._folders = folders
        self._raw = raw
        self._machine = machine
        self._variables = dict(variables)

    async def adopt(self, attempt: Attempt, owner: str, *, troubled: Callable[[str], None]) -> Container | None:
        """The container that an attempt has already, which belongs to `owner` from now on. Raises `Taken`."""
        patiently = partial(self._runtime.patiently, troubled=troubled)
        found = await patiently(lambda: self._runtime.find(attempt.key, attempt.identity))
        if found is None or not attempt.is_followed:
            return None
        if found.holder.claim > attempt.spec.claim:
            raise Taken(found.holder.claim)
        name = naming.name_of(naming.Holder(owner, attempt.spec.claim), attempt.key)
        if found.name.removeprefix("/") != name:
            await patiently(lambda: self._runtime.rename(found.id, name))
        return await patiently(lambda: self._runtime.inspect(found.id))

    async def make(self, attempt: Attempt, owner: str) -> Container | None:
        """A new container of an attempt; None if the attempt was let go of before.

        Raises `NotStarted`, and the errors of the store and of `build`.
        """
        if not attempt.is_followed:
            return None
        spec = attempt.spec
        await asyncio.to_thread(self._folders.make, attempt.key)
        own = await self._raw.write(attempt.key, spec) if is_raw(spec.task) else ()
        setting = Setting(
            options=self._options,
            mounts=(*await self._mounts(attempt.key, spec), *own),
            user=await self._user(),
            variables=self._variables,
            gpus=self._machine.gpus_of(attempt),
        )
        setting = await asyncio.to_thread(self._with_secrets, spec, setting)
        document, name = build(spec, setting), naming.name_of(naming.Holder(owner, spec.claim), attempt.key)
        create = partial(self._runtime.create, name, document, identity=attempt.identity)
        id = await self._runtime.patiently(create)
        return await self._runtime.patiently(lambda: self._runtime.inspect(id))

    async def start(self, attempt: Attempt, made: Container) -> Container | None:
        """The container as it is once it was started; None if it is gone. Raises `NotStarted`."""
        if not made.is_new or not attempt.is_followed:
            return made
        await self._runtime.patiently(lambda: self._runtime.start(made))
        return await self._runtime.patiently(lambda: self._runtime.inspect(made.id))

    async def _mounts(self, key: str, spec: AttemptSpec) -> tuple[Mount, ...]:
        if self._folders.has_objects:
            uris = [each async for each in needed(self._blobs, spec)]
            return await asyncio.to_thread(self._folders.show_objects, key, spec, uris)
        for uri, data in ((spec.input_uri, spec.inputs), *self._template(spec)):
            with contextlib.suppress(AlreadyExists):  # a task has changed it
                await self._blobs.put(uri, data)
        return ()

    def _with_secrets(self, spec: AttemptSpec, setting: Setting) -> Setting:
        place = Place("executors.container.secrets", self._options.secrets)
        variables, files = handed(spec, place, variables_of(spec, setting))
        if files:
            variables[FOLDER_VARIABLE] = SECRETS_FOLDER
        mounts = (Mount(file, f"{SECRETS_FOLDER}/{name}", read_only=True) for name, file in files.items())
        return msgspec.structs.replace(setting, secrets=variables, mounts=(*setting.mounts, *mounts))

    def _template(self, spec: AttemptSpec) -> list[tuple[str, bytes]]:
        words = " ".join((*spec.task.container.command, *spec.task.container.args)).lower()
        return [(template_path(spec), spec.task.SerializeToString(deterministic=True))] * ("tasktemplatepath" in words)

    async def _user(self) -> str:
        """The user that a container runs as: by default the one that can write to the attempt's folders."""
        if self._options.user:
            return "" if self._options.user == "image" else self._options.user
        about = await self._runtime.patiently(self._runtime.about)
        return "0:0" if about.is_rootless else f"{os.getuid()}:{os.getgid()}"
