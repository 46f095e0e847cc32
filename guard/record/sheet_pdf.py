"""The printable sheet: one page of A4 with the key as text and as a QR code.

Touches typst and segno, which the extra ``export`` brings. Nothing is written to the disk
on the way: the key passes from memory to memory.
"""

import io
import json

from guard.errors import ConfigError
from guard.record.sheet import Sheet

_PAGE = b"""\
#let sheet = json(bytes(sys.inputs.sheet))
#set document(title: sheet.title)
#set page(paper: "a4", margin: 25mm)
#set text(lang: "en", region: "GB", size: 12pt)
#show raw: set text(size: 10pt)
= #sheet.title
#v(5mm)
#sheet.keep
#v(5mm)
#align(center)[
  #image(bytes(sheet.qr), format: "svg", width: 60mm, alt: "The key below, as a QR code")
  #raw(sheet.key)
]
#v(5mm)
#for one in sheet.how [
  #par(one)
]
#v(1fr)
Printed on #box(width: 40mm, stroke: (bottom: 0.5pt), height: 6mm)  Kept by
#box(width: 60mm, stroke: (bottom: 0.5pt), height: 6mm)
"""


def pdf(sheet: Sheet) -> bytes:
    """Lay a sheet out as PDF, accessible (PDF/UA-1).

    Raises:
        ConfigError: The extra ``export`` is not installed.
    """
    try:
        import segno  # noqa: PLC0415  # an extra
        import typst  # noqa: PLC0415  # as above
    except ImportError as error:
        raise ConfigError(
            f"a printable sheet needs {error.name}, which is not installed",
            hint="Run: pip install 'guard[export]'   Or name a file that ends in .txt.",
        ) from None
    code = io.BytesIO()
    segno.make(sheet.key, error="m", micro=False).save(code, kind="svg", xmldecl=False)
    data = {
        "title": sheet.title,
        "keep": _flowing(sheet.keep),
        "key": sheet.key,
        "how": [_flowing(one) for one in sheet.how],
        "qr": code.getvalue().decode(),
    }
    made: bytes = typst.compile(
        _PAGE,
        format="pdf",
        ignore_system_fonts=True,
        sys_inputs={"sheet": json.dumps(data)},
        pdf_standards=["ua-1"],
    )
    return made


def _flowing(text: str) -> str:
    return text.replace("\n", " ")
