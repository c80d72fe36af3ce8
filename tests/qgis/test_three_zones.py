# SPDX-License-Identifier: GPL-2.0-or-later
"""Test the algorithm derive_three_zones: planning zones to three kinds of space.

No zone is lost, and inputs are not changed.
"""

import geopandas as gpd
import pyogrio
import pytest
import shapely
from qgis.core import (
    QgsFeature,
    QgsProcessing,
    QgsProcessingContext,
    QgsProcessingException,
    QgsVectorLayer,
)

from plugin.core.standard import load_standard
from tests.qgis.helpers import SAMPLE, Log, digest_files, make_square, make_table, run_algorithm, write_small
from tests.qgis.models import run_in_model

PLANNING_ZONES_LAYER = f"{SAMPLE}|layername=YDYHGHFQ"
COUNTY_LAYER_SOURCE = f"{SAMPLE}|layername=XZQX"
AREA_OUTPUTS = ("AGRICULTURAL_M2", "ECOLOGICAL_M2", "URBAN_M2", "OUTSIDE_M2", "UNMAPPED_M2")


def make_zones(**more):
    shapes = [make_square(0, 0), make_square(100, 0), make_square(200, 0), make_square(0, 100)]
    return make_table(shapes, GHFQDM=["300", "520", "411", "100"], **more)


def test_derive_three_zones_writes_the_zones_of_the_sample_to_a_file(provider, tmp_path):
    before = digest_files(SAMPLE)
    log, target = Log(), tmp_path / "三区.gpkg"
    done = run_algorithm(
        "derive_three_zones",
        {
            "INPUT": PLANNING_ZONES_LAYER,
            "COUNTY_LAYER": COUNTY_LAYER_SOURCE,
            "PROFILE": "hunyuan",
            "OUTPUT": str(target),
        },
        log,
    )
    made, source = gpd.read_file(target, layer="SQKJ"), gpd.read_file(SAMPLE, layer="YDYHGHFQ")
    assert list(made.columns[:-1]) == [f.name for f in load_standard().templates["SQKJ"].fields]
    assert made.crs == source.crs and made["BSM"].is_unique and set(made["XZQMC"]) == {"浑源县"}
    assert set(made["SQMC"]) == {"农业空间", "生态空间", "城镇空间", "不划入三区", "未对应"}
    assert made.area.sum() == pytest.approx(shapely.union_all(source.geometry).area, rel=1e-9)
    assert made["MJ"].sum() == pytest.approx(sum(done[k] for k in AREA_OUTPUTS), abs=0.01 * len(made))
    assert (
        done["ZONES_M2"] - sum(done[k] for k in AREA_OUTPUTS) == pytest.approx(done["OVERLAP_M2"], rel=1e-9)
        and done["OVERLAP_M2"] > 1
    )
    assert any("农业空间" in line and "占全县" in line for line in log.lines)
    assert any("“550”" in line for line in log.lines) and any("重叠" in line for line in log.lines)
    assert digest_files(SAMPLE) == before and [p.name for p in tmp_path.iterdir()] == [target.name]


def test_derive_three_zones_uses_unsaved_edits_and_the_profile(provider, project, tmp_path):
    path = write_small(tmp_path / "c.gpkg", YDYHGHFQ=make_zones())
    profile = tmp_path / "x.toml"
    profile.write_text(
        'id = "x"\nname = "某县"\narea_code = "140225"\n[three_zones]\n"520" = "生态空间"\n', encoding="utf-8"
    )
    layer = QgsVectorLayer(f"{path}|layername=YDYHGHFQ", "分区", "ogr")
    project.addMapLayer(layer)
    layer.startEditing()
    layer.changeAttributeValue(3, layer.fields().indexOf("GHFQDM"), "700")
    parameters = {"INPUT": layer, "PROFILE": str(profile), "OUTPUT": QgsProcessing.TEMPORARY_OUTPUT}
    done = run_algorithm("derive_three_zones", parameters)
    made = [(f["SQMC"], f["MJ"]) for f in done["OUTPUT"].getFeatures()]
    # Two squares that only touch in a corner are two parts.
    assert [name for name, _ in made] == ["农业空间", "生态空间", "生态空间", "不划入三区"]
    assert done["URBAN_M2"] == 0 and done["ECOLOGICAL_M2"] == pytest.approx(20_000, rel=2e-3)
    assert sum(area for _, area in made) == pytest.approx(done["ZONES_M2"], abs=0.02)
    assert layer.isEditable() and layer.editBuffer().changedAttributeValues()
    layer.rollBack()


def test_derive_three_zones_numbers_rows_after_the_highest_number_in_use(provider, project, tmp_path):
    def format_numbers(*running):
        return [f"140225{n:012d}" for n in running]

    squares = [make_square(0, 0), make_square(100, 0)]
    path = write_small(
        tmp_path / "c.gpkg",
        YDYHGHFQ=make_zones(BSM=format_numbers(1, 2, 3, 4)),
        CZKFBJ=make_table(squares, BSM=format_numbers(5, 60)),
    )
    parameters = {"INPUT": f"{path}|layername=YDYHGHFQ", "OUTPUT": QgsProcessing.TEMPORARY_OUTPUT, "PROFILE": "hunyuan"}
    made = [f["BSM"] for f in run_algorithm("derive_three_zones", parameters)["OUTPUT"].getFeatures()]
    assert made == format_numbers(*range(61, 61 + len(made)))
    other = QgsVectorLayer("Polygon?crs=EPSG:4526&field=BSM:string(18)", "图层", "memory")
    row = QgsFeature(other.fields())
    row["BSM"] = format_numbers(90)[0]
    project.addMapLayer(other)
    other.startEditing()
    other.addFeature(row)
    made = [f["BSM"] for f in run_algorithm("derive_three_zones", parameters)["OUTPUT"].getFeatures()]
    assert made == format_numbers(*range(91, 91 + len(made)))
    other.rollBack()


def test_derive_three_zones_gives_the_same_areas_for_data_in_degrees(provider, tmp_path):
    def derive_zone_areas(name, table):
        pyogrio.write_dataframe(table, tmp_path / name)
        target = {"OUTPUT": str(tmp_path / f"out-{name}")}
        done = run_algorithm("derive_three_zones", {"INPUT": str(tmp_path / name), **target})
        assert gpd.read_file(target["OUTPUT"]).crs.to_epsg() == table.crs.to_epsg()
        return [done[k] for k in AREA_OUTPUTS]

    assert derive_zone_areas("b.gpkg", make_zones().to_crs(4490)) == pytest.approx(
        derive_zone_areas("a.gpkg", make_zones()), rel=1e-9
    )


@pytest.mark.parametrize(
    ("table", "words"),
    [
        pytest.param(
            make_zones().drop(columns="GHFQDM"), ["zones.gpkg".removesuffix(".gpkg"), "GHFQDM"], id="no code field"
        ),
        pytest.param(make_zones().set_crs(None, allow_override=True), ["坐标系"], id="no CRS"),
        pytest.param(make_zones().set_crs(4490, allow_override=True), ["坐标"], id="metres called degrees"),
    ],
)
def test_derive_three_zones_refuses_zones_that_it_cannot_assign(provider, tmp_path, table, words):
    pyogrio.write_dataframe(table, tmp_path / "zones.gpkg")
    out = tmp_path / "out.gpkg"
    with pytest.raises(QgsProcessingException) as caught:
        run_algorithm("derive_three_zones", {"INPUT": str(tmp_path / "zones.gpkg"), "OUTPUT": str(out)})
    assert all(word in str(caught.value) for word in words), caught.value
    assert not out.exists()


def test_derive_three_zones_refuses_its_input_as_output(provider, tmp_path):
    path = tmp_path / "zones.gpkg"
    pyogrio.write_dataframe(make_zones(), path)
    before = digest_files(path)
    with pytest.raises(QgsProcessingException):
        run_algorithm("derive_three_zones", {"INPUT": str(path), "OUTPUT": str(path)})
    assert digest_files(path) == before


def test_derive_three_zones_runs_in_a_model(provider, project, tmp_path):
    path = tmp_path / "zones.gpkg"
    pyogrio.write_dataframe(make_zones(), path)
    context = QgsProcessingContext()
    made = run_in_model("derive_three_zones", path, context)
    assert sorted(f["SQDM"] for f in made.getFeatures()) == ["01", "02", "03"]
