#include "dialstorm/plan.h"

#include "base/slice.h"
#include "dialload/values.h"

#include <getopt.h>
#include <stdlib.h>
#include <string.h>

static const char help_text[] =
    "dialstorm - offer a SIP server more than it can do, and see what becomes of it\n"
    "\n"
    "  dialstorm MODE --target ADDR:PORT [options]\n"
    "\n"
    "Phones are u0000000 with password pw-u0000000, and so on; they answer challenges with MD5.\n"
    "Figures are printed as JSON.\n"
    "\n"
    "MODE\n"
    "  phases      registers the phones, then runs each --phase; calls, registrations and "
    "requests\n"
    "              in dialogs are offered at fixed rates, whatever becomes of those before\n"
    "  avalanche   registers --users phones, kills --kill-pid (or loses all answers for --deaf\n"
    "              seconds), and lets all phones come back at once\n"
    "  revive      registers --users phones, kills --kill-pid, and refreshes until it is answered\n"
    "  tcp         holds --connections over TCP and sends --messages of each kind over them\n"
    "\n"
    "  --target ADDR:PORT   the server, IPv4\n"
    "  --domain NAME        (bench.test)\n"
    "  --sockets N          source ports (64)\n"
    "  --sources N          source addresses 127.0.0.1, 127.0.0.2, ... (1)\n"
    "  --segments yes|no    datagrams of one size pass the stack as one on their way (yes)\n"
    "  --users N            phones; half of them calls the other half (20000)\n"
    "  --watch NAME=PID,... report CPU and memory of these processes; may be given several times\n"
    "  --out FILE           (standard output)\n"
    "\n"
    "phases\n"
    "  --phase NAME:SECONDS:WORK=N[,WORK=N]...   N a second; WORK is calls, dead, registers,\n"
    "                       refreshes or dialogs; 'calls=64c' keeps 64 under way instead\n"
    "  --dead N             phones behind an address that never answers (0)\n"
    "  --flood N            phones of 'registers', numbered behind the others (10000)\n"
    "  --held N             calls that are up throughout; 'dialogs' are sent within them (0)\n"
    "  --patience S         how long a caller waits for the answer (4)\n"
    "  --hold MS            how long a call is up (0)\n"
    "  --tail S             wait for what is open behind the last phase (5)\n"
    "  --nonce held|forget  calls: with the nonce held, or challenged each time (held)\n"
    "\n"
    "avalanche, revive\n"
    "  --kill-pid PID       ends by SIGKILL; whoever started it must start it again\n"
    "  --deaf S             answers are lost for so long\n"
    "  --spread MS          the phones notice within this (500)\n"
    "  --backoff S          RFC 5626 base time between attempts that got no Retry-After (30)\n"
    "  --limit S            give up (180)\n"
    "\n"
    "tcp\n"
    "  --connections N      (1000)\n"
    "  --messages N         of each kind (100000)\n"
    "\n"
    "Exit status: 0 when figures were taken, 1 when not, 2 for bad options.\n";

enum option_id {
    OPT_TARGET = 256,
    OPT_DOMAIN,
    OPT_SOCKETS,
    OPT_SOURCES,
    OPT_SEGMENTS,
    OPT_USERS,
    OPT_WATCH,
    OPT_OUT,
    OPT_PHASE,
    OPT_DEAD,
    OPT_FLOOD,
    OPT_HELD,
    OPT_PATIENCE,
    OPT_HOLD,
    OPT_TAIL,
    OPT_NONCE,
    OPT_KILL_PID,
    OPT_DEAF,
    OPT_SPREAD,
    OPT_BACKOFF,
    OPT_LIMIT,
    OPT_CONNECTIONS,
    OPT_MESSAGES,
    OPT_HELP,
};

static const struct option long_options[] = {
    {"target", required_argument, NULL, OPT_TARGET},
    {"domain", required_argument, NULL, OPT_DOMAIN},
    {"sockets", required_argument, NULL, OPT_SOCKETS},
    {"sources", required_argument, NULL, OPT_SOURCES},
    {"segments", required_argument, NULL, OPT_SEGMENTS},
    {"users", required_argument, NULL, OPT_USERS},
    {"watch", required_argument, NULL, OPT_WATCH},
    {"out", required_argument, NULL, OPT_OUT},
    {"phase", required_argument, NULL, OPT_PHASE},
    {"dead", required_argument, NULL, OPT_DEAD},
    {"flood", required_argument, NULL, OPT_FLOOD},
    {"held", required_argument, NULL, OPT_HELD},
    {"patience", required_argument, NULL, OPT_PATIENCE},
    {"hold", required_argument, NULL, OPT_HOLD},
    {"tail", required_argument, NULL, OPT_TAIL},
    {"nonce", required_argument, NULL, OPT_NONCE},
    {"kill-pid", required_argument, NULL, OPT_KILL_PID},
    {"deaf", required_argument, NULL, OPT_DEAF},
    {"spread", required_argument, NULL, OPT_SPREAD},
    {"backoff", required_argument, NULL, OPT_BACKOFF},
    {"limit", required_argument, NULL, OPT_LIMIT},
    {"connections", required_argument, NULL, OPT_CONNECTIONS},
    {"messages", required_argument, NULL, OPT_MESSAGES},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static const char *const work_names[WORK_COUNT] = {"calls", "dead", "registers", "refreshes",
                                                   "dialogs"};

const char *work_name(enum work work)
{
    return work_names[work];
}

/* "calls=500" or "calls=64c". */
static bool read_work(struct phase *phase, struct slice text)
{
    struct slice value = text;
    struct slice name = slice_split(&value, '=');
    for (uint32_t i = 0; i < WORK_COUNT; i++) {
        if (!slice_equal(name, slice_from_text(work_names[i]))) {
            continue;
        }
        bool is_closed = value.size > 0 && value.data[value.size - 1] == 'c';
        uint64_t number = 0;
        if (!slice_to_u64(slice_head(value, value.size - is_closed), 2000000, &number) ||
            (is_closed && (i == WORK_DIALOG || number > 100000))) {
            return false;
        }
        *(is_closed ? &phase->closed[i] : &phase->rate_per_s[i]) = (uint32_t)number;
        return true;
    }
    return false;
}

static bool read_phase(struct plan *plan, const char *text)
{
    struct slice rest = slice_from_text(text);
    struct slice name = slice_split(&rest, ':');
    struct slice seconds_text = slice_split(&rest, ':');
    uint64_t seconds = 0;
    if (plan->phase_count == PHASES_MAX) {
        return false;
    }
    struct phase *phase = &plan->phases[plan->phase_count];
    *phase = (struct phase){.duration_us = 0};
    if (!slice_copy_text(name, phase->name, sizeof(phase->name)) ||
        !slice_to_u64(seconds_text, 3600, &seconds)) {
        return false;
    }
    phase->duration_us = (int64_t)seconds * 1000000;
    while (rest.size > 0) {
        if (!read_work(phase, slice_split(&rest, ','))) {
            return false;
        }
    }
    plan->phase_count++;
    return seconds > 0;
}

static bool read_out(struct plan *plan, const char *text)
{
    plan->out = fopen(text, "we");
    return plan->out != NULL;
}

static bool read_kill_pid(struct plan *plan, const char *text)
{
    uint32_t pid = 0;
    if (!value_u32(text, 2, INT32_MAX, &pid)) {
        return false;
    }
    plan->kill_pid = (pid_t)pid;
    return true;
}

static bool read_option(struct plan *plan, int id, const char *text)
{
    switch (id) {
    case OPT_TARGET:
        return value_target(text, &plan->net.target, &plan->net.target_size) &&
               plan->net.target.ss_family == AF_INET; /* phones have addresses of 127.0.0.0/8 */
    case OPT_DOMAIN:
        plan->net.domain = text;
        return strlen(text) > 0 && strlen(text) < 64;
    case OPT_SOCKETS:
        return value_u32(text, 1, OPTIONS_SOCKETS_MAX, &plan->net.socket_count);
    case OPT_SOURCES:
        return value_u32(text, 1, 250, &plan->source_count);
    case OPT_SEGMENTS:
        plan->net.sends_segments = strcmp(text, "yes") == 0;
        return plan->net.sends_segments || strcmp(text, "no") == 0;
    case OPT_USERS:
        return value_u32(text, 2, 5000000, &plan->user_count);
    case OPT_WATCH:
        return plan->group_count < PROBE_GROUPS_MAX &&
               probe_group_parse(&plan->groups[plan->group_count++], text);
    case OPT_OUT:
        return read_out(plan, text);
    case OPT_PHASE:
        return read_phase(plan, text);
    case OPT_DEAD:
        return value_u32(text, 0, 100000, &plan->dead_count);
    case OPT_FLOOD:
        return value_u32(text, 1, 5000000, &plan->flood_count);
    case OPT_HELD:
        return value_u32(text, 0, 20000, &plan->held_count);
    case OPT_PATIENCE:
        return value_time(text, 1000000, &plan->patience_us);
    case OPT_HOLD:
        return value_time(text, 1000, &plan->hold_us);
    case OPT_TAIL:
        return value_time(text, 1000000, &plan->tail_us);
    case OPT_NONCE:
        plan->forgets_nonce = strcmp(text, "forget") == 0;
        return plan->forgets_nonce || strcmp(text, "held") == 0;
    case OPT_KILL_PID:
        return read_kill_pid(plan, text);
    case OPT_DEAF:
        return value_time(text, 1000000, &plan->deaf_us);
    case OPT_SPREAD:
        return value_time(text, 1000, &plan->spread_us);
    case OPT_BACKOFF:
        return value_time(text, 1000000, &plan->backoff_us);
    case OPT_LIMIT:
        return value_time(text, 1000000, &plan->limit_us);
    case OPT_CONNECTIONS:
        return value_u32(text, 1, 1000000, &plan->connection_count);
    case OPT_MESSAGES:
        return value_number(text, 1, 100000000, &plan->message_count);
    default:
        return false;
    }
}

static bool read_mode(struct plan *plan, const char *text)
{
    static const char *const names[] = {"phases", "avalanche", "revive", "tcp"};
    for (uint32_t i = 0; i < ARRAY_COUNT(names); i++) {
        if (strcmp(text, names[i]) == 0) {
            plan->mode = (enum run_mode)i;
            return true;
        }
    }
    return false;
}

static bool check_whole(const struct plan *plan)
{
    const char *wrong = NULL;
    if (plan->net.target_size == 0) {
        wrong = "--target is needed";
    } else if (plan->mode == RUN_PHASES && plan->phase_count == 0) {
        wrong = "--phase is needed";
    } else if (plan->mode == RUN_REVIVE && plan->kill_pid == 0) {
        wrong = "--kill-pid is needed";
    } else if (plan->mode == RUN_AVALANCHE && (plan->kill_pid == 0) == (plan->deaf_us == 0)) {
        wrong = "either --kill-pid or --deaf is needed";
    } else if (plan->held_count > plan->user_count / 2) {
        wrong = "more held calls than callers";
    } else if (plan->dead_count > 0 && plan->net.socket_count < 2) {
        wrong = "dead phones need a socket of their own";
    } else if ((uint64_t)plan->user_count + plan->dead_count + plan->flood_count >
               OPTIONS_USERS_MAX) {
        wrong = "user numbers have seven digits";
    }
    if (wrong != NULL) {
        fprintf(stderr, "dialstorm: %s; see --help\n", wrong);
    }
    return wrong == NULL;
}

bool plan_read(struct plan *plan, int argc, char **argv)
{
    *plan = (struct plan){.net = {.domain = "bench.test",
                                  .socket_count = OPTIONS_SOCKETS_MAX,
                                  .sends_segments = true},
                          .user_count = 20000,
                          .flood_count = 10000,
                          .patience_us = 4000000,
                          .tail_us = 5000000,
                          .spread_us = 500000,
                          .backoff_us = 30000000,
                          .limit_us = 180000000,
                          .connection_count = 1000,
                          .source_count = 1,
                          .message_count = 100000,
                          .out = stdout};
    if (argc < 2 || strcmp(argv[1], "--help") == 0) {
        fputs(help_text, stdout);
        return false;
    }
    if (!read_mode(plan, argv[1])) {
        fprintf(stderr, "dialstorm: no mode is called %s; see --help\n", argv[1]);
        return false;
    }
    for (;;) {
        int index = 0;
        int id = getopt_long(argc - 1, argv + 1, "", long_options, &index);
        if (id == -1) {
            break;
        }
        if (id == OPT_HELP) {
            fputs(help_text, stdout);
            return false;
        }
        if (id == '?') {
            return false;
        }
        if (!read_option(plan, id, optarg)) {
            fprintf(stderr, "dialstorm: bad value '%s' for --%s; see --help\n", optarg,
                    long_options[index].name);
            return false;
        }
    }
    plan->net.source_count = plan->source_count;
    return check_whole(plan);
}
