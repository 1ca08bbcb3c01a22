"""Alula's server: a process of its own for each attempt, all through the API. The platform runs already.

alula_server.py [EXECUTIONS]      the platform is that of ALULA_DATA
"""

import json
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from flow import CHAIN, FAN, chain, fan, increment, nodes, single
from flyteidl.admin import common_pb2, execution_pb2
from flyteidl.core import execution_pb2 as core_execution_pb2
from flyteidl.core import identifier_pb2, literals_pb2

from alula.sdk.client import http
from alula.sdk.client.connection import Connection
from alula.sdk.client.endpoint import find_endpoint
from alula.sdk.client.launch import LaunchSettings, launch
from alula.sdk.client.package import Code, package
from alula.sdk.client.register import prepare, register
from alula.sdk.client.rpcs import GET_EXECUTION, LIST_EXECUTIONS
from alula.sdk.client.run_view import to_execution_id
from alula.sdk.serialize.referenced import Registered

PROJECT, DOMAIN = "flytesnacks", "development"
EXECUTIONS = int(sys.argv[1]) if len(sys.argv) > 1 else 200
CLIENTS = 8
PAGE = 100


def integer(value):
    literal = literals_pb2.Literal()
    literal.scalar.primitive.integer = value
    return literal


def start(connection, version, name, inputs, run_name=""):
    id = identifier_pb2.Identifier(
        resource_type=identifier_pb2.LAUNCH_PLAN, project=PROJECT, domain=DOMAIN, name=name, version=version
    )
    literals = literals_pb2.LiteralMap(literals=inputs)
    settings = LaunchSettings(name=run_name)
    return launch(connection, id, literals, project=PROJECT, domain=DOMAIN, settings=settings)


def wait(connection, id):
    """Until the run has ended, as the platform's own record says."""
    url = f"{connection.http_endpoint()}/api/v1/alula/watch/{id.project}/{id.domain}/{id.name}"
    for _ in http.stream_lines(url, timeout_s=60):
        pass
    request = execution_pb2.WorkflowExecutionGetRequest(id=to_execution_id(id))
    closure = connection.call(GET_EXECUTION, request).closure
    assert closure.phase == core_execution_pb2.WorkflowExecution.SUCCEEDED, closure
    return closure


def timed(connection, version, name, inputs):
    began = time.perf_counter()
    wait(connection, start(connection, version, name, inputs))
    return time.perf_counter() - began


def throughput(connection, version):
    """Runs of one task a second, from the first request to the last end."""
    stamp = f"b{time.time_ns():x}"
    began = time.perf_counter()
    with ThreadPoolExecutor(CLIENTS) as clients:
        launched = list(
            clients.map(
                lambda number: start(connection, version, "flow.single", {"x": integer(1)}, f"{stamp}-{number}"),
                range(EXECUTIONS),
            )
        )
    wait(connection, launched[-1])
    while ended(connection, stamp) < EXECUTIONS:
        time.sleep(0.02)
    return EXECUTIONS / (time.perf_counter() - began)


def ended(connection, stamp):
    """How many of those runs have succeeded."""
    request = common_pb2.ResourceListRequest(
        id=common_pb2.NamedEntityIdentifier(project=PROJECT, domain=DOMAIN),
        limit=PAGE,
        filters=f"contains(name,{stamp})+eq(phase,SUCCEEDED)",
    )
    count = 0
    while True:
        page = connection.call(LIST_EXECUTIONS, request)
        count += len(page.executions)
        if not page.token:
            return count
        request.token = page.token


def main():
    root = Path(__file__).parent
    plan = prepare(
        [increment, single, chain, fan, nodes],
        package(root, code=Code([root / "flow.py"], [])),
        look_up=lambda _: Registered(),
        project=PROJECT,
        domain=DOMAIN,
    )
    numbers = literals_pb2.Literal()
    numbers.collection.literals.extend(integer(x) for x in range(FAN))
    with Connection(find_endpoint(None)) as connection:
        version = register(connection, plan).id.version
        results = {"first_s": timed(connection, version, "flow.single", {"x": integer(0)})}
        chains = [timed(connection, version, "flow.chain", {"x": integer(0)}) for _ in range(3)]
        results["chain_s"] = sorted(chains)[1]
        results["fan_s"] = timed(connection, version, "flow.fan", {"xs": numbers})
        results["nodes_s"] = timed(connection, version, "flow.nodes", {"x": integer(0)})
        results["executions_per_s"] = throughput(connection, version)
    assert CHAIN == 40
    print("@@" + json.dumps(results))


if __name__ == "__main__":
    main()
