"""`evaluate`: every system's dialogue for every first message, each on disk as soon as it is finished."""

from __future__ import annotations

import argparse
import hashlib
import time
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

from tqdm import tqdm

from mascot import __version__
from mascot.adapters.registry import Entry
from mascot.conversation.personas import load_cast
from mascot.engines.base import Engine
from mascot.engines.embedding import Embedder, MiniLM
from mascot.engines.models import EMBEDDED_EMBEDDER
from mascot.engines.select import select_engine
from mascot.errors import InputError
from mascot.evaluation.baselines.models import Models
from mascot.evaluation.baselines.registry import LISTS, Spec, Table, adapters_of, make, specs
from mascot.evaluation.dialogue import Start
from mascot.evaluation.hold import Holder
from mascot.evaluation.judges.select import JudgeSpec
from mascot.evaluation.kept import finish_all, kept
from mascot.evaluation.run_folder import RunFolder, RunHeader, SystemHeader
from mascot.evaluation.starts import drawn_starts
from mascot.evaluation.users import Person
from mascot.evaluation.voices_run import command_line, machine
from mascot.safety.recogniser import CrisisRecogniser
from mascot.settings import Settings, read_settings

PORTION = 12
"""So many first messages are answered by every system before any goes on to the next: what a run that is
stopped early leaves can be compared."""


@dataclass(frozen=True)
class Job:
    """One file of dialogues to be finished."""

    spec: Spec
    header: SystemHeader


def run(options: argparse.Namespace) -> int:
    """`evaluate`: returns the exit code."""
    started = time.perf_counter()
    settings = read_settings()
    if options.servers:
        settings = settings.model_copy(update={"engine": "openai", "base_url": options.servers[0]})
    asked = specs(options.systems)
    for judge in options.judges:
        JudgeSpec.parse(judge)  # a mistyped one is refused now, not after hours of dialogues
    embedder = MiniLM(settings.models / EMBEDDED_EMBEDDER)
    recogniser = CrisisRecogniser(embedder)
    starts = drawn_starts(
        options.data, options.limit, options.seed, lambda text: not recogniser.check(text).crisis
    )
    models = Models(settings, select_engine)
    folder = RunFolder(options.out)
    try:
        finish(options, folder, asked, starts, models, embedder)
    finally:
        models.close()
    _judge(options, folder, settings)
    seconds = round(time.perf_counter() - started, 1)
    folder.note({"command": command_line(), "seconds": seconds} | machine())
    return 0


def finish(
    options: argparse.Namespace,
    folder: RunFolder,
    asked: Sequence[Spec],
    starts: Sequence[Start],
    models: Models,
    embedder: Embedder,
) -> None:
    """Every dialogue that is still missing.

    Raises:
        InputError: the folder holds another run, or a system cannot be what its name says.
        EngineError: the engine cannot answer; what was finished is kept.
    """
    engine = models.get().engine
    table = Table(models, load_cast(), embedder, options.turns)
    able = possible(asked, models, listed=options.systems in LISTS)
    folder.begin(_header(options, engine, starts), starts)
    jobs = [job for spec in able for job in jobs_of(spec, table, options.users)]
    if options.servers:
        from mascot.evaluation.bulk import hold_in_bulk

        hold_in_bulk(options, folder, jobs, starts)
        return
    left = [_left(folder, job, starts) for job in jobs]
    _load_all(jobs, models)
    at_once = options.at_once or default_at_once(engine)
    total = len(jobs) * len(starts)
    with tqdm(total=total, initial=total - sum(left), unit="dialogue", disable=None) as bar:
        for end in range(PORTION, len(starts) + PORTION, PORTION):
            for job in (job for job in jobs if _left(folder, job, starts[:end])):
                bar.set_description(job.header.name)
                hold = holder(job, table, options, at_once == 1).hold
                file = folder.file(job.header.name)
                finish_all(hold, starts[:end], file, _as_dict(job), at_once, bar.update)


def possible(asked: Sequence[Spec], models: Models, listed: bool) -> list[Spec]:
    """The systems that are what their names say with the adapters there are.

    Args:
        listed: they were asked for as a list: then those that cannot be are left out and named.

    Raises:
        InputError: one that was asked for by name cannot be.
    """
    found = []
    for spec in asked:
        try:
            adapters_of(spec, models)
        except InputError as error:
            if not listed:
                raise InputError(f"{spec.name} cannot be evaluated: {error}") from None
            tqdm.write(f"{spec.name} is left out: {error}")
        else:
            found.append(spec)
    return found


def jobs_of(spec: Spec, table: Table, users: Sequence[str]) -> list[Job]:
    """The files of a system: one, or one for each type of simulated person."""
    chosen = {
        name: entry for role in adapters_of(spec, table.models).values() for name, entry in role.items()
    }
    versions = {name: entry.lineage.version for name, entry in sorted(chosen.items())}
    return [
        Job(
            spec,
            SystemHeader(
                name=f"{spec.name}@{user}" if user else spec.name,
                system=spec.system,
                title=spec.title,
                kind=spec.recipe.kind,
                agents=spec.agents(table.cast),
                user=user,
                models=dict(spec.models),
                adapters=versions,
            ),
        )
        for user in users or ("",)
    ]


def holder(job: Job, table: Table, options: argparse.Namespace, repeatable: bool) -> Holder:
    """What holds the dialogues of a job."""
    user = job.header.user
    plain = table.models.get().speaking_with({})
    return Holder(
        name=job.header.name,
        companions=make(job.spec, table),
        cast=table.cast,
        models=table.models,
        turns=options.turns,
        rounds=options.rounds if user else 1,
        seed=options.seed,
        agents=job.spec.recipe.agents,
        person=Person(user, plain, table.cast) if user else None,
        repeatable=repeatable,
    )


def default_at_once(engine: Engine) -> int:
    """Dialogues at a time: on llama.cpp one, since what is said there depends, in the last digits of a
    probability, on who else is served in the same step; elsewhere four."""
    return 1 if engine.info.engine == "llamacpp" else 4


def _header(options: argparse.Namespace, engine: Engine, starts: Sequence[Start]) -> RunHeader:
    words = "\n".join(start.model_dump_json() for start in starts)
    return RunHeader(
        version=__version__,
        engine=engine.info.engine,
        model=engine.info.model,
        data=tuple(options.data),
        limit=options.limit,
        seed=options.seed,
        turns=options.turns,
        rounds=options.rounds,
        starts=hashlib.sha256(words.encode()).hexdigest()[:16],
    )


def _left(folder: RunFolder, job: Job, starts: Sequence[Start]) -> int:
    found = kept(folder.file(job.header.name), _as_dict(job))
    return sum(start.id not in found for start in starts)


def _as_dict(job: Job) -> dict[str, object]:
    return job.header.model_dump(mode="json")


def _load_all(jobs: Sequence[Job], models: Models) -> None:
    """Adapters of all systems at once: llama.cpp starts anew for each loading."""
    wanted: dict[str, list[Entry]] = defaultdict(list)
    for spec in {job.spec.name: job.spec for job in jobs}.values():
        for role, chosen in adapters_of(spec, models).items():
            wanted[spec.models.get(role, "")] += chosen.values()
    for model, entries in wanted.items():
        models.get(model).load(entries)


def _judge(options: argparse.Namespace, folder: RunFolder, settings: Settings) -> None:
    if options.judges:
        from mascot.evaluation.judges.run import judge_run

        judge_run(folder.path, options.judges, settings)
