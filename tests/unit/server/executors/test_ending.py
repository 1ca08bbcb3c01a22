import os
import time
from pathlib import Path

import msgspec
import pytest
from flyteidl.core import dynamic_job_pb2, errors_pb2, literals_pb2
from tests.attempts.specs import attempt, literal_map
from tests.hostile import HOSTILE
from tests.present import failure, present

from alula.server.executors.process.ending import (
    CANCELLED,
    RECORD,
    Rules,
    TakesLong,
    cut_log,
    earlier_end,
    recorded_end,
    update_of,
)
from alula.server.executors.process.files import Files
from alula.server.executors.process.places import Places
from alula.server.executors.process.wire import End
from alula.server.untrusted import Tree

RULES = Rules(log_limit_bytes=1000, tolerate_leftovers=False)


def ended(tmp_path: Path, end: End, *, rules: Rules = RULES, **files: bytes):
    """The update for an attempt that declares an output and left these files."""
    spec = attempt(tmp_path, "x", outputs=True, memory_limit_bytes=1 << 20)
    folder = Path(spec.output_prefix)
    folder.mkdir(parents=True)
    for name, data in files.items():
        (folder / name.replace("_", ".")).write_bytes(data)
    return update_of(spec, end, rules)


def files_in(folder: Path) -> Files:
    return Files(Tree(str(folder)), Places(folder / "needless"))


def error_document(code: str) -> bytes:
    return errors_pb2.ErrorDocument(error=errors_pb2.ContainerError(code=code, message="m")).SerializeToString()


OUTPUTS = literal_map(o0=1).SerializeToString()


def test_outputs_and_a_deck(tmp_path):
    update = ended(tmp_path, End(code=0, ended_at=5), outputs_pb=OUTPUTS, deck_html=b"<p>")
    assert (update.phase, update.at, update.outputs, update.futures) == ("SUCCEEDED", 5, OUTPUTS, None)
    assert update.deck_uri.endswith("/deck.html")


def test_futures_go_instead_of_outputs(tmp_path):
    futures = dynamic_job_pb2.DynamicJobSpec(min_successes=1).SerializeToString()
    update = ended(tmp_path, End(code=0), futures_pb=futures)
    assert (update.outputs, update.futures) == (None, futures)


def test_an_error_document_speaks_before_the_exit_status(tmp_path):
    update = ended(tmp_path, End(code=0), error_pb=error_document("USER:ValueError"), outputs_pb=OUTPUTS, deck_html=b"")
    assert (update.phase, failure(update).code, bool(update.deck_uri)) == ("FAILED", "USER:ValueError", True)


def test_what_the_task_says_of_a_lost_worker_does_not_hide_that_memory_ran_out(tmp_path):
    update = ended(tmp_path, End(code=0, oom_kills=1), error_pb=error_document("USER:BrokenProcessPool"))
    assert failure(update).code == "OOMKilled"


def test_a_task_that_survives_the_loss_of_a_process_succeeds(tmp_path):
    assert ended(tmp_path, End(code=0, oom_kills=1), outputs_pb=OUTPUTS).phase == "SUCCEEDED"


def test_leftovers_fail_a_task_even_with_outputs(tmp_path):
    update = ended(tmp_path, End(code=0, left_behind=["7 sleep 600"]), outputs_pb=OUTPUTS)
    assert failure(update).code == "ProcessesLeftBehind"
    assert "7 sleep 600" in failure(update).message


def test_no_process_at_all_is_not_the_fault_of_the_task(tmp_path):
    update = ended(tmp_path, End(cannot_start="no more processes"))
    error = failure(update)
    assert (error.code, error.kind, error.recoverable) == ("CannotStart", "SYSTEM", True)


def test_a_signal_is_named_and_the_last_line_quoted(tmp_path):
    update = ended(tmp_path, End(signal=11), log_txt=b"first\nlast words\n\n")
    assert failure(update).code == "Killed"
    assert "SIGSEGV" in failure(update).message
    assert "last words" in failure(update).message


def test_a_long_log_is_cut_once_and_the_report_stays_the_same(tmp_path):
    spec = attempt(tmp_path, "x")
    log = Path(spec.output_prefix) / "log.txt"
    log.parent.mkdir(parents=True)
    log.write_bytes(b"x" * 5000)
    end = End(code=0, log_bytes=5000)
    for _ in range(2):
        cut_log(spec, end, RULES)
        error = failure(update_of(spec, end, RULES))
        assert error.code == "LogLimitExceeded"
        assert "raise the setting `executors.process.log_limit_bytes`" in error.message
    assert log.read_bytes().count(b"[alula] cut here") == 1


def test_only_a_whole_record_of_an_end_counts(tmp_path):
    assert recorded_end(str(tmp_path)) is None
    for torn in (b"", b'{"code": 0', b'{"code": 0, "cause": "\xff"}', b'{"code": 1e400}', b"[" * 100_000):
        (tmp_path / RECORD).write_bytes(torn)
        assert recorded_end(str(tmp_path)) is None
    (tmp_path / RECORD).write_bytes(msgspec.json.encode(End(code=3)))
    assert recorded_end(str(tmp_path)) == End(code=3)


def test_an_attempt_whose_result_is_there_is_not_run_again_where_results_are_written_whole(tmp_path):
    ours, other = (attempt(tmp_path, command, outputs=True) for command in ("alula-execute", "sh"))
    folder = Path(ours.output_prefix)
    folder.mkdir(parents=True)
    assert earlier_end(ours) is None
    (folder / "outputs.pb").write_bytes(OUTPUTS)
    assert earlier_end(other) is None, "what another program wrote may be half of it"
    end = earlier_end(ours)
    assert end is not None
    assert update_of(ours, end, RULES).outputs == OUTPUTS
    (folder / RECORD).write_bytes(b"")
    assert earlier_end(ours) == end, "a record that did not fit on the disk is none"
    (folder / RECORD).write_bytes(msgspec.json.encode(End(signal=9, cause=CANCELLED)))
    assert earlier_end(ours) is None
    (folder / RECORD).write_bytes(msgspec.json.encode(End(code=3)))
    assert earlier_end(ours) == earlier_end(other) == End(code=3)


def test_results_that_the_disk_did_not_take_are_not_the_fault_of_the_task(tmp_path):
    spec = attempt(tmp_path, "alula-execute", outputs=True)
    folder = Path(spec.output_prefix)
    folder.mkdir(parents=True)
    for end in (End(code=1, not_recorded="no space"), End(code=0, not_recorded="no space"), End(code=os.EX_IOERR)):
        error = failure(update_of(spec, end, RULES))
        assert (error.code, error.kind, error.recoverable) == ("ResultsNotWritten", "SYSTEM", True)
    assert failure(update_of(spec, End(signal=11, not_recorded="no space"), RULES)).code == "Killed"
    (folder / "error.pb").write_bytes(error_document("USER:ValueError"))
    assert failure(update_of(spec, End(code=0, not_recorded="no space"), RULES)).code == "USER:ValueError"


NAMES = ["outputs.pb", "error.pb", "futures.pb", "log.txt", "deck.html", RECORD]


@pytest.mark.parametrize("kind", HOSTILE)
@pytest.mark.parametrize("name", NAMES)
def test_whatever_stands_in_place_of_a_result_the_attempt_ends(tmp_path, name, kind):
    spec = attempt(tmp_path, "alula-execute", outputs=True)
    folder = Path(spec.output_prefix)
    folder.mkdir(parents=True)
    HOSTILE[kind](folder / name)
    for end in (End(code=0), End(code=1), End(signal=11, log_bytes=10)):
        update = update_of(spec, end, RULES)
        assert update.phase == "FAILED"
        if name in ("outputs.pb", "futures.pb") and end.code == 0:
            assert (failure(update).code, failure(update).recoverable) == ("OutputsNotReadable", True)
            assert name in failure(update).message
        if name == "error.pb":
            assert failure(update).code == "ErrorNotReadable"
            assert name in failure(update).message
    if kind != "sparse":
        assert not update.deck_uri
        assert earlier_end(spec) is None
    files_in(tmp_path).clear(str(folder))
    assert earlier_end(spec) is None, "nothing stands in the way of a new start"
    (folder / "outputs.pb").write_bytes(OUTPUTS)
    assert update_of(spec, End(code=0), RULES).outputs == OUTPUTS


@pytest.mark.parametrize("kind", [kind for kind in HOSTILE if "folder" not in kind])
def test_whatever_stands_in_place_of_the_prefix_the_attempt_can_start(tmp_path, kind):
    spec = attempt(tmp_path, "alula-execute", outputs=True)
    folder = Path(spec.output_prefix)
    folder.parent.mkdir(parents=True)
    HOSTILE[kind](folder)
    assert failure(update_of(spec, End(code=0), RULES)).code in ("OutputsNotReadable", "OutputsNotFound")
    assert earlier_end(spec) is None
    files = files_in(tmp_path)
    assert not files.prepare(spec)
    files.clear(str(folder))
    assert os.listdir(folder) == []


@pytest.mark.parametrize("kind", HOSTILE)
def test_inputs_are_written_again_whatever_stands_there(tmp_path, kind):
    spec = attempt(tmp_path, "x")
    path = Path(spec.input_uri)
    path.parent.mkdir(parents=True)
    HOSTILE[kind](path)
    files_in(tmp_path).prepare(spec)
    assert path.read_bytes() == spec.inputs


def test_inputs_of_the_same_size_with_other_bytes_are_not_taken(tmp_path):
    spec = attempt(tmp_path, "x")
    path = Path(spec.input_uri)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"?" * len(spec.inputs))
    files_in(tmp_path).prepare(spec)
    assert path.read_bytes() == spec.inputs


def test_the_log_of_another_is_not_cut_by_a_link(tmp_path):
    victim = tmp_path / "victim"
    victim.write_bytes(b"x" * 5000)
    spec = attempt(tmp_path, "x")
    Path(spec.output_prefix).mkdir(parents=True)
    (Path(spec.output_prefix) / "log.txt").symlink_to(victim)
    cut_log(spec, End(code=0, log_bytes=5000), RULES)
    assert victim.stat().st_size == 5000


def test_times_that_a_task_made_up_are_not_believed(tmp_path):
    spec = attempt(tmp_path, "alula-execute", outputs=True)
    folder = Path(spec.output_prefix)
    folder.mkdir(parents=True)
    (folder / "outputs.pb").write_bytes(OUTPUTS)
    for at in (-(10**9), 10**10):
        os.utime(folder / "outputs.pb", (at, at))
        assert 0 <= present(earlier_end(spec)).ended_at <= time.time_ns() // 1000
    (folder / RECORD).write_bytes(b'{"ended_at": 4611686018427387904}')
    assert present(earlier_end(spec)).ended_at <= time.time_ns() // 1000


def test_a_long_error_is_cut_and_says_where_the_whole_is(tmp_path):
    message = f"begin {'é' * 15_000_000} end"
    document = errors_pb2.ErrorDocument(
        error=errors_pb2.ContainerError(code="USER:" + "x" * 5_000_000, message=message)
    )
    update = ended(tmp_path, End(code=0), error_pb=document.SerializeToString())
    assert len(failure(update).message.encode()) <= 64 * 1024
    assert failure(update).message.startswith("begin")
    assert failure(update).message.endswith("end")
    assert "error.pb" in failure(update).message
    assert len(failure(update).code) <= 200


def test_large_results_are_not_read_at_once(tmp_path):
    spec = attempt(tmp_path, "x", outputs=True)
    folder = Path(spec.output_prefix)
    folder.mkdir(parents=True)
    text = literals_pb2.LiteralMap()
    text.literals["o0"].scalar.primitive.string_value = "x" * 1_000_000
    (folder / "outputs.pb").write_bytes(text.SerializeToString())
    with pytest.raises(TakesLong):
        update_of(spec, End(code=0), RULES, here_bytes=999_999)
    assert failure(update_of(spec, End(code=0), RULES)).code == "OutputsMismatch"
