# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithms `split_townships` and `merge_townships`: packages with projects, and back."""

import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
from qgis.core import QgsProcessingException, QgsProcessingFeedback, QgsProject

from plugin.bridge.layers.properties import get_assigned_role
from plugin.bridge.layers.role_recognition import list_plan_layers
from tests.qgis.helpers import digest_files, make_log_that_cancels_above, run_algorithm

SAMPLE = Path(__file__).parents[2] / "resources/sample"
#: Progress of the split, in %.
PROGRESS: list[float] = []
TOWNSHIP = "140225100"


@pytest.fixture(scope="module")
def split(provider, tmp_path_factory):
    """Split the sample county; return the county, the folder of the packages and the results."""
    folder = tmp_path_factory.mktemp("split")
    county = folder / "county.gpkg"
    shutil.copyfile(SAMPLE / "county.gpkg", county)
    feedback = QgsProcessingFeedback(False)
    feedback.progressChanged.connect(PROGRESS.append)
    results = run_algorithm(
        "split_townships",
        {
            "SOURCE": str(county),
            "PROFILE": "hunyuan",
            "TARGETS": str(SAMPLE / "township_tasks.csv"),
            "PERSONS": f"{TOWNSHIP}=张三",
            "OUTPUT": str(folder / "packages"),
        },
        feedback,
    )
    return county, folder / "packages", results


def test_packages_have_projects_with_forms_and_read_only_neighbours(split):
    _, packages, results = split
    assert results == {"OUTPUT": str(packages), "PACKAGES": 17, "ROWS": 8566}
    assert PROGRESS == sorted(PROGRESS) and PROGRESS[-1] == 100
    assert len([value for value in PROGRESS if value > 50]) >= 17, "the projects are part of the progress"
    folder = packages / f"{TOWNSHIP} 永安镇"
    assert {path.name for path in folder.iterdir()} == {
        f"{TOWNSHIP}.gpkg", "neighbours.gpkg", "manifest.json", "targets.csv", f"{TOWNSHIP}.qgz",
    }  # fmt: skip
    project = QgsProject()
    assert project.read(str(folder / f"{TOWNSHIP}.qgz"))
    layers = {layer.name(): layer for layer in project.mapLayers().values()}
    assert all(layer.isValid() for layer in layers.values())
    roles = {get_assigned_role(layer) for layer in list_plan_layers(project)}
    assert roles == {
        "XZQX",
        "XZQXZ",
        "DLTB",
        "YDYHGHFQ",
        "STBHHX",
        "GDBHMB",
        "YJJBNTBHTB",
        "CZKFBJ",
        "LSWHBHX",
        "YJJBNTCBQ",
    }
    (zones,) = (layer for layer in list_plan_layers(project) if get_assigned_role(layer) == "YDYHGHFQ")
    # The form offers the codes of the zones.
    assert zones.editorWidgetSetup(zones.fields().indexOf("GHFQDM")).type() == "ValueMap"
    assert not zones.readOnly()
    neighbours = [layer for layer in layers.values() if "neighbours.gpkg" in layer.source()]
    assert neighbours and all(layer.readOnly() for layer in neighbours)
    assert not set(neighbours) & set(list_plan_layers(project))


def test_a_package_edited_in_qgis_is_merged(split, tmp_path):
    county, packages, _ = split
    shutil.copytree(packages / f"{TOWNSHIP} 永安镇", tmp_path / "edited" / TOWNSHIP)
    project = QgsProject()
    assert project.read(str(tmp_path / "edited" / TOWNSHIP / f"{TOWNSHIP}.qgz"))
    (land,) = (layer for layer in list_plan_layers(project) if get_assigned_role(layer) == "DLTB")
    feature = next(land.getFeatures())
    key = feature["BSM"]
    assert land.startEditing()
    assert land.changeAttributeValue(feature.id(), land.fields().indexOf("DLMC"), "改动")
    assert land.commitChanges()
    del land
    project.clear()
    before = digest_files(county.parent)
    output, table = tmp_path / "merged.gpkg", tmp_path / "merge.xlsx"
    results = run_algorithm(
        "merge_townships",
        {
            "SOURCE": str(county),
            "PROFILE": "hunyuan",
            "PACKAGES": str(tmp_path / "edited"),
            "OUTPUT": str(output),
            "OUTPUT_TABLE": str(table),
            "SEAMS": False,
        },
    )
    assert results == {
        "OUTPUT": str(output),
        "OUTPUT_TABLE": str(table),
        "CHANGES": 1,
        "CONTRADICTIONS": 0,
        "UNDECIDED": 0,
        "SEAM_COUNT": 0,
    }
    with closing(sqlite3.connect(output)) as merged, closing(sqlite3.connect(county)) as former:
        query = "SELECT fid, BSM, DLMC, hex(geom) FROM DLTB"
        changed = set(merged.execute(query)) - set(former.execute(query))
        assert [(row[1], row[2]) for row in changed] == [(key, "改动")]
    assert digest_files(county.parent) == before


def test_split_can_be_cancelled(provider, tmp_path):
    feedback = make_log_that_cancels_above(15)
    parameters = {"SOURCE": str(SAMPLE / "county.gpkg"), "OUTPUT": str(tmp_path / "out")}
    run_algorithm("split_townships", parameters, feedback)
    assert not (tmp_path / "out").exists()


def test_merge_without_packages_names_the_remedy(split, tmp_path):
    county, _, _ = split
    (tmp_path / "empty").mkdir()
    with pytest.raises(QgsProcessingException, match=r"manifest\.json"):
        run_algorithm(
            "merge_townships",
            {"SOURCE": str(county), "PACKAGES": str(tmp_path / "empty"), "OUTPUT": str(tmp_path / "merged.gpkg")},
        )
    assert not (tmp_path / "merged.gpkg").exists()
