# SPDX-License-Identifier: GPL-2.0-or-later
"""Results of a split and of a merge as sentences, for console and log."""

from __future__ import annotations

from ...model.rule import Severity
from ...standard.messages.texts import Texts
from .decide import Outcome
from .log import ChangeKind, MergeLog
from .read_packages import PackageNote
from .split import SplitResult

#: Contradictions that the console lists; the workbook has all.
_MAX_LISTED = 10


def get_layer_title(layer: str, texts: Texts) -> str:
    """Return the name of a compared layer: the concept's, else its code."""
    return texts.get("townships", "border") if layer == "county" else texts.get_concept_name(layer)


def describe_note(note: PackageNote, texts: Texts) -> str:
    """Return a difference between a package and what was handed out, with its consequence."""
    return texts.get("township_notes", note.kind, layer=note.layer, field=note.field, count=note.count)


def describe_split(result: SplitResult, texts: Texts) -> list[str]:
    """Return what a split wrote, one line for each package."""
    rows = sum(one.manifest.row_count for one in result.packages)
    lines = [texts.get("townships", "split_done", packages=len(result.packages), rows=rows)]
    for one in result.packages:
        manifest = one.manifest
        lines.append(
            texts.get(
                "townships",
                "split_line",
                name=manifest.label if manifest.code else texts.get("townships", "county_package"),
                rows=manifest.row_count,
                neighbours=sum(len(layer.neighbours) for layer in manifest.layers),
                crossing=sum(len(layer.crossing) for layer in manifest.layers),
            )
        )
    if result.left_out:
        lines.append(texts.get("townships", "left_out", names=", ".join(result.left_out)))
    return lines


def describe_merge(log: MergeLog, texts: Texts) -> list[str]:
    """Return what a merge did, with its contradictions."""
    applied = [one for one in log.changes if one.outcome is Outcome.APPLIED]
    counts = {kind: sum(one.kind is kind for one in applied) for kind in ChangeKind}
    changed = len(applied) - counts[ChangeKind.NEW] - counts[ChangeKind.DELETED]
    lines = [
        texts.get(
            "townships",
            "merge_done",
            packages=len(log.packages),
            changed=changed,
            new=counts[ChangeKind.NEW],
            deleted=counts[ChangeKind.DELETED],
            contradictions=len(log.contradictions),
        )
    ]
    if log.county_changed_count:
        lines.append(texts.get("townships", "county_changed", count=log.county_changed_count))
    lines += [
        texts.get("townships", "note_line", name=note.package.label, note=describe_note(note, texts))
        for note in log.notes
    ]
    for one in log.contradictions[:_MAX_LISTED]:
        names = [
            version.package.label if version.package else texts.get("townships", "county") for version in one.versions
        ]
        lines.append(
            texts.get(
                "townships",
                "contradiction_line",
                number=one.number,
                kind=texts.get("township_contradictions", one.kind),
                layer=one.layer,
                key=one.key,
                versions=", ".join(names),
                choice=texts.get("township_choices", one.choice),
            )
        )
    if len(log.contradictions) > _MAX_LISTED:
        lines.append(texts.get("townships", "more", count=len(log.contradictions) - _MAX_LISTED))
    if log.has_seams:
        notes = sum(one.severity is Severity.INFO for one in log.seams)
        lines += [
            texts.get(
                "townships", "seams_done", warnings=len(log.seams) - notes, notes=notes, former=log.former_seam_count
            ),
            *[gap.render(texts) for gap in log.gaps],
        ]
    return lines
