#include "dialload/options.h"

#include "dialload/values.h"

#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char help_text[] =
    "dialload - load a SIP registrar and proxy over UDP, and check every answer\n"
    "\n"
    "  dialload --target ADDR:PORT [options] --mode MODE [options] [--mode MODE [options]]...\n"
    "\n"
    "Steps run one after the other with the same phones (u0000000, password pw-u0000000, ...).\n"
    "An option before the first --mode is for all steps; one after a --mode is for that step and\n"
    "those that follow it, except --label.\n"
    "\n"
    "For the whole run:\n"
    "  --target ADDR:PORT    the server; IPv6 in brackets\n"
    "  --domain NAME         domain of the users (bench.test)\n"
    "  --sockets N           UDP sockets that the phones are spread over (8)\n"
    "  --slots N             operations and kept calls at once (65536)\n"
    "  --algorithm A         first, md5 or sha256: which challenge to answer (first)\n"
    "  --t1 MS               RFC 3261 T1 (500)\n"
    "  --watch NAME=PID,...  report CPU and memory of these processes; may be given several times\n"
    "  --json FILE           write the figures as JSON; '-' is standard output\n"
    "  --list FILE           write a line for each call that is over: label, Call-ID, caller, "
    "callee,\n"
    "                        outcome, last status, begin (us, monotonic), INVITE to 200 without\n"
    "                        ringing (us; -1: no answer), talk (us)\n"
    "  --show N              print the first N flawed messages (3)\n"
    "\n"
    "For a step:\n"
    "  --mode MODE           register, refresh, options, call or hangup\n"
    "  --label NAME          its name in the report\n"
    "  --count N             operations (10000); 0: as many as --duration allows\n"
    "  --duration S          start no operation after this\n"
    "  --limit S             give up what is still open then (300)\n"
    "  --concurrency N       closed loop: operations under way (32)\n"
    "  --rate N              open loop: starts a second; 0: closed loop (0)\n"
    "  --users N             phones, visited in scattered order (10000)\n"
    "  --first-user N        number of the first phone (0)\n"
    "  --expires S           lifetime asked for bindings (3600)\n"
    "  --ring MS             from 180 to 200 (0)\n"
    "  --hold MS|keep        from the callee's ACK to BYE (0); keep: leave the calls up\n"
    "  --nonce held|forget   calls: use the nonce held, or be challenged each time (held)\n"
    "  --hangup-by WHO       caller, callee or alternate: who sends BYE (caller)\n"
    "  --settle S            idle time before memory is read at the step's end (0)\n"
    "\n"
    "Exit status: 0 when every operation ended well, 1 when one did not, 2 for bad options.\n";

enum option_id {
    OPT_TARGET = 256,
    OPT_DOMAIN,
    OPT_SOCKETS,
    OPT_SLOTS,
    OPT_ALGORITHM,
    OPT_T1,
    OPT_WATCH,
    OPT_JSON,
    OPT_LIST,
    OPT_SHOW,
    OPT_MODE,
    OPT_LABEL,
    OPT_COUNT,
    OPT_DURATION,
    OPT_LIMIT,
    OPT_CONCURRENCY,
    OPT_RATE,
    OPT_USERS,
    OPT_FIRST_USER,
    OPT_EXPIRES,
    OPT_RING,
    OPT_HOLD,
    OPT_NONCE,
    OPT_HANGUP_BY,
    OPT_SETTLE,
    OPT_HELP,
};

static const struct option long_options[] = {
    {"target", required_argument, NULL, OPT_TARGET},
    {"domain", required_argument, NULL, OPT_DOMAIN},
    {"sockets", required_argument, NULL, OPT_SOCKETS},
    {"slots", required_argument, NULL, OPT_SLOTS},
    {"algorithm", required_argument, NULL, OPT_ALGORITHM},
    {"t1", required_argument, NULL, OPT_T1},
    {"watch", required_argument, NULL, OPT_WATCH},
    {"json", required_argument, NULL, OPT_JSON},
    {"list", required_argument, NULL, OPT_LIST},
    {"show", required_argument, NULL, OPT_SHOW},
    {"mode", required_argument, NULL, OPT_MODE},
    {"label", required_argument, NULL, OPT_LABEL},
    {"count", required_argument, NULL, OPT_COUNT},
    {"duration", required_argument, NULL, OPT_DURATION},
    {"limit", required_argument, NULL, OPT_LIMIT},
    {"concurrency", required_argument, NULL, OPT_CONCURRENCY},
    {"rate", required_argument, NULL, OPT_RATE},
    {"users", required_argument, NULL, OPT_USERS},
    {"first-user", required_argument, NULL, OPT_FIRST_USER},
    {"expires", required_argument, NULL, OPT_EXPIRES},
    {"ring", required_argument, NULL, OPT_RING},
    {"hold", required_argument, NULL, OPT_HOLD},
    {"nonce", required_argument, NULL, OPT_NONCE},
    {"hangup-by", required_argument, NULL, OPT_HANGUP_BY},
    {"settle", required_argument, NULL, OPT_SETTLE},
    {"help", no_argument, NULL, OPT_HELP},
    {NULL, 0, NULL, 0},
};

static const char *const mode_names[] = {"register", "refresh", "options", "call", "hangup", NULL};
static const char *const algorithm_names[] = {"first", "md5", "sha256", NULL};
static const char *const nonce_names[] = {"held", "forget", NULL};
static const char *const ender_names[] = {"caller", "callee", "alternate", NULL};

const char *step_mode_name(enum step_mode mode)
{
    return mode_names[mode];
}

static bool read_name(const char *text, const char *const *names, unsigned *out)
{
    for (unsigned i = 0; names[i] != NULL; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = i;
            return true;
        }
    }
    return false;
}

static bool begin_step(struct options *options, struct step *defaults, const char *mode)
{
    unsigned value = 0;
    if (options->step_count == OPTIONS_STEPS_MAX || !read_name(mode, mode_names, &value)) {
        return false;
    }
    struct step *step = &options->steps[options->step_count];
    *step = options->step_count == 0 ? *defaults : options->steps[options->step_count - 1];
    step->mode = (enum step_mode)value;
    snprintf(step->label, sizeof(step->label), "%s", mode);
    options->step_count++;
    return true;
}

static bool read_hold(struct step *step, const char *text)
{
    step->keeps_calls = strcmp(text, "keep") == 0;
    return step->keeps_calls || value_time(text, 1000, &step->hold_us);
}

/* A label stands in JSON and in tables as it is. */
static bool read_label(struct step *step, const char *text)
{
    if (strlen(text) >= sizeof(step->label) ||
        text[strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-_")] != '\0') {
        return false;
    }
    snprintf(step->label, sizeof(step->label), "%s", text);
    return true;
}

static bool read_step_option(struct step *step, int id, const char *text)
{
    unsigned value = 0;
    switch (id) {
    case OPT_LABEL:
        return read_label(step, text);
    case OPT_COUNT:
        return value_number(text, 0, UINT32_MAX, &step->count);
    case OPT_DURATION:
        return value_time(text, 1000000, &step->duration_us);
    case OPT_LIMIT:
        return value_time(text, 1000000, &step->limit_us);
    case OPT_CONCURRENCY:
        return value_u32(text, 1, OPTIONS_SLOTS_MAX, &step->concurrency);
    case OPT_RATE:
        return value_u32(text, 0, 1000000, &step->rate_per_s);
    case OPT_USERS:
        return value_u32(text, 2, OPTIONS_USERS_MAX, &step->user_count);
    case OPT_FIRST_USER:
        return value_u32(text, 0, OPTIONS_USERS_MAX - 1, &step->first_user);
    case OPT_EXPIRES:
        return value_u32(text, 1, 86400 * 365, &step->expires_s);
    case OPT_RING:
        return value_time(text, 1000, &step->ring_us);
    case OPT_HOLD:
        return read_hold(step, text);
    case OPT_NONCE:
        if (!read_name(text, nonce_names, &value)) {
            return false;
        }
        step->call_nonce = (enum nonce_use)value;
        return true;
    case OPT_HANGUP_BY:
        if (!read_name(text, ender_names, &value)) {
            return false;
        }
        step->ender = (enum call_ender)value;
        return true;
    case OPT_SETTLE:
        return value_time(text, 1000000, &step->settle_us);
    default:
        return false;
    }
}

static bool read_option(struct options *options, struct step *defaults, int id, const char *text)
{
    unsigned value = 0;
    switch (id) {
    case OPT_TARGET:
        return value_target(text, &options->target, &options->target_size);
    case OPT_DOMAIN:
        options->domain = text;
        return strlen(text) > 0 && strlen(text) < 64;
    case OPT_SOCKETS:
        return value_u32(text, 1, OPTIONS_SOCKETS_MAX, &options->socket_count);
    case OPT_SLOTS:
        return value_u32(text, 1, OPTIONS_SLOTS_MAX, &options->slot_count);
    case OPT_ALGORITHM:
        if (!read_name(text, algorithm_names, &value)) {
            return false;
        }
        options->algorithm = (enum algorithm_choice)value;
        return true;
    case OPT_T1:
        return value_time(text, 1000, &options->t1_us) && options->t1_us > 0;
    case OPT_WATCH:
        return options->group_count < PROBE_GROUPS_MAX &&
               probe_group_parse(&options->groups[options->group_count++], text);
    case OPT_JSON:
        options->json_path = text;
        return true;
    case OPT_LIST:
        options->list_path = text;
        return true;
    case OPT_SHOW:
        return value_u32(text, 0, 1000, &options->show_count);
    case OPT_MODE:
        return begin_step(options, defaults, text);
    default:
        break;
    }
    struct step *step =
        options->step_count == 0 ? defaults : &options->steps[options->step_count - 1];
    return read_step_option(step, id, text);
}

static bool check_whole(const struct options *options)
{
    if (options->target_size == 0 || options->step_count == 0) {
        fprintf(stderr, "dialload: --target and at least one --mode are needed; see --help\n");
        return false;
    }
    for (uint32_t i = 0; i < options->step_count; i++) {
        const struct step *step = &options->steps[i];
        if (step->count == 0 && step->duration_us == 0 && step->mode != STEP_HANGUP) {
            fprintf(stderr, "dialload: step %s needs --count or --duration\n", step->label);
            return false;
        }
        if ((uint64_t)step->first_user + step->user_count > OPTIONS_USERS_MAX) {
            fprintf(stderr, "dialload: user numbers have seven digits\n");
            return false;
        }
    }
    return true;
}

bool options_read(struct options *options, int argc, char **argv)
{
    *options = (struct options){.domain = "bench.test",
                                .socket_count = 8,
                                .slot_count = 65536,
                                .show_count = 3,
                                .t1_us = 500000};
    struct step defaults = {.count = 10000,
                            .concurrency = 32,
                            .user_count = 10000,
                            .expires_s = 3600,
                            .limit_us = INT64_C(300000000)};
    for (;;) {
        int index = 0;
        int id = getopt_long(argc, argv, "", long_options, &index);
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
        if (!read_option(options, &defaults, id, optarg)) {
            fprintf(stderr, "dialload: bad value '%s' for --%s; see --help\n", optarg,
                    long_options[index].name);
            return false;
        }
    }
    if (optind < argc) {
        fprintf(stderr, "dialload: '%s' is not an option; see --help\n", argv[optind]);
        return false;
    }
    return check_whole(options);
}
