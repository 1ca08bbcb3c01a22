"""Attempts on a real Kubernetes: what the executor does beside its contract, and the cluster that it runs on."""
