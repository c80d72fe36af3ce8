# SPDX-License-Identifier: GPL-2.0-or-later
"""Mutations, drafts of counties, and the comparison of reports with the clean county."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS

from plugin.core.check import Options, check_plan
from plugin.core.loading import assembly
from plugin.core.model.findings import Finding
from plugin.core.model.report import Outcome, Report
from plugin.core.plan.layer import FieldInfo, Layer
from tests.county import source
from tests.county.attributes import County
from tests.county.defect_editor import DefectEditor
from tests.county.measure import statutory_area

#: Gross and net area of the layers that have both.
AREAS = {
    "DLTB": ("TBMJ", "TBDLMJ"),
    "GDBHMB": ("TBMJ", "TBDLMJ"),
    "XZYDYH": ("TBMJ", "TBDLMJ"),
    "YJJBNTBHTB": ("YJJBNTTBMJ", "YJJBNTMJ"),
}
ANSWERS = (Outcome.PASSED, Outcome.FAILED, Outcome.WAIVED)


class Frames(dict[str, gpd.GeoDataFrame]):
    """Layers by role, each copied at its first use."""

    def __getitem__(self, role: str) -> gpd.GeoDataFrame:
        frame = super().__getitem__(role)
        if role in self._shared:
            self._shared.discard(role)
            frame = frame.copy()
            super().__setitem__(role, frame)
        return frame

    def __init__(self, frames: dict[str, gpd.GeoDataFrame]) -> None:
        super().__init__(frames)
        self._shared = set(frames)

    def __setitem__(self, role: str, frame: gpd.GeoDataFrame) -> None:
        self._shared.discard(role)
        super().__setitem__(role, frame)

    def get(self, role: str, default: Any = None) -> Any:
        return self[role] if role in self else default

    def items(self) -> Any:
        return [(role, self[role]) for role in self]

    def values(self) -> Any:
        return [self[role] for role in self]

    def pop(self, role: str, *default: Any) -> Any:
        frame = self.get(role, *default)
        if role in self:
            del self[role]
        return frame


@contextmanager
def ready(layers: dict[int, Layer]) -> Iterator[None]:
    """Reuse layers of a plan with their cached measures instead of creating them again.

    ``layers``: id of the layer that was read → layer. Layers of other plans (a sealed edition) are created as usual.
    """
    make = assembly.Layer

    def take(read: Any, template: Any, plane: Any, stray: Any) -> Layer:
        known = layers.get(id(read))
        same = known is not None and not stray and known.template is template and known.plane_crs == plane
        return known if same and known is not None else make(read, template, plane, stray)

    assembly.Layer = take  # type: ignore[assignment, misc]
    try:
        yield
    finally:
        assembly.Layer = make  # type: ignore[misc]


class CountyDraft(DefectEditor):
    """A county to edit: rows and shapes by the methods of `DefectEditor`, and properties of its layers.

    ``schema`` (role → declared fields), ``crs`` (role → EPSG or None), ``curves`` (role → rows that held arcs), ``shape_crs``
    (role → systems that shapes declare), ``described_crs`` (role → CRS of the file's definition), ``options`` (of the check), ``folder`` for files of the mutation.
    """

    #: Checked counties without changes, by id: the county, its original CRS, and its layers.
    _checked: ClassVar[dict[int, tuple[County, CRS | None, dict[str, Layer]]]] = {}

    def __init__(self, county: County, options: dict[str, Any], folder: Path) -> None:
        super().__init__(County(county.fabric, county.lines, county.layers, county.parcels))
        self._clean, self.layers = county, Frames(county.layers)
        self.county.layers = self.layers
        self.schema: dict[str, list[FieldInfo]] = {role: source.declared(role) for role in self.layers}
        self.crs: dict[str, int | None] = {}
        self.curves: dict[str, tuple[int, ...]] = {}
        self.shape_crs: dict[str, dict[str, int]] = {}
        self.described_crs: dict[str, str] = {}
        self.options = dict(options)
        #: The file that the layers refer to.
        self.file: str = self.options.pop("file", "")
        self.folder = folder

    @cached_property
    def unlisted(self) -> np.ndarray:
        """Return parcels without a heritage range or a line of the city."""
        lines = (role for role in self.layers if role in ("LSWHBHX", "ZXCQCSLX", "ZXCQCSLVX", "ZXCQCSHX"))
        tree = shapely.STRtree([shape for role in lines for shape in self.layers[role].geometry])
        reached = tree.query(self.fabric.polygons, predicate="intersects")[0]
        return ~np.isin(np.arange(len(self.fabric)), reached)

    def pick(self, role: str, chosen: Any) -> int:
        """Return a row of a layer that was made of one of the chosen parcels ((n,) bool)."""
        return self.row(role, self.choose(chosen, lambda parcel: self.row(role, parcel) >= 0, around=False)[0])

    def first(self, role: str) -> int:
        return int(self.layers[role].index[0])

    def last(self, role: str) -> int:
        return int(self.layers[role].index[-1])

    def lose(self, role: str, *names: str) -> None:
        """Remove the layer, or these fields of it."""
        if names:
            self.layers[role] = self.layers[role].drop(columns=list(names))
        else:
            del self.layers[role]

    def redraw(self, role: str, row: int, shape: Any) -> None:
        """Replace a shape and update all area fields of the row."""
        self.reshape(role, row, shape)
        gross, net = AREAS.get(role, ("", ""))
        if not gross:
            return
        area = round(float(statutory_area([shape])[0]), 2)
        deducted = round(area * float(self.value(role, row, "KCXS")), 2) if "KCXS" in self.layers[role] else 0.0
        values = {gross: area, net: round(area - deducted, 2), "KCMJ": deducted}
        self.change(role, row, **{name: value for name, value in values.items() if name in self.layers[role]})

    def county_sets(self, text: str) -> None:
        """Append text (TOML) to the profile of the county."""
        path = self.folder / "own.toml"
        path.write_text(Path(self.options["profile"]).read_text(encoding="utf-8") + text, encoding="utf-8")
        self.options["profile"] = str(path)

    @property
    def seen(self) -> dict[str, gpd.GeoDataFrame]:
        """Return the layers for reading only."""
        return {role: dict.__getitem__(self.layers, role) for role in self.layers}

    def report(self) -> Report:
        """Check the draft; unchanged layers are those of the clean county with their cached measures."""
        frames, options = self.seen, check_options(self.options)
        layers = source.as_read(frames, self.schema, self.crs, self.curves, self.shape_crs, self.described_crs)
        for layer in layers:
            layer.source = self.file
        untouched = {role for role in frames if self._is_untouched(role, frames[role])}
        known = self._checked.get(id(self._clean))
        if known is None or known[1] != options.original_crs:
            checked = check_plan(layers, options)
            if untouched == self._clean.layers.keys():
                self._checked[id(self._clean)] = self._clean, options.original_crs, dict(checked.plan.layers)
            return checked.report
        same = {id(read): known[2][read.name] for read in layers if read.name in untouched & known[2].keys()}
        with ready(same):
            return check_plan(layers, options).report

    def _is_untouched(self, role: str, frame: gpd.GeoDataFrame) -> bool:
        if any(role in changed for changed in (self.crs, self.curves, self.shape_crs, self.described_crs)):
            return False
        return frame is self._clean.layers.get(role) and self.schema.get(role) == source.declared(role)


def check_options(given: dict[str, Any]) -> Options:
    """Return the options of a county's check; ``package`` in them are facts of the package of its layers."""
    facts = given.get("package")
    if facts is None:
        return Options(**given)
    rest = {name: value for name, value in given.items() if name != "package"}
    return Options(**rest, side={"package": facts}, allow_no_layers=True, original_crs=facts.original_crs)


#: Makes a defect and returns the shape that the rule must find (None: no place).
Plant = Callable[[CountyDraft], Any]


@dataclass(frozen=True)
class Mutation:
    """A declared defect.

    ``finds``: number of new findings of its rule; None: at least one. ``case``: key of the message. ``base``: name of the
    clean county (`clean.base`).
    """

    rule: str
    plant: Plant
    case: str = ""
    finds: int | None = 1
    follows: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    base: str = "county"

    @property
    def name(self) -> str:
        return f"{self.rule}-{self.plant.__name__}"


MUTATIONS: list[Mutation] = []


def declare_mutation(
    rule: str,
    *,
    case: str = "",
    finds: int | None = 1,
    follows: Iterable[str] = (),
    silent: Iterable[str] = (),
    base: str = "county",
) -> Callable[[Plant], Plant]:
    """Declare a mutation: see the package's docstring."""

    def declare(plant: Plant) -> Plant:
        MUTATIONS.append(Mutation(rule, plant, case, finds, frozenset(follows), frozenset(silent), base))
        return plant

    return declare


@dataclass
class ReportDifference:
    """Difference from the clean county: new findings by code, and rules that no longer run."""

    found: dict[str, list[Finding]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)

    def printed(self) -> str:
        lines = [f"{f.code} {f.severity} {f.message}" for found in self.found.values() for f in found[:4]]
        return "\n".join([*lines, *(f"{code} no longer runs" for code in sorted(self.silent))])


def compare_reports(report: Report, clean: Report) -> ReportDifference:
    """Compare findings by fingerprint, without those of the clean county (listed windows, heritage in the boundary)."""
    known = Counter(f.fingerprint for f in clean.findings)
    result = ReportDifference()
    for finding in report.findings:
        if known[finding.fingerprint]:
            known[finding.fingerprint] -= 1
        else:
            result.found.setdefault(finding.code, []).append(finding)
    ran_before, run_now = ({r.code for r in one.rules if _has_run(r)} for one in (clean, report))
    result.silent = ran_before - run_now
    return result


def _has_run(rule: Any) -> bool:
    return rule.outcome in ANSWERS and not rule.incomplete
