# SPDX-License-Identifier: GPL-2.0-or-later
"""Small plan whose layers are edited after a check, and a new full check.

The findings of both are compared.
"""

from qgis.core import Qgis, QgsGeometry, QgsProject, QgsVectorLayer

from plugin.bridge.checking.check import check_project_or_folder
from plugin.bridge.checking.live_check import LiveCheck
from plugin.bridge.layers.snapshots import take_snapshot
from plugin.bridge.running.tasks import JobRunner
from plugin.core.checks.check import RunOptions
from plugin.core.model.rule import load_all_rules
from tests.qgis.helpers import X, Y, make_square, make_table, write_small
from tests.qgis.waiting import process_events, wait_until

MODES = [Qgis.TransactionMode.Disabled, Qgis.TransactionMode.BufferedGroups, Qgis.TransactionMode.AutomaticGroups]
OPTIONS = RunOptions(profile="hunyuan")


def make_rectangle(x, y, width=100.0, height=100.0):
    """Return a rectangle; x and y are metres from the corner of the small plan."""
    left, low = X + x, Y + y
    corners = [(left, low), (left + width, low), (left + width, low + height), (left, low + height), (left, low)]
    return QgsGeometry.fromWkt("MultiPolygon(((" + ",".join(f"{a} {b}" for a, b in corners) + ")))")


def summarise_local_findings(findings):
    """Return keys and messages of the findings of local rules.

    Local rules need only the rows around an edit.
    """
    rules = load_all_rules()
    return {
        (f.code, f.fingerprint): (f.message, round(f.area_m2 or 0.0, 3), f.township, str(f.severity))
        for f in findings
        if f.code in rules and rules[f.code].local and f.case not in ("share", "townships", "parcels")
    }


def roll_back(project, layer):
    """Discard the edits of a layer in any transaction mode, and end its editing."""
    if project.transactionMode() == Qgis.TransactionMode.BufferedGroups:
        assert project.rollBack(True, layer)[0]
    else:
        assert layer.rollBack()


class EditSession:
    """A QGIS project with the small plan, edited in a transaction mode.

    The findings are updated by the live check as in the panel. ``change_file``: called with the GeoPackage before its
    layers are opened.
    """

    def __init__(self, folder, mode, change_file=lambda path: None):
        self.runner = JobRunner()
        self.project = QgsProject.instance()
        self.project.setTransactionMode(mode)
        # The rule on remote features needs three rows to identify the outlier.
        farmland = make_table([make_square(0, 200 * n) for n in range(3)])
        # Without a cultivated parcel the layer is not a survey of farmland, so one parcel is never edited.
        codes = {"DLBM": ["0103", "0701", "0103"], "CZCSXM": [None, "203", None], "TBMJ": [1e4] * 3}
        parcels = make_table([make_square(0, 0), make_square(1000, 0), make_square(3000, 3000)], **codes)
        path = write_small(folder / "小县.gpkg", YJJBNTBHTB=farmland, DLTB=parcels)
        change_file(path)
        names = ("YJJBNTBHTB", "STBHHX", "CZKFBJ", "DLTB")
        self.layers = {name: QgsVectorLayer(f"{path}|layername={name}", name, "ogr") for name in names}
        self.project.addMapLayers(list(self.layers.values()))
        self.batches, self.steps, self.outdated = [], [], []
        self.live = None

    def check(self):
        """Check the layers and start the live check; return the session."""
        shots = [take_snapshot(layer) for layer in self.layers.values()]
        self.live = LiveCheck(self.runner, self.layers.values())
        checked = check_project_or_folder(shots, OPTIONS)
        self.findings = list(checked.report.findings)
        self.live.rechecked.connect(self.record_batch)
        self.live.outdated.connect(lambda: self.outdated.append(1))
        self.live.begin_from_result(checked, OPTIONS, {shot.name: shot.layer_id for shot in shots})
        assert wait_until(lambda: self.live.is_idle)
        return self

    def record_batch(self, change, rows, step):
        """Record the result of a live check and update the findings as the panel does."""
        self.batches.append(change)
        self.steps.append(step)
        renewed = {id(old): new for old, new in change.changed_findings}
        gone = {id(f) for f in change.ended_findings}
        assert gone | renewed.keys() <= {id(f) for f in self.findings}
        assert rows.keys() == {id(f) for f in [*change.new_findings, *renewed.values()]}
        self.findings = [renewed.get(id(f), f) for f in self.findings if id(f) not in gone] + change.new_findings

    def compare_with_fresh_check(self):
        """Wait for the live check and compare it with a new full check.

        Return the rule codes of the findings.
        """
        process_events(0.03)
        assert wait_until(lambda: self.live.is_idle)
        assert not self.outdated
        fresh = check_project_or_folder(
            [take_snapshot(layer) for layer in self.layers.values()], OPTIONS
        ).report.findings
        ours, theirs = summarise_local_findings(self.findings), summarise_local_findings(fresh)
        assert ours == theirs
        return {f.code for f in self.findings}

    def __getitem__(self, name):
        return self.layers[name]

    def edit(self):
        """Switch all layers to edit mode."""
        for layer in self.layers.values():
            if not layer.isEditable():
                assert layer.startEditing()

    def save(self, layer, stop=True):
        """Save the edits of a layer; ``stop``: and end its editing."""
        if self.project.transactionMode() == Qgis.TransactionMode.BufferedGroups:
            saved, errors = self.project.commitChanges(stop, layer)
            assert saved, errors
        else:
            assert layer.commitChanges(stop), layer.commitErrors()

    def roll_back(self, layer):
        """Discard the edits of a layer and end its editing."""
        roll_back(self.project, layer)

    def close(self):
        """End the live check and discard all edits."""
        if self.live is not None:
            self.live.stop()
        self.runner.stop_all()
        for layer in self.project.mapLayers().values():
            if layer.isEditable():
                self.roll_back(layer)
        self.project.clear()
        self.project.setTransactionMode(Qgis.TransactionMode.Disabled)
