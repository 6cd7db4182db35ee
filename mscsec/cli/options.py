"""Options that commands share, defined once: name, type and words. `cli/groups.py` has which go together, and their defaults."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from mscsec.records.reader import EvidenceBase

# Headings of a long page of help.
STUDIES, EFFECTS, MODEL, SHOWN = "Studies", "Effects", "Pooling", "Output"


def _outcomes(incomplete: str) -> list[str]:
    return [name for name in _quiet_base().review.outcomes if name.startswith(incomplete)]


def _comparisons(incomplete: str) -> list[str]:
    return [name for name in _quiet_base().review.comparisons if name.startswith(incomplete)]


def _studies(incomplete: str) -> list[str]:
    return [study.id for study in _quiet_base().studies if study.id.startswith(incomplete)]


def _quiet_base() -> EvidenceBase:
    from mscsec.records.reader import load  # a quarter of a second, which a command on a table need not wait for

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
        rich_help_panel=STUDIES,
    ),
]
Outcome = Annotated[
    str | None,
    typer.Option(
        "--outcome",
        metavar="NAME",
        help="Outcome, as named in review.yaml.",
        autocompletion=_outcomes,
        rich_help_panel=STUDIES,
    ),
]
Outcomes = Annotated[
    list[str] | None,
    typer.Option(
        "--outcome",
        metavar="NAME",
        help="Outcome, as named in review.yaml. May be repeated. Default: all of them; in grade those under grade:.",
        autocompletion=_outcomes,
        rich_help_panel=STUDIES,
    ),
]
Comparison = Annotated[
    str | None,
    typer.Option(
        "--comparison",
        metavar="NAME",
        help="Comparison, as named in review.yaml. Default: the outcome's own.",
        autocompletion=_comparisons,
        rich_help_panel=STUDIES,
    ),
]
Timepoint = Annotated[
    str | None,
    typer.Option(
        "--timepoint",
        metavar="TEXT",
        help='Time point, as written in the records ("day 28"). Default: by the order in review.yaml.',
        rich_help_panel=STUDIES,
    ),
]
Exclude = Annotated[
    list[str] | None,
    typer.Option(
        "--exclude",
        metavar="STUDY",
        help="Leave a study out, by id. May be repeated.",
        autocompletion=_studies,
        rich_help_panel=STUDIES,
    ),
]
Designs = Annotated[
    list[str] | None,
    typer.Option(
        "--design",
        metavar="TYPE",
        help="Types of design that enter: parallel-rct, cluster-rct, crossover-rct, nonrandomised, single-arm, all. May be repeated. Default: the randomised ones.",
        rich_help_panel=STUDIES,
    ),
]
TableFile = Annotated[
    str | None,
    typer.Option(
        "--table",
        metavar="FILE",
        help="Read a CSV table (- is stdin) instead of an evidence base: columns study and events_1 n_1 events_2 n_2, or mean_1 sd_1 n_1 mean_2 sd_2 n_2, or yi vi, or yi sei. --outcome is then the title.",
        rich_help_panel=STUDIES,
    ),
]
Measure = Annotated[
    str | None,
    typer.Option(
        "--measure",
        "-m",
        metavar="KEY",
        help="Effect measure: MD, SMD, ROM, RR, OR, RD, HR, GEN ... Default: the outcome's own.",
        rich_help_panel=EFFECTS,
    ),
]
Level = Annotated[
    float | None,
    typer.Option(
        "--level", metavar="SHARE", help="Confidence level, between 0.5 and 1. Default: 0.95.", rich_help_panel=EFFECTS
    ),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="One JSON document on stdout, every digit kept.", rich_help_panel=SHOWN)
]
AsCsv = Annotated[bool, typer.Option("--csv", help="A CSV table on stdout, every digit kept.", rich_help_panel=SHOWN)]
AsMarkdown = Annotated[bool, typer.Option("--markdown", help="A Markdown table on stdout.", rich_help_panel=SHOWN)]
Output = Annotated[
    Path | None,
    typer.Option(
        "-o", "--output", metavar="FILE", help="Write to FILE; its suffix chooses the kind.", rich_help_panel=SHOWN
    ),
]
Force = Annotated[bool, typer.Option("--force", help="Overwrite a file that exists.", rich_help_panel=SHOWN)]
Method = Annotated[
    str | None,
    typer.Option(
        "--method",
        metavar="KEY",
        help="IV (inverse variance), or from the cells: MH, Peto, UM.FS (or GLMM), UM.RS, CM.EL, CM.AL, BB, Firth, SSW, Cochran (IRR); of a single group (PLO, IRLN) GLMM, BB (PLO). Default: IV.",
        rich_help_panel=MODEL,
    ),
]
Model = Annotated[
    str | None,
    typer.Option(
        "--model",
        metavar="KEY",
        help="random or common. Default: random; methods from the cells have their own.",
        rich_help_panel=MODEL,
    ),
]
Tau2 = Annotated[
    str | None,
    typer.Option(
        "--tau2",
        metavar="KEY",
        help="Estimator of the between-study variance: REML, DL, PM, ML, HE, SJ, EB ... Default: REML.",
        rich_help_panel=MODEL,
    ),
]
MeanWeights = Annotated[
    str | None,
    typer.Option(
        "--weights",
        metavar="FIELD",
        help="Weights of the studies in place of inverse variances: equal, a field of the records (n ...) or a column of the table.",
        rich_help_panel=MODEL,
    ),
]
Tau2Weights = Annotated[
    str | None,
    typer.Option(
        "--tau2-weights",
        metavar="FIELD",
        help="With --tau2 GENQ or GENQM, or --tau2-ci GENQ: the weights of Q, a column of the table or a field of the records (n ...).",
        rich_help_panel=MODEL,
    ),
]
Ci = Annotated[
    str | None,
    typer.Option(
        "--ci",
        metavar="KEY",
        help="Interval of the effect: auto, wald, t, hksj, hksj-adhoc, kr and, of a mean, hc, profile, ivhet ... Default: auto (HKSJ where k > 2 and tau2 > 0, else Wald).",
        rich_help_panel=MODEL,
    ),
]
PredictionKey = Annotated[
    str | None,
    typer.Option(
        "--prediction",
        metavar="KEY",
        help="Prediction interval: auto, t-k1, hts, hk, kr, normal, bootstrap (not in batch), none. Default: auto.",
        rich_help_panel=MODEL,
    ),
]
Tau2CiKey = Annotated[
    str | None,
    typer.Option(
        "--tau2-ci",
        metavar="KEY",
        help="Interval of tau2, and of I2 with it: QP (Q-profile), PL (profile likelihood), BJ, J, none; without moderators also HT, wald. Default: QP.",
        rich_help_panel=MODEL,
    ),
]
Preset = Annotated[
    str | None,
    typer.Option(
        "--preset",
        metavar="KEY",
        help="A whole convention: cochrane-2025, revman-5, metafor, meta.",
        rich_help_panel=MODEL,
    ),
]
By = Annotated[
    str | None,
    typer.Option(
        "--by",
        metavar="FIELD",
        help="Subgroups by a field of the records (year, dose, route, open_label, ...) or a column of the table.",
        rich_help_panel=MODEL,
    ),
]
CommonTau2 = Annotated[
    bool,
    typer.Option(
        "--common-tau2",
        help="With --by: one between-study variance for all subgroups.",
        rich_help_panel=MODEL,
    ),
]
Quantiles = Annotated[
    str,
    typer.Option(
        "--quantiles",
        metavar="ROUTE",
        help="From a median to a mean and SD: normal (Luo, Wan), lognormal, qe, bc, mln.",
        rich_help_panel=EFFECTS,
    ),
]
MeanRule = Annotated[
    str,
    typer.Option(
        "--mean-rule",
        metavar="KEY",
        help="With --quantiles normal, the rule for the mean: luo2018, wan2014, hozo2005, blue ...",
        rich_help_panel=EFFECTS,
    ),
]
SdRule = Annotated[
    str,
    typer.Option(
        "--sd-rule",
        metavar="KEY",
        help="With --quantiles normal, the rule for the SD: wan-shi, wan2014, hozo2005, blue ...",
        rich_help_panel=EFFECTS,
    ),
]
MultiArm = Annotated[
    str,
    typer.Option(
        "--multi-arm",
        metavar="RULE",
        help="Several arms on one side: combine them, split the comparator among them, or, in effects alone, separate: one row an arm, with covariances under --json.",
        rich_help_panel=EFFECTS,
    ),
]
Correlation = Annotated[
    float | None,
    typer.Option(
        "--correlation",
        metavar="R",
        help="Correlation of baseline and final values, where a trial gives no SD of change.",
        rich_help_panel=EFFECTS,
    ),
]
Icc = Annotated[
    float | None,
    typer.Option(
        "--icc",
        metavar="R",
        help="Intra-cluster correlation of cluster trials that do not give their own.",
        rich_help_panel=EFFECTS,
    ),
]
Prefer = Annotated[
    str | None,
    typer.Option(
        "--prefer",
        metavar="ROUTE",
        help="arms: figures by arm first; reported: the contrast as printed first; cells: by arm, then cells rebuilt from a ratio and margins. Default: arms; cells with a --method from the cells.",
        rich_help_panel=EFFECTS,
    ),
]
Vtype = Annotated[
    str | None,
    typer.Option(
        "--vtype",
        metavar="KEY",
        help="Variance formula of the measure, such as LS, UB, AV. Default: the measure's own.",
        rich_help_panel=EFFECTS,
    ),
]
