"""A graph that follows its values: steps chosen, steps made at run time, a question to a person, a way out.

alula run examples/branching.py order --parcels '[3, 40, 12]'                     (asks on the terminal)
alula run --remote --name order-1 examples/branching.py order --parcels '[3, 40]' (then: alula approve order-1 ship-it)
"""

from datetime import timedelta

from alula import FlyteError, approve, conditional, dynamic, task, workflow


@task
def by_bike(weight: int) -> float:
    """The price of a small parcel."""
    return 4.5 + 0.1 * weight


@task
def by_truck(weight: int) -> float:
    """The price of a large parcel."""
    return 9.0 + 0.05 * weight


@task
def add(prices: list[float]) -> float:
    return round(sum(prices), 2)


@task
def receipt(total: float) -> str:
    return f"shipped for {total} EUR"


@task
def cancel(parcels: list[int], err: FlyteError | None = None) -> None:
    """Run when the order fails: a parcel is too heavy, or the order was rejected."""
    print(f"{len(parcels)} parcels stay here: {err.message if err else 'no reason given'}")


@workflow
def ship(weight: int) -> float:
    """Choose how a parcel travels.

    Args:
        weight: in kg
    """
    return (
        conditional("carrier")
        .if_((weight > 0) & (weight <= 10))
        .then(by_bike(weight=weight))
        .elif_((weight > 10) & (weight <= 100))
        .then(by_truck(weight=weight))
        .else_()
        .fail("nobody carries this parcel")
    )


@dynamic
def ship_all(parcels: list[int]) -> float:
    """One shipment for each parcel: how many there are is known when the order runs."""
    return add(prices=[ship(weight=weight) for weight in sorted(parcels)])


@workflow(on_failure=cancel)
def order(parcels: list[int]) -> str:
    """Ship parcels, once somebody has seen the price.

    Args:
        parcels: their weights in kg
    """
    total = approve(ship_all(parcels=parcels), "ship-it", timeout=timedelta(hours=1))
    return receipt(total=total)
