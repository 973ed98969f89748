#!/bin/sh
# fuzz-briefly.sh BUILD [SECONDS]: each fuzzer, from its corpus. Without SECONDS a fixed count of damaged copies of its
# files, the same on every machine, so that nobody's change fails for what another machine happens to find; with it,
# what libFuzzer comes upon in so long. A finding stays in BUILD/findings; put it into test/fuzz/corpus/NAME with the fix.
set -eu
build=$1
seconds=${2:-}
findings=$build/findings
mkdir -p "$findings"

# A second or two for each, by what one input costs.
copies_of()
{
    case "$1" in
    edge_dialog | edge_records) echo 2000 ;;
    node_config | store_journal | api_body | net_control) echo 10000 ;;
    sip_uri | sip_sdp | rating_deck_object) echo 200000 ;;
    *) echo 50000 ;;
    esac
}

# $1: name. What libFuzzer says goes to a file: of a failure the reader wants the cause, not the words it collected.
look_for_new()
{
    words=
    case "$1" in
    sip_* | edge_dialog | edge_glance) words=-dict=test/fuzz/sip.dict ;;
    esac
    grown=$findings/grown
    rm -rf "$grown"
    mkdir "$grown"
    # shellcheck disable=SC2086 # an option or none, split on purpose
    "$build/test/fuzz/fuzz_$1" "-max_total_time=$seconds" $words -max_len=2048 -timeout=10 -rss_limit_mb=1024 \
        -verbosity=0 -artifact_prefix="$findings/$1-" "$grown" "test/fuzz/corpus/$1" >"$findings/$1.log" 2>&1 || {
        grep -v ' # Uses: ' "$findings/$1.log"
        return 1
    }
    rm -rf "$grown"
}

count=0
status=0
for program in "$build"/test/fuzz/fuzz_regress_*; do
    name=$(basename "$program")
    name=${name#fuzz_regress_}
    case "$name" in
    *.*) continue ;;
    esac
    [ -x "$program" ] && [ -f "$program" ] || continue
    count=$((count + 1))
    printf '%s: ' "$name"
    if [ -n "$seconds" ]; then
        look_for_new "$name" && echo "clean for $seconds s" || status=1
    elif ! timeout 120 "$program" -mutated "$(copies_of "$name")" "$findings/$name-copy" "test/fuzz/corpus/$name"; then
        echo "$name failed with what is in $findings/$name-copy:"
        od -A d -t x1z "$findings/$name-copy" | head -n 40
        status=1
    fi
done
echo "$count fuzzers"
[ "$count" -gt 0 ] && exit $status
