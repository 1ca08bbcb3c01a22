"""Export and import of runs: one file with all that a run needs to be looked at, explained, forked and debugged.

The form of the file is in `core/policy/run_file.py`; what becomes of values, events and rows in
`core/literals/moving.py` and `core/engine/moving.py`.
"""
