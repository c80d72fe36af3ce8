# SPDX-License-Identifier: GPL-2.0-or-later
"""The indicator list of a standard, from ``indicators.toml``.

A standard without the file uses that of a standard that it includes.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Annotated

from ...paths import STANDARDS_FOLDER
from ..base.errors import DataError
from ..base.files.data import (
    BilingualName,
    SourceMark,
    check_known,
    check_unique,
    one_of,
    read_toml_record,
)
from .edition import Standard
from .load import load_standard

INDICATORS_FILE = "indicators.toml"
#: How a figure is computed from the layers, and the keys that the method requires.
REQUIRED_KEYS_BY_METHOD: dict[str, tuple[str, ...]] = {
    "rule": ("rule",),
    "layer_area": (),
    "stated": (),
    "land_use": (),
    "land_use_within": ("within",),
    "share": ("part", "whole"),
    "density": (),
    "length_share": (),
    "none": ("missing",),
}
INDICATOR_UNITS = (
    *("m2", "ha", "km2", "wan_km2", "mu", "wan_mu", "ratio", "share", "count", "km_km2"),
    *("yi_m3", "jian", "wan_person", "m2_person", "m2_wan_yuan", "m3_wan_yuan"),
)


@dataclass(frozen=True)
class CatalogueIndicator(BilingualName):
    """One indicator of the list.

    ``method``: one of `REQUIRED_KEYS_BY_METHOD`, how it is computed; ``inputs``: concepts or layer codes; ``classes``:
    land-use codes of the 2023 list; ``urban_codes``: 城镇村属性码; ``missing``: inputs that no layer has, so that a
    county's statistics may give the figure; ``comparison``: the only bound (``>=``, ``<=``) that a target of it may
    have; ``may_shrink``: False for an area that no edition may reduce without approval; ``mark``: A, B or C, how well
    the definition is sourced.
    """

    id: str
    group: str
    unit: Annotated[str, one_of(*INDICATOR_UNITS)]
    method: Annotated[str, one_of(*REQUIRED_KEYS_BY_METHOD)]
    mark: SourceMark
    source_zh: str
    source_en: str
    basis: str = ""
    kind: str = ""
    comparison: Annotated[str, one_of(">=", "<=")] = ""
    may_shrink: bool = True
    formula_zh: str = ""
    formula_en: str = ""
    rule: str = ""
    within: str = ""
    part: str = ""
    whole: str = ""
    missing: str = ""
    aliases: tuple[str, ...] = ()
    inputs: tuple[str, ...] = ()
    classes: tuple[str, ...] = ()
    urban_codes: tuple[str, ...] = ()

    def check_record(self, file: Path, where: str) -> None:
        """Raise DataError if a key that the method requires is missing."""
        required = REQUIRED_KEYS_BY_METHOD[self.method]
        if self.method.startswith("land_use") and not (self.classes or self.urban_codes):
            required = (*required, "classes")
        for key in required:
            if not getattr(self, key):
                raise DataError("data_key_missing", file=str(file), key=f"{where}.{key}")

    def get_formula(self, lang: str) -> str:
        """Return the formula in a language."""
        return self.formula_zh if lang == "zh" else self.formula_en

    def get_source(self, lang: str) -> str:
        """Return the source in a language."""
        return self.source_zh if lang == "zh" else self.source_en


@dataclass(frozen=True)
class LandUseGroup(BilingualName):
    """One row of the table of present and planned land use (现状—规划), with the 2023 classes that it sums."""

    id: str
    classes: tuple[str, ...]


@dataclass(frozen=True)
class CatalogueFile:
    """The content of ``indicators.toml``."""

    indicator: tuple[CatalogueIndicator, ...]
    land_group: tuple[LandUseGroup, ...]
    ratio_names: tuple[str, ...] = ()
    unit_factors: dict[str, dict[str, float]] = field(default_factory=dict)


@dataclass(frozen=True)
class IndicatorCatalogue:
    """All indicators by id, land-use groups, and names used in tables of figures.

    ``ratio_names``: names of the expansion ratio that do not state its form (N1, N2 or N3). ``unit_factors``: unit of
    an indicator → printed unit → factor, for units other than of area.
    """

    indicator_by_id: dict[str, CatalogueIndicator]
    land_groups: tuple[LandUseGroup, ...]
    ratio_names: tuple[str, ...] = ()
    unit_factors: dict[str, dict[str, float]] = field(default_factory=dict)
    _ids_by_name: dict[str, str] = field(default_factory=dict)

    def find_indicator(self, name: str, ratio_form: str = "n1") -> CatalogueIndicator | None:
        """Return the indicator of an id, a name or a synonym in any language, else None.

        Spaces, the width of brackets and case are ignored. ``ratio_form``: the variant that 扩展倍数 without further
        words means.
        """
        normalised = _normalise_indicator_name(name)
        if normalised in {_normalise_indicator_name(ratio_name) for ratio_name in self.ratio_names}:
            normalised = f"expansion_ratio_{ratio_form}"
        indicator_id = self._ids_by_name.get(normalised)
        return self.indicator_by_id.get(indicator_id or normalised)


def load_catalogue(standard: Standard) -> IndicatorCatalogue:
    """Return the indicator list of a standard.

    Raise DataError with file and key, or for a missing file.
    """
    for source_standard in standard.list_with_included_standards():
        path = source_standard.folder / INDICATORS_FILE
        if path.exists():
            return _read_catalogue(path)
    raise DataError("data_file_missing", file=str(standard.folder / INDICATORS_FILE))


def find_indicator_name(name: str, lang: str) -> str:
    """Return the name of an indicator in the shipped lists, else its id."""
    for path in sorted(STANDARDS_FOLDER.glob(f"*/{INDICATORS_FILE}")):
        entry = _read_catalogue(path).indicator_by_id.get(name)
        if entry is not None:
            return entry.get_name(lang)
    return name


def _normalise_indicator_name(name: str) -> str:
    """Return a name for comparison: without spaces, with full-width brackets, in small letters."""
    return re.sub(r"\s+", "", name).replace("(", "（").replace(")", "）").casefold()


def find_allowed_comparisons(indicator: str) -> tuple[str, ...]:
    """Return the signs (``>=``, ``<=``, ``=``) by which an indicator may be compared with its target.

    If the shipped list gives the indicator a bound, they are that bound and ``=``, else all three. A county can thus
    not reverse 不低于.
    """
    entry = load_catalogue(load_standard()).indicator_by_id.get(indicator)
    return (entry.comparison, "=") if entry is not None and entry.comparison else (">=", "<=", "=")


@cache
def _read_catalogue(path: Path) -> IndicatorCatalogue:
    """Return the catalogue in an ``indicators.toml``; raise DataError for an invalid or repeated entry."""
    file = read_toml_record(CatalogueFile, path)
    check_unique([entry.id for entry in file.indicator], path, "indicator.id")
    entries = {entry.id: entry for entry in file.indicator}
    indicator_id_by_name: dict[str, str] = {}
    for entry in file.indicator:
        for name in dict.fromkeys(map(_normalise_indicator_name, (entry.zh, entry.en, *entry.aliases))):
            if indicator_id_by_name.setdefault(name, entry.id) != entry.id:
                raise DataError("data_duplicate", file=str(path), key=f"{entry.id}.aliases", value=name)
    for entry in entries.values():
        for key in ("part", "whole"):
            check_known(getattr(entry, key), ("", *entries), path, f"{entry.id}.{key}")
    return IndicatorCatalogue(entries, file.land_group, file.ratio_names, file.unit_factors, indicator_id_by_name)
