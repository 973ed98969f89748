/* edge_config.h - inside of the follower of the configuration: its parts in memory, on disk and in
 * the store. One thread uses it: whoever starts the edge, then the store thread. */
#ifndef DT_NODE_EDGE_CONFIG_H
#define DT_NODE_EDGE_CONFIG_H

#include "base/frame.h"
#include "node/edge_role.h"

#define TRUNKS_MAX 65536
#define CHANGES_MAX 1000

struct config_follower {
    struct edge_role *role;
    char path[600];
    int fd; /* -1: no log is kept now */
    uint64_t size, size_rewritten;
    char ledger[33];
    uint64_t version;
    bool is_complete;
    bool must_read_whole;   /* a deck's file or a row is missing, or reading all was cut short */
    bool has_unread_row;    /* in the log, as it was found */
    int64_t log_again_us;   /* a log that could not be written is tried again then */
    bool has_registrations; /* they were replayed */
    bool has_presence;      /* registrations were told to the meters */
    struct trunk *trunks;
    int trunk_count;
    struct route_row *routes;
    int route_count;
    bool has_new_trunks;
    int64_t looked_up_us; /* names of their hosts */
    struct config_change changes[CHANGES_MAX];
    _Alignas(8) char frame[FRAME_SIZE_MAX];
};

/* ---- rows in memory (edge_config_rows.c) ---- */

void follow_put_account(struct config_follower *follower, const struct account *row);
void follow_put_endpoint(struct config_follower *follower, const struct endpoint *row);
void follow_put_number(struct config_follower *follower, const struct number *row);
/* Trunks and routes are collected and go into the directory together, by follow_loaded() or
 * follow_swap_trunks(); over 65,536 of either, the row is left out with an alarm. */
void follow_put_trunk(struct config_follower *follower, const struct trunk *row);
void follow_put_route_row(struct config_follower *follower, const struct route_row *row);
void follow_drop(struct config_follower *follower, enum config_kind kind, uint64_t id);
/* False: no memory; the next step tries again. */
bool follow_swap_trunks(struct config_follower *follower);
/* Host names are looked up before the first call needs them, and again while they are in use. */
void follow_look_up_trunks(struct config_follower *follower);
/* The directory is whole: what is not in it is absent from now on. */
void follow_loaded(struct config_follower *follower);

/* ---- the log on disk (edge_config_log.c) ---- */

/* A write that fails ends the log; a whole new one is written later. */
void follow_log_account(struct config_follower *follower, const struct account *row);
void follow_log_endpoint(struct config_follower *follower, const struct endpoint *row);
void follow_log_number(struct config_follower *follower, const struct number *row);
void follow_log_trunk(struct config_follower *follower, const struct trunk *row);
void follow_log_route_row(struct config_follower *follower, const struct route_row *row);
void follow_log_deck(struct config_follower *follower, const struct deck_row *row);
void follow_log_removed(struct config_follower *follower, enum config_kind kind, uint64_t id);
/* All before this frame is complete up to the ledger's version. */
void follow_log_version(struct config_follower *follower);
void follow_log_stop(struct config_follower *follower);

#endif
