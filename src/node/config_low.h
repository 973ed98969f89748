/* config_low.h - the part `low_balance` of dialtone.conf: a group for each currency. */
#ifndef DT_NODE_CONFIG_LOW_H
#define DT_NODE_CONFIG_LOW_H

#include "node/config.h"

#include <libconfig.h>

/* NULL: it is read. Else what is wrong, as the end of a sentence, and *at where. */
const char *config_low_read(const config_setting_t *list, struct node_config *config,
                            const config_setting_t **at);

#endif
