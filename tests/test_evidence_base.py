"""The evidence base in `studies/`: whole, exact to the decimal, and each figure in the words of its source."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

import pytest
from pydantic import BaseModel

from mscsec.records import EvidenceBase, load
from mscsec.records.models import ArmResult, ReportedEffect, Study, StudyResult
from mscsec.records.number import Number
from mscsec.records.quantities import PValue, Quantity

FOLDER = Path(__file__).parents[1] / "studies"

STUDIES = (
    "abdullah2022", "adas2021", "baghalishahi2025", "bellio2021", "bowdish2023", "chu2022", "dilogo2021",
    "exocd24_2024", "farkhad2022", "fathikazerooni2022", "gorman2023", "green2023", "karyana2022", "lanzoni2021",
    "lightner2023", "malueka_ucmsc", "matthay_start2019", "meng2020", "mitrani2021", "monsel2022", "placentalev2022",
    "putra2021", "rebelatto2022", "samara_nct04491240", "sengupta2020", "shapira2022", "shi2021", "shu2020",
    "stat_nct03818854", "xu2021", "zarrabi2023", "zheng2014", "zhu2021", "zhu2022",
)  # fmt: skip

# Treatments outside the comparisons stand beside those inside, so that a misspelt one cannot drop a trial unseen.
IN_COMPARISONS = {"secretome", "extracellular vesicles", "MSC cells", "usual care", "placebo"}
OUTSIDE = {
    "adas2021": {"usual care in moderate disease"},
    "bellio2021": {"amniotic fluid extracellular vesicles"},
    "exocd24_2024": {
        "engineered exosomes",
        "engineered exosomes, lower dose",
        "engineered exosomes, both doses",
        "external control",
    },
    "green2023": {"engineered exosomes"},
    "mitrani2021": {"amniotic fluid extracellular vesicles"},
    "placentalev2022": {"not stated"},
    "shapira2022": {"engineered exosomes"},
    "zarrabi2023": {"MSC cells then extracellular vesicles"},
}

# study, outcome, time point, arm, field, text as printed. A field of two numbers has two texts.
ARM_FIGURES = (
    ("baghalishahi2025", "icu_stay", None, "secretome", "mean", "5.50"),
    ("baghalishahi2025", "icu_stay", None, "secretome", "sd", "1.64"),
    ("baghalishahi2025", "icu_stay", None, "control", "mean", "10.90"),
    ("baghalishahi2025", "icu_stay", None, "control", "sd", "3.75"),
    ("baghalishahi2025", "oxygen_saturation", None, "secretome", "mean", "79.47"),
    ("baghalishahi2025", "oxygen_saturation", None, "secretome", "sd", "15.36"),
    ("baghalishahi2025", "oxygen_saturation", None, "control", "mean", "60.65"),
    ("baghalishahi2025", "oxygen_saturation", None, "control", "sd", "16.58"),
    ("bowdish2023", "mortality_28d", "day 30", "msc", "events", "42"),
    ("bowdish2023", "mortality_28d", "day 30", "msc", "percent", "37.5"),
    ("bowdish2023", "mortality_28d", "day 30", "sham", "events", "47"),
    ("bowdish2023", "mortality_28d", "day 30", "sham", "percent", "42.7"),
    ("shu2020", "mortality_28d", "day 28", "msc", "events", "0"),
    ("shu2020", "mortality_28d", "day 28", "control", "events", "3"),
    ("shu2020", "mortality_28d", "day 28", "control", "percent", "7.31"),
    ("shu2020", "time_to_clinical_improvement", None, "msc", "median", "9.00"),
    ("shu2020", "time_to_clinical_improvement", None, "msc", "iqr", ("6.00", "13.00")),
    ("shu2020", "time_to_clinical_improvement", None, "control", "median", "14.00"),
    ("shu2020", "time_to_clinical_improvement", None, "control", "iqr", ("9.50", "21.00")),
    ("shu2020", "hospital_stay", None, "msc", "median", "20.00"),
    ("shu2020", "hospital_stay", None, "msc", "iqr", ("16.00", "24.00")),
    ("shu2020", "hospital_stay", None, "control", "median", "24.00"),
    ("shu2020", "hospital_stay", None, "control", "iqr", ("20.00", "26.50")),
    ("shu2020", "progression", None, "control", "percent", "13.79"),
    ("shu2020", "clinical_improvement", "day 28", "msc", "events", "12"),
    ("shu2020", "clinical_improvement", "day 28", "control", "events", "25"),
    ("shu2020", "clinical_improvement", "day 14", "control", "percent", "51.72"),
    ("shu2020", "intubation", "day 7", "control", "percent", "4.88"),
    ("zhu2021", "mortality_28d", "day 28", "msc", "events", "0"),
    ("zhu2021", "mortality_28d", "day 28", "placebo", "events", "2"),
    ("zhu2021", "hospital_stay", None, "msc", "median", "11"),
    ("zhu2021", "hospital_stay", None, "msc", "iqr", ("8", "14")),
    ("zhu2021", "hospital_stay", None, "placebo", "median", "15"),
    ("zhu2021", "hospital_stay", None, "placebo", "iqr", ("11", "19")),
    ("zhu2021", "time_to_symptom_remission", None, "msc", "iqr", ("7", "12")),
    ("zhu2021", "symptom_remission", "day 21", "placebo", "events", "16"),
    ("zhu2021", "adverse_events", None, "msc", "events", "3"),
    ("zhu2021", "adverse_events", None, "placebo", "events", "13"),
    ("dilogo2021", "mortality_end", None, "msc", "non_events", "10"),
    ("dilogo2021", "mortality_end", None, "placebo", "non_events", "4"),
    ("dilogo2021", "mortality_end", None, "placebo", "n", "20"),
    ("adas2021", "mortality_end", None, "msc", "events", "3"),
    ("adas2021", "mortality_end", None, "control", "events", "6"),
    ("adas2021", "mortality_end", None, "moderate", "events", "0"),
    ("zarrabi2023", "mortality_end", None, "msc", "events", "3"),
    ("zarrabi2023", "mortality_end", None, "msc_ev", "events", "0"),
    ("zarrabi2023", "mortality_end", None, "control", "events", "8"),
    ("lanzoni2021", "mortality_28d", "one month", "msc", "non_event_percent", "91"),
    ("lanzoni2021", "mortality_28d", "one month", "placebo", "non_event_percent", "42"),
    ("fathikazerooni2022", "mortality_28d", "day 28", "secretome", "non_event_percent", "57"),
    ("fathikazerooni2022", "mortality_28d", "day 28", "placebo", "non_event_percent", "28"),
    ("fathikazerooni2022", "intubation", "day 28", "secretome", "events", "7"),
    ("fathikazerooni2022", "intubation", "day 28", "secretome", "percent", "50"),
    ("fathikazerooni2022", "intubation", "day 28", "secretome", "n", "14"),
    ("fathikazerooni2022", "intubation", "day 28", "placebo", "events", "12"),
    ("fathikazerooni2022", "intubation", "day 28", "placebo", "n", "15"),
    ("meng2020", "hospital_stay", None, "msc", "median", "20.00"),
    ("meng2020", "hospital_stay", None, "msc", "iqr", ("17.50", "24.50")),
    ("meng2020", "hospital_stay", None, "control", "iqr", ("20.00", "27.00")),
    ("meng2020", "intubation", None, "control", "events", "4"),
    ("monsel2022", "pao2_fio2_change", "day 7", "msc", "median", "54.3"),
    ("monsel2022", "pao2_fio2_change", "day 7", "msc", "iqr", ("-15.5", "93.3")),
    ("monsel2022", "pao2_fio2_change", "day 7", "placebo", "iqr", ("-33.3", "104.6")),
    ("monsel2022", "pao2_fio2_change", "day 14", "placebo", "iqr", ("-1", "67.3")),
    ("monsel2022", "organ_failure_free_days", "day 28", "placebo", "iqr", ("0.75", "23")),
    ("monsel2022", "icu_stay", None, "msc", "median", "15.0"),
    ("monsel2022", "serious_adverse_events", "day 0 to 14", "msc", "percent", "28.6"),
    ("monsel2022", "serious_adverse_events", "day 0 to 14", "placebo", "events", "6"),
    ("monsel2022", "adverse_events", "after day 14", "msc", "percent", "38.1"),
    ("gorman2023", "oxygenation_index", "day 7", "msc", "mean", "98.3"),
    ("gorman2023", "oxygenation_index", "day 7", "placebo", "sd", "67.3"),
    ("gorman2023", "serious_adverse_events", None, "placebo", "events", "3"),
    ("sengupta2020", "mortality_end", "day 14", "exoflo", "events", "4"),
    ("sengupta2020", "mortality_end", "day 14", "exoflo", "percent", "16"),
    ("green2023", "hospital_stay", None, "exo_cd24", "median", "11.5"),
    ("shi2021", "normal_ct", "month 12", "msc", "n", "56"),
)

# study, outcome, time point, experimental arm, comparator arm, then estimate, interval and P as printed.
EFFECT_FIGURES = (
    ("zarrabi2023", "mortality_end", None, "msc", "control", "0.49", ("0.14", "1.11"), "0.08"),
    ("zarrabi2023", "mortality_end", None, "msc_ev", "control", "0.08", ("0.005", "1.26"), "0.07"),
    ("lanzoni2021", "clinical_improvement", "day 60", "msc", "placebo", "1.80", ("0.85", "3.79"), None),
    ("gorman2023", "serious_adverse_events", None, "msc", "placebo", "2.9", ("0.6", "13.2"), "0.25"),
    ("monsel2022", "pao2_fio2_change", "day 7", "msc", "placebo", "7.4", ("-44.7", "59.7"), "0.77"),
    ("monsel2022", "ventilation_duration", "day 28", "msc", "placebo", "-2.5", ("-8.0", "3.0"), "0.38"),
    ("shi2021", "lesion_volume_change", "day 28", "msc", "placebo", "-13.31", ("-29.14", "2.13"), "0.080"),
    ("shi2021", "lesion_volume_change", "day 10", "msc", "placebo", "-10.8", ("-20.7", "-1.5"), "0.030"),
    ("shi2021", "solid_lesion_volume_change", "day 28", "msc", "placebo", "-15.45", ("-30.82", "-0.39"), "0.043"),
    ("shi2021", "six_minute_walk", None, "msc", "placebo", "27.00", ("0.00", "57.00"), "0.057"),
    ("lightner2023", "mortality_end", "day 60", "exoflo_15", "placebo", "61.6", None, None),
)

# study, outcome, time point, sign and text of the P value printed beside the figures.
P_VALUES = (
    ("baghalishahi2025", "icu_stay", None, None, "0.04"),
    ("dilogo2021", "mortality_end", None, None, ".047"),
    ("fathikazerooni2022", "mortality_28d", "day 28", "<", "0.0001"),
    ("shu2020", "progression", None, None, "0.667"),
    ("shu2020", "intubation", "day 7", None, "1.000"),
    ("zhu2021", "hospital_stay", None, None, "0.0198"),
    ("monsel2022", "serious_adverse_events", "after day 14", None, "1.00"),
)

NOT_POOLED = {
    ("dilogo2021", "adverse_events", None),
    ("exocd24_2024", "clinical_improvement", "day 7"),
    ("exocd24_2024", "mortality_28d", "day 28"),
    ("exocd24_2024", "oxygenation_improved", "day 7"),
    ("fathikazerooni2022", "cd4_rise", None),
    ("fathikazerooni2022", "cd8_rise", None),
    ("fathikazerooni2022", "crp_fall", None),
    ("fathikazerooni2022", "d_dimer_fall", None),
    ("fathikazerooni2022", "ferritin_fall", None),
    ("gorman2023", "serious_adverse_events", None),
    ("lanzoni2021", "treatment_related_adverse_events", None),
    ("lightner2023", "mortality_end", "day 60"),
    ("meng2020", "treatment_related_adverse_events", None),
    ("monsel2022", "adverse_events", "after day 14"),
    ("monsel2022", "icu_stay", None),
    ("monsel2022", "mortality_after_28d", "day 28 to month 12"),
    ("placentalev2022", "crp_fall", "day 5"),
    ("placentalev2022", "neutrophil_lymphocyte_ratio_fall", "day 5"),
    ("sengupta2020", "cd3_rise", None),
    ("sengupta2020", "cd4_rise", None),
    ("sengupta2020", "cd8_rise", None),
    ("sengupta2020", "crp_fall", None),
    ("sengupta2020", "d_dimer_fall", None),
    ("sengupta2020", "ferritin_fall", None),
    ("sengupta2020", "neutrophil_fall", None),
    ("sengupta2020", "pao2_fio2_rise", None),
    ("shi2021", "normal_ct", "month 12"),
    ("zhu2021", "image_progression", "day 21"),
}

# Every assumption of the base: study, where, value. One more must be added here on purpose.
ASSUMED = {
    ("baghalishahi2025", "arms.secretome.n", "10"),
    ("baghalishahi2025", "arms.control.n", "10"),
    ("fathikazerooni2022", "results.intubation.arms.secretome.n", "14"),
    ("fathikazerooni2022", "results.intubation.arms.placebo.n", "15"),
    ("gorman2023", "results.oxygenation_index.arms.msc.n", "30"),
    ("gorman2023", "results.oxygenation_index.arms.placebo.n", "29"),
}

# Randomised trials with a figure on both sides of the comparison, by outcome.
ENTERING = (
    ("cell_free_vs_control", "icu_stay", {"baghalishahi2025"}),
    ("cell_free_vs_control", "oxygen_saturation", {"baghalishahi2025"}),
    ("cell_free_vs_control", "mortality_28d", {"fathikazerooni2022"}),
    ("cell_free_vs_control", "intubation", {"fathikazerooni2022"}),
    ("msc_vs_control", "mortality_28d", {"bowdish2023", "lanzoni2021", "shu2020", "zhu2021"}),
    ("msc_vs_control", "mortality_end", {"dilogo2021", "zarrabi2023"}),
    ("msc_vs_control", "hospital_stay", {"shu2020", "zhu2021"}),
    ("msc_vs_control", "icu_stay", set()),
    ("msc_vs_control", "adverse_events", {"monsel2022", "zhu2021"}),
    ("msc_vs_control", "serious_adverse_events", {"gorman2023", "monsel2022"}),
    ("msc_vs_control", "pao2_fio2_change", {"monsel2022"}),
)

ARM_FIELDS = ("events", "percent", "non_events", "non_event_percent", "mean", "sd", "median", "iqr")
WORDS = {"no": "0", "none": "0", "zero": "0", "two": "2", "three": "3", "six": "6", "eight": "8"}


@pytest.fixture(scope="module")
def base() -> EvidenceBase:
    return load(FOLDER)  # raises with every problem where there is one


def results_of(base: EvidenceBase, study: str, outcome: str, timepoint: str | None) -> list[StudyResult]:
    return [
        result for result in base.study(study).results if (result.outcome, result.timepoint) == (outcome, timepoint)
    ]


def every_result(base: EvidenceBase) -> Iterator[tuple[Study, StudyResult]]:
    return ((study, result) for study in base.studies for result in study.results)


def texts(value: Quantity | tuple[Number, Number] | None) -> tuple[str, ...]:
    """A figure's digits as written; an interval has two."""
    if value is None:
        return ()
    return (value.value.text,) if isinstance(value, Quantity) else tuple(number.text for number in value)


def as_texts(expected: str | tuple[str, ...] | None) -> tuple[str, ...]:
    return (expected,) if isinstance(expected, str) else expected or ()


def figures(result: StudyResult) -> Iterator[str]:
    """Digits of everything a result says the paper printed; n stand in the paper's table heads, not in its rows."""
    for arm in result.arms.values():
        yield from chain.from_iterable(texts(getattr(arm, field)) for field in ARM_FIELDS)
    for effect in result.effects:
        yield from chain(texts(effect.estimate), texts(effect.ci), texts(effect.p))
    if result.reported is not None:
        yield from texts(result.reported.p)


def printed_numbers(text: str) -> set[str]:
    """Numbers in a paper's words: digits as printed with an ASCII minus, and counts that are spelt out."""
    plain = re.sub(r"−\s*", "-", text).replace("–", " ")
    digits = re.findall(r"(?:(?<![\d.])-)?(?:\d+\.?\d*|\.\d+)", plain)
    spelt = {WORDS[word] for word in re.findall(r"[a-z]+", text.lower()) if word in WORDS}
    return {number.rstrip(".") for number in digits} | spelt


def quantities(model: BaseModel, path: str = "") -> Iterator[tuple[str, Quantity]]:
    """Every number of a record with its path; a result is called by its outcome."""
    for name in type(model).model_fields:
        value = getattr(model, name)
        entries = value.items() if isinstance(value, dict) else [(None, value)]
        if isinstance(value, tuple):
            entries = [(getattr(item, "outcome", str(index)), item) for index, item in enumerate(value)]
        for key, item in entries:
            here = ".".join(part for part in (path, name, key) if part)
            if isinstance(item, Quantity):
                yield here, item
            elif isinstance(item, BaseModel):
                yield from quantities(item, here)


def test_every_trial_has_its_record(base: EvidenceBase) -> None:
    assert tuple(study.id for study in base.studies) == STUDIES
    assert {path.stem for path in FOLDER.glob("*.yaml")} == {*STUDIES, "review"}


@pytest.mark.parametrize("study", STUDIES)
def test_file_names_its_schema_and_its_study(base: EvidenceBase, study: str) -> None:
    lines = (FOLDER / f"{study}.yaml").read_text(encoding="utf-8").splitlines()
    assert lines[:3] == [
        "# yaml-language-server: $schema=../docs/schema/study.json",
        "schema: mscsec/study/1",
        f"id: {study}",
    ]


@pytest.mark.parametrize(("study", "outcome", "timepoint", "arm", "field", "expected"), ARM_FIGURES)
def test_figure_is_as_printed(
    base: EvidenceBase, study: str, outcome: str, timepoint: str | None, arm: str, field: str, expected: str
) -> None:
    found = [
        getattr(result.arms[arm], field) for result in results_of(base, study, outcome, timepoint) if arm in result.arms
    ]
    assert [texts(value) for value in found] == [as_texts(expected)]


@pytest.mark.parametrize(
    ("study", "outcome", "timepoint", "experimental", "comparator", "estimate", "ci", "p"), EFFECT_FIGURES
)
def test_effect_is_as_printed(
    base: EvidenceBase,
    study: str,
    outcome: str,
    timepoint: str | None,
    experimental: str,
    comparator: str,
    estimate: str,
    ci: tuple[str, str] | None,
    p: str | None,
) -> None:
    found: list[ReportedEffect] = [
        effect
        for result in results_of(base, study, outcome, timepoint)
        for effect in result.effects
        if (effect.experimental, effect.comparator) == (experimental, comparator)
    ]
    assert len(found) == 1
    assert (texts(found[0].estimate), texts(found[0].ci), texts(found[0].p)) == (
        as_texts(estimate),
        as_texts(ci),
        as_texts(p),
    )


@pytest.mark.parametrize(("study", "outcome", "timepoint", "bound", "expected"), P_VALUES)
def test_p_value_is_as_printed(
    base: EvidenceBase, study: str, outcome: str, timepoint: str | None, bound: str | None, expected: str
) -> None:
    (result,) = results_of(base, study, outcome, timepoint)
    assert result.reported is not None
    p = result.reported.p
    assert isinstance(p, PValue)
    assert (p.bound, p.value.text) == (bound, expected)


@pytest.mark.parametrize(
    ("study", "arm", "n"),
    [
        ("bowdish2023", "msc", "112"), ("bowdish2023", "sham", "110"),
        ("gorman2023", "msc", "30"), ("gorman2023", "placebo", "29"),
        ("monsel2022", "msc", "21"), ("monsel2022", "placebo", "24"),
        ("shi2021", "msc", "65"), ("shi2021", "placebo", "35"),
        ("shu2020", "msc", "12"), ("shu2020", "control", "29"),
        ("xu2021", "msc", "26"), ("xu2021", "control", "18"),
        ("zarrabi2023", "msc", "11"), ("zarrabi2023", "msc_ev", "8"), ("zarrabi2023", "control", "24"),
        ("stat_nct03818854", "msc", "59"), ("stat_nct03818854", "placebo", "61"),
        ("matthay_start2019", "msc", "40"), ("matthay_start2019", "placebo", "20"),
        ("fathikazerooni2022", "secretome", None), ("lightner2023", "exoflo_15", None), ("dilogo2021", "msc", None),
    ],
)  # fmt: skip
def test_arm_has_its_n(base: EvidenceBase, study: str, arm: str, n: str | None) -> None:
    assert texts(base.study(study).arms[arm].n) == as_texts(n)


def test_each_result_has_the_words_of_its_source(base: EvidenceBase) -> None:
    bare = [
        (study.id, result.outcome)
        for study, result in every_result(base)
        if result.source is None or not result.source.where.strip() or not (result.source.text or "").strip()
    ]
    assert bare == []


def test_each_figure_stands_in_the_words_of_its_source(base: EvidenceBase) -> None:
    foreign = [
        (study.id, result.outcome, figure, result.source.text)
        for study, result in every_result(base)
        if result.source is not None and result.source.text
        for figure in figures(result)
        if figure not in printed_numbers(result.source.text)
    ]
    assert foreign == []
    assert sum(1 for _, result in every_result(base) for _ in figures(result)) > 250


def test_numbers_are_read_from_a_papers_words() -> None:
    words = "three patients (RR 2.9 [0.6-13.2]; 0.14–1.11); [− 15.5 to 93.3]; P = .047; 7.31%"
    assert printed_numbers(words) == {"3", "2.9", "0.6", "13.2", "0.14", "1.11", "-15.5", "93.3", ".047", "7.31"}


def test_assumptions_are_these_and_each_says_why(base: EvidenceBase) -> None:
    assumed = [
        (study.id, path, item.value.text, item.assumed)
        for study in base.studies
        for path, item in quantities(study)
        if item.assumed is not None
    ]
    assert {row[:3] for row in assumed} == ASSUMED
    assert all(len(reason.split()) > 3 for *_, reason in assumed if reason is not None)


def test_treatments_are_known(base: EvidenceBase) -> None:
    found = {
        study.id: {arm.treatment or name for name, arm in study.arms.items()} - IN_COMPARISONS for study in base.studies
    }
    assert {study: foreign for study, foreign in found.items() if foreign} == OUTSIDE


def test_comparisons_speak_of_these_treatments(base: EvidenceBase) -> None:
    named = {word for item in base.review.comparisons.values() for word in (*item.experimental, *item.comparator)}
    assert named == IN_COMPARISONS


@pytest.mark.parametrize(("comparison", "outcome", "expected"), ENTERING)
def test_randomised_trials_entering_a_comparison(
    base: EvidenceBase, comparison: str, outcome: str, expected: set[str]
) -> None:
    sides = base.review.comparisons[comparison]
    entering = set()
    for study, result in every_result(base):
        if result.outcome != outcome or result.do_not_pool or not study.design.type.endswith("rct"):
            continue
        named = {
            *result.arms,
            *(name for effect in result.effects for name in (effect.experimental, effect.comparator)),
        }
        given = {study.arms[name].treatment or name for name in named if name is not None}
        if given & set(sides.experimental) and given & set(sides.comparator):
            entering.add(study.id)
    assert entering == expected


def test_results_kept_out_of_pools_are_these_and_each_says_why(base: EvidenceBase) -> None:
    kept_out = [
        (study.id, result.outcome, result.timepoint, result.do_not_pool)
        for study, result in every_result(base)
        if result.do_not_pool is not None
    ]
    assert {row[:3] for row in kept_out} == NOT_POOLED
    assert all(len(reason.split()) > 3 for *_, reason in kept_out if reason is not None)


def test_outcomes_of_the_protocol_are_all_reported_by_some_trial(base: EvidenceBase) -> None:
    assert {result.outcome for _, result in every_result(base)} == set(base.review.outcomes)


@pytest.mark.parametrize("study", STUDIES)
def test_flags_agree_and_are_supported(base: EvidenceBase, study: str) -> None:
    design = base.study(study).design
    assert design.support.get("randomised")
    assert design.source is not None
    if design.open_label is not None:
        expected = "no-blinding" if design.open_label else "blinded"
        assert {design.blinding.participants, design.blinding.personnel} == {expected}
        assert design.support.get("blinding")
    for flag in ("sequence_generation", "allocation_concealment"):
        if getattr(design, flag) != "unclear":
            assert design.support.get(flag)
    assert base.study(study).text_seen
    assert base.study(study).not_reported


def test_no_report_describes_a_random_sequence(base: EvidenceBase) -> None:
    assert {study.id for study in base.studies if study.design.sequence_generation == "adequate"} == set()
    assert {study.id for study in base.studies if study.design.allocation_concealment == "adequate"} == {"gorman2023"}


def test_the_two_trials_whose_randomisation_is_not_stated_are_not_pooled_as_randomised(base: EvidenceBase) -> None:
    unstated = {study.id for study in base.studies if study.design.randomised is None}
    assert unstated == {"adas2021", "farkhad2022"}
    assert {base.study(study).design.type for study in unstated} == {"nonrandomised"}


@pytest.mark.parametrize("outcome", ["crp_fall", "ferritin_fall", "d_dimer_fall"])
def test_the_same_laboratory_results_stand_in_two_trials(base: EvidenceBase, outcome: str) -> None:
    (earlier,) = results_of(base, "sengupta2020", outcome, None)
    (later,) = results_of(base, "fathikazerooni2022", outcome, None)
    assert list(figures(earlier)) == list(figures(later))
    assert any("sengupta2020" in note for note in base.study("fathikazerooni2022").notes)
    assert any("fathikazerooni2022" in note for note in base.study("sengupta2020").notes)


def test_survivors_stay_survivors(base: EvidenceBase) -> None:
    deaths: list[ArmResult] = [
        arm
        for study in ("dilogo2021", "lanzoni2021", "fathikazerooni2022")
        for result in base.study(study).results
        if result.outcome.startswith("mortality")
        for arm in result.arms.values()
    ]
    assert len(deaths) == 6
    assert all(arm.events is None and arm.percent is None for arm in deaths)


def test_a_figure_leads_back_to_its_line(base: EvidenceBase) -> None:
    origin = base.origin("shu2020", ("results", 1, "arms", "msc", "median"))
    assert origin.text == "9.00"
    assert "9.00 (6.00, 13.00)" in (FOLDER / "shu2020.yaml").read_text(encoding="utf-8")
