"""PAGES.md shows the page as it is, in pictures that burden nobody."""

import re
import tomllib
from pathlib import Path

import guard.review

ROOM = Path(guard.review.__file__).parent
MOST_BYTES = 40_000


def test_each_picture_is_there_is_small_and_has_words_for_who_cannot_see_it() -> None:
    shown = re.findall(
        r'<img src="pictures/([\w-]+\.webp)" width="\d+" alt="([^"]+)">',
        (ROOM / "PAGES.md").read_text(encoding="utf-8"),
    )
    assert {name for name, _ in shown} == {one.name for one in (ROOM / "pictures").iterdir()}
    assert len(shown) == 8
    assert all((ROOM / "pictures" / name).stat().st_size < MOST_BYTES for name, _ in shown)


def test_no_picture_enters_the_wheel() -> None:
    project = tomllib.loads((ROOM.parents[1] / "pyproject.toml").read_text(encoding="utf-8"))
    left_out = project["tool"]["hatch"]["build"]["targets"]["wheel"]["exclude"]
    assert {"guard/review/pictures", "guard/review/PAGES.md"} <= {*left_out}
