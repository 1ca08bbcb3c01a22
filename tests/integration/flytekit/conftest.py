"""`pyflyte` and programs of the unmodified flytekit, against a real platform."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path


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

    def python(self, program: str, *arguments: str, timeout_s: float = 120) -> str:
        """Run a program with flytekit's Python; returns what it printed."""
        done = subprocess.run(
            [str(self.bin / "python"), "-c", program, *arguments],
            env=dict(self.environment()),
            cwd=Path(__file__).parent,
            text=True,
            capture_output=True,
            timeout=timeout_s,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout
