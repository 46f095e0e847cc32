"""Files that sheets are written to: reserved before a key is made, plain or printable."""

from pathlib import Path

from guard.commands import wiring
from guard.errors import ConfigError
from guard.record import durable
from guard.record.seal import Identity
from guard.record.sheet import Sheet, recovery


def reserve(file: Path) -> None:
    """Make sure that a sheet can be written: keys must not come to be without one.

    Raises:
        ConfigError: The file is there already or cannot be written, or PDF needs an extra.
    """
    refuse_used(file)
    _laid_out(file, recovery(Identity.make()))
    wiring.write_private(file, "")


def refuse_used(*files: Path) -> None:
    """Refuse files that are there.

    Raises:
        ConfigError: One is.
    """
    for file in files:
        if file.exists():
            raise ConfigError(
                f"{file} is there already", hint="Move it away first; guard overwrites nothing."
            )


def write(file: Path, sheet: Sheet) -> None:
    """Write a sheet to its reserved file, durable; as PDF if the name ends so.

    Raises:
        RecordError: The disk would not.
    """
    durable.write(file, _laid_out(file, sheet))


def _laid_out(file: Path, sheet: Sheet) -> bytes:
    if file.suffix.lower() != ".pdf":
        return sheet.text().encode()
    from guard.record.sheet_pdf import pdf  # noqa: PLC0415  # an extra, slow to load

    return pdf(sheet)
