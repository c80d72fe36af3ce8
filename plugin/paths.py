# SPDX-License-Identifier: GPL-2.0-or-later
"""Paths of the plugin's data files; only this module defines them."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
RESOURCES = ROOT / "resources"
STANDARDS = RESOURCES / "standards"
VCT_SETTINGS = STANDARDS / "common-2021" / "vct.toml"
STYLE_LIMITS = STANDARDS / "common-2021" / "looks.toml"
PROFILES = RESOURCES / "profiles"
COUNTY_FORM = RESOURCES / "county_form.toml"
PACKAGES = RESOURCES / "packages"
STYLES = RESOURCES / "styles"
REPORTS = RESOURCES / "reports"
REPORT_SCHEMA, MANIFEST_SCHEMA = REPORTS / "report.schema.json", REPORTS / "manifest.schema.json"
TEXTS = RESOURCES / "texts"
ICONS = RESOURCES / "icons"
LAYOUTS = RESOURCES / "layouts"
DOCUMENT_SETTINGS = RESOURCES / "document.toml"
SAMPLE = RESOURCES / "sample"
#: HTML pages of the manual; in a checkout only after `make manual`.
MANUAL = RESOURCES / "manual"
I18N = ROOT / "i18n"
METADATA = ROOT / "metadata.txt"
