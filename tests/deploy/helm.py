"""Helm, compiled from its Go module once and kept outside the checkout, and the chart."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import yaml
from tests.deploy.images import ROOT
from tests.kubernetes.components import CACHE

VERSION = "v3.19.0"
CHART = ROOT / "deploy/helm/alula"
KUBERNETES = "1.34.0"
NEEDED = {"database": {"url": "postgresql://alula@db/alula"}, "objects": {"url": "s3://bucket/alula"}}
"""The values that the chart can't do without."""


def helm(*words: str | Path, kubeconfig: Path | None = None) -> str:
    """The output of a command. Raises `AssertionError` with what it says."""
    program = CACHE / f"helm-{VERSION}/helm"
    if not program.exists():
        package = f"helm.sh/helm/v3/cmd/helm@{VERSION}"
        subprocess.run(["go", "install", package], env={**os.environ, "GOBIN": str(program.parent)}, check=True)
    environment = {**os.environ, "KUBECONFIG": str(kubeconfig or "/dev/null")}
    done = subprocess.run([program, *words], env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def rendered(folder: Path, namespace: str = "flow", /, **values: Any) -> dict[tuple[str, str], dict[str, Any]]:
    """The objects of a release by kind and name. `values` are laid over those that are needed."""
    text = helm(
        "template", "alula", CHART, "-n", namespace, "--kube-version", KUBERNETES, "-f", written(folder, **values)
    )
    found = [each for each in yaml.safe_load_all(text) if each]
    return {(each["kind"], each["metadata"]["name"]): each for each in found}


def written(folder: Path, **values: Any) -> Path:
    """A file of values."""
    path = folder / "values.json"
    path.write_text(json.dumps({**NEEDED, **values}))
    return path
