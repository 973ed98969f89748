/* edge_bans.c - bans of the edge as a process: made and restored with it, ended by the clock, put
 * and lifted by operators. What leads to one: src/edge/admit.c. */
#include "base/clock.h"
#include "node/edge_role.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_STEP 64
#define FOR_DEFAULT_S 3600
#define FOR_MAX_S (366 * 86400)

static struct ban_now ban_time(void)
{
    return (struct ban_now){clock_mono_us(), clock_wall_us()};
}

bool bans_make(struct edge_role *role)
{
    const struct node_config *config = role->options->config;
    struct edge *edge = &role->edge;
    if (!config->has_bans) {
        return true;
    }
    struct ban_terms terms = ban_terms_default();
    terms.first_us = config->ban_first_us;
    terms.last_us =
        config->ban_longest_us > terms.first_us ? config->ban_longest_us : terms.first_us;
    for (int i = 0; i < config->allowed_count && i < EDGE_ALLOWED_MAX; i++) {
        struct acl_entry *entry = &edge->settings.allowed[edge->settings.allowed_count++];
        memcpy(entry->address, config->allowed[i].address, sizeof(entry->address));
        entry->prefix_bits = config->allowed[i].prefix_bits;
        acl_mask(entry->address, entry->prefix_bits);
    }
    acl_sort(edge->settings.allowed, (uint32_t)edge->settings.allowed_count);
    edge->bans = ban_table_new(&terms, edge->settings.hash_seed);
    edge->known = known_set_new(config->bindings_max); /* half of them for users, half for flows */
    return edge->bans != NULL && edge->known != NULL;
}

void bans_free(struct edge_role *role)
{
    ban_table_free(role->edge.bans);
    known_set_free(role->edge.known);
}

bool bans_replay(struct edge_role *role, struct slice record)
{
    struct ban ban;
    if (!ban_decode(record, &ban)) {
        return false;
    }
    if (role->edge.bans != NULL) {
        ban_replay(role->edge.bans, &ban, ban_time());
    }
    return true;
}

static void know_each(void *ctx, struct slice user, const struct reg_flow *flow)
{
    struct edge_role *role = ctx;
    edge_know(&role->edge, user, flow);
}

/* Until this is done no ban holds: who is a customer is not known. */
void bans_load_known(struct edge_role *role)
{
    if (role->edge.known != NULL) {
        registrar_each_flow(role->edge.registrar, know_each, role);
    }
    atomic_store(&role->edge.is_known_loaded, true);
}

static void tell(void *ctx, const char *kind, struct slice json)
{
    edge_event(ctx, kind, json);
}

static void told(struct edge_role *role, const char *kind, const struct ban *ban)
{
    struct edge_shell shell = {.ctx = role, .event = tell};
    edge_ban_event(&role->edge, &shell, kind, ban, clock_wall_us());
}

void bans_sweep(struct edge_role *role)
{
    struct ban ban;
    while (role->edge.bans != NULL && ban_sweep(role->edge.bans, ban_time(), &ban)) {
        told(role, "ban.over", &ban);
    }
}

/* Calls each for all bans, a few at a time: the lock is not held meanwhile. */
static void for_all(struct edge_role *role, void (*each)(void *ctx, const struct ban *ban),
                    void *ctx)
{
    struct ban bans[LIST_STEP];
    uint32_t at = 0;
    while (role->edge.bans != NULL && at != UINT32_MAX) {
        int count = ban_list(role->edge.bans, &at, bans, LIST_STEP, ban_time());
        for (int i = 0; i < count; i++) {
            each(ctx, &bans[i]);
        }
    }
}

static void record_each(void *ctx, const struct ban *ban)
{
    edge_ban_record(ctx, ban);
}

void bans_snapshot(struct edge_role *role)
{
    for_all(role, record_each, &role->edge);
}

/* ---- the control socket ---- */

static json_t *ban_json(const struct edge_role *role, const struct ban *ban)
{
    char source[64];
    struct buf out;
    buf_init(&out, source, sizeof(source));
    ban_source_write(&out, ban->source);
    return json_pack("{s:s%,s:s,s:s?,s:b,s:i,s:I,s:I,s:I,s:b}", "source", source, out.size,
                     "reason", ban->reason, "actor", ban->is_manual ? ban->actor : NULL,
                     "is_manual", ban->is_manual, "level", ban->level, "wall_since_us",
                     (json_int_t)ban->wall_since_us, "wall_until_us",
                     (json_int_t)ban->wall_until_us, "dropped", (json_int_t)ban->dropped_count,
                     "has_customers", edge_knows_place(&role->edge, ban->source));
}

struct listing {
    const struct edge_role *role;
    json_t *list;
};

static void list_each(void *ctx, const struct ban *ban)
{
    struct listing *listing = ctx;
    json_array_append_new(listing->list, ban_json(listing->role, ban));
}

void bans_answer_list(struct edge_role *role, struct control_answer *answer)
{
    struct listing listing = {.role = role, .list = json_array()};
    bool are_known = atomic_load(&role->edge.is_known_loaded); /* before anybody is looked up */
    for_all(role, list_each, &listing);
    control_answer_json(answer, json_pack("{s:o,s:b,s:b,s:I}", "bans", listing.list, "is_on",
                                          role->edge.bans != NULL, "are_customers_known", are_known,
                                          "as_of_wall_us", (json_int_t)clock_wall_us()));
}

/* The source that a request names. False: answered. */
static bool read_source(struct edge_role *role, const json_t *request,
                        struct control_answer *answer, uint8_t source[16])
{
    const char *text = json_string_value(json_object_get(request, "source"));
    if (role->edge.bans == NULL) {
        control_answer_error(answer, "bans-off", "bans are switched off in dialtone.conf");
        return false;
    }
    if (text == NULL || !ban_source_parse(slice_from_text(text), source)) {
        control_answer_error(answer, "bad-request",
                             "source must be an IPv4 address, or an IPv6 address or its /64");
        return false;
    }
    return true;
}

static bool is_printable(const char *text)
{
    for (; *text != '\0'; text++) {
        if ((unsigned char)*text < 0x20 || *text == 0x7f) {
            return false;
        }
    }
    return true;
}

void bans_answer_ban(struct edge_role *role, const json_t *request, struct control_answer *answer)
{
    uint8_t source[16];
    const json_t *length = json_object_get(request, "for_s");
    const char *reason = json_string_value(json_object_get(request, "reason"));
    const char *actor = json_string_value(json_object_get(request, "actor"));
    json_int_t for_s = length == NULL ? FOR_DEFAULT_S : json_integer_value(length);
    if (!read_source(role, request, answer, source)) {
        return;
    }
    if (for_s < 1 || for_s > FOR_MAX_S) {
        control_answer_error(answer, "bad-request", "for_s must be 1 to %d seconds", FOR_MAX_S);
        return;
    }
    reason = reason == NULL || reason[0] == '\0' ? "operator" : reason;
    if (strlen(reason) >= BAN_REASON_SIZE || !is_printable(reason)) {
        control_answer_error(answer, "bad-request", "reason must be a line of at most %d bytes",
                             BAN_REASON_SIZE - 1);
        return;
    }
    int reader = role->worker_count; /* this thread's place among the epoch's readers */
    epoch_online(&role->epoch, reader);
    bool is_allowed = edge_allows_place(&role->edge, source);
    epoch_offline(&role->epoch, reader);
    if (is_allowed) {
        control_answer_error(answer, "never-banned",
                             "that source is a trunk's, or in ban_allow: it is never banned");
        return;
    }
    struct ban ban;
    memset(&ban, 0, sizeof(ban));
    ban_put(role->edge.bans, source, for_s * 1000000, reason, actor == NULL ? "" : actor,
            ban_time(), &ban);
    edge_ban_record(&role->edge, &ban);
    told(role, "ban.begun", &ban);
    control_answer_json(answer, json_pack("{s:o}", "ban", ban_json(role, &ban)));
}

void bans_answer_lift(struct edge_role *role, const json_t *request, struct control_answer *answer)
{
    uint8_t source[16];
    struct ban ban;
    if (!read_source(role, request, answer, source)) {
        return;
    }
    if (!ban_lift(role->edge.bans, source, ban_time(), &ban)) {
        control_answer_error(answer, "not-found", "that source is not banned");
        return;
    }
    edge_ban_record(&role->edge, &ban);
    told(role, "ban.lifted", &ban);
}
