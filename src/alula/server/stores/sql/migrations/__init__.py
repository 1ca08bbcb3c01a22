"""How the schema came to be, step by step. Forward only: a step that was released is never changed."""
