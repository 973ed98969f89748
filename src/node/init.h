/* init.h - `dialtone init`: makes an installation in a directory of its own. No network. */
#ifndef DT_NODE_INIT_H
#define DT_NODE_INIT_H

#include "node/config.h"
#include "store/store.h"

#define INIT_LISTEN_MAX 8
#define INIT_PASSWORD_SIZE 21 /* 20 characters, about 100 bits */

struct init_options {
    const char *dir;
    const char *domain; /* realm of the endpoints' passwords */
    const char *listen[INIT_LISTEN_MAX];
    int listen_count; /* 0: udp and tcp on 127.0.0.1:5060 */
    const char *http;
    const char *store_password; /* a file with it; NULL: none */
    const char *store;          /* URL of a PostgreSQL database; NULL: DIR/dialtone.db */
    bool is_demo;
    uint64_t load_users; /* 0: none */
    int64_t load_balance_micro;
    int64_t load_price_nano; /* a minute, of calls between the users */
};

struct init { /* while an installation is made */
    const struct init_options *options;
    struct store *store;
    bool is_further; /* the database holds a ledger already: this is one more machine's */
    char operator_password[INIT_PASSWORD_SIZE];
};

/* ---- init_conf.c ---- */
/* DIR/dialtone.conf, written last: it is what makes the directory an installation. */
MUST_CHECK bool init_write_conf(const struct init_options *options);
/* A new file with mode 0600, on disk when this returns. False: it is said. */
MUST_CHECK bool init_write_file(const char *dir, const char *name, const char *text);

/* ---- init_rows.c ---- */
MUST_CHECK bool init_account(struct init *init, const char *name, int64_t balance_micro,
                             uint32_t sell_deck, struct account *out);
MUST_CHECK bool init_endpoints(struct init *init, uint64_t account_id, uint64_t count);
MUST_CHECK bool init_endpoint(struct init *init, uint64_t account_id, const char *user,
                              const char *number, char password[INIT_PASSWORD_SIZE]);
/* False, and said, where the store did not do it. */
MUST_CHECK bool init_is_stored(struct init *init, enum store_result result, const char *what);
MUST_CHECK bool init_password(char password[INIT_PASSWORD_SIZE]);

/* ---- init_demo.c ---- */
MUST_CHECK bool init_demo(struct init *init);

#endif
