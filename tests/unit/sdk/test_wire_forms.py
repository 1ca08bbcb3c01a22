"""The wire forms are flytekit's: its bytes are in `wire/goldens.json`."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest
from flyteidl.core.literals_pb2 import Literal
from flyteidl.core.types_pb2 import LiteralType
from tests import modules

from alula import FlyteDirectory, FlyteFile, StructuredDataset, kwtypes
from alula.sdk.store import FileStore
from alula.sdk.types.engine import literal_type, to_literal, to_python

WIRE = Path(__file__).parent / "wire"
GOLDENS = json.loads((WIRE / "goldens.json").read_text())
API = SimpleNamespace(
    FlyteFile=FlyteFile, FlyteDirectory=FlyteDirectory, StructuredDataset=StructuredDataset, kwtypes=kwtypes
)


SAMPLES = modules.load("wire_samples", WIRE / "samples.py")
TYPES = SAMPLES.types_of(API)
VALUES = SAMPLES.values()


@pytest.fixture
def store(tmp_path):
    return FileStore(str(tmp_path / "raw"), str(tmp_path))


@pytest.mark.parametrize("name", TYPES)
def test_a_type_has_the_literal_type_that_flytekit_gives_it(name):
    assert literal_type(TYPES[name]) == LiteralType.FromString(bytes.fromhex(GOLDENS["types"][name]))


@pytest.mark.parametrize("name", VALUES)
def test_a_value_has_the_literal_that_flytekit_gives_it(name, store):
    written = to_literal(VALUES[name], TYPES[name], store)
    assert written == Literal.FromString(bytes.fromhex(GOLDENS["literals"][name]))


@pytest.mark.parametrize("name", VALUES)
def test_a_literal_of_flytekit_is_read_back(name, store):
    literal = Literal.FromString(bytes.fromhex(GOLDENS["literals"][name]))
    assert to_python(literal, TYPES[name], store) == VALUES[name]
