"""Reads the figures of one result onto a trail, and runs reconstructions by name; what both kinds of route stand on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from mscsec.effects.select import Chosen
from mscsec.effects.trail import Figure, Trail
from mscsec.errors import InvalidInput, MscsecError, UnknownMethod
from mscsec.records.models import ArmResult, Outcome
from mscsec.records.nodes import Path
from mscsec.records.number import Number
from mscsec.records.quantities import PValue, Quantity
from mscsec.registry import choose
from mscsec.said import num, quoted, said

if TYPE_CHECKING:
    from mscsec.effects.reconstruct.route import Reconstruction

LOWER_BOUNDS = (">", "≥", ">=")


class Gap(Exception):
    """The figures do not determine what is wanted; the text says what is lacking."""


@dataclass(frozen=True, slots=True)
class Rules:
    """Choices between methods of reconstruction.

    quantiles : key of the route from a median with quartiles or range ("quantiles-normal", "-lognormal", "-qe", "-bc",
        "-mln"). mean, sd : rules of "quantiles-normal", keys of `five_numbers.MEANS` and `SDS`.
    multi_arm : "combine" arms on one side, "split" the comparator among them, or "separate": one row an experimental
        arm, each against the whole comparator, whose covariances `EffectSizes.covariance` holds.
    correlation : between baseline and final values, where a trial does not give it; None takes the protocol's.
    icc : intra-cluster correlation of cluster trials that do not give it; None takes the protocol's.
    """

    quantiles: str = "quantiles-normal"
    mean: str = "luo2018"
    sd: str = "wan-shi"
    multi_arm: str = "combine"
    correlation: float | None = None
    icc: float | None = None

    def check(self) -> None:
        """Raises UnknownMethod for a rule that does not exist, InvalidInput for an impossible correlation."""
        _among("route from a median", self.quantiles, QUANTILES)
        _among("rule for several arms", self.multi_arm, ("combine", "split", "separate"))
        if (self.mean, self.sd) != ("luo2018", "wan-shi"):
            from mscsec.effects.reconstruct import MEANS, SDS  # 25 modules: only for rules that are not the usual ones

            choose(MEANS, self.mean, "rule for the mean")
            choose(SDS, self.sd, "rule for the SD")
        if self.correlation is not None and not -1 <= self.correlation <= 1:
            raise InvalidInput(f"the correlation is {self.correlation:g}", "a correlation lies between -1 and 1")
        if self.icc is not None and not 0 <= self.icc <= 1:
            raise InvalidInput(f"the ICC is {self.icc:g}", "an intra-cluster correlation lies between 0 and 1")


QUANTILES = tuple(f"quantiles-{name}" for name in ("normal", "lognormal", "qe", "bc", "mln"))


def _among(what: str, asked: str, known: tuple[str, ...]) -> None:
    if asked not in known:
        raise UnknownMethod(what, asked, known)


class Reading:
    """One chosen result: its figures, its trail, and the reconstructions run for it."""

    def __init__(self, chosen: Chosen, plan: Outcome, rules: Rules) -> None:
        self.chosen, self.plan, self.rules = chosen, plan, rules
        self.trail = Trail()
        self.base: Path = ("results", chosen.index)
        unit = chosen.result.unit
        self.factor = float(plan.conversions[unit].value) if unit in plan.conversions else 1.0
        for note in chosen.notes:
            self.trail.flag("E201", "choice", note)
        if self.factor != 1:
            self.trail.flag("E202", "unit", said("converted from {} to {} by {:g}", unit, plan.unit, self.factor))

    def figure(self, name: str, quantity: Quantity, path: Path, scaled: bool = False) -> float:
        """Notes a printed figure and gives its value, in the protocol's unit where `scaled`."""
        source = quantity.source or self.chosen.result.source
        where, quote = (source.where, source.text) if source else (None, None)
        sign = (quantity.bound or "") if isinstance(quantity, PValue) else ""
        if path not in {figure.path for figure in self.trail.figures}:  # two routes may look at the same figure
            text = sign + quantity.value.text
            self.trail.figures.append(Figure(name, float(quantity.value), text, path, quantity.assumed, where, quote))
        if quantity.assumed is not None:
            self.trail.flag(
                "E203",
                "assumed",
                said("{} = {} is assumed: {}", name, num(quantity.value.text), quoted(quantity.assumed)),
            )
        value = float(quantity.value)
        if not scaled or self.factor == 1:
            return value
        return self.trail.step(
            name, value * self.factor, f"x {self.factor:g} to {self.plan.unit}", "unit", "record", printed=value
        )

    def bound(self, name: str, value: Number, path: Path, scaled: bool = False) -> float:
        """As `figure`, for one end of an interval."""
        return self.figure(name, Quantity(value=value), path, scaled)

    def p_value(self, name: str, quantity: PValue, path: Path) -> float:
        """A printed P value, or the upper bound it is printed as.

        Raises Gap for a lower bound (P > 0.05): it would make the standard error too small (Cochrane Handbook 6.5.2.3).
        """
        if quantity.bound in LOWER_BOUNDS:
            raise Gap(
                f"P is only known to be {quantity.bound} {quantity.value.text}, which leaves the standard error open"
            )
        value = self.figure(name, quantity, path)
        if quantity.bound is not None:
            self.trail.flag(
                "E216",
                "bound",
                said(
                    "P is printed as {}; the bound itself is taken, which makes the standard error too large rather than too small",
                    num(f"{quantity.bound} {quantity.value.text}"),
                ),
            )
        return value

    def arm(self, name: str) -> tuple[ArmResult, Path]:
        """What the result prints for one arm, and where."""
        printed = self.chosen.result.arms.get(name)
        if printed is None:
            raise Gap(
                f"the result gives nothing for arm {name}"
                if self.chosen.result.arms
                else "no figures by arm are recorded"
            )
        return printed, (*self.base, "arms", name)

    def n(self, name: str, printed: ArmResult, path: Path) -> float:
        """Participants behind the figures of one arm: the result's own n, else the arm's."""
        if printed.n is not None:
            return self.figure(f"{name}: n", printed.n, (*path, "n"))
        of_arm = self.chosen.study.arms[name].n
        if of_arm is None:
            raise Gap(f"n of arm {name} is not reported")
        return self.figure(f"{name}: n", of_arm, ("arms", name, "n"))

    def run(
        self, key: str, gives: dict[str, str], formulas: dict[str, tuple[str, str]] | None = None, **given: Any
    ) -> dict[str, float]:
        """Runs the reconstruction `key`, notes each result on the trail, and gives the values by field.

        gives : field of the function's result to the name it has on the trail. formulas : by field, where the route's own
        formula is not the whole story. Raises Gap with the reconstruction's own
        reason where it refuses these figures.
        """
        route = self.route(key)
        found = self.solve(key, **given)
        shown = {
            name: float(value)
            for name, value in given.items()
            if isinstance(value, (int, float)) and not isinstance(value, bool)
        }
        values = {}
        for field, name in gives.items():
            formula, source = (formulas or {}).get(field, (route.formula, route.source))
            values[field] = self.trail.step(
                name, float(np.asarray(getattr(found, field))), formula, key, source, **shown
            )
        return values

    def solve(self, key: str, **given: Any) -> Any:
        """Runs the reconstruction `key` and gives its whole result; what it remarks on is marked, no step is noted.

        Raises Gap with the reconstruction's own reason where it refuses these figures.
        """
        route = self.route(key)
        try:
            found = route.function(**given)
        except MscsecError as error:
            raise Gap(error.message) from error
        if found.refused:
            raise Gap(found.refused[0].message)
        self.trail.say(route.name)
        for note in getattr(found, "noted", ()):
            self.trail.flag(note.code, "check", note.message)
        if bool(np.any(getattr(found, "skewed", False))):
            self.trail.flag(
                "E207",
                "skewed",
                said(
                    "the figures are skewed ({}): a mean made from them by a method for normal data is doubtful",
                    num("test of Shi 2023, 5 %"),
                ),
            )
        return found

    @staticmethod
    def route(key: str) -> Reconstruction:
        """The row of a reconstruction."""
        from mscsec.effects.reconstruct import (
            RECONSTRUCT,  # 25 modules: only for results that are not printed as needed
        )

        return RECONSTRUCT[key]


def attempt(function: Any, *arguments: Any) -> Any:
    """The function's value, with any refusal below it as a Gap."""
    try:
        return function(*arguments)
    except MscsecError as error:
        raise Gap(error.message) from error
