"""Alula beside its peers, measured in one run on one machine and stated as ratios.

    make bench                      everything; peers are installed into .venv-bench on the first run
    make bench BENCH="--no-peers"   Alula and the machine's own limits
    make bench BENCH="--repeat 5"   more repetitions (default 3)

Every probe in `probes/` is a program of its own that prints lines `@@{"name": seconds}`; `measure.py` runs it, and adds
wall time and the memory of its process tree. Peers run as their own documentation starts them, on SQLite.
"""
