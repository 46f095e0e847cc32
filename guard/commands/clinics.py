"""The extra `clinic`, asked for where it is needed and nowhere else."""

from pathlib import Path

from guard.clinic.roster import FILE, Clinic, read
from guard.config import DEFAULT_NAME
from guard.errors import ConfigError


def clinic_of(config: Path) -> Clinic:
    """Read clinic.toml, sure that its database can be talked to.

    Args:
        config: What ``--config`` names; where nothing was named, clinic.toml is meant.

    Raises:
        ConfigError: It is wrong, or the extra is not installed.
    """
    try:
        import psycopg  # noqa: F401, PLC0415  # an extra
    except ImportError:
        raise ConfigError(
            "a clinic's database needs psycopg, which is not installed",
            hint="Run: pip install 'guard[clinic]'",
        ) from None
    return read(config.with_name(FILE) if config.name == DEFAULT_NAME else config)
