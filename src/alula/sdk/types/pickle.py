"""`FlytePickle[T]`: a value without a form on the wire, pickled because the author says so.

What is pickled is read by the same version of its class only, and reading runs code: name a type where there is one.
"""

from __future__ import annotations

from types import GenericAlias
from typing import TYPE_CHECKING, Annotated, TypeAlias, TypeVar

T = TypeVar("T")

if TYPE_CHECKING:
    FlytePickle: TypeAlias = Annotated[T, "pickled"]
else:

    class FlytePickle:
        """The marker; values are those of the class in the brackets."""

        def __class_getitem__(cls, type_: object) -> GenericAlias:
            return GenericAlias(cls, type_)
