"""AutoGen's SelectorGroupChat and our turns, on the same model, the same server and the same conversation.

Both speak to bare llama.cpp servers with the same settings, through a proxy that counts calls and prompt
tokens, sent and read; ours also runs on our own llama.cpp engine, as in the app. AutoGen lives in an
environment of its own.
"""

from __future__ import annotations

import json
import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from mascot.bench.material import History, card, history
from mascot.bench.measure import Figure, Say
from mascot.bench.server import Call, Counted
from mascot.conversation.events import Directive
from mascot.conversation.layout import speak
from mascot.conversation.personas import Cast
from mascot.conversation.transcript import PERSON, Turn
from mascot.director.base import Decision
from mascot.director.model import ModelDirector
from mascot.director.rules import legal
from mascot.engines.base import Engine, Request, Sampling, collect
from mascot.errors import EngineError

AUTOGEN, OURS, OURS_EMBEDDED = "AutoGen", "ours, same kind of server", "ours, own engine"
SECONDS, CALLS, SENT, READ, VALID, SELECTOR_CALLS = (
    "seconds per turn",
    "calls per turn",
    "prompt tokens sent per turn",
    "prompt tokens read per turn",
    "valid selections",
    "selector calls per turn",
)
PACKAGES = ("autogen-agentchat==0.7.5", "autogen-ext[openai]==0.7.5")
_MAX_TOKENS = 40
"""Of an utterance; AutoGen has one bound for speakers and selector."""


@dataclass(frozen=True)
class Taken:
    """One turn and what it cost."""

    seconds: float
    valid: bool
    """Whether someone was selected by what the model said, and not for want of it."""
    selector_calls: int
    """Calls of AutoGen's selector; our director's are among `calls` only."""
    calls: tuple[Call, ...]
    """What the proxy saw; none for an engine of our own."""


def environment(home: Path, say: Say) -> Path:
    """The Python of AutoGen's environment, made where it is missing.

    Raises:
        EngineError: it cannot be made; the last line says why.
    """
    folder = home / "bench" / "autogen-venv"
    python, ready = folder / "bin" / "python", folder / "ready"
    if ready.is_file() and ready.read_text() == "\n".join(PACKAGES):
        return python
    say(f"making an environment for {PACKAGES[0]} in {folder}")
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(folder)],
        [str(python), "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES],
    ):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:] or ["no reason given"]
            raise EngineError(f"AutoGen cannot be installed into {folder}: {last[0]}")
    ready.write_text("\n".join(PACKAGES))
    return python


def autogen_turns(python: Path, counted: Counted, talk: History, cast: Cast, turns: int) -> list[Taken]:
    """Let AutoGen go on with a talk.

    Raises:
        EngineError: it failed; with its last line.
    """
    script = Path(__file__).with_name("autogen_round.py")
    with subprocess.Popen(
        [str(python), "-P", str(script)],  # this folder's modules would hide AutoGen's
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        process.stdin.write(json.dumps(job_of(f"{counted.url}/v1", talk, cast, turns)))
        process.stdin.close()
        taken = [_taken(json.loads(line), counted) for line in process.stdout]
        said = process.stderr.read().strip().splitlines()[-1:] or ["it said nothing"]
    if process.returncode or len(taken) != turns:
        raise EngineError(f"AutoGen failed: {said[0]}")
    return taken


def _taken(line: dict[str, Any], counted: Counted) -> Taken:
    return Taken(line["seconds"], line["valid"], line["asked"], _calls(counted))


def _calls(counted: Counted | None) -> tuple[Call, ...]:
    """The calls since the last turn."""
    calls = tuple(counted.calls) if counted else ()
    if counted:
        counted.calls.clear()
    return calls


def job_of(base_url: str, talk: History, cast: Cast, turns: int) -> dict[str, Any]:
    """What `autogen_round` reads. AutoGen's names are identifiers."""
    names = {persona.id: persona.name.replace(" ", "_").replace("-", "_") for persona in cast}
    said = talk.transcript.heard
    return {
        "base_url": base_url,
        "personas": [
            {"name": names[persona.id], "description": persona.summary, "card": card(persona)}
            for persona in cast
        ],
        "history": [{"source": names.get(turn.speaker, PERSON), "text": turn.text} for turn in said],
        "turns": turns,
        "max_tokens": _MAX_TOKENS,
    }


def our_turns(engine: Engine, counted: Counted | None, talk: History, cast: Cast, turns: int) -> list[Taken]:
    """Go on with the same talk by our director and our speaker's prompt."""
    director, transcript = ModelDirector(engine), talk.transcript
    taken: list[Taken] = []
    for number in range(turns):
        started = time.perf_counter()
        moves = replace(legal(replace(transcript, round=()), cast), may_yield=False)  # nobody answers AutoGen
        decision = director.decide(transcript, cast, moves, "bench/autogen")
        assert decision.agent is not None
        sampling = Sampling(max_tokens=_MAX_TOKENS, seed=number)
        prompt = speak(transcript, cast, directive_of(decision), "adapter")
        text = collect(engine.stream(Request(prompt, sampling, "bench/autogen"))).text
        taken.append(Taken(time.perf_counter() - started, True, 0, _calls(counted)))
        said = Turn(decision.agent, text.strip() or "…")
        transcript = replace(transcript, turns=(*transcript.turns, said))
    return taken


def directive_of(decision: Decision) -> Directive:
    """The event that a decision for a persona becomes."""
    return Directive(
        agent=decision.agent or "", action=decision.action, tone=decision.tone, score=decision.score
    )


def figures(who: str, turns: Sequence[Taken], tokens: int) -> list[Figure]:
    """What a contender's turns cost; calls and tokens only where a proxy has counted them."""
    found = [Figure(f"{who}: {SECONDS}", tuple(turn.seconds for turn in turns), "s", tokens)]
    if any(turn.calls for turn in turns):
        sent = tuple(float(sum(call.prompt_tokens for call in turn.calls)) for turn in turns)
        read = tuple(float(sum(call.read_tokens for call in turn.calls)) for turn in turns)
        calls = tuple(float(len(turn.calls)) for turn in turns)
        found += [
            Figure(f"{who}: {name}", samples, "", tokens)
            for name, samples in ((CALLS, calls), (SENT, sent), (READ, read))
        ]
    valid = 100 * sum(turn.valid for turn in turns) / len(turns)
    found.append(Figure(f"{who}: {VALID}", (valid,), "%", tokens))
    if any(turn.selector_calls for turn in turns):
        asked = tuple(float(turn.selector_calls) for turn in turns)
        found.append(Figure(f"{who}: {SELECTOR_CALLS}", asked, "", tokens))
    return found


def compared(
    python: Path,
    counted: Counted,
    counted_ours: Counted,
    remote: Engine,
    embedded: Engine,
    cast: Cast,
    tokens: int,
    turns: int,
    say: Say,
) -> list[Figure]:
    """AutoGen, ours over a server like its own, and ours on our own engine, one after another.

    Each goes on with the same talk for one turn more than is measured: in the first the talk itself is read.

    Args:
        counted: the proxy before the server that AutoGen speaks to.
        counted_ours: the one before its twin, that `remote` speaks to.
    """
    talk = history(tokens, cast, embedded.count)
    contenders = {
        AUTOGEN: lambda: autogen_turns(python, counted, talk, cast, turns + 1),
        OURS: lambda: our_turns(remote, counted_ours, talk, cast, turns + 1),
        OURS_EMBEDDED: lambda: our_turns(embedded, None, talk, cast, turns + 1),
    }
    found: list[Figure] = []
    for who, take in contenders.items():
        for proxy in (counted, counted_ours):
            proxy.calls.clear()
        news = figures(who, take()[1:], tokens)
        say(", ".join(f"{figure.what} {figure.median:.2f} {figure.unit}".strip() for figure in news))
        found += news
    return found
