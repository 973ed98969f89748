#!/bin/sh
# What systemd thinks of the service: nothing that it does not understand, and an exposure of 2.0 or less.
set -eu
cd "$(dirname "$0")/../.."
unit='packaging/dialtone@.service'
most=20 # tenths
said=$(systemd-analyze security --offline=true --no-pager "$unit" 2>&1)
ignored=$(printf '%s\n' "$said" | grep -E 'Unknown|Failed|Invalid|ignoring' || true)
[ -z "$ignored" ] || { printf '%s\n' "$ignored" >&2; exit 1; }
level=$(printf '%s\n' "$said" | sed -n 's/.*Overall exposure level for [^:]*: \([0-9]*\)\.\([0-9]\).*/\1\2/p')
[ -n "$level" ] || { printf '%s\n' "$said" >&2; exit 1; }
if [ "$level" -gt "$most" ]; then
    printf '%s\n' "$said" | grep -v '^✓' >&2
    exit 1
fi
echo "$unit: exposure ${level%?}.${level#"${level%?}"}"
