"""The studio as the browser tests see it: everything real but the model, which says what is written here.

python -m tests.ui.server FOLDER [--port 7861] [--places 1] [--delay 0.4] [--public] [--messages 3]
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable
from pathlib import Path

from starlette.routing import Route

from annotations.store import Store
from app import doors
from mascot.conversation.personas import load_cast
from mascot.engines.base import Request
from mascot.engines.scripted import ScriptedEngine
from mascot.house import House
from mascot.live import pacing
from mascot.live.journal import Journal
from mascot.live.keeping import Keeping
from mascot.live.limits import Allowance, Limits
from mascot.live.service import Defaults, Live, Room
from mascot.live.speaker import INSTRUCTED, Speaker
from mascot.safety.recogniser import CrisisRecogniser
from mascot.settings import Settings
from mascot.studio import Studio
from mascot.ui.keeping import KeepingRoutes
from mascot.ui.page import serve
from studies.web.ratings import ratings_url

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


def live(home: Path, places: int = 8, delay: float = 0.0, messages: int = 0) -> Live:
    """A table of the paper's four who answer in order, two per round."""
    cast, engine = load_cast(), ScriptedEngine(script(), delay=delay)
    speaker = Speaker(engine, cast, INSTRUCTED)
    return Live(
        Journal(f"sqlite:///{home / 'mascot.db'}"),
        cast,
        engine,
        speaker,
        CrisisRecogniser(None),
        Defaults(policy="round-robin", max_turns=2),
        Room(places),
        Limits(Allowance(messages_per_hour=messages)),
    )


def main() -> None:
    pacing.WORDS_PER_SECOND = 14.0  # quick readers, so that a test is over soon and words still arrive singly
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--places", type=int, default=8, help="turns made at the same time")
    parser.add_argument("--delay", type=float, default=0.0, help="seconds that the engine takes for a word")
    parser.add_argument("--messages", type=int, default=0, help="of one visitor in an hour")
    parser.add_argument("--public", action="store_true", help="as a public demo: copies, expiry, donations")
    options = parser.parse_args()
    table = live(options.home, options.places, options.delay, options.messages)
    settings = Settings(home=options.home, port=options.port, mcp=True)
    more = public(table, settings) if options.public else KeepingRoutes(Keeping()).all
    with Store.open(ratings_url(settings)) as ratings:
        serve(table, settings, doors(table, ratings, more))


def public(table: Live, settings: Settings) -> list[Route]:
    """What a public demo has behind the page."""
    engine = ScriptedEngine(script())
    studio = Studio(table, engine, Journal(settings.store_url))
    archive = str(settings.home / "archive")
    changes = {"archive": archive, "archive_seconds": 0.2, "retention_days": 30, "donations": True}
    return KeepingRoutes(House(studio, settings.model_copy(update=changes)).keeping).all


if __name__ == "__main__":
    main()
