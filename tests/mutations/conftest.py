# SPDX-License-Identifier: GPL-2.0-or-later
"""A clean county is made and checked once for all mutations that go into it."""

import pytest

from tests.mutations import clean


@pytest.fixture(scope="session")
def base(tmp_path_factory):
    """`base("county")` → the clean county of that name, with its report."""
    made = {}

    def get(name):
        if name not in made:
            made[name] = clean.base(name, tmp_path_factory.mktemp("clean"))
        return made[name]

    return get
