# SPDX-License-Identifier: GPL-2.0-or-later
"""What was edited since the full check of the displayed result, for the first page of its report."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from qgis.core import QgsProject, QgsVectorLayer

from ...bridge.layers import role_recognition
from ...bridge.layers.properties import count_unsaved_edits
from ..editing.live_switch import LiveCheckSwitch
from ..findings.result import CheckView

if TYPE_CHECKING:
    from ...core.results.edits_since_check import EditsSinceCheck


def collect_edits_since_check(result: CheckView, editing: LiveCheckSwitch) -> EditsSinceCheck:
    """Return for each edited layer the number of features edited since the full check of the displayed result.

    Edits that were undone or discarded do not count. The numbers are unknown for a result read from the project's
    folder, and after edits that the live check could not follow; only the layer names are returned then.
    """
    from ...core.results.edits_since_check import EditsSinceCheck, LayerEdits

    if result.is_restored:
        changes = result.changes_since_check
        unsaved = _count_unsaved_by_name(QgsProject.instance().mapLayers().values())
        layers = tuple(LayerEdits(name, 0, unsaved[name]) for name in changes.changed_layer_names)
        return EditsSinceCheck(layers, not layers, changes.have_settings_changed)
    if editing.is_outdated:
        unsaved = _count_unsaved_by_name(role_recognition.list_plan_layers(QgsProject.instance()))
        edited = _count_by_layer_name(result, result.edited_features)
        names = dict.fromkeys([*edited, *unsaved])
        return EditsSinceCheck(tuple(LayerEdits(name, 0, unsaved[name]) for name in names), is_counted=False)
    live = editing.live
    features = set(result.edited_features) | (live.waiting_features if live is not None else set())
    unsaved = _count_by_layer_name(result, live.find_unsaved_features(features) if live is not None else ())
    edited = _count_by_layer_name(result, features)
    return EditsSinceCheck(tuple(LayerEdits(name, count, unsaved[name]) for name, count in edited.items()))


def _count_by_layer_name(result: CheckView, features) -> Counter[str]:
    """Return layer name → number of the given features, in the order of layers in the report.

    ``features``: (layer code, feature id).
    """
    count_by_role = Counter(role for role, _fid in features)
    layers = result.report.provenance.get("layers", [])
    names = {layer["role"]: layer["name"] for layer in layers if layer["role"] in count_by_role}
    return Counter({names.get(role, role): count_by_role[role] for role in dict.fromkeys([*names, *count_by_role])})


def _count_unsaved_by_name(layers) -> Counter[str]:
    """Return layer name → number of unsaved edits, for those layers that have any."""
    vectors = [layer for layer in layers if isinstance(layer, QgsVectorLayer)]
    counts: Counter[str] = Counter()
    for layer in vectors:
        if count := count_unsaved_edits(layer):
            counts[layer.name()] += count
    return counts
