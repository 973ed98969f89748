#!/bin/sh
# run-start.sh [--accounts COUNT] [--prefixes COUNT] [--build DIR] [--runs COUNT]: how long dialtone needs until it is ready
# with many accounts and a large deck: with nothing but the database, from the edge's own copy of the
# configuration, and after kill -9 of the edge; and how long a deck of that size
# takes from its file until calls are priced by it. Prints a table; medians are yours to take.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../build
accounts=1000000
prefixes=500000
runs=3
port=25660
usage() { sed -n '2,5p' "$0" | sed 's/^# //'; }
. "$here/common.sh"
take_options "accounts prefixes runs build port" "" "$@"
dialtone=$build/dialtone
need_tools sqlite3 jq "$dialtone" "$build/bench/bench-prefix"
work=$(mktemp -d)
dir=$work/dialtone
server_pid=

stop() {
    [ -z "$server_pid" ] || kill "$server_pid" 2>/dev/null || true
    [ -z "$server_pid" ] || wait "$server_pid" 2>/dev/null || true
    server_pid=
}
finish() {
    stop
    rm -rf "$work"
}
finish_always

now_ms() { echo $(($(date +%s%N) / 1000000)); }
row() { printf '| %s | %s | %s |\n' "$1" "$2" "$3"; }

# CPU of the supervisor and its roles, threads that ended included, in milliseconds (steps of 10).
cpu_ms() {
    for pid in $server_pid $(ps -o pid= --ppid "$server_pid"); do
        sed 's/.*) //' "/proc/$pid/stat" 2>/dev/null || true
    done | awk -v tick="$(getconf CLK_TCK)" '{ sum += $12 + $13 } END { printf "%d", sum * 1000 / tick }'
}

# must COMMAND...: sixty seconds at most
must() { wait_for 60 "$@" || { echo "not within 60 s: $*" >&2; exit 1; }; }
is_ready() { "$dialtone" status "$dir" --json >"$work/status.json" 2>/dev/null; }

start() {
    begin=$(now_ms)
    "$dialtone" run "$dir" >>"$work/server.log" 2>&1 &
    server_pid=$!
    must is_ready
    end=$(now_ms)
    row "$1" "$((end - begin)) ms" "$(cpu_ms) ms"
}

# Rows like the one that `init --load-users` makes, past the program: it must not run then.
make_accounts() {
    rest() {
        sqlite3 "$dir/dialtone.db" "SELECT group_concat(name) FROM pragma_table_info('$1') WHERE name NOT IN ($2)"
    }
    account=$(rest account "'id','version','name'")
    book=$(rest book "'id','version','balance','last_transfer'")
    sqlite3 "$dir/dialtone.db" "BEGIN;
        CREATE TEMP TABLE many AS WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < $accounts)
            SELECT i FROM n;
        INSERT INTO account (id, version, name, $account)
            SELECT i, i + 100000, 'load' || i, $account FROM many, account WHERE id = 1;
        INSERT INTO book (id, $book) SELECT i, $book FROM many, book WHERE id = 1;
        INSERT INTO change (kind, id, number, is_removed) SELECT 1, i, i + 100000, 0 FROM many;
        UPDATE counter SET value = $accounts + 100001 WHERE name = 'change';
        COMMIT;"
}

"$dialtone" init "$dir" --load-users 1000 --listen "udp:127.0.0.1:$port" --http "127.0.0.1:$((port + 1))" >/dev/null
echo "limits = { accounts = $((accounts + 1000)); };" >>"$dir/dialtone.conf"
make_accounts
"$build/bench/bench-prefix" --csv "$work/prices.csv" "$prefixes" >/dev/null

echo "$accounts accounts, $prefixes prefixes"
echo
echo "| what | time | CPU of dialtone |"
echo "|---|---|---|"
start "first start, without the deck"
edge_knows_deck() {
    version=$(sqlite3 -readonly "$dir/dialtone.db" "SELECT version FROM deck WHERE name = 'prices'")
    [ -n "$version" ] && is_ready && [ "$(jq '[.. | .version? | numbers] | max' "$work/status.json")" -ge "$version" ]
}
run=1
while [ $run -le "$runs" ]; do
    before=$(cpu_ms)
    begin=$(now_ms)
    "$dialtone" deck import "$work/prices.csv" --name prices --dir "$dir" >/dev/null
    end=$(now_ms)
    row "deck: the command, from the file to the database" "$((end - begin)) ms" "$(($(cpu_ms) - before)) ms"
    must edge_knows_deck
    end=$(now_ms)
    row "deck: until the edge has it as well" "$((end - begin)) ms" "$(($(cpu_ms) - before)) ms"
    run=$((run + 1))
done
run=1
while [ $run -le "$runs" ]; do
    stop
    start "start, from the edge's own copy"
    run=$((run + 1))
done
edge_pid() { jq -r '[.. | objects | select(.name? == "edge" and .pid?) | .pid][0]' "$work/status.json"; }
has_new_edge() { is_ready && [ "$(edge_pid)" != "$edge" ]; }
run=1
while [ $run -le "$runs" ]; do
    edge=$(edge_pid)
    begin=$(now_ms)
    kill -9 "$edge"
    must has_new_edge
    end=$(now_ms)
    row "kill -9 of the edge, until it is ready again" "$((end - begin)) ms" "-"
    run=$((run + 1))
done
stop
rm -f "$dir"/edge/config.log
start "start with nothing but the database, deck included"
