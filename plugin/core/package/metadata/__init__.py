# SPDX-License-Identifier: GPL-2.0-or-later
"""The metadata of a package (元数据), written and read."""
