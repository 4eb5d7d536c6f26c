"""How many threads native libraries get, and how they wait for one another."""

from __future__ import annotations

import math
import os
from pathlib import Path
from typing import Final

_CGROUP: Final = Path("/sys/fs/cgroup")


def cores(cgroup: Path = _CGROUP) -> int:
    """Cores that this process may use, at least 1.

    The machine's number says little in a container: a Space of 2 vCPU runs on a machine of many, and a
    thread for each of those would wait for the two. So the least counts of: the process's affinity, the
    quota of its control group (v2 `cpu.max`, v1 `cpu.cfs_quota_us`), and `CPU_CORES`, which Spaces set.
    """
    allowed = [len(os.sched_getaffinity(0)), *_quota(cgroup)]
    said = os.environ.get("CPU_CORES", "")
    if said.isdigit():
        allowed.append(int(said))
    return max(1, min(allowed))


def _quota(cgroup: Path) -> list[int]:
    """Whole cores' worth of time in each period, rounded up; nothing where there is no limit."""
    try:
        if (cgroup / "cpu.max").is_file():
            quota, period = (cgroup / "cpu.max").read_text().split()
        else:
            quota = (cgroup / "cpu" / "cpu.cfs_quota_us").read_text().strip()
            period = (cgroup / "cpu" / "cpu.cfs_period_us").read_text()
        return [math.ceil(int(quota) / int(period))] if quota not in ("max", "-1") else []
    except (OSError, ValueError):
        return []


def spin_briefly() -> None:
    """Have OpenMP's threads wait by spinning for microseconds, and sleep from then on.

    By default they spin for milliseconds, which costs nothing on an idle machine and nearly everything
    beside another busy process: the core that the last thread needs is burned by those that wait for it
    (docs/log.md, 2026-11-27). 1000 turns is what GNU's OpenMP itself falls back to where it sees more threads
    than cores; other processes it does not see. What the environment says already is left alone. It must be
    called before llama.cpp, PyTorch or scikit-learn is imported: that is when the library reads it.
    """
    os.environ.setdefault("GOMP_SPINCOUNT", "1000")
