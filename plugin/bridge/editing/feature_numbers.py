# SPDX-License-Identifier: GPL-2.0-or-later
"""The next feature number (标识码, BSM), after all numbers ever used, saved or not.

Numbers are counted over all layers of a project and of their databases, so that no two layers get the same number.
Each layer with a BSM field has a register, which reads the layer when the first number is requested. After edits, a
register reads the edited rows when the next number is requested or the edits are saved. Layers of a database that are
not in the project are read once a session. The highest number is stored in the layer, in the project, and in the user's
settings by data source and by database. A number therefore remains used in other projects, and after its feature or
layer is removed.
"""

from __future__ import annotations

import hashlib
import weakref
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from qgis.core import Qgis, QgsFeatureRequest, QgsProject, QgsProviderRegistry, QgsVectorLayer
from qgis.PyQt.QtCore import QObject, QThread

from ...core.base.errors import InputError
from ...core.standard.numbering import find_highest_number_by_county, find_most_frequent_county, make_bsm
from .. import settings

NUMBER_FIELD = "BSM"
#: The county of a layer's numbers; stored in the project.
COUNTY_CODE_PROPERTY = "sanxian/county"
_HIGHEST_NUMBER_PROPERTY = "sanxian/bsm/"
#: The highest number of each county in any layer of a project; stored in the project, as the name of an XML element.
_PROJECT_SCOPE, _HIGHEST_NUMBER_KEY = "sanxian", "bsm/county_"


class FeatureNumberRegister(QObject):
    """Keeps the highest feature number (标识码, BSM) of one layer for each county.

    Used on the layer's thread only, except `get_known_highest_number`. ``on_layer_deleted``: called with the layer's id
    when the layer is deleted.
    """

    def __init__(self, layer: QgsVectorLayer, on_layer_deleted: Callable[[str], None] = lambda layer_id: None):
        super().__init__()
        # Never the layer itself: it could not be deleted while its register exists.
        self._id, self._weak = layer.id(), weakref.ref(layer)
        self._on_layer_deleted_by_id = on_layer_deleted
        self.database = get_database_path(layer)
        keys = (_make_source_key(layer), _digest_database_path(self.database))
        #: Keys of the user's settings that store the highest number issued in the data source and in the database.
        self._highest_number_keys = [name for name in keys if name]
        self._high: dict[str, int] = {}
        self._given: dict[str, int] = {}
        self._recalled: set[str] = set()
        self._usual_county_code = ""
        self._has_read_numbers = False
        #: Edit commands were done since the unsaved numbers were read.
        self._has_unread_edits = False
        for signal, slot in self._list_signal_connections():
            signal.connect(slot)

    def close(self) -> None:
        """Disconnect from the layer's signals and store its numbers."""
        if self._given and self.layer is not None:
            self._on_editing_stopped()
        for signal, slot in self._list_signal_connections():
            signal.disconnect(slot)

    @property
    def layer(self) -> QgsVectorLayer:
        """Return the observed layer."""
        return self._weak() or QgsProject.instance().mapLayer(self._id)

    def _list_signal_connections(self) -> Any:
        """Return (signal, slot) pairs of the layer; empty if the layer was deleted."""
        layer = self.layer
        if layer is None:
            return ()
        return (
            (layer.featureAdded, self._on_feature_added),
            (layer.undoStack().indexChanged, self._on_command_done),
            (layer.editingStarted, self._on_editing_started),
            (layer.beforeCommitChanges, self._store_before_commit),
            (layer.editingStopped, self._on_editing_stopped),
            (layer.dataChanged, self._mark_numbers_unread),
            (layer.afterRollBack, self._mark_numbers_unread),
            (layer.willBeDeleted, self._on_layer_deleted),
        )

    def get_county_code(self) -> str:
        """Return the county code set for the layer, else the one with which most of its feature numbers begin."""
        county = str(self.layer.customProperty(COUNTY_CODE_PROPERTY, "") or "")
        if not county:
            self._read_rows_once()
        return county or self._usual_county_code

    def find_highest_number(self, county_code: str) -> int:
        """Return the highest number of a county in the layer's rows, its unsaved edits and the stored numbers."""
        self._read_rows_once()
        if county_code not in self._recalled:
            self._update_highest_numbers({county_code: self._read_stored_number(county_code)})
            self._recalled.add(county_code)
        return self._high.get(county_code, 0)

    def discard_cached_numbers(self) -> None:
        """Read the stored numbers again before the next number is issued.

        A layer that was removed meanwhile may have stored a higher number.
        """
        self._recalled.clear()

    def find_county_codes(self) -> set[str]:
        """Return the codes of the counties whose numbers occur in the layer."""
        self._read_rows_once()
        return set(self._high)

    def issue_number(self, county_code: str, number: int) -> None:
        """Record a number as used, so that it is never given to another feature.

        It remains used when the edits are discarded. A thousand pasted features use a thousand numbers.
        """
        self._high[county_code] = self._given[county_code] = number

    def get_known_highest_number(self, county_code: str) -> int | None:
        """Return a county's highest number that is known without reading the layer.

        None before the layer was read. May be called from any thread.
        """
        return self._high.get(county_code)

    # --- the layer
    def _find_number_field_index(self) -> int:
        return self.layer.fields().lookupField(NUMBER_FIELD)

    def _read_rows_once(self) -> None:
        self._read_entered_numbers()
        if self._has_read_numbers:
            return
        values = list(_iterate_field_values(self.layer, self._find_number_field_index()))
        self._usual_county_code = find_most_frequent_county(values)
        self._update_highest_numbers(find_highest_number_by_county(values))
        if self.layer.subsetString():
            # The filter hides features, but their numbers are used.
            unfiltered_layer = self.layer.clone()
            unfiltered_layer.setSubsetString("")
            self._update_highest_numbers(
                find_highest_number_by_county(
                    _iterate_field_values(unfiltered_layer, unfiltered_layer.fields().lookupField(NUMBER_FIELD))
                )
            )
        self._has_read_numbers = True

    def _update_highest_numbers(self, highest_by_county: dict[str, int], must_store: bool = False) -> None:
        """Raise the highest numbers of counties (county code → number) where the given ones are higher.

        ``must_store``: also store them in layer, project and settings.
        """
        for county, number in highest_by_county.items():
            self._high[county] = max(number, self._high.get(county, 0))
            if must_store and number > self._read_stored_number(county):
                self.layer.setCustomProperty(_HIGHEST_NUMBER_PROPERTY + county, number)
                if (project := self.layer.project()) is not None:
                    project.writeEntry(_PROJECT_SCOPE, _HIGHEST_NUMBER_KEY + county, number)
                for name in self._highest_number_keys:
                    if number > settings.read_setting(f"bsm/{name}/{county}", 0):
                        settings.store_setting(f"bsm/{name}/{county}", number)

    def _read_stored_number(self, county_code: str) -> int:
        """Return a county's highest number stored in the layer, the project or the user's settings; 0 without any.

        The project stores one number for all its layers; the settings store one for the data source of the layer and
        one for its database.
        """
        stored_numbers = [int(self.layer.customProperty(_HIGHEST_NUMBER_PROPERTY + county_code, 0) or 0)]
        if (project := self.layer.project()) is not None:
            stored_numbers.append(project.readNumEntry(_PROJECT_SCOPE, _HIGHEST_NUMBER_KEY + county_code, 0)[0])
        return max(
            [
                *stored_numbers,
                *(settings.read_setting(f"bsm/{name}/{county_code}", 0) for name in self._highest_number_keys),
            ]
        )

    # --- its signals
    def _on_layer_deleted(self) -> None:
        self._on_layer_deleted_by_id(self._id)

    def _mark_numbers_unread(self, *_: Any) -> None:
        self._has_read_numbers = False
        self._has_unread_edits = False
        self._recalled.clear()

    def _on_feature_added(self, fid: int) -> None:
        if self._has_read_numbers:
            self._update_highest_numbers(
                find_highest_number_by_county(
                    _iterate_field_values(self.layer, self._find_number_field_index(), QgsFeatureRequest(fid))
                )
            )

    def _on_command_done(self) -> None:
        # A slot on changed values would run once per row of a bulk change: the numbers are read when they are needed.
        self._has_unread_edits = True

    def _read_entered_numbers(self) -> None:
        """Add the numbers that were entered since the last call and are not saved yet."""
        if not self._has_unread_edits:
            return
        self._has_unread_edits = False
        buffer, index = self.layer.editBuffer(), self._find_number_field_index()
        if self.layer.dataProvider().transaction() is not None:
            # Values are written at once; no buffer has those that were entered.
            self._has_read_numbers = False
        elif buffer is not None:
            changed_numbers = [values[index] for values in buffer.changedAttributeValues().values() if index in values]
            added_numbers = [feature[index] for feature in buffer.addedFeatures().values()]
            self._update_highest_numbers(find_highest_number_by_county(changed_numbers + added_numbers))

    def _on_editing_started(self) -> None:
        self._recalled.clear()
        if self.layer.dataProvider().transaction() is not None:
            # In a transaction, deleted features are removed at once: read their numbers before.
            self._read_rows_once()
            self._update_highest_numbers(dict(self._high), must_store=True)

    def _on_editing_stopped(self) -> None:
        self._update_highest_numbers(self._given, must_store=True)
        self._given = {}

    def _store_before_commit(self, *_: Any) -> None:
        """Store issued numbers, and those deleted or overwritten by this save."""
        self._on_editing_stopped()
        self._read_entered_numbers()
        buffer, index = self.layer.editBuffer(), self._find_number_field_index()
        if buffer is None:
            return
        going = [fid for fid, values in buffer.changedAttributeValues().items() if index in values]
        going += buffer.deletedFeatureIds()
        if going:
            request = QgsFeatureRequest().setFilterFids(going)
            self._update_highest_numbers(
                find_highest_number_by_county(_iterate_field_values(self.layer.dataProvider(), index, request)),
                must_store=True,
            )


def _iterate_field_values(source: Any, index: int, request: QgsFeatureRequest | None = None) -> Any:
    """Iterate over the values of a field in a layer or data provider."""
    if index >= 0:
        request = request or QgsFeatureRequest()
        request.setFlags(Qgis.FeatureRequestFlag.NoGeometry).setSubsetOfAttributes([index])
        for feature in source.getFeatures(request):
            yield feature[index]


def _make_source_key(layer: QgsVectorLayer) -> str:
    """Return a digest that identifies a layer's data source.

    Empty for layers in memory.
    """
    if layer.providerType() == "memory" or not layer.isValid():
        return ""
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    return _digest_database_path(str(parts.get("path") or layer.publicSource(True)), str(parts.get("layerName") or ""))


def get_database_path(layer: QgsVectorLayer) -> str:
    """Return the path of a layer's GeoPackage or FileGDB, or of a shapefile's folder.

    For a layer on a server, return ``host|port|service|database|schema``. Empty for layers in memory and other data
    without a database.
    """
    if layer.providerType() == "memory" or not layer.isValid():
        return ""
    parts = QgsProviderRegistry.instance().decodeUri(layer.providerType(), layer.source())
    path = str(parts.get("path") or "")
    if path:
        return str(Path(path).parent if Path(path).suffix.lower() == ".shp" else Path(path))
    if not parts.get("dbname"):
        return ""
    return "|".join(str(parts.get(name) or "") for name in ("host", "port", "service", "dbname", "schema"))


def _digest_database_path(*path_parts: str) -> str:
    """Return a digest of the path of a database or data source, for a key of the user's settings.

    Empty for an empty path.
    """
    return hashlib.sha256("|".join(path_parts).encode()).hexdigest()[:16] if any(path_parts) else ""


def _find_highest_by_county_outside_project(database: str, project_layers: Iterable[QgsVectorLayer]) -> dict[str, int]:
    """Return county code → highest number in those layers of a database that are not in the project.

    ``project_layers``: layers of the database that are in the project.
    """
    if not database or not Path(database).exists():
        return {}
    loaded_source_keys = {_make_source_key(layer) for layer in project_layers}
    place = Path(database)
    # In a folder, only the shapefiles are the database.
    files = sorted(place.glob("*.[sS][hH][pP]")) if place.is_dir() and place.suffix.lower() != ".gdb" else [place]
    highest_by_county: dict[str, int] = {}
    for file in files:
        for part in QgsProviderRegistry.instance().querySublayers(str(file)):
            if part.type() != Qgis.LayerType.Vector:
                continue
            layer = QgsVectorLayer(part.uri(), part.name(), part.providerKey())
            if layer.isValid() and _make_source_key(layer) not in loaded_source_keys:
                for county, number in find_highest_number_by_county(
                    _iterate_field_values(layer, layer.fields().lookupField(NUMBER_FIELD))
                ).items():
                    highest_by_county[county] = max(number, highest_by_county.get(county, 0))
    return highest_by_county


@dataclass
class FeatureNumberRegisters:
    """The feature number registers of all layers of a project.

    They are created when layers with a BSM field are added, or on demand.
    """

    _of: dict[str, FeatureNumberRegister] = field(default_factory=dict)
    #: Database → the highest numbers of its layers that were not in the project when it was read.
    _outside: dict[str, dict[str, int]] = field(default_factory=dict)

    def start(self, project: QgsProject) -> None:
        """Observe the layers of a project, also those added later."""
        project.layersAdded.connect(self._on_layers_added)
        self._on_layers_added(project.mapLayers().values())

    def stop(self, project: QgsProject) -> None:
        """Stop observing the layers of a project."""
        project.layersAdded.disconnect(self._on_layers_added)
        for register in self._of.values():
            register.close()
        self._of.clear()
        self._outside.clear()

    def _on_layers_added(self, layers: Any) -> None:
        for layer in layers:
            if isinstance(layer, QgsVectorLayer) and layer.fields().lookupField(NUMBER_FIELD) >= 0:
                self.get_or_create(layer)

    def get_or_create(self, layer: QgsVectorLayer) -> FeatureNumberRegister:
        """Return the number register of a layer; create it if missing."""
        if layer.id() not in self._of:
            self._of[layer.id()] = FeatureNumberRegister(layer, self._on_layer_deleted_by_id)
        return self._of[layer.id()]

    def _on_layer_deleted_by_id(self, layer_id: str) -> None:
        register = self._of.pop(layer_id, None)
        if register is not None:
            # Its numbers are read again from the file for the next number.
            self._outside.pop(register.database, None)
            for other in self._of.values():
                other.discard_cached_numbers()

    def issue_next_bsm(self, layer: QgsVectorLayer, county_code: str = "") -> str:
        """Return the next feature number (BSM) that no layer has used.

        If the layer is being edited, the number is recorded as used. ``county_code``: empty for the county of the
        layer. Raise InputError if neither the project nor the numbers of the layer name a county.
        """
        if QThread.currentThread() != layer.thread():
            return self._preview_next(layer, county_code) if county_code else ""
        register = self.get_or_create(layer)
        county_code = county_code or register.get_county_code()
        if not county_code:
            raise InputError("bsm_county", value="")
        number = self.find_highest_of_all(county_code) + 1
        bsm = make_bsm(county_code, number)
        if layer.isEditable():
            register.issue_number(county_code, number)
        return bsm

    def find_highest_of_all(self, county_code: str) -> int:
        """Return the highest number ever used in a county, over all layers and databases."""
        current = QThread.currentThread()
        here = [one for one in self._of.values() if one.layer is not None]
        # Layers of another thread are not read from this one.
        highest_numbers = [
            one.find_highest_number(county_code)
            if one.layer.thread() == current
            else one.get_known_highest_number(county_code) or 0
            for one in here
        ]
        return max(
            [
                *highest_numbers,
                *(self._find_highest_by_county_in_database(one.database).get(county_code, 0) for one in here),
            ],
            default=0,
        )

    def find_highest_number_by_county(self) -> dict[str, int]:
        """Return county code → highest number, for all counties with numbers in the layers."""
        counties = {one.get_county_code() for one in self._of.values()} | {
            c for one in self._of.values() for c in one.find_county_codes()
        }
        counties |= {c for one in self._of.values() for c in self._find_highest_by_county_in_database(one.database)}
        return {county: self.find_highest_of_all(county) for county in counties if county}

    def _find_highest_by_county_in_database(self, database: str) -> dict[str, int]:
        """Return county code → highest number in the layers of a database outside the project; read once."""
        if database not in self._outside:
            project_layers = [
                one.layer for one in self._of.values() if one.database == database and one.layer is not None
            ]
            self._outside[database] = _find_highest_by_county_outside_project(database, project_layers)
        return self._outside[database]

    def _preview_next(self, layer: QgsVectorLayer, county_code: str) -> str:
        """Return the next feature number (BSM) without reading the layer; empty if the layer was not read yet."""
        layer_register = self._of.get(layer.id())
        if layer_register is None or layer_register.get_known_highest_number(county_code) is None:
            return ""
        highest_numbers = [one.get_known_highest_number(county_code) or 0 for one in list(self._of.values())]
        highest_numbers += [highest_by_county.get(county_code, 0) for highest_by_county in list(self._outside.values())]
        return make_bsm(county_code, max(highest_numbers) + 1)


def find_highest_used_number_by_county(project: QgsProject, databases: Iterable[str] = ()) -> dict[str, int]:
    """Return county code → highest number used in the layers of a project and in databases.

    The databases are those of the project's layers, and ``databases`` (paths).
    """
    ledgers = FeatureNumberRegisters()
    ledgers.start(project)
    try:
        highest_by_county = ledgers.find_highest_number_by_county()
    finally:
        ledgers.stop(project)
    for database in databases:
        for county, number in _find_highest_by_county_outside_project(database, ()).items():
            highest_by_county[county] = max(number, highest_by_county.get(county, 0))
    return highest_by_county
