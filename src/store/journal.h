/* journal.h - the file behind base/journal.h: DIR/edge/log.NNNNNNNN, appended to from any worker.
 *
 * The log is a row of segments of one size, mapped shared: a record is safe from kill -9 when
 * append returns, and from a power loss after the next sync. Segments are made ahead, in the
 * background. A *life* is the span in which usages are numbered without a gap; a new one begins
 * with a new incarnation (a fence, a lost disk). What is open (bindings, calls, leases) is recorded
 * anew now and then: rotate, append it all, snapshot_done; then older segments go, oldest first,
 * once all their usages are settled.
 *
 * append may be called by any thread. Of the others, sync may run beside any; the rest is for one
 * thread at a time (they lock, so nothing breaks, but a callback must not call them).
 */
#ifndef DT_STORE_JOURNAL_H
#define DT_STORE_JOURNAL_H

#include "base/attr.h"
#include "base/journal.h"

#define JOURNAL_ERROR_SIZE 256

struct journal_file_options {
    const char *dir;     /* DIR: DIR/edge is made if it is not there */
    size_t segment_size; /* bytes; 0: 32 MB; at least 256 KB */
    int ahead_count;     /* segments ready beyond the one in use; 0: 2 */
};

struct journal_file;

/* Locks DIR/edge, checks every segment, and starts a new one after the last whole record. NULL with
 * a sentence in `error`: somebody else has it open, no room, or synced records are damaged (the
 * segment and offset are named, nothing was changed). Records that were never synced and are torn
 * (a power loss) end the log; they and what follows them are cut off. */
struct journal_file *journal_file_open(const struct journal_file_options *options,
                                       char error[JOURNAL_ERROR_SIZE]);
void journal_file_close(struct journal_file *file); /* syncs what it can; NULL is fine */

/* ctx is the file. Sequences of JOURNAL_USAGE count from 1 in each life. */
struct journal journal_file_as_journal(struct journal_file *file);

struct journal_entry {
    enum journal_kind kind;
    uint64_t life;       /* from 1 */
    uint64_t sequence;   /* of JOURNAL_USAGE, else 0 */
    struct slice record; /* a view, for as long as the callback runs */
};

/* Every record from the oldest to the newest, once, before anything is appended. each returns false
 * for a record that it cannot read: then this is false too and `error` names its place. */
MUST_CHECK bool journal_file_replay(struct journal_file *file,
                                    bool (*each)(void *ctx, const struct journal_entry *entry),
                                    void *ctx, char error[JOURNAL_ERROR_SIZE]);

/* Makes what was appended before the call safe from a power loss. Call it every <= 20 ms. False: it
 * is not safe, `error` says why; it is tried again by the next call. */
MUST_CHECK bool journal_file_sync(struct journal_file *file, char error[JOURNAL_ERROR_SIZE]);

/* Makes segments ahead; call it where the sync thread is not held up by it, every second and when
 * is_low. False: no room (`error` says why). */
MUST_CHECK bool journal_file_prepare(struct journal_file *file, char error[JOURNAL_ERROR_SIZE]);

struct journal_file_status {
    bool is_low; /* no segment is ready and this one is half full: take no new paid work */
    uint64_t life;
    uint64_t sequence;        /* newest usage given in this life; 0: none */
    uint64_t synced_sequence; /* newest that a power loss cannot take */
    uint64_t synced_position; /* the place up to which it cannot; rises with each record */
    uint64_t loaded_position; /* the place where the log ended when it was opened; 0: no log */
    uint64_t loaded_sequence; /* newest usage then, in that life */
    int segment_count;
    uint64_t file_size; /* bytes of all segments */
    uint64_t unsynced_size;
};
struct journal_file_status journal_file_status(struct journal_file *file);

/* A new life: usages are numbered from 1 again; those of the old one stay until settled. False:
 * no segment is ready; prepare, then try again. */
MUST_CHECK bool journal_file_begin_life(struct journal_file *file);

/* Snapshot: begins a segment; append all that is open now; then done, which syncs and lets older
 * segments go. rotate false: no segment is ready. done false: not synced, try again. */
MUST_CHECK bool journal_file_rotate(struct journal_file *file);
MUST_CHECK bool journal_file_snapshot_done(struct journal_file *file,
                                           char error[JOURNAL_ERROR_SIZE]);

/* The ledger has all usages of that life up to `mark`. May delete segments. */
void journal_file_settled(struct journal_file *file, uint64_t life, uint64_t mark);

/* Synced usages of a life with sequence >= from, rising, at most `max`. Returns how many. */
int journal_file_usages(struct journal_file *file, uint64_t life, uint64_t from, int max,
                        void (*each)(void *ctx, uint64_t sequence, struct slice record), void *ctx);

/* ---- settled usages, kept 35 days for `ledger recover`: DIR/edge/settled/YYYYMMDD.log (UTC) ----
 */
struct journal_settled {
    uint64_t incarnation;
    uint64_t sequence;
    struct slice record;
};
MUST_CHECK bool journal_archive_settled(const char *dir, const struct journal_settled *usages,
                                        int count, int64_t wall_s, char error[JOURNAL_ERROR_SIZE]);
/* Deletes the files of days that ended before that time. Returns how many. */
int journal_archive_expire(const char *dir, int64_t before_wall_s);
/* Every usage kept, day by day, in the order of settlement. A usage that was archived twice (a
 * crash between the archive and its mark) comes twice. *damaged_size: bytes that could not be read.
 */
MUST_CHECK bool journal_archive_read(const char *dir,
                                     void (*each)(void *ctx, const struct journal_settled *usage),
                                     void *ctx, uint64_t *damaged_size,
                                     char error[JOURNAL_ERROR_SIZE]);

#endif
