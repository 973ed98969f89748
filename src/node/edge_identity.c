/* edge_identity.c - which incarnation of which ledger the journal belongs to, as its record. */
#include "node/edge_role.h"
#include "node/edge_store.h"

#include <stdio.h>
#include <string.h>

void store_identity_append(struct edge_role *role, const struct edge_identity *identity)
{
    char record[256];
    struct buf out;
    buf_init(&out, record, sizeof(record));
    wire_put_u64(&out, identity->life);
    wire_put_u64(&out, identity->incarnation);
    wire_put_slice(&out, slice_from_text(identity->nonce));
    wire_put_slice(&out, slice_from_text(identity->ledger));
    wire_put_u64(&out, identity->version);
    role->edge.journal.append(role->edge.journal.ctx, JOURNAL_IDENTITY, buf_done(&out));
}

bool store_identity_read(struct slice record, struct edge_identity *out)
{
    struct wire_reader in = {.rest = record};
    struct edge_identity identity;
    memset(&identity, 0, sizeof(identity));
    identity.life = wire_get_u64(&in);
    identity.incarnation = wire_get_u64(&in);
    wire_get_text(&in, identity.nonce, sizeof(identity.nonce));
    wire_get_text(&in, identity.ledger, sizeof(identity.ledger));
    identity.version = wire_get_u64(&in);
    if (in.is_bad) {
        return false;
    }
    *out = identity;
    return true;
}
