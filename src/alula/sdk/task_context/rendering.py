"""The renderers of classes: how a value becomes HTML of a deck. Users and installed packages add some.

An entry point of the group `alula.renderers` has the name of the class.
"""

from __future__ import annotations

from collections.abc import Callable
from html import escape
from typing import Any, Protocol, TypeAlias, cast

from alula.sdk.plugins import Table
from alula.sdk.task_context.renderers import ArrowRenderer, TopFrameRenderer


class Renderer(Protocol):
    """Makes HTML of values of a class, as flytekit's renderers do."""

    def to_html(self, value: Any, /) -> str: ...


Make: TypeAlias = Callable[[Any], Renderer]  # `Any`: takes the class that it is registered for
RENDERERS: Table[Make] = Table("alula.renderers", "a renderer")


def register_renderer(name: str, make: Make, *, subclasses: bool = True) -> None:
    """Let `make` give the renderer of values of the class `name`, for `Deck.show`.

    Args:
        name: package and class, as `polars.DataFrame`: the modules between them do not count.
        make: takes the class and gives an object with `to_html(value)`.
        subclasses: whether it also serves classes that inherit from this one.

    Raises `InvalidInput` if the class has a renderer already.
    """
    RENDERERS.register(name, make, subclasses=subclasses)


def html_of(value: object) -> str:
    """A value by the renderer of its class, else by its own `_repr_html_` as notebooks show it, else as text."""
    class_ = type(value)
    make = RENDERERS.registered(class_) or RENDERERS.installed(class_)
    if make is not None:
        return make(class_).to_html(value)
    own = getattr(class_, "_repr_html_", None)
    html = cast("Callable[[object], Any]", own)(value) if callable(own) else None
    return html if isinstance(html, str) else f"<pre>{escape(str(value))}</pre>"


register_renderer("pandas.DataFrame", lambda _: TopFrameRenderer())
register_renderer("pyarrow.Table", lambda _: ArrowRenderer())
