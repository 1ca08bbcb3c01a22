"""The files of `conformance/` say what the code does."""

from __future__ import annotations

import pytest
from tests.conformance.documents import FOLDER, documents


@pytest.fixture(scope="module")
def made() -> dict[str, str]:
    return documents()


def test_each_file_is_made_and_described(made: dict[str, str]) -> None:
    assert {path.name for path in FOLDER.iterdir()} == {*made, "README.md"}
    described = (FOLDER / "README.md").read_text()
    assert [name for name in made if f"| `{name}` |" not in described] == []


def test_the_files_are_up_to_date(made: dict[str, str]) -> None:
    old = [name for name, text in made.items() if (FOLDER / name).read_text() != text]
    assert old == [], "run `make conformance`, and look at the difference: others rely on these files"
