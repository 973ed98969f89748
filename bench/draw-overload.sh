#!/bin/sh
# draw-overload.sh SUMMARY.json: the curve of goodput over offered load as SVG, to standard output.
#
# Both axes are multiples of each server's own peak, so that servers of different speed share the
# picture; the x axis is logarithmic, and a point is where the load came to be, which is short of what was
# meant when the generator could not offer that. Colours are chosen to be read on white and on black.
set -eu

jq -r '
  .peaks as $peaks
  | (.peaks | to_entries[] | ["peak", .key, .value.calls, 0]),
    ([.loads[] | select(.part == "calls")] | sort_by(.server, .load)[]
      | ["point", .server, .offered_per_s / $peaks[.server].calls, .goodput // 0, .dialog_ok // 0])
  | @tsv' "$1" | awk -F '\t' '
function x(load) {
    load = load < 0.85 ? 0.85 : load > 12 ? 12 : load
    return left + log(load / 0.85) / log(12 / 0.85) * width
}
function y(share) { return top + height - share / most * height }
function text(at_x, at_y, class, anchor, words) {
    printf "<text x=\"%.1f\" y=\"%.1f\" class=\"%s\" text-anchor=\"%s\">%s</text>\n", at_x, at_y, class, anchor, words
}
function line(x1, y1, x2, y2, class) {
    printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" class=\"%s\"/>\n", x1, y1, x2, y2, class
}
function mark(which, at_x, at_y, class) {
    if (which % 2 == 0)
        printf "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"4.5\" class=\"%s\"/>\n", at_x, at_y, class
    else
        printf "<rect x=\"%.1f\" y=\"%.1f\" width=\"8\" height=\"8\" class=\"%s\"/>\n", at_x - 4, at_y - 4, class
}
BEGIN { left = 70; top = 64; width = 620; height = 300; servers = 0; most = 1.1 }
$1 == "peak" { peak[$2] = $3 }
$1 == "point" {
    if (!($2 in seen)) { seen[$2] = servers; names[servers] = $2; count[servers++] = 0 }
    s = seen[$2]; i = count[s]++
    loads[s, i] = $3; goodputs[s, i] = $4; dialogs[s, i] = $5
    if ($4 * 1.05 > most) most = $4 * 1.05
}
END {
    print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 760 500\" width=\"760\" height=\"500\" role=\"img\" aria-labelledby=\"title\">"
    print "<title id=\"title\">Calls answered within four seconds, over the calls offered, in multiples of the peak</title>"
    print "<style>"
    print "text { font: 13px system-ui, \"Helvetica Neue\", Arial, sans-serif; fill: #1f2328 }"
    print ".head { font-size: 16px; font-weight: 600 } .small { font-size: 12px; fill: #59636e }"
    print ".paper { fill: #ffffff } .axis { stroke: #59636e; stroke-width: 1.2 } .grid { stroke: #d1d9e0; stroke-width: 1 }"
    print ".goal { fill: none; stroke: #59636e; stroke-width: 1.6 }"
    print ".line0 { stroke: #0969da } .line1 { stroke: #bc4c00 } .line2 { stroke: #8250df }"
    print ".dot0 { fill: #0969da } .dot1 { fill: #bc4c00 } .dot2 { fill: #8250df }"
    print "polyline { fill: none; stroke-width: 2.4; stroke-linejoin: round } .dashed { stroke-width: 1.6; stroke-dasharray: 3 4 }"
    print ".sample { stroke: #59636e }"
    print "@media (prefers-color-scheme: dark) {"
    print "text { fill: #f0f6fc } .small { fill: #9198a1 } .paper { fill: #0d1117 } .axis, .sample { stroke: #9198a1 } .grid { stroke: #3d444d } .goal { stroke: #9198a1 }"
    print ".line0 { stroke: #4493f8 } .line1 { stroke: #f0883e } .line2 { stroke: #ab7df8 }"
    print ".dot0 { fill: #4493f8 } .dot1 { fill: #f0883e } .dot2 { fill: #ab7df8 } }"
    print "</style>"
    print "<rect class=\"paper\" width=\"760\" height=\"500\" rx=\"6\"/>"
    text(left, 28, "head", "start", "Offered more than it can do")
    text(left, 48, "small", "start", "calls answered within 4 s, in % of the peak; one core each; callers repeat as RFC 3261 says and give up")
    for (share = 0; share <= most; share += 0.25) {
        line(left, y(share), left + width, y(share), "grid")
        text(left - 10, y(share) + 4, "small", "end", sprintf("%d %%", share * 100 + 0.5))
    }
    split("1 1.5 2 3 5 10", ticks, " ")
    for (i = 1; i <= 6; i++) {
        line(x(ticks[i]), top + height, x(ticks[i]), top + height + 5, "axis")
        text(x(ticks[i]), top + height + 21, "small", "middle", ticks[i] " x")
    }
    line(left, top + height, left + width, top + height, "axis")
    line(left, top, left, top + height, "axis")
    text(left + width / 2, top + height + 43, "small", "middle", "offered calls, in multiples of the peak (logarithmic)")
    goal_loads = split("1.5 3 5 10", goal_x, " "); split("0.97 0.95 0.93 0.90", goal_y, " ")
    for (i = 1; i <= goal_loads; i++) {
        cx = x(goal_x[i]); cy = y(goal_y[i])
        printf "<path d=\"M%.1f %.1f l7 7 l-7 7 l-7 -7 z\" class=\"goal\"/>\n", cx, cy - 7
    }
    for (s = 0; s < servers; s++) {
        printf "<polyline class=\"line%d\" points=\"", s % 3
        for (i = 0; i < count[s]; i++)
            printf "%.1f,%.1f ", x(loads[s, i]), y(goodputs[s, i])
        print "\"/>"
        printf "<polyline class=\"line%d dashed\" points=\"", s % 3
        for (i = 0; i < count[s]; i++)
            printf "%.1f,%.1f ", x(loads[s, i]), y(dialogs[s, i])
        print "\"/>"
        for (i = 0; i < count[s]; i++)
            mark(s, x(loads[s, i]), y(goodputs[s, i]), "dot" s % 3)
    }
    at = left
    for (s = 0; s < servers; s++) {
        line(at, 449, at + 26, 449, "line" s % 3 "\" stroke-width=\"2.4")
        mark(s, at + 13, 449, "dot" s % 3)
        label = sprintf("%s (peak %d calls/s)", names[s], peak[names[s]])
        text(at + 33, 453, "", "start", label)
        at += 50 + length(label) * 7
    }
    printf "<path d=\"M%.1f 442 l7 7 l-7 7 l-7 -7 z\" class=\"goal\"/>\n", at + 8
    text(at + 22, 453, "", "start", "goal")
    line(left, 475, left + 26, 475, "sample dashed")
    text(left + 33, 479, "", "start", "of the requests within calls (BYE, INFO), those that were answered")
    print "</svg>"
}'
