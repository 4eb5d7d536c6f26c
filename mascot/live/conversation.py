"""One group conversation as it happens.

Whatever the person does is an event that is committed at once; the group's turns are taken by a worker
thread that lives only while the group has the floor. The two meet under one lock: a turn is carried out
only while its cancel flag is down, and whoever cuts it short writes the interruption himself, in the same
transaction as what caused it. So a stop acts at once, however long the model takes to notice.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from mascot.conversation.events import (
    Acknowledged,
    Asked,
    Barge,
    Crisis,
    Cut,
    Directive,
    Event,
    Interrupted,
    Muted,
    Pace,
    PaceSet,
    Reason,
    Speech,
    UserSaid,
    WentOn,
    Yielded,
)
from mascot.conversation.personas import Cast
from mascot.conversation.text import clean
from mascot.conversation.transcript import Transcript, fold
from mascot.director.base import Decision, Policy
from mascot.director.rules import legal
from mascot.errors import BusyError, InputError, MascotError, NotFoundError
from mascot.live.journal import DuplicateKeyError, Entry, Journal
from mascot.live.limits import Limits
from mascot.live.pacing import paced
from mascot.live.speaker import Report, Speaker
from mascot.live.waiting import Place, WaitingLine
from mascot.safety.recogniser import CrisisRecogniser

MAX_CHARACTERS = 4000
"""Longest message of a person."""

_log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Table:
    """What a conversation needs to go on."""

    journal: Journal
    cast: Cast
    policy: Policy
    speaker: Speaker
    recogniser: CrisisRecogniser
    line: WaitingLine
    limits: Limits


class Conversation:
    """A live conversation.

    Args:
        id: its id in the journal.
        table: journal, cast, policy, speaker and crisis recogniser.
        committed: called after each commit, from any thread; must return quickly.

    Raises:
        NotFoundError: the journal has no such conversation.
    """

    def __init__(self, id: str, table: Table, committed: Callable[[], None]) -> None:
        self._id = id
        self._table = table
        self._committed = committed
        self._lock = threading.RLock()
        talk = fold(entry.event for entry in table.journal.entries(id))
        # Who has no card any more has left the table.
        self._transcript = replace(talk, cast=tuple(agent for agent in talk.cast if agent in table.cast))
        self._cancel = threading.Event()
        self._worker: threading.Thread | None = None
        self._closed = False

    @property
    def transcript(self) -> Transcript:
        """The state after everything committed so far."""
        return self._transcript

    @property
    def busy(self) -> bool:
        """Whether the group is at it."""
        return self._worker is not None

    def say(
        self,
        text: str,
        key: str = "",
        barge: Barge = "interrupt",
        addressed: Sequence[str] = (),
        visitor: str = "",
    ) -> int:
        """The person speaks; returns the event's sequence number once it is on disk.

        Raises:
            InputError: empty or longer than 4,000 characters, an unknown persona is addressed, a crisis
                message is not acknowledged yet.
            BusyError: too many conversations wait for the engine, or it is too much for this visitor or
                for today; a message that tells of a crisis is always taken.
            StoreError: it could not be saved.
        """
        text = _acceptable(text)
        verdict = self._table.recogniser.check(text)
        cast = self._table.cast.only(self._transcript.cast)
        for agent in addressed:
            self._must_sit(agent)
        asked = tuple(dict.fromkeys([*addressed, *cast.addressed(text)]))
        said = UserSaid(text=text, key=key, barge=barge, addressed=asked)
        with self._lock:
            if key and (seq := self._table.journal.with_key(self._id, key)) is not None:
                return seq
            self._must_be_calm()
            if not verdict.crisis:
                self._must_find_room(visitor)
            events: list[Event] = [said]
            if verdict.crisis:
                events.append(Crisis(kind=verdict.kind or "", score=verdict.score))
            if self._transcript.speaking and (barge == "interrupt" or verdict.crisis):
                events.insert(0, self._cut("barge-in"))
            try:
                entries = self._commit(*events)
            except DuplicateKeyError:
                return self._table.journal.with_key(self._id, key) or 0
            self._start()
            return entries[-1 - verdict.crisis].seq

    def ask(self, agent: str, visitor: str = "") -> None:
        """The person asks a persona to speak next; raises InputError for one that is not at the table."""
        with self._lock:
            self._must_be_calm()
            self._must_sit(agent)
            self._must_find_room(visitor)
            muted: list[Event] = [Muted(agent=agent, muted=False)] if agent in self._transcript.muted else []
            self._commit(*muted, Asked(agent=agent))
            self._start()

    def go_on(self, visitor: str = "") -> None:
        """The person lets the group continue among themselves."""
        with self._lock:
            self._must_be_calm()
            if not self._transcript.heard:
                raise InputError("nothing was said yet: write something first")
            self._must_find_room(visitor)
            self._commit(WentOn())
            self._start()

    def enough(self) -> None:
        """Whoever speaks may finish; then the person has the floor."""
        with self._lock:
            if self._transcript.floor == "group":
                self._commit(Yielded(reason="enough"))

    def stop(self) -> None:
        """Whoever speaks is cut short, and the person has the floor, at once."""
        with self._lock:
            if self._transcript.speaking:
                self._commit(self._cut("stop"), Yielded(reason="stop"))
            elif self._transcript.floor == "group":
                self._commit(Yielded(reason="stop"))

    def mute(self, agent: str, muted: bool) -> None:
        """Take a persona out of the talk, or back in; one that is speaking finishes."""
        with self._lock:
            self._must_sit(agent)
            if muted != (agent in self._transcript.muted):
                self._commit(Muted(agent=agent, muted=muted))

    def set_pace(self, pace: Pace) -> None:
        """How fast words appear, from the next word on."""
        with self._lock:
            if pace != self._transcript.pace:
                self._commit(PaceSet(pace=pace))

    def acknowledge(self) -> None:
        """The person has read the crisis message and has the floor."""
        with self._lock:
            if self._transcript.floor == "crisis":
                self._commit(Acknowledged())

    def wake(self) -> None:
        """Go on with a round that a restart cut off; what was half said stays, marked."""
        with self._lock:
            if self._worker is not None or self._closed:
                return
            if self._transcript.speaking:
                self._commit(self._cut("restart"))
            self._start()

    def close(self) -> None:
        """No further turn is taken and nothing more is committed; `join` waits until that has sunk in."""
        with self._lock:
            self._closed = True
            self._cancel.set()

    def join(self, timeout: float | None = None) -> None:
        """Wait until the group no longer has the floor."""
        worker = self._worker
        if worker is not None and worker is not threading.current_thread():
            worker.join(timeout)

    def _start(self) -> None:
        if self._transcript.floor == "group" and self._worker is None and not self._closed:
            worker = threading.Thread(target=self._work, name=f"talk-{self._id[:6]}", daemon=True)
            worker.start()  # it waits for our lock; before this nobody could join it
            self._worker = worker

    def _work(self) -> None:
        """Turn after turn, until the person has the floor, or nothing more can be saved."""
        writable = True
        while True:
            with self._lock:
                if self._idle or not writable:
                    self._worker = None
                    return
            try:
                place = self._table.line.enter(self._id, lambda: self._idle)
            except BusyError as error:
                writable = self._give_up(str(error))
                continue
            if place is None:
                continue
            try:
                self._turn(place)
            except NotFoundError:
                with self._lock:
                    self._closed = True
                    self._cancel.set()
            except MascotError as error:
                writable = self._give_up(str(error))
            except Exception:  # noqa: BLE001 - whatever failed, the person gets the floor back
                _log.exception("a turn failed")
                writable = self._give_up(
                    "Something went wrong on our side. What was said is saved; you can go on."
                )
            finally:
                place.leave()

    @property
    def _idle(self) -> bool:
        return self._closed or self._transcript.floor != "group"

    def _turn(self, place: Place) -> None:
        started = time.perf_counter()
        transcript = self._transcript
        if transcript.floor != "group":
            return
        moves = legal(transcript, self._table.cast)
        if moves.agents:
            decision = self._table.policy.decide(transcript, self._table.cast, moves, self._id)
        else:
            decision = Decision(None)
        event = _event(decision, moves.reason, time.perf_counter() - started)
        with self._lock:
            if self._transcript is not transcript or self._closed:
                return  # something happened while the director thought: it must think again
            self._cancel = cancel = threading.Event()
            self._commit(event)
        if isinstance(event, Directive):
            self._table.limits.turn()
            self._speak(transcript, event, cancel, place)

    def _speak(
        self, transcript: Transcript, directive: Directive, cancel: threading.Event, place: Place
    ) -> None:
        report = Report()
        words = self._table.speaker.speak(transcript, directive, report, self._id, cancel)
        # Once the words are made, however slowly they are shown, the engine is free for the next in line.
        for portion in paced(_and_then(words, place.leave), lambda: self._transcript.pace, cancel):
            with self._lock:
                if cancel.is_set():
                    return
                self._commit(Speech(agent=directive.agent, text=portion))
        with self._lock:
            if cancel.is_set():
                return
            said = self._transcript.said
            if said:
                self._commit(report.utterance(directive.agent, said))
            else:
                self._commit(Interrupted(agent=directive.agent, text="", reason="failure"))

    def _give_up(self, line: str) -> bool:
        """The floor goes back to the person, with a reason. False if even that could not be saved: the next
        thing the person does, or the next page that opens, then takes the round up where it is."""
        with self._lock:
            self._cancel.set()
            if self._closed:
                return False
            events: list[Event] = [Yielded(reason="failure", line=line)]
            if self._transcript.speaking:
                events.insert(0, self._cut("failure"))
            elif self._idle:
                return True  # a crisis or a stop came first: there is no floor to give back
            try:
                self._commit(*events)
            except MascotError as error:
                _log.error("the journal cannot be written: %s", error)
                return False
            return True

    def _cut(self, reason: Cut) -> Interrupted:
        """What cuts the speaker short once it is committed."""
        speaking = self._transcript.speaking
        agent = speaking.agent if speaking else ""
        return Interrupted(agent=agent, text=self._transcript.said.strip(), reason=reason)

    def _commit(self, *events: Event) -> list[Entry]:
        """Events that are on disk have happened; an interruption, once it is, ends the turn it is about."""
        entries = self._table.journal.append(self._id, events)
        for event in events:
            self._transcript = self._transcript.after(event)
            if isinstance(event, Interrupted):
                self._cancel.set()
        self._committed()
        return entries

    def _must_be_calm(self) -> None:
        if self._transcript.floor == "crisis":
            raise InputError("please read the message about help first, then say that you want to go on")

    def _must_find_room(self, visitor: str) -> None:
        if self._worker is None and self._table.line.full:
            raise BusyError("very many people are talking here just now: send it again in a minute")
        self._table.limits.message(visitor)

    def _must_sit(self, agent: str) -> None:
        if agent not in self._transcript.cast:
            known = ", ".join(self._transcript.cast)
            raise InputError(f"unknown persona {agent!r}: at this table sit {known}")


def _and_then(words: Iterator[str], done: Callable[[], None]) -> Iterator[str]:
    try:
        yield from words
    finally:
        done()


def _acceptable(text: str) -> str:
    text = clean(text)
    if not any(c.isprintable() and not c.isspace() for c in text):
        raise InputError("the message is empty: write something first")
    if len(text) > MAX_CHARACTERS:
        raise InputError(
            f"the message has {len(text):,} characters, at most {MAX_CHARACTERS:,} are possible: shorten it"
        )
    return text


def _event(decision: Decision, reason: Reason, seconds: float) -> Directive | Yielded:
    if decision.agent is None:
        return Yielded(reason=reason, score=decision.score, weighed=decision.weighed)
    return Directive(
        agent=decision.agent,
        action=decision.action,
        tone=decision.tone,
        score=decision.score,
        weighed=decision.weighed,
        seconds=round(seconds, 3),
    )
