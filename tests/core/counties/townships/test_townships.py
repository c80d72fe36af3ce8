# SPDX-License-Identifier: GPL-2.0-or-later
"""Work packages by township: every row in one package; edits apart and merged equal edits in one."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections import Counter
from dataclasses import replace
from pathlib import Path

import openpyxl
import pytest

from plugin.core.base.errors import DataError, InputError, OutputError
from plugin.core.counties.townships.decide import ContradictionKind, Outcome, Prefer
from plugin.core.counties.townships.merge import MergeOptions, MergeResult, merge_townships
from plugin.core.counties.townships.split import SplitOptions, split_townships
from plugin.core.standard.options import RunOptions
from tests.core.counties.townships import package_edits as edits
from tests.core.gdal_switch import gdal_raises
from tests.parametrize import first_daily

SAMPLE = Path(__file__).parents[4] / "resources/sample"
OPTIONS = RunOptions(profile="hunyuan")


@pytest.fixture(scope="module")
def split_once(tmp_path_factory):
    """Return the county and the folder of its packages; tests copy them."""
    folder = tmp_path_factory.mktemp("split")
    county = folder / "county.gpkg"
    shutil.copyfile(SAMPLE / "county.gpkg", county)
    result = split_townships(
        SplitOptions(
            str(county),
            folder / "packages",
            OPTIONS,
            targets=str(SAMPLE / "township_tasks.csv"),
            persons={"140225100": "张三"},
        )
    )
    return county, folder / "packages", result


@pytest.fixture
def work(split_once, tmp_path):
    """Return a copy of the county and of its packages, by code of the township."""
    county, packages, _ = split_once
    copy = tmp_path / "county.gpkg"
    shutil.copyfile(county, copy)
    shutil.copytree(packages, tmp_path / "packages")
    by_code = {one.name.split()[0]: one for one in (tmp_path / "packages").iterdir()}
    return PackageWork(copy, by_code, tmp_path)


class PackageWork:
    """A county, its packages and a folder for results."""

    def __init__(self, county: Path, packages: dict[str, Path], folder: Path):
        self.county, self.packages, self.folder = county, packages, folder
        self.output, self.table = folder / "merged.gpkg", folder / "merge.xlsx"

    def data(self, code: str) -> Path:
        return self.packages[code] / f"{code}.gpkg"

    def merge(self, *codes: str, **more) -> MergeResult:
        more.setdefault("with_seams", False)
        packages = tuple(str(self.packages[code]) for code in codes)
        return merge_townships(
            MergeOptions(str(self.county), packages, str(self.output), str(self.table), check=OPTIONS, **more)
        )

    def key(self, code: str, layer: str = "DLTB", number: int = 0) -> str:
        """Return a key of a package that one row has and that crosses no border."""
        manifest = json.loads((self.packages[code] / "manifest.json").read_text(encoding="utf-8"))
        (record,) = (one for one in manifest["layers"] if one["layer"] == layer)
        counts = Counter(edits.list_keys(self.county, layer))
        crossing = {row[1] for row in record["crossing"]}
        return [row[1] for row in record["rows"] if counts[row[1]] == 1 and row[1] not in crossing][number]


def digest_files(*folders: Path) -> dict[str, str]:
    files = [path for folder in folders for path in ([folder] if folder.is_file() else sorted(folder.rglob("*")))]
    return {str(path): hashlib.sha256(path.read_bytes()).hexdigest() for path in files if path.is_file()}


def test_every_row_is_in_exactly_one_package(split_once):
    county, packages, _ = split_once
    in_county = {name: Counter(rows) for name, rows in edits.read_all_tables(county).items()}
    handed_out = {name: Counter() for name in in_county}
    for folder in packages.iterdir():
        (data,) = (path for path in folder.glob("*.gpkg") if path.name != "neighbours.gpkg")
        for name, rows in edits.read_all_tables(data).items():
            handed_out[name].update(rows)
    assert handed_out == in_county
    assert len(list(packages.iterdir())) == 17
    assert sum(map(len, in_county.values())) == 8566


def test_a_row_belongs_to_the_township_with_most_of_it(split_once):
    import geopandas as gpd

    county, packages, _ = split_once
    plane = "EPSG:4547"
    townships = gpd.read_file(county, layer="XZQXZ").to_crs(plane)
    land = gpd.read_file(county, layer="YDYHGHFQ").to_crs(plane)
    land.geometry = land.make_valid()
    owner = {}
    for folder in packages.iterdir():
        manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
        (record,) = (one for one in manifest["layers"] if one["layer"] == "YDYHGHFQ")
        owner |= {row[0]: manifest["township"]["code"] for row in record["rows"]}
    areas = {
        code: land.intersection(shape).area.to_numpy()
        for code, shape in zip(townships["XZQDM"].str[:9], townships.geometry, strict=True)
    }
    checked = 0
    for fid, position in zip(range(1, len(land) + 1), range(len(land)), strict=True):
        largest = max(values[position] for values in areas.values())
        if largest > 1:
            # Planar areas of one row in two townships are to one scale within 1e-3.
            assert areas[owner[fid]][position] >= largest * 0.999
            checked += 1
    assert checked > 300


def test_manifest_names_crossing_rows_neighbours_and_person(split_once):
    _, packages, _ = split_once
    manifest = json.loads((packages / "140225100 永安镇" / "manifest.json").read_text(encoding="utf-8"))
    assert manifest["person"] == "张三"
    assert manifest["township"] == {"code": "140225100", "name": "永安镇"}
    crossing = [row for layer in manifest["layers"] for row in layer["crossing"]]
    assert crossing and all(row[2][0] == "140225100" and len(row[2]) > 1 for row in crossing)
    neighbours = [row for layer in manifest["layers"] for row in layer["neighbours"]]
    assert neighbours and all(row[3] != "140225100" for row in neighbours)
    targets = (packages / "140225100 永安镇" / "targets.csv").read_text(encoding="utf-8-sig")
    assert "永久基本农田" in targets and "6.41" in targets and "140225101" not in targets


def test_three_townships_edited_separately_equal_the_same_edits_in_one(work):
    in_one = work.folder / "in_one.gpkg"
    shutil.copyfile(work.county, in_one)
    first, second, third = "140225100", "140225102", "140225201"
    keys = {code: [work.key(code, "DLTB", n) for n in range(5)] for code in (first, second, third)}
    for code, moved in ((first, 2.0), (second, -2.0), (third, 3.0)):
        for path in (work.data(code), in_one):
            edits.set_value(path, "DLTB", keys[code][0], "DLMC", f"改动{code}")
            edits.set_value(path, "DLTB", keys[code][1], "DLMC", None)
            edits.move_vertex(path, "DLTB", keys[code][2], moved, moved)
            edits.delete_row(path, "DLTB", keys[code][3])
            edits.add_row(path, "DLTB", keys[code][4], f"1402250000{code[-3:]}99999")
            edits.move_vertex(path, "YDYHGHFQ", work.key(code, "YDYHGHFQ"), moved, 0)
    before = digest_files(work.county, *work.packages.values())
    result = work.merge(*work.packages)
    merged, expected = edits.read_all_tables(work.output), edits.read_all_tables(in_one)
    assert merged.keys() == expected.keys()
    for name, rows in expected.items():
        assert merged[name] == rows, name
    assert merged != edits.read_all_tables(work.county)
    assert result.log.contradictions == ()
    assert Counter(str(one.kind) for one in result.log.changes) == {
        "attributes": 6,
        "shape": 6,
        "deleted": 3,
        "new": 3,
    }
    assert digest_files(work.county, *work.packages.values()) == before


def test_unchanged_packages_give_the_county(work):
    result = work.merge(*work.packages)
    assert edits.read_all_tables(work.output) == edits.read_all_tables(work.county)
    assert (result.log.changes, result.log.contradictions, result.log.notes) == ((), (), ())


@pytest.mark.parametrize("prefer", list(Prefer))
def test_a_row_that_both_changed_is_a_contradiction(work, prefer):
    code = "140225100"
    key = work.key(code)
    edits.set_value(work.data(code), "DLTB", key, "DLMC", "乡镇")
    edits.set_value(work.county, "DLTB", key, "DLMC", "县")
    result = work.merge(code, prefer=prefer)
    (one,) = result.log.contradictions
    assert (one.contradiction.kind, one.contradiction.key, one.contradiction.choice) == (
        ContradictionKind.BOTH_CHANGED,
        key,
        prefer,
    )
    assert [dict(version.values) for version in one.versions] == [{"DLMC": "县"}, {"DLMC": "乡镇"}]
    assert result.log.county_changed_count == 1
    fid = edits.find_fid(work.output, "DLTB", key)
    with edits.open_layer(work.output, "DLTB") as layer:
        written = layer.GetFeature(fid).GetField("DLMC")
    assert written == ("乡镇" if prefer is Prefer.PACKAGE else "县")
    sheet = openpyxl.load_workbook(work.table)["矛盾"]
    cells = [str(cell.value) for row in sheet.iter_rows() for cell in row]
    assert "DLMC: 县" in cells and "DLMC: 乡镇" in cells
    layers = work.folder / "merge_contradictions.gpkg"
    assert [row[1:] for row in sorted(edits.read_table(layers, "DLTB"))] and len(edits.read_table(layers, "DLTB")) == 2


def test_equal_changes_on_both_sides_do_not_contradict(work):
    code = "140225100"
    key = work.key(code)
    for path in (work.data(code), work.county):
        edits.set_value(path, "DLTB", key, "DLMC", "相同")
    result = work.merge(code)
    assert result.log.contradictions == ()
    assert [one.edit.outcome for one in result.log.changes] == [Outcome.SAME]


def test_changes_of_the_county_alone_stay(work):
    code = "140225100"
    edits.set_value(work.county, "DLTB", work.key(code), "DLMC", "县")
    edits.add_row(work.county, "DLTB", work.key(code), "140225000000900001")
    result = work.merge(code)
    assert edits.read_all_tables(work.output) == edits.read_all_tables(work.county)
    assert result.log.contradictions == ()


@pytest.mark.parametrize(
    ("package_deletes", "kind"),
    [(True, ContradictionKind.PACKAGE_DELETED), (False, ContradictionKind.COUNTY_DELETED)],
)
@pytest.mark.parametrize("prefer", [Prefer.ASK, Prefer.PACKAGE])
def test_deletion_of_a_row_that_the_other_side_changed(work, package_deletes, kind, prefer):
    code = "140225100"
    key = work.key(code)
    deleting, changing = (work.data(code), work.county) if package_deletes else (work.county, work.data(code))
    edits.delete_row(deleting, "DLTB", key)
    edits.set_value(changing, "DLTB", key, "DLMC", "改")
    result = work.merge(code, prefer=prefer)
    assert [one.contradiction.kind for one in result.log.contradictions] == [kind]
    is_there = key in edits.list_keys(work.output, "DLTB")
    # The county's version under ASK, the package's under PACKAGE.
    assert is_there == (package_deletes if prefer is Prefer.ASK else not package_deletes)


@pytest.mark.parametrize("with_new_keys", [False, True])
def test_new_rows_with_one_key_in_two_packages(work, with_new_keys):
    first, second = "140225100", "140225102"
    new_key = "140225000000900001"
    for code in (first, second):
        edits.add_row(work.data(code), "DLTB", work.key(code), new_key)
    before = edits.list_keys(work.county, "DLTB")
    result = work.merge(first, second, with_new_keys=with_new_keys)
    keys = edits.list_keys(work.output, "DLTB")
    if with_new_keys:
        assert result.log.contradictions == ()
        assert len(keys) == len(before) + 2
        assert len(set(keys) - set(before)) == 2 and new_key in keys
        assert [one.edit.new_key for one in result.log.changes] == ["", (set(keys) - set(before) - {new_key}).pop()]
    else:
        (one,) = result.log.contradictions
        assert (one.contradiction.kind, len(one.versions)) == (ContradictionKind.NEW_SAME_KEY, 2)
        assert keys == before
        assert len(edits.read_table(work.folder / "merge_contradictions.gpkg", "DLTB")) == 2


def test_divided_feature_with_a_repeated_key_keeps_both_parts_with_new_keys(work):
    code = "140225100"
    key = work.key(code)
    edits.move_vertex(work.data(code), "DLTB", key, 2.0, 0)
    edits.add_row(work.data(code), "DLTB", key, key)
    assert [one.contradiction.kind for one in work.merge(code).log.contradictions] == [ContradictionKind.NEW_SAME_KEY]
    result = work.merge(code, with_new_keys=True)
    assert result.log.contradictions == ()
    assert {one.kind for one in result.log.changes} == {"shape", "new"}
    assert len(edits.list_keys(work.output, "DLTB")) == len(edits.list_keys(work.county, "DLTB")) + 1


@pytest.mark.parametrize("prefer", first_daily(list(Prefer)))
def test_changed_neighbour_is_shown_and_never_written(work, prefer):
    code = "140225100"
    neighbours = work.packages[code] / "neighbours.gpkg"
    edits.set_value(neighbours, "DLTB", edits.list_keys(neighbours, "DLTB")[0], "DLMC", "邻区")
    edits.delete_row(neighbours, "DLTB", edits.list_keys(neighbours, "DLTB")[1])
    result = work.merge(code, prefer=prefer)
    assert [one.contradiction.kind for one in result.log.contradictions] == [ContradictionKind.NEIGHBOUR_CHANGED] * 2
    assert edits.read_all_tables(work.output) == edits.read_all_tables(work.county)


def test_two_packages_of_one_township(work):
    code = "140225100"
    shutil.copytree(work.packages[code], work.folder / "second" / "again")
    work.packages["again"] = work.folder / "second" / "again"
    other = work.packages["again"] / f"{code}.gpkg"
    keys = [work.key(code, "DLTB", n) for n in range(3)]
    for path, text in ((work.data(code), "甲"), (other, "乙")):
        edits.set_value(path, "DLTB", keys[0], "DLMC", text)
    edits.set_value(other, "DLTB", keys[1], "DLMC", "只有乙")
    for path in (work.data(code), other):
        edits.set_value(path, "DLTB", keys[2], "DLMC", "相同")
    result = work.merge(code, "again", prefer=Prefer.PACKAGE)
    found = {one.contradiction.kind: one for one in result.log.contradictions}
    assert set(found) == {ContradictionKind.PACKAGES_DIFFER, ContradictionKind.TWO_PACKAGES}
    assert len(found[ContradictionKind.PACKAGES_DIFFER].versions) == 3
    with edits.open_layer(work.output, "DLTB") as layer:
        names = [layer.GetFeature(edits.find_fid(work.output, "DLTB", key)).GetField("DLMC") for key in keys]
    with edits.open_layer(work.county, "DLTB") as layer:
        former = layer.GetFeature(edits.find_fid(work.county, "DLTB", keys[0])).GetField("DLMC")
    assert names == [former, "只有乙", "相同"]


def test_added_and_missing_fields_and_layers_are_reported(work):
    from osgeo import gdal, ogr

    code = "140225100"
    key = work.key(code)
    edits.set_value(work.data(code), "DLTB", key, "DLMC", "改")
    with edits.open_layer(work.data(code), "DLTB") as layer:
        layer.CreateField(ogr.FieldDefn("BZ2", ogr.OFTString))
        layer.DeleteField(layer.GetLayerDefn().GetFieldIndex("YSDM"))
    database = gdal.OpenEx(str(work.data(code)), gdal.OF_VECTOR | gdal.OF_UPDATE)
    names = [database.GetLayer(n).GetName() for n in range(database.GetLayerCount())]
    database.DeleteLayer(names.index("CZKFBJ"))
    database.CreateLayer("草图", None, ogr.wkbPolygon)
    del database
    result = work.merge(code)
    notes = {(one.kind, one.layer, one.field) for one in result.log.notes}
    assert notes == {
        ("field_added", "DLTB", "BZ2"),
        ("field_missing", "DLTB", "YSDM"),
        ("layer_missing", "CZKFBJ", ""),
        ("layer_added", "草图", ""),
    }
    assert [(one.edit.key, one.fields) for one in result.log.changes] == [(key, ("DLMC",))]
    merged, county = edits.read_all_tables(work.output), edits.read_all_tables(work.county)
    assert merged["CZKFBJ"] == county["CZKFBJ"]
    assert len(set(merged["DLTB"]) ^ set(county["DLTB"])) == 2


def test_package_written_anew_with_other_feature_ids_is_matched_by_key(work):
    code = "140225102"
    key = work.key(code)
    with edits.open_layer(work.data(code), "DLTB") as layer:
        features = [feature.Clone() for feature in layer]
        for feature in features:
            layer.DeleteFeature(feature.GetFID())
        for number, feature in enumerate(reversed(features)):
            feature.SetFID(100000 + number)
            layer.CreateFeature(feature)
    edits.set_value(work.data(code), "DLTB", key, "DLMC", "改")
    result = work.merge(code)
    assert [(one.edit.key, one.fields) for one in result.log.changes] == [(key, ("DLMC",))]


def change_manifest(folder: Path, **split: str) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest["split"] |= split
    path.write_text(json.dumps(manifest, ensure_ascii=False), encoding="utf-8")


def test_wrong_packages_are_refused(work):
    code, other = "140225100", "140225102"
    change_manifest(work.packages[other], id="older", time="2026-01-01T00:00:00+08:00")
    with pytest.raises(InputError) as caught:
        work.merge(code, other)
    assert caught.value.key == "townships_other_split" and "140225102" in caught.value.params["package"]
    change_manifest(work.packages[code], county_code="140224")
    with pytest.raises(InputError) as caught:
        work.merge(code)
    assert caught.value.key == "townships_other_county"
    change_manifest(work.packages[code], neighbour_distance_m="x")
    with pytest.raises(DataError) as caught:
        work.merge(code)
    assert caught.value.params["key"] == "split.neighbour_distance_m" and "140225100" in caught.value.params["file"]
    (work.packages[code] / "manifest.json").unlink()
    with pytest.raises(InputError) as caught:
        work.merge(code)
    assert caught.value.key == "townships_no_manifest"
    with pytest.raises(InputError) as caught:
        work.merge(other, other)
    assert caught.value.key == "townships_package_twice"
    assert not work.output.exists() and not work.table.exists()


def test_outputs_never_replace_inputs(work, split_once):
    code = "140225100"
    options = MergeOptions(str(work.county), (str(work.packages[code]),), str(work.data(code)), check=OPTIONS)
    with pytest.raises(OutputError):
        merge_townships(options)
    with pytest.raises(OutputError):
        merge_townships(replace(options, output=str(work.county)))
    with pytest.raises(OutputError) as caught:
        split_townships(SplitOptions(str(work.county), split_once[1], OPTIONS))
    assert caught.value.key == "townships_output_exists"


def test_seams_that_a_merge_makes_are_found(work):
    code, neighbour, far = "140225100", "140225204", "140225103"
    # The second vertex of the township is on its border with the neighbour.
    edits.move_vertex(work.data(code), "XZQXZ", work.key(code, "XZQXZ"), 20.0, 20.0)
    # A feature of another township, drawn over land of this one.
    shifted = work.key(far)
    target = edits.read_shape(work.data(code), "DLTB", work.key(code))
    edits.set_shape(work.data(far), "DLTB", shifted, target)
    result = work.merge(code, far, with_seams=True)
    names = {one["code"]: one["name"] for one in map(read_township, work.packages.values())}
    borders = {(str(one.kind), frozenset(one.pair)) for one in result.log.seams if one.concept == "county"}
    assert borders and {kind for kind, _ in borders} <= {"gap", "overlap"}
    assert frozenset((names[code], names[neighbour])) in {sides for _, sides in borders}
    (overlap,) = (one for one in result.log.seams if one.concept == "DLTB")
    assert {(one.county, *one.keys) for one in overlap.sides} == {(names[far], shifted), (names[code], work.key(code))}
    import geopandas as gpd

    # Planar area of a 3° zone: the scale differs by less than 1e-3.
    assert overlap.area_m2 == pytest.approx(gpd.GeoSeries([target], crs=4526).area[0], rel=1e-3)
    assert "乡镇接边" in openpyxl.load_workbook(work.table).sheetnames


def read_township(folder: Path) -> dict[str, str]:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["township"]


@pytest.mark.exhaustive
def test_county_without_edits_has_no_new_seams(work):
    result = work.merge("140225100", with_seams=True)
    assert (result.log.seams, result.log.has_seams) == ((), True)


@pytest.mark.parametrize("raising", first_daily([False, True]))
@pytest.mark.parametrize("suffix", first_daily([".gdb", ".shp"]))
def test_counties_in_other_formats_keep_all_rows_without_edits(tmp_path, suffix, raising):
    """Edit one package of a FileGDB and of a folder of shapefiles (GBK); only the edited rows differ."""
    from osgeo import gdal

    county, output, code = tmp_path / f"county{suffix}", tmp_path / f"merged{suffix}", "140225100"
    names = ["XZQX", "XZQXZ", "DLTB"]
    if suffix == ".gdb":
        options = {"format": "OpenFileGDB", "geometryType": "PROMOTE_TO_MULTI", "layers": names}
        gdal.VectorTranslate(str(county), str(SAMPLE / "county.gpkg"), **options)
    else:
        county, output = tmp_path / "county", tmp_path / "merged"
        county.mkdir()
        for name in names:
            options = {"layers": [name], "layerCreationOptions": ["ENCODING=GBK"]}
            gdal.VectorTranslate(str(county / f"{name}.shp"), str(SAMPLE / "county.gpkg"), **options)
    split_townships(SplitOptions(str(county), tmp_path / "packages", OPTIONS))
    (folder,) = (tmp_path / "packages").glob(f"{code} *")
    data, new_key = folder / f"{code}.gpkg", "140225000000900001"
    present = edits.list_keys(data, "DLTB")
    keys = [key for key in present if present.count(key) == 1][:4]
    edits.set_value(data, "DLTB", keys[0], "DLMC", "改动")
    edits.move_vertex(data, "DLTB", keys[1], 2.0, 2.0)
    edits.delete_row(data, "DLTB", keys[2])
    edits.add_row(data, "DLTB", keys[3], new_key)
    before = digest_files(county)
    with gdal_raises(raising):
        result = merge_townships(
            MergeOptions(str(county), (str(tmp_path / "packages"),), str(output), check=OPTIONS, with_seams=False)
        )
    assert result.log.contradictions == ()
    paths = [path if suffix == ".gdb" else path / "DLTB.shp" for path in (county, output)]
    former, merged = (Counter(edits.read_features(path, "DLTB")) for path in paths)
    assert sorted(row[0] for row in merged - former) == sorted([keys[0], keys[1], new_key])
    assert sorted(row[0] for row in former - merged) == sorted(keys[:3])
    assert [row for row in merged - former if row[0] == keys[0] and "改动" in row]
    assert digest_files(county) == before


@pytest.mark.exhaustive
def test_shapefile_without_code_page_keeps_its_field_names(tmp_path):
    """Without a .cpg only the recognised encoding gives the Chinese names of fields."""
    from osgeo import gdal

    county = tmp_path / "county"
    county.mkdir()
    for name in ("XZQX", "XZQXZ", "DLTB"):
        sql = f'SELECT *, BSM AS "名称" FROM "{name}"'
        options = {"SQLStatement": sql, "layerName": name, "layerCreationOptions": ["ENCODING=GBK"]}
        gdal.VectorTranslate(str(county / f"{name}.shp"), str(SAMPLE / "county.gpkg"), **options)
        (county / f"{name}.cpg").unlink()
        table = county / f"{name}.dbf"
        head = bytearray(table.read_bytes())
        head[29] = 0
        table.write_bytes(head)
    result = split_townships(SplitOptions(str(county), tmp_path / "packages", OPTIONS))
    (parcels,) = (layer for layer in result.packages[0].manifest.layers if layer.name == "DLTB")
    assert "名称" in parcels.fields
    edits.set_value(
        result.packages[0].data, "DLTB", edits.list_keys(result.packages[0].data, "DLTB")[0], "DLMC", "改动"
    )
    merged = merge_townships(
        MergeOptions(
            str(county), (str(tmp_path / "packages"),), str(tmp_path / "merged"), check=OPTIONS, with_seams=False
        )
    )
    assert merged.log.contradictions == ()


@pytest.mark.parametrize("suffix", [".geojson", ".zip"])
def test_county_that_no_merge_could_write_is_not_split(tmp_path, suffix):
    import zipfile

    from osgeo import gdal

    source = tmp_path / f"county{suffix}"
    if suffix == ".zip":
        with zipfile.ZipFile(source, "w") as archive:
            archive.write(SAMPLE / "county.gpkg", "county.gpkg")
    else:
        gdal.VectorTranslate(str(source), str(SAMPLE / "county.gpkg"), format="GeoJSON", layers=["XZQXZ"])
    with pytest.raises(InputError) as caught:
        split_townships(SplitOptions(str(source), tmp_path / "packages", OPTIONS))
    assert caught.value.key == {".geojson": "copy_format", ".zip": "source_not_copied"}[suffix]
    assert not (tmp_path / "packages").exists()
