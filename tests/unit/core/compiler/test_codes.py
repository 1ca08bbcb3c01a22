"""Every code of the compiler is reported for the defect that it names, and for nothing else."""

import pytest
from tests.unit.core.compiler.defects import Case, all_defects, variants_of

from alula.core.compiler import Code, CompileError, CompileErrors, compile_workflow

COMPANIONS = {
    Code.UNREACHABLE_NODES: {Code.CYCLE_DETECTED},
    Code.NO_ENTRY_NODE_FOUND: {Code.CYCLE_DETECTED, Code.UNREACHABLE_NODES},
    Code.CYCLE_DETECTED: {Code.UNREACHABLE_NODES, Code.NO_ENTRY_NODE_FOUND},
}
"""A cycle is always one, and often leaves nodes that nothing leads to."""


def errors_of(case: Case) -> tuple[CompileError, ...]:
    with pytest.raises(CompileErrors) as caught:
        compile_workflow(case.template, case.sub_workflows, case.tasks)
    return caught.value.errors


def test_there_is_a_defect_for_each_of_the_31_codes() -> None:
    assert len(Code) == 31
    assert set(all_defects()) == set(Code)


@pytest.mark.parametrize("code", list(Code))
def test_a_defect_is_reported_under_its_code_only(code: Code) -> None:
    codes = {error.code for error in errors_of(all_defects()[code]())}
    assert code in codes
    assert codes - {code} <= COMPANIONS.get(code, set())


@pytest.mark.parametrize("code", list(Code))
def test_other_forms_of_the_defect_are_too(code: Code) -> None:
    for case in variants_of(code):
        codes = {error.code for error in errors_of(case)}
        assert code in codes
        assert codes - {code} <= COMPANIONS.get(code, set())


@pytest.mark.parametrize("code", list(Code))
def test_a_message_names_something_and_says_what_to_change(code: Code) -> None:
    for error in errors_of(all_defects()[code]()):
        assert len(error.message) > 20
        assert "\n" not in error.message
