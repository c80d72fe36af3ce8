# SPDX-License-Identifier: GPL-2.0-or-later
"""A package looked at, whoever made it: its form by the rules DOC, its layers by all the others."""

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
from .archive import unpack_package
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


#: The rule that the finding is of, and its case.
CODE, CASE = "DOC013", "outcomes"
#: Rules that a message names.
_NAMED = 8


def compare_outcomes(checked: CheckResult, facts: PackageFacts) -> None:
    """Add a finding to the report where the package's own report gives rules a better outcome than here: passed where this
    inspection has findings, or confirmed where the same profile confirms nothing. Compared only for one version, standard, profile and phase."""
    report = checked.report
    told = _package_report(facts)
    if not told or not _comparable(told["provenance"], checked):
        return
    here = {rule.code: rule for rule in report.rules}
    open_here = {f.code for f in report.findings if f.state != "waived" and f.severity is not Severity.INFO}
    names = []
    for row in told["rules"]:
        rule = here.get(str(row.get("code")))
        if rule is None or rule.code.startswith("DOC"):
            continue
        lacking = set(rule.unconfirmed) - set(row.get("unconfirmed") or ())
        failed = row.get("outcome") == "passed" and rule.code in open_here
        # A rule that was skipped before it read its settings has none of them.
        ran = str(rule.outcome) in ("passed", "failed")
        if failed or (lacking and ran and row.get("outcome") == str(rule.outcome)):
            names.append(rule.code)
    if names:
        _add(checked, facts, names)


def _package_report(facts: PackageFacts) -> dict[str, Any]:
    """Return the package's report; empty where it cannot be read (DOC013 reports that)."""
    try:
        told = json.loads(facts.documents.get(facts.report_path, b"{}"))
    except (ValueError, RecursionError):
        return {}
    if not isinstance(told, dict) or not isinstance(told.get("provenance"), dict):
        return {}
    rules = told.get("rules")
    return told if isinstance(rules, list) and all(isinstance(row, dict) for row in rules) else {}


def _comparable(said: dict[str, Any], checked: CheckResult) -> bool:
    norm = checked.plan.norm

    def at(key: str, item: str) -> Any:
        table = said.get(key)
        return table.get(item) if isinstance(table, dict) else None

    return (
        at("versions", "sanxian") == plugin_version()
        and at("profile", "id") == norm.profile.id
        and (at("standard", "id"), at("standard", "edition")) == (norm.standard.id, norm.standard.edition)
        and said.get("phase", "") == norm.phase
        and said.get("scope") == checked.plan.scope
    )


def _add(checked: CheckResult, facts: PackageFacts, names: list[str]) -> None:
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
    """The layer of a data set that the form has as ``sets``, with the fields that it renames under the template's names. A
    field whose own name is there, too, stays: nobody can tell which of the two is meant."""
    slot = next((slot for vectors in sets for slot in vectors.layers if _is(layer, slot, norm)), None)
    if slot is None or not slot.names:
        return layer
    there = {f.name.upper(): f.name for f in layer.fields}
    # Names may change places.
    told = {name.upper() for name in slot.names.values()}
    back = {
        there[name.upper()]: own
        for own, name in slot.names.items()
        if name.upper() in there and (own.upper() not in there or own.upper() in told)
    }
    fields = tuple(replace(f, name=back.get(f.name, f.name)) for f in layer.fields)
    return replace(layer, frame=layer.frame.rename(columns=back), fields=fields)


def apply_spec_names(wanted: Wanted, sets: list[VectorSet]) -> Wanted:
    """What is wanted of a data set, and the fields that the form renames under the names they have there."""
    own = {name.upper() for vectors in sets for slot in vectors.layers for name in slot.names.values()}

    def more(layer: SourceLayer) -> bool | frozenset[str]:
        fields = wanted(layer)
        return fields if isinstance(fields, bool) else fields | own

    return more


def find_unwanted_fields(layer: SourceLayer, sets: list[VectorSet], template: Template, norm: Norm) -> frozenset[str]:
    """Fields (capitals) of a layer's template that the form leaves out of a data set that it has as ``sets``."""
    slot = next((slot for vectors in sets for slot in vectors.layers if _is(layer, slot, norm)), None)
    if slot is None or not slot.fields:
        return frozenset()
    return frozenset(f.name.upper() for f in template.fields) - {name.upper() for name in slot.fields}


def _is(layer: SourceLayer, slot: LayerSlot, norm: Norm) -> bool:
    if slot.name:
        return layer.name.upper() == slot.name.upper()
    roles = norm.standard.concepts.get(slot.layer, (slot.layer,))
    return find_role(layer, norm)[0] in roles


#: The groups of rules that look at a package, at what only its maker could vouch for, and at the schema of what is delivered
#: where its format keeps one.
GROUP, RECEIVED_GROUP, SCHEMA_GROUP = "package", "received", "delivery"
#: The rules of it that ask for titles and domains, of which a VCT file keeps none: it tells names, order and lengths.
TITLES = ("SCH006", "SCH007")
#: The setting that limits the entries of an archive or folder that are inspected.
MOST_ENTRIES = "package.most_entries"
#: Share of the progress that looking at the files takes.
_LOOKING = 0.2


def inspect_package(
    path: str | Path,
    package_spec: PackageSpec,
    options: Options,
    *,
    progress: Callable[[float, str], None] = lambda share, text: None,
    cancellation: Cancellation = NEVER,
) -> CheckResult:
    """Check a package, folder or zip: every rule of the standard over its layers, area fields against shapes, lengths, titles and domains of their
    fields where the format keeps them, and the rules on packages.

    InputError for what is no package at all (`archive.unpack_package`); what is wrong with one becomes findings. Raises Cancelled.
    """
    from ...check import check_plan
    from ...io.field_types import KEEPING

    most = int(options.norm().get(MOST_ENTRIES))
    with unpack_package(Path(path), cancellation, package_spec.root, package_spec.folders.values(), most) as folder:
        progress(0.0, "")
        facts = collect_package_facts(folder, package_spec, cancellation)
        progress(_LOOKING, "")
        options = _with_profile(options, facts, package_spec)
        norm = options.norm()
        options = replace(options, roles={**_called_by_form(facts, norm), **options.role_choices()})
        options = replace(options, notices=(*options.notices, *_remarks(facts)))
        layers, facts = _layers(folder, facts, options, cancellation)
        keeping = [Path(place).suffix.lower() in KEEPING or is_vct(place) for place in facts.data_sets()]
        groups = [GROUP, RECEIVED_GROUP, *([SCHEMA_GROUP] if keeping and all(keeping) else [])]
        bare = any(is_vct(layer.source) for layer in layers)
        named = [code for code in norm.named_rules(groups) if not (bare and code in TITLES)]
        rules = tuple(dict.fromkeys((*norm.rules, *named)))
        checked = check_plan(
            layers,
            replace(options, rules=rules, side={"package": facts}, allow_no_layers=True, original_crs=facts.drawn_in),
            source=facts.root,
            progress=lambda share, text: progress(_LOOKING + (1 - _LOOKING) * share, text),
            cancellation=cancellation,
        )
        compare_outcomes(checked, facts)
        return checked


def _remarks(facts: PackageFacts) -> list[tuple[str, dict[str, Any]]]:
    """What reading the exchange files had to report, with their names, taken from their layers: it concerns the file, and a
    layer may be no part of the plan."""
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
    """The options with the profile that the manifest names, where it is a shipped one and none was chosen. The report
    names the profile that was used; DOC016 reports one that differs from the package's."""
    from ...profile import load_profile, profile_ids

    said = (facts.manifest or {}).get("profile")
    name = str(said.get("id", "")) if isinstance(said, dict) else ""
    if options.profile or name not in profile_ids():
        return options
    same = load_profile(name).standard == options.standard
    # The form's standard is a default; what the profile is made for goes before it.
    standard = options.standard if same or options.standard != package_spec.standard else ""
    return replace(options, profile=name, standard=standard)


def _called_by_form(facts: PackageFacts, norm: Norm) -> dict[str, str]:
    """Role → layer, for layers that the form calls by a name of its own: nothing else would know what they are."""
    there = {one.name.upper(): one.name for one in facts.layers if one.features >= 0}
    rows = facts.manifest["layers"] if facts.manifest else []
    told = {str(row["layer"]).upper(): str(row.get("role", "")) for row in rows}
    found: dict[str, str] = {}
    for slot in (
        slot for vectors in facts.package_spec.vectors for slot in vectors.layers if slot.name.upper() in there
    ):
        roles = [r for r in norm.standard.concepts.get(slot.layer, (slot.layer,)) if r in norm.standard.templates]
        role = next((r for r in roles if r == told.get(slot.name.upper())), roles[0] if roles else "")
        if role and role not in there:
            found.setdefault(role, there[slot.name.upper()])
    return found


def _layers(
    folder: Path, facts: PackageFacts, options: Options, cancellation: Cancellation
) -> tuple[list[SourceLayer], PackageFacts]:
    """The layers that can be read; and the facts, with those that cannot: their rows show it, not their names."""
    from ...check import is_part_of_plan

    norm, choices = options.norm(), options.role_choices()
    wanted = is_part_of_plan(norm, choices)
    found: list[SourceLayer] = []
    first: dict[str, tuple[SourceLayer, str]] = {}
    twins: list[DatasetComparison] = []
    spares: list[UnreadLayer] = []
    known = list(facts.layers)
    damaged = {(fault.place, fault.table.upper()) for fault in facts.integrity_errors}
    for place in facts.data_sets():
        broken: list[str] = []
        if place in facts.exchanged:
            layers = facts.exchanged[place]
        else:
            layers, broken = _read(folder / place, apply_spec_names(wanted, facts.sets_of(place)), cancellation)
        # A layer that an earlier data set has, too, is looked at there, and this one is held against it.
        earlier = dict(first)
        layers = [restore_layer_names(layer, facts.sets_of(place), norm) for layer in layers]
        twice = _spares(place, layers, norm, choices)
        spares += twice
        for layer in (one for one in layers if one.name not in {spare.name for spare in twice}):
            role = _role(layer, norm, choices)
            if role in earlier and (place, layer.name.upper()) in damaged:
                # That it is damaged is told; what it lacks comes of that.
                continue
            if role in earlier:
                twins += _held(layer, place, role, earlier[role], facts, norm, cancellation)
                continue
            found.append(layer)
            if role and layer.problem is None:
                first.setdefault(role, (layer, place))
        known = [one for one in known if one.file != place or one.name not in broken]
        known += [LayerFact(place, name, -1) for name in broken]
    # What was read of exchange files is now among the layers, or done with.
    return found, replace(
        facts, layers=tuple(known), dataset_comparisons=tuple(twins), unread_layers=tuple(spares), exchanged={}
    )


def _spares(place: str, layers: list[SourceLayer], norm: Norm, choices: Mapping[str, str]) -> list[UnreadLayer]:
    """Layers of one data set that look like another one there, as a copy that was left behind does. The one that was chosen
    for the role is used, else the one that is called exactly so, else the first."""
    alike: dict[str, list[SourceLayer]] = {}
    for layer in layers:
        if (role := _role(layer, norm, choices)) and layer.problem is None:
            alike.setdefault(role, []).append(layer)
    found: list[UnreadLayer] = []
    for role, several in alike.items():
        called = [name.upper() for name in (choices.get(role, ""), role, *norm.standard.templates[role].aliases)]
        rank = {name: number for number, name in reversed(list(enumerate(called)))}
        used = min(several, key=lambda one: min(rank.get(n.upper(), len(rank)) for n in (one.name, one.full_name)))
        found += [UnreadLayer(place, one.name, role, used.name) for one in several if one is not used]
    return found


def _role(layer: SourceLayer, norm: Norm, choices: Mapping[str, str]) -> str:
    """The role that a layer will have in the plan: the one that it was chosen for, else what it is recognised as."""
    from ...loading.recognition import find_role

    names = {layer.name.upper(), layer.full_name.upper()}
    chosen = next((role for role, name in choices.items() if name.upper() in names), "")
    return chosen or find_role(layer, norm)[0]


def _held(
    layer: SourceLayer,
    place: str,
    role: str,
    earlier: tuple[SourceLayer, str],
    facts: PackageFacts,
    norm: Norm,
    cancellation: Cancellation,
) -> Iterator[DatasetComparison]:
    """A layer held against that of an earlier data set; nothing where it cannot be read, which is told of the file."""
    from ...loading.recognition import best_template
    from ...plan.layer import Layer

    if layer.problem is not None:
        return
    first, file = earlier
    template = best_template(first, role, norm)
    sets = ((first, file), (layer, place))
    without = [find_unwanted_fields(one, facts.sets_of(where), template, norm) for one, where in sets]
    # A layer without a CRS is nowhere: its shapes are not compared.
    pair = [Layer(one, template, one.crs or crs_care.GEODETIC) for one, _ in sets]
    yield compare_datasets(pair[0], pair[1], file, place, without[0] | without[1], cancellation)


def _read(path: Path, wanted: Wanted, cancellation: Cancellation) -> tuple[list[SourceLayer], list[str]]:
    """The layers of a data set, and the names of those whose rows cannot be read."""
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
                # Nothing of it can be read: what looked at the files has told.
                return [], broken
            broken.append(name)
        else:
            return [one for one in layers if one.name not in broken], broken
