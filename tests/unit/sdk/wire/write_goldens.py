"""Write `goldens.json`: what flytekit sends. Run it by hand with a Python that has flytekit, pandas and pydantic:

python tests/unit/sdk/wire/write_goldens.py
"""

import importlib
import json
import sys
import tempfile
from collections import OrderedDict
from pathlib import Path
from types import SimpleNamespace

import samples
from flytekit import FlyteContextManager, LaunchPlan, StructuredDataset, kwtypes
from flytekit.configuration import Image, ImageConfig, SerializationSettings
from flytekit.core.context_manager import ExecutionState
from flytekit.core.type_engine import TypeEngine
from flytekit.tools.translator import get_serializable
from flytekit.types.directory import FlyteDirectory
from flytekit.types.file import FlyteFile

HERE = Path(__file__).parent
ENTITIES = {
    "flows": ("everything", "mapped", "constants", "launching", "plan"),
    "constructs": (
        "inner",  # before what contains them: flytekit prefixes the ids of nodes where a workflow is first needed
        "clean_all",
        "branches",
        "nested_branches",
        "void_branches",
        "gates",
        "failing",
        "failing_with_workflow",
        "grow",
    ),
    "references": ("referring", "deeper"),
    "artifacts": ("fetch", "both", "hours", "make", "read", "planned", "defaults"),
}


def main() -> None:
    api = SimpleNamespace(
        FlyteFile=FlyteFile, FlyteDirectory=FlyteDirectory, StructuredDataset=StructuredDataset, kwtypes=kwtypes
    )
    types = samples.types_of(api)
    context = FlyteContextManager.current_context()
    literal_types = {name: TypeEngine.to_literal_type(type_) for name, type_ in types.items()}
    literals = {
        name: TypeEngine.to_literal(context, value, types[name], literal_types[name])
        for name, value in samples.values().items()
    }
    goldens = {
        "types": {name: _hex(each) for name, each in literal_types.items()},
        "literals": {name: _hex(each) for name, each in literals.items()},
        "entities": _entities("flows"),
        "constructs": _entities("constructs"),
        "references": _entities("references"),
        "artifacts": _entities("artifacts"),
        "graph": _graph().hex(),
    }
    (HERE / "goldens.json").write_text(json.dumps(goldens, indent=1, sort_keys=True) + "\n")


def _module(name: str) -> object:
    with tempfile.TemporaryDirectory() as folder:
        source = (HERE / f"{name}.py").read_text()
        source = source.replace(
            "from alula import FlyteError, ", "from flytekit.types.error import FlyteError\nfrom alula import "
        )
        source = source.replace("from alula.flytekit_core.", "from flytekit.core.")
        (Path(folder) / f"{name}.py").write_text(source.replace("from alula import", "from flytekit import"))
        sys.path.insert(0, folder)
        return importlib.import_module(name)


def _settings() -> SerializationSettings:
    image = ImageConfig(Image("default", "image", "1"))
    return SerializationSettings(image, project="p", domain="d", version="v", env={"E": "1"})


def _entities(name: str) -> dict[str, str]:
    module = _module(name)
    found: OrderedDict = OrderedDict()
    for entity in ENTITIES[name]:
        get_serializable(found, _settings(), getattr(module, entity))
    kept = ("PythonFunctionTask", "ArrayNodeMapTask", "PythonFunctionWorkflow", "LaunchPlan")
    pairs = [(entity, model) for entity, model in found.items() if type(entity).__name__ in kept]
    return {f"{_kind(entity)} {entity.name}": _hex(model) for entity, model in pairs}


def _graph() -> bytes:
    """What the dynamic task leaves in `futures.pb`. In a fresh module: workflows inside take their ids from it."""
    sys.modules.pop("constructs", None)
    grow = _module("constructs").grow
    context = FlyteContextManager.current_context()
    mode = context.execution_state.with_params(mode=ExecutionState.Mode.TASK_EXECUTION)
    builder = context.with_serialization_settings(_settings()).with_execution_state(mode)
    with FlyteContextManager.with_context(builder):
        job = grow.dynamic_execute(grow._task_function, n=2)
    return job.to_flyte_idl().SerializeToString(deterministic=True)


def _kind(entity: object) -> str:
    if isinstance(entity, LaunchPlan):
        return "launch plan"
    return "workflow" if type(entity).__name__ == "PythonFunctionWorkflow" else "task"


def _hex(message: object) -> str:
    return message.to_flyte_idl().SerializeToString(deterministic=True).hex()


if __name__ == "__main__":
    main()
