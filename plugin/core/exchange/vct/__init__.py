# SPDX-License-Identifier: GPL-2.0-or-later
"""VCT 3.0 (GB/T 17798, 地理空间数据交换格式): `write.write_vct`, `read.open_vct`, `database.vct_to_database`.

A text file in sections. Polygons are made of lines that both neighbours refer to, with a sign for the direction. Neither
way holds the text in memory: writing keeps one layer as arrays, reading an index of ids; shapes lie in a scratch file.
"""
