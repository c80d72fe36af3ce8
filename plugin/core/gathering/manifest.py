# SPDX-License-Identifier: GPL-2.0-or-later
"""The manifest of a gathered package: verdicts and counts are those of the counties' inspections."""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from ..counties.model import VERDICT_ORDER
from ..messages.texts import Texts
from ..package.manifest import make_manifest_head
from .messages import describe_reasons
from .model import GatheredCounty

if TYPE_CHECKING:
    from ..check import CheckResult
    from ..package.package_spec.model import PackageSpec
    from ..profile.document import ResolvedDocument

#: Counts of an inspection that are added up.
_SUMMED = ("errors", "warnings", "waived", "skipped", "crashed")


def make_gathered_head(
    empty_check: CheckResult,
    package_spec: PackageSpec,
    placeholder_values: dict[str, str],
    folder_name: str,
    document: ResolvedDocument,
    counties: Iterable[GatheredCounty],
    is_forced: bool,
) -> dict[str, Any]:
    """Return the items of the manifest that describe the whole package.

    ``empty_check``: a result without layers and findings under the parent's norm, which names standard and profile.
    """
    counties = list(counties)
    head = make_manifest_head(empty_check, package_spec, placeholder_values, folder_name, document, is_forced)
    gathered = [one for one in counties if one.is_gathered]
    verdicts, scopes = {one.summary["verdict"] for one in gathered}, {one.scope for one in gathered}
    head["check"] = {
        **head["check"],
        "verdict": str(next(verdict for verdict in VERDICT_ORDER if str(verdict) in verdicts)),
        **{key: sum(one.summary[key] for one in gathered) for key in _SUMMED},
        **{key: sorted({name for one in gathered for name in one.summary[key]}) for key in ("left_out", "unconfirmed")},
        "scope": scopes.pop() if len(scopes) == 1 else "",
        "findings": sum(one.summary[key] for one in gathered for key in ("errors", "warnings", "infos", "waived")),
    }
    texts = Texts(empty_check.report.lang)
    head["gathered"] = {
        "counties": [
            {
                "code": one.area_code,
                "name": one.area_name,
                "verdict": one.summary["verdict"],
                "errors": one.summary["errors"],
                "warnings": one.summary["warnings"],
                "standard": one.standard,
                "version": one.version,
                "digest": one.digest,
            }
            for one in gathered
        ],
        "left_out": [
            {"name": one.name, "reason": describe_reasons(one, texts)} for one in counties if not one.is_gathered
        ],
    }
    return head
