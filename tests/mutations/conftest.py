# SPDX-License-Identifier: GPL-2.0-or-later
"""Fixture of clean counties, each generated and checked once per process."""

import pytest

from tests.mutations import clean


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    """Return a function that gives a clean county by name, with its report.

    Example: `base("county")`.
    """
    made = {}

    def get(name):
        if name not in made:
            made[name] = clean.get_clean_county(name, tmp_path_factory.mktemp("clean"))
        return made[name]

    return get
