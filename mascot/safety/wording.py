"""The wording of a passage as a vector: its words, runs of words and letters, hashed into buckets.

What the embedder blurs is sharp here: "I hate myself" and "I hurt myself" lie close for MiniLM. No
vocabulary is kept, so nothing has to be shipped but one weight per bucket, and misspelt words still share
most of their letters.
"""

from __future__ import annotations

import re
from collections import Counter
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

BUCKETS = 1 << 17
_WORD = re.compile(r"[a-z']+|[0-9]+")
_WORD_RUNS = (1, 2, 3)
_LETTER_RUNS = (3, 4, 5)
_LETTER_WEIGHT = 0.5
"""Letters come in far greater numbers than words; this keeps either half from drowning the other."""


def wording(passage: str) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Buckets and their values, a sparse vector of length 1 (or 0 for a passage without words).

    The passage is normalised. A value is 1 + log(count), and letters weigh half as much as words.
    """
    words = _WORD.findall(passage)
    runs = Counter(
        " ".join(words[at : at + size]) for size in _WORD_RUNS for at in range(len(words) - size + 1)
    )
    padded = [f"_{word}_" for word in words]
    letters = Counter(
        word[at : at + size] for word in padded for size in _LETTER_RUNS for at in range(len(word) - size + 1)
    )
    values: dict[int, float] = {}
    for weight, prefix, counts in ((1.0, "w", runs), (_LETTER_WEIGHT, "l", letters)):
        for run, count in counts.items():
            bucket = crc32(f"{prefix}{run}".encode()) % BUCKETS
            values[bucket] = values.get(bucket, 0.0) + weight * (1 + float(np.log(count)))
    buckets = np.fromiter(values.keys(), dtype=np.int64, count=len(values))
    found = np.fromiter(values.values(), dtype=np.float32, count=len(values))
    length = float(np.linalg.norm(found))
    return buckets, found / length if length else found
