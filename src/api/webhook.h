/* webhook.h - messages to the operator's own server, signed so that it can tell them from others':
 * the scheme of Standard Webhooks (headers webhook-id, webhook-timestamp, webhook-signature).
 *
 * The key is in DIR/secrets/webhook.key, "whsec_" and Base64, made when it is first needed. With a
 * second line both keys sign, so that a key can be changed without a message that is not believed.
 */
#ifndef DT_API_WEBHOOK_H
#define DT_API_WEBHOOK_H

#include "api/api.h"

#define WEBHOOK_SIGNATURE_SIZE 128 /* "v1,..." for each of two keys */

/* Makes the key's file if there is none. False: *error says why; the caller frees it. */
MUST_CHECK bool webhook_key_make(const char *dir, char **error);

/* The signature header's value over "id.timestamp.body". False: the key cannot be used. */
MUST_CHECK bool webhook_sign(const char *dir, const char *id, int64_t wall_s, struct slice body,
                             char signature[WEBHOOK_SIGNATURE_SIZE]);

/* Sends the body, a JSON object, to the options' webhook under this id; waits for the answer.
 * answer->status is 0 where none came. */
void webhook_send(const struct api_options *options, const char *id, struct slice body,
                  int64_t wall_us, struct api_post_answer *answer);

#endif
