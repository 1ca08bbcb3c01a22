"""Secrets of an operator's folder for a process: variables of its own, and links in a folder of its own."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping
from pathlib import Path

from alula.core.policy.security import FOLDER_VARIABLE
from alula.server.executor import AttemptSpec
from alula.server.executors.process.attempt import Attempt
from alula.server.executors.secret_files import Place, handed
from alula.server.removal import make_anew, remove_tree


class SecretLinks:
    """Hands over secrets from the folder that the setting names, if it names one. `inherited` are variables that all
    attempts have."""

    def __init__(self, work: Path, setting: str, inherited: Mapping[str, str]) -> None:
        self._folder = work / "secrets"
        self._place = Place("executors.process.secrets", setting)
        self._inherited = inherited

    def remove_all(self) -> None:
        """Remove what an earlier platform left. Blocks."""
        remove_tree(self._folder, ignore_errors=True)

    def are_wanted_by(self, spec: AttemptSpec) -> bool:
        """True if there is something to hand over."""
        return bool(spec.secrets and self._place.folder)

    async def hand(self, attempt: Attempt) -> None:
        """Give an attempt the secrets that it asks for. Raises `InvalidInput` if one is not there, and OSError."""
        if self.are_wanted_by(attempt.spec):
            links = self._folder / str(attempt.number)
            try:
                attempt.secrets = await asyncio.to_thread(self._linked, attempt.spec, links)
            finally:
                attempt.hold(remove_tree, links, ignore_errors=True)

    def _linked(self, spec: AttemptSpec, links: Path) -> dict[str, str]:
        """The variables with the secrets of an attempt, or with the folder of the links to them."""
        variables, files = handed(spec, self._place, {**self._inherited, **spec.environment})
        if files:
            make_anew(links)
            links.chmod(0o700)
            for name, file in files.items():
                (links / name).parent.mkdir(parents=True, exist_ok=True)
                os.symlink(file, links / name)
            variables[FOLDER_VARIABLE] = str(links)
        return variables
