# SPDX-License-Identifier: GPL-2.0-or-later
"""Compare a batch of counties in schemas of PostGIS with the same counties as files; count connections.

Run ``bash tools/postgis.sh bash tools/run.sh python -m tests.benchmarks.county_database``, which starts a server for
this run. CPU seconds are those of the command; the server's are not among them.
"""

from __future__ import annotations

import argparse
import os
import threading
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import psycopg2

from tests.core.io.postgis_schema import write_schema

from .counties import CountySet, describe_load, generate_counties, run_batch
from .measure import HEADER, Row
from .process_monitor import MeasuredRun

#: Set by tools/postgis.sh; libpq reads user and password from the environment.
SERVER_VARIABLE = "SANXIAN_POSTGIS"
_POLL_SECONDS = 0.05
_COUNT_SQL = "SELECT count(*) FROM pg_stat_activity WHERE application_name = 'sanxian'"


class ConnectionCounter(threading.Thread):
    """Counts the connections of the plugin until `stop`; ``most``: the most at one time."""

    def __init__(self, database: Any):
        super().__init__(daemon=True)
        self._database, self._stopped, self.most = database, threading.Event(), 0

    def run(self) -> None:
        while not self._stopped.wait(_POLL_SECONDS):
            with self._database.cursor() as cursor:
                cursor.execute(_COUNT_SQL)
                self.most = max(self.most, cursor.fetchone()[0])

    def stop(self) -> None:
        """End counting."""
        self._stopped.set()
        self.join()


def measure_database(parcels: int, vertices: int, count: int, jobs: int) -> list[Row]:
    """Return the rows on counties of a database: CPU, memory, connections, size."""
    cores = set(os.sched_getaffinity(0))
    paths = generate_counties(parcels, vertices, count)
    database = psycopg2.connect(os.environ[SERVER_VARIABLE])
    database.autocommit = True
    with database.cursor() as cursor:
        cursor.execute("CREATE EXTENSION IF NOT EXISTS postgis")
    for number, path in enumerate(paths):
        write_schema(database, f"county{number:02d}", path)
    with TemporaryDirectory() as name:
        files = CountySet(paths, Path(name)).run(count, jobs, cores)
        counter = ConnectionCounter(database)
        counter.start()
        source = f"postgresql://{os.environ['PGHOST']}:{os.environ['PGPORT']}/{os.environ['PGDATABASE']}?schema=*"
        schemas = run_batch(source, Path(name) / "schemas", count, jobs, cores)
        counter.stop()
    with database.cursor() as cursor:
        cursor.execute("SELECT pg_database_size(current_database()), current_setting('max_connections')")
        size, limit = cursor.fetchone()
    data = sum(path.stat().st_size for path in paths)
    return [
        Row(f"{count} 县，{jobs} 个进程，每县处理器时间", _describe(schemas, count), f"文件 {_describe(files, count)}",
            f"{schemas.cpu_seconds / files.cpu_seconds:.2f} ×"),
        Row("同上，检查进程的内存峰值", f"{max(schemas.worker_peaks_mb.values()):,.0f} MB",
            f"文件 {max(files.worker_peaks_mb.values()):,.0f} MB", ""),
        Row("同时的连接数", str(counter.most), f"服务器上限 {limit}", ""),
        Row("数据库大小", f"{size / 1e6:,.0f} MB", f"GeoPackage {data / 1e6:,.0f} MB", f"{size / data:.2f} ×"),
    ]  # fmt: skip


def _describe(measured: MeasuredRun, count: int) -> str:
    return f"{measured.cpu_seconds / count:.2f} s（钟表共 {measured.wall_seconds:.1f} s）"


def main() -> None:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--parcels", type=int, default=20_000)
    options.add_argument("--vertices", type=int, default=7, help="vertices put on each edge")
    options.add_argument("--count", type=int, default=4, help="counties")
    options.add_argument("--jobs", type=int, default=2)
    given = options.parse_args()
    print(describe_load())
    rows = measure_database(given.parcels, given.vertices, given.count, given.jobs)
    print("\n".join([HEADER, *(row.markdown() for row in rows)]))


if __name__ == "__main__":
    main()
