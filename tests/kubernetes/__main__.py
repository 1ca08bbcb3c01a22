"""A cluster for tests. `run COMMAND...` gives one to a command and takes it down again; `up DIR` and `down DIR` leave
that to you; `build` compiles what it is made of."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.kubernetes.cluster import Cluster
from tests.kubernetes.components import components

VARIABLE = "ALULA_TEST_CLUSTER"
"""Names the folder of a running cluster, to tests that want one."""


def main(words: list[str]) -> int:
    match words:
        case ["build"]:
            print(components())
        case ["up", folder]:
            Cluster(Path(folder)).start()
        case ["down", folder]:
            Cluster(Path(folder)).stop()
        case ["run", *command] if command:
            return run(command)
        case _:
            print(__doc__, file=sys.stderr)
            return 2
    return 0


def run(command: list[str]) -> int:
    cluster = Cluster(Path(tempfile.mkdtemp(prefix="alula-k8s-")))
    try:
        cluster.start()
        return subprocess.run(command, env={**os.environ, VARIABLE: str(cluster.folder)}, check=False).returncode
    finally:
        cluster.stop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
