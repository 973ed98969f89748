/* cdr.h - call records: written with their charge, in the order of the seconds they ended in.
 *
 * A row's number is (second of the end) * 2^20 + a counter, so that a range of time is a range of
 * rows, without an index. It fits the 53 bits that a number has in JSON.
 */
#ifndef DT_STORE_CDR_H
#define DT_STORE_CDR_H

#include "store/internal.h"

#define CDR_BATCH_MAX 4000

struct cdr_writer { /* of one transaction */
    uint64_t incarnation;
    uint64_t counter;
    bool is_free; /* no row that will be written is there already */
    int count;
    struct cdr_written {
        uint64_t row, transfer;
        const struct usage *usage; /* lives until cdr_writer_end */
    } rows[CDR_BATCH_MAX];
};

/* Reserves `count` row numbers, at most CDR_BATCH_MAX; then one write for each of the usages, in
 * any order; then the end. */
bool cdr_writer_start(struct store *store, struct cdr_writer *writer, uint64_t incarnation,
                      const struct usage *usages, int count);
bool cdr_write(struct store *store, struct cdr_writer *writer, const struct usage *usage,
               uint64_t transfer);
bool cdr_writer_end(struct store *store, struct cdr_writer *writer);

#endif
