"""A meta-regression as text, Markdown and CSV."""

from __future__ import annotations

from collections.abc import Mapping

from mscsec.cli.output import csv_text, display_width, fitted_table, styled, width, wrap
from mscsec.cli.render_pool import left_out, markdown_left_out, markdown_text
from mscsec.effects.sizes import EffectSizes
from mscsec.pooling.regression import SANDWICHES, PermutationTest, Predictions, RegressionResult
from mscsec.pooling.regression.fit import INTERCEPT
from mscsec.pooling.regression.result import AnyRegression, Coefficient, CountRegression, JointTest
from mscsec.report.numbers import beside, count, interval, level, number, p_value, percent, variance
from mscsec.report.words import (
    TAU2_CI_NAMES,
    TAU2_NAMES,
    by_label,
    mean_weights_words,
    measure_plural,
    method_name,
    weights_words,
)
from mscsec.synthesis.regression import Regression


def regress_text(sizes: EffectSizes, found: Regression) -> str:
    """Coefficients, tests, heterogeneity, the sentence, and what was asked for beside."""
    cells, fit = width(), found.fit
    title = f"{sizes.outcome_label}: {sizes.measure_name} by {found.formula}"
    lines = [styled(line, "1") for line in wrap(title, cells)]
    for text in scale_words(sizes):
        lines += wrap(text, cells)
    lines += [
        "",
        *_coefficients(fit.coefficients, fit.level, found),
        "",
        *wrap(_joint_words(fit.qm), cells, "  "),
    ]
    lines += wrap(f"Residual heterogeneity: {_residual(fit)}", cells, "  ")
    if isinstance(fit, RegressionResult) and fit.r2 is not None:
        of = "between-study variance" if fit.model == "random" else "mean square about the mean"
        lines += wrap(f"R2 = {percent(fit.r2)}: share of the {of} that the moderators account for", cells, "  ")
    for text in _factors(found):
        lines += wrap(text, cells, "  ")
    if found.permutation is not None:
        test = found.permutation
        lines += wrap(f"Permutation test, {_rearranged(test)}: {_tested(fit.qm)} {p_value(test.qm_p)}", cells, "  ")
    if found.robust is not None:
        how = f"{found.robust.kind}, {count(found.robust.n_clusters, 'cluster')}"
        lines += ["", *wrap(f"Cluster-robust by {found.cluster} ({how})", cells)]
        lines += _coefficients(
            {name: part for name, part in found.robust.coefficients.items() if part is not None}, fit.level, None
        )
        for notice in found.robust.warnings:
            lines += wrap(f"  {notice}", cells, "    ")
    if found.scale is not None:
        lines += [
            "",
            "Location-scale model, a fit of its own: mean",
            *_coefficients(found.scale.location, fit.level, None),
        ]
        lines += ["and log between-study variance", *_coefficients(found.scale.scale, fit.level, None)]
        lines += wrap(_joint_words(found.scale.qs, "scale "), cells, "  ")
    if found.predictions is not None:
        lines += ["", *_predictions(sizes, found.predictions, found.at)]
    lines += ["", *wrap(f"Method: {method(sizes, found)}", cells)]
    for text in notes(found):
        lines += wrap(f"Note: {text}", cells, "  ")
    return "\n".join(lines + left_out(sizes, cells)) + "\n"


def _rearranged(test: PermutationTest) -> str:
    """What the P values stand on; a sample counts the data as observed in."""
    if test.exact:
        return f"all {test.permutations} rearrangements of the {test.what}"
    return (
        f"{test.permutations - 1} rearrangements of the {test.what} drawn (seed {test.seed}) and the data as observed"
    )


_SCALES = {"exp": ("log", ""), "ilogit": ("logit", "odds ratio")}  # by way back: its name, and what exp() is
_RATIOS = {"IRLN": "rate ratio", "PLN": "ratio of proportions"}  # of measures that are no ratios themselves


def scale_words(sizes: EffectSizes) -> list[str]:
    """On which scale the coefficients are, where that is not the effect's own."""
    if sizes.transform not in _SCALES:
        return []
    scale, ratio = _SCALES[sizes.transform]
    of = _RATIOS.get(sizes.measure, f"ratio of {sizes.measure}s")
    return [f"Coefficients are on the {scale} scale; exp() is the {ratio or of} per unit."]


def notes(found: Regression) -> list[str]:
    """What a reader must know beside the numbers, studies by their names."""
    ahead = () if found.predictions is None else found.predictions.warnings
    told = (*found.fit.warnings, *found.notices, *ahead)
    return [f"{by_label(found.labels, notice.message)} [{notice.code}]" for notice in told]


def _coefficients(parts: Mapping[str, Coefficient], confidence: float, found: Regression | None) -> list[str]:
    head = ["Coefficient", "Estimate", f"{level(confidence)} CI", "SE", "Test", "P"]
    rows = []
    for name, part in parts.items():
        letter = "z" if part.df is None else f"t({part.df:.4g})"
        rows.append(
            [
                name,
                number(part.estimate, 4),
                interval(part.ci_low, part.ci_high, 4),
                number(part.se, 4),
                f"{letter} = {number(part.statistic)}",
                _p(part.p_value),
            ]
        )
    right = [1, 2, 3]
    if found is not None and found.permutation is not None:
        head.append("P perm.")
        for row, name in zip(rows, parts, strict=True):
            row.append(_p(found.permutation.p_values.get(name)))
    if found is not None and any(part.m == 1 for part in (found.inflation or {}).values()):
        head.append("VIF")
        for row, name in zip(rows, parts, strict=True):
            inflation = found.inflation_of(name)
            row.append(number(inflation.gvif) if inflation is not None and inflation.m == 1 else "")
    return _fitted(head, rows, right)


def _factors(found: Regression) -> list[str]:
    """The inflation of factors of several levels, which have one together."""
    return [
        f"VIF of {term}, its {part.m} coefficients together: {number(part.gvif)}; {number(part.gsif)} on the scale of a standard error"
        for term, part in (found.inflation or {}).items()
        if part.m > 1
    ]


def _fitted(head: list[str], rows: list[list[str]], right: list[int]) -> list[str]:
    """The table within the terminal: long names of coefficients are broken first, then the last columns stand under it.

    What belongs together stays together: the estimate with its interval and standard error, the test with its P value.
    """
    tables: list[list[str]] = []
    taken: list[int] = []
    for group in ([1, 2, 3], [4, 5], *([place] for place in range(6, len(head)))):
        wider = _columns(head, rows, [0, *taken, *group], right)
        if taken and max(map(display_width, wider)) > width():
            wider, taken = _columns(head, rows, [0, *group], right), []
            tables.append([])
        tables[-1:] = [wider]
        taken += group
    return [line for place, drawn in enumerate(tables) for line in ([""] if place else []) + drawn]


def _columns(head: list[str], rows: list[list[str]], places: list[int], right: list[int]) -> list[str]:
    """Some columns of a table."""
    header, *cells = ([row[place] for place in places] for row in (head, *rows))
    return fitted_table(header, cells, width(), [at for at, place in enumerate(places) if place in right])


def _p(value: float | None) -> str:
    return p_value(value).removeprefix("P ").removeprefix("= ")


def _tested(test: JointTest | None, of: str = "") -> str:
    """What a joint test is of: the moderators, or the intercept where there are none."""
    return f"{of}intercept" if test is not None and test.tested == (INTERCEPT,) else f"{of}moderators"


def _joint_words(test: JointTest | None, of: str = "") -> str:
    what = _tested(test, of)
    return f"Test of {what if what.endswith('moderators') else f'the {what}'}: {_joint(test)}"


def _joint(test: JointTest | None) -> str:
    if test is None:
        return "not possible"
    name = f"chi2({test.df1})" if test.df2 is None else f"F({test.df1}, {test.df2:.4g})"
    return f"{name} = {number(test.statistic)}, {p_value(test.p_value)} ({', '.join(test.tested)})"


def _residual(fit: AnyRegression) -> str:
    if isinstance(fit, CountRegression):
        return "; ".join(_residual_of_counts(fit))
    bounds = (
        ""
        if fit.tau2_ci_low is None
        else f" ({level(fit.level)} CI {variance(fit.tau2_ci_low)} to {variance(fit.tau2_ci_high)})"
    )
    between = f"tau2 = {variance(fit.tau2)}{bounds}; " if fit.model == "random" else ""
    return f"{between}I2 = {percent(fit.i2)}; QE = {number(fit.qe)}, df = {fit.qe_df}, {p_value(fit.qe_p)}"


def _residual_of_counts(fit: CountRegression) -> list[str]:
    """The between-study variance has no interval there, but a standard error."""
    parts = []
    if fit.model == "random":
        error = "" if fit.tau2_se is None else f" (SE {variance(fit.tau2_se)})"
        parts += [f"tau2 = {variance(fit.tau2)}{error}"]
    if fit.i2 is not None:
        parts += [f"I2 = {percent(fit.i2)}"]
    if fit.sigma2 is not None:
        parts += [f"variance of the levels of the studies = {variance(fit.sigma2)}"]
    if fit.q_lrt is not None:
        parts += [f"likelihood-ratio test = {number(fit.q_lrt)}, df = {fit.q_df}, {p_value(fit.q_lrt_p)}"]
    return parts or ["none in this model"]


def _predictions(sizes: EffectSizes, found: Predictions, at: tuple[str, ...]) -> list[str]:
    back = sizes.back()
    head = [
        "At",
        sizes.measure,
        f"{level(found.level)} CI",
        "" if found.prediction_low is None else f"{level(found.level)} PI",
    ]
    rows = []
    for place, where in enumerate(at):
        estimate, low, high = (back(found.estimate[place]), back(found.ci_low[place]), back(found.ci_high[place]))
        spread = ""
        if found.prediction_low is not None and found.prediction_high is not None:
            spread = beside(estimate, back(found.prediction_low[place]), back(found.prediction_high[place]))
        rows.append([where, number(estimate), beside(estimate, low, high), spread])
    return fitted_table(head, rows, width(), right=[1, 2, 3])


def method(sizes: EffectSizes, found: Regression) -> str:
    """How it was done, as a sentence for a paper."""
    fit = found.fit
    kind = "mixed-effects" if fit.model == "random" else "fixed-effects"
    text = f"The {measure_plural(sizes.measure_name)} of {count(fit.k, 'study', 'studies')} were regressed on {found.formula} in a {kind} meta-regression"
    if isinstance(fit, CountRegression):
        text += f" by {method_name(fit.method, sizes.measure)}"
        if fit.model == "random":
            text += ", with the residual between-study variance estimated by maximum likelihood"
    else:
        text += f" {mean_weights_words(found.weighted_by)}" if found.weighted_by else " weighted by inverse variance"
    if isinstance(fit, RegressionResult) and fit.tau2_method:
        text += f", with the residual between-study variance estimated by {TAU2_NAMES.get(fit.tau2_method, fit.tau2_method)}"
        if fit.tau2_ci_method:
            text += f" (confidence interval by {TAU2_CI_NAMES.get(fit.tau2_ci_method, fit.tau2_ci_method)})"
    if found.tau2_weighted_by is not None:
        text += weights_words(found.tau2_weighted_by)
    text += f"; tests and {level(fit.level)} confidence intervals of the coefficients are by {_TESTS[fit.ci_method]}."
    return " ".join([text, *_beside(found)])


_TESTS = {
    "wald": "the normal distribution (Wald)",
    "t": "t with k - p degrees of freedom",
    "hksj": "the method of Knapp and Hartung",
    "hksj-adhoc": "the method of Knapp and Hartung, its factor not below one",
    "kr": "the method of Kenward and Roger",
}
_PREDICTED = {
    "t-kp": "t with k - p degrees of freedom", "hts": "t with k - p - 1 degrees of freedom",
    "normal": "the normal distribution", "test": "the distribution of the tests",
}  # fmt: skip
_CLUSTER_DF = {
    "n-p": "t with clusters - p degrees of freedom",
    "satterthwaite": "t with Satterthwaite degrees of freedom",
}


def _beside(found: Regression) -> list[str]:
    """A sentence for each thing that was computed beside the coefficients."""
    said = []
    ahead, test, clustered, scale = found.predictions, found.permutation, found.robust, found.scale
    if ahead is not None and ahead.prediction_method is not None:
        said.append(
            f"The prediction intervals allow for the residual between-study variance and use {_PREDICTED[ahead.prediction_method]}."
        )
    if test is not None:
        said.append(f"The P values of the permutation test refit this model to {_rearranged(test)}.")
    if clustered is not None:
        of = SANDWICHES[clustered.kind]
        said.append(
            f"The cluster-robust tests are by the {of.key} covariance ({of.name}) and {_CLUSTER_DF[clustered.df_method]}."
        )
    if scale is not None:
        way = "REML" if scale.method == "REML" else "maximum likelihood"
        by = (
            "the normal distribution (Wald)"
            if scale.ci_method == "wald"
            else "t with k - p and k - q degrees of freedom"
        )
        said.append(
            f"The location-scale model is fitted by {way} with a log link for the between-study variance; its tests are by {by}."
        )
    return said


_HEADER = [
    "coefficient",
    "estimate",
    "se",
    "statistic",
    "df",
    "p_value",
    "ci_low",
    "ci_high",
    "p_permutation",
    "gvif",
    "level",
    "k",
    "tau2",
    "method",
    "notes",
]


def regress_csv(sizes: EffectSizes, found: Regression) -> str:
    """One row a coefficient, every digit kept; gvif is of all levels of a factor together, what follows of the whole fit."""
    fit, rows = found.fit, []
    whole = [fit.level, fit.k, fit.tau2, method(sizes, found), "; ".join(notes(found))]
    for name, part in found.fit.coefficients.items():
        permuted = found.permutation.p_values.get(name) if found.permutation else None
        inflation = found.inflation_of(name)
        rows.append(
            [
                name,
                part.estimate,
                part.se,
                part.statistic,
                part.df,
                part.p_value,
                part.ci_low,
                part.ci_high,
                permuted,
                None if inflation is None else inflation.gvif,
                *whole,
            ]
        )
    return csv_text(_HEADER, rows)


def regress_markdown(sizes: EffectSizes, found: Regression) -> str:
    """A table for a manuscript with the tests under it."""
    fit = found.fit
    lines = [
        f"**{sizes.outcome_label} by {found.formula}**",
        "",
        f"| Coefficient | Estimate ({level(fit.level)} CI) | P |",
        "| --- | ---: | ---: |",
    ]
    lines += [
        f"| {name} | {number(part.estimate, 4)} ({interval(part.ci_low, part.ci_high, 4)}) | {_p(part.p_value)} |"
        for name, part in fit.coefficients.items()
    ]
    residual = f"Residual heterogeneity: {_residual(fit)}"
    if isinstance(fit, RegressionResult) and fit.r2 is not None:
        residual += f"; R2 = {percent(fit.r2)}"
    told = [f"Note: {text}" for text in notes(found)]
    for text in (*scale_words(sizes), _joint_words(fit.qm), residual, method(sizes, found), *told):
        lines += ["", text]
    return markdown_text(lines + markdown_left_out(sizes))
