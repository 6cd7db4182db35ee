"""Names at points: beside them where all find room, else numbers with a key, and never over another or a point."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest

from mscsec.plots.labels import ALL, FEW, MOST, Points, label

PANEL = (4.0, 3.0)


def measure(words: str) -> tuple[float, float]:
    return 0.055 * len(words), 0.1


def labelled(k: int, length: int, spread: float = 1.0, lines=None):
    chance = np.random.default_rng(k)
    at = np.column_stack([chance.uniform(0.05, 3.95, k), chance.uniform(0.05, 2.95, k)])
    at = at.mean(axis=0) + (at - at.mean(axis=0)) * spread
    names = [f"{'x' * (length - 4)}{number:04d}" for number in range(k)]
    points = Points(at[:, 0], at[:, 1], names, np.full(k, 0.03), chance.uniform(size=k))
    return label(points, at, PANEL, measure, lines), at, points


def apart(a, b) -> bool:
    return min(a[2], b[2]) <= max(a[0], b[0]) or min(a[3], b[3]) <= max(a[1], b[1])


@pytest.mark.parametrize("spread", [1.0, 0.2, 0.0])
@pytest.mark.parametrize("length", [5, 20, 80])
@pytest.mark.parametrize("k", [1, 3, 12, 30, 200])
def test_labels_keep_apart_from_each_other_and_from_points_and_stay_inside(k, length, spread):
    found, at, points = labelled(k, length, spread)
    for one, other in combinations(found.placed, 2):
        assert apart(one.box, other.box)
    for one in found.placed:
        left, top, right, bottom = one.box
        assert 0 < left < right < PANEL[0]
        assert 0 < top < bottom < PANEL[1]
        for x, y in at:
            assert apart(one.box, (x - 0.03, y - 0.03, x + 0.03, y + 0.03))
    assert len(found.placed) == len({one.point for one in found.placed}) > 0
    if found.key:
        assert {one.words for one in found.placed} == {number for number, _ in found.key}
        for one in found.placed:
            assert dict(found.key)[one.words] == points.names[one.point]


def test_names_where_there_is_room_numbers_where_there_is_none():
    assert labelled(5, 8)[0].key == ()
    assert len(labelled(5, 80)[0].key) == 5
    assert len(labelled(FEW, 20, 0.5)[0].key) == FEW


def test_of_many_points_those_that_stand_out_have_numbers():
    found, _, points = labelled(200, 8)
    assert found.partial
    assert len(found.key) == MOST
    assert points.rank is not None
    assert {one.point for one in found.placed} == set(np.argsort(-points.rank)[:MOST].tolist())


def test_where_numbers_would_stand_far_from_their_points_only_those_that_stand_out_have_one():
    found, _, points = labelled(30, 8, 0.05)
    assert 0 < len(found.key) <= MOST
    assert points.rank is not None
    assert {one.point for one in found.placed} <= set(np.argsort(-points.rank)[:MOST].tolist())
    assert len(labelled(ALL, 80, 0.1)[0].key) > MOST  # too few to leave some out


def test_a_label_further_away_has_a_line_to_its_point():
    found, at, _ = labelled(30, 8, 0.05)
    far = [one for one in found.placed if one.line is not None]
    assert far
    for one in far:
        assert one.line is not None
        x0, y0, x1, y1 = one.line
        assert np.hypot(x0 - at[one.point, 0], y0 - at[one.point, 1]) == pytest.approx(0.03, abs=1e-9)
        assert one.box[0] - 1e-9 <= x1 <= one.box[2] + 1e-9
        assert one.box[1] - 1e-9 <= y1 <= one.box[3] + 1e-9


def test_a_label_goes_to_the_other_side_of_a_line():
    at = np.array([[2.0, 1.5]])
    points = Points(at[:, 0], at[:, 1], ["Name 2001"], np.array([0.03]))
    wall = np.column_stack([np.full(100, 2.2), np.linspace(0, 3, 100)])
    plain, kept = label(points, at, PANEL, measure).placed[0].box, label(points, at, PANEL, measure, wall).placed[0].box
    assert plain[0] < 2.2 < plain[2]
    assert not kept[0] < 2.2 < kept[2]
