/* identity.h - as whom a disk settles what is written on it.
 *
 * A disk's journal is a row of lives; the usages of a life are numbered from 1 and settled as one
 * incarnation, which the ledger numbers. The ledger keeps what that disk told last: the session
 * that spoke and how far the disk was. A disk that knows of an older session, or is not as far, is
 * a copy, or was put back to an older state; the ledger fences the incarnation.
 *
 * Each start of a process on the disk is noted until the ledger has let it in: where the disk was,
 * and a nonce of its own. So the usages that a copy wrote before it was found out are told from
 * those that both had, whose numbers the ledger knows: each start's are settled as an incarnation
 * of their own, exactly once.
 *
 * Nothing here does I/O or draws numbers; the nonces are given.
 */
#ifndef DT_METERING_IDENTITY_H
#define DT_METERING_IDENTITY_H

#include "base/wire.h"

#define IDENTITY_STARTS_MAX 16
#define IDENTITY_PARTS_MAX (IDENTITY_STARTS_MAX + 1)
#define IDENTITY_ENCODED_MAX 2048
#define IDENTITY_LIVES_MAX 64 /* of one disk, with usages that are not settled */

/* Where an edge's disk is. What it tells is on the disk: synced. */
struct ledger_disk {
    char nonce[33];
    uint64_t session;  /* newest of its sessions that it knows of; 0: none */
    uint64_t position; /* rises with each record; 0: not told */
    uint64_t sequence; /* newest usage */
    /* The starts since then: let in, the ledger knows that they are this incarnation's. */
    int start_count;
    char starts[IDENTITY_STARTS_MAX][33];
};

struct identity_start { /* of a process, not let in by the ledger yet */
    uint64_t above;     /* the newest usage when it began: its own are above */
    char nonce[33];     /* its usages are settled under, should this disk be a copy */
};

struct identity_part { /* usages above..up_to of the life, settled as one incarnation */
    uint64_t above, up_to;
    uint64_t offset; /* of their numbers: as an incarnation's of its own they begin with 1 */
    char nonce[33];
    uint64_t incarnation, session; /* 0: not known yet */
    uint64_t settled;              /* the ledger's mark, counted as the incarnation does */
    bool is_refused;               /* by the ledger: not asked for again before the next start */
};

struct edge_identity { /* of one life of the journal: who its usages are settled as */
    uint64_t life;
    uint64_t incarnation; /* 0: not registered yet */
    char nonce[33];
    char ledger[33];    /* identity of the ledger that numbered it */
    uint64_t version;   /* newest version seen of it */
    char timeline[33];  /* of it; empty: written by an older program */
    uint64_t link;      /* first entry of a transaction that was seen committed; 0: none */
    char link_hash[17]; /* see store_link */
    uint64_t opened;    /* the newest session that this disk was given */
    bool is_cut;        /* found to be a copy: what its starts wrote has incarnations of its own */
    bool is_over;       /* an old life, and all of its usages are settled */
    uint64_t position, sequence; /* of the disk at the first of the starts */
    int start_count;
    struct identity_start starts[IDENTITY_STARTS_MAX];
    /* Not on disk. */
    uint64_t session;
    uint64_t settled;
    int part_count; /* of one that is cut; of an old one, once its usages are looked at */
    struct identity_part parts[IDENTITY_PARTS_MAX];
};

void identity_encode(struct buf *out, const struct edge_identity *identity);
/* Also records of older programs, which end earlier. False: damaged. */
MUST_CHECK bool identity_decode(struct slice record, struct edge_identity *out);

/* A process begins to write on a disk that is at that position and usage. To be recorded before
 * anything else is. */
void identity_begin(struct edge_identity *identity, uint64_t position, uint64_t sequence,
                    const char nonce[33]);
/* The ledger let this disk in. To be recorded, and synced before the session is used. */
void identity_confirm(struct edge_identity *identity, uint64_t session);
/* What is told at `open`: the disk as it was before the first start that was not let in; or as it
 * is now, if there was none. */
struct ledger_disk identity_disk(const struct edge_identity *identity, uint64_t position,
                                 uint64_t sequence);
/* It is a copy. One record of it, before the next life begins, decides for all its usages. Nothing
 * more may be written in this life after that. */
void identity_cut(struct edge_identity *identity);
/* The first of its usages that is not settled. */
uint64_t identity_part_next(const struct identity_part *part);
/* The ledger had let that start in, and this disk was put back to before it knew: its usages are
 * the life's incarnation's. */
void identity_part_join(struct identity_part *part, const struct edge_identity *identity,
                        uint64_t incarnation);

/* The identities of a disk in `list` (of IDENTITY_LIVES_MAX), by life, the newest last. Where there
 * is no room, the oldest that is over goes. False: there is none, and nothing has changed. */
MUST_CHECK bool identities_make_room(struct edge_identity *list, int *count);
/* The newest that is known of a life. */
MUST_CHECK bool identities_note(struct edge_identity *list, int *count,
                                const struct edge_identity *identity);

#endif
