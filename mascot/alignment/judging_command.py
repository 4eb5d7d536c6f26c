"""`python -m mascot align sample` and `align judge`: answers drawn, and preferences of a judge among them."""

from __future__ import annotations

import argparse
from pathlib import Path

from mascot.alignment.options import points
from mascot.commandline import count


def add_judging_commands(ways: argparse._SubParsersAction) -> None:
    """Add both to the ways of `align`."""
    sample = ways.add_parser("sample", help="several answers of each persona in the same places")
    sample.add_argument("--adapters", type=Path, metavar="DIR", help="a folder of adapters that speak")
    sample.add_argument("--count", type=int, default=4, metavar="K", help="answers in each place (4)")
    sample.add_argument("--limit", type=count, metavar="N", help="the first N places only")
    sample.add_argument("--out", type=Path, required=True, metavar="FILE", help="goes on with what is there")
    sample.set_defaults(run=_sample)
    judge = ways.add_parser("judge", help="preferences among samples, by a judge")
    judge.add_argument("samples", type=Path, metavar="FILE", help="what `align sample` left")
    judge.add_argument(
        "--judge", default="empathy", metavar="NAME[=MODEL[@URL]]", help="as `mascot judge` (empathy)"
    )
    judge.add_argument("--written", action="store_true", help="ask for a written rating, not probabilities")
    judge.add_argument(
        "--delta", type=points, default=0.5, help="points between the aggregates of a pair (0.5)"
    )
    judge.add_argument(
        "--known", type=count, default=40, metavar="N", help="known pairs it is measured on (40)"
    )
    judge.add_argument("--at-once", type=count, default=1, metavar="N", help="cases at a time (1)")
    judge.add_argument("--out", type=Path, required=True, metavar="DIR", help="goes on with what is there")
    judge.set_defaults(run=_judge)


def _sample(options: argparse.Namespace) -> int:
    from mascot.alignment.judging_session import run_sample

    return run_sample(options)


def _judge(options: argparse.Namespace) -> int:
    from mascot.alignment.judging_session import run_judge

    return run_judge(options)
