/* ledger_chain.c - writes transfers, append only, and makes of each transaction's one link. */
#include "store/ledger.h"

#include "base/clock.h"
#include "base/hash.h"
#include "base/wire.h"

#include <string.h>

#define ROW_CHECK_SEED 0x6469616c746f6e65u

struct slice ledger_row_encode(const struct ledger_row *row, char block[LEDGER_ROW_MAX])
{
    const struct ledger_transfer *transfer = &row->transfer;
    struct buf out;
    buf_init(&out, block, LEDGER_ROW_MAX);
    wire_put_u64(&out, row->number);
    wire_put_u64(&out, row->previous);
    wire_put_i64(&out, row->wall_us);
    wire_put_i64(&out, transfer->debit);
    wire_put_i64(&out, transfer->credit);
    wire_put_i64(&out, transfer->amount_micro);
    wire_put_u64(&out, transfer->account_id);
    wire_put_u64(&out, transfer->incarnation);
    wire_put_u64(&out, transfer->sequence);
    wire_put_u64(&out, transfer->linked);
    wire_put_slice(&out, slice_from_text(transfer->kind));
    wire_put_slice(&out, slice_from_text(transfer->actor));
    wire_put_slice(&out, slice_from_text(transfer->reason));
    return buf_done(&out);
}

int64_t ledger_row_check(struct slice row)
{
    return (int64_t)hash_slice(ROW_CHECK_SEED, row);
}

/* The chain's hash so far is the first thing that the new link's hash is made of. */
static bool load_head(struct store *store, uint64_t chain, uint8_t head[STORE_HASH_SIZE])
{
    static const char sql[] = "SELECT head FROM chain WHERE id = ?1";
    memset(head, 0, STORE_HASH_SIZE);
    struct statement *statement = store_query(store, sql, "u", chain);
    switch (store_step(store, statement)) {
    case ROW_FOUND:
        if (column_slice(statement, 0).size == STORE_HASH_SIZE) {
            memcpy(head, column_slice(statement, 0).data, STORE_HASH_SIZE);
        }
        statement_reset(statement);
        return true;
    case ROW_NONE:
        return true;
    case ROW_FAILED:
        break;
    }
    return false;
}

static bool open_batch(struct store *store, struct ledger_batch *batch)
{
    static const char sql[] = "SELECT value FROM counter WHERE name = 'transfer'";
    uint8_t head[STORE_HASH_SIZE];
    if (!load_head(store, batch->chain, head) || !store_sha256_start(store)) {
        return false;
    }
    store_sha256_add(store, head, sizeof(head));
    struct statement *statement = store_query(store, sql, "");
    if (store_step(store, statement) != ROW_FOUND) {
        return false;
    }
    batch->first = column_u64(statement, 0) + 1;
    statement_reset(statement);
    batch->next = batch->first;
    batch->wall_us = clock_wall_us();
    batch->is_open = true;
    return true;
}

static bool insert_transfer(struct store *store, const struct ledger_row *row, int64_t check)
{
    static const char sql[] =
        "INSERT INTO transfer (number, wall_us, kind, debit, credit, amount, account,"
        " incarnation, sequence, previous, linked, actor, reason, row_check)"
        " VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    const struct ledger_transfer *transfer = &row->transfer;
    return store_run_many(store, sql, "uitiiiuuuunTTi", row->number, row->wall_us, transfer->kind,
                          transfer->debit, transfer->credit, transfer->amount_micro,
                          transfer->account_id, transfer->incarnation, transfer->sequence,
                          row->previous, transfer->linked, transfer->actor, transfer->reason,
                          check);
}

bool ledger_batch_add(struct store *store, struct ledger_batch *batch,
                      const struct ledger_transfer *transfer, struct ledger_account *account,
                      uint64_t *number)
{
    if (!batch->is_open && !open_batch(store, batch)) {
        return false;
    }
    struct ledger_row row = {
        .number = batch->next,
        .previous = account == NULL ? 0 : account->last_transfer,
        .wall_us = batch->wall_us,
        .transfer = *transfer,
    };
    char block[LEDGER_ROW_MAX];
    struct slice bytes = ledger_row_encode(&row, block);
    if (!insert_transfer(store, &row, ledger_row_check(bytes))) {
        return false;
    }
    store_sha256_add(store, bytes.data, bytes.size);
    if (account != NULL) {
        account->last_transfer = row.number;
    }
    batch->next++;
    *number = row.number;
    return true;
}

bool ledger_batch_end(struct store *store, struct ledger_batch *batch)
{
    if (!batch->is_open) {
        return true;
    }
    static const char add_link[] =
        "INSERT INTO link (first, last, chain, hash) VALUES (?1, ?2, ?3, ?4)";
    static const char move_head[] = "INSERT INTO chain (id, head, link_count) VALUES (?1, ?2, 1)"
                                    " ON CONFLICT (id) DO UPDATE SET head = ?2,"
                                    " link_count = chain.link_count + 1";
    uint8_t hash[STORE_HASH_SIZE];
    store_sha256_end(store, hash);
    uint64_t last = 0;
    bool is_done =
        store_count(store, "transfer", batch->next - batch->first, &last) &&
        store_run(store, add_link, "uuub", batch->first, last, batch->chain, hash, sizeof(hash)) &&
        store_run(store, move_head, "ub", batch->chain, hash, sizeof(hash));
    batch->is_open = false;
    store->transfer_made = last;
    store->link_made.first = batch->first;
    slice_hex(store->link_made.hash, hash, sizeof(store->link_made.hash) / 2);
    store->link_made.hash[sizeof(store->link_made.hash) - 1] = '\0';
    return is_done;
}
