"""The kinds of objects that attempts become."""
