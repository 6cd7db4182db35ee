"""The result: effects of studies, with a flag for every correction and a reason for every gap."""

from __future__ import annotations

from dataclasses import dataclass

from mscsec.arrays import Array, BoolArray
from mscsec.effects.measures.table import MEASURES
from mscsec.effects.measures.transforms import TRANSFORMS, transform
from mscsec.results import Notice, Result


@dataclass(frozen=True, slots=True, eq=False)
class Flag:
    """Something to know about some of the studies: a stable code, a sentence, and the studies it is true of."""

    code: str
    message: str
    where: BoolArray


@dataclass(frozen=True, slots=True, eq=False)
class Effects(Result):
    """Effects of studies on the analysis scale (ratios as logs); arrays have the shape of the input, (..., k).

    measure : key in MEASURES.
    yi, vi, sei : effect, sampling variance and its square root; nan where a flag says why.
    ci_low, ci_high : Wald interval at `level`.
    level : 0.95 and the like.
    included : True where the study can be pooled: yi is finite, vi is finite and positive.
    flags : corrections made, gaps and their reasons, each with the studies it is true of.
    warnings : the flags, each with the number of studies it is true of.
    size : participants or person-time, where the way back to the natural scale needs it (PFT, IRFT); else None.
    cells, vi_cells : the counts that yi and vi were computed from, after the rule for zero cells; None for a measure without
        counts.
    vtype, correct, add, to, drop00 : the options as they were used; None where the measure has no such option.
    """

    measure: str
    yi: Array
    vi: Array
    sei: Array
    ci_low: Array
    ci_high: Array
    level: float
    included: BoolArray
    flags: tuple[Flag, ...]
    warnings: tuple[Notice, ...]
    size: Array | None
    cells: dict[str, Array] | None
    vi_cells: dict[str, Array] | None
    vtype: str
    correct: bool | str | None
    add: float | str | None
    to: str | None
    drop00: bool | str | None

    def natural(self) -> tuple[Array, Array, Array]:
        """Effect and interval on the natural scale: ratios for logs, proportions for logits, correlations for z ..."""
        back = MEASURES[self.measure].back
        more = {} if self.size is None else {TRANSFORMS[back].needs[0]: self.size}
        estimate, low, high = (transform(back, part, **more) for part in (self.yi, self.ci_low, self.ci_high))
        return estimate, low, high

    def notices(self, index: int | tuple[int, ...]) -> tuple[Notice, ...]:
        """What there is to know about the study at `index`."""
        return tuple(Notice(flag.code, flag.message) for flag in self.flags if flag.where[index])
