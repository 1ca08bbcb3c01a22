"""What the console costs in a real browser, and how near it comes to what it is to be."""
