"""What an `ImageSpec` tells a platform about its image."""

from pathlib import Path

import pytest

from alula import ImageSpec, task
from alula.core.errors import InvalidInput
from alula.core.policy.image_contents import KEY, contents_of, text_in
from alula.sdk.mistake import Location
from alula.sdk.serialize import SerializationSettings
from alula.sdk.serialize.images import image_contents
from alula.sdk.serialize.tasks import task_spec

AT = Location("flow.py", 1)


def told(spec: ImageSpec):
    return image_contents(spec, at=AT)


def test_packages_come_with_those_of_the_image_below():
    below = ImageSpec(name="below", packages=["numpy"], python_version="3.12", pip_index="i", env={"A": "1", "B": "1"})
    spec = ImageSpec(name="x", base_image=below, packages=["pandas"], runtime_packages=["debugpy"], env={"B": "2"})
    found = told(spec)
    assert (found.image, found.python, found.index) == (spec.image_name(), "3.12", "i")
    assert found.requirements == ("numpy", "pandas", "debugpy")
    assert dict(found.variables) == {"A": "1", "B": "2", "_F_IMG_ID": spec.digest}


@pytest.mark.parametrize(
    ("spec", "beyond"),
    [
        (ImageSpec(registry="r", builder="b", entrypoint=["x"]), ()),
        (ImageSpec(apt_packages=["git"], cuda="12"), ("apt_packages", "cuda")),
        (ImageSpec(base_image=ImageSpec(commands=["x"]), conda_packages=["y"]), ("commands", "conda_packages")),
        (ImageSpec(base_image="debian:12"), ("base_image",)),
        (ImageSpec(base_image="ghcr.io/flyteorg/flytekit:py3.12-latest"), ()),
    ],
)
def test_what_no_python_environment_can_have_is_named(spec, beyond):
    assert told(spec).beyond == beyond


def test_the_python_is_that_of_flytekits_image():
    assert told(ImageSpec(base_image="ghcr.io/flyteorg/flytekit:py3.12-latest")).python == "3.12"


FILES = {
    "requirements.txt": "# ours\nnumpy>=2  # fast\n\ntorch==2.6 \\\n    --hash=sha256:0f\nx @ file:///x#egg=x\n",
    "pyproject.toml": '[project]\nname = "p"\ndependencies = ["numpy>=2", "torch"]\n',
}
LINES = {
    "requirements.txt": ("numpy>=2", "torch==2.6 --hash=sha256:0f", "x @ file:///x#egg=x"),
    "pyproject.toml": ("numpy>=2", "torch"),
}


@pytest.mark.parametrize("name", FILES)
def test_requirements_are_read_from_a_file(tmp_path, name):
    (tmp_path / name).write_text(FILES[name])
    assert told(ImageSpec(requirements=str(tmp_path / name))).requirements == LINES[name]


def test_what_uv_has_locked_is_read_by_uv(tmp_path):
    (tmp_path / "pyproject.toml").write_text('[project]\nname = "p"\nversion = "1"\nrequires-python = ">=3.11"\n')
    (tmp_path / "uv.lock").write_text(
        'version = 1\nrequires-python = ">=3.11"\n[[package]]\nname = "p"\nversion = "1"\nsource = { virtual = "." }\n'
    )
    assert told(ImageSpec(requirements=str(tmp_path / "uv.lock"))).requirements == ()


@pytest.mark.parametrize(
    ("name", "text", "says"),
    [
        ("poetry.lock", "", "poetry export"),
        ("requirements.txt", "-r more.txt", "-r more.txt"),
        ("pyproject.toml", "[", "can't be read"),
        ("uv.lock", "[", "can't be read by uv"),
    ],
)
def test_a_file_that_can_not_be_used_is_a_mistake_with_its_place(tmp_path: Path, name, text, says):
    (tmp_path / name).write_text(text)
    with pytest.raises(InvalidInput, match=says) as refused:
        told(ImageSpec(requirements=str(tmp_path / name)))
    assert refused.value.code == "InvalidImage"
    assert str(refused.value).startswith("flow.py:1: ")


def test_only_a_task_with_a_spec_tells_of_contents():
    spec = ImageSpec(packages=["numpy"])

    @task(container_image=spec)
    def told_of() -> int:
        return 1

    @task(container_image="x:1")
    def named() -> int:
        return 1

    settings = SerializationSettings(require_importable=False)
    template = task_spec(told_of, settings).template
    assert contents_of(text_in(template)).image == template.container.image == spec.image_name()
    assert KEY not in task_spec(named, settings).template.config
