"""The things that an attempt needs before its files are made: an environment, its code, a folder to work in.

Mostly all of them are known from an attempt before. What has to be made first is made once for all that wait for it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import NamedTuple

from alula.core.policy import image_contents
from alula.server.beside import AT_ONCE_BYTES
from alula.server.blob import Blobs
from alula.server.executors.process.archive import Limits
from alula.server.executors.process.attempt import Attempt
from alula.server.executors.process.bundles import Bundles
from alula.server.executors.process.copies import NO_CODE, CodeChanged
from alula.server.executors.process.environments import Environment, Environments, Wanted
from alula.server.executors.process.options import ProcessOptions
from alula.server.executors.process.secret_links import SecretLinks
from alula.server.executors.process.shared_code import SharedCode
from alula.server.executors.process.unused_environments import DAY_S
from alula.server.executors.process.work_folders import WorkFolders

UNPACK_TRIES = 3
"""The number of tries at unpacking code for an attempt, while somebody keeps changing it."""


class Prepared(NamedTuple):
    """The surroundings of an attempt, which has its folder and its copy of the code, too."""

    environment: Environment
    shared: str
    """The copy of its code from which fork servers import; empty for no code."""


class Preparation:
    """Prepares attempts of one executor. `data` is the platform's data folder; `variables` are those that uv may know,
    `inherited` those that all attempts have; `blobs` is the store of packed code, None where its objects are files."""

    def __init__(
        self,
        data: Path,
        work: Path,
        options: ProcessOptions,
        *,
        variables: Mapping[str, str],
        inherited: Mapping[str, str],
        blobs: Blobs | None,
    ) -> None:
        self._bundles = Bundles(
            data / "bundles",
            limits=Limits(options.bundle_max_bytes, options.bundle_max_entries),
            keep_bytes=options.bundles_keep_bytes,
            removed=self._discard_copies,
            blobs=blobs,
        )
        self._environments = Environments(
            data / "environments",
            options.environments,
            make=options.build_environments,
            keep_s=options.environments_keep_days * DAY_S,
            variables=variables,
        )
        self._folders = WorkFolders(work)
        self.shared = SharedCode(work)
        self._secrets = SecretLinks(work, options.secrets, inherited)

    def clear(self) -> None:
        """Remove the folders that an earlier platform left. Blocks."""
        self._folders.remove_all()
        self.shared.remove_all()
        self._secrets.remove_all()

    def start(self) -> None:
        self._environments.start()

    def give_up(self) -> None:
        """Give up environments that are being made."""
        self._environments.close()

    async def close(self) -> None:
        """Remove all folders: nothing runs any more."""
        await self._folders.close()
        await self.shared.close()

    def known(self, attempt: Attempt) -> Prepared | None:
        """Give an attempt what it needs, if all of that is there; None if something has to be `made` first, if it asks
        for secrets, or if its inputs are so large that they are to be written beside the event loop. Raises
        `InvalidInput`."""
        spec, uri = attempt.spec, attempt.launch.bundle_uri
        environment = self._environments.known(wanted_by(attempt))
        code = self._bundles.take_known(uri) if uri else NO_CODE
        if uri and code is not None:
            attempt.hold(self._bundles.give_back, code)
        shared = None if code is None else self.shared.known(code)
        is_slow = len(spec.inputs) > AT_ONCE_BYTES or self._secrets.are_wanted_by(spec)
        folder = "" if code is None or shared is None or environment is None or is_slow else self._folders.take(code)
        if environment is None or shared is None or not folder:
            return None
        attempt.hold(self._environments.hold(environment))
        self._hold_folder(attempt, folder)
        return Prepared(environment, shared)

    async def made(self, attempt: Attempt, progress: Callable[[str], None]) -> Prepared:
        """Give an attempt what it needs, made if it is not there; `progress` is told of what takes long. Raises
        `InvalidInput`, `Unavailable`, and OSError."""
        environment = await self._environments.made(wanted_by(attempt), progress)
        attempt.hold(self._environments.hold(environment))
        shared = await self._copy_code(attempt)
        await self._secrets.hand(attempt)
        return Prepared(environment, shared)

    async def _copy_code(self, attempt: Attempt) -> str:
        """Give it a working folder; returns the shared copy of its code. Raises OSError and `InvalidInput`."""
        uri = attempt.launch.bundle_uri
        for _ in range(UNPACK_TRIES):
            code = NO_CODE
            if uri:
                code = await self._bundles.take(uri)
                attempt.hold(self._bundles.give_back, code)
            try:
                shared = await self.shared.made(code)
                self._hold_folder(attempt, await self._folders.made(code))
            except CodeChanged:
                self._bundles.forget(uri)
            else:
                return shared
        raise CodeChanged(f"the unpacked code of {uri} is changed again and again")

    def _hold_folder(self, attempt: Attempt, folder: str) -> None:
        attempt.cwd = folder
        attempt.hold(lambda: self._folders.give_back(folder, suspect=attempt.is_suspect))

    async def _discard_copies(self, folder: str) -> None:
        """A bundle is removed that nobody has: its copies go too."""
        await self._folders.discard(folder)
        await self.shared.discard(folder)


def wanted_by(attempt: Attempt) -> Wanted:
    """The environment that an attempt's task asks for."""
    spec = attempt.spec
    image = spec.task.container.image
    return Wanted(image, spec.interpreter, spec.interpreter_host, image_contents.text_in(spec.task, image))
