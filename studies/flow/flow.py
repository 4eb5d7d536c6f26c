"""One study's way, for all its participants: every page is made from what is committed, and nothing else.

A deed is committed before the next page is made; the keys under which it is committed say what it is ("the
consent of p-…"), so that a second tab, a repeated request or a killed server can do it only once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from annotations.records import Assignment, Nothing, RaterKind
from annotations.store import Store
from mascot.errors import InputError
from studies.design.reading import Design
from studies.flow.deeds import Deeds
from studies.flow.journal import FlowJournal, Participant
from studies.flow.moves import (
    Answered,
    Completed,
    Entered,
    Instructed,
    Left,
    RatedAll,
    Standing,
    Told,
    Tried,
    fold,
)
from studies.flow.pages import Pages, chosen
from studies.flow.places import Places
from studies.flow.rating import Hand, MovedOnError, Rating, completed
from studies.flow.steps import Entered as Key
from studies.flow.steps import (
    Forward,
    Given,
    Invitation,
    Leave,
    Progress,
    Saved,
    Say,
    Step,
    StepKind,
    Talk,
    Withdraw,
    Withdrawn,
)
from studies.flow.talks import Talks
from studies.flow.texts import said
from studies.flow.values import answered, refuse_misfit
from studies.recruit.base import recruiter

LONGEST_WAIT = 20.0
"""Seconds after which a waiting page asks again."""


@dataclass(frozen=True)
class Served:
    """What a study is served from."""

    design: Design
    store: Store
    journal: FlowJournal
    names: Mapping[str, str]
    """Of personas, by id."""
    talks: Talks | None = None
    """Where participants talk live."""
    raters: RaterKind = "participant"


class Flow:
    """Every participant's way through one study."""

    def __init__(self, served: Served) -> None:
        self.served = served
        self.study = served.design.study
        self._journal = served.journal
        self.rating = Rating(served.design, served.store, served.names)
        self._deeds = Deeds(served.design, served.store, served.journal, served.raters, served.talks)
        self._places = Places(served.design, served.store, served.journal)
        self._recruiter = recruiter(self.study.recruitment)

    def enter(self, invitation: Invitation) -> Key:
        """The key of whoever the invitation belongs to; the same for the same person, always.

        Raises:
            InputError: the invitation cannot be used.
        """
        arrival = self._recruiter.arrival(invitation.parameters)
        person = self._journal.person(self.study.recruitment.kind, arrival.person)
        language = self._nearest(invitation.language)
        known = self._journal.known(self.study.id, person)
        if known is not None:
            now = self.standing(known)
            if now.forgotten:
                return Key(key=known.key, language=now.language)
            language = now.language if not invitation.language else language
        who = self._journal.join(
            self.study.id, person, Entered(language=language, submission=arrival.submission)
        )
        return Key(key=who.key, language=language)

    def step(self, key: str) -> Step:
        """Where a person stands.

        Raises:
            NotFoundError: nobody bears this key.
        """
        who = self._who(key)
        return self._page(who, self.standing(who))

    def answer(self, key: str, sent: Given) -> Saved:
        """Save one answer; it is on disk when this returns.

        Raises:
            MovedOnError: the step is over.
            InputError: the answer does not fit.
        """
        who = self._who(key)
        now = self.standing(who)
        if (hand := self._hand(who, now, sent.step)) is not None:
            receipt = self.rating.save(who, hand, sent)
            return Saved(question=sent.question, at=receipt.at, complete=not hand.missing(sent))
        page = self._asking(who, now)
        if page.id != sent.step:
            raise MovedOnError("this page has moved on, perhaps in another tab: please load it again")
        question = next((each for each in page.questions if each.id == sent.question), None)
        if question is None:
            raise InputError(f"there is no question {sent.question!r} here")
        if sent.value is not None:
            refuse_misfit(question, sent.value, 0)
        move = Answered(step=sent.step, question=sent.question, value=sent.value)
        at = self._journal.add(who, f"answer {sent.key}", move)
        had = answered({**page.given, sent.question: sent.value})
        complete = all(each.id in had for each in page.questions if each.required)
        return Saved(question=sent.question, at=at, complete=complete)

    def forward(self, key: str, sent: Forward) -> Step:
        """The person is through with a step; of a step that is over already, nothing more happens.

        Raises:
            InputError: a required question has no answer.
        """
        who = self._who(key)
        now = self.standing(who)
        if (hand := self._hand(who, now, sent.step)) is not None:
            if not hand.missing():
                self._deeds.note_misses(who, hand.step, hand.failed())
            self.rating.complete(who, hand)
            return self._page(who, self.standing(who))
        page = self._page(who, now)
        if page.id != sent.step:
            return page
        had = answered(page.given)
        missing = [each for each in page.questions if each.required and each.id not in had]
        if missing:
            raise InputError(f"please answer first: {missing[0].text}")
        self._go_on(who, page, now)
        return self._page(who, self.standing(who))

    def leave(self, key: str, sent: Leave) -> Step:
        """The person stops here; what they have in hand goes to others."""
        who = self._who(key)
        now = self.standing(who)
        if now.phase == "consent":
            self._deeds.decline(who, now.phase)
        elif not now.ended:
            self.rating.give_back(self.rating.had(who))
            how = "other" if sent.reason == "declined" else sent.reason
            self._journal.add(who, "left", Left(how=how, step=now.phase))
        return self._page(who, self.standing(who))

    def time_out(self, who: Participant) -> None:
        """The recruiter has given this person's place to somebody else."""
        self.rating.give_back(self.rating.had(who))
        self._journal.add(who, "left", Left(how="timed-out", step=self.standing(who).phase))

    def withdraw(self, sent: Withdraw) -> Withdrawn:
        """A person takes everything back.

        Raises:
            NotFoundError: nobody has this secret.
        """
        who = self._journal.by_secret(self.study.id, sent.secret)
        language = self.standing(who).language
        self._deeds.withdraw(who, sent.erase)
        return Withdrawn(
            erased=sent.erase, text=said("withdrawn-erased" if sent.erase else "withdrawn", language)
        )

    def talking(self, key: str, sent: Say | None) -> Talk:
        """How a live talk stands, after what the person says, if anything.

        Raises:
            MovedOnError: there is no talk now.
            InputError: there is none in this study, or it has ended for the person's safety.
        """
        talks = self.served.talks
        if talks is None:
            raise InputError("nobody talks in this study")
        now = self.standing(self._who(key))
        if now.ended or self._is_over(now):
            raise MovedOnError("there is no talk now: please load the page again")
        return talks.talk(now) if sent is None else talks.say(now, sent)

    def standing(self, who: Participant) -> Standing:
        """Where a person stands, what follows from it being committed first."""
        now = self._fold(who)
        if not now.ended and (now.attempts >= self.study.attempts and now.wrong):
            self._journal.add(who, "left", Left(how="screened", step=now.phase))
        elif not now.ended and now.misses > self.study.attention_misses:
            self._deeds.screen_out(who)
        else:
            return now
        return self._fold(who)

    def _fold(self, who: Participant) -> Standing:
        moves = self._journal.moves(who)
        return fold(moves, bool(self.study.comprehension), bool(self.study.questionnaire))

    def _who(self, key: str) -> Participant:
        return self._journal.participant(self.study.id, key)

    def _nearest(self, wanted: str) -> str:
        short = wanted.split("-", maxsplit=1)[0].lower()
        return short if short in self.study.languages else self.study.languages[0]

    # Pages

    def _page(self, who: Participant, now: Standing) -> Step:
        pages = Pages(self.study, now.language)
        if now.ended:
            return self._ended(who, now, pages)
        if self._is_over(now):
            return self._with_the_way_back(who, pages.end("gone", now), now.phase != "consent")
        if (closed := self._closed(now)) is not None:
            return pages.end(closed, now).model_copy(
                update={"wait": LONGEST_WAIT} if closed == "paused" else {}
            )
        return self._open_page(who, now, pages)

    def _asking(self, who: Participant, now: Standing) -> Step:
        """The page whose questions can be answered: in a pause the one that was interrupted by it, so that
        what somebody was just writing is kept."""
        page = self._page(who, now)
        if page.kind != "paused" or now.phase == "rating":
            return page
        return self._open_page(who, now, Pages(self.study, now.language))

    def _open_page(self, who: Participant, now: Standing, pages: Pages) -> Step:
        if now.phase == "rating":
            return self._rating_page(who, now, pages)
        make: dict[str, Callable[[Standing], Step]] = {
            "consent": pages.consent,
            "instructions": pages.instructions,
            "comprehension": pages.comprehension,
            "questionnaire": pages.questionnaire,
            "debrief": pages.debrief,
        }
        progress = None if now.phase == "consent" else self._progress(self.rating.had(who))
        return make[now.phase](now).model_copy(update={"progress": progress})

    def _closed(self, now: Standing) -> StepKind | None:
        """Whether the study takes nobody now, or nobody new."""
        state = self._journal.state(self.study.id)
        if state == "paused":
            return "paused"
        if now.phase == "consent" and (state == "closed" or self._places.full()):
            return "full"
        return None

    def _is_over(self, now: Standing) -> bool:
        window = timedelta(hours=self.study.session.resume_hours)
        return now.began is not None and self._now() > now.began + window

    def _now(self) -> datetime:
        return datetime.fromtimestamp(self._journal.clock(), UTC)

    def _ended(self, who: Participant, now: Standing, pages: Pages) -> Step:
        kind: StepKind = now.phase  # pyright: ignore[reportAssignmentType]
        page = pages.end(kind, now)
        code = now.code or (self._recruiter.code("screened") if kind == "screened" else "")
        redirect = self._recruiter.redirect(code, now.submission)
        page = page.model_copy(update={"code": code, "redirect": redirect})
        return self._with_the_way_back(who, page, not now.forgotten)

    def _with_the_way_back(self, who: Participant, page: Step, given: bool) -> Step:
        """The page with the link that takes everything back, if anything was given."""
        return page.model_copy(update={"withdraw": who.secret if given else ""})

    def _rating_page(self, who: Participant, now: Standing, pages: Pages) -> Step:
        had = self.rating.had(who)
        hand = self.rating.hand(had, now.language)
        if hand is None:
            found = self._next(who, now, had)
            if found is None:
                self._journal.add(who, "rated-all", RatedAll())
                return self._page(who, self.standing(who))
            if isinstance(found, Step):
                return found
            if isinstance(found, Nothing):
                wait = min(found.wait or 0.0, LONGEST_WAIT)
                return pages.end("waiting", now).model_copy(update={"wait": max(wait, 1.0), "can_exit": True})
            had = self.rating.had(who)
            hand = self.rating.hand(had, now.language)
            if hand is None:
                raise MovedOnError("this page has moved on: please load it again")
        return self._task(hand, had, pages)

    def _next(
        self, who: Participant, now: Standing, had: list[Assignment]
    ) -> Assignment | Nothing | Step | None:
        """What comes after the last item: another, a talk, waiting for one, or None: there is no more."""
        if self.served.talks is not None:
            return self.served.talks.next(who, now, completed(had))
        if completed(had) >= self.study.items_per_person:
            return None
        found = self.rating.next(who, had)
        # Nobody who has rated something is kept waiting for the last items of others.
        ends = isinstance(found, Nothing) and (found.wait is None or completed(had) > 0)
        return None if ends else found

    def _task(self, hand: Hand, had: list[Assignment], pages: Pages) -> Step:
        filled = {
            "dialogues": hand.dialogues,
            "questions": tuple(each.question for each in hand.asked),
            "given": hand.given,
            "progress": self._progress(had),
            "can_exit": True,
        }
        return pages.blank(hand.step, "task").model_copy(update=filled)

    def _progress(self, had: list[Assignment]) -> Progress:
        live = self.study.dialogues.live
        total = self.study.items_per_person if live is None else live.conversations
        return self.rating.progress(had, max(total, completed(had)))

    # Deeds

    def _hand(self, who: Participant, now: Standing, step: str) -> Hand | None:
        """The item in hand, if it is the one this step is about."""
        if now.phase != "rating" or self._is_over(now):
            return None
        hand = self.rating.hand(self.rating.had(who), now.language)
        return hand if hand is not None and hand.step == step else None

    def _go_on(self, who: Participant, page: Step, now: Standing) -> None:
        match page.kind:
            case "consent":
                choices = {each.id: chosen(now, "consent", each.id) == "yes" for each in page.questions}
                self._deeds.consent(who, page.text, choices)
            case "instructions":
                self._journal.add(who, "instructed", Instructed())
            case "comprehension":
                right = {check.id: check.right for check in self.study.comprehension}
                wrong = tuple(id for id, value in right.items() if chosen(now, page.id, id) != value)
                self._journal.add(who, f"tried {now.attempts}", Tried(wrong=wrong))
            case "talk" if self.served.talks is not None:
                self.served.talks.end(who, now)
            case "questionnaire":
                self._deeds.hand_over(who, now)
                self._journal.add(who, "told", Told())
            case "debrief":
                self._deeds.finish(who)
                self._journal.add(who, "completed", Completed(code=self._recruiter.code("complete")))
