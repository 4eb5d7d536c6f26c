"""What the four personas say to twenty situations, unedited, on the model that the settings name.

`python -m tests.slow.voices` writes `docs/results/voices-MODEL.md`, so that anyone can judge.
"""

from __future__ import annotations

import argparse
import platform
from collections import Counter
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from tqdm import tqdm

from mascot.conversation.events import Directive, Opened, UserSaid
from mascot.conversation.personas import Cast, load_cast
from mascot.conversation.transcript import Transcript, fold
from mascot.corpora.situations import Situation, situations
from mascot.engines.base import Engine
from mascot.engines.embedding import Embedder, MiniLM
from mascot.engines.models import EMBEDDED_EMBEDDER
from mascot.engines.select import select_engine
from mascot.live.speaker import Report, Speaker
from mascot.settings import read_settings
from mascot.studio import manner

Answers = dict[str, dict[str, str]]
"""Text by situation and persona."""


def answers(
    engine: Engine, cast: Cast, embedder: Embedder, chosen: tuple[Situation, ...]
) -> tuple[Answers, Report]:
    """Every persona's answer to every situation, each after the ones before it; and what all of it cost."""
    speaker = Speaker(engine, cast, manner(engine), embedder)
    total = Report()
    found: Answers = {}
    for place, situation in enumerate(tqdm(chosen, unit="situation", disable=None)):
        opened = Opened(cast=cast.ids, policy="model", seed=place, max_turns=len(cast))
        transcript = fold([opened, UserSaid(text=situation.text)])
        found[situation.id] = {}
        for persona in cast:
            directive = _directive(cast, persona.id, place)
            transcript, text = _say(speaker, transcript, directive, total)
            found[situation.id][persona.id] = text
    return found, total


def _directive(cast: Cast, agent: str, place: int) -> Directive:
    """The actions and tones of the repertoire in turn: the speakers are shown here, not the director."""
    persona = cast[agent]
    action = persona.repertoire[place % len(persona.repertoire)]
    return Directive(agent=agent, action=action, tone=persona.tones[place % len(persona.tones)], score=1.0)


def _say(
    speaker: Speaker, transcript: Transcript, directive: Directive, total: Report
) -> tuple[Transcript, str]:
    report = Report()
    text = "".join(speaker.speak(transcript, directive, report, "voices"))
    total.tokens += report.tokens
    total.seconds += report.seconds
    total.caught += report.caught
    if text:
        transcript = transcript.after(directive).after(report.utterance(directive.agent, text))
    return transcript, text


def figures(found: Answers, chosen: tuple[Situation, ...], embedder: Embedder) -> dict[str, float]:
    """Rough measures by embedding; they say whether the words fit, not whether they help.

    to_the_point: share of answers nearer to their own situation than to three others, chance 0.25.
    overlap: mean cosine between the personas' answers to one situation.
    """
    asked = embedder.encode([situation.text for situation in chosen])
    right = total = 0
    overlaps = []
    for place, situation in enumerate(chosen):
        texts = [text for text in found[situation.id].values() if text]
        vectors = embedder.encode(texts)
        others = [(place + step) % len(chosen) for step in (0, 5, 9, 14)]
        right += int((np.argmax(vectors @ asked[others].T, axis=1) == 0).sum())
        total += len(texts)
        likeness = vectors @ vectors.T
        overlaps.append(float(likeness[np.triu_indices(len(texts), 1)].mean()))
    return {"to_the_point": right / total, "overlap": float(np.mean(overlaps))}


def page(found: Answers, chosen: tuple[Situation, ...], cast: Cast, engine: Engine, lines: list[str]) -> str:
    """The answers as Markdown."""
    info = engine.info
    head = [f"# Twenty situations, four voices: {info.model}", "", *lines, ""]
    body = []
    for place, situation in enumerate(chosen):
        body += [f"## {situation.theme.capitalize()}", "", f"> {situation.text}", ""]
        for persona in cast:
            action = _directive(cast, persona.id, place).action
            body += [
                f"**{persona.name}** ({action}): {found[situation.id][persona.id] or '*(nothing passed)*'}",
                "",
            ]
    return "\n".join([*head, *body]).rstrip() + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description="Publish what the personas say, unedited.")
    parser.add_argument("--out", type=Path, default=Path("docs/results"))
    parser.add_argument("--limit", type=int, default=20)
    options = parser.parse_args()
    settings = read_settings()
    cast, embedder = load_cast(), MiniLM(settings.models / EMBEDDED_EMBEDDER)
    engine = select_engine(settings)
    chosen = situations()[: options.limit]
    found, report = answers(engine, cast, embedder, chosen)
    measured = figures(found, chosen, embedder)
    spoken = sum(bool(text) for texts in found.values() for text in texts.values())
    lines = [
        f"Made by `python -m tests.slow.voices` on {datetime.now(UTC):%Y-%m-%d}, {platform.machine()}, "
        f"engine {engine.info.engine}, {engine.info.quantization}. Nothing was edited or left out.",
        "",
        f"{spoken} answers; {measured['to_the_point']:.0%} are nearer (MiniLM) to their own situation than "
        f"to three others (chance 25 %), mean cosine between voices of a round {measured['overlap']:.2f}; "
        f"{report.seconds / spoken:.1f} s and {report.tokens / spoken:.0f} tokens per answer, all candidates "
        f"counted; guards caught {_counted(report.caught)}.",
    ]
    name = engine.info.model.lower().removesuffix(".gguf").replace("/", "-")
    options.out.mkdir(parents=True, exist_ok=True)
    (options.out / f"voices-{name}.md").write_text(page(found, chosen, cast, engine, lines), "utf-8")
    engine.close()


def _counted(caught: Counter[str]) -> str:
    return ", ".join(f"{name} {count}" for name, count in sorted(caught.items())) or "nothing"


if __name__ == "__main__":
    main()
