"""Any renaming of nodes leaves a workflow the same; any real change makes it another."""

from __future__ import annotations

import random
from collections.abc import Callable

from flyteidl.core import compiler_pb2, literals_pb2, types_pb2, workflow_pb2
from google.protobuf.message import Message
from hypothesis import given
from hypothesis import strategies as st
from tests.graphs import INT, sub_workflow_node, task_node, workflow
from tests.property.test_compiler import QUICK, compiled
from tests.property.valid_graphs import ADD, INNER, valid_graphs

from alula.core.compiler.node_names import same_but_for_node_ids


def messages(message: Message) -> list[Message]:
    """The message and all inside it."""
    found = [message]
    for field, value in message.ListFields():
        if field.message_type is None:
            continue
        inner = [value] if isinstance(value, Message) else list(value.values() if hasattr(value, "values") else value)
        for one in inner:
            if isinstance(one, Message):
                found += messages(one)
    return found


def renamed(template: workflow_pb2.WorkflowTemplate, randomness: random.Random) -> workflow_pb2.WorkflowTemplate:
    """The same with other ids, its nodes in another order."""
    other = workflow_pb2.WorkflowTemplate()
    other.CopyFrom(template)
    nodes = [one for one in messages(other) if isinstance(one, workflow_pb2.Node)]
    ids = sorted({node.id for node in nodes})
    names = dict(zip(ids, randomness.sample([f"r{number}" for number in range(3 * len(ids))], len(ids)), strict=True))
    for node in nodes:
        node.id = names[node.id]
        upstream = [names[id] for id in node.upstream_node_ids]
        del node.upstream_node_ids[:]
        node.upstream_node_ids.extend(upstream)
    for one in messages(other):
        if isinstance(one, types_pb2.OutputReference):
            one.node_id = names.get(one.node_id, one.node_id)
    top = list(other.nodes)
    randomness.shuffle(top)
    del other.nodes[:]
    other.nodes.extend(top)
    return other


@QUICK
@given(valid_graphs(), st.randoms(use_true_random=False))
def test_any_renaming_is_the_same(template: workflow_pb2.WorkflowTemplate, randomness: random.Random) -> None:
    assert same_but_for_node_ids(compiled(template), compiled(renamed(template, randomness)))


def longer(node: workflow_pb2.Node) -> None:
    node.metadata.timeout.seconds += 1


def retried(node: workflow_pb2.Node) -> None:
    node.metadata.retries.retries += 1


def called(node: workflow_pb2.Node) -> None:
    node.metadata.name += "x"


def cached(node: workflow_pb2.Node) -> None:
    node.metadata.cacheable = not node.metadata.cacheable


def of_constants(node: workflow_pb2.Node) -> None:
    """One more than before, wherever it has a number; a longer timeout where it has none."""
    numbers = [one for one in messages(node) if isinstance(one, literals_pb2.Primitive) and one.HasField("integer")]
    for number in numbers[:1]:
        number.integer += 1
    if not numbers:
        longer(node)


CHANGES = (longer, retried, called, cached, of_constants)


@QUICK
@given(valid_graphs(), st.randoms(use_true_random=False), st.sampled_from(CHANGES))
def test_any_change_of_any_node_makes_another(
    template: workflow_pb2.WorkflowTemplate, randomness: random.Random, change: Callable[[workflow_pb2.Node], None]
) -> None:
    other = renamed(template, randomness)
    nodes = [one for one in messages(other) if isinstance(one, workflow_pb2.Node)]
    change(randomness.choice(nodes))
    assert not same_but_for_node_ids(compiled(template), compiled(other))


@QUICK
@given(valid_graphs(), st.randoms(use_true_random=False))
def test_one_more_order_between_nodes_makes_another(
    template: workflow_pb2.WorkflowTemplate, randomness: random.Random
) -> None:
    other = renamed(template, randomness)
    other.nodes.append(workflow_pb2.Node(id="pause"))
    other.nodes[-1].gate_node.sleep.duration.seconds = 1
    more = workflow_pb2.WorkflowTemplate()
    more.CopyFrom(other)
    more.nodes[-1].upstream_node_ids.append(randomness.choice(list(more.nodes)[:-1]).id)
    assert not same_but_for_node_ids(compiled(other), compiled(more))


def pair(*bindings: tuple[str, str]) -> compiler_pb2.CompiledWorkflowClosure:
    """Two equal steps, and others that take from them."""
    nodes = [task_node(id, ADD, a=".x", b=1) for id in ("p", "q")]
    nodes += [task_node(f"c{number}", ADD, a=f"{a}.o0", b=f"{b}.o0") for number, (a, b) in enumerate(bindings)]
    return compiled(workflow("w", nodes, outputs={"y": (INT, "c0.o0")}))


def test_twins_may_be_exchanged_and_not_merged() -> None:
    assert same_but_for_node_ids(pair(("p", "q")), pair(("q", "p")))
    assert not same_but_for_node_ids(pair(("p", "q")), pair(("p", "p")))
    assert not same_but_for_node_ids(pair(("p", "q"), ("p", "q")), pair(("p", "q"), ("q", "p")))


def test_a_long_chain_of_equal_steps() -> None:
    def chain(prefix: str, size: int = 3000) -> compiler_pb2.CompiledWorkflowClosure:
        nodes = [task_node(f"{prefix}0", ADD, a=".x", b=1)]
        nodes += [task_node(f"{prefix}{i}", ADD, a=f"{prefix}{i - 1}.o0", b=1) for i in range(1, size)]
        return compiled(workflow("w", nodes, outputs={"y": (INT, f"{prefix}{size - 1}.o0")}))

    assert same_but_for_node_ids(chain("a"), chain("zz"))


def test_nodes_of_sub_workflows_are_renamed_too() -> None:
    outer = workflow("w", [sub_workflow_node("n0", INNER, x=".x")], outputs={"y": (INT, "n0.o0")})
    other = renamed(INNER, random.Random(1))
    assert same_but_for_node_ids(compiled(outer, (INNER,)), compiled(outer, (other,)))
