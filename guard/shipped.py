"""Where the files lie that travel with guard: the model and the demo's letters."""

from pathlib import Path

from guard.errors import ConfigError

_HERE = Path(__file__).parent
_PLACES = {
    "models": (_HERE / "_shipped" / "models", _HERE.parent / "models"),
    "corpus": (_HERE / "_shipped" / "corpus", _HERE.parent / "data" / "corpus"),
    "demo": (_HERE / "_shipped" / "demo", _HERE.parent / "data" / "demo"),
}


def folder(name: str) -> Path:
    """Return the folder of shipped files: in the installed package, or in a checkout.

    Raises:
        ConfigError: The installation is incomplete.
    """
    for place in _PLACES[name]:
        if place.is_dir():
            return place
    raise ConfigError(f"the shipped {name} are missing", hint="Install guard again.")
