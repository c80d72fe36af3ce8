# SPDX-License-Identifier: GPL-2.0-or-later
"""The manifest of a package (成果清单): its files with sizes and digests, its origin.

It contains no user name and no path of this machine.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ..base.cancellation import NEVER_CANCELLED, Cancellation
from ..base.files.digests import (
    MANIFEST_FILE_NAME,
    MANIFEST_PAGE_FILE_NAME,
    MANIFEST_SCHEMA,
    compute_sha256,
    iterate_files_below,
    write_digest_list,
)
from ..engine.provenance import collect_versions
from ..standard.messages.texts import Texts
from .generator import compute_generator_digest
from .package_spec.spec import PackageSpec
from .problems import ExportProblem

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ..checks.check import CheckResult
    from ..standard.profile.document import ResolvedDocument
    from .slot_files import FilledSlot


def make_manifest_head(
    check_result: CheckResult,
    package_spec: PackageSpec,
    placeholder_values: dict[str, str],
    folder_name: str,
    document: ResolvedDocument,
    is_forced: bool,
) -> dict[str, Any]:
    """Return the items of the manifest that describe the whole package.

    ``folder_name``: name of the package; ``is_forced``: the package is made although the check failed or a required
    file is missing.
    """
    report, norm = check_result.report, check_result.plan.norm
    summary = report.summary
    counts = ("verdict", "errors", "warnings", "waived", "skipped", "crashed", "left_out", "unconfirmed")
    return {
        "schema": MANIFEST_SCHEMA,
        "root": folder_name,
        "name": folder_name,
        "form": {
            "id": package_spec.id,
            "name": package_spec.name,
            "source": package_spec.source,
            "unverified": package_spec.unverified_keys,
        },
        "secrecy": document.document_info.secrecy,
        "document": {key: value for key, value in document.to_dict().items() if key != "secrecy"},
        "area": {"code": placeholder_values["code"], "name": placeholder_values["name"]},
        "made": datetime.now().astimezone().isoformat(timespec="seconds"),
        "tool": {
            "name": "sanxian",
            "versions": {**collect_versions(), **report.provenance.get("versions", {})},
            "generator": compute_generator_digest(),
        },
        "standard": {"id": norm.standard.id, "edition": norm.standard.edition, "name": norm.standard.name},
        "profile": {"id": norm.profile.id, "name": norm.profile.name},
        "check": {
            **{key: summary[key] for key in counts},
            "forced": is_forced,
            "findings": len(report.findings),
            "scope": check_result.plan.scope,
        },
    }


def make_slot_rows(filled_slots: Iterable[FilledSlot], package_spec: PackageSpec) -> list[dict[str, Any]]:
    """Return the manifest's rows of documents, maps and tables, with the files of each."""
    return [
        {
            "kind": filled_slot.slot.kind,
            "id": filled_slot.slot.id,
            "title": filled_slot.slot.title,
            "need": filled_slot.slot.need,
            "pattern": filled_slot.file_name,
            "files": [
                package_spec.get_file_path(filled_slot.slot.folder, path.name) for path in filled_slot.file_paths
            ],
        }
        for filled_slot in filled_slots
    ]


def write_manifest(
    folder: Path,
    manifest: dict[str, Any],
    problems: Iterable[ExportProblem],
    lang: str,
    cancellation: Cancellation = NEVER_CANCELLED,
) -> dict[str, Any]:
    """Add all files of a folder to the manifest.

    Write it as page (HTML) and as data (JSON), with digests.

    Returns
    -------
    dict
        The manifest as written.
    """
    from .page import render_manifest_page

    texts = Texts(lang)
    written_manifest = {**manifest, "problems": [p.to_dict(texts) for p in problems]}
    written_manifest["files"] = [_make_file_row(name, path, cancellation) for name, path in iterate_files_below(folder)]
    (folder / MANIFEST_PAGE_FILE_NAME).write_text(
        render_manifest_page(written_manifest, lang), encoding="utf-8", newline="\n"
    )
    written_manifest["files"].append(
        _make_file_row(MANIFEST_PAGE_FILE_NAME, folder / MANIFEST_PAGE_FILE_NAME, cancellation)
    )
    text = json.dumps(written_manifest, ensure_ascii=False, indent=1, allow_nan=False)
    (folder / MANIFEST_FILE_NAME).write_text(text + "\n", encoding="utf-8", newline="\n")
    write_digest_list(folder, ((row["path"], row["sha256"]) for row in written_manifest["files"]))
    return written_manifest


def _make_file_row(name: str, path: Path, cancellation: Cancellation) -> dict[str, Any]:
    """Return the manifest's row of a file: path, size in bytes, SHA-256."""
    return {"path": name, "bytes": path.stat().st_size, "sha256": compute_sha256(path, cancellation)}
