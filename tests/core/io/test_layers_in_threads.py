# SPDX-License-Identifier: GPL-2.0-or-later
"""Layers of a GeoPackage that several threads read equal those that one thread reads."""

import sqlite3
import threading
import warnings
from contextlib import closing

import geopandas as gpd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal

from plugin.core.io import file, read_source
from plugin.core.io.thread_warnings import record_warnings_by_thread
from plugin.core.parallel.process_state import get_thread_count, set_thread_count
from plugin.paths import RESOURCES_FOLDER

COUNTY = RESOURCES_FOLDER / "sample" / "county.gpkg"


@pytest.fixture
def set_threads():
    """Return a function that sets the number of threads until the test ends."""
    former_count = get_thread_count()
    yield set_thread_count
    set_thread_count(former_count)


def test_each_thread_gets_its_warnings_and_the_former_state_returns():
    texts, start = {}, threading.Barrier(2)
    filters, show = list(warnings.filters), warnings.showwarning
    with record_warnings_by_thread() as take_warnings:

        def warn(name):
            start.wait()
            for number in range(20):
                warnings.warn(f"{name} {number}", UserWarning, stacklevel=1)
            texts[name] = [str(one.message) for one in take_warnings()]
            texts[f"{name} later"] = take_warnings()

        threads = [threading.Thread(target=warn, args=(name,)) for name in "ab"]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert take_warnings() == []
    assert texts == {**{n: [f"{n} {k}" for k in range(20)] for n in "ab"}, "a later": [], "b later": []}
    assert warnings.filters == filters and warnings.showwarning is show


@pytest.mark.exhaustive
def test_layers_read_by_two_threads_equal_those_read_by_one(set_threads, monkeypatch):
    set_threads(1)
    expected = list(read_source(COUNTY))
    set_threads(2)
    reading_threads = set()
    read = file.read_columnar_rows
    monkeypatch.setattr(
        file, "read_columnar_rows", lambda *given: reading_threads.add(threading.get_ident()) or read(*given)
    )
    layers = list(read_source(COUNTY))
    assert threading.get_ident() not in reading_threads and len(reading_threads) == 2
    assert [layer.name for layer in layers] == [layer.name for layer in expected]
    for layer, expected_layer in zip(layers, expected, strict=True):
        assert_geodataframe_equal(layer.frame, expected_layer.frame)
        assert layer.notices == expected_layer.notices
        assert layer.compute_shape_hashes().tolist() == expected_layer.compute_shape_hashes().tolist()


def test_notice_of_measures_stays_with_its_layer(tmp_path, set_threads):
    set_threads(2)
    path = tmp_path / "a.gpkg"
    frame = gpd.GeoDataFrame({"BSM": ["1", "2"]}, geometry=[shapely.LineString([(0, 0), (9, 9)])] * 2, crs=4526)
    for number in range(6):
        frame.to_file(path, layer=f"L{number}", driver="GPKG", mode="a" if number else "w")
    with closing(sqlite3.connect(path)) as database, database:
        database.execute("UPDATE gpkg_geometry_columns SET m = 1 WHERE table_name = 'L3'")
    notices = {layer.name: [key for key, _ in layer.notices] for layer in read_source(path)}
    assert {name for name, keys in notices.items() if "notice_measured" in keys} == {"L3"}
