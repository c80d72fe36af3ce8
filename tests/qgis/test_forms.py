# SPDX-License-Identifier: GPL-2.0-or-later
"""Test layer forms: default values of drawn features, and refused values.

A drawn feature gets feature number (BSM), area and names. A refused value shows the reason.
"""

import sys

import pytest
import shapely
from qgis.core import (
    NULL,
    Qgis,
    QgsCompoundCurve,
    QgsExpression,
    QgsFeature,
    QgsFieldConstraints,
    QgsGeometry,
    QgsLayerNotesUtils,
    QgsLineString,
    QgsPoint,
    QgsProject,
    QgsVectorFileWriter,
    QgsVectorLayer,
    QgsVectorLayerUtils,
    edit,
)
from qgis.PyQt.QtCore import QDate

from plugin.core.standard import list_standard_ids, load_standard
from plugin.core.standard.profile import Norm, load_profile
from tests.county import measure
from tests.parametrize import first_daily
from tests.qgis.helpers import X, Y, draw_feature, make_square

HARD_CONSTRAINT = QgsFieldConstraints.ConstraintStrength.ConstraintStrengthHard
NORM = Norm(load_standard(), load_profile("hunyuan"))
FIRST_NUMBER = "140225000000000001"
GEOMETRY_TYPES = {"polygon": "Polygon", "line": "LineString", "point": "Point"}
QGIS_FIELD_TYPES = {"text": "string", "integer": "integer", "real": "double", "date": "date"}


def make_memory_layer(role, norm=NORM, crs="EPSG:4526"):
    template = norm.standard.templates[role]
    fields = "".join(
        f"&field={f.name}:{QGIS_FIELD_TYPES[f.type]}({f.length or 0},{f.decimals or 0})" for f in template.fields
    )
    return QgsVectorLayer(f"{GEOMETRY_TYPES[template.geometry]}?crs={crs}{fields}", template.name, "memory")


def write_empty_layer(role, path, driver):
    options = QgsVectorFileWriter.SaveVectorOptions()
    options.driverName, options.layerName = driver, role
    context = QgsProject.instance().transformContext()
    error, message, *_ = QgsVectorFileWriter.writeAsVectorFormatV3(make_memory_layer(role), str(path), context, options)
    assert error == QgsVectorFileWriter.WriterError.NoError, message
    return QgsVectorLayer(f"{path}|layername={role}", role, "ogr")


def apply_form(layer, role, norm=NORM):
    from plugin.bridge.editing.attribute_forms import apply_template_form

    apply_template_form(layer, norm.standard.templates[role], norm)
    QgsProject.instance().addMapLayer(layer)
    return layer


def list_placed_fields(layer):
    """Return the fields that a layer's form shows in any section."""
    kind = Qgis.AttributeEditorType.Field
    return [field.name() for tab in layer.editFormConfig().tabs() for field in tab.findElements(kind)]


def validate_field(layer, feature, field):
    """Return whether a feature's field is valid, and its error messages."""
    index = layer.fields().lookupField(field)
    return QgsVectorLayerUtils.validateAttribute(layer, feature, index, HARD_CONSTRAINT)


def measure_area(shape):
    """Return the statutory area (m²) of a shape, as the area field stores it."""
    return round(float(measure.statutory_area([shape])[0]), 2)


@pytest.fixture(params=first_daily(["GPKG", "memory", "OpenFileGDB"]))
def layer(request, functions, tmp_path):
    if request.param == "memory":
        return apply_form(make_memory_layer("CZKFBJ"), "CZKFBJ")
    suffix = {"GPKG": "gpkg", "OpenFileGDB": "gdb"}[request.param]
    return apply_form(write_empty_layer("CZKFBJ", tmp_path / f"县 库.{suffix}", request.param), "CZKFBJ")


def test_drawn_polygon_gets_identifier_area_and_code_names_by_default(layer):
    shape = shapely.Polygon([(X, Y), (X + 812.3, Y + 20), (X + 700, Y + 633.7), (X + 10, Y + 500)])
    layer.startEditing()
    drawn = draw_feature(layer, shape, GHFQDM="410")
    assert drawn["BSM"] == FIRST_NUMBER
    assert drawn["MJ"] == pytest.approx(measure_area(shape), abs=0.01)
    assert drawn["GHFQMC"] == "城镇集中建设区"
    assert (drawn["XZQDM"], drawn["XZQMC"]) == ("140225", "浑源县")
    assert draw_feature(layer, make_square(2000, 0), GHFQDM="430")["BSM"] == "140225000000000002"
    refused = {f.name(): validate_field(layer, drawn, f.name())[1] for f in layer.fields()}
    assert not any(refused.values()), refused
    assert layer.commitChanges(), layer.commitErrors()
    saved = {f["BSM"]: f for f in layer.getFeatures()}
    assert saved[FIRST_NUMBER]["GHFQMC"] == "城镇集中建设区"
    assert saved[FIRST_NUMBER]["MJ"] == pytest.approx(measure_area(shape), abs=0.01)


def test_area_and_name_fields_update_after_every_edit(layer):
    with edit(layer):
        draw_feature(layer, make_square(0, 0), GHFQDM="410")
    (fid,) = layer.allFeatureIds()
    layer.startEditing()
    layer.changeGeometry(fid, QgsGeometry.fromWkt(make_square(0, 0, 300, 77).wkt))
    assert layer.getFeature(fid)["MJ"] == pytest.approx(measure_area(make_square(0, 0, 300, 77)), abs=0.01)
    layer.moveVertex(X + 400, Y, fid, 1)
    moved = shapely.from_wkt(layer.getFeature(fid).geometry().asWkt(9))
    assert layer.getFeature(fid)["MJ"] == pytest.approx(measure_area(moved), abs=0.01)
    layer.changeAttributeValue(fid, layer.fields().lookupField("GHFQDM"), "420")
    assert layer.getFeature(fid)["GHFQMC"] == "城镇弹性发展区"
    assert layer.getFeature(fid)["BSM"] == FIRST_NUMBER, "a number stays with its feature"
    layer.rollBack()


def test_editing_without_the_plugin_keeps_number_area_and_name(layer, functions):
    with edit(layer):
        draw_feature(layer, make_square(0, 0), GHFQDM="410")
    functions.unregister()
    (fid,) = layer.allFeatureIds()
    with edit(layer):
        layer.changeGeometry(fid, QgsGeometry.fromWkt(make_square(0, 0, 300, 77).wkt))
        layer.changeAttributeValue(fid, layer.fields().lookupField("XZQMC"), "某县")
    kept = layer.getFeature(fid)
    assert (kept["BSM"], kept["MJ"], kept["GHFQMC"]) == (
        FIRST_NUMBER,
        measure_area(make_square(0, 0)),
        "城镇集中建设区",
    )
    functions.register()


def test_form_constraint_refuses_a_code_outside_the_list_and_names_the_reason(layer):
    layer.startEditing()
    drawn = draw_feature(layer, make_square(0, 0), GHFQDM="410")
    drawn["GHFQDM"] = "999"
    valid, errors = validate_field(layer, drawn, "GHFQDM")
    named = ("城镇开发边界 CZKFBJ", "规划分区代码 GHFQDM", "规划分区代码表", "下拉表")
    assert not valid and all(word in " ".join(errors) for word in named), errors
    for blank in (NULL, "", "  "):
        drawn["GHFQDM"] = blank
        valid, errors = validate_field(layer, drawn, "GHFQDM")
        assert not valid and "必填" in " ".join(errors), blank
    for wrong in (NULL, "17", "1402250000000000011"):
        drawn["BSM"] = wrong
        valid, errors = validate_field(layer, drawn, "BSM")
        assert not valid and "18 个字符" in " ".join(errors)
    drawn["XZQMC"] = "县" * 101
    assert not validate_field(layer, drawn, "XZQMC")[0]


def test_code_list_of_a_layer_offers_and_accepts_only_codes_of_that_layer(functions):
    def list_offered_codes(role, name):
        layer = apply_form(make_memory_layer(role), role)
        setup = layer.editorWidgetSetup(layer.fields().lookupField(name))
        return layer, {next(iter(row.values())) for row in setup.config()["map"][1:]}

    layer, boundary = list_offered_codes("CZKFBJ", "GHFQDM")
    assert {"410", "411", "420", "430"} <= boundary and not {"100", "300", "400", "510"} & boundary
    drawn = QgsFeature(layer.fields())
    for code, valid in (("300", False), ("999", False), ("430", True)):
        drawn["GHFQDM"] = code
        assert validate_field(layer, drawn, "GHFQDM")[0] is valid, code
    assert list_offered_codes("HLFXKZX", "LX")[1] == {"20", "21", "22", "23", "24"}
    assert list_offered_codes("KCZYKCBHX", "LX")[1] == {"10", "11", "12"}
    assert {"100", "300", "410", "411", "510"} <= list_offered_codes("ZXCQGHFQ", "GHFQDM")[1]
    assert not {"400", "500", "600"} & list_offered_codes("ZXCQGHFQ", "GHFQDM")[1]
    assert {"100", "400", "410", "600"} <= list_offered_codes("YDYHGHFQ", "GHFQDM")[1]


@pytest.mark.parametrize(
    ("field", "right", "wrong", "word"),
    [
        ("SJNF", [NULL, 1949, 2020], [20, 1020, 2999], "1949"),
        ("KCXS", [NULL, 0.0, 0.25], [-0.1, 1.0, 25.0], "小于 1"),
        ("YJJBNTMJ", [NULL, 0.0, 1234.5], [-1.0], "不小于 0"),
        ("GDDB", [NULL, 0, 12], [-3], "不小于 0"),
        ("BHKSSJ", [NULL, QDate(2025, 10, 1)], [QDate(1900, 1, 1), QDate(2999, 1, 1)], "不晚于今天"),
        ("BHJSSJ", [NULL, QDate(2025, 10, 1), QDate(2999, 1, 1)], [QDate(2025, 9, 30)], "保护开始时间"),
    ],
)
def test_form_constraint_refuses_numbers_and_dates_out_of_range_with_the_reason(functions, field, right, wrong, word):
    layer = apply_form(make_memory_layer("YJJBNTBHTB"), "YJJBNTBHTB")
    drawn = QgsFeature(layer.fields())
    if field == "BHJSSJ":
        drawn["BHKSSJ"] = QDate(2025, 10, 1)
    for value in right:
        drawn[field] = value
        assert validate_field(layer, drawn, field) == (True, []), value
    for value in wrong:
        drawn[field] = value
        valid, errors = validate_field(layer, drawn, field)
        assert not valid and word in " ".join(errors) and field in " ".join(errors), value


def test_form_constraint_validates_dates_stored_as_text(functions):
    layer = QgsVectorLayer("Polygon?crs=EPSG:4526&field=BHKSSJ:string(8)", "农田", "memory")
    apply_form(layer, "YJJBNTBHTB")
    drawn = QgsFeature(layer.fields())
    for value, valid in ((NULL, True), ("", True), ("20251001", True), ("20250230", False), ("去年", False)):
        drawn["BHKSSJ"] = value
        assert validate_field(layer, drawn, "BHKSSJ")[0] is valid, value


def test_form_constraint_refuses_a_required_text_of_blanks(functions):
    layer = apply_form(make_memory_layer("ZXCQGHFQ"), "ZXCQGHFQ")
    drawn = QgsFeature(layer.fields())
    for value, valid in ((NULL, False), ("", False), (" ", False), ("控制建设强度", True)):
        drawn["GKZY"] = value
        assert validate_field(layer, drawn, "GKZY")[0] is valid, value


def test_form_constraint_refuses_a_duplicate_feature_number(layer):
    layer.startEditing()
    draw_feature(layer, make_square(0, 0))
    other = draw_feature(layer, make_square(500, 0))
    assert validate_field(layer, other, "BSM")[0]
    other["BSM"] = FIRST_NUMBER
    assert not validate_field(layer, other, "BSM")[0]


def test_feature_form_disables_ok_and_shows_the_reason_for_a_wrong_code(layer):
    """Open the form and enter a wrong code."""
    from qgis.gui import QgsAttributeForm, QgsGui
    from qgis.PyQt.QtWidgets import QDialogButtonBox, QLabel

    if not QgsGui.editorWidgetRegistry().factories():
        QgsGui.editorWidgetRegistry().initEditors()
    layer.startEditing()
    drawn = draw_feature(layer, make_square(0, 0), GHFQDM="410")
    form = QgsAttributeForm(layer, layer.getFeature(drawn.id()))
    ok = form.findChild(QDialogButtonBox).button(QDialogButtonBox.StandardButton.Ok)
    form.changeAttribute("GHFQDM", "420")
    assert ok.isEnabled() and form.save()
    assert layer.getFeature(drawn.id())["GHFQMC"] == "城镇弹性发展区"
    form.changeAttribute("GHFQDM", "999")
    assert not ok.isEnabled()
    assert any("请从下拉表中选择" in label.toolTip() for label in form.findChildren(QLabel))
    form.deleteLater()


def test_deleting_the_feature_with_the_highest_number_does_not_free_the_number(layer):
    with edit(layer):
        for n in range(3):
            draw_feature(layer, make_square(500 * n, 0))
    highest = max(layer.getFeatures(), key=lambda f: f["BSM"])
    assert highest["BSM"].endswith("003")
    with edit(layer):
        layer.deleteFeature(highest.id())
    layer.startEditing()
    assert draw_feature(layer, make_square(0, 500))["BSM"].endswith("004")
    layer.deleteFeature(max(layer.getFeatures(), key=lambda f: f["BSM"]).id())
    assert draw_feature(layer, make_square(0, 900))["BSM"].endswith("005")


def test_split_and_copied_features_get_new_numbers_and_areas(layer):
    layer.startEditing()
    draw_feature(layer, make_square(0, 0), GHFQDM="410")
    layer.selectAll()
    cut = QgsCompoundCurve()
    cut.addCurve(QgsLineString([QgsPoint(X + 30, Y - 50), QgsPoint(X + 30, Y + 500)]))
    assert layer.splitFeatures(cut, False, False)[0] == Qgis.GeometryOperationResult.Success
    pieces = sorted(layer.getFeatures(), key=lambda f: f["BSM"])
    assert [p["BSM"][-2:] for p in pieces] == ["01", "02"]
    for piece in pieces:
        assert piece["MJ"] == pytest.approx(measure_area(shapely.from_wkt(piece.geometry().asWkt(9))), abs=0.01)
        assert piece["GHFQMC"] == "城镇集中建设区"
    copied, _ = QgsVectorLayerUtils.duplicateFeature(layer, pieces[0], QgsProject.instance(), 0)
    assert copied["BSM"][-2:] == "03"


def test_forms_show_codes_with_names_indented_by_level(functions):
    from plugin.bridge.editing.attribute_forms import list_code_choices

    layer = apply_form(make_memory_layer("XZYDYH"), "XZYDYH")
    setup = layer.editorWidgetSetup(layer.fields().lookupField("YDYHFLDM"))
    assert setup.type() == "ValueMap"
    shown = [next(iter(row.items())) for row in setup.config()["map"]]
    assert shown[0][0] == "（空）"
    assert ("010000 耕地", "010000") in shown and ("\u3000010300 旱地", "010300") in shown
    labels = [label for label, _ in shown]
    assert labels.index("010000 耕地") < labels.index("\u3000010300 旱地") < labels.index("020000 园地")
    assert len(set(labels)) == len(labels)
    for name, codes in NORM.standard.code_lists.items():
        assert {code for _, code in list_code_choices(codes)} == set(codes.entry_by_code), name
    layer.startEditing()
    assert draw_feature(layer, make_square(0, 0), YDYHFLDM="010300")["YDYHFLMC"] == "旱地"


def test_layer_forms_have_sections_aliases_and_read_only_fields(functions):
    layer = apply_form(make_memory_layer("YJJBNTBHTB"), "YJJBNTBHTB")
    tabs = layer.editFormConfig().tabs()
    assert [tab.name() for tab in tabs] == ["属性", "面积", "其他"]
    assert sorted(list_placed_fields(layer)) == sorted(layer.fields().names())
    assert [box.name() for box in tabs[0].children()] == ["标识", "属性"], "number and name above what is filled in"
    where = {child.name(): one.name() for one in (*tabs[0].children(), *tabs[1:]) for child in one.children()}
    assert where["BSM"] == "标识" and where["DLBM"] == "属性" and where["LXDH"] == "其他"
    assert layer.attributeAlias(layer.fields().lookupField("DLBM")) == "地类编码"
    config = layer.editFormConfig()
    assert config.readOnly(layer.fields().lookupField("BSM")) and config.readOnly(layer.fields().lookupField("DLMC"))
    assert not config.readOnly(layer.fields().lookupField("DLBM"))
    assert layer.editorWidgetSetup(layer.fields().lookupField("BHKSSJ")).type() == "DateTime"


def test_drawn_township_does_not_get_the_name_of_the_county(functions):
    layer = apply_form(make_memory_layer("XZQXZ"), "XZQXZ")
    layer.startEditing()
    drawn = draw_feature(layer, make_square(0, 0))
    assert drawn["XZQDM"] == NULL and drawn["BSM"] == FIRST_NUMBER
    layer.rollBack()


def test_county_code_of_a_new_number_is_read_from_existing_numbers_without_a_profile(functions):
    norm = Norm(load_standard(), load_profile())
    layer = apply_form(make_memory_layer("CZKFBJ", norm), "CZKFBJ", norm)
    layer.startEditing()
    drawn = draw_feature(layer, make_square(0, 0))
    assert drawn["BSM"] == NULL and not validate_field(layer, drawn, "BSM")[0]
    known = QgsFeature(layer.fields())
    known["BSM"] = "140226000000000008"
    layer.addFeature(known)
    layer.rollBack()
    layer.dataProvider().addFeatures([known])
    layer.startEditing()
    assert draw_feature(layer, make_square(0, 0))["BSM"] == "140226000000000009"


def test_drawn_feature_gets_the_county_stored_with_its_layer_if_the_profile_names_none(functions):
    norm = Norm(load_standard(), load_profile("shanxi"))
    layer = make_memory_layer("CZKFBJ", norm)
    layer.setCustomProperty("sanxian/county", "610724")
    layer.setCustomProperty("sanxian/county_name", "西乡县")
    apply_form(layer, "CZKFBJ", norm)
    layer.startEditing()
    drawn = draw_feature(layer, make_square(0, 0))
    assert (drawn["BSM"], drawn["XZQDM"], drawn["XZQMC"]) == ("610724000000000001", "610724", "西乡县")
    # The county list takes precedence, and the profile of a county applies to that county only.
    apply_form(layer, "CZKFBJ")
    assert draw_feature(layer, make_square(500, 0))["XZQMC"] == "浑源县"
    layer.rollBack()


def test_feature_drawn_in_the_sample_county_gets_valid_default_values(functions, project, tmp_path):
    from plugin.bridge.layers.properties import get_assigned_role
    from plugin.bridge.new_project import sample

    layers = {get_assigned_role(one): one for one in sample.load_sample(project, sample.copy_sample(tmp_path))}
    boundary = layers["CZKFBJ"]
    # All layers of the database share one running number.
    taken = {f["BSM"] for one in layers.values() for f in one.getFeatures() if f["BSM"]}
    boundary.startEditing()
    drawn = draw_feature(boundary, make_square(0, 0), GHFQDM="410")
    assert drawn["BSM"] == f"{int(max(taken)) + 1}" and drawn["XZQMC"] == "浑源县"
    assert drawn["MJ"] == measure_area(make_square(0, 0))
    boundary.rollBack()
    parcels = layers["DLTB"]
    assert parcels.editFormConfig().tabs()[0].children()[0].name() == "标识"
    assert parcels.attributeAlias(parcels.fields().lookupField("CZCSXM")) == "城镇村属性码"


def test_sample_opens_with_plain_forms_if_the_libraries_are_missing(functions, project, tmp_path, monkeypatch):
    from plugin.bridge.new_project import sample

    monkeypatch.setitem(sys.modules, "plugin.core.standard.profile", None)
    layers = sample.load_sample(project, sample.copy_sample(tmp_path))
    plain = Qgis.AttributeFormLayout.AutoGenerated
    assert len(layers) > 5 and {layer.editFormConfig().layout() for layer in layers} == {plain}


def test_apply_to_project_applies_forms_to_recognised_layers_only(functions, project):
    from plugin.bridge.editing.attribute_forms import apply_forms_to_project

    boundary, other = make_memory_layer("CZKFBJ"), make_memory_layer("DLTB")
    project.addMapLayers([boundary, other])
    roles = {"CZKFBJ": boundary.id(), "STBHHX": "gone meanwhile", "NO_SUCH": other.id()}
    assert apply_forms_to_project(project, roles, NORM) == ["城镇开发边界"]
    assert boundary.editFormConfig().layout() == Qgis.AttributeFormLayout.DragAndDrop
    assert other.editFormConfig().layout() == Qgis.AttributeFormLayout.AutoGenerated


@pytest.mark.parametrize("name", list_standard_ids())
def test_every_layer_template_of_every_standard_gives_a_valid_form(functions, name):
    """Build the form of every layer of every standard.

    Every expression must be valid, every field placed, and a drawn feature must be saved.
    """
    norm = Norm(load_standard(name), load_profile("hunyuan"))
    for role, template in norm.standard.templates.items():
        layer = make_memory_layer(role, norm)
        assert layer.isValid(), role
        apply_form(layer, role, norm)
        for index in range(layer.fields().count()):
            default = layer.defaultValueDefinition(index).expression()
            inner = QgsExpression(default.partition("eval(")[2].rpartition("),")[0] or "NULL").evaluate()
            assert not inner or not QgsExpression(inner).hasParserError(), (role, inner)
            for text in (layer.constraintExpression(index), layer.defaultValueDefinition(index).expression()):
                assert not text or not QgsExpression(text).hasParserError(), (role, text)
        assert sorted(list_placed_fields(layer)) == sorted(layer.fields().names()), role
        if template.geometry == "polygon" and template.find_field("key"):
            layer.startEditing()
            drawn = draw_feature(layer, make_square(0, 0))
            assert drawn["BSM"] == FIRST_NUMBER, role
            measured = template.find_field("area")
            assert measured is None or drawn[measured.name] == measure_area(make_square(0, 0)), role
        QgsProject.instance().removeMapLayer(layer)


def test_notes_describe_the_layer_and_those_of_the_user_stay(project):
    layer = make_memory_layer("CZKFBJ")
    apply_form(layer, "CZKFBJ")
    notes = QgsLayerNotesUtils.layerNotes(layer)
    assert notes.startswith("<p>") and "城镇开发边界 CZKFBJ" in notes and "图层内重叠 不允许" in notes
    QgsLayerNotesUtils.setLayerNotes(layer, "<p>2026-11 由测绘院提供</p>")
    apply_form(layer, "CZKFBJ")
    assert QgsLayerNotesUtils.layerNotes(layer) == "<p>2026-11 由测绘院提供</p>"
