"""Judges on a run: a verdict for every case and criterion, each on disk as soon as it is given.

verdicts/JUDGE/SYSTEM.jsonl    what it was judged by, then one `Verdict` a line
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from tqdm import tqdm

from mascot.conversation.personas import Cast, load_cast
from mascot.evaluation.dialogue import Dialogue, Start
from mascot.evaluation.judges.base import Criterion, Judge
from mascot.evaluation.judges.cases import dialogue_case, utterance_cases
from mascot.evaluation.judges.criteria import paper_criteria, rated_dimensions
from mascot.evaluation.judges.engine_judge import Way
from mascot.evaluation.judges.select import JudgeSpec, opened
from mascot.evaluation.judges.verdicts import Question, Verdicts, judge_all, read_verdicts
from mascot.evaluation.run_folder import RunFolder
from mascot.evaluation.starts import of_run
from mascot.settings import Settings


def judge_run(
    path: Path,
    judges: Sequence[str],
    settings: Settings,
    limit: int | None = None,
    utterances: int = 1,
    at_once: int = 1,
    way: Way = "probabilities",
) -> None:
    """Let judges judge every system of a run.

    Args:
        judges: as `select` reads them.
        limit: the first so many dialogues of each system.
        utterances: of each dialogue judged by the agent-specific criteria; 0 is all.

    Raises:
        InputError: there is no run, or no such judge; the verdicts there were made otherwise.
        MascotError: a judge's model cannot be had.
    """
    specs = [JudgeSpec.parse(text, way) for text in judges]
    folder = RunFolder(path)
    starts = {start.id: start for start in of_run(folder)}
    ids = list(starts)[:limit]
    cast = load_cast()
    for spec in specs:
        header = spec.header(settings) | {"utterances": utterances}
        with opened(spec, settings) as judge:
            for name in folder.systems():
                held = folder.dialogues(name)
                some = [held[id] for id in ids if id in held]
                questions = questions_of(judge, some, starts, cast, utterances)
                with tqdm(total=len(questions), desc=f"{spec.name}: {name}", disable=None) as bar:
                    file = verdict_file(path, spec.name, name)
                    judge_all(judge, questions, file, header, at_once, bar.update)


def questions_of(
    judge: Judge, dialogues: Sequence[Dialogue], starts: dict[str, Start], cast: Cast, utterances: int
) -> list[Question]:
    """What a judge is asked about a system's dialogues; those in which nothing was said have no question.

    A trained judge is asked for the dimensions that it knows, an engine for the paper's nine criteria.
    """
    trained = [dimension for dimension in rated_dimensions() if judge.knows(dimension)]
    asked = paper_criteria() if judge.knows(paper_criteria()[0]) else tuple(trained)
    return [
        question
        for dialogue in dialogues
        if dialogue.said
        for question in _about(dialogue, starts[dialogue.id], cast, asked, utterances)
    ]


def _about(
    dialogue: Dialogue, start: Start, cast: Cast, asked: Sequence[Criterion], utterances: int
) -> list[Question]:
    of_agents = [criterion for criterion in asked if criterion.level == "agent"]
    of_all = [criterion for criterion in asked if criterion.level != "agent"]
    cases = utterance_cases(dialogue, start, cast, utterances) if of_agents else []
    whole = dialogue_case(dialogue, start, cast)
    return [
        *((case, criterion) for case in cases for criterion in of_agents),
        *((whole, criterion) for criterion in of_all),
    ]


def verdict_file(path: Path, judge: str, system: str) -> Path:
    """Where a judge's verdicts on a system are."""
    return path / "verdicts" / judge / f"{system}.jsonl"


def verdicts_of(path: Path) -> dict[str, dict[str, Verdicts]]:
    """All verdicts of a run by judge and system."""
    found: dict[str, dict[str, Verdicts]] = {}
    for file in sorted((path / "verdicts").glob("*/*.jsonl")):
        found.setdefault(file.parent.name, {})[file.stem] = read_verdicts(file)
    return found
