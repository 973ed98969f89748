#!/bin/sh
# run-charge.sh [--build DIR] [--accounts COUNT] [--seconds COUNT]: what a charge costs, dialtone's beside the two
# ways that others take: a Lua script in Redis and a function in PostgreSQL, each of which checks, deducts and writes an
# audit entry. All in one run, one after the other, on files of its own that go at the end; prints tables.
# CPU is the server's (Redis: INFO; PostgreSQL: all its processes), of dialtone's parts the thread's; clients are left out.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
build=$here/../build
accounts=10000
seconds=5
usage() { sed -n '2,5p' "$0" | sed 's/^# //'; }
. "$here/common.sh"
take_options "build accounts seconds" "" "$@"

work=$(mktemp -d "${TMPDIR:-/var/tmp}/bench-charge.XXXXXX")
redis_pid=
postgres_pid=
finish() {
    [ -z "$redis_pid" ] || kill "$redis_pid" 2>/dev/null || true
    [ -z "$postgres_pid" ] || kill -INT "$postgres_pid" 2>/dev/null || true
    wait
    rm -rf "$work"
}
finish_always

row() { printf '| %s | %s | %s | %s | %s |\n' "$@"; }

echo "| way | case | a second | CPU us each | p50 / p99 |"
echo "|---|---|---|---|---|"

# ---- dialtone ----
mkdir "$work/dialtone"
"$build/bench/bench-charge" "$work/dialtone" "$accounts" "$seconds" >"$work/dialtone.json"
jq -r 'select(.part != "audit") | "| dialtone | \(.part) | \(.per_second) | \(.cpu_us) | \(.p50_us) / \(.p99_us) us |"' \
    "$work/dialtone.json"

# ---- Redis: balance, audit entry and a key against repeats, in one script ----
# redis_case NAME CLIENTS PIPELINE [KEY]
redis_case() {
    requests=$((seconds * 20000))
    before=$(redis-cli -s "$work/redis.sock" info cpu | awk -F: '/^used_cpu_(sys|user):/ { sum += $2 } END { print sum }')
    redis-benchmark -s "$work/redis.sock" -n $requests -c "$2" -P "$3" -r "$accounts" --csv \
        evalsha "$sha" 1 "${4:-account:__rand_int__}" 1234 >"$work/redis.csv" 2>/dev/null
    after=$(redis-cli -s "$work/redis.sock" info cpu | awk -F: '/^used_cpu_(sys|user):/ { sum += $2 } END { print sum }')
    tail -n 1 "$work/redis.csv" | tr -d '"' | awk -F, -v name="$1" -v cpu="$before $after" -v n=$requests '{
        split(cpu, at, " ")
        printf "| Redis, Lua | %s | %d | %.1f | %d / %d us |\n", name, $2, (at[2] - at[1]) * 1e6 / n, $5 * 1000, $7 * 1000 }'
}
# redis_run APPENDFSYNC
redis_run() {
    mkdir -p "$work/redis-$1"
    redis-server --port 0 --unixsocket "$work/redis.sock" --dir "$work/redis-$1" --appendonly yes \
        --appendfsync "$1" --save '' --daemonize no >"$work/redis-$1.log" 2>&1 &
    redis_pid=$!
    wait_for 10 redis-cli -s "$work/redis.sock" ping
    sha=$(redis-cli -s "$work/redis.sock" script load "
local balance = tonumber(redis.call('HGET', KEYS[1], 'balance') or '1000000000000')
if balance < tonumber(ARGV[1]) then return -1 end
redis.call('HSET', KEYS[1], 'balance', string.format('%d', balance - ARGV[1]))
redis.call('XADD', 'audit', 'MAXLEN', '~', '1000000', '*', 'account', KEYS[1], 'amount', ARGV[1])
return 1")
    redis_case "fsync $1, 50 clients" 50 1
    redis_case "fsync $1, 50 clients, 16 in a pipeline" 50 16
    redis_case "fsync $1, one account, 50 clients" 50 1 account:hot
    kill "$redis_pid"
    wait "$redis_pid" 2>/dev/null || true
    redis_pid=
}
if command -v redis-server >/dev/null; then
    redis_run everysec
    redis_run always
else
    row "Redis, Lua" "not installed (redis-server)" - - -
fi

# ---- PostgreSQL: a function an operation ----
pg_bin=
for folder in /usr/lib/postgresql/*/bin; do
    [ ! -x "$folder/initdb" ] || pg_bin=$folder
done
as_postgres() {
    if [ "$(id -u)" = 0 ]; then setpriv --reuid=postgres --regid=postgres --clear-groups "$@"; else "$@"; fi
}
# Seconds of CPU of the server: its own, of children that ended, and of those that run.
pg_cpu() {
    tick=$(getconf CLK_TCK)
    { awk '{ print $14 + $15 + $16 + $17 }' "/proc/$postgres_pid/stat"
      for pid in $(ps -o pid= --ppid "$postgres_pid"); do
          awk '{ print $14 + $15 }' "/proc/$pid/stat" 2>/dev/null || true
      done; } | awk -v tick="$tick" '{ sum += $1 } END { print sum / tick }'
}
# pg_case NAME CLIENTS SCRIPT
pg_case() {
    before=$(pg_cpu)
    "$pg_bin/pgbench" -h "$work/pg" -U bench -d postgres -n -c "$2" -j 2 -T "$seconds" -M prepared -l \
        --log-prefix="$work/pg/times" -D accounts="$accounts" -f "$3" >"$work/pg.out" 2>"$work/pg.err" || {
        cat "$work/pg.err" >&2
        return 1
    }
    sleep 0.3 # the last of its processes end
    after=$(pg_cpu)
    cat "$work"/pg/times* | awk '{ print $3 }' | sort -n >"$work/pg.times"
    rm -f "$work"/pg/times*
    count=$(wc -l <"$work/pg.times")
    p50=$(sed -n "$((count / 2 + 1))p" "$work/pg.times")
    p99=$(sed -n "$((count * 99 / 100 + 1))p" "$work/pg.times")
    awk -v name="$1" -v from="$before" -v to="$after" -v n="$count" -v s="$seconds" -v p50="$p50" -v p99="$p99" 'BEGIN {
        printf "| PostgreSQL, function | %s | %d | %.1f | %d / %d us |\n", name, n / s, (to - from) * 1e6 / n, p50, p99 }'
}
if [ -n "$pg_bin" ]; then
    mkdir "$work/pg"
    if [ "$(id -u)" = 0 ]; then chown postgres "$work/pg"; chmod 755 "$work"; fi
    (cd / && as_postgres "$pg_bin/initdb" -D "$work/pg/data" -U bench -A trust -N >"$work/initdb.log" 2>&1)
    (cd / && as_postgres "$pg_bin/postgres" -D "$work/pg/data" -k "$work/pg" -c listen_addresses= \
        -c shared_buffers=256MB -c max_wal_size=4GB >"$work/postgres.log" 2>&1) &
    subshell=$!
    wait_for 10 "$pg_bin/pg_isready" -h "$work/pg" -U bench -d postgres
    postgres_pid=$(head -n 1 "$work/pg/data/postmaster.pid")
    "$pg_bin/psql" -q -h "$work/pg" -U bench -d postgres -v ON_ERROR_STOP=1 <<EOF
create table account (id bigint primary key, balance bigint not null);
create table audit (number bigserial primary key, account bigint, amount bigint, at timestamptz default now());
insert into account select i, 1000000000000 from generate_series(1, $accounts) i;
vacuum analyze account;
create function charge(who bigint, amount_wanted bigint) returns bigint language plpgsql as \$\$
declare left_over bigint;
begin
    update account set balance = balance - amount_wanted where id = who and balance >= amount_wanted
        returning balance into left_over;
    if left_over is null then return -1; end if;
    insert into audit (account, amount) values (who, amount_wanted);
    return left_over;
end \$\$;
EOF
    printf '\\set who random(1, :accounts)\nselect charge(:who, 1234);\n' >"$work/even.sql"
    printf 'select charge(1, 1234);\n' >"$work/hot.sql"
    pg_case "16 clients" 16 "$work/even.sql"
    pg_case "one account, 16 clients" 16 "$work/hot.sql"
    kill -INT "$postgres_pid"
    wait "$subshell" 2>/dev/null || true
    postgres_pid=
else
    row "PostgreSQL, function" "not installed (postgresql)" - - -
fi
echo
jq -r 'select(.part == "audit") | "audit: \(.count) transfers in \(.seconds) s, \(.wrong) wrong"' "$work/dialtone.json"
jq -sr '.[] | select(.part == "settlement, 4000 a transaction") |
    "an hour of 3,000 a second would be settled in \(10800000 / .per_second | floor) s"' "$work/dialtone.json"
