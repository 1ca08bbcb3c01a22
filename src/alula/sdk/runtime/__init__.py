"""Running one attempt of a task: the command `alula-execute`, and the part that a local run shares with it."""
