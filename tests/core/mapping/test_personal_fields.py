# SPDX-License-Identifier: GPL-2.0-or-later
"""Personal fields (个人信息), and outputs that leave their values out."""

import json

from plugin.core.mapping import MappedRows, MappingLoss, drop_personal_data
from plugin.core.standard import load_standard
from tests.core.small_plan import (
    check_data,
    convert_to_source_layers,
    join_notices,
    make_county_box,
    make_small_plan_layers,
    make_table,
)

STANDARD = load_standard()
FARMLAND_TEMPLATE = STANDARD.templates["YJJBNTBHTB"]
#: Name, ID number, telephone and address of the persons responsible (永农数据库标准).
PERSONAL_FIELDS = ("CFZR", "ZZRR", "ZRRZJHM", "ZRRMC", "LXDH", "JZDZ")


def test_standard_lists_its_personal_fields_by_layer():
    found = {
        role: tuple(f.name for f in template.personal_fields)
        for role, template in STANDARD.templates.items()
        if template.personal_fields
    }
    assert found == {"YJJBNTBHTB": PERSONAL_FIELDS, "YJJBNTTB": PERSONAL_FIELDS}


def test_every_template_field_about_persons_is_marked_personal():
    """Search all templates by Chinese field names, so that new templates are included."""
    for role, template in STANDARD.templates.items():
        for field in template.fields:
            if any(
                word in field.alias for word in ("证件", "身份", "电话", "手机", "责任人", "负责人", "住址", "地址")
            ):
                assert field.personal, (role, field.name, field.alias)


def test_personal_fields_are_kept_but_emptied():
    frame = make_table([make_county_box(0, 0)], ZRRZJHM=["140225190001010011"], lxdh=["0352-0000000"], DLBM=["0103"])
    made = drop_personal_data(MappedRows(frame, [], [], []), FARMLAND_TEMPLATE).frame
    assert list(made.columns) == list(frame.columns) and made["DLBM"].tolist() == ["0103"]
    assert made["ZRRZJHM"].isna().all() and made["lxdh"].isna().all()
    assert frame["ZRRZJHM"].tolist() == ["140225190001010011"]


def test_list_of_mapping_losses_shows_an_empty_text_instead_of_a_lost_value_of_a_personal_field():
    losses = [MappingLoss(1, "k", name, name, "13800000000", "too_long") for name in ("LXDH", "BZ")]
    mapped = MappedRows(make_table([make_county_box(0, 0)]), losses, [], [])
    assert [loss.value for loss in drop_personal_data(mapped, FARMLAND_TEMPLATE).losses] == ["", "13800000000"]


def test_mapping_report_contains_no_personal_value():
    tables = make_small_plan_layers()
    count = len(tables["YJJBNTBHTB"])
    garbled = "城镇张三".encode("gbk").decode("latin-1")
    tables["YJJBNTBHTB"] = tables["YJJBNTBHTB"].assign(ZRRMC=[garbled] * count, LXDH=["13800000000" * 3] * count)
    report = check_data(convert_to_source_layers(tables), ["SCH004", "SCH002", "ATT001", "ATT002"]).report
    text = json.dumps(report.to_dict(), ensure_ascii=False)
    assert "ZRRMC" in join_notices(report) and garbled not in text and "13800000000" not in text
