#include "base/clock.h"
#include "base/drill.h"
#include "node/edge_role.h"
#include "node/edge_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Without its identity a life's usages would be settled as another's, or by nobody. */
static bool replay_identity(struct edge_role *role, struct slice record)
{
    struct edge_identity identity;
    return store_identity_read(record, &identity) &&
           identities_note(role->identities, &role->identity_count, &identity);
}

static void replay_usage(struct edge_role *role, const struct journal_entry *entry)
{
    struct usage usage;
    if (usage_decode(entry->record, &usage) &&
        entry->life == journal_file_status(role->journal).life) {
        meter_replay_ended(role->edge.meters, usage.account_id, usage.ended_micro);
    }
}

static bool replay_other(void *ctx, const struct journal_entry *entry)
{
    struct edge_role *role = ctx;
    switch (entry->kind) {
    case JOURNAL_BINDING:
    case JOURNAL_NONCE:
        return true;    /* the other thread's */
    case JOURNAL_LEASE: /* an older life's were another incarnation's */
        return entry->life != journal_file_status(role->journal).life ||
               meter_replay_lease(role->edge.meters, entry->record);
    case JOURNAL_HEARTBEAT: {
        struct wire_reader in = {.rest = entry->record};
        role->last_alive_wall_us = wire_get_i64(&in);
        return true;
    }
    case JOURNAL_IDENTITY:
        return replay_identity(role, entry->record);
    case JOURNAL_BAN:
        return bans_replay(role, entry->record);
    case JOURNAL_USAGE:
        replay_usage(role, entry);
        break;
    case JOURNAL_CALL:
        if (drill_is("wrong/calls-forgotten")) {
            return true;
        }
        break;
    case JOURNAL_CALL_GONE:
        break;
    }
    struct edge_time now = {clock_mono_us(), clock_wall_us()};
    for (int i = 0; i < role->worker_count; i++) {
        edge_replay(role->threads[i].engine, entry->kind, entry->record, &now);
    }
    return true;
}

/* ---- bindings, in a thread of their own ---- */

struct bindings {
    struct edge_role *role;
    struct reg_now now;
    bool is_replayed;
    char error[JOURNAL_ERROR_SIZE];
};

static bool replay_binding(void *ctx, const struct journal_entry *entry)
{
    struct bindings *bindings = ctx;
    bool is_ours = entry->kind == JOURNAL_BINDING || entry->kind == JOURNAL_NONCE;
    return !is_ours || registrar_replay(bindings->role->edge.registrar, entry->kind, entry->record,
                                        bindings->now);
}

static void *bindings_main(void *argument)
{
    struct bindings *bindings = argument;
    bindings->is_replayed =
        journal_file_replay(bindings->role->journal, replay_binding, bindings, bindings->error);
    return NULL;
}

/* ---- all of it ---- */

/* Neither half of the log needs the other's, nor the configuration the bindings; nothing is
 * appended until all three are there. */
static bool read_logs(struct edge_role *role, char error[JOURNAL_ERROR_SIZE])
{
    struct bindings bindings = {.role = role, .now = {clock_mono_us(), clock_wall_us()}};
    pthread_t thread;
    bool has_thread = pthread_create(&thread, NULL, bindings_main, &bindings) == 0;
    (void)config_follower_replay(role->follower);
    bool is_replayed = journal_file_replay(role->journal, replay_other, role, error);
    if (has_thread) {
        pthread_join(thread, NULL);
    } else {
        bindings_main(&bindings);
    }
    if (!bindings.is_replayed && is_replayed) {
        memcpy(error, bindings.error, sizeof(bindings.error));
    }
    return is_replayed && bindings.is_replayed;
}

bool edge_replay_all(struct edge_role *role, char error[JOURNAL_ERROR_SIZE])
{
    if (!read_logs(role, error)) {
        return false;
    }
    if (!lives_begin(role)) {
        snprintf(error, JOURNAL_ERROR_SIZE,
                 "%d lives of this disk are not settled: no room for more", IDENTITY_LIVES_MAX);
        return false;
    }
    registrar_set_loaded(role->edge.registrar);
    config_follower_presence(role->follower);
    meter_set_day(role->edge.meters, clock_wall_us() / INT64_C(86400000000));
    for (int i = 0; i < role->worker_count; i++) {
        struct edge_time now = {clock_mono_us(), clock_wall_us()};
        role->threads[i].now = now;
        edge_replay_done(role->threads[i].engine, role->last_alive_wall_us, &now);
    }
    return true;
}
