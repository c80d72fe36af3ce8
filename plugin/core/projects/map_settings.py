# SPDX-License-Identifier: GPL-2.0-or-later
"""Settings of the page and the map of a project, from ``resources/reports/conformity_page.toml``."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Any

from ...paths import CONFORMITY_PAGE_SETTINGS
from ..files.data import check_keys, check_type, read_toml

_NUMBERS = (
    "max_projects", "opinion_mm", "width_mm", "height_mm", "legend_mm", "project_share", "min_scale", "max_features",
)  # fmt: skip
_LAYER_KEYS = ("dash", "hatch", "distance", "hatch_dash", "text")


@dataclass(frozen=True)
class MapSymbol:
    """The symbol of a layer.

    ``id``: a line, a line with a part, or a concept; ``fill``, ``line``, ``text``: colours, empty for none; ``width``:
    px; ``dash``, ``hatch_dash``: SVG; ``hatch``: angles in degrees of lines ``distance`` px apart; ``is_numbered``:
    land of a project in the line gets a number.
    """

    id: str
    fill: str
    line: str
    width: float
    dash: str
    hatch: tuple[float, ...]
    distance: float
    hatch_dash: str
    text: str
    is_numbered: bool


@dataclass(frozen=True)
class MapSettings:
    """The settings of page and map; ``symbols`` are ordered from the lowest layer to the topmost. Lengths are mm."""

    max_projects: float
    opinion_mm: float
    width_mm: float
    height_mm: float
    legend_mm: float
    project_share: float
    min_scale: float
    max_features: float
    scales: tuple[float, ...]
    symbols: tuple[MapSymbol, ...]

    def find_symbol(self, symbol_id: str) -> MapSymbol | None:
        """Return the symbol of a line, else that of the line without its part; None without one."""
        by_id = {one.id: one for one in self.symbols}
        return by_id.get(symbol_id) or by_id.get(symbol_id.partition(":")[0])


@cache
def load_map_settings() -> MapSettings:
    """Return the settings. Raise DataError with file and key for an unknown, missing or wrong one."""
    path = CONFORMITY_PAGE_SETTINGS
    table = read_toml(path)
    check_keys(table, required=(*_NUMBERS, "scales", "layer"), allowed=(), file=path)
    numbers = {key: float(check_type(table[key], (int, float), file=path, key=key)) for key in _NUMBERS}
    symbols = []
    for number, row in enumerate(table["layer"], 1):
        required = ("id", "fill", "line", "width", "numbered")
        check_keys(row, required=required, allowed=_LAYER_KEYS, file=path, where=f"layer {number}")
        symbols.append(_make_symbol(row))
    return MapSettings(**numbers, scales=tuple(table["scales"]), symbols=tuple(symbols))


def _make_symbol(row: dict[str, Any]) -> MapSymbol:
    """Return the symbol of a table ``[[layer]]``."""
    return MapSymbol(
        row["id"],
        row["fill"],
        row["line"],
        float(row["width"]),
        row.get("dash", ""),
        tuple(row.get("hatch", ())),
        float(row.get("distance", 6.0)),
        row.get("hatch_dash", ""),
        row.get("text", ""),
        bool(row["numbered"]),
    )
