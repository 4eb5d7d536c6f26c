"""Which first messages the groups answer."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path

from mascot.corpora.expert import expert_corpus
from mascot.corpora.situations import Situation, situations
from mascot.errors import InputError
from mascot.evaluation.dialogue import Start
from studies.design.reading import Design
from studies.design.study import Filter

SITUATIONS = "situations.jsonl"
"""In a folder of finished dialogues: their first messages."""


def starts(design: Design) -> tuple[Start, ...]:
    """The first messages of a study; none where participants talk live.

    Raises:
        InputError: the filter lets nothing through, or the folder's file of situations cannot be used.
    """
    source = design.study.dialogues
    if source.live is not None:
        return ()
    if source.situations:
        found = [
            Start(id=f"own-{i:03}", source="study", domain="", emotion="", text=text)
            for i, text in enumerate(source.situations, 1)
        ]
    elif source.folder is not None:
        found = read_starts(design.path.parent / source.folder)
    else:
        found = [_start(one) for one in _corpus(source.corpus, source.where)]
    if not found:
        raise InputError(f"{design.path}: dialogues: no situation fits the filter: widen it")
    return tuple(_spread(found, source.limit))


def read_starts(folder: Path) -> list[Start]:
    """The first messages beside finished dialogues.

    Raises:
        InputError: there is no such file, or it is not one of ours.
    """
    path = folder / SITUATIONS
    try:
        # Not `splitlines`, which also ends a line at marks that JSON leaves inside of a text (U+2028).
        lines = path.read_text("utf-8").split("\n")
        return [Start.model_validate_json(line) for line in lines if line.strip()]
    except OSError:
        raise InputError(f"there is no {path}: one first message a line is needed, see the guide") from None
    except ValueError as error:
        raise InputError(
            f"{path} has a line that is no first message: {str(error).splitlines()[0]}"
        ) from None


def write_starts(folder: Path, found: Iterable[Start]) -> None:
    """Keep the first messages beside the dialogues."""
    folder.mkdir(parents=True, exist_ok=True)
    lines = [json.dumps(start.model_dump(mode="json"), ensure_ascii=False) + "\n" for start in found]
    (folder / SITUATIONS).write_text("".join(lines), "utf-8")


def _corpus(corpus: str | None, where: Filter) -> list[Situation]:
    if corpus == "expert":
        found = [one for one in expert_corpus() if not where.split or one.split in where.split]
    else:
        found = list(situations())
    return [
        one
        for one in found
        if all(
            not wanted or getattr(one, field) in wanted
            for field, wanted in (
                ("domain", where.domain),
                ("valence", where.valence),
                ("emotion", where.emotion),
                ("id", where.ids),
            )
        )
    ]


def _start(situation: Situation) -> Start:
    fields = situation.model_dump(include={"id", "domain", "emotion", "text", "valence"})
    return Start(source="study", **fields)


def _spread(found: list[Start], limit: int | None) -> list[Start]:
    """So many, evenly over all."""
    if limit is None or limit >= len(found):
        return found
    return [found[i * len(found) // limit] for i in range(limit)]
