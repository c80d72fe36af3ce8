# SPDX-License-Identifier: GPL-2.0-or-later
"""Results of rules, kept from one check to the next.

A rule whose inputs are unchanged is not computed again: the memory returns what it found before. Inputs are the layers
that the rule read (recorded while it ran), and everything else that a rule may read, such as settings and side inputs,
as one digest for the whole run (`input_digest`).
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from typing import Any

from numpy.typing import NDArray

from ..base.errors import require_value
from ..model.rule import Rule, RuleResult
from ..plan.layer import Layer
from ..plan.plan import LayerUse, Plan
from .context import RuleContext
from .input_digest import NoDigestError, compute_run_digest, compute_value_digest, get_layer_digest, get_shape_digest
from .kept_results import KeptResults
from .run_log import RunLog

#: Name of the layer's statutory areas. Figures use estimates until a rule has measured them, therefore the areas are
#: set when the rule that measured them would have run.
_AREAS = "statutory"
#: What the digest of a layer is if the plan has no layer of the role.
_NO_LAYER = b""

#: A result with more findings is computed again, so that the memory stays small beside the plan.
_MAX_FINDINGS = 50_000

#: Identity of a call of a rule: code, layer codes of the layers passed, digest of the other arguments.
CallKey = tuple[str, tuple[str, ...], bytes]


@dataclass(frozen=True)
class LayerReference:
    """A layer that a log names: one of the plan, or one of the sealed edition (封库版本)."""

    role: str
    is_of_sealed_edition: bool

    def find_layer(self, context: RuleContext) -> Layer:
        """Return the layer in the plans of a later check.

        Raise RuntimeError without it; a result whose layers are missing is never used again.
        """
        plan = context.side_inputs.get_input("baseline", Plan) if self.is_of_sealed_edition else context.plan
        return dict.__getitem__(require_value(plan, "the sealed edition").layers, self.role)


@dataclass
class RememberedResult:
    """What a call of a rule returned and logged, and what it had read.

    ``run_digest``: everything besides the layers' rows. ``layer_digests``: role → digest of the layer that was read
    (empty: no layer). ``presence``: role → was there a layer? ``all_digests``: (role, digest) of all layers in their
    order, if the call may have read any of them. ``measured_roles``: layers whose statutory areas it measured.
    ``result`` belongs to the memory: it is copied before anything else changes it.
    """

    run_digest: bytes
    layer_digests: dict[str, bytes]
    presence: dict[str, bool]
    all_digests: tuple[tuple[str, bytes], ...] | None
    measured_roles: frozenset[str]
    result: RuleResult | None
    log: RunLog


@dataclass
class RuleMemory:
    """Results of rules from earlier checks of one county.

    Use one memory for one county: it keeps one result for each call. ``start_run`` begins a check. The counts of the
    current check are in ``computed_codes`` and ``reused_codes``.
    """

    _remembered: dict[CallKey, RememberedResult] = field(default_factory=dict)
    #: Digest of a layer's geometries → arrays that were computed of them.
    _values_by_layer: dict[bytes, dict[str, Any]] = field(default_factory=dict)
    #: Role → (k,) hashes of the valid geometries of the layer, which a changed layer mostly has too.
    _valid_hashes_by_role: dict[str, NDArray] = field(default_factory=dict)
    #: Results of geometry queries.
    kept_results: KeptResults = field(default_factory=KeptResults)
    _run_digest: bytes | None = None
    _plan: Plan | None = None
    computed_codes: set[str] = field(default_factory=set)
    reused_codes: set[str] = field(default_factory=set)

    def start_run(self, context: RuleContext) -> None:
        """Compute the digest of everything that any rule of the run may read besides the layers' rows.

        A side input without a digest makes the run compute all rules. Raise Cancelled.
        """
        self.computed_codes, self.reused_codes = set(), set()
        self._plan = context.plan
        try:
            self._run_digest = compute_run_digest(
                context.plan,
                context.side_inputs,
                context.tolerance,
                context.rules,
                context.lang,
                context.cancellation,
            )
            for layer in dict.values(context.plan.layers):
                context.cancellation.raise_if_cancelled()
                get_layer_digest(layer)
                values = self._values_by_layer.get(get_shape_digest(layer), {})
                layer.set_computed_values({name: values[name] for name in values if name != _AREAS})
                layer.known_statutory_areas = values.get(_AREAS)
                if "invalid_rows" not in values:
                    layer.known_valid_hashes = self._valid_hashes_by_role.get(layer.role)
        except NoDigestError:
            self._run_digest = None

    def end_run(self) -> None:
        """Keep values computed of the plan's layers, and release the plan."""
        if self._plan is not None and self._run_digest is not None:
            values_by_digest: dict[bytes, dict[str, Any]] = {}
            for layer in dict.values(self._plan.layers):
                digest = get_shape_digest(layer)
                # A cancelled check has computed only some of the values that are kept. Layers with equal geometries
                # share theirs, and each may have computed some of them.
                values = values_by_digest.setdefault(digest, dict(self._values_by_layer.get(digest, {})))
                values |= layer.get_computed_values()
                if "invalid_rows" in values:
                    is_valid = ~values["invalid_rows"] & ~layer.empty_rows
                    self._valid_hashes_by_role[layer.role] = layer.shape_hashes[is_valid]
            self._values_by_layer = values_by_digest
            self.kept_results.keep_hashed_rows(dict.values(self._plan.layers))
        self._plan = self._run_digest = None

    def call(
        self,
        rule: Rule,
        layers: Iterable[Layer | None],
        context: RuleContext,
        arguments: dict[str, Any],
    ) -> RuleResult | None:
        """Return the result of a rule for layers: as remembered if nothing that it read has changed, else computed.

        Raise what the rule raises; such a call is not remembered.
        """
        layers = list(layers)
        if self._run_digest is None or context.plan is not self._plan:
            return rule.find_problems(layers, context, arguments)
        key = rule.code, tuple("" if layer is None else layer.role for layer in layers), compute_value_digest(arguments)
        remembered = self._remembered.pop(key, None)
        if remembered is not None and self._is_valid(remembered):
            self._remembered[key] = remembered
            self.reused_codes.add(rule.code)
            context.plan.layer_table.add_use(
                LayerUse(set(remembered.layer_digests), set(remembered.presence), remembered.all_digests is not None)
            )
            context.run_log.add_entries(_convert_layers(remembered.log, lambda one: one.find_layer(context)))
            # Set the statutory areas that the rule measured when it was computed.
            for role in remembered.measured_roles:
                context.plan.layers[role].set_computed_values({_AREAS: self._find_areas(role)})
            return None if remembered.result is None else _copy_result(remembered.result)
        self.computed_codes.add(rule.code)
        plan, log = context.plan, context.run_log
        # The log of this call alone, so that it can be remembered with its result.
        own_log = RunLog()
        measured_before = {role for role, layer in dict.items(plan.layers) if layer.is_measured}
        context.use_log(own_log)
        context.geometry.kept_results = self.kept_results
        try:
            with plan.layer_table.record_use() as use:
                use.roles_read |= {layer.role for layer in layers if layer is not None}
                result = rule.find_problems(layers, context, arguments)
        finally:
            context.geometry.kept_results = None
            context.use_log(log)
            log.add_entries(own_log)
        if result is not None and len(result.findings) > _MAX_FINDINGS:
            return result
        remembered_log = _remember_log(own_log, context)
        if remembered_log is not None and self._run_digest is not None:
            remembered = RememberedResult(
                self._run_digest,
                {role: _get_digest(plan, role) for role in use.roles_read},
                {role: role in dict.keys(plan.layers) for role in use.roles_tested},
                _list_all_digests(plan) if use.reads_all else None,
                # Another rule may have measured layers while a concurrent one ran, which measures none.
                frozenset()
                if rule.concurrent
                else frozenset(role for role, layer in dict.items(plan.layers) if layer.is_measured) - measured_before,
                None if result is None else _copy_result(result),
                remembered_log,
            )
            self._remembered[key] = remembered
        return result

    def _is_valid(self, remembered: RememberedResult) -> bool:
        """Return True if all that a call read is as it was, and the areas that it measured are still known."""
        plan = require_value(self._plan, "the plan of the run")
        return (
            remembered.run_digest == self._run_digest
            and all((role in dict.keys(plan.layers)) is was_there for role, was_there in remembered.presence.items())
            and all(_get_digest(plan, role) == digest for role, digest in remembered.layer_digests.items())
            and all(self._find_areas(role) is not None for role in remembered.measured_roles)
            and (remembered.all_digests is None or remembered.all_digests == _list_all_digests(plan))
        )

    def _find_areas(self, role: str) -> NDArray | None:
        """Return (n,) the statutory areas of the plan's layer of this role (m²); None if they are not kept."""
        layer = dict.get(require_value(self._plan, "the plan of the run").layers, role)
        return None if layer is None else self._values_by_layer.get(get_shape_digest(layer), {}).get(_AREAS)


def _get_digest(plan: Plan, role: str) -> bytes:
    layer = dict.get(plan.layers, role)
    return _NO_LAYER if layer is None else get_layer_digest(layer)


def _list_all_digests(plan: Plan) -> tuple[tuple[str, bytes], ...]:
    return tuple((role, get_layer_digest(layer)) for role, layer in dict.items(plan.layers))


def _remember_log(log: RunLog, context: RuleContext) -> RunLog | None:
    """Return a log with references instead of layers; None if one of its layers is in no plan."""
    layers = [
        *(layer for one in log.ignored_slivers for layer in (one.first_layer, one.second_layer)),
        *(layer for a, _, b, _ in log.failed_pairs for layer in (a, b) if layer is not None),
    ]
    sealed_edition = context.side_inputs.get_input("baseline", Plan)
    references: dict[int, LayerReference] = {}
    for layer in layers:
        if dict.get(context.plan.layers, layer.role) is layer:
            references[id(layer)] = LayerReference(layer.role, False)
        elif sealed_edition is not None and dict.get(sealed_edition.layers, layer.role) is layer:
            references[id(layer)] = LayerReference(layer.role, True)
        else:
            return None
    return _convert_layers(log, lambda layer: references[id(layer)])


def _convert_layers(log: RunLog, convert: Callable[[Any], Any]) -> RunLog:
    """Return a copy of a log in which references replace the layers, or layers the references."""
    return RunLog(
        [
            replace(one, first_layer=convert(one.first_layer), second_layer=convert(one.second_layer))
            for one in log.ignored_slivers
        ],
        [(convert(a), i, None if b is None else convert(b), j) for a, i, b, j in log.failed_pairs],
        [dict(step) for step in log.fallback_steps],
        log.has_failed_outline,
        list(log.reporting_rules),
    )


def _copy_result(result: RuleResult) -> RuleResult:
    """Return a copy whose findings and indicators can be completed without changing the original."""
    return replace(
        result,
        findings=[
            replace(one, params=dict(one.params), related_keys=list(one.related_keys)) for one in result.findings
        ],
        indicators=[replace(one, inputs=dict(one.inputs)) for one in result.indicators],
        not_checked=list(result.not_checked),
        unconfirmed=list(result.unconfirmed),
        doubts=list(result.doubts),
        notes=list(result.notes),
    )
