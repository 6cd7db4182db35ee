"""The review page in a browser: quiet, accessible, and every number it looks up is the one that `pool` prints."""

from __future__ import annotations

import random
import re
import subprocess
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Locator, Page

import mscsec as ms
from mscsec.report.numbers import interval, number, p_value, percent, variance

from ..report.test_numbers_are_links import NO_EVIDENCE
from .conftest import Open

PAGES = ("shipped", "six", "many", "hostile", "bcg")


def outcome(page: Page, name: str) -> Locator:
    section = page.locator(f"#outcome-{name}")
    section.scroll_into_view_if_needed()
    return section


def settled(section: Locator) -> None:
    """Waits until the table of combinations is unpacked."""
    section.locator("select.sets option").first.wait_for(state="attached")


# --- what every page is -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "scheme", "width"),
    [(name, scheme, 1280) for name in PAGES for scheme in ("light", "dark")]
    + [(name, "light", 390) for name in ("shipped", "many")],
)
def test_axe_finds_no_violation(visit: Open, name: str, scheme: str, width: int):
    page = visit(name, color_scheme=scheme, viewport={"width": width, "height": 900})
    for section in page.locator(".outcome:has(script.table)").all():
        section.scroll_into_view_if_needed()
        settled(section)
    found = Axe().run(
        page,
        options={
            "resultTypes": ["violations"],
            "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
        },
    )
    assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_no_violation_in_the_dialog(visit: Open, scheme: str):
    page = visit("shipped", color_scheme=scheme)
    page.locator("#outcome-mortality_28d tr.pooled .effect a").click()
    found = Axe().run(page, context="dialog")
    assert found.violations_count == 0, found.generate_report()


def test_it_opens_within_a_second(visit: Open):
    page = visit("many")
    timing = page.evaluate("performance.getEntriesByType('navigation')[0].domContentLoadedEventEnd")
    assert timing < 1000


@pytest.mark.parametrize("width", [320, 390, 1280])
@pytest.mark.parametrize("name", ["shipped", "many", "long"])
def test_nothing_is_wider_than_the_screen(visit: Open, name: str, width: int):
    """320 pixels is what WCAG 1.4.10 asks for; wide tables scroll by themselves."""
    page = visit(name, viewport={"width": width, "height": 844})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


@pytest.mark.parametrize("name", [*PAGES, "long"])
def test_a_forest_plot_needs_no_scrolling_on_a_laptop(visit: Open, name: str):
    page = visit(name, viewport={"width": 1280, "height": 844})
    for plot in page.locator(".forest").all():
        assert plot.evaluate("table => table.scrollWidth <= table.parentElement.clientWidth")


@pytest.mark.parametrize("name", PAGES)
def test_names_of_groups_leave_the_studies_room_on_a_phone(visit: Open, name: str):
    page = visit(name, viewport={"width": 390, "height": 844})
    for study in page.locator(".forest tbody th").all():
        assert study.evaluate("cell => cell.offsetWidth") > 80


@pytest.mark.parametrize("width", [320, 800, 1280])
def test_every_row_of_a_forest_plot_has_its_picture(visit: Open, width: int):
    page = visit("many", viewport={"width": width, "height": 844})
    section = outcome(page, "o0")
    settled(section)
    for cell in section.locator(".forest tbody .plot, .forest tr.pooled .plot").all():
        box = cell.bounding_box()
        assert box is not None
        assert box["height"] > 20
        assert box["width"] > 200
    axis, null = (
        section.locator(".axis svg text", has_text=re.compile("^1$")).first,
        section.locator("tr.study .null").first,
    )
    at, line = axis.bounding_box(), null.bounding_box()
    assert at is not None
    assert line is not None
    assert at["x"] + at["width"] / 2 == pytest.approx(line["x"], abs=2)


def test_every_link_inside_leads_somewhere(visit: Open):
    for name in PAGES:
        page = visit(name)
        lost = page.evaluate(
            "[...document.querySelectorAll('a[href^=\"#\"]')].map(a => a.getAttribute('href').slice(1)).filter(id => !document.getElementById(id))"
        )
        assert lost == []
        ids = page.evaluate("[...document.querySelectorAll('[id]')].map(node => node.id)")
        assert len(ids) == len(set(ids))


def test_the_policy_holds(visit: Open):
    """A script that is not the page's own does not run, and no style attribute is there to be refused."""
    page = visit("six")
    assert page.locator("[style]").count() == 0
    policy = page.locator("meta[http-equiv]").get_attribute("content") or ""
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy


# --- the numbers ------------------------------------------------------------------------------------------------


def shown(section: Locator) -> dict[str, str]:
    """What the page says of the analysis chosen."""
    names = ("effect", "effect-words", "p", "ahead", "t", "i")
    found = {name: (section.locator(f'[data-show="{name}"]').text_content() or "") for name in names}
    found["weights"] = " ".join(section.locator("tr.study .weight a").all_text_contents())
    return found


def expected(data: ms.EffectSizes, inside: list[bool], model: str, ci: str) -> dict[str, str]:
    """The same from `ms.pool` over these studies, in the words that `mscsec pool` prints."""
    rows = [place for place, there in enumerate(inside) if there]
    fit = ms.pool(
        data.yi[rows], data.vi[rows], model=model, ci="auto" if model == "common" else ci, transform=data.back(), preset="cochrane-2025"
    )  # fmt: skip
    one = fit.display
    ahead = "–" if one.prediction_low is None else f"{number(one.prediction_low)} to {number(one.prediction_high)}"
    shares = iter(fit.weights)
    return {
        "effect": f"{number(one.estimate)} [{interval(one.ci_low, one.ci_high, joint=', ')}]",
        "effect-words": f"{data.measure} {number(one.estimate)} (95% CI {interval(one.ci_low, one.ci_high)})",
        "p": p_value(fit.p_value).removeprefix("P ").removeprefix("= "),
        "ahead": ahead,
        "t": variance(fit.tau2),
        "i": percent(fit.i2),
        "weights": " ".join(percent(next(shares)) if there else "–" for there in inside),
    }


def tick(section: Locator, inside: list[bool]) -> None:
    boxes = section.locator(".tick input")
    for place, there in enumerate(inside):  # what comes in before what goes out, so that one always stays
        if there:
            boxes.nth(place).set_checked(True)
    for place, there in enumerate(inside):
        if not there:
            boxes.nth(place).set_checked(False)


@pytest.mark.parametrize(
    ("model", "ci"), [("random", "auto"), ("random", "wald"), ("random", "hksj"), ("common", "wald")]
)
@pytest.mark.parametrize(
    ("base", "name"), [("shipped", "mortality_28d"), ("shipped", "hospital_stay"), ("six", "o0"), ("six", "o1")]
)
def test_ticking_studies_shows_the_numbers_of_the_engine(
    visit: Open, folders: dict[str, Path], base: str, name: str, model: str, ci: str
):
    page = visit(base)
    section = outcome(page, name)
    settled(section)
    data = ms.effects(ms.load(folders[base]), name)
    k = len(data.rows)
    section.locator(f'input[name="model"][value="{model}"]').check()
    section.locator(f'input[name="ci"][value="{ci}"]').check()
    chance = random.Random(2)
    subsets = [
        [True] * k,
        [place == k - 1 for place in range(k)],
        *([place != one for place in range(k)] for one in range(min(k, 3))),
    ]
    subsets += [drawn for drawn in ([chance.random() < 0.5 for _ in range(k)] for _ in range(4)) if any(drawn)]
    for inside in subsets:
        tick(section, inside)
        assert shown(section) == expected(data, inside, model, ci)


def test_the_diamond_stands_at_the_numbers_shown(visit: Open, folders: dict[str, Path]):
    page = visit("six")
    section = outcome(page, "o1")
    settled(section)
    data = ms.effects(ms.load(folders["six"]), "o1")
    inside = [True, False, True, True, False, True]
    tick(section, inside)
    rows = [place for place, there in enumerate(inside) if there]
    fit = ms.pool(data.yi[rows], data.vi[rows])
    ticks = [(float(t.text_content() or ""), float((t.get_attribute("x") or "").rstrip("%"))) for t in section.locator(".axis svg text:not(.favours)").all()]  # fmt: skip
    (a, at_a), (b, at_b) = ticks[0], ticks[-1]
    at = [at_a + (value - a) / (b - a) * (at_b - at_a) for value in (fit.ci_low, fit.ci_high, fit.estimate)]
    diamond = section.locator("tr.pooled svg.diamond")
    left, wide = (float((diamond.get_attribute(name) or "").rstrip("%")) for name in ("x", "width"))
    assert left == pytest.approx(at[0], abs=0.4)
    assert left + wide == pytest.approx(at[1], abs=0.6)
    assert float(section.locator(".mean").first.get_attribute("x1").rstrip("%")) == pytest.approx(at[2], abs=0.4)


def test_of_many_studies_one_at_a_time_is_left_out(visit: Open, folders: dict[str, Path]):
    page = visit("many")
    section = outcome(page, "o0")
    settled(section)
    data = ms.effects(ms.load(folders["many"]), "o0")
    k = len(data.rows)
    assert "other combinations were not worked out" in section.locator(".hint").inner_text()
    boxes = section.locator(".tick input")
    for left_out in (0, 5, 13):
        boxes.nth(left_out).set_checked(False)
        inside = [place != left_out for place in range(k)]
        assert [box.is_checked() for box in boxes.all()] == inside
        assert shown(section) == expected(data, inside, "random", "auto")
    boxes.nth(13).set_checked(True)
    assert shown(section) == expected(data, [True] * k, "random", "auto")


def test_named_sets_and_the_way_back(visit: Open, folders: dict[str, Path]):
    page = visit("many")
    section = outcome(page, "o0")
    settled(section)
    data = ms.effects(ms.load(folders["many"]), "o0")
    section.locator("select.sets").select_option("without-high-risk")
    inside = [number % 3 != 0 for number in range(14)]
    assert [box.is_checked() for box in section.locator(".tick input").all()] == inside
    assert shown(section) == expected(data, inside, "random", "auto")
    section.locator('button[type="reset"]').click()
    section.locator(".chosen:not(.changed)").wait_for()
    assert shown(section) == expected(data, [True] * 14, "random", "auto")


def test_the_last_study_stays_in_and_the_page_says_so(visit: Open):
    page = visit("six")
    section = outcome(page, "o0")
    settled(section)
    tick(section, [place == 2 for place in range(6)])
    section.locator(".tick input").nth(2).click()
    assert section.locator(".tick input").nth(2).is_checked()
    assert section.locator(".said").inner_text() == "One study must stay in."


def test_a_change_is_said_aloud(visit: Open):
    page = visit("six")
    section = outcome(page, "o0")
    settled(section)
    said = section.locator('.said[role="status"]')
    before = said.inner_text()
    section.locator('input[name="model"][value="common"]').check()
    assert said.inner_text() != before
    assert "Common effect" in said.inner_text()
    assert section.locator('input[name="ci"][value="hksj"]').is_disabled()


# --- trails -----------------------------------------------------------------------------------------------------


def test_a_number_opens_its_trail_by_mouse(visit: Open):
    page = visit("shipped")
    outcome(page, "icu_stay").locator("tr.study .effect a").click()
    dialog = page.locator("dialog[open]")
    text = dialog.inner_text()
    assert "studies/baghalishahi2025.yaml:55:25" in text.replace("\n", " ")
    assert "10.90 ± 3.75 vs. 5.50 ± 1.64 days, P = 0.04" in text
    assert "yi = -5.4" in text
    assert "assumed: equal split of 20" in text
    dialog.locator("a", has_text="of the pooled estimate").click()
    assert "Length of stay in the ICU: MD -5.40" in dialog.inner_text()
    dialog.locator("button.back").click()
    assert "Baghalishahi 2025: MD -5.40" in dialog.inner_text()


def test_a_number_opens_its_trail_by_keyboard(visit: Open):
    page = visit("shipped")
    link = outcome(page, "mortality_28d").locator("tr.pooled .effect a")
    link.focus()
    page.keyboard.press("Enter")
    assert page.locator("dialog[open] h3").inner_text().startswith("Death by day 28 to 30: RR 0.85")
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    assert link.evaluate("node => node === document.activeElement")


@pytest.mark.parametrize(
    ("where", "text", "title", "inside"),
    [
        ("#outcome-mortality_28d .grade", "43 per 1000", "Death by day 28 to 30: Very low certainty", "ratio 0.9, baseline risk 0.427"),
        ("#findings .notes", "-7.94 to -2.86", "Length of stay in the ICU: MD -5.40", "yi of the one study"),
        ("#outcome-icu_stay .finding", "P = 0.04", "Baghalishahi 2025: P of two means over every split of the total", "studies/baghalishahi2025.yaml:55:25"),
        ("#question", "12 assessments", "Assessments of risk of bias on record", "studies/shu2020.yaml:"),
        ("#outcome-mortality_28d .bias", "Methods of the preprint: open label", "Shu 2020: risk of bias for Death by day 28 to 30", "studies/shu2020.yaml:150:"),
    ],
)  # fmt: skip
def test_a_number_in_a_sentence_opens_its_trail_by_keyboard(
    visit: Open, where: str, text: str, title: str, inside: str
):
    page = visit("shipped")
    link = page.locator(where).locator("a", has_text=text).first
    assert link.get_attribute("aria-haspopup") == "dialog"
    link.evaluate(
        "node => { const all = [...document.querySelectorAll('a, button, input, [tabindex=\"0\"]')]; all[all.indexOf(node) - 1].focus(); }"
    )
    page.keyboard.press("Tab")
    assert link.evaluate("node => node === document.activeElement")
    page.keyboard.press("Enter")
    dialog = page.locator("dialog[open]")
    assert dialog.locator("h3").inner_text().startswith(title)
    assert inside in dialog.inner_text()
    page.keyboard.press("Escape")
    assert page.locator("dialog[open]").count() == 0
    assert link.evaluate("node => node === document.activeElement")


@pytest.mark.parametrize("name", ["shipped", "bcg"])
def test_every_number_stays_a_link_when_studies_are_ticked_off(visit: Open, name: str):
    """As tests/report/test_numbers_are_links.py, after the script has written its own sentences."""
    page = visit(name)
    for section in page.locator(".outcome:has(script.table)").all():
        section.scroll_into_view_if_needed()
        settled(section)
        section.locator(".tick input").first.set_checked(False)
    left = page.evaluate(
        """names => {
            const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
            while (walker.nextNode()) {
                const around = walker.currentNode.parentElement;
                if (/[0-9]/.test(walker.currentNode.data) && !around.closest('a[href^="#"]') && !around.closest(names)) found.push(walker.currentNode.data);
            }
            return found;
        }""",
        ", ".join((*NO_EVIDENCE, "option")),
    )
    assert left == []
    assert page.locator(".said a").first.inner_text().endswith(" studies")


def test_the_trail_of_what_was_chosen_is_about_it(visit: Open):
    page = visit("shipped")
    section = outcome(page, "mortality_28d")
    settled(section)
    section.locator(".tick input").first.set_checked(False)
    section.locator("tr.pooled .effect a").click()
    text = page.locator("dialog[open]").inner_text()
    assert "RR 0.26" in text
    assert "0.85" not in text


def test_texts_from_records_stay_texts(visit: Open):
    page = visit("hostile")
    assert page.evaluate("window.broken") is None
    assert page.locator("script").count() == 3  # the two tables, and the page's own
    assert page.locator("h1").inner_text() == "Treatment for disease <script>window.broken=1</script><b>&amp;\"'"
    outcome(page, "o0").locator("tr.study .effect a").first.click()
    assert "<script>window.broken=1</script>" in page.locator("dialog[open]").inner_text()
    assert page.evaluate("window.broken") is None


# --- without script, and on paper -------------------------------------------------------------------------------


def test_without_script_everything_is_there(visit: Open):
    page = visit("shipped", java_script_enabled=False)
    assert page.locator("form.choices:visible").count() == 0
    link = page.locator("#outcome-mortality_28d tr.study .effect a").first
    assert link.inner_text() == "0.88 [0.64, 1.21]"
    link.click()
    trail = page.locator("#trail-mortality_28d--bowdish2023")
    assert trail.is_visible()
    assert "studies/bowdish2023.yaml:53:21" in trail.inner_text()
    assert page.locator(".trail:visible").count() > 50


def test_without_decompression_the_page_says_so(browser: Browser, files: dict[str, Path]):
    page = browser.new_page()
    page.add_init_script("delete window.DecompressionStream")
    page.goto(files["six"].as_uri())
    assert page.locator(".no-choices").is_visible()
    assert page.locator("form.choices:visible").count() == 0
    page.close()


def test_it_prints_on_a4(visit: Open, tmp_path: Path):
    page = visit("shipped")
    page.pdf(path=str(tmp_path / "page.pdf"), prefer_css_page_size=True)
    sheets = subprocess.run(["pdfinfo", tmp_path / "page.pdf"], capture_output=True, text=True, check=True).stdout
    assert "(A4)" in sheets
    text = subprocess.run(
        ["pdftotext", "-layout", tmp_path / "page.pdf", "-"], capture_output=True, text=True, check=True
    ).stdout
    assert "0.85 [0.62, 1.17]" in text
    assert "As in the review" not in text
    assert "Where each number comes from" not in text
