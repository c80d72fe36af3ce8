# SPDX-License-Identifier: GPL-2.0-or-later
"""Validation of layers before export: what the format would change or lose."""

from datetime import datetime

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from plugin.core.package.layers import layer_writers
from plugin.core.package.layers.content import make_package_layers
from plugin.core.package.layers.layer_validation import validate_layer, validate_missing_layers
from plugin.core.package.problems import ProblemLevel
from plugin.core.standard.messages.texts import Texts
from tests.core.package_fixtures import (
    make_content_of_single_layer,
    make_data_set_spec,
    make_package_plan,
    make_parcel_table,
)
from tests.core.small_plan import X, Y, make_county_box, make_table

OVERLONG_TEXT = "很" * 300


def validate_for_export(plan, spec, **more):
    return validate_layer(make_content_of_single_layer(plan, spec, **more), spec, plan.norm.standard.code_lists)


def explain_problem(problem):
    """Return the Chinese sentence on a problem; fail unless both languages are complete."""
    for lang in ("zh", "en"):
        sentence = problem.format_as_sentence(Texts(lang))
        assert problem.layer in sentence and "None" not in sentence and "{" not in sentence
    return problem.format_as_sentence(Texts("zh"))


def get_problem_by_key(problems, key):
    """Return the only problem with a key."""
    (problem,) = [p for p in problems if p.key == key]
    explain_problem(problem)
    return problem


def list_blocking_problem_keys(problems):
    return {p.key for p in problems if p.level is not ProblemLevel.NOTE}


def test_valid_layer_that_lacks_fields_gives_a_note_and_no_blocking_problem_before_export():
    problems = validate_for_export(make_package_plan(DLTB=make_parcel_table()), make_data_set_spec())
    assert {p.key for p in problems} == {"fields_lacking", "feature_code_unknown"} and list_blocking_problem_keys(
        problems
    ) == set()


@pytest.mark.parametrize(
    ("columns", "key", "field", "level", "words"),
    [
        ({"ZLDWMC": ["a", OVERLONG_TEXT, None]}, "too_long", "ZLDWMC", ProblemLevel.STOP, ["0002", "300"]),
        ({"GDLX": ["TT", "ZZ", None]}, "code_unknown", "GDLX", ProblemLevel.GATE, ["ZZ", "0002"]),
        ({"TBMJ": ["1.5", "约一亩", None]}, "number_unreadable", "TBMJ", ProblemLevel.STOP, ["0002"]),
        ({"TBMJ": [1.5, np.inf, None]}, "number_unreadable", "TBMJ", ProblemLevel.STOP, ["0002"]),
        ({"ZLDWMC": ["a", "b\0c", None]}, "not_text", "ZLDWMC", ProblemLevel.STOP, ["0002"]),
        ({"YSDM": ["1", None, None]}, "feature_code_unknown", "YSDM", ProblemLevel.NOTE, ["DLTB", "2 个要素"]),
        ({"YSDM": ["1", "2", None]}, "feature_code_unverified", "YSDM", ProblemLevel.NOTE, ["1, 2"]),
        ({"自己的": [1, 2, 3]}, "fields_left_out", "", ProblemLevel.NOTE, ["自己的"]),
    ],
)
def test_overlong_unreadable_or_unknown_values_are_reported_by_field_before_export(columns, key, field, level, words):
    problem = get_problem_by_key(
        validate_for_export(make_package_plan(DLTB=make_parcel_table(**columns)), make_data_set_spec()), key
    )
    assert (problem.field, problem.level) == (field, level)
    sentence = explain_problem(problem)
    assert all(word in sentence for word in words), sentence


def make_square_with_hole(x, y, width, height):
    """Return a square of 100 m with a rectangular hole; x and y are metres from its corner."""
    return shapely.Polygon(
        make_county_box(0, 0, 100, 100).exterior, [make_county_box(x, y, width, height).exterior.coords[::-1]]
    )


#: Title → (shape, formats that would change it).
RING_CASES = {
    "parts side by side": (shapely.MultiPolygon([make_county_box(0, 0, 100, 100), make_county_box(200, 0, 100, 100)]), ()),
    "an island in a hole": (shapely.MultiPolygon([make_square_with_hole(20, 20, 60, 60), make_county_box(40, 40, 20, 20)]), ()),
    "parts that share an edge": (shapely.MultiPolygon([make_county_box(0, 0, 100, 100), make_county_box(100, 20, 100, 50)]), ()),
    "a bow-tie": (shapely.Polygon([(X, Y), (X + 100, Y + 100), (X + 100, Y), (X, Y + 100)]), ()),
    "parts that overlap": (shapely.MultiPolygon([make_county_box(0, 0, 100, 100), make_county_box(50, 50, 100, 100)]), (".shp",)),
    "a duplicate part": (shapely.MultiPolygon([make_county_box(0, 0, 100, 100), make_county_box(0, 0, 100, 100)]), (".shp",)),
    "holes that overlap": (
        shapely.Polygon(make_county_box(0, 0, 100, 100).exterior, [make_county_box(20, 20, 20, 20).exterior, make_county_box(30, 30, 20, 20).exterior]), (".shp",),
    ),
    "a part in a part": (shapely.MultiPolygon([make_county_box(0, 0, 100, 100), make_county_box(25, 25, 50, 50)]), (".gdb", ".shp")),
    "a part that fills a hole": (shapely.MultiPolygon([make_square_with_hole(20, 20, 60, 60), make_county_box(20, 20, 60, 60)]), (".gdb", ".shp")),
    "a part over a hole": (shapely.MultiPolygon([make_square_with_hole(20, 20, 60, 60), make_county_box(10, 10, 80, 80)]), (".gdb", ".shp")),
    "a hole outside": (make_square_with_hole(150, 150, 10, 10), (".gdb", ".shp")),
    "a hole over the edge": (make_square_with_hole(90, 90, 20, 20), (".gdb", ".shp")),
    "a hole in a hole": (
        shapely.Polygon(make_county_box(0, 0, 100, 100).exterior, [make_county_box(20, 20, 50, 50).exterior, make_county_box(30, 30, 20, 20).exterior]), (".gdb", ".shp"),
    ),
    "a hole that is all": (make_square_with_hole(0, 0, 100, 100), (".gdb", ".shp")),
}  # fmt: skip


@pytest.mark.parametrize("name", RING_CASES)
@pytest.mark.parametrize("suffix", [".gdb", ".shp", ".gpkg", ".vct"])
def test_rings_that_the_export_format_would_change_stop_the_export(name, suffix):
    """Name the feature before writing; a forced export is refused, too."""
    shape, lost = RING_CASES[name]
    frame = make_table([make_county_box(500, 0), shape, None, make_county_box(700, 0)])
    spec = make_data_set_spec(f"a{suffix}", **({"encoding": "GBK"} if suffix == ".vct" else {}))
    reported = [p for p in validate_for_export(make_package_plan(CZKFBJ=frame), spec) if p.key == "shape_nested"]
    if suffix not in lost:
        assert not reported
        return
    problem = get_problem_by_key(reported, "shape_nested")
    assert (problem.level, problem.count, problem.features) == (ProblemLevel.STOP, 1, ("140225000000000002",))
    assert {".gdb": "FileGDB", ".shp": "Shapefile"}[suffix].lower() in explain_problem(problem).lower()


def test_database_row_id_fields_are_not_reported_as_lost_in_the_export():
    problems = validate_for_export(
        make_package_plan(DLTB=make_parcel_table(fid=[1, 2, 3], OBJECTID=[1, 2, 3])), make_data_set_spec()
    )
    assert not [p for p in problems if p.key == "fields_left_out"]


SECOND_ROW, THIRD_ROW = ("140225000000000002",), ("140225000000000003",)


@pytest.mark.parametrize(
    ("tables", "file", "key", "level", "field", "features"),
    [
        # Of a code list with the mark C.
        (
            {"LSWHBHX": make_table([make_county_box(0, 0)], LX=["77"])},
            (),
            "code_unverified",
            ProblemLevel.NOTE,
            "LX",
            None,
        ),
        # Most rows are in zone 38, one is in zone 37.
        (
            {
                "DLTB": make_parcel_table(3).set_geometry(
                    [
                        make_county_box(0, 0),
                        make_county_box(100, 0),
                        shapely.transform(make_county_box(200, 0), lambda c: c - [1_000_000, 0]),
                    ],
                    crs=4526,
                )
            },
            (),
            "shape_stray",
            ProblemLevel.GATE,
            "",
            THIRD_ROW,
        ),
        # A shapefile rounds to two decimals.
        (
            {"LSWHBHX": make_table([make_county_box(0, 0), make_county_box(200, 0)], MJ=[10_000.25, 10_000.123])},
            ("a.shp",),
            "decimals_lost",
            None,
            "MJ",
            SECOND_ROW,
        ),
    ],
    ids=["unconfirmed code list", "another zone", "rounded numbers"],
)
def test_doubtful_code_stray_row_and_rounded_number_are_reported_before_export(
    tables, file, key, level, field, features
):
    problem = get_problem_by_key(validate_for_export(make_package_plan(**tables), make_data_set_spec(*file)), key)
    assert level in (None, problem.level) and problem.field == field and features in (None, problem.features)
    assert problem.params.get("decimals") == (2 if key == "decimals_lost" else None)


def test_empty_required_fields_stop_the_export():
    zones = make_table([make_county_box(0, 0), make_county_box(100, 0)], GHFQDM=["410", "410"], GKZY=["管", " "])
    empty = {
        p.field: p
        for p in validate_for_export(make_package_plan(ZXCQGHFQ=zones), make_data_set_spec())
        if p.key == "required_empty"
    }
    assert (empty["GKZY"].count, empty["GKZY"].features) == (1, ("140225000000000002",))
    assert empty["GKZY"].level is ProblemLevel.STOP and "GKZY" in explain_problem(empty["GKZY"])


def test_rows_with_missing_shapes_curves_or_another_geometry_type_are_reported_before_export():
    plan = make_package_plan(
        DLTB=make_parcel_table(3).set_geometry(
            [make_county_box(0, 0), None, make_county_box(300, 0).centroid], crs=4526
        )
    )
    problems = validate_for_export(plan, make_data_set_spec())
    assert get_problem_by_key(problems, "shape_missing").features == ("140225000000000002",)
    assert get_problem_by_key(problems, "shape_kind").level is ProblemLevel.STOP
    curved = make_package_plan(DLTB=make_parcel_table())
    curved.layers["DLTB"].source.curve_texts = {1: "CURVE"}
    curved.layers["DLTB"].source.curve_step = 4.0
    problem = get_problem_by_key(validate_for_export(curved, make_data_set_spec()), "shape_curved")
    assert (problem.level, problem.features) == (ProblemLevel.GATE, ("140225000000000002",))


def test_z_values_are_dropped_on_export_and_reported():
    high = [shapely.force_3d(make_county_box(100 * n, 0), 900.0) for n in range(3)]
    plan = make_package_plan(DLTB=make_parcel_table(3).set_geometry(high, crs=4526))
    assert get_problem_by_key(validate_for_export(plan, make_data_set_spec()), "heights_left_out").count == 3
    (rows,) = make_content_of_single_layer(plan, make_data_set_spec()).iterate_batches(plan.crs)
    assert not shapely.has_z(rows.shapes).any()


def test_missing_empty_and_unusable_layers_are_reported_before_export():
    spec = make_data_set_spec(
        layers=[{"layer": "red_line", "need": "M"}, {"layer": "heritage", "need": "C"}, {"layer": "ZRBHD", "need": "O"}]
    )
    plan = make_package_plan(DLTB=make_parcel_table(), STBHHX=make_table([shapely.box(0, 0, 1, 1)]))
    filled, wanting = make_package_layers(plan, spec)
    assert [c.name for c in filled] == ["DLTB"]
    problems = validate_missing_layers(wanting, [])
    assert [(p.key, p.level) for p in problems] == [
        ("layer_unusable", ProblemLevel.GATE),
        ("layer_absent", ProblemLevel.NOTE),
    ]
    assert "STBHHX" in explain_problem(problems[0]) and "历史文化" in explain_problem(problems[1])
    empty = make_package_plan(DLTB=make_parcel_table(), STBHHX=make_table([]))
    content = next(c for c in make_package_layers(empty, spec)[0] if c.name == "STBHHX")
    (problem,) = validate_layer(content, spec, {})
    assert (problem.key, problem.level) == ("layer_empty", ProblemLevel.GATE)


def test_personal_data_are_exported_only_on_request():
    template = next(
        t
        for t in make_package_plan(DLTB=make_parcel_table()).norm.standard.templates.values()
        if t.personal_fields and t.geometry == "polygon"
    )
    field = template.personal_fields[0]
    plan = make_package_plan(
        **{
            template.role: make_table([make_county_box(0, 0)], **{field.name.lower(): ["张三"]}),
            "DLTB": make_parcel_table(),
        }
    )
    spec = make_data_set_spec(layers=[{"layer": template.role, "need": "M"}], others=False)
    problem = get_problem_by_key(validate_for_export(plan, spec), "personal_left_out")
    assert (problem.field, problem.count) == (field.name, 1)
    (rows,) = make_content_of_single_layer(plan, spec).iterate_batches(plan.crs)
    assert rows.values[field.name].tolist() == [None]
    (rows,) = make_content_of_single_layer(plan, spec, includes_personal_data=True).iterate_batches(plan.crs)
    assert rows.values[field.name].tolist() == ["张三"]


@pytest.mark.parametrize(
    ("columns", "encoding", "key", "field"),
    [
        ({"ZLDWMC": ["𠮷"] * 3}, "GBK", "not_gbk", "ZLDWMC"),
        ({"ZLDWMC": ["县" * 100] * 3}, "UTF-8", "too_many_bytes", "ZLDWMC"),
        ({"TBMJ": [1e15] * 3}, "GBK", "number_wide", "TBMJ"),
        ({"SJNF": [2020, 2020, 2020123456]}, "GBK", "number_wide", "SJNF"),
    ],
)
def test_values_that_do_not_fit_a_shapefile_are_reported_before_export(columns, encoding, key, field):
    plan = make_package_plan(DLTB=make_parcel_table(**columns))
    spec = make_data_set_spec("a.shp", encoding=encoding)
    declared = plan.norm.standard.templates["DLTB"].find_field_by_name(field)
    assert declared is not None, f"{field} is not a field of DLTB"
    keys = {p.key: p for p in validate_for_export(plan, spec)}
    assert keys[key].field == field and keys[key].level is ProblemLevel.STOP
    explain_problem(keys[key])
    assert key not in {p.key for p in validate_for_export(plan, make_data_set_spec("a.gdb"))}


def test_shapefile_that_would_exceed_two_gigabytes_is_reported_before_export(monkeypatch):
    plan = make_package_plan(DLTB=make_parcel_table())
    assert "file_large" not in {p.key for p in validate_for_export(plan, make_data_set_spec("a.shp"))}
    monkeypatch.setattr(layer_writers, "MAX_FILE_BYTES", 600)
    problems = [p for p in validate_for_export(plan, make_data_set_spec("a.shp")) if p.key == "file_large"]
    assert [(p.level, p.params["file"]) for p in problems] == [(ProblemLevel.STOP, "DLTB.dbf")]
    explain_problem(problems[0])
    assert "file_large" not in {p.key for p in validate_for_export(plan, make_data_set_spec("a.gdb"))}


def test_null_numbers_that_a_shapefile_cannot_store_are_reported():
    plan = make_package_plan(DLTB=make_parcel_table(SJNF=[2020, None, 0], KCMJ=[1.0, 0.0, None], TBDLMJ=[None] * 3))
    problem = get_problem_by_key(validate_for_export(plan, make_data_set_spec("a.shp")), "empty_numbers")
    assert problem.level is ProblemLevel.NOTE and set(problem.params["fields"].split(", ")) == {"SJNF", "KCMJ"}
    assert "empty_numbers" not in {p.key for p in validate_for_export(plan, make_data_set_spec("a.gdb"))}


@pytest.mark.parametrize(
    ("slot", "encoding", "key", "field"),
    [
        ({"names_by_field": {"TBMJ": "BSM"}}, "UTF-8", "field_twice", "BSM"),
        ({"names_by_field": {"TBMJ": "面积鿐"}}, "GBK", "name_forbidden", "面积鿐"),
        ({"name": "图斑鿐"}, "GBK", "name_forbidden", "图斑鿐"),
    ],
)
def test_invalid_layer_or_field_names_of_the_package_spec_are_reported(slot, encoding, key, field):
    plan = make_package_plan(DLTB=make_parcel_table())
    slots = [{"layer": "parcels", "need": "M", **slot}]
    problem = get_problem_by_key(
        validate_for_export(plan, make_data_set_spec("a.shp", layers=slots, others=False, encoding=encoding)), key
    )
    assert (problem.field, problem.level) == (field, ProblemLevel.STOP)
    if encoding == "GBK":
        other = make_data_set_spec("a.shp", layers=slots, others=False)
        assert key not in {p.key for p in validate_for_export(plan, other)}


def test_exported_field_names_and_order_follow_the_package_spec():
    slot = {
        "layer": "parcels",
        "need": "M",
        "name": "地类图斑",
        "fields": ["DLMC", "bsm", "TBMJ"],
        "names_by_field": {"TBMJ": "MIANJI"},
    }
    plan = make_package_plan(DLTB=make_parcel_table())
    content = make_content_of_single_layer(plan, make_data_set_spec(layers=[slot], others=False))
    assert content.name == "地类图斑" and list(content.column_by_field) == ["DLMC", "BSM", "MIANJI"]
    (rows,) = content.iterate_batches(plan.crs)
    assert rows.values["MIANJI"].tolist() == [10_000.0] * 3 and rows.values["DLMC"].tolist() == ["旱地"] * 3


def test_exported_values_get_the_type_of_their_field_and_blank_texts_become_null():
    plan = make_package_plan(
        DLTB=make_parcel_table(
            DLBM=["0103 ", "", None], TBMJ=["1.10", " ", None], ZLDWMC=pd.Series([20.0, np.nan, 7.5]), BZ=[1, 2, 3]
        )
    )
    (rows,) = make_content_of_single_layer(plan, make_data_set_spec()).iterate_batches(plan.crs)
    assert rows.values["DLBM"].tolist() == ["0103", None, None]
    assert rows.values["TBMJ"].tolist() == [1.1, None, None]
    assert rows.values["ZLDWMC"].tolist() == ["20", None, "7.5"]
    assert rows.values["BZ"].tolist() == ["1", "2", "3"]


def test_unreadable_dates_and_times_that_a_shapefile_would_lose_are_reported_before_export():
    moments = [datetime(2026, 1, 31), pd.NaT, datetime(2026, 1, 31, 10, 30)]
    role, field = next(
        (r, f)
        for r, t in make_package_plan(DLTB=make_parcel_table()).norm.standard.templates.items()
        for f in t.fields
        if f.type == "date" and t.geometry == "polygon" and not t.base and t.find_field("key")
    )
    rows_of = gpd.GeoDataFrame(
        {"BSM": ["1", "2", "3"], field.name: moments},
        geometry=[make_county_box(0, 0), make_county_box(200, 0), make_county_box(400, 0)],
        crs=4526,
    )
    plan = make_package_plan(**{role: rows_of, "DLTB": make_parcel_table()})
    spec = make_data_set_spec(layers=[{"layer": role, "need": "M"}], others=False)
    (rows,) = make_content_of_single_layer(plan, spec).iterate_batches(plan.crs)
    assert rows.values[field.name].tolist() == [moments[0], None, moments[2]]
    shape = make_data_set_spec("a.shp", layers=[{"layer": role, "need": "M"}], others=False)
    assert get_problem_by_key(validate_for_export(plan, shape), "time_lost").features == ("3",)
    words = make_package_plan(
        **{role: rows_of.assign(**{field.name: ["2026-01-31", "2026年2月31日", ""]}), "DLTB": make_parcel_table()}
    )
    assert get_problem_by_key(validate_for_export(words, spec), "date_unreadable").features == ("2",)


@pytest.mark.parametrize("file", ["a.gdb", "a.gpkg", "a.shp"])
@pytest.mark.parametrize(
    "shape",
    [
        shapely.Polygon([(X, Y), (np.inf, Y), (X + 100, Y + 100)]),
        shapely.Polygon([(X, Y), (np.nan, Y), (X + 100, Y + 100)]),
        shapely.box(1e15, 1e15, 2e15, 2e15),
    ],
    ids=["infinite", "no number", "beyond the world"],
)
def test_shapes_with_non_finite_or_out_of_range_coordinates_stop_the_export(shape, file):
    plan = make_package_plan(DLTB=make_parcel_table())
    plan.layers["DLTB"].raw_shapes[1] = shape
    problem = get_problem_by_key(validate_for_export(plan, make_data_set_spec(file, crs="EPSG:4490")), "shape_nowhere")
    assert (
        (problem.level, problem.count) == (ProblemLevel.STOP, 1)
        and "0002" in explain_problem(problem)
        and "EPSG:4490" in explain_problem(problem)
    )


def make_hole_below_edge(depth):
    """Return a polygon with an edge of 2 km and a hole close below that edge.

    The edge is straight in metres; straight in degrees it lies L² · tan φ / 8 R = 6.5 cm further south at 40° N.
    """
    hole = [(X + 1000, Y - depth), (X + 990, Y - 50), (X + 1010, Y - 50)]
    return shapely.Polygon(shapely.box(X, Y - 100, X + 2000, Y).exterior, [hole])


@pytest.mark.parametrize(("suffix", "crs", "reported"), [(".gdb", "EPSG:4490", True), (".gdb", "EPSG:4526", False), (".vct", "EPSG:4490", True)])  # fmt: skip
def test_polygon_that_crosses_itself_after_reprojection_is_reported(suffix, crs, reported):
    shapes = [make_hole_below_edge(0.02), make_hole_below_edge(0.5)]
    reprojected = gpd.GeoSeries(shapes, crs=4526).to_crs(crs)
    assert shapely.is_valid(shapes).all() and reprojected.is_valid.tolist() == [not reported, True]
    spec = make_data_set_spec(f"a{suffix}", crs=crs, **({"encoding": "GBK"} if suffix == ".vct" else {}))
    problems = [
        p
        for p in validate_for_export(make_package_plan(CZKFBJ=make_table([*shapes, None])), spec)
        if p.key == "shape_crossing"
    ]
    if not reported:
        assert not problems
        return
    problem = get_problem_by_key(problems, "shape_crossing")
    assert (problem.level, problem.count, problem.features) == (ProblemLevel.GATE, 1, ("140225000000000001",))
    assert crs in explain_problem(problem)


def test_polygon_that_crosses_itself_after_rounding_is_reported():
    """Round to four decimals, as VCT in metres does; close vertices become one."""
    near = shapely.Polygon([(X, Y), (X + 10, Y), (X + 10, Y + 10), (X + 5, Y + 3e-5), (X, Y + 10)])
    spec = make_data_set_spec("a.vct", crs="EPSG:4526", encoding="GBK")
    assert near.is_valid
    problem = get_problem_by_key(
        validate_for_export(make_package_plan(CZKFBJ=make_table([make_county_box(500, 0), near])), spec),
        "shape_crossing",
    )
    assert problem.features == ("140225000000000002",)


def test_polygon_already_invalid_in_the_plan_is_not_reported_again_on_export():
    bow = shapely.Polygon([(X, Y), (X + 10, Y + 10), (X + 10, Y), (X, Y + 10)])
    assert not [
        p
        for p in validate_for_export(make_package_plan(CZKFBJ=make_table([bow])), make_data_set_spec())
        if p.key == "shape_crossing"
    ]
