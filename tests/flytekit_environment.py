"""The unmodified flytekit of PyPI, in an environment of its own that the processes of the tests share."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from filelock import FileLock

PACKAGES = ("flytekit[connector]==1.16.31", "pandas==3.1.1", "pyarrow==26.0.1")
ENVIRONMENT = Path(__file__).parents[1] / ".venv-flytekit"


def made() -> Path:
    """The environment's `bin`, made on first use by one of the processes that run tests."""
    done = ENVIRONMENT / f".{' '.join(PACKAGES)}"
    with FileLock(f"{ENVIRONMENT}.lock"):
        if not done.exists():
            uv = [sys.executable, "-m", "uv"]
            subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, ENVIRONMENT], check=True)
            python = ENVIRONMENT / "bin/python"
            subprocess.run([*uv, "pip", "install", "--quiet", "--python", python, *PACKAGES], check=True)
            done.touch()
    return ENVIRONMENT / "bin"
