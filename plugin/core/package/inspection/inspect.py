# SPDX-License-Identifier: GPL-2.0-or-later
"""Inspection of a package: its files by the rules DOC, its layers by all others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ....metadata import plugin_version
from ...cancellation import NEVER, Cancellation
from ...errors import InputError
from ...geometry import crs as crs_care
from ...invariants import InvariantError
from ...loading.recognition import find_role
from ...messages.texts import Message, Texts
from ...model.findings import Finding, set_fingerprints
from ...model.report import Outcome
from ...model.rule import Severity
from ...model.verdict import Verdict
from ..package_spec.model import PackageSpec
from .archive import read_archive_comments, unpack_package
from .collect_facts import collect_package_facts
from .dataset_comparison import DatasetComparison, compare_datasets
from .facts import LayerFact, PackageFacts, UnreadLayer, is_vct

if TYPE_CHECKING:
    from ...check import CheckResult, Options
    from ...io.file import Wanted
    from ...plan.layer import SourceLayer
    from ...profile import Norm
    from ...standard.template import Template
    from ..package_spec.model import LayerSlot, VectorSet


#: Code and case of the finding.
CODE, CASE = "DOC013", "outcomes"
#: Most rules that a message names.
_NAMED = 8


def compare_outcomes(checked: CheckResult, facts: PackageFacts) -> None:
    """Report rules with a better outcome in the package's report than here.

    A rule is reported if it passed in the report but has findings here, or if the report confirms settings that the
    same profile does not confirm. Reports are compared only for equal version, standard, profile and phase.
    """
    report = checked.report
    report_data = _package_report(facts)
    if not report_data or not _is_comparable(report_data["provenance"], checked):
        return
    here = {rule.code: rule for rule in report.rules}
    open_here = {f.code for f in report.findings if f.state != "waived" and f.severity is not Severity.INFO}
    names = []
    for row in report_data["rules"]:
        rule = here.get(str(row.get("code")))
        if rule is None or rule.code.startswith("DOC"):
            continue
        lacking = set(rule.unconfirmed) - set(row.get("unconfirmed") or ())
        failed = row.get("outcome") == "passed" and rule.code in open_here
        # A rule that was skipped before it read its settings has no unconfirmed settings.
        ran = str(rule.outcome) in ("passed", "failed")
        if failed or (lacking and ran and row.get("outcome") == str(rule.outcome)):
            names.append(rule.code)
    if names:
        _add_finding(checked, facts, names)


def _package_report(facts: PackageFacts) -> dict[str, Any]:
    """Return the package's report; empty if it cannot be read (DOC013 reports that)."""
    try:
        report_data = json.loads(facts.documents.get(facts.report_path, b"{}"))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(report_data, dict) or not isinstance(report_data.get("provenance"), dict):
        return {}
    rules = report_data.get("rules")
    return report_data if isinstance(rules, list) and all(isinstance(row, dict) for row in rules) else {}


def _is_comparable(provenance: dict[str, Any], checked: CheckResult) -> bool:
    norm = checked.plan.norm

    def at(key: str, item: str) -> Any:
        table = provenance.get(key)
        return table.get(item) if isinstance(table, dict) else None

    return (
        at("versions", "sanxian") == plugin_version()
        and at("profile", "id") == norm.profile.id
        and (at("standard", "id"), at("standard", "edition")) == (norm.standard.id, norm.standard.edition)
        and provenance.get("phase", "") == norm.phase
        and provenance.get("scope") == checked.plan.scope
    )


def _add_finding(checked: CheckResult, facts: PackageFacts, names: list[str]) -> None:
    report = checked.report
    texts = Texts(report.lang)
    shown = texts.get("words", "between_names").join(names[:_NAMED]) + (" …" if len(names) > _NAMED else "")
    path = facts.report_path
    finding = Finding(
        "", key=path, code=CODE, case=CASE, severity=Severity.WARNING, params={"file": path, "names": shown}
    )
    finding.message = texts.message(finding, checked.plan.norm.standard.templates)
    set_fingerprints([finding], {})
    report.findings.append(finding)
    for rule in report.rules:
        if rule.code == CODE:
            rule.findings += 1
            rule.outcome = Outcome.FAILED
    if report.verdict is Verdict.PASSED:
        raise InvariantError(f"a report with a finding of {CODE} has the verdict {report.verdict}")


def restore_layer_names(layer: SourceLayer, sets: list[VectorSet], norm: Norm) -> SourceLayer:
    """Return a layer of the specification's ``sets`` with the template's field names.

    A renamed field is not restored if a field with the template's name exists, because the meant one is unknown.
    """
    slot = next((slot for vectors in sets for slot in vectors.layers if _matches_slot(layer, slot, norm)), None)
    if slot is None or not slot.names:
        return layer
    there = {f.name.upper(): f.name for f in layer.fields}
    # Two names may be exchanged.
    new_names = {name.upper() for name in slot.names.values()}
    back = {
        there[name.upper()]: own
        for own, name in slot.names.items()
        if name.upper() in there and (own.upper() not in there or own.upper() in new_names)
    }
    fields = tuple(replace(f, name=back.get(f.name, f.name)) for f in layer.fields)
    return replace(layer, frame=layer.frame.rename(columns=back), fields=fields)


def apply_spec_names(wanted: Wanted, sets: list[VectorSet]) -> Wanted:
    """Extend the wanted fields by their names in the specification."""
    own = {name.upper() for vectors in sets for slot in vectors.layers for name in slot.names.values()}

    def more(layer: SourceLayer) -> bool | frozenset[str]:
        fields = wanted(layer)
        return fields if isinstance(fields, bool) else fields | own

    return more


def find_unwanted_fields(layer: SourceLayer, sets: list[VectorSet], template: Template, norm: Norm) -> frozenset[str]:
    """Return the fields (capitals) of a template that the spec's ``sets`` omit."""
    slot = next((slot for vectors in sets for slot in vectors.layers if _matches_slot(layer, slot, norm)), None)
    if slot is None or not slot.fields:
        return frozenset()
    return frozenset(f.name.upper() for f in template.fields) - {name.upper() for name in slot.fields}


def _matches_slot(layer: SourceLayer, slot: LayerSlot, norm: Norm) -> bool:
    if slot.name:
        return layer.name.upper() == slot.name.upper()
    roles = norm.standard.concepts.get(slot.layer, (slot.layer,))
    return find_role(layer, norm)[0] in roles


#: Groups of rules: on packages, on contents that only the sender can correct, and on schemas of formats that have one.
GROUP, RECEIVED_GROUP, SCHEMA_GROUP = "package", "received", "delivery"
#: Rules on titles and domains, which a VCT file does not have; it has names, order and lengths.
TITLES = ("SCH006", "SCH007")
#: The setting that limits the entries of an archive or folder that are inspected.
MOST_ENTRIES = "package.most_entries"
#: Share of the progress for the files.
_COLLECTING = 0.2


def inspect_package(
    path: str | Path,
    package_spec: PackageSpec,
    options: Options,
    *,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancellation: Cancellation = NEVER,
) -> CheckResult:
    """Check a package, folder or zip.

    The check runs every rule of the standard on its layers, rules on area fields, on lengths, titles and domains of
    fields where the format has them, and the rules on packages.

    Raises
    ------
    InputError
        If the path is not a package (`archive.unpack_package`); other errors become findings.
    Cancelled
        If the user cancels.
    """
    from ...check import check_plan
    from ...io.field_types import KEEPING

    most = int(options.norm().get(MOST_ENTRIES))
    with unpack_package(Path(path), cancellation, package_spec.root, package_spec.folders.values(), most) as folder:
        progress(0.0, "")
        facts = collect_package_facts(folder, package_spec, cancellation)
        facts = replace(facts, archive_comments=read_archive_comments(Path(path)))
        progress(_COLLECTING, "")
        options = _with_profile(options, facts, package_spec)
        norm = options.norm()
        options = replace(options, roles={**_find_renamed_layers(facts, norm), **options.role_choices()})
        options = replace(options, notices=(*options.notices, *_take_notices(facts)))
        layers, facts = _read_layers(folder, facts, options, cancellation)
        keeping = [Path(place).suffix.lower() in KEEPING or is_vct(place) for place in facts.data_sets()]
        groups = [GROUP, RECEIVED_GROUP, *([SCHEMA_GROUP] if keeping and all(keeping) else [])]
        has_vct = any(is_vct(layer.source) for layer in layers)
        named = [code for code in norm.named_rules(groups) if not (has_vct and code in TITLES)]
        rules = tuple(dict.fromkeys((*norm.rules, *named)))
        checked = check_plan(
            layers,
            replace(
                options, rules=rules, side={"package": facts}, allow_no_layers=True, original_crs=facts.original_crs
            ),
            source=facts.root,
            progress=lambda share, text: progress(_COLLECTING + (1 - _COLLECTING) * share, text),
            cancellation=cancellation,
        )
        compare_outcomes(checked, facts)
        return checked


def _take_notices(facts: PackageFacts) -> list[tuple[str, dict[str, Any]]]:
    """Take the notices of exchange files from their layers and return them by file.

    They concern the file, and a layer may not belong to the plan.
    """
    found: list[tuple[str, dict[str, Any]]] = []
    for place, layers in facts.exchanged.items():
        for layer in layers:
            found += [
                ("notice_in_file", {"file": place, "notice": Message("notices", key, params)})
                for key, params in layer.notices
            ]
            layer.notices.clear()
    return found


def _with_profile(options: Options, facts: PackageFacts, package_spec: PackageSpec) -> Options:
    """Return the options with the manifest's profile, if shipped and none was chosen.

    The report names the profile that was used. DOC016 reports one that differs from the package's.
    """
    from ...profile import load_profile, profile_ids

    profile = (facts.manifest or {}).get("profile")
    name = str(profile.get("id", "")) if isinstance(profile, dict) else ""
    if options.profile or name not in profile_ids():
        return options
    same = load_profile(name).standard == options.standard
    # The standard of the specification is a default; the standard of the profile precedes it.
    standard = options.standard if same or options.standard != package_spec.standard else ""
    return replace(options, profile=name, standard=standard)


def _find_renamed_layers(facts: PackageFacts, norm: Norm) -> dict[str, str]:
    """Return role → layer for layers with a name by the specification.

    Without this their role would be unknown.
    """
    there = {one.name.upper(): one.name for one in facts.layers if one.features >= 0}
    rows = facts.manifest["layers"] if facts.manifest else []
    roles_by_name = {str(row["layer"]).upper(): str(row.get("role", "")) for row in rows}
    found: dict[str, str] = {}
    for slot in (
        slot for vectors in facts.package_spec.vectors for slot in vectors.layers if slot.name.upper() in there
    ):
        roles = [r for r in norm.standard.concepts.get(slot.layer, (slot.layer,)) if r in norm.standard.templates]
        role = next((r for r in roles if r == roles_by_name.get(slot.name.upper())), roles[0] if roles else "")
        if role and role not in there:
            found.setdefault(role, there[slot.name.upper()])
    return found


def _read_layers(
    folder: Path, facts: PackageFacts, options: Options, cancellation: Cancellation
) -> tuple[list[SourceLayer], PackageFacts]:
    """Return the readable layers, and the facts with the unreadable ones.

    Some layers have readable names but unreadable rows.
    """
    from ...check import is_part_of_plan

    norm, choices = options.norm(), options.role_choices()
    wanted = is_part_of_plan(norm, choices)
    found: list[SourceLayer] = []
    first: dict[str, tuple[SourceLayer, str]] = {}
    comparisons: list[DatasetComparison] = []
    unread: list[UnreadLayer] = []
    known = list(facts.layers)
    damaged = {(error.place, error.table.upper()) for error in facts.integrity_errors}
    for place in facts.data_sets():
        broken: list[str] = []
        if place in facts.exchanged:
            layers = facts.exchanged[place]
        else:
            layers, broken = _read_data_set(
                folder / place, apply_spec_names(wanted, facts.sets_of(place)), cancellation
            )
        # A layer that an earlier data set has, too, is checked there; this one is compared with it.
        earlier = dict(first)
        layers = [restore_layer_names(layer, facts.sets_of(place), norm) for layer in layers]
        twice = _find_unread(place, layers, norm, choices)
        unread += twice
        for layer in (one for one in layers if one.name not in {spare.name for spare in twice}):
            role = _find_layer_role(layer, norm, choices)
            if role in earlier and (place, layer.name.upper()) in damaged:
                # The damage is reported; missing rows are a consequence of it.
                continue
            if role in earlier:
                comparisons += _compare_with_earlier(layer, place, role, earlier[role], facts, norm, cancellation)
                continue
            found.append(layer)
            if role and layer.problem is None:
                first.setdefault(role, (layer, place))
        known = [one for one in known if one.file != place or one.name not in broken]
        known += [LayerFact(place, name, -1) for name in broken]
    # The layers of exchange files are in the result now, or they are not needed.
    return found, replace(
        facts, layers=tuple(known), dataset_comparisons=tuple(comparisons), unread_layers=tuple(unread), exchanged={}
    )


def _find_unread(place: str, layers: list[SourceLayer], norm: Norm, choices: Mapping[str, str]) -> list[UnreadLayer]:
    """Return layers with the role of another layer in their data set, such as copies.

    The layer that was chosen for the role is used, else the one with exactly its name, else the first.
    """
    alike: dict[str, list[SourceLayer]] = {}
    for layer in layers:
        if (role := _find_layer_role(layer, norm, choices)) and layer.problem is None:
            alike.setdefault(role, []).append(layer)
    found: list[UnreadLayer] = []
    for role, several in alike.items():
        called = [name.upper() for name in (choices.get(role, ""), role, *norm.standard.templates[role].aliases)]
        rank = {name: number for number, name in reversed(list(enumerate(called)))}
        used = min(several, key=lambda one: min(rank.get(n.upper(), len(rank)) for n in (one.name, one.full_name)))
        found += [UnreadLayer(place, one.name, role, used.name) for one in several if one is not used]
    return found


def _find_layer_role(layer: SourceLayer, norm: Norm, choices: Mapping[str, str]) -> str:
    """Return a layer's role in the plan: the chosen one, else the recognised one."""
    from ...loading.recognition import find_role

    names = {layer.name.upper(), layer.full_name.upper()}
    chosen = next((role for role, name in choices.items() if name.upper() in names), "")
    return chosen or find_role(layer, norm)[0]


def _compare_with_earlier(
    layer: SourceLayer,
    place: str,
    role: str,
    earlier: tuple[SourceLayer, str],
    facts: PackageFacts,
    norm: Norm,
    cancellation: Cancellation,
) -> Iterator[DatasetComparison]:
    """Compare a layer with that of an earlier data set, unless it is unreadable.

    An unreadable layer is reported for its file.
    """
    from ...loading.recognition import best_template
    from ...plan.layer import Layer

    if layer.problem is not None:
        return
    first, file = earlier
    template = best_template(first, role, norm)
    sets = ((first, file), (layer, place))
    without = [find_unwanted_fields(one, facts.sets_of(where), template, norm) for one, where in sets]
    # A layer without a CRS has no location; its shapes are not compared.
    pair = [Layer(one, template, one.crs or crs_care.GEODETIC) for one, _ in sets]
    yield compare_datasets(pair[0], pair[1], file, place, without[0] | without[1], cancellation)


def _read_data_set(path: Path, wanted: Wanted, cancellation: Cancellation) -> tuple[list[SourceLayer], list[str]]:
    """Return the layers of a data set, and the names of layers with unreadable rows."""
    from ...io import read_source

    broken: list[str] = []
    while True:
        try:
            layers = read_source(
                path, wanted=lambda one: one.name not in broken and wanted(one), cancellation=cancellation
            )
        except InputError as error:
            name = str(error.params.get("layer", ""))
            if not name or name in broken:
                # The data set is unreadable; this was reported with its files.
                return [], broken
            broken.append(name)
        else:
            return [one for one in layers if one.name not in broken], broken
