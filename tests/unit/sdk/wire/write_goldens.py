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
from flytekit.core.type_engine import TypeEngine
from flytekit.tools.translator import get_serializable
from flytekit.types.directory import FlyteDirectory
from flytekit.types.file import FlyteFile

HERE = Path(__file__).parent
ENTITIES = ("everything", "mapped", "constants", "launching", "plan")


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
        "entities": _entities(),
    }
    (HERE / "goldens.json").write_text(json.dumps(goldens, indent=1, sort_keys=True) + "\n")


def _entities() -> dict[str, str]:
    with tempfile.TemporaryDirectory() as folder:
        source = (HERE / "flows.py").read_text().replace("from alula import", "from flytekit import")
        (Path(folder) / "flows.py").write_text(source)
        sys.path.insert(0, folder)
        flows = importlib.import_module("flows")
        image = ImageConfig(Image("default", "image", "1"))
        settings = SerializationSettings(image, project="p", domain="d", version="v", env={"E": "1"})
        found: OrderedDict = OrderedDict()
        for name in ENTITIES:
            get_serializable(found, settings, getattr(flows, name))
        kept = ("PythonFunctionTask", "ArrayNodeMapTask", "PythonFunctionWorkflow", "LaunchPlan")
        pairs = [(entity, model) for entity, model in found.items() if type(entity).__name__ in kept]
        return {f"{_kind(entity)} {entity.name}": _hex(model) for entity, model in pairs}


def _kind(entity: object) -> str:
    if isinstance(entity, LaunchPlan):
        return "launch plan"
    return "workflow" if type(entity).__name__ == "PythonFunctionWorkflow" else "task"


def _hex(message: object) -> str:
    return message.to_flyte_idl().SerializeToString(deterministic=True).hex()


if __name__ == "__main__":
    main()
