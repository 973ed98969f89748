#!/bin/sh
# ./run as a newcomer meets it: the first call is answered, Ctrl-C stops everything and status is 0, and a
# second start takes the same installation.
set -eu
cd "$(dirname "$0")/.."
dir=$(mktemp -d)
pid=
trap '[ -z "$pid" ] || kill -TERM "$pid" 2>/dev/null; rm -rf "$dir"' EXIT
./run --once --dir "$dir/demo"
echo "---- again, and interrupted"
# A shell starts what it puts into the background deaf to INT; env gives the signal back.
env --default-signal=INT ./run --dir "$dir/demo" >"$dir/out" 2>&1 &
pid=$!
tenths=0
until grep -q 'call answered by' "$dir/out"; do
    [ "$tenths" -lt 600 ] || { cat "$dir/out"; exit 1; }
    kill -0 "$pid" || { cat "$dir/out"; exit 1; }
    sleep 0.1
    tenths=$((tenths + 1))
done
kill -INT "$pid"
status=0
wait "$pid" || status=$?
pid=
cat "$dir/out"
grep -q 'taken as it is' "$dir/out"
echo "exit status $status"
[ "$status" = 0 ]
build/dialtone audit "$dir/demo"
left=$(pgrep -f "$dir/demo" || true)
[ -z "$left" ] || { echo "still running: $left"; exit 1; }
