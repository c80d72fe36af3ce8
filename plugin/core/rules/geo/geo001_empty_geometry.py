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
    names = _read_names(layer)
    findings = []
    for position in np.flatnonzero(layer.empty_rows).tolist():
        params = {"shown": {"feature_name": names[position]}} if names[position] else {}
        findings.append(ctx.finding_maker.make_row_finding(layer, position, params=params))
    return findings


def _read_names(layer: Layer) -> list[str]:
    """Return the name of each row, or of the village where its land is.

    Empty without a name, and for a field with personal data.
    """
    name_field = layer.template.find_field("feature_name") or layer.template.find_field_by_name(LOCATION_NAME_FIELD)
    if name_field is None:
        return [""] * len(layer)
    return [
        value and shorten_or_mask_value(name_field, value) if not name_field.personal else ""
        for value in layer.get_texts_by_name(name_field.name)
    ]
