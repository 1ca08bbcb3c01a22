"""The compose file: it says what it means, and its variables are the platform's settings."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from tests.deploy.images import ROOT, wanted

from alula.server.settings.loading import load_settings

FILE = ROOT / "deploy/compose/compose.yaml"
PASSWORDS = {"DATABASE_PASSWORD": "p/w", "OBJECTS_SECRET_KEY": "a secret"}
VERSION = "podman-compose==1.6.0"


def config(**variables: str) -> subprocess.CompletedProcess[str]:
    """The file as a program for such files understands it."""
    words = [str(Path(sys.executable).with_name("uv")), "tool", "run", "--from", VERSION, "podman-compose"]
    environment = {**os.environ, **variables}
    return subprocess.run([*words, "-f", FILE, "config"], env=environment, capture_output=True, text=True, check=False)


def test_the_platform_understands_its_variables() -> None:
    wanted()
    done = config(**PASSWORDS)
    assert done.returncode == 0, done.stderr
    document: dict[str, Any] = yaml.safe_load(done.stdout)
    settings = load_settings({}, document["services"]["platform"]["environment"])
    assert settings.store.database == "postgresql://alula:p%2Fw@database:5432/alula"
    assert (settings.objects.secret_key, settings.objects.region) == ("a secret", "us-east-1")
    assert document["services"].keys() == {"platform", "database", "objects", "bucket"}


@pytest.mark.parametrize("missing", sorted(PASSWORDS))
def test_there_are_no_passwords_by_default(missing: str) -> None:
    wanted()
    done = config(**{name: value for name, value in PASSWORDS.items() if name != missing})
    assert done.returncode != 0
    assert "env.example" in done.stdout + done.stderr
