"""A further model of the same effects, named in the fewest words that tell it from the first."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from mscsec.effects.sizes import EffectSizes
from mscsec.errors import UnknownMethod
from mscsec.pooling import CI, PREDICTION, TAU2
from mscsec.pooling.result import PooledResult
from mscsec.synthesis.fit import fit_cells, fit_effects

NO_CHOICE = {"model": None, "tau2": None, "ci": None, "prediction": None, "preset": None}


def fit_words(sizes: EffectSizes, chosen: Mapping[str, Any], words: str) -> PooledResult:
    """The model of `chosen` with what `words` changes in it: "common", "wald", "DL,hksj", "prediction=hts", "MH", "Peto".

    A word is a model, an interval, an estimator of the between-study variance, or a method from the cells, which starts
    from its own model; "key=value" names one in full. Raises UnknownMethod for a word that is none of these.
    """
    asked = dict(_meant(word.strip()) for word in words.split(",") if word.strip())
    method = asked.pop("method", None)
    if method is not None:
        return fit_cells(sizes, method, NO_CHOICE | {"preset": chosen.get("preset")} | asked)
    own = dict(chosen)
    if asked.get("model") == "common":  # choices between random-effects methods have nothing to say then
        own = NO_CHOICE | {"preset": chosen.get("preset")}
    kept = [row.estimable for row in sizes.rows]
    if all(kept):
        return fit_effects(sizes, own | asked)
    fit = fit_effects(replace(sizes, rows=tuple(row for row in sizes.rows if row.estimable)), own | asked)
    shares = iter(fit.weights)
    return replace(fit, weights=tuple(next(shares) if ok else 0.0 for ok in kept))


def _meant(word: str) -> tuple[str, str]:
    """What a word chooses: (name of the choice, key)."""
    from mscsec.pooling.counts import COUNTS, RATES  # with their import, which other models do without

    if "=" in word:
        name, _, key = (part.strip() for part in word.partition("="))
        tables: dict[str, Any] = {
            "model": ("random", "common"), "tau2": TAU2, "ci": CI, "prediction": PREDICTION, "method": {**COUNTS, **RATES},
        }  # fmt: skip
        if name not in tables:
            raise UnknownMethod("choice of a model", name, tables)
        return name, key
    folded = word.casefold()
    if folded in ("random", "common"):
        return "model", folded
    if folded == "fixed":
        return "model", "common"
    tables = {"ci": CI, "tau2": TAU2, "method": {**COUNTS, **RATES}}
    for name, table in tables.items():
        if folded in {key.casefold() for key in table}:
            return name, word
    raise UnknownMethod("model (--and)", word, ("random", "common", *CI, *TAU2, *COUNTS))
