#include "node/web.h"

#include "base/clock.h"
#include "guard/breaker.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#define ASK_PATIENCE_US 2000000
#define EVENT_PATIENCE_US 500000
#define FOLLOW_EVERY_US 1000000 /* the edge takes it that nobody looks after three seconds */
#define AGAIN_FIRST_US 100000
#define AGAIN_LAST_US 2000000

struct web_link {
    pthread_mutex_t lock; /* held while a question is under way: they take turns */
    struct control_client *client;
    struct breaker breaker;
    struct breaker_terms terms;
    struct rng rng;
};

struct web_link *web_link_new(const char *run_dir, const char *name)
{
    struct web_link *link = calloc(1, sizeof(*link));
    if (link == NULL) {
        return NULL;
    }
    link->client = control_client_new(run_dir, name);
    if (link->client == NULL) {
        free(link);
        return NULL;
    }
    pthread_mutex_init(&link->lock, NULL);
    link->terms = breaker_terms_default(0);
    /* A role that died is back within a second: it must not be left alone for much longer. */
    link->terms.open_us = 200000;
    link->terms.open_max_us = 1000000;
    link->terms.ramp_step_us = 0; /* one process here: it is back or it is not */
    rng_init(&link->rng, (uint64_t)clock_mono_us());
    return link;
}

void web_link_free(struct web_link *link)
{
    if (link == NULL) {
        return;
    }
    control_client_free(link->client);
    pthread_mutex_destroy(&link->lock);
    free(link);
}

enum api_ask web_link_ask(struct web_link *link, const char *command, const json_t *members,
                          json_t **answer)
{
    pthread_mutex_lock(&link->lock);
    uint32_t ticket = 0;
    int64_t from_us = clock_mono_us();
    enum control_result result = CONTROL_UNKNOWN;
    if (breaker_try(&link->breaker, &link->terms, from_us, &ticket)) {
        result = control_client_ask(link->client, command, members, ASK_PATIENCE_US, answer);
        int64_t to_us = clock_mono_us();
        breaker_report(&link->breaker, &link->terms, ticket, result != CONTROL_UNKNOWN,
                       to_us - from_us, to_us, &link->rng);
    }
    pthread_mutex_unlock(&link->lock);
    switch (result) {
    case CONTROL_OK:
        return API_ASK_OK;
    case CONTROL_REFUSED:
        return API_ASK_REFUSED;
    case CONTROL_UNKNOWN:
    case CONTROL_QUIET:
        break;
    }
    return API_ASK_UNKNOWN;
}

/* ---- events ---- */

static void pass_on(struct web *web, const json_t *line)
{
    const char *kind = json_string_value(json_object_get(line, "event"));
    json_t *data = json_object_get(line, "data");
    if (kind != NULL && json_is_object(data) &&
        strspn(kind, "abcdefghijklmnopqrstuvwxyz0123456789._-") == strlen(kind)) {
        api_publish(web->api, kind, data);
    }
}

static void tell_edge(struct web *web, bool is_followed)
{
    if (atomic_exchange(&web->is_edge_followed, is_followed) == is_followed) {
        return;
    }
    json_t *data = json_pack("{s:s}", "state", is_followed ? "ok" : "unknown");
    api_publish(web->api, "edge", data);
    json_decref(data);
}

/* Until the connection breaks. */
static void follow(struct web *web, struct control_client *client)
{
    json_t *answer = NULL;
    if (control_client_ask(client, "events", NULL, ASK_PATIENCE_US, &answer) != CONTROL_OK) {
        json_decref(answer);
        return;
    }
    json_decref(answer);
    tell_edge(web, true);
    int64_t told_at_us = 0;
    while (!atomic_load(&web->is_stopping)) {
        json_t *line = NULL;
        if (api_has_followers(web->api) && clock_mono_us() - told_at_us >= FOLLOW_EVERY_US) {
            api_follow_edge(web->api);
            told_at_us = clock_mono_us();
        }
        enum control_result result = control_client_event(client, EVENT_PATIENCE_US, &line);
        if (result == CONTROL_UNKNOWN) {
            return;
        }
        if (result == CONTROL_OK) {
            pass_on(web, line);
            json_decref(line);
        }
    }
}

static void pause_for(const struct web *web, int64_t us)
{
    while (us > 0 && !atomic_load(&web->is_stopping)) {
        int64_t step_us = us < 100000 ? us : 100000;
        struct timespec step = {0, step_us * 1000};
        nanosleep(&step, NULL);
        us -= step_us;
    }
}

void *web_follow_edge(void *ctx)
{
    struct web *web = ctx;
    int64_t again_us = AGAIN_FIRST_US;
    while (!atomic_load(&web->is_stopping)) {
        struct control_client *client = control_client_new(web->run_dir, "edge.sock");
        int64_t from_us = clock_mono_us();
        if (client != NULL) {
            follow(web, client);
            control_client_free(client);
        }
        tell_edge(web, false);
        bool was_good = clock_mono_us() - from_us > AGAIN_LAST_US;
        again_us = was_good ? AGAIN_FIRST_US : again_us * 2;
        again_us = again_us < AGAIN_LAST_US ? again_us : AGAIN_LAST_US;
        pause_for(web, again_us);
    }
    return NULL;
}
