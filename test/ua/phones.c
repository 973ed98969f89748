/* dialtone-phones FILE: phones and a carrier on real sockets, which call each other until told to
 * stop. SIGTERM and SIGINT end the calls and unregister within two seconds. */
#include "phones.h"

#include "base/clock.h"
#include "ua_net.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <time.h>

#define LEAVE_US 1800000
#define FILE_SIZE_MAX (1 << 20)

struct phones {
    struct phones_file file;
    struct ua_net *net;
    int64_t next_at_us[PHONES_PLANS_MAX];
    bool is_quiet;
    bool has_answer;
    double wall_started_s; /* of the command that started us; 0: not told */
    uint64_t failures;
    uint64_t given_up; /* rang, and were cancelled by us */
};

static volatile sig_atomic_t is_stopping;

static void stop(int signal_number)
{
    (void)signal_number;
    is_stopping = 1;
}

static double wall_s(void)
{
    struct timespec now;
    clock_gettime(CLOCK_REALTIME, &now);
    return (double)now.tv_sec + (double)now.tv_nsec / 1e9;
}

static void say(const struct phones *phones, int agent, const char *text, const char *peer)
{
    if (phones->is_quiet) {
        return;
    }
    struct timespec now;
    struct tm parts;
    clock_gettime(CLOCK_REALTIME, &now);
    localtime_r(&now.tv_sec, &parts);
    printf("%02d:%02d:%02d.%03ld %-12s %s%s%s\n", parts.tm_hour, parts.tm_min, parts.tm_sec,
           now.tv_nsec / 1000000, phones->file.agents[agent].config.user, text, peer[0] ? " " : "",
           peer);
}

static void first_answer(struct phones *phones)
{
    if (phones->has_answer) {
        return;
    }
    phones->has_answer = true;
    if (phones->wall_started_s > 0) {
        printf("first call answered %.1f s after the start\n", wall_s() - phones->wall_started_s);
        fflush(stdout);
    }
}

static void listen_event(void *ctx, int agent, const struct ua_event *event, int64_t now_us)
{
    struct phones *phones = ctx;
    char text[400];
    (void)now_us;
    switch (event->kind) {
    case UA_EV_REGISTERED:
    case UA_EV_UNREGISTERED:
        say(phones, agent, ua_event_name(event->kind), "");
        break;
    case UA_EV_REGISTER_FAILED:
        snprintf(text, sizeof(text), "registration failed (%d)", event->status);
        say(phones, agent, text, "");
        break;
    case UA_EV_INCOMING:
        say(phones, agent, "is called by", event->peer);
        break;
    case UA_EV_ANSWERED:
        if (!event->is_by_us) {
            say(phones, agent, "call answered by", event->peer);
            first_answer(phones);
        }
        break;
    case UA_EV_REFUSED:
        if (event->status == 487) { /* by our own CANCEL: the phones are leaving */
            phones->given_up++;
            say(phones, agent, "gave up its call to", event->peer);
            break;
        }
        phones->failures++;
        snprintf(text, sizeof(text), "call refused (%d%s%.60s) by", event->status,
                 event->x_reason[0] || event->reason[0] ? " " : "",
                 event->x_reason[0] ? event->x_reason : event->reason);
        say(phones, agent, text, event->peer);
        break;
    case UA_EV_MISSED:
        say(phones, agent, "missed a call from", event->peer);
        break;
    case UA_EV_ENDED:
        snprintf(text, sizeof(text), "call ended by %s after %.1f s with",
                 event->is_by_us ? "us" : "the other side", (double)event->talk_us / 1e6);
        say(phones, agent, text, event->peer);
        break;
    case UA_EV_PROGRESS:
    case UA_EV_REQUEST:
    case UA_EV_RESPONSE:
        break;
    }
    if (!phones->is_quiet) {
        fflush(stdout);
    }
}

static int64_t jitter_us(int64_t span_us)
{
    uint32_t value = 0;
    (void)!getrandom(&value, sizeof(value), 0);
    return span_us > 0 ? (int64_t)(value % (uint64_t)span_us) : 0;
}

static bool open_agents(struct phones *phones)
{
    for (int i = 0; i < phones->file.agent_count; i++) {
        struct phones_agent *agent = &phones->file.agents[i];
        (void)!getrandom(&agent->config.seed, sizeof(agent->config.seed), 0);
        if (ua_net_add(phones->net, &agent->config, phones->file.has_audio) < 0) {
            fprintf(stderr, "dialtone-phones: %s: cannot bind %s port %u\n", agent->config.user,
                    agent->config.local.host, agent->config.local.port);
            return false;
        }
        struct ua *ua = ua_net_agent(phones->net, i);
        ua_set_rules(ua, agent->rules, agent->rule_count);
        if (!agent->is_carrier) {
            ua_register(ua, clock_mono_us(), ua_net_out(phones->net));
            ua_net_flush(phones->net, i);
        }
    }
    return true;
}

static void place_calls(struct phones *phones)
{
    int64_t now_us = clock_mono_us();
    for (int i = 0; i < phones->file.plan_count; i++) {
        const struct phones_plan *plan = &phones->file.plans[i];
        struct ua *ua = ua_net_agent(phones->net, plan->agent);
        bool may_call = phones->file.agents[plan->agent].is_carrier || ua_is_registered(ua);
        if (!may_call || phones->next_at_us[i] > now_us) {
            continue;
        }
        phones->next_at_us[i] =
            now_us + plan->every_us - plan->every_us / 10 + jitter_us(plan->every_us / 5);
        int call =
            ua_call(ua, &(struct ua_call_options){.to = plan->to, .hangup_after_us = plan->hold_us},
                    now_us, ua_net_out(phones->net));
        if (call >= 0) {
            say(phones, plan->agent, "calls", plan->to);
        }
        ua_net_flush(phones->net, plan->agent);
    }
}

static void leave(struct phones *phones)
{
    int64_t until_us = clock_mono_us() + LEAVE_US;
    for (int i = 0; i < ua_net_count(phones->net); i++) {
        ua_hangup_all(ua_net_agent(phones->net, i), clock_mono_us(), ua_net_out(phones->net));
        ua_net_flush(phones->net, i);
        ua_unregister(ua_net_agent(phones->net, i), clock_mono_us(), ua_net_out(phones->net));
        ua_net_flush(phones->net, i);
    }
    bool is_idle = false;
    while (!is_idle && clock_mono_us() < until_us) {
        (void)ua_net_step(phones->net, clock_mono_us() + 20000);
        is_idle = true;
        for (int i = 0; i < ua_net_count(phones->net); i++) {
            is_idle = is_idle && ua_is_idle(ua_net_agent(phones->net, i));
        }
    }
}

static void summary(const struct phones *phones)
{
    uint64_t placed = 0, answered = 0, received = 0, sent = 0;
    for (int i = 0; i < ua_net_count(phones->net); i++) {
        const struct ua_stats *stats = ua_stats(ua_net_agent(phones->net, i));
        placed += stats->placed;
        answered += stats->answered_out;
        sent += ua_net_media(phones->net, i)->sent;
        received += ua_net_media(phones->net, i)->received;
    }
    printf("calls placed %lu, answered %lu, refused %lu, given up %lu; "
           "audio packets sent %lu, received %lu\n",
           (unsigned long)placed, (unsigned long)answered, (unsigned long)phones->failures,
           (unsigned long)phones->given_up, (unsigned long)sent, (unsigned long)received);
}

static bool file_read(const char *path, struct phones_file *out)
{
    static char text[FILE_SIZE_MAX];
    char error[300];
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fprintf(stderr, "dialtone-phones: cannot read %s\n", path);
        return false;
    }
    size_t size = fread(text, 1, sizeof(text), file);
    fclose(file);
    if (!phones_file_parse(slice_make(text, size), out, error, sizeof(error))) {
        fprintf(stderr, "dialtone-phones: %s: %s\n", path, error);
        return false;
    }
    return true;
}

static void signals(void)
{
    struct sigaction action = {.sa_handler = stop};
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGINT, &action, NULL);
    signal(SIGPIPE, SIG_IGN);
}

int main(int argc, char **argv)
{
    static struct phones phones;
    const char *path = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--quiet") == 0) {
            phones.is_quiet = true;
        } else if (strcmp(argv[i], "--started") == 0 && i + 1 < argc) {
            phones.wall_started_s = strtod(argv[++i], NULL);
        } else if (argv[i][0] != '-' && path == NULL) {
            path = argv[i];
        } else {
            path = NULL;
            break;
        }
    }
    if (path == NULL) {
        fprintf(stderr, "usage: dialtone-phones FILE [--quiet] [--started WALL_SECONDS]\n"
                        "  --started  the time (date +%%s.%%N) from which the first answered call "
                        "is measured\n");
        return 2;
    }
    if (!file_read(path, &phones.file)) {
        return 2;
    }
    signals();
    phones.net = ua_net_new(listen_event, &phones);
    if (phones.net == NULL || !open_agents(&phones)) {
        ua_net_free(phones.net);
        return 1;
    }
    for (int i = 0; i < phones.file.plan_count; i++) {
        phones.next_at_us[i] = clock_mono_us() + jitter_us(2000000);
    }
    while (!is_stopping) {
        place_calls(&phones);
        (void)ua_net_step(phones.net, clock_mono_us() + 50000);
    }
    leave(&phones);
    summary(&phones);
    ua_net_free(phones.net);
    return 0;
}
