"""Orders that arrive as signed messages, an invoice for each, and a note about each that could not be read.

`demo.sh` beside it shows them start each other.
"""

from alula import LaunchPlan, OnRunEnd, OnWebhook, WorkflowExecutionPhase, task, workflow


@task
def price(items: dict[str, int], prices: dict[str, float]) -> float:
    """The sum of an order. An item without a price is a mistake."""
    return sum(count * prices[item] for item, count in items.items())


@task
def write_invoice(total: float, order: str) -> str:
    return f"{order}: {total:.2f}"


@task
def write_note(order: str, phase: str) -> str:
    return f"{order} has {phase.lower()}"


@workflow
def order(items: dict[str, int], prices: dict[str, float]) -> float:
    return price(items=items, prices=prices)


@workflow
def invoice(total: float, order: str) -> str:
    return write_invoice(total=total, order=order)


@workflow
def complaint(order: str, phase: str) -> str:
    return write_note(order=order, phase=phase)


ordered = LaunchPlan.create(
    "ordered",
    order,
    default_inputs={"prices": {"cork": 0.5, "bottle": 1.25}},
    trigger=OnWebhook("shop", inputs={"items": "body.items"}),
    auto_activate=True,
)
invoiced = LaunchPlan.create(
    "invoiced",
    invoice,
    trigger=OnRunEnd(order, inputs={"total": "outputs.o0", "order": "run.name"}),
    auto_activate=True,
)
noted = LaunchPlan.create(
    "noted",
    complaint,
    trigger=OnRunEnd(order, phases=[WorkflowExecutionPhase.FAILED], inputs={"order": "run.name", "phase": "run.phase"}),
    auto_activate=True,
)
