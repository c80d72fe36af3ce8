# SPDX-License-Identifier: GPL-2.0-or-later
"""Saved results of a project: reading, detection of changes, refused files."""

import json
from dataclasses import replace
from datetime import date, datetime

import geopandas as gpd
import pytest
import shapely
from pyproj import CRS

from plugin.core.errors import DataError, OutputError
from plugin.core.model.findings import Finding
from plugin.core.model.report import Outcome, Report, RuleOutcome
from plugin.core.model.rule import Severity
from plugin.core.plan.layer import SourceLayer
from plugin.core.results.saved_result import (
    Changes,
    OutdatedFindings,
    SavedFile,
    SavedLayer,
    SavedResult,
    digest_rows,
    read_saved_result,
    same_file_contents,
    save_file_state,
    saved_result_path,
    write_saved_result,
)
from plugin.core.standard import load_standard

CONCEPTS = load_standard("county_db").concepts


def source(keys=("1", "2"), areas=(1.5, 2.5), days=(date(2026, 1, 2), None), west=0.0, fids=(1, 2), crs="EPSG:4526"):
    shapes = [shapely.box(west + n, 0, west + n + 1, 1) for n in range(len(keys))]
    table = {"BSM": list(keys), "TBMJ": list(areas), "GXSJ": list(days)}
    frame = gpd.GeoDataFrame(table, geometry=shapes, crs=crs, index=list(fids))
    return SourceLayer("DLTB", frame, (), CRS.from_user_input(crs))


def result():
    findings = [
        Finding(
            role="CZKFBJ",
            key="1",
            related_role="YJJBNTBHTB",
            related_keys=["7"],
            code="REL002",
            severity=Severity.ERROR,
            case="overlap",
            message="重叠",
            area_m2=12.5,
            by_nodes_m2=12.4,
            place=(113.5, 39.7),
            by_place=True,
            geometry=shapely.box(0, 0, 1, 1),
        ),
        Finding(role="DLTB", code="ATT001", severity=Severity.WARNING, message="重复"),
    ]
    rules = [
        RuleOutcome("REL002", "x", "ERROR", Outcome.FAILED, 1),
        RuleOutcome("ATT001", "y", "WARNING", Outcome.FAILED, 1),
    ]
    return SavedResult(
        datetime(2026, 11, 20, 14, 32),
        Report(rules=rules, findings=findings),
        CRS.from_epsg(4526).to_wkt(),
        {"profile": "hunyuan"},
        [SavedLayer("id1", "城镇开发边界", "CZKFBJ", digest="d", stamp=(("县.gpkg", 1, 2),))],
        {"waivers": SavedFile((("县.waivers.csv", 3, 4),), "e")},
    )


def test_saved_result_is_read_back(tmp_path):
    kept, path = result(), saved_result_path(tmp_path / "县.qgz")
    assert path.name == "县.result.json"
    write_saved_result(path, kept)
    back = read_saved_result(path)
    assert back.report.to_dict() == kept.report.to_dict() and back.finished == kept.finished
    assert (back.settings, back.layers, back.files, back.crs) == (kept.settings, kept.layers, kept.files, kept.crs)
    first, second = back.report.findings
    assert (first.place, first.by_nodes_m2, first.by_place) == ((113.5, 39.7), 12.4, True)
    assert second.place is None and second.geometry is None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["县.result.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema": "sanxian-result/9"}'])
def test_damaged_file_is_refused_by_name(tmp_path, text):
    path = tmp_path / "县.result.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as raised:
        read_saved_result(path)
    assert raised.value.key == "kept_result_damaged" and raised.value.params == {"file": "县.result.json"}


def test_incomplete_file_is_refused(tmp_path):
    path = tmp_path / "县.result.json"
    write_saved_result(path, result())
    data = json.loads(path.read_text(encoding="utf-8"))
    del data["places"][0]
    path.write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(DataError):
        read_saved_result(path)


def test_failed_save_leaves_no_file(tmp_path):
    (tmp_path / "县.result.json").mkdir()
    with pytest.raises(OutputError):
        write_saved_result(tmp_path / "县.result.json", result())
    assert [p.name for p in tmp_path.iterdir()] == ["县.result.json"]


def test_digest_depends_on_values_and_shapes_not_on_order_and_ids():
    digest = digest_rows(source())
    turned = source()
    turned.frame = turned.frame.iloc[::-1]
    assert digest_rows(turned) == digest_rows(source(fids=(5, 9))) == digest
    others = [
        source(keys=("1", "3")),
        source(areas=(1.5, None)),
        source(areas=(2.5, 1.5)),
        source(days=(None, None)),
        source(west=0.001),
        source(crs="EPSG:4527"),
        source(keys=("1",), areas=(1.5,), days=(date(2026, 1, 2),), fids=(1,)),
    ]
    assert len({digest, *map(digest_rows, others)}) == len(others) + 1


def test_value_moved_to_another_field_is_a_change():
    first, second = source(areas=("a", "b"), days=("c", "d")), source(areas=("c", "d"), days=("a", "b"))
    assert digest_rows(first) != digest_rows(second)


def test_file_with_a_new_time_only_is_unchanged(tmp_path):
    path = tmp_path / "县.waivers.csv"
    path.write_text("a", encoding="utf-8")
    kept = save_file_state(path, (("县.waivers.csv", 1, 1),))
    assert same_file_contents(kept, path, kept.stamp) and same_file_contents(kept, path, (("县.waivers.csv", 2, 1),))
    path.write_text("b", encoding="utf-8")
    assert not same_file_contents(kept, path, (("县.waivers.csv", 2, 1),))
    assert same_file_contents(save_file_state("", ()), "", ()), "none then and none now"
    assert not same_file_contents(save_file_state("", ()), path, (("县.waivers.csv", 2, 1),)), "one that is new"


def finding(role, related=""):
    return Finding(role=role, related_role=related)


def test_findings_on_changed_layers_and_of_their_rules_are_outdated():
    outdated = OutdatedFindings(Changes().with_layer("城镇开发边界", "CZKFBJ"), CONCEPTS)
    assert outdated.includes_finding("TOP001", finding("CZKFBJ"))
    assert not outdated.includes_finding("TOP001", finding("DLTB")), "each layer by itself"
    assert outdated.includes_finding("REL002", finding("CZKFBJ", "YJJBNTBHTB"))
    assert outdated.includes_rule("REL002") and not outdated.includes_rule("TOP001")
    unchanged = OutdatedFindings(Changes(), CONCEPTS)
    assert not unchanged.includes_finding("REL002", finding("CZKFBJ")) and not unchanged.includes_rule("REL002")


def test_changed_settings_outdate_every_rule():
    outdated = OutdatedFindings(replace(Changes(), settings=True), CONCEPTS)
    assert outdated.includes_finding("TOP001", finding("DLTB")) and outdated.includes_rule("TOP001")


def test_changes_name_each_layer_once():
    changes = Changes().with_layer("a", "DLTB").with_layer("a", "DLTB").with_layer("b", "")
    assert changes.layers == ("a", "b") and changes.roles == {"DLTB"} and changes and not Changes()
