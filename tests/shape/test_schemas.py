# SPDX-License-Identifier: GPL-2.0-or-later
"""The schemas by which editors complete the data files are fresh, and the shipped files follow them."""

import json
import tomllib
from datetime import date

import jsonschema
import pytest

from tools.make_schemas import FILE_KINDS, ROOT, SCHEMAS_FOLDER, make_schemas


def test_schemas_for_editors_are_those_that_the_tool_writes():
    assert {path: path.read_text(encoding="utf-8") for path in make_schemas()} == make_schemas()


@pytest.mark.parametrize("name", FILE_KINDS)
def test_shipped_data_files_follow_their_schema(name):
    validator = jsonschema.Draft7Validator(json.loads((SCHEMAS_FOLDER / f"{name}.json").read_text(encoding="utf-8")))
    for path in ROOT.glob(FILE_KINDS[name][0]):
        table = json.loads(json.dumps(tomllib.loads(path.read_text(encoding="utf-8")), default=date.isoformat))
        assert not list(validator.iter_errors(table)), path
