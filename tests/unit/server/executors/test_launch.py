import pytest

from alula.core.errors import InvalidInput
from alula.server.executors.process.launch import Launch, launch_of

OPTIONS = ("--inputs", "/i", "--output-prefix", "/o")
RESOLVER = ("--resolver", "flytekit.core.python_auto_container.default_task_resolver")
TASK = ("--", "task-module", "etl.jobs", "task-name", "load")
FAST = ("pyflyte-fast-execute", "--additional-distribution", "/b.tar.gz", "--dest-dir", "/root", "--")
DYNAMIC = ("--dynamic-addl-distro", "/b.tar.gz", "--dynamic-dest-dir", ".")


def test_code_is_fetched_here_and_dropped_from_the_command_of_alula():
    launch = launch_of(["alula-execute", *OPTIONS, "--code", "/b.tar.gz", *TASK])
    assert launch == Launch(("alula-execute", *OPTIONS, *TASK), "alula-execute", ("etl.jobs",), "/b.tar.gz")


def test_the_option_may_be_one_word_and_arguments_of_the_task_are_left_alone():
    launch = launch_of(["alula-execute", "--code=/b", "--", "task-module", "m", "--code", "x"])
    assert launch.argv == ("alula-execute", "--", "task-module", "m", "--code", "x")
    assert launch.bundle_uri == "/b"


def test_a_command_without_code_imports_what_is_installed():
    assert launch_of(["alula-execute", *TASK]).bundle_uri == ""
    assert launch_of(["pyflyte-execute", *OPTIONS, *RESOLVER, *TASK]).modules == ("etl.jobs",)


def test_a_fast_execution_of_flytekit_runs_its_inner_command_which_learns_where_the_code_is():
    launch = launch_of([*FAST, "pyflyte-execute", *OPTIONS, *RESOLVER, *TASK])
    assert launch == Launch(
        ("pyflyte-execute", *OPTIONS, *DYNAMIC, *RESOLVER, *TASK), "pyflyte-execute", ("etl.jobs",), "/b.tar.gz"
    )


def test_a_map_task_of_flytekit_imports_the_module_of_its_inner_resolver():
    inner = ("vars", "b", "resolver", RESOLVER[1], "task-module", "m", "task-name", "f")
    launch = launch_of([*FAST, "pyflyte-map-execute", *OPTIONS, "--resolver", "Array", "--", *inner])
    assert (launch.entry, launch.modules) == ("pyflyte-map-execute", ("m",))
    assert launch.argv == ("pyflyte-map-execute", *OPTIONS, *DYNAMIC, "--resolver", "Array", "--", *inner)


def test_a_fast_execution_of_another_command_gets_its_code_too():
    assert launch_of([*FAST, "bash", "run.sh"]) == Launch(("bash", "run.sh"), bundle_uri="/b.tar.gz")


def test_any_other_command_is_a_program():
    assert launch_of(["python", "-m", "x"]) == Launch(("python", "-m", "x"))


@pytest.mark.parametrize("command", [[], [""], ["pyflyte-fast-execute", "pyflyte-execute"]])
def test_what_nothing_can_run_is_refused(command):
    with pytest.raises(InvalidInput):
        launch_of(command)
