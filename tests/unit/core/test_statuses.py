from __future__ import annotations

import http

import grpc
import pytest

from alula.core.errors import AlulaError, ResourceExhausted
from alula.core.statuses import BY_GRPC, BY_HTTP, INTERNAL, STATUSES, http_of, statuses_of


def test_every_kind_of_error_has_statuses_of_its_own() -> None:
    kinds = {each for each in AlulaError.__subclasses__() if each.__module__ == AlulaError.__module__}
    assert set(STATUSES) == kinds
    for table, wire in ((BY_GRPC, 0), (BY_HTTP, 1)):
        assert len(table) == sum(len(statuses[wire]) for statuses in STATUSES.values())


@pytest.mark.parametrize("kind", STATUSES)
def test_a_kind_is_read_off_the_status_that_says_it(kind: type[AlulaError]) -> None:
    grpc_status, http_status = (known[0] for known in statuses_of(kind("TheCode", "what it is")))
    assert (BY_GRPC[grpc_status], BY_HTTP[http_status]) == (kind, kind)


def test_the_numbers_are_statuses() -> None:
    known = {status.value[0] for status in grpc.StatusCode}
    assert {*BY_GRPC, *INTERNAL.grpc} <= known
    assert all(http.HTTPStatus(number) for number in (*BY_HTTP, *INTERNAL.http))


def test_an_error_of_no_kind_is_the_platforms_own() -> None:
    assert statuses_of(AlulaError("Internal", "a bug")) == INTERNAL


@pytest.mark.parametrize(
    ("code", "status"), [("ConcurrencyLimit", 429), ("DiskFull", 507), ("StoreDiskFull", 507), ("RunFileTooLarge", 413)]
)
def test_what_is_exhausted_says_in_http_whether_it_helps_to_wait(code: str, status: int) -> None:
    error = ResourceExhausted(code, "what it is")
    assert (http_of(error), BY_HTTP[status]) == (status, ResourceExhausted)
