"""Effects against one comparator: each covariance against a simulation of the trial it belongs to."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest

from mscsec.cli.app import run
from mscsec.effects.measures import effect_size
from mscsec.effects.reading import Rules
from mscsec.effects.shared import COVARIANCES
from mscsec.effects.sizes import effects
from mscsec.errors import UsageError

from .bases import arm, base_of, document, flow, sizes_of, study

SEPARATE = Rules(multi_arm="separate")
N = (240, 320, 200)  # low, high, comparator
DRAWS = 60_000


def draw(measure: str, rng: np.random.Generator) -> tuple[np.ndarray, np.ndarray]:
    """yi of both arms in many trials of the same make."""
    if measure in ("RR", "OR", "RD", "AS"):
        low, high, c = (rng.binomial(n, p, DRAWS) for n, p in zip(N, (0.35, 0.5, 0.4), strict=True))
        arrays = [{"events_1": x, "n_1": n, "events_2": c, "n_2": N[2]} for x, n in ((low, N[0]), (high, N[1]))]
    elif measure.startswith("IR"):
        low, high, c = (rng.poisson(mean, DRAWS) for mean in (40, 60, 50))
        arrays = [{"events_1": x, "time_1": t, "events_2": c, "time_2": 120} for x, t in ((low, 100), (high, 130))]
    else:
        means = [rng.normal(mean, 3 / np.sqrt(n), DRAWS) for mean, n in zip((12.0, 14.0, 10.0), N, strict=True)]
        sds = [3 * np.sqrt(rng.chisquare(n - 1, DRAWS) / (n - 1)) for n in N]
        arrays = [
            {"mean_1": means[i], "sd_1": sds[i], "n_1": N[i], "mean_2": means[2], "sd_2": sds[2], "n_2": N[2]}
            for i in (0, 1)
        ]
    one, two = (effect_size(measure, **part).yi for part in arrays)
    return one, two


def trial(measure: str) -> tuple[str, dict[str, Any]]:
    """The same trial at its expectation, as a record."""
    if measure in ("RR", "OR", "RD", "AS"):
        return "death", {"arms": {"low": {"events": 84}, "high": {"events": 160}, "c": {"events": 80}}}
    if measure.startswith("IR"):
        rows = {"low": (40, 100), "high": (60, 130), "c": (50, 120)}
        return "falls", {"arms": {name: {"events": x, "time": t} for name, (x, t) in rows.items()}}
    return "stay", {"arms": {name: {"mean": m, "sd": 3} for name, m in (("low", 12), ("high", 14), ("c", 10))}}


def arms() -> dict[str, Any]:
    return {
        name: arm("comparator" if name == "c" else "experimental", n)
        for name, n in zip(("low", "high", "c"), N, strict=True)
    }


@pytest.mark.parametrize("measure", COVARIANCES)
def test_covariance_is_that_of_simulated_trials(measure):
    outcome, result = trial(measure)
    found = sizes_of(outcome, result, measure=measure, arms=arms(), rules=SEPARATE)
    one, two = draw(measure, np.random.default_rng(20260101))
    simulated = np.cov(one, two)
    # the standard error of a covariance from 60,000 draws is about 0.5 %, large-sample formulas are good to a few percent
    assert found.covariance[0, 1] == pytest.approx(simulated[0, 1], rel=0.06)
    assert np.diag(found.covariance) == pytest.approx(np.diag(simulated), rel=0.08)


def test_the_smd_covariance_has_the_comparators_part_of_the_sd():
    """With large effects the part of the common SD decides, and 1/(2 N) of one SD for all arms would be too large."""
    rng = np.random.default_rng(7)
    n, draws = 20, 200_000
    means = [rng.normal(mean, 1 / np.sqrt(n), draws) for mean in (3.0, 3.0, 0.0)]
    sds = [np.sqrt(rng.chisquare(n - 1, draws) / (n - 1)) for _ in range(3)]
    yi = [
        effect_size("SMD", mean_1=means[i], sd_1=sds[i], n_1=n, mean_2=means[2], sd_2=sds[2], n_2=n).yi for i in (0, 1)
    ]
    simulated = np.cov(yi)[0, 1]
    large_sample = 1 / n + 9 * n / (2 * (2 * n) ** 2)
    one_sd_for_all = 1 / n + 9 / (2 * 3 * n)
    assert abs(large_sample - simulated) < abs(one_sd_for_all - simulated) / 2


def test_a_row_an_arm_against_the_whole_comparator():
    found = sizes_of("death", trial("RR")[1], arms=arms(), rules=SEPARATE)
    assert [row.study for row in found.rows] == ["trial:low", "trial:high"]
    assert [row.comparator.n for row in found.rows] == [200, 200]
    assert found.covariance == pytest.approx(np.array([[found.vi[0], 0.0075], [0.0075, found.vi[1]]]))  # 1/80 - 1/200
    assert all({flag.code for flag in row.flags} == {"E226"} for row in found.rows)
    assert found.without(["trial"]).covariance.shape == (0, 0)


def test_trials_of_two_arms_are_independent():
    record = study({"outcome": "death", "arms": {"a": {"events": 4}, "c": {"events": 9}}}, name="pair")
    result = trial("RR")[1] | {"outcome": "death"}
    found = effects(base_of(record, study(result, name="triple", arms=arms())), "death", rules=SEPARATE)
    assert found.covariance[0, 1:].tolist() == [0, 0]
    assert found.covariance[1, 2] == pytest.approx(0.0075)
    assert effects(base_of(record), "death").covariance == pytest.approx(np.diag(effects(base_of(record), "death").vi))


@pytest.mark.parametrize("measure", ["RR", "OR", "RD", "AS"])
@pytest.mark.parametrize("events", [(0, 4, 5), (4, 0, 5), (0, 0, 5), (3, 4, 0), (20, 4, 5), (20, 19, 20), (0, 20, 1)])
def test_the_matrix_is_positive_definite_with_zero_cells(measure, events):
    result = {"arms": {name: {"events": x} for name, x in zip(("low", "high", "c"), events, strict=True)}}
    each = {name: arm("comparator" if name == "c" else "experimental", 20) for name in ("low", "high", "c")}
    found = sizes_of("death", result, measure=measure, arms=each, rules=SEPARATE)
    assert len(found.rows) + len(found.excluded) == 2
    if len(found.rows) == 2:
        assert np.linalg.eigvalsh(found.covariance).min() > 0


@pytest.mark.parametrize("preset", ["cochrane-2025", "revman-5", "metafor", "meta"])
@pytest.mark.parametrize("measure", ["RR", "OR", "RD"])
def test_every_preset_has_covariances(preset, measure):
    """The comparator's part of the variance, with what the preset adds where there is a zero cell."""
    plain = sizes_of("death", trial("RR")[1], measure=measure, arms=arms(), rules=SEPARATE, zero_cells=preset)
    assert plain.covariance[0, 1] == pytest.approx(
        {"RR": 1 / 80 - 1 / 200, "OR": 1 / 80 + 1 / 120, "RD": 0.4 * 0.6 / 200}[measure]
    )
    each = {name: arm("comparator" if name == "c" else "experimental", 20) for name in ("low", "high", "c")}
    zeros = {"arms": {name: {"events": x} for name, x in (("low", 4), ("high", 2), ("c", 0))}}
    found = sizes_of("death", zeros, measure=measure, arms=each, rules=SEPARATE, zero_cells=preset)
    risk_ratio = 1 / 0.5 - 1 / (20.5 if preset == "meta" else 21)
    wanted = {"RR": risk_ratio, "OR": 1 / 0.5 + 1 / 20.5, "RD": 0.5 * 20.5 / 21**3}[measure]
    assert found.covariance[0, 1] == pytest.approx(wanted)
    full = {"arms": {name: {"events": x} for name, x in (("low", 4), ("high", 2), ("c", 20))}}
    found = sizes_of("death", full, measure=measure, arms=each, rules=SEPARATE, zero_cells=preset)
    risk_ratio = 1 / 20 - 1 / 20.5 if preset == "meta" else 1 / 20.5 - 1 / 21
    assert found.covariance[0, 1] == pytest.approx({"RR": risk_ratio, "OR": wanted, "RD": wanted}[measure])


def test_what_has_no_covariance_is_refused():
    with pytest.raises(UsageError, match="covariance of PETO effects"):
        sizes_of("death", trial("RR")[1], measure="PETO", arms=arms(), rules=SEPARATE)
    with pytest.raises(UsageError, match="variance formula LS of SMD"):
        sizes_of("stay", trial("SMD")[1], measure="SMD", arms=arms(), rules=SEPARATE, vtype="UB")
    with pytest.raises(UsageError, match="one constant"):
        sizes_of("death", trial("RR")[1], arms=arms(), rules=SEPARATE, add="TACC")


def test_command_line(tmp_path, capsys):
    review = {
        "schema": "mscsec/review/1",
        "title": "A review",
        "outcomes": {"death": {"label": "Death", "type": "dichotomous"}},
    }
    (tmp_path / "review.yaml").write_text(document(review))
    (tmp_path / "trial.yaml").write_text(document(study(trial("RR")[1] | {"outcome": "death"}, arms=arms())))
    call = ["--outcome", "death", "--studies", str(tmp_path), "--multi-arm", "separate"]
    assert run(["effects", *call, "--json"]) == 0
    shown = json.loads(capsys.readouterr().out)["effects"]
    assert shown["covariance"][0][1] == pytest.approx(0.0075)
    assert shown["shared"][0]["study_2"] == "trial:high"
    assert run(["pool", *call]) == 2
    assert "would count twice" in capsys.readouterr().err


def test_flow_style_is_what_the_reader_reads():
    assert flow({"a": [1, None], "b": True}) == "{a: [1, null], b: true}"


@pytest.mark.parametrize("rule", ["split", "separate"])
def test_rows_of_one_trial_lead_to_its_record(tmp_path, capsys, rule):
    review = {
        "schema": "mscsec/review/1",
        "title": "A review",
        "outcomes": {"death": {"label": "Death", "type": "dichotomous"}},
    }
    (tmp_path / "review.yaml").write_text(document(review))
    doses = {name: each | {"dose": f"{name} dose"} for name, each in arms().items()}
    (tmp_path / "trial.yaml").write_text(document(study(trial("RR")[1] | {"outcome": "death"}, arms=doses)))
    call = ["--outcome", "death", "--studies", str(tmp_path), "--multi-arm", rule]
    assert run(["effects", *call, "--explain", "--study", "trial"]) == 0
    shown = capsys.readouterr().out
    assert "trial:low" in shown
    assert "trial:high" in shown
    assert "trial.yaml:" in shown
    if rule == "split":
        assert run(["pool", *call, "--by", "dose", "--json"]) == 0
        members = json.loads(capsys.readouterr().out)["members"]
        assert members == {"trial:low": "low dose", "trial:high": "high dose"}
