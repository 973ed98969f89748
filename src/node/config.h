/* config.h - what DIR/dialtone.conf says, checked: an unknown key, a wrong type or a value out of
 * range is an error with file and line. Read once, at start.
 */
#ifndef DT_NODE_CONFIG_H
#define DT_NODE_CONFIG_H

#include "account/account.h"
#include "base/attr.h"
#include "routing/route.h"

#include <stdbool.h>
#include <stdint.h>

#define CONFIG_LISTEN_MAX 16
#define CONFIG_ADDRESS_SIZE 96
#define CONFIG_EMERGENCY_MAX 16
#define CONFIG_ALLOWED_MAX 32

struct config_listen {   /* "udp:127.0.0.1:5060", "tcp:[::1]:5060" */
    uint8_t transport;   /* 0 UDP, 1 TCP: as REG_UDP, REG_TCP */
    char host[64];       /* address without brackets */
    uint16_t port;       /* 0: any free one */
    char advertised[64]; /* "192.0.2.1:5060" for Via and Record-Route; empty: the bound address */
};

#define CONFIG_LOW_MAX 16

struct config_low { /* accounts of one currency that run low */
    char currency[4];
    int64_t below_micro, topup_max_micro, topup_day_micro; /* as struct api_low_terms */
};

struct node_config {
    char domain[128];
    int listen_count;
    struct config_listen listen[CONFIG_LISTEN_MAX];
    char http[CONFIG_ADDRESS_SIZE]; /* "127.0.0.1:8080" */
    int workers;                    /* edge worker threads; 0: one a processor */
    char user[64];                  /* to run as, when started as root; empty: the owner of DIR */
    bool is_confined;               /* Landlock and seccomp around the roles (node/privilege.h) */
    bool has_core_dumps;            /* a core holds keys */
    uint64_t log_max;               /* bytes of a role's log before it is put aside */
    bool overload_sibling;          /* under load 503 sends a call to another site, not 500 */
    char store[1024]; /* "postgresql://..." instead of DIR/dialtone.db; empty: that file */
    bool drill;       /* enables the fault layer under SQLite */
    /* Ceilings, fixed at start. */
    uint32_t calls_max;    /* in progress, all workers: 20,000 */
    uint32_t bindings_max; /* AORs with bindings: 1,000,000 */
    uint32_t accounts_max; /* rows in memory: 1,100,000 */
    uint64_t memory_max;   /* bytes for packets and texts, all workers: 1 GiB */
    /* Registrar. */
    int contacts_max;
    int64_t expires_min_s, expires_max_s, expires_default_s;
    int jitter_percent;
    /* Calls. */
    int64_t ring_max_us, trunk_silence_us, call_max_us, probe_after_us, partial_every_us;
    int64_t nonce_age_s;
    int emergency_count;
    char emergency[CONFIG_EMERGENCY_MAX][NUMBER_SIZE];
    int hot_count; /* destinations that are closed to accounts that did not open them */
    char hot[ROUTE_HOT_MAX][ROUTE_HOT_SIZE];
    int64_t on_net_nano_per_min; /* price between endpoints */
    uint16_t on_net_first_s, on_net_next_s;
    char currency[4]; /* of the on-net price and of new accounts */
    bool allow_negative_margin;
    /* Money. */
    int64_t grace_new_micro, grace_verified_micro, grace_flagged_micro, grace_total_micro;
    int64_t idle_us;
    int low_count;
    struct config_low low[CONFIG_LOW_MAX];
    char hook_url[512]; /* where low balances are told; empty: nowhere */
    int64_t hook_patience_us, hook_retry_us;
    int hook_attempts_max;
    char digest_order[16]; /* "md5-first", "sha-256-first", "md5", "sha-256" */
    /* Bans (docs/security.md). */
    bool has_bans;
    int64_t ban_first_us, ban_longest_us;
    int allowed_count;
    struct trunk_acl allowed[CONFIG_ALLOWED_MAX]; /* never banned: the loopback */
    char ban_nft_set[96];                         /* "inet filter dialtone_bans"; empty: none */
    /* Retention. */
    int cdr_days, event_days, outbox_days;
    int disk_free_min_percent; /* 5 */
};

/* False: `error` names file, line and what is wrong. */
MUST_CHECK bool config_load(const char *dir, struct node_config *out, char *error,
                            size_t error_size);
void config_defaults(struct node_config *out);

/* A digest_order as enum digest_offer; false: it is none. */
MUST_CHECK bool config_digest_offer(const char *order, int *offer);

/* "udp:127.0.0.1:5060", "tcp:[::1]:0"; false: it is none. */
MUST_CHECK bool config_listen_parse(const char *text, struct config_listen *out);

#endif
