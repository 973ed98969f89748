#!/bin/sh
# report-overload.sh DIR [SVG]: the tables of what run-overload.sh left in DIR, in Markdown; all of it
# as DIR/summary.json; and the curve as an SVG file.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
out=$1
svg=${2:-}

ls "$out"/part-*.json >/dev/null 2>&1 || { echo "no figures in $out" >&2; exit 1; }

jq -s --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
    --argjson cores "$(nproc)" --arg kernel "$(uname -r)" '
def phase($name): .figures.phases | map(select(.name == $name))[0];
# A generator that was late by more than it may, or lost answers itself, did not offer what it says.
def honest: ((.calls.skipped // 0) + (.registers.skipped // 0)) as $skipped
    | ((.calls.due // 0) + (.registers.due // 0)) as $due
    | ($due == 0 or $skipped / $due < 0.01) and .drops_own == 0;
def share($a; $b): if ($b // 0) == 0 then null else $a / $b end;
def best($work): .figures.phases | map(select(.name | startswith($work))) | max_by(.[$work].ok_per_s);
def cost($work): .usage.server.cpu_ns / 1000 / .[$work].ended_ok;
# What the server did of that work, before the load in the same run, when it was offered no more than it
# can do: of registrations beside the same calls.
def room: phase("room") | (if . == null then null else (.registers // .calls).ok_per_s end);
# Least squares of cpu = calls * a + others * b over the loads at which the server was never idle.
def fit: map(select(.cpu_share > 0.9 and .shed > 0)) as $at
    | ($at | map(.ok * .ok) | add) as $xx | ($at | map(.ok * .shed) | add) as $xy
    | ($at | map(.shed * .shed) | add) as $yy
    | ($at | map(.ok * .cpu_us) | add) as $xc | ($at | map(.shed * .cpu_us) | add) as $yc
    | if ($at | length) < 2 then null else ($xx * $yy - $xy * $xy) as $d
        | if $d == 0 then null else {
            loads: ($at | length), call_us: (($xc * $yy - $yc * $xy) / $d),
            shed_us: (($yc * $xx - $xc * $xy) / $d)} end end;
(map(select(.part == "peak")) | map(best("calls") as $calls | best("registers") as $registers
    | {key: .server, value: {
        calls: $calls.calls.ok_per_s, registers: $registers.registers.ok_per_s,
        call_us: ($calls | cost("calls")), register_us: ($registers | cost("registers")),
        call_depth: ($calls.name | ltrimstr("calls-")),
        generator_cpu: ([$calls, $registers | .own_cpu_share] | max)}})
    | from_entries) as $peaks
| {
  machine: {cpu: $cpu, cores: $cores, kernel: $kernel},
  peaks: $peaks,
  loads: [.[] | select(.part == "calls" or .part == "flood")
    | . as $run | phase("storm") as $s | phase("before") as $b | phase("after") as $a
    | $peaks[.server] as $peak
    | (if .part == "flood" then ($s.registers // {}) else $s.calls end) as $w
    | {server, part, load: (.key | tonumber), honest: ($s | honest),
       offered_per_s: ($w.started / $s.duration_us * 1e6), ok_per_s: $w.ok_per_s,
       goodput: share($w.ok_per_s; if .part == "flood" then $peak.registers else $peak.calls end),
       calls_ok: share($s.calls.ok; $s.calls.started),
       dialog_ok: share(($s.dialogs.ok // 0); $s.dialogs.started),
       refresh_ok: share(($s.refreshes.ok // 0); $s.refreshes.started),
       room_per_s: room, goodput_of_room: share($w.ok_per_s; room),
       p50_ms: ($w.p50_us / 1000), p99_ms: ($w.p99_us / 1000),
       sent_late_p99_ms: ($w.sent_late_p99_us / 1000),
       calls_p99_ms: ($s.calls.p99_us / 1000),
       recovery_ms: .figures.recovery_ms.calls,
       # Only behind a warm-up in which every transaction of the peak has come and gone.
       memory_growth: (if (phase("warm").duration_us >= 33e6)
           then share($a.usage.server.pss_kib; $b.usage.server.pss_kib) - 1 else null end),
       packets: share($w.sent; $w.started), given_up: $w.given_up, late: $w.late,
       statuses: $w.statuses, retry_after: $w.retry_after,
       drops_server: $s.drops_server, drops_own: $s.drops_own,
       ok: $w.ended_ok, shed: ($w.started - $w.ended_ok), cpu_us: ($s.usage.server.cpu_ns / 1000),
       cpu_share: ($s.usage.server.cpu_ns / 1000 / $s.duration_us),
       lag_max_ms: ($s.lag_max_us / 1000), generator_cpu: $s.own_cpu_share,
       shed_us: (($w.started - $w.ended_ok) as $shed | if $shed < $w.ended_ok then null
           else (($s.usage.server.cpu_ns / 1000
               - ($s.calls.ended_ok * $peak.call_us)
               - (if $run.part == "flood" then $w.ended_ok * $peak.register_us else 0 end)) / $shed)
           end)}],
  silent: [.[] | select(.part == "silent") | phase("storm") as $s
    | {server, dead: $s.dead.started, invites: .figures.dead.invites,
       invites_a_call: share(.figures.dead.invites; $s.dead.started),
       others_ok: share(.figures.phases | map(.calls.ok) | add;
                        .figures.phases | map(.calls.started) | add),
       dialog_ok: share($s.dialogs.ok; $s.dialogs.started),
       p99_ms: ($s.calls.p99_us / 1000), statuses: $s.dead.statuses, given_up: $s.dead.given_up}],
  avalanches: [.[] | select(.part == "avalanche") | {server, kind: .key} + .figures],
  tcp: [.[] | select(.part == "tcp") | {server} + .figures],
  millions: [.[] | select(.part == "million") | {server} + .figures]
}
| .fits = (.loads | map(select(.part == "calls")) | group_by(.server)
    | map({key: .[0].server, value: fit}) | from_entries)' "$out"/part-*.json >"$out/summary.json"

# rows FILTER: each array that it yields is a line of a Markdown table.
rows() {
    jq -r '
    def n($d): if . == null then "-" else . as $x | pow(10; $d) as $p
        | ($x * $p | round / $p | tostring) end;
    def pct: if . == null then "-" else . * 100 | n(2) + " %" end;
    def s: if . < 0 then "never" else (. / 1000 | n(2)) + " s" end;
    def codes($given_up): to_entries | map("\(.key): \(.value)")
        + (if $given_up > 0 then ["none in 4 s: \($given_up)"] else [] end) | join(", ");
    '"$1"' | "| " + (map(tostring) | join(" | ")) + " |"' "$out/summary.json"
}

echo
jq -r '.machine | "\(.cores) cores of \(.cpu), Linux \(.kernel)"' "$out/summary.json"

if jq -e '.peaks | length > 0' "$out/summary.json" >/dev/null; then
    printf '\n**Peak**: the better of 64 and 256 under way, one core.\n\n'
    echo '| server | calls a second (under way) | CPU us a call | registrations a second | CPU us a registration | generator busy |'
    echo '|---|---|---|---|---|---|'
    rows '.peaks | to_entries[] | [.key, (.value.calls | n(0)) + " (" + .value.call_depth + ")", (.value.call_us | n(1)),
        (.value.registers | n(0)), (.value.register_us | n(1)), (.value.generator_cpu | pct)]'
fi

if jq -e '.loads | length > 0' "$out/summary.json" >/dev/null; then
    printf '\n**Overload**: goodput is what was answered during the load, each within 4 s of its first\ntry, in %% of the peak, and of what the same run did before, when it was offered no more than it can do.\n\n'
    echo '| server | work | offered (x peak) | offered a second | goodput | of what it did before | p50 / p99 ms | sent late, p99 ms | in dialogs | refreshes | calls beside | well again after | memory | packets a try | CPU us one shed | kernel drops | answers |'
    echo '|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|---|'
    rows '.loads | sort_by(.part, .server, .load)[] |
        [.server, (if .part == "flood" then "REGISTER" else "INVITE" end),
         (.load | tostring) + (if .honest then "" else " (!)" end), (.offered_per_s | n(0)),
         (.goodput | pct), (.goodput_of_room | pct),
         (.p50_ms | n(1)) + " / " + (.p99_ms | n(1)), (.sent_late_p99_ms | n(1)), (.dialog_ok | pct),
         (.refresh_ok | pct), (if .part == "flood" then (.calls_ok | pct) else "-" end),
         (if .recovery_ms < 0 then "not within the run" else (.recovery_ms / 1000 | n(1)) + " s" end),
         (.memory_growth | if . == null then "-" else (if . < 0 then "" else "+" end) + pct end), (.packets | n(2)), (.shed_us | n(2)),
         .drops_server,
         (.given_up as $up | .statuses | codes($up))]'
    echo
    jq -r '.fits | to_entries[] | select(.value) | .value as $f | "\(.key) at its limit, fitted over \($f.loads) loads: \($f.call_us * 10 | round / 10) us of CPU a call, \($f.shed_us * 100 | round / 100) us each that became none.\n"' "$out/summary.json"
    jq -r '.loads[] | select(.honest | not) | "(!) \(.server), \(.load) x: the generator was the bottleneck (late by up to \(.lag_max_ms | round) ms, \(.generator_cpu * 100 | round) % of its core, \(.drops_own) answers lost); take the column of what was offered."' "$out/summary.json"
fi

if jq -e '.silent | length > 0' "$out/summary.json" >/dev/null; then
    printf '\n**A destination that never answers**, 100 calls a second to it.\n\n'
    echo '| server | calls to it | INVITEs to it | INVITEs a call | other calls well | in dialogs | p99 ms | answers |'
    echo '|---|---|---|---|---|---|---|---|'
    rows '.silent[] | [.server, .dead, .invites, (.invites_a_call | n(2)), (.others_ok | pct),
        (.dialog_ok | pct), (.p99_ms | n(1)),
        (.given_up as $up | .statuses | codes($up))]'
fi

if jq -e '.avalanches | length > 0' "$out/summary.json" >/dev/null; then
    printf '\n**Avalanche**: all phones come back at once.\n\n'
    echo '| server | what happened | phones | registrations a second | first | half | 99 % | allowed for 99 % | all | packets a phone | refused |'
    echo '|---|---|---|---|---|---|---|---|---|---|---|'
    rows '.avalanches[] | [.server, .kind, .phones, .capacity_per_s, (.first_ms | s), (.t50_ms | s),
        (.t99_ms | s), (.bound_ms | s), (.t100_ms | s),
        (.packets_per_phone | n(2)) + (if .packets_per_phone_deaf > 0
            then " (and \(.packets_per_phone_deaf | n(1)) unanswered)" else "" end), .refused]'
fi

if jq -e '.tcp | length > 0' "$out/summary.json" >/dev/null; then
    printf '\n**TCP**: connections held, one phone each; 32 messages under way.\n\n'
    echo '| server | connections | lost | bytes a connection, program | and kernel | bytes a binding | CPU us OPTIONS | CPU us registration | CPU us refresh | refreshes a second | failed |'
    echo '|---|---|---|---|---|---|---|---|---|---|---|'
    rows '.tcp[] | [.server, .opened, .lost, .bytes_a_connection.server, .bytes_a_connection.kernel,
        .bytes_a_binding.server, .options.cpu_us.server, .registrations.cpu_us.server,
        .refreshes.cpu_us.server, .refreshes.per_s,
        (.options_first.failed + .options.failed + .registrations.failed + .refreshes.failed)]'
fi

if jq -e '.millions | length > 0' "$out/summary.json" >/dev/null; then
    printf '\n**Killed with all its bindings.**\n\n'
    echo '| server | bindings | registrations a second | first refresh answered | every socket answered | challenged | MB before | MB with them | MB behind it | bytes a binding |'
    echo '|---|---|---|---|---|---|---|---|---|---|'
    rows '.millions[] | .pss_kib.edge as $m | [.server, .bindings, .register_per_s,
        (.first_ms | s), (.all_ms | s), .challenged,
        ($m.empty / 1024 | n(0)), ($m.full / 1024 | n(0)), ((.pss_after_kib // 0) / 1024 | n(0)),
        (($m.full - $m.empty) * 1024 / .bindings | n(0))]'
fi
if jq -e 'any(.. | .server? // empty; startswith("dialtone"))' "$out/summary.json" >/dev/null; then
    printf '\n**Against the goals.**\n\n'
    echo '| server | what | goal | found | met |'
    echo '|---|---|---|---|---|'
    jq -r -f "$here/goals.jq" "$out/summary.json"
fi
echo
echo "figures: $out/summary.json"
if [ -n "$svg" ] && jq -e '[.loads[] | select(.part == "calls")] | length > 0' "$out/summary.json" >/dev/null; then
    "$here/draw-overload.sh" "$out/summary.json" >"$out/curve.svg" && cp "$out/curve.svg" "$svg"
    echo "curve: $svg"
fi
