# SPDX-License-Identifier: GPL-2.0-or-later
"""Drawings are imported with exact areas; what is not taken is named with its handle."""

import hashlib
import math

import geopandas as gpd
import openpyxl
import pytest
import shapely

from plugin.core.base.errors import Cancellation, Cancelled, InputError, OutputError
from plugin.core.exchange.drawings.import_drawing import DrawingOptions, import_drawing
from plugin.core.standard.messages.texts import Texts
from tests.core.drawing_files import EAST, NORTH, SITE, DrawingWriter, compute_segment_area

FINE = DrawingOptions(tolerance_m=0.00001)


def run_import(path, tmp_path, options=FINE, table=""):
    """Import a drawing, check that it did not change; return the result and the layer of projects."""
    before = hashlib.sha256(path.read_bytes()).hexdigest()
    run = import_drawing(path, tmp_path / "out.gpkg", table, options=options)
    assert hashlib.sha256(path.read_bytes()).hexdigest() == before
    return run, gpd.read_file(tmp_path / "out.gpkg", layer="XMFW", engine="pyogrio")


def list_left_out(run, key):
    return [one for one in run.left_out if one.key == key]


def test_lines_and_arcs_join_to_an_outline_with_the_exact_area(tmp_path):
    writer = DrawingWriter()
    # A rectangle of 100 × 40 m with a semicircle of 20 m at its east, drawn without order or direction.
    handles = [
        writer.add_line((100, 40), (0, 40)),
        writer.add_arc((100, 20), 20, 270, 90),
        writer.add_line((0, 0), (0, 40)),
        writer.add_line((0, 0), (100, 0)),
    ]
    run, layer = run_import(writer.write(tmp_path / "a.dxf"), tmp_path)
    assert len(layer) == 1 and not run.left_out
    assert set(layer.TZJB[0].split()) == set(handles) and layer.TZTC[0] == SITE
    exact = 100 * 40 + math.pi * 20**2 / 2
    assert layer.TZPMMJ[0] == pytest.approx(exact, abs=0.01)
    assert layer.geometry.area[0] == pytest.approx(exact, abs=0.01)
    assert layer.crs.to_epsg() == 4526
    assert 0 < run.deviation_m <= 0.00001


def test_bulges_of_a_polyline_have_the_exact_area(tmp_path):
    writer = DrawingWriter()
    # Anticlockwise: a positive bulge adds its segment, a negative one takes it away.
    writer.add_polyline([(0, 0, 0.5), (200, 0, 0), (200, 100, -0.25), (0, 100, 1e-9)])
    # Clockwise, with an arc of more than a semicircle.
    writer.add_polyline([(300, 0, 0), (300, 60, -1.7), (360, 60, 0), (360, 0, 0)])
    _, layer = run_import(writer.write(tmp_path / "a.dxf"), tmp_path)
    first = 200 * 100 + compute_segment_area(200, 0.5) - compute_segment_area(200, 0.25)
    second = 60 * 60 + compute_segment_area(60, 1.7)
    assert layer.TZPMMJ.tolist() == pytest.approx([first, second], abs=0.01)


def test_circle_with_a_hole_and_an_island(tmp_path):
    writer = DrawingWriter()
    handles = [writer.add_circle((0, 0), radius) for radius in (50, 30, 10)]
    path = writer.write(tmp_path / "a.dxf")
    _, layer = run_import(path, tmp_path)
    ring, island = math.pi * (50**2 - 30**2), math.pi * 10**2
    assert layer.TZPMMJ.tolist() == pytest.approx([ring, island], abs=0.01)
    assert layer.TZJB.tolist() == [" ".join(handles[:2]), handles[2]]
    _, layer = run_import(path, tmp_path, DrawingOptions(tolerance_m=0.00001, hole_rule="separate"))
    assert layer.TZPMMJ.tolist() == pytest.approx([math.pi * r * r for r in (50, 30, 10)], abs=0.01)


@pytest.mark.parametrize("tolerance", [1.0, 0.01, 0.0001])
def test_circle_and_ellipse_stay_within_the_stated_tolerance(tmp_path, tolerance):
    writer = DrawingWriter()
    writer.add_circle((0, 0), 1000)
    axis = (300, 400)
    writer.space.add_ellipse(writer.place((3000, 0)), axis, 0.2, dxfattribs={"layer": SITE})
    run, layer = run_import(writer.write(tmp_path / "a.dxf"), tmp_path, DrawingOptions(tolerance_m=tolerance))
    circle = layer.geometry[0].geoms[0].exterior
    middles = [
        math.hypot((x1 + x2) / 2 - EAST, (y1 + y2) / 2 - NORTH)
        for (x1, y1), (x2, y2) in zip(circle.coords, circle.coords[1:], strict=False)
    ]
    reached = 1000 - min(middles)
    assert 0.2 * tolerance < reached <= tolerance * 1.0001
    # The ellipse may deviate more than the circle.
    assert reached <= run.deviation_m * 1.0001 and run.deviation_m <= tolerance * 1.0001
    # Every chord of the inscribed polygon is at most the tolerance away, so the missing area is below perimeter × it.
    assert 0 <= math.pi * 500 * 100 - layer.TZPMMJ[1] < 2 * math.pi * 500 * tolerance


def test_block_is_inserted_scaled_and_rotated_with_the_layer_of_the_insert(tmp_path):
    writer = DrawingWriter()
    block = writer.document.blocks.new("房屋")
    # Layer 0 of a block takes the layer of the INSERT; another layer stays.
    block.add_lwpolyline([(0, 0, 0), (10, 0, 0.3), (10, 5, 0), (0, 5, 0)], "xyb", close=True)
    block.add_circle((20, 0), 2, dxfattribs={"layer": "项目红线"})
    insert = writer.space.add_blockref(
        "房屋", writer.place((100, 100)), dxfattribs={"layer": SITE, "xscale": 3, "yscale": 3, "rotation": 37}
    )
    writer.space.add_blockref(
        "房屋", writer.place((300, 100)), dxfattribs={"layer": SITE, "xscale": 2, "yscale": -5, "rotation": -12}
    )
    run, layer = run_import(writer.write(tmp_path / "a.dxf"), tmp_path)
    outline = 10 * 5 + compute_segment_area(5, 0.3)
    found = {name: sorted(group.TZPMMJ) for name, group in layer.groupby("TZTC")}
    assert found[SITE] == pytest.approx([outline * 9, outline * 10], abs=0.01)
    assert found["项目红线"] == pytest.approx([math.pi * 4 * 9, math.pi * 4 * 10], abs=0.01)
    assert insert.dxf.handle in set(layer.TZJB) and run.deviation_m <= 0.00001


def test_scales_of_blocks_within_blocks_count_for_the_tolerance(tmp_path):
    writer = DrawingWriter()
    writer.document.blocks.new("圆").add_circle((0, 0), 1)
    writer.document.blocks.new("组").add_blockref("圆", (3, 0), dxfattribs={"xscale": 10, "yscale": 10})
    writer.space.add_blockref("组", writer.place((0, 0)), dxfattribs={"layer": SITE, "xscale": 5, "yscale": 5})
    run, layer = run_import(writer.write(tmp_path / "a.dxf"), tmp_path)
    centre = layer.geometry.centroid[0]
    assert layer.TZPMMJ.tolist() == pytest.approx([math.pi * 50**2], abs=0.01)
    assert (centre.x, centre.y) == pytest.approx((EAST + 15, NORTH), abs=1e-6) and run.deviation_m <= 0.00001


def test_rounded_angles_of_a_whole_ellipse_or_circle_make_a_whole_one(tmp_path):
    writer = DrawingWriter()
    attributes = {"layer": SITE}
    writer.space.add_ellipse(writer.place((0, 0)), (60, 0), 0.5, 0, 6.28318530718, dxfattribs=attributes)
    writer.space.add_ellipse(writer.place((200, 0)), (60, 0), 0.5, 0, math.pi, dxfattribs=attributes)
    writer.add_line((140, 0), (260, 0))
    writer.add_arc((400, 0), 40, 0, 359.99999999999)
    _, layer = run_import(writer.write(tmp_path / "a.dxf"), tmp_path)
    ellipse = math.pi * 60 * 30
    assert sorted(layer.TZPMMJ) == pytest.approx([ellipse / 2, math.pi * 1600, ellipse], abs=0.01)


def test_characters_written_as_numbers_are_read(tmp_path):
    writer = DrawingWriter()
    writer.add_polyline([(0, 0), (80, 0), (80, 80), (0, 80)], layer="S")
    writer.add_text("T", (10, 10))
    path = writer.write(tmp_path / "a.dxf")
    text = path.read_text(encoding="utf-8")
    numbers = "".join(f"\\U+{ord(character):04X}" for character in SITE)
    text = text.replace("\n  8\nS\n", f"\n  8\n{numbers}\n").replace("\n  1\nT\n", "\n  1\n\\U+7532\\U+D800\n")
    path.write_text(text, encoding="utf-8")
    _, layer = run_import(path, tmp_path)
    assert layer.TZTC.tolist() == [SITE] and layer.TZWZ[0].startswith("甲")


def test_texts_become_values_of_the_polygon_in_which_they_stand(tmp_path):
    writer = DrawingWriter()
    for x in (0, 100, 200):
        writer.add_polyline([(x, 0), (x + 80, 0), (x + 80, 80), (x, 80)])
    writer.add_text("编号：2026-7", (10, 10))
    writer.space.add_mtext("{\\fSimSun|b0;城东\\P学校}", dxfattribs={"layer": "字", "insert": writer.place((10, 40))})
    doubled = [writer.add_text("甲厂", (110, 10)), writer.add_text("乙厂", (110, 40))]
    stray = writer.add_text("备用地", (90, 10))
    run, layer = run_import(writer.write(tmp_path / "a.dxf"), tmp_path)
    assert layer.XMBH.tolist() == ["2026-7", None, None] and layer.XMMC.tolist() == ["城东 学校", None, None]
    assert layer.TZWZ.tolist() == ["编号：2026-7；城东 学校", "甲厂；乙厂", None]
    assert [one.handles[0] for one in list_left_out(run, "text_several")] == doubled
    assert [one.handles for one in list_left_out(run, "text_outside")] == [(stray,)]


def test_open_outlines_are_closed_within_the_tolerance_or_named_with_handle_and_gap(tmp_path):
    writer = DrawingWriter()
    near = writer.add_polyline([(0, 0), (50, 0), (50, 50), (0, 50), (0, 0.006)], close=False)
    far = writer.add_polyline([(100, 0), (150, 0), (150, 50), (100, 50), (100, 0.25)], close=False)
    chain = writer.add_lines([(200, 0), (250, 0), (250, 50), (200, 50), (200, 3)])
    joined = writer.add_lines([(300, 0), (350, 0)]) + writer.add_lines([(350, 0.008), (350, 50), (300, 50), (300, 0)])
    path, table = writer.write(tmp_path / "a.dxf"), tmp_path / "left.csv"
    run, layer = run_import(path, tmp_path, table=table)
    closed = {frozenset(ring.handles): round(ring.gap_m, 4) for ring in run.closed}
    assert closed == {frozenset([near]): 0.006, frozenset(joined): 0.008}
    assert layer.TZPMMJ.tolist() == pytest.approx([2500, 2500], abs=0.01)
    gaps = {frozenset(one.handles): one.gap_m for one in list_left_out(run, "open")}
    assert gaps == {frozenset([far]): pytest.approx(0.25), frozenset(chain): pytest.approx(3)}
    rows = table.read_text(encoding="utf-8-sig").splitlines()
    assert any(row.startswith(f"{far},{SITE},LWPOLYLINE,") and ",0.250," in row and "CLOSING" in row for row in rows)
    _, layer = run_import(path, tmp_path, DrawingOptions(closing_m=0.3))
    assert len(layer) == 3


def test_spline_has_the_area_of_its_exact_curve(tmp_path):
    writer = DrawingWriter()
    # A quadratic Bézier curve over a chord: the area between both is 2/3 of that of the control triangle.
    start, control, end = (0, 0), (60, 90), (120, 0)
    spline = writer.space.add_spline(degree=2, dxfattribs={"layer": SITE})
    spline.control_points = [(*writer.place(point), 0) for point in (start, control, end)]
    spline.knots = [0, 0, 0, 1, 1, 1]
    writer.add_line(start, end)
    fit = writer.space.add_spline([(*writer.place(p), 0) for p in ((0, 500), (50, 550), (90, 500))])
    fit.dxf.layer = SITE
    run, layer = run_import(writer.write(tmp_path / "a.dxf"), tmp_path)
    assert layer.TZPMMJ[0] == pytest.approx(2 / 3 * 120 * 90 / 2, abs=0.01) and len(layer) == 1
    assert [one.handles for one in list_left_out(run, "spline")] == [(fit.dxf.handle,)]


@pytest.mark.parametrize("insunits", [0, 4])
def test_drawing_in_millimetres_or_without_unit_is_refused_until_the_unit_is_given(tmp_path, insunits):
    writer = DrawingWriter(insunits=insunits, scale=1000.0)
    writer.add_circle((0, 0), 50)
    writer.add_polyline([(100, 0), (150, 0), (150, 50), (100, 50), (100, 0.006)], close=False)
    path = writer.write(tmp_path / "a.dxf")
    with pytest.raises(InputError, match="drawing_unit_not_stated"):
        import_drawing(path, tmp_path / "out.gpkg")
    assert not (tmp_path / "out.gpkg").exists()
    with pytest.raises(InputError, match="drawing_outside"):
        import_drawing(path, tmp_path / "out.gpkg", options=DrawingOptions(unit="m"))
    run, layer = run_import(path, tmp_path, DrawingOptions(unit="mm", tolerance_m=0.00001))
    assert layer.TZPMMJ.tolist() == pytest.approx([math.pi * 2500, 2500], abs=0.01)
    assert run.deviation_m <= 0.00001 and [round(ring.gap_m, 3) for ring in run.closed] == [0.006]


@pytest.mark.parametrize("states_page", [True, False])
def test_old_drawing_in_gbk_keeps_its_names_and_texts(tmp_path, states_page):
    writer = DrawingWriter("R2000")
    writer.add_polyline([(0, 0), (80, 0), (80, 80), (0, 80)])
    # The second byte of 昞 in GBK is a backslash, which begins a code in a text of several lines.
    writer.add_text("昞城学校", (10, 10))
    path = writer.write(tmp_path / "a.dxf", encoding="gbk")
    assert "用地红线".encode("gbk") in path.read_bytes()
    page = b"ANSI_936"
    assert page in path.read_bytes()
    if not states_page:
        path.write_bytes(path.read_bytes().replace(page, b"ANSI_XXX"))
    run, layer = run_import(path, tmp_path)
    assert layer.XMMC.tolist() == ["昞城学校"] and layer.TZTC.tolist() == [SITE] and run.encoding == "gb18030"


def test_drawing_that_another_program_wrote_in_utf_8_with_a_western_code_page_keeps_its_names(tmp_path):
    # GDAL writes R2000 with ANSI_1252 in the header, and names in UTF-8.
    outer = [(0, 0), (100, 0), (100, 50), (0, 50), (0, 0)]
    inner = [(10, 10), (20, 10), (20, 20), (10, 10)]
    rings = [shapely.LineString([(EAST + x, NORTH + y) for x, y in ring]) for ring in (outer, inner)]
    path = tmp_path / "a.dxf"
    gpd.GeoDataFrame({"Layer": [SITE, SITE]}, geometry=rings, crs=4526).to_file(path, driver="DXF", engine="pyogrio")
    assert b"ANSI_1252" in path.read_bytes()
    _, layer = run_import(path, tmp_path, DrawingOptions(unit="m", crs_text="EPSG:4526"))
    assert layer.TZTC.tolist() == [SITE] and layer.TZPMMJ.tolist() == pytest.approx([100 * 50 - 10 * 10 / 2])


def test_r12_drawing_without_handles_names_lines_of_the_file(tmp_path):
    writer = DrawingWriter("R12")
    writer.document.header["$HANDLING"] = 0
    writer.space.add_polyline2d(
        [(*writer.place((0, 0)), 1.0), (*writer.place((40, 0)), 0.0)], format="xyb", close=True,
        dxfattribs={"layer": SITE},
    )  # fmt: skip
    writer.add_line((100, 0), (200, 0))
    path = writer.write(tmp_path / "a.dxf", encoding="gbk")
    lines = path.read_bytes().split(b"\n")
    kept, position = [], 0
    while position + 1 < len(lines):
        if lines[position].strip() != b"5":
            kept += lines[position : position + 2]
        position += 2
    path.write_bytes(b"\n".join([*kept, b""]))
    run, layer = run_import(path, tmp_path, DrawingOptions(tolerance_m=0.00001, unit="m"))
    assert layer.TZPMMJ.tolist() == pytest.approx([math.pi * 20**2 / 2], abs=0.01)
    (name,) = list_left_out(run, "open")[0].handles
    assert kept[int(name[1:])].strip() == b"LINE"


def test_layers_go_to_their_templates_and_others_are_named(tmp_path):
    writer = DrawingWriter()
    square = [(0, 0), (50, 0), (50, 50), (0, 50)]
    writer.add_polyline(square, layer="CZKFBJ")
    writer.add_polyline(square, layer="浑源县生态保护红线")
    writer.add_polyline(square, layer="0")
    run, _ = run_import_of_layers(writer.write(tmp_path / "a.dxf"), tmp_path)
    assert {role: len(members) for role, members in run.polygons_by_role.items()} == {"CZKFBJ": 1, "STBHHX": 1}
    assert [one.layer for one in list_left_out(run, "unmapped")] == ["0"]
    boundary = gpd.read_file(tmp_path / "out.gpkg", layer="CZKFBJ", engine="pyogrio")
    assert {"BSM", "YSDM", "TZJB"} <= set(boundary.columns)
    run, layer = run_import(tmp_path / "a.dxf", tmp_path, DrawingOptions(mapping="project"))
    assert len(layer) == 3 and not list_left_out(run, "duplicate")


def run_import_of_layers(path, tmp_path, options=None):
    """Import a drawing without a layer of projects."""
    return import_drawing(path, tmp_path / "out.gpkg", options=options), tmp_path / "out.gpkg"


def test_mapping_of_a_file_takes_texts_and_has_errors_with_file_and_key(tmp_path):
    mapping = tmp_path / "本局.toml"
    head = 'name = "a"\nmark = "C"\nsource = "本局"\nstandard = "county_db"\nunmapped = "project"\n'
    entry = (
        '[[layer]]\nnames = ["开发*"]\nrole = "CZKFBJ"\n[[layer.text]]\nfield = "{field}"\npattern = "区划(\\\\d+)"\n'
    )
    mapping.write_text(head + entry.replace("{field}", "XZQDM"), encoding="utf-8")
    writer = DrawingWriter()
    square = [(0, 0), (50, 0), (50, 50), (0, 50)]
    writer.add_polyline(square, layer="开发边界")
    writer.add_polyline([(x + 100, y) for x, y in square], layer="其他")
    writer.add_text("区划140225", (20, 20))
    path = writer.write(tmp_path / "a.dxf")
    run, target = run_import_of_layers(path, tmp_path, DrawingOptions(mapping=str(mapping)))
    assert gpd.read_file(target, layer="CZKFBJ", engine="pyogrio").XZQDM.tolist() == ["140225"]
    assert len(run.polygons_by_role["XMFW"]) == 1
    mapping.write_text(head + entry.replace("{field}", "NONE"), encoding="utf-8")
    with pytest.raises(Exception, match=r"layer\[1\].text\[1\].field"):
        run_import_of_layers(path, tmp_path, DrawingOptions(mapping=str(mapping)))


def test_unusable_outlines_are_named_and_the_others_are_taken(tmp_path):
    writer = DrawingWriter()
    good = writer.add_polyline([(0, 0), (50, 0), (50, 50), (0, 50)])
    double = writer.add_polyline([(50, 50), (0, 50), (0, 0), (50, 0)])
    crossing = writer.add_polyline([(100, 0), (150, 50), (150, 0), (100, 50)])
    flat = writer.add_polyline([(200, 0), (250, 0), (220, 0)])
    far = writer.add_polyline([(-37_000_000, 0), (-36_999_950, 0), (-36_999_950, 50)])
    branch = [*writer.add_lines([(300, 0), (350, 0), (350, 50), (300, 0)]), writer.add_line((350, 50), (400, 60))]
    hatch = writer.space.add_hatch(dxfattribs={"layer": SITE})
    hatch.paths.add_polyline_path([writer.place(p) for p in ((0, 0), (9, 0), (9, 9))], is_closed=True)
    missing = writer.space.add_blockref("没有", writer.place((0, 0)), dxfattribs={"layer": SITE})
    writer.document.layout("Layout1").add_line((0, 0), (1, 1))
    run, layer = run_import(writer.write(tmp_path / "a.dxf"), tmp_path)
    found = {one.key: one for one in run.left_out}
    assert layer.TZJB.tolist() == [good]
    assert found["duplicate"].handles == (double,) and found["duplicate"].params["other"] == good
    assert found["crossing"].handles == (crossing,)
    assert found["crossing"].place == pytest.approx((EAST + 125, NORTH + 25))
    assert found["no_area"].handles == (flat,) and found["outside"].handles == (far,)
    assert set(found["branch"].handles) == set(branch)
    assert found["branch"].place == pytest.approx((EAST + 350, NORTH + 50))
    assert found["kind"].handles == (hatch.dxf.handle,) and found["block_missing"].handles == (missing.dxf.handle,)
    assert found["paper"].params["count"] == 1


@pytest.mark.parametrize(
    ("arguments", "options", "key"),
    [
        ({"statement": ""}, {}, "drawing_crs_not_stated"),
        ({"statement": "坐标系统：1980西安坐标系"}, {}, "drawing_datum"),
        ({"statement": "1954年北京54坐标系"}, {"crs_text": "EPSG:4526"}, "drawing_datum"),
        ({"statement": "坐标系：广州2000坐标系"}, {}, "drawing_crs_not_stated"),
        ({"origin": (472_000.0, NORTH)}, {}, "drawing_crs_not_stated"),
        ({}, {"crs_text": "EPSG:4525"}, "drawing_crs_contradiction"),
        ({}, {"crs_text": "EPSG:2362"}, "boundary_crs_unusable"),
        ({}, {"crs_text": "EPSG:4490"}, "boundary_crs_unusable"),
        ({}, {"crs_text": "none"}, "boundary_crs_unknown"),
        ({"origin": (472_000.0, NORTH)}, {"crs_text": "EPSG:4526"}, "drawing_crs_no_number"),
        ({"origin": (NORTH, EAST)}, {}, "drawing_swapped"),
        ({"origin": (0.0, 0.0)}, {}, "drawing_outside"),
        ({}, {"tolerance_m": 0.0}, "drawing_tolerance"),
        ({}, {"closing_m": 11.0}, "drawing_closing"),
        ({}, {"unit": "丈"}, "drawing_unit_unknown"),
        ({}, {"hole_rule": "none"}, "drawing_hole_rule"),
        ({}, {"mapping": "none"}, "drawing_mapping_unknown"),
    ],
)
def test_what_is_not_stated_or_contradicts_is_refused_and_nothing_is_written(tmp_path, arguments, options, key):
    writer = DrawingWriter(**arguments)
    writer.add_polyline([(0, 0), (50, 0), (50, 50), (0, 50)])
    path = writer.write(tmp_path / "a.dxf")
    with pytest.raises(Exception, match=key):
        import_drawing(path, tmp_path / "out.gpkg", options=DrawingOptions(**options))
    assert not (tmp_path / "out.gpkg").exists()


def test_shapes_of_several_zones_are_refused_until_the_crs_is_given_and_those_of_others_are_named(tmp_path):
    writer = DrawingWriter()
    square = [(0, 0), (50, 0), (50, 50), (0, 50)]
    near = writer.add_polyline(square)
    other = writer.add_polyline([(x + 1_000_000, y) for x, y in square])
    path = writer.write(tmp_path / "a.dxf")
    with pytest.raises(InputError, match="drawing_zones_mixed"):
        import_drawing(path, tmp_path / "out.gpkg")
    run, layer = run_import(path, tmp_path, DrawingOptions(crs_text="EPSG:4526"))
    assert layer.TZJB.tolist() == [near]
    assert [(one.handles, one.params["found"]) for one in list_left_out(run, "zone")] == [((other,), 39)]


def test_given_crs_is_used_for_a_drawing_that_does_not_state_it(tmp_path):
    writer = DrawingWriter(statement="", origin=(472_000.0, NORTH))
    writer.add_polyline([(0, 0), (50, 0), (50, 50), (0, 50)])
    _, layer = run_import(writer.write(tmp_path / "a.dxf"), tmp_path, DrawingOptions(crs_text="EPSG:4547"))
    assert layer.crs.to_epsg() == 4547 and layer.TZPMMJ[0] == pytest.approx(2500)
    assert layer.TZTQMJ[0] == pytest.approx(2500, rel=0.001) and layer.TZTQMJ[0] != layer.TZPMMJ[0]


@pytest.mark.parametrize(
    ("name", "content", "key"),
    [
        ("a.dwg", b"AC1032\x00\x00", "drawing_dwg"),
        ("a.dxf", b"AC1032\x00\x00", "drawing_dwg"),
        ("a.dxf", b"AutoCAD Binary DXF\r\n\x1a\x00", "drawing_binary"),
        ("没有.dxf", None, "source_missing"),
        ("a.dxf", b"some\ntext\n", "drawing_damaged"),
        ("a.dxf", b"0\nEOF\n", "drawing_not_dxf"),
        ("a.dxf", b"0\nSECTION\n2\nENTITIES\n0\nLINE\n", "drawing_incomplete"),
    ],
)
def test_files_that_are_not_readable_drawings_name_the_remedy(tmp_path, name, content, key):
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=key):
        import_drawing(path, tmp_path / "out.gpkg")


def test_entities_without_length_are_named_and_numbers_that_are_none_are_refused(tmp_path):
    writer = DrawingWriter()
    good = writer.add_circle((100, 0), 5)
    empty = [
        writer.add_circle((0, 0), 0),
        writer.add_polyline([(10, 0)]),
        writer.add_line((20, 0), (20, 0)),
        writer.add_polyline([(30, 0), (30, 0), (30, 0), (30, 0)]),
    ]
    path = writer.write(tmp_path / "a.dxf")
    run, layer = run_import(path, tmp_path)
    assert layer.TZJB.tolist() == [good] and {one.handles[0] for one in run.left_out} == set(empty)
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("AcDbCircle\n 10\n38472100.0", "AcDbCircle\n 10\nnan"), encoding="utf-8")
    with pytest.raises(InputError, match="drawing_number") as refused:
        import_drawing(path, tmp_path / "other.gpkg")
    assert refused.value.params["code"] == 10 and refused.value.params["kind"] == "CIRCLE"


def test_blocks_that_contain_each_other_are_refused(tmp_path):
    writer = DrawingWriter()
    for name, other in (("A", "B"), ("B", "A")):
        writer.document.blocks.new(name).add_blockref(other, (0, 0))
    writer.space.add_blockref("A", writer.place((0, 0)), dxfattribs={"layer": SITE})
    with pytest.raises(InputError, match="drawing_block_cycle"):
        import_drawing(writer.write(tmp_path / "a.dxf"), tmp_path / "out.gpkg")


def test_mirrored_entities_are_where_the_drawing_shows_them(tmp_path):
    writer = DrawingWriter()
    # With the extrusion (0, 0, −1) x is counted to the west.
    writer.space.add_circle((-(EAST + 10), NORTH + 20), 5, dxfattribs={"layer": SITE, "extrusion": (0, 0, -1)})
    _, layer = run_import(writer.write(tmp_path / "a.dxf"), tmp_path)
    centre = layer.geometry.centroid[0]
    assert (centre.x, centre.y) == pytest.approx((EAST + 10, NORTH + 20), abs=1e-6)


def test_outputs_that_cannot_be_written_are_refused_and_the_former_stay(tmp_path):
    writer = DrawingWriter()
    handle = writer.add_line((0, 0), (50, 0))
    path, target, table = writer.write(tmp_path / "a.dxf"), tmp_path / "out.gpkg", tmp_path / "left.xlsx"
    for output, other in ((tmp_path / "a.shp", ""), (target, path), (target, tmp_path / "a.txt"), (path, "")):
        with pytest.raises(OutputError):
            import_drawing(path, output, other)
    target.write_bytes(b"former")
    with pytest.raises(InputError, match="drawing_no_polygon"):
        import_drawing(path, target, table)
    assert target.read_bytes() == b"former"
    rows = list(openpyxl.load_workbook(table).active.iter_rows(values_only=True))
    assert rows[-1][:6] == (handle, SITE, "LINE", EAST + 50, NORTH, 50)


def add_hatch(writer):
    hatch = writer.space.add_hatch(dxfattribs={"layer": SITE})
    hatch.paths.add_polyline_path([writer.place(point) for point in ((0, 0), (9, 0), (9, 9))])


def add_solid(writer):
    writer.space.add_solid([writer.place(point) for point in ((0, 0), (9, 0), (9, 9))], dxfattribs={"layer": SITE})


@pytest.mark.parametrize(
    ("add", "kind", "words"),
    [
        (add_hatch, "HATCH × 1", ("类型 HATCH 不能成面", "type HATCH cannot")),
        (add_solid, "SOLID × 1", ("类型 SOLID 不能成面", "type SOLID cannot")),
        (lambda w: w.add_polyline([(0, 0), (9, 9), (9, 0), (0, 9)]), "LWPOLYLINE × 1", ("自相交", "crosses itself")),
        (lambda w: w.add_text("甲", (0, 0)), "TEXT × 2", ("0", "0")),
    ],
)
@pytest.mark.parametrize("mapping", ["", "project"])
def test_drawing_without_polygons_is_refused_with_its_entities_and_why_none_became_one(
    tmp_path, add, kind, words, mapping
):
    writer = DrawingWriter()
    add(writer)
    path, table = writer.write(tmp_path / "a.dxf"), tmp_path / "left.csv"
    with pytest.raises(InputError, match="drawing_no_polygon") as caught:
        import_drawing(path, tmp_path / "out.gpkg", table, options=DrawingOptions(mapping=mapping))
    for lang, word in zip(("zh", "en"), words, strict=True):
        message = Texts(lang).explain_error(caught.value)
        assert kind in message and word in message and table.is_file()


def test_cancelled_import_writes_nothing(tmp_path):
    writer = DrawingWriter()
    writer.add_circle((0, 0), 5)
    path, target, table = writer.write(tmp_path / "a.dxf"), tmp_path / "out.gpkg", tmp_path / "left.csv"
    with pytest.raises(Cancelled):
        import_drawing(path, target, table, cancellation=Cancellation(lambda: True))
    assert sorted(one.name for one in tmp_path.iterdir()) == ["a.dxf"]
