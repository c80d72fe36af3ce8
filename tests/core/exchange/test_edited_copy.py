# SPDX-License-Identifier: GPL-2.0-or-later
"""A copy with changed rows has these changes and no other, in every format that can be edited."""

import random
import struct

import geopandas as gpd
import pyogrio
import pytest
import shapely

from plugin.core.base.errors import InputError, OutputError
from plugin.core.exchange.edited_copy import (
    UNCHANGED,
    LayerChanges,
    copy_dataset,
    open_for_editing,
    write_copy,
    write_edited_copy,
)
from plugin.core.exchange.gdal_setup import load_gdal, repack_shapefile
from plugin.core.plan.io import read_source
from tests.core.gdal_switch import gdal_raises
from tests.parametrize import first_daily

ROWS = 400


def make_shape(source, corners):
    """Return a polygon with this number of corners at a random place."""
    centre = shapely.Point(38_500_000 + source.random() * 1e5, 4_400_000 + source.random() * 1e5)
    return shapely.multipolygons([centre.buffer(100, quad_segs=corners)])


@pytest.mark.parametrize("seed", first_daily(range(3)))
@pytest.mark.parametrize(("suffix", "driver"), [("gpkg", "GPKG"), ("gdb", "OpenFileGDB"), ("shp", "ESRI Shapefile")])
def test_rows_that_grow_leave_all_others_as_they_were(tmp_path, suffix, driver, seed):
    source = random.Random(seed)
    path, copy = tmp_path / f"CZKFBJ.{suffix}", tmp_path / f"copy.{suffix}"
    texts = ["字" * source.randint(1, 9) for _ in range(ROWS)]
    shapes = [make_shape(source, source.randint(1, 8)) for _ in range(ROWS)]
    frame = gpd.GeoDataFrame({"BZ": texts, "BH": range(ROWS)}, geometry=shapes, crs=4526)
    frame.to_file(path, layer="CZKFBJ", driver=driver, encoding="UTF-8")
    (layer,) = read_source(path)
    before = pyogrio.read_dataframe(path, fid_as_index=True)
    fids = source.sample([int(fid) for fid in before.index], ROWS // 2)
    new_texts = {fid: "新" * source.randint(1, 25) for fid in fids}
    new_shapes = {fid: make_shape(source, source.randint(1, 20)) for fid in fids[::2]}
    changed = {fid: (new_shapes.get(fid, UNCHANGED), {"BZ": new_texts[fid]}) for fid in fids}
    write_copy([LayerChanges("CZKFBJ", layer, changed=changed)], path, copy)
    after = pyogrio.read_dataframe(copy, fid_as_index=True)
    assert list(after.index) == list(before.index) and after["BH"].tolist() == before["BH"].tolist()
    assert after["BZ"].to_dict() == before["BZ"].to_dict() | new_texts
    # A FileGDB rounds to its grid of 0.1 mm, and a shapefile makes polygons of multipolygons with one part.
    expected = [new_shapes.get(fid, shape) for fid, shape in before.geometry.items()]
    assert shapely.area(shapely.symmetric_difference(after.geometry.array, expected)).max() < 0.2


@pytest.mark.parametrize(("codec", "declared"), [("GBK", "GB2312"), ("GB18030", "GBK"), ("UTF-8", "UTF-8")])
def test_texts_of_a_shapefile_are_copied_byte_for_byte_whatever_encoding_is_declared(tmp_path, codec, declared):
    path, copy = tmp_path / "国土[1].shp", tmp_path / "copy.shp"
    texts = ["朱镕基", "浑源县", "备注"]
    shapes = [shapely.box(38_560_000 + n, 4_390_000, 38_560_000.5 + n, 4_390_001) for n in range(3)]
    frame = gpd.GeoDataFrame({"MC": texts, "BSM": ["1", "2", "3"]}, geometry=shapes, crs=4526)
    frame.to_file(path, encoding=codec)
    path.with_suffix(".cpg").unlink(missing_ok=True)
    path.with_suffix(".cpg").write_text(declared, encoding="ascii")
    # Unrelated files with the names of source and copy.
    path.with_suffix(".gpkg").write_bytes(b"other")
    copy.with_suffix(".gpkg").write_bytes(b"mine")
    (layer,) = [one for one in read_source(path) if one.name]
    stored = path.with_suffix(".dbf").read_bytes()
    write_copy([LayerChanges("CZKFBJ", layer, changed={1: (UNCHANGED, {"BSM": "9"})})], path, copy)
    assert (
        copy.with_suffix(".dbf").read_bytes().count("朱镕基".encode(codec)) == stored.count("朱镕基".encode(codec)) == 1
    )
    assert copy.with_suffix(".gpkg").read_bytes() == b"mine"
    write_copy([LayerChanges("CZKFBJ", layer, changed={1: (UNCHANGED, {"MC": "恒山"})})], path, tmp_path / "new.shp")
    assert read_source(tmp_path / "new.shp")[0].frame["MC"].tolist() == ["朱镕基", "恒山", "备注"]


@pytest.mark.parametrize("raising", [False, True])
def test_deleted_rows_leave_the_file_of_a_shapefile(tmp_path, raising):
    """Deleted rows are removed, not only marked, whether GDAL raises exceptions or not."""
    path, copy = tmp_path / "规划 CZKFBJ.shp", tmp_path / "copy.shp"
    shapes = [shapely.box(38_560_000 + n, 4_390_000, 38_560_000.5 + n, 4_390_001) for n in range(5)]
    gpd.GeoDataFrame({"BH": range(5)}, geometry=shapes, crs=4526).to_file(path)
    (layer,) = [one for one in read_source(path) if one.name]
    with gdal_raises(raising):
        write_copy([LayerChanges("CZKFBJ", layer, deleted=(1, 3))], path, copy)
    # Bytes 4 to 7 of a .dbf file are its number of rows, and each stored row begins with a blank or with a star.
    table = copy.with_suffix(".dbf").read_bytes()
    row_count, header_size, row_size = struct.unpack("<IHH", table[4:12])
    marks = [table[header_size + n * row_size : header_size + n * row_size + 1] for n in range(row_count)]
    assert marks == [b" "] * 3
    assert pyogrio.read_dataframe(copy)["BH"].tolist() == [0, 2, 4]


@pytest.mark.parametrize("raising", [False, True])
def test_packing_that_the_driver_refuses_is_an_error(tmp_path, raising):
    path = tmp_path / "a.shp"
    (tmp_path / "source").mkdir()
    gpd.GeoDataFrame({"BH": [1]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4526).to_file(path)
    with gdal_raises(raising), load_gdal() as gdal:
        database = open_for_editing(gdal, path)
        with pytest.raises(RuntimeError, match="REPACK"):
            repack_shapefile(gdal, database, "missing")


def test_files_that_the_driver_leaves_are_not_in_the_copy_of_a_folder(tmp_path):
    """GDAL packs a shapefile of which rows grew as a new one, and leaves it if the system does not let it replace."""
    (tmp_path / "source").mkdir()
    gpd.GeoDataFrame({"BH": [1]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4526).to_file(tmp_path / "source" / "甲.shp")

    def leave_file(copies):
        for copy in copies.values():
            copy.with_name("甲_packed.shp").touch()

    copy = write_edited_copy(tmp_path / "source", tmp_path / "copy", leave_file)
    names = [sorted(path.name for path in folder.iterdir()) for folder in (tmp_path / "source", copy)]
    assert names[0] == names[1]


def test_text_that_the_encoding_or_the_field_cannot_store_is_an_error(tmp_path):
    path = tmp_path / "CZKFBJ.shp"
    frame = gpd.GeoDataFrame(
        {"MC": ["甲"]}, geometry=[shapely.box(38_560_000, 4_390_000, 38_560_001, 4_390_001)], crs=4526
    )
    frame.to_file(path, encoding="GBK")
    (layer,) = read_source(path)
    for value, key in (("𠀀", "copy_encoding"), ("字" * 200, "copy_too_long")):
        layer.encoding = "GBK"
        with pytest.raises(OutputError) as refused:
            write_copy(
                [LayerChanges("CZKFBJ", layer, changed={0: (UNCHANGED, {"MC": value})})], path, tmp_path / "b.shp"
            )
        assert refused.value.key == key and not (tmp_path / "b.shp").exists()


def test_copy_of_a_damaged_geopackage_is_refused_with_its_name(tmp_path):
    path = tmp_path / "损坏.gpkg"
    path.write_bytes(b"SQLite format 3\0" + bytes(4096))
    (tmp_path / "b").mkdir()
    with pytest.raises(InputError, match=r"source_not_gis.*损坏\.gpkg"):
        copy_dataset(path, tmp_path / "b")
