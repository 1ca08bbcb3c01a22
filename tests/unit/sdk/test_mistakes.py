"""Each mistake in `mistakes.md` is told as it stands there."""

import re
from pathlib import Path
from types import ModuleType

import pytest

from alula.cli.failures import UserCodeError
from alula.cli.load import load, source_of
from alula.core.errors import AlulaError

PAGE = Path(__file__).with_name("mistakes.md").read_text()
HEAD = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)[0]
CASE = re.compile(r"^## ([^\n]+)\n\n```python\n(.*?)```\n\n```\n(.*?)\n```$", re.MULTILINE | re.DOTALL)
CASES = {title: (code, says) for title, code, says in CASE.findall(PAGE)}


def module_of(folder: Path, number: int, source: str) -> ModuleType:
    path = folder / f"mistake_{number}.py"
    path.write_text(f"{HEAD}\n{source}")
    return load(source_of(path))


def told(error: Exception) -> str:
    if isinstance(error, UserCodeError | AlulaError):
        return f"error[{error.code}]: {error.message}" + (f"\nfix: {error.fix}" if error.fix else "")
    return "\n".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", ())])


@pytest.mark.parametrize("title", CASES)
def test_a_mistake_is_told_so(title, tmp_path, monkeypatch):
    monkeypatch.setenv("ALULA_LOCAL_CACHE", str(tmp_path / "cache"))
    code, says = CASES[title]
    number = list(CASES).index(title)
    try:
        answer = f"gives {module_of(tmp_path, number, code).w()!r}"
    except Exception as error:  # noqa: BLE001 of the author's code, or about it
        answer = told(error)
    answer = re.sub(rf"^(error\[\w+\]: ){re.escape(str(tmp_path))}/\w+.py:\d+: ", r"\1", answer)
    answer = answer.replace(str(tmp_path / f"mistake_{number}.py"), "FILE")
    assert re.sub(rf"\bmistake_{number}\b", "MODULE", answer) == says


def test_all_that_were_tried_are_there():
    assert len(CASES) == 33
