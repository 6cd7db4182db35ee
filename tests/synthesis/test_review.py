"""A synthesis says of a base what the single commands say, in one value; and what stands behind it."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest

from mscsec.errors import UnknownName
from mscsec.integrity.review import review
from mscsec.problems import RecordError
from mscsec.records.reader import load, shipped_folder
from mscsec.synthesis.fit import pooled
from mscsec.synthesis.ledger import PROTOCOL, assumptions, record_versions, software
from mscsec.synthesis.review import OutcomeSynthesis, Synthesis, synthesise

from ..report.bases import write_base


@pytest.fixture(scope="module")
def shipped() -> Synthesis:
    return synthesise(load(shipped_folder()))


def of(synthesis: Synthesis, name: str) -> OutcomeSynthesis:
    return next(one for one in synthesis.outcomes if one.outcome == name)


def test_every_outcome_of_the_protocol_is_there_in_its_order(shipped: Synthesis):
    assert [one.outcome for one in shipped.outcomes] == list(shipped.base.review.outcomes)
    assert [one.outcome for one in synthesise(shipped.base, ["mortality_28d", "icu_stay"]).outcomes] == [
        "mortality_28d",
        "icu_stay",
    ]
    with pytest.raises(UnknownName):
        synthesise(shipped.base, ["mortality"])


def test_the_fit_is_the_review_s_own(shipped: Synthesis):
    for one in shipped.with_data:
        _, fit = pooled(shipped.base, one.outcome)
        assert fit is not None
        assert one.fit is not None
        assert (one.fit.estimate, one.fit.ci_low, one.fit.ci_high) == (fit.estimate, fit.ci_low, fit.ci_high)


def test_an_outcome_without_studies_has_no_fit_and_no_table(shipped: Synthesis):
    found = of(shipped, "recovery")
    assert found.fit is None
    assert found.combinations is None
    assert found.sensitivity == ()
    assert found.sizes is not None
    assert len(found.sizes.excluded) == len(shipped.base.studies)


def test_an_outcome_that_cannot_be_computed_says_why(tmp_path: Path):
    folder = write_base(tmp_path / "base", 1, 1, text="analysis: {ci: hc}\n")
    found = synthesise(load(folder)).outcomes[0]
    assert "Henmi-Copas needs 2 studies" in found.problem
    assert found.fit is None


def test_a_method_that_does_not_exist_is_the_protocols_fault(tmp_path: Path):
    folder = write_base(tmp_path / "base", 2, 1, text="analysis: {tau2: nonsense}\n")
    with pytest.raises(RecordError, match=r"review\.yaml:\d+:18: error: R218 found tau2 'nonsense'") as caught:
        synthesise(load(folder))
    assert [problem.code for problem in caught.value.problems] == ["R218"]


def test_findings_and_marks_are_those_of_the_outcome(shipped: Synthesis):
    found = of(shipped, "icu_stay")
    assert {each.outcome for each in found.integrity} == {"icu_stay"}
    assert [each.verdict.check for each in found.integrity] == [
        each.verdict.check for each in review(shipped.base, "icu_stay").findings
    ]
    assert found.marks == {"baghalishahi2025": "contradiction"}


def test_judgements_carry_the_weights_of_the_analysis(shipped: Synthesis):
    found = of(shipped, "mortality_28d")
    assert found.bias is not None
    assert found.judged == ("Some concerns", "High", "High")
    assert found.fit is not None
    assert found.sizes is not None
    weights = {row.study: row.weight for row in found.bias.standing}
    assert [weights[row.study] for row in found.sizes.rows] == pytest.approx(found.fit.weights)


def test_the_sensitivity_table_names_methods_sets_and_each_study(tmp_path: Path):
    found = synthesise(load(write_base(tmp_path / "base", 6, 2))).outcomes[0]
    table = found.combinations
    assert table is not None
    kinds = [one.kind for one in found.sensitivity]
    assert kinds == sorted(kinds, key=["own", "choice", "set", "leave-one-out"].index)
    members = {one.name: table.members[one.row].tolist() for one in found.sensitivity}
    assert members["Without results at high risk of bias"] == [number % 3 != 0 for number in range(6)]
    assert members["Without figures that are assumed"] == [number % 5 != 0 for number in range(6)]
    for number, one in enumerate(row for row in found.sensitivity if row.kind == "leave-one-out"):
        assert one.study == f"trial{number:03}"
        assert table.members[one.row].tolist() == [place != number for place in range(6)]
    assert {(table.choices[one.choice].model, table.choices[one.choice].ci) for one in found.sensitivity if one.kind == "choice"} == {
        ("random", "wald"), ("random", "hksj"), ("common", "wald"),
    }  # fmt: skip


def test_every_assumption_is_listed_with_its_line_and_its_use(tmp_path: Path):
    base = load(write_base(tmp_path / "base", 6, 2))
    sizes = [one.sizes for one in synthesise(base).outcomes if one.sizes]
    found = assumptions(base, sizes)
    assert [(one.study, one.path) for one in found] == [(f"trial{n:03}", ("arms", "a", "n")) for n in (0, 5)]
    lines = (Path(base.folder) / "trial005.yaml").read_text().splitlines()
    assert found[1].origin.text in lines[found[1].origin.line - 1]
    assert found[1].reason.strip() == "equal split"
    assert found[1].used == ("o0", "o1")


def test_the_shipped_base_lists_what_its_records_assume(shipped: Synthesis):
    written = sum(
        path.read_text(encoding="utf-8").count("assumed:") for path in Path(shipped.base.folder).glob("*.yaml")
    )
    assert len(shipped.assumptions) == written > 0


def test_versions_name_every_file_and_what_it_held(shipped: Synthesis):
    rows = record_versions(shipped.base)
    assert rows[0].study == PROTOCOL
    assert len(rows) == len(shipped.base.studies) + 1
    for row in rows:
        assert row.sha256 == hashlib.sha256(Path(row.file).read_bytes()).hexdigest()


def test_software_has_versions():
    found = dict(software("9.9"))
    assert found["mscsec"] == "9.9"
    assert all(found[name][0].isdigit() for name in ("Python", "numpy", "scipy", "pydantic", "PyYAML"))
