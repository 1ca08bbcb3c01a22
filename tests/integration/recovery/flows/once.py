"""A task that writes down that it ran."""

from alula import task, workflow


@task
def noted(ledger: str) -> int:
    with open(ledger, "a") as file:
        file.write("ran\n")
    print("said something")
    return 7


@workflow
def once(ledger: str) -> int:
    return noted(ledger=ledger)
