#!/bin/sh
# fuzz-briefly.sh BUILD SECONDS [SEED]: each fuzzer for a while, from its corpus. With a seed the inputs are the same
# each time, as far as the time goes; without, new ones. A finding stays in BUILD/findings; put it into
# test/fuzz/corpus/NAME with the fix.
set -eu
build=$1
mkdir -p "$build/findings"
count=0
status=0
for program in "$build"/test/fuzz/fuzz_*; do
    name=$(basename "$program")
    case "$name" in
    fuzz_regress_* | *.*) continue ;;
    esac
    [ -x "$program" ] && [ -f "$program" ] || continue
    count=$((count + 1))
    grown=$(mktemp -d)
    "$program" -max_total_time="$2" -timeout=5 -rss_limit_mb=1024 -verbosity=0 -seed="${3:-0}" \
        -artifact_prefix="$build/findings/$name-" "$grown" "test/fuzz/corpus/${name#fuzz_}" || status=1
    rm -rf "$grown"
done
echo "$count fuzzers"
[ "$count" -gt 0 ] && exit $status
