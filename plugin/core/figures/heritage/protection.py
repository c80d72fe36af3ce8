# SPDX-License-Identifier: GPL-2.0-or-later
"""Recognise parts of protected areas from names and kinds.

Parts of heritage (历史文化保护线) are core, control zone and whole range. Parts of nature reserves (自然保护地) are
their zones.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ...engine.context import RuleContext, trim_code_padding
from ...plan.layer import Layer
from ...standard.profile import Norm


def split_part_word(name: str, words: Iterable[str]) -> tuple[str, str]:
    """Return the word for a part at the end of a name, and the name without it.

    ``words``: the words for parts. The word may be in brackets or after a dash. Without such a word the first result is
    empty.
    """
    unbracketed = name.strip().removesuffix("）").removesuffix(")")
    word = next((candidate for candidate in words if unbracketed.endswith(candidate)), "")
    return (word, unbracketed.removesuffix(word).rstrip("（( -—–－_·")) if word else ("", name.strip())


def find_core_rows(reserves: Layer, norm: Norm) -> NDArray:
    """Return (n,) bool: rows of a reserve layer that are a 核心保护区, by their name."""
    core_words = list(norm.get("reserves.core_words"))
    return np.array([bool(split_part_word(name, core_words)[0]) for name in reserves.text("feature_name")], dtype=bool)


def find_unknown_part_words(reserves: Layer, norm: Norm) -> list[str]:
    """Return the ends of reserve names that may mean a part of a reserve, but are unknown words.

    Settings list the known words for parts. An end is what follows the name of another row, or begins with a word of
    `reserves.core_hints`.
    """
    known_words = [*norm.get("reserves.core_words"), *norm.get("reserves.part_words")]
    reserve_names = {name.strip() for name in reserves.text("feature_name")} - {""}
    unknown_names = {name for name in reserve_names if not split_part_word(name, known_words)[0]}
    ends = [
        name.removeprefix(whole_name)
        for name in unknown_names
        for whole_name in reserve_names
        if name != whole_name and name.startswith(whole_name)
    ]
    for hint in norm.get("reserves.core_hints"):
        ends += [name[name.index(hint) :] for name in unknown_names if hint in name]
    return sorted(dict.fromkeys(end.strip("（）() -—–－_·") for end in ends))


CORE_PART, CONTROL_PART, RANGE_PART = "core", "control", "range"
#: Settings that a rule uses to distinguish parts.
PART_SETTINGS = ("tolerance", "codes.heritage_kind", "heritage.words")
KIND_CODE_LIST_ID = "heritage_kind"
#: Layers of points → layers with the polygons of the same kind (layer codes of the county's table).
POLYGON_ROLE_BY_POINT_ROLE = {"WWBHDWD": "WWBHDWM", "BKYDWWD": "BKYDWWM", "LSJZD": "LSJZM"}


@dataclass(frozen=True)
class HeritageParts:
    """Part and site of each row of a heritage layer.

    ``part_of_row`` (n,): core, control, range, or empty if unknown; ``site_of_row`` (n,): the name without the word for
    the part, empty for a row without a name.
    """

    part_of_row: NDArray
    site_of_row: NDArray

    def find_rows_of_part(self, part: str) -> NDArray:
        """Return (n,) bool: rows that are this part (core, control or range) of any site."""
        is_part: NDArray = self.part_of_row == part
        return is_part

    def find_rows_of_site_part(self, part: str, site: str) -> NDArray:
        """Return (n,) bool: rows that are this part of this site."""
        is_part_of_site: NDArray = (self.part_of_row == part) & (self.site_of_row == site)
        return is_part_of_site

    def list_site_names(self) -> list[str]:
        """Return the names of sites with a core or control zone, in order."""
        is_core_or_control = self.find_rows_of_part(CORE_PART) | self.find_rows_of_part(CONTROL_PART)
        return [site for site in dict.fromkeys(self.site_of_row[is_core_or_control].tolist()) if site]


def classify_heritage_parts(layer: Layer, ctx: RuleContext) -> HeritageParts:
    """Return part and site of each row.

    The kind (LX) gives the part, by its list; otherwise a word at the end of the name (MC) does, in brackets or not.
    Longer words take precedence.
    """
    kinds = ctx.get_code_list(KIND_CODE_LIST_ID).entry_by_code
    kind_field = layer.template.find_field("feature_kind")
    has_kind_codes = kind_field is not None and kind_field.codes == KIND_CODE_LIST_ID
    part_by_word = dict.fromkeys(ctx.norm.get("heritage.control_words"), CONTROL_PART) | dict.fromkeys(
        ctx.norm.get("heritage.core_words"), CORE_PART
    )
    part_words = sorted(part_by_word, key=len, reverse=True)
    parts, sites = [], []
    for code, name in zip(layer.text("feature_kind"), layer.text("feature_name"), strict=True):
        kind_entry = (
            kinds.get(trim_code_padding(code, kind_field.code_pad if kind_field else 0)) if has_kind_codes else None
        )
        part_word, site = split_part_word(name, part_words)
        kind_part = kind_entry.other_columns.get("part", "") if kind_entry is not None else ""
        parts.append(kind_part or part_by_word.get(part_word, ""))
        sites.append(site)
    return HeritageParts(np.array(parts, dtype=object), np.array(sites, dtype=object))


def list_heritage_range_roles(ctx: RuleContext) -> list[str]:
    """Return the codes of the layers with whole protection ranges of heritage sites.

    The code list of heritage kinds names a layer for some kinds (历史文化街区, 名镇, 文物保护单位 …).
    """
    return [
        role
        for role in dict.fromkeys(
            kind_entry.other_columns.get("layer", "")
            for kind_entry in ctx.get_code_list(KIND_CODE_LIST_ID).entry_by_code.values()
        )
        if role
    ]


def read_site_names(layer: Layer) -> NDArray:
    """Return (n,) names of a layer's rows without surrounding blanks."""
    return np.array([name.strip() for name in layer.text("feature_name")], dtype=object)
