# SPDX-License-Identifier: GPL-2.0-or-later
"""Heritage sites by name, with kind and level, from layers and from a register.

The register is the 保护名录.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..engine.context import Context, trim_padding
from ..files.cells import texts
from ..files.encoding import BLANK_WORDS
from ..files.tables import Column, Row, Table, read_table
from ..plan.layer import Layer
from .protection import CONTROL, CORE, KINDS, POINTS_OF, RANGE, classify_heritage_parts

if TYPE_CHECKING:
    from ..model.side_inputs import SideInputs
    from ..profile import Norm


LEVELS = "heritage_level"
#: The field with the level; the templates define no meaning for it.
LEVEL_FIELD = "JB"


@dataclass
class Site:
    """A heritage site.

    ``kinds`` and ``levels`` are names of their lists; ``rows``: layer and row; ``parts``: rows of the core, of the
    control zone and of whole ranges.
    """

    name: str
    kinds: set[str] = field(default_factory=set)
    levels: set[str] = field(default_factory=set)
    rows: list[tuple[Layer, int]] = field(default_factory=list)
    parts: dict[str, list[tuple[Layer, int]]] = field(default_factory=dict)

    def area_m2(self, part: str) -> float | None:
        """Return the statutory area of the rows of a part.

        Without rows of the whole range, return the sum of core and control zone.
        """
        rows = self.parts.get(part, [])
        if not rows and part == RANGE:
            rows = [*self.parts.get(CORE, []), *self.parts.get(CONTROL, [])]
        return sum(float(layer.statutory[row]) for layer, row in rows) if rows else None

    def shapes(self, part: str = "") -> list[Any]:
        """Return the shapes of the rows of a part; of all rows if the part has none.

        An empty ``part`` selects all rows.
        """
        return [layer.plane[row] for layer, row in self.parts.get(part) or self.rows]


@dataclass
class Sites:
    """All heritage sites by their normalised name.

    ``nameless``: by layer, rows without a distinguishing name; ``without_kind``: the sites without a kind;
    ``layers``: the layers that were read.
    """

    by_name: dict[str, Site] = field(default_factory=dict)
    nameless: dict[str, int] = field(default_factory=dict)
    layers: dict[str, Layer] = field(default_factory=dict)

    def of(self, kind: str) -> list[Site]:
        """Return the sites of a kind."""
        return [site for site in self.by_name.values() if kind in site.kinds]

    def find(self, name: str) -> Site | None:
        """Return the site of a name, or None."""
        return self.by_name.get(normalise_name(name))

    @property
    def without_kind(self) -> list[Site]:
        """Return the sites without a kind."""
        return [site for site in self.by_name.values() if not site.kinds]


def normalise_name(name: str) -> str:
    """Return a name for comparison: full width converted, spaces removed."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", name))


def collect_heritage_sites(ctx: Context, of_role: Callable[[str], Layer | None]) -> Sites:
    """Return all sites of 历史文化保护线 and of the layers of single kinds.

    ``of_role``: returns the layer of a role, or None.
    """
    found = Sites()
    for role, kind in _layers(ctx):
        layer = of_role(role)
        if layer is None or layer.role in found.layers:
            continue
        found.layers[layer.role] = layer
        _collect(found, layer, kind, ctx)
    return found


def _layers(ctx: Context) -> Iterator[tuple[str, str]]:
    """Yield layer codes with the kind of their features, the protection line first."""
    yield "heritage", ""
    kinds = ctx.codes(KINDS).codes
    for kind in kinds.values():
        role = kind.extra.get("layer", "")
        if role:
            yield role, kind.name
            yield from ((points, kind.name) for points, ranges in POINTS_OF.items() if ranges == role)


def _collect(found: Sites, layer: Layer, kind: str, ctx: Context) -> None:
    parts = classify_heritage_parts(layer, ctx)
    kinds = [kind] * len(layer) if kind else _kinds(layer, ctx)
    levels = _levels(layer, ctx)
    whole = RANGE if kind and layer.template.geometry == "polygon" else ""
    for row, (site, part) in enumerate(zip(parts.site.tolist(), parts.part.tolist(), strict=True)):
        name = normalise_name(site)
        if not name:
            found.nameless[layer.role] = found.nameless.get(layer.role, 0) + 1
            continue
        one = found.by_name.setdefault(name, Site(site))
        one.kinds |= {kinds[row]} - {""}
        one.levels |= {levels[row]} - {""}
        one.rows.append((layer, row))
        one.parts.setdefault(part if part and not kind else whole, []).append((layer, row))


def _kinds(layer: Layer, ctx: Context) -> list[str]:
    """Return the name of the kind of each row; empty if unknown.

    For a part (历史文化街区核心保护范围) it is the kind of the whole site.
    """
    declared = layer.template.field("feature_kind")
    if declared is None or declared.codes != KINDS:
        return [""] * len(layer)
    codes = ctx.codes(KINDS).codes
    names = {}
    for code, kind in codes.items():
        part_of = kind.extra.get("part", "") in (CORE, CONTROL) and kind.parent in codes
        names[code] = codes[kind.parent].name if part_of else kind.name
    return [names.get(trim_padding(code, declared.code_pad), "") for code in layer.text("feature_kind")]


def _levels(layer: Layer, ctx: Context) -> list[str]:
    column = layer.named(LEVEL_FIELD)
    names = {code: level.name for code, level in ctx.codes(LEVELS).codes.items()}
    known = {*names.values()}
    if column is None:
        return [""] * len(layer)
    # Some data have the name instead of the code.
    return [names.get(value, value if value in known else "") for value in texts(column)]


COLUMNS = (
    Column("name", ("名称", "保护对象", "保护对象名称", "单位名称", "文物名称", "name")),
    Column("kind", ("类型", "类别", "保护类型", "kind"), needed=False),
    Column("level", ("级别", "等级", "保护级别", "level"), needed=False),
)


@dataclass(frozen=True)
class ListedSite:
    """A line of the register.

    ``kind`` and ``level`` are names of their lists, or empty.
    """

    name: str
    kind: str
    level: str
    line: int


@dataclass(frozen=True)
class HeritageList:
    """A heritage register: its ``file`` without folders, and its sheet."""

    file: str
    rows: tuple[ListedSite, ...]


def register_of(side: SideInputs) -> HeritageList | None:
    """Return the register that was given for the check, if any."""
    return side.get("register", HeritageList)


def read_heritage_list(path: str | Path, norm: Norm) -> HeritageList:
    """Read the rows of a heritage register.

    A level or kind may be derived from the term (全国重点文物保护单位 is 国家级), by ``[heritage] level_words``.
    Raise InputError with file and row for a missing table, a missing column of names, or an unknown kind or level.
    """
    table = read_table(path, COLUMNS)
    rows = [row for row in table.rows if row.cells["name"]]
    return HeritageList(table.place, tuple(read_listed_site(row, table, norm) for row in rows))


def read_listed_site(row: Row, table: Table, norm: Norm) -> ListedSite:
    """Return the register line of a table row."""
    kinds = {code.name: code.name for code in norm.standard.code_lists[KINDS].codes.values()}
    levels = {code.name: code.name for code in norm.standard.code_lists[LEVELS].codes.values()}
    words = dict(line.split() for line in norm.get("heritage.level_words"))
    kind = _found(row, "kind", kinds, table)
    level = _found(row, "level", words | levels, table)
    # 省级文物保护单位 in one column gives both kind and level.
    return ListedSite(
        row.cells["name"],
        kind or _first(row.cells["level"], kinds),
        level or _first(row.cells["kind"], words | levels),
        row.line,
    )


def _found(row: Row, column: str, words: Mapping[str, str], table: Table) -> str:
    text = row.cells[column].strip()
    if text in BLANK_WORDS:
        return ""
    found = _first(text, words)
    if not found:
        label = next(c.heads[0] for c in COLUMNS if c.name == column)
        raise table.error(row, label, text, dict.fromkeys(words.values()))
    return found


def _first(text: str, words: Mapping[str, str]) -> str:
    """Return the value of the longest word that a text contains."""
    inside = sorted((word for word in words if word in text), key=len, reverse=True)
    return words[inside[0]] if inside else ""
