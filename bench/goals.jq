# Of summary.json: what of a carrier's edge under fire was aimed at, and what was found, for dialtone.
def n($digits): pow(10; $digits) as $p | . * $p | round / $p | tostring;
def pct: . * 100 | n(2) + " %";
def row($what; $goal; $found; $is_met):
    [$what, $goal, $found, (if $is_met == null then "-" elif $is_met then "yes" else "**no**" end)];
def at_least($what; $value; $least):
    select($value != null) | row($what; "at least " + ($least | pct); $value | pct; $value >= $least);
def at_most($what; $value; $most; $digits; $unit):
    select($value != null)
    | row($what; "at most \($most | n($digits))\($unit)"; ($value | n($digits)) + $unit; $value <= $most);
# A time of -1 is one that never came.
def soon($what; $ms; $most_ms):
    select($ms != null)
    | row($what; "at most \($most_ms / 1000 | n(1)) s"; (if $ms < 0 then "never" else ($ms / 1000 | n(2)) + " s" end);
          $ms >= 0 and $ms <= $most_ms);
def worst: if any(. < 0) then -1 else max end;

. as $all
| [.. | .server? // empty | strings | select(startswith("dialtone"))] | unique[]
| . as $server
| ($all.loads | map(select(.server == $server))) as $loads
| ($loads | map(select(.part == "calls"))) as $calls
| ($loads | map(select(.part == "flood"))) as $floods
| ((({"1.5": 0.97, "3": 0.95, "5": 0.93, "10": 0.9} | to_entries[]) as $goal
    | $calls[] | select(.load == ($goal.key | tonumber))
    | at_least("INVITE at \($goal.key) x: goodput" + (if .honest then "" else " (offered less)" end);
               .goodput; $goal.value),
      at_least("INVITE at \($goal.key) x: goodput, of what it did before" + (if .honest then "" else " (offered less)" end);
               .goodput_of_room; $goal.value)),
   ($floods[] | at_least("REGISTER at 10 x: goodput"; .goodput; 0.8),
                at_least("REGISTER at 10 x: goodput, of what it did before"; .goodput_of_room; 0.8),
                at_least("REGISTER at 10 x: calls beside"; .calls_ok; 0.98),
                at_least("REGISTER at 10 x: in dialogs"; .dialog_ok; 0.999)),
   ($calls | select(length > 0)
    | at_most("INVITE: p99 of those answered, worst load"; (map(.p99_ms) | max); 100; 0; " ms"),
      soon("INVITE: all well again, worst load"; (map(.recovery_ms) | worst); 5000),
      at_most("memory behind the largest load, in %"; (map(.memory_growth // empty) | max | if . then . * 100 else null end);
              5; 1; " %"),
      at_most("CPU of a refusal"; $all.fits[$server].shed_us; 2.5; 2; " us")),
   ($floods[] | at_most("REGISTER at 10 x: p99 of those answered"; .p99_ms; 100; 0; " ms"),
                soon("REGISTER at 10 x: calls all well again"; .recovery_ms; 5000)),
   ($all.silent[] | select(.server == $server)
    | at_most("silent destination: INVITEs a call to it"; .invites_a_call; 1.2; 2; ""),
      at_least("silent destination: other calls"; .others_ok; 0.999)),
   ($all.avalanches[] | select(.server == $server)
    | soon("avalanche, \(.kind): 99 % of \(.phones)"; .t99_ms; .bound_ms),
      at_most("avalanche, \(.kind): packets a phone"; .packets_per_phone; 4; 2; "")),
   ($all.millions[] | select(.server == $server)
    | soon("\(.bindings) bindings, killed: first answer"; .first_ms; 3000)),
   ($all.tcp[] | select(.server == $server)
    | (.opened - .lost) as $held
    | row("TCP connections held"; "50000"; "\($held) of \(.connections) tried";
          if $held < .connections then false elif $held < 50000 then null else true end))
  ) as $row
| "| \([$server] + $row | join(" | ")) |"
