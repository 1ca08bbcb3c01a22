"""Template variables in commands."""

import pytest
from flyteidl.core import literals_pb2, tasks_pb2
from tests.unit.core.literals.values import STR, blob, file, lit, packed, union_value

from alula.core.errors import InvalidInput
from alula.core.policy.template import TemplateValues, render, render_all, render_container

VALUES = TemplateValues(
    input="/objects/n0/data/inputs.pb",
    output_prefix="/objects/n0/data/0",
    raw_output_data_prefix="/objects/data/ab/key",
    checkpoint_output_prefix="/objects/data/ab/key/_flytecheckpoints",
    per_retry_unique_key="a1-n0-0",
    task_template_path="/objects/n0/task.pb",
    namespace="p-d",
    inputs=literals_pb2.LiteralMap(
        literals={
            "x": lit(3),
            "on": lit(True),
            "rate": lit(0.25),
            "name": lit("a b"),
            "many": lit([1, 2]),
            "file": file("s3://bucket/f.csv", blob("csv")),
            "maybe": union_value(lit("yes"), STR),
            "packed": packed({"a": 1}),
            "dict": lit({"a": 1}),
        }
    ),
)


@pytest.mark.parametrize(
    ("text", "rendered"),
    [
        ("{{.input}}", "/objects/n0/data/inputs.pb"),
        ("{{ .Input }}", "/objects/n0/data/inputs.pb"),
        ("{{$INPUT}}", "/objects/n0/data/inputs.pb"),
        ("{{ .inputPrefix }}", "/objects/n0/data"),
        ("{{.outputPrefix}}/x", "/objects/n0/data/0/x"),
        ("{{.rawOutputDataPrefix}}", "/objects/data/ab/key"),
        ("{{.checkpointOutputPrefix}}", "/objects/data/ab/key/_flytecheckpoints"),
        ("{{.prevCheckpointPrefix}}", '""'),
        ("{{.perRetryUniqueKey}}-{{.namespace}}", "a1-n0-0-p-d"),
        ("{{.taskTemplatePath}}", "/objects/n0/task.pb"),
        ("{{.inputs.x}} {{ .Inputs.on }} {{.inputs.rate}}", "3 true 0.25"),
        ("{{.inputs.name}}", "a b"),
        ("{{.inputs.many}}", "[1,2]"),
        ("{{.inputs.file}}", "s3://bucket/f.csv"),
        ("{{.inputs.maybe}}", "yes"),
        ("plain { text }", "plain { text }"),
        ("{{ jinja }}", "{{ jinja }}"),
    ],
)
def test_variables_are_replaced(text: str, rendered: str) -> None:
    assert render(text, VALUES) == rendered


@pytest.mark.parametrize("start", ["{{.a", "{{ .inputs.x", "{{$", "{{", "{{ ", "{{.inputs.x}", "{{.inputs.x }"])
def test_a_text_full_of_beginnings_is_read_once(start: str) -> None:
    text = start * (1_000_000 // len(start))
    assert render(text, VALUES) == text


def test_what_variables_stand_for_is_limited() -> None:
    values = TemplateValues("i", "o", "r", "c", inputs=literals_pb2.LiteralMap(literals={"x": lit("x" * 1_000_000)}))
    assert len(render_all(["{{.inputs.x}}"] * 3, values)) == 3
    for texts in (["{{.inputs.x}}" * 100_000], ["{{.inputs.x}}"] * 100_000):
        with pytest.raises(InvalidInput) as caught:
            render_all(texts, values)
        assert caught.value.code == "CommandTooLong"


def test_values_are_not_rendered_again() -> None:
    inputs = literals_pb2.LiteralMap(literals={"x": lit("{{.input}}")})
    values = TemplateValues("i", "o", "r", "c", inputs=inputs)
    assert render("{{.inputs.x}}", values) == "{{.input}}"


def test_a_previous_checkpoint_that_is_there_is_rendered() -> None:
    assert render("{{.prevCheckpointPrefix}}", TemplateValues("i", "o", "r", "c", "/before")) == "/before"


@pytest.mark.parametrize(
    ("text", "code", "words"),
    [
        ("{{.inptu}}", "UnknownTemplateVariable", "use one of"),
        ("{{.remote_package_path}}", "UnknownTemplateVariable", "register the task"),
        ("{{.inputs.nope}}", "UnknownTemplateInput", "`nope`, which is not given"),
        ("{{.inputs.packed}}", "UnknownTemplateInput", "holds a binary"),
        ("{{.inputs.dict}}", "UnknownTemplateInput", "holds a map"),
    ],
)
def test_what_can_not_be_rendered_is_an_error(text: str, code: str, words: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        render(text, VALUES)
    assert caught.value.code == code
    assert words in str(caught.value)


def test_a_container_is_rendered_as_a_copy() -> None:
    container = tasks_pb2.Container(
        image="i",
        command=["run"],
        args=["--in", "{{.input}}"],
        env=[literals_pb2.KeyValuePair(key="OUT", value="{{.outputPrefix}}")],
    )
    rendered = render_container(container, VALUES)
    assert list(rendered.command) == ["run"]
    assert list(rendered.args) == ["--in", VALUES.input]
    assert rendered.env[0].value == VALUES.output_prefix
    assert rendered.image == "i"
    assert container.args[1] == "{{.input}}"
    assert render_all(["a", "{{.namespace}}"], VALUES) == ["a", "p-d"]
