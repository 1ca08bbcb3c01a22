"""`alula build`: the images of `ImageSpec`s, for executors with containers."""

from __future__ import annotations

import click

from alula.cli.failures import say
from alula.cli.load import load, source_named
from alula.cli.output import standard_output_to_error
from alula.core.errors import FailedPrecondition, InvalidInput
from alula.sdk.client.image_builders import BUILDERS, has_image
from alula.sdk.client.images import build_missing, builders_of, recipes_of
from alula.sdk.serialize import SerializationSettings, Serialized, serialize
from alula.sdk.serialize.containerfile import REQUIREMENTS, ImageRecipe
from alula.sdk.serialize.discovery import discover


@click.command("build")
@click.argument("files", nargs=-1, required=True, metavar="FILE...")
@click.option("--dry-run", is_flag=True, help="Show what would be built, with what; build nothing.")
@click.option("--push", is_flag=True, help="Push to the registries that the images name, too.")
@click.option("--builder", type=click.Choice([each.name for each in BUILDERS]), help="Else the first that is there.")
def build(files: tuple[str, ...], builder: str | None, *, dry_run: bool, push: bool) -> None:
    """Build the images that ImageSpecs of FILE say, unless they are there.

    FILE is a Python file or a module's name. The tag of an image follows from its contents with the versions of Alula
    and Python, so nothing is built twice.
    """
    with standard_output_to_error():
        modules = [load(source_named(file)) for file in files]
    entities = discover(*dict.fromkeys(modules)).all()
    if not entities:
        raise InvalidInput("NothingDeclared", f"no task, workflow or launch plan is declared in {', '.join(files)}")
    serialized = serialize(*entities, settings=SerializationSettings())
    build_images(serialized, builder=builder or "", push=push, dry_run=dry_run)


def build_images(serialized: Serialized, *, builder: str = "", push: bool = False, dry_run: bool = False) -> None:
    """Build the images of what is to be registered, and say so; with `dry_run` only show how."""
    recipes = recipes_of(serialized.python_tasks.values(), serialized.images_of_steps)
    if not recipes:
        say("no task has an ImageSpec")
    elif dry_run:
        for each in recipes:
            _show(each, _verdict(each, builder, push=push))
    else:
        builders = builders_of(recipes, builder, push=push)
        built = build_missing(recipes, builders, push=push, say=say)
        say(f"{built} built, {len(recipes) - built} there already")


def _verdict(recipe: ImageRecipe, builder: str, *, push: bool) -> str:
    try:
        found = builders_of([recipe], builder, push=push)[recipe.name]
    except FailedPrecondition as error:
        return f"can't be built: {error.message}"
    return "is there" if has_image(found, recipe.name) else f"would be built with {found.name}"


def _show(recipe: ImageRecipe, verdict: str) -> None:
    click.echo(f"# {recipe.name} {verdict}\n{recipe.containerfile}")
    if recipe.requirements:
        click.echo(f"# {REQUIREMENTS}\n{recipe.requirements}")
