"""Draws the pictures of the review page in these docs, from the shipped evidence base, with a headless Chromium.

    python docs/screenshots.py [BROWSER [FOLDER]]

Needs the extra `browser` (`pip install -e '.[browser]'`) and Chromium (default: /usr/bin/chromium).
The pictures go into docs/pictures, or into FOLDER.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

from mscsec.records.reader import load, shipped_folder
from mscsec.report.page.build import review_page
from mscsec.synthesis.certainty import bodies_of
from mscsec.synthesis.review import synthesise

HERE = Path(__file__).parent / "pictures"
ARGUMENTS = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run",
             "--disable-background-networking", "--disable-component-update", "--disable-sync"]  # fmt: skip
OUTCOME = "outcome-mortality_28d"


def show(page: Page, file: Path) -> None:
    """One picture of what is in view."""
    page.wait_for_timeout(300)
    page.screenshot(path=file)
    print(f"Wrote {file}")


def main(browser: str = "/usr/bin/chromium", pictures: str | Path = HERE) -> None:
    """The page with one study ticked off, and a trail."""
    here = Path(pictures)
    here.mkdir(exist_ok=True)
    found = synthesise(load(shipped_folder()))
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        file = Path(folder) / "review.html"
        file.write_text(review_page(found, bodies_of(found)), encoding="utf-8")
        chromium = playwright.chromium.launch(executable_path=browser, args=ARGUMENTS)
        page = chromium.new_page(viewport={"width": 1280, "height": 720}, color_scheme="light", reduced_motion="reduce")
        page.goto(file.as_uri())
        page.evaluate(f"document.getElementById('{OUTCOME}').scrollIntoView()")
        page.locator(f"#{OUTCOME} select.sets option").first.wait_for(state="attached")
        page.locator(f"#{OUTCOME} .tick input").nth(1).uncheck()
        show(page, here / "report.png")
        page.locator(f"#{OUTCOME} tr.study .effect a").first.click()
        show(page, here / "report-trail.png")
        chromium.close()


if __name__ == "__main__":
    main(*sys.argv[1:3])
