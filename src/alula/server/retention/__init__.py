"""The duty to remove runs, and what they have left, by the rules of retention."""
