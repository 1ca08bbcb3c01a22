"""The components of a cluster, compiled from their Go modules once and kept outside the checkout."""

from __future__ import annotations

import hashlib
import json
import os
import subprocess
from pathlib import Path

SOURCE = Path(__file__).parent / "components"
KWOK = "sigs.k8s.io/kwok"
KWOK_VERSION = "v0.7.0"
VERSION = "-X k8s.io/component-base/version.gitVersion=v1.34.4"
"""What the components say that they are: that of go.mod. Charts ask for it."""
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "alula-test-servers"


def components() -> Path:
    """One program that is etcd, the API server, the controllers, the scheduler and the kubelet. Cold, 8 minutes of two
    processors."""
    files = sorted(SOURCE.iterdir())
    digest = hashlib.sha256(b"".join(file.read_bytes() for file in files) + VERSION.encode()).hexdigest()[:12]
    program = CACHE / f"kubernetes-{digest}"
    if not program.exists():
        CACHE.mkdir(parents=True, exist_ok=True)
        unfinished = program.with_suffix(f".{os.getpid()}")
        subprocess.run(["go", "build", "-trimpath", "-ldflags", VERSION, "-o", unfinished, "."], cwd=SOURCE, check=True)
        unfinished.rename(program)
    return program


def kwok() -> tuple[Path, Path]:
    """The program that plays nodes, and the folder of the stages that its objects go through. Cold, 2 minutes."""
    folder = CACHE / f"kwok-{KWOK_VERSION}"
    program = folder / "kwok"
    if not program.exists():
        package = f"{KWOK}/cmd/kwok@{KWOK_VERSION}"
        subprocess.run(["go", "install", package], env={**os.environ, "GOBIN": str(folder)}, check=True)
    told = subprocess.run(
        ["go", "mod", "download", "-json", f"{KWOK}@{KWOK_VERSION}"], capture_output=True, text=True, check=True
    )
    return program, Path(json.loads(told.stdout)["Dir"]) / "kustomize/stage"
