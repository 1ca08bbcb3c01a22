"""Users extend the table of types: by a call, or by an entry point of an installed package."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from tests.plugin_packages import MONEY

from alula import register_type
from alula.core.errors import InvalidInput

USE = """
from money import Money
from alula import task, workflow

@task
def twice(price: Money) -> Money:
    return Money(2 * price.cents)

@task
def cents(prices: list[Money]) -> int:
    return sum(price.cents for price in prices)

@workflow
def pipeline(price: Money) -> int:
    return cents(prices=[twice(price=price), twice(price=price)])

print(pipeline(price=Money(21)))
"""
REGISTER = "import alula, money; alula.register_type('money.Money', {make})\n"


def run(folder: Path, code: str, *, entry: str = "") -> subprocess.CompletedProcess[str]:
    (folder / "money.py").write_text(MONEY)
    if entry:
        info = folder / "money-1.0.dist-info"
        info.mkdir()
        (info / "METADATA").write_text("Metadata-Version: 2.1\nName: money\nVersion: 1.0\n")
        (info / "entry_points.txt").write_text(f"[alula.types]\nmoney.Money = {entry}\n")
    (folder / "use.py").write_text(code)
    command = [sys.executable, "use.py"]
    return subprocess.run(command, cwd=folder, text=True, capture_output=True, check=False)


def test_a_type_of_an_installed_package_is_found_by_its_entry_point(tmp_path: Path) -> None:
    done = run(tmp_path, USE, entry="money:MoneyTransformer")
    assert done.stdout.strip() == "84", done.stderr


def test_a_type_is_registered_by_a_call(tmp_path: Path) -> None:
    done = run(tmp_path, REGISTER.format(make="money.MoneyTransformer") + USE)
    assert done.stdout.strip() == "84", done.stderr


def test_a_class_that_inherits_is_of_the_family(tmp_path: Path) -> None:
    code = USE.replace("from money import Money", "import money\nclass Money(money.Money): pass")
    done = run(tmp_path, code, entry="money:MoneyTransformer")
    assert done.stdout.strip() == "84", done.stderr


def test_an_entry_point_that_does_not_load_is_named(tmp_path: Path) -> None:
    done = run(tmp_path, USE, entry="money:Nothing")
    why = "entry point `money.Money = money:Nothing` of the group `alula.types` (package `money`) does not load"
    assert f"{why}: AttributeError" in done.stderr


def test_a_type_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    assert "`money.Money` has no form on the wire" in run(tmp_path, USE).stderr


def test_a_class_has_one_family() -> None:
    import alula.sdk.types.engine  # noqa: F401  # registers what Alula knows itself

    with pytest.raises(InvalidInput, match=r"`enum\.Enum` has a transformer already") as raised:
        register_type("enum.Enum", lambda *_: pytest.fail("not asked"))
    assert raised.value.code == "PluginConflict"
