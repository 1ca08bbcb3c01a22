"""Attempts as containers of a real runtime: what the executor does beside its contract, and the runtime itself."""
