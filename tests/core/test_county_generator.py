# SPDX-License-Identifier: GPL-2.0-or-later
"""The generated sample county: realistic, repeatable, with a list of its defects.

An independent check of every pair of rows by shapely must find exactly the listed defects.
"""

import json
from collections import Counter
from pathlib import Path

import geopandas as gpd
import numpy as np
import pyogrio
import pytest
import shapely

from tests.county import SEED, make_clean_county, make_county, templates
from tests.county.centre import make_centre
from tests.county.measure import measure_drawn_area, statutory_area
from tests.sample import check_sample_county, check_sample_folder

SAMPLE_FOLDER = Path(__file__).resolve().parents[2] / "resources" / "sample"
PARCEL_COUNT = 400
CULTIVATED_CODES = ("0101", "0102", "0103")

pytestmark = pytest.mark.slow  # builds counties


@pytest.fixture(scope="module")
def clean_county():
    """Return the layers and expected results of a generated county without defects."""
    return make_county(PARCEL_COUNT, defects=False)


@pytest.fixture(scope="module")
def defective_county():
    """Return the layers and expected results of a generated county with defects."""
    return make_county(PARCEL_COUNT)


@pytest.fixture(scope="module")
def shipped_county():
    """Return the layers and expected results of the shipped sample county."""
    layers = {role: gpd.read_file(SAMPLE_FOLDER / "county.gpkg", layer=role) for role in templates.STANDARD_BY_LAYER}
    return layers, json.loads((SAMPLE_FOLDER / "truth.json").read_text(encoding="utf-8"))


AREA_TEST_VALUES = [
    ("112 37,112.1 37,112.1 37.1,112 37.1,112 37", 98719156.29),
    ("112.4 37.8,112.6 37.8,112.6 37.9,112.4 37.9,112.4 37.8", 195373339.20),
    ("112 37,112.001 37,112.001 37.001,112 37.001,112 37", 9878.24),
    ("110 34,115 34,115 41,110 41,110 34", 343276435605.90),
    ("112.5 37.5,112.51 37.5,112.505 37.51,112.5 37.5", 490671.60),
    ("112.40 37.80,112.47 37.79,112.52 37.86,112.45 37.91,112.38 37.87,112.40 37.80", 104040565.82),
    (
        "112.40 37.80,112.47 37.79,112.52 37.86,112.45 37.91,112.38 37.87,112.40 37.80),"
        "(112.44 37.83,112.46 37.83,112.46 37.85,112.44 37.85,112.44 37.83",
        100132577.53,
    ),
]


@pytest.mark.parametrize(("rings", "area"), AREA_TEST_VALUES)
def test_area_formula_of_the_generator_equals_the_standard(rings, area):
    shape = shapely.from_wkt(f"POLYGON(({rings}))")
    turned = shapely.Polygon(shape.exterior.coords[::-1], [ring.coords for ring in shape.interiors])
    assert statutory_area([shape, turned], epsg=4490) == pytest.approx([area, area], abs=0.01)


@pytest.mark.parametrize("county", ["clean_county", "defective_county", "shipped_county"])
def test_overlap_defects_in_the_truth_file_equal_the_findings_of_an_independent_computation(county, request):
    layers, truth = request.getfixturevalue(county)
    found, slivers = IndependentOverlayCheck(layers).findings()
    rules = {one[0] for one in found} | {"TOP001", "TOP002", "TOP003", "LAW010", *(f"REL00{n}" for n in range(1, 7))}
    listed = [
        (
            one["rule"],
            one["severity"],
            one["role"],
            one["key"],
            one["related_role"],
            tuple(one["related_keys"]),
            one["area_m2"],
        )
        for one in truth["defects"]
        if one["rule"] in rules
    ]
    assert Counter(one[:-1] for one in found) == Counter(one[:-1] for one in listed)
    # Findings that share rule and keys are paired by size.
    for mine, theirs in zip(sorted(found), sorted(listed), strict=True):
        assert mine[-1] == pytest.approx(theirs[-1], rel=1e-9, abs=0.01), mine
    ignored = [(one["rule"], one["role"], one["area_m2"]) for one in truth["ignored_slivers"]["parts"]]
    assert len(slivers) == len(ignored) == truth["ignored_slivers"]["count"]
    for mine, theirs in zip(sorted(slivers), sorted(ignored), strict=True):
        assert mine[:2] == theirs[:2]
        assert mine[2] == pytest.approx(theirs[2], abs=1e-6)


@pytest.mark.parametrize("county", ["defective_county", "shipped_county"])
def test_every_rule_has_defects_in_the_sample_county(county, request):
    truth = request.getfixturevalue(county)[1]
    rules = {one["rule"] for one in truth["defects"]}
    wanted = "SCH002 GEO001 GEO002 GEO003 ATT001 ATT002 ATT003 TOP001 TOP002 TOP003 REL001 REL002 REL003 REL004 REL005 REL006"
    assert rules >= {*wanted.split(), "LAW001", "LAW002", "LAW010"}
    assert len(truth["defects"]) >= 30


def test_shipped_sample_county_equals_the_output_of_the_generator(shipped_county):
    assert (SAMPLE_FOLDER / "county.gpkg").stat().st_size <= 4_000_000
    layers, defects = shipped_county
    _, truth = make_county()
    assert defects["county"]["area_m2"] == pytest.approx(1968e6, rel=0.002)
    assert truth["county"] == defects["county"]
    assert {role: len(frame) for role, frame in layers.items()} == defects["county"]["rows"]
    listed = [[one[name] for name in ("rule", "role", "key", "related_keys")] for one in truth["defects"]]
    assert listed == [[one[name] for name in ("rule", "role", "key", "related_keys")] for one in defects["defects"]]
    assert truth["indicators"] == pytest.approx(defects["indicators"], rel=1e-12)


def test_shipped_central_area_of_the_sample_equals_the_output_of_the_generator_and_has_no_defects():
    centre = make_centre(make_clean_county(5000), SEED)
    path = SAMPLE_FOLDER / "centre.gpkg"
    assert [name for name, _ in pyogrio.list_layers(path)] == list(centre)
    for role, frame in centre.items():
        shipped_county = pyogrio.read_dataframe(path, layer=role)
        assert shipped_county.geometry.geom_equals_exact(frame.geometry, 0).all(), role
        assert shipped_county["BSM"].tolist() == frame["BSM"].tolist()
    # The area equals the text of the plan, and zones cover it.
    for role in ("ZXCQFW", "ZXCQGHFQ", "ZXCQGHYDYH", "ZXCQXZYDYH"):
        assert statutory_area(centre[role].geometry).sum() == pytest.approx(31.59e6, abs=5000), role
        assert shapely.coverage_is_valid(centre[role].geometry.to_numpy()), role
    alone, both = check_sample_county().report, check_sample_folder()
    assert {f.role for f in both.findings} == {f.role for f in alone.findings}
    assert len(both.findings) == len(alone.findings) == 87


def _measure_part_area(part, *features):
    """Return the area (m²) of a part of a feature.

    A whole feature is measured by its stored vertices, a cut part along its edges.
    """
    whole = any(part.equals(feature) for feature in features)
    return (statutory_area if whole else measure_drawn_area)([part])[0]


class IndependentOverlayCheck:
    """An independent check that overlays every pair of rows with shapely."""

    def __init__(self, layers):
        self.layers = layers
        self.shapes = {role: _repair_shapes(frame.geometry.to_numpy()) for role, frame in layers.items()}
        self.keys = {role: frame["BSM"].where(frame["BSM"].notna(), "").to_list() for role, frame in layers.items()}
        self.found, self.slivers = [], []

    def findings(self):
        """Return all expected findings of pairs of layers."""
        everything = {role: np.arange(len(frame)) for role, frame in self.layers.items()}
        farm, red, edge, zone, parcel, county = "YJJBNTBHTB", "STBHHX", "CZKFBJ", "YDYHGHFQ", "DLTB", "XZQX"
        for role in self.layers:
            if templates.read_template(role)["overlap"] == "never":
                self.pairs("TOP001", "ERROR", role, role)
            if role != county:
                self.outside("TOP003", "ERROR", role, everything[role], county, everything[county], own=True)
        self.outside("TOP002", "ERROR", county, everything[county], zone, everything[zone], swap=True)
        self.pairs("REL001", "ERROR", farm, red)
        self.pairs("REL002", "ERROR", farm, edge)
        self.pairs("REL003", "ERROR", red, edge)
        family = self.layers[zone]["GHFQDM"].str[0]
        for rule, line, digit in (("REL004", red, "1"), ("REL005", edge, "4")):
            of_kind = np.flatnonzero(family == digit)
            self.outside(rule, "WARNING", zone, of_kind, line, everything[line], own=True)
            self.outside(rule, "WARNING", line, everything[line], zone, of_kind, swap=True, keyed=True)
        self.pairs("REL006", "ERROR", farm, zone, right_rows=np.flatnonzero(family == "4"))
        cover = np.flatnonzero(family.isin(["3", "4"]))
        self.outside("REL006", "WARNING", farm, everything[farm], zone, cover, own=True, least=100_000)
        by_code = ~self.layers[farm]["DLBM"].isin(CULTIVATED_CODES).to_numpy()
        for row in np.flatnonzero(by_code):
            area = statutory_area([self.shapes[farm][row]])[0]
            self.found.append(("LAW010", "ERROR", farm, self.keys[farm][row], "", (), area))
        other = np.flatnonzero(~self.layers[parcel]["DLBM"].isin(CULTIVATED_CODES))
        self.pairs("LAW010", "ERROR", farm, parcel, left_rows=np.flatnonzero(~by_code), right_rows=other)
        # What the class of a parcel shows is not listed again.
        listed = {key for rule, _, _, key, *_ in self.found if rule == "LAW010"}
        rows = [row for row, key in enumerate(self.keys[farm]) if key not in listed]
        self.outside("LAW010", "WARNING", farm, rows, "GDBHMB", everything["GDBHMB"], own=True)
        return self.found, self.slivers

    def pairs(self, rule, severity, a, b, left_rows=None, right_rows=None):
        """Record an expected finding for each part that a row of layer a shares with a row of layer b.

        ``left_rows``, ``right_rows``: positions of the rows that are compared; None: all.
        """
        left_rows = np.arange(len(self.shapes[a])) if left_rows is None else left_rows
        right_rows = np.arange(len(self.shapes[b])) if right_rows is None else right_rows
        left, right = self.shapes[a][left_rows], self.shapes[b][right_rows]
        for i, j in shapely.STRtree(right).query(left).T:
            if a == b and i >= j:
                continue
            parts = self._list_large_parts(shapely.intersection(left[i], right[j]), rule, a)
            if not parts:
                continue
            one, other = self.keys[a][left_rows[i]], self.keys[b][right_rows[j]]
            if a == b and one > other:
                one, other = other, one
            area = sum(_measure_part_area(part, left[i], right[j]) for part in parts)
            self.found.append((rule, severity, a, one, b, (other,), area))

    def outside(self, rule, severity, a, left_rows, b, right_rows, own=False, swap=False, keyed=False, least=0.0):
        """Yield the parts of rows of layer a that layer b does not cover.

        `swap`: the finding belongs to b; `keyed`: it names the row of a.
        """
        cover = shapely.union_all([one for one in self.shapes[b][right_rows] if one is not None])
        shapely.prepare(cover)
        for row in left_rows:
            shape = self.shapes[a][row]
            if shape is None or cover.contains_properly(shape):
                continue
            for part in self._list_large_parts(shapely.difference(shape, cover), rule, b if swap else a):
                area = _measure_part_area(part, shape)
                if area < least:
                    continue
                key = self.keys[a][row] if own or keyed else ""
                related = (key,) if keyed else ()
                head = (rule, severity, b, "", a, related) if swap else (rule, severity, a, key, b, related)
                self.found.append((*head, area))

    def _list_large_parts(self, shape, rule, role):
        """Return the polygons of a shape above the sliver limits; record the others as ignored slivers."""
        parts = []
        for part in shapely.get_parts(shape):
            if part.geom_type != "Polygon" or part.area == 0:
                continue
            if part.area < 0.5 and 2 * part.area / part.length < 0.1:
                self.slivers.append((rule, role, _measure_part_area(part)))
            else:
                parts.append(part)
        return parts


def _repair_shapes(shapes):
    """Return the shapes with invalid polygons repaired, None where no area remains."""
    result = np.empty(len(shapes), dtype=object)
    for row, shape in enumerate(shapes):
        if shape is None or shape.is_empty:
            continue
        if not shape.is_valid:
            polygons = [one for one in shapely.get_parts(shapely.make_valid(shape)) if one.geom_type == "Polygon"]
            shape = shapely.multipolygons(polygons) if polygons else None
        result[row] = shape
    return result
