"""`python -m mascot voices`: hold rounds with several systems, measure them, read them side by side.

run        hold what is missing, resumably, and write the report of all figures
director   each policy's moves beside those of held-out expert dialogues
sheet      a blind sheet of pairs and its key
score      count a filled sheet
curve      the learning curve out of a report
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mascot.commandline import count
from mascot.errors import InputError

_RESULTS = Path("docs/results")


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add `voices` and what it can do."""
    voices = commands.add_parser("voices", help="measure what the personas say, systems side by side")
    parts = voices.add_subparsers(required=True, metavar="PART")
    _add_run(parts.add_parser("run", help="hold rounds, measure them, write the report"))
    _add_director(parts.add_parser("director", help="policies beside held-out expert directives"))
    _add_sheet(parts.add_parser("sheet", help="a blind sheet of pairs to read, and its key"))
    _add_score(parts.add_parser("score", help="count a filled sheet"))
    _add_curve(parts.add_parser("curve", help="the learning curve out of a report"))


def _add_run(run: argparse.ArgumentParser) -> None:
    _add_systems(run)
    run.add_argument("--ed", type=Path, metavar="CSV", help="EmpatheticDialogues; its text is never written")
    run.add_argument("--ed-limit", type=count, default=100, metavar="N", help="first messages of it (100)")
    run.add_argument("--limit", type=count, metavar="N", help="at most N situations of each source of ours")
    run.add_argument("--turns", type=count, default=4, metavar="N", help="persona turns of a round (4)")
    run.add_argument("--policy", default="round-robin", help="who directs (round-robin: everyone once)")
    run.add_argument("--candidates", type=count, metavar="N", help="for each utterance; else as the app")
    run.add_argument("--at-once", type=count, default=4, metavar="N", help="rounds held at a time (4)")
    run.add_argument(
        "--shown", type=count, default=20, metavar="N", help="conversations of each source shown"
    )
    _add_places(run)
    run.set_defaults(run=_run)


def _add_director(director: argparse.ArgumentParser) -> None:
    _add_systems(director)
    director.add_argument("--split", choices=("dev", "test"), default="test", help="which dialogues (test)")
    director.add_argument("--limit", type=count, metavar="N", help="at most N dialogues")
    director.add_argument("--out", type=Path, default=_RESULTS, metavar="DIR", help="where the report goes")
    director.set_defaults(run=_director)


def _add_sheet(sheet: argparse.ArgumentParser) -> None:
    sheet.add_argument("first", help="name of a system held before")
    sheet.add_argument("second", help="name of another one")
    sheet.add_argument("--pairs", type=count, default=60, metavar="N")
    sheet.add_argument("--seed", type=int, default=1, metavar="S")
    _add_places(sheet)
    sheet.set_defaults(run=_sheet)


def _add_score(score: argparse.ArgumentParser) -> None:
    score.add_argument("sheet", type=Path, help="the filled sheet")
    score.add_argument("key", type=Path, help="its key")
    score.add_argument("--system", required=True, metavar="NAME", help="from whose side it is counted")
    score.set_defaults(run=_score)


def _add_curve(curve: argparse.ArgumentParser) -> None:
    curve.add_argument("--report", type=Path, default=_RESULTS / "voices.json", metavar="JSON")
    curve.add_argument(
        "--point",
        action="append",
        required=True,
        type=_point,
        metavar="PERCENT=SYSTEM",
        help="a system of the report and the share of the corpus that it learned from; give several",
    )
    curve.add_argument("--out", type=Path, default=_RESULTS, metavar="DIR", help="where it goes")
    curve.set_defaults(run=_curve)


def _add_systems(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--system",
        action="append",
        required=True,
        type=_system,
        metavar="NAME[=ADAPTERS]",
        help="a name and the folder of its adapters, none for the model as it is; the first is compared with",
    )


def _add_places(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--kept", type=Path, metavar="DIR", help="finished rounds (.mascot/voices)")
    parser.add_argument("--out", type=Path, default=_RESULTS, metavar="DIR", help="where the report goes")


def _system(text: str) -> tuple[str, Path | None]:
    name, _, folder = text.partition("=")
    if not name.replace("-", "").replace("_", "").isalnum() or name == "experts":
        raise argparse.ArgumentTypeError(f"{name!r} is no name of a system: letters, digits and - only")
    return name, Path(folder) if folder else None


def _point(text: str) -> tuple[float, str]:
    percent, _, name = text.partition("=")
    try:
        return float(percent), name
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is not of the form 25=NAME") from None


def _run(options: argparse.Namespace) -> int:
    need_packages()
    from mascot.evaluation.voices_run import run

    return run(options)


def _director(options: argparse.Namespace) -> int:
    need_packages()
    from mascot.evaluation.director_run import run

    return run(options)


def _sheet(options: argparse.Namespace) -> int:
    need_packages()
    from mascot.evaluation.reading import write_sheet

    return write_sheet(options)


def _score(options: argparse.Namespace) -> int:
    need_packages()
    from mascot.evaluation.reading import print_score

    return print_score(options)


def _curve(options: argparse.Namespace) -> int:
    need_packages()
    from mascot.evaluation.reading import write_curve

    return write_curve(options)


def need_packages() -> None:
    """The app does without scikit-learn, SciPy and matplotlib; measuring does not."""
    from importlib.util import find_spec

    missing = [name for name in ("scipy", "sklearn", "matplotlib") if find_spec(name) is None]
    if missing:
        raise InputError(f"measuring needs {', '.join(missing)}: run `make setup-dev` first")
