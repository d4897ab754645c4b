<?xml version="1.0" encoding="utf-8"?>
<!DOCTYPE TS>
<TS version="2.1" language="en">
<context>
    <name>ComparisonWindow</name>
    <message numerus="yes">
        <source>%Ln frame(s)</source>
        <translation>
            <numerusform>%Ln frame</numerusform>
            <numerusform>%Ln frames</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>FormatList</name>
    <message numerus="yes">
        <source>%Ln byte(s)</source>
        <translation>
            <numerusform>%Ln byte</numerusform>
            <numerusform>%Ln bytes</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>HandWorkProtection</name>
    <message numerus="yes">
        <source>%Ln mask(s) are in the way of tracking.</source>
        <translation>
            <numerusform>%Ln mask is in the way of tracking.</numerusform>
            <numerusform>%Ln masks are in the way of tracking.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ImportDialog</name>
    <message numerus="yes">
        <source>object {number}: %Ln mask(s) replaced</source>
        <translation>
            <numerusform>object {number}: %Ln mask replaced</numerusform>
            <numerusform>object {number}: %Ln masks replaced</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>, %Ln kept</source>
        <translation>
            <numerusform>, %Ln kept</numerusform>
            <numerusform>, %Ln kept</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln mask(s)</source>
        <translation>
            <numerusform>%Ln mask</numerusform>
            <numerusform>%Ln masks</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln object(s)</source>
        <translation>
            <numerusform>%Ln object</numerusform>
            <numerusform>%Ln objects</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln frame(s)</source>
        <translation>
            <numerusform>%Ln frame</numerusform>
            <numerusform>%Ln frames</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>JobProgress</name>
    <message numerus="yes">
        <source>waiting for %Ln job(s)</source>
        <translation>
            <numerusform>waiting for %Ln job</numerusform>
            <numerusform>waiting for %Ln jobs</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>MaskCleanupController</name>
    <message numerus="yes">
        <source>{job}: {changed} of %Ln mask(s) changed.</source>
        <translation>
            <numerusform>{job}: {changed} of %Ln mask changed.</numerusform>
            <numerusform>{job}: {changed} of %Ln masks changed.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>MemoryMarks</name>
    <message numerus="yes">
        <source>%Ln token(s)</source>
        <translation>
            <numerusform>%Ln token</numerusform>
            <numerusform>%Ln tokens</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>MemoryText</name>
    <message numerus="yes">
        <source>In memory after frame {frame}: %Ln frame(s)</source>
        <translation>
            <numerusform>In memory after frame {frame}: %Ln frame</numerusform>
            <numerusform>In memory after frame {frame}: %Ln frames</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>, %Ln of them without tokens</source>
        <translation>
            <numerusform>, %Ln of them without tokens</numerusform>
            <numerusform>, %Ln of them without tokens</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ObjectsModel</name>
    <message numerus="yes">
        <source>{name} ({category}), %Ln mask(s)</source>
        <translation>
            <numerusform>{name} ({category}), %Ln mask</numerusform>
            <numerusform>{name} ({category}), %Ln masks</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>Recent</name>
    <message numerus="yes">
        <source>%Ln frame(s), no objects yet</source>
        <translation>
            <numerusform>%Ln frame, no objects yet</numerusform>
            <numerusform>%Ln frames, no objects yet</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln object(s)</source>
        <translation>
            <numerusform>%Ln object</numerusform>
            <numerusform>%Ln objects</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln frame(s)</source>
        <translation>
            <numerusform>%Ln frame</numerusform>
            <numerusform>%Ln frames</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>ReviewPanel</name>
    <message numerus="yes">
        <source>Nothing to review: all %Ln mask(s) are verified.</source>
        <translation>
            <numerusform>Nothing to review: the %Ln mask is verified.</numerusform>
            <numerusform>Nothing to review: all %Ln masks are verified.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>{verified} of %Ln mask(s) verified</source>
        <translation>
            <numerusform>{verified} of %Ln mask verified</numerusform>
            <numerusform>{verified} of %Ln masks verified</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>RunComparison</name>
    <message numerus="yes">
        <source>Tracking replaced %Ln mask(s). Track &gt; Show masks before tracking.</source>
        <translation>
            <numerusform>Tracking replaced %Ln mask. Track &gt; Show masks before tracking.</numerusform>
            <numerusform>Tracking replaced %Ln masks. Track &gt; Show masks before tracking.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source>%Ln of the masks of the run on these frames go back to what was there before.</source>
        <translation>
            <numerusform>%Ln of the masks of the run on these frames goes back to what was there before.</numerusform>
            <numerusform>%Ln of the masks of the run on these frames go back to what was there before.</numerusform>
        </translation>
    </message>
    <message numerus="yes">
        <source> %Ln stay: they were changed after the run, or are locked.</source>
        <translation>
            <numerusform> %Ln stays: it was changed after the run, or is locked.</numerusform>
            <numerusform> %Ln stay: they were changed after the run, or are locked.</numerusform>
        </translation>
    </message>
</context>
<context>
    <name>SuggestionOverlay</name>
    <message numerus="yes">
        <source>%Ln suggested object(s). Click: accept one, Shift+click: several</source>
        <translation>
            <numerusform>%Ln suggested object. Click: accept one, Shift+click: several</numerusform>
            <numerusform>%Ln suggested objects. Click: accept one, Shift+click: several</numerusform>
        </translation>
    </message>
</context>
</TS>
