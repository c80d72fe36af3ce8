# SPDX-License-Identifier: GPL-2.0-or-later
from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import numpy as np

from ...engine.context import Context
from ...messages.texts import Texts, format_number
from ...model.findings import Finding
from ...model.rule import RuleResult, Severity, rule
from ..problems import NAMED
from ._package import NONE_INSPECTED, example, no_package_given, package_facts

if TYPE_CHECKING:
    from ..inspection.dataset_comparison import DatasetComparison, FeatureSample


def _twin(**said: Any) -> list[dict[str, Any]]:
    """What is seen of 城镇开发边界 in a VCT file beside the database, apart from what is the same."""
    return [{"role": "CZKFBJ", "features": (18, 18), "areas": (5e6, 5e6), **said}]


@rule(
    "DOC014",
    "package-data-sets",
    problem="Data sets of the package differ",
    severity=Severity.WARNING,
    basis=["T3", "package-form"],
    needs={},
    messages={
        "features": "{layer}: the rules looked at “{file}” ({found} features); “{place}” differs from it ({other}): by their keys {lost} "
        "are only in the first{lost_names}, {more} only in the second{more_names}. Export both anew from one plan.",
        "shapes": "{layer}: the rules looked at “{file}”; in “{place}” {count} features are drawn otherwise ({features}), {apart}. The "
        "layer has {expected} m² in the first and {found} m² in the second. Export both anew from one plan.",
        "places": "{layer}: the rules looked at “{file}”; in “{place}” {count} features are drawn otherwise ({features}), {apart}. "
        "Export both anew from one plan.",
        "values": "{layer}: the rules looked at “{file}”; in “{place}” {count} features have another {field} ({features}): of the first "
        "“{told}” in the first data set, “{given}” in the second. Export both anew from one plan.",
        "fields": "{layer} lacks fields in “{place}” that “{file}” has: {fields}. Put them in, or export both anew from one plan.",
    },
    fails=[
        example("a feature fewer", 1, twins=_twin(features=(18, 17), alone=((1, ["140225000000000018"]), (0, [])))),
        example("a centimetre aside", 1, twins=_twin(off=[0.01], named=["140225000000000018"])),
        example("an island that is not there", 1, twins=_twin(off=[float("inf")], named=["140225000000000018"])),
        example("a point moved", 1, twins=_twin(areas=(0.0, 0.0), off=[5.0], named=["140225000000000018"])),
        example("another zone", 1, twins=_twin(fields={"GHFQDM": ((1, ["140225000000000018"]), "410", "420")})),
        example("a field that was left out", 1, twins=_twin(lacking=((), ["GHFQMC"]))),
    ],
    passes=[
        example("the same", twins=_twin()),
        example("a tenth of a millimetre", twins=_twin(off=[1e-4], named=["140225000000000018"])),
        example("one data set"),
        NONE_INSPECTED,
    ],
)
def package_data_sets(*, ctx: Context, allowance_m: float = 0.001) -> RuleResult:
    """Data sets of one package say the same.

    What it checks
        A layer that is in several data sets of the package (geodatabase, shapefiles, VCT): the rules look at the first, and each
        other is held against it: features by key, shapes to `allowance_m`, values of the template's fields.
    Why
        Who receives the package loads one of them; nobody can tell which was approved.
    How to fix
        Export all data sets anew from one plan, or take out the one that is out of date.
    Limits
        Coordinates are compared in the first one's CRS. Where vertices differ in number (arcs, vertices on a straight line), outlines are
        compared. Numbers count to the template's decimals, dates to the day. Features without a key, or of one that several have, are compared in their
        order, where both have as many. Whether several data sets are wanted is a setting of the form (mark C).
    """
    package = package_facts(ctx)
    if package is None:
        return no_package_given()
    result = RuleResult()
    texts = Texts(ctx.lang)
    looked_at: dict[tuple[str, str], list[str]] = {}
    for twin in package.dataset_comparisons:
        looked_at.setdefault((twin.file, twin.place), []).append(twin.name)
        result.findings += _look(twin, allowance_m, texts)
        if not twin.placed:
            names = {"layer": twin.name, "file": twin.file, "place": twin.place}
            result.not_checked.append(("package_twin_nowhere", names))
    for (file, place), layers in looked_at.items():
        said = {"layers": texts.get("words", "between_names").join(layers), "file": file, "place": place}
        result.notes.append(("package_twins", said))
    return result


def _look(twin: DatasetComparison, allowance_m: float, texts: Texts) -> Iterator[Finding]:
    def say(case: str, params: dict[str, Any], field: str = "") -> Finding:
        where = {"file": twin.file, "place": twin.place}
        return Finding(twin.role, key=f"{twin.place}/{twin.name}", field=field, case=case, params={**where, **params})

    lost, more = twin.alone
    if lost.many or more.many:
        counts = {"found": twin.features[0], "other": twin.features[1], "lost": lost.many, "more": more.many}
        names = {"lost_names": _in_brackets(lost, texts), "more_names": _in_brackets(more, texts)}
        yield say("features", {**counts, **names})
    apart = np.flatnonzero(twin.off > allowance_m)
    if len(apart):
        far = float(twin.off[apart].max())
        params = {
            "count": len(apart),
            "features": _named([twin.named[n] for n in apart[:NAMED]], len(apart), texts),
            "apart": texts.get("words", "apart_by" if np.isfinite(far) else "not_alike", metres=format_number(far, 3)),
        }
        areas = {"expected": format_number(twin.areas[0], 2), "found": format_number(twin.areas[1], 2)}
        yield say("shapes", {**params, **areas}) if any(twin.areas) else say("places", params)
    for name, one in twin.fields.items():
        values = {"told": _value(one.first, texts), "given": _value(one.other, texts)}
        features = _named(one.features.names, one.features.many, texts)
        yield say("values", {"count": one.features.many, "features": features, **values}, name)
    for lacking, other_way in zip(twin.lacking, ({"file": twin.place, "place": twin.file}, {}), strict=True):
        if lacking:
            yield say("fields", {"fields": texts.get("words", "between_names").join(lacking), **other_way})


def _named(names: list[str] | tuple[str, ...], count: int, texts: Texts) -> str:
    return texts.get("words", "between_names").join(names) + (" …" if count > len(names) else "")


def _in_brackets(some: FeatureSample, texts: Texts) -> str:
    return texts.get("words", "in_brackets", text=_named(some.names, some.many, texts)) if some.many else ""


def _value(value: Any, texts: Texts) -> str:
    return texts.get("words", "blank") if value is None else str(value)
