"""The graph of a dynamic task with tasks that no executor can run."""

import pytest
from flyteidl.core import dynamic_job_pb2
from tests import graphs
from tests.objects.memory import MemoryBlobs

from alula.core.errors import InvalidInput, TaskError
from alula.core.ids import Place
from alula.server.runner.definitions import Definitions
from alula.server.runner.dynamic import keep_graph
from alula.server.services.runnable import Runnable
from alula.server.stores.memory.adapter import MemoryStore

pytestmark = pytest.mark.anyio


async def test_it_is_refused_before_one_of_them_runs() -> None:
    one, other = graphs.task("one"), graphs.task("other")
    job = dynamic_job_pb2.DynamicJobSpec(
        nodes=[graphs.task_node("dn0", one, x=5), graphs.task_node("dn1", other, x="dn0.o0")],
        tasks=[one, other],
        outputs=[graphs.binding("o0", "dn1.o0")],
    )
    store, blobs = MemoryStore(), MemoryBlobs()
    await store.start()

    async def kept(runnable: Runnable) -> object:
        return await keep_graph(
            job.SerializeToString(),
            parent=graphs.task("parent"),
            node_id="n0",
            prefix=blobs.uri("a"),
            blobs=blobs,
            definitions=Definitions(store),
            refused=lambda closure: runnable.refused(closure, Place("p", "d"), ()),
        )

    no = InvalidInput("ImageNeedsContainer", "no", fix="elsewhere")
    closed = await kept(Runnable(lambda task, *_: no if task.id.name == "other" else None))
    assert closed == TaskError("ImageNeedsContainer", "step `dn1` (task `other`): no; elsewhere")
    assert blobs.objects == {}
    assert not isinstance(await kept(Runnable()), TaskError)
