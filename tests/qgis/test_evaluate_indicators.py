# SPDX-License-Identifier: GPL-2.0-or-later
"""The algorithms `evaluate_indicators` and `check_plan` write the chapter with drawn charts."""

import json
import zipfile
from pathlib import Path

import pyogrio
import pytest
from qgis.core import QgsProcessingException, QgsVectorLayer

from plugin.core.render.document.print_html import make_blank_png
from tests.qgis.helpers import Log, digest_files, make_square, make_table, run_algorithm, write_small


@pytest.fixture
def editions(tmp_path):
    """Write two editions whose red line grows from 2 to 3 ha; return their paths."""
    old = write_small(tmp_path / "前.gpkg")
    return old, write_small(tmp_path / "后.gpkg", STBHHX=make_table([make_square(80, 0, 300, 100)]))


def test_evaluate_indicators_writes_chapter_workbook_and_json(provider, editions, tmp_path):
    digests = [digest_files(path) for path in editions]
    targets = {
        name: str(tmp_path / f"评估{suffix}")
        for name, suffix in (
            ("OUTPUT_XLSX", ".xlsx"),
            ("OUTPUT_PDF", ".pdf"),
            ("OUTPUT_DOCX", ".docx"),
            ("OUTPUT_HTML", ".html"),
            ("OUTPUT_JSON", ".json"),
        )
    }
    log = Log()
    sources = f"2023={editions[1]}\n2021={editions[0]}"
    done = run_algorithm("evaluate_indicators", {"SOURCES": sources, **targets}, log)
    assert {name: done[name] for name in targets} == targets
    assert (done["EDITIONS"], done["UNREAD"]) == (2, 0)
    assert done["INDICATORS"] == sum(done[name] for name in ("ALERT", "WATCH", "UNDETERMINED", "NORMAL"))
    # The red line grew by half, and 2022 is missing.
    assert "2022" in done["REMARKS"] and any("生态保护红线" in line and "20%" in line for line in log.lines)
    with zipfile.ZipFile(targets["OUTPUT_DOCX"]) as file:
        images = [file.read(name) for name in file.namelist() if name.startswith("word/media/") and ".png" in name]
    assert len(images) >= 1 and all(len(image) > 2 * len(make_blank_png(991, 528)) for image in images)
    with open(targets["OUTPUT_PDF"], "rb") as file:
        assert file.read(5) == b"%PDF-"
    assert [digest_files(path) for path in editions] == digests


def test_evaluate_indicators_refuses_missing_and_ambiguous_editions(provider, editions, tmp_path):
    table = tmp_path / "list.csv"
    table.write_text(f"year,source\n2021,{editions[0].name}\n", encoding="utf-8")
    for given in ({}, {"SOURCES": f"2021={editions[0]}", "LIST": str(table)}, {"SOURCES": str(editions[0])}):
        with pytest.raises(QgsProcessingException, match=r"SOURCES|不是一期数据"):
            run_algorithm("evaluate_indicators", given)
    assert run_algorithm("evaluate_indicators", {"LIST": str(table)})["EDITIONS"] == 1


def test_check_plan_adds_the_chapter_with_drawn_charts(provider, editions, tmp_path):
    digests = [digest_files(path) for path in editions]
    table = tmp_path / "早先 各期.csv"
    table.write_text(f"年份,数据\n2021,{editions[0].name}\n2022,无此文件.gpkg\n", encoding="utf-8")
    targets = {f"OUTPUT_{form.upper()}": str(tmp_path / f"报告.{form}") for form in ("docx", "pdf", "json")}
    given = {"SOURCE": str(editions[1]), "EDITIONS": str(table)}
    log = Log()
    done = run_algorithm("check_plan", {**given, **targets}, log)
    assert {name: done[name] for name in targets} == targets
    evaluation = json.loads(Path(targets["OUTPUT_JSON"]).read_text(encoding="utf-8"))["evaluation"]
    series = next(one for one in evaluation["series"] if one["id"] == "red_line_area")
    # The red line grew from 2 to 3 ha.
    assert series["points"][-1]["change"]["share"] == pytest.approx(0.5, abs=1e-6)
    assert any("生态保护红线" in line and "20%" in line for line in log.lines)
    assert any("无此文件" in line for line in log.lines)
    with zipfile.ZipFile(targets["OUTPUT_DOCX"]) as file:
        images = [file.read(name) for name in file.namelist() if name.startswith("word/media/") and ".png" in name]
    blank = len(make_blank_png(991, 528))
    assert sum(len(image) > 2 * blank for image in images) >= len(series["points"]) - 1
    assert [digest_files(path) for path in editions] == digests
    # An output may not replace an earlier edition, and a list without earlier editions is refused.
    with pytest.raises(QgsProcessingException):
        run_algorithm("check_plan", {**given, "OUTPUT_JSON": str(editions[0])})
    with pytest.raises(QgsProcessingException, match="不能评估变化"):
        table.write_text("年份,数据\n2021,\n", encoding="utf-8")
        run_algorithm("check_plan", given)


def test_check_plan_recognises_the_file_of_the_checked_project(provider, project, editions, tmp_path):
    layers = [
        QgsVectorLayer(f"{editions[1]}|layername={name}", name, "ogr")
        for name in pyogrio.list_layers(editions[1])[:, 0]
    ]
    project.addMapLayers(layers)
    table = tmp_path / "各期.csv"
    table.write_text(f"年份,数据\n2021,{editions[0].name}\n2024,{editions[1].name}\n", encoding="utf-8")
    given = {"EDITIONS": str(table), "RULES": "LAW001", "OUTPUT_JSON": str(tmp_path / "a.json")}
    run_algorithm("check_plan", given)
    evaluation = json.loads((tmp_path / "a.json").read_text(encoding="utf-8"))["evaluation"]
    found = [(one["label"], one["source"]) for one in evaluation["editions"]]
    assert found == [("2021", "前.gpkg"), ("2024（本次检查）", "后.gpkg")]
    with pytest.raises(QgsProcessingException):
        # The file of the checked layers is an input.
        run_algorithm("check_plan", {**given, "OUTPUT_JSON": str(editions[1])})
