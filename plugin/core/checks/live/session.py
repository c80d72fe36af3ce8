# SPDX-License-Identifier: GPL-2.0-or-later
"""Update the findings of a check with batches of changed features."""

from __future__ import annotations

import copy
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

import shapely

from ...base.errors import NEVER_CANCELLED, Cancellation
from ...engine.evaluate import choose_rules
from ...model.findings import Finding
from ...model.indicator import Indicator
from ..check import CheckResult, RunOptions
from .checker import IncrementalChecker, RowChange
from .edited_rows import RecheckResult, are_equal_values
from .live_figures import LiveFigures

#: Identity of a feature: its layer's role and its feature id.
FeatureKey = tuple[str, int]


@dataclass(frozen=True)
class FeatureState:
    """Shape and attributes of a feature at one moment.

    ``wkb``: the shape, None without one. ``attributes``: values by field name, None where missing. ``curve_text``: the
    WKT of a shape with arcs, which ``wkb`` has as segments; empty without arcs.
    """

    wkb: bytes | None
    attributes: dict[str, Any]
    curve_text: str = ""


@dataclass
class EditBatch:
    """Edits of features since the last batch.

    ``new_feature_ids``: layer code → former feature id → present feature id, for features that were saved.
    ``states_by_feature``: (layer code, feature id) → present state, None for a removed feature.
    """

    new_feature_ids: dict[str, dict[int, int]] = field(default_factory=dict)
    states_by_feature: dict[FeatureKey, FeatureState | None] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.states_by_feature or any(self.new_feature_ids.values()))

    def merge(self, later: EditBatch) -> None:
        """Add a later batch to this one, in place; for each feature the last state counts."""
        for role, new_id_by_id in later.new_feature_ids.items():
            for old, new in new_id_by_id.items():
                if (role, old) in self.states_by_feature:
                    self.states_by_feature[role, new] = self.states_by_feature.pop((role, old))
            self.new_feature_ids.setdefault(role, {}).update(new_id_by_id)
        self.states_by_feature |= later.states_by_feature


#: Takes the county's indicators with all edits so far, and the ids of those that edits cannot be followed for.
IndicatorReporter = Callable[[tuple[Indicator, ...], frozenset[str]], None]


@dataclass
class FindingsChange:
    """How a batch of edits changed the findings.

    ``recheck_results``: results of the rechecks, in order. ``row_changes``: the rows that the edits changed.
    ``rechecked_features``: the features that were rechecked. ``edited_features``: features that differ from their state
    in the full check, None if unknown. ``ended_findings``, ``new_findings``: findings that ended, and that appeared.
    ``changed_findings``: pairs (before, now) of findings on the same problem with other figures.
    """

    recheck_results: list[RecheckResult] = field(default_factory=list)
    row_changes: list[RowChange] = field(default_factory=list)
    rechecked_features: set[FeatureKey] = field(default_factory=set)
    #: All features that now differ from the full check; None if this change does not concern them. Edits that were
    #: undone or discarded do not count.
    edited_features: frozenset[FeatureKey] | None = None
    ended_findings: list[Finding] = field(default_factory=list)
    new_findings: list[Finding] = field(default_factory=list)
    changed_findings: list[tuple[Finding, Finding]] = field(default_factory=list)


class FullCheckNeeded(Exception):
    """Raised for an edit whose effect on the findings only a whole check can determine; its text has the cause."""


class IncrementalSession:
    """Keeps the findings of a check up to date during edits.

    An instance must not be used by several threads at once.
    """

    def __init__(self, checked: CheckResult, options: RunOptions):
        plan, report = checked.plan, checked.report
        #: Has the edits so far.
        self.checker = IncrementalChecker(
            plan,
            # The rules of the check, also those that the scope, a table or an option added.
            choose_rules([outcome.code for outcome in report.rules], declared_rules=plan.norm.declared_rules),
            parameters=options.parameters,
            tolerance=options.tolerance,
            lang=options.lang,
            waivers=lambda: checked.waivers,
        )
        #: Layer code → feature id → row number, also for deleted features and for former ids of saved ones.
        self.row_numbers: dict[str, dict[int, int]] = {}
        #: Layers whose row numbers another session uses too.
        self._shared_row_numbers: set[str] = set()
        #: The findings after all batches so far.
        self.current_findings = _FindingIndex(report.findings)
        #: Features that edits changed → their state in the full check, None for a feature that did not exist.
        self._checked_states: dict[FeatureKey, FeatureState | None] = {}
        self._edited_features: set[FeatureKey] = set()
        #: The county's indicators with the edits so far; None in a fork, which tries edits: the desktop displays the
        #: figures of the layers only.
        self.figures: LiveFigures | None = LiveFigures(report.indicators, self.checker, options.tolerance)

    @property
    def findings(self) -> list[Finding]:
        """Return the findings after all batches so far."""
        return list(self.current_findings)

    def replace_findings(self, former_findings: Iterable[Finding], present_findings: Iterable[Finding]) -> None:
        """Replace findings that this session has by others, of rules that are not local and that no recheck finds."""
        for finding in former_findings:
            self.current_findings.remove_finding(finding)
        for finding in present_findings:
            self.current_findings.add_finding(finding)

    def fork(self) -> IncrementalSession:
        """Return a session that starts from the present state of this one.

        A batch that one of the two sessions checks has no effect on the other.
        """
        fork = copy.copy(self)
        fork.checker = self.checker.fork()
        fork.current_findings = self.current_findings.fork()
        fork._checked_states, fork._edited_features = dict(self._checked_states), set(self._edited_features)
        fork.figures = None
        fork.row_numbers = dict(self.row_numbers)
        self._shared_row_numbers = set(self.row_numbers)
        fork._shared_row_numbers = set(self.row_numbers)
        return fork

    def _get_own_row_numbers(self, role: str) -> dict[int, int]:
        """Return feature id → row number of a layer, as a dict that no other session shares."""
        if role in self._shared_row_numbers:
            self._shared_row_numbers.discard(role)
            self.row_numbers[role] = dict(self.row_numbers[role])
        return self.row_numbers[role]

    def prepare(self, cancellation: Cancellation = NEVER_CANCELLED) -> None:
        """Build the search index before the first edit needs it. Raise Cancelled."""
        self.checker.prepare(cancellation)
        for role, layer in self.checker.plan.layers.items():
            cancellation.raise_if_cancelled()
            self.row_numbers[role] = {fid: row for row, fid in enumerate(layer.fids)}

    def check_edits(
        self,
        batch: EditBatch,
        cancellation: Cancellation = NEVER_CANCELLED,
        report_indicators: IndicatorReporter = lambda _indicators, _stale_ids: None,
    ) -> FindingsChange:
        """Apply a batch of edits, recheck all in one evaluation, and return how the findings changed.

        ``report_indicators``: called before the recheck, which takes longer, if edits changed an indicator.

        Raises
        ------
        FullCheckNeeded
            Only a whole check can determine the findings from here on.
        Cancelled
            The user cancelled.
        """
        change = FindingsChange()
        for role, new_id_by_id in batch.new_feature_ids.items():
            for former_id, present_id in new_id_by_id.items():
                row = self._get_own_row_numbers(role).pop(former_id, None)
                if row is not None:
                    self.row_numbers[role][present_id] = row
                    former, present = (role, former_id), (role, present_id)
                    if former in self._checked_states:
                        self._checked_states[present] = self._checked_states.pop(former)
                    if former in self._edited_features:
                        self._edited_features.remove(former)
                        self._edited_features.add(present)
                    self._apply_recheck(change, self.checker.set_row_feature_id(role, row, present_id))
        for feature, feature_state in batch.states_by_feature.items():
            cancellation.raise_if_cancelled()
            former_state = self._read_row_state(feature)
            row_change = self.set_feature(*feature, feature_state)
            if row_change is not None:
                # A feature that is again as the full check found it is not an edited one.
                checked_state = self._checked_states.setdefault(feature, former_state)
                if _are_equal_states(checked_state, self._read_row_state(feature)):
                    self._edited_features.discard(feature)
                else:
                    self._edited_features.add(feature)
                change.rechecked_features.add(feature)
                change.row_changes.append(row_change)
        if self.figures is not None and self.figures.update(change.row_changes, self.checker):
            report_indicators(tuple(self.figures.indicators), frozenset(self.figures.stale_ids))
        if change.row_changes:
            self._apply_recheck(change, self.checker.recheck_groups([change.row_changes], cancellation)[0])
        self._match_findings_by_fingerprint(change)
        change.edited_features = frozenset(self._edited_features)
        return change

    def _read_row_state(self, feature: FeatureKey) -> FeatureState | None:
        """Return the present state of a feature's row; None without a row, or if the row was removed."""
        role, fid = feature
        row = self.row_numbers[role].get(fid)
        current = self.checker.rows.get_row(role, row) if row is not None else None
        if row is None or current is None:
            return None
        shape, attributes = current
        return FeatureState(shapely.to_wkb(shape), dict(attributes), self.checker.rows.get_curve_text(role, row))

    def check_separate_edits(
        self, batches: Sequence[EditBatch], cancellation: Cancellation = NEVER_CANCELLED
    ) -> list[FindingsChange | None]:
        """Apply batches of edits on separate land, recheck in one evaluation, and return each batch's change.

        ``batches``: no two concern the same land or feature; no batch has renumbered features. The change is None for a
        batch that has a finding in common with another batch, since the effects of the two cannot be separated. The
        findings of the session then stay as they were before that batch.

        Raises
        ------
        FullCheckNeeded
            Only a whole check can determine the findings.
        Cancelled
            The user cancelled.
        """
        changes = [FindingsChange() for _ in batches]
        for change, batch in zip(changes, batches, strict=True):
            for feature, feature_state in batch.states_by_feature.items():
                row_change = self.set_feature(*feature, feature_state)
                if row_change is not None:
                    change.rechecked_features.add(feature)
                    change.row_changes.append(row_change)
        rechecked = [change for change in changes if change.row_changes]
        groups = [change.row_changes for change in rechecked]
        results = self.checker.recheck_groups(groups, cancellation) if groups else []
        # Results cannot be separated that have a new finding in common, or would replace the same present finding.
        positions_by_finding: dict[int, set[int]] = defaultdict(set)
        for position, result in enumerate(results):
            affected = self.current_findings.find_affected_findings(result)
            for finding in (*result.new_findings, *filter(result.may_replace_finding, affected)):
                positions_by_finding[id(finding)].add(position)
        entangled = set().union(*(shared for shared in positions_by_finding.values() if len(shared) > 1))
        for position, (change, result) in enumerate(zip(rechecked, results, strict=True)):
            if position not in entangled:
                self._apply_recheck(change, result)
                self._match_findings_by_fingerprint(change)
        left_out = {id(rechecked[position]) for position in entangled}
        return [None if id(change) in left_out else change for change in changes]

    def adopt_change(self, change: FindingsChange) -> None:
        """Apply a change that `check_separate_edits` of a fork returned, without another check.

        On the land of the change, this session must be in the state that the fork started from.
        """
        for row_change in change.row_changes:
            self.checker.adopt_change(row_change)
            if not len(row_change.before) and len(row_change.after):
                self._get_own_row_numbers(row_change.role)[row_change.after.fids[0]] = row_change.row
        repeated_change = FindingsChange()
        for result in change.recheck_results:
            self._apply_recheck(repeated_change, result)
        self._match_findings_by_fingerprint(repeated_change)

    def set_feature(self, role: str, fid: int, state: FeatureState | None) -> RowChange | None:
        """Set a feature to a state without a recheck, and return the change of its row.

        ``state``: None removes the feature. Return None if the feature has that state already.
        """
        row = self.row_numbers[role].get(fid)
        current = self.checker.rows.get_row(role, row) if row is not None else None
        if state is None:
            return self.checker.remove_row(role, row) if row is not None and current is not None else None
        shape = _read_shape(state.wkb)
        if row is None:
            row_change = self.checker.add_row(role, fid, shape, state.curve_text, **state.attributes)
            self._get_own_row_numbers(role)[fid] = row_change.row
            return row_change
        if current is None:
            return self.checker.edit_row(role, row, shape, state.curve_text, **state.attributes)
        former_shape, attributes = current
        changed_attributes = {
            name: value
            for name, value in state.attributes.items()
            if name in attributes and not are_equal_values(attributes[name], value)
        }
        is_same_curve = self.checker.rows.get_curve_text(role, row) == state.curve_text
        if not changed_attributes and is_same_curve and shapely.to_wkb(former_shape) == shapely.to_wkb(shape):
            return None
        return self.checker.edit_row(role, row, shape, state.curve_text, **changed_attributes)

    def _apply_recheck(self, change: FindingsChange, recheck: RecheckResult | None) -> None:
        """Replace findings of the session by those of a recheck, and add both to ``change``, in place.

        Raise FullCheckNeeded if a rule could not check.
        """
        if recheck is None:
            return
        # A fork tries edits and judges the land around them.
        changed_rules = recheck.failed_rules or (recheck.rules_changed_everywhere if self.figures is not None else ())
        if changed_rules:
            raise FullCheckNeeded(f"not checked around an edit: {', '.join(changed_rules)}")
        for finding in self.current_findings.find_affected_findings(recheck):
            if recheck.may_replace_finding(finding):
                self.current_findings.remove_finding(finding)
                other_new_findings = [one for one in change.new_findings if one is not finding]
                if len(other_new_findings) == len(change.new_findings):
                    change.ended_findings.append(finding)
                change.new_findings = other_new_findings
        for finding in recheck.new_findings:
            self.current_findings.add_finding(finding)
            change.new_findings.append(finding)
        change.recheck_results.append(recheck)

    def _match_findings_by_fingerprint(self, change: FindingsChange) -> None:
        """Pair new and ended findings of a change with the same fingerprint, in place.

        Equal pairs are dropped; all other pairs move to ``changed_findings``.
        """
        gone_by_fingerprint: dict[str, list[Finding]] = defaultdict(list)
        for finding in change.ended_findings:
            gone_by_fingerprint[finding.fingerprint].append(finding)
        new_findings, change.new_findings = change.new_findings, []
        for finding in new_findings:
            ended_finding = (
                gone_by_fingerprint[finding.fingerprint].pop(0)
                if gone_by_fingerprint.get(finding.fingerprint)
                else None
            )
            if ended_finding is None:
                change.new_findings.append(finding)
                continue
            shapes = [
                None if one.geom_kind == "none" else shapely.normalize(one.geometry).wkb
                for one in (ended_finding, finding)
            ]
            if ended_finding.row() == finding.row() and shapes[0] == shapes[1]:
                self.current_findings.remove_finding(finding)
                self.current_findings.add_finding(ended_finding)
            else:
                change.changed_findings.append((ended_finding, finding))
        change.ended_findings = [finding for findings in gone_by_fingerprint.values() for finding in findings]


def _are_equal_states(state: FeatureState | None, other: FeatureState | None) -> bool:
    """Return True if two states of a row have the same shape and values; None means that the row does not exist."""
    if state is None or other is None:
        return state is other
    return (
        state.wkb == other.wkb
        and state.curve_text == other.curve_text
        and state.attributes.keys() == other.attributes.keys()
        and all(are_equal_values(value, other.attributes[name]) for name, value in state.attributes.items())
    )


class _FindingIndex:
    """Findings indexed by their features, because an edit concerns few of many findings."""

    def __init__(self, findings: Iterable[Finding]):
        self._all: dict[int, Finding] = {}
        self._by_key: dict[tuple[str, str], dict[int, Finding]] = {}
        #: Rows whose findings no other fork uses.
        self._own_keys: set[tuple[str, str]] = set()
        for finding in findings:
            self.add_finding(finding)

    def __iter__(self) -> Iterator[Finding]:
        return iter(self._all.values())

    def fork(self) -> _FindingIndex:
        """Return a copy; changes to one of the two have no effect on the other."""
        fork = _FindingIndex(())
        fork._all = dict(self._all)
        fork._by_key = dict(self._by_key)
        self._own_keys = set()
        return fork

    def _get_own_findings(self, key: tuple[str, str]) -> dict[int, Finding]:
        """Return id → finding of a row, as a dict that no fork shares; ``key``: layer code and key."""
        if key not in self._own_keys:
            self._own_keys.add(key)
            self._by_key[key] = dict(self._by_key.get(key, {}))
        return self._by_key[key]

    def find_findings_on_row(self, role: str, key: str) -> list[Finding]:
        """Return the findings that concern a row, alone or with another row."""
        return list(self._by_key.get((role, key), {}).values())

    def add_finding(self, finding: Finding) -> None:
        """Add a finding to the index, under each row that it names."""
        self._all[id(finding)] = finding
        for key in _list_row_keys(finding):
            self._get_own_findings(key)[id(finding)] = finding

    def remove_finding(self, finding: Finding) -> None:
        """Remove a finding from the index; it must be in it."""
        del self._all[id(finding)]
        for key in _list_row_keys(finding):
            self._get_own_findings(key).pop(id(finding), None)

    def find_affected_findings(self, recheck: RecheckResult) -> list[Finding]:
        """Return the findings on a changed row or next to one, which a recheck may replace."""
        findings: dict[int, Finding] = {}
        for role, key, _ in recheck.changed_row_names | recheck.touched_rows:
            findings |= self._by_key.get((role, key), {})
        return list(findings.values())


def _list_row_keys(finding: Finding) -> list[tuple[str, str]]:
    """Return (layer code, key) of all rows that a finding names."""
    return [(finding.role, finding.key), *((finding.related_role, key) for key in finding.related_keys)]


def _read_shape(wkb: bytes | None) -> Any:
    """Return the shape of a WKB; None for None.

    Raise FullCheckNeeded for a shape that no geometry library can represent.
    """
    if wkb is None:
        return None
    shape = shapely.from_wkb(wkb, on_invalid="ignore")
    if shape is None:
        raise FullCheckNeeded("a shape that no geometry library can hold")
    return shape
