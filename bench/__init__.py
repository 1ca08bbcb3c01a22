"""Alula beside its peers, measured in one run on one machine and stated as ratios.

    make bench                                everything; peers are installed into .venv-bench-* on the first run
    make bench BENCH="--no-peers"             Alula and the machine's own limits
    make bench BENCH="--repeat 5"             more repetitions (default 3)
    make bench BENCH="--only server"          one subject: local, server, prefect, dagster
    make bench BENCH="--json figures.json"    all figures as a file, too
    make bench BENCH="--peer-budget 60"       ask no peer again after 60 s (default 240)

    make bench-restart                        how soon a platform that was killed goes on (`restart.py`)

Every probe in `probes/` is a program of its own that prints lines `@@{"name": seconds}`. Peers run as their own
documentation starts them, on SQLite. Repetitions take turns, so that a slow minute strikes all alike.
"""
