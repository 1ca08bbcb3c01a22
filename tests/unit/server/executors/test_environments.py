import platform
import sys
import sysconfig

import pytest

from alula.core.errors import InvalidInput
from alula.core.policy.image_contents import ImageContents, text_of
from alula.server.executors.machine import machine_id
from alula.server.executors.process.environments import READY, Environments, Wanted, parse_mapping
from alula.server.executors.process.recipes import own_requirement, recipe_of_contents
from alula.server.executors.process.variables import for_interpreter, for_uv, split

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


def contents(image="i:1", **more) -> str:
    return text_of(ImageContents(image, **more))


def test_an_image_with_told_contents_goes_before_the_client(tmp_path):
    environments = Environments(tmp_path, [f"acme/*={sys.executable}"])
    client = {"interpreter": sys.executable, "interpreter_host": machine_id()}
    told = contents(requirements=("x",))
    assert environments.known(Wanted("i:1", contents=told, **client)) is None
    for other in (Wanted("i:2", contents=told, **client), Wanted("acme/x", contents=contents("acme/x"), **client)):
        assert environments.known(other) is not None  # overridden, and mapped
    without = Environments(tmp_path, make=False)
    assert without.known(Wanted("i:1", contents=told, **client)) is not None


def test_equal_contents_are_one_environment_whatever_the_image_is_called(tmp_path):
    first, _ = recipe_of_contents(contents("a", requirements=("x",), variables=(("A", "1"),)))
    same, _ = recipe_of_contents(contents("b", requirements=("x",)))
    other, _ = recipe_of_contents(contents("a", requirements=("y",)))
    assert first == same
    assert first.name != other.name


@pytest.mark.parametrize("python", ["", sysconfig.get_python_version(), platform.python_version()])
def test_the_platforms_own_python_is_not_looked_for(python):
    assert recipe_of_contents(contents(python=python))[0].interpreter == sys.executable


def test_another_python_gets_an_alula_of_its_own():
    here, _ = recipe_of_contents(contents())
    other, _ = recipe_of_contents(contents(python="3.99"))
    assert (here.packages, bool(here.beside), bool(here.constraints)) == ((), True, True)
    assert (other.interpreter, other.packages) == ("3.99", (own_requirement(),))
    assert (other.beside, other.constraints) == ("", ())


def test_parts_that_only_an_image_can_have_are_refused_with_the_way_out(tmp_path):
    wanted = Wanted("i:1", contents=contents(beyond=("apt_packages", "cuda")))
    with pytest.raises(InvalidInput, match="`apt_packages`, `cuda`") as refused:
        Environments(tmp_path).known(wanted)
    assert refused.value.code == "ImageNeedsContainer"


def test_uv_gets_the_variables_of_the_machine_and_no_secrets():
    platform = {"PATH": "/bin", "HOME": "/h", "UV_INDEX": "i", "https_proxy": "p", "PGPASSWORD": "s", "AWS_KEY": "s"}
    assert set(for_uv(platform)) == {"PATH", "HOME", "UV_INDEX", "https_proxy"}
