/* audit.h - the state of an audit: what the transfers say, to be compared with what is stored. */
#ifndef DT_STORE_AUDIT_H
#define DT_STORE_AUDIT_H

#include "store/ledger.h"
#include "store/tally.h"

#define AUDIT_PAGE 1000      /* rows that are asked for at once */
#define AUDIT_CHUNK_US 20000 /* a read transaction of the walk ends after this */

enum audit_sum { AUDIT_GRANTED = 0, AUDIT_RETURNED, AUDIT_SETTLED };
enum audit_account_sum { AUDIT_LEASED = 0, AUDIT_EXCESS };

struct audit_chain {
    uint8_t head[STORE_HASH_SIZE];
    int64_t link_count;
};

struct audit {
    struct store *store;
    void (*say)(void *ctx, const char *text);
    void *ctx;
    uint64_t next; /* transfers below are done */
    uint64_t transfer_count, wrong_count;
    struct tally books;    /* (0, book): sums[0] its balance, last its account's newest transfer */
    struct tally leases;   /* (incarnation, account): enum audit_sum */
    struct tally accounts; /* (0, account): enum audit_account_sum, over its leases */
    struct tally chains;   /* (0, chain): sums[0] index in heads, last: newest charged sequence */
    struct tally currencies; /* (code, 0): sums[0] */
    struct audit_chain *heads;
    size_t head_count, head_count_max;
};

void audit_say(struct audit *audit, const char *format, ...) PRINTF_LIKE(2, 3);

/* Reads links and their transfers from audit->next on, until the newest or until_us; *is_end. */
bool audit_walk_links(struct audit *audit, int64_t until_us, bool *is_end);
/* Compares with the stored rows; within the transaction that walked the last links. */
bool audit_compare(struct audit *audit);
/* Each CDR that names a transfer agrees with it: from row *after on, until until_us. */
bool audit_walk_cdrs(struct audit *audit, uint64_t *after, int64_t until_us, bool *is_end);

#endif
