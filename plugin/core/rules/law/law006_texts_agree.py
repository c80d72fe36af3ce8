# SPDX-License-Identifier: GPL-2.0-or-later
from collections.abc import Iterator

from ...engine.context import Context
from ...messages.texts import IndicatorName
from ...model.findings import Finding
from ...model.indicator import AREA_FIGURES, STATED_FIGURES
from ...model.rule import Example, RuleResult, Severity, rule
from ...profile import OtherSource, StatedFigure, Target

HECTARE = "POLYGON ((0 0, 100 0, 100 100, 0 100, 0 0))"
SAID = {"targets": [("red_line_area", ">=", "2.00", "ha", ("2.10", "另一份规划"))]}
AGREED = {"targets": [("red_line_area", ">=", "2.0", "ha", ("2.00", "另一份规划"))]}


@rule(
    "LAW006",
    "texts-agree",
    problem="Documents state different figures",
    severity=Severity.WARNING,
    basis=["texts-agree", "plan-review"],
    needs={},
    messages={
        "": "{indicator} of {area} for {year}: “{source}” says {value} {unit}, “{other}” says {said} {unit}. Settle with the approved "
        "document which holds, and correct the other.",
        "stated": "{figure} of {area} for {year}: “{source}” says {value} {unit}, “{other}” says {said} {unit}. Settle with the approved "
        "document which holds, and correct the other.",
    },
    fails=[Example("two plans, two figures", {"red_line": [HECTARE]}, finds=1, settings=SAID)],
    passes=[
        Example("the same figure with more digits", {"red_line": [HECTARE]}, settings=AGREED),
        Example("one document only", {"red_line": [HECTARE]}, settings={"targets": [("red_line_area", ">=", "2.00", "ha")]}),
    ],
)  # fmt: skip
def texts_agree(*, ctx: Context) -> RuleResult:
    """Documents give one figure for one thing.

    What it checks
        Figures of which the profile, or one above it, holds what another document says (also_said): both values, each with its document.
    Why
        Text, table and map are to show one number; where two approved texts differ, no plan can meet both.
    How to fix
        Find out which document holds (usually the later or the higher one), and keep the other's figure out of text and tables.
    Limits
        Only what somebody entered into a profile is compared. Contradictions of plans above this area are information, its own a warning.
    """
    result = RuleResult(applicable=False)
    area = ctx.plan.area_code
    names = {one.area_code: one.name for one in ctx.norm.profile.chain() if one.covers(area)}
    for figure, said in _both(ctx):
        if figure.area_code not in names and figure.area_code != area:
            continue
        result.applicable = True
        if float(said.value) != figure.number:
            name = names.get(figure.area_code, area)
            result.findings.append(_differ(figure, said, name, figure.area_code == area, ctx))
    return result


def _both(ctx: Context) -> Iterator[tuple[Target | StatedFigure, OtherSource]]:
    figures: list[Target | StatedFigure] = [*ctx.norm.profile.targets, *ctx.norm.profile.stated]
    for figure in figures:
        for said in figure.also_said:
            yield figure, said


def _differ(figure: Target | StatedFigure, said: OtherSource, area: str, own: bool, ctx: Context) -> Finding:
    params = {
        "area": area,
        "year": str(said.year or figure.year),
        "source": figure.source,
        "value": figure.value,
        "other": said.source,
        "said": said.value,
    }
    severity = None if own else Severity.INFO
    if isinstance(figure, StatedFigure):
        # Its unit is as printed, and no layer has it.
        plain = {**params, "figure": figure.name, "unit": figure.unit}
        return Finding("", field=f"{figure.name} {params['year']}", case="stated", severity=severity, params=plain)
    concept, _ = {**AREA_FIGURES, **STATED_FIGURES}[figure.indicator]
    layer = ctx.plan.concept(concept)
    role = layer.role if layer is not None else ctx.plan.roles_of(concept)[0]
    return Finding(
        role, severity=severity, params={**params, "indicator": IndicatorName(figure.indicator), "unit": figure.unit}
    )
