# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import Context
from ...model.findings import Finding
from ...model.rule import EACH, Example, Need, RuleResult, Severity, rule
from ...plan.layer import Layer
from .._sealed import not_compared_params

SQUARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"


@rule(
    "SCH006",
    "field-alias",
    problem="A field's alias differs from the template",
    severity=Severity.WARNING,
    basis=["county-db", "survey-2020"],
    needs={"layer": Need(EACH)},
    messages={
        "": "{layer} calls the field {field} “{found_alias}”; the template calls it “{alias}”. Change the alias; the values stay.",
        "empty": "{layer} has no Chinese name for the field {field}; the template calls it “{alias}”. Enter it as the field's alias.",
        "none": "{layer} has a Chinese name for none of its {count} fields. Carry the rows over into a layer from “Create plan "
        "layers”, which has them, or enter the aliases of the template.",
    },
    fails=[
        Example("another name", {"layer": [{"wkt": SQUARE, "key": "1", "area": 1.0,
                                            "aliases": {"key": "标识码", "area": "椭球面积"}}]}, finds=1),
        Example("one without a name", {"layer": [{"wkt": SQUARE, "key": "1", "area": 1.0,
                                                  "aliases": {"key": "标识码", "area": ""}}]}, finds=1),
        Example("none has a name: said once", {"layer": [{"wkt": SQUARE, "key": "1", "area": 1.0,
                                                          "aliases": {"key": "", "area": ""}}]}, finds=1),
    ],
    passes=[Example("as in the template", {"layer": [{"wkt": SQUARE, "key": "1", "area": 1.0,
                                                      "aliases": {"key": "标识码", "area": "面积"}}]})],
)  # fmt: skip
def field_alias(layer: Layer, *, ctx: Context) -> RuleResult:
    """Fields have the Chinese names of the template.

    What it checks
        The alias (字段别名) that the database keeps for each field of the template. Where the template's own field is not verified
        (mark C), a difference is only noted.
    Why
        Tables and forms show the alias; the receiving side reads YJJBNTTBMJ by its name.
    How to fix
        Change the alias in the database (ArcGIS: field properties; QGIS: a new layer), or carry the rows over into a layer from
        “Create plan layers”.
    Limits
        GeoPackage and FileGDB keep aliases; a shapefile does not, and that is said. The alias that a form in QGIS shows is the
        project's own and is not looked at. Fields that the template does not have are not compared.
    """
    result = RuleResult(applicable=False)
    told = {f.name.upper(): f.alias for f in layer.source.fields}
    there = [f for f in layer.template.fields if f.name in told]
    silent = [f.name for f in there if told[f.name] is None]
    if silent:
        result.not_checked.append(("alias_untold", not_compared_params(layer, silent)))
    known = [f for f in there if told[f.name] is not None]
    result.applicable = bool(known)
    if len(known) > 1 and not any(told[f.name] for f in known):
        severity = Severity.INFO if layer.template.fields_mark == "C" else None
        result.findings.append(Finding(layer.role, case="none", severity=severity, params={"count": len(known)}))
        return result
    for declared in known:
        found = (told[declared.name] or "").strip()
        if found != declared.alias:
            params = {"found_alias": found, "alias": declared.alias}
            severity = Severity.INFO if declared.mark == "C" else None
            case = "" if found else "empty"
            result.findings.append(
                Finding(layer.role, field=declared.name, case=case, severity=severity, params=params)
            )
    return result
