"""The command line: `python -m mascot COMMAND`.

A mistake of the user's is one line on standard error and exit code 2.
"""

from __future__ import annotations

import argparse
import io
import json
import logging
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from mascot import __version__
from mascot.adapters.command import add_command as add_adapters
from mascot.alignment.command import add_command as add_align
from mascot.alignment.rewards.hub_command import add_command as add_rewards
from mascot.bench.command import add_command as add_bench
from mascot.characters.command import export_card, import_card
from mascot.commandline import OneLineParser, exit_code
from mascot.conversation.events import Crisis
from mascot.conversation.personas import Persona, load_card, load_cast
from mascot.director.select import POLICIES
from mascot.doctor import examine
from mascot.engines.embedding import MiniLM
from mascot.engines.models import EMBEDDED_EMBEDDER
from mascot.engines.threads import spin_briefly
from mascot.evaluation.evaluate_command import add_command as add_evaluate
from mascot.evaluation.judges.command import add_command as add_judge
from mascot.evaluation.report.command import add_command as add_report
from mascot.evaluation.voices_command import add_command as add_voices
from mascot.live.service import Defaults
from mascot.live.terminal import converse
from mascot.safety.command import run_safety
from mascot.safety.message import crisis_message
from mascot.safety.recogniser import CrisisRecogniser
from mascot.settings import Settings, read_settings
from mascot.spaces.command import add_command as add_space
from mascot.studio import open_studio


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    spin_briefly()
    options = _parser().parse_args(arguments)
    logging.basicConfig(level=logging.WARNING, format="%(levelname)s %(name)s: %(message)s")
    # It warns of an optional package whenever something imports it, 4 bits or not.
    logging.getLogger("bitsandbytes.backends.cpu.ops").setLevel(logging.ERROR)
    return exit_code("mascot", lambda: options.run(options))


def _chat(options: argparse.Namespace) -> int:
    with tempfile.TemporaryDirectory(prefix="mascot-chat-") as folder:
        settings = read_settings().model_copy(update={"store": f"sqlite:///{Path(folder, 'chat.db')}"})
        max_turns = options.turns or settings.max_turns
        studio = open_studio(settings, Defaults(options.policy or settings.policy, max_turns, "immediate"))
        try:
            if studio.notice:
                print(f"mascot: {studio.notice}", file=sys.stderr)
            id = studio.live.open("terminal", options.seed)
            messages = options.say or _typed()
            calm = converse(studio.live, id, messages, options.turns, _line, options.json)
            if not calm and not options.json:
                _show_help(next(e.event.kind for e in studio.live.entries(id) if isinstance(e.event, Crisis)))
        finally:
            studio.close()
    return 0


def _show_help(kind: str) -> None:
    message = crisis_message(kind)
    print(f"\n{message.title}\n{message.text}")
    for line in message.lines:
        print("  " + ", ".join(part for part in (line.name, line.phone, line.text, line.url) if part))


def _typed() -> Iterator[str]:
    """What is typed, line by line, until the end of input."""
    while True:
        try:
            text = input("\n> " if sys.stdin.isatty() else "")
        except EOFError:
            return
        if text.strip():
            yield text


def _line(text: str) -> None:
    print(text, flush=True)


def _safety(options: argparse.Namespace) -> int:
    if isinstance(sys.stdin, io.TextIOWrapper):
        sys.stdin.reconfigure(encoding="utf-8", errors="replace")
    recogniser = CrisisRecogniser(MiniLM(read_settings().models / EMBEDDED_EMBEDDER))
    for verdict in run_safety(sys.stdin, recogniser, options.json):
        print(verdict, flush=True)
    return 0


def _personas(options: argparse.Namespace) -> int:
    if options.check is not None:
        persona = load_card(options.check)
        print(f"{options.check}: {persona.name}, {persona.role}: this card can be used")
        return 0
    folder = read_settings().home / "personas"
    if options.read is not None:
        for line in import_card(options.read, options.out or folder):
            print(line)
        return 0
    if options.export is not None:
        persona, file = options.export
        print(export_card(load_cast(folder)[persona], folder, Path(file)))
        return 0
    for persona in load_cast(folder):
        print(_described(persona))
    print(f"Cards of your own go into {folder}, one YAML file each.")
    return 0


def _described(persona: Persona) -> str:
    return f"{persona.id:14} {persona.name}, {persona.role}. {persona.summary}"


def _doctor(options: argparse.Namespace) -> int:
    findings = examine(read_settings())
    for finding in findings:
        print(json.dumps(finding.as_dict()) if options.json else finding.line)
    return 0 if all(finding.ok for finding in findings) else 2


def _settings_line() -> str:
    return "Settings are environment variables: " + ", ".join(
        f"MASCOT_{name.upper()}" for name in Settings.model_fields
    )


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="mascot", description="Group conversations with persona agents.", epilog=_settings_line()
    )
    parser.add_argument("--version", action="version", version=f"mascot {__version__}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    chat = commands.add_parser("chat", help="talk with the group in the terminal")
    chat.add_argument("--say", action="append", metavar="TEXT", help="a message; several are said in turn")
    chat.add_argument("--turns", type=_turns, metavar="N", help="exactly N persona turns per message")
    chat.add_argument("--seed", type=int, metavar="S", help="same seed, same conversation")
    chat.add_argument("--policy", choices=POLICIES, help="who directs")
    chat.add_argument("--json", action="store_true", help="one event per line")
    chat.set_defaults(run=_chat)

    safety = commands.add_parser("safety", help="a verdict for each message on standard input")
    safety.add_argument("--json", action="store_true", help="one verdict per line as JSON")
    safety.set_defaults(run=_safety)

    personas = commands.add_parser("personas", help="who may sit at the table")
    personas.add_argument("--check", type=Path, metavar="FILE", help="check a card")
    personas.add_argument(
        "--import", type=Path, metavar="FILE", dest="read", help="a character card: JSON, PNG, CHARX, or YAML"
    )
    personas.add_argument(
        "--out", type=Path, metavar="DIR", help="where it goes (default: the folder of yours)"
    )
    personas.add_argument(
        "--export", nargs=2, metavar=("ID", "FILE"), help="as a card: .json (V3), .png, .charx or .yaml"
    )
    personas.set_defaults(run=_personas)

    measuring = (add_voices, add_evaluate, add_judge, add_report, add_bench)
    for add in (add_adapters, add_align, add_rewards, *measuring, add_space):
        add(commands)

    doctor = commands.add_parser("doctor", help="what would be used, why, and what is missing")
    doctor.add_argument("--json", action="store_true", help="one finding per line as JSON")
    doctor.set_defaults(run=_doctor)
    return parser


def _turns(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 100")
    return int(text)
