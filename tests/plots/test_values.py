"""What is drawn stands where the numbers say: places of points, lines and bands against results and formulas by hand."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import PathCollection
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle
from numpy.testing import assert_allclose
from scipy import stats

from mscsec.effects.sizes import EffectSizes
from mscsec.effects.tabular import effects_from_table, read_csv
from mscsec.plots.kinds import KINDS
from mscsec.pooling import pool, pool_batch
from mscsec.pooling.regression import regress
from mscsec.pooling.result import PooledResult
from mscsec.small_study import trim_and_fill

from .samples import FLOW, request, sizes_of

Z = 1.959963984540054


def drawn(kind: str, sizes: EffectSizes, **options: Any) -> tuple[Figure, PooledResult]:
    asked = request(kind, sizes, **options)
    assert asked.fit is not None
    return KINDS[kind].draw(asked), asked.fit


def labelled(figure: Figure, label: str) -> list[Any]:
    return figure.findobj(lambda artist: artist.get_label() == label)


def line(figure: Figure, label: str, which: int = 0) -> tuple[np.ndarray, np.ndarray]:
    found = [artist for artist in labelled(figure, label) if isinstance(artist, Line2D)][which]
    return np.asarray(found.get_xdata(), dtype=float), np.asarray(found.get_ydata(), dtype=float)


def points(figure: Figure, label: str = "studies") -> np.ndarray:
    return np.concatenate([one.get_offsets() for one in labelled(figure, label) if isinstance(one, PathCollection)])


def same_points(found: np.ndarray, x: Any, y: Any) -> None:
    expected = np.column_stack([x, y])
    assert found.shape == expected.shape
    assert_allclose(found[np.lexsort(found.T)], expected[np.lexsort(expected.T)], atol=1e-12)


@pytest.mark.parametrize(("y", "height"), [("se", lambda se: se), ("precision", lambda se: 1 / se)])
def test_funnel(y, height) -> None:
    sizes = sizes_of(12)
    figure, fit = drawn("funnel", sizes, y=y)
    se = np.sqrt(sizes.vi)
    same_points(points(figure), sizes.yi, height(se))
    assert_allclose(line(figure, "pooled")[0], fit.estimate)
    for which, side in ((0, -1), (1, 1)):
        at, up = line(figure, "region", which)
        error = up if y == "se" else 1 / up
        assert_allclose(at, fit.estimate + side * Z * error, atol=1e-9)
    low, high = figure.axes[1].get_ylim()
    assert (low > high) == (y == "se")  # standard errors fall, precision rises


def test_funnel_by_participants() -> None:
    sizes = sizes_of(6)
    figure, _ = drawn("funnel", sizes, y="n")
    arms = [[arm.n for arm in (row.experimental, row.comparator) if arm is not None] for row in sizes.rows]
    same_points(points(figure), sizes.yi, [sum(n for n in ns if n is not None) for ns in arms])
    assert labelled(figure, "region") == []


@pytest.mark.parametrize("k", [1, 3, 12])
def test_zones_are_seen_on_both_sides_of_no_effect(k: int) -> None:
    sizes = sizes_of(k)
    figure, _ = drawn("funnel", sizes, contours=True)
    low, high = figure.axes[1].get_xlim()
    assert low == pytest.approx(-high)  # no effect is a log of 0
    least = float(np.sqrt(sizes.vi).min())
    assert high > 2.5758 * least  # the outermost zone at the most precise study
    assert all(low < value < high for value in sizes.yi)


def test_contours_are_where_the_p_value_of_no_effect_is() -> None:
    figure, _ = drawn("funnel", sizes_of(12), contours=True)
    for level, z in ((0.9, 1.6448536269514722), (0.95, Z), (0.99, 2.5758293035489004)):
        (zone,) = labelled(figure, f"contour-{level:g}")
        outline = zone.get_paths()[0].vertices
        assert_allclose(np.abs(outline[:, 0]), z * outline[:, 1], atol=1e-9)
    shades = [labelled(figure, f"contour-{level}")[0].get_facecolor()[0][:3].mean() for level in (0.99, 0.95, 0.9)]
    assert shades[0] > shades[1]  # from light to dark as P grows, and white where it is above 0.10
    assert shades[2] == 1


def test_below_the_least_precise_study_the_zones_go_on() -> None:
    figure, _ = drawn("funnel", sizes_of(12), contours=True, y="precision")
    (zone,) = labelled(figure, "contour-0.9")
    outline = zone.get_paths()[0].vertices
    low, high = figure.axes[1].get_xlim()
    assert outline[:, 1].min() < 0.01  # to where nothing is precise, and nothing significant
    assert outline[:, 0].min() < low
    assert outline[:, 0].max() > high
    assert_allclose(np.abs(outline[:, 0]) * outline[:, 1], 1.6448536269514722, rtol=1e-9)


def lopsided() -> EffectSizes:
    """Small studies with large effects on one side only."""
    errors = [0.05, 0.08, 0.1, 0.15, 0.2, 0.25, 0.3, 0.35, 0.4, 0.5]
    rows = [f"s{place},{0.1 + 1.8 * se + (0.05 if place % 2 else -0.05)},{se}" for place, se in enumerate(errors)]
    return effects_from_table(read_csv("t.csv", "\n".join(["study,yi,sei", *rows])), "GEN")


def test_trim_and_fill_is_drawn_open_with_its_own_line_and_region() -> None:
    sizes = lopsided()
    figure, fit = drawn("funnel", sizes, **{"trim-fill": "L0"})
    found = trim_and_fill(sizes.yi, sizes.vi, estimator="L0", model="random", tau2="REML", prediction="none")
    assert found.k0 > 0
    assert_allclose(line(figure, "adjusted")[0], found.filled.estimate)
    assert_allclose(line(figure, "pooled")[0], fit.estimate)
    same_points(points(figure, "filled"), found.filled_yi, np.sqrt(found.filled_vi))
    assert_allclose(line(figure, "region")[0][0], found.filled.estimate)
    (face,) = labelled(figure, "filled")[0].get_facecolor()
    assert_allclose(face, 1)


def test_trim_and_fill_that_adds_nothing_says_so() -> None:
    effects = (0.15, -0.16, 0.1, -0.09, 0.04, -0.05, 0.01, -0.02)  # no two as far from their mean: ranks have no ties
    rows = [f"s{place},{effect},{0.1 * (1 + place // 2)}" for place, effect in enumerate(effects)]
    even = effects_from_table(read_csv("t.csv", "\n".join(["study,yi,sei", *rows])), "GEN")
    figure, fit = drawn("funnel", even, **{"trim-fill": "L0"})
    assert labelled(figure, "adjusted") == []
    assert_allclose(line(figure, "region")[0][0], fit.estimate)
    assert any("no study is missing" in text.get_text() for text in figure.axes[0].texts)


def test_radial() -> None:
    sizes = sizes_of(12)
    figure, fit = drawn("radial", sizes)
    error = np.sqrt(sizes.vi + (fit.tau2 or 0))
    same_points(points(figure), 1 / error, sizes.yi / error)
    x, y = line(figure, "slope")
    assert (x[0], y[0]) == (0, 0)
    assert y[1] / x[1] == pytest.approx(fit.estimate)
    (band,) = labelled(figure, "band")
    outline = band.get_paths()[0].vertices
    assert_allclose(np.abs(outline[:, 1] - fit.estimate * outline[:, 0]), Z, atol=1e-9)


def test_the_arc_of_a_radial_plot_is_a_circle_on_paper_and_its_bold_part_the_interval() -> None:
    figure, fit = drawn("radial", sizes_of(12))
    axes = figure.axes[1]
    centre = axes.transData.transform((0, 0))
    for label in ("arc", "arc-ci"):
        away = axes.transData.transform(np.column_stack(line(figure, label))) - centre
        assert_allclose(np.hypot(*away.T), np.hypot(*away[0]), rtol=1e-9)
    x, y = line(figure, "arc-ci")
    assert_allclose([y[0] / x[0], y[-1] / x[-1]], [fit.ci_low, fit.ci_high], rtol=1e-9)


@pytest.mark.parametrize("measure", ["RR", "OR", "RD"])
def test_labbe(measure) -> None:
    rows = ["study,events_1,n_1,events_2,n_2", "a,4,50,9,48", "b,10,120,22,118", "c,3,30,3,31", "d,30,90,35,95"]
    sizes = effects_from_table(read_csv("t.csv", "\n".join(rows)), measure)
    figure, fit = drawn("labbe", sizes)
    cells = [(9 / 48, 4 / 50), (22 / 118, 10 / 120), (3 / 31, 3 / 30), (35 / 95, 30 / 90)]
    same_points(points(figure), *zip(*cells, strict=True))
    x, y = line(figure, "pooled")
    effect = fit.display.estimate
    expected = {"RR": x * effect, "RD": x + effect, "OR": effect * x / (1 - x + effect * x)}[measure]
    assert_allclose(y, expected, atol=1e-12)
    assert_allclose(*line(figure, "equal"))
    (circles,) = (one for one in labelled(figure, "studies"))
    area = circles.get_sizes()
    by_place = {tuple(place): size for place, size in zip(np.round(circles.get_offsets(), 9), area, strict=True)}
    sizes_drawn = np.array([by_place[tuple(np.round(cell, 9))] for cell in cells])
    assert_allclose(sizes_drawn / sizes_drawn.max(), np.array(fit.weights) / max(fit.weights), rtol=0.1, atol=0.03)


def test_baujat_by_hand() -> None:
    sizes = sizes_of(8, extreme=False)
    figure, fit = drawn("baujat", sizes)
    yi, vi, tau2 = sizes.yi, sizes.vi, fit.tau2 or 0.0
    x, y = [], []
    for i in range(yi.size):
        rest = pool(np.delete(yi, i), np.delete(vi, i))
        x.append((yi[i] - fit.estimate) ** 2 / (vi[i] + tau2))
        y.append((fit.estimate - rest.estimate) ** 2 / rest.se**2)
    found = points(figure)
    assert_allclose(np.sort(found[:, 0]), np.sort(x), rtol=1e-6)
    assert_allclose(np.sort(found[:, 1]), np.sort(y), rtol=1e-6, atol=1e-12)


def test_normal_qq() -> None:
    sizes = sizes_of(11)
    figure, _ = drawn("normal-qq", sizes)
    found = points(figure)
    order = np.argsort(found[:, 0])
    assert (np.diff(found[order, 1]) >= 0).all()
    assert found[order[5], 0] == pytest.approx(0, abs=1e-12)
    (envelope,) = labelled(figure, "envelope")
    outline = envelope.get_paths()[0].vertices
    assert_allclose(sorted(outline[:, 1])[0], -sorted(outline[:, 1])[-1], rtol=1e-9)


def test_drapery_crosses_at_the_intervals() -> None:
    sizes = sizes_of(9)
    figure, fit = drawn("drapery", sizes)
    x, p = line(figure, "pooled")
    half = x.size // 2
    assert np.interp(0.05, p[:half], x[:half]) == pytest.approx(fit.ci_low, abs=1e-3)
    assert np.interp(0.05, p[half:][::-1], x[half:][::-1]) == pytest.approx(fit.ci_high, abs=1e-3)
    assert len(labelled(figure, "study")) == 9
    peaks = [float(one.get_xdata()[np.argmax(one.get_ydata())]) for one in labelled(figure, "study")]
    assert_allclose(peaks, sizes.yi, atol=1e-12)


def test_a_profile_shows_the_interval_of_the_pooled_result_beside_that_of_the_likelihood() -> None:
    for k, beyond in ((3, True), (12, False)):
        figure, fit = drawn("profile", sizes_of(k, extreme=False))
        assert fit.tau2_ci_method == "QP"
        x, _ = line(figure, "pooled-interval")
        assert fit.tau2_ci_low is not None
        assert fit.tau2_ci_high is not None
        end = figure.axes[1].get_xlim()[1]
        assert x.tolist() == pytest.approx([fit.tau2_ci_low, min(fit.tau2_ci_high, end)])
        assert bool(labelled(figure, "beyond")) == (fit.tau2_ci_high > end) == beyond
        said = " ".join(text.get_text() for text in figure.axes[0].texts)
        assert "profile likelihood" in said
        assert "Q-profile" in said
        low = line(figure, "interval")[1].min()
        assert line(figure, "pooled-interval")[1].max() < low  # below the curve


def test_profile() -> None:
    sizes = sizes_of(30)
    figure, fit = drawn("profile", sizes)
    _, y = line(figure, "curve")
    (at,), (top,) = line(figure, "estimate")
    assert at == pytest.approx(fit.tau2, abs=1e-8)
    assert top == pytest.approx(y.max())
    _, floor = line(figure, "floor")
    assert top - floor[0] == pytest.approx(3.841458820694124 / 2)


def test_bubble() -> None:
    sizes = sizes_of(9)
    dose = np.array([float(3 + (7 * place) % 11) for place in range(9)])
    figure, _ = drawn("bubble", sizes)
    fit = regress(sizes.yi, sizes.vi, dose[:, None], names=["dose"])
    start, slope = (part.estimate for part in fit.coefficients.values())
    same_points(points(figure), dose, sizes.yi)
    x, y = line(figure, "line")
    assert_allclose(y, start + slope * x, rtol=1e-9)
    upper, lower = line(figure, "prediction", 1)[1], line(figure, "prediction", 0)[1]
    assert_allclose((upper + lower) / 2, y, rtol=1e-9)
    half = (upper - lower) / 2
    vcov = np.array(fit.vcov)
    var = vcov[0, 0] + 2 * x * vcov[0, 1] + x**2 * vcov[1, 1]
    assert_allclose(half, stats.t.ppf(0.975, fit.k - 2) * np.sqrt(var + fit.tau2), rtol=1e-9)


def test_gosh_has_every_subset_of_two_or_more() -> None:
    sizes = sizes_of(6)
    figure, fit = drawn("gosh", sizes, study=sizes.rows[2].study)
    found = points(figure, "subsets")
    assert len(found) == 2**6 - 1 - 6
    pair = pool_batch(sizes.yi[[0, 3]], sizes.vi[[0, 3]])
    away = np.abs(found - [float(pair.estimate), 100 * float(pair.i2)]).max(axis=1)
    assert away.min() < 1e-8
    inside = [one for one in labelled(figure, "subsets") if isinstance(one, PathCollection)]
    assert sorted(len(one.get_offsets()) for one in inside) == [26, 31]  # 2^5 - 1 sets with it, 2^5 - 1 - 5 without
    (x,), (y,) = line(figure, "all")
    assert (x, y) == pytest.approx((fit.estimate, 100 * (fit.i2 or 0)))


def test_leave_one_out_and_cumulative() -> None:
    sizes = sizes_of(7, extreme=False)
    for kind, sets in (
        ("leave-one-out", [np.delete(np.arange(7), i) for i in range(7)]),
        ("cumulative", [np.arange(i + 1) for i in range(7)]),
    ):
        figure, fit = drawn(kind, sizes)
        estimates = [float(one.get_xdata()[0]) for one in labelled(figure, "estimate")]
        expected = [pool(sizes.yi[chosen], sizes.vi[chosen]).estimate for chosen in sets]
        assert_allclose(estimates, expected, atol=1e-7)
        heights = [float(one.get_ydata()[0]) for one in labelled(figure, "estimate")]
        assert heights == sorted(heights)
        assert_allclose(line(figure, "pooled")[0], fit.estimate)


def test_cumulative_by_a_field() -> None:
    sizes = sizes_of(5, extreme=False)
    figure, _ = drawn("cumulative", sizes, order="dose")
    dose = [float(3 + (7 * place) % 11) for place in range(5)]
    first = int(np.argmin(dose))
    assert float(labelled(figure, "estimate")[0].get_xdata()[0]) == pytest.approx(sizes.yi[first])


def test_the_boxes_of_a_flow_say_its_numbers() -> None:
    figure = KINDS["prisma"].draw(request("prisma", sizes_of(1)))
    boxes = {one.get_label(): one for one in figure.findobj(Rectangle) if one.get_label() in FLOW}
    assert set(boxes) == set(FLOW)
    words = " ".join(text.get_text() for text in figure.axes[0].texts)
    for number in (
        "(n = 1,200):",
        "(n = 300):",
        "(n = 900)",
        "(n = 800)",
        "(n = 95)",
        "(n = 60):",
        "(n = 34)",
        "(n = 48)",
    ):
        assert number in words
    column = [boxes[name].get_x() for name in ("identified", "screened", "sought", "assessed", "included", "total")]
    assert len(set(column)) == 1
    tops = [boxes[name].get_y() for name in ("identified", "screened", "sought", "assessed", "included", "total")]
    assert tops == sorted(tops)


def test_nothing_drawn_is_left_of_the_data() -> None:
    """Points of every chart lie within its axes."""
    for kind in ("funnel", "radial", "labbe", "baujat", "normal-qq", "bubble"):
        figure, _ = drawn(kind, sizes_of(30))
        axes = figure.axes[1]
        box = axes.bbox
        places = axes.transData.transform(points(figure))
        assert (places[:, 0] >= box.x0 - 1e-6).all(), kind
        assert (places[:, 0] <= box.x1 + 1e-6).all(), kind
        assert (places[:, 1] >= box.y0 - 1e-6).all(), kind
        assert (places[:, 1] <= box.y1 + 1e-6).all(), kind
        assert math.isfinite(float(places.sum()))
