"""Images that are built by `deploy/image`, on a base that this machine makes of Debian's packages: nothing is pulled.

It needs root, podman, runc, debootstrap, and the registries of Debian and PyPI. `make test-deploy` asks for it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

import pytest

VARIABLE = "ALULA_DEPLOY"
"""Set where these tests are wanted: they build for minutes."""
ROOT = Path(__file__).parents[2]
BASE = "localhost/alula-base:bookworm"
_PACKAGES = "python3,python3-venv,ca-certificates"
LIMITS = ("--ulimit", "nofile=1024:1024", "--ulimit", "nproc=1024:1024")
"""No container here may have more than this process."""
RUNTIME = ("--runtime", "runc")


def wanted() -> None:
    if not os.environ.get(VARIABLE):
        pytest.skip("builds images; `make test-deploy` does")
    missing = [name for name in ("podman", "runc", "debootstrap") if shutil.which(name) is None]
    assert not missing, f"there is no {', '.join(missing)} here"


def podman(*words: str | Path) -> str:
    """The output of a command."""
    done = subprocess.run(["podman", *RUNTIME, *words], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-5000:]
    return done.stdout


def run(image: str, *words: str, options: Sequence[str] = ()) -> str:
    """What a container says until it ends, or its id with `-d` among the options."""
    return podman("run", *LIMITS, "--network", "host", *options, image, *words)


def built(name: str, target: str = "platform", *options: str) -> None:
    """Build an image of this checkout. Cold, two minutes."""
    _make_base()
    certificates = "/etc/ssl/certs:/etc/ssl/certs:ro"  # a machine's own among them
    script = ROOT / "deploy/image/build.sh"
    words = ["--build-arg", f"BASE={BASE}", "--network", "host", "-v", certificates, *LIMITS, *options]
    environment = {**os.environ, "BUILDER": "podman", "BUILDER_OPTIONS": " ".join(RUNTIME)}
    done = subprocess.run([script, name, target, *words], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-2000:] + done.stderr[-5000:]


def _make_base() -> None:
    if subprocess.run(["podman", "image", "exists", BASE], check=False).returncode == 0:
        return
    with tempfile.TemporaryDirectory() as folder:
        words = ["debootstrap", "--variant=minbase", f"--include={_PACKAGES}", "bookworm", f"{folder}/root"]
        subprocess.run(words, check=True, capture_output=True)
        shutil.rmtree(f"{folder}/root/var/cache/apt")
        subprocess.run(["tar", "-C", f"{folder}/root", "-cf", f"{folder}/root.tar", "."], check=True)
        podman("import", f"{folder}/root.tar", BASE)
