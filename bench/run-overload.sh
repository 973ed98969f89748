#!/bin/sh
# Offers dialtone and Kamailio more than they can do, on loopback, each pinned to one core with the
# generator on another, and says what became of it. docs/performance.md says what the figures mean.
set -eu

usage() {
    cat <<'END'
run-overload.sh [options]

  --quick          four minutes at most: fewer and shorter loads, parts calls and silent
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
  --minutes N      what cannot end within so many minutes is not begun, and named (16)
  --keep           add to the figures of an earlier run in --out instead of beginning anew
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
minutes=
is_quick=
is_first=
is_keep=

. "$here/common.sh"
take_options "servers parts loads users phones connections bindings seconds nonce svg build out port minutes" "quick first keep" "$@"
if [ -n "$is_quick" ]; then
    parts=${parts:-calls,silent}
    loads=${loads:-1,3,10}
    users=${users:-10000}
    seconds=${seconds:-4}
    minutes=${minutes:-4}
else
    parts=${parts:-calls,flood,silent,avalanche,tcp,million}
    loads=${loads:-1,1.5,3,5,10}
    users=${users:-40000}
    seconds=${seconds:-8}
    minutes=${minutes:-16}
fi
out=${out:-$build/overload}
dialstorm=$build/bench/dialstorm
dialtone=$build/dialtone
work=$(mktemp -d)
. "$here/servers.sh"
need_tools jq "$dialstorm"
mkdir -p "$out"
[ -n "$is_keep" ] || rm -f "$out"/part-*.json

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

begun_at=$(date +%s)
generator_pid=
left_out=
elapsed() { echo $(($(date +%s) - begun_at)); }

finish() {
    [ -z "$generator_pid" ] || kill "$generator_pid" 2>/dev/null || true
    stop_server
    rm -rf "$work"
}
finish_always

# has_time SECONDS WHAT: true while so much of the time is left; else WHAT is noted as left out.
has_time() {
    [ $(($(elapsed) + $1)) -gt $((minutes * 60)) ] || return 0
    left_out="$left_out${left_out:+; }$2"
    return 1
}

# fresh_server NAME USERS: false, and a word about it, if there is none.
fresh_server() {
    stop_server
    rm -rf "${work:?}"/*
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
    echo "-- $(elapsed) s: $server, $part $key" >&2
    # Waited for in the background, so that a signal to this script ends the generator at once.
    # shellcheck disable=SC2086
    timeout $((minutes * 60 + 60 - $(elapsed))) $generator_pin "$dialstorm" "$mode" \
        --target "127.0.0.1:$port" $watch --out "$work/figures.json" "$@" &
    generator_pid=$!
    if wait "$generator_pid"; then
        jq --arg server "$server" --arg part "$part" --arg key "$key" \
            '{server: $server, part: $part, key: $key, figures: .}' "$work/figures.json" \
            >"$out/part-$server-$part-$key.json"
    else
        echo "   no figures of $server, $part $key" >&2
    fi
    generator_pid=
}

multiple() { awk -v a="$1" -v b="$2" 'BEGIN { printf "%d\n", a * b }'; }
steady="dialogs=100,refreshes=100"
before=2
after=7
room=3
[ -z "$is_quick" ] || { before=1; after=6; room=2; }
setup=12 # seconds that it takes to start a server and register the phones

# What the server does a second when it is never idle: the better of two depths.
run_peak() {
    has_time $((setup + 18)) "peak of $1" || return 0
    fresh_server "$1" $((users + 20000)) || return 0
    storm "$1" peak all phases --users "$users" --flood 10000 --nonce "$nonce" \
        --phase warm:2:calls=64c --phase calls-64:3:calls=64c --phase calls-256:3:calls=256c \
        --phase registers-64:3:registers=64c --phase registers-256:3:registers=256c --tail 2
    read_peak "$1" || return 0
    echo "   peak of $1: $peak_calls calls, $peak_registers registrations a second" >&2
}

# Sets peak_calls and peak_registers; false: there is no load to be a multiple of.
read_peak() {
    file=$out/part-$1-peak-all.json
    [ -f "$file" ] || return 1
    peak_calls=$(jq '[.figures.phases[] | select(.name | startswith("calls")).calls.ok_per_s] | max | floor' "$file")
    peak_registers=$(jq '[.figures.phases[] | select(.name | startswith("registers")).registers.ok_per_s] | max | floor' "$file")
    [ "$peak_calls" -gt 10 ] && [ "$peak_registers" -gt 10 ]
}

# run_calls SERVER LOAD: behind another look at what the server does when it is never idle, since a
# machine that others use is not the same some minutes later.
run_calls() {
    # Memory is compared behind all the transactions that the peak makes, which live for 32 s.
    warm=2
    case $is_quick,$1,$2 in
    ,dialtone-*,"${loads##*,}") warm=34 ;;
    esac
    read_peak "$1" || return 0
    has_time $((setup + warm + room + before + seconds + after + 5)) "$1 at $2 times its peak" || return 0
    fresh_server "$1" $((users + 20000)) || return 0
    half=$(multiple "$peak_calls" 0.5)
    storm "$1" calls "$2" phases --users "$users" --held 200 --nonce "$nonce" --tail 5 \
        --phase "warm:$warm:calls=64c,$steady" --phase "room:$room:calls=128c,$steady" \
        --phase "before:$before:calls=$half,$steady" \
        --phase "storm:$seconds:calls=$(multiple "$peak_calls" "$2"),$steady" \
        --phase "after:$after:calls=$half,$steady"
}

run_flood() {
    read_peak "$1" || return 0
    has_time $((setup + 5 + before + seconds + after + 5)) "flood of $1" || return 0
    fresh_server "$1" $((users + 40000)) || return 0
    half=$(multiple "$peak_calls" 0.5)
    storm "$1" flood 10 phases --users "$users" --flood 40000 --held 200 --nonce "$nonce" --tail 5 \
        --phase "warm:2:calls=64c,$steady" --phase "room:3:calls=$half,registers=256c,$steady" \
        --phase "before:$before:calls=$half,$steady" \
        --phase "storm:$seconds:calls=$half,registers=$(multiple "$peak_registers" 10),$steady" \
        --phase "after:$after:calls=$half,$steady"
}

run_silent() {
    has_time $((seconds + 28)) "silent destination of $1" || return 0
    fresh_server "$1" $((users + 20000)) || return 0
    storm "$1" silent 100 phases --users 10000 --dead 100 --held 100 --tail 15 \
        --phase "before:2:calls=300,dialogs=100" \
        --phase "storm:$seconds:calls=300,dead=100,dialogs=100" \
        --phase "after:3:calls=300,dialogs=100"
}

run_avalanche() {
    has_time 55 "avalanche of $1, answers lost" || return 0
    fresh_server "$1" "$phones" || return 0
    storm "$1" avalanche lost-answers avalanche --users "$phones" --deaf 30 --nonce forget --limit 60
    case $1 in
    dialtone-*) ;;
    *) return 0 ;; # nothing starts it again
    esac
    has_time 30 "avalanche of $1, killed" || return 0
    fresh_server "$1" "$phones" || return 0
    storm "$1" avalanche killed avalanche --users "$phones" --kill-pid "$edge" --nonce forget --limit 60
}

run_tcp() {
    has_time 40 "tcp of $1" || return 0
    files=$(ulimit -n)
    if [ "$files" != unlimited ] && [ "$connections" -gt $((files - 1000)) ]; then
        connections=$((files - 1000))
        echo "each side may open $files files: $connections connections" >&2
    fi
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
    has_time 90 "a million bindings of $1" || return 0
    fresh_server "$1" "$bindings" || return 0
    storm "$1" million "$bindings" revive --users "$bindings" --kill-pid "$edge"
    file=$out/part-$1-million-$bindings.json
    [ -f "$file" ] || return 0
    "$dialtone" status "$work/dialtone" --json >"$work/status.json" 2>/dev/null || return 0
    edge=$(jq -r '[.. | objects | select(.name? == "edge" and .pid?) | .pid][0] // empty' \
        "$work/status.json")
    pss=$(sed -n 's/^Pss: *\([0-9]*\) kB/\1/p' "/proc/$edge/smaps_rollup" 2>/dev/null | head -n 1)
    jq --argjson pss "${pss:-null}" '.figures.pss_after_kib = $pss' "$file" >"$work/with-pss.json"
    mv "$work/with-pss.json" "$file"
}

has_part() { case ",$parts," in *",$1,"*) return 0 ;; *) return 1 ;; esac; }

# What cannot be measured is missing from the tables, and no reason to lose the others.
# Servers take turns, so that an hour's mood of the machine is no server's alone.
if has_part calls || has_part flood; then
    for server_name in $(echo "$servers" | tr ',' ' '); do run_peak "$server_name" || true; done
fi
if has_part calls; then
    for load in $(echo "$loads" | tr ',' ' '); do
        for server_name in $(echo "$servers" | tr ',' ' '); do run_calls "$server_name" "$load" || true; done
    done
fi
for part_name in flood silent avalanche million tcp; do
    has_part "$part_name" || continue
    for server_name in $(echo "$servers" | tr ',' ' '); do "run_$part_name" "$server_name" || true; done
done
stop_server

"$here/report-overload.sh" "$out" ${svg:+"$svg"}
[ -z "$left_out" ] || echo "Left out, because $minutes minutes were over: $left_out."
echo "It took $(elapsed) s."
