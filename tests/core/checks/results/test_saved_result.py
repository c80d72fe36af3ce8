# SPDX-License-Identifier: GPL-2.0-or-later
"""Saved check results of a project: reading, refused files, outdated findings."""

import os
import time
from dataclasses import replace
from datetime import date, datetime

import geopandas as gpd
import pytest
import shapely
from pyproj import CRS

from plugin.core.base.errors import DataError, OutputError
from plugin.core.checks.saved_result import (
    ChangesSinceCheck,
    OutdatedFindings,
    SavedFile,
    SavedLayer,
    SavedResult,
    compute_file_digest,
    is_file_unchanged,
    make_saved_result_path,
    read_modification_stamp,
    read_saved_result,
    write_saved_result,
)
from plugin.core.model.findings import Finding
from plugin.core.model.report import Outcome, Report, RuleOutcome
from plugin.core.model.rule import Severity
from plugin.core.plan.io.table_digest import compute_table_digest
from plugin.core.plan.layer import SourceLayer
from plugin.core.standard import load_standard

ROLES_BY_CONCEPT = load_standard("county_db").concepts


def make_source_layer(
    keys=("1", "2"), areas=(1.5, 2.5), days=(date(2026, 1, 2), None), west=0.0, fids=(1, 2), crs="EPSG:4526"
):
    shapes = [shapely.box(west + n, 0, west + n + 1, 1) for n in range(len(keys))]
    table = {"BSM": list(keys), "TBMJ": list(areas), "GXSJ": list(days)}
    frame = gpd.GeoDataFrame(table, geometry=shapes, crs=crs, index=list(fids))
    return SourceLayer("DLTB", frame, (), CRS.from_user_input(crs))


def make_saved_result():
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


def test_saved_check_result_is_read_back_equal(tmp_path):
    kept, path = make_saved_result(), make_saved_result_path(tmp_path / "县.qgz")
    assert path.name == "县.result.json"
    write_saved_result(path, kept)
    back = read_saved_result(path)
    assert back.report.to_dict() == kept.report.to_dict() and back.finished_at == kept.finished_at
    assert (back.check_settings, back.layers, back.side_files, back.crs) == (
        kept.check_settings,
        kept.layers,
        kept.side_files,
        kept.crs,
    )
    first, second = back.report.findings
    assert (first.place, first.by_nodes_m2, first.by_place) == ((113.5, 39.7), 12.4, True)
    assert second.place is None and second.geometry is None
    assert sorted(p.name for p in tmp_path.iterdir()) == ["县.result.json"]


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"schema": "sanxian-result/9"}'])
def test_damaged_saved_result_raises_an_error_that_names_its_file(tmp_path, text):
    path = tmp_path / "县.result.json"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as raised:
        read_saved_result(path)
    assert raised.value.key == "kept_result_damaged" and raised.value.params == {"file": "县.result.json"}


def test_saved_result_that_was_edited_is_refused(tmp_path):
    path = tmp_path / "县.result.json"
    write_saved_result(path, make_saved_result())
    text = path.read_text(encoding="utf-8")
    edited = text.replace('"errors": ', '"errors": 1')
    assert edited != text
    path.write_text(edited, encoding="utf-8")
    with pytest.raises(DataError):
        read_saved_result(path)


def write_new_content(path):
    """Write other bytes of the same number, and set the former time back, except that of a log."""
    state = path.stat()
    path.write_bytes(bytes(byte ^ 1 for byte in path.read_bytes()))
    if not path.name.endswith("-wal"):
        os.utime(path, ns=(state.st_atime_ns, state.st_mtime_ns))


@pytest.mark.skipif(os.name == "nt", reason="Windows has no time of the change of an entry, and links need a privilege")
@pytest.mark.parametrize(
    ("source", "changed"),
    [
        ("DLTB.shp", "DLTB.shp"),
        ("DLTB.shp", "DLTB.DBF"),
        ("DLTB.shp", "DLTB.cpg"),
        ("a.tab", "a.dat"),
        ("a.gpkg", "a.gpkg-wal"),
        ("link.gpkg", "a.gpkg-wal"),
        ("a.gdb", "a.gdb/a00000001.gdbtable"),
        ("link.gdb", "a.gdb/a00000001.gdbtable"),
        ("baseline", "baseline/b.gdb/a00000001.gdbtable"),
        ("baseline", "a.gdb/a00000001.gdbtable"),
    ],
)
def test_stamp_of_a_data_set_follows_each_file_that_is_read(tmp_path, source, changed):
    for name in ("DLTB.shp", "DLTB.DBF", "DLTB.cpg", "a.tab", "a.dat", "a.gpkg", "a.gpkg-wal", "a.waivers.csv"):
        (tmp_path / name).write_bytes(b"xy")
    for name in ("a.gdb/a00000001.gdbtable", "baseline/b.gdb/a00000001.gdbtable"):
        (tmp_path / name).parent.mkdir(parents=True)
        (tmp_path / name).write_bytes(b"xy")
    for link, target in (("link.gpkg", "a.gpkg"), ("link.gdb", "a.gdb"), ("baseline/c.gdb", "a.gdb")):
        (tmp_path / link).symlink_to(tmp_path / target)
    before = read_modification_stamp(str(tmp_path / source))
    (tmp_path / "a.gpkg-journal").touch()
    (tmp_path / "a.waivers.csv").write_bytes(b"changed")
    assert read_modification_stamp(str(tmp_path / source)) == before
    time.sleep(0.02)
    write_new_content(tmp_path / changed)
    assert read_modification_stamp(str(tmp_path / source)) != before
    assert read_modification_stamp("") == () != read_modification_stamp(str(tmp_path / "none" / "DLTB.shp"))


def test_failed_saving_of_a_result_leaves_no_file(tmp_path):
    (tmp_path / "县.result.json").mkdir()
    with pytest.raises(OutputError):
        write_saved_result(tmp_path / "县.result.json", make_saved_result())
    assert [p.name for p in tmp_path.iterdir()] == ["县.result.json"]


def test_layer_digest_depends_on_values_and_shapes_not_on_order_and_ids():
    digest = compute_table_digest(make_source_layer())
    turned = make_source_layer()
    turned.frame = turned.frame.iloc[::-1]
    assert compute_table_digest(turned) == compute_table_digest(make_source_layer(fids=(5, 9))) == digest
    others = [
        make_source_layer(keys=("1", "3")),
        make_source_layer(areas=(1.5, None)),
        make_source_layer(areas=(2.5, 1.5)),
        make_source_layer(days=(None, None)),
        make_source_layer(west=0.001),
        make_source_layer(crs="EPSG:4527"),
        make_source_layer(keys=("1",), areas=(1.5,), days=(date(2026, 1, 2),), fids=(1,)),
    ]
    assert len({digest, *map(compute_table_digest, others)}) == len(others) + 1


def test_digest_of_a_fixed_layer_equals_the_digest_computed_by_earlier_plugin_versions():
    # A saved result and a report have it: another digest of equal rows would make both look outdated.
    layer = make_source_layer()
    layer.frame.geometry.array[1] = None
    assert compute_table_digest(layer) == "fcb5ffc4a43a3436fb9a6092bd2eeb31b9981a1ec4b03dccec6bb0b8ffcfd55b"


def test_layer_digest_changes_when_values_move_to_another_field():
    first, second = (
        make_source_layer(areas=("a", "b"), days=("c", "d")),
        make_source_layer(areas=("c", "d"), days=("a", "b")),
    )
    assert compute_table_digest(first) != compute_table_digest(second)


def test_data_file_with_only_a_new_time_counts_as_unchanged(tmp_path):
    path = tmp_path / "县.waivers.csv"
    path.write_text("a", encoding="utf-8")
    kept = SavedFile((("县.waivers.csv", 1, 1),), compute_file_digest(path))
    assert is_file_unchanged(kept, path, kept.stamp) and is_file_unchanged(kept, path, (("县.waivers.csv", 2, 1),))
    path.write_text("b", encoding="utf-8")
    assert not is_file_unchanged(kept, path, (("县.waivers.csv", 2, 1),))
    assert is_file_unchanged(SavedFile((), compute_file_digest("")), "", ()), "none then and none now"
    assert not is_file_unchanged(SavedFile((), compute_file_digest("")), path, (("县.waivers.csv", 2, 1),)), (
        "one that is new"
    )


def make_finding(role, related=""):
    return Finding(role=role, related_role=related)


def test_findings_of_rules_that_use_a_changed_layer_are_outdated():
    outdated = OutdatedFindings(ChangesSinceCheck().add_changed_layer("城镇开发边界", "CZKFBJ"), ROLES_BY_CONCEPT)
    assert outdated.is_finding_outdated("TOP001", make_finding("CZKFBJ"))
    assert not outdated.is_finding_outdated("TOP001", make_finding("DLTB")), "each layer by itself"
    assert outdated.is_finding_outdated("REL002", make_finding("CZKFBJ", "YJJBNTBHTB"))
    assert outdated.is_rule_outdated("REL002") and not outdated.is_rule_outdated("TOP001")
    unchanged = OutdatedFindings(ChangesSinceCheck(), ROLES_BY_CONCEPT)
    assert not unchanged.is_finding_outdated("REL002", make_finding("CZKFBJ")) and not unchanged.is_rule_outdated(
        "REL002"
    )


def test_changed_settings_make_the_findings_of_every_rule_outdated():
    outdated = OutdatedFindings(replace(ChangesSinceCheck(), have_settings_changed=True), ROLES_BY_CONCEPT)
    assert outdated.is_finding_outdated("TOP001", make_finding("DLTB")) and outdated.is_rule_outdated("TOP001")


def test_list_of_changes_names_each_changed_layer_once():
    changes = (
        ChangesSinceCheck().add_changed_layer("a", "DLTB").add_changed_layer("a", "DLTB").add_changed_layer("b", "")
    )
    assert (
        changes.changed_layer_names == ("a", "b")
        and changes.changed_roles == {"DLTB"}
        and changes
        and not ChangesSinceCheck()
    )
