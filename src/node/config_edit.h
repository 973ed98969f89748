/* config_edit.h - changes files of an installation as whoever owns it would have: written beside,
 * synced, renamed, with the old owner and mode. */
#ifndef DT_NODE_CONFIG_EDIT_H
#define DT_NODE_CONFIG_EDIT_H

#include "base/attr.h"

#include <stdbool.h>
#include <stddef.h>

/* DIR/name with this text. A new file has mode 0600 and DIR's owner. False: `error` says why, and
 * the old file is as it was. */
MUST_CHECK bool config_write_file(const char *dir, const char *name, const char *text, char *error,
                                  size_t error_size);

/* The first line of the file becomes DIR/store.password: the password of the database's user. NULL:
 * there is none, and nothing is done. The same of false. */
MUST_CHECK bool config_keep_password(const char *dir, const char *file, char *error,
                                     size_t error_size);

/* DIR/dialtone.conf with this store, every other line as it is. The same of false. */
MUST_CHECK bool config_set_store(const char *dir, const char *url, char *error, size_t error_size);

#endif
