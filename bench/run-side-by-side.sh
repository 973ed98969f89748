#!/bin/sh
# Runs dialtone and Kamailio one after the other on loopback under the same generator, and prints
# what an operation cost each: CPU, time, memory. docs/performance.md says what the figures mean.
set -eu

usage() {
    cat <<'END'
run-side-by-side.sh [options]

  --runs N         fresh servers of each kind; medians are taken over them (3)
  --servers LIST   which, separated by commas, of kamailio-1 kamailio-2 carrier-1 carrier-2 credit-1
                   dialtone-1 dialtone-2, the number being workers, and floor: the same datagrams,
                   given back (floor,kamailio-1,kamailio-2,carrier-2,credit-1,dialtone-1,dialtone-2)
  --parts LIST     of closed, open, held (closed,open,held)
  --scale PERCENT  share of the full counts: 10 for a quick look (100)
  --build DIR      where dialtone and bench/dialload were built (build)
  --out DIR        where the figures go (build/side-by-side)
  --port N         first of two ports on 127.0.0.1 (25060)

A server that cannot be started is left out, and said so.
END
}

here=$(cd "$(dirname "$0")" && pwd)
root=$(dirname "$here")
runs=3
servers=floor,kamailio-1,kamailio-2,carrier-2,credit-1,dialtone-1,dialtone-2
parts=closed,open,held
scale=100
build=$root/build
out=
port=25060

. "$here/common.sh"
take_options "runs servers parts scale build out port" "" "$@"
out=${out:-$build/side-by-side}
dialload=$build/bench/dialload
floor=$build/bench/bench-floor
dialtone=$build/dialtone
work=$(mktemp -d)
. "$here/servers.sh"

need_tools jq "$dialload" "$floor"
mkdir -p "$out"
rm -f "$out"/run-*.json

finish() {
    stop_server
    rm -rf "$work"
}
finish_always

scaled() {
    count=$(($1 * scale / 100))
    [ "$count" -ge 200 ] || count=200
    echo "$count"
}

start_server() {
    case $1 in
    kamailio-*) start_kamailio "${1#kamailio-}" ;;
    carrier-*) start_kamailio "${1#carrier-}" -A WITH_CARRIER ;;
    credit-*) start_kamailio "${1#credit-}" -A WITH_CREDIT ;;
    dialtone-*) start_dialtone "${1#dialtone-}" ;;
    *) echo "no server is called $1" >&2; exit 2 ;;
    esac
}

phones=$(scaled 100000)
callers=$(scaled 40000)
warm=$(scaled 10000)
users=$((phones + warm))

# Closed loop, 32 at once: the cost of an operation when the server is never idle. Calls warm up by
# time: Kamailio keeps a transaction for 5 s, and grows until the first ones end.
load_closed() {
    "$dialload" --target "127.0.0.1:$port" --sockets 16 $watch --json "$1" --algorithm md5 --limit 120 \
        --mode register --label warm-up --first-user "$phones" --users "$warm" --count "$warm" \
        --settle 1 \
        --mode register --label registration --first-user 0 --users "$phones" --count "$phones" \
        --settle 2 \
        --mode register --label registration-known --settle 0 \
        --mode refresh --label refresh --count $((phones * 2)) \
        --mode options --label options --count "$phones" \
        --mode call --label call-warm-up --users "$callers" --nonce forget --count 0 --duration 8 \
        --mode call --label call-challenged --duration 0 --count $((callers * 3 / 2)) \
        --mode call --label call-held-nonce --nonce held --count $((callers * 3 / 2))
}

# Open loop at rates that a real server sees: it sleeps between datagrams, and pays for waking.
load_open() {
    seconds=$((10 * scale / 100 + 1))
    "$dialload" --target "127.0.0.1:$port" --sockets 16 $watch --json "$1" --algorithm md5 --limit 120 \
        --mode register --label warm-up --users "$callers" --count "$callers" --settle 1 \
        --mode register --label registration-2000 --rate 2000 --count $((seconds * 2000)) \
        --settle 0 \
        --mode refresh --label refresh-2000 \
        --mode call --label call-warm-up --rate 300 --count 300 --hold 1000 --ring 100 \
        --mode call --label call-300 --count $((seconds * 300)) --nonce forget
}

# Calls that stay up. The first ones bring the server to the state where it has at any time as many
# transactions as the rate makes; what it grows by while the others come is the calls'.
load_held() {
    "$dialload" --target "127.0.0.1:$port" --sockets 16 $watch --json "$1" --algorithm md5 --limit 200 \
        --mode register --label warm-up --users "$callers" --count "$callers" \
        --mode call --label call-warm-up --rate 250 --count 2500 --hold keep \
        --mode call --label held --count "$(scaled 5000)" \
        --mode hangup --label hangup --rate 0
}

# No server: what as many datagrams in and out cost. A call is 8, or 6 in and 7 out.
load_floor() { # part, file
    case $1 in
    closed)
        set -- "$2" --step registration:2 --step registration-known:2 --step refresh:1 \
            --step options:1 --step call-challenged:8 --step call-held-nonce:6.5
        ;;
    open)
        set -- "$2" --step registration-2000:2:4000 --step refresh-2000:1:2000 \
            --step call-300:8:2400 --count $(((10 * scale / 100 + 1) * 2000))
        ;;
    *) return 0 ;;
    esac
    "$floor" --json "$@"
}

keep_figures() { # server, part, run
    if [ -s "$work/figures.json" ]; then
        jq --arg server "$1" --arg part "$2" --argjson run "$3" \
            '{server: $server, part: $part, run: $run, steps: .steps}' \
            "$work/figures.json" >"$out/run-$1-$2-$3.json"
    fi
}

run_part() { # server, part, run
    rm -rf "$work"/*
    server_pid=
    family=
    echo "-- $1, $2, run $3"
    if [ "$1" = floor ]; then
        load_floor "$2" "$work/figures.json" || echo "the floor could not be measured" >&2
        keep_figures "$@"
        return 0
    fi
    if ! start_server "$1"; then
        echo "$1 could not be started; left out" >&2
        [ ! -f "$work/server.log" ] || tail -n 5 "$work/server.log" >&2
        stop_server
        return 0
    fi
    "load_$2" "$work/figures.json" || echo "   not every operation of $1 ended well" >&2
    keep_figures "$@"
    stop_server
}

run=1
while [ "$run" -le "$runs" ]; do
    for server in $(echo "$servers" | tr ',' ' '); do
        for part in $(echo "$parts" | tr ',' ' '); do
            run_part "$server" "$part" "$run"
        done
    done
    run=$((run + 1))
done

"$here/summarise.sh" "$out"
