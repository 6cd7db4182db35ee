"""Requests for every kind of picture: any number of studies, long names, extreme values, missing pieces."""

from __future__ import annotations

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

from mscsec.effects.sizes import EffectSizes
from mscsec.effects.tabular import effects_from_table, read_csv
from mscsec.plots.kinds import KINDS, Request
from mscsec.plots.theme import Page
from mscsec.records.reader import EvidenceBase, load
from mscsec.synthesis.fit import fit_effects

NAMES = (
    "Alvar",
    "Collaborative Group on Mesenchymal Stromal Cell Secretome in Severe Pneumonia 2021",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "Ødegård-Þórðarson 2019",
    "Иванова 2022",
    "O'Brien & van der Meer 2018",
)
CHOSEN: dict[str, Any] = {"model": None, "tau2": None, "ci": None, "prediction": None, "preset": None}
OPTIONS: dict[str, dict[str, Any]] = {"bubble": {"moderator": "dose"}, "gosh": {"limit": 3000}}
FLOW: dict[str, Any] = {
    "identified": {"MEDLINE": 600, "Embase": 500, "a register of clinical trials with a long name": 100},
    "removed": {"duplicates": 300, "automation": 0}, "screened": 900, "excluded": 800, "sought": 100, "not_retrieved": 5,
    "assessed": 95, "ineligible": {"population that is not the one of the question": 40, "design": 20},
    "other_identified": {"citations": 12}, "other_sought": 12, "other_not_retrieved": 0, "other_assessed": 12,
    "other_ineligible": 7, "included": {"studies": 34, "reports": 40}, "previous": {"studies": 6, "reports": 8},
    "total": {"studies": 40, "reports": 48},
}  # fmt: skip


def name(number: int) -> str:
    return f"{NAMES[number % len(NAMES)][: 80 - len(str(number)) - 1]} {number}"


def sizes_of(k: int, extreme: bool = True, better: str = "lower") -> EffectSizes:
    """Risk ratios of `k` studies; every seventh without events in a group, one with a huge interval, all with long names."""
    chance = random.Random(k)
    lines = ["study,events_1,n_1,events_2,n_2"]
    for number in range(k):
        n = chance.choice([6, 40, 120, 900])
        first, second = (sum(chance.random() < risk for _ in range(n)) for risk in (0.12, 0.2))
        if extreme and number % 7 == 5:
            first = 0
        lines.append(f'"{name(number)}",{first},{n},{max(second, 1)},{n}')
    table = read_csv("t.csv", "\n".join(lines))
    sizes = effects_from_table(table, "RR", outcome="Death from any cause by day 28 or the end of follow-up")
    return replace(sizes, better=better, comparison_label="Mesenchymal stromal cells against placebo or usual care")


def far_apart(k: int) -> EffectSizes:
    """Effects of no unit whose standard errors span five powers of ten, with one effect far from all others."""
    chance = random.Random(k + 2)
    lines = ["study,yi,sei"]
    for number in range(k):
        se = 10.0 ** chance.uniform(-2, 3 if number % 7 == 3 else 0)
        lines.append(f'"{name(number)}",{chance.gauss(-0.3, 0.2) + 40 * (number == 1):.6f},{se:.6g}')
    return effects_from_table(read_csv("t.csv", "\n".join(lines)), "GEN", outcome="A score")


def base_of(k: int, flow: dict[str, Any] | None = None) -> EvidenceBase:
    """`k` studies with assessments, and a flow."""
    from .test_traffic_light import study

    shipped = load(Path(__file__).parents[2] / "studies")
    chance = random.Random(k)
    review = shipped.review.model_copy(update={"flow": type(shipped.review.flow).model_validate(flow or FLOW)})
    return replace(shipped, review=review, studies=tuple(study(number, name(number), chance) for number in range(k)))


def request(kind: str, sizes: EffectSizes, page: Page | None = None, **options: Any) -> Request:
    """What `mscsec plot` would hand to a kind."""
    row, page = KINDS[kind], page or Page()
    given = OPTIONS.get(kind, {}) | options
    k = len(sizes.rows)
    if row.needs in ("base", "bias"):
        given = given | ({"tool": "rob2"} if row.needs == "bias" else {})
        return Request(page, base=base_of(k), options=given)
    columns = {
        "dose": [float(3 + (7 * place) % 11) for place in range(k)],
        "year": [1990 + place % 30 for place in range(k)],
    }
    return Request(page, sizes, fit_effects(sizes, CHOSEN), None, CHOSEN, lambda: columns, None, given)
