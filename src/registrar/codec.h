/* codec.h - an AOR as a journal record, and back.
 *
 * Internal to src/registrar. Times are wall time in the record: monotonic time ends with the
 * machine's life. Of a nonce's window only its highest nc is kept; it comes back as if all below
 * had been used, so a replay never passes and an honest late one costs one more challenge.
 */
#ifndef DT_REGISTRAR_CODEC_H
#define DT_REGISTRAR_CODEC_H

#include "registrar/record.h"

#define CODEC_RECORD_MAX 16384

/* wall_offset_us: wall time less monotonic time. */
void codec_write_aor(struct buf *out, struct aor *aor, int64_t wall_offset_us);
void codec_write_gone(struct buf *out, struct slice user); /* nothing is left of that AOR */
void codec_write_nonce(struct buf *out, struct slice user, const struct nonce *nonce,
                       int64_t wall_offset_us);

/* False: damaged. The draft's texts point into the record; user_hash is left to the caller. Expired
 * bindings are left out; an expiry further off than expires_max_s is cut to it (the wall clock was
 * set back meanwhile). Streams come back flow-lost. */
MUST_CHECK bool codec_read_aor(struct slice record, struct reg_now now, int64_t expires_max_s,
                               struct draft *out);
MUST_CHECK bool codec_read_nonce(struct slice record, struct reg_now now, struct slice *user,
                                 struct nonce *out);

#endif
