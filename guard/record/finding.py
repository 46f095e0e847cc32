"""One thing that is wrong with a record. Pure."""

import msgspec


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that `verify` found."""

    what: str
    """``database``, ``checkpoint``, ``witness``, ``root``, ``missing``, ``planted``, ``body``,
    ``columns``, ``time``, ``sealed``, ``blob``, ``erased``, ``order``, ``derived``, ``keys``,
    ``content`` or ``beside``."""

    detail: str
    """One clause without content of mail."""

    seq: int | None = None
    """The entry it is about; the first one, when it is about several."""

    def __str__(self) -> str:
        where = "" if self.seq is None else f"entry {self.seq}: "
        return f"{where}{self.what}: {self.detail}"
