"""Made meta-analyses for pictures: any number of studies, long names, extreme intervals, missing pieces."""

from __future__ import annotations

import random
from dataclasses import replace

from mscsec.effects.sizes import EffectSizes
from mscsec.effects.tabular import effects_from_table, read_csv
from mscsec.effects.trail import Flag

NAMES = (
    "Al",
    "Collaborative Group on Mesenchymal Stromal Cell Secretome in Severe Pneumonia 2021",
    "Donaudampfschifffahrtselektrizitätenhauptbetriebswerkbauunterbeamtengesellschaft",
    "王小明 2020",
    "Ødegård-Þórðarson 2019",
    "Иванова 2022",
    "Smith 2020",
    "O'Brien & van der Meer 2018",
)
NOTES = (
    Flag("E101", "correction", "0.5 added to every cell"),
    Flag("E203", "assumed", "1: n = 10 is assumed: equal split of 20; the abstract gives no n per arm and the authors did not answer"),
    Flag("I000", "!", "figures contradict each other (I101; mscsec integrity)"),
    Flag("I000", "?", "figures raise a question (I204; mscsec integrity)"),
)  # fmt: skip


def label(number: int) -> str:
    return f"{NAMES[number % len(NAMES)]}{'' if number < len(NAMES) else f' ({number})'}"


def marked(sizes: EffectSizes) -> EffectSizes:
    """The same effects with notes and signs at some."""
    rows = [replace(row, flags=NOTES[place % 5 : place % 5 + 2]) for place, row in enumerate(sizes.rows)]
    return replace(sizes, rows=tuple(rows), better="lower", important_difference=0.8)


def events(k: int, extreme: bool = True) -> EffectSizes:
    """Risk ratios from cells; every eighth study has no event in a group, one has a huge interval."""
    chance = random.Random(k)
    lines = ["study,events_1,n_1,events_2,n_2"]
    for number in range(k):
        n = chance.choice([8, 40, 120, 900, 12000])
        found = [sum(chance.random() < risk for _ in range(min(n, 400))) * max(1, n // 400) for risk in (0.12, 0.2)]
        if extreme and number % 8 == 5:
            found = [0, max(1, found[1])]
        lines.append(f'"{label(number)}",{max(found[0], 0 if extreme else 1)},{n},{max(found[1], 1)},{n}')
    return marked(effects_from_table(read_csv("t.csv", "\n".join(lines)), "RR", outcome="Death from any cause"))


def means(k: int) -> EffectSizes:
    """Mean differences from means and SDs."""
    chance = random.Random(k + 1)
    lines = ["study,mean_1,sd_1,n_1,mean_2,sd_2,n_2"]
    for number in range(k):
        n = chance.choice([5, 30, 150])
        lines.append(
            f'"{label(number)}",{chance.gauss(1200, 30):.2f},{chance.uniform(20, 90):.2f},{n},{chance.gauss(1220, 30):.2f},55.5,{n}'
        )
    return marked(effects_from_table(read_csv("t.csv", "\n".join(lines)), "MD", outcome="Walking distance"))


def generic(k: int) -> EffectSizes:
    """Effects without data of the groups, some imprecise beyond measure."""
    chance = random.Random(k + 2)
    lines = ["study,yi,sei"]
    for number in range(k):
        se = 10.0 ** chance.uniform(-2, 3 if number % 7 == 3 else 0)
        lines.append(f'"{label(number)}",{chance.gauss(-0.3, 0.2):.6f},{se:.6g}')
    return marked(effects_from_table(read_csv("t.csv", "\n".join(lines)), "GEN", outcome="A score"))


def table(measure: str, *lines: str) -> EffectSizes:
    return effects_from_table(read_csv("t.csv", "\n".join(lines)), measure, outcome="An outcome")


def odd() -> dict[str, EffectSizes]:
    """Numbers that break axes: all alike, minute, great, ratios beyond print, scales with an end, person-time, one patient."""
    return {
        "all alike": table("GEN", "study,yi,sei", "a,0,0.1", "b,0,0.1", "c,0,0.1"),
        "minute": table("GEN", "study,yi,sei", "a,1e-9,1e-10", "b,2e-9,1e-10", "c,3e-9,2e-10"),
        "great": table("GEN", "study,yi,sei", "a,12345678,1000", "b,12445678,1e5", "c,12345000,2e4"),
        "ratios beyond print": table("OR", "study,yi,sei", "a,50,20", "b,-60,30", "c,0.1,0.2", "d,400,100"),
        "proportions": table("PLO", "study,events,n", "a,3,20", "b,0,15", "c,15,15", "d,7,300"),
        "correlations": table("ZCOR", "study,r,n", "a,0.3,20", "b,-.99,15", "c,.5,15", "d,.7,300"),
        "rates": table("IRR", "study,events_1,time_1,events_2,time_2", "a,3,120.5,5,130", "b,0,15,2,20", "c,15,150,30,160"),
        "risk differences of nothing": table("RD", "study,events_1,n_1,events_2,n_2", "a,0,20,0,20", "b,3,15,2,20"),
    }  # fmt: skip
