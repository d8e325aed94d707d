"""Settings: read once from the environment, frozen. All stand here and in deploy/env.example.

MAGI_HOME        where the ledger, the tenant key and assets/ of your own live (default: ~/.magi)
MAGI_ASSETS_DIR  agents/ and prompts/ of your own instead of assets/ in MAGI_HOME and of those in the package
MAGI_COUNCIL     the council to ask when none is named (default: magi)
MAGI_PROFILE     the residency profile (default: domestic-only)
MAGI_TENANT      whose log this is: ministry or local government (default: local)
MAGI_TENANT_KEY  the tenant key in base64 (32 bytes); without it, tenant.key in MAGI_HOME
MAGI_TENANT_KEY_COMMAND  a command that prints the tenant key in base64, for a key service (its last argument: the id)
MAGI_LEDGER_URL  postgresql://... where the ledger is shared; without it, ledger.db in MAGI_HOME
MAGI_RETENTION   a TOML file of retention schedules (see deploy/retention.example.toml)
MAGI_AUDITORS    a TOML file of who may read what (see deploy/auditors.example.toml)
MAGI_FOUR_EYES   the label from which a body is read with a second person's word only
MAGI_LANG        ja (default) or en
MAGI_DICTIONARY  a TOML file of the organisation's own words and their labels (see deploy/dictionary.example.toml)

API keys are read from the variables that the agent cards name (`key_env`), when a call needs them.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

NAMES = (
    "MAGI_HOME", "MAGI_ASSETS_DIR", "MAGI_COUNCIL", "MAGI_PROFILE", "MAGI_TENANT", "MAGI_TENANT_KEY",
    "MAGI_TENANT_KEY_COMMAND", "MAGI_LEDGER_URL", "MAGI_RETENTION", "MAGI_AUDITORS", "MAGI_FOUR_EYES",
    "MAGI_LANG", "MAGI_DICTIONARY",
)  # fmt: skip
"""Every variable this program reads of its own."""


@dataclass(frozen=True)
class Settings:
    """One process's settings. `secrets` is the environment for key look-ups and never printed."""

    home: Path
    named_assets_dir: Path | None
    council: str
    profile: str
    tenant: str
    tenant_key: str | None = field(repr=False)
    tenant_key_command: str | None
    lang: str
    dictionary: Path | None
    ledger_url: str | None = field(repr=False)
    retention: Path | None
    auditors: Path | None
    four_eyes: str | None
    secrets: Mapping[str, str] = field(repr=False)

    @property
    def own_assets_dir(self) -> Path:
        """Where agents/ and prompts/ of one's own belong, whether or not they are there yet."""
        return self.named_assets_dir or self.home / "assets"

    @property
    def assets_dir(self) -> Path | None:
        """The folder that stands instead of the package's, or None: a named one always, the home's if it exists."""
        if self.named_assets_dir is None and not self.own_assets_dir.is_dir():
            return None
        return self.own_assets_dir

    @property
    def ledger_path(self) -> Path:
        """The ledger file of this home."""
        return self.home / "ledger.db"

    @property
    def key_path(self) -> Path:
        """The tenant's key file of this home."""
        return self.home / "tenant.key"

    @property
    def log_key_path(self) -> Path:
        """The file of the keys that sign this home's log."""
        return self.home / "log.key"


def read_settings(environ: Mapping[str, str]) -> Settings:
    """Read the settings of a process from its environment; an empty variable counts as unset."""
    values = {name: environ[name] for name in NAMES if environ.get(name)}
    assets = values.get("MAGI_ASSETS_DIR")
    return Settings(
        home=Path(values.get("MAGI_HOME", "~/.magi")).expanduser(),
        named_assets_dir=Path(assets) if assets else None,
        council=values.get("MAGI_COUNCIL", "magi"),
        profile=values.get("MAGI_PROFILE", "domestic-only"),
        tenant=values.get("MAGI_TENANT", "local"),
        tenant_key=values.get("MAGI_TENANT_KEY"),
        tenant_key_command=values.get("MAGI_TENANT_KEY_COMMAND"),
        lang=values.get("MAGI_LANG", "ja"),
        dictionary=_path(values, "MAGI_DICTIONARY"),
        ledger_url=values.get("MAGI_LEDGER_URL"),
        retention=_path(values, "MAGI_RETENTION"),
        auditors=_path(values, "MAGI_AUDITORS"),
        four_eyes=values.get("MAGI_FOUR_EYES"),
        secrets=environ,
    )


def _path(values: Mapping[str, str], name: str) -> Path | None:
    return Path(values[name]) if name in values else None
