# SPDX-License-Identifier: GPL-2.0-or-later
"""The figures of a plan as tables.

They are the only source for the workbook, the layer of figures and the package.
"""
