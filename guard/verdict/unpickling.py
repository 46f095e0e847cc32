"""What joblib wrote of plain values and arrays, read without joblib and without running anything.

Pure. joblib itself takes longer to import than the model to load, and lets a file name any code;
here a file may name three things, all of them harmless. Source: joblib, `numpy_pickle`
(`NumpyArrayWrapper`): the bytes of an array follow the pickled words that describe it.
"""

import io
import math
import pickle  # noqa: TID251  # its own machinery, let near nothing but the three names below
import zlib
from typing import Any

import numpy as np


def unpickled(data: bytes) -> dict[str, Any]:
    """Return what was dumped, compressed by zlib: a dictionary of plain values and arrays.

    Raises:
        ValueError: It is nothing of the kind.
    """
    try:
        found = _Reader(io.BytesIO(zlib.decompress(data))).load()
        return {name: one.array if isinstance(one, _Array) else one for name, one in found.items()}
    # Not every way to be damaged has an error of its own.
    except (pickle.UnpicklingError, zlib.error, EOFError, *_DAMAGED):
        raise ValueError("not a dictionary of arrays") from None


_DAMAGED = (ValueError, LookupError, TypeError, AttributeError)


class _Array:
    """Stands for joblib's wrapper, which says what array follows."""

    array: np.ndarray[Any, Any]


class _Reader(pickle.Unpickler):
    """Reads the pickled words, and the arrays between them."""

    def __init__(self, file: io.BytesIO) -> None:
        super().__init__(file)

        class Described(_Array):
            def __setstate__(self, told: dict[str, Any]) -> None:
                self.array = _array(file, told)

        self._known = {
            ("joblib.numpy_pickle", "NumpyArrayWrapper"): Described,
            ("numpy", "ndarray"): np.ndarray,
            ("numpy", "dtype"): np.dtype,
        }

    def find_class(self, module: str, name: str) -> Any:  # noqa: ANN401  # as pickle has it
        return self._known[module, name]


def _array(file: io.BytesIO, told: dict[str, Any]) -> np.ndarray[Any, Any]:
    kind: np.dtype[Any] = told["dtype"]
    if kind.kind not in "fiu" or told["order"] != "C":
        raise ValueError("not an array of numbers")
    if told["numpy_array_alignment_bytes"] is not None:
        padding = file.read(1)[0]
        file.seek(padding, io.SEEK_CUR)
    size = math.prod(told["shape"]) * kind.itemsize
    return np.frombuffer(file.read(size), dtype=kind).reshape(told["shape"])
