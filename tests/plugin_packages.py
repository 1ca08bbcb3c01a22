"""A package that extends the SDK, as an installer leaves it in a folder: a type of values and a kind of tasks."""

from __future__ import annotations

import json
import subprocess
import sys
import sysconfig
from pathlib import Path
from typing import NamedTuple

MONEY = """
from flyteidl.core.literals_pb2 import Literal, Primitive, Scalar
from flyteidl.core.types_pb2 import LiteralType, SimpleType


class Money:
    def __init__(self, cents):
        self.cents = cents


class MoneyTransformer:
    tag, shown = "Money", "Money"

    def __init__(self, class_, arguments):
        self._class = class_

    def literal_type(self):
        return LiteralType(simple=SimpleType.INTEGER)

    def schema(self):
        return {"type": "integer"}

    def fit(self, value):
        return 2 if isinstance(value, self._class) else 0

    def fit_plain(self, plain):
        return 2 if isinstance(plain, int) else 0

    def coerce(self, value):
        return value

    def to_literal(self, value, store):
        return Literal(scalar=Scalar(primitive=Primitive(integer=value.cents)))

    def to_python(self, literal, store):
        return self._class(literal.scalar.primitive.integer)

    def to_plain(self, value, store):
        return value.cents

    def from_plain(self, plain, store):
        return self._class(plain)
"""
"""A class of values, and its transformer."""
MODULE = '''
"""Amounts of money, and tasks that are timed."""

import time

from alula import PythonKind
'''
MODULE += (
    MONEY
    + '''

class Timed:
    """The `task_config` of a task that says how long it took."""

    def __init__(self, label):
        self.label = label


class TimedKind(PythonKind):
    type = "timed"

    def __init__(self, config):
        self._config = config

    def custom(self):
        return {"label": self._config.label}

    def target(self, task, writing):
        return writing.container({"TIMED": self._config.label})

    def execute(self, task, values):
        started = time.monotonic()
        result = super().execute(task, values)
        print(f"{self._config.label}: {task.name} took {time.monotonic() - started:.0f} s", flush=True)
        return result
'''
)
ENTRIES = """
[alula.types]
money.Money = money:MoneyTransformer
[alula.task_kinds]
money.Timed = money:TimedKind
"""
USE = """
import os
from money import Money, Timed
from alula import map_task, task, workflow

@task(task_config=Timed("slowly"))
def twice(price: Money) -> Money:
    return Money(2 * price.cents)

@task
def cents(prices: list[Money]) -> int:
    return sum(price.cents for price in prices)

@task(task_config=Timed("here"))
def label(n: int) -> str:
    return os.environ.get("TIMED", "locally") + str(n)

@workflow
def pipeline(price: Money = Money(21)) -> tuple[int, list[str]]:
    return cents(prices=[twice(price=price), twice(price=price)]), map_task(label)(n=[1, 2])
"""


def install(folder: Path, *, name: str = "money", module: str = MODULE, entries: str = ENTRIES) -> None:
    """Leave the package in a folder of modules."""
    folder.mkdir(parents=True, exist_ok=True)
    if module:
        (folder / "money.py").write_text(module)
    info = folder / f"{name}-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
    (info / "entry_points.txt").write_text(entries)


class Environment(NamedTuple):
    """An environment of its own."""

    python: Path
    packages: Path
    """The folder of its modules."""


def environment(folder: Path) -> Environment:
    """Make an environment that has all that is installed in this one, to put packages into."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    packages = next(folder.glob("lib/python*/site-packages"))
    here = json.dumps(sysconfig.get_path("purelib"))
    project = Path(__file__).parents[1] / "src"
    (packages / "this.pth").write_text(f"import site; site.addsitedir({here})\n{project}\n")
    return Environment(folder / "bin" / "python", packages)


def run_remotely(python: Path, endpoint: str, folder: Path, file: str, workflow: str) -> str:
    """Run a workflow on a platform by the `alula` of an environment, to its end; what it printed."""
    command = "import sys; from alula.cli.main import main; sys.argv[0] = 'alula'; main()"
    words = ["run", "--remote", "--wait", "--endpoint", endpoint, file, workflow]
    done = subprocess.run([str(python), "-c", command, *words], cwd=folder, text=True, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout
