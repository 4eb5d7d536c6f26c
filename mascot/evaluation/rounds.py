"""Rounds of a group, held without a page."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from random import Random
from zlib import crc32

from mascot.conversation.events import Directive, Muted, Opened, UserSaid, WentOn, Yielded
from mascot.conversation.personas import Cast
from mascot.conversation.transcript import Transcript, fold
from mascot.director.rules import legal
from mascot.evaluation.baselines.base import Round
from mascot.evaluation.dialogue import Dialogue, Said, Start
from mascot.evaluation.kept import Header, finish_all, kept, read
from mascot.evaluation.systems import System
from mascot.live.speaker import Report

__all__ = ["Header", "hold", "hold_all", "hold_round", "kept", "opening", "read"]


def hold(system: System, start: Start, turns: int) -> Dialogue:
    """What the group says after one first message, in `turns` turns of its own."""
    talk = opening(system.cast, start, turns, system.policy.name)
    held = hold_round(system, talk, turns, start.id)
    return Dialogue(id=start.id, source=start.source, said=held.said, empty=held.empty)


def opening(cast: Cast, start: Start, turns: int, policy: str, seed: int = 0, agents: int = 0) -> Transcript:
    """The talk when the person has just said the first message.

    Seats are shuffled by the message's id, the same for every system, so that no persona always comes first.

    Args:
        seed: 0 draws as `voices` always did, by the message's id alone.
        agents: only the first so many seats are taken; 0 is all.
    """
    seats = Random(f"seats:{start.id}").sample(cast.ids, len(cast))[: agents or None]
    drawn = crc32(f"{start.id}:{seed}".encode() if seed else start.id.encode())
    opened = Opened(cast=tuple(seats), policy=policy, seed=drawn, max_turns=turns)
    return fold([opened, UserSaid(text=start.text)])


def hold_round(system: System, talk: Transcript, turns: int, session: str) -> Round:
    """`turns` turns of the group after the person has spoken.

    Where the director yields before, the person lets the group go on. A persona of which the guards let
    nothing through has lost its turn and is not asked again in this round.
    """
    said: list[Said] = []
    silent: list[str] = []
    while len(said) + len(silent) < turns:
        directive = _next(system, talk, session)
        if directive is None:
            if not legal(talk, system.cast).agents:
                break
            talk = talk.after(Yielded(reason="director")).after(WentOn())
            continue
        report = Report()
        text = "".join(system.speaker.speak(talk, directive, report, session))
        if text:
            talk = talk.after(directive).after(report.utterance(directive.agent, text))
            said.append(_said(directive, text, report))
        else:
            talk = talk.after(Muted(agent=directive.agent, muted=True))
            silent.append(directive.agent)
    for agent in silent:
        talk = talk.after(Muted(agent=agent, muted=False))
    return Round(tuple(said), talk, len(silent))


def _next(system: System, transcript: Transcript, session: str) -> Directive | None:
    moves = legal(transcript, system.cast)
    if not moves.agents:
        return None
    decision = system.policy.decide(transcript, system.cast, moves, session)
    if decision.agent is None:
        return None
    return Directive(
        agent=decision.agent, action=decision.action, tone=decision.tone, score=min(decision.score, 1.0)
    )


def _said(directive: Directive, text: str, report: Report) -> Said:
    return Said(
        agent=directive.agent,
        text=text,
        action=directive.action,
        tone=directive.tone,
        tokens=report.tokens,
        seconds=round(report.seconds, 3),
        guards=dict(sorted(report.caught.items())),
    )


def hold_all(
    system: System,
    starts: Sequence[Start],
    turns: int,
    path: Path,
    header: Header,
    at_once: int = 1,
    tick: Callable[[], object] = lambda: None,
) -> dict[str, Dialogue]:
    """The round of every start by id, resumably; as `kept.finish_all`."""
    return finish_all(lambda start: hold(system, start, turns), starts, path, header, at_once, tick)
