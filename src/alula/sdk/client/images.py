"""Images of `ImageSpec`s, built where they are not there yet."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Callable, Iterable
from pathlib import Path

from alula.sdk.authoring.image_spec import NOT_BUILT
from alula.sdk.authoring.map_task import MapTask
from alula.sdk.client.image_builders import CONTAINERFILE, Builder, build_image, find_builder, has_image, push_image
from alula.sdk.serialize.containerfile import REQUIREMENTS, ImageRecipe, image_recipes
from alula.sdk.serialize.entities import AnyTask, ImageOfStep

_ANY = ("", "default")


def recipes_of(tasks: Iterable[AnyTask], steps: Iterable[ImageOfStep] = ()) -> list[ImageRecipe]:
    """The images of tasks and of steps, each once, those that others are based on first. Raises `InvalidInput` for a
    part that is not built here."""
    functions = [task.task if isinstance(task, MapTask) else task for task in tasks]
    specs = [(each.settings.image_spec, each.location) for each in functions]
    found: dict[str, ImageRecipe] = {}
    for spec, at in [*specs, *((each.spec, each.at) for each in steps)]:
        for recipe in image_recipes(spec, at=at) if spec is not None else ():
            if recipe.builder != NOT_BUILT:
                found.setdefault(recipe.name, recipe)
    return list(found.values())


def builders_of(recipes: Iterable[ImageRecipe], name: str, *, push: bool) -> dict[str, Builder]:
    """The builder of each image, by its name. Raises as `find_builder` does, before anything is built."""
    return {
        each.name: find_builder(name or ("" if each.builder in _ANY else each.builder), push=push) for each in recipes
    }


def build_missing(
    recipes: Iterable[ImageRecipe], builders: dict[str, Builder], *, push: bool, say: Callable[[str], None]
) -> int:
    """Build each image that its builder does not have, and with `push` push all. The number of those built.

    Raises `FailedPrecondition` code `ImageBuildFailed`.
    """
    built = 0
    for recipe in recipes:
        builder = builders[recipe.name]
        if has_image(builder, recipe.name):
            say(f"image {recipe.name} is there")
        else:
            say(f"builds image {recipe.name} with {builder.name}")
            _build(builder, recipe)
            built += 1
        if push:
            push_image(builder, recipe.name)
    return built


def _build(builder: Builder, recipe: ImageRecipe) -> None:
    with tempfile.TemporaryDirectory(prefix="alula-image-") as folder:
        fill(Path(folder), recipe)
        build_image(builder, recipe.name, Path(folder), platform=recipe.platform)


def fill(folder: Path, recipe: ImageRecipe) -> None:
    """Put all that a build reads into an empty folder."""
    (folder / CONTAINERFILE).write_text(recipe.containerfile)
    if recipe.requirements:
        (folder / REQUIREMENTS).write_text(recipe.requirements)
    for path in recipe.copied:
        target = folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        if Path(path).is_dir():
            shutil.copytree(path, target, dirs_exist_ok=True)
        else:
            shutil.copyfile(path, target)
            shutil.copymode(path, target)
