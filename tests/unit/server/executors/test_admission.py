import pytest

from alula.core.errors import InvalidInput
from alula.core.size_text import text_of_bytes
from alula.server.executors.admission import OVERTAKES_MAX, Admission, Capacity

GIB = 1 << 30


def admitted(admission: Admission[str]) -> list[str]:
    found: list[str] = []
    while (key := admission.admit()) is not None:
        found.append(key)
    return found


def test_attempts_are_admitted_in_order_while_they_fit():
    admission: Admission[str] = Admission(Capacity(2000, GIB))
    for key in "abc":
        admission.add(key, Capacity(1000, 0))
    assert admitted(admission) == ["a", "b"]
    admission.discard("a")
    assert admitted(admission) == ["c"]


def test_memory_counts_as_cpu_does():
    admission: Admission[str] = Admission(Capacity(8000, GIB))
    for key in "ab":
        admission.add(key, Capacity(100, GIB * 3 // 4))
    assert admitted(admission) == ["a"]
    assert "768 MiB of memory (256 MiB of 1 GiB are free)" in admission.reason("b")


def test_a_large_attempt_is_overtaken_for_a_while_only():
    admission: Admission[int] = Admission(Capacity(2000, GIB))
    admission.add(-1, Capacity(1000, 0))
    assert admission.admit() == -1
    admission.add(-2, Capacity(2000, 0))
    overtook = 0
    for key in range(100):
        admission.add(key, Capacity(1000, 0))
    while (key := admission.admit()) is not None:
        overtook += 1
        admission.discard(key)
    assert overtook == OVERTAKES_MAX
    assert admission.waiting() == [-2]
    admission.discard(-1)
    assert admission.admit() == -2


def test_what_is_larger_than_the_machine_is_refused_with_both_figures():
    admission: Admission[str] = Admission(Capacity(2000, GIB))
    with pytest.raises(InvalidInput) as caught:
        admission.check(Capacity(1000, 64 * GIB))
    assert caught.value.code == "InsufficientResources"
    assert "64 GiB" in caught.value.message
    assert "1 GiB" in caught.value.message
    admission.check(Capacity(2000, GIB))


@pytest.mark.parametrize("negative", [Capacity(-1, 0), Capacity(0, -1)])
def test_nobody_gives_resources_by_asking_for_them(negative):
    with pytest.raises(InvalidInput) as caught:
        Admission(Capacity(2000, GIB)).check(negative)
    assert caught.value.code == "InvalidResources"


def test_giving_up_a_waiting_or_unknown_attempt_changes_nothing_else():
    admission: Admission[str] = Admission(Capacity(1000, GIB))
    admission.add("a", Capacity(1000, 0))
    admission.add("b", Capacity(1000, 0))
    admission.discard("a")
    admission.discard("nobody")
    assert admitted(admission) == ["b"]


def test_sizes_are_readable():
    assert [text_of_bytes(each) for each in (10, 1536, 200 << 20, 3 * GIB // 2, 102_399_000 * GIB)] == [
        "10 bytes",
        "1.5 KiB",
        "200 MiB",
        "1.5 GiB",
        "102,399,000 GiB",
    ]


def test_who_has_to_begin_first_goes_first():
    admission: Admission[str] = Admission(Capacity(1000, GIB))
    one = Capacity(1000, 0)
    admission.add("late and patient", one, at=0, budget=3600)
    admission.add("early", one, at=1, budget=60)
    admission.add("also early", one, at=2, budget=60)
    admission.add("at once", one, at=3, budget=0)
    assert admission.waiting(limit=9) == ["at once", "early", "also early", "late and patient"]
    order: list[str] = []
    while (key := admission.admit()) is not None:
        order.append(key)
        admission.discard(key)
    assert order == ["at once", "early", "also early", "late and patient"]


def test_who_is_patient_is_not_passed_over_for_ever():
    admission: Admission[str] = Admission(Capacity(1000, GIB))
    admission.add("patient", Capacity(1000, 0), at=0, budget=3600)
    admission.add("hasty", Capacity(1000, 0), at=3600, budget=60)
    assert admission.admit() == "patient"
