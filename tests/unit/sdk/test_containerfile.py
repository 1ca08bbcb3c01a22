"""The Containerfile of an `ImageSpec`, and the programs that build it."""

from __future__ import annotations

import shutil
import stat
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from alula import ImageSpec, map_task, task, workflow
from alula.core.errors import FailedPrecondition, InvalidInput
from alula.sdk.client.image_builders import BUILDERS, find_builder
from alula.sdk.client.images import build_missing, builders_of, recipes_of
from alula.sdk.mistake import Location
from alula.sdk.serialize.containerfile import REQUIREMENTS, image_recipes
from alula.version import __version__

AT = Location("flow.py", 1)
base = ImageSpec(name="base", registry="r", base_image="debian:12", apt_packages=["git", "a b"], env={"A": "$x"})
top = ImageSpec(
    name="top",
    base_image=base,
    packages=["numpy>=2"],
    pip_index="https://index",
    pip_extra_args="--pre",
    commands=["echo 'it is' built"],
    entrypoint=["/bin/init"],
    platform="linux/arm64",
    builder="default",
)
TOP = f"""\
FROM {base.image_name()}
USER 0
RUN ["/bin/sh", "-c", "python3 -m pip --version || python3 -m ensurepip"]
COPY {REQUIREMENTS} /tmp/{REQUIREMENTS}
RUN ["/bin/sh", "-c", "python3 -m pip install --no-cache-dir --index-url=https://index --pre -r /tmp/{REQUIREMENTS}"]
RUN ["/bin/sh", "-c", "if command -v python3 > /dev/null; then python3 -c 'import alula' || python3 -m pip install \
--no-cache-dir alula=={__version__}; fi"]
ENV _F_IMG_ID="{top.digest}"
RUN ["/bin/sh", "-c", "echo 'it is' built"]
ENTRYPOINT ["/bin/init"]
"""


@task(container_image=top)
def one(x: int) -> int:
    return x


@task(container_image=base)
def two(x: int) -> int:
    return x


@task(container_image=ImageSpec(base_image="there", builder="noop"))
def three(x: int) -> int:
    return x


@workflow
def flow(xs: list[int]) -> list[int]:
    two(x=3)
    return map_task(one)(x=xs)


def test_an_image_is_written_after_those_that_it_is_based_on():
    below, written = image_recipes(top, at=AT)
    assert below.name == f"r/base:{base.tag}"
    assert "apt-get install -y --no-install-recommends git 'a b' &&" in below.containerfile
    assert 'ENV A="\\$x"\n' in below.containerfile
    assert written.containerfile == TOP
    assert (written.requirements, written.platform) == ("numpy>=2\n", "linux/arm64")


CONDA = f"""\
FROM docker.io/mambaorg/micromamba:2.0.3-debian12-slim AS micromamba
FROM docker.io/nvidia/cuda:12.6.3-runtime-ubuntu24.04
USER 0
COPY --from=micromamba /usr/bin/micromamba /usr/bin/micromamba
COPY --from=micromamba /etc/ssl/certs/ca-certificates.crt /tmp/ca-certificates.crt
RUN ["/bin/sh", "-c", "[ -e /etc/ssl/certs/ca-certificates.crt ] || install -D -m 644 /tmp/ca-certificates.crt \
/etc/ssl/certs/ca-certificates.crt"]
RUN ["/bin/sh", "-c", "micromamba create -y -n runtime --root-prefix /opt/micromamba -c conda-forge -c nvidia \
python=3.12 pip 'pytorch>=2' && micromamba clean -y --all"]
ENV PATH="/opt/micromamba/envs/runtime/bin:$PATH"
RUN ["/bin/sh", "-c", "if command -v python3 > /dev/null; then python3 -c 'import alula' || python3 -m pip install \
--no-cache-dir alula=={__version__}; fi"]
"""


def test_conda_brings_a_python_with_its_packages_onto_any_base():
    spec = ImageSpec(
        base_image="docker.io/nvidia/cuda:12.6.3-runtime-ubuntu24.04",
        conda_packages=["pytorch>=2"],
        conda_channels=["nvidia"],
        python_version="3.12",
    )
    (recipe,) = image_recipes(spec, at=AT)
    assert recipe.containerfile == f'{CONDA}ENV _F_IMG_ID="{spec.digest}"\n'
    assert spec.tag != spec._replace(python_version="3.13").tag


def test_packages_of_any_kind_make_another_image():
    spec = ImageSpec(packages=["numpy"])
    assert spec.with_runtime_packages("six").tag != spec.tag != spec.with_packages("six").tag


def test_an_image_that_nothing_builds_is_its_base():
    assert three.settings.container_image == "there"
    with pytest.raises(InvalidInput, match="nothing brings the `runtime_packages` into it"):
        task(container_image=ImageSpec(base_image="there", builder="noop").with_runtime_packages("six"))
    with pytest.raises(InvalidInput, match="the ImageSpec names none"):
        task(container_image=ImageSpec(base_image=base, builder="noop"))


def test_another_alula_or_python_is_another_image(monkeypatch):
    named, bare = ImageSpec(python_version="3.12"), ImageSpec(packages=["numpy"])
    above, on_foreign = ImageSpec(base_image=bare), ImageSpec(base_image="debian:12")
    specs = (named, bare, above, on_foreign)
    before, digests = [each.tag for each in specs], [each.digest for each in specs]
    monkeypatch.setattr(sys, "version_info", SimpleNamespace(major=3, minor=99))
    after = [each.tag for each in specs]
    assert [one == other for one, other in zip(before, after, strict=True)] == [True, False, False, True]
    assert image_recipes(bare, at=AT)[0].containerfile.startswith("FROM docker.io/library/python:3.99-slim\n")
    monkeypatch.setattr("alula.sdk.authoring.image_spec.__version__", "9.9")
    assert not {*before, *after} & {each.tag for each in specs}
    assert digests == [each.digest for each in specs]  # by which a task in the image knows it


def test_the_python_is_that_which_is_named():
    (recipe,) = image_recipes(ImageSpec(python_version="3.12"), at=AT)
    assert recipe.containerfile.startswith("FROM docker.io/library/python:3.12-slim\n")
    (recipe,) = image_recipes(ImageSpec(python_version="3.12", base_image="b", python_exec="/py"), at=AT)
    assert 'RUN ["/bin/sh", "-c", "/py --version | grep -F \\"Python 3.12\\""]' in recipe.containerfile


@pytest.mark.parametrize(
    ("spec", "why"),
    [
        (ImageSpec(cuda="12"), "`cuda` of the ImageSpec is not built here"),
        (ImageSpec(base_image=ImageSpec(cudnn="9")), "`cudnn` of the ImageSpec is not built here"),
        (ImageSpec(conda_packages=["x"], python_exec="/py"), "`python_exec` of the ImageSpec is '/py', and conda"),
        (ImageSpec(env={"A": "1\n2"}), "variable 'A' of the ImageSpec can't stand"),
        (ImageSpec(copy=["/etc/passwd"]), "which is not below the working directory"),
        (ImageSpec(copy=["a/../../b"]), "which is not below the working directory"),
    ],
)
def test_what_is_not_built_is_said_before_anything_is(spec, why):
    with pytest.raises(InvalidInput, match=why) as refused:
        image_recipes(spec, at=AT)
    assert refused.value.code == "ImageNotBuildable"
    assert refused.value.fix


PROGRAM = """#!/bin/sh
echo "$@" >> {log}
case "$1 $2" in
  "version "|"debug workers") exit {ready} ;;
  "image exists") grep -qx "$3" {there}; exit $? ;;
  "build -t") cp "$5" {last}; echo "$3" >> {there}; exit {built} ;;
esac
"""


LOOKS_AT_CONTEXT = """#!/bin/sh
[ "$1" = build ] || exit 1
while [ $# -gt 1 ]; do shift; done
[ -f "$1/data/deep/x" ] && [ -f "$1/run.sh" ]
"""


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is the whole path of programs, but for those of the system's that scripts need."""
    folder = tmp_path / "bin"
    folder.mkdir()
    for name in ("grep", "cp"):
        found = shutil.which(name)
        assert found is not None
        (folder / name).symlink_to(found)
    monkeypatch.setenv("PATH", str(folder))
    monkeypatch.chdir(tmp_path)
    (tmp_path / "there").touch()
    return folder


def program(folder: Path, name: str, *, ready: int = 0, built: int = 0) -> Path:
    """A program that notes what it is asked."""
    above = folder.parent
    log = above / f"{name}.log"
    script = PROGRAM.format(log=log, there=above / "there", last=above / "last", ready=ready, built=built)
    (folder / name).write_text(script)
    (folder / name).chmod(stat.S_IRWXU)
    return log


def test_the_first_builder_that_is_ready_builds(programs):
    program(programs, "docker", ready=1)
    program(programs, "podman")
    program(programs, "buildah")
    assert find_builder().name == "podman"
    assert find_builder("buildah").name == "buildah"
    program(programs, "buildctl")
    assert find_builder(push=True).name == "buildkit"


def test_it_is_said_why_nothing_builds(programs):
    program(programs, "docker", ready=1)
    with pytest.raises(FailedPrecondition) as refused:
        find_builder()
    assert refused.value.message == (
        "nothing here can build images: buildkit keeps no images here, add --push; docker is not ready: it ends with 1;"
        " podman is not installed; buildah is not installed"
    )
    with pytest.raises(InvalidInput, match="there is no builder `kaniko`"):
        find_builder("kaniko")


def test_each_image_is_built_once_and_nothing_again(programs, tmp_path):
    log = program(programs, "podman")
    recipes = recipes_of([one, two, map_task(one), three])
    assert [each.name for each in recipes] == [base.image_name(), top.image_name()]
    builders = builders_of(recipes, "", push=False)
    said: list[str] = []
    assert build_missing(recipes, builders, push=False, say=said.append) == 2
    assert (tmp_path / "last").read_text() == TOP
    assert build_missing(recipes, builders, push=False, say=said.append) == 0
    assert [line.split()[:2] for line in log.read_text().splitlines()].count(["build", "-t"]) == 2
    assert "--platform linux/arm64" in log.read_text()
    assert said[-1] == f"image {top.image_name()} is there"
    assert "push" not in log.read_text()
    build_missing(recipes, builders, push=True, say=said.append)
    assert log.read_text().splitlines()[-1] == f"push {top.image_name()}"


def test_a_build_that_fails_is_an_error(programs):
    program(programs, "podman", built=3)
    recipes = recipes_of([two])
    with pytest.raises(FailedPrecondition, match="`podman build` ended with 3") as failed:
        build_missing(recipes, builders_of(recipes, "", push=False), push=False, say=lambda _: None)
    assert failed.value.code == "ImageBuildFailed"


def test_copied_files_and_folders_are_beside_the_containerfile(programs, tmp_path):
    (tmp_path / "data" / "deep").mkdir(parents=True)
    (tmp_path / "data" / "deep" / "x").write_text("1")
    (tmp_path / "run.sh").write_text("true")
    program(programs, "podman")
    (programs / "podman").write_text(LOOKS_AT_CONTEXT)
    (recipe,) = image_recipes(ImageSpec(copy=["data", "./run.sh"]), at=AT)
    assert 'COPY ["data", "/root/data"]' in recipe.containerfile
    podman = next(each for each in BUILDERS if each.name == "podman")
    assert build_missing([recipe], {recipe.name: podman}, push=False, say=lambda _: None) == 1


@pytest.mark.parametrize("name", [each.name for each in BUILDERS])
def test_every_builder_is_told_all(name):
    builder = next(each for each in BUILDERS if each.name == name)
    words = " ".join(builder.build("r/x:1", "/context", "linux/arm64"))
    for each in ("r/x:1", "/context", "Containerfile", "linux/arm64"):
        assert each in words
