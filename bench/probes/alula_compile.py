"""Alula's compiler: workflows of many nodes that read what others give. Of several times the quickest counts.

Time is of the processor, so that what else runs on the machine counts little.
"""

import json
import time

from flyteidl.core import identifier_pb2, interface_pb2, literals_pb2, tasks_pb2, types_pb2, workflow_pb2

from alula.core.compiler import compile_workflow

INT = interface_pb2.Variable(type=types_pb2.LiteralType(simple=types_pb2.INTEGER))
RESULT = interface_pb2.VariableMap(variables={"o0": INT})


def identifier(kind: identifier_pb2.ResourceType, name: str) -> identifier_pb2.Identifier:
    return identifier_pb2.Identifier(resource_type=kind, project="p", domain="d", name=name, version="v")


ADD = tasks_pb2.TaskTemplate(
    id=identifier(identifier_pb2.TASK, "add"),
    type="python-task",
    interface=interface_pb2.TypedInterface(
        inputs=interface_pb2.VariableMap(variables={"a": INT, "b": INT}), outputs=RESULT
    ),
)


def promised(var: str, node_id: str, output: str) -> literals_pb2.Binding:
    promise = types_pb2.OutputReference(node_id=node_id, var=output)
    return literals_pb2.Binding(var=var, binding=literals_pb2.BindingData(promise=promise))


def workflow(size: int) -> workflow_pb2.WorkflowTemplate:
    """Each node adds what the one before and the one half way to the beginning give."""
    nodes = [workflow_pb2.Node(id="n0", inputs=[promised("a", "", "x"), promised("b", "", "x")])]
    for number in range(1, size):
        inputs = [promised("a", f"n{number - 1}", "o0"), promised("b", f"n{number // 2}", "o0")]
        nodes.append(workflow_pb2.Node(id=f"n{number}", inputs=inputs))
    for node in nodes:
        node.task_node.reference_id.CopyFrom(ADD.id)
    return workflow_pb2.WorkflowTemplate(
        id=identifier(identifier_pb2.WORKFLOW, "w"),
        interface=interface_pb2.TypedInterface(inputs=interface_pb2.VariableMap(variables={"x": INT}), outputs=RESULT),
        nodes=nodes,
        outputs=[promised("o0", f"n{size - 1}", "o0")],
    )


def compile_s(size: int, times: int) -> float:
    template = workflow(size)
    took = []
    for _ in range(times):
        began = time.process_time()
        compile_workflow(template, [], [ADD])
        took.append(time.process_time() - began)
    return min(took)


figures = {"compile_1000_s": compile_s(1000, 20), "compile_20000_s": compile_s(20_000, 3)}
print("@@" + json.dumps(figures))
