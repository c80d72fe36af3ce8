# SPDX-License-Identifier: GPL-2.0-or-later
"""What a rule receives besides its layers: the plan, its norm and its side inputs.

The norm is the standard with the county's profile. Side inputs are tables and editions that a check is given beside the
layers. `RuleContext` also offers geometry queries, a maker of findings, and the run's log.
"""

from collections.abc import Callable, Container, Hashable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any, TypeVar

import numpy as np
import shapely
from numpy.typing import NDArray

from ..base.errors import NEVER_CANCELLED, Cancellation, InputError
from ..base.files.cells import map_texts
from ..geometry.crs import make_lonlat_transformer
from ..geometry.overlay import find_shared_pieces, find_uncovered_pieces
from ..geometry.overlay_pieces import OverlayPieces
from ..geometry.statutory_area import compute_drawn_area
from ..geometry.tolerance import Tolerance
from ..model.findings import Finding
from ..model.rule import EVERY_LAYER, Rule
from ..model.side_inputs import NO_SIDE_INPUTS, SideInputs
from ..plan.layer import Layer
from ..plan.plan import Plan, RecheckFocus
from ..standard.profile import Norm
from ..standard.template import CodeList
from .geometry_queries import GeometryQueries
from .run_log import RunLog

_Value = TypeVar("_Value")


@dataclass
class RuleContext:
    """What one rule receives of the run: the plan, its side inputs, and tools.

    ``geometry`` queries the layers, ``run_log`` records what the queries left out, ``rules`` are all rules of the run.
    ``recheck_focus`` limits the check to the rows around an edit; None checks all
    rows. ``lang``: language of texts in findings, ``zh`` or ``en``.
    """

    plan: Plan
    norm: Norm
    tolerance: Tolerance
    rules: tuple[Rule, ...] = ()
    cancellation: Cancellation = NEVER_CANCELLED
    side_inputs: SideInputs = NO_SIDE_INPUTS
    recheck_focus: RecheckFocus | None = None
    lang: str = "zh"
    run_log: RunLog = field(default_factory=RunLog)

    def __post_init__(self) -> None:
        self.geometry = GeometryQueries(self.plan, self.tolerance, self.cancellation, self.recheck_focus, self.run_log)

    def use_log(self, run_log: RunLog) -> None:
        """Record from now on in another log."""
        self.run_log = self.geometry.run_log = run_log

    def compute_shared(self, name: str, key: Hashable, compute: Callable[[], _Value]) -> _Value:
        """Return a value that several rules use; it is computed once and lasts as long as the plan.

        ``name`` and ``key`` identify the value; ``key`` contains each layer that ``compute`` uses without asking the
        plan for it. A rule that uses the value counts as reading the layers that were read to compute it. If the
        computation logged something, it counts as reading all layers, because only the rule that asks first logs it.
        """
        values = self.plan.get_cache(name, of_given_layers=True)
        if key not in values:
            rule_log, shared_log = self.run_log, RunLog()
            self.use_log(shared_log)
            try:
                with self.plan.layer_table.record_use() as use:
                    value = compute()
            finally:
                self.use_log(rule_log)
                rule_log.add_entries(shared_log)
            use.reads_all = use.reads_all or shared_log != RunLog()
            values[key] = value, use
        value, use = values[key]
        self.plan.layer_table.add_use(use)
        return value

    @property
    def is_edit_check(self) -> bool:
        """Return True if only the surroundings of an edit are checked.

        Features that seem missing may then be outside the surroundings.
        """
        return self.recheck_focus is not None

    def has_inputs_of_rule(self, rule: Rule) -> bool:
        """Return True if the run has each layer, field and side input that a rule needs."""
        if any(name not in self.side_inputs for name in rule.side):
            return False
        layers = [
            (self.plan.find_layer_of_concept(need.concept), need.fields)
            for need in rule.needs.values()
            if need.concept != EVERY_LAYER and not need.optional
        ]
        return all(
            layer is not None and not layer.has_no_geometry and all(map(layer.has_field, fields))
            for layer, fields in layers
        )

    def make_row_finding(self, layer: Layer, position: int, **more: Any) -> Finding:
        """Return a finding on a row of a layer, with the layer's role and the row's key (BSM).

        The engine adds code, severity and message when the rule has returned. If other rows have the same key, the
        finding's parameters include the feature id. ``position``: position of the
        row; ``more``: further fields of the finding.
        """
        params = dict(more.pop("params", {}))
        if position in layer.repeated_keys:
            params.setdefault("fid", layer.fids[position])
        return Finding(role=layer.role, key=layer.keys[position], params=params, **more)

    def make_pair_findings(
        self, left_layer: Layer, right_layer: Layer, pieces: OverlayPieces, *, with_net_area: bool = False, **more: Any
    ) -> list[Finding]:
        """Return one finding for each piece of land that rows of two layers share.

        The finding is on the row of ``left_layer`` and names the row of ``right_layer`` as related. Of two rows of one
        layer it is on that of the smaller key. ``more``: further fields of each finding.

        With ``with_net_area`` the finding also has the occupied net area: area of the piece ÷ area of the row × net
        area of the row (永农数据库标准, A8). Piece and row are measured alike, so a row that is covered completely
        loses exactly its net area.
        """
        if left_layer is right_layer:
            # Equal shapes may have different areas by their vertices: that of the smaller key counts.
            pairs = zip(pieces.left.tolist(), pieces.right.tolist(), strict=True)
            rows = [left_layer.sort_rows(pair) if pair[1] >= 0 else pair for pair in pairs]
            left, right = np.array(rows, dtype=int).reshape(-1, 2).T
            pieces = replace(pieces, left=left, right=right)
        areas = self.geometry.compute_piece_areas(pieces, left_layer, right_layer)
        net_areas = np.full(len(pieces), np.nan)
        if with_net_area:
            has_land = left_layer.measure_rows(pieces.left) > 0
            net_of_row = left_layer.numbers("net_area")[pieces.left]
            net_of_piece = self.geometry.compute_piece_shares_of_rows(pieces, left_layer) * net_of_row
            net_areas[has_land] = net_of_piece[has_land]
        findings = []
        for n, (i, j) in enumerate(zip(pieces.left.tolist(), pieces.right.tolist(), strict=True)):
            finding = self.make_row_finding(
                left_layer,
                i,
                area_m2=float(areas[n]),
                width_m=float(pieces.width[n]),
                geometry=pieces.geometry[n],
                **more,
            )
            finding.related_role = right_layer.role
            if j >= 0:
                finding.related_keys = [right_layer.keys[j]]
                if j in right_layer.repeated_keys:
                    finding.params["related_fid"] = right_layer.fids[j]
            if np.isfinite(net_areas[n]):
                finding.net_area_m2 = float(net_areas[n])
            findings.append(finding)
        return findings

    def get_code_list(self, name: str) -> CodeList:
        """Return a code list of the standard by its id.

        Raise InputError for an unknown list.
        """
        lists = self.norm.standard.code_lists
        if name not in lists:
            raise InputError("code_list_unknown", name=name)
        return lists[name]

    def find_rows_with_code(self, layer: Layer, meaning: str, ancestors: Iterable[str]) -> NDArray:
        """Return (n,) bool: rows whose code is one of ``ancestors`` or is below one.

        ``meaning`` names the field. The field's code list gives the hierarchy; without a list no row matches.
        """
        template_field = layer.template.find_field(meaning)
        if template_field is None or not template_field.codes:
            return np.zeros(len(layer), dtype=bool)
        members = self.get_code_list(template_field.codes).collect_members(list(ancestors))
        return _find_values_in_codes(layer.text(meaning), members, template_field.code_pad)

    def find_cultivated_rows(self, layer: Layer, *, whole_class: bool = True) -> NDArray:
        """Return (n,) bool: rows whose land-use code is one of cultivated land (耕地).

        可调整 codes (…K) do not count. ``whole_class``: whether the code of the class itself (010000 in a plan's own
        table) counts too, not only 水田, 水浇地 and 旱地.
        """
        return _mask_cultivated_codes(layer, layer.text("land_use"), self.norm, whole_class)


def has_cultivated_rows(plan: Plan, layer: Layer) -> bool:
    """Return True if any row of a layer is cultivated land.

    In a plan of some rows, this means any row of the whole layer.
    """
    codes = plan.find_values_of_field(layer.role, layer.get_field_name("land_use"))
    return bool(_mask_cultivated_codes(layer, list(codes), plan.norm).any())


def _mask_cultivated_codes(layer: Layer, codes: list[str], norm: Norm, whole_class: bool = True) -> NDArray:
    """Return (k,) bool: land-use codes of a layer that are codes of cultivated land."""
    template_field = layer.template.find_field("land_use")
    if template_field is None:
        return np.zeros(len(codes), dtype=bool)
    entries = norm.standard.code_lists[template_field.codes].entry_by_code.values()
    cultivated_codes = {
        c.code for c in entries if c.other_columns.get("cultivated") == "1" and (whole_class or c.level > 1)
    }
    return _find_values_in_codes(codes, cultivated_codes, template_field.code_pad)


def find_rows_of_land_only(layer: Layer, plan: Plan) -> NDArray:
    """Return (n,) bool: rows that must be on land, which the county's border bounds.

    Not so are rows at sea, and in a plan with a layer of the sea rows that may be on land, at sea or on both.
    """
    is_land_only = ~find_rows_of_sea_classes(layer, plan.norm)
    return is_land_only if plan.compute_sea_shape() is None else is_land_only & ~_find_mixed_rows(layer, plan.norm)


def cut_rows_at_coast(layer: Layer, plan: Plan) -> tuple[NDArray, NDArray]:
    """Return (n,) the land of each polygon in the plane, and (n,) its share of the polygon's area, from 0 to 1.

    A row at sea has no land. A row that may be on land, at sea or on both is cut at the edge of the plan's layer of the
    sea; slivers on either side count as the other side's.
    """
    is_at_sea, sea = find_rows_of_sea_classes(layer, plan.norm), plan.compute_sea_shape()
    land, shares = layer.plane_shapes.copy(), np.where(is_at_sea, 0.0, 1.0)
    land[is_at_sea] = None
    mixed = np.flatnonzero(~is_at_sea & _find_mixed_rows(layer, plan.norm) & layer.has_shape)
    if sea is None or not len(mixed):
        return land, shares
    tolerance, extent = plan.norm.make_tolerance(), np.array([sea], dtype=object)
    rows = mixed[np.unique(find_shared_pieces(land[mixed], extent, tolerance=tolerance).left)]
    on_land = find_uncovered_pieces(land[rows], extent, tolerance=tolerance)
    to_lonlat, wholes = make_lonlat_transformer(plan.plane_crs), land[rows]
    land[rows] = [shapely.union_all(on_land.geometry[on_land.left == n]) for n in range(len(rows))]
    shares[rows] = compute_drawn_area(land[rows], to_lonlat) / compute_drawn_area(wholes, to_lonlat)
    return land, shares


def find_rows_of_sea_classes(layer: Layer, norm: Norm) -> NDArray:
    """Return (n,) bool: rows with sea classes, and all rows of layers of the sea.

    The setting ``sea`` gives the layers, and the classes of zones and of uses by code list.
    """
    is_of_layer = layer.role in norm.get_settings_section("sea").get("layers", ())
    return is_of_layer | _find_rows_of_classes_by_list(layer, norm, "")


def _find_mixed_rows(layer: Layer, norm: Norm) -> NDArray:
    """Return (n,) bool: rows that may be on land, at sea or on both: points, lines, the red line, tidal flats."""
    is_mixed_layer = layer.role in norm.get_settings_section("sea").get("mixed_layers", ())
    is_mixed_layer |= layer.template.geometry != "polygon"
    return is_mixed_layer | _find_rows_of_classes_by_list(layer, norm, "mixed_")


def _find_rows_of_classes_by_list(layer: Layer, norm: Norm, prefix: str) -> NDArray:
    """Return (n,) bool: rows with classes, by code list, of the setting ``sea`` whose keys begin with a prefix."""
    settings, found = norm.get_settings_section("sea"), np.zeros(len(layer), dtype=bool)
    for one in layer.template.fields:
        if prefix + one.codes in settings and one.meaning and layer.has_field(one.meaning):
            codes = norm.standard.code_lists[one.codes].collect_members(settings[prefix + one.codes])
            found |= _find_values_in_codes(layer.text(one.meaning), codes, one.code_pad)
    return found


def _find_values_in_codes(values: list[str], codes: Container[str], pad: int) -> NDArray:
    """Return (n,) bool: values that, without the zeros that pad them to ``pad`` digits, are one of ``codes``."""
    return map_texts(lambda value: trim_code_padding(value, pad) in codes, values, bool)


def trim_code_padding(code: str, pad: int) -> str:
    """Return a code without the zeros that pad it to ``pad`` digits.

    Codes are pairs of digits, as in their list (``010100`` → ``0101``).
    """
    if not pad or len(code) != pad or not code.isdigit():
        return code
    while len(code) > 2 and code.endswith("00"):
        code = code[:-2]
    return code
