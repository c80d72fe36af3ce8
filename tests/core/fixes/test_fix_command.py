# SPDX-License-Identifier: GPL-2.0-or-later
"""The command `fix`: a copy with fixes, a table, a log; the source stays as it is."""

import csv
import shutil

import geopandas as gpd
import pyogrio
import pytest
import shapely

from plugin.core.__main__ import main
from plugin.core.base.files import make_path_next_to_data
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.fixes.change_log import CHANGE_LOG_SUFFIX
from plugin.core.fixes.differences import is_same_problem
from plugin.core.fixes.run_fixes import FixRunOptions, run_fixes
from plugin.core.model.rule import Severity
from plugin.paths import SAMPLE_FOLDER

X, Y = 38_560_000.0, 4_390_000.0
KEY = "1402250000{:08d}"


def make_box(x, y, width, height):
    """Return a rectangle; x and y are metres from the corner of the county."""
    return shapely.box(X + x, Y + y, X + x + width, Y + y + height)


def write_layers(path, layers):
    """Write layers, each a list of (key, shape), in EPSG:4526."""
    for role, rows in layers.items():
        frame = gpd.GeoDataFrame(
            {"BSM": [key for key, _ in rows], "BZ": ["备注"] * len(rows)},
            geometry=[shape for _, shape in rows],
            crs="EPSG:4526",
        )
        frame.to_file(path, layer=role, engine="pyogrio")
    return path


@pytest.fixture
def source_file(tmp_path):
    """Write a county of three layers with a multipart boundary; return its path."""
    two_parts = shapely.multipolygons([make_box(0, 0, 30, 30), make_box(60, 0, 20, 30)])
    return write_layers(
        tmp_path / "data" / "county.gpkg" if (tmp_path / "data").mkdir() is None else None,
        {
            "YJJBNTBHTB": [(KEY.format(1), make_box(0, 200, 100, 100))],
            "STBHHX": [(KEY.format(1), make_box(0, 400, 100, 100))],
            "CZKFBJ": [(KEY.format(1), two_parts), (KEY.format(2), make_box(90, 200, 100, 100))],
        },
    )


def read_csv_rows(path):
    with path.open(encoding="utf-8-sig", newline="") as handle:
        return list(csv.DictReader(handle))


def test_fix_command_writes_a_copy_a_table_and_a_log_and_leaves_the_source_unchanged(source_file, tmp_path, capsys):
    before, copy, table = source_file.read_bytes(), tmp_path / "copy.gpkg", tmp_path / "table.csv"
    code = main(
        [
            "fix",
            str(source_file),
            "--rules",
            "GEO003,REL002",
            "--only",
            "FIX001",
            "--output",
            str(copy),
            "--table",
            str(table),
        ]
    )
    assert code == 1 and source_file.read_bytes() == before
    boundary = gpd.read_file(copy, layer="CZKFBJ")
    assert sorted(boundary["BSM"]) == [KEY.format(1), KEY.format(2), KEY.format(3)]
    assert set(boundary["BZ"]) == {"备注"} and set(boundary.geometry.geom_type) <= {"Polygon", "MultiPolygon"}
    assert boundary.geometry.area.sum() == pytest.approx(gpd.read_file(source_file, layer="CZKFBJ").geometry.area.sum())
    assert gpd.read_file(copy, layer="STBHHX").equals(gpd.read_file(source_file, layer="STBHHX"))
    rows = read_csv_rows(table)
    assert [(row["规则"], row["分类"], row["结果"]) for row in rows] == [
        ("GEO003", "需确认", "已应用"),
        ("REL002", "不能修复", "未应用"),
    ]
    log = read_csv_rows(make_path_next_to_data(copy, CHANGE_LOG_SUFFIX))
    assert [row["规则"] for row in log] == ["GEO003"] and KEY.format(3) in log[0]["涉及要素"]
    assert "安全 0，需确认 1" in capsys.readouterr().out


def test_copy_of_which_the_fixes_cannot_be_logged_is_not_written(source_file, tmp_path, capsys):
    copy, log = tmp_path / "copy.gpkg", tmp_path / "copy.changes.csv"
    copy.write_text("former", encoding="utf-8")
    log.write_text("another table", encoding="utf-8")
    assert main(["fix", str(source_file), "--rules", "GEO003", "--output", str(copy)]) == 2
    assert f"{log}”" in capsys.readouterr().err
    assert [copy.read_text("utf-8"), log.read_text("utf-8")] == ["former", "another table"]
    assert sorted(path.name for path in tmp_path.iterdir()) == ["copy.changes.csv", "copy.gpkg", "data"]


def test_safe_fixes_divide_no_feature(source_file, tmp_path):
    copy, table = tmp_path / "copy.gpkg", tmp_path / "table.csv"
    arguments = ["fix", str(source_file), "--rules", "GEO003", "--safe-only"]
    assert main([*arguments, "--output", str(copy), "--table", str(table)]) == 1
    assert len(gpd.read_file(copy, layer="CZKFBJ")) == 2
    (row,) = read_csv_rows(table)
    assert (row["分类"], row["结果"]) == ("需确认", "未应用") and "新增 1 个要素或部件" in row["说明"]


def test_fix_command_without_safe_only_also_applies_unsafe_proposals(source_file, tmp_path):
    copy = tmp_path / "copy.gpkg"
    assert main(["fix", str(source_file), "--rules", "GEO003,REL002", "--output", str(copy)]) == 0
    assert check_plan(copy, RunOptions(rules=("GEO003", "REL002"))).report.summary["errors"] == 0


def test_fix_command_changes_a_sealed_layer_only_with_a_document_number_and_without_safe_only(tmp_path):
    source_file = write_layers(
        tmp_path / "county.gpkg",
        {
            "YJJBNTBHTB": [(KEY.format(1), make_box(0, 0, 100, 100))],
            "STBHHX": [(KEY.format(1), make_box(99.95, 0, 100, 100))],
            "CZKFBJ": [(KEY.format(1), make_box(0, 300, 50, 50))],
        },
    )
    options, order = (
        RunOptions(rules=("REL001",)),
        {"output": str(tmp_path / "copy.gpkg"), "table": str(tmp_path / "t.csv")},
    )
    refused = run_fixes(str(source_file), options, FixRunOptions(**order))
    assert [one.refusal.reason for one in refused.batch.entries] == ["both_sealed"] and not refused.batch.applied
    assert not make_path_next_to_data(order["output"], CHANGE_LOG_SUFFIX).exists()
    documents = {"STBHHX": "晋自然资函〔2026〕1号"}
    careful = run_fixes(str(source_file), options, FixRunOptions(documents=documents, **order))
    assert [key for key, _ in careful.batch.entries[0].proposal.doubts] == [
        "sealed_changed"
    ] and not careful.batch.applied
    run_fixes(
        str(source_file),
        options,
        FixRunOptions(requested_fixes=("cut-by-precedence",), safe_only=False, documents=documents, **order),
    )
    (entry,) = read_csv_rows(make_path_next_to_data(order["output"], CHANGE_LOG_SUFFIX))
    assert entry["批准文号"] == documents["STBHHX"]
    red_line = gpd.read_file(order["output"], layer="STBHHX").geometry.iloc[0]
    assert shapely.intersection(red_line, make_box(0, 0, 100, 100)).area == 0


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        (["--output", "{source}"], ""),
        (["--output", "{folder}/copy.shp"], ".gpkg"),
        (["--output", "{folder}/missing/deep/copy.gpkg"], ""),
        ([], "--table"),
        (["--only", "FIX999", "--table", "{folder}/t.csv"], "FIX001"),
        (["--document", "STBHHX", "--table", "{folder}/t.csv"], "STBHHX"),
    ],
)
def test_fix_command_with_impossible_arguments_is_refused_with_the_reason(
    source_file, tmp_path, capsys, arguments, part
):
    before = source_file.read_bytes()
    given = [text.format(source=source_file, folder=tmp_path) for text in arguments]
    assert main(["fix", str(source_file), *given]) == 2
    assert part in capsys.readouterr().err and source_file.read_bytes() == before
    assert sorted(path.name for path in tmp_path.iterdir()) == ["data"]


def test_fix_command_refuses_a_format_that_cannot_be_edited_row_by_row(source_file, tmp_path, capsys):
    path = tmp_path / "CZKFBJ.geojson"
    gpd.read_file(source_file, layer="CZKFBJ").to_file(path)
    assert main(["fix", str(path), "--output", str(tmp_path / "copy.geojson")]) == 2
    assert "CZKFBJ.geojson" in capsys.readouterr().err


@pytest.mark.parametrize("kind", ["shp", "gdb"])
def test_shapefile_folder_and_geodatabase_are_fixed_in_a_copy(source_file, tmp_path, kind):
    if kind == "gdb" and "w" not in pyogrio.list_drivers().get("OpenFileGDB", ""):
        pytest.skip("this GDAL cannot write a FileGDB")
    data = tmp_path / ("folder" if kind == "shp" else "county.gdb")
    for role in ("YJJBNTBHTB", "STBHHX", "CZKFBJ"):
        frame = gpd.read_file(source_file, layer=role)
        if kind == "shp":
            data.mkdir(exist_ok=True)
            frame.to_file(data / f"{role}.shp", encoding="gbk")
        else:
            frame.to_file(data, layer=role, driver="OpenFileGDB")
    copy = tmp_path / ("copy" if kind == "shp" else "copy.gdb")
    run = run_fixes(str(data), RunOptions(rules=("GEO003", "REL002")), FixRunOptions(output=str(copy), safe_only=False))
    assert len(run.batch.applied) == 2
    assert check_plan(copy, RunOptions(rules=("GEO003", "REL002"))).report.summary["errors"] == 0
    boundary = gpd.read_file(copy / "CZKFBJ.shp") if kind == "shp" else gpd.read_file(copy, layer="CZKFBJ")
    assert len(boundary) == 3 and set(boundary["BZ"]) == {"备注"}


def test_second_fix_run_replaces_the_copy_and_appends_to_its_change_log(source_file, tmp_path):
    copy = tmp_path / "copy.gpkg"
    for _ in range(2):
        run_fixes(str(source_file), RunOptions(rules=("GEO003",)), FixRunOptions(output=str(copy), safe_only=False))
    assert len(read_csv_rows(make_path_next_to_data(copy, CHANGE_LOG_SUFFIX))) == 2
    assert len(gpd.read_file(copy, layer="CZKFBJ")) == 3


def test_fixes_command_lists_all_fixes_and_describes_one(capsys):
    assert main(["fixes"]) == 0
    assert "FIX001" in capsys.readouterr().out
    assert main(["fixes", "FIX006", "--lang", "en"]) == 0
    assert "When it is safe" in capsys.readouterr().out


#: Layers of the sample county that are sealed or come from other authorities.
SEALED_LAYERS = {"DLTB", "STBHHX", "XZQX", "XZQXZ", "YJJBNTBHTB"}
#: Findings on sums of a layer, which proposals do not announce.
SUMS = {("ATT022", ""), ("LAW001", "remote"), ("LAW004", "misplaced")}


@pytest.fixture(scope="module")
def fixed_sample(tmp_path_factory):
    """Return the run that applies every proposal to the sample county, and the findings of its copy."""
    folder = tmp_path_factory.mktemp("mended")
    source_file, copy = folder / "county.gpkg", folder / "copy.gpkg"
    shutil.copyfile(SAMPLE_FOLDER / "county.gpkg", source_file)
    options = RunOptions(profile="hunyuan")
    run = run_fixes(str(source_file), options, FixRunOptions(output=str(copy), safe_only=False))
    return run, check_plan(copy, options).report.findings, source_file, copy


def is_among(finding, findings):
    return any(is_same_problem(finding, other) for other in findings)


def is_in_an_unsealed_layer(finding):
    """Return True if a layer of a finding is not sealed, except for LAW001 and LAW002, which need a planner."""
    roles = {role for role in (finding.role, finding.related_role) if role}
    return finding.code not in ("LAW001", "LAW002") and bool(roles - SEALED_LAYERS)


def test_each_sample_error_on_an_unsealed_layer_is_fixed_and_each_other_refused_with_a_reason(fixed_sample):
    run, _, _, _ = fixed_sample
    errors = [one for one in run.batch.entries if one.finding.severity is Severity.ERROR]
    open_layers = [one for one in errors if is_in_an_unsealed_layer(one.finding)]
    # The 26 of the planted errors; TOP006 and TOP003 concern the sealed survey and divisions.
    assert len(open_layers) == 26
    assert [one.finding.code for one in open_layers if one.proposal is None and one.ended_by is None] == []
    others = [one for one in errors if not is_in_an_unsealed_layer(one.finding) and one.ended_by is None]
    assert {one.refusal.reason for one in others} == {"sealed", "both_sealed", "no_fix"}
    clicks = sum(one.is_applied and not one.proposal.is_safe for one in open_layers)
    print(f"26 errors: one batch of the safe fixes, {clicks} by one click each, none by hand")


def test_full_check_after_all_fixes_has_only_new_findings_that_the_proposals_announced(fixed_sample):
    run, after, _, _ = fixed_sample
    before = run.checked.report.findings
    errors = [one for one in before if one.severity is Severity.ERROR and is_in_an_unsealed_layer(one)]
    assert [one.code for one in errors if is_among(one, after)] == []
    announced = [one for proposal in run.batch.applied for one in proposal.new_findings]
    new = [one for one in after if not is_among(one, before)]
    assert [one.code for one in new if one.severity is Severity.ERROR] == []
    unannounced = [one for one in new if (one.code, one.case) not in SUMS and not is_among(one, announced)]
    assert unannounced == []
