/* copy_inside.h - what the files that copy a ledger share: its tables, and how far each is. */
#ifndef DT_STORE_COPY_INSIDE_H
#define DT_STORE_COPY_INSIDE_H

#include "store/copy.h"
#include "store/engine.h"

#include "base/map.h"

#define COPY_TABLES_MAX 64
#define COPY_KEYS_MAX 3
#define COPY_REFERENCES_MAX 64
#define COPY_SQL_SIZE 4096

enum copy_kind {
    COPY_CHANGING = 0, /* rows come, change and go: all are looked at in each pass */
    COPY_FIXED,        /* rows come and go but never change: only their keys are looked at */
    COPY_RISING        /* rows never change and come in the order of their key: from the last on */
};

struct copy_seen {     /* of a row that is over there */
    uint64_t key_hash; /* 64 bits: two keys of one hash would be written anew in each pass */
    uint64_t hash;     /* of what was copied */
    int pass;          /* in which it was still here; 0: it is gone */
};

struct copy_mark { /* of a rising table: the last key that was copied */
    uint64_t group, key;
};

struct copy_table {
    char name[64];
    enum copy_kind kind;
    bool has_groups; /* rising within each incarnation */
    bool counts_ids; /* AUTOINCREMENT: ids are never given twice */
    int column_count;
    enum value_kind types[STORE_VALUES_MAX];
    int key_count;
    enum value_kind key_types[COPY_KEYS_MAX];
    char key_name[64]; /* its first column */
    /* Statements; they are kept by their address. */
    char *count;  /* here */
    char *scan;   /* here: the key, then what may change */
    char *fetch;  /* here: all columns, by key; of a rising table: the rows behind a mark */
    char *insert; /* there: all columns */
    char *remove; /* there: by key */
    /* How far it is. */
    struct map index; /* hash of the key -> seen */
    struct copy_seen *seen;
    size_t seen_count, seen_max;
    struct copy_mark *marks;
    size_t mark_count;
};

struct copy_reference { /* from one table over there to another */
    char table[64], name[64], what[256];
};

struct copy {
    struct store *from, *to;
    struct copy_table tables[COPY_TABLES_MAX];
    int table_count;
    struct copy_reference references[COPY_REFERENCES_MAX]; /* taken away until the end */
    int reference_count;
    int pass;           /* from 1 */
    bool is_last;       /* both are in a write transaction, for all of it */
    uint64_t pass_rows; /* written in this pass */
    uint64_t row_count;
};

/* ---- copy_table.c ---- */
bool copy_find_tables(struct copy *copy); /* of `from`, within a transaction */
void copy_free_tables(struct copy *copy);

/* ---- copy_rows.c ---- */
bool copy_begin_to(struct copy *copy); /* a write transaction over there, whatever is in it */
/* One pass over a table: what is new or changed here is so over there. Before the last pass each
 * part is a transaction of its own. */
bool copy_pass(struct copy *copy, struct copy_table *table);

#endif
