"""Can the simulation fail? Puts defects into engine, runner and executor, one at a time: seeds must find them.

    python -m tests.simulation.mutants [NAME ...]

Each defect is a piece of the source, found by its exact text, and what stands there instead. It is put into a copy; the
working tree is left alone. Exit status 1 when one was not caught, or its text is not there any more.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.simulation.executor_mutants import MUTANTS_OF_EXECUTORS
from tests.simulation.mutant import (
    BACKFILLS,
    CORE,
    ENGINE,
    FAULTS,
    HEARTBEAT,
    MACHINES,
    MEMORY,
    RUNNER,
    SCHEDULER,
    SCHEDULES,
    SERVER,
    TRIGGERS,
    WORLDS,
    Mutant,
)

ROOT = Path(__file__).parents[2]
SEEDS = 1500
STUCK_S = 20
"""A seed that takes longer goes round in circles."""
MUTANTS = (
    # The engine: graphs
    Mutant(
        "a node does not wait for all that it depends on",
        f"{ENGINE}/graph.py",
        "if self._unmet[follower] == 0 and",
        "if self._unmet[follower] <= 1 and",
    ),
    Mutant("a failure is forgotten", f"{ENGINE}/graph.py", "        self.error = error\n", ""),
    Mutant(
        "what comes after a skipped node is not skipped",
        f"{ENGINE}/graph.py",
        "            waiting.extend(self.plan.nodes[follower].downstream)\n",
        "",
    ),
    Mutant(
        "the first failure does not stop the others",
        f"{ENGINE}/graph.py",
        '            self.abort(turn, f"node {by} failed, and',
        '            (lambda *_, **__: None)(turn, f"node {by} failed, and',
    ),
    Mutant(
        "nobody hears of a scope's end", f"{ENGINE}/state.py", "self.later(lambda: self._tell_end(parent, ended))", ""
    ),
    # The engine: attempts
    Mutant("a retry has the number of the attempt before", f"{MACHINES}/task.py", "cell.attempt += 1", "pass"),
    Mutant(
        "one retry too many",
        f"{CORE}/policy/retries.py",
        "spent.user <= budget.user_retries",
        "spent.user <= budget.user_retries + 1",
    ),
    Mutant(
        "one retry too few",
        f"{CORE}/policy/retries.py",
        "spent.user <= budget.user_retries",
        "spent.user < budget.user_retries",
    ),
    Mutant(
        "the machine's failures are the user's", f"{MACHINES}/task.py", "cell.spent.system += 1", "cell.spent.user += 1"
    ),
    Mutant(
        "a try shows what the first one used",
        f"{RUNNER}/updates.py",
        "attempt, usage = update.id.attempt, update.usage",
        "attempt = update.id.attempt\n"
        "    usage = event_of.__dict__.setdefault(str((update.id.execution, place)), update.usage)",
    ),
    Mutant(
        "late news of an earlier attempt count",
        f"{MACHINES}/task.py",
        "return event.attempt == cell.attempt",
        "return True",
    ),
    Mutant(
        "an attempt's deadline is lost in a crash",
        f"{MACHINES}/task.py",
        'yield _timer(scope, node, cell, "timeout", plan.timeout_us)',
        "pass",
    ),
    Mutant(
        "a retry's timer is lost in a crash",
        f"{MACHINES}/task.py",
        'yield _timer(scope, node, cell, "retry", backoff_us(cell.spent))',
        "pass",
    ),
    Mutant(
        "an aborted attempt is not cancelled",
        f"{MACHINES}/task.py",
        "            _cancel(turn, scope, node, cell)\n            report.attempt(",
        "            report.attempt(",
    ),
    Mutant(
        "an attempt that timed out is not cancelled",
        f"{MACHINES}/task.py",
        "        _cancel(turn, scope, node, cell)\n        report.deck(",
        "        report.deck(",
    ),
    Mutant(
        "a place is never given back",
        f"{MACHINES}/task.py",
        "    if cell.stage in _PLACED:\n        places.give_back(turn)\n    #",
        "    #",
    ),
    Mutant(
        "one attempt more than max_parallelism", f"{ENGINE}/state.py", "self.running < limit", "self.running <= limit"
    ),
    Mutant(
        "who waits for a place is forgotten",
        f"{ENGINE}/places.py",
        "execution.blocked.append((scope.id, node))",
        "pass",
    ),
    # The engine: the cache
    Mutant(
        "a hit gives nothing",
        f"{MACHINES}/task.py",
        '{"source": event.source})\n    scope.succeeded(turn, node, event.outputs)',
        '{"source": event.source})\n    scope.succeeded(turn, node, b"")',
    ),
    Mutant(
        "results are cached whatever the inputs",
        f"{CORE}/policy/cache_key.py",
        "counting = [name for name in sorted(inputs.literals) if name not in ignored]",
        "counting = list[str]()",
    ),
    Mutant(
        "a reservation is never released",
        f"{MACHINES}/task.py",
        "        turn.changes.released.append(Released(cell.key, _holder(turn.execution, scope, node)))\n",
        "        pass\n",
    ),
    Mutant(
        "who waits for a result is forgotten in a crash",
        f"{MACHINES}/task.py",
        "if cell.stage in _ASKING:",
        'if cell.stage == "LOOKING_UP":',
    ),
    # The engine: arrays, branches, gates, children
    Mutant(
        "results of items change places",
        f"{MACHINES}/array.py",
        "self.outputs[node] = outputs",
        "self.outputs[self._ended] = outputs",
    ),
    Mutant(
        "an array needs one success less", f"{MACHINES}/array.py", "return math.ceil(rule", "return math.floor(rule"
    ),
    Mutant(
        "the concurrency of an array is not heeded",
        f"{MACHINES}/array.py",
        "and len(self.cells) < limit:",
        "and len(self.cells) <= limit:",
    ),
    Mutant(
        "a branch takes the wrong case",
        f"{MACHINES}/branch.py",
        "if holds(condition, inputs):",
        "if not holds(condition, inputs):",
    ),
    Mutant("a rejection approves", f"{MACHINES}/gate.py", "elif value.scalar.primitive.boolean:", "elif True:"),
    Mutant(
        "a gate's timer is lost in a crash",
        f"{MACHINES}/gate.py",
        "            yield _timer(scope, node, cell)",
        "            yield from ()",
    ),
    Mutant(
        "a child is not launched again after a crash",
        f"{MACHINES}/launch_plan.py",
        "            yield _launch(execution, scope, node, cell)",
        "            yield from ()",
    ),
    # The runner
    Mutant(
        "actions are done before their commit",
        f"{RUNNER}/turns.py",
        "        kept = await batches.commit(",
        "        for owned in dirty:\n"
        "            for action in owned._actions:\n"
        "                await self._do(owned, action)\n"
        "        kept = await batches.commit(",
    ),
    Mutant(
        "a commit that was refused is forgotten",
        f"{RUNNER}/turns.py",
        "            else:\n                self.ownership.doubt(owned)\n",
        "",
    ),
    Mutant(
        "actions that the store interrupted are forgotten",
        f"{RUNNER}/turns.py",
        "            owned, action = self._to_do[0]\n"
        "            is_done = True\n"
        "            if still_holds(owned, action):\n"
        "                try:\n"
        "                    is_done = await self._do(owned, action)\n"
        "                except Exception as error:  # noqa: BLE001 - as in `_step`\n"
        '                    self.ownership.end_by(error, owned, f"while {type(action).__name__} was carried out")\n'
        "            if is_done:\n"
        "                self._to_do.popleft()\n",
        "            await self._do(*self._to_do.popleft())\n",
    ),
    Mutant(
        "mail is taken and not read",
        f"{RUNNER}/turns.py",
        "owned.consume(message.number)\n                self._step(owned, event)",
        "owned.consume(message.number)",
    ),
    Mutant(
        "an end that is not written yet wins over an abort",
        f"{RUNNER}/turns.py",
        "and not (isinstance(event, facts.AbortRequested) and owned.ends_unwritten):",
        "and True:",
    ),
    Mutant("mail is never put away", f"{RUNNER}/turns.py", "owned.consume(message.number)", "pass"),
    Mutant(
        "mail that comes while mail is read is lost",
        f"{RUNNER}/turns.py",
        "mail = await batches.messages(self._store, sorted(woken), self.ownership.broke)",
        "mail = await batches.messages(self._store, sorted(woken), self.ownership.broke)\n"
        "            self._woken.clear()",
    ),
    Mutant(
        "only one of several arrivals counts",
        f"{RUNNER}/turns.py",
        "for execution, event in arrived:",
        "for execution, event in arrived[:1]:",
    ),
    Mutant(
        "the answer to a claim is lost",
        f"{RUNNER}/ownership.py",
        "        for id in named:\n            self._move(id, News.CLAIM)\n",
        "",
    ),
    Mutant(
        "a runner goes on with what it has lost",
        f"{RUNNER}/ownership.py",
        "for id in [id for id in self.readings if id not in named]:",
        "for id in []:",
    ),
    Mutant(
        "what ran before a lost answer is not stopped",
        f"{RUNNER}/turns.py",
        "        for attempt in unwanted:\n"
        "            self._executor.cancel("
        "attempt, incarnation=reading.state.created.incarnation, claim=reading.claim)\n",
        "",
    ),
    Mutant(
        "what arrived before a lost answer is dropped",
        f"{RUNNER}/turns.py",
        "        for event in before.uncommitted():\n            self.arrive(reading.record.id, event)\n",
        "",
    ),
    Mutant(
        "a full disk ends the runner",
        f"{RUNNER}/turns.py",
        "                await self._turn()\n            except AlulaError as error:\n"
        "                if not passes(error):",
        "                await self._turn()\n            except AlulaError as error:\n"
        '                if not passes(error) or "Full" in error.code:',
    ),
    Mutant(
        "an end is acknowledged before its commit",
        f"{RUNNER}/turns.py",
        "        owned.take_end(update.id)\n        if update.asides:\n",
        "        owned.take_end(update.id)\n        self._executor.acknowledge([update.id])\n"
        "        if update.asides:\n",
    ),
    Mutant(
        "a job's handle is lost in a crash",
        f"{MACHINES}/task.py",
        "        handle=cell.handle,\n",
        "",
    ),
    Mutant(
        "the next attempt has the handle of the one before",
        f"{MACHINES}/task.py",
        "        cell.progress = None\n",
        "",
    ),
    Mutant(
        "a job is cancelled without its handle",
        f"{MACHINES}/task.py",
        ", index, cell.executor, cell.handle))",
        ", index))",
        tests="tests/unit/core/engine/test_progress.py",  # a row tells of the job too, some seconds later
    ),
    Mutant(
        "jobs that a crash has left run on",
        f"{RUNNER}/runner.py",
        "        self._errands.beside(self._jobs.end())\n",
        "",
        HEARTBEAT,  # a world has its occasion one time in thousands
    ),
    Mutant(
        "a job of an attempt that runs is ended",
        f"{MEMORY}/jobs.py",
        "        return attempt is not None and not attempt.phase.is_terminal\n",
        "        return False\n",
    ),
    Mutant(
        "the executor is not told what should run",
        f"{RUNNER}/runner.py",
        "await reconcile(self._executor, specs, owner=self._platform_id, later=later, broke=broke)",
        "await reconcile(self._executor, [], owner=self._platform_id, later=[], broke=broke)",
    ),
    Mutant(
        "a timer fires once for all",
        f"{RUNNER}/timers.py",
        "            self._fire(execution, timer)\n        self._arm()",
        "            self._fire(execution, timer)",
    ),
    Mutant(
        "leases go by the clock of each machine",
        f"{RUNNER}/lease.py",
        "return _monotonic_us() + self._store_ahead_us",
        "from tests.simulation.host import OWNER\n        return OWNER.get().host.clock()",
    ),
    Mutant(
        "a timer waits for the wall clock",
        f"{RUNNER}/effects.py",
        "        fired = facts.TimerFired(self._clock(),",
        "        if self._clock() < timer.at:\n"
        "            self._timers.set(execution, msgspec.structs.replace(timer, after=timer.at - self._clock()))\n"
        "            return\n"
        "        fired = facts.TimerFired(self._clock(),",
    ),
    Mutant(
        "a child is launched again by a state that is ahead of its log",
        f"{RUNNER}/runner.py",
        "if not owned.state.children or owned.is_dirty:",
        "if not owned.state.children:",
    ),
    Mutant("a runner does not ask for children", f"{RUNNER}/runner.py", "            self._ask_for_children()\n", ""),
    Mutant(
        "nobody looks for orphans",
        f"{RUNNER}/runner.py",
        "        self._errands.beside(self._look_for_orphans())\n",
        "",
        tests=HEARTBEAT,
    ),
    # The runner: what it owes an executor that others share
    Mutant(
        "a runner that lost an execution cancels its attempts",
        f"{RUNNER}/turns.py",
        "            self._executor.release(reading.unsettled)\n",
        "            for attempt in reading.unsettled:\n                self._executor.cancel(attempt)\n",
    ),
    Mutant(
        "what ended and is not durable is not let go of",
        f"{RUNNER}/turns.py",
        "self._executor.release(reading.unsettled)",
        "self._executor.release(reading.attempts.keys())",
    ),
    Mutant(
        "attempts are started on a lease that has ended",
        f"{RUNNER}/lease.py",
        "return asyncio.get_running_loop().time() * 1_000_000 >= self._held_until_us",
        "return False",
        FAULTS,  # in the worlds, the claim of whoever took over stands in its way
    ),
    Mutant(
        "a lease is not renewed while the executor is told what should run",
        f"{RUNNER}/runner.py",
        "            await asyncio.sleep(self._lease.renew_every_s)\n",
        "            while self._loop is None:\n                await asyncio.sleep(1)\n"
        "            await asyncio.sleep(self._lease.renew_every_s)\n",
        tests=HEARTBEAT,
    ),
    Mutant("no end is acknowledged", f"{RUNNER}/turns.py", "self._executor.acknowledge(owned.ends)", "pass"),
    Mutant(
        "an end whose commit went unanswered is not acknowledged",
        f"{RUNNER}/turns.py",
        "        self._executor.acknowledge(ended)\n",
        "",
    ),
    # The runner: incidents
    Mutant(
        "an error at one execution ends the runner",
        f"{RUNNER}/ownership.py",
        "        self.broke(owned.record.id, error, doing)\n",
        "        raise error\n",
    ),
    Mutant(
        "an error at one execution is forgotten",
        f"{RUNNER}/ownership.py",
        "        self.broke(owned.record.id, error, doing)\n",
        "        pass\n",
    ),
    Mutant(
        "a state that an error left half changed is gone on with",
        f"{RUNNER}/ownership.py",
        "        if id in self.readings:\n            self._break(id, told)\n",
        "        if id in self.readings:\n            self._holder.opened(self.readings[id], told)\n",
    ),
    Mutant(
        "an execution that can't be read is left as it is",
        f"{RUNNER}/ownership.py",
        "(Stage.CLAIMED, News.BREAK_AGAIN): Stage.CONDEMNED",
        "(Stage.CLAIMED, News.BREAK_AGAIN): Stage.STUCK",
    ),
    Mutant(
        "what an execution that can't be read had in flight stays open",
        f"{RUNNER}/unreadable.py",
        "            if not node.phase.is_terminal:\n",
        "            if False:\n",
    ),
    Mutant(
        "one commit that can't be written takes others with it",
        f"{RUNNER}/batches.py",
        "        if len(commits) == 1:\n",
        "        if True:\n",
    ),
    Mutant("a child's outputs are lost", f"{RUNNER}/children.py", 'outputs=record.outputs or b"")', 'outputs=b"")'),
    Mutant(
        "graphs are not read again after a crash",
        f"{RUNNER}/opening.py",
        "beside(fold, plan, log, named.graphs, named.recovery, named.loaded)",
        "beside(fold, plan, log, {}, named.recovery, named.loaded)",
    ),
    Mutant(
        "a replay gives no inputs to what is to run again",
        f"{ENGINE}/step.py",
        "for event in log if type(event) is AttemptSucceeded}",
        "for event in log if hasattr(event, 'attempt')}",
    ),
    Mutant(
        "a value that is waited for is not asked for again after a crash",
        f"{ENGINE}/step.py",
        "    yield from map(LoadValue, execution.loading)\n",
        "",
    ),
    Mutant(
        "values are not read again after a crash",
        f"{RUNNER}/opening.py",
        "named.recovery, named.loaded)",
        "named.recovery, {})",
    ),
    Mutant(
        "rows refer to values that are not written",
        f"{RUNNER}/turns.py",
        "            await self.effects.keep_asides(owned)\n",
        "            owned.have_kept(owned.asides)\n            owned.is_held = False\n",
    ),
    Mutant(
        "only the first that waits for a value goes on",
        f"{ENGINE}/values.py",
        "in execution.loading.pop(uri):",
        "in execution.loading.pop(uri)[:1]:",
    ),
    Mutant(
        "a list that was put aside in this turn is not at hand",
        f"{ENGINE}/values.py",
        "        if aside is not None:\n",
        "        if aside is None:\n            continue\n        if aside.uri in turn.execution.loaded:\n",
    ),
    Mutant(
        "a commit drops the cache entries of its turn",
        f"{RUNNER}/owned.py",
        "    into.published.extend(more.published)\n",
        "",
    ),
    Mutant(
        "a commit drops the reasons of its turn", f"{RUNNER}/owned.py", "    into.reasons.extend(more.reasons)\n", ""
    ),
    # The change feed
    Mutant(
        "a changed row keeps its old sequence",
        f"{MEMORY}/log.py",
        "        changed[kind, key] = seq\n",
        "        changed.setdefault((kind, key), seq)\n",
    ),
    # Duties: leases by name, and the outbox
    Mutant("two hold a lease", f"{MEMORY}/leases.py", "        if held.until <= now:\n", "        if True:\n"),
    Mutant(
        "nobody follows a leader that died",
        f"{SERVER}/leadership.py",
        "            await asyncio.sleep(min(self._renew_every_s, lease.left_us / 1_000_000))\n",
        "            await asyncio.Event().wait()\n",
    ),
    Mutant(
        "a message is removed when it is claimed",
        f"{MEMORY}/outbox.py",
        "            row.claimed_until = now + lease_us\n",
        "            del self._rows[row.message.number]\n",
    ),
    Mutant(
        "a message is acknowledged before it is delivered",
        f"{SERVER}/delivery.py",
        "            await self._deliver(messages)\n"
        "            await self._outbox.acknowledge(self._consumer.name, [message.number for message in messages])\n",
        "            await self._outbox.acknowledge(self._consumer.name, [message.number for message in messages])\n"
        "            await self._deliver(messages)\n",
    ),
    Mutant(
        "what a dead process had claimed is overtaken",
        f"{SERVER}/delivery.py",
        "            await self._outbox.release(self._consumer.name, under=lease)\n",
        "",
    ),
    Mutant(
        "a claim whose answer was lost is overtaken",
        f"{SERVER}/delivery.py",
        "= lease.term != self._begun_in, 0 ",
        "= lease.term != self._begun_in, lease.term ",
    ),
    Mutant(
        "a launch is not told",
        f"{MEMORY}/executions.py",
        "        self._outbox.tell(record, [launched(record)])\n",
        "",
    ),
    Mutant(
        "a commit is told although it was refused",
        f"{MEMORY}/log.py",
        "            return False\n        if commit.is_end and",
        "            if run:\n                self._outbox.tell(run.record, told(merge([commit.changes])))\n"
        "            return False\n        if commit.is_end and",
    ),
    # Schedules, in worlds of their own
    Mutant(
        "a fire starts a run without the lease",
        f"{MEMORY}/schedules.py",
        "        self._leases.require(lease)\n",
        "",
        SCHEDULES,
    ),
    Mutant(
        "a run is launched before its fire is noted",
        f"{SCHEDULER}/following.py",
        "            return await self._note(before, after, audits, launch)\n",
        "            await self._platform.store.executions.create(*launch)\n"
        "            return await self._note(before, after, audits)\n",
        SCHEDULES,
    ),
    Mutant(
        "a fire is noted before its run is launched",
        f"{SCHEDULER}/following.py",
        "            return await self._note(before, after, audits, launch)\n",
        "            await self._note(before, after, audits)\n"
        "            return await self._platform.store.executions.create(*launch)\n",
        SCHEDULES,
    ),
    Mutant(
        "a schedule is followed as it was before it changed",
        f"{MEMORY}/schedules.py",
        "        if self._rows.get(before.plan[:3]) != before:\n            return Followed.CHANGED\n",
        "",
        SCHEDULES,
    ),
    Mutant(
        "a catch-up forgets what the jitter delays",
        f"{SCHEDULER}/following.py",
        "followed_until=due.fires[-1].at if due.fires else record.followed_until",
        "followed_until=max(now, record.followed_until)",
        SCHEDULES,
    ),
    Mutant(
        "a catch-up forgets what is too much",
        f"{CORE}/policy/firing.py",
        "    if due.skipped is not None:\n",
        "    if due.skipped is not None and not due.fires:\n",
        SCHEDULES,
    ),
    Mutant(
        "what waits is forgotten when a run starts",
        f"{SCHEDULER}/following.py",
        "(*left, *decision.waiting)",
        "left",
        SCHEDULES,
    ),
    Mutant(
        "one run more than may be open",
        f"{CORE}/policy/firing.py",
        "max(0, rules.open_max - open_runs)",
        "max(0, rules.open_max + 1 - open_runs)",
        SCHEDULES,
    ),
    Mutant(
        "a schedule that is resumed names again what it has named",
        f"{SERVER}/services/schedules.py",
        "    until = max(record.followed_until, now)",
        "    until = now",
        SCHEDULES,
    ),
    # Backfills, in worlds of their own
    Mutant(
        "a slot starts a run as the backfill was before it was paused",
        f"{MEMORY}/backfills.py",
        "        if self._rows.get(step.before.id) != step.before:\n            return Followed.CHANGED\n",
        "",
        BACKFILLS,
    ),
    Mutant(
        "a run is launched before its slot is noted",
        f"{SCHEDULER}/advancing.py",
        "            return await self._note(running, Launch(execution, event, audit))\n",
        "            await self._platform.store.executions.create(execution, event, audit)\n"
        "            return await self._note(running)\n",
        BACKFILLS,
    ),
    Mutant(
        "backfills of a plan look for room at the same time",
        f"{SCHEDULER}/backfills.py",
        "            of_plans[record.plan[:3]].append(record)\n",
        "            of_plans[record.id].append(record)\n",
        BACKFILLS,
    ),
    Mutant(
        "one run more of a backfill than may be open",
        f"{CORE}/policy/backfilling.py",
        "    free = rules.at_once - counts.running\n",
        "    free = rules.at_once + 1 - counts.running\n",
        BACKFILLS,
    ),
    Mutant(
        "a slot that was run before takes the name of its first run",
        f"{SERVER}/services/backfill_plan.py",
        "fire.planned_for, reprocessed_name(backfill, fire.at))",
        "fire.planned_for, scheduled_name(plan, fire.at))",
        BACKFILLS,
    ),
    # Triggers, in worlds of their own
    Mutant(
        "a run that is triggered does not carry the chain of its causes",
        f"{SERVER}/services/firing.py",
        "chain_text((*cause.chain, _plan_text(plan)))",
        "chain_text(())",
        TRIGGERS,
    ),
    Mutant(
        "a run is triggered beside the note of its cause, under a name that does not follow from it",
        f"{SERVER}/services/firing.py",
        "        return await _note(platform, started, launch=Launch(execution, event, audit)) is Fired.DONE\n",
        '        again = execution.id._replace(name=f"a{platform.random_bytes(8).hex()}")\n'
        "        execution = msgspec.structs.replace(execution, id=again)\n"
        "        await platform.store.executions.create(execution, event, audit)\n"
        "        return await _note(platform, started) is Fired.DONE\n",
        TRIGGERS,
    ),
    Mutant(
        "trouble that passes is the end of a cause",
        f"{SERVER}/services/firing.py",
        "may_pass = passes(error) or (cause",
        "may_pass = (cause",
        TRIGGERS,
    ),
    Mutant(
        "no trigger hears of runs after one of them has gone",
        f"{MEMORY}/triggers.py",
        "            self._hear_or_not()\n\n    def _watch",
        "            self._outbox.drop(RUN_ENDS)\n\n    def _watch",
        TRIGGERS,
    ),
    Mutant(
        "a message is known by its id alone",
        f"{MEMORY}/triggers.py",
        "return self._firings.get((*plan, cause)) or next(sealed, None)",
        "return self._firings.get((*plan, cause))",
        TRIGGERS,
    ),
    Mutant(
        "a message that was sent again is new under another id",
        f"{SERVER}/services/webhooks.py",
        "        await _remember(platform, firing, seal)\n",
        "        pass\n",
        TRIGGERS,
    ),
    *MUTANTS_OF_EXECUTORS,
)


def main(names: list[str]) -> int:
    chosen = [mutant for mutant in MUTANTS if not names or any(name in mutant.name for name in names)]
    missed = 0
    with tempfile.TemporaryDirectory(prefix="alula-mutants-") as folder:
        for mutant in chosen:
            began = time.monotonic()
            told = _hunt(mutant, Path(folder))
            missed += not told.startswith("caught")
            print(f"{told:44} {time.monotonic() - began:5.1f} s  {mutant.name}", flush=True)
    print(f"{len(chosen) - missed} of {len(chosen)} defects caught")
    return 1 if missed else 0


def _hunt(mutant: Mutant, folder: Path) -> str:
    for part in ("src", "tests"):
        shutil.rmtree(folder / part, ignore_errors=True)
        shutil.copytree(ROOT / part, folder / part, ignore=shutil.ignore_patterns("__pycache__"))
    file = folder / mutant.file
    text = file.read_text()
    if text.count(mutant.text) != 1:
        return f"BROKEN: its text is there {text.count(mutant.text)} times"
    file.write_text(text.replace(mutant.text, mutant.instead))
    environment = os.environ | {"PYTHONPATH": f"{folder / 'src'}{os.pathsep}{folder}", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-m", "tests.simulation", str(SEEDS), "--failures", "1", "--stuck", str(STUCK_S)]
    if mutant.tests in WORLDS:
        command = [sys.executable, "-m", mutant.tests, str(SEEDS), "--failures", "1"]
    elif mutant.tests:
        command = [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", mutant.tests]
    ended = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if mutant.tests and mutant.tests not in WORLDS and ended.returncode == 1:
        return f"caught by {Path(mutant.tests).name}"
    found = [line for line in ended.stdout.splitlines() if line.startswith("seed ")]
    if found:
        said = ended.stdout.splitlines()[1].strip()
        return f"caught by {found[0].partition(':')[0]} ({said[:22]})"
    return "MISSED" if ended.returncode == 0 else f"BROKEN: {ended.stderr.strip().splitlines()[-1][:60]}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
