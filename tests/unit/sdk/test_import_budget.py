"""Declaring tasks must not pay for what only running or registering them needs."""

import json
import subprocess
import sys

import pytest

DECLARING = "from alula import task, workflow, map_task, LaunchPlan, Resources, Cache, FlyteFile, StructuredDataset"
HEAVY = (
    "grpc", "google.protobuf", "flyteidl", "pydantic", "pandas", "pyarrow", "numpy", "asyncio", "msgspec", "rich",
    "click", "dataclasses", "inspect", "hashlib", "ssl", "logging", "subprocess", "yaml",
    "traceback", "tokenize",
)  # fmt: skip
A_MODULE = f"""
{DECLARING}
@task(retries=2, cache=Cache(version="1"), requests=Resources(cpu="1"))
def add(x: int, y: int = 1) -> int:
    return x + y
@workflow
def flow(x: int, rows: list[int]) -> int:
    map_task(add)(x=rows, y=rows)
    return add(x=x)
plan = LaunchPlan.create("plan", flow, default_inputs={{"x": 1}})
"""


def loaded_after(code: str) -> set[str]:
    command = f"{code}\nimport sys, json; print(json.dumps(sorted(sys.modules)))"
    answer = subprocess.run([sys.executable, "-c", command], check=True, capture_output=True, text=True)
    return set(json.loads(answer.stdout))


@pytest.mark.parametrize("code", ["import alula", DECLARING, A_MODULE], ids=["package", "names", "declarations"])
def test_declaring_loads_nothing_heavy(code):
    before = loaded_after("")
    assert (loaded_after(code) - before) & set(HEAVY) == set()


def test_importing_the_package_loads_only_the_package():
    new = loaded_after("import alula") - loaded_after("")
    assert {name for name in new if name not in ("alula", "alula.version", "__future__", "json")} == set()


@pytest.mark.parametrize("name", ["nope", "_private"])
def test_an_unknown_name_is_an_attribute_error(name):
    import alula

    with pytest.raises(AttributeError, match=name):
        getattr(alula, name)


def test_every_export_exists():
    import alula

    assert {name for name in alula._EXPORTS if getattr(alula, name, None) is None} == set()
    assert "task" in dir(alula)
