"""Tasks that are no Python functions: shell scripts, programs, and echoes."""

from flytekit import ContainerTask, kwtypes, task, workflow
from flytekit.core.task import Echo
from flytekit.extras.tasks.shell import OutputLocation, ShellTask
from flytekit.types.file import FlyteFile

count = ShellTask(
    name="count",
    script="wc -l < {inputs.file} > {outputs.lines}",
    inputs=kwtypes(file=FlyteFile),
    output_locs=[OutputLocation(var="lines", var_type=FlyteFile, location="lines.txt")],
)
greet = ContainerTask(
    name="greet",
    image="alpine:3",
    inputs=kwtypes(name=str, times=int),
    command=["/bin/sh", "-c", "echo hello {{.inputs.name}} {{.inputs.times}}"],
)
through_files = ContainerTask(
    name="through_files",
    image="alpine:3",
    inputs=kwtypes(name=str),
    outputs=kwtypes(length=int),
    input_data_dir="/var/inputs",
    output_data_dir="/var/outputs",
    command=["/bin/sh", "-c", "wc -c < /var/inputs/name > /var/outputs/length"],
)
echo = Echo(name="echo", inputs=kwtypes(a=int, b=int))


@task
def number(file: FlyteFile) -> int:
    with open(file) as lines:
        return int(lines.read())


@workflow
def programs(file: FlyteFile, name: str = "ada") -> tuple[int, int, int]:
    greet(name=name, times=3)
    first, second = echo(a=5, b=6)
    return number(file=count(file=file)), first, second


@workflow
def echoes(a: int) -> tuple[int, int]:
    first, second = echo(a=a, b=7)
    return first, second


@workflow
def needs_copilot(name: str = "ada") -> int:
    return through_files(name=name)
