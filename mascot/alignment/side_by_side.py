"""Adapters before and after training, beside one another: rounds of the same situations, held and measured.

    python -m mascot.alignment.side_by_side sft=mascot/adapters/shipped stage1=stage1 --ed valid.csv

All rounds go side by side in the model that trains, one persona at a time, each hearing those before it:
many times faster on a processor than one after the other. Seats and directives are those of `voices run`
under the round-robin policy, one candidate is drawn, the guards are those of a live conversation. The first
system is the one that the others are compared with, in every situation both have.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch

from mascot.alignment.policy import Act
from mascot.alignment.policy_learner import PolicyLearner, Weights
from mascot.alignment.policy_recipe import PolicyRecipe
from mascot.alignment.policy_record import read_parent
from mascot.alignment.precision import precision_for
from mascot.alignment.preferences import Candidate
from mascot.alignment.preferred import scores, table
from mascot.alignment.session import embedded_base
from mascot.alignment.shaping import passed_guards
from mascot.alignment.table import Table
from mascot.conversation.events import Directive, Muted, Utterance
from mascot.conversation.personas import Cast, load_cast
from mascot.conversation.transcript import Transcript
from mascot.corpora.dialogues import DialogueTurn
from mascot.director.rules import legal
from mascot.director.simple import RoundRobin
from mascot.engines.embedding import MiniLM
from mascot.engines.models import EMBEDDED_EMBEDDER
from mascot.errors import MascotError
from mascot.evaluation import kept, voices_report
from mascot.evaluation.dialogue import Dialogue, Said, Start
from mascot.evaluation.empathy.judge import EmpathyJudge
from mascot.evaluation.rounds import opening
from mascot.evaluation.starts import EXPERTS
from mascot.evaluation.voices_run import gather, measure_all
from mascot.settings import read_settings

_POLICY = RoundRobin()
_AT_ONCE = 32
"""Rounds held side by side; a kill takes at most these."""


def main() -> int:
    """Hold what is missing, and print the tables; returns the exit code."""
    options = _parser().parse_args()
    try:
        sys.stdout.write(_run(options))
    except MascotError as error:
        sys.stderr.write(f"mascot: {error}\n")
        return 2
    return 0


def _run(options: argparse.Namespace) -> str:
    settings, cast = read_settings(), load_cast()
    embedder = MiniLM(settings.models / EMBEDDED_EMBEDDER)
    starts = gather(options, embedder)
    recipe = PolicyRecipe(
        temperature=options.temperature, limit=options.limit_tokens, precision=precision_for(options)
    )
    base = embedded_base(settings.models, options.device)
    holder = None
    held: dict[str, dict[str, Dialogue]] = {}
    for name, folder in options.systems:
        parents = {id: read_parent(folder / id, base) for id in cast.ids}
        file = options.kept / f"{name}.jsonl"
        header = {"weights": {id: parent.name for id, parent in parents.items()}, **recipe.model_dump()}
        found = kept.kept(file, header)
        if any(start.id not in found for start in starts):
            holder = holder or Table(base.loaded, cast, recipe)
            weights = {id: parent.weights for id, parent in parents.items()}
            for some in _batches(starts, found):
                made = hold(holder, weights, some, recipe)
                found |= kept.finish_all(lambda start, made=made: made[start.id], some, file, header)
        held[name] = {start.id: found[start.id] for start in starts}
    return _tables(held, starts, embedder, cast, options.kept)


def _batches(starts: Sequence[Start], found: Mapping[str, Dialogue]) -> list[Sequence[Start]]:
    """What is missing, in batches that are always the same, each on disk as soon as it is held."""
    batches = [starts[i : i + _AT_ONCE] for i in range(0, len(starts), _AT_ONCE)]
    return [some for some in batches if any(start.id not in found for start in some)]


def hold(
    table: Table, weights: Mapping[str, Weights], starts: Sequence[Start], recipe: PolicyRecipe
) -> dict[str, Dialogue]:
    """A round of every persona once for each start, by its id."""
    cast = table.cast
    learners = {
        name: PolicyLearner(name, table.student, own, recipe, recipe.learning_rate, recipe.beta)
        for name, own in weights.items()
    }
    talks = {start.id: opening(cast, start, len(cast), _POLICY.name) for start in starts}
    said: dict[str, list[Said]] = {start.id: [] for start in starts}
    for turn in range(len(cast)):
        directives = {id: _directive(talk, cast, id) for id, talk in talks.items()}
        for persona in cast.ids:
            own = [id for id, directive in directives.items() if directive.agent == persona]
            places = [_place(talks[id], directives[id]) for id in own]
            acts = _drawn(table, learners[persona], places, table.lot("side by side", turn, persona))
            for id, place, act in zip(own, places, acts, strict=True):
                shown, _ = passed_guards(table.spoken(place, act), cast)
                if not shown:
                    # It has lost its turn, as in a live conversation.
                    talks[id] = talks[id].after(Muted(agent=persona, muted=True))
                    continue
                talks[id] = talks[id].after(directives[id]).after(Utterance(agent=persona, text=shown))
                said[id].append(Said(agent=persona, text=shown, action=place.action, tone=place.tone))
    return {
        start.id: Dialogue(id=start.id, source=start.source, said=tuple(said[start.id])) for start in starts
    }


def _drawn(
    table: Table, learner: PolicyLearner, places: Sequence[Candidate], lot: torch.Generator
) -> list[Act]:
    if not places:
        return []
    starts = [table.start(place) for place in places]
    return table.draw(learner, starts, table.read(start.context for start in starts), lot)


def _directive(talk: Transcript, cast: Cast, session: str) -> Directive:
    decision = _POLICY.decide(talk, cast, legal(talk, cast), session)
    assert decision.agent is not None, "a round ends when everybody was asked once"
    return Directive(agent=decision.agent, action=decision.action, tone=decision.tone, score=1.0)


def _place(talk: Transcript, directive: Directive) -> Candidate:
    heard = tuple(DialogueTurn(speaker=turn.speaker, says=turn.text) for turn in talk.turns)
    return Candidate(heard, directive.agent, directive.action, directive.tone, "")


def _tables(
    held: Mapping[str, Mapping[str, Dialogue]],
    starts: Sequence[Start],
    embedder: MiniLM,
    cast: Cast,
    folder: Path,
) -> str:
    figures: dict[str, Any] = measure_all(held, starts, embedder, cast)
    parts = []
    for source, part in figures["sources"].items():
        title = f"## {voices_report.SOURCES[source]} ({part['dialogues']} rounds)"
        parts += [title, voices_report.table(part["rows"])]
    judge, known = EmpathyJudge(embedder), {start.id: start for start in starts}
    judged = {name: scores(folder / f"{name}.jsonl", known, judge) for name in held if name != EXPERTS}
    parts.append(f"## A judge that trained nothing\n\n{table(judged)}")
    return "\n\n".join(parts) + "\n"


def _system(text: str) -> tuple[str, Path]:
    name, _, folder = text.partition("=")
    if not name or not folder:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form NAME=DIR")
    return name, Path(folder)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m mascot.alignment.side_by_side")
    parser.add_argument("systems", nargs="+", type=_system, metavar="NAME=DIR", help="adapters by name")
    parser.add_argument("--kept", type=Path, default=Path(".mascot/side-by-side"), metavar="DIR")
    parser.add_argument("--ed", type=Path, metavar="CSV", help="EmpatheticDialogues; its text is not written")
    parser.add_argument("--ed-limit", type=int, default=60, metavar="N", help="first messages of it (60)")
    parser.add_argument("--limit", type=int, metavar="N", help="at most N situations of each source of ours")
    parser.add_argument("--temperature", type=float, default=0.7, help="default: 0.7, as the app")
    parser.add_argument("--limit-tokens", type=int, default=64, help="default: 64")
    parser.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto")
    parser.add_argument("--precision", choices=("auto", "full", "half"), default="auto")
    return parser


if __name__ == "__main__":
    sys.exit(main())
