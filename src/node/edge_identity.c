/* edge_identity.c - the identity of a life, in the journal. */
#include "node/edge_store.h"

void store_identity_append(struct edge_role *role, const struct edge_identity *identity)
{
    char record[IDENTITY_ENCODED_MAX];
    struct buf out;
    buf_init(&out, record, sizeof(record));
    identity_encode(&out, identity);
    role->edge.journal.append(role->edge.journal.ctx, JOURNAL_IDENTITY, buf_done(&out));
}

bool store_identity_read(struct slice record, struct edge_identity *out)
{
    return identity_decode(record, out);
}
