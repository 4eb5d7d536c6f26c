"""Participants who talk with a blinded arm and then rate the talk."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass

from annotations.records import Assignment, Candidate, Item, Nothing
from annotations.store import Store
from mascot.conversation.events import Crisis, Directive, Event, UserSaid, Yielded
from mascot.conversation.transcript import PERSON, fold
from mascot.errors import InputError
from mascot.live.service import Live
from studies.design.reading import Design
from studies.flow.journal import FlowJournal, Participant
from studies.flow.moves import Left, Standing, Talked, TalkEnded
from studies.flow.pages import Pages
from studies.flow.steps import Say, Step, Talk
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
        if now.item and rated < now.talks:
            key = f"lease {who.rater} {now.item}"
            return self.store.lease(self.design.study.id, who.rater, key, now.item)
        if not now.conversation or now.item:
            if now.talks >= live.conversations:
                return None
            now = self._begin(who, now)
        return self._page(now)

    def talk(self, now: Standing) -> Talk:
        """How the talk stands.

        Raises:
            InputError: there is none.
        """
        live = self.design.study.dialogues.live
        if live is None or not now.conversation or now.item:
            raise InputError("there is no talk now: please load the page again")
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
            id=f"{self.design.study.id}/talk/{now.conversation}",
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

    def _begin(self, who: Participant, now: Standing) -> Standing:
        """A talk with the arm that has had the fewest."""
        with self.lock:
            begun = Counter(dict.fromkeys(self.arms, 0))
            for _, moves in self.journal.everyone(self.design.study.id):
                kinds = {type(dated.move) for dated in moves}
                if Left not in kinds:
                    begun.update(dated.move.arm for dated in moves if isinstance(dated.move, Talked))
            arm = min(begun, key=lambda name: (begun[name], list(self.arms).index(name)))
            conversation = self.arms[arm].open(who.rater)
            self.journal.add(who, f"talked {now.talks}", Talked(arm=arm, conversation=conversation))
        moves = [dated.move for dated in self.journal.moves(who)]
        begun_last = [move for move in moves if isinstance(move, Talked)][-1]
        return Standing(
            language=now.language,
            arm=begun_last.arm,
            conversation=begun_last.conversation,
            talks=now.talks + 1,
        )

    def _page(self, now: Standing) -> Step:
        pages = Pages(self.design.study, now.language)
        live = self.design.study.dialogues.live
        text = pages.text(live.text) if live is not None else ""
        filled = {"text": text, "talk": self.talk(now), "can_exit": True}
        return pages.blank(f"talk-{now.talks}", "talk").model_copy(update=filled)

    def _events(self, now: Standing) -> list[Event]:
        return [entry.event for entry in self.arms[now.arm].entries(now.conversation)]


def _number(turns: tuple, speaker: str) -> int:
    """Which voice someone is or will be."""
    voices = list(dict.fromkeys((PERSON, *(turn.speaker for turn in turns), speaker)))
    return voices.index(speaker)
