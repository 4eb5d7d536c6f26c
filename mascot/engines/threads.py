"""How the threads of native libraries wait for one another."""

from __future__ import annotations

import os


def spin_briefly() -> None:
    """Have OpenMP's threads wait by spinning for microseconds, and sleep from then on.

    By default they spin for milliseconds, which costs nothing on an idle machine and nearly everything
    beside another busy process: the core that the last thread needs is burned by those that wait for it
    (docs/log.md, 2026-11-27). 1000 turns is what GNU's OpenMP itself falls back to where it sees more threads
    than cores; other processes it does not see. What the environment says already is left alone. It must be
    called before llama.cpp, PyTorch or scikit-learn is imported: that is when the library reads it.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
