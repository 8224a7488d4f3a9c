"""The database: tables, migrations, transactions and queries, on SQLite and PostgreSQL."""

from hub.store.engine import Store

__all__ = ["Store"]
