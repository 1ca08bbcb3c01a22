"""Descriptions from the three usual styles; anything else is prose."""

import pytest

from alula.sdk.authoring.docstrings import Docstring, parse

GOOGLE = """Train a model.

Over several
lines.

Args:
    rows (list): the rows,
        all of them
    depth: how deep: very
    *rest: more

Returns:
    the score

Raises:
    ValueError: never
"""
NUMPY = """Train a model.

Over several
lines.

Parameters
----------
rows : list
    the rows,
    all of them
depth, other : int
    how deep: very

Returns
-------
float
    the score

Notes
-----
Nothing.
"""
REST = """Train a model.

Over several
lines.

:param rows: the rows,
    all of them
:param int depth: how deep: very
:type depth: int
:returns: the score
:raises ValueError: never
"""


@pytest.mark.parametrize("text", [GOOGLE, NUMPY, REST], ids=["google", "numpy", "rest"])
def test_a_style_is_understood(text):
    found = parse(text)
    assert found.short == "Train a model."
    assert found.long == "Over several\nlines."
    assert found.parameters["rows"] == "the rows, all of them"
    assert found.parameters["depth"] == "how deep: very"
    assert found.returns == "the score"
    assert "ValueError" not in found.parameters


def test_names_may_share_a_description():
    assert parse(NUMPY).parameters["other"] == "how deep: very"
    assert parse(GOOGLE).parameters["rest"] == "more"


def test_prose_is_prose():
    assert parse(None) == parse("  \n ") == Docstring()
    found = parse("Use it like this: carefully.\n\nNote that: colons are common.")
    assert found.short == "Use it like this: carefully."
    assert found.parameters == {}


def test_named_outputs_are_described():
    assert parse("X.\n\nReturns:\n    total: the sum\n    name: the name").returned == {
        "total": "the sum",
        "name": "the name",
    }


def test_text_after_a_section_is_prose_again():
    found = parse("X.\n\nArgs:\n    a: first\n\nMore to say.")
    assert found.parameters == {"a": "first"}
    assert found.long == "More to say."
