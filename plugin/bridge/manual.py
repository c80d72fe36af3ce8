# SPDX-License-Identifier: GPL-2.0-or-later
"""Addresses of the manual's headings.

The offline pages in resources/manual are made by tools/make_manual.py.
"""

from __future__ import annotations

import re

from ..paths import MANUAL_FOLDER
from .settings import get_interface_language

#: Topic → page and anchor. The topic of a tool is its name in the toolbox, that of a dialog its menu entry.
MANUAL_TOPICS = {
    # dialogs
    "start": "01-quickstart#start",
    "doctor": "01-quickstart#environment",
    "roles": "02-data#roles",
    "group": "02-data#groups",
    "profile": "02-data#county-profile",
    "document": "02-data#document",
    "map_fields": "02-data#map-fields",
    "dictionary": "02-data#dictionary",
    "new_project": "03-drawing#new-project",
    "waive": "04-checking#waive",
    "layouts": "06-maps-package#layouts",
    "package": "06-maps-package#package",
    "inspect": "06-maps-package#inspect",
    "counties": "08-command-line#counties",
    # tools
    "check_plan": "04-checking#tool-check-plan",
    "check_counties": "08-command-line#tool-check-counties",
    "check_seams": "08-command-line#tool-check-seams",
    "project_conformity": "11-projects#tool-project-conformity",
    "office_tables": "05-report#tool-office-tables",
    "split_townships": "08-command-line#tool-split-townships",
    "merge_counties": "08-command-line#tool-merge-counties",
    "merge_townships": "08-command-line#tool-merge-townships",
    "apply_fixes": "04-checking#tool-apply-fixes",
    "resolve_overlaps": "04-checking#tool-resolve-overlaps",
    "renumber_bsm": "02-data#tool-renumber-bsm",
    "change_crs_zone": "02-data#tool-change-crs-zone",
    "split_worklist": "04-checking#tool-split-worklist",
    "merge_worklist": "04-checking#tool-merge-worklist",
    "compute_indicators": "05-report#tool-compute-indicators",
    "compare_versions": "07-versions-vct#tool-compare-versions",
    "boundary_adjustment": "07-versions-vct#tool-boundary-adjustment",
    "evaluate_indicators": "12-evaluation#tool-evaluate-indicators",
    "yearly_update": "07-versions-vct#tool-yearly-update",
    "import_vct": "07-versions-vct#tool-import-vct",
    "export_vct": "07-versions-vct#tool-export-vct",
    "import_boundary_points": "07-versions-vct#tool-import-boundary-points",
    "export_boundary_points": "07-versions-vct#tool-export-boundary-points",
    "import_drawing": "07-versions-vct#tool-import-drawing",
    "export_maps": "06-maps-package#tool-export-maps",
    "declared_checks": "10-declared-checks#tool-declared-checks",
    "export_package": "06-maps-package#tool-export-package",
    "inspect_package": "06-maps-package#tool-inspect-package",
    "create_layers": "03-drawing#tool-create-layers",
    "layers_from_structure": "03-drawing#tool-layers-from-structure",
    "derive_three_zones": "03-drawing#tool-derive-three-zones",
    "statutory_area": "03-drawing#tool-statutory-area",
}
#: Language that has all pages.
_COMPLETE_LANGUAGE = "zh"
#: Codes of rules; RUN codes belong to the check itself and are not in the rule book.
_RULE_CODE_PATTERN = re.compile(r"(?!RUN)[A-Z]{3}\d{3}")


def is_rule_code(topic: str) -> bool:
    """Return True if a topic has the form of a rule code, such as ``TOP001``."""
    return _RULE_CODE_PATTERN.fullmatch(topic) is not None


def find_page_and_anchor(topic: str) -> str:
    """Return the page and anchor of a topic or a rule code in the manual, as ``page#anchor``.

    Raise KeyError for an unknown topic.
    """
    page, _, anchor = (f"rules#{topic}" if is_rule_code(topic) else MANUAL_TOPICS[topic]).partition("#")
    return f"{page}.html#{anchor}"


def get_manual_url(topic: str) -> str:
    """Return the file URL of a manual topic in the interface's language.

    Empty if the manual has no such page.
    """
    return _find_page_url(topic, get_interface_language())


def get_manual_url_or_chinese(topic: str) -> str:
    """Return the file URL of a manual topic in the interface's language, or in Chinese without a translation.

    Empty if the manual is missing.
    """
    return get_manual_url(topic) or _find_page_url(topic, _COMPLETE_LANGUAGE)


def _find_page_url(topic: str, language: str) -> str:
    """Return the file URL of a topic in a language, empty without such a page."""
    page, _, anchor = find_page_and_anchor(topic).partition("#")
    target = MANUAL_FOLDER / language / page
    return f"{target.as_uri()}#{anchor}" if target.is_file() else ""
