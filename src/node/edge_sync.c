#include "base/clock.h"
#include "base/drill.h"
#include "node/edge_role.h"

#include <stdio.h>
#include <string.h>
#include <time.h>

#define SYNC_WITHIN_US                                                                             \
    20000 /* a record is on the disk so long after it was made, if that keeps up */
#define PAUSE_MAX_US 16000
#define PAUSE_MIN_US 2000
#define SECOND_US 1000000
#define SNAPSHOT_BYTES (UINT64_C(48) << 20) /* of log since the last snapshot */
#define SNAPSHOT_RECORDS 500                /* a lock's worth at a time */
#define COMMAND_PATIENCE_US 5000000
#define EXPIRE_MAX 2000

static void pause_us(int64_t us)
{
    struct timespec time = {us / 1000000, us % 1000000 * 1000};
    nanosleep(&time, NULL);
}

/* A record that comes just too late for one sync waits for its end, the pause, and the next one. */
static int64_t pause_after(int64_t sync_took_us)
{
    int64_t left_us = SYNC_WITHIN_US - 2 * sync_took_us;
    left_us = left_us < PAUSE_MAX_US ? left_us : PAUSE_MAX_US;
    return left_us > PAUSE_MIN_US ? left_us : PAUSE_MIN_US;
}

static void sync_once(struct edge_role *role)
{
    char error[JOURNAL_ERROR_SIZE] = "";
    bool is_safe = journal_file_sync(role->journal, error);
    pthread_mutex_lock(&role->lock);
    bool is_news = !is_safe && role->view.sync_error[0] == '\0';
    snprintf(role->view.sync_error, sizeof(role->view.sync_error), "%.119s", is_safe ? "" : error);
    pthread_mutex_unlock(&role->lock);
    if (is_news) {
        edge_event(role, "alarm", SLICE("{\"alarm\":\"the edge's journal cannot be synced\"}"));
    }
}

void edge_heartbeat(struct edge_role *role)
{
    char record[16];
    struct buf out;
    buf_init(&out, record, sizeof(record));
    wire_put_i64(&out, clock_wall_us());
    role->edge.journal.append(role->edge.journal.ctx, JOURNAL_HEARTBEAT, buf_done(&out));
}

static void look_at_room(struct edge_role *role)
{
    char error[JOURNAL_ERROR_SIZE] = "";
    bool has_room = journal_file_prepare(role->journal, error);
    bool is_low = !has_room && journal_file_status(role->journal).is_low;
    atomic_store(&role->edge.is_paid_work_off, is_low);
    int percent = store_disk_free_percent(role->options->dir);
    bool is_disk_low = percent >= 0 && percent < role->options->config->disk_free_min_percent;
    pthread_mutex_lock(&role->lock);
    bool is_news = is_disk_low && !role->view.is_disk_low;
    role->view.is_disk_low = is_disk_low;
    role->view.disk_free_percent = percent;
    pthread_mutex_unlock(&role->lock);
    if (is_news) {
        edge_event(role, "alarm",
                   SLICE("{\"alarm\":\"disk nearly full: only money and calls are written\"}"));
    }
}

/* Everything that is open is recorded anew in a fresh segment; then the old ones may go. Each
 * worker records its own calls, in its own time. */
static bool snapshot(struct edge_role *role)
{
    char error[JOURNAL_ERROR_SIZE];
    if (!journal_file_rotate(role->journal)) {
        return false;
    }
    drill_point("at/snapshot-begun");
    pthread_mutex_lock(&role->lock); /* as they change */
    for (int i = 0; i < role->identity_count; i++) {
        role->append_identity(role, &role->identities[i]);
    }
    pthread_mutex_unlock(&role->lock);
    edge_heartbeat(role);
    bans_snapshot(role);
    uint32_t account_at = 0;
    while (meter_snapshot(role->edge.meters, &account_at, SNAPSHOT_RECORDS)) {
    }
    uint64_t binding_at = 0;
    while (registrar_snapshot(role->edge.registrar, &binding_at, SNAPSHOT_RECORDS)) {
        if (journal_file_status(role->journal).is_low &&
            !journal_file_prepare(role->journal, error)) {
            return false;
        }
    }
    for (int i = 0; i < role->worker_count; i++) {
        struct command *command = command_new(COMMAND_SNAPSHOT);
        if (command == NULL) {
            return false;
        }
        bool is_done = edge_command(role, i, command, COMMAND_PATIENCE_US);
        command_release(role, command);
        if (!is_done) {
            return false; /* a worker is stuck: the old segments stay */
        }
    }
    return journal_file_snapshot_done(role->journal, error);
}

static void on_gone(void *ctx, struct slice user, uint64_t account_id)
{
    struct edge_role *role = ctx;
    struct account account;
    char text[256];
    struct buf json;
    if (directory_account(role->edge.directory, account_id, &account).is == TRI_PRESENT) {
        meter_presence(role->edge.meters, &account, -1, clock_mono_us());
    }
    buf_init(&json, text, sizeof(text));
    buf_char(&json, '{');
    buf_json_text(&json, "user", user);
    buf_json_i64(&json, "account_id", (int64_t)account_id);
    buf_json_i64(&json, "bindings", 0);
    buf_char(&json, '}');
    edge_event(role, "unregistered", buf_done(&json));
}

static void sync_event(void *ctx, const char *kind, struct slice json)
{
    edge_event(ctx, kind, json);
}

static void look_for_fraud(struct edge_role *role, struct fraud_told *told)
{
    struct edge_shell shell = {.ctx = role, .event = sync_event};
    struct edge_time now = {clock_mono_us(), clock_wall_us()};
    int reader = role->worker_count + 1; /* behind the workers and the control thread */
    epoch_online(&role->epoch, reader);
    edge_fraud_check(&role->edge, told, &now, &shell);
    epoch_offline(&role->epoch, reader);
}

void *edge_sync_main(void *argument)
{
    struct edge_role *role = argument;
    int64_t second_at_us = 0;
    int64_t day_at_us = 0;
    struct fraud_told told = {.count = 0};
    uint64_t snapshot_size = journal_file_status(role->journal).file_size;
    bans_load_known(role);
    while (!atomic_load_explicit(&role->is_stopping, memory_order_relaxed)) {
        int64_t now_us = clock_mono_us();
        if (now_us >= second_at_us) {
            second_at_us = now_us + SECOND_US;
            edge_heartbeat(role);
            look_at_room(role);
            bans_sweep(role);
            look_for_fraud(role, &told);
            struct reg_now now = {now_us, clock_wall_us()};
            (void)registrar_expire(role->edge.registrar, now, EXPIRE_MAX, on_gone, role);
            uint64_t size = journal_file_status(role->journal).file_size;
            bool is_due =
                size > snapshot_size + SNAPSHOT_BYTES || drill_is("wrong/snapshot-each-second");
            if (is_due && snapshot(role)) {
                snapshot_size = journal_file_status(role->journal).file_size;
            }
        }
        if (now_us >= day_at_us) {
            day_at_us = now_us + INT64_C(3600000000);
            int64_t kept_s = (int64_t)role->options->config->outbox_days * 86400;
            (void)journal_archive_expire(role->options->dir, clock_wall_us() / 1000000 - kept_s);
        }
        int64_t began_us = clock_mono_us();
        sync_once(role);
        pause_us(pause_after(clock_mono_us() - began_us));
    }
    sync_once(role);
    return NULL;
}
