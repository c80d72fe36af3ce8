# SPDX-License-Identifier: GPL-2.0-or-later
"""VCT 3.0 (GB/T 17798, 地理空间数据交换格式).

Entry points: `write.write_vct`, `read.open_vct`, `database.vct_to_database`. The format is a text file in sections.
Polygons consist of lines that both neighbours refer to, with a sign for the direction. Neither direction holds the
text in memory: writing holds one layer as arrays, reading an index of ids; shapes are in a scratch file.
"""
