"""The surroundings of a running task: its context, checkpoint, secrets and decks."""
