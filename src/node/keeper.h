/* keeper.h - keeps the database in shape: checkpoints of its log, retention of records.
 *
 * One role has one (checkpoints by two processes would race in this SQLite, docs/money.md). A
 * thread and a store of its own; nothing waits for it.
 */
#ifndef DT_NODE_KEEPER_H
#define DT_NODE_KEEPER_H

#include "node/config.h"

struct keeper;

struct keeper *keeper_new(const char *dir, const struct node_config *config); /* NULL: no memory */
void keeper_free(struct keeper *keeper);

#endif
