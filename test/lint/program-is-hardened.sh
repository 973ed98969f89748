#!/bin/sh
# program-is-hardened.sh PROGRAM: what the compiler and linker were told against intruders is in the file.
set -eu
program=${1:?a program}
bad=0

# $1: what is wanted, $2: readelf's option, $3: a pattern that its answer has; with "no", one that it has not
wants()
{
    found=$(readelf -W "$2" "$program" | grep -cE "$3" || true)
    if { [ "${4:-yes}" = yes ] && [ "$found" = 0 ]; } || { [ "${4:-yes}" = no ] && [ "$found" != 0 ]; }; then
        echo "$program has not: $1" >&2
        bad=1
    else
        echo "ok   $1"
    fi
}
wants "addresses that differ at each start (PIE)" -d 'FLAGS_1.* PIE'
wants "tables of functions that are read-only (RELRO)" -l 'GNU_RELRO'
wants "all functions bound at the start (BIND_NOW)" -d 'BIND_NOW|FLAGS_1.* NOW'
wants "a stack that cannot be executed" -l 'GNU_STACK .* RW +0x'
wants "no memory that can be written and executed" -l 'LOAD .* RWE ' no
wants "guards on the stack" --dyn-syms '__stack_chk_fail'
wants "copies that know their target's size (FORTIFY)" --dyn-syms '__memcpy_chk'
wants "no path to look for libraries in" -d 'RPATH|RUNPATH' no
# Debian's own start files lack the mark that would make the kernel insist; ours are ready for the day they have it.
case $(uname -m) in
x86_64) landing=endbr64 ;;
aarch64) landing='bti' ;;
*) landing= ;;
esac
if [ -n "$landing" ]; then
    landings=$(objdump -d --no-show-raw-insn "$program" | grep -cw "$landing" || true)
    functions=$(readelf -W -s "$program" | grep -c ' FUNC ' || true)
    if [ "$landings" -lt $((functions / 4)) ]; then
        echo "$program has not: jumps that must land where one was meant ($landing)" >&2
        bad=1
    else
        echo "ok   jumps that must land where one was meant ($landings)"
    fi
fi
exit "$bad"
