"""The dialogues of all arms, held without a page: each is kept as soon as it is finished."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from mascot.conversation.events import Directive, Event, Opened, UserSaid, Utterance
from mascot.conversation.transcript import PERSON
from mascot.evaluation.dialogue import Dialogue, Start
from mascot.evaluation.kept import finish_all, kept, read
from mascot.evaluation.rounds import hold
from studies.design.reading import Design
from studies.design.study import Arm
from studies.prepare.arms import Open
from studies.prepare.sources import write_starts

Held = Mapping[str, Mapping[str, Dialogue]]
"""Finished dialogues by arm and by id of the first message."""
Tick = Callable[[str], object]
"""Told the arm of every dialogue that is finished."""


def hold_arms(design: Design, starts: Sequence[Start], folder: Path, open_arm: Open, tick: Tick) -> Held:
    """The dialogues of all arms; those of the folder are not held again.

    Raises:
        InputError: the folder has dialogues of arms with other settings.
        EngineError: an engine cannot answer; what was finished is kept.
    """
    source = design.study.dialogues
    if source.folder is not None:
        return {arm: read(design.path.parent / source.folder / f"{arm}.jsonl") for arm in design.study.arms}
    write_starts(folder, starts)
    return {
        name: _hold(name, arm, source.turns, starts, folder, open_arm, tick)
        for name, arm in design.study.arms.items()
    }


def _hold(
    name: str,
    arm: Arm,
    turns: int,
    starts: Sequence[Start],
    folder: Path,
    open_arm: Open,
    tick: Tick,
) -> dict[str, Dialogue]:
    """One arm's dialogues; its model is loaded only where some are missing."""
    path, header = folder / f"{name}.jsonl", {"arm": arm.model_dump(mode="json"), "turns": turns}
    found = kept(path, header)
    for start in starts:
        if start.id in found:
            tick(name)
    if all(start.id in found for start in starts):
        return {start.id: found[start.id] for start in starts}
    system = open_arm(name, arm)
    engine = system.speaker.engine

    def answer(start: Start) -> Dialogue:
        engine.forget()  # so that a run that was killed goes on to the same words
        return hold(system, start, turns)

    try:
        return finish_all(answer, starts, path, header, tick=lambda: tick(name))
    finally:
        engine.close()


def events_of(dialogue: Dialogue, start: Start, personas: Sequence[str]) -> tuple[Event, ...]:
    """A finished dialogue as the journal would have it.

    Args:
        personas: ids of all who could have spoken; raters choose among them who should have.
    """
    opened = Opened(cast=tuple(personas), policy="", seed=0, max_turns=max(len(dialogue.said), 1))
    events: list[Event] = [opened, UserSaid(text=start.text)]
    said = iter(dialogue.said)
    for speaker, text in dialogue.turns:
        if speaker == PERSON:
            events.append(UserSaid(text=text))
            continue
        one = next(said)
        # Always: where a turn stands in the transcript is where its directive stood.
        events.append(Directive(agent=speaker, action=one.action, tone=one.tone, score=1.0))
        events.append(Utterance(agent=speaker, text=text, tokens=one.tokens, seconds=one.seconds))
    return tuple(events)
