"""What a participant's deeds write into the store of ratings, each once."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Mapping

from annotations.records import Consent, Draft, Imported, Rater, RaterKind, Withdrawal
from annotations.store import Store
from mascot.errors import InputError, NotFoundError
from studies.design.reading import Design
from studies.flow.journal import FlowJournal, Participant
from studies.flow.moves import Consented, Left, Missed, Standing
from studies.flow.steps import Marks
from studies.flow.talks import Talks
from studies.flow.values import answered
from studies.prepare.items import ABOUT, about_item


class Deeds:
    """Writes for one study. What is written twice is written once."""

    def __init__(
        self,
        design: Design,
        store: Store,
        journal: FlowJournal,
        raters: RaterKind,
        talks: Talks | None = None,
    ) -> None:
        self._design = design
        self._store = store
        self._journal = journal
        self._raters: RaterKind = raters
        self._talks = talks

    def consent(self, who: Participant, text: str, choices: Mapping[str, bool]) -> None:
        """The person agrees to the text that was shown, and is a rater from now on."""
        self._store.add_rater(Rater(id=who.rater, kind=self._raters))
        digest = hashlib.sha256(text.encode()).hexdigest()
        consent = Consent(
            rater=who.rater,
            study=self._design.study.id,
            version=self._design.study.consent.version,
            digest=digest,
            choices=dict(choices),
        )
        self._store.add_consent(consent, f"consent {who.rater}")
        self._journal.add(who, "consented", Consented())

    def hand_over(self, who: Participant, now: Standing) -> None:
        """Answers of the questionnaire go to the store, all at once."""
        given = now.given.get("questionnaire", {})
        had = answered(given)
        answers = tuple(
            Draft(criterion=question, value=value)
            for question, value in given.items()
            if question in had and not isinstance(value, Marks)
        )
        if answers:
            imported = Imported(item=about_item(self._design).id, rater=who.rater, answers=answers)
            self._store.import_answers(
                self._design.study.id + ABOUT, [imported], f"questionnaire {who.rater}"
            )

    def note_misses(self, who: Participant, step: str, checks: list[str]) -> None:
        """Attention checks that were failed at a step; the same one may be failed at another step, too."""
        for check in checks:
            self._journal.add(who, f"missed {check} {step}", Missed(check=check))

    def screen_out(self, who: Participant) -> None:
        """Too many checks were failed: their ratings do not count, and others take their places."""
        self._out_of_the_store(who, erase=False, reason="attention checks were failed")
        self._journal.add(who, "left", Left(how="screened", step="rating"))

    def withdraw(self, who: Participant, erase: bool) -> None:
        """The person takes everything back; done again, it is done to its end."""
        self._out_of_the_store(who, erase, reason="the person withdrew")
        self._journal.add(who, "withdrew", Left(how="withdrew"))
        if erase and self._talks is not None:
            self._talks.forget(who)
        self._journal.forget(who, words=erase)

    def decline(self, who: Participant, step: str) -> None:
        """The person does not consent: only that is kept, and nothing that they answered before."""
        self._journal.forget(who, left=Left(how="declined", step=step))

    def finish(self, who: Participant) -> None:
        """The person has come to the end."""
        try:
            self._store.finish(self._design.study.id, who.rater)
        except InputError:
            return  # they came when nothing was left to rate

    def _out_of_the_store(self, who: Participant, erase: bool, reason: str) -> None:
        # The file may have lost its questionnaire since they answered it: the store says whether it is there.
        for study in (self._design.study.id, self._design.study.id + ABOUT):
            key = f"withdraw {who.rater} {study} {erase}"
            # They never consented, or nobody was ever asked: the store does not know them, or the study.
            with contextlib.suppress(NotFoundError):
                self._store.withdraw(
                    Withdrawal(rater=who.rater, study=study, erase=erase, reason=reason), key
                )
