# SPDX-License-Identifier: GPL-2.0-or-later
"""Yearly maintenance (年度动态维护): layers before, of and after changes.

Their fields follow the template of the maintained layer.
"""

import pytest
from osgeo import gdal
from pyproj import CRS

from plugin.core.errors import DataError
from plugin.core.exchange.create import create_database
from plugin.core.loading.recognition import choose_scope, find_role
from plugin.core.profile import Norm, load_profile
from plugin.core.standard import load_standard
from plugin.core.standard.maintenance import AFTER_STAGE, BEFORE_STAGE, CHANGE_STAGE, load_maintenance
from tests.core.small_plan import (
    check_data,
    convert_to_source_layers,
    list_findings_of_rules,
    make_county_box,
    make_table,
)

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


def test_only_layers_of_yearly_maintenance_have_derived_layers_and_each_has_three():
    assert {t.base for t in STANDARD.templates.values()} - {""} == set(MAINTAINED_LAYERS)
    assert len(STANDARD.groups["maintenance"].roles) == 3 * len(MAINTAINED_LAYERS)
    kinds = {m.role: (m.change_kinds, m.compared_field) for m in STANDARD.maintenance.layers}
    assert kinds["ZXCQGHYDYH"] == (("2",), "YDYHFLDM") and kinds["LSWHBHX"] == (("1", "3"), "")
    assert {k for m, _ in kinds.values() for k in m} == set(STANDARD.code_lists["maintenance_kind"].entry_by_code)


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


def test_layers_before_of_and_after_a_change_have_the_prefixes_whq_whc_and_whh():
    loaded = load_maintenance(STANDARD.folder / "maintenance.toml")
    assert [loaded.get_class_of_stage(s).prefix for s in (BEFORE_STAGE, CHANGE_STAGE, AFTER_STAGE)] == [
        "WHQ",
        "WHC",
        "WHH",
    ]
    assert (
        loaded.find_class_of_role("WHCGHFQ")[1].compared_field == "GHFQDM"
        and loaded.find_class_of_role("WHXGHFQ") is None
    )


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
