# SPDX-License-Identifier: GPL-2.0-or-later
"""FIX017 on a layer of curves in QGIS, in every transaction mode, with undo, redo, drawing and saving."""

import pytest
import shapely
from osgeo import ogr
from qgis.core import QgsFeature, QgsGeometry

from plugin.bridge.fixes.trial import make_choices_trial
from plugin.bridge.layers.properties import convert_to_wkb_and_curve_text
from plugin.core.checks.check import RunOptions, check_plan
from plugin.core.geometry.arcs import straighten_arcs
from plugin.core.plan.io import read_source
from tests.parametrize import first_daily
from tests.qgis.helpers import X, Y
from tests.qgis.live_helpers import MODES, EditSession, make_rectangle
from tests.qgis.test_fix_apply import apply_fix_order, make_order, read_all_features, run_trial
from tests.qgis.test_live import TRANSACTION_MODE_NAMES

#: An edge of the boundary as an arc, 400 m wide and 30 m high, with all digits of a double.
LEFT, LOW = X + 2000.123456789, Y + 0.000012345
BODY = (
    f"CurvePolygon (CompoundCurve (CircularString ({LEFT!r} {LOW!r}, {LEFT + 200!r} {LOW - 30!r}, {LEFT + 400!r} {LOW!r}),"
    f" ({LEFT + 400!r} {LOW!r}, {LEFT + 400!r} {LOW + 300!r}, {LEFT!r} {LOW + 300!r}, {LEFT!r} {LOW!r})))"
)
TEXTS = {"CurvePolygon": BODY, "MultiSurface": f"MultiSurface ({BODY})", "MultiPolygon": f"MultiSurface ({BODY})"}
KINDS = {"CurvePolygon": ogr.wkbCurvePolygon, "MultiSurface": ogr.wkbMultiSurface, "MultiPolygon": ogr.wkbMultiPolygon}


def put_arc_into_boundary(kind):
    """Return a function that declares another geometry type of the boundary, and gives its first row an arc."""

    def change_file(path):
        database = ogr.Open(str(path), 1)
        former = database.GetLayerByName("CZKFBJ")
        fields = [former.GetLayerDefn().GetFieldDefn(n) for n in range(former.GetLayerDefn().GetFieldCount())]
        rows = [{field.GetName(): row.GetField(field.GetName()) for field in fields} for row in former]
        reference = former.GetSpatialRef().Clone()
        definitions = [(field.GetName(), field.GetType()) for field in fields]
        del former, fields
        database.DeleteLayer("CZKFBJ")
        layer = database.CreateLayer("CZKFBJ", reference, KINDS[kind])
        for name, field_type in definitions:
            layer.CreateField(ogr.FieldDefn(name, field_type))
        feature = ogr.Feature(layer.GetLayerDefn())
        for name, value in rows[0].items():
            feature.SetField(name, value)
        feature.SetGeometry(ogr.CreateGeometryFromWkt(TEXTS[kind]))
        layer.CreateFeature(feature)
        del feature, layer, database

    return change_file


@pytest.fixture(
    params=first_daily([[mode, kind] for mode in range(3) for kind in TEXTS]),
    ids=[f"{mode}-{kind}" for mode in TRANSACTION_MODE_NAMES for kind in TEXTS],
)
def curved_session(request, qgis_app, project, tmp_path):
    mode, kind = request.param
    session = EditSession(tmp_path, MODES[mode], put_arc_into_boundary(kind)).check()
    session.path = tmp_path / "小县.gpkg"
    yield session
    session.close()


def list_arc_findings(session):
    return [one for one in session.findings if (one.code, one.case) == ("GEO002", "curve")]


def apply_arc_fix(session):
    """Apply FIX017 to the first finding on an arc; return the applied step."""
    choice = run_trial(session, make_choices_trial(list_arc_findings(session)[0], {}))[0]
    assert choice.fix.code == "FIX017" and choice.proposal is not None
    return apply_fix_order(session, make_order(choice))


def test_arc_fix_replaces_the_arc_and_undo_restores_it(curved_session):
    before = read_all_features(curved_session)
    curved_session.edit()
    step = apply_arc_fix(curved_session)
    (geometry,) = [f.geometry() for f in curved_session["CZKFBJ"].getFeatures()]
    assert not geometry.constGet().hasCurvedSegments()
    expected = straighten_arcs(BODY, 0.05)
    found = shapely.from_wkb(convert_to_wkb_and_curve_text(geometry)[0])
    assert {*map(tuple, shapely.get_coordinates(found))} == {*map(tuple, shapely.get_coordinates(expected))}
    curved_session.compare_with_fresh_check()
    assert not list_arc_findings(curved_session)
    assert step.undo() and read_all_features(curved_session) == before
    curved_session.compare_with_fresh_check()
    assert len(list_arc_findings(curved_session)) == 1
    curved_session["CZKFBJ"].undoStack().redo()
    curved_session.compare_with_fresh_check()
    assert not list_arc_findings(curved_session)


def test_saved_fix_leaves_no_arc_in_the_file(curved_session):
    curved_session.edit()
    apply_arc_fix(curved_session)
    curved_session.save(curved_session["CZKFBJ"])
    for layer in curved_session.layers.values():
        if layer.isEditable():
            curved_session.save(layer)
    (boundary,) = [layer for layer in read_source(curved_session.path) if layer.name == "CZKFBJ"]
    assert not boundary.fids_with_arcs
    report = check_plan(str(curved_session.path), RunOptions(rules=("GEO004",))).report
    assert not [one for one in report.findings if one.code == "GEO004"]


def test_arc_drawn_after_the_check_is_found_and_fixed_at_its_place(curved_session):
    curved_session.edit()
    layer = curved_session["CZKFBJ"]
    if layer.wkbType().name == "MultiPolygon":
        pytest.skip("QGIS itself turns an arc into segments in such a layer")
    moved = QgsGeometry(next(layer.getFeatures()).geometry())
    moved.translate(1000, 0)
    feature = QgsFeature(layer.fields())
    feature.setGeometry(moved)
    feature.setAttribute("BSM", "140225000000009999")
    assert layer.addFeature(feature)
    assert layer.changeGeometry(1, make_rectangle_of_layer_type(layer))
    curved_session.compare_with_fresh_check()
    (finding,) = list_arc_findings(curved_session)
    assert finding.key == "140225000000009999"
    apply_arc_fix(curved_session)
    curved_session.compare_with_fresh_check()
    assert not list_arc_findings(curved_session)


def make_rectangle_of_layer_type(layer):
    rectangle = make_rectangle(5000, 0)
    if layer.wkbType().name.startswith("Curve"):
        rectangle.convertToSingleType()
    return rectangle
