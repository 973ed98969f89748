#include "real_inside.h"

#include "base/clock.h"
#include "base/money.h"
#include "proc.h"
#include "ua_sock.h"

#include <libconfig.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>
#include <unistd.h>

#define READY_US 15000000
#define STOP_US 5000000
#define SETTLE_US 15000000
#define PROGRAM_US 20000000

static int64_t world_now_us(void *ctx)
{
    (void)ctx;
    return clock_mono_us();
}

static struct ua *world_agent(void *ctx, int index)
{
    return ua_net_agent(((struct real *)ctx)->net, index);
}

static struct ua_effects *world_out(void *ctx)
{
    return ua_net_out(((struct real *)ctx)->net);
}

static void world_flush(void *ctx, int index)
{
    ua_net_flush(((struct real *)ctx)->net, index);
}

static void world_advance(void *ctx, int64_t until_us)
{
    struct real *real = ctx;
    while (clock_mono_us() < until_us) {
        int64_t next_us = until_us;
        real_probe(real);
        if (real->is_probing && real->probe_at_us < next_us) {
            next_us = real->probe_at_us;
        }
        (void)ua_net_step(real->net, next_us);
    }
}

static struct tri world_balance(void *ctx, int account, int64_t *out_micro)
{
    return books_balance(&((struct real *)ctx)->books, account, out_micro);
}

static struct tri world_cdrs(void *ctx, int account, int64_t *out_count)
{
    return books_cdrs(&((struct real *)ctx)->books, account, out_count);
}

static struct tri world_alerted(void *ctx, int account, int64_t *out_us)
{
    int64_t wall_us = 0;
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    struct tri known = books_alerted(&((struct real *)ctx)->books, account, &wall_us);
    *out_us = clock_mono_us() - (now.tv_sec * INT64_C(1000000) + now.tv_nsec / 1000 - wall_us);
    return known;
}

static struct tri world_audit(void *ctx, char why[SCN_WHY_SIZE])
{
    struct real *real = ctx;
    char *argv[] = {(char *)(uintptr_t)real->options.program, "audit", real->dir, NULL};
    char output[SCN_WHY_SIZE];
    int code = proc_run(argv, output, sizeof(output), PROGRAM_US);
    snprintf(why, SCN_WHY_SIZE, "%.300s", output);
    return (struct tri){code == 0 ? TRI_PRESENT : TRI_ABSENT};
}

static int64_t world_back_us(void *ctx)
{
    const struct real *real = ctx;
    return real->is_probing || real->back_us == 0 ? -1 : real->back_us;
}

void real_world(struct real *real, struct scn_world *out)
{
    *out = (struct scn_world){.ctx = real,
                              .settle_us = SETTLE_US,
                              .now_us = world_now_us,
                              .agent = world_agent,
                              .out = world_out,
                              .flush = world_flush,
                              .advance = world_advance,
                              .act = real_act,
                              .balance = world_balance,
                              .cdrs = world_cdrs,
                              .alerted = world_alerted,
                              .audit = world_audit,
                              .back_us = world_back_us};
}

static void no_listener(void *ctx, int agent, const struct ua_event *event, int64_t now_us)
{
    (void)now_us;
    if (getenv("SCENARIO_VERBOSE") != NULL) {
        struct real *real = ctx;
        fprintf(stderr, "%10.3f %-10s call %d: %s %d %s %s\n", (double)now_us / 1e6,
                real->scn->agents[agent].name, event->call, ua_event_name(event->kind),
                event->status, event->reason, event->x_reason);
    }
}

/* Phones live on 127.0.0.1, each carrier on an address of its own, by which its trunk knows it. */
static bool agents_open(struct real *real, char why[SCN_WHY_SIZE])
{
    int carrier_count = 0;
    for (int i = 0; i < real->scn->agent_count; i++) {
        const struct scn_agent *agent = &real->scn->agents[i];
        struct ua_config config;
        scn_agent_config(real->scn, i, &config);
        snprintf(config.domain, sizeof(config.domain), SCN_DOMAIN);
        (void)!getrandom(&config.seed, sizeof(config.seed), 0);
        config.local.is_tcp = agent->is_tcp;
        if (agent->is_ipv6) {
            snprintf(config.local.host, sizeof(config.local.host), "::1");
        } else if (agent->is_carrier) {
            snprintf(config.local.host, sizeof(config.local.host), "127.0.1.%d", ++carrier_count);
        } else {
            snprintf(config.local.host, sizeof(config.local.host), "127.0.0.1");
        }
        config.proxy = real->listen[agent->is_ipv6];
        config.proxy.is_tcp = agent->is_tcp;
        int index = ua_net_add(real->net, &config, false);
        if (index < 0) {
            snprintf(why, SCN_WHY_SIZE, "no socket for %s on %s", agent->name, config.local.host);
            return false;
        }
        real->books.addresses[i] = ua_config(ua_net_agent(real->net, index))->local;
        if (agent->is_dead) {
            real->books.addresses[i].port = ua_net_free_port(config.local.host);
        }
    }
    return true;
}

static bool ports_choose(struct real *real)
{
    static const char *const hosts[2] = {"127.0.0.1", "::1"};
    bool uses_ipv6 = false;
    for (int i = 0; i < real->scn->agent_count; i++) {
        uses_ipv6 = uses_ipv6 || real->scn->agents[i].is_ipv6;
    }
    for (int i = 0; i <= uses_ipv6; i++) {
        snprintf(real->listen[i].host, sizeof(real->listen[i].host), "%s", hosts[i]);
        real->listen[i].port = ua_net_free_port(hosts[i]);
        if (real->listen[i].port == 0) {
            return false;
        }
    }
    struct ua_address probe = {.host = "127.0.0.9"};
    real->probe_fd = ua_sock_bind(&probe);
    return real->probe_fd >= 0;
}

static config_setting_t *setting_make(config_setting_t *parent, const char *name, int type)
{
    (void)config_setting_remove(parent, name);
    return config_setting_add(parent, name, type);
}

/* What the scenario wants of the configuration beyond what `init` wrote. */
static void settings_put(const struct scn *scn, config_setting_t *root)
{
    config_setting_set_bool(setting_make(root, "drill", CONFIG_TYPE_BOOL), CONFIG_TRUE);
    if (scn->emergency[0]) {
        config_setting_t *list = setting_make(root, "emergency", CONFIG_TYPE_ARRAY);
        (void)config_setting_set_string_elem(list, -1, scn->emergency);
    }
    if (scn->on_net.nano_per_min > 0) {
        char text[MONEY_TEXT_SIZE];
        struct buf buf;
        buf_init(&buf, text, sizeof(text) - 1);
        money_write_nano(&buf, scn->on_net.nano_per_min);
        text[buf.size] = 0;
        config_setting_t *group = setting_make(root, "on_net", CONFIG_TYPE_GROUP);
        (void)config_setting_set_string(setting_make(group, "price", CONFIG_TYPE_STRING), text);
        (void)config_setting_set_int(setting_make(group, "first_increment", CONFIG_TYPE_INT),
                                     scn->on_net.first_s);
        (void)config_setting_set_int(setting_make(group, "next_increment", CONFIG_TYPE_INT),
                                     scn->on_net.next_s);
    }
}

static bool configure(const struct real *real)
{
    char path[REAL_PATH_SIZE + 32];
    config_t config;
    snprintf(path, sizeof(path), "%s/dialtone.conf", real->dir);
    config_init(&config);
    bool is_fine = config_read_file(&config, path) == CONFIG_TRUE;
    if (is_fine) {
        settings_put(real->scn, config_root_setting(&config));
        is_fine = config_write_file(&config, path) == CONFIG_TRUE;
    }
    config_destroy(&config);
    return is_fine;
}

static bool initialise(struct real *real, char why[SCN_WHY_SIZE])
{
    char output[SCN_WHY_SIZE / 2];
    char *argv[] = {(char *)(uintptr_t)real->options.program,
                    "init",
                    real->dir,
                    "--domain",
                    SCN_DOMAIN,
                    NULL,
                    NULL,
                    NULL};
    if (real->options.is_on_server) {
        pg_server_make(&real->server);
        argv[5] = "--store";
        argv[6] = real->server.url;
    }
    if (proc_run(argv, output, sizeof(output), PROGRAM_US) != 0) {
        snprintf(why, SCN_WHY_SIZE, "dialtone init failed: %s", output);
        return false;
    }
    if (!configure(real)) {
        snprintf(why, SCN_WHY_SIZE, "cannot write %s/dialtone.conf", real->dir);
        return false;
    }
    real->books.store = store_new(
        &(struct store_options){.dir = real->dir,
                                .url = real->options.is_on_server ? real->server.url : NULL,
                                .deadline_us = 2000000});
    return real->books.store != NULL && books_provision(&real->books, why);
}

static bool is_ready(struct real *real)
{
    json_t *answer = NULL;
    if (control_client_ask(real->supervisor, "status", NULL, 1000000, &answer) != CONTROL_OK) {
        return false;
    }
    bool is_it = json_is_true(json_object_get(answer, "ready"));
    json_decref(answer);
    return is_it;
}

static bool start(struct real *real, char why[SCN_WHY_SIZE])
{
    char listens[4][100];
    char *argv[24] = {(char *)(uintptr_t)real->options.program, "run", real->dir};
    int count = 3;
    for (int i = 0; i < 4; i++) {
        const struct ua_address *address = &real->listen[i / 2];
        if (address->port == 0) {
            continue;
        }
        snprintf(listens[i], sizeof(listens[i]), "%s:%s%s%s:%u", i % 2 ? "tcp" : "udp",
                 i >= 2 ? "[" : "", address->host, i >= 2 ? "]" : "", address->port);
        argv[count++] = "--listen";
        argv[count++] = listens[i];
    }
    argv[count++] = "--http";
    argv[count++] = "127.0.0.1:0";
    argv[count++] = "--workers";
    argv[count++] = "2";
    real->pid = proc_spawn(argv, real->log);
    int64_t until_us = clock_mono_us() + READY_US;
    while (real->pid > 0 && clock_mono_us() < until_us) {
        if (is_ready(real)) {
            return true;
        }
        usleep(20000);
    }
    snprintf(why, SCN_WHY_SIZE, "dialtone was not ready within %d s", READY_US / 1000000);
    return false;
}

struct real *real_new(const struct scn *scn, const struct real_options *options,
                      char why[SCN_WHY_SIZE])
{
    struct real *real = calloc(1, sizeof(*real));
    const char *base = getenv("TMPDIR");
    if (real == NULL) {
        return NULL;
    }
    real->scn = real->books.scn = scn;
    real->options = *options;
    real->probe_fd = -1;
    snprintf(real->dir, sizeof(real->dir), "%s/dialtone-scenario-XXXXXX",
             base != NULL ? base : "/tmp");
    bool is_fine = mkdtemp(real->dir) != NULL;
    char *holder = strdup(real->dir);
    snprintf(real->dir, sizeof(real->dir), "%s/dir", holder); /* `init` makes it */
    free(holder);
    snprintf(real->faults, sizeof(real->faults), "%s/drill.faults", real->dir);
    snprintf(real->database, sizeof(real->database), "%s/dialtone.db", real->dir);
    snprintf(real->run_dir, sizeof(real->run_dir), "%s/run", real->dir);
    snprintf(real->log, sizeof(real->log), "%s.log", real->dir);
    real->net = ua_net_new(no_listener, real);
    real->supervisor = control_client_new(real->run_dir, "supervisor.sock");
    real->edge = control_client_new(real->run_dir, "edge.sock");
    snprintf(why, SCN_WHY_SIZE, "no folder, port or memory");
    is_fine = is_fine && real->net != NULL && real->supervisor != NULL && real->edge != NULL &&
              ports_choose(real) && agents_open(real, why) && initialise(real, why) &&
              start(real, why);
    if (!is_fine) {
        char ignored[SCN_WHY_SIZE];
        size_t size = strlen(why);
        snprintf(why + size, SCN_WHY_SIZE - size, " (see %s)", real->dir);
        (void)real_free(real, false, ignored);
        return NULL;
    }
    return real;
}

bool real_free(struct real *real, bool is_pass, char why[SCN_WHY_SIZE])
{
    bool is_clean = true;
    if (real->pid > 0) {
        (void)real_store_heal(real);
        is_clean = proc_stop(real->pid, STOP_US) >= 0;
        if (!is_clean) {
            snprintf(why, SCN_WHY_SIZE, "dialtone did not stop within 5 s of SIGTERM");
        }
    }
    store_free(real->books.store);
    if (real->server.pid != 0) {
        pg_server_done(&real->server);
    }
    control_client_free(real->supervisor);
    control_client_free(real->edge);
    ua_net_free(real->net);
    if (real->probe_fd >= 0) {
        close(real->probe_fd);
    }
    if (is_pass && is_clean && !real->options.is_kept) {
        *strrchr(real->dir, '/') = 0;
        proc_remove_all(real->dir);
    } else {
        fprintf(stderr, "kept: %s\n", real->dir);
    }
    free(real);
    return is_clean;
}
