"""Adapters of the store contract: `memory` (tests, local runs, simulation) and `sql` (SQLite, PostgreSQL)."""
