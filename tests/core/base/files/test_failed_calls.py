# SPDX-License-Identifier: GPL-2.0-or-later
"""Each call of the file system fails once while files are replaced; `tests.fuzz` does so with every writer."""

import errno
import os

import pytest

from plugin.core.base.errors import InputError, OutputError
from plugin.core.base.files.writing import name_refused_file, write_atomically, write_text
from tests.core.small_plan import explain_error
from tests.fuzz.failing_calls import IS_SUPPORTED
from tests.fuzz.writers import WAYS, find_symptom, list_failures
from tests.parametrize import first_daily


@pytest.mark.skipif(not IS_SUPPORTED, reason="the filter of calls is Linux's on x86_64")
@pytest.mark.parametrize("count", first_daily([40, 10**6]))
@pytest.mark.parametrize("name", WAYS)
def test_former_or_new_files_are_whole_after_each_failed_call(tmp_path, name, count):
    (tmp_path / "seeds" / name).mkdir(parents=True)
    found = [find_symptom(tmp_path, failure) for failure in list_failures(tmp_path, name, 1, count)]
    assert len(found) >= 40 and [one for one in found if one.symptom] == []


def test_error_of_the_system_that_nothing_reports_names_the_file(tmp_path):
    with pytest.raises(InputError) as caught, name_refused_file():
        raise PermissionError(errno.EACCES, "Permission denied", str(tmp_path / "甲.gpkg"))
    assert "甲.gpkg" in explain_error(caught.value)
    with pytest.raises(InputError) as caught, name_refused_file("乙.gpkg"):
        raise OSError(errno.EIO, "Input/output error")
    assert "乙.gpkg" in explain_error(caught.value)
    with pytest.raises(OSError, match="Connection"), name_refused_file():
        raise ConnectionError("Connection refused")


def test_error_of_a_writer_within_names_the_file_that_is_replaced(tmp_path):
    with pytest.raises(OutputError) as caught, write_atomically(tmp_path / "甲.xlsx") as new:
        new.mkdir()
        write_text(new, "x")
    assert caught.value.params["target"] == str(tmp_path / "甲.xlsx") and os.listdir(tmp_path) == []
