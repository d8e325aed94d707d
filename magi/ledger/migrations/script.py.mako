"""${message}."""

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}

STATEMENTS: dict[str, tuple[str, ...]] = {"sqlite": (), "postgresql": ()}


def upgrade() -> None:
    """Bring a store from the revision before to this one."""
