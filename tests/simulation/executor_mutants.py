"""Defects of executors, and of what tells the owners of an attempt apart."""

from __future__ import annotations

from tests.simulation.mutant import CLAIMS, CLUSTER, CONTAINERS, KUBERNETES, PODS, RUNNER, RUNS, Mutant

MUTANTS_OF_EXECUTORS = (
    Mutant("each owner has the same claim", f"{RUNNER}/owned.py", "self.claim = len(log)", "self.claim = 1"),
    Mutant(
        "what a greater claim has is waited for", f"{RUNNER}/turns.py", 'if update.phase == "TAKEN":', "if False:", RUNS
    ),
    Mutant(
        "a store that was set back never claims enough",
        f"{RUNNER}/owned.py",
        "self.claim = max(self.claim, before.claimed_above + 1)",
        "pass",
        RUNS,
    ),
    Mutant(
        "what comes back in a claim keeps its attempts",
        f"{RUNNER}/ownership.py",
        "if id in self.readings:  # another",
        "if False:  # another",
        RUNS,
    ),
    # An executor that breaks its contract
    Mutant(
        "what a smaller claim asks for is begun", CLUSTER, "if self._cluster.refuses(spec.id, spec.claim):", "if False:"
    ),
    Mutant(
        "what a smaller claim cancels is stopped",
        CLUSTER,
        "if not self._cluster.refuses(attempt, claim):",
        "if True:",
        CLAIMS,
    ),
    Mutant(
        "a pod that a greater claim has is adopted",
        f"{KUBERNETES}/making.py",
        "if claim > attempt.spec.claim:",
        "if False:",
        PODS,
    ),
    Mutant(
        "a pod that a greater claim has is cancelled",
        f"{KUBERNETES}/executor.py",
        "naming.is_of(found, identity) and (not claim or naming.claim_of(found) <= claim)",
        "naming.is_of(found, identity)",
        PODS,
    ),
    Mutant(
        "a pod that is taken over while it is let go of is deleted",
        f"{KUBERNETES}/connection.py",
        'preconditions = {"uid": metadata.uid, "resourceVersion": metadata.resource_version}',
        'preconditions = {"uid": metadata.uid}',
        PODS,
    ),
    Mutant(
        "a pod that a greater claim has is given up",
        f"{KUBERNETES}/removing.py",
        "if naming.claim_of(found) > claim:",
        "if False:",
        PODS,
    ),
    Mutant(
        "a container that a greater claim has is adopted",
        f"{CONTAINERS}/making.py",
        "if found.holder.claim > attempt.spec.claim:",
        "if False:",
        CLAIMS,
    ),
    Mutant(
        "a container that a greater claim has is cancelled",
        f"{CONTAINERS}/executor.py",
        "if found is not None and claim and found.holder.claim > claim:",
        "if False:",
        CLAIMS,
    ),
    Mutant(
        "a request that is made again starts another attempt",
        CLUSTER,
        "        elif (running := self.running.get(spec.id)) is not None:\n            running.owner = owner\n",
        "",
    ),
    Mutant(
        "a sweep takes what other platforms have",
        CLUSTER,
        "if of == owner and id not in expected:",
        "if id not in expected:",
    ),
    Mutant("a sweep takes nothing", CLUSTER, "if of == owner and id not in expected:", "if False:"),
    Mutant(
        "what is taken over stays with who had it", CLUSTER, "            running.owner = owner\n", "            pass\n"
    ),
    Mutant(
        "what is let go of is stopped",
        CLUSTER,
        "            if not self._cluster.hands_over:\n",
        "            if True:\n",
    ),
    Mutant(
        "an end is reported once only",
        CLUSTER,
        "            follower.ended(attempt, record)\n",
        "            follower.ended(attempt, record)\n        self.records.pop(attempt, None)\n",
    ),
    Mutant(
        "what is cancelled runs on",
        CLUSTER,
        "        self._channel.request(functools.partial(self._delete, attempt, claim, handle))\n",
        "",
    ),
)
