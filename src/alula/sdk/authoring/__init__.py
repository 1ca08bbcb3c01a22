"""What an author declares: tasks, workflows, launch plans and the graphs that their bodies make."""
