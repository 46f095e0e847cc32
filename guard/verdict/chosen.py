"""Which model file judges, and the digest that it must have: read from its card.

Edge only in that it reads the card. It loads no model and imports no scikit-learn.
"""

import re
import tomllib
from pathlib import Path

import msgspec

from guard.errors import ModelError

CARD = "card.toml"
MODEL = "model.joblib"


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """A model file and what its card says it must be."""

    file: Path
    """The model."""

    digest: str
    """SHA-256 of the file, lower-case hex."""


def chosen(folder: Path) -> Chosen:
    """Return the model of a folder.

    Raises:
        ModelError: The card is missing, or names no digest.
    """
    try:
        card = tomllib.loads((folder / CARD).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        raise ModelError(f"there is no readable model card {folder / CARD}") from None
    digest = card.get("sha256")
    if not isinstance(digest, str) or not re.fullmatch(r"[0-9a-f]{64}", digest):
        raise ModelError(f"the model card {folder / CARD} names no SHA-256")
    return Chosen(file=folder / MODEL, digest=digest)
