# SPDX-License-Identifier: GPL-2.0-or-later
"""A standard in one edition, as data.

It lists the rules that run, the layers by concept (a name for several layer codes), the kinds of delivery (scopes),
every threshold with a mark for its source, and the citations.

`edition` is the standard with its templates, code lists and citations, and finds the folders of editions. `load` reads
a standard from its folder and completes it from the editions that it includes. `template`, `conflicts` and
`maintenance` each read a file of it; `declared_reader` reads the checks that a standard or a profile declares.
"""

from .declared_operators import CHECK_SECTION
from .edition import ALL_LAYERS, Standard, get_shipped_standard_folders, list_standard_ids
from .load import EVERY_RULE, FEATURE_CODES_SECTION, SETTING_SECTIONS, flatten_table, load_standard

__all__ = [
    "ALL_LAYERS",
    "CHECK_SECTION",
    "EVERY_RULE",
    "FEATURE_CODES_SECTION",
    "SETTING_SECTIONS",
    "Standard",
    "flatten_table",
    "get_shipped_standard_folders",
    "list_standard_ids",
    "load_standard",
]
