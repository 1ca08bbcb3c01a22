"""The names of entities: `module.attribute`, the same in the author's process and in the task's.

Owns how a function's module is found and that an entity can be found again by its name.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from alula.sdk.mistake import Location, mistake

if TYPE_CHECKING:
    from types import ModuleType


def module_of(function: Callable[..., object]) -> str:
    """The importable name of a function's module; of a script, its file's name."""
    return importable(getattr(function, "__module__", "") or "__main__")


def importable(module: str) -> str:
    """The name by which a module can be imported; of a script, its file's name."""
    if module != "__main__":
        return module
    main = sys.modules.get("__main__")
    spec = getattr(main, "__spec__", None)
    if spec is not None and spec.name and not spec.name.endswith("__main__"):
        return str(spec.name)
    file = getattr(main, "__file__", None)
    return os.path.splitext(os.path.basename(file))[0] if file else "__main__"


def attribute_of(entity: object, *, module: str, name: str, location: Location, kind: str) -> str:
    """The module-level name under which `entity` can be found again. Raises `InvalidInput` when there is none."""
    loaded = _loaded(module, location)
    if loaded is not None:
        if getattr(loaded, name, None) is entity:
            return name
        for each, value in vars(loaded).items():
            if value is entity:
                return each
    raise mistake(
        "NotAtModuleLevel",
        f"{kind} `{name}` is not an attribute of module `{module}`, so the platform could not find it",
        at=location,
        fix="declare it at the top level of the module",
    )


def _loaded(module: str, location: Location) -> ModuleType | None:
    main = sys.modules.get("__main__")
    main_file = getattr(main, "__file__", None)
    if main_file and os.path.abspath(main_file) == os.path.abspath(location.file):
        return main
    return sys.modules.get(module)
