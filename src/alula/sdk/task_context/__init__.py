"""What a running task can ask for: its context, checkpoint, secrets and decks."""
