/* sim_main.h - `dialtone simulate`. */
#ifndef DT_TEST_SIM_MAIN_H
#define DT_TEST_SIM_MAIN_H

#define SIM_USAGE                                                                                  \
    "simulate --seeds N [--first K]\nsimulate --seed K\nsimulate --mutations [--seeds N]\n"        \
    "simulate --list"
#define SIM_HELP                                                                                   \
    "Phones, edge, meter and ledger as they are, in a world with loss, crashes, torn writes\n"     \
    "and a database that lies: N random days, or one, or with each deliberate fault in turn\n"     \
    "(--mutations: all must be found; --list names them, and who shipped each). Options:\n"        \
    "  --world NAME      only this one: money (nodes' meters and journals, one ledger), fleet\n"   \
    "                    (three whole edges, up to 1,000 phones, one ledger) or edge (phones\n"    \
    "                    and carriers around one edge and the SQL ledger)\n"                       \
    "  --mutation NAME   with this deliberate fault\n"                                             \
    "  --nodes N, --phones N, --seconds S   smaller than the seed says (not world edge)\n"         \
    "  --faults LIST     only these of the seed's faults, \"3,7,12\" or \"none\"\n"                \
    "  --net good        the way to the ledger loses, delays and repeats nothing\n"                \
    "  --no-shrink       a failing run is printed as it is, not made smaller first\n"              \
    "A violation is printed as small as it still happens, with the command that plays it\n"        \
    "again; one seed's trace hash is the same each time. Exit status 1 on a violation."

/* The options are told by SIM_HELP. Words without a dash are passed over. Prints each violation
 * with the command that plays it again, with one seed its trace hash, and a summary as the last
 * line. Returns the exit status: 0 clean, 1 a violation (with --mutations: a deliberate fault that
 * was not found), 2 wrong usage. */
int sim_main(int argc, char **argv);

#endif
