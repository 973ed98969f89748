/* keys.h - API keys as last read from the store, by the hash of what was presented.
 *
 * A copy younger than a second is used as it is. While the store does not answer, a copy of any age
 * is: a key that was good is not refused because nobody could be asked.
 */
#ifndef DT_API_KEYS_H
#define DT_API_KEYS_H

#include "base/tri.h"
#include "store/store.h"

struct keys;
struct keys *keys_new(void);
void keys_free(struct keys *keys);

struct tri keys_find_fresh(struct keys *keys, const char *hash, int64_t now_us,
                           struct api_key *out); /* UNKNOWN: ask the store */
struct tri keys_find_any(struct keys *keys, const char *hash, struct api_key *out);
void keys_put(struct keys *keys, const struct api_key *key, int64_t now_us);
void keys_remove(struct keys *keys, const char *hash); /* it was revoked here: no second of grace */

#endif
