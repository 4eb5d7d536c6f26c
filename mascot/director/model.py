"""The director that asks the model itself, by constrained decoding over the legal moves.

Three choices follow one another over the same prompt: who speaks (or whether the person has the floor),
what of that persona's repertoire, in which of its tones. Only legal words can come out, so a directive
is never invalid and nothing is ever asked twice.

A small model prefers some words whatever was said. Each choice is therefore calibrated: its probability
is divided by the one it has when nothing was said yet (contextual calibration, Zhao et al. 2021,
arXiv 2102.09690). Who speaks is weighed against a prior of turn-taking: whoever was silent for longer is
likelier, and a round is likelier to end the longer it lasts. A director that was trained (an adapter) has
learned all of that and is taken at its word. Calibration, prior and the drawing of the
move by lot are ours; the paper publishes neither prompt nor decoding of its meta-agent.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from mascot.conversation.events import Move
from mascot.conversation.layout import fit, shared
from mascot.conversation.personas import Cast
from mascot.conversation.prompt import Message, Prompt
from mascot.conversation.transcript import Transcript
from mascot.director.base import Decision, Policy, dice
from mascot.director.rules import Legal
from mascot.engines.base import Engine, Request

THE_PERSON = "the person"
"""What the yield is called before the model."""
_REFLEX_TURNS = 4
"""So many turns back a persona's last words still make it less likely to speak."""
_RARE = 1e-9
"""Nothing is impossible: an engine that sees no probabilities may pick someone who may not speak."""
_MOST_NEUTRAL = 512
"""Choices whose neutral weights are remembered; a cast has two for each persona, drafts bring their own."""
_YIELD_ODDS = (0.0, 0.15, 0.6, 1.5)
"""Prior odds of a yield after 0, 1, 2, 3 or more turns of a round."""


@dataclass(frozen=True)
class _Choice:
    """What is being decided, given what has been decided before."""

    prefill: str
    options: tuple[str, ...]


class ModelDirector(Policy):
    """Decides with an engine.

    Args:
        engine: the model that directs; it may be another one than the speakers'.
        adapter: the director's adapter, if one is loaded.
        trust: exponent of an untrained model's calibrated probabilities; 0 leaves the prior alone.
    """

    name = "model"

    def __init__(self, engine: Engine, adapter: str | None = None, trust: float = 0.5) -> None:
        self._engine = engine
        self._adapter = adapter
        self._trust = trust
        self._neutral: dict[tuple[tuple[str, ...], _Choice], list[float]] = {}

    def decide(self, transcript: Transcript, cast: Cast, legal: Legal, session: str) -> Decision:
        movers: list[str | None] = [*legal.agents, *([None] if legal.may_yield else [])]
        agent, weighed, score = self._who(movers, transcript, cast, session)
        moves = [Move(agent=a, probability=p) for a, p in zip(movers, weighed, strict=True)]
        if agent is None:
            return Decision(None, score=score, weighed=tuple(moves))
        persona = cast[agent]
        chosen = f" {persona.name}."
        action, p_action = self._draw(f"{chosen} Task:", persona.repertoire, transcript, cast, session)
        tone, p_tone = self._draw(f"{chosen} Tone:", persona.tones, transcript, cast, session)
        moves = [_with(m, action, tone) if m.agent == agent else m for m in moves]
        return Decision(agent, action, tone, score * p_action * p_tone, tuple(moves))

    def _who(
        self, movers: Sequence[str | None], transcript: Transcript, cast: Cast, session: str
    ) -> tuple[str | None, list[float], float]:
        if len(movers) == 1:
            return movers[0], [1.0], 1.0
        seats: list[str | None] = [*transcript.cast, None]
        options = tuple(f" {cast[seat].name}" if seat else f" {THE_PERSON}" for seat in seats)
        likely = dict(zip(seats, self._weigh(_Choice("", options), transcript, cast, session), strict=True))
        prior = _turn_taking(movers, transcript) if self._adapter is None else [1.0] * len(movers)
        weights = _normal([max(likely[mover], _RARE) * p for mover, p in zip(movers, prior, strict=True)])
        index = dice(transcript, "agent").choices(range(len(movers)), weights)[0]
        return movers[index], weights, weights[index]

    def _draw(
        self, prefill: str, phrases: Sequence[str], transcript: Transcript, cast: Cast, session: str
    ) -> tuple[str, float]:
        choice = _Choice(prefill, tuple(f" {phrase}" for phrase in phrases))
        weights = _normal(self._weigh(choice, transcript, cast, session))
        index = dice(transcript, prefill).choices(range(len(phrases)), weights)[0]
        return phrases[index], weights[index]

    def _weigh(self, choice: _Choice, transcript: Transcript, cast: Cast, session: str) -> list[float]:
        """Weight of each option: its probability from a trained director; from an untrained one, how much
        likelier it is after this talk than before any, to the power of `trust`."""
        if len(choice.options) == 1:
            return [1.0]
        budget = self._engine.info.context_tokens - 64
        trained = self._adapter is not None
        prompt = fit(
            lambda t: ask(t, cast, choice.prefill, trained=trained), transcript, self._engine.count, budget
        ).prompt
        now = self._choose(prompt, choice, session)
        if trained:
            return now
        before = self._before_any_talk(choice, transcript, cast)
        return [(max(p, _RARE) / max(q, _RARE)) ** self._trust for p, q in zip(now, before, strict=True)]

    def _before_any_talk(self, choice: _Choice, transcript: Transcript, cast: Cast) -> list[float]:
        """Probability of each option when nothing was said yet."""
        key = (transcript.cast, choice)
        known = self._neutral.get(key)
        if known is None:
            nothing = replace(transcript, turns=(), muted=frozenset())
            known = self._choose(ask(nothing, cast, choice.prefill, trained=False), choice, "")
            if len(self._neutral) >= _MOST_NEUTRAL:
                self._neutral.clear()
            self._neutral[key] = known
        return known

    def _choose(self, prompt: Prompt, choice: _Choice, session: str) -> list[float]:
        return self._engine.choose(Request(prompt, session=session, adapter=self._adapter), choice.options)


def ask(transcript: Transcript, cast: Cast, prefill: str = "", *, trained: bool) -> Prompt:
    """The question who is next, with the answer so far.

    Args:
        trained: of a director with an adapter, which is trained by this too. It has learned what is asked
            of it, and each word less is read sooner: most of what a decision costs is reading its question.
    """
    if trained:
        return Prompt(shared(transcript, cast), (Message("user", "(Who is next?)"),), f"Next:{prefill}")
    names = ", ".join(persona.name for persona in cast.only(transcript.cast))
    question = f"(Who should speak next, and to do what: {names}, or {THE_PERSON} again?)"
    return Prompt(shared(transcript, cast), (Message("user", question),), f"Next to speak:{prefill}")


def _turn_taking(movers: Sequence[str | None], transcript: Transcript) -> list[float]:
    """Prior odds of each mover."""
    speakers = [turn.speaker for turn in transcript.turns if turn.speaker in transcript.cast]
    agents = []
    for mover in movers:
        silent = speakers[::-1].index(mover) if mover in speakers else _REFLEX_TURNS
        agents.append(0.0 if mover is None else (1 + min(silent, _REFLEX_TURNS)) ** 2.0)
    share = sum(agents)
    turns = min(len(transcript.round), len(_YIELD_ODDS) - 1)
    return [
        _YIELD_ODDS[turns] if mover is None else weight / share
        for mover, weight in zip(movers, agents, strict=True)
    ]


def _normal(weights: Sequence[float]) -> list[float]:
    total = sum(weights)
    return [weight / total for weight in weights]


def _with(move: Move, action: str, tone: str) -> Move:
    return move.model_copy(update={"action": action, "tone": tone})
