"""Finding the task: the code bundle, the module, the attribute."""

from __future__ import annotations

import importlib
import importlib.util
import os
import sys
from types import ModuleType
from typing import cast

from alula.core.errors import TaskError
from alula.sdk.authoring.task import Task
from alula.sdk.runtime.failure import PASSING, TaskFailed, system_failure, user_failure
from alula.sdk.standard_modules import load_standard
from alula.sdk.store import FileStore
from alula.sdk.types.transformer import with_article


def load_task(module: str, name: str) -> Task[..., object]:
    """The task at `module.name`. Raises `TaskFailed` with the author's traceback when it can't be loaded."""
    if module not in sys.modules:
        _make_importable(module)
    try:
        loaded = _imported_before(module) or importlib.import_module(module)
    except ModuleNotFoundError as error:
        if error.name is not None and (module == error.name or module.startswith(f"{error.name}.")):
            raise TaskFailed(
                TaskError(
                    "USER:UnloadableCode",
                    f"there is no module `{module}` in this environment ({sys.executable}); the task's code must be"
                    " packaged (`alula run --remote`, `alula register`) or be in its image",
                )
            ) from error
        raise TaskFailed(_unloadable(module, error)) from error
    except PASSING:
        raise
    except BaseException as error:
        raise TaskFailed(_unloadable(module, error)) from error
    value: object = loaded
    for part in name.split("."):
        value = getattr(value, part, None)
    if not isinstance(value, Task):
        found = "nothing" if value is None else with_article(type(value).__name__)
        raise TaskFailed(
            TaskError(
                "USER:UnloadableCode",
                f"module `{module}` ({getattr(loaded, '__file__', '?')}) has {found} called `{name}`, not a task",
            )
        )
    return cast("Task[..., object]", value)


def _imported_before(module: str) -> ModuleType | None:
    """The module, where a fork server has imported it: whole, and not in the middle of its import."""
    loaded = sys.modules.get(module)
    spec = getattr(loaded, "__spec__", None)
    return None if spec is None or getattr(spec, "_initializing", False) else loaded


def _unloadable(module: str, error: BaseException) -> TaskError:
    failure = user_failure(error)
    return TaskError("USER:UnloadableCode", f"module `{module}` does not import: {failure.message}")


def _make_importable(module: str) -> None:
    """The working directory counts too, last: in an image the code may just lie there."""
    top = module.partition(".")[0]
    try:
        found = importlib.util.find_spec(top) is not None
    except (ImportError, ValueError):
        found = True  # something of this name is half loaded: the import itself says what is wrong
    folder = os.getcwd()
    if not found and folder not in sys.path:
        sys.path.append(folder)


def unpack_code(uri: str) -> None:
    """Fetch a bundle, unpack it into the working directory and make that importable. Raises `TaskFailed`."""
    import tarfile  # lazy: a fork server has unpacked the code already

    folder = os.getcwd()
    try:
        packed = FileStore(folder, os.path.join(folder, ".alula")).readable(uri)
        with tarfile.open(packed) as bundle:
            # What is unpacked is run here next: this guards against mistakes only, and not every Python 3.11 has it.
            bundle.extraction_filter = getattr(tarfile, "data_filter", lambda member, _folder: member)
            bundle.extractall(folder)
    except Exception as error:
        raise TaskFailed(system_failure("DownloadDataError", f"can't fetch the code {uri}", error)) from error
    load_standard(folder)
    sys.path.insert(0, folder)
    importlib.invalidate_caches()
