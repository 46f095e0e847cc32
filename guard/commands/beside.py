"""Settings, own words and own models: what of them goes into a backup, and what came back.

Edge: reads guard.toml and the files that it names. No secret is among them: guard.toml only says
where one is found.
"""

from collections.abc import Iterator
from hashlib import sha256
from pathlib import Path

import click

from guard.commands import judges
from guard.config import DEFAULT_NAME, Settings, load
from guard.errors import ConfigError, ModelError
from guard.record.backup_beside import MODELS, SETTINGS
from guard.verdict import cabinet
from guard.verdict.chosen import chosen


def found(config: Path, settings: Settings) -> dict[str, bytes]:
    """Return what goes into a backup of the record, by its path there.

    Raises:
        ConfigError: A file cannot be read.
    """
    files = {f"{SETTINGS}/{DEFAULT_NAME}": config, **dict(_words(settings))}
    own = judges.cabinet_of(settings)
    files |= {
        f"{MODELS}/{path.relative_to(own)}": path
        for one in cabinet.kept(own)
        for path in sorted(one.folder.iterdir())
    }
    files[f"{MODELS}/{cabinet.IN_USE}"] = own / cabinet.IN_USE
    return {path: _read(file) for path, file in files.items() if file.is_file()}


def tell(folder: Path) -> None:
    """Say what came back beside the record in a folder."""
    if (folder / SETTINGS / DEFAULT_NAME).exists():
        click.echo(f"The settings of that day, to look at first: {folder / SETTINGS}")
    if own := cabinet.kept(folder / MODELS):
        click.echo(f"Own models: {len(own)}, where guard looks for them.")


def prove(folder: Path) -> None:
    """Make sure that what came back can be used.

    Raises:
        ConfigError: The settings cannot be read.
        ModelError: A model is not whole.
    """
    file = folder / SETTINGS / DEFAULT_NAME
    if not file.exists():
        click.echo("No settings are in it; the next guard record backup puts them there.")
        return
    load(file)
    own = cabinet.kept(folder / MODELS)
    for one in own:
        model = chosen(one.folder)
        if sha256(_read(model.file)).hexdigest() != model.digest:
            raise ModelError(f"the model {one.name} is not what its card says")
    click.echo(f"The settings were read, and {len(own)} own models.")


def _words(settings: Settings) -> Iterator[tuple[str, Path]]:
    reminders = settings.reminders
    for name in (*reminders.texts.values(), *reminders.signpost_texts.values()):
        file = settings.path(name)
        # Where guard.toml says that they are, if that is below it.
        below = file.is_relative_to(settings.folder) and ".." not in file.parts
        yield f"{SETTINGS}/{file.relative_to(settings.folder) if below else file.name}", file


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as error:
        raise ConfigError(f"cannot read {file}: {error.strerror}") from None
