"""Every format by its name, the raw answers first."""

from __future__ import annotations

from typing import Final

from annotations.exports.format import Format
from annotations.exports.preferences import DPO, KTO, REWARD
from annotations.exports.prompts import GRPO
from annotations.exports.ratings import AGGREGATES, RATINGS
from annotations.exports.scores import HELPSTEER, ULTRAFEEDBACK
from annotations.exports.turns import DIRECTOR, PRM

FORMATS: Final[dict[str, Format]] = {
    format.name: format
    for format in (RATINGS, AGGREGATES, DPO, REWARD, KTO, GRPO, PRM, ULTRAFEEDBACK, HELPSTEER, DIRECTOR)
}
