"""A platform whose callers say who they are, with a policy by project: `program.py RIGHTS up --data DATA ...`.

`RIGHTS` is the path of a JSON file: `{"principal": {"project": ["view", ...]}}`. It is read for each question, so a
test may give and withdraw rights.
"""

from __future__ import annotations

import asyncio
import json
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[3]))

from tests.policies import ByHeader, ByProject

from alula.core.ids import Place
from alula.server.access import Action, Places
from alula.server.adapters import Adapters
from alula.server.identity import Caller
from alula.server.main import serve
from alula.server.settings.loading import load_settings


class FromFile:
    """`ByProject` with the rights of a file."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def may(self, caller: Caller, action: Action, place: Place) -> bool:
        return await self._policy().may(caller, action, place)

    async def viewable(self, caller: Caller) -> Places:
        return await self._policy().viewable(caller)

    def _policy(self) -> ByProject:
        return ByProject(
            {
                (principal, project): frozenset(map(Action, actions))
                for principal, projects in json.loads(self._path.read_text()).items()
                for project, actions in projects.items()
            }
        )


def main(rights: str, *arguments: str) -> None:
    given = dict(zip(arguments[1::2], arguments[2::2], strict=True))
    settings = load_settings({"data": given["--data"], "grpc_port": 0, "http_port": 0}, {})
    adapters = Adapters(authentication=lambda _: ByHeader(), access=lambda _: FromFile(Path(rights)))
    asyncio.run(serve(settings, ready=lambda _: None, stop=asyncio.Event(), adapters=adapters))


main(*sys.argv[1:])
