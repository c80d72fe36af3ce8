# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import RuleResult, Severity, rule
from ...standard.messages.texts import Texts, format_number
from ..problems import join_first
from ._package import NO_PACKAGE_EXAMPLE, inspects_package, make_example

if TYPE_CHECKING:
    from ..inspection.dataset_comparison import DatasetComparison, FeatureSample
    from ..inspection.facts import PackageFacts


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
            layer_params = {"layer": comparison.name, "file": comparison.first_path, "place": comparison.other_path}
            result.not_checked.append(("package_twin_nowhere", layer_params))
    for (file, place), layers in layers_of_pair.items():
        params = {"layers": texts.get("words", "between_names").join(layers), "file": file, "place": place}
        result.notes.append(("package_twins", params))
    return result


def _find_differences(comparison: DatasetComparison, allowance_m: float, texts: Texts) -> Iterator[Finding]:
    """Yield findings on differences of a layer between two data sets.

    ``allowance_m``: distance that is ignored.
    """

    def make_finding(case: str, params: dict[str, Any], field: str = "") -> Finding:
        """Return a finding on this layer in the other data set."""
        file_params = {"file": comparison.first_path, "place": comparison.other_path}
        return Finding(
            comparison.role,
            key=f"{comparison.other_path}/{comparison.name}",
            field=field,
            case=case,
            params={**file_params, **params},
        )

    between = texts.get("words", "between_names")
    only_in_first, only_in_other = comparison.unmatched_features
    if only_in_first.feature_count or only_in_other.feature_count:
        counts = {
            "found": comparison.feature_counts[0],
            "other": comparison.feature_counts[1],
            "lost": only_in_first.feature_count,
            "more": only_in_other.feature_count,
        }
        names = {
            "lost_names": _join_in_brackets(only_in_first, texts),
            "more_names": _join_in_brackets(only_in_other, texts),
        }
        yield make_finding("features", {**counts, **names})
    differing_positions = np.flatnonzero(comparison.distances_m > allowance_m)
    if len(differing_positions):
        largest_shift = float(comparison.distances_m[differing_positions].max())
        params = {
            "count": len(differing_positions),
            "features": join_first([comparison.moved_names[n] for n in differing_positions], between),
            "apart": texts.get(
                "words",
                "apart_by" if np.isfinite(largest_shift) else "not_alike",
                metres=format_number(largest_shift, 3),
            ),
        }
        areas = {
            "expected": format_number(comparison.areas_m2[0], 2),
            "found": format_number(comparison.areas_m2[1], 2),
        }
        yield (
            make_finding("shapes", {**params, **areas}) if any(comparison.areas_m2) else make_finding("places", params)
        )
    for name, difference in comparison.differences_by_field.items():
        first_value, other_value = (
            texts.get("words", "blank") if value is None else str(value)
            for value in (difference.first_value, difference.other_value)
        )
        count = difference.differing_features.feature_count
        features = join_first(difference.differing_features.feature_names, between, count)
        yield make_finding(
            "values", {"count": count, "features": features, "told": first_value, "given": other_value}, name
        )
    for lacking_fields, swapped_params in zip(
        comparison.missing_fields, ({"file": comparison.other_path, "place": comparison.first_path}, {}), strict=True
    ):
        if lacking_fields:
            yield make_finding("fields", {"fields": between.join(lacking_fields), **swapped_params})


def _join_in_brackets(sample: FeatureSample, texts: Texts) -> str:
    """Return the names of a sample of features in brackets; empty if the sample is empty."""
    names = join_first(sample.feature_names, texts.get("words", "between_names"), sample.feature_count)
    return texts.get("words", "in_brackets", text=names) if names else ""
