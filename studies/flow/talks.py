"""Participants who talk with a blinded arm and then rate the talk."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from annotations.balance import least_filled, williams
from annotations.records import Assignment, Candidate, Item, Nothing
from annotations.store import Store
from mascot.conversation.events import Crisis, Directive, Event, UserSaid, Yielded
from mascot.conversation.transcript import PERSON, fold
from mascot.errors import InputError, NotFoundError
from mascot.live.service import Live
from studies.design.reading import Design
from studies.flow.journal import FlowJournal, Participant
from studies.flow.moves import Left, Ordered, Standing, Talked, TalkEnded, TalkLost
from studies.flow.moves import fold as stand
from studies.flow.pages import Pages
from studies.flow.places import taking_part
from studies.flow.rating import MovedOnError
from studies.flow.steps import Say, Step, Talk
from studies.flow.texts import said
from studies.flow.view import Naming, lines
from studies.prepare.items import expected

OPENING = "talk"


@dataclass(frozen=True)
class Talks:
    """The talks of one study.

    Attributes:
        arms: The live room of each arm.
        lock: One participant at a time is given an arm.
    """

    design: Design
    store: Store
    journal: FlowJournal
    arms: Mapping[str, Live]
    names: Mapping[str, str]
    lock: threading.Lock

    def next(self, who: Participant, now: Standing, rated: int) -> Assignment | Nothing | Step | None:
        """The talk that is going on, its item once it is over, a new talk, or None after the last."""
        live = self.design.study.dialogues.live
        assert live is not None
        if now.conversation and not now.item and not self._is_there(now):
            now = self._note_loss(who, now.conversation)
        if now.item and rated < now.talks:
            key = f"lease {who.rater} {now.item}"
            return self.store.lease(self.design.study.id, who.rater, key, now.item)
        if not now.conversation or now.item:
            if now.talks >= live.conversations:
                return None
            now = self._begin(who)
        return self._page(now)

    def talk(self, now: Standing) -> Talk:
        """How the talk stands.

        Raises:
            MovedOnError: there is none, or it is lost.
        """
        live = self.design.study.dialogues.live
        if live is None or not now.conversation or now.item:
            raise MovedOnError("there is no talk now: please load the page again")
        events = self._events(now)
        told = fold(events)
        naming = Naming(self.names, self.design.study.names == "numbered", now.language)
        speaking = told.speaking.agent if isinstance(told.speaking, Directive) else ""
        last = events[-1]
        return Talk(
            lines=lines([*events], naming),
            speaking=naming.of(speaking, _number(told.turns, speaking)) if speaking else "",
            so_far=told.said,
            yours=told.floor == "user",
            messages=sum(isinstance(event, UserSaid) for event in events),
            wanted=live.messages,
            crisis=any(isinstance(event, Crisis) for event in events),
            trouble=last.line if isinstance(last, Yielded) else "",
        )

    def say(self, now: Standing, sent: Say) -> Talk:
        """The person speaks."""
        if self.talk(now).crisis:
            raise InputError("this talk has ended: please go on")
        self.arms[now.arm].say(now.conversation, sent.text, key=sent.key)
        return self.talk(now)

    def end(self, who: Participant, now: Standing) -> None:
        """The talk becomes an item, which only this person gets.

        Raises:
            InputError: it is too short.
        """
        talk = self.talk(now)
        if talk.messages < talk.wanted and not talk.crisis:
            raise InputError(f"please write {talk.wanted - talk.messages} more before you go on")
        self.arms[now.arm].stop(now.conversation)
        if talk.crisis:
            # Nobody in distress is asked to rate what they were told.
            self.journal.add(who, "left", Left(how="distress", step="talk"))
            return
        item = Item(
            id=self._item(now.conversation),
            study=self.design.study.id,
            kind="dialogue",
            dialogue=f"talk/{now.conversation}",
            candidates=(Candidate(arm=now.arm, events=tuple(self._events(now))),),
            wanted=1,
            owner=who.rater,
            expected=expected(self.design),
        )
        self.store.add_items([item], f"talk {now.conversation}")
        move = TalkEnded(conversation=now.conversation, item=item.id)
        self.journal.add(who, f"talk-ended {now.conversation}", move)

    def forget(self, who: Participant) -> None:
        """Delete every talk a person had, whoever is speaking in it; also one that nobody got to note."""
        moves = (dated.move for dated in self.journal.moves(who))
        arms = {move.conversation: move.arm for move in moves if isinstance(move, Talked)}
        any_arm = next(iter(self.arms))
        for talk in self.arms[any_arm].conversations(who.rater):  # all arms keep their talks in one journal
            self.arms[arms.get(talk.id, any_arm)].delete(talk.id)

    def _begin(self, who: Participant) -> Standing:
        """A talk with the next arm in the person's order."""
        with self.lock:
            now = self._standing(who)
            if now.conversation and not now.item:
                return now  # another tab was first
            if not now.order:
                self.journal.add(who, "ordered", Ordered(arms=self._order()))
                now = self._standing(who)
            arm = now.order[now.talks % len(now.order)]
            conversation = self.arms[arm].open(who.rater)
            begun = now.talks + now.lost
            self.journal.add(who, f"talked {begun}", Talked(arm=arm, conversation=conversation))
        return self._standing(who)

    def _order(self) -> tuple[str, ...]:
        """The row of a Williams square that the fewest have: over all, each arm is as often at each place."""
        names = list(self.arms)
        rows = [tuple(names[index] for index in row) for row in williams(len(names))]
        taken = Counter(
            dated.move.arms
            for moves in taking_part(self.design, self.journal)
            for dated in moves
            if isinstance(dated.move, Ordered)
        )
        return rows[least_filled([taken[row] for row in rows])]

    def _is_there(self, now: Standing) -> bool:
        try:
            return bool(self.arms[now.arm].entries(now.conversation))
        except NotFoundError:
            return False

    def _note_loss(self, who: Participant, conversation: str) -> Standing:
        """A talk went with its disk: it is rated if it had become an item, and otherwise had anew."""
        item = self._item(conversation)
        try:
            self.store.item(item)
            move = TalkEnded(conversation=conversation, item=item)
        except NotFoundError:
            move = TalkLost(conversation=conversation)
        self.journal.add(who, f"{move.type} {conversation}", move)
        return self._standing(who)

    def _standing(self, who: Participant) -> Standing:
        study = self.design.study
        return stand(self.journal.moves(who), bool(study.comprehension), bool(study.questionnaire))

    def _page(self, now: Standing) -> Step:
        pages = Pages(self.design.study, now.language)
        live = self.design.study.dialogues.live
        filled = {
            "text": pages.text(live.text) if live is not None else "",
            "talk": self.talk(now),
            "can_exit": True,
            "remarks": (said("talk-lost", now.language),) if now.instead else (),
        }
        return pages.blank(f"talk-{now.talks + now.lost}", "talk").model_copy(update=filled)

    def _item(self, conversation: str) -> str:
        return f"{self.design.study.id}/talk/{conversation}"

    def _events(self, now: Standing) -> list[Event]:
        try:
            return [entry.event for entry in self.arms[now.arm].entries(now.conversation)]
        except NotFoundError:
            raise MovedOnError(said("talk-lost", now.language)) from None


def _number(turns: tuple, speaker: str) -> int:
    """Which voice someone is or will be."""
    voices = list(dict.fromkeys((PERSON, *(turn.speaker for turn in turns), speaker)))
    return voices.index(speaker)
