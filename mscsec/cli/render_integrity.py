"""Findings about figures as text, Markdown and CSV; histograms of reconstructed samples."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from mscsec.appraisal.instrument import instrument
from mscsec.cli.output import csv_text, pad, styled, unicode_output, width, wrap
from mscsec.integrity.inspect_sr import Prefilled
from mscsec.integrity.review import CONTRADICTION, NOTE, QUESTION, IntegrityReview, Located
from mscsec.integrity.samples import ArmSamples, Samples
from mscsec.report.numbers import count, plural
from mscsec.report.words import estimate_words, test_words

if TYPE_CHECKING:
    from mscsec.cli.integrity import WithAndWithout

HEADS = {
    CONTRADICTION: "Contradictions: under no reading that was tried",
    QUESTION: "Questions: the figures agree only under a condition, or by a coincidence",
    NOTE: "Notes: the figures agree",
}
COLOURS = {CONTRADICTION: "31", QUESTION: "33", NOTE: "36"}
CAUTION = (
    "A finding is about figures, not about people: most turn out to be misprints, patients missing from an outcome, or a "
    "spread of another kind. Passing says that figures are possible, not that they are right."
)
BAR = 30


def integrity_text(found: IntegrityReview, both: WithAndWithout | None, everything: bool = False) -> str:
    """The findings, worst first; the count; the pooled estimate with and without what contradicts itself."""
    cells = width()
    lines = [styled(_title(found), "1")]
    for level in (CONTRADICTION, QUESTION, NOTE):
        of_level = [each for each in found.findings if each.level == level]
        if of_level:
            lines += ["", *wrap(f"{HEADS[level]} ({len(of_level)})", cells, "  ")]
            lines[-1] = styled(lines[-1], COLOURS[level])
            for each in of_level:
                lines += ["", *_finding(each, cells)]
    if everything:
        lines += _listed("Passed", found.passed, cells) + _listed("Could not be made", found.undecided, cells)
    lines += ["", *wrap(counts_words(found), cells)]
    if found.findings:
        lines += wrap(CAUTION, cells)
    if both is not None:
        lines += ["", *_both(both, cells)]
    return "\n".join(lines) + "\n"


def _title(found: IntegrityReview) -> str:
    of = " of ".join(part for part in (found.outcome, found.study) if part)
    return f"Integrity of the recorded figures{': ' + of if of else ''}"


def counts_words(found: IntegrityReview) -> str:
    """ "156 checks: 11 contradictions, 9 questions, 3 notes, 133 passed." """
    n = found.counts
    parts = [
        count(n[CONTRADICTION], "contradiction"), count(n[QUESTION], "question"), count(n[NOTE], "note"),
        f"{n['passed']} passed",
    ]  # fmt: skip
    parts += [f"{n['undecided']} could not be made"] if n["undecided"] else []
    silenced = f" {count(len(found.silenced), 'finding')} silenced in the records." if found.silenced else ""
    return f"{count(sum(n.values()), 'check')}: {', '.join(parts)}.{silenced}"


def _finding(each: Located, cells: int) -> list[str]:
    verdict = each.verdict
    about = ", ".join(part for part in (each.label, each.outcome, each.timepoint) if part)
    kind = {"decision-error": "; on the other side of significance"}.get(verdict.finding, "")
    where = "; ".join(part for part in (each.place, each.where) if part)
    lines = [styled(line, "1") for line in wrap(f"{about}: {each.name}{kind} [{verdict.check}]", cells, "  ")]
    named = (
        ("at", where), ("and", ", ".join(each.others)), ("figures", verdict.tested), ("taken", verdict.assumption),
        ("found", verdict.found), ("only if", verdict.condition), ("ask", verdict.question),
        *(("note", notice.message) for notice in verdict.warnings if each.level == NOTE or notice.code != "I001"),
    )  # fmt: skip
    for name, text in named:
        if text:
            lines += wrap(f"  {pad(name, 7)}  {text}", cells, " " * 11)
    return lines


def _listed(head: str, checks: Sequence[Located], cells: int) -> list[str]:
    lines = ["", f"{head} ({len(checks)})"] if checks else []
    for each in checks:
        about = ", ".join(part for part in (each.outcome, each.timepoint) if part)
        weak = "; says nothing at this n" if any(notice.code == "I001" for notice in each.verdict.warnings) else ""
        text = f"  {each.place} {each.label}{', ' + about if about else ''}: {each.verdict.check} {each.verdict.tested}: {each.verdict.found}{weak}"
        lines += wrap(text, cells, "    ")
    return lines


def _both(both: WithAndWithout, cells: int) -> list[str]:
    lines = [styled("Pooled estimate", "1")]
    if both.sizes is None or both.everything is None:
        return [*lines, *wrap(f"  none: {both.reason}", cells, "  ")]
    for name, fit in (("all results", both.everything), ("without contradictions", both.without)):
        if fit is not None:
            words = f"{estimate_words(both.sizes, fit)}; {test_words(fit)}; k = {fit.k}"
            lines += wrap(f"  {pad(name, 22)}  {words}", cells, " " * 26)
    if not both.left_out:
        lines.append("  No pooled result contradicts itself.")
    elif both.without is None:
        lines += wrap(f"  Without {', '.join(both.left_out)} no study is left.", cells, "  ")
    else:
        lines += wrap(f"  Left out: {', '.join(both.left_out)}", cells, "  ")
    return lines


HEADER = (
    "level", "finding", "code", "check", "study", "label", "outcome", "timepoint", "file", "line", "column", "where",
    "figures", "assumption", "found", "condition", "question",
)  # fmt: skip


def _rows(found: IntegrityReview, everything: bool) -> Iterable[list[object]]:
    for each in (*found.findings, *((*found.passed, *found.undecided) if everything else ())):
        verdict = each.verdict
        yield [
            each.level, str(verdict.finding), verdict.check, each.name, each.study, each.label, each.outcome,
            each.timepoint, each.file, each.line, each.column, each.where, verdict.tested, verdict.assumption,
            verdict.found, verdict.condition, verdict.question,
        ]  # fmt: skip


def integrity_csv(found: IntegrityReview, everything: bool = False) -> str:
    """One row a finding (or check, with `everything`)."""
    return csv_text(HEADER, _rows(found, everything))


def integrity_markdown(found: IntegrityReview, everything: bool = False) -> str:
    """A table for a supplement."""
    head = ("Level", "Study", "Outcome", "Check", "Figures", "Found", "Agrees only if", "To ask", "Record")
    rows = []
    for each in (*found.findings, *((*found.passed, *found.undecided) if everything else ())):
        verdict = each.verdict
        outcome = ", ".join(part for part in (each.outcome, each.timepoint) if part)
        rows.append(
            (each.level, each.label, outcome, f"{verdict.check} {each.name}", verdict.tested, verdict.found,
             verdict.condition, verdict.question, each.place)
        )  # fmt: skip
    return _markdown(head, rows) + f"\n{counts_words(found)} {CAUTION}\n"


def _markdown(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = ["| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    lines += ["| " + " | ".join(str(cell).replace("|", "\\|") for cell in row) + " |" for row in rows]
    return "\n".join(lines) + "\n"


def samples_text(arms: Sequence[ArmSamples], label: str, outcome: str, unit: str | None) -> str:
    """A histogram for each arm: how many patients have each value, on average and from least to most."""
    cells = width()
    lines = [styled(f"{label}: samples with the mean and SD of {outcome}", "1")]
    for arm in arms:
        at = f", {arm.timepoint}" if arm.timepoint else ""
        lines += ["", *wrap(f"{arm.label}{at}: {arm.tested}, n = {arm.n} ({arm.words})", cells, "  ")]
        fits = ", ".join(map(str, arm.possible_n)) or "none"
        if not arm.possible:
            lines += wrap(f"  No sample of {arm.n} exists. Sizes up to {arm.most} that have one: {fits}", cells, "  ")
        for made in arm.samples:
            lines += ["", *_histogram(made, unit)]
    lines += ["", *wrap("A reconstruction shows what the figures allow. It is not the data.", cells)]
    return "\n".join(lines) + "\n"


def _histogram(made: Samples, unit: str | None) -> list[str]:
    full = "█" if unicode_output() else "#"
    number = f"all {made.samples}" if made.exhaustive else f"{made.samples} random ones of many"
    lines = [
        f"  n = {made.n}, {number if made.samples > 1 else 'the only sample'}: patients on average (least to most)"
    ]
    top = max(made.mean)
    labels = [f"{value:g}" for value in made.values]
    room = max(map(len, labels))
    for text, least, mean, most in zip(labels, made.least, made.mean, made.most, strict=True):
        bar = full * max(round(BAR * mean / top), 1 if mean > 0 else 0)
        spread = f"{mean:.2g} ({least} to {most})" if least != most else f"{mean:g}"
        lines.append(f"  {text.rjust(room)} {bar}{' ' if bar else ''}{spread}")
    span = f"  values from {labels[0]} to {labels[-1]}"
    return [*lines, f"{span} {plural(unit)}" if unit else span]


def _sample_rows(arms: Sequence[ArmSamples]) -> Iterable[list[object]]:
    for arm in arms:
        if not arm.samples:
            yield [arm.arm, arm.tested, arm.n, False, None, None, None, None, None]
        for made in arm.samples:
            for value, least, mean, most in zip(made.values, made.least, made.mean, made.most, strict=True):
                yield [arm.arm, arm.tested, arm.n, arm.possible, made.n, value, least, mean, most]


_SAMPLE_HEADER = ("arm", "figures", "n", "possible", "n_of_samples", "value", "least", "mean", "most")


def samples_csv(arms: Sequence[ArmSamples]) -> str:
    """One row an arm, a size and a value."""
    return csv_text(_SAMPLE_HEADER, _sample_rows(arms))


def samples_markdown(arms: Sequence[ArmSamples]) -> str:
    """The same as a table."""
    rows = [["" if cell is None else f"{cell:.3g}" if isinstance(cell, float) else str(cell) for cell in row] for row in _sample_rows(arms)]  # fmt: skip
    return _markdown(_SAMPLE_HEADER, rows)


def _questions() -> dict[str, str]:
    form = instrument("inspect-sr")
    return {question.id: question.text for domain in form.domains for question in domain.questions}


def inspect_text(rows: Sequence[Prefilled]) -> str:
    """Answers that are not Yes with their reason; those that are, in one line a study."""
    cells, asks = width(), _questions()
    lines = [styled("INSPECT-SR: what the figures speak for, to be judged by an assessor", "1")]
    for study in dict.fromkeys(row.study for row in rows):
        of_study = [row for row in rows if row.study == study]
        lines += ["", styled(f"{of_study[0].label} ({study})", "1")]
        for row in of_study:
            if row.answer != "Yes":
                text = f"  {row.question} {asks[row.question]}: {row.answer} ({', '.join(row.codes)}): {row.reason}"
                lines += wrap(text, cells, "      ")
        fine = [row.question for row in of_study if row.answer == "Yes"]
        if fine:
            lines.append(f"  Yes, as far as could be checked: {', '.join(fine)}")
    lines += [
        "",
        *wrap(
            "The other checks of the instrument need the report, the registration and the editors. " + CAUTION, cells
        ),
    ]
    return "\n".join(lines) + "\n"


_INSPECT_HEADER = ("study", "label", "question", "ask", "answer", "codes", "reason")


def _inspect_rows(rows: Sequence[Prefilled]) -> list[list[str]]:
    asks = _questions()
    return [
        [row.study, row.label, row.question, asks[row.question], row.answer, " ".join(row.codes), row.reason]
        for row in rows
    ]


def inspect_csv(rows: Sequence[Prefilled]) -> str:
    """One row a study and question."""
    return csv_text(_INSPECT_HEADER, _inspect_rows(rows))


def inspect_markdown(rows: Sequence[Prefilled]) -> str:
    """The same as a table."""
    return _markdown(_INSPECT_HEADER, _inspect_rows(rows))
