# SPDX-License-Identifier: GPL-2.0-or-later
"""A package of a plan that was checked: the gate, the layers written and read again, the parts that come with them,
the manifest."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from ..cancellation import NEVER, Cancellation
from ..engine.evaluate import choose_rules
from ..files.digests import write_digest
from ..files.writing import is_about_writing
from ..messages.texts import RuleNamed
from ..model.rule import Severity
from ..profile.document import ResolvedDocument, load_secrecy_levels, with_document
from ..results.run import run
from .files import fill_slots, unreadable
from .folder import settle, whole_folder, writing
from .gate import check_target, made_folder, pass_gate, verdict
from .inspection.inspect import RECEIVED_GROUP
from .layers.prepare import prepare
from .layers.vectors import put_set
from .making import Making, Steps
from .manifest import head, slot_rows, write_manifest
from .maps.slots import MAPS_BEGIN, Drawer, maps, plan_maps, told
from .metadata import metadata_xml, read_again
from .order import Exported, Order, Progress, names_of, package_path, resolve_package_document
from .problems import NAMED, Level, Problem, of_level, told_once
from .tables.write import tables

if TYPE_CHECKING:
    from ..check import Checked, Options
    from ..model.findings import Finding
    from ..model.report import Report
    from .form.model import PackageProfile

__all__ = ["Exported", "Order", "export_package", "names_of", "package_path", "with_standard"]


def as_received(checked: Checked, cancellation: Cancellation) -> Iterator[Problem]:
    """What rules of the group ``received`` find that the check did not run; a problem for each rule, layer and field. Findings
    that are waived are not told. Raises Cancelled."""
    plan, lang = checked.plan, checked.report.lang
    asked = {outcome.code for outcome in checked.report.rules}
    group = plan.norm.standard.rule_groups.get(RECEIVED_GROUP, ())
    rules = [rule for rule in choose_rules(group) if rule.code not in asked]
    found: dict[tuple[str, str, str], list[Finding]] = {}
    for finding in run(
        plan, rules, side=checked.side, waivers=checked.waivers, lang=lang, cancellation=cancellation
    ).findings:
        if finding.state == "open":
            found.setdefault((finding.code, finding.role, finding.field), []).append(finding)
    named = {rule.code: RuleNamed(rule) for rule in rules}
    for (code, role, field), those in found.items():
        level = Level.GATE if any(one.severity is Severity.ERROR for one in those) else Level.NOTE
        layer = plan.layers[role].name if role in plan.layers else role
        features = tuple(one.key for one in those[:NAMED])
        # What the run says of itself (RUN) is of no rule.
        params = {"rule": named.get(code, code)}
        yield Problem(level, "as_received", layer, field, len(those), features, params)


# What comes with the layers: documents, the report, tables, metadata. A new part is a function here, or in a module of its
# own, and a word in `PARTS`.

#: Makes a part of the package; what is to be told of it.
Part = Callable[[Making], Iterable[Problem]]


def documents(making: Making) -> list[Problem]:
    """The planner's own files into their places."""
    for one in making.filled:
        for path in one.files:
            making.cancellation.raise_if_cancelled()
            target = making.place(one.slot.folder, path.name)
            try:
                # The content alone: no owner, no times of this machine.
                shutil.copyfile(path, target)
            except OSError as error:
                if is_about_writing(error, making.new):
                    raise
                raise unreadable(path, error) from error
    return []


def report(making: Making) -> list[Problem]:
    """The check's report, as page and as data."""
    from ..render.html import render
    from ..render.outputs import to_json

    checked = making.checked
    text = making.page(checked.report) if making.page is not None else render(checked.report, checked.plan.norm)
    for suffix, content in ((".html", text), (".json", to_json(checked.report))):
        path = making.path(making.form.report, suffix)
        path.write_text(content, encoding="utf-8", newline="\n")
    return []


def metadata(making: Making) -> list[Problem]:
    """Last of all: it tells what the manifest has gathered. OutputError when it does not read as it was written."""
    path = making.path(making.form.metadata)
    path.write_bytes(metadata_xml(making.manifest, making.form))
    making.manifest["metadata"] = read_again(path.read_bytes(), making.manifest, making.form, making.inside(path))
    return []


#: In the order they are made.
PARTS: tuple[Part, ...] = (documents, maps, report, tables, metadata)


def with_standard(options: Options, form: PackageProfile) -> Options:
    """The options of a check for a package: where nobody says by which standard, by the form's."""
    return options if options.standard or options.profile else replace(options, standard=form.standard)


def export_package(
    checked: Checked,
    order: Order,
    *,
    page: Callable[[Report], str] | None = None,
    draw: Drawer | None = None,
    progress: Progress = lambda share, text: None,
    cancellation: Cancellation = NEVER,
) -> Exported:
    """Make the package of a checked plan. ``page``: renders the report as HTML (default without pictures); ``draw``: makes the maps
    (default: they are not made, and the manifest says so).

    InputError when no level of secrecy is set, or one is lowered without a reason.
    OutputError when the gate is shut (a plan that does not pass, something that the form wants is missing) and nobody forces
    it; when somebody else exports to the target or inspects it; when something cannot be written without loss; when what was
    read again is not what was drawn; when the target cannot be replaced. Whatever stood there then still does,
    also when Cancelled is raised.
    """
    target = package_path(checked.plan, order)
    with made_folder(order.folder), writing(target):
        return _export(checked, order, target, page, draw, progress, cancellation)


def _export(
    checked: Checked,
    order: Order,
    target: Path,
    page: Callable[[Report], str] | None,
    draw: Drawer | None,
    progress: Progress,
    cancellation: Cancellation,
) -> Exported:
    plan, form, lang = checked.plan, order.form, checked.report.lang
    values = names_of(plan, form)
    document = resolve_package_document(plan.norm, order, values)
    document.require_exportable(form.secrecy_levels, form.name)
    checked = replace(checked, report=with_document(checked.report, document))
    settle(target)
    check_target(target, plan.inputs, form, values)
    progress(0.0, "")
    sets, problems = prepare(checked, order, cancellation)
    filled, missing = fill_slots(form, values, order.documents, target if target.is_dir() else None, lang)
    work = plan_maps(plan, order, filled, values, draw)
    problems = [*verdict(checked), *as_received(checked, cancellation), *problems, *missing, *told(work.lacking)]
    problems += _document_notes(document, with_maps=bool(work.wishes))
    pass_gate(problems, order, target)
    manifest = head(checked, form, values, target.name, document, forced=bool(of_level(problems, Level.GATE)))
    steps = Steps(sum(len(c) for s in sets for c in s.contents), progress, MAPS_BEGIN if work.wishes else 0.95)
    with whole_folder(target, cancellation) as new:
        making = Making(checked, form, new, values, manifest, filled, work, page, document, steps, cancellation)
        manifest["layers"] = [row for one in sets for row in put_set(one, making)]
        manifest["slots"] = slot_rows(filled, form)
        for part in PARTS:
            problems += part(making)
        problems = told_once(problems, manifest["slots"])
        written = write_manifest(new, manifest, problems, lang, cancellation)
        digest = write_digest(new)
    progress(1.0, "")
    return Exported(target, digest, written, problems)


def _document_notes(document: ResolvedDocument, with_maps: bool) -> list[Problem]:
    """Return notes on lowered secrecy levels and on public maps without a map approval number."""
    notes = [Problem(Level.NOTE, "secrecy_lowered", params={"message": one.message}) for one in document.lowered]
    info = document.info
    if with_maps and load_secrecy_levels().is_public(info.secrecy) and not info.map_approval:
        notes.append(Problem(Level.NOTE, "no_map_approval", params={"secrecy": info.secrecy}))
    return notes
