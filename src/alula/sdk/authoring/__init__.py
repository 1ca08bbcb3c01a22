"""An author's declarations: tasks, workflows, launch plans and the graphs that their bodies make."""
