"""Starting runs by the clock."""
