# SPDX-License-Identifier: GPL-2.0-or-later
"""Words for the parts of protected areas.

For heritage (历史文化保护线) they are core, control zone and whole range, for nature reserves (自然保护地) their
zones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..engine.context import Context, trim_padding
from ..plan.layer import Layer
from ..profile import Norm


def split_part(name: str, words: Iterable[str]) -> tuple[str, str]:
    """Split a name into the word for a part at its end, and the rest.

    The word may be in brackets or after a dash. Without such a word the first result is empty.
    """
    unbracketed = name.strip().removesuffix("）").removesuffix(")")
    word = next((w for w in words if unbracketed.endswith(w)), "")
    return (word, unbracketed.removesuffix(word).rstrip("（( -—–－_·")) if word else ("", name.strip())


def core_rows(reserves: Layer, norm: Norm) -> NDArray:
    """Return (n,) bool: rows that are a 核心保护区."""
    words = list(norm.get("reserves.core_words"))
    return np.array([bool(split_part(name, words)[0]) for name in reserves.text("feature_name")], dtype=bool)


CORE, CONTROL, RANGE = "core", "control", "range"
#: Settings that a rule uses to distinguish parts.
USES = ("tolerance", "codes.heritage_kind", "heritage.words")
KINDS = "heritage_kind"
#: Layers of points → layers with the polygons of the same kind (layer codes of the county's table).
POINTS_OF = {"WWBHDWD": "WWBHDWM", "BKYDWWD": "BKYDWWM", "LSJZD": "LSJZM"}


@dataclass(frozen=True)
class HeritageParts:
    """Part and site of each row of a heritage layer.

    ``part``: core, control, range, or empty if unknown; ``site``: the name without the word for the part, empty for a
    row without a name.
    """

    part: NDArray
    site: NDArray

    def rows(self, part: str) -> NDArray:
        """Return (n,) bool: rows of a part."""
        found: NDArray = self.part == part
        return found

    def of_site(self, part: str, site: str) -> NDArray:
        """Return (n,) bool: rows of a part of one site."""
        found: NDArray = (self.part == part) & (self.site == site)
        return found

    def sites(self) -> list[str]:
        """Return the names of sites with a core or control zone, in order."""
        named = self.rows(CORE) | self.rows(CONTROL)
        return [s for s in dict.fromkeys(self.site[named].tolist()) if s]


def classify_heritage_parts(layer: Layer, ctx: Context) -> HeritageParts:
    """Return part and site of each row.

    The kind (LX) gives the part, by its list; otherwise a word at the end of the name (MC) does, in brackets or not.
    Longer words take precedence.
    """
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
        part = kind.extra.get("part", "") if kind is not None else ""
        parts.append(part or words.get(word, ""))
        sites.append(site)
    return HeritageParts(np.array(parts, dtype=object), np.array(sites, dtype=object))


def range_roles(ctx: Context) -> list[str]:
    """Return the layers of whole ranges of one kind, by the list of kinds.

    Kinds are 历史文化街区, 名镇, 文物保护单位 ….
    """
    return [role for role in dict.fromkeys(c.extra.get("layer", "") for c in ctx.codes(KINDS).codes.values()) if role]


def site_names(layer: Layer) -> NDArray:
    """Return (n,) names as they are compared."""
    return np.array([n.strip() for n in layer.text("feature_name")], dtype=object)
