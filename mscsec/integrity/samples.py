"""Which samples of whole steps could have given the mean and SD of a recorded result, arm by arm."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from mscsec.errors import NotEstimable, UnknownName, UsageError
from mscsec.integrity.granularity import possible_n
from mscsec.integrity.printed import printed
from mscsec.integrity.reconstruction import Reconstruction, reconstruct
from mscsec.integrity.sample_sizes import Size, size_of
from mscsec.records.models import Outcome, StudyResult
from mscsec.records.number import Number
from mscsec.records.reader import EvidenceBase
from mscsec.results import Result

_NEVER_NEGATIVE = frozenset({"minute", "hour", "day", "week", "month", "year", "point", "%"})
_MOST_SIZES = 3  # other sizes to reconstruct where the printed one is impossible


@dataclass(frozen=True, slots=True)
class Samples(Result):
    """Samples of one size. least, mean, most : (m,) patients with each of `values`, over all samples.

    exhaustive : whether `samples` are all there are, else a random choice.
    """

    n: int
    values: tuple[float, ...]
    least: tuple[int, ...]
    mean: tuple[float, ...]
    most: tuple[int, ...]
    samples: int
    exhaustive: bool


@dataclass(frozen=True, slots=True)
class ArmSamples(Result):
    """One arm: its figures, the n taken and why, and the samples for that n, or for others where it has none.

    possible : whether `n` values can have the figures. possible_n : the sizes that can, up to `most`.
    """

    arm: str
    label: str
    timepoint: str | None
    tested: str
    n: int
    words: str
    most: int
    possible: bool
    possible_n: tuple[int, ...]
    samples: tuple[Samples, ...]


def samples_of(
    base: EvidenceBase, study_id: str, outcome: str, rounding: str = "up_or_down", limit: int = 1000
) -> tuple[ArmSamples, ...]:
    """Samples for every arm of `study_id` with a mean, an SD and a size for `outcome`.

    Raises UnknownName, UsageError where the protocol gives no granularity, NotEstimable where no arm has the figures.
    """
    if outcome not in base.review.outcomes:
        raise UnknownName("outcome", outcome, base.review.outcomes)
    plan, study = base.review.outcomes[outcome], base.study(study_id)
    if plan.granularity is None:
        raise UsageError(
            f"review.yaml gives no granularity for {outcome}; a sample is rebuilt from the step of one value, such as granularity: 1 for whole days"
        )
    found = []
    for result in study.results:
        if result.outcome != outcome or result.unit not in (None, plan.unit):
            continue
        for name, arm in result.arms.items():
            size = size_of(study, result, name)
            if arm.mean is not None and arm.sd is not None and size is not None and size.n > 1:
                label = study.arms[name].label or name
                found.append(_arm(plan, result, name, label, size, rounding, limit))
    if not found:
        raise NotEstimable(f"no arm of {study.label} has a mean, an SD and a number of patients for {outcome}")
    return tuple(found)


def _arm(
    plan: Outcome, result: StudyResult, name: str, label: str, size: Size, rounding: str, limit: int
) -> ArmSamples:
    arm = result.arms[name]
    assert arm.mean is not None
    assert arm.sd is not None
    assert plan.granularity is not None
    low, high = _limits(plan)
    step = plan.granularity.value
    sizes = possible_n(
        arm.mean.value, arm.sd.value, range(2, size.most + 1), granularity=step, rounding=rounding, low=low, high=high
    )
    possible = size.n in sizes
    samples = []
    for n in [size.n] if possible else sizes[:_MOST_SIZES]:
        rng = np.random.default_rng(n)  # the same figures give the same samples
        made = reconstruct(
            arm.mean.value, arm.sd.value, n, rng, low=low, high=high, granularity=step, rounding=rounding, limit=limit
        )
        samples.append(_summary(n, made))
    tested = f"{printed(arm.mean.value)} ± {printed(arm.sd.value)}"
    return ArmSamples(
        name, label, result.timepoint, tested, size.n, size.words, size.most, possible, sizes, tuple(samples)
    )


def _limits(plan: Outcome) -> tuple[Number | None, Number | None]:
    """The outcome's range; 0 on for a length of time or a share."""
    if plan.range is not None:
        return plan.range
    return (Number("0") if plan.unit in _NEVER_NEGATIVE else None), None


def _summary(n: int, made: Reconstruction) -> Samples:
    """Without the values at either end that no sample has."""
    used = np.flatnonzero(made.counts.any(axis=0))
    counts = made.counts[:, used[0] : used[-1] + 1]
    values = made.values[used[0] : used[-1] + 1]
    return Samples(
        n,
        tuple(map(float, values)),
        tuple(map(int, counts.min(axis=0))),
        tuple(map(float, counts.mean(axis=0))),
        tuple(map(int, counts.max(axis=0))),
        len(counts),
        made.exhaustive,
    )
