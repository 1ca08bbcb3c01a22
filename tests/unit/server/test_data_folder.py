from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from alula.core.errors import FailedPrecondition
from alula.server import data_folder


def test_a_folder_that_is_there_is_fine(tmp_path: Path) -> None:
    with data_folder.held(tmp_path / "data") as holding:
        holding.check()


@pytest.mark.parametrize("replaced", [False, True])
def test_a_folder_that_was_removed_or_replaced_is_noticed(tmp_path: Path, replaced: bool) -> None:
    folder = tmp_path / "data"
    with data_folder.held(folder) as holding:
        shutil.rmtree(folder)
        if replaced:
            folder.mkdir()
            (folder / data_folder.LOCK).touch()
        with pytest.raises(FailedPrecondition) as caught:
            holding.check()
    assert caught.value.code == "DataFolderGone"
