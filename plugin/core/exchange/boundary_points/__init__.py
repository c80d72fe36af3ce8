# SPDX-License-Identifier: GPL-2.0-or-later
"""Boundary points (界址点): TXT, Excel and CSV files to and from a layer of polygons.

Entry points: `import_points.import_boundary_points`, `import_points.is_boundary_point_file` and
`export_points.export_boundary_points`. A form (`forms`) describes a layout as data. What a file wrote for a parcel is
kept in a field of the layer (`stored`), so that an unchanged parcel is exported as it was written.
"""
