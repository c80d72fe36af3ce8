# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._sealed import make_params_of_uncompared_fields

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "SCH004",
    "field-length",
    problem="A field's length differs from the template",
    severity=Severity.WARNING,
    basis=["county-db", "survey-2020"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    messages={
        "": "{layer}: the field {field} has the length {found_length}; the template has {length}, which is decisive. "
        "A short field truncates values, and the receiving side checks lengths. Create an empty layer with New "
        "Layers…, and paste the features into it.",
    },
    fails=[
        RuleExample("a key of 10", {"layer": [{"wkt": SQUARE_WKT, "key": "1402250001", "lengths": {"key": 10}}]}, finds=1),
        RuleExample("too long is not the template either",
                {"layer": [{"wkt": SQUARE_WKT, "key": "1402250001", "lengths": {"key": 254}}]}, finds=1),
    ],
    passes=[RuleExample("a key of 18", {"layer": [{"wkt": SQUARE_WKT, "key": "1402250001", "lengths": {"key": 18}}]})],
)  # fmt: skip
def field_length(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Text fields have the length of the template.

    What it checks
        The length that the source declares for each text field, compared with the template. If the template's field
        is not verified (mark C), a difference is only noted.
    Why
        A field that is too short cuts codes and names off silently; the receiving side compares lengths.
    How to fix
        Create the field again with the template's length, preferably in a database from “New layers”, and
        copy the values.
    Limits
        Only sources that declare a length are checked: GeoPackage, FileGDB and layers of a QGIS project; other files
        do not (a shapefile counts bytes), and the outcome notes it. Numbers and dates are not compared, because
        databases do not store their length.
    """
    result = RuleResult(is_applicable=False)
    lengths = {f.name.upper(): f.length for f in layer.source.fields if f.type == "text"}
    fields_without_length = []
    for template_field in layer.template.fields:
        if template_field.type != "text" or template_field.length is None or template_field.name not in lengths:
            continue
        result.is_applicable = True
        actual_length = lengths[template_field.name]
        if actual_length is None:
            fields_without_length.append(template_field.name)
        elif actual_length != template_field.length:
            severity = Severity.INFO if template_field.mark == "C" else None
            params = {"found_length": actual_length, "length": template_field.length}
            result.findings.append(Finding(layer.role, field=template_field.name, severity=severity, params=params))
    if fields_without_length:
        result.not_checked.append(("length_untold", make_params_of_uncompared_fields(layer, fields_without_length)))
    return result
