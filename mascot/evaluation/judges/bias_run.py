"""`judge bias`: every judge writes a reply to the situations of our corpus that train nothing, and all judges
compare each reply with an expert's, in both orders."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import fmean

from tqdm import tqdm

from mascot.conversation.personas import load_cast
from mascot.conversation.prompt import Message, Prompt
from mascot.conversation.transcript import PERSON
from mascot.engines.base import Engine, Request, Sampling, collect
from mascot.errors import InputError
from mascot.evaluation.dialogue import Dialogue, Start
from mascot.evaluation.judges.base import Case, Line
from mascot.evaluation.judges.bias import Bias, bias_table, self_preference
from mascot.evaluation.judges.engine_judge import EngineJudge
from mascot.evaluation.judges.pairwise import Compared, compare_cases, order_bias
from mascot.evaluation.judges.select import JudgeSpec, opened
from mascot.evaluation.starts import expert_dialogues, held_out_starts
from mascot.evaluation.voices_run import command_line, machine
from mascot.settings import Settings, read_settings

_WRITING = Sampling(max_tokens=60, temperature=0.7, seed=1)
_FILE = "bias.json"
_TASK = "You are a kind companion. Answer the person's message in two sentences at most."


def run(options: argparse.Namespace) -> int:
    """`judge bias`: `bias.json` and `bias.md` in a folder.

    Raises:
        InputError: a judge is none that can write.
    """
    settings = read_settings()
    specs = [JudgeSpec.parse(text) for text in options.judge]
    if any(spec.trained for spec in specs):
        raise InputError("the trained judge cannot compare or write: name judges that are engines")
    starts = held_out_starts()[: options.limit]
    experts = {dialogue.id: dialogue for dialogue in expert_dialogues()}
    written = {spec.name: _write(spec, settings, starts) for spec in specs}
    compared = {spec.name: _compare(spec, settings, starts, written, experts) for spec in specs}
    biases = [bias_of(spec.name, compared) for spec in specs]
    made = {"command": command_line()} | machine()
    options.out.mkdir(parents=True, exist_ok=True)
    rows = {"made": made, "biases": [bias.model_dump() for bias in biases]}
    (options.out / _FILE).write_text(json.dumps(rows, indent=1) + "\n", "utf-8")
    page = (
        f"# Biases of judges\n\nMade by `{made['command']}` on {made['date']}: {made['machine']}. Each judge "
        f"wrote a reply to {len(starts)} situations of our corpus; each reply stands beside an expert's (the "
        f"Anchor's), in both orders.\n\n{bias_table(biases)}\n"
    )
    (options.out / "bias.md").write_text(page, "utf-8")
    sys.stdout.write(bias_table(biases) + "\n")
    return 0


def read_biases(folder: Path) -> dict[str, Bias]:
    """What was measured, by judge; nothing where nothing was.

    Raises:
        InputError: the file cannot be read.
    """
    path = folder / _FILE
    try:
        rows = json.loads(path.read_text("utf-8"))["biases"] if path.exists() else []
        return {bias.judge: bias for bias in map(Bias.model_validate, rows)}
    except (ValueError, KeyError, TypeError):
        raise InputError(f"{path} is no measurement of biases: make it anew, or take it away") from None


def bias_of(judge: str, compared: Mapping[str, Mapping[str, Mapping[str, Compared]]]) -> Bias:
    """What the comparisons say of a judge.

    Args:
        compared: by judge, author and situation; in each, the author's text stands against an expert's.
    """
    everything = [one for by_id in compared[judge].values() for one in by_id.values()]
    steady = [one.steady for one in everything if one.steady is not None]
    shares = {name: _own_shares(by_author[judge]) for name, by_author in compared.items()}
    beyond = self_preference(judge, shares)
    return Bias(
        judge=judge,
        pairs=len(everything),
        failed=sum(one.shares is None for one in everything),
        first=order_bias(everything),
        steady=fmean(steady) if steady else None,
        own=fmean(shares[judge].values()) if shares[judge] else None,
        own_beyond_others=beyond.value if beyond else None,
        low=beyond.low if beyond else None,
        high=beyond.high if beyond else None,
    )


def _own_shares(by_id: Mapping[str, Compared]) -> dict[str, float]:
    """By situation: the share of the text that is not the expert's."""
    shares = {id: compared.shares for id, compared in by_id.items()}
    return {id: next(iter(given.values())) for id, given in shares.items() if given is not None}


def _write(spec: JudgeSpec, settings: Settings, starts: Sequence[Start]) -> dict[str, str]:
    with opened(spec, settings) as judge:
        engine = _engine(judge)
        return {
            start.id: _reply(engine, start)
            for start in tqdm(starts, desc=f"{spec.name} writes", disable=None)
        }


def _reply(engine: Engine, start: Start) -> str:
    prompt = Prompt((Message("system", _TASK),), (Message("user", start.text),))
    return collect(engine.stream(Request(prompt, _WRITING))).text.strip()


def _compare(
    spec: JudgeSpec,
    settings: Settings,
    starts: Sequence[Start],
    written: Mapping[str, Mapping[str, str]],
    experts: Mapping[str, Dialogue],
) -> dict[str, dict[str, Compared]]:
    """By author and situation: its text (first) beside the expert's."""
    anchor = load_cast()["anchor"].id
    found: dict[str, dict[str, Compared]] = {author: {} for author in written}
    with opened(spec, settings) as judge:
        engine = _engine(judge)
        for start in tqdm(starts, desc=f"{spec.name} compares", disable=None):
            expert = next(said.text for said in experts[start.id].said if said.agent == anchor)
            for author, texts in written.items():
                cases = (_case(start, author, texts[start.id]), _case(start, "expert", expert))
                found[author][start.id] = compare_cases(engine, spec.name, cases)
    return found


def _case(start: Start, author: str, text: str) -> Case:
    heard = (Line(speaker=PERSON, text=start.text),)
    return Case(id=f"{start.id}/{author}", heard=heard, said=(Line(speaker="Companion", text=text),))


def _engine(judge: object) -> Engine:
    if not isinstance(judge, EngineJudge):
        raise InputError("only judges that are engines can compare and write")
    return judge.engine
