# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers given to an algorithm, as snapshots taken on the main thread."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

from qgis.core import (
    Qgis,
    QgsFeatureRequest,
    QgsProcessingFeatureSourceDefinition,
    QgsProcessingParameterEnum,
    QgsProcessingParameterFeatureSource,
    QgsProcessingParameterMultipleLayers,
    QgsProcessingParameterNumber,
    QgsProcessingParameters,
    QgsProperty,
    QgsVectorLayer,
)

from ..bridge.layers.role_recognition import is_findings_layer, list_plan_layers
from ..bridge.layers.snapshots import LayerSnapshot, take_snapshot
from ..bridge.project import county, saved_paths
from ..core.base.connection_text import has_password, is_connection, mask_source, parse_connection
from ..core.base.errors import InputError
from ..core.base.stored_connections import find_connection_parameters
from ..core.checks.check import RunOptions

#: Options of a check that the project fills: its county settings and its waivers.
_PROJECT_OPTIONS = (*(field.name for field in fields(county.ProjectCountySettings)), "waivers")


def find_parameter_problem(algorithm, parameters, context) -> InputError | None:
    """Return the error of the first unusable parameter, such as a missing layer; None if all are usable."""
    for definition in algorithm.parameterDefinitions():
        name, value = definition.name(), parameters.get(definition.name())
        try:
            if not has_value(parameters, name):
                continue
            # QGIS would treat several values as empty.
            takes_many = name in algorithm.tool.repeatable_parameters or (
                definition.allowMultiple()
                if isinstance(definition, QgsProcessingParameterEnum)
                else isinstance(definition, QgsProcessingParameterMultipleLayers)
            )
            if isinstance(value, list | tuple) and len(value) > 1 and not takes_many:
                return InputError("parameter_twice", name=name, values=", ".join(map(str, value)))
            if isinstance(definition, QgsProcessingParameterFeatureSource):
                get_source_layer(algorithm, parameters, name, context)
            elif isinstance(definition, QgsProcessingParameterMultipleLayers):
                get_vector_layers(algorithm, parameters, name, context)
            elif isinstance(definition, QgsProcessingParameterNumber) and isinstance(value, str):
                float(value)
        except InputError as error:
            return error
        except ValueError:
            return InputError("parameter_no_number", name=name, value=value)
    return None


def read_layer_parameter(algorithm, parameters, name, context) -> LayerSnapshot | None:
    """Return a snapshot of a layer parameter with edits and the user's filter.

    None if the parameter is empty. Raise InputError if the layer cannot be read.
    """
    if not has_value(parameters, name):
        return None
    layer = get_source_layer(algorithm, parameters, name, context)
    request = QgsFeatureRequest()
    if isinstance(value := parameters[name], QgsProcessingFeatureSourceDefinition):
        if value.filterExpression:
            request.setFilterExpression(value.filterExpression)
        if value.selectedFeaturesOnly:
            request.setFilterFids(layer.selectedFeatureIds())
        if value.featureLimit > 0:
            request.setLimit(value.featureLimit)
    return take_snapshot(layer, request)


def get_source_layer(algorithm, parameters, name, context) -> QgsVectorLayer:
    """Return the vector layer of a parameter; raise InputError if it is unusable."""
    if isinstance(value := parameters[name], QgsProcessingFeatureSourceDefinition):
        # QGIS returns no layer for a definition that also filters features.
        value = value.source
    layer = QgsProcessingParameters.parameterAsVectorLayer(algorithm.parameterDefinition(name), value, context)
    if layer is None or not layer.isValid():
        raise _make_unreadable_layer_error(name, parameters[name], context)
    if is_findings_layer(layer):
        # The findings layer is on top of the plan, so a dialog offers it first.
        raise InputError("layer_is_findings", layer=layer.name())
    return layer


def read_layer_list_parameter(algorithm, parameters, name, context) -> list[LayerSnapshot]:
    """Return snapshots of the layers in a list parameter.

    Raise InputError if a layer cannot be read.
    """
    if not has_value(parameters, name):
        return []
    return [take_snapshot(layer) for layer in get_vector_layers(algorithm, parameters, name, context)]


def get_vector_layers(algorithm, parameters, name, context) -> list[QgsVectorLayer]:
    """Return the vector layers in a list parameter.

    Raise InputError if a layer cannot be read.
    """
    layers = algorithm.parameterAsLayerList(parameters, name, context)
    given_layers = parameters[name] if isinstance(parameters[name], list | tuple) else [parameters[name]]
    if len(layers) < len(given_layers):
        layer_identifiers = (
            {layer.source() for layer in layers} | {layer.id() for layer in layers} | {layer.name() for layer in layers}
        )
        unread = next((g for g in given_layers if isinstance(g, str) and g not in layer_identifiers), given_layers[0])
        raise _make_unreadable_layer_error(name, unread, context)
    for layer in layers:
        if not isinstance(layer, QgsVectorLayer) or not layer.isValid():
            raise _make_unreadable_layer_error(name, layer, context)
    return layers


def read_project_layers(context) -> list[LayerSnapshot]:
    """Return snapshots of the project's vector layers, without the findings layer."""
    project = context.project()
    return [take_snapshot(layer) for layer in list_plan_layers(project)] if project else []


def has_value(parameters, name) -> bool:
    """Return True if the caller set a value for the parameter."""
    if isinstance(value := parameters.get(name), QgsProcessingFeatureSourceDefinition):
        value = value.source
    if isinstance(value, QgsProperty):
        return value.propertyType() != Qgis.PropertyType.Static or bool(value.staticValue())
    return value not in (None, "", [])


def _make_unreadable_layer_error(name, value, context) -> InputError:
    """Return the error for a missing layer, naming it as the user did."""
    if isinstance(value, QgsProcessingFeatureSourceDefinition):
        value = value.source
    if isinstance(value, QgsProperty):
        value = value.valueAsString(context.expressionContext(), "")[0]
    layer_label = value.name() if hasattr(value, "name") else str(value)
    return InputError("layer_unreadable_here", name=name, layer=layer_label)


def check_connection(source: str) -> str:
    """Return a source; raise InputError for a connection with a password, which QGIS would write to its log.

    A connection that QGIS stores must exist. Call it on the main thread, on which QGIS can ask for the master password
    of its authentication database.
    """
    if has_password(source):
        raise InputError("postgis_parameter_logged", source=mask_source(source))
    if is_connection(source) and (connection := parse_connection(source)).name:
        find_connection_parameters(connection)
    return source


def check_source(source: str) -> None:
    """Raise InputError if a path does not exist, or a connection has a password."""
    check_connection(source)
    if not is_connection(source) and not Path(source).exists():
        raise InputError("source_missing", source=source)


def read_required_source(algorithm, parameters, context) -> str:
    """Return the data that a tool changes in a copy; raise InputError if they do not exist."""
    source = algorithm.parameterAsFile(parameters, "SOURCE", context).strip()
    check_source(source)
    return source


def read_source_without_layers(algorithm, parameters, context, chosen_layers: list[Any]) -> str:
    """Return SOURCE, empty without one; raise InputError if it cannot be used, or layers were chosen too."""
    if (source := algorithm.parameterAsFile(parameters, "SOURCE", context).strip()) and chosen_layers:
        raise InputError("source_and_layers")
    if source:
        check_source(source)
    return source


def read_plan_source(algorithm, parameters, context) -> tuple[str | list[LayerSnapshot], str, list[str], bool]:
    """Return the data to check: SOURCE, the chosen layers, or the project's layers.

    Returns
    -------
    tuple
        The path or the snapshots; the name of the origin; the paths that are read; True if the user chose a source or
        layers.
    """
    chosen_layers = read_layer_list_parameter(algorithm, parameters, "LAYERS", context)
    if source := read_source_without_layers(algorithm, parameters, context, chosen_layers):
        return source, mask_source(source), [source], True
    shots = chosen_layers or read_project_layers(context)
    if not shots:
        raise InputError("no_layers")
    project = context.project()
    return shots, project.baseName() if project else "", [shot.file_path for shot in shots], bool(chosen_layers)


def read_plan_inputs(algorithm, parameters, context, plan_source: Any = None, **options: Any) -> list[str]:
    """Read the plan of a tool, and its options, which the project's county settings complete.

    The tool gets ``path_or_snapshots`` (data to read), ``origin`` (name of the data in the report), ``options`` and
    ``options_from_project`` (parameter → value of those options that came from the project). ``plan_source``: what
    `read_plan_source` returned, which else is called; ``options``: further options. Return the paths that are read.
    """
    algorithm.path_or_snapshots, algorithm.origin, inputs, has_chosen_layers = plan_source or read_plan_source(
        algorithm, parameters, context
    )
    algorithm.options, algorithm.options_from_project = fill_options_from_project(
        replace(
            algorithm.read_norm_options(parameters, context),
            roles=algorithm.read_text_parameter(parameters, "ROLES", context),
            scope=algorithm.read_text_parameter(parameters, "SCOPE", context),
            base_year=algorithm.read_number(parameters, "BASE_YEAR", context, is_integer=True),
            **options,
        ),
        algorithm.path_or_snapshots,
        context.project(),
        not has_chosen_layers,
    )
    return inputs


def fill_options_from_project(
    given_options: RunOptions, path_or_snapshots: str | list[LayerSnapshot], project, checks_all_layers: bool
) -> tuple[RunOptions, dict[str, object]]:
    """Fill empty options from the project's county settings (县配置), so that a check equals one in the panel.

    Return the options, and parameter → value of the options that were filled. If ``path_or_snapshots`` is a path, the
    options are returned unchanged. ``checks_all_layers``: all layers of the project are checked, so its unreadable
    layers are reported.
    """
    if isinstance(path_or_snapshots, str) or project is None:
        return given_options, {}
    # Use the waivers of these layers: other layers of the project may be in another folder.
    project_options = replace(
        county.make_check_options(project),
        waivers=saved_paths.find_waiver_file_to_apply(project, [shot.file_path for shot in path_or_snapshots]),
    )
    values_from_project = list_values_from_project(given_options, project_options, _PROJECT_OPTIONS)
    ids = {shot.layer_id for shot in path_or_snapshots}
    roles = given_options.roles or {
        role: layer for role, layer in project_options.get_role_choices().items() if layer in ids
    }
    options = replace(
        given_options,
        **values_from_project,
        roles=roles,
        notices=project_options.notices if checks_all_layers else (),
        document_info=project_options.document_info,
    )
    return options, {
        name.upper(): ",".join(value) if name == "rules" else value for name, value in values_from_project.items()
    }


def list_values_from_project(given: RunOptions, of_project: RunOptions, names: Iterable[str]) -> dict[str, Any]:
    """Return option → value of the options that are not given but set in the project."""
    return {name: getattr(of_project, name) for name in names if not getattr(given, name) and getattr(of_project, name)}


#: Options that `read_plan_inputs` reads from the parameters.
OPTIONS_OF_PLAN = ("profile", "standard", "roles", "scope", "base_year")
