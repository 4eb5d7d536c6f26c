"""Many visitors at once, each with a page of their own: how long they wait, and whether anyone is forgotten.

python -m tests.slow.visitors --visitors 50 --messages 1 [--json FILE]
"""

from __future__ import annotations

import argparse
import asyncio
import json
import secrets
import tempfile
import time
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from mascot.settings import read_settings
from mascot.spaces.assemble import assemble
from mascot.spaces.trial import started

ROOT = Path(__file__).parents[2]
SAID = (
    "My best friend got engaged, and I feel jealous.",
    "I snapped at my mother on the phone and she has not picked up since.",
    "My exam is in two weeks and I have not opened the book.",
    "I moved here four months ago and still eat dinner alone.",
    "A colleague got the promotion that I was told was mine.",
)


@dataclass
class Visit:
    """What one visitor went through; seconds per message."""

    first_word: list[float] = field(default_factory=list)
    """Until the first words of an answer stood on the page."""
    whole_round: list[float] = field(default_factory=list)
    """Until the floor was the visitor's again."""
    utterances: int = 0
    place: int = 0
    """The furthest back in line they were told to be."""
    errors: list[str] = field(default_factory=list)


async def visit(address: str, n: int, messages: int, patience: float, pace: str = "reading") -> Visit:
    """Open a page, talk, and leave; whatever goes wrong is noted."""
    seen = Visit()
    owner = {"X-Mascot-Owner": secrets.token_hex(16)}
    try:
        async with (
            httpx.AsyncClient(base_url=address, headers=owner, timeout=patience) as page,
            asyncio.timeout(patience),
        ):
            (await page.get("/live/table")).raise_for_status()
            opened = await page.post("/live/conversations")
            id = opened.raise_for_status().json()["id"]
            if pace != "reading":
                await page.post(f"/live/conversations/{id}/act", json={"do": "pace", "pace": pace})
            for m in range(messages):
                await _message(page, id, SAID[(n + m) % len(SAID)], seen)
    except (httpx.HTTPError, TimeoutError, AssertionError) as error:
        seen.errors.append(f"{type(error).__name__}: {error}")
    return seen


async def _message(page: httpx.AsyncClient, id: str, text: str, seen: Visit) -> None:
    said = await page.post(f"/live/conversations/{id}/say", json={"text": text, "key": secrets.token_hex(8)})
    began, after = time.monotonic(), said.raise_for_status().json()["seq"]
    first = 0.0
    async with page.stream("GET", f"/live/conversations/{id}/events?after={after}") as events:
        name = ""
        async for line in events.aiter_lines():
            if line.startswith("event: "):
                name = line.removeprefix("event: ")
            elif not line:
                name = ""
            if not line.startswith("data: "):
                continue
            data: dict[str, Any] = json.loads(line.removeprefix("data: "))
            if name == "waiting":
                seen.place = max(seen.place, data["place"])
            kind = data["event"]["type"] if "event" in data else ""
            if kind in ("speech", "utterance") and not first:
                first = time.monotonic() - began
            seen.utterances += kind == "utterance"
            if kind == "yield":
                assert data["event"]["reason"] != "failure", data["event"]["line"]
                break
    seen.first_word.append(first)
    seen.whole_round.append(time.monotonic() - began)


async def crowd(address: str, visitors: int, messages: int, patience: float, pace: str) -> list[Visit]:
    """All of them at the same moment."""
    return list(await asyncio.gather(*(visit(address, n, messages, patience, pace) for n in range(visitors))))


def figures(visits: list[Visit], seconds: float) -> dict[str, Any]:
    """What is published: quantiles over all messages of all visitors."""

    def spread(values: list[float]) -> dict[str, float]:
        quantiles = np.quantile(values or [0.0], [0.5, 0.9, 1.0])
        return dict(zip(("median", "p90", "longest"), (round(float(q), 1) for q in quantiles), strict=True))

    answered = [visit for visit in visits if visit.utterances]
    return {
        "visitors": len(visits),
        "errors": [error for visit in visits for error in visit.errors],
        "visitors without an answer": len(visits) - len(answered),
        "utterances": sum(visit.utterances for visit in visits),
        "seconds in all": round(seconds, 1),
        "seconds to the first word": spread([s for visit in visits for s in visit.first_word]),
        "seconds to the end of the round": spread([s for visit in visits for s in visit.whole_round]),
        "furthest place in line": max(visit.place for visit in visits),
    }


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--visitors", type=int, default=50)
    parser.add_argument("--messages", type=int, default=1)
    parser.add_argument("--patience", type=float, default=500.0)
    parser.add_argument("--port", type=int, default=7860)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    # All come from one address here, so what one visitor may ask is lifted; everything else is a Space's.
    lifted = {"MASCOT_MESSAGES_PER_HOUR": "0", "MASCOT_CONVERSATIONS_PER_HOUR": "0"}
    with tempfile.TemporaryDirectory() as folder:
        assemble(ROOT, Path(folder, "space"), "cpu")
        with started(Path(folder, "space"), read_settings().models, options.port, lifted) as space:
            began = time.monotonic()
            visits = asyncio.run(
                crowd(space.address, options.visitors, options.messages, options.patience, "reading")
            )
            found = figures(visits, time.monotonic() - began)
    if options.json:
        options.json.write_text(json.dumps(found | {"visits": [asdict(v) for v in visits]}, indent=1) + "\n")
    print(json.dumps(found, indent=1))


if __name__ == "__main__":
    main()
