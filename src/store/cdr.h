/* cdr.h - call records: written with their charge, in the order of the seconds they ended in.
 *
 * A row's number is (second of the end) * 2^20 + a counter, so that a range of time is a range of
 * rows, without an index. It fits the 53 bits that a number has in JSON.
 */
#ifndef DT_STORE_CDR_H
#define DT_STORE_CDR_H

#include "store/internal.h"

struct cdr_writer {
    uint64_t counter;
};

/* Reserves `count` row numbers. */
bool cdr_writer_start(struct store *store, struct cdr_writer *writer, int count);
bool cdr_write(struct store *store, struct cdr_writer *writer, uint64_t incarnation,
               const struct usage *usage, uint64_t transfer);

#endif
