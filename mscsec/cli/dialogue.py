"""The questions of `assess` at a terminal: what comes next, what the record says about it, and what a reply means."""

from __future__ import annotations

import sys
from collections.abc import Mapping

from mscsec.appraisal.assessment import DomainAppraisal, OverallAppraisal
from mscsec.appraisal.engine import appraise
from mscsec.appraisal.flags import design_flags
from mscsec.appraisal.instrument import Setting
from mscsec.appraisal.suggestions import Suggestion, suggest
from mscsec.appraisal.walk import Stop, settings_to_choose, way
from mscsec.cli.assessing import Session
from mscsec.cli.output import say, width, wrap
from mscsec.errors import MscsecError
from mscsec.records.models import Assessment, Outcome, Study


class Stopped(Exception):
    """The assessor wants to stop; what was answered is written."""


HELP = (
    "Write an option; upper and lower case do not matter.",
    "=      take the suggestion over as your answer",
    "Enter  keep the answer that stands",
    "back   the question before",
    "stop   leave; the same command goes on from here (Ctrl-C and Ctrl-D do the same)",
)


class Dialogue:
    """Asks through one instrument and ends with the judgements accepted or overridden."""

    def __init__(self, session: Session, study: Study, outcomes: Mapping[str, Outcome]) -> None:
        self.session, self.form, self.study = session, session.form, study
        head = session.head
        result = next(
            (r for r in study.results if r.outcome == head.result and head.timepoint in (None, r.timepoint)), None
        )
        flags = design_flags(study, result, outcomes.get(head.result or ""))
        self.suggestions: dict[str, Suggestion] = {item.place: item for item in suggest(self.form, flags)}
        self.shown = ""

    def run(self) -> None:
        """From the first open question to the judgements; raises Stopped where the assessor leaves."""
        head = self.session.head
        what = f"{self.study.label} ({self.study.id})" + (f", {head.result}" if head.result else "")
        say(f"{self.form.name} ({self.form.version}): {what}, assessor {head.assessor}")
        say("? for help, back, stop. Each answer is written at once.")
        self.settings()
        self.questions()
        self.judgements()

    def reply(self, prompt: str) -> str:
        """One line from the terminal; `stop`, Ctrl-C and the end of input raise Stopped."""
        print(prompt, end="", file=sys.stderr, flush=True)
        try:
            line = sys.stdin.readline()
        except KeyboardInterrupt:
            raise Stopped from None
        if not line or line.strip().casefold() == "stop":
            raise Stopped
        return line.strip()

    def settings(self) -> None:
        """Choices before the questions; Enter takes the default."""
        while True:
            chosen = self.session.inputs.settings
            open_now = [item for item in settings_to_choose(self.form, chosen) if item.id in Assessment.model_fields]
            if not open_now:
                return
            self._setting(open_now[0])

    def _setting(self, setting: Setting) -> None:
        say(f"\n{setting.text[0].upper()}{setting.text[1:]}")
        for option, meaning in setting.options:
            say(f"  {option}: {meaning}")
        default = f" [{setting.default}]" if setting.default else ""
        text = self.reply(f"{setting.id}{default}> ") or setting.default
        chosen = [part.strip() for part in text.split(",")] if setting.several else [text]
        try:
            self.session.choose(setting.id, [part for part in chosen if part])
        except MscsecError as error:
            say(f"  {error.message}")

    def questions(self) -> None:
        """Every question that applies, starting at the first that is open."""
        place: int | None = None
        while True:
            stops = way(self.form, self.session.inputs.answers, self.session.inputs.settings)
            if place is None:
                place = next((i for i, stop in enumerate(stops) if not stop.answer), len(stops))
            if place >= len(stops):
                return
            step = self._question(stops[place], place)
            if step > 0 and self._ends_domain(stops[place]):
                step = self._close_domain(stops[place])
            place = max(0, place + step)

    def _ends_domain(self, stop: Stop) -> bool:
        """Whether `stop` is the last question that applies in its domain."""
        stops = way(self.form, self.session.inputs.answers, self.session.inputs.settings)
        mine = [item for item in stops if item.domain is stop.domain]
        return mine[-1].question.id == stop.question.id and bool(mine[-1].answer)

    def _question(self, stop: Stop, place: int) -> int:
        """Asks until there is an answer or a step; 1 forward, -1 back."""
        question = stop.question
        if self.shown != stop.domain.id:
            say(f"\n{stop.domain.id}  {stop.domain.name}")
            self.shown = stop.domain.id
        self._tell(f"{question.id}  {question.text}", "     ")
        for line in self._record_says(question.id):
            self._tell(f"     {line}", "       ")
        stands = f" [{', '.join(stop.answer)}]" if stop.answer else ""
        while True:
            text = self.reply(f"{question.id} {'/'.join(question.options)}{stands}> ")
            if text == "?":
                self._help(stop)
            elif text.casefold() == "back":
                if place == 0:
                    say("  This is the first question.")
                    continue
                return -1
            elif (not text and stop.answer) or self._answered(stop, text):
                return 1

    def _answered(self, stop: Stop, text: str) -> bool:
        suggestion = self.suggestions.get(stop.question.id)
        if text == "=":
            if suggestion is None:
                say("  Nothing is suggested here.")
                return False
            text = suggestion.answer
        if not text:
            say("  An answer is needed; NI says that the report has no information, where it is an option.")
            return False
        try:
            self.session.answer(stop.domain.id, stop.question.id, text)
        except MscsecError as error:
            say(f"  {error.message}")
            return False
        return True

    def _tell(self, text: str, indent: str) -> None:
        lead = text[: len(text) - len(text.lstrip())]
        first, *rest = wrap(text.strip(), width() - len(lead), indent[len(lead) :])
        say("\n".join(lead + line for line in (first, *rest)))

    def _record_says(self, question: str) -> list[str]:
        """The suggestion with its reason, and the record's own words on the flags behind it."""
        suggestion = self.suggestions.get(question)
        if suggestion is None:
            return []
        flags = {
            name for rule in self.form.suggestions if rule.question == question for name, _ in rule.condition.clauses()
        }
        support = self.study.design.support
        words = dict.fromkeys(
            support[key] for name in sorted(flags) for key in (name, name.split("_")[0]) if key in support
        )
        return [f"suggested: {suggestion.answer} ({suggestion.reason})", *(f"record: {text}" for text in words)]

    def _help(self, stop: Stop) -> None:
        words = dict(self.form.responses) | dict(stop.question.labels)
        options = ", ".join(f"{key} {words[key]}" if key in words else key for key in stop.question.options)
        for line in (f"Options: {options}.", *HELP):
            say(f"  {line}")
        if stop.question.note:
            self._tell(f"  {stop.question.note}", "  ")

    def _close_domain(self, stop: Stop) -> int:
        """Shows what the answers of a domain lead to and asks for its support; 1 forward, -1 back."""
        id = stop.domain.id
        found = self.session.appraisal(own=False)
        domain = next((item for item in found.domains if item.id == id), None)
        if domain is not None and domain.proposed:
            say(f"  -> {id} {domain.name}: {domain.proposed} (proposed)")
        if self.session.support.get(id):
            return 1
        text = self.reply(f"{id} support, what the report says and where (Enter: none)> ")
        if text.casefold() == "back":
            return 0
        if text and text != "?":
            self.session.write((("domains", id, "support"), text))
        return 1

    def judgements(self) -> None:
        """Shows what follows from answers and overrides; Enter accepts it, a name overrides with a reason."""
        while True:
            places = self._judged()
            say("\nJudgements")
            for id, item in places.items():
                said = item.proposed or "to be judged"
                say(
                    f"  {id}  {item.name}: {said}"
                    + (f" -> {item.judgement}" if item.judgement != item.proposed else "")
                )
            text = self.reply("Enter accepts; a name (D1, overall) judges otherwise> ")
            if not text:
                if self._accept(places):
                    return
                continue
            id = next((key for key in places if key.casefold() == text.casefold()), "")
            if id:
                self._override(id, places[id])
            else:
                say(f"  The names are {', '.join(places)}.")

    def _judged(self) -> dict[str, DomainAppraisal | OverallAppraisal]:
        """By place what the answers propose and what counts. An accepted proposal gives way where answers changed since."""
        given = self.session.inputs
        free = {item.id for item in self.session.appraisal(own=False).domains if not item.proposed}
        kept = {key: word for key, word in given.judgements.items() if key in given.reasons or key in free}
        reasons = {key: text for key, text in given.reasons.items() if key in kept}
        found = appraise(self.form, given.answers, settings=given.settings, judgements=kept, reasons=reasons)
        if not found.judgement and "overall" in given.judgements:  # an overall judgement that no rule makes
            kept["overall"] = given.judgements["overall"]
            found = appraise(self.form, given.answers, settings=given.settings, judgements=kept, reasons=reasons)
        return {item.id: item for item in found.items if self._words(item.id)}

    def _words(self, place: str) -> tuple[str, ...]:
        """The judgements a domain or the whole can have; none where it only records answers."""
        places = {domain.id: domain.judgements for domain in self.form.all_domains()}
        return (places | {item.id: item.judgements for item in self.form.overall}).get(place, ())

    def _accept(self, places: Mapping[str, DomainAppraisal | OverallAppraisal]) -> bool:
        """Writes every judgement; False where one is still to be made, which is then asked for."""
        for id, item in places.items():
            if item.judgement is None:
                say(f"  {id} is open: judge it.")
                self._override(id, item)
                return False
        for id, item in places.items():
            if item.judgement and self.session.inputs.judgements.get(id) != item.judgement:
                self.session.judge(id, item.judgement, item.reason)
        return True

    def _override(self, id: str, item: DomainAppraisal | OverallAppraisal) -> None:
        """Asks for a judgement, and for the reason where it departs from the proposal."""
        words = self._words(id)
        while True:
            text = self.reply(f"{id}, one of {', '.join(words)}> ")
            if not text or text.casefold() == "back":
                return
            close = [word for word in words if word.casefold().startswith(text.casefold())]
            if len(close) == 1 or text.casefold() in (word.casefold() for word in close):
                break
            say(f"  The judgements are {', '.join(words)}.")
        word = next((one for one in close if one.casefold() == text.casefold()), close[0])
        reason = ""
        while item.proposed and word != item.proposed and not reason:
            reason = self.reply("Reason (needed, as it departs from the proposal)> ")
        self.session.judge(id, word, reason)
