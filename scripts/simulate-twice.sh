#!/bin/sh
# simulate-twice.sh PROGRAM SEED: the same seed gives the same trace, another seed another one.
set -eu
hash_of()
{
    "$1" simulate --seed "$2" | sed -n 's/^trace hash: //p'
}
first=$(hash_of "$1" "$2")
second=$(hash_of "$1" "$2")
other=$(hash_of "$1" "$(($2 + 1))")
echo "seed $2: $first, $second; seed $(($2 + 1)): $other"
[ -n "$first" ] && [ "$first" = "$second" ] && [ "$first" != "$other" ]
