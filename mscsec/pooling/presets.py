"""Whole conventions by name, so that another program's answer can be reproduced with one word."""

from __future__ import annotations

from dataclasses import dataclass

from mscsec.registry import by_key


@dataclass(frozen=True, slots=True)
class Preset:
    """A row of `PRESETS`: the options of `pool` that make up one convention.

    i2 : "tau2" or "q", the form of I2 and H2 that is reported.
    """

    key: str
    name: str
    tau2: str
    ci: str
    prediction: str
    tau2_ci: str
    i2: str
    source: str


DEFAULT_PRESET = "cochrane-2025"

PRESETS = by_key(
    Preset(
        "cochrane-2025",
        "Cochrane since January 2025: REML, HKSJ where k > 2 and tau2 > 0, prediction on k - 1",
        "REML",
        "auto",
        "auto",
        "QP",
        "tau2",
        "cochrane_handbook",
    ),
    Preset(
        "revman-5",
        "Review Manager 5: DerSimonian-Laird, Wald, I2 from Q, no prediction interval",
        "DL",
        "wald",
        "none",
        "none",
        "q",
        "cochrane_handbook",
    ),
    Preset(
        "metafor",
        "metafor's rma(): REML, Wald, normal prediction interval, I2 from tau2",
        "REML",
        "wald",
        "normal",
        "QP",
        "tau2",
        "viechtbauer2010",
    ),
    Preset(
        "meta",
        "meta's metagen(): REML, Wald, prediction on k - 1, I2 from Q",
        "REML",
        "wald",
        "t-k1",
        "QP",
        "q",
        "balduzzi2019",
    ),
)
