"""The user's module, found from a file's path or a module's name and imported, and its entities.

The user's own failures keep their own traceback, without a frame of ours.
"""

from __future__ import annotations

import importlib
import importlib.util
import sys
from pathlib import Path
from types import FunctionType, ModuleType
from typing import NamedTuple, cast

from alula.cli.failures import UserCodeError
from alula.cli.missing_files import fix_for_missing
from alula.cli.values import suggest
from alula.core.errors import AlulaError, InvalidInput, NotFound
from alula.sdk.authoring.alone import alone
from alula.sdk.authoring.launch_plan import LaunchPlan
from alula.sdk.authoring.map_task import MapTask
from alula.sdk.authoring.models import type_in_model
from alula.sdk.authoring.reference import Reference
from alula.sdk.authoring.task import Task
from alula.sdk.authoring.workflow import Workflow
from alula.sdk.runtime.failure import author_traceback, headline
from alula.sdk.standard_modules import load_standard, shadowing_names
from alula.sdk.types.transformer import with_article

Runnable = Task[..., object] | Workflow[..., object] | LaunchPlan


class Source(NamedTuple):
    """An importable module and the folder that must be on the path for it."""

    root: Path
    module: str


def source_of(path: Path) -> Source:
    """The module of a file: the parent folder of its package, and its dotted name from there."""
    path = path.resolve()
    names = [] if path.name == "__init__.py" else [path.stem]
    folder = path.parent
    while (folder / "__init__.py").exists():
        names.insert(0, folder.name)
        folder = folder.parent
    return Source(folder, ".".join(names))


def source_named(text: str) -> Source:
    """The source that a text names: a file's path or a module's dotted name.

    Raises `InvalidInput` or `NotFound` when it can't be either.
    """
    path = Path(text)
    if path.is_dir():
        raise InvalidInput(
            "NotAFile", f"`{text}` is a folder", fix="name a Python file in it, or use `alula register` for all"
        )
    if path.is_file():
        if path.suffix != ".py":
            raise InvalidInput("NotPython", f"`{text}` is no Python file", fix="name a file that ends in .py")
        return source_of(path)
    if path.suffix == ".py" or "/" in text:
        raise NotFound("FileNotFound", f"there is no file `{text}` in {Path.cwd()}", fix=fix_for_missing(path, ".py"))
    root = Path.cwd()
    _put_first(root)
    try:
        spec = importlib.util.find_spec(text)
    except (ImportError, ValueError):
        spec = None
    if spec is None:
        raise NotFound(
            "FileNotFound", f"there is no file and no module `{text}`", fix=fix_for_missing(Path(f"{text}.py"), ".py")
        )
    if spec.origin and Path(spec.origin).is_file():
        return source_of(Path(spec.origin))
    return Source(root, text)


def load(source: Source) -> ModuleType:
    """Import the module. Raises `UserCodeError` with the user's own traceback."""
    _put_first(source.root)
    try:
        module = importlib.import_module(source.module)
    except AlulaError:
        raise
    except KeyboardInterrupt:
        raise
    except BaseException as error:
        raise type_in_model(error) or _user_error(source, error) from error
    file = getattr(module, "__file__", None)
    if file is None or source.root not in Path(file).resolve().parents:
        raise InvalidInput(
            "ModuleNameTaken",
            f"`{source.module}` in {source.root} has the name of another module: {file or 'a built-in one'}",
            fix="rename the file",
        )
    _refuse_doubles(module, file)
    return module


def _refuse_doubles(module: ModuleType, file: str) -> None:
    """Refuse two entities of one name: Python lets the later one silently replace the earlier."""
    import ast  # lazy: slow to import

    first: dict[str, int] = {}
    for statement in ast.parse(Path(file).read_bytes(), file).body:
        if not isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef)):
            continue
        name = statement.name
        if not isinstance(getattr(module, name, None), Task | Workflow | LaunchPlan):
            continue
        if name in first:
            raise InvalidInput(
                "DuplicateName",
                f"{file}:{statement.lineno}: two entities are named `{name}`, so that the second replaces the first",
                fix=f"the other is in line {first[name]}; give one of them another name",
            )
        first[name] = statement.lineno


def declared(module: ModuleType) -> dict[str, Runnable]:
    """The entities that the module itself declares, by the name to run them, in the order of the file."""
    found: dict[str, Runnable] = {}
    for name, value in vars(module).items():
        entity = _runnable(value, module, name)
        if isinstance(entity, LaunchPlan):
            found.setdefault(entity.name, entity)
        elif entity is not None and entity.module == module.__name__:
            found.setdefault(name, entity)
    return found


def find(module: ModuleType, name: str) -> Runnable:
    """The task, workflow or launch plan called `name`, with or without the module in front.

    Raises `NotFound` with the nearest name there is.
    """
    known = declared(module)
    for wanted in (name, name.removeprefix(f"{module.__name__}."), name.rsplit(":", 1)[-1]):
        if wanted in known:
            return known[wanted]
    value = getattr(module, name, None)
    imported = _runnable(value, module, name)
    if imported is not None:
        return imported
    if isinstance(value, Reference):
        raise InvalidInput(
            "ReferenceNotLocal",
            f"`{name}` is a reference to a {value.kind} that is registered",
            fix=f"`alula launch {value.name}@{value.version} -p {value.project} -d {value.domain}` starts it",
        )
    file = getattr(module, "__file__", module.__name__)
    if hasattr(module, name):
        raise InvalidInput(
            "NotRunnable",
            f"`{name}` in {file} is {_kind(value)}: only tasks, workflows, launch plans and map tasks can be run",
            fix="give it @task or @workflow" if isinstance(value, FunctionType) else suggest(name, list(known)),
        )
    raise NotFound(
        "EntityNotFound",
        f"there is no task, workflow or launch plan `{name}` in {file}",
        fix=suggest(name, list(known)) or "declare one with @task or @workflow",
    )


def _runnable(value: object, module: ModuleType, name: str) -> Runnable | None:
    """The entity, for a map task the workflow that runs it by itself. None for anything else."""
    if isinstance(value, MapTask):
        array = cast("MapTask[object]", value)
        return alone(array, module=array.module, name=name)
    return cast(Runnable, value) if isinstance(value, Task | Workflow | LaunchPlan) else None


def _kind(value: object) -> str:
    if value is None:
        return "None"
    return "a class" if isinstance(value, type) else with_article(type(value).__name__)


def _user_error(source: Source, error: BaseException) -> UserCodeError:
    fix = ""
    if isinstance(error, ModuleNotFoundError) and error.name:
        fix = f"install what gives `{error.name}` into {sys.prefix}, or start alula from the environment that has it"
        if error.name.startswith("alula."):
            fix = "import names from `alula` itself: `from alula import task, workflow, FlyteFile`"
    elif isinstance(error, ImportError | AttributeError) and (shadowing := shadowing_names(str(source.root))):
        listed = ", ".join(f"`{name}.py`" for name in shadowing)
        fix = f"{source.root} has {listed}: Python's own modules of these names come first, so rename the files"
    return UserCodeError(
        "ImportFailed",
        f"module `{source.module}` does not import: {headline(error)}",
        shown=author_traceback(error),
        fix=fix,
    )


def _put_first(folder: Path) -> None:
    text = str(folder)
    load_standard(text)
    if sys.path[:1] != [text]:
        if text in sys.path:
            sys.path.remove(text)
        sys.path.insert(0, text)
