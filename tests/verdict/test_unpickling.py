"""A model's file is read as joblib reads it, and nothing in it is ever run."""

import io
import zlib
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest

from guard.shipped import folder
from guard.verdict.unpickling import unpickled

SHIPPED = (folder("models") / "model.joblib").read_bytes()


class Harmful:
    """What a planted file would hold."""

    def __init__(self, file: Path) -> None:
        self.file = file

    def __reduce__(self) -> tuple[Any, ...]:
        return Path.touch, (self.file,)


def dumped(value: object) -> bytes:
    buffer = io.BytesIO()
    joblib.dump(value, buffer, compress=("zlib", 6))
    return buffer.getvalue()


def test_the_shipped_model_is_read_as_joblib_reads_it() -> None:
    mine, theirs = unpickled(SHIPPED), joblib.load(io.BytesIO(SHIPPED))

    assert mine.keys() == theirs.keys()
    for name, value in theirs.items():
        assert type(mine[name]) is type(value)
        assert np.array_equal(mine[name], value)
        assert getattr(mine[name], "dtype", None) == getattr(value, "dtype", None)


def test_what_would_run_code_is_refused_and_not_run(tmp_path: Path) -> None:
    mark = tmp_path / "ran"

    with pytest.raises(ValueError, match="not a dictionary"):
        unpickled(dumped({"format": Harmful(mark)}))
    assert not mark.exists()


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no model",
        zlib.compress(b""),
        zlib.compress(b"\x80\x04K\x01."),
        dumped({"a": np.array([{}])}),
        dumped({"a": np.asfortranarray(np.ones((2, 3)))}),
        dumped([1]),
        *(zlib.compress(zlib.decompress(SHIPPED)[:at]) for at in (100, 400_000, 3_000_000)),
    ],
)
def test_what_is_no_dictionary_of_arrays_is_refused(data: bytes) -> None:
    with pytest.raises(ValueError, match="not a dictionary"):
        unpickled(data)
