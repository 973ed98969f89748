#include "base/frame.h"
#include "node/edge_role.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* DIR/edge/config.log: every row as it was last seen, then the changes, in frames; so a process
 * starts without the database, and with it reads only what changed since. Rewritten whole when the
 * log has grown to twice what it says. */

#define LOG_SEED 0x434f4e46u
#define KIND_VERSION 1  /* ledger identity, version: all before it is complete up to there */
#define KIND_ROW 16     /* + enum config_kind: a row */
#define KIND_REMOVED 48 /* + enum config_kind: an id */
#define PAGE 1000
#define TRUNKS_MAX 65536
#define CHANGES_MAX 1000
#define LOG_AGAIN_US 30000000
#define REWRITE_MIN (UINT64_C(16) << 20)

struct config_follower {
    struct edge_role *role;
    char path[600];
    int fd; /* -1: no log is kept now */
    uint64_t size, size_rewritten;
    char ledger[33];
    uint64_t version;
    bool is_complete;
    int64_t log_again_us;   /* a log that could not be written is tried again then */
    bool has_registrations; /* they were replayed */
    bool has_presence;      /* registrations were told to the meters */
    struct trunk *trunks;
    int trunk_count;
    struct route_row *routes;
    int route_count;
    bool has_new_trunks;
    struct deck_row decks[DECK_SET_MAX];
    int deck_count;
    struct config_change changes[CHANGES_MAX];
    _Alignas(8) char frame[FRAME_SIZE_MAX];
};

static enum store_result deck_fetch(struct config_follower *follower, struct store *store,
                                    const struct deck_row *row)
{
    uint8_t *object = NULL;
    size_t size = 0;
    if (deck_file_map(follower->role, row->object_hash)) {
        return STORE_OK;
    }
    enum store_result result = config_read_deck(store, row->id, &object, &size);
    if (result != STORE_OK) {
        return result;
    }
    bool is_mapped = deck_file_write(follower->role, row->object_hash, object, size) &&
                     deck_file_map(follower->role, row->object_hash);
    free(object);
    return is_mapped ? STORE_OK : STORE_UNKNOWN;
}

static void deck_remember(struct config_follower *follower, const struct deck_row *row)
{
    for (int i = 0; i < follower->deck_count; i++) {
        if (follower->decks[i].id == row->id) {
            follower->decks[i] = *row;
            return;
        }
    }
    if (follower->deck_count < DECK_SET_MAX) {
        follower->decks[follower->deck_count++] = *row;
    }
}

/* ---- the log on disk ---- */

static void log_stop(struct config_follower *follower)
{
    if (follower->fd >= 0) {
        close(follower->fd);
        follower->fd = -1;
    }
}

static void log_frame(struct config_follower *follower, uint8_t kind, struct slice payload)
{
    if (follower->fd < 0) {
        return;
    }
    struct frame frame = {.kind = kind, .payload = payload};
    size_t size = frame_size(payload.size, false);
    memset(follower->frame, 0, size);
    frame_write(follower->frame, LOG_SEED, &frame, frame_payload_crc(payload));
    if (write(follower->fd, follower->frame, size) != (ssize_t)size) {
        log_stop(follower); /* full: a whole one is written later */
        return;
    }
    follower->size += size;
}

static void log_version(struct config_follower *follower)
{
    char text[64];
    struct buf out;
    buf_init(&out, text, sizeof(text));
    wire_put_slice(&out, slice_from_text(follower->ledger));
    wire_put_u64(&out, follower->version);
    log_frame(follower, KIND_VERSION, buf_done(&out));
}

static void log_removed(struct config_follower *follower, enum config_kind kind, uint64_t id)
{
    char text[8];
    struct buf out;
    buf_init(&out, text, sizeof(text));
    wire_put_u64(&out, id);
    log_frame(follower, (uint8_t)(KIND_REMOVED + kind), buf_done(&out));
}

#define LOG_ROW(name, type, kind)                                                                  \
    static void log_##name(struct config_follower *follower, const struct type *row)               \
    {                                                                                              \
        char text[4096];                                                                           \
        struct buf out;                                                                            \
        buf_init(&out, text, sizeof(text));                                                        \
        name##_encode(&out, row);                                                                  \
        log_frame(follower, (uint8_t)(KIND_ROW + (kind)), buf_done(&out));                         \
    }
LOG_ROW(account, account, CONFIG_ACCOUNT)
LOG_ROW(endpoint, endpoint, CONFIG_ENDPOINT)
LOG_ROW(trunk, trunk, CONFIG_TRUNK)
LOG_ROW(number, number, CONFIG_NUMBER)
LOG_ROW(route_row, route_row, CONFIG_ROUTE)
#undef LOG_ROW

static void log_deck(struct config_follower *follower, const struct deck_row *row)
{
    char text[128];
    struct buf out;
    buf_init(&out, text, sizeof(text));
    wire_put_u64(&out, row->id);
    wire_put_slice(&out, slice_from_text(row->object_hash));
    log_frame(follower, (uint8_t)(KIND_ROW + CONFIG_DECK), buf_done(&out));
}

/* ---- rows in memory ---- */

static bool put_trunk(struct config_follower *follower, const struct trunk *row)
{
    int at = 0;
    while (at < follower->trunk_count && follower->trunks[at].id != row->id) {
        at++;
    }
    if (at == TRUNKS_MAX) {
        return false;
    }
    follower->trunks[at] = *row;
    follower->trunk_count += at == follower->trunk_count ? 1 : 0;
    follower->has_new_trunks = true;
    return true;
}

static bool put_route(struct config_follower *follower, const struct route_row *row)
{
    int at = 0;
    while (at < follower->route_count && follower->routes[at].id != row->id) {
        at++;
    }
    if (at == TRUNKS_MAX) {
        return false;
    }
    follower->routes[at] = *row;
    follower->route_count += at == follower->route_count ? 1 : 0;
    follower->has_new_trunks = true;
    return true;
}

static void drop_trunk(struct config_follower *follower, uint64_t id)
{
    for (int i = 0; i < follower->trunk_count; i++) {
        if (follower->trunks[i].id == id) {
            follower->trunks[i] = follower->trunks[--follower->trunk_count];
            follower->has_new_trunks = true;
            return;
        }
    }
}

static void drop_route(struct config_follower *follower, uint64_t id)
{
    for (int i = 0; i < follower->route_count; i++) {
        if (follower->routes[i].id == id) {
            follower->routes[i] = follower->routes[--follower->route_count];
            follower->has_new_trunks = true;
            return;
        }
    }
}

static int compare_trunks(const void *a, const void *b)
{
    uint64_t left = ((const struct trunk *)a)->id;
    uint64_t right = ((const struct trunk *)b)->id;
    return left < right ? -1 : left > right;
}

static int compare_routes(const void *a, const void *b)
{
    const struct route_row *left = a;
    const struct route_row *right = b;
    int order = strcmp(left->prefix, right->prefix);
    return order != 0 ? order : left->priority - right->priority;
}

static bool swap_trunks(struct config_follower *follower)
{
    if (!follower->has_new_trunks) {
        return true;
    }
    qsort(follower->trunks, (size_t)follower->trunk_count, sizeof(struct trunk), compare_trunks);
    qsort(follower->routes, (size_t)follower->route_count, sizeof(struct route_row),
          compare_routes);
    bool is_swapped = directory_swap_trunks(follower->role->edge.directory, follower->trunks,
                                            (uint32_t)follower->trunk_count, follower->routes,
                                            (uint32_t)follower->route_count);
    follower->has_new_trunks = !is_swapped;
    return is_swapped;
}

static void put_endpoint(struct config_follower *follower, const struct endpoint *row)
{
    struct edge *edge = &follower->role->edge;
    if (!directory_put_endpoint(edge->directory, row)) {
        edge_event(follower->role, "alarm", SLICE("{\"alarm\":\"endpoint table is full\"}"));
    }
    if (row->is_disabled) {
        (void)registrar_remove(edge->registrar, slice_from_text(row->user));
    }
}

static void put_account(struct config_follower *follower, const struct account *row)
{
    if (!directory_put_account(follower->role->edge.directory, row)) {
        edge_event(follower->role, "alarm", SLICE("{\"alarm\":\"account table is full\"}"));
    }
}

static void put_number(struct config_follower *follower, const struct number *row)
{
    if (!directory_put_number(follower->role->edge.directory, row)) {
        edge_event(follower->role, "alarm", SLICE("{\"alarm\":\"number table is full\"}"));
    }
}

static void drop_row(struct config_follower *follower, enum config_kind kind, uint64_t id)
{
    struct edge *edge = &follower->role->edge;
    switch (kind) {
    case CONFIG_ACCOUNT:
        directory_remove_account(edge->directory, id);
        return;
    case CONFIG_ENDPOINT:
        directory_remove_endpoint(edge->directory, id);
        return;
    case CONFIG_NUMBER:
        directory_remove_number(edge->directory, id);
        return;
    case CONFIG_TRUNK:
        drop_trunk(follower, id);
        return;
    case CONFIG_ROUTE:
        drop_route(follower, id);
        return;
    case CONFIG_DECK:
        deck_set_remove(edge->decks, (uint32_t)id);
        return;
    case CONFIG_SETTING:
    case CONFIG_BALANCE:
    case CONFIG_KEY:
        return;
    }
}

static void presence_each(void *ctx, struct slice user, uint64_t account_id)
{
    struct config_follower *follower = ctx;
    struct account account;
    (void)user;
    if (directory_account(follower->role->edge.directory, account_id, &account).is == TRI_PRESENT) {
        meter_presence(follower->role->edge.meters, &account, 1, clock_mono_us());
    }
}

/* The directory is whole: what is not in it is absent from now on. */
static void loaded(struct config_follower *follower)
{
    if (!swap_trunks(follower)) {
        return;
    }
    directory_set_loaded(follower->role->edge.directory);
    if (follower->has_registrations) {
        config_follower_presence(follower);
    }
}

void config_follower_presence(struct config_follower *follower)
{
    follower->has_registrations = true;
    if (!follower->has_presence && directory_is_loaded(follower->role->edge.directory)) {
        follower->has_presence = true;
        registrar_each(follower->role->edge.registrar, presence_each, follower);
    }
}

/* ---- replay ---- */

static void replay_deck(struct config_follower *follower, struct wire_reader *in)
{
    struct deck_row row;
    memset(&row, 0, sizeof(row));
    row.id = wire_get_u64(in);
    wire_get_text(in, row.object_hash, sizeof(row.object_hash));
    if (!in->is_bad) {
        if (deck_file_map(follower->role, row.object_hash)) {
            deck_remember(follower, &row);
        } else {
            follower->version = 0; /* its file is gone: everything is read again */
        }
    }
}

#define REPLAY_ROW(type, decode, put)                                                              \
    {                                                                                              \
        struct type row;                                                                           \
        if (decode(&in, &row)) {                                                                   \
            put(follower, &row);                                                                   \
        }                                                                                          \
        return;                                                                                    \
    }

static void replay_row(struct config_follower *follower, enum config_kind kind, struct slice record)
{
    struct wire_reader in = {.rest = record};
    switch (kind) {
    case CONFIG_ACCOUNT:
        REPLAY_ROW(account, account_decode, put_account)
    case CONFIG_ENDPOINT:
        REPLAY_ROW(endpoint, endpoint_decode, put_endpoint)
    case CONFIG_NUMBER:
        REPLAY_ROW(number, number_decode, put_number)
    case CONFIG_TRUNK:
        REPLAY_ROW(trunk, trunk_decode, (void)put_trunk)
    case CONFIG_ROUTE:
        REPLAY_ROW(route_row, route_row_decode, (void)put_route)
    case CONFIG_DECK:
        replay_deck(follower, &in);
        return;
    case CONFIG_SETTING:
    case CONFIG_BALANCE:
    case CONFIG_KEY:
        return;
    }
}

static void replay_frame(struct config_follower *follower, const struct frame *frame)
{
    struct wire_reader in = {.rest = frame->payload};
    if (frame->kind == KIND_VERSION) {
        wire_get_text(&in, follower->ledger, sizeof(follower->ledger));
        follower->version = wire_get_u64(&in);
        follower->is_complete = !in.is_bad;
    } else if (frame->kind >= KIND_REMOVED) {
        uint64_t id = wire_get_u64(&in);
        drop_row(follower, (enum config_kind)(frame->kind - KIND_REMOVED), id);
    } else if (frame->kind >= KIND_ROW) {
        replay_row(follower, (enum config_kind)(frame->kind - KIND_ROW), frame->payload);
    }
}

bool config_follower_replay(struct config_follower *follower)
{
    struct stat status;
    int fd = open(follower->path, O_RDWR | O_CLOEXEC | O_APPEND);
    if (fd < 0 || fstat(fd, &status) != 0 || status.st_size == 0) {
        if (fd >= 0) {
            close(fd);
        }
        return false;
    }
    size_t size = (size_t)status.st_size;
    char *base = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (base == MAP_FAILED) {
        close(fd);
        return false;
    }
    size_t at = 0;
    struct frame frame;
    size_t taken;
    while (frame_read(slice_make(base + at, size - at), LOG_SEED, &frame, &taken) == FRAME_FOUND) {
        replay_frame(follower, &frame);
        at += taken;
    }
    munmap(base, size);
    if (ftruncate(fd, (off_t)at) != 0) { /* a torn end is cut off */
        close(fd);
        fd = -1;
    }
    follower->fd = fd;
    follower->size = follower->size_rewritten = at;
    if (follower->is_complete) {
        loaded(follower);
    }
    return follower->is_complete;
}

/* ---- following ---- */

#define LOAD_ALL(name, type, put, log)                                                             \
    static enum store_result load_##name##s(struct config_follower *follower, struct store *store) \
    {                                                                                              \
        struct type *rows = calloc(PAGE, sizeof(*rows));                                           \
        uint64_t after = 0;                                                                        \
        int count = rows == NULL ? 0 : PAGE;                                                       \
        enum store_result result = rows == NULL ? STORE_UNKNOWN : STORE_OK;                        \
        while (result == STORE_OK && count == PAGE) {                                              \
            result = config_page_##name(store, after, rows, PAGE, &count);                         \
            for (int i = 0; result == STORE_OK && i < count; i++) {                                \
                put(follower, &rows[i]);                                                           \
                log(follower, &rows[i]);                                                           \
                after = rows[i].id;                                                                \
            }                                                                                      \
        }                                                                                          \
        free(rows);                                                                                \
        return result;                                                                             \
    }
LOAD_ALL(account, account, put_account, log_account)
LOAD_ALL(endpoint, endpoint, put_endpoint, log_endpoint)
LOAD_ALL(number, number, put_number, log_number)
LOAD_ALL(trunk, trunk, (void)put_trunk, log_trunk)
LOAD_ALL(route, route_row, (void)put_route, log_route_row)
#undef LOAD_ALL

static enum store_result load_decks(struct config_follower *follower, struct store *store)
{
    struct deck_row rows[16];
    uint64_t after = 0;
    int count = 16;
    while (count == 16) {
        enum store_result result = config_page_deck(store, after, rows, 16, &count);
        if (result != STORE_OK) {
            return result;
        }
        for (int i = 0; i < count; i++) {
            result = deck_fetch(follower, store, &rows[i]);
            if (result != STORE_OK) {
                return result;
            }
            deck_remember(follower, &rows[i]);
            log_deck(follower, &rows[i]);
            after = rows[i].id;
        }
    }
    return STORE_OK;
}

static enum store_result load_all(struct config_follower *follower, struct store *store,
                                  const char *ledger, uint64_t version)
{
    char temporary[640];
    snprintf(temporary, sizeof(temporary), "%s.new", follower->path);
    log_stop(follower);
    follower->fd = open(temporary, O_RDWR | O_CREAT | O_TRUNC | O_APPEND | O_CLOEXEC, 0600);
    follower->size = 0;
    follower->trunk_count = follower->route_count = 0;
    follower->has_new_trunks = true;
    enum store_result (*const loads[])(struct config_follower *, struct store *) = {
        load_decks, load_accounts, load_endpoints, load_numbers, load_trunks, load_routes};
    for (size_t i = 0; i < ARRAY_COUNT(loads); i++) {
        enum store_result result = loads[i](follower, store);
        if (result != STORE_OK) {
            log_stop(follower);
            unlink(temporary);
            return result;
        }
    }
    snprintf(follower->ledger, sizeof(follower->ledger), "%s", ledger);
    follower->version = version;
    follower->is_complete = true;
    log_version(follower);
    if (follower->fd >= 0 &&
        (fdatasync(follower->fd) != 0 || rename(temporary, follower->path) != 0)) {
        log_stop(follower);
    }
    follower->size_rewritten = follower->size;
    loaded(follower);
    return STORE_OK;
}

static void on_balance(struct config_follower *follower, uint64_t account_id)
{
    struct account account;
    if (directory_account(follower->role->edge.directory, account_id, &account).is == TRI_PRESENT) {
        meter_presence(follower->role->edge.meters, &account, 0, clock_mono_us());
    }
}

#define FOLLOW_ROW(type, get, put, log)                                                            \
    {                                                                                              \
        struct type row;                                                                           \
        enum store_result result = get(store, change->id, &row);                                   \
        if (result == STORE_OK) {                                                                  \
            put(follower, &row);                                                                   \
            log(follower, &row);                                                                   \
        }                                                                                          \
        return result;                                                                             \
    }

static enum store_result follow_row(struct config_follower *follower, struct store *store,
                                    const struct config_change *change)
{
    switch (change->kind) {
    case CONFIG_ACCOUNT:
        FOLLOW_ROW(account, config_get_account, put_account, log_account)
    case CONFIG_ENDPOINT:
        FOLLOW_ROW(endpoint, config_get_endpoint, put_endpoint, log_endpoint)
    case CONFIG_NUMBER:
        FOLLOW_ROW(number, config_get_number, put_number, log_number)
    case CONFIG_TRUNK:
        FOLLOW_ROW(trunk, config_get_trunk, (void)put_trunk, log_trunk)
    case CONFIG_ROUTE:
        FOLLOW_ROW(route_row, config_get_route, (void)put_route, log_route_row)
    case CONFIG_DECK: {
        struct deck_row row;
        enum store_result result = config_get_deck(store, change->id, &row);
        if (result == STORE_OK) {
            result = deck_fetch(follower, store, &row);
        }
        if (result == STORE_OK) {
            deck_remember(follower, &row);
            log_deck(follower, &row);
        }
        return result;
    }
    case CONFIG_BALANCE:
        on_balance(follower, change->id);
        return STORE_OK;
    case CONFIG_SETTING:
    case CONFIG_KEY:
        return STORE_OK;
    }
    return STORE_OK;
}

static enum store_result follow(struct config_follower *follower, struct store *store)
{
    int count = 0;
    enum store_result result =
        config_changes(store, follower->version, follower->changes, CHANGES_MAX, &count);
    for (int i = 0; result == STORE_OK && i < count; i++) {
        const struct config_change *change = &follower->changes[i];
        if (!change->is_removed) {
            result = follow_row(follower, store, change);
        }
        if (change->is_removed ||
            result == STORE_ABSENT) { /* gone since: its removal follows too */
            drop_row(follower, change->kind, change->id);
            log_removed(follower, change->kind, change->id);
            result = STORE_OK;
        }
        if (result == STORE_OK) {
            follower->version = change->number;
        }
    }
    if (count > 0) {
        if (!swap_trunks(follower)) {
            result = STORE_UNKNOWN;
        }
        log_version(follower);
    }
    return result;
}

enum store_result config_follower_step(struct config_follower *follower, struct store *store)
{
    char ledger[33];
    uint64_t version;
    enum store_result result = STORE_OK;
    bool is_grown = follower->size > REWRITE_MIN && follower->size > 2 * follower->size_rewritten;
    bool has_no_log = follower->fd < 0 && clock_mono_us() >= follower->log_again_us;
    if (!follower->is_complete || follower->version == 0 || has_no_log || is_grown) {
        follower->log_again_us = clock_mono_us() + LOG_AGAIN_US;
        result = store_identity(store, ledger, &version);
        if (result == STORE_OK) {
            result = load_all(follower, store, ledger, version);
        }
    } else {
        result = follow(follower, store);
    }
    epoch_reclaim(&follower->role->epoch);
    pthread_mutex_lock(&follower->role->lock);
    follower->role->view.config_version = follower->version;
    if (result == STORE_OK) {
        follower->role->view.config_at_us = clock_mono_us();
    }
    pthread_mutex_unlock(&follower->role->lock);
    return result;
}

struct config_follower *config_follower_new(struct edge_role *role)
{
    struct config_follower *follower = calloc(1, sizeof(*follower));
    if (follower == NULL) {
        return NULL;
    }
    char decks[600];
    follower->role = role;
    follower->fd = -1;
    follower->trunks = calloc(TRUNKS_MAX, sizeof(struct trunk));
    follower->routes = calloc(TRUNKS_MAX, sizeof(struct route_row));
    snprintf(follower->path, sizeof(follower->path), "%s/config.log", role->edge_dir);
    snprintf(decks, sizeof(decks), "%s/decks", role->options->dir);
    bool has_dir = mkdir(decks, 0700) == 0 || errno == EEXIST;
    if (follower->trunks == NULL || follower->routes == NULL || !has_dir) {
        config_follower_free(follower);
        return NULL;
    }
    return follower;
}

void config_follower_free(struct config_follower *follower)
{
    if (follower == NULL) {
        return;
    }
    log_stop(follower);
    free(follower->trunks);
    free(follower->routes);
    free(follower);
}
