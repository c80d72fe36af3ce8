# SPDX-License-Identifier: GPL-2.0-or-later
"""The next 标识码 (BSM) of a layer, unsaved edits counted, and a memory of the highest one ever seen.

A ledger is kept for every layer with a BSM field. It reads the layer once, then follows its signals; before edits are
saved it looks at the numbers that are about to go. What it remembers is kept with the layer in the project, and by data
source in the settings, so that a number stays used in other projects and after the feature is gone.
"""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Callable
from typing import Any

from qgis.core import Qgis, QgsFeatureRequest, QgsProject, QgsProviderRegistry, QgsVectorLayer
from qgis.PyQt.QtCore import QThread

from ..core.errors import InputError
from ..core.numbering import highest, make_bsm, usual_county
from . import settings

FIELD = "BSM"
#: The county whose numbers a layer gets; kept in the project.
COUNTY_PROPERTY = "sanxian/county"
_HIGH_PROPERTY = "sanxian/bsm/"


class Ledger:
    """The numbers of one layer. On the layer's own thread only, but for `shown`. ``gone`` is called when the layer goes."""

    def __init__(self, layer: QgsVectorLayer, gone: Callable[[str], None] = lambda layer_id: None):
        # Never the layer itself: it could not be let go of while its ledger is open.
        self._id, self._weak = layer.id(), weakref.ref(layer)
        self._gone = gone
        self._source = _source_key(layer)
        self._high: dict[str, int] = {}
        self._given: dict[str, int] = {}
        self._recalled: set[str] = set()
        self._usual = ""
        self._read = False
        for signal, slot in self._connections():
            signal.connect(slot)

    def close(self) -> None:
        if self._given and self._layer is not None:
            self._editing_stopped()
        for signal, slot in self._connections():
            signal.disconnect(slot)

    @property
    def _layer(self) -> QgsVectorLayer:
        return self._weak() or QgsProject.instance().mapLayer(self._id)

    def _connections(self) -> Any:
        layer = self._layer
        if layer is None:
            return ()
        return (
            (layer.featureAdded, self._feature_added),
            (layer.attributeValueChanged, self._value_changed),
            (layer.editingStarted, self._editing_started),
            (layer.beforeCommitChanges, self._before_commit),
            (layer.editingStopped, self._editing_stopped),
            (layer.dataChanged, self._forget),
            (layer.afterRollBack, self._forget),
            (layer.willBeDeleted, self._layer_goes),
        )

    def county(self) -> str:
        """The county told for the layer, else the one that its numbers begin with."""
        told = str(self._layer.customProperty(COUNTY_PROPERTY, "") or "")
        if not told:
            self._look()
        return told or self._usual

    def next(self, county: str, *, take: bool) -> str:
        """The next free number; ``take`` gives it out, so that the following call answers another."""
        self._look()
        if county not in self._recalled:
            self._raise({county: self._remembered(county)})
            self._recalled.add(county)
        number = self._high.get(county, 0) + 1
        bsm = make_bsm(county, number)
        if take:
            # Kept when the edits are saved or dropped: a thousand pasted features are a thousand numbers.
            self._high[county] = self._given[county] = number
        return bsm

    def shown(self, county: str) -> str:
        """The next number as far as known, without a look at the layer: for other threads."""
        return make_bsm(county, self._high[county] + 1) if county in self._high else ""

    # --- the layer
    def _index(self) -> int:
        return self._layer.fields().lookupField(FIELD)

    def _look(self) -> None:
        if self._read:
            return
        values = list(_values(self._layer, self._index()))
        self._usual = usual_county(values)
        self._raise(highest(values))
        if self._layer.subsetString():
            # The filter hides features, not their numbers.
            whole = self._layer.clone()
            whole.setSubsetString("")
            self._raise(highest(_values(whole, whole.fields().lookupField(FIELD))))
        self._read = True

    def _raise(self, found: dict[str, int], keep: bool = False) -> None:
        for county, number in found.items():
            self._high[county] = max(number, self._high.get(county, 0))
            if keep and number > self._remembered(county):
                self._layer.setCustomProperty(_HIGH_PROPERTY + county, number)
                if self._source:
                    settings.put(f"bsm/{self._source}/{county}", number)

    def _remembered(self, county: str) -> int:
        kept = self._layer.customProperty(_HIGH_PROPERTY + county, 0)
        return max(int(kept or 0), settings.get(f"bsm/{self._source}/{county}", 0) if self._source else 0)

    # --- its signals
    def _layer_goes(self) -> None:
        self._gone(self._id)

    def _forget(self, *_: Any) -> None:
        self._read = False
        self._recalled.clear()

    def _feature_added(self, fid: int) -> None:
        if self._read:
            request = QgsFeatureRequest(fid)
            self._raise(highest(_values(self._layer, self._index(), request)))

    def _value_changed(self, fid: int, index: int, value: Any) -> None:
        if index == self._index():
            self._raise(highest([value]))

    def _editing_started(self) -> None:
        self._recalled.clear()
        if self._layer.dataProvider().transaction() is not None:
            # Inside a transaction, deleted features are gone at once: remember what there is before.
            self._look()
            self._raise(dict(self._high), keep=True)

    def _editing_stopped(self) -> None:
        self._raise(self._given, keep=True)
        self._given = {}

    def _before_commit(self, *_: Any) -> None:
        """Numbers given out, and those deleted or overwritten by this save, stay used."""
        self._editing_stopped()
        buffer, index = self._layer.editBuffer(), self._index()
        if buffer is None:
            return
        going = [fid for fid, values in buffer.changedAttributeValues().items() if index in values]
        going += buffer.deletedFeatureIds()
        if going:
            request = QgsFeatureRequest().setFilterFids(going)
            self._raise(highest(_values(self._layer.dataProvider(), index, request)), keep=True)


def _values(source: Any, index: int, request: QgsFeatureRequest | None = None) -> Any:
    if index < 0:
        return
    request = request or QgsFeatureRequest()
    request.setFlags(Qgis.FeatureRequestFlag.NoGeometry).setSubsetOfAttributes([index])
    for feature in source.getFeatures(request):
        yield feature[index]


def _source_key(layer: QgsVectorLayer) -> str:
    """A short name of the data behind a layer; empty for layers in memory."""
    if layer.providerType() == "memory" or not layer.isValid():
        return ""
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    place = (str(parts.get("path") or layer.publicSource(True)), str(parts.get("layerName") or ""))
    return hashlib.sha256("|".join(place).encode()).hexdigest()[:16]


class Ledgers:
    """The ledgers of all layers: made as layers with a BSM come into the project, or on demand."""

    def __init__(self) -> None:
        self._of: dict[str, Ledger] = {}

    def start(self, project: QgsProject) -> None:
        project.layersAdded.connect(self._added)
        self._added(project.mapLayers().values())

    def stop(self, project: QgsProject) -> None:
        project.layersAdded.disconnect(self._added)
        for ledger in self._of.values():
            ledger.close()
        self._of.clear()

    def _added(self, layers: Any) -> None:
        for layer in layers:
            if isinstance(layer, QgsVectorLayer) and layer.fields().lookupField(FIELD) >= 0:
                self.of(layer)

    def of(self, layer: QgsVectorLayer) -> Ledger:
        if layer.id() not in self._of:
            self._of[layer.id()] = Ledger(layer, lambda layer_id: self._of.pop(layer_id, None))
        return self._of[layer.id()]

    def next_bsm(self, layer: QgsVectorLayer, county: str = "") -> str:
        """The next number of a layer: given out while it is being edited, else only shown.

        InputError where no county is told and the layer's own numbers name none.
        """
        if QThread.currentThread() != layer.thread():
            return self._of[layer.id()].shown(county) if county and layer.id() in self._of else ""
        ledger = self.of(layer)
        county = county or ledger.county()
        if not county:
            raise InputError("bsm_county", value="")
        return ledger.next(county, take=layer.isEditable())
