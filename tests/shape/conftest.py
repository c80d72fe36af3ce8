# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixture for tests that read the syntax trees of the code."""

import gc

import pytest


@pytest.fixture(scope="module", autouse=True)
def exclude_syntax_trees_from_later_collections():
    """Exclude the trees, which remain until the process ends, from the garbage collections of later tests."""
    yield
    gc.collect()
    gc.freeze()
