<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="zh_CN">
<context>
    <name>About</name>
    <message>
        <source>The diagnostics are on the clipboard; they name no folders.</source>
        <translation>诊断信息已复制到剪贴板；其中不含文件夹名称。</translation>
    </message>
    <message>
        <source>Help &gt; Copy diagnostics has what a report needs.</source>
        <translation>“帮助 &gt; 复制诊断信息”中有报告所需的内容。</translation>
    </message>
    <message>
        <source>Open log</source>
        <translation>打开日志</translation>
    </message>
    <message>
        <source>About</source>
        <translation>关于</translation>
    </message>
    <message>
        <source>TinySAM 2 annotator</source>
        <translation>TinySAM 2 标注工具</translation>
    </message>
    <message>
        <source>Segments and tracks objects in videos and shows what the memory bank holds. The tracker is TinySAM 2 (arXiv 2605.18013). Apache License 2.0; the bundled weights are for research use.&lt;br&gt;&lt;br&gt;Model: {model}&lt;br&gt;Projects and log: {folder}</source>
        <translation>分割并跟踪视频中的目标，并展示记忆库的内容。跟踪器为 TinySAM 2（arXiv 2605.18013）。Apache License 2.0；内置权重仅供研究使用。&lt;br&gt;&lt;br&gt;模型：{model}&lt;br&gt;项目与日志：{folder}</translation>
    </message>
</context>
<context>
    <name>Actions</name>
    <message>
        <source>&amp;File</source>
        <translation>文件(&amp;F)</translation>
    </message>
    <message>
        <source>&amp;Edit</source>
        <translation>编辑(&amp;E)</translation>
    </message>
    <message>
        <source>&amp;View</source>
        <translation>视图(&amp;V)</translation>
    </message>
    <message>
        <source>&amp;Object</source>
        <translation>目标(&amp;O)</translation>
    </message>
    <message>
        <source>&amp;Track</source>
        <translation>跟踪(&amp;T)</translation>
    </message>
    <message>
        <source>&amp;Review</source>
        <translation>复查(&amp;R)</translation>
    </message>
    <message>
        <source>&amp;Memory</source>
        <translation>记忆(&amp;M)</translation>
    </message>
    <message>
        <source>&amp;Help</source>
        <translation>帮助(&amp;H)</translation>
    </message>
    <message>
        <source>Go to</source>
        <translation>转到</translation>
    </message>
    <message>
        <source>Theme</source>
        <translation>主题</translation>
    </message>
    <message>
        <source>Select</source>
        <translation>选择</translation>
    </message>
    <message>
        <source>System</source>
        <translation>跟随系统</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>浅色</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>深色</translation>
    </message>
    <message>
        <source>Object {position}</source>
        <translation>目标 {position}</translation>
    </message>
    <message>
        <source>Open video…</source>
        <translation>打开视频…</translation>
    </message>
    <message>
        <source>Open frame folder…</source>
        <translation>打开帧文件夹…</translation>
    </message>
    <message>
        <source>Open project…</source>
        <translation>打开项目…</translation>
    </message>
    <message>
        <source>Save</source>
        <translation>保存</translation>
    </message>
    <message>
        <source>Everything is saved as you work; this waits until it is on disk</source>
        <translation>工作时会自动保存所有内容；此操作会等待全部写入磁盘</translation>
    </message>
    <message>
        <source>Save as…</source>
        <translation>另存为…</translation>
    </message>
    <message>
        <source>Open snapshot…</source>
        <translation>打开快照…</translation>
    </message>
    <message>
        <source>The project as it was at an earlier hour, read-only</source>
        <translation>项目在较早时刻的状态，只读</translation>
    </message>
    <message>
        <source>Export…</source>
        <translation>导出…</translation>
    </message>
    <message>
        <source>Import masks…</source>
        <translation>导入掩码…</translation>
    </message>
    <message>
        <source>Masks of this video made by other tools: label images, COCO, CVAT and more</source>
        <translation>其他工具为此视频制作的掩码：标签图像、COCO、CVAT 等</translation>
    </message>
    <message>
        <source>Quit</source>
        <translation>退出</translation>
    </message>
    <message>
        <source>Undo</source>
        <translation>撤销</translation>
    </message>
    <message>
        <source>Redo</source>
        <translation>重做</translation>
    </message>
    <message>
        <source>Point tool</source>
        <translation>点工具</translation>
    </message>
    <message>
        <source>Left: positive point, right or Ctrl+left: negative point, Shift: preview</source>
        <translation>左键：正点，右键或 Ctrl+左键：负点，Shift：预览</translation>
    </message>
    <message>
        <source>Box tool</source>
        <translation>框工具</translation>
    </message>
    <message>
        <source>Drag a box around the object</source>
        <translation>拖动以框住目标</translation>
    </message>
    <message>
        <source>Brush</source>
        <translation>画笔</translation>
    </message>
    <message>
        <source>Paint the mask by hand</source>
        <translation>手工绘制掩码</translation>
    </message>
    <message>
        <source>Eraser</source>
        <translation>橡皮擦</translation>
    </message>
    <message>
        <source>Erase from the mask by hand</source>
        <translation>手工擦除掩码</translation>
    </message>
    <message>
        <source>Polygon</source>
        <translation>多边形</translation>
    </message>
    <message>
        <source>Click its vertices; a double click closes it; right button or Ctrl erases</source>
        <translation>单击放置顶点；双击闭合；右键或按住 Ctrl 为擦除</translation>
    </message>
    <message>
        <source>Lasso</source>
        <translation>套索</translation>
    </message>
    <message>
        <source>Drag around what to paint; right button or Ctrl erases</source>
        <translation>拖动圈出要绘制的区域；右键或按住 Ctrl 为擦除</translation>
    </message>
    <message>
        <source>Larger brush</source>
        <translation>增大画笔</translation>
    </message>
    <message>
        <source>Smaller brush</source>
        <translation>减小画笔</translation>
    </message>
    <message>
        <source>Delete prompt</source>
        <translation>删除提示</translation>
    </message>
    <message>
        <source>Clear prompts of this frame</source>
        <translation>清除此帧的提示</translation>
    </message>
    <message>
        <source>Clear prompts of this object</source>
        <translation>清除此目标的提示</translation>
    </message>
    <message>
        <source>Preferences…</source>
        <translation>首选项…</translation>
    </message>
    <message>
        <source>Drop islands</source>
        <translation>去除孤立区域</translation>
    </message>
    <message>
        <source>A predicted mask keeps the parts that touch a positive point, the box or the mask before it</source>
        <translation>预测的掩码只保留与正点、框或先前掩码相接的部分</translation>
    </message>
    <message>
        <source>Cancel stroke or stop tracking</source>
        <translation>取消笔画或停止跟踪</translation>
    </message>
    <message>
        <source>Play / pause</source>
        <translation>播放/暂停</translation>
    </message>
    <message>
        <source>Next frame</source>
        <translation>下一帧</translation>
    </message>
    <message>
        <source>Previous frame</source>
        <translation>上一帧</translation>
    </message>
    <message>
        <source>10 frames forward</source>
        <translation>前进 10 帧</translation>
    </message>
    <message>
        <source>10 frames back</source>
        <translation>后退 10 帧</translation>
    </message>
    <message>
        <source>First frame</source>
        <translation>首帧</translation>
    </message>
    <message>
        <source>Last frame</source>
        <translation>末帧</translation>
    </message>
    <message>
        <source>Frame number…</source>
        <translation>帧号…</translation>
    </message>
    <message>
        <source>Next prompted frame</source>
        <translation>下一个提示帧</translation>
    </message>
    <message>
        <source>Previous prompted frame</source>
        <translation>上一个提示帧</translation>
    </message>
    <message>
        <source>Next suggested frame</source>
        <translation>下一个建议帧</translation>
    </message>
    <message>
        <source>Previous suggested frame</source>
        <translation>上一个建议帧</translation>
    </message>
    <message>
        <source>Next unverified frame</source>
        <translation>下一个未确认帧</translation>
    </message>
    <message>
        <source>Previous unverified frame</source>
        <translation>上一个未确认帧</translation>
    </message>
    <message>
        <source>Next frame kept in memory</source>
        <translation>下一个记忆帧</translation>
    </message>
    <message>
        <source>Previous frame kept in memory</source>
        <translation>上一个记忆帧</translation>
    </message>
    <message>
        <source>Zoom in</source>
        <translation>放大</translation>
    </message>
    <message>
        <source>Zoom out</source>
        <translation>缩小</translation>
    </message>
    <message>
        <source>Fit</source>
        <translation>适合</translation>
    </message>
    <message>
        <source>100 %</source>
        <translation>100 %</translation>
    </message>
    <message>
        <source>200 %</source>
        <translation>200 %</translation>
    </message>
    <message>
        <source>Show masks</source>
        <translation>显示掩码</translation>
    </message>
    <message>
        <source>Outlines only</source>
        <translation>仅显示轮廓</translation>
    </message>
    <message>
        <source>Hatch masks</source>
        <translation>以斜线填充掩码</translation>
    </message>
    <message>
        <source>Objects differ by pattern, not by color alone</source>
        <translation>目标不仅以颜色区分，也以图案区分</translation>
    </message>
    <message>
        <source>More opaque masks</source>
        <translation>提高掩码不透明度</translation>
    </message>
    <message>
        <source>Less opaque masks</source>
        <translation>降低掩码不透明度</translation>
    </message>
    <message>
        <source>New object</source>
        <translation>新建目标</translation>
    </message>
    <message>
        <source>The next click or box belongs to it</source>
        <translation>下一次单击或下一个框属于该目标</translation>
    </message>
    <message>
        <source>Duplicate object</source>
        <translation>复制目标</translation>
    </message>
    <message>
        <source>Copy the object with all its masks</source>
        <translation>复制目标及其全部掩码</translation>
    </message>
    <message>
        <source>Suggest objects</source>
        <translation>建议目标</translation>
    </message>
    <message>
        <source>Search the frame for objects; click those to keep</source>
        <translation>在此帧中搜索目标；单击要保留的目标</translation>
    </message>
    <message>
        <source>Delete object</source>
        <translation>删除目标</translation>
    </message>
    <message>
        <source>Rename object</source>
        <translation>重命名目标</translation>
    </message>
    <message>
        <source>Change category of object</source>
        <translation>更改目标的类别</translation>
    </message>
    <message>
        <source>Change color of object…</source>
        <translation>更改目标的颜色…</translation>
    </message>
    <message>
        <source>Move object up</source>
        <translation>上移目标</translation>
    </message>
    <message>
        <source>Move object down</source>
        <translation>下移目标</translation>
    </message>
    <message>
        <source>Show this object alone</source>
        <translation>仅显示此目标</translation>
    </message>
    <message>
        <source>Hide or show</source>
        <translation>隐藏或显示</translation>
    </message>
    <message>
        <source>Lock or unlock</source>
        <translation>锁定或解锁</translation>
    </message>
    <message>
        <source>Remove specks</source>
        <translation>去除碎点</translation>
    </message>
    <message>
        <source>Small parts beside the largest, on this frame; what is painted stays</source>
        <translation>去除此帧中最大区域之外的小块；手工绘制的部分保留</translation>
    </message>
    <message>
        <source>Fill holes</source>
        <translation>填充孔洞</translation>
    </message>
    <message>
        <source>Small gaps inside the mask of this frame; what is erased stays</source>
        <translation>填充此帧掩码内部的小空隙；手工擦除的部分保留</translation>
    </message>
    <message>
        <source>Remove specks on all frames</source>
        <translation>去除所有帧的碎点</translation>
    </message>
    <message>
        <source>Verified masks stay as they are</source>
        <translation>已确认的掩码保持不变</translation>
    </message>
    <message>
        <source>Fill holes on all frames</source>
        <translation>填充所有帧的孔洞</translation>
    </message>
    <message>
        <source>Clear mask of this frame</source>
        <translation>清除此帧的掩码</translation>
    </message>
    <message>
        <source>Clear all masks of the object</source>
        <translation>清除目标的全部掩码</translation>
    </message>
    <message>
        <source>Track backward</source>
        <translation>向后跟踪</translation>
    </message>
    <message>
        <source>From this frame to the in frame or the start</source>
        <translation>从此帧到入点帧或视频开头</translation>
    </message>
    <message>
        <source>Backward</source>
        <translation>向后</translation>
    </message>
    <message>
        <source>Track forward</source>
        <translation>向前跟踪</translation>
    </message>
    <message>
        <source>From this frame to the out frame or the end</source>
        <translation>从此帧到出点帧或视频结尾</translation>
    </message>
    <message>
        <source>Forward</source>
        <translation>向前</translation>
    </message>
    <message>
        <source>Track range both ways</source>
        <translation>双向跟踪范围</translation>
    </message>
    <message>
        <source>From this frame to both ends of the in/out range, or of the video</source>
        <translation>从此帧到入点/出点范围（或视频）的两端</translation>
    </message>
    <message>
        <source>Both ways</source>
        <translation>双向</translation>
    </message>
    <message>
        <source>Track one frame backward</source>
        <translation>向后跟踪一帧</translation>
    </message>
    <message>
        <source>Track one frame forward</source>
        <translation>向前跟踪一帧</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message>
        <source>Finished frames are kept</source>
        <translation>已完成的帧会保留</translation>
    </message>
    <message>
        <source>Track all objects</source>
        <translation>跟踪所有目标</translation>
    </message>
    <message>
        <source>Off: only the active object is tracked, the others keep their masks</source>
        <translation>关闭时：仅跟踪当前目标，其他目标保留其掩码</translation>
    </message>
    <message>
        <source>All objects</source>
        <translation>所有目标</translation>
    </message>
    <message>
        <source>Prevent overlaps</source>
        <translation>防止重叠</translation>
    </message>
    <message>
        <source>Tracked masks never overlap masks of other objects; track again to apply</source>
        <translation>跟踪得到的掩码不与其他目标的掩码重叠；重新跟踪后生效</translation>
    </message>
    <message>
        <source>Keep painted and imported masks</source>
        <translation>保留绘制和导入的掩码</translation>
    </message>
    <message>
        <source>Off: tracking also replaces what was made by hand, but for the frame it starts on and verified masks</source>
        <translation>关闭时：跟踪也会替换手工制作的掩码，起始帧和已确认的掩码除外</translation>
    </message>
    <message>
        <source>Follow tracking</source>
        <translation>跟随跟踪</translation>
    </message>
    <message>
        <source>Show each frame as soon as it is tracked; off: the displayed frame stays</source>
        <translation>每跟踪完一帧即显示该帧；关闭时：显示的帧保持不变</translation>
    </message>
    <message>
        <source>Show masks before tracking</source>
        <translation>显示跟踪前的掩码</translation>
    </message>
    <message>
        <source>Compare the masks of the last tracking run with those that it replaced</source>
        <translation>将上次跟踪得到的掩码与被其替换的掩码进行比较</translation>
    </message>
    <message>
        <source>Revert frames to before tracking…</source>
        <translation>将帧还原到跟踪前…</translation>
    </message>
    <message>
        <source>Undo the last tracking run on some frames only</source>
        <translation>仅在部分帧上撤销上次跟踪</translation>
    </message>
    <message>
        <source>Model…</source>
        <translation>模型…</translation>
    </message>
    <message>
        <source>Select the model, the device and the memory settings</source>
        <translation>选择模型、设备和记忆设置</translation>
    </message>
    <message>
        <source>Set in frame</source>
        <translation>设置入点帧</translation>
    </message>
    <message>
        <source>Set out frame</source>
        <translation>设置出点帧</translation>
    </message>
    <message>
        <source>Clear in and out</source>
        <translation>清除入点和出点</translation>
    </message>
    <message>
        <source>Visit the next suggestion</source>
        <translation>查看下一条建议</translation>
    </message>
    <message>
        <source>The suggestions are in the Review panel, worst first</source>
        <translation>建议列在“复查”面板中，最差的在前</translation>
    </message>
    <message>
        <source>Verify and visit the next suggestion</source>
        <translation>确认并查看下一条建议</translation>
    </message>
    <message>
        <source>Tracking never changes a verified mask</source>
        <translation>跟踪不会更改已确认的掩码</translation>
    </message>
    <message>
        <source>Verify or unverify the mask of this frame</source>
        <translation>确认或取消确认此帧的掩码</translation>
    </message>
    <message>
        <source>Verify this run of suggested frames</source>
        <translation>确认这一段建议帧</translation>
    </message>
    <message>
        <source>Verify the in/out range</source>
        <translation>确认入点/出点范围</translation>
    </message>
    <message>
        <source>All masks of the object from the in frame to the out frame</source>
        <translation>目标从入点帧到出点帧的全部掩码</translation>
    </message>
    <message>
        <source>Compare directions</source>
        <translation>比较两个方向</translation>
    </message>
    <message>
        <source>Track back from the ends; where the masks differ, one is wrong. No mask is changed</source>
        <translation>从两端反向跟踪；掩码不一致处必有一个是错的。不会更改任何掩码</translation>
    </message>
    <message>
        <source>Pin or unpin this frame</source>
        <translation>固定或取消固定此帧</translation>
    </message>
    <message>
        <source>A pinned frame stays in memory; track again to apply</source>
        <translation>固定的帧始终留在记忆中；重新跟踪后生效</translation>
    </message>
    <message>
        <source>Ban or allow this frame</source>
        <translation>排除或允许此帧</translation>
    </message>
    <message>
        <source>A banned frame never enters memory; track again to apply</source>
        <translation>排除的帧不会进入记忆；重新跟踪后生效</translation>
    </message>
    <message>
        <source>Export memory…</source>
        <translation>导出记忆…</translation>
    </message>
    <message>
        <source>Decisions, scores and kept tokens as JSON, CSV and PNG</source>
        <translation>以 JSON、CSV 和 PNG 导出决策、分数和保留的 token</translation>
    </message>
    <message>
        <source>Compare policies…</source>
        <translation>比较策略…</translation>
    </message>
    <message>
        <source>Track the object under two memory settings, look at both, and use one</source>
        <translation>用两种记忆设置跟踪目标，查看两者并采用其一</translation>
    </message>
    <message>
        <source>Show kept tokens on the frame</source>
        <translation>在帧上显示保留的 token</translation>
    </message>
    <message>
        <source>Where the memory bank after this frame holds tokens: one color per remembered frame</source>
        <translation>此帧之后记忆库保有 token 的位置：每个记忆帧一种颜色</translation>
    </message>
    <message>
        <source>Keyboard shortcuts</source>
        <translation>键盘快捷键</translation>
    </message>
    <message>
        <source>Open log</source>
        <translation>打开日志</translation>
    </message>
    <message>
        <source>Copy diagnostics</source>
        <translation>复制诊断信息</translation>
    </message>
    <message>
        <source>Versions, processor, model and last log lines, for a report</source>
        <translation>版本、处理器、模型和日志的最后几行，用于报告</translation>
    </message>
    <message>
        <source>About</source>
        <translation>关于</translation>
    </message>
</context>
<context>
    <name>AnnotationController</name>
    <message>
        <source>Add a positive point first (left click), then a negative one.</source>
        <translation>请先添加正点（左键单击），再添加负点。</translation>
    </message>
    <message>
        <source>Segment</source>
        <translation>分割</translation>
    </message>
    <message>
        <source>The positive point at {x}, {y} on frame {frame} has no effect: another point is too close.</source>
        <translation>第 {frame} 帧 {x}, {y} 处的正点无效：与另一个点太近。</translation>
    </message>
    <message>
        <source>The negative point at {x}, {y} on frame {frame} has no effect: another point is too close.</source>
        <translation>第 {frame} 帧 {x}, {y} 处的负点无效：与另一个点太近。</translation>
    </message>
    <message>
        <source>Preview</source>
        <translation>预览</translation>
    </message>
    <message>
        <source>Encode frame</source>
        <translation>编码帧</translation>
    </message>
    <message>
        <source>Frame {frame} is pinned. Track again to apply it.</source>
        <translation>第 {frame} 帧已固定。重新跟踪后生效。</translation>
    </message>
    <message>
        <source>Frame {frame} is banned. Track again to apply it.</source>
        <translation>第 {frame} 帧已排除。重新跟踪后生效。</translation>
    </message>
    <message>
        <source>Frame {frame} is unconstrained. Track again to apply it.</source>
        <translation>第 {frame} 帧已无约束。重新跟踪后生效。</translation>
    </message>
</context>
<context>
    <name>BankEntryView</name>
    <message>
        <source>Quality: predicted IoU of the mask times object presence, from 0 to 1. The quality policy keeps no frame below its minimum.</source>
        <translation>质量：掩码的预测 IoU 乘以目标存在度，取值 0 到 1。质量策略不保留低于其下限的帧。</translation>
    </message>
    <message>
        <source>Novelty: how different the object looked from the frames in memory, from 0 (the same) to 1.</source>
        <translation>新颖度：目标外观与记忆帧的差异，从 0（相同）到 1。</translation>
    </message>
    <message>
        <source>quality</source>
        <translation>质量</translation>
    </message>
    <message>
        <source>novelty</source>
        <translation>新颖度</translation>
    </message>
    <message>
        <source>Frame {frame}</source>
        <translation>第 {frame} 帧</translation>
    </message>
    <message>
        <source>{mark}; go to frame {frame}</source>
        <translation>{mark}；转到第 {frame} 帧</translation>
    </message>
    <message>
        <source>Go to frame {frame}, {mark}</source>
        <translation>转到第 {frame} 帧，{mark}</translation>
    </message>
    <message>
        <source>Show the kept tokens of frame {frame} on the canvas</source>
        <translation>在画布上显示第 {frame} 帧保留的 token</translation>
    </message>
    <message>
        <source>{mark}: {reason}</source>
        <translation>{mark}：{reason}</translation>
    </message>
    <message>
        <source>The tokens of other frames took the whole budget, so the next frame reads nothing of this one but, at most, its object pointer: one vector that stands for the object.</source>
        <translation>其他帧的 token 用尽了全部预算，因此下一帧不读取此帧的内容，最多只读取其目标指针：代表目标的一个向量。</translation>
    </message>
    <message>
        <source>Tokens of this frame that the next frame can read.</source>
        <translation>下一帧可以读取的此帧 token。</translation>
    </message>
</context>
<context>
    <name>BrushOptions</name>
    <message>
        <source>Brush radius</source>
        <translation>画笔半径</translation>
    </message>
    <message>
        <source>Brush radius in pixels</source>
        <translation>画笔半径（像素）</translation>
    </message>
    <message>
        <source>Radius of brush and eraser in pixels of the video</source>
        <translation>画笔和橡皮擦的半径，单位为视频像素</translation>
    </message>
    <message>
        <source>Radius</source>
        <translation>半径</translation>
    </message>
</context>
<context>
    <name>CanvasScene</name>
    <message>
        <source>Masks before tracking</source>
        <translation>跟踪前的掩码</translation>
    </message>
    <message>
        <source>{name} is not visible on this frame</source>
        <translation>{name} 在此帧中不可见</translation>
    </message>
</context>
<context>
    <name>CanvasView</name>
    <message>
        <source>Frame</source>
        <translation>帧</translation>
    </message>
</context>
<context>
    <name>CompareDialog</name>
    <message>
        <source>As in the model&apos;s settings</source>
        <translation>与模型设置相同</translation>
    </message>
    <message>
        <source>{name} is tracked twice through the same frames. Nothing changes until you use one of the two. Both sides start with the settings of the model.</source>
        <translation>{name} 将在相同的帧上跟踪两次。在采用其中一个结果之前不会有任何更改。两侧均以模型的设置开始。</translation>
    </message>
    <message>
        <source>Compare memory policies on {name}</source>
        <translation>在 {name} 上比较记忆策略</translation>
    </message>
    <message>
        <source>Compare</source>
        <translation>比较</translation>
    </message>
    <message>
        <source>{label} of {side}</source>
        <translation>{side} 的{label}</translation>
    </message>
    <message>
        <source>Frames:</source>
        <translation>帧：</translation>
    </message>
    <message>
        <source>Choose settings that differ, and at least two frames</source>
        <translation>请选择不同的设置以及至少两帧</translation>
    </message>
</context>
<context>
    <name>ComparisonCurves</name>
    <message>
        <source>IoU of A and B</source>
        <translation>A 与 B 的 IoU</translation>
    </message>
    <message>
        <source>Predicted IoU</source>
        <translation>预测 IoU</translation>
    </message>
    <message>
        <source>Tokens</source>
        <translation>token 数</translation>
    </message>
    <message>
        <source>Curve of {title}</source>
        <translation>{title}曲线</translation>
    </message>
    <message>
        <source>Click or drag the line to go to a frame; wheel zooms, drag moves</source>
        <translation>单击或拖动竖线可转到某帧；滚轮缩放，拖动平移</translation>
    </message>
    <message>
        <source>Frame {frame}</source>
        <translation>第 {frame} 帧</translation>
    </message>
</context>
<context>
    <name>ComparisonView</name>
    <message>
        <source>Difference</source>
        <translation>差异</translation>
    </message>
    <message>
        <source>A only</source>
        <translation>仅 A</translation>
    </message>
    <message>
        <source>B only</source>
        <translation>仅 B</translation>
    </message>
    <message>
        <source>Masks of A and B</source>
        <translation>A 与 B 的掩码</translation>
    </message>
</context>
<context>
    <name>ComparisonWindow</name>
    <message>
        <source>Memory policies on {name}</source>
        <translation>{name} 的记忆策略</translation>
    </message>
    <message>
        <source>Tokens of</source>
        <translation>token 所属帧</translation>
    </message>
    <message>
        <source>Frames in the memory banks of A and B, and their tokens</source>
        <translation>A 与 B 的记忆库中的帧及其 token</translation>
    </message>
    <message>
        <source>How many tokens of each remembered frame the two banks hold; - for none</source>
        <translation>两个记忆库中每个记忆帧保有的 token 数；- 表示没有</translation>
    </message>
    <message>
        <source>Use {letter}</source>
        <translation>采用 {letter}</translation>
    </message>
    <message>
        <source>Put its masks and memory decisions into the project; can be undone</source>
        <translation>将其掩码和记忆决策写入项目；可以撤销</translation>
    </message>
    <message>
        <source>frame {frame}</source>
        <translation>第 {frame} 帧</translation>
    </message>
    <message>
        <source>Both</source>
        <translation>共有</translation>
    </message>
    <message>
        <source>Tracking…</source>
        <translation>正在跟踪…</translation>
    </message>
    <message>
        <source>{known} of {frames}: mean IoU of A and B {iou}, {differing} differ (below {least}); predicted IoU {predicted}; tokens {tokens}.</source>
        <translation>{frames}中的 {known} 帧：A 与 B 的平均 IoU {iou}，{differing} 帧不同（低于 {least}）；预测 IoU {predicted}；token 数 {tokens}。</translation>
    </message>
    <message numerus="yes">
        <source>%Ln frame(s)</source>
        <translation>
            <numerusform>%Ln 帧</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ConstraintButtons</name>
    <message>
        <source>Pin</source>
        <translation>固定</translation>
    </message>
    <message>
        <source>Ban</source>
        <translation>排除</translation>
    </message>
    <message>
        <source>Release</source>
        <translation>解除</translation>
    </message>
    <message>
        <source>Pin frame {frame}</source>
        <translation>固定第 {frame} 帧</translation>
    </message>
    <message>
        <source>Keep frame {frame} in memory when tracking again</source>
        <translation>重新跟踪时将第 {frame} 帧留在记忆中</translation>
    </message>
    <message>
        <source>Ban frame {frame}</source>
        <translation>排除第 {frame} 帧</translation>
    </message>
    <message>
        <source>Keep frame {frame} out of memory when tracking again</source>
        <translation>重新跟踪时不让第 {frame} 帧进入记忆</translation>
    </message>
    <message>
        <source>Release frame {frame}</source>
        <translation>解除对第 {frame} 帧的约束</translation>
    </message>
    <message>
        <source>Let the tracker decide about frame {frame} again</source>
        <translation>重新由跟踪器决定第 {frame} 帧</translation>
    </message>
</context>
<context>
    <name>CurveMenu</name>
    <message>
        <source>Quality</source>
        <translation>质量</translation>
    </message>
    <message>
        <source>Predicted IoU times presence</source>
        <translation>预测 IoU 乘以存在度</translation>
    </message>
    <message>
        <source>Predicted IoU</source>
        <translation>预测 IoU</translation>
    </message>
    <message>
        <source>How well the model expects the mask to fit</source>
        <translation>模型预计掩码的吻合程度</translation>
    </message>
    <message>
        <source>Presence</source>
        <translation>存在度</translation>
    </message>
    <message>
        <source>How certain the model is that the object is visible</source>
        <translation>模型对目标可见的确信程度</translation>
    </message>
    <message>
        <source>Novelty</source>
        <translation>新颖度</translation>
    </message>
    <message>
        <source>How different the object looks from the frames in memory</source>
        <translation>目标外观与记忆帧的差异</translation>
    </message>
    <message>
        <source>Scores</source>
        <translation>分数</translation>
    </message>
    <message>
        <source>Choose the curves of the scores</source>
        <translation>选择要显示的分数曲线</translation>
    </message>
    <message>
        <source>Curves of the scores</source>
        <translation>分数曲线</translation>
    </message>
</context>
<context>
    <name>DisplayedFrame</name>
    <message>
        <source>Loading frame {frame} ...</source>
        <translation>正在加载第 {frame} 帧……</translation>
    </message>
</context>
<context>
    <name>DropOverlay</name>
    <message>
        <source>Drop to open {name}</source>
        <translation>松开以打开 {name}</translation>
    </message>
</context>
<context>
    <name>Errors</name>
    <message>
        <source>TinySAM 2 annotator</source>
        <translation>TinySAM 2 标注工具</translation>
    </message>
    <message>
        <source>Locate video…</source>
        <translation>查找视频…</translation>
    </message>
</context>
<context>
    <name>ExceptionHook</name>
    <message>
        <source>An unexpected error occurred: {kind}: {error}</source>
        <translation>发生意外错误：{kind}：{error}</translation>
    </message>
    <message>
        <source>Your work is saved. Help &gt; Open log has the details for a report.</source>
        <translation>您的工作已保存。“帮助 &gt; 打开日志”中有可用于报告的详细信息。</translation>
    </message>
</context>
<context>
    <name>ExportController</name>
    <message>
        <source>Estimate the export</source>
        <translation>估算导出大小</translation>
    </message>
    <message>
        <source> and </source>
        <translation>和</translation>
    </message>
    <message>
        <source>Export {formats} to {folder}/</source>
        <translation>将 {formats} 导出到 {folder}/</translation>
    </message>
    <message>
        <source>Written to {folder}</source>
        <translation>已写入 {folder}</translation>
    </message>
</context>
<context>
    <name>ExportDialog</name>
    <message>
        <source>Export masks</source>
        <translation>导出掩码</translation>
    </message>
    <message>
        <source>About {size} on disk.</source>
        <translation>约占磁盘 {size}。</translation>
    </message>
    <message>
        <source>{folder} already holds an export of this name.</source>
        <translation>{folder} 中已有同名的导出。</translation>
    </message>
    <message>
        <source>Replace</source>
        <translation>替换</translation>
    </message>
    <message>
        <source>New name</source>
        <translation>使用新名称</translation>
    </message>
    <message>
        <source>Preview</source>
        <translation>预览</translation>
    </message>
    <message>
        <source>Export</source>
        <translation>导出</translation>
    </message>
    <message>
        <source>Check a format.</source>
        <translation>请勾选一种格式。</translation>
    </message>
    <message>
        <source>Check an object.</source>
        <translation>请勾选一个目标。</translation>
    </message>
    <message>
        <source>Choose a folder.</source>
        <translation>请选择文件夹。</translation>
    </message>
    <message>
        <source>Estimating…</source>
        <translation>正在估算…</translation>
    </message>
    <message>
        <source>Export finished</source>
        <translation>导出完成</translation>
    </message>
    <message>
        <source>Masks were written to {folder}</source>
        <translation>掩码已写入 {folder}</translation>
    </message>
    <message>
        <source>Show folder</source>
        <translation>显示文件夹</translation>
    </message>
</context>
<context>
    <name>ExportForm</name>
    <message>
        <source>Folder:</source>
        <translation>文件夹：</translation>
    </message>
    <message>
        <source>If it exists:</source>
        <translation>若已存在：</translation>
    </message>
    <message>
        <source>Frames:</source>
        <translation>帧：</translation>
    </message>
    <message>
        <source>Objects:</source>
        <translation>目标：</translation>
    </message>
    <message>
        <source>Scale:</source>
        <translation>缩放：</translation>
    </message>
    <message>
        <source>File names:</source>
        <translation>文件名：</translation>
    </message>
    <message>
        <source>Export folder</source>
        <translation>导出文件夹</translation>
    </message>
    <message>
        <source>Browse…</source>
        <translation>浏览…</translation>
    </message>
    <message>
        <source>Export to</source>
        <translation>导出到</translation>
    </message>
    <message>
        <source>If an earlier export exists</source>
        <translation>若已有先前的导出</translation>
    </message>
    <message>
        <source>Ask</source>
        <translation>询问</translation>
    </message>
    <message>
        <source>Replace the earlier export</source>
        <translation>替换先前的导出</translation>
    </message>
    <message>
        <source>Export under a new name</source>
        <translation>以新名称导出</translation>
    </message>
    <message>
        <source>Objects</source>
        <translation>目标</translation>
    </message>
    <message>
        <source>Scale</source>
        <translation>缩放</translation>
    </message>
    <message>
        <source>of the size of the video</source>
        <translation>（相对于视频尺寸）</translation>
    </message>
    <message>
        <source>File names of frames</source>
        <translation>帧的文件名</translation>
    </message>
    <message>
        <source>as in the source, or {frame:06d}</source>
        <translation>与源相同，或 {frame:06d}</translation>
    </message>
    <message>
        <source>A template with {frame} or {frame:06d}, and {name} for the video.</source>
        <translation>含 {frame} 或 {frame:06d} 的模板，{name} 表示视频名。</translation>
    </message>
    <message>
        <source>Verified masks only</source>
        <translation>仅已确认的掩码</translation>
    </message>
    <message>
        <source>Write the frames, too (JPEG)</source>
        <translation>同时写出帧图像（JPEG）</translation>
    </message>
    <message>
        <source>Number objects as the DAVIS evaluator needs</source>
        <translation>按 DAVIS 评测程序的要求为目标编号</translation>
    </message>
    <message>
        <source>Polygons instead of masks (holes are filled)</source>
        <translation>用多边形代替掩码（孔洞会被填充）</translation>
    </message>
</context>
<context>
    <name>FileDialogs</name>
    <message>
        <source>Weights</source>
        <translation>权重</translation>
    </message>
    <message>
        <source>Projects</source>
        <translation>项目</translation>
    </message>
    <message>
        <source>Videos</source>
        <translation>视频</translation>
    </message>
    <message>
        <source>Images</source>
        <translation>图像</translation>
    </message>
    <message>
        <source>All files</source>
        <translation>所有文件</translation>
    </message>
    <message>
        <source>Open video</source>
        <translation>打开视频</translation>
    </message>
    <message>
        <source>Open project</source>
        <translation>打开项目</translation>
    </message>
    <message>
        <source>Open frame folder</source>
        <translation>打开帧文件夹</translation>
    </message>
    <message>
        <source>Save project as</source>
        <translation>项目另存为</translation>
    </message>
    <message>
        <source>Open snapshot</source>
        <translation>打开快照</translation>
    </message>
    <message>
        <source>Masks</source>
        <translation>掩码</translation>
    </message>
    <message>
        <source>Label images, one per frame</source>
        <translation>标签图像，每帧一张</translation>
    </message>
    <message>
        <source>Import masks</source>
        <translation>导入掩码</translation>
    </message>
    <message>
        <source>Import weights</source>
        <translation>导入权重</translation>
    </message>
</context>
<context>
    <name>FileInput</name>
    <message>
        <source>Browse…</source>
        <translation>浏览…</translation>
    </message>
    <message>
        <source>Weights file</source>
        <translation>权重文件</translation>
    </message>
</context>
<context>
    <name>FlagInput</name>
    <message>
        <source>on</source>
        <translation>开</translation>
    </message>
    <message>
        <source>off</source>
        <translation>关</translation>
    </message>
</context>
<context>
    <name>FolderInput</name>
    <message>
        <source>Folder</source>
        <translation>文件夹</translation>
    </message>
</context>
<context>
    <name>FormatList</name>
    <message>
        <source>cannot be written</source>
        <translation>无法写入</translation>
    </message>
    <message>
        <source>Formats</source>
        <translation>格式</translation>
    </message>
    <message numerus="yes">
        <source>%Ln byte(s)</source>
        <translation>
            <numerusform>%Ln 字节</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>FrameRangeDialog</name>
    <message>
        <source>Frames:</source>
        <translation>帧：</translation>
    </message>
</context>
<context>
    <name>FrameRangeInput</name>
    <message>
        <source>The last frame lies before the first.</source>
        <translation>末帧位于首帧之前。</translation>
    </message>
    <message>
        <source>First frame</source>
        <translation>首帧</translation>
    </message>
    <message>
        <source>Last frame</source>
        <translation>末帧</translation>
    </message>
    <message>
        <source>Step</source>
        <translation>步长</translation>
    </message>
    <message>
        <source>step</source>
        <translation>步长</translation>
    </message>
    <message>
        <source>All</source>
        <translation>全部</translation>
    </message>
    <message>
        <source>Frames {first} to {last}</source>
        <translation>第 {first} 至 {last} 帧</translation>
    </message>
    <message>
        <source>to</source>
        <translation>至</translation>
    </message>
</context>
<context>
    <name>GestureKeys</name>
    <message>
        <source>Close the outline, or accept all suggestions</source>
        <translation>闭合轮廓，或接受全部建议</translation>
    </message>
    <message>
        <source>Take back the last vertex</source>
        <translation>退回上一个顶点</translation>
    </message>
    <message>
        <source>While drawing</source>
        <translation>绘制时</translation>
    </message>
</context>
<context>
    <name>HandWorkProtection</name>
    <message>
        <source>Track</source>
        <translation>跟踪</translation>
    </message>
    <message>
        <source>Keep the masks that were painted or imported?</source>
        <translation>是否保留绘制或导入的掩码？</translation>
    </message>
    <message numerus="yes">
        <source>%Ln mask(s) are in the way of tracking.</source>
        <translation>
            <numerusform>跟踪会遇到 %Ln 个这样的掩码。</numerusform>
        </translation>
    </message>
    <message>
        <source>{masks} Tracking can go around what you made, as it does for verified masks, or replace it. The Track menu changes this later.</source>
        <translation>{masks}跟踪可以像对待已确认的掩码那样绕过您所做的内容，也可以将其替换。以后可在“跟踪”菜单中更改。</translation>
    </message>
    <message>
        <source>Keep them</source>
        <translation>保留</translation>
    </message>
    <message>
        <source>Replace them</source>
        <translation>替换</translation>
    </message>
</context>
<context>
    <name>ImportController</name>
    <message>
        <source>Check {name}</source>
        <translation>检查 {name}</translation>
    </message>
    <message>
        <source>Import masks</source>
        <translation>导入掩码</translation>
    </message>
    <message>
        <source>The file holds several videos. Import the masks of:</source>
        <translation>文件包含多个视频。导入以下视频的掩码：</translation>
    </message>
    <message>
        <source>Import {name}</source>
        <translation>导入 {name}</translation>
    </message>
</context>
<context>
    <name>ImportDialog</name>
    <message>
        <source>Import masks</source>
        <translation>导入掩码</translation>
    </message>
    <message>
        <source>Replace the masks of objects that are already there</source>
        <translation>替换已有目标的掩码</translation>
    </message>
    <message>
        <source>Import</source>
        <translation>导入</translation>
    </message>
    <message>
        <source>Object</source>
        <translation>目标</translation>
    </message>
    <message>
        <source>Category</source>
        <translation>类别</translation>
    </message>
    <message>
        <source>Masks</source>
        <translation>掩码</translation>
    </message>
    <message>
        <source>Becomes</source>
        <translation>导入为</translation>
    </message>
    <message>
        <source>Objects of the file</source>
        <translation>文件中的目标</translation>
    </message>
    <message>
        <source>a new object</source>
        <translation>新目标</translation>
    </message>
    <message numerus="yes">
        <source>object {number}: %Ln mask(s) replaced</source>
        <translation>
            <numerusform>目标 {number}：替换 %Ln 个掩码</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>, %Ln kept</source>
        <translation>
            <numerusform>，保留 %Ln 个</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln mask(s)</source>
        <translation>
            <numerusform>%Ln 个掩码</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln object(s)</source>
        <translation>
            <numerusform>%Ln 个目标</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln frame(s)</source>
        <translation>
            <numerusform>%Ln 帧</numerusform>
        </translation>
    </message>
    <message>
        <source>{file} ({format}): {masks} of {objects} on {frames}.</source>
        <translation>{file}（{format}）：{frames}上 {objects}的 {masks}。</translation>
    </message>
    <message>
        <source>Left out, since not in the video: {frames} ({names}).</source>
        <translation>因不在视频中而略去：{frames}（{names}）。</translation>
    </message>
</context>
<context>
    <name>JobProgress</name>
    <message>
        <source>frames</source>
        <translation>帧</translation>
    </message>
    <message>
        <source>points</source>
        <translation>个点</translation>
    </message>
    <message>
        <source>MB</source>
        <translation>MB</translation>
    </message>
    <message>
        <source>{seconds} s</source>
        <translation>{seconds} 秒</translation>
    </message>
    <message>
        <source>{minutes} min</source>
        <translation>{minutes} 分钟</translation>
    </message>
    <message>
        <source>{minutes} min {seconds} s</source>
        <translation>{minutes} 分 {seconds} 秒</translation>
    </message>
    <message>
        <source>{hours} h {minutes} min</source>
        <translation>{hours} 小时 {minutes} 分</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message>
        <source>; finished {unit} are kept</source>
        <translation>；已完成的{unit}会保留</translation>
    </message>
    <message numerus="yes">
        <source>waiting for %Ln job(s)</source>
        <translation>
            <numerusform>等待 %Ln 个任务</numerusform>
        </translation>
    </message>
    <message>
        <source>starting</source>
        <translation>正在开始</translation>
    </message>
    <message>
        <source>{speed} {unit}/s</source>
        <translation>{speed} {unit}/秒</translation>
    </message>
    <message>
        <source>{duration} left</source>
        <translation>剩余 {duration}</translation>
    </message>
    <message>
        <source>, </source>
        <translation>，</translation>
    </message>
    <message>
        <source>{done} / {total} {unit}</source>
        <translation>{done} / {total} {unit}</translation>
    </message>
    <message>
        <source>stopped</source>
        <translation>已停止</translation>
    </message>
    <message>
        <source>stopped at {count}</source>
        <translation>停止于 {count}</translation>
    </message>
    <message>
        <source>done</source>
        <translation>完成</translation>
    </message>
    <message>
        <source>done, {count}</source>
        <translation>完成，{count}</translation>
    </message>
</context>
<context>
    <name>JobRow</name>
    <message>
        <source>Progress</source>
        <translation>进度</translation>
    </message>
    <message>
        <source>Run this job earlier</source>
        <translation>提前运行此任务</translation>
    </message>
    <message>
        <source>Earlier</source>
        <translation>提前</translation>
    </message>
    <message>
        <source>Run this job later</source>
        <translation>推后运行此任务</translation>
    </message>
    <message>
        <source>Later</source>
        <translation>推后</translation>
    </message>
    <message>
        <source>Stop this job</source>
        <translation>停止此任务</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
</context>
<context>
    <name>JobsPanel</name>
    <message>
        <source>Tracking and exports appear here.</source>
        <translation>跟踪和导出任务显示在这里。</translation>
    </message>
</context>
<context>
    <name>Keymap</name>
    <message>
        <source> or </source>
        <translation> 或 </translation>
    </message>
</context>
<context>
    <name>LegendPopup</name>
    <message>
        <source>prompted: it has points, a box or a mask of the user</source>
        <translation>提示：有用户给出的点、框或掩码</translation>
    </message>
    <message>
        <source>pinned: the user keeps it in memory</source>
        <translation>固定：用户将其留在记忆中</translation>
    </message>
    <message>
        <source>kept: it entered the memory bank</source>
        <translation>保留：已进入记忆库</translation>
    </message>
    <message>
        <source>replaced later: it left the bank for another frame</source>
        <translation>后被替换：为另一帧让出了记忆库</translation>
    </message>
    <message>
        <source>refused: it did not enter the bank</source>
        <translation>拒绝：未进入记忆库</translation>
    </message>
    <message>
        <source>banned: the user keeps it out of memory</source>
        <translation>排除：用户不让其进入记忆</translation>
    </message>
    <message>
        <source>mask made by hand: prompted, painted or imported</source>
        <translation>手工掩码：提示、绘制或导入</translation>
    </message>
    <message>
        <source>tracked mask</source>
        <translation>跟踪得到的掩码</translation>
    </message>
    <message>
        <source>verified mask: underlined</source>
        <translation>已确认的掩码：带下划线</translation>
    </message>
    <message>
        <source>tracked, but not visible</source>
        <translation>已跟踪，但不可见</translation>
    </message>
    <message>
        <source>suggested for review: line above the bar</source>
        <translation>建议复查：条带上方的线</translation>
    </message>
    <message>
        <source>in memory at the current frame</source>
        <translation>当前帧时在记忆中</translation>
    </message>
    <message>
        <source>Legend of the timeline</source>
        <translation>时间线图例</translation>
    </message>
</context>
<context>
    <name>MainWindow</name>
    <message>
        <source>Opening {name}…</source>
        <translation>正在打开 {name}…</translation>
    </message>
    <message>
        <source>Nothing is open.</source>
        <translation>未打开任何内容。</translation>
    </message>
    <message>
        <source>Open a video first.</source>
        <translation>请先打开视频。</translation>
    </message>
    <message>
        <source>{name} is already open.</source>
        <translation>{name} 已经打开。</translation>
    </message>
    <message>
        <source> (read-only)</source>
        <translation>（只读）</translation>
    </message>
</context>
<context>
    <name>MaskCleanupController</name>
    <message>
        <source>Fill holes of {name}</source>
        <translation>填充 {name} 的孔洞</translation>
    </message>
    <message>
        <source>Remove specks of {name}</source>
        <translation>去除 {name} 的碎点</translation>
    </message>
    <message numerus="yes">
        <source>{job}: {changed} of %Ln mask(s) changed.</source>
        <translation>
            <numerusform>{job}：%Ln 个掩码中更改了 {changed} 个。</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>MemoryLayer</name>
    <message>
        <source>No memory is recorded for frame {frame}</source>
        <translation>第 {frame} 帧没有记忆记录</translation>
    </message>
    <message>
        <source>Memory after frame {frame}</source>
        <translation>第 {frame} 帧之后的记忆</translation>
    </message>
    <message>
        <source>frame {frame}: {tokens}</source>
        <translation>第 {frame} 帧：{tokens}</translation>
    </message>
</context>
<context>
    <name>MemoryMarks</name>
    <message>
        <source>prompted</source>
        <translation>提示</translation>
    </message>
    <message>
        <source>pinned</source>
        <translation>固定</translation>
    </message>
    <message>
        <source>kept</source>
        <translation>保留</translation>
    </message>
    <message>
        <source>replaced later</source>
        <translation>后被替换</translation>
    </message>
    <message>
        <source>refused</source>
        <translation>拒绝</translation>
    </message>
    <message>
        <source>banned</source>
        <translation>排除</translation>
    </message>
    <message>
        <source>tokens unknown</source>
        <translation>token 数未知</translation>
    </message>
    <message>
        <source>no tokens</source>
        <translation>无 token</translation>
    </message>
    <message numerus="yes">
        <source>%Ln token(s)</source>
        <translation>
            <numerusform>%Ln 个 token</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>MemoryPanel</name>
    <message>
        <source>Memory</source>
        <translation>记忆</translation>
    </message>
    <message>
        <source>Leave the inspection of this memory bank</source>
        <translation>退出对此记忆库的查看</translation>
    </message>
    <message>
        <source>Frames in memory</source>
        <translation>记忆帧数</translation>
    </message>
    <message>
        <source>Back to frame {frame}</source>
        <translation>回到第 {frame} 帧</translation>
    </message>
</context>
<context>
    <name>MemoryText</name>
    <message>
        <source>No object selected</source>
        <translation>未选择目标</translation>
    </message>
    <message>
        <source>Select an object, or click one in the frame to add it.</source>
        <translation>请选择目标，或在帧中单击以添加。</translation>
    </message>
    <message>
        <source>{name} has not been tracked yet</source>
        <translation>{name} 尚未跟踪</translation>
    </message>
    <message>
        <source>Track it to see which frames enter its memory bank, and why.</source>
        <translation>跟踪后即可查看哪些帧进入其记忆库及原因。</translation>
    </message>
    <message>
        <source>{name} was not tracked here</source>
        <translation>{name} 在此处未跟踪</translation>
    </message>
    <message>
        <source>Go to a frame that has a mark in the timeline&apos;s memory row.</source>
        <translation>请转到时间线记忆行中有标记的帧。</translation>
    </message>
    <message>
        <source>Frame {frame}: {outcome}</source>
        <translation>第 {frame} 帧：{outcome}</translation>
    </message>
    <message>
        <source>prompts removed</source>
        <translation>提示已移除</translation>
    </message>
    <message>
        <source>prompts changed</source>
        <translation>提示已更改</translation>
    </message>
    <message>
        <source>The tracker remembers this frame as it was prompted before, and its scores are of that. Track again to apply the change.</source>
        <translation>跟踪器记住的是此帧先前的提示，其分数也对应先前的提示。重新跟踪后更改生效。</translation>
    </message>
    <message>
        <source>imported</source>
        <translation>导入</translation>
    </message>
    <message>
        <source>edited by hand</source>
        <translation>手工编辑</translation>
    </message>
    <message>
        <source> Track again to remember it.</source>
        <translation>重新跟踪即可记住它。</translation>
    </message>
    <message>
        <source>The tracker has not seen this mask: its decision ({decision}) is about the mask that it predicted here.</source>
        <translation>跟踪器没有见过此掩码：其决策（{decision}）针对它在此处预测的掩码。</translation>
    </message>
    <message numerus="yes">
        <source>In memory after frame {frame}: %Ln frame(s)</source>
        <translation>
            <numerusform>第 {frame} 帧之后的记忆：%Ln 帧</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>, %Ln of them without tokens</source>
        <translation>
            <numerusform>，其中 %Ln 帧没有 token</numerusform>
        </translation>
    </message>
    <message>
        <source>tracking started here</source>
        <translation>跟踪从此处开始</translation>
    </message>
    <message>
        <source>given to tracking as a prompt; this run has no scores of it</source>
        <translation>作为提示交给跟踪；本次跟踪没有它的分数</translation>
    </message>
    <message>
        <source>; only the next frame may read it</source>
        <translation>；仅下一帧可以读取</translation>
    </message>
    <message>
        <source>in memory then; the frame was tracked again since, and its scores replaced</source>
        <translation>当时在记忆中；此后该帧被重新跟踪，其分数已被替换</translation>
    </message>
    <message>
        <source>; changed since, track again to apply it</source>
        <translation>；此后有更改，重新跟踪后生效</translation>
    </message>
    <message>
        <source>not visible (presence {presence}), so not kept</source>
        <translation>不可见（存在度 {presence}），因此未保留</translation>
    </message>
    <message>
        <source>kept in place of frame {frame}</source>
        <translation>保留，取代第 {frame} 帧</translation>
    </message>
    <message>
        <source> Novelty against the memory bank: {percent}.</source>
        <translation>相对记忆库的新颖度：{percent}。</translation>
    </message>
    <message>
        <source>{reason}.</source>
        <translation>{reason}。</translation>
    </message>
    <message>
        <source> Pinned: track again to keep it in memory.</source>
        <translation>已固定：重新跟踪后留在记忆中。</translation>
    </message>
    <message>
        <source> Banned: track again to remove it from memory.</source>
        <translation>已排除：重新跟踪后从记忆中移除。</translation>
    </message>
    <message>
        <source> Released: track again to let the tracker decide.</source>
        <translation>已解除：重新跟踪后由跟踪器决定。</translation>
    </message>
</context>
<context>
    <name>MergeMenu</name>
    <message>
        <source>Merge into</source>
        <translation>合并到</translation>
    </message>
</context>
<context>
    <name>ModelCard</name>
    <message>
        <source>about {size} MB</source>
        <translation>约 {size} MB</translation>
    </message>
    <message>
        <source>J&amp;F {score} on 15 sequences of DAVIS val (measured)</source>
        <translation>在 DAVIS val 的 15 个序列上 J&amp;F {score}（实测）</translation>
    </message>
    <message>
        <source>J&amp;F {score} on DAVIS 2017 val (published)</source>
        <translation>在 DAVIS 2017 val 上 J&amp;F {score}（已发表）</translation>
    </message>
    <message>
        <source>&lt;b&gt;Model&lt;/b&gt;&lt;br&gt;Reading the list of models…</source>
        <translation>&lt;b&gt;模型&lt;/b&gt;&lt;br&gt;正在读取模型列表…</translation>
    </message>
    <message>
        <source>Models…</source>
        <translation>模型…</translation>
    </message>
    <message>
        <source>Better masks…</source>
        <translation>更好的掩码…</translation>
    </message>
    <message>
        <source>&lt;b&gt;Model: {name}&lt;/b&gt;</source>
        <translation>&lt;b&gt;模型：{name}&lt;/b&gt;</translation>
    </message>
    <message>
        <source>On this computer: {models}</source>
        <translation>本机已有：{models}</translation>
    </message>
    <message>
        <source>Better masks: use {model}</source>
        <translation>更好的掩码：使用 {model}</translation>
    </message>
    <message>
        <source>Use {model}…</source>
        <translation>使用 {model}…</translation>
    </message>
    <message>
        <source>Better masks: get {model} ({size})</source>
        <translation>更好的掩码：获取 {model}（{size}）</translation>
    </message>
    <message>
        <source>Get {model}…</source>
        <translation>获取 {model}…</translation>
    </message>
</context>
<context>
    <name>ModelDialog</name>
    <message>
        <source>There is no weights file at {path}.</source>
        <translation>{path} 处没有权重文件。</translation>
    </message>
    <message>
        <source>The weights of {model} are not stored. Download or import them first.</source>
        <translation>尚未存储 {model} 的权重。请先下载或导入。</translation>
    </message>
    <message>
        <source>The weights of {model} are not stored. Import them first.</source>
        <translation>尚未存储 {model} 的权重。请先导入。</translation>
    </message>
    <message>
        <source>The input size of {model} must be a multiple of {step} px, got {size} px.</source>
        <translation>{model} 的输入尺寸必须是 {step} px 的倍数，现为 {size} px。</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>In use: {model}</source>
        <translation>正在使用：{model}</translation>
    </message>
    <message>
        <source>%v of %m MB</source>
        <translation>%v / %m MB</translation>
    </message>
    <message>
        <source>Connecting…</source>
        <translation>正在连接…</translation>
    </message>
    <message>
        <source>Loading…</source>
        <translation>正在加载…</translation>
    </message>
    <message>
        <source>Use this model</source>
        <translation>使用此模型</translation>
    </message>
    <message>
        <source>Import weights file…</source>
        <translation>导入权重文件…</translation>
    </message>
    <message>
        <source>Download</source>
        <translation>下载</translation>
    </message>
    <message>
        <source>Download progress</source>
        <translation>下载进度</translation>
    </message>
    <message>
        <source>Stop</source>
        <translation>停止</translation>
    </message>
    <message>
        <source>Reset to defaults</source>
        <translation>恢复默认值</translation>
    </message>
    <message>
        <source>Download ({size} MB)</source>
        <translation>下载（{size} MB）</translation>
    </message>
</context>
<context>
    <name>ModelForm</name>
    <message>
        <source>Engine</source>
        <translation>推理引擎</translation>
    </message>
    <message>
        <source>What runs the model on the processor; automatic takes the faster one, which is measured the first time</source>
        <translation>在处理器上运行模型的引擎；“自动”会选用较快的一个，首次使用时测量</translation>
    </message>
    <message>
        <source>By quality (TinySAM 2)</source>
        <translation>按质量（TinySAM 2）</translation>
    </message>
    <message>
        <source>Newest frames (SAM 2)</source>
        <translation>最新帧（SAM 2）</translation>
    </message>
    <message>
        <source>By motion and scores (SAMURAI)</source>
        <translation>按运动和分数（SAMURAI）</translation>
    </message>
    <message>
        <source>Distractor-aware (DAM4SAM)</source>
        <translation>感知干扰物（DAM4SAM）</translation>
    </message>
    <message>
        <source>Off</source>
        <translation>关闭</translation>
    </message>
    <message>
        <source>2 x 2 tokens</source>
        <translation>2 x 2 个 token</translation>
    </message>
    <message>
        <source>4 x 4 tokens</source>
        <translation>4 x 4 个 token</translation>
    </message>
    <message>
        <source>Around the object</source>
        <translation>目标周围</translation>
    </message>
    <message>
        <source>Everywhere</source>
        <translation>所有位置</translation>
    </message>
    <message>
        <source>Automatic</source>
        <translation>自动</translation>
    </message>
    <message>
        <source>Device</source>
        <translation>设备</translation>
    </message>
    <message>
        <source>Where the model runs</source>
        <translation>模型运行的位置</translation>
    </message>
    <message>
        <source>Input size</source>
        <translation>输入尺寸</translation>
    </message>
    <message>
        <source>Frames are scaled to the pixel count of a square with this side; larger finds finer detail and takes longer</source>
        <translation>帧会缩放到与此边长的正方形相同的像素数；尺寸越大细节越精细，耗时也越长</translation>
    </message>
    <message>
        <source>Weights file</source>
        <translation>权重文件</translation>
    </message>
    <message>
        <source>Weights to load instead of the stored ones</source>
        <translation>用于代替已存储权重的权重文件</translation>
    </message>
    <message>
        <source>stored or bundled weights</source>
        <translation>已存储或内置的权重</translation>
    </message>
    <message>
        <source>Memory policy</source>
        <translation>记忆策略</translation>
    </message>
    <message>
        <source>Decides which frames enter the memory bank, the few frames that the tracker reads to find the object in the next one</source>
        <translation>决定哪些帧进入记忆库，即跟踪器为在下一帧中找到目标而读取的少数几帧</translation>
    </message>
    <message>
        <source>Frames in memory</source>
        <translation>记忆帧数</translation>
    </message>
    <message>
        <source>Most frames in the memory bank of an object, including prompted ones</source>
        <translation>一个目标的记忆库中的最多帧数，包括提示帧</translation>
    </message>
    <message>
        <source>Pooling</source>
        <translation>池化</translation>
    </message>
    <message>
        <source>Neighboring tokens of a memory frame that are averaged into one, which saves memory; off keeps each</source>
        <translation>将记忆帧的相邻 token 平均为一个，以节省内存；关闭则全部保留</translation>
    </message>
    <message>
        <source>Pooled</source>
        <translation>池化范围</translation>
    </message>
    <message>
        <source>Where tokens are averaged, if pooling is on: around the object only, so that the object itself keeps full resolution, or everywhere</source>
        <translation>启用池化时对哪些 token 取平均：仅目标周围（目标本身保持完整分辨率），或所有位置</translation>
    </message>
    <message>
        <source>Tokens kept</source>
        <translation>保留的 token</translation>
    </message>
    <message>
        <source>Most tokens that are stored, as a fraction of the seven whole frames that SAM 2 stores. A token is what memory holds of one place of a frame</source>
        <translation>最多存储的 token，相对于 SAM 2 存储的七个完整帧的比例。token 是记忆对帧中一个位置的表示</translation>
    </message>
    <message>
        <source>all</source>
        <translation>全部</translation>
    </message>
    <message>
        <source>Minimum quality</source>
        <translation>最低质量</translation>
    </message>
    <message>
        <source>Lowest quality (predicted IoU x object presence) of a frame that enters the memory bank; used by the quality policy only</source>
        <translation>进入记忆库的帧的最低质量（预测 IoU x 目标存在度）；仅质量策略使用</translation>
    </message>
    <message>
        <source>{label}:</source>
        <translation>{label}：</translation>
    </message>
    <message>
        <source>default: {value}</source>
        <translation>默认：{value}</translation>
    </message>
</context>
<context>
    <name>ModelHost</name>
    <message>
        <source>Loading model…</source>
        <translation>正在加载模型…</translation>
    </message>
    <message>
        <source>No model</source>
        <translation>无模型</translation>
    </message>
</context>
<context>
    <name>ModelSelection</name>
    <message>
        <source>List models</source>
        <translation>列出模型</translation>
    </message>
    <message>
        <source>Import {name}</source>
        <translation>导入 {name}</translation>
    </message>
    <message>
        <source>Download {model}</source>
        <translation>下载 {model}</translation>
    </message>
    <message>
        <source>Load {model}</source>
        <translation>加载 {model}</translation>
    </message>
</context>
<context>
    <name>ModelTable</name>
    <message>
        <source>Model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>Family</source>
        <translation>系列</translation>
    </message>
    <message>
        <source>Parameters</source>
        <translation>参数量</translation>
    </message>
    <message>
        <source>License</source>
        <translation>许可证</translation>
    </message>
    <message>
        <source>Weights</source>
        <translation>权重</translation>
    </message>
    <message>
        <source>J&amp;F in percent on the validation split of DAVIS 2017, as published
* measured on 15 of its 30 sequences</source>
        <translation>DAVIS 2017 验证集上的 J&amp;F（百分比），以发表值为准
* 在其 30 个序列中的 15 个上实测</translation>
    </message>
    <message>
        <source>Ti: the image encoder is a ViT-Tiny, the fastest</source>
        <translation>Ti：图像编码器为 ViT-Tiny，速度最快</translation>
    </message>
    <message>
        <source>S: the image encoder is a ViT-Small</source>
        <translation>S：图像编码器为 ViT-Small</translation>
    </message>
    <message>
        <source>Pooled memory: attention reads means over 2 x 2 locations, which is faster</source>
        <translation>池化记忆：注意力读取 2 x 2 位置的均值，速度更快</translation>
    </message>
    <message>
        <source>/1: the number of merged locations is added to the attention logits</source>
        <translation>/1：合并的位置数加到注意力 logits 上</translation>
    </message>
    <message>
        <source>/2: the number of merged locations is added to the keys</source>
        <translation>/2：合并的位置数加到键上</translation>
    </message>
    <message>
        <source>512 px: trained for inputs of this size</source>
        <translation>512 px：针对此尺寸的输入训练</translation>
    </message>
    <message>
        <source>Known models</source>
        <translation>已知模型</translation>
    </message>
</context>
<context>
    <name>Navigator</name>
    <message>
        <source>There is no prompted frame after this one.</source>
        <translation>此帧之后没有提示帧。</translation>
    </message>
    <message>
        <source>There is no prompted frame before this one.</source>
        <translation>此帧之前没有提示帧。</translation>
    </message>
    <message>
        <source>There is no frame kept in memory after this one.</source>
        <translation>此帧之后没有记忆帧。</translation>
    </message>
    <message>
        <source>There is no frame kept in memory before this one.</source>
        <translation>此帧之前没有记忆帧。</translation>
    </message>
</context>
<context>
    <name>ObjectsModel</name>
    <message>
        <source>Name</source>
        <translation>名称</translation>
    </message>
    <message>
        <source>Double-click or F2 to rename</source>
        <translation>双击或按 F2 重命名</translation>
    </message>
    <message>
        <source>Category</source>
        <translation>类别</translation>
    </message>
    <message>
        <source>Category of the object; written into exports</source>
        <translation>目标的类别；会写入导出文件</translation>
    </message>
    <message>
        <source>#</source>
        <translation>#</translation>
    </message>
    <message>
        <source>Number of frames with a mask</source>
        <translation>有掩码的帧数</translation>
    </message>
    <message>
        <source>Visible</source>
        <translation>可见</translation>
    </message>
    <message>
        <source>Show or hide the object on the canvas</source>
        <translation>在画布上显示或隐藏目标</translation>
    </message>
    <message>
        <source>Locked</source>
        <translation>锁定</translation>
    </message>
    <message>
        <source>Protect the object from changes</source>
        <translation>防止更改目标</translation>
    </message>
    <message>
        <source>Solo</source>
        <translation>独显</translation>
    </message>
    <message>
        <source>Show this object alone</source>
        <translation>仅显示此目标</translation>
    </message>
    <message>
        <source>Hidden: click to show</source>
        <translation>已隐藏：单击以显示</translation>
    </message>
    <message>
        <source>Visible: click to hide</source>
        <translation>可见：单击以隐藏</translation>
    </message>
    <message>
        <source>Unlocked: click to lock</source>
        <translation>未锁定：单击以锁定</translation>
    </message>
    <message>
        <source>Locked: click to unlock</source>
        <translation>已锁定：单击以解锁</translation>
    </message>
    <message>
        <source>Click to show this object alone</source>
        <translation>单击以仅显示此目标</translation>
    </message>
    <message>
        <source>Shown alone: click to show the others again</source>
        <translation>仅显示此目标：单击以重新显示其他目标</translation>
    </message>
    <message numerus="yes">
        <source>{name} ({category}), %Ln mask(s)</source>
        <translation>
            <numerusform>{name}（{category}），%Ln 个掩码</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ObjectsPanel</name>
    <message>
        <source>New object</source>
        <translation>新建目标</translation>
    </message>
    <message>
        <source>The next click or box belongs to it</source>
        <translation>下一次单击或下一个框属于该目标</translation>
    </message>
    <message>
        <source>Duplicate</source>
        <translation>复制</translation>
    </message>
    <message>
        <source>Copy this object with all its masks</source>
        <translation>复制此目标及其全部掩码</translation>
    </message>
    <message>
        <source>Merge all masks of this object into another one</source>
        <translation>将此目标的全部掩码合并到另一个目标</translation>
    </message>
    <message>
        <source>Move up</source>
        <translation>上移</translation>
    </message>
    <message>
        <source>Move this object up</source>
        <translation>上移此目标</translation>
    </message>
    <message>
        <source>Move down</source>
        <translation>下移</translation>
    </message>
    <message>
        <source>Move this object down</source>
        <translation>下移此目标</translation>
    </message>
    <message>
        <source>Delete object</source>
        <translation>删除目标</translation>
    </message>
    <message>
        <source>Delete this object and all its masks</source>
        <translation>删除此目标及其全部掩码</translation>
    </message>
    <message>
        <source>Rename</source>
        <translation>重命名</translation>
    </message>
    <message>
        <source>Change category</source>
        <translation>更改类别</translation>
    </message>
    <message>
        <source>Change color…</source>
        <translation>更改颜色…</translation>
    </message>
    <message>
        <source>Color of {name}</source>
        <translation>{name} 的颜色</translation>
    </message>
</context>
<context>
    <name>ObjectsTable</name>
    <message>
        <source>No objects yet.
Click an object in the frame.</source>
        <translation>还没有目标。
请在帧中单击目标。</translation>
    </message>
    <message>
        <source>Objects</source>
        <translation>目标</translation>
    </message>
</context>
<context>
    <name>OutlineTool</name>
    <message>
        <source>The unfinished polygon waits on frame {frame}.</source>
        <translation>未完成的多边形保留在第 {frame} 帧。</translation>
    </message>
</context>
<context>
    <name>PolicyComparison</name>
    <message>
        <source>Compare policies on {name}, frames {first} to {last}</source>
        <translation>比较 {name} 的策略，第 {first} 至 {last} 帧</translation>
    </message>
    <message>
        <source>The object was deleted or locked since, so nothing is used.</source>
        <translation>该目标此后已被删除或锁定，因此未采用任何结果。</translation>
    </message>
    <message>
        <source>Use {letter} of the comparison</source>
        <translation>采用比较中的 {letter}</translation>
    </message>
    <message>
        <source>{letter} is used: {settings}. Undo takes it back.</source>
        <translation>已采用 {letter}：{settings}。可撤销。</translation>
    </message>
</context>
<context>
    <name>PreferenceEditing</name>
    <message>
        <source>its default</source>
        <translation>默认值</translation>
    </message>
    <message>
        <source>Model at the start: {model}, input size: {size}, device: {device}, engine: {engine}</source>
        <translation>启动时的模型：{model}，输入尺寸：{size}，设备：{device}，引擎：{engine}</translation>
    </message>
</context>
<context>
    <name>PreferencesDialog</name>
    <message>
        <source>As the system</source>
        <translation>跟随系统</translation>
    </message>
    <message>
        <source>Light</source>
        <translation>浅色</translation>
    </message>
    <message>
        <source>Dark</source>
        <translation>深色</translation>
    </message>
    <message>
        <source>Appearance</source>
        <translation>外观</translation>
    </message>
    <message>
        <source>Theme:</source>
        <translation>主题：</translation>
    </message>
    <message>
        <source>Language:</source>
        <translation>语言：</translation>
    </message>
    <message>
        <source>Takes effect at the next start.</source>
        <translation>下次启动时生效。</translation>
    </message>
    <message>
        <source>Objects differ by pattern, not by color alone.</source>
        <translation>目标不仅以颜色区分，也以图案区分。</translation>
    </message>
    <message>
        <source>Hatch masks</source>
        <translation>以斜线填充掩码</translation>
    </message>
    <message>
        <source>Masks</source>
        <translation>掩码</translation>
    </message>
    <message>
        <source>Else tracking replaces them, except on the frame that it starts from and where they are verified.</source>
        <translation>否则跟踪会替换它们，起始帧和已确认的掩码除外。</translation>
    </message>
    <message>
        <source>Tracking keeps painted and imported masks</source>
        <translation>跟踪时保留绘制和导入的掩码</translation>
    </message>
    <message>
        <source>A predicted mask keeps the parts that touch a positive point, the box or the mask before it.</source>
        <translation>预测的掩码只保留与正点、框或先前掩码相接的部分。</translation>
    </message>
    <message>
        <source>Drop islands</source>
        <translation>去除孤立区域</translation>
    </message>
    <message>
        <source>Files</source>
        <translation>文件</translation>
    </message>
    <message>
        <source>New projects:</source>
        <translation>新项目：</translation>
    </message>
    <message>
        <source>Everything is saved as you work, into a project in this folder. It is used from the next video on; projects that exist stay where they are.</source>
        <translation>工作时所有内容会自动保存到此文件夹中的项目。从下一个视频起使用；已有项目留在原处。</translation>
    </message>
    <message>
        <source>Frame cache:</source>
        <translation>帧缓存：</translation>
    </message>
    <message>
        <source>Memory for decoded frames of the open video; more makes scrubbing back faster.</source>
        <translation>用于存放所打开视频的解码帧的内存；越大回看越快。</translation>
    </message>
    <message>
        <source>Preferences</source>
        <translation>首选项</translation>
    </message>
    <message>
        <source>Model and keys</source>
        <translation>模型与快捷键</translation>
    </message>
    <message>
        <source>Model, engine and input size…</source>
        <translation>模型、引擎与输入尺寸…</translation>
    </message>
    <message>
        <source>Keyboard shortcuts…</source>
        <translation>键盘快捷键…</translation>
    </message>
</context>
<context>
    <name>PreparationProcess</name>
    <message>
        <source>Preparing the network for this computer; you can work meanwhile…</source>
        <translation>正在为本机准备网络；其间可以继续工作…</translation>
    </message>
    <message>
        <source>The network is prepared for this computer.</source>
        <translation>网络已为本机准备就绪。</translation>
    </message>
</context>
<context>
    <name>ProjectSaving</name>
    <message>
        <source>Saved in {path}</source>
        <translation>已保存到 {path}</translation>
    </message>
    <message>
        <source>The project is now {path}</source>
        <translation>项目现为 {path}</translation>
    </message>
    <message>
        <source>Saving {name}…</source>
        <translation>正在保存 {name}…</translation>
    </message>
</context>
<context>
    <name>Recent</name>
    <message numerus="yes">
        <source>%Ln frame(s), no objects yet</source>
        <translation>
            <numerusform>%Ln 帧，还没有目标</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln object(s)</source>
        <translation>
            <numerusform>%Ln 个目标</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln frame(s)</source>
        <translation>
            <numerusform>%Ln 帧</numerusform>
        </translation>
    </message>
    <message>
        <source>{objects}, masks on {masked} of {frames}, {percent} % verified</source>
        <translation>{objects}，{frames}中 {masked} 帧有掩码，{percent} % 已确认</translation>
    </message>
</context>
<context>
    <name>RecentButton</name>
    <message>
        <source>Open {name}</source>
        <translation>打开 {name}</translation>
    </message>
</context>
<context>
    <name>RecentMenu</name>
    <message>
        <source>Open recent</source>
        <translation>最近打开</translation>
    </message>
    <message>
        <source>Clear this list</source>
        <translation>清空此列表</translation>
    </message>
</context>
<context>
    <name>ReviewController</name>
    <message>
        <source>There is no mask to verify on this frame.</source>
        <translation>此帧没有可确认的掩码。</translation>
    </message>
    <message>
        <source>Not verified: the masks from before tracking are shown. Hide them to see what would be verified.</source>
        <translation>未确认：当前显示的是跟踪前的掩码。请将其隐藏，以查看要确认的内容。</translation>
    </message>
    <message>
        <source>Examining masks…</source>
        <translation>正在检查掩码…</translation>
    </message>
    <message>
        <source>This frame is not part of a suggestion.</source>
        <translation>此帧不属于任何建议。</translation>
    </message>
    <message>
        <source>Set an in or out frame first</source>
        <translation>请先设置入点帧或出点帧</translation>
    </message>
    <message>
        <source>There is no mask to verify in the range.</source>
        <translation>该范围内没有可确认的掩码。</translation>
    </message>
    <message>
        <source>There is no suggested frame after this one.</source>
        <translation>此帧之后没有建议帧。</translation>
    </message>
    <message>
        <source>There is no suggested frame before this one.</source>
        <translation>此帧之前没有建议帧。</translation>
    </message>
    <message>
        <source>There is no unverified mask after this one.</source>
        <translation>此帧之后没有未确认的掩码。</translation>
    </message>
    <message>
        <source>There is no unverified mask before this one.</source>
        <translation>此帧之前没有未确认的掩码。</translation>
    </message>
    <message>
        <source>The directions are being compared; stop that first</source>
        <translation>正在比较两个方向，请先停止该任务</translation>
    </message>
    <message>
        <source>Compare {name} with tracking the other way</source>
        <translation>将 {name} 与反向跟踪比较</translation>
    </message>
    <message>
        <source>Compare all objects with tracking the other way</source>
        <translation>将所有目标与反向跟踪比较</translation>
    </message>
    <message>
        <source>The suggestions now include how far both directions agree.</source>
        <translation>建议现已包含两个方向的一致程度。</translation>
    </message>
    <message>
        <source>There is no other suggestion.</source>
        <translation>没有其他建议。</translation>
    </message>
</context>
<context>
    <name>ReviewModel</name>
    <message>
        <source>{frames}, score {score}</source>
        <translation>{frames}，分数 {score}</translation>
    </message>
    <message>
        <source>{reason}.
Frame {frame} is the worst. Click to visit it.</source>
        <translation>{reason}。
第 {frame} 帧最差。单击以查看。</translation>
    </message>
    <message>
        <source>Frame {frame}</source>
        <translation>第 {frame} 帧</translation>
    </message>
    <message>
        <source>Frames {first} to {last}, worst {worst}</source>
        <translation>第 {first} 至 {last} 帧，最差 {worst}</translation>
    </message>
</context>
<context>
    <name>ReviewPanel</name>
    <message>
        <source>Review</source>
        <translation>复查</translation>
    </message>
    <message>
        <source>Active object</source>
        <translation>当前目标</translation>
    </message>
    <message>
        <source>All objects</source>
        <translation>所有目标</translation>
    </message>
    <message>
        <source>Objects to review</source>
        <translation>要复查的目标</translation>
    </message>
    <message>
        <source>Frames that score less are suggested</source>
        <translation>分数低于此值的帧会列为建议</translation>
    </message>
    <message>
        <source>Review threshold</source>
        <translation>复查阈值</translation>
    </message>
    <message>
        <source>Suggested frames</source>
        <translation>建议帧</translation>
    </message>
    <message>
        <source>Verify run</source>
        <translation>确认区段</translation>
    </message>
    <message>
        <source>Compare directions</source>
        <translation>比较两个方向</translation>
    </message>
    <message>
        <source>Track back from the ends in the background; where the masks differ, one is wrong.
No mask is changed</source>
        <translation>在后台从两端反向跟踪；掩码不一致处必有一个是错的。
不会更改任何掩码</translation>
    </message>
    <message>
        <source>Verify all frames of the selected suggestion</source>
        <translation>确认所选建议中的所有帧</translation>
    </message>
    <message>
        <source>Examining masks…</source>
        <translation>正在检查掩码…</translation>
    </message>
    <message>
        <source>Nothing to review: there are no masks yet. Click an object and track it.</source>
        <translation>没有可复查的内容：还没有掩码。请单击目标并跟踪。</translation>
    </message>
    <message numerus="yes">
        <source>Nothing to review: all %Ln mask(s) are verified.</source>
        <translation>
            <numerusform>没有可复查的内容：全部 %Ln 个掩码均已确认。</numerusform>
        </translation>
    </message>
    <message>
        <source>Nothing suggested: all frames score at least {threshold}, or were verified or prompted.</source>
        <translation>没有建议：所有帧的分数均不低于 {threshold}，或已确认，或有提示。</translation>
    </message>
    <message numerus="yes">
        <source>{verified} of %Ln mask(s) verified</source>
        <translation>
            <numerusform>%Ln 个掩码中 {verified} 个已确认</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>RunComparison</name>
    <message numerus="yes">
        <source>Tracking replaced %Ln mask(s). Track &gt; Show masks before tracking.</source>
        <translation>
            <numerusform>跟踪替换了 %Ln 个掩码。可用“跟踪 &gt; 显示跟踪前的掩码”查看。</numerusform>
        </translation>
    </message>
    <message>
        <source>The last tracking run changed no mask.</source>
        <translation>上次跟踪没有更改任何掩码。</translation>
    </message>
    <message>
        <source>Revert frames to before tracking</source>
        <translation>将帧还原到跟踪前</translation>
    </message>
    <message>
        <source>Revert</source>
        <translation>还原</translation>
    </message>
    <message numerus="yes">
        <source>%Ln of the masks of the run on these frames go back to what was there before.</source>
        <translation>
            <numerusform>这些帧上由该次跟踪得到的掩码中，有 %Ln 个将恢复为先前的内容。</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source> %Ln stay: they were changed after the run, or are locked.</source>
        <translation>
            <numerusform>%Ln 个保持不变：它们在跟踪后被更改过，或已锁定。</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Sentences</name>
    <message>
        <source>prompted</source>
        <translation>提示</translation>
    </message>
    <message>
        <source>kept</source>
        <translation>保留</translation>
    </message>
    <message>
        <source>replaced</source>
        <translation>已替换</translation>
    </message>
    <message>
        <source>refused</source>
        <translation>拒绝</translation>
    </message>
    <message>
        <source>pinned</source>
        <translation>固定</translation>
    </message>
    <message>
        <source>banned</source>
        <translation>排除</translation>
    </message>
    <message>
        <source>propagation started here</source>
        <translation>传播从此处开始</translation>
    </message>
    <message>
        <source>by the user, always kept</source>
        <translation>由用户给出，始终保留</translation>
    </message>
    <message>
        <source>pinned by the user, always kept</source>
        <translation>由用户固定，始终保留</translation>
    </message>
    <message>
        <source>banned by the user</source>
        <translation>由用户排除</translation>
    </message>
    <message>
        <source>the object is not visible</source>
        <translation>目标不可见</translation>
    </message>
    <message>
        <source>first in, first out</source>
        <translation>先进先出</translation>
    </message>
    <message>
        <source>first in, first out: the bank had room</source>
        <translation>先进先出：记忆库有空位</translation>
    </message>
    <message>
        <source>{reason} and the bank had room</source>
        <translation>{reason}，且记忆库有空位</translation>
    </message>
    <message>
        <source>{reason}: frame {frame} was oldest</source>
        <translation>{reason}：第 {frame} 帧最旧</translation>
    </message>
    <message>
        <source>quality {quality} is below {threshold}</source>
        <translation>质量 {quality} 低于 {threshold}</translation>
    </message>
    <message>
        <source>adds least to the bank: {worth}</source>
        <translation>对记忆库的贡献最小：{worth}</translation>
    </message>
    <message>
        <source>worth more than frame {frame}: {worth}</source>
        <translation>价值高于第 {frame} 帧：{worth}</translation>
    </message>
    <message>
        <source>quality {quality}, novelty {novelty}</source>
        <translation>质量 {quality}，新颖度 {novelty}</translation>
    </message>
    <message>
        <source>predicted IoU {iou} is not above {threshold}</source>
        <translation>预测 IoU {iou} 不高于 {threshold}</translation>
    </message>
    <message>
        <source>the mask is not where the object&apos;s motion leads</source>
        <translation>掩码不在目标运动所指的位置</translation>
    </message>
    <message>
        <source>predicted IoU {iou}, motion score {motion}</source>
        <translation>预测 IoU {iou}，运动分数 {motion}</translation>
    </message>
    <message>
        <source>{reason}; frame {frame} was neither an anchor nor a fifth frame</source>
        <translation>{reason}；第 {frame} 帧既不是锚点帧也不是每五帧中的一帧</translation>
    </message>
    <message>
        <source>{reason}; frame {frame} was the oldest anchor</source>
        <translation>{reason}；第 {frame} 帧是最旧的锚点帧</translation>
    </message>
    <message>
        <source>{reason}; frame {frame} was the oldest recent frame</source>
        <translation>{reason}；第 {frame} 帧是最旧的近期帧</translation>
    </message>
    <message>
        <source>the newest frame that shows the object, an anchor: predicted IoU {iou}, steady size, and another mask of the decoder shows a distractor</source>
        <translation>显示目标的最新帧，为锚点帧：预测 IoU {iou}，大小稳定，且解码器的另一个掩码显示有干扰物</translation>
    </message>
    <message>
        <source>the newest frame that shows the object, an anchor: predicted IoU {iou}, steady size</source>
        <translation>显示目标的最新帧，为锚点帧：预测 IoU {iou}，大小稳定</translation>
    </message>
    <message>
        <source>the newest frame that shows the object</source>
        <translation>显示目标的最新帧</translation>
    </message>
    <message>
        <source>quality {quality}</source>
        <translation>质量 {quality}</translation>
    </message>
    <message>
        <source>predicted IoU {iou}</source>
        <translation>预测 IoU {iou}</translation>
    </message>
    <message>
        <source>the frame after</source>
        <translation>后一帧</translation>
    </message>
    <message>
        <source>the frame before</source>
        <translation>前一帧</translation>
    </message>
    <message>
        <source>Predicted IoU {iou}</source>
        <translation>预测 IoU {iou}</translation>
    </message>
    <message>
        <source>Object presence {presence}</source>
        <translation>目标存在度 {presence}</translation>
    </message>
    <message>
        <source>The model doubts that the object is visible ({presence})</source>
        <translation>模型怀疑目标是否可见（{presence}）</translation>
    </message>
    <message>
        <source>Vanished: visible on {other}</source>
        <translation>消失：在{other}可见</translation>
    </message>
    <message>
        <source>Appeared: not visible on {other}</source>
        <translation>出现：在{other}不可见</translation>
    </message>
    <message>
        <source>Area fell to {percent} of {other}</source>
        <translation>面积减至{other}的 {percent}</translation>
    </message>
    <message>
        <source>Area grew to {percent} of {other}</source>
        <translation>面积增至{other}的 {percent}</translation>
    </message>
    <message>
        <source>Shape changed: {percent} overlap with {other}</source>
        <translation>形状变化：与{other}重叠 {percent}</translation>
    </message>
    <message>
        <source>Moved {count} times its size from {other}</source>
        <translation>相对{other}移动了自身大小的 {count} 倍</translation>
    </message>
    <message>
        <source>Tracking the other way gives another mask (IoU {iou})</source>
        <translation>反向跟踪得到不同的掩码（IoU {iou}）</translation>
    </message>
    <message>
        <source>Not visible</source>
        <translation>不可见</translation>
    </message>
    <message>
        <source>Change name of {name}</source>
        <translation>更改 {name} 的名称</translation>
    </message>
    <message>
        <source>Change category of {name}</source>
        <translation>更改 {name} 的类别</translation>
    </message>
    <message>
        <source>Change color of {name}</source>
        <translation>更改 {name} 的颜色</translation>
    </message>
    <message>
        <source>Change is visible of {name}</source>
        <translation>更改 {name} 的可见性</translation>
    </message>
    <message>
        <source>Change is locked of {name}</source>
        <translation>更改 {name} 的锁定状态</translation>
    </message>
    <message>
        <source>Reorder objects</source>
        <translation>调整目标顺序</translation>
    </message>
    <message>
        <source>Add {name}</source>
        <translation>添加 {name}</translation>
    </message>
    <message>
        <source>Delete {name}</source>
        <translation>删除 {name}</translation>
    </message>
    <message>
        <source>Duplicate {name}</source>
        <translation>复制 {name}</translation>
    </message>
    <message>
        <source>Merge {name} into {target}</source>
        <translation>将 {name} 合并到 {target}</translation>
    </message>
    <message>
        <source>Verify mask</source>
        <translation>确认掩码</translation>
    </message>
    <message>
        <source>Unverify mask</source>
        <translation>取消确认掩码</translation>
    </message>
    <message>
        <source>Verify</source>
        <translation>确认</translation>
    </message>
    <message>
        <source>Verify 1 mask of {name}</source>
        <translation>确认 {name} 的 1 个掩码</translation>
    </message>
    <message>
        <source>Verify {count} masks of {name}</source>
        <translation>确认 {name} 的 {count} 个掩码</translation>
    </message>
    <message>
        <source>Pin frame</source>
        <translation>固定帧</translation>
    </message>
    <message>
        <source>Ban frame</source>
        <translation>排除帧</translation>
    </message>
    <message>
        <source>Release frame</source>
        <translation>解除帧的约束</translation>
    </message>
    <message>
        <source>Set in/out range</source>
        <translation>设置入点/出点范围</translation>
    </message>
    <message>
        <source>Prevent overlaps</source>
        <translation>防止重叠</translation>
    </message>
    <message>
        <source>Allow overlaps</source>
        <translation>允许重叠</translation>
    </message>
    <message>
        <source>Clear prompts of {name}</source>
        <translation>清除 {name} 的提示</translation>
    </message>
    <message>
        <source>Clear masks of {name}</source>
        <translation>清除 {name} 的掩码</translation>
    </message>
    <message>
        <source>Clear {name}</source>
        <translation>清除 {name} 的提示</translation>
    </message>
    <message>
        <source>Prompt {name}</source>
        <translation>为 {name} 添加提示</translation>
    </message>
    <message>
        <source>Draw {name}</source>
        <translation>绘制 {name}</translation>
    </message>
    <message>
        <source>Paint {name}</source>
        <translation>涂绘 {name}</translation>
    </message>
    <message>
        <source>Erase from {name}</source>
        <translation>擦除 {name}</translation>
    </message>
    <message>
        <source>Segment {name}</source>
        <translation>分割 {name}</translation>
    </message>
    <message>
        <source>Track {name}</source>
        <translation>跟踪 {name}</translation>
    </message>
    <message>
        <source>Track</source>
        <translation>跟踪</translation>
    </message>
    <message>
        <source>Remove specks</source>
        <translation>去除碎点</translation>
    </message>
    <message>
        <source>Remove holes</source>
        <translation>填充孔洞</translation>
    </message>
    <message>
        <source>Revert frames {first} to {last}</source>
        <translation>还原第 {first} 至 {last} 帧</translation>
    </message>
    <message>
        <source>{name} is locked.</source>
        <translation>{name} 已锁定。</translation>
    </message>
    <message>
        <source>Unlock it to change it.</source>
        <translation>解锁后即可更改。</translation>
    </message>
    <message>
        <source>The mask of {name} on frame {frame} is verified.</source>
        <translation>{name} 在第 {frame} 帧的掩码已确认。</translation>
    </message>
    <message>
        <source>Unverify it to change it.</source>
        <translation>取消确认后即可更改。</translation>
    </message>
    <message>
        <source>There is nothing to track: no unlocked object has a prompt, or a mask where tracking starts.</source>
        <translation>没有可跟踪的内容：没有未锁定的目标有提示，或在跟踪起始处有掩码。</translation>
    </message>
    <message>
        <source>Click an object first.</source>
        <translation>请先单击一个目标。</translation>
    </message>
    <message>
        <source>Tracking cannot start on frame {frame}, outside the range {first} to {last}.</source>
        <translation>无法从第 {frame} 帧开始跟踪，它在 {first} 至 {last} 的范围之外。</translation>
    </message>
    <message>
        <source>Move into the range, or clear it.</source>
        <translation>请移到范围之内，或清除范围。</translation>
    </message>
    <message>
        <source>There is nothing to compare.</source>
        <translation>没有可比较的内容。</translation>
    </message>
    <message>
        <source>Track an object first.</source>
        <translation>请先跟踪一个目标。</translation>
    </message>
    <message>
        <source>The name {name} cannot be stored.</source>
        <translation>无法存储名称 {name}。</translation>
    </message>
    <message>
        <source>Use at most {count} characters, none of them a control character.</source>
        <translation>最多使用 {count} 个字符，且不含控制字符。</translation>
    </message>
    <message>
        <source>Exported frames must ascend, got a step of {step}.</source>
        <translation>导出的帧必须递增，但步长为 {step}。</translation>
    </message>
    <message>
        <source>stored</source>
        <translation>已存储</translation>
    </message>
    <message>
        <source>bundled</source>
        <translation>内置</translation>
    </message>
    <message>
        <source>not stored</source>
        <translation>未存储</translation>
    </message>
    <message>
        <source>{path} does not exist.</source>
        <translation>{path} 不存在。</translation>
    </message>
    <message>
        <source>Check the name, or whether it was moved.</source>
        <translation>请检查名称，或它是否已被移动。</translation>
    </message>
    <message>
        <source>{path} cannot be opened as a video: {reason}.</source>
        <translation>无法将 {path} 作为视频打开：{reason}。</translation>
    </message>
    <message>
        <source>{path} cannot be opened as a video.</source>
        <translation>无法将 {path} 作为视频打开。</translation>
    </message>
    <message>
        <source>{path} holds no video that can be decoded.</source>
        <translation>{path} 中没有可解码的视频。</translation>
    </message>
    <message>
        <source>Check that it plays in a video player, or convert it to MP4.</source>
        <translation>请检查它能否在播放器中播放，或将其转换为 MP4。</translation>
    </message>
    <message>
        <source>{path} holds no images.</source>
        <translation>{path} 中没有图像。</translation>
    </message>
    <message>
        <source>{path} cannot be read: {reason}.</source>
        <translation>无法读取 {path}：{reason}。</translation>
    </message>
    <message>
        <source>{path} is open in another program.</source>
        <translation>{path} 已在另一个程序中打开。</translation>
    </message>
    <message>
        <source>Close it there first.</source>
        <translation>请先在那里关闭。</translation>
    </message>
    <message>
        <source>{path} is damaged: {reason}.</source>
        <translation>{path} 已损坏：{reason}。</translation>
    </message>
    <message>
        <source>Open a snapshot of it (File &gt; Open snapshot), or an earlier copy.</source>
        <translation>请打开它的快照（文件 &gt; 打开快照），或较早的副本。</translation>
    </message>
    <message>
        <source>{path} is not a project file.</source>
        <translation>{path} 不是项目文件。</translation>
    </message>
    <message>
        <source>Open a *.tsam file or a video.</source>
        <translation>请打开 *.tsam 文件或视频。</translation>
    </message>
    <message>
        <source>{path} cannot be saved: {reason}.</source>
        <translation>无法保存 {path}：{reason}。</translation>
    </message>
    <message>
        <source>{path} cannot be written: {reason}.</source>
        <translation>无法写入 {path}：{reason}。</translation>
    </message>
    <message>
        <source>{path} cannot be opened: {reason}.</source>
        <translation>无法打开 {path}：{reason}。</translation>
    </message>
    <message>
        <source>Check that the folder can be written to and the disk has room.</source>
        <translation>请检查文件夹是否可写、磁盘是否有空间。</translation>
    </message>
    <message>
        <source>Check that the folder exists and the disk has room.</source>
        <translation>请检查文件夹是否存在、磁盘是否有空间。</translation>
    </message>
    <message>
        <source>Check that the folder may be written and the disk has room.</source>
        <translation>请检查是否允许写入文件夹、磁盘是否有空间。</translation>
    </message>
    <message>
        <source>The project is read-only: {reason}</source>
        <translation>项目为只读：{reason}</translation>
    </message>
    <message>
        <source>{name} is a snapshot.</source>
        <translation>{name} 是快照。</translation>
    </message>
    <message>
        <source>Save it under another name to change it.</source>
        <translation>另存为其他名称后即可更改。</translation>
    </message>
    <message>
        <source>The video of {project} is not at {path} any more.</source>
        <translation>{project} 的视频已不在 {path}。</translation>
    </message>
    <message>
        <source>Locate it, or move it back there or to where it was relative to the project.</source>
        <translation>请查找该视频，或将其移回原处或相对于项目的原位置。</translation>
    </message>
    <message>
        <source>Locate the original video, or put it back.</source>
        <translation>请查找原始视频，或将其放回原处。</translation>
    </message>
    <message>
        <source>Save the project under another name.</source>
        <translation>请将项目另存为其他名称。</translation>
    </message>
    <message>
        <source>Frame {frame} of {path} cannot be decoded.</source>
        <translation>无法解码 {path} 的第 {frame} 帧。</translation>
    </message>
    <message>
        <source>The file is damaged there; let the check of the video finish, or convert it.</source>
        <translation>文件在该处已损坏；请等待视频检查完成，或转换格式。</translation>
    </message>
    <message>
        <source>{path} announces {announced} frames, but {found} can be decoded.</source>
        <translation>{path} 声明有 {announced} 帧，但只能解码 {found} 帧。</translation>
    </message>
    <message>
        <source>The model ran out of memory.</source>
        <translation>模型内存不足。</translation>
    </message>
    <message>
        <source>Choose a smaller input size, fewer objects at a time, or another device.</source>
        <translation>请选择更小的输入尺寸、同时跟踪更少的目标，或换用其他设备。</translation>
    </message>
    <message>
        <source>The model cannot be used: {reason}.</source>
        <translation>无法使用模型：{reason}。</translation>
    </message>
    <message>
        <source>Without network, fetch the file elsewhere and import it here.</source>
        <translation>没有网络时，请在别处获取文件并在此导入。</translation>
    </message>
    <message>
        <source>{path} holds no masks that can be read.</source>
        <translation>{path} 中没有可读取的掩码。</translation>
    </message>
    <message>
        <source>{path} has no mask that shows anything.</source>
        <translation>{path} 中没有非空的掩码。</translation>
    </message>
    <message>
        <source>Open the video that the masks were made for.</source>
        <translation>请打开制作这些掩码所用的视频。</translation>
    </message>
    <message>
        <source>The frames of {path} are {width} x {height} pixels, more than can be read ({most} megapixels).</source>
        <translation>{path} 的帧为 {width} x {height} 像素，超出可读取的上限（{most} 百万像素）。</translation>
    </message>
    <message>
        <source>Scale the video down.</source>
        <translation>请缩小视频。</translation>
    </message>
    <message>
        <source>The frame table that the project stores cannot be used: {reason}.</source>
        <translation>无法使用项目中存储的帧表：{reason}。</translation>
    </message>
    <message>
        <source>Open a snapshot of the project, or an earlier copy of it.</source>
        <translation>请打开项目的快照或更早的副本。</translation>
    </message>
    <message>
        <source>{path} is not an image that can be read.</source>
        <translation>{path} 不是可读取的图像。</translation>
    </message>
    <message>
        <source>It may be damaged or misnamed.</source>
        <translation>文件可能已损坏或扩展名有误。</translation>
    </message>
    <message>
        <source>{path} is {width} x {height} pixels, more than can be read ({most} megapixels).</source>
        <translation>{path} 为 {width} x {height} 像素，超出可读取的上限（{most} 百万像素）。</translation>
    </message>
    <message>
        <source>Scale it down or cut it into parts.</source>
        <translation>请将其缩小或切分。</translation>
    </message>
    <message>
        <source>{path} has more pixels than can be read ({most} megapixels).</source>
        <translation>{path} 的像素超出可读取的上限（{most} 百万像素）。</translation>
    </message>
    <message>
        <source>{path} holds no frames.</source>
        <translation>{path} 中没有帧。</translation>
    </message>
    <message>
        <source>{path} needs a package: {name}.</source>
        <translation>{path} 需要软件包：{name}。</translation>
    </message>
    <message>
        <source>Install it with pip.</source>
        <translation>请用 pip 安装。</translation>
    </message>
    <message>
        <source>{path} is of a kind that cannot be read: {reason}.</source>
        <translation>无法读取 {path} 这类地址：{reason}。</translation>
    </message>
    <message>
        <source>{path} is {width} x {height} pixels, but the first image is {first}.</source>
        <translation>{path} 为 {width} x {height} 像素，但第一张图像为 {first}。</translation>
    </message>
    <message>
        <source>All frames must have one size: remove the images that do not belong.</source>
        <translation>所有帧的尺寸必须相同：请移除不属于序列的图像。</translation>
    </message>
    <message>
        <source>{path} is missing, which the project knows as a frame.</source>
        <translation>缺少 {path}，项目将其记为一帧。</translation>
    </message>
    <message>
        <source>Put it back.</source>
        <translation>请将其放回。</translation>
    </message>
    <message>
        <source>{path} is not a file that can be read.</source>
        <translation>{path} 不是可读取的文件。</translation>
    </message>
    <message>
        <source>Remove it, or put the image there.</source>
        <translation>请将其移除，或在该处放置图像。</translation>
    </message>
    <message>
        <source>A frame folder holds files such as 00000.jpg ({suffixes}).</source>
        <translation>帧文件夹中应有 00000.jpg 之类的文件（{suffixes}）。</translation>
    </message>
    <message>
        <source>{path} is closed.</source>
        <translation>{path} 已关闭。</translation>
    </message>
    <message>
        <source>{path} cannot be listed: {reason}.</source>
        <translation>无法列出 {path} 的内容：{reason}。</translation>
    </message>
    <message>
        <source>{path} is neither a file nor a folder.</source>
        <translation>{path} 既不是文件也不是文件夹。</translation>
    </message>
    <message>
        <source>Save what it delivers as a file first.</source>
        <translation>请先将其内容保存为文件。</translation>
    </message>
    <message>
        <source>{path} is not a video.</source>
        <translation>{path} 不是视频。</translation>
    </message>
    <message>
        <source>Save images as local files first.</source>
        <translation>请先将图像保存为本地文件。</translation>
    </message>
    <message>
        <source>No frame of {path} can be decoded.</source>
        <translation>{path} 中没有可解码的帧。</translation>
    </message>
    <message>
        <source>{path} was not written: there are no frames to write.</source>
        <translation>未写入 {path}：没有可写入的帧。</translation>
    </message>
    <message>
        <source>{path} is empty: its creation was interrupted.</source>
        <translation>{path} 是空的：其创建被中断。</translation>
    </message>
    <message>
        <source>Delete it and open its video again.</source>
        <translation>请将其删除，然后重新打开对应的视频。</translation>
    </message>
    <message>
        <source>{path} was written by a newer version of this program (format {version}, this one reads up to {known}).</source>
        <translation>{path} 由本程序的更新版本写入（格式 {version}，本版本最高可读取 {known}）。</translation>
    </message>
    <message>
        <source>Update the program.</source>
        <translation>请更新程序。</translation>
    </message>
    <message>
        <source>it holds undecodable text</source>
        <translation>其中有无法解码的文本</translation>
    </message>
    <message>
        <source>tables are missing</source>
        <translation>缺少数据表</translation>
    </message>
    <message>
        <source>the entry {key} of its table {table} cannot be read</source>
        <translation>其数据表 {table} 的条目 {key} 无法读取</translation>
    </message>
    <message>
        <source>the mask of object {number} on frame {frame} is not {width} x {height} pixels, as the frames are</source>
        <translation>目标 {number} 在第 {frame} 帧的掩码不是帧的尺寸 {width} x {height} 像素</translation>
    </message>
    <message>
        <source>{table} {key} cannot be stored: {reason}</source>
        <translation>{table} {key} 无法存储：{reason}</translation>
    </message>
    <message>
        <source>Change or delete it.</source>
        <translation>请将其修改或删除。</translation>
    </message>
    <message>
        <source>{count} entries of {path} cannot be stored, the first in {where}: {reason}. Everything else is saved.</source>
        <translation>{path} 中有 {count} 个条目无法存储，第一个位于 {where}：{reason}。其余内容均已保存。</translation>
    </message>
    <message>
        <source>{path} was moved, deleted or replaced while it was open.</source>
        <translation>{path} 在打开期间被移动、删除或替换。</translation>
    </message>
    <message>
        <source>{path} is not the video of {project}: it has {frames} frames in {size} bytes, the project knows {known_frames} frames in {known_size} bytes.</source>
        <translation>{path} 不是 {project} 的视频：它有 {frames} 帧、{size} 字节，而项目记录的是 {known_frames} 帧、{known_size} 字节。</translation>
    </message>
    <message>
        <source>No frame of {path} is in the video: {names}.</source>
        <translation>{path} 中没有属于该视频的帧：{names}。</translation>
    </message>
    <message>
        <source>DAVIS images hold {most} objects at most, the project has {count} with numbers up to {largest}.</source>
        <translation>DAVIS 图像最多容纳 {most} 个目标，而项目有 {count} 个，编号最大为 {largest}。</translation>
    </message>
    <message>
        <source>MOTS has numbers for {most} objects of {classes} classes, the project has {count} of {categories}.</source>
        <translation>MOTS 的编号可容纳 {classes} 个类别的 {most} 个目标，而项目有 {categories} 个类别的 {count} 个目标。</translation>
    </message>
    <message>
        <source>Export to COCO instead.</source>
        <translation>请改为导出 COCO。</translation>
    </message>
    <message>
        <source>{path} holds too many exports named {name}.</source>
        <translation>{path} 中名为 {name} 的导出过多。</translation>
    </message>
    <message>
        <source>Choose another folder.</source>
        <translation>请选择其他文件夹。</translation>
    </message>
    <message>
        <source>{names} exist already.</source>
        <translation>{names} 已存在。</translation>
    </message>
    <message>
        <source>There is no export format {name}.</source>
        <translation>没有导出格式 {name}。</translation>
    </message>
    <message>
        <source>Choose from {names}.</source>
        <translation>请从 {names} 中选择。</translation>
    </message>
    <message>
        <source>Frames {first} to {last} are not in {name}.</source>
        <translation>{name} 中没有第 {first} 至 {last} 帧。</translation>
    </message>
    <message>
        <source>It has the frames 0 to {last}.</source>
        <translation>它的帧为 0 至 {last}。</translation>
    </message>
    <message>
        <source>There is no object {number} in the project.</source>
        <translation>项目中没有目标 {number}。</translation>
    </message>
    <message>
        <source>{template} gives all frames the same name.</source>
        <translation>{template} 会使所有帧同名。</translation>
    </message>
    <message>
        <source>{template} gives names that not every file system takes.</source>
        <translation>{template} 产生的文件名并非所有文件系统都支持。</translation>
    </message>
    <message>
        <source>Use letters, digits, &apos;-&apos;, &apos;_&apos; and &apos;.&apos;.</source>
        <translation>请使用字母、数字、“-”、“_”和“.”。</translation>
    </message>
    <message>
        <source>The scale must be from {least} to {most}, got {scale}.</source>
        <translation>缩放比例必须在 {least} 至 {most} 之间，实际为 {scale}。</translation>
    </message>
    <message>
        <source>{template} is not a template of frame names.</source>
        <translation>{template} 不是帧名的模板。</translation>
    </message>
    <message>
        <source>YouTube-VOS images hold object numbers up to {most}, the project has {largest}.</source>
        <translation>YouTube-VOS 图像的目标编号最大为 {most}，而项目中有 {largest}。</translation>
    </message>
    <message>
        <source>Export to YouTube-VIS instead.</source>
        <translation>请改为导出 YouTube-VIS。</translation>
    </message>
    <message>
        <source>{name} in the folder is not a list of videos.</source>
        <translation>文件夹中的 {name} 不是视频列表。</translation>
    </message>
    <message>
        <source>{path} holds the frames that are exported.</source>
        <translation>{path} 中是正在导出的帧。</translation>
    </message>
    <message>
        <source>Frames of {path} have the same name where spaces become “_”.</source>
        <translation>{path} 中的帧在空格变为“_”后会同名。</translation>
    </message>
    <message>
        <source>DAVIS 2016 lists cannot hold spaces: choose other names for the frames.</source>
        <translation>DAVIS 2016 的列表不能含空格：请为帧选择其他名称。</translation>
    </message>
    <message>
        <source>Export to another folder.</source>
        <translation>请导出到其他文件夹。</translation>
    </message>
    <message>
        <source>Choose a folder of label images such as 00000.png, or a file.</source>
        <translation>请选择含有 00000.png 之类标签图像的文件夹，或选择文件。</translation>
    </message>
    <message>
        <source>{path} cannot be read as {format}: {reason}.</source>
        <translation>无法将 {path} 作为 {format} 读取：{reason}。</translation>
    </message>
    <message>
        <source>{path} holds weights of {models}, which segments single images and cannot track.</source>
        <translation>{path} 中是 {models} 的权重，它只分割单张图像，不能跟踪。</translation>
    </message>
    <message>
        <source>`tinysam2 weights import` stores them for `tinysam2 propose`.</source>
        <translation>`tinysam2 weights import` 可将其存储，供 `tinysam2 propose` 使用。</translation>
    </message>
    <message>
        <source>Mask images</source>
        <translation>掩码图像</translation>
    </message>
    <message>
        <source>Annotation files</source>
        <translation>标注文件</translation>
    </message>
    <message>
        <source>Videos and images to look at</source>
        <translation>供查看的视频和图像</translation>
    </message>
    <message>
        <source>Tables and reports</source>
        <translation>表格和报告</translation>
    </message>
    <message>
        <source>COCO instances with tracks</source>
        <translation>带轨迹的 COCO 实例</translation>
    </message>
    <message>
        <source>One JSON file with run-length masks or polygons, for pycocotools, CVAT and detectors. Keeps overlaps, identities and confidences.</source>
        <translation>一个含游程编码掩码或多边形的 JSON 文件，用于 pycocotools、CVAT 和检测器。保留重叠、身份和置信度。</translation>
    </message>
    <message>
        <source>COCO results</source>
        <translation>COCO 结果</translation>
    </message>
    <message>
        <source>The list of scored masks that pycocotools compares with a ground truth. Names are lost.</source>
        <translation>供 pycocotools 与真值比较的带分数掩码列表。不保留名称。</translation>
    </message>
    <message>
        <source>COCO for CVAT</source>
        <translation>用于 CVAT 的 COCO</translation>
    </message>
    <message>
        <source>A zip file to upload to CVAT as COCO 1.0; its tracks end where an object is absent.</source>
        <translation>以 COCO 1.0 上传到 CVAT 的 zip 文件；目标缺失处轨迹结束。</translation>
    </message>
    <message>
        <source>CVAT for video 1.1</source>
        <translation>CVAT for video 1.1</translation>
    </message>
    <message>
        <source>One XML file with a track of masks per object, to be uploaded to a CVAT task of the same video. Confidences are lost.</source>
        <translation>一个 XML 文件，每个目标一条掩码轨迹，上传到同一视频的 CVAT 任务。不保留置信度。</translation>
    </message>
    <message>
        <source>DAVIS 2017 masks</source>
        <translation>DAVIS 2017 掩码</translation>
    </message>
    <message>
        <source>Palette PNG of every frame whose values are the object numbers, for the DAVIS evaluator and most research code.</source>
        <translation>每帧一张调色板 PNG，像素值为目标编号，用于 DAVIS 评测程序和多数研究代码。</translation>
    </message>
    <message>
        <source>DAVIS 2016 masks</source>
        <translation>DAVIS 2016 掩码</translation>
    </message>
    <message>
        <source>Black and white PNG of every frame, all objects as one, for foreground segmentation.</source>
        <translation>每帧一张黑白 PNG，所有目标合为一个，用于前景分割。</translation>
    </message>
    <message>
        <source>One JSON file per frame with a mask or polygons per object. Confidences are lost.</source>
        <translation>每帧一个 JSON 文件，每个目标一个掩码或多个多边形。不保留置信度。</translation>
    </message>
    <message>
        <source>Memory report (JSON)</source>
        <translation>记忆报告（JSON）</translation>
    </message>
    <message>
        <source>What the tracker remembered of each object on each frame, and why.</source>
        <translation>跟踪器在每帧记住了每个目标的什么内容及原因。</translation>
    </message>
    <message>
        <source>Memory table (CSV)</source>
        <translation>记忆表格（CSV）</translation>
    </message>
    <message>
        <source>A row per object and tracked frame: decision, scores, frames in memory and their tokens.</source>
        <translation>每个目标的每个跟踪帧一行：决策、分数、记忆帧及其 token。</translation>
    </message>
    <message>
        <source>Memory maps (PNG)</source>
        <translation>记忆图（PNG）</translation>
    </message>
    <message>
        <source>The frames with the tokens that memory kept, one color per remembered frame.</source>
        <translation>标有记忆所保留 token 的帧，每个记忆帧一种颜色。</translation>
    </message>
    <message>
        <source>MOTS images</source>
        <translation>MOTS 图像</translation>
    </message>
    <message>
        <source>16-bit PNG of every frame, class x 1000 + object, for CVAT and the MOTS benchmark.</source>
        <translation>每帧一张 16 位 PNG，值为类别 x 1000 + 目标，用于 CVAT 和 MOTS 基准。</translation>
    </message>
    <message>
        <source>MOTS text</source>
        <translation>MOTS 文本</translation>
    </message>
    <message>
        <source>One text file with run-length masks, for TrackEval.</source>
        <translation>一个含游程编码掩码的文本文件，用于 TrackEval。</translation>
    </message>
    <message>
        <source>MOT boxes</source>
        <translation>MOT 框</translation>
    </message>
    <message>
        <source>One text file with a box per object and frame, for the MOT challenge and TrackEval.</source>
        <translation>一个文本文件，每个目标每帧一个框，用于 MOT 挑战赛和 TrackEval。</translation>
    </message>
    <message>
        <source>SAM 2 masks per object</source>
        <translation>按目标分开的 SAM 2 掩码</translation>
    </message>
    <message>
        <source>A folder of PNG per object, for SAM 2&apos;s tools and the SA-V evaluator. Keeps overlaps.</source>
        <translation>每个目标一个 PNG 文件夹，用于 SAM 2 的工具和 SA-V 评测程序。保留重叠。</translation>
    </message>
    <message>
        <source>One JSON file with the masks of every frame, as in SAM 2&apos;s data set. Confidences are lost.</source>
        <translation>一个含每帧掩码的 JSON 文件，与 SAM 2 的数据集相同。不保留置信度。</translation>
    </message>
    <message>
        <source>Mattes (PNG sequence)</source>
        <translation>遮罩（PNG 序列）</translation>
    </message>
    <message>
        <source>Black and white PNG of every frame, all objects as one, for compositing.</source>
        <translation>每帧一张黑白 PNG，所有目标合为一个，用于合成。</translation>
    </message>
    <message>
        <source>Cut-outs (PNG sequence)</source>
        <translation>抠图（PNG 序列）</translation>
    </message>
    <message>
        <source>The frames with a transparent background, for compositing.</source>
        <translation>背景透明的帧，用于合成。</translation>
    </message>
    <message>
        <source>Table (CSV)</source>
        <translation>表格（CSV）</translation>
    </message>
    <message>
        <source>A row per object and frame: time, area, box, confidence, origin.</source>
        <translation>每个目标每帧一行：时间、面积、框、置信度、来源。</translation>
    </message>
    <message>
        <source>Overlay video (MP4)</source>
        <translation>叠加视频（MP4）</translation>
    </message>
    <message>
        <source>The frames with the masks drawn over them, to look at.</source>
        <translation>叠加了掩码的帧，供查看。</translation>
    </message>
    <message>
        <source>Alpha video (WebM)</source>
        <translation>Alpha 视频（WebM）</translation>
    </message>
    <message>
        <source>VP9 with an alpha channel that is the masks, for browsers.</source>
        <translation>以掩码为 Alpha 通道的 VP9，用于浏览器。</translation>
    </message>
    <message>
        <source>Alpha video (ProRes 4444)</source>
        <translation>Alpha 视频（ProRes 4444）</translation>
    </message>
    <message>
        <source>ProRes with an alpha channel that is the masks, for video editors. Large.</source>
        <translation>以掩码为 Alpha 通道的 ProRes，用于视频编辑软件。文件较大。</translation>
    </message>
    <message>
        <source>YOLO segmentation (lossy)</source>
        <translation>YOLO 分割（有损）</translation>
    </message>
    <message>
        <source>A text file of polygons per frame, to train detectors. Identities and holes are lost.</source>
        <translation>每帧一个多边形文本文件，用于训练检测器。不保留身份和孔洞。</translation>
    </message>
    <message>
        <source>One JSON file with a list of masks per object, for video instance segmentation. Confidences are lost.</source>
        <translation>一个 JSON 文件，每个目标一个掩码列表，用于视频实例分割。不保留置信度。</translation>
    </message>
    <message>
        <source>Palette PNG of every frame and meta.json with the frames of each object.</source>
        <translation>每帧一张调色板 PNG，以及记录各目标所在帧的 meta.json。</translation>
    </message>
    <message>
        <source>COCO instances</source>
        <translation>COCO 实例</translation>
    </message>
    <message>
        <source>There is no mask to export.</source>
        <translation>没有可导出的掩码。</translation>
    </message>
    <message>
        <source>There is no mask on frames {first} to {last} to export.</source>
        <translation>第 {first} 至 {last} 帧没有可导出的掩码。</translation>
    </message>
    <message>
        <source>There is no verified mask on frames {first} to {last} to export.</source>
        <translation>第 {first} 至 {last} 帧没有可导出的已确认掩码。</translation>
    </message>
    <message>
        <source>There is no mask of the chosen objects on frames {first} to {last} to export.</source>
        <translation>所选目标在第 {first} 至 {last} 帧没有可导出的掩码。</translation>
    </message>
    <message>
        <source>There is no verified mask of the chosen objects on frames {first} to {last} to export.</source>
        <translation>所选目标在第 {first} 至 {last} 帧没有可导出的已确认掩码。</translation>
    </message>
    <message>
        <source>Segment or track an object first.</source>
        <translation>请先分割或跟踪一个目标。</translation>
    </message>
    <message>
        <source>“{name}” has no mask on {missing} and is lost on {lost} of {count} frames.</source>
        <translation>“{name}”在 {count} 帧中有 {missing} 帧没有掩码、{lost} 帧丢失。</translation>
    </message>
    <message>
        <source>“{name}” has no mask on {missing} of {count} frames.</source>
        <translation>“{name}”在 {count} 帧中有 {missing} 帧没有掩码。</translation>
    </message>
    <message>
        <source>“{name}” is lost on {lost} of {count} frames.</source>
        <translation>“{name}”在 {count} 帧中有 {lost} 帧丢失。</translation>
    </message>
    <message>
        <source>{count} more objects are missing on some frames.</source>
        <translation>另有 {count} 个目标在部分帧上缺失。</translation>
    </message>
    <message>
        <source>{count} masks that were not verified are left out.</source>
        <translation>略去 {count} 个未确认的掩码。</translation>
    </message>
    <message>
        <source>{unverified} of {count} masks are not verified.</source>
        <translation>{count} 个掩码中有 {unverified} 个未确认。</translation>
    </message>
    <message>
        <source>Objects overlap on about {count} of the frames: {formats} gives each pixel to the more certain mask.</source>
        <translation>约有 {count} 帧的目标重叠：{formats} 将每个像素归于更确信的掩码。</translation>
    </message>
    <message>
        <source>Objects overlap on {count} of the frames; each pixel went to the more certain mask. COCO keeps overlaps.</source>
        <translation>有 {count} 帧的目标重叠；每个像素已归于更确信的掩码。COCO 会保留重叠。</translation>
    </message>
    <message>
        <source>{formats} does not keep which object is which.</source>
        <translation>{formats} 不保留目标的身份。</translation>
    </message>
    <message>
        <source>{formats} does not keep the exact pixels.</source>
        <translation>{formats} 不保留精确的像素。</translation>
    </message>
    <message>
        <source>{formats} does not keep the masks themselves.</source>
        <translation>{formats} 不保留掩码本身。</translation>
    </message>
    <message>
        <source>Scaled masks cannot be imported again at their exact pixels.</source>
        <translation>缩放后的掩码无法以精确像素重新导入。</translation>
    </message>
    <message>
        <source>{names} appears after the first image; SAM 2&apos;s vos_inference.py then needs --track_object_appearing_later_in_video.</source>
        <translation>{names} 出现在首张图像之后；SAM 2 的 vos_inference.py 需要 --track_object_appearing_later_in_video。</translation>
    </message>
    <message>
        <source>{names} appears after the first frame.</source>
        <translation>{names} 出现在首帧之后。</translation>
    </message>
    <message>
        <source>{names} has no pixel of its own and is left out.</source>
        <translation>{names} 没有自己的像素，已略去。</translation>
    </message>
    <message>
        <source>Shapes of type {kind} are left out.</source>
        <translation>已略去类型为 {kind} 的形状。</translation>
    </message>
    <message>
        <source>Holes of masks are filled: polygons cannot hold them.</source>
        <translation>掩码的孔洞已填充：多边形无法表示孔洞。</translation>
    </message>
    <message>
        <source>The sequence starts at frame {frame}: nothing is annotated before it.</source>
        <translation>序列从第 {frame} 帧开始：此前没有标注。</translation>
    </message>
    <message>
        <source>Object numbers have gaps; the official evaluator counts an object without pixels for each and scores it 1. The official numbering avoids this.</source>
        <translation>目标编号不连续；官方评测程序会为每个空缺计入一个没有像素的目标并记 1 分。使用官方编号可避免此问题。</translation>
    </message>
    <message>
        <source>The official evaluator needs 3 frames or more; this sequence has {count}.</source>
        <translation>官方评测程序需要至少 3 帧；此序列有 {count} 帧。</translation>
    </message>
    <message>
        <source>The {count} objects are one in DAVIS 2016.</source>
        <translation>{count} 个目标在 DAVIS 2016 中合为一个。</translation>
    </message>
    <message>
        <source>{name} exists already.</source>
        <translation>{name} 已存在。</translation>
    </message>
    <message>
        <source>Replace it, export under a new name, or choose another folder.</source>
        <translation>请替换它、以新名称导出，或选择其他文件夹。</translation>
    </message>
    <message>
        <source>The file has no track ids: the n-th annotation of a category on each image is taken for the same object.</source>
        <translation>文件没有轨迹编号：将每张图像上同一类别的第 n 个标注视为同一目标。</translation>
    </message>
</context>
<context>
    <name>SessionOpener</name>
    <message>
        <source>Open {name}</source>
        <translation>打开 {name}</translation>
    </message>
    <message>
        <source>Close {name}</source>
        <translation>关闭 {name}</translation>
    </message>
</context>
<context>
    <name>ShortcutsDialog</name>
    <message>
        <source>Add a positive / negative point</source>
        <translation>添加正点/负点</translation>
    </message>
    <message>
        <source>Left / right or Ctrl+left</source>
        <translation>左键 / 右键或 Ctrl+左键</translation>
    </message>
    <message>
        <source>Preview the mask of a click</source>
        <translation>预览单击得到的掩码</translation>
    </message>
    <message>
        <source>Shift (hold)</source>
        <translation>按住 Shift</translation>
    </message>
    <message>
        <source>Zoom at the pointer</source>
        <translation>以指针为中心缩放</translation>
    </message>
    <message>
        <source>Wheel, Ctrl+wheel or pinch</source>
        <translation>滚轮、Ctrl+滚轮或双指缩放</translation>
    </message>
    <message>
        <source>Pan</source>
        <translation>平移</translation>
    </message>
    <message>
        <source>Middle drag</source>
        <translation>中键拖动</translation>
    </message>
    <message>
        <source>Keyboard shortcuts</source>
        <translation>键盘快捷键</translation>
    </message>
    <message>
        <source>Search actions and keys</source>
        <translation>搜索操作和按键</translation>
    </message>
    <message>
        <source>Actions and their keys</source>
        <translation>操作及其按键</translation>
    </message>
    <message>
        <source>Action</source>
        <translation>操作</translation>
    </message>
    <message>
        <source>Keys</source>
        <translation>按键</translation>
    </message>
    <message>
        <source>Mouse</source>
        <translation>鼠标</translation>
    </message>
    <message>
        <source>New key</source>
        <translation>新按键</translation>
    </message>
    <message>
        <source>Add key</source>
        <translation>添加按键</translation>
    </message>
    <message>
        <source>Remove keys</source>
        <translation>移除按键</translation>
    </message>
    <message>
        <source>Reset</source>
        <translation>重置</translation>
    </message>
    <message>
        <source>Press a key:</source>
        <translation>按下按键：</translation>
    </message>
    <message>
        <source>Reset all</source>
        <translation>全部重置</translation>
    </message>
    <message>
        <source>Take over</source>
        <translation>接管</translation>
    </message>
    <message>
        <source>Select an action to change its keys.</source>
        <translation>选择一个操作以更改其按键。</translation>
    </message>
    <message>
        <source>{action}: press a new key in the field, then add it.</source>
        <translation>{action}：在输入框中按下新按键，然后添加。</translation>
    </message>
    <message>
        <source>{key} is free.</source>
        <translation>{key} 可用。</translation>
    </message>
    <message>
        <source>{key} already belongs to this action.</source>
        <translation>{key} 已属于此操作。</translation>
    </message>
    <message>
        <source>{key} belongs to “{action}”, which loses it if it is taken over.</source>
        <translation>{key} 属于“{action}”，接管后该操作将失去此按键。</translation>
    </message>
</context>
<context>
    <name>StatusBar</name>
    <message>
        <source>left: positive, right or Ctrl+left: negative, drag: move, Alt: remove</source>
        <translation>左键：正点，右键或 Ctrl+左键：负点，拖动：移动，Alt：移除</translation>
    </message>
    <message>
        <source>drag: paint the mask</source>
        <translation>拖动：绘制掩码</translation>
    </message>
    <message>
        <source>drag: erase from the mask</source>
        <translation>拖动：从掩码中擦除</translation>
    </message>
    <message>
        <source>drag: paint what you circle, right or Ctrl+left: erase it</source>
        <translation>拖动：绘制圈出的区域，右键或 Ctrl+左键：擦除</translation>
    </message>
    <message>
        <source>Frame number</source>
        <translation>帧号</translation>
    </message>
    <message>
        <source>Frame, counted from 0</source>
        <translation>帧号，从 0 开始</translation>
    </message>
    <message>
        <source>Time from the start</source>
        <translation>距开头的时间</translation>
    </message>
    <message>
        <source>Job progress</source>
        <translation>任务进度</translation>
    </message>
    <message>
        <source>Stop the job</source>
        <translation>停止任务</translation>
    </message>
    <message>
        <source>Model, input size and device; click to select another</source>
        <translation>模型、输入尺寸和设备；单击以另选</translation>
    </message>
    <message>
        <source>Model</source>
        <translation>模型</translation>
    </message>
    <message>
        <source>drag: box around the object, or its handles</source>
        <translation>拖动：框住目标或拖动控制点</translation>
    </message>
    <message>
        <source>click: vertex, double click: close</source>
        <translation>单击：顶点，双击：闭合</translation>
    </message>
    <message>
        <source>{key}: cancel</source>
        <translation>{key}：取消</translation>
    </message>
    <message>
        <source>{key}: close</source>
        <translation>{key}：闭合</translation>
    </message>
    <message>
        <source>{key}: step back</source>
        <translation>{key}：退一步</translation>
    </message>
    <message>
        <source>Zoom</source>
        <translation>缩放</translation>
    </message>
    <message>
        <source>Screen pixels per pixel of the video; click to change</source>
        <translation>每个视频像素对应的屏幕像素；单击以更改</translation>
    </message>
    <message>
        <source>Fit</source>
        <translation>适合</translation>
    </message>
    <message>
        <source>{job}: {progress}{more}</source>
        <translation>{job}：{progress}{more}</translation>
    </message>
    <message>
        <source>{model} · preparing…</source>
        <translation>{model} · 准备中…</translation>
    </message>
    <message>
        <source>Model: {name}</source>
        <translation>模型：{name}</translation>
    </message>
    <message>
        <source>change its size</source>
        <translation>调整大小</translation>
    </message>
</context>
<context>
    <name>SuggestionController</name>
    <message>
        <source>Suggest objects on frame {frame}</source>
        <translation>在第 {frame} 帧建议目标</translation>
    </message>
    <message>
        <source>Objects were suggested on frame {frame}, which you left.</source>
        <translation>已在第 {frame} 帧建议目标，但您已离开该帧。</translation>
    </message>
    <message>
        <source>No other object was found on this frame. Click one instead.</source>
        <translation>此帧没有找到其他目标。请直接单击目标。</translation>
    </message>
</context>
<context>
    <name>SuggestionOverlay</name>
    <message>
        <source>Suggested objects</source>
        <translation>建议的目标</translation>
    </message>
    <message numerus="yes">
        <source>%Ln suggested object(s). Click: accept one, Shift+click: several</source>
        <translation>
            <numerusform>%Ln 个建议的目标。单击：接受一个，Shift+单击：接受多个</numerusform>
        </translation>
    </message>
    <message>
        <source>{key}: all</source>
        <translation>{key}：全部</translation>
    </message>
    <message>
        <source>{key}: none</source>
        <translation>{key}：取消</translation>
    </message>
</context>
<context>
    <name>TimelineRows</name>
    <message>
        <source>Memory</source>
        <translation>记忆</translation>
    </message>
    <message>
        <source>No objects yet: click an object in the frame</source>
        <translation>还没有目标：请在帧中单击目标</translation>
    </message>
    <message>
        <source>No objects yet</source>
        <translation>还没有目标</translation>
    </message>
</context>
<context>
    <name>TimelineView</name>
    <message>
        <source>Timeline</source>
        <translation>时间线</translation>
    </message>
    <message>
        <source>Masks, prompts, quality and memory of every object in each frame of the video</source>
        <translation>视频各帧中每个目标的掩码、提示、质量和记忆</translation>
    </message>
    <message>
        <source>Frame {frame}  ·  {time}</source>
        <translation>第 {frame} 帧  ·  {time}</translation>
    </message>
    <message>
        <source>{name} ({category}, locked): click to make it the active object</source>
        <translation>{name}（{category}，已锁定）：单击以设为当前目标</translation>
    </message>
    <message>
        <source>{name} ({category}): click to make it the active object</source>
        <translation>{name}（{category}）：单击以设为当前目标</translation>
    </message>
</context>
<context>
    <name>TokenMap</name>
    <message>
        <source>The kept tokens of this frame are not known</source>
        <translation>此帧保留的 token 未知</translation>
    </message>
    <message>
        <source>{tokens}, for {kept} of {all} locations of this frame; locations without a token are dark. Double-click to enlarge.</source>
        <translation>{tokens}，对应此帧 {all} 个位置中的 {kept} 个；没有 token 的位置为深色。双击可放大。</translation>
    </message>
</context>
<context>
    <name>TokenMeter</name>
    <message>
        <source>A token is what memory holds of one place of a frame, or of a few neighboring places. Stored: tokens in the memory bank after this frame. Attended: tokens that were read to find the object on this frame. Both are compared with the memory bank of SAM 2, which stores seven whole frames; the tick marks {percent} of it.</source>
        <translation>token 是记忆对帧中一个或几个相邻位置的表示。存储：此帧之后记忆库中的 token。读取：为在此帧中找到目标而读取的 token。两者均与 SAM 2 的记忆库（存储七个完整帧）比较；刻度标出其 {percent}。</translation>
    </message>
    <message>
        <source>Stored</source>
        <translation>存储</translation>
    </message>
    <message>
        <source>Attended</source>
        <translation>读取</translation>
    </message>
    <message>
        <source>Memory tokens: {counts}</source>
        <translation>记忆 token：{counts}</translation>
    </message>
    <message>
        <source>{name} {count} of {all} ({percent})</source>
        <translation>{name} {count} / {all}（{percent}）</translation>
    </message>
    <message>
        <source>↑ {percent} of a full SAM 2 bank</source>
        <translation>↑ 完整 SAM 2 记忆库的 {percent}</translation>
    </message>
</context>
<context>
    <name>TrackingController</name>
    <message>
        <source>Track {name}, frames {start} to {end}, both ways</source>
        <translation>跟踪 {name}，第 {start} 至 {end} 帧，双向</translation>
    </message>
    <message>
        <source>Track {name}, frames {start} to {end}, forward</source>
        <translation>跟踪 {name}，第 {start} 至 {end} 帧，向前</translation>
    </message>
    <message>
        <source>Track {name}, frames {start} to {end}, backward</source>
        <translation>跟踪 {name}，第 {start} 至 {end} 帧，向后</translation>
    </message>
    <message>
        <source>all objects</source>
        <translation>所有目标</translation>
    </message>
    <message>
        <source>Waiting already: {job}.</source>
        <translation>已在等待：{job}。</translation>
    </message>
    <message>
        <source>There is no frame to track after frame {frame}.</source>
        <translation>第 {frame} 帧之后没有可跟踪的帧。</translation>
    </message>
    <message>
        <source>There is no frame to track before frame {frame}.</source>
        <translation>第 {frame} 帧之前没有可跟踪的帧。</translation>
    </message>
    <message>
        <source>There is no frame to track beside frame {frame}.</source>
        <translation>第 {frame} 帧之外没有可跟踪的帧。</translation>
    </message>
    <message>
        <source>Queued: {job}. See the Jobs panel.</source>
        <translation>已加入队列：{job}。请见“任务”面板。</translation>
    </message>
</context>
<context>
    <name>Unsaved</name>
    <message>
        <source>Changes are not saved</source>
        <translation>更改尚未保存</translation>
    </message>
    <message>
        <source>The window keeps your work until it is saved.</source>
        <translation>在保存之前，窗口会保留您的工作。</translation>
    </message>
    <message>
        <source>Try again</source>
        <translation>重试</translation>
    </message>
    <message>
        <source>Save elsewhere…</source>
        <translation>保存到别处…</translation>
    </message>
    <message>
        <source>Close without saving</source>
        <translation>不保存并关闭</translation>
    </message>
</context>
<context>
    <name>VerificationController</name>
    <message>
        <source>Check {name}</source>
        <translation>检查 {name}</translation>
    </message>
    <message>
        <source>Check the video before you rely on its annotations, or convert it.</source>
        <translation>在依赖其标注之前请检查视频，或转换格式。</translation>
    </message>
    <message>
        <source>Frames keep the numbers they have; those that are missing are not shown.</source>
        <translation>帧保持现有编号；缺失的帧不显示。</translation>
    </message>
    <message>
        <source>Frames are numbered by what can be decoded.</source>
        <translation>帧按可解码的内容编号。</translation>
    </message>
</context>
<context>
    <name>Welcome</name>
    <message>
        <source>Start page</source>
        <translation>起始页</translation>
    </message>
    <message>
        <source>TinySAM 2 annotator</source>
        <translation>TinySAM 2 标注工具</translation>
    </message>
    <message>
        <source>Open a video, click an object, track it, correct, export.</source>
        <translation>打开视频，单击目标，跟踪，修正，导出。</translation>
    </message>
    <message>
        <source>or drop a video, a folder of frames or a project here</source>
        <translation>或将视频、帧文件夹或项目拖放到此处</translation>
    </message>
    <message>
        <source>Open video…</source>
        <translation>打开视频…</translation>
    </message>
    <message>
        <source>Frame folder…</source>
        <translation>帧文件夹…</translation>
    </message>
    <message>
        <source>Project…</source>
        <translation>项目…</translation>
    </message>
    <message>
        <source>Sample clip</source>
        <translation>示例片段</translation>
    </message>
    <message>
        <source>Six seconds in which a fox chases a ball</source>
        <translation>一段六秒的短片：狐狸追球</translation>
    </message>
    <message>
        <source>Recent projects</source>
        <translation>最近的项目</translation>
    </message>
</context>
<context>
    <name>WindowLayout</name>
    <message>
        <source>Objects</source>
        <translation>目标</translation>
    </message>
    <message>
        <source>Memory</source>
        <translation>记忆</translation>
    </message>
    <message>
        <source>Review</source>
        <translation>复查</translation>
    </message>
    <message>
        <source>Jobs</source>
        <translation>任务</translation>
    </message>
    <message>
        <source>Commands</source>
        <translation>命令</translation>
    </message>
    <message>
        <source>Tools</source>
        <translation>工具</translation>
    </message>
</context>
<context>
    <name>ZoomButtons</name>
    <message>
        <source>Zoom the timeline out</source>
        <translation>缩小时间线</translation>
    </message>
    <message>
        <source>Zoom the timeline in</source>
        <translation>放大时间线</translation>
    </message>
    <message>
        <source>Fit</source>
        <translation>全</translation>
    </message>
    <message>
        <source>Show the whole video</source>
        <translation>显示整个视频</translation>
    </message>
    <message>
        <source>Legend: what the marks and bars mean</source>
        <translation>图例：标记和条带的含义</translation>
    </message>
</context>
<context>
    <name>_Worker</name>
    <message>
        <source>{job} failed: {kind}: {error}.</source>
        <translation>{job} 失败：{kind}：{error}。</translation>
    </message>
    <message>
        <source>Your work is saved. Details are in the log (Help &gt; Open log).</source>
        <translation>您的工作已保存。详情见日志（帮助 &gt; 打开日志）。</translation>
    </message>
</context>
</TS>
