"""How Alembic runs here: it writes SQL and never connects (``wagate.store.migrations`` explains)."""

from alembic import context

from wagate.store.tables import METADATA

context.configure(
    dialect_name=context.config.get_main_option("dialect"),
    target_metadata=METADATA,
    transactional_ddl=True,
    transaction_per_migration=True,
)
with context.begin_transaction():
    context.run_migrations()
