"""One client's letters as a ZIP file, in memory: every message byte for byte, and a list.

Touches the world only through the book that it is given.
"""

import io
import zipfile
from collections.abc import Iterable
from datetime import UTC, datetime

from guard.errors import GuardError
from guard.review.book import Book
from guard.review.shelf import Row


def bundle(book: Book, rows: Iterable[Row]) -> bytes:
    """Pack letters, oldest first; what can no longer be opened stands in the list only."""
    packed = io.BytesIO()
    listed = ["number,received,direction,file"]
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for row in sorted(rows, key=lambda one: (one.received, one.item)):
            at = datetime.fromtimestamp(row.received / 1000, tz=UTC)
            # Names are ours: nothing that a sender wrote becomes a path.
            name = f"{at:%Y-%m-%d}-{row.item}.eml"
            try:
                archive.writestr(name, book.raw(row.item))
            except GuardError:
                name = "(can no longer be opened)"
            listed.append(f"{row.item},{at.isoformat()},{row.direction},{name}")
        archive.writestr("index.csv", "\r\n".join([*listed, ""]))
    return packed.getvalue()
