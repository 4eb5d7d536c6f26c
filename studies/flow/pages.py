"""Every step that is not about an item, as a page."""

from __future__ import annotations

from annotations.records import Choice
from mascot.safety.resources import resources_for
from studies.design.instruments import Words, words
from studies.design.study import StudyFile
from studies.design.tasks import Asking
from studies.flow.moves import Standing
from studies.flow.steps import Dialogue, Help, Line, Option, Question, Step, StepKind
from studies.flow.texts import said


class Pages:
    """The pages of one study in one language."""

    def __init__(self, study: StudyFile, language: str) -> None:
        self._study = study
        self.language = language

    def consent(self, now: Standing) -> Step:
        """The consent text, and what may be agreed to besides."""
        yes_no = tuple(Option(value=value, label=said(value, self.language)) for value in ("yes", "no"))
        questions = tuple(
            Question(id=choice.id, kind="choice", text=self.text(choice.text), options=yes_no)
            for choice in self._study.consent.choices
        )
        return self._step("consent", self.consent_text, now, questions, can_exit=True)

    @property
    def consent_text(self) -> str:
        """As it is shown; its digest is kept."""
        return self.text(self._study.consent.text)

    def instructions(self, now: Standing) -> Step:
        """What is asked, with the example."""
        step = self._step("instructions", self.text(self._study.instructions.text), now, can_exit=True)
        return step.model_copy(update={"example": self._example()})

    def comprehension(self, now: Standing) -> Step:
        """The check; after a failed attempt the instructions again."""
        questions = tuple(
            Question(
                id=check.id, kind="choice", text=self.text(check.text), options=self._options(check.options)
            )
            for check in self._study.comprehension
        )
        text = said("comprehension-text", self.language)
        step = self._step(
            "comprehension", text, now, questions, id=f"comprehension-{now.attempts}", can_exit=True
        )
        left = self._study.attempts - now.attempts
        if not now.attempts:
            return step.model_copy(update={"attempts_left": left})
        wrong = [check for check in self._study.comprehension if check.id in now.wrong]
        remarks = (said("again", self.language), *filter(None, (self.text(check.explain) for check in wrong)))
        again = f"{self.text(self._study.instructions.text)}\n\n{text}"
        return step.model_copy(update={"attempts_left": left, "remarks": remarks, "text": again})

    def questionnaire(self, now: Standing) -> Step:
        """The closing questions."""
        questions = tuple(self._asking(each) for each in self._study.questionnaire)
        return self._step("questionnaire", "", now, questions, can_exit=True)

    def debrief(self, now: Standing) -> Step:
        """What it was about."""
        return self._step("debrief", self.text(self._study.debrief), now)

    def end(self, kind: StepKind, now: Standing) -> Step:
        """A page on which the way ends, or waits."""
        return self._step(kind, said(f"{kind}-text", self.language), now)

    def blank(self, id: str, kind: StepKind) -> Step:
        """What all steps share."""
        country = resources_for(self._study.country or None)
        help = [Help(name=country.name, phone=country.emergency)] if country.emergency else []
        help += [
            Help(name=line.name, phone=line.phone or "", text=line.text or "", url=line.url or "")
            for line in country.lines
        ]
        return Step(
            id=id,
            kind=kind,
            study=self.text(self._study.title),
            language=self.language,
            title=said(kind, self.language),
            contact=self._study.contact,
            warning=self.text(self._study.warning),
            help=tuple(help),
        )

    def text(self, text: Words) -> str:
        """A text of the study file in this language."""
        return words(text, self.language)

    def _step(
        self,
        kind: StepKind,
        text: str,
        now: Standing,
        questions: tuple[Question, ...] = (),
        id: str = "",
        can_exit: bool = False,
    ) -> Step:
        filled = {
            "text": text,
            "questions": questions,
            "given": now.given.get(id or kind, {}),
            "can_exit": can_exit,
        }
        return self.blank(id or kind, kind).model_copy(update=filled)

    def _example(self) -> Dialogue | None:
        spoken = self._study.instructions.example
        if not spoken:
            return None
        speakers = [self.text(line.speaker) for line in spoken]
        voices = list(dict.fromkeys(speakers))
        return Dialogue(
            lines=tuple(
                Line(speaker=speaker, voice=voices.index(speaker), text=self.text(line.text))
                for speaker, line in zip(speakers, spoken, strict=True)
            )
        )

    def _asking(self, asking: Asking) -> Question:
        kind = ("choices" if asking.several else "choice") if asking.options else "text"
        return Question(
            id=asking.id,
            kind=kind,
            text=self.text(asking.text),
            required=asking.required,
            options=self._options(asking.options),
        )

    def _options(self, options: dict[str, Words]) -> tuple[Option, ...]:
        return tuple(Option(value=value, label=self.text(text)) for value, text in options.items())


def chosen(now: Standing, step: str, question: str) -> str:
    """The option chosen at a step, or nothing."""
    value = now.given.get(step, {}).get(question)
    return value.options[0] if isinstance(value, Choice) and value.options else ""
