# SPDX-License-Identifier: GPL-2.0-or-later
"""The next 标识码 (BSM), unsaved edits counted, and a memory of the highest one ever seen.

One running number serves all layers of a project and of the databases that they lie in, so that no two layers get the
same one. A ledger is kept for every layer with a BSM field. It reads the layer once, then follows its signals; before
edits are saved it reads the numbers that are about to go. Layers of a database that the project does not have are read
once a session. What a ledger remembers is kept with the layer in the project, and by data source and by database in the
settings, so that a number stays used in other projects and after the feature, or its layer, is gone.
"""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsFeatureRequest, QgsProject, QgsProviderRegistry, QgsVectorLayer
from qgis.PyQt.QtCore import QObject, QThread, pyqtSlot

from ...core.errors import InputError
from ...core.standard.numbering import find_highest, make_bsm, usual_county
from .. import settings

FIELD = "BSM"
#: The county whose numbers a layer gets; kept in the project.
COUNTY_PROPERTY = "sanxian/county"
_HIGH_PROPERTY = "sanxian/bsm/"
#: The highest number of each county in any layer of a project; kept with the project, as the name of an XML element.
_SCOPE, _HIGH_ENTRY = "sanxian", "bsm/county_"


class NumberRegister(QObject):
    """The numbers of one layer. On the layer's own thread only, but for `shown`. ``gone`` is called when the layer goes."""

    def __init__(self, layer: QgsVectorLayer, gone: Callable[[str], None] = lambda layer_id: None):
        super().__init__()
        # Never the layer itself: it could not be let go of while its ledger is open.
        self._id, self._weak = layer.id(), weakref.ref(layer)
        self._gone = gone
        self._source = _source_key(layer)
        self.database = database_of(layer)
        self._high: dict[str, int] = {}
        self._given: dict[str, int] = {}
        self._recalled: set[str] = set()
        self._usual = ""
        self._read = False
        self._bsm_index = self._index()
        #: Features whose number was changed in the current edit command.
        self._entered: set[int] = set()
        for signal, slot in self._connections():
            signal.connect(slot)

    def close(self) -> None:
        if self._given and self.layer is not None:
            self._editing_stopped()
        for signal, slot in self._connections():
            signal.disconnect(slot)

    @property
    def layer(self) -> QgsVectorLayer:
        return self._weak() or QgsProject.instance().mapLayer(self._id)

    def _connections(self) -> Any:
        layer = self.layer
        if layer is None:
            return ()
        return (
            (layer.featureAdded, self._feature_added),
            (layer.attributeValueChanged, self._value_changed),
            (layer.updatedFields, self._fields_changed),
            (layer.undoStack().indexChanged, self._read_entered),
            (layer.editingStarted, self._editing_started),
            (layer.beforeCommitChanges, self._before_commit),
            (layer.editingStopped, self._editing_stopped),
            (layer.dataChanged, self._forget),
            (layer.afterRollBack, self._forget),
            (layer.willBeDeleted, self._layer_goes),
        )

    def county(self) -> str:
        """The county told for the layer, else the one that its numbers begin with."""
        told = str(self.layer.customProperty(COUNTY_PROPERTY, "") or "")
        if not told:
            self._look()
        return told or self._usual

    def highest(self, county: str) -> int:
        """The highest number ever used in the layer as far as known: rows, unsaved edits, what is remembered."""
        self._look()
        if county not in self._recalled:
            self._raise({county: self._remembered(county)})
            self._recalled.add(county)
        return self._high.get(county, 0)

    def recall(self) -> None:
        """Read the remembered numbers again before the next one: a removed layer may have stored a higher one."""
        self._recalled.clear()

    def seen(self) -> set[str]:
        """The counties of the numbers seen in the layer."""
        self._look()
        return set(self._high)

    def take(self, county: str, number: int) -> None:
        """Issue a number. It is kept when the edits are saved or dropped: a thousand pasted features take a thousand."""
        self._high[county] = self._given[county] = number

    def known(self, county: str) -> int | None:
        """The highest number as far as known without reading the layer; None before it was read. For other threads."""
        return self._high.get(county)

    # --- the layer
    def _index(self) -> int:
        return self.layer.fields().lookupField(FIELD)

    def _look(self) -> None:
        self._read_entered()
        if self._read:
            return
        values = list(_values(self.layer, self._index()))
        self._usual = usual_county(values)
        self._raise(find_highest(values))
        if self.layer.subsetString():
            # The filter hides features, not their numbers.
            whole = self.layer.clone()
            whole.setSubsetString("")
            self._raise(find_highest(_values(whole, whole.fields().lookupField(FIELD))))
        self._read = True

    def _raise(self, found: dict[str, int], keep: bool = False) -> None:
        for county, number in found.items():
            self._high[county] = max(number, self._high.get(county, 0))
            if keep and number > self._remembered(county):
                self.layer.setCustomProperty(_HIGH_PROPERTY + county, number)
                if (project := self.layer.project()) is not None:
                    project.writeEntry(_SCOPE, _HIGH_ENTRY + county, number)
                for name in self._names():
                    if number > settings.get(f"bsm/{name}/{county}", 0):
                        settings.put(f"bsm/{name}/{county}", number)

    def _remembered(self, county: str) -> int:
        """By the layer, by its project (whichever layer of it had the number), by its data and its database."""
        kept = [int(self.layer.customProperty(_HIGH_PROPERTY + county, 0) or 0)]
        if (project := self.layer.project()) is not None:
            kept.append(project.readNumEntry(_SCOPE, _HIGH_ENTRY + county, 0)[0])
        return max([*kept, *(settings.get(f"bsm/{name}/{county}", 0) for name in self._names())])

    def _names(self) -> list[str]:
        """Return the keys of the settings for the layer's data and its database."""
        return [name for name in (self._source, _digest(self.database)) if name]

    # --- its signals
    def _layer_goes(self) -> None:
        self._gone(self._id)

    def _forget(self, *_: Any) -> None:
        self._read = False
        self._entered.clear()
        self._recalled.clear()

    def _feature_added(self, fid: int) -> None:
        if self._read:
            request = QgsFeatureRequest(fid)
            self._raise(find_highest(_values(self.layer, self._index(), request)))

    @pyqtSlot("qlonglong", int)
    def _value_changed(self, fid: int, index: int) -> None:
        # Called once per row of a bulk change, of other fields too; the declared types spare converting the value.
        if index == self._bsm_index:
            self._entered.add(fid)

    def _fields_changed(self) -> None:
        self._bsm_index = self._index()

    def _read_entered(self, *_: Any) -> None:
        """Take in the numbers that were entered since the last call."""
        if self._entered:
            entered, self._entered = self._entered, set()
            request = QgsFeatureRequest().setFilterFids(list(entered))
            self._raise(find_highest(_values(self.layer, self._index(), request)))

    def _editing_started(self) -> None:
        self._recalled.clear()
        if self.layer.dataProvider().transaction() is not None:
            # Inside a transaction, deleted features are gone at once: remember what there is before.
            self._look()
            self._raise(dict(self._high), keep=True)

    def _editing_stopped(self) -> None:
        self._raise(self._given, keep=True)
        self._given = {}

    def _before_commit(self, *_: Any) -> None:
        """Numbers given out, and those deleted or overwritten by this save, stay used."""
        self._editing_stopped()
        self._read_entered()
        buffer, index = self.layer.editBuffer(), self._index()
        if buffer is None:
            return
        going = [fid for fid, values in buffer.changedAttributeValues().items() if index in values]
        going += buffer.deletedFeatureIds()
        if going:
            request = QgsFeatureRequest().setFilterFids(going)
            self._raise(find_highest(_values(self.layer.dataProvider(), index, request)), keep=True)


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
    return _digest(str(parts.get("path") or layer.publicSource(True)), str(parts.get("layerName") or ""))


def database_of(layer: QgsVectorLayer) -> str:
    """The database that a layer is a part of: its GeoPackage or FileGDB, the folder of its shapefile, the database and
    schema on a server. Empty for layers in memory and other data without a database."""
    if layer.providerType() == "memory" or not layer.isValid():
        return ""
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    path = str(parts.get("path") or "")
    if path:
        return str(Path(path).parent if Path(path).suffix.lower() == ".shp" else Path(path))
    if not parts.get("dbname"):
        return ""
    return "|".join(str(parts.get(name) or "") for name in ("host", "port", "service", "dbname", "schema"))


def _digest(*names: str) -> str:
    """A short name of a place for a key of the settings; empty for no place."""
    return hashlib.sha256("|".join(names).encode()).hexdigest()[:16] if any(names) else ""


def _highest_outside(database: str, present: Iterable[QgsVectorLayer]) -> dict[str, int]:
    """County → the highest number in those layers of a file or folder that are not among ``present``."""
    if not database or not Path(database).exists():
        return {}
    loaded = {_source_key(layer) for layer in present}
    place = Path(database)
    # Of a folder, only the shapefiles are the database.
    files = sorted(place.glob("*.[sS][hH][pP]")) if place.is_dir() and place.suffix.lower() != ".gdb" else [place]
    found: dict[str, int] = {}
    for file in files:
        for part in QgsProviderRegistry.instance().querySublayers(str(file)):
            if part.type() != Qgis.LayerType.Vector:
                continue
            layer = QgsVectorLayer(part.uri(), part.name(), part.providerKey())
            if layer.isValid() and _source_key(layer) not in loaded:
                for county, number in find_highest(_values(layer, layer.fields().lookupField(FIELD))).items():
                    found[county] = max(number, found.get(county, 0))
    return found


class NumberRegisters:
    """The ledgers of all layers: made as layers with a BSM come into the project, or on demand."""

    def __init__(self) -> None:
        self._of: dict[str, NumberRegister] = {}
        #: Database → the highest numbers of its layers that were not in the project when it was read.
        self._outside: dict[str, dict[str, int]] = {}

    def start(self, project: QgsProject) -> None:
        project.layersAdded.connect(self._added)
        self._added(project.mapLayers().values())

    def stop(self, project: QgsProject) -> None:
        project.layersAdded.disconnect(self._added)
        for ledger in self._of.values():
            ledger.close()
        self._of.clear()
        self._outside.clear()

    def _added(self, layers: Any) -> None:
        for layer in layers:
            if isinstance(layer, QgsVectorLayer) and layer.fields().lookupField(FIELD) >= 0:
                self.of(layer)

    def of(self, layer: QgsVectorLayer) -> NumberRegister:
        if layer.id() not in self._of:
            self._of[layer.id()] = NumberRegister(layer, self._gone)
        return self._of[layer.id()]

    def _gone(self, layer_id: str) -> None:
        ledger = self._of.pop(layer_id, None)
        if ledger is not None:
            # Its numbers are read anew, from the file, when the next one is wanted.
            self._outside.pop(ledger.database, None)
            for other in self._of.values():
                other.recall()

    def next_bsm(self, layer: QgsVectorLayer, county: str = "") -> str:
        """The next number of all layers: given out while the layer is being edited, else only shown.

        InputError where no county is told and the layer's own numbers name none.
        """
        if QThread.currentThread() != layer.thread():
            return self._shown(layer, county) if county else ""
        ledger = self.of(layer)
        county = county or ledger.county()
        if not county:
            raise InputError("bsm_county", value="")
        number = self.highest(county) + 1
        bsm = make_bsm(county, number)
        if layer.isEditable():
            ledger.take(county, number)
        return bsm

    def highest(self, county: str) -> int:
        """The highest number of a county ever used in the layers and in the databases that they lie in."""
        current = QThread.currentThread()
        here = [one for one in self._of.values() if one.layer is not None]
        # Layers of another thread are not read from this one.
        used = [one.highest(county) if one.layer.thread() == current else one.known(county) or 0 for one in here]
        return max([*used, *(self._in_database(one.database).get(county, 0) for one in here)], default=0)

    def all_highest(self) -> dict[str, int]:
        """County → its highest number, for the counties that layers name or have numbers of."""
        counties = {one.county() for one in self._of.values()} | {c for one in self._of.values() for c in one.seen()}
        counties |= {c for one in self._of.values() for c in self._in_database(one.database)}
        return {county: self.highest(county) for county in counties if county}

    def _in_database(self, database: str) -> dict[str, int]:
        if database not in self._outside:
            present = [one.layer for one in self._of.values() if one.database == database and one.layer is not None]
            self._outside[database] = _highest_outside(database, present)
        return self._outside[database]

    def _shown(self, layer: QgsVectorLayer, county: str) -> str:
        """The next number as far as known without reading any layer; empty before the layer was read."""
        own = self._of.get(layer.id())
        if own is None or own.known(county) is None:
            return ""
        known = [one.known(county) or 0 for one in list(self._of.values())]
        known += [found.get(county, 0) for found in list(self._outside.values())]
        return make_bsm(county, max(known) + 1)


def find_used_numbers(project: QgsProject, databases: Iterable[str] = ()) -> dict[str, int]:
    """County → the highest number used in a project, its databases and further ones, for a layer made beside them."""
    ledgers = NumberRegisters()
    ledgers.start(project)
    try:
        found = ledgers.all_highest()
    finally:
        ledgers.stop(project)
    for database in databases:
        for county, number in _highest_outside(database, ()).items():
            found[county] = max(number, found.get(county, 0))
    return found
