# SPDX-License-Identifier: GPL-2.0-or-later
"""Rules on the layers of a package, on their CRS, and on layers that several data sets have."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ...base.errors import InputError
from ...base.placeholders import join_first
from ...engine.context import RuleContext
from ...geometry.crs import make_crs_label, parse_crs
from ...model.findings import Finding
from ...model.rule import RuleResult, Severity, rule
from ...standard import load_standard
from ...standard.messages.texts import Texts, format_number
from ..inspection.facts import PackageFacts
from ..package_spec.load import find_layer_title
from ..package_spec.spec import LayerSlot
from ._package import (
    NO_PACKAGE_EXAMPLE,
    find_additional_fields,
    inspects_package,
    make_example,
    make_file_finding,
    make_layer_finding,
    read_stated_field_count,
)

if TYPE_CHECKING:
    from ..inspection.dataset_comparison import DatasetComparison


@rule(
    "DOC008",
    "package-layers",
    problem="Data cannot be read or lacks layers",
    severity=Severity.ERROR,
    basis=["package-draft"],
    needs={},
    messages={
        "missing": "The data lack {title} ({name}), which a package must have. Add the layer.",
        "missing_in": "“{file}” lacks {title} ({name}), which it must have; another data set of the package has it. Export both again "
        "from one plan.",
        "empty": "Layer {name} in “{file}” has no feature, though a package must have it. Add the data.",
        "unreadable": "“{file}” ({name}) cannot be read: it is damaged or was copied incompletely. Copy it again, or make the package "
        "again.",
        "part": "“{file}” ({table}) is damaged; GDAL reports “{reason}”. Programs may open the database and see only part of it. Copy "
        "the whole database again, or make the package again.",
        "part_lost": "“{file}” ({table}), a part of the database, is missing. Copy the whole database again, or make the package "
        "again.",
        "no_index": "“{file}”, the spatial index of layer {table}, is missing, so programs may not find its shapes by place. Copy the "
        "whole database again, or make the index again.",
        "broken": "“{file}” cannot be read: {reason}",
        "shape_cut": "“{file}” is truncated (bytes missing by its header: {missing}), so the shapefile {table} was read in part or not at "
        "all. Copy all of its files again.",
        "shape_lost": "“{file}” is missing; without it the fields of the shapefile {table} are unknown. Copy all of its files again.",
        "more_fields": "Layer {name} in “{file}” has fields that neither the standard nor the specification has: {fields}. Delete "
        "them, unless they are needed.",
        "twice": "“{file}” has {title} twice: the rules checked {used} and ignored {name}. Delete the wrong layer, or rename it so that "
        "it is not recognised as {title}.",
    },
    fails=[
        make_example("no red line", 1, layers={"STBHHX": None}),
        make_example("an empty boundary", 1, layers={"CZKFBJ": 0}),
        make_example("a damaged database", 1, layers={"DLTB": -1}),
        make_example("a system table cut", 1, faults=[["a00000004.gdbtable", "GDB_Items", "Error occurred"]]),
        make_example("an index left behind", 1, faults=[["a00000009.gdbtablx", "CZKFBJ", ""]]),
        make_example("an index that was not copied", 1, faults=[["a00000009.spx", "CZKFBJ", "", 0, "no_index"]]),
        make_example("a table of a shapefile cut", 1, shapefile={"missing_count": 120}),
        make_example("a shapefile without its table", 1, shapefile={}),
        make_example("an exchange file cut off", 1, broken=["vct_cut_off", 77]),
        make_example("a field of one's own", 1, fields={"CZKFBJ": ("BSM", "BEIZHU2")}),
        make_example("a copy of a layer", 1, layers={"CZKFBJ_1": 18}, spares=[["CZKFBJ_1", "CZKFBJ", "CZKFBJ"]]),
    ],
    passes=[
        make_example("all there"),
        NO_PACKAGE_EXAMPLE,
    ],
)
@inspects_package
def package_layers(package: PackageFacts, *, ctx: RuleContext) -> Iterator[Finding]:
    """All data can be read and have every layer that a package must have.

    What it checks
        Each data set can be opened. Files of a database (.gdb) or shapefile are not damaged or missing. Each mandatory
        layer of the specification exists and has features, in each data set that must have it. A data set does not have
        a layer twice, and layers have no additional fields.
    Why
        The three control lines are handed in again with the plan, and an incomplete copy of a database is unusable.
    How to fix
        Copy the data again, or add the layer and make the package again.
    Limits
        The mandatory layers are a setting of the specification (mark C). Files of a .gdb are checked if QGIS's GDAL
        (osgeo) is installed. Of spatial indexes only the files of a .gdb are checked. In a package gathered from
        counties, the counties' fields are accepted in layers of which the parent's field table was not read (mark C).
        Other rules report errors inside a layer.
    """
    texts = Texts(ctx.lang)
    for layer in package.layers:
        if layer.problem is not None:
            key, params = layer.problem
            yield make_file_finding(layer.file, "broken", reason=texts.explain_error(InputError(key, **params)))
        elif layer.feature_count < 0:
            yield make_file_finding(layer.file, "unreadable", name=layer.name)
    for error in package.integrity_errors:
        if error.kind:
            yield make_file_finding(error.damaged_path, error.kind, Severity.WARNING, table=error.table_name)
            continue
        is_database = error.dataset_path.lower().endswith(".gdb")
        cases = ("part", "part_lost") if is_database else ("shape_cut", "shape_lost")
        yield make_file_finding(
            error.damaged_path,
            cases[0] if error.reason or error.missing_count else cases[1],
            table=error.table_name,
            reason=error.reason,
            missing=error.missing_count,
        )
    yield from (
        make_layer_finding(
            unread.file,
            unread.name,
            "twice",
            Severity.WARNING,
            used=unread.used_layer,
            title=find_layer_title(unread.role, ctx.norm.standard, texts),
        )
        for unread in package.unread_layers
    )
    yield from _report_additional_fields(package, ctx)
    reported_keys: set[tuple[str, str]] = set()
    for vectors in package.package_spec.vectors:
        # DOC002 reports a missing file of a set; its layers may be in another set.
        data_sets = [data_set for data_set in package.data_sets if vectors in package.find_vector_sets(data_set)]
        for slot in (slot for slot in vectors.layers if slot.need == "M"):
            for finding in _check_mandatory_layer(slot, data_sets, package, ctx):
                # Two sets may lack the same layer; two layers of one file may be empty.
                layer_key = finding.key, str(finding.params["name"])
                if layer_key not in reported_keys:
                    yield finding
                reported_keys.add(layer_key)


def _report_additional_fields(package: PackageFacts, ctx: RuleContext) -> Iterator[Finding]:
    """Yield findings on additional fields of layers.

    DOC010 reports them if their number differs from the manifest's.
    """
    unread_layers = {(unread.file, unread.name) for unread in package.unread_layers}
    for layer in package.layers:
        additional_fields = (
            find_additional_fields(layer, package, ctx) if (layer.file, layer.name) not in unread_layers else []
        )
        template = ctx.norm.standard.templates.get(layer.name)
        if additional_fields and package.is_gathered and template is not None and template.fields_mark == "C":
            # The field table of this layer was not read: a gathering (汇总) keeps the counties' fields.
            renamed = package.package_spec.gathering.renamed
            roles = [layer.name, *(source for source, target in renamed.items() if target == layer.name)]
            county_templates = [one for role, one in load_standard().templates.items() if role in roles]
            county_fields = {field.name.upper() for one in county_templates for field in one.fields}
            additional_fields = [name for name in additional_fields if name.upper() not in county_fields]
        if additional_fields and read_stated_field_count(layer, package) in (None, len(layer.field_names or ())):
            yield make_layer_finding(
                layer.file,
                layer.name,
                "more_fields",
                Severity.INFO,
                fields=Texts(ctx.lang).get("words", "between_names").join(additional_fields),
            )


def _check_mandatory_layer(
    slot: LayerSlot, data_sets: list[str], package: PackageFacts, ctx: RuleContext
) -> Iterator[Finding]:
    """Yield a finding if a mandatory layer is empty or missing.

    ``data_sets``: paths of the data sets that must have it.
    """
    roles = ctx.plan.list_roles_of_concept(slot.layer)
    layer_names = [slot.name, *roles] if slot.name else list(roles)
    layers_of_slot = [layer for layer in package.layers if layer.name.upper() in {n.upper() for n in layer_names}]
    layers_in_sets = [layer for layer in layers_of_slot if not data_sets or layer.file in data_sets]
    readable_layers = [layer for layer in layers_in_sets if layer.feature_count >= 0]
    # An unreadable layer may be the missing one.
    if not readable_layers and any(layer.feature_count < 0 for layer in package.layers):
        return
    params: dict[str, Any] = {
        "title": find_layer_title(slot.layer, ctx.norm.standard, Texts(ctx.lang)),
        "name": layer_names[0],
    }
    if readable_layers:
        if not any(layer.feature_count for layer in readable_layers):
            yield make_file_finding(readable_layers[0].file, "empty", name=readable_layers[0].name)
    elif layers_of_slot:
        yield make_file_finding(data_sets[0], "missing_in", part=slot.layer, **params)
    else:
        yield Finding("", key=slot.layer, case="missing", params=params)


@rule(
    "DOC009",
    "package-crs",
    problem="A layer has another CRS than required",
    severity=Severity.ERROR,
    basis=["package-draft", "package-form"],
    needs={},
    messages={
        "": "Layer {name} in “{file}” is in {found}; the package requires {expected}. Reproject it, or export it with export_package.",
        "none": "Layer {name} in “{file}” has no coordinate system; the package requires {expected}. Define the one of its "
        "coordinates, then export it with export_package.",
        "vertical": "Layer {name} in “{file}” lacks the vertical coordinate system ({expected}) that the specification requires. "
        "Export it with export_package.",
    },
    fails=[
        make_example("metres in place of degrees", 1, crs={"CZKFBJ": "EPSG:4526"}),
        make_example("none", 1, crs={"CZKFBJ": ""}),
    ],
    passes=[
        make_example("degrees"),
        NO_PACKAGE_EXAMPLE,
    ],
)
@inspects_package
def package_crs(package: PackageFacts, *, ctx: RuleContext) -> Iterator[Finding]:
    """Layers are in the coordinate system that the package requires.

    What it checks
        The CRS of every readable layer is that of the specification (EPSG:4490 in the shipped one), and so is the
        vertical CRS if the specification has one.
    Why
        The receiving system overlays the layers of a delivery by their coordinates.
    How to fix
        Reproject the layer, or let export_package do it.
    Limits
        Data sets are recognised by name. A data set that the specification does not describe may have any CRS.
    """
    for layer in (one for one in package.layers if one.feature_count >= 0):
        for vectors in package.find_vector_sets(layer.file):
            # Use the notation of the layers, because a specification may use another one.
            plane, heights = make_crs_label(parse_crs(vectors.crs)), vectors.vertical.upper()
            if not layer.crs:
                yield make_layer_finding(layer.file, layer.name, "none", found="", expected=plane)
            elif layer.crs != plane:
                yield make_layer_finding(layer.file, layer.name, "", found=layer.crs, expected=plane)
            elif heights and layer.vertical_crs != heights:
                yield make_layer_finding(layer.file, layer.name, "vertical", found="", expected=heights)


def _make_example_comparison(**changes: Any) -> list[dict[str, Any]]:
    """Return the comparison of 城镇开发边界 in a VCT file with the database for an example.

    ``changes`` replace its attributes.
    """
    return [{"role": "CZKFBJ", "feature_counts": (18, 18), "areas_m2": (5e6, 5e6), **changes}]


@rule(
    "DOC014",
    "package-data-sets",
    problem="Data sets of the package differ",
    severity=Severity.WARNING,
    basis=["T3", "package-form"],
    needs={},
    messages={
        "features": "{layer}: the rules checked “{file}” (features: {found}); “{place}” differs from it (features: "
        "{other}). By their keys {lost} are only in the first{lost_names}, {more} only in the second{more_names}. "
        "Determine which of the two is in force (the approved one), and export both again from it.",
        "shapes": "{layer}: the rules checked “{file}”. Features with another shape in “{place}”: {count} "
        "({features}), {apart}. The layer has {expected} m² in the first data set and {found} m² in the second. "
        "Determine which of the two is in force (the approved one), and export both again from it.",
        "places": "{layer}: the rules checked “{file}”. Features with another shape in “{place}”: {count} "
        "({features}), {apart}. Determine which of the two is in force (the approved one), and export both again "
        "from it.",
        "values": "{layer}: the rules checked “{file}”. Features with another {field} in “{place}”: {count} "
        "({features}); the first one has “{told}” in the first data set and “{given}” in the second. Determine which "
        "of the two is in force (the approved one), and export both again from it.",
        "fields": "{layer} lacks fields in “{place}” that “{file}” has: {fields}. Add them, or export both again from one plan.",
    },
    fails=[
        make_example(
            "a feature fewer",
            1,
            comparisons=_make_example_comparison(
                feature_counts=(18, 17), unmatched=((1, ["140225000000000018"]), (0, []))
            ),
        ),
        make_example(
            "a centimetre aside",
            1,
            comparisons=_make_example_comparison(distances_m=[0.01], moved_names=["140225000000000018"]),
        ),
        make_example(
            "an island that is not there",
            1,
            comparisons=_make_example_comparison(distances_m=[float("inf")], moved_names=["140225000000000018"]),
        ),
        make_example(
            "a point moved",
            1,
            comparisons=_make_example_comparison(
                areas_m2=(0.0, 0.0), distances_m=[5.0], moved_names=["140225000000000018"]
            ),
        ),
        make_example(
            "another zone",
            1,
            comparisons=_make_example_comparison(fields={"GHFQDM": ((1, ["140225000000000018"]), "410", "420")}),
        ),
        make_example(
            "a field that was left out", 1, comparisons=_make_example_comparison(missing_fields=((), ["GHFQMC"]))
        ),
    ],
    passes=[
        make_example("the same", comparisons=_make_example_comparison()),
        make_example(
            "a tenth of a millimetre",
            comparisons=_make_example_comparison(distances_m=[1e-4], moved_names=["140225000000000018"]),
        ),
        make_example("one data set"),
        NO_PACKAGE_EXAMPLE,
    ],
)
@inspects_package
def package_data_sets(package: PackageFacts, *, ctx: RuleContext, allowance_m: float = 0.001) -> RuleResult:
    """All data sets of one package agree.

    What it checks
        If a layer is in several data sets of the package (geodatabase, shapefiles, VCT), the rules check the first,
        and each other one is compared with it: features by key, shapes to `allowance_m`, values of the template's
        fields.
    Why
        A recipient loads one of them, and it is unknown which one was approved.
    How to fix
        Export all data sets again from one plan, or remove the outdated one.
    Limits
        Coordinates are compared in the CRS of the first data set. If vertices differ in number (arcs, vertices on a
        straight line), outlines are compared. Numbers are compared to the template's decimals, dates to the day.
        Features without a key, or with a repeated one, are compared in their order if both data sets have the same
        number of them. Whether several data sets are required is a setting of the specification (mark C).
    """
    result = RuleResult()
    texts = Texts(ctx.lang)
    layers_of_pair: dict[tuple[str, str], list[str]] = {}
    for comparison in package.dataset_comparisons:
        layers_of_pair.setdefault((comparison.first_path, comparison.other_path), []).append(comparison.name)
        result.findings += _find_differences(comparison, allowance_m, texts)
        if not comparison.are_shapes_compared:
            result.not_checked.append(
                (
                    "package_twin_nowhere",
                    {"layer": comparison.name, "file": comparison.first_path, "place": comparison.other_path},
                )
            )
    result.notes += [
        ("package_twins", {"layers": texts.get("words", "between_names").join(names), "file": file, "place": place})
        for (file, place), names in layers_of_pair.items()
    ]
    return result


def _find_differences(comparison: DatasetComparison, allowance_m: float, texts: Texts) -> Iterator[Finding]:
    """Yield findings on differences of a layer between two data sets.

    ``allowance_m``: distance that is ignored.
    """

    def make_finding(case: str, field: str = "", **params: Any) -> Finding:
        """Return a finding on this layer in the other data set."""
        return Finding(
            comparison.role,
            key=f"{comparison.other_path}/{comparison.name}",
            field=field,
            case=case,
            params={"file": comparison.first_path, "place": comparison.other_path, **params},
        )

    between = texts.get("words", "between_names")
    only_in_first, only_in_other = comparison.unmatched_features
    if only_in_first.feature_count or only_in_other.feature_count:
        names = [join_first(one.feature_names, between, one.feature_count) for one in comparison.unmatched_features]
        lost, more = (texts.get("words", "in_brackets", text=one) if one else "" for one in names)
        yield make_finding(
            "features",
            found=comparison.feature_counts[0],
            other=comparison.feature_counts[1],
            lost=only_in_first.feature_count,
            more=only_in_other.feature_count,
            lost_names=lost,
            more_names=more,
        )
    differing_positions = np.flatnonzero(comparison.distances_m > allowance_m)
    if len(differing_positions):
        largest_shift = float(comparison.distances_m[differing_positions].max())
        key = "apart_by" if np.isfinite(largest_shift) else "not_alike"
        expected, found = (format_number(area, 2) for area in comparison.areas_m2)
        yield make_finding(
            "shapes" if any(comparison.areas_m2) else "places",
            count=len(differing_positions),
            features=join_first([comparison.moved_names[n] for n in differing_positions], between),
            apart=texts.get("words", key, metres=format_number(largest_shift, 3)),
            **({"expected": expected, "found": found} if any(comparison.areas_m2) else {}),
        )
    for name, difference in comparison.differences_by_field.items():
        first_value, other_value = (
            texts.get("words", "blank") if value is None else str(value)
            for value in (difference.first_value, difference.other_value)
        )
        count = difference.differing_features.feature_count
        features = join_first(difference.differing_features.feature_names, between, count)
        yield make_finding("values", name, count=count, features=features, told=first_value, given=other_value)
    swapped_paths = {"file": comparison.other_path, "place": comparison.first_path}
    for lacking_fields, paths in zip(comparison.missing_fields, (swapped_paths, {}), strict=True):
        if lacking_fields:
            yield make_finding("fields", fields=between.join(lacking_fields), **paths)
