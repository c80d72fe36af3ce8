# SPDX-License-Identifier: GPL-2.0-or-later
"""三区 (农业空间, 生态空间, 城镇空间), derived from the planning zones.

A county can edit the mapping.
"""
