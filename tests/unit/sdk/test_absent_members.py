"""Members and keywords that flytekit's classes have and Alula's do not: each is one error that says what to do."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

import alula
from alula import FlyteFile, ImageSpec, Options, Resources, TaskMetadata
from alula.configuration import Config, PlatformConfig
from alula.core.errors import InvalidInput
from alula.extras.sqlite3.task import SQLite3Task
from alula.remote.executions import FlyteNodeExecution, FlyteTaskExecution, FlyteWorkflowExecution
from alula.sdk.absent_members import ABSENT
from alula.sdk.authoring.flytekit_members import Entity
from alula.sdk.authoring.map_task import MapTask
from alula.sdk.authoring.reference import Reference
from alula.sdk.authoring.task import Task
from alula.sdk.authoring.workflow import Workflow

CLASSES: dict[str, Any] = {
    each.__name__: each
    for each in (
        *(getattr(alula, name) for name in alula._EXPORTS if isinstance(getattr(alula, name), type)),
        *(Config, PlatformConfig),
        *(Entity, Task, Workflow, MapTask, Reference, SQLite3Task),
        *(FlyteWorkflowExecution, FlyteNodeExecution, FlyteTaskExecution),
    )
}
PAGE = (Path(__file__).parents[3] / "docs/porting.md").read_text()
MAKING = {"FlyteFile": ("a",), "FlyteDirectory": ("a",)}


@pytest.mark.parametrize("name", [name for name in ABSENT if not name.endswith(")")])
def test_a_member_that_is_not_here_says_what_to_do_instead(name):
    owner, _, member = name.partition(".")
    with pytest.raises(AttributeError) as caught:
        getattr(CLASSES[owner], member)
    assert str(caught.value) == f"flytekit's `{name}` is not in Alula: {ABSENT[name]}"
    assert not hasattr(CLASSES[owner], member)


@pytest.mark.parametrize("name", [name for name in ABSENT if name.endswith(")")])
def test_a_keyword_that_is_not_here_says_what_to_do_instead(name):
    called, _, keyword = name.removesuffix("=)").partition("(")
    owner, _, method = called.partition(".")
    call = CLASSES[owner]
    if method:
        call = getattr(call(*MAKING.get(owner, ())), method)
    with pytest.raises(InvalidInput) as caught:
        call(**{keyword: True})
    assert f"`{called}` has no setting `{keyword}`" in caught.value.message
    assert (caught.value.code, caught.value.fix) == ("UnknownSetting", ABSENT[name])
    assert __file__ in caught.value.message


@pytest.mark.parametrize("name", ABSENT)
def test_the_page_on_porting_names_each(name):
    assert any(f"`{name}`" in row and f"| {ABSENT[name]} |" in row for row in PAGE.splitlines())


@pytest.mark.parametrize(
    ("name", "keyword", "expected"),
    [
        ("FlyteFile", "metadata", FlyteFile("a")),
        ("ImageSpec", "registry_config", ImageSpec("a")),
        ("TaskMetadata", "is_eager", TaskMetadata()),
        ("Options", "security_context", Options()),
    ],
)
def test_none_is_no_setting(name, keyword, expected):
    given = ("a",) if name in ("FlyteFile", "ImageSpec") else ()
    assert CLASSES[name](*given, **{keyword: None}) == expected


@pytest.mark.parametrize(
    ("name", "keyword", "fix"),
    [
        ("Resources", "memory", "did you mean `mem`?"),
        ("Resources", "nothing", "there are: cpu, mem, gpu, ephemeral_storage"),
        ("ImageSpec", "package", "did you mean `packages`?"),
        ("StructuredDataset", "urii", "did you mean `uri`?"),
        ("Secret", "gruop", "did you mean `group`?"),
        ("PodTemplate", "podspec", "did you mean `pod_spec`?"),
        ("Cache", "versoin", "did you mean `version`?"),
        ("CronSchedule", "expression", "did you mean `cron_expression`?"),
        ("FixedRate", "duratoin", "did you mean `duration`?"),
        ("ConcurrencyPolicy", "concurrency", "did you mean `max_concurrency`?"),
        ("Email", "recipients", "did you mean `recipients_email`?"),
        ("Documentation", "short_desc", "did you mean `short_description`?"),
    ],
)
def test_a_keyword_that_nobody_has_names_those_that_there_are(name, keyword, fix):
    with pytest.raises(InvalidInput) as caught:
        CLASSES[name](**{keyword: "1"})
    assert caught.value.fix == fix


def test_objects_are_made_as_before():
    assert Resources("1", mem="2") == Resources(cpu="1", mem="2") == Resources("1")._replace(mem="2")
    assert FlyteFile(path="a", remote_path="b").remote_path == "b"
