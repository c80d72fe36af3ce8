# SPDX-License-Identifier: GPL-2.0-or-later
from functools import partial

from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import EVERY_LAYER, LayerNeed, RuleExample, RuleResult, Severity, rule
from ...plan.layer import Layer
from ...standard.messages.clauses import advise_by_receiver
from .._sealed import make_params_of_uncompared_fields

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "SCH006",
    "field-alias",
    problem="A field's alias differs from the template",
    severity=Severity.WARNING,
    basis=["county-db", "survey-2020"],
    needs={"layer": LayerNeed(EVERY_LAYER)},
    clauses=partial(advise_by_receiver, "alias"),
    messages={
        "": "{layer}: the alias of the field {field} is “{found_alias}”; the template has “{alias}”. Values and this "
        "check are not affected. {receiver}Change the alias in the database, or create an empty layer with New Layers… and "
        "paste the features into it.",
        "empty": "{layer}: the field {field} has no Chinese alias; the template has “{alias}”. Values and this check "
        "are not affected. {receiver}Enter the alias in the database, or create an empty layer with New Layers… and "
        "paste the features into it.",
        "none": "{layer}: no field has a Chinese alias (fields: {count}). Values and this check are not affected. "
        "{receiver}Create an empty layer with New Layers… (GeoPackage or FileGDB), and paste the features into it. "
        "Aliases in the layer properties of QGIS are not in the database and do not count.",
    },
    fails=[
        RuleExample("another name", {"layer": [{"wkt": SQUARE_WKT, "key": "1", "area": 1.0,
                                            "aliases": {"key": "标识码", "area": "椭球面积"}}]}, finds=1),
        RuleExample("one without a name", {"layer": [{"wkt": SQUARE_WKT, "key": "1", "area": 1.0,
                                                  "aliases": {"key": "标识码", "area": ""}}]}, finds=1),
        RuleExample("no field has a name: reported once", {"layer": [{"wkt": SQUARE_WKT, "key": "1", "area": 1.0,
                                                          "aliases": {"key": "", "area": ""}}]}, finds=1),
    ],
    passes=[RuleExample("as in the template", {"layer": [{"wkt": SQUARE_WKT, "key": "1", "area": 1.0,
                                                      "aliases": {"key": "标识码", "area": "面积"}}]})],
)  # fmt: skip
def field_alias(layer: Layer, *, ctx: RuleContext) -> RuleResult:
    """Fields have the Chinese names of the template.

    What it checks
        The alias (字段别名) that the database stores for each field of the template. If the template's field is not
        verified (mark C), a difference is only noted.
    Why
        Tables and forms show the alias; the receiving side reads YJJBNTTBMJ by its name.
    How to fix
        Change the alias in the database (ArcGIS: field properties; QGIS: a new layer), or copy the rows into a layer
        from “New layers”.
    Limits
        GeoPackage and FileGDB store aliases; a shapefile does not, and the outcome notes it. The alias in a QGIS form
        belongs to the project and is not checked. Fields outside the template are not compared.
    """
    result = RuleResult(is_applicable=False)
    aliases = {f.name.upper(): f.alias for f in layer.source.fields}
    present_fields = [f for f in layer.template.fields if f.name in aliases]
    fields_without_alias = [f.name for f in present_fields if aliases[f.name] is None]
    if fields_without_alias:
        result.not_checked.append(("alias_untold", make_params_of_uncompared_fields(layer, fields_without_alias)))
    aliased_fields = [f for f in present_fields if aliases[f.name] is not None]
    result.is_applicable = bool(aliased_fields)
    if len(aliased_fields) > 1 and not any(aliases[f.name] for f in aliased_fields):
        severity = Severity.INFO if layer.template.fields_mark == "C" else None
        result.findings.append(
            Finding(
                layer.role,
                case="none",
                severity=severity,
                params={"count": len(aliased_fields), "shown": {"is_verified": severity is None}},
            )
        )
        return result
    for template_field in aliased_fields:
        actual_alias = (aliases[template_field.name] or "").strip()
        if actual_alias != template_field.alias:
            severity = Severity.INFO if template_field.mark == "C" else None
            params = {
                "found_alias": actual_alias,
                "alias": template_field.alias,
                "shown": {"is_verified": severity is None},
            }
            case = "" if actual_alias else "empty"
            result.findings.append(
                Finding(layer.role, field=template_field.name, case=case, severity=severity, params=params)
            )
    return result
