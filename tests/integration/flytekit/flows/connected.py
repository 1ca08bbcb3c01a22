"""Tasks of connectors: a sensor of flytekit's own, a job of a connector of the tests, work that is done in a call."""

from typing import Any

from flytekit import workflow
from flytekit.configuration import SerializationSettings
from flytekit.core.base_task import PythonTask
from flytekit.core.interface import Interface
from flytekit.extend.backend.base_connector import AsyncConnectorExecutorMixin, SyncConnectorExecutorMixin
from flytekit.sensor import FileSensor


class Script(AsyncConnectorExecutorMixin, PythonTask):
    """A shell script, whose inputs are variables and whose output is the file `o0`."""

    def __init__(self, name: str, script: str, **inputs: type):
        super().__init__("script", name, None, interface=Interface(inputs, {"o0": int}))
        self._script = script

    def get_custom(self, settings: SerializationSettings) -> dict[str, Any]:
        return {"script": self._script}


class Sum(SyncConnectorExecutorMixin, PythonTask):
    def __init__(self, name: str):
        super().__init__("adder", name, None, interface=Interface({"a": int, "b": int}, {"o0": int}))


wait_for = FileSensor(name="connected.wait_for")
double = Script("connected.double", 'until [ -e "$go" ]; do sleep 0.05; done; expr $a + $a > o0', a=int, go=str)
add = Sum("connected.add")


@workflow
def sensed(path: str, a: int = 3) -> int:
    found = wait_for(path=path)
    doubled = double(a=a, go=path)
    found >> doubled
    return add(a=doubled, b=1)


@workflow
def held(go: str, a: int = 3) -> int:
    return double(a=a, go=go)
