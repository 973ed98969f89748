#!/bin/sh
# summarise.sh DIR: medians over the runs that run-side-by-side.sh left in DIR, as DIR/summary.json
# and as tables with ratios.
set -eu
out=$1

ls "$out"/run-*.json >/dev/null 2>&1 || { echo "no runs in $out" >&2; exit 1; }

jq -s --arg cpu "$(sed -n 's/^model name[^:]*: //p' /proc/cpuinfo | head -n 1)" \
    --argjson cores "$(nproc)" --arg kernel "$(uname -r)" '
def median: sort | if length == 0 then null
    elif length % 2 == 1 then .[length / 2 | floor]
    else (.[length / 2 - 1] + .[length / 2]) / 2 end;
def spread: map(select(. != null)) | if length == 0 then null
    else {median: median, min: min, max: max} end;
def problems: .failed + .timeouts + .cut + .unfinished + .flawed + .not_started + .unreadable;
def grown(group): if .usage[group].pss_after_kib == null or .ok == 0 then null
    else (.usage[group].pss_after_kib - .usage[group].pss_before_kib) * 1024 / .ok end;
{
  machine: {cpu: $cpu, cores: $cores, kernel: $kernel},
  results: (
    [.[] | . as $run | .steps[] | . + {server: $run.server, part: $run.part}]
    | map(select(.label | endswith("warm-up") | not))
    | group_by([.server, .part, .label])
    | map({
        server: .[0].server, part: .[0].part, label: .[0].label, runs: length,
        ok: (map(.ok) | add), problems: (map(problems) | add),
        drops: (map(.drops_server + .drops_own) | add),
        retransmits: (map(.retransmits) | add), reordered: (map(.reordered) | add),
        ringing_missed: (map(.ringing_missed) | add), stale: (map(.stale) | add),
        cpu_us: (map(.usage.server.cpu_us_per_operation?) | spread),
        edge_cpu_us: (map(.usage.edge.cpu_us_per_operation?) | spread),
        per_second: (map(.per_second) | spread),
        p50_us: (map(.latency_us.p50) | spread),
        p99_us: (map(.latency_us.p99) | spread),
        p999_us: (map(.latency_us.p999) | spread),
        pss_bytes: (map(grown("server")) | spread),
        edge_pss_bytes: (map(grown("edge")) | spread),
        generator_cpu_us: (map(.own_cpu_us_per_operation) | spread)
      }))
}' "$out"/run-*.json >"$out/summary.json"

# One line an operation, one column a server; "!" marks an operation that failed somewhere.
table() { # title, field, digits, only these labels (regular expression)
    rows=$(jq -r --arg field "$2" --argjson digits "$3" --arg only "$4" '
    def order: {"registration": 1, "registration-known": 2, "refresh": 3, "options": 4,
        "call-challenged": 5, "call-held-nonce": 6, "registration-2000": 7, "refresh-2000": 8,
        "call-300": 9, "held": 10, "hangup": 11};
    def text: if . == null then "-" else . as $n | pow(10; $digits) as $p
        | ($n * $p | round / $p | tostring) end;
    def ratio($a; $b): if $a == null or $b == null or $b == 0 then "-"
        else ($a / $b * 100 | round / 100 | tostring) end;
    [.results[] | select((.label | test($only)) and .[$field] != null)] as $rows
    | ($rows | map(.server) | unique) as $servers
    | ($servers | map(select(startswith("dialtone"))) | last) as $ours
    | select($rows | length > 0)
    | (["operation"] + $servers
        + (if $ours then [$servers[] | select(startswith("dialtone") | not) | . + "/" + $ours]
           else [] end)),
      ($rows | group_by(.label) | sort_by(order[.[0].label] // 99) | .[]
       | . as $row
       | (reduce $row[] as $r ({}; .[$r.server] = $r)) as $by
       | [$row[0].label]
         + [$servers[] | if $by[.] == null then "-" else
             ($by[.][$field] | "\(.median | text)" + (if .min == .max then "" else
                 " [\(.min | text)-\(.max | text)]" end))
             + (if $by[.].problems > 0 then "!" else "" end) end]
         + (if $ours then [$servers[] | select(startswith("dialtone") | not)
             | ratio($by[.][$field].median; $by[$ours][$field].median)] else [] end))
    | @tsv' "$out/summary.json" | column -t -s "$(printf '\t')")
    [ -z "$rows" ] || printf '\n%s\n%s\n' "$1" "$rows"
}

jq -r '.machine | "\(.cores) cores of \(.cpu), Linux \(.kernel)"' "$out/summary.json"
table "CPU microseconds an operation, all processes: median [min-max], ratios" cpu_us 1 .
table "CPU microseconds an operation, the edge alone" edge_cpu_us 1 .
table "Operations a second" per_second 0 '^(registration|registration-known|refresh|options|call-challenged|call-held-nonce)$'
table "Latency p50, microseconds" p50_us 0 '^(?!hangup|held)'
table "Latency p99, microseconds" p99_us 0 '^(?!hangup|held)'
table "Latency p99.9, microseconds" p999_us 0 '^(?!hangup|held)'
table "Bytes of memory (PSS) a new binding" pss_bytes 0 '^registration$'
table "Bytes of memory (PSS) a held call" pss_bytes 0 '^held$'

echo
jq -r '[.results[] | select(.problems + .drops + .retransmits + .reordered + .ringing_missed
        + .stale > 0)]
    | if length == 0 then "Every operation of every run ended well; nothing was lost or reordered."
      else (["server", "operation", "ok", "problems", "kernel drops", "retransmits",
             "180 behind 200", "180 never", "stale"],
            (.[] | [.server, .label, .ok, .problems, .drops, .retransmits, .reordered,
             .ringing_missed, .stale])) | @tsv end' "$out/summary.json" |
    column -t -s "$(printf '\t')"
echo "figures: $out/summary.json"
