"""`judge card` and `judge train`: ratings in, cards out."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

from tqdm import tqdm

from mascot.engines.embedding import MiniLM
from mascot.engines.models import EMBEDDED_EMBEDDER
from mascot.errors import InputError
from mascot.evaluation.empathy.judge import shipped_card
from mascot.evaluation.empathy.train import save, train
from mascot.evaluation.judges.card import Card, card_table, make_card
from mascot.evaluation.judges.criteria import rated_dimensions
from mascot.evaluation.judges.rated import Rated, rated_conversations
from mascot.evaluation.judges.select import JudgeSpec, opened
from mascot.evaluation.judges.verdicts import judge_all, kept_verdicts
from mascot.evaluation.voices_run import command_line, machine
from mascot.settings import Settings, read_settings

_TRAINED = Path("mascot/evaluation/empathy")


def run(options: argparse.Namespace) -> int:
    """`judge card`: `NAME.json` and `NAME.md` of every judge in a folder.

    Raises:
        InputError: the data cannot be read, or there is no such judge.
    """
    settings = read_settings()
    rated = _some(rated_conversations(options.data), options.limit)
    for text in options.judge:
        spec = JudgeSpec.parse(text, "answer" if options.written else "probabilities")
        card = shipped_card() if spec.trained else _measured(spec, settings, rated, options)
        write_card(card, options.out)
        sys.stdout.write(f"{card_table(card)}\n\n")
    return 0


def run_train(options: argparse.Namespace) -> int:
    """`judge train`: weights and card into the package, the card into a folder too."""
    embedder = MiniLM(read_settings().models / EMBEDDED_EMBEDDER)
    made = {"command": command_line()} | machine()
    trained, card = train(rated_conversations(options.data), rated_dimensions(), embedder, made)
    save(trained, card, _TRAINED)
    write_card(card, options.out)
    sys.stdout.write(card_table(card) + "\n")
    return 0


def write_card(card: Card, folder: Path) -> None:
    """The card for machines and for people."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"{card.judge}.json").write_text(card.model_dump_json(indent=1) + "\n", "utf-8")
    made = card.made
    origin = f"Made by `{made['command']}` on {made['date']}: {made['machine']}, version {made['version']}."
    page = (
        f"# Report card: {card.judge}\n\n{card.model}. {origin}\n\n{card_table(card)}\n\n"
        "What the columns are stands in [judges](../../judges.md).\n"
    )
    (folder / f"{card.judge}.md").write_text(page, "utf-8")


def _measured(
    spec: JudgeSpec, settings: Settings, rated: Sequence[Rated], options: argparse.Namespace
) -> Card:
    questions = [
        (one.case, dimension)
        for one in rated
        for dimension in rated_dimensions()
        if dimension.id in one.ratings
    ]
    path = (options.kept or settings.home / "judges") / f"{spec.name}.jsonl"
    header = spec.header(settings)
    left = len(questions) - len(kept_verdicts(path, header))
    with (
        opened(spec, settings) as judge,
        tqdm(total=len(questions), initial=len(questions) - left, desc=spec.name, disable=None) as bar,
    ):
        verdicts = judge_all(judge, questions, path, header, options.at_once, bar.update)
    scores = {key: verdict.score for key, verdict in verdicts.items()}
    asked = "by the probabilities of its ratings" if spec.way == "probabilities" else "by a written rating"
    model = f"{header['model']} ({header['engine']}), asked {asked}"
    made = {"command": command_line()} | machine()
    return make_card(spec.name, model, scores, rated, rated_dimensions(), made)


def _some(rated: Sequence[Rated], limit: int | None) -> list[Rated]:
    """The first so many of each source."""
    by_source = groupby(rated, key=lambda one: one.dataset)
    return [one for _, group in by_source for one in list(group)[:limit]]


def read_cards(folder: Path) -> dict[str, Card]:
    """The cards of a folder by judge; the shipped one is always among them.

    Raises:
        InputError: a file that should be one cannot be read.
    """
    found = {shipped_card().judge: shipped_card()}
    for path in sorted(folder.glob("*.json")) if folder.is_dir() else []:
        try:
            row = json.loads(path.read_text("utf-8"))
            if isinstance(row, dict) and row.keys() >= {"judge", "model", "lines"}:
                card = Card.model_validate(row)
                found[card.judge] = card
        except ValueError:
            raise InputError(f"{path} is no report card of a judge: make it anew, or take it away") from None
    return found
