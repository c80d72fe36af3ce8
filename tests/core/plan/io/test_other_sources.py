# SPDX-License-Identifier: GPL-2.0-or-later
"""Zip, FlatGeobuf and GeoParquet give the findings of the GeoPackage with the same layers."""

import sys
import zipfile

import geopandas as gpd
import pyogrio
import pytest
from pyproj import CRS

from plugin.core.base.errors import Cancellation, Cancelled, InputError
from plugin.core.base.files.archives import detect_name_codec
from plugin.core.counties.sources import is_package
from plugin.core.exchange.edited_copy import check_copy_is_writable
from plugin.core.exchange.vct.write import read_layers_in_turn
from plugin.core.plan.io import read_source
from plugin.core.render.outputs import compute_data_digest
from tests.core.small_plan import (
    check_data,
    explain_error,
    hash_files,
    make_county_box,
    make_small_plan_layers,
    make_table,
    write_gdb,
    write_gpkg,
    write_shapefiles,
)
from tests.parametrize import first_daily


def list_findings(result):
    """Return what identifies each finding, and its area."""
    return sorted(
        (one.code, one.fingerprint, str(one.severity), one.area_m2 and round(one.area_m2, 6))
        for one in result.report.findings
    )


def overlap_boundaries(tables):
    """Return layers in which one boundary of urban development covers another, so that there are findings."""
    zones = tables["CZKFBJ"]
    tables["CZKFBJ"] = gpd.GeoDataFrame(zones.iloc[[0, 0, *range(1, len(zones))]].reset_index(drop=True), crs=zones.crs)
    tables["CZKFBJ"].loc[1, "BSM"] = "140225209900000099"
    return tables


class GbkZipInfo(zipfile.ZipInfo):
    """An entry with its name in GBK and without the mark of UTF-8."""

    def _encodeFilenameFlags(self):
        return self.filename.encode("gbk"), self.flag_bits & ~0x800


def zip_folder(folder, target, encoding="utf-8"):
    """Write a zip of a folder; names in GBK are not marked, as a Chinese Windows writes them."""
    with zipfile.ZipFile(target, "w") as archive:
        for path in sorted(folder.rglob("*")):
            if path.is_file():
                name = path.relative_to(folder).as_posix()
                kind = zipfile.ZipInfo if encoding == "utf-8" else GbkZipInfo
                archive.writestr(kind(name), path.read_bytes())
    return target


@pytest.mark.parametrize("encoding", ["utf-8", "gbk"])
@pytest.mark.parametrize("name", ["图①.pdf", "图（一）.pdf", "县.gpkg", "一。"])
def test_names_without_a_mark_are_utf_8_if_most_characters_have_three_bytes(name, encoding):
    info = zipfile.ZipInfo(name.encode(encoding, errors="replace").decode("cp437"))
    assert detect_name_codec([info]) == encoding


def write_gpkg_in_zip(folder, tables):
    write_gpkg(folder / "in" / "浑源县.gpkg", tables)


def write_gdb_in_zip(folder, tables):
    (folder / "in" / "成果").mkdir(parents=True)
    write_gdb(folder / "in" / "成果" / "浑源县.gdb", tables)


def write_shapefiles_in_zip(folder, tables):
    write_shapefiles(folder / "in" / "矢量数据", "UTF-8", tables)


def write_fgb_in_zip(folder, tables):
    write_flatgeobufs(folder / "in", tables)


def write_flatgeobufs(folder, tables):
    folder.mkdir(parents=True, exist_ok=True)
    for role, frame in tables.items():
        pyogrio.write_dataframe(frame, folder / f"{role}.fgb", driver="FlatGeobuf", SPATIAL_INDEX="NO")
    return folder


@pytest.mark.parametrize(
    ("write", "encoding"),
    first_daily(
        [
            (write_gpkg_in_zip, "utf-8"),
            (write_shapefiles_in_zip, "gbk"),
            (write_gdb_in_zip, "gbk"),
            (write_fgb_in_zip, "utf-8"),
        ],
        2,
    ),
)
def test_zip_gives_the_findings_of_its_content(tmp_path, temporary_folder, write, encoding):
    write(tmp_path, overlap_boundaries(make_small_plan_layers()))
    archive = zip_folder(tmp_path / "in", tmp_path / "浑源县.zip", encoding)
    before = hash_files(tmp_path)
    inner = next((tmp_path / "in").rglob("*.g*"), None)
    folder = next(path for path in (tmp_path / "in").rglob("*") if path.suffix in (".gpkg", ".gdb", ".shp", ".fgb"))
    plain = check_data(inner if inner is not None and inner.suffix in (".gpkg", ".gdb") else folder.parent)
    zipped = check_data(archive)
    assert list_findings(zipped) == list_findings(plain) and list_findings(zipped)
    assert compute_data_digest(zipped.plan) == compute_data_digest(plain.plan)
    assert zipped.report.provenance["source"] == "浑源县.zip"
    assert all(str(archive) in path for path in zipped.plan.input_files)
    assert not list(temporary_folder.iterdir()) and hash_files(tmp_path) == before


def test_names_of_a_gbk_zip_are_names_of_layers(tmp_path, temporary_folder):
    write_gpkg(tmp_path / "in" / "城镇开发边界.gpkg", {"CZKFBJ": make_small_plan_layers()["CZKFBJ"]})
    layers = read_source(zip_folder(tmp_path / "in", tmp_path / "a.zip", "gbk"))
    assert [layer.full_name for layer in layers] == ["城镇开发边界.gpkg/CZKFBJ"]


@pytest.mark.parametrize("name", ["../climbing.gpkg", "/etc/a.gpkg", "C:\\a.gpkg"])
def test_zip_with_a_path_out_of_its_folder_is_refused(tmp_path, temporary_folder, name):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.writestr(name, b"x")
    with pytest.raises(InputError) as raised:
        read_source(tmp_path / "a.zip")
    assert raised.value.key == "package_zip_climbs" and not list(temporary_folder.iterdir())


def test_error_in_a_zip_names_the_zip(tmp_path, temporary_folder):
    with zipfile.ZipFile(tmp_path / "县.zip", "w") as archive:
        archive.writestr("成果/a.gpkg", b"no database at all")
    with pytest.raises(InputError) as raised:
        check_data(tmp_path / "县.zip")
    assert raised.value.params["source"] == str(tmp_path / "县.zip" / "成果" / "a.gpkg")
    assert str(temporary_folder) not in explain_error(raised.value) and not list(temporary_folder.iterdir())


def test_cancelled_zip_leaves_nothing(tmp_path, temporary_folder):
    write_gpkg(tmp_path / "in" / "a.gpkg", make_small_plan_layers())
    archive = zip_folder(tmp_path / "in", tmp_path / "a.zip")
    with pytest.raises(Cancelled):
        read_source(archive, cancellation=Cancellation(lambda: True))
    assert not list(temporary_folder.iterdir())


def test_layers_of_a_zip_are_exported_in_turn(tmp_path, temporary_folder):
    write_gpkg(tmp_path / "in" / "a.gpkg", make_small_plan_layers())
    archive = zip_folder(tmp_path / "in", tmp_path / "a.zip")
    layers = list(read_layers_in_turn(archive))
    assert {layer.name for layer in layers} == set(make_small_plan_layers())
    assert all(layer.source == str(archive / "a.gpkg") for layer in layers) and not list(temporary_folder.iterdir())


@pytest.mark.parametrize("source", ["a.zip", "postgresql://db/plan?schema=a", "service=n&schema=a"])
def test_tools_that_write_a_copy_need_a_file(tmp_path, source):
    with pytest.raises(InputError) as raised:
        check_copy_is_writable(source, tmp_path / "copy.gpkg")
    assert raised.value.key == "source_not_copied"


def test_batch_takes_a_zip_of_data_as_data_and_one_with_documents_as_a_package(tmp_path):
    write_gpkg(tmp_path / "in" / "a.gpkg", make_small_plan_layers())
    assert not is_package(zip_folder(tmp_path / "in", tmp_path / "data.zip"))
    (tmp_path / "in" / "2-规划文档").mkdir()
    (tmp_path / "in" / "2-规划文档" / "文本.pdf").write_bytes(b"%PDF-")
    assert is_package(zip_folder(tmp_path / "in", tmp_path / "package.zip"))


def test_flatgeobuf_gives_the_findings_of_the_geopackage(tmp_path):
    tables = overlap_boundaries(make_small_plan_layers())
    plain = check_data(write_gpkg(tmp_path / "a.gpkg", tables))
    result = check_data(write_flatgeobufs(tmp_path / "fgb", tables))
    assert list_findings(result) == list_findings(plain) and list_findings(result)


def test_without_pyarrow_the_error_names_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "pyarrow", None)
    (tmp_path / "CZKFBJ.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError) as raised:
        check_data(tmp_path / "CZKFBJ.parquet")
    assert raised.value.key == "reader_missing_pyarrow" and "pyarrow" in explain_error(raised.value)


def test_without_psycopg2_the_error_names_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "psycopg2", None)
    with pytest.raises(InputError) as raised:
        check_data("postgresql://wang:hun7er@db/plan?schema=hunyuan")
    text = explain_error(raised.value)
    assert raised.value.key == "reader_missing_psycopg2" and "psycopg2" in text and "db/plan" in text
    assert "hun7er" not in text and "wang" not in text


class TestGeoParquet:
    """GeoParquet, written by geopandas with pyarrow."""

    @pytest.fixture(autouse=True)
    def _require_reader(self):
        pytest.importorskip("pyarrow", reason="pyarrow is not in this environment (requirements-dev.txt)")

    @staticmethod
    def write(folder, tables):
        folder.mkdir(parents=True, exist_ok=True)
        for role, frame in tables.items():
            frame.to_parquet(folder / f"{role}.parquet")
        return folder

    def test_folder_gives_the_findings_of_the_geopackage(self, tmp_path, temporary_folder):
        tables = overlap_boundaries(make_small_plan_layers())
        plain = check_data(write_gpkg(tmp_path / "a.gpkg", tables))
        folder = self.write(tmp_path / "parquet", tables)
        before = hash_files(folder)
        result = check_data(folder)
        assert list_findings(result) == list_findings(plain) and list_findings(result)
        assert hash_files(folder) == before and not list(temporary_folder.iterdir())

    @pytest.mark.parametrize("crs", [4490, 4526, 4326, None])
    def test_crs_and_values_are_those_written(self, tmp_path, crs):
        frame = make_table([make_county_box(0, 0)], crs, BSM=["a"], MJ=[1.5], SL=[2**60 + 1])
        frame["RQ"] = gpd.pd.to_datetime(["2026-11-26"])
        self.write(tmp_path, {"X": frame})
        (layer,) = read_source(tmp_path / "X.parquet")
        assert (layer.crs and CRS(layer.crs).to_epsg()) == crs
        assert {one.name: (one.type, one.length, one.alias) for one in layer.fields} == {
            "BSM": ("text", None, None), "MJ": ("real", None, None), "SL": ("integer", None, None),
            "RQ": ("date", None, None),
        }  # fmt: skip
        row = layer.frame.iloc[0]
        assert (row.BSM, row.MJ, int(row.SL), row.RQ.date().isoformat()) == ("a", 1.5, 2**60 + 1, "2026-11-26")
        assert row.geometry.equals_exact(frame.geometry.iloc[0], 0)

    def test_other_encoding_is_refused(self, tmp_path):
        frame = make_small_plan_layers()["CZKFBJ"]
        frame.to_parquet(tmp_path / "CZKFBJ.parquet", geometry_encoding="geoarrow")
        with pytest.raises(InputError) as raised:
            read_source(tmp_path / "CZKFBJ.parquet")
        assert raised.value.key == "parquet_encoding" and "WKB" in explain_error(raised.value)

    def test_truncated_file_is_damaged(self, tmp_path):
        self.write(tmp_path, {"CZKFBJ": make_small_plan_layers()["CZKFBJ"]})
        (tmp_path / "CZKFBJ.parquet").write_bytes((tmp_path / "CZKFBJ.parquet").read_bytes()[:-20])
        with pytest.raises(InputError) as raised:
            read_source(tmp_path / "CZKFBJ.parquet")
        assert raised.value.key == "source_not_gis"

    def test_cancelled_reading_leaves_nothing(self, tmp_path, temporary_folder):
        self.write(tmp_path, {"CZKFBJ": make_small_plan_layers()["CZKFBJ"]})
        with pytest.raises(Cancelled):
            read_source(tmp_path / "CZKFBJ.parquet", cancellation=Cancellation(lambda: True))
        assert not list(temporary_folder.iterdir())
