"""The history of the schema, step by step. Forward only: a step that was released is never changed."""
