"""How long exports of a large study take, and how much memory.

    python -m tests.slow.exports_at_scale --answers 1000000

fills a new store with so many answers and exports every format, each in a process of its own. One JSON line
per format: rows, seconds, and the largest memory the process held (about 0.2 GB of it are its libraries).
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from tqdm import tqdm

from annotations.cli import main as annotations
from annotations.exports.formats import FORMATS
from annotations.records import Draft, Imported, Item, Rated
from annotations.store import Store
from tests.fixtures.judgements import STUDY, study

_AT_ONCE = 50
"""Dialogues of one import; their answers are a few thousand."""


def fill(store: Store, answers: int) -> int:
    """Put at least so many answers into a store; returns how many."""
    store.add_study(STUDY)
    per_dialogue = sum(len(each.rated) for each in study(1))
    dialogues = -(-answers // per_dialogue)
    raters = {rated.rater.id: rated.rater for each in study(1) for rated in each.rated}
    for rater in raters.values():
        store.add_rater(rater)
    saved = 0
    with tqdm(total=dialogues * per_dialogue, unit="answer", disable=None) as bar:
        for begin in range(0, dialogues, _AT_ONCE):
            items, ratings = _batch(begin, min(_AT_ONCE, dialogues - begin))
            store.add_items(items, f"items {begin}")
            saved += len(store.import_answers(STUDY.id, ratings, f"answers {begin}").answers)
            bar.update(saved - bar.n)
    return saved


def _batch(begin: int, dialogues: int) -> tuple[list[Item], list[Imported]]:
    items: list[Item] = []
    ratings: list[Imported] = []
    for each in study(dialogues, seed=begin):
        item = _renamed(each.item, begin)
        items.append(item)
        for rater, given in _by_rater(each.rated):
            drafts = tuple(
                Draft(**{name: getattr(rated.answer, name) for name in Draft.model_fields}) for rated in given
            )
            ratings.append(Imported(item=item.id, rater=rater, order=given[0].answer.order, answers=drafts))
    return items, ratings


def _renamed(item: Item, begin: int) -> Item:
    """The same item of another dialogue."""
    return item.model_copy(update={"id": f"{item.id}-{begin}", "dialogue": f"{item.dialogue}-{begin}"})


def _by_rater(rated: Sequence[Rated]) -> Iterator[tuple[str, list[Rated]]]:
    for rater in dict.fromkeys(each.rater.id for each in rated):
        yield rater, [each for each in rated if each.rater.id == rater]


def export(url: str, format: str, folder: Path) -> dict[str, float | str]:
    """Export one format in this process; what it took."""
    began = time.monotonic()
    code = annotations(["export", "--store", url, "--format", format, "--to", str(folder), "--json"])
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    assert code == 0
    return {"format": format, "seconds": round(time.monotonic() - began, 1), "peak_mb": round(peak / 1024)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--answers", type=int, default=1_000_000)
    parser.add_argument("--one", nargs=3, metavar=("STORE", "FORMAT", "FOLDER"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        url, format, folder = options.one
        sys.stderr.write(json.dumps(export(url, format, Path(folder))) + "\n")
        return
    with tempfile.TemporaryDirectory() as scratch:
        url = f"sqlite:///{scratch}/ratings.db"
        began = time.monotonic()
        with Store.open(url) as store:
            saved = fill(store, options.answers)
        print(json.dumps({"imported": saved, "seconds": round(time.monotonic() - began, 1)}), flush=True)
        for format in FORMATS:
            command = [sys.executable, "-m", "tests.slow.exports_at_scale", "--one", url, format]
            done = subprocess.run(
                [*command, f"{scratch}/{format}"], capture_output=True, text=True, check=True
            )
            rows = json.loads(done.stdout)["formats"][format]["rows"]
            told = json.loads(done.stderr.splitlines()[-1])
            print(json.dumps(told | {"rows": sum(rows.values())}), flush=True)


if __name__ == "__main__":
    main()
