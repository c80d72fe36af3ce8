# SPDX-License-Identifier: GPL-2.0-or-later
"""A standard in one edition, as data: which rules run, which concepts and scopes there are, every threshold with its
mark, and the citations.

`model` is the standard with its templates and code lists, `load` reads one from its folder and takes from the editions that it
includes what it does not say itself. `editions` finds the folders; `template`, `citations`, `conflicts`, `maintenance`
and `arrangement` read the files of one.
"""

from .editions import standard_folders, standard_ids
from .load import EVERY_RULE, SETTING_SECTIONS, flatten_table, load_standard
from .model import ALL_LAYERS, Standard

__all__ = [
    "ALL_LAYERS",
    "EVERY_RULE",
    "SETTING_SECTIONS",
    "Standard",
    "flatten_table",
    "load_standard",
    "standard_folders",
    "standard_ids",
]
