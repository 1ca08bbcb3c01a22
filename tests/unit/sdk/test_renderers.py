"""Values in decks: by the renderer of their class, as a notebook shows them, or as text."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction

import pandas as pd
import pyarrow as pa
import pytest

from alula import Deck, register_renderer
from alula.core.errors import InvalidInput
from alula.sdk.task_context.rendering import RENDERERS


class Bars:
    def __init__(self, class_: type) -> None:
        self._name = class_.__name__

    def to_html(self, value: Fraction) -> str:
        return f"<b>{self._name} {value}</b>"


class OfNotebooks:
    def _repr_html_(self) -> str:
        return "<i>shown</i>"


class Silent:
    def _repr_html_(self) -> None:
        """As notebooks allow: there is nothing to show."""

    def __str__(self) -> str:
        return "<text>"


@pytest.fixture
def bars() -> Iterator[None]:
    register_renderer("fractions.Fraction", Bars)
    yield
    del RENDERERS._registered["fractions.Fraction"]


def shown(value: object) -> str:
    return Deck("d", auto_add_to_deck=False).show(value).html


@pytest.mark.usefixtures("bars")
def test_a_registered_renderer_serves_the_class_and_those_that_inherit_from_it():
    assert shown(Fraction(1, 2)) == "<b>Fraction 1/2</b>"
    assert shown(type("Part", (Fraction,), {})(1, 3)) == "<b>Part 1/3</b>"


@pytest.mark.usefixtures("bars")
def test_a_class_has_one_renderer():
    with pytest.raises(InvalidInput, match=r"`fractions\.Fraction` has a renderer already"):
        register_renderer("fractions.Fraction", Bars)


@pytest.mark.parametrize(
    ("value", "html"),
    [
        (OfNotebooks(), "<i>shown</i>"),
        (Silent(), "<pre>&lt;text&gt;</pre>"),
        (OfNotebooks, "<pre>&lt;class"),
        (3, "<pre>3</pre>"),
    ],
)
def test_other_values_are_shown_as_they_show_themselves(value: object, html: str):
    assert shown(value).startswith(html)


def test_data_frames_are_tables():
    frame = pd.DataFrame({"a": range(100)})
    assert shown(frame).count("<tr") < 20
    assert "a: int64" in shown(pa.table({"a": [1]}))
