"""The names of flytekit 1.16 that public projects import: each is here, or its import says what to do instead.

`flytekit_names.json` has the public names of each module that they import from, as flytekit defines them.
"""

from __future__ import annotations

import importlib
import json
import sys
from pathlib import Path

import pytest

import alula
from alula.core.engine.records import ExecutionPhase
from alula.sdk.absent import INSTEAD, MODULES, counterpart, instead_of_module

SURFACE = json.loads(Path(__file__).with_name("flytekit_names.json").read_text())
NAMES: dict[str, list[str]] = {module: names.split() for module, names in SURFACE.items()}
USED_BY_SEVERAL_PROJECTS = """
    workflow task Resources ImageSpec current_context kwtypes FlyteFile FlyteDirectory dynamic Secret map_task
    LaunchPlan
    Deck FlyteRemote Config conditional StructuredDataset CronSchedule TaskMetadata PodTemplate FlyteContext
    FlyteContextManager WorkflowExecutionPhase wait_for_input ContainerTask Email FixedRate HashMethod approve logger
    reference_task Literal LiteralType StructuredDatasetType WorkflowFailurePolicy Options Slack Workflow
    reference_launch_plan
""".split()  # noqa: SIM905  # a list of words


@pytest.mark.parametrize("name", USED_BY_SEVERAL_PROJECTS)
def test_a_name_that_several_projects_import_is_here(name):
    assert getattr(alula, name) is not None


@pytest.mark.parametrize("module", [module for module in NAMES if instead_of_module(module) is None])
def test_a_module_has_each_name_or_a_fix_for_it(module):
    here = importlib.import_module(counterpart(module))
    without = [name for name in NAMES[module] if name not in INSTEAD and not hasattr(here, name)]
    assert without == []


@pytest.mark.parametrize("module", [module for module in NAMES if instead_of_module(module) is None])
def test_a_name_that_is_not_here_says_what_to_do_instead(module):
    here = importlib.import_module(counterpart(module))
    for name in NAMES[module]:
        if name in INSTEAD and name not in vars(here):
            with pytest.raises(ImportError, match=f"flytekit's `{name}` is not in Alula: "):
                getattr(here, name)


@pytest.mark.parametrize("module", ["tools", "clients", "clis", "interactive", "extend.backend"])
def test_a_module_that_is_not_here_says_what_to_do_instead(module):
    sys.modules.pop(f"alula.{module}", None)
    with pytest.raises(ImportError, match=f"`flytekit.{module}` is not in Alula: "):
        importlib.import_module(f"alula.{module}")


def test_no_fix_is_for_a_name_that_is_here():
    assert [name for name in INSTEAD if name in alula._EXPORTS] == []


def test_a_name_that_nobody_has_is_an_attribute_error():
    with pytest.raises(AttributeError, match="has no attribute 'Nope'"):
        importlib.import_module("alula.types.file").Nope


def test_phases_have_the_numbers_of_the_platform():
    assert {phase.name: phase.value for phase in alula.WorkflowExecutionPhase} == {
        phase.name: phase.value for phase in ExecutionPhase
    }


def test_the_page_on_porting_names_all_that_is_not_here():
    page = (Path(__file__).parents[3] / "docs/porting.md").read_text()
    rows = [*MODULES.items(), *INSTEAD.items()]
    assert [name for name, fix in rows if f"`{name}`" not in page or f"| {fix} |" not in page] == []
