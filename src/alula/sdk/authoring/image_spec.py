"""`ImageSpec`: the contents of the image in which a task runs, and the name that follows from them."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, TypeAlias

from alula.sdk.absent_members import lacks_keywords, lacks_members
from alula.sdk.authoring.settings import check_labels
from alula.sdk.mistake import Location, caller, mistake
from alula.version import __version__

Base: TypeAlias = "str | ImageSpec"
NOT_BUILT = "noop"
"""flytekit's builder of images that are there without it: the base is the image."""
_TEXTS = (
    *("name", "registry", "python_version", "builder", "source_root", "requirements", "cuda", "cudnn", "platform"),
    *("pip_index", "pip_extra_args", "tag_format", "python_exec"),
)
_LISTS = (
    *("packages", "runtime_packages", "apt_packages", "conda_packages", "conda_channels", "pip_extra_index_url"),
    *("commands", "copy", "entrypoint"),
)
_NEEDS_BUILDING = (
    "packages",
    "requirements",
    "runtime_packages",
    "apt_packages",
    "conda_packages",
    "commands",
    "copy",
    "env",
)


class ImageSpec(NamedTuple):
    """An image for `@task(container_image=...)`, named by its contents: other packages are another image.

    A platform without containers makes a Python environment of it.

    ```python
    image = ImageSpec(name="training", registry="localhost:30000", packages=["torch==2.6"])
    ```
    """

    name: str = "flytekit"
    python_version: str | None = None
    builder: str | None = None
    source_root: str | None = None
    """flytekit's folder of code for the image: changes its name alone, as code goes along at registration."""
    env: Mapping[str, str] | None = None
    registry: str | None = None
    packages: Sequence[str] | None = None
    conda_packages: Sequence[str] | None = None
    conda_channels: Sequence[str] | None = None
    requirements: str | None = None
    """The path of a file with requirements, of a `pyproject.toml` or of a `uv.lock`."""
    apt_packages: Sequence[str] | None = None
    cuda: str | None = None
    cudnn: str | None = None
    base_image: Base | None = None
    platform: str | None = None
    pip_index: str | None = None
    pip_extra_index_url: Sequence[str] | None = None
    pip_extra_args: str | None = None
    entrypoint: Sequence[str] | None = None
    commands: Sequence[str] | None = None
    tag_format: str | None = None
    copy: Sequence[str] | None = None
    """Paths of files and folders to be in the image."""
    python_exec: str | None = None
    runtime_packages: Sequence[str] | None = None
    """More packages; they are in the image as well."""

    @property
    def tag(self) -> str:
        """A digest of all that is in the image, in the `tag_format` if there is one: beside the contents the version
        of Alula, and that of Python where it is not the base's."""
        contents = self._contents()
        if isinstance(self.base_image, ImageSpec):
            contents["base_image"] = self.base_image.image_name()
        if self.has_conda or not self.base_image:
            contents["python_version"] = self.python
        digest = _digest(contents | {"alula": __version__})
        return self.tag_format.format(spec_hash=digest) if self.tag_format else digest

    @property
    def python(self) -> str:
        """The version of Python in an image that does not have that of its base: the one that is named, or else that
        of this process."""
        return self.python_version or f"{sys.version_info.major}.{sys.version_info.minor}"

    @property
    def has_conda(self) -> bool:
        """True if its Python is one of conda."""
        return bool(self.conda_packages or self.conda_channels)

    def image_name(self) -> str:
        """The whole name of the image: `registry/name:tag`, or that of the base if nothing builds it."""
        if self.builder == NOT_BUILT and isinstance(self.base_image, str):
            return self.base_image
        name = f"{self.name.lower()}:{self.tag}"
        return f"{self.registry.lower().rstrip('/')}/{name}" if self.registry else name

    def is_container(self) -> bool:
        """True if this process may run in the image, so that its packages may be imported: also where it is not
        known."""
        return os.environ.get("_F_IMG_ID", self.digest) == self.digest

    @classmethod
    def from_env(cls, *, pinned_packages: Sequence[str] | None = None, **settings: Any) -> ImageSpec:  # Any: fields
        """An image with this process's version of Python, and with these packages in the versions that it has.

        Raises `InvalidInput` for a package that is not installed.
        """
        from importlib.metadata import PackageNotFoundError, version  # lazy: only when used

        if settings.get("python_version") is not None:
            why = "`ImageSpec.from_env` takes the version of Python from this process"
            raise mistake("InvalidImage", why, at=caller(), fix="leave `python_version` out, or write `ImageSpec(...)`")
        try:
            pinned = [f"{name}=={version(name)}" for name in pinned_packages or ()]
        except PackageNotFoundError as error:
            why = f"`pinned_packages` has {error.name!r}, which is not installed here"
            raise mistake("InvalidImage", why, at=caller(), fix="name it with its version in `packages`") from None
        settings["packages"] = _joined(settings.get("packages"), pinned)
        settings["python_version"] = f"{sys.version_info.major}.{sys.version_info.minor}"
        return cls(**settings)

    def with_packages(self, packages: str | Sequence[str]) -> ImageSpec:
        """This image with more packages."""
        return self._replace(packages=_joined(self.packages, packages))

    def with_apt_packages(self, apt_packages: str | Sequence[str]) -> ImageSpec:
        """This image with more packages of the system."""
        return self._replace(apt_packages=_joined(self.apt_packages, apt_packages))

    def with_runtime_packages(self, runtime_packages: str | Sequence[str]) -> ImageSpec:
        """This image with more packages that are needed where it runs."""
        return self._replace(runtime_packages=_joined(self.runtime_packages, runtime_packages))

    def with_commands(self, commands: str | Sequence[str]) -> ImageSpec:
        """This image after more commands."""
        return self._replace(commands=_joined(self.commands, commands))

    def with_copy(self, src: str | Sequence[str]) -> ImageSpec:
        """This image with more files and folders."""
        return self._replace(copy=_joined(self.copy, src))

    @property
    def digest(self) -> str:
        """A digest of the contents, the same inside the image, where another Alula or Python may tell it."""
        return _digest(self._contents())

    @property
    def id(self) -> str:
        """The digest, by flytekit's name."""
        return self.digest

    def _contents(self) -> dict[str, object]:
        contents: dict[str, object] = {
            name: value
            for name, value in self._asdict().items()
            if value is not None and name not in ("builder", "tag_format", "registry", "name")
        }
        if isinstance(self.base_image, ImageSpec):
            contents["base_image"] = self.base_image.digest
        for path in filter(None, (self.requirements, *(self.copy or ()))):
            contents[f"content of {path}"] = _digest_of(path)
        return contents


_CONFIGURED = "set them where the program that builds is configured"
_ABSENT = {
    "pip_secret_mounts": "build an image with the private packages, and name it as `base_image`",
    "registry_config": "log in with the program that builds, as by `podman login`",
    "source_copy_mode": "leave it out: code goes along at registration, and `copy` puts more into the image",
    "builder_options": _CONFIGURED,
    "builder_config": "name the image to begin with as `base_image`",
}
lacks_keywords(ImageSpec, _ABSENT)
lacks_members(
    ImageSpec,
    {
        **_ABSENT,
        "with_builder_options": _CONFIGURED,
        "exist": "`alula build` builds what is not there, and `alula build --dry-run` shows what there is to build",
        "force_push": "remove the image where it is: `alula build` builds and pushes what is not there",
    },
)


def checked_image_spec(image: ImageSpec, *, at: Location) -> str:
    """The name of the image. Raises `InvalidInput` for a part that can't be."""
    for name in _TEXTS:
        value = getattr(image, name)
        if value is not None and not isinstance(value, str):
            raise mistake("InvalidImage", f"`{name}` of the ImageSpec is {value!r}, expected a text", at=at)
    for name in _LISTS:
        value = getattr(image, name)
        if value is not None and (isinstance(value, str) or not all(isinstance(each, str) for each in value)):
            raise mistake("InvalidImage", f"`{name}` of the ImageSpec is {value!r}, expected a list of texts", at=at)
    check_labels(at=at, env=image.env)
    if image.builder == NOT_BUILT:
        _check_base_alone(image, at=at)
    try:
        return image.image_name()
    except OSError as error:
        why = f"the ImageSpec names {error.filename}, which can't be read: {error.strerror}"
        raise mistake("InvalidImage", why, at=at) from error


def _check_base_alone(image: ImageSpec, *, at: Location) -> None:
    """Raise `InvalidInput` for an image that nothing builds, and that is not its base."""
    if not isinstance(image.base_image, str):
        why = '`builder="noop"` takes the `base_image` as it is, and the ImageSpec names none'
        raise mistake("InvalidImage", why, at=at, fix='write `base_image="registry/name:tag"`')
    for name in _NEEDS_BUILDING:
        if getattr(image, name):
            why = f'`builder="noop"` takes the `base_image` as it is, and nothing brings the `{name}` into it'
            raise mistake("InvalidImage", why, at=at, fix="leave `builder` out: `alula build` builds the image")


def _joined(before: Sequence[str] | None, more: str | Sequence[str]) -> list[str]:
    return [*(before or ()), *([more] if isinstance(more, str) else more)]


def _digest(contents: dict[str, object]) -> str:
    import hashlib  # lazy: only where an image is named
    import json

    return hashlib.sha256(json.dumps(contents, sort_keys=True, default=str).encode()).hexdigest()[:20]


def _digest_of(path: str) -> str:
    """The digest of a file, or of all files in a folder."""
    import hashlib  # lazy: as above

    digest = hashlib.sha256()
    paths = [os.path.join(folder, name) for folder, _, names in os.walk(path) for name in names] or [path]
    for each in sorted(paths):
        digest.update(os.path.relpath(each, path).encode())
        with open(each, "rb") as file:
            digest.update(file.read())
    return digest.hexdigest()
