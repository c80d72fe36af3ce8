# SPDX-License-Identifier: GPL-2.0-or-later
"""Declared checks in QGIS: constraints of forms, and the algorithm `declared_checks`."""

import json

import pytest
from qgis.core import QgsFeature, QgsFieldConstraints, QgsProcessingException, QgsProject, QgsVectorLayerUtils

from plugin.core.standard import declared_reader, load_standard
from plugin.core.standard.options import RunOptions
from plugin.core.standard.profile import Norm, load_profile
from tests.core.standard.declared_check_files import CHECK_START, load_norm
from tests.core.standard.test_declared_operators import CASES
from tests.parametrize import first_daily
from tests.qgis import live_helpers
from tests.qgis.helpers import SAMPLE, run_algorithm
from tests.qgis.live_helpers import MODES
from tests.qgis.test_forms import apply_form, make_memory_layer

SOFT = QgsFieldConstraints.ConstraintStrength.ConstraintStrengthSoft
HARD = QgsFieldConstraints.ConstraintStrength.ConstraintStrengthHard
EXPRESSION = QgsFieldConstraints.Constraint.ConstraintExpression
ZHEJIANG = Norm(load_standard(), load_profile("zhejiang"))


def make_feature(layer, **values):
    feature = QgsFeature(layer.fields())
    for name, value in values.items():
        feature[name] = value
    return feature


def is_accepted(layer, feature, field, strength=SOFT):
    index = layer.fields().lookupField(field)
    return QgsVectorLayerUtils.validateAttribute(layer, feature, index, strength)


# --- forms
@pytest.mark.parametrize("layer_code, condition, broken, fulfilled", [c for c in CASES if "unique" not in c[1]])
def test_constraint_of_a_form_agrees_with_the_check_for_every_operator(
    functions, tmp_path, monkeypatch, layer_code, condition, broken, fulfilled
):
    from qgis.core import QgsExpression, QgsExpressionContext, QgsExpressionContextUtils

    from plugin.bridge.editing.check_constraints import make_check_constraints
    from plugin.core.standard.messages.texts import Texts

    monkeypatch.setattr(declared_reader, "_judge_examples", lambda *arguments: None)
    text = f"{CHECK_START.replace('CZKFBJ', layer_code)}must = [{condition}]\nfound = [{{}}]\npassed = [{{}}]\n"
    norm = load_norm(tmp_path, text)
    counties = apply_form(make_memory_layer("XZQX"), "XZQX")
    counties.dataProvider().addFeatures([make_feature(counties, XZQDM="140225")])
    # All fields are texts, so that every value of the cases can be stored.
    from qgis.core import QgsVectorLayer

    field = condition.split('"')[1]
    layer = QgsVectorLayer(f"Polygon?crs=EPSG:4526&field={field}:string(50)", layer_code, "memory")
    (constraint,) = make_check_constraints(layer, layer_code, field, norm, Texts("zh"))
    expression = QgsExpression(constraint.expression)
    assert not expression.hasParserError(), expression.parserErrorString()
    for value in (*broken, *fulfilled, *([None] if "" in fulfilled else [])):
        feature = make_feature(layer, **{field: value})
        context = QgsExpressionContext(QgsExpressionContextUtils.globalProjectLayerScopes(layer))
        context.setFeature(feature)
        result = expression.evaluate(context)
        assert not expression.hasEvalError(), expression.evalErrorString()
        assert bool(result) == (value not in broken), (value, constraint.expression)


def test_form_warns_of_the_shipped_checks_and_does_not_prevent_saving(functions):
    counties = apply_form(make_memory_layer("XZQX", ZHEJIANG), "XZQX", ZHEJIANG)
    counties.dataProvider().addFeatures([make_feature(counties, XZQDM="330122")])
    farmland = apply_form(make_memory_layer("YJJBNTBHTB", ZHEJIANG), "YJJBNTBHTB", ZHEJIANG)
    boundary = apply_form(make_memory_layer("CZKFBJ", ZHEJIANG), "CZKFBJ", ZHEJIANG)
    # if-then
    assert is_accepted(farmland, make_feature(farmland, GDPDJB="4", GDLX="TT"), "GDLX")[0]
    assert is_accepted(farmland, make_feature(farmland, GDPDJB="1"), "GDLX")[0]
    valid, errors = is_accepted(farmland, make_feature(farmland, GDPDJB="5"), "GDLX")
    assert not valid and errors
    # range
    assert is_accepted(farmland, make_feature(farmland, KCXS=0.3), "KCXS")[0]
    assert not is_accepted(farmland, make_feature(farmland, KCXS=0.31), "KCXS")[0]
    # foreign key: unsaved edits of the other layer count
    assert is_accepted(boundary, make_feature(boundary, XZQDM="330122"), "XZQDM")[0]
    assert not is_accepted(boundary, make_feature(boundary, XZQDM="330127"), "XZQDM")[0]
    counties.startEditing()
    counties.addFeature(make_feature(counties, XZQDM="330127"))
    assert is_accepted(boundary, make_feature(boundary, XZQDM="330127"), "XZQDM")[0]
    counties.rollBack()
    for layer, field in ((farmland, "GDLX"), (farmland, "KCXS"), (boundary, "XZQDM")):
        index = layer.fields().lookupField(field)
        assert layer.fieldConstraintsAndStrength(index)[EXPRESSION] == SOFT
        description = layer.constraintDescription(index)
        assert "Xzhejiang-00" in description and "请" in description


def test_form_error_names_the_requirement_of_a_check_that_only_warns(functions):
    from plugin.gui.editing.open_forms import find_constraint_errors

    farmland = apply_form(make_memory_layer("YJJBNTBHTB", ZHEJIANG), "YJJBNTBHTB", ZHEJIANG)
    errors = find_constraint_errors(farmland, make_feature(farmland, KCXS=0.9))
    assert any("0 至 0.3" in error for error in errors)


def test_form_prevents_saving_for_a_check_that_is_an_error_only(functions, tmp_path):
    text = (
        CHECK_START
        + 'must = [{ field = "MJ", operator = "at_least", value = 5 }]\nfound = [{ MJ = 1 }]\npassed = [{ MJ = 5 }]\n'
    )
    error_norm = load_norm(tmp_path, text.replace('mark = "C"', 'mark = "A"\nseverity = "ERROR"'))
    layer = apply_form(make_memory_layer("CZKFBJ", error_norm), "CZKFBJ", error_norm)
    assert not is_accepted(layer, make_feature(layer, MJ=1.0), "MJ", HARD)[0]
    assert is_accepted(layer, make_feature(layer, MJ=5.0), "MJ", HARD)[0]
    QgsProject.instance().removeMapLayer(layer)
    switched_off = load_norm(tmp_path, 'rules_off = ["Xown-001"]\n' + text)
    layer = apply_form(make_memory_layer("CZKFBJ", switched_off), "CZKFBJ", switched_off)
    index = layer.fields().lookupField("MJ")
    assert "Xown-001" not in layer.constraintDescription(index)
    assert layer.fieldConstraintsAndStrength(index)[EXPRESSION] == HARD


# --- algorithm
def test_algorithm_runs_the_checks_of_the_profile_only(provider, project, tmp_path):
    result = run_algorithm(
        "declared_checks",
        {"SOURCE": str(SAMPLE), "PROFILE": "zhejiang", "OUTPUT_JSON": str(tmp_path / "report.json")},
    )
    report = json.loads((tmp_path / "report.json").read_text(encoding="utf-8"))
    assert [rule["code"] for rule in report["rules"]] == ["Xzhejiang-001", "Xzhejiang-002", "Xzhejiang-003"]
    codes = [finding["code"] for finding in report["findings"] if finding["code"].startswith("X")]
    assert codes == ["Xzhejiang-002"]
    assert result["ERRORS"] == 0


def test_algorithm_runs_one_check_by_its_code(provider, project, tmp_path):
    parameters = {"SOURCE": str(SAMPLE), "PROFILE": "zhejiang", "RULES": "xzhejiang-003", "OUTPUT_JSON": str(tmp_path / "r.json")}  # fmt: skip
    run_algorithm("declared_checks", parameters)
    report = json.loads((tmp_path / "r.json").read_text(encoding="utf-8"))
    assert [rule["code"] for rule in report["rules"]] == ["Xzhejiang-003"]


def test_algorithm_refuses_a_profile_without_checks(provider, project):
    with pytest.raises(QgsProcessingException, match="浑源县"):
        run_algorithm("declared_checks", {"SOURCE": str(SAMPLE), "PROFILE": "hunyuan"})
    assert RunOptions(profile="hunyuan").resolve_norm().declared_checks == ()


# --- live
LIVE_CHECKS = """
id = "own"
name = "某县"
area_code = "140225"
base = "hunyuan"
[[check]]
code = "Xown-001"
layer = "DLTB"
when = [{ field = "DLBM", operator = "under", value = "01" }]
must = [{ field = "TBMJ", operator = "at_most", value = 20000 }]
found = [{ DLBM = "0103", TBMJ = 20001 }]
passed = [{ DLBM = "0701", TBMJ = 20001 }]
TEXTS
[[check]]
code = "Xown-002"
layer = "DLTB"
must = [{ field = "CZCSXM", operator = "in_layer", layer = "YJJBNTBHTB", key = "BSM" }]
found = [{ CZCSXM = "203" }]
passed = [{ CZCSXM = "1" }]
others = { YJJBNTBHTB = [{ BSM = "1" }] }
TEXTS
"""


@pytest.mark.parametrize("mode", first_daily(MODES))
def test_live_check_of_declared_checks_equals_a_new_check_after_each_edit(
    qgis_app, project, tmp_path, monkeypatch, mode
):
    texts = "\n".join(CHECK_START.splitlines()[-4:])
    path = tmp_path / "own.toml"
    path.write_text(LIVE_CHECKS.replace("TEXTS", texts), encoding="utf-8")
    monkeypatch.setattr(live_helpers, "OPTIONS", RunOptions(profile=str(path)))
    session = live_helpers.EditSession(tmp_path, mode).check()
    try:
        session.edit()
        parcels = session["DLTB"]
        area, item = (parcels.fields().lookupField(name) for name in ("TBMJ", "CZCSXM"))
        # No row of the farmland has the value of the second parcel.
        assert "Xown-002" in session.compare_with_fresh_check() and "Xown-001" not in session.compare_with_fresh_check()
        assert parcels.changeAttributeValue(1, area, 30000.0)
        assert "Xown-001" in session.compare_with_fresh_check()
        assert parcels.changeAttributeValue(2, item, None)
        assert "Xown-002" not in session.compare_with_fresh_check()
        parcels.undoStack().undo()
        assert "Xown-002" in session.compare_with_fresh_check()
        assert parcels.changeAttributeValue(1, area, 10000.0)
        assert "Xown-001" not in session.compare_with_fresh_check()
    finally:
        session.close()
