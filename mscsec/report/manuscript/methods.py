"""The methods section in words, from the protocol and the keys of what was used, with the works that each method comes from."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mscsec.appraisal.instrument import instrument
from mscsec.appraisal.judgements import recorded_appraisals, tools_of
from mscsec.effects.measures import MEASURES
from mscsec.effects.select import RANDOMISED_DESIGNS
from mscsec.integrity.table import INTEGRITY
from mscsec.pooling import CI, PREDICTION, PRESETS, TAU2, TAU2_CI
from mscsec.pooling.presets import DEFAULT_PRESET
from mscsec.report.manuscript.blocks import Paragraph, Run, strong
from mscsec.report.material import Material, fitted
from mscsec.report.numbers import count, level
from mscsec.report.page.methods import DESIGN_WORDS
from mscsec.report.words import CI_NAMES, PREDICTION_NAMES, TAU2_CI_NAMES, TAU2_NAMES, measure_plural
from mscsec.small_study import ASYMMETRY
from mscsec.sources import SOURCES


class Works:
    """The works that a text cites, kept for its references."""

    def __init__(self) -> None:
        self.keys: dict[str, None] = {}

    def names(self, keys: Iterable[str]) -> str:
        """ "Harville 1977; Viechtbauer 2005"; empty where no key has a work."""
        known = [key for key in dict.fromkeys(keys) if key in SOURCES]
        self.keys |= dict.fromkeys(known)
        works = [SOURCES[key] for key in known]
        return "; ".join(f"{work.authors.split(',')[0].rsplit(' ', 1)[0]} {work.year}" for work in works)

    def cite(self, keys: Iterable[str]) -> str:
        """ " (Harville 1977; Viechtbauer 2005)"; empty where no key has a work."""
        names = self.names(keys)
        return f" ({names})" if names else ""


def methods(found: Material) -> tuple[list[Paragraph], tuple[str, ...]]:
    """Paragraphs with a head each, works cited by author and year; and the keys of those works."""
    works = Works()
    parts = (
        ("Studies", _studies(found)),
        ("Effects", _effects(found, works)),
        ("Zero cells", _zero_cells(found)),
        ("Synthesis", _synthesis(found, works)),
        ("Heterogeneity and prediction", _heterogeneity(found, works)),
        ("Sensitivity", _sensitivity(found)),
        ("Risk of bias", _bias(found, works)),
        ("Small-study effects", _funnels(found, works)),
        ("Integrity of figures", _integrity(found, works)),
        ("Certainty of evidence", _certainty(found, works)),
        ("Software", _software(found)),
    )
    paragraphs = [Paragraph((strong(f"{head}."), Run(f" {text}"))) for head, text in parts if text]
    return paragraphs, tuple(works.keys)


def listed(parts: Sequence[str], joint: str = "and") -> str:
    """ "a, b and c"."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} {joint} {parts[-1]}" if parts else ""


def _studies(found: Material) -> str:
    base = found.synthesis.base
    designs = base.review.analysis.designs or RANDOMISED_DESIGNS
    kinds = listed([DESIGN_WORDS[one] for one in designs])
    return (
        f"{count(len(base.studies), 'study is', 'studies are')} on record. {kinds[:1].upper()}{kinds[1:]} entered the meta-analyses of two groups; "
        "every other record was kept, with the reason why it did not enter. Figures were recorded as printed, with their place in the report."
    )


def _effects(found: Material, works: Works) -> str:
    rows = {
        one.sizes.measure: MEASURES[one.sizes.measure] for one in found.synthesis.with_data if one.sizes is not None
    }
    names = [f"{measure_plural(row.name[:1].lower() + row.name[1:])} ({row.key}{_behind(works.names([row.source]))})" for row in rows.values()]  # fmt: skip
    steps = dict.fromkeys(
        step.source for one in found.synthesis.with_data for row in fitted(one)[0].rows for step in row.derivation.steps
    )
    derived = [key for key in steps if key in SOURCES and key not in {row.source for row in rows.values()}]
    text = f"Effects are {listed(names)}, computed from the figures of each group where a report has them, else from the contrast that it prints."
    if derived:
        text += f" Figures in other forms were converted by published methods{works.cite(derived)}."
    return f"{text} A figure that no report prints was assumed with its reason and is marked wherever it is used."


def _zero_cells(found: Material) -> str:
    texts = dict.fromkeys(
        flag.text for one in found.synthesis.with_data for row in fitted(one)[0].rows for flag in row.flags if "added" in flag.text
    )  # fmt: skip
    silent = any(
        "double" in study.reason or "no events" in study.reason
        for one in found.synthesis.with_data
        for study in fitted(one)[0].excluded
    )
    text = f"Where a study had a cell of zero, a constant was added ({'; '.join(texts)})." if texts else ""
    return text + (
        " Studies without events in either group say nothing about a ratio and were left out of it." if silent else ""
    )


def _synthesis(found: Material, works: Works) -> str:
    own = found.synthesis.base.review.analysis
    preset = PRESETS[own.preset or DEFAULT_PRESET]
    model = own.model or "random"
    stated = f"{level(float(own.level or 0.95))} confidence"
    if model == "common":
        return f"Effects were pooled by inverse variance in a common-effect model, with Wald intervals at {stated}{works.cite([preset.source])}."
    tau2, ci = own.tau2 or preset.tau2, own.ci or preset.ci
    spread = f"{TAU2_NAMES.get(tau2, tau2)}{works.cite([TAU2[tau2].source] if tau2 in TAU2 else [])}"
    if ci == "auto":
        interval = f"Intervals at {stated} are by the method of Hartung, Knapp, Sidik and Jonkman{works.cite([CI['hksj'].source])} where more than two studies were pooled and the estimated variance was above zero, and Wald intervals otherwise"
    else:
        interval = f"Intervals at {stated} are {CI_NAMES.get(ci, ci)}{works.cite([CI[ci].source])}"
    return (
        f"Effects were pooled by inverse variance in a random-effects model with the between-study variance (τ²) estimated by {spread}. "
        f"{interval}. Where the other interval disagrees about no effect, it is given beside the one shown. "
        f"These choices are the convention {preset.key}{works.cite([preset.source])}."
    )


def _heterogeneity(found: Material, works: Works) -> str:
    fits = [fit for _, fit in map(fitted, found.synthesis.with_data) if fit.k > 1]
    if not fits:
        return ""
    text = "Heterogeneity is described by τ², by I² and by Cochran's Q"
    bounds = dict.fromkeys(fit.tau2_ci_method for fit in fits if fit.tau2_ci_method and fit.tau2_ci_low is not None)
    if bounds:
        names = [TAU2_CI_NAMES.get(key, key) for key in bounds]
        text += f", with an interval for τ² by {listed(names)}{works.cite(TAU2_CI[key].source for key in bounds if key in TAU2_CI)}"
    ahead = dict.fromkeys(
        fit.prediction_method for fit in fits if fit.prediction_method and fit.prediction_low is not None
    )
    if ahead:
        names = [PREDICTION_NAMES.get(key, key) for key in ahead]
        sources = works.cite(PREDICTION[key].source for key in ahead if key in PREDICTION)
        text += f". The prediction interval, for the effect in a new study, uses {listed(names)}{sources}"
    return f"{text}."


def _sensitivity(found: Material) -> str:
    if not any(len(one.sensitivity) > 1 for one in found.synthesis.outcomes):
        return ""
    return (
        "Each analysis was repeated with other models and intervals, without results at high risk of bias, without figures that "
        "contradict each other or raise a question, without assumed figures, and without each study in turn."
    )


def _funnels(found: Material, works: Works) -> str:
    made = dict.fromkeys(test.test for test in found.funnels.values() if test.test is not None)
    if not made:
        return ""
    names = listed([ASYMMETRY[key].name for key in made])
    return f"Asymmetry of the funnel was tested from ten studies on, by {names}{works.cite(ASYMMETRY[key].source for key in made)}."


def _integrity(found: Material, works: Works) -> str:
    checked = found.synthesis.integrity
    keys = sorted({each.verdict.check for each in (*checked.findings, *checked.passed)})
    return (
        f"Percentages, means and standard deviations of whole steps, P values, effects and intervals were recomputed from the figures "
        f"beside them, allowing for rounding{works.cite(INTEGRITY[key].source for key in keys)}. Findings are about figures and not about people."
    )


def _behind(names: str) -> str:
    return f"; {names}" if names else ""


def _bias(found: Material, works: Works) -> str:
    recorded = recorded_appraisals(found.synthesis.base.studies)
    tools = tools_of(recorded)
    if not tools:
        return "No assessment of risk of bias is on record."
    names = [
        f"{instrument(key).name} ({instrument(key).version}{_behind(works.names([instrument(key).source]))})"
        for key in tools
    ]
    return (
        f"{count(len(recorded), 'result was', 'results were')} assessed with {listed(names)}. The judgement follows from the answers by the "
        "instrument's own rules; a departure from it is marked and has its reason."
    )


def _certainty(found: Material, works: Works) -> str:
    if not found.bodies:
        return ""
    return (
        f"The certainty of evidence was rated by GRADE{works.cite(['balshem2011'])} for {count(len(found.bodies), 'outcome')}: what the data propose follows from stated rules, "
        "and decisions that depart from it are the panel's, with their reasons."
    )


def _software(found: Material) -> str:
    names = [f"{name} {version}" for name, version in found.synthesis.software]
    return f"All numbers were computed with {listed(names)}."
