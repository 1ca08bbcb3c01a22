"""References, compared with flytekit's: same source but for the import."""

from alula import LaunchPlan, map_task, reference_launch_plan, reference_task, reference_workflow, workflow


@reference_task(project="other", domain="production", name="base.join", version="v1")
def join(texts: list[str], separator: str) -> str: ...


@reference_task(project="other", domain="production", name="base.each", version="v1")
def each(n: int) -> int: ...


@reference_launch_plan(project="other", domain="production", name="nightly", version="v2")
def nightly(n: int) -> int: ...


@reference_workflow(project="other", domain="production", name="base.whole", version="v3")
def whole(n: int, depth: int) -> int:
    return n + depth


deeper = LaunchPlan.get_or_create(whole, name="deeper", default_inputs={"depth": 3}, fixed_inputs={"n": 1})


@workflow
def referring(n: int, texts: list[str]) -> tuple[str, int, list[int]]:
    first = nightly(n=n)
    return join(texts=texts, separator="+"), deeper(depth=first), map_task(each)(n=[n, 2])
