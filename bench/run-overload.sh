#!/bin/sh
# Offers dialtone and Kamailio more than they can do, on loopback, each pinned to one core with the
# generator on another, and says what became of it. docs/performance.md says what the figures mean.
set -eu

usage() {
    cat <<'END'
run-overload.sh [options]

  --quick          less than three minutes: fewer and shorter loads, parts calls and silent
  --servers LIST   of dialtone-1, kamailio-1, credit-1 (dialtone-1,kamailio-1); one worker each, because
                   one core is theirs
  --parts LIST     of calls, flood, silent, avalanche, tcp, million (all of them)
                     calls      INVITE at some multiples of the peak found first
                     flood      REGISTER at ten times its peak beside half of the peak in calls
                     silent     100 calls a second to a destination that never answers, beside others
                     avalanche  all phones come back at once, after kill -9 and after lost answers
                     tcp        connections held, messages over them
                     million    bindings registered, kill -9, time until they are answered for
  --loads LIST     multiples of the peak (1,1.5,3,5,10)
  --users N        phones of calls and flood (40000)
  --phones N       phones of the avalanche (20000)
  --connections N  of tcp (50000)
  --bindings N     of million (1000000)
  --seconds N      length of each overload (8)
  --nonce WHICH    held or forget: whether a call is challenged (held)
  --svg FILE       draw the curve there
  --first          take precedence over what else runs here, as far as the kernel allows
  --build DIR      where dialtone and bench/dialstorm were built (build)
  --out DIR        where the figures go (build/overload)
  --port N         first of two ports on 127.0.0.1 (25160)
END
}

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
servers=dialtone-1,kamailio-1
parts=
loads=
users=
phones=20000
connections=50000
bindings=1000000
seconds=
nonce=held
svg=
build=$root/build
out=
port=25160
is_quick=
is_first=

while [ $# -gt 0 ]; do
    case $1 in
    --help) usage; exit 0 ;;
    --quick) is_quick=yes; shift ;;
    --first) is_first=yes; shift ;;
    --servers | --parts | --loads | --users | --phones | --connections | --bindings | --seconds | \
        --nonce | --svg | --build | --out | --port)
        [ $# -ge 2 ] || { echo "$1 needs a value" >&2; exit 2; }
        eval "${1#--}=\$2"
        shift 2
        ;;
    *) echo "unknown option $1; see --help" >&2; exit 2 ;;
    esac
done
if [ -n "$is_quick" ]; then
    parts=${parts:-calls,silent}
    loads=${loads:-1,3,10}
    users=${users:-10000}
    seconds=${seconds:-4}
else
    parts=${parts:-calls,flood,silent,avalanche,tcp,million}
    loads=${loads:-1,1.5,3,5,10}
    users=${users:-40000}
    seconds=${seconds:-8}
fi
out=${out:-$build/overload}
dialstorm=$build/bench/dialstorm
dialtone=$build/dialtone
work=$(mktemp -d)
. "$here/servers.sh"
for tool in jq "$dialstorm"; do
    command -v "$tool" >/dev/null || { echo "$tool is missing" >&2; exit 2; }
done
mkdir -p "$out"
rm -f "$out"/part-*.json

# The server has one core and the generator another; with a single core both share it, and the
# figures are of that.
generator_pin=
if [ "$(nproc)" -ge 2 ] && command -v taskset >/dev/null; then
    cores=$(taskset -cp $$ | sed 's/.*: //' | tr ',' '\n' | awk -F- '{for (i = $1; i <= (NF > 1 ? $2 : $1); i++) print i}')
    pin="taskset -c $(echo "$cores" | sed -n 1p)"
    generator_pin="taskset -c $(echo "$cores" | sed -n 2p)"
fi
if [ -n "$is_first" ]; then
    renice -n -15 -p $$ >/dev/null 2>&1 || echo "precedence was refused" >&2
    { echo -15 >/proc/self/autogroup; } 2>/dev/null || true
fi
# 50,000 connections are files to both sides; root may raise the limit.
ulimit -n 131072 2>/dev/null || ulimit -n "$(ulimit -Hn)" 2>/dev/null || true

finish() {
    stop_server
    rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

# fresh_server NAME USERS: false, and a word about it, if there is none.
fresh_server() {
    stop_server
    rm -rf "$work"/*
    family=
    users_before=$users
    users=$2
    is_up=yes
    case $1 in
    dialtone-*) start_dialtone "${1#dialtone-}" || is_up= ;;
    kamailio-*) start_kamailio "${1#kamailio-}" || is_up= ;;
    credit-*) start_kamailio "${1#credit-}" -A WITH_CREDIT || is_up= ;;
    *) echo "no server is called $1" >&2; exit 2 ;;
    esac
    users=$users_before
    [ -z "$is_up" ] || return 0
    echo "$1 could not be started; left out" >&2
    [ ! -f "$work/server.log" ] || tail -n 5 "$work/server.log" >&2
    return 1
}

# storm SERVER PART KEY MODE [options]: runs the generator and keeps its figures.
storm() {
    server=$1 part=$2 key=$3 mode=$4
    shift 4
    echo "-- $server, $part $key" >&2
    # shellcheck disable=SC2086
    if timeout 400 $generator_pin "$dialstorm" "$mode" --target "127.0.0.1:$port" $watch \
        --out "$work/figures.json" "$@"; then
        jq --arg server "$server" --arg part "$part" --arg key "$key" \
            '{server: $server, part: $part, key: $key, figures: .}' "$work/figures.json" \
            >"$out/part-$server-$part-$key.json"
    else
        echo "   no figures of $server, $part $key" >&2
    fi
}

multiple() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%d\n", a * b }'; }
steady="dialogs=100,refreshes=100"
before=2
after=7
[ -z "$is_quick" ] || { before=1; after=6; }

# Sets peak_calls and peak_registers: what the server does a second when it is never idle.
find_peak() {
    fresh_server "$1" $((users + 20000)) || return 1
    storm "$1" peak all phases --users "$users" --flood 10000 --nonce "$nonce" \
        --phase warm:2:calls=64c --phase calls:4:calls=64c --phase registers:3:registers=64c --tail 2
    [ -f "$out/part-$1-peak-all.json" ] || return 1
    peak_calls=$(jq '.figures.phases[1].calls.ok_per_s | floor' "$out/part-$1-peak-all.json")
    peak_registers=$(jq '.figures.phases[2].registers.ok_per_s | floor' "$out/part-$1-peak-all.json")
    echo "   peak of $1: $peak_calls calls, $peak_registers registrations a second" >&2
    [ "$peak_calls" -gt 10 ] && [ "$peak_registers" -gt 10 ]
}

run_calls() {
    half=$(multiple "$peak_calls" 0.5)
    for load in $(echo "$loads" | tr ',' ' '); do
        fresh_server "$1" $((users + 20000)) || return 0
        # Memory is compared behind all the transactions that the peak makes, which live for 32 s.
        warm=2
        [ -n "$is_quick" ] || [ "$load" != "${loads##*,}" ] || warm=34
        storm "$1" calls "$load" phases --users "$users" --held 200 --nonce "$nonce" --tail 6 \
            --phase "warm:$warm:calls=64c,$steady" --phase "before:$before:calls=$half,$steady" \
            --phase "storm:$seconds:calls=$(multiple "$peak_calls" "$load"),$steady" \
            --phase "after:$after:calls=$half,$steady"
    done
}

run_flood() {
    half=$(multiple "$peak_calls" 0.5)
    fresh_server "$1" $((users + 40000)) || return 0
    storm "$1" flood 10 phases --users "$users" --flood 40000 --held 200 --nonce "$nonce" --tail 6 \
        --phase "warm:2:calls=64c,$steady" --phase "before:$before:calls=$half,$steady" \
        --phase "storm:$seconds:calls=$half,registers=$(multiple "$peak_registers" 10),$steady" \
        --phase "after:$after:calls=$half,$steady"
}

run_silent() {
    fresh_server "$1" $((users + 20000)) || return 0
    storm "$1" silent 100 phases --users 10000 --dead 100 --held 100 --tail 15 \
        --phase "before:2:calls=300,dialogs=100" \
        --phase "storm:$seconds:calls=300,dead=100,dialogs=100" \
        --phase "after:3:calls=300,dialogs=100"
}

run_avalanche() {
    fresh_server "$1" "$phones" || return 0
    storm "$1" avalanche lost-answers avalanche --users "$phones" --deaf 30 --nonce forget --limit 90
    case $1 in
    dialtone-*)
        fresh_server "$1" "$phones" || return 0
        storm "$1" avalanche killed avalanche --users "$phones" --kill-pid "$edge" --nonce forget \
            --limit 90
        ;;
    esac
}

run_tcp() {
    with_tcp=yes
    if fresh_server "$1" "$connections"; then
        storm "$1" tcp "$connections" tcp --connections "$connections" --sources 20
    fi
    with_tcp=
}

run_million() {
    case $1 in
    dialtone-*) ;;
    *) return 0 ;; # it keeps no binding over its end
    esac
    fresh_server "$1" "$bindings" || return 0
    storm "$1" million "$bindings" revive --users "$bindings" --kill-pid "$edge"
    "$dialtone" status "$work/dialtone" --json >"$work/status.json" 2>/dev/null || return 0
    edge=$(jq -r '[.. | objects | select(.name? == "edge" and .pid?) | .pid][0] // empty' \
        "$work/status.json")
    pss=$(sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' "/proc/$edge/smaps_rollup" 2>/dev/null | head -n 1)
    file=$out/part-$1-million-$bindings.json
    [ ! -f "$file" ] || jq --argjson pss "${pss:-null}" '.figures.pss_after_kib = $pss' "$file" \
        >"$work/with-pss.json" && mv "$work/with-pss.json" "$file"
}

has_part() { case ",$parts," in *",$1,"*) return 0 ;; *) return 1 ;; esac; }

for server in $(echo "$servers" | tr ',' ' '); do
    if has_part calls || has_part flood; then
        find_peak "$server" || continue
    fi
    for part in calls flood silent avalanche tcp million; do
        ! has_part "$part" || "run_$part" "$server"
    done
    stop_server
done

"$here/report-overload.sh" "$out" ${svg:+"$svg"}
