# SPDX-License-Identifier: GPL-2.0-or-later
"""Save the last check result of a project; restore it and find what has changed."""

from __future__ import annotations

import json
import os
from dataclasses import asdict, dataclass, replace
from datetime import datetime

from qgis.core import QgsProject

from ...core.base.errors import Cancellation
from ...core.checks.check import CheckResult, RunOptions
from ...core.checks.saved_result import (
    ChangesSinceCheck,
    FileStamp,
    SavedFile,
    SavedLayer,
    SavedResult,
    compute_file_digest,
    is_file_unchanged,
    read_modification_stamp,
    restore_plan_with_empty_layers,
)
from ...metadata import read_plugin_version
from ..layers import role_recognition
from ..layers.properties import count_unsaved_edits, get_file_path, get_table_name
from ..layers.snapshots import LayerSnapshot
from ..project import county
from .check import read_plan_snapshots

#: Files that a check reads in addition to its layers, by their names in the options.
SIDE_FILE_OPTION_NAMES = ("profile", "targets", "waivers", "baseline", "register")


@dataclass(frozen=True)
class ProjectState:
    """The inputs of a check that are known without reading features.

    ``options``: the check's options; ``check_settings``: check settings as text; ``layer_states``: the plan layers,
    without digests of their rows; ``side_file_stamps``: name of the setting → path and stamp (see
    `read_modification_stamp`) of the other input files.
    """

    options: RunOptions
    check_settings: dict[str, str]
    layer_states: tuple[SavedLayer, ...]
    side_file_stamps: dict[str, tuple[str, FileStamp]]

    @classmethod
    def read_from_project(cls, project: QgsProject) -> ProjectState:
        """Return the current state of a project. Call on the main thread."""
        options = county.make_check_options(project)
        files = {name: str(getattr(options, name) or "") for name in SIDE_FILE_OPTION_NAMES}
        stamps: dict[str, FileStamp] = {}
        layers = []
        for layer in role_recognition.list_plan_layers(project):
            path = get_file_path(layer)
            if path not in stamps:  # Several layers may share a file.
                # Layers in memory or on a server have no stamp, so their rows are compared.
                stamps[path] = read_modification_stamp(path) if os.path.exists(path) else ()
            layers.append(
                SavedLayer(
                    layer.id(),
                    layer.name(),
                    table=get_table_name(layer),
                    filter=layer.subsetString(),
                    unsaved=count_unsaved_edits(layer),
                    stamp=stamps[path],
                )
            )
        return cls(
            options,
            {
                **asdict(county.read_county_settings(project)),
                "roles": json.dumps(options.get_role_choices(), sort_keys=True),
                "language": options.lang,
                "plugin": read_plugin_version(),
            },
            tuple(layers),
            {name: (path, read_modification_stamp(path)) for name, path in files.items()},
        )


def make_saved_result(
    check_result: CheckResult,
    state: ProjectState,
    layer_id_by_name: dict[str, str],
    finished: datetime,
    cancellation: Cancellation,
) -> SavedResult:
    """Return a check result as a `SavedResult`, the form in which it is stored.

    ``state``: the inputs of the check; ``layer_id_by_name``: name of each layer in the check → layer id; ``finished``:
    time of the check. May be called from any thread.
    """
    from ...core.plan.io.table_digest import compute_table_digest

    plan, layers = check_result.plan, {layer.id: layer for layer in state.layer_states}
    for role, layer in plan.layers.items():
        layer_id = layer_id_by_name.get(layer.name)
        if layer_id in layers:
            digest = compute_table_digest(layer.source, cancellation)
            layers[layer_id] = replace(layers[layer_id], role=role, digest=digest)
    return SavedResult(
        finished,
        check_result.report,
        plan.crs.to_wkt(),
        dict(state.check_settings),
        list(layers.values()),
        {name: SavedFile(stamp, compute_file_digest(path)) for name, (path, stamp) in state.side_file_stamps.items()},
        plan.is_area_code_from_data,
    )


def find_changes_since_check(
    saved: SavedResult,
    state: ProjectState,
    snapshots: list[LayerSnapshot],
    layer_schemas: list[role_recognition.LayerSchema],
    cancellation: Cancellation,
) -> ChangesSinceCheck | None:
    """Return what has changed in a project since its saved result.

    ``state``, ``snapshots`` and ``layer_schemas`` describe the project now. Features are read only from layers whose
    file has changed. Returns None if the result has no layer of the project: it belongs to another project file of the
    same name. May be called from any thread.
    """
    current_layer_by_id = {layer.id: layer for layer in state.layer_states}
    saved_layer_by_id = {layer.id: layer for layer in saved.layers}
    if not current_layer_by_id.keys() & saved_layer_by_id.keys():
        return None
    changes = ChangesSinceCheck(
        have_settings_changed=saved.check_settings != state.check_settings
        or not all(
            is_file_unchanged(saved.side_files.get(name, SavedFile()), path, stamp)
            for name, (path, stamp) in state.side_file_stamps.items()
        )
    )
    to_compare = []
    for one in saved.layers:
        if not one.role:
            continue
        current_layer = current_layer_by_id.get(one.id)
        if current_layer is None or (current_layer.filter, current_layer.table) != (one.filter, one.table):
            changes = changes.add_changed_layer(one.name, one.role)
        elif not (one.stamp and current_layer.stamp == one.stamp and not one.unsaved and not current_layer.unsaved):
            to_compare.append(one)
    new = [outline for outline in layer_schemas if outline.id not in saved_layer_by_id]
    if new:
        for role, layer_id in role_recognition.recognise_layers(new, state.options).layer_id_by_role.items():
            changes = changes.add_changed_layer(current_layer_by_id[layer_id].name, role)
    from ...core.plan.io.table_digest import compute_table_digest

    ids_to_compare = {one.id for one in to_compare}
    snapshots = [shot for shot in snapshots if shot.layer_id in ids_to_compare]
    if not snapshots:
        return changes
    source_layers, _options = read_plan_snapshots(snapshots, state.options, lambda share, text: None, cancellation)
    ids = {shot.name: shot.layer_id for shot in snapshots}
    digests = {ids[source.name]: compute_table_digest(source) for source in source_layers if not source.problem}
    for one in to_compare:
        if not one.digest or digests.get(one.id) != one.digest:
            changes = changes.add_changed_layer(one.name, one.role)
    return changes


def restore_result(saved: SavedResult, state: ProjectState, inputs: list[str]) -> CheckResult:
    """Return a saved result as a check result whose layers have no features.

    May be called from any thread. Raises SanxianError if the profile or the waivers can no longer be read.
    """
    from ...core.engine.waivers.file import load_waivers
    from ...core.model.side_inputs import NO_SIDE_INPUTS

    options = state.options
    if not (options.standard or options.profile):
        # The standard of the package specification was used for a package.
        options = replace(options, standard=saved.report.provenance["standard"]["id"])
    plan = restore_plan_with_empty_layers(saved, options, tuple(inputs))
    waivers, _ = load_waivers(options.waivers, plan.norm)
    return CheckResult(plan, saved.report, NO_SIDE_INPUTS, waivers)
