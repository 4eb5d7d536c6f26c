"""The studio as the browser tests see it: everything real but the model, which says what is written here.

python -m tests.ui.server FOLDER
"""

from __future__ import annotations

import itertools
import sys
from collections.abc import Callable
from pathlib import Path

from mascot.conversation.personas import load_cast
from mascot.engines.base import Request
from mascot.engines.scripted import ScriptedEngine
from mascot.live import pacing
from mascot.live.journal import Journal
from mascot.live.service import Defaults, Live
from mascot.live.speaker import INSTRUCTED, Speaker
from mascot.safety.recogniser import CrisisRecogniser
from mascot.settings import Settings
from mascot.ui.page import serve

LINES = (
    "That sounds heavy, and you have been carrying it for quite some time.",
    "What do you know for certain here, and where are you guessing?",
    "You already did something brave today when you wrote it down.",
    "A short walk before supper might clear some room in your head.",
    "The silence after such a call can feel longer than the call.",
    "Which part of this would still matter to you in one year?",
    "Last winter you would have kept all of this to yourself.",
    "Write three plain sentences and sleep over them before sending anything.",
    "There is love under that anger, and both may be here.",
    "Suppose she were afraid as well; how would her week have looked?",
    "Noticing it so early is a skill that took years to grow.",
    "Ask your brother whether he would sit beside you tomorrow evening.",
)


def script() -> Callable[[Request], str]:
    """A line for each turn, another one every time."""
    lines = itertools.cycle(LINES)
    return lambda _request: next(lines)


def live(home: Path) -> Live:
    """A table of the paper's four who answer in order, two per round."""
    cast, engine = load_cast(), ScriptedEngine(script())
    speaker = Speaker(engine, cast, INSTRUCTED)
    return Live(
        Journal(f"sqlite:///{home / 'mascot.db'}"),
        cast,
        engine,
        speaker,
        CrisisRecogniser(None),
        Defaults(policy="round-robin", max_turns=2),
    )


def main() -> None:
    pacing.WORDS_PER_SECOND = 14.0  # quick readers, so that a test is over soon and words still arrive singly
    home = Path(sys.argv[1])
    serve(live(home), Settings(home=home, port=int(sys.argv[2]) if len(sys.argv) > 2 else 0))


if __name__ == "__main__":
    main()
