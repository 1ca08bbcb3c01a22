import sys

import pytest

from alula.core.errors import InvalidInput
from alula.server.executors.process.environments import READY, Environments, Wanted, parse_mapping
from alula.server.executors.process.machine import machine_id
from alula.server.executors.process.variables import for_interpreter, split

FLYTEKIT = "cr.flyte.org/flyteorg/flytekit:py3.11-1.16.31"


def test_a_mapping_goes_before_the_client_and_that_before_the_image(tmp_path):
    made = tmp_path / "py3.11-flytekit-1.16.31"
    made.mkdir()
    (made / READY).touch()
    environments = Environments(tmp_path, [f"acme/*={sys.executable}"])
    client = {"interpreter": sys.executable, "interpreter_host": machine_id()}
    chosen = [
        environments.known(wanted)
        for wanted in (
            Wanted("acme/x", **client),
            Wanted(FLYTEKIT, **client),
            Wanted(FLYTEKIT),
            Wanted("other", sys.executable, "elsewhere"),
            Wanted(FLYTEKIT, "/no/python", machine_id()),
        )
    ]
    assert [each.why.split(" ")[0:3] for each in chosen if each] == [
        ["mapped", "by", "'acme/*'"],
        ["the", "Python", "of"],
        ["made", "for", "image"],
        ["the", "platform's", "own"],
        ["made", "for", "image"],
    ]


def test_an_environment_that_is_not_made_yet_or_only_half_is_not_known(tmp_path):
    (tmp_path / "py3.11-flytekit-1.16.31").mkdir()
    assert Environments(tmp_path).known(Wanted(FLYTEKIT)) is None
    assert Environments(tmp_path, make=False).known(Wanted(FLYTEKIT)) is not None


@pytest.mark.parametrize("text", ["", "x", "=/tmp", "x=", "x=/nowhere", "x=/tmp"])
def test_a_bad_mapping_is_refused_at_the_start(text):
    with pytest.raises(InvalidInput):
        parse_mapping(text)


def test_an_image_with_a_digest_keeps_its_equals_sign():
    assert parse_mapping(f"a=b*={sys.executable}") == ("a=b*", sys.executable)


def test_the_commands_of_the_environment_and_the_code_come_first():
    found = for_interpreter({"PATH": "/bin", "PYTHONPATH": "/lib"}, bin_folder="/venv/bin", code_folder="/code")
    assert (found["PATH"], found["PYTHONPATH"]) == ("/venv/bin:/bin", "/code:/lib")


def test_only_what_the_engine_sets_differs_between_attempts_of_one_fork_server():
    shared, own = split({"DB": "x", "FLYTE_ATTEMPT_NUMBER": "1", "FLYTE_INTERNAL_EXECUTION_ID": "a", "_F_SS_C": "z"})
    assert shared == {"DB": "x", "_F_SS_C": "z"}
    assert set(own) == {"FLYTE_ATTEMPT_NUMBER", "FLYTE_INTERNAL_EXECUTION_ID"}
