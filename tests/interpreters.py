"""Other versions of Python on this machine: `python -m tests.interpreters 3.13` prints where one is."""

from __future__ import annotations

import os
import pwd
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path


def find_python(version: str) -> str | None:
    """An interpreter of this version (`3.13`) that runs, None if there is none."""
    return next((each for each in _candidates(version) if _runs(each)), None)


def _candidates(version: str) -> Iterator[str]:
    home = Path(pwd.getpwuid(os.getuid()).pw_dir)  # not HOME, which a caller may have set to anything
    for root in (os.environ.get("PYENV_ROOT"), home / ".pyenv"):
        yield from map(str, sorted(Path(root or "/nonexistent").glob(f"versions/{version}.*/bin/python"), reverse=True))
    for folder in os.get_exec_path():
        yield from filter(None, [shutil.which(f"python{version}", path=folder)])


def _runs(python: str) -> bool:
    """pyenv has a command on PATH for each version, also for those that can't be run by it."""
    return subprocess.run([python, "-c", ""], capture_output=True, check=False).returncode == 0


if __name__ == "__main__":
    found = find_python(sys.argv[1])
    print(found or f"no Python {sys.argv[1]} on this machine", file=sys.stdout if found else sys.stderr)
    sys.exit(found is None)
