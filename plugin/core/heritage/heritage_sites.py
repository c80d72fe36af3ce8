# SPDX-License-Identifier: GPL-2.0-or-later
"""Sites of heritage as the layers have them, each once by its name: of which kinds and levels, in which rows."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

from ..engine.context import Context, trim
from ..files.cells import texts
from ..plan.layer import Layer
from .protection import CONTROL, CORE, KINDS, POINTS_OF, RANGE, heritage_parts

LEVELS = "heritage_level"
#: The field with the level; it has no meaning of its own in the templates.
LEVEL_FIELD = "JB"


@dataclass
class Site:
    """``kinds`` and ``levels`` as the names of their lists; ``rows``: layer and row; ``parts``: rows of the core, of the
    control zone and of whole ranges."""

    name: str
    kinds: set[str] = field(default_factory=set)
    levels: set[str] = field(default_factory=set)
    rows: list[tuple[Layer, int]] = field(default_factory=list)
    parts: dict[str, list[tuple[Layer, int]]] = field(default_factory=dict)

    def area_m2(self, part: str) -> float | None:
        """Statutory area of the rows that are that part; of the whole, where no row is, core and control zone together."""
        rows = self.parts.get(part, [])
        if not rows and part == RANGE:
            rows = [*self.parts.get(CORE, []), *self.parts.get(CONTROL, [])]
        return sum(float(layer.statutory[row]) for layer, row in rows) if rows else None

    def shapes(self, part: str = "") -> list[Any]:
        """Shapes of the rows that are that part; of all rows where none is, or no part is asked for."""
        return [layer.plane[row] for layer, row in self.parts.get(part) or self.rows]


@dataclass
class Sites:
    """All sites by their plain name; ``nameless``: rows that no name tells apart, by layer; ``unsaid``: how many sites have
    no kind; ``layers`` that were looked at."""

    by_name: dict[str, Site] = field(default_factory=dict)
    nameless: dict[str, int] = field(default_factory=dict)
    layers: dict[str, Layer] = field(default_factory=dict)

    def of(self, kind: str) -> list[Site]:
        return [site for site in self.by_name.values() if kind in site.kinds]

    def find(self, name: str) -> Site | None:
        return self.by_name.get(plain(name))

    @property
    def unsaid(self) -> list[Site]:
        return [site for site in self.by_name.values() if not site.kinds]


def plain(name: str) -> str:
    """A name as it is compared: full and half width alike, without spaces."""
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", name))


def heritage_sites(ctx: Context, of_role: Callable[[str], Layer | None]) -> Sites:
    """Every site in 历史文化保护线 and in the layers of single kinds, ranges and points. ``of_role``: a layer, or None."""
    found = Sites()
    for role, kind in _layers(ctx):
        layer = of_role(role)
        if layer is None or layer.role in found.layers:
            continue
        found.layers[layer.role] = layer
        _collect(found, layer, kind, ctx)
    return found


def _layers(ctx: Context) -> Iterator[tuple[str, str]]:
    """The line, then layer codes with the kind of what is in them."""
    yield "heritage", ""
    kinds = ctx.codes(KINDS).codes
    for kind in kinds.values():
        role = kind.extra.get("layer", "")
        if role:
            yield role, kind.name
            yield from ((points, kind.name) for points, ranges in POINTS_OF.items() if ranges == role)


def _collect(found: Sites, layer: Layer, kind: str, ctx: Context) -> None:
    parts = heritage_parts(layer, ctx)
    kinds = [kind] * len(layer) if kind else _kinds(layer, ctx)
    levels = _levels(layer, ctx)
    whole = RANGE if kind and layer.template.geometry == "polygon" else ""
    for row, (site, part) in enumerate(zip(parts.site.tolist(), parts.part.tolist(), strict=True)):
        name = plain(site)
        if not name:
            found.nameless[layer.role] = found.nameless.get(layer.role, 0) + 1
            continue
        one = found.by_name.setdefault(name, Site(site))
        one.kinds |= {kinds[row]} - {""}
        one.levels |= {levels[row]} - {""}
        one.rows.append((layer, row))
        one.parts.setdefault(part if part and not kind else whole, []).append((layer, row))


def _kinds(layer: Layer, ctx: Context) -> list[str]:
    """By row: the name of the kind, for a part (历史文化街区核心保护范围) that of what it is part of; empty when unknown."""
    declared = layer.template.field("feature_kind")
    if declared is None or declared.codes != KINDS:
        return [""] * len(layer)
    codes = ctx.codes(KINDS).codes
    names = {}
    for code, kind in codes.items():
        part_of = kind.extra.get("part", "") in (CORE, CONTROL) and kind.parent in codes
        names[code] = codes[kind.parent].name if part_of else kind.name
    return [names.get(trim(code, declared.code_pad), "") for code in layer.text("feature_kind")]


def _levels(layer: Layer, ctx: Context) -> list[str]:
    column = layer.named(LEVEL_FIELD)
    names = {code: level.name for code, level in ctx.codes(LEVELS).codes.items()}
    known = {*names.values()}
    if column is None:
        return [""] * len(layer)
    # Some write the name instead of the code.
    return [names.get(value, value if value in known else "") for value in texts(column)]
