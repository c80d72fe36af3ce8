# SPDX-License-Identifier: GPL-2.0-or-later
"""Inspection of a package: the rules DOC check its files, all other rules its layers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

from ...base.errors import NEVER_CANCELLED, Cancellation, InputError
from ...checks.check import CheckResult, RunOptions, check_plan, make_plan_layer_selector
from ...geometry import crs as crs_care
from ...plan.io import read_source
from ...plan.io.declarations import FORMATS_WITH_DECLARATIONS
from ...plan.io.file import LayerSelector
from ...plan.layer import Layer, SourceLayer
from ...plan.loading.recognition import find_best_template, find_role
from ...standard.messages.texts import Message
from ...standard.profile import Norm, list_profile_ids, load_profile
from ..package_spec.spec import LayerSlot, PackageSpec, VectorSet
from .archive import list_files_outside_package, unpack_package
from .collect_facts import collect_package_facts
from .dataset_comparison import DatasetComparison, compare_datasets
from .facts import LayerFact, PackageFacts, UnreadLayer, has_vct_suffix
from .report_comparison import compare_report_of_package

#: Groups of rules: on packages, on contents that only the sender can correct, and on schemas of formats that have one.
PACKAGE_GROUP, RECEIVED_GROUP, SCHEMA_GROUP = "package", "received", "delivery"
#: Rules on titles and domains, which a VCT file does not have; it has names, order and lengths.
TITLE_RULES = ("SCH006", "SCH007")
#: The setting that limits the entries of an archive or folder that are inspected.
MAX_ENTRIES_SETTING = "package.most_entries"
#: Share of the progress for the files.
_COLLECTING_SHARE = 0.2


def restore_field_names(layer: SourceLayer, vector_sets: list[VectorSet], norm: Norm) -> SourceLayer:
    """Return a layer whose fields have the names of its template.

    ``vector_sets``: the specification of its data set, which renames fields. A renamed field is left as it is if the
    layer also has a field with the template's name, because it is then unknown which one is meant.
    """
    slot = _find_layer_slot(layer, vector_sets, norm)
    if slot is None or not slot.names_by_field:
        return layer
    present_names = {f.name.upper(): f.name for f in layer.fields}
    # Two names may be exchanged.
    new_names = {name.upper() for name in slot.names_by_field.values()}
    original_names = {
        present_names[name.upper()]: template_name
        for template_name, name in slot.names_by_field.items()
        if name.upper() in present_names
        and (template_name.upper() not in present_names or template_name.upper() in new_names)
    }
    return replace(
        layer,
        frame=layer.frame.rename(columns=original_names),
        fields=tuple(replace(f, name=original_names.get(f.name, f.name)) for f in layer.fields),
    )


def _select_fields_with_spec_names(
    wanted_fields: LayerSelector, vector_sets: list[VectorSet], layer: SourceLayer
) -> bool | frozenset[str]:
    """Return whether a layer is read, or which of its fields, also by their names in the specification.

    ``wanted_fields`` returns the fields that rules read from a layer; ``vector_sets``: the specification of its data
    set.
    """
    fields = wanted_fields(layer)
    slots = (slot for vectors in vector_sets for slot in vectors.layers)
    spec_names = {name.upper() for slot in slots for name in slot.names_by_field.values()}
    return fields if isinstance(fields, bool) else fields | spec_names


def _find_layer_slot(layer: SourceLayer, vector_sets: list[VectorSet], norm: Norm) -> LayerSlot | None:
    """Return the specification's entry for a layer; None if it has none."""
    role = find_role(layer, norm)[0]
    slots = (slot for vectors in vector_sets for slot in vectors.layers)
    return next(
        (
            slot
            for slot in slots
            if layer.name.upper() == slot.name.upper()
            or (not slot.name and role in norm.standard.concepts.get(slot.layer, (slot.layer,)))
        ),
        None,
    )


def inspect_package(
    path: str | Path,
    package_spec: PackageSpec,
    options: RunOptions,
    *,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> CheckResult:
    """Check a package, folder or zip.

    The check runs the rules of its kind of delivery on its layers, rules on area fields, on lengths, titles and domains
    of fields where the format has them, and the rules on packages.

    Raises
    ------
    InputError
        If the path is not a package (`archive.unpack_package`); other errors become findings.
    Cancelled
        If the user cancels.
    """
    max_entries = int(options.resolve_norm().get(MAX_ENTRIES_SETTING))
    with unpack_package(
        Path(path), cancellation, package_spec.root, package_spec.folders.values(), max_entries
    ) as folder:
        progress(0.0, "")
        facts = collect_package_facts(folder, package_spec, cancellation)
        top_level_names = {file.path.partition("/")[0] for file in facts.files}
        files_outside, system_files = list_files_outside_package(Path(path), folder.name)
        facts = replace(
            facts,
            files_outside=files_outside,
            system_files=tuple(name for name in system_files if name not in top_level_names),
        )
        progress(_COLLECTING_SHARE, "")
        options = _set_profile_of_manifest(options, facts, package_spec)
        norm = options.resolve_norm()
        # The recognition could not find the code of these layers by their name.
        readable_names = {one.name.upper(): one.name for one in facts.layers if one.feature_count >= 0}
        roles_by_name = {
            str(row["layer"]).upper(): str(row.get("role", ""))
            for row in (facts.manifest["layers"] if facts.manifest else [])
        }
        layer_of_role: dict[str, str] = {}
        for slot in (slot for vectors in facts.package_spec.vectors for slot in vectors.layers):
            name = slot.name.upper()
            roles = [r for r in norm.standard.concepts.get(slot.layer, (slot.layer,)) if r in norm.standard.templates]
            role = next((r for r in roles if r == roles_by_name.get(name)), roles[0] if roles else "")
            if name in readable_names and role and role not in readable_names:
                layer_of_role.setdefault(role, readable_names[name])
        options = replace(
            options,
            roles={**layer_of_role, **options.get_role_choices()},
            notices=(*options.notices, *_pop_notices_by_file(facts)),
        )
        layers, facts = _read_layers(folder, facts, options, cancellation)
        keeps_schema = [
            Path(data_set).suffix.lower() in FORMATS_WITH_DECLARATIONS or has_vct_suffix(data_set)
            for data_set in facts.data_sets
        ]
        groups = [PACKAGE_GROUP, RECEIVED_GROUP, *([SCHEMA_GROUP] if keeps_schema and all(keeps_schema) else [])]
        has_vct = any(has_vct_suffix(layer.source) for layer in layers)
        check_result = check_plan(
            layers,
            replace(
                options,
                additional_rules=tuple(c for c in norm.expand_groups(groups) if not (has_vct and c in TITLE_RULES)),
                side={"package": facts},
                allow_no_layers=True,
                original_crs=facts.original_crs,
            ),
            source=facts.folder_name,
            progress=lambda share, text: progress(_COLLECTING_SHARE + (1 - _COLLECTING_SHARE) * share, text),
            cancellation=cancellation,
        )
        compare_report_of_package(check_result, facts)
        return check_result


def _pop_notices_by_file(facts: PackageFacts) -> list[tuple[str, dict[str, Any]]]:
    """Remove the notices of reading VCT files from their layers; return them, each naming its file.

    They concern the whole file, while a single layer may not belong to the plan.
    """
    layers = [(data_set, layer) for data_set, layers_of_set in facts.vct_layers.items() for layer in layers_of_set]
    notices = [
        ("notice_in_file", {"file": data_set, "notice": Message("notices", key, params)})
        for data_set, layer in layers
        for key, params in layer.notices
    ]
    for _, layer in layers:
        layer.notices.clear()
    return notices


def _set_profile_of_manifest(options: RunOptions, facts: PackageFacts, package_spec: PackageSpec) -> RunOptions:
    """Return the options with the profile that the manifest names, if the user chose none.

    Only a profile that comes with the plugin is used. DOC016 reports a profile that differs from the package's.
    """
    name = str((facts.manifest or {}).get("profile", {}).get("id", ""))
    if options.profile or name not in list_profile_ids():
        return options
    is_same_standard = load_profile(name).standard == options.standard
    # The standard of the specification is a default; the standard of the profile precedes it.
    return replace(
        options,
        profile=name,
        standard=options.standard if is_same_standard or options.standard != package_spec.standard else "",
    )


def _read_layers(
    folder: Path, facts: PackageFacts, options: RunOptions, cancellation: Cancellation
) -> tuple[list[SourceLayer], PackageFacts]:
    """Read the package's data sets; return the layers to check, and the facts completed by reading.

    A package may store one layer in several data sets, for example in a geodatabase and a VCT file. The rules check
    the layer of the first data set; its copies in later data sets are only compared with it. Layers with unreadable
    rows are recorded in the facts with −1 features.
    """
    norm, choices = options.resolve_norm(), options.get_role_choices()
    wanted_fields = make_plan_layer_selector(norm, choices)
    layers_to_check: list[SourceLayer] = []
    first_of_role: dict[str, tuple[SourceLayer, str]] = {}
    comparisons: list[DatasetComparison] = []
    unread: list[UnreadLayer] = []
    layer_facts = list(facts.layers)
    damaged = {(error.dataset_path, error.table_name.upper()) for error in facts.integrity_errors}
    for data_set in facts.data_sets:
        unreadable_names: list[str] = []
        if data_set in facts.vct_layers:
            layers = facts.vct_layers[data_set]
        else:
            select_layer = partial(_select_fields_with_spec_names, wanted_fields, facts.find_vector_sets(data_set))
            try:
                layers = read_source(folder / data_set, select_layer=select_layer, cancellation=cancellation)
            except InputError as error:
                # Without a layer the data set is unreadable; this was reported with its files.
                layers, unreadable_names = [], [str(error.params["layer"])] if "layer" in error.params else []
            unreadable_names += [one.name for one in layers if one.problem and one.problem[0] == "layer_unreadable"]
            layers = [one for one in layers if one.name not in unreadable_names]
        # A layer that an earlier data set has, too, is checked there; this one is compared with it.
        first_before = dict(first_of_role)
        layers = [restore_field_names(layer, facts.find_vector_sets(data_set), norm) for layer in layers]
        duplicates = _find_unread_layers(data_set, layers, norm, choices)
        unread += duplicates
        for layer in (one for one in layers if one.name not in {spare.name for spare in duplicates}):
            role = _find_layer_role(layer, norm, choices)
            if role not in first_before:
                layers_to_check.append(layer)
                if role and layer.problem is None:
                    first_of_role.setdefault(role, (layer, data_set))
            elif layer.problem is None and (data_set, layer.name.upper()) not in damaged:
                # Damage and unreadable layers are reported; missing rows are a consequence of them.
                comparisons.append(
                    _compare_with_earlier(layer, data_set, role, first_before[role], facts, norm, cancellation)
                )
        layer_facts = [one for one in layer_facts if one.file != data_set or one.name not in unreadable_names]
        layer_facts += [LayerFact(data_set, name, -1) for name in unreadable_names]
    # The layers of exchange files are in the result now, or they are not needed.
    return layers_to_check, replace(
        facts,
        layers=tuple(layer_facts),
        dataset_comparisons=tuple(comparisons),
        unread_layers=tuple(unread),
        vct_layers={},
    )


def _find_unread_layers(
    data_set: str, layers: list[SourceLayer], norm: Norm, choices: Mapping[str, str]
) -> list[UnreadLayer]:
    """Return the layers that are not read, because another layer of their data set has the same code.

    Of layers with one code (role) the layer that the user chose is read, else the one whose name equals the code, else
    the first. ``choices``: layer code → name of the layer that the user chose.
    """
    layers_of_role: dict[str, list[SourceLayer]] = {}
    for layer in layers:
        if (role := _find_layer_role(layer, norm, choices)) and layer.problem is None:
            layers_of_role.setdefault(role, []).append(layer)
    unread_layers: list[UnreadLayer] = []
    for role, candidates in layers_of_role.items():
        preferred_names = (choices.get(role, ""), role, *norm.standard.templates[role].aliases)
        rank = {name.upper(): number for number, name in reversed(list(enumerate(preferred_names)))}
        chosen_layer = min(
            candidates, key=lambda one: min(rank.get(n.upper(), len(rank)) for n in (one.name, one.full_name))
        )
        unread_layers += [
            UnreadLayer(data_set, one.name, role, chosen_layer.name) for one in candidates if one is not chosen_layer
        ]
    return unread_layers


def _find_layer_role(layer: SourceLayer, norm: Norm, choices: Mapping[str, str]) -> str:
    """Return a layer's code (role): the one for which the user chose the layer, else the recognised one."""
    layer_names = {layer.name.upper(), layer.full_name.upper()}
    chosen_roles = (role for role, name in choices.items() if name.upper() in layer_names)
    return next(chosen_roles, "") or find_role(layer, norm)[0]


def _compare_with_earlier(
    layer: SourceLayer,
    data_set: str,
    role: str,
    earlier_layer: tuple[SourceLayer, str],
    facts: PackageFacts,
    norm: Norm,
    cancellation: Cancellation,
) -> DatasetComparison:
    """Return the comparison of a layer with its copy in an earlier data set.

    ``earlier_layer``: the copy and the path of its data set.
    """
    first, file = earlier_layer
    template = find_best_template(first, role, norm)
    sets = ((first, file), (layer, data_set))
    # Fields that the specification omits in one of the two data sets.
    omitted_fields: frozenset[str] = frozenset()
    for one, set_path in sets:
        slot = _find_layer_slot(one, facts.find_vector_sets(set_path), norm)
        if slot is not None and slot.fields:
            omitted_fields |= {f.name.upper() for f in template.fields} - {name.upper() for name in slot.fields}
    # A layer without a CRS has no location; its shapes are not compared.
    plan_layers = [Layer(one, template, one.crs or crs_care.CGCS2000_DEGREES) for one, _ in sets]
    return compare_datasets(plan_layers[0], plan_layers[1], file, data_set, omitted_fields, cancellation)
