"""Sets and dicts: written in one order and read in one order, whichever the hashes of a process give."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from alula import task, workflow

PROGRAM = """
import hashlib, sys
from dataclasses import dataclass, field
from typing import Any
from flyteidl.core import literals_pb2 as pb
from pydantic import BaseModel
from alula.sdk.types.engine import literal_type, to_literal, to_python
from alula.sdk.store import NO_STORE
from alula import Cache, task
from alula.sdk.serialize import SerializationSettings, serialize

words = [f"w{n}" for n in range(40)]

@dataclass(frozen=True)
class Pair:
    a: str
    b: int | None = None

@dataclass
class Sets:
    names: set[str]
    frozen: frozenset[str]
    nested: set[frozenset[str]]
    pairs: set[Pair]
    mixed: set[int | str | None]
    by_name: dict[str, set[str]]

class Model(BaseModel):
    names: set[str] = set(words)
    deep: dict[str, frozenset[str]] = {"k": frozenset(words)}
    nested: frozenset[frozenset[str]] = frozenset({frozenset(words[:2]), frozenset(words[2:4]), frozenset(words[4:6])})
    union: set[str] | int = 0

sets = Sets(
    set(words),
    frozenset(words),
    {frozenset(words[:5]), frozenset(words[5:])},
    {Pair(w) for w in words} | {Pair("w", 2)},
    {1, "1", None, *words},
    {"x": set(words)},
)
literals = [
    to_literal(sets, Sets, NO_STORE),
    to_literal(Model(union=set(words)), Model, NO_STORE),
    to_literal({1: set(words)}, dict[int, set[str]], NO_STORE),
    literal_type(Model),
]
for each in literals:
    print(hashlib.sha256(each.SerializeToString(deterministic=True)).hexdigest())
back = to_python(pb.Literal.FromString(literals[0].SerializeToString()), Sets, NO_STORE)
assert back == sets

shuffled = {w: n for n, w in enumerate(reversed(words))}
for type_ in (dict[str, int], dict, dict[str, int | None]):
    sent = to_literal(shuffled, type_, NO_STORE).SerializeToString()
    print(list(to_python(pb.Literal.FromString(sent), type_, NO_STORE)))
@task(cache=Cache(version="1", ignored_inputs={"a", "b", "c"}))
def declared(a: int, b: int, c: int) -> None: ...
spec = serialize(declared, settings=SerializationSettings(version="v", require_importable=False))
print(hashlib.sha256(spec.tasks[declared.name].SerializeToString(deterministic=True)).hexdigest())
generic = pb.Literal()
generic.scalar.generic.update({w: {w: 1 for w in words} for w in words})
print(to_python(generic, dict, NO_STORE))
"""


def _printed(seed: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_each_process_writes_and_reads_the_same():
    assert _printed("1") == _printed("2") == _printed("77")


def test_a_typed_dict_comes_sorted_by_its_keys_called_run_locally_and_inside_a_dataclass_as_it_was():
    @dataclass
    class Holder:
        named: dict[str, int]

    @task
    def keys(named: dict[str, int]) -> list[str]:
        return list(named)

    @task
    def held(holder: Holder) -> list[str]:
        return list(holder.named)

    @task
    def untyped(named: dict) -> list[str]:
        return list(named)

    @workflow
    def flow() -> tuple[list[str], list[str], list[str]]:
        return (
            keys(named={"b": 1, "a": 2, "c": 3}),
            held(holder=Holder({"b": 1, "a": 2})),
            untyped(named={"b": 1, "a": 2}),
        )

    assert keys(named={"b": 1, "a": 2, "c": 3}) == ["a", "b", "c"]
    assert flow() == (["a", "b", "c"], ["b", "a"], ["b", "a"])


@pytest.mark.parametrize("kind", ["set", "frozenset"])
def test_ignored_inputs_and_hints_may_be_sets(kind, tmp_path: Path):
    """One file registers as one version: what an author gives as a set goes into the specification in one order."""
    program = f"""
from alula import Cache, task
from alula.sdk.serialize.entities import serialize
from alula.sdk.serialize.settings import SerializationSettings
names = [f"n{{n}}" for n in range(12)]
space = {{}}
source = "def f(" + ", ".join(f"{{name}}: int" for name in names) + ") -> int: return 1"
exec(source, space)
space["f"].__module__ = "m"
f = task(cache=Cache(version="1", ignored_inputs={kind}(names[:9])))(space["f"])
settings = SerializationSettings(require_importable=False)
print(serialize(f, settings=settings).tasks[f.name].template.SerializeToString(deterministic=True).hex())
"""
    printed = {
        subprocess.run(
            [sys.executable, "-c", program], env={"PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True
        ).stdout
        for seed in "123"
    }
    assert len(printed) == 1


def test_settings_from_sets_make_one_version(tmp_path: Path):
    """What has no order in a task or workflow does not count for the version; the specification keeps the author's."""
    program = """
from functools import partial
from pathlib import Path
from alula import LaunchPlan, Secret, dynamic, map_task, task, workflow
from alula.sdk.client.package import Bundle
from alula.sdk.client.register import prepare
NAMES = {f"n{n}" for n in range(9)}
VARIABLES = dict.fromkeys(NAMES, "1")

@task(environment=VARIABLES, secret_requests=[Secret(group="g", key=name) for name in NAMES])
def one() -> int:
    return 1

@task
def two() -> int:
    return 1

@task
def many(NAMED) -> int:
    return 1

@dynamic(environment=VARIABLES, node_dependency_hints=list({one, two}))
def grown() -> int:
    return one()

@workflow
def flow(counts: dict[str, int] = {name: 1 for name in NAMES}) -> list[int]:
    grown()
    first = {"a": one(), "b": two(), "c": one()}
    last = map_task(partial(many, **{name: 1 for name in NAMES if name != "n0"}))(n0=[1])
    for name in set(first):
        first[name] >> last
    return last

counts = {name: 2 for name in NAMES}
plan = LaunchPlan.create("p", flow, labels=VARIABLES, annotations=VARIABLES, default_inputs={"counts": counts})
bundle = Bundle(root=Path("/code"), data=b"", digest="d", files=1)
made = prepare([plan], bundle, look_up=lambda _: None, project="p", domain="d")
print(made.settings.version, [each.key for each in made.serialized.tasks["declared.one"].template.container.env])
"""
    (tmp_path / "declared.py").write_text(program.replace("NAMED", ", ".join(f"n{n}: int" for n in range(9))))
    printed = [
        subprocess.run(
            [sys.executable, "-c", "import declared"],
            env={"PYTHONHASHSEED": seed, "PYTHONPATH": str(tmp_path)},
            capture_output=True,
            text=True,
            check=True,
        ).stdout.split(" ", 1)
        for seed in "1234"
    ]
    assert len({version for version, _ in printed}) == 1
    assert len({names for _, names in printed}) > 1
