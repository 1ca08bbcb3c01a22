"""Every RPC, with messages made of its descriptor, good ones with changes, and bytes that are none."""

from __future__ import annotations

from random import Random

import grpc
from google.protobuf.descriptor import MethodDescriptor
from google.protobuf.message_factory import GetMessageClass
from tests.fuzz.cases import cases
from tests.fuzz.corpus import KNOWN, good_requests
from tests.fuzz.values import Maker
from tests.integration.api.clients import SERVICES
from tests.integration.platform import RunningPlatform

TIMEOUT_S = 60.0
NEVER = (grpc.StatusCode.UNKNOWN, grpc.StatusCode.INTERNAL, grpc.StatusCode.DEADLINE_EXCEEDED)
GOOD = good_requests()


def request(random: Random, rpc: MethodDescriptor) -> bytes:
    """One request of an RPC."""
    maker = Maker(random, KNOWN)
    good = GOOD.get(rpc.name)
    if good and random.random() < 0.85:
        message = maker.mutated(random.choice(good))
    else:
        message = maker.message(rpc.input_type)
    data = message.SerializeToString()
    return maker.garbled(data) if random.random() < 0.1 else data


def test_grpc_no_rpc_fails_by_itself(fuzzed: RunningPlatform) -> None:
    rpcs = [(service.full_name, rpc) for service in SERVICES for rpc in service.methods]
    numbered = cases("grpc")
    with grpc.insecure_channel(fuzzed.grpc, options=(("grpc.max_receive_message_length", -1),)) as channel:
        for number, random in numbered:
            service, rpc = random.choice(rpcs)
            data = request(random, rpc)
            with numbered.told(number):
                call = channel.unary_unary(f"/{service}/{rpc.name}", None, GetMessageClass(rpc.output_type).FromString)
                try:
                    call(data, timeout=TIMEOUT_S)
                except grpc.RpcError as error:
                    assert error.code() not in NEVER, f"{rpc.name}: {error.code()} {error.details()}"
