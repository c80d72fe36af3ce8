# SPDX-License-Identifier: GPL-2.0-or-later
"""Paths of the plugin's data files; only this module defines them."""

from pathlib import Path

PLUGIN_ROOT = Path(__file__).resolve().parent.parent
RESOURCES_FOLDER = PLUGIN_ROOT / "resources"
STANDARDS_FOLDER = RESOURCES_FOLDER / "standards"
SHARED_CODE_LISTS_FOLDER = STANDARDS_FOLDER / "common-2021" / "codelists"
VCT_SETTINGS = STANDARDS_FOLDER / "common-2021" / "vct.toml"
PROFILES_FOLDER = RESOURCES_FOLDER / "profiles"
COUNTY_FORM = RESOURCES_FOLDER / "county_form.toml"
PACKAGE_SPECS_FOLDER = RESOURCES_FOLDER / "packages"
BOUNDARY_POINTS_FOLDER = RESOURCES_FOLDER / "boundary_points"
DRAWINGS_FOLDER = RESOURCES_FOLDER / "drawings"
OFFICE_TABLES_FOLDER = RESOURCES_FOLDER / "office_tables"
STYLES_FOLDER = RESOURCES_FOLDER / "styles"
REPORT_TEMPLATES_FOLDER = RESOURCES_FOLDER / "reports"
SIGNED_REPORT_SETTINGS = REPORT_TEMPLATES_FOLDER / "signed_report.toml"
#: Parts of an empty docx document with the report's styles.
DOCX_TEMPLATE_FOLDER = REPORT_TEMPLATES_FOLDER / "docx"
CONFORMITY_PAGE_SETTINGS = REPORT_TEMPLATES_FOLDER / "conformity_page.toml"
#: Libraries that `make package` puts into the zip; absent in a checkout.
LIBRARIES_FOLDER = RESOURCES_FOLDER / "libraries"
TEXTS_FOLDER = RESOURCES_FOLDER / "texts"
ICONS_FOLDER = RESOURCES_FOLDER / "icons"
LAYOUTS_FOLDER = RESOURCES_FOLDER / "layouts"
ENVIRONMENT_REQUIREMENTS = RESOURCES_FOLDER / "environment.toml"
DOCUMENT_SETTINGS = RESOURCES_FOLDER / "document.toml"
SAMPLE_FOLDER = RESOURCES_FOLDER / "sample"
#: HTML pages of the manual; in a checkout only after `make manual`.
MANUAL_FOLDER = RESOURCES_FOLDER / "manual"
I18N = PLUGIN_ROOT / "i18n"
METADATA_FILE = PLUGIN_ROOT / "metadata.txt"
