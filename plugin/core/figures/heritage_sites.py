# SPDX-License-Identifier: GPL-2.0-or-later
"""Heritage sites by name, with kind and level, from layers and from a register; protection lines and reserves.

The register is the printed list of protected sites (保护名录).
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ..base.files.cells import format_column
from ..base.files.encoding import BLANK_WORDS
from ..base.files.tables import FoundTable, FoundTableRow, SearchedColumn, read_table
from ..engine.context import RuleContext, trim_code_padding
from ..plan.layer import Layer
from ..standard.profile import Norm

CORE_PART, CONTROL_PART, RANGE_PART = "core", "control", "range"
#: Settings that a rule uses to distinguish parts.
PART_SETTINGS = ("tolerance", "codes.heritage_kind", "heritage.words")
KIND_CODE_LIST_ID = "heritage_kind"
#: Layers of points → layers with the polygons of the same kind (layer codes of the county's table).
POLYGON_ROLE_BY_POINT_ROLE = {"WWBHDWD": "WWBHDWM", "BKYDWWD": "BKYDWWM", "LSJZD": "LSJZM"}
LEVEL_CODE_LIST_ID = "heritage_level"
REGISTER_COLUMNS = (
    SearchedColumn("name", ("名称", "保护对象", "保护对象名称", "单位名称", "文物名称", "name")),
    SearchedColumn("kind", ("类型", "类别", "保护类型", "kind"), is_required=False),
    SearchedColumn("level", ("级别", "等级", "保护级别", "level"), is_required=False),
)


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


@dataclass(frozen=True)
class HeritageParts:
    """Part and site of each row of a heritage layer.

    ``part_of_row`` (n,): core, control, range, or empty if unknown; ``site_of_row`` (n,): the name without the word for
    the part, empty for a row without a name.
    """

    part_of_row: NDArray
    site_of_row: NDArray

    def find_rows_of_part(self, part: str, site: str | None = None) -> NDArray:
        """Return (n,) bool: rows that are this part (core, control or range) of a site, without one of any."""
        is_part: NDArray = self.part_of_row == part
        return is_part if site is None else is_part & (self.site_of_row == site)


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


@dataclass
class HeritageSite:
    """A heritage site, which may consist of several rows of several layers.

    ``kind_names``, ``level_names``: names in the code lists of kinds and levels; ``layer_rows``: (layer, row);
    ``rows_by_part``: core, control zone or whole range → (layer, row).
    """

    name: str
    kind_names: set[str] = field(default_factory=set)
    level_names: set[str] = field(default_factory=set)
    layer_rows: list[tuple[Layer, int]] = field(default_factory=list)
    rows_by_part: dict[str, list[tuple[Layer, int]]] = field(default_factory=dict)

    def measure_part_area_m2(self, part: str) -> float | None:
        """Return the statutory area (m²) of a part: core, control or range.

        None without rows.

        Without rows of the whole range, it is the sum of core and control zone.
        """
        rows = self.rows_by_part.get(part, [])
        if not rows and part == RANGE_PART:
            rows = [*self.rows_by_part.get(CORE_PART, []), *self.rows_by_part.get(CONTROL_PART, [])]
        return sum(float(layer.statutory[row]) for layer, row in rows) if rows else None

    def get_part_shapes(self, part: str = "") -> list[Any]:
        """Return the shapes of a part in the plan's plane.

        Return all shapes of the site if ``part`` is empty or has no rows.
        """
        return [layer.plane_shapes[row] for layer, row in self.rows_by_part.get(part) or self.layer_rows]


@dataclass
class HeritageSites:
    """All heritage sites, by name without spaces and in half width.

    ``nameless_row_counts``: layer code → number of rows without a site's name; ``layers``: the layers that were read,
    by layer code.
    """

    by_name: dict[str, HeritageSite] = field(default_factory=dict)
    nameless_row_counts: dict[str, int] = field(default_factory=dict)
    layers: dict[str, Layer] = field(default_factory=dict)


def normalise_name(name: str) -> str:
    """Return a name for comparison: full-width characters converted, spaces removed."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", name))


def collect_heritage_sites(ctx: RuleContext, find_layer_by_role: Callable[[str], Layer | None]) -> HeritageSites:
    """Return all heritage sites in 历史文化保护线 and in the layers of single kinds.

    ``find_layer_by_role``: function that returns the layer of a layer code, or None.
    """
    sites = HeritageSites()
    # Some data have the name instead of the code.
    levels_by_code = ctx.get_code_list(LEVEL_CODE_LIST_ID).entry_by_code
    level_names = {one.name: one.name for one in levels_by_code.values()}
    level_names |= {code: one.name for code, one in levels_by_code.items()}
    for role, kind in list_heritage_layers(ctx):
        layer = find_layer_by_role(role)
        if layer is None or layer.role in sites.layers:
            continue
        sites.layers[layer.role] = layer
        layer_parts = classify_heritage_parts(layer, ctx)
        kinds = [kind] * len(layer) if kind else read_row_kinds(layer, ctx)
        # The field with the level; the templates define no meaning for it.
        column = layer.get_column_by_name("JB")
        levels = [""] * len(layer) if column is None else [level_names.get(one, "") for one in format_column(column)]
        unnamed_part = RANGE_PART if kind and layer.template.geometry == "polygon" else ""
        for row, (site, row_part) in enumerate(
            zip(layer_parts.site_of_row.tolist(), layer_parts.part_of_row.tolist(), strict=True)
        ):
            name = normalise_name(site)
            if not name:
                sites.nameless_row_counts[layer.role] = sites.nameless_row_counts.get(layer.role, 0) + 1
                continue
            entry = sites.by_name.setdefault(name, HeritageSite(site))
            entry.kind_names |= {kinds[row]} - {""}
            entry.level_names |= {levels[row]} - {""}
            entry.layer_rows.append((layer, row))
            entry.rows_by_part.setdefault(row_part if row_part and not kind else unnamed_part, []).append((layer, row))
    return sites


def list_heritage_layers(ctx: RuleContext) -> Iterator[tuple[str, str]]:
    """Yield layer codes with the kind of their sites; the protection line comes first.

    The kind is empty where the rows give it.
    """
    yield "heritage", ""
    for kind_entry in ctx.get_code_list(KIND_CODE_LIST_ID).entry_by_code.values():
        role = kind_entry.other_columns.get("layer", "")
        if role:
            yield role, kind_entry.name
            yield from (
                (point_role, kind_entry.name)
                for point_role, range_role in POLYGON_ROLE_BY_POINT_ROLE.items()
                if range_role == role
            )


def read_row_kinds(layer: Layer, ctx: RuleContext) -> list[str]:
    """Return the kind of each row's site; empty if unknown.

    For a part (历史文化街区核心保护范围) it is the kind of the whole site.
    """
    kind_field = layer.template.find_field("feature_kind")
    if kind_field is None or kind_field.codes != KIND_CODE_LIST_ID:
        return [""] * len(layer)
    codes = ctx.get_code_list(KIND_CODE_LIST_ID).entry_by_code
    kind_name_by_code = {}
    for code, kind_entry in codes.items():
        is_part_kind = (
            kind_entry.other_columns.get("part", "") in (CORE_PART, CONTROL_PART) and kind_entry.parent in codes
        )
        kind_name_by_code[code] = codes[kind_entry.parent].name if is_part_kind else kind_entry.name
    return [
        kind_name_by_code.get(trim_code_padding(code, kind_field.code_pad), "") for code in layer.text("feature_kind")
    ]


@dataclass(frozen=True)
class ListedSite:
    """One row of a heritage register.

    ``kind`` and ``level`` are names in their code lists, or empty; ``line_number``: line in the file.
    """

    name: str
    kind: str
    level: str
    line_number: int


@dataclass(frozen=True)
class HeritageRegister:
    """A heritage register: name of its file without folders, and its listed sites."""

    file_name: str
    listed_sites: tuple[ListedSite, ...]


def read_heritage_register(path: str | Path, norm: Norm) -> HeritageRegister:
    """Read the rows of a heritage register.

    A level or kind may be derived from the term (全国重点文物保护单位 is 国家级), by ``[heritage] level_words``.
    Raise InputError with file and row for a missing table, a missing column of names, or an unknown kind or level.
    """
    table = read_table(path, REGISTER_COLUMNS)
    lists = norm.standard.code_lists
    kinds = {code.name: code.name for code in lists[KIND_CODE_LIST_ID].entry_by_code.values()}
    levels = dict(line.split() for line in norm.get("heritage.level_words"))
    levels |= {code.name: code.name for code in lists[LEVEL_CODE_LIST_ID].entry_by_code.values()}
    sites = []
    for row in table.rows:
        if row.text_by_column["name"]:
            kind = _read_listed_value(row, "kind", kinds, table)
            level = _read_listed_value(row, "level", levels, table)
            # 省级文物保护单位 in one column gives both kind and level.
            kind = kind or _find_value_of_longest_word(row.text_by_column["level"], kinds)
            level = level or _find_value_of_longest_word(row.text_by_column["kind"], levels)
            sites.append(ListedSite(row.text_by_column["name"], kind, level, row.line_number))
    return HeritageRegister(table.file_and_sheet, tuple(sites))


def _read_listed_value(row: FoundTableRow, column: str, value_by_word: Mapping[str, str], table: FoundTable) -> str:
    """Return the value (a kind or level) that a cell of a register names; empty for a blank cell.

    ``value_by_word``: words for each value. Raise InputError for a cell without such a word.
    """
    text = row.text_by_column[column].strip()
    if text in BLANK_WORDS:
        return ""
    value = _find_value_of_longest_word(text, value_by_word)
    if not value:
        label = next(one.possible_headings[0] for one in REGISTER_COLUMNS if one.name == column)
        raise table.make_cell_error(row, label, text, dict.fromkeys(value_by_word.values()))
    return value


def _find_value_of_longest_word(text: str, value_by_word: Mapping[str, str]) -> str:
    """Return the value of the longest word that a text contains; empty without one."""
    contained = sorted((word for word in value_by_word if word in text), key=len, reverse=True)
    return value_by_word[contained[0]] if contained else ""
