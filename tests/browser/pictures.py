"""Take the pictures of `screens/` anew, from a server with the content as it is.

python -m tests.browser.pictures
"""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import Page, ViewportSize, sync_playwright

from tests.test_browser import CHROMIUM, Site, add_phone, served, text_all

FOLDER = Path(__file__).parent / "screens"
LARGEST = 150_000
"""Bytes of a picture."""

SCREEN: ViewportSize = {"width": 1000, "height": 700}
PHONE: ViewportSize = {"width": 390, "height": 700}


@contextmanager
def pictured(site: Site, name: str, size: ViewportSize, *, part: str = "") -> Iterator[Page]:
    """Open a page of a size, and keep what it shows in the end, or a part of it."""
    with site.opened() as page:
        page.set_viewport_size(size)
        yield page
        taken = (page.locator(part) if part else page).screenshot(caret="hide")
        assert len(taken) < LARGEST, name
        (FOLDER / name).write_bytes(taken)


def main() -> None:
    """Take them all."""
    FOLDER.mkdir(exist_ok=True)
    with sync_playwright() as playwright, TemporaryDirectory() as folder:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        with served(chromium, Path(folder)) as site:
            with pictured(site, "simulator.png", SCREEN, part=".phones") as page:
                page.goto("/console/")
                for language in ("pa", "en"):
                    add_phone(page, language)
                text_all(page, "CART")
            with pictured(site, "answer.png", SCREEN) as page:
                page.goto("/console/answers/adult.cart/pa")
            with pictured(site, "reader.png", PHONE) as page:
                page.goto("/acart/fa")


if __name__ == "__main__":
    main()
