/* database.h - which database an installation uses: what DIR/dialtone.conf says. */
#ifndef DT_NODE_DATABASE_H
#define DT_NODE_DATABASE_H

#include "base/attr.h"
#include "node/config.h"
#include "store/store.h"

/* A store of DIR's database, for who has not read the configuration; options->url is filled in
 * here. NULL: `error` says why (dialtone.conf cannot be read, or no memory). A DIR without a
 * dialtone.conf has SQLite. */
struct store *database_new(const struct store_options *options, char *error, size_t error_size);

/* True: DIR's database is a server; then backup, restore and files are its own affair. */
MUST_CHECK bool database_is_server(const char *dir);

#endif
