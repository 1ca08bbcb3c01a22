"""Every code of the compiler is reported for the defect that it names, and for nothing else."""

import pytest
from tests.unit.core.compiler.defects import Case, all_defects, variants_of

from alula.core.compiler import Code, CompileError, CompileErrors, compile_workflow


def errors_of(case: Case) -> tuple[CompileError, ...]:
    with pytest.raises(CompileErrors) as caught:
        compile_workflow(case.template, case.sub_workflows, case.tasks)
    return caught.value.errors


def test_there_is_a_defect_for_each_of_the_29_codes() -> None:
    assert len(Code) == 29
    assert set(all_defects()) == set(Code)


@pytest.mark.parametrize("code", list(Code))
def test_a_defect_is_reported_under_its_code_only(code: Code) -> None:
    codes = {error.code for error in errors_of(all_defects()[code]())}
    assert codes == {code}


@pytest.mark.parametrize("code", list(Code))
def test_other_forms_of_the_defect_are_too(code: Code) -> None:
    for case in variants_of(code):
        codes = {error.code for error in errors_of(case)}
        assert codes == {code}


@pytest.mark.parametrize("code", list(Code))
def test_a_message_names_something_and_says_what_to_change(code: Code) -> None:
    for error in errors_of(all_defects()[code]()):
        assert len(error.message) > 20
        assert "\n" not in error.message
