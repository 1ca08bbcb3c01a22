"""What an author is told: each mistake with its whole message, so that this file reads like a document."""

import re
import subprocess
import sys
import textwrap
from pathlib import Path

import pytest

from alula.cli.failures import UserCodeError
from alula.cli.load import load, source_of
from alula.core.errors import AlulaError

COMMON = """
    from datetime import timedelta
    from typing import Optional
    from pydantic import BaseModel
    from tests.pets import Cat, Dog, Puppy, Wolf
    from alula import LaunchPlan, dynamic, map_task, task, workflow

    class Kennel(BaseModel):
        size: int = 0
        names: list[str] = []

    @task
    def number() -> int:
        return 1

    @task
    def numbers() -> list[int]:
        return [1]

    @task
    def wolf() -> Wolf:
        return Wolf("w")

    @task
    def nothing():
        return None

    @task
    def take(n: int = 0, dog: Optional[Dog] = None, pet: Cat | Dog = Cat()) -> int:
        return n

    @workflow
    def other(n: int = 1) -> int:
        return take(n=n)
"""
SEES_VALUES = (
    "do this in a task, or make this a `@dynamic` workflow whose inputs it is: they see values, and a `@dynamic` body"
    " may use `if`, loops and `len`; `conditional` chooses between steps by comparisons, which `&` and `|` join"
)
MISTAKES = {
    # in the body of a workflow
    "take(n=2**63)": (
        "input `n` of task `take` expects an int of 64 bits (from -2**63 to 2**63 - 1), got int 9223372036854775808"
    ),
    "take(dog=Dog(name=number()))": (
        "input `dog` of task `take` is a Dog that holds <promise of `n0.o0`>, but a dataclass is made of values",
        "make the Dog in a task, which gets the values",
    ),
    "Kennel(size=number())": (
        "a Kennel is given <promise of `n0.o0`>, but a model is made of values",
        "make the Kennel in a task, which gets the values",
    ),
    "Kennel(names=[nothing, number()])": (
        "a Kennel is given <promise of `n0.o0`>, but a model is made of values",
        "make the Kennel in a task, which gets the values",
    ),
    "take(dog=Puppy('p'))": (
        "input `dog` of task `take` expects Dog | None, got tests.pets.Puppy Puppy(name='p', weeks=8)"
    ),
    "take(pet=wolf())": (
        "input `pet` of task `take` expects Cat | Dog, got <promise of `n0.o0`> of type tests.pets.Wolf, which is none"
        " of them"
    ),
    "take(n=nothing())": (
        "input `n` of task `take` gets 0 outputs at once",
        "task `nothing` declares no output: annotate what it returns (`-> int`), or order steps with `>>`",
    ),
    "return nothing()": (
        "workflow `w` declares 1 output(s) but returns ()",
        "task `nothing` declares no output: annotate what it returns (`-> int`), or order steps with `>>`",
    ),
    "[take(n=n) for n in numbers()]": (
        "<promise of `n0.o0`> has no value while the workflow is declared, so it can't be looped over"
        " (`map_task` runs a task for each item of a list)",
        SEES_VALUES,
    ),
    "len(numbers())": (
        "<promise of `n0.o0`> has no value while the workflow is declared, so it can't be measured with len()",
        SEES_VALUES,
    ),
    "1 if number() else 2": (
        "<promise of `n0.o0`> has no value while the workflow is declared, so it can't be tested as a condition"
        " (`if`, `and`, `or`, `not`, `a < b < c`)",
        SEES_VALUES,
    ),
    "1 if number() > 3 else 2": (
        "(<promise of `n0.o0`> > 3) has no value while the workflow is declared, so it can't be tested as a condition"
        " (`if`, `and`, `or`, `not`, `a < b < c`)",
        SEES_VALUES,
    ),
    "map_task(other)([1], [2], [3], [4])": (
        "map over workflow `other` takes its inputs by name, 4 came without one",
        "write `n=...`",
    ),
    "LaunchPlan.create('plan', other)(3)": (
        "launch plan `plan` takes its inputs by name, 1 came without one",
        "write `n=...`",
    ),
}
DECLARATIONS = {
    "@task(retrys=3)\ndef f() -> int: ...": ("`@task` has no setting `retrys`", "did you mean `retries`?"),
    "@dynamic(cash=True)\ndef f() -> int: ...": ("`@dynamic` has no setting `cash`", "did you mean `cache`?"),
    "@workflow(docz='x')\ndef f() -> int: ...": ("`@workflow` has no setting `docz`", "did you mean `docs`?"),
    "map_task(take, zzz=1)": (
        "`map_task` has no setting `zzz`",
        "there are: concurrency, min_successes, min_success_ratio, run_all_sub_nodes, metadata",
    ),
    "@task(container_image=3)\ndef f() -> int: ...": "`container_image` is 3, expected the name of an image",
    "LaunchPlan.get_or_create(other, 'p', default_inputs={'n': 2})\n"
    "LaunchPlan.get_or_create(other, 'p', default_inputs={'n': 3})": (
        "launch plan `p` of workflow `other` is there with other settings",
        "the other is at {file}:36; give one of them another name",
    ),
}
IMPORTS = {
    "from alula.pictures import FlyteFile": "import names from `alula` itself: `from alula import task, workflow, "
    "FlyteFile`",
}
MODELS = {
    "class M(BaseModel):\n    rows: pandas.DataFrame": (
        "a field of this model holds `pandas.DataFrame`, which has no form on the wire in a model; use"
        " `StructuredDataset(dataframe=...)`, whose `open(...).all()` gives the frame"
    ),
    "class M(BaseModel):\n    rows: dict[str, pyarrow.Table | None] = {}": (
        "a field of this model holds `pyarrow.lib.Table`, which has no form on the wire in a model; use"
        " `StructuredDataset(dataframe=...)`, whose `open(...).all()` gives the frame"
    ),
    "class Money: ...\nclass M(BaseModel):\n    price: list[Money]": (
        "a field of this model holds `{module}.Money`, which has no form on the wire in a model; use a dataclass, a"
        " model, or a FlyteFile to which the task writes the value"
    ),
}


def module_of(tmp_path: Path, source: str) -> Path:
    path = tmp_path / f"flow_{abs(hash(source))}.py"
    path.write_text(textwrap.dedent(COMMON) + "\n" + source + "\n")
    return path


def told(raised, path: Path) -> tuple[str, str]:
    message = re.sub(rf"^{re.escape(str(path))}:\d+: ", "", raised.value.message)
    return message, raised.value.fix


def expected(text: str | tuple[str, str], path: Path) -> tuple[str, str | None]:
    message, fix = (text, None) if isinstance(text, str) else text
    filled = [each and each.replace("{module}", path.stem).replace("{file}", str(path)) for each in (message, fix)]
    return filled[0] or "", filled[1]


def check(raised, text: str | tuple[str, str], path: Path) -> None:
    message, fix = told(raised, path)
    wanted, wanted_fix = expected(text, path)
    assert message == wanted
    assert wanted_fix is None or fix == wanted_fix


@pytest.mark.parametrize("body", MISTAKES)
def test_a_mistake_in_the_body_of_a_workflow(body, tmp_path):
    path = module_of(tmp_path, f"@workflow\ndef w() -> int:\n    {body}\n    return number()\n")
    module = load(source_of(path))
    with pytest.raises(AlulaError) as raised:
        module.w.graph()
    check(raised, MISTAKES[body], path)


@pytest.mark.parametrize("source", DECLARATIONS)
def test_a_mistake_in_a_declaration(source, tmp_path):
    path = module_of(tmp_path, source)
    with pytest.raises(AlulaError) as raised:
        load(source_of(path))
    check(raised, DECLARATIONS[source], path)


@pytest.mark.parametrize("source", MODELS)
def test_a_type_in_a_model_that_pydantic_does_not_know(source, tmp_path):
    path = module_of(tmp_path, f"import pandas, pyarrow\nfrom pydantic import BaseModel\n{source}")
    with pytest.raises(AlulaError) as raised:
        load(source_of(path))
    assert raised.value.code == "UnsupportedType"
    check(raised, MODELS[source], path)


@pytest.mark.parametrize("source", IMPORTS)
def test_what_to_do_about_an_import_that_fails(source, tmp_path):
    with pytest.raises(UserCodeError) as raised:
        load(source_of(module_of(tmp_path, source)))
    assert raised.value.fix == IMPORTS[source]


def test_an_equal_launch_plan_is_got_not_made(tmp_path):
    source = "one, two = (LaunchPlan.get_or_create(other, 'p', default_inputs={'n': 2}) for _ in range(2))"
    module = load(source_of(module_of(tmp_path, source)))
    assert module.one is module.two
    assert module.LaunchPlan.get_or_create(module.other) is module.LaunchPlan.get_or_create(module.other)


@pytest.mark.parametrize("name", ["random", "tempfile", "signal", "shutil", "bisect", "html", "json"])
def test_a_file_with_the_name_of_a_module_of_python_does_no_harm(name, tmp_path):
    (tmp_path / f"{name}.py").write_text("X = 1\n")
    (tmp_path / "flow.py").write_text("from alula import task\n@task\ndef f(n: int) -> int:\n    return n + 1\n")

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        command = [Path(sys.executable).parent / "alula", "run", "flow.py", "f", *arguments]
        return subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)

    done = run("--n", "1")
    assert (done.returncode, done.stdout.strip()) == (0, "2"), done.stderr
    (tmp_path / "flow.py").write_text(f"from {name} import X\n")
    assert f"has `{name}.py`: Python's own modules of these names come first, so rename the files" in run().stderr
