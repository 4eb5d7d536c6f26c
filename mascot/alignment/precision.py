"""In which precision the frozen base of a training run computes."""

from __future__ import annotations

import argparse
from typing import Literal

import torch

Precision = Literal["full", "half"]


def precision_for(options: argparse.Namespace) -> Precision:
    """What was asked for; else half on a processor with instructions for bfloat16, others would be slower."""
    if options.precision != "auto":
        return options.precision
    on_gpu = options.device == "cuda" or (options.device == "auto" and torch.cuda.is_available())
    return "half" if not on_gpu and torch.ops.mkldnn._is_mkldnn_bf16_supported() else "full"
