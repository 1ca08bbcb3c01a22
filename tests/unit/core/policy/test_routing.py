"""Which executor gets an attempt."""

from __future__ import annotations

import pytest
from flyteidl.admin import matchable_resource_pb2 as matchable

from alula.core.errors import TaskError
from alula.core.policy.routing import NO_WISH, Choice, Route, Wanted, choose, wanted_of, wish_for

EXECUTORS = ("process", "connector", "cluster")
ROUTES = (
    Route("connector", task_types=("bigquery_*", "snowflake")),
    Route("cluster", projects=("ml",), domains=("production",)),
    Route("process", task_types=("spark",)),
    Route("connector", task_types=("spark",)),
)


def chosen(task_type: str = "python-task", project: str = "p", domain: str = "d", wish: Wanted = NO_WISH) -> object:
    found = choose(task_type, project, domain, wish=wish, routes=ROUTES, executors=EXECUTORS)
    return found.executor if isinstance(found, Choice) else found


@pytest.mark.parametrize(
    ("where", "executor"),
    [
        (("bigquery_query_job_task", "p", "d"), "connector"),
        (("snowflake", "ml", "production"), "connector"),
        (("python-task", "ml", "production"), "cluster"),
        (("python-task", "ml", "development"), "process"),
        (("spark", "p", "d"), "process"),
        (("python-task", "p", "d"), "process"),
    ],
)
def test_the_first_route_that_fits_decides_and_else_the_first_executor(
    where: tuple[str, str, str], executor: str
) -> None:
    assert chosen(*where) == executor


@pytest.mark.parametrize(
    ("image", "executor"),
    [("lab/a:1", "cluster"), ("lab/old:1", "process"), ("other:1", "process"), ("", "process")],
)
def test_a_route_can_go_by_images(image: str, executor: str) -> None:
    route = Route("cluster", images=("lab/*",), except_images=("lab/old:*",))
    found = choose("t", "p", "d", image=image, wish=NO_WISH, routes=(route,), executors=EXECUTORS)
    assert isinstance(found, Choice)
    assert found.executor == executor


def test_a_choice_says_why_it_is_this_one() -> None:
    def why(wish: Wanted, *routes: Route) -> str:
        found = choose("t", "p", "d", wish=wish, routes=routes, executors=EXECUTORS)
        assert isinstance(found, Choice)
        return found.why

    assert why(NO_WISH) == ""
    assert why(NO_WISH, Route("cluster", domains=("x",)), Route("cluster")) == "by route 2 of the settings"
    assert why(NO_WISH, Route("cluster", reason="for the lab")) == "for the lab"
    assert why(Wanted("t", ("cluster",)), Route("process")) == "wanted by project `p`"


def test_what_a_project_wants_goes_before_the_table() -> None:
    assert chosen("snowflake", wish=Wanted("snowflake", ("unknown", "cluster", "process"))) == "cluster"


def test_where_nothing_that_is_wanted_exists_the_table_decides_or_the_attempt_fails() -> None:
    assert chosen("snowflake", wish=Wanted("snowflake", ("unknown",), or_any=True)) == "connector"
    error = chosen("snowflake", wish=Wanted("snowflake", ("unknown",)))
    assert isinstance(error, TaskError)
    assert (error.code, error.recoverable) == ("ExecutorMissing", False)
    for name in ("snowflake", "unknown", "process"):
        assert f"`{name}`" in error.message


def test_a_plugin_override_is_read_as_flyte_means_it() -> None:
    overrides = matchable.PluginOverrides(
        overrides=[
            matchable.PluginOverride(task_type="spark", plugin_id=["cluster", "process"]),
            matchable.PluginOverride(
                task_type="ray", plugin_id=["x"], missing_plugin_behavior=matchable.PluginOverride.USE_DEFAULT
            ),
        ]
    )
    wishes = wanted_of(overrides)
    assert wish_for("spark", wishes) == Wanted("spark", ("cluster", "process"))
    assert wish_for("ray", wishes) == Wanted("ray", ("x",), or_any=True)
    assert wish_for("python-task", wishes) == NO_WISH
