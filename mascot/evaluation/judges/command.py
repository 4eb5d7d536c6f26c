"""`python -m mascot judge`: measure judges against experts, and let them judge a run.

card       a judge's report card, from the ratings of experts
run        a judge's verdicts on the dialogues of a run
bias       whether a judge prefers what stands first, and what it wrote itself
train      the empathy judge
"""

from __future__ import annotations

import argparse
from pathlib import Path

from mascot.commandline import count
from mascot.evaluation.voices_command import need_packages

CARDS = Path("docs/results/judges")


def add_command(commands: argparse._SubParsersAction) -> None:
    """Add `judge` and what it can do."""
    judge = commands.add_parser("judge", help="judges: their report cards, their verdicts, their biases")
    parts = judge.add_subparsers(required=True, metavar="PART")
    card = parts.add_parser("card", help="how well a judge agrees with experts")
    _add_judge(card)
    _add_data(card)
    card.add_argument("--limit", type=count, metavar="N", help="at most N conversations of each source")
    card.add_argument("--kept", type=Path, metavar="DIR", help="finished verdicts (.mascot/judges)")
    card.set_defaults(run=_card)
    run = parts.add_parser("run", help="verdicts on the dialogues of `evaluate`")
    run.add_argument("folder", type=Path, metavar="DIR", help="the run")
    _add_judge(run)
    run.add_argument("--limit", type=count, metavar="N", help="at most N dialogues of each system")
    run.add_argument(
        "--utterances", type=_number, default=1, metavar="N", help="judged of each dialogue (1; 0 is all)"
    )
    run.set_defaults(run=_run)
    bias = parts.add_parser("bias", help="does it prefer what stands first, and what it wrote itself?")
    _add_judge(bias)
    bias.add_argument("--limit", type=count, default=40, metavar="N", help="pairs (40)")
    bias.add_argument("--out", type=Path, default=CARDS, metavar="DIR", help="where it goes")
    bias.set_defaults(run=_bias)
    train = parts.add_parser("train", help="the empathy judge: weights and card")
    _add_data(train)
    train.set_defaults(run=_train)


def _add_judge(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "--judge",
        action="append",
        required=True,
        metavar="NAME[=MODEL[@URL]]",
        help="empathy is the trained one, any other name an engine; several may be given",
    )
    parser.add_argument("--written", action="store_true", help="ask for a written rating, not probabilities")
    parser.add_argument("--at-once", type=count, default=1, metavar="N", help="cases at a time (1)")


def _add_data(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--data", type=Path, required=True, metavar="DIR", help="`empathic_judging`")
    parser.add_argument("--out", type=Path, default=CARDS, metavar="DIR", help="where it goes")


def _number(text: str) -> int:
    return 0 if text == "0" else count(text)


def _card(options: argparse.Namespace) -> int:
    need_packages()
    from mascot.evaluation.judges.card_run import run

    return run(options)


def _run(options: argparse.Namespace) -> int:
    need_packages()
    from mascot.evaluation.judges.run import judge_run
    from mascot.settings import read_settings

    judge_run(
        options.folder,
        options.judge,
        read_settings(),
        options.limit,
        options.utterances,
        options.at_once,
        "answer" if options.written else "probabilities",
    )
    return 0


def _bias(options: argparse.Namespace) -> int:
    need_packages()
    from mascot.evaluation.judges.bias_run import run

    return run(options)


def _train(options: argparse.Namespace) -> int:
    need_packages()
    from mascot.evaluation.judges.card_run import run_train

    return run_train(options)
