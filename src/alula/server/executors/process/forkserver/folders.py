"""Working folders: made for one attempt, and used again by others while they are left clean."""

from __future__ import annotations

import os
from collections.abc import Sequence


def prepare_folder(path: str, links: Sequence[tuple[str, str]]) -> None:
    """A working folder with these links in it and nothing else."""
    try:
        os.mkdir(path)
    except FileExistsError:  # left clean by the attempt before: making folders is dear, so they are used again
        return
    for link, target in links:
        os.symlink(target, f"{path}/{link}")


def clean_folder(path: str, links: Sequence[tuple[str, str]]) -> None:
    """Leave a working folder as `prepare_folder` made it, or remove it."""
    try:
        names = os.listdir(path)
        is_clean = len(names) == len(links) and all(os.readlink(f"{path}/{name}") == to for name, to in links)
    except OSError:
        is_clean = False
    if not is_clean:
        import shutil  # lazy: a fork pays for what is loaded

        shutil.rmtree(path, ignore_errors=True)
