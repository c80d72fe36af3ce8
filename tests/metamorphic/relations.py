# SPDX-License-Identifier: GPL-2.0-or-later
"""Twelve ways to draw, write, read or check one county whose findings must agree; each states what may differ."""

from __future__ import annotations

import traceback
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any
from unittest import mock

import numpy as np
import pandas as pd
import pyogrio
import shapely

from plugin.core.base.parallel import threads
from plugin.core.base.parallel.process_state import get_thread_count, set_thread_count
from plugin.core.checks.check import CheckResult, RunOptions
from plugin.core.checks.live.session import EditBatch, FeatureState, FullCheckNeeded, IncrementalSession
from plugin.core.engine.rule_memory import RuleMemory
from plugin.core.engine.waivers.waiver import NO_WAIVERS
from plugin.core.geometry.polygon_rings import change_outlines
from plugin.core.model.findings import Finding
from plugin.core.model.rule import load_all_rules
from plugin.core.model.side_inputs import NO_SIDE_INPUTS
from plugin.core.plan.io import read_source
from plugin.core.plan.layer import SourceLayer
from plugin.core.standard.messages.finding_message import SLIVER_TEXTS_KEY
from tests.core.small_plan import write_shapefiles
from tests.metamorphic.county import GEOMETRY_RULES, NORM, PARAMETERS, County, make_county, make_example_layer
from tests.metamorphic.exact_signs import NO_SLIVERS, find_wrong_signs
from tests.mutations.test_live import CASES_OF_THE_WHOLE_PLAN

#: Largest difference of an area, m².
AREA_M2 = 0.01
#: Metres of a degree of latitude; of longitude it is more than those in China.
METRES_OF_DEGREE = 111_000.0
#: Cases of local rules that concern the county's outline, or more than half of a layer.
CASES_OF_WHOLE_LAYERS = {("TOP003", "townships"), ("TOP003", "parcels"), ("GEO002", "type"), ("GEO002", "types")}
#: A layer with which no rule compares another one.
UNRELATED_ROLE = "GHZLLHKJ"
#: Edges shorter than this (m) get no further vertex, which would be near the others (GEO009).
MIN_DIVIDED_EDGE_M = 1.0

#: Largest distance of a place, m, where the same land is drawn with other vertices; a waiver allows 5 m.
PLACE_M = 2.0
#: Land longer than this (m) has edges of which the middle is metres beside the straight edge in degrees.
MAX_PLACED_M = 5_000.0
#: What identifies a finding → its measures, sorted: area and net area (m²), place (m, about).
Summary = dict[tuple[Any, ...], list[tuple[float, ...]]]
Random = np.random.Generator


@dataclass(frozen=True)
class Relation:
    """One relation: how the county changes, and how the findings are compared.

    ``find``: the findings on the county as drawn and on the changed one. ``is_planar``: areas in the plane are
    compared, because those on the ellipsoid depend on the place, or on stored vertices. ``has_place``: findings stay
    where they are. ``is_exact``: vertices stay too, so fingerprints are compared. ``is_summed``: areas of the same rows are summed.
    ``skips``: decides of each finding whether it is left out. ``names_rows_by_place``: rules that name other rows after
    the change.
    """

    find: Callable[[County, list[Finding], Random], tuple[list[Finding], list[Finding]]]
    is_planar: bool = False
    has_place: bool = True
    is_exact: bool = False
    is_summed: bool = False
    skips: Callable[[Finding], bool] = lambda finding: False
    names_rows_by_place: tuple[str, ...] = ()

    def find_differences(self, county: County, findings: list[Finding], random: Random) -> list[str]:
        """Return what differs: identity of a finding, measures on the county as drawn, and on the changed one."""
        before, after = (self.summarise(some) for some in self.find(county, findings, random))
        return [
            f"{' '.join(map(str, identity))} | {before.get(identity)} | {after.get(identity)}"
            for identity in sorted(before.keys() | after.keys(), key=str)
            if not self._are_equal(before.get(identity, []), after.get(identity, []))
        ]

    def summarise(self, findings: Iterable[Finding]) -> Summary:
        """Return what is compared of findings."""
        measures: Summary = defaultdict(list)
        for one in findings:
            if not self.skips(one):
                identity: tuple[Any, ...] = (one.code, one.role, one.related_role)
                if self.is_summed:
                    identity += (*sorted([one.key, *one.related_keys]),)
                else:
                    fingerprint = one.fingerprint if self.is_exact else ""
                    related_keys = [] if one.code in self.names_rows_by_place else one.related_keys
                    related = (*sorted(related_keys), one.field, fingerprint)
                    identity += (one.case, one.severity, one.key, *related)
                planar = float(shapely.area(one.geometry)) if one.geometry is not None else 0.0
                areas = (planar, 0.0) if self.is_planar else (one.area_m2 or 0.0, one.net_area_m2 or 0.0)
                # Lines and points are marked at one of their vertices.
                is_placed = (
                    self.has_place and one.place and one.geom_kind == "area" and _measure_length(one) < MAX_PLACED_M
                )
                place = one.place if is_placed else (0.0, 0.0)
                measures[identity].append((*areas, place[0] * METRES_OF_DEGREE, place[1] * METRES_OF_DEGREE))
        # Areas that differ by a rounding are in the order of their places.
        return {key: sorted(some, key=lambda one: [round(value, 2) for value in one]) for key, some in measures.items()}

    def _are_equal(self, before: list[tuple[float, ...]], after: list[tuple[float, ...]]) -> bool:
        if self.is_summed:
            return abs(sum(one[0] for one in before) - sum(one[0] for one in after)) <= AREA_M2
        # The net area of a row is a stored value, which a share of its land multiplies.
        limits = [
            [AREA_M2, AREA_M2 * max(1.0, net / area if area else 1.0), PLACE_M, PLACE_M] for area, net, *_ in before
        ]
        return len(before) == len(after) and bool((np.abs(np.subtract(before, after)) <= limits).all())


def _measure_length(finding: Finding) -> float:
    west, south, east, north = finding.geometry.bounds
    return max(east - west, north - south)


def _check_changed(change: Callable[[County, Random], County]) -> Callable[..., tuple[list[Finding], list[Finding]]]:
    """Return the function of a relation that compares the findings with those on a changed county."""
    return lambda county, findings, random: (findings, change(county, random).check())


def shift(county: County, random: Random) -> County:
    """Shift all by whole metres, at most 3 km. Areas on the ellipsoid and places differ."""
    step = random.integers(-3000, 3001, 2)
    return county.change_shapes(lambda shape: shapely.transform(shape, lambda xy: xy + step))


def turn(county: County, random: Random) -> County:
    """Turn all by a quarter around a whole metre. Areas on the ellipsoid and places differ.

    A rule that assigns whole parcels to zones or villages takes a point at a share of their height (REL034, REL040). Of
    parcels that overlap, the one whose place comes first has the land (REL042).
    """
    centre = np.floor(county.layers[0].frame.total_bounds[:2])
    way = np.array([[0, 1], [-1, 0]]) * random.choice([-1, 1])
    return county.change_shapes(lambda shape: shapely.transform(shape, lambda xy: (xy - centre) @ way + centre))


def reorder(county: County, random: Random) -> County:
    """Change the order of layers, and of rows with their feature ids. Nothing differs."""

    def change(layer: SourceLayer) -> SourceLayer:
        order = random.permutation(len(layer.frame))
        curves = {n: layer.curve_texts[old] for n, old in enumerate(order.tolist()) if old in layer.curve_texts}
        return replace(layer, frame=layer.frame.iloc[order].reset_index(drop=True), curve_texts=curves)

    return replace(county, layers=tuple(change(county.layers[n]) for n in random.permutation(len(county.layers))))


def redraw(county: County, random: Random) -> County:
    """Change start and direction of rings and lines, and the order of holes and parts. Nothing differs."""

    def draw(xy: Any, is_closed: bool) -> Any:
        first = random.integers(len(xy) - 1)
        xy = np.concatenate([xy[first:-1], xy[: first + 1]]) if is_closed else xy
        return xy[:: random.choice([-1, 1])]

    def change(shape: Any) -> Any:
        if "Point" in shape.geom_type:
            return shape
        if shape.geom_type == "Polygon":
            drawn = change_outlines(shape, draw)
            return shapely.Polygon(drawn.exterior, random.permutation(np.array(list(drawn.interiors), dtype=object)))
        if shape.geom_type.startswith("Multi"):
            return type(shape)([change(one) for one in random.permutation(shapely.get_parts(shape))])
        return change_outlines(shape, draw)

    return county.change_shapes(change)


def divide(county: County, random: Random) -> County:
    """Add a vertex exactly on some edges, the same on both sides of an edge that two shapes share.

    Areas by stored vertices differ on the ellipsoid. A long edge that a neighbour draws as several does not match its
    vertices any more (TOP005), and vertices are counted (GEO010).
    """
    share, salt = random.choice([0.25, 0.5, 0.75]), int(random.integers(2**31))

    def draw(xy: Any, _is_closed: bool) -> Any:
        drawn = [xy[:1]]
        for a, b in pairwise(xy):
            low, high = sorted([a.tolist(), b.tolist()])
            is_divided = np.hypot(*(b - a)) > MIN_DIVIDED_EDGE_M and zlib.crc32(repr((low, high)).encode(), salt) % 2
            middle = low + (np.array(high) - low) * share
            drawn += [[middle], [b]] if is_divided else [[b]]
        return np.concatenate(drawn)

    return county.change_shapes(lambda shape: shape if "Point" in shape.geom_type else change_outlines(shape, draw))


def split(county: County, findings: list[Finding], random: Random) -> tuple[list[Finding], list[Finding]]:
    """Make a row of each part; compared as findings on the row before, with areas summed.

    Findings on parts of a feature (GEO003), on copies and on single parts of it differ in number.
    """
    parents: dict[tuple[str, str], str] = {}

    def change(layer: SourceLayer) -> SourceLayer:
        # Parts of an invalid shape may overlap.
        is_split = shapely.is_valid(layer.frame.geometry.to_numpy())
        frame = pd.concat([layer.frame[~is_split], layer.frame[is_split].explode()]).sort_index(kind="stable")
        keys = frame["BSM"].tolist()
        frame["BSM"] = [f"9{n:017d}" if keys.count(key) > 1 else key for n, key in enumerate(keys)]
        parents.update({(layer.name, new): key for new, key in zip(frame["BSM"], keys, strict=True)})
        curves = {n: layer.curve_texts[old] for n, old in enumerate(frame.index) if old in layer.curve_texts}
        return replace(layer, frame=frame.reset_index(drop=True), curve_texts=curves)

    drawn = county.check(NO_SLIVERS)
    parted = replace(county, layers=tuple(map(change, county.layers))).check(NO_SLIVERS)
    for one in parted:
        one.related_keys = [parents.get((one.related_role, key), key) for key in one.related_keys]
        one.key = parents.get((one.role, one.key), one.key)
    return drawn, parted


def change_zone(county: County, findings: list[Finding], random: Random) -> tuple[list[Finding], list[Finding]]:
    """Reproject all to a neighbouring zone and back, as offices do, which moves vertices by 1e-8 m.

    Rings that touch are valid or not by their exact vertices (GEO002): rows that change so are left out of both.
    """
    zone = int(random.choice([4525, 4527]))
    moved = county.change_frames(lambda frame: frame.to_crs(zone).to_crs(frame.crs))
    kept, lost = [], 0
    for before, after in zip(county.layers, moved.layers, strict=True):
        is_kept = np.all([one.frame.is_valid | one.frame.geometry.isna() for one in (before, after)], axis=0)
        lost += np.count_nonzero(~is_kept)
        kept.append([replace(one, frame=one.frame[is_kept]) for one in (before, after)])
    counties = [
        replace(county, layers=tuple(one for one in layers if len(one.frame))) for layers in zip(*kept, strict=True)
    ]
    return counties[0].check() if lost else findings, counties[1].check()


def change_format(county: County, random: Random) -> County:
    """Write all to a file and read it. Marks of arcs are not written (GEO004, GEO002).

    In a shapefile, a hole outside its polygon is another polygon.
    """
    frames = {one.name: one.frame for one in county.layers}
    with TemporaryDirectory() as folder:
        path = Path(folder) / "county.gpkg"
        if random.random() < 0.5:
            for name, frame in frames.items():
                pyogrio.write_dataframe(frame, path, layer=name, driver="GPKG", geometry_type="Unknown")
        else:
            path = path.with_suffix("")
            path.mkdir()
            for name, frame in frames.items():
                kinds = {kind.removeprefix("Multi") for kind in frame.geom_type.dropna()}
                reasons = shapely.is_valid_reason(frame.geometry.to_numpy()).tolist()
                if kinds == {"Polygon"} and not any(str(one).startswith("Hole lies outside") for one in reasons):
                    write_shapefiles(path, "UTF-8", {name: frame})
                else:
                    pyogrio.write_dataframe(frame, path / f"{name}.gpkg", driver="GPKG", geometry_type="Unknown")
        return replace(county, layers=tuple(read_source(path)))


def use_threads(county: County, findings: list[Finding], random: Random) -> tuple[list[Finding], list[Finding]]:
    """Check as users do, with rules in two threads and overlays in four. Nothing differs."""
    with ExitStack() as stack:
        stack.callback(set_thread_count, get_thread_count())
        set_thread_count(8)
        stack.enter_context(mock.patch.object(threads, "MIN_VERTICES", 0))
        return findings, _list_findings_of_rules(county.report().findings)


def use_memory(county: County, findings: list[Finding], random: Random) -> tuple[list[Finding], list[Finding]]:
    """Check an edited county first, then the county with the memory of that check. Nothing differs."""
    memory = RuleMemory()
    _edit(county, random).check(memory=memory)
    return findings, county.check(memory=memory)


def edit_live(county: County, findings: list[Finding], random: Random) -> tuple[list[Finding], list[Finding]]:
    """Check an edited county, and undo the edits in a live check. Its rules are the local ones."""
    edited = _edit(county, random)
    plan, report = edited.assemble(), edited.report()
    checked = CheckResult(plan, report, NO_SIDE_INPUTS, NO_WAIVERS)
    session = IncrementalSession(checked, RunOptions(rules=county.codes, parameters=PARAMETERS))
    session.prepare()
    states: dict[tuple[str, int], FeatureState | None] = {}
    for before, after in zip(edited.layers, county.layers, strict=True):
        for fid in before.frame.index.union(after.frame.index):
            present = fid in after.frame.index
            row = after.frame.loc[fid].to_dict() if present else {}
            shape = row.pop("geometry", None)
            values = {name: None if value != value else value for name, value in row.items()}
            text = after.curve_texts.get(fid, "")
            states[before.name, fid] = FeatureState(shapely.to_wkb(shape), values, text) if present else None
    try:
        session.check_edits(EditBatch(states_by_feature=states))
    except FullCheckNeeded:  # a layer got its first shape: the panel asks for a whole check
        return findings, findings
    return findings, _list_findings_of_rules(session.findings)


def add_layer(county: County, findings: list[Finding], random: Random) -> tuple[list[Finding], list[Finding]]:
    """Add a layer that no rule compares with another. Only findings on that layer differ."""
    shapes = county.layers[1].frame.geometry.iloc[:2]
    layer = make_example_layer(UNRELATED_ROLE, [{"wkt": shapely.to_wkt(one, -1)} for one in shapes if one], NORM)
    added = replace(county, layers=(*county.layers[:2], layer, *county.layers[2:])).check()
    return findings, [one for one in added if one.role != UNRELATED_ROLE]


def _edit(county: County, random: Random) -> County:
    """Return the county with some rows removed, moved, or added as copies, in some layers."""

    def change(layer: SourceLayer) -> SourceLayer:
        frame, kind = layer.frame, random.integers(6)
        if kind > 2:
            return layer
        row = [int(random.integers(len(frame)))]
        if kind == 0 and len(frame) > 1:
            return replace(layer, frame=frame.drop(frame.index[row]))
        moved = frame.geometry.iloc[row].translate(3.0, -2.0)
        if kind == 1:
            shapes = frame.geometry.copy()
            shapes.iloc[row] = moved
            return replace(layer, frame=frame.set_geometry(shapes))
        copy = frame.iloc[row].set_geometry(moved).set_axis([frame.index.max() + 1]).assign(BSM="140225000099999999")
        return replace(layer, frame=pd.concat([frame, copy]))

    return replace(county, layers=tuple(map(change, county.layers)))


def _list_findings_of_rules(findings: Iterable[Finding]) -> list[Finding]:
    """Return the findings of a report that the rules themselves made."""
    return [one for one in findings if one.code in GEOMETRY_RULES and one.case != SLIVER_TEXTS_KEY]


def _is_of_arcs(finding: Finding) -> bool:
    return finding.code == "GEO004" or finding.case == "curve"


def _is_of_whole_plan(finding: Finding) -> bool:
    """Return True for a finding that a live check cannot find: of rules that are not local, and of whole layers."""
    cases = CASES_OF_THE_WHOLE_PLAN | CASES_OF_WHOLE_LAYERS
    return not load_all_rules()[finding.code].local or (finding.code, finding.case) in cases


#: Rules whose findings are pieces of land, however many rows they are divided into.
PIECE_RULES = (
    "TOP001 TOP002 TOP003 TOP006 TOP008 REL001 REL002 REL003 REL004 REL005 REL010 REL011 REL023 REL030".split()
)

RELATIONS = {
    "shift": Relation(_check_changed(shift), is_planar=True, has_place=False),
    "turn": Relation(
        _check_changed(turn),
        is_planar=True,
        has_place=False,
        skips=lambda one: one.code in ("REL034", "REL040"),
        names_rows_by_place=("REL042",),
    ),
    "rows": Relation(_check_changed(reorder), is_exact=True),
    "rings": Relation(_check_changed(redraw), is_exact=True),
    "vertices": Relation(_check_changed(divide), is_planar=True, skips=lambda one: one.code in ("TOP005", "GEO010")),
    "parts": Relation(
        split, is_planar=True, has_place=False, is_summed=True, skips=lambda one: one.code not in PIECE_RULES
    ),
    "zone": Relation(change_zone),
    "format": Relation(_check_changed(change_format), is_exact=True, skips=_is_of_arcs),
    "threads": Relation(use_threads, is_exact=True),
    "memory": Relation(use_memory, is_exact=True),
    "live": Relation(edit_live, is_exact=True, skips=_is_of_whole_plan),
    "layer": Relation(add_layer, is_exact=True),
}


def find_differences(seed: int, name: str, county: County, findings: list[Finding]) -> list[str]:
    """Return the differences of a relation on a county; an error is one, too."""
    random = np.random.default_rng([seed, zlib.crc32(name.encode())])
    try:
        return RELATIONS[name].find_differences(county, findings, random)
    except Exception as error:
        return _describe_error(error)


def _describe_error(error: Exception) -> list[str]:
    return [f"{type(error).__name__}: {error}", *traceback.format_exception(error)[-3:]]


def run_county(seed: int, names: Iterable[str] = tuple(RELATIONS)) -> dict[str, Any]:
    """Return the seed, codes of rules with findings, number of exact signs, and differences by relation, for JSON."""
    county = make_county(seed)
    sign_count, wrong_signs = find_wrong_signs(seed)
    try:
        findings = county.check()
    except Exception as error:
        findings, names, wrong_signs = [], (), [*wrong_signs, *_describe_error(error)]
    differences = {name: find_differences(seed, name, county, findings) for name in names}
    differences["county"] = wrong_signs
    return {
        "seed": seed,
        "fired": sorted({one.code for one in findings}),
        "signs": sign_count,
        "differences": {name: some for name, some in differences.items() if some},
    }


def shrink(seed: int, name: str) -> list[str]:
    """Return the differences of a relation on the fewest rows that show the first of them, and the rows as WKT."""

    def list_differences(county: County) -> list[str]:
        return find_differences(seed, name, county, county.check())

    county = make_county(seed)
    code = list_differences(county)[0].split()[0]
    is_smaller = True
    while is_smaller:
        fewer = [
            tuple(one for one in (*county.layers[:n], part, *county.layers[n + 1 :]) if len(one.frame))
            for n, layer in enumerate(county.layers)
            for part in (replace(layer, frame=layer.frame.iloc[:0]), *_leave_out_each_row(layer))
        ]
        smaller = (replace(county, layers=layers) for layers in fewer if layers)
        found = next((one for one in smaller if any(text.startswith(code) for text in list_differences(one))), None)
        is_smaller, county = found is not None, found or county
    rows = [
        f"{layer.name} {row.drop('geometry').to_dict()} {shapely.to_wkt(row.geometry, rounding_precision=-1)}"
        for layer in county.layers
        for _, row in layer.frame.iterrows()
    ]
    return [*list_differences(county), *rows]


def _leave_out_each_row(layer: SourceLayer) -> Iterable[SourceLayer]:
    for fid in layer.frame.index:
        yield replace(layer, frame=layer.frame.drop(fid))
