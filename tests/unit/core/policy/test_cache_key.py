"""When two runs of a task are the same run."""

from flyteidl.core import literals_pb2, tasks_pb2, workflow_pb2
from tests.graphs import INT, list_of, task
from tests.unit.core.literals.values import lit

from alula.core.policy.cache_key import CacheKey, cache_key, difference, is_cache_serializable, is_cacheable


def key(template: tasks_pb2.TaskTemplate | None = None, version: str | None = None, **inputs: object) -> CacheKey:
    values = literals_pb2.LiteralMap(literals={name: lit(value) for name, value in inputs.items()})
    overrides = None if version is None else workflow_pb2.NodeMetadata(cache_version=version)
    return cache_key(template or task("t", cache_version="1"), values, overrides=overrides)


def test_equal_runs_have_equal_keys() -> None:
    assert key(x=1) == key(x=1)
    assert difference(key(x=1), key(x=1)) == []


def test_the_version_of_the_task_itself_does_not_count() -> None:
    other = task("t", cache_version="1")
    other.id.version = "another"
    other.container.image = "another"
    assert key(other, x=1) == key(x=1)


def test_a_miss_is_explained_as_a_difference() -> None:
    other = task("t", cache_version="1", inputs={"x": list_of(INT)})
    assert difference(key(x=1), key(x=2))[0] == "input `x` changed from 1 to 2"
    assert difference(key(x=1), key(task("t", cache_version="2"), x=1)) == ["cache version changed from `1` to `2`"]
    assert difference(key(x=1), key(other, x=1)) == ["the types of the task's inputs or outputs changed"]
    assert difference(key(x=1), key(y=1)) == ["input `x` is gone", "input `y` is new"]
    assert difference(key(x=1), key(task("u", cache_version="1"), x=1)) == ["task changed from `t` to `u`"]


def test_a_key_made_in_an_older_way_is_explained_too() -> None:
    now = key(x=1)
    then = CacheKey(now.project, now.domain, now.task, now.cache_version, now.interface, now.inputs, "old")
    assert difference(then, now) == ["the platform makes cache keys in a new way"]


def test_ignored_inputs_do_not_count() -> None:
    template = task("t", cache_version="1", inputs={"x": INT, "seed": INT})
    template.metadata.cache_ignore_input_vars.append("seed")
    assert key(template, x=1, seed=1) == key(template, x=1, seed=2)
    assert key(template, x=1, seed=1).inputs.keys() == {"x"}


def test_the_node_goes_before_its_task() -> None:
    template = task("t", cache_version="1")
    assert key(template, version="2", x=1).cache_version == "2"
    assert is_cacheable(template)
    assert not is_cacheable(template, overrides=workflow_pb2.NodeMetadata(cacheable=False))
    assert is_cacheable(task("t"), overrides=workflow_pb2.NodeMetadata(cacheable=True))
    assert not is_cacheable(task("t"), overrides=workflow_pb2.NodeMetadata())
    assert is_cache_serializable(template, overrides=workflow_pb2.NodeMetadata(cache_serializable=True))
    assert not is_cache_serializable(template)


def test_digests_do_not_change_between_versions() -> None:
    """Cache entries outlive an update: a change here means a new `FORMAT_VERSION`."""
    assert key(x=1).digest == "9d25e023d4cf76126679df83c0dc532f29d193210073d04675c796994437b361"
