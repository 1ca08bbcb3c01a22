"""Flyte's types as Python types, for programs that have not the author's code."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

import pytest
from flyteidl.core import types_pb2

from alula import FlyteDirectory, FlyteFile, StructuredDataset
from alula.core.errors import InvalidInput
from alula.sdk.client.python_types import python_type_of
from alula.sdk.types.engine import literal_type


@pytest.mark.parametrize(
    "hint",
    [
        int, float, str, bool, datetime, date | str, list[int], dict[str, list[float]], int | None, FlyteFile,
        FlyteDirectory, StructuredDataset,
    ],
)  # fmt: skip
def test_a_type_survives_the_way_to_flyte_and_back(hint):
    assert python_type_of(literal_type(hint)) == hint


@pytest.mark.parametrize(
    ("hint", "met"),
    [
        (list, dict | list),
        (dict, dict | list),
        (list[Any], dict | list),
        (dict[str, list], dict[str, dict | list]),
        (list | None, list | None),
        (int | dict | str, int | dict | str),
        (dict | list, dict | list),
    ],
)
def test_an_untyped_list_is_told_from_a_dict_by_its_value(hint, met):
    assert python_type_of(literal_type(hint)) == met


def test_a_type_without_values_is_refused():
    with pytest.raises(InvalidInput):
        python_type_of(types_pb2.LiteralType(simple=types_pb2.ERROR))
