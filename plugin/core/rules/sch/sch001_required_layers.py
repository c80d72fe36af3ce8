# SPDX-License-Identifier: GPL-2.0-or-later
from ...engine.context import RuleContext
from ...model.findings import Finding
from ...model.rule import RuleExample, RuleResult, Severity, rule
from ...standard.messages.texts import ConceptName
from ...standard.profile.profile_data import ABSENCE_ITEM

SQUARE_WKT = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
ALL_REQUIRED_LAYERS = {
    "farmland": [SQUARE_WKT],
    "red_line": [SQUARE_WKT],
    "boundary": [SQUARE_WKT],
    "base_parcels": [SQUARE_WKT],
}


@rule(
    "SCH001",
    "required-layers",
    problem="A mandatory layer is missing",
    severity=Severity.WARNING,
    basis=["county-db", "three-line-rules-2022"],
    needs={},
    messages={
        "": "The delivery has no layer for {concept} ({any_role}). Rules that need it are skipped, which is not a pass. "
        "Add the layer; if the data have it under another name, assign it under Layer Roles.",
        "empty": "The layer for {concept} ({layer}) has no features. Rules that need it are skipped, which is not a "
        "pass. Add the data; if the county has none, declare this in the profile.",
    },
    fails=[
        RuleExample("boundary missing", {k: v for k, v in ALL_REQUIRED_LAYERS.items() if k != "boundary"}, finds=1),
        RuleExample("boundary without a feature", {**ALL_REQUIRED_LAYERS, "boundary": []}, finds=1),
    ],
    passes=[RuleExample("all four there", ALL_REQUIRED_LAYERS)],
)
def required_layers(*, ctx: RuleContext) -> RuleResult:
    """Mandatory layers are present.

    What it checks
        Each concept that the delivery's scope requires has a layer with at least one feature.
    Why
        A rule without its layer cannot be checked, and “no finding” would look like a pass.
    How to fix
        Add the layer under its official code and fill it, or assign a layer to the role under Layer Roles; declare
        in the county profile what the county does not have.
    Limits
        Checks that layer and features are present, not that the layer is complete. A concept that the profile
        declares absent is not required; if a scope makes it mandatory, the outcome stays in doubt. In a database
        without any features, layers are required and features are not; the outcome notes it.
    """
    result = RuleResult()
    has_no_features = bool(ctx.plan.layers) and not any(len(layer) for layer in ctx.plan.layers.values())
    for concept in ctx.norm.standard.scopes[ctx.plan.scope].mandatory_concepts:
        # The layer is present but unusable: SCH003 reports its problem.
        if not ctx.plan.requires_concept(concept) or ctx.plan.find_unusable_layer(concept) is not None:
            continue
        layer, roles = ctx.plan.find_layer_of_concept(concept), ctx.plan.list_roles_of_concept(concept)
        if layer is None:
            params = {"concept": ConceptName(concept), "roles": list(roles)}
            result.findings.append(Finding(role=roles[0], params=params))
        elif not len(layer) and not has_no_features:
            params = {"concept": ConceptName(concept), "roles": list(roles)}
            result.findings.append(Finding(layer.role, case="empty", params=params))
        if layer is not None and layer.has_no_geometry and not has_no_features:
            # No rule can check the layer: the run is incomplete.
            result.not_checked.append(("layer_bare", {"layer": layer.name, "role": layer.role}))
    for concept in _find_absent_mandatory_concepts(ctx):
        # A declaration cannot replace a layer that every plan must have.
        result.doubts.append(f"{ABSENCE_ITEM}.{concept}")
        params = {"concept": concept, "roles": " / ".join(ctx.plan.list_roles_of_concept(concept))}
        result.notes.append(("declared_absent", params))
    if has_no_features:
        result.not_checked.append(("nothing_drawn", {"count": len(ctx.plan.layers)}))
    return result


def _find_absent_mandatory_concepts(ctx: RuleContext) -> list[str]:
    """Return layers (concepts) that the profile declares absent but must exist.

    The plan's kind of delivery (scope) names them, and it or another one makes them mandatory.
    """
    scopes = ctx.norm.standard.scopes
    scope = scopes[ctx.plan.scope]
    mandatory = {concept for one in scopes.values() for concept in one.mandatory_concepts}
    concepts_of_scope = {*scope.mandatory_concepts, *scope.conditional_concepts, *scope.optional_concepts}
    return sorted(ctx.norm.profile.absent & mandatory & concepts_of_scope)
