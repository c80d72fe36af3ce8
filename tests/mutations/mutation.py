# SPDX-License-Identifier: GPL-2.0-or-later
"""Mutations (functions that plant one defect), drafts, and report comparison."""

from __future__ import annotations

import importlib
import pkgutil
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import Any, ClassVar

import geopandas as gpd
import numpy as np
import shapely
from pyproj import CRS

from plugin.core.checks import run_check as run
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.model.findings import Finding
from plugin.core.model.report import Outcome, Report
from plugin.core.model.rule import Rule, load_all_rules
from plugin.core.plan.layer import FieldInfo, Layer, MistypedColumn
from plugin.core.plan.loading import assembly
from tests.county import source
from tests.county.attributes import County
from tests.county.defect_editor import DefectEditor
from tests.county.measure import statutory_area

#: Gross and net area of the layers that have both.
AREA_FIELDS = {
    "DLTB": ("TBMJ", "TBDLMJ"),
    "GDBHMB": ("TBMJ", "TBDLMJ"),
    "XZYDYH": ("TBMJ", "TBDLMJ"),
    "YJJBNTBHTB": ("YJJBNTTBMJ", "YJJBNTMJ"),
}
#: The rules that read the facts of an inspected package.
PACKAGE_RULES = frozenset(
    code for code, rule in load_all_rules().items() if ".package.rules." in rule.function.__module__
)
OUTCOMES_WITH_RESULT = (Outcome.PASSED, Outcome.FAILED, Outcome.WAIVED)


class Frames(dict[str, gpd.GeoDataFrame]):
    """Layers by code, each copied when it is first used."""

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
def reuse_plan_layers(layers: dict[int, Layer]) -> Iterator[None]:
    """Reuse layers of a plan with their cached measures while the block runs.

    ``layers``: id of the layer that was read → plan layer. Layers of other plans are created as usual.
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


@contextmanager
def run_only(codes: Iterable[str]) -> Iterator[None]:
    """Run only some rules of each check in the block; to them, the other rules are part of the run."""
    evaluate, codes = run.evaluate_rules, frozenset(codes)

    def evaluate_some(rules: Iterable[Rule], plan: Any, **arguments: Any) -> Any:
        rules = list(rules)
        return evaluate([rule for rule in rules if rule.code in codes], plan, run_rules=rules, **arguments)

    run.evaluate_rules = evaluate_some  # type: ignore[assignment]
    try:
        yield
    finally:
        run.evaluate_rules = evaluate


class CountyDraft(DefectEditor):
    """A county to be edited, by the methods of `DefectEditor`.

    ``schema``: layer → declared fields. ``crs``: layer → EPSG or None. ``curves``: layer → rows with arcs.
    ``shape_crs``: layer → CRS that its shapes declare. ``described_crs``: layer → CRS of the file's definition.
    ``mistyped_columns``: layer → field → values of another type in it.
    ``options``: options of the check. ``folder``: folder for files of the mutation.
    """

    #: Checked counties without changes, by id: the county, its original CRS and its layers.
    _checked: ClassVar[dict[int, tuple[County, CRS | None, dict[str, Layer]]]] = {}

    def __init__(self, county: County, options: dict[str, Any], folder: Path) -> None:
        super().__init__(County(county.fabric, county.lines, county.layers, county.parcels))
        self._clean, self.layers = county, Frames(county.layers)
        self.county.layers = self.layers
        self.schema: dict[str, list[FieldInfo]] = {role: source.make_declared_fields(role) for role in self.layers}
        self.crs: dict[str, int | CRS | None] = {}
        self.curves: dict[str, tuple[int, ...]] = {}
        self.shape_crs: dict[str, dict[str, int]] = {}
        self.described_crs: dict[str, str] = {}
        self.mistyped_columns: dict[str, dict[str, MistypedColumn]] = {}
        self.options = dict(options)
        #: The file that the layers refer to.
        self.file: str = self.options.pop("file", "")
        self.folder = folder
        self._clean_options = dict(self.options)
        #: True if the last report has the rules of packages only.
        self.is_checked_as_package = False

    def _differs_by_package_only(self) -> bool:
        """Return True if the options are those of the clean county but for the facts of its package."""
        names = self.options.keys() | self._clean_options.keys()
        return {name for name in names if self.options.get(name) != self._clean_options.get(name)} == {"package"}

    @cached_property
    def without_heritage_or_city_line(self) -> np.ndarray:
        """Return the mask of parcels without a heritage area or city line."""
        lines = (role for role in self.layers if role in ("LSWHBHX", "ZXCQCSLX", "ZXCQCSLVX", "ZXCQCSHX"))
        tree = shapely.STRtree([shape for role in lines for shape in self.layers[role].geometry])
        reached = tree.query(self.fabric.polygons, predicate="intersects")[0]
        return ~np.isin(np.arange(len(self.fabric)), reached)

    def pick_row(self, role: str, chosen: Any) -> int:
        """Return a row of a layer made of one of the chosen parcels ((n,) bool)."""
        return self.row(role, self.choose(chosen, lambda parcel: self.row(role, parcel) >= 0, around=False)[0])

    def first_row(self, role: str) -> int:
        return int(self.layers[role].index[0])

    def last_row(self, role: str) -> int:
        return int(self.layers[role].index[-1])

    def remove_layer(self, role: str, *names: str) -> None:
        """Remove a layer, or the given fields of it."""
        if names:
            self.layers[role] = self.layers[role].drop(columns=list(names))
        else:
            del self.layers[role]

    def replace_shape(self, role: str, row: int, shape: Any) -> None:
        """Replace the shape of a row and update all its area fields."""
        self.reshape(role, row, shape)
        gross, net = AREA_FIELDS.get(role, ("", ""))
        if not gross:
            return
        area = round(float(statutory_area([shape])[0]), 2)
        deducted = round(area * float(self.value(role, row, "KCXS")), 2) if "KCXS" in self.layers[role] else 0.0
        values = {gross: area, net: round(area - deducted, 2), "KCMJ": deducted}
        self.change(role, row, **{name: value for name, value in values.items() if name in self.layers[role]})

    def append_to_profile(self, text: str) -> None:
        """Append TOML text to the profile of the county."""
        path = self.folder / "own.toml"
        path.write_text(Path(self.options["profile"]).read_text(encoding="utf-8") + text, encoding="utf-8")
        self.options["profile"] = str(path)

    @property
    def layers_for_reading(self) -> dict[str, gpd.GeoDataFrame]:
        """Return the layers for reading only, without copying them."""
        return {role: dict.__getitem__(self.layers, role) for role in self.layers}

    def report(self) -> Report:
        """Check the draft and return the report.

        Unchanged layers are reused from the clean county with their cached measures.
        """
        frames, options = self.layers_for_reading, check_options(self.options)
        layers = source.make_read_layers(
            frames, self.schema, self.crs, self.curves, self.shape_crs, self.described_crs, self.mistyped_columns
        )
        for layer in layers:
            layer.source = self.file
        untouched = {role for role in frames if self._is_untouched(role, frames[role])}
        known = self._checked.get(id(self._clean))
        if known is None or known[1] != options.original_crs:
            checked = check_plan(layers, options)
            if untouched == self._clean.layers.keys():
                self._checked[id(self._clean)] = self._clean, options.original_crs, dict(checked.plan.layers)
            return checked.report
        self.is_checked_as_package = (
            untouched == self._clean.layers.keys() and self._differs_by_package_only() and not options.rules
        )
        if self.is_checked_as_package:
            # No other rule can see the difference (test_only_package_rules_read_package_facts).
            options = replace(options, rules=tuple(PACKAGE_RULES))
        same = {id(read): known[2][read.name] for read in layers if read.name in untouched & known[2].keys()}
        with reuse_plan_layers(same):
            return check_plan(layers, options).report

    def _is_untouched(self, role: str, frame: gpd.GeoDataFrame) -> bool:
        replaced = (self.crs, self.curves, self.shape_crs, self.described_crs, self.mistyped_columns)
        if any(role in changed for changed in replaced):
            return False
        return frame is self._clean.layers.get(role) and self.schema.get(role) == source.make_declared_fields(role)


def check_options(given: dict[str, Any]) -> RunOptions:
    """Return the check options of a county.

    The option ``package`` adds facts of a submission package of its layers.
    """
    facts = given.get("package")
    if facts is None:
        return RunOptions(**given)
    rest = {name: value for name, value in given.items() if name != "package"}
    return RunOptions(**rest, side={"package": facts}, allow_no_layers=True, original_crs=facts.original_crs)


#: Makes a defect and returns the shape that the rule must find (None: no place).
PlantFunction = Callable[[CountyDraft], Any]


@dataclass(frozen=True)
class Mutation:
    """A declared defect and the rule that must find it.

    ``finds``: number of new findings of the rule; None: at least one. ``case``: key of the message. ``base``: name of
    the clean county.
    """

    rule: str
    plant: PlantFunction
    case: str = ""
    finds: int | None = 1
    follows: frozenset[str] = frozenset()
    silent: frozenset[str] = frozenset()
    base: str = "county"

    @property
    def declared_codes(self) -> frozenset[str]:
        """Return the codes of the rules that the defect changes."""
        return self.follows | self.silent | {self.rule}

    @property
    def name(self) -> str:
        return f"{self.rule}-{self.plant.__name__.removeprefix('plant_')}"


MUTATIONS: list[Mutation] = []


def load_all_mutations() -> list[Mutation]:
    """Import the modules of this package, each of which declares mutations; return all of them."""
    for module in pkgutil.iter_modules([str(Path(__file__).parent)]):
        if not module.name.startswith(("test_", "conftest")):
            importlib.import_module(f"tests.mutations.{module.name}")
    return MUTATIONS


def declare_mutation(
    rule: str,
    *,
    case: str = "",
    finds: int | None = 1,
    follows: Iterable[str] = (),
    silent: Iterable[str] = (),
    base: str = "county",
) -> Callable[[PlantFunction], PlantFunction]:
    """Declare a function that plants a defect; see the package's docstring."""

    def declare(plant: PlantFunction) -> PlantFunction:
        MUTATIONS.append(Mutation(rule, plant, case, finds, frozenset(follows), frozenset(silent), base))
        return plant

    return declare


@dataclass
class ReportDifference:
    """New findings by rule code, and rules that no longer run.

    Both are differences from the report of the clean county.
    """

    found: dict[str, list[Finding]] = field(default_factory=dict)
    silent: set[str] = field(default_factory=set)

    def printed(self) -> str:
        lines = [f"{f.code} {f.severity} {f.message}" for found in self.found.values() for f in found[:4]]
        return "\n".join([*lines, *(f"{code} no longer runs" for code in sorted(self.silent))])


def compare_reports(report: Report, clean: Report, codes: frozenset[str] | None = None) -> ReportDifference:
    """Compare two reports by fingerprints (stable identities) of findings.

    Findings of the clean county are left out. ``codes``: the only rules of the report; None: all.
    """
    known = Counter(f.fingerprint for f in clean.findings)
    result = ReportDifference()
    for finding in report.findings:
        if known[finding.fingerprint]:
            known[finding.fingerprint] -= 1
        else:
            result.found.setdefault(finding.code, []).append(finding)
    ran_before, run_now = ({r.code for r in one.rules if _has_run(r)} for one in (clean, report))
    if codes is not None:
        ran_before &= codes
    result.silent = ran_before - run_now
    return result


def _has_run(rule: Any) -> bool:
    return rule.outcome in OUTCOMES_WITH_RESULT and not rule.incomplete
