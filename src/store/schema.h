/* schema.h - the database, described once: numbered steps, each run in one transaction. */
#ifndef DT_STORE_SCHEMA_H
#define DT_STORE_SCHEMA_H

#define SCHEMA_TIMELINE_STEP 13 /* with it the ledger gets its first timeline */

struct schema_step { /* number: its place in the list, from 1 */
    const char *name;
    const char *sql;
};

extern const struct schema_step schema_steps[];

#endif
