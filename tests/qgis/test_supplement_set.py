# SPDX-License-Identifier: GPL-2.0-or-later
"""Test that a supplement becomes the plan in one step over all its layers, and that undo restores every byte."""

import pyogrio
import pytest
import shapely
from qgis.core import NULL, QgsVectorLayer

from plugin.bridge.fixes.apply import start_editing
from plugin.bridge.fixes.trial import make_supplement_trial
from plugin.bridge.running.portions import run_to_end
from plugin.bridge.running.tasks import JobRunner
from plugin.core.studies.proposals.supplement_result import SupplementOrder
from tests.core.small_plan import make_table, write_gpkg
from tests.core.studies.proposals.test_supplement_draft import (
    DOCUMENTS,
    FARM,
    R1,
    R3_LEFT,
    STRIP,
    WHOLE,
    write_drawn_county,
)
from tests.qgis.live_helpers import EditSession
from tests.qgis.test_fix_apply import apply_fix_order, make_order, read_all_features, run_trial
from tests.qgis.waiting import process_events


class CountySession(EditSession):
    """A QGIS project with the layers of a county file."""

    def __init__(self, path, project):
        self.runner, self.project, self.live = JobRunner(), project, None
        names = [name for name, _kind in pyogrio.list_layers(path)]
        self.layers = {name: QgsVectorLayer(f"{path}|layername={name}", name, "ogr") for name in names}
        project.addMapLayers(list(self.layers.values()))
        self.batches, self.steps, self.outdated = [], [], []


@pytest.fixture
def county(qgis_app, project, tmp_path):
    path = write_drawn_county(tmp_path)
    # A field that no template has: a new row must not take its value from a neighbour.
    farm = pyogrio.read_dataframe(path, layer=FARM).assign(承包户="张三")
    tables = {name: pyogrio.read_dataframe(path, layer=name) for name, _kind in pyogrio.list_layers(path)} | {
        FARM: farm
    }
    path.unlink()
    session = CountySession(write_gpkg(path, tables), project).check()
    yield session
    session.close()


def order_supplement(folder, **columns):
    demand = write_gpkg(folder / "占用.gpkg", {"占用": make_table([STRIP, WHOLE], **columns)})
    return SupplementOrder(str(demand))


def read_union(layer):
    return shapely.union_all([shapely.from_wkb(bytes(one.geometry().asWkb())) for one in layer.getFeatures()])


def test_set_is_applied_in_one_step_over_four_layers_and_undo_restores_all_bytes(county, tmp_path):
    before, land = read_all_features(county), read_union(county.layers[FARM])
    order = order_supplement(tmp_path, GHFQDM=["520", None])
    choices = run_trial(county, make_supplement_trial(order))
    # Every preference leads to the same two parcels: the draft is shown once. No other parcels are left.
    choice, other = choices
    assert other.fix.code == "DRAFT_others" and other.proposal is None
    assert choice.proposal is not None, choice.refusal
    assert read_all_features(county) == before, "a trial changes nothing"
    edits = choice.proposal.edits
    assert edits.roles == {FARM, "YJJBNTCBQ", "GDBHMB", "YDYHGHFQ"}
    run_to_end(start_editing([county.layers[role] for role in sorted(edits.roles)]))
    indexes = {role: county.layers[role].undoStack().index() for role in edits.roles}
    fix_order = make_order(choice, "补划")
    fix_order.documents = DOCUMENTS
    step = apply_fix_order(county, fix_order)
    for role, index in indexes.items():
        assert county.layers[role].undoStack().index() == index + 1
    expected = land.difference(shapely.union_all([STRIP, WHOLE])).union(shapely.union_all([R1, R3_LEFT]))
    assert read_union(county.layers[FARM]).symmetric_difference(expected).area < 0.01
    new = [one for one in county.layers[FARM].getFeatures() if (FARM, one.id()) not in before]
    values = {one["BZ"]: one["承包户"] for one in new}
    # The part of the divided field keeps its values; the parcels that come have none of a neighbour.
    assert values == {"原有": "张三", NULL: NULL}
    assert step.undo() and read_all_features(county) == before


def test_set_of_edited_layers_is_refused(county, tmp_path):
    layer = county.layers[FARM]
    layer.startEditing()
    assert layer.deleteFeature(next(layer.getFeatures()).id())
    process_events(0.03)
    choices = run_trial(county, make_supplement_trial(order_supplement(tmp_path)))
    assert [one.refusal.reason for one in choices] == ["draft_of_edited"]
