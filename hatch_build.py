"""The build hook of wheel and sdist: both carry the built console, so that nobody who installs Alula needs Node.js."""

from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface


class ConsoleHook(BuildHookInterface):  # type: ignore[type-arg]
    """Builds the console, unless it is built or this is a development environment, for which `make console` is."""

    PLUGIN_NAME = "custom"

    def dependencies(self) -> list[str]:
        console = self._console()
        return [] if console is None or console.is_built() or console.has_node() else [console.NODE_PACKAGE]

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        console = self._console()
        if version != "editable" and console is not None and not console.is_built():
            console.build()

    def _console(self) -> Any:
        """The module that builds it; None in an sdist, which has the built files and no sources of them."""
        path = Path(self.root) / "console/build.py"
        spec = importlib.util.spec_from_file_location("alula_console_build", path)
        if not path.is_file() or spec is None or spec.loader is None:
            return None
        module = importlib.util.module_from_spec(spec)
        spec.loader.exec_module(module)
        return module
