"""Attempts as containers of Docker or Podman on this machine."""
