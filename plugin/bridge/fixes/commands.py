# SPDX-License-Identifier: GPL-2.0-or-later
"""Write edits of fixes into the edit buffers, as one edit command on each layer, or give the reason why not."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from qgis.core import (
    NULL,
    Qgis,
    QgsFeature,
    QgsFeatureRequest,
    QgsField,
    QgsGeometry,
    QgsProject,
    QgsVectorLayer,
    QgsVectorLayerUtils,
    QgsWkbTypes,
)
from qgis.PyQt import sip
from qgis.PyQt.QtCore import QDate

from ..layers.reading import read_feature_state_by_id
from ..texts import tr

if TYPE_CHECKING:
    from ...core.checks.live.session import FeatureKey
    from ...core.fixes.applied_edits import RowBefore
    from ...core.fixes.edits import Edits, RowEdit
    from ...core.standard.template import Template

#: Rows whose values are read without a pause, in some thousandths of a second.
_ROWS_READ_AT_ONCE = 10


class ApplyRefused(Exception):
    """Error: edits were not applied, and nothing was changed; its text is shown to the user."""


def require_editable_layers(roles: Iterable[str], layers: Mapping[str, QgsVectorLayer]) -> dict[str, QgsVectorLayer]:
    """Return layer code → layer for the codes ``roles``.

    ``layers``: layer code → layer, of all layers. Raise ApplyRefused if a layer of ``roles`` is missing, has a filter,
    is being changed by another tool, or is read-only.
    """
    editable_layers = {}
    for role in sorted(roles):
        layer = layers.get(role)
        if layer is None or sip.isdeleted(layer) or QgsProject.instance().mapLayer(layer.id()) is None:
            raise ApplyRefused(tr("The layer {role} is no longer in the project. Check again first.").format(role=role))
        if layer.subsetString():
            raise ApplyRefused(
                tr(
                    "The layer “{layer}” has a filter, so features next to the change may be hidden. Remove the filter."
                ).format(layer=layer.name())
            )
        if layer.readOnly() or not layer.supportsEditing():
            raise ApplyRefused(
                tr("The layer “{layer}” cannot be edited: it or its file is read-only.").format(layer=layer.name())
            )
        if layer.isEditCommandActive():
            raise ApplyRefused(
                tr("Another tool is changing the layer “{layer}”. Finish that first.").format(layer=layer.name())
            )
        editable_layers[role] = layer
    return editable_layers


def require_unchanged_rows(
    rows_before: Mapping[FeatureKey, RowBefore], layers: Mapping[str, QgsVectorLayer]
) -> Generator[None, None, None]:
    """Raise ApplyRefused if a row of the layers was changed or deleted since it was judged.

    A generator that yields None after each portion of rows. ``rows_before``: (layer code, feature id) → row as judged;
    ``layers``: layer code → layer.
    """
    from ...core.fixes.applied_edits import is_same_row

    for role in sorted({role for role, _fid in rows_before}):
        fids = [fid for row_role, fid in rows_before if row_role == role]
        for start in range(0, len(fids), _ROWS_READ_AT_ONCE):
            current_states = read_feature_state_by_id(layers[role], fids[start : start + _ROWS_READ_AT_ONCE])
            for fid, state in current_states.items():
                if is_same_row(rows_before[role, fid], state):
                    continue
                name = rows_before[role, fid].key or tr("feature id {fid}").format(fid=fid)
                if state is None:
                    text = tr(
                        "The feature {name} of the layer “{layer}” was deleted after the trial. Nothing was applied."
                    )
                else:
                    text = tr(
                        "The feature {name} of the layer “{layer}” was changed after the trial. Nothing was applied."
                    )
                raise ApplyRefused(text.format(name=name, layer=layers[role].name()))
            yield


@dataclass(frozen=True)
class LayerCommands:
    """The commands of one step on a layer's undo stack.

    ``before``, ``after``: index of the undo stack before and after these commands.
    """

    layer: QgsVectorLayer
    before: int
    after: int


@dataclass(frozen=True)
class PreparedEdits:
    """Edits of fixes, ready to be written at once.

    ``layers``: layer code → layer; ``calls_by_role``: layer code → calls that write the edits of this layer, each of
    which returns False if the layer refuses. For a layer that gets new fields, the calls are created only while they
    are made, since they need the fields.
    """

    edits: Edits
    layers: Mapping[str, QgsVectorLayer]
    calls_by_role: Mapping[str, Iterable[Callable[[], bool]]]


def prepare_edits(edits: Edits, layers: Mapping[str, QgsVectorLayer]) -> Generator[None, None, PreparedEdits]:
    """Convert edits to calls of QGIS that write them.

    A generator that yields None after each row and returns the prepared edits. ``layers``: layer code → layer, for the
    layers to change, which must not change until the edits are written. Raise ApplyRefused if a value or a shape does
    not fit its layer.
    """
    roles_with_new_fields = {new.role for new in edits.new_fields}
    calls_by_role: dict[str, Iterable[Callable[[], bool]]] = {}
    for role in (role for role in layers if role in edits.roles):
        layer = layers[role]
        layer_edits = yield from _collect_layer_edits(edits, role, layer)
        if role in roles_with_new_fields:
            calls_by_role[role] = _make_calls(layer, layer_edits)
            continue
        calls_by_role[role] = calls = []
        for call in _make_calls(layer, layer_edits):
            calls.append(call)
            yield
    return PreparedEdits(edits, layers, calls_by_role)


def write_edits(
    prepared: PreparedEdits, templates: Mapping[str, Template], label: str, before_end: Callable[[], None]
) -> list[LayerCommands]:
    """Write edits as one edit command on each layer, all or none; return the commands.

    ``templates``: layer code → template, which defines new fields; ``label``: name of the commands; ``before_end``:
    called when all edits are written and can still be undone. All layers must be in edit mode.

    Raises
    ------
    ApplyRefused
        A layer refused an edit. No layer has changed.
    Exception
        ``before_end`` raised it. No layer has changed.
    """
    layers, roles = prepared.layers, list(prepared.calls_by_role)
    indexes = {role: layers[role].undoStack().index() for role in roles}
    begun_layers: list[QgsVectorLayer] = []
    try:
        for role in roles:
            layer = layers[role]
            layer.beginEditCommand(label)
            begun_layers.append(layer)
            for new in prepared.edits.new_fields:
                if new.role == role:
                    _add_field(layer, templates[role], new.name)
            for write in prepared.calls_by_role[role]:
                if not write():
                    raise ApplyRefused(
                        tr("The layer “{layer}” refused a change. Nothing was applied.").format(layer=layer.name())
                    )
        before_end()
    except BaseException:
        for layer in reversed(begun_layers):
            layer.destroyEditCommand()
        raise
    for layer in begun_layers:
        layer.endEditCommand()
    for layer in begun_layers:
        layer.triggerRepaint()
    return [LayerCommands(layers[role], indexes[role], layers[role].undoStack().index()) for role in roles]


def _collect_layer_edits(
    edits: Edits, role: str, layer: QgsVectorLayer
) -> Generator[None, None, list[tuple[RowEdit, QgsFeature | None]]]:
    """Return (edit, present feature) for each edit of the layer with code ``role``.

    A generator that yields None after each portion of rows. The present feature has values and no shape: for a new row
    it is the feature whose values the row copies, for a row with changed values the row itself; else None.
    """
    from ...core.exchange.edited_copy import UNCHANGED

    role_edits = [edit for edit in edits if edit.role == role]
    if any(edit.shape is not UNCHANGED for edit in role_edits):
        kind = layer.wkbType()
        if QgsWkbTypes.hasZ(kind) or QgsWkbTypes.hasM(kind):
            raise ApplyRefused(
                tr("The shapes of the layer “{layer}” have Z or M values, which the fix would lose.").format(
                    layer=layer.name()
                )
            )
    fids = [_find_fid_to_read(edit) for edit in role_edits]
    read_fids = [fid for fid in fids if fid is not None]
    feature_by_fid: dict[int, QgsFeature] = {}
    for start in range(0, len(read_fids), _ROWS_READ_AT_ONCE):
        request = QgsFeatureRequest().setFilterFids(read_fids[start : start + _ROWS_READ_AT_ONCE])
        request.setFlags(Qgis.FeatureRequestFlag.NoGeometry)
        feature_by_fid |= {feature.id(): QgsFeature(feature) for feature in layer.getFeatures(request)}
        yield
    return [
        (edit, None if fid is None else feature_by_fid.get(fid)) for edit, fid in zip(role_edits, fids, strict=True)
    ]


def _find_fid_to_read(edit: RowEdit) -> int | None:
    """Return the id of the feature whose present values an edit needs; None if it needs none."""
    if edit.is_new:
        return edit.attribute_source_fid
    return edit.fid if edit.attributes and not edit.is_deleted else None


def _make_calls(
    layer: QgsVectorLayer, layer_edits: Iterable[tuple[RowEdit, QgsFeature | None]]
) -> Iterator[Callable[[], bool]]:
    """Yield the calls that write edits into the edit buffer of a layer, in their order."""
    from ...core.exchange.edited_copy import UNCHANGED

    for edit, present_feature in layer_edits:
        if edit.is_deleted:
            yield partial(layer.deleteFeature, edit.fid)
        elif edit.is_new:
            yield partial(layer.addFeature, _make_feature(layer, edit, present_feature))
        else:
            if edit.shape is not UNCHANGED:
                # The fix has computed the values that follow from the shape.
                yield partial(layer.changeGeometry, edit.fid, _make_geometry_of_layer_type(layer, edit.shape), True)
            for name, value in edit.attributes.items():
                position = _find_field_index(layer, name)
                field_value = _convert_to_field_value(layer.fields().at(position), value, layer)
                # Without an old value, an undo would read it from the data source, row by row. A new field has none.
                old_value = NULL
                if present_feature is not None and position < present_feature.attributeCount():
                    old_value = present_feature.attribute(position)
                yield partial(layer.changeAttributeValue, edit.fid, position, field_value, old_value, True)


def _make_feature(layer: QgsVectorLayer, edit: RowEdit, pattern_feature: QgsFeature | None) -> QgsFeature:
    """Return a new feature with the values of ``pattern_feature``, except those that the edit sets.

    If ``pattern_feature`` is None, the layer's default values apply.
    """
    attribute_by_position = {} if pattern_feature is None else dict(enumerate(pattern_feature.attributes()))
    for position in layer.primaryKeyAttributes():
        attribute_by_position.pop(position, None)
        if pattern_feature is not None and (clause := layer.dataProvider().defaultValueClause(position)):
            # The provider replaces the clause with the next number when the feature is saved.
            attribute_by_position[position] = clause
    for name, value in edit.attributes.items():
        position = _find_field_index(layer, name)
        attribute_by_position[position] = _convert_to_field_value(layer.fields().at(position), value, layer)
    geometry = _make_geometry_of_layer_type(layer, edit.shape)
    if pattern_feature is None:
        feature = QgsVectorLayerUtils.createFeature(layer, geometry, attribute_by_position)
    else:
        # createFeature would search the whole layer for each unique value, a tenth of a second with 150 000 features.
        feature = QgsFeature(layer.fields())
        feature.setGeometry(geometry)
    for position, value in attribute_by_position.items():
        # Default values must not replace the values of the row.
        feature.setAttribute(position, value)
    return feature


def _make_geometry_of_layer_type(layer: QgsVectorLayer, shape: Any) -> QgsGeometry:
    """Return a shapely geometry as QGIS geometry, single or multi-part as the layer requires.

    An empty geometry for None. Raise ApplyRefused for several parts in a single-part layer.
    """
    import shapely

    geometry = QgsGeometry()
    if shape is None:
        return geometry
    geometry.fromWkb(shapely.to_wkb(shape))
    if QgsWkbTypes.isMultiType(layer.wkbType()):
        geometry.convertToMultiType()
    elif (geometry.isMultipart() and not geometry.convertToSingleType()) or len(shapely.get_parts(shape)) > 1:
        raise ApplyRefused(
            tr(
                "The layer “{layer}” only has features of one part; the fix would make several. Nothing was applied."
            ).format(layer=layer.name())
        )
    return geometry


def _find_field_index(layer: QgsVectorLayer, name: str) -> int:
    position = layer.fields().lookupField(name)
    if position < 0:
        raise ApplyRefused(
            tr("The layer “{layer}” has no field {field} any more. Nothing was applied.").format(
                layer=layer.name(), field=name
            )
        )
    return int(position)


def _convert_to_field_value(field: QgsField, value: Any, layer: QgsVectorLayer) -> Any:
    """Return a value of the core as a value of a field; raise ApplyRefused if it does not fit."""
    import pandas as pd

    if value is None or (pd.api.types.is_scalar(value) and pd.isna(value)):
        return NULL
    if hasattr(value, "item"):
        value = value.item()
    if hasattr(value, "year"):
        # A field of date and time makes it the beginning of the day.
        value = QDate(value.year, value.month, value.day)
    try:
        return field.convertCompatible(value)
    except ValueError as error:
        raise ApplyRefused(
            tr("The value {value} does not fit the field {field} of the layer “{layer}”. Nothing was applied.").format(
                value=value, field=field.name(), layer=layer.name()
            )
        ) from error


def _add_field(layer: QgsVectorLayer, template: Template, name: str) -> None:
    from ..layers.tables import make_template_field

    template_field = template.find_field_by_name(name)
    if template_field is None or not layer.addAttribute(make_template_field(template_field)):
        raise ApplyRefused(
            tr("The field {field} cannot be added to the layer “{layer}”. Nothing was applied.").format(
                field=name, layer=layer.name()
            )
        )
    layer.updateFields()
