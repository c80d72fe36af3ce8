# SPDX-License-Identifier: GPL-2.0-or-later
"""The conflict matrix: for each pair of control lines what an overlap means.

A county may change single pairs.
"""

import tomllib
from dataclasses import replace
from datetime import date
from itertools import combinations

import pytest
import shapely
from osgeo import gdal
from pyproj import CRS

from plugin.core.base.errors import DataError, InputError
from plugin.core.checks.check import RunOptions
from plugin.core.checks.run_check import run_check
from plugin.core.cli.examples.plans import make_example_plan
from plugin.core.engine.waivers.waiver import WaiverEntry, WaiverLimits, Waivers, make_waivers
from plugin.core.exchange.create import create_database
from plugin.core.model.rule import load_all_rules
from plugin.core.plan.io import read_source
from plugin.core.plan.loading.assembly import assemble_plan
from plugin.core.plan.loading.recognition import choose_scope, find_role
from plugin.core.standard import list_standard_ids, load_standard
from plugin.core.standard.conflicts import CONFLICTS_FILE, add_missing_conflicts, load_conflicts
from plugin.core.standard.profile import Norm, load_profile
from plugin.paths import RESOURCES_FOLDER
from tests.core.small_plan import (
    check_data,
    convert_to_source_layers,
    list_findings_of_rules,
    make_county_box,
    make_table,
)

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
PAIR_WITH_TWO_LINES = '{ left = "a", right = ["b", "c"], meaning = "warning", basis = "conflict-practice", mark = "C" }'
PAIR_TEMPLATE = '{{ left = "{}", right = "{}", meaning = "{}", basis = "conflict-practice", mark = "{}" }}'


def load_conflict_matrix(folder, *pairs):
    (folder / CONFLICTS_FILE).write_text(f"pairs = [{', '.join(pairs)}]", encoding="utf-8")
    return load_conflicts(folder)


def test_every_pair_of_the_conflict_matrix_names_existing_layers_and_rules():
    standard = load_standard()
    roles = {role for name in list_standard_ids() for role in load_standard(name).templates}
    assert len(standard.conflicts) > 30
    for conflict in standard.conflicts:
        assert conflict.control_line_pair <= roles | set(standard.concepts), conflict
        assert conflict.basis in standard.citations, conflict
        assert conflict.mark == standard.citations[conflict.basis].mark, conflict
        assert not conflict.rule or conflict.rule in load_all_rules()


@pytest.mark.parametrize("rule", ["REL001", "REL002", "REL003"])
def test_conflict_pair_with_its_own_rule_names_the_layers_of_that_rule(rule):
    (conflict,) = [c for c in load_standard().conflicts if c.rule == rule]
    assert conflict.control_line_pair == {need.concept for need in load_all_rules()[rule].needs.values()}


@pytest.mark.parametrize(
    "pairs",
    [
        [PAIR_TEMPLATE.format("a", "b", "warning", "C"), PAIR_TEMPLATE.format("b", "a", "warning", "C")],
        [PAIR_TEMPLATE.format("a", "a", "warning", "C")],
        [PAIR_TEMPLATE.format("a", "b", "error", "C")],
        [PAIR_TEMPLATE.format("a", "b", "bad", "A")],
        [PAIR_TEMPLATE.format("a", "b", "warning", "D")],
        ['{ left = "a", right = "b", meaning = "warning", mark = "C" }'],
        ['{ left = "a", right = 1, meaning = "warning", mark = "C", basis = "x" }'],
        ['"a b"'],
    ],
)
def test_invalid_conflict_matrix_is_refused_with_its_file(tmp_path, pairs):
    with pytest.raises(DataError) as error:
        load_conflict_matrix(tmp_path, *pairs)
    assert error.value.params["file"].endswith(CONFLICTS_FILE)


def test_conflict_matrix_has_every_pair_of_control_lines_and_is_refused_if_one_is_missing(tmp_path):
    standard = load_standard()
    lines = tomllib.loads((standard.folder.parent / "common-2021" / CONFLICTS_FILE).read_text(encoding="utf-8"))[
        "lines"
    ]
    assert {"farmland", "red_line", "boundary", "heritage", "flood_line", "reserves", "mineral_line"} <= set(lines)
    assert {"blue_line", "green_line", "purple_line", "yellow_line", "ZXCQZHFXQ"} <= set(lines)
    assert {c.control_line_pair for c in standard.conflicts} == {frozenset(pair) for pair in combinations(lines, 2)}
    # A missing pair is reported with its two names.
    (tmp_path / CONFLICTS_FILE).write_text(
        f'lines = ["a", "b", "c"]\npairs = [{PAIR_WITH_TWO_LINES}]\n', encoding="utf-8"
    )
    with pytest.raises(DataError) as error:
        load_conflicts(tmp_path)
    assert "b / c" in error.value.params["key"]


def test_several_layers_on_one_side_of_a_conflict_become_separate_pairs(tmp_path):
    found = load_conflict_matrix(tmp_path, PAIR_WITH_TWO_LINES)
    assert [(c.left, c.right, c.setting_key) for c in found] == [
        ("a", "b", "conflicts.a-b"),
        ("a", "c", "conflicts.a-c"),
    ]


def test_permitted_conflict_pair_is_checked_only_if_the_county_requires_it():
    layers = {"ZRBHD": [SQUARE], "STBHHX": [SQUARE]}
    assert str(run_check(make_example_plan(layers), [load_all_rules()["REL010"]]).rules[0].outcome) == "not_applicable"
    report = run_check(
        make_example_plan(layers, settings={"conflicts.reserves-red_line": "information"}), [load_all_rules()["REL010"]]
    )
    assert [str(f.severity) for f in report.findings] == ["INFO"]


def test_later_edition_overrides_an_included_conflict_pair_even_if_its_two_lines_are_in_reverse_order(tmp_path):
    own = load_conflict_matrix(tmp_path, PAIR_TEMPLATE.format("a", "b", "warning", "C"))
    other = load_conflict_matrix(
        tmp_path, PAIR_TEMPLATE.format("b", "a", "evidence", "C"), PAIR_TEMPLATE.format("a", "c", "evidence", "C")
    )
    assert [(c.left, c.right, c.meaning) for c in add_missing_conflicts(own, other)] == [
        ("a", "b", "warning"),
        ("a", "c", "evidence"),
    ]


def test_severity_of_a_conflict_set_by_the_county_counts_as_confirmed():
    rule, layers = load_all_rules()["REL010"], {"CZKFBJ": [SQUARE], "HLFXKZX": [SQUARE]}
    (outcome,) = run_check(make_example_plan(layers), [rule]).rules
    assert "conflicts" in outcome.unconfirmed
    report = run_check(make_example_plan(layers, settings={"conflicts.boundary-flood_line": "error"}), [rule])
    assert "conflicts" not in report.rules[0].unconfirmed
    assert [str(f.severity) for f in report.findings] == ["ERROR"]


def test_conflicts_found_in_the_sample_county_equal_those_of_shapely():
    """Compare with intersections of all pairs of rows by shapely."""
    plan = assemble_plan(
        read_source(RESOURCES_FOLDER / "sample" / "county.gpkg"), RunOptions(profile="hunyuan").resolve_norm()
    )
    report = run_check(plan, [load_all_rules()["REL010"]])
    found = {(f.role, f.key, f.related_role, f.related_keys[0]): shapely.area(f.geometry) for f in report.findings}
    expected = {}
    for left, right in (
        ("LSWHBHX", "YJJBNTBHTB"),
        ("LSWHBHX", "STBHHX"),
        ("LSWHBHX", "CZKFBJ"),
        ("GDBHMB", "STBHHX"),
        ("GDBHMB", "CZKFBJ"),
    ):
        a, b = plan.layers[left], plan.layers[right]
        for i, j in zip(*shapely.STRtree(b.plane_shapes).query(a.plane_shapes), strict=True):
            shape = shapely.intersection(a.plane_shapes[i], b.plane_shapes[j])
            area = shapely.area(shape)
            if area >= 0.5 or (area > 0 and 2 * area / shapely.length(shape) >= 0.1):
                expected[left, a.keys[i], right, b.keys[j]] = area
    assert len(expected) > 20
    assert found == pytest.approx(expected, rel=1e-6)


@pytest.mark.parametrize("code", ["REL010", "REL024"])
def test_unusable_layer_of_a_conflict_pair_makes_its_rule_skipped_with_the_layer_as_reason(code):
    # Degrees in a projected CRS cannot be measured.
    layers = {"LSWHJQ": [SQUARE], "CZKFBJ": [SQUARE], "LSWHBHX": [{"wkt": SQUARE, "crs": 4490}]}
    (outcome,) = run_check(make_example_plan(layers), [load_all_rules()[code]]).rules
    assert str(outcome.outcome) == "skipped", outcome
    assert "LSWHBHX" in outcome.reason


@pytest.mark.parametrize("code", ["REL010", "REL020", "REL022", "REL024", "REL032"])
def test_conflict_rules_without_their_layers_are_not_applicable(code):
    (outcome,) = run_check(make_example_plan({"STBHHX": [SQUARE]}), [load_all_rules()[code]]).rules
    assert str(outcome.outcome) == "not_applicable", outcome


def test_conflict_allowed_with_evidence_fails_until_a_waiver_names_the_document():
    """Put a mine under farmland, which is allowed with a document.

    The waiver names the document.
    """
    rule, layers = load_all_rules()["REL010"], {"KCZYKCBHX": [SQUARE], "YJJBNTBHTB": [SQUARE]}
    plan = make_example_plan(layers)
    report = run_check(plan, [rule])
    (finding,) = report.findings
    assert (finding.case, str(report.rules[0].outcome)) == ("evidence", "failed")
    words = WaiverEntry("压覆已批", "晋自然资发〔2025〕1号", "张三", date(2026, 1, 1))
    report = run_check(plan, [rule], waivers=Waivers(tuple(make_waivers([finding], words, WaiverLimits()))))
    assert (report.findings[0].state, str(report.rules[0].outcome)) == ("waived", "waived")
    assert report.findings[0].params["waiver"]["document"] == words.document
    with pytest.raises(InputError):
        make_waivers([finding], replace(words, document=""), WaiverLimits())


STANDARD = load_standard()
DEFAULT_NORM = Norm(STANDARD, load_profile())
#: Layers that a program for yearly packages processes (S2), and 乡级主体功能定位, which it lists.
MAINTAINED_LAYERS = (
    "GHFQ YDYHGHFQ ZXCQGHFQ ZXCQGHYDYH XZZTGNDW ZXCQCSLX ZXCQCSLVX ZXCQCSZX ZXCQCSHX HLFXKZX LSWHBHX".split()
)
CHANGE_FIELDS = {
    "BSM": 18,
    "YSDM": 10,
    "XZQDM": 12,
    "XZQMC": 100,
    "WHLX": 2,
    "WHLY": 3,
    "JDZBLY": 10,
    "WHBH": 18,
    "KZBSHSLX": 3,
    "BZ": 255,
}


@pytest.mark.parametrize("role", MAINTAINED_LAYERS)
def test_each_maintained_layer_has_three_derived_layers_with_the_fields_of_its_template(role):
    templates, base = STANDARD.templates, STANDARD.templates[role]
    before, change, after = (templates[p + role] for p in ("WHQ", "WHC", "WHH"))
    assert before.fields == after.fields == base.fields
    assert {f.name: f.length for f in change.fields} == CHANGE_FIELDS
    assert change.find_field("maintenance_kind").codes == "maintenance_kind"
    assert [t.name for t in (before, change, after)] == [f"{base.name}（{s}）" for s in ("维护前", "维护", "维护后")]
    for made in (before, change, after):
        assert (made.geometry, made.overlap, made.feature_code, made.base) == (
            base.geometry,
            base.overlap,
            base.feature_code,
            role,
        )


def write_standard(folder, edit=lambda text: text, template="", layer="HLFXKZX"):
    """Return the county standard, copied to a folder with edited maintenance data.

    ``template``: new text for the template of ``layer``.
    """
    (folder / "templates").mkdir(parents=True)
    (folder / "standard.toml").write_text(
        'id = "own"\nedition = "1"\nname = "试"\nincludes = ["county_db"]\n', encoding="utf-8"
    )
    source = STANDARD.folder / "maintenance.toml"
    (folder / "maintenance.toml").write_text(edit(source.read_text(encoding="utf-8")), encoding="utf-8")
    if template:
        (folder / "templates" / f"{layer}.toml").write_text(template, encoding="utf-8")
    return load_standard(str(folder))


def test_field_changed_in_a_template_changes_in_its_yearly_maintenance_layers(tmp_path):
    text = (STANDARD.folder / "templates" / "HLFXKZX.toml").read_text(encoding="utf-8")
    changed = text.replace('name = "LX"\nalias = "类型"', 'name = "XXLX"\nalias = "洪涝类型"')
    assert changed != text
    own = write_standard(tmp_path / "own", template=changed)
    for role in ("HLFXKZX", "WHQHLFXKZX", "WHHHLFXKZX"):
        assert own.templates[role].find_field_by_name("XXLX") and not own.templates[role].find_field_by_name("LX")
        # A layer may follow the other edition.
        assert [bool(t.find_field_by_name("LX")) for t in own.list_templates_of_role(role)] == [False, True]
    assert len(own.list_templates_of_role("WHCHLFXKZX")) == 1


def test_edition_without_its_own_maintenance_file_inherits_it_for_its_layers(tmp_path):
    text = (STANDARD.folder / "templates" / "HLFXKZX.toml").read_text(encoding="utf-8")
    own = write_standard(tmp_path / "own", template=text.replace("length = 255", "length = 200"))
    (tmp_path / "own" / "maintenance.toml").unlink()
    load_standard.cache_clear()
    again = load_standard(str(tmp_path / "own"))
    assert (
        again.templates["WHQHLFXKZX"].find_field_by_name("BZ").length
        == 200
        == own.templates["WHQHLFXKZX"].find_field_by_name("BZ").length
    )
    assert again.groups["maintenance"].roles == own.groups["maintenance"].roles


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('role = "HLFXKZX"', 'role = "NIEMALS"', "NIEMALS"),
        ('role = "HLFXKZX"', 'role = "GHFQ"', "GHFQ"),
        ('compare = "YDYHFLDM"', 'compare = "GHFQDN"', "GHFQDN"),
        ('suffix = "维护前"', 'suffixes = "维护前"', "before.suffix"),
        ('type = "text"\nlength = 2', 'type = "txt"\nlength = 2', "change.field[5].type"),
        ('fields_mark = "B"', 'fields_mark = "X"', "change.fields_mark"),
        ('kinds = ["2"]', 'kinds = "2"', "layer[1].kinds"),
        ('name = "年度动态维护"', 'name = "规划分区"', "规划分区"),
        ('[before]', '[befor]', "befor"),
    ],
)  # fmt: skip
def test_invalid_maintenance_file_is_refused_with_file_and_key(tmp_path, old, new, expected):
    with pytest.raises(DataError) as caught:
        _ = write_standard(tmp_path / "own", lambda text: text.replace(old, new, 1)).templates
    assert expected in str(caught.value.params) and "own" in caught.value.params["file"]


def test_yearly_maintenance_layer_is_recognised_by_name_and_plan_layer_by_fields():
    columns = {f.name: ["x"] for f in STANDARD.templates["ZXCQGHFQ"].fields if f.name not in ("BSM", "MJ")}

    def recognise_role(name):
        (source,) = convert_to_source_layers({name: make_table([make_county_box(0, 0)], **columns)})
        return find_role(source, DEFAULT_NORM)

    for name, role in (
        ("WHQGHFQ", "WHQGHFQ"),
        ("140225WHCLSWHBHX_2025", "WHCLSWHBHX"),
        ("规划分区（维护前）", "WHQGHFQ"),
        ("浑源县维护后规划分区", "WHHGHFQ"),
        ("规划分区", "GHFQ"),
    ):
        assert recognise_role(name) == (role, "name"), name


def test_data_with_yearly_change_layers_are_checked_by_maintenance_rules():
    tables = {
        "WHQGHFQ": make_table([make_county_box(0, 0)], GHFQDM=["300"], GHFQMC=["农田保护区"]),
        "WHCGHFQ": make_table([make_county_box(0, 0), make_county_box(50, 0)], WHLX=["2", "4"], XZQDM=["140225"] * 2),
        "WHHGHFQ": make_table([make_county_box(0, 0)], GHFQDM=["300"], GHFQMC=["城镇发展区"]),
    }
    checked = check_data(convert_to_source_layers(tables))
    assert checked.plan.scope == "maintenance" and set(checked.plan.layers) == set(tables)
    assert choose_scope(DEFAULT_NORM, {"STBHHX", "CZKFBJ"}) == "three_lines"
    found = {(f.code, f.role, f.field) for f in list_findings_of_rules(checked.report, "ATT002", "TOP001")}
    assert found == {("ATT002", "WHCGHFQ", "WHLX"), ("ATT002", "WHHGHFQ", "GHFQMC"), ("TOP001", "WHCGHFQ", "")}
    assert not list_findings_of_rules(checked.report, "SCH001")


def test_maintenance_layers_are_created_in_the_root_of_a_filegdb_with_domains(tmp_path):
    path = tmp_path / "维护.gdb"
    made = create_database(
        path, STANDARD.list_templates_of_groups(["maintenance"]), CRS.from_epsg(4490), code_lists=STANDARD.code_lists
    )
    assert len(made.created_names) == 3 * len(MAINTAINED_LAYERS)
    database = gdal.OpenEx(str(path))
    root = database.GetRootGroup()
    assert not root.GetGroupNames() and set(root.GetVectorLayerNames()) == set(made.created_names)
    layer = database.GetLayerByName("WHCGHFQ").GetLayerDefn()
    domain = layer.GetFieldDefn(layer.GetFieldIndex("WHLX")).GetDomainName()
    assert database.GetFieldDomain(domain).GetEnumeration() == {"1": "调入", "2": "属性变更", "3": "调出"}


@pytest.mark.parametrize(
    ("old", "new", "key"),
    [
        ('vertical = "EPSG:5737"\n', "", "delivery.vertical"),
        ('balance = "面积平衡表"', "balance = 1", "delivery.balance"),
        ("[delivery]\n", '[delivery]\nzone = "38"\n', "delivery.zone"),
    ],
)
def test_invalid_delivery_section_is_refused_with_its_key(tmp_path, old, new, key):
    with pytest.raises(DataError) as caught:
        write_standard(tmp_path / "own", lambda text: text.replace(old, new))
    assert caught.value.params["key"] == key and caught.value.params["file"].endswith("maintenance.toml")
