"""Values of libraries, iterators and pickles: what they are on the wire, and that they come back."""

from collections.abc import Iterator, Sized
from typing import Annotated

import numpy as np
import pandas as pd
import pytest
from flyteidl.core.literals_pb2 import Literal
from PIL import Image
from sklearn.linear_model import LinearRegression

from alula import FlytePickle, kwtypes, task, workflow
from alula.core.errors import AlulaError
from alula.sdk.store import FileStore
from alula.sdk.types.engine import literal_type, to_literal, to_python
from alula.sdk.types.transformer import TypeMismatch
from alula.types.iterator import JSON


class Plain:
    def __init__(self, n):
        self.n = n

    def __eq__(self, other):
        return isinstance(other, Plain) and self.n == other.n

    __hash__ = None  # pyright: ignore[reportAssignmentType]  as Python has it


VALUES = {
    "NumpyArray": (np.ndarray, np.arange(4).reshape(2, 2), np.array_equal),
    "SklearnEstimator": (
        LinearRegression,
        LinearRegression().fit([[0], [1]], [0, 2]),
        lambda one, other: np.array_equal(one.coef_, other.coef_),
    ),
    "PIL.Image": (
        Image.Image,
        Image.new("RGBA", (3, 2), (9, 8, 7, 6)),
        lambda one, other: one.tobytes() == other.tobytes(),
    ),
    "PythonPickle": (FlytePickle[Plain], Plain(3), lambda one, other: one == other),
}


@pytest.fixture
def store(tmp_path):
    return FileStore(str(tmp_path / "raw"), str(tmp_path))


@pytest.mark.parametrize("form", VALUES)
def test_a_value_comes_back_from_its_file(form, store):
    type_, value, same = VALUES[form]
    literal = to_literal(value, type_, store)
    assert literal.scalar.blob.metadata.type.format == literal_type(type_).blob.format == form
    assert same(to_python(literal, type_, store), value)


@pytest.mark.parametrize("form", VALUES)
def test_a_value_of_another_class_is_refused(form, store):
    with pytest.raises(TypeMismatch, match="got str 'a'"):
        to_literal("a", VALUES[form][0], store)
    with pytest.raises(TypeMismatch, match="got an empty literal"):
        to_python(Literal(), VALUES[form][0], store)


def test_a_series_is_a_pickle_as_in_flytekit(store):
    series = pd.Series([1.5, 2.5])
    literal = to_literal(series, pd.Series, store)
    assert literal.scalar.blob.metadata.type.format == "PythonPickle"
    assert to_python(literal, pd.Series, store).equals(series)


def test_an_array_of_objects_must_be_allowed(store):
    objects = np.array([{"n": 1}], dtype=object)
    with pytest.raises(ValueError, match="allow_pickle"):
        to_literal(objects, np.ndarray, store)
    type_ = Annotated[np.ndarray, kwtypes(allow_pickle=True)]
    back = to_python(to_literal(objects, type_, store), type_, store)
    assert isinstance(back, np.ndarray) and back[0] == {"n": 1}


def test_an_image_that_is_no_png_is_told(store):
    with pytest.raises(TypeMismatch, match="that PNG can hold, got one of mode CMYK"):
        to_literal(Image.new("CMYK", (1, 1)), Image.Image, store)


def test_json_lines_are_written_and_read_one_by_one(store):
    taken = []

    def lines() -> Iterator[object]:
        for n in range(3):
            taken.append(n)
            yield {"n": n}

    literal = to_literal(lines(), Iterator[JSON], store)
    assert (literal.scalar.blob.metadata.type.format, taken) == ("jsonl", [0, 1, 2])
    read = to_python(literal, Iterator[JSON], store)
    assert (next(read), list(read)) == ({"n": 0}, [{"n": 1}, {"n": 2}])
    with pytest.raises(TypeMismatch, match="a value of JSON"):
        to_literal(iter([object()]), Iterator[JSON], store)


def test_items_are_a_collection_read_one_by_one(store):
    literal = to_literal(iter([1, 2]), Iterator[int], store)
    assert literal_type(Iterator[int]) == literal_type(list[int])
    items = to_python(literal, Iterator[int], store)
    assert isinstance(items, Sized)
    assert (len(items), list(items)) == (2, [1, 2])
    with pytest.raises(TypeMismatch, match=r"expected Iterator\[int\], got str"):
        to_literal("ab", Iterator[int], store)


@task(pickle_untyped=True)
def made(n: int) -> Plain:
    return Plain(n)


@task(pickle_untyped=True)
def number(value: Plain) -> int:
    return value.n


def test_untyped_values_are_pickled_where_the_author_says_so():
    @workflow
    def flow(n: int) -> int:
        return number(value=made(n=n))

    assert flow(n=4) == 4
    assert number(value=Plain(2)) == 2
    with pytest.raises(AlulaError, match="got int 3"):
        number(value=3)  # pyright: ignore[reportArgumentType]  a mistake on purpose


def test_without_that_they_are_refused():
    @task
    def refused(value: Plain) -> int:
        return value.n

    with pytest.raises(AlulaError, match="Plain` has no form on the wire"):
        refused(value=Plain(1))


def test_typed_values_stay_what_they_are():
    assert literal_type(made.interface.inputs["n"]) == literal_type(int)


def test_a_value_that_can_not_be_pickled_is_told(store):
    with pytest.raises(TypeMismatch, match="that can be pickled"):
        to_literal(lambda: 3, FlytePickle[object], store)
