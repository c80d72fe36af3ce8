# SPDX-License-Identifier: GPL-2.0-or-later
"""VCT files imported into a GeoPackage, and the check after it."""

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pytest
import shapely

from plugin.core.__main__ import main
from plugin.core.base.errors import NEVER_CANCELLED, Cancellation, Cancelled, InputError, OutputError
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.exchange.vct.database import check_imported_plan, convert_vct_to_database, find_commonest_rules
from plugin.core.exchange.vct.write import write_vct
from plugin.core.plan.io import read_source
from plugin.core.standard import load_standard
from plugin.core.standard.messages.texts import Texts
from plugin.paths import SAMPLE_FOLDER
from tests.core.small_plan import make_small_plan_layers, write_gpkg
from tests.core.vct_files import TWO_SQUARES_TEXT, read_vct, replace_in_squares, write_vct_text
from tests.core.vct_verification import assert_every_edge_once, count_differing_values, list_polygon_edges
from tests.county import make_county
from tests.county.write import write_geopackage

TEMPLATES = load_standard().templates


@pytest.mark.slow
def test_sample_county_survives_conversion_to_vct_and_back_to_a_database(tmp_path):
    source, target = tmp_path / "县.vct", tmp_path / "县.gpkg"
    write_vct(source, read_source(SAMPLE_FOLDER / "county.gpkg"), templates=TEMPLATES)
    shares = []
    done = convert_vct_to_database(
        source, target, templates=TEMPLATES, progress=lambda share, text: shares.append(share)
    )
    assert done.crs == "EPSG:4526" and shares == sorted(shares) and shares[-1] > 0.5
    for name, _ in pyogrio.list_layers(SAMPLE_FOLDER / "county.gpkg"):
        given, back = gpd.read_file(SAMPLE_FOLDER / "county.gpkg", layer=name), gpd.read_file(target, layer=name)
        assert done.row_counts[name] == len(back) == len(given) and back.crs.to_epsg() == 4526
        assert abs(back.area.sum() - given.area.sum()) < 1e-4
        assert list(back)[:-1] == list(given)[:-1] and set(back["BSM"].dropna()) == set(given["BSM"].dropna())
    days = gpd.read_file(SAMPLE_FOLDER / "county.gpkg", layer="YJJBNTBHTB")["BHKSSJ"]
    assert days.isna().all() == gpd.read_file(target, layer="YJJBNTBHTB")["BHKSSJ"].isna().all()


@pytest.mark.slow
def test_vct_values_beyond_their_declared_length_are_stored_whole(tmp_path):
    text = replace_in_squares(
        ("YDYHGHFQ,2", "YDYHGHFQ,6"),
        ("GHFQDM,Char,3", "GHFQDM,Char,3\nSL,Int4\nRQ,Date,8\nFID,Float,15,2\nFID_,Int4"),
        (",510\n", ",五一〇五一〇,12345678901,20261120,1.25,7\n"),
        (",520\n", ",,,,,\n"),
        ("TableStructureEnd", "KZ,1,NoneGeometry\nMC,VarChar\n0\nTableStructureEnd"),
        ("TableEnd\n", "TableEnd\nKZ\n11,扩展\nTableEnd\n"),
        ("AnnotationBegin\n", "AnnotationBegin\n21\n2090020610\nunknown\n1\n浑源\n37500010,4150010,30\n0\n"),
    )
    target = tmp_path / "a.gpkg"
    done = convert_vct_to_database(write_vct_text(tmp_path / "a.vct", text), target, templates=TEMPLATES)
    # The annotation has no separate table; its feature is added to the table of its code.
    assert done.row_counts == {"YDYHGHFQ": 3, "KZ": 1}
    assert [key for key, _ in done.notes] == ["vct_note_renamed", "vct_note_no_row"]
    found = gpd.read_file(target, layer="YDYHGHFQ")
    assert found["GHFQDM"].tolist() == ["五一〇五一〇", None, None] and found["SL"][0] == 12345678901
    assert pd.Timestamp(found["RQ"][0]) == pd.Timestamp("2026-11-20") and found["FID__"][0] == 1.25
    assert found["FID_"][0] == 7 and np.isnan(found["FID__"][1]) and pd.isna(found["SL"][1])
    info = pyogrio.read_info(target, layer="YDYHGHFQ")
    assert dict(zip(info["fields"], info["ogr_types"], strict=True))["RQ"] == "OFTDate"
    assert pyogrio.read_dataframe(target, layer="KZ")["MC"].tolist() == ["扩展"]


@pytest.mark.slow
def test_vct_annotation_is_imported_as_points_with_text(tmp_path):
    text = replace_in_squares(
        ("FeatureCodeEnd", "1000119000,注记,Annotation,ZJ\nFeatureCodeEnd"),
        ("TableStructureEnd", "ZJ,1\nZJNR,Char,60\n0\nTableStructureEnd"),
        ("AnnotationBegin\n", "AnnotationBegin\n21\n1000119000\nunknown\n1\n浑源\n37500010,4150010,30\n0\n"),
        ("TableEnd\n", "TableEnd\nZJ\n21,浑源县\nTableEnd\n"),
    )
    convert_vct_to_database(write_vct_text(tmp_path / "a.vct", text), tmp_path / "a.gpkg")
    (row,) = gpd.read_file(tmp_path / "a.gpkg", layer="ZJ").to_dict("records")
    assert (row["ZJNR"], row["VCT_TEXT"], row["VCT_ANGLE"]) == ("浑源县", "浑源", 30.0)
    assert (row["geometry"].x, row["geometry"].y) == (37500010, 4150010)


@pytest.mark.slow
@pytest.mark.parametrize("declared", ["BSM,Char,999999999999", "BSM,Char,0", "BSM,Char"])
def test_values_of_a_vct_field_with_an_impossible_or_missing_declared_length_are_imported_unchanged(tmp_path, declared):
    source = write_vct_text(tmp_path / "a.vct", replace_in_squares(("BSM,Char,18", declared)))
    assert convert_vct_to_database(source, tmp_path / "a.gpkg").row_counts == {"YDYHGHFQ": 2}
    assert gpd.read_file(tmp_path / "a.gpkg")["BSM"].tolist() == ["140122000000000001", "140122000000000002"]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("text", "target", "cancellation", "error"),
    [
        (TWO_SQUARES_TEXT[: len(TWO_SQUARES_TEXT) // 2], "a.gpkg", NEVER_CANCELLED, InputError),
        (replace_in_squares(("2,520", "2,520,1")), "a.gpkg", NEVER_CANCELLED, InputError),
        (TWO_SQUARES_TEXT, "a.gpkg", Cancellation(lambda: True), Cancelled),
        (TWO_SQUARES_TEXT, "a.shp", NEVER_CANCELLED, OutputError),
    ],
    ids=["cut off", "a value too many", "cancelled", "another format"],
)
def test_failed_vct_import_keeps_the_old_database(tmp_path, text, target, cancellation, error):
    source, target = write_vct_text(tmp_path / "a.vct", text), tmp_path / target
    target.write_text("old")
    with pytest.raises(error):
        convert_vct_to_database(source, target, cancellation=cancellation)
    assert target.read_text() == "old" and sorted(tmp_path.iterdir()) == sorted([source, target])


@pytest.mark.slow
def test_vct_command_converts_a_geopackage_to_vct_and_back_and_refuses_a_truncated_vct_file(tmp_path, capsys):
    vct, back = tmp_path / "县.vct", tmp_path / "县.gpkg"
    assert main(["vct", str(write_gpkg(tmp_path / "county.gpkg")), str(vct)]) == 0
    assert "DLTB：3 行" in capsys.readouterr().out
    assert main(["vct", str(vct), str(back), "--lang", "en"]) == 0
    assert "DLTB: 3 rows" in capsys.readouterr().out
    vct.write_bytes(vct.read_bytes()[:-300])
    assert main(["vct", str(vct), str(back)]) == 2 and "中断" in capsys.readouterr().err
    assert main(["vct", str(back), str(back)]) == 2


@pytest.fixture(scope="module")
def county_layers(tmp_path_factory):
    path = tmp_path_factory.mktemp("county") / "county.gpkg"
    write_geopackage(path, make_county(500, defects=False, vertices_per_edge=3)[0])
    return {layer.name: layer for layer in read_source(path)}


@pytest.mark.slow
@pytest.mark.parametrize("name", ["DLTB", "YDYHGHFQ", "STBHHX"])
def test_county_layers_written_to_vct_read_back_equal(tmp_path, county_layers, name):
    layer, path = county_layers[name], tmp_path / "a.vct"
    write_vct(path, [layer], templates=load_standard().templates)
    shapes = layer.frame.geometry.to_numpy()
    once = assert_every_edge_once(shapes, path)
    drawn = len(list_polygon_edges(shapes))
    assert once < drawn if name != "STBHHX" else once <= drawn
    (found,) = read_vct(path, merges_parts=True)
    assert count_differing_values(layer.frame, found.frame) == 0
    back = found.frame.geometry.to_numpy()
    assert (shapely.hausdorff_distance(back, shapes) <= 1e-4).all()
    # Topology after reading: the same edges with the same multiplicity.
    mine, theirs = (np.sort(list_polygon_edges(s).view([("", float)] * 4).ravel()) for s in (back, shapes))
    assert (mine == theirs).all()


@pytest.fixture(scope="module")
def small_vct(tmp_path_factory):
    folder = tmp_path_factory.mktemp("vct")
    assert main(["vct", str(write_gpkg(folder / "county.gpkg")), str(folder / "县.vct")]) == 0
    return folder / "县.vct"


def test_vct_import_prints_the_check_verdict_and_the_most_frequent_rules(small_vct, tmp_path, capsys):
    target = tmp_path / "县.gpkg"
    assert main(["vct", str(small_vct), str(target), "--profile", "hunyuan"]) == 0
    report = check_plan(target, RunOptions(profile="hunyuan")).report
    printed = capsys.readouterr().out
    assert "不通过" in printed and f"错误 {report.summary['errors']}" in printed
    for code, count in find_commonest_rules(report):
        assert f"{code} " in printed and f"{count} 条" in printed
    assert "check_plan" in printed


def test_no_check_option_imports_a_vct_file_without_a_check(small_vct, tmp_path, capsys):
    assert main(["vct", str(small_vct), str(tmp_path / "a.gpkg"), "--no-check"]) == 0
    assert "结论" not in capsys.readouterr().out and len(pyogrio.list_layers(tmp_path / "a.gpkg")) == len(
        make_small_plan_layers()
    )


def test_database_imported_from_vct_without_any_plan_layer_is_kept_and_its_check_called_incomplete(tmp_path, capsys):
    """Import a table that is not a layer of any plan."""
    vct, target = write_vct_text(tmp_path / "a.vct", TWO_SQUARES_TEXT.replace("YDYHGHFQ", "QTTC")), tmp_path / "a.gpkg"
    assert main(["vct", str(vct), str(target)]) == 0
    printed = capsys.readouterr().out
    assert "检查未完成" in printed and "QTTC" in printed and len(pyogrio.list_layers(target)) == 1


@pytest.mark.parametrize(
    ("error", "word"), [(Cancelled(), "取消"), (InputError("source_missing", source="a.gpkg"), "a.gpkg")]
)
def test_cancelled_or_failed_check_after_a_vct_import_gives_no_verdict_and_one_sentence_on_the_cause(error, word):
    def fail_check():
        raise error

    done = check_imported_plan(fail_check, Texts("zh"))
    assert done.verdict == "" and done.error_count == done.warning_count == 0
    assert len(done.summary_sentences) == 1 and word in done.summary_sentences[0]
