# servers.sh: starts and stops the servers that are measured; the scripts here read it in.
#
# After common.sh. They set: here, work (a directory of their own), port (and the one above it),
# dialtone, users. They may set: pin (a command before the server's, like `taskset -c 0`), with_tcp
# (not empty: TCP too).
# They get: server_pid, family (its processes), edge, and watch (options for the generator).
server_pid=
family=
edge=
pin=${pin:-}
with_tcp=${with_tcp:-}

is_server_gone() { ! kill -0 "$server_pid"; }
# Up, or over and not worth waiting for.
is_kamailio_up() { [ -S "$work/kamailio.ctl" ] || is_server_gone; }
is_dialtone_ready() { "$dialtone" status "$work/dialtone" --json 2>/dev/null >"$work/status.json"; }
is_dialtone_up() { is_dialtone_ready || is_server_gone; }

stop_server() {
    [ -n "$server_pid" ] || return 0
    kill "$server_pid" 2>/dev/null || true
    wait_for 10 is_server_gone || true
    # What is left of it, if its numbers still name that program and not another's.
    for pid in $server_pid $family; do
        case $(readlink "/proc/$pid/exe" 2>/dev/null) in
        */kamailio | */dialtone) kill -9 "$pid" 2>/dev/null || true ;;
        esac
    done
    wait "$server_pid" 2>/dev/null || true
    server_pid=
}
# The process and all that descend from it, separated by blanks.
descendants() {
    pending=$1
    seen=
    while [ -n "$pending" ]; do
        seen="$seen $pending"
        pending=$(for pid in $pending; do ps -o pid= --ppid "$pid" || true; done | tr -s ' \n' ' ')
        pending=${pending# }
        pending=${pending% }
    done
    echo $seen
}

comma() { echo "$*" | tr -s ' ' ','; }

# start_kamailio WORKERS [-A NAME]...: sets server_pid, family and watch.
start_kamailio() {
    workers=$1
    shift
    command -v kamailio >/dev/null || return 1
    $pin kamailio -DD -E -f "$here/kamailio/kamailio.cfg" -m 8192 -M 64 -x tlsf -X tlsf \
        -w "$work" -Y "$work" -P "$work/kamailio.pid" \
        -A "BENCH_LISTEN=udp:127.0.0.1:$port" -A "BENCH_CHILDREN=$workers" \
        ${with_tcp:+-A WITH_TCP -A "BENCH_LISTEN_TCP=tcp:127.0.0.1:$port"} \
        -A "BENCH_CTL=\"unix:$work/kamailio.ctl\"" "$@" >"$work/server.log" 2>&1 &
    server_pid=$!
    wait_for 10 is_kamailio_up || return 1
    [ -S "$work/kamailio.ctl" ] || return 1
    sleep 0.5 # its workers begin after that
    family=$(descendants "$server_pid")
    watch="--watch server=$(comma $family)"
}

# Calls and transactions have the room of a fresh installation; bindings have room for a million, and
# their packets 8 GB at most, as Kamailio's.
dialtone_limits='limits = { bindings = 1100000; accounts = 1200000; };'
dialtone_limits_million='limits = { bindings = 1100000; accounts = 1200000; memory_mb = 8192; };'

start_dialtone() {
    [ -x "$dialtone" ] || return 1
    listen="--listen udp:127.0.0.1:$port"
    [ -z "$with_tcp" ] || listen="$listen --listen tcp:127.0.0.1:$port"
    if [ ! -d "$work/dialtone" ]; then
        timeout 300 "$dialtone" init "$work/dialtone" --domain bench.test --load-users "$users" \
            >"$work/server.log" 2>&1 || return 1
        limits=$dialtone_limits
        [ "$users" -lt 1000000 ] || limits=$dialtone_limits_million
        echo "$limits" >>"$work/dialtone/dialtone.conf"
    fi
    # shellcheck disable=SC2086
    $pin "$dialtone" run "$work/dialtone" $listen \
        --http "127.0.0.1:$((port + 1))" --workers "$1" >>"$work/server.log" 2>&1 &
    server_pid=$!
    wait_for 60 is_dialtone_up || return 1
    is_dialtone_ready || return 1
    family=$(descendants "$server_pid")
    edge=$(jq -r '[.. | objects | select(.name? == "edge" and .pid?) | .pid][0] // empty' \
        "$work/status.json")
    watch="--watch server=$(comma $family)"
    [ -z "$edge" ] || watch="$watch --watch edge=$edge"
}
