# SPDX-License-Identifier: GPL-2.0-or-later
"""A judged proposal: what a fix would change, what the rules find afterwards, how the areas balance; and its texts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from ..geometry import crs as crs_care
from ..geometry.statutory_area import compute_drawn_area
from ..geometry.validity import extract_polygons, make_shape_array
from ..model.findings import Finding
from ..model.rule import load_all_rules
from ..standard.messages.texts import Texts, format_number, load_texts, shorten_key
from ..standard.template import Template
from .fix_declaration import FIX_HEADINGS, Fix

if TYPE_CHECKING:
    # It loads the libraries that edited copies need.
    from .edits import Edits

#: Largest difference (m²) of an area balance.
MAX_IMBALANCE_M2 = 0.01


@dataclass(frozen=True)
class AreaChange:
    """The area balance of the edited features of one layer, in m².

    ``before_m2`` − ``moved_out_m2`` + ``moved_in_m2`` = ``after_m2``, in the plane; ``ellipsoid_*``: the same areas on
    the ellipsoid (图斑椭球面积, within the edges as drawn). Land that moves from one feature of the layer to another
    counts as moved out and as moved in, land that becomes a new row of the same feature as neither. ``moved_in``,
    ``moved_out``: that land as a shape of the plane, or None. ``rows``: number of edited features. ``lands``: feature
    id → shape before, land lost and land gained (each in the plane, or None), of which the areas are sums.
    """

    role: str
    rows: int
    before_m2: float
    moved_out_m2: float
    moved_in_m2: float
    after_m2: float
    ellipsoid_before_m2: float = 0.0
    ellipsoid_out_m2: float = 0.0
    ellipsoid_in_m2: float = 0.0
    ellipsoid_after_m2: float = 0.0
    moved_in: Any = field(default=None, compare=False)
    moved_out: Any = field(default=None, compare=False)
    lands: dict[int, tuple[Any, Any, Any]] = field(default_factory=dict, compare=False)

    @property
    def imbalance_m2(self) -> float:
        """Return before − moved out + moved in − after (m²), which is 0 for balanced areas."""
        return self.before_m2 - self.moved_out_m2 + self.moved_in_m2 - self.after_m2

    @property
    def keeps_union(self) -> bool:
        """Return True if the features gain the land that others lose."""
        sides = (one or shapely.Polygon() for one in (self.moved_in, self.moved_out))
        return bool(shapely.symmetric_difference(*sides).area <= MAX_IMBALANCE_M2)


@dataclass(frozen=True)
class OpenedWindow:
    """A window (开天窗) that a proposal opens, with the fields of `core.model.window_register.RegisteredWindow`.

    ``document``: the document given for a change of the feature's layer.
    """

    role: str
    key: str
    filler_role: str
    filler_key: str
    area_m2: float
    longitude: float
    latitude: float
    document: str


@dataclass
class Proposal:
    """What a fix would change to end a finding, as it was judged.

    ``ended_findings``, ``new_findings``: findings that a check no longer lists, and that it lists anew or larger;
    ``renamed``: those pairs of both that are one problem, on a row that has a new key (BSM) or is a part of the former
    row; ``remaining``: pairs of another ended finding and the finding of its rule and case that has most of its land
    afterwards; ``untried_rules``: codes of rules that the edits may affect, but that were not tried. ``areas``: the
    area balance by layer. ``is_safe``: it may be applied without confirmation; otherwise ``doubts`` has the reasons
    (key of the texts, section ``fix_doubts``, and parameters). ``documents``: layer code → document that allows the
    change of a sealed layer.
    """

    fix: Fix
    finding: Finding
    edits: Edits
    ended_findings: list[Finding] = field(default_factory=list)
    new_findings: list[Finding] = field(default_factory=list)
    renamed: list[tuple[Finding, Finding]] = field(default_factory=list)
    untried_rules: list[str] = field(default_factory=list)
    areas: list[AreaChange] = field(default_factory=list)
    doubts: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    documents: dict[str, str] = field(default_factory=dict)
    windows: list[OpenedWindow] = field(default_factory=list)
    remaining: list[tuple[Finding, Finding]] = field(default_factory=list)
    #: Layer code and feature id → key (BSM) of each edited row, as it is afterwards (before, for a deleted one).
    row_keys: dict[tuple[str, int], str] = field(default_factory=dict)

    @property
    def resolved_findings(self) -> list[Finding]:
        """Return the findings that end, and on whose land no other finding of their rule and case remains."""
        listed = {id(former_finding) for former_finding, _ in (*self.renamed, *self.remaining)}
        return [one for one in self.ended_findings if id(one) not in listed]

    @property
    def added_findings(self) -> list[Finding]:
        """Return the new findings that are not former ones on another row or on less land."""
        present = {id(finding) for _former, finding in (*self.renamed, *self.remaining)}
        return [one for one in self.new_findings if id(one) not in present]

    @property
    def is_safe(self) -> bool:
        """Return True if the proposal may be applied without confirmation."""
        return not self.doubts


@dataclass(frozen=True)
class Refusal:
    """Why a finding has no proposal: key of the texts (section ``fix_reasons``) and its parameters."""

    finding: Finding
    reason: str
    params: dict[str, Any] = field(default_factory=dict, hash=False)
    fix_code: str = ""


def balance_areas(
    role: str, lands: Mapping[int, tuple[Any, Any, Any]], plane_crs: Any, shapes_after: list[Any] | None = None
) -> AreaChange:
    """Return the area balance of features of a layer.

    ``lands``: as in `AreaChange`; ``shapes_after``: the rows after the edits, in the plane. If they are None, the areas
    afterwards follow from the others.
    """
    transformer = crs_care.make_lonlat_transformer(plane_crs)
    sides = [*zip(*lands.values(), strict=True), shapes_after or []]
    columns = [make_shape_array(*filter(None, map(extract_polygons, side))) for side in sides]
    planar = [float(shapely.area(column).sum()) for column in columns]
    drawn = [float(np.nansum(compute_drawn_area(column, transformer))) for column in columns]
    if shapes_after is None:
        planar[3], drawn[3] = (areas[0] - areas[1] + areas[2] for areas in (planar, drawn))
    moved_out, moved_in = (extract_polygons(shapely.union_all(columns[side])) for side in (1, 2))
    return AreaChange(
        role, len(lands), planar[0], planar[1], planar[2], planar[3], drawn[0], drawn[1], drawn[2], drawn[3],
        moved_in, moved_out, dict(lands),
    )  # fmt: skip


def sum_area_changes(proposals: Sequence[Proposal], plane_crs: Any) -> list[AreaChange]:
    """Return the area balance of each layer that proposals change together.

    Each feature counts once. Land that one proposal takes from a feature and another one gives back to it is not moved.
    """
    added_rows = {(edit.role, edit.fid) for proposal in proposals for edit in proposal.edits if edit.is_new}
    steps_by_role: dict[str, dict[int, list[tuple[Any, Any, Any]]]] = {}
    for change in (change for proposal in proposals for change in proposal.areas):
        steps_by_fid = steps_by_role.setdefault(change.role, {})
        for fid, (shape, lost, gained) in change.lands.items():
            # The land of a row that a proposal added is counted where it was before.
            steps_by_fid.setdefault(fid, []).append((None if (change.role, fid) in added_rows else shape, lost, gained))
    balances = []
    for role, steps_by_fid in steps_by_role.items():
        lands = {}
        for fid, steps in steps_by_fid.items():
            # Only polygons count as land, and GEOS cannot subtract collections with lines.
            lost, gained = (
                shapely.union_all([land for step in steps if (land := extract_polygons(step[side])) is not None])
                for side in (1, 2)
            )
            lands[fid] = steps[0][0], shapely.difference(lost, gained), shapely.difference(gained, lost)
        balances.append(balance_areas(role, lands, plane_crs))
    return balances


#: Parameters that are keys (BSM), shown by their tail.
_KEY_PARAMETERS = ("key", "other_key", "keys", "values", "candidates")


class FixTexts:
    """All sentences on fixes in one language (``zh`` or ``en``).

    ``templates``: layer code → template, from which the names of layers are taken.
    """

    def __init__(self, lang: str, templates: Mapping[str, Template]):
        self.lang = lang
        self._texts = Texts(lang)
        self._templates = templates

    def get_title(self, fix: Fix) -> str:
        """Return the title of a fix."""
        return str(load_texts("fixes_zh")[fix.code]["title"]) if self.lang == "zh" else fix.title

    def get_help(self, fix: Fix) -> dict[str, str]:
        """Return heading → text of the help of a fix."""
        headings = self._texts.get_section("fix_headings")
        keys = ("what", "safe", "limits")
        if self.lang == "zh":
            texts = {key: str(load_texts("fixes_zh")[fix.code][key]) for key in keys}
        else:
            sections = fix.sections
            texts = {key: " ".join(sections[one].split()) for key, one in zip(keys, FIX_HEADINGS, strict=True)}
        return self._texts.add_setting_titles({headings[key]: text for key, text in texts.items()})

    def make_sentence(self, proposal: Proposal) -> str:
        """Return what a proposal does, as one sentence without a full stop."""
        fix, case = proposal.fix, proposal.edits.case
        text = load_texts("fixes_zh")[fix.code]["messages"][case] if self.lang == "zh" else fix.messages[case]
        return str(text).format(**self._format_params(proposal.edits.params))

    def explain_refusal(self, refusal: Refusal) -> str:
        """Return why a finding has no proposal."""
        return self._texts.get("fix_reasons", refusal.reason, **self._format_params(refusal.params))

    def list_doubts(self, proposal: Proposal) -> list[str]:
        """Return sentences on why a proposal is not safe; empty for a safe one."""
        return [self._texts.get("fix_doubts", key, **self._format_params(params)) for key, params in proposal.doubts]

    def name_rule(self, code: str) -> str:
        """Return the code of a rule and what is wrong where it finds something; the code alone of a declared check."""
        rule = load_all_rules().get(code)
        return f"{code} {self._texts.get_rule_problem(rule)}" if rule is not None else code

    def describe_untried_rules(self, proposal: Proposal, name_rule: Callable[[str], str] = str) -> str:
        """Return a sentence on the rules not tried with a proposal, each named by ``name_rule``; empty without any."""
        rules = self._texts.get("words", "between_names").join(map(name_rule, proposal.untried_rules))
        return self.get("note_untried", rules=rules) if rules else ""

    def get_layer_name(self, role: str) -> str:
        """Return the name of a layer, with its code in Chinese texts."""
        short_name = self.get_short_layer_name(role)
        return role if short_name == role else f"{short_name}（{role}）"

    def get_short_layer_name(self, role: str) -> str:
        """Return the name of a layer; its code in English texts, and for a layer without a template."""
        template = self._templates.get(role)
        return template.name if template is not None and self.lang == "zh" else role

    def get(self, key: str, **params: Any) -> str:
        """Return a text on batches of fixes by its key, with ``params`` filled in."""
        return self._texts.get("fix_words", key, **params)

    def _format_params(self, params: Mapping[str, Any]) -> dict[str, str]:
        """Return parameters as texts: areas in m², keys by their last digits, layers by their names."""
        return {name.removesuffix("_m2"): self._format_value(name, value) for name, value in params.items()}

    def _format_value(self, name: str, value: Any) -> str:
        """Return the value of a parameter as text, by the name of the parameter."""
        if name.endswith("_m2"):
            return f"{format_number(float(value), 2)} m²"
        if name == "rules" and isinstance(value, str):
            return self.name_rule(value)
        if name in ("role", "other_role"):
            return self.get_layer_name(str(value))
        if isinstance(value, list | tuple):
            return self._texts.get("words", "between_names").join(self._format_value(name, one) for one in value)
        if name in _KEY_PARAMETERS:
            return shorten_key(str(value)) or self.get("no_key")
        return format_number(value, 2) if isinstance(value, float) else str(value) or self.get("blank_value")
