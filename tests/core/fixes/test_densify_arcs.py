# SPDX-License-Identifier: GPL-2.0-or-later
"""FIX017 on files and in a live session: the fixed rows are straight, all other arcs stay."""

import math
import sqlite3
from contextlib import closing

import geopandas as gpd
import pytest
import shapely

from plugin.core.base.errors import OutputError
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.checks.live.session import EditBatch, FeatureState
from plugin.core.cli.examples.plans import make_example_layer, make_example_norm, make_example_plan
from plugin.core.fixes.edits import FixRefused
from plugin.core.fixes.fix_declaration import load_all_fixes
from plugin.core.fixes.judge import propose_fix
from plugin.core.fixes.run_fixes import FixRunOptions, run_fixes
from plugin.core.fixes.state import EditingState
from plugin.core.plan.io import read_source
from tests.core.fixes.fix_runs import check_and_start_editing, list_layer_rows

ogr = pytest.importorskip("osgeo.ogr", reason="only GDAL's own Python bindings write arcs")
osr = pytest.importorskip("osgeo.osr")

X, Y = 38_560_000.123456789, 4_390_000.000012345
FIX = load_all_fixes()["FIX017"]
OPTIONS = RunOptions(rules=("GEO004",))
ARC, ARC_BACK = [(0, 0), (250, 100.5), (500, 0)], [(500, 0), (250, 100.5), (0, 0)]


def format_points(points):
    """Return the coordinates of points (m from the origin) as WKT text."""
    return ", ".join(f"{X + x!r} {Y + y!r}" for x, y in points)


def make_curve(arc, *corners):
    """Return the text of a polygon with an arc and straight edges through the corners back to its start."""
    line = format_points([arc[-1], *corners, arc[0]])
    return f"MULTISURFACE (CURVEPOLYGON (COMPOUNDCURVE (CIRCULARSTRING ({format_points(arc)}), ({line}))))"


#: Two neighbours that share an arc, a disc far away, and a square.
SOUTH = make_curve(ARC, (500, -300), (0, -300))
NORTH = make_curve(ARC_BACK, (0, 400), (500, 400))
DISC = f"MULTISURFACE (CURVEPOLYGON (CIRCULARSTRING ({format_points([(2000, 0), (2100, 0), (2000, 0)])})))"
SQUARE = f"MULTIPOLYGON ((({format_points([(3000, 0), (3100, 0), (3100, 100), (3000, 100), (3000, 0)])})))"
KEY = "1402250000{:08d}"


def write_source(path, texts=(SOUTH, NORTH, DISC, SQUARE), keys=None):
    """Write a boundary layer with a row for each WKT, arcs included; return the path."""
    reference = osr.SpatialReference()
    reference.ImportFromEPSG(4526)
    driver = ogr.GetDriverByName("GPKG" if path.suffix == ".gpkg" else "OpenFileGDB")
    database = driver.CreateDataSource(str(path))
    kind = ogr.wkbMultiSurface if path.suffix == ".gpkg" else ogr.wkbMultiPolygon
    layer = database.CreateLayer("CZKFBJ", reference, kind)
    layer.CreateField(ogr.FieldDefn("BSM", ogr.OFTString))
    for number, text in enumerate(texts, 1):
        feature = ogr.Feature(layer.GetLayerDefn())
        feature["BSM"] = keys[number - 1] if keys else KEY.format(number)
        feature.SetGeometry(ogr.CreateGeometryFromWkt(text))
        layer.CreateFeature(feature)
        del feature
    del layer, database
    return path


@pytest.fixture(params=["gpkg", "gdb"])
def source(request, tmp_path):
    """Return the path of a boundary layer with two neighbours on one arc, a disc and a square."""
    return write_source(tmp_path / f"county.{request.param}")


def map_fids_to_arcs(path):
    """Return feature id → whether GDAL reads arcs."""
    database = ogr.Open(str(path))
    kinds = {f.GetFID(): "CIRCULARSTRING" in f.GetGeometryRef().ExportToWkt() for f in database.GetLayer("CZKFBJ")}
    del database
    return kinds


def map_fids_to_blobs(path):
    """Return feature id → stored bytes of the shape."""
    with closing(sqlite3.connect(path)) as database:
        return dict(database.execute("SELECT fid, geom FROM CZKFBJ"))


def run_fixes_into_copy(source, copy, **order):
    """Run all fixes of arcs on a source and write the copy; return the result of the run."""
    return run_fixes(str(source), OPTIONS, FixRunOptions(output=str(copy), **{"safe_only": False, **order}))


def test_arcs_of_a_file_are_read_as_curve_text_with_unrounded_end_points(source):
    (layer,) = read_source(source)
    assert layer.fids_with_arcs == (1, 2, 3) and layer.curve_step == 4.0
    ends = shapely.get_coordinates(layer.frame.geometry.iloc[0])[[0, -1]]
    assert all(f"{x!r} {y!r}" in layer.curve_texts[1] for x, y in ends.tolist())
    if source.suffix == ".gpkg":
        assert format_points(ARC) in layer.curve_texts[1] and format_points(ARC_BACK) in layer.curve_texts[2]


def test_geopackage_surface_without_an_arc_is_not_listed_as_curved(tmp_path):
    path = write_source(tmp_path / "a.gpkg", (SQUARE.replace("MULTIPOLYGON", "MULTISURFACE"), DISC))
    (layer,) = read_source(path)
    assert layer.fids_with_arcs == (2,)


def test_copy_with_fixed_arcs_has_straight_segments_of_the_exact_area_within_tolerance_and_no_finding(source, tmp_path):
    copy = tmp_path / f"copy{source.suffix}"
    result = run_fixes_into_copy(source, copy)
    assert [entry.is_applied for entry in result.batch.entries] == [True] * 3
    assert map_fids_to_arcs(source)[1] and not any(map_fids_to_arcs(copy).values())
    assert not check_plan(copy, OPTIONS).report.findings
    # An arc 500 m wide and 100.5 m high.
    radius = (250**2 + 100.5**2) / (2 * 100.5)
    angle = 4 * math.atan2(100.5, 250)
    segment = radius**2 * (angle - math.sin(angle)) / 2
    shapes = gpd.read_file(copy, layer="CZKFBJ").geometry
    expected = [500 * 300 + segment, 500 * 400 - segment, math.pi * 2500, 10_000]
    assert shapes.area.tolist() == pytest.approx(expected, abs=0.05 * radius * angle)


def test_neighbours_share_all_vertices_of_their_arc_after_both_are_fixed(source, tmp_path):
    copy = tmp_path / f"copy{source.suffix}"
    run_fixes_into_copy(source, copy)
    south, north, *_ = gpd.read_file(copy, layer="CZKFBJ").geometry
    shared = set(map(tuple, shapely.get_coordinates(south))) & set(map(tuple, shapely.get_coordinates(north)))
    angle = 4 * math.atan2(100.5, 250)
    radius = 250 / math.sin(angle / 2)
    assert len(shared) >= angle / (2 * math.acos(1 - 0.05 / radius))
    assert shapely.intersection(south, north).area == 0
    assert shapely.union(south, north).area == pytest.approx(500 * 700, abs=1e-3)


def test_fix_of_one_finding_on_arcs_changes_only_the_row_of_that_finding_in_the_copy(tmp_path):
    source, copy = write_source(tmp_path / "county.gpkg"), tmp_path / "copy.gpkg"
    state = EditingState(check_plan(str(source), OPTIONS), OPTIONS)
    finding = next(one for one in state.session.findings if one.key.endswith("3"))
    from plugin.core.exchange.edited_copy import write_copy
    from plugin.core.fixes.applied_edits import collect_changes

    write_copy(collect_changes(propose_fix(state, FIX, finding)[1]), source, copy)
    assert map_fids_to_arcs(copy) == {1: True, 2: True, 3: False, 4: False}
    before, after = map_fids_to_blobs(source), map_fids_to_blobs(copy)
    assert [fid for fid in before if before[fid] != after[fid]] == [3]


@pytest.mark.parametrize("suffix", ["gpkg", "gdb"])
def test_changing_a_field_value_does_not_densify_the_arcs_of_the_row(tmp_path, suffix):
    keys = [KEY.format(1), "", KEY.format(3), KEY.format(4)]
    source, copy = write_source(tmp_path / f"county.{suffix}", keys=keys), tmp_path / f"copy.{suffix}"
    run_fixes(str(source), RunOptions(rules=("ATT001",)), FixRunOptions(output=str(copy), safe_only=False))
    assert gpd.read_file(copy, layer="CZKFBJ")["BSM"].tolist()[1] == KEY.format(5)
    assert map_fids_to_arcs(copy) == {1: True, 2: True, 3: True, 4: False}
    texts = [read_source(path)[0].curve_texts for path in (source, copy)]
    assert texts[0] == texts[1]


def test_copy_is_refused_if_the_driver_would_straighten_an_unfixed_curve(tmp_path, monkeypatch):
    source, copy = (
        write_source(tmp_path / "county.gpkg", keys=["", *map(KEY.format, (2, 3, 4))]),
        tmp_path / "copy.gpkg",
    )
    # A Bézier curve of a FileGDB arrives as segments: the driver knows no arc.
    monkeypatch.setattr("plugin.core.exchange.edited_copy.count_arcs", lambda text: 0)
    with pytest.raises(OutputError) as refused:
        run_fixes(str(source), RunOptions(rules=("ATT001",)), FixRunOptions(output=str(copy), safe_only=False))
    assert refused.value.key == "copy_arcs_lost" and refused.value.params["fid"] == 1 and not copy.exists()


# --- one of two neighbours
def make_neighbours(rules=("GEO004", "TOP001", "TOP005")):
    """Return editing state and findings of two polygons that share an arc."""
    south = "CURVEPOLYGON (COMPOUNDCURVE (CIRCULARSTRING (0 0, 250 100.5, 500 0), (500 0, 500 -300, 0 -300, 0 0)))"
    north = "CURVEPOLYGON (COMPOUNDCURVE (CIRCULARSTRING (500 0, 250 100.5, 0 0), (0 0, 0 400, 500 400, 500 0)))"
    return check_and_start_editing(make_example_plan({"boundary": [south, north]}), list(rules))


def test_densifying_the_arc_of_one_of_two_neighbours_announces_findings_that_the_second_fix_ends():
    state, findings = make_neighbours()
    arcs = [one for one in findings if one.code == "GEO004"]
    first, after = propose_fix(state, FIX, arcs[0], {"tolerance_m": 0.02})
    assert first.new_findings and "appearing" in [key for key, _ in first.doubts]
    second, _ = propose_fix(after, FIX, arcs[1], {"tolerance_m": 0.02})
    assert {one.code for one in second.ended_findings} >= {one.code for one in first.new_findings} | {"GEO004"}
    assert not second.new_findings


@pytest.mark.parametrize(
    ("kind", "reason"), [("degrees", "other_crs"), ("heights", "has_heights"), ("segments", "curve_unknown")]
)
def test_arc_fix_of_a_shape_with_heights_or_in_degrees_or_with_an_unknown_curve_is_refused(kind, reason):
    norm = make_example_norm()
    layer = make_example_layer("CZKFBJ", ["CURVEPOLYGON (CIRCULARSTRING (0 0, 100 0, 0 0))"], norm)
    from plugin.core.plan.loading.assembly import assemble_plan

    if kind == "degrees":
        layer = make_example_layer("CZKFBJ", [None], norm, crs=4490)
        layer.frame.geometry = [shapely.Point(113.7, 39.7).buffer(0.001)]
        layer.curve_texts = {0: "CURVEPOLYGON (CIRCULARSTRING (113.699 39.7, 113.701 39.7, 113.699 39.7))"}
    elif kind == "heights":
        layer.frame.geometry = shapely.force_3d(layer.frame.geometry.to_numpy(), 5.0)
    else:
        # The driver has replaced a Bézier curve of a FileGDB.
        layer.curve_texts = {0: "CURVEPOLYGON (COMPOUNDCURVE ((0 0, 10 0, 10 10), (10 10, 0 0)))"}
    state, findings = check_and_start_editing(assemble_plan([layer], norm, scope="three_lines"), ["GEO004"])
    with pytest.raises(FixRefused) as refused:
        propose_fix(state, FIX, findings[0])
    assert refused.value.key == reason


def test_line_with_an_arc_becomes_a_line_of_straight_segments():
    state, findings = check_and_start_editing(
        make_example_plan({"ZDJTJCSSX": ["CIRCULARSTRING (0 0, 100 100, 200 0)"]}), ["GEO004"]
    )
    proposal, after = propose_fix(state, FIX, findings[0])
    (row,) = list_layer_rows(after, "ZDJTJCSSX")
    assert row.stored_shape.length == pytest.approx(math.pi * 100, abs=0.2) and not row.curve_text
    assert proposal.is_safe


# --- live session
def list_arc_keys(state):
    """Return the last digits of the keys with a finding on arcs."""
    return sorted(one.key[-1] for one in state.session.findings if one.code == "GEO004")


def test_live_check_updates_findings_when_arcs_are_drawn_straightened_and_restored(tmp_path):
    state = EditingState(check_plan(str(write_source(tmp_path / "county.gpkg")), OPTIONS), OPTIONS)
    session, row, square = state.session, state.get_row("CZKFBJ", 3), state.get_row("CZKFBJ", 4)
    values = {"BSM": row.key}
    curve = FeatureState(shapely.to_wkb(row.stored_shape), values, row.curve_text)
    straight = FeatureState(curve.wkb, values)
    drawn = FeatureState(shapely.to_wkb(square.stored_shape), {"BSM": square.key}, DISC)
    for fid, feature, expected in (
        (3, curve, ["1", "2", "3"]),
        (3, straight, ["1", "2"]),
        (4, drawn, ["1", "2", "4"]),
        (3, curve, ["1", "2", "3", "4"]),
        (3, FeatureState(curve.wkb, {"BSM": KEY.format(9)}, row.curve_text), ["1", "2", "4", "9"]),
        (-1, FeatureState(drawn.wkb, {"BSM": KEY.format(8)}, DISC), ["1", "2", "4", "8", "9"]),
    ):
        session.check_edits(EditBatch({}, {("CZKFBJ", fid): feature}))
        assert list_arc_keys(state) == expected
    session.check_edits(EditBatch({"CZKFBJ": {-1: 7}}, {}))
    assert state.get_row("CZKFBJ", 7).curve_text == DISC
    session.check_edits(EditBatch({}, {("CZKFBJ", 7): FeatureState(drawn.wkb, {"BSM": KEY.format(8)})}))
    assert list_arc_keys(state) == ["1", "2", "4", "9"]
