"""Settings of a wrong type are refused where they are given, in one sentence that names them."""

import textwrap

import pytest

from alula import task
from alula.cli.load import load, source_of
from alula.core.errors import AlulaError

COMMON = """
    from datetime import timedelta
    from alula import *

    @task
    def t(n: int = 1) -> int:
        return n

    @workflow
    def w(n: int = 1) -> int:
        return t(n=n)

    @workflow
    def body() -> int:
        return {step}

    {declaration}
"""
DECLARED = {
    "task(docs=3)(len)": "`docs` is 3, expected a text",
    "task(deprecated=True)(len)": "`deprecated` is True, expected a text",
    "task(interruptible='no')(len)": "`interruptible` is 'no', expected True or False",
    "task(enable_deck=3)(len)": "`enable_deck` is 3, expected True or False",
    "task(fork=0)(len)": "`fork` is 0, expected True or False",
    "task(timeout=float('nan'))(len)": "`timeout` is nan, expected seconds as an int, or a `timedelta`",
    "task(timeout=10**30)(len)": "`timeout` is 1" + "0" * 30 + ", expected seconds as an int, or a `timedelta`",
    "task(environment=['A'])(len)": "`environment` is ['A'], expected a dict of texts",
    "task(environment={'A=B': 'x'})(len)": "`environment` has 'A=B': 'x', which no process can have",
    "task(cache=True, cache_version=3)(len)": "`cache_version` is 3, expected a text",
    "task(cache=True, cache_ignore_input_vars=3)(len)": "`cache_ignore_input_vars` is 3, expected a list of texts",
    "task(cache=Cache(version=3))(len)": "`version` is 3, expected a text",
    "task(cache=Cache(salt=3))(len)": "`salt` is 3, expected a text",
    "task(cache=Cache(ignored_inputs=[3]))(len)": "`ignored_inputs` is [3], expected a list of texts",
    "task(cache=Cache(policies=3))(len)": "`policies` of a `Cache` has 3, which has no `get_version`",
    "task(secret_requests='x')(len)": "`secret_requests` is 'x', expected a list of `Secret`",
    "task(secret_requests=['x'])(len)": "`secret_requests` has 'x', expected a `Secret`",
    "task(secret_requests=[Secret()])(len)": "a `Secret` has neither a group nor a key",
    "task(container_image=ImageSpec(platform=3))(len)": "`platform` of the ImageSpec is 3, expected a text",
    "task(container_image=ImageSpec(env={'A': 1}))(len)": "`env` is {'A': 1}, expected a dict of texts",
    "task(container_image=ImageSpec(runtime_packages='a'))(len)": (
        "`runtime_packages` of the ImageSpec is 'a', expected a list of texts"
    ),
    "task(secret_requests=[Secret(group=3)])(len)": "`group` is 3, expected a text",
    "task(secret_requests=[Secret(mount_requirement='up')])(len)": (
        "`mount_requirement` of a `Secret` is 'up', expected one of 'any', 'env_var', 'file'"
    ),
    "task(on_out_of_memory=GrowMemory('2'))(len)": (
        "the factor of `on_out_of_memory` is '2', expected a number over 1, at most 100"
    ),
    "workflow(docs=3)(len)": "`docs` is 3, expected a text",
    "workflow(interruptible='no')(len)": "`interruptible` is 'no', expected True or False",
    "workflow(failure_policy='fast')(len)": "`failure_policy` is 'fast', expected a `WorkflowFailurePolicy`",
    "map_task(t, run_all_sub_nodes='x')": "`run_all_sub_nodes` is 'x', expected True or False",
    "LaunchPlan.create(3, w)": "`name` is 3, expected a text",
    "LaunchPlan.create('p', 3)": "launch plan `p` is of 3, which is no workflow",
    "LaunchPlan.create('p', w, labels={'a': 1})": "`labels` is {'a': 1}, expected a dict of texts",
    "LaunchPlan.create('p', w, labels=['a'])": "`labels` is ['a'], expected a dict by names",
    "LaunchPlan.create('p', w, default_inputs=['n'])": "`default_inputs` is ['n'], expected a dict by names",
    "LaunchPlan.create('p', w, max_parallelism='3')": "`max_parallelism` is '3', expected a whole number from 0",
    "LaunchPlan.create('p', w, max_parallelism=-3)": "`max_parallelism` is -3, expected a whole number from 0",
    "LaunchPlan.create('p', w, overwrite_cache='yes')": "`overwrite_cache` is 'yes', expected True or False",
    "LaunchPlan.create('p', w, schedule='0 3 * * *')": (
        "`schedule` is '0 3 * * *', expected `CronSchedule` or `FixedRate`"
    ),
    "LaunchPlan.create('p', w, schedule=CronSchedule(3))": "`schedule` is 3, expected a text",
    "LaunchPlan.create('p', w, schedule=CronSchedule('@daily', offset=3))": "`offset` is 3, expected a text",
    "LaunchPlan.create('p', w, schedule=CronSchedule('@daily', offset='5m'))": (
        "the offset `5m` is no ISO 8601 duration"
    ),
    "LaunchPlan.create('p', w, schedule=CronSchedule('0 25 * * *'))": (
        "`0 25 * * *` is no cron expression: the hour `25` is not from 0 to 23, at character 3"
    ),
    "LaunchPlan.create('p', w, schedule=FixedRate(5))": "`duration` is 5, expected a `timedelta`",
}
STEPS = {
    "t().with_overrides(name=3)": "`name` is 3, expected a text",
    "t().with_overrides(interruptible='x')": "`interruptible` is 'x', expected True or False",
    "t().with_overrides(container_image=3)": "`container_image` is 3, expected the name of an image",
    "t().with_overrides(cache=Cache(version=3))": "`version` is 3, expected a text",
    "conditional(3).if_(t() > 1).then(t()).else_().then(t())": "`name` is 3, expected a text",
}


def refused(tmp_path, *, declaration: str = "", step: str = "t()") -> str:
    path = tmp_path / f"flow_{abs(hash((declaration, step)))}.py"
    path.write_text(textwrap.dedent(COMMON).format(declaration=declaration, step=step))
    with pytest.raises(AlulaError) as raised:
        load(source_of(path)).body.graph()
    place, _, message = raised.value.message.partition(": ")
    assert place.startswith(f"{path}:")
    return message


@pytest.mark.parametrize("declaration", DECLARED)
def test_a_setting_of_another_type_is_refused_when_it_is_declared(declaration, tmp_path):
    assert refused(tmp_path, declaration=declaration).startswith(DECLARED[declaration])


@pytest.mark.parametrize("step", STEPS)
def test_one_of_a_step_too(step, tmp_path):
    assert refused(tmp_path, step=step) == STEPS[step]


def test_none_is_no_setting():
    @task(docs=None, enable_deck=None, deprecated=None, environment=None, interruptible=None, fork=None)  # pyright: ignore[reportArgumentType]  by their types they are never None
    def plain(n: int) -> int:
        return n

    assert plain.settings == task(lambda: None).settings
