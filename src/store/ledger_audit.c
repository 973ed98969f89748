/* ledger_audit.c - recomputes the ledger from its transfers, in chunks, while others write.
 *
 * Transfers are never changed, so they are walked in short read transactions; the last one also
 * holds the rows that they are compared with, so both are of one moment.
 */
#include "base/clock.h"
#include "store/audit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#define COMPARE_US 600000000 /* the last transaction may take its time: it stops no writer */

void audit_say(struct audit *audit, const char *format, ...)
{
    char text[256];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof(text), format, arguments);
    va_end(arguments);
    audit->wrong_count++;
    audit->say(audit->ctx, text);
}

static enum store_result walk(struct audit *audit)
{
    bool is_end = false;
    while (!is_end) {
        if (!store_begin(audit->store, STORE_READ)) {
            return store_end(audit->store, audit->store->failed);
        }
        bool is_done = audit_walk_links(audit, clock_mono_us() + AUDIT_CHUNK_US, &is_end);
        enum store_result result =
            store_end(audit->store, is_done ? STORE_OK : audit->store->failed);
        if (result != STORE_OK) {
            return result;
        }
    }
    return STORE_OK;
}

static enum store_result compare_at_end(struct audit *audit)
{
    struct store *store = audit->store;
    if (!store_begin(store, STORE_READ)) {
        return store_end(store, store->failed);
    }
    bool is_end = false;
    store->deadline_us = clock_mono_us() + COMPARE_US;
    bool is_done = audit_walk_links(audit, INT64_MAX, &is_end) && audit_compare(audit);
    return store_end(store, is_done ? STORE_OK : store->failed);
}

static enum store_result walk_cdrs(struct audit *audit)
{
    uint64_t after = 0;
    bool is_end = false;
    while (!is_end) {
        if (!store_begin(audit->store, STORE_READ)) {
            return store_end(audit->store, audit->store->failed);
        }
        bool is_done = audit_walk_cdrs(audit, &after, clock_mono_us() + AUDIT_CHUNK_US, &is_end);
        enum store_result result =
            store_end(audit->store, is_done ? STORE_OK : audit->store->failed);
        if (result != STORE_OK) {
            return result;
        }
    }
    return STORE_OK;
}

enum store_result ledger_audit(struct store *store, void (*say)(void *ctx, const char *text),
                               void *ctx, uint64_t *transfer_count, uint64_t *wrong_count)
{
    struct audit audit = {.store = store, .say = say, .ctx = ctx, .next = 1};
    enum store_result result = walk(&audit);
    if (result == STORE_OK) {
        result = compare_at_end(&audit);
    }
    if (result == STORE_OK) {
        result = walk_cdrs(&audit);
    }
    if (result == STORE_OK) {
        *transfer_count = audit.transfer_count;
        *wrong_count = audit.wrong_count;
    }
    tally_done(&audit.books);
    tally_done(&audit.leases);
    tally_done(&audit.accounts);
    tally_done(&audit.chains);
    tally_done(&audit.currencies);
    free(audit.heads);
    return result;
}
