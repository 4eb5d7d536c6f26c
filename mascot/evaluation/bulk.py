"""`evaluate --servers`: the same run over many machines, through datatrove's InferenceRunner.

Each machine serves the model behind the OpenAI protocol; datatrove shards the dialogues over the servers, one
worker each, checkpoints what is finished and resumes. Ours is only what a dialogue is. What it has gathered
is then put into the run's folder as if it had been held here.

    BULK/output/      dialogues as datatrove writes them
    BULK/checkpoints/ what is finished of work in progress
    BULK/logs/        which tasks are complete
"""

from __future__ import annotations

import argparse
import asyncio
import gzip
import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from mascot.conversation.personas import load_cast
from mascot.engines.embedding import Embedder, MiniLM
from mascot.engines.models import EMBEDDED_EMBEDDER
from mascot.errors import EngineError, InputError
from mascot.evaluation.baselines.models import Models
from mascot.evaluation.baselines.registry import Table
from mascot.evaluation.dialogue import Dialogue, Start
from mascot.evaluation.evaluate_run import Job, holder
from mascot.evaluation.kept import finish_all
from mascot.evaluation.run_folder import RunFolder
from mascot.settings import Settings, read_settings

_RESULTS = "rollout_results"
"""Where datatrove puts what a rollout returns."""


class Workplace:
    """Models of the servers that a worker speaks to, each opened once.

    Args:
        options: of the command.
    """

    def __init__(self, options: argparse.Namespace, settings: Settings) -> None:
        self._options, self._settings = options, settings
        self._embedder: Embedder | None = None
        self._tables: dict[str, Table] = {}

    def hold(self, job: Job, start: Start, server: str) -> Dialogue:
        """One dialogue of a system on a server.

        Raises:
            EngineError: the server does not answer.
        """
        return holder(job, self._table(server), self._options, repeatable=False).hold(start)

    def _table(self, server: str) -> Table:
        if server not in self._tables:
            if self._embedder is None:
                self._embedder = MiniLM(self._settings.models / EMBEDDED_EMBEDDER)
            settings = self._settings.model_copy(update={"engine": "openai", "base_url": server})
            self._tables[server] = Table(Models(settings), load_cast(), self._embedder, self._options.turns)
        return self._tables[server]


def hold_in_bulk(
    options: argparse.Namespace, folder: RunFolder, jobs: Sequence[Job], starts: Sequence[Start]
) -> None:
    """Every dialogue of the run, over the servers of the options; then the run's folder is filled.

    Raises:
        InputError: datatrove is not installed.
        EngineError: a worker failed; what was finished is kept by datatrove.
    """
    try:
        from datatrove.executor import LocalPipelineExecutor
        from datatrove.pipeline.inference.run_inference import InferenceConfig, InferenceRunner
        from datatrove.pipeline.writers import JsonlWriter
    except ImportError:
        raise InputError("--servers needs datatrove: run `make setup-dev` first") from None
    bulk, servers = folder.path / "bulk", tuple(options.servers)
    runner = InferenceRunner(
        rollout_fn=hold_document,
        config=InferenceConfig(
            server_type="endpoint",
            model_name_or_path=folder.header().model,
            endpoint_url=servers[0].removesuffix("/v1"),
            max_concurrent_generations=options.at_once or 4,
        ),
        output_writer=JsonlWriter(str(bulk / "output"), output_filename="${rank}-${chunk_index}.jsonl.gz"),
        shared_context=_Context(options, jobs, starts),
        checkpoints_local_dir=str(bulk / "checkpoints"),
        records_per_chunk=8,
    )
    steps = [Documents(jobs, starts, servers), runner]
    executor = LocalPipelineExecutor(
        pipeline=steps, logging_dir=str(bulk / "logs"), tasks=len(servers), workers=len(servers)
    )
    try:
        executor.run()
    except Exception as error:  # noqa: BLE001 - a worker's error of any kind ends the run in one line
        raise EngineError(f"a worker failed ({error}): give the same command again to go on") from None
    gather(bulk / "output", folder, jobs, starts)


class Documents:
    """A first step of a pipeline: each worker's share of the dialogues, with the server that it speaks to."""

    def __init__(self, jobs: Sequence[Job], starts: Sequence[Start], servers: Sequence[str]) -> None:
        self._jobs, self._starts, self._servers = jobs, starts, servers

    def __call__(self, data: Any = None, rank: int = 0, world_size: int = 1) -> Iterator[Any]:
        from datatrove.data import Document

        del data
        pairs = [(job, start) for job in self._jobs for start in self._starts]
        server = self._servers[rank % len(self._servers)]
        for job, start in pairs[rank::world_size]:
            yield Document(
                text="-",
                id=f"{job.header.name}/{start.id}",
                metadata={"name": job.header.name, "start": start.id, "server": server},
            )


async def hold_document(document: Any, generate: Any, **shared: Any) -> dict[str, Any]:
    """A rollout of datatrove's: the whole dialogue, in a thread of its own.

    Raises:
        ServerError: it could not be held. Of datatrove's errors it is the one that finds its way back from a
            worker: the others cannot be unpickled, and the run would wait for ever.
    """
    from datatrove.pipeline.inference.types import ServerError

    del generate  # a dialogue is many requests, some of which weigh options: our engine speaks to the server
    asked = document.metadata
    job, start = shared["jobs"][asked["name"]], shared["starts"][asked["start"]]
    try:
        dialogue = await asyncio.to_thread(shared["workplace"].hold, job, start, asked["server"])
    except Exception as error:  # noqa: BLE001 - a bug, too, must come back
        raise ServerError(str(error)) from None
    return {"name": asked["name"], "dialogue": dialogue.model_dump(mode="json")}


class _Context:
    """What every rollout of a worker shares; made in the worker."""

    def __init__(self, options: argparse.Namespace, jobs: Sequence[Job], starts: Sequence[Start]) -> None:
        self._options, self._jobs, self._starts = options, tuple(jobs), tuple(starts)

    def __call__(self) -> dict[str, Any]:
        return {
            "workplace": Workplace(self._options, read_settings()),
            "jobs": {job.header.name: job for job in self._jobs},
            "starts": {start.id: start for start in self._starts},
        }


def gather(output: Path, folder: RunFolder, jobs: Sequence[Job], starts: Sequence[Start]) -> None:
    """Put what the workers have written into the run's folder.

    Raises:
        EngineError: dialogues are missing.
    """
    found: dict[tuple[str, str], Dialogue] = {}
    for file in sorted(output.glob("*.jsonl.gz")):
        for line in gzip.decompress(file.read_bytes()).splitlines():  # bytes end at real ends of lines only
            for made in json.loads(line)["metadata"][_RESULTS]:
                dialogue = Dialogue.model_validate(made["dialogue"])
                found[made["name"], dialogue.id] = dialogue
    missing = [(j.header.name, s.id) for j in jobs for s in starts if (j.header.name, s.id) not in found]
    if missing:
        raise EngineError(f"{len(missing)} dialogues are missing ({missing[0]}): give the same command again")
    for job in jobs:
        name = job.header.name
        header = job.header.model_dump(mode="json")
        finish_all(lambda start, of=name: found[of, start.id], starts, folder.file(name), header)
