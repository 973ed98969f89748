#!/bin/sh
# fuzz-briefly.sh BUILD [SECONDS]: each fuzzer, from its corpus. Without SECONDS a fixed count of inputs from a fixed
# seed, the same on every machine, so that nobody's change fails for what a faster machine happens to find; with it,
# new inputs for so long. A finding stays in BUILD/findings; put it into test/fuzz/corpus/NAME with the fix.
set -eu
build=$1
seconds=${2:-}
cap_s=5 # a slow machine does fewer of the same
mkdir -p "$build/findings"
# Addresses get into what is compared, and from there into inputs.
same=
if [ -z "$seconds" ] && setarch "$(uname -m)" -R true 2>/dev/null; then
    same="setarch $(uname -m) -R"
fi

# Some seconds for each, by what one input costs.
runs_of()
{
    case "$1" in
    fuzz_edge_dialog | fuzz_edge_records) echo 1000 ;;
    fuzz_node_config | fuzz_store_journal) echo 4000 ;;
    fuzz_sip_uri | fuzz_sip_sdp | fuzz_rating_deck_object) echo 200000 ;;
    *) echo 40000 ;;
    esac
}

count=0
status=0
for program in "$build"/test/fuzz/fuzz_*; do
    name=$(basename "$program")
    case "$name" in
    fuzz_regress_* | *.*) continue ;;
    esac
    [ -x "$program" ] && [ -f "$program" ] || continue
    count=$((count + 1))
    short=${name#fuzz_}
    words=
    case "$short" in
    sip_* | edge_dialog | edge_glance) words=-dict=test/fuzz/sip.dict ;;
    esac
    if [ -n "$seconds" ]; then
        limits="-max_total_time=$seconds"
    else
        limits="-runs=$(runs_of "$name") -max_total_time=$cap_s -seed=1 -reload=0"
    fi
    # Keys made at random and the order of threads change what these cover, and with it what libFuzzer would try.
    case "$short" in
    api_body | net_control)
        if [ -z "$seconds" ]; then
            timeout 60 "$build/test/fuzz/fuzz_regress_$short" -mutated 100 "test/fuzz/corpus/$short" || status=1
            continue
        fi
        ;;
    esac
    grown=$build/findings/grown # always the same name: what is compared gets into inputs
    rm -rf "$grown"
    mkdir "$grown"
    # shellcheck disable=SC2086 # words and options, split on purpose
    $same "$program" $limits $words -max_len=2048 -timeout=10 -rss_limit_mb=1024 -verbosity=0 \
        -artifact_prefix="$build/findings/$name-" "$grown" "test/fuzz/corpus/$short" || status=1
    rm -rf "$grown"
done
echo "$count fuzzers"
[ "$count" -gt 0 ] && exit $status
