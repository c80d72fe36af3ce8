# SPDX-License-Identifier: GPL-2.0-or-later
import numpy as np

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, rule
from ...plan.layer import Layer
from .._attributes import shorten_or_mask_value

#: 坐落单位名称: the village where the land is.
LOCATION_NAME_FIELD = "ZLDWMC"
SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "GEO001",
    "empty-geometry",
    problem="A feature has no geometry",
    local=True,
    basis=["county-db"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer} ({key}{named}) has attributes but no shape: it is in no area of the map and in no overlay. "
        "Restore its shape from {authority}; if the feature is not there, verify that it is a duplicate or was "
        "entered by mistake, and delete it.",
    },
    fails=[
        RuleExample("null", {"layer": [SQUARE_WKT, None]}, finds=1),
        RuleExample("empty polygon", {"layer": ["POLYGON EMPTY"]}, finds=1),
    ],
    passes=[RuleExample("a square", {"layer": [SQUARE_WKT]})],
)
def empty_geometry(layer: Layer, *, ctx: RuleContext) -> list[Finding]:
    """Every row has a shape.

    What it checks
        Rows whose geometry is null or empty.
    Why
        Tables count such a row, the map does not show it: text, table and map no longer agree.
    How to fix
        Restore the shape from the approved result (survey parcels: from the survey). If the feature is not there,
        verify that the row is a duplicate or was entered by mistake, and delete it.
    Limits
        None known.
    """
    empty_rows = np.flatnonzero(layer.empty_rows).tolist()
    findings = []
    for position, name in zip(empty_rows, _read_names(layer, empty_rows), strict=True):
        params = {"shown": {"feature_name": name}} if name else {}
        findings.append(ctx.finding_maker.make_row_finding(layer, position, params=params))
    return findings


def _read_names(layer: Layer, rows: list[int]) -> list[str]:
    """Return the name of each of some rows, or of the village where its land is.

    ``rows``: (k,) positions. Empty without a name, and for a field with personal data.
    """
    name_field = layer.template.find_field("feature_name") or layer.template.find_field_by_name(LOCATION_NAME_FIELD)
    if not rows or name_field is None or name_field.personal:
        return [""] * len(rows)
    names = layer.get_texts_by_name(name_field.name)
    return [names[row] and shorten_or_mask_value(name_field, names[row]) for row in rows]
