"""The small studies on a real server: `python -m tests.ui.study_server FOLDER [--port 7871]`."""

from __future__ import annotations

import argparse
import threading
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from annotations.store import Store
from mascot.conversation.personas import load_cast
from mascot.engines.scripted import ScriptedEngine
from mascot.evaluation.systems import System, make_system
from mascot.live import pacing
from mascot.live.speaker import INSTRUCTED
from mascot.safety.recogniser import CrisisRecogniser
from mascot.settings import Settings
from studies.design.reading import Design, read_design
from studies.design.study import Arm
from studies.flow.flow import Flow
from studies.flow.journal import FlowJournal
from studies.flow.talks import Talks
from studies.prepare.run import prepare
from studies.web.live import room
from studies.web.routes import StudyRoutes
from studies.web.serving import Place, open_served
from tests.ui import study_files

TOKEN = "token-of-the-desk"
WORDS = (
    "That sounds heavy, and you have been carrying it for quite some time.",
    "What do you know for certain here, and where are you guessing?",
    "You already did something brave today when you wrote it down.",
    "A short walk before supper might clear some room in your head.",
    "The silence after such a call can feel longer than the call.",
    "Which part of this would still matter to you in one year?",
)
"""What is said in talks. (The other test server's are not imported: Gradio would come along, each time.)"""


def open_flow(design: Design, settings: Settings) -> Flow:
    """A study, prepared if it is not."""
    place = Place.of(design, settings)
    place.folder.mkdir(parents=True, exist_ok=True)
    with Store.open(place.url) as store:
        prepare(design, store, place.dialogues, settings, _no_model, lambda _arm: None)
    if design.study.dialogues.live is None:
        return Flow(open_served(design, place, settings))
    cast = load_cast()
    rooms = {
        arm: room(
            make_system(arm, ScriptedEngine(WORDS), cast, INSTRUCTED, "round-robin"),
            place,
            CrisisRecogniser(None),
            "round-robin",
            2,
        )
        for arm in design.study.arms
    }
    names = {persona.id: persona.name for persona in cast}

    def talks(store: Store, journal: FlowJournal) -> Talks:
        return Talks(design, store, journal, rooms, names, threading.Lock())

    return Flow(open_served(design, place, settings, talks=talks))


def _no_model(name: str, arm: Arm) -> System:
    raise AssertionError(f"the dialogues of {name} ({arm}) are finished")


def main() -> None:
    pacing.WORDS_PER_SECOND = 14.0  # quick readers, so that a test is over soon
    parser = argparse.ArgumentParser()
    parser.add_argument("home", type=Path)
    parser.add_argument("--port", type=int, default=0)
    options = parser.parse_args()
    settings = Settings(home=options.home)
    designs = [read_design(path) for path in study_files.write(options.home)]
    flows = {design.study.id: open_flow(design, settings) for design in designs}
    routes = StudyRoutes(flows, TOKEN).all
    config = uvicorn.Config(
        Starlette(routes=routes), port=options.port, log_level="warning", access_log=False
    )
    socket = config.bind_socket()
    socket.listen()  # whoever reads the address may come before the server's own thread has got that far
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, kwargs={"sockets": [socket]})
    thread.start()
    print(f"studies: http://127.0.0.1:{socket.getsockname()[1]}", flush=True)
    thread.join()


if __name__ == "__main__":
    main()
