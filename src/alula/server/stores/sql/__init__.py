"""The store in a SQL database: one schema and one adapter for SQLite and PostgreSQL. See `adapter.SqlStore`."""
