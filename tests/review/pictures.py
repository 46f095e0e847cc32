"""Make the pictures of the page anew, from the sample inbox, by a real Chromium.

    python tests/review/pictures.py

Runs `guard demo` and `guard review` as a user would, answers what waits, and writes what is seen
into guard/review/pictures. Look at them before you commit them.
"""

import base64
import re
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from shutil import which
from typing import Any

from playwright.sync_api import sync_playwright

HOUSE = Path(__file__).parents[2]
PICTURES = HOUSE / "guard" / "review" / "pictures"
PASSPHRASE = "demo"
SHAPES = {
    "desk": ({"width": 1000, "height": 720}, "light"),
    "phone": ({"width": 390, "height": 780}, "dark"),
}
_SMALLER = """
async ([png, quality]) => {
    const image = new Image();
    image.src = png;
    await image.decode();
    const canvas = document.createElement("canvas");
    canvas.width = image.width;
    canvas.height = image.height;
    canvas.getContext("2d").drawImage(image, 0, 0);
    return canvas.toDataURL("image/webp", quality);
}
"""
_QUALITIES = (0.6, 0.5, 0.4, 0.3, 0.2)
MOST_BYTES = 40_000


def _guard(*arguments: str) -> list[str]:
    return [sys.executable, "-m", "guard", *arguments]


@contextmanager
def reviewing(folder: Path) -> Iterator[str]:
    """The page over the sample inbox; gives its link."""
    subprocess.run(_guard("demo", "--keep", str(folder)), check=True, stdout=subprocess.DEVNULL)
    toml = str(folder / "guard.toml")
    page = subprocess.Popen(
        _guard("--config", toml, "review", "--no-browser"), stdout=subprocess.PIPE, text=True
    )
    assert page.stdout is not None
    try:
        yield next(line.strip() for line in page.stdout if line.strip().startswith("http"))
    finally:
        page.terminate()
        page.wait()


def answer_all(page: Any) -> None:
    """Answer what waits as guard thinks, but for every fifth."""
    page.locator(".rows a").first.click()
    number = 0
    while "/item/" in page.url:
        number += 1
        thought = page.locator(".act button.main[name=do]")
        other = page.get_by_role("button", name="File as something else")
        (thought if number % 5 and thought.count() else other).first.click()
        page.wait_for_load_state()


def save(page: Any, smaller: Any, name: str) -> None:
    """Write one page in every shape."""
    for shape, (size, scheme) in SHAPES.items():
        page.set_viewport_size(size)
        page.emulate_media(color_scheme=scheme)
        png = "data:image/png;base64," + base64.b64encode(page.screenshot()).decode()
        made = (smaller.evaluate(_SMALLER, [png, one]).partition(",")[2] for one in _QUALITIES)
        data = next(found for one in made if len(found := base64.b64decode(one)) < MOST_BYTES)
        (PICTURES / f"{name}-{shape}.webp").write_bytes(data)
        print(f"{name}-{shape}: {len(data) / 1000:.0f} kB")


def main() -> None:
    PICTURES.mkdir(exist_ok=True)
    with (
        tempfile.TemporaryDirectory() as folder,
        reviewing(Path(folder) / "demo") as link,
        sync_playwright() as play,
    ):
        chromium = play.chromium.launch(executable_path=which("chromium"), args=["--no-sandbox"])
        page, smaller = chromium.new_page(), chromium.new_page()
        page.goto(link)
        page.get_by_label("Your passphrase").fill(PASSPHRASE)
        page.get_by_role("button", name="Unlock guard").click()
        page.get_by_role("heading", level=1, name="for you").wait_for()
        save(page, smaller, "queue")
        page.locator(".lane.held .rows a").first.click()
        save(page, smaller, "item")
        page.get_by_role("link", name=re.compile("^Aoife|^Sam|^Leo|^Bryn")).first.click()
        save(page, smaller, "client")
        page.get_by_role("link", name="Waiting").click()
        answer_all(page)
        page.get_by_role("link", name="Report").click()
        save(page, smaller, "report")
        chromium.close()


if __name__ == "__main__":
    main()
