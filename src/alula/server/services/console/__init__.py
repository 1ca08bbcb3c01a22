"""Use cases of a console: runs, their nodes and items by the thousand, lean, and what has changed in them since."""
