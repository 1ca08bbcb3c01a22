"""Write `goldens.json`: what flytekit sends. Run it by hand with a Python that has flytekit, pandas and pydantic:

python tests/unit/sdk/wire/write_goldens.py
"""

import json
from pathlib import Path
from types import SimpleNamespace

import samples
from flytekit import FlyteContextManager, StructuredDataset, kwtypes
from flytekit.core.type_engine import TypeEngine
from flytekit.types.directory import FlyteDirectory
from flytekit.types.file import FlyteFile


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
    }
    path = Path(__file__).with_name("goldens.json")
    path.write_text(json.dumps(goldens, indent=1, sort_keys=True) + "\n")


def _hex(message: object) -> str:
    return message.to_flyte_idl().SerializeToString(deterministic=True).hex()


if __name__ == "__main__":
    main()
