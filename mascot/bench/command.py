"""`python -m mascot bench`."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from mascot.errors import SettingsError


def add_command(commands: argparse._SubParsersAction[Any]) -> None:
    """Add `bench` to the command line."""
    bench = commands.add_parser("bench", help="measure what it costs to be many, beside others")
    bench.add_argument("--quick", action="store_true", help="less of everything, in about three minutes")
    bench.add_argument(
        "--only", action="append", metavar="PART", help="one part, for instance first-token/llamacpp or app"
    )
    bench.add_argument(
        "--json", type=Path, default=Path("docs/results/bench.json"), metavar="FILE", help="where figures go"
    )
    bench.set_defaults(run=_bench)


def _bench(options: argparse.Namespace) -> int:
    try:
        from mascot.bench.session import run_bench
    except ModuleNotFoundError as error:
        raise SettingsError(f"the benchmark needs {error.name}: run `make setup-dev`") from None
    return run_bench(options)
