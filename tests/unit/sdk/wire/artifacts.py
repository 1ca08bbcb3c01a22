"""Artifacts and queries for them, compared with flytekit's: same source but for the imports."""

from datetime import datetime
from typing import Annotated, NamedTuple

from alula import Artifact, LaunchPlan, task, workflow
from alula.flytekit_core.artifact import Granularity, Inputs, TimePartition

plain = Artifact(name="plain")
prices = Artifact(name="prices", partition_keys=["region", "kind"], time_partitioned=True)
hourly = Artifact(name="hourly", time_partitioned=True, time_partition_granularity=Granularity.HOUR)
known = Artifact(project="others", domain="production", name="known", version="v3")
NOON = datetime(2026, 11, 30, 12)


class Report(NamedTuple):
    price: Annotated[float, prices(region="eu", kind=Inputs.kind, time_partition=NOON)]
    count: Annotated[int, plain]


@task
def fetch(region: str, day: datetime) -> Annotated[float, prices(region=Inputs.region, time_partition=Inputs.day)]:
    return prices.create_from(1.5, kind="retail")


@task
def both(price: float, kind: str) -> Report:
    return Report(price, 2)


@task
def hours(price: Annotated[float, plain], at: datetime) -> Annotated[float, hourly(time_partition=Inputs.at)]:
    return price


@workflow
def make(region: str, day: datetime) -> Annotated[float, prices(region=Inputs.region, kind="all", time_partition=NOON)]:
    return fetch(region=region, day=day)


@workflow
def read(
    region: str,
    day: datetime,
    price: float = prices.query(region=Inputs.region, kind="retail", time_partition=Inputs.day),  # pyright: ignore[reportArgumentType]  # found by the platform
    count: int = plain,  # pyright: ignore[reportArgumentType]  # as above
    later: float = hourly.query(time_partition=TimePartition(NOON)),  # pyright: ignore[reportArgumentType]  # as above
    other: float = known,  # pyright: ignore[reportArgumentType]  # as above
    anywhere: float = prices.query(project="p2", domain="d2"),  # pyright: ignore[reportArgumentType]  # as above
) -> float:
    both(price=price, kind=region)
    return hours(price=later, at=day)


planned = LaunchPlan.create("planned", read, default_inputs={"price": prices.query(region="eu", kind="retail")})
defaults = LaunchPlan.create("defaults", read)
