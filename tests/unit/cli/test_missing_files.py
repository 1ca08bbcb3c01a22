"""The fix for a file that is not there."""

from __future__ import annotations

from pathlib import Path

from alula.cli.missing_files import fix_for_missing


def test_the_nearest_name_in_its_folder(tmp_path: Path) -> None:
    for name in ("pipeline.py", "pipelin.txt"):
        (tmp_path / name).touch()
    assert fix_for_missing(tmp_path / "pipelin.py", ".py") == f"did you mean `{tmp_path / 'pipeline.py'}`?"


def test_else_from_where_a_path_is_read(tmp_path: Path) -> None:
    hint = f"give its path, whole or from {Path.cwd()}"
    assert fix_for_missing(tmp_path / "a.py") == hint
    assert fix_for_missing(tmp_path / "no/a.py") == f"there is no folder `{tmp_path}/no` to be read; {hint}"
