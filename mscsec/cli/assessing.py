"""One assessment in one record while it is being made: read afresh, changed in one place, written whole each time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from mscsec.appraisal.assessment import Answer, Appraisal, check
from mscsec.appraisal.engine import appraise
from mscsec.appraisal.from_record import Inputs, inputs_of
from mscsec.appraisal.instrument import Instrument
from mscsec.cli.output import write_whole
from mscsec.problems import RecordError
from mscsec.records.editor import put
from mscsec.records.models import Assessment, Study
from mscsec.records.reader import read_file, read_study

Change = tuple[tuple[str | int, ...], object]  # a path within the assessment, and the value it gets


@dataclass(frozen=True, slots=True)
class Head:
    """What names an assessment: at most one of each stands in a record."""

    tool: str
    result: str | None
    timepoint: str | None
    assessor: str

    def fields(self) -> dict[str, str]:
        """As they are written, in order."""
        given = {"tool": self.tool, "result": self.result, "timepoint": self.timepoint, "assessor": self.assessor}
        return {name: value for name, value in given.items() if value}

    def names(self, item: Assessment) -> bool:
        """Whether `item` is this assessment."""
        return (item.tool, item.result, item.timepoint, item.assessor) == (
            self.tool, self.result, self.timepoint, self.assessor
        )  # fmt: skip


@dataclass(slots=True)
class Session:
    """The assessment called `head` in one file; `inputs` is what it holds now.

    Each change is on the disk before the next question is asked, by a whole new file that takes the old one's name.
    """

    file: str
    form: Instrument
    head: Head
    inputs: Inputs = field(default_factory=Inputs)
    support: dict[str, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._take(self._record(self._text()))

    def _text(self) -> str:
        text, problems = read_file(self.file)
        if problems:
            raise RecordError(problems)
        return text

    def _record(self, text: str) -> Study:
        study, _, problems = read_study(self.file, text)
        if problems or study is None:
            raise RecordError(problems)
        return study

    def _place(self, study: Study) -> int | None:
        return next((i for i, item in enumerate(study.risk_of_bias) if self.head.names(item)), None)

    def _take(self, study: Study) -> None:
        place = self._place(study)
        if place is not None:
            item = study.risk_of_bias[place]
            self.inputs = inputs_of(item)
            self.support = {id: part.support for id, part in item.domains.items() if isinstance(part.support, str)}

    def write(self, *changes: Change) -> None:
        """Puts the changes into the file as it is now, also where somebody else has edited it in the meantime."""
        text = self._text()
        study = self._record(text)
        place = self._place(study)
        if place is None:
            place = len(study.risk_of_bias)
            text = put(self.file, text, ("risk_of_bias", place), self.head.fields())
        for path, value in changes:
            text = put(self.file, text, ("risk_of_bias", place, *path), value)
        study = self._record(text)
        write_whole(Path(self.file), text, force=True)
        self._take(study)

    def appraisal(self, *, own: bool = True) -> Appraisal:
        """What the answers lead to; without the assessor's own judgements where `own` is False."""
        given = self.inputs
        if not own:
            return appraise(self.form, given.answers, settings=given.settings)
        return appraise(
            self.form, given.answers, settings=given.settings, judgements=given.judgements, reasons=given.reasons,
            directions=given.directions,
        )  # fmt: skip

    def answer(self, domain: str, question: str, reply: Answer) -> None:
        """Validates an answer and writes it; raises as `appraise` does for one that is no option."""
        taken, problems = check(self.form, {question: reply}, self.inputs.settings, None, None, None)
        if problems:
            raise problems[0].error
        values = taken.answers.get(question)
        self.write((("domains", domain, "answers", question), ", ".join(sorted(values)) if values else "NA"))

    def choose(self, setting: str, reply: Sequence[str]) -> None:
        """Validates and writes a setting."""
        _, problems = check(self.form, {}, {setting: list(reply)}, None, None, None)
        if problems:
            raise problems[0].error
        several = next(item.several for item in self.form.settings if item.id == setting)
        self.write(((setting,), list(reply) if several else reply[0]))

    def judge(self, place: str, judgement: str, reason: str = "") -> None:
        """Validates and writes the assessor's own judgement of a domain, or "overall", with its reason."""
        taken, problems = check(self.form, {}, self.inputs.settings, {place: judgement}, None, None)
        if problems:
            raise problems[0].error
        ((id, word),) = taken.judgements.items()
        path: tuple[str, ...] = ("overall",) if id == "overall" else ("domains", id)
        changes: list[Change] = [((*path, "judgement"), word)]
        if reason or id in self.inputs.reasons:
            changes.append(((*path, "reason"), reason or None))
        self.write(*changes)
