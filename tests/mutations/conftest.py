# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixture of clean counties, each generated and checked once for all its mutations."""

import pytest

from tests.mutations import clean


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    """Return a function: `base("county")` gives the clean county of that name with its report."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = clean.base(name, tmp_path_factory.mktemp("clean"))
        return made[name]

    return get
