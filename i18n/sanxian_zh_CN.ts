<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN" sourcelanguage="en">
<context>
    <name>Sanxian</name>
    <message>
        <source>  </source>
        <translation>　</translation>
    </message>
    <message>
        <source>  (recommended)</source>
        <translation>（推荐）</translation>
    </message>
    <message>
        <source> (in part)</source>
        <translation>（部分）</translation>
    </message>
    <message>
        <source> ({codes})</source>
        <translation>（{codes}）</translation>
    </message>
    <message>
        <source> At the zone's edge areas in the plane are about {percent} too large.</source>
        <translation>带边处投影面积约偏大 {percent}；</translation>
    </message>
    <message>
        <source> Checks and reports use the statutory area on the ellipsoid, which does not depend on the zone. Layers of the other zone are reported by SCH003.</source>
        <translation>检查与报告用图斑椭球面积，不受选带影响。混用两带的图层由规则 SCH003（坐标与坐标系一致）报告。</translation>
    </message>
    <message>
        <source> Other codes than here, not entered: {layers}</source>
        <translation> 与此处不同、没有填入的：{layers}</translation>
    </message>
    <message>
        <source> The database is complete: {path}.</source>
        <translation>数据库已建立：{path}。</translation>
    </message>
    <message>
        <source> and </source>
        <translation> 带和 </translation>
    </message>
    <message>
        <source> m</source>
        <translation> m</translation>
    </message>
    <message>
        <source>(empty)</source>
        <translation>（空）</translation>
    </message>
    <message>
        <source>(layers missing)</source>
        <translation>（缺图层）</translation>
    </message>
    <message>
        <source>(left empty)</source>
        <translation>（留空）</translation>
    </message>
    <message>
        <source>(nothing)</source>
        <translation>（不填）</translation>
    </message>
    <message>
        <source>(value kept)</source>
        <translation>（保留原值）</translation>
    </message>
    <message>
        <source>, </source>
        <translation>、</translation>
    </message>
    <message>
        <source>3-degree zone, 25 to 45 (0: the central meridian stays)</source>
        <translation>3 度带的带号，25 至 45（0：中央经线不变）</translation>
    </message>
    <message>
        <source>3° Gauss–Krüger</source>
        <translation>3° 高斯-克吕格</translation>
    </message>
    <message>
        <source>3° zones</source>
        <translation>3° 分带</translation>
    </message>
    <message>
        <source>6-digit county code; by default the layer's own</source>
        <translation>6 位县级代码；默认采用图层的代码</translation>
    </message>
    <message>
        <source>; </source>
        <translation>；</translation>
    </message>
    <message>
        <source>&lt;b&gt;{count} to correct&lt;/b&gt; {links} Correct them before saving; the reason is below each field.</source>
        <translation>&lt;b&gt;{count} 处需改正&lt;/b&gt;　{links}　改正前不能保存，说明见各字段下方。</translation>
    </message>
    <message>
        <source>A  entered by the county from “{document}”, not compared by the plugin</source>
        <translation>A  本县按《{document}》填写，插件未核对原文</translation>
    </message>
    <message>
        <source>A GeoPackage, a FileGDB, or a shapefile or a folder of them: a copy is written.</source>
        <translation>GeoPackage、FileGDB、shapefile，或装有 shapefile 的文件夹；写出其副本。</translation>
    </message>
    <message>
        <source>A check is running. Wait until it is finished, or cancel it in the panel.</source>
        <translation>正在检查。请等待其结束，或在面板中取消。</translation>
    </message>
    <message>
        <source>A complete delivery also requires {layers}; they can be added later under New Layers.</source>
        <translation>完整的县级成果还要求：{layers}；以后可用“新建图层”补充。</translation>
    </message>
    <message>
        <source>A database of this county that was delivered and accepted</source>
        <translation>本县已交付并通过验收的数据库</translation>
    </message>
    <message>
        <source>A database of this name exists</source>
        <translation>同名的数据库已存在</translation>
    </message>
    <message>
        <source>A digest is computed from the whole contents of a file and differs after the change of a single byte. Note it down: if it is computed again later and is equal, the file was not changed.</source>
        <translation>校验值由文件的全部内容计算，内容改动一个字节即不同。请记录；日后重新计算，结果相同的，文件没有改动。</translation>
    </message>
    <message>
        <source>A file name must not contain \ / : * ? " &lt; &gt; | and must not begin or end with a point.</source>
        <translation>文件名不得含有 \ / : * ? " &lt; &gt; |，也不得以点开头或结尾。</translation>
    </message>
    <message>
        <source>A file, a folder of files, a zip of them, or a schema of a PostGIS database as text: postgresql://host/database?schema=NAME, service=NAME&amp;schema=NAME, or connection=NAME&amp;schema=NAME (a connection of QGIS's browser), without a password.</source>
        <translation>文件、装有文件的文件夹或其 zip 压缩包，或以文本填写 PostGIS 数据库的模式：postgresql://主机/数据库?schema=模式名、service=服务名&amp;schema=模式名，或 connection=连接名&amp;schema=模式名（QGIS 浏览器面板中的连接），不含密码。</translation>
    </message>
    <message>
        <source>A fix over several layers was undone or redone in part: “{layers}” has later edits. Undo those, then the fix.</source>
        <translation>跨图层的修复只撤销或重做了一部分：“{layers}”在修复之后另有编辑。请先撤销这些编辑，再撤销修复。</translation>
    </message>
    <message>
        <source>A folder of shapefiles, or a FileGDB (.gdb)</source>
        <translation>shapefile 所在的文件夹，或 FileGDB（.gdb）</translation>
    </message>
    <message>
        <source>A later edit exists, or the fix was already undone or saved. Use Undo of QGIS.</source>
        <translation>修复之后另有编辑，或修复已撤销、已保存。请使用 QGIS 的撤销。</translation>
    </message>
    <message>
        <source>A later edit exists, or this edit was already undone or saved; it cannot be undone alone.</source>
        <translation>之后又有编辑，或这步编辑已撤销、已保存，不能单独撤销。</translation>
    </message>
    <message>
        <source>A later edit has corrected this finding.</source>
        <translation>该问题已被之后的编辑消除。</translation>
    </message>
    <message>
        <source>A layer was edited meanwhile; nothing was applied. Try again and check the list.</source>
        <translation>图层在应用期间另有编辑，未应用任何修复。请重新试算并查看。</translation>
    </message>
    <message>
        <source>A layer was removed, so the fix window was closed. No fix was applied.</source>
        <translation>已移除图层，修复窗口已关闭，未应用任何修复。</translation>
    </message>
    <message>
        <source>A note does not affect the verdict and need not be waived.</source>
        <translation>提示不影响结论，无需豁免。</translation>
    </message>
    <message>
        <source>A package with this name exists. The new package replaces it after it is complete; until then the existing package is not changed.</source>
        <translation>该位置已有同名成果包：新成果包全部写出后予以替换；未完成的，原有成果包不变。</translation>
    </message>
    <message>
        <source>A result is kept if data, profile, settings and version are the same as at its check</source>
        <translation>数据、县配置、设定和版本与上次检查时均相同的县区，沿用上次结果</translation>
    </message>
    <message>
        <source>A rule that lacks its layers or tables checks nothing and reports the reason.</source>
        <translation>缺少图层、表格的规则不作检查，并写明原因。</translation>
    </message>
    <message>
        <source>A self-contained page to print, send or search.</source>
        <translation>一个独立的网页：可以打印、转发、整本搜索。</translation>
    </message>
    <message>
        <source>About the Rule</source>
        <translation>规则说明</translation>
    </message>
    <message>
        <source>Accept with reason, document and author; it stays in the report (several: with Ctrl or Shift)</source>
        <translation>写明理由、文号、登记人后豁免，仍列入报告（按住 Ctrl 或 Shift 可多选）</translation>
    </message>
    <message>
        <source>Accepted by</source>
        <translation>登记人</translation>
    </message>
    <message>
        <source>Accepted supplements (layer or list)</source>
        <translation>已验收的补充耕地（图层或清单）</translation>
    </message>
    <message>
        <source>Add a line for a target of another year</source>
        <translation>增加一行，填写其他年份的目标值</translation>
    </message>
    <message>
        <source>Add target for another year…</source>
        <translation>其他年份…</translation>
    </message>
    <message>
        <source>Add to Batch</source>
        <translation>加入批量</translation>
    </message>
    <message>
        <source>Add to Project</source>
        <translation>加入工程</translation>
    </message>
    <message>
        <source>Add to eastings</source>
        <translation>加带号</translation>
    </message>
    <message>
        <source>Add: create only missing layers; existing layers and their data are not changed</source>
        <translation>补充：只新建所缺图层，已有图层和数据不变</translation>
    </message>
    <message>
        <source>Adds the counties with their verdicts to the map</source>
        <translation>将各县区范围按结论着色，添加到地图</translation>
    </message>
    <message>
        <source>Adds: {rules}</source>
        <translation>新增：{rules}</translation>
    </message>
    <message>
        <source>Adjust the Urban Boundary…</source>
        <translation>城镇开发边界局部优化…</translation>
    </message>
    <message>
        <source>Adjustment dossier</source>
        <translation>局部优化</translation>
    </message>
    <message>
        <source>Affected features</source>
        <translation>要素</translation>
    </message>
    <message>
        <source>After (preview, nothing written yet)</source>
        <translation>修复后（预览，尚未写入）</translation>
    </message>
    <message>
        <source>After applying</source>
        <translation>应用后预计</translation>
    </message>
    <message>
        <source>After m²</source>
        <translation>改动后 m²</translation>
    </message>
    <message>
        <source>After the draft (nothing written yet)</source>
        <translation>调整后（预览，尚未写入）</translation>
    </message>
    <message>
        <source>After this date the finding is no longer waived.</source>
        <translation>有效期满后，该问题恢复为未豁免</translation>
    </message>
    <message>
        <source>Agricultural space (m²)</source>
        <translation>农业空间（m²）</translation>
    </message>
    <message>
        <source>Alerts</source>
        <translation>预警指标数</translation>
    </message>
    <message>
        <source>Align Selected Features…</source>
        <translation>对齐选中要素…</translation>
    </message>
    <message>
        <source>Align with</source>
        <translation>对齐到</translation>
    </message>
    <message>
        <source>Align with Layer</source>
        <translation>对齐到图层</translation>
    </message>
    <message>
        <source>Align with layer: {title}</source>
        <translation>对齐：{title}</translation>
    </message>
    <message>
        <source>All</source>
        <translation>全部</translation>
    </message>
    <message>
        <source>All Rules</source>
        <translation>全部规则</translation>
    </message>
    <message>
        <source>All assignees</source>
        <translation>全部负责人</translation>
    </message>
    <message>
        <source>All demands are met</source>
        <translation>需求全部满足</translation>
    </message>
    <message>
        <source>All figures are determined</source>
        <translation>各项数值均已得出</translation>
    </message>
    <message>
        <source>All of {whose} is in zone {zone}, including the county.</source>
        <translation>{whose}全部在 {zone} 带内，本县也在其中。</translation>
    </message>
    <message>
        <source>All rules</source>
        <translation>全部规则</translation>
    </message>
    <message>
        <source>All rules (takes longer)</source>
        <translation>全部规则（用时较长）</translation>
    </message>
    <message>
        <source>All settings in use are confirmed or have a source</source>
        <translation>所用设置均已确认或有依据</translation>
    </message>
    <message>
        <source>All states</source>
        <translation>全部状态</translation>
    </message>
    <message>
        <source>All townships</source>
        <translation>全部乡镇</translation>
    </message>
    <message>
        <source>All zones (m²)</source>
        <translation>规划分区合计（m²）</translation>
    </message>
    <message>
        <source>All {count} selected, with the same document</source>
        <translation>选中的 {count} 处（同一文号）</translation>
    </message>
    <message>
        <source>All {rules} rules ran, no finding. Ignored slivers: {count}, {area} m² in all.</source>
        <translation>{rules} 条规则全部检查完毕，没有发现问题。忽略碎图斑 {count} 处，合计 {area} m²。</translation>
    </message>
    <message>
        <source>Also a page for each township</source>
        <translation>同时生成分乡镇的图（每个乡镇一页）</translation>
    </message>
    <message>
        <source>Also a township atlas, one page per township</source>
        <translation>同时生成分乡镇的布局（每个乡镇一页）</translation>
    </message>
    <message>
        <source>Also as PDF</source>
        <translation>再存同名 PDF</translation>
    </message>
    <message>
        <source>Also as Word</source>
        <translation>再存同名 Word</translation>
    </message>
    <message>
        <source>Also leave counties without a verdict that are unchanged</source>
        <translation>上次没有结论、此后未变化的也不再检查</translation>
    </message>
    <message>
        <source>An earlier mapping is kept in {file}: Open Mapping… uses it.</source>
        <translation>以前的映射保存在 {file}，可用“打开字段映射…”读入。</translation>
    </message>
    <message>
        <source>An edit has corrected this finding.</source>
        <translation>该问题已被编辑消除。</translation>
    </message>
    <message>
        <source>Another project was opened meanwhile. Nothing was made.</source>
        <translation>检查期间切换了工程，未生成成果包。</translation>
    </message>
    <message>
        <source>Another tool is changing the layer “{layer}”. Finish that first.</source>
        <translation>其他工具正在修改图层“{layer}”。请先完成该操作。</translation>
    </message>
    <message>
        <source>Append to the layer “{layer}” of this project, as one step that can be undone</source>
        <translation>追加到本工程的图层“{layer}”（一步，可撤销）</translation>
    </message>
    <message>
        <source>Append {count} mapped rows</source>
        <translation>追加映射的 {count} 行</translation>
    </message>
    <message>
        <source>Applicant</source>
        <translation>申请单位</translation>
    </message>
    <message>
        <source>Applied to {count} layers: {names}. The former symbols are saved as the style “{kept}”.</source>
        <translation>已应用于 {count} 个图层：{names}。原有符号另存为样式“{kept}”。</translation>
    </message>
    <message>
        <source>Applies to</source>
        <translation>适用范围</translation>
    </message>
    <message>
        <source>Apply</source>
        <translation>应用</translation>
    </message>
    <message>
        <source>Apply Forms, Symbols and Groups</source>
        <translation>应用表单、符号和图层组</translation>
    </message>
    <message>
        <source>Apply Layer Forms</source>
        <translation>应用图层表单</translation>
    </message>
    <message>
        <source>Apply Layer Symbols</source>
        <translation>应用图层符号</translation>
    </message>
    <message>
        <source>Apply and Next</source>
        <translation>应用并下一个</translation>
    </message>
    <message>
        <source>Apply safe fixes only</source>
        <translation>只应用安全修复</translation>
    </message>
    <message>
        <source>Apply {count}</source>
        <translation>应用 {count} 项</translation>
    </message>
    <message>
        <source>Apply {count} fixes</source>
        <translation>应用 {count} 项修复</translation>
    </message>
    <message>
        <source>Applying {count} fixes…</source>
        <translation>正在应用 {count} 项修复…</translation>
    </message>
    <message>
        <source>Approval</source>
        <translation>批准文号</translation>
    </message>
    <message>
        <source>Approved conversions (layer or list)</source>
        <translation>经批准的转用（图层或清单）</translation>
    </message>
    <message>
        <source>Approved land</source>
        <translation>已批范围</translation>
    </message>
    <message>
        <source>Approved projects and detailed plans (layer)</source>
        <translation>已批准的项目用地和详细规划范围（图层）</translation>
    </message>
    <message>
        <source>Area</source>
        <translation>面积</translation>
    </message>
    <message>
        <source>Area balance</source>
        <translation>面积平衡</translation>
    </message>
    <message>
        <source>Area change</source>
        <translation>面积变化</translation>
    </message>
    <message>
        <source>Area given back (m²)</source>
        <translation>调出面积（m²）</translation>
    </message>
    <message>
        <source>Area ha</source>
        <translation>公顷</translation>
    </message>
    <message>
        <source>Area of the boundary after the draft (m²)</source>
        <translation>草案边界面积（m²）</translation>
    </message>
    <message>
        <source>Area of these places (m²)</source>
        <translation>这些土地的面积（平方米）</translation>
    </message>
    <message>
        <source>Area taken in (m²)</source>
        <translation>调入面积（m²）</translation>
    </message>
    <message>
        <source>Areas converted to m²: {fields}.</source>
        <translation>面积换算为平方米：{fields}。</translation>
    </message>
    <message>
        <source>Areas in another unit than m², copied unchanged: {fields}.</source>
        <translation>面积单位不是平方米，数值未换算：{fields}。</translation>
    </message>
    <message>
        <source>Arguments</source>
        <translation>参数</translation>
    </message>
    <message>
        <source>As QGIS</source>
        <translation>随 QGIS</translation>
    </message>
    <message>
        <source>As in the profile</source>
        <translation>按县配置</translation>
    </message>
    <message>
        <source>As printed on maps and reports, for example 2026-11-22 or November 2026</source>
        <translation>按图件和报告上要印的写法填写，如 2026-11-22 或 2026年11月</translation>
    </message>
    <message>
        <source>Ask what to do with plan data and packages dropped on the map</source>
        <translation>拖入规划数据或成果包时询问如何处理</translation>
    </message>
    <message>
        <source>Assign</source>
        <translation>分派</translation>
    </message>
    <message>
        <source>Assignee</source>
        <translation>负责人</translation>
    </message>
    <message>
        <source>Assign… (A)</source>
        <translation>分派…（A）</translation>
    </message>
    <message>
        <source>At the full check: {reason} Since then only edited features were checked. Run the full check again.</source>
        <translation>全面检查时：{reason}此后只复检了编辑过的要素，请重新检查。</translation>
    </message>
    <message>
        <source>Attachment</source>
        <translation>附件</translation>
    </message>
    <message>
        <source>Attribute Form</source>
        <translation>属性表单</translation>
    </message>
    <message>
        <source>Authority and date alone are not saved. Tick the items and enter their documents as well.</source>
        <translation>只有单位和日期不保存。请勾选事项并填写依据文件。</translation>
    </message>
    <message>
        <source>Authority and person</source>
        <translation>单位名称和经办人</translation>
    </message>
    <message>
        <source>Automatic: none</source>
        <translation>自动：未识别</translation>
    </message>
    <message>
        <source>Automatic: {layer}</source>
        <translation>自动：{layer}</translation>
    </message>
    <message>
        <source>Back</source>
        <translation>上一步</translation>
    </message>
    <message>
        <source>Back to Export</source>
        <translation>返回导出窗口</translation>
    </message>
    <message>
        <source>Bar from the target on; hatched: the target is nearly missed</source>
        <translation>自目标起的余量；斜线为接近目标</translation>
    </message>
    <message>
        <source>Base %1: %2</source>
        <translation>%1 年基数 %2</translation>
    </message>
    <message>
        <source>Base classes</source>
        <translation>基数地类</translation>
    </message>
    <message>
        <source>Basis</source>
        <translation>面积口径</translation>
    </message>
    <message>
        <source>Batch Fix</source>
        <translation>批量修复</translation>
    </message>
    <message>
        <source>Batch fix ({count})</source>
        <translation>批量修复（{count} 项）</translation>
    </message>
    <message>
        <source>Becomes</source>
        <translation>改为</translation>
    </message>
    <message>
        <source>Before</source>
        <translation>修复前</translation>
    </message>
    <message>
        <source>Before Editing</source>
        <translation>编辑前提示</translation>
    </message>
    <message>
        <source>Before m²</source>
        <translation>改动前 m²</translation>
    </message>
    <message>
        <source>Before the draft</source>
        <translation>调整前</translation>
    </message>
    <message>
        <source>Begin Work List</source>
        <translation>建立工作清单</translation>
    </message>
    <message>
        <source>Bookmarks by Township</source>
        <translation>按乡镇建立书签</translation>
    </message>
    <message>
        <source>Both maps move together</source>
        <translation>两图联动</translation>
    </message>
    <message>
        <source>Boundary</source>
        <translation>边界构成</translation>
    </message>
    <message>
        <source>Boundary after the draft</source>
        <translation>调整后的边界（草案）</translation>
    </message>
    <message>
        <source>Boundary of that plan</source>
        <translation>该规划的规划范围</translation>
    </message>
    <message>
        <source>Boundary points</source>
        <translation>界址点</translation>
    </message>
    <message>
        <source>Boundary points (*.txt *.TXT *.csv *.xlsx)</source>
        <translation>界址点 (*.txt *.TXT *.csv *.xlsx)</translation>
    </message>
    <message>
        <source>By Assignee</source>
        <translation>按负责人</translation>
    </message>
    <message>
        <source>By Layer</source>
        <translation>按图层</translation>
    </message>
    <message>
        <source>By Rule</source>
        <translation>按规则</translation>
    </message>
    <message>
        <source>By Severity</source>
        <translation>按严重程度</translation>
    </message>
    <message>
        <source>By Township</source>
        <translation>按乡镇</translation>
    </message>
    <message>
        <source>By area, the rules keep the order of the report; the findings of each rule are sorted.</source>
        <translation>按面积排列时，规则按报告的次序，各规则内的问题按面积排列</translation>
    </message>
    <message>
        <source>By feature</source>
        <translation>按要素</translation>
    </message>
    <message>
        <source>By safety</source>
        <translation>按安全程度</translation>
    </message>
    <message>
        <source>By township</source>
        <translation>按乡镇</translation>
    </message>
    <message>
        <source>CRS of the coordinates (empty: as the file states)</source>
        <translation>坐标的坐标系（空：按文件所写）</translation>
    </message>
    <message>
        <source>CRS of the coordinates (empty: that of the layer)</source>
        <translation>坐标的坐标系（空：同图层）</translation>
    </message>
    <message>
        <source>CRS of the drawing (empty: as a text in it states)</source>
        <translation>图纸的坐标系（空：按图纸文字所写）</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Cancelled</source>
        <translation>已取消。</translation>
    </message>
    <message>
        <source>Cancelled, still showing the result of {time}</source>
        <translation>已取消，仍显示 {time} 的结果</translation>
    </message>
    <message>
        <source>Cancelled. No package was made; existing files were not changed.</source>
        <translation>已取消，未生成成果包；原有文件未改动。</translation>
    </message>
    <message>
        <source>Cancelled. Nothing was written.</source>
        <translation>已取消，未写出任何文件。</translation>
    </message>
    <message>
        <source>Cancelled. The project was not made.</source>
        <translation>已取消，未生成工程。</translation>
    </message>
    <message>
        <source>Cancelled; nothing was changed.</source>
        <translation>已取消，未作任何改动。</translation>
    </message>
    <message>
        <source>Cancelled; nothing was written.</source>
        <translation>已取消，未写出任何文件。</translation>
    </message>
    <message>
        <source>Cancelling</source>
        <translation>正在取消</translation>
    </message>
    <message>
        <source>Cannot be opened</source>
        <translation>无法打开</translation>
    </message>
    <message>
        <source>Cannot be opened: {names}</source>
        <translation>无法打开：{names}</translation>
    </message>
    <message>
        <source>Cartographer</source>
        <translation>制图单位</translation>
    </message>
    <message>
        <source>Change</source>
        <translation>变化</translation>
    </message>
    <message>
        <source>Change CRS zone</source>
        <translation>换带（加带号、去带号）</translation>
    </message>
    <message>
        <source>Changed attributes (m²)</source>
        <translation>属性变更（m²）</translation>
    </message>
    <message>
        <source>Changed on Both Sides</source>
        <translation>双方均已修改</translation>
    </message>
    <message>
        <source>Changed parcels</source>
        <translation>变化图斑</translation>
    </message>
    <message>
        <source>Changed parcels without a cause</source>
        <translation>未归因的变化图斑</translation>
    </message>
    <message>
        <source>Changed rows not written yet: {count}. The next change, or “Retry”, writes them.</source>
        <translation>有 {count} 行改动尚未写入，将在下次改动或点“重试”时写入。</translation>
    </message>
    <message>
        <source>Chapter (HTML)</source>
        <translation>体检评估篇章（HTML）</translation>
    </message>
    <message>
        <source>Chapter to be signed (PDF)</source>
        <translation>签字用体检评估篇章（PDF）</translation>
    </message>
    <message>
        <source>Chapter to be signed (Word)</source>
        <translation>签字用体检评估篇章（Word）</translation>
    </message>
    <message>
        <source>Check All</source>
        <translation>全面检查</translation>
    </message>
    <message>
        <source>Check Anyway</source>
        <translation>仍然检查</translation>
    </message>
    <message>
        <source>Check Many Counties</source>
        <translation>多县批量检查</translation>
    </message>
    <message>
        <source>Check Many Counties…</source>
        <translation>多县批量检查…</translation>
    </message>
    <message>
        <source>Check Now</source>
        <translation>开始检查</translation>
    </message>
    <message>
        <source>Check Project</source>
        <translation>检查工程</translation>
    </message>
    <message>
        <source>Check a copy with {count} fixes</source>
        <translation>检查带有 {count} 项修复的副本</translation>
    </message>
    <message>
        <source>Check again</source>
        <translation>重新检查</translation>
    </message>
    <message>
        <source>Check all first: fixes are tried on the findings of a check.</source>
        <translation>请先全面检查：修复按检查出的问题试算。</translation>
    </message>
    <message>
        <source>Check all first: the rules judge what is changed.</source>
        <translation>请先全面检查：改动由规则判断。</translation>
    </message>
    <message>
        <source>Check and Fix</source>
        <translation>检查与整改</translation>
    </message>
    <message>
        <source>Check many counties</source>
        <translation>多县批量检查</translation>
    </message>
    <message>
        <source>Check seams between counties</source>
        <translation>县际接边检查</translation>
    </message>
    <message>
        <source>Check settings</source>
        <translation>检查设置</translation>
    </message>
    <message>
        <source>Check the environment</source>
        <translation>环境自检</translation>
    </message>
    <message>
        <source>Check the gathered data of a city as a whole</source>
        <translation>检查汇总后的市级全域数据</translation>
    </message>
    <message>
        <source>Check the imported data (off: only import)</source>
        <translation>检查导入的数据（关闭则只导入）</translation>
    </message>
    <message>
        <source>Check the plan</source>
        <translation>全面检查</translation>
    </message>
    <message>
        <source>Check the plan by all rules</source>
        <translation>全面检查规划图层</translation>
    </message>
    <message>
        <source>Check the plan: done before, the data are unchanged</source>
        <translation>全面检查规划图层：已检查，数据未变</translation>
    </message>
    <message>
        <source>Check while editing</source>
        <translation>编辑时实时检查</translation>
    </message>
    <message>
        <source>Check without Adding…</source>
        <translation>不加入，直接检查…</translation>
    </message>
    <message>
        <source>Check: {verdict}; {errors} errors, {warnings} warnings.</source>
        <translation>检查结论：{verdict}；错误 {errors}，警告 {warnings}。</translation>
    </message>
    <message>
        <source>Checked now</source>
        <translation>已检查</translation>
    </message>
    <message>
        <source>Checking</source>
        <translation>正在检查</translation>
    </message>
    <message>
        <source>Checking a copy with the ticked fixes…</source>
        <translation>正在对带有所勾选修复的副本做完整检查…</translation>
    </message>
    <message>
        <source>Checking now</source>
        <translation>正在检查</translation>
    </message>
    <message>
        <source>Checking {names}</source>
        <translation>正在检查 {names}</translation>
    </message>
    <message>
        <source>Checks a submission package from any source, a folder or a zip: names, mandatory parts and their places, files left by programs, whether documents, maps and data can be opened, changes since the manifest was made (SHA-256), and the coordinate system of every layer. The layers are then checked with the default rules of “Check the plan” and the rules for packages.

Nothing is changed. A zip is unpacked into a temporary folder; a zip that is damaged, encrypted, too large or has paths outside its folder is rejected.

A package specification defines the required contents: county, city, or the path of a custom .toml file.</source>
        <translation>检查各单位提交的汇交成果包（文件夹或 zip）：名称是否正确，必需内容是否齐全、位置是否正确，有无程序遗留文件，文档、图件、数据能否打开，清单生成后是否被改动（SHA-256），各图层坐标系是否符合要求。成果包中的图层再按“全面检查”的规则检查（默认不启用的规则不检查）。

不作任何改动。zip 解压到临时文件夹；损坏、有密码、过大或路径指向外部的不解压。

成果包应有的内容由“成果包样式”决定：county（县级）、city（市级），或自编 .toml 文件的路径。</translation>
    </message>
    <message>
        <source>Checks and figures</source>
        <translation>检查与指标</translation>
    </message>
    <message>
        <source>Checks can run</source>
        <translation>能否运行检查</translation>
    </message>
    <message>
        <source>Checks layers with the checks that the profile or the standard declares as data ([[check]] in their file): conditions between fields, ranges, patterns, values that must occur in another layer, unique values. The manual explains how to write them.

Source: a GeoPackage, FileGDB, shapefile or a folder of them. If no source is given, the chosen layers, or all vector layers of the project, are checked, including unsaved edits. Inputs are not changed.

Checks: their codes, such as Xzhejiang-001; empty: all of the profile and its standard. A check of the whole plan includes them.</source>
        <translation>用县配置或标准以数据写明的增补检查（其文件中的 [[check]]）检查图层：字段之间的条件、取值范围、式样、须见于另一图层的值、不重复的值。编写方法见使用手册。

数据源：GeoPackage、FileGDB、Shapefile 或其所在文件夹。没有数据源的，检查所选图层，或工程中的全部矢量图层，含未保存的编辑。原数据不改动。

检查：编号，如 Xzhejiang-001；留空为县配置及其标准的全部增补检查。全面检查已包括这些检查。</translation>
    </message>
    <message>
        <source>Checks names, mandatory parts, stray files, digests, schema, codes, geometry and figures. The findings replace those of the last check in the panel. The package is not changed. Profile and standard are those of this project.</source>
        <translation>检查名称、必需内容、遗留文件、校验值、表结构、代码、图形和图数是否一致；问题列于“检查结果”面板，替换上次的结果。不改动成果包。县配置和标准采用当前工程的设置。</translation>
    </message>
    <message>
        <source>Checks the data of each county in a folder or a list, as “Check the plan” does, one county after the other. Writes a report for each county and one summary: a page with a map of the counties by verdict, a workbook with verdicts, figures and problems, a layer, and JSON. Inputs are not changed.

Folder: each GeoPackage, FileGDB, folder of shapefiles or submission package in it is a county. List: a table (csv, xlsx) with the columns 县, 数据, 县配置, 封库版本 (county, source, profile, baseline), the last two optional; paths begin in the folder of the list.

Continue: counties with unchanged data, profile, settings and version keep the result in the output folder; those without a verdict are checked again. After a cancelled run the same tool continues.

A county that cannot be read is a row with the reason. On the command line (batch) several counties are checked at the same time.</source>
        <translation>逐县检查一个文件夹或清单中各县的数据，检查内容与“全面检查”相同。各县写出报告，并写出汇总：网页（含按结论着色的各县分布图）、工作簿（结论、指标、问题）、图层和 JSON。原数据不改动。

文件夹：其中每个 GeoPackage、FileGDB、shapefile 文件夹或成果包为一个县。清单：表格（csv、xlsx），列为县、数据、县配置、封库版本，后两列可没有；路径以清单所在文件夹为起点。

续查：数据、县配置、设定和版本均未变的县区沿用输出文件夹中的结果；没有结论的再次检查。取消后再次运行即可续查。

不能读取的县区在汇总中注明原因。命令行（batch）可同时检查几个县。</translation>
    </message>
    <message>
        <source>Checks the data, proposes a fix for each problem, applies the fixes to a copy and lists them in a table. The data themselves do not change.

A fix is safe if it changes one layer, moves land below the limits for slivers only (or none), ends the problem and adds no other. Deleted features, windows and changed codes of zones are never safe. Sealed layers, the survey and the divisions do not change; the table gives the reason.

Areas balance: before − out + in = after. A log of the changes is written to the folder of the copy. Check the copy again afterwards: totals of the county are known only then.</source>
        <translation>检查数据，为每个问题提出修复方案，在副本中应用，并列入修复情况表。原数据不改动。

安全修复：只改一个图层，不移动土地或移动的土地在碎图斑限值以内，问题消除且没有新问题。删除要素、开天窗、改变规划分区代码的，均须确认。封库图层和调查、区划成果不改动，表中写明原因。

面积平衡：修复前 − 移出 + 移入 = 修复后。修改记录写在副本所在的文件夹。修复后请重新全面检查：全县合计以全面检查为准。</translation>
    </message>
    <message>
        <source>Checks the layers of a county against the rules of the standard and gives a verdict, a layer of findings, and reports in HTML and JSON.

Source: a GeoPackage, FileGDB, shapefile or a folder of them. If no source is given, the chosen layers, or all vector layers of the project, are checked, including unsaved edits. Inputs are not changed.

Roles: layers are recognised by template, name and fields. Assign other layers as ROLE=layer, separated by semicolons, or in a text file with one such line each.

Verdict: pass, conditional (open warnings or unconfirmed settings), incomplete (some checks could not be done) or fail.</source>
        <translation>按标准的规则检查一个县的规划图层，给出结论、问题图层、HTML 报告和 JSON 报告。

数据源：GeoPackage、FileGDB、shapefile，或其所在文件夹。不填数据源时，检查所选图层或工程中的全部矢量图层，含未保存的编辑。输入数据不改动。

图层角色：按模板、名称、字段自动识别；未识别的写作 ROLE=图层名，多个用分号隔开，或指定每行一条的文本文件。

结论：通过、有条件通过（有警告，或设置未经确认）、未完成（有未能检查的项）、不通过。</translation>
    </message>
    <message>
        <source>Checks the plan and, if it passes, makes the submission package: a folder named after the county, with layers, documents, tables, maps, metadata and a manifest.

A package specification defines contents and names: county, city, or the path of a custom .toml file (a copy of resources/packages/county.toml). The manifest lists the parts of the specification without a verified source (mark C).

Values are not cut, rounded or guessed: a text too long for its field, a character that the encoding lacks, or an empty required field stops the export, with a message that names layer, feature and field. Every written layer is read with another library and compared with the plan, row by row and vertex by vertex (0.0001 m).

Documents, maps and tables are found by their names in the given folder and copied into the package. Personal data are not written by default.

Force: the package is made even if the plan does not pass or parts are missing; manifest and metadata state this. An existing package is replaced as a whole; if an error occurs, the existing package is not changed.</source>
        <translation>检查规划，通过后生成汇交成果包：一个以本县命名的文件夹，内有图层、文档、表格、图件、元数据和清单。

成果包的内容和命名由“成果包样式”决定：county（县级）、city（市级），或自编 .toml 文件的路径（参照 resources/packages/county.toml 修改）。样式中未核对原文的项（来源级别 C），清单中逐项写明。

不截断、不舍入、不推测：遇超长文字、编码以外的字、为空的必填字段即停止，并写明图层、要素和字段。每个图层写出后均用另一个库读回，与规划逐行、逐节点比对（0.0001 米）。

文档、图件、表格按名称从指定文件夹中查找，放入相应位置。个人信息默认不写进成果包。

强制生成：检查不通过或缺少内容也生成，清单和元数据中会写明。原位置的成果包整体替换；中途出现问题的，原有成果包不变。</translation>
    </message>
    <message>
        <source>Checks the three control lines and the other layers of a county plan, offline.</source>
        <translation>离线检查三条控制线和县级规划的其他图层。</translation>
    </message>
    <message>
        <source>Checks, by code (empty: all)</source>
        <translation>检查的编号（留空：全部）</translation>
    </message>
    <message>
        <source>Choose</source>
        <translation>请选择</translation>
    </message>
    <message>
        <source>Choose a County Profile</source>
        <translation>选择县配置</translation>
    </message>
    <message>
        <source>Choose a checked plan layer in the layer list and select the features to align.</source>
        <translation>请在图层面板中选定一个已检查的规划图层，再选中需要对齐的要素。</translation>
    </message>
    <message>
        <source>Choose a coordinate system.</source>
        <translation>请选择坐标系。</translation>
    </message>
    <message>
        <source>Choose a file</source>
        <translation>选择文件</translation>
    </message>
    <message>
        <source>Choose a folder</source>
        <translation>选择文件夹</translation>
    </message>
    <message>
        <source>Choose a folder with the data of each county, or a list of counties.</source>
        <translation>请选择存放各县数据的文件夹，或各县清单。</translation>
    </message>
    <message>
        <source>Choose a folder.</source>
        <translation>请选择文件夹。</translation>
    </message>
    <message>
        <source>Choose a layer, or a file with File…</source>
        <translation>请选择图层，或用“文件…”选择文件。</translation>
    </message>
    <message>
        <source>Choose a list of counties (CSV, Excel) with the columns 县, 数据, 县配置, 封库版本</source>
        <translation>选择各县清单（CSV、Excel），列名为县、数据、县配置、封库版本，后两列可没有</translation>
    </message>
    <message>
        <source>Choose a package as zip</source>
        <translation>选择 zip 成果包</translation>
    </message>
    <message>
        <source>Choose a use: code or name</source>
        <translation>选择用途：代码或名称</translation>
    </message>
    <message>
        <source>Choose a use: without one, planning zones cannot be judged.</source>
        <translation>请选择用途：没有用途，规划分区无法判定。</translation>
    </message>
    <message>
        <source>Choose above to enter the longitudes, or to read the extent from a layer of the project.</source>
        <translation>请在上面的“县域范围”中选择填写东西经度，或从工程中的图层读取。</translation>
    </message>
    <message>
        <source>Choose groups</source>
        <translation>选图层组</translation>
    </message>
    <message>
        <source>Choose level by level</source>
        <translation>逐级选择</translation>
    </message>
    <message>
        <source>Choose one of the versions of each row that two people changed</source>
        <translation>双方均已修改的行，逐行选定采用哪一方</translation>
    </message>
    <message>
        <source>Choose the Folder of the Data</source>
        <translation>选择数据所在的文件夹</translation>
    </message>
    <message>
        <source>Choose the Group to Check…</source>
        <translation>改选检查的图层组…</translation>
    </message>
    <message>
        <source>Choose the Planning Data</source>
        <translation>选择规划数据</translation>
    </message>
    <message>
        <source>Choose the county.</source>
        <translation>请选择县。</translation>
    </message>
    <message>
        <source>Choose the county: its zone is shown here.</source>
        <translation>选择县后显示其所在的带。</translation>
    </message>
    <message>
        <source>Choose the data of the counties and the folder of the results.</source>
        <translation>请选择各县数据和输出文件夹。</translation>
    </message>
    <message>
        <source>Choose the delivered database first.</source>
        <translation>请先选择已交付的数据库。</translation>
    </message>
    <message>
        <source>Choose the farmland that is taken: a layer, a table, or the selected features.</source>
        <translation>请指定占用的永久基本农田：图层、清单或选中的要素。</translation>
    </message>
    <message>
        <source>Choose the file for the waivers, preferably in the data folder.</source>
        <translation>请选择存放豁免的文件，宜放在数据所在文件夹。</translation>
    </message>
    <message>
        <source>Choose the folder in which the package is made.</source>
        <translation>请选择成果包的输出文件夹。</translation>
    </message>
    <message>
        <source>Choose the folder of a package</source>
        <translation>选择成果包文件夹</translation>
    </message>
    <message>
        <source>Choose the folder of the results</source>
        <translation>选择输出文件夹</translation>
    </message>
    <message>
        <source>Choose the folder of the results.</source>
        <translation>请选择输出文件夹。</translation>
    </message>
    <message>
        <source>Choose the folder that has the data or the submission package of each county</source>
        <translation>选择存放各县数据或成果包的文件夹</translation>
    </message>
    <message>
        <source>Choose the output folder first.</source>
        <translation>请先填写存放位置</translation>
    </message>
    <message>
        <source>Choose the value</source>
        <translation>选择字段值</translation>
    </message>
    <message>
        <source>Choose what to do with the existing database.</source>
        <translation>请选择对已有数据库的处理方式。</translation>
    </message>
    <message>
        <source>Chooses parcels of the reserve (永久基本农田储备区) that replace permanent basic farmland that is taken: the same net area, no worse class, grade and slope, by township as far as possible. The result is a draft that the county decides on. The inputs are not changed.

Taken land: a layer of polygons (its net areas, else what it covers of 永久基本农田), or a table with net area, class, township and grades.

Land in the control lines, forests, reserves, planned construction and the like is excluded first, by the setting [supplement] excluded_land (mark C); layers that lack are named. Preference: contiguous, quality or near. The distance from the best possible is stated; demands that contradict each other are named.

Results: a layer of the proposed parcels, a workbook, and the tables to be signed.</source>
        <translation>从储备区（永久基本农田储备区）中选择图斑，补划拟占用的永久基本农田：净面积相等，地类、等别和坡度不降低，尽量在本乡镇内。结果为方案草案，由县决定。不改动输入数据。

占用土地：面图层（取其净面积，没有的取其占用的永久基本农田），或列有净面积、地类、乡镇和等别的表格。

先按设置 [supplement] excluded_land（来源级别 C）排除控制线、林地、自然保护地、规划建设用地等范围内的土地；缺少的图层逐一列明。偏好：集中连片（contiguous）、质量（quality）或就近（near）。写明与最优值的差距；相互矛盾的要求逐项列出。

结果：拟补划图斑图层、工作簿和供签字的表格。</translation>
    </message>
    <message>
        <source>City</source>
        <translation>市</translation>
    </message>
    <message>
        <source>Clear Filter</source>
        <translation>清除筛选</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
    <message>
        <source>Close “{window}” and discard what you have entered?</source>
        <translation>关闭“{window}”并放弃已填写的内容？</translation>
    </message>
    <message>
        <source>Closing tolerance (m)</source>
        <translation>闭合容差（米）</translation>
    </message>
    <message>
        <source>Code</source>
        <translation>代码</translation>
    </message>
    <message>
        <source>Code of the county</source>
        <translation>县代码</translation>
    </message>
    <message>
        <source>Code of this county</source>
        <translation>本县代码</translation>
    </message>
    <message>
        <source>Code or a part of the name</source>
        <translation>代码或名称的一部分</translation>
    </message>
    <message>
        <source>Codes that no standard gives are empty until the county enters them; they are checked (ATT007), preset in new layers, and named at export where they are missing.</source>
        <translation>标准没有给出的代码由本县填写，插件不编造；填写后用于检查（ATT007）和新建图层的默认值，缺代码的图层在导出成果时列出。</translation>
    </message>
    <message>
        <source>Codes unchanged</source>
        <translation>代码不换算</translation>
    </message>
    <message>
        <source>Compare Editions…</source>
        <translation>版本比较…</translation>
    </message>
    <message>
        <source>Compare borders of neighbouring counties</source>
        <translation>核对相邻县的接边</translation>
    </message>
    <message>
        <source>Compare drafts</source>
        <translation>方案对比</translation>
    </message>
    <message>
        <source>Compare editions</source>
        <translation>版本比较</translation>
    </message>
    <message>
        <source>Compares a control line (城镇开发边界, 永久基本农田 or 生态保护红线) of an earlier edition with that of a county: every connected part of the difference is a parcel that moved in or out, with its township, statutory area, land classes, ownership, farmland, cultivated land and other lines that it takes, and zones before and after. The inputs are not changed.

Earlier edition: the sealed edition, or a former file of the layer or the county. If it has the other lines and the planning zones too, they are used.

Criteria: area and expansion ratio are not increased; no permanent basic farmland and no ecological red line is taken; the cultivated net area is not increased; parcels moved in are large enough and adjoin the line. Thresholds are settings of the profile ([adjustment]). Those of mark C, read in no text, give at best a conditional outcome. Data that are missing are named, and their criteria are not determined. Slivers below both minimums of the tolerance are counted, not listed.

Results: a layer of the parcels, a workbook, and the dossier with a map (Word, PDF, HTML).</source>
        <translation>比对前一版与县级数据的一条控制线（城镇开发边界、永久基本农田或生态保护红线）：差异中相连的每一部分为一个调入或调出地块，列出乡镇、图斑椭球面积、地类、权属、占用的永久基本农田、耕地和其他控制线，以及变更前后的分区。原数据不改动。

前一版：封库版本，或原图层文件、原县级数据。其中有其他控制线和规划分区的，一并使用。

判定：面积、扩展倍数不增加；不占用永久基本农田、生态保护红线；占用耕地净面积不增加；调入地块不零碎，与原界线相接。阈值为县配置的设置（[adjustment]）；未见条文的（来源级别 C），至多判为有条件。缺少的数据逐项列明，相应判定项为未能判定。小于最小面积和最小宽度的碎图斑计数，不列为地块。

输出：地块图层、xlsx、附图的论证表（Word、PDF、网页）。</translation>
    </message>
    <message>
        <source>Compares neighbouring counties. Found are: borders that gap or overlap; control lines (永久基本农田, 生态保护红线, 城镇开发边界) that stop at the border; edges of lines and planning zones that jump along the border; polygons that continue with another code of zone or type. Each finding is counted once and names the features of both counties. Inputs are not changed.

What is a stop: a line runs along the border for longer than the setting seams.min_length_m, and the neighbour has none there. For 生态保护红线, which protects connected land, a stop is a warning; for the other lines, which follow land use and tasks of each county, it is a note (setting seams.continuing). Different zones that the border divides are legal and not reported; their length is given for each pair. A layer that one county lacks is named, not compared.

Folder and list are those of “Check many counties”. Counties may be in different CRS zones. The table of targets (columns 指标, 数值, 单位, optionally 行政区代码, 关系) gives those of the city or province: the sums of the counties are compared with them, and counties that miss their targets are named although the sum meets its target.

Results: a page, a workbook, a layer and JSON for all, and a page and JSON for each pair. A county that cannot be read is a row with the reason. Tolerances are settings of the profile ([seams]).</source>
        <translation>比对相邻各县的数据，查出：县界间隙和重叠；控制线（永久基本农田、生态保护红线、城镇开发边界）到县界中断；控制线和规划分区的边线在县界处错位；跨县界连续的要素两侧类型或分区代码不同。每处问题只计一次，并写明两县的要素。不改动输入数据。

中断的认定：控制线沿县界的长度超过设置 seams.min_length_m，而另一侧该段没有同一控制线。生态保护红线保护连续的生态空间，中断列为警告；其他控制线随各县现状和任务划定，列为提示（设置 seams.continuing）。县界两侧是不同分区的属正常情况，不列为问题，只写明每对县区这类界线的长度。一侧没有某个图层的，列明图层，不作比对。

文件夹和清单与“多县批量检查”相同，各县可在不同的投影带。上级目标表（列：指标、数值、单位，可有行政区代码、关系）为市或省的目标：各县合计与之比较；合计达到而有县区未完成任务的，列出该县区。

结果：汇总的网页、工作簿、图层和 JSON，每对县区另有网页和 JSON。不能读取的县区占一行，写明原因。容差在县配置中设置（[seams]）。</translation>
    </message>
    <message>
        <source>Compares projects with a county's plan: land occupied in permanent basic farmland (net area), cultivated land, the red line, the urban boundary, heritage, reserves, minerals, flood and hazards; planning zones with admission (准入) of the use; land classes and ownership; townships and main functions; farmland to supplement and cultivated land to compensate; the notice on archaeology before land is supplied. Inputs are not changed.

Projects: polygons, lines or points of a layer; its selected features alone if you tick that. A line becomes land of its width (field KD or 宽度, else WIDTH), with flat ends; a point the circle of this diameter. Fields such as 项目名称, 规划用途, 供地方式, 申报面积 and 批准文号 are found by name; imported boundary points have them.

Verdict: 不符合, 未能判定, 有条件 or 符合, by the gravest item, with rule, source and mark. A missing layer is 未能判定, never 符合. The admission table is admission.csv of the standard; a county replaces it in its profile ([projects] admission). Without a row for zone and use: 未能判定. A row of mark C never gives 符合. Land outside the urban boundary alone is not 不符合. Occupied permanent basic farmland is 不符合, with the number of an approving document 有条件.

A project that cannot be reviewed (no shape, no width, outside the county) is left out and reported with row, field and remedy; the others are reviewed.

PROJECT_LIST keeps all reviewed projects with their state (field ZT: 已审查, 已批准 or 已撤回), and sums what they occupy by line and township against the margin of the targets. Its rows are kept.</source>
        <translation>将建设项目与县级规划数据比对：占用永久基本农田（净面积）、耕地、生态保护红线、城镇开发边界、历史文化保护线、自然保护地、矿产、洪涝、灾害；规划分区及用途准入；地类和权属；乡镇和主体功能；应补划的永久基本农田和应补充的耕地；先考古、后出让的提示。原数据不改动。

项目：图层的面、线或点；勾选后只用选中的要素。线按宽度（字段 KD 或 宽度，没有的用 WIDTH）成面，两端为平头；点按此直径成圆。项目名称、规划用途、供地方式、申报面积、批准文号等字段按名称识别；导入的界址点图层可直接使用。

结论：不符合、未能判定、有条件、符合，取最重的一项，列明规则、依据和来源级别。缺图层为未能判定，不会是符合。准入表为标准中的 admission.csv，县配置可指定其他准入表代替（[projects] admission）。没有分区和用途的条目为未能判定；来源级别为 C 的条目不会给出符合。仅位于城镇开发边界外不判为不符合。占用永久基本农田为不符合，填写批准文号的为有条件。

不能审查的项目（没有图形、没有宽度、在县域外）不审查，列出行、字段和改正办法；其余项目照常审查。

PROJECT_LIST 登记所审查的全部项目及其状态（字段 ZT：已审查、已批准、已撤回），按控制线和乡镇累计占用，与余量比较。原有的行不改动。</translation>
    </message>
    <message>
        <source>Compares the current database with the edition filed with the ministry and writes the geodatabase of yearly maintenance: three classes for each maintained layer that changed, before (WHQ), change (WHC) and after (WHH). The inputs are not changed.

Zones and uses: parcels whose code changed. City lines, flood and heritage lines: land that moved in or out. Every change has a number; reason, source of flexible quota and kind of expansion accounting are left empty for manual entry. Changes of a kind that the layer does not allow are reported, not written.

The balance of areas by layer, zone and township (xlsx, JSON) is written to the same folder. An existing geodatabase is not replaced, because reasons may have been entered.</source>
        <translation>将现行版与报部备案版比对，生成年度动态维护库（.gdb）：每个有变化的图层有维护前（WHQ）、维护（WHC）、维护后（WHH）三类。原数据不改动。

规划分区、规划用地：分区或地类代码变化的图斑。四线、洪涝风险控制线、历史文化保护线：调入、调出的范围。每处变化均有维护编号；维护理由、机动指标来源、扩展倍数核算类型留空，由人工填写。不属于该图层维护类型的变化只提示，不写入。

同时生成分图层、分用途、分乡镇的面积平衡表（xlsx、JSON）。已有的动态维护库不覆盖，其中可能有已填写的维护理由。</translation>
    </message>
    <message>
        <source>Compares the parcels (DLTB) of two land change surveys: cultivated land that the year took and added, by township, class before and after, and cause, with net area, field ridges and stable land (WDGD) apart. The inputs are not changed.

Surveys show changes of land, not approvals. Approved conversions and accepted supplements come from the layers or lists that the county gives, and are listed next to the survey with the difference; what was not given is stated, never 0.

Causes follow from a table of classes before and after (setting cultivated.causes, mark C): other pairs are listed without a cause. The year decides whether there is one balance or two (setting indicators.unified_balance_from).

Results: a layer of the changed parcels, a workbook, and the tables to be signed.</source>
        <translation>比较两期年度国土变更调查的地类图斑（DLTB）：当年减少和增加的耕地，按乡镇、变化前后地类和原因列出，净面积、田坎和稳定耕地（WDGD）分列。不改动输入数据。

调查反映土地的变化，不等于批准。经批准的转用和已验收的补充耕地取自县提供的图层或清单，与调查并列并给出差额；没有提供的注明，不记为 0。

原因由变化前后地类对照表得出（设置 cultivated.causes，来源级别 C）；表中没有的变化列出，不归因。实行一本账还是两本账由年份决定（设置 indicators.unified_balance_from）。

结果：变化图斑图层、工作簿和供签字的表格。</translation>
    </message>
    <message>
        <source>Compares two editions of a layer, such as the sealed one and the plan's: land that moved in, moved out, or has other attributes, each with statutory area (and net area where the layer has it), by township; and whether the two editions are identical. The inputs are not changed.

Features are paired by key (BSM) and by shape; features without a pair are overlaid. The order of features, the start and direction of rings, another coordinate system and differences below the cluster tolerance are not changes; all other differences are. An edition that is shifted as a whole is compared without the shift, which is stated in metres.

Townships: with their layer, figures are also given by township; land is divided at township borders. Table of old and new keys: for features that were renumbered between the editions.

The workbook has the balance (before − out + in = after), the townships, and every part with a cause and a document to fill in; the layer has the same parts.</source>
        <translation>比对同一图层的两个版本，如封库版本和规划版本：调入、调出、属性变更的地块分别列出图斑椭球面积（有净面积的同时列出净面积），分乡镇汇总，并说明两版是否一致。输入数据不改动。

按标识码（BSM）和图形配对，没有相同图形的再作叠加。要素顺序、边线起点和方向、坐标系不同、小于聚类容差的坐标误差均不计为变化，其余均计。后一版整体平移的，扣除平移后比对，并列出平移量（米）。

乡镇：提供乡镇图层的分乡镇统计，跨乡镇的地块按界线分割。新旧标识码对照表：其间重新编码的，按对照表对应。

对比表含平衡（变更前 − 调出 + 调入 = 变更后）、分乡镇、逐块明细，变化原因和批准文号留空待填；输出图层为同样的地块。</translation>
    </message>
    <message>
        <source>Compares two to five drafts of a control line side by side: twelve figures of the present plan and of each draft (area, land out and in, target, expansion ratio or net area and grades, overlaps with the other lines, cultivated land, townships, pieces, holes, outline, findings of the rules on the line), and the land on which they differ. The inputs are not changed.

A draft is a file with the layer of the line, such as that of the tools that propose, or an edition of the whole county. Its control lines, zones and townships take the place of the county's; the survey stays. The line is recognised by the layers that the drafts have, or named.

A figure that cannot be had is undetermined, with the reason. No draft is recommended: the county decides.

Results: a layer of differences with a column for each draft, a workbook, and the tables to be signed, with maps.</source>
        <translation>并列比较控制线的两至五个方案：现状和各方案的十二项指标（面积，调出、调入，面积任务，扩展倍数或净面积、等级，与其他控制线的重叠，耕地，乡镇，图块，孔洞，外廓，涉及该控制线的规则所列问题），以及方案差异。原数据不改动。

方案为含控制线图层的文件（如补划选址、边界调优输出的草案），或全县版本：其控制线、规划分区和乡镇级行政区替换现状的同类图层，地类图斑取自现状。控制线按方案的图层识别，也可指明。

不能得出的数值为未能判定，附原因。不推荐方案，由县级研究决定。

结果：方案差异图层（各方案一列）、工作簿，以及附图的签字表。</translation>
    </message>
    <message>
        <source>Comparing the data with the former results</source>
        <translation>正在与上次结果比对数据</translation>
    </message>
    <message>
        <source>Comparing the data with the former results: {share}%</source>
        <translation>正在与上次结果比对数据：{share}%</translation>
    </message>
    <message>
        <source>Compute Indicators…</source>
        <translation>指标计算…</translation>
    </message>
    <message>
        <source>Compute indicators</source>
        <translation>指标计算</translation>
    </message>
    <message>
        <source>Computed from shape or code instead of the source, as the form does: {fields}.</source>
        <translation>按表单由图形或代码得出，未用源字段的值：{fields}。</translation>
    </message>
    <message>
        <source>Computed from the code; the value of the source is not used</source>
        <translation>由代码得出，不用源字段的值</translation>
    </message>
    <message>
        <source>Computed from the shape; the value of the source is not used</source>
        <translation>由图形得出，不用源字段的值</translation>
    </message>
    <message>
        <source>Computes the indicators of a county's plan from its layers and writes them as a table and as a workbook: indicators with target, state and margin; the three control lines; the expansion ratio; planning zones; the three zones; land use of the base year and of the plan; townships. Every figure states its basis, formula and inputs. Inputs are not changed.

Source: a GeoPackage, FileGDB, shapefile or a folder of them. If no source is given, the chosen layers, or all vector layers of the project, are used, including unsaved edits.

Indicators that no layer provides (population, GDP, events) are listed with the data that they require. Sums by zone and by township equal the county's figure. The indicators are defined in indicators.toml of the standard.</source>
        <translation>由图层计算县级规划的各项指标和面积，写为数值表和 Excel 工作簿：指标表（目标、状态、余量）、三条控制线、扩展倍数、规划分区、三区、用地现状–规划、用地转移、乡镇。每个数均写明面积口径、计算式和数据。输入数据不改动。

数据来源：GeoPackage、FileGDB、shapefile 或文件夹。不填数据来源时，采用选定的图层或工程中的全部矢量图层，含未保存的编辑。

无法由图层计算的指标（人口、生产总值、事件等）予以列出，并写明所需数据。分区、乡镇各行之和等于全县的数。指标目录见标准文件夹中的 indicators.toml。</translation>
    </message>
    <message>
        <source>Computes the indicators of several years or editions of a county and compares them: values by year, changes to the edition before and to the first one, target, state and early warning, small charts. Inputs are not changed.

Editions: lines or parts YEAR=SOURCE, separated by line breaks or semicolons (2021=D:/a.gpkg;2022=…). Or a list (csv, xlsx) with the columns 年份, 数据, 县配置, 版本 (year, source, profile, edition), the last two optional; paths begin in the folder of the list. An edition that cannot be read is a column with the reason. Editions are sorted by year; repeated and missing years are reported.

Each figure is that of “Compute indicators”. A figure that an edition cannot give stays empty with the reason; nothing is interpolated. Areas with different bases, and figures by different methods or settings, are not compared. Different CRS, standards, profiles and settings are noted.

Targets and thresholds are those of the profile of the last edition. Thresholds of warnings ([evaluation]) are settings of mark C: until the county confirms them, warnings that depend on them have a star.</source>
        <translation>计算一个县多个年份或多个版本的指标并作比较：各年的值、较上期和较首期的变化、目标、状态、预警和指标变化图。原数据不改动。

各期数据：写作 年份=数据，每行一期，或用分号隔开（2021=D:/a.gpkg;2022=…）。或给出清单（csv、xlsx），列为 年份、数据、县配置、版本，后两列可没有，路径从清单所在的文件夹起算。不能读取的一期保留一栏并写明原因。各期按年份排序，重复和缺少的年份予以说明。

各项数值与“指标计算”相同。一期不能计算的指标留空并写明原因，不插补。面积口径不同，或计算方法、设置不同的，不作比较。坐标系、标准、县配置和设置不同的，予以说明。

目标和阈值取末期的县配置。预警的阈值（[evaluation]）是来源级别 C 的设置：未经县里确认的，所判定的预警带 *。</translation>
    </message>
    <message>
        <source>Computes the statutory (ellipsoidal) area of each polygon by the formula of the land survey, in degrees or in any zone of CGCS2000, and lists planar, geodesic, statutory and stored areas in separate columns, with the difference of the stored area. The input is not changed.

Field: the field that is filled or checked; if empty, the field of the layer's template (TBMJ, MJ…), or else MJ. A missing field is added. Areas are in m², rounded to 0.01.

Mode: write fills the field and keeps all features; check does not change the field and returns only the features whose stored area is missing or differs by more than the tolerance.

Control area: a layer of polygons (the county, its townships) or a number in m². The parts in each control area are adjusted to it: corrections are proportional to area, the total is exact to 0.01 m², and the result is a proposal in a separate column (closed_m2). If the sum of the parts differs too much from the control area, no adjustment is made: correct overlaps and gaps first.

Invalid shapes are measured with a repaired copy; features without a usable polygon have no area. Both are listed. Net areas (TBDLMJ, YJJBNTMJ) are not changed; rule ATT003 compares them with the field.</source>
        <translation>按国土调查的图斑椭球面积公式计算每个面的图斑椭球面积，适用于经纬度和 CGCS2000 各投影带；平面面积、测地线面积、图斑椭球面积和原存面积并列列出，并列出原存面积的差值。原图层不改动。

面积字段：写入或核对的字段；留空时采用图层模板的字段（TBMJ、MJ 等），没有模板的采用 MJ。没有该字段的予以新增。单位平方米，保留两位小数。

方式：write 填写字段，保留全部要素；check 不改动字段，只列出原存面积相差超过允许差或为空的要素。

控制面积：面图层（县、乡镇）或数值（平方米）。每个控制单元内的各部分平差到其控制面积：改正数与面积成比例，合计精确到 0.01 平方米；结果另列（closed_m2），仅为建议值。各部分合计与控制面积相差过大的不平差，应先改正重叠和空隙。

图形无效的，按修复后的副本计算；没有可用面的，不计算面积。两种情形均列出要素号。净面积（TBDLMJ、YJJBNTMJ）不修改，由规则 ATT003 与面积字段核对。</translation>
    </message>
    <message>
        <source>Concentrated</source>
        <translation>集中</translation>
    </message>
    <message>
        <source>Concentrated construction area</source>
        <translation>集中建设区</translation>
    </message>
    <message>
        <source>Conclusion</source>
        <translation>结论</translation>
    </message>
    <message>
        <source>Confirm and create</source>
        <translation>确认并创建</translation>
    </message>
    <message>
        <source>Confirm first that the edges of this survey are the right ones.</source>
        <translation>请先确认以该调查成果的边线为准。</translation>
    </message>
    <message>
        <source>Confirmed</source>
        <translation>已确认</translation>
    </message>
    <message>
        <source>Confirmed by</source>
        <translation>确认单位</translation>
    </message>
    <message>
        <source>Confirmed by the county</source>
        <translation>本县确认</translation>
    </message>
    <message>
        <source>Conflict</source>
        <translation>有冲突</translation>
    </message>
    <message>
        <source>Conflicts</source>
        <translation>冲突数</translation>
    </message>
    <message>
        <source>Conflicts {count}</source>
        <translation>冲突 {count}</translation>
    </message>
    <message>
        <source>Conformity Report</source>
        <translation>审查意见</translation>
    </message>
    <message>
        <source>Conformity Report…</source>
        <translation>审查意见…</translation>
    </message>
    <message>
        <source>Conformity report</source>
        <translation>审查意见</translation>
    </message>
    <message>
        <source>Constraint</source>
        <translation>约束</translation>
    </message>
    <message>
        <source>Content</source>
        <translation>内容</translation>
    </message>
    <message>
        <source>Contents</source>
        <translation>内容</translation>
    </message>
    <message>
        <source>Continue in Background</source>
        <translation>转到后台</translation>
    </message>
    <message>
        <source>Continue: keep results of counties that are unchanged</source>
        <translation>续查：未变化的县区沿用上次结果</translation>
    </message>
    <message>
        <source>Contradictions</source>
        <translation>矛盾</translation>
    </message>
    <message>
        <source>Contradictory fields</source>
        <translation>字段矛盾</translation>
    </message>
    <message>
        <source>Control area (m²)</source>
        <translation>控制面积（m²）</translation>
    </message>
    <message>
        <source>Control areas (county or townships)</source>
        <translation>控制面积图层（县或乡镇）</translation>
    </message>
    <message>
        <source>Control areas not adjusted</source>
        <translation>未平差的控制单元数</translation>
    </message>
    <message>
        <source>Control areas, sum (m²)</source>
        <translation>控制面积合计（m²）</translation>
    </message>
    <message>
        <source>Control line (empty: recognised by the drafts)</source>
        <translation>控制线（空：按方案的图层识别）</translation>
    </message>
    <message>
        <source>Control line (empty: urban development boundary)</source>
        <translation>控制线（空：城镇开发边界）</translation>
    </message>
    <message>
        <source>Control lines and zones</source>
        <translation>控制线和分区</translation>
    </message>
    <message>
        <source>Converted layers</source>
        <translation>换算的图层数</translation>
    </message>
    <message>
        <source>Converts a VCT 3.0 file (GB/T 17798) to a GeoPackage: each table becomes a layer with the fields, types and lengths that the file declares, and with Chinese names for fields of the standard. Both kinds of header are read (LANDUSE-VCT and CNSDTF-VCT), in CGCS2000 degrees or a zone of 3° or 6°.

Polygons are built from the lines that neighbours share, so shared boundaries have identical vertices. Rows without a shape and shapes without a row are kept and reported. Records with consecutive ids and identical values, including BSM, are merged into one multipart feature. Annotation becomes points with text and angle (VCT_TEXT, VCT_ANGLE).

A damaged file (truncated, a wrong count, a reference to a missing line, not GBK) stops the run with its line number, and no incomplete database is left. Arcs and splines are not supported.

After the import the default check runs on the database; verdict, errors, warnings and the rules with most findings are written to the log. The imported data are kept regardless of the result.

In QGIS Desktop the layers are added as a group, with the symbols and forms of their templates. A VCT file that is dropped on the map is imported as well; the reader of QGIS takes the suffix .vct for another format (Idrisi).</source>
        <translation>将 VCT 3.0 文件（GB/T 17798，地理空间数据交换格式）转换为 GeoPackage：每张属性表一个图层，字段、类型、长度以文件声明为准，标准中有的字段附中文名。支持文件头的两种写法（LANDUSE-VCT、CNSDTF-VCT），坐标系为 CGCS2000 经纬度或 3°、6° 带。

面由相邻面共用的线拼成，共用的边界逐个节点一致。没有图形的属性行、没有属性的图形均保留并列入日志。标识号相连、属性（含标识码）相同的记录合为一个多部件要素。注记转换为带文字和角度的点。

文件损坏（中途截断、个数不对、引用的线不存在、不是 GBK 编码）时停止并写明行号，不生成不完整的库。暂不支持圆弧、样条。

导入后按默认规则检查数据库，结论、错误数、警告数和问题最多的规则写入日志。不论检查结果如何，导入的数据均保留。

在 QGIS 桌面中，读入的图层放入一个组，附模板的符号和表单。VCT 文件也可拖到地图上导入；QGIS 自带的读取将 .vct 视为另一种格式（Idrisi）。</translation>
    </message>
    <message>
        <source>Converts a layer to the fields of a template: names, types and lengths are those of the template, and codes of another list are translated (survey classes into those of 2023). Every row and shape is kept; the input is not changed.

Template: the code of an official layer, such as DLTB or XZYDYH.

Mapping: a saved file. If empty, fields are matched by name, Chinese name, names cut to ten bytes, usual names, meaning and content, and the mapping is written to a file ending in .mapping.toml in the folder of the output, to be verified, edited and used again. An existing file of that name is not overwritten.

Values not converted: one row for each value that does not fit (text too long, not a number, a code that is not in the list or matches several codes), one for each source field without a target field, and one for each of its values, with rows, features and area. Such a cell is left empty; only a code that is missing in its source list is kept unchanged.

Personal data (names, ID numbers, telephones, addresses of the persons responsible) can be omitted in a copy for others: the fields are kept and left empty.</source>
        <translation>将图层按模板整理：字段名、类型、长度以模板为准；源数据采用其他代码表的，换算代码（三调地类换算为 2023 年用地用海分类）。每一行、每个图形均保留；输入不改动。

模板：标准中的图层代码，如 DLTB、XZYDYH。

字段映射：已保存的文件。留空时按名称、中文名、被截成 10 字节的名称、常用列名、含义和内容推得，并将所用映射写入输出所在文件夹中以 .mapping.toml 结尾的文件，供核对、修改和再次使用。同名文件不覆盖。

无法转换的值：每个值一行（文本过长、不是数字、代码不在表中或可对应多个），没有目标字段的源字段各一行，其每个不同的值也各一行，附行数、要素编号和面积。相应单元格留空；仅本表无法识别的代码按原样保留。

个人信息（责任人的姓名、证件号码、电话、住址）可以不转换到对外提供的副本：字段保留，内容为空。</translation>
    </message>
    <message>
        <source>Coordinate system</source>
        <translation>坐标系</translation>
    </message>
    <message>
        <source>Coordinate system (empty: the county's)</source>
        <translation>坐标系（留空：按县确定）</translation>
    </message>
    <message>
        <source>Copied</source>
        <translation>已复制</translation>
    </message>
    <message>
        <source>Copy</source>
        <translation>复制</translation>
    </message>
    <message>
        <source>Copy (format of the data)</source>
        <translation>副本（格式同原数据）</translation>
    </message>
    <message>
        <source>Copy Digest</source>
        <translation>复制校验值</translation>
    </message>
    <message>
        <source>Copy with the fixes (format of the data)</source>
        <translation>修复后的副本（格式同数据）</translation>
    </message>
    <message>
        <source>Count</source>
        <translation>数量</translation>
    </message>
    <message>
        <source>Counties</source>
        <translation>县区数</translation>
    </message>
    <message>
        <source>Counties at the same time</source>
        <translation>同时检查县数</translation>
    </message>
    <message>
        <source>Counties by verdict</source>
        <translation>各县区检查结论</translation>
    </message>
    <message>
        <source>Counties correct their findings by (such as 2026-12-15)</source>
        <translation>各县整改期限（如 2026-12-15）</translation>
    </message>
    <message>
        <source>Counties of the batch</source>
        <translation>批量检查的县区</translation>
    </message>
    <message>
        <source>Counties that are not passed</source>
        <translation>不通过的县区数</translation>
    </message>
    <message>
        <source>Counties that were not compared</source>
        <translation>未比对的县区数</translation>
    </message>
    <message>
        <source>Counties that were not gathered</source>
        <translation>未汇入的县</translation>
    </message>
    <message>
        <source>Counties without a verdict</source>
        <translation>没有结论的县区数</translation>
    </message>
    <message>
        <source>County</source>
        <translation>县</translation>
    </message>
    <message>
        <source>County (code or name)</source>
        <translation>县（代码或名称）</translation>
    </message>
    <message>
        <source>County Profile</source>
        <translation>县配置</translation>
    </message>
    <message>
        <source>County Profile…</source>
        <translation>县配置…</translation>
    </message>
    <message>
        <source>County or district</source>
        <translation>县区</translation>
    </message>
    <message>
        <source>County or township</source>
        <translation>全县或乡镇</translation>
    </message>
    <message>
        <source>County profile</source>
        <translation>县配置</translation>
    </message>
    <message>
        <source>County profile: {file}</source>
        <translation>县配置：{file}</translation>
    </message>
    <message>
        <source>County profiles</source>
        <translation>县配置</translation>
    </message>
    <message>
        <source>County, CRS and layers</source>
        <translation>县、坐标系与图层</translation>
    </message>
    <message>
        <source>Covered by several zones (m²)</source>
        <translation>分区重叠（m²）</translation>
    </message>
    <message>
        <source>Crashed</source>
        <translation>出错</translation>
    </message>
    <message>
        <source>Create</source>
        <translation>创建</translation>
    </message>
    <message>
        <source>Creates an empty database from a table of attribute structures (xlsx): one row for each field, with columns such as layer code, field code, field name, field type, length, decimals, domain, constraint. If there is no column for the layer, each sheet is one layer.

Geometry: a column of the table, or else the geometry type of the layer with this code in the standard. A domain with the name of a code list becomes a coded domain; others are listed in the log.

Nothing is guessed: merged cells, a missing column or an unknown type stop the run, with a message that names sheet and row.

Custom standard: a new folder with a template for each layer. Enter its path as the standard in other tools, and edit the templates there.

Coordinate system: choose one, or enter a county to use its zone.</source>
        <translation>按属性结构描述表（xlsx）建立空库：一行一个字段，列含图层代码、字段代码、字段名称、字段类型、字段长度、小数位数、值域、约束条件等；没有图层列时，一个工作表是一个图层。

几何类型：采用表中的列，没有的采用标准中同代码图层的类型。值域为代码表名称的，建为代码值域；其他的列入日志。

不作推测：遇合并单元格、缺列、无法识别的类型即停止，并写明工作表和行。

自编标准：在新文件夹中为每个图层写一个模板。使用时在“标准”中填写该文件夹的路径；以后在模板中修改。

坐标系：直接选择，或填写县，采用该县所在的带。</translation>
    </message>
    <message>
        <source>Creates an empty database of plan layers from the templates of the standard: fields with types, lengths and Chinese names, coded domains, spatial index, and feature datasets in a FileGDB.

Groups: {groups}. Separate several groups, by id or Chinese name, by commas.

County: code or name; for a county of another province, give both. If no coordinate system is chosen, the zone of the county is used if it is known.

If the database exists: stop changes nothing, add creates only missing layers, replace creates a new database.

Layers loaded into a project have symbols, forms and the county's code and name, in the groups of the standard. New County Plan in the menu creates a whole project with themes, snapping and bookmarks.

These formats cannot store the lengths of numbers; a FileGDB stores dates with a time of day.</source>
        <translation>按标准的图层模板新建空的规划库：字段的类型、长度、中文别名，代码值域，空间索引；FileGDB 还有要素数据集。

图层组：{groups}；可填多个，用逗号隔开，代号或中文名均可。

县：代码或名称；外省的县填写“代码 县名”。不选坐标系的，由县确定所在的带。

库已存在时：stop 不改动；add 只补充所缺图层；replace 替换为新库。

加入工程的图层按标准分组，带符号、表单和本县的代码、名称；需要同时建立地图主题、捕捉和书签的，请用菜单“新建县级规划项目…”。

这两种格式无法存储数字的长度；FileGDB 的日期带时间。</translation>
    </message>
    <message>
        <source>Cultivated land gained by survey, net (m²)</source>
        <translation>调查增加耕地净面积（m²）</translation>
    </message>
    <message>
        <source>Cultivated land lost by survey, net (m²)</source>
        <translation>调查减少耕地净面积（m²）</translation>
    </message>
    <message>
        <source>Current database (.gdb, .gpkg or folder)</source>
        <translation>现行版（.gdb、.gpkg 或文件夹）</translation>
    </message>
    <message>
        <source>Custom county profile (.toml)</source>
        <translation>自编的县配置（.toml）</translation>
    </message>
    <message>
        <source>Custom standard (new folder)</source>
        <translation>自编标准（新文件夹）</translation>
    </message>
    <message>
        <source>Cuts the control lines of a copy back where they overlap: by statutory precedence, permanent basic farmland stays, then the ecological red line, then the urban development boundary. The new edge has the vertices of the line that stays. Where that line is inside, a window results.

Sealed lines do not change: an overlap of farmland and red line is listed with the reason. Planning zones do not follow; check the copy again afterwards.</source>
        <translation>在副本中消除三条控制线之间的重叠：按法定次序保留永久基本农田，其次生态保护红线，再次城镇开发边界。退让后的边线取用保留一方的节点；保留的控制线位于其内部的，留为开天窗。

封库图层不改动：永久基本农田与红线重叠的，列出原因。规划分区不随之调整，修复后请重新全面检查。</translation>
    </message>
    <message>
        <source>Data</source>
        <translation>数据</translation>
    </message>
    <message>
        <source>Data Dictionary</source>
        <translation>数据字典</translation>
    </message>
    <message>
        <source>Data Dictionary…</source>
        <translation>数据字典…</translation>
    </message>
    <message>
        <source>Data of the counties</source>
        <translation>各县数据</translation>
    </message>
    <message>
        <source>Data or settings changed; the reasons below are of the last check. Re-check to update them.</source>
        <translation>数据或县配置已改动；下列原因来自上次检查，请重新检查。</translation>
    </message>
    <message>
        <source>Data: file or folder</source>
        <translation>数据：文件或文件夹</translation>
    </message>
    <message>
        <source>Database</source>
        <translation>数据库</translation>
    </message>
    <message>
        <source>Database: {database}
Project: {project}</source>
        <translation>数据库：{database}
工程：{project}</translation>
    </message>
    <message>
        <source>Date</source>
        <translation>登记日期</translation>
    </message>
    <message>
        <source>Date of confirmation</source>
        <translation>确认日期</translation>
    </message>
    <message>
        <source>Date on the maps</source>
        <translation>制图日期</translation>
    </message>
    <message>
        <source>Deciding items</source>
        <translation>关键事项</translation>
    </message>
    <message>
        <source>Declared checks</source>
        <translation>增补检查</translation>
    </message>
    <message>
        <source>Default rules of the standard and the profile</source>
        <translation>常用规则：标准和县配置规定的</translation>
    </message>
    <message>
        <source>Deficiencies of the package</source>
        <translation>成果包的不足之处</translation>
    </message>
    <message>
        <source>Definition</source>
        <translation>核算口径</translation>
    </message>
    <message>
        <source>Definition or data not confirmed*</source>
        <translation>口径或数据未经确认*</translation>
    </message>
    <message>
        <source>Delivered database</source>
        <translation>已交付的数据库</translation>
    </message>
    <message>
        <source>Derive the three zones</source>
        <translation>规划分区归并为三区</translation>
    </message>
    <message>
        <source>Details</source>
        <translation>详情</translation>
    </message>
    <message>
        <source>Digest (SHA-256)</source>
        <translation>校验值（SHA-256）</translation>
    </message>
    <message>
        <source>Distance</source>
        <translation>距离</translation>
    </message>
    <message>
        <source>Distance of read-only neighbours (m)</source>
        <translation>邻区只读要素的距离（米）</translation>
    </message>
    <message>
        <source>Division code</source>
        <translation>行政区代码</translation>
    </message>
    <message>
        <source>Division code of the parent (empty: from the names)</source>
        <translation>市、省的行政区代码（空：由各县名称确定）</translation>
    </message>
    <message>
        <source>Do Not Ask Again</source>
        <translation>不再提示</translation>
    </message>
    <message>
        <source>Do not convert</source>
        <translation>不换算</translation>
    </message>
    <message>
        <source>Document</source>
        <translation>文号</translation>
    </message>
    <message>
        <source>Document Information</source>
        <translation>成果信息</translation>
    </message>
    <message>
        <source>Document Information…</source>
        <translation>成果信息…</translation>
    </message>
    <message>
        <source>Document Number</source>
        <translation>批准文号</translation>
    </message>
    <message>
        <source>Document information</source>
        <translation>成果信息</translation>
    </message>
    <message>
        <source>Document information: secrecy level, authorities, date and map approval number are taken from the parameters, or else from the document information of the project, or else from [document] of the county profile. Without a secrecy level nothing is exported. A level below that of project or profile requires a reason, which is written to the log. The map approval number is printed on public maps only.</source>
        <translation>成果信息：密级、编制单位、制图单位、日期和审图号依次取本算法的参数、工程的成果信息、县配置中的成果信息。未设定密级的，不导出。密级低于工程或县配置的，须填写降密理由，并写入日志。审图号只印在公开的图件上。</translation>
    </message>
    <message>
        <source>Document information: secrecy level, authorities, date and map approval number are taken from the project (if its layers are exported), or else from [document] of the county profile, or else from the package specification; a secrecy level given here precedes all of them. Without a secrecy level nothing is exported. A level below that of project, profile or specification requires a reason, which is written to manifest and report. The map approval number is printed on public results only.</source>
        <translation>成果信息：密级、编制单位、制图单位、日期和审图号依次取工程的成果信息（导出工程图层时）、县配置中的成果信息、成果包样式；本算法的参数给出密级的，以参数为准。未设定密级的，不导出。密级低于工程、县配置或样式的，须填写降密理由，并记入清单和报告。审图号只印在公开的成果上。</translation>
    </message>
    <message>
        <source>Document of the others</source>
        <translation>其他事项的依据</translation>
    </message>
    <message>
        <source>Documents from</source>
        <translation>文档、图件来自</translation>
    </message>
    <message>
        <source>Documents, maps and tables of the package</source>
        <translation>成果包的文档、图件和表格</translation>
    </message>
    <message>
        <source>Does not apply: {reason}</source>
        <translation>不适用：{reason}</translation>
    </message>
    <message>
        <source>Done {done} / {total}</source>
        <translation>已完成 {done} / {total}</translation>
    </message>
    <message>
        <source>Dossier (HTML)</source>
        <translation>论证表（网页）</translation>
    </message>
    <message>
        <source>Dots per inch</source>
        <translation>分辨率（dpi）</translation>
    </message>
    <message>
        <source>Double click on a county, or Enter, opens its report.</source>
        <translation>双击县区或按回车键打开该县报告。</translation>
    </message>
    <message>
        <source>Draft layer (*.gpkg)</source>
        <translation>草案图层 (*.gpkg)</translation>
    </message>
    <message>
        <source>Draft of Supplements</source>
        <translation>补划选址</translation>
    </message>
    <message>
        <source>Draft of supplements: {title}</source>
        <translation>补划选址：{title}</translation>
    </message>
    <message>
        <source>Draft of the Boundary</source>
        <translation>边界调优</translation>
    </message>
    <message>
        <source>Draft of the boundary: {title}</source>
        <translation>边界调优：{title}</translation>
    </message>
    <message>
        <source>Draft supplements</source>
        <translation>补划选址</translation>
    </message>
    <message>
        <source>Draft the boundary</source>
        <translation>拟定开发边界草案</translation>
    </message>
    <message>
        <source>Drafts</source>
        <translation>方案</translation>
    </message>
    <message>
        <source>Drafts (two to five files)</source>
        <translation>方案（两至五个文件）</translation>
    </message>
    <message>
        <source>Draw</source>
        <translation>绘制</translation>
    </message>
    <message>
        <source>Draw the project on the map</source>
        <translation>在地图上绘制项目范围</translation>
    </message>
    <message>
        <source>Draw the project, select features, or read a file (also of boundary points).</source>
        <translation>绘制项目范围，选中要素，或读入文件（含界址点）。</translation>
    </message>
    <message>
        <source>Drawing (DXF)</source>
        <translation>图纸（DXF）</translation>
    </message>
    <message>
        <source>Drawing and snapping in degrees are awkward. Choose a zone unless the data are for exchange only.</source>
        <translation>经纬度坐标不便于绘图和捕捉；除仅用于交换的外，请选择投影带。</translation>
    </message>
    <message>
        <source>Drawing {name}</source>
        <translation>图纸 {name}</translation>
    </message>
    <message>
        <source>Drawn, selected or read from files</source>
        <translation>绘制、选中或从文件读入</translation>
    </message>
    <message>
        <source>Dropped Data</source>
        <translation>拖入的数据</translation>
    </message>
    <message>
        <source>Each line is a finding: select it, and the map shows the place; below the list you read why it counts, how to fix it and where the rule comes from. F9 goes on to the next one.</source>
        <translation>每行是一处问题：选中后地图定位到该处，列表下方说明检查目的、整改建议和依据。按 F9 看下一条。</translation>
    </message>
    <message>
        <source>Earlier edition</source>
        <translation>前一版</translation>
    </message>
    <message>
        <source>Earlier edition: file or folder</source>
        <translation>前一版：文件或文件夹</translation>
    </message>
    <message>
        <source>Earlier editions: a list (csv, xlsx) with the columns 年份, 数据, 县配置, 版本 (year, source, profile, edition), the last two optional. The report gets the chapter of the evaluation (体检评估): indicators by year, changes, targets, warnings and charts. The checked data are the last edition; a row with an empty source gives their year. An edition that cannot be read is a column with the reason. Warnings do not change the verdict. The public edition does not have this chapter.</source>
        <translation>早先各期：清单（csv、xlsx），列为年份、数据、县配置、版本，后两列可没有。检查报告增加体检评估一章：各年指标、变化、目标、预警和变化图。检查的数据为末期；数据一列留空的一行给出其年份。某一期不能读取的，保留一栏并写明原因。预警不改变检查结论。公开版不含这一章。</translation>
    </message>
    <message>
        <source>Earlier survey (.gdb, .gpkg or folder)</source>
        <translation>前一年度调查（.gdb、.gpkg 或文件夹）</translation>
    </message>
    <message>
        <source>East</source>
        <translation>东</translation>
    </message>
    <message>
        <source>Ecological space (m²)</source>
        <translation>生态空间（m²）</translation>
    </message>
    <message>
        <source>Edit under the live check</source>
        <translation>边编辑边检查</translation>
    </message>
    <message>
        <source>Edition after the change</source>
        <translation>变更后的版本</translation>
    </message>
    <message>
        <source>Edition before the change, or the only one</source>
        <translation>变更前的版本（只有一个版本时即该版本）</translation>
    </message>
    <message>
        <source>Editions not read</source>
        <translation>未能读取的期数</translation>
    </message>
    <message>
        <source>Editions read</source>
        <translation>已读取的期数</translation>
    </message>
    <message>
        <source>Editions: YEAR=SOURCE, one on each line</source>
        <translation>各期数据：年份=数据，每行一期</translation>
    </message>
    <message>
        <source>Edits on this machine</source>
        <translation>本机的改动</translation>
    </message>
    <message>
        <source>Edits: {counts}</source>
        <translation>实时检查　本次编辑：{counts}</translation>
    </message>
    <message>
        <source>Edit…</source>
        <translation>编辑…</translation>
    </message>
    <message>
        <source>Empty: a layer in memory</source>
        <translation>留空：生成内存图层</translation>
    </message>
    <message>
        <source>Ends with the fix of {code}</source>
        <translation>随 {code} 的修复一并消除</translation>
    </message>
    <message>
        <source>Enter Document Number…</source>
        <translation>填写文号…</translation>
    </message>
    <message>
        <source>Enter a name.</source>
        <translation>请填写名称。</translation>
    </message>
    <message>
        <source>Enter in the Form</source>
        <translation>填入表单</translation>
    </message>
    <message>
        <source>Enter the document</source>
        <translation>填写批准文号</translation>
    </message>
    <message>
        <source>Enter the longitudes</source>
        <translation>填写东西经度</translation>
    </message>
    <message>
        <source>Enter the name of the person who registers the waiver.</source>
        <translation>请填写登记人。</translation>
    </message>
    <message>
        <source>Enter the number of the approving document.</source>
        <translation>请填写批准文件的文号。</translation>
    </message>
    <message>
        <source>Enter the reason.</source>
        <translation>请填写理由。</translation>
    </message>
    <message>
        <source>Entered in the form</source>
        <translation>填入表单的值</translation>
    </message>
    <message>
        <source>Environment</source>
        <translation>环境</translation>
    </message>
    <message>
        <source>Environment Check</source>
        <translation>环境自检</translation>
    </message>
    <message>
        <source>Environment Check…</source>
        <translation>环境自检…</translation>
    </message>
    <message>
        <source>Error</source>
        <translation>错误</translation>
    </message>
    <message>
        <source>Errors</source>
        <translation>错误</translation>
    </message>
    <message>
        <source>Errors {change}</source>
        <translation>错误 {change}</translation>
    </message>
    <message>
        <source>Evaluate indicators of several years</source>
        <translation>体检评估（多期指标）</translation>
    </message>
    <message>
        <source>Everything</source>
        <translation>全部</translation>
    </message>
    <message>
        <source>Examines QGIS, libraries, formats, fonts, disk space, encodings and coordinate transformations, and lists what is missing, what then does not work, and how to get it. The examples of all rules, fixes and declared checks are run, which takes about half a minute: their results show whether checks are correct on this machine. The result can be saved; it names neither the user nor a folder. Nothing is changed.</source>
        <translation>检查 QGIS、各个库、数据格式、字体、磁盘空间、编码和坐标换算，列出缺少的内容、因此不能使用的功能和补充办法；并运行全部规则、修复和增补检查的算例（约半分钟），其结果表明本机的检查是否正确。结果可存为文件，其中没有用户名和文件夹。不改动任何数据。</translation>
    </message>
    <message>
        <source>Examining the machine…</source>
        <translation>正在检查本机环境…</translation>
    </message>
    <message>
        <source>Examples</source>
        <translation>示例</translation>
    </message>
    <message>
        <source>Examples: before → after</source>
        <translation>示例：前 → 后</translation>
    </message>
    <message>
        <source>Excel</source>
        <translation>Excel</translation>
    </message>
    <message>
        <source>Excel (*.xlsx)</source>
        <translation>Excel (*.xlsx)</translation>
    </message>
    <message>
        <source>Exchange formats</source>
        <translation>数据交换</translation>
    </message>
    <message>
        <source>Expansion ratio</source>
        <translation>扩展倍数</translation>
    </message>
    <message>
        <source>Expansion ratio of the urban development boundary</source>
        <translation>城镇开发边界扩展倍数</translation>
    </message>
    <message>
        <source>Expansion ratio: at most {limit}</source>
        <translation>扩展倍数上限 {limit}</translation>
    </message>
    <message>
        <source>Explanation</source>
        <translation>说明</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>导出</translation>
    </message>
    <message>
        <source>Export Draft</source>
        <translation>导出草案</translation>
    </message>
    <message>
        <source>Export Draft…</source>
        <translation>导出草案…</translation>
    </message>
    <message>
        <source>Export Maps</source>
        <translation>导出图件</translation>
    </message>
    <message>
        <source>Export Maps…</source>
        <translation>导出图件…</translation>
    </message>
    <message>
        <source>Export Submission Package</source>
        <translation>导出成果包</translation>
    </message>
    <message>
        <source>Export Submission Package…</source>
        <translation>导出成果包…</translation>
    </message>
    <message>
        <source>Export Table…</source>
        <translation>导出此表…</translation>
    </message>
    <message>
        <source>Export VCT</source>
        <translation>导出 VCT</translation>
    </message>
    <message>
        <source>Export VCT…</source>
        <translation>导出 VCT…</translation>
    </message>
    <message>
        <source>Export boundary points</source>
        <translation>导出界址点</translation>
    </message>
    <message>
        <source>Export maps</source>
        <translation>导出图件</translation>
    </message>
    <message>
        <source>Export the submission package</source>
        <translation>导出成果包</translation>
    </message>
    <message>
        <source>Extent of the county</source>
        <translation>县域范围</translation>
    </message>
    <message>
        <source>Facts of Projects</source>
        <translation>项目情况</translation>
    </message>
    <message>
        <source>False alarm</source>
        <translation>误报</translation>
    </message>
    <message>
        <source>Farmland that is taken</source>
        <translation>占用的永久基本农田</translation>
    </message>
    <message>
        <source>Farmland that is taken (layer or table)</source>
        <translation>拟占用的永久基本农田（图层或表格）</translation>
    </message>
    <message>
        <source>Feature codes</source>
        <translation>要素代码</translation>
    </message>
    <message>
        <source>Features</source>
        <translation>要素数</translation>
    </message>
    <message>
        <source>Features that differ by the shift only</source>
        <translation>仅有平移的要素数</translation>
    </message>
    <message>
        <source>Field of the area (empty: the template's, else MJ)</source>
        <translation>面积字段（留空：模板的字段，没有模板的为 MJ）</translation>
    </message>
    <message>
        <source>Field of the template</source>
        <translation>目标字段</translation>
    </message>
    <message>
        <source>Fields with personal data are left empty unless this is ticked:</source>
        <translation>以下字段含个人信息，不勾选则留空：</translation>
    </message>
    <message>
        <source>Figures</source>
        <translation>指标数值表</translation>
    </message>
    <message>
        <source>Figures adjusted by rounding</source>
        <translation>取整调整的数</translation>
    </message>
    <message>
        <source>Figures of text and tables (xlsx or csv)</source>
        <translation>文本和附表的数（xlsx 或 csv）</translation>
    </message>
    <message>
        <source>Figures of text and tables: a table (xlsx, csv) with the columns 指标, 数值, 单位, 位置. Each figure is compared with the map and with the other places that state it (LAW007).</source>
        <translation>文本和附表的数：一张表（xlsx、csv），列为指标、数值、单位、位置，如“永久基本农田保护面积、63.25、万亩、文本第12条”；每个数与图上量算值比对，并与同一指标的其他各处比对（LAW007）。</translation>
    </message>
    <message>
        <source>Figures of the check at {time} with the edits since.</source>
        <translation>数据为 {time} 检查的状态，已计入其后的编辑。</translation>
    </message>
    <message>
        <source>Figures of the check at {time}.</source>
        <translation>数据为 {time} 检查的状态。</translation>
    </message>
    <message>
        <source>Figures of the check at {time}; later changes of the layers do not count. Check again.</source>
        <translation>数据为 {time} 检查的状态，其后的改动未计入。请重新检查。</translation>
    </message>
    <message>
        <source>File</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>File found: {size}; its digest (SHA-256) {digest} is stored, so that a changed file is reported</source>
        <translation>已找到　{size}　校验值（SHA-256）{digest} 存入豁免文件，附件改动后提示</translation>
    </message>
    <message>
        <source>File of boundary points</source>
        <translation>界址点文件</translation>
    </message>
    <message>
        <source>File of projects</source>
        <translation>项目文件</translation>
    </message>
    <message>
        <source>FileGDB: a folder, with domains and feature datasets for ArcGIS</source>
        <translation>FileGDB：一个文件夹，带值域和要素数据集，便于 ArcGIS 使用</translation>
    </message>
    <message>
        <source>Filed database (.gdb, .gpkg or folder)</source>
        <translation>备案版（.gdb、.gpkg 或文件夹）</translation>
    </message>
    <message>
        <source>Files written</source>
        <translation>文件个数</translation>
    </message>
    <message>
        <source>File…</source>
        <translation>文件…</translation>
    </message>
    <message>
        <source>Fill Dependent Fields</source>
        <translation>填写关联字段</translation>
    </message>
    <message>
        <source>Filled</source>
        <translation>有值</translation>
    </message>
    <message>
        <source>Filled copy of the office's workbook</source>
        <translation>本单位工作簿填写后的副本</translation>
    </message>
    <message>
        <source>Fills the layouts of tables that offices hand in with the figures of a plan: use of land inside the control lines, three zones and lines, land use present and planned, zones by land use, lines by township, permanent basic farmland occupied and supplemented, balance of cultivated land, conflicts of lines; and annex tables of the plan: land-use structure, land use by class, lines by zone, targets by township, construction land of the centre, lists of reserves, heritage, projects and supplemented farmland. Inputs are not changed.

Tables: ids separated by commas (empty: all), or the path of a layout or a folder. An office can add a table: copy a file of resources/office_tables, change it and give its path.

Figures are those of the indicators and of the check. Printed parts sum to the printed totals: figures are rounded by largest remainders, without a change where land did not change, and a note names those that differ from usual rounding. A figure that the data do not have is a dash with the reason, never zero.

Farmland occupied and supplemented needs the sealed edition, allotted targets the table of township targets. The balance of cultivated land has its form by the year (setting indicators.unified_balance_from).

Workbook of the office: cells with defined names, such as 三线占用_生态保护红线_面积 (table, row, column), are filled in a copy. Names that mean no figure are reported. The tables are in Chinese.</source>
        <translation>按单位报送的表式，把规划的指标填成表格：三线占用情况汇总表、三区三线指标表、用地结构现状—规划表、规划分区与现状用地表、乡镇三线面积汇总表、永久基本农田占用与补划表、耕地占补平衡表、控制线冲突清单；以及规划附表：国土空间用途结构调整表（含三大类汇总）、用地用海汇总表、三区三线指标汇总表、规划指标分解表、中心城区城镇建设用地结构规划表、自然保护地一览表、历史文化资源一览表、重点建设项目安排表、永久基本农田补划图斑清单。不改动输入数据。

表格：代号以逗号分隔（不填为全部），或填写自编表格文件、文件夹的路径。单位可以自编表格：复制 resources/office_tables 中的一个文件，修改后填写其路径。

表中的数与指标计算和检查的结果相同。印出的分项之和等于印出的合计：按最大余额法取整，面积未变的行不会印出增减，与四舍五入不同的数在表下说明。数据中没有的数填“—”并写明原因，不填 0。

永久基本农田占用与补划、补划图斑清单需要封库版本，指标分解的任务数需要乡镇任务表。耕地占补平衡表的形式由年份决定（设置 indicators.unified_balance_from）。

本单位的工作簿：已定义名称的单元格（名称由表的前缀、行名、列名以下划线连成，如 三线占用_生态保护红线_面积）填写在副本中。不是表中数的名称逐个报告。表格为中文。</translation>
    </message>
    <message>
        <source>Filter</source>
        <translation>筛选</translation>
    </message>
    <message>
        <source>Filtered</source>
        <translation>已筛选</translation>
    </message>
    <message>
        <source>Finding / version</source>
        <translation>问题/版本</translation>
    </message>
    <message>
        <source>Findings</source>
        <translation>检查结果</translation>
    </message>
    <message>
        <source>Findings (temporary layer)</source>
        <translation>问题（临时图层）</translation>
    </message>
    <message>
        <source>Findings Layer…</source>
        <translation>问题图层…</translation>
    </message>
    <message>
        <source>Findings Ledger</source>
        <translation>问题台账</translation>
    </message>
    <message>
        <source>Findings Ledger (Excel)…</source>
        <translation>问题台账（Excel）…</translation>
    </message>
    <message>
        <source>Findings at borders</source>
        <translation>接边问题</translation>
    </message>
    <message>
        <source>Findings in all</source>
        <translation>问题数</translation>
    </message>
    <message>
        <source>Findings in the Map View</source>
        <translation>地图范围内的问题</translation>
    </message>
    <message>
        <source>Findings ledger (xlsx)</source>
        <translation>问题台账（xlsx）</translation>
    </message>
    <message>
        <source>Findings since the full check at {time}; click to list the new ones.</source>
        <translation>{time} 全面检查以来问题数的变化；单击列出新增问题。</translation>
    </message>
    <message>
        <source>Finish</source>
        <translation>完成</translation>
    </message>
    <message>
        <source>Finish Drawing</source>
        <translation>完成绘制</translation>
    </message>
    <message>
        <source>First check</source>
        <translation>首次检查</translation>
    </message>
    <message>
        <source>First running number (0: after the highest in use)</source>
        <translation>起始顺序号（0：接已用的最大号）</translation>
    </message>
    <message>
        <source>Fix</source>
        <translation>修复</translation>
    </message>
    <message>
        <source>Fix Findings…</source>
        <translation>批量修复…</translation>
    </message>
    <message>
        <source>Fix Preview</source>
        <translation>修复预览</translation>
    </message>
    <message>
        <source>Fix problems in a copy</source>
        <translation>批量修复</translation>
    </message>
    <message>
        <source>Fix with a preview</source>
        <translation>先预览，再修复</translation>
    </message>
    <message>
        <source>Fix {code}: {title}</source>
        <translation>修复 {code}：{title}</translation>
    </message>
    <message>
        <source>Fix {count}…</source>
        <translation>修复 {count} 处…</translation>
    </message>
    <message>
        <source>Fixed</source>
        <translation>已改</translation>
    </message>
    <message>
        <source>Fixes applied</source>
        <translation>已应用的修复</translation>
    </message>
    <message>
        <source>Fixes to confirm</source>
        <translation>需确认的修复</translation>
    </message>
    <message>
        <source>Fixes, separated by commas (empty: all)</source>
        <translation>修复，用逗号分隔（空：全部）</translation>
    </message>
    <message>
        <source>Fix…</source>
        <translation>修复…</translation>
    </message>
    <message>
        <source>Flexible</source>
        <translation>弹性</translation>
    </message>
    <message>
        <source>Flexible development area</source>
        <translation>弹性发展区</translation>
    </message>
    <message>
        <source>Folder</source>
        <translation>文件夹</translation>
    </message>
    <message>
        <source>Folder and name</source>
        <translation>文件夹与名称</translation>
    </message>
    <message>
        <source>Folder for the Parts</source>
        <translation>存放拆分清单的文件夹</translation>
    </message>
    <message>
        <source>Folder for the parts</source>
        <translation>存放拆分清单的文件夹</translation>
    </message>
    <message>
        <source>Folder in which the geodatabase is made</source>
        <translation>动态维护库的输出文件夹</translation>
    </message>
    <message>
        <source>Folder in which the package is made</source>
        <translation>成果包的输出文件夹</translation>
    </message>
    <message>
        <source>Folder of a package, or a zip</source>
        <translation>成果包文件夹，或 zip 压缩包</translation>
    </message>
    <message>
        <source>Folder of the maps</source>
        <translation>图件文件夹</translation>
    </message>
    <message>
        <source>Folder of the packages (new or empty)</source>
        <translation>工作包的文件夹（新的或空的）</translation>
    </message>
    <message>
        <source>Folder of the results</source>
        <translation>输出文件夹</translation>
    </message>
    <message>
        <source>Folder with documents, maps and tables</source>
        <translation>文档、图件、表格所在文件夹</translation>
    </message>
    <message>
        <source>Folder with documents, maps and tables, which are found by their names</source>
        <translation>文档、图件、表格所在文件夹，按文件名放入相应位置</translation>
    </message>
    <message>
        <source>Folder with the data of each county, or a list (CSV, Excel)</source>
        <translation>存放各县数据的文件夹，或各县清单（CSV、Excel）</translation>
    </message>
    <message>
        <source>Folder with the data of the counties</source>
        <translation>存放各县数据的文件夹</translation>
    </message>
    <message>
        <source>Folder with the edited packages</source>
        <translation>存放编辑后工作包的文件夹</translation>
    </message>
    <message>
        <source>Folder…</source>
        <translation>文件夹…</translation>
    </message>
    <message>
        <source>For all projects, from the next check on; the interface follows QGIS.</source>
        <translation>对所有工程有效，从下一次检查起；界面语言随 QGIS。</translation>
    </message>
    <message>
        <source>For internal use; must not be submitted</source>
        <translation>仅供内部查看，不得上报</translation>
    </message>
    <message>
        <source>Force: make the package even if parts are missing or keys are repeated</source>
        <translation>强制生成：缺少必备部分或标识码重复时也生成</translation>
    </message>
    <message>
        <source>Force: make the package even if the plan does not pass</source>
        <translation>强制生成（检查不通过也生成，成果包中写明）</translation>
    </message>
    <message>
        <source>Force: make the package even if the plan does not pass or parts are missing</source>
        <translation>强制生成：检查不通过或缺内容也生成</translation>
    </message>
    <message>
        <source>Format</source>
        <translation>格式</translation>
    </message>
    <message>
        <source>Format (auto, id, or path of a .toml file)</source>
        <translation>格式（auto 为自动；代号，或自编格式 .toml 的路径）</translation>
    </message>
    <message>
        <source>Former results</source>
        <translation>上次结果</translation>
    </message>
    <message>
        <source>Forms of each county's report besides JSON</source>
        <translation>各县报告的格式（JSON 报告总是写出）</translation>
    </message>
    <message>
        <source>From</source>
        <translation>来源</translation>
    </message>
    <message>
        <source>From the field or the file name of the layer</source>
        <translation>按图层字段或文件名</translation>
    </message>
    <message>
        <source>From the layer: {layer}</source>
        <translation>从图层读取：{layer}</translation>
    </message>
    <message>
        <source>From the list of divisions</source>
        <translation>按行政区代码表</translation>
    </message>
    <message>
        <source>From {list}</source>
        <translation>由{list}换算</translation>
    </message>
    <message>
        <source>From {unit} to m²</source>
        <translation>由{unit}换算为平方米</translation>
    </message>
    <message>
        <source>Gaps</source>
        <translation>空号段数</translation>
    </message>
    <message>
        <source>Gather packages of counties</source>
        <translation>汇总各县成果包</translation>
    </message>
    <message>
        <source>Gathered counties</source>
        <translation>汇入的县</translation>
    </message>
    <message>
        <source>Gathers the submission packages of counties into the package of their city or province. Each package is inspected; its layers are appended one after the other, read again and compared, so that only one county is in memory. Packages of counties are not changed.

A package that cannot be read, that fails, or that was not inspected completely is refused: no package is made, and gathering.xlsx has the reasons. If it is to be left out, the other counties are gathered and the manifest lists those that are missing. Equal keys (BSM) of two counties stop the package unless it is forced.

Layers are written in the CRS of the specification (EPSG:4490). Layers of counties in another CRS or another zone are transformed vertex by vertex, without additional vertices, and a note names layer, counties and both CRS. Layers with another code in the parent's database are renamed as the specification states ([gathering]); layers that it lacks are listed, not written. 市级行政区 is joined from 县级行政区.</source>
        <translation>将各县的成果包汇总为市级或省级成果包。逐个检查县级成果包，逐层追加，写后重新读取并比对，内存中只有一个县的图层。县级成果包不改动。

不能读取、检查不通过、检查未完成的成果包不能汇入：不生成成果包，原因见 gathering.xlsx。选择“不能汇入的县不汇入”的，其余各县照常汇总，清单列出未汇入的县。两县标识码（BSM）相同的不生成成果包，强制生成的除外。

图层按样式的坐标系（EPSG:4490）写出。县级图层为其他坐标系、其他带的，逐节点换算，不增加节点，并说明图层、县、换算前后的坐标系。在上级数据库中名称不同的图层，按样式（[gathering]）改名；上级数据库没有的图层不写入，逐一列出。市级行政区由县级行政区合并而成。</translation>
    </message>
    <message>
        <source>GeoPackage (*.gpkg)</source>
        <translation>GeoPackage (*.gpkg)</translation>
    </message>
    <message>
        <source>GeoPackage (*.gpkg);;FileGDB (*.gdb)</source>
        <translation>GeoPackage (*.gpkg);;FileGDB (*.gdb)</translation>
    </message>
    <message>
        <source>GeoPackage (*.gpkg);;Shapefile (*.shp)</source>
        <translation>GeoPackage (*.gpkg);;Shapefile (*.shp)</translation>
    </message>
    <message>
        <source>GeoPackage, shapefile or GeoJSON</source>
        <translation>GeoPackage、shapefile 或 GeoJSON</translation>
    </message>
    <message>
        <source>GeoPackage: one file, best in QGIS (recommended)</source>
        <translation>GeoPackage：单个文件，适合在 QGIS 中使用（推荐）</translation>
    </message>
    <message>
        <source>Geodatabase</source>
        <translation>动态维护库</translation>
    </message>
    <message>
        <source>Geodesic areas, sum (m²)</source>
        <translation>测地线椭球面积合计（m²）</translation>
    </message>
    <message>
        <source>Give another name or another folder.</source>
        <translation>请另取名称，或另选择文件夹。</translation>
    </message>
    <message>
        <source>Go to layer “{layer}”</source>
        <translation>转到图层“{layer}”</translation>
    </message>
    <message>
        <source>Go to “Documents from” and open its folder</source>
        <translation>转到“文档、图件来自”一栏并打开该文件夹</translation>
    </message>
    <message>
        <source>Go to “Include personal data”</source>
        <translation>转到“包含个人信息”一项</translation>
    </message>
    <message>
        <source>Go to “Specification”</source>
        <translation>转到“样式”一栏（成果包样式）</translation>
    </message>
    <message>
        <source>Group</source>
        <translation>组</translation>
    </message>
    <message>
        <source>Group the table</source>
        <translation>表格分组</translation>
    </message>
    <message>
        <source>Group to Check</source>
        <translation>选择检查的图层组</translation>
    </message>
    <message>
        <source>Groups of layers</source>
        <translation>图层组</translation>
    </message>
    <message>
        <source>HTML (*.html)</source>
        <translation>HTML (*.html)</translation>
    </message>
    <message>
        <source>HTML Report…</source>
        <translation>HTML 报告…</translation>
    </message>
    <message>
        <source>Hand Out to Townships…</source>
        <translation>按乡镇分发…</translation>
    </message>
    <message>
        <source>Hand in the results</source>
        <translation>提交成果</translation>
    </message>
    <message>
        <source>Help</source>
        <translation>说明</translation>
    </message>
    <message>
        <source>Help and About</source>
        <translation>帮助与关于</translation>
    </message>
    <message>
        <source>Help: {code}</source>
        <translation>说明：{code}</translation>
    </message>
    <message>
        <source>Heritage register</source>
        <translation>历史文化保护名录</translation>
    </message>
    <message>
        <source>Heritage register (xlsx or csv)</source>
        <translation>历史文化保护名录（xlsx 或 csv）</translation>
    </message>
    <message>
        <source>Heritage register: a table (xlsx, csv) with the columns 名称, 类型, 级别. Names, kinds and levels are compared with the layers of heritage (LAW024).</source>
        <translation>历史文化保护名录：一张表（xlsx、csv），列为名称、类型、级别；逐处与历史文化保护的图层比对（LAW024）。</translation>
    </message>
    <message>
        <source>How to fix</source>
        <translation>整改建议</translation>
    </message>
    <message>
        <source>Identical</source>
        <translation>一致</translation>
    </message>
    <message>
        <source>If the database exists</source>
        <translation>库已存在时</translation>
    </message>
    <message>
        <source>Import Boundary Points…</source>
        <translation>界址点导入…</translation>
    </message>
    <message>
        <source>Import VCT</source>
        <translation>导入 VCT</translation>
    </message>
    <message>
        <source>Import VCT…</source>
        <translation>导入 VCT…</translation>
    </message>
    <message>
        <source>Import boundary points</source>
        <translation>导入界址点</translation>
    </message>
    <message>
        <source>Import drawing (DXF)</source>
        <translation>导入图纸（DXF）</translation>
    </message>
    <message>
        <source>Import…</source>
        <translation>导入…</translation>
    </message>
    <message>
        <source>In m²</source>
        <translation>移入 m²</translation>
    </message>
    <message>
        <source>In none of the three (m²)</source>
        <translation>不划入三区（m²）</translation>
    </message>
    <message>
        <source>In the usual unit</source>
        <translation>折合常用单位</translation>
    </message>
    <message>
        <source>Include personal data</source>
        <translation>包含个人信息</translation>
    </message>
    <message>
        <source>Include personal data (omitted by default)</source>
        <translation>包含个人信息（不勾选则不写）</translation>
    </message>
    <message>
        <source>Incomplete</source>
        <translation>未完成</translation>
    </message>
    <message>
        <source>Indicator</source>
        <translation>指标</translation>
    </message>
    <message>
        <source>Indicator type</source>
        <translation>性质</translation>
    </message>
    <message>
        <source>Indicators</source>
        <translation>指标</translation>
    </message>
    <message>
        <source>Indicators computed</source>
        <translation>已计算的指标</translation>
    </message>
    <message>
        <source>Indicators that no layer provides</source>
        <translation>无法计算的指标</translation>
    </message>
    <message>
        <source>Indicators to watch</source>
        <translation>关注指标数</translation>
    </message>
    <message>
        <source>Indicators with values</source>
        <translation>有值的指标数</translation>
    </message>
    <message>
        <source>Indicators without warning</source>
        <translation>未见异常的指标数</translation>
    </message>
    <message>
        <source>Info</source>
        <translation>提示</translation>
    </message>
    <message>
        <source>Info {change}</source>
        <translation>提示 {change}</translation>
    </message>
    <message>
        <source>Inherited code</source>
        <translation>继承的代码</translation>
    </message>
    <message>
        <source>Inherits from</source>
        <translation>继承自</translation>
    </message>
    <message>
        <source>Inputs</source>
        <translation>参数</translation>
    </message>
    <message>
        <source>Inputs changed</source>
        <translation>有变化</translation>
    </message>
    <message>
        <source>Inspect</source>
        <translation>检查</translation>
    </message>
    <message>
        <source>Inspect Package…</source>
        <translation>检查成果包…</translation>
    </message>
    <message>
        <source>Inspect Submission Package</source>
        <translation>检查成果包</translation>
    </message>
    <message>
        <source>Inspect Submission Package…</source>
        <translation>检查成果包…</translation>
    </message>
    <message>
        <source>Inspect a submission package</source>
        <translation>检查成果包</translation>
    </message>
    <message>
        <source>Inspecting the folders</source>
        <translation>查看文件夹</translation>
    </message>
    <message>
        <source>Inspecting the layers for the package</source>
        <translation>查看放入成果包的图层</translation>
    </message>
    <message>
        <source>Inspect…</source>
        <translation>检查成果包…</translation>
    </message>
    <message>
        <source>Install QGIS 3.40 LTR or later with the official installer; it brings its own Python and geopandas.</source>
        <translation>请用 QGIS 官方安装包安装 QGIS 3.40 LTR 或更新版本（自带 Python 和 geopandas）。</translation>
    </message>
    <message>
        <source>Install QGIS 3.40 or later from a distribution with Python 3.11 or later, as Debian 13 or Ubuntu 25.10.</source>
        <translation>请在带 Python 3.11 或更新版本的发行版（如 Debian 13、Ubuntu 25.10）上安装 QGIS 3.40 或更新版本。</translation>
    </message>
    <message>
        <source>Install QGIS 3.40 or later from conda-forge (Miniforge): conda create -n qgis -c conda-forge qgis geopandas pyogrio</source>
        <translation>请用 conda-forge（Miniforge）安装 QGIS 3.40 或更新版本：conda create -n qgis -c conda-forge qgis geopandas pyogrio</translation>
    </message>
    <message>
        <source>It contains all findings, also those that the filter of the list hides.</source>
        <translation>文件含全部问题，包括列表筛选所隐藏的。</translation>
    </message>
    <message>
        <source>Items not taken</source>
        <translation>未采用的项数</translation>
    </message>
    <message>
        <source>Its edges are the right ones, although it is a survey of another year or source</source>
        <translation>确认以其边线为准（调查成果，年份或来源可能不同）</translation>
    </message>
    <message>
        <source>JSON (*.json)</source>
        <translation>JSON (*.json)</translation>
    </message>
    <message>
        <source>JSON Report…</source>
        <translation>JSON 报告…</translation>
    </message>
    <message>
        <source>Keep Mine</source>
        <translation>保留已有修改</translation>
    </message>
    <message>
        <source>Keep unchanged</source>
        <translation>不变</translation>
    </message>
    <message>
        <source>Kept as you edited them: {names}.</source>
        <translation>已保留原有修改：{names}。</translation>
    </message>
    <message>
        <source>Keys of candidates that are not wanted, separated by commas</source>
        <translation>不选的图斑标识码，以逗号分隔</translation>
    </message>
    <message>
        <source>Keys: check all F8, next and previous finding F9 and Shift+F9; in the list Enter zooms, W waives, Ctrl+C copies, F1 explains the rule. To change keys: Settings ▸ Keyboard Shortcuts.</source>
        <translation>快捷键：全面检查 F8，下一个、上一个问题 F9、Shift+F9；列表中 Enter 缩放，W 豁免，Ctrl+C 复制，F1 查看规则说明。可在“设置 ▸ 键盘快捷键”中更改。</translation>
    </message>
    <message>
        <source>Known only after the next full check: %1</source>
        <translation>须全面检查后才能更新：%1</translation>
    </message>
    <message>
        <source>LOWER_PLAN: the rows are the planned parcels of a detailed plan (detailed) or of a village plan (village). Parcels of construction are reviewed one by one; all of them are compared with BOUNDARY (gaps, land outside, overlaps) and summed by use, and for a village plan with the limits of the flexible quota and of rural industry (profile, [lower_plan]).</source>
        <translation>LOWER_PLAN：各行为详细规划（detailed）或村庄规划（village）的规划用地。建设用地逐个地块审查；全部地块与规划范围 BOUNDARY 核对（空缺、超出、重叠），按用途汇总；村庄规划另核对机动指标和乡村产业用地的限值（县配置 [lower_plan]）。</translation>
    </message>
    <message>
        <source>Land</source>
        <translation>地块</translation>
    </message>
    <message>
        <source>Land class</source>
        <translation>地类</translation>
    </message>
    <message>
        <source>Land on which drafts differ</source>
        <translation>方案差异</translation>
    </message>
    <message>
        <source>Land that is chosen to stay (layer)</source>
        <translation>选定保留的范围（图层）</translation>
    </message>
    <message>
        <source>Land that leaves or comes</source>
        <translation>调出、调入的地块</translation>
    </message>
    <message>
        <source>Land that leaves or comes (draft)</source>
        <translation>调出调入地块（草案）</translation>
    </message>
    <message>
        <source>Land that stays</source>
        <translation>锁定范围</translation>
    </message>
    <message>
        <source>Land use</source>
        <translation>地类</translation>
    </message>
    <message>
        <source>Language of findings and reports</source>
        <translation>问题和报告的语言</translation>
    </message>
    <message>
        <source>Largest misclosure, as a share of the control area (empty: the default)</source>
        <translation>允许的闭合差占控制面积的比例（留空：按设置）</translation>
    </message>
    <message>
        <source>Largest move of a vertex (m)</source>
        <translation>节点最大位移（米）</translation>
    </message>
    <message>
        <source>Last check</source>
        <translation>上次检查</translation>
    </message>
    <message>
        <source>Last check %1, now %2</source>
        <translation>上次检查 %1 → %2</translation>
    </message>
    <message>
        <source>Last result, of former data or settings: {verdict}</source>
        <translation>上次结果（数据或设定变化之前）：{verdict}</translation>
    </message>
    <message>
        <source>Later edition</source>
        <translation>后一版</translation>
    </message>
    <message>
        <source>Later edits have corrected these errors.</source>
        <translation>后续编辑已改正这些错误。</translation>
    </message>
    <message>
        <source>Later survey (.gdb, .gpkg or folder)</source>
        <translation>后一年度调查（.gdb、.gpkg 或文件夹）</translation>
    </message>
    <message>
        <source>Layer</source>
        <translation>图层</translation>
    </message>
    <message>
        <source>Layer Roles</source>
        <translation>图层角色</translation>
    </message>
    <message>
        <source>Layer Roles…</source>
        <translation>图层角色…</translation>
    </message>
    <message>
        <source>Layer codes, separated by commas (empty: all that may change)</source>
        <translation>图层代码，逗号分隔（空：可重编的全部图层）</translation>
    </message>
    <message>
        <source>Layer groups</source>
        <translation>图层组</translation>
    </message>
    <message>
        <source>Layer groups with symbols, forms and code lists; division code {code} and name {county} filled in; BSM numbered automatically and MJ updated with the statutory area.
Snapping to vertices and segments (10 pixels), topological editing; new shapes avoid overlaps in layers that must not overlap.
Map themes: {themes}. Bookmarks by township as soon as the layer of townships has features.</source>
        <translation>图层分组，带符号、表单和代码表；行政区代码 {code} 和名称 {county} 自动填写；标识码自动编号，面积 MJ 随编辑按图斑椭球面积更新。
捕捉顶点和线段（10 像素）、拓扑编辑；不允许重叠的图层，新绘图形自动避让已有图形。
地图主题：{themes}。乡镇级行政区有要素后，自动按乡镇建立书签。</translation>
    </message>
    <message>
        <source>Layer in the project</source>
        <translation>工程中的图层</translation>
    </message>
    <message>
        <source>Layer in the template</source>
        <translation>转换后的图层</translation>
    </message>
    <message>
        <source>Layer of findings</source>
        <translation>问题图层</translation>
    </message>
    <message>
        <source>Layer of projects</source>
        <translation>项目图层</translation>
    </message>
    <message>
        <source>Layer of the plan</source>
        <translation>规划图层</translation>
    </message>
    <message>
        <source>Layer of use control (GeoPackage)</source>
        <translation>用途管制图层（GeoPackage）</translation>
    </message>
    <message>
        <source>Layer “{layer}” is in a FileGDB: this QGIS ({detail}) can damage features of “{file}” when it saves an edited feature that needs more space. Copy the layer to a GeoPackage and edit it there, or use a QGIS with GDAL 3.9 or newer.</source>
        <translation>图层“{layer}”在 FileGDB 中：本机 QGIS（{detail}）保存占用空间变大的要素时，可能损坏“{file}”中的要素。请将图层转为 GeoPackage 后编辑，或改用含 GDAL 3.9 以上版本的 QGIS。</translation>
    </message>
    <message>
        <source>Layers</source>
        <translation>图层</translation>
    </message>
    <message>
        <source>Layers (*.gpkg *.shp)</source>
        <translation>图层 (*.gpkg *.shp)</translation>
    </message>
    <message>
        <source>Layers (*.shp *.gpkg *.geojson *.json);;All files (*)</source>
        <translation>图层 (*.shp *.gpkg *.geojson *.json);;全部文件 (*)</translation>
    </message>
    <message>
        <source>Layers and fields</source>
        <translation>图层与字段</translation>
    </message>
    <message>
        <source>Layers and tables (*.gpkg *.shp *.xlsx *.csv)</source>
        <translation>图层和清单 (*.gpkg *.shp *.xlsx *.csv)</translation>
    </message>
    <message>
        <source>Layers from a table of attribute structures</source>
        <translation>按属性结构描述表建库</translation>
    </message>
    <message>
        <source>Layers made</source>
        <translation>新建图层数</translation>
    </message>
    <message>
        <source>Layers missing: {names}.</source>
        <translation>缺图层：{names}。</translation>
    </message>
    <message>
        <source>Layers of the Selected Findings</source>
        <translation>选中问题所在图层</translation>
    </message>
    <message>
        <source>Layers of the plan</source>
        <translation>规划图层</translation>
    </message>
    <message>
        <source>Layers of the project</source>
        <translation>工程图层</translation>
    </message>
    <message>
        <source>Layers of the project (empty: all)</source>
        <translation>工程中的图层（不选为全部）</translation>
    </message>
    <message>
        <source>Layers that changed</source>
        <translation>有变化的图层数</translation>
    </message>
    <message>
        <source>Layers written</source>
        <translation>写出的图层</translation>
    </message>
    <message>
        <source>Layouts keep their present layers and symbols. Edit them under Project → Layouts.</source>
        <translation>布局中的图层和符号按当前状态固定，不受图层面板后续修改的影响。布局可在“工程 → 布局”中修改。</translation>
    </message>
    <message>
        <source>Leave out counties that cannot be gathered</source>
        <translation>不能汇入的县不汇入</translation>
    </message>
    <message>
        <source>Leave personal data out</source>
        <translation>不含个人信息</translation>
    </message>
    <message>
        <source>Ledger (table or layer)</source>
        <translation>台账（表格或图层）</translation>
    </message>
    <message>
        <source>Left empty</source>
        <translation>未填的值</translation>
    </message>
    <message>
        <source>Left out of the public edition</source>
        <translation>公开版略去的内容</translation>
    </message>
    <message>
        <source>Licence: GPL-2.0-or-later. Symbols and several settings are proposals (mark C): each can be replaced.</source>
        <translation>许可证：GPL-2.0-or-later。符号和部分设置为建议（来源级别 C），均可替换。</translation>
    </message>
    <message>
        <source>Limit %1</source>
        <translation>上限 %1</translation>
    </message>
    <message>
        <source>Line</source>
        <translation>线</translation>
    </message>
    <message>
        <source>List New Errors</source>
        <translation>列出新错误</translation>
    </message>
    <message>
        <source>List of counties (in place of the folder)</source>
        <translation>各县清单（代替文件夹）</translation>
    </message>
    <message>
        <source>List of earlier editions (xlsx or csv)</source>
        <translation>早先各期的清单（xlsx 或 csv）</translation>
    </message>
    <message>
        <source>List of editions (in place of the editions)</source>
        <translation>各期数据清单（代替各期数据）</translation>
    </message>
    <message>
        <source>List of gaps</source>
        <translation>空号清单</translation>
    </message>
    <message>
        <source>List of projects (rows are added)</source>
        <translation>项目名单（只增加行）</translation>
    </message>
    <message>
        <source>List only findings on the package itself (rules DOC), not those on the features of its layers</source>
        <translation>只列成果包本身的问题（DOC 规则），不列包内图层要素的问题</translation>
    </message>
    <message>
        <source>List only findings that a fix is made for; Fix All shows which of them it can end</source>
        <translation>只列出有修复方法的问题；能否修复，以批量修复的试算为准</translation>
    </message>
    <message>
        <source>List only the new errors that the message after saving named</source>
        <translation>只列出保存后提示的新错误</translation>
    </message>
    <message>
        <source>List the values that were not converted (xlsx, in the folder of the output)</source>
        <translation>另存无法转换的值的清单（xlsx，与结果在同一文件夹）</translation>
    </message>
    <message>
        <source>List…</source>
        <translation>清单…</translation>
    </message>
    <message>
        <source>Live Check</source>
        <translation>实时检查</translation>
    </message>
    <message>
        <source>Load the layers into the project</source>
        <translation>将图层加入工程</translation>
    </message>
    <message>
        <source>Logged in {file}.</source>
        <translation>已记入 {file}。</translation>
    </message>
    <message>
        <source>Made as xlsx; save it as mdb with Access if the receiver requires it</source>
        <translation>导出时生成 xlsx；接收单位要求 mdb 的，用 Access 另存</translation>
    </message>
    <message>
        <source>Made with the package</source>
        <translation>导出时生成</translation>
    </message>
    <message>
        <source>Main function {name}</source>
        <translation>主体功能　{name}</translation>
    </message>
    <message>
        <source>Make Layouts</source>
        <translation>生成布局</translation>
    </message>
    <message>
        <source>Make Layouts…</source>
        <translation>生成布局…</translation>
    </message>
    <message>
        <source>Make Report</source>
        <translation>生成报告</translation>
    </message>
    <message>
        <source>Make missing maps</source>
        <translation>未提供的图件由插件生成</translation>
    </message>
    <message>
        <source>Make the maps that the folder lacks</source>
        <translation>生成文档文件夹中没有的图件</translation>
    </message>
    <message>
        <source>Makes the maps of the county's plan with title, legend, scale, north arrow, locator and title block, and writes them as jpg (at least 300 dpi) and pdf, with the file names of the submission: code, name, number, title.

Maps: {maps}. Separate several maps by commas; if empty, all possible maps are made. A map whose layers are missing is omitted, with the reason in the log.

If the project has a layout for a map (Make Layouts), that layout is exported unchanged.

By township: in addition, one page for each township from every map of the whole county.

The window does not respond while a page is drawn; Cancel takes effect between pages. Files are replaced after all pages are made. The files do not contain the names of user and computer.

Order, numbers and titles of the maps have no verified source (mark C). To change them, edit a copy of resources/layouts/maps.toml and choose it as the map set.</source>
        <translation>生成本县规划的成果图件：图名、图例、比例尺、指北针、位置示意和图签齐全，导出为 jpg（不低于 300 dpi）和 pdf，文件按汇交要求命名：行政区代码、行政区名称、序号、图件名称。

图件：{maps}。可填多个，用逗号隔开；留空则生成全部可生成的图件。缺图层的图件不生成，日志中写明所缺图层。

工程中已有该图件的布局（“生成布局…”）的，按该布局导出。

分乡镇：县域图件之外，每个乡镇另生成一页。

绘制每页时窗口暂无响应，两页之间可以取消。全部页面完成后再替换原有文件。文件不含用户名和本机信息。

图件的种类、顺序、序号和名称未核对标准原文（来源级别 C）：可复制 resources/layouts/maps.toml 修改后作为图件目录。</translation>
    </message>
    <message>
        <source>Mandatory</source>
        <translation>必须</translation>
    </message>
    <message>
        <source>Manifest, metadata and page of a forced package state that it was forced, with all reasons, so recipients can see this. Values that cannot be written without loss still stop the export.</source>
        <translation>强制生成的成果包，清单和元数据中写明“强制生成”及各项原因，接收方可以查看。写出后会丢失内容的，仍不生成。</translation>
    </message>
    <message>
        <source>Manual</source>
        <translation>使用手册</translation>
    </message>
    <message>
        <source>Map Fields</source>
        <translation>字段映射</translation>
    </message>
    <message>
        <source>Map Fields…</source>
        <translation>字段映射…</translation>
    </message>
    <message>
        <source>Map a layer into a template</source>
        <translation>字段映射：图层入模板</translation>
    </message>
    <message>
        <source>Map approval number</source>
        <translation>审图号</translation>
    </message>
    <message>
        <source>Map approval number (public maps only)</source>
        <translation>审图号（仅公开的图件）</translation>
    </message>
    <message>
        <source>Map set (.toml; empty: that of the plugin)</source>
        <translation>图件目录（.toml；留空为内置目录）</translation>
    </message>
    <message>
        <source>Mapping (*.toml)</source>
        <translation>字段映射 (*.toml)</translation>
    </message>
    <message>
        <source>Mapping of fields (empty: proposed)</source>
        <translation>字段映射文件（留空：自动推得）</translation>
    </message>
    <message>
        <source>Mapping of layers (layers, project, or path of a .toml file)</source>
        <translation>图层对应关系（layers、project，或自编 .toml 的路径）</translation>
    </message>
    <message>
        <source>Mapping saved: {file}.</source>
        <translation>字段映射已保存：{file}。</translation>
    </message>
    <message>
        <source>Mapping used</source>
        <translation>所用的字段映射</translation>
    </message>
    <message>
        <source>Mapping {layer}…</source>
        <translation>正在映射 {layer}…</translation>
    </message>
    <message>
        <source>Maps (empty: all)</source>
        <translation>图件（留空：全部）</translation>
    </message>
    <message>
        <source>Maps made</source>
        <translation>已生成的图件数</translation>
    </message>
    <message>
        <source>Maps not made</source>
        <translation>未生成的图件</translation>
    </message>
    <message>
        <source>Maps: the plugin makes the maps that the specification lists and the folder lacks, from the exported layers and with the resolution of the specification. Log and manifest list the maps that were not made, with the reasons. Put other maps (from export_maps or another program) into the folder under the required name; they are copied unchanged. The window does not respond while a page is drawn; Cancel takes effect between pages.</source>
        <translation>图件：样式列出而文档文件夹中没有的，由插件按写入成果包的图层生成，分辨率按样式；未生成的图件及原因写入日志和清单。自行制作的图件（由 export_maps 或其他软件生成）按样式要求的名称放入文档文件夹，原样收入。绘制每页时窗口暂无响应，“取消”在两页之间生效。</translation>
    </message>
    <message>
        <source>Margin</source>
        <translation>余缺</translation>
    </message>
    <message>
        <source>Margin to the target</source>
        <translation>余量</translation>
    </message>
    <message>
        <source>May grow by %1</source>
        <translation>还可扩 %1</translation>
    </message>
    <message>
        <source>Measured when appended</source>
        <translation>追加时量算</translation>
    </message>
    <message>
        <source>Merge Townships…</source>
        <translation>按乡镇合并…</translation>
    </message>
    <message>
        <source>Merge township packages</source>
        <translation>合并乡镇工作包</translation>
    </message>
    <message>
        <source>Merge work lists</source>
        <translation>合并工作清单</translation>
    </message>
    <message>
        <source>Merged changes</source>
        <translation>已合并的修改数</translation>
    </message>
    <message>
        <source>Merged copy (format of the data)</source>
        <translation>合并结果（格式与数据相同）</translation>
    </message>
    <message>
        <source>Merged “{name}”: {taken} rows updated, {added} added, {conflicts} conflicts.</source>
        <translation>已合并“{name}”：更新 {taken} 行，新增 {added} 行，冲突 {conflicts} 行。</translation>
    </message>
    <message>
        <source>Merges edited township packages into a copy of the county. Neither the county nor a package changes.

Each row is compared three ways: the row handed out, the row in the county now, and the row in the package. What only a package changed, added or deleted is merged. A contradiction is never lost: both sides changed a row differently, one deleted what the other changed, a read-only neighbour was changed, new rows have one key, two packages of one township differ. The workbook lists all versions, and the layers next to it (NAME_contradictions.gpkg) have their shapes.

Contradictions: ask writes the county's version and lists the row as undecided, county and package decide for one side. Changes of neighbours are never merged.

New keys: new features without a key, or with a key in use, are numbered above all numbers in use.

Seams: gaps, overlaps, stops, shifts and changes of code at township borders that the merge has made. A layer that is missing in a package is not taken for a deletion; new fields and layers are reported, not merged. Give the folder with the packages, or one package.</source>
        <translation>将编辑后的乡镇工作包合并到县级数据的副本。县级数据和工作包都不改动。

每个要素作三方比对：分发时、县级数据现在、工作包现在。只有工作包修改、新增、删除的，予以合并。矛盾不会丢失：双方对同一要素的修改不同，一方删除另一方修改，邻区只读要素被改动，新增要素的标识码重复，同一乡镇的两个工作包不同。合并记录列出各个版本，其图形在同一文件夹的图层（名称_contradictions.gpkg）中。

矛盾的处理：ask 暂用县级数据并列为待定，county、package 分别采用县级数据、工作包。邻区要素的改动一律不合并。

编新号：新增要素没有标识码，或标识码已被使用的，在已用的最大号之后编号。

接边：合并后在乡镇界线处新出现的间隙、重叠、中断、错位和代码不一致。工作包缺少的图层不视为删除；新增的字段和图层只说明，不合并。请给出存放工作包的文件夹，或一个工作包。</translation>
    </message>
    <message>
        <source>Merges parts of a work list, or a findings ledger (xlsx) that was filled in, into the list, which is changed. Of a ledger only state, assignee and remark are taken.

A row that both sides changed to different values since the split is a conflict: the list is unchanged, and the table of conflicts names both versions. Fill its column 采用 with 本清单 (the list) or 来稿 (the part), and merge again with that table.</source>
        <translation>将拆分出的清单或填好的问题台账（xlsx）合并到工作清单，清单随之改动。台账只取状态、负责人、备注。

拆分之后双方把同一行改成不同内容的为冲突：清单不变，冲突表列出双方内容。在采用列填本清单或来稿，以该表再次合并。</translation>
    </message>
    <message>
        <source>Merges planning zones into the three zones (agricultural, ecological and urban space) and computes their statutory areas. The input is not changed.

The table [three_zones] assigns zone codes to spaces; a county profile can change single lines, and the table of the standard is not verified (mark C). Land that belongs to none of the three zones, and zones whose code is not in the table, are kept as separate rows; codes that are not in the table are listed.

Shared edges of zones are kept unchanged. Overlaps within one space count once; overlaps between two spaces count in both, and their area is reported. Multipart features are split into single parts.

County: with the layer of the county, the share of each space in the county is reported.</source>
        <translation>将规划分区归并为三区（农业空间、生态空间、城镇空间），列出各自的图斑椭球面积。原图层不改动。

分区代码所属空间由对应表 [three_zones] 决定，县配置可以逐行修改；标准内置的对应关系未经核实（来源级别 C）。按规定不划入三区的土地和对应表中没有的代码各成一类，保留在结果中；没有对应的代码逐个列出。

相邻分区的公共边原样保留。同一空间内重叠的只计一次；跨空间重叠的重复计入，并列出面积。多部件要素拆分为单部件。

县界：提供县界图层的，列出各空间占全县的比例。</translation>
    </message>
    <message>
        <source>Merge…</source>
        <translation>合并清单…</translation>
    </message>
    <message>
        <source>Method</source>
        <translation>修复方式</translation>
    </message>
    <message>
        <source>Misclosure, sum (m²)</source>
        <translation>闭合差合计（m²）</translation>
    </message>
    <message>
        <source>Missing library: {name}. See Environment Check.</source>
        <translation>缺少依赖库：{name}。见“环境自检”。</translation>
    </message>
    <message>
        <source>Mode</source>
        <translation>方式</translation>
    </message>
    <message>
        <source>Mode (empty: retreat)</source>
        <translation>方式（不填为 retreat，只调出）</translation>
    </message>
    <message>
        <source>More counties at the same time take more memory. With 1, the counties are checked one after the other inside QGIS.</source>
        <translation>同时检查的县越多，占用内存越多。填 1 时在 QGIS 中逐县检查。</translation>
    </message>
    <message>
        <source>Most areas differ from those of the shapes; see below.</source>
        <translation>多数面积与图形不符，见下。</translation>
    </message>
    <message>
        <source>Move to Top</source>
        <translation>移到最上层</translation>
    </message>
    <message>
        <source>Moved in (m²)</source>
        <translation>调入（m²）</translation>
    </message>
    <message>
        <source>Moved or changed parts</source>
        <translation>调入、调出和属性变更的地块</translation>
    </message>
    <message>
        <source>Moved out (m²)</source>
        <translation>调出（m²）</translation>
    </message>
    <message>
        <source>Must shrink by %1</source>
        <translation>须减 %1</translation>
    </message>
    <message>
        <source>N1 then</source>
        <translation>其后 N1</translation>
    </message>
    <message>
        <source>N1: the whole boundary</source>
        <translation>N1 开发边界全部</translation>
    </message>
    <message>
        <source>N2: concentrated and flexible zones</source>
        <translation>N2 集中建设区与弹性发展区</translation>
    </message>
    <message>
        <source>N3: base and new land</source>
        <translation>N3 基数与新增用地</translation>
    </message>
    <message>
        <source>Name</source>
        <translation>名称</translation>
    </message>
    <message>
        <source>Name for Changes…</source>
        <translation>更新人姓名…</translation>
    </message>
    <message>
        <source>Name from the code list</source>
        <translation>名称取自代码表</translation>
    </message>
    <message>
        <source>Name in the work list</source>
        <translation>工作清单中的姓名</translation>
    </message>
    <message>
        <source>Name in waivers and in the log of fixes</source>
        <translation>登记豁免和修复记录中的姓名</translation>
    </message>
    <message>
        <source>Name of the account</source>
        <translation>默认为系统账户的姓名</translation>
    </message>
    <message>
        <source>Name or code of the county</source>
        <translation>县名或代码</translation>
    </message>
    <message>
        <source>Name that is stored with your changes</source>
        <translation>随改动记入清单的姓名</translation>
    </message>
    <message>
        <source>Name, number and applicant, which the opinion prints</source>
        <translation>审查意见上的名称、编号和申请单位</translation>
    </message>
    <message>
        <source>Names and codes of layers</source>
        <translation>图层名称和代码</translation>
    </message>
    <message>
        <source>Names filled</source>
        <translation>已填写的名称</translation>
    </message>
    <message>
        <source>Names not filled</source>
        <translation>没有填写的名称</translation>
    </message>
    <message>
        <source>Names, kinds and levels of what is protected, a row each (rule LAW024)</source>
        <translation>保护对象的名称、类型、级别，一行一处（规则 LAW024 名录中的保护对象与数据一致）</translation>
    </message>
    <message>
        <source>Needs confirmation: {reason}</source>
        <translation>须确认：{reason}</translation>
    </message>
    <message>
        <source>Neighbouring pairs</source>
        <translation>相邻县区对数</translation>
    </message>
    <message>
        <source>Neighbours (read-only)</source>
        <translation>邻区（只读）</translation>
    </message>
    <message>
        <source>Net area ha</source>
        <translation>净面积（公顷）</translation>
    </message>
    <message>
        <source>Net area proposed (m²)</source>
        <translation>拟补划净面积（m²）</translation>
    </message>
    <message>
        <source>Net area taken (m²)</source>
        <translation>占用净面积（m²）</translation>
    </message>
    <message>
        <source>Net areas stay empty, which ATT003 reports on cultivated land; compute them in the field calculator from gross area and deduction: {fields}.</source>
        <translation>净面积保持为空，检查时 ATT003 会在耕地上报出；请在字段计算器中用图斑面积减扣除面积计算：{fields}。</translation>
    </message>
    <message>
        <source>New County Plan</source>
        <translation>新建县级规划项目</translation>
    </message>
    <message>
        <source>New County Plan…</source>
        <translation>新建县级规划项目…</translation>
    </message>
    <message>
        <source>New Layers</source>
        <translation>新建图层</translation>
    </message>
    <message>
        <source>New Layers…</source>
        <translation>新建图层…</translation>
    </message>
    <message>
        <source>New errors only</source>
        <translation>只列新错误</translation>
    </message>
    <message>
        <source>New findings</source>
        <translation>新问题</translation>
    </message>
    <message>
        <source>New findings {count}</source>
        <translation>新问题 {count}</translation>
    </message>
    <message>
        <source>New layers</source>
        <translation>新建图层</translation>
    </message>
    <message>
        <source>New project</source>
        <translation>新项目</translation>
    </message>
    <message>
        <source>New project (batch: {count})</source>
        <translation>新项目（批量 {count} 个）</translation>
    </message>
    <message>
        <source>New seams</source>
        <translation>新出现的接边问题数</translation>
    </message>
    <message>
        <source>Next</source>
        <translation>下一个</translation>
    </message>
    <message>
        <source>Next Open</source>
        <translation>下一个未完成</translation>
    </message>
    <message>
        <source>Next Step</source>
        <translation>下一步</translation>
    </message>
    <message>
        <source>Next finding that needs work, in the order of the list (N)</source>
        <translation>按列表次序转到下一个未完成的问题（N）</translation>
    </message>
    <message>
        <source>No alignment can be offered.</source>
        <translation>没有可用的对齐方式。</translation>
    </message>
    <message>
        <source>No alignment can be offered; the reason is above.</source>
        <translation>没有可用的对齐方式，原因见上方。</translation>
    </message>
    <message>
        <source>No browser found</source>
        <translation>没有找到浏览器</translation>
    </message>
    <message>
        <source>No check can run without {lack}.</source>
        <translation>缺少 {lack}，不能检查。</translation>
    </message>
    <message>
        <source>No check can run without {lack}. Plugins ▸ Sanxian ▸ Environment Check… lists what to install.</source>
        <translation>缺少 {lack}，不能检查。安装办法见菜单 插件 → 三区三线 → 环境自检…。</translation>
    </message>
    <message>
        <source>No draft can be offered.</source>
        <translation>没有可用的草案。</translation>
    </message>
    <message>
        <source>No draft can be offered; the reason is above.</source>
        <translation>没有可用的草案，原因见上。</translation>
    </message>
    <message>
        <source>No expiry date</source>
        <translation>长期有效</translation>
    </message>
    <message>
        <source>No feature of “{layer}” is selected. Select the projects.</source>
        <translation>图层“{layer}”没有选中要素。请选中项目。</translation>
    </message>
    <message>
        <source>No file was written, because no group of layers was chosen to check.</source>
        <translation>未选择检查的图层组，没有生成任何文件。</translation>
    </message>
    <message>
        <source>No finding matches the filter ({count} in all).</source>
        <translation>没有符合筛选条件的问题（共 {count} 处）。</translation>
    </message>
    <message>
        <source>No finding, but {count} rules could not be checked completely, so the plan does not pass.</source>
        <translation>没有发现问题，但有 {count} 条规则未能完整检查，不得视为通过。</translation>
    </message>
    <message>
        <source>No findings remain after the edits. Run a full check to determine whether the county passes.</source>
        <translation>编辑后不再有问题。是否通过，以全面检查为准。</translation>
    </message>
    <message>
        <source>No fix can be offered; the reasons are above.</source>
        <translation>没有可用的修复方式，原因见上方。</translation>
    </message>
    <message>
        <source>No fix for this kind of finding. Follow “How to fix” in the panel.</source>
        <translation>此类问题没有修复方式，请按面板中的“整改建议”处理。</translation>
    </message>
    <message>
        <source>No fix is made for {count} more.</source>
        <translation>另有 {count} 个没有修复方法。</translation>
    </message>
    <message>
        <source>No layer</source>
        <translation>无图层</translation>
    </message>
    <message>
        <source>No layer of the package can be opened.</source>
        <translation>成果包中没有可打开的图层。</translation>
    </message>
    <message>
        <source>No layer of townships (XZQXZ) was recognised. Choose it under Layer Roles.</source>
        <translation>未识别到乡镇级行政区图层（XZQXZ）。请在“图层角色”中指定。</translation>
    </message>
    <message>
        <source>No layer, field or code contains these words.</source>
        <translation>没有含查找内容的图层、字段或代码。</translation>
    </message>
    <message>
        <source>No layout was made ({error}). Details are in the log, tab Sanxian.</source>
        <translation>未生成布局（{error}）。详情见日志面板的 Sanxian 页。</translation>
    </message>
    <message>
        <source>No listed finding is left to fix.</source>
        <translation>列表中没有待处理的问题。</translation>
    </message>
    <message>
        <source>No location on the map</source>
        <translation>没有图上位置</translation>
    </message>
    <message>
        <source>No longer ticked, as the fix has changed: {reason}</source>
        <translation>已取消勾选，修复方式有变：{reason}</translation>
    </message>
    <message>
        <source>No longer ticked, as there is no fix now: {reason}</source>
        <translation>已取消勾选，现已不能修复：{reason}</translation>
    </message>
    <message>
        <source>No new findings</source>
        <translation>没有新问题</translation>
    </message>
    <message>
        <source>No new findings since the full check</source>
        <translation>全面检查以来没有新增问题</translation>
    </message>
    <message>
        <source>No new findings, rules below aside</source>
        <translation>除下列规则外，没有新问题</translation>
    </message>
    <message>
        <source>No parent: the limits of the standard apply. Enter the targets of the county below.</source>
        <translation>未选上级配置，上限采用数据标准的规定。请在下方填写本县目标值。</translation>
    </message>
    <message>
        <source>No plan layer was recognised, so no form was set. Choose layers under Layer Roles.</source>
        <translation>未识别到规划图层，未设置表单。请在“图层角色”中指定图层。</translation>
    </message>
    <message>
        <source>No plan layer was recognised, so no symbol was set. Choose layers under Layer Roles.</source>
        <translation>未识别到规划图层，符号未改动。请在“图层角色”中指定图层。</translation>
    </message>
    <message>
        <source>No plan layer was recognised, so nothing was applied. Choose layers under Layer Roles.</source>
        <translation>未识别到规划图层，未作任何改动。请在“图层角色”中指定图层。</translation>
    </message>
    <message>
        <source>No plan layer yet. Begin with a new county plan, add your own plan layers to the project, or try the sample county.</source>
        <translation>工程中还没有规划图层。可以新建县级规划项目，将已有的规划图层添加到工程，或打开示例县。</translation>
    </message>
    <message>
        <source>No program on this computer opens this file or folder. It is here:</source>
        <translation>本机没有能打开该文件或文件夹的程序。位置：</translation>
    </message>
    <message>
        <source>No program that opens web pages was found. Open this file in a browser:</source>
        <translation>没有找到能打开网页的程序。请用浏览器打开该文件：</translation>
    </message>
    <message>
        <source>No such layer, or several of that name. Write @layer, or the name of one layer.</source>
        <translation>没有该图层，或有多个同名图层。请写 @layer，或写唯一的图层名称。</translation>
    </message>
    <message>
        <source>No township</source>
        <translation>（无乡镇）</translation>
    </message>
    <message>
        <source>No value of this field needs a choice.</source>
        <translation>该字段没有需要选定代码的值。</translation>
    </message>
    <message>
        <source>No verdict</source>
        <translation>没有结论</translation>
    </message>
    <message>
        <source>No verdict before</source>
        <translation>上次无结论</translation>
    </message>
    <message>
        <source>None</source>
        <translation>全不勾选</translation>
    </message>
    <message>
        <source>None of the findings has a fix; the table has the reasons.</source>
        <translation>所选问题都没有修复方式，原因见表。</translation>
    </message>
    <message>
        <source>None: no comparison with the sealed edition</source>
        <translation>不填：不与封库版本比对</translation>
    </message>
    <message>
        <source>None: no targets, limits of the standard</source>
        <translation>不用县配置（没有目标值，用标准的限值）</translation>
    </message>
    <message>
        <source>None: settings of the standard only</source>
        <translation>不选：只采用标准的设置</translation>
    </message>
    <message>
        <source>None: sites are not compared with a register</source>
        <translation>不填：不与名录比对</translation>
    </message>
    <message>
        <source>None: tasks are not allocated to townships</source>
        <translation>不填：没有分解到乡镇的任务</translation>
    </message>
    <message>
        <source>Not all settings are confirmed by the county, so the verdict is at best conditional.</source>
        <translation>尚有设置未经本县确认，结论最高为“有条件通过”。</translation>
    </message>
    <message>
        <source>Not assigned</source>
        <translation>未分派</translation>
    </message>
    <message>
        <source>Not checked yet. The figures come from the layers of the last check.</source>
        <translation>还没有检查过。占用情况取自最近一次检查的图层。</translation>
    </message>
    <message>
        <source>Not checked yet: the export checks first.</source>
        <translation>尚未检查：导出时先全面检查。</translation>
    </message>
    <message>
        <source>Not checked, because another group was chosen: {layers}</source>
        <translation>不参加检查的图层（已选择检查另一组）：{layers}</translation>
    </message>
    <message>
        <source>Not converted</source>
        <translation>无法转换的值</translation>
    </message>
    <message>
        <source>Not done yet / all, of the work list</source>
        <translation>工作清单中未完成的个数／全部个数</translation>
    </message>
    <message>
        <source>Not entered: a figure of a township. Choose its table under Check settings.</source>
        <translation>不填入：乡镇的数值。乡镇任务表请在“检查设置”中选择。</translation>
    </message>
    <message>
        <source>Not entered: a line above has the same target and year.</source>
        <translation>不填入：上方已有同一指标、同一年份的数值。</translation>
    </message>
    <message>
        <source>Not entered: no figure was found.</source>
        <translation>不填入：没有找到数值。</translation>
    </message>
    <message>
        <source>Not entered: no target of this form has such a name.</source>
        <translation>不填入：本表没有这一指标。</translation>
    </message>
    <message>
        <source>Not entered: no unit of the target, such as 万亩, 公顷 or km².</source>
        <translation>不填入：缺少面积单位，如万亩、公顷、平方千米。</translation>
    </message>
    <message>
        <source>Not entered: several figures. Paste the row with its headings.</source>
        <translation>不填入：一行有多个数值，请连同表头一起粘贴。</translation>
    </message>
    <message>
        <source>Not entered: the limit of the ratio has its own field below the targets.</source>
        <translation>不填入：扩展倍数的上限在目标下方单独填写。</translation>
    </message>
    <message>
        <source>Not fixable</source>
        <translation>不能修复</translation>
    </message>
    <message>
        <source>Not fixable {count}</source>
        <translation>不能修复 {count}</translation>
    </message>
    <message>
        <source>Not fixable: explained only</source>
        <translation>不能修复：只作说明，不计入应用</translation>
    </message>
    <message>
        <source>Not found</source>
        <translation>没有找到</translation>
    </message>
    <message>
        <source>Not found: {name}</source>
        <translation>未找到：{name}</translation>
    </message>
    <message>
        <source>Not made, because layers are missing: {names}.</source>
        <translation>缺图层而未生成的：{names}。</translation>
    </message>
    <message>
        <source>Not made: {reason}</source>
        <translation>不生成：{reason}</translation>
    </message>
    <message>
        <source>Not needed: the level is not lowered</source>
        <translation>密级未降低，无需填写</translation>
    </message>
    <message>
        <source>Not passed</source>
        <translation>不通过</translation>
    </message>
    <message>
        <source>Not set</source>
        <translation>未设定</translation>
    </message>
    <message>
        <source>Not set: default severities of the rules</source>
        <translation>不分阶段：按规则的默认严重程度</translation>
    </message>
    <message>
        <source>Not set; a submission package uses the level in its specification</source>
        <translation>未设定；导出成果包时取成果包样式的密级</translation>
    </message>
    <message>
        <source>Not set; for example {date}</source>
        <translation>未设定，如 {date}</translation>
    </message>
    <message>
        <source>Not started: {name} is missing. See Environment Check.</source>
        <translation>未启动：缺少 {name}。详见“环境自检”。</translation>
    </message>
    <message>
        <source>Not taken over: {fields}.</source>
        <translation>没有写入的源字段：{fields}。</translation>
    </message>
    <message>
        <source>Not tried, or only near the changes; a full check decides: {codes}</source>
        <translation>未复检或仅复检周边的规则，以全面检查为准：{codes}</translation>
    </message>
    <message>
        <source>Not wanted</source>
        <translation>不选用</translation>
    </message>
    <message>
        <source>Note</source>
        <translation>备注</translation>
    </message>
    <message>
        <source>Note on {count} findings</source>
        <translation>{count} 个问题的备注</translation>
    </message>
    <message>
        <source>Notes</source>
        <translation>提示数</translation>
    </message>
    <message>
        <source>Note… (E)</source>
        <translation>备注…（E）</translation>
    </message>
    <message>
        <source>Nothing checked yet.</source>
        <translation>尚未检查。</translation>
    </message>
    <message>
        <source>Nothing is proposed.</source>
        <translation>没有方案。</translation>
    </message>
    <message>
        <source>Nothing is ticked. A fix to confirm can be ticked once its preview was shown.</source>
        <translation>未勾选任何修复。须确认的修复，查看预览后方可勾选。</translation>
    </message>
    <message>
        <source>Nothing to see on the map: attributes only, or a feature without a shape.</source>
        <translation>图上无可显示：只改属性，或要素没有图形。</translation>
    </message>
    <message>
        <source>Nothing was applied. {reason}</source>
        <translation>未应用任何修复。{reason}</translation>
    </message>
    <message>
        <source>Nothing was changed ({error}). Details are in the log, tab Sanxian.</source>
        <translation>未改动（{error}）。详情见日志面板的 Sanxian 页。</translation>
    </message>
    <message>
        <source>Nothing was made: the project has no plan layers.</source>
        <translation>未生成：工程中没有规划图层。</translation>
    </message>
    <message>
        <source>Nothing was saved ({error}). Details are in the log, tab Sanxian.</source>
        <translation>未保存（{error}）。详情见日志面板的 Sanxian 页。</translation>
    </message>
    <message>
        <source>Now</source>
        <translation>现在</translation>
    </message>
    <message>
        <source>Number</source>
        <translation>编号</translation>
    </message>
    <message>
        <source>Number new features whose key is in use</source>
        <translation>标识码已被使用的新增要素编新号</translation>
    </message>
    <message>
        <source>Number of the document that approves a change of {layer}. It is written to the change log.</source>
        <translation>批准改动{layer}的文号，将记入修复日志。</translation>
    </message>
    <message>
        <source>Number of the document that approves the use of permanent basic farmland. It is printed.</source>
        <translation>批准占用永久基本农田的文号，将印入报告。</translation>
    </message>
    <message>
        <source>Number of the supporting document</source>
        <translation>作为依据的批复、会议纪要等的文号</translation>
    </message>
    <message>
        <source>Numbered features</source>
        <translation>重编的要素数</translation>
    </message>
    <message>
        <source>Numbered when appended</source>
        <translation>追加时编号</translation>
    </message>
    <message>
        <source>Occupied</source>
        <translation>占用</translation>
    </message>
    <message>
        <source>Occupied parts (GeoPackage)</source>
        <translation>占用部分（GeoPackage）</translation>
    </message>
    <message>
        <source>Of all these targets; a new target needs one</source>
        <translation>用于上表全部指标；新填的目标须有依据文件</translation>
    </message>
    <message>
        <source>Of these, {layers} layers in {groups} groups will be created; the next step can change them</source>
        <translation>默认创建其中 {layers} 个图层（{groups} 组），下一步可改</translation>
    </message>
    <message>
        <source>Of {layers} layers in {groups} groups, those that the database lacks will be created</source>
        <translation>共 {layers} 个图层、{groups} 组，数据库中缺少的将补建</translation>
    </message>
    <message>
        <source>On the map</source>
        <translation>地图显示</translation>
    </message>
    <message>
        <source>On the map, without an area</source>
        <translation>在图上，不计面积</translation>
    </message>
    <message>
        <source>One edit step in the edit buffer; one undo (Ctrl+Z) reverts everything.</source>
        <translation>写入编辑缓冲，不直接保存；一步即可撤销（Ctrl+Z）。</translation>
    </message>
    <message>
        <source>One layer cannot have two roles: {layers}.</source>
        <translation>一个图层不能担任两个角色：{layers}。</translation>
    </message>
    <message>
        <source>Only for the secrecy level “{level}”: other results have no map approval number</source>
        <translation>密级为“{level}”时才能填写，其他成果不印审图号</translation>
    </message>
    <message>
        <source>Only give back</source>
        <translation>只退不进</translation>
    </message>
    <message>
        <source>Only the choices below</source>
        <translation>按下面的指定</translation>
    </message>
    <message>
        <source>Open</source>
        <translation>打开</translation>
    </message>
    <message>
        <source>Open Code List Folder</source>
        <translation>代码表文件夹</translation>
    </message>
    <message>
        <source>Open County Profile…</source>
        <translation>打开“县配置…”</translation>
    </message>
    <message>
        <source>Open Document Information…</source>
        <translation>打开“成果信息…”</translation>
    </message>
    <message>
        <source>Open Environment Check…</source>
        <translation>打开“环境自检…”</translation>
    </message>
    <message>
        <source>Open Folder</source>
        <translation>打开文件夹</translation>
    </message>
    <message>
        <source>Open Full Dictionary in Browser</source>
        <translation>在浏览器中打开全部内容</translation>
    </message>
    <message>
        <source>Open Layer Roles…</source>
        <translation>打开“图层角色…”</translation>
    </message>
    <message>
        <source>Open Manifest</source>
        <translation>打开清单</translation>
    </message>
    <message>
        <source>Open Mapping</source>
        <translation>打开字段映射</translation>
    </message>
    <message>
        <source>Open Mapping…</source>
        <translation>打开字段映射…</translation>
    </message>
    <message>
        <source>Open Sample County</source>
        <translation>打开示例县</translation>
    </message>
    <message>
        <source>Open Summary</source>
        <translation>打开汇总</translation>
    </message>
    <message>
        <source>Open findings: {counts}.</source>
        <translation>待处理：{counts}。</translation>
    </message>
    <message>
        <source>Open the feature's form</source>
        <translation>打开该要素的属性表单</translation>
    </message>
    <message>
        <source>Open the help of the rule</source>
        <translation>打开规则说明</translation>
    </message>
    <message>
        <source>Open the workbook</source>
        <translation>打开工作簿</translation>
    </message>
    <message>
        <source>Open “Feature codes” in County Profile…</source>
        <translation>打开“县配置”的“要素代码”页…</translation>
    </message>
    <message>
        <source>Opening the package's layers</source>
        <translation>打开成果包的图层</translation>
    </message>
    <message>
        <source>Opens the folder with the CSV file of the code list shown; its page explains how to add codes.</source>
        <translation>打开所示代码表的 CSV 文件所在的文件夹；补充代码的办法见该表的页面。</translation>
    </message>
    <message>
        <source>Opens the folder with the summary and the reports of all counties</source>
        <translation>打开存放汇总和各县报告的文件夹</translation>
    </message>
    <message>
        <source>Opens the page with map, verdicts and figures of all counties</source>
        <translation>打开汇总网页：各县分布图、结论与指标</translation>
    </message>
    <message>
        <source>Opens the user manual at this window</source>
        <translation>打开使用手册中关于本窗口的说明</translation>
    </message>
    <message>
        <source>Opinion (HTML)</source>
        <translation>审查意见（HTML）</translation>
    </message>
    <message>
        <source>Opinion to be signed (PDF)</source>
        <translation>签字用审查意见（PDF）</translation>
    </message>
    <message>
        <source>Opinion to be signed (Word)</source>
        <translation>签字用审查意见（Word）</translation>
    </message>
    <message>
        <source>Opinion, Word (*.docx);;Opinion, PDF (*.pdf);;Excel (*.xlsx);;GeoPackage (*.gpkg)</source>
        <translation>审查意见 Word (*.docx);;审查意见 PDF (*.pdf);;Excel (*.xlsx);;GeoPackage (*.gpkg)</translation>
    </message>
    <message>
        <source>Optional</source>
        <translation>可选</translation>
    </message>
    <message>
        <source>Order, first the line that stays (empty: farmland,red_line,boundary)</source>
        <translation>次序，先写保留的控制线（空：farmland,red_line,boundary）</translation>
    </message>
    <message>
        <source>Other Fixes…</source>
        <translation>其他修复方式…</translation>
    </message>
    <message>
        <source>Other Profile…</source>
        <translation>其他县配置…</translation>
    </message>
    <message>
        <source>Other coordinate system…</source>
        <translation>其他坐标系…</translation>
    </message>
    <message>
        <source>Other findings of the rule remain on the land of: {rules}</source>
        <translation>消除以下各项后，其范围内仍有同一规则的问题：{rules}</translation>
    </message>
    <message>
        <source>Other items</source>
        <translation>其他事项</translation>
    </message>
    <message>
        <source>Other limits</source>
        <translation>其他上限</translation>
    </message>
    <message>
        <source>Otherwise counties that could not be checked are tried again, also with unchanged data</source>
        <translation>不勾选时，未能检查的县区即使数据未变，也再次检查</translation>
    </message>
    <message>
        <source>Other…</source>
        <translation>其他…</translation>
    </message>
    <message>
        <source>Out m²</source>
        <translation>移出 m²</translation>
    </message>
    <message>
        <source>Outcome</source>
        <translation>结果</translation>
    </message>
    <message>
        <source>Outline of the county</source>
        <translation>县界</translation>
    </message>
    <message>
        <source>Outline within another of the same layer</source>
        <translation>同一图层的内圈（hole 为孔洞，separate 为单独的面）</translation>
    </message>
    <message>
        <source>Output folder</source>
        <translation>存放位置</translation>
    </message>
    <message>
        <source>Outputs</source>
        <translation>输出</translation>
    </message>
    <message>
        <source>Ownership and duties</source>
        <translation>权属和须落实事项</translation>
    </message>
    <message>
        <source>Ownership: {shares}</source>
        <translation>权属　{shares}</translation>
    </message>
    <message>
        <source>PDF (*.pdf)</source>
        <translation>PDF (*.pdf)</translation>
    </message>
    <message>
        <source>Package</source>
        <translation>成果包</translation>
    </message>
    <message>
        <source>Package (read-only copy)</source>
        <translation>成果包（只读副本）</translation>
    </message>
    <message>
        <source>Package only</source>
        <translation>只看成果包</translation>
    </message>
    <message>
        <source>Package specification</source>
        <translation>成果包样式</translation>
    </message>
    <message>
        <source>Package specification (*.toml)</source>
        <translation>成果包样式 (*.toml)</translation>
    </message>
    <message>
        <source>Package specification (id, or path of a .toml file; empty: county)</source>
        <translation>成果包样式（编号，或 .toml 文件路径；留空：county）</translation>
    </message>
    <message>
        <source>Package specification of the province (.toml)</source>
        <translation>本省的成果包样式（.toml）</translation>
    </message>
    <message>
        <source>Package: folder or zip</source>
        <translation>成果包：文件夹或 zip</translation>
    </message>
    <message>
        <source>Package: {name}</source>
        <translation>成果包名：{name}</translation>
    </message>
    <message>
        <source>Packages</source>
        <translation>工作包数</translation>
    </message>
    <message>
        <source>Packages, drawings and files of boundary points were not opened; drop them one by one: {names}.</source>
        <translation>成果包、图纸和界址点文件没有打开，请逐个拖入：{names}。</translation>
    </message>
    <message>
        <source>Page</source>
        <translation>图幅</translation>
    </message>
    <message>
        <source>Parameters</source>
        <translation>参数</translation>
    </message>
    <message>
        <source>Parameters of the displayed check</source>
        <translation>参数（当前检查结果所用的值）</translation>
    </message>
    <message>
        <source>Parcels</source>
        <translation>地块</translation>
    </message>
    <message>
        <source>Parcels (GeoPackage)</source>
        <translation>地块图层（GeoPackage）</translation>
    </message>
    <message>
        <source>Parcels left out</source>
        <translation>未读写的地块</translation>
    </message>
    <message>
        <source>Parcels moved in</source>
        <translation>调入地块数</translation>
    </message>
    <message>
        <source>Parcels moved in and out</source>
        <translation>调入调出地块</translation>
    </message>
    <message>
        <source>Parcels moved out</source>
        <translation>调出地块数</translation>
    </message>
    <message>
        <source>Parcels of changed cultivated land</source>
        <translation>耕地变化图斑</translation>
    </message>
    <message>
        <source>Part</source>
        <translation>内容</translation>
    </message>
    <message>
        <source>Partly checked</source>
        <translation>部分未检查</translation>
    </message>
    <message>
        <source>Parts</source>
        <translation>变化块数</translation>
    </message>
    <message>
        <source>Parts (xlsx or CSV), or a ledger (xlsx)</source>
        <translation>拆分出的清单（xlsx 或 CSV），或填好的台账（xlsx）</translation>
    </message>
    <message>
        <source>Parts to Merge</source>
        <translation>要合并的清单</translation>
    </message>
    <message>
        <source>Passed</source>
        <translation>通过</translation>
    </message>
    <message>
        <source>Passed with conditions</source>
        <translation>有条件通过</translation>
    </message>
    <message>
        <source>Paste a table from Excel or Word, or lines such as: 耕地保有量 73.39 万亩</source>
        <translation>粘贴 Excel 或 Word 中的表格，或逐行文字，如：耕地保有量 73.39 万亩</translation>
    </message>
    <message>
        <source>Person or team for {count} findings (empty: not assigned)</source>
        <translation>{count} 个问题的负责人（留空为未分派）</translation>
    </message>
    <message>
        <source>Person who registers the waiver</source>
        <translation>该豁免的登记人</translation>
    </message>
    <message>
        <source>Persons (township=name; …)</source>
        <translation>编辑人员（乡镇=姓名；…）</translation>
    </message>
    <message>
        <source>Phase of the plan</source>
        <translation>规划阶段</translation>
    </message>
    <message>
        <source>Phase: 编制, 公示 or 报批 (drafting, publicity, approval); standard and profile can set the severity of rules by phase.

Township targets: a table with the columns 乡镇名称, 指标, 数值, 单位, or a column for each figure such as 永久基本农田（万亩）; each township is compared with its target (LAW004), and their sum with the county's target (LAW005).</source>
        <translation>阶段：编制、公示或报批（drafting、publicity、approval）；标准和县配置可以按阶段确定各规则的严重程度。

乡镇任务表：应有乡镇名称、指标、数值、单位四列；或一个乡镇一行，指标作为列名，如“永久基本农田（万亩）”。逐个乡镇与任务比较（LAW004），合计与本县目标比较（LAW005）。</translation>
    </message>
    <message>
        <source>Piece</source>
        <translation>调出、调入地块</translation>
    </message>
    <message>
        <source>Places where drafts differ from each other</source>
        <translation>方案之间不同的土地（处）</translation>
    </message>
    <message>
        <source>Plan and Projects</source>
        <translation>编制与项目</translation>
    </message>
    <message>
        <source>Plan data: {names}.</source>
        <translation>规划数据：{names}。</translation>
    </message>
    <message>
        <source>Plan features</source>
        <translation>规划要素</translation>
    </message>
    <message>
        <source>Plan layers</source>
        <translation>规划图层</translation>
    </message>
    <message>
        <source>Planar areas, sum (m²)</source>
        <translation>平面面积合计（m²）</translation>
    </message>
    <message>
        <source>Plane area ha</source>
        <translation>平面面积（公顷）</translation>
    </message>
    <message>
        <source>Planned use</source>
        <translation>用途</translation>
    </message>
    <message>
        <source>Planning authority</source>
        <translation>编制单位</translation>
    </message>
    <message>
        <source>Planning data</source>
        <translation>规划数据</translation>
    </message>
    <message>
        <source>Planning data (*.gpkg *.shp *.geojson *.fgb *.parquet *.zip)</source>
        <translation>规划数据 (*.gpkg *.shp *.geojson *.fgb *.parquet *.zip)</translation>
    </message>
    <message>
        <source>Planning zone {name}</source>
        <translation>规划分区　{name}</translation>
    </message>
    <message>
        <source>Planning zones</source>
        <translation>规划分区</translation>
    </message>
    <message>
        <source>Point</source>
        <translation>点</translation>
    </message>
    <message>
        <source>Polygon</source>
        <translation>面</translation>
    </message>
    <message>
        <source>Polygons</source>
        <translation>面</translation>
    </message>
    <message>
        <source>Polygons moved in</source>
        <translation>调入块数</translation>
    </message>
    <message>
        <source>Polygons moved out</source>
        <translation>调出块数</translation>
    </message>
    <message>
        <source>Polygons with changed attributes</source>
        <translation>属性变更块数</translation>
    </message>
    <message>
        <source>Pre-submission check</source>
        <translation>汇交前的检查</translation>
    </message>
    <message>
        <source>Preference (empty: area)</source>
        <translation>偏好（不填为 area，只求面积）</translation>
    </message>
    <message>
        <source>Preference (empty: contiguous)</source>
        <translation>偏好（空为集中连片）</translation>
    </message>
    <message>
        <source>Preparing to check edits</source>
        <translation>实时检查：正在准备</translation>
    </message>
    <message>
        <source>Present land classes</source>
        <translation>现状地类</translation>
    </message>
    <message>
        <source>Present land classes, parcels of {year}</source>
        <translation>现状地类　{year} 年地类图斑</translation>
    </message>
    <message>
        <source>Previous</source>
        <translation>上一个</translation>
    </message>
    <message>
        <source>Previous style</source>
        <translation>原样式</translation>
    </message>
    <message>
        <source>Printed date</source>
        <translation>日期</translation>
    </message>
    <message>
        <source>Printed on public results only</source>
        <translation>仅印在公开的成果上</translation>
    </message>
    <message>
        <source>Problems</source>
        <translation>问题</translation>
    </message>
    <message>
        <source>Profile</source>
        <translation>县配置</translation>
    </message>
    <message>
        <source>Profile (*.toml)</source>
        <translation>县配置 (*.toml)</translation>
    </message>
    <message>
        <source>Profile and standard of the county</source>
        <translation>县配置与标准</translation>
    </message>
    <message>
        <source>Profile of the city or province</source>
        <translation>市、省的县配置</translation>
    </message>
    <message>
        <source>Profile of the county (id, or path of a .toml file)</source>
        <translation>县配置（编号，或 .toml 文件路径）</translation>
    </message>
    <message>
        <source>Profile of this county (.toml)</source>
        <translation>本县的配置文件（.toml）</translation>
    </message>
    <message>
        <source>Profile…</source>
        <translation>县配置…</translation>
    </message>
    <message>
        <source>Progress of the batch check</source>
        <translation>批量检查进度</translation>
    </message>
    <message>
        <source>Project</source>
        <translation>工程</translation>
    </message>
    <message>
        <source>Project Conformity</source>
        <translation>项目合规性</translation>
    </message>
    <message>
        <source>Project {number}</source>
        <translation>项目 {number}</translation>
    </message>
    <message>
        <source>Projects</source>
        <translation>项目</translation>
    </message>
    <message>
        <source>Projects ({patterns})</source>
        <translation>项目 ({patterns})</translation>
    </message>
    <message>
        <source>Projects are the planned parcels of another plan</source>
        <translation>项目为下位规划的规划用地</translation>
    </message>
    <message>
        <source>Projects reviewed</source>
        <translation>审查的项目数</translation>
    </message>
    <message>
        <source>Projects that conform</source>
        <translation>符合的项目数</translation>
    </message>
    <message>
        <source>Projects that conform under conditions</source>
        <translation>有条件的项目数</translation>
    </message>
    <message>
        <source>Projects that do not conform</source>
        <translation>不符合的项目数</translation>
    </message>
    <message>
        <source>Proof: moves and areas of each layer</source>
        <translation>核实结果：各图层的位移和面积</translation>
    </message>
    <message>
        <source>Proposals</source>
        <translation>修复方案</translation>
    </message>
    <message>
        <source>Propose Again</source>
        <translation>重新推荐</translation>
    </message>
    <message>
        <source>Propose Supplements…</source>
        <translation>补划选址…</translation>
    </message>
    <message>
        <source>Propose supplements</source>
        <translation>补划选址</translation>
    </message>
    <message>
        <source>Propose the Boundary…</source>
        <translation>边界调优…</translation>
    </message>
    <message>
        <source>Propose the boundary</source>
        <translation>边界调优</translation>
    </message>
    <message>
        <source>Proposed parcels</source>
        <translation>拟补划图斑</translation>
    </message>
    <message>
        <source>Proposed parcels (draft)</source>
        <translation>拟补划图斑（方案草案）</translation>
    </message>
    <message>
        <source>Proposes how the urban development boundary is corrected: overlaps with permanent basic farmland and the ecological red line leave (windows are allowed), then the lightest parcels until area, expansion ratio and targets of townships are kept. Built, approved and chosen land stays. A swap also takes in parcels next to the boundary, no more than it gives back. No new fragments, holes or necks arise, and the boundary stays as compact. The result is a draft that the county decides on. The inputs are not changed.

Mode: retreat or swap. Preference: area, parcels or compact. Weights, least parts and what counts as built are settings [tuning] (mark C). The distance from the least possible retreat is stated; requirements that contradict each other are named.

Results: the boundary after the draft, the land that leaves or comes, a workbook, and the tables to be signed.</source>
        <translation>提出城镇开发边界的调整草案：与永久基本农田、生态保护红线重叠的土地退出（可开天窗），再按权重由小到大退出地块，直至满足面积目标、扩展倍数和乡镇目标；已建成、已批和选定的土地保留。等量置换时，另调入与边界相接的图斑，不多于调出。不新增碎块、孔洞和狭颈，外廓相对长度不增加。结果为草案，由县级决定。输入数据不改动。

方式：retreat 只调出，swap 调出并调入。偏好：area 只求面积，parcels 涉及地块最少，compact 外廓最短。权重、最小分块和视为已建成的地类在设置 [tuning] 中（来源级别 C）。结果写明与最小调出面积的差距；相互矛盾的要求逐项列出。

结果：调整后的边界、调出调入地块、工作簿和签字用的各表。</translation>
    </message>
    <message>
        <source>Province</source>
        <translation>省</translation>
    </message>
    <message>
        <source>Public edition of the maps</source>
        <translation>图件为公开版</translation>
    </message>
    <message>
        <source>Public edition of the report files</source>
        <translation>报告文件为公开版</translation>
    </message>
    <message>
        <source>Public edition: the maps are made without the layers on the list of the public edition, grids, the name of the CRS, texts with coordinates and labels of typed texts; file names end in （公开版）. A page in the folder lists what was left out of each map. A map that needs such a layer, and a layout of the project that cannot be searched, are not made. The secrecy level must be 公开, and no world files are written. The list (resources/standards/common-2021/public_edition.toml) has no verified source (mark C); a county profile can name another one ([public_edition] list).</source>
        <translation>公开版：图件略去公开版名单中的图层、坐标网、坐标系说明、含坐标的注记和取自填写文字的注记，文件名末尾加（公开版）。文件夹中另有一页，列出每幅图略去的内容。必需这些图层的图件，以及工程中不能核对的布局，不生成。密级须为公开，不写坐标文件。名单（resources/standards/common-2021/public_edition.toml）未见原文（来源级别 C）；县配置可以指定本县的名单（[public_edition] list）。</translation>
    </message>
    <message>
        <source>Public edition: the report files are written without coordinates, typed texts (except fields on the list), shapes, layers on the list of the public edition, the CRS, paths, source names and names of persons. Findings on such layers remain in all counts and areas. Each file lists what was left out. A findings layer in a file has no public edition. The list (resources/standards/common-2021/public_edition.toml) has no verified source (mark C); a county profile can name another one ([public_edition] list).</source>
        <translation>公开版：报告文件略去坐标、各字段中填写的文字（名单所列字段除外）、问题图形、公开版名单中的图层、坐标系、路径、来源文件名和个人姓名。涉及这些图层的问题仍计入全部数量和面积。每个文件列出略去的内容。写入文件的问题图层不能出公开版。名单（resources/standards/common-2021/public_edition.toml）未见原文（来源级别 C）；县配置可以指定本县的名单（[public_edition] list）。</translation>
    </message>
    <message>
        <source>Re-check</source>
        <translation>重新检查</translation>
    </message>
    <message>
        <source>Re-checking</source>
        <translation>正在复检</translation>
    </message>
    <message>
        <source>Read Codes</source>
        <translation>读入代码</translation>
    </message>
    <message>
        <source>Read Ledger…</source>
        <translation>读入台账…</translation>
    </message>
    <message>
        <source>Read List Again</source>
        <translation>重新读取清单</translation>
    </message>
    <message>
        <source>Read Targets from Text</source>
        <translation>从文本读入目标值</translation>
    </message>
    <message>
        <source>Read from Text…</source>
        <translation>从文本读入…</translation>
    </message>
    <message>
        <source>Read projects from a file, also boundary points (TXT, Excel, CSV)</source>
        <translation>从文件读入项目，包括界址点（TXT、Excel、CSV）</translation>
    </message>
    <message>
        <source>Read the counties again, after data have changed</source>
        <translation>数据有改动时，重新读取各县</translation>
    </message>
    <message>
        <source>Read the targets from a table or a text of the plan</source>
        <translation>从规划文本或表格中读入目标值</translation>
    </message>
    <message>
        <source>Reading feature codes</source>
        <translation>读入要素代码</translation>
    </message>
    <message>
        <source>Reading layers</source>
        <translation>正在读取图层</translation>
    </message>
    <message>
        <source>Reading the attachment…</source>
        <translation>正在读取附件…</translation>
    </message>
    <message>
        <source>Reading the counties</source>
        <translation>读取各县数据</translation>
    </message>
    <message>
        <source>Reading the data of the counties…</source>
        <translation>正在读取各县数据…</translation>
    </message>
    <message>
        <source>Reading the saved check result</source>
        <translation>读取保存的检查结果</translation>
    </message>
    <message>
        <source>Reading the saved check result and comparing the layers with it…</source>
        <translation>正在读取上次的检查结果，并核对图层此后有无改动……</translation>
    </message>
    <message>
        <source>Reading was cancelled. Click Propose Again to read the layer again.</source>
        <translation>已取消读取。点击“重新推荐”重新读取。</translation>
    </message>
    <message>
        <source>Reading {file} …</source>
        <translation>正在读取 {file} …</translation>
    </message>
    <message>
        <source>Reading {layer}…</source>
        <translation>正在读取 {layer}…</translation>
    </message>
    <message>
        <source>Reads the boundary points of parcels from a TXT file with sections, a list of points, or a table in Excel or CSV, and writes polygons in the CRS of the file. The file does not change.

Automatic format: by sections and headings. The order of coordinates is not guessed: X is the northing. An office can add a format: copy a file of resources/boundary_points, change it and give its path.

CRS: read from the header and the zone numbers of eastings. If the file does not state it or contradicts itself, nothing is imported until you give the CRS. Files in Xian 1980 or Beijing 1954 are refused: transformation parameters are never estimated.

Each parcel has its declared area, its area in the plane and its statutory area. A parcel with an error (edges that cross, swapped coordinates, another zone, unreadable cells) is left out and reported with line or cell and remedy; the others are imported. A field of the layer keeps what the file wrote, for the export.</source>
        <translation>读取地块的界址点——分段的 TXT、只有点的 TXT，或 Excel、CSV 成果表——写成面图层，坐标系同文件。原文件不改动。

自动选择格式：按分段和表头。坐标次序不作猜测，X 为北。本单位的格式可自行添加：复制 resources/boundary_points 中的一个文件，修改后给出其路径。

坐标系：取自文件头和横坐标的带号。文件没有写明或自相矛盾的，不导入，请指定坐标系后再试。西安80、北京54 坐标不导入，不推算转换参数。

每个地块列出申报面积、平面面积和图斑椭球面积。有错误的地块（边相交、X 与 Y 相反、带号不符、单元格不能读取）不导入，列出行号或单元格和改正办法；其余照常导入。图层的一个字段保存各地块的原文，供导出使用。</translation>
    </message>
    <message>
        <source>Reads the closed outlines of a DXF drawing and writes polygons to a GeoPackage: a layer for each template of the mapping, and one for projects. The drawing does not change. A DWG must be saved as DXF in CAD.

Mapping: which layer of the drawing becomes which layer. layers uses codes and names of plan layers and the usual names of site outlines; project takes all layers as projects; an office can write a .toml file (copy a file of resources/drawings). Layers without an entry are listed.

Units: metres only if the drawing states them ($INSUNITS); otherwise give the unit. CRS: used without a question only if a text in the drawing states CGCS2000 and the eastings have a zone number; otherwise give it. Drawings in Xian 1980 or Beijing 1954, and those with swapped axes, are refused.

Arcs, circles, ellipses and splines become polylines within the tolerance; the largest deviation reached is reported. Lines and arcs are joined end to end. Gaps up to the closing tolerance are bridged by a straight segment; larger ones are listed with handles, place and gap. An outline within another of the same layer is a hole, or a separate polygon if you choose so.

Texts become attributes of the polygon that contains them. Texts in no polygon, or several for one field, are listed. The table has everything that was not taken, with handle, layer, kind, place, reason and remedy.</source>
        <translation>把 DXF 图纸的闭合轮廓读成面，写出一个 GeoPackage：对应关系中的每个模板一个图层，项目红线另为一个图层。原图纸不改动。DWG 请先在 CAD 中另存为 DXF。

图层对应关系：图纸的哪个图层成为哪个图层。layers 按规划图层的代码、名称和项目红线的常见名称；project 把全部图层作为项目范围；也可自编 .toml 文件（复制 resources/drawings 中的文件修改）。没有列入的图层逐一列出。

单位：图纸写明为米（$INSUNITS）的按米，否则请指定。坐标系：图纸中有文字写明 CGCS2000 且横坐标带带号的，直接采用，否则请指定。西安80、北京54 的图纸和横、纵坐标相反的图纸不导入。

圆弧、圆、椭圆和样条转为折线，与原曲线的距离不大于容差，并列出实际最大偏差。首尾相接的直线和弧连成轮廓。不大于闭合容差的间隙以直线闭合，更大的列出句柄、位置和间隙。同一图层中一个轮廓在另一个以内的为孔洞，也可选择各自成面。

文字成为所在面的属性。不在任何面内的文字、同一字段的几个文字逐一列出。清单列出全部未采用的内容：句柄、图层、类型、位置、原因和整改建议。</translation>
    </message>
    <message>
        <source>Reason</source>
        <translation>理由</translation>
    </message>
    <message>
        <source>Reason for a lower level</source>
        <translation>降密理由</translation>
    </message>
    <message>
        <source>Reason for a lower secrecy level</source>
        <translation>降密理由</translation>
    </message>
    <message>
        <source>Reason to accept the conflict, for example: approved flood-control works, see the reply</source>
        <translation>保留的理由，例如：防洪堤已批复，见批复文件</translation>
    </message>
    <message>
        <source>Recognising layers</source>
        <translation>正在识别图层</translation>
    </message>
    <message>
        <source>Redo Fix</source>
        <translation>重做修复</translation>
    </message>
    <message>
        <source>Refresh</source>
        <translation>刷新</translation>
    </message>
    <message>
        <source>Register Waiver</source>
        <translation>登记豁免</translation>
    </message>
    <message>
        <source>Remains, under another key: {rules}</source>
        <translation>原有问题改列于其他标识码：{rules}</translation>
    </message>
    <message>
        <source>Remarks</source>
        <translation>需说明事项</translation>
    </message>
    <message>
        <source>Remarks {count}</source>
        <translation>说明 {count}</translation>
    </message>
    <message>
        <source>Remove</source>
        <translation>移除</translation>
    </message>
    <message>
        <source>Remove the waiver from its file; the finding is open again</source>
        <translation>从豁免文件中删去，问题恢复为待处理</translation>
    </message>
    <message>
        <source>Remove this project, also from the batch</source>
        <translation>移除本项目，在批量中的也移除</translation>
    </message>
    <message>
        <source>Renumber keys (BSM)</source>
        <translation>重编标识码</translation>
    </message>
    <message>
        <source>Repeated parts that end (m²); the land stays inside</source>
        <translation>去重面积（平方米），土地仍在边界内</translation>
    </message>
    <message>
        <source>Replace</source>
        <translation>替换</translation>
    </message>
    <message>
        <source>Replace the project file {name} too</source>
        <translation>同时替换已有的工程文件 {name}</translation>
    </message>
    <message>
        <source>Replace: delete the database and create a new, empty one; its data are lost</source>
        <translation>替换：以新的空库替换，原库中的数据不再保留</translation>
    </message>
    <message>
        <source>Report (HTML)</source>
        <translation>HTML 报告</translation>
    </message>
    <message>
        <source>Report (JSON)</source>
        <translation>JSON 报告</translation>
    </message>
    <message>
        <source>Report of the check (html, json), tables of figures, metadata, manifest</source>
        <translation>检查报告（html、json）、指标表、元数据、清单</translation>
    </message>
    <message>
        <source>Report to Be Signed (PDF)…</source>
        <translation>签字用报告（PDF）…</translation>
    </message>
    <message>
        <source>Report to Be Signed (Word)…</source>
        <translation>签字用报告（Word）…</translation>
    </message>
    <message>
        <source>Report to be signed (PDF)</source>
        <translation>签字用报告（PDF）</translation>
    </message>
    <message>
        <source>Report to be signed (Word)</source>
        <translation>签字用报告（Word）</translation>
    </message>
    <message>
        <source>Reports also as</source>
        <translation>另存报告</translation>
    </message>
    <message>
        <source>Reports of all counties and the summary are written here</source>
        <translation>各县报告和汇总写入此文件夹</translation>
    </message>
    <message>
        <source>Reports of counties that are complete remain; a later run continues</source>
        <translation>已检查完的县区的报告保留，再次运行即为续查</translation>
    </message>
    <message>
        <source>Reports to sign, maps and the submission package are made from the checked plan; the package is read back and compared. The manual is in the menu Sanxian.</source>
        <translation>由检查过的数据生成签字用报告、图件和成果包；成果包写出后读回核对。使用手册在菜单“三区三线”中。</translation>
    </message>
    <message>
        <source>Report…</source>
        <translation>报告…</translation>
    </message>
    <message>
        <source>Required</source>
        <translation>必填</translation>
    </message>
    <message>
        <source>Required fields without a source field: {fields}.</source>
        <translation>必填但没有来源：{fields}。</translation>
    </message>
    <message>
        <source>Required if there is one</source>
        <translation>有则必须</translation>
    </message>
    <message>
        <source>Required layers that are not created: {layers}. They can be added later under New Layers.</source>
        <translation>交付要求而未勾选的图层：{layers}。以后可用“新建图层”补充。</translation>
    </message>
    <message>
        <source>Requirement</source>
        <translation>汇交要求</translation>
    </message>
    <message>
        <source>Resolve Conflicts…</source>
        <translation>处理冲突…</translation>
    </message>
    <message>
        <source>Resolve overlaps of control lines</source>
        <translation>控制线按次序退让</translation>
    </message>
    <message>
        <source>Resolves: {rules}</source>
        <translation>消除：{rules}</translation>
    </message>
    <message>
        <source>Restore</source>
        <translation>恢复</translation>
    </message>
    <message>
        <source>Restore the inherited value</source>
        <translation>恢复为继承值</translation>
    </message>
    <message>
        <source>Result (JSON)</source>
        <translation>审查结果（JSON）</translation>
    </message>
    <message>
        <source>Result kept</source>
        <translation>沿用上次结果</translation>
    </message>
    <message>
        <source>Result of {time}. Changed since: {layers}. The grey rows may be out of date.</source>
        <translation>{time} 的检查结果。此后有改动的图层：{layers}。灰色各条可能与现状不符，请重新检查。</translation>
    </message>
    <message>
        <source>Result of {time}. Layers and settings have not changed since.</source>
        <translation>{time} 的检查结果，此后图层和县配置未改动。</translation>
    </message>
    <message>
        <source>Result of {time}. The county profile, the waivers, other files of the check or the plugin changed since then; all rows may be out of date.</source>
        <translation>{time} 的检查结果。此后县配置、豁免清单等检查依据或插件版本有变化，各条均可能与现状不符，请重新检查。</translation>
    </message>
    <message>
        <source>Result to send</source>
        <translation>结果文件（可发给技术人员）</translation>
    </message>
    <message>
        <source>Results and Submission</source>
        <translation>成果与汇交</translation>
    </message>
    <message>
        <source>Results of the earlier round, to compare with</source>
        <translation>上一轮汇总结果（用于对比）</translation>
    </message>
    <message>
        <source>Results: the package; gathering.xlsx and gathering.json with verdicts, areas of each layer by county and their sums, notes and repeated keys; the comparison of borders in the folder seams. The data of a city are checked as a whole, and the package gets the report, the indicators and the tables of this check; the data of a province are not.

The folder returns has a document (docx) for each county with errors or warnings: what is to be corrected, where, how and by when. With the results of an earlier round, tables show for each county which findings are corrected, new or still open. With targets, a table shows what is not yet allotted from the city to its counties and from these to their townships (rows with a township's code).</source>
        <translation>输出：成果包；gathering.xlsx 和 gathering.json（各县结论、各图层面积和合计、说明、重复的标识码）；seams 文件夹中的接边检查结果。市级成果包对全域数据检查一次，检查报告、指标和统计表放入成果包；省级不检查。

returns 文件夹中，有错误或警告的县每县一份退回意见（docx）：须整改的问题、位置、整改建议和期限。给出上一轮结果的，逐县列出已整改、新增和仍存在的问题。给出上级目标表的，列出市到县、县到乡镇尚未分解的任务（乡镇任务为乡镇代码的行）。</translation>
    </message>
    <message>
        <source>Retry</source>
        <translation>重试</translation>
    </message>
    <message>
        <source>Review first</source>
        <translation>应用前请核对</translation>
    </message>
    <message>
        <source>Review projects (conformity)</source>
        <translation>建设项目合规性审查</translation>
    </message>
    <message>
        <source>Review the findings</source>
        <translation>逐条查看问题</translation>
    </message>
    <message>
        <source>Reviewed</source>
        <translation>项目</translation>
    </message>
    <message>
        <source>Reviewed project</source>
        <translation>项目</translation>
    </message>
    <message>
        <source>Role of the layer (empty: recognised)</source>
        <translation>图层角色（不填为自动识别）</translation>
    </message>
    <message>
        <source>Roles: ROLE=layer;… or a file</source>
        <translation>图层角色：ROLE=图层名;… 或文件</translation>
    </message>
    <message>
        <source>Rounded to 0.01 m² so that before − out + in = after: what moves may differ by a last digit.</source>
        <translation>各数取到 0.01 平方米，使修复前 − 移出 + 移入 = 修复后；移出、移入的末位可能相差 1。</translation>
    </message>
    <message>
        <source>Row</source>
        <translation>行</translation>
    </message>
    <message>
        <source>Rows</source>
        <translation>行数</translation>
    </message>
    <message>
        <source>Rows added</source>
        <translation>新增行数</translation>
    </message>
    <message>
        <source>Rows left out</source>
        <translation>未审查的行数</translation>
    </message>
    <message>
        <source>Rows updated</source>
        <translation>更新行数</translation>
    </message>
    <message>
        <source>Rows whose area differs from that of the shape (ATT003, ATT013): {fields}.</source>
        <translation>面积与图形不符的行（ATT003、ATT013）：{fields}。</translation>
    </message>
    <message>
        <source>Rows whose area will differ from that of the shape (ATT003, ATT013): {fields}.</source>
        <translation>面积将与图形不符的行（ATT003、ATT013）：{fields}。</translation>
    </message>
    <message>
        <source>Rows with a value outside the list of the field (ATT002): {fields}.</source>
        <translation>不在字段所列取值内的行（ATT002）：{fields}。</translation>
    </message>
    <message>
        <source>Rule</source>
        <translation>规则</translation>
    </message>
    <message>
        <source>Rule / place</source>
        <translation>规则/位置</translation>
    </message>
    <message>
        <source>Rules</source>
        <translation>规则</translation>
    </message>
    <message>
        <source>Rules checked in part: {count}. They count by their findings; the first row below each gives the reason.</source>
        <translation>部分未检查的规则 {count} 条，按其问题计数；原因见各规则下的第一行。</translation>
    </message>
    <message>
        <source>Rules not fully checked</source>
        <translation>未完整检查的规则</translation>
    </message>
    <message>
        <source>Rules of the groups named did not run, because they are not part of the usual check of this kind of data. To run them, choose all rules in County Profile… ▸ Check settings ▸ Rules, or name a group or a rule in the tool Check the plan.</source>
        <translation>所列规则组不在这类数据默认检查的范围内，故未运行。需要的，请在“县配置…”的“检查设置”中把“规则”选为全部规则，或在 QGIS 工具箱的“全面检查”中填写规则组或规则代码。</translation>
    </message>
    <message>
        <source>Rules that were not checked, or only in part, with the reasons:</source>
        <translation>未完整检查的规则及原因：</translation>
    </message>
    <message>
        <source>Rules, by code or group, or all (empty: the standard's)</source>
        <translation>规则代码或规则组，all 为全部规则（不填为标准默认的规则）</translation>
    </message>
    <message>
        <source>Rules: attributes</source>
        <translation>规则：属性</translation>
    </message>
    <message>
        <source>Rules: between layers</source>
        <translation>规则：图层之间</translation>
    </message>
    <message>
        <source>Rules: geometry</source>
        <translation>规则：几何</translation>
    </message>
    <message>
        <source>Rules: package</source>
        <translation>规则：成果包</translation>
    </message>
    <message>
        <source>Rules: quotas and thresholds</source>
        <translation>规则：指标与限值</translation>
    </message>
    <message>
        <source>Rules: structure</source>
        <translation>规则：结构</translation>
    </message>
    <message>
        <source>Rules: topology</source>
        <translation>规则：拓扑</translation>
    </message>
    <message>
        <source>Run</source>
        <translation>运行</translation>
    </message>
    <message>
        <source>Run a check: the panel then follows your edits.</source>
        <translation>检查后，指标随编辑即时更新。</translation>
    </message>
    <message>
        <source>Run the examples</source>
        <translation>运行算例</translation>
    </message>
    <message>
        <source>SHA-256 of the manifest</source>
        <translation>清单的 SHA-256</translation>
    </message>
    <message>
        <source>Safe</source>
        <translation>安全</translation>
    </message>
    <message>
        <source>Safe Only</source>
        <translation>只勾选安全项</translation>
    </message>
    <message>
        <source>Safe fixes</source>
        <translation>安全修复</translation>
    </message>
    <message>
        <source>Safe {count}</source>
        <translation>安全 {count}</translation>
    </message>
    <message>
        <source>Safe, or why not</source>
        <translation>能否自动应用</translation>
    </message>
    <message>
        <source>Safe: formal or sliver change</source>
        <translation>安全：仅形式或碎图斑改动</translation>
    </message>
    <message>
        <source>Safe: formal or sliver change, the finding ends and none is new</source>
        <translation>安全：碎图斑以下或仅形式变动，问题消除且没有新问题</translation>
    </message>
    <message>
        <source>Same use for the {count} projects without one</source>
        <translation>另 {count} 个没有用途的项目也用此用途</translation>
    </message>
    <message>
        <source>Sanxian</source>
        <translation>三区三线</translation>
    </message>
    <message>
        <source>Sanxian · three zones and three lines</source>
        <translation>三区三线规划助手</translation>
    </message>
    <message>
        <source>Sanxian: commands, rules, findings, layers</source>
        <translation>三区三线：命令、规则、问题、图层</translation>
    </message>
    <message>
        <source>Sanxian: features by BSM</source>
        <translation>三区三线：按标识码查找要素</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>保存</translation>
    </message>
    <message>
        <source>Save Findings Layer</source>
        <translation>保存问题图层</translation>
    </message>
    <message>
        <source>Save Findings Ledger</source>
        <translation>保存问题台账</translation>
    </message>
    <message>
        <source>Save HTML Report</source>
        <translation>保存 HTML 报告</translation>
    </message>
    <message>
        <source>Save JSON Report</source>
        <translation>保存 JSON 报告</translation>
    </message>
    <message>
        <source>Save Mapping</source>
        <translation>保存字段映射</translation>
    </message>
    <message>
        <source>Save Mapping…</source>
        <translation>保存字段映射…</translation>
    </message>
    <message>
        <source>Save Project…</source>
        <translation>保存工程…</translation>
    </message>
    <message>
        <source>Save Report to Be Signed</source>
        <translation>保存签字用报告</translation>
    </message>
    <message>
        <source>Save Result</source>
        <translation>保存自检结果</translation>
    </message>
    <message>
        <source>Save Result…</source>
        <translation>保存结果…</translation>
    </message>
    <message>
        <source>Save Table of Fixes</source>
        <translation>保存修复表</translation>
    </message>
    <message>
        <source>Save location</source>
        <translation>保存位置</translation>
    </message>
    <message>
        <source>Save the project first: the values of this county are stored in a file in the project folder.</source>
        <translation>请先保存工程：本县设置写入工程旁的县配置文件。</translation>
    </message>
    <message>
        <source>Saved in</source>
        <translation>存入</translation>
    </message>
    <message>
        <source>Saved to {file}; the rest of the file is not changed</source>
        <translation>保存到 {file}，文件中的其他内容保留不动</translation>
    </message>
    <message>
        <source>Saved with New Errors</source>
        <translation>已保存，有新错误</translation>
    </message>
    <message>
        <source>Saved. Since editing began, {count} new errors: {rules}. First: layer “{layer}”, feature {key}.</source>
        <translation>已保存。自开始编辑以来，有新错误 {count} 条：{rules}。第一条：图层“{layer}”，要素 {key}。</translation>
    </message>
    <message>
        <source>Saved: {path}</source>
        <translation>已保存：{path}</translation>
    </message>
    <message>
        <source>Saved: {path}. It contains the full check of {time}, without findings of later edits.</source>
        <translation>已保存：{path}。内容是 {time} 全面检查的结果，不含编辑后的复检。</translation>
    </message>
    <message>
        <source>Saving the check result</source>
        <translation>保存检查结果</translation>
    </message>
    <message>
        <source>Saving {name}</source>
        <translation>正在保存 {name}</translation>
    </message>
    <message>
        <source>Scan or map (optional)</source>
        <translation>扫描件、附图（可不填）</translation>
    </message>
    <message>
        <source>Scope</source>
        <translation>交付范围</translation>
    </message>
    <message>
        <source>Scope of the delivery</source>
        <translation>交付范围</translation>
    </message>
    <message>
        <source>Sealed edition</source>
        <translation>封库版本</translation>
    </message>
    <message>
        <source>Sealed edition: file or folder to compare with</source>
        <translation>封库版本：要比对的文件或文件夹</translation>
    </message>
    <message>
        <source>Sealed edition: the data in which the three lines were issued. The rules report added and removed land, the loss of farmland by township, and the quality of supplements (LAW015 to LAW017).</source>
        <translation>封库版本：下发三条控制线的数据；列出增加、减少的地块，各乡镇永久基本农田的减少和补划质量（LAW015 至 LAW017）。</translation>
    </message>
    <message>
        <source>Search</source>
        <translation>查找</translation>
    </message>
    <message>
        <source>Search layer, field, code or name</source>
        <translation>搜索图层、字段、代码或名称</translation>
    </message>
    <message>
        <source>Search layers by name or code</source>
        <translation>搜索图层名称或代码</translation>
    </message>
    <message>
        <source>Search rule, BSM, township</source>
        <translation>搜索规则、标识码、乡镇</translation>
    </message>
    <message>
        <source>Search rules, keys, townships</source>
        <translation>搜索规则、标识码、乡镇</translation>
    </message>
    <message>
        <source>Search seams between townships</source>
        <translation>核对乡镇接边</translation>
    </message>
    <message>
        <source>Secrecy level</source>
        <translation>密级</translation>
    </message>
    <message>
        <source>Secrecy level not set</source>
        <translation>密级未设定</translation>
    </message>
    <message>
        <source>See Why</source>
        <translation>查看原因</translation>
    </message>
    <message>
        <source>Select</source>
        <translation>选中</translation>
    </message>
    <message>
        <source>Select 1 to {count} features of the layer “{layer}” to align ({selected} selected).</source>
        <translation>请在图层“{layer}”中选中 1 至 {count} 个需要对齐的要素（现选中 {selected} 个）。</translation>
    </message>
    <message>
        <source>Select a finding to see why, how to fix it and its source.</source>
        <translation>请选择一条问题，查看检查目的、整改建议和依据。</translation>
    </message>
    <message>
        <source>Select polygons on the map first, such as a project or parcels of farmland.</source>
        <translation>请先在地图上选中面要素，如项目范围或永久基本农田图斑。</translation>
    </message>
    <message>
        <source>Select the feature in its layer</source>
        <translation>在图层中选中该要素</translation>
    </message>
    <message>
        <source>Select the findings to accept</source>
        <translation>请先在列表中选择要豁免的问题</translation>
    </message>
    <message>
        <source>Select the findings to fix; a rule selects all its findings</source>
        <translation>选择要修复的问题；选择规则即选择其全部问题</translation>
    </message>
    <message>
        <source>Select these features in layer “{layer}”</source>
        <translation>在图层“{layer}”中选中这些要素</translation>
    </message>
    <message>
        <source>Selected</source>
        <translation>选中要素</translation>
    </message>
    <message>
        <source>Selected Features</source>
        <translation>选中的要素</translation>
    </message>
    <message>
        <source>Selected Findings</source>
        <translation>选中的问题</translation>
    </message>
    <message>
        <source>Set State (S)</source>
        <translation>设置状态（S）</translation>
    </message>
    <message>
        <source>Setting</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>Settings</source>
        <translation>设置</translation>
    </message>
    <message>
        <source>Settings and Help</source>
        <translation>设置与帮助</translation>
    </message>
    <message>
        <source>Settings changed after the check; targets and limits are those of the check. Check again.</source>
        <translation>检查后设置有变动；目标和上限仍为检查时的，请重新检查。</translation>
    </message>
    <message>
        <source>Settings confirmed by {by}, {document}, {date}.</source>
        <translation>设置由 {by} 确认（{document}，{date}）。</translation>
    </message>
    <message>
        <source>Settings of one county, such as limits and targets, are in the menu under County Profile…</source>
        <translation>上限、目标等本县的设置，在菜单“县配置…”中填写。</translation>
    </message>
    <message>
        <source>Several edits were checked together, so one of them cannot be undone alone. Use Undo of QGIS.</source>
        <translation>多步编辑一并复检，不能单独撤销其中一步，请用 QGIS 的“撤销”。</translation>
    </message>
    <message>
        <source>Shape</source>
        <translation>形状</translation>
    </message>
    <message>
        <source>Share</source>
        <translation>占比</translation>
    </message>
    <message>
        <source>Shift of the whole edition to the east (m)</source>
        <translation>整体平移，东方向（米）</translation>
    </message>
    <message>
        <source>Shift of the whole edition to the north (m)</source>
        <translation>整体平移，北方向（米）</translation>
    </message>
    <message>
        <source>Show</source>
        <translation>查看</translation>
    </message>
    <message>
        <source>Show Findings</source>
        <translation>查看检查结果</translation>
    </message>
    <message>
        <source>Show Findings on the Map</source>
        <translation>在地图上显示问题</translation>
    </message>
    <message>
        <source>Show Its Layers</source>
        <translation>打开成果包的图层</translation>
    </message>
    <message>
        <source>Show Layer</source>
        <translation>显示图层</translation>
    </message>
    <message>
        <source>Show Window</source>
        <translation>打开窗口</translation>
    </message>
    <message>
        <source>Show findings on the map</source>
        <translation>在地图上显示问题</translation>
    </message>
    <message>
        <source>Show on the Map</source>
        <translation>在地图上显示</translation>
    </message>
    <message>
        <source>Show or hide in the list and on the map: {word}</source>
        <translation>在列表和地图上显示或隐藏：{word}</translation>
    </message>
    <message>
        <source>Show or hide the counties with this verdict</source>
        <translation>显示或隐藏该结论的县区</translation>
    </message>
    <message>
        <source>Show or hide: {word}</source>
        <translation>显示或隐藏：{word}</translation>
    </message>
    <message>
        <source>Show the findings</source>
        <translation>查看检查结果</translation>
    </message>
    <message>
        <source>Show the tour the next time the sample county is opened</source>
        <translation>下次打开示例县时显示导览</translation>
    </message>
    <message>
        <source>Show {count} more reasons</source>
        <translation>显示另 {count} 条理由</translation>
    </message>
    <message>
        <source>Skip</source>
        <translation>跳过</translation>
    </message>
    <message>
        <source>Skip Tour</source>
        <translation>跳过导览</translation>
    </message>
    <message>
        <source>Skipped</source>
        <translation>跳过</translation>
    </message>
    <message>
        <source>Smallest area (m²)</source>
        <translation>最小面积（m²）</translation>
    </message>
    <message>
        <source>Smallest width (m)</source>
        <translation>最小宽度（m）</translation>
    </message>
    <message>
        <source>Solve Again</source>
        <translation>重新求解</translation>
    </message>
    <message>
        <source>Something is not met, not judged or not filled in</source>
        <translation>有不符合、未能判定或未填写的事项</translation>
    </message>
    <message>
        <source>Source</source>
        <translation>依据</translation>
    </message>
    <message>
        <source>Source document</source>
        <translation>依据文件</translation>
    </message>
    <message>
        <source>Source fields without a target field: {fields}.</source>
        <translation>没有目标字段的源字段：{fields}。</translation>
    </message>
    <message>
        <source>Source of setting</source>
        <translation>设定来源</translation>
    </message>
    <message>
        <source>Source of {field}</source>
        <translation>{field} 的来源</translation>
    </message>
    <message>
        <source>Source: file or folder (empty: project layers)</source>
        <translation>数据源：文件或文件夹（不填为工程图层）</translation>
    </message>
    <message>
        <source>Source: {source} ({mark})</source>
        <translation>依据：{source}（{mark}）</translation>
    </message>
    <message>
        <source>Special</source>
        <translation>特别</translation>
    </message>
    <message>
        <source>Special use area</source>
        <translation>特别用途区</translation>
    </message>
    <message>
        <source>Specification</source>
        <translation>样式</translation>
    </message>
    <message>
        <source>Specification of the counties (empty: county)</source>
        <translation>各县成果包样式（空：county）</translation>
    </message>
    <message>
        <source>Specification of the parent (empty: city)</source>
        <translation>上级成果包样式（空：city）</translation>
    </message>
    <message>
        <source>Split by</source>
        <translation>拆分依据</translation>
    </message>
    <message>
        <source>Split by Assignee…</source>
        <translation>按负责人拆分清单…</translation>
    </message>
    <message>
        <source>Split by Township: {names}…</source>
        <translation>按乡镇拆分清单：{names}…</translation>
    </message>
    <message>
        <source>Split by Township…</source>
        <translation>按乡镇拆分清单…</translation>
    </message>
    <message>
        <source>Split into township packages</source>
        <translation>按乡镇分发</translation>
    </message>
    <message>
        <source>Split work list</source>
        <translation>拆分工作清单</translation>
    </message>
    <message>
        <source>Standard</source>
        <translation>标准</translation>
    </message>
    <message>
        <source>Standard (empty: county_db)</source>
        <translation>标准（留空：county_db）</translation>
    </message>
    <message>
        <source>Standard (empty: the profile's, else county_db)</source>
        <translation>标准（不填为县配置所用，否则 county_db）</translation>
    </message>
    <message>
        <source>Standard: {name}</source>
        <translation>标准：{name}</translation>
    </message>
    <message>
        <source>Standards: {standards}. Profiles: {profiles}.</source>
        <translation>标准：{standards}。县配置：{profiles}。</translation>
    </message>
    <message>
        <source>Start Check</source>
        <translation>开始检查</translation>
    </message>
    <message>
        <source>Start Editing and Apply</source>
        <translation>切换编辑状态并应用</translation>
    </message>
    <message>
        <source>State</source>
        <translation>状态</translation>
    </message>
    <message>
        <source>State facts and grounds; reports print this text unchanged.</source>
        <translation>请写明事实和依据，质量检查报告原样列出</translation>
    </message>
    <message>
        <source>State of the machine</source>
        <translation>环境状态</translation>
    </message>
    <message>
        <source>Statement (HTML)</source>
        <translation>说明（HTML）</translation>
    </message>
    <message>
        <source>Statement (PDF)</source>
        <translation>说明（PDF）</translation>
    </message>
    <message>
        <source>Statement (Word)</source>
        <translation>说明（Word）</translation>
    </message>
    <message>
        <source>Statement of an adjustment</source>
        <translation>局部优化说明</translation>
    </message>
    <message>
        <source>Statutory areas</source>
        <translation>图斑椭球面积</translation>
    </message>
    <message>
        <source>Statutory areas, sum (m²)</source>
        <translation>图斑椭球面积合计（m²）</translation>
    </message>
    <message>
        <source>Statutory ellipsoidal area in m², unrounded, by the formula of the land survey (CGCS2000); the same as in checks and reports. Not the area of the map plane.</source>
        <translation>图斑椭球面积，单位 m²，不舍入。按国土调查图斑椭球面积公式（CGCS2000）计算，与检查和报告中的面积一致；不是地图平面上的面积。</translation>
    </message>
    <message>
        <source>Stop: change nothing; enter another name or folder</source>
        <translation>停止：另取名称或另选文件夹</translation>
    </message>
    <message>
        <source>Stored areas that differ</source>
        <translation>原存面积不符的要素数</translation>
    </message>
    <message>
        <source>Stored areas, sum (m²)</source>
        <translation>原存面积合计（m²）</translation>
    </message>
    <message>
        <source>Strip from eastings</source>
        <translation>去带号</translation>
    </message>
    <message>
        <source>Submission Package</source>
        <translation>成果包</translation>
    </message>
    <message>
        <source>Submission package</source>
        <translation>成果包</translation>
    </message>
    <message>
        <source>Submission package: inspected</source>
        <translation>成果包，按检查成果包检查</translation>
    </message>
    <message>
        <source>Swap: take in no more than is given back</source>
        <translation>等量置换，调入不大于调出</translation>
    </message>
    <message>
        <source>Syntax</source>
        <translation>语法</translation>
    </message>
    <message>
        <source>Table of attribute structures</source>
        <translation>属性结构描述表</translation>
    </message>
    <message>
        <source>Table of conflicts</source>
        <translation>冲突表</translation>
    </message>
    <message>
        <source>Table of conflicts, filled in</source>
        <translation>填好采用列的冲突表</translation>
    </message>
    <message>
        <source>Table of old and new keys</source>
        <translation>新旧标识码对照表</translation>
    </message>
    <message>
        <source>Table of old and new keys (empty: next to the copy)</source>
        <translation>新旧标识码对照表（空：副本旁，与副本同名）</translation>
    </message>
    <message>
        <source>Table of old and new keys, used to match waivers</source>
        <translation>新旧标识码对照表（用于跟踪豁免）</translation>
    </message>
    <message>
        <source>Table of the fixes (CSV)</source>
        <translation>修复情况表（CSV）</translation>
    </message>
    <message>
        <source>Table of what was not taken</source>
        <translation>未采用清单</translation>
    </message>
    <message>
        <source>Table saved: {path}</source>
        <translation>修复表已保存：{path}</translation>
    </message>
    <message>
        <source>Tables</source>
        <translation>表格</translation>
    </message>
    <message>
        <source>Tables (*.csv *.xlsx)</source>
        <translation>表格 (*.csv *.xlsx)</translation>
    </message>
    <message>
        <source>Tables for submission</source>
        <translation>报送表格</translation>
    </message>
    <message>
        <source>Tables for the Office…</source>
        <translation>报送表格…</translation>
    </message>
    <message>
        <source>Tables made</source>
        <translation>生成的表</translation>
    </message>
    <message>
        <source>Tables to be signed (PDF)</source>
        <translation>签字用表（PDF）</translation>
    </message>
    <message>
        <source>Tables to be signed (Word)</source>
        <translation>签字用表（Word）</translation>
    </message>
    <message>
        <source>Tables: ids, or path of a layout or folder (empty: all)</source>
        <translation>表格：代号，或表格文件、文件夹的路径（不填为全部）</translation>
    </message>
    <message>
        <source>Take the selected features of the current layer as projects</source>
        <translation>以当前图层的选中要素为项目</translation>
    </message>
    <message>
        <source>Target</source>
        <translation>目标值</translation>
    </message>
    <message>
        <source>Target template</source>
        <translation>目标模板</translation>
    </message>
    <message>
        <source>Target year</source>
        <translation>年份</translation>
    </message>
    <message>
        <source>Targets</source>
        <translation>目标</translation>
    </message>
    <message>
        <source>Targets and confirmation</source>
        <translation>目标与确认</translation>
    </message>
    <message>
        <source>Targets and county profile</source>
        <translation>指标与县配置</translation>
    </message>
    <message>
        <source>Targets by township</source>
        <translation>乡镇任务表</translation>
    </message>
    <message>
        <source>Targets in the text</source>
        <translation>文本中的目标值</translation>
    </message>
    <message>
        <source>Targets met</source>
        <translation>达到的目标</translation>
    </message>
    <message>
        <source>Targets met with a small margin</source>
        <translation>已达到但余量不足的目标</translation>
    </message>
    <message>
        <source>Targets missed</source>
        <translation>未达到或超出的目标</translation>
    </message>
    <message>
        <source>Targets missed by rounding</source>
        <translation>属于取整差的目标</translation>
    </message>
    <message>
        <source>Targets of the city or province</source>
        <translation>上级（市、省）目标表</translation>
    </message>
    <message>
        <source>Tasks allocated to the townships, one per row (rules LAW004 and LAW005)</source>
        <translation>下达到各乡镇的任务，一行一条（规则 LAW004 乡镇达到下达任务、LAW005 上下级规划指标衔接）</translation>
    </message>
    <message>
        <source>Template</source>
        <translation>选择模板</translation>
    </message>
    <message>
        <source>Template (code of the layer)</source>
        <translation>模板（图层代码）</translation>
    </message>
    <message>
        <source>Template of the Word report</source>
        <translation>Word 报告的模板</translation>
    </message>
    <message>
        <source>Templates: {names}. Their fields and codes: Data Dictionary in the locator bar.</source>
        <translation>可用的模板：{names}。字段和代码见“数据字典…”（定位栏 Ctrl+K）。</translation>
    </message>
    <message>
        <source>Text (*.txt);;JSON (*.json)</source>
        <translation>文本 (*.txt);;JSON (*.json)</translation>
    </message>
    <message>
        <source>The .waivers.csv in the data folder</source>
        <translation>数据所在文件夹的 .waivers.csv</translation>
    </message>
    <message>
        <source>The CRS is unknown, because the expression has no layer. Enter the CRS: sanxian_statutory_area(@geometry, 'EPSG:4526').</source>
        <translation>没有图层，无法确定坐标系。请写明：sanxian_statutory_area(@geometry, 'EPSG:4526')。</translation>
    </message>
    <message>
        <source>The CRS is unknown. Write for example 'EPSG:4526'.</source>
        <translation>无法识别所写的坐标系。请写作如 'EPSG:4526' 的形式。</translation>
    </message>
    <message>
        <source>The attachment cannot be read. Check its path, or leave it empty.</source>
        <translation>附件无法读取。请检查路径；没有附件的，此项留空。</translation>
    </message>
    <message>
        <source>The batch has {count} projects; choose one in the list to view it.</source>
        <translation>批量中有 {count} 个项目，在列表中选择后查看。</translation>
    </message>
    <message>
        <source>The batch of fixes was to leave {forecast}; the check found {found}.</source>
        <translation>批量修复预计剩余 {forecast}，检查为 {found}。</translation>
    </message>
    <message>
        <source>The change log does not have this undo or redo. {reason}</source>
        <translation>修复日志未能记录本次撤销或重做。{reason}</translation>
    </message>
    <message>
        <source>The check did not run; the result below is the previous one.</source>
        <translation>检查未完成，以下仍为先前的结果。</translation>
    </message>
    <message>
        <source>The check did not start: geopandas 1.0 or later is missing. See Environment Check.</source>
        <translation>检查未启动：缺少 geopandas 1.0 或更高版本。详见“环境自检”。</translation>
    </message>
    <message>
        <source>The check ended with an error ({error}). Reports of counties that are complete remain, the summary is unchanged. Details are in the log, tab Sanxian.</source>
        <translation>检查因错误中止（{error}）。已检查完的县区的报告保留，汇总未改动。详情见日志的 Sanxian 页。</translation>
    </message>
    <message>
        <source>The check result was not saved in the project folder ({error}). Details are in the log, tab Sanxian.</source>
        <translation>检查结果未能保存在工程文件旁（{error}）。详情见日志的 Sanxian 页。</translation>
    </message>
    <message>
        <source>The check result was not saved in the project folder: {why}</source>
        <translation>检查结果未能保存在工程文件旁：{why}</translation>
    </message>
    <message>
        <source>The check stopped with an error ({error}). The previous result is kept. Details are in the log, tab Sanxian.</source>
        <translation>检查中断（{error}），原有结果未改动。详情见日志面板的 Sanxian 页。</translation>
    </message>
    <message>
        <source>The check was not completed ({error}). Details are in the log, tab Sanxian.</source>
        <translation>自检中断（{error}）。详情见日志面板的 Sanxian 页。</translation>
    </message>
    <message>
        <source>The check was not completed. Nothing was made or changed.</source>
        <translation>检查未完成，未生成成果包，原有文件未改动。</translation>
    </message>
    <message>
        <source>The checked layers have no permanent basic farmland.</source>
        <translation>检查的图层中没有永久基本农田。</translation>
    </message>
    <message>
        <source>The checked layers have no urban development boundary.</source>
        <translation>检查的图层中没有城镇开发边界。</translation>
    </message>
    <message>
        <source>The confirmation that was entered takes effect when it is saved.</source>
        <translation>已填写本县设置的确认，保存后生效。</translation>
    </message>
    <message>
        <source>The counties could not be read ({error}). Details are in the log, tab Sanxian.</source>
        <translation>未能读取各县数据（{error}）。详情见日志的 Sanxian 页。</translation>
    </message>
    <message>
        <source>The counties were checked one after the other, because no Python program was found that can check several at the same time.</source>
        <translation>没有找到可用于同时检查多个县的 Python 程序，已逐县检查。</translation>
    </message>
    <message>
        <source>The counties were checked one after the other, because the data or a sealed edition are in a database connection that QGIS stores, which only QGIS can use. With service=… in place of connection=… several can be checked at the same time.</source>
        <translation>数据或封库版本使用 QGIS 保存的数据库连接，只能在 QGIS 中读取，已逐县检查。改用服务名（service=…）代替 connection=… 的，可同时检查多个县。</translation>
    </message>
    <message>
        <source>The county extends across the zones {zones}. Use one zone for all of it; zone {zone} (EPSG:{epsg}) is recommended, with the larger part {by} ({share}).</source>
        <translation>本县跨 {zones} 带。请全县统一采用一个带，推荐{by}较大一侧（{share}）的 {zone} 带（EPSG:{epsg}）。</translation>
    </message>
    <message>
        <source>The county is not determined yet. Choose its profile, or start the export: its check determines the county.</source>
        <translation>尚未确定所属县。请在“县配置…”中选择，或直接导出，由检查识别。</translation>
    </message>
    <message>
        <source>The county profile or another file of the check changed after {time}; check again.</source>
        <translation>{time} 检查之后，县配置或检查用的其他文件有变动，请重新检查。</translation>
    </message>
    <message>
        <source>The current layer has no shapes. Choose a layer of projects and select features.</source>
        <translation>当前图层没有图形。请选择项目所在图层并选中要素。</translation>
    </message>
    <message>
        <source>The data changed since the last check, or their state is unknown, so the export runs the check first.</source>
        <translation>上次检查后数据有改动（或无法确认未改动）：导出时先重新检查。</translation>
    </message>
    <message>
        <source>The data have the division code {code}. Which profile applies? It has the targets and limits.</source>
        <translation>数据的行政区代码为 {code}。采用哪个县配置？目标值和限值取自县配置。</translation>
    </message>
    <message>
        <source>The data leave open: {names}.</source>
        <translation>数据本身不足以确认：{names}。</translation>
    </message>
    <message>
        <source>The data were changed while they were checked. Nothing was made; export again.</source>
        <translation>检查期间数据有改动，未生成成果包。请重新导出。</translation>
    </message>
    <message>
        <source>The draft keeps all limits</source>
        <translation>草案满足全部限值</translation>
    </message>
    <message>
        <source>The edit added {count} findings: {rules}.</source>
        <translation>编辑后新增 {count} 处问题：{rules}。</translation>
    </message>
    <message>
        <source>The expiry date is before the date of registration. Correct the expiry date.</source>
        <translation>失效日期早于登记日期。请改正失效日期。</translation>
    </message>
    <message>
        <source>The explanation could not be shown ({error}). Details are in the log, tab Sanxian.</source>
        <translation>没有结果（{error}）。详情见日志面板的 Sanxian 页。</translation>
    </message>
    <message>
        <source>The feature belongs to the package, not to this project. Click “Show Its Layers” to add the layers of the package to the map.</source>
        <translation>该要素属于成果包，不在当前工程中。点击“打开成果包的图层”可以在地图上查看。</translation>
    </message>
    <message>
        <source>The feature has no unique key (BSM), only a feature id, which changes in another file, so it cannot be waived permanently. Correct the key first.</source>
        <translation>该要素没有唯一的标识码（BSM），只能按要素号识别，更换文件后无法对应，不能长期豁免。请先改正标识码。</translation>
    </message>
    <message>
        <source>The feature is no longer in this project.</source>
        <translation>该要素已不在工程中。</translation>
    </message>
    <message>
        <source>The feature {name} of the layer “{layer}” was changed after the trial. Nothing was applied.</source>
        <translation>图层“{layer}”的要素 {name} 在试算后已改动。未应用任何修复，请重新试算。</translation>
    </message>
    <message>
        <source>The feature {name} of the layer “{layer}” was deleted after the trial. Nothing was applied.</source>
        <translation>图层“{layer}”的要素 {name} 在试算后已删除。未应用任何修复。</translation>
    </message>
    <message>
        <source>The field tables of {count} of these layers are unverified (mark C).</source>
        <translation>其中 {count} 个图层的字段表未核实（来源级别 C）。</translation>
    </message>
    <message>
        <source>The field tables of {count} of {all} layers are not verified against the norm (mark C). Compare them with the original before use; templates are files that can be corrected.</source>
        <translation>{all} 个图层中有 {count} 个的字段表未核对标准原文（来源级别 C）。使用前请对照原文；模板文件可以修改。</translation>
    </message>
    <message>
        <source>The field {field} cannot be added to the layer “{layer}”. Nothing was applied.</source>
        <translation>图层“{layer}”无法增加字段 {field}。未应用任何修复。</translation>
    </message>
    <message>
        <source>The file .waivers.csv in the data folder</source>
        <translation>数据所在文件夹的 .waivers.csv</translation>
    </message>
    <message>
        <source>The file or folder does not exist.</source>
        <translation>该文件或文件夹不存在。</translation>
    </message>
    <message>
        <source>The filter hides this finding in the list. Clear the filter to see it there.</source>
        <translation>该问题不符合当前筛选条件，列表中未显示。清除筛选后可查看。</translation>
    </message>
    <message>
        <source>The finding concerns the check itself, not the data.</source>
        <translation>该问题涉及检查过程，不属于数据问题。</translation>
    </message>
    <message>
        <source>The findings could not be shown on the map; the list is complete. Check again, or save the list with Export.</source>
        <translation>问题未能在地图上显示，列表完整。请重新检查，或用“导出”另存。</translation>
    </message>
    <message>
        <source>The first argument is not a geometry. Write @geometry.</source>
        <translation>第一个参数不是几何图形。请写 @geometry。</translation>
    </message>
    <message>
        <source>The fixes were not applied because of an error ({error}). Details are in the log, tab Sanxian.</source>
        <translation>应用时出错（{error}），未应用任何修复。详情见日志的 Sanxian 页。</translation>
    </message>
    <message>
        <source>The folder does not exist yet; it is created with the project.</source>
        <translation>文件夹尚不存在，创建时新建。</translation>
    </message>
    <message>
        <source>The folder does not exist, nor the folder that would contain it. Choose another one.</source>
        <translation>文件夹不存在，其上级文件夹也不存在，请另选一个。</translation>
    </message>
    <message>
        <source>The folder {folder} cannot be written. Change its permissions or free disk space, then try again.</source>
        <translation>文件夹 {folder} 无法写入。请调整权限或腾出空间后重试。</translation>
    </message>
    <message>
        <source>The folders could not be inspected ({error}). Details are in the log, tab Sanxian.</source>
        <translation>未能查看所选文件夹（{error}）。详情见日志面板的 Sanxian 页。</translation>
    </message>
    <message>
        <source>The later edition is shifted as a whole: {east} m east, {north} m north (negative: west, south; {count} features).</source>
        <translation>后一版整体平移：东方向 {east} 米、北方向 {north} 米（负值为向西、向南），{count} 个要素。</translation>
    </message>
    <message>
        <source>The layer could not be read ({error}). Details are in the log, tab Sanxian.</source>
        <translation>图层未能读取（{error}）。详情见日志面板的 Sanxian 页。</translation>
    </message>
    <message>
        <source>The layer was removed.</source>
        <translation>图层已移除。</translation>
    </message>
    <message>
        <source>The layer {layer} has no feature with a shape and a name (XZQMC) yet.</source>
        <translation>图层“{layer}”中尚无带图形和名称（XZQMC）的要素。</translation>
    </message>
    <message>
        <source>The layer {role} is no longer in the project. Check again first.</source>
        <translation>图层 {role} 已不在工程中。请重新检查后再修复。</translation>
    </message>
    <message>
        <source>The layer {role} is sealed and does not change.</source>
        <translation>图层 {role} 已封库，不作改动。</translation>
    </message>
    <message>
        <source>The layer “{layer}” cannot be edited: it or its file is read-only.</source>
        <translation>图层“{layer}”不能编辑：图层或其文件为只读。</translation>
    </message>
    <message>
        <source>The layer “{layer}” cannot be switched to edit mode; another program may have its file open.</source>
        <translation>图层“{layer}”无法切换到编辑状态，文件可能正被其他程序打开。请关闭后重试。</translation>
    </message>
    <message>
        <source>The layer “{layer}” has a filter, so features next to the change may be hidden. Remove the filter.</source>
        <translation>图层“{layer}”设有过滤条件，改动处的相邻要素可能未显示。请清除过滤条件后再修复。</translation>
    </message>
    <message>
        <source>The layer “{layer}” has no field {field} any more. Nothing was applied.</source>
        <translation>图层“{layer}”已没有字段 {field}。未应用任何修复，请重新检查。</translation>
    </message>
    <message>
        <source>The layer “{layer}” is below other layers.</source>
        <translation>图层“{layer}”在其他图层下面，被遮住。</translation>
    </message>
    <message>
        <source>The layer “{layer}” is no longer in the project. Check again.</source>
        <translation>图层“{layer}”已不在工程中。请重新检查。</translation>
    </message>
    <message>
        <source>The layer “{layer}” is not in edit mode. Nothing was applied.</source>
        <translation>图层“{layer}”未处于编辑状态。未应用任何修复。</translation>
    </message>
    <message>
        <source>The layer “{layer}” is switched off.</source>
        <translation>图层“{layer}”没有显示。</translation>
    </message>
    <message>
        <source>The layer “{layer}” only has features of one part; the fix would make several. Nothing was applied.</source>
        <translation>图层“{layer}”只存单部件要素，修复后的要素为多部件。未应用任何修复，请先将图层转换为多部件类型。</translation>
    </message>
    <message>
        <source>The layer “{layer}” refused a change. Nothing was applied.</source>
        <translation>图层“{layer}”拒绝了改动。未应用任何修复，请检查图层的约束和权限。</translation>
    </message>
    <message>
        <source>The layer “{name}” is on the map.</source>
        <translation>图层“{name}”已添加到地图。</translation>
    </message>
    <message>
        <source>The layer's name resembles no layer of the plan. Choose the target template.</source>
        <translation>图层名与各规划图层都不相近，请选择目标模板。</translation>
    </message>
    <message>
        <source>The layers changed since {time} in ways that checks while editing do not cover; the result is out of date.</source>
        <translation>{time} 检查后图层有大量改动或外部改动，未逐处复检，结果已过时。</translation>
    </message>
    <message>
        <source>The layers could not be shown ({error}). Details are in the log, tab Sanxian.</source>
        <translation>图层未能在地图上显示（{error}）。详情见日志面板的 Sanxian 页。</translation>
    </message>
    <message>
        <source>The layers have changed; the fixes were tried again.</source>
        <translation>图层有改动，已重新试算。</translation>
    </message>
    <message>
        <source>The layers of the package on the map do not have this feature.</source>
        <translation>地图上成果包的图层中没有该要素。</translation>
    </message>
    <message>
        <source>The limits of {name} apply, its totals do not. Enter the targets of the county below.</source>
        <translation>采用{name}的上限；其总量目标不用于本县。请在下方填写本县目标值。</translation>
    </message>
    <message>
        <source>The list has no longitudes: read them from a layer, or enter them.</source>
        <translation>代码表中没有经度。请从图层读取，或填写。</translation>
    </message>
    <message>
        <source>The list has only the longitudes of {whose}. Read those of the county from a layer, or enter them.</source>
        <translation>代码表中只有{whose}的经度。本县的经度请从图层读取，或填写。</translation>
    </message>
    <message>
        <source>The location of the county is unknown, so no zone is recommended.</source>
        <translation>县域位置不明，不能推荐带号。请从图层读取范围，或填写东西经度。</translation>
    </message>
    <message>
        <source>The mapping could not be run. Details are in the log, tab Processing.</source>
        <translation>字段映射未能运行，详情见日志面板的 Processing 页。</translation>
    </message>
    <message>
        <source>The mapping is kept in {file}, to be used again.</source>
        <translation>字段映射已保存为 {file}，可再次使用。</translation>
    </message>
    <message>
        <source>The name of a code in a code list; NULL when the list does not have it.</source>
        <translation>代码在代码表中的名称；代码表中没有的返回 NULL。</translation>
    </message>
    <message>
        <source>The name of a planning zone's code; NULL when the list does not have it.</source>
        <translation>规划分区代码的名称；代码表中没有的返回 NULL。</translation>
    </message>
    <message>
        <source>The name of the source states another unit than m².</source>
        <translation>源字段名称中的单位不是平方米。</translation>
    </message>
    <message>
        <source>The next free BSM: county code, 0000 and an 8-digit number above all numbers used in the layers of the project and their databases, including unsaved edits. In a layer in edit mode each call assigns a new number and never repeats one; gaps are normal. In other layers the number is only shown.</source>
        <translation>下一个标识码：县级代码、0000 和 8 位顺序号，在工程各图层及其数据库内统一编号，大于已使用的全部顺序号，未保存的编辑也计算在内。图层在编辑状态时，每次调用取一个新号，已取的号不再使用，允许断号；不在编辑状态时只显示下一个号。</translation>
    </message>
    <message>
        <source>The next project has the use above, that of the last one, until you choose another.</source>
        <translation>下一个项目沿用上一项目的用途（见上），可另选。</translation>
    </message>
    <message>
        <source>The opinion to be signed has one to three pages for each project: facts, verdict, control lines with rule, source and mark, a map with numbered places and without coordinates, land classes, zones with admission, supplements, what is missing, and fields for signatures. Several projects have a table of all before their pages; of many projects the first {count} have pages.</source>
        <translation>签字用审查意见每个项目一至三页：项目情况、结论、控制线审查（规则、依据和来源级别）、项目位置图（编号标注，不列坐标）、占用地类、规划分区与准入、补划与占补、未能判定事项和签字栏。多个项目时，各页之前有汇总表；项目很多时，只有前 {count} 个项目有单页。</translation>
    </message>
    <message>
        <source>The outline crosses itself; nothing is computed. Move or undo this point.</source>
        <translation>边线自相交，不能计算。请移动或撤销这个点。</translation>
    </message>
    <message>
        <source>The package is made, read back and compared with the plan.</source>
        <translation>成果包已生成，并读回与规划图层逐项核对一致。</translation>
    </message>
    <message>
        <source>The package was forced: it is for internal use and must not be submitted. Its manifest, metadata and page state this, with the reasons.</source>
        <translation>成果包已强制生成，仅供内部查看，不得上报。强制生成及其各项原因已写入清单和元数据。</translation>
    </message>
    <message>
        <source>The package was made although its plan does not pass. This cannot be waived: correct the plan, or waive its findings there, and export again.</source>
        <translation>成果包是在检查未通过时强制生成的，不能豁免。请改正规划，或在规划中登记豁免，然后重新导出。</translation>
    </message>
    <message>
        <source>The package was not made ({error}). Existing files were not changed. Details are in the log, tab Sanxian.</source>
        <translation>未生成成果包（{error}）。原有文件未改动。详情见日志面板的 Sanxian 页。</translation>
    </message>
    <message>
        <source>The package was not made, because the plan does not pass. Correct the listed problems, or go back and force the package.</source>
        <translation>未生成：成果包不符合要求。请改正下列各处；确需先行导出的，点“上一步”，勾选“强制生成”。原有文件未改动。</translation>
    </message>
    <message>
        <source>The package was not made, because values would be lost. Correct the listed problems; forcing does not help.</source>
        <translation>未生成：写出后会丢失内容。请改正下列各处；强制生成同样不能导出。原有文件未改动。</translation>
    </message>
    <message>
        <source>The parent code in a code list; NULL at the top level and for an unknown code.</source>
        <translation>代码在代码表中的上一级代码；已是顶级或无法识别的代码返回 NULL。</translation>
    </message>
    <message>
        <source>The parent's {count} totals are those of its whole area; limits, rules and targets for this county are inherited.</source>
        <translation>上级的 {count} 项总量目标属上级全域，不用于本县；本县继承上级的上限、规则设置和下达给本县的目标。</translation>
    </message>
    <message>
        <source>The path is stored relative to the waiver file.</source>
        <translation>附件路径按相对于豁免文件的位置保存</translation>
    </message>
    <message>
        <source>The plan is being checked; the reasons are updated afterwards.</source>
        <translation>正在检查规划数据，完成后更新下列原因。</translation>
    </message>
    <message>
        <source>The project comes with</source>
        <translation>工程内容</translation>
    </message>
    <message>
        <source>The project file exists: allow its replacement, or enter another name.</source>
        <translation>工程文件已存在。请勾选替换，或另取名称。</translation>
    </message>
    <message>
        <source>The project has no other checked layer with areas or lines to align with.</source>
        <translation>工程中没有其他已检查的面或线图层可供对齐。</translation>
    </message>
    <message>
        <source>The project has no plan layers to export.</source>
        <translation>工程中没有规划图层，无可导出内容。</translation>
    </message>
    <message>
        <source>The project is made and was not opened: {path}.</source>
        <translation>工程已建立，未打开：{path}。</translation>
    </message>
    <message>
        <source>The project is made, but QGIS could not open it: {path}.</source>
        <translation>工程已建立，但 QGIS 未能打开：{path}。</translation>
    </message>
    <message>
        <source>The project takes its layers and their data; layers that it lacks are added</source>
        <translation>工程直接使用其中的图层和数据，缺少的图层补建</translation>
    </message>
    <message>
        <source>The project was closed, and the fix window with it. No fix was applied.</source>
        <translation>工程已关闭，修复窗口随之关闭，未应用任何修复。</translation>
    </message>
    <message>
        <source>The project was not made ({error}). Details are in the log, tab Sanxian.</source>
        <translation>工程未能建立（{error}）。详情见日志面板的 Sanxian 页。</translation>
    </message>
    <message>
        <source>The result is not of the open project, so its layers cannot be fixed. Check all first.</source>
        <translation>检查结果不属于当前工程，无法修复。请先进行全面检查。</translation>
    </message>
    <message>
        <source>The result is older than the layers. Check again, then fix.</source>
        <translation>检查结果早于图层的改动，或为保存的结果。请重新检查后再修复。</translation>
    </message>
    <message>
        <source>The review stopped with an error ({error}). Details are in the log, tab Sanxian.</source>
        <translation>审查因错误中止（{error}）。详情见日志面板的 Sanxian 页。</translation>
    </message>
    <message>
        <source>The role of a layer is recognised by its name, then by its fields. Correct it here if it is wrong.</source>
        <translation>图层依次按名称、字段自动识别角色；识别有误的，在此更改。</translation>
    </message>
    <message>
        <source>The rows were appended. Propose Again reads the layer again.</source>
        <translation>已追加。点“重新推荐”可重新读取该图层。</translation>
    </message>
    <message>
        <source>The same value…</source>
        <translation>固定值…</translation>
    </message>
    <message>
        <source>The saved check result was not read ({error}). Details are in the log, tab Sanxian.</source>
        <translation>上次的检查结果未能读取（{error}）。详情见日志的 Sanxian 页。</translation>
    </message>
    <message>
        <source>The selected features have no shape, so the map does not zoom; see them in the table.</source>
        <translation>选中的要素没有图形，地图不缩放，请在属性表中查看。</translation>
    </message>
    <message>
        <source>The selected features of “{layer}” have no shapes.</source>
        <translation>图层“{layer}”的选中要素没有图形。</translation>
    </message>
    <message>
        <source>The selected finding is corrected. “Next” goes on from its place.</source>
        <translation>所选问题已消除。点“下一个”从此处继续。</translation>
    </message>
    <message>
        <source>The shapes of the layer “{layer}” have Z or M values, which the fix would lose.</source>
        <translation>图层“{layer}”的图形带 Z 值或 M 值，修复会丢失这些值。请先去除，再修复。</translation>
    </message>
    <message>
        <source>The summary layer cannot be opened. Start the check again.</source>
        <translation>汇总图层不能打开，请重新检查。</translation>
    </message>
    <message>
        <source>The tool reads files: unsaved edits of {names} do not count. Save them first.</source>
        <translation>该工具读取文件：{names}未保存的编辑不计入，请先保存。</translation>
    </message>
    <message>
        <source>The trial stopped with an error ({error}). Nothing was changed. Details are in the log, tab Sanxian.</source>
        <translation>试算因错误停止（{error}），未作任何改动。详情见日志面板的 Sanxian 页。</translation>
    </message>
    <message>
        <source>The two editions are identical.</source>
        <translation>两个版本一致。</translation>
    </message>
    <message>
        <source>The two editions differ in {parts} parts: {area_in} m² in, {area_out} m² out, {changed} m² with other attributes.</source>
        <translation>两个版本有 {parts} 处不同：调入 {area_in} m²，调出 {area_out} m²，属性变更 {changed} m²。</translation>
    </message>
    <message>
        <source>The value {value} does not fit the field {field} of the layer “{layer}”. Nothing was applied.</source>
        <translation>值“{value}”超出图层“{layer}”字段 {field} 的类型或长度。未应用任何修复。</translation>
    </message>
    <message>
        <source>The verdict is that of the full check at {time}. Edited features are checked at once; totals, shares, the ratio, unique keys, gaps of the whole county and yearly maintenance (reasons, numbers, balance) are checked in the next full check.</source>
        <translation>结论为 {time} 全面检查的结果。编辑之处即时复检；合计、占比、扩展倍数、标识码唯一性、全县空隙和动态维护的填写与平衡，以下次全面检查为准。</translation>
    </message>
    <message>
        <source>The whole county is in zone {zone}, about {room}° from its edge.</source>
        <translation>全县都在 {zone} 带内，距带边约 {room}°，不跨带。</translation>
    </message>
    <message>
        <source>The widest scope that the layers allow</source>
        <translation>按图层自动确定</translation>
    </message>
    <message>
        <source>The work list failed ({error}). Details are in the log.</source>
        <translation>工作清单未能处理（{error}）。详情见日志的 Sanxian 页。</translation>
    </message>
    <message>
        <source>The year needs four digits, such as 2020.</source>
        <translation>年份应为四位数字，如 2020。</translation>
    </message>
    <message>
        <source>The {count} items that the last check used are listed first, in bold.</source>
        <translation>上次检查用到的 {count} 项列在前面，以粗体显示。</translation>
    </message>
    <message>
        <source>The {count} most frequent codes are listed; check whether the code list of the source is the right one.</source>
        <translation>只列出最常见的 {count} 个；请核对代码换算是否采用该表。</translation>
    </message>
    <message>
        <source>There are no findings in the selection.</source>
        <translation>所选范围没有问题。</translation>
    </message>
    <message>
        <source>There is no change of the work list to undo.</source>
        <translation>没有可撤销的清单改动。</translation>
    </message>
    <message>
        <source>There is nothing to apply.</source>
        <translation>没有可应用的改动。</translation>
    </message>
    <message>
        <source>These findings are of the package “{name}”, inspected at {time}, not of the project.</source>
        <translation>以下为 {time} 检查成果包“{name}”的结果，不是当前工程的检查结果。</translation>
    </message>
    <message>
        <source>These layouts were edited since they were made:
{names}

Replace them by new ones? The changes are lost.</source>
        <translation>以下布局生成后有修改：
{names}

是否替换为新布局？替换后，修改内容不再保留。</translation>
    </message>
    <message>
        <source>They are listed in {file}.</source>
        <translation>清单见 {file}。</translation>
    </message>
    <message>
        <source>They are one edit step of the layer, not saved yet; undo with Ctrl+Z. {count} rows got a new key (BSM).</source>
        <translation>为该图层的一步编辑，尚未保存，可按 Ctrl+Z 撤销。{count} 行编了新的标识码。</translation>
    </message>
    <message>
        <source>This button or F8 checks all layers while you go on working. Try it now: the sample has errors on purpose.</source>
        <translation>点此按钮或按 F8，在后台检查全部图层，不影响其他操作。示例县有意埋了错误，可先试查一次。</translation>
    </message>
    <message>
        <source>This file or folder was moved or deleted after it was written:</source>
        <translation>该文件或文件夹写出后已被移走或删除：</translation>
    </message>
    <message>
        <source>This finding only</source>
        <translation>仅此一处</translation>
    </message>
    <message>
        <source>This is a new copy, {file}. An earlier copy was changed; it stays, with its waivers and change records. To continue with it, open the saved project.</source>
        <translation>这是新的副本 {file}。原来的副本已经改动，连同豁免和修改记录留在原处；要接着做，请打开保存的工程。</translation>
    </message>
    <message>
        <source>This is the first listed finding.</source>
        <translation>已是第一处。</translation>
    </message>
    <message>
        <source>This is the first selected feature.</source>
        <translation>已是第一个选中的要素。</translation>
    </message>
    <message>
        <source>This is the last listed finding.</source>
        <translation>已是最后一处。</translation>
    </message>
    <message>
        <source>This is the last selected feature.</source>
        <translation>已是最后一个选中的要素。</translation>
    </message>
    <message>
        <source>This is the profile of the county.</source>
        <translation>该配置为本县的县配置。</translation>
    </message>
    <message>
        <source>This is the profile of the county. It can be changed later under County Profile.</source>
        <translation>该配置为本县的县配置。创建工程后可在“县配置”中修改。</translation>
    </message>
    <message>
        <source>This list</source>
        <translation>本清单</translation>
    </message>
    <message>
        <source>This profile is of {name} ({area}), the project is of {county} ({code}). Choose another.</source>
        <translation>该配置属于{name}（{area}），本项目为{county}（{code}）。请另选。</translation>
    </message>
    <message>
        <source>This run</source>
        <translation>本次检查</translation>
    </message>
    <message>
        <source>This was the last finding to do in the list.</source>
        <translation>已到最后一个未完成的问题。</translation>
    </message>
    <message>
        <source>Three zones</source>
        <translation>三区空间</translation>
    </message>
    <message>
        <source>Tick All</source>
        <translation>全选</translation>
    </message>
    <message>
        <source>Tick None</source>
        <translation>全不选</translation>
    </message>
    <message>
        <source>Tick at least one layer.</source>
        <translation>请至少勾选一个图层。</translation>
    </message>
    <message>
        <source>Ticked without a source document: {names}. Enter it in the row (double-click), or untick the item.</source>
        <translation>勾选而没有依据文件：{names}。请在该行双击填写依据文件，或取消勾选。</translation>
    </message>
    <message>
        <source>Time</source>
        <translation>用时</translation>
    </message>
    <message>
        <source>Title and number of the document</source>
        <translation>文件名称和文号</translation>
    </message>
    <message>
        <source>To be created</source>
        <translation>将创建</translation>
    </message>
    <message>
        <source>To confirm one by one: a row can be ticked once its preview was shown</source>
        <translation>须确认：看过预览后逐个勾选</translation>
    </message>
    <message>
        <source>To confirm {count}</source>
        <translation>须确认 {count}</translation>
    </message>
    <message>
        <source>To do</source>
        <translation>待处理</translation>
    </message>
    <message>
        <source>To measure these areas from the shape when appended, choose (nothing) as their source: {fields}.</source>
        <translation>要在追加时按图形量算面积的，请将这些字段的来源改选“（不填）”：{fields}。</translation>
    </message>
    <message>
        <source>To re-check</source>
        <translation>待复检</translation>
    </message>
    <message>
        <source>To re-check {count}</source>
        <translation>待复检 {count}</translation>
    </message>
    <message>
        <source>To verify</source>
        <translation>需核对</translation>
    </message>
    <message>
        <source>Together with the other ticked fixes, these have another fix or none, and are no longer ticked: {names}. View them again, or apply the others.</source>
        <translation>与其他勾选的修复一并试算，以下各项的修复方式有变或不能修复，已取消勾选：{names}。请重新查看，或应用其余各项。</translation>
    </message>
    <message>
        <source>Tolerance of curves (m)</source>
        <translation>曲线容差（米）</translation>
    </message>
    <message>
        <source>Tolerance of the stored area (m²)</source>
        <translation>原存面积的允许差（m²）</translation>
    </message>
    <message>
        <source>Tolerances</source>
        <translation>容差</translation>
    </message>
    <message>
        <source>Toolbox</source>
        <translation>工具箱</translation>
    </message>
    <message>
        <source>Township</source>
        <translation>乡镇</translation>
    </message>
    <message>
        <source>Township targets</source>
        <translation>乡镇任务表</translation>
    </message>
    <message>
        <source>Township targets (xlsx or csv)</source>
        <translation>乡镇任务表（xlsx 或 csv）</translation>
    </message>
    <message>
        <source>Townships</source>
        <translation>乡镇</translation>
    </message>
    <message>
        <source>Trial re-check</source>
        <translation>试算复检</translation>
    </message>
    <message>
        <source>Tried together, the ticked fixes have other figures, which are displayed now. Apply again to write these.</source>
        <translation>一并试算，所勾选各项的数值有变，已更新显示。再次点击应用，写入这些数值。</translation>
    </message>
    <message>
        <source>Try Again</source>
        <translation>重新试算</translation>
    </message>
    <message>
        <source>Try alignments</source>
        <translation>试算对齐</translation>
    </message>
    <message>
        <source>Try fixes of {code}</source>
        <translation>试算 {code} 的修复</translation>
    </message>
    <message>
        <source>Try fixes of {count} findings</source>
        <translation>试算 {count} 处问题的修复</translation>
    </message>
    <message>
        <source>Try the fixes of all selected findings and list what would happen</source>
        <translation>试算所选问题的修复，列表显示将发生的改动</translation>
    </message>
    <message>
        <source>Try the fixes on a copy and show them on the map before anything changes (F)</source>
        <translation>在副本上试算修复，先在地图上预览，确认后才改动（F）</translation>
    </message>
    <message>
        <source>Try {count} ticked fixes</source>
        <translation>试算所勾选的 {count} 项修复</translation>
    </message>
    <message>
        <source>Trying the fixes on a copy…</source>
        <translation>正在副本上试算…</translation>
    </message>
    <message>
        <source>Trying the ticked fixes together…</source>
        <translation>正在试算所勾选的修复…</translation>
    </message>
    <message>
        <source>Two layers have the same role: {roles}. Choose one.</source>
        <translation>有两个图层可识别为同一角色：{roles}。请选定一个。</translation>
    </message>
    <message>
        <source>Two people changed these rows to different values. Until you choose, this list counts.</source>
        <translation>双方将同一行改成了不同内容。选定之前，以本清单为准。</translation>
    </message>
    <message>
        <source>Type</source>
        <translation>类型</translation>
    </message>
    <message>
        <source>Undecided contradictions</source>
        <translation>待定的矛盾数</translation>
    </message>
    <message>
        <source>Undetermined</source>
        <translation>未能判定</translation>
    </message>
    <message>
        <source>Undetermined indicators</source>
        <translation>未能判定的指标数</translation>
    </message>
    <message>
        <source>Undetermined projects</source>
        <translation>未能判定的项目数</translation>
    </message>
    <message>
        <source>Undo Change of List (Ctrl+Z)</source>
        <translation>撤销清单改动（Ctrl+Z）</translation>
    </message>
    <message>
        <source>Undo Fix</source>
        <translation>撤销修复</translation>
    </message>
    <message>
        <source>Undo Point</source>
        <translation>撤销一点</translation>
    </message>
    <message>
        <source>Undo This Edit</source>
        <translation>撤销这步编辑</translation>
    </message>
    <message>
        <source>Undo the last edit of the layer “{layer}”</source>
        <translation>撤销图层“{layer}”的最近一步编辑</translation>
    </message>
    <message>
        <source>Undone: {fix}. The data are as before, the layers still in edit mode.</source>
        <translation>已撤销：{fix}。数据恢复原状，图层仍处于编辑状态。</translation>
    </message>
    <message>
        <source>Unfinished</source>
        <translation>未完成</translation>
    </message>
    <message>
        <source>Unit</source>
        <translation>单位</translation>
    </message>
    <message>
        <source>Unit of the drawing (empty: metres, if the drawing states them)</source>
        <translation>图形单位（空：图纸写明为米的按米）</translation>
    </message>
    <message>
        <source>Updated</source>
        <translation>更新</translation>
    </message>
    <message>
        <source>Urban space (m²)</source>
        <translation>城镇空间（m²）</translation>
    </message>
    <message>
        <source>Use</source>
        <translation>采用</translation>
    </message>
    <message>
        <source>Use Finished Database…</source>
        <translation>使用已有数据库…</translation>
    </message>
    <message>
        <source>Use of projects without a field: code or name</source>
        <translation>没有用途字段的项目的用途：代码或名称</translation>
    </message>
    <message>
        <source>Use {source}</source>
        <translation>采用“{source}”</translation>
    </message>
    <message>
        <source>Used by {rules}</source>
        <translation>用于规则：{rules}</translation>
    </message>
    <message>
        <source>Used for layouts, exported maps, the submission package with its metadata, and reports. Empty items are taken from the county profile (section “document information”), or else, for a submission package, from its specification.</source>
        <translation>用于布局、导出的图件、成果包（含元数据）和报告。留空的项取县配置中的成果信息；县配置也没有的，导出成果包时取成果包样式的值。</translation>
    </message>
    <message>
        <source>Used for the counties to which the list gives no profile</source>
        <translation>清单中没有指定县配置的县区采用此配置</translation>
    </message>
    <message>
        <source>VCT file</source>
        <translation>VCT 文件</translation>
    </message>
    <message>
        <source>VCT {name}</source>
        <translation>VCT {name}</translation>
    </message>
    <message>
        <source>Valid until</source>
        <translation>有效期至</translation>
    </message>
    <message>
        <source>Value</source>
        <translation>取值</translation>
    </message>
    <message>
        <source>Value for every row</source>
        <translation>每一行均填该值</translation>
    </message>
    <message>
        <source>Value or codes</source>
        <translation>固定值或代码换算</translation>
    </message>
    <message>
        <source>Value: {value}</source>
        <translation>取值：{value}</translation>
    </message>
    <message>
        <source>Values of this county are saved to {file} in the project folder</source>
        <translation>本县设置保存到工程旁的 {file}</translation>
    </message>
    <message>
        <source>Values to verify</source>
        <translation>需要核对的值</translation>
    </message>
    <message>
        <source>Values without a code: {fields}.</source>
        <translation>没有代码的值：{fields}。</translation>
    </message>
    <message>
        <source>Verdict</source>
        <translation>结论</translation>
    </message>
    <message>
        <source>View and confirm in the county profile…</source>
        <translation>在县配置中查看和确认…</translation>
    </message>
    <message>
        <source>Waiting</source>
        <translation>等待检查</translation>
    </message>
    <message>
        <source>Waive Findings</source>
        <translation>登记豁免</translation>
    </message>
    <message>
        <source>Waive {count}…</source>
        <translation>豁免 {count} 处…</translation>
    </message>
    <message>
        <source>Waived</source>
        <translation>豁免</translation>
    </message>
    <message>
        <source>Waived by sender</source>
        <translation>包内豁免</translation>
    </message>
    <message>
        <source>Waived by the sender of the package; open in this inspection until you accept the waiver with “Waive…”.</source>
        <translation>成果包已登记豁免，本次检查仍按未豁免计；接收方认可的，点“豁免…”登记。</translation>
    </message>
    <message>
        <source>Waived findings stay in the list and in every report; the verdict is at best conditional.</source>
        <translation>豁免的问题仍列入列表和每份报告，结论最高为“有条件通过”。</translation>
    </message>
    <message>
        <source>Waived notes stay in the list and in every report; with their document stated, the verdict is unaffected.</source>
        <translation>豁免的提示仍列入列表和每份报告；登记文号后，不再影响结论。</translation>
    </message>
    <message>
        <source>Waiver file</source>
        <translation>豁免文件</translation>
    </message>
    <message>
        <source>Waivers (empty: the .waivers.csv in the data folder)</source>
        <translation>豁免文件（留空：数据所在文件夹的 .waivers.csv）</translation>
    </message>
    <message>
        <source>Waivers: waived findings stay in the report, marked as waived. Waivers are read from the .waivers.csv in the data folder, or from the file given here; “none” ignores them.</source>
        <translation>豁免：登记的问题标为豁免，仍列入报告。豁免取自数据所在文件夹的 .waivers.csv，或此处指定的文件；填 none 则不使用豁免。</translation>
    </message>
    <message>
        <source>Waive…</source>
        <translation>豁免…</translation>
    </message>
    <message>
        <source>Warning</source>
        <translation>警告</translation>
    </message>
    <message>
        <source>Warnings</source>
        <translation>警告</translation>
    </message>
    <message>
        <source>Warnings {change}</source>
        <translation>警告 {change}</translation>
    </message>
    <message>
        <source>West</source>
        <translation>西</translation>
    </message>
    <message>
        <source>What</source>
        <translation>问题</translation>
    </message>
    <message>
        <source>What is not confirmed, and why some rules did not run</source>
        <translation>哪些设置未经确认，部分规则为何没有运行</translation>
    </message>
    <message>
        <source>What the rule checks, its limits and parameters (F1)</source>
        <translation>规则的检查内容、适用限制和参数（F1）</translation>
    </message>
    <message>
        <source>What the verdict depends on</source>
        <translation>结论说明</translation>
    </message>
    <message>
        <source>Whether a plan layer of the project has the value in a field; true if the project has no such layer. Forms use it for the checks of a profile.</source>
        <translation>工程中的规划图层的某个字段是否有该值；工程中没有该图层的，为真。表单用它反映县配置的增补检查。</translation>
    </message>
    <message>
        <source>While you draw, each edit is checked against all layers at once, and the panel Indicators shows the expansion ratio and the margin to each target.</source>
        <translation>编辑时，每步改动即时与全部图层核对；“指标”面板同步显示扩展倍数和各项目标的余量。</translation>
    </message>
    <message>
        <source>While you edit, new, changed and deleted features are checked at once against all layers (menu Live Check). Totals, shares and other figures of the whole county are those of the last full check.</source>
        <translation>实时检查（可在菜单中关闭）：绘制、移动、修改、删除的要素即时与各图层比对，结果列表和地图随之更新，撤销同样如此。合计、占比等全县指标仍为上次全面检查的结果。</translation>
    </message>
    <message>
        <source>Whole county</source>
        <translation>全县</translation>
    </message>
    <message>
        <source>Why</source>
        <translation>检查目的</translation>
    </message>
    <message>
        <source>Width (m)</source>
        <translation>宽度（m）</translation>
    </message>
    <message>
        <source>Width m</source>
        <translation>宽 m</translation>
    </message>
    <message>
        <source>Width of lines, diameter of points without a field (m)</source>
        <translation>没有宽度字段时线的宽度、点的直径（m）</translation>
    </message>
    <message>
        <source>Windows in the boundary (开天窗) are registered in {file}.</source>
        <translation>开天窗已登记于 {file}。</translation>
    </message>
    <message>
        <source>With a fix to try</source>
        <translation>可试修复</translation>
    </message>
    <message>
        <source>With areas</source>
        <translation>含面积的图层</translation>
    </message>
    <message>
        <source>With automatic transaction groups, QGIS cannot undo the new field {field} of the layer “{layer}”. Nothing was applied. Stop editing, choose another transaction mode in Project Properties, Data Sources, then fix.</source>
        <translation>使用自动事务组时，QGIS 无法撤销图层“{layer}”的新增字段 {field}，未应用任何修复。请结束编辑，在工程属性的数据源页改选其他事务模式，再修复。</translation>
    </message>
    <message>
        <source>Withdraw Waiver</source>
        <translation>撤销豁免</translation>
    </message>
    <message>
        <source>Withdraw {count} Waivers</source>
        <translation>撤销 {count} 条豁免</translation>
    </message>
    <message>
        <source>Without a usable polygon</source>
        <translation>没有可用面的要素数</translation>
    </message>
    <message>
        <source>Word</source>
        <translation>Word</translation>
    </message>
    <message>
        <source>Word (*.docx)</source>
        <translation>Word (*.docx)</translation>
    </message>
    <message>
        <source>Work List</source>
        <translation>工作清单</translation>
    </message>
    <message>
        <source>Work list</source>
        <translation>工作清单</translation>
    </message>
    <message>
        <source>Work list (*.worklist.xlsx *.xlsx *.csv)</source>
        <translation>工作清单 (*.worklist.xlsx *.xlsx *.csv)</translation>
    </message>
    <message>
        <source>Work list: {parts}</source>
        <translation>工作清单：{parts}</translation>
    </message>
    <message>
        <source>Workbook</source>
        <translation>Excel 工作簿</translation>
    </message>
    <message>
        <source>Workbook of the office with named cells</source>
        <translation>本单位的工作簿（单元格已定义名称）</translation>
    </message>
    <message>
        <source>World file (.jgw) for each jpg</source>
        <translation>为每个 jpg 写坐标文件（.jgw）</translation>
    </message>
    <message>
        <source>Write a project for each package</source>
        <translation>为每个工作包写出工程</translation>
    </message>
    <message>
        <source>Write and read back the layers, add documents, tables and maps, make the manifest</source>
        <translation>写出图层并读回核对，放入文档、表格、图件，生成清单</translation>
    </message>
    <message>
        <source>Write to</source>
        <translation>写到</translation>
    </message>
    <message>
        <source>Writes a copy of the data in which the features of the chosen layers have new keys (BSM), in the order of the file, and a table of old and new keys. The data themselves do not change.

A key is never assigned twice: new running numbers are above all numbers in use in the recognised plan layers and above those in the table of an earlier renumbering next to the data. Sealed layers, the survey and the divisions keep their keys.

Waivers, work list, comparison of versions and comparison with the sealed edition follow the features by the table; next to the data (NAME.renumbered.csv) it is used automatically.

List of gaps: running numbers between the keys of each layer that no feature has. Gaps are normal.</source>
        <translation>写出数据的副本：所选图层的要素按文件中的次序重编标识码（BSM），并写出新旧标识码对照表。原数据不改动。

用过的标识码不再使用：新的顺序号接在识别出的规划图层中全部已用的号之后，也接在数据旁以前的对照表之后。封库图层、国土调查和行政区划图层的标识码不变。

豁免、工作清单、版本比较和封库版本比对按对照表跟踪要素；对照表与数据同名同文件夹（名称.renumbered.csv）时自动使用。

空号清单：各图层最小与最大标识码之间未用的顺序号。有空号属正常现象。</translation>
    </message>
    <message>
        <source>Writes a copy of the data with the zone number (带号) added to eastings or stripped from them, or in another 3-degree zone of CGCS2000. The data themselves do not change.

The copy is read back: each vertex must be where it was on the ground (within 1 mm), else nothing is written. The table has the proof for each layer: CRS, largest move, statutory area before and after, and by how much an edge that was straight bends in the new zone.

Layers in degrees stay. A layer with arcs cannot be brought into another zone: replace the arcs by vertices first (FIX017).</source>
        <translation>写出数据的副本：给横坐标加带号、去带号，或换到 CGCS2000 的另一 3 度带。原数据不改动。

副本写出后读回核对：每个节点在地面上的位置须与原来相同（相差不超过 1 毫米），否则不写出。核实结果表列出各图层的坐标系、最大位移、换带前后的图斑椭球面积，以及原来的直边在新带中最多弯曲多少。

经纬度图层不变。含曲线的图层不能换带，请先将曲线转为折点（FIX017）。</translation>
    </message>
    <message>
        <source>Writes a part of a work list (NAME.worklist.csv) for each township or person, as a workbook (NAME.TOWNSHIP.worklist.xlsx). The list does not change.

Each row of a part records what it was at the split, so that “Merge work lists” finds what changed since. A part of an earlier split with changes that are not merged is never replaced.</source>
        <translation>按乡镇或负责人将工作清单（名称.worklist.csv）拆分为多个工作簿（名称.乡镇.worklist.xlsx），清单不变。

各行记有拆分时的内容，合并时据此找出此后的改动。以前拆分的文件中有尚未合并的改动的，不予覆盖。</translation>
    </message>
    <message>
        <source>Writes a work package for each township: a GeoPackage with all layers of the county and the features of the township, read-only neighbours (neighbours.gpkg), symbols, a project with forms, the targets of the township, and a manifest of all that was handed out. The data do not change.

Each feature is in exactly one package: a feature that crosses a border belongs to the township with the largest area of it, and the manifest lists it. Features in no township and tables without shape are in the package county.

Hand out the whole folder of a township, and keep its manifest: “Merge township packages” needs it. An output folder that has files is never replaced.

Persons: code or name of a township, equals sign and name, separated by semicolons.</source>
        <translation>为每个乡镇写出一个工作包：含全部图层、要素限于本乡镇的 GeoPackage，邻区只读要素（neighbours.gpkg），样式，带表单的工程，本乡镇的任务，以及所分发内容的清单。数据不改动。

每个要素只在一个工作包中：跨乡镇界线的要素归面积最大的乡镇，清单中列明。不在任何乡镇内的要素和没有图形的表在工作包 county 中。

请分发乡镇的整个文件夹，并留存清单：“合并乡镇工作包”需要清单。输出文件夹中已有文件的不会覆盖。

编辑人员：乡镇代码或名称、等号和姓名，多个之间用分号。</translation>
    </message>
    <message>
        <source>Writes layers as one VCT 3.0 file (GB/T 17798), in GBK: header, feature codes, table structures, points, lines, polygons and attributes.

A boundary with identical vertices in two polygons of a layer is written once, as a line that both refer to, with opposite signs. Outer rings run clockwise, holes anticlockwise. Coordinates have four decimals (degrees ten). Each part of a multipart feature becomes a record, with consecutive ids and the same attributes; Import VCT merges them again. A point layer with a field VCT_TEXT (and VCT_ANGLE, degrees) is written as annotation.

All layers must be in one coordinate system: CGCS2000 degrees, or a zone of 3° or 6°. A character that GBK lacks stops the run, with a message that names layer, feature and field; commas and line ends in texts become “，” and spaces. Lengths, names and feature codes are those of the templates; a field is widened for longer values, and no value is cut.

These parts are not verified against the text of the standard (mark C) and are settings in vct.toml of the standard's folder: data mark, notation of projection parameters, decimals, spare feature codes. Changes made while writing are listed in the log. Verify the file with Import VCT.</source>
        <translation>将图层写为一个 VCT 3.0 文件（GB/T 17798，地理空间数据交换格式），GBK 编码：文件头、要素代码、表结构、点、线、面和属性。

同一图层中两个面逐节点共用的边界只写一次，两者以正负号引用同一条线。外圈顺时针，内圈逆时针。坐标保留 4 位小数（经纬度 10 位）。多部件要素每个部件一条记录，标识号相连、属性相同，用“导入 VCT”读回时合为一个要素。带 VCT_TEXT 字段（和 VCT_ANGLE，单位度）的点图层按注记写。

所有图层须在同一个坐标系：CGCS2000 经纬度，或 3°、6° 带。遇 GBK 字符集以外的字即停止，并写明图层、要素和字段；文字中的半角逗号和换行写为“，”和空格。长度、名称、要素代码取自模板；超出长度的，加宽字段声明，不截短。

未核对标准原文的项（来源级别 C）为设置，在标准文件夹的 vct.toml 中：数据标识、投影参数的写法、小数位数、备用要素代码。写出时的改动记入日志。可用“导入 VCT”读回核对。</translation>
    </message>
    <message>
        <source>Writes the polygons of a layer as boundary points: TXT, CSV or Excel, by the suffix of the output. The layer does not change.

Imported parcels whose land and attributes have not changed are written as their file wrote them: names of points, closing points, counts, decimals, blanks, encoding. Points of other parcels are numbered by the format: from the north-west corner, clockwise, holes anticlockwise; the declared area is then that in the plane, unless you have set it in the field SBMJ.

Automatic format: that of the import, else the usual one. CRS: a Gauss–Krüger zone of CGCS2000; a layer in degrees needs one. Features without shape, with arcs or with an invalid shape are left out and reported.</source>
        <translation>将面图层写成界址点文件：按输出文件的后缀为 TXT、CSV 或 Excel。图层不改动。

导入后图形和属性都没有改动的地块，照原文写出：点号、闭合点、点数、小数位数、空项、编码均不变。其他地块按格式编号：自西北角起顺时针，内圈逆时针；申报面积取平面面积，字段 SBMJ 中另行填写的除外。

自动选择格式：取导入时的格式，没有的取通用格式。坐标系应为 CGCS2000 的高斯克吕格投影；经纬度图层须指定坐标系。没有图形、含曲线或图形无效的要素不写出，逐一列出。</translation>
    </message>
    <message>
        <source>Writes the statement of a change of a control line (局部优化说明): causes, parcels, lines and main figures before and after, townships, and conformity to each requirement with its source, mark and figure. Every figure names the table that has it; a sentence is printed only if its figures are known. Files are read as saved. Inputs are not changed.

Two editions: the parcels are their differences. Ledger: causes and approvals as the office filled them in; a blank one stays blank and is listed. A table has the columns 序号, 方式, 面积（平方米）, 缘由, 批准文件, as the workbook of this tool; a layer has the parcels as polygons with the kind (kind_name or 方式: 调入, 调出), cause and document, as the layers of the adjustment dossier and of the comparison of editions. A ledger that does not fit the parcels is refused.

A ledger layer without a later edition: the edition after the change is the earlier one with the land of the ledger moved in and out. One edition alone: the chapter on the three control lines (areas, overlaps, expansion ratio, townships).

Whether the change is one of the permitted cases is for the office to state; it is always listed as undetermined. Requirements are the setting [adjustment] requirements.</source>
        <translation>写出控制线局部优化说明：缘由、地块、控制线和主要指标的变更前后、乡镇，以及对每项要求的符合情况（附来源、级别和数值）。每个数注明所在的表；数不明的句子不写。读取已保存的文件，输入数据不改动。

两个版本：地块为两版之差。台账：缘由和批准文件按单位所填；空白的留空并列出。表格的列为序号、方式、面积（平方米）、缘由、批准文件，与本工具写出的工作簿相同；图层为地块的面，有方式（kind_name 或 方式：调入、调出）、缘由和文件，与局部优化论证、版本比较的图层相同。与地块不符的台账不予采用。

只有台账图层、没有变更后版本的，变更后的版本由变更前的版本按台账调入调出得出。只有一个版本的，写出“三条控制线”一章（面积、重叠、扩展倍数、乡镇）。

变更是否属于允许的情形，由单位说明，一律列为未能判定。各项要求为设置 [adjustment] requirements。</translation>
    </message>
    <message>
        <source>Written for each county next to the page and JSON</source>
        <translation>各县报告除网页和 JSON 外，另存此格式</translation>
    </message>
    <message>
        <source>Written to the edit buffer as one step, not saved; layers are switched to edit mode where needed.</source>
        <translation>写入编辑缓冲，不直接保存；全部改动合为一步，可撤销。未处于编辑状态的图层将切换到编辑状态。</translation>
    </message>
    <message>
        <source>Written to the log, the manifest of the package and the report</source>
        <translation>写入日志、成果清单和质量检查报告</translation>
    </message>
    <message>
        <source>Year</source>
        <translation>年度</translation>
    </message>
    <message>
        <source>Year of the base parcels</source>
        <translation>基数图斑年份</translation>
    </message>
    <message>
        <source>Year of the tables (empty: the present one)</source>
        <translation>表格的年份（不填为当年）</translation>
    </message>
    <message>
        <source>Yearly Balance of Cultivated Land…</source>
        <translation>年度耕地占补与进出平衡…</translation>
    </message>
    <message>
        <source>Yearly Maintenance Package…</source>
        <translation>年度动态维护…</translation>
    </message>
    <message>
        <source>Yearly balance of cultivated land</source>
        <translation>年度耕地占补与进出平衡</translation>
    </message>
    <message>
        <source>Yearly maintenance</source>
        <translation>年度维护</translation>
    </message>
    <message>
        <source>Yearly maintenance package</source>
        <translation>年度动态维护</translation>
    </message>
    <message>
        <source>You can continue to work or close this window; the export runs in the background. Existing files are not changed until the new package is complete.</source>
        <translation>可以继续其他工作，也可以关闭本窗口，导出在后台继续。新成果包写出完成前，原有文件不变。</translation>
    </message>
    <message>
        <source>Zip…</source>
        <translation>zip…</translation>
    </message>
    <message>
        <source>Zone number</source>
        <translation>横坐标的带号</translation>
    </message>
    <message>
        <source>Zones not in the table (m²)</source>
        <translation>未对应的分区（m²）</translation>
    </message>
    <message>
        <source>Zoom</source>
        <translation>缩放</translation>
    </message>
    <message>
        <source>a polygon, usually @geometry</source>
        <translation>面要素的几何图形，一般写 @geometry</translation>
    </message>
    <message>
        <source>a sliver is ignored only if both its area and its width are below the minimum</source>
        <translation>面积和宽度均小于下限的碎图斑方可忽略</translation>
    </message>
    <message>
        <source>about {minutes} min left</source>
        <translation>剩余约 {minutes} 分钟</translation>
    </message>
    <message>
        <source>about {seconds} s left</source>
        <translation>剩余约 {seconds} 秒</translation>
    </message>
    <message>
        <source>about {time}</source>
        <translation>约 {time}</translation>
    </message>
    <message>
        <source>add: create only missing layers</source>
        <translation>补充：只新建所缺图层</translation>
    </message>
    <message>
        <source>adjustment</source>
        <translation>局部优化</translation>
    </message>
    <message>
        <source>all layers</source>
        <translation>全部</translation>
    </message>
    <message>
        <source>and {count} more</source>
        <translation>另有 {count} 个要素</translation>
    </message>
    <message>
        <source>and {count} more findings</source>
        <translation>另有 {count} 处问题</translation>
    </message>
    <message>
        <source>and {count} more rules</source>
        <translation>另有 {count} 条规则</translation>
    </message>
    <message>
        <source>anticipated</source>
        <translation>预期性</translation>
    </message>
    <message>
        <source>areas of %1 are missing, or follow from unconfirmed ones</source>
        <translation>%1的面积缺失，或由未确认的数算出</translation>
    </message>
    <message>
        <source>areas of %1 contradict the shapes, or land is counted twice</source>
        <translation>%1的面积与图形不符，或有土地重复计入</translation>
    </message>
    <message>
        <source>attributes only</source>
        <translation>仅改属性</translation>
    </message>
    <message>
        <source>binding</source>
        <translation>约束性</translation>
    </message>
    <message>
        <source>by area</source>
        <translation>面积</translation>
    </message>
    <message>
        <source>by longitude</source>
        <translation>经度范围</translation>
    </message>
    <message>
        <source>check results</source>
        <translation>检查结果</translation>
    </message>
    <message>
        <source>check: list only features whose stored area differs</source>
        <translation>核对：只列出原存面积相差的要素</translation>
    </message>
    <message>
        <source>code of a planning zone, such as 411</source>
        <translation>规划分区代码，如 411</translation>
    </message>
    <message>
        <source>code of the plan layer, such as 'XZQX'</source>
        <translation>规划图层的代码，如 'XZQX'</translation>
    </message>
    <message>
        <source>computing</source>
        <translation>计算中</translation>
    </message>
    <message>
        <source>county area</source>
        <translation>县域</translation>
    </message>
    <message>
        <source>cultivated land</source>
        <translation>耕地</translation>
    </message>
    <message>
        <source>database and project are in one folder and can be moved together</source>
        <translation>数据库和工程放在一起，可以整体移动</translation>
    </message>
    <message>
        <source>degrees, for exchange only</source>
        <translation>经纬度，只用于交换</translation>
    </message>
    <message>
        <source>ellipsoidal area</source>
        <translation>图斑椭球面积</translation>
    </message>
    <message>
        <source>empty layers with fields, aliases, code lists and symbols of the template</source>
        <translation>创建空图层，字段、别名、代码表和符号随模板带入</translation>
    </message>
    <message>
        <source>empty: the setting, by default {value}</source>
        <translation>不填的按设置，默认 {value}</translation>
    </message>
    <message>
        <source>environment</source>
        <translation>环境自检</translation>
    </message>
    <message>
        <source>feature id {fid}</source>
        <translation>要素编号 {fid}</translation>
    </message>
    <message>
        <source>fields, aliases, code lists and symbols of every layer come from it</source>
        <translation>各图层的字段、别名、代码表和符号均取自标准</translation>
    </message>
    <message>
        <source>findings.gpkg</source>
        <translation>检查结果.gpkg</translation>
    </message>
    <message>
        <source>fixes</source>
        <translation>修复表</translation>
    </message>
    <message>
        <source>for this county's code only; compared to the last printed digit</source>
        <translation>只用于本县行政区代码；按末位小数比较，取整差另行说明</translation>
    </message>
    <message>
        <source>grey values are inherited; a value entered here replaces them</source>
        <translation>灰色为继承值，填写后即为本县设置</translation>
    </message>
    <message>
        <source>ha; live while drawing</source>
        <translation>公顷，绘制时实时更新</translation>
    </message>
    <message>
        <source>id of the code list, such as 'land_use_2023' or 'planning_zones'</source>
        <translation>代码表的名称，如 'land_use_2023'、'planning_zones'</translation>
    </message>
    <message>
        <source>if there is one</source>
        <translation>有则必交</translation>
    </message>
    <message>
        <source>in memory</source>
        <translation>内存</translation>
    </message>
    <message>
        <source>indicators</source>
        <translation>指标表</translation>
    </message>
    <message>
        <source>inherited: {value}</source>
        <translation>继承值：{value}</translation>
    </message>
    <message>
        <source>it exists and is replaced; its data are lost</source>
        <translation>已存在，将替换为空库，原有数据不再保留</translation>
    </message>
    <message>
        <source>it exists; only missing layers are added</source>
        <translation>已存在，只补充所缺图层</translation>
    </message>
    <message>
        <source>its CRS, such as 'EPSG:4526'; by default the layer's</source>
        <translation>图形的坐标系，如 'EPSG:4526'；默认是图层的坐标系</translation>
    </message>
    <message>
        <source>its layers</source>
        <translation>所用图层</translation>
    </message>
    <message>
        <source>layer missing</source>
        <translation>缺图层</translation>
    </message>
    <message>
        <source>layer, its name or id; by default the current one</source>
        <translation>图层、图层名或图层 id；默认是当前图层</translation>
    </message>
    <message>
        <source>ledger.xlsx</source>
        <translation>问题台账.xlsx</translation>
    </message>
    <message>
        <source>mark C</source>
        <translation>来源级别 C，未核实</translation>
    </message>
    <message>
        <source>may be delivered</source>
        <translation>选交</translation>
    </message>
    <message>
        <source>merged</source>
        <translation>合并</translation>
    </message>
    <message>
        <source>meridian {degrees}°E</source>
        <translation>中央经线 {degrees}°E</translation>
    </message>
    <message>
        <source>must be delivered</source>
        <translation>汇交必交</translation>
    </message>
    <message>
        <source>name of its field, such as 'XZQDM'</source>
        <translation>其字段名，如 'XZQDM'</translation>
    </message>
    <message>
        <source>net {area}</source>
        <translation>净面积 {area}</translation>
    </message>
    <message>
        <source>no end date</source>
        <translation>长期有效</translation>
    </message>
    <message>
        <source>no parent</source>
        <translation>无上级配置</translation>
    </message>
    <message>
        <source>none</source>
        <translation>无</translation>
    </message>
    <message>
        <source>not checked: {titles}</source>
        <translation>未检查：{titles}</translation>
    </message>
    <message>
        <source>not compared with any wording, to be changed or confirmed in the county profile</source>
        <translation>未核对原文，可在县配置中修改、确认</translation>
    </message>
    <message>
        <source>not confirmed*: %1</source>
        <translation>未经确认*：%1</translation>
    </message>
    <message>
        <source>not run in this check</source>
        <translation>本次检查未运行</translation>
    </message>
    <message>
        <source>off</source>
        <translation>已关闭</translation>
    </message>
    <message>
        <source>office tables</source>
        <translation>报送表格</translation>
    </message>
    <message>
        <source>optional</source>
        <translation>可选</translation>
    </message>
    <message>
        <source>or read it from a layer, or enter the longitudes</source>
        <translation>也可从图层读取，或填写东西经度</translation>
    </message>
    <message>
        <source>out {out} m², in {in_} m², new findings {new}</source>
        <translation>移出 {out} m²，移入 {in_} m²，新问题 {new}</translation>
    </message>
    <message>
        <source>preparing the plan</source>
        <translation>正在准备数据</translation>
    </message>
    <message>
        <source>read in data, code or papers that quote it</source>
        <translation>读自引用原文的资料、程序或数据</translation>
    </message>
    <message>
        <source>read in the wording of a norm, an act or an approved plan</source>
        <translation>读自标准、法规或批准的规划原文</translation>
    </message>
    <message>
        <source>replace: create a new, empty database</source>
        <translation>替换：以新的空库替换</translation>
    </message>
    <message>
        <source>report.docx</source>
        <translation>质量检查报告.docx</translation>
    </message>
    <message>
        <source>report.html</source>
        <translation>质量检查报告.html</translation>
    </message>
    <message>
        <source>report.json</source>
        <translation>质量检查报告.json</translation>
    </message>
    <message>
        <source>report.pdf</source>
        <translation>质量检查报告.pdf</translation>
    </message>
    <message>
        <source>required</source>
        <translation>必填</translation>
    </message>
    <message>
        <source>rule default</source>
        <translation>规则默认值</translation>
    </message>
    <message>
        <source>set by the county</source>
        <translation>本县设置</translation>
    </message>
    <message>
        <source>statutory area</source>
        <translation>图斑椭球面积</translation>
    </message>
    <message>
        <source>statutory area, changed features only</source>
        <translation>图斑椭球面积，仅列改动要素</translation>
    </message>
    <message>
        <source>stop: change nothing and report it</source>
        <translation>停止：不改动，并提示</translation>
    </message>
    <message>
        <source>stopped</source>
        <translation>已停止</translation>
    </message>
    <message>
        <source>stopped: check all again</source>
        <translation>已停止，请重新检查</translation>
    </message>
    <message>
        <source>target %1 (%2)</source>
        <translation>目标 %1（%2）</translation>
    </message>
    <message>
        <source>targets, limits and confirmed items; can be changed later</source>
        <translation>目标值、限值和本县确认的设置；以后可以修改</translation>
    </message>
    <message>
        <source>the code, with or without padded zeros</source>
        <translation>代码，补零与否均可</translation>
    </message>
    <message>
        <source>the value, such as the code of a division</source>
        <translation>值，如行政区代码</translation>
    </message>
    <message>
        <source>this list</source>
        <translation>本清单</translation>
    </message>
    <message>
        <source>ticked fixes</source>
        <translation>已勾选项</translation>
    </message>
    <message>
        <source>ticked fixes, statutory area, changed features only; before − out + in = after</source>
        <translation>已勾选项，图斑椭球面积，只计改动的要素；改动前 − 移出 + 移入 = 改动后</translation>
    </message>
    <message>
        <source>times</source>
        <translation>倍</translation>
    </message>
    <message>
        <source>to re-check {count}</source>
        <translation>待复检 {count}</translation>
    </message>
    <message>
        <source>total {area}</source>
        <translation>合计 {area}</translation>
    </message>
    <message>
        <source>township packages</source>
        <translation>乡镇工作包</translation>
    </message>
    <message>
        <source>unchanged</source>
        <translation>未改动</translation>
    </message>
    <message>
        <source>unknown</source>
        <translation>未知</translation>
    </message>
    <message>
        <source>until {date}</source>
        <translation>有效期至 {date}</translation>
    </message>
    <message>
        <source>width {width} m</source>
        <translation>宽 {width} m</translation>
    </message>
    <message>
        <source>without BSM</source>
        <translation>（无标识码）</translation>
    </message>
    <message>
        <source>write: fill in the field, keep all features</source>
        <translation>填写：填写字段，保留全部要素</translation>
    </message>
    <message>
        <source>zone edge {degrees}°E</source>
        <translation>带边 {degrees}°E</translation>
    </message>
    <message>
        <source>zone {number}</source>
        <translation>{number} 带</translation>
    </message>
    <message>
        <source>zone {zone}, easting with zone prefix</source>
        <translation>{zone} 带，横坐标带带号</translation>
    </message>
    <message>
        <source>{area} (statutory area)</source>
        <translation>{area}（图斑椭球面积）</translation>
    </message>
    <message>
        <source>{author}, {date}</source>
        <translation>{author}，{date}</translation>
    </message>
    <message>
        <source>{code} (not in the code list)</source>
        <translation>{code}（不在代码表中）</translation>
    </message>
    <message>
        <source>{code} ({count})</source>
        <translation>{code} {count} 处</translation>
    </message>
    <message>
        <source>{computed} indicators; targets met {met}, met with a small margin {little}, missed {missed}; {lacking} that no layer provides.</source>
        <translation>已计算 {computed} 项指标；目标达到 {met} 项，余量不足 {little} 项，未达到或超出 {missed} 项；{lacking} 项无法由图层计算。</translation>
    </message>
    <message>
        <source>{county} plan</source>
        <translation>{county}规划</translation>
    </message>
    <message>
        <source>{county}, zones {zones}, zone edge {edge}°E</source>
        <translation>{county}，{zones} 带，带边 {edge}°E</translation>
    </message>
    <message>
        <source>{county}: the project has {count} layers. Check All (F8) shows what is missing.</source>
        <translation>{county}：工程有 {count} 个图层。缺少的内容由全面检查（F8）列出。</translation>
    </message>
    <message>
        <source>{county}: {count} layers are ready to draw in. Begin with the outline of the county, or import data.</source>
        <translation>{county}：{count} 个图层已建立，可以开始绘制。请先绘制县界，或导入数据。</translation>
    </message>
    <message>
        <source>{count} changed features were not re-checked, because the live check is off. Switch it on, then fix.</source>
        <translation>实时检查已关闭，有 {count} 个改动的要素尚未复检。请先打开实时检查，再修复。</translation>
    </message>
    <message>
        <source>{count} codes entered.</source>
        <translation>已填入代码 {count} 个。</translation>
    </message>
    <message>
        <source>{count} counties were found.</source>
        <translation>共 {count} 个县区。</translation>
    </message>
    <message>
        <source>{count} edits are not saved, so the data are not final; save them, then check again.</source>
        <translation>有 {count} 处编辑未保存，数据未定稿；请保存图层后重新检查。</translation>
    </message>
    <message>
        <source>{count} features of {layer}</source>
        <translation>图层“{layer}”的 {count} 个要素</translation>
    </message>
    <message>
        <source>{count} files</source>
        <translation>{count} 个文件</translation>
    </message>
    <message>
        <source>{count} files of the folder do not belong to the package (omitted): {names}.</source>
        <translation>其中 {count} 个文件不属于成果包，不放入：{names}。</translation>
    </message>
    <message>
        <source>{count} findings</source>
        <translation>{count} 处问题</translation>
    </message>
    <message>
        <source>{count} findings assigned to {name}.</source>
        <translation>已将 {count} 处问题分派给 {name}。</translation>
    </message>
    <message>
        <source>{count} findings can be fixed; {others} are explained only.</source>
        <translation>{count} 个问题有修复方案，{others} 个不能修复，列出原因。</translation>
    </message>
    <message>
        <source>{count} findings have no assignee now.</source>
        <translation>{count} 处问题已改为未分派。</translation>
    </message>
    <message>
        <source>{count} findings: {rules}</source>
        <translation>{count} 处：{rules}</translation>
    </message>
    <message>
        <source>{count} fixes applied. Save “{layers}” to keep the changes.</source>
        <translation>已应用 {count} 项修复，图层“{layers}”保存后生效。</translation>
    </message>
    <message>
        <source>{count} fixes to confirm were not ticked: show the preview of each first.</source>
        <translation>有 {count} 项须确认的修复未勾选：请先逐项查看预览。</translation>
    </message>
    <message>
        <source>{count} fixes undone: the data are as before, the layers still in edit mode.</source>
        <translation>已撤销 {count} 项修复：数据恢复原状，图层仍处于编辑状态。</translation>
    </message>
    <message>
        <source>{count} groups of layers in the project contain the same plan layers: {names}. Choose the group to check; the others stay in the project but are not checked. The choice can be changed under Layer Roles.</source>
        <translation>工程中有 {count} 组图层含相同的规划图层：{names}。请选择检查哪一组；其余各组保留在工程中，不参加检查。以后可在“图层角色”中改选。</translation>
    </message>
    <message>
        <source>{count} layers have the forms of their templates: {names}. The data were not changed.</source>
        <translation>{count} 个图层已应用模板的表单：{names}。数据未改动。</translation>
    </message>
    <message>
        <source>{count} layers have the proposed symbols: {names}. The previous symbols of a layer are in its list of styles, as “{kept}”.</source>
        <translation>{count} 个图层已应用推荐符号：{names}。图层原有样式保留在样式列表中，名称为“{kept}”。</translation>
    </message>
    <message>
        <source>{count} layers in {groups} groups: {names}</source>
        <translation>{count} 个，{groups} 组：{names}</translation>
    </message>
    <message>
        <source>{count} layers recognised, {names} missing. Rules without their layer are skipped and do not pass.</source>
        <translation>识别到 {count} 个图层，缺{names}。缺图层的规则跳过，不得视为通过。</translation>
    </message>
    <message>
        <source>{count} layouts are in the project's list (Project → Layouts): {names}.</source>
        <translation>已生成 {count} 个布局，见“工程 → 布局”：{names}。</translation>
    </message>
    <message>
        <source>{count} min</source>
        <translation>{count} 分钟</translation>
    </message>
    <message>
        <source>{count} more are filtered out or dealt with.</source>
        <translation>另有 {count} 个可试修复的，因筛选或已处理未列入。</translation>
    </message>
    <message>
        <source>{count} more fields need correction.</source>
        <translation>另有 {count} 个字段需要改正。</translation>
    </message>
    <message>
        <source>{count} more: filter the list, or see the findings layer</source>
        <translation>其余 {count} 条：筛选或见问题图层</translation>
    </message>
    <message>
        <source>{count} parcels were imported, {left_out} were left out; see the log of the tool.</source>
        <translation>已导入 {count} 个地块，未导入 {left_out} 个；详见工具的日志。</translation>
    </message>
    <message>
        <source>{count} parts written to {folder}: {names}</source>
        <translation>已在“{folder}”写出 {count} 份清单：{names}</translation>
    </message>
    <message>
        <source>{count} places</source>
        <translation>{count} 处</translation>
    </message>
    <message>
        <source>{count} places re-checked after edits · county totals not recalculated</source>
        <translation>编辑后已复检 {count} 处 · 全县指标未重算</translation>
    </message>
    <message>
        <source>{count} plan layers were recognised that have neither the forms nor the symbols of their templates.</source>
        <translation>识别出 {count} 个规划图层，尚未应用模板的表单和符号。</translation>
    </message>
    <message>
        <source>{count} points</source>
        <translation>{count} 点</translation>
    </message>
    <message>
        <source>{count} polygons were imported, {left_out} items were not taken; see the log of the tool.</source>
        <translation>导入面 {count} 个，未采用 {left_out} 项，详见工具的日志。</translation>
    </message>
    <message>
        <source>{count} projects are too many for the panel, which takes {limit}. Use the tool Review projects.</source>
        <translation>共 {count} 个项目，超过面板上限 {limit} 个。请使用工具“建设项目合规性审查”。</translation>
    </message>
    <message>
        <source>{count} rows have no finding in the list, or another fingerprint, and were not read: {names}</source>
        <translation>有 {count} 行在清单中没有对应的问题，或指纹被改动，没有读入：{names}</translation>
    </message>
    <message>
        <source>{count} rows have no fingerprint and were not read (file:line): {names}</source>
        <translation>有 {count} 行没有指纹，没有读入（文件:行）：{names}</translation>
    </message>
    <message>
        <source>{count} rows have none of the states of the list and were not read (file:line): {names}</source>
        <translation>有 {count} 行的状态不是待处理、已改、误报之一，没有读入（文件:行）：{names}</translation>
    </message>
    <message>
        <source>{count} rows set or end “waived”, which only waivers do; their state is unchanged.</source>
        <translation>有 {count} 行设置或取消了豁免，该状态随豁免登记变化，没有采用。</translation>
    </message>
    <message>
        <source>{count} rules were tried only near the changes or not at all ({codes}): a full check may find more</source>
        <translation>另有 {count} 条规则未复检或仅复检周边（{codes}），全面检查检出的可能更多</translation>
    </message>
    <message>
        <source>{count} s</source>
        <translation>{count} 秒</translation>
    </message>
    <message>
        <source>{count} settings are not confirmed: {names}. Confirm them in County Profile… ▸ Targets and confirmation.</source>
        <translation>未经本县确认的设置 {count} 项：{names}。请在“县配置…”的“目标与确认”中确认。</translation>
    </message>
    <message>
        <source>{count} settings not confirmed: at best the verdict is “Passed with conditions”. Counted are all settings and code lists that the rules may use; a report counts those that its check used.</source>
        <translation>未确认 {count} 项，结论最高为“有条件通过”。此处列出规则和字段可能用到的全部设置和代码表；报告只列本次检查用到的。</translation>
    </message>
    <message>
        <source>{count} settings of this rule are not confirmed by this county</source>
        <translation>本规则用到的设置有 {count} 项未经本县确认</translation>
    </message>
    <message>
        <source>{count} targets, {same} unchanged, {others} rows that are not entered</source>
        <translation>识别 {count} 项，不变 {same} 项，不填入 {others} 行</translation>
    </message>
    <message>
        <source>{count} townships were added to the bookmarks, in the browser panel.</source>
        <translation>{count} 个乡镇已加入书签，见“浏览器”面板。</translation>
    </message>
    <message>
        <source>{count} waived, kept in {file}. Press Waived above the list to see them.</source>
        <translation>已豁免 {count} 处，存入 {file}。点击列表上方的“豁免”可以查看。</translation>
    </message>
    <message>
        <source>{count} waived, kept in {file}. They stay in the list.</source>
        <translation>已登记豁免 {count} 处，存入 {file}；仍在列表中显示。</translation>
    </message>
    <message>
        <source>{count} withdrawn from {file}.</source>
        <translation>已从 {file} 撤销 {count} 条豁免。</translation>
    </message>
    <message>
        <source>{document} (attachment {name})</source>
        <translation>{document}（附件 {name}）</translation>
    </message>
    <message>
        <source>{duty} {area} ha ({basis})</source>
        <translation>{duty} {area} 公顷（{basis}）</translation>
    </message>
    <message>
        <source>{errors} errors, {warnings} warnings</source>
        <translation>错误 {errors} 警告 {warnings}</translation>
    </message>
    <message>
        <source>{field} ({values})</source>
        <translation>{field}（{values}）</translation>
    </message>
    <message>
        <source>{field} was empty in {count} rows; the statutory area of the shape was written.</source>
        <translation>{field} 为空的 {count} 行已写入图斑椭球面积。</translation>
    </message>
    <message>
        <source>{field}: {count} values are not in the code list or match several codes, {open} not chosen yet. Where one name is alike, its code is proposed: check it. Choices are saved in the mapping; several values may become one code.</source>
        <translation>{field}：{count} 个值不在代码表中或有几个对应的代码，{open} 个尚未选定。只有一个代码名称相近的已预选，请核对。所选保存在字段映射中，几个值可以对应同一代码。</translation>
    </message>
    <message>
        <source>{figure} ({source})</source>
        <translation>{figure}（{source}）</translation>
    </message>
    <message>
        <source>{files} files, {more} of them with the manifest and digests; {layers} layers with {rows} features, each read back and compared</source>
        <translation>共 {files} 个文件，其中清单和校验文件 {more} 个；{layers} 个图层、{rows} 个要素，逐层读回核对</translation>
    </message>
    <message>
        <source>{file} ({count} layers)</source>
        <translation>{file}（{count} 个图层）</translation>
    </message>
    <message>
        <source>{file} cannot be opened as a layer. Choose another file.</source>
        <translation>{file} 不能作为图层打开，请换一个文件。</translation>
    </message>
    <message>
        <source>{file}: {count} targets, inherits from {base}</source>
        <translation>{file}：{count} 项目标，继承自{base}</translation>
    </message>
    <message>
        <source>{filter}: {counts}</source>
        <translation>{filter} · {counts}</translation>
    </message>
    <message>
        <source>{first} ({count})</source>
        <translation>{first}（{count}）</translation>
    </message>
    <message>
        <source>{first} {second}</source>
        <translation>{first}{second}</translation>
    </message>
    <message>
        <source>{first}, {second}</source>
        <translation>{first}，{second}</translation>
    </message>
    <message>
        <source>{fix}. Save “{layers}” to keep the changes.</source>
        <translation>已修复：{fix}。图层“{layers}”保存后生效。</translation>
    </message>
    <message>
        <source>{found} (of the previous package)</source>
        <translation>{found}（原成果包中的）</translation>
    </message>
    <message>
        <source>{heading} ({count})</source>
        <translation>{heading}（{count}）</translation>
    </message>
    <message>
        <source>{hectares} ({area})</source>
        <translation>{hectares}（{area}）</translation>
    </message>
    <message>
        <source>{id} ({name})</source>
        <translation>{id}（{name}）</translation>
    </message>
    <message>
        <source>{key}, mark C</source>
        <translation>{key}，来源级别 C</translation>
    </message>
    <message>
        <source>{label} [optional]</source>
        <translation>{label} [可选]</translation>
    </message>
    <message>
        <source>{label} applied. Save “{layers}” to keep the changes.</source>
        <translation>{label}：已应用，图层“{layers}”保存后生效。</translation>
    </message>
    <message>
        <source>{layers} is sealed: the draft is applied with the number of the document that approves it.</source>
        <translation>{layers}已封库：填写批准文号后才能应用草案；在此之前可导出为图层和文件。</translation>
    </message>
    <message>
        <source>{layers} layers changed: {moved_in} in, {moved_out} out, {changed} changed. Fill in the reasons.</source>
        <translation>{layers} 个图层有变化：调入 {moved_in}，调出 {moved_out}，属性变更 {changed}。请填写维护理由。</translation>
    </message>
    <message>
        <source>{layers} layers in {branches} groups</source>
        <translation>{layers} 个图层，{branches} 组</translation>
    </message>
    <message>
        <source>{layers} layers in {branches} groups, edition {edition}</source>
        <translation>{layers} 个图层，{branches} 组，{edition} 年版</translation>
    </message>
    <message>
        <source>{layers} layers in {groups} groups will be created</source>
        <translation>将创建 {layers} 个图层，合计 {groups} 组</translation>
    </message>
    <message>
        <source>{layers} layers with {rows} rows were read from VCT into {path}.</source>
        <translation>已从 VCT 读入 {layers} 个图层、{rows} 行，保存在 {path}。</translation>
    </message>
    <message>
        <source>{layers} layers with {rows} rows were written to {path}.</source>
        <translation>已写出 {layers} 个图层、{rows} 行：{path}。</translation>
    </message>
    <message>
        <source>{layer} (neighbours)</source>
        <translation>{layer}（邻区）</translation>
    </message>
    <message>
        <source>{layer} {name}</source>
        <translation>{layer} {name}</translation>
    </message>
    <message>
        <source>{layer}: what has to leave, and what may come</source>
        <translation>{layer}：须调出的和可调入的</translation>
    </message>
    <message>
        <source>{layer}: what is taken, and what may replace it</source>
        <translation>{layer}：占用的和可补划的</translation>
    </message>
    <message>
        <source>{layer}: {fields}</source>
        <translation>{layer}：{fields}</translation>
    </message>
    <message>
        <source>{letter}: {side}</source>
        <translation>{letter}：{side}</translation>
    </message>
    <message>
        <source>{line} {area} ha ({basis})</source>
        <translation>{line} {area} 公顷（{basis}）</translation>
    </message>
    <message>
        <source>{line}, inside / outside</source>
        <translation>{line}内 / 外</translation>
    </message>
    <message>
        <source>{lost} left empty, {kept} kept with a remark or outside the list of the field (ATT002)</source>
        <translation>{lost} 行留空，{kept} 行保留原值或不在字段所列取值内（ATT002），需核对</translation>
    </message>
    <message>
        <source>{made} maps, {files} files, in {folder}.</source>
        <translation>图件 {made} 幅，文件 {files} 个，在 {folder}。</translation>
    </message>
    <message>
        <source>{meridian}°E, without zone prefix</source>
        <translation>{meridian}°E，不带带号</translation>
    </message>
    <message>
        <source>{names} and others</source>
        <translation>{names}等</translation>
    </message>
    <message>
        <source>{names} and others, {count} in all</source>
        <translation>{names} 等 {count} 个</translation>
    </message>
    <message>
        <source>{names} and {count} more</source>
        <translation>{names}等（另有 {count} 个）</translation>
    </message>
    <message>
        <source>{name} (drawing)</source>
        <translation>{name}（绘制中）</translation>
    </message>
    <message>
        <source>{name} (in batch)</source>
        <translation>{name}（已入批量）</translation>
    </message>
    <message>
        <source>{name} ({file}, {count} layers)</source>
        <translation>{name}（{file}，{count} 个图层）</translation>
    </message>
    <message>
        <source>{name} and {count} more</source>
        <translation>{name}及另 {count} 个</translation>
    </message>
    <message>
        <source>{name} {before} → &lt;b&gt;{after}&lt;/b&gt; ({state})</source>
        <translation>{name} {before} → &lt;b&gt;{after}&lt;/b&gt;（{state}）</translation>
    </message>
    <message>
        <source>{name}: {total} findings, {ended} no longer found, {remaining} remain. The whole project was checked, because findings also depend on other land; rules with unchanged data kept their results.</source>
        <translation>{name}：共 {total} 个，{ended} 个不再出现，{remaining} 个仍在。问题与其他地块有关，因此检查的是整个工程；数据未变的规则沿用上次结果。</translation>
    </message>
    <message>
        <source>{needed} · mark C</source>
        <translation>{needed} · 来源级别 C，未核实</translation>
    </message>
    <message>
        <source>{number} ha</source>
        <translation>{number} 公顷</translation>
    </message>
    <message>
        <source>{number} of {count}</source>
        <translation>第 {number} 个，共 {count} 个</translation>
    </message>
    <message>
        <source>{origin}: {document}</source>
        <translation>{origin}：{document}</translation>
    </message>
    <message>
        <source>{rows} rows were written to “{layer}”; {losses} values to verify, {empty} of them left empty.</source>
        <translation>{rows} 行已写入“{layer}”；{losses} 个值需要核对，其中 {empty} 个留空。</translation>
    </message>
    <message>
        <source>{rows} rows; {filled} of {all} fields are filled; {lost} values are left empty.</source>
        <translation>共 {rows} 行；{all} 个字段中 {filled} 个有值；{lost} 个值无法转换，将留空。</translation>
    </message>
    <message>
        <source>{rows} rows; {filled} of {all} fields are filled; {lost} values are left empty; {kept} values are kept, to be verified.</source>
        <translation>共 {rows} 行；{all} 个字段中 {filled} 个有值；{lost} 个值无法转换，将留空；{kept} 个值保留原值，需核对。</translation>
    </message>
    <message>
        <source>{rule}: {reason}</source>
        <translation>{rule}：{reason}</translation>
    </message>
    <message>
        <source>{shown} of {count} findings listed</source>
        <translation>显示 {shown} 处，共 {count} 处</translation>
    </message>
    <message>
        <source>{skipped}, in part {count}</source>
        <translation>{skipped}，部分 {count}</translation>
    </message>
    <message>
        <source>{source} ({size} MB)</source>
        <translation>{source}（{size} MB）</translation>
    </message>
    <message>
        <source>{state}. {why}</source>
        <translation>{state}。{why}</translation>
    </message>
    <message>
        <source>{state}: {reason}</source>
        <translation>{state}：{reason}</translation>
    </message>
    <message>
        <source>{text}
Click: {place}.</source>
        <translation>{text}
单击：{place}。</translation>
    </message>
    <message>
        <source>{text} Different, with all edits in between: {changes}.</source>
        <translation>{text}相差（含其间的其他改动）：{changes}。</translation>
    </message>
    <message>
        <source>{text}.</source>
        <translation>{text}。</translation>
    </message>
    <message>
        <source>{time} · {run} of {total} rules</source>
        <translation>{time} · 运行规则 {run}/{total} 条</translation>
    </message>
    <message>
        <source>{title} (recommended)</source>
        <translation>{title}（推荐）</translation>
    </message>
    <message>
        <source>{title} {count}</source>
        <translation>{title} {count} 处</translation>
    </message>
    <message>
        <source>{value} (inherited: {source})</source>
        <translation>{value}（继承自{source}）</translation>
    </message>
    <message>
        <source>{value} (unchanged)</source>
        <translation>{value}（不变）</translation>
    </message>
    <message>
        <source>{value} ({source})</source>
        <translation>{value}（{source}）</translation>
    </message>
    <message>
        <source>{value}: {why}, kept</source>
        <translation>{value}：{why}，保留原值</translation>
    </message>
    <message>
        <source>{value}: {why}, left empty</source>
        <translation>{value}：{why}，留空</translation>
    </message>
    <message>
        <source>{verdict}, {errors} errors, {warnings} warnings.</source>
        <translation>{verdict}，错误 {errors}，警告 {warnings}。</translation>
    </message>
    <message>
        <source>{verdict}: {errors} errors, {warnings} warnings, {skipped} rules incomplete. Scope: {scope}. Checked at {time}, unchanged since.</source>
        <translation>{verdict}：错误 {errors}，警告 {warnings}，未完整检查的规则 {skipped}。交付范围：{scope}。{time} 检查，数据未变。</translation>
    </message>
    <message>
        <source>{what} It is the digest of manifest.json, which lists the digests of all files.</source>
        <translation>{what}此处为 manifest.json 的校验值，清单中列有全部文件的校验值。</translation>
    </message>
    <message>
        <source>{whose} extends across the zones {zones}, so the zone of the county is unknown. {remedy}</source>
        <translation>{whose}跨 {zones} 带，无法确定本县所在的带。{remedy}</translation>
    </message>
    <message>
        <source>{whose} {west}°–{east}°E</source>
        <translation>{whose} {west}°–{east}°E</translation>
    </message>
    <message>
        <source>{who}, {until}</source>
        <translation>{who}，{until}</translation>
    </message>
    <message>
        <source>{word}. {reason}</source>
        <translation>{word}。{reason}</translation>
    </message>
    <message>
        <source>{word}: {count} listed</source>
        <translation>{word}：筛选后共 {count} 处</translation>
    </message>
    <message>
        <source>“Fix…” tries the fixes of the selected finding on a copy and shows shapes and areas before and after. Sealed layers stay unchanged. One undo takes a fix back.</source>
        <translation>“修复…”对选中的问题先在副本上试算，显示修复前后的图形和面积；封库图层不改。应用后一步即可撤销。</translation>
    </message>
    <message>
        <source>“Waived” follows the waivers. Withdraw the waiver to change the state.</source>
        <translation>“豁免”随豁免登记变化。需要改变状态的，请撤销豁免。</translation>
    </message>
    <message>
        <source>“{layers}” will be switched to edit mode. One undo reverts everything.</source>
        <translation>应用时“{layers}”切换到编辑状态；一步即可撤销。</translation>
    </message>
    <message>
        <source>“{layer}” has no CRS. Assign one.</source>
        <translation>图层“{layer}”没有坐标系。请指定坐标系。</translation>
    </message>
    <message>
        <source>“{level}” not applied: no reason for the lower level</source>
        <translation>“{level}”未采用：没有降密理由</translation>
    </message>
    <message>
        <source>“{name}” cannot be read, or has no CRS. Assign one.</source>
        <translation>“{name}”不能读取，或没有坐标系。请指定坐标系。</translation>
    </message>
    <message>
        <source>“{name}” exists. Replace it?</source>
        <translation>“{name}”已存在，是否替换？</translation>
    </message>
    <message>
        <source>“{name}” has boundary points.</source>
        <translation>“{name}”是界址点文件。</translation>
    </message>
    <message>
        <source>“{name}” has no features with shapes.</source>
        <translation>“{name}”没有带图形的要素。</translation>
    </message>
    <message>
        <source>“{name}” has no layer with shapes.</source>
        <translation>“{name}”没有带图形的图层。</translation>
    </message>
    <message>
        <source>“{name}” has no report yet: it was not checked with the present data and settings.</source>
        <translation>“{name}”还没有报告：未按现有数据和设定检查过。</translation>
    </message>
    <message>
        <source>“{name}” has no report: {reason}</source>
        <translation>“{name}”没有报告：{reason}</translation>
    </message>
    <message>
        <source>“{name}” has {count} plan layers.</source>
        <translation>“{name}”含 {count} 个规划图层。</translation>
    </message>
    <message>
        <source>“{name}” is a drawing (DXF).</source>
        <translation>“{name}”是图纸（DXF）。</translation>
    </message>
    <message>
        <source>“{name}” is a submission package.</source>
        <translation>“{name}”是成果包。</translation>
    </message>
    <message>
        <source>“{name}” was not inspected; the result below is the previous one.</source>
        <translation>“{name}”未能检查，以下仍为先前的结果。</translation>
    </message>
    <message>
        <source>“{name}” was removed from the list.</source>
        <translation>“{name}”已从项目列表中移除。</translation>
    </message>
    <message>
        <source>“{source}”: {count} projects were added to the batch.</source>
        <translation>“{source}”：{count} 个项目已加入批量。</translation>
    </message>
</context>
<context>
    <name>QPlatformTheme</name>
    <message>
        <source>&amp;No</source>
        <translation>否(&amp;N)</translation>
    </message>
    <message>
        <source>&amp;Yes</source>
        <translation>是(&amp;Y)</translation>
    </message>
    <message>
        <source>Cancel</source>
        <translation>取消</translation>
    </message>
    <message>
        <source>Close</source>
        <translation>关闭</translation>
    </message>
    <message>
        <source>OK</source>
        <translation>确定</translation>
    </message>
</context>
</TS>
