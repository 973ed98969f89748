#!/bin/sh
# run-cutoff.sh [--calls COUNT] [--credit UNITS] [--servers LIST] [--runs COUNT]: many calls at once by one account
# that has money for a few seconds of talk: how long all of them together talk, on dialtone and on Kamailio with
# cnxcc. A second costs 1.00, by the second. SIPp calls and answers, and counts from its ACK to the server's BYE.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../build
calls=100
credit=20
servers=credit-1,dialtone-1
runs=3
port=25560
usage() { sed -n '2,4p' "$0" | sed 's/^# //'; }
. "$here/common.sh"
take_options "calls credit servers runs build port" "" "$@"
dialtone=$build/dialtone
work=$(mktemp -d)
users=2
scenarios=$here/../test/wire/sipp
callee_pid=
. "$here/servers.sh"

need_tools sipp awk jq

end_callee() {
    [ -z "$callee_pid" ] || kill "$callee_pid" 2>/dev/null || true
    callee_pid=
}
finish() {
    end_callee
    stop_server
    rm -rf "$work"
}
finish_always

start_server() {
    case $1 in
    credit-*)
        start_kamailio "${1#credit-}" -A WITH_CREDIT -A "BENCH_CREDIT=\"$credit\"" \
            -A 'BENCH_PER_SECOND="1"'
        ;;
    dialtone-*)
        timeout 60 "$dialtone" init "$work/dialtone" --domain bench.test --load-users $users \
            --load-balance "$credit.00" --load-price 60.00 >"$work/server.log" 2>&1 || return 1
        start_dialtone "${1#dialtone-}"
        ;;
    *) echo "no server is called $1" >&2; exit 2 ;;
    esac
}

# phone SCENARIO PORT OPTION...: SIPp in place of this shell
phone() {
    scenario=$1
    own_port=$2
    shift 2
    exec sipp "127.0.0.1:$port" -sf "$scenario" -i 127.0.0.1 -p "$own_port" -mp $((own_port + 2)) -t u1 -nostdin \
        -key domain bench.test -trace_err -error_file "$work/errors" "$@" >"$work/sipp.log" 2>&1
}

# measure SERVER RUN: prints a row
measure() {
    rm -rf "$work"/*
    if ! start_server "$1"; then
        echo "$1 could not be started; left out" >&2
        [ ! -f "$work/server.log" ] || tail -n 5 "$work/server.log" >&2
        stop_server
        return 0
    fi
    printf 'SEQUENTIAL\nu0000001;[authentication username=u0000001 password=pw-u0000001];;\n' >"$work/callee.csv"
    printf 'SEQUENTIAL\nu0000000;[authentication username=u0000000 password=pw-u0000000];u0000001;\n' >"$work/caller.csv"
    (phone "$scenarios/register.xml" $((port + 10)) -inf "$work/callee.csv" -m 1 -timeout 10)
    phone "$scenarios/uas-call.xml" $((port + 10)) -timeout 90 &
    callee_pid=$!
    cd "$work"
    ended_well=yes
    (phone "$here/cutoff/caller.xml" $((port + 20)) -inf "$work/caller.csv" -m "$calls" -r "$calls" -l "$calls" \
        -timeout 60 -trace_rtt -rtt_freq 1) || ended_well=no
    cd "$here"
    end_callee
    cat "$work"/caller_*_rtt.csv | awk -F ';' -v server="$1" -v run="$2" -v credit="$credit" -v calls="$calls" \
        -v well=$ended_well 'FNR > 1 && $2 > 0 { sum += $2; count++; if ($2 > longest) longest = $2 }
        END { printf "| %s | %s | %d | %d | %.1f | %.1f | %s |\n", server, run, calls, count, sum / 1000,
            longest / 1000, well }'
    stop_server
}

echo "$calls calls at once by one account with $credit.00; a second costs 1.00"
echo
echo "| server | run | calls | answered | talk in all, s | longest, s | all ended |"
echo "|---|---|---|---|---|---|---|"
run=1
while [ "$run" -le "$runs" ]; do
    for server in $(echo "$servers" | tr ',' ' '); do
        measure "$server" "$run"
    done
    run=$((run + 1))
done
