"""The model's file: written once, loaded only if its digest is the one that was chosen.

Edge: reads and names the file. Its bytes are hashed first, and those very bytes are loaded.
"""

import hashlib
import io
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import asdict, fields

from guard.errors import ModelError
from guard.verdict.cutoffs import Cutoffs
from guard.verdict.judge import Judge
from guard.verdict.scorer import Arrays
from guard.verdict.unpickling import unpickled

FORMAT = "guard-model-2"
"""First thing in the file. Another number: another shape of file."""

_COMPRESSION = ("zlib", 6)


def dump(arrays: Arrays, cutoffs: Cutoffs) -> bytes:
    """Return a model as the bytes of its file; the same model gives the same bytes."""
    plain: dict[str, Any] = {
        "format": FORMAT,
        "scikit-learn": version("scikit-learn"),
        "names": "\n".join(arrays.names),
        "cutoffs": asdict(cutoffs),
    }
    for field in fields(Arrays):
        if field.name != "names":
            # Half the size; the scores change in the seventh place.
            plain[field.name] = getattr(arrays, field.name).astype(np.float32)
    # Only training writes one, and joblib brings much along.
    import joblib  # noqa: PLC0415

    buffer = io.BytesIO()
    joblib.dump(plain, buffer, compress=_COMPRESSION)
    return buffer.getvalue()


def digest(data: bytes) -> str:
    """Return the SHA-256 of a model file, hex."""
    return hashlib.sha256(data).hexdigest()


def load(file: Path, wanted: str) -> Judge:
    """Load a model.

    Args:
        file: The model file.
        wanted: SHA-256 that it must have, lower-case hex.

    Raises:
        ModelError: It is missing, is another file, or was made by another scikit-learn.
    """
    try:
        data = file.read_bytes()
    except OSError as error:
        raise ModelError(f"cannot read the model {file}: {error.strerror}") from None
    if digest(data) != wanted:
        raise ModelError(
            f"the model {file} is not the one its card names (SHA-256 differs)",
            hint="guard goes on filing and holds every message. Restore the file, or: guard train",
        )
    try:
        return _judge(unpickled(data), wanted)
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ModelError(f"the model {file} is damaged, or not a model of guard") from None


def _judge(plain: dict[str, Any], wanted: str) -> Judge:
    if plain["format"] != FORMAT:
        raise ModelError("the model is of another format than this guard reads")
    made, here = plain["scikit-learn"], version("scikit-learn")
    if made.rpartition(".")[0] != here.rpartition(".")[0]:
        raise ModelError(
            f"the model was made with scikit-learn {made}, and {here} is installed",
            hint="Install the release that made it, or make a new one: guard train",
        )
    arrays = Arrays(
        names=tuple(plain["names"].split("\n")),
        **{
            field.name: plain[field.name].astype(np.float64)
            for field in fields(Arrays)
            if field.name != "names"
        },
    )
    return Judge(arrays, Cutoffs(**plain["cutoffs"]), model=wanted)
