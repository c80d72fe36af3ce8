# SPDX-License-Identifier: GPL-2.0-or-later
"""Files of several parts: a difference makes the layer unusable, and a missing index is made in a copy."""

import sqlite3
import struct
from contextlib import closing

import numpy as np
import pyogrio
import pytest
import shapely

from plugin.core.base.errors import InputError
from plugin.core.checks.check import RunOptions
from plugin.core.checks.tabulate import tabulate_sources
from plugin.core.counties.townships.split import SplitOptions, split_townships
from plugin.core.exchange.change_zone import ZoneNumber, change_crs_zone
from plugin.core.exchange.vct.write import read_layers_in_turn
from plugin.core.plan.io import read_source
from plugin.core.plan.io.records import find_problem_of_parts
from plugin.core.render.versions.baseline import find_layer_and_townships
from plugin.core.standard.messages.texts import Texts
from plugin.core.studies.projects.read_projects import read_project_layer
from tests.core.small_plan import (
    check_data,
    explain_error,
    hash_files,
    make_county_box,
    make_table,
    write_shapefiles,
)

ROLE, ROW_COUNT = "CZKFBJ", 5


def make_boundary_of_five_rows():
    """Return rows whose shapes and values show which belong together: row n begins at 100 n."""
    boxes = [make_county_box(100 * n, 0, 50 + n, 50) for n in range(ROW_COUNT)]
    return make_table(boxes, BSM=[f"14022500000000{n}" for n in range(ROW_COUNT)], GHFQDM=["410"] * ROW_COUNT)


@pytest.fixture
def shapefile(tmp_path):
    return write_shapefiles(tmp_path / "county", "UTF-8", {ROLE: make_boundary_of_five_rows()}) / f"{ROLE}.shp"


def read_entries(path):
    return np.fromfile(path.with_suffix(".shx"), dtype=">i4", offset=100).reshape(-1, 2)


def write_entries(path, entries):
    index = path.with_suffix(".shx")
    header = bytearray(index.read_bytes()[:100])
    header[24:28] = struct.pack(">i", 50 + 4 * len(entries))
    index.write_bytes(bytes(header) + np.asarray(entries, dtype=">i4").tobytes())


def set_table_count(path, count):
    table = path.with_suffix(".dbf")
    content = bytearray(table.read_bytes())
    struct.pack_into("<I", content, 4, count)
    table.write_bytes(content)


def change_content(path, change):
    content = bytearray(path.read_bytes())
    change(content)
    path.write_bytes(content)


def set_numbers(path, numbers):
    """Write other record numbers into a .shp."""
    offsets = read_entries(path)[:, 0] * 2

    def change(content):
        for offset, number in zip(offsets, numbers, strict=True):
            struct.pack_into(">i", content, int(offset), number)

    change_content(path, change)


def swap_entries(path):
    write_entries(path, read_entries(path)[[0, 3, 2, 1, 4]])


def shift_entries(path):
    write_entries(path, np.add(read_entries(path), (8, 0)))


def shorten_index(path):
    write_entries(path, read_entries(path)[:-1])


def point_beyond_the_end(path):
    write_entries(path, [*read_entries(path)[:-1], [2**30, 64]])


def change_lengths(path):
    write_entries(path, np.subtract(read_entries(path), (0, 8)))


def shorten_table(path):
    set_table_count(path, ROW_COUNT - 1)


def lengthen_table(path):
    change_content(path.with_suffix(".dbf"), lambda content: content.extend(b" " * 600))
    set_table_count(path, ROW_COUNT + 1)


def lose_last_shape(path):
    """Drop the last shape and its index entry; the table keeps its row."""
    entries = read_entries(path)
    end = int(entries[-1, 0]) * 2

    def change(content):
        del content[end:]
        struct.pack_into(">i", content, 24, end // 2)

    change_content(path, change)
    write_entries(path, entries[:-1])


WRONG_INDEX = {"index": f"{ROLE}.shx", "entries": ROW_COUNT, "shapes": ROW_COUNT}
DIFFERENCES = {
    swap_entries: ("index_wrong", WRONG_INDEX),
    shift_entries: ("index_wrong", WRONG_INDEX),
    point_beyond_the_end: ("index_wrong", WRONG_INDEX),
    change_lengths: ("index_wrong", WRONG_INDEX),
    shorten_index: ("index_wrong", {**WRONG_INDEX, "entries": 4}),
    shorten_table: ("parts_disagree", {"parts": ".shp 5, .shx 5, .dbf 4"}),
    lengthen_table: ("parts_disagree", {"parts": ".shp 5, .shx 5, .dbf 6"}),
    lose_last_shape: ("parts_disagree", {"parts": ".shp 4, .shx 4, .dbf 5"}),
}


@pytest.mark.parametrize("damage", DIFFERENCES)
def test_shapefile_with_differing_parts_is_unusable_and_only_sch003_names_it(shapefile, damage):
    damage(shapefile)
    before = hash_files(shapefile.parent)
    report = check_data(shapefile.parent).report
    (finding,) = [f for f in report.findings if f.role == ROLE]
    assert finding.code == "SCH003" and finding.params["problem"] == DIFFERENCES[damage][0]
    assert all(str(value) in finding.message for value in DIFFERENCES[damage][1].values())
    (layer,) = read_source(shapefile)
    assert layer.problem == DIFFERENCES[damage] and layer.frame.empty and len(layer.fields) == 2
    assert hash_files(shapefile.parent) == before


def test_table_that_ends_within_its_description_of_fields_is_named_as_the_reason(shapefile):
    change_content(shapefile.with_suffix(".dbf"), lambda content: content.__delitem__(slice(40, None)))
    (finding,) = [f for f in check_data(shapefile.parent).report.findings if f.role == ROLE]
    assert finding.code == "SCH003" and f"属性表“{ROLE}.dbf”不完整" in finding.message


def mark_row_as_deleted(path):
    table = path.with_suffix(".dbf")
    start, size = struct.unpack_from("<HH", table.read_bytes(), 8)
    change_content(table, lambda content: content.__setitem__(start + 2 * size, ord("*")))


def append_zeros(path):
    change_content(path, lambda content: content.extend(b"\0" * 64))


def count_from_zero(path):
    set_numbers(path, range(ROW_COUNT))


def number_all_alike(path):
    set_numbers(path, [0] * ROW_COUNT)


def move_first_shape_to_the_end(path):
    """Write the first shape again after the last one, as a driver does with a shape that has grown."""
    entries = read_entries(path)
    offset, length = (int(one) * 2 for one in entries[0])
    content = path.read_bytes()
    end = len(content)
    path.write_bytes(content + content[offset : offset + length + 8])
    change_content(path, lambda one: struct.pack_into(">i", one, 24, len(one) // 2))
    entries[0, 0] = end // 2
    write_entries(path, entries)


@pytest.mark.parametrize(
    "change",
    [mark_row_as_deleted, append_zeros, count_from_zero, number_all_alike, move_first_shape_to_the_end],
)
def test_unusual_but_complete_shapefile_is_read(shapefile, change):
    change(shapefile)
    (layer,) = read_source(shapefile)
    lost = {2} if change is mark_row_as_deleted else set()
    rows = [n for n in range(ROW_COUNT) if n not in lost]
    assert layer.problem is None and list(layer.frame["BSM"]) == [f"14022500000000{n}" for n in rows]
    expected = make_boundary_of_five_rows().geometry.iloc[rows]
    assert shapely.equals(layer.frame.geometry.to_numpy(), expected.to_numpy()).all()


def test_rows_without_a_shape_do_not_make_a_shapefile_unusable(tmp_path):
    table = make_boundary_of_five_rows()
    table.geometry = [None, *table.geometry[1:4], None]
    path = write_shapefiles(tmp_path, "UTF-8", {ROLE: table}) / f"{ROLE}.shp"
    (layer,) = read_source(path)
    assert layer.problem is None and list(layer.frame.geometry.isna()) == [True, False, False, False, True]


def test_missing_index_is_made_in_a_copy_and_reported(shapefile):
    expected = read_source(shapefile)[0].frame
    shapefile.with_suffix(".shx").unlink()
    before = hash_files(shapefile.parent)
    (layer,) = read_source(shapefile)
    assert layer.frame.equals(expected) and ("notice_index_made", {"layer": ROLE}) in layer.notices
    assert "没有 .shx 文件" in "".join(check_data(shapefile.parent).report.provenance["notices"])
    assert hash_files(shapefile.parent) == before


PROGRAMS = {
    "zone": lambda path, folder: change_crs_zone(str(path), str(folder / "copy.shp"), number=ZoneNumber.STRIP),
    "projects": lambda path, folder: read_project_layer(path.parent),
    "townships": lambda path, folder: split_townships(SplitOptions(str(path.parent), folder / "out", RunOptions())),
    "versions": lambda path, folder: find_layer_and_townships(path, ROLE, RunOptions().resolve_norm()),
    "vct": lambda path, folder: list(read_layers_in_turn(path)),
}


@pytest.mark.parametrize("program", PROGRAMS)
def test_every_program_refuses_a_layer_with_differing_parts_and_states_the_counts(shapefile, tmp_path, program):
    write_shapefiles(shapefile.parent, "UTF-8", {"XZQX": make_table([make_county_box(0, 0)])})
    shorten_table(shapefile)
    with pytest.raises(InputError) as raised:
        PROGRAMS[program](shapefile, tmp_path)
    assert "（.shp 5, .shx 5, .dbf 4）" in explain_error(raised.value)
    assert {path.name for path in tmp_path.iterdir()} == {"county"}


def test_mapinfo_table_with_fewer_rows_than_pointers_is_unusable(tmp_path):
    path = tmp_path / f"{ROLE}.tab"
    pyogrio.write_dataframe(make_boundary_of_five_rows(), path, driver="MapInfo File")
    assert find_problem_of_parts(path) is None and len(read_source(path)[0].frame) == ROW_COUNT
    change_content(path.with_suffix(".dat"), lambda content: struct.pack_into("<I", content, 4, 4))
    assert read_source(path)[0].problem == ("parts_disagree", {"parts": ".dat 4, .id 5"})


def test_interchange_file_with_more_rows_than_shapes_is_unusable(tmp_path):
    path = tmp_path / f"{ROLE}.mif"
    pyogrio.write_dataframe(make_boundary_of_five_rows(), path, driver="MapInfo File")
    assert read_source(path)[0].problem is None
    change_content(path.with_suffix(".mid"), lambda content: content.extend(content.splitlines(True)[-1]))
    assert read_source(path)[0].problem == ("rows_disagree", {"read": 5, "stored": 6})


def test_flatgeobuf_that_is_cut_off_is_never_read_in_part(tmp_path):
    path = tmp_path / f"{ROLE}.fgb"
    pyogrio.write_dataframe(make_boundary_of_five_rows(), path, driver="FlatGeobuf")
    content = path.read_bytes()
    assert read_source(path)[0].problem is None
    for lost in range(10, 600, 10):
        path.write_bytes(content[: len(content) - lost])
        with pytest.raises(InputError):
            read_source(path)


def write_with_view(path, where):
    """Write a red line as a view of a table with more rows."""
    make_table([make_county_box(0, 0), make_county_box(300, 0)]).to_file(path, layer="全部")
    make_table([make_county_box(0, 0, 900, 900)], XZQDM=["140225"]).to_file(path, layer="XZQX")
    with closing(sqlite3.connect(path)) as database:
        database.execute(f"CREATE VIEW STBHHX AS SELECT fid AS OGC_FID, geom, BSM FROM 全部 {where}")
        database.execute(
            "INSERT INTO gpkg_contents (table_name, identifier, data_type, srs_id) "
            "SELECT 'STBHHX', 'STBHHX', 'features', srs_id FROM gpkg_contents WHERE table_name = '全部'"
        )
        database.execute(
            "INSERT INTO gpkg_geometry_columns SELECT 'STBHHX', 'geom', geometry_type_name, srs_id, z, m "
            "FROM gpkg_geometry_columns WHERE table_name = '全部'"
        )
        database.commit()
    return path


def test_view_states_its_definition_as_condition(tmp_path):
    path = write_with_view(tmp_path / "county.gpkg", "WHERE fid > 1")
    conditions = {layer.name: layer.row_filter for layer in read_source(path)}
    assert conditions["STBHHX"].endswith("WHERE fid > 1")
    assert not conditions["XZQX"] and not conditions["全部"]


def test_view_is_reported_by_check_and_in_figures(tmp_path):
    path = write_with_view(tmp_path / "county.gpkg", "WHERE fid > 1")
    report = check_data(path, ("SCH001",)).report
    assert [finding.role for finding in report.findings if finding.code == "RUN905" and finding.case == "filter"] == [
        "STBHHX"
    ]
    tabulated = tabulate_sources(path)
    assert any("WHERE fid > 1" in notice for notice in tabulated.notices)
    (figure,) = tabulated.indicators.compute_indicator("red_line_area").figures
    assert not figure.confirmed
    assert "WHERE fid > 1" in " ".join(tabulated.plan.describe_gaps(Texts("zh")))
