"""Inputs of every type that a launch form has a field for."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Literal, NotRequired, TypedDict
from uuid import UUID

from pydantic import BaseModel

from alula import Cache, FlyteDirectory, FlyteFile, task, workflow


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


@dataclass
class Leaf:
    name: str
    weight: float = 1.0


@dataclass
class Tree:
    leaf: Leaf
    leaves: list[Leaf]
    by_day: dict[int, float]
    at: datetime | None = None
    colour: Colour = Colour.RED
    either: int | str = 3
    long: timedelta = timedelta(seconds=3)
    twin: Leaf | None = None
    where: list[FlyteFile] = field(default_factory=list)


class Model(BaseModel):
    count: int
    rate: float | None = None


class Pair(TypedDict):
    left: int
    right: NotRequired[str]


@task(cache=Cache(version="1"))
def take(
    whole: int,
    number: float,
    text: str,
    yes: bool,
    at: datetime,
    day: date,
    long: timedelta,
    colour: Colour,
    pick: Literal[1, 2],
    id: UUID,
    price: Decimal,
    numbers: list[float],
    rates: dict[str, int],
    either: int | str,
    maybe: str | None,
    some: list[int] | None,
    file: FlyteFile,
    folder: FlyteDirectory,
    free: dict,
    tree: Tree,
    trees: list[Leaf],
    model: Model,
    pair: Pair,
) -> str:
    return text


@workflow
def typed(
    whole: int,
    number: float,
    text: str,
    yes: bool,
    at: datetime,
    day: date,
    long: timedelta,
    colour: Colour,
    pick: Literal[1, 2],
    id: UUID,
    price: Decimal,
    numbers: list[float],
    rates: dict[str, int],
    either: int | str,
    maybe: str | None,
    some: list[int] | None,
    file: FlyteFile,
    folder: FlyteDirectory,
    free: dict,
    tree: Tree,
    trees: list[Leaf],
    model: Model,
    pair: Pair,
) -> str:
    return take(
        whole=whole,
        number=number,
        text=text,
        yes=yes,
        at=at,
        day=day,
        long=long,
        colour=colour,
        pick=pick,
        id=id,
        price=price,
        numbers=numbers,
        rates=rates,
        either=either,
        maybe=maybe,
        some=some,
        file=file,
        folder=folder,
        free=free,
        tree=tree,
        trees=trees,
        model=model,
        pair=pair,
    )
