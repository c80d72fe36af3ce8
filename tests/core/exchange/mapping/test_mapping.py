# SPDX-License-Identifier: GPL-2.0-or-later
"""Mapping of survey layers to plan templates: fields, codes and reported losses."""

import json
from collections import Counter
from dataclasses import replace
from datetime import datetime
from fractions import Fraction

import geopandas as gpd
import numpy as np
import pytest
import shapely

from plugin.core.base.errors import DataError, InputError, SanxianError
from plugin.core.exchange.mapping import (
    CodeTranslation,
    FieldMapping,
    MappedRows,
    MappingLoss,
    apply_mapping,
    drop_personal_data,
    find_translation_column,
    format_mapping_as_toml,
    load_mapping,
    make_mapping_from_proposals,
    propose_mapping,
)
from plugin.core.exchange.mapping.preview import (
    MAX_SAMPLES,
    SourceColumns,
    change_mapping,
    find_undecided_codes,
    preview_field,
)
from plugin.core.exchange.mapping.proposals import find_area_unit, find_possible_code_translations
from plugin.core.plan.io import read_source
from plugin.core.plan.layer import FieldInfo, SourceLayer
from plugin.core.standard import load_standard
from plugin.core.standard.messages.texts import Texts
from plugin.core.standard.template import Template, TemplateField
from tests.core.land_survey import SURVEY_ROWS, write_survey
from tests.core.small_plan import (
    check_data,
    convert_to_source_layers,
    join_notices,
    make_county_box,
    make_small_plan_layers,
    make_table,
)

STANDARD = load_standard("county_db")
DLTB, XZYDYH = STANDARD.templates["DLTB"], STANDARD.templates["XZYDYH"]
FIELD_TYPE_BY_DTYPE = {"O": "text", "i": "integer", "f": "real", "M": "date"}


def make_source_layer(**columns) -> SourceLayer:
    count = len(next(iter(columns.values())))
    shapes = [shapely.box(n, 0, n + 1, 1) for n in range(count)]
    frame = gpd.GeoDataFrame(columns, geometry=gpd.GeoSeries(shapes, crs=4526))
    fields = tuple(FieldInfo(n, FIELD_TYPE_BY_DTYPE.get(frame[n].dtype.kind, "text")) for n in columns)
    return SourceLayer("源层", frame, fields, frame.crs)


def make_template(*fields: TemplateField, geometry: str = "polygon") -> Template:
    return Template("T", "试", geometry, "allowed", "O", "B", "B", "x", fields)


def map_value(value, **field):
    """Map one value to a field; return the result and the reasons of losses."""
    made = make_template(TemplateField("F", "字", field.pop("type", "text"), "B", **field))
    mapped = apply_mapping(
        make_source_layer(F=np.array([value], dtype=object)), FieldMapping("T", {"F": "F"}), made, STANDARD
    )
    return mapped.frame["F"].iloc[0], [loss.reason for loss in mapped.losses]


@pytest.fixture(scope="module")
def survey_layer(tmp_path_factory):
    (read,) = read_source(write_survey(tmp_path_factory.mktemp("三调")))
    return read


def list_matched_sources(found):
    return {p.target_field: (p.source_field, p.matched_by) for p in found if p.source_field}


def test_survey_mapped_to_the_parcel_layer_keeps_row_count_area_and_values(survey_layer):
    assert survey_layer.encoding in ("GBK", "GB18030")
    mapped = apply_mapping(
        survey_layer, make_mapping_from_proposals("DLTB", propose_mapping(survey_layer, DLTB, STANDARD)), DLTB, STANDARD
    )
    assert [c for c in mapped.frame.columns if c != "geometry"] == [f.name for f in DLTB.fields]
    assert list(mapped.frame.index) == list(survey_layer.frame.index) and mapped.frame.crs == survey_layer.frame.crs
    assert shapely.equals_exact(mapped.frame.geometry.to_numpy(), survey_layer.frame.geometry.to_numpy(), 0).all()
    assert mapped.frame["TBMJ"].sum() == survey_layer.frame["TBMJ"].sum()
    assert mapped.frame["DLBM"].tolist() == [row[0] for row in SURVEY_ROWS]
    assert mapped.frame["SJNF"].tolist() == [2020] * 8 + [None, None]
    losses = {
        (loss.target_field, loss.value, loss.reason, loss.is_carried_over)
        for loss in mapped.losses
        if loss.fid is not None
    }
    assert losses == {
        ("SJNF", "二〇二〇", "number_unreadable", False),
        # A code that its list lacks stays unchanged and is reported.
        ("DLBM", "9999", "code_unknown", True),
    }
    assert mapped.unmapped_fields == ["数据来源说"]
    column, *values = [loss for loss in mapped.losses if loss.fid is None]
    assert (column.source_field, column.params["row_count"]) == ("数据来源说", 2)
    areas = survey_layer.frame.area / 1e4
    assert [(loss.value, loss.params["row_count"], loss.params["area_ha"]) for loss in values] == [
        ("坡地", 1, pytest.approx(areas.iloc[0])),
        ("油料", 1, pytest.approx(areas.iloc[5])),
    ]


def test_survey_land_use_codes_are_mapped_to_the_classes_of_2023(survey_layer):
    proposals = propose_mapping(survey_layer, XZYDYH, STANDARD)
    assert list_matched_sources(proposals)["YDYHFLDM"] == ("DLBM", "meaning")
    mapping = make_mapping_from_proposals("XZYDYH", proposals)
    assert mapping.translation_by_target == {"YDYHFLDM": CodeTranslation("sandiao", "code_2023")}
    mapped = apply_mapping(survey_layer, mapping, XZYDYH, STANDARD)
    assert len(mapped.frame) == len(SURVEY_ROWS)
    assert mapped.frame.area.sum() == survey_layer.frame.area.sum()
    codes = mapped.frame["YDYHFLDM"].tolist()
    assert codes == ["010300", "010300", "020100", "050700", "060100", None, None, None, None, None]
    # 0303 is 红树林地 in the survey but 灌木林地 in the other list: the name follows the translated code.
    assert mapped.frame["YDYHFLMC"].tolist()[:4] == ["旱地", "旱地", "果园", "红树林地"]
    lost = {
        loss.value: (loss.reason, loss.params.get("codes"), loss.key) for loss in mapped.losses if loss.fid is not None
    }
    assert lost == {
        "0204": ("code_many", "0205 0204", "140225000000000005"),
        "0701": ("code_many", "0701 0702", "140225000000000006"),
        "01": ("code_none", "", "140225000000000007"),
        "9999": ("code_unknown", None, "140225000000000008"),
    }
    assert mapped.unmapped_fields == ["DLMC", "SJNF", "数据来源说"]
    assert set(mapped.unfilled_fields) == {"YSDM", "XZQDM", "XZQMC", "TBDLMJ", "BZ"}


def test_user_decisions_of_a_mapping_are_saved_and_loaded(survey_layer, tmp_path):
    mapping = make_mapping_from_proposals("XZYDYH", propose_mapping(survey_layer, XZYDYH, STANDARD))
    mapping.translation_by_target["YDYHFLDM"].chosen_code_by_source.update(
        {"0204": "0205", "0701": "0701", "9999": "0103"}
    )
    mapping.constant_by_target.update(XZQDM="140225", XZQMC='浑源"县\\')
    file = tmp_path / "对应.toml"
    file.write_text(format_mapping_as_toml(mapping, XZYDYH), encoding="utf-8")
    loaded = load_mapping(file, XZYDYH, STANDARD)
    assert replace(loaded, path=None) == mapping
    mapped = apply_mapping(survey_layer, loaded, XZYDYH, STANDARD)
    assert mapped.frame["YDYHFLDM"].tolist()[5:9] == ["020500", "070100", None, "010300"]
    assert set(mapped.frame["XZQDM"]) == {"140225"}
    assert [loss.value for loss in mapped.losses if loss.fid is not None] == ["01"]


@pytest.mark.parametrize(
    ("source", "unit", "converted_value"),
    [("图斑面积亩", "mu", 5000.0), ("图斑面积(公顷)", "ha", 75000.0), ("MJ_mu", "mu", 5000.0), ("TBMJ", "", 7.5)],
)
def test_areas_are_converted_by_the_unit_in_the_name_of_their_column_and_the_saved_mapping(
    tmp_path, source, unit, converted_value
):
    layer = make_source_layer(**{source: ["7.5", "1", "9.128"]})
    area = DLTB.find_field_by_name("TBMJ")
    assert find_area_unit(source, area) == unit
    mapping = change_mapping(FieldMapping("DLTB", {}), DLTB, "TBMJ", source=source, unit=unit)
    (tmp_path / "a.toml").write_text(format_mapping_as_toml(mapping, DLTB), encoding="utf-8")
    mapped = apply_mapping(layer, load_mapping(tmp_path / "a.toml", DLTB, STANDARD), DLTB, STANDARD)
    factor = {"mu": Fraction(2000, 3), "ha": 10_000, "": 1}[unit]
    expected = [float(factor), float(factor * Fraction("9.128"))]
    # Converted areas have two decimals; others stay as they are.
    expected = [round(one, 2) for one in expected] if unit else expected
    assert mapped.frame["TBMJ"].tolist() == [converted_value, *expected]
    (tmp_path / "a.toml").write_text('role = "DLTB"\n[fields]\nDLBM = "a"\n[units]\nDLBM = "mu"\n', encoding="utf-8")
    with pytest.raises(DataError, match="units"):
        load_mapping(tmp_path / "a.toml", DLTB, STANDARD)


def test_every_loss_of_a_mapping_has_a_message_in_both_languages(survey_layer):
    for target in (DLTB, XZYDYH):
        mapped = apply_mapping(
            survey_layer,
            make_mapping_from_proposals(target.role, propose_mapping(survey_layer, target, STANDARD)),
            target,
            STANDARD,
        )
        for lang in ("zh", "en"):
            for loss in mapped.losses:
                text = Texts(lang).get(
                    "mapping", loss.reason, target=loss.target_field, source=loss.source_field, **loss.params
                )
                assert "{" not in text and (loss.target_field or loss.source_field) in text


def test_mapping_does_not_change_the_input_layer(survey_layer):
    before = survey_layer.frame.copy(deep=True)
    apply_mapping(
        survey_layer,
        make_mapping_from_proposals("XZYDYH", propose_mapping(survey_layer, XZYDYH, STANDARD)),
        XZYDYH,
        STANDARD,
    )
    assert survey_layer.frame.equals(before)


def test_field_names_cut_to_ten_bytes_and_aliases_are_matched():
    made = make_template(
        TemplateField("YJJBNTTBMJXX", "很长的名字", "real", "B"),
        TemplateField("ZLDWMC", "坐落单位名称", "text", "B"),
        TemplateField("QSDWMC", "权属单位名称", "text", "B"),
        TemplateField("TBBH", "图斑编号", "text", "B"),
    )
    rows = make_source_layer(YJJBNTTBMJ=[1.0], 坐落单=["a"], 权属单位名=["b"], 图斑编号=["c"], other=["d"])
    assert list_matched_sources(propose_mapping(rows, made, STANDARD)) == {
        "YJJBNTTBMJXX": ("YJJBNTTBMJ", "cut"),
        "ZLDWMC": ("坐落单", "cut"),
        "QSDWMC": ("权属单位名", "cut"),
        "TBBH": ("图斑编号", "alias"),
    }


def test_chinese_name_is_matched_with_the_only_alias_that_it_abbreviates():
    aliases = {
        "YJTBBH": "永农图斑编号", "TBBH": "图斑编号", "DLBM": "地类编码", "DLMC": "地类名称", "ZLDWDM": "坐落单位代码",
        "ZLDWMC": "坐落单位名称", "GHFQDM": "分区代码", "XZQDM": "区划代码",
    }  # fmt: skip
    template = make_template(*(TemplateField(name, alias, "text", "B") for name, alias in aliases.items()))
    values = {"图斑号": "1", "地类": "013", "坐落": "甲村", "区码": "1"}
    layer = make_source_layer(**{name: np.array([value], dtype=object) for name, value in values.items()})
    assert list_matched_sources(propose_mapping(layer, template, STANDARD)) == {
        "TBBH": ("图斑号", "alias"), "DLBM": ("地类", "alias"), "ZLDWMC": ("坐落", "alias"),
    }  # fmt: skip


@pytest.mark.parametrize(
    ("role", "column", "values", "target", "unit"),
    [
        ("YJJBNTBHTB", "地类", ["013", "0201K"], "DLBM", ""),
        ("YJJBNTBHTB", "地类代码", ["013"], "DLBM", ""),
        ("YJJBNTBHTB", "面积（亩）", [1.0], "YJJBNTTBMJ", "mu"),
        ("STBHHX", "面积ha", [1.0], "MJ", "ha"),
        ("STBHHX", "红线名称", ["水源涵养红线"], "LHLX", ""),
        ("CZKFBJ", "类型", ["集中"], "GHFQDM", ""),
        ("STBHHX", "面积亩+面积ha", [1.0], "", ""),
    ],
)
def test_usual_names_of_the_columns_of_counties_are_matched(role, column, values, target, unit):
    layer = make_source_layer(**{name: np.array(values, dtype=object) for name in column.split("+")})
    proposed = [p for p in propose_mapping(layer, STANDARD.templates[role], STANDARD) if p.source_field]
    assert [(one.target_field, one.unit) for one in proposed] == ([(target, unit)] if target else [])


def test_first_features_with_a_value_of_an_unused_column_are_listed():
    mapped = apply_mapping(make_source_layer(x=["a"] * 21 + ["b"]), FieldMapping("T", {}), make_template(), STANDARD)
    numbers = [loss.params["fids"] for loss in mapped.losses if loss.reason == "value_unmapped"]
    assert numbers == [" ".join(map(str, range(20))) + " …", "21"]


def test_ambiguous_cut_field_name_is_not_matched():
    made = make_template(
        TemplateField("GHFQDM", "规划分区代码", "text", "B"), TemplateField("GHFQMC", "规划分区名称", "text", "B")
    )
    assert not list_matched_sources(propose_mapping(make_source_layer(规划分=["x"]), made, STANDARD))


def test_field_names_in_another_letter_case_are_matched():
    assert list_matched_sources(propose_mapping(make_source_layer(bsm=["1"]), DLTB, STANDARD))["BSM"] == ("bsm", "name")


def test_field_is_matched_by_its_codes_unless_two_code_lists_fit():
    certain = make_source_layer(KIND=["0201K", "0602", "1006", "0101"], x=["a"] * 4)
    (found,) = [p for p in propose_mapping(certain, XZYDYH, STANDARD) if p.target_field == "YDYHFLDM"]
    assert (found.source_field, found.matched_by, found.translation.list_id) == ("KIND", "content", "sandiao")
    zones = make_source_layer(a=["100", "200", "410"], b=["x", "y", "z"])
    assert list_matched_sources(propose_mapping(zones, STANDARD.templates["GHFQ"], STANDARD))["GHFQDM"] == (
        "a",
        "content",
    )
    assert not list_matched_sources(propose_mapping(make_source_layer(a=["1", "2", "3"]), DLTB, STANDARD))
    both = make_source_layer(YDYHFLDM=["0101", "0301"])
    (found,) = [p for p in propose_mapping(both, XZYDYH, STANDARD) if p.target_field == "YDYHFLDM"]
    assert found.source_field == "YDYHFLDM" and not found.translation and not found.doubt_reason
    both = make_source_layer(用地用海分=["0101", "0301"])
    (found,) = [p for p in propose_mapping(both, XZYDYH, STANDARD) if p.target_field == "YDYHFLDM"]
    assert found.doubt_reason == "list_unsure" and not found.translation


def test_code_translation_from_survey_to_2023_classes_is_found_and_none_in_the_other_direction():
    lists = STANDARD.code_lists
    assert find_translation_column(lists["sandiao"], lists["land_use_2023"]) == "code_2023"
    assert find_translation_column(lists["land_use_2023"], lists["sandiao"]) == ""


@pytest.mark.parametrize(
    ("value", "field", "expected", "reasons"),
    [
        ("一二三", {"length": 3}, "一二三", []),
        ("一二三四", {"length": 3}, None, ["too_long"]),
        (2020.0, {"length": 4}, "2020", []),
        ("  ", {}, None, []),
        (None, {"type": "real"}, np.nan, []),
        ("12.5", {"type": "real"}, 12.5, []),
        ("12.5亩", {"type": "real"}, np.nan, ["number_unreadable"]),
        ("nan", {"type": "real"}, np.nan, ["number_unreadable"]),
        (123456, {"type": "real", "length": 8, "decimals": 2}, np.nan, ["too_long"]),
        (12345, {"type": "real", "length": 8, "decimals": 2}, 12345.0, []),
        ("140225000000000001", {"type": "integer"}, 140225000000000001, []),
        (2.5, {"type": "integer"}, None, ["not_whole"]),
        ("2020年3月1日", {"type": "date"}, datetime(2020, 3, 1), []),
        ("20200301", {"type": "date"}, datetime(2020, 3, 1), []),
        ("20200231", {"type": "date"}, None, ["date_unreadable"]),
        # Ambiguous dates: November or the 11th; 16 January or 6 November.
        ("202511", {"type": "date"}, None, ["date_unreadable"]),
        ("2025116", {"type": "date"}, None, ["date_unreadable"]),
        ("010100", {"codes": "land_use_2023", "code_pad": 6, "length": 6}, "010100", []),
        ("0101", {"codes": "land_use_2023", "code_pad": 6, "length": 6}, "010100", []),
        ("7777", {"codes": "land_use_2023", "code_pad": 6, "length": 6}, "7777", ["code_unknown"]),
        ("国有建设用地", {"codes": "land_use_2023", "code_pad": 6, "length": 5}, None, ["code_unknown_long"]),
    ],
)
def test_mapped_value_is_converted_or_lost_with_a_reason(value, field, expected, reasons):
    found, loss_reasons = map_value(value, **field)
    assert loss_reasons == reasons
    assert (found is expected or found == expected) or (found != found and (expected is None or expected != expected))


def test_mapping_refuses_shapes_of_another_geometry_type():
    with pytest.raises(InputError) as error:
        apply_mapping(make_source_layer(F=["x"]), FieldMapping("T", {}), make_template(geometry="line"), STANDARD)
    assert error.value.params["count"] == 1
    assert "源层" in Texts("zh").explain_error(error.value)


def test_empty_layers_and_fields_named_geometry_can_be_mapped():
    empty = replace(make_source_layer(F=["x"]), frame=make_source_layer(F=["x"]).frame.iloc[:0])
    assert (
        len(
            apply_mapping(
                empty, FieldMapping("T", {"F": "F"}), make_template(TemplateField("F", "", "text", "B")), STANDARD
            ).frame
        )
        == 0
    )
    made = make_template(TemplateField("geometry", "", "text", "B"))
    mapped = apply_mapping(make_source_layer(F=["x"]), FieldMapping("T", {"geometry": "F"}), made, STANDARD)
    assert mapped.frame["geometry"].tolist() == ["x"] and mapped.frame.geometry.name == "_geometry"


VALID_MAPPING_TEXT = '[fields]\nYDYHFLDM = "DLBM"\n'
INVALID_MAPPING_TEXTS = [
    ('role = "XZYDYH"\n[fields\n', "data_file_broken", None),
    (VALID_MAPPING_TEXT, "data_key_missing", "role"),
    (f'role = "DLTB"\n{VALID_MAPPING_TEXT}', "data_value_unknown", "role"),
    (f'role = "XZYDYH"\nname = "x"\n{VALID_MAPPING_TEXT}', "data_key_unknown", "name"),
    ('role = "XZYDYH"\n[fields]\nNOPE = "DLBM"\n', "data_key_unknown", "fields.NOPE"),
    ('role = "XZYDYH"\n[fields]\nBSM = 3\n', "data_value_kind", "fields.BSM"),
    ('role = "XZYDYH"\nfields = "x"\n', "data_value_kind", "fields"),
    (f'role = "XZYDYH"\n{VALID_MAPPING_TEXT}[constants]\nYDYHFLDM = "0101"\n', "data_duplicate", "constants.YDYHFLDM"),
    (
        f'role = "XZYDYH"\n{VALID_MAPPING_TEXT}[constants]\nXZQDM = "1402250000000"\n',
        "mapping_constant",
        "constants.XZQDM",
    ),
    (f'role = "XZYDYH"\n{VALID_MAPPING_TEXT}[constants]\nCZCSXM = "999"\n', "mapping_constant", "constants.CZCSXM"),
    (f'role = "XZYDYH"\n{VALID_MAPPING_TEXT}[codes.BSM]\n', "data_value_unknown", "codes"),
    (
        f'role = "XZYDYH"\n{VALID_MAPPING_TEXT}[codes.YDYHFLDM]\nlist = "sandiao"\n',
        "data_key_missing",
        "codes.YDYHFLDM.column",
    ),
    (
        f'role = "XZYDYH"\n{VALID_MAPPING_TEXT}[codes.YDYHFLDM]\nlist = "x"\ncolumn = "y"\n',
        "data_value_unknown",
        "codes.YDYHFLDM.list",
    ),
    (
        f'role = "XZYDYH"\n{VALID_MAPPING_TEXT}[codes.YDYHFLDM]\nlist = "sandiao"\ncolumn = "y"\n',
        "data_value_unknown",
        "codes.YDYHFLDM.column",
    ),
    (
        f'role = "XZYDYH"\n{VALID_MAPPING_TEXT}[codes.YDYHFLDM.choices]\n"0204" = "9"\n',
        "mapping_choice",
        "codes.YDYHFLDM.choices.0204",
    ),
]


@pytest.mark.parametrize(
    ("text", "key", "where"), INVALID_MAPPING_TEXTS, ids=[f"{k}-{w}" for _, k, w in INVALID_MAPPING_TEXTS]
)
def test_invalid_mapping_file_is_refused_with_file_and_key(text, key, where, tmp_path):
    file = tmp_path / "坏 对应.toml"
    file.write_text(text, encoding="utf-8")
    with pytest.raises(DataError) as error:
        load_mapping(file, XZYDYH, STANDARD)
    assert (error.value.key, error.value.params.get("key")) == (key, where)
    message = Texts("zh").explain_error(error.value)
    assert "坏 对应.toml" in message and (where or "") in message


@pytest.mark.parametrize(("name", "key"), [("没有.toml", "data_file_missing"), ("", "source_no_access")])
def test_missing_mapping_file_is_refused(name, key, tmp_path):
    with pytest.raises(SanxianError) as error:
        load_mapping(tmp_path / name, XZYDYH, STANDARD)
    assert error.value.key == key


def test_mapping_from_a_field_that_the_layer_lacks_is_refused(survey_layer, tmp_path):
    file = tmp_path / "对应.toml"
    file.write_text('role = "XZYDYH"\n[fields]\nBZ = "备注"\n', encoding="utf-8")
    with pytest.raises(InputError) as error:
        apply_mapping(survey_layer, load_mapping(file, XZYDYH, STANDARD), XZYDYH, STANDARD)
    message = Texts("zh").explain_error(error.value)
    assert all(word in message for word in ("对应.toml", "fields.BZ", "备注", "DLBM", survey_layer.name))


@pytest.fixture(params=["DLTB", "XZYDYH"])
def target_template(request):
    return STANDARD.templates[request.param]


def test_mapping_preview_counts_the_same_losses_as_the_mapping_run(survey_layer, target_template):
    mapping = make_mapping_from_proposals(
        target_template.role, propose_mapping(survey_layer, target_template, STANDARD)
    )
    mapped = apply_mapping(survey_layer, mapping, target_template, STANDARD)
    lost = Counter(loss.target_field for loss in mapped.losses if loss.fid is not None and not loss.is_carried_over)
    remarks = Counter(loss.target_field for loss in mapped.losses if loss.fid is not None and loss.is_carried_over)
    columns = SourceColumns(survey_layer)
    for target in target_template.fields:
        seen = preview_field(columns, mapping, target, target_template, STANDARD)
        assert (seen.lost_count, seen.remarked_count) == (lost[target.name], remarks[target.name]), target.name
        assert seen.filled_count == mapped.frame[target.name].notna().sum(), target.name
        assert len(seen.samples) <= MAX_SAMPLES


def test_mapping_preview_shows_examples_of_changed_and_lost_values(survey_layer):
    mapping = make_mapping_from_proposals("XZYDYH", propose_mapping(survey_layer, XZYDYH, STANDARD))
    code = preview_field(SourceColumns(survey_layer), mapping, XZYDYH.find_field_by_name("YDYHFLDM"), XZYDYH, STANDARD)
    assert [(s.source_value, s.converted_value, s.reason, s.row_count) for s in code.samples][:2] == [
        ("0103", "010300", "", 2),
        ("0204", "", "code_many", 1),
    ]
    name = preview_field(SourceColumns(survey_layer), mapping, XZYDYH.find_field_by_name("YDYHFLMC"), XZYDYH, STANDARD)
    assert ("0103", "旱地") in [(s.source_value, s.converted_value) for s in name.samples] and name.lost_count == 0


def test_mapping_preview_counts_names_of_known_codes_only(survey_layer):
    mapping = make_mapping_from_proposals("XZYDYH", propose_mapping(survey_layer, XZYDYH, STANDARD))
    kept = change_mapping(mapping, XZYDYH, "YDYHFLDM", source="DLBM")
    columns = SourceColumns(survey_layer)
    code, name = (
        preview_field(columns, kept, XZYDYH.find_field_by_name(one), XZYDYH, STANDARD)
        for one in ("YDYHFLDM", "YDYHFLMC")
    )
    mapped = apply_mapping(survey_layer, kept, XZYDYH, STANDARD)
    assert name.filled_count == mapped.frame["YDYHFLMC"].notna().sum() < code.filled_count


def test_codes_decided_by_the_user_are_translated_in_the_preview(survey_layer):
    mapping = make_mapping_from_proposals("XZYDYH", propose_mapping(survey_layer, XZYDYH, STANDARD))
    target, columns = XZYDYH.find_field_by_name("YDYHFLDM"), SourceColumns(survey_layer)
    open_codes = {u.code: u for u in find_undecided_codes(columns, mapping, target, XZYDYH, STANDARD)}
    assert set(open_codes) == {"0204", "0701", "01", "9999"}
    assert open_codes["0204"].candidate_codes == ("0205", "0204") and open_codes["0204"].name == "其他园地"
    assert open_codes["9999"].candidate_codes == () and open_codes["9999"].name == ""
    decided = replace(mapping.translation_by_target["YDYHFLDM"], chosen_code_by_source={"0204": "0205", "9999": "0103"})
    after = change_mapping(mapping, XZYDYH, "YDYHFLDM", source="DLBM", translation=decided)
    assert preview_field(columns, after, target, XZYDYH, STANDARD).lost_count == 2
    chosen = {u.code: u.chosen_code for u in find_undecided_codes(columns, after, target, XZYDYH, STANDARD)}
    assert chosen == {"0204": "0205", "0701": "", "01": "", "9999": "0103"}
    assert apply_mapping(survey_layer, after, XZYDYH, STANDARD).frame["YDYHFLDM"].tolist()[5] == "020500"


def test_foreign_words_become_codes_by_name_and_the_others_are_listed_with_rows_and_areas():
    layer = make_source_layer(地类=np.array(["水田", "旱地", "水田", "梯田", "0102"], dtype=object))
    proposals = {one.target_field: one for one in propose_mapping(layer, DLTB, STANDARD)}
    # 地类 is a short form of 地类名称, whose names give the codes.
    assert (proposals["DLBM"].source_field, proposals["DLMC"].source_field) == ("地类", "")
    assert proposals["DLBM"].translation == CodeTranslation(chosen_code_by_source={"旱地": "0103", "水田": "0101"})
    target, columns = DLTB.find_field_by_name("DLBM"), SourceColumns(layer)
    renamed = make_source_layer(DLBM=layer.frame["地类"].to_numpy())
    (proposal,) = [one for one in propose_mapping(renamed, DLTB, STANDARD) if one.source_field]
    assert proposal.translation == CodeTranslation(chosen_code_by_source={"旱地": "0103", "水田": "0101"})
    mapping = change_mapping(
        make_mapping_from_proposals("DLTB", []), DLTB, "DLBM", source="地类", translation=proposal.translation
    )
    listed = find_undecided_codes(columns, mapping, target, DLTB, STANDARD)
    assert [(row.code, row.row_count, row.chosen_code) for row in listed] == [
        ("水田", 2, "0101"), ("旱地", 1, "0103"), ("梯田", 1, ""),
    ]  # fmt: skip
    assert [row.area_ha for row in listed] == [0.0002, 0.0001, 0.0001] and listed[0].candidate_codes == ("0101",)
    assert apply_mapping(layer, mapping, DLTB, STANDARD).frame["DLBM"].tolist()[:3] == ["0101", "0103", "0101"]
    without = replace(mapping, translation_by_target={})
    assert [row.chosen_code for row in find_undecided_codes(columns, without, target, DLTB, STANDARD)] == ["", "", ""]


def test_a_name_longer_than_the_code_field_can_be_given_a_code():
    """规划分区代码 has three characters; names of zones are longer."""
    boundary = STANDARD.templates["CZKFBJ"]
    layer = make_source_layer(类型=np.array(["集中建设区", "弹性区", "集中建设区"], dtype=object))
    mapping = change_mapping(make_mapping_from_proposals("CZKFBJ", []), boundary, "GHFQDM", source="类型")
    target, columns = boundary.find_field_by_name("GHFQDM"), SourceColumns(layer)
    listed = {one.code: one for one in find_undecided_codes(columns, mapping, target, boundary, STANDARD)}
    assert {name: (one.row_count, one.is_kept) for name, one in listed.items()} == {
        "集中建设区": (2, False),
        "弹性区": (1, True),
    }
    assert "410" in listed["集中建设区"].candidate_codes
    decided = CodeTranslation(chosen_code_by_source={"集中建设区": "410", "弹性区": "420"})
    mapping = change_mapping(mapping, boundary, "GHFQDM", source="类型", translation=decided)
    assert apply_mapping(layer, mapping, boundary, STANDARD).frame["GHFQDM"].tolist() == ["410", "420", "410"]


def test_invalid_constant_value_is_lost_in_every_row(survey_layer):
    mapping = change_mapping(make_mapping_from_proposals("XZYDYH", []), XZYDYH, "XZQDM", constant="1" * 99)
    seen = preview_field(SourceColumns(survey_layer), mapping, XZYDYH.find_field_by_name("XZQDM"), XZYDYH, STANDARD)
    assert (seen.filled_count, seen.lost_count) == (0, len(SURVEY_ROWS)) and seen.samples[0].reason == "too_long"


def test_translations_are_offered_only_for_fields_with_a_translatable_code_list():
    assert find_possible_code_translations(XZYDYH.find_field_by_name("YDYHFLDM"), STANDARD) == [
        CodeTranslation("sandiao", "code_2023")
    ]
    assert (
        find_possible_code_translations(XZYDYH.find_field_by_name("BSM"), STANDARD)
        == find_possible_code_translations(DLTB.find_field_by_name("DLBM"), STANDARD)
        == []
    )


COUNTY_STANDARD = load_standard()
FARMLAND_TEMPLATE = COUNTY_STANDARD.templates["YJJBNTBHTB"]
#: Name, ID number, telephone and address of the persons responsible (永农数据库标准).
PERSONAL_FIELDS = ("CFZR", "ZZRR", "ZRRZJHM", "ZRRMC", "LXDH", "JZDZ")


def test_standard_lists_its_personal_fields_by_layer():
    found = {
        role: tuple(f.name for f in template.personal_fields)
        for role, template in COUNTY_STANDARD.templates.items()
        if template.personal_fields
    }
    assert found == {"YJJBNTBHTB": PERSONAL_FIELDS, "YJJBNTTB": PERSONAL_FIELDS}


def test_every_template_field_about_persons_is_marked_personal():
    """Search all templates by Chinese field names, so that new templates are included."""
    for role, template in COUNTY_STANDARD.templates.items():
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
