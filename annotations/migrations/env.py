"""Alembic runs this to apply the numbered migrations beside it; `annotations.database.migrate` calls it."""

from alembic import context

from annotations.schema import METADATA

connection = context.config.attributes["connection"]
context.configure(connection=connection, target_metadata=METADATA, version_table="annotations_version")
with context.begin_transaction():
    context.run_migrations()
