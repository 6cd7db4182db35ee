"""From rows to one line of results for each analysis, by the batch kernel: groups of like size share a call."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from mscsec.arrays import Array, IntArray
from mscsec.batch.options import Columns, Fits, Options
from mscsec.batch.rows import Names, Reject, Rows
from mscsec.batch.screen import screen
from mscsec.errors import CannotCompute, InvalidInput, TooFewStudies
from mscsec.pooling import CI
from mscsec.pooling.counts.closed import why_none

OK, SINGLE, NONE, NOT_CONVERGED, REFUSED = "ok", "k=1", "no studies", "not converged", "refused"

_ALWAYS = ("estimate", "se", "ci_low", "ci_high", "statistic", "df", "p_value", "tau2", "i2", "h2", "q", "q_p")
_FINITE = ("estimate", "se", "ci_low", "ci_high", "p_value")  # without these an analysis is refused
_POOLED_ONLY = ("tau2", "i2", "h2", "q", "q_p", "tau2_ci_low", "tau2_ci_high", "prediction_low", "prediction_high")


@dataclass(frozen=True, slots=True, eq=False)
class Analysed:
    """One entry an analysis, in the order in which the table names them first.

    groups : (g,) names. first : (g,) line of the first row of each. k : studies that entered; left_out : rows that did not.
    numbers : by field of `BatchResult`, (g,), nan where it does not exist; q_p is the P value of Q.
    status : (g,) "ok", "k=1", "no studies", "not converged" or "refused: reason".
    several_maxima : analyses whose likelihood has more than one maximum. rejects : in the order of the lines.
    rows : rows read. scattered : True where rows of one analysis stood apart.
    """

    groups: Names
    first: IntArray
    k: IntArray
    left_out: IntArray
    numbers: dict[str, Array]
    status: Names
    several_maxima: int
    rejects: list[Reject]
    rows: int
    scattered: bool


def analyse(rows: Rows, columns: Columns, options: Options) -> Analysed:
    """Pools every analysis of the rows. What cannot be computed for one is said in its status and stops no other."""
    screened = screen(rows, columns.measure, options.method, options.preset)
    groups, first, codes, scattered = _number_groups(rows)
    n = len(groups)
    left_out = np.bincount(codes[~screened.used], minlength=n).astype(np.int64)
    codes, data = codes[screened.used], [part[screened.used] for part in screened.data]
    if scattered:
        order = np.argsort(codes, kind="stable")
        codes, data = codes[order], [part[order] for part in data]
    k = np.bincount(codes, minlength=n).astype(np.int64)
    offset = np.concatenate(([0], np.cumsum(k)[:-1])) if n else k
    work = _Work(data, k, offset, options, columns.measure, columns_of(options))
    for chosen in _buckets(k):
        work.pool(chosen)
    work.refuse_singles()
    rejects = sorted([*rows.rejects, *screened.rejects])
    total = len(rows) + len(rows.rejects)
    return Analysed(groups, first, k, left_out, work.out, work.status, work.several_maxima, rejects, total, scattered)


def columns_of(options: Options) -> tuple[str, ...]:
    """The numbers of the result, in the order of its columns; an interval not asked for has none."""
    names = list(_ALWAYS)
    if options.random and options.tau2_ci != "none":
        names += ["tau2_ci_low", "tau2_ci_high"]
    return tuple([*names, "prediction_low", "prediction_high"] if options.predicts else names)


def _number_groups(rows: Rows) -> tuple[Names, IntArray, IntArray, bool]:
    """Names in the order of their first row, the line of that row, the number of each row's group, and whether rows of one stood apart."""
    if not len(rows):
        return np.empty(0, dtype=object), np.empty(0, np.int64), np.empty(0, np.int64), False
    starts = np.flatnonzero(np.concatenate(([True], rows.groups[1:] != rows.groups[:-1])))
    names = rows.groups[starts]
    codes = np.repeat(np.arange(len(starts)), np.diff(np.append(starts, len(rows))))
    place: dict[str, int] = {}
    of_run = np.fromiter((place.setdefault(name, len(place)) for name in names), dtype=np.int64, count=len(names))
    if len(place) == len(names):
        return names, rows.lines[starts], codes, False
    own = np.unique(of_run, return_index=True)[1]
    return names[own], rows.lines[starts[own]], of_run[codes], True


def _buckets(k: IntArray) -> list[IntArray]:
    """Analyses of like size, by position: padding never adds a fifth to a row, and small sizes have none."""
    several = np.flatnonzero(k > 0)
    sizes = np.ceil(4 * np.log2(np.maximum(k[several], 1))).astype(np.int64)
    return [several[sizes == size] for size in np.unique(sizes)]


@dataclass(slots=True)
class _Work:
    """The results being filled in; `data` (as `Screened` has it) is that of all analyses, one after the other from `offset` on."""

    data: list[Array]
    k: IntArray
    offset: IntArray
    options: Options
    measure: str
    names: tuple[str, ...]
    out: dict[str, Array] = field(init=False)
    status: Names = field(init=False)
    several_maxima: int = 0

    def __post_init__(self) -> None:
        self.out = {name: np.full(len(self.k), np.nan) for name in self.names}
        self.status = np.full(len(self.k), NONE, dtype=object)

    def pool(self, chosen: IntArray) -> None:
        """Pools the analyses at `chosen`. Where the kernel refuses the batch it is halved until the cause stands alone."""
        k = self.k[chosen]
        widest = int(k.max())
        mask = None if (k == widest).all() else np.arange(widest) < k[:, None]
        at = self.offset[chosen][:, None] + np.arange(widest)
        if mask is not None:
            at = np.where(mask, at, self.offset[chosen][:, None])
        try:
            with np.errstate(
                all="ignore"
            ):  # numbers too large to square are found by `_keep`, which refuses that analysis
                fit = self.options.pool([part[at] for part in self.data], mask, self.measure, self.names)
        except (CannotCompute, InvalidInput) as error:
            if len(chosen) == 1:
                self.status[chosen] = f"{REFUSED}: {error.message}"
                return
            middle = len(chosen) // 2
            self.pool(chosen[:middle])
            self.pool(chosen[middle:])
            return
        self._keep(chosen, k, fit)

    def _keep(self, chosen: IntArray, k: IntArray, fit: Fits) -> None:
        needed = _FINITE if self.options.method is None else _FINITE[:-1]  # no table may vary, which leaves no test
        finite = np.logical_and.reduce([np.isfinite(fit.numbers[name]) for name in needed])
        pooled = ("q", "tau2", "i2") if self.options.random else ("q",) if self.options.method is None else ()
        for name in pooled:
            finite &= (k == 1) | np.isfinite(fit.numbers[name])
        good = fit.converged & finite
        for name, values in fit.numbers.items():
            kept = good if name not in _POOLED_ONLY else good & (k > 1)
            self.out[name][chosen] = np.where(kept & np.isfinite(values), values, np.nan)
        self.status[chosen] = np.where(k > 1, OK, SINGLE)
        self.status[chosen[~finite]] = f"{REFUSED}: a number of the result is not finite"
        self.status[chosen[~fit.converged]] = NOT_CONVERGED
        if self.options.method is not None:
            self.status[chosen[~fit.estimable]] = f"{REFUSED}: {why_none(self.options.method, self.measure)}"
        self.several_maxima += int(np.count_nonzero(fit.several & good))

    def refuse_singles(self) -> None:
        """As `pool` does: a method that refuses one study gives no number for it."""
        ci = CI.get(self.options.ci or "")
        single = self.k == 1
        if ci is None or not ci.refuses_one or not single.any():
            return
        self.status[single] = f"{REFUSED}: {TooFewStudies(f'the interval by {ci.name}', ci.needs, 1).message}"
        for values in self.out.values():
            values[single] = np.nan
