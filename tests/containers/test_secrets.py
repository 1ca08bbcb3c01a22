"""Secrets in containers of a real runtime."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest
from tests.containers.boxes import Boxes
from tests.contract.executor.outside import Lives

from alula.core.policy.security import SecretReference
from alula.server.executor import AttemptSpec

pytestmark = pytest.mark.anyio


@pytest.fixture
def secrets(boxes: Boxes) -> Path:
    """The folder of secrets of the tests' project and domain."""
    folder = boxes.folder / "secrets/p/d"
    (folder / "DB").mkdir(parents=True)
    (folder / "DB/password").write_text("open {{.input}} sesame\n")
    (folder / "token").write_text("of no group")
    boxes.options = msgspec.structs.replace(
        boxes.options, secrets=f"{boxes.folder}/secrets/{{{{ project }}}}/{{{{ domain }}}}"
    )
    return folder


def asking(boxes: Boxes, does: str, *wanted: SecretReference) -> AttemptSpec:
    return msgspec.structs.replace(boxes.script("n0", does), secrets=wanted)


async def log_of(lives: Lives, spec: AttemptSpec) -> str:
    async with lives.begin() as life:
        end = await life.run(spec)
        assert end.phase == "SUCCEEDED", end.error
    return Path(spec.output_prefix, "log.txt").read_text()


@pytest.mark.usefixtures("secrets")
async def test_a_secret_is_a_variable_as_it_is(lives: Lives, boxes: Boxes) -> None:
    wanted = (
        SecretReference("DB", "password"),
        SecretReference("", "token"),
        SecretReference("DB", "password", "", "ANY", "OWN"),
    )
    spec = asking(boxes, 'echo "$_FSEC_DB_PASSWORD|$_FSEC_TOKEN|$OWN"', *wanted)
    assert await log_of(lives, spec) == "open {{.input}} sesame|of no group|open {{.input}} sesame\n"


@pytest.mark.usefixtures("secrets")
async def test_a_secret_is_a_file_that_can_not_be_changed(lives: Lives, boxes: Boxes) -> None:
    path = "$FLYTE_SECRETS_DEFAULT_DIR/db/password"
    does = f"cat {path}; (echo other > {path}) 2>&1 || echo refused; env | grep -q sesame || echo no variable"
    said = await log_of(lives, asking(boxes, does, SecretReference("DB", "password", form="FILE")))
    assert said.startswith("open {{.input}} sesame\n")
    assert "refused" in said
    assert "no variable" in said


@pytest.mark.parametrize(
    "wanted",
    [
        SecretReference("DB", "nothing"),
        SecretReference("db", "password"),
        SecretReference("..", "token"),
        SecretReference("", "../../q/d/token"),
        SecretReference("", "DB"),
        SecretReference("", ""),
        SecretReference("DB", "nothing", form="FILE"),
    ],
)
async def test_a_secret_that_is_not_there_is_named_before_anything_runs(
    lives: Lives, boxes: Boxes, secrets: Path, wanted: SecretReference
) -> None:
    async with lives.begin() as life:
        spec = asking(boxes, "true", wanted)
        error = (await life.run(spec)).error
        assert error is not None
        assert (error.code, error.kind, error.recoverable) == ("SecretNotFound", "USER", False)
        assert str(secrets) in error.message
        assert life.phases(spec) == ["FAILED"]
    assert boxes.left() == []


async def test_without_a_folder_a_variable_that_is_set_will_do(lives: Lives, boxes: Boxes) -> None:
    spec = asking(boxes, 'echo "$_FSEC_DB_PASSWORD"', SecretReference("db", "password"))
    spec = msgspec.structs.replace(spec, environment={"_FSEC_DB_PASSWORD": "of the run"})
    assert await log_of(lives, spec) == "of the run\n"


async def test_what_is_no_text_can_be_a_file_only(lives: Lives, boxes: Boxes, secrets: Path) -> None:
    (secrets / "DB/key").write_bytes(b"\xff\0")
    async with lives.begin() as life:
        error = (await life.run(asking(boxes, "true", SecretReference("DB", "key")))).error
        assert error is not None
        assert error.code == "SecretNotReadable"
    spec = asking(boxes, "wc -c < /etc/flyte/secrets/db/key", SecretReference("DB", "key", form="FILE"))
    spec = msgspec.structs.replace(spec, id=spec.id._replace(node_id="n1"))
    assert (await log_of(lives, spec)).strip() == "2"
