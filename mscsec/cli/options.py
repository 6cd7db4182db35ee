"""Options that commands share, defined once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from mscsec.records.reader import EvidenceBase, load


def _outcomes(incomplete: str) -> list[str]:
    return [name for name in _quiet_base().review.outcomes if name.startswith(incomplete)]


def _comparisons(incomplete: str) -> list[str]:
    return [name for name in _quiet_base().review.comparisons if name.startswith(incomplete)]


def _studies(incomplete: str) -> list[str]:
    return [study.id for study in _quiet_base().studies if study.id.startswith(incomplete)]


def _quiet_base() -> EvidenceBase:
    return load()


Studies = Annotated[
    Path | None,
    typer.Option(
        "--studies",
        "-s",
        envvar="MSCSEC_STUDIES",
        show_envvar=True,
        metavar="FOLDER",
        help="Evidence base: a folder with review.yaml. Default: the nearest studies/ upward, else the one shipped.",
    ),
]
Outcome = Annotated[
    str | None,
    typer.Option("--outcome", metavar="NAME", help="Outcome, as named in review.yaml.", autocompletion=_outcomes),
]
Comparison = Annotated[
    str | None,
    typer.Option(
        "--comparison",
        metavar="NAME",
        help="Comparison, as named in review.yaml. Default: the outcome's own.",
        autocompletion=_comparisons,
    ),
]
Timepoint = Annotated[
    str | None,
    typer.Option(
        "--timepoint",
        metavar="TEXT",
        help='Time point, as written in the records ("day 28"). Default: by the order in review.yaml.',
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude", metavar="STUDY", help="Leave a study out, by id. May be repeated.", autocompletion=_studies
    ),
]
Designs = Annotated[
    list[str] | None,
    typer.Option(
        "--design",
        metavar="TYPE",
        help="Types of design that enter: parallel-rct, cluster-rct, crossover-rct, nonrandomised, single-arm, all. May be repeated. Default: the randomised ones.",
    ),
]
Measure = Annotated[
    str | None,
    typer.Option(
        "--measure",
        "-m",
        metavar="KEY",
        help="Effect measure: MD, SMD, ROM, RR, OR, RD, HR, GEN ... Default: the outcome's own.",
    ),
]
Level = Annotated[
    float | None, typer.Option("--level", metavar="SHARE", help="Confidence level, between 0.5 and 1. Default: 0.95.")
]
AsJson = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, every digit kept.")]
AsCsv = Annotated[bool, typer.Option("--csv", help="A CSV table on stdout, every digit kept.")]
AsMarkdown = Annotated[bool, typer.Option("--markdown", help="A Markdown table on stdout.")]
Output = Annotated[
    Path | None,
    typer.Option("-o", "--output", metavar="FILE", help="Write to FILE; its suffix chooses the kind."),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite a file that exists.")]
Model = Annotated[
    str | None,
    typer.Option(
        "--model", metavar="KEY", help="random or common. Default: random; methods from the cells have their own."
    ),
]
Tau2 = Annotated[
    str | None,
    typer.Option(
        "--tau2",
        metavar="KEY",
        help="Estimator of the between-study variance: REML, DL, PM, ML, HE, SJ, EB ... Default: REML.",
    ),
]
Ci = Annotated[
    str | None,
    typer.Option(
        "--ci",
        metavar="KEY",
        help="Interval of the pooled effect: auto, wald, t, hksj, hksj-adhoc, kr, hc, profile ... Default: auto (HKSJ where k > 2 and tau2 > 0, else Wald).",
    ),
]
PredictionKey = Annotated[
    str | None,
    typer.Option(
        "--prediction",
        metavar="KEY",
        help="Prediction interval: auto, t-k1, hts, hk, kr, normal, bootstrap, none. Default: auto.",
    ),
]
Preset = Annotated[
    str | None,
    typer.Option("--preset", metavar="KEY", help="A whole convention: cochrane-2025, revman-5, metafor, meta."),
]
Quantiles = Annotated[
    str,
    typer.Option(
        "--quantiles",
        metavar="ROUTE",
        help="From a median to a mean and SD: normal (Luo, Wan), lognormal, qe, bc, mln.",
    ),
]
MeanRule = Annotated[
    str,
    typer.Option(
        "--mean-rule",
        metavar="KEY",
        help="With --quantiles normal, the rule for the mean: luo2018, wan2014, hozo2005, blue ...",
    ),
]
SdRule = Annotated[
    str,
    typer.Option(
        "--sd-rule",
        metavar="KEY",
        help="With --quantiles normal, the rule for the SD: wan-shi, wan2014, hozo2005, blue ...",
    ),
]
MultiArm = Annotated[
    str,
    typer.Option(
        "--multi-arm",
        metavar="RULE",
        help="Several arms on one side: combine them, or split the comparator among them.",
    ),
]
MultiArmSeparate = Annotated[
    str,
    typer.Option(
        "--multi-arm",
        metavar="RULE",
        help="Several arms on one side: combine them, split the comparator among them, or separate: one row an arm, with covariances under --json.",
    ),
]
Correlation = Annotated[
    float | None,
    typer.Option(
        "--correlation",
        metavar="R",
        help="Correlation of baseline and final values, where a trial gives no SD of change.",
    ),
]
Icc = Annotated[
    float | None,
    typer.Option("--icc", metavar="R", help="Intra-cluster correlation of cluster trials that do not give their own."),
]
Prefer = Annotated[
    str,
    typer.Option(
        "--prefer",
        metavar="ROUTE",
        help="arms: figures by arm first; reported: the contrast as printed first; cells: by arm, then cells rebuilt from a ratio and margins.",
    ),
]
Vtype = Annotated[
    str | None,
    typer.Option(
        "--vtype",
        metavar="KEY",
        help="Variance formula of the measure, such as LS, UB, AV. Default: the measure's own.",
    ),
]
