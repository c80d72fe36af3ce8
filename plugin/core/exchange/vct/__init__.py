# SPDX-License-Identifier: GPL-2.0-or-later
"""Reading and writing of VCT 3.0 (GB/T 17798, 地理空间数据交换格式).

Entry points: `write.write_vct`, `read.open_vct`, `database.convert_vct_to_database`. A VCT file is text in sections.
Its polygons refer to boundary lines that neighbours share; a sign gives the direction. Neither reading nor writing
holds the whole text in memory: writing holds one layer as arrays; reading holds the ids, and keeps shapes in a scratch
file.
"""
