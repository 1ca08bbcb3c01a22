"""The unmodified flytekit of PyPI, in an environment of its own, against a real platform."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock

FLYTEKIT = "flytekit==1.16.31"
ENVIRONMENT = Path(__file__).parents[3] / ".venv-flytekit"


@dataclass(frozen=True)
class Pyflyte:
    """`pyflyte`, pointed at a platform, with a home of its own."""

    bin: Path
    home: Path
    endpoint: str

    def environment(self) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("FLYTE", "ALULA", "PYTHON"))}
        return kept | {
            "HOME": str(self.home),
            "PATH": f"{self.bin}:{kept['PATH']}",
            "FLYTE_PLATFORM_URL": self.endpoint,
            "FLYTE_PLATFORM_INSECURE": "true",
        }

    def __call__(self, *arguments: str, status: int = 0, timeout_s: float = 120) -> str:
        """Run it; returns what it printed, both streams."""
        command: Sequence[str] = [str(self.bin / "pyflyte"), *arguments]
        done = subprocess.run(
            command,
            env=dict(self.environment()),
            cwd=Path(__file__).parent,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=timeout_s,
            check=False,
        )
        assert done.returncode == status, done.stdout
        return done.stdout

    def python(self, program: str, *arguments: str) -> str:
        """Run a program with flytekit's Python; returns what it printed."""
        done = subprocess.run(
            [str(self.bin / "python"), "-c", program, *arguments],
            env=dict(self.environment()),
            cwd=Path(__file__).parent,
            text=True,
            capture_output=True,
            timeout=120,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout


@pytest.fixture(scope="session")
def flytekit_bin() -> Path:
    """The environment's `bin`, made on first use by one of the processes that run tests."""
    done = ENVIRONMENT / f".{FLYTEKIT}"
    with FileLock(f"{ENVIRONMENT}.lock"):
        if not done.exists():
            uv = [sys.executable, "-m", "uv"]
            subprocess.run([*uv, "venv", "--quiet", "--clear", "--python", sys.executable, ENVIRONMENT], check=True)
            python = ENVIRONMENT / "bin/python"
            subprocess.run([*uv, "pip", "install", "--quiet", "--python", python, FLYTEKIT], check=True)
            done.touch()
    return ENVIRONMENT / "bin"
