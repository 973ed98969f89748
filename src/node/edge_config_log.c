#include "node/edge_config.h"

#include <fcntl.h>
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

void follow_log_stop(struct config_follower *follower)
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
        follow_log_stop(follower); /* full: a whole one is written later */
        return;
    }
    follower->size += size;
}

void follow_log_version(struct config_follower *follower)
{
    char text[64];
    struct buf out;
    buf_init(&out, text, sizeof(text));
    wire_put_slice(&out, slice_from_text(follower->ledger));
    wire_put_u64(&out, follower->version);
    log_frame(follower, KIND_VERSION, buf_done(&out));
}

void follow_log_removed(struct config_follower *follower, enum config_kind kind, uint64_t id)
{
    char text[8];
    struct buf out;
    buf_init(&out, text, sizeof(text));
    wire_put_u64(&out, id);
    log_frame(follower, (uint8_t)(KIND_REMOVED + kind), buf_done(&out));
}

#define LOG_ROW(name, type, kind)                                                                  \
    void follow_log_##name(struct config_follower *follower, const struct type *row)               \
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

void follow_log_deck(struct config_follower *follower, const struct deck_row *row)
{
    char text[128];
    struct buf out;
    buf_init(&out, text, sizeof(text));
    wire_put_u64(&out, row->id);
    wire_put_slice(&out, slice_from_text(row->object_hash));
    log_frame(follower, (uint8_t)(KIND_ROW + CONFIG_DECK), buf_done(&out));
}

static void replay_deck(struct config_follower *follower, struct wire_reader *in)
{
    struct deck_row row;
    memset(&row, 0, sizeof(row));
    row.id = wire_get_u64(in);
    wire_get_text(in, row.object_hash, sizeof(row.object_hash));
    if (!in->is_bad && !deck_file_map(follower->role, row.object_hash)) {
        follower->must_read_whole = true;
    }
}

/* A row that another version wrote, in a way that this one cannot read, is not known: it must not
 * count as one that is not there. */
#define REPLAY_ROW(type, decode, put)                                                              \
    {                                                                                              \
        struct type row;                                                                           \
        if (decode(&in, &row)) {                                                                   \
            put(follower, &row);                                                                   \
        } else {                                                                                   \
            follower->has_unread_row = true;                                                       \
        }                                                                                          \
        return;                                                                                    \
    }

static void replay_row(struct config_follower *follower, enum config_kind kind, struct slice record)
{
    struct wire_reader in = {.rest = record};
    switch (kind) {
    case CONFIG_ACCOUNT:
        REPLAY_ROW(account, account_decode, follow_put_account)
    case CONFIG_ENDPOINT:
        REPLAY_ROW(endpoint, endpoint_decode, follow_put_endpoint)
    case CONFIG_NUMBER:
        REPLAY_ROW(number, number_decode, follow_put_number)
    case CONFIG_TRUNK:
        REPLAY_ROW(trunk, trunk_decode, follow_put_trunk)
    case CONFIG_ROUTE:
        REPLAY_ROW(route_row, route_row_decode, follow_put_route_row)
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
        follow_drop(follower, (enum config_kind)(frame->kind - KIND_REMOVED), id);
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
    follower->must_read_whole |= follower->has_unread_row;
    bool is_whole = follower->is_complete && !follower->has_unread_row;
    if (is_whole) {
        follow_loaded(follower);
    }
    return is_whole;
}
