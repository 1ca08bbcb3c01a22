"""What an `ImageSpec` tells a platform about its image."""

from pathlib import Path

import pytest

from alula import ImageSpec, conditional, map_task, reference_task, task, workflow
from alula.core.errors import InvalidInput
from alula.core.policy.image_contents import KEY, contents_of, text_in
from alula.sdk.client.images import recipes_of
from alula.sdk.mistake import Location
from alula.sdk.serialize import SerializationSettings, serialize
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
    assert contents_of(text_in(template, spec.image_name())).image == template.container.image == spec.image_name()
    assert KEY not in task_spec(named, settings).template.config


OWN, LARGE, SMALL = (ImageSpec(name=name, packages=[name]) for name in ("own", "large", "small"))


@task(container_image=OWN)
def count(x: int) -> int:
    return x


@workflow
def counting(xs: list[int], x: int) -> int:
    counted = count.with_overrides(container_image=LARGE)(x=x)
    map_task(count)(x=xs).with_overrides(container_image=SMALL)  # pyright: ignore[reportAttributeAccessIssue]  # a step, by its type a value
    return (
        conditional("more")
        .if_(counted > 3)
        .then(count.with_overrides(container_image=SMALL)(x=counted))
        .else_()
        .then(count.with_overrides(container_image="there:1")(x=counted))
    )


@reference_task(project="p", domain="d", name="there", version="v")
def there(x: int) -> int: ...


@workflow
def referring(x: int) -> int:
    return there(x=x).with_overrides(container_image=LARGE)  # pyright: ignore[reportAttributeAccessIssue]  # as above


def test_a_task_tells_of_the_images_that_steps_give_to_it():
    serialized = serialize(counting, settings=SerializationSettings())
    template = serialized.tasks[count.name].template
    nodes = serialized.workflows[counting.name].template.nodes
    names = {node.task_node.overrides.container_image for node in nodes if node.HasField("task_node")} - {""}
    assert names == {LARGE.image_name()}
    for spec in (OWN, LARGE, SMALL):
        assert contents_of(text_in(template, spec.image_name())).requirements == (spec.name,)
    assert contents_of(text_in(template, "there:1")).image == OWN.image_name()  # nothing is known of that one
    (mapped,) = (each.template for name, each in serialized.tasks.items() if name != count.name)
    assert contents_of(text_in(mapped, SMALL.image_name())).requirements == ("small",)
    built = recipes_of(serialized.python_tasks.values(), serialized.images_of_steps)
    assert {each.name for each in built} == {each.image_name() for each in (OWN, LARGE, SMALL)}


def test_what_is_registered_elsewhere_can_not_tell_of_an_image():
    with pytest.raises(InvalidInput, match="of reference task `there` can't be given an ImageSpec") as refused:
        serialize(referring, settings=SerializationSettings())
    assert LARGE.image_name() in refused.value.fix
