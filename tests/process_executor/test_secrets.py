"""Secrets of an operator's folder in processes."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.attempts.bundle import make_bundle, task_command
from tests.attempts.harness import Harness
from tests.attempts.specs import attempt
from tests.present import failure
from tests.process_executor.running import log_of, on_executor, run_one

from alula.core.policy.security import SecretReference
from alula.server.executor import AttemptSpec

PLACE = "{{ project }}/{{ domain }}"
PASSWORD, KEY = SecretReference("DB", "password"), SecretReference("TLS", "key", form="FILE")
NEWER, USER = SecretReference("TLS", "key", "v2", "FILE"), SecretReference("user-info", "name")
SHOWS = """
import os

def show():
    print([name for name in os.environ if name.startswith(("_FSEC_", "FLYTE_SECRETS_"))], os.getppid())
    if "_FSEC_DB_PASSWORD" in os.environ:
        from alula.sdk.task_context.secret import Secrets
        print(Secrets().get("DB", "password"), Secrets().get("TLS", "key"))
        print(Secrets().get("TLS", "key", "v2"), Secrets().get("user-info", "name"))
        print(Secrets().get_secrets_file("TLS", "key", "v2"))
"""


@pytest.fixture
def place(tmp_path: Path) -> str:
    """The setting that names the folder of secrets."""
    for name, text in (
        ("DB/password", "open sesame\n"),
        ("TLS/key", "a key"),
        ("TLS/v2/key", "newer"),
        ("user-info/name", "ada"),
        ("token", "of no group"),
    ):
        file = tmp_path / "secrets/p/d" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return f"{tmp_path}/secrets/{PLACE}"


def asking(spec: AttemptSpec, *wanted: SecretReference) -> AttemptSpec:
    return msgspec.structs.replace(spec, secrets=wanted)


def test_a_program_has_the_secrets_that_it_asks_for(tmp_path: Path, place: str) -> None:
    does = 'echo "$_FSEC_DB_PASSWORD|$OWN"; cat "$FLYTE_SECRETS_DEFAULT_DIR/tls/key"; env | grep -c "a key"; true'
    own = SecretReference("", "token", "", "ENV_VAR", "OWN")
    spec = asking(attempt(tmp_path, "sh", "-c", does), PASSWORD, KEY, own)
    assert run_one(tmp_path, spec, secrets=place).phase == "SUCCEEDED"
    assert log_of(spec) == "open sesame|of no group\na key0\n"


def test_a_fork_has_secrets_that_the_next_of_its_server_has_not(tmp_path: Path, place: str) -> None:
    bundle = make_bundle(tmp_path / "code.tar.gz", {"mine.py": SHOWS})
    specs = [attempt(tmp_path, *task_command(bundle, "show", module="mine"), node=f"n{each}") for each in range(2)]
    first, second = asking(specs[0], PASSWORD, NEWER, KEY, USER), specs[1]

    async def scenario(harness: Harness) -> None:
        for spec in (first, second):
            assert (await harness.run(spec)).phase == "SUCCEEDED", log_of(spec)

    on_executor(tmp_path, scenario, secrets=place)
    head, shown, others, path = log_of(first).splitlines()
    assert shown == "open sesame a key"
    assert others == "newer ada"
    assert path.endswith("/tls/v2/key")
    assert not Path(path).exists()
    names, _, server = head.rpartition(" ")
    assert names == "['_FSEC_DB_PASSWORD', '_FSEC_USER-INFO_NAME', 'FLYTE_SECRETS_DEFAULT_DIR']"
    assert log_of(second) == f"[] {server}\n"
    assert (tmp_path / "secrets/p/d/TLS/key").read_text() == "a key"
    assert list((tmp_path / "work/secrets").iterdir()) == []


@pytest.mark.parametrize(
    "wanted",
    [
        SecretReference("DB", "nothing", form="ENV_VAR"),
        SecretReference("DB", "nothing", form="FILE"),
        SecretReference("DB", "password", "v1", "FILE"),
    ],
)
def test_a_secret_that_is_not_there_is_named_before_anything_runs(
    tmp_path: Path, place: str, wanted: SecretReference
) -> None:
    spec = asking(attempt(tmp_path, "true"), wanted)

    async def scenario(harness: Harness) -> None:
        error = failure(await harness.run(spec))
        assert (error.code, error.kind, error.recoverable) == ("SecretNotFound", "USER", False)
        assert repr("/".join(wanted.names)) in error.message
        assert f"{tmp_path}/secrets/p/d" in error.message
        assert harness.of(spec, "RUNNING") == []

    on_executor(tmp_path, scenario, secrets=place)


def test_without_a_folder_a_process_has_what_its_variables_are(tmp_path: Path) -> None:
    spec = attempt(tmp_path, "sh", "-c", 'echo "$_FSEC_DB_PASSWORD"', environment={"_FSEC_DB_PASSWORD": "of the run"})
    spec = asking(spec, PASSWORD, KEY)
    assert run_one(tmp_path, spec).phase == "SUCCEEDED"
    assert log_of(spec) == "of the run\n"
