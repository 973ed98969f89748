/* journal.h - where engines put what must survive: an append-only log, passed in like time.
 *
 * append() copies the record to memory that survives the death of the process (the shell's file, or
 * the simulator's model of one) before it returns; it never waits and never fails for lack of room
 * that was promised: the shell reserves space ahead and stops new paid work before it runs out. It
 * may be called under an account's or a shard's lock, from any worker.
 */
#ifndef DT_BASE_JOURNAL_H
#define DT_BASE_JOURNAL_H

#include "base/slice.h"

enum journal_kind {
    JOURNAL_BINDING = 1,   /* registrar: an AOR's bindings, whole (an empty list removes it) */
    JOURNAL_CALL = 2,      /* calls: an open call, whole */
    JOURNAL_CALL_GONE = 3, /* calls: an open call that leaves no usage */
    JOURNAL_USAGE = 4,     /* calls: a usage; a final one closes its call. Numbered, settled */
    JOURNAL_LEASE = 5,     /* metering: G, R and ended of an account; merged by maximum */
    JOURNAL_HEARTBEAT = 6, /* shell: "alive at", each second */
    JOURNAL_IDENTITY = 7,  /* shell: incarnation, nonce, session, ledger identity */
    JOURNAL_NONCE = 8,     /* registrar: highest nc of a nonce used outside REGISTER */
    JOURNAL_BAN = 9        /* guard: a source that is banned, or that is not any more */
};

struct journal {
    void *ctx;
    /* Returns the record's sequence for JOURNAL_USAGE (from 1, gap-free within an incarnation),
     * else 0. */
    uint64_t (*append)(void *ctx, enum journal_kind kind, struct slice record);
};

#endif
