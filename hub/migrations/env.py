"""Run by Alembic for every command: hands it the open connection and the models to compare with."""

from typing import Any, Literal

from alembic import context

from hub.tables import metadata


def render_item(kind: str, item: Any, autogen_context: Any) -> str | Literal[False]:
    """Our own column type by its short name in new migrations."""
    if kind == "type" and type(item).__name__ == "UtcDateTime":
        autogen_context.imports.add("from hub.db import UtcDateTime")
        return "UtcDateTime()"
    return False


context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=metadata,
    # SQLite cannot alter most things in place: batches copy the table.
    render_as_batch=True,
    render_item=render_item,
    compare_type=True,
    transaction_per_migration=False,
)
with context.begin_transaction():
    context.run_migrations()
