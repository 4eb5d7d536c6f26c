"""Hold many conversations with the real model and check what must hold in each of them.

`python -m tests.slow.conversations --ed FOLDER/valid.csv --limit 200 --turns 6 --out docs/results` takes the
first messages of EmpatheticDialogues (read in place; nothing of it is written anywhere), without `--ed` our
own situations. Finished conversations are kept in `OUT/conversations.jsonl` while it runs, so a killed run
goes on where it was; `--at-once 4` holds four of them at the same time.
"""

from __future__ import annotations

import argparse
import csv
import json
import platform
import re
import tempfile
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from typing import Any
from zlib import crc32

from tqdm import tqdm

from mascot import __version__
from mascot.conversation.events import Directive, Utterance, Yielded
from mascot.conversation.personas import Cast
from mascot.conversation.text import jaccard
from mascot.corpora.situations import situations
from mascot.live.service import Defaults
from mascot.live.terminal import converse
from mascot.settings import read_settings
from mascot.studio import Studio, open_studio


@dataclass
class Held:
    """What was seen in one conversation."""

    id: str
    utterances: int = 0
    directives: int = 0
    yields: int = 0
    legal: int = 0
    """Directives whose agent, action and tone stand in a card."""
    name_echoes: int = 0
    lines_for_others: int = 0
    agents: list[str] = field(default_factory=list)
    likeness: float = 0.0
    """Greatest word-set Jaccard of two utterances in a row."""
    guards: dict[str, int] = field(default_factory=dict)
    words: int = 0
    tokens: int = 0
    seconds: float = 0.0
    director_seconds: float = 0.0
    empty: int = 0
    """Turns in which the guards let nothing through."""


def hold(studio: Studio, id: str, text: str, turns: int, seed: int) -> Held:
    """One conversation of `turns` persona turns that begins with `text`."""
    conversation = studio.live.open("trial", seed)
    converse(studio.live, conversation, [text], turns, lambda _: None, as_json=True)
    events = [entry.event for entry in studio.live.entries(conversation)]
    studio.live.delete(conversation)
    return look(id, events, studio.live.cast)


def look(id: str, events: Sequence[object], cast: Cast) -> Held:
    """The conversation's figures, found anew from its events and not by the code under trial."""
    held = Held(id)
    spoken = [event for event in events if isinstance(event, Utterance)]
    names = "|".join(re.escape(persona.name) for persona in cast)
    for event in events:
        if isinstance(event, Directive):
            held.directives += 1
            persona = cast[event.agent]
            held.legal += event.action in persona.repertoire and event.tone in persona.tones
            held.director_seconds += event.seconds
        held.yields += isinstance(event, Yielded)
        held.empty += getattr(event, "type", "") == "interrupted"
    for event in spoken:
        own = re.escape(cast[event.agent].name)
        held.name_echoes += bool(re.match(rf"\W*(the )?{own}\W*:", event.text, re.IGNORECASE))
        held.lines_for_others += bool(
            re.search(rf"(^|\n|[.!?]\s)\W*({names}|user|you|human)\W*:", event.text, re.IGNORECASE)
        )
        held.guards = dict(Counter(held.guards) + Counter(event.guards))
        held.words += len(event.text.split())
        held.tokens += event.tokens
        held.seconds += event.seconds
    held.utterances = len(spoken)
    held.agents = sorted({event.agent for event in spoken})
    held.likeness = max((jaccard(a.text, b.text) for a, b in pairwise(spoken)), default=0.0)
    return held


def summary(held: Sequence[Held]) -> dict[str, Any]:
    """What must hold, over all conversations."""
    utterances = sum(h.utterances for h in held)
    guards: Counter[str] = Counter()
    for h in held:
        guards.update(h.guards)
    return {
        "conversations": len(held),
        "utterances": utterances,
        "directives": sum(h.directives for h in held),
        "legal_directives": sum(h.legal for h in held),
        "name_echoes": sum(h.name_echoes for h in held),
        "lines_for_others": sum(h.lines_for_others for h in held),
        "three_personas_or_more": sum(len(h.agents) >= 3 for h in held) / len(held),
        "greatest_likeness_of_neighbours": round(max(h.likeness for h in held), 3),
        "silenced_by_the_recogniser": sum(not h.utterances for h in held),
        "turns_without_words": sum(h.empty for h in held),
        "guards": dict(sorted(guards.items())),
        "words_per_utterance": round(sum(h.words for h in held) / max(utterances, 1), 1),
        "seconds_per_utterance": round(sum(h.seconds for h in held) / max(utterances, 1), 2),
        "director_seconds_per_utterance": round(
            sum(h.director_seconds for h in held) / max(utterances, 1), 2
        ),
    }


def first_messages(path: Path) -> list[tuple[str, str]]:
    """Id and first message of each dialogue of an EmpatheticDialogues file."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["utterance_idx"] == "1"]
    return [(row["conv_id"], row["utterance"].replace("_comma_", ",")) for row in rows]


def run(texts: Sequence[tuple[str, str]], turns: int, kept: Path, at_once: int = 1) -> list[Held]:
    """Hold every conversation that is not already in `kept`."""
    done = {}
    if kept.exists():
        done = {row["id"]: Held(**row) for row in map(json.loads, kept.read_text("utf-8").splitlines())}
    with tempfile.TemporaryDirectory() as folder, kept.open("a", encoding="utf-8") as file:
        settings = read_settings().model_copy(update={"store": f"sqlite:///{folder}/trial.db"})
        studio = open_studio(settings, Defaults("model", turns, "immediate"))
        left = [(id, text) for id, text in texts if id not in done]
        bar = tqdm(total=len(texts), initial=len(texts) - len(left), unit="conversation", disable=None)
        with bar, ThreadPoolExecutor(at_once) as pool:
            holding = [pool.submit(hold, studio, id, text, turns, crc32(id.encode())) for id, text in left]
            for future in as_completed(holding):
                held = future.result()
                done[held.id] = held
                file.write(json.dumps(asdict(held)) + "\n")
                file.flush()
                bar.update()
        studio.close()
    return list(done.values())


def main() -> None:
    parser = argparse.ArgumentParser(description="Hold many conversations with the real model.")
    parser.add_argument("--ed", type=Path, help="an EmpatheticDialogues CSV; without it, our own situations")
    parser.add_argument("--limit", type=int, default=200)
    parser.add_argument("--turns", type=int, default=6)
    parser.add_argument("--at-once", type=int, default=1, help="conversations held at the same time")
    parser.add_argument("--out", type=Path, default=Path("docs/results"))
    options = parser.parse_args()
    texts = first_messages(options.ed) if options.ed else [(s.id, s.text) for s in situations()]
    options.out.mkdir(parents=True, exist_ok=True)
    kept = options.out / "conversations.jsonl"
    step = max(len(texts) // options.limit, 1)
    texts = texts[::step][: options.limit]
    held = run(texts, options.turns, kept, options.at_once)
    report = {
        "command": f"python -m tests.slow.conversations --limit {options.limit} --turns {options.turns}"
        + (f" --ed {options.ed.name}" if options.ed else "")
        + (f" --at-once {options.at_once}" if options.at_once > 1 else ""),
        "version": __version__,
        "date": f"{datetime.now(UTC):%Y-%m-%d}",
        "machine": f"{platform.machine()}, Python {platform.python_version()}",
        "source": "EmpatheticDialogues valid, first messages" if options.ed else "our situations",
        **summary(held),
    }
    (options.out / "conversations.json").write_text(json.dumps(report, indent=2) + "\n", "utf-8")
    kept.unlink()
    print(json.dumps(report, indent=2))


if __name__ == "__main__":
    main()
