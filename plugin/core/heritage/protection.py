# SPDX-License-Identifier: GPL-2.0-or-later
"""Words that tell the parts of ranges: of heritage (历史文化保护线: core, control zone, whole range) and of nature reserves
(自然保护地)."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..engine.context import Context, trim_padding
from ..plan.layer import Layer
from ..profile import Norm


def split_part(name: str, words: Iterable[str]) -> tuple[str, str]:
    """The word for a part at the end of a name, in brackets, behind a dash or not, and the name without it; "" where there is
    none."""
    bare = name.strip().removesuffix("）").removesuffix(")")
    word = next((w for w in words if bare.endswith(w)), "")
    return (word, bare.removesuffix(word).rstrip("（( -—–－_·")) if word else ("", name.strip())


def core_rows(reserves: Layer, norm: Norm) -> NDArray:
    """(n,) bool: rows that are a 核心保护区."""
    words = list(norm.get("reserves.core_words"))
    return np.array([bool(split_part(name, words)[0]) for name in reserves.text("feature_name")], dtype=bool)


CORE, CONTROL, RANGE = "core", "control", "range"
#: What a rule that tells parts uses.
USES = ("tolerance", "codes.heritage_kind", "heritage.words")
KINDS = "heritage_kind"
#: Layers of points, and those with the polygons of the same kind (layer codes of the county's table).
POINTS_OF = {"WWBHDWD": "WWBHDWM", "BKYDWWD": "BKYDWWM", "LSJZD": "LSJZM"}


@dataclass(frozen=True)
class HeritageParts:
    """By row: ``part`` (core, control, range or empty when nothing tells) and the ``site`` it belongs to (its name without
    the word for the part; empty for a row without a name)."""

    part: NDArray
    site: NDArray

    def rows(self, part: str) -> NDArray:
        """(n,) bool."""
        found: NDArray = self.part == part
        return found

    def of_site(self, part: str, site: str) -> NDArray:
        found: NDArray = (self.part == part) & (self.site == site)
        return found

    def sites(self) -> list[str]:
        """Names that at least one core or control zone bears, in order."""
        told = self.rows(CORE) | self.rows(CONTROL)
        return [s for s in dict.fromkeys(self.site[told].tolist()) if s]


def classify_heritage_parts(layer: Layer, ctx: Context) -> HeritageParts:
    """Told by the kind (LX) as its list says, else by a word at the end of the name (MC), in brackets or not; longer words
    first."""
    kinds = ctx.codes(KINDS).codes
    declared = layer.template.field("feature_kind")
    of_list = declared is not None and declared.codes == KINDS
    words = dict.fromkeys(ctx.norm.get("heritage.control_words"), CONTROL) | dict.fromkeys(
        ctx.norm.get("heritage.core_words"), CORE
    )
    ordered = sorted(words, key=len, reverse=True)
    parts, sites = [], []
    for code, name in zip(layer.text("feature_kind"), layer.text("feature_name"), strict=True):
        kind = kinds.get(trim_padding(code, declared.code_pad if declared else 0)) if of_list else None
        word, site = split_part(name, ordered)
        told = kind.extra.get("part", "") if kind is not None else ""
        parts.append(told or words.get(word, ""))
        sites.append(site)
    return HeritageParts(np.array(parts, dtype=object), np.array(sites, dtype=object))


def range_roles(ctx: Context) -> list[str]:
    """The layers that hold whole ranges of one kind (历史文化街区, 名镇, 文物保护单位 …), as the list of kinds names them."""
    return [role for role in dict.fromkeys(c.extra.get("layer", "") for c in ctx.codes(KINDS).codes.values()) if role]


def site_names(layer: Layer) -> NDArray:
    """(n,) names as they are compared."""
    return np.array([n.strip() for n in layer.text("feature_name")], dtype=object)
