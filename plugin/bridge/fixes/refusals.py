# SPDX-License-Identifier: GPL-2.0-or-later
"""Reasons why edits of fixes cannot be applied to the layers as they are now."""

from __future__ import annotations

from collections.abc import Generator, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from qgis.core import Qgis, QgsProject, QgsTransaction, QgsVectorLayer, QgsWkbTypes
from qgis.PyQt import sip

from ..layers.reading import read_feature_state_by_id
from ..texts import tr

if TYPE_CHECKING:
    from ...core.checks.live.session import FeatureKey
    from ...core.fixes.applied_edits import RowBefore
    from ...core.fixes.edits import Edits


#: Rows that are read and compared without a pause, in some thousandths of a second.
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
            text = tr("The layer {role} is no longer in the project. Check again first.")
            raise ApplyRefused(text.format(role=role))
        if layer.subsetString():
            text = tr(
                "The layer “{layer}” has a filter, so features next to the change may be hidden. Remove the filter."
            )
            raise ApplyRefused(text.format(layer=layer.name()))
        if layer.readOnly() or not layer.supportsEditing():
            text = tr("The layer “{layer}” cannot be edited: it or its file is read-only.")
            raise ApplyRefused(text.format(layer=layer.name()))
        if layer.isEditCommandActive():
            text = tr("Another tool is changing the layer “{layer}”. Finish that first.")
            raise ApplyRefused(text.format(layer=layer.name()))
        editable_layers[role] = layer
    return editable_layers


def require_undoable_new_fields(edits: Edits, layers: Mapping[str, QgsVectorLayer]) -> None:
    """Raise ApplyRefused if a field would be added that an undo cannot remove.

    With automatic transactions, the undo of a new field leaves QGIS with a layer whose rows it cannot read.
    """
    if QgsProject.instance().transactionMode() != Qgis.TransactionMode.AutomaticGroups:
        return
    for new in edits.new_fields:
        if QgsTransaction.supportsTransaction(layers[new.role]):
            text = tr(
                "With automatic transaction groups, QGIS cannot undo the new field {field} of the layer “{layer}”. "
                "Nothing was applied. Stop editing, choose another transaction mode in Project Properties, "
                "Data Sources, then fix."
            )
            raise ApplyRefused(text.format(field=new.name, layer=layers[new.role].name()))


def require_unsealed_layers(edits: Edits, norm: Any, documents: Mapping[str, str]) -> None:
    """Raise ApplyRefused if the edits would change a sealed layer without a document that allows it.

    ``documents``: layer code → document that allows the change.
    """
    from ...core.fixes.edits import FixRefused, require_unsealed

    try:
        require_unsealed(edits.roles, norm, documents)
    except FixRefused as refused:
        text = tr("The layer {role} is sealed and does not change.")
        raise ApplyRefused(text.format(role=refused.params.get("role", ""))) from refused


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
                if not is_same_row(rows_before[role, fid], state):
                    raise _make_changed_row_refusal(rows_before[role, fid], fid, layers[role], state is None)
            yield


def _make_changed_row_refusal(row_before: RowBefore, fid: int, layer: QgsVectorLayer, is_deleted: bool) -> ApplyRefused:
    name = row_before.key or tr("feature id {fid}").format(fid=fid)
    if is_deleted:
        text = tr("The feature {name} of the layer “{layer}” was deleted after the trial. Nothing was applied.")
    else:
        text = tr("The feature {name} of the layer “{layer}” was changed after the trial. Nothing was applied.")
    return ApplyRefused(text.format(name=name, layer=layer.name()))


def require_layer_without_z_or_m(layer: QgsVectorLayer) -> None:
    """Raise ApplyRefused if the layer has Z or M values, which new shapes would lose."""
    kind = layer.wkbType()
    if QgsWkbTypes.hasZ(kind) or QgsWkbTypes.hasM(kind):
        text = tr("The shapes of the layer “{layer}” have Z or M values, which the fix would lose.")
        raise ApplyRefused(text.format(layer=layer.name()))
