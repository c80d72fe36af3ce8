# SPDX-License-Identifier: GPL-2.0-or-later
"""Small random counties with hard geometry, and the findings of all geometry rules on them.

Their vertices have coordinates that doubles represent with digits to spare: a shift by whole metres, a quarter turn and
a vertex amid an edge are exact. Therefore a difference between two checks is not one of rounding in the test.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any

import numpy as np
import shapely

from plugin.core.base.errors import NEVER_CANCELLED
from plugin.core.checks.run_check import run_check
from plugin.core.cli.examples.plans import make_example_layer, make_example_norm
from plugin.core.engine.context import RuleContext
from plugin.core.engine.outcome import apply_rule, complete_findings
from plugin.core.engine.rule_memory import RuleMemory
from plugin.core.geometry.tolerance import Tolerance
from plugin.core.model.findings import Finding
from plugin.core.model.report import Outcome, Report, RuleOutcome
from plugin.core.model.rule import Rule, RuleExample, load_all_rules
from plugin.core.plan.layer import SourceLayer
from plugin.core.plan.loading.assembly import assemble_plan
from plugin.core.plan.plan import Plan
from plugin.core.standard.messages.texts import Texts
from tests.cases.layouts import LAYOUT_SIDE_M, make_coverage, make_near_copy

NORM, TEXTS = make_example_norm(), Texts("zh")
#: All rules that compare geometry without a table, an edition or a task beside the layers.
GEOMETRY_RULES = tuple(
    code
    for code, rule in load_all_rules().items()
    if rule.family in ("GEO", "TOP", "REL") or code in ("LAW010", "LAW011", "LAW013", "LAW014", "LAW022")
)
#: Rules that report the problems of others: half of the counties are checked without them.
REPORTING_FOR_OTHERS = ("GEO004", "GEO006", "TOP001", "TOP002", "TOP003", "TOP006", "TOP009", "LAW011")
#: Limits that small counties exceed.
PARAMETERS = {"GEO010": {"vertices_count": 12, "holes_count": 1}}
#: Vertices are on a grid of this width in metres; the lowest digit of an easting is eight times finer.
GRID_M = 2.0**-24
#: Examples are as much larger, because many have exactly the size of a limit.
STRETCH = 65 / 64
#: The county is this many times as wide as a layout.
SCALE = 8.0
#: Places of counties in whole metres: near and far from the meridian, and outside the projection zone (GEO012).
PLACES = ((38_540_000.0, 4_390_000.0), (38_620_000.0, 4_250_000.0), (38_690_000.0, 4_390_000.0))
#: Layers of each county and the values of their fields, by meaning.
LAYERS: dict[str, dict[str, tuple[Any, ...]]] = {
    "YDYHGHFQ": {"zone_code": ("100", "200", "300", "410", "510")},
    "DLTB": {"land_use": ("0103", "0301", "0702", "1101", "1003")},
    "YJJBNTBHTB": {"land_use": ("0103", "0103", "0201K"), "net_area": (4000.0, 9000.0)},
    "STBHHX": {},
    "CZKFBJ": {},
}


@dataclass(frozen=True)
class County:
    """A county as read from a file, and the codes of the rules that check it."""

    layers: tuple[SourceLayer, ...]
    codes: tuple[str, ...] = GEOMETRY_RULES

    def change_frames(self, change: Callable[[Any], Any]) -> County:
        """Return the county with each table changed by a function of its data frame."""
        return replace(self, layers=tuple(replace(one, frame=change(one.frame)) for one in self.layers))

    def change_shapes(self, change: Callable[[Any], Any]) -> County:
        """Return the county with each shape changed by a function; rows without a shape stay."""

        def change_frame(frame: Any) -> Any:
            shapes = frame.geometry.to_numpy().copy()
            shapes[:] = [one if one is None or one.is_empty else change(one) for one in shapes]
            return frame.set_geometry(shapes, crs=frame.crs)

        return self.change_frames(change_frame)

    def assemble(self) -> Plan:
        """Return the plan of the county."""
        return assemble_plan(self.layers, NORM, scope="three_lines")

    def list_rules(self) -> list[Rule]:
        """Return the rules that check the county."""
        return [load_all_rules()[code] for code in self.codes]

    def check(self, tolerance: Tolerance | None = None, memory: RuleMemory | None = None) -> list[Finding]:
        """Return the findings of all rules, computed in one thread, without what reports add."""
        plan, rules, findings = self.assemble(), tuple(self.list_rules()), []
        if memory is not None:
            memory.start_run(RuleContext(plan, NORM, NORM.make_tolerance(), rules))
        for rule in rules:
            context = RuleContext(plan, NORM, tolerance or NORM.make_tolerance(), rules)
            values = NORM.get_settings_section(f"rules.{rule.code}") | PARAMETERS.get(rule.code, {})
            outcome = RuleOutcome(rule.code, rule.name, "", Outcome.PASSED)
            result = apply_rule(rule, context, values, outcome, TEXTS, memory=memory)
            assert not context.run_log.failed_pairs, f"{rule.code}: a pair could not be computed"
            for finding in result.findings if result else ():
                finding.code, finding.severity = rule.code, finding.severity or rule.severity
                findings.append(finding)
        if memory is not None:
            memory.end_run()
        complete_findings(plan, findings, TEXTS, NEVER_CANCELLED)
        return findings

    def report(self) -> Report:
        """Return the report of a check as users run it."""
        return run_check(self.assemble(), self.list_rules(), parameters=PARAMETERS)


@cache
def list_examples() -> dict[str, list[RuleExample]]:
    """Return the failing examples of each geometry rule that need neither settings nor another place."""
    return {
        code: [
            example
            for example in load_all_rules()[code].fails
            if not (example.settings or example.side or example.parameters)
            and example.standard == "county_db"
            and not any(word in str(example.layers) for word in ("CIRCULAR", "38_", "POLYGON ((38"))
        ]
        for code in GEOMETRY_RULES
    }


def make_county(seed: int) -> County:
    """Return a county of 10 to 50 rows in layers that almost match, with failing examples of some rules in it."""
    chance = np.random.default_rng(seed)
    place = np.array(PLACES[chance.choice(len(PLACES), p=(0.45, 0.45, 0.1))])
    rows: dict[str, list[dict[str, Any]]] = defaultdict(list)

    def add(role: str, shape: Any, **values: Any) -> None:
        """Add a row; ``shape`` is in metres from the place, None for no shape."""
        moved = shapely.transform([shape], lambda xy: np.round(xy / GRID_M) * GRID_M + place)
        wkt, number = shapely.to_wkt(moved, rounding_precision=-1)[0], sum(map(len, rows.values()))
        rows[role].append({"wkt": wkt, "key": f"140225{number:012d}", **values})

    side = SCALE * LAYOUT_SIDE_M
    add("XZQX", shapely.box(0, 0, side, side), division_code="140225")
    coverage = [shapely.transform(one, lambda xy: xy * SCALE) for one in make_coverage(chance)]
    for role, fields in LAYERS.items():
        cells = make_near_copy(chance, coverage) if chance.random() < 0.7 else coverage
        for n in chance.permutation(len(cells))[: 1 + int(chance.integers(3))]:
            add(role, cells[n], **{name: values[chance.integers(len(values))] for name, values in fields.items()})
    planted = [code for code, some in list_examples().items() if some]
    # Two rules in turn, so that each has examples in a few of many counties, and others.
    turn = [planted[(2 * seed + n) % len(planted)] for n in range(2)]
    for code in dict.fromkeys([*turn, *chance.choice(planted, chance.integers(4), replace=False).tolist()]):
        examples = list_examples()[code]
        example, step = examples[chance.integers(len(examples))], np.floor(chance.random(2) * side * 16) / 16
        for name, example_rows in example.layers.items():
            concept = {"layer": chance.choice(["STBHHX", "CZKFBJ", "YJJBNTBHTB"])}.get(name, name)
            role = example.roles.get(name) or NORM.standard.concepts.get(concept, (concept,))[0]
            for row in example_rows:
                values = dict(row) if isinstance(row, dict) else {"wkt": row}
                shape = shapely.from_wkt([values.pop("wkt")])
                add(role, shapely.transform(shape, lambda xy, step=step: xy * STRETCH + step)[0], **values)
    layers = tuple(make_example_layer(role, some, NORM) for role, some in rows.items())
    codes = tuple(code for code in GEOMETRY_RULES if code not in REPORTING_FOR_OTHERS)
    return County(layers, codes if chance.random() < 0.5 else GEOMETRY_RULES)
