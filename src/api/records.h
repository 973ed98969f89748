/* records.h - a call record as JSON, for the lists and the export. */
#ifndef DT_API_RECORDS_H
#define DT_API_RECORDS_H

#include "api/call.h"

/* A new object. What a call costs us, and by which trunk it went, only an operator sees. */
json_t *records_write_cdr(const struct cdr_row *row, bool is_operator);

#endif
