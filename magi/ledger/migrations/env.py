"""What alembic executes for every command: use the connection and the transaction of whoever called it."""

from alembic import context

connection = context.config.attributes["connection"]
# SQLite too changes its tables inside a transaction, which alembic does not know of.
context.configure(connection=connection, transactional_ddl=True)
context.run_migrations()
